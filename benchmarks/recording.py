"""One run of the pages with many cases and events on record, from the first process to the last line."""

import argparse
import asyncio
import json
import os
import re
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter
from typing import Final
from urllib.parse import urlencode

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from sqlalchemy import ColumnElement, func, select
from sqlmodel import col

import packs
from benchmarks import doubling, filling, played
from benchmarks.browser import Browser
from benchmarks.databases import Store, stores
from benchmarks.filling import Record
from benchmarks.house import House, environment_of, folder_to_use
from benchmarks.load import percentile
from benchmarks.whole import machine, now
from domain.asking import AUTHOR
from duly import embedded
from duly.embedded import free_port
from settings import parse_keys
from starter.web.finding import SORTS, STATES
from store import sessions
from store.database import Database
from store.keys import CaseKeys, Keyring
from store.migrate import upgrade
from store.tables import CaseRow, EventRow

DATABASES: Final = ("sqlite", "postgres")
FEW: Final = 400
"""Cases on record when the pages are looked at first."""

SEALED: Final = 20_000
"""Of more cases than these, one in eight is sealed, and the others are copied from it where they are."""

TIMES: Final = 100
DEEP: Final = 20
"""Pages that somebody goes on in a list, before one of them is measured."""

BUDGET_MS: Final = 150

_PATIENCE: Final = 4
_STOPPED: Final = 130
_OK: Final = 200
_FAILED_MS: Final = 60_000.0
_ONWARD: Final = re.compile(r'href="(/(?:admin/cases|register)\?[^"]*after=[^"]*)"')
_COOKIE: Final = "duly-demo"


@dataclass(frozen=True)
class Visit:
    """A page to look at: who does, and its addresses, one each time."""

    name: str
    browser: Browser
    paths: tuple[str, ...]


@dataclass(frozen=True)
class Took:
    """What looking at a page took each time: by the clock, and the CPU of the web and of its database; milliseconds."""

    clock: tuple[float, ...]
    cpu: tuple[float, ...]


Opened = Mapping[str, Sequence[str]]
"""The references of cases that are opened, by what they are."""


@dataclass(frozen=True)
class Found:
    """What came of a run on one database. `pages` has, with few cases and with all, p50 and p99 of clock and CPU."""

    database: str
    cases: int
    events: int
    sealed_cases: int
    open_cases: int
    filled_seconds: float
    bytes: int
    pages: Mapping[str, Mapping[str, float]]

    @property
    def slowest_ms(self) -> float:
        """The p99 of the page that is slowest by it, with all on record."""
        return max(page["p99"] for page in self.pages.values())


