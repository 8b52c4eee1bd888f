"""Stepping aside: whoever has a conflict of interest says so, in two steps, and somebody else is asked."""

from typing import Final

from starlette.exceptions import HTTPException
from starlette.responses import Response

from domain.cases import Act
from domain.deciding import unready_to_step_aside
from domain.forms import Fault
from domain.text import tidy
from starter.engine import EngineLostError
from starter.web.desks import Desk, desk_at, desk_of, gone, sign_in_first, taken, to_case
from starter.web.page import Page, Visit
from starter.web.reading import Pairs, UnreadableBodyError, only
from starter.web.signing import is_signature


async def step_aside_link(visit: Visit) -> Response:
    """Ask, by a link, what the conflict of interest is; it changes nothing."""
    desk = await desk_of(visit, visit.place("token"))
    if desk.gone is not None:
        return gone(visit, desk)
    return sign_in_first(visit, desk) or _ask(visit, desk, "")


async def step_aside(visit: Visit) -> Response:
    """Take one of the two steps of stepping aside by a link; the token in the body is what admits it."""
    token, rest = taken("token", visit.sent)
    desk = await desk_of(visit, token)
    if desk.gone is not None:
        return gone(visit, desk)
    return sign_in_first(visit, desk) or await _go_on(visit, desk, rest)


async def step_aside_task(visit: Visit) -> Response:
    """Ask somebody signed in what their conflict of interest is; a POST takes one of the two steps."""
    desk = await desk_at(visit)
    if desk.gone is not None:
        return to_case(visit, desk)
    return await _go_on(visit, desk, visit.sent) if visit.is_post else _ask(visit, desk, "")


async def _go_on(visit: Visit, desk: Desk, sent: Pairs) -> Response:
    _refuse_signers(desk)
    fields = only(sent, ("stage",), ("comment",))
    reason = tidy(fields.get("comment", ""))
    faults = unready_to_step_aside(reason)
    match fields["stage"]:
        case "change":
            return _ask(visit, desk, reason)
        case "review" | "confirm" if faults:
            return _ask(visit, desk, reason, faults)
        case "review":
            return _check(visit, desk, reason)
        case "confirm":
            return await _step_aside(visit, desk, reason)
        case _:
            why = "the form has a step that is not on the page"
            raise UnreadableBodyError(why, 422)


def _refuse_signers(desk: Desk) -> None:
    """Refuse whoever is asked to sign for themselves: they sign or say that they do not, and nobody does it for them.

    Raises:
        HTTPException: 404, they are.
    """
    if is_signature(desk.known):
        raise HTTPException(404)


async def _step_aside(visit: Visit, desk: Desk, reason: str) -> Response:
    """Hand it to the case: they are never asked again in it, and somebody else is.

    Source: Merchant Taylors' Oxfordshire Academy Trust, Principles (PLAT-06).
    """
    act = Act(
        kind="step_aside",
        person=desk.person.id,
        how=desk.how,
        ask=desk.ask.ask,
        comment=reason,
        occasion=str(len(desk.known.history)),
    )
    try:
        reply = await visit.site.engine.act(desk.known.row.id, act)
    except EngineLostError:
        lost = "You have not stepped aside yet: Duly could not reach the request. Try again in a minute"
        return _check(visit, desk, reason, lost)
    return visit.show("stepped_aside.html") if reply.says == "done" else gone(visit, desk)


def _ask(visit: Visit, desk: Desk, reason: str, faults: tuple[Fault, ...] = ()) -> Response:
    _refuse_signers(desk)
    return visit.show(
        "step_aside.html",
        422 if faults else 200,
        desk=desk,
        action=desk.action(visit, "step_aside", "step_aside_task"),
        back=desk.path(visit, "decision_link", "task"),
        reason=reason,
        errors=[(f"#{fault.field}", fault.message) for fault in faults],
    )


def _check(visit: Visit, desk: Desk, reason: str, lost: str = "") -> Response:
    return visit.show(
        "step_aside_review.html",
        503 if lost else 200,
        desk=desk,
        action=desk.action(visit, "step_aside", "step_aside_task"),
        reason=reason,
        errors=[("#confirm", lost)] if lost else [],
    )


PAGES: Final = (
    Page("/d/step-aside", step_aside, ("POST",), "link"),
    Page("/d/{token}/step-aside", step_aside_link, ("GET",), "link"),
    Page("/tasks/{reference}/{ask}/step-aside", step_aside_task, ("GET", "POST"), "signed_in"),
)
