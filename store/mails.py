"""The mail log: what is to be sent, and what became of it."""

from datetime import datetime

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from store.tables import MailRow


async def queued(session: AsyncSession, mail_id: str) -> MailRow | None:
    """Return the mail if it is still to be sent, or None."""
    row = await session.get(MailRow, mail_id)
    if row is None or row.sent_at or row.dropped_at or row.refused_at:
        return None
    return row


async def mark_sent(session: AsyncSession, mail_id: str, at: datetime, message_digest: str) -> None:
    """Note that the mail server took the mail, and the digest of what it took."""
    await _mark(session, mail_id, {"sent_at": at, "message_digest": message_digest})


async def mark_dropped(session: AsyncSession, mail_id: str, at: datetime) -> None:
    """Note that the mail is no longer needed."""
    await _mark(session, mail_id, {"dropped_at": at})


async def mark_refused(session: AsyncSession, mail_id: str, at: datetime) -> None:
    """Note that the mail server refused the address for good."""
    await _mark(session, mail_id, {"refused_at": at})


async def _mark(session: AsyncSession, mail_id: str, values: dict[str, object]) -> None:
    await session.execute(update(MailRow).where(col(MailRow.id) == mail_id).values(**values))
