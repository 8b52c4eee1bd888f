"""What confidential processes have in common: how a matter enters, who sees to it, what may always be recorded."""

from typing import Final

from domain.cases import Opening
from domain.entries import (
    AllegationAdded,
    PeopleRecused,
    PoliceHoldReleased,
    ReporterNamed,
    SubjectCorrected,
)
from domain.events import AnyEvent
from workflows.case import Case

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
"""What anybody in a case may record, at any moment and without anyone's leave; no rule of the order speaks of it."""


def take_in(case: Case, opening: Opening, recorded: AnyEvent) -> None:
    """Put on record what was reported, and find who sees to it."""
    matter = case.matter
    case.recused |= frozenset(matter.recused)
    case.record(recorded)
    if matter.reporter.mode != "anonymous":
        case.record(ReporterNamed(reporter=matter.reporter))
    case.find_route()
    case.accept(ALWAYS)
    case.accept(("message_written", "calls_made"), ("reporter", *_seats(case)), lambda _: case.tell_those_in_it())
    case.accept(("people_recused",), (), lambda entry: _recuse(case, entry))
    case.accept(("subject_corrected",), (), lambda entry: _correct(case, entry))
    case.accept(("allegation_added",), (), lambda entry: _add(case, entry))
    case.accept(("police_hold_placed",), (), lambda _: case.tell_those_in_it())
    case.accept(("police_hold_released",), (), lambda entry: _let_go(case, entry))


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


def _seats(case: Case) -> tuple[str, ...]:
    return tuple(dict.fromkeys(task.seat for task in case.opening.process.tasks))


def _recuse(case: Case, entry: PeopleRecused) -> None:
    case.recuse(entry.people)


def _correct(case: Case, entry: SubjectCorrected) -> None:
    """Route the case anew, now that a subject is somebody or something else; both facts stay on record."""
    case.recuse({*entry.recused, *((entry.subject.person,) if entry.subject.person else ())})
    case.find_route()
    case.tell_those_in_it()


def _add(case: Case, entry: AllegationAdded) -> None:
    del entry
    case.find_route()


def _let_go(case: Case, entry: PoliceHoldReleased) -> None:
    """Let the clocks go on that the police's hold had stopped."""
    del entry
    placed = case.last_at("police_hold_placed")
    if placed is not None:
        case.hold_ended(placed)
    case.tell_those_in_it()
