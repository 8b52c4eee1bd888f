"""Filling a record: cases like those that were played, each with a key, people, days and a chain of its own."""

import asyncio
import json
import os
import random
import re
import secrets
import sqlite3
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from multiprocessing import get_context
from typing import Any, Final, Protocol

import asyncpg  # type: ignore[import-untyped]  # comes without types
from sqlmodel import SQLModel

from benchmarks.played import TABLES, TITLE, Model, Staff, team_of
from domain.chain import FIRST, forge
from domain.refs import reference
from store.keys import Keyring, Sealer
from store.statements import table
from store.tables import CaseKeyRow, EventRow

AT_ONCE: Final = 100
"""Families of cases that are made, and put on record, together."""

_YEARS: Final = 10
_OPEN_EVERY: Final = 40
"""One family in so many is open."""

_DAY: Final = timedelta(days=1)
_SALT: Final = 16
_KEY: Final = 32
_AHEAD: Final = 4
_CACHE: Final = 1_000_000
_ALL: Final[tuple[type[SQLModel], ...]] = (CaseKeyRow, *TABLES, EventRow)
_WHEN: Final = r'(?<=")(\d{4}-\d\d-\d\d)(T\d\d:\d\d:\d\d[^"]*)?(?=")'
_YEARS_OF: Final = ("2019", "2020", "2021", "2022", "2023", "2024", "2025", "2026")
_WHAT: Final = (
    *("Chess", "Science", "Drama", "Choir", "History", "Garden", "Robotics", "Book", "Art", "Maths", "Football"),
    *("Netball", "Film", "Coding", "Debate", "Cookery", "Dance", "Poetry", "Language", "Wildlife"),
)
_KINDS: Final = ("club", "page", "blog", "news")

Rows = Mapping[str, Sequence[tuple[Any, ...]]]
"""Rows by table, each with its values in the order of the columns."""


@dataclass(frozen=True)
class Record:
    """What a record is filled with: the models, for whom, with which keys, and what time it is."""

    models: tuple[Model, ...]
    staff: Staff
    ring: Keyring
    now: datetime


class Written(Protocol):
    """A database that is being filled."""

    async def write(self, rows: Rows) -> None:
        """Put rows on record."""
        ...


@cache
def columns(rows: type[SQLModel]) -> tuple[str, ...]:
    """Return the columns of the table of `rows`."""
    return tuple(table(rows).columns.keys())


class Lite:
    """A SQLite file, filled without waiting for the disk."""

    def __init__(self, path: str) -> None:
        """Open it."""
        self._db = sqlite3.connect(path, check_same_thread=False)
        for pragma in ("journal_mode=OFF", "synchronous=OFF", f"cache_size=-{_CACHE}"):
            self._db.execute(f"PRAGMA {pragma}")

    async def write(self, rows: Rows) -> None:
        """Put rows on record, past nothing: the triggers see each."""
        await asyncio.to_thread(self._write, rows)

    def _write(self, rows: Rows) -> None:
        for one in _ALL:
            name, found = str(one.__tablename__), rows.get(str(one.__tablename__))
            if found:
                marks = ", ".join("?" * len(found[0]))
                named = ", ".join(f'"{column}"' for column in columns(one))
                statement = f'INSERT INTO "{name}" ({named}) VALUES ({marks})'  # noqa: S608 -- names of our own tables
                self._db.executemany(statement, [tuple(map(_for_sqlite, row)) for row in found])
        self._db.commit()

    async def close(self) -> None:
        """Close it, with the journal that the product uses."""
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.close()


class Postgres:
    """A PostgreSQL database, filled by COPY."""

    def __init__(self, connection: Any) -> None:  # noqa: ANN401 -- asyncpg's
        """Fill by `connection`."""
        self._connection = connection

    @classmethod
    async def at(cls, url: str) -> "Postgres":
        """Connect to the database at `url`."""
        return cls(await asyncpg.connect(url.replace("postgresql+asyncpg://", "postgresql://")))

    async def write(self, rows: Rows) -> None:
        """Put rows on record, past nothing: the triggers see each."""
        async with self._connection.transaction():
            for one in _ALL:
                found = rows.get(str(one.__tablename__))
                if found:
                    await self._connection.copy_records_to_table(
                        str(one.__tablename__), records=found, columns=list(columns(one))
                    )

    async def close(self) -> None:
        """Have it know what it holds, as it would by itself within minutes, and hang up."""
        await self._connection.execute("VACUUM ANALYZE")
        await self._connection.close()


