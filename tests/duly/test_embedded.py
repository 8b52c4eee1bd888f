"""The embedded Temporal server: wanted only where Temporal's own settings name no other."""

import os
from pathlib import Path

import pytest

from duly import embedded
from duly.part import CannotStartError


@pytest.fixture(autouse=True)
def no_temporal_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Hide what this machine says about Temporal."""
    for name in [name for name in os.environ if name.startswith("TEMPORAL_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("TEMPORAL_CONFIG_FILE", str(tmp_path / "absent.toml"))


def test_it_listens_on_loopback_and_writes_its_journal_through(tmp_path: Path) -> None:
    server = embedded.server(tmp_path / "temporal.sqlite3")
    assert server is not None
    words = " ".join(server.command)
    assert "--ip 127.0.0.1" in words
    assert "--headless" in words
    assert "journal_mode=WAL" in words
    assert "synchronous=FULL" in words
    assert server.namespace == "default"


@pytest.mark.parametrize("name", ["TEMPORAL_ADDRESS", "TEMPORAL_API_KEY"])
def test_a_server_named_elsewhere_is_used_instead(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str) -> None:
    monkeypatch.setenv(name, "temporal.school.example:7233")
    assert embedded.server(tmp_path / "temporal.sqlite3") is None


def test_a_profile_may_name_the_server_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    profiles = tmp_path / "temporal.toml"
    profiles.write_text('[profile.school]\naddress = "temporal.school.example:7233"\n')
    monkeypatch.setenv("TEMPORAL_CONFIG_FILE", str(profiles))
    assert embedded.server(tmp_path / "temporal.sqlite3") is not None
    monkeypatch.setenv("TEMPORAL_PROFILE", "school")
    assert embedded.server(tmp_path / "temporal.sqlite3") is None


def test_a_profile_that_is_not_there_is_said_to_be_unusable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TEMPORAL_PROFILE", "absent")
    with pytest.raises(CannotStartError, match="TEMPORAL_PROFILE"):
        embedded.server(tmp_path / "temporal.sqlite3")
