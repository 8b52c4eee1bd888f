"""Second factors: codes of the app, a second person, and taking it away."""

import asyncio
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyotp import TOTP
from sqlalchemy import text

from domain.people import Person
from domain.refs import ALPHABET
from store import identities, people, second_factors, sessions
from store.database import Database
from store.second_factors import Tried
from tests.builders import MONDAY as NOW
from tests.builders import ORGANISATION, PEOPLE
from tests.store.conftest import RING

HALF_MINUTE = timedelta(seconds=30)


@pytest.fixture
async def secret(database: Database) -> str:
    """Return the secret of a second factor that Amina has just begun."""
    async with database.write() as session:
        await people.save(session, PEOPLE)
        assert await second_factors.begin(session, RING, "amina", NOW)
    return await secret_of(database)


async def secret_of(database: Database, person: str = "amina") -> str:
    async with database.read() as session:
        row = await second_factors.factor_of(session, person)
    assert row is not None
    return second_factors.secret_of(RING, row)


async def attempt(database: Database, code: str, at: datetime = NOW, person: str = "amina") -> Tried:
    async with database.write() as session:
        return await second_factors.try_code(session, RING, person, code, at)


async def have_it_count(database: Database, person: str = "amina", at: datetime = NOW) -> str:
    """Have the second factor of `person` count, and return its secret; the codes of `at` are used up."""
    async with database.write() as session:
        await second_factors.begin(session, RING, person, at)
    secret = await secret_of(database, person)
    async with database.write() as session:
        assert await second_factors.prove(session, RING, person, TOTP(secret).at(at), at) == "right"
        assert await second_factors.vouch(session, RING, person, second_factors.check_of(secret), "ada", at)
    return secret


@pytest.mark.parametrize(
    ("steps", "tried"), [(-2, "wrong"), (-1, "right"), (0, "right"), (1, "right"), (2, "wrong")], ids=str
)
async def test_a_code_is_taken_half_a_minute_early_or_late_and_no_more(
    database: Database, secret: str, steps: int, tried: Tried
) -> None:
    assert await attempt(database, TOTP(secret).at(NOW + steps * HALF_MINUTE)) == tried


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "\uff10" * 6])
async def test_what_is_no_code_is_wrong(database: Database, secret: str, code: str) -> None:
    assert await attempt(database, code) == "wrong"


async def test_blanks_in_a_code_do_no_harm(database: Database, secret: str) -> None:
    code = TOTP(secret).at(NOW)
    assert await attempt(database, f" {code[:3]} {code[3:]} ") == "right"


async def test_no_code_is_taken_twice_nor_one_before_it(database: Database, secret: str) -> None:
    app = TOTP(secret)
    assert await attempt(database, app.at(NOW)) == "right"
    assert await attempt(database, app.at(NOW)) == "wrong"
    assert await attempt(database, app.at(NOW - HALF_MINUTE)) == "wrong"
    assert await attempt(database, app.at(NOW + HALF_MINUTE)) == "right"


async def test_a_code_typed_twice_at_the_same_time_is_taken_once(database: Database, secret: str) -> None:
    code = TOTP(secret).at(NOW)
    assert sorted(await asyncio.gather(*(attempt(database, code) for _ in range(3)))) == ["right", "wrong", "wrong"]


async def test_the_fifth_wrong_code_locks_for_a_quarter_of_an_hour(database: Database, secret: str) -> None:
    app = TOTP(secret)
    assert [await attempt(database, "x") for _ in range(5)] == ["wrong"] * 4 + ["locked"]
    assert await attempt(database, app.at(NOW)) == "locked"
    later = NOW + timedelta(minutes=15)
    assert await attempt(database, app.at(later), later) == "right"


async def test_a_right_code_forgets_the_wrong_ones(database: Database, secret: str) -> None:
    for minutes in range(3):
        at = NOW + timedelta(minutes=minutes)
        assert [await attempt(database, "x", at) for _ in range(4)] == ["wrong"] * 4
        assert await attempt(database, TOTP(secret).at(at), at) == "right"


async def test_another_person_has_another_secret(database: Database, secret: str) -> None:
    async with database.write() as session:
        await second_factors.begin(session, RING, "ben", NOW)
    assert await attempt(database, TOTP(secret).at(NOW), person="ben") == "wrong"
    assert await attempt(database, TOTP(secret).at(NOW), person="helen") == "wrong"


async def test_the_secret_is_not_in_the_database(database: Database, secret: str) -> None:
    async with database.read() as session:
        [row] = (await session.execute(text("SELECT * FROM second_factor"))).all()
    assert secret not in str(row)
    assert secret.encode() not in bytes(row.sealed_secret)


async def test_a_secret_moved_to_somebody_else_does_not_open(database: Database, secret: str) -> None:
    async with database.write() as session:
        await session.execute(text("UPDATE second_factor SET person = 'ben'"))
    with pytest.raises(ValueError, match="does not open"):
        await secret_of(database, "ben")


