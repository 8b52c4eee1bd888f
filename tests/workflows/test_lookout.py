"""A worker looks by itself whether people changed, for as long as it runs."""

import asyncio
from pathlib import Path

import pytest
from temporalio.testing import WorkflowEnvironment

from activities.lookout import Lookout
from store import people
from tests.house import house
from tests.stories import a_directory, a_person, a_process, a_step, an_opening


async def test_a_worker_looks_by_itself_and_goes_on_when_a_look_fails(
    environment: WorkflowEnvironment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed: list[bool] = []
    look = Lookout.look

    async def fail_once(self: Lookout) -> None:
        if not failed:
            failed.append(True)
            raise ConnectionError
        await look(self)

    monkeypatch.setattr(Lookout, "look", fail_once)
    async with house(environment, tmp_path, look_every=0.05) as home:
        case = await home.begin(an_opening(a_process(a_step("headteacher")), key="by-itself"), a_directory())
        await case.settled()
        async with home.db.write() as session:
            await people.save(session, (a_person("head"),))
        async with asyncio.timeout(20):
            while not home.outbox.to("deputy@elms.example"):
                await asyncio.sleep(0.02)
    assert failed
