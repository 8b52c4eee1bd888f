"""The case: all that a process may speak to, and the one door through which anything happens in it.

A process is a story told in asks, events and waits. The case steps it, checks every event against the order rules,
reminds and escalates by the school's calendar, takes what people do, and hands all that one turn said to its host in
one batch. It knows no Temporal: a host gives it the time, a place to publish, and a way to pause.
"""

from collections import deque
from collections.abc import Callable, Coroutine, Generator, Iterable
from datetime import date, datetime, timedelta
from typing import Any, Final, Generic, Literal, NamedTuple, Protocol, TypeVar

from pydantic import BaseModel

from domain.allegations import Clearance, Matter
from domain.asking import AUTHOR, SIGNER
from domain.calendar import Calendar, due_on, local_day, morning_of
from domain.cases import (
    Act,
    Batch,
    FromPack,
    MailOrder,
    NextDoes,
    Opening,
    Present,
    Published,
    Replied,
    Reply,
    Request,
    Roll,
    RollCount,
    Standing,
    ToBegin,
    ToOpen,
)
from domain.coming_dates import ComingDate
from domain.entries import CaseOpened, CaseRouted, Entry, InvestigatorAppointed
from domain.events import (
    AnyEvent,
    Approved,
    AskClosed,
    AskMoved,
    AskOpened,
    CaseEnded,
    ClosedWhy,
    DatePassed,
    Escalated,
    MovedWhy,
    Recorded,
    Reminded,
    RequestEdited,
    StepRefused,
)
from domain.fields import Value
from domain.forms import Answers
from domain.matters import as_it_stands, is_done, is_on_hold, next_task, reviews_so_far, route_of
from domain.order import about, barred, barred_from, drafting_apart, forbidding_rule, is_between, matches
from domain.pack import AnyClocks, Changes, EventMatch, OrderRule, Reviews, Route, Step, Task
from domain.pack import Story as Tells
from domain.people import Asked
from domain.round_entries import ChangeTurnedDown, SiteChanged
from domain.versions import as_they_stand
from workflows import acts, going_on
from workflows.ask import Answer, Ask, Reach
from workflows.since import WHO_DRAFTED

T = TypeVar("T")
E = TypeVar("E", bound=BaseModel)

_APPROVED: Final = Answer(ending="approved")

ASK_MAIL: Final = "ask"
REMINDER_MAIL: Final = "reminder"
ESCALATION_MAIL: Final = "escalation"
CHANGES_MAIL: Final = "changes"
NEUTRAL_MAIL: Final = "neutral"
"""The one mail of confidential cases: it says that something waits, and nothing else."""

CASE_MANAGER: Final = "case_manager"
"""The seat of whoever sees to a confidential case."""

AGAIN: Final = "again"
"""How a story ends that is to be told on in a case that begins again."""

_LATELY: Final = 50
"""How many acts a case remembers that were done before it began again, so that none of them is done twice."""

INVESTIGATOR: Final = "investigator"
"""The seat that nobody holds but whom the case appoints."""

_CLOSES: Final[dict[str, ClosedWhy]] = {
    "withdrawn": "withdrawn",
    "cancelled": "cancelled",
    "changed": "changed",
    "sent_back": "sent_back",
    "asked_again": "asked_again",
    "moved_on": "changed",
    "closed": "no_longer_needed",
}
"""Why an ask is closed that something else than its answer ended, by what that was."""


class Host(Protocol):
    """What carries a case: Temporal, or the explorer's memory."""

    def now(self) -> datetime:
        """Return the time of this turn, in UTC."""

    async def publish(self, batch: Batch) -> Published:
        """Record and send what one turn said; return whom its asks reached."""

    async def pause(self, until: datetime | None, woken: Callable[[], bool]) -> None:
        """Return when `woken` says so, or at `until` at the latest; it may return early, to no harm."""

    def since(self, change: str) -> bool:
        """Return whether the case goes by a `change` of a later version of Duly: always the same for one case."""


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


class Accepted(NamedTuple):
    """What may be recorded at any moment: by whom (`reporter`, seats; anybody in the case), and what it does."""

    seats: frozenset[str]
    does: Callable[[Any], None] | None = None


