"""The mail log: what is to be sent, and what became of it."""

from collections.abc import Mapping, Sequence
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


async def mark_handed_over(session: AsyncSession, digests: Mapping[str, str | None], at: datetime) -> None:
    """Note what became of mails at the mail server: the digest of what it took, or None where it refused for good."""
    for mail_id, digest in digests.items():
        taken = {"sent_at": at, "message_digest": digest} if digest is not None else {"refused_at": at}
        await session.execute(update(MailRow).where(col(MailRow.id) == mail_id).values(**taken))


async def mark_dropped(session: AsyncSession, mail_ids: Sequence[str], at: datetime) -> None:
    """Note that mails are no longer needed."""
    await session.execute(update(MailRow).where(col(MailRow.id).in_(mail_ids)).values(dropped_at=at))
