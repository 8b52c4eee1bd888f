"""A transaction is kept whole or not at all, and reading waits for nobody."""

import asyncio
import sqlite3
from datetime import datetime

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import StatementError

from store import links, packs, people
from store.database import Database, DatabaseLostError
from store.keys import CaseKeys
from store.tables import CaseKeyRow
from tests.builders import AMINA, BEN, MONDAY, ORGANISATION, a_person
from tests.stories import a_pack


async def known(database: Database) -> list[str]:
    async with database.read() as session:
        return [person.id for person in (await people.directory(session, ORGANISATION)).people]


async def test_what_was_written_is_there_when_the_block_ends(database: Database) -> None:
    async with database.write() as session:
        await people.save(session, (AMINA,))
        assert await known(database) == []
    assert await known(database) == ["amina"]


async def test_of_a_transaction_that_failed_nothing_is_kept(database: Database) -> None:
    async def fail() -> None:
        async with database.write() as session:
            await people.save(session, (AMINA,))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    assert await known(database) == []


async def test_a_reader_sees_one_state_whatever_is_written_meanwhile(database: Database) -> None:
    async with database.read() as session:
        before = await people.directory(session, ORGANISATION)
        async with asyncio.timeout(5), database.write() as writing:
            await people.save(writing, (BEN,))
        session.expire_all()
        assert await people.directory(session, ORGANISATION) == before
    assert await known(database) == ["ben"]


async def test_many_who_write_at_once_all_get_their_turn(database: Database) -> None:
    async def add(number: int) -> None:
        async with database.write() as session:
            await people.save(session, (a_person(f"p{number:02}", "Somebody"),))

    await add(0)
    await asyncio.gather(*map(add, range(1, 20)))
    assert await known(database) == [f"p{number:02}" for number in range(20)]


async def test_a_hundred_who_write_at_once_are_all_kept(database: Database, keys: CaseKeys) -> None:
    async def add(number: int) -> None:
        async with database.write() as session:
            await keys.create(session, f"c-{number}")

    await asyncio.gather(*map(add, range(100)))
    async with database.read() as session:
        assert (await session.execute(select(func.count()).select_from(CaseKeyRow))).scalar_one() == 100


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
async def test_a_writer_waits_while_another_process_writes(database: Database, keys: CaseKeys, url: str) -> None:
    async def write() -> None:
        async with database.write() as session:
            await keys.create(session, "c-1")

    other = sqlite3.connect(url.partition(":///")[2], isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    writing = asyncio.create_task(write())
    await asyncio.sleep(0.1)
    assert not writing.done()
    assert await known(database) == []
    other.execute("COMMIT")
    other.close()
    await asyncio.wait_for(writing, 5)
    assert (await keys.of("c-1")).owner == "c-1"


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
async def test_a_writer_whose_turn_does_not_come_gives_up_and_lets_the_next_try(
    database: Database, keys: CaseKeys, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def write() -> None:
        async with database.write() as session:
            await keys.create(session, "c-1")

    monkeypatch.setattr("store.sqlite._GIVES_UP_AFTER", 0.05)
    other = sqlite3.connect(url.partition(":///")[2], isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(DatabaseLostError, match="locked"):
        await write()
    other.execute("COMMIT")
    other.close()
    await write()
    assert (await keys.of("c-1")).owner == "c-1"


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
async def test_whether_a_writer_that_is_stopped_is_kept_is_settled_when_it_ends(database: Database) -> None:
    async def write(case: str) -> None:
        async with database.write() as session:
            session.add(CaseKeyRow(case=case, wrapped_under="k1", wrapped=bytes(1_000_000)))

    async def is_kept(case: str) -> bool:
        async with database.read() as session:
            return await session.get(CaseKeyRow, case) is not None

    outcomes = []
    for turns in range(25):
        writing = asyncio.create_task(write(f"c-{turns}"))
        for _ in range(turns):
            await asyncio.sleep(0)
        writing.cancel()
        await asyncio.wait({writing})
        outcomes.append(await is_kept(f"c-{turns}"))
        await write(f"another-{turns}")
        assert await is_kept(f"c-{turns}") is outcomes[-1]
    assert set(outcomes) == {False, True}


async def test_a_moment_without_a_zone_is_refused(database: Database) -> None:
    with pytest.raises(StatementError, match="without a zone"):
        async with database.write() as session:
            await links.record_opened(session, "c-1", 1, "ben", datetime(2026, 11, 2, 9, 30))  # noqa: DTZ001
    async with database.write() as session:
        assert await links.record_opened(session, "c-1", 1, "ben", MONDAY) == MONDAY


async def test_a_pack_that_several_keep_at_once_is_kept_once(database: Database) -> None:
    async def keep() -> str:
        async with database.write() as session:
            return await packs.keep(session, a_pack())

    assert len(set(await asyncio.gather(*(keep() for _ in range(8))))) == 1
