"""Legal holds on confidential cases: who can place one, what it says on record, and that it takes two to release it."""

from datetime import datetime, timedelta

import pytest

from domain.entries import LegalHoldPlaced, LegalHoldReleased
from domain.keeping import Hold, Keeping
from store import audit, confidential
from store.confidential import erasing, holds
from store.database import Database
from store.keys import CaseKeys
from tests.confidence import a_confidential_opening, a_school
from tests.store.carrying import Carried, carried
from tests.store.ended import LONG_AFTER, the_end
from tests.stories import BEGINS

LATER = BEGINS + timedelta(days=3)


@pytest.fixture
async def case(database: Database, keys: CaseKeys) -> Carried:
    """Return an open case of Sam's: the head is asked, the lead is told, Tara and Tom are its custodians."""
    return await carried(database, keys, a_confidential_opening())


async def place(
    case: Carried,
    database: Database,
    keys: CaseKeys,
    person: str,
    reason: str = "The police asked.",
    at: datetime = LATER,
) -> Hold | None:
    async with database.write() as session:
        return await holds.place(session, keys, case.opening.case, a_school(), person, reason, at)


async def propose_release(
    case: Carried, database: Database, keys: CaseKeys, hold: Hold, person: str, reason: str = "It is over."
) -> list[str] | None:
    """Have somebody want a hold released; return who was mailed, or None where that is not for them."""
    async with database.write() as session:
        told = await holds.propose_release(session, keys, case.opening.case, a_school(), hold.id, person, reason, LATER)
    return [mail.person for mail in told] if told is not None else None


async def release(case: Carried, database: Database, keys: CaseKeys, hold: Hold, person: str) -> bool:
    async with database.write() as session:
        return await holds.release(session, keys, case.opening.case, a_school(), hold.id, person, LATER)


async def keeping(case: Carried) -> Keeping:
    return (await case.read()).kept.keeping


@pytest.mark.parametrize("person", ["head", "lead", "tara"])
async def test_whoever_is_asked_or_told_and_a_custodian_can_place_a_hold(
    case: Carried, database: Database, keys: CaseKeys, person: str
) -> None:
    assert await place(case, database, keys, person) is not None
    assert [(one.by, one.at, one.reason) for one in (await keeping(case)).holds] == [
        (person, LATER, "The police asked.")
    ]


@pytest.mark.parametrize(("person", "reason"), [("sam", "Mine."), ("rita", "Mine."), ("admin", "Mine."), ("head", " ")])
async def test_nobody_else_can_nor_anybody_without_a_reason(
    case: Carried, database: Database, keys: CaseKeys, person: str, reason: str
) -> None:
    assert await place(case, database, keys, person, reason) is None
    assert await keeping(case) == Keeping()


async def test_a_hold_that_is_placed_twice_is_one(case: Carried, database: Database, keys: CaseKeys) -> None:
    first = await place(case, database, keys, "head")
    assert await place(case, database, keys, "head") == first
    assert await place(case, database, keys, "lead") != first
    assert len((await keeping(case)).holds) == 2


async def test_a_hold_on_a_case_that_is_gone_is_none(case: Carried, database: Database, keys: CaseKeys) -> None:
    async with database.write() as session:
        assert await holds.place(session, keys, "c-none", a_school(), "tara", "Why not.", LATER) is None


async def test_a_hold_on_an_open_case_comes_on_its_record_once_it_has_ended(
    case: Carried, database: Database, keys: CaseKeys
) -> None:
    hold = await place(case, database, keys, "head")
    assert hold is not None
    before = (await case.read()).history
    await the_end(case)
    async with database.write() as session:
        assert await erasing.look(session, keys, case.opening.case, a_school(), case.clock) == ()
        assert await erasing.look(session, keys, case.opening.case, a_school(), case.clock) == ()
    read = await case.read()
    assert read.history[-1].event == LegalHoldPlaced(
        hold=hold.id, by="head", placed_at=LATER, reason="The police asked."
    )
    assert len([said for said in read.history if said.event.kind == "legal_hold_placed"]) == 1
    assert read.history[: len(before)] == before
    assert (read.kept.keeping.unrecorded, read.kept.keeping.holds) == ((), (hold,))


async def test_what_a_case_says_after_a_hold_was_placed_leaves_the_hold_as_it_is(
    case: Carried, database: Database, keys: CaseKeys
) -> None:
    hold = await place(case, database, keys, "head")
    await the_end(case)
    assert (await keeping(case)).holds == (hold,)


async def test_it_takes_two_custodians_to_release_a_hold(case: Carried, database: Database, keys: CaseKeys) -> None:
    await the_end(case)
    hold = await place(case, database, keys, "lead")
    assert hold is not None
    for nobody in ("lead", "head", "sam", "admin"):
        assert await propose_release(case, database, keys, hold, nobody) is None
    assert not await release(case, database, keys, hold, "tom")
    assert await propose_release(case, database, keys, hold, "tara", " ") is None
    assert await propose_release(case, database, keys, hold, "tara") == ["tom"]
    assert await propose_release(case, database, keys, hold, "tara") == []
    assert await propose_release(case, database, keys, hold, "tom") is None
    for one in ("tara", "lead", "admin"):
        assert not await release(case, database, keys, hold, one)
    assert await release(case, database, keys, hold, "tom")
    assert not await release(case, database, keys, hold, "tom")
    read = await case.read()
    assert read.kept.keeping.holds == ()
    assert [said.event for said in read.history[-2:]] == [
        LegalHoldPlaced(hold=hold.id, by="lead", placed_at=LATER, reason="The police asked."),
        LegalHoldReleased(hold=hold.id, proposed_by="tara", by="tom", released_at=LATER, reason="It is over."),
    ]
    async with database.read() as session:
        assert (await audit.verify(session, keys)).broken == ()


async def test_a_first_custodian_who_is_none_any_more_does_not_count(
    case: Carried, database: Database, keys: CaseKeys
) -> None:
    hold = await place(case, database, keys, "head")
    assert hold is not None
    await propose_release(case, database, keys, hold, "tara")
    people = tuple(one.model_copy(update={"holdings": ()}) if one.id == "tara" else one for one in a_school().people)
    without_tara = a_school().model_copy(update={"people": people})
    async with database.write() as session:
        released = await holds.release(session, keys, case.opening.case, without_tara, hold.id, "tom", LATER)
        told = await holds.propose_release(
            session, keys, case.opening.case, without_tara, hold.id, "tom", "Over.", LATER
        )
    assert (released, told) == (False, ())
    assert (await keeping(case)).holds[0].release_by == "tom"


async def test_a_hold_keeps_what_was_to_be_erased(case: Carried, database: Database, keys: CaseKeys) -> None:
    await the_end(case)
    async with database.write() as session:
        await erasing.propose(session, keys, case.opening.case, a_school(), "tara", LONG_AFTER)
    assert (await keeping(case)).erasure_by == "tara"
    hold = await place(case, database, keys, "lead", at=LONG_AFTER)
    async with database.write() as session:
        with pytest.raises(erasing.NotErasedError, match="on_hold"):
            await erasing.erase(session, keys, case.opening.case, a_school(), "tom", LONG_AFTER)
    assert hold is not None
    await propose_release(case, database, keys, hold, "tara")
    assert await release(case, database, keys, hold, "tom")
    async with database.write() as session:
        with pytest.raises(erasing.NotErasedError, match="second_person"):
            await erasing.erase(session, keys, case.opening.case, a_school(), "tom", LONG_AFTER)
        assert await confidential.by_reference(session, keys, case.opening.reference) is not None
