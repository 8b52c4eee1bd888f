"""Answering in one's own name with a token: read first, which goes on record, then answer and sign.

What a link in a mail is not enough for, a token is not either: such a step asks a person to sign in.
"""

from dataclasses import replace
from typing import Final

from domain.cases import Act, Reply
from domain.deciding import Typed, offered, unready_to_sign
from domain.events import Approved, Rejected, Returned
from domain.forms import Fault
from domain.pack import Step
from domain.telling import VERDICTS
from domain.text import forbidden_character, tidy
from starter.api.calls import Call
from starter.api.cases import sections_of, with_token
from starter.api.problems import ProblemError
from starter.api.shapes import Answered, GiveAnswer, Reviewed, Statement
from starter.engine import EngineLostError
from starter.web.desks import GONE, Desk, answered, desk_at, shown_at
from starter.web.page import Visit
from store import links

_SIGN_IN: Final = ProblemError(
    403, "sign-in", "This cannot be answered with a token: sign in, and answer it on its page in Duly"
)
_LOST: Final = ProblemError(
    503, "not-recorded", "Duly could not reach the case, and recorded nothing that is known of. Send the same again"
)
_UNREAD: Final = ProblemError(
    409, "not-reviewed", "Review the request first, and answer the version that you were shown"
)
_ENDED: Final = ProblemError(409, "closed", "No answer is needed here any more")
_CHANGED: Final = ProblemError(409, "changed", "The request changed: review it again")


async def review_ask(visit: Visit, body: None) -> Reviewed:
    """Return the whole request that you are asked to decide, and put on record that it was shown to you."""
    del body
    desk, step = await _desk(visit)
    if desk.gone is not None:
        raise _gone(desk)
    known, process = desk.known, desk.known.opening.process
    async with visit.site.db.write() as session:
        await links.record_opened(session, known.row.id, desk.version, desk.person.id, visit.site.clock())
    return Reviewed(
        reference=known.row.reference,
        ask=desk.ask.ask,
        version=desk.version,
        title=known.request.title,
        approves=step.approves,
        verdicts=offered(process),
        attestation=step.attestation,
        confirmations=tuple(Statement(key=one.key, label=one.label) for one in step.confirmations),
        set_aside=known.request.overrides,
        does_not_hold=desk.unfit(visit.site.today),
        sections=sections_of(known),
    )


async def answer_ask(visit: Visit, body: GiveAnswer) -> Answered:
    """Answer what you are asked, signed; the same answer again gets the same reply and has no other effect.

    A step that asks for a sign-in, a document to be signed, and what is confidential cannot be answered with a token.
    """
    desk, step = await _desk(visit)
    typed = _typed(body)
    if desk.has_said(body.verdict) and desk.recorded is not None and desk.recorded.version == body.version:
        return _answered(desk, body)
    if desk.gone is not None:
        raise _gone(desk)
    if body.version != desk.version:
        raise _CHANGED
    opened_at = await shown_at(visit, desk)
    if opened_at is None:
        raise _UNREAD
    process, overrides = desk.known.opening.process, desk.known.request.overrides
    faults = (*_unknown(body, step), *unready_to_sign(typed, process, step, overrides))
    if faults:
        raise ProblemError(422, "unfit", faults=tuple(map(_by_field, faults)))
    try:
        act, reply = await answered(visit, desk, typed, opened_at)
    except EngineLostError:
        raise _LOST from None
    return _told(desk, body, act, reply)


async def _desk(visit: Visit) -> tuple[Desk, Step]:
    """Return the desk of the caller at the ask that the address names, and the step that is to be decided there.

    Raises:
        HTTPException: 404, there is no such ask, or it does not ask them.
        ProblemError: 403, it cannot be answered with a token; 409, the case does without that step now.
    """
    desk = replace(await desk_at(visit), how="token")
    if desk.step is None and desk.task is None:
        raise _ENDED
    if desk.step is None or not with_token(desk.known, desk.ask):
        raise _SIGN_IN
    return desk, desk.step


def _typed(body: GiveAnswer) -> Typed:
    texts = {"signature": body.signature, "comment": body.comment}
    wrong = [
        Fault(field=name, message="There is a character in it that cannot be stored")
        for name, text in texts.items()
        if forbidden_character(text) is not None
    ]
    if wrong:
        raise ProblemError(422, "unfit", faults=wrong)
    return Typed(
        decision=body.verdict.value,
        comment=tidy(body.comment),
        signature=tidy(body.signature),
        confirmed=tuple(dict.fromkeys(body.confirmations)),
    )


def _unknown(body: GiveAnswer, step: Step) -> tuple[Fault, ...]:
    known = {one.key for one in step.confirmations}
    if set(body.confirmations) <= known:
        return ()
    return (Fault(field="confirmations", message="There is no such statement to confirm"),)


def _by_field(fault: Fault) -> Fault:
    """Return a fault under the name of the field that programs send."""
    names = {"decision": "verdict"}
    field = "confirmations" if fault.field.startswith("confirm-") else names.get(fault.field, fault.field)
    return Fault(field=field, message=fault.message)


def _gone(desk: Desk) -> ProblemError:
    """Return what is said where no answer is taken any more: that it changed, or that none is needed."""
    reason, given = desk.gone or "closed", desk.recorded
    if reason in {"changed", "back"} and (given is None or desk.is_outdated):
        return _CHANGED
    if reason in {"aside", "moved"}:
        return ProblemError(409, reason, GONE[reason][0])
    if given is None:
        return _ENDED
    return ProblemError(409, "already-decided", f"It was answered already: {given.verdict.value}")


def _told(desk: Desk, body: GiveAnswer, act: Act, reply: Reply) -> Answered:
    """Return what the case said.

    Raises:
        ProblemError: it took no answer.
    """
    match reply.says:
        case "done":
            return _answered(desk, body)
        case "already_decided":
            stands = reply.decision
            if isinstance(stands, Approved | Returned | Rejected):
                verdict = VERDICTS[stands.kind]
                if (stands.by, verdict) == (desk.person.id, body.verdict):
                    return _answered(desk, body)
                raise ProblemError(409, "already-decided", f"It was answered already: {verdict.value}")
            raise _ENDED
        case "wrong_version":
            raise _CHANGED
        case "held":
            raise ProblemError(409, "held", "The request is on hold until an administrator settles a disputed answer")
        case "unfit":
            why = "The form does not hold any more, and went back to its author"
            raise ProblemError(409, "does-not-hold", why, act.unfit)
        case "refused":
            clause = desk.known.clause(reply.clause or "")
            raise ProblemError(409, "refused", f"{clause} does not allow it now. The attempt is on record")
        case "sign_in":
            raise _SIGN_IN
        case "not_opened" | "incomplete":
            raise _UNREAD
        case "closed" | "not_asked" | "not_offered" | "too_soon" | "unchanged":
            raise _ENDED
        case "again":
            raise _LOST


def _answered(desk: Desk, body: GiveAnswer) -> Answered:
    return Answered(reference=desk.known.row.reference, ask=desk.ask.ask, version=body.version, verdict=body.verdict)


_ASK: Final = "/api/v1/cases/{reference}/asks/{ask}"

CALLS: Final = (
    Call(
        "POST",
        f"{_ASK}/review",
        review_ask,
        "cases:answer",
        Reviewed,
        problems=(404, 409),
    ),
    Call(
        "POST",
        f"{_ASK}/answer",
        answer_ask,
        "cases:answer",
        Answered,
        body=GiveAnswer,
        problems=(404, 409, 415),
    ),
)
