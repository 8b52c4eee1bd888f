"""What confidential processes have in common: how a matter enters, who sees to it, what may always be recorded."""

from typing import Final

from domain.cases import Opening
from domain.entries import PeopleRecused, ReporterNamed, SubjectCorrected
from domain.events import AnyEvent
from domain.matters import UNREFERRED
from workflows.case import Case
from workflows.reaching import CASE_MANAGER

ALWAYS: Final = (
    "police_contacted",
    "social_care_contacted",
    "body_contacted",
    "advice_taken",
    "interim_safeguard_taken",
    "breach_reported",
    "support_offered",
    "police_advised",
    "custody_recorded",
    "evidence_recorded",
    "subject_resigned",
    "proceedings_recorded",
    "case_reviewed",
)
"""What anybody in a case may record at any moment; `domain.gate_faults.FREE` are those that no pack may hold up."""


def take_in(case: Case, opening: Opening, recorded: AnyEvent) -> None:
    """Put on record what was reported, and find who sees to it."""
    matter = case.matter
    case.recused |= frozenset(matter.recused)
    case.recused |= frozenset(subject.person for subject in matter.subjects if subject.person is not None)
    case.record(recorded)
    if matter.reporter.mode != "anonymous":
        case.record(ReporterNamed(reporter=matter.reporter))
    case.find_route()
    _answerable(case)
    case.accept(ALWAYS)
    case.accept(("message_written", "calls_made"), ("reporter", *_seats(opening)), lambda _: case.tell_those_in_it())
    case.accept(("people_recused",), (CASE_MANAGER,), lambda entry: _recuse(case, entry))
    case.accept(("subject_corrected",), (CASE_MANAGER,), lambda entry: correct(case, entry))
    case.accept(("police_hold_placed", "police_hold_released"), (), lambda _: case.tell_those_in_it())


async def reviews(case: Case) -> None:
    """Have a long case looked at again and again, for as long as it lasts (KCSIE, Part Four)."""
    plan = case.opening.process.reviews
    if plan is None:
        return
    await case.recorded(plan.after)
    wait = plan.first_after
    while True:
        await case.until(case.morning_in(wait))
        await case.review(plan)
        wait = plan.every


def _seats(opening: Opening) -> tuple[str, ...]:
    return tuple(dict.fromkeys(task.seat for task in opening.process.tasks))


def _recuse(case: Case, entry: PeopleRecused) -> None:
    """Take people out, and have it seen: whoever sees to a case could take out those who see to them."""
    case.recuse(entry.people)
    case.tell_custodians()


def correct(case: Case, entry: SubjectCorrected) -> None:
    """Route the case anew, now that a subject is somebody or something else; both facts stay on record."""
    case.recuse({*entry.recused, *((entry.subject.person,) if entry.subject.person else ())})
    case.find_route()
    _answerable(case)
    case.tell_custodians()


def _answerable(case: Case) -> None:
    """Let it be recorded how a matter was answered only where it takes a road on which nothing is referred."""
    if case.route is not None and case.route.procedure in UNREFERRED:
        case.accept(("response_given",))
    else:
        case.accept_no_more("response_given")
