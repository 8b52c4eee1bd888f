"""What the explorer plays: the straight road, and every way off it."""

from datetime import timedelta

import pytest

from domain.cases import Act, Opening
from domain.events import AnyEvent, Verdict
from domain.order import first_violation
from tests.stories import BEGINS, IN_ORDER, a_directory, a_person, a_process, a_step, an_answer, an_opening
from workflows.case import Case
from workflows.explorer import Played, TimePasses, play
from workflows.explorer_search import every_play
from workflows.site_creation import SiteCreation
from workflows.strands import ForeignAwaitError

STRAIGHT = (an_answer("a1", "manager"), an_answer("a2", "comms"), an_answer("a3", "head"))


def played(*moves: Act | TimePasses, opening: Opening | None = None) -> Played:
    return play(SiteCreation(), opening or an_opening(), a_directory(), BEGINS, moves)


def kinds(play_: Played) -> list[str]:
    return [recorded.event.kind for recorded in play_.events]


def test_three_approvals_in_order_bring_the_site_into_the_register() -> None:
    end = played(*STRAIGHT)
    assert end.standing.outcome == "approved"
    assert kinds(end)[-3:] == ["site_approved", "site_registered", "case_ended"]


def test_each_step_is_asked_only_after_the_one_before_it_approved() -> None:
    asked = [e.event.step for e in played(STRAIGHT[0]).events if e.event.kind == "ask_opened"]
    assert asked == ["line_manager", "communications_manager"]


def test_a_rejection_ends_the_request_and_nobody_else_is_asked() -> None:
    end = played(an_answer("a1", "manager", Verdict.REJECT))
    assert end.standing.outcome == "rejected"
    assert kinds(end) == ["request_submitted", "ask_opened", "rejected", "case_ended"]


def test_the_author_can_withdraw_until_the_last_decision_and_not_after() -> None:
    withdrawal = Act(kind="withdraw", person="author", how="session")
    before = played(*STRAIGHT[:2], withdrawal)
    assert before.standing.outcome == "withdrawn"
    assert kinds(before)[-3:] == ["request_withdrawn", "ask_closed", "case_ended"]
    after = played(*STRAIGHT, withdrawal)
    assert after.standing.outcome == "approved"
    assert after.replies[-1].says == "closed"


def test_nobody_but_the_author_can_withdraw() -> None:
    assert played(Act(kind="withdraw", person="head", how="session")).replies[0].says == "not_offered"


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (an_answer("a1", "comms"), "not_asked"),
        (an_answer("a1", "author"), "not_asked"),
        (an_answer("a9", "manager"), "not_asked"),
        (an_answer("a1", "manager", version=2), "wrong_version"),
        (an_answer("a1", "manager", opened_at=None), "not_opened"),
        (an_answer("a1", "manager", signature="  "), "incomplete"),
        (an_answer("a1", "manager", Verdict.REJECT, comment="\u200b"), "incomplete"),
        (an_answer("a1", "manager", verdict=None), "incomplete"),
    ],
)
def test_an_answer_that_does_not_count_changes_nothing_and_says_why(answer: Act, says: str) -> None:
    end = played(answer)
    assert end.replies[0].says == says
    assert kinds(end) == ["request_submitted", "ask_opened"]


def test_a_confirmation_that_is_missing_keeps_the_approval_from_counting() -> None:
    end = played(*STRAIGHT[:2], an_answer("a3", "head", confirmations=()))
    assert end.replies[-1].says == "incomplete"


def test_a_rule_set_aside_needs_a_reason_from_whoever_approves() -> None:
    opening = an_opening(overrides=("Pupils are younger than the host allows.",))
    assert played(an_answer("a1", "manager", comment=""), opening=opening).replies[0].says == "incomplete"
    assert played(an_answer("a1", "manager"), opening=opening).replies[0].says == "done"


def test_a_second_answer_is_told_what_was_decided() -> None:
    end = played(STRAIGHT[0], an_answer("a1", "manager", Verdict.REJECT))
    assert end.replies[1].says == "already_decided"
    assert end.replies[1].decision is not None
    assert end.replies[1].decision.kind == "approved"


