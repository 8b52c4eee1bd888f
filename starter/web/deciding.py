"""Deciding: from a link in a mail or signed in, by two steps, and never by opening a page."""

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from domain.access import allow
from domain.cases import Act, Reply
from domain.deciding import Typed, offered, unready_to_review, unready_to_sign
from domain.events import Approved, Rejected, Returned, Verdict
from domain.forms import Fault
from domain.pack import Step
from domain.signatures import unready_to_put_name, unready_to_read_over
from domain.telling import VERDICTS
from domain.text import tidy
from starter.engine import EngineLostError
from starter.web.desks import Desk, answered, desk_at, desk_of, gone, shown_at, sign_in_first, taken, to_case
from starter.web.page import Page, Visit
from starter.web.reading import Pairs, UnreadableBodyError, only
from starter.web.recording import Entering, ask, at_desk, receipt_of_task, take
from starter.web.signing import (
    TEMPLATES,
    certificate_file,
    countersigned,
    is_signature,
    paper_of,
    read_before,
    unread,
)
from store import links
from templates import documents

_PATIENCE: Final = 1.0
_LOOKS: Final = 20
"""For how long a receipt waits for the record to catch up, in seconds, and how often it looks meanwhile."""

_RECEIPT_LASTS: Final = timedelta(minutes=10)
"""For how long after a decision its link still shows what was decided; later, one signs in to see it."""

_TICKED: Final = "yes"


async def decision_link(visit: Visit) -> Response:
    """Show what the link asks for, and change nothing, however often and by whatever it is opened."""
    desk = await desk_of(visit, visit.place("token"))
    if desk.gone is not None:
        return gone(visit, desk, "used" if desk.has_said(None) else None)
    return sign_in_first(visit, desk) or await _asked(visit, desk)


async def decide(visit: Visit) -> Response:
    """Take one of the two steps of an answer that comes by a link; the token in the body is what admits it."""
    token, rest = taken("token", visit.sent)
    desk = await desk_of(visit, token)
    return sign_in_first(visit, desk) or await _answer(visit, desk, rest)


async def task(visit: Visit) -> Response:
    """Show to somebody signed in what an ask asks them for; a POST takes one of the two steps of their answer."""
    desk = await desk_at(visit)
    if not visit.is_post:
        return await _asked(visit, desk) if desk.gone is None else to_case(visit, desk)
    if desk.task is not None:
        return await _answer(visit, desk, visit.sent)
    version, rest = taken("version", visit.sent)
    return await _answer(visit, _on_version(desk, version), rest)


async def receipt(visit: Visit) -> Response:
    """Show what was recorded for the link, once it is on record, or honestly that it is not there yet."""
    token = visit.place("token")
    for _ in range(_LOOKS):
        desk = await desk_of(visit, token)
        if desk.ask.closed_at is not None or desk.gone is not None:
            break
        await asyncio.sleep(_PATIENCE / _LOOKS)
    else:
        desk = await desk_of(visit, token)
    if desk.gone is not None and not desk.has_said(None):
        return gone(visit, desk)
    elsewhere = sign_in_first(visit, desk)
    if elsewhere is not None:
        return elsewhere
    if desk.ask.closed_at is not None and visit.site.clock() - desk.ask.closed_at > _RECEIPT_LASTS:
        return gone(visit, desk, "used")
    return await _receipt(visit, desk) if desk.task is None else receipt_of_task(visit, desk)


async def certificate_link(visit: Visit) -> Response:
    """Return the certificate of what was signed by the link as a file, for as long as the link shows its receipt."""
    desk = await desk_of(visit, visit.place("token"))
    given = desk.recorded
    if not is_signature(desk.known) or given is None or not desk.has_said(None):
        raise HTTPException(404)
    elsewhere = sign_in_first(visit, desk)
    if elsewhere is not None:
        return elsewhere
    if visit.site.clock() - given.at > _RECEIPT_LASTS:
        return gone(visit, desk, "used")
    return await certificate_file(visit, desk.known, given)


async def task_receipt(visit: Visit) -> Response:
    """Show to somebody signed in what was recorded, once it is on record, or honestly that it is not there yet."""
    desk = await desk_at(visit)
    for _ in range(_LOOKS):
        if desk.ask.closed_at is not None or desk.gone is not None:
            break
        await asyncio.sleep(_PATIENCE / _LOOKS)
        desk = await desk_at(visit)
    if desk.gone is not None and not desk.has_said(None):
        return to_case(visit, desk)
    return await _receipt(visit, desk) if desk.task is None else receipt_of_task(visit, desk)


async def new_link(visit: Visit) -> Response:
    """Send a new link in place of one that expired, to the person whom that one was for and to nobody else."""
    token = only(visit.sent, ("token",))["token"]
    desk = await desk_of(visit, token)
    if desk.gone != "expired":
        return gone(visit, desk) if desk.gone else visit.go("decision_link", token=token)
    async with visit.site.db.write() as session:
        mail = await links.queue_again(session, token, visit.site.clock())
    if mail is None:
        return gone(visit, desk, "closed")
    try:
        await visit.site.engine.send_mail(mail)
    except EngineLostError:
        return visit.show("link_sent.html", 503, sent=False, token=token)
    return visit.show("link_sent.html", sent=True, token="")


