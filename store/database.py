"""The database: one transaction to write, one to read, SQLite or PostgreSQL."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, nullcontext
from typing import Any, Final

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

from store import sqlite
from store.statements import STRAIGHT

_SAME: Final = "what was read of the one state that this session sees"


class DatabaseLostError(ConnectionError):
    """The database cannot be reached, or does not let Duly in.

    `kind` is what the error that said so is called, and `line` says it to whoever looks after the database.
    """

    def __init__(self, kind: str, line: str = "") -> None:
        self.kind = kind
        self.line = line or f"The database does not answer ({kind}): does it run, and is DULY_DATABASE_URL right?"
        super().__init__(self.line)


def same_throughout(session: AsyncSession, what: str) -> dict[str, Any]:
    """Return where to keep what was read of `what`, by its name, so that it is read once in a session.

    A session that writes may see another state each time: there it is empty again each time.
    """
    same: dict[str, dict[str, Any]] = session.info.get(_SAME, {})
    return same.setdefault(what, {})


@asynccontextmanager
async def reached(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """Yield a connection of `engine`.

    Raises:
        DatabaseLostError: the database does not answer.
    """
    connection = engine.connect()
    with _saying_so():
        await connection.start()
    try:
        yield connection
    finally:
        await connection.close()


@contextmanager
def _saying_so() -> Iterator[None]:
    try:
        yield
    except (DBAPIError, OSError, TimeoutError) as error:
        raise DatabaseLostError(_kind(error)) from error


def _kind(error: Exception) -> str:
    said = error.orig if isinstance(error, DBAPIError) and error.orig else error
    # SQLite has one name for all of them, and no words but its own; asyncpg's names are behind SQLAlchemy's.
    return str(said) if isinstance(said, sqlite3.Error) else type(said.__cause__ or said).__name__


class Database:
    """A database by its address, such as `sqlite+aiosqlite:////folder/duly.sqlite3`."""

    def __init__(self, url: str) -> None:
        """Prepare to connect; nothing is opened yet."""
        self._turn: AbstractAsyncContextManager[None] = nullcontext()
        self._seeing: dict[str, Any] = {}
        self._waits = not url.startswith("sqlite")
        if not self._waits:
            reading, writing = sqlite.engine(url), sqlite.engine(url, writes=True)
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
        """Yield a session whose changes are kept all together when the block ends, or not at all.

        Raises:
            DatabaseLostError: the database does not answer.
        """
        async with self._turn, self._closed(self._to_write()) as session:
            await self._connect(session)
            async with _kept(session):
                yield session

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """Yield a session that sees one state of the database; what it changes is not kept.

        Raises:
            DatabaseLostError: the database does not answer.
        """
        async with self._closed(self._to_read(info={_SAME: {}})) as session:
            await self._connect(session, self._seeing)
            yield session

    async def leave_no_trace(self) -> bool:
        """Have nothing of what was deleted stay beside the file of the database; return whether it is done.

        On SQLite whoever reads meanwhile can be in the way: then it is to be tried again. What PostgreSQL deletes it
        overwrites in its own time.
        """
        reading, writing = self._engines
        if reading is writing:
            return True
        async with self._turn, writing.connect() as connection:
            raw = await connection.get_raw_connection()
            return await asyncio.to_thread(sqlite.empty_journal, raw.driver_connection)

    async def _connect(self, session: AsyncSession, seeing: dict[str, Any] | None = None) -> None:
        with _saying_so():
            connection = await session.connection(execution_options=seeing)
        if not self._waits:
            session.info[STRAIGHT] = connection.sync_connection

    @asynccontextmanager
    async def _closed(self, session: AsyncSession) -> AsyncIterator[AsyncSession]:
        """Yield `session`, and close it to the end, even for somebody who is told to stop meanwhile."""
        if not self._waits:
            # SQLite is not interrupted: the session's own way would take a task of its own.
            try:
                yield session
            finally:
                await session.close()
        else:
            async with session:
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
