"""One part of a running Duly: a child process, started again when it dies, and stopped with its group."""

import asyncio
import ctypes
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

# Seconds before the first, second, … new start; one death more, all within MINUTE, and the part is given up.
PAUSES = (0.0, 0.5, 1.0, 2.0)
MINUTE = 60.0
PATIENCE = 15.0
LARGEST_LOG = 10_000_000
PR_SET_PDEATHSIG = 1

libc = ctypes.CDLL(None) if sys.platform == "linux" else None


class CannotStartError(Exception):
    """Duly cannot start here, for a reason that its reader can mend."""


class PartFailedError(Exception):
    """A part cannot be kept running."""


@dataclass
class Part:
    """A named command. `keep` runs it until the task is cancelled; `stop` ends its process."""

    name: str
    command: list[str]
    log: Path
    say: Callable[[str], None]
    environment: dict[str, str] = field(default_factory=dict)
    _process: asyncio.subprocess.Process | None = None

    async def keep(self) -> None:
        """Run the command, again whenever it ends.

        Raises:
            PartFailedError: it ended five times within a minute.
        """
        ends: list[float] = []
        while True:
            self._process = await self._start()
            code = await self._process.wait()
            now = asyncio.get_running_loop().time()
            ends = [end for end in ends if now - end < MINUTE] + [now]
            if len(ends) > len(PAUSES):
                message = f"{self.name} ended {len(ends)} times within a minute, last {_how(code)}; see {self.log}"
                raise PartFailedError(message)
            self.say(f"{self.name} ended {_how(code)} and is started again; see {self.log}")
            await asyncio.sleep(PAUSES[len(ends) - 1])

    async def stop(self) -> None:
        """End the process and what it started: asked first, and killed if it takes too long."""
        process = self._process
        if process is None:
            return
        _signal_group(process.pid, signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), PATIENCE)
        except TimeoutError:
            self.say(f"{self.name} did not stop within {PATIENCE:.0f} s and is killed")
        _signal_group(process.pid, signal.SIGKILL)
        await process.wait()

    async def _start(self) -> asyncio.subprocess.Process:
        log = os.open(_roomy(self.log), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            return await asyncio.create_subprocess_exec(
                *self.command,
                env={**os.environ, **self.environment},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # A group of its own: Ctrl-C reaches `duly up` alone, which stops the parts in order.
                start_new_session=True,
                preexec_fn=_die_with_parent,
            )
        finally:
            os.close(log)


def _die_with_parent() -> None:
    """Ask Linux to end this process when `duly up` is killed without a chance to stop it."""
    if libc is not None:
        # Not asked to stop: its Temporal is gone in the same moment, and everything is durable.
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _signal_group(group: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(group, number)


def _how(code: int) -> str:
    return f"by signal {-code}" if code < 0 else f"with code {code}"


def _roomy(log: Path) -> Path:
    """Return `log`; one that grew large is set aside first, in the place of the one set aside before."""
    if log.exists() and log.stat().st_size > LARGEST_LOG:
        log.replace(log.with_name(f"{log.name}.1"))
    return log
