"""The mail log: whose mails are put by for a digest, and which never are."""

from datetime import UTC, datetime, timedelta

import pytest

from store import mails
from store.database import Database
from store.tables import MailRow

NOON = datetime(2027, 1, 11, 12, tzinfo=UTC)
LAST_NIGHT = NOON - timedelta(hours=12)


def a_mail(number: int, person: str = "head", template: str = "ask") -> MailRow:
    return MailRow(id=f"m{number}", case="c-1", person=person, template=template, queued_at=NOON)


async def gone(database: Database, *rows: MailRow, most: int = 1, urgent: bool = False) -> list[str]:
    """Return the ids of those of `rows` that go now."""
    async with database.write() as session:
        session.add_all(rows)
        await session.flush()
        return [row.id for row in await mails.gather(session, rows, most, LAST_NIGHT, NOON, urgent=urgent)]


async def test_what_exceeds_a_person_s_mails_of_the_day_is_put_by(database: Database) -> None:
    assert await gone(database, a_mail(1), a_mail(2), a_mail(3, "deputy")) == ["m1", "m3"]
    assert await gone(database, a_mail(4), a_mail(5, "deputy")) == []
    async with database.read() as session:
        assert [row.id for row in await mails.gathered(session, "head")] == ["m2", "m4"]
        assert await mails.put_by(session, NOON - timedelta(seconds=1)) == []
        assert await mails.put_by(session, NOON) == ["deputy", "head"]


async def test_urgent_mail_and_receipts_are_never_put_by_and_leave_room_for_others(database: Database) -> None:
    assert await gone(database, a_mail(1, template="receipt"), a_mail(2, template="disputed")) == ["m1", "m2"]
    assert await gone(database, a_mail(3), a_mail(4), urgent=True) == ["m3", "m4"]


@pytest.mark.meets("LIFE-09")
async def test_that_too_few_run_a_site_is_told_the_same_day_however_many_mails_somebody_had(
    database: Database,
) -> None:
    assert await gone(database, a_mail(1), a_mail(2)) == ["m1"]
    assert await gone(database, a_mail(3, template="cover_lost"), a_mail(4)) == ["m3"]
    async with database.read() as session:
        assert [row.id for row in await mails.gathered(session, "head")] == ["m2", "m4"]


async def test_a_person_has_one_digest_at_a_time(database: Database) -> None:
    await gone(database, a_mail(1), a_mail(2))
    async with database.write() as session:
        (digest,) = await mails.queue_digests(session, ["head"], NOON)
    await gone(database, a_mail(3))
    async with database.write() as session:
        assert await mails.queue_digests(session, ["head", "nobody"], NOON) == [digest]
        await mails.mark_handed_over(session, dict.fromkeys((digest, "m2", "m3"), "taken"), NOON)
        assert await mails.queue_digests(session, ["head"], NOON) == []
