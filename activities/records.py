"""What one turn of a case said, put on record and sent."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession
from temporalio import activity
from temporalio.service import RPCError

import packs
from activities.mail import Post
from activities.people import People
from activities.writing import CHANGES, CaseFile, Letter
from domain.calendar import end_of, local_day
from domain.cases import Act, Batch, Published
from domain.mails import NEUTRAL
from domain.names import PUBLISH
from store import confidential, mails, people, queries, stuck
from store import packs as pack_texts
from store.database import Database
from store.keys import CaseKeys
from store.records import Written, write_batch
from store.rounds import rolls
from store.tables import CaseRow, MailRow

_AT_ONCE: Final = 20
"""How many cases are begun, or told something, at the same time."""


@dataclass(frozen=True)
class Records:
    """The record of cases: their events, the read model of them, and the mails that go with them.

    Of these, nobody gets more than `mails_a_day`; what is more is put by for a digest.
    """

    db: Database
    keys: CaseKeys
    people: People
    post: Post
    clock: Callable[[], datetime]
    mails_a_day: int

    @activity.defn(name=PUBLISH)
    async def publish(self, batch: Batch) -> Published:
        """Record `batch` and write its mails in one transaction, then send them; return whom its asks reached.

        A batch that is already on record changes nothing, and only what was not sent is sent. A mail that cannot be
        sent now is left to a job of its own, so that no mail server can hold up a case.

        While it fails time after time, the case is among those that do not get on.

        Raises:
            CaseKeyMissingError: the key of the case is gone.
            RPCError: Temporal did not begin a case that was opened out of this one (retried).
            SQLAlchemyError: the database did not take it (retried).
        """
        at = self.clock()
        failed_before = activity.info().attempt - 1
        async with _alive():
            if failed_before >= stuck.TRIES:
                await self._note_stuck(batch.case, at)
            async with self.db.write() as session:
                written: confidential.Written | Written
                if await _is_confidential(session, batch):
                    published, letters, written = await self._in_confidence(session, batch, at)
                else:
                    published, letters, written = await self._in_the_open(session, batch, at)
            if isinstance(written, confidential.Written):
                await self._move_others(written)
            else:
                await self._tell_webhooks(written.deliveries)
                await self._move_rounds(written)
                published = await self._again(batch, await self._roll(batch, published, at), at)
            if letters:
                await self.post.deliver(letters)
            if failed_before:
                async with self.db.write() as session:
                    await stuck.forget(session, batch.case)
        return published

    async def _note_stuck(self, case: str, at: datetime) -> None:
        """Note that a case does not get on, unless the database is what it waits for."""
        with suppress(SQLAlchemyError, OSError):
            async with self.db.write() as session:
                await stuck.note(session, case, at)

    async def _move_others(self, written: confidential.Written) -> None:
        """Begin the cases that were opened out of this one, and halt those that it does not permit any more."""
        for opening in written.begins:
            await self.post.jobs.begin(opening)
        for case in written.halts:
            halt = Act(kind="halt", person="duly", how="duly", occasion=written.occasion)
            await self.post.jobs.act(case, halt)

    async def _tell_webhooks(self, deliveries: Sequence[str]) -> None:
        """Leave what webhooks are told to jobs; what Temporal does not take now, the lookout sees to."""
        with suppress(RPCError):
            await self._at_once(self.post.jobs.tell_webhook(one) for one in deliveries)

    async def _move_rounds(self, written: Written) -> None:
        """Begin the cases that were begun out of this one, and tell campaigns that they are superseded."""
        for opening in written.begins:
            await self.post.jobs.begin(opening)
        for case in written.supersedes:
            await self.post.jobs.act(case, _call_off("superseded"))

    async def _roll(self, batch: Batch, published: Published, at: datetime) -> Published:
        """Call the roll that the batch wants called: have cases begun and called off, and return how it stands."""
        if batch.roll is None:
            return published
        async with self.db.write() as session:
            case = await session.get_one(CaseRow, batch.case)
            opening = await self.people.opening(session, case)
            directory = await people.directory(session, opening.organisation)
            called = await rolls.look_through(session, self.keys, opening, batch.roll, directory, at)
        await self._at_once(self.post.jobs.begin(one) for one in called.begins)
        await self._at_once(self.post.jobs.act(case, _call_off(called.why)) for case in called.call_off)
        async with self.db.write() as session:
            await rolls.mark_begun(session, called.begins, at)
            counted = await rolls.counts(session, batch.case, called.more, called.visitors)
        return published.model_copy(update={"roll": counted})

    async def _at_once(self, jobs: Iterable[Awaitable[None]]) -> None:
        turns = asyncio.Semaphore(_AT_ONCE)

        async def one(job: Awaitable[None]) -> None:
            async with turns:
                await job

        await asyncio.gather(*map(one, jobs))

    async def _again(self, batch: Batch, published: Published, at: datetime) -> Published:
        """Give a case that begins again the school's calendar as it is now, for years to come."""
        if not batch.again:
            return published
        async with self.db.read() as session:
            opening = await self.people.opening(session, await session.get_one(CaseRow, batch.case))
            pack = await pack_texts.pack_of(session, opening.pack_digest)
        calendar = await asyncio.to_thread(packs.expand, pack.calendar, local_day(at).year)
        return published.model_copy(update={"calendar": calendar})

    async def _in_the_open(
        self, session: AsyncSession, batch: Batch, at: datetime
    ) -> tuple[Published, list[Letter], Written]:
        written = await write_batch(session, self.keys, batch, at)
        last_night = end_of(local_day(at) - timedelta(days=1))
        rows = await mails.gather(session, written.mails, self.mails_a_day, last_night, at)
        letters = await self._letters(session, batch, written, rows, at) if rows else []
        return Published(asked=written.asked), letters, written

    async def _in_confidence(
        self, session: AsyncSession, batch: Batch, at: datetime
    ) -> tuple[Published, list[Letter], confidential.Written]:
        """Record a batch of a confidential case: its mails are all the same, and none is put by for a digest."""
        written = await confidential.write(session, self.keys, batch, at)
        letters = await self.post.neutral(session, written.mails, at)
        return Published(asked=written.asked, cleared=written.cleared), letters, written

    async def _letters(
        self, session: AsyncSession, batch: Batch, written: Written, rows: Sequence[MailRow], at: datetime
    ) -> list[Letter]:
        """Return those mails of `rows` that are to be sent, and note those that are no longer needed."""
        opening = batch.opening or await self.people.opening(session, written.case)
        asked = dict(written.asked)
        if any(ask.ask not in asked for ask in batch.standing.asks):
            asked |= await queries.reached(session, batch.case)
        file = CaseFile(
            opening=opening,
            pack=await pack_texts.pack_of(session, opening.pack_digest),
            standing=batch.standing,
            asked=asked,
            directory=await people.directory(session, opening.organisation),
            sent_back=await self.people.sent_back(session, batch.case)
            if any(row.template == CHANGES for row in rows)
            else None,
        )
        events = {recorded.n: recorded for recorded in batch.events}
        neutral = [row for row in rows if row.template == NEUTRAL]
        letters = {
            row.id: await self.post.writer.of_case(session, row, file, events.get(row.about or 0), at)
            for row in rows
            if row not in neutral
        }
        dropped = [mail_id for mail_id, letter in letters.items() if letter is None]
        if dropped:
            await mails.mark_dropped(session, dropped, at)
        needed = [letter for letter in letters.values() if letter is not None]
        return needed + await self.post.neutral(session, neutral, at)


def _call_off(why: str) -> Act:
    return Act(kind="call_off", person="duly", how="duly", comment=why)


async def _is_confidential(session: AsyncSession, batch: Batch) -> bool:
    """Return whether a batch is of a confidential case; after the first one, that case is none of the ordinary ones."""
    if batch.opening is not None:
        return batch.opening.process.confidential
    return await queries.case_by_id(session, batch.case) is None


@asynccontextmanager
async def _alive() -> AsyncIterator[None]:
    """Tell Temporal every second that the work goes on, so that a killed worker's is soon given to another."""

    async def tell() -> None:
        while True:
            await asyncio.sleep(1)
            activity.heartbeat()

    telling = asyncio.create_task(tell())
    try:
        yield
    finally:
        telling.cancel()
