"""Which cases do not get on, since what they say cannot be put on record, however often that is tried.

Of a turn that fails Temporal itself keeps count. Of an activity it does not, but by asking case by case.
"""

from datetime import datetime
from typing import Final

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from store.tables import StuckRow

TRIES: Final = 5
"""How many tries have failed when a case is said not to get on: as many as it takes Temporal to say so of a turn."""

_MOST: Final = 200


async def note(session: AsyncSession, case: str, at: datetime) -> None:
    """Note that `case` does not get on; since when, is since it was first noted."""
    if await session.get(StuckRow, case) is None:
        session.add(StuckRow(case=case, since=at))


async def forget(session: AsyncSession, case: str) -> None:
    """Note that `case` gets on again."""
    await session.execute(delete(StuckRow).where(col(StuckRow.case) == case))


async def cases(session: AsyncSession) -> frozenset[str]:
    """Return the ids of cases that do not get on, of whichever kind: of very many those that have not for longest."""
    longest = select(col(StuckRow.case)).order_by(col(StuckRow.since), col(StuckRow.case)).limit(_MOST)
    return frozenset(await session.scalars(longest))
