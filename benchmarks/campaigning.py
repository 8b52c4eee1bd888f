"""One run of everything about campaigns and reviews, from the first process to the last line."""

import asyncio
import signal
import statistics
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from time import perf_counter
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from benchmarks import campaign, cycles
from benchmarks.campaign import Signed
from benchmarks.figures import CAMPAIGN, Measured, json_of, table_of
from benchmarks.house import WEIGHED, House, standing
from benchmarks.load import Round
from benchmarks.ways import Direct, direct

TOO_LONG: Final = 124


@dataclass(frozen=True)
class Size:
    """How much is measured, and within how many seconds.

    `people` sign in each of the `pairs`; `larger` is how many a campaign asks of which only its own history counts.
    """

    pairs: int
    people: int
    larger: int
    documents: int
    within: float


WHOLE: Final = Size(pairs=3, people=2_000, larger=5_000, documents=100, within=75 * 60)
QUICK: Final = Size(pairs=1, people=200, larger=400, documents=3, within=10 * 60)


def run(size: Size, people: int | None, now: Callable[[], datetime]) -> int:
    """Measure, and print the tables and the figures; return 0, or 124 where it took too long."""
    if people is not None:
        size = replace(size, people=people)
    said, out, began = Console(stderr=True), Console(width=130), perf_counter()
    columns = TextColumn("{task.description:<44}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=said) as progress, tempfile.TemporaryDirectory(prefix="duly-") as folder:
        try:
            measured = asyncio.run(_within(size.within, Campaigning(size, progress, out, now), Path(folder)))
        except TimeoutError:
            said.print(f"Not done within {size.within / 60:.0f} minutes; all processes have ended.")
            return TOO_LONG
    out.print(f"\n{perf_counter() - began:,.0f} s in all\n")
    out.print(table_of(measured, CAMPAIGN))
    sys.stdout.write(json_of(measured, CAMPAIGN) + "\n")
    return 0


async def _within(seconds: float, measuring: "Campaigning", folder: Path) -> Measured:
    if (running := asyncio.current_task()) is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, running.cancel)
    async with asyncio.timeout(seconds):
        return await measuring.measure(folder)


@dataclass(frozen=True)
class Campaigning:
    """One run, of one size."""

    size: Size
    progress: Progress
    out: Console
    now: Callable[[], datetime]

    async def measure(self, folder: Path) -> Measured:
        """Return what every figure came to."""
        async with standing(folder) as house:
            way = await direct(house, self.now)
            try:
                measured = await self._signed(house, way)
                measured |= await self._larger(way)
            finally:
                await way.db.close()
        return {**measured, "cycles_not_done": await self._cycles(folder)}

    async def _signed(self, house: House, way: Direct) -> dict[str, float | None]:
        size = self.size
        task = self._task(f"Signatures, {campaign.AT_A_TIME} at a time, in pairs", size.pairs * 2 * size.people)
        client, staff = await house.connect(), await campaign.everybody(way, size.people)

        def done() -> None:
            self.progress.advance(task)

        bare: list[Round] = []
        signed: list[Signed] = []
        for pair in range(size.pairs):
            bare.append(await campaign.bare_round(house, client, staff, f"Bare code {pair}.", done))
            signed.append(await campaign.duly(house, way, staff, f"Code of conduct {pair}.", done))
        self._show(bare, signed)
        rounds = list(zip([one.round for one in signed], bare, strict=True))
        return {
            "campaign_throughput_ratio": statistics.median(one.per_second / by.per_second for one, by in rounds),
            "campaign_cpu_ratio": statistics.median(one.all_cpu / by.all_cpu for one, by in rounds),
            "campaign_history_events": max(one.longest.events for one in signed),
            "campaign_history_bytes": max(one.longest.bytes for one in signed),
            "campaign_mails_twice": sum(one.twice for one in signed),
            "campaign_mails_missing": sum(one.missing for one in signed),
        }

    async def _larger(self, way: Direct) -> dict[str, float | None]:
        many = self.size.larger
        task = self._task(f"A campaign for {many:,}", many)
        staff = await campaign.everybody(way, many)
        history = await campaign.own_history(way, staff, "A larger one", lambda: self.progress.advance(task))
        return {"campaign_larger_events": history.events, "campaign_larger_bytes": history.bytes}

    async def _cycles(self, folder: Path) -> float:
        task = self._task("Documents that go round for ten years", self.size.documents)
        return await cycles.not_done(folder / "cycles", self.size.documents, lambda: self.progress.advance(task))

    def _show(self, bare: list[Round], signed: list[Signed]) -> None:
        table = Table(title=f"{len(bare)} rounds of {self.size.people:,} signatures", title_justify="left")
        for heading in ("", "signatures/s", *WEIGHED, "CPU ms/signature"):
            table.add_column(heading, justify="right" if heading else "left", no_wrap=True)
        for name, rounds in (("bare", bare), ("Duly, HTTP apart", [one.round for one in signed])):
            table.add_row(
                name,
                f"{statistics.median(one.per_second for one in rounds):.1f}",
                *(f"{statistics.median(one.cpu[part] for one in rounds):.1f}" for part in WEIGHED),
                f"{statistics.median(one.all_cpu for one in rounds):.1f}",
            )
        self.out.print(table)
        own = signed[-1].own
        self.out.print(f"History of the campaign itself: {own.events} events, {own.bytes:,} bytes")

    def _task(self, what: str, total: int) -> TaskID:
        return self.progress.add_task(what, total=total)
