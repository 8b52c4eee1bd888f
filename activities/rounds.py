"""Seeing to what comes round: the review of each document begins, cover is looked at, and rolls are called."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

import packs
from activities.jobs import Jobs
from domain.cases import Act
from domain.pack import Pack
from store import people
from store.database import Database
from store.keys import CaseKeys
from store.rounds import looking


@dataclass(frozen=True)
class Rounds:
    """What the lookout does for what comes round; `policies` gives the packs in use, by organisation."""

    db: Database
    keys: CaseKeys
    jobs: Jobs
    policies: Callable[[], Mapping[str, Pack]]
    clock: Callable[[], datetime]

    async def look_at(self, organisation: str, version: str, day: date) -> None:
        """Begin the reviews that have not begun, say whose cover changed, and have rolls called since people changed.

        Raises:
            RPCError: Temporal cannot be reached; the next look sees to it.
            SQLAlchemyError: the database does not answer; the same.
        """
        pack = (await asyncio.to_thread(self.policies)).get(organisation)
        async with self.db.read() as session:
            directory = await people.directory(session, organisation)
            to_begin = await looking.reviews_to_begin(session, organisation, pack) if pack is not None else ()
            covered = await looking.covered(session, organisation, directory, day)
            occasion = f"{version}|{day}"
            to_call = await looking.rolls_to_call(session, organisation, directory, day)
        for key in to_begin:
            await self._begin(pack, key)
        for one in covered:
            cover = Act(kind="cover", person="duly", how="duly", present=one.present, occasion=occasion)
            await self.jobs.act(one.case, cover)
        for case in to_call:
            now = self.clock().isoformat()
            await self.jobs.act(case, Act(kind="call_roll", person="duly", how="duly", occasion=now))

    async def _begin(self, pack: Pack | None, key: str) -> None:
        """Begin the review of one document; however often, there is one."""
        if pack is None:
            return
        now = self.clock()
        calendar = await asyncio.to_thread(packs.expand, pack.calendar, now.year)
        organisation = pack.organisation.key
        async with self.db.write() as session:
            directory = await people.directory(session, organisation)
            opening = await looking.take_on(session, self.keys, pack, key, calendar, directory, now)
        await self.jobs.begin(opening)
        async with self.db.write() as session:
            await looking.mark_begun(session, organisation, key, now)
