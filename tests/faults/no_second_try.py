"""A worker, or pages, that try everything once: what the faults do where nothing is tried again.

Run as `python -m tests.faults.no_second_try worker`, or `web`.
"""

from typing import Any, Final

from temporalio import workflow
from temporalio.client import Client
from temporalio.common import RetryPolicy

from duly import launch
from starter.web.site import Once

ONCE: Final = RetryPolicy(maximum_attempts=1)


def never_again() -> None:
    """Have every activity and every job tried once."""
    execute, start = workflow.execute_activity_method, Client.start_activity

    async def execute_once(*arguments: Any, **options: Any) -> Any:
        return await execute(*arguments, **options | {"retry_policy": ONCE})

    async def start_once(*arguments: Any, **options: Any) -> Any:
        return await start(*arguments, **options | {"retry_policy": ONCE})

    workflow.execute_activity_method = execute_once
    Client.start_activity = start_once  # type: ignore[method-assign]

    async def done_once(once: Once) -> None:
        do, once.do = once.do, lost
        await do()
        once.do = do

    Once.__call__ = done_once  # type: ignore[assignment, method-assign]


async def lost() -> None:
    """Fail as it failed before."""
    raise ConnectionError


if __name__ == "__main__":
    never_again()
    launch.main()
