"""Finding cases: whatever is looked for, and however many cases have ended, one page costs no more than its bound.

Cases are walked through in the order wanted, along an index that is in that order. What no index knows is looked at
case by case, in no more than `MOST_WALKED` of them: whoever wants to look further goes on from there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, NamedTuple, TypeAlias, get_args

from sqlalchemy import ColumnElement, Select, and_, func, literal, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from domain.asking import AUTHOR
from store.queries import UNSEALED
from store.tables import AskedRow, AskRow, CaseRow

MOST_WALKED: Final = 10_000
"""Cases that one page looks at, at most."""

FEW: Final = 1_000
"""In no more cases than these, somebody's own are looked up one by one."""

Sort: TypeAlias = Literal["newest", "oldest", "due", "ended", "title"]
Open: TypeAlias = Literal["open", "held", "author", "vacant"]
Closed: TypeAlias = Literal[
    "closed",
    "approved",
    "rejected",
    "withdrawn",
    "lapsed",
    "cancelled",
    "refused",
    "superseded",
    "signed",
    "declined",
    "called_off",
]
State: TypeAlias = Open | Closed

_DESCENDING: Final = frozenset({"newest", "ended"})
_ENDED: Final = frozenset(get_args(Closed))
Condition: TypeAlias = ColumnElement[bool]


@dataclass(frozen=True)
class Wanted:
    """What is looked for: each of these that is not None, and every one of `words` in the title, or in `found_by`.

    `seat` is one that is asked now, `person` anybody who sent, wrote, was asked or answered, by id. `since` and
    `before` are when it was sent, the first included, the second not. Of two that are sorted alike, ids decide.
    """

    reference: str | None = None
    words: tuple[str, ...] = ()
    process: str | None = None
    school: str | None = None
    state: State | None = None
    seat: str | None = None
    person: str | None = None
    since: datetime | None = None
    before: datetime | None = None
    overdue_at: datetime | None = None
    sort: Sort = "newest"

    @property
    def only_open(self) -> bool:
        """Return whether a case that has ended cannot be what is looked for."""
        of_open = self.state is not None and self.state not in _ENDED
        return of_open or self.overdue_at is not None or self.seat is not None or self.sort == "due"

    @property
    def only_ended(self) -> bool:
        """Return whether an open case cannot be what is looked for."""
        return self.state in _ENDED or self.sort == "ended"


class Place(NamedTuple):
    """A case in the order of a list, by what it is sorted by and its id: the next page begins after it."""

    key: datetime | str
    case: str


class Found(NamedTuple):
    """A page of cases, and where the next begins: None after the last.

    `walked` is whether the page ends because as many cases were looked at as may be, and not because it is full.
    """

    cases: Sequence[CaseRow]
    onward: Place | None = None
    walked: bool = False


async def find(
    session: AsyncSession,
    organisation: str,
    wanted: Wanted,
    *,
    after: Place | None = None,
    most: int = 50,
) -> Found:
    """Return the cases of one organisation that fit, in the order wanted, those after the place `after`."""
    few = await _cases_with(session, wanted.person) if wanted.person is not None else None
    walk = _Walk(organisation, wanted, after, few)
    foot = (await session.execute(walk.foot())).first() if walk.looks_at_each else None
    rows = (await session.scalars(walk.page(Place(*foot) if foot else None, most + 1))).all()
    if len(rows) > most:
        return Found(rows[:most], walk.place(rows[most - 1]))
    return Found(rows, Place(*foot) if foot else None, walked=foot is not None)


class _Walk:
    """The cases in the order wanted, from a place on; `few` are the only ones that can fit, where they are known."""

    def __init__(self, organisation: str, wanted: Wanted, after: Place | None, few: frozenset[str] | None) -> None:
        self._wanted = wanted
        self._few = few
        self._key = _key(wanted.sort)
        self._descending = wanted.sort in _DESCENDING
        conditions, indexed = _conditions(wanted, few), _indexed(wanted)
        along = [condition for name, condition in conditions.items() if name in indexed]
        self._along = (self._of(organisation), *along, *((self._comes_after(after),) if after else ()))
        self._each = tuple(condition for name, condition in conditions.items() if name not in indexed)

    @property
    def looks_at_each(self) -> bool:
        """Return whether what is looked for is not all in the index that is walked along."""
        return bool(self._each) and self._few is None and self._wanted.reference is None

    def foot(self) -> Select[Any]:
        """Return what asks for the last case that a page may look at; there is none where fewer are left."""
        asked = select(self._key, col(CaseRow.id)).where(*self._along)
        return self._ordered(asked).offset(MOST_WALKED - 1).limit(1)

    def page(self, foot: Place | None, most: int) -> Select[Any]:
        """Return what asks for the cases that fit, as far as `foot`."""
        within = (self._comes_after(foot, False),) if foot else ()
        asked = select(CaseRow).where(*self._along, *within, *self._each).options(*UNSEALED)
        return self._ordered(asked).limit(most)

    def place(self, row: CaseRow) -> Place:
        """Return where `row` stands in the order."""
        return Place(getattr(row, self._key.key), row.id)

    def _of(self, organisation: str) -> Condition:
        column = col(CaseRow.organisation)
        # Of few cases, each by its id: SQLite would rather walk along an index of the organisation.
        return (column if self._few is None else func.coalesce(column, "")) == organisation

    def _comes_after(self, place: Place, wanted: bool = True) -> Condition:
        """Return the condition that a case comes after `place`; or, if that is not `wanted`, that it does not."""
        here = tuple_(self._key, col(CaseRow.id))
        there = tuple_(literal(place.key, self._key.type), literal(place.case))
        if self._descending:
            return here < there if wanted else here >= there
        return here > there if wanted else here <= there

    def _ordered(self, statement: Select[Any]) -> Select[Any]:
        keys = (self._key, col(CaseRow.id))
        return statement.order_by(*(key.desc() if self._descending else key.asc() for key in keys))


