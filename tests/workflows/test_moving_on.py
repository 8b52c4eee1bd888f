"""A running case that is moved on to another pack: what stays approved, what is asked again, and what readers see."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from domain.cases import Act, FromPack
from domain.events import AnyEvent, Approved, AskClosed, AskOpened, PackChanged, Verdict
from domain.pack import Confirmation, Pack, Process
from domain.telling import Teller
from starter import moving
from starter.reconciling import Reconciling
from tests.house import House
from tests.stories import (
    BEGINS,
    THREE_STEPS,
    a_changes,
    a_directory,
    a_pack,
    a_person,
    a_process,
    a_step,
    an_answer,
    an_edit,
    an_opening,
)
from workflows.explorer import Move, Played, TimePasses, play
from workflows.explorer_moves import possible
from workflows.site_creation import SiteCreation

BEFORE = a_process(changes=a_changes())
OPENING = an_opening(BEFORE).model_copy(update={"immaterial": ("note",)})
MANAGER, COMMS, HEAD = an_answer("a1", "manager"), an_answer("a2", "comms"), an_answer("a3", "head")
STRICTER = a_step("headteacher", attestation="I approve it after reading the new policy.")


def a_move(process: Process, digest: str = "1" * 64, **more: object) -> Act:
    """Return that whoever runs Duly moves the case on to a pack with `process`."""
    pack = FromPack(
        pack_digest=digest,
        process=process,
        seats=OPENING.seats,
        calendar=OPENING.calendar,
        immaterial=OPENING.immaterial,
    )
    return Act.model_validate(
        {"kind": "move_on", "person": "duly", "how": "duly", "comment": "The new policy holds.", "pack": pack, **more}
    )


def another(*steps: object) -> Process:
    """Return the process as a new pack has it, with other `steps`."""
    return BEFORE.model_copy(update={"steps": steps or THREE_STEPS, "summary": "Ask for a site, as of this year."})


def played(*moves: Move) -> Played:
    return play(SiteCreation(), OPENING, a_directory(), BEGINS, moves)


def events(so_far: Played) -> list[AnyEvent]:
    return [said.event for said in so_far.events]


def asked(so_far: Played) -> list[str]:
    """Return the steps that were asked, in order."""
    return [event.step for event in events(so_far) if isinstance(event, AskOpened)]


def test_a_moved_case_asks_the_open_step_again_and_no_approved_step_twice() -> None:
    to = a_move(another())
    end = played(MANAGER, to)
    assert end.replies[-1].says == "done"
    assert [event.why for event in events(end) if isinstance(event, AskClosed)] == ["changed"]
    end = played(MANAGER, to, an_answer("a3", "comms"), an_answer("a4", "head"))
    assert asked(end) == ["line_manager", "communications_manager", "communications_manager", "headteacher"]
    assert end.standing.outcome == "approved"


def test_the_move_is_on_record_with_its_reason_and_both_packs() -> None:
    (moved,) = (event for event in events(played(MANAGER, a_move(another()))) if isinstance(event, PackChanged))
    assert moved == PackChanged(by="duly", comment="The new policy holds.", old="0" * 64, new="1" * 64)


def test_the_move_is_on_record_as_the_act_of_the_administrator_who_wants_it() -> None:
    end = played(MANAGER, a_move(another(), person="office"))
    assert end.replies[-1].says == "done"
    (moved,) = (said for said in end.events if isinstance(said.event, PackChanged))
    assert getattr(moved.event, "by", None) == "office"
    (told,) = Teller(OPENING, {"office": "Olive Office"}).told([moved])
    assert (told.by, "The new policy holds." in told.words) == ("Olive Office", True)


def test_a_move_that_nobody_was_named_for_is_told_as_an_act_of_duly() -> None:
    (moved,) = (said for said in played(a_move(another())).events if isinstance(said.event, PackChanged))
    assert Teller(OPENING, {}).told([moved])[0].by == ""


@pytest.mark.parametrize("person", ["author", "manager", "comms"], ids=["sent it", "decided", "is asked"])
def test_nobody_moves_on_a_case_in_which_they_have_a_part(person: str) -> None:
    end = played(MANAGER, a_move(another(), person=person))
    assert end.replies[-1].says == "not_offered"
    assert end.events == played(MANAGER).events


def test_a_move_decides_nothing_for_whoever_is_named() -> None:
    decides = a_move(another(), person="office", verdict=Verdict.APPROVE, ask="a2", signature="Office", version=1)
    end = played(MANAGER, decides)
    assert [event.by for event in events(end) if isinstance(event, Approved)] == ["manager"]
    assert [ask.step for ask in end.standing.asks] == ["communications_manager"]
    answer = Act(kind="answer", person="office", how="duly", ask="a3", verdict=Verdict.APPROVE, signature="Office")
    assert played(MANAGER, a_move(another(), person="office"), answer).replies[-1].says == "not_asked"


@pytest.mark.parametrize(
    "signed",
    [
        {"attestation": "I approve it as the new policy wants."},
        {"confirmations": (Confirmation(key="read", label="I have read it.", clause="1"),)},
    ],
    ids=["other words", "another confirmation"],
)
def test_an_approval_under_other_words_is_asked_for_again(signed: dict[str, object]) -> None:
    manager = THREE_STEPS[0].model_copy(update=signed)
    end = played(MANAGER, a_move(another(manager, *THREE_STEPS[1:])))
    assert [ask.step for ask in end.standing.asks] == ["line_manager"]
    answers = [
        an_answer(f"a{n}", who, confirmations=("read", "resourced"))
        for n, who in enumerate(("manager", "comms", "head"), 3)
    ]
    assert played(MANAGER, a_move(another(manager, *THREE_STEPS[1:])), *answers).standing.outcome == "approved"


def test_the_new_pack_asks_for_a_step_that_the_old_had_not_even_before_the_open_one() -> None:
    new = a_step("data_protection", "deputy_headteacher")
    end = played(MANAGER, COMMS, a_move(another(new, *THREE_STEPS)))
    assert [ask.step for ask in end.standing.asks] == ["data_protection"]
    end = played(MANAGER, COMMS, a_move(another(new, *THREE_STEPS)), an_answer("a4", "deputy"), an_answer("a5", "head"))
    assert end.standing.outcome == "approved"


def test_a_step_that_the_new_pack_does_without_is_asked_no_more() -> None:
    end = played(MANAGER, a_move(another(THREE_STEPS[0], THREE_STEPS[2])))
    assert [ask.step for ask in end.standing.asks] == ["headteacher"]
    assert (
        played(MANAGER, a_move(another(THREE_STEPS[0], THREE_STEPS[2])), an_answer("a2", "comms")).replies[-1].says
        == "closed"
    )


def test_where_the_new_pack_asks_for_nothing_more_the_case_comes_to_its_end() -> None:
    assert played(MANAGER, COMMS, a_move(another(*THREE_STEPS[:2]))).standing.outcome == "approved"


def test_a_case_that_waits_for_its_last_decision_to_settle_waits_as_the_new_pack_says() -> None:
    slow = BEFORE.model_copy(update={"settles_within": 60})
    opening = OPENING.model_copy(update={"process": slow})
    moves = (MANAGER, COMMS, HEAD, a_move(slow.model_copy(update={"settles_within": 120})))
    waits = play(SiteCreation(), opening, a_directory(), BEGINS, moves)
    assert (waits.standing.outcome, waits.standing.next_at) == (None, BEGINS + timedelta(minutes=120))
    late = TimePasses(until=BEGINS + timedelta(minutes=120))
    assert play(SiteCreation(), opening, a_directory(), BEGINS, (*moves, late)).standing.outcome == "approved"


def test_an_author_who_is_asked_for_changes_goes_on_being_asked_and_the_new_steps_come_after() -> None:
    returned = an_answer("a2", "comms", Verdict.RETURN)
    moves = (MANAGER, returned, a_move(another(STRICTER, THREE_STEPS[1])))
    end = played(*moves)
    assert [ask.ask for ask in end.standing.asks] == ["a3"]
    answered = played(*moves, an_edit(OPENING.request, note="Soon."))
    assert [ask.step for ask in answered.standing.asks] == ["headteacher"]


def test_where_the_new_pack_knows_no_changes_its_author_is_asked_for_none() -> None:
    returned = an_answer("a2", "comms", Verdict.RETURN)
    end = played(MANAGER, returned, a_move(another().model_copy(update={"changes": None})))
    assert [ask.step for ask in end.standing.asks] == ["communications_manager"]
    assert "edit" not in end.standing.offers


@pytest.mark.parametrize(
    ("move", "says"),
    [
        (a_move(another(), how="session"), "not_offered"),
        (a_move(another().model_copy(update={"key": "parties"})), "not_offered"),
        (a_move(another(), pack=None), "not_offered"),
        (a_move(another(), comment=" "), "incomplete"),
        (a_move(another(), digest="0" * 64), "unchanged"),
    ],
    ids=["a person", "another process", "no pack", "no reason", "the same pack"],
)
def test_a_move_that_does_not_count_changes_nothing(move: Act, says: str) -> None:
    end = played(MANAGER, move)
    assert end.replies[-1].says == says
    assert end.events == played(MANAGER).events


def test_a_case_that_is_held_is_not_moved() -> None:
    dispute = Act(kind="dispute", person="manager", how="link", ask="a1")
    assert played(MANAGER, dispute, a_move(another())).replies[-1].says == "held"


def test_a_case_that_has_ended_is_not_moved() -> None:
    assert played(MANAGER, COMMS, HEAD, a_move(another())).replies[-1].says == "closed"


def ways(most: int, *moves: Move) -> Iterator[tuple[Move, ...]]:
    """Yield every sequence of up to `most` moves after which the case still runs."""
    so_far = played(*moves)
    if so_far.over:
        return
    yield moves
    if most:
        for move in possible(so_far, OPENING):
            yield from ways(most - 1, *moves, move)


def test_wherever_it_stands_a_moved_case_can_be_approved_and_each_step_signs_the_new_words() -> None:
    to = another(THREE_STEPS[0], a_step("data_protection", "deputy_headteacher"), STRICTER)
    opening = OPENING.model_copy(update={"process": to})
    for way in ways(2):
        moves = (*way, a_move(to))
        while not (so_far := played(*moves)).over:
            ask = so_far.standing.asks[0]
            if ask.step == "changes":
                request = so_far.standing.request or OPENING.request
                moves = (*moves, an_edit(request, title=f"Edition {request.edition + 1}"))
            else:
                moves = (*moves, next(act for act in possible(so_far, opening) if isinstance(act, Act)))
        assert so_far.standing.outcome == "approved"
        last = {event.step: event.signature.attestation for event in events(so_far) if isinstance(event, Approved)}
        assert last.items() >= {step.key: step.attestation for step in to.steps}.items()


OFFICE = a_person("office").model_copy(update={"administrator": True})
LEFT = a_person("left").model_copy(update={"administrator": True, "leaves_on": BEGINS.date() - timedelta(days=1)})
WITH_OFFICE = a_directory(OFFICE, LEFT)


async def moved(
    at_home: House, offered: dict[str, Pack], reference: str, why: str, by: str = "Office@elms.example"
) -> str:
    """Return why the case could not be moved on, "" where it was."""
    return await moving.move(at_home.db, at_home.engine, offered, reference, by=by, why=why, on=BEGINS.date())


async def test_a_moved_case_is_read_under_its_new_pack_and_its_new_asks_are_mailed(at_home: House) -> None:
    case = await at_home.begin(an_opening(BEFORE, key="moved"), WITH_OFFICE)
    await at_home.engine.act(case.opening.case, MANAGER)
    await case.settled()
    at_home.outbox.messages.clear()
    new = a_pack().model_copy(update={"seats": OPENING.seats, "processes": (another(THREE_STEPS[0], STRICTER),)})
    offered = {new.organisation.key: new}
    reference = case.opening.reference
    assert await moved(at_home, offered, reference, "The new policy holds.") == ""
    await case.settled()
    (found,) = await moving.running_cases(at_home.db, at_home.keys, new.organisation.key)
    assert (found.reference, found.stands_at, found.pack) == (reference, "Headteacher", new)
    assert found.opening.process == new.processes[0]
    assert found.opening.request == case.opening.request
    assert found.if_moved(new) == ()
    (on_record,) = (said.event for said in found.history if isinstance(said.event, PackChanged))
    assert (on_record.by, on_record.comment) == ("office", "The new policy holds.")
    agreed = await Reconciling(at_home.db, at_home.keys, at_home.client, at_home.clock).run()
    # Temporal has the cases of other tests, too.
    assert not [fault for fault in agreed.faults if fault.startswith((reference, case.opening.case))]
    assert at_home.outbox.subjects("head@elms.example") == ["Please decide: Year 9 Science Club"]
    again = await moved(at_home, offered, reference, "Again.")
    assert again == "It goes by this pack already."
    assert (await at_home.engine.act(case.opening.case, an_answer("a3", "head"))).says == "done"
    assert await case.handle.result() == "approved"
    await case.settled()
    assert await moved(at_home, offered, reference, "Late.") == "It has ended."
    assert await moving.running_cases(at_home.db, at_home.keys, new.organisation.key) == []


async def test_a_case_is_moved_back_to_a_pack_that_it_went_by_before(at_home: House) -> None:
    case = await at_home.begin(an_opening(BEFORE, key="back"), WITH_OFFICE)
    await case.settled()
    packs = [
        a_pack().model_copy(update={"seats": OPENING.seats, "processes": (process,)})
        for process in (BEFORE, another(STRICTER), BEFORE, another(STRICTER))
    ]
    for pack in packs:
        offered = {pack.organisation.key: pack}
        assert await moved(at_home, offered, case.opening.reference, "To and fro.") == ""
    await case.settled()
    (found,) = await moving.running_cases(at_home.db, at_home.keys, "elms")
    assert found.pack == packs[-1]
    await at_home.engine.act(case.opening.case, Act(kind="withdraw", person="author", how="session"))


@pytest.mark.parametrize(
    ("offered", "reference", "why_not"),
    [
        ({}, "none", "There is no request of that reference."),
        ({}, "theirs", "The pack that Duly has now does not offer its process."),
        ({"elms": a_pack()}, "theirs", "The pack that Duly has now does not offer its process."),
    ],
    ids=["no case", "no pack", "no process"],
)
async def test_a_case_is_not_moved_to_where_it_cannot_go(
    at_home: House, offered: dict[str, Pack], reference: str, why_not: str
) -> None:
    case = await at_home.begin(an_opening(BEFORE, key="stays"), WITH_OFFICE)
    before = await case.settled()
    known = case.opening.reference if reference == "theirs" else "2222-2222"
    assert await moved(at_home, offered, known, "Moved.") == why_not
    assert await case.settled() == before


@pytest.mark.parametrize("by", ["head@elms.example", "nobody@elms.example", "left@elms.example"])
async def test_whoever_is_no_administrator_moves_nothing(at_home: House, by: str) -> None:
    case = await at_home.begin(an_opening(BEFORE, key=f"no-{by[:4]}"), WITH_OFFICE)
    before = await case.settled()
    offered = {"elms": a_pack().model_copy(update={"seats": OPENING.seats, "processes": (another(STRICTER),)})}
    with pytest.raises(moving.NotAnAdministratorError, match=f"and {by} is not; nothing was moved"):
        await moved(at_home, offered, case.opening.reference, "Moved.", by)
    assert await case.settled() == before
