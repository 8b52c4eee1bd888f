"""`duly up`: one foreground process that starts every part, keeps it running and stops all of it in order."""

import asyncio
import fcntl
import signal
import socket
import sys
import traceback
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import typer

from duly import embedded
from duly.embedded import LOOPBACK, free_port
from duly.part import CannotStartError, Part, PartFailedError
from settings import Settings

READY_WITHIN = 60.0
POLL = 0.05
TRIES_AGAIN_AFTER = 1.0


def say(line: str) -> None:
    """Tell the person at the terminal. Where the terminal is gone, nothing fails for it."""
    with suppress(OSError):
        typer.echo(line)


def main(settings: Settings) -> int:
    """Run everything until Ctrl-C or SIGTERM.

    Returns the exit code: 0 asked to stop, 1 a part failed, 2 it cannot start here.
    """
    try:
        with _alone(settings.up_lock):
            check_free(settings.host, settings.port)
            settings.logs.mkdir(mode=0o700, exist_ok=True)
            asyncio.run(_until_asked_to_stop(settings))
    except CannotStartError as error:
        typer.echo(str(error), err=True)
        return 2
    except PartFailedError as error:
        typer.echo(f"Duly stopped: {error}", err=True)
        return 1
    except Exception as error:  # noqa: BLE001 - a person at a terminal gets a line; the log gets the trace
        log = settings.logs / "up.log"
        with suppress(OSError):
            log.write_text(traceback.format_exc(), encoding="utf-8")
        why = f": {error.strerror}" if isinstance(error, OSError) and error.strerror else ""
        typer.echo(f"Duly stopped: {type(error).__name__}{why}; see {log}", err=True)
        return 1
    return 0


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Hold `lock`, which the system lets go of however this process ends.

    Raises:
        CannotStartError: another `duly up` holds it.
    """
    with lock.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            message = f"DULY_DATA_DIR {lock.parent} is in use: another `duly up` is running on it"
            raise CannotStartError(message) from None
        yield


def check_free(host: str, port: int) -> None:
    """Raise CannotStartError where the web could not listen."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        message = f"DULY_PORT {port} on {host} cannot be used: {error.strerror}"
        raise CannotStartError(message) from None


async def _until_asked_to_stop(settings: Settings) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    house = House(settings)
    asked = asyncio.create_task(stop.wait())
    standing = asyncio.create_task(house.stand())
    try:
        await asyncio.wait({asked, standing}, return_when=asyncio.FIRST_COMPLETED)
        if standing.done():
            await standing
    finally:
        asked.cancel()
        standing.cancel()
        # Waited for, not awaited: however it ended, the parts are stopped.
        await asyncio.wait({standing})
        await house.stop()


class House:
    """The parts of one running Duly, in the order in which they start."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._environment: dict[str, str] = {}
        self._parts: list[Part] = []

    async def stand(self) -> None:
        """Start everything, say where it is, and keep it running.

        Raises:
            CannotStartError: what Duly needs is not here.
            PartFailedError: a part could not be kept running.
        """
        try:
            async with asyncio.TaskGroup() as keeping:
                await self._start_all(keeping)
        except ExceptionGroup as several:
            raise several.exceptions[0] from None

    async def _start_all(self, keeping: asyncio.TaskGroup) -> None:
        server = embedded.server(self._settings.temporal_db)
        if server:
            self._start(keeping, "temporal", server.command)
            self._environment["TEMPORAL_ADDRESS"] = server.address
            self._settings.temporal_address.write_text(server.address, encoding="utf-8")
        if self._settings.smtp_host is None:
            self._start_mail_catcher(keeping)
        await self._prepare_database()
        if server:
            async with _in_time("Temporal"):
                await server.keep_histories()
            say("Temporal is ready.")
        self._start(keeping, "worker", _duly("worker"))
        self._start(keeping, "web", _duly("web"))
        await _until_ready(self._settings)
        self._welcome()

    def _start(self, keeping: asyncio.TaskGroup, name: str, command: list[str]) -> None:
        part = Part(name, command, self._settings.logs / f"{name}.log", say, self._environment.copy())
        self._parts.append(part)
        keeping.create_task(part.keep())

    def _start_mail_catcher(self, keeping: asyncio.TaskGroup) -> None:
        port = free_port()
        self._start(keeping, "mail", _duly("mailbox", str(port)))
        self._environment |= {
            "DULY_SMTP_HOST": LOOPBACK,
            "DULY_SMTP_PORT": str(port),
            "DULY_SMTP_TLS": "none",
        }

    async def _prepare_database(self) -> None:
        await migrated(self._settings.database_url)
        if self._settings.mode == "demo":
            from starter import demo

            await demo.load(self._settings)
        say("The database is ready.")

    def _welcome(self) -> None:
        site = self._settings.base_url
        say(f"\nDuly is running.\n\n  The site     {site}")
        if self._settings.mode == "demo":
            from starter import demo

            if self._settings.smtp_host is None:
                say(f"  The mailbox  {site}/mailbox   every mail lands here, none leaves this machine")
            say("\n  Everybody is invented. Sign in as one of them:")
            for name, role, email in demo.people_to_try(self._settings):
                say(f"  {email:32} {name}, {role}")
        say("\nStop with Ctrl-C.")

    async def stop(self) -> None:
        """Stop web, worker, mail and Temporal, one after the other."""
        if self._parts:
            say("Stopping …")
        for part in reversed(self._parts):
            await part.stop()
        self._settings.temporal_address.unlink(missing_ok=True)
        say("Stopped.")


def _duly(*words: str) -> list[str]:
    # -P: a file named settings.py in the folder where Duly was started is not Duly's.
    return [sys.executable, "-P", "-m", "duly.launch", *words]


async def migrated(database_url: str) -> None:
    """Bring the database to the tables of this version, once it answers: it may be starting at the same moment.

    Raises:
        CannotStartError: it did not answer within a minute.
    """
    from store import migrate
    from store.database import DatabaseLostError
    from store.version import OtherVersionError

    now = asyncio.get_running_loop().time
    gives_up_at, told = now() + READY_WITHIN, False
    while True:
        try:
            return await asyncio.to_thread(migrate.upgrade, database_url)
        except DatabaseLostError as error:
            # A file is there, or it is not, and no database changes its version by itself.
            if database_url.startswith("sqlite") or isinstance(error, OtherVersionError) or now() > gives_up_at:
                raise CannotStartError(error.line) from None
            if not told:
                say(f"{error.line} Trying again for a minute …")
            told = True
        await asyncio.sleep(TRIES_AGAIN_AFTER)


async def _until_ready(settings: Settings) -> None:
    """Wait until the web says that it is able to work.

    Raises:
        PartFailedError: it did not within a minute.
    """
    async with _in_time("the site"):
        while not await _says_ready(settings):  # noqa: ASYNC110 - another process has no event to wait for
            await asyncio.sleep(POLL)


async def _says_ready(settings: Settings) -> bool:
    everywhere = {"0.0.0.0": LOOPBACK, "::": "::1"}  # noqa: S104 - compared with, not bound to
    try:
        reader, writer = await asyncio.open_connection(everywhere.get(settings.host, settings.host), settings.port)
        host = urlsplit(settings.base_url).netloc
        writer.write(f"GET /readyz HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        status = await reader.readline()
        writer.close()
    except OSError:
        return False
    return b" 200 " in status


@asynccontextmanager
async def _in_time(name: str) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(READY_WITHIN):
            yield
    except TimeoutError:
        message = f"{name} was not ready within {READY_WITHIN:.0f} s; see the logs in the data folder"
        raise PartFailedError(message) from None
