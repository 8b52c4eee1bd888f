"""Each case has a key of its own: what is sealed opens in its place and nowhere else, and not without its key."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from store.database import Database
from store.keys import CaseKeyMissingError, CaseKeys, Keyring, SealBrokenError, Sealer
from tests.store.conftest import RING

ONE, OTHER = Sealer("c-1", b"1" * 32), Sealer("c-2", b"1" * 32)


async def created(database: Database, keys: CaseKeys, case: str = "c-1") -> Sealer:
    async with database.write() as session:
        return await keys.create(session, case)


@given(st.binary(max_size=64), st.text(max_size=12))
def test_what_is_sealed_opens_in_its_place(data: bytes, place: str) -> None:
    assert ONE.open(place, ONE.seal(place, data)) == data


@given(st.binary(max_size=32), st.data())
def test_what_was_changed_anywhere_does_not_open(data: bytes, draw: st.DataObject) -> None:
    sealed = bytearray(ONE.seal("draft|answers", data))
    sealed[draw.draw(st.integers(0, len(sealed) - 1))] ^= draw.draw(st.integers(1, 255))
    with pytest.raises(SealBrokenError):
        ONE.open("draft|answers", bytes(sealed))


@given(st.binary(max_size=32), st.integers(0, 60))
def test_what_was_cut_short_does_not_open(data: bytes, length: int) -> None:
    sealed = ONE.seal("draft|answers", data)
    with pytest.raises(SealBrokenError):
        ONE.open("draft|answers", sealed[: min(length, len(sealed) - 1)])


def test_what_was_moved_to_another_place_or_case_does_not_open() -> None:
    sealed = ONE.seal("draft|answers", b"words")
    with pytest.raises(SealBrokenError):
        ONE.open("advice|answer", sealed)
    with pytest.raises(SealBrokenError):
        OTHER.open("draft|answers", sealed)


def test_the_same_words_are_never_sealed_the_same() -> None:
    assert ONE.seal("draft|answers", b"words") != ONE.seal("draft|answers", b"words")


def test_what_does_not_open_says_where_and_never_what() -> None:
    with pytest.raises(SealBrokenError) as broken:
        ONE.open("advice|answer", ONE.seal("draft|answers", b"secret words"))
    assert "advice|answer" in str(broken.value)
    assert "secret" not in str(broken.value)


def test_no_key_is_shown_where_its_holder_is() -> None:
    assert "1111" not in repr(ONE)
    assert "kkkk" not in repr(RING)


async def test_a_case_has_one_key_however_often_it_is_made(database: Database, keys: CaseKeys) -> None:
    first = await created(database, keys)
    assert await created(database, keys) == first
    assert await keys.of("c-1") == first
    assert await CaseKeys(database, RING).of("c-1") == first


async def test_two_cases_have_two_keys(database: Database, keys: CaseKeys) -> None:
    assert (await created(database, keys)).key != (await created(database, keys, "c-2")).key


async def test_a_case_without_a_key_is_named(database: Database, keys: CaseKeys) -> None:
    with pytest.raises(CaseKeyMissingError, match="c-9"):
        await keys.of("c-9")
    async with database.read() as session:
        with pytest.raises(CaseKeyMissingError, match="c-9"):
            await keys.of("c-9", session)


async def test_a_key_is_kept_only_wrapped(database: Database, keys: CaseKeys) -> None:
    sealer = await created(database, keys)
    async with database.read() as session:
        wrapped = (await session.execute(text("SELECT wrapped FROM case_key"))).scalar_one()
    assert sealer.key not in bytes(wrapped)


async def test_a_key_wrapped_for_one_case_does_not_open_another(database: Database, keys: CaseKeys) -> None:
    await created(database, keys)
    await created(database, keys, "c-2")
    async with database.write() as session:
        stolen = "UPDATE case_key SET wrapped = (SELECT wrapped FROM case_key WHERE \"case\" = 'c-1')"
        await session.execute(text(stolen))
    with pytest.raises(SealBrokenError):
        await CaseKeys(database, RING).of("c-2")


async def test_a_new_first_key_wraps_and_the_old_ones_still_unwrap(database: Database, keys: CaseKeys) -> None:
    old = await created(database, keys)
    later = CaseKeys(database, Keyring.of({"k2": b"j" * 32, **RING.keys}))
    assert await later.of("c-1") == old
    new = await created(database, later, "c-2")
    async with database.read() as session:
        under = (await session.execute(text('SELECT "case", wrapped_under FROM case_key ORDER BY 1'))).all()
    assert [tuple(row) for row in under] == [("c-1", "k1"), ("c-2", "k2")]
    with pytest.raises(SealBrokenError):
        await CaseKeys(database, RING).of("c-2")
    assert await CaseKeys(database, Keyring.of({"k2": b"j" * 32})).of("c-2") == new


async def test_another_key_of_the_same_name_does_not_unwrap(database: Database, keys: CaseKeys) -> None:
    await created(database, keys)
    with pytest.raises(SealBrokenError):
        await CaseKeys(database, Keyring.of({"k1": b"x" * 32})).of("c-1")


def test_what_belongs_to_no_case_is_sealed_with_a_key_of_its_own() -> None:
    system = RING.system()
    assert system == RING.system()
    assert system.key not in RING.keys.values()
    with pytest.raises(SealBrokenError):
        ONE.open("job", system.seal("job", b"a code"))


def test_a_job_left_under_an_older_key_is_opened_when_another_comes_first() -> None:
    left = RING.system().seal("job", b"a mail's id")
    later = Keyring.of({"k2": b"j" * 32, **RING.keys}).system()
    assert later.open("job", left) == b"a mail's id"
    with pytest.raises(SealBrokenError):
        RING.system().open("job", later.seal("job", b"a mail's id"))


async def test_a_key_that_the_settings_lost_is_named(database: Database, keys: CaseKeys) -> None:
    await created(database, keys)
    with pytest.raises(SealBrokenError, match="the key k1, which DULY_KEYS does not hold"):
        await CaseKeys(database, Keyring.of({"k2": b"j" * 32})).of("c-1")


async def test_a_key_whose_transaction_failed_seals_nothing_more(database: Database, keys: CaseKeys) -> None:
    async with database.write() as session:
        lost = await keys.create(session, "c-1")
        assert await keys.of("c-1", session) == lost
        await session.rollback()
    with pytest.raises(CaseKeyMissingError):
        await keys.of("c-1")
    kept = await created(database, keys)
    assert await keys.of("c-1") == kept != lost


async def test_two_who_make_the_key_of_a_case_at_once_get_the_same(database: Database, keys: CaseKeys) -> None:
    made = await asyncio.gather(*(created(database, CaseKeys(database, RING)) for _ in range(5)))
    assert {sealer.key for sealer in made} == {(await keys.of("c-1")).key}
