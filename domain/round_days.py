"""Which days fit what is put on record in what comes round: one rule for the page that asks and the case that takes it.

Source: Cadmus 14.6 (LIFE-02); Newall Green, equality statement; Societas, front page and 3.6 (REV-09, REV-11, REV-13).
"""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Final

from domain.forms import After, Answers

_A_YEAR: Final = timedelta(days=366)

CLOSES_LATER: Final = After(
    rule="after",
    field="closure_date",
    other="today",
    message=(
        "The site cannot be closed on a day that has come already. Choose a day after today; what is closed already is"
        " put on record on the page of the site"
    ),
)
"""What holds of another day of closing. It is later than the day on which the site went live too: that is on record."""


def is_before_closing(on: date, closes: date | None) -> bool:
    """Return whether a site that goes live `on` a day does so before it is to be closed."""
    return closes is None or on < closes


def closes_on_another_day(before: Mapping[str, object], after: Mapping[str, object]) -> bool:
    """Return whether a change of a site puts its closing on another day."""
    return before.get(CLOSES_LATER.field) != after.get(CLOSES_LATER.field)


def may_close_then(before: Answers, after: Answers, today: date) -> bool:
    """Return whether the day of closing is as it was, or lies ahead."""
    return not closes_on_another_day(before, after) or CLOSES_LATER.holds(after, today)


def is_of_this_cycle(day: date, began: date | None) -> bool:
    """Return whether something that happened on a day happened in the cycle of a review that `began` on a day."""
    return began is None or began <= day


def in_force_between(today: date) -> tuple[date, date]:
    """Return the first and the last day from which a draft that is ready today can be in force."""
    return today - _A_YEAR, today + _A_YEAR


def can_be_in_force(on: date, today: date) -> bool:
    """Return whether a draft that is ready today can be in force from a day on."""
    first, last = in_force_between(today)
    return first <= on <= last
