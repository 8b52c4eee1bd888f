"""A whole Duly as a school would run it: the real `duly up` on a free port, with a data folder of its own."""

import asyncio
import os
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime
from pathlib import Path

from duly.embedded import free_port
from store import people, power
from store.database import Database

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


async def command(folder: Path, *words: str) -> str:
    """Run one of Duly's commands to its end, beside the Duly that runs on the data in `folder`; return what it said."""
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
    return said.decode()


async def confirm_all(folder: Path, organisation: str, address: str) -> None:
    """Have the administrator with `address` confirm every change of power that waits, as on the page."""
    at = datetime.now(UTC)  # noqa: TID251 -- the server's clock is this machine's
    db = Database(f"sqlite+aiosqlite:///{folder / 'data' / 'duly.sqlite3'}")
    try:
        async with db.write() as session:
            second = await people.person_by_email(session, address)
            assert second is not None
            await power.confirm(session, await power.waiting(session, organisation, at), second.id, at)
    finally:
        await db.close()


def _environment(folder: Path) -> dict[str, str]:
    rest = {name: value for name, value in os.environ.items() if not name.startswith(("DULY_", "TEMPORAL_"))}
    return rest | {"DULY_MODE": "demo", "DULY_DATA_DIR": str(folder / "data"), "DULY_MAILS_A_DAY": "1000"}


def forget_codes(folder: Path, address: str) -> None:
    """Forget that `address` asked for codes to sign in: tests do so more often than anybody in a quarter of an hour."""
    with closing(sqlite3.connect(folder / "data" / "duly.sqlite3", timeout=10)) as database, database:
        database.execute("DELETE FROM sign_in_code WHERE address = ?", (address,))


async def _until_ready(up: asyncio.subprocess.Process) -> None:
    assert up.stdout is not None
    said = b""
    async for line in up.stdout:
        said += line
        if _READY.encode() in line:
            return
    raise AssertionError(said.decode())
