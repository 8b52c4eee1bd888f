"""The dates that people look forward to, and the secret addresses under which their calendars read them."""

import hashlib
import secrets
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import count
from typing import Final

from sqlalchemy import ColumnElement, and_, literal, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from domain.access import CaseAccess
from store import queries
from store.rounds.tables import ComingRow, FeedRow, SeatRow, SignatureRow, TeamRow
from store.tables import AskedRow, AskRow, CaseRow, HoldingRow, MailRow, PersonRow

_SECRET: Final = 32
_AT_ONCE: Final = 150
"""Dates that are read at once."""


@dataclass(frozen=True)
class Coming:
    """A date, its case, and who may see that."""

    row: ComingRow
    case: CaseRow
    access: CaseAccess


async def coming(
    session: AsyncSession, organisation: str, until: date | None = None, case: str | None = None
) -> list[Coming]:
    """Return the dates of an organisation, those that have passed included, the first first; or those of one case."""
    return [one async for one in in_order(session, organisation, until, case=case)]


async def in_order(
    session: AsyncSession,
    organisation: str,
    until: date | None = None,
    *,
    case: str | None = None,
    person: str | None = None,
    after: tuple[str, str] | None = None,
) -> AsyncIterator[Coming]:
    """Yield the dates of an organisation, as `coming` returns them: whoever has enough has read no more than that.

    They begin after the date `after` (its case, and what comes of it), where that is one of theirs. Of a `person` who
    is no administrator, those of cases in which they have no part are left out, reviews apart.
    """
    order = (col(ComingRow.day), col(ComingRow.title), col(ComingRow.case), col(ComingRow.what))
    wanted = (
        select(ComingRow, CaseRow)
        .join(CaseRow, col(CaseRow.id) == col(ComingRow.case))
        .where(col(ComingRow.organisation) == organisation, col(CaseRow.closed_at).is_(None))
        .order_by(*order)
        .options(*queries.UNSEALED)
    )
    if until is not None:
        wanted = wanted.where(col(ComingRow.day) <= until)
    if case is not None:
        wanted = wanted.where(col(ComingRow.case) == case)
    last = await session.get(ComingRow, after) if after is not None else None
    if last is not None and last.organisation == organisation:
        place = (last.day, last.title, last.case, last.what)
        wanted = wanted.where(tuple_(*order) > place)
    if person is not None:
        wanted = wanted.where(_may_have_a_part(person))
    for read in count(0, _AT_ONCE):
        found = (await session.execute(wanted.offset(read).limit(_AT_ONCE))).all()
        cases = list({one.id: one for _, one in found}.values())
        access = await queries.accesses_of(session, cases) if cases else {}
        for row, one in found:
            yield Coming(row, one, access[one.id])
        if len(found) < _AT_ONCE:
            return


def _may_have_a_part(person: str) -> ColumnElement[bool]:
    """Return the condition that a date is of a review, or of a case in which `person` may have a part.

    It lets through whatever `domain.access.allow` lets somebody see who is no administrator, and some more.
    """
    case, one = col(ComingRow.case), literal(1)
    holds = and_(
        col(HoldingRow.seat) == col(SeatRow.seat),
        col(HoldingRow.school) == col(CaseRow.school),
        col(HoldingRow.person) == person,
    )
    told = select(one).where(col(MailRow.case) == case, col(MailRow.person) == person).exists()
    return or_(
        col(ComingRow.what) == "review",
        col(CaseRow.starter) == person,
        col(CaseRow.author) == person,
        select(one).where(col(TeamRow.case) == case, col(TeamRow.person) == person).exists(),
        select(one).where(col(SignatureRow.case) == case, col(SignatureRow.person) == person).exists(),
        select(one).join_from(SeatRow, HoldingRow, holds).where(col(SeatRow.case) == case).exists(),
        select(one).where(col(AskedRow.case) == case, col(AskedRow.person) == person).exists(),
        select(one).where(col(AskRow.case) == case, col(AskRow.decided_by) == person).exists(),
        # Of what is nobody's request nobody is told by mail who may not see it anyway.
        and_(col(CaseRow.author) != "", told),
    )


async def new_feed(session: AsyncSession, person: str, at: datetime) -> str:
    """Return a new secret for somebody's calendar; the one that they had is no good any more."""
    # Of two that are made at the same moment, one comes after the other.
    await session.get(PersonRow, person, with_for_update=True)
    await end_feed(session, person, at)
    secret = secrets.token_urlsafe(_SECRET)
    session.add(FeedRow(digest=digest(secret), person=person, made_at=at))
    return secret


async def end_feed(session: AsyncSession, person: str, at: datetime) -> None:
    """Have the secret of somebody's calendar be good for nothing from now on."""
    theirs = update(FeedRow).where(col(FeedRow.person) == person, col(FeedRow.revoked_at).is_(None))
    await session.execute(theirs.values(revoked_at=at))


async def feed_of(session: AsyncSession, person: str) -> FeedRow | None:
    """Return since when somebody's calendar has a secret, or None where it has none."""
    theirs = select(FeedRow).where(col(FeedRow.person) == person, col(FeedRow.revoked_at).is_(None))
    rows: Sequence[FeedRow] = (await session.scalars(theirs.order_by(col(FeedRow.made_at).desc()))).all()
    return rows[0] if rows else None


async def owner_of(session: AsyncSession, secret: str) -> str | None:
    """Return whose calendar a secret is for, or None where it is good for nothing."""
    row = await session.get(FeedRow, digest(secret))
    return row.person if row is not None and row.revoked_at is None else None


def digest(secret: str) -> str:
    """Return the digest under which the secret of a calendar is known."""
    return hashlib.sha256(b"duly/feed/v1" + secret.encode()).hexdigest()
