"""Confidential cases on a real Temporal: the mail that says nothing, cases opened out of others, people who change."""

import asyncio
import logging
from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, select, update
from sqlmodel import col
from structlog.testing import capture_logs
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import WorkflowEnvironment

import worker
from activities.jobs import Jobs
from activities.lookout import Lookout
from domain.cases import Opening
from domain.people import Person
from store import confidential, packs, people
from store.confidential import Confidential
from store.keys import CaseKeys
from store.tables import CaseKeyRow, MailRow
from tests.confidence import a_confidential_opening, a_confidential_pack, a_matter, a_school, a_subject, advice, an_act
from tests.house import BASE_URL, Begun, House, house
from tests.stories import ORGANISATION, a_directory, a_person, a_process, a_step, an_opening

NUMBERS = count(1)
HEAD, LEAD, DEPUTY = "head@elms.example", "lead@elms.example", "deputy@elms.example"
SUBJECT = "You have a task in Duly"
TEXT = f"Sign in to see it: {BASE_URL}/tasks. If you were not expecting this, phone the school office.\n"


@pytest.fixture
async def home(environment: WorkflowEnvironment, tmp_path: Path) -> AsyncIterator[House]:
    """Yield a house in which nothing has happened."""
    async with house(environment, tmp_path) as home:
        yield home


async def begun(home: House, *more: Person, key: str = "", **matter: Any) -> Begun:
    """Begin the case of a report."""
    opening = a_confidential_opening(key=key or f"report {next(NUMBERS)}", matter=a_matter(**matter))
    async with home.db.write() as session:
        await people.save(session, a_school(*more).people)
        await home.keys.create(session, opening.case)
        digest = await packs.keep(session, a_confidential_pack())
    case = Begun(home, opening.model_copy(update={"pack_digest": digest}))
    await home.engine.begin(case.opening)
    await case.settled()
    return case


async def read(case: Begun) -> Confidential:
    """Return the case as it is on record."""
    async with case.house.db.read() as session:
        found = await confidential.by_reference(session, case.house.keys, case.opening.reference)
    assert found is not None
    return found


async def asked(case: Begun) -> set[str]:
    """Return whom the open asks of a case reach."""
    return {one.person for ask in (await read(case)).asked.values() for one in ask}


async def change(home: House, *changed: Person) -> None:
    """Change somebody of the directory."""
    async with home.db.write() as session:
        await people.save(session, changed)


async def look(case: Begun) -> None:
    """Look as the lookout does on the day on which a case began."""
    at = (await case.history())[0].at + timedelta(seconds=30)
    await Lookout(case.house.db, case.house.keys, Jobs(case.house.client), lambda: at).look()
    await case.settled()


def without_address_and_id(message: Any) -> bytes:
    """Return the whole message, less to whom it went and its own id."""
    del message["To"], message["Message-ID"]
    whole: bytes = message.as_bytes()
    return whole


# Mail.


async def test_everybody_gets_the_same_mail_whatever_it_is_about(home: House) -> None:
    case = await begun(home)
    told, first = home.outbox.messages
    assert told["To"] == LEAD
    assert (first["To"], first["Subject"], first["References"]) == (HEAD, SUBJECT, None)
    body = first.get_body(("plain",))
    assert body is not None
    assert body.get_content().replace("\r\n", "\n") == TEXT
    await home.engine.act(case.opening.case, an_act("head", "message_written"))
    await case.settled()
    other = await begun(home, subjects=(a_subject(person="head", category="headteacher"),), recused=("head",))
    ordinary = await home.begin(an_opening(a_process(a_step("headteacher")), key="ordinary"), a_directory())
    await ordinary.settled()
    await ordinary.pass_time(timedelta(days=14))
    await ordinary.settled()
    neutral = [message for message in home.outbox.messages if message["Subject"] == SUBJECT]
    assert len(neutral) == 7
    assert len({message["Message-ID"] for message in neutral}) == 7
    text_of_case = (case.opening.case, case.opening.reference, other.opening.case, other.opening.reference)
    for message in neutral:
        assert not any(said in message.as_string() for said in text_of_case)
    assert len({without_address_and_id(message) for message in neutral}) == 1


