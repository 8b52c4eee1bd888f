"""Bringing a database to the tables of this version."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, func, make_url, select
from sqlmodel import SQLModel

import store.confidential.tables
import store.services  # noqa: F401 -- both fill the metadata, with the tables that they import
from store import version
from store.database import Database

T = TypeVar("T")

_UPGRADING: Final = 0x64756C79
"""A number of our own among the locks of PostgreSQL: "duly" in hexadecimal."""


def upgrade(url: str) -> None:
    """Bring the database at `url` to the latest migration; one that is there already is left alone.

    Raises:
        DatabaseLostError: it does not answer.
        OtherVersionError: it is of a newer version.
    """
    asyncio.run(_on(url, _upgrade))


def _upgrade(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        # Of two that start at once the second waits, and finds it done. SQLite has but one writer.
        connection.execute(select(func.pg_advisory_xact_lock(_UPGRADING)))
    version.check_not_newer(connection)
    command.upgrade(_config(connection), "head")


def check(url: str) -> None:
    """Look whether the database at `url` has the tables of this version; one that is not there is not made.

    Raises:
        DatabaseLostError: it does not answer.
        OtherVersionError: it has not.
    """
    file = make_url(url).database if url.startswith("sqlite") else None
    if file is not None and not Path(file).exists():
        raise version.OtherVersionError
    asyncio.run(_on(url, version.check))


def differences(url: str) -> list[Any]:
    """Return how the database at `url` differs from the tables; nothing, once it is migrated."""
    return asyncio.run(
        _on(url, lambda connection: compare_metadata(MigrationContext.configure(connection), SQLModel.metadata))
    )


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(version.MIGRATIONS))
    config.attributes["connection"] = connection
    return config


async def _on(url: str, do: Callable[[Connection], T]) -> T:
    db = Database(url)
    try:
        async with db.write() as session:
            connection = await session.connection()
            return await connection.run_sync(do)
    finally:
        await db.close()
