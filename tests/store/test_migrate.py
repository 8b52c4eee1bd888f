"""Migrations: they make exactly the tables, on both databases, and running them again changes nothing."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from store import migrate
from tests.store.conftest import named, run_on


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def new_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Yield the address of a database with nothing in it."""
    if request.param == "sqlite":
        yield f"sqlite+aiosqlite:///{tmp_path}/duly.sqlite3"
    else:
        server = request.getfixturevalue("postgres_url")
        asyncio.run(run_on(server, "CREATE DATABASE unmigrated"))
        yield named(server, "unmigrated")
        asyncio.run(run_on(server, "DROP DATABASE unmigrated"))


def test_after_the_migrations_there_is_nothing_left_to_add(url: str) -> None:
    assert migrate.differences(url) == []
    assert not migrate.pending(url)


def test_a_new_database_is_migrated_once(new_url: str) -> None:
    assert migrate.pending(new_url)
    migrate.upgrade(new_url)
    assert not migrate.pending(new_url)
    migrate.upgrade(new_url)
    assert migrate.differences(new_url) == []


async def test_two_that_migrate_a_new_database_at_once_do_not_disturb_each_other(new_url: str) -> None:
    await asyncio.gather(*(asyncio.to_thread(migrate.upgrade, new_url) for _ in range(2)))
    assert not await asyncio.to_thread(migrate.pending, new_url)


def test_asking_after_a_database_that_is_not_there_does_not_make_it(tmp_path: Path) -> None:
    assert migrate.pending(f"sqlite+aiosqlite:///{tmp_path}/none.sqlite3")
    assert not list(tmp_path.iterdir())
