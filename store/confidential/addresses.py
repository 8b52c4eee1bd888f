"""Mailing somebody once more of what confidential cases ask of them, now that their address was corrected."""

from contextlib import suppress
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from store import mails
from store.confidential.parties import cases_with
from store.confidential.sealed import LatestMail, kept_in, sealed_standing
from store.confidential.tables import ConfidentialRow
from store.keys import CaseKeyMissingError, CaseKeys, SealBrokenError
from store.records import head
from store.tables import MailRow


async def mail_again(
    session: AsyncSession, keys: CaseKeys, person: str, occasion: str, at: datetime
) -> tuple[str, ...]:
    """Queue the neutral mail to `person` for each confidential case that asks something of them; return their ids.

    `occasion` is the change of the address. What was refused at the old one is forgotten. A case that cannot be read
    holds up no other; `health` says that there is one.
    """
    open_ones = (await cases_with(session, keys, person)).where(col(ConfidentialRow.closed_at).is_(None))
    rows = (
        await session.scalars(open_ones.order_by(col(ConfidentialRow.id)).with_for_update(of=ConfidentialRow))
    ).all()
    queued = []
    for row in rows:
        with suppress(CaseKeyMissingError, SealBrokenError):
            queued += await _mailed(session, keys, row, person, occasion, at)
    session.add_all(queued)
    await session.flush()
    return tuple(mail.id for mail in queued)


async def _mailed(
    session: AsyncSession, keys: CaseKeys, row: ConfidentialRow, person: str, occasion: str, at: datetime
) -> list[MailRow]:
    sealer = await keys.of(row.id, session)
    kept = kept_in(sealer, row)
    reached = [kept.reaches[ask.ask].asked for ask in kept.standing.asks if ask.ask in kept.reaches]
    if person in kept.recused or not any(one.person == person for asked in reached for one in asked):
        return []
    mail = mails.neutral(sealer, f"address {occasion}", person, at)
    n, _ = await head(session, row.id)
    now = kept.model_copy(update={"mails": kept.mails | {person: LatestMail(id=mail.id, n=n)}})
    row.sealed_standing = sealed_standing(sealer, now)
    return [mail]
