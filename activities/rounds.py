"""Seeing to what comes round: reviews and campaigns begin, cover is looked at, and rolls are called."""

import asyncio
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final

import packs
from activities.jobs import Jobs
from domain.calendar import Calendar
from domain.calendar_changes import ENOUGH_YEARS, brought_up_to_date, coming_moved, years_to_know
from domain.cases import Act, Opening, Standing
from domain.pack import Pack
from domain.round_entries import OtherDay
from store import packs as kept
from store import people, queries
from store.database import Database
from store.found_by import fill_in, words_to_fill_in
from store.keys import CaseKeys
from store.rounds import looking

_KNOWN_FOR: Final = timedelta(days=365 * (packs.YEARS - ENOUGH_YEARS))
"""A case that was opened later knows the bank holidays of enough years to come."""


@dataclass(frozen=True)
class Rounds:
    """What the lookout does for what comes round; `policies` gives the packs in use, by organisation.

    `_looked_ahead` says of each old case in which year it was last seen to that it knows enough years to come;
    `_filled_in` are the organisations of which every case that opens has the words by which it is found, and
    `_unopened` the cases that do not open: they are tried again when the worker starts again.
    """

    db: Database
    keys: CaseKeys
    jobs: Jobs
    policies: Callable[[], Mapping[str, Pack]]
    clock: Callable[[], datetime]
    _looked_ahead: dict[str, int] = field(default_factory=dict)
    _filled_in: set[str] = field(default_factory=set)
    _unopened: set[str] = field(default_factory=set)

    async def look_at(self, organisation: str, version: str, day: date) -> None:
        """Begin the reviews and the campaigns that are to begin, say whose cover changed, and have rolls called.

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
            left_over = await looking.to_supersede(session, organisation)
            come_round = await looking.campaigns_to_begin(session, organisation, pack, day) if pack is not None else ()
        for key in to_begin:
            await self._begin(pack, key)
        for one in come_round:
            await self._ask_anew(pack, one)
        for site in covered:
            # The same people may be there again later that day; each minute it is said once.
            seen = f"{occasion}|{self.clock():%H:%M}"
            cover = Act(kind="cover", person="duly", how="duly", present=site.present, occasion=seen)
            await self.jobs.act(site.case, cover)
        for case in left_over:
            # It was beginning again when it was told so, or could not be reached.
            again = f"{version}|{self.clock().isoformat()}"
            await self.jobs.act(
                case, Act(kind="call_off", person="duly", how="duly", comment="superseded", occasion=again)
            )
        for case in to_call:
            now = self.clock().isoformat()
            await self.jobs.act(case, Act(kind="call_roll", person="duly", how="duly", occasion=now))
        if pack is not None:
            await self._look_ahead(pack, day)
            await self._fill_in(pack)

    async def _look_ahead(self, pack: Pack, day: date) -> None:
        """Give cases that have gone on for years the bank holidays of the next ones."""
        before = self.clock() - _KNOWN_FOR
        but = frozenset(case for case, year in self._looked_ahead.items() if year == day.year)
        async with self.db.read() as session:
            old = await looking.of_old(session, self.keys, pack.organisation.key, before, but)
        for case, opening, standing in old:
            years = years_to_know(opening, standing, day, packs.YEARS)
            if years[-1] > opening.calendar.known_until.year:
                now = await asyncio.to_thread(packs.expand, pack.calendar, years.start, len(years))
                calendar = brought_up_to_date(opening.calendar, now, years)
                coming, occasion = await self._moved(case, opening, standing, calendar), secrets.token_hex(8)
                act = Act(kind="recalendar", person="duly", how="duly", calendar=calendar, occasion=occasion)
                await self.jobs.act(case, act.model_copy(update={"coming": coming}))
            self._looked_ahead[case] = day.year

    async def _moved(self, case: str, opening: Opening, standing: Standing, calendar: Calendar) -> tuple[OtherDay, ...]:
        """Return what comes by itself on another day by `calendar`; of a confidential case nothing is said."""
        if opening.process.confidential:
            return ()
        async with self.db.read() as session:
            history, asked = await queries.history(session, self.keys, case), await queries.reached(session, case)
        return coming_moved(opening, standing, asked, history, calendar)

    async def _fill_in(self, pack: Pack) -> None:
        """Have older cases found by the words that the pack names, a few at each look until all are."""
        organisation = pack.organisation.key
        if organisation in self._filled_in:
            return
        async with self.db.read() as session:
            words = await words_to_fill_in(session, self.keys, pack, self._unopened)
        if not words:
            self._filled_in.add(organisation)
            return
        self._unopened.update(case for case, said in words.items() if said is None)
        async with self.db.write() as session:
            await fill_in(session, words)

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

    async def _ask_anew(self, pack: Pack | None, recurs: looking.Recurs) -> None:
        """Begin the campaign of a period; however often, there is one."""
        if pack is None:
            return
        calendar = await asyncio.to_thread(packs.expand, pack.calendar, self.clock().year)
        organisation = pack.organisation.key
        case = looking.recurring_case(organisation, recurs)
        async with self.db.write() as session:
            await kept.keep(session, pack)
            await self.keys.create(session, case)
            directory = await people.directory(session, organisation)
        await self.jobs.begin(looking.a_campaign(pack, recurs.process, recurs.version, case, calendar, directory))
