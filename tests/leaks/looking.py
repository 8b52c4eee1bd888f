"""Looking at everything that somebody can reach: every page there is, whatever its address needs, and its answer."""

import asyncio
import json
import re
import time
from collections.abc import Awaitable, Callable, Container, Iterable, Iterator
from contextlib import contextmanager
from itertools import product
from typing import Any, Final, NamedTuple, get_args

from httpx2 import Response
from sqlalchemy import event

from starter.web import PAGES
from starter.web.page import Access, Page
from store.database import Database
from tests.starter.web.conftest import Browser

_PATIENCE: Final = 30.0
_LOOK: Final = 0.03

NOT_THERE: Final = "K7QM-4TXR"
"""The reference of no case at all."""

EVERYBODY: Final = frozenset[Access](get_args(Access))
"""Whoever pages are open to."""

_LINK: Final = re.compile(r'href="(/[^"#]*)')
_PARTS: Final[dict[str, tuple[str, ...]]] = {
    "process": ("site_creation", "allegation", "disciplinary", "nothing"),
    "section": ("site", "nothing"),
    "reading": ("briefing-note", "nothing"),
    "ask": ("a1", "a2"),
    "n": ("1", "4"),
    "kind": ("lado_referral_made", "message_written", "nothing"),
    "batch": ("1",),
    "fingerprint": ("nothing",),
    "file": ("duly.css",),
    "token": ("A" * 43,),
    "secret": ("A" * 43,),
    "mail": ("0" * 32,),
    "id": ("0" * 32,),
    "hold": ("0" * 32,),
}
"""What stands for each part of an address, where that is the same for everybody."""


class Seen(NamedTuple):
    """What came of an address: the whole answer, and the statements that the database was asked meanwhile."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    statements: tuple[str, ...]


def addresses(references: Iterable[str], keys: Iterable[str], access: Container[Access] = EVERYBODY) -> list[str]:
    """Return every address that can be opened, with each of `references`, and `keys` of drafts, where it has one.

    With `access`, only those of pages that are open to whom it names.

    Raises:
        KeyError: a page has a part in its address that is not known here: it has to be added.
    """
    parts = {**_PARTS, "reference": tuple(references), "key": tuple(keys)}
    pages = (page for page in PAGES if "GET" in page.methods and page.access in access)
    return [address for page in pages for address in _filled(page, parts)]


def _filled(page: Page, parts: dict[str, tuple[str, ...]]) -> Iterator[str]:
    names = [name.partition(":")[0] for name in re.findall(r"{([^}]*)}", page.path)]
    for chosen in product(*(parts[name] for name in names)):
        address = page.path.replace(":path", "")
        for name, part in zip(names, chosen, strict=True):
            address = address.replace(f"{{{name}}}", part)
        yield address


class Looker:
    """Somebody who looks at everything, and at what everything leads to."""

    def __init__(self, browser: Browser, db: Database, token: str = "", known: Iterable[str] = ()) -> None:
        """Look with `browser` at a site on `db`; with a `token`, as a program does; not at what is `known`."""
        self._browser = browser
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._db = db
        self._known = frozenset(known)

    async def get(self, address: str) -> Seen:
        """Open a page."""
        with counted(self._db) as statements:
            return seen(await self._browser.get(address, **self._headers), statements)

    async def post(self, address: str, **fields: str) -> Seen:
        """Send a form."""
        with counted(self._db) as statements:
            return seen(await self._browser.post(address, fields), statements)

    async def send(self, address: str, sent: dict[str, Any]) -> Seen:
        """Send what a program sends."""
        with counted(self._db) as statements:
            body = json.dumps(sent).encode()
            kind = {"Content-Type": "application/json"}
            return seen(await self._browser.client.post(address, content=body, headers=kind), statements)

    async def everything(self, addresses: Iterable[str]) -> dict[str, Seen]:
        """Open each of `addresses`, and every other that a page on the way leads to, but what is known."""
        found: dict[str, Seen] = {}
        to_open = list(addresses)
        while to_open:
            address = to_open.pop(0)
            if address in found or address in self._known:
                continue
            found[address] = await self.get(address)
            to_open += _LINK.findall(found[address].body.decode(errors="replace").replace("&amp;", "&"))
        return found


def seen(answer: Response, statements: list[str]) -> Seen:
    """Return what an answer shows of itself."""
    headers = tuple((name, text) for name, text in answer.headers.items())
    return Seen(answer.status_code, headers, answer.content, tuple(statements))


@contextmanager
def counted(db: Database) -> Iterator[list[str]]:
    """Yield the statements that `db` is asked while the block runs, as they come."""
    statements: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        del connection, cursor, rest
        statements.append(statement)

    engines = [engine.sync_engine for engine in dict.fromkeys(db._engines)]
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", note)


async def until(ready: Callable[[], Awaitable[bool]]) -> None:
    """Wait until something is so.

    Raises:
        TimeoutError: it does not become so.
    """
    ends = time.monotonic() + _PATIENCE
    while not await ready():
        if time.monotonic() > ends:
            raise TimeoutError
        await asyncio.sleep(_LOOK)
