"""Databases for the search for leaks, and the chance that falls the same in every world."""

from tests.leaks.world import drawn
from tests.store.conftest import migrated_file, migrated_postgres, postgres_url

__all__ = ["drawn", "migrated_file", "migrated_postgres", "postgres_url"]
