"""What the pages take with many cases on record: real cases, copied under other ids and over the years."""

import secrets
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import Any, Final

from benchmarks.browser import Browser
from benchmarks.load import percentile
from domain.refs import reference

_TABLES: Final = ("case_key", "case", "event", "ask", "asked", "opened", "link", "mail", "site")
_AT_ONCE: Final = 500
_DAY: Final = timedelta(days=1)
_OK: Final = 200
_FAILED_MS: Final = 60_000.0
_ENOUGH_MS: Final = 15_000.0
_OPEN_EVERY: Final = 50
"""One copy in so many is of a case that still waits."""

_OWN_CLOSED: Final = """
    SELECT id FROM "case" WHERE closed_at IS NOT NULL ORDER BY opened_at DESC LIMIT 1
"""
_OWN_OPEN: Final = """
    SELECT id FROM "case" WHERE closed_at IS NULL ORDER BY opened_at DESC LIMIT 1
"""


def fill(database: Path, cases: int, now: datetime, done: Callable[[int], None]) -> None:
    """Copy the latest closed and the latest open case of `database` until `cases` are on record.

    A copy has every row of the case, in every table. Its people are others, its days lie years back, and what is
    sealed in it stays sealed for the case that it was copied from: lists show copies, and only real cases are opened.
    """
    with closing(sqlite3.connect(database)) as db:
        db.execute("PRAGMA synchronous=OFF")
        people = [row[0] for row in db.execute("SELECT id FROM person ORDER BY id")]
        models = [_rows_of(db, db.execute(own).fetchone()[0]) for own in (_OWN_CLOSED, _OWN_OPEN)]
        missing = cases - db.execute('SELECT count(*) FROM "case"').fetchone()[0]
        for start in range(0, missing, _AT_ONCE):
            places = range(start, min(start + _AT_ONCE, missing))
            for table in _TABLES:
                rows = [row for place in places for row in _copied(table, models, place, people, now)]
                if rows:
                    marks = ", ".join("?" * len(rows[0]))
                    names = ", ".join(f'"{name}"' for name in rows[0])
                    db.executemany(
                        f'INSERT INTO "{table}" ({names}) VALUES ({marks})',  # noqa: S608 -- names of our own tables
                        [tuple(row.values()) for row in rows],
                    )
            db.commit()
            done(len(places))
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _rows_of(db: sqlite3.Connection, case: str) -> dict[str, list[dict[str, Any]]]:
    rows = {}
    for table in _TABLES:
        key = "id" if table == "case" else "case"
        found = db.execute(f'SELECT * FROM "{table}" WHERE "{key}" = ?', (case,))  # noqa: S608 -- names of our own tables
        names = [column[0] for column in found.description]
        rows[table] = [dict(zip(names, row, strict=True)) for row in found]
    return rows


def _copied(
    table: str, models: Sequence[dict[str, list[dict[str, Any]]]], place: int, people: Sequence[str], now: datetime
) -> Iterator[dict[str, Any]]:
    """Yield the rows of the `place`th copy in one table."""
    case = f"c-copy-{place:08d}"
    days = timedelta(minutes=place * 15) + _DAY
    person = people[place % len(people)]
    for number, row in enumerate(models[place % _OPEN_EVERY == 0][table]):
        copy = {**row, ("id" if table == "case" else "case"): case}
        for name, value in row.items():
            if name.endswith("_at") and value is not None:
                copy[name] = (now - days).astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
            elif name in {"starter", "author", "person"}:
                copy[name] = person
        if table == "case":
            copy |= {"reference": reference(secrets.token_bytes(16)), "title": f"Approval of old {place}"}
        elif table == "link":
            copy |= {"digest": f"{case}-{number}", "id": f"{case}-{number}"}
        elif table == "mail":
            copy["id"] = f"{case}-{number}"
        elif table == "site":
            copy["title"] = f"Approval of old {place}"
        yield copy


async def times(visits: Sequence[tuple[Browser, str, str]], times_each: int) -> dict[str, list[float]]:
    """Return how many milliseconds each page took, by its name: visited in turn, a slow one less often.

    A page that cannot be shown counts as a minute.
    """
    taken: dict[str, list[float]] = {name: [] for _, name, _ in visits}
    for _ in range(times_each):
        for browser, name, path in visits:
            if sum(taken[name]) > _ENOUGH_MS:
                continue
            began = perf_counter()
            shown = await browser.get(path)
            taken[name].append((perf_counter() - began) * 1000 if shown.status == _OK else _FAILED_MS)
    return taken


def slowest(taken: dict[str, list[float]]) -> float:
    """Return the 99th percentile of the page that is slowest by it."""
    return max(percentile(values, 99) for values in taken.values())
