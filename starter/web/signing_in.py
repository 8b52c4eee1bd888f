"""Signing in by a code that is mailed and typed in the same browser; signing out; where one is signed in."""

import hashlib
import math
import secrets
from datetime import timedelta
from typing import Final
from urllib.parse import urlencode

import structlog
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.background import BackgroundTask
from starlette.responses import RedirectResponse, Response

from domain.mails import PersonalMail
from domain.people import Person
from domain.text import tidy
from settings import is_loopback
from starter.web.page import Page, Visit
from starter.web.reading import only
from starter.web.signed_in import BACK, clear_cookie, cookie_name, set_cookie, way_back, way_on
from store import people, sessions

log = structlog.get_logger()

_LONGEST_ADDRESS: Final = 254
_QUARTER: Final = 15 * 60
_HOUR: Final = timedelta(hours=1)
WRONG_CODE: Final = "That code does not work here. Type the code of the latest mail, or ask for a new one"


async def sign_in(visit: Visit) -> Response:
    """Ask for an address; a POST mails a code to whoever in the directory has it.

    The answer is the same, and takes the same time, for an address that nobody has. From one place of the network only
    so many codes are asked for in an hour that nobody uses.
    """
    if not visit.is_post:
        return _ask_address(visit, way_on(visit.request.query_params))
    sent = only(visit.sent, ("address",), BACK)
    address = tidy(sent["address"])
    if "@" not in address or len(address) > _LONGEST_ADDRESS:
        return _ask_address(visit, way_on(sent), address)
    if not await visit.site.engine.ready():
        return visit.show("no_code.html", 503)
    place = _place(visit)
    wait = visit.site.codes.add(place, visit.site.settings.codes_per_hour, visit.site.clock()) if place else 0
    if wait:
        return _too_many(visit, wait, "network")
    async with visit.site.db.read() as session:
        found = await people.person_by_email(session, address)
    person = found if found is not None and found.is_active(visit.site.today) else None
    return await send_code(visit, address, person, visit.show("code.html", back=way_on(sent), errors=[]))


async def send_code(visit: Visit, address: str, person: Person | None, shown: Response) -> Response:
    """Return `shown` with what ties a new code, mailed to `person` at `address`, to this browser.

    A page of its own says when there were too many codes.
    """
    browser = secrets.token_urlsafe(32)
    async with visit.site.db.write() as session:
        code = await sessions.ask_code(
            session,
            address=address,
            person=person.id if person is not None else None,
            browser_digest=_digest(browser),
            at=visit.site.clock(),
            most=visit.site.settings.codes_per_quarter,
        )
        asked = await sessions.codes_asked(session, visit.site.clock() - _HOUR)
    if code is None:
        return _too_many(visit, _QUARTER, "address")
    if asked >= visit.site.settings.codes_alarm and not visit.site.alarms.add("", 1, visit.site.clock()):
        # Nobody is refused by it: an outsider could shut a school out.
        log.warning("many_codes_asked", codes=asked)
    set_cookie(visit.site, shown, "browser", browser)
    if person is not None:
        # Only now: starting the mail takes longer than starting none, and nobody shall see the difference.
        shown.background = BackgroundTask(_mail_code, visit, person, code)
    return shown


def _too_many(visit: Visit, wait: int, whose: str) -> Response:
    answer = visit.show("too_many_codes.html", 429, minutes=math.ceil(wait / 60), whose=whose)
    answer.headers["Retry-After"] = str(wait)
    return answer


def _place(visit: Visit) -> str:
    """Return from where in the network somebody comes; "" where a web server in front, on this machine, hides it."""
    address = visit.request.client.host if visit.request.client is not None else ""
    return "" if is_loopback(address) else address


async def try_code(visit: Visit, session: AsyncSession, code: str) -> str | None:
    """Return the person whom `code`, mailed to them, lets in at this browser, or None."""
    browser = visit.request.cookies.get(cookie_name(visit.site, "browser"), "")
    return await sessions.try_code(session, browser_digest=_digest(browser), code=code, at=visit.site.clock())


async def _mail_code(visit: Visit, person: Person, code: str) -> None:
    pack = visit.site.packs.get(person.organisation)
    mail = PersonalMail(
        id=secrets.token_hex(16),
        person=person.id,
        organisation=pack.organisation.name if pack is not None else "",
        template="sign_in_code",
        path=visit.path("enter_code"),
        code=code,
    )
    await visit.site.engine.mail_person(mail)


async def enter_code(visit: Visit) -> Response:
    """Ask for the code; a POST with the right one, in the browser that asked for it, signs in.

    In demo mode that is enough for confidential work too.
    """
    if not visit.is_post:
        return visit.show("code.html", back=way_on(visit.request.query_params), errors=[])
    sent = only(visit.sent, ("code",), BACK)
    now = visit.site.clock()
    shown_at = now if visit.site.demo else None
    secret = None
    async with visit.site.db.write() as session:
        signs_in = await try_code(visit, session, sent["code"])
        person = await people.person(session, signs_in) if signs_in is not None else None
        if person is not None and person.is_active(visit.site.today):
            secret = await sessions.open_session(session, person.id, now, shown_at=shown_at)
    if secret is None:
        return visit.show("code.html", 422, back=way_on(sent), errors=[("#code", WRONG_CODE)])
    visit.site.codes.take_back(_place(visit))
    way = way_back(visit.request.app, sent.get("next", ""), sent.get("at", ""))
    answer = RedirectResponse(way, 303)
    set_cookie(visit.site, answer, "session", secret)
    clear_cookie(visit.site, answer, "browser")
    return answer


async def sign_out(visit: Visit) -> Response:
    """End this session, on the server and in the browser."""
    only(visit.sent, ())
    if visit.signed is not None:
        async with visit.site.db.write() as session:
            await sessions.end_session(session, visit.person.id, visit.signed.session)
    answer = visit.go("sign_in")
    clear_cookie(visit.site, answer, "session")
    answer.headers["Clear-Site-Data"] = '"cache", "cookies", "storage"'
    return answer


async def my_sessions(visit: Visit) -> Response:
    """Show where the visitor is signed in; a POST ends one of these sessions."""
    if visit.is_post:
        ending = only(visit.sent, ("session",))["session"]
        async with visit.site.db.write() as session:
            await sessions.end_session(session, visit.person.id, ending)
        return visit.go("my_sessions")
    async with visit.site.db.read() as session:
        rows = await sessions.sessions_of_person(session, visit.person.id, visit.site.clock())
    return visit.show("sessions.html", sessions=rows, mine=visit.signed.session if visit.signed else "")


def _ask_address(visit: Visit, back: dict[str, str], address: str = "") -> Response:
    errors = [("#address", "Type your school email address, such as name@school.org")] if visit.is_post else []
    return visit.show(
        "address.html",
        422 if errors else 200,
        back=back,
        query=f"?{urlencode(back)}" if back else "",
        address=address,
        school_account=visit.site.settings.oidc_issuer is not None,
        errors=errors,
    )


def _digest(browser: str) -> str:
    return hashlib.sha256(b"duly/browser/v1" + browser.encode()).hexdigest()


PAGES: Final = (
    Page("/sign-in", sign_in, ("GET", "POST"), "anyone"),
    Page("/sign-in/code", enter_code, ("GET", "POST"), "anyone"),
    Page("/sign-out", sign_out, ("POST",), "signed_in"),
    Page("/sessions", my_sessions, ("GET", "POST"), "signed_in"),
)
