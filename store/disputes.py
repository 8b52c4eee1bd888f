"""Answers that are disputed after their case has ended: no workflow runs any more, and the record itself takes it."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from domain.base import How
from domain.cases import Batch, MailOrder, Standing
from domain.events import DecisionDisputed, HoldReleased, Recorded
from store import queries
from store.keys import CaseKeys
from store.records import write_batch
from store.tables import AskRow, CaseRow, SiteRow

DISPUTED_MAIL = "disputed"
RELEASED_MAIL = "released"


async def dispute(
    session: AsyncSession, keys: CaseKeys, *, case: str, ask: str, by: str, how: How, at: datetime
) -> tuple[str, ...] | None:
    """Put on record that the answer to `ask`, in the name of `by`, was not theirs; return the mails to send.

    The administrators are mailed, and what is in the register because of the case is under question. However often it
    is said, it is on record once. None is a case that has not ended on record: the case itself takes it then.
    """
    row = await _ended(session, case)
    if row is None:
        return None
    standing = await queries.standing_of(session, keys, row)
    past = await queries.history(session, keys, case)
    if any(isinstance(said.event, DecisionDisputed) and said.event.ask == ask for said in past):
        return ()
    step = (await session.get_one(AskRow, (case, ask))).step
    event = DecisionDisputed(ask=ask, step=step, by=by, how=how)
    held = {"disputed": (*standing.disputed, ask), "held_at": standing.held_at or at}
    site = await session.get(SiteRow, case)
    if site is not None:
        site.questioned_at = site.questioned_at or at
    mail = MailOrder(template=DISPUTED_MAIL, about=len(past) + 1, to=("administrators",))
    return await _add(session, keys, case, standing.model_copy(update=held), event, mail, at)


async def settle(
    session: AsyncSession, keys: CaseKeys, *, case: str, ask: str, by: str, stands: bool, comment: str, at: datetime
) -> tuple[str, ...]:
    """Put on record whether the disputed answer to `ask` stands; return the mails to send.

    Where it does not, the approval of what is in the register is void from then on, and the register goes on saying so.
    An answer that is not disputed, or not any more, is left as it is.
    """
    row = await _ended(session, case)
    standing = await queries.standing_of(session, keys, row) if row is not None else Standing()
    if ask not in standing.disputed:
        return ()
    past = await queries.history(session, keys, case)
    step = (await session.get_one(AskRow, (case, ask))).step
    event = HoldReleased(ask=ask, step=step, by=by, stands=stands, comment=comment)
    left = tuple(one for one in standing.disputed if one != ask)
    released = {"disputed": left, "held_at": standing.held_at if left else None}
    site = await session.get(SiteRow, case)
    if site is not None and not stands:
        site.void_at = site.void_at or at
    elif site is not None and not left and site.void_at is None:
        site.questioned_at = None
    mail = MailOrder(template=RELEASED_MAIL, about=len(past) + 1, to=("author", "starter", "deciders"))
    return await _add(session, keys, case, standing.model_copy(update=released), event, mail, at)


async def _add(
    session: AsyncSession,
    keys: CaseKeys,
    case: str,
    standing: Standing,
    event: DecisionDisputed | HoldReleased,
    mail: MailOrder,
    at: datetime,
) -> tuple[str, ...]:
    """Append `event` to the chain of the case and queue its mails; return their ids."""
    recorded = Recorded(n=mail.about, at=at, event=event)
    batch = Batch(case=case, events=(recorded,), mails=(mail,), standing=standing)
    return tuple(row.id for row in (await write_batch(session, keys, batch, at)).mails)


async def _ended(session: AsyncSession, case: str) -> CaseRow | None:
    """Return the case if it has ended on record, and keep others from adding to it until this is done."""
    row = await session.get(CaseRow, case, with_for_update=True)
    return row if row is not None and row.closed_at is not None else None
