"""A case on Temporal: what people get by mail, what races and outages do, and what Temporal gets to see."""

import asyncio
import json
from datetime import timedelta
from email.message import EmailMessage

import pytest
from temporalio.client import Client, WorkflowUpdateFailedError
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.service import RPCError

from domain.cases import Act
from domain.events import Verdict
from domain.names import ACT
from store import audit
from tests.house import Begun, House
from tests.stories import a_directory, a_process, a_step, an_answer, an_opening

STRAIGHT = (an_answer("a1", "manager"), an_answer("a2", "comms"), an_answer("a3", "head"))


async def begun(home: House, key: str, title: str = "Year 9 Science Club") -> Begun:
    home.outbox.messages.clear()
    return await home.begin(an_opening(key=key, title=title), a_directory())


def links_in(mail: EmailMessage) -> set[str]:
    """Return the decision links in the text of a mail."""
    body = mail.get_body(("plain",))
    assert body is not None
    return {word for word in str(body.get_content()).split() if "/d/" in word}


async def test_everybody_gets_the_mail_of_their_step_and_nobody_another(at_home: House) -> None:
    case = await begun(at_home, "mails")
    for act in STRAIGHT:
        assert (await at_home.engine.act(case.opening.case, act)).says == "done"
    assert await case.handle.result() == "approved"
    title = "Year 9 Science Club"
    for decider in ("manager@elms.example", "comms@elms.example", "head@elms.example"):
        assert at_home.outbox.subjects(decider) == [f"Please decide: {title}", f"Your answer was recorded: {title}"]
    assert at_home.outbox.subjects("author@elms.example")[0] == f"We have your request: {title}"
    assert len(at_home.outbox.subjects("author@elms.example")) == 4


async def test_a_reminder_is_in_the_thread_of_its_ask_and_brings_a_link_of_its_own(at_home: House) -> None:
    case = await begun(at_home, "reminder")
    await case.settled()
    await case.pass_time(timedelta(days=9))
    await case.settled()
    ask, *reminders = at_home.outbox.to("manager@elms.example")
    assert reminders
    assert {mail["References"] for mail in reminders} == {ask["References"]}
    links = [links_in(mail) for mail in (ask, *reminders)]
    assert all(len(link) == 1 for link in links)
    assert len(set.union(*links)) == len(links)


async def test_the_same_answer_twice_counts_once_and_gets_the_same_reply(at_home: House) -> None:
    case = await begun(at_home, "twice")
    replies = await asyncio.gather(*(at_home.engine.act(case.opening.case, STRAIGHT[0]) for _ in range(5)))
    assert {reply.says for reply in replies} == {"done"}
    assert [event.kind for event in await case.settled()].count("approved") == 1


async def test_of_two_different_answers_at_once_one_counts_and_the_other_is_told(at_home: House) -> None:
    case = await begun(at_home, "at-once")
    rejection = an_answer("a1", "manager", Verdict.REJECT)
    replies = await asyncio.gather(*(at_home.engine.act(case.opening.case, act) for act in (STRAIGHT[0], rejection)))
    assert sorted(reply.says for reply in replies) in (["already_decided", "done"], ["closed", "done"])
    decisions = [event.kind for event in await case.settled() if event.kind in {"approved", "rejected"}]
    assert len(decisions) == 1


async def test_withdrawing_and_the_last_approval_never_both_happen(at_home: House) -> None:
    for number in range(5):
        opening = an_opening(a_process(a_step("headteacher")), key=f"race-{number}")
        case = await at_home.begin(opening, a_directory())
        withdrawal = Act(kind="withdraw", person="author", how="session")
        await asyncio.gather(*(at_home.engine.act(opening.case, act) for act in (withdrawal, an_answer("a1", "head"))))
        await case.handle.result()
        kinds = {event.kind for event in await case.settled()}
        assert len(kinds & {"approved", "request_withdrawn"}) == 1


async def test_an_answer_to_a_case_that_is_over_is_told_so(at_home: House) -> None:
    case = await begun(at_home, "over")
    for act in STRAIGHT:
        await at_home.engine.act(case.opening.case, act)
    await case.handle.result()
    late = an_answer("a3", "head", Verdict.REJECT)
    assert (await at_home.engine.act(case.opening.case, late)).says in {"closed", "already_decided"}


async def test_a_mail_server_that_is_down_holds_up_no_case_and_gets_the_mail_later(at_home: House) -> None:
    at_home.outbox.answer = "451 come back later"
    case = await begun(at_home, "smtp-down")
    try:
        assert (await at_home.engine.act(case.opening.case, STRAIGHT[0])).says == "done"
        await case.settled()
        assert at_home.outbox.messages == []
    finally:
        at_home.outbox.answer = "250 OK"
    async with asyncio.timeout(30):
        while not at_home.outbox.subjects("comms@elms.example"):
            await asyncio.sleep(0.1)
    # The first ask was answered before its mail could go: that mail is no longer needed.
    assert "Please decide: Year 9 Science Club" not in at_home.outbox.subjects("manager@elms.example")


async def test_temporal_holds_nothing_of_a_case_in_clear(at_home: House) -> None:
    case = await begun(at_home, "sealed", title="MARKER-TITLE")
    await at_home.engine.act(case.opening.case, an_answer("a1", "manager", comment="MARKER-COMMENT"))
    await case.settled()
    history = (await case.handle.fetch_history()).to_json()
    described = str((await case.handle.describe()).raw_description)
    for seen in (history, described):
        assert "MARKER" not in seen
        assert "manager" not in seen
    assert json.loads(history)["events"][0]["workflowExecutionStartedEventAttributes"]["workflowType"]["name"] == "case"


async def test_whoever_reaches_temporal_without_the_key_cannot_speak_in_a_case(at_home: House) -> None:
    case = await begun(at_home, "forged")
    configuration = at_home.client.config()
    configuration["data_converter"] = pydantic_data_converter
    stranger = Client(**configuration).get_workflow_handle(case.opening.case)
    await stranger.signal("act", STRAIGHT[0])
    with pytest.raises((WorkflowUpdateFailedError, RPCError, TimeoutError)):
        async with asyncio.timeout(3):
            await stranger.execute_update(ACT, STRAIGHT[0])
    assert [event.kind for event in await case.settled()] == ["request_submitted", "ask_opened"]
    assert (await at_home.engine.act(case.opening.case, STRAIGHT[0])).says == "done"


async def test_the_chain_of_a_finished_case_verifies(at_home: House) -> None:
    case = await begun(at_home, "chain")
    for act in STRAIGHT:
        await at_home.engine.act(case.opening.case, act)
    await case.handle.result()
    async with at_home.db.read() as session:
        report = await audit.verify(session, at_home.keys)
    assert report.broken == ()
    assert report.events >= len(await case.events())
