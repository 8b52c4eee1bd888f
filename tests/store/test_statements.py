"""Statements made once: what they read and add is what a session would, in its transaction and in no other."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import bindparam, select

from store.database import Database
from store.statements import add, every, first, table
from store.tables import DirectoryRow, LinkRow

AT = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
LINKS = select(table(LinkRow)).where(table(LinkRow).c.case == bindparam("case")).order_by(table(LinkRow).c.digest)


def link(number: int, **more: object) -> dict[str, object]:
    own = {"digest": f"d{number}", "id": f"i{number}", "ask": "a1", "person": "ben", "version": 1}
    return {"case": "c-1", "issued_at": AT, "expires_at": AT, **own, **more}


async def test_what_is_left_out_is_as_the_table_has_it(database: Database) -> None:
    async with database.write() as session:
        await add(session, LinkRow, [link(1), link(2, status="used")])
    async with database.read() as session:
        found = await every(session, LINKS, LinkRow, case="c-1")
    assert [(one.status, one.purpose, one.closed_at) for one in found] == [
        ("open", "answer", None),
        ("used", "answer", None),
    ]
    assert found[0].issued_at == AT


async def test_what_was_read_cannot_be_changed(database: Database) -> None:
    async with database.write() as session:
        await add(session, LinkRow, [link(1)])
        found = await first(session, LINKS, LinkRow, case="c-1")
        assert found is not None
        with pytest.raises(AttributeError):
            found.status = "used"


async def test_what_was_added_goes_with_the_transaction_that_fails(database: Database) -> None:
    async def fail() -> None:
        async with database.write() as session:
            session.add(DirectoryRow(organisation="o", version="v"))
            await session.flush()
            await add(session, LinkRow, [link(1)])
            assert await first(session, LINKS, LinkRow, case="c-1") is not None
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    async with database.read() as session:
        assert await first(session, LINKS, LinkRow, case="c-1") is None
        assert await session.get(DirectoryRow, "o") is None


async def test_a_case_without_links_has_none(database: Database) -> None:
    async with database.read() as session:
        assert await every(session, LINKS, LinkRow, case="c-1") == []
        assert await first(session, LINKS, LinkRow, case="c-1") is None
