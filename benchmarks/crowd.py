"""Many open cases, and what is done with them: opened, found again on record, decided, and served after a kill."""

import asyncio
import random
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Final, NamedTuple

from benchmarks.house import PACK, House, Mail, environment_of, run
from benchmarks.load import AT_A_TIME, settled
from benchmarks.ways import APPROVERS, Direct
from duly import embedded
from duly.embedded import free_port
from starter.engine import EngineLostError

CACHED: Final = 1000
"""Cases that a worker remembers, Temporal's usual number: it has to read the history of any other again."""

_LOOK: Final = 0.02
_PAUSE: Final = 0.5
_PATIENCE: Final = 120.0

_OPEN_ASKS: Final = """
    SELECT ask."case", ask.ask FROM ask JOIN "case" ON "case".id = ask."case"
    WHERE ask.closed_at IS NULL AND "case".closed_at IS NULL ORDER BY "case".opened_at
"""
_MAILS_UNDER_WAY: Final = """
    SELECT count(*) FROM mail
    WHERE sent_at IS NULL AND dropped_at IS NULL AND refused_at IS NULL AND gathered_at IS NULL
"""


class Waiting(NamedTuple):
    """An ask that nobody has answered, and its case."""

    case: str
    ask: str


@dataclass(frozen=True)
class Crowd:
    """The open cases of a house; `ways` are the same way, each with another starter."""

    house: House
    ways: Sequence[Direct]

    def open_asks(self) -> list[Waiting]:
        """Return the open asks, those of the oldest cases first."""
        return [Waiting(str(case), str(ask)) for case, ask in self._read(_OPEN_ASKS)]

    def reference(self, case: str) -> str:
        """Return the reference of a case."""
        return str(self._read('SELECT reference FROM "case" WHERE id = ?', case)[0][0])

    async def grow(self, cases: int, done: Callable[[], None]) -> float:
        """Open so many more, 32 at a time; return the seconds until somebody is asked in all, and every mail has left.

        Raises:
            TimeoutError: nobody was asked in one of them for two minutes.
        """
        left = iter(range(cases))
        asked: dict[str, asyncio.Event] = {}

        async def keep_opening() -> None:
            for place in left:
                case = await self._begin(f"One of many, {place}", self.ways[place % len(self.ways)])
                asked[case] = asyncio.Event()
                async with asyncio.timeout(_PATIENCE):
                    await asked[case].wait()
                done()

        async def keep_looking() -> None:
            # The record says it and not a mail: whoever is asked in so many has most of them put by for a digest.
            while True:
                await asyncio.sleep(_LOOK)
                marks = ", ".join("?" * len(asked))
                for (case,) in self._read(f'SELECT "case" FROM ask WHERE "case" IN ({marks})', *asked):  # noqa: S608 -- marks
                    if case in asked:
                        asked.pop(case).set()

        began = perf_counter()
        async with asyncio.TaskGroup() as both:
            looking = both.create_task(keep_looking())
            async with asyncio.TaskGroup() as lanes:
                for _ in range(AT_A_TIME):
                    lanes.create_task(keep_opening())
            looking.cancel()
        while cases and self._read(_MAILS_UNDER_WAY)[0][0]:  # noqa: ASYNC110 -- another process has no event to wait for
            await asyncio.sleep(_PAUSE)
        return perf_counter() - began

    async def decide(self, waiting: Waiting) -> float:
        """Approve what one ask asks; return how many seconds it took until the decision was recorded."""
        step = int(waiting.ask.removeprefix("a")) - 1
        return await self.ways[0].decide(waiting.case, step, Mail(APPROVERS[step], "", "", ""))

    async def decisions(self, chosen: Sequence[Waiting], done: Callable[[], None]) -> list[float]:
        """Decide each of `chosen` once the one before it idles; return the seconds that each took."""
        taken = []
        for waiting in chosen:
            taken.append(await self.decide(waiting))
            await settled(self.ways[0].engine.client, waiting.case)
            done()
        return taken

    async def back_after_kill(self) -> float:
        """Kill the server and start it at once; return the seconds from the kill to the next decision recorded.

        Somebody new tries every half second, each in another case.
        """
        trying: set[asyncio.Task[float]] = set()
        others = iter(random.sample(asks := self.open_asks(), len(asks)))
        began = perf_counter()
        await self.house.kill("server")
        await self.house.start("server")
        while True:
            if (waiting := next(others, None)) is not None:
                trying.add(asyncio.create_task(self.decide(waiting)))
            over, trying = await asyncio.wait(trying, timeout=_PAUSE, return_when=asyncio.FIRST_COMPLETED)
            for one in over:
                if not isinstance(one.exception(), EngineLostError):
                    one.result()
                    lasted = perf_counter() - began
                    # Those who came before are still served, or hear that they were not.
                    await asyncio.gather(*trying, return_exceptions=True)
                    return lasted

    async def _begin(self, title: str, way: Direct) -> str:
        while True:
            try:
                return await way.begin(title)
            except EngineLostError:
                await asyncio.sleep(_PAUSE)

    def _read(self, statement: str, *values: str) -> list[tuple[object, ...]]:
        with closing(sqlite3.connect(self.house.database)) as db:
            return db.execute(statement, values).fetchall()


def picked(asks: Sequence[Waiting], most: int) -> tuple[list[Waiting], bool]:
    """Return some asks at random, and whether the worker remembers none of their cases: all are if enough are."""
    forgotten = asks[:-CACHED]
    enough = len(forgotten) >= most
    found = forgotten if enough else asks
    return random.sample(found, min(most, len(found))), enough


def size_of(database: Path) -> int:
    """Return the bytes of a database, its journal included."""
    parts = (database, database.with_name(f"{database.name}-wal"))
    return sum(part.stat().st_size for part in parts if part.exists())


@asynccontextmanager
async def housed(folder: Path) -> AsyncIterator[House]:
    """Yield a house with Temporal, one worker, the web and the mail server up, on what `folder` holds already.

    Raises:
        RuntimeError: Temporal's own settings name a server.
    """
    server = embedded.server(folder / "temporal.sqlite3")
    if server is None:
        msg = "Temporal's own settings name a server; the benchmarks measure the embedded one"
        raise RuntimeError(msg)
    smtp_port, web_port = free_port(), free_port()
    environment = environment_of(folder, server, smtp_port, web_port)
    keys = folder / "keys"
    if not keys.exists():
        keys.write_text(environment["DULY_KEYS"])
    house = House(folder, server, smtp_port, web_port, environment | {"DULY_KEYS": keys.read_text()})
    try:
        for name in ("mail", "server"):
            await house.start(name)
        await run(house, "people", "import", str(PACK / "people.csv"))
        await house.connect()
        for name in ("worker", "web"):
            await house.start(name)
        await house.ready()
        yield house
    finally:
        await house.close()
