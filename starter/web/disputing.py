"""“This was not me”: whoever finds an answer in their name that is not theirs says so; an administrator settles it."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from starlette.exceptions import HTTPException
from starlette.responses import Response

from domain.access import Viewer, allow
from domain.base import How
from domain.cases import Act
from domain.deciding import LONGEST_COMMENT
from domain.events import HoldReleased
from domain.people import Person
from domain.telling import Given
from domain.text import is_blank, tidy
from starter.engine import EngineLostError
from starter.web.desks import unknown_link
from starter.web.known import Known, case_for, know
from starter.web.levers import once_theirs, stepped_aside
from starter.web.page import Page, Visit
from starter.web.reading import only
from store import disputes, links, people, queries

_STANDS: Final = {"yes": True, "no": False}
_GONE: Final = (
    "This link is of no use any more",
    "Links are good for 90 days, and as long as your address stays the same. Sign in and say it on the page of the"
    " request, or tell the school office.",
)


@dataclass(frozen=True)
class Answered:
    """An answer in somebody's name, before whoever is to say whether it was theirs, and how they came."""

    known: Known
    given: Given
    person: Person
    how: How
    token: str = ""

    @property
    def is_disputed(self) -> bool:
        """Whether they have said that it was not theirs, and nobody has settled it yet."""
        return self.given.ask in self.known.standing.disputed

    @property
    def is_settled(self) -> bool:
        """Whether an administrator has settled it; it is not disputed twice."""
        released = (said.event for said in self.known.history if isinstance(said.event, HoldReleased))
        return any(event.ask == self.given.ask for event in released)


async def dispute_link(visit: Visit) -> Response:
    """Show what was decided in the name of whoever the link is for, and change nothing."""
    return _asked(visit, await _answered_by_link(visit, visit.place("token")))


async def dispute(visit: Visit) -> Response:
    """Take the word of whoever holds the link that the answer was not theirs; the token in the body admits it."""
    answered = await _answered_by_link(visit, only(visit.sent, ("token",))["token"])
    return await _dispute(visit, answered) if isinstance(answered, Answered) else answered


async def dispute_task(visit: Visit) -> Response:
    """Show to somebody signed in what was decided in their name; a POST takes their word that it was not theirs."""
    known, ask, person = await case_for(visit, visit.place("reference")), visit.place("ask"), visit.person
    given = _given(known, ask, person)
    if given is None:
        raise HTTPException(404)
    answered = Answered(known, given, person, "session")
    if not visit.is_post:
        return _asked(visit, answered)
    only(visit.sent, ())
    return await _dispute(visit, answered)


async def settle(visit: Visit) -> Response:
    """Ask an administrator whether an answer stands that was disputed after the case had ended; a POST settles it.

    As long as a case runs, an answer of it is settled on the page of the case.
    """
    known = await case_for(visit, visit.place("reference"))
    apart = stepped_aside(known) | once_theirs(known)
    if not allow(visit.viewer, "intervene", known.access) or visit.person.id in apart:
        raise HTTPException(403)
    asks = known.standing.disputed if known.row.closed_at is not None else ()
    given = next((one for one in known.given if one.ask in asks), None)
    if given is None:
        return visit.go("case", reference=known.row.reference)
    if not visit.is_post:
        return _unsettled(visit, known, given)
    sent = only(visit.sent, ("ask",), ("stands", "comment"))
    comment, stands = tidy(sent.get("comment", "")), _STANDS.get(sent.get("stands", ""))
    errors = [("#stands", "Say whether the answer stands")] if stands is None else []
    if is_blank(comment):
        errors.append(("#comment", "Say how you found out"))
    elif len(comment) > LONGEST_COMMENT:
        errors.append(("#comment", f"Your reason must be {LONGEST_COMMENT} characters or fewer"))
    if stands is None or errors:
        return _unsettled(visit, known, given, sent.get("stands", ""), comment, errors)
    if not await visit.site.engine.ready():
        lost = [("#comment", "This is not settled yet: Duly could not reach the part that sends mail. Try again soon")]
        return _unsettled(visit, known, given, sent["stands"], comment, lost, 503)
    async with visit.site.db.write() as session:
        mails = await disputes.settle(
            session,
            visit.site.keys,
            case=known.row.id,
            ask=sent["ask"],
            by=visit.person.id,
            stands=stands,
            comment=comment,
            at=visit.site.clock(),
        )
    await _send(visit, mails)
    return visit.go("case", reference=known.row.reference)


