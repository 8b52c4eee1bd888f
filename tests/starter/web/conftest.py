"""A site without a socket: a real database in a new file, invented people, and running cases that only remember."""

import asyncio
import base64
import re
import shutil
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol
from urllib.parse import urlencode

import pytest
from bs4 import BeautifulSoup
from httpx2 import ASGITransport, AsyncClient, Response

from domain.cases import Act, Opening, Reply
from domain.mails import PersonalMail
from settings import Settings
from starter.engine import EngineLostError
from starter.runs import Health, Replayed, Run
from starter.web import acting, create_app, deciding, editing
from starter.web.signed_in import cookie_name
from starter.web.site import Site
from store import packs, people, sessions
from store.database import Database
from store.keys import CaseKeys, Keyring
from store.migrate import upgrade
from tests.builders import MONDAY, ORGANISATION
from tests.starter.web.running import Running
from tests.starter.web.school import EVERYBODY, PACKS, SAMPLE

BASE_URL = "http://127.0.0.1:8000"
_FORM_TOKEN = re.compile(r'<input type="hidden" name="form_token" value="([^"]+)">')
Fields = Mapping[str, str] | Sequence[tuple[str, str]]


@dataclass
class Clock:
    """A clock that stands still until a test moves it."""

    now: datetime = MONDAY

    def __call__(self) -> datetime:
        return self.now

    def pass_time(self, **span: float) -> None:
        self.now += timedelta(**span)


@dataclass
class RememberedCases:
    """Running cases that only remember: what was begun, what was done, what was mailed. `lost` cuts them off."""

    begun: dict[str, Opening] = field(default_factory=dict)
    acts: list[tuple[str, Act]] = field(default_factory=list)
    mails: list[PersonalMail] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)
    reply: Reply = field(default_factory=lambda: Reply(says="done"))
    lost: bool = False
    how: Health = field(default_factory=Health)
    runs: dict[str, Run] = field(default_factory=dict)
    replayed: Replayed = field(default_factory=lambda: Replayed("holds", 12))

    async def ready(self) -> bool:
        return not self.lost

    async def begin(self, opening: Opening) -> None:
        self._reach()
        self.begun.setdefault(opening.case, opening)

    async def act(self, case: str, act: Act) -> Reply:
        self._reach()
        self.acts.append((case, act))
        return self.reply

    async def mail_person(self, mail: PersonalMail) -> None:
        self._reach()
        self.mails.append(mail)

    async def send_mail(self, mail_id: str) -> None:
        self._reach()
        self.sent.append(mail_id)

    async def health(self) -> Health:
        return self.how

    async def run_of(self, case: str) -> Run | None:
        self._reach()
        return self.runs.get(case)

    async def replay(self, case: str) -> Replayed:
        del case
        self._reach()
        return self.replayed

    def _reach(self) -> None:
        if self.lost:
            raise EngineLostError


@dataclass
class Browser:
    """A browser without a window: it keeps cookies, follows no redirect, and knows the form token of its last page."""

    client: AsyncClient
    form_token: str = ""

    async def get(self, path: str, **headers: str) -> Response:
        """Return what a GET brings."""
        return self._seen(await self.client.get(path, headers={"Sec-Fetch-Site": "none", **headers}))

    async def post(self, path: str, fields: Fields = (), **headers: str) -> Response:
        """Return what a form of the last page brings, its token included where there is one."""
        pairs = list(fields.items()) if isinstance(fields, Mapping) else list(fields)
        if self.form_token and not any(name == "form_token" for name, _ in pairs):
            pairs.append(("form_token", self.form_token))
        return await self.send(path, urlencode(pairs).encode(), **headers)

    async def send(self, path: str, body: bytes, **headers: str) -> Response:
        """Return what that very body brings."""
        usual = {"Sec-Fetch-Site": "same-origin", "Content-Type": "application/x-www-form-urlencoded"}
        return self._seen(await self.client.post(path, content=body, headers={**usual, **headers}))

    def _seen(self, answer: Response) -> Response:
        token = _FORM_TOKEN.search(answer.text)
        if token is not None:
            self.form_token = token[1]
        return answer


