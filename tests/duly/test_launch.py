"""The command: quick to list itself, and wrong use ends in one line and exit code 2."""

import subprocess
import sys
from pathlib import Path

import pytest

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
