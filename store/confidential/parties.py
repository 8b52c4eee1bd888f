"""Who is in a confidential case, and how the cases of somebody are found without their name in any row."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Final

from sqlalchemy import Select, and_, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from domain.asking import whom
from domain.calendar import local_day
from domain.people import Asked, Directory, who_is_asked
from store.confidential.sealed import Emergency, Kept, Reaches, emergency_in
from store.confidential.tables import ConfidentialRow, EmergencyRow, PartyRow
from store.keys import CaseKeyMissingError, CaseKeys, Sealer

_INDEX: Final = "index-of-parties"
"""Whose key makes the marks of people: it is kept wrapped, and wrapped anew, as that of a case is."""


def asked_now(kept: Kept, ask: str, directory: Directory, day: date) -> tuple[Asked, ...]:
    """Return whom an open ask reached and would reach on `day`: nobody who left, lost the seat, or is recused."""
    reaches = kept.reaches.get(ask)
    if reaches is None:
        return ()
    still = {one.person for one in should_reach(kept, reaches, directory, day)}
    return tuple(one for one in reaches.asked if one.person in still)


def should_reach(kept: Kept, reaches: Reaches, directory: Directory, day: date) -> tuple[Asked, ...]:
    """Return whom an open ask reaches, if it is looked up on `day`."""
    excluded = frozenset(reaches.excluded) | kept.recused
    return whom(reaches.ladder, reaches.also, reaches.named, excluded, kept.school, directory, day)


def holders(kept: Kept, seats: Iterable[str], directory: Directory, day: date) -> list[str]:
    """Return who holds any of `seats`, or stands in for them; nobody who is recused, nor a deputy of theirs."""
    found = (
        one.person for seat in seats for one in who_is_asked((seat,), kept.school, None, directory, day, kept.recused)
    )
    return list(dict.fromkeys(found))


def parties(kept: Kept, emergencies: Sequence[Emergency], directory: Directory, at: datetime) -> frozenset[str]:
    """Return everybody who is asked or told at `at`, or for whom the case is open in an emergency."""
    day = local_day(at)
    asked = (one.person for ask in kept.reaches for one in asked_now(kept, ask, directory, day))
    told = holders(kept, kept.standing.told, directory, day)
    return frozenset((*asked, *told, *opened_for(emergencies, at))) - kept.recused


def opened_for(emergencies: Sequence[Emergency], at: datetime) -> frozenset[str]:
    """Return for whom a case is open in an emergency at `at`."""
    open_ones = [one for one in emergencies if one.is_open(at)]
    return frozenset(who for one in open_ones for who in (one.proposed_by, one.confirmed_by) if who)


async def emergencies_of(session: AsyncSession, sealer: Sealer) -> tuple[Emergency, ...]:
    """Return in which emergencies a case was to be opened, the first first."""
    rows = select(EmergencyRow).where(col(EmergencyRow.case) == sealer.owner)
    found = (await session.scalars(rows.order_by(col(EmergencyRow.at), col(EmergencyRow.id)))).all()
    return tuple(emergency_in(sealer, row) for row in found)


async def keep_parties(session: AsyncSession, keys: CaseKeys, case: str, people: frozenset[str]) -> None:
    """Have a case found by `people` and nobody else from now on."""
    index = await _index(session, keys) or await keys.create(session, _INDEX)
    wanted = {index.mark("party", person) for person in people}
    of_case = col(PartyRow.case) == case
    there = set((await session.scalars(select(col(PartyRow.party)).where(of_case))).all())
    if gone := there - wanted:
        await session.execute(delete(PartyRow).where(of_case, col(PartyRow.party).in_(gone)))
    if new := wanted - there:
        await session.execute(insert(PartyRow), [{"case": case, "party": party} for party in sorted(new)])


async def are_kept(session: AsyncSession, keys: CaseKeys, case: str, people: frozenset[str]) -> bool:
    """Return whether a case is found by `people` and nobody else."""
    index = await _index(session, keys)
    there = set((await session.scalars(select(col(PartyRow.party)).where(col(PartyRow.case) == case))).all())
    return there == ({index.mark("party", person) for person in people} if index is not None else set())


async def keep_index(session: AsyncSession, keys: CaseKeys) -> None:
    """Have the key at hand that makes the marks of people: before there is any case, looking for one takes as long."""
    await keys.create(session, _INDEX)


async def cases_with(session: AsyncSession, keys: CaseKeys, person: str) -> Select[ConfidentialRow]:
    """Return the query for the cases, open or closed, in which `person` is found."""
    party = await mark_of(session, keys, person)
    theirs = and_(col(PartyRow.case) == col(ConfidentialRow.id), col(PartyRow.party) == party)
    return select(ConfidentialRow).join(PartyRow, theirs)


async def mark_of(session: AsyncSession, keys: CaseKeys, person: str) -> str:
    """Return the mark by which the cases of `person` are found; before any case there is none."""
    index = await _index(session, keys)
    return index.mark("party", person) if index is not None else ""


async def _index(session: AsyncSession, keys: CaseKeys) -> Sealer | None:
    try:
        return await keys.of(_INDEX, session)
    except CaseKeyMissingError:
        return None
