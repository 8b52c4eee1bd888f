"""The desk: somebody at work on one ask of a case, how they came to it, and what is said to whoever comes in vain."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final, Literal

from starlette.exceptions import HTTPException
from starlette.responses import Response

from domain.access import Viewer, allow
from domain.asking import AUTHOR
from domain.base import How
from domain.cases import Act, Reply
from domain.deciding import Typed
from domain.events import Recorded, Verdict
from domain.forms import Fault
from domain.pack import Step, Task
from domain.people import Person
from domain.refs import read_reference
from domain.signatures import WHY_NOT
from domain.telling import Given
from starter.web.known import Known, case_for, know
from starter.web.levers import stepped_aside
from starter.web.page import Visit
from starter.web.reading import Pairs, only
from starter.web.signing import is_signature, why_not
from store import links, queries
from store.tables import AskedRow, AskRow

Gone = Literal["used", "outdated", "aside", "moved", "expired", "replaced", "changed", "back", "closed"]
"""Why a link, or a place to answer, takes no answer any more."""

GONE: Final[dict[Gone, tuple[str, str]]] = {
    "used": ("You have answered this", "Your answer is on record, and this link does no more. Sign in to see it."),
    "outdated": (
        "The request changed after you answered",
        "Your answer is on record, and is about an earlier version. If you are asked again, we send you a new e-mail: "
        "use its link. Sign in to see your answer.",
    ),
    "aside": ("You have stepped aside", "Somebody else is asked in your place. There is nothing to do."),
    "moved": ("You are not asked this any more", "It is no longer yours to answer. There is nothing to do."),
    "expired": ("This link has expired", "Links are good for 90 days. We can send you a new one."),
    "replaced": ("This link has been replaced", "We have sent you a later e-mail about the same: use its link."),
    "changed": (
        "The request changed",
        "The request changed. When it is your turn to answer it, we send you a new e-mail: use its link.",
    ),
    "back": (
        "Your answer is not needed now",
        "The request went back a step. When it is your turn to answer it, we send you a new e-mail: use its link.",
    ),
    "closed": ("This link is no longer needed", "The answer is in, or the request has ended. There is nothing to do."),
}

_CLOSED: Final[dict[str, Gone]] = {"changed": "changed", "sent_back": "back", "asked_again": "back"}
"""What is said where the ask closed for one of these reasons; for any other, that no answer is needed any more."""


@dataclass(frozen=True)
class Desk:
    """Somebody at work on one ask of a case, and how they came: by the link with `token`, or signed in.

    The ask is of a `step`, or of a `task`. Neither is there where the case was moved on to a pack that does without it;
    then the desk is gone. `opened_at` is when whoever came by a link was first shown the version that it is of.
    """

    known: Known
    ask: AskRow
    step: Step | None
    asked: AskedRow
    person: Person
    version: int
    how: How
    token: str = ""
    gone: Gone | None = None
    task: Task | None = None
    opened_at: datetime | None = None

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

    @property
    def is_outdated(self) -> bool:
        """Whether the case goes on with a later version than the ask is of, and no answer to it stands."""
        row, given = self.known.row, self.recorded
        later = self.step is not None and row.closed_at is None and self.ask.version < row.version
        return later and (given is None or given.void)

    @property
    def entry(self) -> Recorded | None:
        """What this person put on record for the task, once it is there."""
        wanted = self.task.done_by.event if self.task is not None else ()
        found = (said for said in reversed(self.known.history) if said.event.kind in wanted)
        latest = next((said for said in found if getattr(said.event, "by", "") == self.person.id), None)
        return latest if latest is not None and latest.at >= self.ask.opened_at else None

    def has_said(self, verdict: Verdict | None) -> bool:
        """Return whether the answer that stands is this person's, and says `verdict`, or anything where it is None.

        A task is answered by what they put on record.
        """
        if self.task is not None:
            return verdict is None and self.entry is not None
        given = self.recorded
        return given is not None and given.person == self.person.id and verdict in {None, given.verdict}

    def unfit(self, today: date) -> tuple[Fault, ...]:
        """Return what is wrong with the form when it is checked again, whole, against the directory of `today`.

        Source: Cadmus Appendix 1 (SITE-28, SITE-32).
        """
        return self.known.unfit(today)

    def path(self, visit: Visit, by_link: str, signed_in: str) -> str:
        """Return where the route `by_link` leads for whoever came by one, and `signed_in` for anybody else."""
        if self.token:
            return visit.path(by_link, token=self.token)
        return visit.path(signed_in, reference=self.known.row.reference, ask=self.ask.ask)

    def action(self, visit: Visit, by_link: str, signed_in: str) -> str:
        """Return where a form goes, by the same two routes: never to an address with a token in it."""
        return visit.path(by_link) if self.token else self.path(visit, by_link, signed_in)


async def desk_of(visit: Visit, token: str) -> Desk:
    """Return the desk to which the link with `token` leads.

    Raises:
        HTTPException: 404, there is no such link; 429, and too many like it were tried from the same address.
    """
    async with visit.site.db.read() as session:
        found = await links.at_hand(session, token)
        if found is None:
            raise unknown_link(visit)
        link, person = found.link, found.person
        row = await queries.case_by_id(session, link.case)
        if person is None or row is None:
            raise HTTPException(404)
        known = await know(visit.site, session, row, found.head)
    # A link that is not open may be of somebody who is not asked any more: somebody else holds the seat.
    was_asked, today = link.status != "open", visit.site.today
    desk = _seated(known, link.ask, person, link.version, "link", today, token, was_asked=was_asked)
    if desk is None:
        raise HTTPException(404)
    desk = replace(desk, opened_at=found.opened_at)
    if not person.is_active(today):
        return replace(desk, gone="closed")
    if desk.gone is None and link.status != "open":
        return replace(desk, gone="replaced" if link.status == "superseded" else "closed")
    if desk.gone is None and link.expires_at <= visit.site.clock():
        return replace(desk, gone="expired")
    return desk


def unknown_link(visit: Visit) -> HTTPException:
    """Return what a token of no link is answered with. It counts against its address, and no good token ever does."""
    client = visit.request.client
    most = visit.site.settings.bad_links_per_minute
    wait = visit.site.bad_links.add(client.host if client else "", most, visit.site.clock())
    return HTTPException(429, headers={"Retry-After": str(wait)}) if wait else HTTPException(404)


async def desk_at(visit: Visit) -> Desk:
    """Return the desk of a signed-in visitor at the ask that the address names.

    Raises:
        HTTPException: 404, there is no such ask, or it does not ask them.
    """
    reference, person = visit.place("reference"), visit.person
    try:
        known = await case_for(visit, reference)
    except HTTPException:
        known = await _left(visit, reference)
    desk = _seated(known, visit.place("ask"), person, known.row.version, "session", visit.site.today)
    if desk is None:
        raise HTTPException(404)
    return desk


async def _left(visit: Visit, reference: str) -> Known:
    """Return the case that the visitor may not see any more because they stepped aside: they are told that they did.

    Raises:
        HTTPException: 404, there is no such case, or they did not step aside in it.
    """
    async with visit.site.db.read() as session:
        row = await queries.case_by_reference(session, read_reference(reference) or "")
        if row is None or row.organisation != visit.person.organisation:
            raise HTTPException(404)
        known = await know(visit.site, session, row)
    if visit.person.id not in stepped_aside(known):
        raise HTTPException(404)
    return known


def _seated(
    known: Known,
    ask_id: str,
    person: Person,
    version: int,
    how: How,
    today: date,
    token: str = "",
    *,
    was_asked: bool = False,
) -> Desk | None:
    """Return the desk of `person` at an ask; None where it never asked them, or asks an author for changes.

    It is gone, too, where the ask would not reach them if it were looked up `today`, though it was not yet.
    """
    ask, aside = known.ask(ask_id), person.id in stepped_aside(known)
    if ask is None or ask.seat == AUTHOR:
        return None
    asked = known.reached(ask_id, person.id)
    if asked is None and (aside or was_asked):
        asked = AskedRow(case=ask.case, ask=ask_id, person=person.id, seat=ask.seat)
    if asked is None:
        return None
    desk = Desk(known, ask, known.step(ask), asked, person, version, how, token, task=known.task(ask))
    if aside:
        return replace(desk, gone="aside")
    if desk.step is None and desk.task is None:
        return replace(desk, gone="closed")
    if ask.closed_at is not None:
        return replace(desk, gone=_why_closed(desk))
    if not known.still_reaches(ask, person.id, today):
        return replace(desk, gone="moved")
    if not allow(desk.viewer, "decide", known.access):
        return replace(desk, gone="closed")
    # What is to be done is the same, whatever was changed of the request meanwhile.
    return replace(desk, gone="changed") if desk.task is None and version != ask.version else desk


def _why_closed(desk: Desk) -> Gone:
    """Return why no answer is taken at an ask that is closed: for its own reason, or by what came after it."""
    reason = _CLOSED.get(desk.ask.closed_how or "", "closed")
    if reason != "closed" or desk.step is None or desk.known.row.closed_at is not None:
        return reason
    if desk.is_outdated:
        return "changed"
    return "back" if desk.known.sent_back[0] else "closed"


async def shown_at(visit: Visit, desk: Desk) -> datetime | None:
    """Return when whoever is at the desk was first shown the version that is to be answered; None where never."""
    if desk.opened_at is not None or desk.token:
        return desk.opened_at
    async with visit.site.db.read() as session:
        return await links.opened_at(session, desk.known.row.id, desk.version, desk.person.id)


async def answered(visit: Visit, desk: Desk, typed: Typed, opened_at: datetime) -> tuple[Act, Reply]:
    """Hand a signed answer to the case; return the answer as it was handed over, and what the case says of it.

    Raises:
        EngineLostError: the case could not be reached.
    """
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
        unfit=desk.unfit(visit.site.today) if typed.verdict is Verdict.APPROVE else (),
        # Temporal gives a repeated act its old reply: once something has happened, what was not taken is asked anew.
        occasion=str(len(desk.known.history)),
    )
    return act, await visit.site.engine.act(desk.known.row.id, act)


def taken(name: str, sent: Pairs) -> tuple[str, Pairs]:
    """Return the one text sent as `name`, and the other fields.

    Raises:
        UnreadableBodyError: it is not there, or there twice.
    """
    found = only(tuple(pair for pair in sent if pair[0] == name), (name,))
    return found[name], tuple(pair for pair in sent if pair[0] != name)


def gone(visit: Visit, desk: Desk, why: Gone | None = None) -> Response:
    """Return the page that says that no answer is taken here, and why; it says nothing of the case."""
    reason = why or desk.gone or "closed"
    if reason == "used" and desk.is_outdated:
        reason = "outdated"
    title, advice = GONE[reason]
    if is_signature(desk.known) and reason not in {"moved", "expired", "replaced"}:
        title, advice = WHY_NOT[why_not(desk.known, desk.person.id)]
    token = desk.token if reason == "expired" else ""
    return visit.show("link_gone.html", 410, title=title, advice=advice, token=token)


def to_case(visit: Visit, desk: Desk) -> Response:
    """Return the way to the page of the case, for somebody signed in whose answer is not needed any more.

    Whoever stepped aside without an answer is told that they did: they may not see the case. Nor may they for long who
    are not asked any more.
    """
    if desk.gone in {"aside", "moved"} and not desk.has_said(None):
        return gone(visit, desk)
    return visit.go("case", reference=desk.known.row.reference)


def sign_in_first(visit: Visit, desk: Desk) -> Response | None:
    """Return what to say where the step asks for a session besides the link, or None where the link is enough.

    Somebody signed in as the person whom the link is for goes on to their task. Whoever is not signed in learns the
    title of the case and who asks; somebody else learns nothing. Nobody who is signed in signs a document for another.
    """
    if desk.token and is_signature(desk.known) and visit.signed is not None and visit.person.id != desk.person.id:
        return visit.show("decide_other_person.html", 403)
    if not desk.token or desk.task is not None or (desk.step is not None and not desk.step.sign_in):
        return None
    if desk.gone is not None:
        return gone(visit, desk)
    reference, ask = desk.known.row.reference, desk.ask.ask
    if visit.signed is None:
        onward = visit.path("task", reference=reference, ask=ask)
        return visit.show("decide_sign_in.html", 403 if visit.is_post else 200, known=desk.known, onward=onward)
    if visit.person.id != desk.person.id:
        return visit.show("decide_other_person.html", 403)
    return visit.go("task", reference=reference, ask=ask)
