"""Site creation: the pack's steps in order, the headteacher last."""

from datetime import date
from enum import StrEnum

from domain.cases import Act, Opening
from domain.events import RequestSubmitted, RequestWithdrawn, SiteApproved, SiteRegistered
from workflows.case import Case


class SiteOutcome(StrEnum):
    """How a request to create a site ended."""

    APPROVED = "approved"
    REJECTED = "rejected"
    LAPSED = "lapsed"
    WITHDRAWN = "withdrawn"
    REFUSED = "refused"
    CANCELLED = "cancelled"


class SiteCreation:
    """Walk one request for a site along its pack's steps.

    Ends at the first rejection, the first lapse, a withdrawal, when an administrator cancels it, or after the last
    approval, when the site enters the register. A request that is returned, or that does not hold any more, goes back
    to its author; after a material change every step is asked again from where the pack says. `refused` means that an
    order rule of the pack forbade what the steps led to.

    Source: Cadmus 16.2, 16.6 and Appendix 1; Newall Green 9.1.
    """

    async def run(self, case: Case, opening: Opening) -> SiteOutcome:
        """Return how the request ended."""
        request, process = opening.request, opening.process
        case.record(
            RequestSubmitted(
                by=request.starter, author=request.author, version=request.version, answers=request.answers
            )
        )
        case.offer("withdraw", _withdrawn, ending=SiteOutcome.WITHDRAWN)
        to_do = process.steps
        while to_do:
            answer = await case.ask(to_do[0])
            if answer.goes_back and process.changes:
                answer = await case.ask_author(process.changes)
            elif answer.approves:
                to_do = to_do[1:]
            if answer.approves and not to_do:
                answer = await case.settle()
            if not answer.goes_on:
                return SiteOutcome(answer.ending)
            to_do = tuple(step for step in process.steps if step in to_do or step.key in answer.again)
        if not case.record(SiteApproved(version=case.request.version)) or not case.record(_registered(case)):
            return SiteOutcome.REFUSED
        return SiteOutcome.APPROVED


def _withdrawn(act: Act) -> RequestWithdrawn:
    return RequestWithdrawn(by=act.person, comment=act.comment)


def _registered(case: Case) -> SiteRegistered:
    answers = case.request.answers
    return SiteRegistered(
        title=case.request.title,
        school=case.opening.school,
        live_on=_day(answers.get("go_live_date")),
        closes_on=_day(answers.get("closure_date")),
    )


def _day(answer: object) -> date | None:
    return date.fromisoformat(answer) if isinstance(answer, str) else None
