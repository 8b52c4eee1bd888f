"""How many cases began lately is counted on the record, for one person or for all."""

from datetime import UTC, datetime, timedelta

import pytest

from store import queries
from store.database import Database
from store.tables import CaseRow

NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)


def minutes(n: int) -> datetime:
    return NOW + timedelta(minutes=n)


@pytest.fixture(autouse=True)
async def cases(database: Database) -> None:
    """Have on record what Amina began at minutes 1, 2 and 4, and Ben elsewhere at minute 3."""
    async with database.write() as session:
        session.add_all(
            CaseRow(
                id=f"c-{n}",
                reference=f"r-{n}",
                organisation="elmbrook" if starter == "amina" else "redwood",
                school="elmbrook-primary",
                process="new_site",
                title="A site",
                starter=starter,
                author="otto",
                version=1,
                opened_at=minutes(n),
                changed_at=NOW,
                sealed_opening=b"",
                sealed_standing=b"",
            )
            for n, starter in ((1, "amina"), (2, "amina"), (3, "ben"), (4, "amina"))
        )


@pytest.mark.parametrize(
    ("n", "since", "starter", "found"),
    [
        (1, 0, None, 4),
        (2, 0, None, 3),
        (4, 0, None, 1),
        (5, 0, None, None),
        (4, 1, None, None),
        (2, 0, "amina", 2),
        (3, 0, "amina", 1),
        (3, 1, "amina", None),
        (1, 0, "ben", 3),
        (2, 0, "ben", None),
        (1, 0, "otto", None),
    ],
)
async def test_the_nth_latest_beginning_is_found_where_as_many_began(
    database: Database, n: int, since: int, starter: str | None, found: int | None
) -> None:
    async with database.read() as session:
        at = await queries.nth_latest_opening(session, n, minutes(since), starter)
    assert at == (minutes(found) if found is not None else None)
