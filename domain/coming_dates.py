"""What comes round by itself: the next day of something that recurs, and the working day to remind of a date on."""

from datetime import date, timedelta
from typing import Final, Literal

from domain.base import Frozen
from domain.calendar import Calendar, CalendarTooShortError, Period
from domain.documents import months_after

Every = Literal["month", "term", "half_year", "year"]
"""How often something comes round."""

_MONTHS: Final[dict[Every, int]] = {"month": 1, "term": 4, "half_year": 6, "year": 12}
_SATURDAY: Final = 5
_SEPTEMBER: Final = 9
_AT_LEAST: Final = timedelta(days=28)
"""What came round within the last weeks of a term is not due again at the end of that term."""

What = Literal["go_live", "site_review", "closure", "review", "signatures"]
"""What a date is for: a site goes live, is looked at, is closed; a document is reviewed, or signed by everybody."""


class ComingDate(Frozen):
    """A date that people look forward to; `day` is the legal one."""

    what: What
    day: date


def next_round(after: date, every: Every, calendar: Calendar) -> date:
    """Return the day on which something is due that last came round on `after`.

    Each term: on the last working day of the term. Beyond the terms that the school has published, four months later.
    """
    if every == "term":
        ends = [term.last for term in calendar.terms if term.last >= after + _AT_LEAST]
        if ends:
            return working_day_before(min(ends), calendar)
    return working_day_before(months_after(after, _MONTHS[every]), calendar)


def period_of(day: date, every: Every, terms: tuple[Period, ...]) -> date | None:
    """Return the first day of the period in which `day` lies; None between terms, where it is terms that come round.

    Where the school has published no terms, or none so late, a term is a third of the year. The school's year begins in
    September.
    """
    if every == "term" and any(term.last >= day for term in terms):
        return next((term.first for term in terms if term.first <= day <= term.last), None)
    months = _MONTHS[every]
    since_september = (day.month - _SEPTEMBER) % 12
    first = day.replace(day=1)
    for _ in range(since_september % months):
        first = (first - timedelta(days=1)).replace(day=1)
    return first


def working_day_before(day: date, calendar: Calendar) -> date:
    """Return `day` where it is a working day, and otherwise the last one before it (REV-02).

    Beyond the days that the calendar knows, Monday to Friday count.
    """
    while not _works(day, calendar):
        day -= timedelta(days=1)
    return day


def _works(day: date, calendar: Calendar) -> bool:
    try:
        return calendar.is_working_day(day)
    except CalendarTooShortError:
        return day.weekday() < _SATURDAY
