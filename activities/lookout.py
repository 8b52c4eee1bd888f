"""The lookout: sees that people, seats or absences changed, and has the asks looked up anew that this concerns.

It also sends what was put by for those who get many mails, tells of changes of power and of cases whose time is over,
sees to what webhooks were not told, and that nothing is left of cases that were erased. It runs beside the worker; what
it misses or cannot do it does the next time that it looks.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import count
from typing import Final

import structlog

from activities import retention
from activities.custodians import Custodians
from activities.jobs import Jobs
from activities.rounds import Rounds
from activities.webhooks import Webhooks
from domain.asking import still_there, whom
from domain.calendar import local_day
from domain.cases import Act
from domain.people import Asked, Directory
from store import asks, mails, people, power_mails
from store.asks import Reaches
from store.checkpoints import Anchor
from store.confidential import watching
from store.confidential.tables import ConfidentialRow
from store.database import Database
from store.keys import CaseKeys

log = structlog.get_logger()

EVERY: Final = 15.0
"""Seconds between two looks."""

_LOOKS: Final = 2
"""An ask that was being recorded while people changed is seen the second time."""

_LOOKS_WHERE_SOME_FAIL: Final = 20
_THEN_EVERY: Final = 4
"""As long as something fails it is looked for: after so many looks more rarely, each minute."""

_CLOCKS_DIFFER: Final = timedelta(seconds=20)
"""A case goes by the clock of Temporal's machine: a day begins here once it has begun there."""

_LOOKS_FOR_MAILS: Final = 20
_WITH_A_JOB_BY_NOW: Final = timedelta(minutes=2)
"""Every so many looks, mails are looked for that have waited for longer than this."""

_GATHERED_FOR: Final = timedelta(hours=4)
_CHUNK: Final = 500
_AT_ONCE: Final = 20


