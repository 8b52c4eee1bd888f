"""`duly doctor` says in plain words what is wrong, to somebody who can mend it; and nothing secret."""

import asyncio
import os
import shutil
import socket
import sqlite3
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from settings import Settings, load_settings
from starter.commands import app
from starter.operating import checks, places
from starter.operating import checks_of_servers as servers
from starter.operating.doctor import Found, Level, look, ok
from store.database import Database
from store.keys import CaseKeys, Keyring
from tests.house import Outbox
from tests.store.turns import put, the_first_turn, the_second_turn

NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
SECRET = "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVoxMjM0NTY="
DRAWN = "7/3t6Q0mQ9q0sP0c1xk7mS3o5Y5f8S0yq4n8g7hB2aE="


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, migrated_file: Path) -> Settings:
    """Return the settings that the command finds as well: a demo in a folder of its own, with a record."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith(("DULY_", "TEMPORAL_")) and "TEST" not in name]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("DULY_MODE", "demo")
    monkeypatch.setenv("DULY_DATA_DIR", str(tmp_path / "data"))
    made = load_settings()
    shutil.copy(migrated_file, made.data_dir / "duly.sqlite3")
    (made.data_dir / "duly.sqlite3").chmod(0o600)

    async def write() -> None:
        database = Database(made.database_url)
        keys = CaseKeys(database, Keyring.of(made.key_ring))
        await put(database, keys, the_first_turn(), the_second_turn())
        await database.close()

    asyncio.run(write())
    return made


@pytest.fixture
def silent() -> Iterator[int]:
    """Yield the port of something that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def run() -> Result:
    return CliRunner().invoke(app, ["doctor"])


def levels(found: list[Found]) -> list[Level]:
    return [one.level for one in found]


def live(settings: Settings, **more: object) -> Settings:
    """Return the same in live mode."""
    whole = {"mode": "live", "smtp_host": "127.0.0.1", "mail_from": "duly@elms.example", "keys": f"k1:{DRAWN}"}
    return Settings.model_validate({"data_dir": settings.data_dir, **whole, **more})


def test_a_line_for_each_finding_and_exit_code_0_where_nothing_is_wrong(settings: Settings) -> None:
    result = run()
    assert result.exit_code == 0, result.stdout
    assert "ok       record: The last event of every case is in its place" in result.stdout
    assert "warning  temporal: Duly does not run on this data folder" in result.stdout
    assert settings.demo_keys.read_text() not in result.stdout


def test_what_is_wrong_is_said_with_what_to_do_and_exit_code_1(settings: Settings) -> None:
    connection = sqlite3.connect(settings.data_dir / "duly.sqlite3")
    connection.executescript(
        "DROP TRIGGER event_stays_as_it_is; UPDATE event SET entry = replace(entry, '10:30', '11:30') WHERE n = 4;"
    )
    connection.close()
    (settings.data_dir / "duly.sqlite3").chmod(0o640)
    result = run()
    assert result.exit_code == 1
    assert "wrong    record: An event was changed, removed or moved: `duly audit verify` says where." in result.stdout
    assert f"is open to other users: chmod -R go= {settings.data_dir}" in result.stdout


