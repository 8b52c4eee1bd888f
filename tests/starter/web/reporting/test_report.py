"""Reporting a concern about somebody: the whole road, page by page."""

from tests.starter.web.conftest import Browser
from tests.starter.web.reporting.conftest import Reports
from tests.starter.web.reporting.roads import STORY, Road


async def test_a_report_without_a_name_begins_one_case_and_shows_a_code(client: Browser, reports: Reports) -> None:
    road = await Road(client).whole()
    print(road.text)
    assert road.title == "Your report was taken"
    assert len(road.code) == 34
    matter = reports.only.matter
    print(matter)
