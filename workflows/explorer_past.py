"""What the past of a case still matters for: what each rule, task and count has to know of it, and no more."""

import sys
from collections.abc import Hashable
from datetime import date, datetime
from typing import Final, NamedTuple, Protocol, TypeVar

from pydantic import BaseModel

from domain.allegations import Allegation, Clearance, Procedure
from domain.cases import NextDoes, Opening
from domain.entries import (
    AllegationAdded,
    CallsMade,
    Entry,
    HearingCalled,
    InvestigatorAppointed,
    LadoAdviceRecorded,
    OutcomeRecorded,
    SafeguardingConcernRaised,
    SubjectCorrected,
)
from domain.events import AnyEvent, DatePassed, HoldReleased, RequestUnfit, Returned
from domain.order import about, is_between, matches
from domain.pack import Before, DifferentPeople, EventMatch, NotBetween, OrderRule, Permitted, Process, Task
from workflows.case import Case, Host
from workflows.explorer_names import KIND_OF, names_of

E = TypeVar("E", bound=BaseModel)

OF_EVERY_CASE: Final = frozenset(
    kind.model_fields["kind"].default
    for kind in (
        AllegationAdded,
        CallsMade,
        HearingCalled,
        InvestigatorAppointed,
        LadoAdviceRecorded,
        OutcomeRecorded,
        SafeguardingConcernRaised,
        SubjectCorrected,
    )
)
"""The kinds of entries that every case looks at, whatever its pack and its story."""

_NO_STORY: Final = frozenset(
    {"workflows.case", "workflows.acts", "workflows.explorer", "workflows.explorer_past", "workflows.explorer_search"}
)
"""Where a case looks through its own past; what it looks for there, this file knows."""


class Watched(Case):
    """A case that notes which kinds of events its story looks up, and finds nothing anew while nothing has changed."""

    def __init__(self, opening: Opening, host: Host, looked_up: set[str]) -> None:
        """Note every kind in `looked_up`."""
        process = opening.process
        asked = [one for task in process.tasks for one in (task.done_by, task.when, task.unless) if one is not None]
        holds = [rule for rule in process.rules if isinstance(rule, NotBetween) and rule.stops_clocks]
        self._looked_up = looked_up
        self._of_tasks = OF_EVERY_CASE | {kind for one in asked for kind in one.event}
        self._of_holds = {kind for rule in holds for one in (rule.opens, rule.closes) for kind in one.event}
        self._since: tuple[object, Task | None] | None = None
        super().__init__(opening, host)

    @property
    def past(self) -> list[AnyEvent]:
        """All that happened. A story that looks through it looks up every kind that its code names there."""
        asking = sys._getframe(1)
        if asking.f_globals["__name__"] not in _NO_STORY:
            named = [asking.f_globals.get(name) for name in names_of(asking.f_code)]
            self._looked_up.update(kind for kind, one in KIND_OF.items() if one in named)
        return self._past

    @past.setter
    def past(self, past: list[AnyEvent]) -> None:
        self._past = past

    def next_task(self) -> Task | None:
        """Return the first task that is to be done and is not."""
        now = (self.route, self.is_stopped)
        if self._since is None or self._since[0] != now:
            self._since = (now, super().next_task())
        return self._since[1]

    def _append(self, event: AnyEvent) -> None:
        if event.kind in self._of_tasks:
            self._since = None
        super()._append(event)

    def _watch_holds(self) -> None:
        if self._past[-1].kind in self._of_holds:
            super()._watch_holds()

    def latest(self, kind: type[E]) -> E | None:
        """Return the latest event of a kind, or None."""
        self._looked_up.add(str(kind.model_fields["kind"].default))
        return super().latest(kind)

    def last_about(self, kind: str, entry: Entry) -> int | None:
        """Return the number of the latest event of `kind` about an allegation of `entry`, or None."""
        self._looked_up.add(kind)
        return super().last_about(kind, entry)

    async def recorded(self, pattern: EventMatch) -> None:
        """Return once an event that fits `pattern` is on record."""
        self._looked_up.update(pattern.event)
        await super().recorded(pattern)


