"""The database: one transaction to write, one to read, SQLite or PostgreSQL."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from typing import Any, Final

from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.util import await_only

_SQLITE: Final = "sqlite"
_PRAGMAS: Final = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    "secure_delete=ON",
    # Without it, INSERT OR REPLACE deletes a row past the triggers that forbid it.
    "recursive_triggers=ON",
)
_READERS_WAIT: Final = "busy_timeout=5000"
# SQLite's own waiting looks again every tenth of a second at last, and misses its turn while another process is busy.
_WRITERS_WAIT: Final = "busy_timeout=0"
_LOOKS_AGAIN_AFTER: Final = 0.001
_GIVES_UP_AFTER: Final = 5.0


class Database:
    """A database by its address, such as `sqlite+aiosqlite:////folder/duly.sqlite3`."""

    def __init__(self, url: str) -> None:
        """Prepare to connect; nothing is opened yet."""
        self._turn: AbstractAsyncContextManager[None] = nullcontext()
        self._seeing: dict[str, Any] = {}
        if url.startswith(_SQLITE):
            reading, writing = create_async_engine(url), create_async_engine(url)
            _tame(reading.sync_engine, _READERS_WAIT, _begin)
            _tame(writing.sync_engine, _WRITERS_WAIT, _begin_to_write)
            # It takes one writer at a time: here each waits for the one before it, and none is passed over.
            self._turn = asyncio.Lock()
        else:
            reading = writing = create_async_engine(url, pool_pre_ping=True)
            self._seeing = {"isolation_level": "REPEATABLE READ"}
        self._engines = (reading, writing)
        self._to_read = async_sessionmaker(reading, expire_on_commit=False)
        self._to_write = async_sessionmaker(writing, expire_on_commit=False)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncSession]:
        """Yield a session whose changes are kept all together when the block ends, or not at all."""
        async with self._turn, self._to_write() as session:
            await session.connection()
            async with _kept(session):
                yield session

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """Yield a session that sees one state of the database; what it changes is not kept."""
        async with self._to_read() as session:
            await session.connection(execution_options=self._seeing)
            yield session

    async def close(self) -> None:
        """Let go of all connections."""
        for engine in self._engines:
            await engine.dispose()


@asynccontextmanager
async def _kept(session: AsyncSession) -> AsyncIterator[None]:
    try:
        yield
    except BaseException:
        await session.rollback()
        raise
    await session.commit()


def _tame(engine: Engine, waits: str, begin: Callable[[Connection], None]) -> None:
    """Set what every connection to SQLite needs, and begin transactions ourselves, not when the driver thinks best."""

    @event.listens_for(engine, "connect")
    def connected(connection: Any, record: object) -> None:  # noqa: ANN401 -- the driver's
        del record
        connection.isolation_level = None
        cursor = connection.cursor()
        # Waiting comes first: another process may be opening the file too.
        for pragma in (_READERS_WAIT, *_PRAGMAS, waits):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    event.listen(engine, "begin", begin)


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")


def _begin_to_write(connection: Connection) -> None:
    """Begin as the one writer, once no other process writes.

    A transaction that reads first and writes later would fail, not wait, when another wrote in between.
    """
    gives_up_at = time.monotonic() + _GIVES_UP_AFTER
    while True:
        try:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        except OperationalError as error:
            # The lowest byte says what it is, the others why.
            busy = getattr(error.orig, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY
            if not busy or time.monotonic() > gives_up_at:
                raise
            await_only(asyncio.sleep(_LOOKS_AGAIN_AFTER))
        else:
            return
