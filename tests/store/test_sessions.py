"""Sign-in codes and sessions: digests only, one use, one browser, ten minutes, five tries, three codes."""

import asyncio
import re
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from domain.refs import ALPHABET
from store import sessions
from store.database import Database

NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
ADDRESS = "amina@elmbrook.example"


async def ask(
    database: Database,
    browser: str = "b1",
    *,
    address: str = ADDRESS,
    person: str | None = "amina",
    at: datetime = NOW,
    most: int = 3,
) -> str | None:
    async with database.write() as session:
        return await sessions.ask_code(
            session, address=address, person=person, browser_digest=browser, at=at, most=most
        )


async def asked(database: Database, browser: str = "b1", *, person: str | None = "amina") -> str:
    code = await ask(database, browser, person=person)
    assert code is not None
    return code


async def attempt(database: Database, code: str, browser: str = "b1", *, at: datetime = NOW) -> str | None:
    async with database.write() as session:
        return await sessions.try_code(session, browser_digest=browser, code=code, at=at)


def wrong(code: str) -> str:
    return code[:-1] + next(letter for letter in ALPHABET if letter != code[-1])


async def test_a_code_signs_in_whom_it_was_mailed_to_once(database: Database) -> None:
    code = await asked(database)
    assert re.fullmatch(f"[{ALPHABET}]{{8}}", code)
    assert await attempt(database, code) == "amina"
    assert await attempt(database, code) is None


async def test_a_code_may_be_typed_small_and_in_groups(database: Database) -> None:
    code = (await asked(database)).lower()
    assert await attempt(database, f" {code[:4]}-{code[4:]} ") == "amina"


@pytest.mark.parametrize("browser", ["b2", "", "B1"])
async def test_a_code_opens_nothing_in_another_browser(database: Database, browser: str) -> None:
    code = await asked(database)
    await asked(database, "b2")
    assert await attempt(database, code, browser) is None
    assert await attempt(database, code) == "amina"


@pytest.mark.parametrize(("minutes", "signs_in"), [(9, "amina"), (10, None)])
async def test_a_code_lasts_ten_minutes(database: Database, minutes: int, signs_in: str | None) -> None:
    code = await asked(database)
    assert await attempt(database, code, at=NOW + timedelta(minutes=minutes)) == signs_in


@pytest.mark.parametrize(("failures", "signs_in"), [(4, "amina"), (5, None)])
async def test_after_five_wrong_tries_the_right_code_is_worth_nothing(
    database: Database, failures: int, signs_in: str | None
) -> None:
    code = await asked(database)
    for _ in range(failures):
        assert await attempt(database, wrong(code)) is None
    assert await attempt(database, code) == signs_in


async def test_an_address_gets_three_codes_in_a_quarter_of_an_hour(database: Database) -> None:
    codes = [await ask(database, f"b{n}", at=NOW + timedelta(minutes=n)) for n in range(4)]
    assert [code is not None for code in codes] == [True, True, True, False]
    assert await ask(database, "other spelling", address="Amina+x@ELMBROOK.example", at=NOW) is None
    assert await ask(database, "somebody else", address="ben@elmbrook.example", person="ben") is not None
    assert await ask(database, "later", at=NOW + timedelta(minutes=15)) is not None
    assert await ask(database, "too soon", at=NOW + timedelta(minutes=15)) is None


async def test_how_many_codes_an_address_gets_can_be_set(database: Database) -> None:
    codes = [await ask(database, f"b{n}", most=5) for n in range(6)]
    assert [code is not None for code in codes] == [True] * 5 + [False]


async def test_all_codes_of_a_while_are_counted_whoever_they_were_for(database: Database) -> None:
    for n in range(3):
        await ask(database, f"b{n}", address=f"n{n}@elmbrook.example", person=None, at=NOW + timedelta(minutes=n))
    async with database.read() as session:
        assert await sessions.codes_asked(session, NOW) == 2
        assert await sessions.codes_asked(session, NOW - timedelta(hours=1)) == 3


async def test_a_code_that_was_used_still_counts_against_the_limit(database: Database) -> None:
    for n in range(3):
        assert await attempt(database, await asked(database, f"b{n}"), f"b{n}") == "amina"
    assert await ask(database, "b4") is None


async def test_codes_asked_for_at_the_same_time_count_each(database: Database) -> None:
    codes = await asyncio.gather(*(ask(database, f"b{n}") for n in range(5)))
    assert sum(code is not None for code in codes) == 3


async def test_a_code_typed_twice_at_the_same_time_signs_in_once(database: Database) -> None:
    code = await asked(database)
    assert sorted(map(str, await asyncio.gather(*(attempt(database, code) for _ in range(3))))) == [
        "None",
        "None",
        "amina",
    ]


async def test_an_address_that_nobody_has_behaves_the_same_and_opens_nothing(database: Database) -> None:
    codes = [await ask(database, f"b{n}", address="nobody@elmbrook.example", person=None) for n in range(4)]
    assert [code is not None for code in codes] == [True, True, True, False]
    assert await attempt(database, codes[0] or "", "b0") is None


