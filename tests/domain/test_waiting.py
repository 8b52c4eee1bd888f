"""Why a case waits: the sentence names seat, since, clause, until, calendar, what comes next, and what one may do."""

from datetime import UTC, date, datetime, timedelta
from typing import Literal

import pytest

from domain.access import Viewer
from domain.asking import AUTHOR
from domain.cases import OpenAsk, Standing
from domain.events import (
    AnyEvent,
    AskMoved,
    DatePassed,
    Nudged,
    Recorded,
    RequestUnfit,
    Returned,
    Signature,
)
from domain.pack import Changes
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
        ("amina", "; you may have those asked reminded or withdraw it."),
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
        " (Elmbrook 16.2): nobody is left who may decide this, administrators were told, and it is due by the end of"
        " Monday 9 November 2026 (5 working days in the calendar of Elmbrook Primary School);"
        " nothing moves until somebody holds that seat, or an administrator asks somebody else."
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


@pytest.mark.parametrize("outcome", ["approved", "rejected", "withdrawn", "lapsed", "refused", "cancelled"])
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


CHANGES = Changes(back_to="line_manager", answer_within=10, clause="c16-2")
OPENING = an_opening().model_copy(update={"process": PROCESS.model_copy(update={"changes": CHANGES})})
TO_AUTHOR = {"a2": (Asked(person="amina", seat=AUTHOR),)}
ADA = Viewer(person="ada", organisation=ORGANISATION, administrator=True)
AMINA = Viewer(person="amina", organisation=ORGANISATION)
RETURNED = Returned(
    ask="a1",
    step="line_manager",
    seat="line_manager",
    by="ben",
    how="link",
    version=1,
    opened_at=MONDAY,
    signature=Signature(name="Ben Carter", attestation="I approve."),
    comment="Say more.",
)


def recorded(*events: AnyEvent) -> tuple[Recorded, ...]:
    return tuple(Recorded(n=n, at=MONDAY, event=event) for n, event in enumerate(events, 1))


def for_changes() -> OpenAsk:
    return an_ask("a2", "changes", seat=AUTHOR, due=datetime(2026, 11, 16, 23, 59, 59, tzinfo=UTC))


@pytest.mark.parametrize(
    ("events", "why"),
    [
        ([], ""),
        ([RETURNED], ", because the Line manager returned it,"),
        (
            [RequestUnfit(ask="a1", step="line_manager", by="ben", faults=())],
            ", because the form does not hold any more,",
        ),
        (
            [RETURNED, DatePassed(question="live", day=date(2026, 11, 2))],
            ", because 2 November 2026 came before it was decided,",
        ),
    ],
)
def test_an_author_who_is_asked_for_changes_reads_since_when_why_and_until_when(
    events: list[AnyEvent], why: str
) -> None:
    standing = Standing(
        asks=(for_changes(),),
        offers=("withdraw", "edit"),
        next_at=datetime(2026, 11, 5, 7, tzinfo=UTC),
        next_does="remind",
        next_ask="a2",
    )
    waiting = why_waiting(OPENING, standing, TO_AUTHOR, PACK, LATER, AMINA, history=recorded(*events))
    assert waiting.sentence == (
        f"This waits for its author, who was asked on 2 November 2026 (Elmbrook 16.2) to change it{why} and has until"
        " the end of Monday 16 November 2026 (10 working days in the calendar of Elmbrook Primary School);"
        " without a change, the author is reminded on 5 November 2026; you may change it or withdraw it."
    )
    assert not waiting.vacant


def test_an_author_who_was_asked_for_changes_and_has_left_leaves_it_to_administrators() -> None:
    coming = {"next_at": datetime(2026, 11, 5, 7, tzinfo=UTC), "next_does": "remind", "next_ask": "a2"}
    standing = Standing(asks=(for_changes(),), offers=("withdraw", "edit")).model_copy(update=coming)
    waiting = why_waiting(OPENING, standing, {}, PACK, LATER, ADA)
    assert "to change it, has left (administrators were told) and has until" in waiting.sentence
    assert waiting.sentence.endswith(
        "; nothing moves unless they come back, or an administrator cancels it; you may cancel it."
    )
    assert waiting.vacant


