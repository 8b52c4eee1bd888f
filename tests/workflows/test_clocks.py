"""When people are reminded, and the seats above them told: by the school's calendar and the pack's days."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from domain.calendar import Calendar, Period
from domain.cases import Act, Opening
from domain.events import AskOpened, Extended, Reminded, Verdict
from domain.people import Directory
from tests.house import House
from tests.stories import (
    BEGINS,
    a_changes,
    a_directory,
    a_lever,
    a_person,
    a_process,
    a_step,
    an_answer,
    an_edit,
    an_opening,
)
from workflows.explorer import Played, TimePasses, play
from workflows.site_creation import SiteCreation

PEOPLE: Directory = a_directory(a_person("admin", administrator=True))
TERMS = (
    Period(name="spring", first=date(2027, 1, 4), last=date(2027, 2, 12)),
    Period(name="summer", first=date(2027, 2, 22), last=date(2027, 5, 28)),
)
CALENDAR = Calendar(
    bank_holidays=frozenset({date(2027, 1, 13)}), known_until=date(2045, 12, 31), terms=TERMS, inset_days=frozenset()
)
LONDON = ZoneInfo("Europe/London")


def an_hour(text: str) -> datetime:
    """Return the moment that a clock in England shows as `text`."""
    return datetime.fromisoformat(text).replace(tzinfo=LONDON).astimezone(UTC)


def an_opening_by(calendar: Calendar | None = None, **clocks: Any) -> Opening:
    """Return the opening of a request that the headteacher decides, by `clocks`."""
    changes = a_changes(back_to="headteacher", ahead=None)
    opening = an_opening(a_process(a_step("headteacher", **clocks), changes=changes))
    return opening.model_copy(update={"calendar": calendar} if calendar else {})


def played(*moves: Act | TimePasses, opening: Opening | None = None, begins: datetime = BEGINS) -> Played:
    return play(SiteCreation(), opening or an_opening_by(), PEOPLE, begins, moves)


def when(play_: Played, *kinds: str) -> list[tuple[str, str]]:
    """Return what of `kinds` happened, and what a clock in England showed."""
    return [
        (said.event.kind, said.at.astimezone(LONDON).strftime("%a %d %b %H:%M"))
        for said in play_.events
        if said.event.kind in kinds
    ]


BY_ITSELF = ("reminded", "escalated", "ask_closed")


def due(play_: Played) -> str:
    """Return when the open ask is due, as a clock in England shows it."""
    return play_.standing.asks[0].due.astimezone(LONDON).strftime("%a %d %b %H:%M:%S")


def until(text: str) -> TimePasses:
    return TimePasses(until=an_hour(text))


# Reminders and escalation.


def test_whoever_is_asked_is_reminded_on_the_third_and_fifth_working_day_and_escalated_on_the_seventh() -> None:
    assert when(played(until("2027-03-01")), *BY_ITSELF) == [
        ("reminded", "Thu 14 Jan 07:00"),
        ("reminded", "Mon 18 Jan 07:00"),
        ("escalated", "Wed 20 Jan 07:00"),
    ]


@pytest.mark.parametrize(
    ("clocks", "happens"),
    [
        ({"remind_on": (1,), "escalate_on": 2}, [("reminded", "Tue 12 Jan 07:00"), ("escalated", "Wed 13 Jan 07:00")]),
        ({"remind_on": (), "escalate_on": None}, []),
        ({"remind_on": (), "escalate_on": None, "lapse_on": 2}, [("ask_closed", "Wed 13 Jan 23:59")]),
    ],
)
def test_on_which_days_the_pack_says(clocks: dict[str, Any], happens: list[tuple[str, str]]) -> None:
    assert when(played(until("2027-03-01"), opening=an_opening_by(**clocks)), *BY_ITSELF) == happens


def test_a_day_on_which_the_school_does_not_work_does_not_count() -> None:
    opening = an_opening_by(CALENDAR)
    assert when(played(until("2027-03-01"), opening=opening), *BY_ITSELF)[0] == ("reminded", "Fri 15 Jan 07:00")


def test_a_changed_request_has_clocks_of_its_own() -> None:
    edited = an_edit(an_opening_by().request, title="New")
    end = played(until("2027-01-15"), edited, until("2027-03-01"))
    assert when(end, *BY_ITSELF)[1:4] == [
        ("ask_closed", "Fri 15 Jan 00:00"),
        ("reminded", "Wed 20 Jan 07:00"),
        ("reminded", "Fri 22 Jan 07:00"),
    ]


def test_an_author_who_is_asked_for_changes_is_reminded_as_the_pack_says() -> None:
    opening = an_opening(a_process(changes=a_changes(remind_on=(2, 4))))
    end = played(an_answer("a1", "manager", Verdict.RETURN), until("2027-02-01"), opening=opening)
    assert when(end, "reminded") == [("reminded", "Wed 13 Jan 07:00"), ("reminded", "Fri 15 Jan 07:00")]


# Terms.


def test_days_between_terms_do_not_count_where_the_clock_pauses_in_holidays() -> None:
    thursday = an_hour("2027-02-11 10:00")
    pausing = an_opening_by(CALENDAR, pauses_in_holidays=True)
    running = an_opening_by(CALENDAR)
    assert due(played(opening=pausing, begins=thursday)) == "Thu 25 Feb 23:59:59"
    assert due(played(opening=running, begins=thursday)) == "Thu 18 Feb 23:59:59"
    assert when(played(until("2027-03-09"), opening=pausing, begins=thursday), *BY_ITSELF) == [
        ("reminded", "Tue 23 Feb 07:00"),
        ("reminded", "Thu 25 Feb 07:00"),
        ("escalated", "Mon 01 Mar 07:00"),
    ]


def test_an_ask_made_in_the_holidays_begins_to_count_with_the_term() -> None:
    pausing = an_opening_by(CALENDAR, pauses_in_holidays=True, answer_within=1)
    assert due(played(opening=pausing, begins=an_hour("2027-02-16 10:00"))) == "Mon 22 Feb 23:59:59"


# The clock change.


@pytest.mark.parametrize(
    ("begins", "ends_utc"),
    [
        ("2027-03-25 10:00", datetime(2027, 4, 1, 22, 59, 59, tzinfo=UTC)),  # forward on the 28th of March
        ("2027-03-19 10:00", datetime(2027, 3, 26, 23, 59, 59, tzinfo=UTC)),
        ("2027-10-28 10:00", datetime(2027, 11, 4, 23, 59, 59, tzinfo=UTC)),  # back on the 31st of October
        ("2027-10-22 10:00", datetime(2027, 10, 29, 22, 59, 59, tzinfo=UTC)),
    ],
)
def test_a_deadline_ends_with_the_day_in_england_on_either_side_of_the_clock_change(
    begins: str, ends_utc: datetime
) -> None:
    asked = played(begins=an_hour(begins)).standing.asks[0]
    assert asked.due == ends_utc
    assert asked.due.astimezone(LONDON).strftime("%H:%M:%S") == "23:59:59"


@pytest.mark.parametrize("begins", ["2027-03-25 10:00", "2027-10-28 10:00"])
def test_reminders_come_at_seven_in_england_on_either_side_of_the_clock_change(begins: str) -> None:
    start = an_hour(begins)
    end = played(TimePasses(until=start + timedelta(days=20)), begins=start)
    assert {at[-5:] for _, at in when(end, "reminded", "escalated")} == {"07:00"}


def test_a_lapse_comes_with_the_last_second_of_the_day_and_not_before() -> None:
    opening = an_opening_by(lapse_on=5, remind_on=(), escalate_on=None)
    last = datetime(2027, 4, 1, 22, 59, 59, tzinfo=UTC)
    begins = an_hour("2027-03-25 10:00")
    answered = an_answer("a1", "head")
    late = played(TimePasses(until=last), answered, opening=opening, begins=begins)
    in_time = played(TimePasses(until=last - timedelta(seconds=1)), answered, opening=opening, begins=begins)
    assert (late.standing.outcome, in_time.standing.outcome) == ("lapsed", "approved")


# Extended.


def test_more_days_move_everything_that_is_still_to_come_and_nothing_that_was() -> None:
    extend = a_lever("extend", ask="a1", days=4)
    end = played(until("2027-01-15"), extend, until("2027-03-01 06:00"))
    assert when(end, *BY_ITSELF) == [
        ("reminded", "Thu 14 Jan 07:00"),
        ("reminded", "Fri 22 Jan 07:00"),
        ("escalated", "Tue 26 Jan 07:00"),
    ]
    assert due(played(until("2027-01-15"), extend)) == "Fri 22 Jan 23:59:59"
    (extended,) = (said.event for said in end.events if isinstance(said.event, Extended))
    assert (extended.days, extended.by, extended.due) == (4, "admin", an_hour("2027-01-22 23:59:59"))


def test_days_are_given_twice_when_they_are_given_twice() -> None:
    twice = [a_lever("extend", ask="a1", days=1, occasion=str(n)) for n in range(2)]
    assert due(played(*twice)) == "Wed 20 Jan 23:59:59"


# Told late.


def told(at: str) -> Act:
    return Act(kind="told", person="duly", how="duly", ask="a1", at=an_hour(at))


def test_a_clock_that_runs_from_being_told_begins_when_the_mail_came() -> None:
    opening = an_opening_by(runs_from_told=True)
    late = played(until("2027-01-14 09:00"), told("2027-01-13 16:00"), opening=opening)
    assert due(late) == "Wed 20 Jan 23:59:59"
    again = played(until("2027-01-15 09:00"), told("2027-01-13 16:00"), told("2027-01-15 08:00"), opening=opening)
    assert due(again) == "Wed 20 Jan 23:59:59"
    assert when(again, "extended") == [("extended", "Fri 15 Jan 09:00")]


def test_a_mail_that_came_the_same_day_moves_nothing() -> None:
    opening = an_opening_by(runs_from_told=True)
    assert when(played(told("2027-01-11 16:00"), opening=opening), "extended") == []


def test_only_where_the_pack_says_so_and_only_for_duly_itself_does_a_late_mail_count() -> None:
    assert played(told("2027-01-13 16:00")).replies[0].says == "not_offered"
    opening = an_opening_by(runs_from_told=True)
    forged = told("2027-01-13 16:00").model_copy(update={"how": "session"})
    assert played(forged, opening=opening).replies[0].says == "not_offered"


# Nudged.


NUDGE = Act(kind="nudge", person="author", how="session")


def test_the_author_has_those_asked_reminded_once_a_day() -> None:
    end = played(NUDGE, NUDGE, until("2027-01-11 23:59"), NUDGE, until("2027-01-12 00:01"), NUDGE)
    assert [reply.says for reply in end.replies] == ["done", "too_soon", "too_soon", "done"]
    assert [kind for kind, _ in when(end, "nudged")] == ["nudged", "nudged"]


def test_a_day_of_nudging_is_a_day_in_england() -> None:
    begins = an_hour("2027-07-05 10:00")
    before, after = an_hour("2027-07-05 23:59"), an_hour("2027-07-06 00:00")
    assert (before.date(), after.date()) == (date(2027, 7, 5), date(2027, 7, 5))
    end = played(NUDGE, TimePasses(until=before), NUDGE, TimePasses(until=after), NUDGE, begins=begins)
    assert [reply.says for reply in end.replies] == ["done", "too_soon", "done"]


def test_a_nudge_moves_no_clock_and_counts_as_no_reminder() -> None:
    end = played(NUDGE, until("2027-02-01"))
    assert when(end, *BY_ITSELF) == when(played(until("2027-02-01")), *BY_ITSELF)
    assert [said.event.count for said in end.events if isinstance(said.event, Reminded)] == [1, 2]


def test_nobody_but_the_author_or_starter_nudges_and_nothing_is_nudged_that_waits_for_the_author() -> None:
    assert played(NUDGE.model_copy(update={"person": "head"})).replies[0].says == "not_offered"
    returned = an_answer("a1", "head", Verdict.RETURN)
    assert played(returned, NUDGE).replies[1].says == "not_offered"
    assert played(an_answer("a1", "head"), NUDGE).replies[1].says == "closed"


# On Temporal.


async def test_a_silent_headteacher_is_reminded_twice_and_then_the_deputy_is_asked_too(at_home: House) -> None:
    at_home.outbox.messages.clear()
    case = await at_home.begin(
        an_opening(a_process(a_step("headteacher", remind_on=(3, 5), escalate_on=7)), "silent"), a_directory()
    )
    await case.settled()
    opened = next(event for event in await case.events() if isinstance(event, AskOpened))
    await case.pass_time(timedelta(days=14))
    kinds = [event.kind for event in await case.settled()]
    assert kinds[2:] == ["reminded", "reminded", "escalated"]
    history = await case.history()
    assert [said.at.astimezone(LONDON).hour for said in history[2:]] == [7, 7, 7]
    assert opened.due.astimezone(LONDON).hour == 23
    assert len(at_home.outbox.subjects("deputy@elms.example")) == 1
