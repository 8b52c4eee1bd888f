"""Dates as policies print them: a day, a month, a term or a year; and the legal day that each stands for.

"1 January 2025", "Annually, November 2024", "Summer 2022", "2019" (REV-02, REV-04, REV-06, REV-12).
"""

import re
from calendar import monthrange
from collections.abc import Iterable
from datetime import date
from typing import Final, Literal

from domain.base import Frozen
from domain.calendar import Period

Precision = Literal["day", "month", "term", "year"]
"""How exact a printed date is."""

_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_TERM_ENDS: Final = {"spring": (3, 31), "summer": (7, 31), "autumn": (12, 31)}
"""The last day of each term where the school's own calendar does not reach it."""

_MONTH: Final = (
    r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_YEAR: Final = r"(?P<year>(?:19|20)\d\d)"
_SHAPES: Final[tuple[tuple[Precision, re.Pattern[str]], ...]] = (
    ("day", re.compile(rf"\b(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\s+{_MONTH}\s+{_YEAR}\b", re.IGNORECASE)),
    ("month", re.compile(rf"\b{_MONTH}\s+{_YEAR}\b", re.IGNORECASE)),
    ("term", re.compile(rf"\b(?P<term>spring|summer|autumn)(?:\s+term)?\s+{_YEAR}\b", re.IGNORECASE)),
    # Not the year of 01/01/2025, which is a day in another fashion.
    ("year", re.compile(rf"(?<![\w/.-]){_YEAR}(?![\w]|[/.-]\d)")),
)


class PrintedDate(Frozen):
    """A date as it is printed, and the days that it can mean: `first` to `last`, both included.

    `last` is the legal day of something that is due then.
    """

    text: str
    precision: Precision
    first: date
    last: date

    def __str__(self) -> str:
        """Return it as it is printed."""
        return self.text


class UnreadableDateError(ValueError):
    """A text says no date."""

    def __init__(self, text: str) -> None:
        """Say how dates are written."""
        super().__init__(f"{text!r} is no date: write a day (1 January 2025), a month, a term (Summer 2022) or a year")


def read_date(text: str, terms: Iterable[Period] = ()) -> PrintedDate:
    """Return the date that `text` prints; where it prints several, the most exact one.

    A term ends when the school's own `terms` say so, where they name it: a `Period` called "Summer 2027".

    Raises:
        UnreadableDateError: it prints no date, or one that never was.
    """
    for precision, shape in _SHAPES:
        found = shape.search(text)
        if found is not None:
            try:
                first, last = _days(precision, found.groupdict(), terms)
            except ValueError:
                raise UnreadableDateError(text) from None
            return PrintedDate(text=text, precision=precision, first=first, last=last)
    raise UnreadableDateError(text)


def _days(precision: Precision, found: dict[str, str], terms: Iterable[Period]) -> tuple[date, date]:
    year = int(found["year"])
    if precision == "year":
        return date(year, 1, 1), date(year, 12, 31)
    if precision == "term":
        name = f"{found['term']} {year}".casefold()
        own = next((term for term in terms if term.name.casefold() == name), None)
        last = own.last if own is not None else date(year, *_TERM_ENDS[found["term"].casefold()])
        return (own.first if own is not None else last.replace(day=1)), last
    month = _MONTHS.index(found["month"].casefold()[:3]) + 1
    if precision == "month":
        return date(year, month, 1), date(year, month, monthrange(year, month)[1])
    day = date(year, month, int(found["day"]))
    return day, day
