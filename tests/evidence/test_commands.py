"""`duly cases`, `duly keys fingerprint`, `duly audit checkpoint` and `duly verify`, from the command line."""

import asyncio
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from settings import Settings, load_settings
from starter.commands import app
from starter.evidence import unpacked, zipped
from store import packs
from store.database import Database
from store.keys import CaseKeys, Keyring
from tests.builders import PACK
from tests.confidence import a_confidential_opening
from tests.store.carrying import carried
from tests.store.turns import put, the_first_turn, the_last_turn, the_second_turn

_ROOT = Path(__file__).parents[2]
_BARE = {"PYTHONPATH": str(_ROOT)}


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, migrated_file: Path) -> Settings:
    """Return the settings that the commands find as well: demo mode, with an ordinary and a confidential case."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DULY_MODE", "demo")
    monkeypatch.setenv("DULY_DATA_DIR", str(tmp_path / "data"))
    settings = load_settings()
    assert settings.database_url.endswith(f"{tmp_path}/data/duly.sqlite3")
    shutil.copy(migrated_file, tmp_path / "data" / "duly.sqlite3")

    async def write() -> None:
        database = Database(settings.database_url)
        keys = CaseKeys(database, Keyring.of(settings.key_ring))
        async with database.write() as session:
            digest = await packs.keep(session, PACK)
        first = the_first_turn()
        assert first.opening is not None
        opening = first.opening.model_copy(update={"pack_digest": digest})
        await put(database, keys, first.model_copy(update={"opening": opening}), the_second_turn(), the_last_turn())
        await carried(database, keys, a_confidential_opening())
        await database.close()

    asyncio.run(write())
    return settings


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def exported(*arguments: str) -> Result:
    return run("cases", "export", "K7QM-4TXR", "--out", "case.zip", *arguments)


@pytest.mark.usefixtures("settings")
def test_what_is_exported_is_verified_with_the_published_fingerprint_however_it_is_written() -> None:
    assert exported().exit_code == 0
    fingerprint = run("keys", "fingerprint").stdout.strip()
    for key in (fingerprint, fingerprint.replace(" ", ""), fingerprint.replace(" ", ":").upper()):
        result = run("verify", "case.zip", "--key", key)
        assert result.exit_code == 0, result.stdout
        assert result.stdout.splitlines()[-1] == "The evidence holds."
    assert exported().exit_code == 2  # the file is there


@pytest.mark.usefixtures("settings")
def test_without_a_key_it_is_intact_and_the_signer_is_not_checked() -> None:
    exported("--redact", "names")
    result = run("verify", "case.zip")
    assert result.exit_code == 1
    assert result.stdout.splitlines()[-1].startswith("Intact, signer not checked: give --key")


@pytest.mark.usefixtures("settings")
def test_what_was_changed_is_not_called_intact(tmp_path: Path) -> None:
    exported()
    files = unpacked((tmp_path / "case.zip").read_bytes())
    (tmp_path / "case.zip").write_bytes(zipped(files | {"READ-ME.txt": b"Trust me."}))
    result = run("verify", "case.zip")
    assert result.exit_code == 1
    assert "WRONG  READ-ME.txt was changed: it is not the file that the manifest lists." in result.stdout
    assert result.stdout.splitlines()[-1] == "The evidence does not hold."


def test_wrong_use_is_told_apart_from_wrong_evidence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DULY_MODE", "live")  # with nothing set: whoever verifies has no Duly of their own
    (tmp_path / "case.zip").write_bytes(b"no evidence")
    assert run("verify", "nothing.zip").exit_code == 2
    assert run("verify", "case.zip", "--key", "abc").exit_code == 2
    result = run("verify", "case.zip")
    assert (result.exit_code, result.stderr) == (1, "It is not a ZIP file with nothing before and after it.\n")


def test_the_cases_are_listed_and_shown_and_a_confidential_one_is_not_there(settings: Settings) -> None:
    assert [line.split()[0] for line in run("cases", "list").stdout.splitlines()] == ["K7QM-4TXR"]
    assert run("cases", "list", "--open").stdout == ""
    shown = run("cases", "show", "k7qm4txr").stdout
    assert "Amina Okafor sent the request" in shown
    secret = a_confidential_opening().reference
    for arguments in (("show", secret), ("export", secret, "--out", "secret.zip")):
        hidden, missing = run("cases", *arguments), run("cases", arguments[0], "2222-2222", *arguments[2:])
        assert (hidden.exit_code, hidden.output) == (missing.exit_code, missing.output)
        assert hidden.stderr == "There is no ordinary case with that reference.\n"
    assert not (settings.data_dir.parent / "secret.zip").exists()


def test_a_checkpoint_is_taken_and_what_was_cut_off_since_is_found(settings: Settings) -> None:
    assert run("audit", "checkpoint").stdout.startswith("Checkpoint 1 was taken.")
    assert run("audit", "verify").stdout.endswith(" of 2 cases. It fits 1 checkpoint.\n")
    connection = sqlite3.connect(settings.data_dir / "duly.sqlite3")
    connection.executescript(
        "DROP TRIGGER event_stays; DELETE FROM event WHERE \"case\" = 'c-1' AND n > 4;"
        ' UPDATE "case" SET changed_at = (SELECT substr(entry, 8, 19) FROM event WHERE "case" = \'c-1\' AND n = 4);'
    )
    connection.close()
    result = run("audit", "verify")
    assert result.exit_code == 1
    assert "K7QM-4TXR: event 6, which a checkpoint knew, is gone or another one." in result.stderr


def test_copies_kept_elsewhere_find_a_checkpoint_that_is_gone(settings: Settings, tmp_path: Path) -> None:
    run("audit", "checkpoint")
    copies = tmp_path / "copies"
    copies.mkdir()
    (copies / "000000009-2026-11-30.txt").write_text("another")
    assert run("audit", "verify").exit_code == 0
    result = run("audit", "verify", "--copies", str(copies))
    assert result.exit_code == 1
    assert f"000000009-2026-11-30.txt in {copies} is no checkpoint, or was changed." in result.stderr
    assert list(settings.checkpoints.iterdir())


@pytest.mark.usefixtures("settings")
def test_verifying_takes_no_database_no_network_and_no_page() -> None:
    exported()
    program = """
import sys
from typer.testing import CliRunner
from starter.commands import app
assert CliRunner().invoke(app, ["verify", "case.zip"]).exit_code == 1
heavy = {"sqlalchemy", "sqlmodel", "temporalio", "starlette", "httpx2", "aiosmtplib", "settings", "starter.web"}
print(sorted(heavy & set(sys.modules)))
"""
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=_BARE)
    assert found.stdout == "[]\n"
