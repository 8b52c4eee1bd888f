"""A case on a real Temporal, as its operators see it: its run, its troubles, and whether its history replays."""

import asyncio

import pytest

import activities.records
from starter.runs import Replays, health_of, run_of
from store import stuck
from store.records import Written
from tests.house import Begun, House
from tests.stories import a_directory, an_opening
from workflows.stories import STORIES


@pytest.fixture
async def begun(at_home: House) -> Begun:
    case = await at_home.begin(an_opening(key="runs"), a_directory())
    await case.settled()
    return case


async def test_a_run_is_described_without_a_word_of_its_case(at_home: House, begun: Begun) -> None:
    run = await run_of(at_home.client, begun.opening.case)
    assert run is not None
    assert (run.status, run.ended_at, run.attempt, run.pending) == ("running", None, 0, ())
    assert run.events > 5
    assert begun.opening.request.title not in repr(run)
    assert await run_of(at_home.client, "c-nowhere") is None


async def cases_that_do_not_get_on(home: House) -> frozenset[str]:
    async with home.db.read() as session:
        return await stuck.cases(session)


async def test_a_case_whose_record_fails_says_how_often_and_of_what_and_is_told_of_until_it_gets_on(
    at_home: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(*anything: object) -> Written:
        raise OSError(28, f"No space left{chr(10)}and more")

    with monkeypatch.context() as while_full:
        while_full.setattr(activities.records, "write_batch", full)
        while_full.setattr(stuck, "TRIES", 2)
        case = await at_home.begin(an_opening(key="full"), a_directory())
        run = await run_of(at_home.client, case.opening.case)
        while run is None or not run.pending or run.pending[0].attempt < 3:
            assert not await cases_that_do_not_get_on(at_home)
            await asyncio.sleep(0.02)
            run = await run_of(at_home.client, case.opening.case)
        while run is None or not run.pending or run.pending[0].attempt < 4:
            await asyncio.sleep(0.02)
            run = await run_of(at_home.client, case.opening.case)
        assert await cases_that_do_not_get_on(at_home) == {case.opening.case}
    [pending] = run.pending
    assert (pending.name, pending.failure) == ("publish", "OSError: [Errno 28] No space left")
    assert len(await case.settled()) > 1
    assert not await cases_that_do_not_get_on(at_home)


async def test_a_worker_that_asks_for_work_is_seen(at_home: House, begun: Begun) -> None:
    del begun
    health = await health_of(at_home.client)
    assert (health.answers, health.works, health.failing) == (True, True, frozenset())


async def test_a_history_replays_on_the_code_that_wrote_it_and_not_on_another(
    at_home: House, begun: Begun, monkeypatch: pytest.MonkeyPatch
) -> None:
    replays = Replays()
    case = begun.opening.case
    first, second = await asyncio.gather(replays.replay(at_home.client, case), replays.replay(at_home.client, case))
    assert (first.verdict, second.verdict) == ("holds", "busy")
    assert first.events > 5
    assert (await replays.replay(at_home.client, "c-nowhere")).verdict == "gone"
    monkeypatch.setitem(STORIES, "site_creation", STORIES["disciplinary"])
    assert (await replays.replay(at_home.client, case)).verdict == "differs"
