"""What a policy prints about itself stands on its page under its own words, and an edition that is known in ours."""

from dataclasses import replace

import pytest

from starter.web.site import Site
from tests.builders import ORGANISATION
from tests.packs.trying import whole_pack
from tests.starter.web.conftest import SignedIn, page_of
from tests.starter.web.papers import PAPERS


@pytest.fixture
def site(site: Site) -> Site:
    printed = PAPERS.model_copy(update={"document": whole_pack("newall-green").document})
    return replace(site, packs={**site.packs, ORGANISATION: printed})


@pytest.mark.meets("REV-01", "REV-07", "REV-08")
async def test_a_policy_is_shown_as_it_prints_itself_and_what_it_cites_with_the_latest_edition_that_is_known(
    signed_in: SignedIn,
) -> None:
    page = page_of(await (await signed_in("otto@elmbrook.example")).get("/documents/policy"))
    rows = {
        row.select_one("dt").get_text(strip=True): row.select_one("dd").get_text(strip=True)  # type: ignore[union-attr]
        for row in page.select("main dl .govuk-summary-list__row")
    }
    assert rows["Date adopted"] == "November 2023"
    assert rows["Date"] == "November 2023"
    assert rows["Review"] == "Annually \u2013 November 2024"
    assert rows["Author"] == "HR and People, One Education Ltd"
    assert rows["Amendments"].startswith("To take into account advice issued by the Department for Education")
    assert rows["Related Policies/Guidance"].startswith("Safeguarding Policy, Recruitment Policy")
    assert not {"Approved on", "Issued", "Last updated by", "Review date", "Related policies"} & set(rows)
    cited = [item.get_text(" ", strip=True) for item in page.select("main h3 + ul li")]
    assert "Keeping Children Safe in Education, September 2019: a later edition, September 2025, is known" in cited
    assert "Prevent Duty, non-statutory guidance, April 2019" in cited
