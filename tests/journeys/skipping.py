"""A Duly whose time can be skipped, for journeys that take months: real cases, mails and pages, in this process."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import uvicorn
from playwright.async_api import Browser
from sqlmodel import col, select

from domain.pack import Pack
from duly.embedded import LOOPBACK, free_port
from settings import Settings
from starter.web import create_app
from starter.web.site import Site
from store.rounds.tables import SignatureRow
from store.tables import CaseRow
from tests.house import Begun, House, Outbox, house, temporal
from tests.journeys.browsing import Mail, Mailbox, Town

_PATIENCE = 15.0
_LOOK_AGAIN = 0.03


@dataclass
class Post(Mailbox):
    """The mail server of the house, read like the mailbox page: each mail once."""

    outbox: Outbox | None = None

    async def next(self, to: str, subject: str) -> Mail:
        """Return the oldest mail to `to` that was not read yet and whose subject holds `subject`, once it is there."""
        assert self.outbox is not None
        async with asyncio.timeout(_PATIENCE):
            while True:
                for mail in self.outbox.to(to):
                    if subject in str(mail["Subject"]) and str(mail["Message-ID"]) not in self._read:
                        self._read.add(str(mail["Message-ID"]))
                        text = mail.get_body(("plain",))
                        assert text is not None
                        return Mail(to, str(mail["Subject"]), text.get_content().replace("\r\n", "\n"))
                await asyncio.sleep(_LOOK_AGAIN)


@dataclass(frozen=True)
class Later:
    """A town, and the house that it stands on, whose clocks move when they are told to."""

    home: House
    town: Town

    async def until(self, case: Begun, at: datetime) -> None:
        """Let time pass until `at`, for a case and for everybody."""
        span = at - self.home.clock()
        await case.pass_time(span)
        self.home.clock.ahead += span

    async def bring_along(self, signatures: int) -> None:
        """Let that time pass for `signatures` cases too, once they have begun: they began by the clock of Temporal."""
        wanted = select(SignatureRow.case).join(CaseRow, col(CaseRow.id) == col(SignatureRow.case))
        cases: Sequence[str] = ()
        async with asyncio.timeout(_PATIENCE):
            while len(cases) < signatures:
                await asyncio.sleep(_LOOK_AGAIN)
                async with self.home.db.read() as session:
                    cases = (await session.scalars(wanted)).all()
        handles = (self.home.client.get_workflow_handle(case) for case in cases)
        skip = self.home.environment.fast_forward
        await asyncio.gather(*(skip(handle, self.home.clock.ahead) for handle in handles))


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to whoever runs the tests."""
        yield


@asynccontextmanager
async def later(folder: Path, browser: Browser, pack: Pack) -> AsyncIterator[Later]:
    """Yield a town of one organisation, that of `pack`, on new data in `folder`."""
    port = free_port()
    base_url, data = f"http://{LOOPBACK}:{port}", folder / "data"
    data.mkdir()
    settings = Settings.model_validate({"mode": "demo", "data_dir": data, "base_url": base_url, "port": port})
    async with temporal() as environment, house(environment, data, base_url=base_url) as home:
        site = Site(settings, home.db, home.keys, home.engine, {pack.organisation.key: pack}, home.clock, demo=True)
        app = create_app(site)
        server = _Server(uvicorn.Config(app, host=LOOPBACK, port=port, access_log=False, log_level="warning"))
        serving = asyncio.create_task(server.serve())
        town = Town(base_url, browser, Post(base_url, data, outbox=home.outbox), folder)
        try:
            yield Later(home, town)
            await town.leave()
        finally:
            server.should_exit = True
            await serving
