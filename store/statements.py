"""Statements that are made once and filled in each time: SQLAlchemy takes longer to make one than SQLite to run it.

They speak to the tables and not to a session's rows. So what they read has the columns for attributes, is of no session
and cannot be changed; and what a session was told to add they do not see before it is flushed.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from types import SimpleNamespace
from typing import Any, Final, TypeVar, cast

from sqlalchemy import Connection, Executable, Insert, Result, Table, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import SQLModel

R = TypeVar("R", bound=SQLModel)

STRAIGHT: Final = "the connection of this session, where its statements wait for nothing"


def table(rows: type[SQLModel]) -> Table:
    """Return the table of `rows`."""
    return cast("Table", rows.__table__)  # type: ignore[attr-defined]  # SQLModel has it, and does not say so


async def run(
    session: AsyncSession, statement: Executable, given: Mapping[str, object] | Sequence[dict[str, Any]]
) -> Result[*tuple[Any, ...]]:
    """Run `statement`, filled with what is `given`: straight on the connection where that waits for nothing.

    On SQLite that takes half the time of the session's way.
    """
    connection: Connection | None = session.info.get(STRAIGHT)
    if connection is not None:
        return connection.execute(statement, given)
    return await session.execute(statement, given)


async def first(session: AsyncSession, statement: Executable, rows: type[R], /, **given: object) -> R | None:
    """Return the first row that `statement` reads of the table of `rows`, filled with what is `given`; None if none."""
    del rows
    return cast("R | None", (await run(session, statement, given)).first())


async def every(session: AsyncSession, statement: Executable, rows: type[R], /, **given: object) -> Sequence[R]:
    """Return every row that `statement` reads of the table of `rows`, filled with what is `given`."""
    del rows
    return cast("Sequence[R]", (await run(session, statement, given)).all())


async def add(session: AsyncSession, rows: type[SQLModel], values: Iterable[dict[str, Any]]) -> None:
    """Insert a row for each of `values`; what they leave out is as `rows` has it."""
    usual = _defaults(rows)
    await run(session, _insert(rows), [usual | one for one in values])


def loose(rows: type[R], values: Mapping[str, Any]) -> R:
    """Return what would be a row of the table of `rows`, of no session: what `values` leave out is as `rows` has it.

    A row of SQLModel's takes longer to make than to insert.
    """
    return cast("R", SimpleNamespace(**{**_defaults(rows), **values}))


def values_of(row: SQLModel) -> dict[str, Any]:
    """Return what a loose row holds, by column."""
    return dict(vars(row))


@cache
def _insert(rows: type[SQLModel]) -> Insert:
    return insert(table(rows))


@cache
def _defaults(rows: type[SQLModel]) -> dict[str, Any]:
    return {name: field.default for name, field in rows.model_fields.items() if not field.is_required()}
