"""The command: quick to list itself, and wrong use ends in one line and exit code 2."""

import shutil
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from duly.embedded import free_port
from store.migrate import upgrade

HEAVY = {
    "aiosmtpd",
    "alembic",
    "authlib",
    "cryptography",
    "holidays",
    "pydantic",
    "rich",
    "sqlalchemy",
    "starlette",
    "temporalio",
}
LISTING = """
import sys
from duly.launch import command
try:
    command()(["--help"])
finally:
    print("LOADED", *sorted(name for name in sys.modules if "." not in name))
"""


def python(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", *words], env=environment, capture_output=True, text=True, timeout=60, check=False
    )


def test_help_lists_the_commands_and_loads_nothing_heavy() -> None:
    shown = python("-c", LISTING)
    listing, _, loaded = shown.stdout.partition("LOADED")
    assert {"up", "worker", "web"} <= set(listing.split())
    assert "mailbox" not in listing
    assert not HEAVY & set(loaded.split())


@pytest.mark.parametrize("command", ["cases list", "audit verify", "calendar recompute", "keys list", "backup ."])
def test_a_database_that_does_not_answer_is_one_line_and_exit_code_2(command: str, tmp_path: Path) -> None:
    nowhere = "postgresql+asyncpg://duly:secret@127.0.0.1:1/duly"
    settings = {"DULY_MODE": "demo", "DULY_DATA_DIR": str(tmp_path / "data"), "DULY_DATABASE_URL": nowhere}
    ended = python("-m", "duly.launch", *command.split(), **settings)
    assert ended.returncode == 2
    assert ended.stderr.startswith("The database does not answer")
    assert ended.stderr.count("\n") == 1
    assert "secret" not in ended.stderr


def test_a_faulty_setting_is_one_line_and_exit_code_2() -> None:
    for command in ("up", "worker", "web"):
        ended = python("-m", "duly.launch", command, DULY_MODE="demo", DULY_PORT="eighty")
        assert ended.returncode == 2
        assert ended.stdout == ""
        assert ended.stderr.startswith("DULY_PORT ")
        assert ended.stderr.count("\n") == 1


def test_an_unknown_command_is_wrong_use() -> None:
    assert python("-m", "duly.launch", "dance").returncode == 2


def demo_in(data: Path, **more: str) -> dict[str, str]:
    """Return the settings of a demo on `data`, and `more`."""
    return {"DULY_MODE": "demo", "DULY_DATA_DIR": str(data), **more}


@pytest.mark.parametrize(
    ("command", "settings", "said"),
    [
        ("worker", {"DULY_SIGNING_KEY_FILE": "/nowhere/at/all"}, "/nowhere/at/all"),
        ("worker", {"DULY_PACKS": "tests/duly"}, "holds no policy pack"),
        ("worker", {"TEMPORAL_TLS_CLIENT_CERT_PATH": "/nowhere/at/all"}, "TEMPORAL_ADDRESS"),
        ("worker", {"TEMPORAL_ADDRESS": "a b:xx"}, "TEMPORAL_ADDRESS"),
        ("web", {"TEMPORAL_TLS_CLIENT_CERT_PATH": "/nowhere/at/all"}, "TEMPORAL_ADDRESS"),
    ],
)
def test_what_a_part_cannot_start_with_is_one_line_and_exit_code_2(
    command: str, settings: dict[str, str], said: str, tmp_path: Path
) -> None:
    ended = python("-m", "duly.launch", command, **demo_in(tmp_path / "data", DULY_PORT=str(free_port()), **settings))
    assert ended.returncode == 2
    assert said in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_pages_say_that_their_port_is_taken(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = python("-m", "duly.launch", "web", **demo_in(tmp_path / "data", DULY_PORT=str(port)))
    assert (ended.returncode, ended.stderr.split(" on ")[0]) == (2, f"DULY_PORT {port}")
    assert ended.stderr.count("\n") == 1


@pytest.fixture(scope="module")
def newer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the database of a version to come."""
    file = tmp_path_factory.mktemp("newer") / "duly.sqlite3"
    upgrade(f"sqlite+aiosqlite:///{file}")
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.execute("PRAGMA journal_mode=DELETE")
    return file


@pytest.mark.parametrize("command", ["people import people.csv --organisation cadmus", "up", "backup ."])
def test_a_database_of_a_newer_version_is_one_line_and_exit_code_2(command: str, tmp_path: Path, newer: Path) -> None:
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    shutil.copy(newer, data / "duly.sqlite3")
    (tmp_path / "people.csv").write_text("name,email\n")
    words = command.replace("people.csv", str(tmp_path / "people.csv")).split()
    ended = python("-m", "duly.launch", *words, **demo_in(data, DULY_PORT=str(free_port())))
    assert ended.returncode == 2
    assert "of a newer Duly" in ended.stderr
    assert "Traceback" not in ended.stderr
