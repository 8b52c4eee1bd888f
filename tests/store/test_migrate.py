"""Migrations: they make exactly the tables, on both databases, and running them again changes nothing."""

from pathlib import Path

import pytest

from store import migrate


def test_after_the_migrations_there_is_nothing_left_to_add(migrated_file: Path) -> None:
    url = f"sqlite+aiosqlite:///{migrated_file}"
    assert migrate.differences(url) == []
    assert not migrate.pending(url)


@pytest.mark.postgres
def test_after_the_migrations_there_is_nothing_left_to_add_on_postgresql(
    postgres_url: str, migrated_postgres: str
) -> None:
    url = postgres_url.replace("/postgres?", f"/{migrated_postgres}?")
    assert migrate.differences(url) == []
    assert not migrate.pending(url)
