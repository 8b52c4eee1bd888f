"""Deciding: from a link in a mail or signed in, by two steps, and never by opening a page."""

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Literal

from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from domain.access import Viewer, allow
from domain.cases import Act, Reply
from domain.deciding import Typed, unready_to_review, unready_to_sign
from domain.events import Approved, How, Rejected, Verdict
from domain.forms import Fault
from domain.pack import Step
from domain.people import Person
from domain.telling import Given
from domain.text import tidy
from starter.engine import EngineLostError
from starter.web.known import Known, case_for, know
from starter.web.page import Page, Visit
from starter.web.reading import Pairs, UnreadableBodyError, only
from store import links, people, queries
from store.tables import AskedRow, AskRow

_PATIENCE: Final = 1.0
_LOOKS: Final = 20
"""For how long a receipt waits for the record to catch up, in seconds, and how often it looks meanwhile."""

_RECEIPT_LASTS: Final = timedelta(minutes=10)
"""For how long after a decision its link still shows what was decided; later, one signs in to see it."""

_TICKED: Final = "yes"

Gone = Literal["used", "expired", "superseded", "closed"]
"""Why a link, or a place to answer, takes no answer any more."""

GONE: Final[dict[Gone, tuple[str, str]]] = {
    "used": ("You have answered this", "Your answer is on record, and this link does no more. Sign in to see it."),
    "expired": ("This link has expired", "Links are good for 90 days. We can send you a new one."),
    "superseded": ("This link has been replaced", "The request changed. We have sent you a new e-mail: use its link."),
    "closed": ("This link is no longer needed", "The answer is in, or the request has ended. There is nothing to do."),
}


@dataclass(frozen=True)
class Desk:
    """Somebody at work on one ask of a case, and how they came: by the link with `token`, or signed in."""

    known: Known
    ask: AskRow
    step: Step
    asked: AskedRow
    person: Person
    version: int
    how: How
    token: str = ""
    gone: Gone | None = None

    @property
    def viewer(self) -> Viewer:
        """The person, as `allow` asks for them; a link makes nobody an administrator."""
        return Viewer(person=self.person.id, organisation=self.person.organisation)

    @property
    def seat(self) -> str:
        """In which seat they answer."""
        return self.known.seat(self.asked.seat)

    @property
    def instead_of(self) -> str:
        """In whose place they answer; empty where in their own."""
        return self.known.name(self.asked.instead_of) if self.asked.instead_of else ""

    @property
    def recorded(self) -> Given | None:
        """The answer that stands for the ask, whoever gave it."""
        return next((given for given in self.known.given if given.ask == self.ask.ask), None)

    def has_said(self, verdict: Verdict | None) -> bool:
        """Return whether the answer that stands is this person's, and says `verdict`, or anything where it is None."""
        given = self.recorded
        said = given is not None and given.person == self.person.id
        return said and given is not None and (verdict is None or given.approves == (verdict is Verdict.APPROVE))

    def action(self, visit: Visit) -> str:
        """Return where its forms go: never to an address with a token in it."""
        if self.token:
            return visit.path("decide")
        return visit.path("task", reference=self.known.row.reference, ask=self.ask.ask)

    def receipt(self, visit: Visit) -> RedirectResponse:
        """Return the way to the page that says what was recorded."""
        if self.token:
            return visit.go("receipt", token=self.token)
        return visit.go("task_receipt", reference=self.known.row.reference, ask=self.ask.ask)


async def decision_link(visit: Visit) -> Response:
    """Show what the link asks for, and change nothing, however often and by whatever it is opened."""
    desk = await _desk_of(visit, visit.place("token"))
    if desk.gone is None:
        return _choose(visit, desk, Typed())
    return _gone(visit, desk, "used" if desk.has_said(None) else None)


async def decide(visit: Visit) -> Response:
    """Take one of the two steps of an answer that comes by a link; the token in the body is what admits it."""
    token, rest = _taken("token", visit.sent)
    return await _answer(visit, await _desk_of(visit, token), rest)


