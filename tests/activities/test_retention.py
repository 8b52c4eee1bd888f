"""Retention on a real Temporal: who is told that the time of a case is over, and that nothing is left of it then."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import text
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import WorkflowEnvironment

from activities.jobs import Jobs
from activities.lookout import Lookout
from domain.cases import Act
from domain.people import Directory
from store import audit, packs, people
from store.confidential import erasing, holds
from store.keys import CaseKeyMissingError
from tests.confidence import a_confidential_opening, a_confidential_pack, a_school, an_act
from tests.house import Begun, House, house
from tests.store.ended import BORN

LONG_AFTER = datetime.now(UTC).replace(microsecond=0) + timedelta(days=365 * 11)  # noqa: TID251 -- the case's own clock
NUMBERS = count(1)
SUBJECT = "You have a task in Duly"


@pytest.fixture
async def home(environment: WorkflowEnvironment, tmp_path: Path) -> AsyncIterator[House]:
    async with house(environment, tmp_path) as home:
        yield home


@pytest.fixture
async def case(home: House) -> Begun:
    """Return a case that has ended."""
    opening = a_confidential_opening(key=f"kept {next(NUMBERS)}")
    async with home.db.write() as session:
        await people.save(session, a_school().people)
        await home.keys.create(session, opening.case)
        digest = await packs.keep(session, a_confidential_pack())
    case = Begun(home, opening.model_copy(update={"pack_digest": digest}))
    await home.engine.begin(case.opening)
    await act(case, an_act("head", "lado_referral_made"))
    await act(case, an_act("head", "lado_advice_recorded"))
    await act(case, an_act("head", "outcome_recorded", born_on=BORN))
    assert await case.handle.result() == "closed"
    home.outbox.messages.clear()
    return case


async def act(case: Begun, act: Act) -> None:
    """Do something in a case, and wait until it is on record."""
    await case.settled()
    assert (await case.house.engine.act(case.opening.case, act)).says == "done"
    await case.settled()


async def look(home: House, at: datetime = LONG_AFTER, times: int = 1) -> None:
    """Look as the lookout does at `at`."""
    for _ in range(times):
        await Lookout(home.db, home.keys, Jobs(home.client), lambda: at).look()


async def mailed(home: House, many: int) -> set[str]:
    """Return who was mailed, once there are so many mails; they are sent by jobs."""
    async with asyncio.timeout(20):
        while len(home.outbox.messages) < many:
            await asyncio.sleep(0.02)
    assert {message["Subject"] for message in home.outbox.messages} == {SUBJECT}
    return {str(message["To"]).partition("@")[0] for message in home.outbox.messages}


async def erase(case: Begun, school: Directory) -> None:
    """Have two custodians erase a case."""
    async with case.house.db.write() as session:
        await erasing.propose(session, case.house.keys, case.opening.case, school, "tara", LONG_AFTER)
    async with case.house.db.write() as session:
        await erasing.erase(session, case.house.keys, case.opening.case, school, "tom", LONG_AFTER)


async def is_known(case: Begun) -> bool:
    """Return whether Temporal knows the case."""
    try:
        await case.handle.describe()
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        return False
    return True


async def is_left(case: Begun) -> bool:
    """Return whether something may be left of an erased case."""
    async with case.house.db.read() as session:
        return case.opening.case in await erasing.left_somewhere(session)


async def test_custodians_are_mailed_once_when_the_time_of_a_case_is_over(case: Begun) -> None:
    home = case.house
    await look(home, LONG_AFTER - timedelta(days=365 * 2), times=2)
    await look(home, times=3)
    assert await mailed(home, 2) == {"tara", "tom"}
    assert len(home.outbox.messages) == 2
    assert [event.kind for event in await case.events()][-1] == "erasure_proposed"


async def test_of_a_case_on_hold_nobody_is_told_and_once_it_is_released_they_are(case: Begun) -> None:
    home = case.house
    async with home.db.write() as session:
        hold = await holds.place(session, home.keys, case.opening.case, a_school(), "lead", "A claim.", LONG_AFTER)
    assert hold is not None
    await look(home, times=2)
    assert home.outbox.messages == []
    async with home.db.write() as session:
        arguments = (session, home.keys, case.opening.case, a_school(), hold.id)
        await holds.propose_release(*arguments, "tara", "It was settled.", LONG_AFTER)
        assert await holds.release(*arguments, "tom", LONG_AFTER)
    await look(home)
    assert await mailed(home, 2) == {"tara", "tom"}


async def test_nothing_is_left_of_an_erased_case_in_temporal_and_its_key_is_forgotten(case: Begun) -> None:
    home = case.house
    await erase(case, a_school())
    assert await is_known(case)
    await look(home)
    assert not await is_left(case)
    async with asyncio.timeout(20):
        while await is_known(case):
            await asyncio.sleep(0.05)
    with pytest.raises(CaseKeyMissingError):
        await home.keys.of(case.opening.case)
    async with home.db.read() as session:
        report = await audit.verify(session, home.keys)
    assert (report.erased, report.broken, report.without_key) == (1, (), 0)


async def test_what_temporal_could_not_delete_is_deleted_by_a_later_look(
    case: Begun, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, forget, tried = case.house, Jobs.forget, list[str]()

    async def fail_once(self: Jobs, case: str) -> None:
        tried.append(case)
        if len(tried) == 1:
            why = "away"
            raise RPCError(why, RPCStatusCode.UNAVAILABLE, b"")
        await forget(self, case)

    monkeypatch.setattr(Jobs, "forget", fail_once)
    await erase(case, a_school())
    await look(home)
    assert await is_left(case)
    await look(home)
    assert not await is_left(case)
    assert tried == [case.opening.case] * 2


async def test_a_case_that_temporal_does_not_know_any_more_needs_no_deleting(home: House) -> None:
    await Jobs(home.client).forget("c-unknown")


async def test_a_key_that_came_back_with_a_backup_is_destroyed_again(case: Begun) -> None:
    home = case.house
    await erase(case, a_school())
    await look(home)
    async with home.db.write() as session:
        restored = text("INSERT INTO case_key VALUES (:case, 'k1', :wrapped)")
        await session.execute(restored, {"case": case.opening.case, "wrapped": b"from a backup"})
    await look(home)
    async with home.db.read() as session:
        assert not await session.scalar(text("SELECT count(*) FROM case_key WHERE \"case\" LIKE 'c-%'"))


async def test_as_long_as_the_database_is_read_the_next_look_tries_again(
    case: Begun, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = case.house
    monkeypatch.setattr("store.sqlite._CLEARS_WITHIN", 10)
    async with home.db.read() as session:
        await session.execute(text("SELECT * FROM event"))
        await erase(case, a_school())
        await look(home)
        assert await is_left(case)
    await look(home)
    assert not await is_left(case)
