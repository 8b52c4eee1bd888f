"""A look at the ends of all chains finds what was done to them."""

import pytest

from store import heads
from store.database import Database
from store.keys import CaseKeys
from tests.store.conftest import Tamper
from tests.store.turns import put, the_first_turn, the_second_turn

CRIMES = {
    "the last one changed": "UPDATE event SET entry = replace(entry, '10:30', '11:30') WHERE n = 4",
    "the one before it changed": "UPDATE event SET hash = previous WHERE n = 3",
    "the one before it removed": "DELETE FROM event WHERE n = 3",
    "the last one of another case": "UPDATE event SET \"case\" = 'c-2', n = 3 WHERE n = 4",
}


async def holds(database: Database) -> bool | None:
    async with database.read() as session:
        return await heads.hold(session)


async def test_ends_that_nobody_touched_hold(
    database: Database, keys: CaseKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await holds(database)
    await put(database, keys, the_first_turn(), the_second_turn(), the_first_turn("c-2", "WXYZ-2345"))
    assert await holds(database)
    monkeypatch.setattr(heads, "_AT_A_TIME", 1)
    assert await holds(database)
    async with database.read() as session:
        assert await heads.hold(session, lambda: True) is None


@pytest.mark.parametrize("crime", CRIMES.values(), ids=CRIMES)
async def test_an_end_that_was_changed_does_not(database: Database, keys: CaseKeys, tamper: Tamper, crime: str) -> None:
    await put(database, keys, the_first_turn(), the_second_turn(), the_first_turn("c-2", "WXYZ-2345"))
    await tamper(crime)
    assert await holds(database) is False
