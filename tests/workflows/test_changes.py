"""A request that comes back to its author, is changed, or is taken back: which answers count then, and who is asked."""

import asyncio
import gc
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.cases import Act, Opening
from domain.events import AnyEvent, AskClosed, AskOpened, DatePassed, RequestEdited, RequestUnfit, Returned, Verdict
from domain.forms import Fault
from domain.order import first_violation
from domain.telling import Given, Teller
from tests.house import House
from tests.stories import (
    BEGINS,
    IN_ORDER,
    a_changes,
    a_directory,
    a_person,
    a_process,
    a_step,
    an_answer,
    an_edit,
    an_opening,
)
from workflows.explorer import Played, TimePasses, play
from workflows.explorer_search import every_play
from workflows.site_creation import SiteCreation

OPENING = an_opening(a_process(changes=a_changes())).model_copy(update={"immaterial": ("note", "closure_date")})
REQUEST = OPENING.request
MANAGER, COMMS, HEAD = an_answer("a1", "manager"), an_answer("a2", "comms"), an_answer("a3", "head")
RETURNED = an_answer("a2", "comms", Verdict.RETURN, comment="Say who keeps it up.")
MATERIAL = an_edit(REQUEST, title="Science Club for Year 9")
IMMATERIAL = an_edit(REQUEST, closure_date="2028-06-01")
WITHDRAWAL = Act(kind="withdraw", person="author", how="session")
WEEKDAY = datetime(2027, 3, 1, 7, tzinfo=UTC)
"""Seven in the morning of the day on which the site is to go live."""


def played(*moves: Act | TimePasses, opening: Opening = OPENING) -> Played:
    return play(SiteCreation(), opening, a_directory(a_person("helper")), BEGINS, moves)


def events(play_: Played) -> list[AnyEvent]:
    return [said.event for said in play_.events]


def kinds(play_: Played) -> list[str]:
    return [event.kind for event in events(play_)]


def says(play_: Played) -> str:
    """Return what was said to the last act."""
    return play_.replies[-1].says


def given(play_: Played, opening: Opening = OPENING) -> tuple[Given, ...]:
    """Return every answer, as the case's pages tell of it."""
    return Teller(opening, {}).given(play_.events)


def waits_for(play_: Played) -> list[tuple[str, str]]:
    """Return which steps wait for an answer, and from which seat."""
    return [(ask.step, ask.seat) for ask in play_.standing.asks]


# Returned for changes.


def test_a_return_without_a_reason_does_not_count() -> None:
    end = played(MANAGER, an_answer("a2", "comms", Verdict.RETURN, comment=" "))
    assert says(end) == "incomplete"
    assert waits_for(end) == [("communications_manager", "communications_manager")]


def test_a_return_carries_its_reason_and_asks_the_author_to_change_the_request() -> None:
    end = played(MANAGER, RETURNED)
    (returned,) = (event for event in events(end) if isinstance(event, Returned))
    assert (returned.by, returned.comment) == ("comms", "Say who keeps it up.")
    assert waits_for(end) == [("changes", "author")]
    assert [asked.person for asked in end.asked["a3"]] == ["author"]
    assert end.standing.outcome is None


def test_nothing_can_be_returned_where_the_pack_lets_nobody_change_a_request() -> None:
    end = played(an_answer("a1", "manager", Verdict.RETURN), opening=an_opening())
    assert says(end) == "not_offered"
    assert kinds(end) == ["request_submitted", "ask_opened"]


def test_whoever_starts_a_request_for_somebody_is_asked_for_changes_with_them() -> None:
    opening = OPENING.model_copy(update={"request": REQUEST.model_copy(update={"starter": "helper"})})
    end = played(MANAGER, RETURNED, opening=opening)
    assert [asked.person for asked in end.asked["a3"]] == ["author", "helper"]
    assert says(played(MANAGER, RETURNED, an_edit(opening.request, "helper", title="New"), opening=opening)) == "done"


def test_nobody_decides_while_the_author_changes_the_request() -> None:
    end = played(MANAGER, RETURNED, an_answer("a3", "author"), an_answer("a3", "comms"), COMMS)
    assert [reply.says for reply in end.replies[2:]] == ["not_asked", "not_asked", "already_decided"]


