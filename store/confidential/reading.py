"""Reading confidential cases: whole, by those who are in them; and who read what.

What a page shows it shows after `access_of` and `domain.access.allow`. A case that somebody may not see and one that is
not there have to look the same and take as long: that is what `for_person` is for.
"""

import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from domain.access import ConfidentialAccess
from domain.calendar import local_day
from domain.cases import Opening, Standing
from domain.events import Recorded
from domain.people import Asked, Directory
from store import queries
from store.confidential.parties import asked_now, cases_with, emergencies_of, holders, opened_for
from store.confidential.sealed import Emergency, Kept, Read, kept_in, opening_in, read_in, sealed_read
from store.confidential.tables import ConfidentialRow, ReadRow
from store.keys import CaseKeyMissingError, CaseKeys, SealBrokenError
from store.tables import MailRow

CASE_MANAGER: Final = "case_manager"
"""The seat of every route that sees to a case."""


@dataclass(frozen=True)
class Confidential:
    """A confidential case, whole.

    `asked` is whom each open ask reached, `opened` the references of the cases that were opened out of it, `refused`
    the people whose latest mail of it could not be delivered, `emergencies` what was proposed and what was opened.
    """

    row: ConfidentialRow
    opening: Opening
    standing: Standing
    history: tuple[Recorded, ...]
    asked: Mapping[str, tuple[Asked, ...]]
    opened: tuple[str, ...]
    refused: tuple[str, ...]
    emergencies: tuple[Emergency, ...]
    kept: Kept


async def by_reference(session: AsyncSession, keys: CaseKeys, reference: str) -> Confidential | None:
    """Return the case with that reference, or None.

    It takes longer where there is one: what a page is asked for by somebody, it looks for by `for_person`.
    """
    wanted = select(ConfidentialRow).where(col(ConfidentialRow.reference) == reference)
    row = (await session.scalars(wanted)).one_or_none()
    return await whole(session, keys, row) if row is not None else None


async def for_person(session: AsyncSession, keys: CaseKeys, reference: str, person: str) -> Confidential | None:
    """Return the case with that reference, open or closed, if `person` is in it.

    To anybody else it is as if it were not there, and takes as long.
    """
    wanted = (await cases_with(session, keys, person)).where(col(ConfidentialRow.reference) == reference)
    row = (await session.scalars(wanted)).one_or_none()
    return await whole(session, keys, row) if row is not None else None


async def of_person(session: AsyncSession, keys: CaseKeys, person: str, *, closed: bool = False) -> list[Confidential]:
    """Return the open cases in which `person` is asked or told, or which were opened for them, the latest first.

    With `closed` those that have ended, the latest ended first. One that cannot be read hides no other; `health` says
    that there is one.
    """
    ended = col(ConfidentialRow.closed_at)
    theirs = await cases_with(session, keys, person)
    theirs = theirs.where(ended.is_not(None)).order_by(ended.desc()) if closed else theirs.where(ended.is_(None))
    rows = await session.scalars(theirs.order_by(col(ConfidentialRow.opened_at).desc(), col(ConfidentialRow.id)))
    found = []
    for row in rows.all():
        with suppress(queries.BrokenRecordError, CaseKeyMissingError, SealBrokenError):
            found.append(await whole(session, keys, row))
    return found


async def has_closed_ones(session: AsyncSession, keys: CaseKeys, person: str) -> bool:
    """Return whether `person` is found in a case that has ended."""
    theirs = (await cases_with(session, keys, person)).where(col(ConfidentialRow.closed_at).is_not(None))
    return (await session.scalars(theirs.limit(1))).first() is not None


async def whole(session: AsyncSession, keys: CaseKeys, row: ConfidentialRow) -> Confidential:
    """Return the case of `row`.

    Raises:
        BrokenRecordError: an event was changed.
        CaseKeyMissingError: the case was erased.
        SealBrokenError: what is sealed was changed or moved.
    """
    sealer = await keys.of(row.id, session)
    kept = kept_in(sealer, row)
    return Confidential(
        row=row,
        opening=opening_in(sealer, row),
        standing=kept.standing,
        history=await queries.history(session, keys, row.id),
        asked={ask: reaches.asked for ask, reaches in kept.reaches.items()},
        opened=kept.opened,
        refused=await refused(session, kept),
        emergencies=await emergencies_of(session, sealer),
        kept=kept,
    )


async def refused(session: AsyncSession, kept: Kept) -> tuple[str, ...]:
    """Return the people whose latest mail of the case could not be delivered."""
    ids = [mail.id for mail in kept.mails.values()]
    wanted = select(col(MailRow.person)).where(col(MailRow.id).in_(ids), col(MailRow.refused_at).is_not(None))
    return tuple(sorted(await session.scalars(wanted)))


def access_of(case: Confidential, directory: Directory, at: datetime) -> ConfidentialAccess:
    """Return what of a case decides who may see it, by the people as they are in `directory` at `at`.

    Those who see to it stay in it when somebody else is asked, and after its end. Whom an ask reached counts for as
    long as it would still reach them: somebody who left, or holds the seat no more, is out at once.
    """
    kept, day = case.kept, local_day(at)
    asked = {ask.ask: {one.person for one in asked_now(kept, ask.ask, directory, day)} for ask in kept.standing.asks}
    managing = [asked[ask.ask] for ask in kept.standing.asks if ask.seat == CASE_MANAGER]
    if kept.standing.managing is not None:
        managing.append({one.person for one in asked_now(kept, kept.standing.managing, directory, day)})
    managers: frozenset[str] = frozenset().union(*managing)
    return ConfidentialAccess(
        organisation=case.row.organisation,
        asked=managers.union(*asked.values()),
        managers=managers,
        told=frozenset(holders(kept, kept.standing.told, directory, day)),
        opened_for=opened_for(case.emergencies, at),
        recused=kept.recused,
    )


async def note_read(session: AsyncSession, keys: CaseKeys, case: str, person: str, what: str, at: datetime) -> None:
    """Write down that `person` read `what` of the case with the id `case`.

    Raises:
        CaseKeyMissingError: the case was erased.
    """
    sealer, row_id = await keys.of(case, session), secrets.token_hex(16)
    sealed = sealed_read(sealer, row_id, Read(person=person, what=what, at=at))
    session.add(ReadRow(id=row_id, case=case, at=at, sealed=sealed))
    await session.flush()


async def reads_of(session: AsyncSession, keys: CaseKeys, case: str) -> list[Read]:
    """Return who read what of the case with the id `case`, the first first."""
    sealer = await keys.of(case, session)
    rows = select(ReadRow).where(col(ReadRow.case) == case).order_by(col(ReadRow.at), col(ReadRow.id))
    return [read_in(sealer, row) for row in await session.scalars(rows)]
