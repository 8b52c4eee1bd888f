"""Erasing a confidential case: two of its custodians want it, its key is destroyed, and its links and a tombstone stay.

What is sealed with the key is lost with it, wherever a copy of it is. The links of the chain hold salted commitments,
and the salts are sealed too: nothing can be guessed from them, and the chain still verifies.

Source: KCSIE, Part Four (records); UK GDPR, Article 5(1)(e).
"""

import json
import secrets
from collections.abc import Sequence
from datetime import date, datetime
from typing import Final

from sqlalchemy import delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from domain.calendar import local_day
from domain.chain import Salted, forge
from domain.entries import CaseErased, ErasureProposed
from domain.keeping import Bar, bar_to_erasing, bar_to_proposing, is_due
from domain.people import Directory
from store.confidential.keeping import InHand, in_hand, term
from store.confidential.sealed import kept_in, opening_in
from store.confidential.tables import (
    ConfidentialRow,
    EmergencyRow,
    PartyRow,
    ReadRow,
    ReceiptRow,
    TombstoneRow,
)
from store.keys import CaseKeys
from store.records import head
from store.tables import CaseKeyRow, EventRow, MailRow, StuckRow

DULY: Final = "duly"
"""Who proposes an erasure because its time has come."""

_SALT: Final = 16


class NotErasedError(Exception):
    """A case is not erased, and stays as it is; `bar` says why."""

    def __init__(self, bar: Bar) -> None:
        super().__init__(f"the case is not erased: {bar}")
        self.bar = bar


async def wants_a_look(session: AsyncSession, keys: CaseKeys, row: ConfidentialRow, today: date) -> bool:
    """Return whether `look` has anything to do with a case.

    Raises:
        CaseKeyMissingError: its key was lost.
        SealBrokenError: what is sealed was changed or moved.
    """
    keeping = kept_in(await keys.of(row.id, session), row).keeping
    comes_due = is_due(keeping, today) and not keeping.holds and keeping.due_since is None
    return row.closed_at is not None and (keeping.term is None or bool(keeping.unrecorded) or comes_due)


async def look(
    session: AsyncSession, keys: CaseKeys, case: str, directory: Directory, at: datetime
) -> tuple[MailRow, ...]:
    """Work out until when a closed case is kept, and propose its erasure once that is over and no hold is in force.

    Return the mails that tell its custodians. A look that was taken before changes nothing.

    Raises:
        BrokenRecordError: an event of it was changed.
    """
    held = await in_hand(session, keys, case, directory, at)
    if held is None or not held.closed:
        return ()
    keeping = held.keeping.model_copy(update={"term": await term(session, keys, held.row, held.kept)})
    comes_due = is_due(keeping, local_day(at)) and not keeping.holds and keeping.due_since is None
    if not comes_due or not held.custodians:
        await held.settle(keeping)
        return ()
    await held.settle(keeping.model_copy(update={"due_since": local_day(at)}), ErasureProposed(by=DULY))
    return await held.tell_custodians("due")


async def propose(
    session: AsyncSession, keys: CaseKeys, case: str, directory: Directory, person: str, at: datetime
) -> tuple[MailRow, ...]:
    """Have `person` want a case erased whose time is over; return the mails that tell the other custodians.

    Raises:
        NotErasedError: that is not for them to want, or not yet.
    """
    held = await _known(session, keys, case, directory, at)
    keeping = held.keeping.model_copy(update={"term": await term(session, keys, held.row, held.kept)})
    bar = bar_to_proposing(keeping, closed=held.closed, custodians=held.custodians, person=person, today=local_day(at))
    if bar is not None:
        raise NotErasedError(bar)
    if keeping.erasure_by in held.custodians:
        return ()
    await held.settle(keeping.model_copy(update={"erasure_by": person}), ErasureProposed(by=person))
    return await held.tell_custodians("erasure", but=person)


