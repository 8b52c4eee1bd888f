"""A calendar that is brought up to date while deadlines run: which years a case has to know, and what moves."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final

from domain.base import Frozen
from domain.calendar import Calendar, CalendarTooShortError, due_on, end_of, local_day
from domain.cases import Opening, Standing
from domain.events import Extended, Recorded
from domain.pack import Reviews, Task

ENOUGH_YEARS: Final = 6
"""A case that goes on for years is given the next ones once it knows fewer than so many."""

_ONCE: Final = "signature"
"""The story of whoever signs once: their case knows the years that they can have, and needs no more."""


class Moved(Frozen):
    """An ask that is due on another day by a new calendar."""

    ask: str
    step: str
    old: date
    new: date


def years_to_know(opening: Opening, standing: Standing, today: date, years: int) -> range:
    """Return the years for which a case has to know the bank holidays as they are known `today`.

    From the year in which its oldest open ask was asked, to the last that it knows; where these are fewer than
    `ENOUGH_YEARS`, for `years` years from now on. What was before is as it was.
    """
    asked = [local_day(ask.opened_at).year for ask in standing.asks]
    last = opening.calendar.known_until.year
    if last - today.year < ENOUGH_YEARS and opening.process.story != _ONCE:
        last = max(last, today.year + years - 1)
    return range(min([today.year, last, *asked]), last + 1)


def brought_up_to_date(known: Calendar, now: Calendar, years: range) -> Calendar:
    """Return the calendar that a case goes by from now on: what it `known` before `years`, and `now` from then on.

    `now` is the school's as it is today, with the bank holidays of `years`.
    """
    before = {day for day in known.bank_holidays if day.year < years.start}
    since = {day for day in now.bank_holidays if day.year in years}
    return now.model_copy(update={"bank_holidays": frozenset(before | since), "known_until": date(years[-1], 12, 31)})


def moved(opening: Opening, standing: Standing, history: Sequence[Recorded], calendar: Calendar) -> tuple[Moved, ...]:
    """Return the open asks of a case that are due on another day by `calendar`."""
    found = []
    for ask in standing.asks:
        step = opening.process.clocks(ask.step)
        if step is None:
            continue
        by = calendar
        if isinstance(step, Task | Reviews) and step.safeguarding:
            by = calendar.model_copy(update={"closures": ()})
        days = step.answer_within + _given(ask.ask, history)
        try:
            new = due_on(local_day(ask.opened_at), days, by, step.pauses_in_holidays)
        except CalendarTooShortError:
            continue
        if _is_moved(ask.due, new):
            found.append(Moved(ask=ask.ask, step=step.title, old=local_day(ask.due), new=new))
    return tuple(found)


def _given(ask: str, history: Sequence[Recorded]) -> int:
    """Return how many working days more an ask was given."""
    return sum(one.event.days for one in history if isinstance(one.event, Extended) and one.event.ask == ask)


def _is_moved(due: datetime, new: date) -> bool:
    return due != end_of(new)
