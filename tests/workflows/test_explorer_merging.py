"""States that are merged: what can happen is the same as where every way is gone by itself."""

from collections.abc import Callable, Iterable
from datetime import timedelta
from functools import cache
from typing import Any, Final

import pytest

from domain.cases import Act, Opening
from domain.events import AskMoved, SiteApproved
from domain.pack import Process
from domain.round_entries import SiteReviewed
from tests.confidence import a_confidential_opening, a_disciplinary_process, a_school, an_allegation_process
from tests.stories import BEGINS, a_changes, a_directory, a_process, a_step, an_opening
from workflows.allegation import AllegationOutcome, AllegationReferral
from workflows.case import Case
from workflows.disciplinary import Disciplinary, DisciplinaryOutcome
from workflows.explorer import TimePasses
from workflows.explorer_found import Bound, Explored, World
from workflows.explorer_past import MANY
from workflows.explorer_search import explore
from workflows.explorer_states import UnknownStateError
from workflows.rounds import BY_RIGHT
from workflows.site_creation import SiteCreation, SiteOutcome
from workflows.strands import Story

EVERYTHING: Final = 99
"""More moves out of turn than any way has moves."""

REQUESTS: Final = {
    "three steps": a_process(),
    "two at once": a_process(a_step("both", "headteacher", "communications_manager", needs="all", lapse_on=9)),
    "one of two": a_process(a_step("either", "headteacher", "communications_manager", needs="any")),
    "changes": a_process(changes=a_changes()),
    "settling": a_process(
        a_step("headteacher"), changes=a_changes(back_to="headteacher", lapse_on=9), settles_within=30
    ),
}
FEW: Final = frozenset(
    {
        *("lado_referral_made", "lado_advice_recorded", "outcome_recorded", "disciplinary_opened"),
        *("triage_recorded", "procedure_chosen", "decision_made", "safeguarding_concern_raised", "clearance_claimed"),
        *("police_hold_placed", "police_hold_released", "subject_corrected"),
    }
)
"""Few enough kinds of entries that every way of some moves can be gone by itself."""


class FewAllegation(AllegationReferral):
    """An allegation in which only a few things can be recorded."""

    async def run(self, case: Case, opening: Opening) -> AllegationOutcome:
        """Accept only few kinds of entries."""
        _accept_few(case)
        return await super().run(case, opening)


class FewDisciplinary(Disciplinary):
    """A disciplinary case in which only a few things can be recorded."""

    async def run(self, case: Case, opening: Opening) -> DisciplinaryOutcome:
        """Accept only few kinds of entries."""
        _accept_few(case)
        return await super().run(case, opening)


def _accept_few(case: Case) -> None:
    accept = case.accept

    def few(kinds: Iterable[str], seats: Iterable[str] = (), does: Callable[[Any], None] | None = None) -> None:
        accept([kind for kind in kinds if kind in FEW], seats, does)

    case.accept = few  # type: ignore[method-assign]


MATTERS: Final[dict[str, tuple[type[Story], Process]]] = {
    "allegation": (FewAllegation, an_allegation_process()),
    "disciplinary": (FewDisciplinary, a_disciplinary_process()),
}


def a_request_world(process: Process) -> World:
    opening = an_opening(process).model_copy(update={"immaterial": ("note",)})
    return World(SiteCreation, opening, a_directory(), BEGINS)


def a_matter_world(story: type[Story], process: Process, allegations: int = 1) -> World:
    return World(story, a_confidential_opening(process), a_school(), BEGINS, allegations=allegations)


WORLDS: Final = {
    **{name: a_request_world(process) for name, process in REQUESTS.items()},
    **{name: a_matter_world(*told) for name, told in MATTERS.items()},
}


MOST: Final = 2
"""How many moves there is time for."""


@cache
def every_way(name: str) -> Explored:
    return explored(WORLDS[name], MOST, merging=False)


def explored(world: World, moves: int, out_of_turn: int = EVERYTHING, merging: bool = True) -> Explored:
    return explore(world, Bound(moves=moves, out_of_turn=out_of_turn, everywhere=True, merging=merging))


def traces(found: Explored, most: int) -> set[tuple[tuple[str, ...], ...]]:
    """Return the kinds of what happens, move by move, on every way of up to `most` moves."""
    onwards: dict[int, list[tuple[tuple[str, ...], int]]] = {}
    for edge in found.edges:
        if not (isinstance(edge.move, Act) and edge.move.entry and edge.move.entry.kind in found.idle):
            onwards.setdefault(edge.start, []).append((edge.kinds, edge.end))
    ways: set[tuple[tuple[tuple[str, ...], ...], int]] = {((), 0)}
    reached = set(ways)
    for _ in range(most):
        ways = {((*way, kinds), end) for way, at in ways for kinds, end in onwards.get(at, ())}
        reached |= ways
    return {way for way, _ in reached}


