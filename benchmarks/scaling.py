"""One run with many open cases, from the first process to the last line."""

import argparse
import asyncio
import json
import os
import re
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from activities.jobs import Jobs
from activities.lookout import Lookout
from benchmarks import pages
from benchmarks.browser import Browser
from benchmarks.crowd import Crowd, housed, picked, size_of
from benchmarks.house import folder_to_use
from benchmarks.load import percentile
from benchmarks.ways import APPROVERS, Direct, direct, signed_in
from benchmarks.whole import ADMINISTRATOR, HEADTEACHER, now
from store import people

DECISIONS: Final = 200
VISITS: Final = 100

_ASKED_IN_ALL: Final = (APPROVERS[0], "Lena Lines")
_STARTER: Final = ("ada.ash@measured.example", "Ada Ash")
_LOOKS: Final = 10
_PAUSE: Final = 0.3
_STOPPED: Final = 130
_MEGABYTE: Final = 10**6


@dataclass(frozen=True)
class AtSize:
    """What was measured with so many cases open. `pages` has p50 and p99 of each, in milliseconds."""

    open_cases: int
    opened: int
    opening_seconds: float
    opened_per_second: float
    server_bytes: int
    worker_bytes: int
    web_bytes: int
    temporal_file_bytes: int
    duly_file_bytes: int
    look_seconds: float
    decision_p50_ms: float
    decision_p99_ms: float
    decisions: int
    decisions_forgotten: bool
    back_seconds: float
    pages: Mapping[str, tuple[float, float]]


