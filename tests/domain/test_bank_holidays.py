"""England's bank holidays by their rules, written out here, against those that a case gets; and what is due by them.

The rules: the Banking and Financial Dealings Act 1971, schedule 1 and section 1; proclamations; GOV.UK's list.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

import packs
from domain.calendar import Calendar, Period, days_between, due_dates, due_on
from domain.coming_dates import working_day_before
from domain.pack import CalendarRules

ENGLAND: Final = CalendarRules(bank_holidays="ENG")
FIRST, LAST = 1978, 2060
"""From the year in which the last of the rules came, the early May bank holiday."""

MONDAY, SATURDAY = 0, 5

MOVED: Final = {
    # The early May bank holiday, to the days of the victory in Europe.
    date(1995, 5, 1): date(1995, 5, 8),
    date(2020, 5, 4): date(2020, 5, 8),
    # The spring bank holiday, for jubilees.
    date(2002, 5, 27): date(2002, 6, 4),
    date(2012, 5, 28): date(2012, 6, 4),
    date(2022, 5, 30): date(2022, 6, 2),
}
PROCLAIMED: Final = (
    date(1981, 7, 29),  # the wedding of the Prince of Wales
    date(1999, 12, 31),  # the millennium
    date(2002, 6, 3),  # the golden jubilee
    date(2011, 4, 29),  # the wedding of Prince William
    date(2012, 6, 5),  # the diamond jubilee
    date(2022, 6, 3),  # the platinum jubilee
    date(2022, 9, 19),  # the funeral of the Queen
    date(2023, 5, 8),  # the coronation
)

PUBLISHED: Final = """
2019-01-01 2019-04-19 2019-04-22 2019-05-06 2019-05-27 2019-08-26 2019-12-25 2019-12-26
2020-01-01 2020-04-10 2020-04-13 2020-05-08 2020-05-25 2020-08-31 2020-12-25 2020-12-28
2021-01-01 2021-04-02 2021-04-05 2021-05-03 2021-05-31 2021-08-30 2021-12-27 2021-12-28
2022-01-03 2022-04-15 2022-04-18 2022-05-02 2022-06-02 2022-06-03 2022-08-29 2022-09-19 2022-12-26 2022-12-27
2023-01-02 2023-04-07 2023-04-10 2023-05-01 2023-05-08 2023-05-29 2023-08-28 2023-12-25 2023-12-26
2024-01-01 2024-03-29 2024-04-01 2024-05-06 2024-05-27 2024-08-26 2024-12-25 2024-12-26
2025-01-01 2025-04-18 2025-04-21 2025-05-05 2025-05-26 2025-08-25 2025-12-25 2025-12-26
2026-01-01 2026-04-03 2026-04-06 2026-05-04 2026-05-25 2026-08-31 2026-12-25 2026-12-28
2027-01-01 2027-03-26 2027-03-29 2027-05-03 2027-05-31 2027-08-30 2027-12-27 2027-12-28
2028-01-03 2028-04-14 2028-04-17 2028-05-01 2028-05-29 2028-08-28 2028-12-25 2028-12-26
"""
"""What GOV.UK has published for England and Wales, 2019 to 2028."""


def easter(year: int) -> date:
    """Return Easter Sunday, by the anonymous Gregorian algorithm."""
    a, b, c = year % 19, year // 100, year % 100
    d, e = divmod(b, 4)
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    el = (32 + 2 * e + 2 * i - h - k) % 7
    m = (a + 11 * h + 19 * el) // 433
    month = (h + el - 7 * m + 90) // 25
    return date(year, month, (h + el - 7 * m + 33 * month + 19) % 32)


def monday_from(day: date) -> date:
    """Return the first Monday on or after `day`."""
    return day + timedelta(days=(MONDAY - day.weekday()) % 7)


def by_the_rules(year: int) -> frozenset[date]:
    """Return the bank holidays of a year in England that fall on Monday to Friday."""
    usual = {
        easter(year) - timedelta(days=2),
        easter(year) + timedelta(days=1),
        monday_from(date(year, 5, 1)),
        monday_from(date(year, 5, 25)),
        monday_from(date(year, 8, 25)),
        next(_works_from(date(year, 1, 1))),
    }
    christmas = date(year, 12, 25)
    free = {christmas, date(year, 12, 26)}
    for lost in [day for day in sorted(free) if day.weekday() >= SATURDAY]:
        free.add(next(day for day in _works_from(lost) if day not in free))
    found = {MOVED.get(day, day) for day in usual | free} | {day for day in PROCLAIMED if day.year == year}
    return frozenset(day for day in found if day.weekday() < SATURDAY)


def _works_from(day: date) -> Iterator[date]:
    while True:
        if day.weekday() < SATURDAY:
            yield day
        day += timedelta(days=1)


KNOWN: Final = frozenset(day for year in range(FIRST, LAST + 1) for day in by_the_rules(year))
EXPANDED: Final = packs.expand(ENGLAND, FIRST, LAST - FIRST + 1)
DAYS: Final = st.dates(min_value=date(FIRST, 1, 1), max_value=date(LAST - 3, 12, 31))
COUNTS: Final = st.integers(min_value=0, max_value=260)


@st.composite
def closures(draw: st.DrawFn) -> tuple[Period, ...]:
    """Return some times in which the school is shut, of a month at most."""
    found = draw(st.lists(st.tuples(DAYS, st.integers(0, 30)), max_size=3))
    return tuple(Period(name="shut", first=day, last=day + timedelta(days=span)) for day, span in found)


def works(day: date, shut: tuple[Period, ...] = ()) -> bool:
    """Return whether people work on `day`, by the rules here and by nothing of Duly's."""
    return day.weekday() < SATURDAY and day not in KNOWN and not any(one.first <= day <= one.last for one in shut)


