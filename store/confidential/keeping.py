"""What is settled about keeping a confidential case: taken in hand by one at a time, and put on its record.

No workflow runs any more once a case has ended, and the record itself takes what comes after. What is settled before
that waits, sealed with the case, until it has ended.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from domain.calendar import local_day
from domain.entries import ErasureProposed, LegalHoldPlaced, LegalHoldReleased
from domain.events import Recorded
from domain.keeping import Keeping
from domain.matters import as_it_stands
from domain.people import Directory
from domain.retention import Kept as Term
from domain.retention import kept as term_of
from store import mails, queries
from store.confidential.parties import holders
from store.confidential.sealed import Kept, kept_in, opening_in, sealed_standing
from store.confidential.tables import ConfidentialRow
from store.confidential.writing import append
from store.keys import CaseKeyMissingError, CaseKeys, SealBrokenError, Sealer
from store.records import head
from store.tables import MailRow


@dataclass
class InHand:
    """A case whose keeping is being settled, for as long as the transaction lasts that took it in hand.

    `custodians` are its own: nobody who is recused.
    """

    session: AsyncSession
    sealer: Sealer
    row: ConfidentialRow
    kept: Kept
    custodians: Sequence[str]
    at: datetime

    @property
    def keeping(self) -> Keeping:
        """What is settled so far."""
        return self.kept.keeping

    @property
    def closed(self) -> bool:
        """Whether the case has ended on record."""
        return self.row.closed_at is not None

    async def settle(
        self, keeping: Keeping, said: LegalHoldPlaced | LegalHoldReleased | ErasureProposed | None = None
    ) -> None:
        """Keep what is settled now, and put what was `said` on record, once the case has ended."""
        events = [*keeping.unrecorded, *([said] if said is not None else [])]
        waiting = () if self.closed else tuple(one for one in events if not isinstance(one, ErasureProposed))
        self.kept = self.kept.model_copy(update={"keeping": keeping.model_copy(update={"unrecorded": waiting})})
        self.row.sealed_standing = sealed_standing(self.sealer, self.kept)
        if self.closed and events:
            last, previous = await head(self.session, self.row.id)
            recorded = [Recorded(n=n, at=self.at, event=event) for n, event in enumerate(events, last + 1)]
            await append(self.session, self.sealer, recorded, previous)
            self.row.changed_at = self.at
        await self.session.flush()

    async def tell_custodians(self, occasion: str, but: str = "") -> tuple[MailRow, ...]:
        """Queue the neutral mail to all custodians but one; return what is to be sent."""
        told = [person for person in self.custodians if person != but]
        last, _ = await head(self.session, self.row.id)
        queued = tuple(mails.neutral(self.sealer, f"{occasion} {last}", person, self.at) for person in told)
        self.session.add_all(queued)
        await self.session.flush()
        return queued


async def in_hand(
    session: AsyncSession, keys: CaseKeys, case: str, directory: Directory, at: datetime
) -> InHand | None:
    """Return the case with that id, with nobody else at it; None where there is none, or not any more.

    Raises:
        CaseKeyMissingError: its key was lost.
        SealBrokenError: what is sealed was changed or moved.
    """
    row = await session.get(ConfidentialRow, case, with_for_update=True)
    if row is None:
        return None
    sealer = await keys.of(case, session)
    kept = kept_in(sealer, row)
    return InHand(session, sealer, row, kept, holders(kept, kept.custodians, directory, local_day(at)), at)


@dataclass(frozen=True)
class InKeeping:
    """What a custodian may know of how long a case is kept. `custodians` are all of its own."""

    case: str
    reference: str
    closed_at: datetime | None
    keeping: Keeping
    custodians: Sequence[str]


async def in_keeping(
    session: AsyncSession, keys: CaseKeys, directory: Directory, organisation: str, person: str, at: datetime
) -> list[InKeeping]:
    """Return the cases of which `person` is a custodian, open or closed; none that recuses them.

    It takes as long whatever somebody looks for among them. One that cannot be read is kept, and not among
    them: `duly audit verify` names it.
    """
    wanted = select(ConfidentialRow).where(col(ConfidentialRow.organisation) == organisation)
    found = []
    for row in (await session.scalars(wanted.order_by(col(ConfidentialRow.closed_at), col(ConfidentialRow.id)))).all():
        with suppress(CaseKeyMissingError, SealBrokenError, queries.BrokenRecordError):
            kept = kept_in(await keys.of(row.id, session), row)
            custodians = holders(kept, kept.custodians, directory, local_day(at))
            if person in custodians:
                keeping = kept.keeping.model_copy(update={"term": await term(session, keys, row, kept)})
                found.append(InKeeping(row.id, row.reference, row.closed_at, keeping, custodians))
    return found


async def term(session: AsyncSession, keys: CaseKeys, row: ConfidentialRow, kept: Kept) -> Term | None:
    """Return until when a case is kept, and why; None as long as it has not ended.

    Raises:
        BrokenRecordError: an event of it was changed.
    """
    if row.closed_at is None or kept.keeping.term is not None:
        return kept.keeping.term
    opening = opening_in(await keys.of(row.id, session), row)
    if opening.matter is None:
        return None
    history = await queries.history(session, keys, row.id)
    return term_of(opening.process, as_it_stands(opening.matter, [said.event for said in history]), history)
