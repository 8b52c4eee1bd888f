"""What two plays have in common: the state of a case, in which the same moves lead to the same things.

A state is all that a case can still look at: where its story and its strands stand, and what they hold; whom its open
asks reach, and which answers still count; who may do nothing more in it; what each rule, task and count still has to
know of the past, and what the story looked up in it; and in which order what is to come by itself will come. Two plays
that lead to the same state are one.

The story's place is read off its frames. That is sound because a story keeps what it knows in its own locals and in its
case, and looks into the past by what the case offers, which is watched; whatever its frames hold that is not understood
here is an error and no guess. Left out are how often somebody was reminded, how many days are left until something
comes (its place in the order stays), whatever nothing looks at, and the numbers of events, asks and versions.
"""

from collections.abc import Hashable, Iterable
from datetime import date, datetime
from enum import Enum
from itertools import groupby
from types import CellType, CodeType, CoroutineType, FrameType, FunctionType, GeneratorType, MethodType
from typing import Final, Literal, TypeVar, get_args

from pydantic import BaseModel

from domain.base import Frozen
from domain.cases import NextDoes, Opening
from domain.entries import (
    AllegationAdded,
    Entry,
    HearingCalled,
    InvestigatorAppointed,
    OutcomeRecorded,
    SafeguardingConcernRaised,
    SubjectCorrected,
)
from domain.events import AnyEvent, DatePassed, HoldReleased, RequestUnfit, Returned
from domain.order import about, is_between, matches
from domain.pack import (
    Before,
    Clocks,
    DifferentPeople,
    EventMatch,
    NotBetween,
    OrderRule,
    Permitted,
    Process,
    Step,
    Task,
)
from workflows.ask import Ask
from workflows.case import Case, Host, Wait

State = tuple[Hashable, ...]
"""A state: equal to another where nothing that may still happen is different."""

SO_FAR: Final = "so_far"
"""What the case calls the number of reviews before the one that it waits for."""

KIND_OF: Final[dict[str, type[BaseModel]]] = {
    kind.model_fields["kind"].default: kind for kind in get_args(get_args(AnyEvent)[0])
}
"""Every kind of event."""

_TOLD_OTHERWISE: Final = frozenset(
    {
        # Compared by what matters of them.
        *("asks", "accepts", "disputed", "past", "request", "void", "_at", "_untils", "_settles_at"),
        # Of the turn that is over, or of no consequence but for a reminder.
        *("opening", "taken", "nudged_on", "offers", "_host", "_opened", "_looked_up"),
        *("_said", "_mails", "_opens", "_untold", "_to_clear", "_clearings"),
    }
)
"""What a case holds and its state does not compare as it is; all else that a case ever holds is compared."""

_LOOKED_AT: Final = frozenset(
    kind.model_fields["kind"].default
    for kind in (
        AllegationAdded,
        HearingCalled,
        InvestigatorAppointed,
        OutcomeRecorded,
        SafeguardingConcernRaised,
        SubjectCorrected,
    )
)
"""The kinds of entries that every case looks at, whatever its pack and its story."""

E = TypeVar("E", bound=BaseModel)


class UnknownStateError(TypeError):
    """A story keeps something of which the explorer does not know how to compare it."""

    def __init__(self, held: object) -> None:
        """Name the kind of thing."""
        super().__init__(f"a story may keep no {type(held).__name__} where the explorer is to tell its states apart")


class Watched(Case):
    """A case that notes which kinds of events its story looks up."""

    def __init__(self, opening: Opening, host: Host, looked_up: set[str]) -> None:
        """Note every kind in `looked_up`."""
        super().__init__(opening, host)
        self._looked_up = looked_up

    def latest(self, kind: type[E]) -> E | None:
        """Return the latest event of a kind, or None."""
        self._looked_up.add(str(kind.model_fields["kind"].default))
        return super().latest(kind)

    def last_about(self, kind: str, entry: Entry) -> int | None:
        """Return the number of the latest event of `kind` about any allegation of `entry`, or None."""
        self._looked_up.add(kind)
        return super().last_about(kind, entry)

    async def recorded(self, pattern: EventMatch) -> None:
        """Return once an event that fits `pattern` is on record."""
        self._looked_up.update(pattern.event)
        await super().recorded(pattern)


