"""Seeing that confidential cases are seen to: whom they should reach by now, and whether one needs attention."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, TypeAlias

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from domain.cases import Opening, Standing
from domain.people import Directory
from store.confidential.emergencies import is_custodian
from store.confidential.parties import are_kept, emergencies_of, keep_parties, parties, should_reach
from store.confidential.reading import refused
from store.confidential.sealed import Emergency, Kept, kept_in, opening_in
from store.confidential.tables import ConfidentialRow
from store.keys import CaseKeyMissingError, CaseKeys, SealBrokenError

Health: TypeAlias = Literal["in_order", "needs_attention"]


@dataclass(frozen=True)
class InCustody:
    """What a custodian may know of a case: that it is there, whether it needs attention, and in which emergencies."""

    reference: str
    opened_at: datetime
    needs_attention: bool
    emergencies: tuple[Emergency, ...]


async def cases_of(session: AsyncSession, organisation: str, *, closed: bool = True) -> Sequence[ConfidentialRow]:
    """Return the confidential cases of an organisation, with those that are closed or without."""
    wanted = select(ConfidentialRow).where(col(ConfidentialRow.organisation) == organisation)
    if not closed:
        wanted = wanted.where(col(ConfidentialRow.closed_at).is_(None))
    return (await session.scalars(wanted.order_by(col(ConfidentialRow.opened_at), col(ConfidentialRow.id)))).all()


async def open_cases(
    session: AsyncSession, keys: CaseKeys, organisation: str, opened_before: datetime | None = None
) -> list[tuple[str, Opening, Standing]]:
    """Return the open cases of an organisation: their ids, with what they go by, and where they stand.

    One that cannot be read is left out; `health` says that there is one.
    """
    found = []
    for row in await cases_of(session, organisation, closed=False):
        if opened_before is not None and row.opened_at >= opened_before:
            continue
        with suppress(CaseKeyMissingError, SealBrokenError):
            sealer = await keys.of(row.id, session)
            found.append((row.id, opening_in(sealer, row), kept_in(sealer, row).standing))
    return found


async def to_look_up(
    session: AsyncSession, keys: CaseKeys, row: ConfidentialRow, directory: Directory, day: date
) -> tuple[str, ...]:
    """Return the open asks of a case that should reach other people on `day` than they do.

    Raises:
        CaseKeyMissingError: the case was erased.
        SealBrokenError: what is sealed was changed or moved.
    """
    kept = kept_in(await keys.of(row.id, session), row)
    return tuple(
        ask
        for ask, reaches in kept.reaches.items()
        if set(should_reach(kept, reaches, directory, day)) != set(reaches.asked)
    )


async def is_found_by_others(
    session: AsyncSession, keys: CaseKeys, row: ConfidentialRow, directory: Directory, at: datetime
) -> bool:
    """Return whether a case is found by others than who is in it at `at`: people, seats or absences changed.

    Raises:
        CaseKeyMissingError: the case was erased.
        SealBrokenError: what is sealed was changed or moved.
    """
    sealer = await keys.of(row.id, session)
    everybody = parties(kept_in(sealer, row), await emergencies_of(session, sealer), directory, at)
    return not await are_kept(session, keys, row.id, everybody)


async def find_parties(session: AsyncSession, keys: CaseKeys, case: str, directory: Directory, at: datetime) -> None:
    """Have a case found by everybody who is in it at `at`, and by nobody else.

    Raises:
        CaseKeyMissingError: the case was erased.
        SealBrokenError: what is sealed was changed or moved.
    """
    row = await session.get_one(ConfidentialRow, case, with_for_update=True)
    sealer = await keys.of(case, session)
    everybody = parties(kept_in(sealer, row), await emergencies_of(session, sealer), directory, at)
    await keep_parties(session, keys, case, everybody)


async def in_custody(
    session: AsyncSession, keys: CaseKeys, directory: Directory, organisation: str, person: str, at: datetime
) -> list[InCustody]:
    """Return the open cases that `person` could open in an emergency with another; none that recuses them."""
    found = []
    for row in await cases_of(session, organisation, closed=False):
        try:
            sealer = await keys.of(row.id, session)
            kept = kept_in(sealer, row)
        except (CaseKeyMissingError, SealBrokenError):
            # One that cannot be read hides no other; `health` says that there is one.
            continue
        if is_custodian(kept, directory, person, at):
            emergencies = await emergencies_of(session, sealer)
            attention = await _needs_attention(session, kept, at)
            found.append(InCustody(row.reference, row.opened_at, attention, emergencies))
    return found


async def health(
    session: AsyncSession,
    keys: CaseKeys,
    organisation: str,
    at: datetime,
    reader: str | None = None,
    failing: frozenset[str] = frozenset(),
) -> Health:
    """Return whether all confidential cases are seen to, without a word of whether there are any.

    One needs attention whose ask reaches nobody, or was escalated and is overdue; whose mail was refused; whose id is
    among the `failing`; or which cannot be read. One that the `reader` must not learn of counts for nothing.
    """
    attention = False
    for row in await cases_of(session, organisation, closed=False):
        try:
            kept = kept_in(await keys.of(row.id, session), row)
        except (CaseKeyMissingError, SealBrokenError):
            attention = True
        else:
            known = reader not in kept.recused
            attention |= known and (row.id in failing or await _needs_attention(session, kept, at))
    return "needs_attention" if attention else "in_order"


async def _needs_attention(session: AsyncSession, kept: Kept, at: datetime) -> bool:
    overdue = any(ask.escalated and ask.due <= at for ask in kept.standing.asks)
    reaches_nobody = not all(reaches.asked for reaches in kept.reaches.values())
    return overdue or reaches_nobody or bool(await refused(session, kept))
