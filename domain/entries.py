"""What people put on record in a confidential case: each entry an event, in the past tense.

`by` and `how` are set by the case, `happened_at` is when it happened, where that is not when it was recorded, and
`allegations` are the keys of those that it is about.
"""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import Field

from domain.allegations import (
    Advice,
    Allegation,
    Clearance,
    Method,
    Outcome,
    Permit,
    Procedure,
    Reporter,
    Subject,
    YesNoUnsure,
)
from domain.base import Frozen, How, Key


class Entry(Frozen):
    """What all entries have."""

    by: str = ""
    how: How = "session"
    happened_at: datetime | None = None
    allegations: tuple[Key, ...] = ()
    note: str = ""


# What the process itself records.


class AllegationRecorded(Frozen):
    """An allegation was reported and put on record, under the child protection and whistleblowing policies.

    Source: Cadmus 10.1 (ALLEG-02).
    """

    kind: Literal["allegation_recorded"] = "allegation_recorded"
    subjects: tuple[Subject, ...]
    reported: tuple[Allegation, ...]
    danger: YesNoUnsure
    images: YesNoUnsure
    at_risk: YesNoUnsure
    involved: tuple[Key, ...] = ()
    happened_on: date | None = None
    where: str = ""


class MatterRecorded(Frozen):
    """A matter of conduct was reported and put on record.

    Source: Cadmus 3.4 and 9.1 (DISC-01).
    """

    kind: Literal["matter_recorded"] = "matter_recorded"
    subjects: tuple[Subject, ...]
    reported: tuple[Allegation, ...]
    happened_on: date | None = None
    where: str = ""


class ReporterNamed(Frozen):
    """The reporter gave a name; only the case manager may know it.

    Source: Cadmus 9.3 (ALLEG-07).
    """

    kind: Literal["reporter_named"] = "reporter_named"
    reporter: Reporter


class CaseRouted(Frozen):
    """It was found who sees to the case: the seats in order, less everybody who is recused.

    Source: Newall Green 6.24 (ALLEG-11).
    """

    kind: Literal["case_routed"] = "case_routed"
    route: Key
    ladder: tuple[Key, ...]
    told: tuple[Key, ...]
    procedure: Procedure
    recused: tuple[str, ...]


class CaseCleared(Frozen):
    """What lets a disciplinary case go on: an advice found on record, or its own triage, known by its number."""

    kind: Literal["case_cleared"] = "case_cleared"
    clearance: Clearance


class CaseOpened(Frozen):
    """Another case was opened out of this one, told by another story."""

    kind: Literal["case_opened"] = "case_opened"
    story: Literal["allegation", "disciplinary"]
    by: str


class CaseHalted(Frozen):
    """What this case was cleared by does not hold now: the advice was withdrawn, or the police asked to wait.

    It goes on once it is cleared anew.
    """

    kind: Literal["case_halted"] = "case_halted"


class WarningExpired(Frozen):
    """A warning came to its end by itself."""

    kind: Literal["warning_expired"] = "warning_expired"


# What is put on record after the case has ended.


class LegalHoldPlaced(Frozen):
    """The case may not be erased until this hold is released; `placed_at` may lie before the end of the case."""

    kind: Literal["legal_hold_placed"] = "legal_hold_placed"
    hold: str
    by: str
    placed_at: datetime
    reason: str


class LegalHoldReleased(Frozen):
    """A hold was released: one custodian proposed it for a reason, and another agreed."""

    kind: Literal["legal_hold_released"] = "legal_hold_released"
    hold: str
    proposed_by: str
    by: str
    released_at: datetime
    reason: str


class ErasureProposed(Frozen):
    """The case is to be erased: Duly says so once its time has come, and then a custodian."""

    kind: Literal["erasure_proposed"] = "erasure_proposed"
    by: str


class CaseErased(Frozen):
    """The case was erased; nothing in this says whose it was, or what it was about.

    `closed` is the month in which it had ended, `rule` the clause of the policy by which it was kept until then.
    """

    kind: Literal["case_erased"] = "case_erased"
    organisation: str
    closed: str
    erased_on: date
    rule: str


# What anybody in the case may record, at any moment and without anyone's leave.


class PoliceContacted(Entry):
    """The police were told or asked (Cadmus 10.1, ALLEG-06)."""

    kind: Literal["police_contacted"] = "police_contacted"
    method: Method
    spoke_to: str
    reference: str = ""


