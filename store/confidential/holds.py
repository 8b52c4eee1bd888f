"""Legal holds: whoever may see a case places one with a reason; two of its custodians release it.

Source: Independent Inquiry into Child Sexual Abuse (what an inquiry or a court may want is not destroyed).
"""

import secrets
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from domain.entries import LegalHoldPlaced, LegalHoldReleased
from domain.keeping import Hold, may_release
from domain.people import Directory
from domain.text import is_blank
from store.confidential.keeping import in_hand
from store.confidential.parties import emergencies_of, parties
from store.keys import CaseKeys
from store.tables import MailRow


async def place(
    session: AsyncSession, keys: CaseKeys, case: str, directory: Directory, person: str, reason: str, at: datetime
) -> Hold | None:
    """Keep a case, open or closed, from being erased, for a reason; what was proposed to be erased is not any more.

    Somebody who says the same twice has placed one hold. None is somebody who is neither in the case nor a custodian of
    it, a case that is gone, or no reason.
    """
    held = await in_hand(session, keys, case, directory, at)
    if held is None or is_blank(reason):
        return None
    in_it = parties(held.kept, await emergencies_of(session, held.sealer), directory, at)
    if person not in in_it and person not in held.custodians:
        return None
    same = next((one for one in held.keeping.holds if (one.by, one.reason) == (person, reason)), None)
    if same is not None:
        return same
    hold = Hold(id=secrets.token_hex(8), by=person, at=at, reason=reason)
    await held.settle(held.keeping.held_by(hold), LegalHoldPlaced(hold=hold.id, by=person, placed_at=at, reason=reason))
    return hold


async def propose_release(
    session: AsyncSession,
    keys: CaseKeys,
    case: str,
    directory: Directory,
    hold: str,
    person: str,
    reason: str,
    at: datetime,
) -> tuple[MailRow, ...] | None:
    """Have `person` want a hold released, for a reason; return the mails that tell the other custodians.

    None is somebody who is no custodian of it, a hold that is not in force, no reason, or that another custodian wants
    it already.
    """
    held = await in_hand(session, keys, case, directory, at)
    found = held.keeping.hold(hold) if held is not None else None
    if held is None or found is None or is_blank(reason) or person not in held.custodians:
        return None
    if found.release_by in held.custodians:
        return () if found.release_by == person else None
    await held.settle(held.keeping.with_release(found, person, reason))
    return await held.tell_custodians(f"release {hold} {person}", but=person)


async def release(
    session: AsyncSession, keys: CaseKeys, case: str, directory: Directory, hold: str, person: str, at: datetime
) -> bool:
    """Release a hold that another custodian wants released; return whether it is."""
    held = await in_hand(session, keys, case, directory, at)
    found = held.keeping.hold(hold) if held is not None else None
    if held is None or found is None or not may_release(found, custodians=held.custodians, person=person):
        return False
    released = LegalHoldReleased(
        hold=hold, proposed_by=found.release_by or "", by=person, released_at=at, reason=found.release_reason
    )
    await held.settle(held.keeping.without(found), released)
    return True
