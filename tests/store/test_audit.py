"""The audit finds every event that somebody who owns the database changed, removed or moved."""

import hashlib

import pytest
from sqlalchemy import text

from domain.chain import FIRST
from store import audit
from store.audit import AuditReport, Broken
from store.database import Database
from store.keys import CaseKeys, Keyring
from tests.store.conftest import Tamper
from tests.store.turns import put, the_first_turn, the_last_turn, the_second_turn

OTHER = ("c-2", "WXYZ-2345")


@pytest.fixture
async def cases(database: Database, keys: CaseKeys) -> None:
    """Put two cases on record: one of six events, one of two."""
    await put(database, keys, the_first_turn(), the_second_turn(), the_last_turn(), the_first_turn(*OTHER))


async def found(database: Database, keys: CaseKeys) -> AuditReport:
    async with database.read() as session:
        return await audit.verify(session, keys)


@pytest.mark.usefixtures("cases")
async def test_a_record_that_nobody_touched_holds(database: Database, keys: CaseKeys) -> None:
    assert await found(database, keys) == AuditReport(cases=2, events=8, broken=(), without_key=0)


async def test_an_empty_record_holds(database: Database, keys: CaseKeys) -> None:
    assert await found(database, keys) == AuditReport(cases=0, events=0, broken=(), without_key=0)


CRIMES = {
    "an entry changed": (
        "UPDATE event SET entry = replace(entry, '09:30', '09:31') WHERE \"case\" = 'c-1' AND n = 1",
        1,
    ),
    "a hash changed": ("UPDATE event SET hash = previous WHERE \"case\" = 'c-1' AND n = 3", 3),
    "an event removed": ("DELETE FROM event WHERE \"case\" = 'c-1' AND n = 4", 4),
    "the last event removed": ("DELETE FROM event WHERE \"case\" = 'c-1' AND n >= 5", 5),
    "every event removed": ("DELETE FROM event WHERE \"case\" = 'c-1'", 1),
    "two events moved to the end": ("UPDATE event SET n = 15 - n WHERE \"case\" = 'c-1' AND n IN (1, 2)", 1),
    "what is sealed taken from another event": (
        "UPDATE event SET sealed = (SELECT sealed FROM event WHERE \"case\" = 'c-1' AND n = 3)"
        " WHERE \"case\" = 'c-1' AND n = 2",
        2,
    ),
    "what is sealed taken from another case": (
        "UPDATE event SET sealed = (SELECT sealed FROM event WHERE \"case\" = 'c-2' AND n = 1)"
        " WHERE \"case\" = 'c-1' AND n = 1",
        1,
    ),
    "an entry taken from another case": (
        "UPDATE event SET entry = (SELECT entry FROM event WHERE \"case\" = 'c-2' AND n = 2)"
        " WHERE \"case\" = 'c-1' AND n = 2",
        2,
    ),
}


@pytest.mark.usefixtures("cases")
@pytest.mark.parametrize(("crime", "n"), CRIMES.values(), ids=CRIMES.keys())
async def test_the_case_and_its_first_wrong_event_are_named(
    database: Database, keys: CaseKeys, tamper: Tamper, crime: str, n: int
) -> None:
    await tamper(crime)
    report = await found(database, keys)
    assert report.broken == (Broken(case="K7QM-4TXR", n=n),)
    assert report.cases == 2


@pytest.mark.usefixtures("cases")
async def test_a_chain_that_was_forged_anew_without_the_key_does_not_open(
    database: Database, keys: CaseKeys, tamper: Tamper
) -> None:
    async with database.read() as session:
        events = (await session.execute(text("SELECT n, entry FROM event WHERE \"case\" = 'c-1' ORDER BY n"))).all()
    previous = FIRST
    for n, entry in events:
        forged = entry.replace("T09:30", "T08:30") if n == 2 else entry
        hash_ = hashlib.sha256(f"{previous}{forged}".encode()).hexdigest()
        text_ = forged.replace(":", "\\:")
        await tamper(
            f"UPDATE event SET entry = '{text_}', previous = '{previous}', hash = '{hash_}'"  # noqa: S608 -- a crime
            f" WHERE \"case\" = 'c-1' AND n = {n}"
        )
        previous = hash_
    assert (await found(database, keys)).broken == (Broken(case="K7QM-4TXR", n=2),)


@pytest.mark.usefixtures("cases")
async def test_events_of_a_case_that_is_gone_are_named_by_its_id(
    database: Database, keys: CaseKeys, tamper: Tamper
) -> None:
    for table in ("asked", "ask"):
        await tamper(f"DELETE FROM {table} WHERE \"case\" = 'c-2'")  # noqa: S608 -- our own tables
    await tamper("DELETE FROM \"case\" WHERE id = 'c-2'")
    assert (await found(database, keys)).broken == (Broken(case="c-2", n=1),)


@pytest.mark.usefixtures("cases")
async def test_without_its_key_the_chain_of_a_case_is_still_checked(database: Database, tamper: Tamper) -> None:
    other_ring = Keyring.of({"k2": b"j" * 32})
    assert await found(database, CaseKeys(database, other_ring)) == AuditReport(
        cases=2, events=8, broken=(), without_key=2
    )
    await tamper("DELETE FROM case_key WHERE \"case\" = 'c-2'")
    await tamper("DELETE FROM event WHERE \"case\" = 'c-2' AND n = 1")
    report = await found(database, CaseKeys(database, other_ring))
    assert report.broken == (Broken(case="WXYZ-2345", n=1),)
    assert report.without_key == 1


@pytest.mark.usefixtures("cases")
async def test_progress_is_told_how_many_cases_are_done_and_of_how_many(database: Database, keys: CaseKeys) -> None:
    told: list[tuple[int, int]] = []
    async with database.read() as session:
        await audit.verify(session, keys, lambda done, total: told.append((done, total)))
    assert told[-1] == (2, 2)
