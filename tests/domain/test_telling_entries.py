"""What happened in a confidential case, in words: one sentence for each event; who reported it, only for some."""

from datetime import UTC, date, datetime
from typing import Any, get_args

import pytest

from domain.allegations import Allegation, Category, Clearance, Reporter, Subject
from domain.entries import (
    AllegationRecorded,
    AnyRemark,
    CaseCleared,
    CaseErased,
    CaseHalted,
    CaseOpened,
    CaseRouted,
    DecisionMade,
    ErasureProposed,
    LadoAdviceRecorded,
    LegalHoldPlaced,
    LegalHoldReleased,
    MatterRecorded,
    MessageWritten,
    PoliceContacted,
    ReporterNamed,
    SubjectTold,
    WarningExpired,
)
from domain.events import (
    AnyEvent,
    AskClosed,
    AskMoved,
    AskOpened,
    CaseEnded,
    Escalated,
    Extended,
    Recorded,
    Reminded,
    StepRefused,
)
from domain.people import Asked
from domain.referral_text import referral_text
from domain.telling_entries import MatterTeller, Names, entry_in_words
from tests.builders import MONDAY
from tests.domain.test_entry_forms import CALLED as A_HEARING
from tests.domain.test_entry_forms import KINDS, TWO, facts, read
from tests.matters import ALLEGATION, PEOPLE, a_confidential_opening, a_matter

PEOPLE_BY_ID = {person.id: person.name for person in PEOPLE}
NAMES = Names(PEOPLE_BY_ID, {"s1": "Ben Carter"})
NAMED = ReporterNamed(reporter=Reporter(mode="confidential", person="amina", name="Amina Okafor", contact="at home"))
HELEN = (Asked(person="helen", seat="headteacher"),)
SUBJECT = Subject(key="s1", name="Ben Carter", category=Category.EMPLOYEE)
ALLEGED = Allegation(key="a1", subject="s1", topic="disrepute", what="x")
WHAT = {"subjects": (SUBJECT,), "reported": (ALLEGED,)}
CLEARANCE = Clearance(case="c-1", n=3, hash="h")
REMARKS: tuple[AnyRemark, ...] = (
    AllegationRecorded.model_validate({**WHAT, "danger": "no", "images": "no", "at_risk": "yes"}),
    MatterRecorded.model_validate(WHAT),
    NAMED,
    CaseRouted(route="staff", ladder=("headteacher",), told=(), procedure="staff", recused=("ben", "amina")),
    CaseCleared(clearance=CLEARANCE),
    CaseOpened(story="disciplinary", by="helen"),
    WarningExpired(),
    LegalHoldPlaced(hold="h1", by="helen", placed_at=MONDAY, reason="A claim is made"),
    LegalHoldReleased(hold="h1", proposed_by="helen", by="cara", released_at=MONDAY, reason="It is over"),
    CaseHalted(),
    ErasureProposed(by="duly"),
    CaseErased(organisation="elmbrook", closed="2026-11", erased_on=date(2037, 1, 4), rule="10.1"),
)


def told(*events: AnyEvent, reporter: bool = False, **more: Any) -> list[str]:
    """Return the sentences of a case in which all of that happened."""
    teller = MatterTeller(a_confidential_opening(**more), events, PEOPLE_BY_ID, reporter=reporter)
    history = [Recorded(n=n, at=MONDAY, event=event) for n, event in enumerate(events, 1)]
    return [one.words for one in teller.told(history)]


@pytest.mark.parametrize("kind", KINDS)
def test_every_entry_is_told_in_one_plain_sentence(kind: str) -> None:
    entry = read(kind, facts(A_HEARING)).entry
    assert entry is not None
    words = entry_in_words(entry.model_copy(update={"by": "helen"}), NAMES)
    assert words.startswith("Helen Marsh")
    assert not set("{}_") & set(words)
    assert not words.endswith((".", " ", ":"))


def test_everything_that_the_case_records_of_itself_is_told() -> None:
    assert {type(one) for one in REMARKS} == set(get_args(AnyRemark))
    for remark in REMARKS:
        words = entry_in_words(remark, NAMES)
        assert words[0].isupper()
        assert "_" not in words


@pytest.mark.meets("ALLEG-07")
@pytest.mark.parametrize("event", REMARKS, ids=lambda event: event.kind)
def test_who_reported_it_is_told_only_to_those_who_may_know(event: AnyRemark) -> None:
    for words in told(event):
        assert "Amina" not in words
        assert "at home" not in words


@pytest.mark.meets("ALLEG-07")
def test_whoever_may_know_reads_who_reported_it() -> None:
    assert told(NAMED, reporter=True) == ["It was reported by Amina Okafor, in confidence"]
    assert told(NAMED) == ["Who reported it is on record, for those who see to the case alone"]


def test_a_message_of_whoever_reported_it_bears_no_name() -> None:
    assert told(MessageWritten(by="reporter", how="receipt", text="x")) == ["Whoever reported it wrote a message"]