async def _asked(visit: Visit, desk: Desk) -> Response:
    """Return the page that says what the ask asks for: a decision, or that something is done and put on record."""
    return await _choose(visit, desk, Typed()) if desk.task is None else ask(visit, await _entering(visit, desk))


async def _entering(visit: Visit, desk: Desk) -> Entering:
    action = desk.action(visit, "decide", "task")
    return await at_desk(visit, desk, action, desk.path(visit, "step_aside_link", "step_aside_task"))


async def _answer(visit: Visit, desk: Desk, sent: Pairs) -> Response:
    """Take what was typed one step further: choose, then read and sign; only a signed answer reaches the case."""
    if desk.task is not None:
        return await take(visit, await _entering(visit, desk), sent)
    if desk.step is None:
        return gone(visit, desk)
    ticks = [f"confirm-{confirmation.key}" for confirmation in desk.step.confirmations]
    fields = only(sent, ("stage",), ("decision", "comment", "signature", *ticks))
    typed = Typed(
        decision=fields.get("decision", ""),
        comment=tidy(fields.get("comment", "")),
        signature=tidy(fields.get("signature", "")),
        confirmed=tuple(tick.removeprefix("confirm-") for tick in ticks if fields.get(tick) == _TICKED),
    )
    if desk.gone is not None:
        return _too_late(visit, desk, typed.verdict)
    faults = _unready_to_review(desk, typed)
    match fields["stage"]:
        case "change":
            return await _choose(visit, desk, typed)
        case "review" | "confirm" if faults:
            return await _choose(visit, desk, typed, faults)
        case "review":
            return await _review(visit, desk, typed)
        case "confirm":
            return await _confirm(visit, desk, desk.step, typed)
        case _:
            why = "the form has a step that is not on the page"
            raise UnreadableBodyError(why, 422)


def _unready_to_review(desk: Desk, typed: Typed) -> tuple[Fault, ...]:
    if is_signature(desk.known):
        return unready_to_read_over(typed, unread(desk.known, desk.person.id))
    return unready_to_review(typed, desk.known.opening.process, desk.known.request.overrides)


def _unready_to_sign(desk: Desk, step: Step, typed: Typed) -> tuple[Fault, ...]:
    if is_signature(desk.known):
        return unready_to_put_name(typed, unread(desk.known, desk.person.id))
    return unready_to_sign(typed, desk.known.opening.process, step, desk.known.request.overrides)


async def _review(visit: Visit, desk: Desk, typed: Typed, faults: tuple[Fault, ...] = ()) -> Response:
    """Show the whole form with the chosen answer, to be signed; write down when this person was first shown it.

    Source: Cadmus Appendix 1, Approval (SITE-37).
    """
    if desk.opened_at is None:
        async with visit.site.db.write() as session:
            await links.record_opened(session, desk.known.row.id, desk.version, desk.person.id, visit.site.clock())
    return await _show(visit, "decide_review.html", desk, typed, faults)


async def _confirm(visit: Visit, desk: Desk, step: Step, typed: Typed) -> Response:
    """Hand the signed answer to the case, which decides what comes of it."""
    opened_at = await shown_at(visit, desk)
    if opened_at is None:
        unread = Fault(field="form", message="Read the request below before you sign your answer")
        return await _review(visit, desk, typed, (unread,))
    faults = _unready_to_sign(desk, step, typed)
    if faults:
        return await _show(visit, "decide_review.html", desk, typed, faults)
    try:
        act, reply = await answered(visit, desk, typed, opened_at)
    except EngineLostError:
        return await _show(visit, "decide_again.html", desk, typed, status=503, held=False)
    return await _told(visit, desk, typed, act, reply)


async def _told(visit: Visit, desk: Desk, typed: Typed, act: Act, reply: Reply) -> Response:
    """Return the page for what the case said."""
    match reply.says:
        case "done":
            return _to_receipt(visit, desk)
        case "already_decided":
            return _already(visit, desk, typed, reply)
        case "wrong_version":
            return gone(visit, desk, "changed")
        case "held":
            return await _show(visit, "decide_again.html", desk, typed, status=409, held=True)
        case "unfit":
            return visit.show("decide_unfit.html", 409, desk=desk, unfit=act.unfit)
        case "refused":
            clause = desk.known.clause(reply.clause or "")
            return visit.show("decide_refused.html", 409, desk=desk, clause=clause)
        case "not_opened" | "incomplete":
            again = Fault(field="form", message="Your answer was not complete. Read the request, then sign it again")
            return await _show(visit, "decide_review.html", desk, typed, (again,))
        case "sign_in":
            return visit.go("task", reference=desk.known.row.reference, ask=desk.ask.ask)
        case "closed" | "not_asked" | "not_offered" | "too_soon" | "unchanged" | "again":
            return _too_late(visit, desk, typed.verdict)


