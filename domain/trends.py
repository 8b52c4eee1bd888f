"""How it went lately, week by week, and that as a picture: bars that tell their series by more than colour.

Sizes are in units of the picture, which is as wide as the narrowest screen: there, a unit is a pixel.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from statistics import median
from typing import Final

from domain.base import Frozen
from domain.calendar import local_day
from domain.words import day_in_words

WEEKS: Final = 13
"""A quarter of a year."""

WIDTH: Final = 288
_HEIGHT: Final = 120
_TOP: Final = 34
_LEFT: Final = 30
_FOOT: Final = 22
_GAP: Final = 4
_LEGEND_WIDTH: Final = 84
_LABEL_EVERY: Final = 4


class Week(Frozen):
    """What happened in the week that begins on Monday `first`: how many cases were sent and ended.

    `approved` are those of the ended that were approved; half of them had ended within `days` (None where none did).
    """

    first: date
    sent: int
    ended: int
    approved: int
    days: int | None = None


class Series(Frozen):
    """Numbers to draw, one for each week, or None where there is none; bars are `solid`, or else outlined."""

    name: str
    values: tuple[int | None, ...]
    solid: bool


class Bar(Frozen):
    """A bar of the picture."""

    x: float
    y: float
    width: float
    height: float
    solid: bool


class Label(Frozen):
    """Text of the picture, and where its foot begins."""

    x: float
    y: float
    text: str


class Chart(Frozen):
    """All that a picture of numbers needs to be drawn, and what it says to those who do not see it."""

    key: str
    title: str
    description: str
    bars: tuple[Bar, ...]
    legend: tuple[Bar, ...]
    labels: tuple[Label, ...]
    left: int = _LEFT
    foot: int = _TOP + _HEIGHT
    top: int = _TOP
    width: int = WIDTH
    height: int = _TOP + _HEIGHT + _FOOT


def mondays_until(today: date, weeks: int = WEEKS) -> tuple[date, ...]:
    """Return the Mondays on which the last `weeks` weeks begin, that of `today` included, and the next one."""
    this = today - timedelta(days=today.weekday())
    return tuple(this + timedelta(weeks=n) for n in range(1 - weeks, 2))


def days_taken(opened_and_closed: Sequence[tuple[datetime, datetime]]) -> int | None:
    """Return within how many days in England half of these cases had ended; None where there is none."""
    days = [(local_day(closed) - local_day(opened)).days for opened, closed in opened_and_closed]
    return round(median(days)) if days else None


def draw(key: str, title: str, mondays: Sequence[date], series: Sequence[Series]) -> Chart:
    """Return where each bar of `series` is drawn: for each of `mondays` one of each, side by side.

    `key` tells the picture apart from others of the same page.
    """
    most = max((value or 0 for one in series for value in one.values), default=0)
    slot = (WIDTH - _LEFT) / len(mondays)
    wide = (slot - _GAP) / len(series)
    bars = [
        _bar(_LEFT + place * slot + _GAP / 2 + number * wide, wide, value / most, solid=one.solid)
        for number, one in enumerate(series)
        for place, value in enumerate(one.values)
        if value
    ]
    legend = [
        Bar(x=_LEFT + number * _LEGEND_WIDTH, y=2, width=12, height=12, solid=one.solid)
        for number, one in enumerate(series)
    ]
    named = [Label(x=_LEFT + 17 + number * _LEGEND_WIDTH, y=13, text=one.name) for number, one in enumerate(series)]
    weeks = [
        Label(x=_LEFT + place * slot, y=_TOP + _HEIGHT + 16, text=f"{day.day} {day:%b}")
        for place, day in enumerate(mondays)
        if place % _LABEL_EVERY == 0 and place < len(mondays) - _LABEL_EVERY / 2
    ]
    ends = [Label(x=0, y=_TOP + 5, text=str(most)), Label(x=0, y=_TOP + _HEIGHT, text="0")] if most else []
    return Chart(
        key=key,
        title=title,
        description=_told(mondays, series),
        bars=tuple(bars),
        legend=tuple(legend),
        labels=(*named, *weeks, *ends),
    )


def _bar(x: float, width: float, part: float, *, solid: bool) -> Bar:
    height = max(part * _HEIGHT, 2)
    return Bar(
        x=round(x, 1),
        y=round(_TOP + _HEIGHT - height, 1),
        width=round(width - 1, 1),
        height=round(height, 1),
        solid=solid,
    )


def _told(mondays: Sequence[date], series: Sequence[Series]) -> str:
    told = []
    for place, day in enumerate(mondays):
        values = [f"{one.name.lower()} {one.values[place]}" for one in series if one.values[place] is not None]
        if values:
            told.append(f"Week of {day_in_words(day)}: {', '.join(values)}.")
    return " ".join(told)
