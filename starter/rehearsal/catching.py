"""The mail server of a rehearsal, which keeps all that it is given, and the scanner that opens what is in it."""

import asyncio
import re
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from datetime import datetime
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message
from functools import cached_property
from pathlib import Path
from typing import Final

from aiosmtpd.smtp import SMTP, Envelope, Session

from starter.rehearsal.watching import Clock
from starter.web import create_app
from starter.web.site import Site

BASE_URL: Final = "http://127.0.0.1:8000"
LOOPBACK: Final = "127.0.0.1"
_FAILED: Final = 500
_LINK: Final = re.compile(re.escape(BASE_URL) + r"(/[^\s<>\")]*)")


@dataclass(frozen=True)
class Caught:
    """A mail as it was handed over: when by the clock, to whom, and the message."""

    at: datetime
    to: str
    content: bytes

    @cached_property
    def _message(self) -> Message:
        # The parser's newer policy takes ten times as long.
        return message_from_bytes(self.content)

    @cached_property
    def subject(self) -> str:
        """Its subject."""
        return " ".join(str(make_header(decode_header(self._message["Subject"] or ""))).split())

    @property
    def text(self) -> str:
        """What it says, in plain text."""
        parts = (part for part in self._message.walk() if part.get_content_type() == "text/plain")
        content = next((part.get_payload(decode=True) for part in parts), b"")
        return content.decode("utf-8").replace("\r\n", "\n") if isinstance(content, bytes) else ""

    def links(self) -> tuple[str, ...]:
        """Return where its links lead, each once."""
        return tuple(dict.fromkeys(_LINK.findall(self.text)))


@dataclass
class Sink:
    """The mail server: it keeps what it is given, and takes nothing while it is `out`."""

    clock: Clock
    out: bool = False
    caught: list[Caught] = field(default_factory=list)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 -- aiosmtpd's name
        """Keep a message, or say that it cannot be taken now."""
        del server, session
        if self.out:
            return "451 The mail server is out"
        content = envelope.original_content or b""
        self.caught.append(Caught(self.clock(), ", ".join(envelope.rcpt_tos), content))
        return "250 Kept"

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[int]:
        """Listen on loopback, and yield the port."""
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: SMTP(self, enable_SMTPUTF8=True, loop=loop), LOOPBACK, 0)
        async with server:
            yield server.sockets[0].getsockname()[1]


@dataclass
class Scanner:
    """Opens links as some mail gateways do, and sees whether anything came of it."""

    site: Site
    database: Path

    @cached_property
    def _app(self) -> Callable[..., Awaitable[None]]:
        return create_app(self.site)

    async def open(self, paths: Iterable[str]) -> list[str]:
        """Open each of `paths` twice, first without and then with its page; return what that changed, in words."""
        changed = []
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as watching:

            def version() -> tuple[int]:
                """Return what is another as soon as anything was written by anybody."""
                found: tuple[int] = watching.execute("PRAGMA data_version").fetchone()
                return found

            for path in paths:
                before = version()
                for method in ("HEAD", "GET"):
                    status = await self._request(method, path)
                    if status >= _FAILED:
                        changed.append(f"{method} of a link was answered {status}")
                if version() != before:
                    changed.append("something was written when a link was opened")
        return changed

    async def _request(self, method: str, path: str) -> int:
        status = 0

        async def receive() -> dict[str, object]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: dict[str, object]) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = int(str(message["status"]))

        host, _, port = BASE_URL.removeprefix("http://").partition(":")
        where, _, query = path.partition("?")
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": where,
            "raw_path": where.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [(b"host", f"{host}:{port}".encode()), (b"user-agent", b"a scanner")],
            "client": (LOOPBACK, 1),
            "server": (host, int(port)),
        }
        await self._app(scope, receive, send)
        return status
