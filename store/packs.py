"""Packs as they stood when cases began under them: kept for as long as a case may be read."""

from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from domain.pack import Pack, digest
from store.tables import PackTextRow

_read: Final[dict[str, Pack]] = {}
"""Packs by their digest: what a digest stands for never changes."""


async def keep(session: AsyncSession, pack: Pack) -> str:
    """Keep `pack` as it stands now and return its digest."""
    known = digest(pack)
    if await session.get(PackTextRow, known) is None:
        session.add(PackTextRow(digest=known, pack=pack.key, json_text=pack.model_dump_json()))
        await session.flush()
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
