"""What a case is found by besides its title: answers that its pack names, kept in clear, and nothing else."""

from datetime import timedelta

from sqlalchemy import delete
from sqlmodel import col

from domain.cases import Batch, Request
from domain.events import RequestEdited
from domain.pack import Pack
from store import packs, queries
from store.database import Database
from store.finding import Wanted, find
from store.found_by import fill_in, words_to_fill_in
from store.keys import CaseKeys
from store.tables import CaseKeyRow
from tests.builders import ANSWERS, FORM, MONDAY, ORGANISATION, PACK, PROCESS
from tests.store.turns import a_turn, put, the_first_turn

NAMING = PROCESS.model_copy(update={"found_by": ("department",)})
DEPARTMENT = "Botany"
SAID = {**ANSWERS, "department": DEPARTMENT}


def a_pack() -> Pack:
    return PACK.model_copy(update={"processes": (NAMING,), "forms": (FORM,)})


def old_turn(case: str = "c-1", reference: str = "K7QM-4TXR") -> Batch:
    """Return the first turn of a request of the department, under a pack that names no answer."""
    turn = the_first_turn(case, reference)
    assert turn.opening is not None
    request = turn.opening.request.model_copy(update={"answers": SAID})
    return turn.model_copy(update={"opening": turn.opening.model_copy(update={"request": request})})


async def first_turn(database: Database) -> Batch:
    """Return the first turn of a request of the department, under a pack that names that answer."""
    async with database.write() as session:
        known = await packs.keep(session, a_pack())
    turn = old_turn()
    assert turn.opening is not None
    opening = turn.opening.model_copy(update={"process": NAMING, "pack_digest": known})
    return turn.model_copy(update={"opening": opening})


async def found(database: Database, *words: str) -> list[str]:
    async with database.read() as session:
        return [row.id for row in (await find(session, ORGANISATION, Wanted(words=words))).cases]


async def kept(database: Database, case: str = "c-1") -> str | None:
    async with database.read() as session:
        row = await queries.case_by_id(session, case)
    assert row is not None
    return row.found_by


async def fill_in_once(database: Database, keys: CaseKeys, *but: str) -> dict[str, str | None]:
    """Give older cases their words, as the worker does at each look, and return them."""
    async with database.read() as session:
        words = await words_to_fill_in(session, keys, a_pack(), but)
    async with database.write() as session:
        await fill_in(session, words)
    return words


async def test_a_case_is_found_by_an_answer_that_its_pack_names_and_by_its_title(
    database: Database, keys: CaseKeys
) -> None:
    await put(database, keys, await first_turn(database))
    assert await kept(database) == DEPARTMENT
    assert await found(database, DEPARTMENT[:3].lower()) == ["c-1"]
    assert await found(database, "science", DEPARTMENT) == ["c-1"]
    assert await found(database, "science", "nowhere") == []


async def test_no_word_runs_from_a_title_into_what_stands_behind_it(database: Database, keys: CaseKeys) -> None:
    await put(database, keys, await first_turn(database))
    assert await found(database, f"page{DEPARTMENT}") == []


async def test_a_changed_answer_is_found_and_what_it_was_is_not(database: Database, keys: CaseKeys) -> None:
    turn = await first_turn(database)
    assert turn.opening is not None
    answers = {**SAID, "department": "Zoology"}
    edited = RequestEdited(
        by="amina",
        author="amina",
        version=2,
        edition=2,
        material=True,
        changed=("department",),
        title="Science club page",
        answers=answers,
    )
    now = Request(title="Science club page", starter="amina", author="amina", version=2, edition=2, answers=answers)
    standing = turn.standing.model_copy(update={"request": now})
    await put(database, keys, turn, a_turn(3, edited, at=MONDAY + timedelta(hours=1), standing=standing))
    assert await found(database, "zoology") == ["c-1"]
    assert await found(database, DEPARTMENT) == []


async def test_a_pack_that_names_no_answer_has_none_kept_in_clear(database: Database, keys: CaseKeys) -> None:
    await put(database, keys, old_turn())
    assert await kept(database) is None
    assert await found(database, DEPARTMENT) == []


async def test_older_cases_are_found_by_it_too_where_their_key_is_there_and_by_their_title_where_it_is_not(
    database: Database, keys: CaseKeys
) -> None:
    await put(database, keys, old_turn(), old_turn("c-2", "AAAA-BBBB"))
    async with database.write() as session:
        gone = (await session.get_one(CaseKeyRow, "c-2")).model_dump()
        await session.execute(delete(CaseKeyRow).where(col(CaseKeyRow.case) == "c-2"))
    keys.forget("c-2")
    assert await fill_in_once(database, keys) == {"c-1": DEPARTMENT, "c-2": None}
    assert await fill_in_once(database, keys, "c-2") == {}
    assert await found(database, DEPARTMENT) == ["c-1"]
    assert sorted(await found(database, "science")) == ["c-1", "c-2"]
    async with database.write() as session:
        session.add(CaseKeyRow(**gone))
    assert await fill_in_once(database, keys) == {"c-2": DEPARTMENT}
    assert sorted(await found(database, DEPARTMENT)) == ["c-1", "c-2"]