def test_after_a_material_change_every_approval_is_void_and_the_steps_begin_where_the_pack_says() -> None:
    end = played(MANAGER, RETURNED, MATERIAL)
    assert waits_for(end) == [("line_manager", "line_manager")]
    assert [(answer.person, answer.version, answer.void) for answer in given(end)] == [
        ("manager", 1, True),
        ("comms", 1, True),
    ]
    (edited,) = (event for event in events(end) if isinstance(event, RequestEdited))
    assert (edited.version, edited.edition, edited.material, edited.changed) == (2, 2, True, ("title",))


def test_a_request_goes_back_to_the_step_that_the_pack_names_and_not_further() -> None:
    opening = OPENING.model_copy(
        update={"process": a_process(changes=a_changes(back_to="communications_manager"), rules=())}
    )
    end = played(MANAGER, COMMS, MATERIAL, opening=opening)
    assert waits_for(end) == [("communications_manager", "communications_manager")]
    again = [an_answer("a4", "comms", version=2), an_answer("a5", "head", version=2)]
    whole = played(MANAGER, COMMS, MATERIAL, *again, opening=opening)
    assert whole.standing.outcome == "approved"


def test_a_changed_request_is_approved_once_every_step_approved_its_new_version() -> None:
    second = [an_answer(ask, who, version=2) for ask, who in (("a4", "manager"), ("a5", "comms"), ("a6", "head"))]
    end = played(MANAGER, RETURNED, MATERIAL, *second)
    assert end.standing.outcome == "approved"
    assert [answer.person for answer in given(end) if not answer.void] == ["manager", "comms", "head"]
    assert first_violation(IN_ORDER, events(end)) is None
    registered = next(event for event in events(end) if event.kind == "site_registered")
    assert registered.title == "Science Club for Year 9"


def test_after_an_immaterial_change_approvals_stand_and_whoever_returned_it_is_asked_again() -> None:
    end = played(MANAGER, RETURNED, IMMATERIAL)
    assert waits_for(end) == [("communications_manager", "communications_manager")]
    assert [answer.void for answer in given(end)] == [False, False]
    done = played(MANAGER, RETURNED, IMMATERIAL, an_answer("a4", "comms"), an_answer("a5", "head"))
    assert done.standing.outcome == "approved"


def test_a_request_can_come_back_again_and_again_and_a_rejection_after_that_ends_it() -> None:
    again = an_answer("a4", "comms", Verdict.RETURN)
    second = an_edit(REQUEST, edition=2, closure_date="2029-01-01")
    rejected = an_answer("a6", "comms", Verdict.REJECT)
    end = played(MANAGER, RETURNED, IMMATERIAL, again, second, rejected)
    assert [reply.says for reply in end.replies] == ["done"] * 6
    assert end.standing.outcome == "rejected"


def test_an_approval_given_before_in_the_same_step_is_not_asked_for_again_after_an_immaterial_change() -> None:
    both = a_process(
        a_step("both", "headteacher", "communications_manager"), changes=a_changes(back_to="both", ahead=None)
    )
    opening = OPENING.model_copy(update={"process": both})
    end = played(an_answer("a1", "head"), an_answer("a2", "comms", Verdict.RETURN), IMMATERIAL, opening=opening)
    assert [answer.void for answer in given(end, opening)] == [False, False]
    assert waits_for(end) == [("both", "communications_manager")]


# Changed on the author's own account.


def test_the_author_changes_a_request_that_nobody_returned_and_those_asked_are_asked_anew() -> None:
    end = played(MANAGER, MATERIAL)
    assert [(event.ask, event.why) for event in events(end) if isinstance(event, AskClosed)] == [("a2", "changed")]
    assert waits_for(end) == [("line_manager", "line_manager")]
    assert [event.version for event in events(end) if isinstance(event, AskOpened)] == [1, 1, 2]


def test_an_immaterial_change_leaves_the_open_ask_as_it_is() -> None:
    end = played(MANAGER, IMMATERIAL, COMMS, HEAD)
    assert [reply.says for reply in end.replies] == ["done"] * 4
    assert end.standing.outcome == "approved"
    assert "ask_closed" not in kinds(end)
    assert end.standing.request is not None
    assert (end.standing.request.edition, end.standing.request.version) == (2, 1)
    registered = next(event for event in events(end) if event.kind == "site_registered")
    assert str(registered.closes_on) == "2028-06-01"


