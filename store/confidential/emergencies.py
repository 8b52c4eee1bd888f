"""Opening a confidential case in an emergency: one custodian proposes it, a second agrees, and all in it are told.

Source: Newall Green 6.20 and 6.24 (ALLEG-11, PLAT-10).
"""

import secrets
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from domain.calendar import local_day
from domain.people import Directory
from domain.text import is_blank
from store import mails
from store.confidential.parties import emergencies_of, holders, keep_parties, parties
from store.confidential.reading import Confidential, note_read
from store.confidential.sealed import Emergency, Kept, emergency_in, sealed_emergency
from store.confidential.tables import EmergencyRow
from store.keys import CaseKeys
from store.tables import MailRow

_LASTS: Final = timedelta(hours=1)
_WAITS: Final = timedelta(days=1)
"""For so long a proposal waits for a second custodian."""


def is_custodian(kept: Kept, directory: Directory, person: str, at: datetime) -> bool:
    """Return whether `person` may open the case of `kept` in an emergency with another: nobody recused may."""
    return person in holders(kept, kept.custodians, directory, local_day(at))


async def propose_opening(
    session: AsyncSession,
    keys: CaseKeys,
    case: Confidential,
    directory: Directory,
    person: str,
    reason: str,
    at: datetime,
) -> str | None:
    """Propose, for a reason, that `case` be opened in an emergency; return the id of the proposal.

    None is somebody who is no custodian of it or may not learn of it, or no reason.
    """
    if is_blank(reason) or not is_custodian(case.kept, directory, person, at):
        return None
    sealer = await keys.of(case.row.id, session)
    proposed = Emergency(id=secrets.token_hex(16), proposed_by=person, reason=reason, proposed_at=at)
    sealed = sealed_emergency(sealer, proposed)
    session.add(EmergencyRow(id=proposed.id, case=case.row.id, at=at, sealed=sealed))
    await note_read(session, keys, case.row.id, person, f"emergency proposed: {reason}", at)
    return proposed.id


async def open_in_emergency(
    session: AsyncSession,
    keys: CaseKeys,
    case: Confidential,
    directory: Directory,
    proposal: str,
    person: str,
    at: datetime,
) -> tuple[MailRow, ...] | None:
    """Open `case` for an hour to the two custodians who want it; return the mails that tell everybody in it.

    None is somebody who is no custodian of it, may not learn of it, or proposed it; a first custodian who is none any
    more; and a proposal that is not there, was confirmed before, or is a day old.
    """
    row = await session.get(EmergencyRow, proposal, with_for_update=True)
    if row is None or row.case != case.row.id:
        return None
    sealer = await keys.of(case.row.id, session)
    proposed = emergency_in(sealer, row)
    if proposed.confirmed_by is not None or at - proposed.proposed_at >= _WAITS or person == proposed.proposed_by:
        return None
    if not all(is_custodian(case.kept, directory, one, at) for one in (person, proposed.proposed_by)):
        return None
    told = parties(case.kept, (), directory, at)
    opened = proposed.model_copy(update={"confirmed_by": person, "until": at + _LASTS})
    row.sealed = sealed_emergency(sealer, opened)
    await note_read(session, keys, case.row.id, person, f"opened in an emergency: {proposed.reason}", at)
    everybody = parties(case.kept, await emergencies_of(session, sealer), directory, at)
    await keep_parties(session, keys, case.row.id, everybody)
    queued = tuple(mails.neutral(sealer, f"emergency {proposal}", one, at) for one in sorted(told))
    session.add_all(queued)
    await session.flush()
    return queued
