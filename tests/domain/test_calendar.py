"""Working days, deadlines and their ends, with the government's own list of bank holidays as the judge."""

from datetime import UTC, date, datetime, timedelta
from typing import Literal

import pytest
from govuk_bank_holidays.bank_holidays import BankHolidays  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st

import packs
from domain.calendar import (
    Calendar,
    CalendarTooShortError,
    Period,
    days_between,
    due_on,
    end_of,
    local_day,
    morning_of,
)
from domain.pack import CalendarRules

ENGLAND = packs.expand(CalendarRules(bank_holidays="ENG"), 2026)
DAYS = st.dates(min_value=date(2026, 1, 1), max_value=date(2036, 12, 31))

Division = Literal["ENG", "WLS", "SCT", "NIR"]


@pytest.mark.parametrize(
    ("division", "published_as"),
    [
        ("ENG", BankHolidays.ENGLAND_AND_WALES),
        ("WLS", BankHolidays.ENGLAND_AND_WALES),
        ("SCT", BankHolidays.SCOTLAND),
        ("NIR", BankHolidays.NORTHERN_IRELAND),
    ],
)
def test_every_published_bank_holiday_is_known(division: Division, published_as: str) -> None:
    published = {day["date"] for day in BankHolidays(use_cached_holidays=True).get_holidays(division=published_as)}
    years = {day.year for day in published}
    calendar = packs.expand(CalendarRules(bank_holidays=division), min(years), max(years) - min(years) + 1)
    assert published <= calendar.bank_holidays


def test_in_england_nothing_but_what_is_published_is_a_bank_holiday() -> None:
    official = BankHolidays(use_cached_holidays=True).get_holidays(division=BankHolidays.ENGLAND_AND_WALES)
    published = {day["date"] for day in official}
    calendar = packs.expand(CalendarRules(bank_holidays="ENG"), 2012, max(published).year - 2012 + 1)
    assert {day for day in calendar.bank_holidays if day.weekday() < 5} == published


def test_a_calendar_reaches_twelve_years_on_and_holds_what_the_school_adds() -> None:
    rules = CalendarRules(bank_holidays="ENG", proclaimed=(date(2027, 6, 7),), inset_days=(date(2026, 9, 1),))
    calendar = packs.expand(rules, 2026)
    assert calendar.known_until == date(2037, 12, 31)
    assert not calendar.is_working_day(date(2027, 6, 7))
    assert calendar.is_working_day(date(2026, 9, 1))


def test_what_is_asked_on_christmas_eve_is_due_after_the_substitute_holiday() -> None:
    asked = local_day(datetime(2026, 12, 24, 16, 50, tzinfo=UTC))
    assert due_on(asked, 1, ENGLAND) == date(2026, 12, 29)


@pytest.mark.parametrize(
    ("event", "days", "due"),
    [
        (date(2026, 11, 2), 5, date(2026, 11, 9)),  # Monday to Monday
        (date(2026, 11, 6), 1, date(2026, 11, 9)),  # over a weekend
        (date(2026, 11, 7), 1, date(2026, 11, 9)),  # from a Saturday
        (date(2026, 11, 7), 0, date(2026, 11, 9)),  # the same day, which is none
        (date(2026, 11, 6), 0, date(2026, 11, 6)),
        (date(2027, 3, 25), 1, date(2027, 3, 30)),  # over Easter
        (date(2026, 12, 24), 3, date(2026, 12, 31)),
    ],
)
def test_a_deadline_counts_working_days_after_the_day_of_asking(event: date, days: int, due: date) -> None:
    assert due_on(event, days, ENGLAND) == due


def test_a_closure_of_the_school_is_no_working_day() -> None:
    closed = (Period(name="flood", first=date(2026, 11, 3), last=date(2026, 11, 5)),)
    assert due_on(date(2026, 11, 2), 1, ENGLAND.model_copy(update={"closures": closed})) == date(2026, 11, 6)


def test_a_calendar_that_is_too_short_says_until_when_it_is_known() -> None:
    short = Calendar(bank_holidays=frozenset(), known_until=date(2026, 11, 4))
    with pytest.raises(CalendarTooShortError, match="04 November 2026") as raised:
        due_on(date(2026, 11, 2), 5, short)
    assert raised.value.last_known == date(2026, 11, 4)


@given(DAYS, st.integers(min_value=1, max_value=30))
def test_exactly_so_many_working_days_lie_between_asking_and_the_deadline(event: date, days: int) -> None:
    due = due_on(event, days, ENGLAND)
    after = [event + timedelta(days=n) for n in range(1, (due - event).days + 1)]
    assert ENGLAND.is_working_day(due)
    assert sum(ENGLAND.is_working_day(day) for day in after) == days


