"""A browser that costs next to nothing: one kept connection, one cookie, and no look at what it is shown."""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode, urlsplit

_FORM: Final = "application/x-www-form-urlencoded"
_FORM_TOKEN: Final = re.compile(r'name="form_token" value="([^"]+)"')


@dataclass(frozen=True)
class Shown:
    """What came back."""

    status: int
    location: str
    body: str


class Browser:
    """Somebody at a computer."""

    def __init__(self, base_url: str, name: str = "") -> None:
        """Have somebody called `name` go to the site at `base_url`."""
        self.name = name
        parts = urlsplit(base_url)
        self._host, self._port = parts.hostname or "", parts.port or 0
        self._headers = f"Host: {parts.netloc}\r\nSec-Fetch-Site: same-origin\r\n"
        self._cookies: dict[str, str] = {}
        self._connection: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self.form_token = ""

    async def get(self, path: str) -> Shown:
        """Open a page."""
        return await self._ask("GET", path, b"")

    async def post(self, path: str, fields: Mapping[str, str]) -> Shown:
        """Send a form; whoever is signed in proves with its token that it is from a page of the site."""
        token = {"form_token": self.form_token} if self.form_token else {}
        return await self._ask("POST", path, urlencode({**token, **fields}).encode())

    async def take_form_token(self) -> None:
        """Note the token of the forms that are shown to whoever is signed in now."""
        found = _FORM_TOKEN.search((await self.get("/")).body)
        if found is None:
            msg = "nobody is signed in here"
            raise RuntimeError(msg)
        self.form_token = found.group(1)

    def keep(self, cookie: str, secret: str) -> None:
        """Keep a cookie, as if the site had set it."""
        self._cookies[cookie] = secret

    def be_as(self, other: "Browser") -> None:
        """Be signed in as whoever is at `other`."""
        self._cookies, self.form_token = other._cookies, other.form_token

    async def close(self) -> None:
        """Hang up."""
        if self._connection is not None:
            self._connection[1].close()
            self._connection = None

    async def _ask(self, method: str, path: str, body: bytes) -> Shown:
        cookies = "; ".join(f"{name}={text}" for name, text in self._cookies.items())
        head = f"{method} {path} HTTP/1.1\r\n{self._headers}Cookie: {cookies}\r\n"
        head += f"Content-Type: {_FORM}\r\nContent-Length: {len(body)}\r\n\r\n"
        request = head.encode() + body
        if self._connection is not None:
            try:
                return await self._exchange(self._connection, request)
            except (OSError, EOFError):
                # The site hangs up on whoever is silent for some seconds; a browser then calls again.
                await self.close()
        self._connection = await asyncio.open_connection(self._host, self._port)
        try:
            return await self._exchange(self._connection, request)
        except (OSError, EOFError):
            await self.close()
            raise

    async def _exchange(self, connection: tuple[asyncio.StreamReader, asyncio.StreamWriter], request: bytes) -> Shown:
        reader, writer = connection
        writer.write(request)
        return await self._read(reader)

    async def _read(self, reader: asyncio.StreamReader) -> Shown:
        lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        location, length, closes = "", 0, False
        for name, _, text in (line.partition(": ") for line in lines[1:] if line):
            match name.lower():
                case "location":
                    location = text
                case "content-length":
                    length = int(text)
                case "connection":
                    closes = text.lower() == "close"
                case "set-cookie":
                    cookie, _, secret = text.partition(";")[0].partition("=")
                    self._cookies[cookie] = secret
                case _:
                    pass
        body = (await reader.readexactly(length)).decode()
        if closes:
            await self.close()
        return Shown(int(lines[0].split()[1]), location, body)