async def task(visit: Visit) -> Response:
    """Show to somebody signed in what an ask asks them for; a POST takes one of the two steps of their answer."""
    desk = await _desk_at(visit)
    if not visit.is_post:
        return _choose(visit, desk, Typed()) if desk.gone is None else _to_case(visit, desk)
    version, rest = _taken("version", visit.sent)
    return await _answer(visit, _on_version(desk, version), rest)


async def receipt(visit: Visit) -> Response:
    """Show what was recorded for the link, once it is on record, or honestly that it is not there yet."""
    token = visit.place("token")
    for _ in range(_LOOKS):
        desk = await _desk_of(visit, token)
        if desk.ask.closed_at is not None or desk.gone is not None:
            break
        await asyncio.sleep(_PATIENCE / _LOOKS)
    else:
        desk = await _desk_of(visit, token)
    if desk.gone is not None and not desk.has_said(None):
        return _gone(visit, desk)
    if desk.ask.closed_at is not None and visit.site.clock() - desk.ask.closed_at > _RECEIPT_LASTS:
        return _gone(visit, desk, "used")
    return _receipt(visit, desk)


async def task_receipt(visit: Visit) -> Response:
    """Show to somebody signed in what was recorded, once it is on record, or honestly that it is not there yet."""
    desk = await _desk_at(visit)
    for _ in range(_LOOKS):
        if desk.ask.closed_at is not None:
            break
        await asyncio.sleep(_PATIENCE / _LOOKS)
        desk = await _desk_at(visit)
    if desk.gone is not None and not desk.has_said(None):
        return _to_case(visit, desk)
    return _receipt(visit, desk)


async def new_link(visit: Visit) -> Response:
    """Send a new link in place of one that expired, to the person whom that one was for and to nobody else."""
    token = only(visit.sent, ("token",))["token"]
    desk = await _desk_of(visit, token)
    if desk.gone != "expired":
        return _gone(visit, desk) if desk.gone else visit.go("decision_link", token=token)
    async with visit.site.db.write() as session:
        mail = await links.queue_again(session, token, visit.site.clock())
    if mail is None:
        return _gone(visit, desk, "closed")
    try:
        await visit.site.engine.send_mail(mail)
    except EngineLostError:
        return visit.show("link_sent.html", 503, sent=False, token=token)
    return visit.show("link_sent.html", sent=True, token="")


async def _answer(visit: Visit, desk: Desk, sent: Pairs) -> Response:
    """Take what was typed one step further: choose, then read and sign; only a signed answer reaches the case."""
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
    faults = unready_to_review(typed, desk.known.opening.request.overrides)
    match fields["stage"]:
        case "change":
            return _choose(visit, desk, typed)
        case "review" | "confirm" if faults:
            return _choose(visit, desk, typed, faults)
        case "review":
            return await _review(visit, desk, typed)
        case "confirm":
            return await _confirm(visit, desk, typed)
        case _:
            why = "the form has a step that is not on the page"
            raise UnreadableBodyError(why, 422)


async def _review(visit: Visit, desk: Desk, typed: Typed, faults: tuple[Fault, ...] = ()) -> Response:
    """Show the whole form with the chosen answer, to be signed; write down when this person was first shown it.

    Source: Cadmus Appendix 1, Approval (SITE-37).
    """
    async with visit.site.db.write() as session:
        await links.record_opened(session, desk.known.row.id, desk.version, desk.person.id, visit.site.clock())
    return _show(visit, "decide_review.html", desk, typed, faults)


