"""What the processes that come round cite, counts: take the cited part away, and somebody sees a difference.

For a task or a round, that nobody is asked for it any more; for a step, that its seat is not asked; for the changes,
that nobody can change the site; for the cover, that nobody is asked to suspend posting; for a cycle, that nobody is
told that the day comes; for a campaign, that nobody is told who has not signed; for a process, that nothing begins.
"""

from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from domain.cases import Act, Opening, Present
from domain.pack import Pack, Story
from domain.round_entries import DateComing, SignatureChased
from domain.signatures import still_to_open
from tests.coverage_page import Cited, cited_by_packs
from tests.packs.rounds import (
    a_case,
    a_life,
    a_review,
    a_signature,
    an_approval,
    an_entry,
    asked_for,
    events,
    everybody,
    holder,
    live,
    on,
    played,
    record,
    says,
)
from tests.packs.test_citations import ROUNDS
from tests.packs.trying import TODAY, files_of, whole_pack, without
from workflows.explorer import Move, Played

CITED: Final = tuple(cited for cited in cited_by_packs() if cited.file in ROUNDS)
A_YEAR: Final = on(TODAY + timedelta(days=400))


def kind_of(cited: Cited) -> str:
    """Return which list or table of the file `cited` is in; a whole file is `file`."""
    return next((step for step in reversed(cited.way) if isinstance(step, str)), "file")


def of_kind(*kinds: str) -> list[Any]:
    """Return the cited places of these kinds as parameters."""
    return [pytest.param(one, id=f"{one.pack} {one.file} {one.name}") for one in CITED if kind_of(one) in kinds]


def found(cited: Cited) -> Any:
    """Return what is cited, as its file has it."""
    text: Any = files_of(cited.pack)[cited.file]
    for step in cited.way:
        text = text[step]
    return text


def story_of(cited: Cited) -> Story:
    """Return the story of the process that cites."""
    story: Story = files_of(cited.pack)[cited.file]["story"]
    return story


def a_life_lived(pack: Pack, owner_does: bool = True) -> Played:
    """Return what comes of a site that goes live and loses half of its people, with a change, for more than a year."""
    opening = a_life(pack)
    owner, team = str(opening.request.answers["author"]), everybody(opening)
    gone = Act(kind="cover", person="duly", how="duly", present=Present(administrators=team[:1], moderators=()))
    going: tuple[Move, ...] = (record(owner, live(team)), gone) if owner_does else ()
    return played(opening, *going, A_YEAR)


def a_review_held(pack: Pack) -> Played:
    """Return what comes of a review in which everybody does what they are asked for, whatever that is."""
    opening = a_review(pack, None)
    moves: tuple[Move, ...] = ()
    for _ in range(len(opening.process.tasks) + len(opening.process.steps)):
        so_far = played(opening, *moves)
        if not so_far.standing.asks:
            break
        ask = so_far.standing.asks[0]
        task = opening.process.task(ask.step)
        moves = (*moves, an_approval(opening, so_far) if task is None else _done(opening, pack, task.done_by.event[0]))
    return played(opening, *moves)


def _done(opening: Opening, pack: Pack, kind: str) -> Act:
    cycle = opening.process.cycle
    assert cycle is not None
    entry = an_entry(kind)
    if kind == "draft_ready":
        entry = entry.model_copy(update={"supersedes": pack.document.version or ""})
    return record(holder(pack.key, cycle.owner), entry)


def asked_in_all(pack: Pack, story: Story) -> set[str]:
    """Return for what somebody is asked in all that can come of a story."""
    match story:
        case "site_life":
            return {*asked_for(a_life_lived(pack)), *asked_for(a_life_lived(pack, owner_does=False)), *changed(pack)}
        case "review":
            return set(asked_for(a_review_held(pack)))
        case _:
            return set(asked_for(played(a_signature(pack, holder(pack.key, "dsl")))))


def changed(pack: Pack) -> set[str]:
    """Return for what somebody is asked when a site is changed and everybody approves."""
    opening = a_life(pack)
    answers = opening.request.answers
    changes = opening.request.model_copy(update={"answers": answers | {"content": "Films too"}})
    moves: tuple[Move, ...] = (
        Act(kind="edit", person=str(answers["author"]), how="session", version=1, request=changes),
    )
    if says(played(opening, *moves)) != ["done"]:
        return set()
    so_far = played(opening, *moves)
    while any(opening.process.step(one.step) for one in so_far.standing.asks):
        moves = (*moves, an_approval(opening, so_far))
        so_far = played(opening, *moves)
    return set(asked_for(so_far))


