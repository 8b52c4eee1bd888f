"""Why a case waits: the sentence names seat, since, clause, until, calendar, what comes next, and what one may do."""

from datetime import UTC, datetime, timedelta
from typing import Literal

import pytest

from domain.access import Viewer
from domain.cases import Standing
from domain.people import Asked
from domain.waiting import why_waiting
from tests.builders import HEADTEACHER, MONDAY, ORGANISATION, PACK, PROCESS, an_ask, an_opening, waits_for_ben

LATER = MONDAY + timedelta(days=1)
FOR_BEN = (
    "This waits for the Line manager, asked on 2 November 2026 (Elmbrook 16.2), who has until the end of"
    " Monday 9 November 2026 (5 working days in the calendar of Elmbrook Primary School);"
    " without an answer, the Line manager is reminded on 5 November 2026"
)


@pytest.mark.parametrize(
    ("person", "ending"),
    [
        ("ben", "; you may answer it now."),
        ("amina", "; you may withdraw the request until then."),
        ("otto", "; there is nothing that you need to do."),
        (None, "."),
    ],
)
def test_one_sentence_says_all_of_it_and_what_its_reader_may_do(person: str | None, ending: str) -> None:
    viewer = Viewer(person=person, organisation=ORGANISATION) if person else None
    waiting = why_waiting(an_opening(), *waits_for_ben(), PACK, LATER, viewer)
    assert waiting.sentence == FOR_BEN + ending
    assert not waiting.vacant
    assert not waiting.overdue


def test_an_author_who_is_asked_may_still_not_answer() -> None:
    standing, _ = waits_for_ben()
    asked = {"a1": (Asked(person="amina", seat="line_manager"),)}
    amina = Viewer(person="amina", organisation=ORGANISATION)
    assert "withdraw" in why_waiting(an_opening(), standing, asked, PACK, LATER, amina).sentence


@pytest.mark.parametrize(
    ("does", "says"),
    [
        ("remind", "; without an answer, the Line manager is reminded on 5 November 2026"),
        (
            "escalate",
            "; without an answer, those who stand in for the Line manager are asked as well on 5 November 2026",
        ),
        ("lapse", "; without an answer, the request lapses at the end of 5 November 2026"),
    ],
)
def test_what_comes_next_by_itself_is_named(does: Literal["remind", "escalate", "lapse"], says: str) -> None:
    standing, asked = waits_for_ben()
    standing = standing.model_copy(update={"next_does": does})
    assert says in why_waiting(an_opening(), standing, asked, PACK, LATER).sentence


def test_where_nothing_comes_by_itself_silence_is_said_not_to_approve() -> None:
    _, asked = waits_for_ben()
    waiting = why_waiting(an_opening(), Standing(asks=(an_ask(),)), asked, PACK, LATER)
    assert "nothing more happens by itself, and silence is never taken for approval" in waiting.sentence


@pytest.mark.parametrize("asked", [{}, {"a1": ()}])
def test_a_vacant_seat_is_named_with_what_the_school_has_to_do(asked: dict[str, tuple[Asked, ...]]) -> None:
    standing, _ = waits_for_ben()
    waiting = why_waiting(an_opening(), standing, asked, PACK, LATER)
    assert waiting.vacant
    assert waiting.sentence == (
        "This waits for somebody to hold the seat Line manager at Elmbrook Primary School, asked on 2 November 2026"
        " (Elmbrook 16.2): nobody who may decide this holds it, and the answer is due by the end of"
        " Monday 9 November 2026 (5 working days in the calendar of Elmbrook Primary School);"
        " nothing moves until the school names somebody for that seat."
    )


@pytest.mark.parametrize(
    ("asked", "who"),
    [
        ((Asked(person="helen", seat="headteacher"),), "the Headteacher in place of the Line manager, asked"),
        (
            (
                Asked(person="ben", seat="line_manager"),
                Asked(person="dev", seat="line_manager", instead_of="ben"),
            ),
            "the Line manager or a deputy, asked",
        ),
        (
            (Asked(person="ben", seat="line_manager"), Asked(person="helen", seat="headteacher")),
            "the Line manager or the Headteacher, asked",
        ),
    ],
)
def test_who_stands_in_is_said_by_seat(asked: tuple[Asked, ...], who: str) -> None:
    standing, _ = waits_for_ben()
    assert f"This waits for {who}" in why_waiting(an_opening(), standing, {"a1": asked}, PACK, LATER).sentence


def test_an_overdue_answer_is_said_to_be_late() -> None:
    waiting = why_waiting(an_opening(), *waits_for_ben(), PACK, datetime(2026, 11, 10, 0, 0, tzinfo=UTC))
    assert waiting.overdue
    assert "who had until the end of Monday 9 November 2026" in waiting.sentence


@pytest.mark.parametrize(("needs", "says"), [("all", "all of them are needed"), ("any", "any one of them is enough")])
def test_several_seats_at_once_say_whether_all_must_answer(needs: Literal["all", "any"], says: str) -> None:
    step = HEADTEACHER.model_copy(update={"seats": ("headteacher", "deputy_head"), "needs": needs})
    opening = an_opening().model_copy(update={"process": PROCESS.model_copy(update={"steps": (step,)})})
    asks = (an_ask("a1", "headteacher"), an_ask("a2", "headteacher", seat="deputy_head"))
    asked = {ask.ask: (Asked(person=ask.seat, seat=ask.seat),) for ask in asks}
    sentence = why_waiting(opening, Standing(asks=asks), asked, PACK, LATER).sentence
    assert sentence.startswith(f"This waits for 2 answers, and {says}: the Headteacher, asked on")
    assert "; and the Deputy headteacher, asked on" in sentence


@pytest.mark.parametrize("outcome", ["approved", "rejected", "withdrawn", "lapsed", "refused"])
def test_a_closed_case_waits_for_nothing_and_says_how_and_when_it_ended(outcome: str) -> None:
    waiting = why_waiting(an_opening(), Standing(outcome=outcome), {}, PACK, LATER, closed_at=MONDAY)
    assert waiting.sentence.startswith("This waits for nothing: ")
    assert "2 November 2026" in waiting.sentence


def test_between_two_turns_it_says_that_the_last_answer_is_being_recorded() -> None:
    assert "is being recorded" in why_waiting(an_opening(), Standing(), {}, PACK, LATER).sentence


def test_a_summer_deadline_is_told_by_the_clocks_of_england() -> None:
    due = datetime(2026, 7, 9, 22, 59, 59, tzinfo=UTC)
    standing = Standing(asks=(an_ask(opened_at=datetime(2026, 7, 1, 23, 30, tzinfo=UTC), due=due),))
    sentence = why_waiting(an_opening(), standing, waits_for_ben()[1], PACK, due).sentence
    assert "asked on 2 July 2026" in sentence
    assert "the end of Thursday 9 July 2026" in sentence
