"""What stands beside a report holds up no report."""

import pytest
from sqlalchemy import text

from starter.web.site import Site
from tests.starter.web.confidential.conftest import HERE, Begin, Strong
from tests.starter.web.confidential.test_plans import PLAN, club

__all__ = ["club"]


@pytest.mark.usefixtures("club")
async def test_a_site_whose_record_was_tampered_with_hides_no_report_that_names_it(
    begin: Begin, strong: Strong, site: Site
) -> None:
    await begin(where="On the Science club")
    helen = await strong("helen")
    assert PLAN in (await helen.get(HERE)).text
    async with site.db.write() as session:
        await session.execute(text("DROP TRIGGER event_stays_as_it_is"))
        spoil = "UPDATE event SET sealed = zeroblob(90)"
        of_life = 'WHERE "case" IN (SELECT "case" FROM site_life WHERE site = \'c-life\')'
        await session.execute(text(" ".join((spoil, of_life))))
    page = await helen.get(HERE)
    assert page.status_code == 200
    assert PLAN not in page.text