async def test_it_counts_once_a_right_code_was_typed_and_a_second_person_vouched(
    database: Database, secret: str
) -> None:
    letters = second_factors.check_of(secret)
    async with database.write() as session:
        assert not await second_factors.vouch(session, RING, "amina", letters, "ada", NOW)
        assert await second_factors.waiting(session, ORGANISATION, NOW) == []
        assert await second_factors.prove(session, RING, "amina", TOTP(secret).at(NOW), NOW) == "right"
        assert [row.person for row in await second_factors.waiting(session, ORGANISATION, NOW)] == ["amina"]
        assert await second_factors.waiting(session, "redwood", NOW) == []
        assert not second_factors.counts(await second_factors.factor_of(session, "amina"))
        assert not await second_factors.vouch(session, RING, "amina", "222222", "ada", NOW)
        assert await second_factors.vouch(session, RING, "amina", f" {letters.lower()} ", "ada", NOW)
        assert second_factors.counts(await second_factors.factor_of(session, "amina"))
        assert await second_factors.waiting(session, ORGANISATION, NOW) == []


async def test_what_nobody_vouched_for_within_an_hour_begins_anew(database: Database, secret: str) -> None:
    late = NOW + timedelta(hours=1)
    async with database.write() as session:
        await second_factors.prove(session, RING, "amina", TOTP(secret).at(NOW), NOW)
        assert await second_factors.waiting(session, ORGANISATION, late) == []
        assert not await second_factors.vouch(session, RING, "amina", second_factors.check_of(secret), "ada", late)
        assert await second_factors.begin(session, RING, "amina", late)
    assert await secret_of(database) != secret


async def test_one_that_counts_is_not_begun_again(database: Database, secret: str) -> None:
    await have_it_count(database)
    secret = await secret_of(database)
    async with database.write() as session:
        assert not await second_factors.begin(session, RING, "amina", NOW)
    assert await secret_of(database) == secret


async def test_what_is_taken_away_is_app_account_and_strength(database: Database, secret: str) -> None:
    await have_it_count(database)
    async with database.write() as session:
        await identities.link(session, "https://school.example", "s-1", "amina", NOW)
        opened = await sessions.open_session(session, "amina", NOW, shown_at=NOW)
        await second_factors.ask_removal(session, "amina", "amina", NOW)
        await second_factors.ask_removal(session, "amina", "ben", NOW)
        assert [row.asked_by for row in await second_factors.removals(session, ORGANISATION)] == ["amina"]
        row = await second_factors.removal_to_settle(session, "amina")
        assert row is not None
        await second_factors.remove(session, row)
    async with database.read() as session:
        assert not await second_factors.has_any(session, "amina")
        assert await second_factors.removals(session, ORGANISATION) == []
        assert (found := await sessions.session_of(session, opened, NOW)) is not None
        assert found.strong_until is None


async def test_what_is_left_stays_as_it_is(database: Database, secret: str) -> None:
    await have_it_count(database)
    async with database.write() as session:
        await second_factors.ask_removal(session, "amina", "ben", NOW)
        row = await second_factors.removal_to_settle(session, "amina")
        assert row is not None
        await second_factors.keep(session, row)
        assert await second_factors.has_any(session, "amina")
        assert await second_factors.removal_of(session, "amina") is None


async def test_whoever_has_left_is_no_owner(database: Database, secret: str) -> None:
    await have_it_count(database)
    amina: Person = next(person for person in PEOPLE if person.id == "amina")
    async with database.write() as session:
        assert await second_factors.owners(session, ORGANISATION, NOW.date()) == {"amina"}
        await people.save(session, (amina.model_copy(update={"leaves_on": NOW.date()}),))
        assert await second_factors.owners(session, ORGANISATION, NOW.date()) == {"amina"}
        assert not await second_factors.owners(session, ORGANISATION, NOW.date() + timedelta(days=1))


@given(st.text())
def test_the_letters_of_a_secret_can_be_read_aloud(secret: str) -> None:
    letters = second_factors.check_of(secret)
    assert len(letters) == 6
    assert set(letters) <= set(ALPHABET)


async def test_an_account_is_one_persons_and_a_person_has_one_account_of_an_issuer(
    database: Database, secret: str
) -> None:
    issuer, other = "https://school.example", "https://other.example"
    async with database.write() as session:
        assert await identities.link(session, issuer, "s-1", "amina", NOW)
        assert await identities.link(session, issuer, "s-1", "amina", NOW)
        assert not await identities.link(session, issuer, "s-1", "ben", NOW)
        assert not await identities.link(session, issuer, "s-2", "amina", NOW)
        assert await identities.link(session, other, "s-1", "ben", NOW)
        assert await identities.person_of(session, issuer, "s-1") == "amina"
        assert await identities.person_of(session, other, "s-1") == "ben"
        assert await identities.person_of(session, issuer, "s-2") is None
        await identities.unlink(session, "amina")
        assert not await identities.is_linked(session, issuer, "amina")
        assert await identities.is_linked(session, other, "ben")
