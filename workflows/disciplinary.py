"""The disciplinary process: nothing before it is cleared; investigator, decider and appeal are different people."""

from enum import StrEnum

from domain.allegations import Clearance, Matter, YesNoUnsure
from domain.calendar import morning_of
from domain.cases import Opening
from domain.entries import (
    AppealDecided,
    CaseCleared,
    CaseHalted,
    CaseToAnswerDecided,
    ClearanceClaimed,
    DecisionMade,
    InvestigatorAppointed,
    MatterRecorded,
    SafeguardingConcernRaised,
    SubjectCorrected,
    TriageRecorded,
    WarningExpired,
)
from domain.events import StepRefused
from domain.matters import narrowed
from workflows.case import Case
from workflows.matters import correct, reviews, take_in
from workflows.reaching import INVESTIGATOR

OF_THE_CASE_MANAGER = (
    "procedure_chosen",
    "notice_given",
    "investigation_started",
    "suspension_decided",
    "subject_told",
    "hearing_called",
    "hearing_postponed",
    "letter_sent",
    "appeal_made",
    "appeal_waived",
    "tra_considered",
    "dbs_considered",
)


class DisciplinaryOutcome(StrEnum):
    """How a disciplinary case ended."""

    CLOSED = "closed"
    NO_CASE = "no_case_to_answer"
    REFERRED = "referred"
    REFUSED = "refused"


class Disciplinary:
    """See a matter of conduct through: triage, investigation, hearing, decision, appeal.

    It begins cleared by the LADO's advice, or with a triage that says by name and with a reason that no child could be
    at risk; unsure is yes, and opens an allegation instead. Investigator, decider and whoever hears the appeal are
    three people. A warning expires by itself.

    Source: Cadmus 3.4, 9 and 12.2; MTOAT, cyber bullying; Redhill 5; Newall Green 13 (DISC-01 to DISC-21).
    """

    async def run(self, case: Case, opening: Opening) -> DisciplinaryOutcome:
        """Return how it ended."""
        matter = case.matter
        take_in(
            case,
            opening,
            MatterRecorded(
                subjects=matter.subjects,
                reported=matter.allegations,
                happened_on=matter.happened_on,
                where=matter.where,
            ),
        )
        if opening.clearance is not None:
            if not await case.cleared(opening.clearance):
                return DisciplinaryOutcome.REFUSED
            case.record(CaseCleared(clearance=opening.clearance))
        elif _is_at_risk_by_nature(case):
            _open_allegation(case, matter, "yes", "duly")
            return DisciplinaryOutcome.REFERRED
        else:
            case.accept(("triage_recorded",), ("case_manager",), lambda entry: _clear(case, entry))
        case.accept(("safeguarding_concern_raised",), (), lambda entry: _refer(case, entry))
        case.accept(("clearance_claimed",), ("case_manager",), lambda entry: case.alongside(_claimed(case, entry)))
        case.accept(("subject_corrected",), ("case_manager",), lambda entry: _corrected(case, entry))
        case.accept(OF_THE_CASE_MANAGER, ("case_manager",), lambda _: case.tell_those_in_it())
        case.accept(("investigator_appointed",), ("case_manager",), lambda entry: _appoint(case, entry))
        case.accept(("interview_held", "investigation_reported"), ("investigator",), lambda _: case.tell_those_in_it())
        case.accept(
            ("case_to_answer_decided", "hearing_held", "decision_made"), ("decider",), lambda _: case.tell_those_in_it()
        )
        case.accept(("appeal_decided",), ("appeal",), lambda _: case.tell_those_in_it())
        case.alongside(reviews(case))
        while (task := case.next_task()) is not None:
            await case.do(task)
            if case.says(TriageRecorded, at_risk=("yes", "unsure")):
                return DisciplinaryOutcome.REFERRED
            if case.says(CaseToAnswerDecided, answer=("no",)):
                return DisciplinaryOutcome.NO_CASE
            if case.is_stopped:
                return DisciplinaryOutcome.REFERRED
        await _warning(case)
        return DisciplinaryOutcome.CLOSED


def _is_at_risk_by_nature(case: Case) -> bool:
    """Return whether anything that is alleged is such that a child could be at risk, whatever a triage would say.

    Source: Societas 7.5 (DISC-34).
    """
    at_risk = {topic.key for topic in case.opening.process.topics if topic.at_risk}
    return any(one.topic in at_risk for one in case.matter.allegations)


def _open_allegation(case: Case, matter: Matter, at_risk: YesNoUnsure, by: str) -> None:
    case.open_case("allegation", matter.model_copy(update={"at_risk": at_risk}), by)


def _clear(case: Case, entry: TriageRecorded) -> None:
    """Clear the case by its own triage, once; where a child could be at risk, open an allegation instead (ALLEG-01).

    From then on, what says that a child could be at risk is a new concern, and only the LADO's advice clears it.
    """
    case.accept_no_more("triage_recorded")
    if entry.at_risk == "no":
        case.record(CaseCleared(clearance=Clearance(case=case.opening.case, n=len(case.past), hash="")))
    else:
        _open_allegation(case, case.matter, entry.at_risk, entry.by)


def _corrected(case: Case, entry: SubjectCorrected) -> None:
    """Route the case anew; where it was cleared by advice about somebody else, an allegation takes its place."""
    correct(case, entry)
    cleared = case.latest(CaseCleared)
    if entry.replaces and cleared is not None and cleared.clearance.hash:
        _open_allegation(case, narrowed(case.matter, entry.subject.key, entry.allegations), "yes", entry.by)
        case.stop()


def _appoint(case: Case, entry: InvestigatorAppointed) -> None:
    """Ask whoever is appointed now, where somebody else was being asked to investigate."""
    for ask in case.open_asks():
        if ask.seat == INVESTIGATOR:
            case.ask_anew(ask, "reassigned", entry.by)
    case.tell_those_in_it()


def _refer(case: Case, entry: SafeguardingConcernRaised) -> None:
    """Open an allegation for the new facts; the pack's rules hold this case until the advice permits it to go on."""
    new = entry.allegation
    _open_allegation(case, narrowed(case.matter, new.subject, (new.key,)), "yes", entry.by)
    case.tell_those_in_it()


async def _claimed(case: Case, entry: ClearanceClaimed) -> None:
    """Let a held case go on, if the advice that is claimed is on record and permits it."""
    before = case.count(SafeguardingConcernRaised, CaseHalted)
    is_cleared = await case.cleared(entry.clearance)
    # What came while it was being looked up, it does not clear.
    if not is_cleared or case.count(SafeguardingConcernRaised, CaseHalted) > before:
        clause = case.opening.process.clause
        case.record(StepRefused(tried="case_cleared", rule="clearance", clause=clause, by=entry.by))
        return
    case.record(CaseCleared(clearance=entry.clearance))
    case.tell_those_in_it()


async def _warning(case: Case) -> None:
    """Wait until a warning expires, if one was given and an appeal did not set it aside."""
    decision = case.latest(DecisionMade)
    if decision is not None and decision.expires_on is not None and not case.says(AppealDecided, upheld=("no",)):
        await case.until(morning_of(decision.expires_on))
        case.record(WarningExpired())
