"""Sending a report: one report begins one case, however often it is sent; what cannot be sent stays on the page."""

import asyncio
import hashlib
import secrets
from collections.abc import Sequence
from typing import Final

import structlog
from sqlalchemy.exc import SQLAlchemyError
from starlette.responses import Response

from domain.cases import Opening, Request, taken_from
from domain.pack import digest
from domain.people import Person
from domain.refs import reference
from domain.report_questions import IT_ADMINISTRATOR, Place
from domain.report_so_far import SoFar, case_of
from domain.reporting import Begun, Report, begun_by
from starter.engine import EngineLostError
from starter.web.limits import Failures
from starter.web.page import Visit
from starter.web.reporting.numbers import numbers_of
from starter.web.showing import ShownSection
from starter.web.signed_in import cookie_name
from starter.web.submitting import calendar_of
from store import people, sessions
from store.confidential.receipts import keep_receipt, receipt_of

log = structlog.get_logger()

MOST_IN_AN_HOUR: Final = 300
"""A school shares one address, and so does everybody behind a web server: far more than anybody sends in earnest."""
_DRAW: Final = 16
_NOBODYS: Final = Request(title="", starter="", author="", answers={})
_UNTOLD: Final = secrets.token_bytes(32)
"""Under this key addresses are marked; it is never kept, so that a mark says nothing of its address."""


async def send(visit: Visit, so_far: SoFar, report: Report, place: Place, sections: Sequence[ShownSection]) -> Response:
    """Begin the case of `report`; return the page with the reporter's code, or what to do where it could not begin.

    Whatever fails, the page keeps all that was typed.
    """
    seconds = over_limit(visit, visit.site.reports, MOST_IN_AN_HOUR)
    if seconds:
        answer = _not_taken(visit, so_far, place, sections, "full")
        answer.headers["Retry-After"] = str(seconds)
        return answer
    try:
        return await _send(visit, so_far, report, place, sections)
    except EngineLostError:
        return _not_taken(visit, so_far, place, sections, "lost")
    except Exception as error:  # noqa: BLE001 -- what somebody dared to write is never lost to a fault of ours
        # Neither its message nor where it was: nobody shall learn from the log that somebody reported.
        log.error("failed", error=type(error).__name__)  # noqa: TRY400
        return _not_taken(visit, so_far, place, sections, "lost")


async def _send(
    visit: Visit, so_far: SoFar, report: Report, place: Place, sections: Sequence[ShownSection]
) -> Response:
    site, case = visit.site, case_of(so_far.token)
    async with site.db.read() as session:
        directory = await people.directory(session, place.pack.organisation.key)
    begun = begun_by(report, place, directory, site.today)
    numbers = numbers_of((place.pack,))
    if begun is None:
        return visit.show("report_not_here.html", place=place, numbers=numbers)
    if not begun.asked:
        return visit.show("report_nobody.html", place=place, numbers=numbers, sections=sections)
    opening = await _opening(visit, case, begun, place)
    code = receipt_of(so_far.token)
    async with site.db.write() as session:
        await site.keys.create(session, case)
        await keep_receipt(session, case, code)
    await site.engine.begin(opening)
    return visit.show(
        "report_sent.html",
        code=code,
        token=so_far.token,
        occasion=secrets.token_urlsafe(_DRAW),
        numbers=numbers,
        other_device=IT_ADMINISTRATOR in begun.matter.involved,
        images=report.images != "no",
        errors=[],
    )


async def _opening(visit: Visit, case: str, begun: Begun, place: Place) -> Opening:
    calendar = await asyncio.to_thread(calendar_of, place.pack.calendar, visit.site.today.year)
    taken = taken_from(place.pack, begun.process, calendar)
    return Opening(
        case=case,
        reference=reference(secrets.token_bytes(_DRAW)),
        organisation=place.pack.organisation.key,
        school=place.school.key,
        pack_digest=digest(place.pack),
        process=taken.process,
        seats=taken.seats,
        calendar=taken.calendar,
        request=_NOBODYS,
        matter=begun.matter,
    )


def _not_taken(visit: Visit, so_far: SoFar, place: Place, sections: Sequence[ShownSection], why: str) -> Response:
    return visit.show(
        "report_not_taken.html",
        429 if why == "full" else 503,
        why=why,
        so_far=so_far.model_dump_json(),
        place=place,
        sections=sections,
        numbers=numbers_of((place.pack,)),
    )


async def signed_in_quietly(visit: Visit, place: Place) -> Person | None:
    """Return who is signed in here, if they are of that organisation, and leave no trace of having looked.

    Only whoever chose to report with their name is looked up. Where that fails, they type it.
    """
    secret = visit.request.cookies.get(cookie_name(visit.site, "session"))
    if not secret:
        return None
    try:
        async with visit.site.db.read() as session:
            row = await sessions.session_of(session, secret, visit.site.clock())
            person = await people.person(session, row.person) if row is not None else None
    except (SQLAlchemyError, OSError, TimeoutError):
        return None
    if person is None or not person.is_active(visit.site.today):
        return None
    return person if person.organisation == place.pack.organisation.key else None


def over_limit(visit: Visit, counted: Failures, most: int) -> int:
    """Count one more of `counted` at the visitor's address; return for how many seconds it is over the limit, or 0."""
    address = visit.request.client.host if visit.request.client is not None else ""
    mark = hashlib.blake2b(address.encode(), key=_UNTOLD, digest_size=_DRAW).hexdigest()
    return counted.add(mark, most, visit.site.clock())
