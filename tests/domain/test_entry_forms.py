"""The form of every entry of a confidential case: what it asks, what it takes, and the entry that comes of it."""

from datetime import UTC, date, datetime, timedelta
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.allegations import Allegation, Category, Clearance, Subject
from domain.entries import (
    AllegationAdded,
    AnyEntry,
    CaseRouted,
    ClearanceClaimed,
    DecisionMade,
    HearingCalled,
    LadoAdviceRecorded,
    OutcomeRecorded,
    PoliceContacted,
    SubjectCorrected,
    SuspensionDecided,
)
from domain.entry_forms import EntryFacts, Read, form_of, is_asked, prefilled, read_entry, settled
from domain.entry_texts import FORMS
from domain.events import AnyEvent
from domain.fields import Day, FormFacts, LongText, ManyOf, OneOf, OnePerson, People, Question, Raw, YesNoUnsure
from domain.forms import UnreadableFormError, answers_model
from domain.pasted import NO_PICTURES
from domain.people import Directory
from tests.builders import MONDAY, SCHOOL
from tests.matters import ALLEGATION, DISCIPLINARY, PEOPLE, a_confidential_opening

WORLD = FormFacts(directory=Directory(people=PEOPLE), today=MONDAY.date(), school=SCHOOL)
KINDS = sorted(FORMS)
TWO: dict[str, Any] = {
    "subjects": (
        Subject(key="s1", name="Ben Carter", category=Category.EMPLOYEE, person="ben"),
        Subject(key="s2", name="Otto Lind", category=Category.EMPLOYEE, person="otto"),
    ),
    "allegations": (
        Allegation(key="a1", subject="s1", topic="private-messages", what="Wrote to a pupil."),
        Allegation(key="a2", subject="s2", topic="disrepute", what="Laughed about it."),
    ),
}
CALLED = HearingCalled(on=date(2026, 11, 9), letter="Come.")
CLAIM = Clearance(case="c-2", n=3, hash="h", allegations=("a1",))


def facts(*past: AnyEvent, **more: Any) -> EntryFacts:
    process = DISCIPLINARY if CALLED in past else ALLEGATION
    opening = a_confidential_opening(process=process, **more)
    return EntryFacts(opening=opening, past=past, now=MONDAY, claims={"K7QM-4TXR": CLAIM})


def typed(question: Question) -> Raw:
    """Return an answer to `question` that is fit."""
    match question:
        case OneOf() | ManyOf():
            return question.options[-1].key
        case YesNoUnsure():
            return "no"
        case Day():
            return ("5", "11", "2026") if question.key == "on" else ("2", "11", "2026")
        case OnePerson():
            return "Dev Patel"
        case People():
            return ("Dev Patel",)
        case LongText(most=most):
            return "Words." if most else ""
        case _:
            return {"happened_time": "9am", "case": "k7qm 4txr"}.get(question.key, "A line")


def filled(kind: str, known: EntryFacts, **more: Raw) -> dict[str, Raw]:
    """Return what somebody types who answers no more than they have to."""
    usual = {question.key: typed(question) for question in form_of(kind, known).questions() if question.required}
    if kind == "hearing_postponed":
        usual["on"] = ("12", "11", "2026")
    if usual.get("sanction") in {"first_warning", "final_warning"}:
        usual["expires_on"] = ("2", "11", "2027")
    return usual | more


def read(kind: str, known: EntryFacts | None = None, **more: Raw) -> Read:
    known = known or facts(CALLED)
    return read_entry(kind, filled(kind, known, **more), known, WORLD)


def faults(found: Read) -> dict[str, str]:
    return {fault.field: fault.message for fault in found.faults}


def test_every_entry_that_people_record_has_a_form() -> None:
    assert set(FORMS) == {entry.model_fields["kind"].default for entry in get_args(AnyEntry)}


