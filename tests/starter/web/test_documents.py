"""The documents of an organisation: what is in force, what is due, what does not fit, and who may do what about it."""

from dataclasses import replace
from datetime import date

import pytest
from httpx2 import Response

from domain.cases import Act
from domain.round_entries import DraftReady
from starter.web.site import Site
from tests.builders import ORGANISATION
from tests.domain.test_ics import unfolded
from tests.starter.web.conftest import Browser, Clock, SignedIn, page_of
from tests.starter.web.papers import PAPERS, asked_to_sign, taken_on
from tests.starter.web.running import Running

ADA = "ada@elmbrook.example"
DEV = "dev@elmbrook.example"
HELEN = "helen@elmbrook.example"
OTTO = "otto@elmbrook.example"


@pytest.fixture
def site(site: Site) -> Site:
    return replace(site, packs={**site.packs, ORGANISATION: PAPERS})


def text_of(answer: Response) -> str:
    main = page_of(answer).select_one("main")
    assert main is not None
    return " ".join(main.get_text(" ").split())


def tags_of(answer: Response) -> list[tuple[str, str]]:
    tags = page_of(answer).select("main .govuk-tag")
    return [(tag.get_text(strip=True), str(tag["class"][-1]).rpartition("-")[2]) for tag in tags]


def links_of(answer: Response) -> list[str]:
    return [link.get_text(strip=True) for link in page_of(answer).select("main a")]


def hrefs_of(answer: Response) -> list[str]:
    return [str(link["href"]) for link in page_of(answer).select("main a")]


@pytest.mark.meets("REV-05", "REV-12")
async def test_everybody_sees_every_document_and_how_its_review_stands_in_words_and_colour(
    running: Running, site: Site, signed_in: SignedIn
) -> None:
    await taken_on(site, running, "policy", "code", "fresh")
    answer = await (await signed_in(OTTO)).get("/documents")
    assert [link.get_text() for link in page_of(answer).select("main h2 a")] == [
        "Social Media Policy",
        "Code of conduct",
        "A fresh policy",
    ]
    assert tags_of(answer) == [
        ("Overdue: it prints no date", "red"),
        ("Under review", "blue"),
        ("Overdue since 31 July 2026", "red"),
        ("Under review", "blue"),
        ("Due on 31 December 2028", "green"),
    ]
    text = text_of(answer)
    assert "It is seen to by the Headteacher (Helen Marsh). It prints its review as “Summer 2026”" in text
    assert "Headteacher has until 30 November 2026: draft" in text
    assert "It prints no review date" in text


@pytest.mark.meets("REV-05", "REV-08")
async def test_what_does_not_fit_in_a_document_is_said_and_nothing_is_hidden(
    running: Running, site: Site, signed_in: SignedIn
) -> None:
    await taken_on(site, running, "policy", "code")
    browser = await signed_in(OTTO)
    policy = text_of(await browser.get("/documents/policy"))
    for warning in ("It prints no review date.", "It prints no date at all.", "It prints no version."):
        assert warning in policy
    code = text_of(await browser.get("/documents/code"))
    assert "It cites Keeping Children Safe in Education of 2019; a later edition, 2026, is known." in code


@pytest.mark.meets("REV-01", "REV-06")
async def test_a_document_shows_its_control_as_printed_and_its_legal_date(
    running: Running, site: Site, signed_in: SignedIn
) -> None:
    await taken_on(site, running, "code")
    browser = await signed_in(OTTO)
    text = text_of(await browser.get("/documents/code"))
    assert "The next review is due on Friday 31 July 2026 , printed as “Summer 2026”" in text
    for name, said in (("Owner", "The headteacher"), ("Version", "1"), ("Review date", "Summer 2026")):
        assert f"{name} {said}" in text
    calendar = await browser.get("/documents/code/review.ics")
    assert calendar.headers["Content-Type"].startswith("text/calendar")
    lines = unfolded(calendar.content)
    assert "DTSTART;VALUE=DATE:20260731" in lines
    assert "SUMMARY:Review due: Code of conduct" in lines