def test_nobody_is_told_who_was_left_out() -> None:
    assert told(REMARKS[3]) == ["It was found who sees to the case"]


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (
            PoliceContacted(by="helen", method="phone", spoke_to="PC Doe", reference="12/345"),
            "Helen Marsh contacted the police, by phone: PC Doe, reference 12/345",
        ),
        (
            PoliceContacted(by="helen", method="in_person", spoke_to="PC Doe"),
            "Helen Marsh contacted the police, face to face: PC Doe",
        ),
        (
            LadoAdviceRecorded(by="helen", giver="Lou", method="email", advice="more_needed", permits=()),
            "Helen Marsh recorded the LADO's advice (Lou, by e-mail): They need to know more before they can advise. "
            "Permitted: nothing yet",
        ),
        (
            LadoAdviceRecorded(
                by="helen", giver="Lou", method="phone", advice="police", permits=("investigate", "tell_subject")
            ),
            "Helen Marsh recorded the LADO's advice (Lou, by phone): The police are to look into it. Permitted: "
            "begin an internal investigation and tell the person what is alleged",
        ),
        (SubjectTold(by="helen", subject="s1", told="x"), "Helen Marsh recorded that Ben Carter was told"),
        (
            DecisionMade(by="gone", sanction="first_warning", reasons="x", expires_on=date(2027, 11, 2)),
            "Somebody who is no longer in the directory decided what comes of it: A first written warning, until "
            "2 November 2027",
        ),
        (
            AskOpened(ask="a1", step="referral", seat="case_manager", ladder=(), due=MONDAY, version=1, asked=HELEN),
            "The case manager (Helen Marsh, Headteacher) was asked, until 2 November 2026: Refer it to the LADO",
        ),
        (
            AskMoved(ask="a1", step="referral", why="stepped_aside", by="helen", comment="My brother.", ladder=()),
            "Helen Marsh stepped aside: “Refer it to the LADO” now asks nobody",
        ),
        (Reminded(ask="a1", step="referral", count=2), "Reminder 2 went to those asked: Refer it to the LADO"),
        (
            Escalated(ask="a1", step="referral", to=("deputy_head",), asked=HELEN),
            "Nothing was recorded in time: Refer it to the LADO. Asked now: Helen Marsh, Headteacher",
        ),
        (
            Extended(ask="a1", step="outcome", days=2, due=MONDAY),
            "The days on which it stood still do not count: “Record how each ended” is due by 2 November 2026",
        ),
        (AskClosed(ask="a1", step="referral", why="done"), "“Refer it to the LADO” is done"),
        (
            StepRefused(tried="investigation_started", rule="r", clause="c16-2", by="helen"),
            "Helen Marsh tried to record an internal investigation. It was refused, and did not happen",
        ),
        (CaseEnded(outcome="closed"), "The case was closed: everything was done"),
    ],
)
def test_it_is_told_in_the_words_of_the_school(event: AnyEvent, words: str) -> None:
    assert told(event) == [words]


def test_what_was_written_stands_under_its_question_and_a_letter_on_a_page_of_its_own() -> None:
    opening = a_confidential_opening(**TWO)
    happened = datetime(2026, 11, 1, 9, tzinfo=UTC)
    events: tuple[AnyEvent, ...] = (
        SubjectTold(
            by="helen",
            subject="s1",
            told="What it is about.",
            note="He was calm.",
            allegations=("a1",),
            happened_at=happened,
        ),
        A_HEARING,
    )
    history = [Recorded(n=n, at=MONDAY, event=event) for n, event in enumerate(events, 1)]
    first, second = MatterTeller(opening, events, PEOPLE_BY_ID).told(history)
    assert first.details == (
        ("What were they told?", "What it is about."),
        ("Anything else that should be on record", "He was calm."),
    )
    assert (first.about, first.happened_at, first.letter) == (("Wrote to a pupil.",), happened, False)
    assert (second.details, second.letter) == ((), True)


@pytest.mark.meets("ALLEG-03", "ALLEG-07")
def test_the_text_of_the_referral_has_what_the_authority_asks_and_not_who_reported_it() -> None:
    events: tuple[AnyEvent, ...] = (NAMED, PoliceContacted(by="helen", method="phone", spoke_to="PC Doe"))
    history = [Recorded(n=n, at=MONDAY, event=event) for n, event in enumerate(events, 1)]
    matter = a_matter(where="Online", happened_on=date(2026, 10, 30), danger="unsure", reporter=NAMED.reporter)
    words = dict(enumerate(told(*events, reporter=True), 1))
    text = referral_text(ALLEGATION, matter, history, school="Elmbrook Primary", sees_to_it="Helen Marsh", told=words)
    for line in (
        "School: Elmbrook Primary",
        "Who sees to it there: Helen Marsh",
        "Reported on: 2 November 2026 at 9:30am",
        "- Ben Carter (an employee)",
        "1. Of Ben Carter: Private messages to a pupil",
        "Wrote to a pupil.",
        "When it happened: 30 October 2026",
        "Where: Online",
        "Is anybody in danger now? Not sure",
        "- Helen Marsh contacted the police, by phone: PC Doe",
    ):
        assert line in text.split("\n")
    assert "Amina" not in text
