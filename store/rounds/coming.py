"""The dates that people look forward to, and the secret addresses under which their calendars read them."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from domain.access import CaseAccess
from store import queries
from store.rounds.tables import ComingRow, FeedRow
from store.tables import CaseRow, PersonRow

_SECRET: Final = 32
_AT_ONCE: Final = 500
"""How many cases are asked about in one question."""


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
    wanted = (
        select(ComingRow, CaseRow)
        .join(CaseRow, col(CaseRow.id) == col(ComingRow.case))
        .where(col(ComingRow.organisation) == organisation, col(CaseRow.closed_at).is_(None))
        .order_by(col(ComingRow.day), col(ComingRow.title), col(ComingRow.case), col(ComingRow.what))
    )
    if until is not None:
        wanted = wanted.where(col(ComingRow.day) <= until)
    if case is not None:
        wanted = wanted.where(col(ComingRow.case) == case)
    found = [(row, case) for row, case in (await session.execute(wanted)).all()]
    cases = list({one.id: one for _, one in found}.values())
    access: dict[str, CaseAccess] = {}
    for first in range(0, len(cases), _AT_ONCE):
        access |= await queries.accesses_of(session, cases[first : first + _AT_ONCE])
    return [Coming(row, one, access[one.id]) for row, one in found]


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