async def test_a_document_without_a_date_is_no_entry_for_a_calendar(signed_in: SignedIn) -> None:
    assert (await (await signed_in(OTTO)).get("/documents/policy/review.ics")).status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/documents/other",
        "/documents/code/versions/9",
        "/documents/code/versions/x",
        f"/documents/code/versions/{9**40}",
    ],
)
async def test_what_is_not_there_is_not_found(signed_in: SignedIn, path: str) -> None:
    assert (await (await signed_in(OTTO)).get(path)).status_code == 404


async def test_before_duly_has_taken_a_document_on_it_is_shown_as_it_prints_itself(signed_in: SignedIn) -> None:
    text = text_of(await (await signed_in(ADA)).get("/documents/code"))
    assert "Overdue since 31 July 2026" in text
    assert "Duly is taking this document on" in text
    assert "Ask everybody to sign" not in text


async def test_only_the_owner_and_administrators_are_offered_to_open_the_review_or_to_ask_everybody(
    running: Running, site: Site, signed_in: SignedIn
) -> None:
    await taken_on(site, running, "fresh", "code")
    for email, may in ((HELEN, True), (ADA, True), (OTTO, False), (DEV, False)):
        browser = await signed_in(email)
        assert ("Open the review now, with a reason" in links_of(await browser.get("/documents/fresh"))) is may
        assert ("Ask everybody to sign" in links_of(await browser.get("/documents/code"))) is may
        assert (await browser.get("/documents/code/ask")).status_code == (200 if may else 404)
    assert (await (await signed_in(HELEN)).get("/documents/fresh/ask")).status_code == 404


@pytest.mark.parametrize("email", [HELEN, ADA])
@pytest.mark.meets("REV-08")
async def test_the_review_is_opened_before_its_date_for_a_reason(
    running: Running, site: Site, signed_in: SignedIn, email: str
) -> None:
    await taken_on(site, running, "fresh")
    browser = await signed_in(email)
    page = page_of(await browser.get("/documents/fresh"))
    [link] = [str(a["href"]) for a in page.select("main a") if a.get_text() == "Open the review now, with a reason"]
    occasion = page_of(await browser.get(link)).select_one("[name=occasion]")
    assert occasion is not None
    said = {"occasion": str(occasion["value"]), "reason": "Keeping Children Safe in Education has a new edition."}
    await browser.post(link, {**said, "stage": "review"})
    assert (await browser.post(link, {**said, "stage": "confirm"})).status_code == 303
    assert "Under review" in text_of(await browser.get("/documents/fresh"))


