"""Confirming that it is you: what makes a session strong enough for confidential work, for a quarter of an hour."""

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Final
from urllib.parse import urlencode

import structlog
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from domain.mails import PersonalMail
from domain.pack import Contact
from domain.people import Person
from starter.engine import EngineLostError
from starter.web.page import Page, Visit
from starter.web.reading import UnreadableBodyError, only
from starter.web.signed_in import BACK, clear_cookie, set_cookie, way_back, way_from, way_on
from starter.web.signing_in import WRONG_CODE, send_code, try_code
from store import second_factors, sessions
from store.second_factors import Tried

log = structlog.get_logger()

CALL_INSTEAD: Final = ("lado", "police")
"""The contacts of a pack whom people call when they cannot sign in for confidential work."""

APP_FAULTS: Final[Mapping[Tried, str]] = {
    "wrong": "That code is not right now. Type the six digits that the app shows",
    "locked": "There were too many wrong codes. Wait a quarter of an hour, then type what the app shows",
}
APP_STATUS: Final[Mapping[Tried, int]] = {"right": 200, "wrong": 422, "locked": 429}
_QUARTER: Final = 15 * 60


def needs_strong(visit: Visit) -> Response | None:
    """Return what asks the visitor to confirm that it is them, or None where they did within a quarter of an hour.

    An endpoint of confidential work returns this answer before it does anything else. What was sent with a POST is kept
    on the page that asks, and can be sent again from there.
    """
    if visit.viewer.strong:
        return None
    if visit.is_post:
        return visit.show("confirm_first.html", 401, sent=visit.sent, here=visit.request.url.path)
    endpoint = visit.request.scope["endpoint"]
    route = next(str(found.name) for found in visit.request.app.routes if found.endpoint is endpoint)
    return RedirectResponse(f"{visit.path('confirm_it_is_you')}?{urlencode(way_from(visit.request, route))}", 303)


async def confirm_it_is_you(visit: Visit) -> Response:
    """Show the ways to confirm; a POST takes a code of an app, or in demo mode mails one and takes that."""
    if not visit.is_post:
        return await _ask(visit, way_on(visit.request.query_params))
    sent = only(visit.sent, ("way",), ("code", *BACK))
    match sent["way"]:
        case "app":
            return await _by_app(visit, sent)
        case "send" if visit.site.demo:
            asks = await _ask(visit, way_on(sent), mailed=True)
            return await send_code(visit, visit.person.email, visit.person, asks)
        case "mailed" if visit.site.demo:
            return await _by_mail(visit, sent)
        case _:
            why = "there is no such way on the page"
            raise UnreadableBodyError(why, 422)


async def confirmed(visit: Visit, way: str, shown_at: datetime, back: Mapping[str, str]) -> Response:
    """Return the way back, with a session that is strong because its person showed who they are at `shown_at`.

    `way` is for the log.
    """
    if visit.signed is None:
        raise HTTPException(403)
    async with visit.site.db.write() as session:
        secret = await sessions.strengthen(session, visit.signed.session, shown_at)
    if secret is None:
        return visit.go("sign_in")
    log.info("person_confirmed", person=visit.person.id, way=way)
    route = back.get("next") or confirm_it_is_you.__name__
    answer = RedirectResponse(way_back(visit.request.app, route, back.get("at", "")), 303)
    set_cookie(visit.site, answer, "session", secret)
    return answer


async def tell_of_change(visit: Visit, person: Person) -> None:
    """Mail `person` that how they confirm who they are was changed; where that cannot be done now, write it down."""
    pack = visit.site.packs.get(person.organisation)
    mail = PersonalMail(
        id=secrets.token_hex(16),
        person=person.id,
        organisation=pack.organisation.name if pack is not None else "",
        template="sign_in_changed",
        path=visit.path(confirm_it_is_you.__name__),
    )
    try:
        await visit.site.engine.mail_person(mail)
    except EngineLostError:
        log.warning("mail_not_left", mail=mail.id)


def call_instead(visit: Visit) -> tuple[Contact, ...]:
    """Return whom the visitor's organisation calls where Duly cannot be used."""
    pack = visit.site.packs.get(visit.person.organisation)
    return tuple(contact for contact in pack.contacts if contact.key in CALL_INSTEAD) if pack is not None else ()


def with_retry(answer: Response) -> Response:
    """Return `answer`, which says when to try again where there were too many tries."""
    if answer.status_code == APP_STATUS["locked"]:
        answer.headers["Retry-After"] = str(_QUARTER)
    return answer


async def _by_app(visit: Visit, sent: Mapping[str, str]) -> Response:
    now = visit.site.clock()
    async with visit.site.db.write() as session:
        row = await second_factors.factor_of(session, visit.person.id)
        if row is None or not second_factors.counts(row):
            raise HTTPException(404)
        tried = await second_factors.try_code(session, visit.site.keys.ring, visit.person.id, sent.get("code", ""), now)
    if tried == "right":
        return await confirmed(visit, "app", now, sent)
    if tried == "locked":
        log.warning("second_factor_locked", person=visit.person.id)
    return with_retry(await _ask(visit, way_on(sent), APP_STATUS[tried], app_fault=APP_FAULTS[tried]))


async def _by_mail(visit: Visit, sent: Mapping[str, str]) -> Response:
    async with visit.site.db.write() as session:
        person = await try_code(visit, session, sent.get("code", ""))
    if person != visit.person.id:
        return await _ask(visit, way_on(sent), 422, mailed=True, mailed_fault=WRONG_CODE)
    answer = await confirmed(visit, "mail", visit.site.clock(), sent)
    clear_cookie(visit.site, answer, "browser")
    return answer


async def _ask(
    visit: Visit,
    back: Mapping[str, str],
    status: int = 200,
    *,
    mailed: bool = False,
    app_fault: str = "",
    mailed_fault: str = "",
) -> Response:
    """Return the page with the ways that are open to the visitor, and what was wrong with a code."""
    async with visit.site.db.read() as session:
        app = second_factors.counts(await second_factors.factor_of(session, visit.person.id))
    faults = [("#app_code", app_fault), ("#mailed_code", mailed_fault)]
    return visit.show(
        "confirm.html",
        status,
        strong_until=visit.signed.strong_until if visit.signed is not None else None,
        school_account=visit.site.settings.oidc_issuer is not None,
        app=app,
        demo=visit.site.demo,
        mailed=mailed,
        back=back,
        query=f"?{urlencode(back)}" if back else "",
        contacts=call_instead(visit),
        app_fault=app_fault,
        mailed_fault=mailed_fault,
        errors=[(field, fault) for field, fault in faults if fault],
    )


PAGES: Final = (Page("/confirm-it-is-you", confirm_it_is_you, ("GET", "POST"), "signed_in"),)
