"""The cases that are opened out of a confidential case, and whether what they are cleared by is on record."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from domain.allegations import Clearance, Matter
from domain.cases import Batch, Opening, Request, ToOpen
from domain.clearing import clearing, clears
from domain.events import AnyEvent
from domain.matters import is_on_hold
from domain.pack import Process
from domain.refs import reference
from store import packs, queries
from store.confidential.sealed import opening_in
from store.confidential.tables import ConfidentialRow
from store.keys import CaseKeyMissingError, CaseKeys, Sealer
from store.tables import EventRow

_NOBODYS = Request(title="", starter="", author="", answers={})


async def opened_out_of(
    session: AsyncSession, keys: CaseKeys, sealer: Sealer, opening: Opening, batch: Batch
) -> tuple[Opening, ...]:
    """Return with what the cases begin that `batch` opens, each with a key of its own; the same however often asked.

    Where the pack tells no such story, the school does it outside, and none is opened.

    Raises:
        LookupError: the pack of the case is gone.
    """
    if not batch.opens:
        return ()
    pack = await packs.pack_of(session, opening.pack_digest)
    past = await _past(session, keys, batch.case)
    openings = []
    for to_open in batch.opens:
        process = next((one for one in pack.processes if one.story == to_open.story), None)
        if process is None:
            continue
        opened = await _opening(session, sealer, opening, batch, to_open, process, past)
        await keys.create(session, opened.case)
        openings.append(opened)
    return tuple(openings)


async def not_begun(session: AsyncSession, openings: Sequence[Opening]) -> tuple[Opening, ...]:
    """Return those of `openings` whose cases have nothing on record yet."""
    ids = [opening.case for opening in openings]
    begun = (await session.scalars(select(col(ConfidentialRow.id)).where(col(ConfidentialRow.id).in_(ids)))).all()
    return tuple(opening for opening in openings if opening.case not in begun)


async def opened_by(session: AsyncSession, references: Sequence[str]) -> tuple[str, ...]:
    """Return the ids of the cases with those references that are open."""
    wanted = select(col(ConfidentialRow.id)).where(
        col(ConfidentialRow.reference).in_(references), col(ConfidentialRow.closed_at).is_(None)
    )
    return tuple((await session.scalars(wanted.order_by(col(ConfidentialRow.id)))).all())


async def _opening(
    session: AsyncSession,
    sealer: Sealer,
    opening: Opening,
    batch: Batch,
    to_open: ToOpen,
    process: Process,
    past: Sequence[AnyEvent],
) -> Opening:
    """Return with what a case begins: whoever may not learn of the one may not learn of the other."""
    recused = tuple(sorted({*to_open.matter.recused, *batch.standing.recused}))
    matter, clearance = to_open.matter.model_copy(update={"recused": recused}), None
    if to_open.cleared_by is not None:
        cleared = clearing(past)
        matter = _only(matter, cleared)
        clearance = Clearance(
            case=batch.case,
            n=to_open.cleared_by,
            hash=await _hash(session, batch.case, to_open.cleared_by) or "",
            allegations=tuple(one.key for one in matter.allegations if cleared.get(one.key) == to_open.cleared_by),
        )
    about = str(to_open.about)
    return Opening(
        case=f"c-{sealer.mark('case', about)[:32]}",
        reference=reference(bytes.fromhex(sealer.mark("reference", about))),
        organisation=opening.organisation,
        school=opening.school,
        pack_digest=opening.pack_digest,
        process=process,
        seats=opening.seats,
        calendar=opening.calendar,
        request=_NOBODYS,
        matter=matter,
        clearance=clearance,
        parent=batch.case,
    )


def _only(matter: Matter, cleared: dict[str, int]) -> Matter:
    """Return `matter` with those of its allegations that are cleared; what is not cleared is not taken along."""
    some = tuple(one for one in matter.allegations if one.key in cleared)
    return matter.model_copy(update={"allegations": some}) if some else matter


async def is_cleared(
    session: AsyncSession,
    keys: CaseKeys,
    opening: Opening,
    opened: Sequence[str],
    clearance: Clearance,
    *,
    begins: bool,
) -> bool:
    """Return whether the event that `clearance` names is on record, and is an advice that clears this case.

    A case that `begins` is cleared by the case out of which it was opened, with this very clearance. One that is held
    by new facts is cleared by what was `opened` out of it for them; then every such case has to be cleared. One that
    was halted is cleared by the latest advice in the case out of which it was opened, which must not be held itself.
    """
    if not clearance.hash or clearance.hash != await _hash(session, clearance.case, clearance.n):
        return False
    try:
        if begins:
            return await _clears_beginning(session, keys, opening, clearance)
        return await _clears_held(session, keys, opening, opened, clearance)
    except (CaseKeyMissingError, queries.BrokenRecordError):
        return False


async def _clears_beginning(session: AsyncSession, keys: CaseKeys, opening: Opening, clearance: Clearance) -> bool:
    if clearance != opening.clearance or clearance.case != opening.parent or opening.matter is None:
        return False
    return clears(clearance, await _past(session, keys, clearance.case), _about(opening))


async def _clears_held(
    session: AsyncSession, keys: CaseKeys, opening: Opening, opened: Sequence[str], clearance: Clearance
) -> bool:
    wanted = select(ConfidentialRow).where(col(ConfidentialRow.reference).in_(opened))
    others = {row.id: opening_in(await keys.of(row.id, session), row) for row in await session.scalars(wanted)}
    if clearance.case not in {*others, opening.parent} or len(others) < len(opened):
        return False
    if opening.parent is not None and not await _still_permits(session, keys, opening, clearance):
        return False
    for other in others.values():
        past = await _past(session, keys, other.case)
        if other.parent != opening.case or not clearing(past).keys() >= _about(other):
            return False
        if other.case == clearance.case and not clears(clearance, past, ()):
            return False
    return True


async def _still_permits(session: AsyncSession, keys: CaseKeys, opening: Opening, clearance: Clearance) -> bool:
    """Return whether the case out of which this one was opened permits it still, and nothing holds that one."""
    past = await _past(session, keys, opening.parent or "")
    row = await session.get(ConfidentialRow, opening.parent)
    if row is None or is_on_hold(opening_in(await keys.of(row.id, session), row).process, past):
        return False
    if clearance.case == opening.parent:
        return clears(clearance, past, _about(opening))
    return clearing(past).keys() >= _about(opening)


def _about(opening: Opening) -> set[str]:
    return {one.key for one in opening.matter.allegations} if opening.matter is not None else set()


async def _past(session: AsyncSession, keys: CaseKeys, case: str) -> tuple[AnyEvent, ...]:
    return tuple(recorded.event for recorded in await queries.history(session, keys, case))


async def _hash(session: AsyncSession, case: str, n: int) -> str | None:
    row = await session.get(EventRow, (case, n))
    return row.hash if row is not None else None