@pytest.mark.meets("ALLEG-13", "ALLEG-16")
@pytest.mark.parametrize("kind", KINDS)
def test_every_entry_can_be_recorded_by_answering_what_has_to_be_answered(kind: str) -> None:
    found = read(kind)
    assert faults(found) == {}
    assert found.entry is not None
    assert found.entry.kind == kind
    kinds = {"short_text", "long_text", "date", "one_of", "many_of", "yes_no_unsure", "person", "people"}
    assert {getattr(question, "type", "") for question in form_of(kind, facts()).questions()} <= kinds


@pytest.mark.parametrize("kind", KINDS)
def test_of_an_empty_form_every_answer_that_is_missing_is_told_at_once(kind: str) -> None:
    known = facts(CALLED)
    found = read_entry(kind, {}, known, WORLD)
    required = [question.key for question in form_of(kind, known).questions() if question.required]
    assert [fault.field for fault in found.faults if fault.field in required] == required
    assert (found.entry is None) == bool(required)


@pytest.mark.parametrize("kind", KINDS)
def test_it_says_in_one_sentence_what_it_is_and_what_it_does(kind: str) -> None:
    form = FORMS[kind]
    assert form.lead.endswith(".")
    assert form.title[0].isupper()
    assert form.thing[0].islower()


# Whom, and about what.


def test_what_has_only_one_answer_is_not_asked_but_told() -> None:
    keys = {question.key for question in form_of("subject_told", facts()).questions()}
    assert not keys & {"subject", "allegations"}
    assert settled("subject_told", facts()) == (
        ("The person", "Ben Carter"),
        ("What it is about", "Private messages to a pupil: Wrote to a pupil."),
    )
    entry = read("subject_told").entry
    assert (getattr(entry, "subject", ""), getattr(entry, "allegations", ())) == ("s1", ("a1",))


def test_of_several_it_is_asked_which() -> None:
    known = facts(**TWO)
    found = read("subject_told", known, subject="n2", allegations=("n2",))
    assert (getattr(found.entry, "subject", ""), getattr(found.entry, "allegations", ())) == ("s2", ("a2",))
    labels = [option.label for question in form_of("subject_told", known).questions() for option in _options(question)]
    assert labels == [
        "Ben Carter",
        "Otto Lind",
        "Private messages to a pupil: Wrote to a pupil. (Ben Carter)",
        "Bringing the school into disrepute: Laughed about it. (Otto Lind)",
    ]


def _options(question: Question | None) -> Any:
    return getattr(question, "options", ())


def test_what_is_alleged_of_somebody_else_is_no_answer() -> None:
    found = read("subject_told", facts(**TWO), subject="n1", allegations=("n1", "n2"))
    assert faults(found) == {"allegations": "Choose only what is alleged of this person"}


def test_an_entry_may_be_about_none_in_particular_unless_a_task_wants_each() -> None:
    known = facts(**TWO)
    assert getattr(read("police_contacted", known).entry, "allegations", None) == ()
    assert "allegations" in faults(read("lado_referral_made", known, allegations=()))


def test_what_has_ended_does_not_end_again() -> None:
    ended = OutcomeRecorded(allegations=("a1",), outcome="false", reasons="x")
    known = facts(ended, **TWO)
    assert ("What it is about", "Bringing the school into disrepute: Laughed about it. (Otto Lind)") in settled(
        "outcome_recorded", known
    )
    assert getattr(read("outcome_recorded", known).entry, "allegations", ()) == ("a2",)
    both = facts(ended, ended.model_copy(update={"allegations": ("a2",)}), **TWO)
    assert not is_asked("outcome_recorded", both)


def test_something_more_that_is_alleged_gets_a_key_of_its_own() -> None:
    entry = read("allegation_added", facts(), topic="n3", what="More.").entry
    assert isinstance(entry, AllegationAdded)
    assert entry.allegation == Allegation(key="a2", subject="s1", topic="disrepute", what="More.")


