"""The door: what every request must be, and what every answer carries, whatever page it is for."""

import re
import secrets
import traceback
from dataclasses import dataclass
from typing import Final

import structlog
from sqlalchemy.exc import DatabaseError, DBAPIError, InternalError, OperationalError
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from domain.text import forbidden_character
from starter.web.errors import error_page
from starter.web.reading import MOST_BYTES, UnreadableBodyError, read_pairs
from starter.web.site import Site
from store.database import DatabaseLostError

log = structlog.get_logger()

POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Not no-referrer: Chromium would then send `Origin: null` with our own forms.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
    "X-Robots-Tag": "noindex",
}
YEAR: Final = 365 * 24 * 60 * 60
EMBEDDED: Final = frozenset({"embed", "fencedframe", "frame", "iframe", "object"})
UNSAFE: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
PROBES: Final = frozenset({"/healthz", "/readyz"})
"""What a supervisor asks, by whatever name it knows the machine; the answer tells nothing else."""

_FRAMES: Final = 6
_UNTOLD: Final = re.compile(
    r"/(?:domain|starter|store|templates)/.*"
    r"(?:allegation|clearing|confidential|entries|entry|keeping|matter|referral|report|retention|/c_|/kept)"
)
"""The files that only confidential work uses: that somebody is at it, no log tells."""

SAME_ORIGIN: Final = "duly.same_origin"
"""In the scope: whether the browser said that the form is from a page of this site."""


class RefusedError(Exception):
    """A request that goes no further than the door."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status
        self.why = why


@dataclass(frozen=True)
class Guard:
    """Refuses what no browser showing a page of this site would send; adds the headers that every answer needs."""

    app: ASGIApp
    site: Site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._other(scope, receive, send)
            return
        request_id = secrets.token_hex(8)
        started = False

        async def answer(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                self._add_headers(MutableHeaders(scope=message), request_id)
            await send(message)

        try:
            self._check(scope)
            body = await _whole_body(receive, Headers(scope=scope))
        except RefusedError as refused:
            log.info("refused", request=request_id, status=refused.status, why=refused.why)
            await self._error(refused.status, scope)(scope, receive, answer)
            return
        try:
            await self.app(scope, _once(body, receive), answer)
        except Exception as error:  # noqa: BLE001 -- the last line: whatever failed, the reader gets a page and an id
            lost = _is_lost(error)
            if lost:
                kind = error.kind if isinstance(error, DatabaseLostError) else type(error).__name__
                log.warning("database_lost", request=request_id, error=kind)
            else:
                # Not its message, which may hold what somebody wrote.
                frames = traceback.extract_tb(error.__traceback__)
                told = [frame for frame in frames if not _UNTOLD.search(frame.filename)]
                where = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in told[-_FRAMES:]]
                log.error("failed", request=request_id, error=type(error).__name__, where=where)  # noqa: TRY400
            if not started:
                await self._error(503 if lost else 500, scope, request_id)(scope, receive, answer)

    async def _other(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1000})
        else:
            await self.app(scope, receive, send)

    def _error(self, status: int, scope: Scope, request_id: str = "") -> Response:
        return error_page(self.site, status, here=scope["path"], request_id=request_id)

    def _add_headers(self, headers: MutableHeaders, request_id: str) -> None:
        for name, text in HEADERS.items():
            headers[name] = text
        headers.setdefault("Cache-Control", "no-store")
        headers["X-Request-Id"] = request_id
        if self.site.secure:
            headers["Strict-Transport-Security"] = f"max-age={YEAR}"

    def _check(self, scope: Scope) -> None:
        headers = Headers(scope=scope)
        if scope["path"] not in PROBES and [host.lower() for host in headers.getlist("host")] != [self.site.host]:
            raise RefusedError(421, why="host")
        if forbidden_character(scope["path"]) is not None or "\ufffd" in scope["path"]:
            raise RefusedError(400, why="path")
        try:
            read_pairs(scope["query_string"])
        except UnreadableBodyError:
            raise RefusedError(400, why="query") from None
        if headers.get("sec-fetch-dest") in EMBEDDED:
            raise RefusedError(403, why="embedded")
        if scope["method"] in UNSAFE:
            scope[SAME_ORIGIN] = self._is_same_origin(headers)

    def _is_same_origin(self, headers: Headers) -> bool:
        """Return whether the browser says so; False where it says nothing, as an old one does.

        Raises:
            RefusedError: it says that the form is from another site.
        """
        site, origin = headers.get("sec-fetch-site"), headers.get("origin")
        if site is not None:
            if site != "same-origin":
                raise RefusedError(403, why="cross-site")
            return True
        if origin is None:
            return False
        if origin.lower() != self.site.settings.base_url.lower():
            raise RefusedError(403, why="origin")
        return True


def _is_lost(error: Exception) -> bool:
    """Return whether `error` says that the database cannot be reached: what was under way was not kept."""
    if isinstance(error, DatabaseError):
        return isinstance(error, OperationalError | InternalError)
    # asyncpg's own errors of a lost connection are of none of SQLAlchemy's kinds.
    return isinstance(error, DBAPIError | OSError | TimeoutError)


async def _whole_body(receive: Receive, headers: Headers) -> bytes:
    """Return the body.

    Raises:
        RefusedError: it is larger than any form.
    """
    if not headers.get("content-length", "0").isdigit() or int(headers.get("content-length", "0")) > MOST_BYTES:
        raise RefusedError(400, why="size")
    chunks: list[bytes] = []
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise RefusedError(400, why="disconnected")
        chunks.append(message.get("body", b""))
        more = message.get("more_body", False)
        if sum(map(len, chunks)) > MOST_BYTES:
            raise RefusedError(400, why="size")
    return b"".join(chunks)


def _once(body: bytes, receive: Receive) -> Receive:
    """Return what hands over `body` once, and then whatever else comes."""
    handed = False

    async def hand_over() -> Message:
        nonlocal handed
        if handed:
            return await receive()
        handed = True
        return {"type": "http.request", "body": body, "more_body": False}

    return hand_over
