"""What tests of commands share with those of the store."""

from tests.store.conftest import migrated_file

__all__ = ["migrated_file"]