def test_a_correction_says_who_it_is_instead() -> None:
    entry = read("subject_corrected", facts(), name="Helen Marsh", category="headteacher", person="Helen Marsh").entry
    assert isinstance(entry, SubjectCorrected)
    assert entry.subject == Subject(key="s1", name="Helen Marsh", category=Category.HEADTEACHER, person="helen")


def test_who_must_not_learn_of_it_does_not_investigate() -> None:
    known = facts(CALLED).model_copy(update={"recused": frozenset({"otto"})})
    found = read("investigator_appointed", known, person="Otto Lind")
    assert faults(found) == {"person": "They cannot be asked in this case. Name somebody else"}


# When.


@pytest.mark.parametrize(
    ("text", "hour", "minute"),
    [
        ("4:50pm", 16, 50),
        ("4.50 PM", 16, 50),
        ("16:50", 16, 50),
        ("4pm", 16, 0),
        ("12am", 0, 0),
        ("12:05 p.m.", 12, 5),
        ("midday", 12, 0),
        ("midnight", 0, 0),
        ("00:00", 0, 0),
    ],
)
def test_a_time_is_read_as_people_write_it(text: str, hour: int, minute: int) -> None:
    entry = read("custody_recorded", happened=("1", "7", "2026"), happened_time=text).entry
    # In July, England is an hour ahead.
    assert entry is not None
    assert entry.happened_at == datetime(2026, 7, 1, hour, minute, tzinfo=UTC) - timedelta(hours=1)


@pytest.mark.parametrize("text", ["4", "25:00", "16:99", "13pm", "0pm", "soon", "4:5pm", "16.5"])
def test_what_is_no_time_is_told_beside_its_field(text: str) -> None:
    assert faults(read("custody_recorded", happened_time=text)) == {
        "happened_time": "Type the time like 4:50pm or 16:50"
    }


@pytest.mark.parametrize(
    ("day", "at", "field"),
    [
        (("2", "11", "2026"), "11:59pm", "happened_time"),
        (("3", "11", "2026"), "9am", "happened"),
        (("2", "11", "2026"), "", "happened_time"),
        (("", "", ""), "9am", "happened"),
    ],
)
def test_it_happened_at_a_whole_moment_and_not_in_the_future(day: tuple[str, ...], at: str, field: str) -> None:
    assert list(faults(read("police_contacted", happened=day, happened_time=at))) == [field]


def test_this_moment_stands_in_the_form_and_may_be_left_out() -> None:
    at = prefilled("police_contacted", facts())
    assert at == {"happened": ("2", "11", "2026"), "happened_time": "9:30am"}
    entry = read("police_contacted", facts(), **at).entry
    assert isinstance(entry, PoliceContacted)
    assert entry.happened_at == MONDAY
    assert getattr(read("police_contacted", facts()).entry, "happened_at", 0) is None


# What else has to fit.


def test_advice_permits_what_was_ticked_and_nothing_else() -> None:
    entry = read("lado_advice_recorded", facts(), permits=("investigate", "tell_subject")).entry
    assert isinstance(entry, LadoAdviceRecorded)
    assert entry.permits == ("investigate", "tell_subject")
    nothing = read("lado_advice_recorded", facts(), permits=("nothing",)).entry
    assert isinstance(nothing, LadoAdviceRecorded)
    assert nothing.permits == ()
    assert "permits" in faults(read("lado_advice_recorded", facts(), permits=("nothing", "investigate")))
    assert "permits" in faults(read("lado_advice_recorded", facts(), permits=()))


@pytest.mark.parametrize(("answer", "suspended"), [("yes", True), ("no", False)])
def test_yes_and_no_are_what_they_say(answer: str, suspended: bool) -> None:
    entry = read("suspension_decided", facts(), suspended=answer).entry
    assert isinstance(entry, SuspensionDecided)
    assert entry.suspended is suspended


