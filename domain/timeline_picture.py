"""The timeline of a case as a picture, with the days shaded that do not count; the table beside it says the same.

Sizes are in units of the picture, which is as wide as the narrowest screen: there, a unit is a pixel.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Final, Literal, TypeAlias

from domain.base import Frozen
from domain.calendar import Calendar, CalendarTooShortError, beginning_of, local_day
from domain.timeline import SIGNS, SignKind, Stretch, Timeline
from domain.words import day_in_words

Shade: TypeAlias = Literal["band", "hold", "due", "now"]
"""What else the picture shows: days that do not count, a hold, the day by which an answer is due, and today."""

WIDTH: Final = 288
_EDGE: Final = 8
_TOP: Final = 24
_ROW: Final = 44
_BAR: Final = 14
_LABEL: Final = 16
_LEGEND_ROW: Final = 22
_MOST_LABEL: Final = 36
_NARROWEST_BAND: Final = 1.5
_MARKS_WEEKS_UP_TO: Final = 100


class Band(Frozen):
    """Days that do not count, or a hold, as drawn."""

    x: float
    width: float


class DrawnSign(Frozen):
    """A sign as drawn: where its middle is."""

    kind: SignKind
    x: float
    y: float


class DrawnStretch(Frozen):
    """A stretch as drawn: its words, what has passed of it, what of that came too late, and what is to come."""

    y: float
    label_y: float
    label: str
    x: float
    width: float
    late_x: float | None = None
    to_come: float = 0
    due_x: float | None = None


class DrawnDay(Frozen):
    """A day that is named above the picture, or only marked, where it has no text."""

    x: float
    text: str = ""
    anchor: Literal["start", "end"] = "start"


class Key(Frozen):
    """A line of the legend: what stands before it, how far down, and what that means."""

    y: int
    kind: Shade
    name: str


class TimePicture(Frozen):
    """All that the picture of a timeline needs to be drawn, and what it says to those who do not see it."""

    title: str
    description: str
    height: int
    foot: int
    bands: tuple[Band, ...]
    holds: tuple[Band, ...]
    days: tuple[DrawnDay, ...]
    now: float | None
    stretches: tuple[DrawnStretch, ...]
    signs: tuple[DrawnSign, ...]
    legend: tuple[tuple[DrawnSign, str], ...]
    keys: tuple[Key, ...]
    width: int = WIDTH
    top: int = _TOP
    bar: int = _BAR


def draw(timeline: Timeline, calendar: Calendar, title: str, *, pauses_in_holidays: bool = False) -> TimePicture:
    """Return where everything of a timeline with stretches is drawn; a year away or a day, the picture is as wide."""
    scale = _Scale(timeline)
    rows = [_row(stretch, place, timeline, scale) for place, stretch in enumerate(timeline.stretches)]
    foot = _TOP + len(rows) * _ROW
    signs = tuple(
        DrawnSign(kind=sign.kind, x=scale.x(sign.at), y=row.y + _BAR / 2)
        for row, stretch in zip(rows, timeline.stretches, strict=True)
        for sign in stretch.signs
    )
    bands = tuple(_bands(scale, calendar, pauses_in_holidays=pauses_in_holidays))
    holds = tuple(scale.band(hold.first, hold.last or timeline.until) for hold in timeline.holds)
    is_open = any(stretch.last is None for stretch in timeline.stretches)
    shades: list[tuple[Shade, str, bool]] = [
        ("band", "Weekends, holidays", bool(bands)),
        ("hold", "On hold", bool(holds)),
        ("due", "Due", any(row.due_x is not None for row in rows)),
        ("now", "Today", is_open),
    ]
    shown = [(kind, name) for kind, name, there in shades if there]
    used = [kind for kind in SIGNS if any(sign.kind == kind for sign in signs)]
    begins = foot + 16
    legend = tuple(
        (DrawnSign(kind=kind, x=_EDGE + 8 + place % 2 * 140, y=begins + place // 2 * _LEGEND_ROW), SIGNS[kind])
        for place, kind in enumerate(used)
    )
    below = begins + (len(used) + 1) // 2 * _LEGEND_ROW
    return TimePicture(
        title=title,
        description=" ".join(_told(stretch) for stretch in timeline.stretches),
        height=below + len(shown) * _LEGEND_ROW,
        foot=foot,
        bands=bands,
        holds=holds,
        days=tuple(_days(scale)),
        now=scale.x(timeline.until) if is_open else None,
        stretches=tuple(rows),
        signs=signs,
        legend=legend,
        keys=tuple(
            Key(y=below + place * _LEGEND_ROW, kind=kind, name=name) for place, (kind, name) in enumerate(shown)
        ),
    )


class _Scale:
    """Which moment is how far to the right: whole days, from the first to the last of which there is anything."""

    def __init__(self, timeline: Timeline) -> None:
        dues = [stretch.due for stretch in timeline.stretches if stretch.last is None and stretch.due]
        self.first = local_day(min(stretch.first for stretch in timeline.stretches))
        self.last = local_day(max([timeline.until, *dues]))
        self._begins = beginning_of(self.first)
        self._span = beginning_of(self.last + timedelta(days=1)) - self._begins

    @property
    def days(self) -> int:
        """How many days there are."""
        return (self.last - self.first).days + 1

    def x(self, at: datetime) -> float:
        """Return how far to the right `at` is."""
        part = min(max((at - self._begins) / self._span, 0), 1)
        return round(_EDGE + part * (WIDTH - 2 * _EDGE), 1)

    def band(self, first: datetime, last: datetime) -> Band:
        """Return the band from `first` to `last`."""
        return Band(x=self.x(first), width=round(self.x(last) - self.x(first), 1))


def _row(stretch: Stretch, place: int, timeline: Timeline, scale: _Scale) -> DrawnStretch:
    top = _TOP + place * _ROW
    until = stretch.last or timeline.until
    x, end = scale.x(stretch.first), scale.x(until)
    label = f"{stretch.title}: {stretch.words}"
    late = stretch.due is not None and stretch.due < until
    return DrawnStretch(
        y=top + _LABEL + 6,
        label_y=top + _LABEL,
        label=label if len(label) <= _MOST_LABEL else f"{label[: _MOST_LABEL - 1].rstrip()}…",
        x=x,
        width=round(max(end - x, 2), 1),
        late_x=scale.x(stretch.due) if late and stretch.due else None,
        to_come=round(max(scale.x(stretch.due) - end, 0), 1) if stretch.due and stretch.last is None else 0,
        due_x=scale.x(stretch.due) if stretch.due and (late or stretch.last is None) else None,
    )


def _bands(scale: _Scale, calendar: Calendar, *, pauses_in_holidays: bool) -> Iterator[Band]:
    """Yield the days in a row that do not count, where they are wide enough to be seen."""
    days = [scale.first + timedelta(days=n) for n in range(scale.days)]
    for counts, some in groupby(days, lambda day: _counts(day, calendar, pauses_in_holidays=pauses_in_holidays)):
        idle = list(some)
        band = scale.band(beginning_of(idle[0]), beginning_of(idle[-1] + timedelta(days=1)))
        if not counts and band.width >= _NARROWEST_BAND:
            yield band


def _counts(day: date, calendar: Calendar, *, pauses_in_holidays: bool) -> bool:
    try:
        return calendar.counts(day, pauses_in_holidays)
    except CalendarTooShortError:
        return True


def _days(scale: _Scale) -> Iterator[DrawnDay]:
    """Yield the first and the last day by name, and a mark for each Monday between, as long as they are not many."""
    yield DrawnDay(x=_EDGE, text=f"{scale.first.day} {scale.first:%b %Y}")
    if scale.days > 1:
        yield DrawnDay(x=WIDTH - _EDGE, text=f"{scale.last.day} {scale.last:%b %Y}", anchor="end")
    if scale.days <= _MARKS_WEEKS_UP_TO:
        days = (scale.first + timedelta(days=n) for n in range(1, scale.days))
        yield from (DrawnDay(x=scale.x(beginning_of(day))) for day in days if day.weekday() == 0)


def _told(stretch: Stretch) -> str:
    until = f" until {day_in_words(local_day(stretch.last))}" if stretch.last else ""
    signs = f"; {stretch.told[:1].lower()}{stretch.told[1:]}" if stretch.signs else ""
    return f"{stretch.title}: {stretch.words}, from {day_in_words(local_day(stretch.first))}{until}{signs}."
