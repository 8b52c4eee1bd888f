"""What comes round comes on a working day, after it came last, and never twice in one term."""

from datetime import date, timedelta
from typing import Final, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

import packs
from domain.calendar import Calendar
from domain.coming_dates import Every, next_round, working_day_before
from tests.packs.trying import whole_pack

SCHOOL: Final = packs.expand(whole_pack("cadmus").calendar, 2026)
DAYS: Final = st.dates(min_value=date(2026, 1, 1), max_value=date(2037, 12, 31))
IN_THE_YEAR: Final = st.dates(min_value=date(2026, 9, 1), max_value=date(2027, 7, 21))


@pytest.mark.meets("LIFE-03", "LIFE-13", "LIFE-14")
@pytest.mark.parametrize(
    ("after", "every", "on"),
    [
        (date(2026, 9, 10), "term", date(2026, 12, 18)),
        (date(2026, 11, 20), "term", date(2026, 12, 18)),
        # It came round within the last weeks of the term.
        (date(2026, 11, 21), "term", date(2027, 3, 25)),
        (date(2026, 12, 18), "term", date(2027, 3, 25)),
        (date(2027, 3, 25), "term", date(2027, 7, 21)),
        # Beyond the terms that are published, after four months: 21 November 2027 is a Sunday.
        (date(2027, 7, 21), "term", date(2027, 11, 19)),
        (date(2026, 12, 23), "year", date(2027, 12, 23)),
        # 27 and 28 December 2027 are bank holidays in place of Christmas, which is on a weekend.
        (date(2026, 12, 28), "year", date(2027, 12, 24)),
        (date(2027, 1, 31), "month", date(2027, 2, 26)),
        (date(2026, 11, 2), "half_year", date(2027, 4, 30)),
    ],
)
def test_what_recurs_is_next_due_on_the_last_working_day_before(after: date, every: Every, on: date) -> None:
    assert next_round(after, every, SCHOOL) == on


@pytest.mark.meets("REV-02")
@pytest.mark.parametrize(
    ("day", "on"),
    [
        (date(2026, 12, 29), date(2026, 12, 29)),
        (date(2026, 12, 28), date(2026, 12, 24)),
        (date(2027, 1, 1), date(2026, 12, 31)),
        (date(2026, 11, 22), date(2026, 11, 20)),
        # Beyond what the calendar knows, Monday to Friday count.
        (date(2038, 1, 1), date(2038, 1, 1)),
        (date(2038, 1, 2), date(2038, 1, 1)),
    ],
)
def test_a_reminder_goes_out_on_a_working_day_and_never_after_the_date(day: date, on: date) -> None:
    assert working_day_before(day, SCHOOL) == on


@given(DAYS)
def test_no_working_day_lies_between_a_date_and_the_one_on_which_it_is_reminded_of(day: date) -> None:
    on = working_day_before(day, SCHOOL)
    assert on <= day
    assert SCHOOL.is_working_day(on)
    assert not any(SCHOOL.is_working_day(on + timedelta(days=n)) for n in range(1, (day - on).days + 1))


@given(DAYS, st.sampled_from(get_args(Every)))
def test_what_recurs_comes_again_later_on_a_working_day(after: date, every: Every) -> None:
    on = next_round(after, every, SCHOOL)
    assert on > after
    assert working_day_before(on, SCHOOL) == on


@given(IN_THE_YEAR)
def test_within_a_school_year_nothing_comes_round_twice_within_four_weeks(after: date) -> None:
    assert next_round(after, "term", SCHOOL) - after >= timedelta(days=27)


@given(DAYS)
def test_without_published_terms_it_comes_round_all_the_same(after: date) -> None:
    bare = Calendar(bank_holidays=frozenset(), known_until=date(2020, 1, 1))
    assert timedelta(days=110) < next_round(after, "term", bare) - after < timedelta(days=125)
