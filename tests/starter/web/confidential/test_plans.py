"""How to step in on a site that a report names: shown to those who see to the report, and to nobody else."""

from datetime import date

import pytest

from starter.web.site import Site
from store.tables import SiteRow
from tests.builders import ORGANISATION, SCHOOL
from tests.starter.web.confidential.conftest import HERE, Begin, Strong
from tests.starter.web.conftest import page_of
from tests.starter.web.living import begun, went_live
from tests.starter.web.running import Running

PLAN = "Two of us delete what is posted, within the hour."


@pytest.fixture
async def club(running: Running, site: Site) -> None:
    """Have a site live, and in the register."""
    await begun(running, site="c-life", host="third_party", host_name="Bluesky", intervention=PLAN)
    await went_live(running)
    async with site.db.write() as session:
        row = {"case": "c-life", "organisation": ORGANISATION, "school": SCHOOL, "title": "Science club"}
        more = {"author": "amina", "approved_at": site.clock(), "live_on": date(2026, 11, 2)}
        session.add(SiteRow.model_validate({**row, **more}))


async def shown(strong: Strong, person: str) -> str:
    """Return what the page of the case says to somebody."""
    main = page_of(await (await strong(person)).get(HERE)).select_one("main")
    assert main is not None
    return " ".join(main.get_text(" ").split())


@pytest.mark.meets("LIFE-10")
@pytest.mark.parametrize(
    ("where", "named"),
    [
        ("In a comment on the SCIENCE CLUB, at noon", True),
        ("https://www.example.org/science, last week", True),
        ("https://example.org/sciences", False),
        ("At the club of science", False),
        ("", False),
    ],
)
@pytest.mark.usefixtures("club")
async def test_the_plan_of_a_site_stands_beside_a_report_that_names_it(
    begin: Begin, strong: Strong, where: str, named: bool
) -> None:
    await begin(where=where)
    text = await shown(strong, "helen")
    assert (PLAN in text) is named
    assert ("Science club, at Bluesky" in text) is named


@pytest.mark.meets("LIFE-10")
@pytest.mark.usefixtures("club")
async def test_whoever_does_not_see_to_the_report_is_not_shown_it(begin: Begin, strong: Strong) -> None:
    await begin(where="On the Science club")
    # The designated safeguarding lead is told of the case, and reads it.
    page = await (await strong("dana")).get(HERE)
    assert page.status_code == 200
    assert "Science club" in page.text
    assert PLAN not in page.text
    assert PLAN in (await (await strong("helen")).get(HERE)).text
