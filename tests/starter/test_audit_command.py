"""`duly audit verify` says whether the record holds, and where it does not."""

import asyncio
import sqlite3
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from settings import Settings, load_settings
from starter.commands import app
from store.confidential import erasing
from store.database import Database
from store.keys import CaseKeys, Keyring
from store.migrate import upgrade
from tests.confidence import a_confidential_opening, a_school
from tests.store.carrying import carried
from tests.store.ended import LONG_AFTER, the_end
from tests.store.turns import put, the_first_turn, the_second_turn

DROP = "DROP TRIGGER event_stays; DROP TRIGGER event_stays_as_it_is;"


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Return the settings that the command finds as well: demo mode, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DULY_MODE", "demo")
    monkeypatch.setenv("DULY_DATA_DIR", str(tmp_path / "data"))
    return load_settings()


@pytest.fixture
def file(settings: Settings) -> Path:
    """Put two cases on record and return the file of the database."""
    upgrade(settings.database_url)

    async def write() -> None:
        database = Database(settings.database_url)
        keys = CaseKeys(database, Keyring.of(settings.key_ring))
        await put(database, keys, the_first_turn(), the_second_turn(), the_first_turn("c-2", "WXYZ-2345"))
        await database.close()

    asyncio.run(write())
    return settings.data_dir / "duly.sqlite3"


def run() -> Result:
    return CliRunner().invoke(app, ["audit", "verify"])


def commit(file: Path, crime: str) -> None:
    connection = sqlite3.connect(file)
    connection.executescript(DROP + crime)
    connection.close()


@pytest.mark.usefixtures("file")
def test_a_record_that_holds_is_said_to_hold() -> None:
    result = run()
    assert (result.exit_code, result.stdout) == (0, "The record holds: 6 events of 2 cases.\n")


def test_each_case_that_does_not_hold_is_named_with_its_first_wrong_event(file: Path) -> None:
    commit(
        file, "UPDATE event SET entry = replace(entry, '10:30', '11:30') WHERE n = 3; DELETE FROM event WHERE n = 1;"
    )
    result = run()
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.strip().splitlines()[-3:] == [
        "K7QM-4TXR: event 1 was changed, removed or moved.",
        "WXYZ-2345: event 1 was changed, removed or moved.",
        "The record of 2 cases does not hold; checked: 4 events of 2 cases.",
    ]


def test_words_that_cannot_be_read_for_want_of_a_key_are_said_to_be_unread(file: Path) -> None:
    commit(file, "DELETE FROM case_key WHERE \"case\" = 'c-2'")
    result = run()
    assert result.exit_code == 0
    assert "The key of 1 case is not here" in result.stdout


def test_an_erased_case_is_told_apart_from_one_whose_key_is_lost(settings: Settings, file: Path) -> None:
    async def erase() -> None:
        database = Database(settings.database_url)
        keys = CaseKeys(database, Keyring.of(settings.key_ring))
        case = await carried(database, keys, a_confidential_opening())
        await the_end(case)
        async with database.write() as session:
            await erasing.propose(session, keys, case.opening.case, a_school(), "tara", LONG_AFTER)
            await erasing.erase(session, keys, case.opening.case, a_school(), "tom", LONG_AFTER)
        await database.close()

    asyncio.run(erase())
    result = run()
    assert result.exit_code == 0
    assert result.stdout.endswith("of 3 cases. Of 1 case nothing is left but the chain: erased, with a tombstone.\n")
    commit(file, "DELETE FROM case_key WHERE \"case\" = 'c-2'")
    assert "The key of 1 case is not here" in run().stdout


@pytest.mark.usefixtures("settings")
def test_a_database_of_another_version_is_not_checked() -> None:
    result = run()
    assert result.exit_code == 2
    assert "not one of this version of Duly" in result.stderr
