"""How much memory of the worker an open case takes while it waits."""

import asyncio
from collections.abc import Callable
from typing import Final

from temporalio.client import Client

from benchmarks.house import House
from benchmarks.load import AT_A_TIME, settled
from benchmarks.ways import Direct

FEW: Final = 2_000
MANY: Final = 10_000

_LOOKS: Final = 10
_PAUSE: Final = 0.3


async def bytes_per_case(house: House, client: Client, way: Direct, done: Callable[[int], None]) -> float:
    """Return by how many bytes the worker grows with each case that waits, between 2,000 and 10,000 of them."""
    await _open(client, way, FEW, done)
    before = await _memory(house)
    await _open(client, way, MANY - FEW, done)
    return (await _memory(house) - before) / (MANY - FEW)


async def _open(client: Client, way: Direct, cases: int, done: Callable[[int], None]) -> None:
    """Begin cases, and wait until all of them wait."""
    left = iter(range(cases))

    async def keep_going() -> None:
        for place in left:
            case = await way.begin(f"Open approval {place}")
            await settled(client, case)
            done(1)

    async with asyncio.TaskGroup() as group:
        for _ in range(AT_A_TIME):
            group.create_task(keep_going())


async def _memory(house: House) -> int:
    """Return the smallest of several looks: what is left once the garbage is gone."""
    looks = []
    for _ in range(_LOOKS):
        looks.append(house.memory("worker"))
        await asyncio.sleep(_PAUSE)
    return min(looks)
