"""A case is opened in an emergency by two custodians together, for an hour, and everybody in it is told."""

from datetime import datetime, timedelta

import pytest

from domain.access import Viewer, allow
from store import confidential
from store.confidential import Confidential
from store.database import Database
from store.keys import CaseKeys
from tests.confidence import a_confidential_opening, a_matter, a_school
from tests.store.carrying import Carried, carried
from tests.stories import BEGINS, ORGANISATION

SOON = BEGINS + timedelta(minutes=10)


@pytest.fixture
async def case(database: Database, keys: CaseKeys) -> Carried:
    """Return a case that the head is asked in."""
    return await carried(database, keys, a_confidential_opening())


async def proposed(case: Carried, database: Database, keys: CaseKeys, person: str, reason: str = "Fire.") -> str | None:
    async with database.write() as session:
        read = await case.read()
        return await confidential.propose_opening(session, keys, read, a_school(), person, reason, BEGINS)


async def confirmed(
    case: Carried, database: Database, keys: CaseKeys, proposal: str | None, person: str, at: datetime = SOON
) -> list[str] | None:
    """Return who is told that the case was opened, or None where it was not."""
    async with database.write() as session:
        read = await case.read()
        mails = await confidential.open_in_emergency(session, keys, read, a_school(), proposal or "", person, at)
    return sorted(mail.person for mail in mails) if mails is not None else None


def may_see(read: Confidential, person: str, at: datetime) -> bool:
    access = confidential.access_of(read, a_school(), at)
    return allow(Viewer(person=person, organisation=ORGANISATION, strong=True), "see", access, "reporter")


async def test_two_custodians_open_it_for_an_hour_and_all_in_it_are_told(
    case: Carried, database: Database, keys: CaseKeys
) -> None:
    proposal = await proposed(case, database, keys, "tara")
    assert not may_see(await case.read(), "tara", SOON)
    assert await confirmed(case, database, keys, proposal, "tom") == ["head", "lead"]
    read = await case.read()
    for person in ("tara", "tom"):
        assert may_see(read, person, SOON)
        assert may_see(read, person, SOON + timedelta(minutes=59))
        assert not may_see(read, person, SOON + timedelta(minutes=60))
    assert not may_see(read, "admin", SOON)
    async with database.read() as session:
        assert [one.row.id for one in await confidential.of_person(session, keys, "tara")] == [case.opening.case]
        reads = await confidential.reads_of(session, keys, case.opening.case)
    assert [(one.person, one.what) for one in reads] == [
        ("tara", "emergency proposed: Fire."),
        ("tom", "opened in an emergency: Fire."),
    ]
    assert [(one.proposed_by, one.confirmed_by, one.reason) for one in read.emergencies] == [("tara", "tom", "Fire.")]


async def test_one_alone_opens_nothing_nor_twice_with_the_same(
    case: Carried, database: Database, keys: CaseKeys
) -> None:
    proposal = await proposed(case, database, keys, "tara")
    assert await confirmed(case, database, keys, proposal, "tara") is None
    assert await confirmed(case, database, keys, "another", "tom") is None
    assert await confirmed(case, database, keys, proposal, "tom", BEGINS + timedelta(days=1)) is None
    assert await confirmed(case, database, keys, proposal, "tom") is not None
    assert await confirmed(case, database, keys, proposal, "tom") is None


@pytest.mark.parametrize(("person", "reason"), [("head", "Fire."), ("admin", "Fire."), ("sam", "Fire."), ("tara", " ")])
async def test_only_a_custodian_with_a_reason_proposes_it(
    case: Carried, database: Database, keys: CaseKeys, person: str, reason: str
) -> None:
    assert await proposed(case, database, keys, person, reason) is None


async def test_nobody_else_confirms_it(case: Carried, database: Database, keys: CaseKeys) -> None:
    proposal = await proposed(case, database, keys, "tara")
    for person in ("head", "lead", "admin", "sam", "nobody"):
        assert await confirmed(case, database, keys, proposal, person) is None


async def test_a_recused_custodian_neither_opens_a_case_nor_learns_that_it_is_there(
    database: Database, keys: CaseKeys
) -> None:
    case = await carried(database, keys, a_confidential_opening(matter=a_matter(recused=("sam", "tom"))))
    proposal = await proposed(case, database, keys, "tara")
    assert await confirmed(case, database, keys, proposal, "tom") is None
    assert await proposed(case, database, keys, "tom") is None
    async with database.read() as session:
        assert await confidential.in_custody(session, keys, a_school(), ORGANISATION, "tom", SOON) == []


async def test_a_proposal_for_one_case_opens_no_other(case: Carried, database: Database, keys: CaseKeys) -> None:
    other = await carried(database, keys, a_confidential_opening(key="other"))
    proposal = await proposed(case, database, keys, "tara")
    assert await confirmed(other, database, keys, proposal, "tom") is None


async def test_a_custodian_sees_that_a_case_is_there_and_nothing_else(
    case: Carried, database: Database, keys: CaseKeys
) -> None:
    await proposed(case, database, keys, "tara")
    async with database.read() as session:
        (found,) = await confidential.in_custody(session, keys, a_school(), ORGANISATION, "tom", SOON)
        assert await confidential.in_custody(session, keys, a_school(), ORGANISATION, "head", SOON) == []
        assert await confidential.in_custody(session, keys, a_school(), "another", "tom", SOON) == []
    assert (found.reference, found.opened_at, found.needs_attention) == (case.opening.reference, BEGINS, False)
    assert [one.proposed_by for one in found.emergencies] == ["tara"]


async def test_once_the_hour_is_over_the_next_turn_takes_it_off_their_lists(
    case: Carried, database: Database, keys: CaseKeys
) -> None:
    await confirmed(case, database, keys, await proposed(case, database, keys, "tara"), "tom")
    await case.pass_time(BEGINS + timedelta(days=5))
    async with database.read() as session:
        assert await confidential.of_person(session, keys, "tara") == []
