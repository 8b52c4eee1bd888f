"""Decision links: only their digests are kept, the latest few stay open, and being shown a form is noted once."""

import asyncio
import re
from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from store import links
from store.database import Database
from store.tables import MailRow

NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)


async def mint(
    database: Database,
    *,
    person: str = "ben",
    ask: str = "a1",
    at: datetime = NOW,
    purpose: links.Purpose = "answer",
) -> str:
    async with database.write() as session:
        return await links.mint(session, case="c-1", ask=ask, person=person, version=1, at=at, purpose=purpose)


async def statuses(database: Database, *tokens: str) -> list[str]:
    async with database.read() as session:
        found = [await links.find(session, token) for token in tokens]
    return [link.status if link else "unknown" for link in found]


async def test_a_token_leads_to_all_that_it_is_bound_to(database: Database) -> None:
    token = await mint(database)
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", token)
    async with database.read() as session:
        link = await links.find(session, token)
    assert link is not None
    assert (link.case, link.ask, link.person, link.version, link.status) == ("c-1", "a1", "ben", 1, "open")
    assert (link.issued_at, link.expires_at) == (NOW, NOW + timedelta(days=90))


async def test_a_link_to_answer_is_none_to_dispute_and_the_other_way_round(database: Database) -> None:
    answers, disputes = await mint(database), await mint(database, purpose="dispute")
    async with database.read() as session:
        assert await links.find(session, answers, "dispute") is None
        assert await links.find(session, disputes) is None
        found = await links.find(session, disputes, "dispute")
    assert found is not None
    assert (found.person, found.ask, found.purpose) == ("ben", "a1", "dispute")
    assert found.expires_at == NOW + timedelta(days=90)


async def test_links_to_dispute_close_none_to_answer_and_no_new_one_is_mailed_for_them(database: Database) -> None:
    answers = await mint(database)
    disputes = [await mint(database, at=NOW + timedelta(minutes=minute), purpose="dispute") for minute in range(6)]
    assert await statuses(database, answers) == ["open"]
    async with database.write() as session:
        found = [await links.find(session, token, "dispute") for token in disputes]
        assert [link.status for link in found if link] == ["superseded"] + ["open"] * 5
        assert await links.queue_again(session, disputes[-1], NOW) is None


async def test_no_other_token_leads_anywhere(database: Database) -> None:
    token = await mint(database)
    assert await statuses(database, token[:-1], token.swapcase(), f"{token} ", "") == ["unknown"] * 4


async def test_the_token_is_nowhere_in_the_database(database: Database) -> None:
    token = await mint(database)
    async with database.read() as session:
        rows = (await session.execute(text("SELECT * FROM link"))).all()
    assert token not in str(rows)
    assert links.digest(token) in str(rows)


async def test_of_many_links_to_one_ask_the_latest_five_stay_open(database: Database) -> None:
    tokens = [await mint(database, at=NOW + timedelta(minutes=minute)) for minute in range(7)]
    others = [await mint(database, person="dev"), await mint(database, ask="a2")]
    assert await statuses(database, *tokens) == ["superseded"] * 2 + ["open"] * 5
    assert await statuses(database, *others) == ["open", "open"]


async def test_whoever_may_not_come_in_any_more_has_no_open_link(database: Database) -> None:
    bens, devs = await mint(database), await mint(database, person="dev")
    async with database.write() as session:
        await links.close_all(session, ("ben",), NOW)
    assert await statuses(database, bens, devs) == ["closed", "open"]


async def test_a_new_link_is_mailed_once_to_whom_the_expired_one_was_for(database: Database) -> None:
    token = await mint(database)
    async with database.write() as session:
        first = await links.queue_again(session, token, NOW)
        again = await links.queue_again(session, token, NOW)
        assert first is not None
        assert first == again
        mail = await session.get(MailRow, first)
    assert mail is not None
    assert (mail.case, mail.ask, mail.person, mail.template) == ("c-1", "a1", "ben", "ask")


async def test_no_new_link_is_mailed_for_one_that_is_closed_or_unknown(database: Database) -> None:
    token = await mint(database)
    async with database.write() as session:
        await links.close_all(session, ("ben",), NOW)
        assert await links.queue_again(session, token, NOW) is None
        assert await links.queue_again(session, "x" * 43, NOW) is None


async def test_what_counts_is_when_somebody_was_first_shown_a_version(database: Database) -> None:
    """SITE-37."""
    later = NOW + timedelta(hours=1)
    async with database.write() as session:
        assert await links.opened_at(session, "c-1", 1, "ben") is None
        assert await links.record_opened(session, "c-1", 1, "ben", NOW) == NOW
        assert await links.record_opened(session, "c-1", 1, "ben", later) == NOW
        assert await links.record_opened(session, "c-1", 2, "ben", later) == later
    async with database.read() as session:
        assert await links.opened_at(session, "c-1", 1, "ben") == NOW
        assert await links.opened_at(session, "c-1", 1, "dev") is None


async def test_two_requests_at_the_same_time_note_one_opening_and_queue_one_mail(database: Database) -> None:
    token = await mint(database)

    async def request(minute: int) -> tuple[datetime, str | None]:
        at = NOW + timedelta(minutes=minute)
        async with database.write() as session:
            opened = await links.record_opened(session, "c-1", 1, "ben", at)
            return opened, await links.queue_again(session, token, at)

    seen = await asyncio.gather(*(request(minute) for minute in range(3)))
    assert len(set(seen)) == 1
