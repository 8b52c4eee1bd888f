"""A whole Duly for tests: a real Temporal with a clock that can be skipped, a real database, a real mail server."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session
from temporalio.client import Client, WorkflowHandle
from temporalio.converter import DataConverter
from temporalio.service import RPCError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import UnsandboxedWorkflowRunner, WorkflowRunner

import worker
from activities.jobs import Jobs
from activities.lookout import Lookout
from activities.mail import Smtp
from domain.cases import Opening
from domain.events import AnyEvent, Recorded
from domain.pack import Pack
from domain.people import Directory
from starter.engine import Engine
from store import packs, people, queries
from store.codec import data_converter
from store.database import Database
from store.keys import CaseKeys, Keyring
from store.migrate import upgrade
from tests.stories import a_pack

BASE_URL = "http://127.0.0.1:8000"
SENDER = "duly@elms.example"
KEYRING = Keyring.of({"k1": b"k" * 32})
A_DAY = 86_400.0
RUNNER: WorkflowRunner = (
    worker.SANDBOX if os.environ.get("DULY_TEST_PROFILE") == "soak" else UnsandboxedWorkflowRunner()
)
"""What cases run in: as a school's do, and in the soak in Temporal's sandbox, which takes a third longer.

That no story does what the sandbox forbids is shown by some that are told in it each time, and by every recorded
history.
"""
FAST_TIMERS = (
    "frontend.WorkflowTimeSkippingEnabled=true",
    'history.timerProcessorMaxTimeShift="1ms"',
    "history.timerProcessorMaxPollRPS=1000",
    "history.timerProcessorMaxPollHostRPS=1000",
    # A closed case is deleted once it is noted that all that came of its end is done: half a minute, usually.
    'history.transferProcessorUpdateAckInterval="500ms"',
    'history.visibilityProcessorUpdateAckInterval="500ms"',
)


@dataclass
class Outbox:
    """A mail server that keeps what it is given, and can be told to refuse."""

    messages: list[EmailMessage] = field(default_factory=list)
    answer: str = "250 OK"
    port: int = 0
    server: asyncio.Server | None = None

    async def open(self) -> None:
        """Listen, where it listened before."""
        self.server = await asyncio.get_running_loop().create_server(lambda: SMTP(self), "127.0.0.1", self.port)
        self.port = self.server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Refuse every connection from now on."""
        assert self.server is not None
        self.server.close()
        await self.server.wait_closed()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 -- aiosmtpd's name
        """Keep a message, or refuse it as told."""
        del server, session
        if self.answer.startswith("250"):
            content = envelope.content if isinstance(envelope.content, bytes) else b""
            parsed = message_from_bytes(content, policy=policy.default)
            assert isinstance(parsed, EmailMessage)
            self.messages.append(parsed)
        return self.answer

    def to(self, address: str) -> list[EmailMessage]:
        """Return what came for `address`, oldest first."""
        return [message for message in self.messages if message["To"] == address]

    def subjects(self, address: str) -> list[str]:
        """Return the subjects of what came for `address`, oldest first."""
        return [str(message["Subject"]) for message in self.to(address)]


@dataclass
class Clock:
    """The clock of the worker: that of this machine, so much ahead."""

    ahead: timedelta = timedelta()

    def __call__(self) -> datetime:
        """Return what it says."""
        return worker.now() + self.ahead


@dataclass(frozen=True)
class House:
    """Everything a case needs, and the means to look at what came of it."""

    environment: WorkflowEnvironment
    client: Client
    db: Database
    keys: CaseKeys
    outbox: Outbox
    engine: Engine
    clock: Clock

    @property
    def lookout(self) -> Lookout:
        """Return a lookout that has not looked yet."""
        return Lookout(self.db, self.keys, Jobs(self.client), self.clock)

    async def begin(self, opening: Opening, directory: Directory, pack: Pack | None = None) -> "Begun":
        """Begin the case of `opening` among the people of `directory`, under `pack`, or under the usual one."""
        async with self.db.write() as session:
            await people.save(session, directory.people)
            await self.keys.create(session, opening.case)
            pack_digest = await packs.keep(session, pack or a_pack())
        opening = opening.model_copy(update={"pack_digest": pack_digest})
        await self.engine.begin(opening)
        return Begun(self, opening)


@dataclass(frozen=True)
class Begun:
    """A case that has begun."""

    house: House
    opening: Opening

    @property
    def handle(self) -> WorkflowHandle[Any, str]:
        """Return the case on Temporal."""
        return self.house.client.get_workflow_handle(self.opening.case, result_type=str)

    async def pass_time(self, span: timedelta) -> None:
        """Let `span` pass for this case."""
        await self.house.environment.fast_forward(self.handle, span)

    async def settled(self) -> list[AnyEvent]:
        """Wait until the case has nothing left to do now, and return what is on record."""
        while True:
            raw = (await self.handle.describe()).raw_description
            if not raw.pending_activities and not raw.HasField("pending_workflow_task"):
                return await self.events()
            await asyncio.sleep(0.02)

    async def history(self) -> tuple[Recorded, ...]:
        """Return what is on record."""
        async with self.house.db.read() as session:
            return await queries.history(session, self.house.keys, self.opening.case)

    async def events(self) -> list[AnyEvent]:
        """Return what is on record, without when."""
        return [recorded.event for recorded in await self.history()]


@asynccontextmanager
async def temporal() -> AsyncIterator[WorkflowEnvironment]:
    """Yield a real development server whose clocks move only when they are told to."""
    arguments = [part for value in FAST_TIMERS for part in ("--dynamic-config-value", value)]
    environment = await WorkflowEnvironment.start_time_skipping_v2(
        dev_server_existing_path=str(Path(sys.executable).with_name("temporal")), dev_server_extra_args=arguments
    )
    async with environment:
        with environment.with_time_skipping_disabled():
            yield environment


@asynccontextmanager
async def house(
    environment: WorkflowEnvironment,
    folder: Path,
    converter: DataConverter | None = None,
    *,
    runner: WorkflowRunner = RUNNER,
    mails_a_day: int = 1000,
    look_every: float = A_DAY,
    base_url: str = BASE_URL,
) -> AsyncIterator[House]:
    """Yield a house on a new SQLite database in `folder`, with a worker and a mail server of its own.

    With `converter`, payloads go through it in place of the sealing one. Cases run by `runner`. Its lookout looks when
    it is built, with nothing there to see; then tests look themselves.
    """
    url = f"sqlite+aiosqlite:///{folder}/duly.sqlite3"
    await asyncio.to_thread(upgrade, url)
    db = Database(url)
    keys = CaseKeys(db, KEYRING)
    configuration = environment.client.config()
    configuration["data_converter"] = converter or data_converter(keys)
    client = Client(**configuration)
    outbox, clock = Outbox(), Clock()
    await outbox.open()
    smtp = Smtp(host="127.0.0.1", port=outbox.port, tls="none", sender=SENDER)
    working = worker.build(
        client,
        db,
        keys,
        smtp,
        base_url,
        runner,
        mails_a_day=mails_a_day,
        look_every=look_every,
        clock=clock,
        webhooks_anywhere=True,
    )
    async with working:
        yield House(environment, client, db, keys, outbox, Engine(client), clock)
    await outbox.close()
    await db.close()


async def end_what_goes_on(client: Client) -> None:
    """End the cases that never end by themselves: another house's worker has no keys for them."""
    async for case in client.list_workflows("ExecutionStatus = 'Running'"):
        with suppress(RPCError):
            await client.get_workflow_handle(case.id).terminate()
