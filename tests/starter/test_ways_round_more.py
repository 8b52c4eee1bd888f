"""`duly audit reconcile`: what a case does by itself is no crime, and what somebody forges as if it had done so is."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from domain.cases import Act, FromPack, Reply
from domain.entries import InvestigatorAppointed
from domain.events import AskMoved, PackChanged, Recorded, Verdict
from domain.round_entries import ReadingOpened, SiteWentLive
from starter.reconciling import decided_by, decisions_of, taken_by
from store import disputes
from tests.house import Begun, house, temporal
from tests.rounds import REVIEW, a_pack_of_rounds, a_site, an_opening_of, people_of_rounds, put_on_record
from tests.starter.test_reconciling import Compared, Said, kind, written_anew
from tests.stories import a_directory, a_lever, a_person, a_process, a_step, an_answer, an_opening
from tests.workflows.test_neglected import NEGLECTED
from tests.workflows.test_ways_round_rounds import NOW, a_draft, a_life, changed
from workflows.explorer import Playing
from workflows.site_creation import SiteCreation

EVERYBODY = ("author", "manager", "mod_a", "mod_b")


@dataclass(frozen=True)
class Rounds(Compared):
    """A site that nobody looked at, and a review in which a draft is ready."""

    neglected: Begun
    review: Begun


@pytest.fixture(scope="module")
async def rounds(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Rounds]:
    folder = tmp_path_factory.mktemp("rounds")
    async with temporal() as environment, house(environment, folder) as home:
        opening = a_site("neglected", closure_date="2032-11-01").model_copy(update={"process": NEGLECTED})
        neglected = await home.begin(opening, people_of_rounds(), a_pack_of_rounds())
        await neglected.settled()
        live = SiteWentLive(
            address="https://example.org/club",
            on=home.clock().date(),
            terms_published="yes",
            privacy="Closed.",
            trained=EVERYBODY,
        )
        assert (await home.engine.act(opening.case, put_on_record(live, "author"))).says == "done"
        await neglected.settled()
        await neglected.pass_time(timedelta(days=240))
        await neglected.settled()
        drafted = an_opening_of(REVIEW, "drafted", "Code of conduct", document="code", version="1")
        review = await home.begin(drafted, people_of_rounds(), a_pack_of_rounds())
        await review.settled()
        draft = put_on_record(
            a_draft("2", "Be kind.").model_copy(update={"effective_from": home.clock().date()}), "owner"
        )
        assert (await home.engine.act(drafted.case, draft)).says == "done"
        await review.settled()
        yield Rounds(home, folder, neglected, review)


async def test_a_closing_that_was_proposed_by_itself_and_a_draft_agree_with_temporal(rounds: Rounds) -> None:
    assert {"closure_proposed", "request_edited"} <= {event.kind for event in await rounds.neglected.events()}
    assert {"draft_ready", "request_edited"} <= {event.kind for event in await rounds.review.events()}
    assert (await rounds.found()).faults == ()


async def test_an_answer_that_is_disputed_once_its_case_has_ended_is_not_taken_for_forged(rounds: Rounds) -> None:
    home = rounds.home
    ended = await home.begin(an_opening(key="ended"), people_of_rounds())
    await ended.settled()
    assert (await home.engine.act(ended.opening.case, an_answer("a1", "manager", Verdict.REJECT))).says == "done"
    await ended.settled()
    about = {"case": ended.opening.case, "ask": "a1"}
    async with home.db.write() as session:
        await disputes.dispute(session, home.keys, **about, by="manager", how="link", at=home.clock())
        await disputes.settle(
            session, home.keys, **about, by="head", stands=False, comment="A forged mail.", at=home.clock()
        )
    assert [event.kind for event in await ended.events()][-3:] == ["case_ended", "decision_disputed", "hold_released"]
    assert (await rounds.found()).faults == ()


def other_answers(said: Said, **answers: Any) -> Said:
    """Return a history whose latest change has other answers."""
    place = max(n for n, one in enumerate(said) if kind(one) == "request_edited")
    at, fields = said[place]
    salt, before = fields["answers"]
    return [*said[:place], (at, {**fields, "answers": [salt, {**before, **answers}]}), *said[place + 1 :]]


async def test_no_change_is_forged_as_if_a_case_had_made_it_by_itself(rounds: Rounds) -> None:
    crimes = (
        (rounds.review, {"text": "Be cruel."}),
        (rounds.review, {"new_version": "3"}),
        (rounds.neglected, {"closure_date": "2099-01-01"}),
    )
    for case, answers in crimes:
        file = rounds.copy()
        await written_anew(file, case.opening.case, lambda said, answers=answers: other_answers(said, **answers))  # type: ignore[misc]
        [fault] = (await rounds.found(file)).faults
        assert fault.startswith(f"{case.opening.reference}: event ")
        assert fault.endswith("is a decision that Temporal does not know.")


def test_that_a_case_goes_by_another_pack_is_compared() -> None:
    opening = an_opening(key="moved").model_copy(update={"pack_digest": "b" * 64})
    moved = PackChanged(by="admin", comment="Needed.", old="a" * 64, new="b" * 64)
    act = a_lever("move_on", how="duly", pack={name: getattr(opening, name) for name in FromPack.model_fields})
    assert decided_by(moved) is not None
    assert taken_by(act, Reply(says="done")) == decided_by(moved)
    assert taken_by(act, Reply(says="unchanged")) is None


def test_that_somebody_stepped_aside_from_several_asks_is_one_decision() -> None:
    first, second = (
        AskMoved(ask=ask, step="site", why="stepped_aside", by="head", comment="My cousin.", ladder=("headteacher",))
        for ask in ("a1", "a2")
    )
    act = Act(kind="step_aside", person="head", how="session", ask="a1", comment="My cousin.")
    assert decided_by(first) is not None
    assert taken_by(act, Reply(says="done")) == decided_by(first) == decided_by(second)


def agrees(playing: Playing, *moves: Act) -> None:
    """Have `moves` made a second apart, and see that all that was decided by them is on record, and nothing else."""
    taken = []
    for move in moves:
        playing.host.clock += timedelta(seconds=1)
        reply = playing.make(move)
        assert reply is not None
        assert reply.says == "done"
        taken.append(taken_by(move, reply))
    assert [decided for _, decided in decisions_of(playing.host.events)] == taken


def test_whoever_steps_aside_from_one_thing_after_another_in_the_same_words_does_so_twice() -> None:
    playing = a_life(a_site(go_live_date=NOW.date().isoformat(), author="head"))
    [task] = playing.case.open_asks()
    change = changed(playing, title="Science").model_copy(update={"person": "author"})
    aside = Act(kind="step_aside", person="head", how="session", comment="My cousin.")
    agrees(
        playing,
        change,
        *(aside.model_copy(update={"ask": ask}) for ask in ("a2", task.id)),
    )


def test_whoever_steps_aside_from_several_things_at_once_does_so_once() -> None:
    both = a_process(a_step("site", "headteacher", "communications_manager"))
    people = a_directory(a_person("both", "headteacher", "communications_manager"))
    playing = Playing(SiteCreation(), an_opening(both), people, NOW)
    assert len(playing.case.open_asks()) == 2
    aside = Act(kind="step_aside", person="both", how="session", ask="a2", comment="My cousin.")
    agrees(playing, aside)
    assert sum(isinstance(said.event, AskMoved) for said in playing.host.events) == 2


def test_that_another_investigator_is_asked_is_decided_by_appointing_them() -> None:
    appointed = InvestigatorAppointed(by="hr", person="ivy", allegations=("a1",))
    moved = AskMoved(ask="a4", step="investigate", why="reassigned", by="hr", ladder=("investigator",), named="ivy")
    first, second = Recorded(n=1, at=NOW, event=appointed), Recorded(n=2, at=NOW, event=moved)
    assert [one.n for one, _ in decisions_of([first, second])] == [1]
    later = second.model_copy(update={"at": NOW + timedelta(hours=1)})
    assert [one.n for one, _ in decisions_of([first, later])] == [1, 2]


def test_that_somebody_was_named_in_anothers_place_without_a_reason_is_a_forgery() -> None:
    playing = Playing(SiteCreation(), an_opening(), people_of_rounds(), NOW)
    moved = AskMoved(
        ask="a1", step="line_manager", why="reassigned", by="admin", ladder=("line_manager",), named="other"
    )
    forged = Recorded(n=3, at=NOW, event=moved)
    assert decisions_of([*playing.host.events, forged]) == [(forged, decided_by(forged.event))]
    assert decided_by(forged.event) is not None


def test_that_somebody_opened_what_is_to_be_read_is_compared() -> None:
    opened = ReadingOpened(by="author", how="link", reading="note", title="Briefing note", edition="2015")
    act = Act(kind="open", person="author", how="link", ask="a1", reading="note")
    assert decided_by(opened) is not None
    assert taken_by(act, Reply(says="done")) == decided_by(opened)
    assert taken_by(act, Reply(says="unchanged")) is None
