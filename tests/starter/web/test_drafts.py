"""Filling in a form: nothing typed is lost, everything wrong is said at once, and one form opens one case."""

import asyncio
from collections.abc import Mapping, Sequence

import pytest
from bs4 import BeautifulSoup
from httpx2 import Response
from sqlalchemy import text

from domain.refs import case_id
from starter.web.site import Site
from store import drafts
from tests.builders import SCHOOL
from tests.starter.web.conftest import Browser, RememberedCases, SignedIn, page_of
from tests.starter.web.school import PURPOSE, RUNNING, TEAM

AMINAS = "amina@elmbrook.example"


async def begin(browser: Browser, process: str = "club") -> str:
    """Return the key of a new draft."""
    await browser.get(f"/start/{process}")
    answer = await browser.post(f"/start/{process}")
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"].rpartition("/")[2]


async def filled(browser: Browser) -> str:
    """Return the key of a draft that is ready to be sent."""
    key = await begin(browser)
    await browser.post(f"/drafts/{key}/team", TEAM)
    await browser.post(f"/drafts/{key}/purpose", PURPOSE)
    answer = await browser.post(f"/drafts/{key}/running", RUNNING)
    assert answer.headers["Location"] == f"/drafts/{key}/check", answer.text
    return key


def faults_on(answer: Response) -> dict[str, str]:
    """Return what the error summary says, by where each leads; each is said at its question too."""
    page = BeautifulSoup(answer.text, "html.parser")
    return {str(link["href"]): link.text.strip() for link in page.select(".govuk-error-summary a")}


def values_on(answer: Response) -> dict[str, str]:
    """Return what the inputs and text areas of the page hold."""
    page = BeautifulSoup(answer.text, "html.parser")
    typed = {str(field["name"]): str(field.get("value", "")) for field in page.select("main input[type=text]")}
    return typed | {str(area["name"]): area.text for area in page.select("main textarea")}


async def stored(site: Site, key: str) -> dict[str, object]:
    async with site.db.read() as session:
        loaded = await drafts.load(session, site.keys, key)
    assert loaded is not None
    return dict(loaded[1])


async def test_the_directory_fills_in_author_and_line_manager(signed_in: SignedIn) -> None:
    browser = await signed_in(AMINAS)
    key = await begin(browser)
    typed = values_on(await browser.get(f"/drafts/{key}/team"))
    assert (typed["author"], typed["line_manager"]) == ("Amina Okafor", "Ben Carter")


async def test_every_section_is_a_page_that_leads_to_the_next(signed_in: SignedIn) -> None:
    browser = await signed_in(AMINAS)
    key = await begin(browser)
    ways = [
        (await browser.post(f"/drafts/{key}/{section}", fields)).headers["Location"]
        for section, fields in (("team", TEAM), ("purpose", PURPOSE), ("running", RUNNING))
    ]
    assert ways == [f"/drafts/{key}/{page}" for page in ("purpose", "running", "check")]
    hub = page_of(await browser.get(f"/drafts/{key}"))
    assert [" ".join(row.text.split()) for row in hub.select(".govuk-task-list__item")] == [
        "Team Complete",
        "Purpose Complete",
        "Running it Complete",
    ]


async def test_everything_wrong_is_said_at_once_and_what_was_typed_is_kept(signed_in: SignedIn, site: Site) -> None:
    browser = await signed_in(AMINAS)
    key = await begin(browser)
    wrong = {**RUNNING, "administrators-2": "A Okafor ", "live-month": "13", "closes-day": "", "vetter": "Nobody"}
    answer = await browser.post(f"/drafts/{key}/running", wrong)
    assert answer.status_code == 422
    faults = faults_on(answer)
    assert list(faults) == ["#administrators-1", "#vetter", "#live-day", "#closes-day"]
    assert "the same person: Amina Okafor" in faults["#administrators-1"]
    page = page_of(answer)
    assert all(page.select_one(place) is not None for place in faults)
    assert len(page.select("main .govuk-error-message")) == 4
    assert values_on(answer).items() >= {name: typed for name, typed in wrong.items() if typed}.items()
    assert page.title is not None
    assert page.title.text.startswith("Error: ")
    assert (await stored(site, key))["vetter"] == "Nobody"
    again = await browser.get(f"/drafts/{key}/running?faults=shown")
    assert faults_on(again) == faults


