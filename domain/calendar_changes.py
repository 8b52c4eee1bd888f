"""A calendar that is brought up to date while deadlines run: which years a case has to know, and what moves."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from typing import Final

from domain.base import Frozen
from domain.calendar import Calendar, CalendarTooShortError, due_on, end_of, local_day, morning_of
from domain.cases import Opening, Standing
from domain.coming_by_itself import comes_by_itself
from domain.events import Extended, Recorded
from domain.pack import Reviews, Task
from domain.round_entries import CycleBegan, OtherDay
from domain.waiting import AskedBy

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


def coming_moved(
    opening: Opening, standing: Standing, asked: AskedBy, history: Sequence[Recorded], calendar: Calendar
) -> tuple[OtherDay, ...]:
    """Return what comes by itself of an ordinary case and by `calendar` comes on another day, the earliest first.

    `asked` is whom each ask reached. What has come already moves no more.
    """
    comes = {(day.day, what) for day in comes_by_itself(opening, standing, asked, history) for what in day.sentences}
    if not comes:
        return ()
    # Both from the beginning on, so that the third reminder is compared with the third, wherever the case is now.
    began = next((said.at for said in reversed(history) if isinstance(said.event, CycleBegan)), history[0].at)
    since = {"next_at": morning_of(local_day(began)), "next_ask": None, "next_does": None}
    whole = standing.model_copy(update=since)
    before = _days(opening, whole, asked, history)
    due = {one.ask: end_of(one.new) for one in moved(opening, standing, history, calendar)}
    asks = tuple(ask.model_copy(update={"due": due.get(ask.ask, ask.due)}) for ask in standing.asks)
    changed = opening.model_copy(update={"calendar": calendar})
    after = _days(changed, whole.model_copy(update={"asks": asks}), asked, history)
    found = {
        (old, new, what)
        for what, days in before.items()
        for old, new in zip(days, after[what], strict=False)
        if old != new and (old, what) in comes
    }
    return tuple(OtherDay(what=what, old=old, new=new) for old, new, what in sorted(found))


def _days(
    opening: Opening, standing: Standing, asked: AskedBy, history: Sequence[Recorded]
) -> defaultdict[str, list[date]]:
    """Return the days on which each thing comes by itself, in order."""
    days: defaultdict[str, list[date]] = defaultdict(list)
    for one in comes_by_itself(opening, standing, asked, history):
        for what in one.sentences:
            days[what].append(one.day)
    return days


def _given(ask: str, history: Sequence[Recorded]) -> int:
    """Return how many working days more an ask was given."""
    return sum(one.event.days for one in history if isinstance(one.event, Extended) and one.event.ask == ask)


def _is_moved(due: datetime, new: date) -> bool:
    return due != end_of(new)
