"""Bringing a database to the tables of this version."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, func, make_url, select
from sqlmodel import SQLModel

import store.confidential.tables
import store.services  # noqa: F401 -- both fill the metadata, with the tables that they import
from store.database import Database

T = TypeVar("T")

MIGRATIONS: Final = Path(__file__).parent / "migrations"
_UPGRADING: Final = 0x64756C79
"""A number of our own among the locks of PostgreSQL: "duly" in hexadecimal."""


def upgrade(url: str) -> None:
    """Bring the database at `url` to the latest migration; one that is there already is left alone."""
    asyncio.run(_on(url, _upgrade))


def _upgrade(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        # Of two that start at once the second waits, and finds it done. SQLite has but one writer.
        connection.execute(select(func.pg_advisory_xact_lock(_UPGRADING)))
    command.upgrade(_config(connection), "head")


def pending(url: str) -> bool:
    """Return whether a migration has not been run on the database at `url`; one that is not there is not made."""
    file = make_url(url).database if url.startswith("sqlite") else None
    return (file is not None and not Path(file).exists()) or asyncio.run(_on(url, is_pending))


def is_pending(connection: Connection) -> bool:
    """Return whether a migration has not been run on the database of `connection`."""
    latest = ScriptDirectory(str(MIGRATIONS)).get_current_head()
    return MigrationContext.configure(connection).get_current_revision() != latest


def differences(url: str) -> list[Any]:
    """Return how the database at `url` differs from the tables; nothing, once it is migrated."""
    return asyncio.run(
        _on(url, lambda connection: compare_metadata(MigrationContext.configure(connection), SQLModel.metadata))
    )


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
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
