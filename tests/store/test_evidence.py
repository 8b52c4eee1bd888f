"""What is gathered of a case: the rules as they were in force, and nothing of an event that was changed."""

import pytest

from domain.events import PackChanged
from domain.evidence import Rule
from domain.pack import Before, EventMatch, Pack
from store import evidence, packs, queries
from store.database import Database
from store.evidence import Gathered
from store.keys import CaseKeys
from tests.builders import PACK, PROCESS, an_opening
from tests.store.conftest import Tamper
from tests.store.turns import a_turn, put, the_first_turn, the_second_turn

RULE = Before(
    rule="before",
    key="manager_first",
    first=EventMatch(event=("approved",), step="line_manager"),
    then=EventMatch(event=("approved",), step="headteacher"),
    clause="c16-2",
)


async def gathered(database: Database, keys: CaseKeys, *withheld: Rule) -> Gathered:
    async with database.read() as session:
        row = await queries.case_by_id(session, "c-1")
        assert row is not None
        return await evidence.of_case(session, keys, row, frozenset(withheld))


async def kept(database: Database, pack: Pack) -> str:
    async with database.write() as session:
        return await packs.keep(session, pack)


async def test_a_case_that_was_moved_on_has_the_rules_of_both_packs_each_from_its_event_on(
    database: Database, keys: CaseKeys
) -> None:
    process = PROCESS.model_copy(update={"rules": (RULE,)})
    old, new = await kept(database, PACK), await kept(database, PACK.model_copy(update={"processes": (process,)}))
    began = the_first_turn(opening=an_opening().model_copy(update={"pack_digest": old}))
    opening = an_opening().model_copy(update={"pack_digest": new, "process": process})
    moved = PackChanged(by="ada", comment="A new policy.", old=old, new=new)
    await put(database, keys, began, the_second_turn(), a_turn(5, moved, opening=opening))
    first, second = (await gathered(database, keys)).rules
    assert [(one.from_event, one.pack, len(one.rules)) for one in (first, second)] == [(1, old, 0), (6, new, 1)]
    assert second.clauses["c16-2"].where == "Elmbrook 16.2"


async def test_the_same_person_has_the_same_number_in_all_of_it(database: Database, keys: CaseKeys) -> None:
    opening = an_opening().model_copy(update={"pack_digest": await kept(database, PACK)})
    await put(database, keys, the_first_turn(opening=opening), the_second_turn())
    found = await gathered(database, keys, "names")
    by = [getattr(said.event, "by", None) for said in found.history]
    assert by == ["person-1", None, "person-2", None]
    assert {person.name for person in found.directory.people} == {"Person 1", "Person 2", "Person 3"}
    assert not any(person.email for person in found.directory.people)


async def test_of_a_case_whose_record_was_changed_nothing_is_gathered(
    database: Database, keys: CaseKeys, tamper: Tamper
) -> None:
    opening = an_opening().model_copy(update={"pack_digest": await kept(database, PACK)})
    await put(database, keys, the_first_turn(opening=opening), the_second_turn())
    await tamper("UPDATE event SET entry = replace(entry, '09:30', '09:31') WHERE n = 1")
    with pytest.raises(queries.BrokenRecordError):
        await gathered(database, keys)
