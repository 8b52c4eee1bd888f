"""Whom an ask reaches: stand-ins, vacancies and absences, and that nobody ever decides their own request."""

import asyncio
from datetime import date, timedelta
from typing import Any

import pytest

from domain.asking import whom
from domain.cases import Act, Opening
from domain.events import AskMoved, AskOpened, Escalated
from domain.pack import DifferentPeople, EventMatch, Process, Seat
from domain.people import Asked, Directory, Holding, Person
from store import people, queries
from tests.house import Begun, House
from tests.stories import (
    BEGINS,
    SCHOOL,
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
from workflows.explorer import Played, TimePasses, play
from workflows.site_creation import SiteCreation

TODAY = BEGINS.date()
AWAY = {"name": "away", "first": TODAY, "last": TODAY + timedelta(days=30)}
LONG_AWAY = {"name": "away", "first": date(2020, 1, 1), "last": date(2040, 1, 1)}
TWO_PEOPLE = DifferentPeople(
    rule="different_people",
    key="two-people",
    first=EventMatch(event=("approved",), step="line_manager"),
    then=EventMatch(event=("approved",), step="headteacher"),
    clause="16.6",
)
LADDER = (
    Seat(key="line_manager", title="Line manager", from_field="line_manager", stands_in=("headteacher", "chair")),
    Seat(key="headteacher", title="Headteacher", stands_in=("deputy_headteacher", "chair")),
    Seat(key="deputy_headteacher", title="Deputy headteacher"),
    Seat(key="chair", title="Chair of governors"),
)
TWO_STEPS = a_process(a_step("line_manager"), a_step("headteacher"), rules=(TWO_PEOPLE,), changes=a_changes(ahead=None))
CHAIR = a_person("chair", "chair")
ADMIN = a_person("admin", administrator=True)
ASIDE = Act(kind="step_aside", person="manager", how="link", ask="a1", comment="The author is my sister.")


def an_opening_with_a_ladder(process: Process = TWO_STEPS, key: str = "ladder", **request: Any) -> Opening:
    """Return the opening of a request that the line manager and the headteacher approve, with those who stand in."""
    opening = an_opening(process, key)
    return opening.model_copy(
        update={"seats": LADDER, "request": opening.request.model_copy(update=request)},
    )


def a_school(*changed: Person) -> Directory:
    """Return the small school with a chair and an administrator, `changed` in place of whom it has by that name."""
    everybody = {one.id: one for one in (*a_directory().people, CHAIR, ADMIN, *changed)}
    return Directory(people=tuple(everybody.values()))


def played(*moves: Act | TimePasses, school: Directory | None = None, opening: Opening | None = None) -> Played:
    return play(SiteCreation(), opening or an_opening_with_a_ladder(), school or a_school(), BEGINS, moves)


def who(play_: Played, ask: str) -> list[str]:
    """Return whom an ask reaches."""
    return [one.person for one in play_.asked[ask]]


# Absent, gone, vacant.


def test_an_absent_holder_and_the_deputy_are_asked_and_the_record_names_both() -> None:
    school = a_school(
        a_person("manager", deputy="standing_in", absences=(AWAY,)),
        a_person("standing_in"),
    )
    opened = next(said.event for said in played(school=school).events if isinstance(said.event, AskOpened))
    assert opened.asked == (
        Asked(person="manager", seat="line_manager"),
        Asked(person="standing_in", seat="line_manager", instead_of="manager"),
    )


@pytest.mark.parametrize("answers", ["manager", "standing_in"])
def test_of_an_absent_holder_and_the_deputy_either_decides_and_the_other_is_told(answers: str) -> None:
    school = a_school(a_person("manager", deputy="standing_in", absences=(AWAY,)), a_person("standing_in"))
    other = {"manager": "standing_in", "standing_in": "manager"}[answers]
    end = played(an_answer("a1", answers), an_answer("a1", other), school=school)
    assert [reply.says for reply in end.replies] == ["done", "already_decided"]
    assert getattr(end.replies[1].decision, "by", None) == answers


def test_somebody_who_has_left_is_not_asked_and_their_deputy_is_not_either() -> None:
    gone = a_person("manager", deputy="standing_in", leaves_on=TODAY - timedelta(days=1))
    assert who(played(school=a_school(gone, a_person("standing_in"))), "a1") == ["head"]


def test_on_the_day_of_leaving_somebody_is_still_asked() -> None:
    assert who(played(school=a_school(a_person("manager", leaves_on=TODAY))), "a1") == ["manager"]


def test_a_vacant_seat_is_answered_for_by_the_next_that_somebody_holds() -> None:
    nobody = a_school(a_person("manager", leaves_on=date(2020, 1, 1)), a_person("head"))
    assert who(played(school=nobody), "a1") == ["chair"]


def test_an_ask_that_a_stand_in_does_not_answer_either_goes_further_up() -> None:
    vacant = a_school(a_person("manager", leaves_on=date(2020, 1, 1)))
    end = played(TimePasses(until=BEGINS + timedelta(days=14)), school=vacant)
    assert [said.event.kind for said in end.events].count("escalated") == 1
    assert who(end, "a1") == ["head", "chair"]


# Separation of duties.


def test_an_author_who_is_their_own_line_manager_is_decided_by_who_stands_in() -> None:
    answers = an_opening().request.answers | {"line_manager": "author"}
    end = played(an_answer("a1", "author"), opening=an_opening_with_a_ladder(answers=answers))
    assert who(end, "a1") == ["head"]
    assert end.replies[0].says == "not_asked"


def test_a_headteacher_who_is_the_author_is_decided_by_the_deputy_headteacher() -> None:
    head = an_opening_with_a_ladder(author="head", starter="head")
    end = played(an_answer("a1", "manager"), an_answer("a2", "head"), opening=head)
    assert who(end, "a2") == ["deputy"]
    assert end.replies[1].says == "not_asked"


def test_whoever_started_the_request_for_somebody_decides_it_no_more_than_the_author() -> None:
    for_author = an_opening_with_a_ladder(starter="manager")
    assert who(played(opening=for_author), "a1") == ["head"]


def test_a_line_manager_who_is_the_headteacher_approves_once_and_the_deputy_does_the_rest() -> None:
    answers = an_opening().request.answers | {"line_manager": "head"}
    opening = an_opening_with_a_ladder(answers=answers)
    end = played(an_answer("a1", "head"), an_answer("a2", "head"), an_answer("a2", "deputy"), opening=opening)
    assert who(end, "a2") == ["deputy"]
    assert [reply.says for reply in end.replies] == ["done", "not_asked", "done"]
    assert end.standing.outcome == "approved"


def test_without_a_rule_of_two_people_the_same_person_may_decide_in_two_seats() -> None:
    answers = an_opening().request.answers | {"line_manager": "head"}
    opening = an_opening_with_a_ladder(a_process(a_step("line_manager"), a_step("headteacher")), answers=answers)
    end = played(an_answer("a1", "head"), an_answer("a2", "head"), opening=opening)
    assert end.standing.outcome == "approved"


@pytest.mark.parametrize("answers", ["manager", "head"])
def test_where_the_deputy_of_an_absent_holder_is_the_author_who_stands_in_is_asked_as_well(answers: str) -> None:
    absent = a_school(a_person("manager", deputy="author", absences=(AWAY,)))
    end = played(an_answer("a1", "author"), an_answer("a1", answers), school=absent)
    assert who(end, "a1") == ["manager", "head"]
    assert [reply.says for reply in end.replies] == ["not_asked", "done"]


def test_where_an_absent_holder_has_no_deputy_who_stands_in_is_asked_as_well_and_never_the_author() -> None:
    absent = a_school(a_person("manager", absences=(AWAY,)))
    assert who(played(school=absent), "a1") == ["manager", "head"]
    by_head = an_opening_with_a_ladder(author="head", starter="head")
    assert who(played(school=absent, opening=by_head), "a1") == ["manager", "chair"]


def test_a_headteacher_who_decided_for_an_absent_line_manager_does_not_decide_for_their_own_seat_too() -> None:
    absent = a_school(a_person("manager", absences=(AWAY,)))
    end = played(an_answer("a1", "head"), an_answer("a2", "head"), an_answer("a2", "deputy"), school=absent)
    assert [reply.says for reply in end.replies] == ["done", "not_asked", "done"]


def test_where_those_who_stand_in_are_asked_already_an_ask_that_is_not_answered_goes_further_up() -> None:
    absent = a_school(a_person("manager", absences=(AWAY,)))
    end = played(TimePasses(until=BEGINS + timedelta(days=14)), school=absent)
    assert who(end, "a1") == ["manager", "head", "chair"]


def test_who_may_not_decide_passes_it_on_to_no_deputy_of_their_own() -> None:
    head = a_person("head", "headteacher", deputy="standing_in", absences=(AWAY,))
    school = a_school(head, a_person("standing_in"))
    assert who(
        played(an_answer("a1", "manager"), school=school, opening=an_opening_with_a_ladder(author="head")), "a2"
    ) == ["deputy"]


def test_when_the_head_and_the_deputy_may_not_decide_the_chair_does() -> None:
    opening = an_opening_with_a_ladder(author="head", starter="deputy")
    assert who(played(an_answer("a1", "manager"), opening=opening), "a2") == ["chair"]


def test_where_nobody_is_left_the_case_waits_and_nothing_is_decided() -> None:
    empty = a_school(a_person("manager", leaves_on=date(2020, 1, 1)), a_person("head"), a_person("chair"))
    end = played(TimePasses(until=BEGINS + timedelta(days=365)), school=empty)
    assert who(end, "a1") == []
    assert end.standing.outcome is None
    assert [ask.ask for ask in end.standing.asks] == ["a1"]


# Stepping aside.


def test_somebody_who_steps_aside_is_replaced_by_who_stands_in() -> None:
    end = played(ASIDE, an_answer("a1", "manager"), an_answer("a1", "head"))
    moved = next(said.event for said in end.events if isinstance(said.event, AskMoved))
    assert (moved.why, moved.by, moved.comment) == ("stepped_aside", "manager", "The author is my sister.")
    assert [reply.says for reply in end.replies] == ["done", "not_asked", "done"]


def test_stepping_aside_wants_a_reason_and_an_open_ask_that_reached_them() -> None:
    assert played(ASIDE.model_copy(update={"comment": " "})).replies[0].says == "incomplete"
    assert played(ASIDE.model_copy(update={"person": "head"})).replies[0].says == "not_asked"
    assert played(an_answer("a1", "manager"), ASIDE).replies[1].says == "closed"


def test_whoever_stepped_aside_is_not_asked_again_in_that_case_by_any_step_or_edit() -> None:
    head_is_manager = an_opening_with_a_ladder(answers=an_opening().request.answers | {"line_manager": "head"})
    aside = ASIDE.model_copy(update={"person": "head"})
    end = played(aside, an_answer("a1", "chair"), opening=head_is_manager)
    assert who(end, "a1") == ["chair"]
    assert who(end, "a2") == ["deputy"]
    changed = an_edit(head_is_manager.request, title="New")
    again = played(aside, an_answer("a1", "chair"), changed, opening=head_is_manager)
    assert who(again, "a3") == ["chair"]


def test_who_stepped_aside_is_not_brought_back_by_an_escalation() -> None:
    aside = ASIDE.model_copy(update={"person": "head", "ask": "a2"})
    end = played(an_answer("a1", "manager"), aside, TimePasses(until=BEGINS + timedelta(days=30)))
    assert "head" not in who(end, "a2")
    assert any(isinstance(said.event, Escalated) for said in end.events)


def test_stepping_aside_takes_somebody_out_of_every_open_ask() -> None:
    both = a_process(a_step("both", "line_manager", "headteacher"))
    opening = an_opening_with_a_ladder(both, answers=an_opening().request.answers | {"line_manager": "head"})
    end = played(ASIDE.model_copy(update={"person": "head"}), opening=opening)
    assert (who(end, "a1"), who(end, "a2")) == (["chair"], ["deputy"])


# Asked of somebody else by an administrator.


def test_an_administrator_has_somebody_else_asked_and_who_was_asked_before_is_not_any_more() -> None:
    end = played(a_lever("reassign", ask="a1", to="comms"), an_answer("a1", "manager"), an_answer("a1", "comms"))
    assert [reply.says for reply in end.replies] == ["done", "not_asked", "done"]


@pytest.mark.parametrize("to", ["author", "admin"])
def test_an_ask_is_given_neither_to_the_author_nor_to_whoever_gives_it(to: str) -> None:
    end = played(a_lever("reassign", ask="a1", to=to))
    assert end.replies[0].says == "not_offered"
    assert who(end, "a1") == ["manager"]


def test_an_ask_is_given_neither_to_who_sent_the_request_nor_to_who_stepped_aside_nor_to_whom_a_rule_bars() -> None:
    started = an_opening_with_a_ladder(starter="comms")
    assert played(a_lever("reassign", ask="a1", to="comms"), opening=started).replies[0].says == "not_offered"
    assert played(ASIDE, a_lever("reassign", ask="a1", to="manager")).replies[1].says == "not_offered"
    barred = played(an_answer("a1", "manager"), a_lever("reassign", ask="a2", to="manager"))
    assert barred.replies[1].says == "not_offered"


@pytest.mark.parametrize("admin", ["author", "manager"])
def test_who_wrote_the_request_or_decided_in_it_gives_no_ask_to_anybody(admin: str) -> None:
    end = played(an_answer("a1", "manager"), a_lever("reassign", admin, ask="a2", to="comms"))
    assert end.replies[1].says == "not_offered"


def test_an_ask_given_to_an_absent_person_does_not_come_back_to_the_administrator_as_their_deputy() -> None:
    school = a_school(a_person("comms", deputy="admin", absences=(AWAY,)))
    end = played(a_lever("reassign", ask="a1", to="comms"), an_answer("a1", "admin"), school=school)
    assert "admin" not in who(end, "a1")
    assert end.replies[1].says == "not_asked"


def test_an_ask_given_to_somebody_who_left_does_not_come_to_the_administrator_who_stands_in() -> None:
    school = a_school(a_person("head", "headteacher", administrator=True), a_person("gone", leaves_on="2020-01-01"))
    end = played(a_lever("reassign", "head", ask="a1", to="gone"), school=school)
    assert "head" not in who(end, "a1")


# By any road.


def test_an_author_is_reached_by_no_seat_deputy_or_escalation_that_the_directory_can_name() -> None:
    author = a_person("author", "headteacher", "deputy_headteacher", "chair", "line_manager")
    others = [a_person(key, deputy="author", absences=(AWAY,)) for key in ("manager", "head", "deputy")]
    school = Directory(people=(author, *others, ADMIN))
    moves = (
        a_lever("reassign", ask="a1", to="author"),
        a_lever("reassign", ask="a1", to="deputy"),
        TimePasses(until=BEGINS + timedelta(days=60)),
    )
    for count in range(len(moves) + 1):
        end = played(*moves[:count], an_answer("a1", "author"), school=school)
        assert "author" not in who(end, "a1")
        assert end.replies[-1].says == "not_asked"


def test_an_escalated_ask_reaches_the_next_seat_in_which_somebody_else_is() -> None:
    reached = whom(
        ("line_manager", "headteacher"), ("headteacher", "chair"), "head", frozenset(), SCHOOL, a_school(), TODAY
    )
    assert reached == (Asked(person="head", seat="line_manager"), Asked(person="chair", seat="chair"))
    both = whom(("line_manager",), ("headteacher",), "manager", frozenset(), SCHOOL, a_school(), TODAY)
    assert [one.person for one in both] == ["manager", "head"]


# Looked up anew, against the real record.


async def begun(home: House, key: str, *changed: Person, **request: Any) -> Begun:
    """Return a case of the small school; what the test before changed about its people is put back."""
    home.outbox.messages.clear()
    return await home.begin(an_opening_with_a_ladder(key=key, **request), a_school(*changed))


async def look_up(case: Begun, *changed: Person, ask: str = "a1") -> str:
    """Save `changed` people and have an ask looked up; return what was said."""
    async with case.house.db.write() as session:
        await people.save(session, changed)
    asking = Act(kind="look_up", person="duly", how="duly", ask=ask, occasion=str(changed))
    reply = await case.house.engine.act(case.opening.case, asking)
    await case.settled()
    return reply.says


async def moved(case: Begun) -> tuple[Asked, ...]:
    """Return whom the ask that was moved last reaches, as the record says."""
    event = [event for event in await case.events() if isinstance(event, AskMoved)][-1]
    return event.asked or ()


async def test_when_somebody_leaves_who_stands_in_is_asked_and_the_old_answer_does_not_count(at_home: House) -> None:
    case = await begun(at_home, "leaver")
    await case.settled()
    assert await look_up(case, a_person("manager", leaves_on="2020-01-01")) == "done"
    assert [one.person for one in await moved(case)] == ["head"]
    assert (await at_home.engine.act(case.opening.case, an_answer("a1", "manager"))).says == "not_asked"
    assert (await at_home.engine.act(case.opening.case, an_answer("a1", "head"))).says == "done"
    assert at_home.outbox.subjects("head@elms.example")[0] == "Please decide: Year 9 Science Club"


async def test_those_who_are_asked_before_and_after_get_no_second_mail(at_home: House) -> None:
    case = await begun(at_home, "absent-later")
    await case.settled()
    away = a_person(
        "manager", deputy="comms", absences=({"name": "away", "first": "2020-01-01", "last": "2040-01-01"},)
    )
    await look_up(case, away)
    assert [one.person for one in await moved(case)] == ["manager", "comms"]
    assert len(at_home.outbox.subjects("manager@elms.example")) == 1
    assert len(at_home.outbox.subjects("comms@elms.example")) == 1


async def test_a_seat_that_becomes_vacant_is_told_to_the_administrators_and_the_case_waits(at_home: House) -> None:
    case = await begun(at_home, "vacant")
    await case.settled()
    gone = [a_person(one, leaves_on="2020-01-01") for one in ("manager", "head", "chair")]
    await look_up(case, *gone)
    assert await moved(case) == ()
    assert len(at_home.outbox.subjects("admin@elms.example")) == 1
    back = a_person("head", "headteacher")
    await look_up(case, back)
    assert [one.person for one in await moved(case)] == ["head"]
    assert (await at_home.engine.act(case.opening.case, an_answer("a1", "head"))).says == "done"


async def test_a_deputy_who_comes_to_hold_the_seat_is_asked_in_their_own_right(at_home: House) -> None:
    absent = a_person("head", "headteacher", deputy="comms", absences=(LONG_AWAY,))
    case = await begun(at_home, "heir", absent)
    await at_home.engine.act(case.opening.case, an_answer("a1", "manager"))
    await case.settled()
    await look_up(case, a_person("head"), a_person("comms", "headteacher"), ask="a2")
    assert await moved(case) == (Asked(person="comms", seat="headteacher"),)
    async with at_home.db.read() as session:
        assert (await queries.reached(session, case.opening.case))["a2"] == await moved(case)


async def test_only_duly_itself_has_an_ask_looked_up(at_home: House) -> None:
    case = await begun(at_home, "not-duly")
    await case.settled()
    for how in ("session", "link"):
        act = Act(kind="look_up", person="manager", how=how, ask="a1")
        assert (await at_home.engine.act(case.opening.case, act)).says == "not_offered"


async def test_an_answer_that_comes_while_people_change_counts_or_is_told_that_they_are_not_asked(
    at_home: House,
) -> None:
    case = await begun(at_home, "meanwhile")
    await case.settled()
    answer = at_home.engine.act(case.opening.case, an_answer("a1", "manager"))
    said, _ = await asyncio.gather(answer, look_up(case, a_person("manager", leaves_on="2020-01-01")))
    assert said.says in {"done", "not_asked"}
    approved = [event.kind for event in await case.settled()].count("approved")
    assert approved == (said.says == "done")


def test_a_seat_is_held_at_one_school_and_answers_for_no_other() -> None:
    elsewhere = a_person("head").model_copy(update={"holdings": (Holding(school="oak", seat="headteacher"),)})
    end = played(an_answer("a1", "manager"), school=a_school(elsewhere))
    assert who(end, "a2") == ["deputy"]