def main(arguments: list[str]) -> int:
    """Measure, and print the tables and a line of figures for each size; return 0, or 130 where it was stopped."""
    parser = argparse.ArgumentParser(prog="benchmarks/scale", description="Measure Duly with many open cases.")
    parser.add_argument("--cases", type=_number, default=10_000, help="how many are to be open (10000)")
    parser.add_argument("--then", type=_number, help="a second size, measured after the first")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep the data there, or go on from what it holds")
    told = parser.parse_args(arguments)
    # Neither Duly's settings nor Temporal's are to be what this shell happens to have.
    for name in [name for name in os.environ if re.match("DULY_|TEMPORAL_", name)]:
        del os.environ[name]
    os.umask(0o077)
    said = Console(stderr=True)
    columns = TextColumn("{task.description:<44}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    sizes = [size for size in (told.cases, told.then) if size is not None]
    with folder_to_use(told.keep) as folder, Progress(*columns, console=said) as progress:
        try:
            asyncio.run(Scale(progress, Console(width=110)).measure(folder, sizes))
        except asyncio.CancelledError:
            said.print("Stopped; all processes have ended.")
            return _STOPPED
    return 0


@dataclass(frozen=True)
class Scale:
    """One run."""

    progress: Progress
    out: Console

    async def measure(self, folder: Path, sizes: Sequence[int]) -> None:
        """Measure at each size in turn, and print what was measured as soon as it is known."""
        _stop_once(asyncio.current_task())
        async with housed(folder) as house:
            way = await direct(house, now)
            try:
                async with way.db.read() as session:
                    everybody = (await people.directory(session, way.pack.organisation.key)).people
                starters = [person.id for person in everybody if person.id not in way.approvers]
                crowd = Crowd(house, [replace(way, starter=starter) for starter in starters])
                for size in sizes:
                    self._show(await self._at(size, crowd, way))
            finally:
                await way.db.close()

    async def _at(self, size: int, crowd: Crowd, way: Direct) -> AtSize:
        house = crowd.house
        opened = max(size - len(crowd.open_asks()), 0)
        task = self._task(f"Cases opened, up to {size:,}", opened)
        seconds = await crowd.grow(opened, lambda: self.progress.advance(task))
        asks = crowd.open_asks()
        files = size_of(house.server.database), size_of(house.database)
        looking = self._task("A look of the lookout", 1)
        began = perf_counter()
        await Lookout(way.db, way.keys, Jobs(way.engine.client), now).look()
        look_seconds = perf_counter() - began
        self.progress.advance(looking)
        taken = await self._pages(crowd, asks[len(asks) // 2].case)
        memory = await self._memory(crowd)
        chosen, forgotten = picked(asks, DECISIONS)
        task = self._task("Decisions", len(chosen))
        waits = [wait * 1000 for wait in await crowd.decisions(chosen, lambda: self.progress.advance(task))]
        p50, p99 = _p50_and_p99(waits)
        killing = self._task("The server killed, and started again", 1)
        back_seconds = await crowd.back_after_kill()
        self.progress.advance(killing)
        return AtSize(
            open_cases=len(asks),
            opened=opened,
            opening_seconds=round(seconds, 2),
            opened_per_second=round(opened / seconds, 2),
            server_bytes=memory["server"],
            worker_bytes=memory["worker"],
            web_bytes=memory["web"],
            temporal_file_bytes=files[0],
            duly_file_bytes=files[1],
            look_seconds=round(look_seconds, 3),
            decision_p50_ms=p50,
            decision_p99_ms=p99,
            decisions=len(waits),
            decisions_forgotten=forgotten,
            back_seconds=round(back_seconds, 2),
            pages={name: _p50_and_p99(values) for name, values in taken.items()},
        )

    async def _memory(self, crowd: Crowd) -> dict[str, int]:
        """Return the least of several looks at each process: what is left once the last cases are dealt with."""
        least: dict[str, int] = {}
        for _ in range(_LOOKS):
            for name in ("server", "worker", "web"):
                least[name] = min(crowd.house.memory(name), least.get(name, sys.maxsize))
            await asyncio.sleep(_PAUSE)
        return least

    async def _pages(self, crowd: Crowd, case: str) -> dict[str, list[float]]:
        task = self._task("Pages", 1)
        reference = crowd.reference(case)
        # Anew at each size: a session may have ended while cases were opened.
        administrator, headteacher, asked, starter = browsers = [
            await signed_in(crowd.house, *who) for who in (ADMINISTRATOR, HEADTEACHER, _ASKED_IN_ALL, _STARTER)
        ]
        visits: Sequence[tuple[Browser, str, str]] = (
            (starter, "start page", "/"),
            (headteacher, "my tasks, of whoever is asked in few", "/tasks"),
            (asked, "my tasks, of whoever is asked in all", "/tasks"),
            (starter, "my tasks, of a starter", "/tasks"),
            (headteacher, "register", "/register"),
            (administrator, "overview", "/admin"),
            (administrator, "all cases", "/admin/cases"),
            (administrator, "all cases, open", "/admin/cases?state=open"),
            (administrator, "all cases, one reference", f"/admin/cases?reference={reference}"),
            (administrator, "a case that waits", f"/cases/{reference}"),
        )
        try:
            return await pages.times(visits, VISITS)
        finally:
            self.progress.advance(task)
            for browser in browsers:
                await browser.close()

    def _show(self, found: AtSize) -> None:
        table = Table(title=f"With {found.open_cases:,} open cases", title_justify="left")
        table.add_column("what it is")
        table.add_column("measured", justify="right", no_wrap=True)
        for what, value in _rows(found):
            table.add_row(what, value)
        self.out.print(table)
        shown = Table(
            title=f"Pages with {found.open_cases:,} open cases, ms (60,000 if not shown)", title_justify="left"
        )
        for heading in ("", "p50", "p99"):
            shown.add_column(heading, justify="right" if heading else "left", no_wrap=True)
        for name, (p50, p99) in found.pages.items():
            shown.add_row(name, f"{p50:,.1f}", f"{p99:,.1f}")
        self.out.print(shown)
        sys.stdout.write(json.dumps(asdict(found)) + "\n")
        sys.stdout.flush()

    def _task(self, what: str, total: int) -> TaskID:
        return self.progress.add_task(what, total=total)


def _rows(found: AtSize) -> Iterator[tuple[str, str]]:
    yield "opened in this run", f"{found.opened:,}"
    yield "time that took, s", f"{found.opening_seconds:,.1f}"
    yield "opened per second, 32 at a time", f"{found.opened_per_second:,.1f}"
    yield "memory of the server, MB", _megabytes(found.server_bytes)
    yield "memory of the worker, MB", _megabytes(found.worker_bytes)
    yield "memory of the web, MB", _megabytes(found.web_bytes)
    yield "Temporal's database with its journal, MB", _megabytes(found.temporal_file_bytes)
    yield "Duly's database with its journal, MB", _megabytes(found.duly_file_bytes)
    yield "a look of the lookout at every open ask, s", f"{found.look_seconds:,.2f}"
    which = "forgot" if found.decisions_forgotten else "may remember"
    yield f"{found.decisions} decisions, in cases that the worker {which}, p50, ms", f"{found.decision_p50_ms:,.1f}"
    yield "the same, p99, ms", f"{found.decision_p99_ms:,.1f}"
    yield "from the kill of the server to the next decision, s", f"{found.back_seconds:,.1f}"


def _p50_and_p99(values: Sequence[float]) -> tuple[float, float]:
    return round(percentile(values, 50), 1), round(percentile(values, 99), 1)


def _megabytes(size: int) -> str:
    return f"{size / _MEGABYTE:,.0f}"


def _stop_once(running: asyncio.Task[None] | None) -> None:
    """Have the first Ctrl-C end the run; another does not keep the processes from being stopped."""

    def stop() -> None:
        if running is not None and not running.cancelling():
            running.cancel()

    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stop)


def _number(text: str) -> int:
    """Return how many cases are to be open.

    Raises:
        ValueError: it is no number, or less than one.
    """
    number = int(text)
    if number < 1:
        raise ValueError
    return number
