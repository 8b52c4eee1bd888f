"""The start page, and the page of each process before anything is begun."""

import pytest

from tests.starter.web.conftest import SignedIn, page_of
from tests.starter.web.test_drafts import begin

AMINAS = "amina@elmbrook.example"


def main_of(browser_page: str) -> str:
    from bs4 import BeautifulSoup

    main = BeautifulSoup(browser_page, "html.parser").main
    assert main is not None
    return " ".join(main.text.split())


async def test_the_start_page_says_what_can_be_started(signed_in: SignedIn) -> None:
    page = page_of(await (await signed_in(AMINAS)).get("/"))
    assert [link["href"] for link in page.select("main a")] == ["/start/new_site", "/start/club", "/procedures"]
    assert "Nothing waits for you" in page.text
    assert "Elmbrook Learning Trust" in page.header.text if page.header else False


async def test_a_draft_is_found_again_after_signing_out(signed_in: SignedIn) -> None:
    browser = await signed_in(AMINAS)
    key = await begin(browser)
    await browser.post("/sign-out")
    page = page_of(await (await signed_in(AMINAS)).get("/"))
    assert page.select_one(f"main a[href='/drafts/{key}']")


async def test_the_page_of_a_process_says_who_decides_in_which_order(signed_in: SignedIn) -> None:
    page = page_of(await (await signed_in(AMINAS)).get("/start/club"))
    steps = [" ".join(step.text.split()) for step in page.select(".duly-steps li")]
    assert [step.split()[0] for step in steps] == ["Line", "Headteacher"]
    assert "within 5 working days" in steps[0]


@pytest.mark.meets("SITE-48")
async def test_a_process_that_the_policy_does_not_allow_says_why_and_what_to_do_instead(signed_in: SignedIn) -> None:
    """SITE-48: no dead end, and the clause is cited."""
    browser = await signed_in("ruth@redwood.example")
    assert page_of(await browser.get("/")).select_one("main a[href='/start/club']")
    answer = await browser.get("/start/club")
    assert answer.status_code == 200
    said = main_of(answer.text)
    assert "The policy allows no site of the school." in said
    assert "“social networking is strictly personal”" in said
    assert "Redwood Online Policy, Introduction" in said
    assert "Ask the school office" in said
    assert (await browser.post("/start/club")).status_code == 403


async def test_what_nobody_offers_is_not_found(signed_in: SignedIn) -> None:
    browser = await signed_in(AMINAS)
    assert (await browser.get("/start/nothing")).status_code == 404
    assert (await browser.post("/start/nothing")).status_code == 404


async def test_whoever_may_not_start_is_told_who_may(signed_in: SignedIn) -> None:
    browser = await signed_in("temp@elmbrook.example")
    answer = await browser.get("/start/club")
    assert "it is for employee" in answer.text
    assert not page_of(answer).select("main form")
    assert (await browser.post("/start/club")).status_code == 403


async def test_somebody_of_two_schools_chooses_one(signed_in: SignedIn) -> None:
    browser = await signed_in("both@elmbrook.example")
    assert len(page_of(await browser.get("/start/club")).select("input[name=school]")) == 2
    missing = await browser.post("/start/club")
    assert missing.status_code == 422
    assert page_of(missing).select_one('.govuk-error-summary a[href="#school"]')
    assert (await browser.post("/start/club", {"school": "redwood"})).status_code == 422
    assert (await browser.post("/start/club", {"school": "elmbrook-high"})).status_code == 303


async def test_a_school_where_one_is_not_cannot_be_named(signed_in: SignedIn) -> None:
    browser = await signed_in(AMINAS)
    assert (await browser.post("/start/club", {"school": "elmbrook-high"})).status_code == 422
    assert (await browser.post("/start/club", {"unknown": "1"})).status_code == 422
