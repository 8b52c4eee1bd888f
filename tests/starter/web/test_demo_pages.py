"""The demo's five organisations: what somebody of each finds at the start, and a request through its pages."""

import asyncio
import base64
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

import packs
from domain.pack import Pack
from settings import Settings
from starter import demo
from starter.web.site import Site
from store import packs as kept_packs
from store import people, queries
from store.database import Database
from store.keys import CaseKeys, Keyring
from store.migrate import upgrade
from tests.starter.web.conftest import BASE_URL, Clock, RememberedCases, SignedIn, page_of
from tests.starter.web.running import Running, answered

SOMEBODY = {
    "cadmus": "priya.shah@cadmus.example",
    "mtoat": "ella.marsh@mtoat.example",
    "newall-green": "leo.mbeki@newall-green.example",
    "redhill": "alice.turner@redhill.example",
    "societas": "carl.hughes@societas.example",
}
START = "/start/site_creation"


@pytest.fixture
async def site(tmp_path: Path, cases: RememberedCases, clock: Clock) -> AsyncIterator[Site]:
    """Yield a site with the packs and the invented people that Duly brings."""
    key = base64.b64encode(b"k" * 32).decode()
    ours = Settings.model_validate({"mode": "demo", "data_dir": tmp_path, "keys": f"k1:{key}", "base_url": BASE_URL})
    await asyncio.to_thread(upgrade, ours.database_url)
    await demo.load(ours)
    loaded = packs.load_all(ours.packs)
    db = Database(ours.database_url)
    async with db.write() as session:
        for pack in loaded.values():
            await kept_packs.keep(session, pack)
    yield Site(ours, db, CaseKeys(db, Keyring.of(ours.key_ring)), cases, loaded, clock, demo=True)
    await db.close()


async def somebody(site: Site, email: str) -> str:
    """Return the id of whoever has that address."""
    async with site.db.read() as session:
        person = await people.person_by_email(session, email)
    assert person is not None
    return person.id


def titles(pack: Pack) -> set[str]:
    """Return the titles of what begins with a form of `pack`, offered or not, and of nothing that begins otherwise."""
    offered = {one.title for one in pack.processes if one.may_start}
    return offered | {one.title for one in pack.not_offered}


@pytest.mark.parametrize("pack", SOMEBODY)
async def test_the_start_page_of_each_organisation_has_the_titles_of_its_own_processes(
    pack: str, site: Site, signed_in: SignedIn
) -> None:
    page = page_of(await (await signed_in(SOMEBODY[pack])).get("/"))
    own = titles(site.packs[pack])
    others = {title for other in site.packs.values() for title in titles(other)} - own
    text = " ".join(page.text.split())
    assert all(title in text for title in own)
    assert not any(title in text for title in others)
    assert site.packs[pack].organisation.name in text


async def test_at_societas_the_start_page_says_what_the_protocol_does_not_have_and_what_to_do_instead(
    site: Site, signed_in: SignedIn
) -> None:
    browser = await signed_in(SOMEBODY["societas"])
    page = page_of(await browser.get("/"))
    assert page.select_one(f"main a[href='{START}']")
    said = " ".join(page_of(await browser.get(START)).text.split())
    assert "No clause of the Trust's protocol lets anybody create a site" in said
    assert "“Only employees who have been granted permission should post on the Trust's" in said
    assert "Social Networking Protocol, Clause 5.4" in said
    assert "Ask your Head Teacher / Manager" in said
    assert (await browser.post(START)).status_code == 403
    assert site.packs["societas"].process("site_creation") is None


@pytest.mark.meets("SITE-45", "SITE-46", "SITE-47")
async def test_at_mtoat_a_request_goes_from_its_form_through_the_leadership_to_the_register(
    site: Site, signed_in: SignedIn, running: Running
) -> None:
    browser = await signed_in(SOMEBODY["mtoat"])
    start = page_of(await browser.get(START))
    assert [" ".join(step.text.split()).split(" approves ")[0] for step in start.select(".duly-steps li")] == [
        "Headteacher"
    ]
    key = (await browser.post(START)).headers["Location"].rpartition("/")[2]
    await browser.get(f"/drafts/{key}")
    await browser.post(f"/drafts/{key}/sample")
    checked = " ".join(page_of(await browser.get(f"/drafts/{key}/check")).text.split())
    assert all(said in checked for said in ("Noah Ellis", "Edith Marsh", "social@merebridge.example", "Gwen Tudor"))
    assert (await browser.post(f"/drafts/{key}/check")).status_code == 303

    ella, julian = await somebody(site, SOMEBODY["mtoat"]), await somebody(site, "julian.frost@mtoat.example")
    async with site.db.read() as session:
        (row,) = await queries.cases_of(session, ella)
    half = await answered(running, julian, "a1", row.id, confirmations=("owned", "trained"))
    assert half.says == "incomplete"
    whole = await answered(running, julian, "a1", row.id, confirmations=("owned", "trained", "content"))
    assert whole.says == "done"
    register = " ".join(page_of(await browser.get("/register")).text.split())
    assert "Merebridge sixth form on Facebook" in register
    assert "Merebridge School" in register


async def test_a_student_who_operates_a_site_is_told_who_asks_for_one(signed_in: SignedIn) -> None:
    browser = await signed_in("noah.ellis@mtoat.example")
    answer = await browser.get(START)
    assert "You cannot start this yourself" in answer.text
    assert (await browser.post(START)).status_code == 403


@pytest.mark.meets("REV-02", "REV-04", "REV-05", "REV-06", "REV-12")
async def test_the_first_that_an_administrator_of_each_organisation_sees_is_that_its_policy_is_due(
    site: Site, signed_in: SignedIn
) -> None:
    said = {}
    for organisation, pack in site.packs.items():
        async with site.db.read() as session:
            directory = await people.directory(session, organisation)
        administrator = next(one for one in directory.people if one.administrator)
        due = page_of(await (await signed_in(administrator.email)).get("/")).select_one(".duly-due")
        assert due is not None
        policy = due.select("li")[0]
        assert pack.document.title in policy.get_text()
        said[organisation] = [tag.get_text(strip=True) for tag in policy.select(".govuk-tag--red")]
    assert said == {
        "cadmus": ["Overdue since 1 January 2025"],
        "mtoat": ["Overdue since 31 May 2019"],
        "newall-green": ["Overdue since 30 November 2024"],
        "redhill": ["Overdue: it prints no date"],
        "societas": ["Overdue since 31 July 2022"],
    }
