"""How long `duly up` takes until it is able to work."""

import asyncio
import signal
import sys
from contextlib import suppress
from pathlib import Path
from time import perf_counter
from typing import Final

from benchmarks.house import ROOT, clean_environment, readiness
from duly.embedded import free_port

_STOPPED: Final = 30.0


async def ready_after(folder: Path) -> float:
    """Return the seconds from the start of `duly up` on the data in `folder` until its web says that it can work."""
    port = free_port()
    environment = clean_environment() | {"DULY_MODE": "demo", "DULY_DATA_DIR": str(folder), "DULY_PORT": str(port)}
    nowhere = asyncio.subprocess.DEVNULL
    began = perf_counter()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "duly.launch", "up"), env=environment, cwd=ROOT, stdout=nowhere, stderr=nowhere
    )
    try:
        await readiness(port)
        return perf_counter() - began
    finally:
        # One that could not start has gone already.
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGINT)
        await asyncio.wait_for(process.wait(), _STOPPED)
