"""An answer that somebody says was not theirs: the case is held, and what becomes of it when that is settled."""

from datetime import timedelta

import pytest

from domain.cases import Act, Opening
from domain.events import AskOpened, DecisionDisputed, HoldReleased, Verdict
from domain.order import first_violation
from domain.pack import DifferentPeople, EventMatch
from domain.telling import Teller
from tests.stories import (
    BEGINS,
    IN_ORDER,
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

OPENING = an_opening(a_process(changes=a_changes()))
SETTLING = an_opening(a_process(changes=a_changes(), settles_within=30))
PEOPLE = a_directory(a_person("admin", administrator=True), a_person("other_admin", administrator=True))
MANAGER, COMMS, HEAD = an_answer("a1", "manager"), an_answer("a2", "comms"), an_answer("a3", "head")
NOT_MINE = Act(kind="dispute", person="manager", how="link", ask="a1")
STANDS = a_lever("release", ask="a1", stands=True)
VOID = a_lever("release", ask="a1", stands=False)
WITHDRAWAL = Act(kind="withdraw", person="author", how="session")
NUDGE = Act(kind="nudge", person="author", how="session")


def played(*moves: Act | TimePasses, opening: Opening = OPENING) -> Played:
    return play(SiteCreation(), opening, PEOPLE, BEGINS, moves)


def replies(play_: Played) -> list[str]:
    return [reply.says for reply in play_.replies]


def steps(play_: Played) -> list[str]:
    """Return the steps that wait for an answer."""
    return [ask.step for ask in play_.standing.asks]


def after(**span: int) -> TimePasses:
    return TimePasses(until=BEGINS + timedelta(**span))


# Disputed.


def test_whoever_says_that_an_answer_was_not_theirs_holds_the_case() -> None:
    end = played(MANAGER, NOT_MINE)
    assert replies(end) == ["done", "done"]
    assert (end.standing.disputed, end.standing.held_at) == (("a1",), BEGINS)
    (disputed,) = (said.event for said in end.events if isinstance(said.event, DecisionDisputed))
    assert (disputed.by, disputed.ask, disputed.how) == ("manager", "a1", "link")


@pytest.mark.parametrize(("person", "ask"), [("comms", "a1"), ("author", "a1"), ("manager", "a2"), ("manager", "a9")])
def test_nobody_disputes_an_answer_that_is_not_in_their_name(person: str, ask: str) -> None:
    end = played(MANAGER, NOT_MINE.model_copy(update={"person": person, "ask": ask}))
    assert replies(end)[-1] == "not_asked"
    assert end.standing.held_at is None


def test_to_dispute_twice_is_to_dispute_once() -> None:
    end = played(MANAGER, NOT_MINE, NOT_MINE.model_copy(update={"occasion": "again"}))
    assert replies(end)[-1] == "done"
    assert [said.event.kind for said in end.events].count("decision_disputed") == 1


@pytest.mark.parametrize(
    "act",
    [
        COMMS,
        an_answer("a2", "comms", Verdict.REJECT),
        an_answer("a2", "comms", Verdict.RETURN),
        NUDGE,
        an_edit(OPENING.request, title="New"),
    ],
    ids=["approval", "rejection", "return", "nudge", "edit"],
)
def test_nothing_goes_on_while_the_case_is_held(act: Act) -> None:
    end = played(MANAGER, NOT_MINE, act)
    assert replies(end)[-1] == "held"
    assert end.events == played(MANAGER, NOT_MINE).events
    assert "edit" not in end.standing.offers


def test_a_held_case_can_be_withdrawn_and_cancelled() -> None:
    assert played(MANAGER, NOT_MINE, WITHDRAWAL).standing.outcome == "withdrawn"
    assert played(MANAGER, NOT_MINE, a_lever("cancel")).standing.outcome == "cancelled"


def test_no_clock_runs_while_the_case_is_held() -> None:
    end = played(MANAGER, NOT_MINE, after(days=200))
    assert end.standing.next_at is None
    assert end.events == played(MANAGER, NOT_MINE).events


# Released.


def test_an_answer_that_stands_lets_the_case_go_on() -> None:
    end = played(MANAGER, NOT_MINE, STANDS, COMMS, HEAD)
    assert replies(end) == ["done"] * 5
    assert end.standing.outcome == "approved"
    (released,) = (said.event for said in end.events if isinstance(said.event, HoldReleased))
    assert (released.by, released.stands, released.comment) == ("admin", True, "Needed.")


def test_an_answer_that_is_void_is_asked_again_and_what_came_after_it_waits() -> None:
    end = played(MANAGER, NOT_MINE, VOID)
    assert steps(end) == ["line_manager"]
    assert [said.event.why for said in end.events if said.event.kind == "ask_closed"] == ["asked_again"]
    given = Teller(OPENING, {}).given(end.events)
    assert [(answer.person, answer.void) for answer in given] == [("manager", True)]
    whole = played(
        MANAGER, NOT_MINE, VOID, an_answer("a3", "manager"), an_answer("a4", "comms"), an_answer("a5", "head")
    )
    assert whole.standing.outcome == "approved"
    assert first_violation(IN_ORDER, [said.event for said in whole.events]) is None


def test_approvals_of_other_steps_stay_when_one_is_void() -> None:
    end = played(MANAGER, COMMS, NOT_MINE, VOID, an_answer("a4", "manager"))
    assert steps(end) == ["headteacher"]
    given = Teller(OPENING, {}).given(end.events)
    assert [(answer.person, answer.void) for answer in given] == [
        ("manager", True),
        ("comms", False),
        ("manager", False),
    ]


def test_an_answer_that_was_settled_is_not_disputed_again() -> None:
    for settled in (STANDS, VOID):
        end = played(MANAGER, NOT_MINE, settled, NOT_MINE.model_copy(update={"occasion": "again"}))
        assert replies(end)[-1] == "already_decided"
        assert end.standing.disputed == ()


def test_a_return_that_was_not_theirs_and_is_void_asks_them_again() -> None:
    returned = an_answer("a1", "manager", Verdict.RETURN)
    end = played(returned, NOT_MINE, VOID)
    assert steps(end) == ["line_manager"]


def test_a_request_that_was_returned_stays_with_its_author_when_an_earlier_answer_is_void() -> None:
    returned = an_answer("a2", "comms", Verdict.RETURN)
    end = played(MANAGER, returned, NOT_MINE, VOID)
    assert "changes" in steps(end)


def test_who_gave_a_void_answer_in_one_step_may_decide_another() -> None:
    rule = DifferentPeople(
        rule="different_people",
        key="two-people",
        first=EventMatch(event=("approved",), step="line_manager"),
        then=EventMatch(event=("approved",), step="headteacher"),
        clause="16.6",
    )
    process = a_process(a_step("line_manager"), a_step("headteacher"), rules=(rule,), changes=a_changes(ahead=None))
    answers = an_opening().request.answers | {"line_manager": "head"}
    opening = an_opening(process, answers=answers)
    dispute = NOT_MINE.model_copy(update={"person": "head"})
    reassigned = a_lever("reassign", ask="a3", to="comms")
    moves = (an_answer("a1", "head"), dispute, VOID, reassigned, an_answer("a3", "comms"), an_answer("a4", "head"))
    end = played(*moves, opening=opening)
    assert [asked.person for asked in end.asked["a2"]] == ["deputy"]
    assert [asked.person for asked in end.asked["a4"]] == ["head"]
    assert end.standing.outcome == "approved"
    assert first_violation((rule,), [said.event for said in end.events]) is None


@pytest.mark.parametrize(
    ("release", "said"),
    [
        (STANDS.model_copy(update={"person": "author"}), "not_offered"),
        (STANDS.model_copy(update={"person": "manager"}), "not_offered"),
        (STANDS.model_copy(update={"how": "link"}), "not_offered"),
        (STANDS.model_copy(update={"ask": "a2"}), "not_offered"),
        (STANDS.model_copy(update={"comment": ""}), "incomplete"),
        (STANDS.model_copy(update={"stands": None}), "incomplete"),
    ],
)
def test_a_hold_is_released_by_an_administrator_who_has_no_part_in_the_case_and_gives_a_reason(
    release: Act, said: str
) -> None:
    end = played(MANAGER, NOT_MINE, release)
    assert replies(end)[-1] == said
    assert end.standing.disputed == ("a1",)


def test_a_case_with_two_disputed_answers_is_held_until_both_are_settled() -> None:
    also = NOT_MINE.model_copy(update={"person": "comms", "ask": "a2"})
    one = played(MANAGER, COMMS, NOT_MINE, also, STANDS, HEAD)
    assert replies(one)[-1] == "held"
    both = played(MANAGER, COMMS, NOT_MINE, also, STANDS, STANDS.model_copy(update={"ask": "a2"}), HEAD)
    assert both.standing.outcome == "approved"


# The clocks of a held case.


def when(play_: Played, *kinds: str) -> list[str]:
    """Return when in the test's weeks something of `kinds` happened, as day and hour."""
    return [said.at.strftime("%a %d %H:%M") for said in play_.events if said.event.kind in kinds]


def test_after_a_hold_people_have_the_working_days_that_they_had_left() -> None:
    # Held on Tuesday, two working days before the first reminder; released on the Thursday of the week after.
    moves = (MANAGER, after(days=1), NOT_MINE, after(days=10), STANDS)
    assert when(played(*moves, after(days=40)), "reminded", "escalated") == [
        "Mon 25 07:00",
        "Wed 27 07:00",
        "Fri 29 07:00",
    ]
    assert played(*moves).standing.asks[0].due.strftime("%a %d %H:%M:%S") == "Wed 27 23:59:59"
    assert played(*moves).standing.held_at is None


def test_a_hold_over_a_weekend_gives_no_days() -> None:
    moves = (MANAGER, after(days=4, hours=1), NOT_MINE, after(days=6), STANDS)
    assert played(*moves).standing.asks[0].due == played(MANAGER).standing.asks[0].due


def test_a_hold_that_was_released_gives_its_days_once() -> None:
    first = (MANAGER, COMMS, after(days=1), NOT_MINE, after(days=2), STANDS)
    also = NOT_MINE.model_copy(update={"person": "comms", "ask": "a2"})
    second = (after(days=3), also, after(days=4), STANDS.model_copy(update={"ask": "a2"}))
    due = played(*first, *second).standing.asks[0].due
    assert due == played(MANAGER, COMMS, a_lever("extend", ask="a3", days=2)).standing.asks[0].due


def test_an_ask_that_was_opened_during_a_hold_gets_no_days_from_before_it_was_opened() -> None:
    also = NOT_MINE.model_copy(update={"person": "comms", "ask": "a2"})
    stands = STANDS.model_copy(update={"ask": "a2"})
    end = played(MANAGER, COMMS, NOT_MINE, also, after(days=2), VOID, after(days=4), stands)
    opened = [said.event for said in end.events if isinstance(said.event, AskOpened)][-1]
    assert opened.due.strftime("%a %d") == "Wed 20"
    assert end.standing.asks[0].due.strftime("%a %d") == "Fri 22"


def test_a_date_that_came_during_a_hold_is_noticed_when_the_case_goes_on() -> None:
    moves = (MANAGER, after(days=1), NOT_MINE, after(days=60), STANDS)
    assert "date_passed" not in [said.event.kind for said in played(*moves[:-1]).events]
    assert steps(played(*moves, after(days=60, minutes=1))) == ["changes"]


def test_what_is_overdue_after_an_act_happens_without_waiting_for_more_time_to_pass() -> None:
    assert steps(played(MANAGER, after(days=1), NOT_MINE, after(days=60), STANDS)) == ["changes"]


# Time to settle.


def test_the_last_approval_settles_before_anything_comes_of_it() -> None:
    approved = (MANAGER, COMMS, HEAD)
    waiting = played(*approved, after(minutes=29), opening=SETTLING)
    assert waiting.standing.outcome is None
    assert [said.event.kind for said in waiting.events][-1] == "approved"
    assert played(*approved, after(minutes=30), opening=SETTLING).standing.outcome == "approved"


def test_while_it_settles_an_answer_is_disputed_and_nothing_comes_of_it_until_that_is_settled() -> None:
    dispute = NOT_MINE.model_copy(update={"person": "head", "ask": "a3"})
    held = (MANAGER, COMMS, HEAD, dispute, after(days=3))
    assert played(*held, opening=SETTLING).standing.outcome is None
    stands = played(*held, STANDS.model_copy(update={"ask": "a3"}), opening=SETTLING)
    assert stands.standing.outcome == "approved"
    void = played(*held, VOID.model_copy(update={"ask": "a3"}), opening=SETTLING)
    assert steps(void) == ["headteacher"]
    again = played(*held, VOID.model_copy(update={"ask": "a3"}), an_answer("a4", "head"), opening=SETTLING)
    assert again.standing.outcome is None
    assert again.standing.next_does == "settle"


def test_a_hold_that_is_over_before_the_time_to_settle_leaves_that_time_as_it_is() -> None:
    dispute = NOT_MINE.model_copy(update={"person": "head", "ask": "a3"})
    moves = (MANAGER, COMMS, HEAD, dispute, after(minutes=10), STANDS.model_copy(update={"ask": "a3"}))
    assert played(*moves, after(minutes=29), opening=SETTLING).standing.outcome is None
    assert played(*moves, after(minutes=30), opening=SETTLING).standing.outcome == "approved"


def test_while_it_settles_the_author_still_changes_or_withdraws_it_and_an_administrator_cancels_it() -> None:
    approved = (MANAGER, COMMS, HEAD)
    assert played(*approved, WITHDRAWAL, after(days=9), opening=SETTLING).standing.outcome == "withdrawn"
    assert played(*approved, a_lever("cancel"), after(days=9), opening=SETTLING).standing.outcome == "cancelled"
    edited = played(*approved, an_edit(SETTLING.request, title="New"), after(days=1), opening=SETTLING)
    assert steps(edited) == ["line_manager"]
    assert edited.standing.outcome is None


def test_an_answer_of_a_case_that_has_ended_is_not_disputed_in_it() -> None:
    dispute = NOT_MINE.model_copy(update={"person": "head", "ask": "a3"})
    assert replies(played(MANAGER, COMMS, HEAD, dispute))[-1] == "closed"
