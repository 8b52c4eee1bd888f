"""Documents that are reviewed year after year, on a server whose clock is skipped; with the builders of the tests."""

import asyncio
import logging
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Final

import structlog
from sqlmodel import col, select

from store.rounds.tables import VersionRow
from tests.house import House, house, temporal
from tests.rounds import REVIEW, a_pack_of_rounds, an_opening_of, day, people_of_rounds
from tests.workflows.test_review import begun_again, open_ask, review_once

YEARS: Final = 10
_AT_A_TIME: Final = 8
_FIRST: Final = 100
_YEAR: Final = 366

log = structlog.get_logger()


async def not_done(folder: Path, documents: int, done: Callable[[], None]) -> int:
    """Have so many documents reviewed once a year for ten years; return how many did not get to the end."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    await asyncio.to_thread(folder.mkdir)
    turns = asyncio.Semaphore(_AT_A_TIME)
    async with temporal() as environment, house(environment, folder) as home:

        async def one(number: int) -> bool:
            async with turns:
                well = await _goes_round(home, f"document-{number}")
            done()
            return well

        results = await asyncio.gather(*(one(number) for number in range(documents)))
    return documents - sum(results)


async def _goes_round(home: House, document: str) -> bool:
    """Return whether a document is at its eleventh version after ten years, and each was in force once."""
    opening = an_opening_of(
        REVIEW, document, "Code of conduct", document=document, version="1", review_on=day(home.clock(), _FIRST)
    )
    try:
        case = await home.begin(opening, people_of_rounds(), a_pack_of_rounds())
        await case.settled()
        today = home.clock().date()
        for number in range(2, 2 + YEARS):
            span = timedelta(days=_FIRST if number == 2 else _YEAR)
            await case.pass_time(span)
            today += span
            await open_ask(case, "draft")
            await review_once(case, number, today)
            await begun_again(case, str(number))
    except Exception as error:  # noqa: BLE001 -- what did not get there is counted, and said
        log.warning("not_done", document=document, why=repr(error))
        return False
    async with home.db.read() as session:
        wanted = select(VersionRow.version).where(col(VersionRow.document) == document).order_by(col(VersionRow.n))
        versions = (await session.scalars(wanted)).all()
    return list(versions) == [str(number) for number in range(2, 2 + YEARS)]
