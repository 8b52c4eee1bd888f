"""Whether a database has the tables of this version of Duly."""

from pathlib import Path
from typing import Final

from sqlalchemy import Connection, inspect, text

from store.database import DatabaseLostError

MIGRATIONS: Final = Path(__file__).parent / "migrations"
KNOWN: Final = tuple(sorted(file.name[:4] for file in (MIGRATIONS / "versions").glob("[0-9]*.py")))
"""Every migration that there is, the latest last."""

_OTHER: Final = "The database is not one of this version of Duly: start `duly up` on it once."
_NEWER: Final = "The database is of a newer Duly: install that one, or put a backup back."


class OtherVersionError(DatabaseLostError):
    """The database answers, and is of another version of Duly: it is of no use to this one."""

    def __init__(self, line: str = _OTHER) -> None:
        super().__init__("OtherVersion", line)


def revision_of(connection: Connection) -> str | None:
    """Return the latest migration that was run on the database of `connection`, None where none was."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    known: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return known


def is_pending(connection: Connection) -> bool:
    """Return whether a migration has not been run on the database of `connection`."""
    return revision_of(connection) != KNOWN[-1]


def check(connection: Connection) -> None:
    """Raise OtherVersionError where the database of `connection` is not one of this version."""
    check_not_newer(connection)
    if is_pending(connection):
        raise OtherVersionError


def check_not_newer(connection: Connection) -> None:
    """Raise OtherVersionError where the database of `connection` is of a newer version."""
    known = revision_of(connection)
    if known is not None and known not in KNOWN:
        raise OtherVersionError(_NEWER)