async def _answered_by_link(visit: Visit, token: str) -> "Answered | Response":
    """Return the answer that the link with `token` is about, or the page that says why it is of no use any more.

    Raises:
        HTTPException: 404, there is no such link; 429, and too many like it were tried from the same address.
    """
    async with visit.site.db.read() as session:
        link = await links.find(session, token, "dispute")
        if link is None:
            raise unknown_link(visit)
        person = await people.person(session, link.person)
        row = await queries.case_by_id(session, link.case)
        if person is None or row is None:
            raise HTTPException(404)
        known = await know(visit.site, session, row)
    given = _given(known, link.ask, person)
    if given is None:
        raise HTTPException(404)
    left = link.status != "open" or not person.is_active(visit.site.today)
    if left or link.expires_at <= visit.site.clock():
        return visit.show("link_gone.html", 410, title=_GONE[0], advice=_GONE[1], token="")
    return Answered(known, given, person, "link", token)


def _given(known: Known, ask: str, person: Person) -> Given | None:
    """Return the answer to `ask` in the name of `person`, or None where there is none, or they may not see it."""
    viewer = Viewer(person=person.id, organisation=person.organisation)
    seen = known.given if allow(viewer, "see", known.access) else ()
    return next((given for given in seen if (given.ask, given.person) == (ask, person.id)), None)


async def _dispute(visit: Visit, answered: Answered) -> Response:
    """Hand it to the case, or to the record where the case has ended; however often, it has one effect."""
    known = answered.known
    if answered.is_disputed or answered.is_settled:
        return _disputed(visit, answered)
    ask = known.ask(answered.given.ask)
    act = Act(
        kind="dispute",
        person=answered.person.id,
        how=answered.how,
        ask=answered.given.ask,
        # A case that has begun again since knows nothing of it any more, but what is said here.
        comment=ask.step if ask is not None else "",
        occasion=str(len(known.history)),
    )
    try:
        reply = await visit.site.engine.act(known.row.id, act)
    except EngineLostError:
        return _asked(visit, answered, 503)
    if reply.says == "closed":
        return await _dispute_late(visit, answered)
    return _disputed(visit, answered)


async def _dispute_late(visit: Visit, answered: Answered) -> Response:
    async with visit.site.db.write() as session:
        mails = await disputes.dispute(
            session,
            visit.site.keys,
            case=answered.known.row.id,
            ask=answered.given.ask,
            by=answered.person.id,
            how=answered.how,
            at=visit.site.clock(),
        )
    if mails is None:
        return _asked(visit, answered, 503)
    await _send(visit, mails)
    return _disputed(visit, answered)


async def _send(visit: Visit, mails: Sequence[str]) -> None:
    """Have the mails sent that are queued; what they tell is on record, and the register and the case show it."""
    for mail in mails:
        with suppress(EngineLostError):
            await visit.site.engine.send_mail(mail)


def _asked(visit: Visit, answered: "Answered | Response", status: int = 200) -> Response:
    """Return the page that asks whether they want to say it, or that they have."""
    if isinstance(answered, Response):
        return answered
    if answered.is_disputed or answered.is_settled:
        return _disputed(visit, answered)
    reference, ask = answered.known.row.reference, answered.given.ask
    action = visit.path("dispute") if answered.token else visit.path("dispute_task", reference=reference, ask=ask)
    return visit.show("dispute.html", status, answered=answered, action=action, lost=status != 200)


def _disputed(visit: Visit, answered: Answered) -> Response:
    return visit.show("disputed.html", answered=answered)


def _unsettled(
    visit: Visit,
    known: Known,
    given: Given,
    stands: str = "",
    comment: str = "",
    errors: Sequence[tuple[str, str]] = (),
    status: int = 422,
) -> Response:
    faults = {address[1:]: message for address, message in errors}
    return visit.show(
        "settle.html",
        status if errors else 200,
        known=known,
        given=given,
        stands=stands,
        comment=comment,
        errors=errors,
        faults=faults,
    )


PAGES: Final = (
    Page("/dispute", dispute, ("POST",), "link"),
    Page("/dispute/{token}", dispute_link, ("GET",), "link"),
    Page("/tasks/{reference}/{ask}/dispute", dispute_task, ("GET", "POST"), "signed_in"),
    Page("/cases/{reference}/settle", settle, ("GET", "POST"), "administrator"),
)
