"""A whole Duly in this process: real pages on a real database, and cases that really run, on a clock set by hand."""

import asyncio
import base64
import hashlib
import secrets
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, TypeVar

import pytest
from httpx2 import ASGITransport, AsyncClient
from sqlalchemy import select
from sqlmodel import col

import packs
from domain.calendar import local_day
from domain.cases import Act, Batch, Opening, Published, Reply, Request, taken_from
from domain.interface import LONGEST, SCOPES
from domain.mails import PersonalMail
from domain.pack import digest
from domain.report_questions import Place
from domain.reporting import Report, begun_by
from settings import Settings
from starter.runs import Health, Replayed, Run
from starter.web import create_app
from starter.web.signed_in import cookie_name
from starter.web.site import Site
from store import confidential, interface, sessions
from store import packs as kept_packs
from store import people as kept_people
from store.confidential import Confidential
from store.confidential.tables import ConfidentialRow
from store.database import Database
from store.keys import CaseKeys, Keyring
from store.records import write_batch
from tests.leaks import school
from tests.starter.web.conftest import Browser
from workflows.case import Case
from workflows.stories import STORIES

BASE_URL: Final = "http://127.0.0.1:8000"
RING: Final = Keyring.of({"k1": b"k" * 32})
_T = TypeVar("_T")


@dataclass
class Host:
    """Carries one case in memory, and puts its turns on record."""

    cases: "Cases"
    opening: Opening
    moved: asyncio.Event = field(default_factory=asyncio.Event)
    paused: asyncio.Event = field(default_factory=asyncio.Event)

    def now(self) -> datetime:
        return self.cases.now

    async def publish(self, batch: Batch) -> Published:
        site = self.cases.site
        async with site.db.write() as session:
            if not self.opening.process.confidential:
                return Published(asked=(await write_batch(session, site.keys, batch, self.now())).asked)
            written = await confidential.write(session, site.keys, batch, self.now())
        for opening in written.begins:
            await self.cases.begin(opening)
        return Published(asked=written.asked, cleared=written.cleared)

    def since(self, change: str) -> bool:
        """Return that the case is new."""
        del change
        return True

    async def pause(self, until: datetime | None, woken: Callable[[], bool]) -> None:
        del until, woken
        self.moved.clear()
        self.paused.set()
        await self.moved.wait()
        self.paused.clear()


@dataclass
class Cases:
    """The running cases, as the pages reach them; `mails` are those that belong to no case.

    Where they are `stuck`, Temporal says of every one that it does not get on.
    """

    now: datetime = school.BEGINS
    mails: list[PersonalMail] = field(default_factory=list)
    stuck: bool = False
    _site: Site | None = None
    _open: dict[str, tuple[Case, Host, asyncio.Task[str]]] = field(default_factory=dict)
    _replies: dict[str, Reply] = field(default_factory=dict)

    @property
    def site(self) -> Site:
        assert self._site is not None
        return self._site

    async def ready(self) -> bool:
        return True

    async def begin(self, opening: Opening) -> None:
        if opening.case in self._open:
            return
        async with self.site.db.write() as session:
            await self.site.keys.create(session, opening.case)
        host = Host(self, opening)
        case = Case(opening, host)
        playing = asyncio.create_task(case.play(STORIES[opening.process.story]()))
        self._open[opening.case] = case, host, playing
        await self._settled(host, playing)

    async def act(self, case: str, act: Act) -> Reply:
        running, host, playing = self._open[case]
        known = f"{case}|{act.digest}"
        if known not in self._replies:
            if playing.done():
                return Reply(says="closed")
            self._replies[known] = running.receive(act)
            await self._go_on(host, playing)
        return self._replies[known]

    async def mail_person(self, mail: PersonalMail) -> None:
        self.mails.append(mail)

    async def send_mail(self, mail_id: str) -> None:
        del mail_id

    async def health(self) -> Health:
        return Health(failing=frozenset(self._open if self.stuck else ()))

    async def run_of(self, case: str) -> Run | None:
        return Run(case, "running", self.now, None, 0, 0)

    async def replay(self, case: str) -> Replayed:
        del case
        return Replayed("holds")

    async def pass_time(self, span: timedelta) -> None:
        """Let `span` pass, stopping wherever something happens by itself."""
        ends = self.now + span
        while True:
            waiting = {one: case.standing().next_at for one, (case, _, task) in self._open.items() if not task.done()}
            due = {one: at for one, at in waiting.items() if at is not None and at <= ends}
            if not due:
                break
            first = min(due, key=lambda one: (due[one], one))
            self.now = max(self.now, due[first])
            await self._go_on(*self._open[first][1:])
        self.now = ends

    async def stop(self) -> None:
        for _, _, playing in self._open.values():
            playing.cancel()
            with suppress(asyncio.CancelledError):
                await playing

    async def _go_on(self, host: Host, playing: asyncio.Task[str]) -> None:
        host.paused.clear()
        host.moved.set()
        await self._settled(host, playing)

    async def _settled(self, host: Host, playing: asyncio.Task[str]) -> None:
        paused = asyncio.create_task(host.paused.wait())
        await asyncio.wait({paused, playing}, return_when=asyncio.FIRST_COMPLETED)
        paused.cancel()
        if playing.done():
            playing.result()