class Case:
    """One run of a process, begun by `opening` and carried by `host`.

    `opening` has the pack it goes by now, `request` is the request as it is now, `past` all that happened, `asks` every
    ask by its id. `disputed` are asks whose answers somebody says were not theirs: as long as there are any, the case
    is held. `void` are those whose answers an administrator then found to be void.
    `own` is everybody whose request it is or ever was, `set_apart` whoever stepped aside or intervened: they decide
    nothing in it, `apart` who decides nothing about the change of a site that is being decided. `taken` counts the
    acts, `calls` those that had a roll called. `accepts` is what may be recorded, `dates` says what people look forward
    to, `present` who of those who run a site is there. `rests_when` says when the story is to begin again as soon as
    all is said, and `is_at_rest` that it can now. In a confidential case, `recused` must not learn of it, and `route`
    says who sees to it. `approved` are the answers of a site as they were approved, with how many events that is known
    of.
    """

    def __init__(self, opening: Opening, host: Host) -> None:
        """Build the case; nothing happens until it is played.

        One that begins again knows nothing of its past but what it carries.
        """
        carried = opening.carried
        self.opening = opening
        self.request = opening.request if carried is None else carried.request
        self.outcome: str | None = None
        self.past: list[AnyEvent] = list(carried.events) if carried is not None else []
        self.asks: dict[str, Ask] = {}
        self.offers: dict[str, tuple[Callable[[Act], AnyEvent], str]] = {}
        self.disputed: tuple[str, ...] = ()
        self.held_at: datetime | None = None
        self.void: frozenset[str] = frozenset(carried.void if carried is not None else ())
        self.own = frozenset({opening.request.author, opening.request.starter}) - {""}
        self.set_apart: frozenset[str] = frozenset(carried.set_apart if carried is not None else ())
        self.apart: frozenset[str] = frozenset(carried.apart if carried is not None else ())
        self.taken = 0
        self.calls = 0
        self.nudged_on: date | None = None
        self.recused: frozenset[str] = frozenset()
        self.route: Route | None = None
        self.approved: tuple[int, Answers] = (-1, {})
        self.accepts: dict[str, Accepted] = {}
        self.present: Present | None = carried.present if carried is not None else None
        self.dates: Callable[[], tuple[ComingDate, ...]] | None = None
        self.next_opening: Opening | None = None
        self._host = host
        self._said: list[Recorded] = []
        self._mails: list[MailOrder] = []
        self._interruption: Answer | None = None
        self._may_be_interrupted = False
        self._settles_at: datetime | None = None
        self._opened = carried is not None
        self._untold: Opening | None = opening if carried is None else None
        self._strand: Coroutine[Wait[Any], None, str] | None = None
        self._beside: list[Coroutine[Wait[Any], None, None]] = []
        self._untils: list[Callable[[], datetime | None]] = []
        self._still_since: datetime | None = None
        self._opens: list[ToOpen] = []
        self._begins: list[ToBegin] = []
        self._roll: Roll | None = None
        self._rolled: RollCount | None = None
        self._halts = False
        self._stopped = False
        self._to_clear: list[tuple[int, Clearance]] = []
        self._clearings: dict[int, bool | None] = {}
        self.rests_when: Callable[[], bool] | None = None
        self.is_at_rest = False
        self._replied = {one.digest: one.reply for one in opening.replied}
        self._lately: deque[tuple[Act, Reply]] = deque(maxlen=_LATELY)
        for one in carried.asks if carried is not None else ():
            reach = Reach(one.ladder, one.named, frozenset(one.excluded), one.also)
            calendar = self._calendar_of(one.step)
            self.asks[one.ask] = Ask(one.ask, one.step, one.seat, one.version, reach, one.opened_at, calendar, one)

    # What a process says.

    def now(self) -> datetime:
        """Return the time of this turn, in UTC."""
        return self._host.now()

    def since(self, change: str) -> bool:
        """Return whether the case does what `workflows.since` says of `change`: one that ran before does not."""
        return self._host.since(change)

    def record(self, event: AnyEvent) -> bool:
        """Append `event` if no order rule forbids it, and send the notices that the pack hangs on it.

        What a rule forbids does not happen: `step_refused` is appended in its place, and the answer is False.
        """
        return self.record_all([event]) is None

    def record_all(self, events: list[AnyEvent], by: str | None = None) -> str | None:
        """Append all `events`, or none and `step_refused`; return the clause of the rule that forbids one."""
        rules = self.rules
        for place, event in enumerate(events):
            rule = forbidding_rule(rules, [*self.past, *events[:place]], event)
            if rule is not None:
                self._append(StepRefused(tried=event.kind, rule=rule.key, clause=rule.clause, by=by))
                return rule.clause
        for event in events:
            self._append(event)
        return None

    def tell(self, template: str, *to: str) -> None:
        """Send the mail `template` about the latest event to those that the pack calls `to`."""
        asks = tuple(ask.id for ask in self.open_asks() if not ask.is_for_changes) if "asked" in to else ()
        self._mails.append(MailOrder(template=template, about=self.n, to=to, asks=asks))

    def mail_asked(self, template: str, ask: Ask, newly: bool = False) -> None:
        """Send the mail `template` about the latest event to those whom `ask` reaches, or only to new ones."""
        self._mails.append(MailOrder(template=template, about=self.n, ask=ask.id, newly=newly))

    # What a process waits for.

    def next_step(self) -> Step | None:
        """Return the first step of the process that is not approved, or None once all are.

        An approval stands until it is void: because the form has another version and the request began again no later
        than at its step, because it was disputed, or because the step now signs other words.
        """
        return next((step for step in self.opening.process.steps if not self._is_approved(step)), None)

    async def ask(self, step: Step) -> Answer:
        """Ask the seats of `step` that have not approved it, and return the answer of all, or of the first."""
        seats = [seat for seat in step.seats if not self.has_approved(step, seat)]
        asks = [self._open(step, seat, self._reach(step, seat)) for seat in seats]
        return await (self.any_of(asks) if step.needs == "any" else self.all_of(asks))

    async def ask_author(self, changes: Changes) -> Answer:
        """Ask the author to change the request, and return once they have, or once they were asked too long."""
        own = dict.fromkeys((self.request.author, self.request.starter))
        fixed = tuple(Asked(person=person, seat=AUTHOR) for person in own)
        return await self.all_of([self._open(changes, AUTHOR, Reach((AUTHOR,), fixed=fixed))])

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

    async def settle(self) -> Answer:
        """Wait out the minutes in which somebody can still say that a decision was not theirs."""
        minutes = self.opening.process.settles_within
        if minutes == 0:
            return _APPROVED
        settles_at = self._settles_at = self.now() + timedelta(minutes=minutes)
        answer = await self._first_of([], lambda: _APPROVED if self._may_go_on(settles_at) else None)
        self._settles_at = None
        return answer

    def next_task(self) -> Task | None:
        """Return the first task of the process that is to be done and is not, or None once nothing is left to do."""
        if self.route is None or self._stopped:
            return None
        return next_task(self.opening.process, self.route, self.past, [one.key for one in self.matter.allegations])

    async def do(self, task: Task) -> None:
        """Ask the seat of `task` to do it, and return once it is done, or once something else comes first.

        Where somebody else does it, whoever sees to the case is asked beside them to see that it is done.
        """
        asks = [self._open(task, task.seat, self._reach_for(task, task.seat))]
        if task.seat != CASE_MANAGER:
            asks.append(self._open(task, CASE_MANAGER, self._reach_for(task, CASE_MANAGER), quietly=True))
        await Wait(lambda: True if self.next_task() != task else None)
        keys = [one.key for one in self.matter.allegations]
        for ask in asks:
            if ask.is_open:
                self._close(ask, "done" if is_done(task, self.past, keys) else "routed")

    async def review(self, reviews: Reviews) -> None:
        """Ask for a review, and return once one more than now is on record."""
        so_far = reviews_so_far(reviews, self.past)
        ask = self._open(reviews, reviews.seat, self._reach_for(reviews, reviews.seat))
        await Wait(lambda: True if reviews_so_far(reviews, self.past) > so_far else None)
        self._close(ask, "done")

    async def see_to(self, task: Task, so_long_as: Callable[[], bool] = lambda: True) -> bool:
        """Ask the seat of `task` to do it once more; return whether it is done, or False once it need not be."""
        so_far = self.times(task.done_by)
        ask = self._waited(task) or self._open(task, task.seat, self._reach_for(task, task.seat))
        ask.waited = True

        def over() -> bool | None:
            if self.times(task.done_by) > so_far:
                return True
            return None if so_long_as() else False

        done = await Wait(over)
        ask.waited = False
        if ask.is_open:
            self._close(ask, "done" if done else "no_longer_needed")
        return done

    def is_waited(self, task: Task) -> bool:
        """Return whether the story waits for `task` to be done, which it asked for before it began again."""
        return self._waited(task) is not None

    def _waited(self, task: Task) -> Ask | None:
        return next((ask for ask in self.asks.values() if ask.waited and ask.step.key == task.key), None)

    async def sign(self, step: Step, person: str) -> Answer:
        """Ask `person`, and nobody in their place, and return their answer."""
        fixed = (Asked(person=person, seat=SIGNER),)
        return await self.all_of([self._open(step, SIGNER, Reach((SIGNER,), fixed=fixed))])

    async def disturbed(self, over: Callable[[], bool]) -> Answer:
        """Return what ends the wait from outside (a change, a cancelling), or approval once it is `over`."""
        return await self._first_of([], lambda: _APPROVED if over() else None)

    async def until(
        self, at: datetime | Callable[[], datetime | None], unless: Callable[[], bool] = lambda: False
    ) -> None:
        """Return at `at`, or at once where that has passed, or once `unless` says so.

        Where `at` is a function it is asked anew whenever something happens; None is a day that nobody knows.
        """
        when = at if callable(at) else lambda: at

        def over() -> bool | None:
            moment = when()
            return True if unless() or (moment is not None and self.now() >= moment) else None

        self._untils.append(when)
        await Wait(over)
        self._untils.remove(when)

    async def once(self, is_so: Callable[[], bool]) -> None:
        """Return once `is_so` says so."""
        await Wait(lambda: True if is_so() else None)

    async def call(self, roll: Roll) -> RollCount:
        """Call `roll` until everybody was got to, and return how it stands."""
        while True:
            self._roll, self._rolled = roll, None
            counted = await Wait(lambda: self._rolled)
            if not counted.more:
                return counted

    async def recorded(self, pattern: EventMatch) -> None:
        """Return once an event that fits `pattern` is on record."""
        await Wait(lambda: True if any(matches(pattern, event) for event in self.past) else None)

    async def cleared(self, clearance: Clearance) -> bool:
        """Return whether `clearance` is on record, and permits what it is to permit."""
        number = len(self._clearings)
        self._clearings[number] = None
        self._to_clear.append((number, clearance))
        return await Wait(lambda: self._clearings[number])

    def alongside(self, strand: Coroutine[Wait[Any], None, None]) -> None:
        """Tell `strand` beside the story, for as long as the story lasts."""
        self._beside.append(strand)

    def accept(
        self, kinds: Iterable[str], seats: Iterable[str] = (), does: Callable[[Any], None] | None = None
    ) -> None:
        """Let entries of `kinds` be recorded from now on: by those asked in `seats`, or anybody who is asked."""
        self.accepts |= dict.fromkeys(kinds, Accepted(frozenset(seats), does))

    def accept_no_more(self, kind: str) -> None:
        """Let no entry of `kind` be recorded from now on."""
        self.accepts.pop(kind, None)

    def open_case(
        self, story: Literal["allegation", "disciplinary"], matter: Matter, by: str, cleared_by: int | None = None
    ) -> None:
        """Open another case out of this one, about `matter`; `cleared_by` is the number of the event that clears it.

        Whoever may not learn of this one may not learn of that one.
        """
        self.record(CaseOpened(story=story, by=by))
        matter = matter.model_copy(update={"recused": tuple(sorted(self.recused))})
        self._opens.append(ToOpen(story=story, matter=matter, about=self.n, cleared_by=cleared_by))

    def begin(self, story: Tells, request: Request) -> None:
        """Begin another ordinary case out of this one, of the pack's process that `story` runs, where it has one."""
        self._begins.append(ToBegin(story=story, request=request, about=self.n))

    def again(self, request: Request) -> str:
        """Begin again, with `request` and without a past, so that the story can go on for ever: to be returned."""
        self.next_opening = self.opening.model_copy(update={"request": request})
        return AGAIN

    def go_on(self, approved: Request, before: Request, own: frozenset[str], days: dict[str, date]) -> str:
        """Begin again in the midst of things, and take along what matters still: to be returned, once it is at rest.

        `approved` is the request as it was approved last, `before` as it was before that; `own` is whose the latest
        change was, `days` are those that the story counts from.
        """
        carried = going_on.carried(self, approved, before, own, days)
        self.next_opening = self.opening.model_copy(update={"carried": carried})
        return AGAIN

    def as_approved(self) -> dict[str, Value]:
        """Return the answers of what is nobody's request, as they were approved last."""
        return self.stood()[1]

    def stood(self) -> tuple[dict[str, Value], dict[str, Value]]:
        """Return the answers that stood before the latest change was approved, and those that stand since."""
        carried = self.opening.carried
        begun = self.opening.request.answers
        stood, stands = (begun, begun) if carried is None else (carried.stood, carried.stands)
        return as_they_stand(self.past[self._carried :], stood, stands)

    @property
    def _carried(self) -> int:
        """How many of the events of the past were taken along from before it began again."""
        return len(self.opening.carried.events) if self.opening.carried is not None else 0

    def revise(self, by: str, title: str, answers: dict[str, Value]) -> None:
        """Let the request say what `by` made of it: a new version, which nobody has approved yet."""
        before = self.request
        changed = tuple(sorted(key for key in before.answers | answers if before.answers.get(key) != answers.get(key)))
        edited = RequestEdited(
            by=by,
            author="",
            version=before.version + 1,
            edition=before.edition + 1,
            material=True,
            changed=changed,
            title=title,
            answers=answers,
        )
        self.record(edited)
        new = {"title": title, "answers": answers, "version": edited.version, "edition": edited.edition}
        self.request = before.model_copy(update=new)
        self.own |= {by}

    def halt_opened(self) -> None:
        """Have the cases that were opened out of this one stand still until they are cleared anew."""
        self._halts = True

    def stop(self) -> None:
        """Let there be nothing left to do: the story comes to its end."""
        self._stopped = True

    @property
    def rules(self) -> tuple[OrderRule, ...]:
        """The order rules that the case keeps: those of its process."""
        rules = self.opening.process.rules
        if not any(map(drafting_apart, rules)) or self.since(WHO_DRAFTED):
            return rules
        return tuple(rule for rule in rules if not drafting_apart(rule))

    @property
    def matter(self) -> Matter:
        """What the case is about, as it stands now; only a confidential case has one."""
        if self.opening.matter is None:
            msg = "this case has no matter"
            raise ValueError(msg)
        return as_it_stands(self.opening.matter, self.past)

    @property
    def n(self) -> int:
        """The number of the latest event."""
        return self.opening.events + len(self.past) - self._carried

    def times(self, pattern: EventMatch) -> int:
        """Return how many events on record fit `pattern`."""
        return sum(matches(pattern, event) for event in self.past)

    def latest(self, kind: type[E]) -> E | None:
        """Return the latest event of a kind, or None."""
        return next((event for event in reversed(self.past) if isinstance(event, kind)), None)

    def is_between(self, opens: str, closes: str) -> bool:
        """Return whether an event of the kind `opens` came, and none of the kind `closes` since."""
        return is_between(EventMatch(event=(opens,)), EventMatch(event=(closes,)), self.past)

    def count(self, *kinds: type[BaseModel]) -> int:
        """Return how many events of any of these kinds are on record."""
        return sum(isinstance(event, kinds) for event in self.past)

    @property
    def is_stopped(self) -> bool:
        """Whether there is nothing left to do, however much was to be done."""
        return self._stopped

    def says(self, kind: type[E], **wanted: tuple[str, ...]) -> bool:
        """Return whether the latest event of a kind says one of what is wanted."""
        event = self.latest(kind)
        return event is not None and all(getattr(event, name) in one_of for name, one_of in wanted.items())

    def told_before(self, kind: type[E]) -> tuple[E, ...]:
        """Return the events of a kind that the case took along when it began again."""
        return tuple(event for event in self.past[: self._carried] if isinstance(event, kind))

    def last_about(self, kind: str, entry: Entry) -> int | None:
        """Return the number of the latest event of `kind` about an allegation of `entry`, or None."""
        for place in range(len(self.past), 0, -1):
            if self.past[place - 1].kind == kind and about(self.past[place - 1]) & about(entry):
                return self.opening.events + place - self._carried
        return None

    def morning_in(self, days: int) -> datetime:
        """Return the morning of the day that comes `days` working days after today."""
        return morning_of(due_on(local_day(self.now()), days, self.opening.calendar))

    def find_route(self) -> None:
        """Find who sees to the case, now that its matter is as it is; open asks go to whom the new route names."""
        matter = self.matter
        route = route_of(self.opening.process, matter)
        if route is None or (self.route is not None and route.key == self.route.key):
            return
        self.route = route
        self.record(
            CaseRouted(
                route=route.key,
                ladder=route.ladders["case_manager"],
                told=route.told,
                procedure=route.procedure,
                recused=tuple(sorted(self.recused)),
            )
        )
        for ask in self.live_asks():
            self.ask_anew(ask, "routed")
        self.tell(NEUTRAL_MAIL, *route.told)

    def ask_anew(self, ask: Ask, why: MovedWhy, by: str | None = None) -> None:
        """Have an open ask reach whom it would reach if it were opened now; an escalated one stays so."""
        reach = self._reach_for(ask.step, ask.seat)
        ask.reach = reach._replace(also=reach.ladder[1:] if ask.escalated else ())
        self.move(ask, why, by)

    def tell_custodians(self) -> None:
        """Tell everybody in a confidential case, and those who can open it in an emergency, that there is something."""
        told = self.route.told if self.route is not None else ()
        self.tell(NEUTRAL_MAIL, "asked", *told, *self.opening.process.custodians)

    def tell_those_in_it(self) -> None:
        """Tell everybody who is asked, and the seats that the route tells, that there is something to look at."""
        self.tell(NEUTRAL_MAIL, "asked", *(self.route.told if self.route is not None else ()))

    def recuse(self, people: Iterable[str]) -> None:
        """Let `people` not learn of the case any more: they are asked nothing, told nothing, and read nothing."""
        new = frozenset(people) - self.recused
        self.recused |= new
        for ask in self.live_asks():
            hit = ask.asked is None or any(ask.reaches(person) for person in new)
            named = None if ask.reach.named in new else ask.reach.named
            ask.reach = ask.reach._replace(excluded=ask.reach.excluded | new, named=named)
            if new and hit:
                self.move(ask, "recused")

    def offer(self, act: str, becomes: Callable[[Act], AnyEvent], ending: str) -> None:
        """Let the author do `act` from now on; it is recorded as what it `becomes` and ends the wait as `ending`."""
        self.offers[act] = (becomes, ending)

    # How it is played.

    async def play(self, story: Story) -> str:
        """Tell the story to its end and return how it ended."""
        self._strand = story.run(self, self.opening)
        self.tell_on()
        while True:
            while self._has_something_to_say():
                await self._flush()
            self._rest()
            if self.outcome is not None:
                return self.outcome
            coming = self._coming()
            await self._host.pause(coming[0] if coming else None, self._has_something_to_say)
            self._let_time_pass()
            self.tell_on()

    def _rest(self) -> None:
        """Let a story begin again that wants to: all that was said is on record, and every strand has heard it."""
        if self.outcome is None and self.rests_when is not None and self.rests_when():
            self.is_at_rest = True
            self.tell_on()
            self.is_at_rest = False
            if self.next_opening is not None:
                self._go_on_in_the_next(self.opening.calendar)

    def ready_for(self, act: Act) -> bool:
        """Return whether `act` can be judged now: the case has begun, and it is known whom its open asks reach.

        For a withdrawal, and for a remark of Duly's own, that is not needed.
        """
        known = all(ask.asked is not None for ask in self.open_asks())
        return self._opened and (known or act.kind == "withdraw" or act.how == "duly")

    def receive(self, act: Act) -> Reply:
        """Take what somebody does, record what it means, tell the story on, and say what came of it.

        What was done before the case began again is not done twice.
        """
        replied = self._replied.get(act.digest) if self._replied else None
        if replied is not None:
            return replied
        reply = acts.take(self, act)
        if reply.says == "done" and act.how != "duly":
            self._lately.append((act, reply))
        return reply

    def interrupt(self, answer: Answer) -> None:
        """End what the process waits for with `answer`, where that can be ended, and tell the story on.

        What waits for its day, or for something to be done, goes on waiting; nor does a later wait end by it.
        """
        if self._may_be_interrupted:
            self._interruption = answer
        self.tell_on()

    def disturb(self, answer: Answer) -> None:
        """End what the story waits for with `answer`, out of a strand beside it: it goes on in the same turn."""
        if self._may_be_interrupted:
            self._interruption = answer

    def tell_on(self) -> None:
        """Tell the story on to its next wait, or to its end."""
        if self._strand is None or self.outcome is not None:
            return
        said = -1
        while self.outcome is None and said < len(self.past):
            said = len(self.past)
            self.outcome = _step(self._strand)
            if self.outcome is None:
                self._beside = [strand for strand in self._beside if not _is_over(strand)]
        if self.outcome is not None:
            for strand in self._beside:
                strand.close()
            self._untils.clear()
            self.offers.clear()
            self.accepts.clear()
            if self.next_opening is None or self.next_opening.carried is None:
                for ask in self.open_asks():
                    self._close(ask, "no_longer_needed")
            if self.next_opening is None:
                self.record(CaseEnded(outcome=self.outcome))

    def open_asks(self) -> list[Ask]:
        """Return the asks that wait for an answer, in the order in which they were opened."""
        return [ask for ask in self.asks.values() if ask.is_open]

    def managing(self) -> Ask | None:
        """Return the ask by which somebody sees to a confidential case: the latest of that seat, open or not."""
        return next((ask for ask in reversed(self.asks.values()) if ask.seat == CASE_MANAGER), None)

    def live_asks(self) -> list[Ask]:
        """Return the open asks, and the one by which somebody sees to the case, open or not."""
        managing = self.managing()
        return [ask for ask in self.asks.values() if ask.is_open or ask is managing]

    def move(self, ask: Ask, why: MovedWhy, by: str | None = None, comment: str = "") -> None:
        """Have it looked up anew whom `ask` reaches; those whom it had not reached before get the link."""
        moved = AskMoved(
            ask=ask.id,
            step=ask.step.key,
            why=why,
            by=by,
            comment=comment,
            ladder=ask.reach.ladder,
            also=ask.reach.also,
            named=ask.reach.named,
            excluded=tuple(sorted(ask.reach.excluded)),
            asked=ask.reach.fixed,
        )
        if self.record(moved):
            ask.asked = None
            self.mail_asked(CHANGES_MAIL if ask.is_for_changes else ASK_MAIL, ask, newly=True)

    def go_by(self, pack: FromPack) -> None:
        """Go by `pack` from now on: what was asked before is left as it was asked."""
        self.opening = self.opening.model_copy(update=dict(pack))
        self._untold = self._on_record()

    def go_by_calendar(self, calendar: Calendar) -> list[Ask]:
        """Go by `calendar` from now on; return the open asks that are due on another day by it."""
        self.opening = self.opening.model_copy(update={"calendar": calendar})
        self._untold = self._on_record()
        return [ask for ask in self.open_asks() if ask.go_by(self._calendar_of(ask.step))]

    def _on_record(self) -> Opening:
        """Return the opening as the record keeps it: what a case carries is on record already."""
        return self.opening.model_copy(update={"carried": None, "replied": ()})

    def may_be_edited(self) -> bool:
        """Return whether the author may change the request now."""
        return self.opening.process.changes is not None and self.outcome is None and not self.disputed

    def standing(self) -> Standing:
        """Return where the case stands."""
        coming = self._coming()
        return Standing(
            outcome=self.outcome,
            asks=tuple(ask.standing() for ask in self.open_asks()),
            offers=(*self.offers, *(("edit",) if self.may_be_edited() else ())),
            next_at=coming[0] if coming else None,
            next_does=coming[2] if coming else None,
            next_ask=coming[1] if coming else None,
            disputed=self.disputed,
            held_at=self.held_at,
            request=self.request if self.request.edition > 1 else None,
            recused=tuple(sorted(self.recused)),
            told=self.route.told if self.route else (),
            managing=managing.id if (managing := self.managing()) else None,
            dates=self.dates() if self.dates is not None else None,
            accepts=() if self.opening.process.confidential else tuple(self.accepts),
        )

    # What it does by itself.

    def to_come(self) -> list[tuple[datetime, str | None, NextDoes]]:
        """Return all that happens by itself as things are: when, to which ask, and what; nothing while it is held."""
        if self.disputed:
            return []
        coming: list[tuple[datetime, str | None, NextDoes]] = [
            step for ask in self.open_asks() if not self._stands_still(ask) for step in sorted(ask.to_come())
        ]
        coming += [(at, None, "goes_on") for when in self._untils if (at := when()) is not None]
        passes_at = self._date_passes_at()
        if passes_at is not None:
            coming.append((passes_at, None, "date_passes"))
        if self._settles_at is not None:
            coming.append((self._settles_at, None, "settle"))
        return coming

    def _coming(self) -> tuple[datetime, str | None, NextDoes] | None:
        """Return what happens next by itself, or None where nothing does."""
        return min(self.to_come(), key=lambda one: one[0], default=None)

    def _date_passes_at(self) -> datetime | None:
        """Return when the date comes that has to lie ahead, while somebody is asked to decide the request."""
        changes = self.opening.process.changes
        day = self.request.answers.get(changes.ahead) if changes is not None and changes.ahead else None
        if not isinstance(day, str) or not any(not ask.is_for_changes for ask in self.open_asks()):
            return None
        return morning_of(date.fromisoformat(day))

    def _stands_still(self, ask: Ask) -> bool:
        """Return whether the clocks of `ask` stand still, because the police or new facts hold the case."""
        return self._still_since is not None and isinstance(ask.step, Task) and not ask.step.safeguarding

    def _watch_holds(self) -> None:
        """Let the clocks stand still while the police or new facts hold the case, and go on where they stood."""
        if is_on_hold(self.opening.process, self.past):
            self._still_since = self._still_since or self.now()
        elif self._still_since is not None:
            still = [ask for ask in self.open_asks() if self._stands_still(ask)]
            since, self._still_since = self._still_since, None
            acts.start_clocks_again(self, since, still)

    def _reach_for(self, task: AnyClocks, seat: str) -> Reach:
        """Return whom a task may reach in `seat`: by the ladder of the route, less whoever is recused or set apart.

        Whoever did what somebody else has to do may see to it that it is done, and no more.
        """
        if not isinstance(task, Task | Reviews):
            return Reach(())
        if self.opening.matter is None:
            return self._reach(task, seat)._replace(excluded=self.set_apart)
        route = self.route
        ladder = route.ladders.get(seat, (seat,)) if route is not None else (seat,)
        bound: frozenset[str] = frozenset()
        if seat == task.seat:
            bound = barred_from(self.opening.process.rules, self.past, task.done_by.event)
        appointed = next((one.person for one in reversed(self.past) if isinstance(one, InvestigatorAppointed)), None)
        named = appointed if seat == INVESTIGATOR and appointed not in self.recused | self.set_apart else None
        return Reach(ladder=ladder, named=named, excluded=(bound - {named or ""}) | self.recused | self.set_apart)

    def _may_go_on(self, settles_at: datetime) -> bool:
        return not self.disputed and self.now() >= settles_at

    def _reach(self, step: Step | Task | Reviews, seat: str) -> Reach:
        """Return whom an ask of `seat` may reach: never the author, nor whom a rule or a conflict of interest bars."""
        held = next((one for one in self.opening.seats if one.key == seat), None)
        named = self.request.answers.get(held.from_field) if held and held.from_field else None
        bound = barred(self.rules, self.past, step.key, self.request.version)
        return Reach(
            ladder=(seat, *(held.stands_in if held else ())),
            named=str(named) if named is not None else None,
            excluded=bound | self.own | self.set_apart | self.apart,
        )

    def _open(self, step: AnyClocks, seat: str, reach: Reach, quietly: bool = False) -> Ask:
        version, calendar = self.request.version, self._calendar_of(step)
        ask = Ask(f"a{self.opening.asked + len(self.asks) + 1}", step, seat, version, reach, self.now(), calendar)
        self.asks[ask.id] = ask
        opened = AskOpened(
            ask=ask.id,
            step=step.key,
            seat=seat,
            ladder=reach.ladder,
            named=reach.named,
            due=ask.due,
            version=version,
            excluded=tuple(sorted(reach.excluded)),
            asked=reach.fixed,
        )
        if not self.record(opened):
            ask.close("refused")
        elif not quietly:
            self.mail_asked(CHANGES_MAIL if ask.is_for_changes else ASK_MAIL, ask)
        return ask

    def _calendar_of(self, step: AnyClocks) -> Calendar:
        """Return the calendar of the school; for what protects a child, no closure of it counts."""
        calendar = self.opening.calendar
        if isinstance(step, Task | Reviews) and step.safeguarding:
            return calendar.model_copy(update={"closures": ()})
        return calendar

    def _is_approved(self, step: Step) -> bool:
        approved = [self.has_approved(step, seat) for seat in step.seats]
        return any(approved) if step.needs == "any" else all(approved)

    def has_approved(self, step: Step, seat: str) -> bool:
        """Return whether an approval of `step` stands that was asked of `seat`."""
        return any(ask.seat == seat and self.still_approves(ask, step) for ask in self.asks.values())

    def still_approves(self, ask: Ask, step: Step) -> bool:
        """Return whether the answer to `ask` approved `step`, and stands."""
        process = self.opening.process
        keys = [one.key for one in process.steps]
        again = process.changes.back_to if process.changes is not None else ""
        # Of a step before that which a changed request begins again at, the approval stands for every version; but not
        # for another change of a site than that which it was asked about.
        is_before = step.key in keys and again in keys[keys.index(step.key) + 1 :]
        any_version = is_before and ask.version > self._decided_version()
        return (
            step.key in keys
            and isinstance(ask.step, Step)
            and (ask.step.key, ask.step.signed) == (step.key, step.signed)
            and isinstance(ask.decision, Approved)
            and ask.decision.by not in self.own
            and ask.id not in self.void
            and (any_version or ask.version == self.request.version)
        )

    def _decided_version(self) -> int:
        """Return the version of the latest change of a site that was decided, or 0."""
        decided = (one.version for one in reversed(self.past) if isinstance(one, SiteChanged | ChangeTurnedDown))
        return next(decided, 0)

    async def _first_of(self, asks: list[Ask], ready: Callable[[], Answer | None]) -> Answer:
        self._may_be_interrupted = True
        answer = await Wait(lambda: self._interruption or ready())
        self._may_be_interrupted = False
        why = _CLOSES[self._interruption.ending] if self._interruption else "no_longer_needed"
        self._interruption = None
        for ask in asks:
            if ask.is_open:
                self._close(ask, why)
        return answer

    def _close(self, ask: Ask, why: ClosedWhy) -> None:
        ask.close(why)
        self.record(AskClosed(ask=ask.id, step=ask.step.key, why=why))

    def _let_time_pass(self) -> None:
        while (coming := self._coming()) and coming[0] <= self.now():
            _, ask_id, does = coming
            if does in {"settle", "goes_on"}:
                return
            if does == "date_passes":
                self._pass_date()
                return
            ask = self.asks[ask_id or ""]
            if does == "remind":
                ask.reminded += 1
                self.record(Reminded(ask=ask.id, step=ask.step.key, count=ask.reminded))
                self.mail_asked(CHANGES_MAIL if ask.is_for_changes else REMINDER_MAIL, ask)
            elif does == "escalate":
                ask.escalated = True
                ask.reach = ask.reach._replace(also=ask.reach.ladder[1:])
                excluded = tuple(sorted(ask.reach.excluded))
                self.record(Escalated(ask=ask.id, step=ask.step.key, to=ask.reach.also, excluded=excluded))
                self.mail_asked(ESCALATION_MAIL, ask)
                # Those who were asked before get it in ordinary cases too, so that its arrival proves nothing.
                self.mail_asked(NEUTRAL_MAIL, ask)
            else:
                self._close(ask, "lapsed")

    def _pass_date(self) -> None:
        """Send the request back to its author, because its date came before the last decision."""
        changes = self.opening.process.changes
        if changes is not None and changes.ahead is not None:
            day = date.fromisoformat(str(self.request.answers[changes.ahead]))
            self.record(DatePassed(question=changes.ahead, day=day))
            self.interrupt(Answer(ending="sent_back"))

    def _append(self, event: AnyEvent) -> None:
        self.past.append(event)
        self._said.append(Recorded(n=self.n, at=self.now(), event=event))
        for notice in self.opening.process.notices:
            if notice.on == event.kind:
                self.tell(notice.template, *notice.to)
        self._watch_holds()

    def _has_something_to_say(self) -> bool:
        return bool(self._said) or self._roll is not None

    async def _flush(self) -> None:
        """Hand over all that was said; what is said meanwhile goes with the next flush."""
        number, clearance = self._to_clear.pop(0) if self._to_clear else (None, None)
        batch = Batch(
            case=self.opening.case,
            events=tuple(self._said),
            mails=tuple(self._mails),
            standing=self.standing(),
            opening=self._untold,
            opens=tuple(self._opens),
            halts=self._halts,
            clears=clearance,
            begins=tuple(self._begins),
            roll=self._roll,
            again=self.next_opening is not None,
        )
        self._said, self._mails, self._untold = [], [], None
        self._opens, self._halts, self._begins, self._roll = [], False, [], None
        published = await self._host.publish(batch)
        # An ask that was moved meanwhile reaches whom the next flush says.
        moved = {said.event.ask for said in self._said if isinstance(said.event, AskMoved)}
        for ask, asked in published.asked.items():
            if ask not in moved:
                self.asks[ask].asked = asked
        self._opened = True
        if self.next_opening is not None:
            self._go_on_in_the_next(published.calendar or self.opening.calendar)
        if number is not None:
            self._clearings[number] = published.cleared is True
            self.tell_on()
        if published.roll is not None:
            self._rolled = published.roll
            self.tell_on()

    def _go_on_in_the_next(self, calendar: Calendar) -> None:
        """Have the case that begins again count on, by the school's calendar as it is now, and do nothing twice."""
        if self.next_opening is None:
            return
        carried = self.next_opening.carried
        on = {
            "events": self.n,
            "asked": self.opening.asked + len(self.asks) - (len(carried.asks) if carried is not None else 0),
            "calendar": calendar,
            "replied": tuple(Replied(digest=act.digest, reply=reply) for act, reply in self._lately),
        }
        self.next_opening = self.next_opening.model_copy(update=on)


def _is_over(strand: Coroutine[Wait[Any], None, None]) -> bool:
    """Tell a strand on to its next wait; return whether it is over."""
    try:
        strand.send(None)
    except StopIteration:
        return True
    return False


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
