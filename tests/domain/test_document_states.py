"""How a document stands with its review, in words and a colour."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.document_states import review_state

TODAY = date(2026, 11, 2)


@pytest.mark.parametrize(
    ("review_on", "words", "tone", "due"),
    [
        (None, "Overdue: it prints no date", "red", True),
        (date(2025, 1, 1), "Overdue since 1 January 2025", "red", True),
        (date(2026, 11, 1), "Overdue since 1 November 2026", "red", True),
        (TODAY, "Due today", "orange", True),
        (date(2026, 11, 3), "Due in 1 day", "orange", True),
        (date(2027, 1, 31), "Due in 90 days", "orange", True),
        (date(2027, 2, 1), "Due on 1 February 2027", "green", False),
    ],
)
def test_a_document_is_overdue_from_the_day_after_its_legal_date(
    review_on: date | None, words: str, tone: str, due: bool
) -> None:
    state = review_state(review_on, TODAY)
    assert (state.words, state.tone, state.is_due) == (words, tone, due)


@given(st.integers(-3000, 3000), st.integers(1, 3000))
def test_what_is_due_stays_due_as_days_pass(ahead: int, passed: int) -> None:
    on = TODAY + timedelta(days=ahead)
    if review_state(on, TODAY).is_due:
        assert review_state(on, TODAY + timedelta(days=passed)).is_due