def _for_sqlite(value: Any) -> Any:  # noqa: ANN401 -- whatever a row holds
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
    return value.isoformat() if isinstance(value, date) else value


async def fill(record: Record, first: int, cases: int, into: Sequence[Written], done: Callable[[int], None]) -> int:
    """Put cases on record, from the `first` family on, until there are as many as wanted; return the next family.

    As many processes as there are cores make and seal them, and all of `into` get the same.
    """
    chunks = _chunks(record, first, cases)
    with ProcessPoolExecutor(os.cpu_count(), get_context("spawn"), _begin, (record,)) as pool:
        coming = deque(pool.submit(_made, chunk) for chunk in chunks[:_AHEAD])
        for chunk in chunks[_AHEAD:] + [None] * _AHEAD:
            if not coming:
                break
            rows = await asyncio.wrap_future(coming.popleft())
            if chunk is not None:
                coming.append(pool.submit(_made, chunk))
            await asyncio.gather(*(one.write(rows) for one in into))
            done(len(rows["case"]))
    return chunks[-1].stop if chunks else first


def _chunks(record: Record, first: int, cases: int) -> list[range]:
    """Return the families, from the `first` on, that have so many cases or one more, as many at once as are made."""
    family, chunks = first, list[range]()
    while cases > 0:
        begin = family
        while cases > 0 and family - begin < AT_ONCE:
            cases -= len(model_of(record, family).events)
            family += 1
        chunks.append(range(begin, family))
    return chunks


_given: dict[str, Record] = {}


def _begin(record: Record) -> None:
    _given["record"] = record


def _made(families: range) -> dict[str, list[tuple[Any, ...]]]:
    """Return the rows of families, in a process of the pool."""
    rows: dict[str, list[tuple[Any, ...]]] = {}
    for family in families:
        for name, found in made(_given["record"], family).items():
            rows.setdefault(name, []).extend(found)
    return rows


