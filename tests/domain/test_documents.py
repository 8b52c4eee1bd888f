"""What a document prints about itself: when its next review is due, and what does not fit."""

from datetime import date, timedelta
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.calendar import Period
from domain.documents import Citation, DocumentControl, is_over, months_after, review_due, warnings_of
from tests.packs.trying import PACKS, whole_pack

TODAY: Final = date(2026, 11, 21)
DAYS: Final = st.dates(min_value=date(2000, 1, 1), max_value=date(2060, 12, 31))


def of(**says: object) -> DocumentControl:
    return DocumentControl.model_validate({"title": "A policy", "version": "1", **says})


@pytest.mark.meets("REV-02", "REV-05", "REV-06", "REV-12")
@pytest.mark.parametrize(
    ("pack", "due"),
    [
        ("cadmus", date(2025, 1, 1)),
        ("mtoat", date(2019, 5, 31)),
        ("redhill", None),
        ("newall-green", date(2024, 11, 30)),
        ("societas", date(2022, 7, 31)),
    ],
)
def test_the_legal_day_of_the_review_is_the_printed_one_else_a_cycle_after_the_latest_date(
    pack: str, due: date | None
) -> None:
    whole = whole_pack(pack)
    review = whole.told_by("review")
    assert review is not None
    assert review.cycle is not None
    assert review_due(whole.document, review.cycle.months, whole.calendar.terms) == due


@pytest.mark.parametrize(
    ("document", "due"),
    [
        (of(review_date="Summer 2027"), date(2027, 7, 21)),
        (of(approved_on="23 November 2022", issued_on="January 2023"), date(2024, 1, 31)),
        (of(effective_from="29 February 2024"), date(2025, 2, 28)),
        (of(signed_on="2019"), date(2020, 12, 31)),
        (of(), None),
    ],
)
def test_a_review_is_due_by_whatever_is_printed(document: DocumentControl, due: date | None) -> None:
    terms = (Period(name="Summer 2027", first=date(2027, 4, 12), last=date(2027, 7, 21)),)
    assert review_due(document, 12, terms) == due


@pytest.mark.meets("REV-04", "REV-05", "REV-08")
@pytest.mark.parametrize(
    ("document", "says"),
    [
        (of(review_date="May 2027"), []),
        (of(review_date="May 2027", signed_on="31 May 2027"), []),
        (
            of(review_date="1 January 2025", signed_on="25th March 2025"),
            ["It was signed (25th March 2025) after its own review date (1 January 2025)."],
        ),
        (of(issued_on="May 2018"), ["It prints no review date."]),
        (of(), ["It prints no review date.", "It prints no date at all."]),
        (of(review_date="May 2027", version=None), ["It prints no version."]),
        (
            of(review_date="May 2027", period="2023 \u2013 2024"),
            ["It says that it is for 2023 \u2013 2024, which is over."],
        ),
        (of(review_date="May 2027", period="2026/2027"), []),
        (of(review_date="May 2028", effective_from="May 2027"), ["Its date May 2027 is still to come."]),
        (
            of(review_date="May 2027", cites=(Citation(title="KCSIE", edition="2019", now="2025"),)),
            ["It cites KCSIE of 2019; a later edition, 2025, is known."],
        ),
        (of(review_date="May 2027", cites=(Citation(title="KCSIE", edition="2025", now="2025"),)), []),
        (of(review_date="May 2027", cites=(Citation(title="KCSIE", edition="2019"),)), []),
    ],
)
def test_what_does_not_fit_is_said_in_plain_words_and_not_refused(document: DocumentControl, says: list[str]) -> None:
    assert list(warnings_of(document, TODAY)) == says


@pytest.mark.meets("REV-04", "REV-05", "REV-08")
@pytest.mark.parametrize("pack", PACKS)
def test_what_does_not_fit_in_each_of_the_five_policies_is_said(pack: str) -> None:
    said = {
        "cadmus": [
            "It was signed (25th March 2025) after its own review date (1 January 2025).",
            "It says that it is for 2023 \u2013 2024, which is over.",
            "It cites Guidance for Safer Working Practice for Adults who work with Children and Young People in"
            " Education Settings of 2019; a later edition, February 2022, is known.",
            "It cites Working Together to Safeguard Children of 2018; a later edition, 2023, is known.",
        ],
        "mtoat": ["It prints no review date.", "It prints no version."],
        "redhill": ["It prints no review date.", "It prints no date at all.", "It prints no version."],
        "newall-green": [
            "It prints no version.",
            "It cites Keeping Children Safe in Education of September 2019; a later edition, September 2025, is known.",
            "It cites Safer Working Practices with Children and Vulnerable Young Adults of May 2019; a later edition,"
            " February 2022, is known.",
            "It cites Prevent Duty, statutory guidance of June 2015; a later edition, 2023, is known.",
        ],
        "societas": [
            "It prints no version.",
            "It cites Guidance for Safer Working Practice for Adults who work with Children and Young People of"
            " September 2019; a later edition, February 2022, is known.",
        ],
    }
    assert list(warnings_of(whole_pack(pack).document, TODAY)) == said[pack]


@pytest.mark.meets("REV-02")
@pytest.mark.parametrize(
    ("pack", "days"), [("cadmus", 689), ("newall-green", 721), ("societas", 1574), ("mtoat", 2731)]
)
def test_all_five_policies_are_overdue_or_undated_in_november_2026(pack: str, days: int) -> None:
    document = whole_pack(pack).document
    months = 24 if pack == "cadmus" else 12
    due = review_due(document, months, whole_pack(pack).calendar.terms)
    assert due is not None
    assert (TODAY - due).days == days
    assert review_due(whole_pack("redhill").document, 12) is None


@pytest.mark.meets("ACK-01", "ACK-07")
def test_a_version_is_known_by_its_title_its_version_and_every_letter_of_its_text() -> None:
    document = of(text="We read.", owner="HR")
    assert document.digest == of(text="We read.", owner="Somebody else").digest
    others = [of(text="We write."), of(text="We read.", version="2"), of(text="We read.", title="Another")]
    assert len({document.digest, *(one.digest for one in others)}) == 4
    assert "We read" not in repr(document)


@given(DAYS, st.integers(min_value=1, max_value=120))
def test_months_after_a_day_lie_that_many_months_later_and_never_skip_one(day: date, months: int) -> None:
    later = months_after(day, months)
    assert (later.year * 12 + later.month) - (day.year * 12 + day.month) == months
    assert later.day == day.day or (later.day < day.day and (later + timedelta(days=1)).day == 1)


@given(st.integers(min_value=1990, max_value=2050), st.integers(min_value=0, max_value=5), DAYS)
def test_a_period_is_over_when_its_last_year_is(first: int, years: int, today: date) -> None:
    assert is_over(f"{first}-{first + years}", today) == (today.year > first + years)
    assert not is_over("for good", today)
