"""`duly up`: refuses in one line what cannot work, and starts, mends and stops the whole house."""

import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from duly.embedded import free_port

READY = "Stop with Ctrl-C."
UP = [sys.executable, "-P", "-m", "duly.launch", "up"]


def environment(data: Path, port: int) -> dict[str, str]:
    """A demo on `data` and `port`, whatever this machine says about Duly and Temporal."""
    rest = {name: value for name, value in os.environ.items() if not name.startswith(("DULY_", "TEMPORAL_"))}
    return rest | {"DULY_MODE": "demo", "DULY_DATA_DIR": str(data), "DULY_PORT": str(port)}


def refused(data: Path, port: int, **more: str) -> str:
    """Run `duly up`, which ends with exit code 2, and return the one line that it says."""
    ended = subprocess.run(
        UP, cwd=data.parent, env=environment(data, port) | more, capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 2
    [line] = ended.stderr.splitlines()
    return line


@dataclass
class Running:
    """A `duly up` that is ready."""

    process: subprocess.Popen[str]
    data: Path
    port: int
    said: str

    def answers(self) -> bool:
        """Whether the site says that it is able to work."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=10) as answer:
            return bool(answer.status == 200)

    def parts(self) -> dict[str, int]:
        """The process of each part that runs on this data folder."""
        mark = f"DULY_DATA_DIR={self.data}"
        found: dict[str, int] = {}
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                words = (folder / "cmdline").read_text().split("\0")
                ours = mark in (folder / "environ").read_text().split("\0")
            except OSError:
                continue
            if ours and int(folder.name) != self.process.pid:
                found |= {name: int(folder.name) for name in ("start-dev", "mailbox", "worker", "web") if name in words}
        return found


Start = Callable[[Path], Running]


@pytest.fixture
def start() -> Iterator[Start]:
    """Start `duly up` on a data folder and wait until it is ready."""
    running: list[Running] = []

    def begin(data: Path) -> Running:
        port = free_port()
        process = subprocess.Popen(
            UP,
            cwd=data.parent,
            env=environment(data, port),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert process.stdout is not None
        lines: list[str] = []
        for line in process.stdout:
            lines.append(line)
            if READY in line:
                break
        up = Running(process, data, port, "".join(lines))
        running.append(up)
        assert READY in up.said, up.said
        return up

    yield begin
    for up in running:
        up.process.terminate()
        up.process.communicate(timeout=60)


def gone(up: Running) -> bool:
    """Whether every part ends within ten seconds."""
    until = time.monotonic() + 10
    while up.parts() and time.monotonic() < until:
        time.sleep(0.05)
    return not up.parts()


def test_a_port_in_use_is_said_in_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert refused(tmp_path / "data", port).startswith(f"DULY_PORT {port} on 127.0.0.1 cannot be used")


def test_a_second_one_on_the_same_data_is_refused(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    with (data / "up.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert "another `duly up` is running on it" in refused(data, free_port())


def test_a_data_folder_that_cannot_be_made_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "data").touch()
    assert refused(tmp_path / "data", free_port()).startswith("DULY_DATA_DIR")


def test_a_temporal_profile_that_is_not_there_is_said_in_one_line(tmp_path: Path) -> None:
    assert refused(tmp_path / "data", free_port(), TEMPORAL_PROFILE="absent").startswith("TEMPORAL_PROFILE")


def test_ctrl_c_stops_everything_and_a_second_start_finds_its_data(start: Start, tmp_path: Path) -> None:
    data = tmp_path / "data"
    first = start(data)
    assert first.answers()
    assert f"http://127.0.0.1:{first.port}/mailbox" in first.said
    assert set(first.parts()) == {"start-dev", "mailbox", "worker", "web"}
    key = (data / "keys").read_text()
    first.process.send_signal(signal.SIGINT)
    rest, _ = first.process.communicate(timeout=60)
    assert first.process.returncode == 0
    assert rest.splitlines() == ["Stopping …", "Stopped."]
    assert gone(first)
    assert [path for path in data.rglob("*") if path.stat().st_mode & 0o077] == []
    assert start(data).answers()
    assert (data / "keys").read_text() == key


def test_parts_that_die_are_started_again(start: Start, tmp_path: Path) -> None:
    up = start(tmp_path / "data")
    before = up.parts()
    for part in ("start-dev", "worker", "web"):
        os.kill(before[part], signal.SIGKILL)
    until = time.monotonic() + 20
    while len(up.parts()) < 4 or set(up.parts().values()) & {before["start-dev"], before["worker"], before["web"]}:
        assert time.monotonic() < until
        time.sleep(0.1)
    assert up.process.poll() is None


def test_nothing_is_left_behind_when_it_is_killed_itself(start: Start, tmp_path: Path) -> None:
    up = start(tmp_path / "data")
    up.process.kill()
    assert gone(up)