async def test_a_question_that_is_not_revealed_is_not_asked_for(signed_in: SignedIn) -> None:
    browser = await signed_in(AMINAS)
    key = await begin(browser)
    staff = [("aims", "Play."), ("audience", "staff"), ("youngest", "99"), ("host", "school"), ("host_name", "")]
    assert (await browser.post(f"/drafts/{key}/purpose", staff)).status_code == 303
    both = [*staff, ("audience", "pupils")]
    assert list(faults_on(await browser.post(f"/drafts/{key}/purpose", both))) == ["#youngest"]


async def test_lines_of_a_text_stay_as_they_were_typed(signed_in: SignedIn, site: Site) -> None:
    browser = await signed_in(AMINAS)
    key = await begin(browser)
    typed = "One\r\n  two\r\n\r\n<b>&amp;three"
    fields = [("aims", typed), *PURPOSE[1:]]
    await browser.post(f"/drafts/{key}/purpose", fields)
    shown = values_on(await browser.get(f"/drafts/{key}/purpose"))["aims"]
    assert shown == typed.replace("\r\n", "\n")
    assert (await stored(site, key))["aims"] == shown


@pytest.mark.parametrize(
    "aims", ["x" * 8_001, "bell \x07", "turned \u202e round", "x" * 60_000], ids=["long", "control", "bidi", "longer"]
)
async def test_what_cannot_be_stored_is_shown_again_and_not_stored(signed_in: SignedIn, site: Site, aims: str) -> None:
    browser = await signed_in(AMINAS)
    key = await begin(browser)
    before = await stored(site, key)
    answer = await browser.post(f"/drafts/{key}/purpose", [("aims", aims), *PURPOSE[1:]])
    assert answer.status_code == 422
    assert list(faults_on(answer)) == ["#aims"]
    assert await stored(site, key) == before


@pytest.mark.parametrize(
    "fields",
    [
        {**TEAM, "unknown": "1"},
        {**TEAM, "aims": "of another page"},
        [*TEAM.items(), ("name", "twice")],
        [*TEAM.items(), ("form_token", "twice")],
    ],
    ids=["unknown", "of another page", "twice", "two tokens"],
)
async def test_a_form_that_no_page_sends_is_refused_and_nothing_is_stored(
    signed_in: SignedIn, site: Site, fields: Mapping[str, str] | Sequence[tuple[str, str]]
) -> None:
    browser = await signed_in(AMINAS)
    key = await begin(browser)
    before = await stored(site, key)
    pairs = [*(fields.items() if isinstance(fields, Mapping) else fields), ("form_token", browser.form_token)]
    assert (await browser.post(f"/drafts/{key}/team", pairs)).status_code in {400, 403, 422}
    assert await stored(site, key) == before


@pytest.mark.parametrize("who", ["ben@elmbrook.example", "ada@elmbrook.example", "ruth@redwood.example"])
async def test_a_draft_is_nobody_else_s(signed_in: SignedIn, who: str) -> None:
    key = await begin(await signed_in(AMINAS))
    other = await signed_in(who)
    for page in ("", "/team", "/check", "/done", "/advice"):
        mine, nowhere = await other.get(f"/drafts/{key}{page}"), await other.get(f"/drafts/{'A' * 43}{page}")
        assert mine.status_code == nowhere.status_code == 404
        assert mine.text.replace(key, "") == nowhere.text.replace("A" * 43, "")
    for page in ("/team", "/check", "/advice", "/sample"):
        assert (await other.post(f"/drafts/{key}{page}", TEAM)).status_code == 404


async def test_a_section_that_the_form_does_not_have_is_not_found(signed_in: SignedIn) -> None:
    browser = await signed_in(AMINAS)
    assert (await browser.get(f"/drafts/{await begin(browser)}/nothing")).status_code == 404