async def test_at_an_escalation_those_asked_before_get_it_in_an_ordinary_case_too(home: House) -> None:
    case = await home.begin(an_opening(a_process(a_step("headteacher")), key="escalated"), a_directory())
    await case.settled()
    await case.pass_time(timedelta(days=14))
    await case.settled()
    assert home.outbox.subjects(HEAD).count(SUBJECT) == 1
    assert SUBJECT not in home.outbox.subjects(DEPUTY)
    async with home.db.read() as session:
        wanted = select(MailRow).where(col(MailRow.template) == "neutral", col(MailRow.person) == "head")
        rows = (await session.scalars(wanted)).all()
    assert {(row.case, row.about, row.ask) for row in rows} == {(None, None, None)}


async def test_it_is_never_put_by_for_a_digest(environment: WorkflowEnvironment, tmp_path: Path) -> None:
    async with house(environment, tmp_path, mails_a_day=1) as home:
        case = await begun(home)
        for number in range(3):
            await home.engine.act(case.opening.case, an_act("head", "message_written", occasion=str(number)))
            await case.settled()
        assert home.outbox.subjects(LEAD) == [SUBJECT] * 4
        assert home.outbox.subjects(HEAD) == [SUBJECT]


async def test_it_is_sent_later_where_no_job_was_left_for_it(home: House) -> None:
    case = await begun(home)
    home.outbox.messages.clear()
    async with home.db.write() as session:
        await session.execute(update(MailRow).where(col(MailRow.person) == "head").values(sent_at=None))
        waiting = await session.scalar(select(MailRow).where(col(MailRow.person) == "head"))
    assert waiting is not None
    later = Lookout(home.db, home.keys, Jobs(home.client), lambda: worker.now() + timedelta(days=3650))
    await later.look_for_mails()
    await home.client.get_activity_handle(f"mail-{waiting.id}").result()
    assert SUBJECT in home.outbox.subjects(HEAD)
    del case


async def test_a_mail_that_was_refused_is_seen_on_the_case_and_needs_attention(home: House) -> None:
    home.outbox.answer = "550 no such mailbox"
    case = await begun(home)
    assert set((await read(case)).refused) == {"head", "lead"}
    async with home.db.read() as session:
        assert await confidential.health(session, home.keys, ORGANISATION, worker.now()) == "needs_attention"


# Cases that are opened out of others.


async def cleared(home: House) -> Begun:
    """Return a case in which the advice permits a disciplinary case."""
    case = await begun(home)
    for act in (an_act("head", "lado_referral_made"), advice("head", "open_disciplinary")):
        assert (await home.engine.act(case.opening.case, act)).says == "done"
        await case.settled()
    return case


async def other_of(case: Begun) -> Begun:
    """Return the case that was opened out of `case`, once it has something on record."""
    (reference,) = (await read(case)).opened
    async with asyncio.timeout(20):
        while True:
            async with case.house.db.read() as session:
                found = await confidential.by_reference(session, case.house.keys, reference)
            if found is not None:
                other = Begun(case.house, found.opening)
                await other.settled()
                return other
            await asyncio.sleep(0.02)


async def test_a_case_that_is_opened_out_of_another_runs_by_itself(home: House) -> None:
    case = await cleared(home)
    assert (await home.engine.act(case.opening.case, an_act("head", "disciplinary_opened"))).says == "done"
    await case.settled()
    other = await other_of(case)
    assert "case_cleared" in [event.kind for event in await other.events()]
    assert await asked(other) == {"head"}


