"""How long a confidential case is kept."""

from datetime import UTC, date, datetime
from typing import Final

import pytest

from domain.allegations import Allegation, Category, Matter, Outcome, Reporter, Subject
from domain.entries import CaseReviewed, LegalHoldPlaced, OutcomeRecorded
from domain.events import AnyEvent, CaseEnded, Recorded
from domain.pack import Process, Retention, Topic
from domain.retention import Kept, kept

BEGAN: Final = datetime(2026, 11, 2, 10, tzinfo=UTC)
ENDED: Final = datetime(2027, 2, 1, 10, tzinfo=UTC)
LONG_AFTER: Final = datetime(2030, 6, 1, 10, tzinfo=UTC)
BORN_1970: Final = date(1970, 5, 4)
BORN_1950: Final = date(1950, 5, 4)

PROCESS: Final = Process(
    key="allegation",
    story="allegation",
    title="Allegation",
    summary="",
    clause="10.1",
    topics=(
        Topic(key="tone", label="Tone", clause="7.1"),
        Topic(key="grooming", label="Grooming", at_risk=True, clause="7.5"),
    ),
    retention=Retention(years=10, pension_age=68, child_abuse_years=75, clause="10.1"),
)


def matter(topic: str = "tone", images: str = "no") -> Matter:
    """Return a matter of one subject."""
    return Matter.model_validate(
        {
            "subjects": (Subject(key="s1", name="Robin Lee", category=Category.EMPLOYEE),),
            "allegations": (Allegation(key="one", subject="s1", topic=topic, what="…"),),
            "reporter": Reporter(mode="anonymous"),
            "images": images,
        }
    )


def ended(*events: AnyEvent) -> tuple[Recorded, ...]:
    """Return the record of a case that began in November 2026 and ended in February 2027."""
    said = [Recorded(n=1, at=BEGAN, event=CaseReviewed(next_step="…"))]
    said += [Recorded(n=n, at=ENDED, event=event) for n, event in enumerate(events, 2)]
    return (*said, Recorded(n=len(said) + 1, at=ENDED, event=CaseEnded(outcome="closed")))


def outcome(ending: Outcome, born_on: date | None = BORN_1970) -> OutcomeRecorded:
    """Return how the one allegation ended."""
    return OutcomeRecorded(allegations=("one",), outcome=ending, reasons="…", born_on=born_on)


@pytest.mark.parametrize(
    ("born_on", "until", "why"),
    [
        (BORN_1970, date(2038, 5, 4), "the last of those whom it is about is of pension age then"),
        (BORN_1950, date(2036, 11, 2), "10 years have passed then since it was recorded"),
        (None, None, "no date of birth is on record for every subject"),
    ],
)
def test_an_allegation_is_kept_until_pension_age_or_ten_years_whichever_is_longer(
    born_on: date | None, until: date | None, why: str
) -> None:
    record = ended(outcome("unsubstantiated", born_on))
    assert kept(PROCESS, matter(), record) == Kept(until=until, why=why)


@pytest.mark.parametrize(("topic", "images"), [("grooming", "no"), ("tone", "yes"), ("tone", "unsure")])
def test_what_may_concern_the_abuse_of_a_child_is_kept_for_seventy_five_years(topic: str, images: str) -> None:
    assert kept(PROCESS, matter(topic, images), ended(outcome("substantiated"))).until == date(2101, 11, 2)


@pytest.mark.parametrize(("ending", "leaves"), [("false", True), ("malicious", True), ("unfounded", False)])
@pytest.mark.meets("ALLEG-10")
def test_what_was_false_or_malicious_leaves_the_personnel_file(ending: Outcome, leaves: bool) -> None:
    assert (kept(PROCESS, matter(), ended(outcome(ending))).leaves_the_file == ("one",)) is leaves


def test_a_disciplinary_case_is_kept_for_the_packs_years_after_its_end() -> None:
    process = PROCESS.model_copy(update={"story": "disciplinary"})
    assert kept(process, matter(), ended()).until == date(2037, 2, 1)


def test_what_is_recorded_after_the_end_changes_nothing() -> None:
    record = ended(outcome("unfounded"))
    hold = LegalHoldPlaced(hold="h", by="tara", placed_at=LONG_AFTER, reason="A claim.")
    process = PROCESS.model_copy(update={"story": "disciplinary"})
    later = (*record, Recorded(n=len(record) + 1, at=LONG_AFTER, event=hold))
    assert kept(process, matter(), later) == kept(process, matter(), record)
    assert kept(PROCESS, matter(), later) == kept(PROCESS, matter(), record)


def test_of_a_case_that_has_not_ended_nobody_can_say() -> None:
    assert kept(PROCESS, matter(), ended(outcome("unfounded"))[:-1]).until is None


def test_of_several_subjects_the_last_to_come_to_pension_age_counts() -> None:
    record = ended(outcome("unfounded"), outcome("unfounded", date(1980, 5, 4)))
    assert kept(PROCESS, matter(), record).until == date(2048, 5, 4)


def test_a_leap_day_has_its_anniversary_in_march() -> None:
    leap = outcome("unfounded", date(1972, 2, 29))
    in_2041 = PROCESS.model_copy(update={"retention": Retention(years=1, pension_age=69, clause="10.1")})
    assert kept(in_2041, matter(), ended(leap)).until == date(2041, 3, 1)
