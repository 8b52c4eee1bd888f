"""One run of everything that is measured, from the first process to the last line."""

import argparse
import asyncio
import os
import platform
import re
import signal
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Final

import psutil  # type: ignore[import-untyped]  # comes without types
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table
from sqlalchemy import select
from sqlmodel import col
from temporalio.client import Client

from benchmarks import campaigning, open_cases, pages, starting, trouble
from benchmarks.browser import Browser
from benchmarks.figures import Measured, json_of, table_of
from benchmarks.house import WEIGHED, House, standing
from benchmarks.load import (
    AT_A_TIME,
    BARE,
    DIRECT,
    PAGES,
    Round,
    Ways,
    idle_decisions,
    many,
    percentile,
    ratio,
    rounds_of,
    settled,
)
from benchmarks.ways import Bare, Direct, Pages, direct, signed_in
from store.tables import CaseRow

ADMINISTRATOR: Final = ("admin@measured.example", "Abel Admin")
HEADTEACHER: Final = ("head@measured.example", "Helen Head")
WITHIN: Final = 15 * 60 - 20
LAST_PART: Final = 60
"""Seconds within which everything ends, and how many of them the part after the open cases takes."""

STARTERS: Final = ["Ada", "Ben", "Cara", "Dev", "Ella", "Finn", "Gita", "Hugh"]


@dataclass(frozen=True)
class Size:
    """How much of everything is measured."""

    rounds: int
    cases: int
    idle_cases: int
    kills: int
    cases_on_record: int
    visits: int
    starts: int
    memory: bool


WHOLE: Final = Size(
    rounds=3, cases=96, idle_cases=50, kills=2, cases_on_record=100_000, visits=60, starts=5, memory=True
)
QUICK: Final = Size(
    rounds=1, cases=64, idle_cases=10, kills=1, cases_on_record=5_000, visits=20, starts=1, memory=False
)


def now() -> datetime:
    """Return the time of this machine, in UTC."""
    return datetime.now(UTC)  # noqa: TID251 -- a composition root: here the clock is handed out