def counted_on(day: date, days: int, shut: tuple[Period, ...] = ()) -> date:
    """Return the day that is `days` working days after `day`, counted one by one."""
    while days:
        day += timedelta(days=1)
        days -= works(day, shut)
    return day


@pytest.mark.parametrize("year", range(FIRST, LAST + 1))
def test_a_case_gets_the_bank_holidays_of_the_rules_and_no_other(year: int) -> None:
    calendar = packs.expand(ENGLAND, year, 1)
    assert {day for day in calendar.bank_holidays if day.weekday() < SATURDAY} == by_the_rules(year)


def test_the_rules_here_are_those_of_what_was_published() -> None:
    published = {date.fromisoformat(day) for day in PUBLISHED.split()}
    assert {day for year in range(2019, 2029) for day in by_the_rules(year)} == published


@given(DAYS, COUNTS, closures())
def test_a_deadline_is_as_many_working_days_away_as_it_has_and_ends_on_one(
    day: date, days: int, shut: tuple[Period, ...]
) -> None:
    calendar = EXPANDED.model_copy(update={"closures": shut})
    due = due_on(day, days, calendar)
    assert due == (counted_on(day, days, shut) if days or works(day, shut) else counted_on(day, 1, shut))
    assert works(due, shut)
    assert days_between(day, due, calendar) == (days or (0 if due == day else 1))


@given(DAYS, COUNTS, DAYS)
def test_one_more_holiday_never_makes_a_deadline_earlier_and_moves_none_that_is_before_it(
    day: date, days: int, holiday: date
) -> None:
    more = EXPANDED.model_copy(update={"bank_holidays": EXPANDED.bank_holidays | {holiday}})
    before, after = due_on(day, days, EXPANDED), due_on(day, days, more)
    assert after >= before
    if not day <= holiday <= before:
        assert after == before


@given(DAYS, st.integers(min_value=1, max_value=60))
def test_deadlines_of_more_days_come_later(day: date, most: int) -> None:
    due = due_dates(day, most, EXPANDED)
    assert due[1:] == sorted(set(due[1:]))
    assert due[0] <= due[1]


@given(DAYS)
def test_a_date_is_reminded_of_on_it_or_on_the_last_working_day_before(day: date) -> None:
    reminded = working_day_before(day, EXPANDED)
    assert works(reminded)
    assert not any(works(reminded + timedelta(days=n)) for n in range(1, (day - reminded).days + 1))


@given(st.dates(min_value=date(FIRST, 1, 1), max_value=date(LAST, 12, 31)))
def test_a_proclaimed_day_is_a_holiday_and_leaves_every_other_as_it_was(day: date) -> None:
    rules = ENGLAND.model_copy(update={"proclaimed": (day,)})
    calendar: Calendar = packs.expand(rules, day.year, 1)
    assert not calendar.is_working_day(day)
    assert {one for one in calendar.bank_holidays if one != day} == packs.expand(ENGLAND, day.year, 1).bank_holidays - {
        day
    }
