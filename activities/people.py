"""What a case needs to know of the world: who there is, and what it began with."""

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from activities.writing import CHANGES, CaseFile
from domain.cases import Opening
from domain.events import DatePassed, Recorded, RequestUnfit, Returned
from store import packs, people, queries
from store.keys import CaseKeys
from store.tables import CaseRow, MailRow

_REMEMBERED: Final = 1000


@dataclass(frozen=True)
class People:
    """The directory and the files of cases, as activities ask for them."""

    keys: CaseKeys
    _openings: OrderedDict[tuple[str, int], Opening] = field(default_factory=OrderedDict)

    async def opening(self, session: AsyncSession, case: CaseRow) -> Opening:
        """Return what `case` began with; it is sealed anew only when the case changes packs, so the latest are kept."""
        key = case.id, hash(case.sealed_opening)
        known = self._openings.get(key)
        if known is None:
            known = await queries.opening_of(session, self.keys, case)
            self._openings[key] = known
            if len(self._openings) > _REMEMBERED:
                self._openings.popitem(last=False)
        return known

    async def case_file(self, session: AsyncSession, row: MailRow) -> tuple[CaseFile, Recorded | None] | None:
        """Return what is known of the case of `row`, and the event that it is about."""
        case = await queries.case_by_id(session, row.case or "")
        if case is None:
            return None
        opening = await self.opening(session, case)
        about = await queries.event_of(session, self.keys, case.id, row.about) if row.about is not None else None
        sent_back = await self.sent_back(session, case.id) if row.template == CHANGES else None
        file = CaseFile(
            opening=opening,
            pack=await packs.pack_of(session, opening.pack_digest),
            standing=await queries.standing_of(session, self.keys, case),
            asked=await queries.reached(session, case.id),
            directory=await people.directory(session, case.organisation),
            sent_back=sent_back,
        )
        return file, about

    async def sent_back(self, session: AsyncSession, case: str) -> Recorded | None:
        """Return what last sent the request of a case back to its author, or None."""
        history = await queries.history(session, self.keys, case)
        ways = (said for said in reversed(history) if isinstance(said.event, Returned | RequestUnfit | DatePassed))
        return next(ways, None)
