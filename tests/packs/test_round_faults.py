"""What is wrong with a process that comes round is said in plain words, with its file and its key."""

from typing import Any

import pytest

from domain.documents import Document
from domain.pack import Pack, Process
from domain.pack_faults import faults_of
from tests.packs.trying import PACKS, whole_pack

TASK = {"key": "draft", "title": "Draft", "seat": "headteacher", "done_by": {"event": "draft_ready"}, "clause": "9.1"}
LOOK = {
    "key": "look",
    "title": "Look",
    "seat": "headteacher",
    "done_by": {"event": "site_reviewed"},
    "every": "term",
    "clause": "9.1",
}


STOPS = "its clock stops while an answer is disputed; tasks are safeguarding in confidential processes alone"


def with_process(key: str, **changes: Any) -> Pack:
    """Return the pack of Newall Green, with one campaign, in which a process has other values for some attributes."""
    whole = whole_pack("newall-green")
    pack = whole.model_copy(update={"processes": tuple(one for one in whole.processes if one.key != "self_review")})
    process = pack.process(key)
    assert process is not None
    changed = Process.model_validate(process.model_dump() | changes)
    processes = tuple(changed if one.key == key else one for one in pack.processes)
    return pack.model_copy(update={"processes": processes})


def said(pack: Pack) -> list[str]:
    return [str(fault) for fault in faults_of(pack)]


def part(key: str, name: str) -> Any:
    process = whole_pack("newall-green").process(key)
    assert process is not None
    return process.model_dump()[name]


@pytest.mark.parametrize("pack", PACKS)
def test_nothing_is_wrong_with_the_five(pack: str) -> None:
    assert said(whole_pack(pack)) == []


@pytest.mark.parametrize(
    ("key", "changes", "says"),
    [
        ("site_creation", {"leads_to": "parties"}, "leads_to: there is no process parties that looks after a site"),
        ("site_creation", {"leads_to": "review"}, "leads_to: there is no process review that looks after a site"),
        (
            "site_life",
            {"tasks": ()},
            "tasks: there has to be a task go_live, done by site_went_live",
        ),
        ("site_life", {"tasks": ()}, "tasks: there has to be a task close, done by site_closed"),
        ("site_life", {"rounds": ({**LOOK, "seat": "boss"},)}, "tasks.look.seat: there is no seat boss"),
        ("site_life", {"rounds": ({**LOOK, "safeguarding": True},)}, f"tasks.look.safeguarding: {STOPS}"),
        ("review", {"tasks": ({**TASK, "safeguarding": True},)}, f"tasks.draft.safeguarding: {STOPS}"),
        (
            "site_life",
            {"rounds": ({**LOOK, "lapse_on": 30},)},
            "tasks.look.lapse_on: nothing that comes round ends by silence",
        ),
        (
            "site_life",
            {"rounds": ({**LOOK, "done_by": {"event": "site_registered"}},)},
            "tasks.look.done_by: no process records site_registered",
        ),
        ("site_life", {"rounds": (LOOK, LOOK)}, "tasks: look is there twice"),
        (
            "site_life",
            {"rounds": ({**LOOK, "key": "headteacher"},)},
            "tasks.headteacher: a step is called that already",
        ),
        ("site_life", {"rounds": ({**LOOK, "remind_on": [6]},)}, "a reminder comes after the answer is due"),
        ("site_life", {"steps": ()}, "steps: a change of a site has to be approved by somebody"),
        (
            "site_life",
            {"cover": {"clause": "9.1"}},
            "tasks: there has to be a task suspend, for when too few are there",
        ),
        ("review", {"cycle": None}, "cycle: is missing"),
        (
            "review",
            {"steps": ()},
            "steps: a new version has to be approved: by a step, or by the minute of a board",
        ),
        ("review", {"tasks": part("review", "tasks")[1:]}, "tasks: there has to be a task draft, done by draft_ready"),
        ("review", {"tasks": part("review", "tasks")[::-1]}, "tasks: a review begins with the draft"),
        ("review", {"cycle": {**part("review", "cycle"), "owner": "boss"}}, "cycle: there is no seat boss"),
        ("review", {"cycle": {**part("review", "cycle"), "told": ["boss"]}}, "cycle: there is no seat boss"),
        (
            "acknowledgement",
            {"story": "review", "cycle": part("review", "cycle"), "tasks": (TASK,)},
            "cycle.signed: the pack has no acknowledgement",
        ),
        ("acknowledgement", {"campaign": None}, "campaign: is missing"),
        ("acknowledgement", {"steps": ()}, "steps: everybody signs for themselves, once: one step, the seat signer"),
        (
            "acknowledgement",
            {"steps": ({**part("acknowledgement", "steps")[0], "seats": ["signer", "headteacher"]},)},
            "steps: everybody signs for themselves, once: one step, the seat signer",
        ),
        *[
            (
                "acknowledgement",
                {"steps": ({**part("acknowledgement", "steps")[0], name: 30},)},
                "steps.signature: nobody signs in another's place, and nothing is signed by silence",
            )
            for name in ("lapse_on", "escalate_on")
        ],
        (
            "acknowledgement",
            {"campaign": {**part("acknowledgement", "campaign"), "chase": ["boss"]}},
            "campaign: there is no seat boss",
        ),
        (
            "acknowledgement",
            {"campaign": {**part("acknowledgement", "campaign"), "chase_on": 10}},
            "campaign.chase_on: nobody is late on working day 10: they have until the end of working day 10;"
            " choose a later one",
        ),
        (
            "acknowledgement",
            {"campaign": {**part("acknowledgement", "campaign"), "documents": ["code"]}},
            "campaign.documents: there is no document code",
        ),
    ],
)
def test_each_fault_is_said_with_its_file_and_key(key: str, changes: dict[str, Any], says: str) -> None:
    found = said(with_process(key, **changes))
    assert any(line.startswith(f"processes/{key}.toml: ") and line.endswith(says) for line in found), found


def test_what_nobody_could_read_is_not_signed() -> None:
    whole = whole_pack("newall-green")
    bare = whole.model_copy(update={"document": whole.document.model_copy(update={"text": ""})})
    assert said(bare) == [
        "processes/acknowledgement.toml: campaign.documents: policy has no text that anybody could read"
    ]


def test_a_date_that_cannot_be_read_is_a_fault_and_one_that_does_not_fit_is_none() -> None:
    whole = whole_pack("newall-green")
    wrong = whole.document.model_copy(update={"review_date": "01/11/2024", "approved_on": "May 2099"})
    code = Document(key="code", title="A code", issued_on="soon")
    found = said(whole.model_copy(update={"document": wrong, "documents": (*whole.documents, code)}))
    how = "is no date: write a day (1 January 2025), a month, a term (Summer 2022) or a year"
    assert found == [
        f"pack.toml: document.review_date: '01/11/2024' {how}",
        f"documents/code.toml: issued_on: 'soon' {how}",
    ]