async def erase(
    session: AsyncSession, keys: CaseKeys, case: str, directory: Directory, person: str, at: datetime
) -> None:
    """Erase a case that another custodian wants erased, and `person` too; one that is erased stays so.

    Whoever calls has `keys` forget its key once this is kept.

    Raises:
        NotErasedError: the case is open, on hold, kept for longer; or two who may have not both wanted it.
    """
    if await session.get(TombstoneRow, case) is not None:
        return
    held = await _known(session, keys, case, directory, at)
    keeping = held.keeping.model_copy(update={"term": await term(session, keys, held.row, held.kept)})
    bar = bar_to_erasing(keeping, closed=held.closed, custodians=held.custodians, person=person, today=local_day(at))
    if bar is not None:
        raise NotErasedError(bar)
    await _bury(held)
    await session.execute(update(EventRow).where(col(EventRow.case) == case).values(sealed=b""))
    await destroy(session, [case])
    await session.delete(held.row)
    await session.flush()


async def left_somewhere(session: AsyncSession) -> Sequence[str]:
    """Return the erased cases of which something may be left: in Temporal, beside the file, or a key that came back."""
    came_back = select(col(CaseKeyRow.case))
    left = or_(col(TombstoneRow.gone_at).is_(None), col(TombstoneRow.case).in_(came_back))
    return (await session.scalars(select(col(TombstoneRow.case)).where(left))).all()


async def destroy(session: AsyncSession, cases: Sequence[str]) -> None:
    """Destroy the keys of cases that are erased, and all rows of theirs; also such as came late, or with a backup."""
    for table in (PartyRow, ReceiptRow, ReadRow, EmergencyRow, StuckRow, CaseKeyRow):
        await session.execute(delete(table).where(col(table.case).in_(cases)))


async def mark_gone(session: AsyncSession, cases: Sequence[str], at: datetime) -> None:
    """Note that nothing is left of erased cases but their links and tombstones."""
    await session.execute(update(TombstoneRow).where(col(TombstoneRow.case).in_(cases)).values(gone_at=at))


async def tombstones(session: AsyncSession, cases: Sequence[str]) -> dict[str, TombstoneRow]:
    """Return the tombstones of those of `cases` that were erased, by their ids."""
    wanted = select(TombstoneRow).where(col(TombstoneRow.case).in_(cases))
    return {row.case: row for row in await session.scalars(wanted)}


def last_words(tombstone: TombstoneRow) -> Salted:
    """Return what the last link of an erased case has to commit to.

    Raises:
        ValueError: the tombstone was changed.
    """
    said = CaseErased(
        organisation=tombstone.organisation,
        closed=tombstone.closed,
        erased_on=tombstone.erased_on,
        rule=tombstone.rule,
    )
    salts: dict[str, str] = json.loads(tombstone.salts)
    return {name: (salts.get(name, ""), value) for name, value in said.model_dump(mode="json").items()}


async def _known(session: AsyncSession, keys: CaseKeys, case: str, directory: Directory, at: datetime) -> InHand:
    held = await in_hand(session, keys, case, directory, at)
    if held is None:
        nobodys: Bar = "not_custodian"
        raise NotErasedError(nobodys)
    return held


async def _bury(held: InHand) -> None:
    """Put up the tombstone, and end the chain with a link that commits to it."""
    session, row, opening = held.session, held.row, opening_in(held.sealer, held.row)
    tombstone = TombstoneRow(
        case=row.id,
        organisation=row.organisation,
        closed=f"{local_day(row.closed_at or held.at):%Y-%m}",
        erased_on=local_day(held.at),
        rule=opening.process.retention.clause if opening.process.retention is not None else "",
        salts=json.dumps({name: secrets.token_hex(_SALT) for name in CaseErased.model_fields}),
    )
    session.add(tombstone)
    last, previous = await head(session, row.id)
    link = forge(row.id, last + 1, held.at.isoformat(), last_words(tombstone), previous)
    session.add(EventRow(**link.model_dump(), sealed=b""))
    await session.flush()
