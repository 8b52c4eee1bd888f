"""An ask whose mail was put by for a digest counts as told when the digest goes, and not when it was put by."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from temporalio.testing import WorkflowEnvironment

from domain.calendar import days_between, local_day
from domain.events import Extended
from domain.people import Directory
from tests.house import Begun, House, house
from tests.stories import a_person, a_process, a_step, an_opening

HEAD = "head@elms.example"
FOUR_DAYS = timedelta(days=4)


@pytest.fixture(scope="module")
async def home(environment: WorkflowEnvironment, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """Yield a house that sends nobody more than one mail a day."""
    folder: Path = tmp_path_factory.mktemp("house")
    async with house(environment, folder, mails_a_day=1) as home:
        yield home


async def begun(home: House, title: str, **clocks: object) -> Begun:
    """Begin a request that the headteacher alone decides."""
    directory = Directory(people=(a_person(title), a_person("head", "headteacher")))
    opening = an_opening(a_process(a_step("headteacher", **clocks)), key=f"told-{title}", title=title)
    own = opening.request.model_copy(update={"starter": title, "author": title})
    case = await home.begin(opening.model_copy(update={"request": own}), directory)
    await case.settled()
    return case


async def extended(case: Begun) -> list[Extended]:
    return [event for event in await case.settled() if isinstance(event, Extended)]


async def test_a_clock_that_runs_from_being_told_begins_when_the_digest_goes(home: House) -> None:
    """What went at once has the time that it has; neither has what does not run from being told."""
    at_once = await begun(home, "first", runs_from_told=True, remind_on=(), escalate_on=9)
    put_by = await begun(home, "second", runs_from_told=True, remind_on=(), escalate_on=9)
    as_ever = await begun(home, "third", remind_on=(), escalate_on=9)
    asked_at = put_by.opening, (await put_by.history())[0].at
    assert home.outbox.subjects(HEAD) == ["Please decide: first"]
    assert [await extended(case) for case in (at_once, put_by, as_ever)] == [[], [], []]
    home.clock.ahead += FOUR_DAYS
    await home.lookout.look()
    async with asyncio.timeout(60):
        while not await extended(put_by):
            await asyncio.sleep(0.05)
    assert len(home.outbox.to(HEAD)) == 2
    opening, opened = asked_at
    days = days_between(local_day(opened), local_day(home.clock()), opening.calendar, False)
    (more,) = await extended(put_by)
    assert (more.days, more.by) == (days, None)
    assert days > 0
    await home.lookout.look()
    assert [len(await extended(case)) for case in (at_once, put_by, as_ever)] == [0, 1, 0]
