"""`duly keys list` and `rotate` say what is used for what, and never a key; `duly doctor` misses a key in time."""

import asyncio
import base64
import shutil
from pathlib import Path

import pytest
from sqlalchemy import delete
from typer.testing import CliRunner, Result

from settings import load_settings
from starter.commands import app
from starter.operating import checks_of_servers as servers
from store import second_factors
from store.database import Database
from store.keys import CaseKeys, Keyring
from store.tables import CaseKeyRow
from tests.builders import MONDAY
from tests.store.turns import put, the_first_turn

DRAWN = {"old": bytes(range(32)), "new": bytes(range(32, 64))}


def key(name: str) -> str:
    return f"{name}:{base64.b64encode(DRAWN[name]).decode()}"


@pytest.fixture
def given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, migrated_file: Path) -> pytest.MonkeyPatch:
    """Return what sets `DULY_KEYS`; a case is on record under the old key."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DULY_MODE", "demo")
    monkeypatch.setenv("DULY_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("DULY_KEYS", key("old"))
    settings = load_settings()
    shutil.copy(migrated_file, tmp_path / "data" / "duly.sqlite3")

    async def write() -> None:
        db = Database(settings.database_url)
        await put(db, CaseKeys(db, Keyring.of(settings.key_ring)), the_first_turn())
        await db.close()

    asyncio.run(write())
    return monkeypatch


def run(*words: str) -> Result:
    result = CliRunner().invoke(app, ["keys", *words])
    assert not [name for name in DRAWN if key(name).partition(":")[2] in result.output]
    return result


def test_a_key_is_rotated_and_can_then_be_taken_away(given: pytest.MonkeyPatch) -> None:
    given.setenv("DULY_KEYS", f"{key('new')},{key('old')}")
    assert run("list").stdout.splitlines() == [
        "new  the first, which seals what is new: 0 case keys, 0 other secrets",
        "old  1 case key, 0 other secrets",
    ]
    result = run("rotate")
    assert (result.exit_code, result.stdout.splitlines()[0]) == (
        0,
        "Wrapped anew under the key new: 1 case key and 0 other secrets.",
    )
    assert run("list").stdout.splitlines()[1] == "old  0 case keys, 0 other secrets, so it can be taken away"
    given.setenv("DULY_KEYS", key("new"))
    assert run("list").exit_code == 0
    assert CliRunner().invoke(app, ["audit", "verify"]).stdout == "The record holds: 2 events of 1 case.\n"


def test_a_key_that_was_taken_away_too_early_is_missed_by_list_rotate_and_doctor(given: pytest.MonkeyPatch) -> None:
    given.setenv("DULY_KEYS", key("new"))
    listed = run("list")
    assert (listed.exit_code, listed.stderr) == (1, "old  MISSING in DULY_KEYS: 1 case key, 0 other secrets\n")
    result = run("rotate")
    assert result.exit_code == 1
    assert "Left as they were: 1 case key, for which the key old is not in DULY_KEYS." in result.stderr
    found = servers.check_database(load_settings())
    assert [(one.about, one.level) for one in found] == [("database", "ok"), ("keys", "wrong")]
    assert "DULY_KEYS lacks the key old" in found[1].says


def test_a_key_that_an_app_needs_is_missed_too(given: pytest.MonkeyPatch) -> None:
    settings = load_settings()

    async def begin() -> None:
        db = Database(settings.database_url)
        async with db.write() as session:
            await second_factors.begin(session, Keyring.of(settings.key_ring), "ben", MONDAY)
            await session.execute(delete(CaseKeyRow))
        await db.close()

    asyncio.run(begin())
    assert [one.level for one in servers.check_database(load_settings())] == ["ok"]
    given.setenv("DULY_KEYS", key("new"))
    found = servers.check_database(load_settings())
    assert [(one.about, one.level) for one in found] == [("database", "ok"), ("keys", "warning")]
    listed = run("list")
    assert (listed.exit_code, listed.stderr) == (1, "No key of DULY_KEYS opens 1 other secret.\n")


def test_a_lost_database_is_one_line(given: pytest.MonkeyPatch) -> None:
    given.setenv("DULY_DATABASE_URL", "postgresql+asyncpg://nobody@127.0.0.1:1/none")
    for command in ("list", "rotate"):
        result = run(command)
        assert (result.exit_code, result.output) == (2, "The database does not answer: try again once it does.\n")