def test_an_answer_to_the_version_before_is_refused_as_such() -> None:
    assert says(played(MATERIAL, MANAGER)) == "wrong_version"
    assert says(played(MATERIAL, an_answer("a2", "manager", version=1))) == "wrong_version"
    assert says(played(MATERIAL, an_answer("a2", "manager", version=2))) == "done"
    assert kinds(played(MATERIAL, MANAGER)) == kinds(played(MATERIAL))


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (an_edit(REQUEST, "manager", title="Mine"), "not_offered"),
        (an_edit(REQUEST, "head", title="Mine"), "not_offered"),
        (an_edit(REQUEST), "unchanged"),
        (an_edit(REQUEST, edition=2, title="From the future"), "wrong_version"),
        (MATERIAL.model_copy(update={"request": None}), "incomplete"),
    ],
)
def test_an_edit_that_does_not_count_changes_nothing(edit: Act, said: str) -> None:
    end = played(edit)
    assert says(end) == said
    assert kinds(end) == ["request_submitted", "ask_opened"]
    assert end.standing.request is None


def test_of_two_edits_of_the_same_edition_the_second_is_refused() -> None:
    end = played(IMMATERIAL, MATERIAL)
    assert says(end) == "wrong_version"
    assert kinds(end).count("request_edited") == 1
    assert says(played(IMMATERIAL, IMMATERIAL)) == "wrong_version"


def test_a_request_is_not_changed_where_the_pack_does_not_say_how_nor_after_its_end() -> None:
    assert says(played(MATERIAL, opening=an_opening())) == "not_offered"
    assert says(played(MANAGER, COMMS, HEAD, MATERIAL)) == "closed"
    assert "edit" in played().standing.offers
    assert "edit" not in played(opening=an_opening()).standing.offers
    assert "edit" not in played(MANAGER, COMMS, HEAD).standing.offers


def test_an_edit_can_not_say_who_started_the_request_nor_number_itself() -> None:
    forged = MATERIAL.request.model_copy(update={"starter": "manager", "version": 9, "edition": 9})  # type: ignore[union-attr]
    now = played(MATERIAL.model_copy(update={"request": forged})).standing.request
    assert now is not None
    assert (now.starter, now.version, now.edition) == ("author", 2, 2)


def test_whoever_becomes_the_author_decides_nothing_any_more_and_approvals_of_theirs_are_void() -> None:
    mine = an_edit(REQUEST, author="manager")
    mine = mine.model_copy(update={"request": mine.request.model_copy(update={"author": "manager"})})  # type: ignore[union-attr]
    end = played(MANAGER, mine)
    assert [answer.void for answer in given(end)] == [True]
    assert end.asked["a3"] == ()
    assert says(played(MANAGER, mine, an_answer("a3", "manager", version=2))) == "not_asked"


def test_another_author_is_a_material_change_whatever_the_form_calls_it() -> None:
    opening = OPENING.model_copy(update={"immaterial": ("author",)})
    mine = an_edit(REQUEST, author="manager")
    mine = mine.model_copy(update={"request": mine.request.model_copy(update={"author": "manager"})})  # type: ignore[union-attr]
    end = played(MANAGER, mine, opening=opening)
    assert [answer.person for answer in given(end, opening) if not answer.void] == []


# The form does not hold any more.


def test_an_approval_of_a_form_that_does_not_hold_any_more_goes_back_to_the_author() -> None:
    fault = Fault(field="go_live_date", message="The date has passed")
    end = played(MANAGER, COMMS.model_copy(update={"unfit": (fault,)}))
    assert says(end) == "unfit"
    (unfit,) = (event for event in events(end) if isinstance(event, RequestUnfit))
    assert (unfit.by, unfit.faults) == ("comms", (fault,))
    assert waits_for(end) == [("changes", "author")]
    assert kinds(end).count("approved") == 1


def test_a_form_that_does_not_hold_any_more_can_still_be_rejected_or_returned() -> None:
    unfit: dict[str, Any] = {"unfit": (Fault(field="go_live_date", message="The date has passed"),)}
    rejected = played(an_answer("a1", "manager", Verdict.REJECT, **unfit))
    assert (says(rejected), rejected.standing.outcome) == ("done", "rejected")
    assert says(played(an_answer("a1", "manager", Verdict.RETURN, **unfit))) == "done"


def test_an_approval_that_would_not_count_anyway_sends_nothing_back() -> None:
    unfit: dict[str, Any] = {"unfit": (Fault(field="go_live_date", message="The date has passed"),)}
    assert says(played(an_answer("a1", "comms", **unfit))) == "not_asked"
    assert kinds(played(an_answer("a1", "comms", **unfit))) == ["request_submitted", "ask_opened"]


# The date passes.