def main(arguments: list[str]) -> int:
    """Measure, and print the table and the figures; return 0."""
    parser = argparse.ArgumentParser(prog="benchmarks/run", description="Measure what Duly costs beside bare Temporal.")
    parser.add_argument("--quick", action="store_true", help="a first look: fewer of everything, no memory")
    parser.add_argument(
        "--campaign",
        action="store_true",
        help="an acknowledgement for 2,000 people instead, and 100 documents' reviews",
    )
    parser.add_argument("--people", type=int, help="with --campaign, how many sign")
    told = parser.parse_args(arguments)
    size = QUICK if told.quick else WHOLE
    # Neither Duly's settings nor Temporal's are to be what this shell happens to have.
    for name in [name for name in os.environ if re.match("DULY_|TEMPORAL_", name)]:
        del os.environ[name]
    os.umask(0o077)
    if told.campaign:
        return campaigning.run(campaigning.QUICK if told.quick else campaigning.WHOLE, told.people, now)
    said = Console(stderr=True)
    columns = TextColumn("{task.description:<44}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    began = perf_counter()
    with Progress(*columns, console=said) as progress, tempfile.TemporaryDirectory(prefix="duly-") as folder:
        bench = Bench(size, progress, Console(width=130), began)
        measured = asyncio.run(bench.measure(Path(folder)))
    out = bench.out
    out.print(f"\n{machine()}; {perf_counter() - began:,.0f} s in all")
    out.print(
        "Limits raised for the run: how many cases begin per hour and person, and per day; no other is reached.\n"
    )
    out.print(table_of(measured))
    sys.stdout.write(json_of(measured) + "\n")
    return 0


@dataclass(frozen=True)
class Bench:
    """One run, of one size."""

    size: Size
    progress: Progress
    out: Console
    began: float

    async def measure(self, folder: Path) -> Measured:
        """Return what every figure came to."""
        (folder / "up").mkdir()
        if (running := asyncio.current_task()) is not None:
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, running.cancel)
        async with standing(folder) as house, self._everybody(house) as (client, ways, bare):
            measured: dict[str, float | None] = {}
            measured |= await self._idle(house, client, ways)
            measured |= await self._load(house, ways)
            measured |= {"stall_seconds": await self._stall(house, ways)}
            measured |= {"page_p99_ms": await self._pages(house, bare)}
            measured |= {"open_case_bytes": await self._open_cases(house, bare) if self.size.memory else None}
        measured |= {"ready_seconds": await self._ready(folder / "up")}
        return measured

    @asynccontextmanager
    async def _everybody(self, house: House) -> AsyncIterator[tuple[Client, Ways, Direct]]:
        """Yield a client, the ways to compare with their sessions open, and the way without pages."""
        client, engine = await house.connect(), await direct(house, now)
        task = self._task("Signing in", len(STARTERS))
        starters = []
        for first in STARTERS:
            starters.append(await signed_in(house, f"{first.lower()}.ash@measured.example", f"{first} Ash"))
            self.progress.advance(task)
        lanes = [
            Pages(_again(house, starters[lane % len(starters)]), Browser(house.base_url), now)
            for lane in range(AT_A_TIME)
        ]
        ways: Ways = {BARE: [Bare(client)] * AT_A_TIME, PAGES: lanes, DIRECT: [engine] * AT_A_TIME}
        try:
            yield client, ways, engine
        finally:
            for browser in (*starters, *(each for lane in lanes for each in (lane.starter, lane.approver))):
                await browser.close()
            await engine.db.close()

    async def _idle(self, house: House, client: Client, ways: Ways) -> Measured:
        task = self._task("Decisions while nothing else goes on", self.size.idle_cases)
        lived = await idle_decisions(house, client, ways, self.size.idle_cases, lambda: self.progress.advance(task))
        table = Table(title="A decision on an idle case, ms", title_justify="left")
        for heading in ("", "p50", "p99", "most", "decisions"):
            table.add_column(heading, justify="right" if heading else "left", no_wrap=True)
        waits = {name: [wait * 1000 for one in cases for wait in one.waits] for name, cases in lived.items()}
        for name, values in waits.items():
            shown = [f"{value:.1f}" for value in (percentile(values, 50), percentile(values, 99), max(values))]
            table.add_row(name, *shown, str(len(values)))
        self.out.print(table)
        events = {}
        for name, cases in lived.items():
            lengths = [len((await client.get_workflow_handle(one.case).fetch_history()).events) for one in cases[-5:]]
            events[name] = statistics.median(lengths)
        self.out.print(f"History events of a case: {', '.join(f'{name} {n:.0f}' for name, n in events.items())}\n")
        return {
            "events_ratio": events[PAGES] / events[BARE],
            "decision_p50_ratio": percentile(waits[PAGES], 50) / percentile(waits[BARE], 50),
            "decision_p99_ratio": percentile(waits[PAGES], 99) / percentile(waits[BARE], 99),
        }

    async def _load(self, house: House, ways: Ways) -> Measured:
        size = self.size
        task = self._task(f"Cases, {AT_A_TIME} at a time, in pairs", size.rounds * len(ways))
        rounds = await rounds_of(house, ways, size.rounds, size.cases, lambda: self.progress.advance(task))
        table = Table(title=f"{size.rounds} rounds of {size.cases} cases, {AT_A_TIME} at a time", title_justify="left")
        for heading in ("", "cases/s", "of bare's", *WEIGHED, "CPU ms/case", "of bare's"):
            table.add_column(heading, justify="right" if heading else "left", no_wrap=True)
        for name, taken in rounds.items():
            table.add_row(
                name,
                f"{statistics.median(one.per_second for one in taken):.1f}",
                f"{ratio(rounds, name, _speed):.2f}",
                *(f"{statistics.median(one.cpu[part] for one in taken):.1f}" for part in WEIGHED),
                f"{statistics.median(one.all_cpu for one in taken):.1f}",
                f"{ratio(rounds, name, _cpu):.2f}",
            )
        self.out.print(table)
        return {"throughput_ratio": ratio(rounds, PAGES, _speed), "cpu_ratio": ratio(rounds, PAGES, _cpu)}

    async def _stall(self, house: House, ways: Ways) -> float:
        task = self._task("Killed under load, and started again", self.size.kills * len(trouble.KILLED))
        longest = 0.0
        for _ in range(self.size.kills):
            for name in trouble.KILLED:
                waits = await trouble.stall(house, ways[PAGES], name)
                shown = f"{statistics.median(waits):.2f} s at the median, {max(waits):.2f} s at most"
                self.out.print(f"A decision while the {name} was killed: {shown}, of {len(waits)}")
                longest = max(longest, *waits)
                self.progress.advance(task)
        self.out.print()
        return longest

    async def _pages(self, house: House, engine: Direct) -> float:
        own = await engine.begin("The latest")
        await many(house, [engine], 1)
        await settled(engine.engine.client, own)
        administrator, headteacher = [await signed_in(house, *who) for who in (ADMINISTRATOR, HEADTEACHER)]
        visits = await _visits(engine, administrator, headteacher, own)
        few = await pages.times(visits, self.size.visits)
        task = self._task("Cases put on record", self.size.cases_on_record)
        await asyncio.to_thread(
            pages.fill, house.database, self.size.cases_on_record, now(), lambda n: self.progress.advance(task, n)
        )
        visiting = self._task("Pages", None)
        taken = await pages.times(visits, self.size.visits)
        self.progress.update(visiting, total=1, completed=1)
        for browser in (administrator, headteacher):
            await browser.close()
        title = f"Pages with {self.size.cases_on_record:,} cases on record, ms"
        table = Table(title=title, title_justify="left")
        for heading in ("", "p50", "p99", "p99 before"):
            table.add_column(heading, justify="right" if heading else "left", no_wrap=True)
        for name, values in taken.items():
            shown = (percentile(values, 50), percentile(values, 99), percentile(few[name], 99))
            table.add_row(name, *(f"{value:.1f}" for value in shown))
        self.out.print(table)
        return pages.slowest(taken)

    async def _open_cases(self, house: House, engine: Direct) -> float:
        task = self._task("Cases that wait", open_cases.MANY)
        left = WITHIN - (perf_counter() - self.began) - LAST_PART
        grown = await open_cases.growth(house, engine, left, lambda: self.progress.advance(task))
        self.out.print(f"Memory of the worker: measured from {open_cases.FEW:,} to {grown.open_cases:,} open cases\n")
        return grown.bytes_per_case

    async def _ready(self, folder: Path) -> float:
        task = self._task("`duly up`", self.size.starts + 1)
        taken = []
        for _ in range(self.size.starts + 1):
            taken.append(await starting.ready_after(folder))
            self.progress.advance(task)
        self.out.print(f"`duly up` on a new folder {taken[0]:.1f} s; then {', '.join(f'{s:.1f}' for s in taken[1:])} s")
        return statistics.median(taken[1:])

    def _task(self, what: str, total: int | None) -> TaskID:
        return self.progress.add_task(what, total=total)


