"""What happened in a confidential case, in words: one sentence for each event, and what was written with it.

The name of whoever reported it is told only to those who may know it.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final, NamedTuple

from domain.allegations import Subject
from domain.base import Frozen
from domain.calendar import local_day
from domain.cases import Opening
from domain.entries import (
    AllegationRecorded,
    AnyEntry,
    AnyRemark,
    CaseCleared,
    CaseErased,
    CaseHalted,
    CaseOpened,
    CaseRouted,
    Entry,
    ErasureProposed,
    LegalHoldPlaced,
    LegalHoldReleased,
    MatterRecorded,
    ReporterNamed,
    WarningExpired,
)
from domain.entry_texts import FORMS
from domain.entry_words import (
    ADVICE,
    CATEGORIES,
    METHODS,
    OUTCOMES,
    PERMITS,
    REACHED,
    SANCTIONS,
    SEEN_IN,
    SEVERITIES,
    SOURCES,
    SUPPORTED,
    TAKEN,
    UPHELD,
    YES_NO,
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
from domain.matters import facts
from domain.people import Asked
from domain.text import one_line
from domain.words import day_in_words, listed

REPORTER: Final = "reporter"
"""As whom somebody acts who holds the code of a report."""

DULY: Final = "duly"
"""As whom the case itself acts."""

SEATS: Final = {
    "case_manager": "case manager",
    "investigator": "investigator",
    "decider": "decision maker",
    "appeal": "person who decides the appeal",
}
"""What the seats of confidential processes are called; which seat of the school holds each, the route says."""

ENDINGS: Final = {
    "closed": "everything was done",
    "no_case_to_answer": "there is no case to answer",
    "referred": "it was referred as an allegation",
    "refused": "it was not cleared",
}
"""How a confidential case can end."""


def _lower(labels: Mapping[str, str]) -> dict[str, str]:
    return {key: label[0].lower() + label[1:] for key, label in labels.items()}


_LABELS: Final[dict[str, dict[str, Mapping[str, str]]]] = {
    "": {"method": _lower(METHODS)},
    "advice_taken": {"source": SOURCES},
    "support_offered": {"to": SUPPORTED, "taken": TAKEN},
    "police_advised": {"advised": YES_NO},
    "evidence_recorded": {"source": SEEN_IN},
    "calls_made": {"reached": REACHED},
    "lado_advice_recorded": {"advice": ADVICE, "permits": _lower(PERMITS)},
    "triage_recorded": {"at_risk": {**YES_NO, "unsure": "Not sure, which counts as yes"}},
    "procedure_chosen": {"severity": SEVERITIES},
    "case_to_answer_decided": {"answer": YES_NO},
    "decision_made": {"sanction": SANCTIONS},
    "appeal_decided": {"upheld": UPHELD},
    "outcome_recorded": {"outcome": {key: label.partition(":")[0] for key, label in OUTCOMES.items()}},
    "suspension_decided": {"suspended": {"True": "suspended", "False": "not suspended"}},
    "dbs_considered": {"referred": {"True": "a referral is made", "False": "no referral is made"}},
    "tra_considered": {"referred": {"True": "a referral is made", "False": "no referral is made"}},
}
"""What answers are called, by the kind of the entry; under no kind, for all of them."""

_SAID: Final = {
    "police_contacted": "{by} contacted the police, {method}: {spoke_to}{reference}",
    "social_care_contacted": "{by} contacted children's social care, {method}: {spoke_to}{reference}",
    "body_contacted": "{by} told {body}{spoke_to}{reference}",
    "advice_taken": "{by} took advice of {giver} ({source})",
    "interim_safeguard_taken": "{by} recorded how children were kept from harm meanwhile",
    "breach_reported": "{by} recorded that something happened out of order, done by {who}",
    "support_offered": "{by} recorded that support was offered to: {to}. Taken: {taken}",
    "police_advised": "{by} recorded whether somebody was advised to tell the police: {advised}",
    "custody_recorded": "{by} recorded what was locked away: {item}, in {place}; {key_holder} has the key",
    "evidence_recorded": "{by} recorded something that was seen: {source}{address}",
    "subject_resigned": "{by} recorded that {subject} has left or does not cooperate; the case goes on",
    "subject_corrected": "{by} corrected who it is about: {subject}",
    "allegation_added": "{by} added something that is alleged of {allegation}",
    "people_recused": "{by} recorded a conflict of interest: {people} must not learn of it any more",
    "message_written": "{by} wrote a message",
    "calls_made": "{by} said whether somebody was reached by phone: {reached}",
    "proceedings_recorded": "{by} recorded that {body} proceeds as well{reference}",
    "response_given": "{by} recorded how it was answered: {to} was told",
    "case_reviewed": "{by} reviewed the case",
    "lado_referral_made": "{by} referred it to the LADO, {method}: {spoke_to}{reference}",
    "lado_advice_recorded": "{by} recorded the LADO's advice ({giver}, {method}): {advice}. Permitted: {permits}",
    "police_hold_placed": "{by} recorded that the police asked to wait: {who}{reference}",
    "police_hold_released": "{by} recorded that the police let the school go on: {who}{reference}",
    "basic_enquiry_made": "{by} looked up: {question} {answer}",
    "investigation_started": "{by} recorded that an internal investigation began, by {investigator}",
    "interview_held": "{by} recorded an interview with {with_whom}",
    "subject_told": "{by} recorded that {subject} was told",
    "suspension_decided": "{by} decided that {subject} is {suspended}",
    "disciplinary_opened": "{by} opened a disciplinary case of {subject}",
    "outcome_recorded": "{by} recorded how it ended: {outcome}",
    "dbs_considered": "{by} considered the Disclosure and Barring Service: {referred}",
    "tra_considered": "{by} considered the Teaching Regulation Agency: {referred}",
    "triage_recorded": "{by}, signing as {name}, said whether a child could be at risk: {at_risk}",
    "safeguarding_concern_raised": "{by} raised a new concern about a child: it is alleged of {allegation}",
    "clearance_claimed": "{by} said which advice lets the case go on",
    "procedure_chosen": "{by} chose the procedure: {procedure}; {severity}",
    "investigator_appointed": "{by} appointed {person} to investigate",
    "notice_given": "{by} recorded the notice in writing",
    "investigation_reported": "{by} reported what was found",
    "case_to_answer_decided": "{by} decided whether there is a case to answer: {answer}",
    "hearing_called": "{by} called a hearing for {on}",
    "hearing_postponed": "{by} put the hearing off to {on}",
    "hearing_held": "{by} recorded the hearing",
    "decision_made": "{by} decided what comes of it: {sanction}{expires_on}",
    "letter_sent": "{by} recorded the letter about the decision",
    "appeal_made": "{by} recorded an appeal",
    "appeal_waived": "{by} recorded that there is no appeal",
    "appeal_decided": "{by} decided the appeal: {upheld}",
}
"""What was recorded, in a sentence; the names in brackets are attributes of the entry."""

_BEFORE: Final = {
    "reference": ", reference ",
    "spoke_to": ": ",
    "address": ", at ",
    "expires_on": ", until ",
}
"""What stands before an answer that may be missing."""


class ToldEntry(Frozen):
    """An event of a confidential case in words: its number, when it was recorded and when it happened, and what.

    `about` are the allegations that it is about, where there are several; `details` what was written with it, each
    under its question. `letter` says that there is a letter to read.
    """

    n: int
    at: datetime
    happened_at: datetime | None = None
    words: str
    about: tuple[str, ...] = ()
    details: tuple[tuple[str, str], ...] = ()
    letter: bool = False


class Names(NamedTuple):
    """The names that a sentence may use: of people by id, and of subjects by key."""

    people: Mapping[str, str]
    subjects: Mapping[str, str]
    reporter: bool = False

    def person(self, key: str) -> str:
        """Return somebody's name; whoever reported it has none."""
        if key == REPORTER:
            return "Whoever reported it"
        if key == DULY:
            return "Duly"
        return self.people.get(key, "Somebody who is no longer in the directory")