class Readers:
    """All that looks at the past of a case: `rules`, the tasks of its process, and its story.

    `looked_up` are the kinds that the story is known to look up, which may become more, and `passed` those that it was
    not known to look up when they happened. `named` are the attributes that anything looks at.
    """

    def __init__(
        self, process: Process, rules: tuple[OrderRule, ...], looked_up: set[str], named: frozenset[str]
    ) -> None:
        """Find what each rule and task asks of an event."""
        self.looked_up = looked_up
        self.passed: set[str] = set()
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
        return kind not in self.by_kind and kind not in self.looked_up and kind not in OF_EVERY_CASE

    def hits(self, event: AnyEvent) -> list[int]:
        """Return the numbers of the patterns that `event` fits."""
        return [n for n in self.by_kind.get(event.kind, ()) if matches(self.patterns[n], event)]

    def minds(self, does: NextDoes) -> bool:
        """Return whether it matters that a case `does` something by itself: a reminder does only where a rule asks."""
        return does != "remind" or "reminded" in self.by_kind

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


class Road(NamedTuple):
    """What of a route matters to a case that takes no other: its procedure, and whom it asks."""

    procedure: Procedure
    ladders: tuple[tuple[str, tuple[str, ...]], ...]


class Place(Protocol):
    """Where a case stands, as far as its past is told by it."""

    @property
    def road(self) -> Road | None:
        """The road that the case takes, where it will take no other."""

    def version(self, event: AnyEvent) -> str | None:
        """Return whether `event` is of the request as it is `now`, or `old`; None where it is of no version."""

    def answer_of(self, event: AnyEvent) -> int | None:
        """Return which of the answers that may yet be found void `event` is, or None where it is none of them."""


class _Fit:
    """An event that fits something, and the allegations that it still speaks of."""

    def __init__(self, event: AnyEvent) -> None:
        self.event = event
        self.about = about(event)