async def test_a_session_is_found_by_its_secret_and_by_nothing_else(database: Database) -> None:
    async with database.write() as session:
        secret = await sessions.open_session(session, "amina", NOW)
        another = await sessions.open_session(session, "amina", NOW)
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", secret)
    assert secret != another
    async with database.read() as session:
        row = await sessions.session_of(session, secret, NOW)
        assert row is not None
        assert (row.person, row.digest) == ("amina", sessions.digest(secret))
        assert await sessions.session_of(session, row.digest, NOW) is None
        assert await sessions.session_of(session, "", NOW) is None


async def test_neither_code_nor_secret_is_in_the_database(database: Database) -> None:
    code = await asked(database)
    async with database.write() as session:
        secret = await sessions.open_session(session, "amina", NOW)
    async with database.read() as session:
        codes = (await session.execute(text("SELECT * FROM sign_in_code"))).all()
        opened = (await session.execute(text("SELECT * FROM session"))).all()
    assert code not in str(codes)
    assert secret not in str(opened)


async def test_a_session_is_over_after_half_an_hour_unused(database: Database) -> None:
    async with database.write() as session:
        secret = await sessions.open_session(session, "amina", NOW)
        await sessions.keep_alive(session, sessions.digest(secret), NOW + timedelta(minutes=20))
    async with database.read() as session:
        assert await sessions.session_of(session, secret, NOW + timedelta(minutes=49))
        assert await sessions.session_of(session, secret, NOW + timedelta(minutes=50)) is None


async def test_a_session_in_use_is_over_after_ten_hours(database: Database) -> None:
    async with database.write() as session:
        secret = await sessions.open_session(session, "amina", NOW)
        await sessions.keep_alive(session, sessions.digest(secret), NOW + timedelta(hours=9, minutes=50))
    async with database.read() as session:
        assert await sessions.session_of(session, secret, NOW + timedelta(hours=9, minutes=59))
        assert await sessions.session_of(session, secret, NOW + timedelta(hours=10)) is None


async def test_somebody_ends_their_own_sessions_and_nobody_elses(database: Database) -> None:
    async with database.write() as session:
        first = await sessions.open_session(session, "amina", NOW)
        second = await sessions.open_session(session, "amina", NOW + timedelta(minutes=1))
        await sessions.end_session(session, "ben", sessions.digest(first))
        mine = await sessions.sessions_of_person(session, "amina", NOW + timedelta(minutes=2))
        assert [row.digest for row in mine] == [sessions.digest(second), sessions.digest(first)]
        await sessions.end_session(session, "amina", sessions.digest(first))
        assert await sessions.session_of(session, first, NOW) is None
        assert len(await sessions.sessions_of_person(session, "amina", NOW)) == 1
        assert await sessions.sessions_of_person(session, "amina", NOW + timedelta(hours=1)) == []


async def test_whoever_may_not_come_in_any_more_has_neither_session_nor_code(database: Database) -> None:
    code = await asked(database)
    async with database.write() as session:
        secret = await sessions.open_session(session, "amina", NOW)
        bens = await sessions.open_session(session, "ben", NOW)
        await sessions.end_all(session, ("amina",))
        assert await sessions.session_of(session, secret, NOW) is None
        assert await sessions.session_of(session, bens, NOW)
    assert await attempt(database, code) is None


async def test_a_session_is_strong_from_when_its_person_showed_who_they_are(database: Database) -> None:
    async with database.write() as session:
        weak = await sessions.open_session(session, "amina", NOW)
        strong = await sessions.open_session(session, "amina", NOW, shown_at=NOW - timedelta(minutes=5))
        opened = [await sessions.session_of(session, secret, NOW) for secret in (weak, strong)]
    assert [row and row.strong_until for row in opened] == [None, NOW + timedelta(minutes=10)]


async def test_a_session_that_becomes_strong_has_another_secret_and_ends_no_later(database: Database) -> None:
    later = NOW + timedelta(hours=9, minutes=50)
    async with database.write() as session:
        secret = await sessions.open_session(session, "amina", NOW)
        before = await sessions.session_of(session, secret, NOW)
        assert before is not None
        form_token = before.form_token
        await sessions.keep_alive(session, sessions.digest(secret), later)
        another = await sessions.strengthen(session, sessions.digest(secret), later)
    assert another is not None
    async with database.read() as session:
        assert await sessions.session_of(session, secret, later) is None
        row = await sessions.session_of(session, another, later)
        assert row is not None
        assert (row.form_token, row.strong_until) == (form_token, later + timedelta(minutes=15))
        assert await sessions.session_of(session, another, NOW + timedelta(hours=10)) is None


async def test_a_session_that_has_ended_does_not_become_strong(database: Database) -> None:
    async with database.write() as session:
        assert await sessions.strengthen(session, sessions.digest("gone"), NOW) is None


async def test_all_sessions_of_one_person_can_be_weakened(database: Database) -> None:
    async with database.write() as session:
        aminas = await sessions.open_session(session, "amina", NOW, shown_at=NOW)
        bens = await sessions.open_session(session, "ben", NOW, shown_at=NOW)
        await sessions.weaken(session, "amina")
    async with database.read() as session:
        opened = [await sessions.session_of(session, secret, NOW) for secret in (aminas, bens)]
    assert [row is not None and row.strong_until is not None for row in opened] == [False, True]
