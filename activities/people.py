"""What a case needs to know of the world: who there is, and what it began with."""

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from activities.writing import CaseFile
from domain.cases import Opening
from domain.events import Recorded
from store import packs, people, queries
from store.keys import CaseKeys
from store.tables import CaseRow, MailRow

_REMEMBERED: Final = 1000


@dataclass(frozen=True)
class People:
    """The directory and the files of cases, as activities ask for them."""

    keys: CaseKeys
    _openings: OrderedDict[str, Opening] = field(default_factory=OrderedDict)

    async def opening(self, session: AsyncSession, case: CaseRow) -> Opening:
        """Return what `case` began with; it never changes, so that the latest are remembered."""
        known = self._openings.get(case.id)
        if known is None:
            known = await queries.opening_of(session, self.keys, case)
            self._openings[case.id] = known
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
        file = CaseFile(
            opening=opening,
            pack=await packs.pack_of(session, opening.pack_digest),
            standing=await queries.standing_of(session, self.keys, case),
            asked=await queries.reached(session, case.id),
            directory=await people.directory(session, case.organisation),
        )
        return file, about
