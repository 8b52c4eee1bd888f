"""The processes that are measured, each its own: Temporal, two workers, the web, and the school's mail server."""

import asyncio
import base64
import json
import os
import re
import secrets
import signal
import sys
import tempfile
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import psutil  # type: ignore[import-untyped]  # comes without types, and nobody publishes any of this release
from temporalio.client import Client

from duly import embedded
from duly.embedded import LOOPBACK, Server, free_port

HERE: Final = Path(__file__).parent
ROOT: Final = HERE.parent
PACK: Final = HERE / "pack"

WEIGHED: Final = ("server", "bare worker", "worker", "web", "client")
"""The processes whose CPU is counted; the mail server stands for the school's and is not."""

_STOPS_WITHIN: Final = 15.0
_STARTS_WITHIN: Final = 30.0
_LOOK: Final = 0.02
_LIMIT: Final = 1 << 20
_NO_LIMIT: Final = str(10**6)


@dataclass(frozen=True)
class Mail:
    """A mail that reached the mail server."""

    to: str
    subject: str
    link: str
    code: str

    @property
    def token(self) -> str:
        """The secret of the decision link in it."""
        return self.link.rpartition("/d/")[2]


@dataclass
class Letterbox:
    """Hands over each mail to whoever waits for its subject, of which each case has its own.

    `listening` are told of every mail.
    """

    listening: list[Callable[[Mail], None]] = field(default_factory=list)
    _waiting: dict[tuple[str, str], asyncio.Future[Mail]] = field(default_factory=dict)

    def expect(self, subject: str, to: str = "") -> asyncio.Future[Mail]:
        """Return what will be the mail with that subject, to that address where it is given.

        A mail may come twice when a process was killed: the second is not for whoever is asked next.
        """
        return self._waiting.setdefault((subject, to), asyncio.get_running_loop().create_future())

    async def read(self, lines: asyncio.StreamReader) -> None:
        """Take what the mail server says until it ends."""
        async for line in lines:
            mail = Mail(**json.loads(line))
            for listen in self.listening:
                listen(mail)
            for to in (mail.to, ""):
                waiting = self._waiting.pop((mail.subject, to), None)
                if waiting is not None and not waiting.done():
                    waiting.set_result(mail)


@dataclass
class House:
    """All that runs. `parts` are its processes by name."""

    folder: Path
    server: Server
    smtp_port: int
    web_port: int
    environment: dict[str, str]
    letterbox: Letterbox = field(default_factory=Letterbox)
    parts: dict[str, Process] = field(default_factory=dict)
    _reading: list[asyncio.Task[None]] = field(default_factory=list)

    @property
    def base_url(self) -> str:
        """Where the web is."""
        return f"http://{LOOPBACK}:{self.web_port}"

    @property
    def database(self) -> Path:
        """The file of Duly's records."""
        return self.folder / "data" / "duly.sqlite3"

    async def start(self, name: str) -> None:
        """Start one process, or start it again, and return at once."""
        with (self.folder / f"{name.replace(' ', '-')}.log").open("ab") as log:
            self.parts[name] = await asyncio.create_subprocess_exec(
                *self._commands()[name],
                env=self.environment,
                cwd=ROOT,
                stdin=DEVNULL,
                stdout=PIPE if name == "mail" else log,
                stderr=log,
                limit=_LIMIT,
                start_new_session=True,
            )
        if name == "mail" and (said := self.parts[name].stdout) is not None:
            self._reading.append(asyncio.create_task(self.letterbox.read(said)))

    async def kill(self, name: str) -> None:
        """Kill one process without a chance to tidy up."""
        process = self.parts[name]
        process.kill()
        await process.wait()

    async def stop(self, name: str) -> None:
        """Stop one process, kindly first."""
        process = self.parts.pop(name)
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), _STOPS_WITHIN)
        except TimeoutError:
            process.kill()
            await process.wait()

    async def close(self) -> None:
        """Stop everything."""
        for name in reversed(self.parts.copy()):
            await self.stop(name)
        for reading in self._reading:
            reading.cancel()

    async def connect(self) -> Client:
        """Return a client of the server, once it answers."""
        client: Client = await _in_time(lambda: Client.connect(self.server.address), "Temporal")
        return client

    async def ready(self) -> None:
        """Wait until the web says that it is able to work."""
        await readiness(self.web_port)

    def cpu(self) -> dict[str, float]:
        """Return the seconds of CPU that each process has used."""
        pids = {name: process.pid for name, process in self.parts.items()} | {"client": os.getpid()}
        times = {name: psutil.Process(pid).cpu_times() for name, pid in pids.items()}
        return {name: time.user + time.system for name, time in times.items()}

    def memory(self, name: str) -> int:
        """Return the bytes of memory that a process has for itself."""
        return int(psutil.Process(self.parts[name].pid).memory_full_info().uss)

    def _commands(self) -> dict[str, list[str]]:
        python = [sys.executable, "-P", "-m"]
        bare = [self.server.address, str(self.smtp_port)]
        return {
            "mail": [*python, "benchmarks.sink", str(self.smtp_port)],
            "server": self.server.command,
            "bare worker": [*python, "benchmarks.bare", *bare],
            "worker": [*python, "duly.launch", "worker"],
            "web": [*python, "duly.launch", "web"],
        }