@pytest.mark.parametrize(
    ("viewer", "may"),
    [
        (AMINA, "you may withdraw it"),
        (ADA, "you may settle it"),
        (Viewer(person="ben", organisation=ORGANISATION), "there is nothing that you need to do"),
        (ADA.model_copy(update={"person": "ben"}), "there is nothing that you need to do"),
    ],
)
def test_a_case_on_hold_says_since_when_who_settles_it_and_that_no_clock_runs(viewer: Viewer, may: str) -> None:
    standing, asked = waits_for_ben()
    held = {"disputed": ("a0",), "held_at": MONDAY, "next_at": None, "next_does": None, "next_ask": None}
    late = MONDAY + timedelta(days=30)
    waiting = why_waiting(OPENING, standing.model_copy(update=held), asked, PACK, late, viewer)
    assert waiting.sentence == (
        "This is on hold since 2 November 2026, because somebody said that an answer in their name was not theirs; an"
        f" administrator who has no part in the request settles it, and until then all clocks stand still; {may}."
    )
    assert not waiting.overdue


def test_an_administrator_whose_answer_is_disputed_does_not_settle_it() -> None:
    standing = Standing(disputed=("a1",), held_at=MONDAY)
    by_ada = RETURNED.model_copy(update={"by": "ada"})
    waiting = why_waiting(OPENING, standing, {}, PACK, LATER, ADA, history=recorded(by_ada))
    assert waiting.sentence.endswith("; there is nothing that you need to do.")


def test_the_last_approval_says_until_when_it_settles_in_the_time_of_england() -> None:
    standing = Standing(offers=("withdraw",), next_at=datetime(2026, 7, 6, 9, 30, tzinfo=UTC), next_does="settle")
    assert why_waiting(OPENING, standing, {}, PACK, LATER, AMINA).sentence == (
        "This waits for no answer: the last approval was given, and takes effect at 10:30am on 6 July 2026;"
        " until then, whoever answered can still say that the answer was not theirs; you may withdraw it."
    )


def test_a_date_that_has_to_lie_ahead_is_said_to_send_the_request_back() -> None:
    standing, asked = waits_for_ben()
    passes = {"next_does": "date_passes", "next_ask": None, "next_at": datetime(2026, 11, 5, 7, tzinfo=UTC)}
    sentence = why_waiting(OPENING, standing.model_copy(update=passes), asked, PACK, LATER).sentence
    assert sentence.endswith(
        "; without a decision before 5 November 2026, the request goes back to its author, because that day has to lie"
        " ahead."
    )


def test_an_ask_that_reaches_nobody_offers_an_administrator_to_ask_somebody_else_and_its_author_no_reminder() -> None:
    standing, _ = waits_for_ben()
    assert why_waiting(OPENING, standing, {}, PACK, LATER, ADA).sentence.endswith("; you may ask somebody else.")
    assert why_waiting(OPENING, standing, {}, PACK, LATER, AMINA).sentence.endswith("; you may withdraw it.")


def a_move(why: str, named: str | None) -> AskMoved:
    return AskMoved.model_validate(
        {"ask": "a1", "step": "line_manager", "why": why, "ladder": ("line_manager",), "named": named}
    )


@pytest.mark.parametrize(
    ("moves", "named"),
    [
        ([a_move("reassigned", "otto")], True),
        ([a_move("reassigned", "otto"), a_move("people_changed", "otto")], True),
        ([a_move("reassigned", "otto"), a_move("stepped_aside", None)], False),
        ([a_move("people_changed", "ben")], False),
    ],
)
def test_that_an_administrator_named_who_answers_is_said_until_somebody_takes_it_back(
    moves: list[AnyEvent], named: bool
) -> None:
    standing, asked = waits_for_ben()
    sentence = why_waiting(OPENING, standing, asked, PACK, LATER, history=recorded(*moves)).sentence
    assert ("for somebody whom an administrator named in place of the Line manager, asked" in sentence) == named


@pytest.mark.parametrize(("days_ago", "may"), [(0, "you may withdraw it"), (1, "you may have those asked reminded")])
def test_an_author_may_have_those_asked_reminded_once_a_day(days_ago: int, may: str) -> None:
    standing, asked = waits_for_ben()
    nudged = Recorded(n=1, at=LATER - timedelta(days=days_ago), event=Nudged(ask="a1", step="line_manager", by="amina"))
    assert may in why_waiting(OPENING, standing, asked, PACK, LATER, AMINA, history=(nudged,)).sentence
