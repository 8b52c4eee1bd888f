"""A part is started again when it dies, given up when it keeps dying, and stopped with all it started."""

import asyncio
import re
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from duly import part
from duly.part import Part, PartFailedError


def a_part(folder: Path, program: str, said: list[str] | None = None) -> Part:
    heard = [] if said is None else said
    return Part("worker", [sys.executable, "-c", program], folder / "worker.log", heard.append)


async def wait_for(path: Path, pattern: str = ".+") -> str:
    async with asyncio.timeout(20):
        while not path.exists() or not re.search(pattern, path.read_text()):
            await asyncio.sleep(0.02)
    return path.read_text()


def alive(pid: int) -> bool:
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    return False


async def test_a_part_that_keeps_dying_is_given_up_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(part, "PAUSES", (0.0, 0.0, 0.0, 0.0))
    said: list[str] = []
    with pytest.raises(PartFailedError, match=r"worker ended 5 times within a minute, last with code 3; see .*log"):
        await a_part(tmp_path, "import sys; sys.exit(3)", said).keep()
    assert len(said) == 4


async def test_a_part_that_died_is_started_again(tmp_path: Path) -> None:
    mark = tmp_path / "second"
    program = (
        "import os, pathlib, time\n"
        f"first, second = pathlib.Path({str(tmp_path / 'first')!r}), pathlib.Path({str(mark)!r})\n"
        "if not first.exists(): first.touch(); os._exit(1)\n"
        "second.write_text('here'); time.sleep(60)"
    )
    worker = a_part(tmp_path, program)
    keeping = asyncio.create_task(worker.keep())
    assert await wait_for(mark) == "here"
    keeping.cancel()
    await worker.stop()


async def test_stopping_a_part_stops_what_it_started(tmp_path: Path) -> None:
    mark = tmp_path / "grandchild"
    program = (
        "import pathlib, subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        f"pathlib.Path({str(mark)!r}).write_text(str(child.pid)); time.sleep(60)"
    )
    worker = a_part(tmp_path, program)
    keeping = asyncio.create_task(worker.keep())
    grandchild = int(await wait_for(mark))
    assert alive(grandchild)
    keeping.cancel()
    await worker.stop()
    async with asyncio.timeout(5):
        while alive(grandchild):
            await asyncio.sleep(0.02)


async def test_a_part_that_does_not_stop_when_asked_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(part, "PATIENCE", 0.2)
    mark = tmp_path / "deaf"
    program = (
        "import os, pathlib, signal, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        f"pathlib.Path({str(mark)!r}).write_text(str(os.getpid())); time.sleep(60)"
    )
    said: list[str] = []
    worker = a_part(tmp_path, program, said)
    keeping = asyncio.create_task(worker.keep())
    deaf = int(await wait_for(mark))
    keeping.cancel()
    await worker.stop()
    assert not alive(deaf)
    assert said == ["worker did not stop within 0 s and is killed"]


async def test_a_log_is_for_its_owner_alone_and_a_large_one_is_set_aside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(part, "LARGEST_LOG", 10)
    (tmp_path / "worker.log").write_text("x" * 11)
    worker = a_part(tmp_path, "import time; print('new', flush=True); time.sleep(60)")
    keeping = asyncio.create_task(worker.keep())
    assert (await wait_for(tmp_path / "worker.log", "new")) == "new\n"
    assert (tmp_path / "worker.log.1").read_text() == "x" * 11
    assert (tmp_path / "worker.log").stat().st_mode & 0o077 == 0
    keeping.cancel()
    await worker.stop()
