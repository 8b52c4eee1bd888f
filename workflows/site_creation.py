"""Site creation: the pack's steps in order, the headteacher last."""

from datetime import date
from enum import StrEnum

from domain.cases import Act, Opening, Request
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
    to its author; whatever is not approved any more after that is asked again. `refused` means that an order rule of
    the pack forbade what the steps led to.

    Source: Cadmus 16.2, 16.6 and Appendix 1; Newall Green 9.1.
    """

    async def run(self, case: Case, opening: Opening) -> SiteOutcome:
        """Return how the request ended."""
        request = opening.request
        case.record(
            RequestSubmitted(
                by=request.starter, author=request.author, version=request.version, answers=request.answers
            )
        )
        case.offer("withdraw", _withdrawn, ending=SiteOutcome.WITHDRAWN)
        while True:
            step, changes = case.next_step(), case.opening.process.changes
            answer = await (case.ask(step) if step else case.settle())
            if answer.goes_back and changes:
                answer = await case.ask_author(changes)
            if not answer.goes_on:
                return SiteOutcome(answer.ending)
            if step is None and answer.approves:
                break
        if not case.record(SiteApproved(version=case.request.version)) or not case.record(_registered(case)):
            return SiteOutcome.REFUSED
        if opening.process.leads_to is not None:
            case.begin("site_life", _looked_after(case))
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


def _looked_after(case: Case) -> Request:
    """Return the site as it was approved: nobody's request any more, but the school's site."""
    answers = {"author": case.request.author, **case.request.answers, "site": case.opening.case}
    return case.request.model_copy(update={"starter": "", "author": "", "answers": answers})


def _day(answer: object) -> date | None:
    return date.fromisoformat(answer) if isinstance(answer, str) else None
