"""What can be put on record in a case: entries of every kind, with as few values as tell them apart."""

from collections.abc import Collection, Iterator
from datetime import date, timedelta
from functools import cache
from itertools import product
from typing import Any, Final, Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from domain.allegations import Allegation, Category, Clearance, Permit, Subject
from domain.base import Frozen
from domain.calendar import due_on, local_day
from domain.cases import Act, Opening
from domain.entries import Entry, HearingCalled
from domain.matters import Facts, facts, route_of
from domain.pack import Before, DifferentPeople, EventMatch, NotBetween, OrderRule, Permitted, Process
from domain.people import Asked, Directory
from workflows.explorer import Played
from workflows.explorer_watched import KIND_OF
from workflows.reaching import CASE_MANAGER
from workflows.rounds import BY_RIGHT

REPORTER: Final = "reporter"
_HEARINGS: Final = frozenset({"hearing_called", "hearing_postponed"})
_IN_TWO_WEEKS: Final = timedelta(days=14)
_IN_HALF_A_YEAR: Final = timedelta(days=182)


class Choices(Frozen):
    """Between what the explorer chooses where it has to make something up.

    `named` are the attributes of entries that a rule, a task or the story looks at: only these take several values, and
    of those that `compared` does not tell apart, one. `about` are the kinds whose allegations somebody looks at,
    `personal` those of which it matters who records them, and `guarded` those that may not come too early. `permits` is
    what an advice may permit.
    """

    named: frozenset[str] = frozenset()
    compared: tuple[frozenset[str], ...] = ()
    about: frozenset[str] = frozenset()
    personal: frozenset[str] = frozenset()
    guarded: frozenset[str] = frozenset()
    permits: tuple[Permit, ...] = ()
    categories: tuple[Category, ...] = ()
    clearances: tuple[Clearance, ...] = ()
    most_allegations: int = 1
    administrator: str = ""
    anybody_else: str = ""


def chosen_in(
    opening: Opening,
    directory: Directory,
    rules: tuple[OrderRule, ...],
    gate: tuple[OrderRule, ...],
    named: frozenset[str],
    clearances: frozenset[Clearance],
    allegations: int,
) -> Choices:
    """Return what has to be chosen between where `rules` hold, with `gate` among them, and `named` is looked at."""
    process = opening.process
    awaited = [task.done_by for task in (*process.tasks, *process.rounds)] + (
        [process.reviews.done_by] if process.reviews else []
    )
    looked_at = [*awaited, *(one for task in process.tasks for one in (task.when, task.unless) if one)]
    looked_at += [pattern for rule in rules for pattern in _patterns(rule)]
    keyed = [rule for rule in rules if isinstance(rule, Permitted) or (isinstance(rule, Before) and rule.same)]
    about = [pattern for rule in keyed for pattern in (rule.first, rule.then)]
    about += [task.done_by for task in process.tasks if task.each_allegation]
    apart = [pattern for rule in rules if isinstance(rule, DifferentPeople) for pattern in (rule.first, rule.then)]
    return Choices(
        named=named | {name for pattern in looked_at for name in pattern.where},
        compared=(
            *dict.fromkeys(frozenset(wanted) for pattern in looked_at for wanted in pattern.where.values()),
            *(frozenset({name}) for name in sorted(named)),
        ),
        about=_kinds(about) | {"outcome_recorded"},
        personal=_kinds(apart),
        guarded=_kinds([rule.then for rule in gate]),
        permits=get_args(Permit),
        categories=_categories(process),
        clearances=tuple(sorted(clearances, key=lambda one: one.case)),
        most_allegations=allegations,
        administrator=_administrator(opening, directory),
        anybody_else=_anybody_else(opening, directory),
    )