async def _confirm(visit: Visit, desk: Desk, typed: Typed) -> Response:
    """Hand the signed answer to the case, which decides what comes of it."""
    async with visit.site.db.read() as session:
        opened_at = await links.opened_at(session, desk.known.row.id, desk.version, desk.person.id)
    if opened_at is None:
        unread = Fault(field="form", message="Read the request below before you sign your answer")
        return await _review(visit, desk, typed, (unread,))
    faults = unready_to_sign(typed, desk.step, desk.known.opening.request.overrides)
    if faults:
        return _show(visit, "decide_review.html", desk, typed, faults)
    act = Act(
        kind="answer",
        person=desk.person.id,
        how=desk.how,
        ask=desk.ask.ask,
        version=desk.version,
        verdict=typed.verdict,
        signature=typed.signature,
        confirmations=typed.confirmed,
        comment=typed.comment,
        opened_at=opened_at,
    )
    try:
        reply = await visit.site.engine.act(desk.known.row.id, act)
    except EngineLostError:
        return _show(visit, "decide_again.html", desk, typed, status=503)
    return _told(visit, desk, typed, reply)


def _told(visit: Visit, desk: Desk, typed: Typed, reply: Reply) -> Response:
    """Return the page for what the case said."""
    match reply.says:
        case "done":
            return desk.receipt(visit)
        case "already_decided":
            return _already(visit, desk, typed, reply)
        case "wrong_version":
            return _gone(visit, desk, "superseded")
        case "refused":
            clause = desk.known.clause(reply.clause or "")
            return visit.show("decide_refused.html", 409, desk=desk, clause=clause)
        case "not_opened" | "incomplete":
            again = Fault(field="form", message="Your answer was not complete. Read the request, then sign it again")
            return _show(visit, "decide_review.html", desk, typed, (again,))
        case "closed" | "not_asked" | "not_offered":
            return _too_late(visit, desk, typed.verdict)


def _already(visit: Visit, desk: Desk, typed: Typed, reply: Reply) -> Response:
    """Return the receipt where the answer that stands is the same one again, else what stands."""
    decision = reply.decision
    if not isinstance(decision, Approved | Rejected):
        return _gone(visit, desk, "closed")
    approves = isinstance(decision, Approved)
    if decision.by == desk.person.id and approves == (typed.verdict is Verdict.APPROVE):
        return desk.receipt(visit)
    return _stands(visit, desk, Decision(desk.known.name(decision.by), approves, decision.comment))


def _too_late(visit: Visit, desk: Desk, verdict: Verdict | None) -> Response:
    """Return the receipt for the same answer again, what stands for another one, or that no answer is needed."""
    if verdict is not None and desk.has_said(verdict):
        return desk.receipt(visit)
    given = desk.recorded
    if given is None or not allow(desk.viewer, "see", desk.known.access):
        return _gone(visit, desk)
    return _stands(visit, desk, Decision(given.name, given.approves, given.comment, given.at))


def _stands(visit: Visit, desk: Desk, decision: "Decision") -> Response:
    return visit.show("decide_stands.html", 409, desk=desk, decision=decision)


@dataclass(frozen=True)
class Decision:
    """The answer that stands for an ask; `at` is not known before it is on record."""

    name: str
    approves: bool
    comment: str
    at: datetime | None = None


def _choose(visit: Visit, desk: Desk, typed: Typed, faults: tuple[Fault, ...] = ()) -> Response:
    return _show(visit, "decide.html", desk, typed, faults)


def _show(
    visit: Visit, template: str, desk: Desk, typed: Typed, faults: tuple[Fault, ...] = (), status: int = 0
) -> Response:
    """Return a page of the way to an answer, with what was typed; with `faults`, all of them at once."""
    return visit.show(
        template,
        status or (422 if faults else 200),
        desk=desk,
        typed=typed,
        action=desk.action(visit),
        waiting=desk.known.waiting(desk.viewer, visit.site.clock()),
        errors=[(f"#{fault.field}", fault.message) for fault in faults],
        faults={fault.field: fault.message for fault in faults},
    )


def _receipt(visit: Visit, desk: Desk) -> Response:
    given = desk.recorded if desk.has_said(None) else None
    waiting = desk.known.waiting(desk.viewer, visit.site.clock())
    back = desk.action(visit) if not desk.token else visit.path("decision_link", token=desk.token)
    return visit.show("receipt.html", desk=desk, given=given, waiting=waiting, back=back)


