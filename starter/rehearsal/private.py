"""The house that a rehearsal is played in: nothing of it outlives it, and nothing of it leaves this machine."""

import asyncio
import base64
import os
import secrets
import shutil
import socket
import sys
import sysconfig
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Final, Protocol, TypeAlias

from pydantic import SecretStr
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from sqlalchemy import event
from temporalio.client import Client
from temporalio.runtime import Runtime, TelemetryConfig
from temporalio.service import RPCError
from temporalio.testing import TimeSkipper

from domain.pack import Pack
from settings import Settings
from starter.engine import Engine
from starter.rehearsal.catching import BASE_URL, LOOPBACK, Scanner, Sink
from starter.rehearsal.watching import Clock, Watch
from starter.web.site import Site
from store import confidential, migrate
from store.codec import data_converter
from store.database import Database
from store.keys import CaseKeys, Keyring

SENDER: Final = "duly@rehearsal.example"
_IN_MEMORY: Final = Path("/dev/shm")  # noqa: S108 -- a folder of its own is made in it
_ROOM: Final = 500_000_000
"""Bytes that have to be free in memory for the folder to lie there."""

_LOOKS: Final = 300
_LOOKS_AGAIN: Final = 0.1
"""How often, and after how many seconds each time, it is looked whether the server answers."""

_FLAGS: Final = (
    "frontend.WorkflowTimeSkippingEnabled=true",
    'history.timerProcessorMaxTimeShift="1ms"',
    "history.timerProcessorMaxPollRPS=1000",
    "history.timerProcessorMaxPollHostRPS=1000",
    # It asks nobody whether there is a newer one.
    "frontend.enableServerVersionCheck=false",
)


class Work(Protocol):
    """What the lookout does, as whoever drives the year has it done."""

    async def look(self) -> None:
        """Look once at people, what was put by, and what comes round."""


@dataclass(frozen=True)
class Workplace:
    """What a worker stands on: Temporal, the records, a port of this machine that takes mail, the clock, the packs."""

    client: Client
    db: Database
    keys: CaseKeys
    smtp_port: int
    sender: str
    base_url: str
    mails_a_day: int
    clock: Callable[[], datetime]
    packs: Mapping[str, Pack]


Works: TypeAlias = Callable[[Workplace], AbstractAsyncContextManager[Work]]
"""Runs a worker, and yields its lookout; how it is built stands above all that can be imported here."""


