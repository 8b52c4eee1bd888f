"""Copies of what Duly keeps, all of one moment, while it runs.

Nothing comes on record while it is settled which moment that is: so both copies are what a power cut at that moment
would have left, which Duly survives. Writers wait for milliseconds, and the copying itself holds up nobody.
Why no order of two copies would do: docs/decisions/0017.
"""

import asyncio
import json
import os
import shutil
import sqlite3
import time
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import insert, inspect, make_url, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlmodel import SQLModel, col

import store.confidential.tables  # noqa: F401 -- fills the metadata, with the tables that it imports
from store.database import Database, reached
from store.tables import CaseKeyRow
from store.version import revision_of

SQLITE_COPY: Final = "duly.sqlite3"
POSTGRES_COPY: Final = "duly.pgdump"
CASES_COPY: Final = "temporal.sqlite3"
KEYS_COPY: Final = "case-keys.jsonl"

Progress = Callable[[int, int], None]
"""Is told how much is copied of how much, in pages of a database."""

_WAITS: Final = 30.0
"""Seconds within which nobody else has to be writing for a moment."""
_LOOKS_AGAIN_AFTER: Final = 0.001
_PAGES: Final = 2000
_CONNECTS_WITHIN: Final = 5.0
# Shorter than the second after which PostgreSQL looks for a deadlock: no transaction of Duly's is ever the one to fail.
_LOCK_WITHIN: Final = "200ms"


class CannotCopyError(Exception):
    """There can be no copy, or none can be put back, for a reason that its reader can mend."""


def file_of(url: str) -> Path | None:
    """Return the file of an SQLite database, None of another."""
    database = make_url(url).database
    return Path(database) if url.startswith("sqlite") and database else None


async def copy(url: str, cases: Path | None, into: Path, progress: Progress) -> None:
    """Copy the record at `url`, and the running cases from the file `cases`, into the folder `into`.

    The keys of the cases are in a file of their own, and in no other.

    Raises:
        CannotCopyError: somebody writes all the time, a copy is damaged, or a program of PostgreSQL's is missing.
    """
    record = file_of(url)
    if record is not None:
        await asyncio.to_thread(_copy_files, record, cases, into, progress)
    else:
        await _copy_postgres(url, cases, into, progress)
    for name in (SQLITE_COPY, CASES_COPY):
        if (into / name).exists():
            await asyncio.to_thread(_check, into / name)


@contextmanager
def held(record: Path) -> Iterator[None]:
    """Let nothing come on the record in a file while the block lasts: whoever wants to waits.

    Raises:
        CannotCopyError: somebody else writes all the time.
    """
    with _connected(record) as connection:
        gives_up_at = time.monotonic() + _WAITS
        while True:
            try:
                connection.execute("BEGIN IMMEDIATE")
                break
            except sqlite3.OperationalError as busy:
                if time.monotonic() > gives_up_at:
                    message = f"{record} is written to all the time, or cannot be: {busy}"
                    raise CannotCopyError(message) from None
                time.sleep(_LOOKS_AGAIN_AFTER)
        yield


@contextmanager
def seen(file: Path) -> Iterator[sqlite3.Connection]:
    """Yield a connection that sees the database in `file` as it is now, whatever others write during the block."""
    with _connected(file) as connection:
        connection.execute("PRAGMA busy_timeout=5000")
        connection.execute("BEGIN")
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        yield connection


def keep(one: sqlite3.Connection, file: Path, progress: Progress) -> None:
    """Copy what `one` sees into a new `file`."""
    with _connected(file) as copy_of_it:
        one.backup(copy_of_it, pages=_PAGES, progress=lambda _, left, pages: progress(pages - left, pages))


def keys_apart(one: sqlite3.Connection, record: Path, keys: Path) -> None:
    """Write the keys of cases that `one` sees to the file `keys`, and take them out of the copy `record`."""
    _write_keys(keys, one.execute('SELECT "case", wrapped_under, wrapped FROM case_key ORDER BY 1'))
    with _connected(record) as copied:
        # What is deleted is overwritten, and nothing stays beside the file.
        copied.execute("PRAGMA secure_delete=ON")
        copied.execute("PRAGMA journal_mode=DELETE").fetchone()
        copied.execute("DELETE FROM case_key")


def settle(file: Path) -> None:
    """Have all of a database that nobody uses be in its one `file`, with no journal beside it."""
    with _connected(file) as connection:
        connection.execute("PRAGMA journal_mode=DELETE").fetchone()


async def put_keys_back(db: Database, keys: Path) -> None:
    """Put the keys of cases from the file `keys` into a record that has none."""
    with keys.open(encoding="utf-8") as lines:
        rows = [
            {"case": case, "wrapped_under": under, "wrapped": b64decode(wrapped)}
            for case, under, wrapped in map(json.loads, lines)
        ]
    if rows:
        async with db.write() as session:
            await session.execute(insert(CaseKeyRow), rows)


async def is_empty(url: str) -> bool:
    """Return whether there is nothing in the database at `url`; an SQLite file is not made for it."""
    file = file_of(url)
    if file is not None:
        return not file.exists()
    async with _engine(url) as engine, reached(engine) as connection:
        return not await connection.run_sync(lambda plain: inspect(plain).get_table_names())


async def revision(url: str) -> str | None:
    """Return the latest migration that was run on the database at `url`, None where none was."""
    async with _engine(url) as engine, reached(engine) as connection:
        return await connection.run_sync(revision_of)


