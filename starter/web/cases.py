"""One case: what was asked of whom, what they said, why it waits, and what its reader may do."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from starlette.exceptions import HTTPException
from starlette.responses import Response

from domain.access import allow
from domain.cases import Act
from domain.deciding import LONGEST_COMMENT
from domain.picture import draw, stages_of
from domain.text import tidy
from starter.engine import EngineLostError
from starter.web.known import Known, case_for
from starter.web.page import Page, Visit
from starter.web.reading import UnreadableBodyError, only
from store import queries
from store.tables import MailRow
from templates import documents

_PATIENCE: Final = 1.0
_LOOKS: Final = 20
"""For how long a withdrawal waits for the record to catch up, in seconds, and how often it looks meanwhile."""

OUTCOMES: Final = {
    "approved": "Approved",
    "rejected": "Rejected",
    "withdrawn": "Withdrawn",
    "lapsed": "Lapsed",
    "refused": "Stopped by a rule of the policy",
}


@dataclass(frozen=True)
class Sent:
    """A mail of a case as administrators see it: to whom, which, and what became of it."""

    to: str
    template: str
    mail: MailRow

    @property
    def state(self) -> str:
        """What became of it, in words."""
        if self.mail.refused_at:
            return "Refused by the mail server: check the address"
        if self.mail.dropped_at:
            return "No longer needed"
        return "Sent" if self.mail.sent_at else "Not yet delivered"


async def case(visit: Visit) -> Response:
    """Show the case, and what of it the visitor may see."""
    known = await case_for(visit, visit.place("reference"))
    stages = stages_of(known.opening, known.history, known.names)
    return visit.show(
        "case.html",
        known=known,
        state=state_of(known),
        waiting=known.waiting(visit.viewer, visit.site.clock()),
        stages=stages,
        picture=draw(stages, f"The steps of request {known.row.reference}"),
        events=known.teller.told(known.history),
        asks=[ask.ask for ask in known.asks if _may_answer(visit, known, ask.ask)],
        mails=await _mails(visit, known),
        may_withdraw=_may_withdraw(visit, known),
        can_print=documents.can_print(),
    )


async def withdraw(visit: Visit) -> Response:
    """Ask whether the request is to be withdrawn; the second POST hands it to the case."""
    known = await case_for(visit, visit.place("reference"))
    if not allow(visit.viewer, "withdraw", known.access):
        raise HTTPException(404)
    fields = only(visit.sent, ("stage",), ("comment",))
    comment = tidy(fields.get("comment", ""))
    if known.row.closed_at is not None:
        return visit.go("case", reference=known.row.reference)
    if fields["stage"] not in {"review", "confirm"}:
        why = "the form has a step that is not on the page"
        raise UnreadableBodyError(why, 422)
    too_long = [("#comment", f"Your reason must be {LONGEST_COMMENT} characters or fewer")]
    errors = too_long if len(comment) > LONGEST_COMMENT else []
    if fields["stage"] == "review" or errors:
        return _asked_again(visit, known, comment, 422 if errors else 200, errors)
    return await _withdraw(visit, known, comment)


async def _withdraw(visit: Visit, known: Known, comment: str) -> Response:
    act = Act(kind="withdraw", person=visit.person.id, how="session", comment=comment)
    try:
        reply = await visit.site.engine.act(known.row.id, act)
    except EngineLostError:
        lost = [("#comment", "Your request was not withdrawn yet: Duly could not reach it. Try again in a minute")]
        return _asked_again(visit, known, comment, 503, lost)
    if reply.says == "refused":
        clause = known.clause(reply.clause or "")
        return visit.show("not_withdrawn.html", 409, known=known, clause=clause)
    for _ in range(_LOOKS):
        known = await case_for(visit, known.row.reference)
        if known.row.closed_at is not None:
            return visit.go("case", reference=known.row.reference)
        await asyncio.sleep(_PATIENCE / _LOOKS)
    if reply.says == "done":
        return visit.show("withdrawn.html", known=known)
    return visit.show("not_withdrawn.html", 409, known=known, clause="")


def _asked_again(visit: Visit, known: Known, comment: str, status: int, errors: Sequence[tuple[str, str]]) -> Response:
    return visit.show("withdraw.html", status, known=known, comment=comment, errors=errors)


def state_of(known: Known) -> str:
    """Return how the case stands, in a word or two."""
    return OUTCOMES.get(known.row.outcome or "", "Being decided")


def _may_answer(visit: Visit, known: Known, ask: str) -> bool:
    row = known.ask(ask)
    asked = row is not None and row.closed_at is None and known.reached(ask, visit.viewer.person) is not None
    return asked and allow(visit.viewer, "decide", known.access)


def _may_withdraw(visit: Visit, known: Known) -> bool:
    return "withdraw" in known.standing.offers and allow(visit.viewer, "withdraw", known.access)


async def _mails(visit: Visit, known: Known) -> tuple[Sent, ...] | None:
    """Return the mails of the case, or None where the visitor may not see them."""
    if not allow(visit.viewer, "see", known.access, "mails"):
        return None
    async with visit.site.db.read() as session:
        rows = await queries.mails_of(session, known.row.id)
    return tuple(Sent(known.name(row.person), row.template.replace("_", " "), row) for row in rows)


PAGES: Final = (
    Page("/cases/{reference}", case, ("GET",), "signed_in"),
    Page("/cases/{reference}/withdraw", withdraw, ("POST",), "signed_in"),
)