def test_those_asked_are_reminded_and_then_the_stand_in_is_asked_too() -> None:
    end = played(STRAIGHT[0], TimePasses(until=BEGINS + timedelta(days=30)))
    assert kinds(end)[4:] == ["reminded", "reminded", "escalated"]
    assert [asked.person for asked in end.asked["a2"]] == ["comms", "deputy"]


def test_silence_never_approves_and_lapses_only_where_the_pack_says_so() -> None:
    year = TimePasses(until=BEGINS + timedelta(days=365))
    assert played(year).standing.outcome is None
    lapsing = an_opening(a_process(a_step("headteacher", lapse_on=10)))
    assert played(year, opening=lapsing).standing.outcome == "lapsed"


def test_all_seats_of_a_step_must_approve_when_it_needs_all() -> None:
    both = an_opening(a_process(a_step("both", "headteacher", "communications_manager", needs="all")))
    assert played(an_answer("a1", "head"), opening=both).standing.outcome is None
    assert played(an_answer("a1", "head"), an_answer("a2", "comms"), opening=both).standing.outcome == "approved"
    refused = played(an_answer("a1", "head", Verdict.REJECT), opening=both)
    assert refused.standing.outcome == "rejected"
    assert [e.event.ask for e in refused.events if e.event.kind == "ask_closed"] == ["a2"]


def test_one_seat_is_enough_when_a_step_needs_any() -> None:
    either = an_opening(a_process(a_step("either", "headteacher", "communications_manager", needs="any")))
    end = played(an_answer("a2", "comms"), an_answer("a1", "head"), opening=either)
    assert end.standing.outcome == "approved"
    assert end.replies[1].says == "closed"


def test_an_absent_holder_and_the_deputy_are_both_asked_and_whoever_answers_first_decides() -> None:
    away = {"name": "away", "first": BEGINS.date(), "last": BEGINS.date()}
    people = a_directory(
        a_person("absent", "communications_manager", deputy="stand_in", absences=(away,)), a_person("stand_in")
    )
    end = play(SiteCreation(), an_opening(), people, BEGINS, (STRAIGHT[0], an_answer("a2", "stand_in")))
    approved = [e.event for e in end.events if e.event.kind == "approved"][-1]
    assert (approved.by, approved.instead_of) == ("stand_in", "absent")


def test_a_step_that_an_order_rule_forbids_is_refused_and_leaves_its_trace() -> None:
    skipping = an_opening(a_process(a_step("headteacher"), rules=IN_ORDER))
    end = played(an_answer("a1", "head"), opening=skipping)
    assert end.replies[0].says == "refused"
    assert end.replies[0].clause == "App.1"
    assert kinds(end)[-1] == "step_refused"
    assert end.standing.outcome is None


def test_no_play_that_people_and_clocks_can_make_breaks_an_order_rule_or_decides_twice() -> None:
    seen = 0
    for end in every_play(SiteCreation, an_opening(), a_directory(), BEGINS, most_moves=6):
        events: list[AnyEvent] = [recorded.event for recorded in end.events]
        assert first_violation(IN_ORDER, events) is None
        decided = [event.ask for event in events if event.kind in {"approved", "rejected"}]
        assert len(decided) == len(set(decided))
        if end.standing.outcome == "approved":
            assert [e.step for e in events if e.kind == "approved"] == [s.key for s in an_opening().process.steps]
        seen += 1
    assert seen > 100


class Foreign:
    """A story that awaits something of asyncio's."""

    async def run(self, case: Case, opening: Opening) -> str:
        """Never return."""
        del case, opening
        import asyncio

        await asyncio.sleep(1)
        return "never"


async def test_a_process_that_awaits_anything_but_its_case_is_refused() -> None:
    with pytest.raises(ForeignAwaitError):
        play(Foreign(), an_opening(), a_directory(), BEGINS, ())