class Readers:
    """All that looks at the past of a case: `rules`, the tasks of its process, and its story.

    `looked_up` are the kinds that the story is known to look up, `named` the attributes that anything looks at.
    """

    def __init__(
        self, process: Process, rules: tuple[OrderRule, ...], looked_up: frozenset[str], named: frozenset[str]
    ) -> None:
        """Find what each rule and task asks of an event."""
        self.looked_up = looked_up
        self.named = named
        self.patterns: list[EventMatch] = []
        self.by_kind: dict[str, list[int]] = {}
        self.rules = [(rule, tuple(self._number(one) for one in _asks(rule))) for rule in rules]
        self.tasks = [
            (task, self._number(task.done_by), tuple(self._number(one) for one in (task.when, task.unless) if one))
            for task in process.tasks
        ]
        self.reviews = self._number(process.reviews.after) if process.reviews else None
        self.reviewed = self._number(process.reviews.done_by) if process.reviews else None

    def is_idle(self, kind: str) -> bool:
        """Return whether nothing looks at events of `kind`."""
        return kind not in self.by_kind and kind not in self.looked_up and kind not in _LOOKED_AT

    def hits(self, event: AnyEvent) -> list[int]:
        """Return the numbers of the patterns that `event` fits."""
        return [n for n in self.by_kind.get(event.kind, ()) if matches(self.patterns[n], event)]

    def _number(self, pattern: EventMatch) -> int:
        if pattern not in self.patterns:
            self.patterns.append(pattern)
            for kind in pattern.event:
                self.by_kind.setdefault(kind, []).append(len(self.patterns) - 1)
        return self.patterns.index(pattern)


def _asks(rule: OrderRule) -> tuple[EventMatch, ...]:
    """Return the events of which a rule has to know whether they happened."""
    match rule:
        case DifferentPeople():
            return (rule.first, rule.then)
        case Before() | Permitted():
            return (rule.first,)
        case NotBetween():
            return (rule.opens, rule.closes)