@pytest.mark.meets("REV-03", "REV-07")
async def test_a_new_version_is_in_force_and_the_superseded_one_stays_to_be_read(
    running: Running, site: Site, clock: Clock, signed_in: SignedIn
) -> None:
    await taken_on(site, running, "code")
    [case] = running._open
    entry = DraftReady(
        version="2", supersedes="1", what_changed="Clearer.", effective_from=date(2026, 12, 1), text="1. New\n\nRead."
    )
    await running.act(case, Act(kind="record", person="helen", how="session", entry=entry, occasion="d" * 16))
    dev = await signed_in(DEV)
    task = next(path for path in hrefs_of(await dev.get("/tasks")) if path.startswith("/tasks/"))
    to_approve = text_of(await dev.get(task))
    for said in ("Helen Marsh asks you to approve", "Version 2", "Clearer.", "Tuesday 1 December 2026", "1. New Read."):
        assert said in to_approve
    fields = {"version": "2", "decision": "approve", "comment": "", "signature": "Dev Patel"}
    await dev.post(task, {**fields, "stage": "review"})
    done = await dev.post(task, {**fields, "stage": "confirm"})
    assert "You approved this" in text_of(await dev.get(done.headers["Location"]))
    assert "In force" in text_of(await dev.get(f"/cases/{task.split('/')[2]}"))
    browser = await signed_in(OTTO)
    answer = await browser.get("/documents/code")
    text = text_of(answer)
    assert "Due on 1 December 2027" in text
    assert "Version 2 was adopted on Monday 2 November 2026, and is in force from Tuesday 1 December 2026" in text
    assert "Version 2 In force from Tuesday 1 December 2026" in text
    assert "Version 1 In force; superseded from Tuesday 1 December 2026; as the school brought it" in text
    assert hrefs_of(answer)[0] == "/documents/code/versions/1"
    # Everybody is asked at once, so that they have signed it by the day on which it is in force.
    assert "0 of 7 have signed version 2" in text
    listed = text_of(await browser.get("/documents"))
    assert "Version 1 is in force. Version 2 is from Tuesday 1 December 2026." in listed
    old = text_of(await browser.get("/documents/code/versions/1"))
    assert "This version is superseded from Tuesday 1 December 2026. Until then it is in force." in old

    clock.pass_time(days=29)
    browser = await signed_in(OTTO)
    answer = await browser.get("/documents/code")
    text = text_of(answer)
    assert "Version 1 Superseded on Tuesday 1 December 2026; as the school brought it" in text
    assert "Version 2 In force from Tuesday 1 December 2026" in text
    assert "was adopted on" not in text
    assert hrefs_of(answer)[0] == "/documents/code/versions/2"
    assert "Approved on 2 November 2026" in text
    assert "It cites" not in text
    old = text_of(await browser.get("/documents/code/versions/1"))
    assert "This version was superseded on Tuesday 1 December 2026" in old
    assert "I do not befriend pupils." in old


async def test_the_case_of_a_review_is_shown_to_those_whom_it_concerns_alone(
    running: Running, site: Site, signed_in: SignedIn
) -> None:
    await taken_on(site, running, "code")
    for email, may in ((HELEN, True), (DEV, True), (ADA, True), (OTTO, False)):
        assert ("The case of its review" in links_of(await (await signed_in(email)).get("/documents/code"))) is may


async def test_owners_and_administrators_find_what_is_due_on_their_start_page(
    running: Running, site: Site, signed_in: SignedIn
) -> None:
    await taken_on(site, running, "policy", "code", "fresh")
    for email in (HELEN, ADA):
        page = page_of(await (await signed_in(email)).get("/"))
        due = page.select_one(".duly-due")
        assert due is not None
        assert [link.get_text() for link in due.select("a")] == ["Social Media Policy", "Code of conduct"]
    assert "Policies due" not in (await (await signed_in(OTTO)).get("/")).text


async def test_the_days_to_a_review_are_counted_down(
    running: Running, site: Site, clock: Clock, signed_in: SignedIn
) -> None:
    await taken_on(site, running, "fresh")
    clock.pass_time(days=(date(2028, 12, 31) - date(2026, 11, 2)).days - 89)
    assert ("Due in 89 days", "orange") in tags_of(await (await signed_in(OTTO)).get("/documents/fresh"))


async def test_nobody_sees_the_documents_of_another_organisation(
    running: Running, site: Site, signed_in: SignedIn
) -> None:
    await taken_on(site, running, "code")
    ruth = await signed_in("ruth@redwood.example")
    assert "Code of conduct" not in (await ruth.get("/documents")).text
    assert (await ruth.get("/documents/code")).status_code == 404


async def test_everybody_sees_how_many_have_signed_and_nobody_who_has_not(
    running: Running, site: Site, signed_in: SignedIn
) -> None:
    await taken_on(site, running, "code")
    browser: Browser = await signed_in(ADA)
    await asked_to_sign(browser)
    text = text_of(await (await signed_in(OTTO)).get("/documents/code"))
    assert "0 of 7 have signed version 1" in text
    assert "Who has signed, and who has not" not in text
    assert "Who has signed, and who has not" in text_of(await browser.get("/documents/code"))
