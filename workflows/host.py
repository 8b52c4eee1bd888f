"""The Temporal host: the one place that knows Temporal, and the one workflow type that every case runs as."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from temporalio import workflow
from temporalio.common import RetryPolicy

from activities.records import Records
from domain.cases import Act, Batch, Opening, Published, Reply
from domain.names import ACT, WORKFLOW
from workflows.case import Case
from workflows.stories import STORIES

_PUBLISH_WITHIN: Final = timedelta(seconds=60)
_ALIVE_WITHIN: Final = timedelta(seconds=3)
_RETRY: Final = RetryPolicy(initial_interval=timedelta(milliseconds=200), maximum_interval=timedelta(seconds=30))


class TemporalHost:
    """Carries a case on Temporal: its time, one activity per turn, and one timer at a time.

    A timer that fires before it is needed does no harm, so a running one is kept while it fires in time: answering
    within the day costs a case no timer events.
    """

    def __init__(self) -> None:
        """Start without a timer."""
        self._fires_at: datetime | None = None
        self._timer: asyncio.Task[None] | None = None

    def now(self) -> datetime:
        """Return the workflow's time."""
        return workflow.now()

    async def publish(self, batch: Batch) -> Published:
        """Record and send the batch by an activity, retried until it succeeds.

        Not by a local activity: its effects come before the turn is committed, and a crash in between would leave a
        decision on record that the case does not know of.
        """
        return await workflow.execute_activity_method(
            Records.publish,
            batch,
            start_to_close_timeout=_PUBLISH_WITHIN,
            heartbeat_timeout=_ALIVE_WITHIN,
            retry_policy=_RETRY,
        )

    async def pause(self, until: datetime | None, woken: Callable[[], bool]) -> None:
        """Wait until woken, or until the timer fires."""
        if until is not None and until <= self.now():
            return
        if until is not None and (self._timer is None or self._fires_at is None or self._fires_at > until):
            if self._timer is not None:
                self._timer.cancel()
            self._fires_at = until
            self._timer = asyncio.create_task(workflow.sleep(until - self.now()))
        await workflow.wait_condition(lambda: woken() or (self._timer is not None and self._timer.done()))
        if self._timer is not None and self._timer.done():
            self._timer = None

    def since(self, change: str) -> bool:
        """Return whether the history of this case has the change, or is new enough to have it from here on."""
        return workflow.patched(change)


@workflow.defn(name=WORKFLOW)
class CaseWorkflow:
    """One case of any process; which one, only its encrypted input says."""

    @workflow.init
    def __init__(self, opening: Opening) -> None:
        """Build the case before any update can reach it."""
        self._case = Case(opening, TemporalHost())

    @workflow.run
    async def run(self, opening: Opening) -> str:
        """Play the process of the opening and return how it ended."""
        outcome = await self._case.play(STORIES[opening.process.story]())
        await workflow.wait_condition(workflow.all_handlers_finished)
        if self._case.next_opening is not None:
            workflow.continue_as_new(self._case.next_opening)
        return outcome

    @workflow.update(name=ACT)
    async def act(self, act: Act) -> Reply:
        """Take what somebody does and say what came of it. An update can arrive before `run` has begun: it waits."""
        # Again and again: of several that wait for the same, the first may change what the next has to wait for.
        while not self._case.ready_for(act):
            await workflow.wait_condition(lambda: self._case.ready_for(act))
        return self._case.receive(act)