class Memory:
    """What is known of the past of one play: each event that something looks at, by what looks at it."""

    def __init__(self, readers: Readers) -> None:
        """Begin with nothing."""
        self._readers = readers
        self.reviews = 0
        self._heard = 0
        self._fitting: list[list[AnyEvent]] = [[] for _ in readers.patterns]
        self._between: dict[str, bool] = {}
        self._looked_up: dict[str, AnyEvent] = {}
        self._about: dict[str, frozenset[str]] = {}
        self._changes: list[AnyEvent] = []
        self._released: frozenset[str] = frozenset()
        self._void: frozenset[str] = frozenset()
        self._outcomes: frozenset[str] = frozenset()
        self._hearing = False
        self._investigator = ""
        self._sent_back: AnyEvent | None = None

    def hear(self, past: list[AnyEvent]) -> list[AnyEvent]:
        """Take in what was added to `past` since, and return it."""
        new = past[self._heard :]
        self._heard = len(past)
        for event in new:
            self._hear(event)
        return new

    def _hear(self, event: AnyEvent) -> None:
        hits = self._readers.hits(event)
        for n in hits:
            self._fitting[n].append(event)
        self.reviews += self._readers.reviewed in hits
        for rule, _ in self._readers.rules:
            if isinstance(rule, NotBetween) and event.kind in (*rule.opens.event, *rule.closes.event):
                self._between[rule.key] = is_between(rule.opens, rule.closes, [event]) or (
                    self._between.get(rule.key, False) and not matches(rule.closes, event)
                )
        if event.kind in self._readers.looked_up:
            self._looked_up[event.kind] = event
            self._about[event.kind] = self._about.get(event.kind, frozenset()) | about(event)
        match event:
            case SubjectCorrected() | AllegationAdded() | SafeguardingConcernRaised():
                self._changes.append(event)
            case HoldReleased():
                self._released |= {event.ask}
                self._void |= frozenset() if event.stands else {event.ask}
            case OutcomeRecorded():
                self._outcomes |= set(event.allegations)
            case HearingCalled():
                self._hearing = True
            case InvestigatorAppointed():
                self._investigator = event.person
            case Returned() | RequestUnfit() | DatePassed():
                self._sent_back = event
            case _:
                pass

    def state(self, place: "Place") -> State:
        """Return what of the past still matters to a case that stands at `place`."""
        return (
            tuple(self._rule(place, rule, numbers) for rule, numbers in self._readers.rules),
            tuple(self._task(*task) for task in self._readers.tasks),
            self._readers.reviews is not None and bool(self._fitting[self._readers.reviews]),
            tuple((kind, self._said(event), self._about[kind]) for kind, event in sorted(self._looked_up.items())),
            self._outcomes,
            self._hearing,
            self._investigator,
        )

    def minds(self, does: NextDoes) -> bool:
        """Return whether it matters that a case `does` something by itself: a reminder does only where a rule asks."""
        return does != "remind" or "reminded" in self._readers.by_kind

    def released(self, ask: str) -> bool:
        """Return whether a disputed answer to `ask` was settled."""
        return ask in self._released

    def sent_back(self) -> State:
        """Return by what the request was last sent back to its author."""
        return (self._sent_back.kind, vars(self._sent_back).get("by")) if self._sent_back else ()

    def matter(self) -> tuple[AnyEvent, ...]:
        """Return what was corrected and added."""
        return tuple(_without_words(event) for event in self._changes)

    def _standing(self, n: int) -> list[AnyEvent]:
        return [event for event in self._fitting[n] if vars(event).get("ask") not in self._void]

    def _rule(self, place: "Place", rule: OrderRule, numbers: tuple[int, ...]) -> Hashable:
        match rule:
            case DifferentPeople():
                # What was done for an earlier version bars nobody from the same for this one.
                over = {"old"} if all(map(_is_of_a_version, (rule.first, rule.then))) else set()
                return tuple(
                    frozenset(
                        (_doer(event), place.version(event), place.answer_of(event))
                        for event in self._standing(n)
                        if place.version(event) not in over
                    )
                    for n in numbers
                )
            case Before(same="allegation"):
                return frozenset(key for event in self._standing(numbers[0]) for key in about(event))
            case Before():
                done = [event for event in self._standing(numbers[0]) if not rule.same or place.version(event) != "old"]
                return frozenset(
                    (place.version(event) if rule.same else None, place.answer_of(event)) for event in done
                )
            case Permitted():
                latest = {key: event for event in self._fitting[numbers[0]] for key in about(event)}
                return frozenset(key for key, event in latest.items() if rule.permit in vars(event).get("permits", ()))
            case NotBetween():
                return self._between.get(rule.key, False)

    def _task(self, task: Task, done: int, others: tuple[int, ...]) -> Hashable:
        happened = tuple(bool(self._fitting[n]) for n in others)
        if not task.each_allegation:
            return (bool(self._fitting[done]), *happened)
        return (frozenset(key for event in self._fitting[done] for key in about(event)), *happened)

    def _said(self, event: AnyEvent) -> Hashable:
        """Return what a story may look at in an event that it looked up; of a day, that there is one."""
        said = {name: getattr(event, name) for name in type(event).model_fields if name in self._readers.named}
        return tuple((name, "a day" if isinstance(value, date) else value) for name, value in sorted(said.items()))


def _is_of_a_version(pattern: EventMatch) -> bool:
    return all("version" in KIND_OF[kind].model_fields for kind in pattern.event)


def _without_words(event: AnyEvent) -> AnyEvent:
    return event.model_copy(update={"by": "", "how": "session"})


def _doer(event: AnyEvent) -> str | None:
    said = vars(event)
    return said.get("person") or said.get("by") or None


