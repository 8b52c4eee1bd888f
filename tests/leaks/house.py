"""A whole Duly of separate processes as a school would run it, whose every trace can be looked at afterwards."""

import base64
import json
import secrets
import shutil
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from aiosmtpd.smtp import SMTP, Envelope, Session
from httpx2 import AsyncClient
from temporalio.client import Client
from temporalio.testing import TimeSkipper

from benchmarks import house as measured
from benchmarks.house import environment_of, readiness
from domain.interface import SCOPES
from duly.embedded import Server, free_port
from settings import parse_keys
from starter.engine import Engine
from store import interface, people
from store.codec import data_converter
from store.confidential import Confidential
from store.database import Database
from store.keys import CaseKeys, Keyring
from tests.house import FAST_TIMERS, Outbox
from tests.leaks import school
from tests.leaks.looking import until
from tests.leaks.searching import of_sqlite
from tests.leaks.world import every_case, signed_in
from tests.starter.web.conftest import Browser

SEARCHED: Final = "Kept"
"""A search attribute that the server knows, as somebody might add one in good faith."""

_PATIENCE: Final = 30.0


@dataclass
class Letters(Outbox):
    """A mail server that keeps every byte of what it is given, and for whom."""

    raw: list[tuple[list[str], bytes]] = field(default_factory=list)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 -- aiosmtpd's name
        """Keep a mail as it came."""
        content = envelope.original_content or b""
        self.raw.append(([str(one) for one in envelope.rcpt_tos], content))
        return await super().handle_DATA(server, session, envelope)


@dataclass
class House(measured.House):
    """All that runs, and the ways to it."""

    metrics_port: int = 0
    letters: Letters = field(default_factory=Letters)
    opened: list[AsyncClient] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Open the ways to the record."""
        self.db = Database(f"sqlite+aiosqlite:///{self.database}")
        self.keys = CaseKeys(self.db, Keyring.of(parse_keys(self.environment["DULY_KEYS"])))

    async def enter(self) -> None:
        """Open the ways to the cases."""
        self.client = await Client.connect(
            self.server.address, data_converter=data_converter(self.keys), identity="duly"
        )
        self.engine = Engine(self.client)

    @property
    def now(self) -> datetime:
        """The time of this machine."""
        return datetime.now(UTC)  # noqa: TID251 -- the clock of the processes

    async def browser(self, email: str = "", *, strong: bool = False) -> Browser:
        """Return a browser in which somebody is signed in, by their address; or nobody."""
        browser = Browser(AsyncClient(base_url=self.base_url, timeout=_PATIENCE, verify=False))
        self.opened.append(browser.client)
        if email:
            secret, browser.form_token = await signed_in(self.db, email, self.now, strong=strong)
            browser.client.cookies.set("duly-demo", secret, domain="127.0.0.1")
        return browser

    async def token(self, email: str) -> str:
        """Return a token with which a program does all that somebody has programs do."""
        async with self.db.write() as session:
            token = await interface.make_token(
                session,
                id_=secrets.token_hex(16),
                person=school.person(email).id,
                name="a program",
                scopes=tuple(SCOPES),
                at=self.now,
                lasts=timedelta(days=1),
            )
        assert token is not None
        return token

    async def cases(self) -> list[Confidential]:
        """Return every confidential case, the first first."""
        return await every_case(self.db, self.keys)

    async def wait(self, case: str, span: timedelta) -> None:
        """Let `span` pass for one case."""
        handle = self.client.get_workflow_handle(case)
        await TimeSkipper(self.client).fast_forward(handle, span)
        await self.settled(case)

    async def settled(self, case: str) -> None:
        """Wait until a case has nothing left to do now."""

        async def at_rest() -> bool:
            raw = (await self.client.get_workflow_handle(case).describe()).raw_description
            return not raw.pending_activities and not raw.HasField("pending_workflow_task")

        await until(at_rest)

    async def tried_in_vain(self, case: str) -> None:
        """Wait until what a case has to do was tried and failed."""

        async def failing() -> bool:
            raw = (await self.client.get_workflow_handle(case).describe()).raw_description
            activity = any(one.attempt > 1 and one.HasField("last_failure") for one in raw.pending_activities)
            return activity or raw.pending_workflow_task.attempt > 1

        await until(failing)

    async def all_mails_are_gone(self) -> None:
        """Wait until no mail waits to be sent."""

        async def gone() -> bool:
            with closing(sqlite3.connect(self.database)) as connection:
                waiting = "SELECT count(*) FROM mail WHERE sent_at IS NULL AND dropped_at IS NULL"
                return bool(connection.execute(waiting).fetchone() == (0,))

        await until(gone)

    def traces(self) -> dict[str, bytes]:
        """Return everything that is kept and was ever sent, but for the pages, once all processes have stopped."""
        held = {f"Temporal's {name}": data for name, data in of_sqlite(self.server.database).items()}
        held |= {f"Duly's {name}": data for name, data in of_sqlite(self.database).items()}
        held |= {f"log of the {file.stem}": file.read_bytes() for file in sorted(self.folder.glob("*.log"))}
        for n, (recipients, content) in enumerate(self.letters.raw):
            held[f"mail {n}"] = json.dumps(recipients).encode() + b"\n" + content
        return {name: data for name, data in held.items() if data}

    async def metrics(self) -> dict[str, bytes]:
        """Return what Temporal's server, and Duly itself, tell whoever measures them."""
        ports = {"metrics": self.metrics_port, "metrics of Duly": int(self.environment["DULY_METRICS_PORT"])}
        async with AsyncClient(verify=False) as client:
            return {
                name: (await client.get(f"http://127.0.0.1:{port}/metrics")).content for name, port in ports.items()
            }

    def _commands(self) -> dict[str, list[str]]:
        commands = super()._commands()
        also = ["--metrics-port", str(self.metrics_port), "--search-attribute", f"{SEARCHED}=Keyword"]
        commands["server"] += [*also, *(part for one in FAST_TIMERS for part in ("--dynamic-config-value", one))]
        return commands


@asynccontextmanager
async def house(folder: Path, migrated: Path) -> AsyncIterator[House]:
    """Yield a house with all its processes up, on a copy of a `migrated` database, with everybody of the school in it.

    Afterwards all processes are asked to stop.
    """
    executable = str(Path(sys.executable).with_name("temporal"))
    server = Server(executable, folder / "temporal.sqlite3", free_port(), "default")
    letters = Letters()
    await letters.open()
    web_port = free_port()
    environment = environment_of(folder, server, letters.port, web_port) | {
        "DULY_PACKS": str(school.FOLDER),
        "DULY_MAIL_FROM": "duly@newall-green.example",
        "DULY_KEYS": f"k1:{base64.b64encode(secrets.token_bytes(32)).decode()}",
        "DULY_METRICS_PORT": str(free_port()),
        "DULY_DATABASE_URL": f"sqlite+aiosqlite:///{folder / 'data' / 'duly.sqlite3'}",
    }
    (folder / "data").mkdir(mode=0o700)
    shutil.copy(migrated, folder / "data" / "duly.sqlite3")
    whole = House(folder, server, letters.port, web_port, environment, metrics_port=free_port(), letters=letters)
    try:
        async with whole.db.write() as session:
            await people.save(session, school.directory().people)
        await whole.start("server")
        await server.keep_histories()
        await whole.enter()
        for name in ("worker", "web"):
            await whole.start(name)
        await readiness(web_port)
        yield whole
    finally:
        for client in whole.opened:
            await client.aclose()
        await whole.close()
        await letters.close()
        await whole.db.close()
