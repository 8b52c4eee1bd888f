"""Cases in pairs: bare, then Duly, then bare again, each 32 at a time or one by one."""

import asyncio
import statistics
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Final

from temporalio.client import Client

from benchmarks.bare import check_shape
from benchmarks.house import WEIGHED, House
from benchmarks.ways import Lived, Way, live

AT_A_TIME: Final = 32

_LOOK: Final = 0.01

Ways = Mapping[str, Sequence[Way]]
"""The ways to compare, by name, each once for every case that runs at the same time."""

BARE: Final = "bare"
PAGES: Final = "Duly through HTTP"
DIRECT: Final = "Duly, HTTP apart"


@dataclass(frozen=True)
class Round:
    """What many cases, 32 at a time, took: per second, and milliseconds of CPU per case and process."""

    per_second: float
    cpu: Mapping[str, float]

    @property
    def all_cpu(self) -> float:
        """Milliseconds of CPU per case, of all processes together."""
        return sum(self.cpu.values())


async def settled(client: Client, case: str) -> None:
    """Return once a case has nothing left to do now."""
    while True:
        raw = (await client.get_workflow_handle(case).describe()).raw_description
        if not raw.pending_activities and not raw.HasField("pending_workflow_task"):
            return
        await asyncio.sleep(_LOOK)


async def many(house: House, lanes: Sequence[Way], cases: int) -> Round:
    """Run `cases` cases to their ends, one after the other in each lane."""
    left = iter(range(cases))

    async def keep_going(way: Way) -> None:
        for _ in left:
            await live(way, house.letterbox)

    before, began = house.cpu(), perf_counter()
    async with asyncio.TaskGroup() as group:
        for way in lanes:
            group.create_task(keep_going(way))
    lasted, after = perf_counter() - began, house.cpu()
    cpu = {name: (after[name] - before[name]) * 1000 / cases for name in WEIGHED}
    return Round(cases / lasted, cpu)


async def rounds_of(
    house: House, ways: Ways, rounds: int, cases: int, done: Callable[[], None]
) -> dict[str, list[Round]]:
    """Return what each way took, in each of several rounds in turn; the first round of all warms up."""
    taken: dict[str, list[Round]] = {name: [] for name in ways}
    for lanes in ways.values():
        await many(house, lanes, AT_A_TIME)
    for _ in range(rounds):
        for name, lanes in ways.items():
            taken[name].append(await many(house, lanes, cases))
            done()
    return taken


async def idle_decisions(
    house: House, client: Client, ways: Ways, cases: int, done: Callable[[], None]
) -> dict[str, list[Lived]]:
    """Return cases of each way, in turn, whose every decision was made while nothing else went on.

    Raises:
        AssertionError: a bare case was not of the shape by which it is known.
    """
    lived: dict[str, list[Lived]] = {name: [] for name in ways}

    def idles(case: str) -> Awaitable[None]:
        return settled(client, case)

    for place in range(cases):
        for name, lanes in ways.items():
            one = await live(lanes[0], house.letterbox, idles)
            lived[name].append(one)
            await idles(one.case)
            if name == BARE and place == 0:
                await check_shape(client.get_workflow_handle(one.case))
        done()
    return lived


def ratio(rounds: Mapping[str, Sequence[Round]], name: str, what: Callable[[Round], float]) -> float:
    """Return the median, over the pairs of rounds, of `what` of a way by what of bare."""
    pairs = zip(rounds[name], rounds[BARE], strict=True)
    return statistics.median(what(one) / what(bare) for one, bare in pairs)


def percentile(values: Sequence[float], percent: int) -> float:
    """Return the smallest of `values` that `percent` per cent of them do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]
