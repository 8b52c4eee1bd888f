"""What there is to read besides the document that is signed: opened by a button, which puts that on record.

Mail scanners and browsers that fetch ahead follow links and press no button. Where it leads, the pack says alone.
"""

import asyncio
from typing import Final

from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from domain.cases import Act
from domain.document_text import blocks_of
from domain.signatures import opened_by
from starter.engine import EngineLostError
from starter.web.desks import Desk, desk_at, desk_of, gone, sign_in_first, taken, to_case
from starter.web.page import Page, Visit
from starter.web.reading import Pairs, only
from starter.web.signing import ToRead, readings_of

_PATIENCE: Final = 1.0
_LOOKS: Final = 20
"""For how long somebody waits until it is on record, in seconds, and how often that is looked at meanwhile."""

LATER: Final = "It could not be put on record that you opened it, so it was not opened. Try again in a minute."


async def open_reading(visit: Visit) -> Response:
    """Put on record that whoever came by a link opens a reading, and show it; the token in the body admits it.

    Source: Newall Green 12.3 and 12.5 (ACK-14, ACK-18).
    """
    token, rest = taken("token", visit.sent)
    desk = await desk_of(visit, token)
    return sign_in_first(visit, desk) or await _open(visit, desk, rest)


async def open_reading_signed_in(visit: Visit) -> Response:
    """Put on record that somebody signed in opens a reading, and show it."""
    return await _open(visit, await desk_at(visit), visit.sent)


async def reading_by_link(visit: Visit) -> Response:
    """Show a reading that was opened to whoever came by a link."""
    desk = await desk_of(visit, visit.place("token"))
    return sign_in_first(visit, desk) or _shown(visit, desk)


async def reading_signed_in(visit: Visit) -> Response:
    """Show a reading that was opened to somebody signed in."""
    return _shown(visit, await desk_at(visit))


async def _open(visit: Visit, desk: Desk, sent: Pairs) -> Response:
    key = only(tuple(pair for pair in sent if pair[0] != "version"), ("reading",))["reading"]
    _found(desk, key)
    if desk.gone is not None:
        return _too_late(visit, desk)
    act = Act(kind="open", person=desk.person.id, how=desk.how, ask=desk.ask.ask, reading=key)
    try:
        await visit.site.engine.act(desk.known.row.id, act)
    except EngineLostError:
        return visit.show("reading_not_opened.html", 503, desk=desk, why=LATER, back=_back(visit, desk))
    for _ in range(_LOOKS):
        now = await (desk_of(visit, desk.token) if desk.token else desk_at(visit))
        if key in opened_by(desk.person.id, now.known.history):
            break
        await asyncio.sleep(_PATIENCE / _LOOKS)
    return RedirectResponse(_path(visit, desk, key), 303)


def _shown(visit: Visit, desk: Desk) -> Response:
    if desk.gone is not None:
        return _too_late(visit, desk)
    one = _found(desk, visit.place("reading"))
    back = _back(visit, desk)
    if one.opened_at is None:
        return RedirectResponse(f"{back}#readings", 303)
    return visit.show("reading.html", desk=desk, one=one, blocks=blocks_of(one.reading.text), back=back)


def _found(desk: Desk, key: str) -> ToRead:
    """Return what is to be read under that key.

    Raises:
        HTTPException: 404, there is no such reading.
    """
    found = next((one for one in readings_of(desk.known, desk.person.id) if one.reading.key == key), None)
    if found is None:
        raise HTTPException(404)
    return found


def _too_late(visit: Visit, desk: Desk) -> Response:
    return gone(visit, desk) if desk.token else to_case(visit, desk)


def _back(visit: Visit, desk: Desk) -> str:
    """Return where one signs."""
    return desk.path(visit, "decision_link", "task")


def _path(visit: Visit, desk: Desk, key: str) -> str:
    if desk.token:
        return visit.path("reading_by_link", token=desk.token, reading=key)
    reference, ask = desk.known.row.reference, desk.ask.ask
    return visit.path("reading_signed_in", reference=reference, ask=ask, reading=key)


PAGES: Final = (
    Page("/d/open", open_reading, ("POST",), "link"),
    Page("/d/{token}/readings/{reading}", reading_by_link, ("GET",), "link"),
    Page("/tasks/{reference}/{ask}/open", open_reading_signed_in, ("POST",), "signed_in"),
    Page("/tasks/{reference}/{ask}/readings/{reading}", reading_signed_in, ("GET",), "signed_in"),
)
