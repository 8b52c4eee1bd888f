"""Nobody decides what is or ever was their own request, and nobody who intervened in a case decides in it."""

from datetime import UTC, datetime, timedelta

from domain.cases import Act
from domain.events import AskMoved, AskOpened, Verdict
from domain.people import Directory
from tests.stories import (
    BEGINS,
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

PROCESS = a_process(changes=a_changes(ahead=None))


def asked(end: Played, step: str) -> set[str]:
    """Return everybody whom `step` asked, whenever."""
    events = [said.event for said in end.events]
    found = [event for event in events if isinstance(event, AskOpened | AskMoved) and event.step == step]
    return {one.person for event in found for one in event.asked or ()}


def handed_over(act: Act, author: str) -> Act:
    """Return the edit with another author."""
    assert act.request is not None
    return act.model_copy(update={"request": act.request.model_copy(update={"author": author})})


def test_whoever_hands_their_request_to_somebody_else_does_not_decide_it() -> None:
    opening = an_opening(PROCESS, starter="assistant", author="head")
    moves = (
        handed_over(an_edit(opening.request, "head", author="assistant"), "assistant"),
        an_answer("a2", "manager", version=2),
        an_answer("a3", "comms", version=2),
        an_answer("a4", "head", version=2),
    )
    end = play(SiteCreation(), opening, a_directory(a_person("assistant")), BEGINS, moves)
    assert end.replies[-1].says == "not_asked"
    assert asked(end, "headteacher") == {"deputy"}


def test_whoever_becomes_the_author_is_no_approver_of_any_step() -> None:
    late = a_process(changes=a_changes(back_to="communications_manager", ahead=None), rules=())
    opening = an_opening(late)
    change = handed_over(an_edit(opening.request, author="manager"), "manager")
    end = play(SiteCreation(), opening, a_directory(), BEGINS, (an_answer("a1", "manager"), change))
    assert [ask.step for ask in end.standing.asks] == ["line_manager"]


def test_a_former_author_pulls_no_lever() -> None:
    opening = an_opening(PROCESS, author="head", starter="assistant")
    change = handed_over(an_edit(opening.request, "head", author="assistant"), "assistant")
    moves = (change, a_lever("cancel", person="head"))
    end = play(SiteCreation(), opening, a_directory(a_person("assistant")), BEGINS, moves)
    assert end.replies[-1].says == "not_offered"


def test_an_administrator_who_named_somebody_else_does_not_decide_later() -> None:
    school = Directory(people=tuple(p for p in a_directory().people if p.id != "head"))
    school = Directory(people=(*school.people, a_person("admin", "headteacher", administrator=True), a_person("other")))
    opening = an_opening(PROCESS)
    moves = (
        a_lever("reassign", ask="a1", to="other"),
        an_answer("a1", "other"),
        an_answer("a2", "comms"),
        an_answer("a3", "admin"),
    )
    end = play(SiteCreation(), opening, school, BEGINS, moves)
    assert end.replies[-1].says == "not_asked"
    assert asked(end, "headteacher") == {"deputy"}


def test_whoever_is_asked_for_two_seats_of_a_step_answers_for_one() -> None:
    both = a_person("both", "headteacher", "communications_manager")
    school = Directory(people=(*[p for p in a_directory().people if p.id not in {"head", "comms"}], both))
    opening = an_opening(a_process(a_step("both", "headteacher", "communications_manager")))
    moves = (an_answer("a1", "both"), an_answer("a2", "both"))
    end = play(SiteCreation(), opening, school, BEGINS, moves)
    assert end.replies[-1].says == "not_asked"
    assert {one.person for one in end.asked["a2"]} == {"deputy"}


def test_naming_somebody_else_ends_what_an_escalation_began() -> None:
    opening = an_opening(PROCESS)
    moves = (
        an_answer("a1", "manager"),
        TimePasses(until=BEGINS + timedelta(days=13)),
        a_lever("reassign", ask="a2", to="other"),
    )
    end = play(SiteCreation(), opening, a_directory(a_person("other")), BEGINS, moves)
    assert {one.person for one in end.asked["a2"]} == {"other"}


def test_an_old_answer_that_does_not_count_any_more_holds_nothing() -> None:
    opening = an_opening(PROCESS)
    moves = (
        an_answer("a1", "manager"),
        an_edit(opening.request, title="Another club"),
        Act(kind="dispute", person="manager", how="link", ask="a1"),
    )
    end = play(SiteCreation(), opening, a_directory(), BEGINS, moves)
    assert end.replies[-1].says == "done"
    assert end.standing.disputed == ()


def test_a_disputed_return_of_an_earlier_version_leaves_a_later_return_alone() -> None:
    opening = an_opening(PROCESS)
    moves = (
        an_answer("a1", "manager", Verdict.RETURN),
        an_edit(opening.request, title="Another club"),
        an_answer("a3", "manager", version=2),
        an_answer("a4", "comms", Verdict.RETURN, version=2),
        Act(kind="dispute", person="manager", how="link", ask="a1"),
    )
    end = play(SiteCreation(), opening, a_directory(), BEGINS, moves)
    assert [ask.step for ask in end.standing.asks] == ["changes"]
    assert end.standing.disputed == ()


def test_no_more_time_is_given_than_the_calendar_knows_days() -> None:
    whole = an_opening(PROCESS)
    short = whole.model_copy(
        update={"calendar": whole.calendar.model_copy(update={"known_until": datetime(2027, 2, 5, tzinfo=UTC).date()})}
    )
    end = play(SiteCreation(), short, a_directory(), BEGINS, (a_lever("extend", ask="a1", days=100),))
    assert end.replies[-1].says == "not_offered"
    assert end.standing.asks[0].due < datetime(2027, 1, 19, tzinfo=UTC)