def entries(
    played: Played, opening: Opening, choices: Choices, kinds: Collection[str], plainly: bool = False
) -> Iterator[Act]:
    """Yield every entry of `kinds` that somebody may record now, of those alike one.

    Where it matters by whom, the first and the last of them who may record it; but where `plainly`, the first alone.
    """
    nothing = Facts(subjects={}, allegations={})
    known = facts(opening.matter, [said.event for said in played.events]) if opening.matter else nothing
    recorded = {"kind": "record"}
    maker = _Maker(played, opening, choices, known)
    for kind, seats in played.accepts.items():
        if kind not in kinds:
            continue
        who = list(_who(played, seats, choices))
        several = [*who[:1], *who[1:][-1:]] if kind in choices.personal and not plainly else who[:1]
        for values in maker.all_of(kind):
            entry = KIND_OF[kind].model_validate({"kind": kind, **values})
            yield from (
                Act.model_validate(recorded | {"person": person, "how": how, "entry": entry}) for person, how in several
            )


def _who(
    played: Played, seats: frozenset[str], choices: Choices
) -> Iterator[tuple[str, Literal["session", "receipt"]]]:
    """Yield everybody who may record what `seats` may, and how they are known."""
    standing = played.standing
    asks = [ask.ask for ask in standing.asks if not seats - {REPORTER} or ask.seat in seats]
    if standing.managing is not None and (not seats - {REPORTER} or CASE_MANAGER in seats):
        asks.append(standing.managing)
    asked = dict.fromkeys(one.person for ask in asks for one in played.asked.get(ask, ()))
    yield from ((person, "session") for person in asked if person not in standing.recused)
    if BY_RIGHT in seats:
        yield choices.anybody_else, "session"
    if REPORTER in seats:
        yield REPORTER, "receipt"


@cache
def _told_apart(values: tuple[str, ...], compared: tuple[frozenset[str], ...]) -> list[str]:
    """Return one of all values that whatever looks at them takes for the same."""
    apart = {tuple(value in wanted for wanted in compared): value for value in reversed(values)}
    return [value for value in values if value in apart.values()]


