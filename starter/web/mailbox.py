"""The caught mail, in demo mode only: shown as text, whatever a mail says."""

import asyncio
import re
from typing import Final, NamedTuple

from starlette.exceptions import HTTPException
from starlette.responses import Response

from starter import mailcatcher
from starter.web.page import Page, Visit

_ADDRESS: Final = re.compile(r"https?://[^\s<>\"]+[^\s<>\".]")


class Piece(NamedTuple):
    """A piece of a mail's text; `link` leads on within this site, and is empty where nothing does."""

    text: str
    link: str = ""


async def mailbox(visit: Visit) -> Response:
    """Show the caught mail, newest first."""
    return visit.show("mailbox.html", mails=await _caught(visit))


async def caught_mail(visit: Visit) -> Response:
    """Show one caught mail as text, and its HTML as it was written, not as it would look."""
    wanted = visit.place("mail")
    mail = next((mail for mail in await _caught(visit) if mail.id == wanted), None)
    if mail is None:
        raise HTTPException(404)
    return visit.show("mail.html", mail=mail, pieces=pieces(mail.text, visit.site.settings.base_url))


async def _caught(visit: Visit) -> list[mailcatcher.CaughtMail]:
    return await asyncio.to_thread(mailcatcher.messages, visit.site.settings.mailbox)


def pieces(text: str, base_url: str) -> tuple[Piece, ...]:
    """Return `text` in pieces, in which addresses of this site, and no others, are links."""
    found, end = [], 0
    for match in _ADDRESS.finditer(text):
        address = match.group()
        path = address.removeprefix(base_url)
        # Two slashes would lead to another site.
        if path == address or not path.startswith("/") or path.startswith("//"):
            continue
        found += [Piece(text[end : match.start()]), Piece(address, path)]
        end = match.end()
    return tuple(piece for piece in (*found, Piece(text[end:])) if piece.text)


PAGES: Final = (
    Page("/mailbox", mailbox, ("GET",), "demo"),
    Page("/mailbox/{mail}", caught_mail, ("GET",), "demo"),
)
