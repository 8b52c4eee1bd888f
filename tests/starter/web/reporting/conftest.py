"""A site whose one school takes reports, and confidential cases that really run, in memory, on a real record."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from domain.cases import Act, Batch, Opening, Published, Reply
from starter.engine import EngineLostError
from starter.web.site import Site
from store import packs, people
from store.confidential.reading import by_reference
from store.confidential.writing import write
from tests.builders import ORGANISATION
from tests.matters import CONFIDENTIAL, PEOPLE
from tests.starter.web.conftest import RememberedCases
from tests.starter.web.running import Host
from workflows.case import Case
from workflows.stories import STORIES


@pytest.fixture
async def site(site: Site) -> Site:
    """Return a site with the one school of `tests.matters`."""
    async with site.db.write() as session:
        await people.save(session, PEOPLE)
        await packs.keep(session, CONFIDENTIAL)
    return replace(site, packs={ORGANISATION: CONFIDENTIAL})


class ConfidentialHost(Host):
    """Carries one confidential case in memory, and puts its turns on record."""

    async def publish(self, batch: Batch) -> Published:
        self.busy = True
        async with self.site.db.write() as session:
            written = await write(session, self.site.keys, batch, self.now())
        self.busy = False
        return Published(asked=written.asked, cleared=written.cleared)


@dataclass
class Reports:
    """The running confidential cases of a site; `begun` is what was begun, each case once.

    `lost` cuts them off; `lost_after`, only once a case has begun, so that nobody is told that it has. `slow` has the
    record fall behind.
    """

    site: Site
    lost: bool = False
    lost_after: bool = False
    slow: bool = False
    begun: dict[str, Opening] = field(default_factory=dict)
    _open: dict[str, tuple[Case, ConfidentialHost, asyncio.Task[str]]] = field(default_factory=dict)
    _replies: dict[str, Reply] = field(default_factory=dict)

    @property
    def only(self) -> Opening:
        """The opening of the one case that was begun."""
        (opening,) = self.begun.values()
        return opening

    async def begin(self, opening: Opening) -> None:
        """Begin a case, unless it has begun, and wait until its first turn is on record."""
        if self.lost:
            raise EngineLostError
        if opening.case in self.begun:
            return
        self.begun[opening.case] = opening
        host = ConfidentialHost(self.site, asyncio.Event())
        case = Case(opening, host)
        story = STORIES[opening.process.story]()
        self._open[opening.case] = (case, host, asyncio.create_task(case.play(story)))
        await self.settled(opening.case)
        if self.lost_after:
            raise EngineLostError

    async def act(self, case_id: str, act: Act) -> Reply:
        """Have a case take an act; the same again is answered as before."""
        if self.lost:
            raise EngineLostError
        if case_id not in self._open or self._open[case_id][2].done():
            return Reply(says="closed")
        if self.slow:
            return Reply(says="done")
        case, host, _ = self._open[case_id]
        known = f"{case_id}|{act.digest}"
        if known not in self._replies:
            self._replies[known] = case.receive(act)
            host.moved.set()
            await self.settled(case_id)
        return self._replies[known]

    async def asked(self) -> set[str]:
        """Return whom the one case asks now."""
        async with self.site.db.read() as session:
            found = await by_reference(session, self.site.keys, self.only.reference)
        assert found is not None
        return {one.person for asked in found.asked.values() for one in asked}

    async def settled(self, case_id: str) -> None:
        """Return once the record has caught up with the case."""
        case, host, task = self._open[case_id]
        nobody = Act(kind="record", person="nobody", how="session")
        for _ in range(500):
            if task.done():
                await task
                return
            if case.ready_for(nobody) and not host.busy and not case.turn.says_something:
                return
            await asyncio.sleep(0.01)
        msg = "the case did not come to rest"
        raise TimeoutError(msg)

    async def stop(self) -> None:
        """End every case that still runs."""
        for _, _, task in self._open.values():
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


@pytest.fixture
async def reports(site: Site, cases: RememberedCases, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Reports]:
    """Yield confidential cases that really run, in place of those that only remember."""
    reports: Any = Reports(site)
    monkeypatch.setattr(cases, "begin", reports.begin)
    monkeypatch.setattr(cases, "act", reports.act)
    yield reports
    await reports.stop()
