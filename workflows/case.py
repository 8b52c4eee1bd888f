"""The case: all that a process may speak to, and the one door through which anything happens in it.

A process is a story told in asks, events and waits. The case steps it, checks every event against the order rules,
reminds and escalates by the school's calendar, takes what people do, and hands all that one turn said to its host in
one batch. It knows no Temporal: a host gives it the time, a place to publish, and a way to pause.
"""

from collections.abc import Callable, Coroutine, Generator
from datetime import datetime
from typing import Any, Final, Generic, Protocol, TypeVar

from domain.cases import Act, Batch, MailOrder, Opening, Published, Reply, Standing
from domain.events import (
    AnyEvent,
    AskClosed,
    AskOpened,
    CaseEnded,
    ClosedWhy,
    Escalated,
    Recorded,
    Reminded,
    StepRefused,
)
from domain.order import forbidding_rule
from domain.pack import Step
from workflows.ask import Answer, Ask

T = TypeVar("T")

ASK_MAIL: Final = "ask"
REMINDER_MAIL: Final = "reminder"
ESCALATION_MAIL: Final = "escalation"


class Host(Protocol):
    """What carries a case: Temporal, or the explorer's memory."""

    def now(self) -> datetime:
        """Return the time of this turn, in UTC."""

    async def publish(self, batch: Batch) -> Published:
        """Record and send what one turn said; return whom its asks reached."""

    async def pause(self, until: datetime | None, woken: Callable[[], bool]) -> None:
        """Return when `woken` says so, or at `until` at the latest; it may return early, to no harm."""


class Story(Protocol):
    """A process: what happens, from top to bottom."""

    async def run(self, case: "Case", opening: Opening) -> str:
        """Return how it ended."""


class ForeignAwaitError(TypeError):
    """A process awaited something that is not its case's."""

    def __init__(self) -> None:
        """Say what to await instead."""
        super().__init__("a process may await nothing but what its case offers: ask, all_of, any_of")


class Wait(Generic[T]):
    """A wait of a process: over once `ready` returns something."""

    def __init__(self, ready: Callable[[], T | None]) -> None:
        """Wait until `ready` returns something; that is what the wait gives."""
        self._ready = ready

    def __await__(self) -> Generator["Wait[T]", None, T]:
        """Hand itself to the case until it is over."""
        while (result := self._ready()) is None:
            yield self
        return result