def page_of(answer: Response) -> BeautifulSoup:
    """Return the page in `answer`."""
    return BeautifulSoup(answer.text, "html.parser")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def cases() -> RememberedCases:
    return RememberedCases()


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    key = base64.b64encode(b"k" * 32).decode()
    folder = tmp_path_factory.mktemp("site")
    demo = folder / "packs" / ORGANISATION / "demo"
    demo.mkdir(parents=True)
    (demo.parent / "pack.toml").touch()
    (demo / "club.toml").write_text(SAMPLE, encoding="utf-8")
    return Settings.model_validate(
        {
            "mode": "demo",
            "data_dir": folder,
            "keys": f"k1:{key}",
            "base_url": BASE_URL,
            "packs": (str(folder / "packs"),),
        }
    )


@pytest.fixture(scope="session")
async def kept(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> tuple[Database, Path]:
    """Return the database of every site here, and the file that it begins as, with everybody of `school` in it.

    It is one for all tests because what SQLAlchemy has compiled once belongs to it.
    """
    file, new = settings.data_dir / "duly.sqlite3", tmp_path_factory.mktemp("database") / "new.sqlite3"
    await asyncio.to_thread(upgrade, settings.database_url)
    db = Database(settings.database_url)
    async with db.write() as session:
        await people.save(session, EVERYBODY)
        for pack in PACKS.values():
            await packs.keep(session, pack)
    await db.close()
    shutil.copy(file, new)
    return db, new


@pytest.fixture
async def site(
    settings: Settings, kept: tuple[Database, Path], cases: RememberedCases, clock: Clock
) -> AsyncIterator[Site]:
    """Yield a site in demo mode, on a database in which nothing has happened yet."""
    db, new = kept
    shutil.copy(new, settings.data_dir / "duly.sqlite3")
    yield Site(settings, db, CaseKeys(db, Keyring.of(settings.key_ring)), cases, PACKS, clock, demo=True)
    await db.close()


@pytest.fixture
async def open_browser(site: Site) -> AsyncIterator[Callable[[], Browser]]:
    """Yield what opens another browser at the site, signed in as nobody."""
    transport = ASGITransport(create_app(site))
    opened: list[AsyncClient] = []

    def another() -> Browser:
        opened.append(AsyncClient(transport=transport, base_url=BASE_URL))
        return Browser(opened[-1])

    yield another
    for client in opened:
        await client.aclose()


@pytest.fixture
def client(open_browser: Callable[[], Browser]) -> Browser:
    """Return a browser at the site, signed in as nobody."""
    return open_browser()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have pages wait for the record only briefly, where it does not catch up as long as they wait."""
    for waiting in (acting, deciding, editing):
        monkeypatch.setattr(waiting, "_PATIENCE", 0.1)


class SignedIn(Protocol):
    """What opens a browser in which somebody is signed in, by their address; `strong`, for confidential work."""

    async def __call__(self, email: str, *, strong: bool = False) -> Browser: ...


@pytest.fixture
def signed_in(site: Site, open_browser: Callable[[], Browser]) -> SignedIn:
    """Return what signs somebody in; `test_signing_in` and `test_confirming` have the ways."""

    async def sign_in(email: str, *, strong: bool = False) -> Browser:
        browser = open_browser()
        async with site.db.write() as session:
            person = await people.person_by_email(session, email)
            assert person is not None
            now = site.clock()
            secret = await sessions.open_session(session, person.id, now, shown_at=now if strong else None)
            opened = await sessions.session_of(session, secret, site.clock())
            assert opened is not None
        browser.client.cookies.set(cookie_name(site, "session"), secret, domain="127.0.0.1")
        browser.form_token = opened.form_token
        return browser

    return sign_in


@pytest.fixture
async def running(site: Site, cases: RememberedCases, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Running]:
    """Yield cases that really run, in place of those that only remember."""
    running = Running(site)
    monkeypatch.setattr(cases, "begin", running.begin)
    monkeypatch.setattr(cases, "act", running.act)
    yield running
    await running.stop()