async def _visits(
    engine: Direct, administrator: Browser, headteacher: Browser, own: str
) -> Sequence[tuple[Browser, str, str]]:
    """Return the lists, and a case of each kind, to be visited."""
    async with engine.db.read() as session:
        waiting = await session.scalar(select(col(CaseRow.reference)).where(col(CaseRow.id) == own))
        over = select(col(CaseRow.reference)).where(col(CaseRow.closed_at).is_not(None))
        decided = await session.scalar(over.order_by(col(CaseRow.closed_at).desc()).limit(1))
    return (
        (headteacher, "start page", "/"),
        (headteacher, "my tasks", "/tasks"),
        (administrator, "overview", "/admin"),
        (administrator, "all cases", "/admin/cases"),
        (administrator, "all cases, open", "/admin/cases?state=open"),
        (administrator, "all cases, one process", "/admin/cases?process=approval"),
        (administrator, "all cases, one reference", f"/admin/cases?reference={decided}"),
        (headteacher, "register", "/register"),
        (administrator, "a case that waits", f"/cases/{waiting}"),
        (administrator, "a case that is over", f"/cases/{decided}"),
    )


def _again(house: House, signed: Browser) -> Browser:
    """Return another connection of somebody who is signed in."""
    browser = Browser(house.base_url, signed.name)
    browser.be_as(signed)
    return browser


def _speed(one: Round) -> float:
    return one.per_second


def _cpu(one: Round) -> float:
    return one.all_cpu


def machine() -> str:
    """Return on what this runs."""
    memory = psutil.virtual_memory().total / 2**30
    return (
        f"Python {platform.python_version()}, {platform.system()}, {os.cpu_count()} cores, {memory:.0f} GiB of memory"
    )
