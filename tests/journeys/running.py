"""A whole Duly as a school would run it: the real `duly up` on a free port, with a data folder of its own."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from duly.embedded import free_port

_READY = "Stop with Ctrl-C."
_DULY = (sys.executable, "-P", "-m", "duly.launch")
_WITHIN = 90.0


@asynccontextmanager
async def duly(folder: Path) -> AsyncIterator[str]:
    """Yield the address of a Duly in demo mode on new data in `folder`; afterwards it is asked to stop, and does."""
    port = free_port()
    up = await asyncio.create_subprocess_exec(
        *_DULY,
        "up",
        cwd=folder,
        env=_environment(folder) | {"DULY_PORT": str(port)},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        await asyncio.wait_for(_until_ready(up), _WITHIN)
        yield f"http://127.0.0.1:{port}"
    finally:
        if up.returncode is None:
            up.send_signal(signal.SIGINT)
        await asyncio.wait_for(up.communicate(), _WITHIN)
    assert up.returncode == 0


async def command(folder: Path, *words: str) -> None:
    """Run one of Duly's commands to its end, beside the Duly that runs on the data in `folder`."""
    process = await asyncio.create_subprocess_exec(
        *_DULY,
        *words,
        cwd=folder,
        env=_environment(folder),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await asyncio.wait_for(process.communicate(), _WITHIN)
    assert process.returncode == 0, said.decode()


def _environment(folder: Path) -> dict[str, str]:
    rest = {name: value for name, value in os.environ.items() if not name.startswith(("DULY_", "TEMPORAL_"))}
    return rest | {"DULY_MODE": "demo", "DULY_DATA_DIR": str(folder / "data")}


async def _until_ready(up: asyncio.subprocess.Process) -> None:
    assert up.stdout is not None
    said = b""
    async for line in up.stdout:
        said += line
        if _READY.encode() in line:
            return
    raise AssertionError(said.decode())
