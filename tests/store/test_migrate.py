"""Migrations: they make exactly the tables, on both databases, and running them again changes nothing."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import select, text
from sqlmodel import col

from store import migrate, version
from store.database import Database
from store.tables import PowerChangeRow
from store.version import OtherVersionError
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
    migrate.check(url)


def test_a_new_database_is_migrated_once(new_url: str) -> None:
    with pytest.raises(OtherVersionError, match="start `duly up` on it once"):
        migrate.check(new_url)
    migrate.upgrade(new_url)
    migrate.check(new_url)
    migrate.upgrade(new_url)
    assert migrate.differences(new_url) == []


async def test_two_that_migrate_a_new_database_at_once_do_not_disturb_each_other(new_url: str) -> None:
    await asyncio.gather(*(asyncio.to_thread(migrate.upgrade, new_url) for _ in range(2)))
    await asyncio.to_thread(migrate.check, new_url)


def test_the_latest_version_is_the_one_that_the_migrations_lead_to() -> None:
    assert ScriptDirectory(str(version.MIGRATIONS)).get_current_head() == version.KNOWN[-1]


async def test_a_database_of_a_newer_version_is_left_alone(new_url: str) -> None:
    await asyncio.to_thread(migrate.upgrade, new_url)
    database = Database(new_url)
    async with database.write() as session:
        await session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    await database.close()
    for ask in (migrate.check, migrate.upgrade):
        with pytest.raises(OtherVersionError, match="of a newer Duly"):
            await asyncio.to_thread(ask, new_url)


def test_asking_after_a_database_that_is_not_there_does_not_make_it(tmp_path: Path) -> None:
    with pytest.raises(OtherVersionError):
        migrate.check(f"sqlite+aiosqlite:///{tmp_path}/none.sqlite3")
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


def test_what_came_by_a_file_before_a_file_could_say_why_is_known_by_that(new_url: str) -> None:
    asyncio.run(migrate._on(new_url, lambda connection: command.upgrade(migrate._config(connection), "0012")))
    at = "2026-11-02 09:30:00+00:00" if new_url.startswith("postgres") else "2026-11-02 09:30:00"
    columns = "id, why, organisation, organisation_name, batch, person, what, of, before, after"
    change = f"INSERT INTO power_change ({columns}, proposed_by, proposed_at) VALUES"
    rest = f"'elms', 'Elms', 1, 'ben', 'address', '', '', '', 'ada', '{at}'"
    asyncio.run(run_on(new_url, f"{change} ('file', '', {rest})", f"{change} ('page', 'a slip', {rest})"))
    migrate.upgrade(new_url)
    assert migrate.differences(new_url) == []

    async def rows() -> list[tuple[str, bool]]:
        db = Database(new_url)
        async with db.read() as session:
            kept = (await session.scalars(select(PowerChangeRow).order_by(col(PowerChangeRow.id)))).all()
        await db.close()
        return [(row.id, row.by_file) for row in kept]

    assert asyncio.run(rows()) == [("file", True), ("page", False)]
