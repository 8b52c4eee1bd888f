"""What is counted: the ordinary cases, rightly, and of confidential ones nothing."""

from datetime import timedelta

from sqlalchemy import update
from sqlmodel import col

from store import measures
from store.database import Database
from store.keys import CaseKeys
from store.tables import AskedRow, CaseRow, MailRow
from tests.builders import MONDAY
from tests.confidence import a_confidential_opening
from tests.store.carrying import carried
from tests.store.turns import put, the_first_turn, the_last_turn, the_second_turn


async def measured(database: Database, days: int) -> measures.Measures:
    async with database.read() as session:
        return await measures.measure(session, MONDAY + timedelta(days=days))


async def test_what_is_open_is_counted_by_its_age_and_by_whose_move_it_is(database: Database, keys: CaseKeys) -> None:
    await put(database, keys, the_first_turn(), the_second_turn(), the_first_turn("c-2", "WXYZ-2345"))
    await put(database, keys, the_first_turn("c-3", "WXYZ-6789"), the_second_turn("c-3"), the_last_turn("c-3"))
    at_once = await measured(database, 0)
    [where] = {labels[:3] for labels in at_once.open}
    assert at_once.open == {(*where, "under 1 day"): 2}
    assert at_once.asked == {(*where, "line_manager"): 1, (*where, "headteacher"): 1}
    assert (at_once.overdue, at_once.nobody, at_once.held, at_once.refused, at_once.waiting) == ({}, {}, {}, {}, {})
    later = await measured(database, 40)
    assert later.open == {(*where, "28 to 90 days"): 2}
    assert later.overdue == at_once.asked


async def test_what_failed_is_counted(database: Database, keys: CaseKeys) -> None:
    await put(database, keys, the_first_turn(), the_second_turn())
    async with database.write() as session:
        await session.execute(update(AskedRow).where(col(AskedRow.ask) == "a2").values(ask="elsewhere"))
        await session.execute(update(MailRow).where(col(MailRow.template) == "ask").values(refused_at=MONDAY))
    found = await measured(database, 1)
    [where] = {labels[:3] for labels in found.open}
    assert found.nobody == {where: 1}
    assert found.refused == {where: 1}
    assert found.waiting[where] >= 1


async def test_a_case_that_is_held_is_nobodys_move(database: Database, keys: CaseKeys) -> None:
    await put(database, keys, the_first_turn())
    async with database.write() as session:
        await session.execute(update(CaseRow).values(held_at=MONDAY))
    found = await measured(database, 40)
    assert (list(found.held.values()), found.asked, found.overdue) == ([1], {}, {})


async def test_no_number_changes_with_a_confidential_case(database: Database, keys: CaseKeys) -> None:
    await put(database, keys, the_first_turn())
    days = (0, 1, 40, 400)
    before = [await measured(database, number) for number in days]
    await carried(database, keys, a_confidential_opening())
    async with database.write() as session:
        await session.execute(
            update(MailRow).where(col(MailRow.case).is_(None)).values(refused_at=MONDAY, sent_at=None)
        )
    assert [await measured(database, number) for number in days] == before