@given(DAYS, st.integers(min_value=0, max_value=30))
def test_more_days_are_never_due_earlier(event: date, days: int) -> None:
    assert due_on(event, days, ENGLAND) <= due_on(event, days + 1, ENGLAND)


TERMS = ENGLAND.model_copy(
    update={
        "terms": (
            Period(name="autumn", first=date(2026, 9, 2), last=date(2026, 10, 23)),
            Period(name="late autumn", first=date(2026, 11, 2), last=date(2026, 12, 18)),
        ),
        "inset_days": frozenset({date(2026, 10, 30)}),
    }
)


@pytest.mark.parametrize(
    ("day", "holiday"),
    [
        (date(2026, 9, 1), False),  # before the first term that is known
        (date(2026, 9, 2), False),
        (date(2026, 10, 23), False),
        (date(2026, 10, 24), True),  # a Saturday of half-term
        (date(2026, 10, 28), True),
        (date(2026, 10, 30), False),  # an INSET day
        (date(2026, 11, 1), True),
        (date(2026, 11, 2), False),
        (date(2026, 12, 18), False),
        (date(2026, 12, 21), False),  # after the last term that is known
    ],
)
def test_a_holiday_lies_between_two_terms(day: date, holiday: bool) -> None:
    assert TERMS.is_holiday(day) is holiday


def test_a_school_that_publishes_no_terms_has_no_holidays() -> None:
    assert not ENGLAND.is_holiday(date(2026, 10, 28))


@pytest.mark.parametrize(
    ("event", "days", "pauses", "due"),
    [
        (date(2026, 10, 22), 2, False, date(2026, 10, 26)),
        (date(2026, 10, 22), 2, True, date(2026, 10, 30)),
        (date(2026, 10, 22), 3, True, date(2026, 11, 2)),
        (date(2026, 10, 28), 0, True, date(2026, 10, 30)),
        (date(2026, 10, 28), 0, False, date(2026, 10, 28)),
        (date(2026, 12, 17), 3, True, date(2026, 12, 22)),
    ],
)
def test_a_deadline_that_pauses_in_holidays_counts_the_days_of_term(
    event: date, days: int, pauses: bool, due: date
) -> None:
    assert due_on(event, days, TERMS, pauses) == due


@pytest.mark.parametrize(
    ("first", "last", "pauses", "days"),
    [
        (date(2026, 11, 2), date(2026, 11, 2), False, 0),
        (date(2026, 11, 2), date(2026, 11, 3), False, 1),
        (date(2026, 11, 6), date(2026, 11, 8), False, 0),  # over a weekend
        (date(2026, 11, 6), date(2026, 11, 9), False, 1),
        (date(2026, 11, 9), date(2026, 11, 2), False, 0),
        (date(2026, 10, 23), date(2026, 11, 2), False, 6),
        (date(2026, 10, 23), date(2026, 11, 2), True, 2),  # the INSET day and the first day of term
        (date(2026, 12, 24), date(2026, 12, 29), False, 1),
    ],
)
def test_the_working_days_between_two_days_leave_the_first_out(
    first: date, last: date, pauses: bool, days: int
) -> None:
    assert days_between(first, last, TERMS, pauses) == days


@given(DAYS, st.integers(min_value=1, max_value=30), st.booleans())
def test_between_asking_and_the_deadline_lie_the_days_that_it_gives(event: date, days: int, pauses: bool) -> None:
    assert days_between(event, due_on(event, days, TERMS, pauses), TERMS, pauses) == days


@pytest.mark.parametrize(
    ("day", "end", "morning"),
    [
        (date(2026, 11, 9), datetime(2026, 11, 9, 23, 59, 59, tzinfo=UTC), datetime(2026, 11, 9, 7, tzinfo=UTC)),
        (date(2026, 7, 1), datetime(2026, 7, 1, 22, 59, 59, tzinfo=UTC), datetime(2026, 7, 1, 6, tzinfo=UTC)),
        # On the last Sunday of March it goes forward, before the morning begins.
        (date(2027, 3, 28), datetime(2027, 3, 28, 22, 59, 59, tzinfo=UTC), datetime(2027, 3, 28, 6, tzinfo=UTC)),
        # On the last Sunday of October the clock goes back after the morning has begun.
        (date(2026, 10, 25), datetime(2026, 10, 25, 23, 59, 59, tzinfo=UTC), datetime(2026, 10, 25, 7, tzinfo=UTC)),
    ],
)
def test_a_day_begins_and_ends_by_the_clock_in_england(day: date, end: datetime, morning: datetime) -> None:
    assert end_of(day) == end
    assert morning_of(day) == morning
    assert local_day(end) == day
    assert local_day(end + timedelta(seconds=1)) == day + timedelta(days=1)
