"""An answer disputed after its case has ended: on record once, in the chain, and for the register to see."""

import asyncio
from datetime import timedelta

import pytest

from domain.cases import Standing
from domain.events import CaseEnded, DecisionDisputed, HoldReleased, SiteApproved, SiteRegistered
from store import disputes, queries
from store.audit import verify
from store.database import Database
from store.keys import CaseKeys
from store.tables import CaseRow, SiteRow
from tests.builders import MONDAY
from tests.store.turns import a_turn, approved, put, the_first_turn, the_second_turn

LATER = MONDAY + timedelta(days=3)
THE_APPROVAL = a_turn(
    5,
    approved("a2", "headteacher", "helen"),
    SiteApproved(version=1),
    SiteRegistered(title="Science club page", school="elmbrook-primary"),
    CaseEnded(outcome="approved"),
    at=MONDAY + timedelta(days=1),
    standing=Standing(outcome="approved"),
)


async def ended(database: Database, keys: CaseKeys) -> None:
    await put(database, keys, the_first_turn(), the_second_turn(), THE_APPROVAL)


async def dispute(database: Database, keys: CaseKeys, ask: str = "a1", by: str = "ben") -> tuple[str, ...] | None:
    async with database.write() as session:
        return await disputes.dispute(session, keys, case="c-1", ask=ask, by=by, how="link", at=LATER)


async def settle(database: Database, keys: CaseKeys, *, stands: bool, ask: str = "a1") -> tuple[str, ...]:
    async with database.write() as session:
        return await disputes.settle(
            session, keys, case="c-1", ask=ask, by="ada", stands=stands, comment="I asked.", at=LATER
        )


async def the_tail(database: Database, keys: CaseKeys) -> list[object]:
    """Return what happened after the case had ended, having checked the chain."""
    async with database.read() as session:
        report = await verify(session, keys)
        history = await queries.history(session, keys, "c-1")
    assert report.broken == ()
    assert [said.n for said in history] == list(range(1, len(history) + 1))
    return [said.event for said in history[8:]]


async def rows(database: Database, keys: CaseKeys) -> tuple[CaseRow, Standing, SiteRow]:
    async with database.read() as session:
        row = await session.get_one(CaseRow, "c-1")
        return row, await queries.standing_of(session, keys, row), await session.get_one(SiteRow, "c-1")


async def test_it_is_appended_to_the_chain_and_seen_in_the_register_and_by_administrators(
    database: Database, keys: CaseKeys
) -> None:
    await ended(database, keys)
    mails = await dispute(database, keys)
    assert await the_tail(database, keys) == [DecisionDisputed(ask="a1", step="line_manager", by="ben", how="link")]
    row, standing, site = await rows(database, keys)
    assert (row.outcome, row.held_at, standing.disputed) == ("approved", LATER, ("a1",))
    assert (site.questioned_at, site.void_at) == (LATER, None)
    async with database.read() as session:
        told = [
            (mail.id, mail.person, mail.about) for mail in await queries.mails_of(session, "c-1") if mail.about == 9
        ]
    assert told == [((mails or ("",))[0], "ada", 9)]


async def test_said_twice_or_twice_at_once_it_is_on_record_once(database: Database, keys: CaseKeys) -> None:
    await ended(database, keys)
    brought = await asyncio.gather(*(dispute(database, keys) for _ in range(2)))
    brought.append(await dispute(database, keys))
    assert sorted(len(mails or ()) for mails in brought) == [0, 0, 1]
    assert len(await the_tail(database, keys)) == 1


async def test_a_case_that_has_not_ended_on_record_is_left_to_itself(database: Database, keys: CaseKeys) -> None:
    await put(database, keys, the_first_turn(), the_second_turn())
    assert await dispute(database, keys) is None
    assert await settle(database, keys, stands=True) == ()
    async with database.read() as session:
        assert len(await queries.history(session, keys, "c-1")) == 4


async def test_the_last_turn_handed_over_again_afterwards_changes_nothing(database: Database, keys: CaseKeys) -> None:
    await ended(database, keys)
    await dispute(database, keys)
    await put(database, keys, THE_APPROVAL)
    assert len(await the_tail(database, keys)) == 1
    row, standing, _ = await rows(database, keys)
    assert (row.held_at, standing.disputed) == (LATER, ("a1",))


@pytest.mark.parametrize("stands", [True, False])
async def test_it_is_settled_once_and_an_answer_that_does_not_stand_is_void_from_then_on(
    database: Database, keys: CaseKeys, stands: bool
) -> None:
    await ended(database, keys)
    await dispute(database, keys)
    assert len(await settle(database, keys, stands=stands)) == 3
    assert await settle(database, keys, stands=not stands) == ()
    assert await dispute(database, keys) == ()
    assert (await the_tail(database, keys))[1:] == [
        HoldReleased(ask="a1", step="line_manager", by="ada", stands=stands, comment="I asked.")
    ]
    row, standing, site = await rows(database, keys)
    assert (row.held_at, standing.disputed) == (None, ())
    assert (site.questioned_at, site.void_at) == ((None, None) if stands else (LATER, LATER))


async def test_the_register_asks_until_the_last_of_several_answers_is_settled(
    database: Database, keys: CaseKeys
) -> None:
    await ended(database, keys)
    await dispute(database, keys)
    await dispute(database, keys, "a2", "helen")
    await settle(database, keys, stands=True)
    assert (await rows(database, keys))[2].questioned_at == LATER
    await settle(database, keys, stands=True, ask="a2")
    assert (await rows(database, keys))[2].questioned_at is None