def main(arguments: list[str]) -> int:
    """Measure, and print a table and a line of figures for each database; return 0."""
    parser = argparse.ArgumentParser(prog="benchmarks/record", description="Measure pages with many events on record.")
    parser.add_argument("--cases", type=int, default=100_000, help="how many are on record (100000)")
    parser.add_argument("--events", type=int, default=30, help="events of each, about (30)")
    parser.add_argument("--sealed", type=int, default=SEALED, help=f"above so many, copies are not sealed ({SEALED})")
    parser.add_argument("--database", choices=DATABASES, help="one of them; both by default")
    parser.add_argument("--times", type=int, default=TIMES, help=f"how often each page is looked at ({TIMES})")
    parser.add_argument(
        "--keep", type=Path, metavar="FOLDER", help="keep the databases there, or look at those it holds"
    )
    told = parser.parse_args(arguments)
    # Neither Duly's settings nor Temporal's are to be what this shell happens to have.
    for name in [name for name in os.environ if re.match("DULY_|TEMPORAL_", name)]:
        del os.environ[name]
    os.umask(0o077)
    columns = TextColumn("{task.description:<44}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with folder_to_use(told.keep) as folder, Progress(*columns, console=Console(stderr=True)) as progress:
        run = Recording(progress, Console(width=130), told.cases, told.events, told.sealed, told.times)
        names = [told.database] if told.database else DATABASES
        try:
            asyncio.run(run.measure(folder, names, kept=told.keep is not None))
        except asyncio.CancelledError:
            return _STOPPED
    return 0


@dataclass(frozen=True)
class Recording:
    """One run."""

    progress: Progress
    out: Console
    cases: int
    events: int
    sealed: int
    times: int

    async def measure(self, folder: Path, names: Sequence[str], *, kept: bool) -> None:
        """Fill the databases, and look at the pages on each in turn, with few cases and with all.

        Where they are kept and were filled before, they are looked at as they are.
        """
        if (running := asyncio.current_task()) is not None:
            for name in (signal.SIGINT, signal.SIGTERM):
                asyncio.get_running_loop().add_signal_handler(name, running.cancel)
        server = embedded.server(folder / "temporal.sqlite3")
        if server is None:
            msg = "Temporal's own settings name a server"
            raise RuntimeError(msg)
        file = folder / "kept.json"
        before: Before | None = Before(**json.loads(file.read_text(encoding="utf-8"))) if file.exists() else None
        environment = environment_of(folder, server, free_port(), free_port()) | {"DULY_PACKS": str(played.PACK)}
        if before is not None:
            environment["DULY_KEYS"] = before.keys
        house, staff = (
            House(folder, server, 0, int(environment["DULY_PORT"]), environment),
            played.trust(packs.load(played.PACK)),
        )
        async with stores(folder, before.names if before else names, kept=kept) as found:
            try:
                await house.start("server")
                await house.connect()
                if before is None:
                    before = await self._filled(house, found, staff, folder)
                    file.write_text(json.dumps(asdict(before)), encoding="utf-8")
                for store in found:
                    taken = await self._look(house, store, staff, before.opened)
                    self._show(await self._found(store, before, taken))
            finally:
                await house.close()

    async def _filled(self, house: House, found: Sequence[Store], staff: played.Staff, folder: Path) -> "Before":
        """Fill the databases, and return what was measured before all was on record."""
        keys = house.environment["DULY_KEYS"]
        ring = Keyring.of(parse_keys(keys))
        record = Record(tuple(await self._models(folder, ring, staff)), staff, ring, now())
        for store in found:
            db = Database(store.url)
            async with db.write() as session:
                await played.populate(session, packs.load(played.PACK), staff)
            await db.close()
        doublings = doubling.TIMES if self.cases > self.sealed else 0
        sealed = -(-self.cases // 2**doublings)
        few = min(FEW, sealed)
        family = await self._fill(record, 0, few, found)
        pages = {store.name: _figures(await self._look(house, store, staff)) for store in found}
        began = perf_counter()
        await self._fill(record, family, sealed - few, found)
        opened = await _opened(found[0], self.times)
        task = self.progress.add_task("Doubled", total=len(found) * doublings * len(doubling.ALL))
        for turn in range(doublings):
            await asyncio.gather(
                *(doubling.double(store, 2**turn, lambda: self.progress.advance(task)) for store in found)
            )
        return Before(keys, [store.name for store in found], sealed, perf_counter() - began, pages, opened)

    async def _models(self, folder: Path, ring: Keyring, staff: played.Staff) -> list[played.Model]:
        url = f"sqlite+aiosqlite:///{folder}/models.sqlite3"
        await asyncio.to_thread(upgrade, url)
        db = Database(url)
        try:
            return await played.models(db, CaseKeys(db, ring), packs.load(played.PACK), staff, self.events)
        finally:
            await db.close()

    async def _fill(self, record: Record, first: int, cases: int, stores: Sequence[Store]) -> int:
        """Put `cases` on record in all of `stores`; return the next family."""
        task = self.progress.add_task("Cases sealed, and put on record", total=cases)
        into = [await store.filled() for store in stores]
        family = await filling.fill(record, first, cases, into, lambda n: self.progress.advance(task, n))
        for one in into:
            await one.close()
        return family

    async def _look(
        self, house: House, store: Store, staff: played.Staff, opened: Opened | None = None
    ) -> dict[str, Took]:
        """Return what each page took, with the web started anew on `store`."""
        house.environment["DULY_DATABASE_URL"] = store.url
        db = Database(store.url)
        await house.start("web")
        try:
            await _ready(house)
            opened = opened or await _opened(store, self.times)
            visits = await _visits(house, db, staff, opened)
            task = self.progress.add_task(f"Pages on {store.name}", total=len(visits) * self.times)
            return await _taken(house, store, visits, self.times, lambda: self.progress.advance(task))
        finally:
            await house.stop("web")
            await db.close()

    async def _found(self, store: Store, before: "Before", taken: Mapping[str, Took]) -> Found:
        db = Database(store.url)
        async with db.read() as session:
            events = await session.scalar(select(func.count()).select_from(EventRow)) or 0
            cases = await session.scalar(select(func.count()).select_from(CaseRow)) or 0
            waiting = select(func.count()).select_from(CaseRow).where(col(CaseRow.closed_at).is_(None))
            open_cases = await session.scalar(waiting) or 0
        await db.close()
        few = before.few[store.name]
        pages = {
            name: {**figures, **{f"few_{figure}": value for figure, value in few[name].items()}}
            for name, figures in _figures(taken).items()
        }
        return Found(store.name, cases, events, before.sealed, open_cases, before.seconds, store.bytes, pages)

    def _show(self, found: Found) -> None:
        of = f"{found.cases:,} cases ({found.open_cases:,} open) and {found.events:,} events on {found.database}"
        size = f"{found.bytes / 10**9:.1f} GB, put on record in {found.filled_seconds:,.0f} s"
        table = Table(title=f"Pages with {of}, ms", title_justify="left")
        for heading in ("", "p50", "p99", "p50 with few", "p99 with few", "CPU p50", "CPU p99", "CPU p50 with few"):
            table.add_column(heading, justify="right" if heading else "left", no_wrap=True)
        shown = ("p50", "p99", "few_p50", "few_p99", "cpu_p50", "cpu_p99", "few_cpu_p50")
        for name, page in found.pages.items():
            table.add_row(name, *(f"{page[figure]:,.1f}" for figure in shown), style="bold" if _over(page) else "")
        self.out.print(table)
        self.out.print(f"{size}; {machine()}; bold: p99 over {BUDGET_MS} ms\n")
        sys.stdout.write(json.dumps(asdict(found)) + "\n")
        sys.stdout.flush()


@dataclass(frozen=True)
class Before:
    """What is kept beside databases that were filled: their keys and names, what that took, and the pages with few."""

    keys: str
    names: list[str]
    sealed: int
    seconds: float
    few: dict[str, dict[str, dict[str, float]]]
    opened: Opened


def _figures(taken: Mapping[str, Took]) -> dict[str, dict[str, float]]:
    """Return p50 and p99 of each page, by the clock and of CPU."""
    return {
        name: {
            "p50": round(percentile(took.clock, 50), 1),
            "p99": round(percentile(took.clock, 99), 1),
            "cpu_p50": round(percentile(took.cpu, 50), 1),
            "cpu_p99": round(percentile(took.cpu, 99), 1),
        }
        for name, took in taken.items()
    }


def _over(page: Mapping[str, float]) -> bool:
    return page["p99"] > BUDGET_MS


async def _ready(house: House) -> None:
    """Wait until the web can work, for longer than anybody would: others may use the machine."""
    for _ in range(_PATIENCE):
        with suppress(TimeoutError):
            return await house.ready()
    await house.ready()
    return None


async def _signed_in(house: House, db: Database, person: str) -> Browser:
    """Return a browser in which somebody is signed in: no worker runs that would mail them a code."""
    async with db.write() as session:
        secret = await sessions.open_session(session, person, now())
    browser = Browser(house.base_url)
    browser.keep(_COOKIE, secret)
    return browser


async def _opened(store: Store, times: int) -> Opened:
    """Return the references of cases to be opened, by what they are; the database has none yet that do not open."""
    db = Database(store.url)
    request, over = col(CaseRow.process) == "site_creation", col(CaseRow.closed_at).is_not(None)
    length = select(func.max(col(EventRow.n))).where(col(EventRow.case) == col(CaseRow.id)).scalar_subquery()
    kinds: dict[str, tuple[ColumnElement[bool], ...]] = {
        "waits": (request, ~over),
        "over": (request, over),
        "life": (~request,),
        "long": (request, over, length >= played.LONG),
    }
    async with db.read() as session:
        found = {
            kind: list(await session.scalars(select(col(CaseRow.reference)).where(*which).limit(times)))
            for kind, which in kinds.items()
        }
    await db.close()
    return found


async def _visits(house: House, db: Database, staff: played.Staff, opened: Opened) -> list[Visit]:
    """Return every page that is measured; the cases are those `opened`."""
    home = next(iter(staff.heads))
    administrator = await _signed_in(house, db, staff.administrator.id)
    head = await _signed_in(house, db, staff.heads[home][0])
    boss, author, *_ = staff.teams[home][0]
    manager, starter = await _signed_in(house, db, boss), await _signed_in(house, db, author)
    names = {one.id: one.name for one in staff.directory.people}
    waiting, over, lived, (long,) = (opened[kind] for kind in ("waits", "over", "life", "long"))
    day, year_ago = now().date().isoformat(), now().date().replace(year=now().year - 1).isoformat()
    everything: dict[str, dict[str, str]] = {
        "all cases": {},
        **{f"state {state}": {"state": state} for state in STATES},
        **{f"sort {sort}": {"sort": sort} for sort in SORTS},
        **{f"process {process}": {"process": process} for process in ("site_creation", "site_life", "review")},
        "school": {"school": home},
        "seat headteacher": {"seat": "headteacher"},
        "seat author": {"seat": AUTHOR},
        "person, an author": {"person": names[author]},
        "person, a line manager": {"person": names[boss]},
        "person, a head": {"person": names[staff.heads[home][0]]},
        "since": {"since": year_ago},
        "until": {"until": year_ago},
        "since and until": {"since": year_ago, "until": day},
        "overdue": {"overdue": "yes"},
        "one reference": {"reference": over[0]},
        "a word that many have": {"words": "chess"},
        "a word that none has": {"words": "hippopotamus"},
        "a word, by title": {"words": "hippopotamus", "sort": "title"},
        "a word, a school, a process": {"words": "news", "school": home, "process": "site_life"},
        "a state that is rare, a school": {"state": "lapsed", "school": home},
    }
    visits = [Visit("overview", administrator, ("/admin",))]
    for what, wanted in everything.items():
        visits.append(Visit(f"find: {what}", administrator, (f"/admin/cases?{urlencode(wanted)}",)))
    deep = {
        f"find, deep: {what}": f"/admin/cases?{urlencode(everything[what])}" for what in ("all cases", "sort title")
    }
    deep["find, deep: a word that none has"] = f"/admin/cases?{urlencode(everything['a word that none has'])}"
    for what, path in {**deep, "register, deep": "/register"}.items():
        visits.append(Visit(what, administrator, (await _far(administrator, path),)))
    visits += [Visit(f"start page, {who}", one, ("/",)) for who, one in (("a head", head), ("an author", starter))]
    for who, one in (("a head", head), ("a line manager", manager), ("an author", starter)):
        visits.append(Visit(f"tasks, {who}", one, ("/tasks",)))
    visits += [Visit(path[1:], head, (path,)) for path in ("/register", "/coming", "/documents")]
    visits.append(Visit("coming, administrator", administrator, ("/coming",)))
    for what, references in {"waits": waiting, "is over": over, "is a site's life": lived}.items():
        visits.append(Visit(f"a case that {what}", administrator, tuple(f"/cases/{one}" for one in references)))
    visits.append(Visit("a case that is over, again", administrator, (f"/cases/{over[-1]}",)))
    visits.append(Visit("evidence of a case", administrator, tuple(f"/cases/{one}/evidence" for one in over)))
    visits.append(Visit(f"a case with {played.LONG} events", administrator, (f"/cases/{long}",)))
    visits.append(Visit("its evidence", administrator, (f"/cases/{long}/evidence",)))
    return visits


async def _far(browser: Browser, path: str) -> str:
    """Return the address of a page far on in a list, or of the last."""
    for _ in range(DEEP):
        found = _ONWARD.search((await browser.get(path)).body)
        if found is None:
            return path
        path = found.group(1).replace("&amp;", "&")
    return path


async def _taken(
    house: House, store: Store, visits: Sequence[Visit], times: int, done: Callable[[], None]
) -> dict[str, Took]:
    """Return what each page took: visited in turn; one that cannot be shown counts as a minute."""
    clock: dict[str, list[float]] = {visit.name: [] for visit in visits}
    cpu: dict[str, list[float]] = {visit.name: [] for visit in visits}
    for visit in visits:
        # What is read and worked out once, for whoever comes first, is no cost of a page.
        await visit.browser.get(visit.paths[-1])
    for turn in range(times):
        for visit in visits:
            parts = [house.parts["web"].pid, *store.processes]
            before, began = _cpu(parts), perf_counter()
            shown = await visit.browser.get(visit.paths[turn % len(visit.paths)])
            took = (perf_counter() - began) * 1000
            cpu[visit.name].append((_cpu(parts) - before) * 1000)
            clock[visit.name].append(took if shown.status == _OK else _FAILED_MS)
            done()
    return {name: Took(tuple(clock[name]), tuple(cpu[name])) for name in clock}


def _cpu(parts: Sequence[int]) -> float:
    """Return how many seconds of CPU processes have used; one that has ended used none."""
    used = 0.0
    for pid in parts:
        try:
            # Linux tells it by the nanosecond under a clock that every process has; psutil by the hundredth.
            used += time.clock_gettime((~pid << 3) | 2)
        except OSError:
            continue
    return used
