"""The calendar of a school: working days, school days, and the ends of deadlines.

The zone lives here and not in a process, which may not read time-zone files while it runs.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from pydantic import Field

from domain.base import Frozen

LONDON: Final = ZoneInfo("Europe/London")
_SATURDAY: Final = 5

WorkingDays = Annotated[int, Field(ge=0, le=260)]
"""A number of working days, at most a year of them."""


class CalendarTooShortError(ValueError):
    """The calendar does not reach the day that was asked for."""

    def __init__(self, last_known: date) -> None:
        """Name the last day the calendar knows."""
        super().__init__(f"the calendar ends on {last_known:%d %B %Y}; bring its bank holidays up to date, then retry")
        self.last_known = last_known


class Period(Frozen):
    """A run of days with a name: a term, a holiday, a closure. Both ends are included."""

    name: str
    first: date
    last: date

    def __contains__(self, day: date) -> bool:
        """Return whether `day` falls in the period."""
        return self.first <= day <= self.last


class Calendar(Frozen):
    """The days of one school, expanded to dates, so that no library update can move a running deadline.

    `bank_holidays` includes substitutes and proclaimed one-off holidays; `known_until` is the last day
    for which they are known. Terms, INSET days and closures are as far as the school has published them.
    """

    bank_holidays: frozenset[date]
    known_until: date
    terms: tuple[Period, ...] = ()
    inset_days: frozenset[date] = frozenset()
    closures: tuple[Period, ...] = ()

    def is_working_day(self, day: date) -> bool:
        """Return whether `day` is Monday to Friday and neither a bank holiday nor a closure of the school.

        Raises:
            CalendarTooShortError: `day` is after the last day the calendar knows.
        """
        if day > self.known_until:
            raise CalendarTooShortError(self.known_until)
        return (
            day.weekday() < _SATURDAY
            and day not in self.bank_holidays
            and not any(day in closure for closure in self.closures)
        )

    def is_holiday(self, day: date) -> bool:
        """Return whether `day` lies between two terms of the school; beyond the known terms, none does."""
        return (
            bool(self.terms)
            and min(term.first for term in self.terms) <= day <= max(term.last for term in self.terms)
            and not any(day in term for term in self.terms)
            and day not in self.inset_days
        )

    def counts(self, day: date, pauses_in_holidays: bool) -> bool:
        """Return whether `day` is a working day, and, where clocks pause in them, in no school holiday.

        Raises:
            CalendarTooShortError: `day` is after the last day the calendar knows.
        """
        return self.is_working_day(day) and not (pauses_in_holidays and self.is_holiday(day))

    def for_years(self, first: int, years: int) -> "Calendar":
        """Return the calendar with the bank holidays of `years` years from `first` on, and no others."""
        last = min(first + years - 1, self.known_until.year)
        known = frozenset(day for day in self.bank_holidays if first <= day.year <= last)
        return self.model_copy(
            update={"bank_holidays": known, "known_until": min(self.known_until, date(last, 12, 31))}
        )


def _working_days_after(day: date, calendar: Calendar, pauses_in_holidays: bool) -> Iterator[date]:
    while True:
        day += timedelta(days=1)
        if calendar.counts(day, pauses_in_holidays):
            yield day


def due_on(event: date, days: int, calendar: Calendar, pauses_in_holidays: bool = False) -> date:
    """Return the last day on which an ask made on `event` may be answered.

    `days` counts working days, `event` itself not counted; 0 is `event` or the next working day.

    Raises:
        CalendarTooShortError: the calendar does not reach that far; its data names the last known day.
    """
    return due_dates(event, days, calendar, pauses_in_holidays)[days]


def due_dates(event: date, most: int, calendar: Calendar, pauses_in_holidays: bool = False) -> list[date]:
    """Return `due_on` for every number of days from 0 to `most`, in order.

    Raises:
        CalendarTooShortError: the calendar does not reach that far; its data names the last known day.
    """
    following = _working_days_after(event, calendar, pauses_in_holidays)
    after = list(islice(following, max(most, 1)))
    return [event if calendar.counts(event, pauses_in_holidays) else after[0], *after]


def days_between(first: date, last: date, calendar: Calendar, pauses_in_holidays: bool = False) -> int:
    """Return how many working days come after `first`, up to `last` and with it; none where `last` is no later.

    Raises:
        CalendarTooShortError: the calendar does not reach that far; its data names the last known day.
    """
    days = (first + timedelta(days=n) for n in range(1, (last - first).days + 1))
    return sum(calendar.counts(day, pauses_in_holidays) for day in days)


def local_day(at: datetime) -> date:
    """Return the day that people in England call `at`."""
    return at.astimezone(LONDON).date()


def end_of(day: date) -> datetime:
    """Return the last second of `day` in England, in UTC."""
    return datetime.combine(day, time(23, 59, 59), LONDON).astimezone(UTC)


def beginning_of(day: date) -> datetime:
    """Return when `day` begins in England, in UTC."""
    return datetime.combine(day, time(), LONDON).astimezone(UTC)


def morning_of(day: date) -> datetime:
    """Return seven o'clock in the morning of `day` in England, in UTC: when reminders go out."""
    return datetime.combine(day, time(7), LONDON).astimezone(UTC)
