"""Days and lists as people in England read them."""

from datetime import date


def day_in_words(day: date) -> str:
    """Return `day` as `9 November 2026`."""
    return f"{day.day} {day:%B %Y}"


def weekday_in_words(day: date) -> str:
    """Return `day` as `Monday 9 November 2026`."""
    return f"{day:%A} {day_in_words(day)}"


def listed(words: tuple[str, ...], last: str = "and") -> str:
    """Return `words` as a list in a sentence: `a`, `a and b`, `a, b and c`; empty for none."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"