class Memory:
    """What is known of the past of one play: each event that something looks at, by what looks at it."""

    def __init__(self, readers: Readers) -> None:
        """Begin with nothing."""
        self.reviews = 0
        self._readers = readers
        self._heard = 0
        self._fits: list[list[_Fit]] = [[] for _ in readers.patterns]
        self._between: dict[str, bool] = {}
        self._looked_up: dict[str, AnyEvent] = {}
        self._about: dict[str, frozenset[str]] = {}
        self._changes: list[AnyEvent] = []
        self._released: frozenset[str] = frozenset()
        self._void: frozenset[str] = frozenset()
        self._outcomes: frozenset[str] = frozenset()
        self._advised: frozenset[str] = frozenset()
        self._called = self._hearing = False
        self._investigator = ""
        self._sent_back: AnyEvent | None = None

    def hear(self, past: list[AnyEvent]) -> None:
        """Take in what was added to `past` since."""
        for event in past[self._heard :]:
            self._hear(event)
        self._heard = len(past)

    def state(self, place: Place) -> tuple[Hashable, ...]:
        """Return what of the past still matters to a case that stands at `place`."""
        return (
            tuple(self._rule(place, rule, numbers) for rule, numbers in self._readers.rules),
            tuple(self._task(*task) for task in self._readers.tasks if _is_on_its_road(place, task[0])),
            self._readers.reviews is not None and bool(self._fits[self._readers.reviews]),
            tuple((kind, self._said(event), self._about[kind]) for kind, event in sorted(self._looked_up.items())),
            (self._outcomes, self._advised, self._called, self._hearing, self._investigator),
            self._changed(place),
        )

    def released(self, ask: str) -> bool:
        """Return whether a disputed answer to `ask` was settled."""
        return ask in self._released

    def sent_back(self) -> Hashable:
        """Return by what, and by whom, the request was last sent back to its author."""
        return (self._sent_back.kind, vars(self._sent_back).get("by")) if self._sent_back else None

    def _hear(self, event: AnyEvent) -> None:
        hits = self._readers.hits(event)
        self.reviews += self._readers.reviewed in hits
        for n in hits:
            self._fits[n].append(_Fit(event))
        if vars(event).get("replaces"):
            self._forget(about(event))
        for rule, _ in self._readers.rules:
            if isinstance(rule, NotBetween) and event.kind in (*rule.opens.event, *rule.closes.event):
                before = self._between.get(rule.key, False) and not matches(rule.closes, event)
                self._between[rule.key] = before or is_between(rule.opens, rule.closes, [event])
        if event.kind not in self._readers.looked_up:
            self._readers.passed.add(event.kind)
        else:
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
            case LadoAdviceRecorded():
                self._advised |= set(event.allegations)
            case CallsMade():
                self._called = self._called or event.how == "receipt"
            case HearingCalled():
                self._hearing = True
            case InvestigatorAppointed():
                self._investigator = event.person
            case Returned() | RequestUnfit() | DatePassed():
                self._sent_back = event
            case _:
                pass

    def _forget(self, allegations: frozenset[str]) -> None:
        """Let what happened before say nothing of `allegations` any more: their subject is somebody else."""
        self._advised -= allegations
        for fits in self._fits:
            for fit in fits:
                fit.about -= allegations

    def _standing(self, n: int) -> list[_Fit]:
        return [fit for fit in self._fits[n] if vars(fit.event).get("ask") not in self._void]

    def _rule(self, place: Place, rule: OrderRule, numbers: tuple[int, ...]) -> Hashable:
        match rule:
            case DifferentPeople():
                # What was done for an earlier version bars nobody from the same for this one.
                over = {"old"} if all(map(_is_of_a_version, (rule.first, rule.then))) else set()
                return tuple(
                    frozenset(
                        (_doer(fit.event), place.version(fit.event), place.answer_of(fit.event))
                        for fit in self._standing(n)
                        if place.version(fit.event) not in over
                    )
                    for n in numbers
                )
            case Before(same="allegation"):
                return frozenset(key for fit in self._standing(numbers[0]) for key in fit.about)
            case Before():
                done = [fit.event for fit in self._standing(numbers[0])]
                done = [event for event in done if not rule.same or place.version(event) != "old"]
                return frozenset((rule.same and place.version(event), place.answer_of(event)) for event in done)
            case Permitted():
                latest = {key: fit.event for fit in self._fits[numbers[0]] for key in fit.about}
                return frozenset(key for key, event in latest.items() if rule.permit in vars(event).get("permits", ()))
            case NotBetween():
                return self._between.get(rule.key, False)

    def _task(self, task: Task, done: int, others: tuple[int, ...]) -> Hashable:
        happened = tuple(bool(self._fits[n]) for n in others)
        if not task.each_allegation:
            return (bool(self._fits[done]), *happened)
        return (frozenset(key for fit in self._fits[done] for key in fit.about), *happened)

    def _changed(self, place: Place) -> Hashable:
        """Return what was corrected and added; where the road stays the same, only what is alleged of whom."""
        if place.road is None:
            return tuple(event.model_copy(update={"by": "", "how": "session"}) for event in self._changes)
        added = (vars(event).get("allegation") for event in self._changes)
        return tuple((one.key, one.subject) for one in added if isinstance(one, Allegation))

    def _said(self, event: AnyEvent) -> Hashable:
        """Return what a story may look at in an event that it looked up; of a day, that there is one."""
        said = {name: value for name, value in vars(event).items() if name in self._readers.named}
        return tuple((name, _plainly(value)) for name, value in sorted(said.items()))


def _plainly(value: Hashable) -> Hashable:
    if isinstance(value, Clearance):
        return value.model_copy(update={"n": 0})
    return "a day" if isinstance(value, date | datetime) else value


def _is_on_its_road(place: Place, task: Task) -> bool:
    return not task.procedures or place.road is None or place.road.procedure in task.procedures


def _is_of_a_version(pattern: EventMatch) -> bool:
    return all("version" in KIND_OF[kind].model_fields for kind in pattern.event)


def _doer(event: AnyEvent) -> str | None:
    said = vars(event)
    return said.get("person") or said.get("by") or None
