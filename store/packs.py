"""Packs as they stood when cases began under them: kept for as long as a case may be read."""

from collections.abc import Iterable
from typing import Final

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from domain.cases import Opening
from domain.events import PackChanged, Recorded
from domain.pack import Pack, Process, digest
from store.tables import PackTextRow

_read: Final[dict[str, Pack]] = {}
"""Packs by their digest: what a digest stands for never changes."""


async def keep(session: AsyncSession, pack: Pack) -> str:
    """Keep `pack` as it stands now and return its digest."""
    known = digest(pack)
    if await session.get(PackTextRow, known) is None:
        # Somebody else may be keeping it at the same moment.
        insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
        row = {"digest": known, "pack": pack.key, "json_text": pack.model_dump_json()}
        await session.execute(insert(PackTextRow).values(row).on_conflict_do_nothing())
    return known


async def pack_of(session: AsyncSession, known: str) -> Pack:
    """Return the pack with that digest.

    Raises:
        LookupError: no case began under such a pack.
    """
    if known not in _read:
        row = await session.get(PackTextRow, known)
        if row is None:
            msg = f"no pack is kept under {known}"
            raise LookupError(msg)
        _read[known] = Pack.model_validate_json(row.json_text)
    return _read[known]


async def earlier(session: AsyncSession, opening: Opening, history: Iterable[Recorded]) -> dict[str, Process]:
    """Return the process of a case as it was under each pack that the case went by before, by the pack's digest."""
    gone_by = [said.event.old for said in history if isinstance(said.event, PackChanged)]
    packs = {known: await pack_of(session, known) for known in gone_by}
    return {known: process for known, pack in packs.items() if (process := pack.process(opening.process.key))}
