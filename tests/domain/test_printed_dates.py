"""Dates as the policies print them are read for what they can mean, and stand for one legal day."""

from datetime import date, timedelta
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.calendar import Period
from domain.printed_dates import UnreadableDateError, read_date

TERMS: Final = (Period(name="Summer 2027", first=date(2027, 4, 12), last=date(2027, 7, 21)),)
"""What a school says of its own terms."""

DAYS: Final = st.dates(min_value=date(1950, 1, 1), max_value=date(2079, 12, 31))


@pytest.mark.meets("REV-01", "REV-02", "REV-04", "REV-05", "REV-06", "REV-12")
@pytest.mark.parametrize(
    ("text", "precision", "first", "last"),
    [
        # Cadmus.
        ("Sept 2022", "month", date(2022, 9, 1), date(2022, 9, 30)),
        ("January 2023", "month", date(2023, 1, 1), date(2023, 1, 31)),
        ("23 November 2022", "day", date(2022, 11, 23), date(2022, 11, 23)),
        ("1 January 2025", "day", date(2025, 1, 1), date(2025, 1, 1)),
        ("25th March 2025", "day", date(2025, 3, 25), date(2025, 3, 25)),
        # Merchant Taylors' Oxfordshire.
        ("May 2018", "month", date(2018, 5, 1), date(2018, 5, 31)),
        # Newall Green.
        ("November 2023", "month", date(2023, 11, 1), date(2023, 11, 30)),
        ("Annually \u2013 November 2024", "month", date(2024, 11, 1), date(2024, 11, 30)),
        ("Social Media Policy and Guidance April 2020", "month", date(2020, 4, 1), date(2020, 4, 30)),
        ("Keeping Children Safe in Education (September 2019)", "month", date(2019, 9, 1), date(2019, 9, 30)),
        # Societas.
        ("2019", "year", date(2019, 1, 1), date(2019, 12, 31)),
        ("27 May 2021", "day", date(2021, 5, 27), date(2021, 5, 27)),
        ("Summer 2022", "term", date(2022, 7, 1), date(2022, 7, 31)),
        # What others print.
        ("Spring Term 2027", "term", date(2027, 3, 1), date(2027, 3, 31)),
        ("autumn 2026", "term", date(2026, 12, 1), date(2026, 12, 31)),
        ("Feb. 2028", "month", date(2028, 2, 1), date(2028, 2, 29)),
        ("3rd Dec 2026", "day", date(2026, 12, 3), date(2026, 12, 3)),
    ],
)
def test_every_date_of_the_five_policies_is_read_as_exactly_as_it_is_printed(
    text: str, precision: str, first: date, last: date
) -> None:
    read = read_date(text)
    assert (read.precision, read.first, read.last) == (precision, first, last)
    assert str(read) == text


@pytest.mark.meets("REV-12")
def test_a_term_ends_when_the_school_says_so() -> None:
    assert read_date("summer term 2027", TERMS).last == date(2027, 7, 21)
    read = read_date("Summer 2027", TERMS)
    assert (read.first, read.last) == (date(2027, 4, 12), date(2027, 7, 21))
    assert read_date("Summer 2026", TERMS).last == date(2026, 7, 31)


@pytest.mark.parametrize(
    "text",
    ["", "soon", "31 February 2025", "0 May 2020", "May", "01/01/2025", "2025-01-01", "1.1.2025", "12345", "Summer"],
)
def test_what_is_no_date_is_refused_with_how_dates_are_written(text: str) -> None:
    with pytest.raises(UnreadableDateError, match=r"is no date: write a day \(1 January 2025\), a month, a term"):
        read_date(text)


@given(DAYS, st.sampled_from(["%d %B %Y", "%d %b %Y", "reviewed on %d %B %Y, and signed"]))
def test_a_day_is_found_in_whatever_stands_around_it(day: date, shape: str) -> None:
    read = read_date(day.strftime(shape))
    assert (read.precision, read.first, read.last) == ("day", day, day)


@given(DAYS, st.sampled_from(["%B %Y", "%b %Y", "%Y"]))
def test_the_legal_day_is_the_last_that_a_date_can_mean(day: date, shape: str) -> None:
    read = read_date(day.strftime(shape))
    assert read.first <= day <= read.last
    after = read.last + timedelta(days=1)
    assert after.day == 1
    assert read.first.day == 1


@given(st.text(max_size=60))
def test_any_text_is_a_date_or_refused_and_nothing_else(text: str) -> None:
    try:
        read = read_date(text)
    except UnreadableDateError:
        return
    assert read.text == text
    assert read.first <= read.last
