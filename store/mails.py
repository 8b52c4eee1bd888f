"""The mail log: what is to be sent, what was put by for a digest, and what became of it."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from domain.mails import NEUTRAL
from store.keys import Sealer
from store.tables import MailRow

DIGEST: Final = "digest"
"""The template of the mail that stands for those that were put by."""

_AT_ONCE: Final = frozenset({"receipt", "disputed", "stepped_aside", NEUTRAL})
"""The mails that are never put by: what tells of a decision that may be forged has to be read today, and of a neutral
mail nobody may know what it is about."""

_UNSETTLED: Final = (
    col(MailRow.sent_at).is_(None),
    col(MailRow.dropped_at).is_(None),
    col(MailRow.refused_at).is_(None),
)
_PUT_BY: Final = (col(MailRow.gathered_at).is_not(None), *_UNSETTLED)


async def mail(session: AsyncSession, mail_id: str) -> MailRow | None:
    """Return the mail with that id, whatever became of it, or None."""
    return await session.get(MailRow, mail_id)


async def queued(session: AsyncSession, mail_id: str) -> MailRow | None:
    """Return the mail if it is still to be sent by itself, or None."""
    row = await mail(session, mail_id)
    if row is None or row.sent_at or row.dropped_at or row.refused_at or row.gathered_at:
        return None
    return row


def neutral(sealer: Sealer, occasion: str, person: str, at: datetime) -> MailRow:
    """Return the neutral mail to `person` on an `occasion` in the case whose key `sealer` has, such as an event.

    Its row names no case, and its id is nobody's guess: it cannot be told from that of any other case.
    """
    return MailRow(id=sealer.mark("mail", occasion, person)[:32], person=person, template=NEUTRAL, queued_at=at)


async def mark_handed_over(session: AsyncSession, digests: Mapping[str, str | None], at: datetime) -> None:
    """Note what became of mails at the mail server: the digest of what it took, or None where it refused for good."""
    for mail_id, digest in digests.items():
        taken = {"sent_at": at, "message_digest": digest} if digest is not None else {"refused_at": at}
        await session.execute(update(MailRow).where(col(MailRow.id) == mail_id).values(**taken))


async def mark_dropped(session: AsyncSession, mail_ids: Sequence[str], at: datetime) -> None:
    """Note that mails are no longer needed."""
    await session.execute(update(MailRow).where(col(MailRow.id).in_(mail_ids)).values(dropped_at=at))


async def gather(
    session: AsyncSession,
    rows: Sequence[MailRow],
    most: int,
    since: datetime,
    at: datetime,
    *,
    urgent: bool = False,
) -> list[MailRow]:
    """Return those of `rows` that go now; put by for a digest what exceeds `most` mails to one person `since`.

    Some mails go in any case, and do not count; where it is `urgent`, as in a case of safeguarding, all do.
    """
    counted = [] if urgent else [row for row in rows if row.template not in _AT_ONCE]
    many = (
        select(col(MailRow.person), func.count())
        .where(
            col(MailRow.person).in_({row.person for row in counted}),
            col(MailRow.queued_at) > since,
            col(MailRow.id).not_in([row.id for row in counted]),
            col(MailRow.case).is_not(None),
            col(MailRow.template).not_in(_AT_ONCE),
            col(MailRow.gathered_at).is_(None),
            col(MailRow.dropped_at).is_(None),
        )
        .group_by(col(MailRow.person))
    )
    so_far = {row[0]: row[1] for row in (await session.execute(many)).all()} if counted else {}
    put_by = set()
    for row in counted:
        so_far[row.person] = so_far.get(row.person, 0) + 1
        if so_far[row.person] > most:
            put_by.add(row.id)
    if put_by:
        await session.execute(update(MailRow).where(col(MailRow.id).in_(put_by)).values(gathered_at=at))
    return [row for row in rows if row.id not in put_by]


async def put_by(session: AsyncSession, before: datetime) -> Sequence[str]:
    """Return the people for whom mails have been put by since `before`, or for longer."""
    waiting = select(col(MailRow.person)).where(*_PUT_BY, col(MailRow.gathered_at) <= before)
    return (await session.scalars(waiting.distinct().order_by(col(MailRow.person)))).all()


async def left_behind(session: AsyncSession, before: datetime, most: int = 500) -> Sequence[str]:
    """Return the ids of mails that were queued `before` and are to be sent still, the oldest first."""
    waiting = select(col(MailRow.id)).where(
        *_UNSETTLED, col(MailRow.gathered_at).is_(None), col(MailRow.queued_at) < before
    )
    return (await session.scalars(waiting.order_by(col(MailRow.queued_at)).limit(most))).all()


async def gathered(session: AsyncSession, person: str) -> Sequence[MailRow]:
    """Return the mails that are put by for `person`, oldest first."""
    theirs = select(MailRow).where(*_PUT_BY, col(MailRow.person) == person)
    return (await session.scalars(theirs.order_by(col(MailRow.gathered_at), col(MailRow.id)))).all()


async def queue_digests(session: AsyncSession, people: Sequence[str], at: datetime) -> list[str]:
    """Queue a digest for each of `people`, if none is queued, and return the ids of all that are to be sent."""
    ids = []
    for person in people:
        digest = select(col(MailRow.id)).where(
            *_UNSETTLED, col(MailRow.person) == person, col(MailRow.template) == DIGEST
        )
        known = (await session.scalars(digest)).first()
        waiting = await gathered(session, person)
        if known is None and waiting:
            known = hashlib.sha256(f"{DIGEST}|{waiting[0].id}".encode()).hexdigest()[:32]
            session.add(MailRow(id=known, person=person, template=DIGEST, queued_at=at))
        if known is not None:
            ids.append(known)
    await session.flush()
    return ids