@pytest.mark.meets("DISC-03", "DISC-06", "DISC-07")
@pytest.mark.parametrize(
    ("procedure", "sanctions"),
    [
        ("staff", ["no_action", "first_warning", "final_warning", "dismissal", "dismissal_without_notice"]),
        ("central_staff", ["no_action", "first_warning", "final_warning", "dismissal", "dismissal_without_notice"]),
        ("governor", ["no_action", "governing_body_resolution"]),
        ("end_of_appointment", ["no_action", "end_of_appointment"]),
        ("behaviour", []),
        ("public", []),
    ],
)
def test_what_can_come_of_it_is_that_of_its_road(procedure: Any, sanctions: list[str]) -> None:
    routed = CaseRouted(route="r", ladder=(), told=(), procedure=procedure, recused=())
    known = facts(CALLED, routed)
    asked = {question.key: question for question in form_of("decision_made", known).questions()}
    assert [option.key for option in _options(asked.get("sanction"))] == sanctions
    assert ("expires_on" in asked) == ("first_warning" in sanctions)
    entry = read("decision_made", known).entry
    assert isinstance(entry, DecisionMade)
    assert entry.sanction == (sanctions[-1] if sanctions else "no_action")


@pytest.mark.parametrize(
    ("sanction", "until", "why"),
    [
        ("first_warning", ("", "", ""), "Type the day on which the warning ends"),
        ("no_action", ("2", "11", "2027"), "Only a warning has an end. Leave it empty"),
        ("final_warning", ("2", "11", "2026"), "A warning must end in the future"),
    ],
)
def test_a_warning_ends_and_nothing_else_does(sanction: str, until: tuple[str, ...], why: str) -> None:
    assert faults(read("decision_made", sanction=sanction, expires_on=until)) == {"expires_on": why}


@pytest.mark.parametrize(("day", "fits"), [(9, False), (10, True), (16, True), (17, False)])
def test_a_hearing_is_put_off_by_five_working_days_at_the_most(day: int, fits: bool) -> None:
    found = read("hearing_postponed", on=(str(day), "11", "2026"))
    assert bool(found.faults) != fits
    none = read("hearing_postponed", facts(), on=("10", "11", "2026"))
    assert faults(none) == {"on": "No hearing was called yet"}


def test_advice_is_claimed_by_the_reference_of_a_case_that_one_may_see() -> None:
    entry = read("clearance_claimed", facts(), case="k7qm4txr").entry
    assert isinstance(entry, ClearanceClaimed)
    assert entry.clearance == CLAIM
    why = {"case": "No advice that you may see lets this case go on under that reference"}
    assert faults(read("clearance_claimed", facts(), case="ABCD-2345")) == why
    assert faults(read("clearance_claimed", facts(), case="?")) == why


# What nobody may paste, and what is kept of it.

DOT = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ"


@pytest.mark.meets("ALLEG-13", "ALLEG-15")
@pytest.mark.parametrize("kind", KINDS)
def test_no_field_of_any_entry_takes_a_picture_and_what_was_in_it_is_gone(kind: str) -> None:
    known = facts(CALLED)
    texts = [one.key for one in form_of(kind, known).questions() if isinstance(one, LongText)]
    for key in texts:
        found = read(kind, known, **{key: f"See {DOT}"})
        assert faults(found)[key] == NO_PICTURES
        assert key not in found.raw
        assert key not in found.answers
        assert found.entry is None


@given(st.text(alphabet="abcdefghij ", min_size=1, max_size=60))
def test_no_text_of_a_case_stays_in_what_is_kept_of_its_forms(what: str) -> None:
    read("subject_told", facts(**TWO), allegations=("n1",), subject="n1")
    before = answers_model.cache_info().currsize
    more = [one.model_copy(update={"what": what}) for one in TWO["allegations"]]
    read("subject_told", facts(**{**TWO, "allegations": more}), allegations=("n1",), subject="n1")
    assert answers_model.cache_info().currsize == before


def test_a_field_that_is_not_on_the_page_is_no_answer() -> None:
    with pytest.raises(UnreadableFormError):
        read("police_contacted", facts(), by="cara")
