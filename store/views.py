"""The views that an administrator keeps: what they look for often, under names of theirs."""

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from store.tables import SavedViewRow

MOST_VIEWS: Final = 20
"""Views that one person keeps, at most."""


async def views_of(session: AsyncSession, person: str) -> Sequence[SavedViewRow]:
    """Return the views that `person` keeps, by name."""
    theirs = select(SavedViewRow).where(col(SavedViewRow.person) == person)
    return (await session.scalars(theirs.order_by(col(SavedViewRow.name)))).all()


def keep(session: AsyncSession, person: str, name: str, query: str, at: datetime) -> None:
    """Keep `query` under a `name` that `person` has for no other view."""
    session.add(SavedViewRow(id=secrets.token_hex(16), person=person, name=name, query=query, kept_at=at))


async def forget(session: AsyncSession, person: str, view: str) -> None:
    """Forget a view of `person`; one that is not there, or somebody else's, is left alone."""
    await session.execute(delete(SavedViewRow).where(col(SavedViewRow.person) == person, col(SavedViewRow.id) == view))
