"""What these tests share with those of the store."""

from tests.store.conftest import migrated_file, postgres_url

__all__ = ["migrated_file", "postgres_url"]
