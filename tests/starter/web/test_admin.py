"""The list of cases: for administrators, of their own organisation, found by what they know of a case."""

from datetime import timedelta

import pytest

from starter.web.lists import MOST
from starter.web.site import Site
from store.tables import CaseRow
from tests.builders import MONDAY, ORGANISATION, SCHOOL
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
    answer = await browser.get(f"/admin{query}")
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
    states = [cell.get_text(" ", strip=True) for cell in page_of(await ada.get("/admin")).select("td:last-child")]
    assert states == [
        "Rejected",
        "Waits for Line manager, Headteacher, until Tuesday 3 November 2026",
        "Waits for nobody",
        "Waits for Line manager, Headteacher, until Tuesday 3 November 2026",
    ]


async def test_the_search_keeps_what_was_looked_for_and_says_when_nothing_fits(ada: Browser) -> None:
    page = page_of(await ada.get("/admin?reference=ZZZZ-ZZZZ&state=open"))
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
        onward = page_of(await ada.get(f"/admin{address}")).select_one("a[rel=next]")
        address = str(onward["href"]).removeprefix("/admin") if onward else ""
    assert address == ""
    assert sorted(seen) == sorted(f"Site {n}" for n in range(2 * MOST + 10))


@pytest.mark.parametrize(
    "query",
    ["?state=lost", "?after=yesterday", "?after=2026-11-02T09:30:00~c-1", "?order=title", "?state=open&state=closed"],
)
async def test_an_address_that_no_page_of_ours_makes_is_refused(ada: Browser, query: str) -> None:
    assert (await ada.get(f"/admin{query}")).status_code == 422


async def test_nobody_but_administrators_sees_the_list(signed_in: SignedIn) -> None:
    assert (await (await signed_in("helen@elmbrook.example")).get("/admin")).status_code == 403
