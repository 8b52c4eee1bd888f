"""The calendars of open cases, brought up to date with those of the packs: what moves, and moving it.

Of confidential cases nothing is said: not that there are any, nor that one of them was moved or could not be.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from sqlalchemy import select
from sqlmodel import col

import packs
from domain.calendar import Calendar
from domain.calendar_changes import Moved, brought_up_to_date, coming_moved, moved, years_to_know
from domain.cases import Act, Opening, Standing
from domain.pack import Pack
from domain.round_entries import OtherDay
from starter.engine import EngineLostError
from starter.web.site import Cases
from store import confidential, queries
from store.database import Database
from store.keys import CaseKeyMissingError, CaseKeys, SealBrokenError
from store.tables import CaseRow

_CHUNK: Final = 200
_AT_ONCE: Final = 20

Why = str
"""Why a case does not go by the calendar of its pack, in a sentence."""

NO_ANSWER: Final[Why] = "Temporal did not answer in time; the next run tries again."
UNREADABLE: Final[Why] = "Its record cannot be read; see `duly audit verify`."
NO_PACK: Final[Why] = "There is no pack of its organisation."
REFUSED: Final[Why] = "It takes no other calendar any more."


@dataclass(frozen=True)
class Changed:
    """An ordinary case that goes by another calendar, or would, and the asks that are due on another day by it.

    `coming` is what else comes by itself on another day.
    """

    reference: str
    moved: tuple[Moved, ...]
    why_not: Why = ""
    coming: tuple[OtherDay, ...] = ()


@dataclass(frozen=True)
class Recomputing:
    """Looks at every open case; with `dry_run`, at ordinary ones only, and changes nothing."""

    db: Database
    keys: CaseKeys
    engine: Cases
    offered: Mapping[str, Pack]
    today: date
    dry_run: bool = False
    _expanded: dict[tuple[str, range], Calendar] = field(default_factory=dict)

    async def run(self) -> AsyncIterator[Changed]:
        """Yield each ordinary case whose calendar is another now, once it goes by that; see to the others silently."""
        after = ""
        turns = asyncio.Semaphore(_AT_ONCE)

        async def look_at(row: CaseRow) -> Changed | None:
            async with turns:
                return await self._look_at(row)

        while True:
            wanted = select(CaseRow).where(col(CaseRow.closed_at).is_(None), col(CaseRow.id) > after)
            async with self.db.read() as session:
                rows: Sequence[CaseRow] = (await session.scalars(wanted.order_by(col(CaseRow.id)).limit(_CHUNK))).all()
            for changed in await asyncio.gather(*map(look_at, rows)):
                if changed is not None:
                    yield changed
            if len(rows) < _CHUNK:
                break
            after = rows[-1].id
        if not self.dry_run:
            await self._look_in_confidence()

    async def _look_at(self, row: CaseRow) -> Changed | None:
        pack = self.offered.get(row.organisation)
        if pack is None:
            return Changed(row.reference, (), NO_PACK)
        try:
            async with self.db.read() as session:
                opening = await queries.opening_of(session, self.keys, row)
                standing = await queries.standing_of(session, self.keys, row)
                calendar = self._calendar(pack, opening, standing)
                if calendar == opening.calendar:
                    return None
                history = await queries.history(session, self.keys, row.id)
                asked = await queries.reached(session, row.id)
        except (CaseKeyMissingError, SealBrokenError, queries.BrokenRecordError):
            return Changed(row.reference, (), UNREADABLE)
        found = moved(opening, standing, history, calendar)
        coming = coming_moved(opening, standing, asked, history, calendar)
        if self.dry_run:
            return Changed(row.reference, found, coming=coming)
        try:
            reply = await self.engine.act(row.id, _recalendar(calendar, coming))
        except EngineLostError:
            return Changed(row.reference, (), NO_ANSWER)
        if reply.says == "not_offered":
            return Changed(row.reference, (), REFUSED)
        # One that ended, or was moved meanwhile, has nothing to be told of.
        return Changed(row.reference, found, coming=coming) if reply.says == "done" else None

    async def _look_in_confidence(self) -> None:
        """Do the same for confidential cases; what one of them cannot do, the next run tries again."""
        for organisation, pack in self.offered.items():
            async with self.db.read() as session:
                found = await confidential.open_cases(session, self.keys, organisation)
            for case, opening, standing in found:
                calendar = self._calendar(pack, opening, standing)
                if calendar != opening.calendar:
                    with suppress(EngineLostError):
                        await self.engine.act(case, _recalendar(calendar))

    def _calendar(self, pack: Pack, opening: Opening, standing: Standing) -> Calendar:
        years = years_to_know(opening, standing, self.today, packs.YEARS)
        known = (pack.organisation.key, years)
        if known not in self._expanded:
            self._expanded[known] = packs.expand(pack.calendar, years.start, len(years))
        return brought_up_to_date(opening.calendar, self._expanded[known], years)


def _recalendar(calendar: Calendar, coming: tuple[OtherDay, ...] = ()) -> Act:
    # A calendar may change and change back: the same words, another occasion.
    occasion = secrets.token_hex(8)
    return Act(kind="recalendar", person="duly", how="duly", calendar=calendar, coming=coming, occasion=occasion)
