"""The words by which a case is found besides its title: written with each turn, and filled in for older cases."""

from collections.abc import Collection, Mapping
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from domain.cases import Opening, Request
from domain.events import AnyEvent, PackChanged, RequestEdited
from domain.found_words import found_words
from domain.pack import Pack
from domain.round_entries import ChangeTurnedDown, SiteChanged, SiteWentLive
from store import packs
from store.keys import CaseKeyMissingError, CaseKeys
from store.queries import opening_of, standing_of
from store.rounds.tables import LifeRow
from store.tables import CaseRow

_CHANGING: Final = (RequestEdited, PackChanged, SiteWentLive, SiteChanged, ChangeTurnedDown)
_AT_A_TIME: Final = 200


def changes_words(event: AnyEvent) -> bool:
    """Return whether a case may be found by other words after `event`."""
    return isinstance(event, _CHANGING)


async def words_of(session: AsyncSession, opening: Opening, request: Request) -> str | None:
    """Return by which words a case is found besides its title, as its `request` is now; None where no pack says."""
    if not opening.process.found_by:
        return None
    try:
        form = (await packs.pack_of(session, opening.pack_digest)).form(opening.process.form)
    except LookupError:
        form = None
    return found_words(opening.process, form, request.answers, await _address(session, opening.case))


async def words_to_fill_in(
    session: AsyncSession, keys: CaseKeys, pack: Pack, but: Collection[str] = ()
) -> dict[str, str | None]:
    """Return the words that `pack` names today of cases that were sent before any were kept, by the id of the case.

    They are no more than a few hundred at a time; those in `but` are left out. A case that does not open, because its
    key is not there, has None: until it is, the case is found by its title alone.
    """
    named = {process.key: process for process in pack.processes if process.found_by and not process.confidential}
    ours = col(CaseRow.organisation) == pack.organisation.key
    old = select(CaseRow).where(ours, col(CaseRow.process).in_(named), col(CaseRow.found_by).is_(None))
    old = old.where(col(CaseRow.id).not_in(but)) if but else old
    rows = (await session.scalars(old.limit(_AT_A_TIME))).all() if named else []
    found: dict[str, str | None] = {}
    for row in rows:
        process = named[row.process]
        try:
            opening = await opening_of(session, keys, row)
            request = (await standing_of(session, keys, row)).request or opening.request
        except (CaseKeyMissingError, ValueError):
            found[row.id] = None
        else:
            address = await _address(session, row.id)
            found[row.id] = found_words(process, pack.form(process.form), request.answers, address)
    return found


async def fill_in(session: AsyncSession, words: Mapping[str, str | None]) -> None:
    """Keep the words of older cases that open, where no turn has kept any since they were read."""
    for case, said in words.items():
        old = (col(CaseRow.id) == case, col(CaseRow.found_by).is_(None))
        await session.execute(update(CaseRow).where(*old).values(found_by=said))


async def _address(session: AsyncSession, case: str) -> str:
    """Return where a site that is looked after is to be found; empty where it is not live, or there is no site."""
    return await session.scalar(select(col(LifeRow.address)).where(col(LifeRow.case) == case)) or ""
