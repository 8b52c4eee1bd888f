"""Signing desks: the secret address at which visitors sign on a device of the school."""

import hashlib
import secrets
from datetime import datetime
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from store.rounds.tables import DeskRow

_SECRET: Final = 32


def digest(secret: str) -> str:
    """Return what of the secret of a desk is kept."""
    return hashlib.sha256(b"duly/signing-desk/v1" + secret.encode()).hexdigest()


async def make(session: AsyncSession, campaign: str, by: str, at: datetime) -> str:
    """Return the secret of a new desk for a campaign; an older one does no more."""
    await revoke(session, campaign, at)
    secret = secrets.token_urlsafe(_SECRET)
    session.add(DeskRow(digest=digest(secret), campaign=campaign, made_by=by, made_at=at))
    await session.flush()
    return secret


async def revoke(session: AsyncSession, campaign: str, at: datetime) -> None:
    """Let nobody sign any more at the desk of a campaign."""
    open_ones = update(DeskRow).where(col(DeskRow.campaign) == campaign, col(DeskRow.revoked_at).is_(None))
    await session.execute(open_ones.values(revoked_at=at))


async def find(session: AsyncSession, secret: str) -> DeskRow | None:
    """Return the desk with that secret, revoked or not; None where there is none."""
    return await session.get(DeskRow, digest(secret))


async def desk_of(session: AsyncSession, campaign: str) -> DeskRow | None:
    """Return the desk at which visitors sign for a campaign now, or None."""
    wanted = select(DeskRow).where(col(DeskRow.campaign) == campaign, col(DeskRow.revoked_at).is_(None))
    return (await session.scalars(wanted)).first()