def _key(sort: Sort) -> Any:  # noqa: ANN401 -- a column of one type or the other
    match sort:
        case "newest" | "oldest":
            return col(CaseRow.opened_at)
        case "due":
            return col(CaseRow.due)
        case "ended":
            return col(CaseRow.closed_at)
        case "title":
            return col(CaseRow.title)


def _indexed(wanted: Wanted) -> frozenset[str]:
    """Return the names of those conditions that the index which is walked along knows, or that bound its range."""
    match wanted.sort:
        case "due":
            return frozenset({"open", "due"})
        case "ended":
            return frozenset({"ended"})
        case "title":
            return frozenset()
        case _:
            pass
    leading = "open" if wanted.only_open else "process" if wanted.process is not None else "school"
    return frozenset({leading, "since", "before"})


def _conditions(wanted: Wanted, few: frozenset[str] | None) -> dict[str, Condition]:
    """Return all that has to be true of a case, by name."""
    found: dict[str, Condition] = {}
    for name in ("reference", "process", "school"):
        if (value := getattr(wanted, name)) is not None:
            found[name] = _column(name, wanted) == value
    if wanted.only_open:
        found["open"] = col(CaseRow.closed_at).is_(None)
    if wanted.only_ended:
        found["ended"] = col(CaseRow.closed_at).is_not(None)
    if wanted.sort == "due":
        found["due"] = col(CaseRow.due).is_not(None)
    if wanted.since is not None:
        found["since"] = _column("opened_at", wanted) >= wanted.since
    if wanted.before is not None:
        found["before"] = _column("opened_at", wanted) < wanted.before
    if wanted.seat is not None:
        found["seat"] = _open_ask(col(AskRow.seat) == wanted.seat).exists()
    if wanted.person is not None:
        found["person"] = _has_a_part(wanted.person) if few is None else col(CaseRow.id).in_(sorted(few))
    if wanted.overdue_at is not None:
        found["overdue"] = and_(col(CaseRow.due) < wanted.overdue_at, col(CaseRow.held_at).is_(None))
    if (state := _state(wanted.state)) is not None:
        found["state"] = state
    if wanted.words:
        found["words"] = and_(*(_said().icontains(word, autoescape=True) for word in wanted.words))
    return found


def _said() -> ColumnElement[str]:
    """Return all that is in clear of what a case is about: no word of its title runs on into the others."""
    return col(CaseRow.title) + "\n" + func.coalesce(col(CaseRow.found_by), "")


def _column(name: str, wanted: Wanted) -> Any:  # noqa: ANN401 -- a column of any type
    """Return a column, so that an index of it is used only where it is the one to walk along, or finds but one case.

    Any other index would lead past the bound: an open case is not to be looked for among all that have ended.
    """
    column = col(getattr(CaseRow, name))
    indexed = name == "reference" or {"opened_at": "since"}.get(name, name) in _indexed(wanted)
    return column if indexed else func.coalesce(column, column)


def _state(state: State | None) -> Condition | None:
    match state:
        case None | "open" | "closed":
            return None
        case "held":
            return col(CaseRow.held_at).is_not(None)
        case "author":
            return col(CaseRow.waits_for) == AUTHOR
        case "vacant":
            return _open_ask(reaches_nobody()).exists()
        case outcome:
            return col(CaseRow.outcome) == outcome


def _open_ask(condition: Condition) -> Select[Any]:
    """Return what asks for an open ask of the case that is looked at, of which `condition` is true."""
    return select(literal(1)).where(col(AskRow.case) == col(CaseRow.id), col(AskRow.closed_at).is_(None), condition)


def reaches_nobody() -> Condition:
    """Return the condition that the ask that is looked at reaches nobody."""
    of_it = and_(col(AskedRow.case) == col(AskRow.case), col(AskedRow.ask) == col(AskRow.ask))
    return ~select(literal(1)).where(of_it).exists()


def _has_a_part(person: str) -> Condition:
    # Case by case, and so no EXISTS: PostgreSQL would first find all in which they were ever asked.
    of_it = (col(AskedRow.case) == col(CaseRow.id), func.coalesce(col(AskedRow.person), "") == person)
    asked = select(literal(1)).where(*of_it).limit(1).scalar_subquery()
    return or_(col(CaseRow.starter) == person, col(CaseRow.author) == person, asked.is_not(None))


async def _cases_with(session: AsyncSession, person: str) -> frozenset[str] | None:
    """Return the ids of the cases in which somebody has a part, of any organisation; None where they are many."""
    ids: set[str] = set()
    for who, case in (
        (col(AskedRow.person), col(AskedRow.case)),
        (col(CaseRow.starter), col(CaseRow.id)),
        (col(CaseRow.author), col(CaseRow.id)),
    ):
        found = (await session.scalars(select(case).where(who == person).limit(FEW + 1))).all()
        if len(found) > FEW:
            return None
        ids.update(found)
    return frozenset(ids)
