"""That the evidence of a case was taken is on record, whoever took it: on a page, or with a command on the machine."""

import asyncio
import os
import pwd
import socket
from pathlib import Path

import pytest

from settings import Settings
from store import evidence
from store.database import Database
from store.tables import EvidenceTakenRow
from tests.confidence import a_confidential_opening
from tests.evidence.test_commands import exported, run, settings  # noqa: F401


def taken(settings: Settings, case: str = "c-1") -> list[EvidenceTakenRow]:  # noqa: F811
    async def read() -> list[EvidenceTakenRow]:
        db = Database(settings.database_url)
        async with db.read() as session:
            rows = await evidence.taken(session, case)
        await db.close()
        return list(rows)

    return asyncio.run(read())


def operator() -> str:
    return f"{pwd.getpwuid(os.getuid()).pw_name} at {socket.gethostname()}"


def test_who_exported_the_evidence_and_what_was_withheld_goes_on_record(
    settings: Settings,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("SUDO_USER", raising=False)
    result = exported("--redact", "names")
    assert result.exit_code == 0
    assert f"That {operator()} took it is on record." in result.stdout
    [row] = taken(settings)
    assert (row.person, row.operator, row.withheld) == (None, operator(), "names")


def test_whoever_became_root_is_named_as_they_came_and_whatever_they_call_themselves(
    settings: Settings,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SUDO_USER", "eva")
    for name in ("USER", "LOGNAME", "USERNAME"):
        monkeypatch.setenv(name, "somebody-else")
    assert exported().exit_code == 0
    [row] = taken(settings)
    assert row.operator is not None
    assert row.operator.startswith(f"{pwd.getpwuid(os.getuid()).pw_name} (eva) at ")


def test_a_file_that_is_there_or_cannot_be_written_is_no_evidence_taken(
    settings: Settings,  # noqa: F811
    tmp_path: Path,
) -> None:
    (tmp_path / "case.zip").write_bytes(b"another")
    assert exported().exit_code == 2
    assert (tmp_path / "case.zip").read_bytes() == b"another"
    assert run("cases", "export", "K7QM-4TXR", "--out", "nowhere/case.zip").exit_code == 2
    assert taken(settings) == []


def test_no_command_takes_the_evidence_of_a_confidential_case_and_nothing_is_noted_of_the_try(
    settings: Settings,  # noqa: F811
) -> None:
    secret = a_confidential_opening()
    assert run("cases", "export", secret.reference, "--out", "secret.zip").exit_code == 2
    assert taken(settings, secret.case) == []
    assert taken(settings) == []


def test_without_a_record_of_it_there_is_no_file(
    settings: Settings,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(evidence, "note_taken", fail)
    assert exported().exit_code == 1
    assert not (tmp_path / "case.zip").exists()
    assert taken(settings) == []
