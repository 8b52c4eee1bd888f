"""When what comes by itself: the reminders, the escalation and the lapse of what somebody is asked, all that are left.

It is worked out of what the record has of a case, as the case itself does it. What the case says of the next moment is
what counts: where it says something else, nothing more is foretold of that ask.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from itertools import groupby
from typing import Final, Literal, NamedTuple

from domain.base import Frozen
from domain.calendar import Calendar, CalendarTooShortError, due_dates, due_on, end_of, local_day, morning_of
from domain.cases import OpenAsk, Opening, Standing
from domain.events import Extended, PackChanged, Recorded
from domain.matters import is_on_hold
from domain.pack import Reviews, Task

Does = Literal["remind", "escalate", "lapse"]
_ASKS: Final = frozenset({"remind", "escalate", "lapse"})


class Moment(NamedTuple):
    """When something comes by itself, and what is said of it, without a full stop."""

    at: datetime
    words: str


class ComingDay(Frozen):
    """A day on which something comes by itself, and what, in sentences."""

    day: date
    sentences: tuple[str, ...]


def calendar_of(opening: Opening, clocks: object) -> Calendar:
    """Return the calendar by which a clock runs: for what protects a child, no closure of the school counts."""
    if isinstance(clocks, Task | Reviews) and clocks.safeguarding:
        return opening.calendar.model_copy(update={"closures": ()})
    return opening.calendar


def moments_of(
    ask: OpenAsk, opening: Opening, standing: Standing, history: Sequence[Recorded]
) -> tuple[tuple[datetime, Does], ...]:
    """Return what still comes of `ask` by itself, in order, as long as nobody answers."""
    said = [(standing.next_at, standing.next_does)] if standing.next_ask == ask.ask else []
    sure: list[tuple[datetime, Does]] = [(at, does) for at, does in said if at is not None and does in _ASKS]  # type: ignore[misc]
    foretold = _foretold(ask, opening, history)
    if standing.next_at is None or (sure and sure[0] not in foretold):
        return tuple(sure)
    return tuple(one for one in foretold if one[0] >= standing.next_at)


def _foretold(ask: OpenAsk, opening: Opening, history: Sequence[Recorded]) -> list[tuple[datetime, Does]]:
    clocks = opening.process.clocks(ask.step)
    past = [said.event for said in history]
    moved_on = any(isinstance(said.event, PackChanged) and said.at >= ask.opened_at for said in history)
    still = isinstance(clocks, Task) and not clocks.safeguarding and is_on_hold(opening.process, past)
    if clocks is None or moved_on or still:
        return []
    given = sum(event.days for event in past if isinstance(event, Extended) and event.ask == ask.ask)
    counts = (clocks.answer_within, *clocks.remind_on, clocks.escalate_on or 0, clocks.lapse_on or 0)
    opened, calendar = local_day(ask.opened_at), calendar_of(opening, clocks)
    try:
        days = due_dates(opened, max(counts) + given, calendar, clocks.pauses_in_holidays)[given:]
    except CalendarTooShortError:
        return []
    found: list[tuple[datetime, Does]] = [(morning_of(days[n]), "remind") for n in clocks.remind_on[ask.reminded :]]
    if clocks.escalate_when_overdue and not ask.escalated:
        found.append((ask.due, "escalate"))
    elif clocks.escalate_on is not None and not ask.escalated:
        found.append((morning_of(days[clocks.escalate_on]), "escalate"))
    if clocks.lapse_on is not None:
        found.append((end_of(days[clocks.lapse_on]), "lapse"))
    return sorted(found)


def by_day(moments: Iterable[Moment], standing: Standing, otherwise: str) -> tuple[ComingDay, ...]:
    """Return `moments` day by day; nothing where the case says that nothing comes.

    Whatever would have come before what the case says comes next, has come already. Where none is at that moment,
    `otherwise` is said of it.
    """
    next_at = standing.next_at
    if next_at is None or standing.disputed or standing.outcome is not None:
        return ()
    found = sorted({one for one in moments if one.at >= next_at})
    if not any(one.at == next_at for one in found):
        found.insert(0, Moment(next_at, otherwise))
    return tuple(
        ComingDay(day=day, sentences=tuple(dict.fromkeys(one.words for one in on)))
        for day, on in groupby(found, lambda one: local_day(one.at))
    )


def morning_after(day: date, days: int, calendar: Calendar) -> datetime | None:
    """Return the morning of the day that comes `days` working days after `day`; None where the calendar ends before."""
    try:
        return morning_of(due_on(day, days, calendar))
    except CalendarTooShortError:
        return None
