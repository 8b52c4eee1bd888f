"""The year: from whatever comes next, by itself or because somebody does something, to whatever comes after that."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, time, timedelta
from functools import partial
from typing import Final

from domain.calendar import local_day
from starter.rehearsal.agenda import Agenda, Deed
from starter.rehearsal.private import House
from starter.rehearsal.scenario import Scenario
from starter.rehearsal.troupe import MORNING, Part, Troupe, at_time
from starter.rehearsal.year import Happened, Year
from store import mails

_NOON: Final = time(12)
_SOON: Final = timedelta(minutes=1)
_GATHERED_FOR: Final = timedelta(hours=4, minutes=1)
"""After how long what was put by for somebody is sent as one mail, and a little more."""

_LOOKS: Final = 1000
_LOOKS_AGAIN: Final = 0.02
"""How often it is looked whether all mails have gone, and after how many seconds each time."""


class Driver:
    """Plays one year in a house, of several packs at once. `progress` is told the day, counted from 0."""

    def __init__(
        self,
        house: House,
        parts: Sequence[Part],
        scenario: Scenario,
        progress: Callable[[int, str], None] = lambda day, what: None,
    ) -> None:
        """Prepare a year; nothing happens until it is played."""
        self._house, self._scenario, self._progress = house, scenario, progress
        self._agenda = Agenda(self._look)
        self._troupes = {part.organisation: Troupe(house, part, self._agenda) for part in parts}
        self._begins = house.clock()
        self._ends = self._begins + timedelta(days=scenario.days)
        self._scanned = 0
        self._digest_at: datetime | None = None

    async def play(self) -> dict[str, Year]:
        """Play the year to its end, and return what came of it for each organisation."""
        self._agenda.look(at_time(local_day(self._begins), MORNING))
        for troupe in self._troupes.values():
            await troupe.plan()
        for outage in self._scenario.mail.outages:
            at = at_time(local_day(self._begins) + timedelta(days=outage.day - 1), _NOON)
            if at < self._ends:
                self._agenda.later(at, "mail", partial(self._mail, out=True))
                self._agenda.later(at + timedelta(hours=outage.hours), "mail", partial(self._mail, out=False))
        while (moment := self._next()) is not None and moment <= self._ends:
            self._house.clock.go_to(moment)
            self._progress((moment - self._begins).days, f"{local_day(moment):%d %B %Y}")
            await self._let_come(moment)
            await self._let_do(moment)
        self._house.clock.go_to(self._ends)
        return {organisation: troupe.ends() for organisation, troupe in self._troupes.items()}

    def _next(self) -> datetime | None:
        coming = [seen.next_at for seen in self._house.watch.cases.values()]
        return min((at for at in (*coming, self._agenda.next_at) if at is not None), default=None)

    async def _let_come(self, moment: datetime) -> None:
        """Bring those cases to the moment of which something comes by itself, until nothing more does."""
        cases, wake = self._house.watch.cases, self._house.watch.wake
        while due := [case for case, seen in cases.items() if seen.next_at is not None and seen.next_at <= moment]:
            await asyncio.gather(*map(wake, due))
            await self._settle()

    async def _let_do(self, moment: datetime) -> None:
        """Let everybody do what they do at this moment: in one case one after the other, in all cases at once."""
        while rows := self._agenda.due(moment):
            await asyncio.gather(*(self._one_by_one(row, deeds) for row, deeds in rows.items()))
            await self._settle()

    async def _one_by_one(self, row: str, deeds: Sequence[Deed]) -> None:
        """Let several do what they do in one case, each knowing what the one before did."""
        for n, deed in enumerate(deeds):
            if n and row in self._house.watch.cases:
                await self._house.watch.rest(row)
            await deed()

    async def _settle(self) -> None:
        """Wait until nothing moves, hear who is asked now, and let the scanner open what came."""
        touched = await self._house.watch.idle()
        for case, seen in [(case, seen) for case, seen in self._house.watch.cases.items() if case in touched]:
            self._troupes[seen.opening.organisation].hear(case, seen)
        await self._gather()
        await self._scan()

    # What Duly, its mail server and its administrators do.

    async def _look(self) -> None:
        if self._digest_at is not None and self._digest_at <= self._house.clock():
            self._digest_at = None
        await self._house.work.look()
        await self._mails_go()

    async def _mail(self, *, out: bool) -> None:
        self._house.sink.out = out
        if out:
            self._house.watch.holds_mail = True
            self._note("The mail server takes nothing from now on")
        else:
            waited = await self._house.watch.let_go()
            late = f": {waited} mail{'' if waited == 1 else 's'} went late" if waited else ""
            self._note(f"The mail server takes mail again{late}")
            await self._mails_go()

    def _note(self, what: str) -> None:
        for troupe in self._troupes.values():
            troupe.year.happened.append(Happened(self._house.clock(), what))

    async def _mails_go(self) -> None:
        """Wait until every mail has gone that is a job of its own, of which no case knows; unless no mail goes."""
        for _ in range(_LOOKS if not self._house.sink.out else 0):
            async with self._house.db.read() as session:
                if not await mails.left_behind(session, self._house.clock() + _SOON):
                    return
            await asyncio.sleep(_LOOKS_AGAIN)

    async def _gather(self) -> None:
        """Have the lookout look when it is time for a digest, where mails were put by for one."""
        if self._digest_at is not None:
            return
        async with self._house.db.read() as session:
            if await mails.put_by(session, self._house.clock() + _SOON):
                self._digest_at = self._house.clock() + _GATHERED_FOR
                self._agenda.look(self._digest_at)

    async def _scan(self) -> None:
        """Let the scanner open the links of what came since it was last here."""
        fresh, self._scanned = self._house.sink.caught[self._scanned :], len(self._house.sink.caught)
        for mail in fresh:
            for troupe in self._troupes.values():
                if mail.to in troupe.scanned:
                    troupe.year.opened += len(mail.links())
                    troupe.year.changed += await self._house.scanner.open(mail.links())