def test_faulty_settings_are_named_one_by_one(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    monkeypatch.setenv("DULY_PORT", "eighty")
    monkeypatch.setenv("DULY_SMPT_HOST", "localhost")
    result = run()
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert [line.partition(" is ")[0] for line in lines[:1]] == ["wrong    settings: DULY_SMPT_HOST"]
    assert lines[1].startswith("wrong    settings: DULY_PORT")
    assert "The rest was not looked at" in lines[-1]


def test_a_host_that_never_answers_holds_up_nothing(settings: Settings, silent: int) -> None:
    began = time.monotonic()
    dead = live(settings, smtp_port=silent)
    checked = [("mail", lambda: checks.check_mail(dead)), ("other", lambda: [ok("other", "It is well.")])]
    found = look(checked, patience=0.5)
    assert time.monotonic() - began < 3
    assert [(one.about, one.level) for one in found] == [("mail", "wrong"), ("other", "ok")]
    assert found[0].says == "No answer within 0 seconds."


def test_a_check_that_fails_says_nothing_but_its_kind() -> None:
    def fails() -> list[Found]:
        raise ValueError(SECRET)

    assert [one.says for one in look([("keys", fails)])] == ["The check failed (ValueError)."]


async def test_the_mail_server_is_asked_and_gets_no_mail(settings: Settings) -> None:
    outbox = Outbox()
    await outbox.open()
    found = await asyncio.to_thread(checks.check_mail, live(settings, smtp_port=outbox.port))
    assert levels(found) == ["ok"]
    await outbox.close()
    found = await asyncio.to_thread(checks.check_mail, live(settings, smtp_port=outbox.port))
    assert levels(found) == ["wrong"]
    assert "DULY_SMTP_HOST" in found[0].says
    assert outbox.messages == []


@pytest.mark.parametrize(
    ("keys", "level"),
    [(f"k1:{DRAWN}", "ok"), (f"k1:{SECRET}", "wrong"), ("k1:" + "A" * 43 + "=", "wrong")],
    ids=["drawn by chance", "typed", "all the same"],
)
def test_a_key_that_nobody_drew_is_wrong(settings: Settings, keys: str, level: Level) -> None:
    assert levels(checks.check_keys(live(settings, keys=keys))) == [level]


def test_a_key_that_signed_checkpoints_is_missed(settings: Settings) -> None:
    settings.checkpoints.mkdir()
    [found] = checks.check_keys(settings)
    assert (found.level, str(settings.signing_key) in found.says) == ("wrong", True)


def test_a_key_that_cases_need_is_missed(settings: Settings) -> None:
    lacks = servers.check_database(live(settings, keys=f"k2:{DRAWN}"))
    assert [one.level for one in lacks] == ["ok", "wrong"]
    assert "lacks the key demo" in lacks[1].says
    other = servers.check_database(live(settings, keys=f"demo:{DRAWN}"))
    assert "is not the one that cases were sealed under" in other[1].says


@pytest.mark.parametrize(
    ("revision", "level", "says"),
    [("0002", "wrong", "of an older Duly"), ("9999", "wrong", "of a newer Duly")],
)
def test_a_database_of_another_version_is_told(settings: Settings, revision: str, level: Level, says: str) -> None:
    connection = sqlite3.connect(settings.data_dir / "duly.sqlite3")
    connection.execute("UPDATE alembic_version SET version_num = ?", [revision])
    connection.commit()
    connection.close()
    [found] = servers.check_database(settings)
    assert (found.level, says in found.says) == (level, True)


def test_a_database_that_is_away_is_told_without_its_password(settings: Settings) -> None:
    away = live(settings, database_url=f"postgresql+asyncpg://duly:{SECRET[:20]}@127.0.0.1:1/duly")
    [found] = servers.check_database(away)
    assert found.level == "wrong"
    assert SECRET[:20] not in found.says
    assert servers.check_record(away) == []


def test_a_temporal_that_is_away_is_told(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
    assert levels(servers.check_temporal(settings)) == ["wrong"]


def test_what_demo_mode_left_is_told_in_live_mode(settings: Settings) -> None:
    found = checks.check_settings(live(settings))
    assert levels(found) == ["warning", "warning"]
    assert "what demo mode left (keys)" in found[1].says


def test_a_record_of_the_future_is_wrong(settings: Settings) -> None:
    found = checks.check_clock(settings, lambda: NOW - timedelta(days=3650))
    assert "wrong" in levels(found)
    assert "wrong" not in levels(checks.check_clock(settings, lambda: NOW + timedelta(days=3650)))


def test_old_backups_are_told(settings: Settings) -> None:
    school = live(settings)
    assert levels(checks.check_backup(school, lambda: NOW)) == ["warning"]
    places.note_backup(settings, NOW)
    assert levels(checks.check_backup(school, lambda: NOW + timedelta(hours=30))) == ["ok"]
    assert levels(checks.check_backup(school, lambda: NOW + timedelta(days=3))) == ["warning"]
