"""The overview: what needs somebody and what to do, whose move it is, what is open, and how it went lately."""

import re
from datetime import timedelta
from urllib.parse import unquote_plus

import pytest

from starter.runs import Health
from starter.web.site import Site
from store.tables import AskedRow, AskRow, CaseRow, MailRow, StuckRow
from tests.builders import MONDAY, SCHOOL
from tests.starter.web.conftest import Browser, Clock, RememberedCases, SignedIn, page_of
from tests.starter.web.test_cases import tables_of, text_of
from tests.starter.web.test_finding import a_row, titles

NOW = MONDAY + timedelta(days=30)
A_DAY = timedelta(days=1)


@pytest.fixture
async def ada(site: Site, signed_in: SignedIn, clock: Clock) -> Browser:
    """Return an administrator's browser a month on."""
    clock.now = NOW
    return await signed_in("ada@elmbrook.example")


async def put(site: Site, *rows: CaseRow | AskRow | AskedRow | MailRow | StuckRow) -> None:
    async with site.db.write() as session:
        session.add_all([row for row in rows if isinstance(row, CaseRow)])
        await session.flush()
        session.add_all([row for row in rows if not isinstance(row, CaseRow)])


def an_ask(n: int, *asked: str, seat: str = "headteacher") -> list[AskRow | AskedRow]:
    due = NOW - A_DAY
    row = AskRow(case=f"c-{n}", ask="a1", step=seat, seat=seat, version=1, opened_at=MONDAY, due=due)
    return [row, *(AskedRow(case=f"c-{n}", ask="a1", person=one, seat=seat) for one in asked)]


def needs(answer: str) -> str:
    """Return what the page says between its first two headings."""
    return answer.partition("What needs somebody")[2].partition("Policies due")[0].strip()


async def test_where_nothing_is_and_nothing_failed_the_page_says_so(ada: Browser) -> None:
    answer = await ada.get("/admin")
    text = text_of(answer)
    assert needs(text) == "Nothing has failed."
    for said in ("No answer is overdue.", "Open now: 0 No request is open.", "Nothing was sent, and nothing ended."):
        assert said in text
    assert not page_of(answer).find_all("svg")


async def test_open_requests_are_counted_by_process_school_and_age_and_each_number_lists_them(
    ada: Browser, site: Site
) -> None:
    await put(
        site,
        a_row(1, opened_at=NOW),
        a_row(2, opened_at=NOW - 7 * A_DAY),
        a_row(3, opened_at=NOW - 8 * A_DAY, process="club"),
        a_row(4, opened_at=NOW - 28 * A_DAY, school="elmbrook-high"),
        a_row(5, opened_at=NOW - 29 * A_DAY),
        a_row(6, closed_at=NOW, outcome="approved"),
        a_row(7, organisation="redwood"),
    )
    answer = await ada.get("/admin")
    tables = tables_of(answer)
    by_process = [[re.sub(r" of .*", "", cell) for cell in row] for row in tables["By process and age"]]
    assert by_process == [
        ["Create a social media site", "4", "2", "0", "1", "1"],
        ["A site for a club", "1", "0", "1", "0", "0"],
    ]
    by_school = [[re.sub(r" of .*", "", cell) for cell in row] for row in tables["By school and age"]]
    assert by_school == [
        ["Elmbrook Primary School", "4", "2", "1", "0", "1"],
        ["Elmbrook High School", "1", "0", "0", "1", "0"],
    ]
    for link in page_of(answer).select("td a"):
        count = int(re.split(r"\D", link.get_text())[0])
        assert len(await titles(ada, str(link["href"]).removeprefix("/admin/cases"))) == count, link


async def test_what_is_overdue_says_whose_move_it_is(ada: Browser, site: Site) -> None:
    late = NOW - A_DAY
    await put(
        site,
        a_row(1, due=late),
        a_row(2, due=late, held_at=NOW),
        a_row(3, due=late),
        *an_ask(1, "helen", "dev"),
        *an_ask(2, "helen"),
        *an_ask(3, seat="author"),
    )
    text = text_of(await ada.get("/admin"))
    assert "Headteacher: Dev Patel and Helen Marsh. Due on Tuesday 1 December 2026." in text
    assert "Author: nobody." in text
    assert await titles(ada, "?overdue=yes&sort=due") == ["Site 1", "Site 3"]


