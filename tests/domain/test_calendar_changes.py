"""A calendar that is brought up to date: which years a case has to know, and when nothing changes."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

import packs
from domain.calendar import Calendar, due_on
from domain.calendar_changes import ENOUGH_YEARS, brought_up_to_date, moved, years_to_know
from domain.cases import Opening, Standing
from domain.pack import CalendarRules
from domain.round_entries import CalendarChanged, OtherDay
from domain.telling_rounds import round_in_words
from tests.builders import an_ask, an_opening
from tests.rounds import ACKNOWLEDGEMENT
from workflows.acknowledgement import signing

YEARS = packs.YEARS
ENGLAND = CalendarRules(bank_holidays="ENG")
OPENED = 2026
LATER = OtherDay(what="A reminder goes out", old=date(2026, 12, 1), new=date(2026, 12, 2))
ONE_DAY_LATER = "on Wednesday 2 December 2026 instead of Tuesday 1 December 2026"
PROCLAIMED = st.lists(st.dates(min_value=date(2024, 1, 1), max_value=date(2040, 1, 1)), max_size=3)


def opened(calendar: Calendar) -> Opening:
    """Return an opening that has a calendar."""
    return an_opening().model_copy(update={"calendar": calendar})


def renewed(opening: Opening, standing: Standing, rules: CalendarRules, today: date) -> Calendar:
    """Return what a case goes by on a day, under the rules of a pack."""
    years = years_to_know(opening, standing, today, YEARS)
    return brought_up_to_date(opening.calendar, packs.expand(rules, years.start, len(years)), years)


@given(st.dates(min_value=date(OPENED, 1, 1), max_value=date(OPENED + YEARS - ENOUGH_YEARS - 1, 12, 31)), PROCLAIMED)
def test_where_the_pack_is_as_it_was_nothing_changes(today: date, proclaimed: list[date]) -> None:
    rules = ENGLAND.model_copy(update={"proclaimed": tuple(one for one in proclaimed if one.year < OPENED + YEARS)})
    opening = opened(packs.expand(rules, OPENED))
    assert renewed(opening, Standing(), rules, today) == opening.calendar


@given(st.dates(min_value=date(OPENED, 1, 1), max_value=date(OPENED + 30, 12, 31)), PROCLAIMED)
def test_a_calendar_that_was_brought_up_to_date_is_up_to_date(today: date, proclaimed: list[date]) -> None:
    rules = ENGLAND.model_copy(update={"proclaimed": tuple(proclaimed)})
    once = renewed(opened(packs.expand(ENGLAND, OPENED)), Standing(asks=(an_ask(),)), rules, today)
    assert renewed(opened(once), Standing(asks=(an_ask(),)), rules, today) == once
    assert once.known_until.year - today.year >= ENOUGH_YEARS
    # What was before is as it was.
    assert {day for day in once.bank_holidays if day.year < OPENED} <= set(proclaimed)


def test_the_years_of_an_ask_that_is_open_still_count() -> None:
    rules = ENGLAND.model_copy(update={"proclaimed": (date(2026, 11, 4),)})
    asked = Standing(asks=(an_ask(),))
    calendar = renewed(opened(packs.expand(ENGLAND, OPENED)), asked, rules, date(2027, 1, 4))
    assert date(2026, 11, 4) in calendar.bank_holidays
    forgotten = renewed(opened(packs.expand(ENGLAND, OPENED)), Standing(), rules, date(2027, 1, 4))
    assert date(2026, 11, 4) not in forgotten.bank_holidays


@pytest.mark.parametrize(
    ("holiday", "new"),
    [(date(2026, 11, 4), date(2026, 11, 10)), (date(2026, 11, 10), None), (date(2026, 10, 30), None)],
)
def test_an_ask_moves_where_a_day_of_it_is_lost(holiday: date, new: date | None) -> None:
    rules = ENGLAND.model_copy(update={"proclaimed": (holiday,)})
    opening, standing = opened(packs.expand(ENGLAND, OPENED)), Standing(asks=(an_ask(),))
    found = moved(opening, standing, (), renewed(opening, standing, rules, date(2026, 11, 3)))
    assert [(one.old, one.new) for one in found] == ([(date(2026, 11, 9), new)] if new else [])


@given(st.dates(min_value=date(OPENED, 1, 1), max_value=date(OPENED, 12, 31)), st.integers(0, 520))
def test_the_calendar_of_whoever_signs_reaches_as_far_as_any_deadline_of_theirs(asked: date, days: int) -> None:
    calendar = packs.expand(ENGLAND, OPENED - 4)
    assert due_on(asked, days, calendar.for_years(OPENED, 3)) == due_on(asked, days, calendar)


def test_whoever_signs_once_needs_no_further_years() -> None:
    signs = opened(packs.expand(ENGLAND, OPENED - 2).for_years(OPENED, 3)).model_copy(
        update={"process": signing(ACKNOWLEDGEMENT)}
    )
    at = datetime(2028, 3, 1, tzinfo=UTC).date()
    assert years_to_know(signs, Standing(asks=(an_ask(),)), at, YEARS) == range(2026, 2029)
    for day in (at, at.replace(year=2035)):
        assert renewed(signs, Standing(asks=(an_ask(),)), ENGLAND, day) == signs.calendar
        assert renewed(signs, Standing(), ENGLAND, day) == signs.calendar


@pytest.mark.parametrize(
    ("moved_asks", "coming", "said"),
    [
        ((), (), "no date moved"),
        (("a1",), (), "1 date moved"),
        ((), (LATER,), f"A reminder goes out: {ONE_DAY_LATER}"),
        (("a1", "a2"), (LATER,), f"2 dates moved; A reminder goes out: {ONE_DAY_LATER}"),
    ],
)
def test_the_record_says_in_words_what_moved_with_the_calendar(
    moved_asks: tuple[str, ...], coming: tuple[OtherDay, ...], said: str
) -> None:
    event = CalendarChanged(moved=moved_asks, coming=coming)
    assert round_in_words(event, str) == f"The school's calendar changed: {said}"
    assert CalendarChanged.model_validate({"kind": "calendar_changed", "moved": ("a1",)}).coming == ()