def test_the_author_is_asked_when_the_date_comes_before_the_last_decision() -> None:
    before = played(MANAGER, TimePasses(until=WEEKDAY - timedelta(seconds=1)))
    assert waits_for(before) == [("communications_manager", "communications_manager")]
    end = played(MANAGER, TimePasses(until=WEEKDAY))
    (passed,) = (event for event in events(end) if isinstance(event, DatePassed))
    assert (passed.question, str(passed.day)) == ("go_live_date", "2027-03-01")
    assert waits_for(end) == [("changes", "author")]
    assert says(played(MANAGER, TimePasses(until=WEEKDAY), COMMS)) == "closed"


def test_a_new_date_brings_the_request_back_to_those_who_decide() -> None:
    late = TimePasses(until=WEEKDAY)
    end = played(MANAGER, late, an_edit(REQUEST, go_live_date="2027-06-01"))
    assert waits_for(end) == [("line_manager", "line_manager")]
    asked_again = played(MANAGER, late, an_edit(REQUEST, go_live_date="2027-06-01"), TimePasses(until=WEEKDAY))
    assert waits_for(asked_again) == [("line_manager", "line_manager")]


def test_the_date_of_a_request_that_waits_for_its_author_brings_nothing_more() -> None:
    end = played(MANAGER, RETURNED, TimePasses(until=WEEKDAY + timedelta(days=40)))
    assert "date_passed" not in kinds(end)


def test_without_a_date_that_has_to_lie_ahead_none_passes() -> None:
    opening = OPENING.model_copy(update={"process": a_process(changes=a_changes(ahead=None))})
    assert "date_passed" not in kinds(played(TimePasses(until=WEEKDAY + timedelta(days=40)), opening=opening))


async def test_a_date_that_had_come_when_the_request_was_sent_brings_it_back_at_once_and_without_a_complaint(
    at_home: House, caplog: pytest.LogCaptureFixture
) -> None:
    answers = REQUEST.answers | {"go_live_date": "2020-01-06"}
    case = await at_home.begin(an_opening(OPENING.process, "late", answers=answers), a_directory())
    async with asyncio.timeout(20):
        while "date_passed" not in [event.kind for event in await case.settled()]:
            await asyncio.sleep(0.02)
    gc.collect()
    assert "never retrieved" not in caplog.text


def test_an_author_who_does_nothing_lapses_only_where_the_pack_says_so() -> None:
    year = TimePasses(until=BEGINS + timedelta(days=365))
    assert waits_for(played(MANAGER, RETURNED, year)) == [("changes", "author")]
    opening = OPENING.model_copy(update={"process": a_process(changes=a_changes(lapse_on=20))})
    assert played(MANAGER, RETURNED, year, opening=opening).standing.outcome == "lapsed"


# Taken back.


@pytest.mark.parametrize("before", [(), (MANAGER,), (MANAGER, COMMS), (MANAGER, RETURNED), (MANAGER, MATERIAL)])
def test_the_author_can_withdraw_until_the_last_decision(before: tuple[Act, ...]) -> None:
    end = played(*before, WITHDRAWAL)
    assert end.standing.outcome == "withdrawn"
    assert end.standing.asks == ()
    assert [event.why for event in events(end) if isinstance(event, AskClosed)][-1] == "withdrawn"


def test_nobody_withdraws_after_the_last_decision() -> None:
    end = played(MANAGER, COMMS, HEAD, WITHDRAWAL)
    assert (says(end), end.standing.outcome) == ("closed", "approved")


def test_nothing_that_time_alone_does_approves_anything() -> None:
    for moves in ((), (MANAGER,), (MANAGER, COMMS), (MANAGER, RETURNED), (MANAGER, MATERIAL)):
        waited = played(*moves, TimePasses(until=BEGINS + timedelta(days=5 * 365)))
        assert kinds(waited).count("approved") == kinds(played(*moves)).count("approved")
        assert waited.standing.outcome is None


def test_no_order_of_changes_returns_and_answers_breaks_a_rule_or_approves_what_nobody_saw() -> None:
    seen = 0
    for end in every_play(SiteCreation, OPENING, a_directory(), BEGINS, most_moves=4):
        happened = events(end)
        assert first_violation(IN_ORDER, happened) is None
        decided = [event.ask for event in happened if event.kind in {"approved", "returned", "rejected"}]
        assert len(decided) == len(set(decided))
        if end.standing.outcome == "approved":
            version = (end.standing.request or REQUEST).version
            stands = [answer for answer in given(end) if not answer.void]
            assert {answer.version for answer in stands} == {version}
        seen += 1
    assert seen > 100
