"""What the past of a case still matters for: what each rule, task and count has to know of it, and no more."""

from collections import Counter
from collections.abc import Hashable
from datetime import date, datetime
from typing import Final, NamedTuple, Protocol

from domain.allegations import Allegation, Clearance, Procedure
from domain.cases import NextDoes
from domain.entries import (
    AllegationAdded,
    CallsMade,
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
from workflows.explorer_watched import KIND_OF, Looks

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

MANY: Final = 2
"""From how many on a story that counts is taken to see no difference any more."""


class Readers:
    """All that looks at the past of a case: `rules`, the tasks of its process, and its story.

    `looks` is what the story is known to look up, which may become more, and `passed` are the kinds that it was not
    known to look up when they happened. `named` are the attributes that anything looks at.
    """

    def __init__(self, process: Process, rules: tuple[OrderRule, ...], looks: Looks, named: frozenset[str]) -> None:
        """Find what each rule and task asks of an event."""
        self.looks = looks
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
        for again in (*process.rounds, *((process.reviews,) if process.reviews else ())):
            self._number(again.done_by)

    def is_idle(self, kind: str) -> bool:
        """Return whether nothing looks at events of `kind`."""
        return kind not in self.by_kind and kind not in self.looks.kinds and kind not in OF_EVERY_CASE

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
        self._readers = readers
        self._heard = 0
        self._fits: list[list[_Fit]] = [[] for _ in readers.patterns]
        self._between: dict[str, bool] = {}
        self._looked_up: dict[str, AnyEvent] = {}
        self._times: Counter[str] = Counter()
        self._last: dict[str, int] = {}
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
        looks = self._readers.looks
        return (
            tuple(self._rule(place, rule, numbers) for rule, numbers in self._readers.rules),
            tuple(self._task(*task) for task in self._readers.tasks if _is_on_its_road(place, task[0])),
            self._readers.reviews is not None and bool(self._fits[self._readers.reviews]),
            tuple((kind, self._said(event), self._about[kind]) for kind, event in sorted(self._looked_up.items())),
            frozenset(pair for pair in looks.between if self._last.get(pair[0], -1) > self._last.get(pair[1], -1)),
            tuple((kind, min(self._times[kind], MANY)) for kind in sorted(looks.counted)),
            (self._outcomes, self._advised, self._called, self._hearing, self._investigator),
            self._changed(place),
        )

    def times(self, pattern: EventMatch) -> int:
        """Return how often something that ends a task, or a review, happened."""
        return len(self._fits[self._readers.patterns.index(pattern)])

    def released(self, ask: str) -> bool:
        """Return whether a disputed answer to `ask` was settled."""
        return ask in self._released

    def sent_back(self) -> Hashable:
        """Return by what, and by whom, the request was last sent back to its author."""
        return (self._sent_back.kind, vars(self._sent_back).get("by")) if self._sent_back else None

    def _hear(self, event: AnyEvent) -> None:
        hits = self._readers.hits(event)
        self._times[event.kind] += 1
        self._last[event.kind] = self._times.total()
        for n in hits:
            self._fits[n].append(_Fit(event))
        if vars(event).get("replaces"):
            self._forget(about(event))
        for rule, _ in self._readers.rules:
            if isinstance(rule, NotBetween) and event.kind in (*rule.opens.event, *rule.closes.event):
                before = self._between.get(rule.key, False) and not matches(rule.closes, event)
                self._between[rule.key] = before or is_between(rule.opens, rule.closes, [event])
        if event.kind not in self._readers.looks.kinds:
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
    of = (KIND_OF[kind].model_fields.get("version") for kind in pattern.event)
    return all(one is not None and one.annotation is int for one in of)


def _doer(event: AnyEvent) -> str | None:
    said = vars(event)
    return said.get("person") or said.get("by") or None
