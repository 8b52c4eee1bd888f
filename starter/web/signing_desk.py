"""The signing desk: a device of the school at which visitors, who have no account, read and sign.

It knows nobody: each visitor finds the document and an empty form, whoever was there before.
"""

import re
import secrets
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, RedirectResponse, Response

import templates
from domain.cases import Act
from domain.deciding import LONGEST_NAME
from domain.document_text import Block, blocks_of
from domain.forms import Fault
from domain.round_entries import DESK, VisitorSigned
from domain.text import is_blank, tidy
from starter.engine import EngineLostError
from starter.web.campaigns import is_for_visitors
from starter.web.desks import taken, unknown_link
from starter.web.known import Known, know
from starter.web.limits import seconds_until
from starter.web.page import Page, Visit, frame
from starter.web.reading import UnreadableBodyError, only, read_pairs
from store import queries
from store.rounds import desks, reading

_DRAW: Final = 16
_FIELDS: Final = ("name", "until-day", "until-month", "until-year")
_OCCASION: Final = re.compile(r"[A-Za-z0-9_-]{16,64}")
_DAY: Final = timedelta(days=1)
_MOST_DAYS: Final = 366
"""How long a visitor may be here, in days: whoever stays longer has an account."""

LATER: Final = "Your signature is not on record yet, because Duly could not reach the case. Try again in a minute"


@dataclass(frozen=True)
class AtDesk:
    """The desk: for which campaign, and what is signed there."""

    secret: str
    known: Known
    blocks: tuple[Block, ...]

    @property
    def attestation(self) -> str:
        """The words that a visitor puts their name to."""
        return self.known.opening.process.steps[0].attestation


async def signing_desk(visit: Visit) -> Response:
    """Show the document and an empty form."""
    desk = await _desk(visit, visit.place("secret"))
    if desk is None:
        return _gone(visit)
    said = only(read_pairs(visit.request.scope["query_string"]), (), ("signed",))
    return _shown(visit, desk, signed=said.get("signed") == "yes")


async def sign_at_desk(visit: Visit) -> Response:
    """Put a visitor's signature on record, and go back to the start; the secret in the body is what admits it.

    Source: Redhill, appendix 1 (ACK-06, ACK-08).
    """
    secret, rest = taken("secret", visit.sent)
    desk = await _desk(visit, secret)
    if desk is None:
        return _gone(visit)
    fields = only(rest, ("occasion",), _FIELDS)
    if not _OCCASION.fullmatch(fields["occasion"]):
        why = "the form has an occasion that is not on the page"
        raise UnreadableBodyError(why, 422)
    typed = {key: tidy(fields.get(key, "")) for key in _FIELDS}
    wait = _wait(visit, desk.known)
    if wait:
        raise HTTPException(429, headers={"Retry-After": str(wait)})
    until, faults = _read(typed, visit.site.today)
    if faults or until is None:
        return _shown(visit, desk, typed, faults, 422, fields["occasion"])
    entry = VisitorSigned(by=DESK, how="session", name=typed["name"], wording=desk.attestation, until=until)
    act = Act(kind="record", person=DESK, how="session", entry=entry, occasion=fields["occasion"])
    try:
        reply = await visit.site.engine.act(desk.known.row.id, act)
    except EngineLostError:
        return _shown(visit, desk, typed, (Fault(field="name", message=LATER),), 503, fields["occasion"])
    if reply.says != "done":
        return _gone(visit)
    return RedirectResponse(f"{visit.path('signing_desk', secret=secret)}?signed=yes", 303)


async def _desk(visit: Visit, secret: str) -> AtDesk | None:
    """Return the desk with that secret; None where it was revoked, or the campaign is over.

    Raises:
        HTTPException: 404, there is no such desk; 429, and too many like it were tried from the same address.
    """
    async with visit.site.db.read() as session:
        row = await desks.find(session, secret)
        if row is None:
            raise unknown_link(visit)
        case = await queries.case_by_id(session, row.campaign)
        if case is None:
            raise HTTPException(404)
        if row.revoked_at is not None or case.closed_at is not None:
            return None
        known = await know(visit.site, session, case)
        digest = str(known.request.answers["digest"])
        version = await reading.version_with(session, case.organisation, digest)
    if not is_for_visitors(known) or version is None:
        return None
    return AtDesk(secret, known, blocks_of(version.text))


def _wait(visit: Visit, known: Known) -> int:
    """Return after how many seconds the desk takes another visitor: 0 where it does now.

    It takes as many in a day as cases may begin, so that whoever has its address does not fill up the campaign.
    """
    now = visit.site.clock()
    signed = [said.at for said in known.history if isinstance(said.event, VisitorSigned) and said.at > now - _DAY]
    most = visit.site.settings.cases_per_day
    return seconds_until(signed[-most] + _DAY, now) if len(signed) >= most else 0


def _read(typed: dict[str, str], today: date) -> tuple[date | None, tuple[Fault, ...]]:
    """Return until when the visitor is here, and everything that is wrong with what was typed."""
    faults = []
    if is_blank(typed["name"]):
        faults.append(Fault(field="name", message="Type your full name"))
    elif len(typed["name"]) > LONGEST_NAME:
        faults.append(Fault(field="name", message=f"Your name must be {LONGEST_NAME} characters or fewer"))
    parts = [typed[f"until-{part}"] for part in ("year", "month", "day")]
    try:
        until = date(*(int(part) for part in parts)) if all(part.isdecimal() for part in parts) else None
    except (ValueError, OverflowError):
        until = None
    if until is None:
        faults.append(Fault(field="until-day", message="Type the last day of your visit, such as 27 3 2027"))
    elif until < today:
        faults.append(Fault(field="until-day", message="This day has passed. Type the last day of your visit"))
    elif (until - today).days > _MOST_DAYS:
        faults.append(Fault(field="until-day", message="Type a day within a year: who stays longer signs by e-mail"))
    return until, tuple(faults)


def _shown(
    visit: Visit,
    desk: AtDesk,
    typed: dict[str, str] | None = None,
    faults: tuple[Fault, ...] = (),
    status: int = 200,
    occasion: str = "",
    *,
    signed: bool = False,
) -> Response:
    return _bare(
        visit,
        "signing_desk.html",
        status,
        desk=desk,
        typed=typed or dict.fromkeys(_FIELDS, ""),
        today=visit.site.today,
        occasion=occasion or secrets.token_urlsafe(_DRAW),
        signed=signed,
        errors=[(f"#{fault.field}", fault.message) for fault in faults],
        faults={fault.field: fault.message for fault in faults},
    )


def _gone(visit: Visit) -> Response:
    """Return the page of a desk at which nobody signs any more; it says nothing of what was signed there."""
    return _bare(visit, "desk_gone.html", 410)


def _bare(visit: Visit, template: str, status: int, **context: object) -> Response:
    """Return a page that shows nothing of whoever is signed in on the device."""
    around = frame(visit.site, visit.request.url.path, None)
    return HTMLResponse(templates.page(template, frame=around, **context), status)


PAGES: Final = (
    Page("/desk", sign_at_desk, ("POST",), "link"),
    Page("/desk/{secret}", signing_desk, ("GET",), "link"),
)
