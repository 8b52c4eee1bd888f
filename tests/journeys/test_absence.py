"""The communications manager is away: the deputy is asked, by name, and whoever answers first decides."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.journeys.browsing import Town
from tests.journeys.test_site_creation import AMIR, SAMPLE, START, asked, decide

TOM = "tom.fielding@cadmus.example"
GRACE = "grace.okafor@cadmus.example"
SOPHIE = "sophie.lane@cadmus.example"
SEATS = "hollybank:communications_manager;castlebridge:communications_manager"
OFFICE = f"{GRACE},Grace Okafor,employee,hollybank;castlebridge,helen.marsh@cadmus.example,{SEATS}"


@pytest.fixture
async def grace_comes_back(town: Town) -> AsyncIterator[None]:
    """Have Grace back at work afterwards, whatever came of it."""
    yield
    await town.import_people(f"{OFFICE},,,,,,")


@pytest.mark.usefixtures("grace_comes_back")
async def test_while_the_communications_manager_is_away_the_deputy_decides_and_both_are_named(town: Town) -> None:
    title = "Year 4 Gardening Club"
    amir = await town.sign_in(AMIR)
    await amir.open(START)
    await amir.press("Start now")
    await amir.press(SAMPLE)
    await amir.follow("Change Name of the proposed site")
    await amir.type("Name of the proposed site", title)
    await amir.press("Save and continue")
    await amir.press("Send the request")
    reference = await amir.page.locator(".govuk-panel strong").inner_text()
    approver = await town.somebody()
    await decide(approver, await asked(town, TOM, title), "Approve", "Tom Fielding")
    grace = await asked(town, GRACE, title)

    today = datetime.now(UTC).date()  # noqa: TID251 -- the server's clock is this machine's
    await town.import_people(f"{OFFICE},{SOPHIE},{today}..{today + timedelta(days=7)},,,,")
    sophie = await asked(town, SOPHIE, title)
    assert "Grace Okafor" in sophie.text
    await amir.open(f"/cases/{reference}")
    await amir.says("Communications manager or a deputy", "Sophie Lane, in place of Grace Okafor")

    await decide(approver, sophie, "Approve", "Sophie Lane")
    await approver.open(grace.link)
    await approver.says("no longer needed")
    await asked(town, "helen.marsh@cadmus.example", title)
    await amir.open(f"/cases/{reference}")
    await amir.says("Sophie Lane approved as Communications manager, in place of Grace Okafor")