class _Alone(Settings):
    """Settings that neither the environment nor a file has a say in."""

    model_config = SettingsConfigDict(toml_file=None)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Return what is said here, and nothing else."""
        del settings_cls, env_settings, dotenv_settings, file_secret_settings
        return (init_settings,)


@dataclass(frozen=True)
class House:
    """All that a year is played with."""

    clock: Clock
    watch: Watch
    engine: Engine
    db: Database
    keys: CaseKeys
    sink: Sink
    scanner: Scanner
    work: Work


@asynccontextmanager
async def house(
    packs: Mapping[str, Pack], folders: tuple[Path, ...], works: Works, begins: datetime
) -> AsyncIterator[House]:
    """Yield a house for `packs`, by their organisations, which lie in `folders`; afterwards nothing of it is left."""
    room = _IN_MEMORY if "TMPDIR" not in os.environ and _is_roomy(_IN_MEMORY) else None
    with tempfile.TemporaryDirectory(prefix="duly-rehearsal-", dir=room) as made:
        place = Path(made)
        clock = Clock(begins)
        watch = Watch(clock)
        url = f"sqlite+aiosqlite:///{place}/rehearsal.sqlite3"
        await asyncio.to_thread(migrate.upgrade, url)
        db = _careless(Database(url))
        keys = CaseKeys(db, Keyring.of({"rehearsal": secrets.token_bytes(32)}))
        try:
            async with db.write() as session:
                await confidential.keep_index(session, keys)
            async with _temporal() as skipper:
                plain = skipper.client.config()
                plain["data_converter"] = data_converter(keys)
                watched = {**plain, "interceptors": [watch]}
                watch.stand_at(skipper, Client(**plain))
                client = Client(**watched)  # type: ignore[arg-type]
                site = Site(_settings(place, folders), db, keys, Engine(client), packs, clock, demo=False)
                sink = Sink(clock)
                mails = site.settings.mails_a_day
                async with (
                    sink.listening() as port,
                    works(Workplace(client, db, keys, port, SENDER, BASE_URL, mails, clock, packs)) as work,
                ):
                    scanner = Scanner(site, place / "rehearsal.sqlite3")
                    yield House(clock, watch, Engine(client), db, keys, sink, scanner, work)
        finally:
            await db.close()


@asynccontextmanager
async def _temporal() -> AsyncIterator[TimeSkipper]:
    """Yield what moves the clocks of a private Temporal, in memory and on loopback; they move only when told to."""
    with socket.create_server((LOOPBACK, 0)) as probe:
        port = probe.getsockname()[1]
    where = ("--ip", LOOPBACK, "--port", str(port))
    flags = [part for flag in _FLAGS for part in ("--dynamic-config-value", flag)]
    nowhere = asyncio.subprocess.DEVNULL
    server = await asyncio.create_subprocess_exec(
        *(executable(), "server", "start-dev", *where, "--headless", "--log-level", "never", *flags),
        stdin=nowhere,
        stdout=nowhere,
        stderr=nowhere,
        env={name: value for name, value in os.environ.items() if not name.startswith("TEMPORAL_")},
        # Ctrl-C is for the rehearsal: it stops the server itself, once nothing asks it any more.
        start_new_session=True,
    )
    try:
        skipper = TimeSkipper(await _reached(f"{LOOPBACK}:{port}"))
        with skipper.with_time_skipping_disabled():
            yield skipper
    finally:
        with suppress(ProcessLookupError):
            server.kill()
        await server.wait()


async def _reached(address: str) -> Client:
    """Return a client once the server answers.

    Raises:
        NoTemporalError: it did not within half a minute.
    """
    for _ in range(_LOOKS):
        try:
            client = await Client.connect(address, runtime=_quiet())
            await client.service_client.check_health()
        except (RPCError, RuntimeError):
            await asyncio.sleep(_LOOKS_AGAIN)
        else:
            return client
    message = "the `temporal` command did not start a server"
    raise NoTemporalError(message)


@cache
def _quiet() -> Runtime:
    """Return what clients and workers run on, which says nothing: what a slow machine has it warn of helps nobody."""
    return Runtime(telemetry=TelemetryConfig(logging=None))


class NoTemporalError(RuntimeError):
    """There is no Temporal to rehearse with; the message says why."""


def executable() -> str:
    """Return the path of the `temporal` command, that of this Python's environment first.

    Raises:
        NoTemporalError: there is none.
    """
    beside = Path(sys.executable).with_name("temporal")
    found = str(beside) if beside.exists() else shutil.which("temporal", path=sysconfig.get_path("scripts"))
    found = found or shutil.which("temporal")
    if found is None:
        message = "there is no `temporal` command here to rehearse with"
        raise NoTemporalError(message)
    return found


def _careless(db: Database) -> Database:
    """Return `db`, which need not survive a power cut: it does not outlive the rehearsal anyway."""
    for engine in db._engines:

        @event.listens_for(engine.sync_engine, "connect")
        def _connected(connection: object, record: object) -> None:
            del record
            connection.execute("PRAGMA synchronous=OFF")  # type: ignore[attr-defined]

    return db


def _settings(place: Path, folders: tuple[Path, ...]) -> Settings:
    key = base64.b64encode(secrets.token_bytes(32)).decode()
    return _Alone(
        mode="live",
        data_dir=place,
        packs=folders,
        base_url=BASE_URL,
        smtp_host=LOOPBACK,
        mail_from=SENDER,
        keys=SecretStr(f"rehearsal:{key}"),
    )


def _is_roomy(folder: Path) -> bool:
    """Return whether there is such a folder with enough space."""
    try:
        return shutil.disk_usage(folder).free > _ROOM
    except OSError:
        return False
