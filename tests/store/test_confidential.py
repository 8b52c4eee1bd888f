"""A confidential case on record: what is kept of it, for whom it is there, and that its record can be shown whole."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from domain.allegations import Category
from domain.calendar import Period
from domain.cases import Act
from domain.entries import AllegationRecorded, LadoReferralMade, ReporterNamed
from domain.events import AskOpened, Escalated
from domain.people import Asked
from store import audit, confidential, people
from store.audit import AuditReport, Broken
from store.confidential.addresses import mail_again
from store.database import Database
from store.keys import CaseKeys
from store.records import RecordClashError, RecordGapError
from store.tables import MailRow
from tests.confidence import (
    MARKERS,
    a_confidential_opening,
    a_disciplinary_process,
    a_matter,
    a_school,
    a_subject,
    a_task,
    an_act,
)
from tests.store.carrying import Carried, a_place, carried
from tests.store.conftest import Tamper
from tests.stories import BEGINS, a_person

TABLES = ("confidential", "party", "receipt", "confidential_read", "emergency", "event", "mail", "case_key")
"""Every table in which a confidential case leaves a row."""


@pytest.fixture
async def case(database: Database, keys: CaseKeys) -> Carried:
    """Return a case that the head is asked to refer, and that the safeguarding lead is told of."""
    return await carried(database, keys, a_confidential_opening())


async def found_by(database: Database, keys: CaseKeys, *anybody: str) -> set[str]:
    """Return who of `anybody` finds a case of their own."""
    async with database.read() as session:
        return {one for one in anybody if await confidential.of_person(session, keys, one)}


async def mailed(database: Database) -> list[str]:
    """Return who was mailed, in the order of their names."""
    async with database.read() as session:
        return list(await session.scalars(text("SELECT person FROM mail ORDER BY person")))


def of_the_reporter() -> Act:
    """Return that whoever reported it writes a message."""
    return an_act("reporter", "message_written").model_copy(update={"how": "receipt"})


def told(case: Carried) -> set[str]:
    """Return who was mailed because of the latest turn."""
    return {mail.person for mail in case.written[-1].mails}


EVERYBODY = [one.id for one in a_school().people]


async def test_what_happened_is_read_back_as_it_was_said_with_whom_it_reached(case: Carried) -> None:
    await case.act(an_act("head", "lado_referral_made"))
    read = await case.read()
    said = [recorded.event for recorded in read.history]
    assert isinstance(said[0], AllegationRecorded)
    assert said[0].reported[0].what == "The quicksilver was moved."
    assert isinstance(said[1], ReporterNamed)
    opened = next(event for event in said if isinstance(event, AskOpened))
    assert opened.asked == (Asked(person="head", seat="headteacher"),)
    assert isinstance(said[4], LadoReferralMade)
    assert [recorded.n for recorded in read.history] == list(range(1, len(said) + 1))
    assert read.opening == case.opening
    assert read.standing == case.batches[-1].standing
    assert read.asked == {"a2": (Asked(person="head", seat="headteacher"),)}


async def test_nothing_of_a_case_is_in_clear_but_id_reference_organisation_and_times(
    case: Carried, database: Database
) -> None:
    await case.act(an_act("head", "lado_referral_made", note="quicksilver"))
    words = {
        *MARKERS,
        "head",
        "lead",
        "sam",
        "rita",
        "lado",
        "allegation",
        "staff",
        "conduct",
        "referral",
        "a1",
        "kind",
    }
    async with database.read() as session:
        for table in TABLES:
            for row in (await session.execute(text(f'SELECT * FROM "{table}"'))).mappings():  # noqa: S608 -- ours
                for name, value in row.items():
                    if (table, name) in {("mail", "person"), ("case_key", "wrapped_under")}:
                        continue
                    shown = value.decode("latin-1") if isinstance(value, bytes) else str(value)
                    hit = {word for word in words if word in shown and len(word) > 2}
                    assert not hit, (table, name)


async def test_the_shape_of_a_row_says_nothing_of_what_it_holds(case: Carried, database: Database) -> None:
    await case.act(an_act("head", "lado_referral_made", note="x" * 300))
    async with database.read() as session:
        entries = list(await session.scalars(text("SELECT entry FROM event")))
        sealed = list(await session.scalars(text("SELECT sealed FROM event")))
        openings = list(await session.scalars(text("SELECT sealed_opening FROM confidential")))
    assert len({len(entry.replace('"n":10', '"n":1')) for entry in entries}) == 1
    assert len({len(one) for one in sealed}) <= 2
    assert len(openings[0]) % 1024 < 64


async def test_a_turn_that_is_put_on_record_twice_is_there_once(
    case: Carried, database: Database, keys: CaseKeys
) -> None:
    before = await case.read()
    async with database.write() as session:
        again = await confidential.write(session, keys, case.batches[0], BEGINS + timedelta(minutes=1))
    first = case.written[0]
    assert (again.asked, again.begins, again.cleared) == (first.asked, (), None)
    assert sorted(mail.id for mail in again.mails) == sorted(mail.id for mail in first.mails)
    assert (await case.read()).history == before.history
    assert len(await mailed(database)) == len(first.mails)


async def test_a_turn_that_comes_too_early_or_under_the_number_of_another_is_refused(
    case: Carried, database: Database, keys: CaseKeys
) -> None:
    await case.act(an_act("head", "lado_referral_made"))
    late = case.batches[-1].events[-1]
    moved = late.model_copy(update={"at": late.at + timedelta(hours=1)})
    another = case.batches[-1].model_copy(update={"events": (moved,)})
    async with database.write() as session:
        with pytest.raises(RecordClashError):
            await confidential.write(session, keys, another, BEGINS)
    too_far = case.batches[-1].model_copy(update={"events": (late.model_copy(update={"n": late.n + 2}),)})
    async with database.write() as session:
        with pytest.raises(RecordGapError):
            await confidential.write(session, keys, too_far, BEGINS)
    other = a_confidential_opening(key="other")
    await a_place(database, keys, other.case)
    unknown = case.batches[-1].model_copy(update={"case": other.case, "opening": None})
    async with database.write() as session:
        with pytest.raises(RecordGapError):
            await confidential.write(session, keys, unknown, BEGINS)


@pytest.mark.meets("ALLEG-11")
async def test_only_those_who_are_asked_or_told_find_a_case(case: Carried, database: Database, keys: CaseKeys) -> None:
    assert await found_by(database, keys, *EVERYBODY) == {"head", "lead"}
    async with database.read() as session:
        reference = case.opening.reference
        found = {one for one in EVERYBODY if await confidential.for_person(session, keys, reference, one)}
        assert found == {"head", "lead"}
        assert await confidential.for_person(session, keys, "AAAA-AAAA", "head") is None


@pytest.mark.meets("ALLEG-11")
async def test_a_case_of_the_headteacher_goes_to_the_chair_and_the_head_is_in_no_part_of_it(
    database: Database, keys: CaseKeys
) -> None:
    matter = a_matter(subjects=(a_subject(person="head", category="headteacher"),), recused=("head",))
    away = a_school(
        a_person(
            "next",
            "chair_of_governors",
            deputy="head",
            absences=(Period(name="away", first=BEGINS.date(), last=BEGINS.date()),),
        )
    )
    case = await carried(database, keys, a_confidential_opening(matter=matter), away)
    read = await case.read()
    access = confidential.access_of(read, away, BEGINS)
    assert access.asked == {"chair", "next"}
    assert access.told == {"tara", "tom"}
    assert "head" not in await mailed(database)
    assert await found_by(database, keys, *EVERYBODY, "next") == {"chair", "next", "tara", "tom"}
    await case.pass_time(BEGINS + timedelta(days=5))
    assert any(isinstance(recorded.event, Escalated) for recorded in (await case.read()).history)
    assert "head" not in await mailed(database)
    assert "head" not in await found_by(database, keys, "head")


async def test_whoever_is_recused_is_out_of_it_from_that_turn_on(
    case: Carried, database: Database, keys: CaseKeys
) -> None:
    await case.act(an_act("head", "people_recused", people=("head", "lead")))
    read = await case.read()
    assert read.asked == {"a1": (Asked(person="deputy", seat="deputy_headteacher"),)}
    access = confidential.access_of(read, a_school(), BEGINS)
    assert access.asked == access.managers == {"deputy"}
    assert access.told == frozenset()
    assert access.recused >= {"head", "lead", "sam"}
    assert await found_by(database, keys, *EVERYBODY) == {"deputy"}
    # Those who can open it in an emergency are told: whoever sees to a case could take out those who see to them.
    assert {mail.person for mail in case.written[-1].mails} == {"deputy", "tara", "tom"}


async def test_somebody_who_lost_the_seat_or_left_sees_nothing_before_the_ask_is_looked_up(case: Carried) -> None:
    read, day = await case.read(), BEGINS
    left = a_school().people
    changed = tuple(
        one.model_copy(update={"holdings": ()} if one.id == "head" else {"leaves_on": day.date() - timedelta(days=1)})
        if one.id in {"head", "lead"}
        else one
        for one in left
    )
    access = confidential.access_of(read, a_school().model_copy(update={"people": changed}), day)
    assert (access.asked, access.told) == (frozenset(), frozenset())


async def test_a_closed_case_is_on_nobodys_list(case: Carried, database: Database, keys: CaseKeys) -> None:
    for kind in ("lado_referral_made", "lado_advice_recorded", "outcome_recorded"):
        await case.act(an_act("head", kind))
    read = await case.read()
    assert read.standing.outcome == "closed"
    assert read.row.closed_at == BEGINS
    assert await found_by(database, keys, *EVERYBODY) == set()
    async with database.read() as session:
        assert await confidential.for_person(session, keys, read.row.reference, "lead") is not None


# Mail.


async def test_one_turn_brings_each_person_one_mail_that_names_nothing(case: Carried, database: Database) -> None:
    assert {mail.person for mail in case.written[0].mails} == {"head", "lead"}
    await case.act(of_the_reporter())
    assert sorted(mail.person for mail in case.written[-1].mails) == ["head", "lead"]
    async with database.read() as session:
        rows = (await session.execute(text('SELECT "case", template, about, ask, id FROM mail'))).all()
    assert {tuple(row[:4]) for row in rows} == {(None, "neutral", None, None)}
    assert len({row[4] for row in rows}) == 4
    assert all(len(row[4]) == 32 for row in rows)


async def test_nobody_is_mailed_about_their_own_act(case: Carried) -> None:
    await case.act(an_act("head", "message_written"))
    assert told(case) == {"lead"}
    await case.act(of_the_reporter())
    assert told(case) == {"head", "lead"}
    # What the case does at once because of it is no act of anybody else.
    await case.act(an_act("head", "subject_corrected", subject=a_subject(category=Category.VOLUNTEER)))
    assert told(case) == {"lead", "tara", "tom"}
    for kind in ("police_hold_placed", "police_hold_released"):
        await case.act(an_act("head", kind, who="PC Doe"))
        assert told(case) == {"lead"}


async def test_whoever_acts_is_mailed_what_they_are_asked_next(case: Carried) -> None:
    await case.act(an_act("head", "lado_referral_made"))
    assert told(case) == {"head"}


async def test_of_two_who_acted_within_one_turn_each_is_mailed_about_the_other(case: Carried) -> None:
    await case.pass_time(BEGINS + timedelta(days=5))
    case.take(an_act("deputy", "message_written"))
    await case.act(an_act("head", "police_hold_placed", who="PC Doe"))
    assert len(case.batches[-1].mails) == 2
    assert told(case) == {"head", "deputy", "lead"}


async def test_nobody_is_mailed_once_their_part_is_over_and_whoever_sees_to_it_is(
    database: Database, keys: CaseKeys
) -> None:
    process = a_disciplinary_process()
    route = process.routes[-1]
    route = route.model_copy(update={"ladders": route.ladders | {"decider": ("trust_lead",)}, "told": ()})
    heard = a_task("appeal", "appeal_decided", "appeal", each_allegation=False)
    process = process.model_copy(update={"routes": (route,), "tasks": (*process.tasks, heard)})
    case = await carried(database, keys, a_confidential_opening(process))
    await case.act(an_act("head", "triage_recorded", at_risk="no", reason="Only adults.", name="Head"))
    await case.act(an_act("head", "procedure_chosen"))
    assert told(case) == {"tara", "tom"}
    await case.act(an_act("tara", "decision_made", sanction="no_action", reasons="Nothing of it was so."))
    # Tom was asked as well, and reads nothing of it any more; the vice-chair is asked next.
    assert told(case) == {"head", "vice"}
    await case.act(an_act("vice", "appeal_decided", upheld="yes", reasons="It stands."))
    assert (await case.read()).standing.outcome == "closed"
    assert told(case) == {"head"}


async def test_an_ask_that_reaches_nobody_is_mailed_to_the_custodians(database: Database, keys: CaseKeys) -> None:
    matter = a_matter(recused=("sam", "head", "deputy", "tom"))
    case = await carried(database, keys, a_confidential_opening(matter=matter))
    assert case.written[0].asked == {"a1": ()}
    assert await mailed(database) == ["lead", "tara"]
    async with database.read() as session:
        assert await confidential.health(session, keys, "elms", BEGINS) == "needs_attention"
        assert await confidential.health(session, keys, "another", BEGINS) == "in_order"


async def test_mail_that_was_refused_is_seen_on_the_case_until_a_later_one_went(
    case: Carried, database: Database, keys: CaseKeys
) -> None:
    async with database.write() as session:
        assert await confidential.health(session, keys, "elms", BEGINS) == "in_order"
        await session.execute(text("UPDATE mail SET refused_at = queued_at WHERE person = 'head'"))
    assert (await case.read()).refused == ("head",)
    async with database.read() as session:
        assert await confidential.health(session, keys, "elms", BEGINS) == "needs_attention"
    await case.act(of_the_reporter())
    assert (await case.read()).refused == ()


async def test_at_a_corrected_address_each_case_that_asks_something_is_mailed_anew_and_names_nothing(
    case: Carried, database: Database, keys: CaseKeys
) -> None:
    other = await carried(database, keys, a_confidential_opening(key="other"))
    async with database.write() as session:
        await session.execute(text("UPDATE mail SET refused_at = queued_at"))
        queued = await mail_again(session, keys, "head", "correction", BEGINS)
    assert len(set(queued)) == 2
    async with database.read() as session:
        rows = [await session.get_one(MailRow, one) for one in queued]
    assert {(one.case, one.person, one.template, one.about, one.ask) for one in rows} == {
        (None, "head", "neutral", None, None)
    }
    # What was refused at the old address is not shown any more.
    assert [(await one.read()).refused for one in (case, other)] == [("lead",), ("lead",)]


@pytest.mark.parametrize("person", ["lead", "sam", "deputy", "admin"])
async def test_of_whom_nothing_is_asked_nothing_is_mailed_at_a_corrected_address(
    case: Carried, database: Database, keys: CaseKeys, person: str
) -> None:
    async with database.write() as session:
        assert await mail_again(session, keys, person, "correction", BEGINS) == ()


async def test_a_case_that_is_overdue_though_it_was_escalated_needs_attention(
    case: Carried, database: Database, keys: CaseKeys
) -> None:
    late = BEGINS + timedelta(days=5)
    await case.pass_time(late)
    assert await found_by(database, keys, *EVERYBODY) == {"head", "deputy", "lead"}
    async with database.read() as session:
        assert await confidential.health(session, keys, "elms", late) == "needs_attention"


async def test_a_case_that_does_not_get_on_needs_attention_and_whoever_is_recused_does_not_learn_of_it(
    case: Carried, database: Database, keys: CaseKeys
) -> None:
    for failing, reader, health in (
        ("c-another", None, "in_order"),
        (case.opening.case, None, "needs_attention"),
        (case.opening.case, "otto", "needs_attention"),
        (case.opening.case, "sam", "in_order"),
    ):
        async with database.read() as session:
            found = await confidential.health(session, keys, "elms", BEGINS, reader, frozenset({failing}))
        assert found == health


async def test_a_case_whose_key_is_gone_needs_attention(
    case: Carried, database: Database, keys: CaseKeys, tamper: Tamper
) -> None:
    await tamper(f"DELETE FROM case_key WHERE \"case\" = '{case.opening.case}'")  # noqa: S608 -- our own table
    async with database.read() as session:
        others = CaseKeys(database, keys.ring)
        assert await confidential.health(session, others, "elms", BEGINS) == "needs_attention"


# Reading.


async def test_who_read_what_is_kept_and_says_nothing_in_clear(
    case: Carried, database: Database, keys: CaseKeys
) -> None:
    async with database.write() as session:
        await confidential.note_read(session, keys, case.opening.case, "head", "case", BEGINS)
        later = BEGINS + timedelta(minutes=1)
        await confidential.note_read(session, keys, case.opening.case, "lead", "case", later)
    async with database.read() as session:
        reads = await confidential.reads_of(session, keys, case.opening.case)
    assert [(read.person, read.what) for read in reads] == [("head", "case"), ("lead", "case")]


async def test_a_receipt_brings_the_reporter_back_however_it_is_typed(
    case: Carried, database: Database, keys: CaseKeys
) -> None:
    code = confidential.receipt_of("a report")
    assert len(code.split("-")) == 7
    async with database.write() as session:
        await confidential.keep_receipt(session, case.opening.case, code)
    async with database.read() as session:
        for typed in (code, code.lower(), code.replace("-", " "), f" {code} "):
            found = await confidential.by_receipt(session, keys, typed)
            assert found is not None
            assert found.opening.case == case.opening.case
        for wrong in (confidential.receipt_of("another"), "", "x", code[:-1], f"{code}2", "\u202e" * 40):
            assert await confidential.by_receipt(session, keys, wrong) is None
        kept = (await session.execute(text("SELECT * FROM receipt"))).one()
    assert code.replace("-", "") not in "".join(map(str, kept)).replace("-", "")


async def test_a_receipt_of_a_case_that_has_not_begun_opens_nothing_yet(database: Database, keys: CaseKeys) -> None:
    code = confidential.receipt_of("a report")
    async with database.write() as session:
        await confidential.keep_receipt(session, "c-1", code)
        assert await confidential.by_receipt(session, keys, code) is None


# The audit.


async def test_the_audit_checks_a_confidential_record_and_names_a_broken_case_by_its_id(
    case: Carried, database: Database, keys: CaseKeys, tamper: Tamper
) -> None:
    async with database.read() as session:
        events = len((await case.read()).history)
        assert await audit.verify(session, keys) == AuditReport(cases=1, events=events, broken=(), without_key=0)
    await tamper("UPDATE event SET sealed = (SELECT sealed FROM event WHERE n = 1) WHERE n = 3")
    async with database.read() as session:
        assert (await audit.verify(session, keys)).broken == (Broken(case=case.opening.case, n=3),)


async def test_the_audit_misses_the_last_events_of_a_confidential_case(
    case: Carried, database: Database, keys: CaseKeys, tamper: Tamper
) -> None:
    await case.pass_time(BEGINS + timedelta(days=5))
    events = len((await case.read()).history)
    await tamper(f"DELETE FROM event WHERE n >= {events - 1}")  # noqa: S608 -- a crime
    async with database.read() as session:
        assert (await audit.verify(session, keys)).broken == (Broken(case=case.opening.case, n=events - 1),)


async def test_without_its_key_the_chain_of_a_confidential_case_still_holds(
    case: Carried, database: Database, keys: CaseKeys, tamper: Tamper
) -> None:
    del case
    await tamper("DELETE FROM case_key")
    async with database.read() as session:
        report = await audit.verify(session, CaseKeys(database, keys.ring))
    assert (report.broken, report.without_key) == ((), 1)


async def test_people_of_another_organisation_are_never_asked(database: Database, keys: CaseKeys) -> None:
    async with database.write() as session:
        stranger = a_person("stranger", "headteacher", organisation="others")
        await people.save(session, (stranger,))
    case = await carried(database, keys, a_confidential_opening())
    assert case.written[0].asked == {"a1": (Asked(person="head", seat="headteacher"),)}
