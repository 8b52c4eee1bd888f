"""After a rotation every case can be read without the key that wrapped it before; until then that key is needed."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import delete, select
from sqlmodel import col

from store import queries, rotating, second_factors, webhooks
from store.database import Database
from store.keys import CaseKeys, Keyring, KeyUnknownError
from store.rotating import Uses, rotate, uses
from store.tables import CaseKeyRow, SecondFactorRow
from store.webhooks import WebhookRow
from tests.builders import MONDAY
from tests.confidence import a_confidential_opening
from tests.store.carrying import carried
from tests.store.turns import put, the_first_turn

OLD, NEW = {"old": b"o" * 32}, {"new": b"n" * 32}
BEFORE, BOTH, AFTER = Keyring.of(OLD), Keyring.of({**NEW, **OLD}), Keyring.of(NEW)


async def used(database: Database, ring: Keyring) -> rotating.Use:
    async with database.read() as session:
        return await uses(session, ring)


async def test_a_case_is_read_after_the_old_key_is_gone(database: Database) -> None:
    await put(database, CaseKeys(database, BEFORE), the_first_turn())
    confidential = await carried(database, CaseKeys(database, BEFORE), a_confidential_opening())
    running = CaseKeys(database, BOTH)
    before = await running.of("c-1")
    assert (await used(database, BOTH)).by_key["new"] == Uses()
    told: list[tuple[int, int]] = []
    done = await rotate(database, BOTH, lambda *at: told.append(at))
    assert done.whole
    assert done.cases == told[-1][0] == told[-1][1] == (await used(database, BOTH)).by_key["new"].cases
    assert (await used(database, BOTH)).by_key["old"] == Uses()
    assert await running.of("c-1") == before
    keys = CaseKeys(database, AFTER)
    async with database.read() as session:
        for case in ("c-1", confidential.opening.case):
            assert await queries.history(session, keys, case)
        with pytest.raises(KeyUnknownError):
            await CaseKeys(database, BEFORE).of("c-1", session)
    assert (await rotate(database, BOTH)).cases == 0


async def test_secrets_of_apps_and_webhooks_are_sealed_anew(database: Database) -> None:
    keys = CaseKeys(database, BEFORE)
    await put(database, keys, the_first_turn())
    async with database.write() as session:
        await second_factors.begin(session, BEFORE, "ben", MONDAY)
        await second_factors.begin(session, AFTER, "amina", MONDAY)
        where = {"organisation": "elmbrook", "address": "https://hooks.example", "kinds": ("approved",)}
        told = await webhooks.make(session, BEFORE, id_="w-1", by="ben", at=MONDAY, **where)  # type: ignore[arg-type]
    async with database.read() as session:
        row = await second_factors.factor_of(session, "ben")
        assert row is not None
        secret = second_factors.secret_of(BEFORE, row)
    assert (await used(database, BOTH)).by_key["old"].others == 2
    assert (await rotate(database, BOTH)).others == 2
    async with database.read() as session:
        row = await second_factors.factor_of(session, "ben")
        assert row is not None
        assert second_factors.secret_of(AFTER, row) == secret
        assert webhooks.secret_of(AFTER, await session.get_one(WebhookRow, "w-1")) == told
    assert (await used(database, AFTER)).unknown == 0


async def test_what_was_stopped_halfway_goes_on_where_it_was(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotating, "_AT_A_TIME", 2)
    keys = CaseKeys(database, BEFORE)
    async with database.write() as session:
        for n in range(5):
            await keys.create(session, f"c-{n}")
    made = [await keys.of(f"c-{n}") for n in range(5)]

    class StoppedError(Exception):
        pass

    def stop(done: int, total: int) -> None:
        assert total == 5
        if done >= 2:
            raise StoppedError

    with pytest.raises(StoppedError):
        await rotate(database, BOTH, stop)
    assert (await used(database, BOTH)).by_key == {"new": Uses(cases=2), "old": Uses(cases=3)}
    assert (await rotate(database, BOTH)).cases == 3
    assert [await CaseKeys(database, AFTER).of(f"c-{n}") for n in range(5)] == made


async def test_a_key_that_is_destroyed_meanwhile_does_not_come_back_and_a_new_one_is_not_lost(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = CaseKeys(database, BEFORE)
    async with database.write() as session:
        for n in range(3):
            await keys.create(session, f"c-{n}")
    monkeypatch.setattr(rotating, "_AT_A_TIME", 1)

    async def erase() -> None:
        async with database.write() as session:
            await session.execute(delete(CaseKeyRow).where(col(CaseKeyRow.case) == "c-2"))
            await CaseKeys(database, BEFORE).create(session, "c-0-late")

    await asyncio.gather(rotate(database, BOTH), erase())
    left = await rotate(database, BOTH)
    assert left.whole
    async with database.read() as session:
        there = set((await session.scalars(select(col(CaseKeyRow.case)))).all())
    assert there == {"c-0", "c-0-late", "c-1"}


async def test_what_cannot_be_unwrapped_stays_as_it_is_and_is_said(database: Database) -> None:
    async with database.write() as session:
        await CaseKeys(database, BEFORE).create(session, "c-1")
        await CaseKeys(database, Keyring.of({"lost": b"l" * 32})).create(session, "c-2")
        await CaseKeys(database, Keyring.of({"old": b"x" * 32})).create(session, "c-3")
    await put(database, CaseKeys(database, BEFORE), the_first_turn("c-4"))
    async with database.write() as session:
        session.add(
            SecondFactorRow(person="ben", sealed_secret=b"\x01" + b"z" * 60, made_at=MONDAY - timedelta(days=1))
        )
    done = await rotate(database, BOTH)
    assert (done.cases, done.lacking, done.unknown, done.whole) == (2, {"lost": 1, "old": 1}, 1, False)
    use = await used(database, BOTH)
    assert use.by_key["lost"] == Uses(cases=1)
    assert list(use.by_key) == ["new", "old", "lost"]