async def test_it_begins_though_temporal_did_not_answer_once_what_opens_it_was_on_record(
    home: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin = Jobs.begin
    tried: list[Opening] = []

    async def fail_once(self: Jobs, opening: Opening) -> None:
        tried.append(opening)
        if len(tried) == 1:
            why = "away"
            raise RPCError(why, RPCStatusCode.UNAVAILABLE, b"")
        await begin(self, opening)

    monkeypatch.setattr(Jobs, "begin", fail_once)
    case = await cleared(home)
    assert (await home.engine.act(case.opening.case, an_act("head", "disciplinary_opened"))).says == "done"
    await case.settled()
    assert await asked(await other_of(case)) == {"head"}
    assert tried[0] == tried[1]
    assert len(tried) == 2


async def test_a_case_that_began_is_not_begun_again(home: House) -> None:
    case = await begun(home)
    await Jobs(home.client).begin(case.opening)
    await case.settled()
    assert [event.kind for event in await case.events()].count("allegation_recorded") == 1


# People who change.


async def test_when_somebody_leaves_the_next_is_asked_and_mailed(home: House) -> None:
    case = await begun(home)
    await change(home, a_person("head"))
    await look(case)
    assert await asked(case) == {"deputy"}
    assert home.outbox.subjects(DEPUTY) == [SUBJECT]
    async with home.db.read() as session:
        assert case.opening.case in [one.row.id for one in await confidential.of_person(session, home.keys, "deputy")]
        assert case.opening.case not in [one.row.id for one in await confidential.of_person(session, home.keys, "head")]


async def test_whoever_is_recused_is_not_asked_as_the_deputy_of_somebody_who_is_away(home: House) -> None:
    case = await begun(home, recused=("sam", "deputy"))
    today = (await case.history())[0].at.date()
    away = {"deputy": "deputy", "absences": [{"name": "away", "first": today, "last": today}]}
    await change(home, a_person("head", "headteacher", **away))
    await look(case)
    assert await asked(case) == {"head"}


async def test_while_somebody_without_a_deputy_is_away_the_next_of_the_road_is_asked_and_then_finds_it_no_more(
    home: House,
) -> None:
    case = await begun(home)
    today = (await case.history())[0].at.date()
    for away, reached in (([{"name": "away", "first": today, "last": today}], {"head", "deputy"}), ([], {"head"})):
        await change(home, a_person("head", "headteacher", absences=away))
        await look(case)
        assert await asked(case) == reached
        async with home.db.read() as session:
            theirs = [one.row.id for one in await confidential.of_person(session, home.keys, "deputy")]
        assert (case.opening.case in theirs) == ("deputy" in reached)
    assert home.outbox.subjects(DEPUTY) == [SUBJECT]


async def test_who_is_told_changes_with_who_holds_the_seat(home: House) -> None:
    case = await begun(home)
    await change(home, a_person("lead"), a_person("new", "safeguarding_lead"))
    await look(case)
    async with home.db.read() as session:
        assert case.opening.case not in [one.row.id for one in await confidential.of_person(session, home.keys, "lead")]
        assert case.opening.case in [one.row.id for one in await confidential.of_person(session, home.keys, "new")]
    await change(home, a_person("new"))


async def test_one_case_that_cannot_be_looked_at_stops_no_other_and_the_log_does_not_say_which(home: House) -> None:
    lost, case = await begun(home), await begun(home)
    async with home.db.write() as session:
        key = await session.get_one(CaseKeyRow, lost.opening.case)
        kept = key.model_dump()
        await session.execute(delete(CaseKeyRow).where(col(CaseKeyRow.case) == lost.opening.case))
    await change(home, a_person("head"))
    at = (await case.history())[0].at + timedelta(seconds=30)
    forgetful = CaseKeys(home.db, home.keys.ring)
    with capture_logs() as logs:
        await Lookout(home.db, forgetful, Jobs(home.client), lambda: at).look()
    await case.settled()
    assert await asked(case) == {"deputy"}
    failed = [log for log in logs if log["event"] == "lookout_failed"]
    assert failed == [{"event": "lookout_failed", "log_level": "warning", "why": "CaseKeyMissingError"}]
    assert lost.opening.case not in repr(logs)
    async with home.db.write() as session:
        session.add(CaseKeyRow(**kept))


# Logs.


async def test_no_log_has_the_text_of_a_failure(
    home: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    write = confidential.write
    failed: list[bool] = []

    async def fail_once(*arguments: Any) -> Any:
        if not failed:
            failed.append(True)
            secret = "The quicksilver was moved by Zebedee."
            raise ValueError(secret)
        return await write(*arguments)

    monkeypatch.setattr(confidential, "write", fail_once)
    with caplog.at_level(logging.INFO):
        case = await begun(home)
    assert await asked(case) == {"head"}
    assert "quicksilver" not in caplog.text
    assert "Zebedee" not in caplog.text
    told = [record.getMessage() for record in caplog.records if record.name.startswith("temporalio")]
    wanted = f"Completing activity as failed ValueError workflow_id={case.opening.case} activity_type=publish attempt=1"
    assert wanted in told
