"""A site with confidential cases that really run, and browsers in which somebody has confirmed that it is them."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace

import pytest

from domain.base import How
from domain.cases import Act, Opening, Reply
from domain.entries import AnyEntry
from domain.events import AnyEvent
from starter.web.signed_in import cookie_name
from starter.web.site import Site
from store import packs, people, queries, sessions
from store.confidential import Confidential, by_reference, reads_of
from tests.builders import ORGANISATION
from tests.confidence import an_entry
from tests.matters import CONFIDENTIAL, PEOPLE, a_confidential_opening
from tests.starter.web.conftest import Browser, page_of
from tests.starter.web.running import Running

EMAIL = "{}@elmbrook.example"
HERE = "/c/K7QM-4TXR"


@pytest.fixture
async def site(site: Site) -> Site:
    """Return a site with the one school of `tests.matters`."""
    async with site.db.write() as session:
        await people.save(session, PEOPLE)
        await packs.keep(session, CONFIDENTIAL)
    return replace(site, packs={ORGANISATION: CONFIDENTIAL})


Strong = Callable[[str], Awaitable[Browser]]


@pytest.fixture
def strong(site: Site, open_browser: Callable[[], Browser]) -> Strong:
    """Return what opens a browser in which somebody has confirmed that it is them; `test_confirming` has the way."""

    async def confirm(person: str) -> Browser:
        browser = open_browser()
        async with site.db.write() as session:
            secret = await sessions.open_session(session, person, site.clock())
            opened = await sessions.session_of(session, secret, site.clock())
            assert opened is not None
            stronger = await sessions.strengthen(session, opened.digest, site.clock())
            assert stronger is not None
            opened = await sessions.session_of(session, stronger, site.clock())
            assert opened is not None
        browser.client.cookies.set(cookie_name(site, "session"), stronger, domain="127.0.0.1")
        browser.form_token = opened.form_token
        return browser

    return confirm


@dataclass
class Case:
    """A confidential case that runs: what is on its record, and acts in it that no page has to take."""

    running: Running
    opening: Opening
    count: int = field(default=0)

    async def read(self, reference: str | None = None) -> Confidential:
        """Return the case as it is on record."""
        async with self.running.site.db.read() as session:
            found = await by_reference(session, self.running.site.keys, reference or self.opening.reference)
        assert found is not None
        return found

    async def events(self) -> list[AnyEvent]:
        """Return all that happened."""
        async with self.running.site.db.read() as session:
            history = await queries.history(session, self.running.site.keys, self.opening.case)
        return [said.event for said in history]

    async def kinds(self) -> list[str]:
        """Return the kinds of all that happened."""
        return [event.kind for event in await self.events()]

    async def reads(self) -> list[tuple[str, str]]:
        """Return who read what."""
        async with self.running.site.db.read() as session:
            found = await reads_of(session, self.running.site.keys, self.opening.case)
        return [(one.person, one.what) for one in found]

    async def record(self, person: str, kind: str, *allegations: str, **more: object) -> Reply:
        """Have somebody record an entry, and return what the case says."""
        return await self.take(person, an_entry(kind, *allegations, **more))

    async def take(self, person: str, entry: AnyEntry) -> Reply:
        self.count += 1
        how: How = "receipt" if person == "reporter" else "session"
        act = Act(kind="record", person=person, how=how, entry=entry, occasion=f"test {self.count}")
        return await self.running.act(self.opening.case, act)

    async def referred(self, *permits: str) -> None:
        """Have the headteacher refer it, and record advice that permits what it `permits`."""
        await self.record("helen", "lado_referral_made")
        await self.record("helen", "lado_advice_recorded", permits=permits)


Begin = Callable[..., Awaitable[Case]]


@pytest.fixture
def begin(running: Running) -> Begin:
    """Return what begins a confidential case about Ben; `more` changes it as `tests.matters` says."""

    async def begin(**more: object) -> Case:
        async with running.site.db.write() as session:
            digest = await packs.keep(session, CONFIDENTIAL)
        opening = a_confidential_opening(**more).model_copy(update={"pack_digest": digest})  # type: ignore[arg-type]
        await running.begin(opening)
        return Case(running, opening)

    return begin


async def text_of(browser: Browser, path: str = HERE) -> str:
    """Return the text of a page that is there."""
    answer = await browser.get(path)
    assert answer.status_code == 200
    return " ".join(page_of(answer).get_text(" ").split())