@pytest.mark.parametrize("name", WORLDS)
def test_what_can_happen_is_the_same_whether_states_are_merged_or_every_way_is_gone(name: str) -> None:
    merged, every = explored(WORLDS[name], MOST), every_way(name)
    assert traces(merged, MOST) == traces(every, MOST)
    assert merged.outcomes == every.outcomes
    assert merged.asked == every.asked
    assert merged.reached == every.reached
    assert merged.findings == every.findings == ()
    assert merged.states < every.states


@pytest.mark.parametrize("out_of_turn", [0, 1])
@pytest.mark.parametrize("name", WORLDS)
def test_where_little_comes_out_of_turn_nothing_that_can_happen_is_lost_and_nothing_is_made_up(
    name: str, out_of_turn: int
) -> None:
    merged = traces(explored(WORLDS[name], MOST, out_of_turn), MOST)
    within = traces(explored(WORLDS[name], MOST, out_of_turn, merging=False), MOST)
    assert within <= merged <= traces(every_way(name), MOST)


@pytest.mark.parametrize("name", WORLDS)
def test_there_are_so_many_states_and_no_more_however_far_a_case_goes_on(name: str) -> None:
    whole = explore(WORLDS[name], Bound(out_of_turn=1, everywhere=True))
    assert whole.whole
    assert whole.longest < whole.bound.moves
    assert explore(WORLDS[name], Bound(out_of_turn=1, everywhere=True, moves=200)).states == whole.states


def test_a_bound_that_is_reached_is_said_and_all_shorter_ways_were_gone() -> None:
    some = explore(WORLDS["changes"], Bound(out_of_turn=1, everywhere=True, states=30))
    assert (some.states, some.whole) == (30, False)
    shorter = explored(WORLDS["changes"], some.complete, out_of_turn=1)
    assert traces(some, some.complete) == traces(shorter, some.complete)


def test_what_nothing_looks_at_is_found_out_by_the_rules_and_tried_once() -> None:
    found = explored(a_matter_world(AllegationReferral, an_allegation_process()), 2, out_of_turn=1)
    assert {"police_contacted", "support_offered", "evidence_recorded"} <= found.idle
    assert not found.idle & {"lado_referral_made", "police_hold_placed", "investigation_started", "case_reviewed"}
    tried: list[str] = [edge.move.entry.kind for edge in found.edges if isinstance(edge.move, Act) and edge.move.entry]
    assert {kind: tried.count(kind) for kind in found.idle} == dict.fromkeys(found.idle, 1)
    assert found.idle <= found.recorded
    looked_at = an_allegation_process(
        tasks=(*an_allegation_process().tasks, {**an_allegation_process().tasks[0].model_dump(), **POLICE})
    )
    assert "police_contacted" not in explored(a_matter_world(AllegationReferral, looked_at), 2, out_of_turn=1).idle


POLICE: Final = {"key": "police", "done_by": {"event": "police_contacted"}, "each_allegation": False}


def test_the_clock_stops_where_something_else_than_a_reminder_comes_by_itself() -> None:
    found = explored(WORLDS["three steps"], 2)
    waits = [edge.kinds for edge in found.edges if isinstance(edge.move, TimePasses)]
    assert set(waits) == {("reminded", "reminded", "escalated")}


class LooksBack(SiteCreation):
    """A story that goes through the past for itself: what somebody stepped aside from, it takes as it is."""

    async def run(self, case: Case, opening: Opening) -> SiteOutcome:
        """Ask step after step, until somebody has stepped aside."""
        del opening
        while (step := case.next_step()) is not None:
            if any(isinstance(event, AskMoved) for event in case.past):
                return SiteOutcome.CANCELLED
            await case.ask(step)
        case.record(SiteApproved(version=1))
        return SiteOutcome.APPROVED


def test_what_a_story_looks_up_in_the_past_for_itself_is_told_apart() -> None:
    world = WORLDS["three steps"]._replace(story=LooksBack)
    assert traces(explored(world, 2), 2) == traces(explored(world, 2, merging=False), 2)


class Counts(SiteCreation):
    """A story that counts: it is over once the site was looked at three times."""

    async def run(self, case: Case, opening: Opening) -> SiteOutcome:
        """Let anybody look at the site."""
        del opening
        case.accept(("site_reviewed",), (BY_RIGHT,))
        await case.once(lambda: case.count(SiteReviewed) > MANY)
        return SiteOutcome.CANCELLED


def test_how_often_something_happened_is_told_apart_where_a_story_counts() -> None:
    found = explored(WORLDS["three steps"]._replace(story=Counts), 4)
    assert (found.outcomes, found.longest) == (frozenset({"cancelled"}), 3)


class Keeps(SiteCreation):
    """A story that keeps something of which nobody knows how to compare it."""

    async def run(self, case: Case, opening: Opening) -> SiteOutcome:
        """Wait, with something of its own at hand."""
        del opening
        kept = object()
        await case.settle()
        await case.until(case.now() + timedelta(days=1))
        return SiteOutcome.APPROVED if kept else SiteOutcome.REFUSED


def test_a_story_that_keeps_what_cannot_be_compared_is_refused() -> None:
    with pytest.raises(UnknownStateError, match="object"):
        explored(WORLDS["three steps"]._replace(story=Keeps), 2)