def entry_in_words(event: AnyEntry | AnyRemark, names: Names) -> str:
    """Return an entry, or what a confidential process records of itself, in one sentence without a full stop."""
    if isinstance(event, Entry):
        return _SAID[event.kind].format_map(_Answers(event, names))
    match event:
        case AllegationRecorded():
            return "An allegation was put on record, under the child protection and whistleblowing policies"
        case MatterRecorded():
            return "A matter of conduct was put on record"
        case ReporterNamed():
            if not names.reporter:
                return "Who reported it is on record, for those who see to the case alone"
            said = event.reporter.name or names.person(event.reporter.person or "")
            in_confidence = ", in confidence" if event.reporter.mode == "confidential" else ""
            return f"It was reported by {said}{in_confidence}"
        case CaseRouted():
            return "It was found who sees to the case"
        case CaseCleared():
            return "It was found on record that the case may go on"
        case CaseHalted():
            return "What cleared this case does not hold now: it stands still until it is cleared anew"
        case CaseOpened():
            opened = {"allegation": "An allegation", "disciplinary": "A disciplinary case"}[event.story]
            return f"{opened} of its own was opened out of this case"
        case WarningExpired():
            return "The warning came to its end"
        case LegalHoldPlaced():
            return f"{names.person(event.by)} said that the record must be kept: {event.reason}"
        case LegalHoldReleased():
            who = f"{names.person(event.proposed_by)} and {names.person(event.by)}"
            return f"{who} agreed that the record need not be kept any more: {event.reason}"
        case ErasureProposed():
            return "It was proposed that the record be erased, because its time has come"
        case CaseErased():
            return f"The record was erased on {day_in_words(event.erased_on)}"


