"""The mail server is down, for days, or refuses somebody: nothing is lost, nothing comes twice, no case waits."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from temporalio.service import RPCError

import activities.records
from domain.events import Extended, Verdict
from domain.pack import Process
from domain.people import Person
from starter.runs import run_of
from store import asks, people, queries
from store.records import Written, write_batch
from store.tables import MailRow
from tests.house import Begun, House
from tests.stories import a_changes, a_directory, a_person, a_process, a_step, an_answer, an_opening

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


def told(**clocks: object) -> Process:
    """Return a request that the headteacher alone decides, in the time that runs from being told."""
    return a_process(a_step("headteacher", **{"runs_from_told": True, "remind_on": (), "escalate_on": 9, **clocks}))


async def extended(case: Begun) -> list[Extended]:
    """Return how the time to answer was extended, once it was."""
    async with asyncio.timeout(60):
        while not [event for event in await case.events() if isinstance(event, Extended)]:
            await asyncio.sleep(0.05)
    return [event for event in await case.settled() if isinstance(event, Extended)]


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


async def corrected(case: Begun, person: str = "head", template: str = "ask") -> None:
    """Have what waits for somebody mailed once more, as when their address was corrected; wait until it went."""
    home, before = case.house, len(await went(case, person, template))
    async with home.db.write() as session:
        queued = await asks.mail_again(session, person, f"slip-{next(NUMBERS)}", home.clock())
    for mail in queued:
        await home.engine.send_mail(mail)
    async with asyncio.timeout(60):
        while len(await went(case, person, template)) == before:
            await asyncio.sleep(0.05)


async def went(case: Begun, person: str = "head", template: str = "ask") -> list[MailRow]:
    """Return the mails of a case by which somebody was asked, and that went."""
    async with case.house.db.read() as session:
        rows = await queries.mails_of(session, case.opening.case)
    return [row for row in rows if (row.person, row.template) == (person, template) and row.sent_at is not None]


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


async def test_a_mail_server_that_wants_a_sign_in_first_gets_every_mail_once_that_is_put_right(home: House) -> None:
    home.outbox.answer = "530 5.7.0 Authentication required"
    case = await begun(home)
    mail = (await mails(case))["head", "ask"]
    assert (mail.refused_at, mail.sent_at) == (None, None)
    home.outbox.answer = "250 OK"
    async with asyncio.timeout(30):
        while not home.outbox.to(HEAD):
            await asyncio.sleep(0.05)
    assert home.outbox.subjects(HEAD) == [ASKED]


async def test_a_clock_that_runs_from_being_told_gives_back_the_days_of_the_outage(home: House) -> None:
    home.outbox.answer = "451 come back later"
    case = await begun(home, process=told())
    await pass_time(case, A_WEEK)
    home.outbox.answer = "250 OK"
    (more,) = await extended(case)
    assert (more.days, more.by) == (5, None)


async def test_such_a_clock_gives_back_the_days_for_which_nothing_could_be_put_on_record(
    home: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    back = home.clock.ahead + A_WEEK

    async def away(*anything: Any) -> Written:
        if home.clock.ahead < back:
            raise OSError
        return await write_batch(*anything)

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(activities.records, "write_batch", away)
        opening = an_opening(told(), key=f"outage-{next(NUMBERS)}")
        case = await home.begin(opening, a_directory())
        run = None
        while run is None or not run.pending or run.pending[0].attempt < 2:
            run = await run_of(home.client, opening.case)
            await asyncio.sleep(0.02)
        home.clock.ahead += A_WEEK
        await case.pass_time(A_WEEK)
        (more,) = await extended(case)
    assert (more.days, more.by) == (5, None)
    assert len(await went(case)) == 1


async def test_such_a_clock_gives_back_the_days_until_an_address_that_was_refused_is_corrected(home: House) -> None:
    home.outbox.answer = "550 no such mailbox"
    case = await begun(home, process=told())
    home.outbox.answer = "250 OK"
    await pass_time(case, A_WEEK)
    await corrected(case)
    (more,) = await extended(case)
    assert (more.days, more.by) == (5, None)
    await pass_time(case, TWO_DAYS)
    await corrected(case)
    assert len(await extended(case)) == 1


async def test_an_author_whose_address_was_refused_is_asked_for_changes_anew_and_has_their_time(home: House) -> None:
    changes = a_changes(back_to="headteacher", ahead=None, remind_on=(), runs_from_told=True)
    case = await begun(home, process=a_process(a_step("headteacher"), changes=changes))
    home.outbox.answer = "550 no such mailbox"
    returned = an_answer("a1", "head", Verdict.RETURN, comment="Name the pupils.")
    assert (await home.engine.act(case.opening.case, returned)).says == "done"
    await case.settled()
    home.outbox.answer = "250 OK"
    await pass_time(case, A_WEEK)
    home.outbox.messages.clear()
    await corrected(case, "author", "changes")
    (more,) = await extended(case)
    assert (more.step, more.days) == (changes.key, 5)
    assert f"Please change your request: {TITLE}" in home.outbox.subjects("author@elms.example")


async def test_whoever_was_told_has_no_more_time_because_their_address_changes(home: House) -> None:
    case = await begun(home, process=told())
    await pass_time(case, A_WEEK)
    await corrected(case)
    assert [row.about is None for row in await went(case)] == [False, True]
    assert "extended" not in [event.kind for event in await case.settled()]


async def test_a_mail_that_goes_on_the_day_of_its_ask_takes_no_job(home: House) -> None:
    case = await begun(home, process=told())
    (mail,) = await went(case)
    with pytest.raises(RPCError, match="not found"):
        await home.client.get_activity_handle(f"mail-{mail.id}").describe()


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
