"""What an administrator's overview is made of: what is open, what is overdue, what has failed, and how it went lately.

It tells of ordinary cases alone. What it costs grows with what is open and with what happened lately, and with nothing
else; of a long list it reads the beginning.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, and_, case, func, literal, or_, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased
from sqlmodel import col

from store.finding import MOST_WALKED, reaches_nobody
from store.queries import UNSEALED
from store.tables import AskedRow, AskRow, CaseRow, MailRow, PersonRow, PowerChangeRow

_MOST_TIMED: Final = 50
"""Cases that ended in one span, at most, whose time to the end is looked at."""


_MOST_AMONG: Final = 200
_MOST_REFUSED: Final = 1_000


class Open(NamedTuple):
    """How many cases of a process at a school are open and of one age: 0 is the youngest."""

    process: str
    school: str
    age: int
    cases: int


class Moves(NamedTuple):
    """A case with an open ask, and the ids of those whom the ask reached: it is their move."""

    case: CaseRow
    seat: str
    due: datetime
    people: tuple[str, ...]


class Refused(NamedTuple):
    """Mail to somebody that the mail server refused for good: how often, and for which open case last."""

    person: str
    mails: int
    reference: str


class Span(NamedTuple):
    """What happened in a span of time: how many cases were sent, how they ended, and how long some of them took."""

    sent: int
    ended: dict[str, int]
    opened_and_closed: tuple[tuple[datetime, datetime], ...]


async def open_cases(session: AsyncSession, organisation: str, younger_than: Sequence[datetime]) -> list[Open]:
    """Return how many cases are open, by process, school and age.

    A case is of the first age whose moment in `younger_than` it was not sent before, and else of the last.
    """
    opened = col(CaseRow.opened_at)
    age = case(*((opened >= since, place) for place, since in enumerate(younger_than)), else_=len(younger_than))
    # Not by the columns themselves: SQLite would go through an index of all cases that is in their order.
    process, school = (func.coalesce(column, "") for column in (col(CaseRow.process), col(CaseRow.school)))
    keys = (process.label("process"), school.label("school"), age.label("age"))
    statement = select(*keys, func.count()).where(*_open(organisation)).group_by(*keys).order_by(*keys)
    return [Open(*row) for row in (await session.execute(statement)).all()]


async def overdue(session: AsyncSession, organisation: str, now: datetime, most: int) -> list[Moves]:
    """Return open asks whose answers are overdue in cases that are not held, the longest overdue first.

    They are those of no more than `most` cases.
    """
    late = (*_open(organisation), col(CaseRow.due) < now, col(CaseRow.held_at).is_(None))
    first = select(CaseRow).where(*late).order_by(col(CaseRow.due), col(CaseRow.id)).limit(most).options(*UNSEALED)
    cases = {row.id: row for row in await session.scalars(first)}
    return await _moves(session, cases, col(AskRow.due) < now)


async def vacant(session: AsyncSession, organisation: str, most: int) -> list[Moves]:
    """Return open asks that reach nobody, the longest due first: no more than `most`, in what is due soonest."""
    soonest = (
        select(col(CaseRow.id).label("id"))
        .where(*_open(organisation), col(CaseRow.due).is_not(None))
        .order_by(col(CaseRow.due), col(CaseRow.id))
        .limit(MOST_WALKED)
        .subquery()
    )
    empty = (
        select(col(AskRow.case))
        .join(soonest, col(AskRow.case) == soonest.c.id)
        .where(col(AskRow.closed_at).is_(None), reaches_nobody())
        .limit(most)
    )
    ids = set((await session.scalars(empty)).all())
    rows = await session.scalars(select(CaseRow).where(col(CaseRow.id).in_(sorted(ids))).options(*UNSEALED))
    return await _moves(session, {row.id: row for row in rows}, reaches_nobody())


async def refused(session: AsyncSession, organisation: str, since: datetime, most: int) -> list[Refused]:
    """Return to whom mail was refused `since`, in cases that are open, and is not known to arrive by now.

    It is, once a later mail of an ordinary case was taken, or another address was confirmed.
    """
    lately = (
        select(MailRow)
        .where(col(MailRow.refused_at) >= since)
        .order_by(col(MailRow.refused_at).desc(), col(MailRow.id))
        .limit(_MOST_REFUSED)
        .subquery()
    )
    mail, later, change = aliased(MailRow, lately), aliased(MailRow), PowerChangeRow
    arrives = or_(
        select(col(later.id))
        .where(
            col(later.person) == col(mail.person),
            col(later.queued_at) > col(mail.queued_at),
            col(later.case).is_not(None),
            col(later.sent_at) > col(mail.refused_at),
        )
        .exists(),
        select(col(change.id))
        .where(
            col(change.organisation) == organisation,
            col(change.person) == col(mail.person),
            col(change.what) == "address",
            col(change.outcome) == "confirmed",
            col(change.settled_at) > col(mail.refused_at),
        )
        .exists(),
    )
    statement = (
        select(col(mail.person), col(CaseRow.reference))
        .join(CaseRow, col(CaseRow.id) == col(mail.case))
        .where(*_open(organisation), ~arrives)
        .order_by(col(mail.refused_at).desc(), col(mail.id))
        .limit(most)
    )
    found: dict[str, Refused] = {}
    for person, reference in (await session.execute(statement)).all():
        known = found.get(person)
        found[person] = known._replace(mails=known.mails + 1) if known else Refused(person, 1, reference)
    return list(found.values())


async def undelivered(
    session: AsyncSession, organisation: str, before: datetime, most: int
) -> tuple[int, datetime] | None:
    """Return how many mails of ordinary cases, up to `most`, have waited since `before`, and since when; or None."""
    statement = (
        select(col(MailRow.queued_at))
        .join(PersonRow, col(PersonRow.id) == col(MailRow.person))
        .where(
            col(MailRow.sent_at).is_(None),
            col(MailRow.dropped_at).is_(None),
            col(MailRow.refused_at).is_(None),
            col(MailRow.gathered_at).is_(None),
            col(MailRow.case).is_not(None),
            col(MailRow.queued_at) < before,
            # What waits first, and then whose it is: SQLite would go through all mails of everybody.
            func.coalesce(col(PersonRow.organisation), "") == organisation,
        )
        .order_by(col(MailRow.queued_at))
        .limit(most)
    )
    waiting = (await session.scalars(statement)).all()
    return (len(waiting), waiting[0]) if waiting else None


async def among(session: AsyncSession, organisation: str, cases: Iterable[str]) -> Sequence[CaseRow]:
    """Return the open ordinary cases of an organisation among those ids, the newest first."""
    # As many places as ever: how many there are tells of those that are no ordinary ones.
    ids = [*sorted(cases)[:_MOST_AMONG], *[""] * _MOST_AMONG][:_MOST_AMONG]
    which = and_(col(CaseRow.id).in_(ids), *_open(organisation))
    newest = select(CaseRow).where(which).order_by(col(CaseRow.opened_at).desc(), col(CaseRow.id)).options(*UNSEALED)
    return (await session.scalars(newest)).all()


async def spans(session: AsyncSession, organisation: str, ends: Sequence[datetime]) -> list[Span]:
    """Return what happened between each of `ends` and the one after it, the first included, the last not.

    Each question is asked of all spans at once: of every span it reads no more than its part of an index.
    """
    opened, closed, outcome = col(CaseRow.opened_at), col(CaseRow.closed_at), col(CaseRow.outcome)
    here = col(CaseRow.organisation) == organisation
    sent, ended, timed = list[Any](), list[Any](), list[Any]()
    for place, (first, last) in enumerate(pairwise(ends)):
        span = literal(place).label("span")
        within = (here, closed.is_not(None), closed >= first, closed < last)
        sent.append(select(span, func.count()).select_from(CaseRow).where(here, opened >= first, opened < last))
        ended.append(select(span, outcome, func.count()).where(*within).group_by(outcome))
        some = select(opened, closed).where(*within).order_by(closed, col(CaseRow.id)).limit(_MOST_TIMED).subquery()
        timed.append(select(span, some.c.opened_at, some.c.closed_at))
    began = {place: count for place, count in (await session.execute(union_all(*sent))).all()}  # noqa: C416 -- of rows
    over: dict[int, dict[str, int]] = {}
    for place, how, count in (await session.execute(union_all(*ended))).all():
        over.setdefault(place, {})[how or ""] = count
    took: dict[int, list[tuple[datetime, datetime]]] = {}
    for place, first, last in (await session.execute(union_all(*timed))).all():
        took.setdefault(place, []).append((first, last))
    return [Span(began[place], over.get(place, {}), tuple(took.get(place, ()))) for place in began]


def _open(organisation: str) -> tuple[ColumnElement[bool], ...]:
    return col(CaseRow.organisation) == organisation, col(CaseRow.closed_at).is_(None)


async def _moves(session: AsyncSession, cases: dict[str, CaseRow], which: ColumnElement[bool]) -> list[Moves]:
    """Return the open asks of `cases` of which `which` is true, the soonest due first, with those whom they reached."""
    asks = (
        select(AskRow)
        .where(col(AskRow.case).in_(sorted(cases)), col(AskRow.closed_at).is_(None), which)
        .order_by(col(AskRow.due), col(AskRow.case), col(AskRow.ask))
    )
    reached: dict[tuple[str, str], list[str]] = {}
    for row in await session.scalars(select(AskedRow).where(col(AskedRow.case).in_(sorted(cases)))):
        reached.setdefault((row.case, row.ask), []).append(row.person)
    return [
        Moves(cases[ask.case], ask.seat, ask.due, tuple(sorted(reached.get((ask.case, ask.ask), ()))))
        for ask in (await session.scalars(asks)).all()
    ]
