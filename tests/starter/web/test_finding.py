"""Find: for administrators, in their own organisation, by what they know of a case; views, and files."""

import csv
import io
from datetime import timedelta
from urllib.parse import parse_qsl

import pytest
from structlog.testing import capture_logs

from starter.web import finding as pages
from starter.web.finding import MOST
from starter.web.site import Site
from store import finding, people
from store.tables import CaseRow
from store.views import MOST_VIEWS
from tests.builders import MONDAY, ORGANISATION, SCHOOL, a_person
from tests.starter.web.conftest import Browser, SignedIn, page_of


def a_row(n: int, **more: object) -> CaseRow:
    """Return the row of a case that began `n` minutes after Monday morning."""
    usual = {
        "id": f"c-{n}",
        "reference": f"AAAA-{n:04d}".replace("0", "X").replace("1", "Y"),
        "organisation": ORGANISATION,
        "school": SCHOOL,
        "process": "new_site",
        "title": f"Site {n}",
        "starter": "amina",
        "author": "amina",
        "version": 1,
        "opened_at": MONDAY + timedelta(minutes=n),
        "changed_at": MONDAY,
        "waits_for": "line_manager, headteacher",
        "due": MONDAY + timedelta(days=-1 if n % 2 else 1),
        "sealed_opening": b"",
        "sealed_standing": b"",
    }
    return CaseRow.model_validate({**usual, **more})


@pytest.fixture
async def ada(site: Site, signed_in: SignedIn) -> Browser:
    """Return an administrator's browser, at a site with four cases here and one elsewhere."""
    async with site.db.write() as session:
        session.add_all(
            [
                a_row(2),
                a_row(3, process="other", waits_for=None, due=None),
                a_row(4, school="elmbrook-secondary"),
                a_row(5, closed_at=MONDAY, outcome="rejected"),
                a_row(6, organisation="redwood", title="Elsewhere"),
            ]
        )
    return await signed_in("ada@elmbrook.example")


async def titles(browser: Browser, query: str = "") -> list[str]:
    answer = await browser.get(f"/admin/cases{query}")
    assert answer.status_code == 200
    return [cell.get_text(strip=True) for cell in page_of(answer).select("tbody td:nth-of-type(1)")]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["Site 5", "Site 4", "Site 3", "Site 2"]),
        ("?reference=aaaaxxx3", ["Site 3"]),
        ("?reference=AAAA-XXX6", []),
        ("?reference=nonsense%21", []),
        ("?process=other&state=", ["Site 3"]),
        ("?school=elmbrook-secondary", ["Site 4"]),
        ("?state=closed", ["Site 5"]),
        ("?state=open&school=elmbrook-primary&process=new_site", ["Site 2"]),
    ],
)
async def test_cases_are_found_by_reference_school_process_and_state_in_one_organisation_only(
    ada: Browser, query: str, found: list[str]
) -> None:
    assert await titles(ada, query) == found


async def test_the_list_says_whom_each_case_waits_for_and_what_is_overdue(ada: Browser) -> None:
    states = [cell.get_text(" ", strip=True) for cell in page_of(await ada.get("/admin/cases")).select("td:last-child")]
    assert states == [
        "Rejected, Monday 2 November 2026",
        "Waits for Line manager, Headteacher, until Tuesday 3 November 2026",
        "Waits for nobody",
        "Waits for Line manager, Headteacher, until Tuesday 3 November 2026",
    ]


async def test_the_search_keeps_what_was_looked_for_and_says_when_nothing_fits(ada: Browser) -> None:
    page = page_of(await ada.get("/admin/cases?reference=ZZZZ-ZZZZ&state=open"))
    field, state = page.select_one("#reference"), page.select_one("#state option[selected]")
    assert field is not None
    assert state is not None
    assert (field["value"], state["value"]) == ("ZZZZ-ZZZZ", "open")
    assert "No case fits" in page.get_text()


