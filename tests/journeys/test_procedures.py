"""The pages of procedures of all packs, in a browser: no server is started, the site itself answers the browser."""

import asyncio
from pathlib import Path

import pytest
from httpx2 import ASGITransport, AsyncClient, Response
from playwright.async_api import Browser, Route, ViewportSize

import packs
from settings import Settings
from starter.web import create_app
from starter.web.signed_in import cookie_name
from starter.web.site import Site
from store import packs as kept_packs
from store import people, sessions
from store.database import Database
from store.keys import CaseKeys, Keyring
from store.migrate import upgrade
from tests.builders import MONDAY, a_person
from tests.journeys.browsing import Somebody
from tests.starter.web.conftest import BASE_URL, RememberedCases

WIDE = ViewportSize(width=1280, height=900)
NARROW = ViewportSize(width=320, height=640)
_SEEN = """() => [
  document.documentElement.scrollWidth,
  document.querySelectorAll("main svg[role=img]").length,
  document.querySelectorAll("main .duly-pictured table").length,
]"""
FOLDER = Path(__file__).parents[2] / "packs"


async def site_of_all(folder: Path) -> Site:
    """Return a site with all packs, and in each organisation one person, whose id is the organisation's key."""
    everything = packs.load_all([FOLDER])
    settings = Settings.model_validate({"mode": "demo", "data_dir": folder, "base_url": BASE_URL})
    await asyncio.to_thread(upgrade, settings.database_url)
    db = Database(settings.database_url)
    async with db.write() as session:
        someone = [a_person(key, "Amina Khan", organisation=key) for key in everything]
        await people.save(session, someone)
        for pack in everything.values():
            await kept_packs.keep(session, pack)
    keys = CaseKeys(db, Keyring.of(settings.key_ring))
    return Site(settings, db, keys, RememberedCases(), everything, lambda: MONDAY, demo=True)


@pytest.mark.meets("DISC-29")
async def test_everybody_can_use_the_procedures_of_every_pack_on_any_screen(browser: Browser, tmp_path: Path) -> None:
    site = await site_of_all(tmp_path)
    async with AsyncClient(transport=ASGITransport(create_app(site)), base_url=BASE_URL) as client:
        files: dict[str, Response] = {}

        async def answer(route: Route) -> None:
            url = route.request.url
            brought = files.get(url) or await client.get(url)
            if "/static/" in url:
                files[url] = brought
            headers = {"content-type": brought.headers.get("content-type", "")}
            await route.fulfill(status=brought.status_code, headers=headers, body=brought.content)

        context = await browser.new_context(viewport=NARROW)
        await context.route("**/*", answer)
        one = Somebody(await context.new_page(), BASE_URL)
        one.page.on("pageerror", lambda error: one.troubles.append(str(error)))
        try:
            looked_at: set[str] = set()
            for organisation, pack in site.packs.items():
                async with site.db.write() as session:
                    secret = await sessions.open_session(session, organisation, MONDAY)
                client.cookies.clear()
                client.cookies.set(cookie_name(site, "session"), secret, domain="127.0.0.1")
                # Pages of one story are built alike: the first is looked at whole, the others for their width.
                pages = {f"/procedures/{process.key}": process.story for process in pack.processes}
                for address, story in {"/procedures": "", **pages}.items():
                    if story in looked_at:
                        await one.page.goto(f"{BASE_URL}{address}", wait_until="domcontentloaded")
                    else:
                        await one.page.set_viewport_size(WIDE)
                        await one.open(address)
                        await one.page.set_viewport_size(NARROW)
                    looked_at.add(story)
                    wide, pictures, tables = await one.page.evaluate(_SEEN)
                    assert wide <= NARROW["width"], f"{organisation}: {address} is {wide} px wide"
                    assert pictures == tables
                    assert (pictures > 0) is bool(story)
        finally:
            await context.close()
            await site.db.close()
