"""The pages of procedures: for everybody who is signed in, the rules of their organisation, and nothing of a case."""

import pytest

from tests.starter.web.conftest import Browser, SignedIn, page_of
from tests.starter.web.test_drafts import begin

AMINAS = "amina@elmbrook.example"


@pytest.mark.meets("DISC-29")
async def test_everybody_finds_the_procedures_from_the_start_page_and_from_each_form(signed_in: SignedIn) -> None:
    browser = await signed_in(AMINAS)
    assert page_of(await browser.get("/")).select_one("main a[href='/procedures']")
    assert page_of(await browser.get("/start/club")).select_one("main a[href='/procedures/club']")
    listed = page_of(await browser.get("/procedures"))
    links = [link["href"] for link in listed.select("main li a")]
    assert links == ["/procedures/new_site", "/procedures/club"]
    page = page_of(await browser.get("/procedures/club"))
    [picture] = page.select("main svg[role=img]")
    names = str(picture["aria-labelledby"]).split()
    assert [page.select_one(f"#{name}") is not None for name in names] == [True, True]
    rows = [" ".join(row.text.split()) for row in page.select("main table tbody th")]
    assert [title for title in rows if title != "End"] == ["Line manager", "Headteacher", "Changes by the author"]


async def test_a_process_that_is_not_offered_says_so_among_the_procedures(signed_in: SignedIn) -> None:
    page = page_of(await (await signed_in("ruth@redwood.example")).get("/procedures"))
    assert page.select_one("main li a[href='/start/club']")
    assert (await (await signed_in("ruth@redwood.example")).get("/procedures/club")).status_code == 404


async def test_whoever_is_not_signed_in_signs_in_first(client: Browser) -> None:
    for path in ("/procedures", "/procedures/club"):
        answer = await client.get(path)
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/sign-in")


async def test_a_report_begins_with_the_way_to_the_procedures(client: Browser) -> None:
    assert page_of(await client.get("/report")).select_one("main a[href='/procedures']")


async def test_a_procedure_is_the_same_page_whatever_goes_on(signed_in: SignedIn) -> None:
    browser = await signed_in(AMINAS)
    before = (await browser.get("/procedures/club")).text
    await begin(browser)
    assert (await browser.get("/procedures/club")).text == before