class SocialCareContacted(Entry):
    """Children's social care was told or asked (Newall Green 3.6, ALLEG-08)."""

    kind: Literal["social_care_contacted"] = "social_care_contacted"
    method: Method
    spoke_to: str
    reference: str = ""


class BodyContacted(Entry):
    """Another body was told: a regulator, an agency that supplied the person, a support agency (ALLEG-22, ALLEG-24)."""

    kind: Literal["body_contacted"] = "body_contacted"
    body: str
    spoke_to: str = ""
    reference: str = ""


class AdviceTaken(Entry):
    """Advice of HR, a lawyer or somebody else was taken (Newall Green 8.4, ALLEG-14)."""

    kind: Literal["advice_taken"] = "advice_taken"
    source: Literal["hr", "legal", "governor_support", "other"]
    giver: str


class InterimSafeguardTaken(Entry):
    """Children were made safe: no contact, sent home. It is no sanction, and waits for nobody."""

    kind: Literal["interim_safeguard_taken"] = "interim_safeguard_taken"
    measure: str


class BreachReported(Entry):
    """Something had already happened out of order: what, when and by whom. It opens nothing."""

    kind: Literal["breach_reported"] = "breach_reported"
    what: str
    who: str


class SupportOffered(Entry):
    """Support was offered to somebody, and taken or not (MTOAT, cyber bullying: INC-12 to INC-14)."""

    kind: Literal["support_offered"] = "support_offered"
    to: Literal["subject", "reporter", "victim", "other"]
    what: str
    taken: Literal["yes", "no", "not_yet"]


class PoliceAdvised(Entry):
    """Whether the victim was advised to tell the police of threats of a physical or sexual nature (INC-16)."""

    kind: Literal["police_advised"] = "police_advised"
    advised: Literal["yes", "no"]
    reason: str


class CustodyRecorded(Entry):
    """Physical evidence was locked away: what, where, and who has the key; never a file (ALLEG-16)."""

    kind: Literal["custody_recorded"] = "custody_recorded"
    item: str
    place: str
    key_holder: str


class EvidenceRecorded(Entry):
    """Something was seen that bears on the case: in words, with time and address; never a file (INC-11, DISC-24)."""

    kind: Literal["evidence_recorded"] = "evidence_recorded"
    what: str
    address: str = ""
    source: Literal["public_internet", "witness", "document", "call_log", "other"]


class SubjectResigned(Entry):
    """A subject left or does not cooperate; the case goes on."""

    kind: Literal["subject_resigned"] = "subject_resigned"
    subject: Key


class SubjectCorrected(Entry):
    """Who a subject is was corrected; the case is routed again, and both facts stay on record.

    `involved` are the seats that whoever it is holds. It `replaces` them where it is somebody else: what the LADO
    advised of the one says nothing of the other. That, and which allegations it is about, the case finds out itself.
    """

    kind: Literal["subject_corrected"] = "subject_corrected"
    subject: Subject
    recused: tuple[str, ...] = ()
    involved: tuple[Key, ...] = ()
    replaces: bool = False


class AllegationAdded(Entry):
    """Something more came to be alleged."""

    kind: Literal["allegation_added"] = "allegation_added"
    allegation: Allegation


class PeopleRecused(Entry):
    """Somebody may not learn of the case any more: a conflict of interest was found."""

    kind: Literal["people_recused"] = "people_recused"
    people: tuple[str, ...] = Field(min_length=1)


class MessageWritten(Entry):
    """The reporter, or whoever sees to the case, wrote to the other."""

    kind: Literal["message_written"] = "message_written"
    text: str


class CallsMade(Entry):
    """The reporter said whether those whom they were to telephone were reached."""

    kind: Literal["calls_made"] = "calls_made"
    reached: Literal["yes", "no", "not_tried"]


class ProceedingsRecorded(Entry):
    """Somebody outside proceeds as well: the police, a regulator, a civil court (Newall Green 13.2, DISC-26)."""

    kind: Literal["proceedings_recorded"] = "proceedings_recorded"
    body: str
    reference: str = ""


class ResponseGiven(Entry):
    """Somebody was answered, where the LADO has no part: what the school did, and whom it told.

    Source: Cadmus 5.1 (DISC-03); MTOAT, Monitoring and cyber bullying (DISC-12, DISC-15).
    """

    kind: Literal["response_given"] = "response_given"
    to: str
    what: str


