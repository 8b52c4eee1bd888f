"""Drafts and questions about them: kept sealed, by whose they are, and gone once the case has them."""

from datetime import UTC, datetime, timedelta
from typing import Final

import pytest
from sqlalchemy import text

from domain.fields import Raw
from domain.refs import case_id, read_reference
from store import drafts
from store.database import Database
from store.keys import CaseKeys, SealBrokenError
from store.tables import DraftRow

NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
TYPED: Final[dict[str, Raw]] = {
    "aims": "Show our wörk\n\x00?",
    "audience": ("pupils", "staff"),
    "live": ("27", "3", "2027"),
    "empty": (),
}


async def create(database: Database, keys: CaseKeys, *, starter: str = "amina", at: datetime = NOW) -> DraftRow:
    async with database.write() as session:
        return await drafts.create(
            session,
            keys,
            organisation="elmbrook",
            school="elmbrook-primary",
            process="new_site",
            starter=starter,
            answers=TYPED,
            at=at,
        )


async def test_what_was_typed_comes_back_as_it_was(database: Database, keys: CaseKeys) -> None:
    row = await create(database, keys)
    async with database.read() as session:
        loaded = await drafts.load(session, keys, row.key)
        assert await drafts.load(session, keys, "unknown") is None
    assert loaded is not None
    assert loaded[1] == TYPED
    assert (loaded[0].starter, loaded[0].created_at, loaded[0].submitted_at) == ("amina", NOW, None)


async def test_a_draft_has_the_one_case_that_its_key_stands_for(database: Database, keys: CaseKeys) -> None:
    one, other = await create(database, keys), await create(database, keys)
    assert one.case == case_id(one.key) != other.case
    assert read_reference(one.reference) == one.reference != other.reference


async def test_nothing_typed_can_be_read_in_the_database(database: Database, keys: CaseKeys) -> None:
    await create(database, keys)
    async with database.read() as session:
        sealed = (await session.execute(text("SELECT sealed_answers FROM draft"))).scalar_one()
    assert b"pupils" not in sealed
    assert "wörk".encode() not in sealed


async def test_the_answers_of_one_draft_do_not_open_in_another(database: Database, keys: CaseKeys) -> None:
    one, other = await create(database, keys), await create(database, keys)
    async with database.write() as session:
        moved = await session.get_one(DraftRow, other.key)
        moved.sealed_answers = one.sealed_answers
    async with database.read() as session:
        with pytest.raises(SealBrokenError):
            await drafts.load(session, keys, other.key)


async def test_answers_saved_again_stand_in_place_of_those_before(database: Database, keys: CaseKeys) -> None:
    row = await create(database, keys)
    async with database.write() as session:
        await drafts.save_answers(session, keys, row.key, {"aims": "Other"}, LATER)
    async with database.read() as session:
        loaded = await drafts.load(session, keys, row.key)
    assert loaded is not None
    assert loaded[1] == {"aims": "Other"}
    assert loaded[0].changed_at == LATER


async def test_once_it_is_sent_a_draft_lets_go_of_the_answers_and_takes_no_more(
    database: Database, keys: CaseKeys
) -> None:
    row = await create(database, keys)
    async with database.write() as session:
        await drafts.mark_submitted(session, row.key, LATER)
        await drafts.save_answers(session, keys, row.key, TYPED, LATER)
        await drafts.mark_submitted(session, row.key, LATER + timedelta(hours=1))
    async with database.read() as session:
        loaded = await drafts.load(session, keys, row.key)
    assert loaded is not None
    assert loaded[1] == {}
    assert loaded[0].submitted_at == LATER
    assert loaded[0].sealed_answers is None


async def test_while_it_is_being_sent_a_draft_keeps_what_was_typed_and_takes_no_more(
    database: Database, keys: CaseKeys
) -> None:
    row = await create(database, keys)
    async with database.write() as session:
        assert await drafts.freeze(session, row, LATER)
        await drafts.save_answers(session, keys, row.key, {"aims": "Other"}, LATER)
    async with database.read() as session:
        loaded = await drafts.load(session, keys, row.key)
        assert [one.key for one in await drafts.of_person(session, "amina")] == [row.key]
    assert loaded is not None
    assert loaded[1] == TYPED
    async with database.write() as session:
        await drafts.thaw(session, row.key)
        await drafts.save_answers(session, keys, row.key, {"aims": "Other"}, LATER)
        assert not await drafts.freeze(session, row, LATER)
        loaded = await drafts.load(session, keys, row.key)
    assert loaded is not None
    assert (loaded[0].submitted_at, loaded[1]) == (None, {"aims": "Other"})


