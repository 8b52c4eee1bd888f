"""Doubling a record where it is: rows of the same size and shape under other ids and on other days.

What is sealed in them stays sealed for the case that they were copied from: lists show such cases, and nobody opens
them.
"""

import asyncio
import sqlite3
from collections.abc import Callable
from typing import Any, Final

import asyncpg  # type: ignore[import-untyped]  # comes without types
from sqlalchemy import Date
from sqlmodel import SQLModel

from benchmarks.databases import Store
from benchmarks.played import TABLES
from store.statements import table
from store.tables import CaseKeyRow, CaseRow, DraftRow, EventRow, Instant, LinkRow, MailRow

TIMES: Final = 3
"""How often a record is doubled."""

ALL: Final[tuple[type[SQLModel], ...]] = (CaseKeyRow, *TABLES, EventRow)
_OWN: Final[dict[type[SQLModel], frozenset[str]]] = {
    CaseRow: frozenset({"id"}),
    MailRow: frozenset({"id"}),
    LinkRow: frozenset({"id", "digest"}),
    DraftRow: frozenset({"key"}),
}
"""What no two rows have in common, beside the case and the reference."""

_CASES: Final = frozenset({"case", "site"})
_AT_ONCE: Final = 20_000
_CONNECTIONS: Final = 3
_PATIENCE: Final = 3_600
_FOR_FILLING: Final = {"fsync": "off", "full_page_writes": "off", "max_wal_size": "'8GB'"}


async def double(store: Store, turn: int, done: Callable[[], None]) -> None:
    """Put as many rows on record again as there are, by turns of `turn` letters and days; told after each table."""
    if store.name == "sqlite":
        await asyncio.to_thread(_double_file, store.url.removeprefix("sqlite+aiosqlite:///"), turn, done)
        return
    first = await _connected(store)
    for name, value in _FOR_FILLING.items():
        await first.execute(f"ALTER SYSTEM SET {name} = {value}")
    await first.execute("SELECT pg_reload_conf()")
    left = list(ALL)
    await asyncio.gather(*(_double_some(store, left, turn, done) for _ in range(_CONNECTIONS)))
    await first.execute("ALTER SYSTEM RESET ALL")
    await first.execute("SELECT pg_reload_conf()")
    await first.execute("VACUUM ANALYZE", timeout=_PATIENCE)
    await first.close()


async def _double_some(store: Store, left: list[type[SQLModel]], turn: int, done: Callable[[], None]) -> None:
    """Double the tables that are left, the largest first, until none is."""
    connection = await _connected(store)
    # Every row is the next of its chain, and belongs to its case, if those that it is copied from did.
    await connection.execute("SET session_replication_role = replica")
    while left:
        await connection.execute(_statement(left.pop(), turn, "postgresql"), timeout=_PATIENCE)
        done()
    await connection.close()


async def _connected(store: Store) -> Any:  # noqa: ANN401 -- asyncpg's
    return await asyncpg.connect(store.url.replace("postgresql+asyncpg://", "postgresql://"))


def _double_file(path: str, turn: int, done: Callable[[], None]) -> None:
    db = sqlite3.connect(path)
    for pragma in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-1000000"):
        db.execute(f"PRAGMA {pragma}")
    for rows in ALL:
        name = rows.__tablename__
        last = db.execute(f'SELECT max(rowid) FROM "{name}"').fetchone()[0] or 0  # noqa: S608 -- names of our own tables
        for first in range(1, last + 1, _AT_ONCE):
            until = min(first + _AT_ONCE - 1, last)
            db.execute(f"{_statement(rows, turn, 'sqlite')} WHERE rowid BETWEEN {first} AND {until} ORDER BY rowid")
        db.commit()
        done()
    db.execute("PRAGMA journal_mode=WAL")
    db.close()


def _statement(rows: type[SQLModel], turn: int, dialect: str) -> str:
    columns = table(rows).columns
    named = ", ".join(f'"{column.name}"' for column in columns)
    said = ", ".join(_said(rows, column, turn, dialect) for column in columns)
    return f'INSERT INTO "{rows.__tablename__}" ({named}) SELECT {said} FROM "{rows.__tablename__}"'  # noqa: S608 -- names of our own tables


def _said(rows: type[SQLModel], column: Any, turn: int, dialect: str) -> str:  # noqa: ANN401 -- SQLAlchemy's
    """Return what a column of a copy holds: an id turned round by so many letters, a day so many days before."""
    name = f'"{column.name}"'
    if column.name in _OWN.get(rows, ()) and rows is not CaseRow:
        return f"substr({name}, {turn + 1}) || substr({name}, 1, {turn})"
    if (column.name in _CASES and rows is not CaseRow) or (rows is CaseRow and column.name == "id"):
        return f"'c-' || substr({name}, {turn + 3}) || substr({name}, 3, {turn})"
    if column.name == "reference":
        return _turned_reference(name, turn)
    if isinstance(column.type, Instant):
        if dialect == "sqlite":
            return f"strftime('%Y-%m-%d %H:%M:%f000', {name}, '-{turn} days')"
        return f"{name} - interval '{turn} days'"
    if isinstance(column.type, Date):
        return f"date({name}, '-{turn} days')" if dialect == "sqlite" else f"{name} - {turn}"
    return name


def _turned_reference(name: str, turn: int) -> str:
    letters = f"replace({name}, '-', '')"
    turned = f"(substr({letters}, {turn + 1}) || substr({letters}, 1, {turn}))"
    return f"substr({turned}, 1, 4) || '-' || substr({turned}, 5)"