def test_every_cited_place_has_a_witness_here() -> None:
    assert {kind_of(cited) for cited in CITED} == {
        "file",
        "tasks",
        "rounds",
        "steps",
        "changes",
        "cover",
        "cycle",
        "campaign",
        "readings",
    }


@pytest.mark.parametrize("cited", of_kind("file"))
def test_a_cited_process_begins_only_while_it_is_there(cited: Cited) -> None:
    key = Path(cited.file).stem
    assert whole_pack(cited.pack).process(key) is not None
    assert without(cited.pack, cited.file, ()).process(key) is None


@pytest.mark.parametrize(
    "cited", [one for one in of_kind("tasks", "rounds", "steps") if "sign" not in one.id.rpartition(" ")[2]]
)
def test_somebody_is_asked_for_what_is_cited_only_while_it_is_there(cited: Cited) -> None:
    key = found(cited)["key"]
    assert key in asked_in_all(whole_pack(cited.pack), story_of(cited))
    assert key not in asked_in_all(without(cited.pack, cited.file, cited.way), story_of(cited))


@pytest.mark.parametrize("cited", [one for one in of_kind("steps") if one.id.endswith(" signature")])
def test_a_cited_signature_is_asked_of_whoever_is_to_sign(cited: Cited) -> None:
    key = Path(cited.file).stem
    signer = a_signature(whole_pack(cited.pack), holder(cited.pack, "dsl"), key)
    assert asked_for(played(signer)) == [found(cited)["key"]]
    left = without(cited.pack, cited.file, cited.way).process(key)
    assert left is not None
    assert [step for step in left.steps if step.seats == ("signer",)] == []


@pytest.mark.parametrize("cited", [one for one in of_kind("steps") if one.id.endswith(" countersignature")])
def test_a_seat_signs_besides_everybody_only_while_the_cited_step_is_there(cited: Cited) -> None:
    def asked(pack: Pack) -> list[str]:
        process = pack.process(Path(cited.file).stem)
        assert process is not None
        return asked_for(played(a_case(pack, process, document="policy", version="1", digest="d")))

    assert asked(whole_pack(cited.pack)) == [found(cited)["key"]]
    assert asked(without(cited.pack, cited.file, cited.way)) == []


@pytest.mark.parametrize("cited", of_kind("readings"))
def test_something_has_to_be_opened_before_one_signs_only_while_the_cited_reading_is_there(cited: Cited) -> None:
    def to_open(pack: Pack) -> list[str]:
        process = pack.process(Path(cited.file).stem)
        assert process is not None
        return [reading.key for reading in still_to_open(process.campaign, ())]

    assert found(cited)["key"] in to_open(whole_pack(cited.pack))
    assert found(cited)["key"] not in to_open(without(cited.pack, cited.file, cited.way))


@pytest.mark.parametrize("cited", of_kind("changes"))
def test_a_site_is_changed_only_while_the_cited_changes_are_there(cited: Cited) -> None:
    assert changed(whole_pack(cited.pack)) != set()
    assert changed(without(cited.pack, cited.file, cited.way)) == set()


@pytest.mark.parametrize("cited", of_kind("cover"))
def test_posting_is_to_be_suspended_for_want_of_people_only_while_the_cited_cover_is_there(cited: Cited) -> None:
    assert "suspend" in asked_for(a_life_lived(whole_pack(cited.pack)))
    assert "suspend" not in asked_for(a_life_lived(without(cited.pack, cited.file, cited.way)))


@pytest.mark.parametrize("cited", of_kind("cycle"))
def test_the_day_of_a_review_is_told_of_only_while_the_cited_cycle_is_there(cited: Cited) -> None:
    def told(pack: Pack) -> bool:
        so_far = played(a_review(pack), on(date(2027, 5, 1)))
        return any(isinstance(event, DateComing) for event in events(so_far))

    assert told(whole_pack(cited.pack))
    assert not told(without(cited.pack, cited.file, cited.way))


@pytest.mark.parametrize("cited", of_kind("campaign"))
def test_who_has_not_signed_is_told_of_only_while_the_cited_campaign_is_there(cited: Cited) -> None:
    def chased(pack: Pack) -> bool:
        so_far = played(a_signature(pack, holder(pack.key, "dsl"), Path(cited.file).stem), A_YEAR)
        return any(isinstance(event, SignatureChased) for event in events(so_far))

    assert chased(whole_pack(cited.pack))
    assert not chased(without(cited.pack, cited.file, cited.way))
