"""Handing an act to a case, and the way on from there: to its page, or to why nothing was done."""

import asyncio
from typing import Final

from starlette.responses import Response

from domain.cases import Act, Reply, Said
from starter.web.known import Known
from starter.web.page import Visit
from store import queries

_PATIENCE: Final = 1.0
_LOOKS: Final = 20
"""For how long somebody waits for the record to catch up, in seconds, and how often it is looked at meanwhile."""

LATER: Final = "Nothing was done, because Duly could not reach the request. Try again in a minute"

_WHY: Final[dict[Said, str]] = {
    "closed": "The request has ended. Most likely it has just been decided.",
    "held": "The request is on hold until an administrator settles a disputed answer.",
    "too_soon": "Those asked were reminded today already. You may have them reminded again tomorrow.",
}
"""Why nothing was done, by what the case said; where it said anything else, something has changed meanwhile."""


async def hand_over(visit: Visit, known: Known, act: Act, not_done: str) -> Response:
    """Have the case take `act`; return the way to its page, or, under the heading `not_done`, why nothing was done.

    Raises:
        EngineLostError: the case could not be reached.
    """
    reply = await visit.site.engine.act(known.row.id, act)
    if reply.says != "done":
        return visit.show("not_done.html", 409, known=known, title=not_done, why=_why(known, reply))
    for _ in range(_LOOKS):
        if await _is_recorded(visit, known, act):
            return visit.go("case", reference=known.row.reference)
        await asyncio.sleep(_PATIENCE / _LOOKS)
    return visit.show("recorded_soon.html", known=known)


def _why(known: Known, reply: Reply) -> str:
    if reply.says == "refused":
        return f"{known.clause(reply.clause or '')} does not allow it now. The attempt is on record."
    return _WHY.get(
        reply.says, "It is not possible any more. Most likely the request has just been answered or changed."
    )


async def _is_recorded(visit: Visit, known: Known, act: Act) -> bool:
    """Return whether the record has an event by whoever acted, with what they said."""
    async with visit.site.db.read() as session:
        history = await queries.history(session, visit.site.keys, known.row.id)
    events = (said.event for said in history)
    return any((getattr(e, "by", None), getattr(e, "comment", None)) == (act.person, act.comment) for e in events)
