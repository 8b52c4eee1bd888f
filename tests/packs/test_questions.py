"""What two of the packs have people ask the school, played in memory: one seat answers, and nobody else."""

from typing import Any, Final

import pytest

import packs
from domain.cases import Act, Opening, Request
from domain.events import AskOpened, Reminded
from domain.pack import Pack, Process
from domain.pack_faults import faults_of
from domain.round_entries import QuestionAnswered
from tests.coverage_page import Cited, cited_by_packs
from tests.packs.rounds import events, holder, on, played
from tests.packs.test_citations import QUESTIONS
from tests.packs.trying import TODAY, facts_of, whole_pack, without

ASKED: Final = (("cadmus", "another_format"), ("newall-green", "guidance"))
CITED: Final = tuple(cited for cited in cited_by_packs() if cited.file in QUESTIONS)
ANSWER: Final = QuestionAnswered(answer="It is on the shelf beside my door.")


def asking(pack: Pack, process: Process, author: str) -> Opening:
    """Return with what somebody's question begins."""
    return Opening(
        case="c-1",
        reference="K7QM-4TXR",
        organisation=pack.organisation.key,
        school=facts_of(pack.key).school,
        pack_digest="0" * 64,
        process=process,
        seats=pack.seats,
        calendar=packs.expand(pack.calendar, TODAY.year),
        request=Request(
            title="Large print", starter=author, author=author, answers={"topic": "Large print", "question": "Where?"}
        ),
    )


def a_question(pack: str, key: str, seat: str = "dsl") -> Opening:
    """Return with what begins the question of whoever holds `seat`."""
    whole = whole_pack(pack)
    process = whole.process(key)
    assert process is not None
    return asking(whole, process, holder(pack, seat))


def answered_by(person: str) -> Act:
    """Return that somebody answers."""
    return Act(kind="record", person=person, how="session", entry=ANSWER, occasion="answer")


@pytest.mark.meets("ACK-03", "ACK-17")
@pytest.mark.parametrize(("pack", "key"), ASKED)
def test_the_seat_that_the_pack_names_answers_and_nobody_else(pack: str, key: str) -> None:
    opening = a_question(pack, key)
    head = holder(pack, "headteacher")
    author = opening.request.author
    so_far = played(opening, answered_by(author), answered_by(head), answered_by(head))
    assert [reply.says for reply in so_far.replies] == ["not_asked", "done", "closed"]
    assert so_far.standing.outcome == "answered"
    (answer,) = [event for event in events(so_far) if isinstance(event, QuestionAnswered)]
    assert (answer.by, answer.answer) == (head, ANSWER.answer)


@pytest.mark.parametrize(("pack", "key"), ASKED)
def test_nobody_answers_their_own_question(pack: str, key: str) -> None:
    opening = a_question(pack, key, "headteacher")
    so_far = played(opening, answered_by(opening.request.author))
    assert [reply.says for reply in so_far.replies] == ["not_asked"]
    assert opening.request.author not in {one.person for one in so_far.asked["a1"]}
    assert so_far.asked["a1"] != ()


@pytest.mark.parametrize(("pack", "key"), ASKED)
def test_a_question_is_withdrawn_by_whoever_asked_it_and_by_nobody_else(pack: str, key: str) -> None:
    opening = a_question(pack, key)
    other, own = (
        Act(kind="withdraw", person=person, how="session")
        for person in (holder(pack, "headteacher"), opening.request.author)
    )
    so_far = played(opening, other, own)
    assert [reply.says for reply in so_far.replies] == ["not_offered", "done"]
    assert (so_far.standing.outcome, so_far.standing.asks) == ("withdrawn", ())


@pytest.mark.parametrize(("pack", "key"), ASKED)
def test_a_question_waits_for_its_answer_however_long(pack: str, key: str) -> None:
    so_far = played(a_question(pack, key), on(TODAY.replace(year=TODAY.year + 1)))
    assert so_far.standing.outcome is None
    assert sum(isinstance(event, Reminded) for event in events(so_far)) == 1


@pytest.mark.parametrize("cited", CITED, ids=lambda one: f"{one.pack} {one.name}")
def test_a_question_is_asked_of_somebody_only_while_what_is_cited_is_there(cited: Cited) -> None:
    key = cited.file.removeprefix("processes/").removesuffix(".toml")

    def asks(pack: Pack) -> bool:
        process = pack.process(key)
        if process is None or not process.tasks:
            return False
        so_far = played(asking(pack, process, holder(cited.pack, "dsl")))
        return any(isinstance(event, AskOpened) for event in events(so_far))

    assert asks(whole_pack(cited.pack))
    assert not asks(without(cited.pack, cited.file, cited.way))


def part() -> Any:
    """Return the task of a question."""
    process = whole_pack("cadmus").process("another_format")
    assert process is not None
    return process.model_dump()["tasks"][0]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"form": "nothing"}, "form: there is no form nothing"),
        ({"may_start": ()}, "may_start: must name at least one"),
        ({"tasks": ()}, "tasks: there has to be one task, done by question_answered"),
        ({"tasks": (part(), part())}, "tasks: there has to be one task, done by question_answered"),
        ({"tasks": ({**part(), "seat": "boss"},)}, "tasks.answer.seat: there is no seat boss"),
        ({"tasks": ({**part(), "lapse_on": 30},)}, "tasks.answer.lapse_on: no question ends by silence"),
    ],
)
def test_each_fault_of_a_question_is_said_with_its_file_and_key(changes: dict[str, Any], says: str) -> None:
    pack = whole_pack("cadmus")
    processes = tuple(
        Process.model_validate(one.model_dump() | changes) if one.key == "another_format" else one
        for one in pack.processes
    )
    found = [str(fault) for fault in faults_of(pack.model_copy(update={"processes": processes}))]
    assert f"processes/another_format.toml: {says}" in found
