"""The mail server is down, for days, or refuses somebody: nothing is lost, nothing comes twice, no case waits."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from itertools import count

import pytest

from domain.events import Extended
from domain.pack import Process
from domain.people import Person
from store import people, queries
from store.tables import MailRow
from tests.house import Begun, House
from tests.stories import a_directory, a_person, a_process, a_step, an_answer, an_opening

TITLE = "Year 9 Science Club"
ASKED = f"Please decide: {TITLE}"
REMINDED = f"Reminder: please decide: {TITLE}"
RECEIVED = f"We have your request: {TITLE}"
HEAD = "head@elms.example"
TWO_DAYS = timedelta(days=2)
A_WEEK = timedelta(weeks=1)
NUMBERS = count(1)


@pytest.fixture
async def home(at_home: House) -> AsyncIterator[House]:
    """Yield a house with an empty mail server that takes everything, after the test too."""
    at_home.outbox.messages.clear()
    yield at_home
    at_home.outbox.answer = "250 OK"
    at_home.clock.ahead = timedelta()


async def begun(home: House, *more: Person, process: Process | None = None) -> Begun:
    """Begin a request that the headteacher alone decides, or another."""
    process = process or a_process(a_step("headteacher"))
    case = await home.begin(an_opening(process, key=f"outage-{next(NUMBERS)}"), a_directory(*more))
    await case.settled()
    return case


async def until(true: Callable[[], bool]) -> None:
    """Wait for what a job that tries again every few seconds will do."""
    async with asyncio.timeout(60):
        while not true():
            await asyncio.sleep(0.05)


async def pass_time(case: Begun, span: timedelta) -> None:
    """Let `span` pass for the case and for the worker."""
    case.house.clock.ahead += span
    await case.pass_time(span)
    await case.settled()


async def mails(case: Begun) -> dict[tuple[str, str], MailRow]:
    """Return the mails of a case, by person and template."""
    async with case.house.db.read() as session:
        return {(row.person, row.template): row for row in await queries.mails_of(session, case.opening.case)}


async def test_after_two_days_without_a_mail_server_every_mail_comes_once(home: House) -> None:
    await home.outbox.close()
    case = await begun(home, process=a_process(a_step("headteacher", remind_on=(1,))))
    await pass_time(case, 2 * TWO_DAYS)
    await home.outbox.open()
    await until(lambda: len(home.outbox.to(HEAD)) == 2 and len(home.outbox.to("author@elms.example")) == 1)
    await until(lambda: {*home.outbox.subjects(HEAD)} == {ASKED, REMINDED})
    assert home.outbox.subjects("author@elms.example") == [RECEIVED]
    ids = [message["Message-ID"] for message in home.outbox.messages]
    assert len(ids) == len(set(ids))
    assert (await home.engine.act(case.opening.case, an_answer("a1", "head"))).says == "done"
    await case.settled()


async def test_mail_to_somebody_who_is_asked_no_more_is_dropped_and_those_who_are_get_theirs(home: House) -> None:
    home.outbox.answer = "451 come back later"
    case = await begun(home)
    async with home.db.write() as session:
        await people.save(session, (a_person("head"),))
    await home.lookout.look()
    await case.settled()
    home.outbox.answer = "250 OK"
    await until(lambda: bool(home.outbox.subjects("deputy@elms.example")))
    async with asyncio.timeout(30):
        while (await mails(case))["head", "ask"].dropped_at is None:
            await asyncio.sleep(0.05)
    assert home.outbox.to(HEAD) == []
    assert home.outbox.subjects("deputy@elms.example") == [ASKED]


async def test_an_address_that_is_refused_for_good_is_noted_and_the_case_goes_on(home: House) -> None:
    home.outbox.answer = "550 no such mailbox"
    case = await begun(home)
    home.outbox.answer = "250 OK"
    assert (await mails(case))["head", "ask"].refused_at is not None
    assert (await home.engine.act(case.opening.case, an_answer("a1", "head"))).says == "done"
    await case.handle.result()
    assert home.outbox.to(HEAD)[0]["Subject"] == f"Your answer was recorded: {TITLE}"


async def test_a_clock_that_runs_from_being_told_gives_back_the_days_of_the_outage(home: House) -> None:
    home.outbox.answer = "451 come back later"
    case = await begun(home, process=a_process(a_step("headteacher", runs_from_told=True, remind_on=(), escalate_on=9)))
    await pass_time(case, A_WEEK)
    home.outbox.answer = "250 OK"
    async with asyncio.timeout(60):
        while not [event for event in await case.events() if isinstance(event, Extended)]:
            await asyncio.sleep(0.05)
    (extended,) = [event for event in await case.settled() if isinstance(event, Extended)]
    assert (extended.days, extended.by) == (5, None)


async def test_another_clock_runs_on_while_nobody_gets_mail(home: House) -> None:
    home.outbox.answer = "451 come back later"
    case = await begun(home, process=a_process(a_step("headteacher", remind_on=(), escalate_on=9)))
    await pass_time(case, A_WEEK)
    home.outbox.answer = "250 OK"
    await until(lambda: bool(home.outbox.to(HEAD)))
    async with asyncio.timeout(30):
        while (await mails(case))["head", "ask"].sent_at is None:
            await asyncio.sleep(0.05)
    assert "extended" not in [event.kind for event in await case.settled()]
