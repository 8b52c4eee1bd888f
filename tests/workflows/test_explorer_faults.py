"""What exploring a pack finds: rules that let something through, what nobody can do, and stories without an end."""

import re
from pathlib import Path
from typing import Any, Final

import pytest

from domain.cases import Opening
from domain.events import SiteApproved
from domain.order import first_violation
from domain.pack import Pack, Process
from domain.people import Directory
from starter.exploring import Found, explore_pack
from tests.confidence import a_confidential_opening, a_confidential_pack, a_school, an_allegation_process
from tests.rounds import an_opening_of, people_of_rounds, with_more
from tests.stories import BEGINS, a_directory, a_pack, a_process, a_step, an_opening
from workflows.acknowledgement import Acknowledgement
from workflows.allegation import AllegationReferral
from workflows.case import Case
from workflows.explorer import RestlessError
from workflows.explorer_checks import reference
from workflows.explorer_found import Bound, World, never
from workflows.explorer_search import NEVER_ENDS, NO_END, explore
from workflows.site_creation import SiteCreation, SiteOutcome

UNGATED: Final = an_allegation_process(
    rules=[
        rule
        for rule in an_allegation_process().rules
        if rule.key not in {"advice-first", "may-investigate", "may-tell"}
    ]
)
"""A process whose rules let anything come before the advice."""


def found_in(pack: Pack, folder: Path) -> Found:
    return explore_pack(pack, folder)


def text(found: Found) -> str:
    return "\n".join(found.lines)


def test_a_pack_whose_rules_let_something_come_before_the_advice_is_told_in_the_shortest_story(tmp_path: Path) -> None:
    found = found_in(a_confidential_pack(UNGATED), tmp_path)
    assert not found.fine
    wrong = next(n for n, line in enumerate(found.lines) if "“lado advice recorded” before it" in line)
    assert found.lines[wrong].endswith("(10.1). The shortest way there:")
    story = [line.strip() for line in found.lines[wrong + 1 :] if re.match(r" +\d+\. ", line)]
    assert story[0].startswith("1. An allegation was put on record")
    assert story[-1] == "4. Holder headteacher recorded that an internal investigation began, by something"


def test_the_story_of_a_fault_breaks_the_rule_with_its_last_move_and_no_shorter_one_does() -> None:
    world = World(AllegationReferral, a_confidential_opening(UNGATED), a_school(), BEGINS)
    found = explore(world, Bound(out_of_turn=0))
    (finding, *_) = found.findings
    gate = reference(UNGATED)
    events = [said.event for said in finding.events]
    assert len(finding.moves) == 1
    assert first_violation(gate, events) is not None
    assert not explore(world._replace(opening=a_confidential_opening(an_allegation_process())), Bound()).findings


def test_a_step_whose_seat_nobody_holds_is_said() -> None:
    people = Directory(people=tuple(one for one in a_directory().people if one.id not in {"head", "deputy"}))
    found = explore(World(SiteCreation, an_opening(), people, BEGINS), Bound())
    cannot = never(a_process(), SiteCreation, [found]).cannot
    assert cannot == ("“Headteacher” reaches nobody by itself", "no case ever ends as “approved”")
    held = explore(World(SiteCreation, an_opening(), a_directory(), BEGINS), Bound())
    assert never(a_process(), SiteCreation, [held]).cannot == ()


def test_what_comes_after_a_step_that_a_rule_forbids_for_ever_is_never_asked_for(tmp_path: Path) -> None:
    backwards: dict[str, Any] = {
        "rule": "before",
        "key": "head-first",
        "first": {"event": "approved", "step": "headteacher"},
        "then": {"event": "approved", "step": "line_manager"},
        "clause": "16",
    }
    process = a_process().model_dump() | {"rules": [backwards]}
    pack = a_pack().model_copy(update={"seats": an_opening().seats, "processes": (Process.model_validate(process),)})
    found = found_in(pack, tmp_path)
    assert not found.fine
    assert "WRONG: “Headteacher” is never asked for." in text(found)
    assert "WRONG: no case ever ends as “approved”." in text(found)


