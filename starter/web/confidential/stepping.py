"""Stepping aside in a confidential case: who has a conflict of interest says so, and sees nothing of it any more."""

import secrets
from typing import Final

from starlette.exceptions import HTTPException
from starlette.responses import Response

from domain.cases import Act
from domain.deciding import unready_to_step_aside
from domain.forms import Fault
from domain.pasted import NO_PICTURES, holds_a_file
from domain.text import tidy
from starter.engine import EngineLostError
from starter.web.confidential.knowing import InConfidence, in_confidence
from starter.web.confidential.recording import LATER
from starter.web.confirming import needs_strong
from starter.web.page import Page, Visit
from starter.web.reading import UnreadableBodyError, only


async def c_step_aside(visit: Visit) -> Response:
    """Ask what the conflict of interest is; a POST shows it to be checked, and the next hands it to the case.

    Whoever sees to the case can say so at any moment, whether anything is asked of them or not.

    Source: Merchant Taylors' Oxfordshire Academy Trust, Principles (PLAT-06); SECURITY, recusal set.
    """
    asked = needs_strong(visit)
    if asked is not None:
        return asked
    known = await in_confidence(visit, "the question whether to step aside")
    if not known.may_record:
        raise HTTPException(404)
    if not visit.is_post:
        return _shown(visit, known, "", stage="ask")
    sent = only(visit.sent, ("stage",), ("comment",))
    reason = tidy(sent.get("comment", ""))
    if holds_a_file(reason):
        return _shown(visit, known, "", (Fault(field="comment", message=NO_PICTURES),), stage="ask")
    match sent["stage"]:
        case "change":
            return _shown(visit, known, reason, stage="ask")
        case "review":
            faults = unready_to_step_aside(reason)
            return _shown(visit, known, reason, faults, stage="ask" if faults else "check")
        case "confirm":
            return await _step_aside(visit, known, reason)
        case _:
            why = "the form has a step that is not on the page"
            raise UnreadableBodyError(why, 422)


async def _step_aside(visit: Visit, known: InConfidence, reason: str) -> Response:
    faults = unready_to_step_aside(reason)
    if faults:
        return _shown(visit, known, reason, faults, stage="ask")
    act = Act(
        kind="step_aside",
        person=known.viewer.person,
        how="session",
        comment=reason,
        occasion=secrets.token_urlsafe(16),
    )
    try:
        reply = await visit.site.engine.act(known.case.row.id, act)
    except EngineLostError:
        return _shown(visit, known, reason, (Fault(field="comment", message=LATER),), stage="ask", status=503)
    if reply.says != "done":
        return visit.show(
            "c_not_recorded.html",
            409,
            known=known,
            numbers=known.numbers,
            title="You have not stepped aside",
            why="You do not see to this case now: somebody else may have been asked meanwhile.",
            clauses=(),
        )
    return visit.show("c_stepped_aside.html", numbers=known.numbers)


def _shown(
    visit: Visit, known: InConfidence, reason: str, faults: tuple[Fault, ...] = (), *, stage: str, status: int = 0
) -> Response:
    return visit.show(
        "c_step_aside.html",
        status or (422 if faults else 200),
        known=known,
        numbers=known.numbers,
        reason=reason,
        stage=stage,
        errors=[(f"#{fault.field}", fault.message) for fault in faults],
    )


PAGES: Final = (Page("/c/{reference}/step-aside", c_step_aside, ("GET", "POST"), "signed_in"),)
