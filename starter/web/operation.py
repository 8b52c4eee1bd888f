"""The operation of one case, for administrators without a part in it: what Temporal says, and whether it replays.

Of confidential cases there is none: whoever runs Duly learns nothing of them here.
"""

from typing import Final

from starlette.exceptions import HTTPException
from starlette.responses import Response

from domain.access import allow
from starter.engine import EngineLostError
from starter.runs import REPLAY_WITHIN, Replayed, Run
from starter.web.known import Known, case_for
from starter.web.page import Page, Visit
from starter.web.reading import only

_SAID: Final = {
    "holds": "It holds. Replayed on the code that runs today, the history of {events} events comes out the same.",
    "differs": "It does not hold. The code that runs today would not have written these {events} events. Nothing of "
    "the case is lost, but it cannot go on under this code: tell whoever looks after Duly, with the reference.",
    "too_long": "It was not finished: after {seconds} seconds the replay was given up. That says nothing of the case.",
    "busy": "Another history is being replayed. Try again in a moment.",
    "gone": "Temporal does not have the history any more, so there is nothing to replay. The record of the case stays.",
}


async def operation(visit: Visit) -> Response:
    """Show a case as Temporal describes it; by POST, replay its history and say whether it holds."""
    known = await case_for(visit, visit.place("reference"))
    if not allow(visit.viewer, "intervene", known.access):
        raise HTTPException(404)
    if not visit.is_post:
        return await _show(visit, known)
    only(visit.sent, ())
    try:
        replayed = await visit.site.engine.replay(known.row.id)
    except EngineLostError:
        return await _show(visit, known)
    return await _show(visit, known, replayed)


async def _show(visit: Visit, known: Known, replayed: Replayed | None = None) -> Response:
    run: Run | None = None
    answers = True
    try:
        run = await visit.site.engine.run_of(known.row.id)
    except EngineLostError:
        answers = False
    said = _SAID[replayed.verdict].format(events=replayed.events, seconds=round(REPLAY_WITHIN)) if replayed else ""
    return visit.show(
        "operation.html",
        200 if answers else 503,
        known=known,
        run=run,
        answers=answers,
        said=said,
        differs=replayed is not None and replayed.verdict == "differs",
        now=visit.site.clock(),
    )


PAGES: Final = (Page("/cases/{reference}/operation", operation, ("GET", "POST"), "administrator"),)
