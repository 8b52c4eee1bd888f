"""SQLite in the event loop: a statement takes less time than the way to a thread and back, so it runs where it is.

Only what waits for the disk has a thread: opening the file, and a commit.
"""

import asyncio
import sqlite3
import time
from typing import Any, Final

from sqlalchemy import AsyncAdaptedQueuePool, make_url
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.util import await_only

_PRAGMAS: Final = (
    # Waiting comes first: another process may be opening the file too.
    "busy_timeout=5000",
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    "secure_delete=ON",
    # Without it, INSERT OR REPLACE deletes a row past the triggers that forbid it.
    "recursive_triggers=ON",
)
# SQLite's own waiting looks again every tenth of a second at last, misses its turn while another process is busy, and
# would hold up the event loop.
_WRITERS_WAIT: Final = "busy_timeout=0"
_LOOKS_AGAIN_AFTER: Final = 0.001
_GIVES_UP_AFTER: Final = 5.0
# Milliseconds that the emptying of the journal waits for whoever reads an earlier state.
_CLEARS_WITHIN: Final = 5000


class _Cursor(sqlite3.Cursor):
    async def _async_soft_close(self) -> None:
        """Do nothing: SQLAlchemy asks this of a cursor that has fetched everything beforehand."""


class _Connection(sqlite3.Connection):
    def cursor(self, factory: Any = _Cursor) -> Any:  # noqa: ANN401 -- as the standard library has it
        return super().cursor(factory)


class InlineSqlite(SQLiteDialect_pysqlite):
    """The standard library's SQLite, for SQLAlchemy's asynchronous sessions."""

    driver = "inline"
    is_async = True
    has_terminate = True
    supports_statement_cache = True

    def __init__(self, writes: bool = False, **options: Any) -> None:  # noqa: ANN401 -- the dialect's
        """Begin every transaction as the one writer, if it `writes`."""
        super().__init__(**options)
        self._writes = writes

    @classmethod
    def get_pool_class(cls, url: object) -> type[AsyncAdaptedQueuePool]:
        """Return the pool that waits in the event loop."""
        del url
        return AsyncAdaptedQueuePool

    def connect(self, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401 -- the driver's
        """Return a connection that begins no transaction by itself."""
        return await_only(asyncio.to_thread(self._opened, *arguments, **options))

    def _opened(self, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401 -- the driver's
        options |= {"isolation_level": None, "check_same_thread": False, "factory": _Connection}
        connection: Any = super().connect(*arguments, **options)
        gives_up_at = time.monotonic() + _GIVES_UP_AFTER
        for pragma in (*_PRAGMAS, _WRITERS_WAIT) if self._writes else _PRAGMAS:
            # Of two that open a new file at once, SQLite has neither wait for the other to change its journal.
            while not _done(connection, f"PRAGMA {pragma}", gives_up_at):
                time.sleep(_LOOKS_AGAIN_AFTER)
        return connection

    def do_begin(self, dbapi_connection: Any) -> None:  # noqa: ANN401 -- the driver's
        """Begin, to write once no other process writes.

        A transaction that reads first and writes later would fail, not wait, when another wrote in between.
        """
        if not self._writes:
            dbapi_connection.execute("BEGIN")
            return
        gives_up_at = time.monotonic() + _GIVES_UP_AFTER
        while not _done(dbapi_connection, "BEGIN IMMEDIATE", gives_up_at):
            await_only(asyncio.sleep(_LOOKS_AGAIN_AFTER))

    def do_commit(self, dbapi_connection: Any) -> None:  # noqa: ANN401 -- the driver's
        """Commit. Whoever is told to stop meanwhile stops when it is done.

        The thread cannot be called back, and the connection goes to the next writer.
        """
        await_only(_to_the_end(asyncio.get_running_loop().run_in_executor(None, dbapi_connection.commit)))


registry.register("sqlite.inline", __name__, InlineSqlite.__name__)


def engine(url: str, *, writes: bool = False) -> AsyncEngine:
    """Return an engine for the file of `url`, whatever driver that names."""
    return create_async_engine(make_url(url).set(drivername="sqlite+inline"), writes=writes)


def empty_journal(connection: Any) -> bool:  # noqa: ANN401 -- the driver's
    """Write everything to the file itself and empty the journal beside it; return whether nobody was in the way."""
    connection.execute(f"PRAGMA busy_timeout={_CLEARS_WITHIN}")
    busy, *_ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    connection.execute(f"PRAGMA {_WRITERS_WAIT}")
    return not busy


def _done(connection: Any, statement: str, gives_up_at: float) -> bool:  # noqa: ANN401 -- the driver's
    """Run `statement`; return whether it was, or has to be tried again because somebody else is at the file."""
    try:
        connection.execute(statement)
    except sqlite3.OperationalError as error:
        # The lowest byte says what it is, the others why.
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > gives_up_at:
            raise
        return False
    return True


async def _to_the_end(work: asyncio.Future[None]) -> None:
    try:
        await asyncio.shield(work)
    except asyncio.CancelledError:
        await asyncio.wait({work})
        raise