async def test_what_failed_says_what_to_do_and_where(ada: Browser, site: Site, cases: RememberedCases) -> None:
    mail = {"template": "ask", "queued_at": NOW - A_DAY}
    await put(
        site,
        a_row(1, held_at=NOW),
        a_row(2),
        a_row(3),
        a_row(4, organisation="redwood"),
        a_row(5),
        *an_ask(2),
        *an_ask(5, seat="author"),
        *an_ask(3, "helen"),
        MailRow.model_validate({"id": "m1", "case": "c-3", "person": "helen", "refused_at": NOW, **mail}),
        MailRow.model_validate({"id": "m2", "case": "c-3", "person": "ben", **mail}),
        *(StuckRow(case=case, since=NOW) for case in ("c-2", "c-4", "c-of-nobody")),
    )
    cases.how = Health(failing=frozenset({"c-3", "c-4", "c-of-nobody"}))
    answer = await ada.get("/admin")
    said = needs(text_of(answer))
    for trouble in (
        "An error comes back whenever Duly tries to go on with “Site 3”.",
        "An error comes back whenever Duly tries to go on with “Site 2”.",
        "An answer to “Site 1” is disputed, and the request is on hold.",
        "1 mail not delivered: the oldest waits since Tuesday 1 December 2026 at 9:30am.",
        "The mail server refused 1 mail to Helen Marsh.",
        "Nobody is asked for “Site 2”: the seat Headteacher reaches nobody.",
        "The author of “Site 5”, who was asked to change it, has left. Cancel it on its page.",
    ):
        assert trouble in said
    assert "Site 4" not in said
    links = {str(link["href"]) for link in page_of(answer).select("main .duly-rows a")}
    assert {"/cases/AAAA-XXX3/operation", "/cases/AAAA-XXXY", "/cases/AAAA-XXX2", "/admin/correct-address"} <= links


@pytest.mark.parametrize(
    ("how", "said"),
    [
        (Health(answers=False, works=False), "Temporal does not answer."),
        (Health(works=False), "No worker asks Temporal for work."),
    ],
)
async def test_what_stops_everything_comes_first(ada: Browser, cases: RememberedCases, how: Health, said: str) -> None:
    cases.how = how
    assert needs(text_of(await ada.get("/admin"))).startswith(said)


async def test_the_last_weeks_are_pictures_with_the_same_as_a_table(ada: Browser, site: Site) -> None:
    ended = {"closed_at": NOW - 7 * A_DAY, "outcome": "approved"}
    await put(
        site,
        a_row(1, opened_at=NOW),
        a_row(2, opened_at=NOW - 8 * A_DAY, **ended),
        a_row(3, opened_at=NOW - 12 * A_DAY, **(ended | {"outcome": "rejected"})),
        a_row(4, opened_at=NOW - 300 * A_DAY),
    )
    answer = await ada.get("/admin")
    weeks = tables_of(answer)["The same as a table"]
    assert len(weeks) == 13
    assert weeks[-1] == ["Monday 30 November 2026", "1", "0", "0", ""]
    assert weeks[-2] == ["Monday 23 November 2026", "1", "2", "1", "3 days"]
    moved, taken = page_of(answer).find_all("svg")
    assert "Week of 23 November 2026: sent 1, ended 2." in moved.get_text()
    assert "Week of 23 November 2026: days 3." in taken.get_text()
    ids = [str(one["id"]) for one in page_of(answer).find_all(id=True)]
    assert len(ids) == len(set(ids))


async def test_an_overview_is_of_one_organisation(ada: Browser, site: Site, signed_in: SignedIn) -> None:
    await put(site, a_row(1, due=NOW - A_DAY), *an_ask(1))
    ruth = await signed_in("ruth@redwood.example")
    assert "Open now: 1" in text_of(await ada.get("/admin"))
    text = text_of(await ruth.get("/admin"))
    assert "Open now: 0" in text
    assert "Site 1" not in text
    assert SCHOOL not in unquote_plus(text)
