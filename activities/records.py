"""What one turn of a case said, put on record and sent."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from temporalio import activity

from activities.mail import Post
from activities.people import People
from domain.cases import Batch, Published
from store.database import Database
from store.keys import CaseKeys
from store.records import write_batch


@dataclass(frozen=True)
class Records:
    """The record of cases: their events, the read model of them, and the mails that go with them."""

    db: Database
    keys: CaseKeys
    people: People
    post: Post
    clock: Callable[[], datetime]

    @activity.defn(name="publish")
    async def publish(self, batch: Batch) -> Published:
        """Record `batch` and queue its mails in one transaction, then send them; return whom its asks reached.

        A batch that is already on record changes nothing. A mail that cannot be sent now is left to a job of its own,
        so that no mail server can hold up a case.

        Raises:
            CaseKeyMissingError: the key of the case is gone.
            SQLAlchemyError: the database did not take it (retried).
        """
        async with self.db.write() as session:
            directory = await self.people.of_batch(session, batch)
            written = await write_batch(session, self.keys, batch, directory, self.clock())
        await self.post.send_or_leave(written.mails)
        return Published(asked=written.asked)
