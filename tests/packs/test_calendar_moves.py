"""What moves by itself when the calendar changes is said beforehand, all of it, as it then comes: under every pack."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Final

import pytest

from domain.calendar import Period
from domain.calendar_changes import coming_moved
from domain.cases import Act, Opening, Present
from domain.coming_by_itself import comes_by_itself
from domain.round_entries import CalendarChanged, OtherDay
from tests.packs import rounds
from tests.packs.test_coming_by_itself import CASES, lives, played
from tests.packs.trying import TODAY, whole_pack
from workflows.explorer import Move, Played

ORDINARY: Final = [
    one for one in CASES if str(one.id).rpartition("-")[2] not in {"allegation", "advised", "disciplinary"}
]
HOLIDAY: Final = date(2026, 11, 26)
LOST: Final = Act(
    kind="cover", person="duly", how="duly", present=Present(administrators=(), moderators=()), occasion="1"
)


def with_holidays(opening: Opening, *days: date) -> Opening:
    """Return the case as it goes by a calendar with more holidays."""
    calendar = opening.calendar
    holidays = calendar.bank_holidays | set(days)
    return opening.model_copy(update={"calendar": calendar.model_copy(update={"bank_holidays": holidays})})


def closed(opening: Opening) -> Opening:
    """Return the case as it goes by a calendar with a closure of a week, from tomorrow on."""
    closure = Period(name="Flood", first=TODAY + timedelta(days=1), last=TODAY + timedelta(days=7))
    calendar = opening.calendar
    closures = (*calendar.closures, closure)
    return opening.model_copy(update={"calendar": calendar.model_copy(update={"closures": closures})})


def comes(opening: Opening, so_far: Played) -> set[tuple[date, str]]:
    """Return what comes by itself, and on which day."""
    days = comes_by_itself(opening, so_far.standing, so_far.asked, so_far.events)
    return {(day.day, what) for day in days for what in day.sentences}


def moves(opening: Opening, so_far: Played, after: Opening) -> tuple[OtherDay, ...]:
    """Return what is said beforehand to move."""
    return coming_moved(opening, so_far.standing, so_far.asked, so_far.events, after.calendar)


@pytest.mark.parametrize("change", [lambda one: with_holidays(one, HOLIDAY), closed], ids=["holiday", "closure"])
@pytest.mark.parametrize("make", ORDINARY)
def test_what_is_said_to_move_moves_and_nothing_else(
    make: Callable[[], tuple[Opening, tuple[Move, ...]]], change: Callable[[Opening], Opening]
) -> None:
    opening, so_far_done = make()
    now = played(opening, *so_far_done)
    after = change(opening)
    said = moves(opening, now, after)
    recalendar = Act(kind="recalendar", person="duly", how="duly", calendar=after.calendar, coming=said, occasion="1")
    then = played(opening, *so_far_done, recalendar)
    before = comes(opening, now)
    assert before >= {(one.old, one.what) for one in said}
    assert comes(after, then) == before - {(one.old, one.what) for one in said} | {(one.new, one.what) for one in said}
    changed = [said.event for said in then.events if isinstance(said.event, CalendarChanged)]
    assert [one.coming for one in changed] == [said]


def test_cover_that_was_lost_is_named_with_the_day_on_which_posting_is_to_be_suspended() -> None:
    opening, acts = lives(whole_pack("cadmus"))
    lost = played(opening, *acts, LOST)
    assert moves(opening, lost, with_holidays(opening, HOLIDAY)) == (
        OtherDay(
            what="The Person responsible for the site is asked: "
            "“Suspend posting: too few administrators or moderators are there”",
            old=date(2026, 12, 1),
            new=date(2026, 12, 2),
        ),
    )


def test_a_reminder_that_has_gone_does_not_go_again_and_the_next_one_moves() -> None:
    opening = rounds.a_review(whole_pack("cadmus"), date(2027, 1, 18))
    now = played(opening, rounds.on(TODAY))
    assert [(one.old, one.new) for one in moves(opening, now, with_holidays(opening, date(2027, 1, 11)))] == [
        (date(2027, 1, 11), date(2027, 1, 8))
    ]
    assert moves(opening, now, with_holidays(opening, date(2026, 10, 20))) == ()
