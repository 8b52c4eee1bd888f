"""People leave, are away, come back and take over seats: within a minute an open ask reaches whom it should."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta
from itertools import count

import pytest
from sqlalchemy import select
from sqlmodel import col

from activities.jobs import Jobs
from activities.lookout import EVERY, Lookout
from domain.calendar import Period, local_day
from domain.cases import Act
from domain.events import AnyEvent, AskMoved, Verdict
from domain.pack import Process
from domain.people import Person
from store import people, queries
from store.tables import CaseRow, LinkRow
from tests.house import Begun, House
from tests.stories import (
    a_changes,
    a_directory,
    a_lever,
    a_person,
    a_process,
    a_step,
    an_answer,
    an_edit,
    an_opening,
)

TITLE = "Year 9 Science Club"
ASKED = f"Please decide: {TITLE}"
NEXT_MORNING = timedelta(days=1)
HEAD_ALONE = a_process(a_step("headteacher"))
NUMBERS = count(1)


@pytest.fixture
async def home(at_home: House) -> AsyncIterator[House]:
    """Yield a house in which nothing is open but what the test begins: a lookout looks at everything."""
    at_home.outbox.messages.clear()
    yield at_home
    async with at_home.db.read() as session:
        open_ones = (await session.scalars(select(CaseRow).where(col(CaseRow.closed_at).is_(None)))).all()
    for case in open_ones:
        await at_home.engine.act(case.id, Act(kind="withdraw", person=case.author, how="session"))


def a_lookout(home: House, at: datetime) -> Lookout:
    return Lookout(home.db, home.keys, Jobs(home.client), lambda: at)


async def change(home: House, *changed: Person) -> None:
    async with home.db.write() as session:
        await people.save(session, changed)


async def begun(home: House, *more: Person, process: Process = HEAD_ALONE) -> Begun:
    """Begin a request that the headteacher alone decides, or another."""
    case = await home.begin(an_opening(process, key=f"people-{next(NUMBERS)}"), a_directory(*more))
    await case.settled()
    return case


async def opened_on(case: Begun) -> datetime:
    return (await case.history())[0].at


async def asked(case: Begun, ask: str = "a1") -> set[str]:
    async with case.house.db.read() as session:
        return {one.person for one in (await queries.reached(session, case.opening.case)).get(ask, ())}


async def link_states(home: House, person: str) -> set[str]:
    async with home.db.read() as session:
        return set(await session.scalars(select(col(LinkRow.status)).where(col(LinkRow.person) == person)))


def moves(events: list[AnyEvent]) -> list[AskMoved]:
    return [event for event in events if isinstance(event, AskMoved)]


async def test_an_ask_of_somebody_who_left_goes_to_those_who_stand_in_and_their_link_dies(home: House) -> None:
    case = await begun(home)
    at = await opened_on(case)
    await change(home, a_person("head", "headteacher", leaves_on=local_day(at) - timedelta(days=1)))
    await a_lookout(home, at).look()
    await case.settled()
    assert await asked(case) == {"deputy"}
    assert home.outbox.subjects("deputy@elms.example") == [ASKED]
    assert await link_states(home, "head") == {"closed"}
    assert (await home.engine.act(case.opening.case, an_answer("a1", "head"))).says == "not_asked"
    assert (await home.engine.act(case.opening.case, an_answer("a1", "deputy"))).says == "done"


async def test_a_last_day_that_passes_at_midnight_moves_the_ask_though_nobody_changes_anything(home: House) -> None:
    case = await begun(home)
    at = await opened_on(case)
    await change(home, a_person("head", "headteacher", leaves_on=local_day(at)))
    lookout = a_lookout(home, at)
    await lookout.look()
    assert moves(await case.settled()) == []
    await case.pass_time(NEXT_MORNING)
    await a_lookout(home, at + NEXT_MORNING).look()
    await case.settled()
    assert await asked(case) == {"deputy"}
    assert await link_states(home, "head") == {"closed"}


async def test_an_absence_that_begins_brings_in_the_deputy_and_one_that_ends_takes_them_out(home: House) -> None:
    case = await begun(home, a_person("vice"))
    at = await opened_on(case)
    first = local_day(at) + NEXT_MORNING
    away = Period(name="away", first=first, last=first)
    await change(home, a_person("head", "headteacher", deputy="vice", absences=(away,)))
    await a_lookout(home, at).look()
    assert moves(await case.settled()) == []
    await case.pass_time(NEXT_MORNING)
    await a_lookout(home, at + NEXT_MORNING).look()
    await case.settled()
    assert await asked(case) == {"head", "vice"}
    (mail,) = home.outbox.to("vice@elms.example")
    body = mail.get_body(("plain",))
    assert body is not None
    assert "You are asked in place of Head, who is away." in body.get_content()
    assert home.outbox.subjects("head@elms.example") == [ASKED]
    await case.pass_time(NEXT_MORNING)
    await a_lookout(home, at + 2 * NEXT_MORNING).look()
    await case.settled()
    assert await asked(case) == {"head"}
    assert await link_states(home, "vice") == {"closed"}
    assert (await home.engine.act(case.opening.case, an_answer("a1", "vice"))).says == "not_asked"


async def test_administrators_hear_of_a_vacant_seat_and_whoever_fills_it_gets_the_mail(home: House) -> None:
    case = await begun(home, a_person("ada", administrator=True), process=a_process(a_step("registrar")))
    assert home.outbox.subjects("ada@elms.example") == [f"Nobody can be asked: {TITLE}"]
    await change(home, a_person("reg", "registrar"))
    await a_lookout(home, await opened_on(case)).look()
    await case.settled()
    assert home.outbox.subjects("reg@elms.example") == [ASKED]
    assert (await home.engine.act(case.opening.case, an_answer("a1", "reg"))).says == "done"


async def test_an_author_who_takes_over_the_seat_is_not_asked_for_their_own_request(home: House) -> None:
    case = await begun(home)
    await change(home, a_person("author", "headteacher", line_manager="manager"), a_person("head"))
    await a_lookout(home, await opened_on(case)).look()
    await case.settled()
    assert await asked(case) == {"deputy"}


async def test_an_ask_that_reaches_the_same_people_is_left_alone(home: House) -> None:
    case = await begun(home)
    lookout = a_lookout(home, await opened_on(case))
    await change(home, a_person("newcomer"))
    for _ in range(3):
        await lookout.look()
    assert moves(await case.settled()) == []


async def test_two_lookouts_and_a_second_look_move_an_ask_once(home: House) -> None:
    case = await begun(home)
    at = await opened_on(case)
    await change(home, a_person("head", leaves_on=date(2020, 1, 1)))
    lookouts = [a_lookout(home, at), a_lookout(home, at)]
    await asyncio.gather(*(lookout.look() for lookout in lookouts))
    for lookout in lookouts:
        await lookout.look()
    assert len(moves(await case.settled())) == 1
    assert home.outbox.subjects("deputy@elms.example") == [ASKED]


async def test_of_many_asks_each_moves_wherever_it_stands_in_the_list(
    home: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("activities.lookout._CHUNK", 2)
    cases = [await begun(home) for _ in range(5)]
    await change(home, a_person("head"))
    await a_lookout(home, await opened_on(cases[0])).look()
    for case in cases:
        await case.settled()
        assert await asked(case) == {"deputy"}


async def test_a_case_that_temporal_does_not_know_any_more_keeps_no_other_from_moving(home: House) -> None:
    lost = await begun(home)
    case = await begun(home)
    await lost.handle.terminate()
    await change(home, a_person("head"))
    await a_lookout(home, await opened_on(case)).look()
    await case.settled()
    assert await asked(case) == {"deputy"}


class Deaf(Jobs):
    """Temporal that does not answer."""

    async def act(self, case: str, act: Act) -> None:
        del case, act
        raise TimeoutError


async def test_a_look_that_fails_is_made_up_for_by_the_next(home: House) -> None:
    case = await begun(home)
    at = await opened_on(case)
    await change(home, a_person("head"))
    marks: dict[str, tuple[str, int, bool]] = {}
    await Lookout(home.db, home.keys, Deaf(home.client), lambda: at, marks).look()
    assert moves(await case.settled()) == []
    await Lookout(home.db, home.keys, Jobs(home.client), lambda: at, marks).look()
    await case.settled()
    assert await asked(case) == {"deputy"}


async def test_after_an_outage_of_an_hour_the_ask_of_somebody_who_left_moves_within_a_minute(home: House) -> None:
    case = await begun(home)
    at = await opened_on(case)
    await change(home, a_person("head"))
    marks: dict[str, tuple[str, int, bool]] = {}
    for _ in range(int(3600 / EVERY)):
        await Lookout(home.db, home.keys, Deaf(home.client), lambda: at, marks).look()
    assert moves(await case.settled()) == []
    for _ in range(int(60 / EVERY)):
        await Lookout(home.db, home.keys, Jobs(home.client), lambda: at, marks).look()
    await case.settled()
    assert await asked(case) == {"deputy"}
    assert (await home.engine.act(case.opening.case, an_answer("a1", "head"))).says == "not_asked"


async def test_what_keeps_failing_is_looked_for_more_rarely_and_no_more_once_it_went_well(home: House) -> None:
    tried: list[Act] = []

    class Counted(Deaf):
        async def act(self, case: str, act: Act) -> None:
            if case == ours.opening.case:
                tried.append(act)
                if len(tried) <= 30:
                    await super().act(case, act)

    ours = await begun(home)
    at = await opened_on(ours)
    await change(home, a_person("head"))
    lookout = Lookout(home.db, home.keys, Counted(home.client), lambda: at)
    for _ in range(60):
        await lookout.look()
    assert len(tried) == 30
    for _ in range(60):
        await lookout.look()
    assert len(tried) == 31


# An author who is asked for changes.

RETURNED = an_answer("a1", "head", Verdict.RETURN)
CHANGED = f"Please change your request: {TITLE}"
BACK_TO_HEAD = a_process(a_step("headteacher"), changes=a_changes(back_to="headteacher", ahead=None))
SENT_BY_SECRETARY = (a_person("secretary"), a_person("ada", administrator=True))


async def returned(home: House, *more: Person, starter: str = "author") -> Begun:
    """Return a request that came back for changes to its author, and to whoever sent it."""
    opening = an_opening(BACK_TO_HEAD, key=f"people-{next(NUMBERS)}", starter=starter)
    case = await home.begin(opening, a_directory(*more))
    await case.settled()
    assert (await home.engine.act(case.opening.case, RETURNED)).says == "done"
    await case.settled()
    home.outbox.messages.clear()
    return case


async def test_when_an_author_leaves_who_is_asked_for_changes_whoever_sent_it_goes_on_being_asked(home: House) -> None:
    case = await returned(home, *SENT_BY_SECRETARY, starter="secretary")
    at = await opened_on(case)
    assert await asked(case, "a2") == {"author", "secretary"}
    await change(home, a_person("author", leaves_on=local_day(at) - timedelta(days=1)))
    await a_lookout(home, at).look()
    await case.settled()
    assert await asked(case, "a2") == {"secretary"}
    assert home.outbox.messages == []


async def test_when_nobody_is_left_to_change_a_request_administrators_hear_of_it_and_can_cancel_it(home: House) -> None:
    case = await returned(home, *SENT_BY_SECRETARY)
    at = await opened_on(case)
    await change(home, a_person("author", leaves_on=local_day(at) - timedelta(days=1)))
    lookout = a_lookout(home, at)
    for _ in range(3):
        await lookout.look()
    assert len(moves(await case.settled())) == 1
    assert await asked(case, "a2") == set()
    (mail,) = home.outbox.to("ada@elms.example")
    body = mail.get_body(("plain",))
    assert body is not None
    assert mail["Subject"] == f"Nobody can be asked: {TITLE}"
    assert "Its author was asked to change it, and has left." in body.get_content()
    assert "Cancel it on its page" in body.get_content()
    assert (await home.engine.act(case.opening.case, a_lever("cancel", "ada"))).says == "done"
    assert await case.handle.result() == "cancelled"


async def test_an_author_who_comes_back_is_asked_for_changes_again_and_can_make_them(home: House) -> None:
    case = await returned(home)
    at = await opened_on(case)
    for person in (a_person("author", leaves_on=date(2020, 1, 1)), a_person("author")):
        await change(home, person)
        await a_lookout(home, at).look()
        await case.settled()
    assert await asked(case, "a2") == {"author"}
    assert home.outbox.subjects("author@elms.example") == [CHANGED]
    edit = an_edit(case.opening.request, title="Year 9 Chemistry Club")
    assert (await home.engine.act(case.opening.case, edit)).says == "done"


async def test_an_author_whom_an_administrator_reminds_reads_that_it_is_a_reminder(home: House) -> None:
    case = await returned(home, *SENT_BY_SECRETARY)
    assert (await home.engine.act(case.opening.case, a_lever("remind", "ada", ask="a2"))).says == "done"
    await case.settled()
    assert home.outbox.subjects("author@elms.example") == [f"Reminder: please change your request: {TITLE}"]


async def test_besides_a_holder_whose_absence_begins_without_a_deputy_who_stands_in_is_asked(home: House) -> None:
    case = await begun(home)
    at = await opened_on(case)
    away = Period(name="away", first=local_day(at), last=local_day(at))
    await change(home, a_person("head", "headteacher", absences=(away,)))
    await a_lookout(home, at).look()
    await case.settled()
    assert await asked(case) == {"head", "deputy"}
    assert home.outbox.subjects("deputy@elms.example") == [ASKED]
    await case.pass_time(NEXT_MORNING)
    await a_lookout(home, at + NEXT_MORNING).look()
    await case.settled()
    assert await asked(case) == {"head"}
    assert (await home.engine.act(case.opening.case, an_answer("a1", "deputy"))).says == "not_asked"
