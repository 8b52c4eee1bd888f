"""School accounts: which person the account that a provider calls so belongs to."""

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from store.tables import IdentityRow


async def person_of(session: AsyncSession, issuer: str, subject: str) -> str | None:
    """Return the person whose account it is, or None where nobody has been linked to it."""
    row = await session.get(IdentityRow, (issuer, subject))
    return row.person if row is not None else None


async def is_linked(session: AsyncSession, issuer: str, person: str) -> bool:
    """Return whether `person` has an account with `issuer`."""
    own = select(IdentityRow).where(col(IdentityRow.person) == person, col(IdentityRow.issuer) == issuer)
    return (await session.scalars(own)).first() is not None


async def link(session: AsyncSession, issuer: str, subject: str, person: str, at: datetime) -> bool:
    """Note that the account is `person`'s; return whether it is, which it cannot be where either has another."""
    row = {"issuer": issuer, "subject": subject, "person": person, "linked_at": at}
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    await session.execute(insert(IdentityRow).values(row).on_conflict_do_nothing())
    return await person_of(session, issuer, subject) == person


async def unlink(session: AsyncSession, person: str) -> None:
    """Have `person` be known by no account any more."""
    await session.execute(delete(IdentityRow).where(col(IdentityRow.person) == person))
