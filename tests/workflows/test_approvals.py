"""Which answers still count, read off the record as the case itself judges: after a move to another pack too."""

import pytest

from domain.approvals import counting
from domain.cases import Act, FromPack, Opening
from domain.events import Approved
from domain.pack import Confirmation, Process
from domain.picture import stages_of
from domain.telling import Teller
from tests.stories import BEGINS, THREE_STEPS, a_directory, a_step, an_answer, an_edit
from tests.workflows.test_moving_on import BEFORE, COMMS, MANAGER, OPENING, STRICTER, a_move, another, played, ways
from workflows.explorer import Move, Played, play
from workflows.site_creation import SiteCreation

EARLIER = {OPENING.pack_digest: BEFORE}


def moved(act: Act) -> Opening:
    """Return the opening as it is read after that move."""
    assert isinstance(act.pack, FromPack)
    return OPENING.model_copy(update=dict(act.pack))


def counted(process: Process, *moves: Move, earlier: dict[str, Process] = EARLIER) -> dict[str, bool]:
    """Return whether each approval counts that was given under the first pack, once the case was moved to `process`."""
    act = a_move(process)
    end = played(*moves, act)
    given = Teller(moved(act), {}, earlier).given(end.events)
    return {one.ask: not one.void for one in given}


def stages(process: Process, *moves: Move) -> list[tuple[str, str]]:
    act = a_move(process)
    found = stages_of(moved(act), played(*moves, act).events, {}, EARLIER)
    return [(stage.words, stage.void) for stage in found[1:-1]]


@pytest.mark.parametrize(
    "signed",
    [
        {"attestation": "I approve it as the new policy wants."},
        {"confirmations": (Confirmation(key="read", label="I have read it.", clause="1"),)},
    ],
    ids=["other words", "another confirmation"],
)
def test_an_approval_under_other_words_is_shown_as_void_once_the_case_is_moved_on(signed: dict[str, object]) -> None:
    manager = THREE_STEPS[0].model_copy(update=signed)
    to = another(manager, *THREE_STEPS[1:])
    assert counted(to, MANAGER, COMMS) == {"a1": False, "a2": True}
    assert counted(to, MANAGER, COMMS, earlier={}) == {"a1": False, "a2": True}
    assert stages(to, MANAGER, COMMS)[:2] == [
        ("Waiting for an answer", "approval of version 1 is void"),
        ("Approved", ""),
    ]


def test_a_confirmation_that_reads_otherwise_voids_what_was_approved_under_the_old_one() -> None:
    """What it said before is known of the pack that it was asked under."""
    before, after = (
        another(
            THREE_STEPS[0].model_copy(update={"confirmations": (Confirmation(key="read", label=said, clause="1"),)}),
            *THREE_STEPS[1:],
        )
        for said in ("I read it.", "I read it all.")
    )
    act = a_move(after)
    moves = (an_answer("a1", "manager", confirmations=("read",)), act)
    opening = OPENING.model_copy(update={"process": before})
    end = play(SiteCreation(), opening, a_directory(), BEGINS, moves)
    assert [ask.step for ask in end.standing.asks] == ["line_manager"]
    (given,) = Teller(moved(act), {}, {OPENING.pack_digest: opening.process}).given(end.events)
    assert given.void
    (unmoved,) = Teller(opening, {}).given(end.events)
    assert not unmoved.void


def test_a_step_that_the_new_pack_does_without_leaves_an_answer_that_does_not_count() -> None:
    assert counted(another(THREE_STEPS[0], THREE_STEPS[2]), MANAGER, COMMS) == {"a1": True, "a2": False}


def test_what_is_approved_before_the_step_at_which_a_change_begins_again_stands_for_every_version() -> None:
    assert BEFORE.changes is not None
    later = BEFORE.changes.model_copy(update={"back_to": THREE_STEPS[1].key})
    process = another().model_copy(update={"changes": later})
    edit = an_edit(OPENING.request, title="Another title")
    act = a_move(process)
    end = played(MANAGER, COMMS, act, edit)
    given = Teller(moved(act), {}, EARLIER).given(end.events)
    assert [ask.step for ask in end.standing.asks] == ["communications_manager"]
    assert {one.ask: one.void for one in given} == {"a1": False, "a2": True}
    words = [stage.words for stage in stages_of(moved(act), end.events, {}, EARLIER)]
    assert words[1:3] == ["Approved", "Waiting for an answer"]


@pytest.mark.parametrize(
    "to",
    [
        another(),
        another(THREE_STEPS[0], a_step("data_protection", "deputy_headteacher"), STRICTER),
        another(STRICTER, *THREE_STEPS[:2]),
    ],
    ids=["the same steps", "one more, one less, other words", "another order"],
)
def test_wherever_a_case_is_moved_on_the_page_counts_what_the_case_counts(to: Process) -> None:
    """Every step before the one that is asked stands approved on the page, and none that is asked does."""
    act = a_move(to)
    for way in ways(2):
        end = played(*way, act)
        if any(ask.step == "changes" for ask in end.standing.asks):
            continue
        standing = approved_steps(act, end)
        asked = {ask.step for ask in end.standing.asks}
        keys = [step.key for step in to.steps]
        first = min((keys.index(key) for key in asked), default=len(keys))
        assert set(keys[:first]) <= standing
        assert not asked & standing


def approved_steps(act: Act, end: Played) -> set[str]:
    """Return the steps of which the page says that an approval counts."""
    counts = counting(moved(act), [one.event for one in end.events], EARLIER)
    return {one.event.step for one in end.events if isinstance(one.event, Approved) and one.event.ask in counts}