async def test_what_was_typed_is_sealed(signed_in: SignedIn, site: Site) -> None:
    browser = await signed_in(AMINAS)
    await browser.post(f"/drafts/{await begin(browser)}/purpose", [("aims", "Checkmate"), *PURPOSE[1:]])
    async with site.db.read() as session:
        await session.execute(text("SELECT 1"))
    raw = (site.settings.data_dir / "duly.sqlite3").read_bytes()
    raw += (site.settings.data_dir / "duly.sqlite3-wal").read_bytes()
    assert b"Checkmate" not in raw


async def test_the_check_page_shows_every_answer_in_words(signed_in: SignedIn) -> None:
    browser = await signed_in(AMINAS)
    page = page_of(await browser.get(f"/drafts/{await filled(browser)}/check"))
    shown = {
        " ".join(row.dt.text.split()): row.dd.get_text(" ", strip=True)
        for row in page.select(".govuk-summary-list__row")
        if row.dt and row.dd
    }
    assert shown["Line manager"] == "Ben Carter"
    assert shown["Administrators"] == "Amina Okafor Ben Carter"
    assert shown["Youngest"] == "7 years"
    assert shown["Host"] == "The school"
    assert shown["Goes live on"] == "Monday 1 March 2027"
    assert shown["Who vets?"] == "Not answered"
    assert "Its name" not in shown
    assert "Only two people look after it" in page.text


async def test_a_broken_rule_that_can_be_set_aside_is_shown_and_travels_with_the_request(
    signed_in: SignedIn, cases: RememberedCases
) -> None:
    browser = await signed_in(AMINAS)
    key = await filled(browser)
    await browser.post(f"/drafts/{key}/running", {**RUNNING, "closes-year": "2030"})
    assert "It runs for long." in (await browser.get(f"/drafts/{key}/check")).text
    await browser.post(f"/drafts/{key}/check")
    assert cases.begun[case_id(key)].request.overrides == ("It runs for long.",)


async def test_a_form_with_a_fault_begins_nothing_and_names_every_fault(
    signed_in: SignedIn, cases: RememberedCases
) -> None:
    browser = await signed_in(AMINAS)
    key = await begin(browser)
    mails = len(cases.mails)
    await browser.post(f"/drafts/{key}/purpose", [*PURPOSE, ("audience", "others")])
    await browser.get(f"/drafts/{key}/check")
    answer = await browser.post(f"/drafts/{key}/check")
    assert answer.status_code == 422
    faults = faults_on(answer)
    assert [place.rpartition("#")[2] for place in faults] == [
        "name",
        "administrators-1",
        "vetter",
        "live-day",
        "closes-day",
    ]
    place, _, field = next(iter(faults)).partition("#")
    there = page_of(await browser.get(place))
    assert there.select_one(f"#{field}")
    assert there.select_one(f"#{field}-error")
    assert cases.begun == {}
    assert len(cases.mails) == mails


async def test_a_sent_form_becomes_a_case_with_its_reference(
    signed_in: SignedIn, cases: RememberedCases, site: Site
) -> None:
    browser = await signed_in(AMINAS)
    key = await filled(browser)
    await browser.get(f"/drafts/{key}/check")
    answer = await browser.post(f"/drafts/{key}/check")
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/drafts/{key}/done")
    [opening] = cases.begun.values()
    assert opening.case == case_id(key)
    assert (opening.organisation, opening.school) == ("elmbrook", SCHOOL)
    assert opening.request.title == "Chess Club"
    assert (opening.request.starter, opening.request.author) == ("amina", "amina")
    assert opening.request.answers["administrators"] == ("amina", "ben")
    assert opening.process.key == "club"
    assert opening.calendar.known_until.year >= site.today.year + 10
    done = await browser.get(f"/drafts/{key}/done")
    assert opening.reference in done.text
    assert page_of(done).select_one(f"a[href='/cases/{opening.reference}']")
    assert await stored(site, key) == {}


