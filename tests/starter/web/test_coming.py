"""What is coming: the page, and the calendar behind a secret address."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from domain.cases import Opening, Request
from domain.coming_dates import ComingDate
from domain.pack import Process, digest
from starter.web import coming
from store import people, queries
from store.rounds import coming as coming_dates
from store.rounds.tables import FeedRow
from store.rounds.writing import look_forward
from store.tables import CaseRow
from tests.builders import AMINA, ORGANISATION, a_person, an_opening
from tests.domain.test_ics import unfolded
from tests.rounds import REVIEW, SITE_LIFE
from tests.starter.web.conftest import Browser, Clock, SignedIn, page_of
from tests.starter.web.running import Running
from tests.starter.web.school import PACKS

LAST_MONTH = date(2026, 10, 5)
CHRISTMAS = date(2026, 12, 25)
NEXT_YEAR = date(2027, 9, 1)
REFERENCES = {"c-life": "K7QM-4TXR", "c-review": "B2CD-F3GH"}


async def a_case(running: Running, process: Process, case: str, title: str, **answers: str | tuple[str, ...]) -> None:
    """Begin a case that comes round."""
    opening: Opening = an_opening(case, REFERENCES[case]).model_copy(
        update={
            "process": process,
            "request": Request(title=title, starter="", author="", answers=dict(answers)),
            "pack_digest": digest(PACKS[ORGANISATION]),
        }
    )
    await running.begin(opening)


async def a_site(running: Running, title: str = "Chess club", closes: date = CHRISTMAS) -> None:
    """Begin the life of a site that Amina and Ben run."""
    await a_case(
        running,
        SITE_LIFE,
        "c-life",
        title,
        site="c-site",
        author="amina",
        administrators=("amina", "ben"),
        moderators=("ben", "amina"),
        go_live_date=LAST_MONTH.isoformat(),
        closure_date=closes.isoformat(),
    )


async def a_review(running: Running) -> None:
    """Begin the review of a document."""
    on = NEXT_YEAR.isoformat()
    await a_case(running, REVIEW, "c-review", "Code of conduct", document="code", version="1", review_on=on)


def headings(text: list[str]) -> list[str]:
    """Return the headings that speak of dates."""
    return [one for one in text if "20" in one or one == "Overdue"]


async def shown(browser: Browser) -> str:
    """Return all that the page says."""
    (main,) = page_of(await browser.get("/coming")).select("main")
    return " ".join(main.get_text(" ").split())


async def address_of(browser: Browser) -> str:
    """Make an address for a calendar and return its path."""
    await browser.get("/coming")
    answer = await browser.post("/coming/calendar")
    assert answer.status_code == 200
    (address,) = page_of(answer).select("#address")
    return str(address["value"]).removeprefix("http://127.0.0.1:8000")


async def lines(client: Browser, path: str) -> list[str]:
    """Return the lines of the calendar at `path`."""
    answer = await client.get(path)
    assert answer.status_code == 200
    return unfolded(answer.content)


@pytest.mark.meets("LIFE-02", "REV-02")
async def test_what_is_overdue_comes_first_then_each_month(running: Running, signed_in: SignedIn) -> None:
    await a_site(running)
    await a_review(running)
    page = page_of(await (await signed_in("amina@elmbrook.example")).get("/coming"))
    assert headings([one.text for one in page.find_all("h2")]) == ["Overdue", "December 2026", "September 2027"]
    rows = [" ".join(row.get_text(" ").split()) for row in page.select("tbody tr")]
    assert rows == [
        "Monday 5 October 2026 Chess club Goes live. Elmbrook Primary School",
        "Friday 25 December 2026 Chess club Is to be closed. Elmbrook Primary School"
        " No working day: reminded of on Thursday 24 December 2026",
        "Wednesday 1 September 2027 Code of conduct Is reviewed",
    ]


async def test_a_site_is_seen_by_those_who_run_it_and_a_document_by_everybody(
    running: Running, signed_in: SignedIn
) -> None:
    await a_site(running)
    await a_review(running)
    for address, sees_site in (("ben", True), ("ada", True), ("otto", False)):
        said = await shown(await signed_in(f"{address}@elmbrook.example"))
        assert ("Chess club" in said) is sees_site
        assert "Code of conduct" in said
    said = await shown(await signed_in("ruth@redwood.example"))
    assert "Chess club" not in said
    assert "Code of conduct" not in said


async def test_what_does_not_fit_on_a_page_is_on_the_next(
    running: Running, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    await a_site(running)
    await a_review(running)
    browser = await signed_in("amina@elmbrook.example")
    monkeypatch.setattr(coming, "MOST", 1)
    monkeypatch.setattr(coming_dates, "_AT_ONCE", 2)
    seen, address = [], "/coming"
    while address:
        (main,) = page_of(await browser.get(address)).select("main")
        seen += [day.get_text() for day in main.select("tbody th")]
        address = next((str(link["href"]) for link in main.select("a[rel=next]")), "")
    assert seen == ["Monday 5 October 2026", "Friday 25 December 2026", "Wednesday 1 September 2027"]
    (elsewhere,) = page_of(await browser.get("/coming?after=nothing")).select("main")
    assert "Monday 5 October 2026" in elsewhere.get_text()


async def test_what_comes_in_more_than_a_year_is_not_on_the_page_but_in_the_calendar(
    running: Running, signed_in: SignedIn
) -> None:
    await a_site(running, closes=date(2028, 12, 1))
    browser = await signed_in("amina@elmbrook.example")
    assert "closed" not in (await shown(browser)).partition("In your own calendar")[0].partition("until")[2]
    assert "DTSTART;VALUE=DATE:20281201" in await lines(browser, await address_of(browser))


@pytest.mark.meets("REV-02")
async def test_a_calendar_needs_no_sign_in_and_has_what_its_owner_may_see(
    running: Running, signed_in: SignedIn, client: Browser
) -> None:
    await a_site(running)
    await a_review(running)
    path = await address_of(await signed_in("amina@elmbrook.example"))
    answer = await client.get(path)
    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert answer.headers["Cache-Control"] == "private, no-cache"
    said = unfolded(answer.content)
    assert [one for one in said if one.startswith(("SUMMARY", "DTSTART", "DESCRIPTION"))] == [
        "DTSTART;VALUE=DATE:20261005",
        "SUMMARY:Chess club: goes live",
        "DESCRIPTION:Elmbrook Primary School. Reference K7QM-4TXR.",
        "DTSTART;VALUE=DATE:20261225",
        "SUMMARY:Chess club: is to be closed",
        "DESCRIPTION:Elmbrook Primary School. Reference K7QM-4TXR."
        "\\nNo working day: Duly reminds of it on Thursday 24 December 2026.",
        "DTSTART;VALUE=DATE:20270901",
        "SUMMARY:Code of conduct: is reviewed",
        "DESCRIPTION:Reference B2CD-F3GH.",
    ]
    others = await lines(client, await address_of(await signed_in("otto@elmbrook.example")))
    assert not [line for line in others if "Chess club" in line]


async def test_a_date_that_moves_stays_the_same_entry(running: Running, signed_in: SignedIn, clock: Clock) -> None:
    await a_site(running)
    browser = await signed_in("amina@elmbrook.example")
    path = await address_of(browser)
    before = await lines(browser, path)
    clock.pass_time(hours=1)
    async with running.site.db.write() as session:
        case = await session.get_one(CaseRow, "c-life")
        case.changed_at = clock()
        await look_forward(session, case, [ComingDate(what="closure", day=date(2027, 1, 8))])
    after = await lines(browser, path)
    uid = next(line for line in after if line.startswith("UID:"))
    assert uid in before
    assert "DTSTART;VALUE=DATE:20270108" in after
    assert next(line for line in after if line.startswith("LAST-MODIFIED:")) not in before


async def test_a_new_address_ends_the_one_before_and_an_ended_one_is_like_none(
    running: Running, signed_in: SignedIn, client: Browser
) -> None:
    await a_site(running)
    browser = await signed_in("amina@elmbrook.example")
    first = await address_of(browser)
    second = await address_of(browser)
    assert first != second
    unknown = await client.get("/coming/AAAA.ics")
    assert (await client.get(first)).status_code == unknown.status_code == 404
    assert (await client.get(second)).status_code == 200
    assert (await browser.post("/coming/calendar/end")).status_code == 303
    assert (await client.get(second)).status_code == 404


async def test_only_the_digest_of_an_address_is_kept(running: Running, signed_in: SignedIn) -> None:
    secret = (await address_of(await signed_in("amina@elmbrook.example"))).split("/")[-1].removesuffix(".ics")
    assert len(secret) == 43
    async with running.site.db.read() as session:
        (row,) = (await session.scalars(select(FeedRow))).all()
    assert secret not in str(row.model_dump())


async def test_what_somebody_may_see_is_looked_up_each_time_and_whoever_left_sees_nothing(
    running: Running, signed_in: SignedIn, client: Browser
) -> None:
    await a_site(running)
    path = await address_of(await signed_in("ada@elmbrook.example"))
    assert any("Chess club" in line for line in await lines(client, path))
    async with running.site.db.write() as session:
        await people.save(session, (a_person("ada", "Ada Quinn"),))
    assert not any("Chess club" in line for line in await lines(client, path))
    yesterday = running.site.today - timedelta(days=1)
    async with running.site.db.write() as session:
        await people.save(session, (a_person("ada", "Ada Quinn", leaves_on=yesterday),))
    assert (await client.get(path)).status_code == 404


async def test_addresses_that_are_guessed_are_slowed_down(client: Browser, running: Running) -> None:
    most = running.site.settings.bad_links_per_minute
    answers = [(await client.get(f"/coming/{n}.ics")).status_code for n in range(most + 1)]
    assert answers == [404] * most + [429]


async def test_the_dates_of_one_case_are_a_file_for_whoever_may_see_it(running: Running, signed_in: SignedIn) -> None:
    await a_site(running)
    browser = await signed_in("ben@elmbrook.example")
    answer = await browser.get("/cases/K7QM-4TXR/dates.ics")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="K7QM-4TXR.ics"'
    assert len([line for line in unfolded(answer.content) if line == "BEGIN:VEVENT"]) == 2
    other = await signed_in("otto@elmbrook.example")
    assert (await other.get("/cases/K7QM-4TXR/dates.ics")).status_code == 404


async def test_what_is_closed_is_not_coming(running: Running, signed_in: SignedIn) -> None:
    await a_site(running)
    async with running.site.db.write() as session:
        case = await queries.case_by_id(session, "c-life")
        assert case is not None
        assert (case.organisation, AMINA.organisation) == (ORGANISATION, ORGANISATION)
        (await session.get_one(CaseRow, "c-life")).closed_at = running.site.clock()
    assert "Chess club" not in await shown(await signed_in("amina@elmbrook.example"))