class Place:
    """Where a play stands: its case, with its asks in an order that tells nothing of how often anybody was asked."""

    def __init__(self, case: Case, memory: Memory) -> None:
        """Find the asks that still matter: those by which somebody may act, and those whose approval stands."""
        self._case = case
        self._memory = memory
        live = case.live_asks()
        asks = [ask for ask in case.asks.values() if ask in live or _approves(case, ask)]
        self._asks = {ask.id: n for n, ask in enumerate(asks)}

    def state(self) -> State:
        """Return the state of the case: all that it holds, but what is told apart in another way."""
        case = self._case
        if case.outcome is not None:
            return (case.outcome,)
        return (
            tuple(case.offers),
            tuple((name, self._held(value)) for name, value in vars(case).items() if name not in _TOLD_OTHERWISE),
            tuple(self._ask(case.asks[key]) for key in self._asks),
            tuple((kind, accepted.seats) for kind, accepted in case.accepts.items()),
            tuple(self.answer_to(key) for key in case.disputed),
            self._request(),
            self._to_come(),
            self._memory.state(self),
            self._memory.matter(),
        )

    def version(self, event: AnyEvent) -> Literal["now", "old"] | None:
        """Return whether `event` is of the request as it is now, or None where it is of no version."""
        version = vars(event).get("version")
        if version is None:
            return None
        return "now" if version == self._case.request.version else "old"

    def answer_to(self, ask: str | None) -> int | None:
        """Return which of the asks that matter `ask` is, or None where it is none of them."""
        return self._asks.get(ask or "")

    def answer_of(self, event: AnyEvent) -> int | None:
        """Return which of the asks that matter `event` is about, or None where it is about none of them."""
        return self.answer_to(vars(event).get("ask"))

    def _ask(self, ask: Ask) -> State:
        decided = (vars(ask.decision).get("by"), self._memory.released(ask.id)) if ask.decision else None
        if decided is not None:
            return (ask.step.key, ask.seat, decided)
        version = ask.version == self._case.request.version
        return (ask.step.key, ask.seat, ask.is_open, version, ask.reach, ask.asked, ask.escalated)

    def _request(self) -> State:
        request, process = self._case.request, self._case.opening.process
        named = [seat.from_field for seat in self._case.opening.seats if seat.from_field]
        sent_back = self._memory.sent_back() if any(ask.is_for_changes for ask in self._case.open_asks()) else ()
        people = tuple(request.answers.get(field) for field in named)
        return (request.author, request.starter, people, bool(request.overrides), process.key, sent_back)

    def _to_come(self) -> State:
        """Return what comes by itself, in its order; reminders only where something looks at them."""
        coming = [one for one in sorted(self._case.to_come(), key=lambda one: one[0]) if self._memory.minds(one[2])]
        return tuple(
            frozenset((does, self.answer_to(ask)) for _, ask, does in together)
            for _, together in groupby(coming, key=lambda one: one[0])
        )

    def _held(self, value: object) -> Hashable:
        """Return what a story holds, so that it can be compared.

        Raises:
            UnknownStateError: it is something else than stories hold.
        """
        match value:
            case None | bool() | str() | int() | Enum() | type():
                return value
            case Case() | Opening():
                return type(value).__name__
            case datetime():
                return value <= self._case.now()
            case Ask():
                over = value.answer.ending if value.answer else ""
                return (value.step.key, value.seat, over, self.answer_to(value.id))
            case Clocks():
                return value.key
            case Frozen():
                return value if _is_hashable(value) else value.model_dump_json()
            case Wait():
                return self._held(value._ready)
            case tuple() | list():
                return tuple(self._held(one) for one in value)
            case set() | frozenset():
                return frozenset(self._held(one) for one in value)
            case dict():
                return tuple((self._held(key), self._held(one)) for key, one in value.items())
            case FunctionType():
                return (value.__qualname__, self._cells(value.__code__, value.__closure__ or ()))
            case MethodType():
                return (value.__qualname__, self._held(value.__self__))
            case CoroutineType():
                return self._frame(value.cr_frame, value.cr_await)
            case GeneratorType():
                return self._frame(value.gi_frame, value.gi_yieldfrom)
            case _ if callable(getattr(value, "run", None)):
                return (type(value).__name__, self._names(vars(value).items()))
            case _:
                raise UnknownStateError(value)

    def _frame(self, frame: FrameType | None, awaits: object) -> Hashable:
        if frame is None:
            return "over"
        return (frame.f_code.co_qualname, frame.f_lasti, self._names(frame.f_locals.items()), self._held(awaits))

    def _cells(self, code: CodeType, closure: Iterable[CellType]) -> Hashable:
        return self._names(zip(code.co_freevars, (cell.cell_contents for cell in closure), strict=True))

    def _names(self, held: Iterable[tuple[str, object]]) -> Hashable:
        return tuple((name, self._so_far(name, value)) for name, value in held)

    def _so_far(self, name: str, value: object) -> Hashable:
        """Return a thing that is held; of a number of reviews, only how many came since."""
        reviews = self._case.opening.process.reviews
        if name == SO_FAR and isinstance(value, int) and reviews is not None:
            return value - self._memory.reviews
        return self._held(value)


def _is_hashable(value: Frozen) -> bool:
    try:
        hash(value)
    except TypeError:
        return False
    return True


def _approves(case: Case, ask: Ask) -> bool:
    return isinstance(ask.step, Step) and case.still_approves(ask, ask.step)
