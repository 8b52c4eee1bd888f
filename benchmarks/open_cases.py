"""How much memory of the worker an open case takes while it waits."""

import asyncio
from collections.abc import Callable
from time import perf_counter
from typing import Final, NamedTuple

from benchmarks.house import House
from benchmarks.ways import APPROVERS, Direct

FEW: Final = 2_000
MANY: Final = 10_000

_AT_A_TIME: Final = 48
_PATIENCE: Final = 120.0
_LOOKS: Final = 10
_PAUSE: Final = 0.3


class Grown(NamedTuple):
    """By how many bytes the worker grew with each open case, and up to how many of them."""

    bytes_per_case: float
    open_cases: int


async def growth(house: House, way: Direct, seconds: float, done: Callable[[], None]) -> Grown:
    """Return by how much the worker grows from 2,000 to 10,000 open cases, or as many as begin within `seconds`."""
    over_at = perf_counter() + seconds
    few = await _open(house, way, FEW, over_at, done)
    before = await _memory(house)
    more = await _open(house, way, MANY - FEW, over_at, done)
    return Grown((await _memory(house) - before) / max(more, 1), few + more)


async def _open(house: House, way: Direct, cases: int, over_at: float, done: Callable[[], None]) -> int:
    """Begin cases until there is no time left; return how many, once somebody has been asked in all of them."""
    left = iter(range(cases))
    opened = 0

    async def keep_going() -> None:
        nonlocal opened
        for place in left:
            if perf_counter() > over_at:
                return
            title = f"Open approval {place} of {cases}"
            asked = house.letterbox.expect(f"Please decide: {title}", APPROVERS[0])
            await way.begin(title)
            await asyncio.wait_for(asked, _PATIENCE)
            opened += 1
            done()

    async with asyncio.TaskGroup() as group:
        for _ in range(_AT_A_TIME):
            group.create_task(keep_going())
    return opened


async def _memory(house: House) -> int:
    """Return the least of several looks: what is left once the last cases are dealt with."""
    looks = []
    for _ in range(_LOOKS):
        looks.append(house.memory("worker"))
        await asyncio.sleep(_PAUSE)
    return min(looks)