async def test_somebody_may_act_for_another_author(signed_in: SignedIn, cases: RememberedCases) -> None:
    browser = await signed_in(AMINAS)
    key = await filled(browser)
    await browser.post(f"/drafts/{key}/team", {**TEAM, "author": "Otto Lind"})
    await browser.post(f"/drafts/{key}/check")
    [opening] = cases.begun.values()
    assert (opening.request.starter, opening.request.author) == ("amina", "otto")


async def test_a_double_submit_begins_one_case_under_one_reference(signed_in: SignedIn, cases: RememberedCases) -> None:
    browser = await signed_in(AMINAS)
    key = await filled(browser)
    answers = await asyncio.gather(*(browser.post(f"/drafts/{key}/check") for _ in range(4)))
    answers.append(await browser.post(f"/drafts/{key}/check"))
    assert {(answer.status_code, answer.headers["Location"]) for answer in answers} == {(303, f"/drafts/{key}/done")}
    assert len(cases.begun) == 1


async def test_a_sent_form_can_be_changed_no_more(signed_in: SignedIn, cases: RememberedCases) -> None:
    browser = await signed_in(AMINAS)
    key = await filled(browser)
    await browser.post(f"/drafts/{key}/check")
    for page in ("", "/team", "/check", "/advice"):
        assert (await browser.get(f"/drafts/{key}{page}")).headers["Location"] == f"/drafts/{key}/done"
    changed = await browser.post(f"/drafts/{key}/team", {**TEAM, "name": "Other"})
    assert changed.headers["Location"] == f"/drafts/{key}/done"
    assert not page_of(await browser.get("/")).select_one(f"a[href='/drafts/{key}']")


async def test_where_the_engine_is_lost_the_page_says_that_the_request_is_being_sent(
    signed_in: SignedIn, cases: RememberedCases, site: Site
) -> None:
    browser = await signed_in(AMINAS)
    key = await filled(browser)
    before = await stored(site, key)
    cases.lost = True
    answer = await browser.post(f"/drafts/{key}/check")
    assert answer.status_code == 503
    assert "Your request is being sent" in answer.text
    assert await stored(site, key) == before
    assert (await browser.get(f"/drafts/{key}/done")).headers["Location"] == f"/drafts/{key}/check"
    cases.lost = False
    assert (await browser.post(f"/drafts/{key}/check")).status_code == 303
    assert len(cases.begun) == 1


async def test_in_demo_mode_one_button_fills_the_form_with_invented_answers(
    signed_in: SignedIn, site: Site, cases: RememberedCases
) -> None:
    browser = await signed_in(AMINAS)
    key = await begin(browser)
    button = page_of(await browser.get(f"/drafts/{key}")).select_one(f"form[action='/drafts/{key}/sample'] button")
    assert button is not None
    answer = await browser.post(f"/drafts/{key}/sample")
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/drafts/{key}/check")
    assert (await browser.post(f"/drafts/{key}/check")).status_code == 303
    assert cases.begun[case_id(key)].request.title == "Invented Club"


async def test_a_form_without_invented_answers_stays_as_it_is(signed_in: SignedIn, site: Site) -> None:
    browser = await signed_in(AMINAS)
    key = await begin(browser, "new_site")
    assert (await browser.post(f"/drafts/{key}/sample")).status_code == 404
    assert await stored(site, key) == {}


async def test_what_is_sent_is_what_was_read_on_the_page_before(signed_in: SignedIn) -> None:
    browser = await signed_in(AMINAS)
    key = await filled(browser)

    async def read() -> str:
        field = page_of(await browser.get(f"/drafts/{key}/check")).select_one("input[name=read]")
        assert field is not None
        return str(field["value"])

    before = await read()
    await browser.post(f"/drafts/{key}/team", {**TEAM, "name": "Changed in another window"})
    stale = await browser.post(f"/drafts/{key}/check", {"read": before})
    assert stale.status_code == 409
    assert "changed in another window" in " ".join(faults_on(stale).values())
    assert "Changed in another window" in stale.text
    sent = await browser.post(f"/drafts/{key}/check", {"read": await read()})
    assert sent.headers["Location"] == f"/drafts/{key}/done"
