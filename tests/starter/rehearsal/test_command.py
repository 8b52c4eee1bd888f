"""`duly rehearse` as somebody runs it: what it refuses, and that it leaves nothing behind."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from duly.launch import command
from tests.packs.trying import ROOT

CADMUS = ROOT / "cadmus"


def run(*words: str | Path) -> Result:
    """Run the command to its end."""
    return CliRunner().invoke(command(), ["rehearse", *map(str, words)])


def test_a_scenario_that_cannot_be_played_is_wrong_use(tmp_path: Path) -> None:
    """Every fault is a line, and nothing is played."""
    file = tmp_path / "year.toml"
    file.write_text("days = 2\nstaff = 0\n", encoding="utf-8")
    said = run(CADMUS, "--scenario", file, "--out", tmp_path / "report")
    assert said.exit_code == 2
    assert [line.split(": ")[1] for line in said.output.splitlines()] == ["days", "staff"]
    assert not (tmp_path / "report").exists()


@pytest.mark.parametrize(
    ("make", "out"), [(("report", "report/index.html"), "report"), ((), "absent/report"), (("file",), "file/report")]
)
def test_a_report_takes_the_place_of_nothing(tmp_path: Path, make: tuple[str, ...], out: str) -> None:
    """Where something is there already, or there is no such place, it is said before a year is played."""
    for name in make:
        (tmp_path / name).mkdir()
    said = run(CADMUS, "--out", tmp_path / out) if make != ("file",) else run(CADMUS, "--out", tmp_path / "none" / out)
    assert said.exit_code == 2
    assert "--out" in said.output


def test_a_faulty_pack_is_wrong_use(tmp_path: Path) -> None:
    """What is wrong with it is said as `duly packs check` says it."""
    said = run(tmp_path)
    assert said.exit_code == 2
    assert "pack.toml: the file is missing" in said.output


def test_whoever_stops_it_finds_nothing_left(tmp_path: Path) -> None:
    """Ctrl-C takes everything down: no report, no file, and nothing that runs on.

    What a shell runs in the background without job control, as a script does, begins with Ctrl-C ignored; it is told
    to stop by the same signal, and has to stop all the same.
    """
    workplace = tmp_path / "made"
    workplace.mkdir()
    in_the_background = ("sh", "-c", "trap '' INT; exec \"$@\"", "sh")
    with subprocess.Popen(
        [*in_the_background, sys.executable, "-P", "-m", "duly.launch", "rehearse", CADMUS, "--out", tmp_path / "no"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(workplace), "DULY_DATA_DIR": str(tmp_path / "data")},
    ) as rehearsing:
        assert rehearsing.stderr is not None
        assert rehearsing.stderr.readline().startswith("Rehearsing Cadmus Family of Schools, seed 1.")
        assert list(workplace.iterdir())
        servers = _children(rehearsing.pid)
        rehearsing.send_signal(signal.SIGINT)
        _, said = rehearsing.communicate(timeout=60)
    assert rehearsing.returncode == 130
    assert said.strip() == "Stopped; nothing was written."
    assert not list(workplace.iterdir())
    assert {one.name for one in tmp_path.iterdir()} == {"made"}
    assert servers
    assert not [server for server in servers if Path(f"/proc/{server}").exists()]


def _children(process: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{process}/task/{process}/children").read_text().split()]
