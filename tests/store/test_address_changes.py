"""Corrections of addresses: one waits per person, one settles it, and all of it takes effect or nothing."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from domain.people import Directory
from store import address_changes, links, mails, people, sessions
from store.address_changes import AddressTakenError, Corrected
from store.database import Database
from store.tables import AddressChangeRow, AskedRow, AskRow, CaseRow
from tests.builders import BEN, ORGANISATION, PEOPLE, SCHOOL, a_person

NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
NEW = "b.carter@elmbrook.example"
ELSEWHERE = a_person("else", "Una Moss", organisation="redwood", email="una@redwood.example")


@pytest.fixture(autouse=True)
async def directory(database: Database) -> None:
    """Have everybody of Elmbrook in the directory, and Una of Redwood."""
    async with database.write() as session:
        await people.save(session, (*PEOPLE, ELSEWHERE))


async def propose(database: Database, address: str = NEW, at: datetime = NOW, person: str = "ben") -> str | None:
    async with database.write() as session:
        whose = await people.person(session, person)
        assert whose is not None
        row = await address_changes.propose(session, person=whose, address=address, why="a slip", by="ada", at=at)
        return row.id if row else None


async def proposed(database: Database, address: str = NEW, at: datetime = NOW) -> str:
    change = await propose(database, address, at)
    assert change is not None
    return change


async def confirm(database: Database, change: str, by: str = "nina") -> Corrected | None:
    async with database.write() as session:
        row = await address_changes.to_settle(session, change)
        assert row is not None
        return await address_changes.confirm(session, row, by, LATER) if row.settled_at is None else None


async def refuse(database: Database, change: str, at: datetime = LATER) -> None:
    async with database.write() as session:
        row = await address_changes.to_settle(session, change)
        assert row is not None
        await address_changes.refuse(session, row, "nina", at)


async def listed(database: Database, organisation: str = ORGANISATION) -> tuple[list[str], Sequence[AddressChangeRow]]:
    """Return the ids of what waits, and what was settled."""
    async with database.read() as session:
        waiting = await address_changes.waiting(session, organisation)
        return [row.id for row in waiting], await address_changes.settled(session, organisation)


async def the_directory(database: Database) -> Directory:
    async with database.read() as session:
        return await people.directory(session, ORGANISATION)


async def asked(database: Database, case: str, ask: str, person: str, closed_at: datetime | None = None) -> None:
    """Put a case on record, with an ask of it that reached `person`."""
    async with database.write() as session:
        session.add(
            CaseRow(
                id=case,
                reference=case,
                organisation=ORGANISATION,
                school=SCHOOL,
                process="new_site",
                title="Science club page",
                starter="amina",
                author="amina",
                version=1,
                opened_at=NOW,
                changed_at=NOW,
                sealed_opening=b"",
                sealed_standing=b"",
            )
        )
        await session.flush()
        seat = "line_manager"
        session.add(
            AskRow(case=case, ask=ask, step=seat, seat=seat, version=1, opened_at=NOW, due=LATER, closed_at=closed_at)
        )
        session.add(AskedRow(case=case, ask=ask, person=person, seat=seat))


async def test_a_correction_waits_and_changes_nothing_yet(database: Database) -> None:
    change = await proposed(database)
    async with database.read() as session:
        row = await address_changes.to_settle(session, change)
        assert await people.person(session, "ben") == BEN
        assert await address_changes.to_settle(session, "nothing") is None
    assert row is not None
    assert (row.organisation, row.person, row.address, row.why) == (ORGANISATION, "ben", NEW, "a slip")
    assert (row.proposed_by, row.proposed_at, row.settled_at, row.confirmed) == ("ada", NOW, None, False)
    assert await listed(database) == ([change], [])
    assert await listed(database, "redwood") == ([], [])


async def test_a_confirmed_correction_is_seen_by_everybody_who_reads_the_directory(database: Database) -> None:
    assert (await the_directory(database)).person("ben") == BEN
    change = await proposed(database)
    done = await confirm(database, change)
    assert done == Corrected(BEN, ())
    assert (await the_directory(database)).person("ben") == BEN.model_copy(update={"email": NEW})
    async with database.read() as session:
        assert await people.person_by_email(session, NEW.upper()) is not None
        assert await people.person_by_email(session, BEN.email) is None
    waiting, [row] = await listed(database)
    assert waiting == []
    assert (row.settled_by, row.settled_at, row.confirmed) == ("nina", LATER, True)


async def test_a_refused_correction_stays_on_record(database: Database) -> None:
    await refuse(database, await proposed(database))
    waiting, [row] = await listed(database)
    assert waiting == []
    assert (row.settled_by, row.settled_at, row.confirmed) == ("nina", LATER, False)
    assert (await the_directory(database)).person("ben") == BEN


async def test_what_waits_is_listed_oldest_first_and_what_was_settled_latest_first(database: Database) -> None:
    changes = []
    for minute, person in enumerate(("ben", "dev", "otto", "helen")):
        at = NOW + timedelta(minutes=minute)
        change = await propose(database, f"new.{person}@elmbrook.example", at, person)
        changes.append(change or "")
    assert (await listed(database))[0] == changes
    for minute, change in enumerate(changes[:2]):
        await refuse(database, change, LATER + timedelta(minutes=minute))
    waiting, settled = await listed(database)
    assert waiting == changes[2:]
    assert [row.id for row in settled] == changes[1::-1]


async def test_what_let_somebody_in_at_the_old_address_ends(database: Database) -> None:
    async with database.write() as session:
        bens, devs = [
            await links.mint(session, case="c-1", ask="a1", person=person, version=1, at=NOW)
            for person in ("ben", "dev")
        ]
        secret = await sessions.open_session(session, "ben", NOW)
        await sessions.ask_code(session, address=BEN.email, person="ben", browser_digest="b1", at=NOW)
    await confirm(database, await proposed(database))
    async with database.read() as session:
        found = [await links.find(session, token) for token in (bens, devs)]
        assert [link.status if link else "" for link in found] == ["closed", "open"]
        assert await sessions.session_of(session, secret, NOW) is None


async def test_every_open_ask_that_reached_somebody_is_mailed_again(database: Database) -> None:
    await asked(database, "c-1", "a1", "ben")
    await asked(database, "c-2", "a1", "ben")
    await asked(database, "c-3", "a1", "ben", closed_at=NOW)
    await asked(database, "c-4", "a1", "dev")
    done = await confirm(database, await proposed(database))
    assert done is not None
    async with database.read() as session:
        rows = [await mails.queued(session, mail) for mail in done.mails]
    assert sorted((row.case, row.ask, row.person, row.template, row.queued_at) for row in rows if row) == [
        ("c-1", "a1", "ben", "ask", LATER),
        ("c-2", "a1", "ben", "ask", LATER),
    ]


@pytest.mark.parametrize("taken", ["DEV@elmbrook.example", "una+x@redwood.example"])
async def test_an_address_that_somebody_has_by_now_is_not_given_and_nothing_is_changed(
    database: Database, taken: str
) -> None:
    change = await proposed(database, taken)
    with pytest.raises(AddressTakenError):
        await confirm(database, change)
    assert await listed(database) == ([change], [])
    assert (await the_directory(database)).person("ben") == BEN


async def test_one_correction_of_a_person_waits_at_a_time(database: Database) -> None:
    first = await proposed(database)
    assert await propose(database, "carter@elmbrook.example") is None
    assert await propose(database, "d.patel@elmbrook.example", person="dev") is not None
    await refuse(database, first)
    assert await propose(database, "carter@elmbrook.example") is not None


async def test_of_two_who_propose_at_once_one_is_kept(database: Database) -> None:
    found = await asyncio.gather(*(propose(database, f"ben{n}@elmbrook.example") for n in range(3)))
    assert len([change for change in found if change is not None]) == 1


async def test_of_two_who_confirm_at_once_one_does(database: Database) -> None:
    await asked(database, "c-1", "a1", "ben")
    change = await proposed(database)
    done = await asyncio.gather(*(confirm(database, change, by) for by in ("nina", "omar", "nina")))
    assert len([one for one in done if one is not None]) == 1