def model_of(record: Record, family: int) -> Model:
    """Return of which model a family is: the longest comes once, an open one now and then."""
    if family == 0:
        return record.models[0]
    which = family % _OPEN_EVERY == 1
    some = [one for one in record.models[1:] if one.is_open == which]
    return some[family // _OPEN_EVERY % len(some) if which else family % len(some)]


def made(record: Record, family: int) -> dict[str, list[tuple[Any, ...]]]:
    """Return the rows of one family: a request, and what began out of it."""
    model, chance = model_of(record, family), random.Random(family)  # noqa: S311 -- the same record each time
    schools = list(record.staff.heads)
    home, school = schools[0], schools[family % len(schools)]
    called = f"{chance.choice(_WHAT)} {chance.choice(_KINDS)} {chance.choice(_YEARS_OF)}"
    names = {TITLE: f"Year {chance.randint(1, 11)} {called}"}
    names |= {home: school} | dict(zip(record.staff.heads[home], record.staff.heads[school], strict=True))
    names |= dict(zip(team_of(record.staff, home, 0), team_of(record.staff, school, family), strict=True))
    cases = {case: f"c-{secrets.token_hex(16)}" for case in model.events}
    names |= cases
    references = {row["reference"]: _a_reference() for row in model.rows["case"]}
    names |= references
    ago = chance.randint(0, 9) if model.is_open else chance.randint(1, 365 * _YEARS)
    shift = _Shift((record.now.date() - model.stopped.date()).days - ago, chance.randint(-7200, 7200), names)
    return _rows(record, model, shift, cases)


def _a_reference() -> str:
    """Return a reference that is another when its letters are turned round, as those of copies are."""
    while True:
        made = reference(secrets.token_bytes(16))
        first, second = made.split("-")
        if first != second:
            return made


class _Shift:
    """Says anything of a model as it is said of a copy: other names, and every day and moment as much later."""

    def __init__(self, days: int, seconds: int, names: Mapping[str, str]) -> None:
        self._days, self._moment = timedelta(days=days), timedelta(days=days, seconds=seconds)
        self._names = names
        words = "|".join(map(re.escape, sorted(names, key=len, reverse=True)))
        self._words = re.compile(words)
        self._text = re.compile(f"{_WHEN}|{words}")
        self._known: dict[str, str] = {}

    def json(self, text: str) -> str:
        """Return JSON as it is said of the copy."""
        return self._text.sub(self._other, text)

    def value(self, value: Any) -> Any:  # noqa: ANN401 -- whatever a row holds
        """Return a value of a row as it is of the copy."""
        if isinstance(value, str):
            return self._words.sub(lambda found: self._names[found[0]], value)
        if isinstance(value, datetime):
            return value + self._moment
        return value + self._days if isinstance(value, date) else value

    def _other(self, found: re.Match[str]) -> str:
        text = found[0]
        if text not in self._known:
            self._known[text] = self._said(found)
        return self._known[text]

    def _said(self, found: re.Match[str]) -> str:
        if found[1] is None:
            return self._names[found[0]]
        if found[2] is None:
            return (date.fromisoformat(found[1]) + self._days).isoformat()
        said = (datetime.fromisoformat(found[0]) + self._moment).isoformat()
        return said.replace("+00:00", "Z") if found[0].endswith("Z") else said


def _rows(record: Record, model: Model, shift: _Shift, cases: Mapping[str, str]) -> dict[str, list[tuple[Any, ...]]]:
    sealers = {case: Sealer(case, secrets.token_bytes(_KEY)) for case in cases.values()}
    ring = record.ring
    rows: dict[str, list[tuple[Any, ...]]] = {
        "case_key": [(case, ring.first, ring.wrap(case, sealer.key)) for case, sealer in sealers.items()],
        "event": [row for old, new in cases.items() for row in _chain(sealers[new], shift.json(model.events[old]))],
    }
    for one in TABLES:
        name = str(one.__tablename__)
        for row in model.rows.get(name, ()):
            copy = {column: shift.value(value) for column, value in row.items()}
            _seal(name, copy, row, model, shift, sealers)
            rows.setdefault(name, []).append(tuple(copy[column] for column in columns(one)))
    return rows


def _seal(
    name: str,
    copy: dict[str, Any],
    row: Mapping[str, Any],
    model: Model,
    shift: _Shift,
    sealers: Mapping[str, Sealer],
) -> None:
    """Seal what is sealed of a row, and give it what no other row has."""
    if name == "case":
        sealer = sealers[copy["id"]]
        copy["sealed_opening"] = sealer.seal("case|opening", shift.json(model.openings[row["id"]]).encode())
        copy["sealed_standing"] = sealer.seal("case|standing", shift.json(model.standings[row["id"]]).encode())
    elif name == "mail":
        copy["id"] = secrets.token_hex(16)
        if copy["sealed_parameters"] is not None:
            said = shift.json(copy["sealed_parameters"].decode()).encode()
            copy["sealed_parameters"] = sealers[copy["case"]].seal(f"mail|{copy['id']}", said)
    elif name == "link":
        copy |= {"id": secrets.token_hex(16), "digest": secrets.token_hex(32)}
    elif name == "draft":
        copy["key"] = secrets.token_urlsafe(_KEY)


def _chain(sealer: Sealer, events: str) -> Iterator[tuple[Any, ...]]:
    """Yield the events of a case, chained and sealed as the product does it."""
    previous = FIRST
    for n, (at, values) in enumerate(json.loads(events), start=1):
        said = {name: (secrets.token_hex(_SALT), value) for name, value in values.items()}
        link = forge(sealer.owner, n, at, said, previous)
        sealed = sealer.seal_json(f"event|{link.hash}", said)
        yield link.case, link.n, link.entry, sealed, link.previous, link.hash
        previous = link.hash
