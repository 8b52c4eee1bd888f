"""Who is signed in: the session behind a cookie, the cookies themselves, and the way back after signing in."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal
from urllib.parse import urlencode

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import NoMatchFound, Route

from domain.access import Viewer
from domain.people import Person
from starter.web.site import Site
from store import people, sessions

BACK: Final = ("next", "at")
"""The fields that say where to go afterwards: a route, and the parts of its address."""

_PART: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_MOST_PARTS: Final = 4
_SECONDS: Final = {"session": 10 * 60 * 60, "browser": 10 * 60, "school": 10 * 60}
_NAMES: Final = {"session": "duly", "browser": "duly-browser", "school": "duly-school"}
_NOTED_EVERY: Final = timedelta(minutes=1)

Cookie = Literal["session", "browser", "school"]
"""The session of somebody signed in; or, before that, what ties a code to the browser that asked for it, and what ties
an answer of the school's provider to the browser that was sent there."""


@dataclass(frozen=True)
class Signed:
    """Somebody signed in at this browser. `form_token` proves that a form is from a page shown to them.

    `strong_until` is until when confidential work is open to them here; None where it is not.
    """

    person: Person
    session: str
    form_token: str
    strong_until: datetime | None = None

    @property
    def viewer(self) -> Viewer:
        """The person as `domain.access.allow` asks for them."""
        return Viewer(
            person=self.person.id,
            organisation=self.person.organisation,
            administrator=self.person.administrator,
            strong=self.strong_until is not None,
        )


def cookie_name(site: Site, cookie: Cookie) -> str:
    """Return the cookie's name: over https one that no other host can set."""
    return f"__Host-{_NAMES[cookie]}" if site.secure else f"{_NAMES[cookie]}-demo"


def set_cookie(site: Site, answer: Response, cookie: Cookie, text: str) -> None:
    """Have the browser keep `text`."""
    answer.set_cookie(
        cookie_name(site, cookie),
        text,
        max_age=_SECONDS[cookie],
        path="/",
        secure=site.secure,
        httponly=True,
        samesite="lax",
    )


def clear_cookie(site: Site, answer: Response, cookie: Cookie) -> None:
    """Have the browser forget the cookie."""
    answer.delete_cookie(cookie_name(site, cookie), path="/", secure=site.secure, httponly=True, samesite="lax")


async def who(site: Site, request: Request) -> Signed | None:
    """Return who is signed in at the browser that sent `request`, or None.

    Whoever has left, or is no longer in the directory, is not signed in, whatever their browser holds.
    """
    secret = request.cookies.get(cookie_name(site, "session"))
    if not secret:
        return None
    now = site.clock()
    async with site.db.read() as session:
        row = await sessions.session_of(session, secret, now)
        person = await people.person(session, row.person) if row is not None else None
    if row is None or person is None or not person.is_active(site.today):
        return None
    if now - row.seen_at >= _NOTED_EVERY:
        async with site.db.write() as session:
            await sessions.keep_alive(session, row.digest, now)
    strong = row.strong_until is not None and row.strong_until > now
    return Signed(person, row.digest, row.form_token, row.strong_until if strong else None)


def sign_in_path(request: Request, route: str) -> str:
    """Return the address of the sign-in page that leads back to `route`, named, as `request` asked for it."""
    return f"{request.app.url_path_for('sign_in')}?{urlencode(way_from(request, route))}"


def way_from(request: Request, route: str) -> dict[str, str]:
    """Return what a page needs to know to lead back to `route`, named, as `request` asked for it."""
    parts = [str(part) for part in request.path_params.values()]
    return {"next": route, "at": "/".join(parts)} if parts else {"next": route}


def way_on(sent: Mapping[str, str]) -> dict[str, str]:
    """Return what of `sent` says where to go afterwards, as it came; it is read only when somebody goes there."""
    return {name: sent[name] for name in BACK if sent.get(name)}


def way_back(app: Starlette, route: str, at: str) -> str:
    """Return the address of `route`, filled from `at`; the start page where there is no such route.

    Neither comes from anywhere but the browser, so only names of routes and plain parts make an address.
    """
    home = str(app.url_path_for("home"))
    parts = at.split("/") if at else []
    if len(parts) > _MOST_PARTS or not all(_PART.fullmatch(part) for part in (route, *parts)):
        return home
    routes = [found for found in app.routes if isinstance(found, Route)]
    names = next((list(found.param_convertors) for found in routes if found.name == route), None)
    if names is None or len(names) != len(parts):
        return home
    try:
        return str(app.url_path_for(route, **dict(zip(names, parts, strict=True))))
    except NoMatchFound:
        return home
