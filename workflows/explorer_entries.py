"""What can be put on record in a confidential case: entries of every kind, with as few values as tell them apart."""

from collections.abc import Collection, Iterator
from datetime import date, timedelta
from functools import cache
from itertools import product
from typing import Any, Final, Literal, get_args, get_origin

from pydantic import TypeAdapter
from pydantic.fields import FieldInfo

from domain.allegations import Allegation, Category, Clearance, Permit, Subject
from domain.base import Frozen
from domain.calendar import due_on, local_day
from domain.cases import Act, Opening
from domain.entries import AnyEntry, Entry, HearingCalled, OneEntry
from domain.matters import Facts, facts, route_of
from domain.people import Asked
from workflows.case import CASE_MANAGER
from workflows.explorer import Played

KINDS: Final[dict[str, type[Entry]]] = {kind.model_fields["kind"].default: kind for kind in get_args(AnyEntry)}
"""Every kind of entry that people record."""

REPORTER: Final = "reporter"
_ENTRY: Final[TypeAdapter[AnyEntry]] = TypeAdapter(OneEntry)
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


def entries(
    played: Played, opening: Opening, choices: Choices, kinds: Collection[str], plainly: bool = False
) -> Iterator[Act]:
    """Yield every entry of `kinds` that somebody may record now, of those alike one.

    Where it matters by whom, the first and the last of them who may record it; but where `plainly`, the first alone.
    """
    if opening.matter is None:
        return
    known = facts(opening.matter, [said.event for said in played.events])
    maker = _Maker(played, opening, choices, known)
    for kind, seats in played.accepts.items():
        if kind not in kinds:
            continue
        who = list(_who(played, seats))
        several = [*who[:1], *who[1:][-1:]] if kind in choices.personal and not plainly else who[:1]
        for values in maker.all_of(kind):
            for person, how in several:
                entry = _ENTRY.validate_python({"kind": kind, **values})
                yield Act.model_validate({"kind": "record", "person": person, "how": how, "entry": entry})


def _who(played: Played, seats: frozenset[str]) -> Iterator[tuple[str, Literal["session", "receipt"]]]:
    """Yield everybody who may record what `seats` may, and how they are known."""
    standing = played.standing
    asks = [ask.ask for ask in standing.asks if not seats - {REPORTER} or ask.seat in seats]
    if standing.managing is not None and (not seats - {REPORTER} or CASE_MANAGER in seats):
        asks.append(standing.managing)
    asked = dict.fromkeys(one.person for ask in asks for one in played.asked.get(ask, ()))
    yield from ((person, "session") for person in asked if person not in standing.recused)
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
        fields = KINDS[kind].model_fields
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
            return [(one.person,) for one in self._asked()]
        if name == "person":
            return list(dict.fromkeys([self._choices.anybody_else, *(one.person for one in self._asked())]))
        if name == "permits":
            return [self._choices.permits, ()]
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
        return ["x"]

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
        """Return a day for a hearing: in two weeks, or put off by a working day."""
        called = [said.event.on for said in self._played.events if isinstance(said.event, HearingCalled)]
        if kind == "hearing_postponed" and called:
            return due_on(called[-1], 1, self._opening.calendar)
        return self._today + _IN_TWO_WEEKS