@contextmanager
def folder_to_use(keep: Path | None) -> Iterator[Path]:
    """Yield the folder to keep, made if it is missing, or one that goes when the block ends."""
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        yield keep.resolve()
        return
    with tempfile.TemporaryDirectory(prefix="duly-") as folder:
        yield Path(folder)


@asynccontextmanager
async def standing(folder: Path) -> AsyncIterator[House]:
    """Yield a house with all its processes up, in a new folder, with the people of the benchmark's pack."""
    server = embedded.server(folder / "temporal.sqlite3")
    if server is None:
        msg = "Temporal's own settings name a server; the benchmarks measure the embedded one"
        raise RuntimeError(msg)
    smtp_port, web_port = free_port(), free_port()
    house = House(folder, server, smtp_port, web_port, environment_of(folder, server, smtp_port, web_port))
    try:
        for name in ("mail", "server"):
            await house.start(name)
        await run(house, "people", "import", str(PACK / "people.csv"))
        await house.connect()
        for name in ("bare worker", "worker", "web"):
            await house.start(name)
        await house.ready()
        yield house
    finally:
        await house.close()


async def run(house: House, *words: str) -> None:
    """Run one of Duly's commands to its end.

    Raises:
        RuntimeError: it failed.
    """
    command = [sys.executable, "-P", "-m", "duly.launch", *words]
    process = await asyncio.create_subprocess_exec(
        *command, env=house.environment, cwd=ROOT, stdin=DEVNULL, stdout=DEVNULL, stderr=PIPE
    )
    _, error = await process.communicate()
    if process.returncode:
        msg = f"duly {' '.join(words)} failed: {error.decode()[-500:]}"
        raise RuntimeError(msg)


def clean_environment() -> dict[str, str]:
    """Return this process's environment without any setting of Duly's or Temporal's, or that has it compiled anew."""
    foreign = re.compile("DULY_|TEMPORAL_|PYTHONDONTWRITEBYTECODE$")
    return {name: text for name, text in os.environ.items() if not foreign.match(name)}


def environment_of(folder: Path, server: Server, smtp_port: int, web_port: int) -> dict[str, str]:
    """Return what the processes of a house in `folder` are told by their environment."""
    return clean_environment() | {
        "PYTHONPATH": str(ROOT),
        "TEMPORAL_ADDRESS": server.address,
        "DULY_MODE": "live",
        "DULY_DATA_DIR": str(folder / "data"),
        "DULY_PORT": str(web_port),
        "DULY_PACKS": str(PACK),
        "DULY_SMTP_HOST": LOOPBACK,
        "DULY_SMTP_PORT": str(smtp_port),
        "DULY_MAIL_FROM": "duly@measured.example",
        "DULY_KEYS": f"k1:{base64.b64encode(secrets.token_bytes(32)).decode()}",
        "DULY_CASES_PER_HOUR": _NO_LIMIT,
        "DULY_CASES_PER_DAY": _NO_LIMIT,
        "DULY_MAILS_A_DAY": _NO_LIMIT,
    }


async def readiness(port: int) -> None:
    """Wait until the web at `port` says that it is able to work."""
    await _in_time(lambda: _ask_readiness(port), "the web")


async def _in_time(attempt: Callable[[], Awaitable[Any]], what: str) -> Any:  # noqa: ANN401 -- what the attempt gives
    """Return what `attempt` gives, tried again until it does.

    Raises:
        TimeoutError: it did not in time.
    """
    try:
        async with asyncio.timeout(_STARTS_WITHIN):
            while True:
                with suppress(OSError, RuntimeError):
                    return await attempt()
                await asyncio.sleep(_LOOK)
    except TimeoutError:
        msg = f"{what} did not answer within {_STARTS_WITHIN:.0f} s"
        raise TimeoutError(msg) from None


async def _ask_readiness(port: int) -> None:
    reader, writer = await asyncio.open_connection(LOOPBACK, port)
    try:
        writer.write(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        if b" 200 " not in await reader.readline():
            msg = "not ready"
            raise OSError(msg)
    finally:
        writer.close()