def _already(visit: Visit, desk: Desk, typed: Typed, reply: Reply) -> Response:
    """Return the receipt where the answer that stands is the same one again, else what stands."""
    decision = reply.decision
    if not isinstance(decision, Approved | Returned | Rejected):
        return gone(visit, desk, "closed")
    verdict = VERDICTS[decision.kind]
    if decision.by == desk.person.id and verdict is typed.verdict:
        return _to_receipt(visit, desk)
    return _stands(visit, desk, Decision(desk.known.name(decision.by), verdict, decision.comment))


def _too_late(visit: Visit, desk: Desk, verdict: Verdict | None) -> Response:
    """Return the receipt for the same answer again, what stands for another one, or that no answer is needed."""
    if not desk.person.is_active(visit.site.today):
        return gone(visit, desk)
    if verdict is not None and desk.has_said(verdict):
        return _to_receipt(visit, desk)
    if desk.is_outdated:
        return gone(visit, desk, "used" if desk.has_said(None) else None)
    given = desk.recorded
    if given is None or not allow(desk.viewer, "see", desk.known.access):
        return gone(visit, desk)
    if desk.token and visit.site.clock() - given.at > _RECEIPT_LASTS:
        return gone(visit, desk)
    return _stands(visit, desk, Decision(given.name, given.verdict, given.comment, given.at))


def _stands(visit: Visit, desk: Desk, decision: "Decision") -> Response:
    template = TEMPLATES["decide_stands.html"] if is_signature(desk.known) else "decide_stands.html"
    return visit.show(template, 409, desk=desk, decision=decision)


@dataclass(frozen=True)
class Decision:
    """The answer that stands for an ask; `at` is not known before it is on record."""

    name: str
    verdict: Verdict
    comment: str
    at: datetime | None = None


async def _choose(visit: Visit, desk: Desk, typed: Typed, faults: tuple[Fault, ...] = ()) -> Response:
    return await _show(visit, "decide.html", desk, typed, faults)


async def _show(
    visit: Visit,
    template: str,
    desk: Desk,
    typed: Typed,
    faults: tuple[Fault, ...] = (),
    status: int = 0,
    **more: object,
) -> Response:
    """Return a page of the way to an answer, with what was typed; with `faults`, all of them at once."""
    if is_signature(desk.known):
        template = TEMPLATES[template]
        more["paper"] = await paper_of(visit, desk.known, desk.person.id)
    return visit.show(
        template,
        status or (422 if faults else 200),
        desk=desk,
        typed=typed,
        action=desk.action(visit, "decide", "task"),
        aside=desk.path(visit, "step_aside_link", "step_aside_task"),
        offered=offered(desk.known.opening.process),
        unfit=desk.unfit(visit.site.today),
        waiting=desk.known.waiting(desk.viewer, visit.site.clock()),
        errors=[(f"#{fault.field}", fault.message) for fault in faults],
        faults={fault.field: fault.message for fault in faults},
        **more,
    )


async def _receipt(visit: Visit, desk: Desk) -> Response:
    given = desk.recorded if desk.has_said(None) else None
    waiting = desk.known.waiting(desk.viewer, visit.site.clock())
    back = desk.path(visit, "decision_link", "task")
    dispute = visit.path("dispute_task", reference=desk.known.row.reference, ask=desk.ask.ask)
    template = TEMPLATES["receipt.html"] if is_signature(desk.known) else "receipt.html"
    return visit.show(
        template,
        desk=desk,
        given=given,
        waiting=waiting,
        back=back,
        dispute=dispute,
        can_print=documents.can_print(),
        readings=read_before(desk.known, given) if given is not None else (),
        countersigned=await countersigned(visit, desk.known) if given is not None else "",
    )


def _to_receipt(visit: Visit, desk: Desk) -> RedirectResponse:
    """Return the way to the page that says what was recorded."""
    return RedirectResponse(desk.path(visit, "receipt", "task_receipt"), 303)


def _on_version(desk: Desk, version: str) -> Desk:
    """Return the desk with the version that the visitor was shown; another than the latest is out of date."""
    if version == str(desk.version):
        return desk
    return replace(desk, gone=desk.gone or "changed")


PAGES: Final = (
    Page("/d", decide, ("POST",), "link"),
    Page("/d/new-link", new_link, ("POST",), "link"),
    Page("/d/{token}", decision_link, ("GET",), "link"),
    Page("/d/{token}/receipt", receipt, ("GET",), "link"),
    Page("/d/{token}/certificate.pdf", certificate_link, ("GET",), "link"),
    Page("/tasks/{reference}/{ask}", task, ("GET", "POST"), "signed_in"),
    Page("/tasks/{reference}/{ask}/receipt", task_receipt, ("GET",), "signed_in"),
)
