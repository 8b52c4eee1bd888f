"""A worker that tries everything once: what the faults do where nothing is tried again.

Run as `python -m tests.faults.no_second_try`.
"""

import sys
from typing import Any, Final

from temporalio import workflow
from temporalio.client import Client
from temporalio.common import RetryPolicy

from duly import launch

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


if __name__ == "__main__":
    never_again()
    sys.argv = ["duly", "worker"]
    launch.main()
