"""What the subjects of a disciplinary case had signed on the day, for those who see to it and for nobody else."""

from datetime import date, datetime, timedelta

import pytest

from domain.allegations import Category, Subject
from starter.web.site import Site
from store.rounds.tables import SignatureRow, VersionRow
from tests.builders import MONDAY, ORGANISATION
from tests.matters import DISCIPLINARY
from tests.starter.web.confidential.conftest import HERE, Begin, Strong
from tests.starter.web.conftest import page_of

DAY = MONDAY.date()
TITLE = "Staff, Governor and Visitor Code of Conduct"


async def signed(
    site: Site, version: str, at: datetime, person: str = "ben", effective_from: date | None = None
) -> None:
    """Have it on record that somebody signed a version of the code of conduct."""
    digest = version * 64
    async with site.db.write() as session:
        if await session.get(VersionRow, (ORGANISATION, "code", int(version))) is None:
            row = {"document": "code", "n": int(version), "title": TITLE, "version": version, "digest": digest}
            more = {
                "organisation": ORGANISATION,
                "text": "Be kind.",
                "adopted_at": at,
                "effective_from": effective_from,
            }
            session.add(VersionRow.model_validate({**row, **more}))
        case = f"s-{person}-{version}"
        signature = {"campaign": f"c-{version}", "person": person, "case": case, "reference": case, "document": "code"}
        more = {"organisation": ORGANISATION, "version": version, "digest": digest}
        when = {"asked_at": at, "begun_at": at, "signed_at": at}
        session.add(SignatureRow.model_validate({**signature, **more, **when}))


async def rows(strong: Strong, person: str = "helen") -> list[list[str]]:
    """Return what the page of the case says that they had signed."""
    page = page_of(await (await strong(person)).get(HERE))
    table = next((one for one in page.select("table") if "What they had signed" in one.get_text()), None)
    if table is None:
        return []
    return [[cell.get_text(strip=True) for cell in row.select("th, td")] for row in table.select("tbody tr")]


@pytest.mark.meets("ACK-09")
async def test_it_says_which_versions_they_had_signed_on_the_day_and_when(
    begin: Begin, strong: Strong, site: Site
) -> None:
    await signed(site, "1", MONDAY - timedelta(days=400))
    await signed(site, "2", MONDAY.replace(hour=22, minute=30))
    await signed(site, "3", MONDAY + timedelta(days=1))
    await signed(site, "1", MONDAY - timedelta(days=2), person="amina")
    await begin(process=DISCIPLINARY, at_risk="no", happened_on=DAY)
    assert await rows(strong) == [
        ["Ben Carter", TITLE, "2", "Monday 2 November 2026 at 10:30pm"],
        ["Ben Carter", TITLE, "1", "Sunday 28 September 2025 at 10:30am"],
    ]


async def test_of_a_version_that_was_signed_before_it_was_in_force_that_is_said(
    begin: Begin, strong: Strong, site: Site
) -> None:
    """REV-03: the version that they went by on the day was the one before."""
    await signed(site, "1", MONDAY - timedelta(days=400))
    await signed(site, "2", MONDAY - timedelta(days=3), effective_from=DAY + timedelta(days=1))
    await begin(process=DISCIPLINARY, at_risk="no", happened_on=DAY)
    assert [row[2] for row in await rows(strong)] == ["2, in force only from Tuesday 3 November 2026", "1"]


async def test_whoever_had_signed_nothing_is_said_to_have_and_whoever_is_not_in_the_directory_too(
    begin: Begin, strong: Strong, site: Site
) -> None:
    await signed(site, "1", MONDAY + timedelta(days=1))
    subjects = (
        Subject(key="s1", name="Ben Carter", category=Category.EMPLOYEE, person="ben"),
        Subject(key="s2", name="Wanda Walker", category=Category.EMPLOYEE),
    )
    await begin(process=DISCIPLINARY, at_risk="no", happened_on=DAY, subjects=subjects)
    assert await rows(strong) == [
        ["Ben Carter", "Nothing"],
        ["Wanda Walker", "Not in the directory, so that Duly has no signature of theirs"],
    ]


async def test_where_nobody_knows_the_day_all_that_they_signed_is_shown(
    begin: Begin, strong: Strong, site: Site
) -> None:
    await signed(site, "1", MONDAY - timedelta(days=3))
    await begin(process=DISCIPLINARY, at_risk="no", happened_on=None)
    assert len(await rows(strong)) == 1
    assert "The day of what is alleged is not known" in (await (await strong("helen")).get(HERE)).text


async def test_an_allegation_says_nothing_of_signatures(begin: Begin, strong: Strong, site: Site) -> None:
    await signed(site, "1", MONDAY - timedelta(days=3))
    await begin(happened_on=DAY)
    assert await rows(strong) == []
