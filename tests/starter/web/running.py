"""Cases that really run, in this process: the pages' acts reach a real case, whose turns go on a real record."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from domain.cases import Act, Batch, Opening, Published, Reply, Roll, RollCount
from domain.people import Person
from starter.engine import EngineLostError
from starter.web.site import Site
from store import links, packs, people, queries
from store.confidential import write as write_confidential
from store.records import write_batch
from store.rounds import rolls
from store.tables import LinkRow
from tests.builders import CALENDAR, HELEN, PACK, an_opening
from workflows.case import Case
from workflows.stories import STORIES


@dataclass
class Host:
    """Carries one case in memory, and puts its turns on record unless `held` says to wait."""

    site: Site
    held: asyncio.Event
    moved: asyncio.Event = field(default_factory=asyncio.Event)
    busy: bool = False
    begin: Callable[[Opening], Awaitable[None]] | None = None
    act: Callable[[str, Act], Awaitable[Reply]] | None = None
    confidential: bool = False

    def now(self) -> datetime:
        return self.site.clock()

    async def publish(self, batch: Batch) -> Published:
        self.busy = True
        await self.held.wait()
        if self.confidential:
            return await self._in_confidence(batch)
        async with self.site.db.write() as session:
            written = await write_batch(session, self.site.keys, batch, self.now())
        await self._go_on(written.begins, written.supersedes, "superseded")
        roll = await self._called(batch, batch.roll) if batch.roll is not None else None
        self.busy = False
        return Published(asked=written.asked, roll=roll, calendar=CALENDAR if batch.again else None)

    async def _called(self, batch: Batch, roll: Roll) -> RollCount:
        """Call a roll as the worker does: begin and call off what it finds."""
        async with self.site.db.write() as session:
            row = await queries.case_by_id(session, batch.case)
            assert row is not None
            opening = await queries.opening_of(session, self.site.keys, row)
            directory = await people.directory(session, row.organisation)
            called = await rolls.look_through(session, self.site.keys, opening, roll, directory, self.now())
        await self._go_on(called.begins, called.call_off, called.why)
        async with self.site.db.write() as session:
            await rolls.mark_begun(session, called.begins, self.now())
            return await rolls.counts(session, batch.case, called.more, called.visitors)

    async def _go_on(self, begins: Sequence[Opening], call_off: Sequence[str], why: str) -> None:
        """Begin the cases that were begun out of this one, and call off those that are not needed any more."""
        for opening in begins:
            assert self.begin is not None
            await self.begin(opening)
        for case in call_off:
            assert self.act is not None
            await self.act(case, Act(kind="call_off", person="duly", how="duly", comment=why))

    async def _in_confidence(self, batch: Batch) -> Published:
        """Put a turn of a confidential case on record, and begin the cases that it opens."""
        async with self.site.db.write() as session:
            written = await write_confidential(session, self.site.keys, batch, self.now())
        for opening in written.begins:
            assert self.begin is not None
            await self.begin(opening)
        self.busy = False
        return Published(asked=written.asked, cleared=written.cleared)

    def since(self, change: str) -> bool:
        """Return that the case is new."""
        del change
        return True

    async def pause(self, until: datetime | None, woken: Callable[[], bool]) -> None:
        del until
        while not woken():
            self.moved.clear()
            await self.moved.wait()


@dataclass
class Running:
    """The running cases of a site, as its engine would reach them. `lost` cuts them off; `acts` is what came."""

    site: Site
    lost: bool = False
    acts: list[Act] = field(default_factory=list)
    _open: dict[str, tuple[Case, Host, asyncio.Task[str]]] = field(default_factory=dict)
    _replies: dict[str, Reply] = field(default_factory=dict)
    _held: asyncio.Event = field(default_factory=asyncio.Event)

    async def begin(self, opening: Opening) -> None:
        """Begin a case and wait until its first turn is on record."""
        async with self.site.db.write() as session:
            await self.site.keys.create(session, opening.case)
        self._held.set()
        host = Host(self.site, self._held, begin=self.begin, act=self.act, confidential=opening.process.confidential)
        case = Case(opening, host)
        story = STORIES[opening.process.story]()
        self._open[opening.case] = (case, host, asyncio.create_task(case.play(story)))
        await self.settled(opening.case)

    async def act(self, case_id: str, act: Act) -> Reply:
        """Have a case take an act; the same again is answered as before, as Temporal answers it.

        The record has caught up when this returns, unless `hold` keeps it behind.
        """
        if self.lost:
            raise EngineLostError
        self.acts.append(act)
        case, host, task = self._open[case_id]
        known = f"{case_id}|{act.model_dump_json(exclude={'opened_at'})}"
        if known not in self._replies:
            if task.done():
                return Reply(says="closed")
            self._replies[known] = case.receive(act)
            host.moved.set()
            if self._held.is_set():
                await self.settled(case_id)
        return self._replies[known]

    async def settled(self, case_id: str) -> None:
        """Return once the record has caught up with the case."""
        case, host, task = self._open[case_id]
        for _ in range(500):
            waits = [an_act("none"), *(an_act(ask.ask) for ask in case.standing().asks)]
            ready = all(case.ready_for(act) for act in waits)
            if task.done() or (ready and not host.busy and not case.turn.says_something):
                return
            await asyncio.sleep(0.01)
        msg = "the case did not come to rest"
        raise TimeoutError(msg)

    def hold(self) -> None:
        """Let the record fall behind."""
        self._held.clear()

    def let_go(self) -> None:
        """Let the record catch up."""
        self._held.set()

    async def stop(self) -> None:
        """End every case that still runs."""
        for _, _, task in self._open.values():
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


def an_act(ask: str) -> Act:
    """Return an act about `ask` that nobody means."""
    return Act(kind="answer", person="nobody", how="session", ask=ask)


async def requested(running: Running, case: str = "c-1", reference: str = "K7QM-4TXR", **request: object) -> Opening:
    """Return the opening of a request that Amina has sent, and that waits for Ben."""
    async with running.site.db.write() as session:
        digest = await packs.keep(session, PACK)
    opening = an_opening(case, reference, **request).model_copy(update={"pack_digest": digest})
    await running.begin(opening)
    return opening


async def a_link(site: Site, person: Person | str, ask: str = "a1", case: str = "c-1", version: int = 1) -> str:
    """Return a token by which `person` may answer `ask`."""
    who = person if isinstance(person, str) else person.id
    async with site.db.write() as session:
        return await links.mint(session, case=case, ask=ask, person=who, version=version, at=site.clock())


async def link_row(site: Site, token: str) -> LinkRow:
    """Return what is kept of the link with `token`."""
    async with site.db.read() as session:
        row = await links.find(session, token)
    assert row is not None
    return row


async def answered(running: Running, person: str, ask: str, case: str = "c-1", **more: object) -> Reply:
    """Have `person` answer `ask`, whole and signed, and wait until it is on record."""
    act = {
        "kind": "answer",
        "person": person,
        "how": "link",
        "ask": ask,
        "version": 1,
        "verdict": "approve",
        "signature": person.title(),
        "confirmations": ("resources",) if person == HELEN.id else (),
        "opened_at": running.site.clock(),
        **more,
    }
    reply = await running.act(case, Act.model_validate(act))
    await running.settled(case)
    return reply


async def withdrawn(running: Running, case: str = "c-1") -> None:
    """Have Amina withdraw her request, and wait until it is on record."""
    await running.act(case, Act(kind="withdraw", person="amina", how="session"))
    await running.settled(case)
