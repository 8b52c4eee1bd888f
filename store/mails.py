"""The mail log: what is to be sent, what was put by for a digest, and what became of it."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from domain.mails import NEUTRAL
from store.keys import Sealer
from store.statements import run, table
from store.tables import MailRow, TemplateTextRow

DIGEST: Final = "digest"
"""The template of the mail that stands for those that were put by."""

_AT_ONCE: Final = frozenset({"receipt", "disputed", "questioned", "stepped_aside", "cover_lost", NEUTRAL})
"""The mails that are never put by: what tells of a decision that may be forged, or that too few run a site (LIFE-09),
has to be read today, and of a neutral mail nobody may know what it is about."""

_MAIL: Final = table(MailRow)
_COUNTED: Final = (
    select(_MAIL.c.person, func.count())
    .where(
        _MAIL.c.person.in_(bindparam("people", expanding=True)),
        _MAIL.c.queued_at > bindparam("since"),
        _MAIL.c.id.not_in(bindparam("these", expanding=True)),
        _MAIL.c.case.is_not(None),
        _MAIL.c.template.not_in(sorted(_AT_ONCE)),
        _MAIL.c.gathered_at.is_(None),
        _MAIL.c.dropped_at.is_(None),
    )
    .group_by(_MAIL.c.person)
)
_QUEUED: Final = (
    select(_MAIL.c.person, func.count())
    .where(_MAIL.c.person.in_(bindparam("people", expanding=True)), _MAIL.c.queued_at > bindparam("since"))
    .group_by(_MAIL.c.person)
)
_THIS: Final = update(_MAIL).where(_MAIL.c.id == bindparam("mail"))
_TAKEN: Final = _THIS.values(sent_at=bindparam("at"), message_digest=bindparam("digest"))
_KEPT: Final = _TAKEN.values(
    template_digest=bindparam("made_of"),
    text_digest=bindparam("text"),
    sealed_parameters=bindparam("parameters"),
)
_REFUSED: Final = _THIS.values(refused_at=bindparam("at"))

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


@dataclass(frozen=True)
class MadeOf:
    """What a mail was made of: its template, and its parameters, sealed; and the digest of its text, less the link."""

    template: str
    source_digest: str
    source: str = field(repr=False)
    sealed_parameters: bytes = field(repr=False)
    text_digest: str


def seal_parameters(sealer: Sealer, mail_id: str, parameters: Mapping[str, object]) -> bytes:
    """Return what a mail of a case says, sealed with the key of the case; never its link."""
    return sealer.seal_json(f"mail|{mail_id}", parameters)


def parameters_of(sealer: Sealer, row: MailRow) -> dict[str, object] | None:
    """Return what a mail of a case said, or None where that was not kept.

    Raises:
        SealBrokenError: it was changed or moved.
    """
    sealed = row.sealed_parameters
    parameters: dict[str, object] | None = sealer.open_json(f"mail|{row.id}", sealed) if sealed is not None else None
    return parameters


async def mark_handed_over(
    session: AsyncSession,
    digests: Mapping[str, str | None],
    at: datetime,
    made_of: Mapping[str, MadeOf] | None = None,
) -> None:
    """Note what became of mails at the mail server: the digest of what it took, or None where it refused for good.

    `made_of` is what those of a case were made of, by their ids.
    """
    kept: list[dict[str, object]] = []
    taken: list[dict[str, object]] = []
    refused: list[dict[str, object]] = []
    for mail_id, digest in digests.items():
        made = (made_of or {}).get(mail_id)
        row: dict[str, object] = {"mail": mail_id, "at": at}
        if digest is None:
            refused.append(row)
        elif made is None:
            taken.append({**row, "digest": digest})
        else:
            of = {"made_of": made.source_digest, "text": made.text_digest, "parameters": made.sealed_parameters}
            kept.append({**row, "digest": digest, **of})
    for statement, rows in ((_KEPT, kept), (_TAKEN, taken), (_REFUSED, refused)):
        if rows:
            await run(session, statement, rows)


async def keep_templates(session: AsyncSession, made_of: Sequence[MadeOf]) -> None:
    """Keep the templates that mails were made from; what is kept already is left alone."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    for made in {one.source_digest: one for one in made_of}.values():
        row = {"digest": made.source_digest, "template": made.template, "json_text": made.source}
        await session.execute(insert(TemplateTextRow).values(row).on_conflict_do_nothing())


async def template_sources(session: AsyncSession, digests: Sequence[str]) -> dict[str, str]:
    """Return the templates with those digests, as they stood when mails were made from them."""
    wanted = select(TemplateTextRow).where(col(TemplateTextRow.digest).in_(digests))
    return {row.digest: row.json_text for row in await session.scalars(wanted)}


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
    of_each = Counter(row.person for row in counted)
    so_far: dict[str, int] = {}
    many: list[str] = []
    if counted:
        # All that was queued is counted in the index alone: hardly anybody comes near the limit.
        queued = dict(map(tuple, (await run(session, _QUEUED, {"people": list(of_each), "since": since})).all()))
        many = [person for person, count in of_each.items() if queued.get(person, 0) + count > most]
    if many:
        given = {"people": many, "these": [row.id for row in counted], "since": since}
        so_far = {row[0]: row[1] for row in (await run(session, _COUNTED, given)).all()}
    put_by = set()
    for row in (row for row in counted if row.person in many):
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


async def sent_with(session: AsyncSession, digest: str) -> Sequence[str]:
    """Return the ids of the mails for which that digest stands, once it was sent; of any other mail, none."""
    row = await mail(session, digest)
    if row is None or row.template != DIGEST or row.message_digest is None:
        return ()
    stood_for = select(col(MailRow.id)).where(
        col(MailRow.person) == row.person,
        col(MailRow.message_digest) == row.message_digest,
        col(MailRow.gathered_at).is_not(None),
    )
    return (await session.scalars(stood_for.order_by(col(MailRow.gathered_at), col(MailRow.id)))).all()


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