@dataclass(frozen=True)
class World:
    """A site with its cases, and the means to look at it as anybody."""

    site: Site
    running: Cases
    transport: ASGITransport

    async def browser(self, email: str = "", *, strong: bool = False) -> Browser:
        """Return a browser in which somebody is signed in, by their address; or nobody.

        It is a program of theirs as well, with a token for everything: one that calls finds what it answers to.
        """
        browser = Browser(AsyncClient(transport=self.transport, base_url=BASE_URL))
        if email:
            secret, browser.form_token = await signed_in(self.site.db, email, self.running.now, strong=strong)
            browser.client.cookies.set(cookie_name(self.site, "session"), secret, domain="127.0.0.1")
            browser.client.headers["Authorization"] = f"Bearer {await a_token(self.site.db, email, self.running.now)}"
        return browser

    @property
    def now(self) -> datetime:
        """The time of the site."""
        return self.running.now

    async def cases(self) -> list[Confidential]:
        """Return every confidential case, the first first."""
        return await every_case(self.site.db, self.site.keys)

    async def wait(self, case: str, span: timedelta) -> None:
        """Let `span` pass, for all cases."""
        del case
        await self.running.pass_time(span)

    async def reported(self, report: Report, reference: str) -> Opening:
        """Begin the case that `report` opens, under that reference, and return with what."""
        opening = opening_of(report, reference, self.running.now)
        await self.running.begin(opening)
        return opening


async def signed_in(db: Database, email: str, at: datetime, *, strong: bool) -> tuple[str, str]:
    """Open a session for somebody; return its secret and the token of its forms."""
    async with db.write() as session:
        person = school.person(email)
        secret = await sessions.open_session(session, person.id, at, shown_at=at if strong else None)
        opened = await sessions.session_of(session, secret, at)
        assert opened is not None
        return secret, opened.form_token


async def a_token(db: Database, email: str, at: datetime) -> str:
    """Return a new token of somebody for everything."""
    async with db.write() as session:
        token = await interface.make_token(
            session,
            id_=secrets.token_hex(16),
            person=school.person(email).id,
            name="everything",
            scopes=tuple(SCOPES),
            at=at,
            lasts=LONGEST,
        )
        assert token is not None
        # Its first use is noted, and no other of that day.
        await interface.note_use(session, interface.digest(token), local_day(at))
        return token


async def every_case(db: Database, keys: CaseKeys) -> list[Confidential]:
    """Return every confidential case, the first first."""
    async with db.read() as session:
        wanted = select(col(ConfidentialRow.reference)).order_by(col(ConfidentialRow.opened_at))
        references = (await session.scalars(wanted)).all()
        found = [await confidential.by_reference(session, keys, reference) for reference in references]
    return [case for case in found if case is not None]


def opening_of(report: Report, reference: str, at: datetime) -> Opening:
    """Return with what the case of `report` begins, as the pages make it."""
    pack = school.pack()
    place = Place(pack, pack.organisation.schools[0])
    begun = begun_by(report, place, school.directory(), local_day(at))
    assert begun is not None
    assert begun.asked, "nobody sees to it"
    return Opening(
        case=f"c-{secrets.token_hex(16)}",
        reference=reference,
        organisation=pack.organisation.key,
        school=place.school.key,
        request=Request(title="", starter="", author="", answers={}),
        matter=begun.matter,
        **dict(taken_from(pack, begun.process, packs.expand(pack.calendar, at.year))),
    )


@asynccontextmanager
async def world(folder: Path, url: str = "") -> AsyncIterator[World]:
    """Yield a world on the migrated database at `url`, or on `duly.sqlite3` in `folder`, with everybody in it."""
    settings = Settings.model_validate(
        {
            "mode": "live",
            "data_dir": folder,
            "keys": f"k1:{base64.b64encode(b'k' * 32).decode()}",
            "base_url": BASE_URL,
            "database_url": url,
            "packs": (str(school.FOLDER),),
            "smtp_host": "127.0.0.1",
            "mail_from": "duly@newall-green.example",
        }
    )
    db, cases, pack = Database(settings.database_url), Cases(), school.pack()
    keys = CaseKeys(db, RING)
    async with db.write() as session:
        await kept_people.save(session, school.directory().people)
        # As when the site is built; and all that is remembered of them from one look to the next.
        assert await kept_packs.keep(session, pack) == digest(pack)
        await confidential.keep_index(session, keys)
    async with db.read() as session:
        await kept_packs.pack_of(session, digest(pack))
        await kept_people.directory(session, school.KEY)
        await confidential.of_person(session, keys, school.person(school.AUTHOR).id)
    site = Site(settings, db, keys, cases, {school.KEY: pack}, lambda: cases.now, demo=False)
    cases._site = site
    try:
        yield World(site, cases, ASGITransport(create_app(site)))
    finally:
        await cases.stop()
        await db.close()


@dataclass
class Drawn:
    """Chance that falls the same in every world: each place in the code draws from its own."""

    count: Counter[str] = field(default_factory=Counter)

    def again(self) -> None:
        """Begin anew, for another world."""
        self.count.clear()

    def token_bytes(self, length: int = 32) -> bytes:
        return self._draw(length)

    def token_hex(self, length: int = 32) -> str:
        return self._draw(length).hex()

    def token_urlsafe(self, length: int = 32) -> str:
        return base64.urlsafe_b64encode(self._draw(length)).decode().rstrip("=")

    def choice(self, several: Sequence[_T]) -> _T:
        return several[int.from_bytes(self._draw(8), "big") % len(several)]

    def _draw(self, length: int) -> bytes:
        frame: Any = sys._getframe(2)
        place = f"{frame.f_code.co_filename}:{frame.f_lineno}"
        self.count[place] += 1
        return hashlib.shake_256(f"{place}|{self.count[place]}".encode()).digest(length)


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> Drawn:
    """Return the chance by which everything is drawn in the worlds of a test."""
    drawn = Drawn()
    for name in ("token_bytes", "token_hex", "token_urlsafe", "choice"):
        monkeypatch.setattr(secrets, name, getattr(drawn, name))
    return drawn
