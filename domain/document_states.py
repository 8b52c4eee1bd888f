"""How a document stands with its review, in words and a colour: overdue, undated, due, under review."""

from datetime import date
from typing import Final, Literal

from domain.base import Frozen
from domain.words import counted, day_in_words

Tone = Literal["red", "orange", "green", "blue"]
"""A colour that goes with the words, and never says anything by itself."""

_SOON: Final = 90
"""From how many days before its date a review is coming, in days."""


class DocumentState(Frozen):
    """What is said of a document's next review; `is_due` where somebody has to see to it."""

    words: str
    tone: Tone

    @property
    def is_due(self) -> bool:
        """Return whether the review is overdue, or comes within the next months."""
        return self.tone in {"red", "orange"}


def review_state(review_on: date | None, today: date) -> DocumentState:
    """Return how a document stands whose next review is due on `review_on`; None is a day that nobody knows.

    A document that prints no date at all is overdue since nobody knows when (REV-05).
    """
    if review_on is None:
        return DocumentState(words="Overdue: it prints no date", tone="red")
    days = (review_on - today).days
    if days < 0:
        return DocumentState(words=f"Overdue since {day_in_words(review_on)}", tone="red")
    if days == 0:
        return DocumentState(words="Due today", tone="orange")
    if days <= _SOON:
        return DocumentState(words=f"Due in {counted(days, 'day')}", tone="orange")
    return DocumentState(words=f"Due on {day_in_words(review_on)}", tone="green")