class Case:
    """One run of a process, begun by `opening` and carried by `host`."""

    def __init__(self, opening: Opening, host: Host) -> None:
        """Build the case; nothing happens until it is played."""
        self.opening = opening
        self.outcome: str | None = None
        self._host = host
        self._past: list[AnyEvent] = []
        self._said: list[Recorded] = []
        self._mails: list[MailOrder] = []
        self._asks: dict[str, Ask] = {}
        self._offers: dict[str, tuple[Callable[[Act], AnyEvent], str]] = {}
        self._interruption: Answer | None = None
        self._opened = False
        self._strand: Coroutine[Wait[Any], None, str] | None = None

    # What a process says.

    def now(self) -> datetime:
        """Return the time of this turn, in UTC."""
        return self._host.now()

    def record(self, event: AnyEvent) -> bool:
        """Append `event` if no order rule forbids it, and send the notices that the pack hangs on it.

        What a rule forbids does not happen: `step_refused` is appended in its place, and the answer is False.
        """
        return self._record_all([event]) is None

    def tell(self, template: str, *to: str) -> None:
        """Send the mail `template` about the latest event to those that the pack calls `to`."""
        self._mails.append(MailOrder(template=template, about=len(self._past), to=to))

    # What a process waits for.

    async def ask(self, step: Step) -> Answer:
        """Ask the seats of `step`, all at once, and return the answer of all, or of the first, as the step needs."""
        asks = [self._open(step, seat) for seat in step.seats]
        return await (self.any_of(asks) if step.needs == "any" else self.all_of(asks))

    async def all_of(self, asks: list[Ask]) -> Answer:
        """Return approval once all `asks` approve, or the first answer that does not."""

        def ready() -> Answer | None:
            answers = [ask.answer for ask in asks if ask.answer is not None]
            refusal = next((answer for answer in answers if not answer.approves), None)
            return refusal or (answers[-1] if len(answers) == len(asks) else None)

        return await self._first_of(asks, ready)

    async def any_of(self, asks: list[Ask]) -> Answer:
        """Return the first answer to any of `asks`; one that lapsed counts when all have."""

        def ready() -> Answer | None:
            answers = [ask.answer for ask in asks if ask.answer is not None]
            given = next((answer for answer in answers if not answer.lapsed), None)
            return given or (answers[-1] if len(answers) == len(asks) else None)

        return await self._first_of(asks, ready)

    def offer(self, act: str, becomes: Callable[[Act], AnyEvent], ending: str) -> None:
        """Let the author do `act` from now on; it is recorded as what it `becomes` and ends the wait as `ending`."""
        self._offers[act] = (becomes, ending)

    # How it is played.

    async def play(self, story: Story) -> str:
        """Tell the story to its end and return how it ended."""
        self._strand = story.run(self, self.opening)
        self._tell_on()
        while True:
            while self._said:
                await self._flush()
            if self.outcome is not None:
                return self.outcome
            await self._host.pause(self.standing().next_at, lambda: bool(self._said))
            self._let_time_pass()
            self._tell_on()

    def ready_for(self, act: Act) -> bool:
        """Return whether `act` can be judged now: the case has begun, and it is known whom the ask reached."""
        ask = self._asks.get(act.ask or "")
        return self._opened and (ask is None or ask.asked is not None)

    def receive(self, act: Act) -> Reply:
        """Take what somebody does, record what it means, tell the story on, and say what came of it."""
        if act.kind == "answer":
            return self._answer(act)
        if self.outcome is not None:
            return Reply(says="closed")
        request = self.opening.request
        if act.kind not in self._offers or act.person not in {request.author, request.starter}:
            return Reply(says="not_offered")
        becomes, ending = self._offers[act.kind]
        refused = self._record_all([becomes(act)], act.person)
        if refused is not None:
            return Reply(says="refused", clause=refused)
        self._interruption = Answer(ending=ending)
        self._tell_on()
        return Reply(says="done")

    def standing(self) -> Standing:
        """Return where the case stands."""
        open_asks = tuple(ask for ask in self._asks.values() if ask.is_open)
        coming = min((step for ask in open_asks if (step := ask.next_by_itself())), default=None)
        return Standing(
            outcome=self.outcome,
            asks=tuple(ask.standing() for ask in open_asks),
            offers=tuple(self._offers),
            next_at=coming.at if coming else None,
            next_does=coming.does if coming else None,
            next_ask=coming.ask if coming else None,
        )

    # What it does by itself.

    def _tell_on(self) -> None:
        """Tell the story on to its next wait, or to its end."""
        if self._strand is None or self.outcome is not None:
            return
        self.outcome = _step(self._strand)
        if self.outcome is not None:
            self._offers.clear()
            self.record(CaseEnded(outcome=self.outcome))

    def _open(self, step: Step, seat: str) -> Ask:
        stands_in = next((s.stands_in for s in self.opening.seats if s.key == seat), ())
        named_by = next((s.from_field for s in self.opening.seats if s.key == seat), None)
        named = self.opening.request.answers.get(named_by) if named_by else None
        ask = Ask(f"a{len(self._asks) + 1}", step, seat, self.opening, self.now())
        self._asks[ask.id] = ask
        recorded = self.record(
            AskOpened(
                ask=ask.id,
                step=step.key,
                seat=seat,
                ladder=(seat, *stands_in),
                named=str(named) if named is not None else None,
                due=ask.due,
                version=ask.version,
            )
        )
        if recorded:
            self._mails.append(MailOrder(template=ASK_MAIL, about=len(self._past), ask=ask.id))
        else:
            ask.close("refused")
        return ask

    async def _first_of(self, asks: list[Ask], ready: Callable[[], Answer | None]) -> Answer:
        answer = await Wait(lambda: self._interruption or ready())
        for ask in asks:
            if ask.is_open:
                self._close(ask, "withdrawn" if self._interruption else "no_longer_needed")
        return answer

    def _close(self, ask: Ask, why: ClosedWhy) -> None:
        ask.close(why)
        self.record(AskClosed(ask=ask.id, step=ask.step.key, why=why))

    def _answer(self, act: Act) -> Reply:
        ask = self._asks.get(act.ask or "")
        if ask is None:
            return Reply(says="not_asked")
        judged = ask.judge(act)
        if isinstance(judged, Reply):
            return judged
        refused = self._record_all(judged, act.person)
        if refused is not None:
            return Reply(says="refused", clause=refused)
        ask.decide(judged[-1])
        self._tell_on()
        return Reply(says="done", decision=judged[-1])

    def _let_time_pass(self) -> None:
        for ask in self._asks.values():
            while ask.is_open and (coming := ask.next_by_itself()) and coming.at <= self.now():
                if coming.does == "remind":
                    ask.reminded += 1
                    self.record(Reminded(ask=ask.id, step=ask.step.key, count=ask.reminded))
                    self._mails.append(MailOrder(template=REMINDER_MAIL, about=len(self._past), ask=ask.id))
                elif coming.does == "escalate":
                    ask.escalated = True
                    to = next((seat.stands_in for seat in self.opening.seats if seat.key == ask.seat), ())
                    self.record(Escalated(ask=ask.id, step=ask.step.key, to=to))
                    self._mails.append(MailOrder(template=ESCALATION_MAIL, about=len(self._past), ask=ask.id))
                else:
                    self._close(ask, "lapsed")

    def _record_all(self, events: list[AnyEvent], by: str | None = None) -> str | None:
        """Append all `events`, or none and `step_refused`; return the clause of the rule that forbids one."""
        rules = self.opening.process.rules
        for place, event in enumerate(events):
            rule = forbidding_rule(rules, [*self._past, *events[:place]], event)
            if rule is not None:
                self._append(StepRefused(tried=event.kind, rule=rule.key, clause=rule.clause, by=by))
                return rule.clause
        for event in events:
            self._append(event)
            for notice in self.opening.process.notices:
                if notice.on == event.kind:
                    self.tell(notice.template, *notice.to)
        return None

    def _append(self, event: AnyEvent) -> None:
        self._past.append(event)
        self._said.append(Recorded(n=len(self._past), at=self.now(), event=event))

    async def _flush(self) -> None:
        batch = Batch(
            case=self.opening.case,
            events=tuple(self._said),
            mails=tuple(self._mails),
            standing=self.standing(),
            opening=None if self._opened else self.opening,
        )
        self._said, self._mails = [], []
        published = await self._host.publish(batch)
        for ask, asked in published.asked.items():
            self._asks[ask].asked = asked
        self._opened = True


def _step(strand: Coroutine[Wait[Any], None, str]) -> str | None:
    """Tell the story on to its next wait; return its outcome once it has one.

    Raises:
        ForeignAwaitError: the story awaits something that is not its case's.
    """
    try:
        waiting = strand.send(None)
    except StopIteration as end:
        return str(end.value)
    if not isinstance(waiting, Wait):
        raise ForeignAwaitError
    return None
