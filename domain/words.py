"""Days, times and lists as people in England read them."""

from datetime import date, datetime
from typing import Final

from domain.calendar import LONDON

_NOON: Final = 12


def day_in_words(day: date) -> str:
    """Return `day` as `9 November 2026`."""
    return f"{day.day} {day:%B %Y}"


def weekday_in_words(day: date) -> str:
    """Return `day` as `Monday 9 November 2026`."""
    return f"{day:%A} {day_in_words(day)}"


def clock_time(at: datetime) -> str:
    """Return the time in England as people say it, such as `4:50pm`, `9am` or `midday`."""
    local = at.astimezone(LONDON)
    if local.minute == 0 and local.hour % _NOON == 0:
        return "midday" if local.hour else "midnight"
    minutes = f":{local:%M}" if local.minute else ""
    return f"{local.hour % _NOON or _NOON}{minutes}{'am' if local.hour < _NOON else 'pm'}"


def counted(number: int, what: str) -> str:
    """Return how many of `what` there are: 1 moderator, 2 moderators."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def listed(words: tuple[str, ...], last: str = "and") -> str:
    """Return `words` as a list in a sentence: `a`, `a and b`, `a, b and c`; empty for none."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"
