"""What webhooks are told is written with the events, once, and only where there is a webhook."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from domain.interface import KINDS
from store import webhooks
from store.database import Database
from store.keys import CaseKeys
from store.records import Written, write_batch
from store.webhooks import GIVES_UP_AFTER, DeliveryRow
from tests.builders import MONDAY, ORGANISATION
from tests.leaks.looking import counted
from tests.store.turns import put, the_first_turn, the_last_turn, the_second_turn

HOOK = "a" * 32
AT = MONDAY + timedelta(days=1)


async def a_webhook(
    database: Database, keys: CaseKeys, *kinds: str, id_: str = HOOK, organisation: str = ORGANISATION
) -> str | None:
    async with database.write() as session:
        return await webhooks.make(
            session,
            keys.ring,
            id_=id_,
            organisation=organisation,
            address="https://example.org/duly",
            kinds=kinds or tuple(KINDS),
            by="ada",
            at=MONDAY,
        )


@pytest.fixture(autouse=True)
async def everybody(database: Database, keys: CaseKeys) -> None:
    """Have a case that is told to nobody, so that everybody is in the directory."""
    await put(database, keys, the_first_turn("c-0", "2222-2222"))


async def deliveries(database: Database) -> Sequence[DeliveryRow]:
    async with database.read() as session:
        return (await session.scalars(select(DeliveryRow).order_by(DeliveryRow.n))).all()  # type: ignore[arg-type]


async def test_events_are_told_as_they_are_recorded_and_once(database: Database, keys: CaseKeys) -> None:
    await a_webhook(database, keys)
    await put(database, keys, the_first_turn())
    assert [(row.n, row.kind, row.reference) for row in await deliveries(database)] == [
        (1, "request_submitted", "K7QM-4TXR"),
        (2, "ask_opened", "K7QM-4TXR"),
    ]
    async with database.write() as session:
        again: Written = await write_batch(session, keys, the_first_turn(), AT)
    assert again.deliveries == ()
    await put(database, keys, the_second_turn(), the_last_turn())
    found = await deliveries(database)
    assert [row.kind for row in found] == [
        *("request_submitted", "ask_opened", "approved", "ask_opened", "case_ended"),
    ]
    assert len({row.id for row in found}) == len(found)


async def test_a_webhook_is_told_only_what_it_is_for_and_of_its_organisation(
    database: Database, keys: CaseKeys
) -> None:
    await a_webhook(database, keys, "case_ended")
    await a_webhook(database, keys, id_="b" * 32, organisation="redwood")
    await put(database, keys, the_first_turn(), the_second_turn(), the_last_turn())
    assert [(row.kind, row.webhook) for row in await deliveries(database)] == [("case_ended", HOOK)]


async def test_what_is_not_recorded_is_not_told(database: Database, keys: CaseKeys) -> None:
    await a_webhook(database, keys)
    async with database.write() as session:
        await keys.create(session, "c-1")

    async def lost_at_the_last_moment() -> None:
        async with database.write() as session:
            await write_batch(session, keys, the_first_turn(), AT)
            raise ConnectionError

    with pytest.raises(ConnectionError):
        await lost_at_the_last_moment()
    assert await deliveries(database) == []


async def test_where_there_is_no_webhook_a_turn_asks_the_database_nothing_more(
    database: Database, keys: CaseKeys
) -> None:
    await put(database, keys, the_first_turn())
    with counted(database) as statements:
        await put(database, keys, the_second_turn())
    assert not [one for one in statements if "webhook_delivery" in one]
    assert len([one for one in statements if "webhook" in one]) == 1


async def test_a_secret_is_kept_sealed_and_made_once(database: Database, keys: CaseKeys) -> None:
    secret = await a_webhook(database, keys)
    assert secret is not None
    assert await a_webhook(database, keys) is None
    async with database.read() as session:
        [hook] = await webhooks.webhooks_of(session, ORGANISATION)
    assert secret.encode() not in hook.sealed_secret
    assert webhooks.secret_of(keys.ring, hook) == secret


async def test_what_nobody_tries_is_found_and_what_is_too_old_is_given_up(database: Database, keys: CaseKeys) -> None:
    await a_webhook(database, keys, "request_submitted")
    await put(database, keys, the_first_turn())
    [row] = await deliveries(database)
    grace = timedelta(seconds=10)
    async with database.write() as session:
        assert await webhooks.left_behind(session, row.queued_at, grace) == []
        assert await webhooks.left_behind(session, row.queued_at + grace, grace) == [row.id]
        await webhooks.note_try(session, row.id, "status_500", row.queued_at + grace, delivered=False)
    async with database.read() as session:
        assert await webhooks.left_behind(session, row.queued_at + timedelta(hours=1), grace) == []
        assert await webhooks.left_behind(session, row.queued_at + timedelta(hours=3), grace) == [row.id]
        assert not await webhooks.is_anything_old(session, row.queued_at + timedelta(hours=3))
        assert await webhooks.is_anything_old(session, row.queued_at + GIVES_UP_AFTER)
    async with database.write() as session:
        await webhooks.see_to_old(session, row.queued_at + GIVES_UP_AFTER)
    async with database.write() as session:
        [failed] = await webhooks.failed(session, ORGANISATION)
        assert (failed.id, failed.said, failed.tries) == (row.id, "status_500", 1)
        assert await webhooks.failed(session, "redwood") == []
        assert await webhooks.delivery(session, row.id) is None
        await webhooks.try_again(session, "redwood", HOOK, AT)
        assert len(await webhooks.failed(session, ORGANISATION)) == 1
        await webhooks.try_again(session, ORGANISATION, HOOK, AT)
    async with database.read() as session:
        assert await webhooks.failed(session, ORGANISATION) == []
        assert await webhooks.left_behind(session, AT + grace, grace) == [row.id]


async def test_what_is_long_over_is_forgotten(database: Database, keys: CaseKeys) -> None:
    await a_webhook(database, keys, "request_submitted")
    await put(database, keys, the_first_turn())
    [row] = await deliveries(database)
    async with database.write() as session:
        await webhooks.note_try(session, row.id, "ok", AT, delivered=True)
        await webhooks.see_to_old(session, AT + timedelta(days=6))
        assert await session.scalar(select(func.count()).select_from(DeliveryRow)) == 1
        await webhooks.see_to_old(session, AT + timedelta(days=7))
        assert await session.scalar(select(func.count()).select_from(DeliveryRow)) == 0


async def test_a_webhook_that_is_ended_is_told_nothing_more(database: Database, keys: CaseKeys) -> None:
    await a_webhook(database, keys)
    await put(database, keys, the_first_turn())
    async with database.write() as session:
        assert not await webhooks.end(session, "redwood", HOOK)
        assert await webhooks.end(session, ORGANISATION, HOOK)
    await put(database, keys, the_second_turn())
    assert await deliveries(database) == []