def test_a_bound_is_said_with_how_many_states_there_were_and_how_many_were_merged(tmp_path: Path) -> None:
    found = found_in(a_confidential_pack(an_allegation_process()), tmp_path)
    assert found.fine, text(found)
    assert re.search(r"in turn: every way there is, \d+ states told apart in \d+ plays, \d+ merged", text(found))
    assert re.search(r"out of turn: every way .*, \d+ states told apart", text(found))
    assert "Left out: people, seats, absences" in text(found)


class Stuck(SiteCreation):
    """A story that waits for what never comes."""

    async def run(self, case: Case, opening: Opening) -> SiteOutcome:
        """Ask the first step, and then wait for ever."""
        step = case.next_step()
        if step is not None:
            await case.ask(step)
        await case.once(lambda: False)
        return SiteOutcome.APPROVED


def test_a_story_that_nothing_brings_to_an_end_is_found_out() -> None:
    world = World(Stuck, an_opening(), a_directory(), BEGINS)
    for bound, says in ((Bound(out_of_turn=0), NO_END), (Bound(out_of_turn=9, everywhere=True), NEVER_ENDS)):
        assert [finding.says for finding in explore(world, bound).findings] == [says]


def test_that_a_campaign_goes_on_until_its_owner_ends_it_is_no_fault_where_a_seat_signs_beside_everybody() -> None:
    opening = an_opening_of(with_more(), "campaign", "Code of conduct", document="code", version="1", digest="d" * 64)
    for bound in (Bound(out_of_turn=0), Bound(out_of_turn=1)):
        found = explore(World(Acknowledgement, opening, people_of_rounds(), BEGINS), bound)
        assert ("sign" in found.asked, "countersignature" in found.asked) == (False, True)
        assert found.findings == ()


class Restless(SiteCreation):
    """A story that looks at the clock again and again."""

    async def run(self, case: Case, opening: Opening) -> SiteOutcome:
        """Wait for a day, and do nothing about it."""
        day = case.morning_in(1)
        case.untils.append(lambda: day)
        await case.once(lambda: False)
        return SiteOutcome.APPROVED


def test_a_case_that_never_comes_to_rest_is_found_out() -> None:
    with pytest.raises(RestlessError, match="due for ever"):
        explore(World(Restless, an_opening(), a_directory(), BEGINS), Bound())


CLOCKS: Final = {"answer_within": 5, "clause": "14.6"}


def a_task(key: str, kind: str, **more: Any) -> dict[str, Any]:
    return {"key": key, "title": key, "seat": "headteacher", "done_by": {"event": kind}, **CLOCKS, **more}


@pytest.mark.parametrize(
    "process",
    [
        {
            "story": "site_life",
            "tasks": [a_task("go_live", "site_went_live"), a_task("close", "site_closed")],
            "rounds": [a_task("look", "site_reviewed", every="term")],
        },
        {
            "story": "review",
            "tasks": [a_task("draft", "draft_ready"), a_task("board", "board_decided")],
            "steps": [a_step("headteacher").model_dump()],
            "cycle": {"owner": "headteacher", "months": 12, "clause": "1"},
        },
        {
            "story": "acknowledgement",
            "steps": [a_step("headteacher").model_dump()],
            "campaign": {"owner": "headteacher", "documents": ["policy"], "audience": ["employee"], "clause": "1"},
        },
    ],
    ids=lambda process: process["story"],
)
def test_what_comes_round_is_played_to_its_end(process: dict[str, Any], tmp_path: Path) -> None:
    said = {"key": "p", "title": "Title", "summary": "Summary", "clause": "1", **process}
    pack = a_pack().model_copy(update={"seats": an_opening().seats, "processes": (Process.model_validate(said),)})
    found = found_in(pack, tmp_path)
    assert found.fine, text(found)
    assert "in turn: every way there is" in text(found)


class Hasty(SiteCreation):
    """A story that approves before anybody is asked, and goes round the one door."""

    async def run(self, case: Case, opening: Opening) -> SiteOutcome:
        """Approve at once."""
        case._append(SiteApproved(version=1))
        return SiteOutcome.APPROVED


def test_a_story_that_goes_round_the_door_is_found_out() -> None:
    found = explore(World(Hasty, an_opening(), a_directory(), BEGINS), Bound())
    assert [(one.moves, one.says.split(" of ")[0]) for one in found.findings] == [
        ((), "a site was approved without the approval")
    ]