def _gone(visit: Visit, desk: Desk, why: Gone | None = None) -> Response:
    """Return the page that says that no answer is taken here, and why; it says nothing of the case."""
    reason = why or desk.gone or "closed"
    title, advice = GONE[reason]
    token = desk.token if reason == "expired" else ""
    return visit.show("link_gone.html", 410, title=title, advice=advice, token=token)


def _to_case(visit: Visit, desk: Desk) -> Response:
    return visit.go("case", reference=desk.known.row.reference)


async def _desk_of(visit: Visit, token: str) -> Desk:
    """Return the desk to which the link with `token` leads.

    Raises:
        HTTPException: 404, there is no such link; 429, and too many like it were tried from the same address.
    """
    async with visit.site.db.read() as session:
        link = await links.find(session, token)
        if link is None:
            raise _unknown(visit)
        person = await people.person(session, link.person)
        row = await queries.case_by_id(session, link.case)
        if person is None or row is None:
            raise HTTPException(404)
        known = await know(visit.site, session, row, await queries.access_of(session, row))
    desk = _seated(known, link.ask, person, link.version, "link", token)
    if desk is None:
        raise HTTPException(404)
    left = not person.is_active(visit.site.today)
    if left or link.status == "closed":
        return replace(desk, gone="closed")
    if desk.gone is None and link.status == "superseded":
        return replace(desk, gone="superseded")
    if desk.gone is None and link.expires_at <= visit.site.clock():
        return replace(desk, gone="expired")
    return desk


def _unknown(visit: Visit) -> HTTPException:
    """Return what a token of no link is answered with. It counts against its address, and no good token ever does."""
    client = visit.request.client
    most = visit.site.settings.bad_links_per_minute
    wait = visit.site.bad_links.add(client.host if client else "", most, visit.site.clock())
    return HTTPException(429, headers={"Retry-After": str(wait)}) if wait else HTTPException(404)


async def _desk_at(visit: Visit) -> Desk:
    """Return the desk of a signed-in visitor at the ask that the address names.

    Raises:
        HTTPException: 404, there is no such ask, or it does not ask them.
    """
    known = await case_for(visit, visit.place("reference"))
    desk = _seated(known, visit.place("ask"), visit.person, known.row.version, "session")
    if desk is None:
        raise HTTPException(404)
    return desk


def _seated(known: Known, ask_id: str, person: Person, version: int, how: How, token: str = "") -> Desk | None:
    """Return the desk of `person` at an ask, or None where it never asked them."""
    ask, asked = known.ask(ask_id), known.reached(ask_id, person.id)
    step = known.step(ask) if ask is not None else None
    if ask is None or asked is None or step is None:
        return None
    desk = Desk(known, ask, step, asked, person, version, how, token)
    if ask.closed_at is not None or not allow(desk.viewer, "decide", known.access):
        return replace(desk, gone="closed")
    return replace(desk, gone="superseded") if version != ask.version else desk


def _on_version(desk: Desk, version: str) -> Desk:
    """Return the desk with the version that the visitor was shown; another than the latest is out of date."""
    if version == str(desk.version):
        return desk
    return replace(desk, gone=desk.gone or "superseded")


def _taken(name: str, sent: Pairs) -> tuple[str, Pairs]:
    """Return the one text sent as `name`, and the other fields.

    Raises:
        UnreadableBodyError: it is not there, or there twice.
    """
    taken = only(tuple(pair for pair in sent if pair[0] == name), (name,))
    return taken[name], tuple(pair for pair in sent if pair[0] != name)


PAGES: Final = (
    Page("/d", decide, ("POST",), "link"),
    Page("/d/new-link", new_link, ("POST",), "link"),
    Page("/d/{token}", decision_link, ("GET",), "link"),
    Page("/d/{token}/receipt", receipt, ("GET",), "link"),
    Page("/tasks/{reference}/{ask}", task, ("GET", "POST"), "signed_in"),
    Page("/tasks/{reference}/{ask}/receipt", task_receipt, ("GET",), "signed_in"),
)