class _Maker:
    """Makes up entries about what a case knows of."""

    def __init__(self, played: Played, opening: Opening, choices: Choices, known: Facts) -> None:
        self._played = played
        self._opening = opening
        self._choices = choices
        self._known = known
        self._today = local_day(played.now)

    def all_of(self, kind: str) -> Iterator[dict[str, Any]]:
        """Yield the values of every entry of `kind` that is told apart from the others."""
        fields = KIND_OF[kind].model_fields
        own = {name: field for name, field in fields.items() if name not in Entry.model_fields and name != "kind"}
        single = own.pop("subject", None)
        for about in self._about(kind):
            values = [self._values(kind, name, field) for name, field in own.items()]
            for subject in self._subjects(single, about):
                for chosen in product(*values):
                    said = dict(zip(own, chosen, strict=True))
                    if kind != "decision_made" or (said["expires_on"] is not None) == said["sanction"].endswith(
                        "warning"
                    ):
                        yield {"allegations": about, **subject, **said}

    def _about(self, kind: str) -> list[tuple[str, ...]]:
        keys = tuple(self._known.allegations)
        if kind not in self._choices.about:
            return [()]
        several = [keys] if len(keys) > 1 else []
        none: list[tuple[str, ...]] = [()] if kind in self._choices.guarded else []
        return [*((key,) for key in keys), *several, *none]

    def _subjects(self, field: FieldInfo | None, about: tuple[str, ...]) -> list[dict[str, Any]]:
        """Return the subject to name beside the allegations `about`: theirs; or corrected, what else they may be."""
        if field is None:
            return [{}]
        if field.annotation is Subject:
            return [{"subject": one} for one in self._corrected()]
        theirs = {self._known.allegations[key].subject for key in about}
        return [{"subject": key} for key in (sorted(theirs) or list(self._known.subjects))[:1]]

    def _corrected(self) -> list[Subject]:
        """Return what else the first subject may be, one of each that takes another road; and that it is another."""
        first = next(iter(self._known.subjects.values()))
        process, matter = self._opening.process, self._opening.matter
        others = [first.model_copy(update={"category": one}) for one in self._choices.categories]
        others = [one for one in others if one != first]
        roads: dict[str, Subject] = {}
        for one in others:
            subjects = tuple({**self._known.subjects, one.key: one}.values())
            route = route_of(process, matter.model_copy(update={"subjects": subjects})) if matter else None
            roads.setdefault(route.key if route else "", one)
        return [*roads.values(), first.model_copy(update={"name": f"Not {first.name}", "person": None})]

    def _values(self, kind: str, name: str, field: FieldInfo) -> list[Any]:
        several = name in self._choices.named
        annotation = field.annotation
        if annotation is Allegation:
            return self._new_allegations()
        if annotation is Clearance:
            return list(self._choices.clearances)
        if name == "people":
            return [(one.person,) for one in self._asked()] or [(self._choices.anybody_else,)]
        if name == "person":
            return list(dict.fromkeys([self._choices.anybody_else, *(one.person for one in self._asked())]))
        if name == "permits":
            return [self._choices.permits, ()]
        if name == "trained":
            answers = self._opening.request.answers.values()
            return [tuple(one for answer in answers if isinstance(answer, tuple) for one in answer)]
        if name == "supersedes":
            return [str(self._opening.request.answers.get("version", ""))]
        if annotation is date:
            return [self._day(kind)]
        if date in get_args(annotation):
            return [None, self._today + _IN_HALF_A_YEAR] if several else [None]
        if not field.is_required():
            return [field.default]
        if annotation is bool:
            return [True, False] if several else [True]
        if get_origin(annotation) is Literal:
            values = get_args(annotation)
            return _told_apart(values, self._choices.compared) if several else [values[0]]
        return ["something"]

    def _asked(self) -> list[Asked]:
        asks = dict.fromkeys([*(ask.ask for ask in self._played.standing.asks), self._played.standing.managing])
        return [one for ask in asks for one in self._played.asked.get(ask or "", ())]

    def _new_allegations(self) -> list[Allegation]:
        """Return one allegation more, of the first subject, where there may be one."""
        so_far = len(self._known.allegations)
        if so_far >= self._choices.most_allegations:
            return []
        subject, topic = next(iter(self._known.subjects)), self._opening.process.topics[0].key
        return [Allegation(key=f"more{so_far}", subject=subject, topic=topic, what="x")]

    def _day(self, kind: str) -> date:
        """Return a day for a hearing: in two weeks, or put off by a working day; for anything else, today."""
        called = [said.event.on for said in self._played.events if isinstance(said.event, HearingCalled)]
        if kind == "hearing_postponed" and called:
            return due_on(called[-1], 1, self._opening.calendar)
        return self._today + _IN_TWO_WEEKS if kind in _HEARINGS else self._today


# Between what there is to choose.


def _patterns(rule: OrderRule) -> tuple[EventMatch, ...]:
    match rule:
        case NotBetween():
            return (rule.opens, rule.closes, rule.then)
        case Before() | Permitted() | DifferentPeople():
            return (rule.first, rule.then)


def _kinds(patterns: list[EventMatch]) -> frozenset[str]:
    return frozenset(kind for pattern in patterns for kind in pattern.event)


def _categories(process: Process) -> tuple[Category, ...]:
    """Return the categories that some route names, and one that none does."""
    named = {category for route in process.routes for category in route.subjects}
    other = [category for category in Category if category not in named]
    return (*(category for category in Category if category in named), *other[:1])


def _administrator(opening: Opening, directory: Directory) -> str:
    active = (person.id for person in directory.people if person.administrator and person.leaves_on is None)
    return next(active, f"administrator of {opening.organisation}")


def _anybody_else(opening: Opening, directory: Directory) -> str:
    """Return somebody who holds no seat and whom the request does not name."""
    named = {*map(str, opening.request.answers.values()), opening.request.author, opening.request.starter}
    matter = opening.matter
    subjects = {subject.person for subject in matter.subjects} if matter is not None else set()
    free = (
        person.id
        for person in directory.people
        if not person.holdings
        and not person.administrator
        and person.leaves_on is None
        and opening.school in person.schools
        and person.id not in named | subjects
    )
    return next(free, "somebody_else")
