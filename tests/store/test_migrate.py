"""Migrations: they make exactly the tables, on both databases, and running them again changes nothing."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import select
from sqlmodel import col

from store import migrate
from store.database import Database
from store.tables import PowerChangeRow
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


def test_corrections_of_addresses_stay_on_record_as_changes_of_power(new_url: str) -> None:
    asyncio.run(migrate._on(new_url, lambda connection: command.upgrade(migrate._config(connection), "0002")))
    person = "INSERT INTO person (id, organisation, name, email, email_folded, kind, administrator)"
    columns = "id, organisation, person, address, why, proposed_by, proposed_at, settled_by, settled_at, confirmed"
    at = "2026-11-02 09:30:00+00:00" if new_url.startswith("postgres") else "2026-11-02 09:30:00"
    correction = f"INSERT INTO address_change ({columns}) VALUES"
    corrections = {
        "a": f"'b@elms.example', 'slip', 'ada', '{at}', 'nina', '{at}', true",
        "b": f"'c@elms.example', 'slip', 'ada', '{at}', 'nina', '{at}', false",
        "c": f"'d@elms.example', 'slip', 'ada', '{at}', NULL, NULL, false",
    }
    asyncio.run(
        run_on(
            new_url,
            f"{person} VALUES ('ben', 'elms', 'Ben', 'ben@elms.example', 'ben@elms.example', 'employee', false)",
            *(f"{correction} ('{change}', 'elms', 'ben', {said})" for change, said in corrections.items()),
        )
    )
    migrate.upgrade(new_url)
    assert migrate.differences(new_url) == []

    async def rows() -> list[tuple[str, int, str, str, str | None, bool]]:
        db = Database(new_url)
        async with db.read() as session:
            kept = (await session.scalars(select(PowerChangeRow).order_by(col(PowerChangeRow.id)))).all()
        await db.close()
        return [(r.what, r.batch, r.before, r.after, r.outcome, r.outcome_told_at is None) for r in kept]

    assert [(what, *rest) for what, _, *rest in asyncio.run(rows())] == [
        ("address", "", "b@elms.example", "confirmed", False),
        ("address", "", "c@elms.example", "refused", False),
        ("address", "ben@elms.example", "d@elms.example", None, True),
    ]
    assert sorted(batch for _, batch, *_ in asyncio.run(rows())) == [1, 2, 3]