class CaseReviewed(Entry):
    """The case was looked at again, with what is to be done next."""

    kind: Literal["case_reviewed"] = "case_reviewed"
    next_step: str


# The referral, the advice, and what they open.


class LadoReferralMade(Entry):
    """The allegation was referred to the Local Authority Designated Officer (Cadmus 10.1, ALLEG-03)."""

    kind: Literal["lado_referral_made"] = "lado_referral_made"
    method: Method
    spoke_to: str
    reference: str = ""


class LadoAdviceRecorded(Entry):
    """The LADO's advice, and what it permits; the latest counts (Cadmus 10.1, ALLEG-03, ALLEG-04)."""

    kind: Literal["lado_advice_recorded"] = "lado_advice_recorded"
    giver: str
    method: Method
    advice: Advice
    permits: tuple[Permit, ...] = ()


class PoliceHoldPlaced(Entry):
    """The police asked that nothing be done inside (MTOAT, cyber bullying: ALLEG-18)."""

    kind: Literal["police_hold_placed"] = "police_hold_placed"
    who: str
    reference: str = ""


class PoliceHoldReleased(Entry):
    """The police let the school go on: who said so, and under which reference."""

    kind: Literal["police_hold_released"] = "police_hold_released"
    who: str
    reference: str = ""


class BasicEnquiryMade(Entry):
    """A fact was looked up without asking anybody concerned, where the pack allows it (KCSIE, Part Four)."""

    kind: Literal["basic_enquiry_made"] = "basic_enquiry_made"
    question: str
    answer: str


class InvestigationStarted(Entry):
    """An internal investigation was begun."""

    kind: Literal["investigation_started"] = "investigation_started"
    investigator: str


class InterviewHeld(Entry):
    """Somebody was interviewed for an internal investigation."""

    kind: Literal["interview_held"] = "interview_held"
    with_whom: str


class SubjectTold(Entry):
    """A subject was told of the allegation."""

    kind: Literal["subject_told"] = "subject_told"
    subject: Key
    told: str


class SuspensionDecided(Entry):
    """Whether a subject is suspended was decided, with the alternatives that were considered."""

    kind: Literal["suspension_decided"] = "suspension_decided"
    subject: Key
    suspended: bool
    alternatives: str
    reasons: str


class DisciplinaryOpened(Entry):
    """A disciplinary case was opened of a subject, cleared by the advice that permits it."""

    kind: Literal["disciplinary_opened"] = "disciplinary_opened"
    subject: Key


class OutcomeRecorded(Entry):
    """How an allegation ended. `born_on` is the subject's date of birth, which decides how long it is kept."""

    kind: Literal["outcome_recorded"] = "outcome_recorded"
    outcome: Outcome
    reasons: str
    born_on: date | None = None


class DbsConsidered(Entry):
    """Whether to refer to the Disclosure and Barring Service was considered."""

    kind: Literal["dbs_considered"] = "dbs_considered"
    referred: bool
    reasons: str


class TraConsidered(Entry):
    """Whether to refer to the Teaching Regulation Agency was considered (Newall Green 6.18, DISC-19)."""

    kind: Literal["tra_considered"] = "tra_considered"
    referred: bool
    reasons: str


# The disciplinary process.


class TriageRecorded(Entry):
    """It was answered whether a child could be at risk, by name and with a reason; unsure is yes (ALLEG-01)."""

    kind: Literal["triage_recorded"] = "triage_recorded"
    at_risk: YesNoUnsure
    reason: str
    name: str


class SafeguardingConcernRaised(Entry):
    """New facts say that a child could be at risk: the case is held until the LADO's advice permits it to go on."""

    kind: Literal["safeguarding_concern_raised"] = "safeguarding_concern_raised"
    allegation: Allegation


class ClearanceClaimed(Entry):
    """Somebody says which advice permits a held case to go on; the case goes on once that is found on record."""

    kind: Literal["clearance_claimed"] = "clearance_claimed"
    clearance: Clearance


class ProcedureChosen(Entry):
    """Under which procedure the matter is dealt with, how grave it is, and why (DISC-05, DISC-14, DISC-16)."""

    kind: Literal["procedure_chosen"] = "procedure_chosen"
    procedure: str
    severity: Literal["minor", "serious", "very_serious", "gross"]
    reasons: str


