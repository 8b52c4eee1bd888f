"""The record that the pages are measured on: every case that is sealed opens, and is as the product would have it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlmodel import col

import packs
from benchmarks import doubling, filling, played
from benchmarks.databases import Store
from benchmarks.filling import Lite, Record
from domain.chain import Link, first_broken
from store import queries
from store.database import Database
from store.keys import CaseKeys, Keyring
from store.migrate import upgrade
from store.tables import AskRow, CaseRow, EventRow

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
RING = Keyring.of({"k1": b"k" * 32})
FAMILIES = range(1, 90)


@pytest.fixture(scope="module")
async def record(tmp_path_factory: pytest.TempPathFactory) -> Record:
    """Return what a record is filled with, of short cases."""
    url = f"sqlite+aiosqlite:///{tmp_path_factory.mktemp('models')}/models.sqlite3"
    await asyncio.to_thread(upgrade, url)
    db, pack = Database(url), packs.load(played.PACK)
    staff = played.trust(pack)
    models = await played.models(db, CaseKeys(db, RING), pack, staff, 12)
    await db.close()
    return Record(tuple(models), staff, RING, NOW)


@pytest.fixture(scope="module")
async def store(record: Record, tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Return a database with some families on record."""
    folder: Path = tmp_path_factory.mktemp("filled")
    found = Store("sqlite", f"sqlite+aiosqlite:///{folder}/duly.sqlite3", folder)
    await asyncio.to_thread(upgrade, found.url)
    db = Database(found.url)
    async with db.write() as session:
        await played.populate(session, packs.load(played.PACK), record.staff)
    await db.close()
    into = await found.filled()
    assert isinstance(into, Lite)
    for family in FAMILIES:
        await into.write(filling.made(record, family))
    await into.close()
    return found


@pytest.fixture
async def db(store: Store) -> AsyncIterator[Database]:
    """Yield that database, open."""
    opened = Database(store.url)
    yield opened
    await opened.close()


async def test_every_case_opens_and_its_chain_holds(db: Database, record: Record) -> None:
    keys = CaseKeys(db, RING)
    models = {case for model in record.models for case in model.events}
    async with db.read() as session:
        cases = (await session.scalars(select(CaseRow))).all()
        assert len(cases) >= len(FAMILIES)
        for case in cases:
            rows = (await session.scalars(select(EventRow).where(col(EventRow.case) == case.id))).all()
            links = [
                Link(case=row.case, n=row.n, entry=row.entry, previous=row.previous, hash=row.hash) for row in rows
            ]
            assert first_broken(links) is None
            history = await queries.history(session, keys, case.id)
            opening = await queries.opening_of(session, keys, case)
            standing = await queries.standing_of(session, keys, case)
            assert history[0].at == case.opened_at
            assert (opening.reference, opening.request.title) == (case.reference, case.title)
            assert (standing.outcome, min((one.due for one in standing.asks), default=None)) == (case.outcome, case.due)
            assert played.TITLE not in f"{history} {opening} {standing}"
            assert not any(model in f"{history} {opening} {standing}" for model in models)


async def test_nothing_ended_on_a_day_to_come_and_what_is_open_changed_lately(db: Database) -> None:
    async with db.read() as session:
        cases = (await session.scalars(select(CaseRow))).all()
    ended = [case.closed_at for case in cases if case.closed_at is not None]
    assert max(ended) < NOW + timedelta(hours=3)
    assert max(ended) - min(ended) > timedelta(days=1_000)
    assert len(ended) < len(cases)
    assert all(case.changed_at > NOW - timedelta(days=400) for case in cases if case.closed_at is None)


async def test_a_doubled_record_has_twice_as_many_of_everything_and_the_same_in_lists(store: Store) -> None:
    counted = select(select(func.count()).select_from(CaseRow).scalar_subquery(), func.count()).select_from(AskRow)

    async def now() -> tuple[int, int, set[str], int]:
        db = Database(store.url)
        async with db.read() as session:
            cases, asks = (await session.execute(counted)).one()
            references = set(await session.scalars(select(col(CaseRow.reference))))
            newest = (await session.scalars(select(col(CaseRow.opened_at)))).all()
        await db.close()
        assert all(at.tzinfo is not None for at in newest)
        return cases, asks, references, len(await _open(store))

    before = await now()
    await doubling.double(store, 1, lambda: None)
    after = await now()
    assert (after[0], after[1], after[3]) == (2 * before[0], 2 * before[1], 2 * before[3])
    assert len(after[2]) == after[0]
    assert before[2] < after[2]


async def _open(store: Store) -> list[str]:
    db = Database(store.url)
    async with db.read() as session:
        found = list(await session.scalars(select(col(CaseRow.id)).where(col(CaseRow.closed_at).is_(None))))
    await db.close()
    return found
