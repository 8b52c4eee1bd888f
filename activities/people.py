"""Who there is to ask."""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from domain.cases import Batch
from domain.events import AskOpened, Escalated
from domain.people import Directory
from store import people, queries


@dataclass(frozen=True)
class People:
    """The directory, as cases ask for it."""

    async def of_batch(self, session: AsyncSession, batch: Batch) -> Directory:
        """Return everybody of the organisation of the case; nobody where the batch asks and tells nobody."""
        asks = any(isinstance(recorded.event, AskOpened | Escalated) for recorded in batch.events)
        if not asks and not batch.mails:
            return Directory(people=())
        if batch.opening is not None:
            return await people.directory(session, batch.opening.organisation)
        case = await queries.case_by_id(session, batch.case)
        return await people.directory(session, case.organisation) if case else Directory(people=())
