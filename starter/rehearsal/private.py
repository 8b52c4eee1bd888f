"""The house that a rehearsal is played in: nothing of it outlives it, and nothing of it leaves this machine."""

import asyncio
import base64
import os
import re
import secrets
import shutil
import socket
import sqlite3
import sys
import sysconfig
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing, suppress
from dataclasses import dataclass, field
from datetime import datetime
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from functools import cached_property
from pathlib import Path
from typing import Final, Protocol

from aiosmtpd.smtp import SMTP, Envelope, Session
from pydantic import SecretStr
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from sqlalchemy import event
from temporalio.client import Client
from temporalio.service import RPCError
from temporalio.testing import TimeSkipper

from domain.pack import Pack
from settings import Settings
from starter.engine import Engine
from starter.rehearsal.watching import Clock, Watch
from starter.web import create_app
from starter.web.site import Site
from store import confidential, migrate
from store import packs as kept_packs
from store.codec import data_converter
from store.database import Database
from store.keys import CaseKeys, Keyring

SENDER: Final = "duly@rehearsal.invalid"
BASE_URL: Final = "http://127.0.0.1:8000"
LOOPBACK: Final = "127.0.0.1"
_FAILED: Final = 500
_IN_MEMORY: Final = Path("/dev/shm")  # noqa: S108 -- a folder of its own is made in it
_ROOM: Final = 500_000_000
"""Bytes that have to be free in memory for the folder to lie there."""

_LOOKS: Final = 300
_LOOKS_AGAIN: Final = 0.1
"""How often, and after how many seconds each time, it is looked whether the server answers."""

_LINK: Final = re.compile(re.escape(BASE_URL) + r"(/[^\s<>\")]*)")
_FLAGS: Final = (
    "frontend.WorkflowTimeSkippingEnabled=true",
    'history.timerProcessorMaxTimeShift="1ms"',
    "history.timerProcessorMaxPollRPS=1000",
    "history.timerProcessorMaxPollHostRPS=1000",
)


class Work(Protocol):
    """What the lookout does, as whoever drives the year has it done."""

    async def look(self) -> None:
        """Look once at people, what was put by, and what comes round."""


class Works(Protocol):
    """How the worker is built, which stands above all that can be imported here."""

    def __call__(
        self,
        client: Client,
        db: Database,
        keys: CaseKeys,
        smtp_port: int,
        sender: str,
        base_url: str,
        mails_a_day: int,
        clock: Callable[[], datetime],
        packs: Mapping[str, Pack],
    ) -> AbstractAsyncContextManager[Work]:
        """Run a worker that hands mail to a port of this machine; yield its lookout."""


@dataclass(frozen=True)
class Caught:
    """A mail as it was handed over: when by the clock, to whom, and the message."""

    at: datetime
    to: str
    content: bytes

    @cached_property
    def message(self) -> EmailMessage:
        """The message, parsed."""
        return BytesParser(EmailMessage, policy=policy.default).parsebytes(self.content)

    @property
    def subject(self) -> str:
        """Its subject."""
        return str(self.message["Subject"] or "")

    @property
    def text(self) -> str:
        """What it says, in plain text."""
        part = self.message.get_body(preferencelist=("plain",))
        return str(part.get_content()) if part else ""

    def links(self) -> tuple[str, ...]:
        """Return where its links lead, each once."""
        return tuple(dict.fromkeys(_LINK.findall(self.text)))


@dataclass
class Sink:
    """The mail server: it keeps what it is given, and takes nothing while it is `out`; `refused` counts that."""

    clock: Clock
    out: bool = False
    caught: list[Caught] = field(default_factory=list)
    refused: int = 0

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 -- aiosmtpd's name
        """Keep a message, or say that it cannot be taken now."""
        del server, session
        if self.out:
            self.refused += 1
            return "451 The mail server is out"
        content = envelope.original_content or b""
        self.caught.append(Caught(self.clock(), ", ".join(envelope.rcpt_tos), content))
        return "250 Kept"

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[int]:
        """Listen on loopback, and yield the port."""
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: SMTP(self, enable_SMTPUTF8=True, loop=loop), LOOPBACK, 0)
        async with server:
            yield server.sockets[0].getsockname()[1]


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
    scanner: "Scanner"
    work: Work


@dataclass
class Scanner:
    """Opens links as some mail gateways do, and sees that nothing came of it: `changed` says what did."""

    site: Site
    database: Path
    opened: int = 0
    changed: list[str] = field(default_factory=list)

    @cached_property
    def _app(self) -> Callable[..., Awaitable[None]]:
        return create_app(self.site)

    async def open(self, paths: Iterable[str]) -> None:
        """Open each of `paths` twice, first without and then with its page; note where that changed anything."""
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as watching:

            def version() -> tuple[int]:
                """Return what is another as soon as anything was written by anybody."""
                found: tuple[int] = watching.execute("PRAGMA data_version").fetchone()
                return found

            for path in paths:
                before = version()
                for method in ("HEAD", "GET"):
                    status = await self._request(method, path)
                    self.opened += 1
                    if status >= _FAILED:
                        self.changed.append(f"{method} of a link was answered {status}")
                if version() != before:
                    self.changed.append("something was written when a link was opened")

    async def _request(self, method: str, path: str) -> int:
        status = 0

        async def receive() -> dict[str, object]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: dict[str, object]) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = int(str(message["status"]))

        host, _, port = BASE_URL.removeprefix("http://").partition(":")
        where, _, query = path.partition("?")
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": where,
            "raw_path": where.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [(b"host", f"{host}:{port}".encode()), (b"user-agent", b"a scanner")],
            "client": (LOOPBACK, 1),
            "server": (host, int(port)),
        }
        await self._app(scope, receive, send)
        return status


@asynccontextmanager
async def house(pack: Pack, folder: Path, works: Works, begins: datetime) -> AsyncIterator[House]:
    """Yield a house for `pack`, whose files lie in `folder`; afterwards nothing of it is left."""
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
                await kept_packs.keep(session, pack)
                await confidential.keep_index(session, keys)
            async with _temporal() as skipper:
                plain = skipper.client.config()
                plain["data_converter"] = data_converter(keys)
                watched = {**plain, "interceptors": [watch]}
                watch.stand_at(skipper, Client(**plain))
                client = Client(**watched)  # type: ignore[arg-type]
                site = Site(
                    _settings(place, folder), db, keys, Engine(client), {pack.organisation.key: pack}, clock, demo=False
                )
                sink = Sink(clock)
                mails = site.settings.mails_a_day
                async with (
                    sink.listening() as port,
                    works(client, db, keys, port, SENDER, BASE_URL, mails, clock, site.packs) as work,
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
            client = await Client.connect(address)
            await client.service_client.check_health()
        except (RPCError, RuntimeError):
            await asyncio.sleep(_LOOKS_AGAIN)
        else:
            return client
    message = "the `temporal` command did not start a server"
    raise NoTemporalError(message)


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


def _settings(place: Path, folder: Path) -> Settings:
    key = base64.b64encode(secrets.token_bytes(32)).decode()
    return _Alone(
        mode="live",
        data_dir=place,
        packs=(folder,),
        base_url=BASE_URL,
        smtp_host=LOOPBACK,
        mail_from="duly@rehearsal.example",
        keys=SecretStr(f"rehearsal:{key}"),
    )


def _is_roomy(folder: Path) -> bool:
    """Return whether there is such a folder with enough space."""
    try:
        return shutil.disk_usage(folder).free > _ROOM
    except OSError:
        return False