class _Answers(dict[str, str]):
    """What an entry answers, in words, by the name of its attribute."""

    def __init__(self, entry: Entry, names: Names) -> None:
        super().__init__()
        self._entry = entry
        self._names = names

    def __missing__(self, name: str) -> str:
        value = getattr(self._entry, name)
        kind = getattr(self._entry, "kind", "")
        labels = _LABELS.get(kind, {}).get(name) or _LABELS[""].get(name, {})
        if name == "by":
            return self._names.person(value)
        if isinstance(value, tuple):
            said = tuple(labels.get(one) or self._names.person(one) for one in value)
            return listed(said) or "nothing yet"
        if value is None or value == "":
            return ""
        lead = _BEFORE.get(name, "") if f"{{{name}}}" in _SAID[kind] and _may_be_missing(self._entry, name) else ""
        return f"{lead}{self._said(name, value, labels)}"

    def _said(self, name: str, value: Any, labels: Mapping[str, str]) -> str:  # noqa: ANN401 -- any attribute of an entry
        if isinstance(value, Subject):
            return f"{value.name}, {CATEGORIES[value.category][0].lower()}{CATEGORIES[value.category][1:]}"
        if isinstance(value, date):
            return day_in_words(value)
        if name == "allegation":
            return self._names.subjects.get(value.subject, value.subject)
        if name == "subject":
            return self._names.subjects.get(value, value)
        if name == "person":
            return self._names.person(value)
        return labels.get(str(value), str(value))


def _may_be_missing(entry: Entry, name: str) -> bool:
    return not type(entry).model_fields[name].is_required()


def details_of(entry: AnyEntry) -> tuple[tuple[str, str], ...]:
    """Return what was written with an entry, each text under its question; a letter has a page of its own."""
    form = FORMS[entry.kind]
    texts = [(field.label, field.key) for field in form.fields if field.type == "long_text" and field.key != "letter"]
    allegation = getattr(entry, "allegation", None)
    said = [(label, getattr(allegation or entry, key)) for label, key in texts]
    return tuple((label, text) for label, text in (*said, (form.note, entry.note)) if text)


