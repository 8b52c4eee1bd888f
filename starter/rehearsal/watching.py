"""What every case says, as it says it; and the door through which each is brought to the time of the clock first."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from temporalio import activity, client, worker
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowHandle
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import TimeSkipper, TimeSkippingConfig
from temporalio.testing._timeskipping import FastForwardConfig

from domain.cases import Batch, Opening, Published, Standing
from domain.events import AnyEvent, AskMoved, AskOpened, Escalated, Recorded
from domain.names import PUBLISH, SEND_MAIL
from domain.people import Asked

_LOOKS_AGAIN: Final = 0.005
_PATIENCE: Final = 2000
"""How often it is looked whether what should come by itself has come: for some ten seconds."""

_LOOKS_SELDOM: Final = 0.04
"""Seconds between two looks at whether a case has nothing left to do, once it was found busy a few times."""

_AT_ONCE: Final = 24
"""How many cases are moved through time at the same time."""


class Clock:
    """The one clock: it stands still while whatever falls due at a moment is done, and then goes to the next."""

    def __init__(self, begins: datetime) -> None:
        """Begin there, in UTC."""
        self._now = begins

    def __call__(self) -> datetime:
        """Return what it says."""
        return self._now

    def go_to(self, moment: datetime) -> None:
        """Go there; it never goes back."""
        self._now = max(self._now, moment)


@dataclass
class Seen:
    """A case as it was seen from outside: how it began, all that it said, and where it stands.

    `batches` counts how often it said something. One that is `stuck` said that something comes by itself, and at its
    time nothing came.
    """

    opening: Opening
    began: datetime
    events: list[Recorded] = field(default_factory=list)
    asked: dict[str, tuple[Asked, ...]] = field(default_factory=dict)
    standing: Standing = field(default_factory=Standing)
    batches: int = 0
    over: bool = False
    stuck: bool = False

    @property
    def what(self) -> list[AnyEvent]:
        """All that happened, without when."""
        return [one.event for one in self.events]

    @property
    def next_at(self) -> datetime | None:
        """When something of it comes by itself."""
        return None if self.over or self.stuck else self.standing.next_at


class Watch(client.Interceptor, worker.Interceptor):
    """Stands between Duly and Temporal: it sees every batch, and begins and brings every case at the clock's time.

    While `holds_mail`, mails that wait for their server are kept from trying again: they try by the machine's clock.
    """

    def __init__(self, clock: Clock) -> None:
        """Watch nothing yet."""
        super().__init__()
        self.clock = clock
        self.cases: dict[str, Seen] = {}
        self.touched: set[str] = set()
        self.holds_mail = False
        self._held: list[Callable[[], Awaitable[Any]]] = []
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._one_at_a_time: dict[str, asyncio.Lock] = {}
        self._skipper: TimeSkipper | None = None
        self._client: Client | None = None

    def stand_at(self, skipper: TimeSkipper, plain: Client) -> None:
        """Move cases through time by `skipper`; `plain` is a client that nobody stands before."""
        self._skipper, self._client = skipper, plain

    def intercept_client(self, next: client.OutboundInterceptor) -> client.OutboundInterceptor:
        """Stand before `next`."""
        return _Outbound(next, self)

    def intercept_activity(self, next: worker.ActivityInboundInterceptor) -> worker.ActivityInboundInterceptor:
        """Stand before `next`."""
        return _Inbound(next, self)

    # Through time.

    async def bring(self, case: str) -> None:
        """Bring a case to the time of the clock; one that is there, or over, is left alone."""
        seen = self.cases.get(case)
        if seen is not None and seen.over:
            return
        async with self._one_at_a_time.setdefault(case, asyncio.Lock()), self._turns:
            await self._bring(case)

    async def wake(self, case: str) -> None:
        """Bring a case to the time at which something of it comes by itself, and wait until it has come."""
        seen = self.cases[case]
        before = seen.batches
        await self.bring(case)
        self.touched.add(case)
        for _ in range(_PATIENCE):
            # Its time is there at once; its timer fires a moment later.
            if seen.over or seen.batches > before:
                return
            await asyncio.sleep(_LOOKS_AGAIN)
        seen.stuck = True

    async def _bring(self, case: str) -> None:
        assert self._skipper is not None  # noqa: S101 -- nothing is brought before it stands
        handle = self._handle(case)
        try:
            span = self.clock() - await self._skipper.get_current_time(handle)
            if span > timedelta(0):
                self.touched.add(case)
                await self._skipper.fast_forward(handle, span)
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            if case in self.cases:
                self.cases[case].over = True

    async def idle(self) -> set[str]:
        """Return once every case that was touched has nothing left to do now: which these are."""
        rested: set[str] = set()
        while self.touched:
            batch, self.touched = self.touched, set()
            await asyncio.gather(*map(self.rest, batch))
            rested |= batch
        return rested

    async def rest(self, case: str) -> None:
        """Return once a case has nothing left to do now."""
        pause = _LOOKS_AGAIN
        while True:
            async with self._turns:
                try:
                    found = await self._handle(case).describe()
                except RPCError as error:
                    if error.status is not RPCStatusCode.NOT_FOUND:
                        raise
                    return
            raw, begins = found.raw_description, case not in self.cases
            if found.status is not WorkflowExecutionStatus.RUNNING:
                if case in self.cases and found.status is not WorkflowExecutionStatus.CONTINUED_AS_NEW:
                    self.cases[case].over = True
                return
            if not begins and not raw.pending_activities and not raw.HasField("pending_workflow_task"):
                return
            # Each look costs the server and us a millisecond, which the case is in need of.
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LOOKS_SELDOM)

    def _handle(self, case: str) -> WorkflowHandle[Any, Any]:
        assert self._client is not None  # noqa: S101 -- nothing is asked for before it stands
        return self._client.get_workflow_handle(case)

    # What is said.

    def hear(self, batch: Batch, published: Published) -> None:
        """Note what a case said, and whom its asks reach."""
        seen = self.cases.get(batch.case)
        if seen is None:
            if batch.opening is None:
                return
            seen = self.cases[batch.case] = Seen(batch.opening, batch.events[0].at if batch.events else self.clock())
        elif batch.opening is not None:
            seen.opening = batch.opening
        known = {one.n for one in seen.events}
        seen.events += [_reached(one, published) for one in batch.events if one.n not in known]
        seen.asked |= published.asked
        seen.standing, seen.stuck, seen.batches = batch.standing, False, seen.batches + 1
        self.touched.add(batch.case)

    async def hold(self, job: Callable[[], Awaitable[Any]]) -> None:
        """Keep a job for when the mail server takes mail again."""
        self._held.append(job)

    async def let_go(self) -> int:
        """Let the jobs go that were kept, and return how many there were."""
        self.holds_mail, held, self._held = False, self._held, []
        for job in held:
            await job()
        return len(held)


def _reached(said: Recorded, published: Published) -> Recorded:
    """Return an event with those whom its ask reached, as it is on record."""
    event = said.event
    if not isinstance(event, AskOpened | AskMoved | Escalated) or event.ask not in published.asked:
        return said
    return said.model_copy(update={"event": event.model_copy(update={"asked": published.asked[event.ask]})})


class _Outbound(client.OutboundInterceptor):
    def __init__(self, next: client.OutboundInterceptor, watch: Watch) -> None:
        super().__init__(next)
        self._watch = watch

    async def start_workflow(self, input: client.StartWorkflowInput) -> WorkflowHandle[Any, Any]:
        """Begin a case at the time of the clock: it waits until then, and the wait is skipped."""
        ahead = self._watch.clock() - datetime.now(UTC)  # noqa: TID251 -- how far the clock is from Temporal's
        if ahead > timedelta(0):
            input.start_delay = ahead
            skips = FastForwardConfig(id="begins", duration=ahead)
            input.time_skipping_config = TimeSkippingConfig(fast_forward_config=skips)._to_proto()
        self._watch.touched.add(input.id)
        return await super().start_workflow(input)

    async def start_workflow_update(
        self,
        input: client.StartWorkflowUpdateInput,
    ) -> client.WorkflowUpdateHandle[Any]:
        """Bring a case to the time of the clock before it takes an act."""
        await self._watch.bring(input.id)
        self._watch.touched.add(input.id)
        return await super().start_workflow_update(input)

    async def start_activity(self, input: client.StartActivityInput) -> client.ActivityHandle[Any]:
        """Keep a mail that waits for its server until that is back."""
        if self._watch.holds_mail and input.activity_type == SEND_MAIL:
            later = super().start_activity
            await self._watch.hold(lambda: later(input))
            return client.ActivityHandle(self._watch._client, input.id)  # type: ignore[arg-type]
        return await super().start_activity(input)


class _Inbound(worker.ActivityInboundInterceptor):
    def __init__(self, next: worker.ActivityInboundInterceptor, watch: Watch) -> None:
        super().__init__(next)
        self._watch = watch

    async def execute_activity(self, input: worker.ExecuteActivityInput) -> Any:  # noqa: ANN401 -- Temporal's
        """Note what a case said, once it is on record."""
        result = await super().execute_activity(input)
        if activity.info().activity_type == PUBLISH and isinstance(result, Published):
            self._watch.hear(input.args[0], result)
        return result