async def test_changes_are_kept_sealed_beside_the_case_until_it_has_them(database: Database, keys: CaseKeys) -> None:
    row = await create(database, keys)
    async with database.write() as session:
        await drafts.mark_submitted(session, row.key, NOW)
        await drafts.begin_changes(session, keys, row, 2, TYPED, LATER)
        await drafts.save_answers(session, keys, row.key, {"aims": "Other"}, LATER)
        # The first sending may be repeated late; neither it nor the end of other changes touches these.
        await drafts.mark_submitted(session, row.key, LATER)
        assert not await drafts.freeze(session, row, LATER)
        await drafts.thaw(session, row.key)
        await drafts.end_changes(session, row.key, 1)
    async with database.read() as session:
        loaded = await drafts.load(session, keys, row.key)
        assert await drafts.of_person(session, "amina") == []
        found = await drafts.of_case(session, row.case)
        assert await drafts.of_case(session, "unknown") is None
    assert loaded is not None
    assert found is not None
    assert (found.key, found.changes, found.submitted_at, loaded[1]) == (row.key, 2, NOW, {"aims": "Other"})
    async with database.write() as session:
        await drafts.end_changes(session, row.key, 2)
        await drafts.save_answers(session, keys, row.key, TYPED, LATER)
        loaded = await drafts.load(session, keys, row.key)
    assert loaded is not None
    assert (loaded[0].changes, loaded[0].sealed_answers) == (None, None)


async def test_somebody_finds_their_own_drafts_the_latest_first(database: Database, keys: CaseKeys) -> None:
    first, second, sent = [await create(database, keys, at=NOW + timedelta(minutes=n)) for n in range(3)]
    await create(database, keys, starter="ben")
    async with database.write() as session:
        await drafts.mark_submitted(session, sent.key, LATER)
    async with database.read() as session:
        assert [row.key for row in await drafts.of_person(session, "amina")] == [second.key, first.key]


async def test_a_question_about_a_draft_waits_until_it_is_answered_once(database: Database, keys: CaseKeys) -> None:
    """SITE-11: advice, which approves nothing."""
    row = await create(database, keys)
    async with database.write() as session:
        asked = await drafts.ask_advice(session, keys, row, "helen", "Is this wïse?", NOW)
    async with database.read() as session:
        assert [one.id for one in await drafts.advice_for(session, "helen")] == [asked.id]
        assert await drafts.advice_for(session, "amina") == []
        assert await drafts.read_advice(session, keys, asked) == ("Is this wïse?", None)
    async with database.write() as session:
        assert await drafts.answer_advice(session, keys, asked.id, "It is.", LATER)
        assert not await drafts.answer_advice(session, keys, asked.id, "It is not.", LATER)
        assert not await drafts.answer_advice(session, keys, "unknown", "It is.", LATER)
    async with database.read() as session:
        found = await drafts.advice(session, asked.id)
        assert found is not None
        assert found.answered_at == LATER
        assert await drafts.read_advice(session, keys, found) == ("Is this wïse?", "It is.")
        assert await drafts.advice_for(session, "helen") == []
        assert [one.id for one in await drafts.advice_on(session, row.key)] == [asked.id]


async def test_neither_question_nor_answer_can_be_read_in_the_database(database: Database, keys: CaseKeys) -> None:
    row = await create(database, keys)
    async with database.write() as session:
        asked = await drafts.ask_advice(session, keys, row, "helen", "a secret question", NOW)
        await drafts.answer_advice(session, keys, asked.id, "a secret answer", NOW)
    async with database.read() as session:
        sealed = (await session.execute(text("SELECT sealed_question, sealed_answer FROM advice"))).one()
    assert not any(b"secret" in one for one in sealed)


async def test_an_answer_put_under_another_question_does_not_open(database: Database, keys: CaseKeys) -> None:
    row = await create(database, keys)
    async with database.write() as session:
        one = await drafts.ask_advice(session, keys, row, "helen", "Is this wise?", NOW)
        other = await drafts.ask_advice(session, keys, row, "helen", "Is this cheap?", NOW)
        await drafts.answer_advice(session, keys, one.id, "It is.", NOW)
        other.sealed_answer = one.sealed_answer
        with pytest.raises(SealBrokenError):
            await drafts.read_advice(session, keys, other)