async def test_a_long_list_comes_in_pages_each_case_once(site: Site, signed_in: SignedIn) -> None:
    async with site.db.write() as session:
        session.add_all(a_row(n, opened_at=MONDAY + timedelta(minutes=n // 3)) for n in range(2 * MOST + 10))
    ada = await signed_in("ada@elmbrook.example")
    seen: list[str] = []
    address = "?state=open"
    for expected in (MOST, MOST, 10):
        page = await titles(ada, address)
        assert len(page) == expected
        seen += page
        onward = page_of(await ada.get(f"/admin/cases{address}")).select_one("a[rel=next]")
        address = str(onward["href"]).removeprefix("/admin/cases") if onward else ""
    assert address == ""
    assert sorted(seen) == sorted(f"Site {n}" for n in range(2 * MOST + 10))


@pytest.mark.parametrize(
    "query",
    [
        "?state=lost",
        "?after=yesterday",
        "?after=2026-11-02T09:30:00~c-1",
        "?order=title",
        "?sort=worst",
        "?overdue=no",
        "?state=open&state=closed",
    ],
)
async def test_an_address_that_no_page_of_ours_makes_is_refused(ada: Browser, query: str) -> None:
    assert (await ada.get(f"/admin/cases{query}")).status_code == 422


async def test_nobody_but_administrators_sees_the_list(signed_in: SignedIn) -> None:
    assert (await (await signed_in("helen@elmbrook.example")).get("/admin/cases")).status_code == 403


# What is looked for, and what is wrong with it.


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?words=SITE+5", ["Site 5"]),
        ("?words=5+site", ["Site 5"]),
        ("?words=nothing", []),
        ("?state=rejected", ["Site 5"]),
        ("?state=approved", []),
        ("?seat=headteacher", []),
        ("?person=Amina+Okafor&state=closed", ["Site 5"]),
        ("?person=otto%40elmbrook.example", []),
        ("?since=2026-11-02&until=2/11/2026", ["Site 5", "Site 4", "Site 3", "Site 2"]),
        ("?since=3+11+2026", []),
        ("?until=1-11-2026", []),
        ("?overdue=yes", []),
        ("?sort=oldest", ["Site 2", "Site 3", "Site 4", "Site 5"]),
        ("?sort=due", ["Site 2", "Site 4"]),
        ("?sort=ended", ["Site 5"]),
        ("?sort=title&words=site", ["Site 2", "Site 3", "Site 4", "Site 5"]),
    ],
)
async def test_cases_are_found_by_whatever_is_known_of_them_and_sorted(
    ada: Browser, query: str, found: list[str]
) -> None:
    assert await titles(ada, query) == found


@pytest.mark.parametrize(
    ("query", "field", "fault"),
    [
        ("since=31/2/2026", "since", "Type a day such as 2/11/2026"),
        ("until=soon", "until", "Type a day such as 2/11/2026"),
        ("since=2026-11-02&until=2026-11-01", "until", "The last day must not come before the first"),
        ("person=Nobody+Here", "person", "Nobody in the directory is called that"),
        ("words=a+b+c+d+e+f+g+h+i", "words", "Type 8 words or fewer"),
    ],
)
async def test_what_cannot_be_looked_for_is_said_beside_its_field_with_what_was_typed(
    ada: Browser, query: str, field: str, fault: str
) -> None:
    answer = await ada.get(f"/admin/cases?{query}")
    page = page_of(answer)
    assert answer.status_code == 422
    assert [link["href"] for link in page.select(".govuk-error-summary a")] == [f"#{field}"]
    shown, typed = page.select_one(f"#{field}-error"), page.select_one(f"#{field}")
    assert shown is not None
    assert typed is not None
    assert fault in shown.get_text()
    assert typed["value"] == dict(parse_qsl(query))[field]
    assert not page.select("tbody tr")
    assert (await ada.get(f"/admin/cases.csv?{query}")).status_code == 422


async def test_two_people_of_one_name_are_told_apart_by_their_address(ada: Browser, site: Site) -> None:
    async with site.db.write() as session:
        await people.save(session, [a_person("other", "Amina Okafor")])
    assert "Several people are called that" in (await ada.get("/admin/cases?person=Amina+Okafor")).text
    assert await titles(ada, "?person=amina%40elmbrook.example&state=closed") == ["Site 5"]


async def test_a_page_that_had_to_stop_looking_says_so_and_leads_on(
    ada: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "MOST_WALKED", 3)
    answer = await ada.get("/admin/cases?words=2")
    assert "None of the cases looked at so far fits." in page_of(answer).get_text()
    onward = page_of(answer).select_one("a[rel=next]")
    assert onward is not None
    assert await titles(ada, str(onward["href"]).removeprefix("/admin/cases")) == ["Site 2"]


# Files.


async def test_a_file_has_all_that_fits_and_none_of_it_is_a_formula(ada: Browser, site: Site) -> None:
    async with site.db.write() as session:
        session.add(a_row(7, title='=HYPERLINK("http://example.com","Click")', school="elsewhere"))
    answer = await ada.get("/admin/cases.csv?process=new_site&sort=title")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="cases-2026-11-02.csv"'
    headings, *rows = csv.reader(io.StringIO(answer.content.decode("utf-8-sig")))
    assert headings[:2] == ["Reference", "Title"]
    assert [row[1] for row in rows] == ['\'=HYPERLINK("http://example.com","Click")', "Site 2", "Site 4", "Site 5"]
    assert rows[1] == [
        *("AAAA-XXX2", "Site 2", "Create a social media site", "Elmbrook Primary School", "Being decided"),
        *("Line manager and Headteacher", "2026-11-03", "2026-11-02", "Amina Okafor", "Amina Okafor", "", ""),
    ]


async def test_a_file_ends_where_it_would_be_too_long(ada: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "MOST_IN_A_FILE", 3)
    monkeypatch.setattr(pages, "_AT_A_TIME", 2)
    with capture_logs() as logs:
        answer = await ada.get("/admin/cases.csv")
    assert len(answer.text.splitlines()) == 1 + 3
    assert {"event": "cases_listed_in_a_file", "person": "ada", "cases": 3, "log_level": "info"} in logs


# Views.


async def test_a_view_is_kept_under_a_name_and_deleted_again(ada: Browser, signed_in: SignedIn) -> None:
    await ada.get("/admin/cases?state=closed&sort=title&words=")
    kept = await ada.post("/admin/views", {"name": " Ended ", "query": "sort=title&state=closed&after=x~1"})
    assert (kept.status_code, kept.headers["Location"]) == (303, "/admin/cases")
    page = page_of(await ada.get("/admin/cases"))
    view = page.select_one(".duly-views a")
    assert view is not None
    assert (view.get_text(), view["href"]) == ("Ended", "/admin/cases?state=closed&sort=title")
    assert await titles(ada, str(view["href"]).removeprefix("/admin/cases")) == ["Site 5"]
    form = page.select_one(".duly-views form")
    assert form is not None
    nina = await signed_in("amina@elmbrook.example")
    assert (await nina.post(str(form["action"]))).status_code == 403
    assert (await ada.post(str(form["action"]))).status_code == 303
    assert page_of(await ada.get("/admin/cases")).select_one(".duly-views") is None


async def test_a_view_that_cannot_be_kept_says_why_and_what_was_looked_for_stays(ada: Browser) -> None:
    await ada.get("/admin/cases")
    for name, fault in (("", "Type a name"), ("x" * 61, "60 characters or fewer"), ("a\nb", "one line")):
        answer = await ada.post("/admin/views", {"name": name, "query": "state=closed"})
        assert answer.status_code == 422
        shown, state = page_of(answer).select_one("#name-error"), page_of(answer).select_one("#state option[selected]")
        assert shown is not None
        assert state is not None
        assert fault in shown.get_text()
        assert state["value"] == "closed"
    for n in range(MOST_VIEWS):
        assert (await ada.post("/admin/views", {"name": f"View {n}", "query": ""})).status_code == 303
    for name, fault in (("View 3", "You have a view of that name"), ("Another", "You keep 20 views")):
        assert fault in (await ada.post("/admin/views", {"name": name, "query": ""})).text
    assert (await ada.post("/admin/views", {"name": "Odd", "query": "order=odd"})).status_code == 422


async def test_an_address_of_before_leads_to_where_cases_are_found_now(ada: Browser) -> None:
    answer = await ada.get("/admin?state=closed&school=a%26b")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/admin/cases?state=closed&school=a%26b")
