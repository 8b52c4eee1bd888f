"""Which answers of a case still count, and so which step comes next."""

from typing import TYPE_CHECKING

from domain.events import AnyEvent, Approved, DatePassed, Rejected, RequestUnfit, Returned
from domain.pack import Step
from domain.round_entries import ChangeTurnedDown, SiteChanged
from workflows import reaching
from workflows.ask import Ask
from workflows.since import REFUSED

if TYPE_CHECKING:
    from workflows.case import Case


def next_step(case: "Case") -> Step | None:
    """Return the first step of the process that is not approved, or None once all are."""
    return next((step for step in case.opening.process.steps if not _is_approved(case, step)), None)


def has_approved(case: "Case", step: Step, seat: str) -> bool:
    """Return whether an approval of `step` stands that was asked of `seat`."""
    return any(ask.seat == seat and still_approves(case, ask, step) for ask in case.asks.values())


def still_approves(case: "Case", ask: Ask, step: Step) -> bool:
    """Return whether the answer to `ask` approved `step`, and stands.

    An approval stands until it is void: because the form has another version and the request began again no later
    than at its step, because it was disputed, or because the step now signs other words.
    """
    process = case.opening.process
    keys = [one.key for one in process.steps]
    again = process.changes.back_to if process.changes is not None else ""
    # Of a step before that which a changed request begins again at, the approval stands for every version; but not
    # for another change of a site than that which it was asked about.
    is_before = step.key in keys and again in keys[keys.index(step.key) + 1 :]
    any_version = is_before and ask.version > _decided_version(case)
    return (
        step.key in keys
        and isinstance(ask.step, Step)
        and (ask.step.key, ask.step.signed) == (step.key, step.signed)
        and isinstance(ask.decision, Approved)
        and ask.decision.by not in case.own
        and ask.id not in case.void
        and (any_version or ask.version == case.request.version)
    )


def still_counts(case: "Case", ask: Ask) -> bool:
    """Return whether anything still rests on the answer to `ask`.

    Its approval stands; it sent the request back; or a seat is not asked any more to sign beside everybody.
    """
    if isinstance(ask.decision, Approved) and isinstance(ask.step, Step):
        return still_approves(case, ask, ask.step)
    if isinstance(ask.decision, Rejected) and case.opening.process.story == "acknowledgement":
        return case.since(REFUSED)
    return reaching.author_is_asked(case) and sent_back_by(case) is ask.decision


def sent_back_by(case: "Case") -> AnyEvent | None:
    """Return what last sent the request back to its author, or None."""
    backs = (event for event in reversed(case.past) if isinstance(event, Returned | RequestUnfit | DatePassed))
    return next(backs, None)


def _is_approved(case: "Case", step: Step) -> bool:
    approved = [has_approved(case, step, seat) for seat in step.seats]
    return any(approved) if step.needs == "any" else all(approved)


def _decided_version(case: "Case") -> int:
    """Return the version of the latest change of a site that was decided, or 0."""
    decided = (one.version for one in reversed(case.past) if isinstance(one, SiteChanged | ChangeTurnedDown))
    return next(decided, 0)
