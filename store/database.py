"""The database: one transaction to write, one to read, SQLite or PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from typing import Any, Final

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

_SQLITE: Final = "sqlite"
_PRAGMAS: Final = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    "secure_delete=ON",
    # Without it, INSERT OR REPLACE deletes a row past the triggers that forbid it.
    "recursive_triggers=ON",
    # Other processes write too; ours take turns by the lock below, which is fair where SQLite's waiting is not.
    "busy_timeout=30000",
)


class Database:
    """A database by its address, such as `sqlite+aiosqlite:////folder/duly.sqlite3`."""

    def __init__(self, url: str) -> None:
        """Prepare to connect; nothing is opened yet."""
        self._engine = create_async_engine(url, pool_pre_ping=not url.startswith(_SQLITE))
        self._turn: AbstractAsyncContextManager[None] = nullcontext()
        self._seeing: dict[str, Any] = {"isolation_level": "REPEATABLE READ"}
        if self._engine.dialect.name == _SQLITE:
            _tame_sqlite(self._engine.sync_engine)
            # SQLite takes one writer at a time and lets the others try again and again: a hundred would starve some.
            self._turn = asyncio.Lock()
            self._seeing = {}
        self._sessions = async_sessionmaker(self._engine, expire_on_commit=False)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncSession]:
        """Yield a session whose changes are kept all together when the block ends, or not at all."""
        async with self._turn, self._sessions() as session:
            await session.connection(execution_options={"duly_writes": True})
            async with _kept(session):
                yield session

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """Yield a session that sees one state of the database; what it changes is not kept."""
        async with self._sessions() as session:
            await session.connection(execution_options=self._seeing)
            yield session

    async def close(self) -> None:
        """Let go of all connections."""
        await self._engine.dispose()


@asynccontextmanager
async def _kept(session: AsyncSession) -> AsyncIterator[None]:
    try:
        yield
    except BaseException:
        await session.rollback()
        raise
    await session.commit()


def _tame_sqlite(engine: Any) -> None:  # noqa: ANN401 -- SQLAlchemy's event target
    """Set what every connection needs, and begin transactions ourselves: at once where there is writing.

    A transaction that reads first and writes later would fail, not wait, when another wrote in between.
    """

    @event.listens_for(engine, "connect")
    def connected(connection: Any, record: object) -> None:  # noqa: ANN401 -- the driver's
        del record
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in _PRAGMAS:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:  # noqa: ANN401 -- SQLAlchemy's
        writes = connection.get_execution_options().get("duly_writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