class MatterTeller:
    """Tells the events of a confidential case. `people` are names by id, and `seats` what the school calls its seats.

    `reporter` says whether the reader may know who reported it.
    """

    def __init__(
        self, opening: Opening, past: Sequence[AnyEvent], people: Mapping[str, str], *, reporter: bool = False
    ) -> None:
        """Tell of the case that began with `opening`, and as it stands after `past`."""
        self._process = opening.process
        self._seats = {seat.key: seat.title for seat in opening.seats}
        known = facts(opening.matter, past) if opening.matter is not None else None
        subjects = {key: subject.name for key, subject in known.subjects.items()} if known else {}
        self._names = Names(people, subjects, reporter)
        self._allegations = {key: one_line(one.what) for key, one in known.allegations.items()} if known else {}

    def told(self, history: Sequence[Recorded]) -> tuple[ToldEntry, ...]:
        """Return every event in words, in order."""
        return tuple(self._told(said) for said in history)

    def seat(self, key: str) -> str:
        """Return what a seat is called: one of the case, or one of the school."""
        return SEATS.get(key) or self._seats.get(key, key)

    def step(self, key: str) -> str:
        """Return what a task is called."""
        clocks = self._process.clocks(key)
        return clocks.title if clocks else key

    def _told(self, said: Recorded) -> ToldEntry:
        event = said.event
        told = ToldEntry(n=said.n, at=said.at, words=self._words(event))
        if not isinstance(event, Entry):
            return told
        several = len(self._allegations) > 1
        return told.model_copy(
            update={
                "happened_at": event.happened_at,
                "about": tuple(self._allegations.get(key, key) for key in event.allegations) if several else (),
                "details": details_of(event) if isinstance(event, AnyEntry) else (),
                "letter": bool(getattr(event, "letter", "")),
            }
        )

    def _words(self, event: AnyEvent) -> str:
        if isinstance(event, AnyEntry | AnyRemark):
            return entry_in_words(event, self._names)
        match event:
            case AskOpened():
                who = self._who(event.asked) or "nobody who may be asked holds that seat"
                due = day_in_words(local_day(event.due))
                return f"The {self.seat(event.seat)} ({who}) was asked, until {due}: {self.step(event.step)}"
            case AskMoved():
                why = {
                    "people_changed": "People, seats or absences changed",
                    "reassigned": "Somebody else was asked for",
                    "stepped_aside": f"{self._names.person(event.by or '')} stepped aside",
                    "recused": "Somebody may not see to it any more",
                    "routed": "It goes another way",
                }[event.why]
                return f"{why}: “{self.step(event.step)}” now asks {self._who(event.asked) or 'nobody'}"
            case Reminded():
                return f"Reminder {event.count} went to those asked: {self.step(event.step)}"
            case Escalated():
                who = self._who(event.asked)
                return f"Nothing was recorded in time: {self.step(event.step)}. Asked now: {who or 'nobody else'}"
            case Extended():
                due = day_in_words(local_day(event.due))
                return f"The days on which it stood still do not count: “{self.step(event.step)}” is due by {due}"
            case AskClosed():
                ended = {"done": "is done", "routed": "went to somebody else"}.get(event.why, "is no longer needed")
                return f"“{self.step(event.step)}” {ended}"
            case StepRefused():
                by = f"{self._names.person(event.by)} tried" if event.by else "It was tried"
                tried = FORMS[event.tried].thing if event.tried in FORMS else event.tried.replace("_", " ")
                return f"{by} to record {tried}. It was refused, and did not happen"
            case CaseEnded():
                return f"The case was closed: {ENDINGS.get(event.outcome, event.outcome)}"
            case _:
                return event.kind.replace("_", " ").capitalize()

    def _who(self, asked: tuple[Asked, ...] | None) -> str:
        return listed(tuple(f"{self._names.person(one.person)}, {self.seat(one.seat)}" for one in asked or ()))
