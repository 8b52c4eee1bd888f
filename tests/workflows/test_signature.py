"""A signature that is not given in time: who is told of it, in which order, and for how long."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any, Final

import pytest

from domain.calendar import local_day
from domain.cases import Act, Opening
from domain.events import Verdict
from domain.pack import Process
from domain.round_entries import SignatureChased
from tests.rounds import ACKNOWLEDGEMENT, an_opening_of, people_of_rounds
from tests.stories import a_lever, an_answer
from workflows.acknowledgement import signing
from workflows.explorer import MemoryHost, Playing, TimePasses
from workflows.signature import Signing

NOW: Final = datetime(2026, 11, 2, 9, tzinfo=UTC)
MANAGER: Final = ("line_manager",)
HEAD: Final = ("headteacher",)
BOTH: Final = ("line_manager", "headteacher")
ANSWER: Final = an_answer("a1", "author", confirmations=(), comment="")


def a_signature(manager: str = "manager", **campaign: Any) -> Opening:
    """Return the opening of a case in which the author signs until Monday 9 November, to be told of the day after."""
    whole = ACKNOWLEDGEMENT.model_dump()
    process = Process.model_validate({**whole, "campaign": {**whole["campaign"], "chase": BOTH, **campaign}})
    answers = {"document": "code", "version": "1", "digest": "d" * 64, "signer": "author"}
    answers |= {"line_manager": manager} if manager else {}
    opening = an_opening_of(process, "sign", "Code of conduct", **answers)
    return opening.model_copy(update={"process": signing(opening.process)})


def begun(opening: Opening | None = None) -> Playing:
    """Return the case, played from Monday 2 November 2026 on."""
    return Playing(Signing(), opening or a_signature(), people_of_rounds(), NOW)


def told(playing: Playing) -> list[tuple[date, tuple[str, ...]]]:
    """Return on which days who was told."""
    return [(local_day(one.at), one.event.to) for one in playing.host.events if isinstance(one.event, SignatureChased)]


def until(playing: Playing, day: date) -> None:
    """Let time pass until the evening of `day`."""
    playing.make(TimePasses(until=datetime(day.year, day.month, day.day, 18, tzinfo=UTC)))


@pytest.mark.meets("ACK-05")
@pytest.mark.parametrize("chase_on", [5, 3, 0, 6])
def test_nobody_is_told_that_it_was_not_signed_in_time_before_the_time_is_up(chase_on: int) -> None:
    playing = begun(a_signature(chase_on=chase_on))
    due = playing.case.open_asks()[0].due
    assert local_day(due) == date(2026, 11, 9)
    playing.make(TimePasses(until=due))
    assert told(playing) == []
    until(playing, date(2026, 11, 10))
    assert told(playing) == [(date(2026, 11, 10), MANAGER)]


@pytest.mark.meets("ACK-05")
def test_the_line_manager_is_told_first_then_the_headteacher_and_then_both_at_a_slow_pace() -> None:
    playing = begun(a_signature(chase_on=8, chase_next=3, chase_again=10))
    until(playing, date(2026, 12, 18))
    assert told(playing) == [
        (date(2026, 11, 12), MANAGER),
        (date(2026, 11, 17), HEAD),
        (date(2026, 12, 1), BOTH),
        (date(2026, 12, 15), BOTH),
    ]


@pytest.mark.meets("ACK-05")
def test_it_is_told_of_for_years_about_once_a_month_beyond_the_bank_holidays_that_are_known() -> None:
    playing = begun()
    known = playing.case.opening.calendar.known_until
    until(playing, known + timedelta(days=730))
    days = [day for day, to in told(playing) if to == BOTH]
    assert days[-1] > known + timedelta(days=690)
    assert all(timedelta(days=27) < later - day < timedelta(days=38) for day, later in pairwise(days))


@pytest.mark.meets("ACK-05")
@pytest.mark.parametrize(
    "ends",
    [
        ANSWER,
        ANSWER.model_copy(update={"verdict": Verdict.REJECT, "comment": "No."}),
        Act(kind="call_off", person="duly", how="duly", comment="left"),
        Act(kind="call_off", person="duly", how="duly", comment="superseded"),
        Act(kind="call_off", person="duly", how="duly", comment="closed"),
    ],
    ids=["signed", "declined", "left", "superseded", "closed"],
)
def test_once_it_is_signed_or_nobody_has_to_sign_it_nobody_is_told_any_more(ends: Act) -> None:
    playing = begun()
    until(playing, date(2026, 11, 10))
    reply = playing.make(ends)
    assert reply is not None
    assert reply.says == "done"
    until(playing, date(2027, 11, 10))
    assert told(playing) == [(date(2026, 11, 10), MANAGER)]


def test_whoever_is_given_more_days_is_not_told_of_again_before_these_are_up() -> None:
    playing = begun()
    until(playing, date(2026, 11, 10))
    playing.make(a_lever("extend", ask="a1", days=10))
    until(playing, date(2026, 11, 23))
    assert told(playing) == [(date(2026, 11, 10), MANAGER)]
    until(playing, date(2026, 11, 24))
    assert told(playing)[1:] == [(date(2026, 11, 24), HEAD)]


def test_where_nobody_is_their_line_manager_the_next_is_told_first() -> None:
    playing = begun(a_signature(manager=""))
    until(playing, date(2026, 12, 9))
    assert told(playing) == [(date(2026, 11, 10), HEAD), (date(2026, 12, 8), HEAD)]


def test_a_signature_that_began_before_goes_on_as_it_did(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MemoryHost, "since", lambda _host, _change: False)
    playing = begun()
    until(playing, date(2027, 11, 10))
    assert told(playing) == [(date(2026, 11, 10), BOTH)]
