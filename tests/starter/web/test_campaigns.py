"""Having everybody sign: who may begin it, how far it has got, who has not signed, and the desk for visitors."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from bs4 import Tag
from httpx2 import Response

from domain.cases import Act
from domain.round_entries import CampaignClosed, RollCalled, VisitorExpected, VisitorSigned
from starter.web.site import Site
from store import people, queries
from store.rounds import desks
from store.rounds.tables import DeskRow
from store.tables import MailRow
from tests.builders import ORGANISATION, a_person
from tests.starter.web.conftest import Browser, Clock, RememberedCases, SignedIn, page_of
from tests.starter.web.papers import (
    ATTESTATION,
    PAPERS,
    a_link_to_sign,
    asked_to_sign,
    case_of,
    events_of,
    signature_of,
    taken_on,
)
from tests.starter.web.running import Running, answered

ADA = "ada@elmbrook.example"
HELEN = "helen@elmbrook.example"
OTTO = "otto@elmbrook.example"
MOST_A_DAY = 3


@pytest.fixture
def site(site: Site) -> Site:
    settings = site.settings.model_copy(update={"cases_per_day": MOST_A_DAY})
    return replace(site, packs={**site.packs, ORGANISATION: PAPERS}, settings=settings)


@pytest.fixture
async def campaign(site: Site, running: Running, signed_in: SignedIn) -> str:
    """Return the path of a campaign in which everybody is asked to sign the code of conduct."""
    await taken_on(site, running, "code")
    return await asked_to_sign(await signed_in(ADA))


def main_of(answer: Response) -> Tag:
    main = page_of(answer).select_one("main")
    assert main is not None
    return main


def text_of(answer: Response) -> str:
    return " ".join(main_of(answer).get_text(" ").split())


async def sign(site: Site, running: Running, person: str) -> None:
    row = await signature_of(site, person)
    assert (await answered(running, person, "a1", row.case, confirmations=())).says == "done"


# Beginning it.


@pytest.mark.meets("ACK-04", "ACK-05", "ACK-21")
async def test_before_anybody_is_asked_the_page_says_who_is_in_which_words_and_what_happens_then(
    site: Site, running: Running, signed_in: SignedIn
) -> None:
    await taken_on(site, running, "code")
    text = text_of(await (await signed_in(HELEN)).get("/documents/code/ask"))
    assert "Who is asked 7 people: employee and governor" in text
    assert ATTESTATION in text
    assert (
        "told of it: the Line manager on working day 6, the Headteacher 5 working days later and then all of them again"
        " every 20 working days until it is signed"
    ) in text


async def test_however_often_and_by_how_many_the_button_is_pressed_one_campaign_begins(
    site: Site, running: Running, signed_in: SignedIn
) -> None:
    await taken_on(site, running, "code")
    ada, helen = await signed_in(ADA), await signed_in(HELEN)
    page = main_of(await helen.get("/documents/code/ask"))
    fields = [(name, str(page.select(f"[name={name}]")[0]["value"])) for name in ("key", "digest")]
    await ada.get("/documents/code/ask")
    first = await ada.post("/documents/code/ask", fields)
    again = await ada.post("/documents/code/ask", fields)
    others = await helen.post("/documents/code/ask", fields)
    assert {answer.headers["Location"] for answer in (first, again, others)} == {first.headers["Location"]}
    async with site.db.read() as session:
        access = await queries.case_by_reference(session, first.headers["Location"].rpartition("/")[2])
    assert access is not None
    assert access.closed_at is None


async def test_a_page_that_is_out_of_date_asks_nobody(site: Site, running: Running, signed_in: SignedIn) -> None:
    await taken_on(site, running, "code")
    browser = await signed_in(ADA)
    stale = await browser.post("/documents/code/ask", {"key": "0", "digest": "d" * 64})
    assert stale.status_code == 409
    assert "Something has changed since this page was shown to you" in text_of(stale)
    assert len(running._open) == 1


async def test_where_it_cannot_be_begun_that_is_said_and_a_second_try_begins_it(
    site: Site, running: Running, cases: RememberedCases, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    await taken_on(site, running, "code")
    browser = await signed_in(ADA)
    with monkeypatch.context() as cut_off:
        cut_off.setattr(cases, "begin", RememberedCases(lost=True).begin)
        page = main_of(await browser.get("/documents/code/ask"))
        fields = [(name, str(page.select(f"[name={name}]")[0]["value"])) for name in ("key", "digest")]
        assert (await browser.post("/documents/code/ask", fields)).status_code == 503
    assert (await browser.post("/documents/code/ask", fields)).status_code == 303


@pytest.mark.meets("ACK-07")
async def test_a_new_campaign_supersedes_the_one_before(
    site: Site, running: Running, campaign: str, clock: Clock, signed_in: SignedIn
) -> None:
    clock.pass_time(days=1)
    browser = await signed_in(ADA)
    assert "Everybody is being asked already" in text_of(await browser.get("/documents/code/ask"))
    assert await asked_to_sign(browser) != campaign
    kinds = [event.kind for event in await events_of(site, await case_of(site, campaign))]
    assert "campaign_superseded" in kinds


# How far it has got.


@pytest.mark.meets("ACK-04")
async def test_progress_is_a_picture_with_a_title_and_a_description_and_the_same_as_a_table(
    site: Site, running: Running, campaign: str, signed_in: SignedIn
) -> None:
    await sign(site, running, "amina")
    main = main_of(await (await signed_in(HELEN)).get(campaign))
    picture = main.select_one("svg[aria-labelledby^=progress]")
    assert picture is not None
    title, description = (picture.select_one(f"#progress-{part}") for part in ("title", "description"))
    assert title is not None
    assert description is not None
    assert "How far" in title.get_text()
    assert description.get_text() == (
        "Asked: 7; have signed: 1; are waited for: 6; do not sign: 0; are not asked any more: 0;"
        " visitors who have signed: 0; visitors who are expected: 0; visitors gone, or asked no more: 0."
    )
    table = next(table for table in main.select("table") if "How far it has got" in table.get_text())
    rows = [[cell.get_text(strip=True) for cell in row.select("th, td")] for row in table.select("tbody tr")]
    assert rows == [
        ["Have signed", "1"],
        ["Are waited for", "6"],
        ["Do not sign", "0"],
        ["Are not asked any more", "0"],
        ["Visitors who have signed", "0"],
        ["Visitors who are expected", "0"],
        ["Visitors gone, or asked no more", "0"],
    ]


@pytest.mark.meets("ACK-04", "ACK-05")
@pytest.mark.parametrize("email", [HELEN, ADA])
async def test_who_has_not_signed_is_named_for_the_owner_and_administrators_with_what_went_out_about_it(
    site: Site, running: Running, campaign: str, signed_in: SignedIn, clock: Clock, email: str
) -> None:
    await sign(site, running, "amina")
    case = (await signature_of(site, "ben")).case
    async with site.db.write() as session:
        for number, template in enumerate(("reminder", "unsigned")):
            session.add(MailRow(id=f"m{number}", case=case, person="ben", template=template, queued_at=clock()))
    text = text_of(await (await signed_in(email)).get(campaign))
    assert (
        "Ben Carter Asked on Monday 2 November 2026. Reminded once. Those who see to them were told on Monday" in text
    )
    assert "Otto Lind Asked on Monday 2 November 2026. Not reminded yet." in text
    assert "Amina Okafor Asked" not in text


async def test_somebody_in_the_audience_sees_nothing_of_the_campaign(campaign: str, signed_in: SignedIn) -> None:
    assert (await (await signed_in(OTTO)).get(campaign)).status_code == 404


@pytest.mark.meets("ACK-04")
async def test_who_joined_and_who_left_are_named(
    site: Site, running: Running, campaign: str, signed_in: SignedIn, clock: Clock
) -> None:
    clock.pass_time(days=1)
    async with site.db.write() as session:
        gone = a_person("otto", "Otto Lind", leaves_on=clock().date().replace(day=1))
        await people.save(session, [a_person("nora", "Nora New"), gone])
    call = Act(kind="call_roll", person="duly", how="duly", occasion="2")
    case = await case_of(site, campaign)
    await running.act(case, call)
    async with asyncio.timeout(5):
        while sum(isinstance(one, RollCalled) for one in await events_of(site, case)) < 2:
            await asyncio.sleep(0.01)
    text = text_of(await (await signed_in(HELEN)).get(campaign))
    assert "Joined since it began, and were asked then Nora New, Tuesday 3 November 2026" in text
    assert "Have left, or are not asked any more Otto Lind, Tuesday 3 November 2026" in text


@pytest.mark.parametrize("email", [HELEN, ADA])
async def test_it_is_closed_with_a_reason_by_its_owner_or_an_administrator(
    site: Site, campaign: str, signed_in: SignedIn, email: str
) -> None:
    browser = await signed_in(email)
    link = f"{campaign}/record/campaign_closed"
    assert link in (await browser.get(campaign)).text
    occasion = page_of(await browser.get(link)).select_one("[name=occasion]")
    assert occasion is not None
    said = {"occasion": str(occasion["value"]), "reason": "The code is withdrawn."}
    await browser.post(link, {**said, "stage": "review"})
    assert (await browser.post(link, {**said, "stage": "confirm"})).status_code == 303
    closed = [one for one in await events_of(site, await case_of(site, campaign)) if isinstance(one, CampaignClosed)]
    assert [one.reason for one in closed] == ["The code is withdrawn."]
    assert (await signature_of(site, "ben")).left_at is not None


# Visitors.


async def open_desk(browser: Browser, campaign: str) -> str:
    """Return the path of a new signing desk."""
    await browser.get(campaign)
    made = await browser.post(f"{campaign}/desk", {"stage": "make"})
    address = main_of(made).select_one("strong")
    assert address is not None
    return address.get_text().removeprefix("http://127.0.0.1:8000")


@pytest.fixture
async def desk(campaign: str, signed_in: SignedIn) -> str:
    """Return the path of a signing desk."""
    return await open_desk(await signed_in(HELEN), campaign)


async def visit(client: Browser, desk: str, name: str = "Vera Visitor", **until: str) -> Response:
    """Have a visitor sign at a desk; return what they get."""
    page = main_of(await client.get(desk))
    occasion = str(page.select("[name=occasion]")[0]["value"])
    day = {"until-day": "6", "until-month": "11", "until-year": "2026", **until}
    fields = {"secret": desk.rpartition("/")[2], "occasion": occasion, "name": name, **day}
    return await client.post("/desk", fields)


@pytest.mark.meets("ACK-06", "ACK-08")
async def test_a_visitor_without_an_account_reads_and_signs_on_a_device_of_the_school(
    client: Browser, site: Site, campaign: str, desk: str
) -> None:
    shown = await client.get(desk)
    assert "I do not befriend pupils." in text_of(shown)
    assert f"“{ATTESTATION}”" in text_of(shown)
    done = await visit(client, desk)
    assert (done.status_code, done.headers["Location"]) == (303, f"{desk}?signed=yes")
    [signed] = [one for one in await events_of(site, await case_of(site, campaign)) if isinstance(one, VisitorSigned)]
    assert (signed.name, signed.wording, signed.by) == ("Vera Visitor", ATTESTATION, "desk")


@pytest.mark.meets("ACK-06")
async def test_whoever_comes_next_finds_an_empty_form_and_nothing_of_the_visitor_before(
    client: Browser, campaign: str, desk: str, signed_in: SignedIn
) -> None:
    after = await client.get((await visit(client, desk)).headers["Location"])
    assert "Signed." in text_of(after)
    assert "Vera" not in after.text
    assert [field.get("value", "") for field in main_of(after).select("input:not([type=hidden])")] == [""] * 4
    staff = await (await signed_in(HELEN)).get(desk)
    for nothing in ("Helen", "Sign out", "My tasks", "/mailbox", "Elmbrook Learning Trust", "K7QM"):
        assert nothing not in staff.text.replace("Duly for Elmbrook Learning Trust", "")


@pytest.mark.meets("ACK-06")
async def test_expected_visitors_are_listed_until_they_have_signed_in_whatever_spelling(
    client: Browser, site: Site, running: Running, campaign: str, desk: str, signed_in: SignedIn, clock: Clock
) -> None:
    case = await case_of(site, campaign)
    for name in ("Vera Visitor", "Noah Nobody"):
        entry = VisitorExpected(name=name, until=clock().date())
        act = Act(kind="record", person="helen", how="session", entry=entry, occasion=name)
        assert (await running.act(case, act)).says == "done"
    await visit(client, desk, "vera  VISITOR")
    text = text_of(await (await signed_in(HELEN)).get(campaign))
    assert "Noah Nobody Here until Monday 2 November 2026. Expected, and has not signed." in text
    assert "vera VISITOR Here until Friday 6 November 2026. Signed on Monday 2 November 2026 at 9:30am." in text
    assert "Vera Visitor Here until Monday 2 November 2026. Expected" not in text
    assert "The signing desk" in text


async def expect(running: Running, case: str, clock: Clock, **visitors: int) -> None:
    """Have the owner put on record that `visitors` are expected, each for so many days more."""
    for name, days in visitors.items():
        entry = VisitorExpected(name=name, until=clock().date() + timedelta(days=days))
        act = Act(kind="record", person="helen", how="session", entry=entry, occasion=f"{name}{clock()}")
        assert (await running.act(case, act)).says == "done"


def visitors_in(answer: Response) -> list[int]:
    """Return how many visitors a page counts in its table: who have signed, are expected, are gone unsigned."""
    rows = [[cell.get_text(strip=True) for cell in row.select("th, td")] for row in main_of(answer).select("tbody tr")]
    return [int(row[1]) for row in rows if row[0].startswith("Visitors")]


@pytest.mark.meets("ACK-04", "ACK-06")
async def test_a_visitor_whose_last_day_has_passed_is_gone_and_expected_no_more(
    client: Browser, site: Site, running: Running, campaign: str, desk: str, signed_in: SignedIn, clock: Clock
) -> None:
    await expect(running, await case_of(site, campaign), clock, Vera=4, Noah=0, Ines=9)
    await visit(client, desk, "Vera")
    assert visitors_in(await (await signed_in(HELEN)).get(campaign)) == [1, 2, 0]
    clock.pass_time(days=5)
    page = await (await signed_in(HELEN)).get(campaign)
    assert visitors_in(page) == [1, 1, 1]
    assert "Of 7 who were asked, and 3 visitors" in text_of(page)
    assert "visitors who are expected: 1; visitors gone, or asked no more: 1." in text_of(page)
    assert "Noah Gone: was here until Monday 2 November 2026. Has not signed, and is not expected any more." in text_of(
        page
    )
    assert "Ines Here until Wednesday 11 November 2026. Expected, and has not signed." in text_of(page)
    assert "Vera Gone: was here until Friday 6 November 2026. Signed on Monday 2 November 2026" in text_of(page)


@pytest.mark.meets("ACK-06", "ACK-07")
async def test_visitors_who_are_still_here_are_asked_again_by_the_campaign_of_a_new_version(
    client: Browser, site: Site, running: Running, campaign: str, desk: str, signed_in: SignedIn, clock: Clock
) -> None:
    before = await case_of(site, campaign)
    await expect(running, before, clock, Vera=4, Noah=0, Ines=9)
    await visit(client, desk, "vera")
    clock.pass_time(days=1)
    browser = await signed_in(HELEN)
    new = await asked_to_sign(browser)
    events = await events_of(site, await case_of(site, new))
    expected = [one for one in events if isinstance(one, VisitorExpected)]
    assert [(one.name, one.until.day, one.by, one.how) for one in expected] == [
        ("vera", 6, "duly", "duly"),
        ("Ines", 11, "duly", "duly"),
    ]
    page = await browser.get(new)
    assert visitors_in(page) == [0, 2, 0]
    assert "Ines, a visitor until 11 November 2026, is still here, and is expected to sign this version too" in text_of(
        page
    )
    old = await browser.get(campaign)
    assert visitors_in(old) == [1, 0, 2]
    assert "vera Here until Friday 6 November 2026. Signed on Monday 2 November 2026" in text_of(old)
    assert "Ines Here until Wednesday 11 November 2026. Has not signed, and is not expected any more." in text_of(old)


async def test_visitors_who_are_carried_over_are_carried_over_once_more_and_once_in_each_campaign(
    site: Site, running: Running, campaign: str, signed_in: SignedIn, clock: Clock
) -> None:
    await expect(running, await case_of(site, campaign), clock, Ines=9)
    for _ in range(2):
        clock.pass_time(days=1)
        case = await case_of(site, await asked_to_sign(await signed_in(HELEN)))
        call = Act(kind="call_roll", person="duly", how="duly", occasion=str(clock()))
        assert (await running.act(case, call)).says == "done"
        events = await events_of(site, case)
        assert [one.name for one in events if isinstance(one, VisitorExpected)] == ["Ines"]


@pytest.mark.parametrize(
    ("name", "until", "says"),
    [
        (" ", {}, "Type your full name"),
        ("x" * 201, {}, "Your name must be 200 characters or fewer"),
        ("Vera", {"until-day": "1"}, "This day has passed. Type the last day of your visit"),
        ("Vera", {"until-day": "31", "until-month": "2"}, "Type the last day of your visit, such as 27 3 2027"),
        ("Vera", {"until-year": "x"}, "Type the last day of your visit, such as 27 3 2027"),
        ("Vera", {"until-year": "9" * 40}, "Type the last day of your visit, such as 27 3 2027"),
        ("Vera", {"until-year": "2028"}, "Type a day within a year: who stays longer signs by e-mail"),
    ],
)
async def test_what_is_wrong_is_said_beside_its_field(
    client: Browser, site: Site, campaign: str, desk: str, name: str, until: dict[str, str], says: str
) -> None:
    answer = await visit(client, desk, name, **until)
    assert answer.status_code == 422
    summary = [link.get_text(strip=True) for link in main_of(answer).select(".govuk-error-summary__list a")]
    assert summary == [says]
    for link in main_of(answer).select(".govuk-error-summary__list a"):
        assert main_of(answer).select_one(str(link["href"])) is not None
    assert not any(isinstance(one, VisitorSigned) for one in await events_of(site, await case_of(site, campaign)))


async def test_a_form_sent_twice_is_one_signature(client: Browser, site: Site, campaign: str, desk: str) -> None:
    page = main_of(await client.get(desk))
    fields = {str(field["name"]): str(field.get("value", "")) for field in page.select("form input")}
    sent = {**fields, "name": "Vera", "until-day": "6", "until-month": "11", "until-year": "2026"}
    for _ in range(2):
        assert (await client.post("/desk", sent)).status_code == 303
    events = await events_of(site, await case_of(site, campaign))
    assert sum(isinstance(one, VisitorSigned) for one in events) == 1


async def test_nobody_signs_at_a_desk_that_was_closed_or_whose_campaign_is_over(
    client: Browser, site: Site, running: Running, campaign: str, desk: str, signed_in: SignedIn
) -> None:
    helen = await signed_in(HELEN)
    second = await open_desk(helen, campaign)
    assert (await client.get(desk)).status_code == 410
    assert "Nobody signs here any more" in text_of(await client.get(desk))
    assert (await client.get(second)).status_code == 200
    await helen.get(campaign)
    assert (await helen.post(f"{campaign}/desk", {"stage": "revoke"})).status_code == 303
    gone = await client.get(second)
    assert gone.status_code == 410
    assert "Code of conduct" not in gone.text
    third = await open_desk(helen, campaign)
    close = Act(kind="record", person="helen", how="session", entry=CampaignClosed(reason="Enough."), occasion="c")
    await running.act(await case_of(site, campaign), close)
    fields = {"secret": third.rpartition("/")[2], "occasion": "x" * 16, "name": "Vera"}
    late = await client.post("/desk", {**fields, "until-day": "6", "until-month": "11", "until-year": "2026"})
    assert late.status_code == 410
    assert not any(isinstance(one, VisitorSigned) for one in await events_of(site, await case_of(site, campaign)))


async def test_an_address_that_is_no_desk_is_not_found_and_guessing_is_limited(client: Browser, site: Site) -> None:
    most = site.settings.bad_links_per_minute
    answers = [(await client.get("/desk/guess")).status_code for _ in range(most + 1)]
    assert answers == [404] * most + [429]
    assert (await client.post("/desk", {"secret": "guess", "occasion": "x" * 16})).status_code == 429


async def test_a_desk_takes_no_more_visitors_a_day_than_cases_may_begin(
    client: Browser, desk: str, clock: Clock
) -> None:
    names = ("Vera", "Noah", "Ines", "Olaf")
    assert [(await visit(client, desk, name)).status_code for name in names] == [303] * MOST_A_DAY + [429]
    clock.pass_time(days=1, seconds=1)
    assert (await visit(client, desk, "Olaf")).status_code == 303


async def test_only_the_digest_of_a_desk_is_kept(site: Site, desk: str) -> None:
    secret = desk.rpartition("/")[2]
    async with site.db.read() as session:
        row = await desks.find(session, secret)
    assert isinstance(row, DeskRow)
    assert secret not in row.model_dump_json()


async def test_only_those_who_see_to_the_campaign_open_a_desk(campaign: str, signed_in: SignedIn) -> None:
    assert (await (await signed_in(OTTO)).post(f"{campaign}/desk", {"stage": "make"})).status_code == 404


async def test_where_the_case_cannot_be_reached_what_the_visitor_typed_is_kept(
    client: Browser, running: Running, desk: str
) -> None:
    running.lost = True
    lost = await visit(client, desk)
    assert lost.status_code == 503
    assert "Your signature is not on record yet" in text_of(lost)
    assert "Vera Visitor" in lost.text


async def test_a_link_to_sign_is_no_desk_and_a_desk_is_no_link(client: Browser, site: Site, desk: str) -> None:
    token = await a_link_to_sign(site, "amina")
    assert (await client.get(f"/desk/{token}")).status_code == 404
    assert (await client.get(desk.replace("/desk/", "/d/"))).status_code == 404