@dataclass(frozen=True)
class Lookout:
    """Looks at the directories and at what was put by.

    `_looked` says of each organisation what its directory and the day were when its asks were last to be looked at, at
    how many looks they have been the same, and whether all went well the last time.
    """

    db: Database
    keys: CaseKeys
    jobs: Jobs
    clock: Callable[[], datetime]
    _looked: dict[str, tuple[str, int, bool]] = field(default_factory=dict)
    anchor: Anchor | None = None
    rounds: Rounds | None = None
    webhooks: Webhooks | None = None
    custodians: Custodians | None = None

    @asynccontextmanager
    async def looking(self, every: float = EVERY) -> AsyncIterator[None]:
        """Look every few seconds while the block runs, at everything the first time."""
        looking = asyncio.create_task(self._keep_looking(every))
        try:
            yield
        finally:
            looking.cancel()

    async def look(self) -> None:
        """Have looked up anew whom those asks reach for which it has changed, and send the digests that are due.

        Raises:
            SQLAlchemyError: the database does not answer; the next look sees to it.
        """
        now = self.clock()
        day = local_day(now - _CLOCKS_DIFFER)
        async with self.db.read() as session:
            versions = await people.versions(session)
        for organisation, version in versions.items():
            occasion = f"{version}|{day}"
            looked, times, well = self._looked.get(organisation, ("", 0, True))
            times = times if looked == occasion else 0
            if _is_time(times, well):
                well = await self._look_at(organisation, day, occasion)
            self._looked[organisation] = (occasion, times + 1, well)
        async with self.db.read() as session:
            many = await mails.put_by(session, now - _GATHERED_FOR)
        if many:
            async with self.db.write() as session:
                digests = await mails.queue_digests(session, many, now)
            for mail_id in digests:
                await _goes_well(self.jobs.send_mail(mail_id))
        if self.rounds is not None:
            for organisation, version in versions.items():
                await _goes_well(self.rounds.look_at(organisation, version, day))
        if self.webhooks is not None:
            await _goes_well(self.webhooks.look())
        await _goes_well(power_mails.tell(self.db, self.jobs.mail_person, now))
        await _goes_well(retention.leave_nothing(self.db, self.keys, self.jobs, now))

    async def look_for_mails(self) -> None:
        """Leave mails to jobs that nobody is at: Temporal could not be reached when they were to be left to one.

        Raises:
            SQLAlchemyError: the database does not answer; the next look sees to it.
        """
        async with self.db.read() as session:
            waiting = await mails.left_behind(session, self.clock() - _WITH_A_JOB_BY_NOW)
        for mail_id in waiting:
            await _goes_well(self.jobs.send_mail(mail_id))

    async def look_for_checkpoint(self) -> None:
        """Take the checkpoint of the day, where it is still to be taken.

        Raises:
            OSError: it cannot be written to its folder; the next look sees to it.
            SQLAlchemyError: the database does not answer; the same.
        """
        taken = await self.anchor.take_if_due(self.clock()) if self.anchor is not None else None
        if taken is not None:
            log.info("checkpoint_taken", checkpoint=taken.n)

    async def look_for_custodians(self) -> None:
        """Have the latest checkpoints mailed to those who keep them, where they were not yet.

        Raises:
            RPCError: Temporal did not take a job; the next look sees to it.
            SQLAlchemyError: the database does not answer; the same.
        """
        if self.custodians is not None:
            await self.custodians.look()

    async def _keep_looking(self, every: float) -> None:
        for number in count():
            await _goes_well(self.look())
            if number % _LOOKS_FOR_MAILS == 0:
                await _goes_well(self.look_for_mails())
                await _goes_well(self.look_for_checkpoint())
                await _goes_well(self.look_for_custodians())
            await asyncio.sleep(every)

    async def _look_at(self, organisation: str, day: date, occasion: str) -> bool:
        """Look at every open ask of an organisation; return whether all went well."""
        async with self.db.read() as session:
            directory = await people.directory(session, organisation)
        after, well = ("", ""), True
        turns = asyncio.Semaphore(_AT_ONCE)

        async def look_up(one: Reaches) -> bool:
            act = Act(kind="look_up", person="duly", how="duly", ask=one.ask, occasion=occasion)
            async with turns:
                return await _goes_well(self.jobs.act(one.case, act))

        while True:
            async with self.db.read() as session:
                chunk = await asks.open_asks(session, after, _CHUNK)
            ours = (one for one in chunk if one.organisation == organisation)
            moved = [one for one in ours if _should_reach(one, directory, day) != one.asked]
            well &= all(await asyncio.gather(*map(look_up, moved)))
            if len(chunk) < _CHUNK:
                break
            after = (chunk[-1].case, chunk[-1].ask)
        return well & await self._look_in_confidence(organisation, directory, day, occasion)

    async def _look_in_confidence(self, organisation: str, directory: Directory, day: date, occasion: str) -> bool:
        """Look at every confidential case of an organisation, each for itself; return whether all went well."""
        async with self.db.read() as session:
            rows = await watching.cases_of(session, organisation)
        turns = asyncio.Semaphore(_AT_ONCE)

        async def look_at(row: ConfidentialRow) -> bool:
            async with turns:
                return await _goes_well(self._look_at_one(row, directory, day, occasion))

        return all(await asyncio.gather(*map(look_at, rows)))

    async def _look_at_one(self, row: ConfidentialRow, directory: Directory, day: date, occasion: str) -> None:
        async with self.db.read() as session:
            moved = await watching.to_look_up(session, self.keys, row, directory, day)
            is_lost = await watching.is_found_by_others(session, self.keys, row, directory, self.clock())
        if is_lost:
            async with self.db.write() as session:
                await watching.find_parties(session, self.keys, row.id, directory, self.clock())
        for ask in moved:
            act = Act(kind="look_up", person="duly", how="duly", ask=ask, occasion=occasion)
            await self.jobs.act(row.id, act)
        await retention.look_at(self.db, self.keys, self.jobs, row, directory, self.clock())


def _is_time(times: int, well: bool) -> bool:
    """Return whether all asks are looked at once more, after `times` looks; the last went `well`, or did not."""
    return times < _LOOKS if well else times < _LOOKS_WHERE_SOME_FAIL or times % _THEN_EVERY == 0


def _should_reach(one: Reaches, directory: Directory, day: date) -> frozenset[Asked]:
    """Return whom an ask reaches, if it is looked up on `day`."""
    if one.fixed is not None:
        return frozenset(still_there(one.fixed, directory, day))
    return frozenset(whom(one.ladder, one.also, one.named, one.excluded | one.own, one.school, directory, day))


async def _goes_well(work: Awaitable[None]) -> bool:
    """Return whether `work` was done; what went wrong is logged by its name alone.

    An id would say whether its case is a confidential one: those of ordinary cases are known.
    """
    try:
        await work
    except Exception as error:  # noqa: BLE001 -- the lookout outlives whatever fails
        log.warning("lookout_failed", why=type(error).__name__)
        return False
    return True
