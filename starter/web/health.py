"""What a supervisor asks: is the process alive, and can it work?"""

from typing import Final

from sqlalchemy.exc import SQLAlchemyError
from starlette.responses import PlainTextResponse

from starter.web.page import Page, Visit
from store.version import is_pending


async def healthz(visit: Visit) -> PlainTextResponse:
    """Say that the process answers."""
    del visit
    return PlainTextResponse("alive\n")


async def readyz(visit: Visit) -> PlainTextResponse:
    """Say whether the database answers in its newest form, and Temporal answers; 503 names what does not."""
    missing = [
        name
        for name, answers in (
            ("database", await _database_answers(visit)),
            ("temporal", await visit.site.engine.ready()),
        )
        if not answers
    ]
    if missing:
        return PlainTextResponse(f"not ready: {', '.join(missing)}\n", 503)
    return PlainTextResponse("ready\n")


async def _database_answers(visit: Visit) -> bool:
    try:
        await visit.site.prepared()
        async with visit.site.db.read() as session:
            connection = await session.connection()
            return not await connection.run_sync(is_pending)
    except (SQLAlchemyError, OSError):
        return False


PAGES: Final = (
    Page("/healthz", healthz, ("GET",), "anyone"),
    Page("/readyz", readyz, ("GET",), "anyone"),
)
