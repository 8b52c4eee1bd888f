"""The asks that are open, many at a time: whom each may reach, whom it does reach, and who is mailed anew."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from domain.asking import AUTHOR, SIGNER
from domain.people import Asked
from store.queries import waiting_for
from store.tables import AskedRow, AskRow, CaseRow, MailRow


class Reaches(NamedTuple):
    """An open ask: its school, whose own the request is, the seats and people it may ask, and those it reaches.

    `fixed` are the people whom no seat decides: those whose own the request is, where they are asked for changes.
    """

    case: str
    ask: str
    organisation: str
    school: str
    own: frozenset[str]
    ladder: tuple[str, ...]
    also: tuple[str, ...]
    named: str | None
    excluded: frozenset[str]
    fixed: tuple[Asked, ...] | None
    asked: frozenset[Asked]


async def open_asks(session: AsyncSession, after: tuple[str, str], most: int) -> list[Reaches]:
    """Return the open asks but those for one person's signature, in order; those after a case and its ask."""
    case, ask = col(AskRow.case), col(AskRow.ask)
    further = (case >= after[0], or_(case > after[0], and_(case == after[0], ask > after[1])))
    found = (
        await session.execute(
            select(
                case,
                ask,
                col(AskRow.ladder),
                col(AskRow.escalated_to),
                col(AskRow.named),
                col(AskRow.excluded),
                col(AskRow.seat),
            )
            .where(col(AskRow.closed_at).is_(None), *further, col(AskRow.seat) != SIGNER)
            .order_by(case, ask)
            .limit(most)
        )
    ).all()
    # Not joined: a database that began with the cases of an organisation would go through all of them each time.
    ids = {row[0] for row in found}
    about = select(
        col(CaseRow.id), col(CaseRow.organisation), col(CaseRow.school), col(CaseRow.author), col(CaseRow.starter)
    )
    cases = {row[0]: row for row in await session.execute(about.where(col(CaseRow.id).in_(ids)))}
    reached: dict[tuple[str, str], set[Asked]] = {}
    for row in await session.scalars(select(AskedRow).where(col(AskedRow.case).in_(ids))):
        one = Asked(person=row.person, seat=row.seat, instead_of=row.instead_of)
        reached.setdefault((row.case, row.ask), set()).add(one)
    return [
        Reaches(
            case=row[0],
            ask=row[1],
            organisation=cases[row[0]][1],
            school=cases[row[0]][2],
            own=frozenset(cases[row[0]][3:5]),
            ladder=tuple(row[2].split()),
            also=tuple(row[3].split()),
            named=row[4],
            excluded=frozenset(row[5].split()),
            fixed=tuple(Asked(person=own, seat=AUTHOR) for own in cases[row[0]][3:5]) if row[6] == AUTHOR else None,
            asked=frozenset(reached.get((row[0], row[1]), ())),
        )
        for row in found
    ]


async def mail_again(session: AsyncSession, person: str, occasion: str, at: datetime) -> tuple[str, ...]:
    """Queue the mail of every open ask that reached `person` once more, at their new address; return the mails' ids.

    `occasion` is the change of the address, which tells these mails apart from those of another one. Where no mail of
    an ask ever reached them, this one is about what the first was about: their time to answer may run from it.
    """
    asks = [
        (case.id, ask.ask, "changes" if ask.seat == AUTHOR else "ask")
        for case, ask in await waiting_for(session, person, None)
    ]
    about = await _never_told(session, person, [case for case, _, _ in asks])
    mails = [
        MailRow(
            id=_mail_id(occasion, case, ask),
            case=case,
            person=person,
            template=template,
            about=about.get((case, ask)),
            ask=ask,
            queued_at=at,
        )
        for case, ask, template in asks
    ]
    session.add_all(mails)
    await session.flush()
    return tuple(mail.id for mail in mails)


async def _never_told(session: AsyncSession, person: str, cases: Sequence[str]) -> dict[tuple[str, str], int]:
    """Return what the first mail of an ask to `person` was about, by case and ask; of one that they were told of, none.

    That they are reminded tells them, too.
    """
    theirs = select(MailRow).where(
        col(MailRow.case).in_(cases), col(MailRow.person) == person, col(MailRow.ask).is_not(None)
    )
    about: dict[tuple[str, str], int] = {}
    told: set[tuple[str, str]] = set()
    for row in await session.scalars(theirs.order_by(col(MailRow.queued_at))):
        key = row.case or "", row.ask or ""
        if row.sent_at is not None:
            told.add(key)
        if row.template in {"ask", "changes"} and row.about is not None:
            about.setdefault(key, row.about)
    return {key: n for key, n in about.items() if key not in told}


def _mail_id(occasion: str, case: str, ask: str) -> str:
    return hashlib.sha256(f"address|{occasion}|{case}|{ask}".encode()).hexdigest()[:32]