class InvestigatorAppointed(Entry):
    """Somebody was appointed to investigate; they decide nothing in the case."""

    kind: Literal["investigator_appointed"] = "investigator_appointed"
    person: str


class NoticeGiven(Entry):
    """The subject was told in writing what is alleged, and of the right to be accompanied (DISC-25)."""

    kind: Literal["notice_given"] = "notice_given"
    letter: str


class InvestigationReported(Entry):
    """The investigator reported what was found."""

    kind: Literal["investigation_reported"] = "investigation_reported"
    findings: str


class CaseToAnswerDecided(Entry):
    """Whether there is a case to answer was decided."""

    kind: Literal["case_to_answer_decided"] = "case_to_answer_decided"
    answer: Literal["yes", "no"]
    reasons: str


class HearingCalled(Entry):
    """The subject was called to a hearing, with notice and the right to be accompanied."""

    kind: Literal["hearing_called"] = "hearing_called"
    on: date
    letter: str


class HearingPostponed(Entry):
    """The hearing was put off, because the companion cannot come: by five working days at the most."""

    kind: Literal["hearing_postponed"] = "hearing_postponed"
    on: date


class HearingHeld(Entry):
    """The hearing was held."""

    kind: Literal["hearing_held"] = "hearing_held"
    present: str


class DecisionMade(Entry):
    """What comes of the matter was decided by a person, with reasons (Cadmus 7.14, DISC-04)."""

    kind: Literal["decision_made"] = "decision_made"
    sanction: Literal[
        "no_action",
        "first_warning",
        "final_warning",
        "dismissal",
        "dismissal_without_notice",
        "end_of_appointment",
        "governing_body_resolution",
    ]
    reasons: str
    expires_on: date | None = None


class LetterSent(Entry):
    """A letter went to the subject, in these words."""

    kind: Literal["letter_sent"] = "letter_sent"
    letter: str


class AppealMade(Entry):
    """The subject appealed."""

    kind: Literal["appeal_made"] = "appeal_made"
    grounds: str


class AppealWaived(Entry):
    """No appeal was made in time, or the subject said that none will be."""

    kind: Literal["appeal_waived"] = "appeal_waived"


class AppealDecided(Entry):
    """The appeal was decided by somebody who had no part before."""

    kind: Literal["appeal_decided"] = "appeal_decided"
    upheld: Literal["yes", "no", "in_part"]
    reasons: str


AnyRemark = (
    AllegationRecorded
    | MatterRecorded
    | ReporterNamed
    | CaseRouted
    | CaseCleared
    | CaseOpened
    | CaseHalted
    | WarningExpired
    | LegalHoldPlaced
    | LegalHoldReleased
    | ErasureProposed
    | CaseErased
)
"""What a confidential process records of itself, and what is recorded of the case after it."""

AnyEntry = (
    PoliceContacted
    | SocialCareContacted
    | BodyContacted
    | AdviceTaken
    | InterimSafeguardTaken
    | BreachReported
    | SupportOffered
    | PoliceAdvised
    | CustodyRecorded
    | EvidenceRecorded
    | SubjectResigned
    | SubjectCorrected
    | AllegationAdded
    | PeopleRecused
    | MessageWritten
    | CallsMade
    | ProceedingsRecorded
    | ResponseGiven
    | CaseReviewed
    | LadoReferralMade
    | LadoAdviceRecorded
    | PoliceHoldPlaced
    | PoliceHoldReleased
    | BasicEnquiryMade
    | InvestigationStarted
    | InterviewHeld
    | SubjectTold
    | SuspensionDecided
    | DisciplinaryOpened
    | OutcomeRecorded
    | DbsConsidered
    | TraConsidered
    | TriageRecorded
    | SafeguardingConcernRaised
    | ClearanceClaimed
    | ProcedureChosen
    | InvestigatorAppointed
    | NoticeGiven
    | InvestigationReported
    | CaseToAnswerDecided
    | HearingCalled
    | HearingPostponed
    | HearingHeld
    | DecisionMade
    | LetterSent
    | AppealMade
    | AppealWaived
    | AppealDecided
)
"""What people record in a confidential case."""

OneEntry = Annotated[AnyEntry, Field(discriminator="kind")]
"""An entry, known by its kind."""