async def put_back_postgres(url: str, dump: Path) -> None:
    """Put the record of a `dump` into the empty database at `url`: all of it, or nothing.

    Raises:
        CannotCopyError: `pg_restore` is missing, or failed.
    """
    words = ["--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges"]
    await _run("pg_restore", url, [*words, "--dbname", _environment(url)["PGDATABASE"], str(dump)])


def _copy_files(record: Path, cases: Path | None, into: Path, progress: Progress) -> None:
    with ExitStack() as seeing:
        with held(record):
            of_record = seeing.enter_context(seen(record))
            of_cases = seeing.enter_context(seen(cases)) if cases else None
        keep(of_record, into / SQLITE_COPY, progress)
        keys_apart(of_record, into / SQLITE_COPY, into / KEYS_COPY)
        if of_cases:
            keep(of_cases, into / CASES_COPY, progress)


async def _copy_postgres(url: str, cases: Path | None, into: Path, progress: Progress) -> None:
    _program("pg_dump")
    async with _engine(url) as engine, reached(engine) as seeing:
        await seeing.execution_options(isolation_level="REPEATABLE READ")
        with ExitStack() as files:
            async with _postgres_held(engine):
                snapshot = (await seeing.execute(select(text("pg_export_snapshot()")))).scalar_one()
                of_cases = files.enter_context(seen(cases)) if cases else None
            rows = select(col(CaseKeyRow.case), col(CaseKeyRow.wrapped_under), col(CaseKeyRow.wrapped))
            found = (await seeing.execute(rows.order_by(col(CaseKeyRow.case)))).all()
            _write_keys(into / KEYS_COPY, (tuple(row) for row in found))
            words = ["--format=custom", "--no-owner", "--no-privileges", "--exclude-table-data=case_key"]
            await _run("pg_dump", url, [*words, f"--snapshot={snapshot}", f"--file={into / POSTGRES_COPY}"])
            if of_cases:
                # A connection belongs to the thread that opened it.
                keep(of_cases, into / CASES_COPY, progress)


@asynccontextmanager
async def _postgres_held(engine: AsyncEngine) -> AsyncIterator[None]:
    """Let nothing come on the record while the block lasts.

    Raises:
        CannotCopyError: somebody else writes all the time.
    """
    tables = ", ".join(f'"{table.name}"' for table in SQLModel.metadata.sorted_tables)
    gives_up_at = time.monotonic() + _WAITS
    async with engine.connect() as connection:
        while True:
            try:
                await connection.execute(text(f"SET LOCAL lock_timeout = '{_LOCK_WITHIN}'"))
                await connection.execute(text(f"LOCK TABLE {tables} IN SHARE MODE"))
                break
            except DBAPIError as busy:
                await connection.rollback()
                if time.monotonic() > gives_up_at:
                    message = "The database is written to all the time, or is not one of this version of Duly"
                    raise CannotCopyError(message) from busy
        yield
        await connection.rollback()


@contextmanager
def _connected(file: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(file, isolation_level=None)
    try:
        yield connection
    finally:
        connection.close()


@asynccontextmanager
async def _engine(url: str) -> AsyncIterator[AsyncEngine]:
    # Of a server that does not answer nobody learns more by waiting.
    patience = {} if file_of(url) else {"timeout": _CONNECTS_WITHIN}
    engine = create_async_engine(url, connect_args=patience)
    try:
        yield engine
    finally:
        await engine.dispose()


def _write_keys(keys: Path, rows: Iterable[tuple[Any, ...]]) -> None:
    with keys.open("w", encoding="utf-8") as file:
        for case, under, wrapped in rows:
            file.write(json.dumps([case, under, b64encode(wrapped).decode()]) + "\n")


def _check(file: Path) -> None:
    with _connected(file) as connection:
        (said,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if said != "ok":
        message = f"{file.name} is damaged: SQLite says {said!r}. Keep your earlier backups"
        raise CannotCopyError(message)


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        message = f"`{name}` is missing: install PostgreSQL's client programs (postgresql-client)"
        raise CannotCopyError(message)
    return found


async def _run(name: str, url: str, words: list[str]) -> None:
    """Run a program of PostgreSQL's on the database at `url`, whose password is among no words.

    Raises:
        CannotCopyError: it is missing, or failed.
    """
    process = await asyncio.create_subprocess_exec(
        _program(name),
        *words,
        env={**os.environ, **_environment(url)},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    _, said = await process.communicate()
    if process.returncode:
        # Further lines can quote what is in a row.
        message = said.decode(errors="replace").partition("\n")[0] or f"{name} ended with {process.returncode}"
        raise CannotCopyError(message)


def _environment(url: str) -> dict[str, str]:
    """Return how PostgreSQL's own programs are told where a database is."""
    parts = make_url(url)
    query = {name: value for name, value in parts.query.items() if isinstance(value, str)}
    told = {
        "PGHOST": parts.host or query.get("host"),
        "PGPORT": str(parts.port) if parts.port else query.get("port"),
        "PGUSER": parts.username or query.get("user"),
        "PGPASSWORD": parts.password or query.get("password"),
        "PGDATABASE": parts.database or query.get("database"),
        "PGSSLMODE": query.get("ssl") or query.get("sslmode"),
    }
    return {name: value for name, value in told.items() if value}
