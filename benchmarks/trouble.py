"""What a decision waits when the worker or the server is killed under load and started again at once."""

import asyncio
from collections.abc import Sequence
from typing import Final

from benchmarks.house import House
from benchmarks.ways import Way, live

KILLED: Final = ("worker", "server")

_BEFORE: Final = 4.0
_AFTER: Final = 12.0


async def stall(house: House, lanes: Sequence[Way], name: str) -> list[float]:
    """Return how long each decision waited, in seconds, while process `name` was killed and started again."""
    waits: list[float] = []
    over = asyncio.Event()

    async def keep_going(way: Way) -> None:
        while not over.is_set():
            waits.extend((await live(way, house.letterbox)).waits)

    async with asyncio.TaskGroup() as group:
        for way in lanes:
            group.create_task(keep_going(way))
        await asyncio.sleep(_BEFORE)
        await house.kill(name)
        await house.start(name)
        await asyncio.sleep(_AFTER)
        over.set()
    return waits
