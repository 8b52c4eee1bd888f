"""The database itself refuses to change, remove or reorder an event, whoever asks it to."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from store import queries
from store.database import Database
from store.keys import CaseKeys
from tests.store.turns import on_record, put, the_first_turn

COLUMNS = '"case", n, entry, sealed, previous, hash'
AS_IT_IS = "entry, sealed, previous, hash FROM event WHERE \"case\" = 'c-1' AND n = 2"
REFUSED = {
    "changed": "UPDATE event SET entry = '{}' WHERE n = 1",
    "changed to what it is": "UPDATE event SET hash = hash",
    "renumbered": "UPDATE event SET n = 9 WHERE n = 2",
    "removed": "DELETE FROM event WHERE n = 2",
    "all removed": "DELETE FROM event",
    "put before another": f'INSERT INTO event ({COLUMNS}) SELECT "case", 0, {AS_IT_IS}',
    "put after a gap": f'INSERT INTO event ({COLUMNS}) SELECT "case", 4, {AS_IT_IS}',
    "put in place of another": f'INSERT INTO event ({COLUMNS}) SELECT "case", 2, {AS_IT_IS}',
    "begun in the middle": f"INSERT INTO event ({COLUMNS}) SELECT 'c-9', 2, {AS_IT_IS}",
}
REFUSED_BY_SQLITE = {
    "replaced": f'INSERT OR REPLACE INTO event ({COLUMNS}) SELECT "case", 2, {AS_IT_IS}',
    "replaced at the end": "REPLACE INTO event SELECT * FROM event WHERE n = 2",
    "changed or replaced": "UPDATE OR REPLACE event SET n = 1 WHERE n = 2",
}
REFUSED_BY_POSTGRESQL = {
    "emptied": "TRUNCATE event",
    "changed where it is there": (
        f'INSERT INTO event ({COLUMNS}) SELECT "case", 2, {AS_IT_IS} ON CONFLICT ("case", n) DO UPDATE SET entry = \'\''
    ),
}


async def refuses(database: Database, keys: CaseKeys, statement: str) -> None:
    """Check that `statement` fails, and that the events are what they were."""
    await put(database, keys, the_first_turn())
    with pytest.raises(DBAPIError, match="an event"):
        async with database.write() as session:
            await session.execute(text(statement))
    async with database.read() as session:
        history = await queries.history(session, keys, "c-1")
    assert history == on_record(the_first_turn())


@pytest.mark.parametrize("statement", REFUSED.values(), ids=REFUSED.keys())
async def test_an_event_cannot_be(database: Database, keys: CaseKeys, statement: str) -> None:
    await refuses(database, keys, statement)


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("statement", REFUSED_BY_SQLITE.values(), ids=REFUSED_BY_SQLITE.keys())
async def test_on_sqlite_an_event_cannot_be(database: Database, keys: CaseKeys, statement: str) -> None:
    await refuses(database, keys, statement)


@pytest.mark.postgres
@pytest.mark.parametrize("url", ["postgres"], indirect=True)
@pytest.mark.parametrize("statement", REFUSED_BY_POSTGRESQL.values(), ids=REFUSED_BY_POSTGRESQL.keys())
async def test_on_postgresql_events_cannot_be(database: Database, keys: CaseKeys, statement: str) -> None:
    await refuses(database, keys, statement)
