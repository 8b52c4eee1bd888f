"""A host that carries a real case in memory, and puts each of its turns on a real record."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Final

from domain.cases import Act, Batch, Opening, Published, Reply
from domain.pack import Pack
from domain.people import Directory
from store import confidential, packs, people
from store.confidential import Confidential, Written
from store.database import Database
from store.keys import CaseKeys
from tests.confidence import a_confidential_pack, a_school
from tests.stories import BEGINS
from workflows.allegation import AllegationReferral
from workflows.case import Case
from workflows.disciplinary import Disciplinary
from workflows.strands import Story

_STORIES: Final[dict[str, type[Story]]] = {"allegation": AllegationReferral, "disciplinary": Disciplinary}


class Carried:
    """A case on its way: `batches` are its turns, `written` what came of each."""

    def __init__(self, db: Database, keys: CaseKeys, opening: Opening, begins: datetime = BEGINS) -> None:
        """Carry the case of `opening`, by a clock that is set by hand."""
        self.clock = begins
        self.batches: list[Batch] = []
        self.written: list[Written] = []
        self.opening = opening
        self._db = db
        self._keys = keys
        self._case = Case(opening, self)
        self._paused, self._woken = asyncio.Event(), asyncio.Event()
        self._playing: asyncio.Task[str] | None = None

    def now(self) -> datetime:
        """Return the time of the case."""
        return self.clock

    async def publish(self, batch: Batch) -> Published:
        """Put a turn on record."""
        async with self._db.write() as session:
            written = await confidential.write(session, self._keys, batch, self.clock)
        self.batches.append(batch)
        self.written.append(written)
        return Published(asked=written.asked, cleared=written.cleared)

    def since(self, change: str) -> bool:
        """Return that the case is new."""
        del change
        return True

    async def pause(self, until: datetime | None, woken: Callable[[], bool]) -> None:
        """Wait for the test."""
        del until, woken
        self._woken.clear()
        self._paused.set()
        await self._woken.wait()

    async def begin(self) -> "Carried":
        """Play the case to its first pause, and return it."""
        self._playing = asyncio.create_task(self._case.play(_STORIES[self.opening.process.story]()))
        await self._until_it_pauses()
        return self

    async def act(self, act: Act) -> Reply:
        """Have the case take `act`, and play it to its next pause."""
        reply = self._case.receive(act)
        await self._go_on()
        return reply

    def take(self, act: Act) -> Reply:
        """Have the case take `act` within a turn that goes on."""
        return self._case.receive(act)

    async def pass_time(self, until: datetime) -> None:
        """Let the clock stop wherever something happens by itself, up to `until`."""
        while self._case.outcome is None and (due := self._case.standing().next_at) is not None and due <= until:
            self.clock = max(due, self.clock)
            await self._go_on()
        self.clock = until

    async def read(self) -> Confidential:
        """Return the case as it is on record."""
        async with self._db.read() as session:
            found = await confidential.by_reference(session, self._keys, self.opening.reference)
        assert found is not None
        return found

    async def _go_on(self) -> None:
        self._paused.clear()
        self._woken.set()
        await self._until_it_pauses()

    async def _until_it_pauses(self) -> None:
        assert self._playing is not None
        paused = asyncio.create_task(self._paused.wait())
        await asyncio.wait({paused, self._playing}, return_when=asyncio.FIRST_COMPLETED)
        paused.cancel()
        if self._playing.done():
            self._playing.result()


async def a_place(
    db: Database, keys: CaseKeys, *cases: str, directory: Directory | None = None, pack: Pack | None = None
) -> str:
    """Put the people of the school and its pack in place, with keys for `cases`; return the digest of the pack."""
    async with db.write() as session:
        await people.save(session, (directory or a_school()).people)
        for case in cases:
            await keys.create(session, case)
        return await packs.keep(session, pack or a_confidential_pack())


async def carried(
    db: Database, keys: CaseKeys, opening: Opening, directory: Directory | None = None, pack: Pack | None = None
) -> Carried:
    """Return the case of `opening` at its first pause, in a school that is there."""
    digest = await a_place(db, keys, opening.case, directory=directory, pack=pack)
    return await Carried(db, keys, opening.model_copy(update={"pack_digest": digest})).begin()
