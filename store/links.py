"""The links of mails: a token that is only in its mail, and what its digest is bound to."""

import hashlib
import secrets
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final, Literal, NamedTuple, cast

from sqlalchemy import and_, bindparam, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from domain.people import Person
from store import people
from store.statements import add, first, run, table
from store.tables import DirectoryRow, EventRow, LinkRow, MailRow, OpenedRow, PersonRow

_TOKEN: Final = 32
_LASTS: Final = timedelta(days=90)
_MOST_OPEN: Final = 5

_LINK: Final = table(LinkRow)
_OPENED: Final = table(OpenedRow)
_FOUND: Final = select(_LINK).where(_LINK.c.digest == bindparam("digest"))
_SURPLUS: Final = (
    select(_LINK.c.digest)
    .where(
        _LINK.c.case == bindparam("case"),
        _LINK.c.ask == bindparam("ask"),
        _LINK.c.person == bindparam("person"),
        _LINK.c.purpose == bindparam("purpose"),
        _LINK.c.status == "open",
    )
    .order_by(_LINK.c.issued_at.desc(), _LINK.c.digest)
    .offset(_MOST_OPEN)
)
_FIRST_OPENED: Final = select(_OPENED).where(
    _OPENED.c.case == bindparam("case"),
    _OPENED.c.version == bindparam("version"),
    _OPENED.c.person == bindparam("person"),
)
_EVENT: Final = table(EventRow)
_PERSON: Final = table(PersonRow)
_DIRECTORY: Final = table(DirectoryRow)
_HEAD: Final = (
    select(_EVENT.c.hash).where(_EVENT.c.case == _LINK.c.case).order_by(_EVENT.c.n.desc()).limit(1).scalar_subquery()
)
_AT_HAND: Final = (
    select(
        _LINK,
        _HEAD.label("head"),
        _OPENED.c.at.label("opened_at"),
        _PERSON.c.organisation.label("organisation"),
        _DIRECTORY.c.version.label("directory"),
    )
    .outerjoin(_PERSON, _PERSON.c.id == _LINK.c.person)
    .outerjoin(_DIRECTORY, _DIRECTORY.c.organisation == _PERSON.c.organisation)
    .outerjoin(
        _OPENED,
        and_(_OPENED.c.case == _LINK.c.case, _OPENED.c.version == _LINK.c.version, _OPENED.c.person == _LINK.c.person),
    )
    .where(_LINK.c.digest == bindparam("digest"))
)

Purpose = Literal["answer", "dispute"]
"""What a link is for: to answer an ask; or to say that an answer in one's name was not one's own. Never both."""


def digest(token: str) -> str:
    """Return what of a token is kept."""
    return hashlib.sha256(b"duly/decision-link/v1" + token.encode()).hexdigest()


async def mint(
    session: AsyncSession,
    *,
    case: str,
    ask: str,
    person: str,
    version: int,
    at: datetime,
    purpose: Purpose = "answer",
) -> str:
    """Return a new token with which `person` may answer `ask` once, or dispute its answer, for the next 90 days.

    Older ones for the same stay usable until any of them is used, the latest few of them.
    """
    token = secrets.token_urlsafe(_TOKEN)
    same = {"case": case, "ask": ask, "person": person, "purpose": purpose}
    link = {
        "digest": digest(token),
        "id": secrets.token_hex(_TOKEN // 2),
        "version": version,
        "issued_at": at,
        "expires_at": at + _LASTS,
    }
    await add(session, LinkRow, [link | same])
    surplus = (await run(session, _SURPLUS, same)).scalars().all()
    if surplus:
        closing = update(LinkRow).where(col(LinkRow.digest).in_(surplus))
        await session.execute(closing.values(status="superseded", closed_at=at))
    return token


async def find(session: AsyncSession, token: str, purpose: Purpose = "answer") -> LinkRow | None:
    """Return the link of a token, open or not; None where there is none for that purpose."""
    link = await first(session, _FOUND, LinkRow, digest=digest(token))
    return link if link is not None and link.purpose == purpose else None


class AtHand(NamedTuple):
    """A link with what is asked at once of whoever comes by it.

    `head` is the hash of the last event of its case, `opened_at` when its person was first shown its version of the
    form; `person` is None where they are in the directory no more.
    """

    link: LinkRow
    person: Person | None
    head: str
    opened_at: datetime | None


async def at_hand(session: AsyncSession, token: str) -> AtHand | None:
    """Return the link of a token by which one answers, with all that goes with it; None where there is none."""
    found = (await run(session, _AT_HAND, {"digest": digest(token)})).first()
    if found is None or found.purpose != "answer":
        return None
    person = None
    if found.organisation is not None:
        person = await people.of_version(session, found.person, found.organisation, found.directory)
    return AtHand(cast("LinkRow", found), person, found.head or "", found.opened_at)


async def close_all(session: AsyncSession, people: Sequence[str], at: datetime) -> None:
    """Close every link of `people`: they have left, or their mail goes elsewhere now."""
    theirs = update(LinkRow).where(col(LinkRow.person).in_(people), col(LinkRow.status) == "open")
    await session.execute(theirs.values(status="closed", closed_at=at))


async def queue_again(session: AsyncSession, token: str, at: datetime) -> str | None:
    """Queue the mail of an expired link anew, to the person whom it was for; return the mail's id.

    However often it is asked for, one expired link brings one mail. None is a link that is closed, or none at all.
    """
    link = await find(session, token)
    if link is None or link.status != "open":
        return None
    mail_id = hashlib.sha256(f"again|{link.digest}".encode()).hexdigest()[:32]
    mail = MailRow(id=mail_id, case=link.case, person=link.person, template="ask", ask=link.ask, queued_at=at)
    if await session.get(MailRow, mail_id) is None:
        with suppress(IntegrityError):
            async with session.begin_nested():
                session.add(mail)
    return mail_id


async def record_opened(session: AsyncSession, case: str, version: int, person: str, at: datetime) -> datetime:
    """Write down that `person` was shown a version of the form, whole; return when they first were (SITE-37)."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    row = {"case": case, "version": version, "person": person, "at": at}
    noted = await run(session, insert(_OPENED).on_conflict_do_nothing().returning(_OPENED.c.at), row)
    return noted.scalar() or await opened_at(session, case, version, person) or at


async def opened_at(session: AsyncSession, case: str, version: int, person: str) -> datetime | None:
    """Return when `person` was first shown a version of the form, or None."""
    row = await first(session, _FIRST_OPENED, OpenedRow, case=case, version=version, person=person)
    return row.at if row is not None else None
