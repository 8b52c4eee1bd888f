"""Erasing a confidential case: when its time is over, by two, never on hold, and so that nothing can be read of it."""

import asyncio
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from domain.entries import ErasureProposed
from domain.people import Directory
from store import audit, confidential
from store.audit import AuditReport, Broken
from store.confidential import erasing, holds, keeping
from store.confidential.tables import TombstoneRow
from store.database import Database
from store.keys import CaseKeyMissingError, CaseKeys
from tests.confidence import a_confidential_opening, a_matter, a_school, an_act
from tests.store.carrying import Carried, carried
from tests.store.conftest import RING, Tamper
from tests.store.ended import KEPT_UNTIL, LONG_AFTER, the_end
from tests.stories import BEGINS, ORGANISATION

LAST_DAY: Final = datetime(2037, 1, 11, 23, tzinfo=UTC)
OF_THE_CASE: Final = ("confidential", "party", "receipt", "confidential_read", "emergency", "case_key")


@pytest.fixture
async def case(database: Database, keys: CaseKeys) -> Carried:
    """Return a case that ended in January 2027, with a receipt, a reader and an emergency; kept until January 2037."""
    found = await carried(database, keys, a_confidential_opening())
    await found.act(an_act("head", "evidence_recorded", what="quicksilver", source="witness"))
    read = await found.read()
    async with database.write() as session:
        await confidential.keep_receipt(session, read.row.id, "AAAA-BBBB-CCCC-DDDD-EEEE-FFFF-GGGG")
        await confidential.note_read(session, keys, read.row.id, "head", "case", BEGINS)
        proposed = await confidential.propose_opening(session, keys, read, a_school(), "tara", "Fire.", BEGINS)
        assert proposed is not None
    await the_end(found)
    return found


@dataclass(frozen=True)
class Custody:
    """What people and Duly do about keeping a case."""

    case: Carried
    db: Database
    keys: CaseKeys
    school: Directory = field(default_factory=a_school)

    async def look(self, at: datetime = LONG_AFTER) -> list[str]:
        """Have Duly look at the case; return who was mailed."""
        async with self.db.write() as session:
            told = await erasing.look(session, self.keys, self.case.opening.case, self.school, at)
        return [mail.person for mail in told]

    async def propose(self, person: str = "tara", at: datetime = LONG_AFTER) -> list[str]:
        """Have somebody want the case erased; return who was mailed."""
        async with self.db.write() as session:
            told = await erasing.propose(session, self.keys, self.case.opening.case, self.school, person, at)
        return [mail.person for mail in told]

    async def erase(self, person: str = "tom", at: datetime = LONG_AFTER) -> None:
        """Have somebody want it too."""
        async with self.db.write() as session:
            await erasing.erase(session, self.keys, self.case.opening.case, self.school, person, at)
        self.keys.forget(self.case.opening.case)

    async def is_there(self) -> bool:
        """Return whether the case can still be read."""
        async with self.db.read() as session:
            return await confidential.by_reference(session, self.keys, self.case.opening.reference) is not None


@pytest.fixture
def custody(case: Carried, database: Database, keys: CaseKeys) -> Custody:
    return Custody(case, database, keys)


@contextmanager
def not_erased(bar: str) -> Iterator[None]:
    """Expect that nothing is erased, because of `bar`."""
    with pytest.raises(erasing.NotErasedError) as refused:
        yield
    assert refused.value.bar == bar


async def verified(custody: Custody) -> AuditReport:
    async with custody.db.read() as session:
        return await audit.verify(session, custody.keys)


# Its time.


async def test_duly_says_once_that_the_time_of_a_case_is_over(custody: Custody) -> None:
    assert await custody.look(LAST_DAY) == []
    assert (await custody.case.read()).kept.keeping.due_since is None
    assert sorted(await custody.look()) == ["tara", "tom"]
    assert await custody.look() == []
    read = await custody.case.read()
    assert read.history[-1].event == ErasureProposed(by="duly")
    assert (read.kept.keeping.due_since, read.kept.keeping.erasure_by) == (LONG_AFTER.date(), None)
    assert read.kept.keeping.term is not None
    assert read.kept.keeping.term.until == KEPT_UNTIL


async def test_the_mails_say_nothing_and_go_to_no_custodian_who_is_recused(database: Database, keys: CaseKeys) -> None:
    matter = a_matter(recused=("sam", "tom"))
    found = await carried(database, keys, a_confidential_opening(matter=matter))
    await the_end(found)
    assert await Custody(found, database, keys).look() == ["tara"]
    async with database.read() as session:
        sent = await session.execute(text('SELECT DISTINCT "case", template, about, ask FROM mail'))
        assert sent.all() == [(None, "neutral", None, None)]


async def test_a_case_that_nobody_may_erase_is_looked_at_again(custody: Custody) -> None:
    nobody = Custody(custody.case, custody.db, custody.keys, Directory(people=()))
    assert await nobody.look() == []
    assert sorted(await custody.look()) == ["tara", "tom"]


@pytest.mark.parametrize(("at", "wanted"), [(BEGINS, True), (LAST_DAY, False), (LONG_AFTER, True)])
async def test_a_look_is_wanted_for_a_case_that_just_ended_and_for_one_whose_time_is_over(
    custody: Custody, at: datetime, wanted: bool
) -> None:
    if at != BEGINS:
        await custody.look(BEGINS)
    row = (await custody.case.read()).row
    async with custody.db.read() as session:
        assert await erasing.wants_a_look(session, custody.keys, row, at.date()) is wanted


async def test_a_case_without_a_date_of_birth_is_kept(database: Database, keys: CaseKeys) -> None:
    found = await carried(database, keys, a_confidential_opening())
    await the_end(found, born_on=None)
    custody = Custody(found, database, keys)
    assert await custody.look(LONG_AFTER + timedelta(days=36500)) == []
    with not_erased("not_due"):
        await custody.propose(at=LONG_AFTER + timedelta(days=36500))


async def test_custodians_alone_know_of_what_is_kept(custody: Custody) -> None:
    for person, knows in {
        "tara": True,
        "tom": True,
        "lead": False,
        "head": False,
        "sam": False,
        "admin": False,
    }.items():
        async with custody.db.read() as session:
            found = await keeping.in_keeping(session, custody.keys, a_school(), ORGANISATION, person, LONG_AFTER)
        assert [one.reference for one in found] == ([custody.case.opening.reference] if knows else [])


# Two people.


@pytest.mark.parametrize("person", ["sam", "rita", "head", "lead", "admin", "nobody"])
async def test_nobody_but_a_custodian_can_want_a_case_erased(custody: Custody, person: str) -> None:
    with not_erased("not_custodian"):
        await custody.propose(person)
    await custody.propose("tara")
    with not_erased("not_custodian"):
        await custody.erase(person)


async def test_a_custodian_who_is_recused_can_not(database: Database, keys: CaseKeys) -> None:
    found = await carried(database, keys, a_confidential_opening(matter=a_matter(recused=("sam", "tom"))))
    await the_end(found)
    custody = Custody(found, database, keys)
    await custody.propose("tara")
    with not_erased("not_custodian"):
        await custody.erase("tom")
    async with database.read() as session:
        assert await keeping.in_keeping(session, keys, a_school(), ORGANISATION, "tom", LONG_AFTER) == []


async def test_one_custodian_is_not_enough_however_often_they_want_it(custody: Custody) -> None:
    with not_erased("second_person"):
        await custody.erase("tara")
    assert await custody.propose("tara") == ["tom"]
    assert await custody.propose("tara") == []
    assert await custody.propose("tom") == []
    with not_erased("second_person"):
        await custody.erase("tara")
    assert await custody.is_there()
    await custody.erase("tom")
    assert not await custody.is_there()


async def test_a_first_custodian_who_is_none_any_more_does_not_count(custody: Custody) -> None:
    await custody.propose("tara")
    without = tuple(one.model_copy(update={"holdings": ()}) if one.id == "tara" else one for one in a_school().people)
    later = Custody(custody.case, custody.db, custody.keys, Directory(people=without))
    with not_erased("second_person"):
        await later.erase("tom")
    await later.propose("tom")
    assert (await custody.case.read()).kept.keeping.erasure_by == "tom"


async def test_neither_an_open_case_nor_one_whose_time_is_not_over_is_erased(
    database: Database, keys: CaseKeys
) -> None:
    found = await carried(database, keys, a_confidential_opening())
    custody = Custody(found, database, keys)
    assert await custody.look() == []
    with not_erased("open"):
        await custody.propose()
    with not_erased("open"):
        await custody.erase()
    await the_end(found)
    with not_erased("not_due"):
        await custody.propose(at=LAST_DAY)


async def test_of_a_hold_and_an_erasure_at_once_either_comes_first(custody: Custody) -> None:
    await custody.propose("tara")

    async def place() -> bool:
        async with custody.db.write() as session:
            held = await holds.place(
                session, custody.keys, custody.case.opening.case, a_school(), "tara", "Wait.", LONG_AFTER
            )
        return held is not None

    held, erased = await asyncio.gather(place(), custody.erase("tom"), return_exceptions=True)
    if isinstance(erased, erasing.NotErasedError):
        assert (held, erased.bar) == (True, "on_hold")
        assert await custody.is_there()
    else:
        assert held is False or isinstance(held, CaseKeyMissingError)
        assert not await custody.is_there()


# What is left.


async def test_nothing_is_left_but_the_links_and_a_tombstone(custody: Custody) -> None:
    await custody.look()
    await custody.propose()
    before = await verified(custody)
    await custody.erase()
    async with custody.db.read() as session:
        for table in OF_THE_CASE:
            column = "id" if table == "confidential" else '"case"'
            left = text(f"SELECT count(*) FROM {table} WHERE {column} = :case")  # noqa: S608 -- our own tables
            assert await session.scalar(left, {"case": custody.case.opening.case}) == 0, table
        assert set(await session.scalars(text("SELECT sealed FROM event"))) == {b""}
        tombstone = await session.get_one(TombstoneRow, custody.case.opening.case)
        assert await confidential.by_receipt(session, custody.keys, "AAAA-BBBB-CCCC-DDDD-EEEE-FFFF-GGGG") is None
    assert (tombstone.organisation, tombstone.closed, tombstone.erased_on) == (
        ORGANISATION,
        "2027-01",
        date(2037, 1, 12),
    )
    assert tombstone.rule == "10.1"
    assert await verified(custody) == AuditReport(cases=1, events=before.events + 1, broken=(), without_key=0, erased=1)


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
@pytest.mark.meets("PLAT-11")
async def test_nothing_of_it_is_in_the_file_of_the_database(custody: Custody, url: str) -> None:
    file = Path(url.partition("///")[2])

    async def sealed_in(table: str) -> list[bytes]:
        async with custody.db.read() as session:
            rows = (await session.execute(text(f'SELECT * FROM "{table}"'))).mappings().all()  # noqa: S608 -- ours
        own = [row for row in rows if custody.case.opening.case in {row.get("case"), row.get("id")}]
        return [value for row in own for value in row.values() if isinstance(value, bytes)]

    sealed = [one for table in (*OF_THE_CASE, "event") for one in await sealed_in(table)]
    # What is long lies on several pages of the file.
    parts = [one[start : start + 24] for one in sealed for start in range(0, len(one) - 24, 24)]
    async with custody.db.read() as session:
        marks = await session.scalars(text("SELECT party FROM party UNION SELECT digest FROM receipt"))
        words = [word.encode() for word in (*marks, custody.case.opening.reference)]
    there = file_and_journal(file)
    assert len(sealed) > 15
    assert sum(part in there for part in parts) > 0.95 * len(parts)
    assert all(word in there for word in words)
    await custody.propose()
    await custody.erase()
    assert await custody.db.leave_no_trace()
    left = file_and_journal(file)
    assert [part for part in parts if part in left] == []
    assert [word for word in (*words, b"quicksilver", b"gatehouse") if word in left] == []
    assert custody.case.opening.case.encode() in left


def file_and_journal(file: Path) -> bytes:
    """Return all that is on the disk of a database."""
    return b"".join(part.read_bytes() for part in sorted(file.parent.glob(f"{file.name}*")))


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
async def test_as_long_as_somebody_reads_the_journal_is_not_said_to_be_empty(
    custody: Custody, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("store.sqlite._CLEARS_WITHIN", 10)
    async with custody.db.read() as session:
        await session.execute(text("SELECT * FROM event"))
        await custody.propose()
        assert not await custody.db.leave_no_trace()
    assert await custody.db.leave_no_trace()


async def test_without_its_key_nobody_reads_it_again(custody: Custody) -> None:
    await custody.propose()
    await custody.erase()
    with pytest.raises(CaseKeyMissingError):
        await custody.keys.of(custody.case.opening.case)


# Killed between the steps, or asked twice.


async def test_one_that_is_killed_before_it_is_done_has_changed_nothing(custody: Custody) -> None:
    await custody.propose()
    before = await custody.case.read()

    async def erase_and_die() -> None:
        async with custody.db.write() as session:
            await erasing.erase(session, custody.keys, custody.case.opening.case, a_school(), "tom", LONG_AFTER)
            raise ConnectionError

    with pytest.raises(ConnectionError):
        await erase_and_die()
    assert (await custody.case.read()).history == before.history
    assert (await verified(custody)).erased == 0
    await custody.erase()
    assert (await verified(custody)).erased == 1


async def test_a_case_that_was_erased_stays_so_whoever_asks_again(custody: Custody) -> None:
    await custody.propose()
    await custody.erase()
    before = await verified(custody)
    await custody.erase("tom")
    await custody.erase("tara")
    assert await custody.look() == []
    with not_erased("not_custodian"):
        await custody.propose()
    assert await verified(custody) == before


async def test_what_may_be_left_elsewhere_is_known_until_it_is_gone(custody: Custody, tamper: Tamper) -> None:
    await custody.propose()
    case = custody.case.opening.case
    async with custody.db.read() as session:
        assert await erasing.left_somewhere(session) == []
    await custody.erase()
    async with custody.db.write() as session:
        assert await erasing.left_somewhere(session) == [case]
        await erasing.mark_gone(session, [case], LONG_AFTER)
    async with custody.db.read() as session:
        assert await erasing.left_somewhere(session) == []
    await tamper(f"INSERT INTO case_key VALUES ('{case}', 'k1', 'from a backup')")  # noqa: S608 -- a restored backup
    async with custody.db.write() as session:
        assert await erasing.left_somewhere(session) == [case]
        await erasing.destroy(session, [case])
        assert await erasing.left_somewhere(session) == []
        assert await session.scalar(text(f"SELECT count(*) FROM case_key WHERE \"case\" = '{case}'")) == 0  # noqa: S608


# The audit, and the triggers.

CRIMES: Final = {
    "a link changed": ("UPDATE event SET hash = previous WHERE n = 3", lambda _: 3),
    "the link removed that says so": ("DELETE FROM event WHERE n = {last}", lambda last: last - 1),
    "all links removed": ("DELETE FROM event", lambda _: 1),
    "another month on the tombstone": ("UPDATE tombstone SET closed = '2026-12'", lambda last: last),
    "another salt": ("UPDATE tombstone SET salts = '{{}}'", lambda last: last),
    "no salts": ("UPDATE tombstone SET salts = 'none'", lambda last: last),
}


@pytest.mark.parametrize(("crime", "wrong"), CRIMES.values(), ids=CRIMES.keys())
async def test_what_was_done_to_an_erased_case_is_found(
    custody: Custody, tamper: Tamper, crime: str, wrong: Callable[[int], int]
) -> None:
    await custody.propose()
    await custody.erase()
    last = (await verified(custody)).events
    await tamper(crime.format(last=last))
    report = await verified(custody)
    assert report.broken == (Broken(case=custody.case.opening.case, n=wrong(last)),)
    assert report.erased == 0


async def test_a_lost_key_is_no_erasure_whatever_tombstone_somebody_puts_up(custody: Custody, tamper: Tamper) -> None:
    case, events = custody.case.opening.case, (await verified(custody)).events
    await tamper(f"DELETE FROM case_key WHERE \"case\" = '{case}'")  # noqa: S608 -- a crime
    custody.keys.forget(case)
    assert (await verified(custody)).without_key == 1
    await tamper(f"INSERT INTO tombstone VALUES ('{case}', 'elms', '2027-01', '2037-01-12', '10.1', '{{}}', NULL)")  # noqa: S608
    report = await verified(custody)
    assert (report.broken, report.erased) == ((Broken(case=case, n=events),), 0)


FORBIDDEN: Final = {
    "what an event says, without a tombstone": "UPDATE event SET sealed = :none",
    "a link, with a tombstone": "UPDATE event SET sealed = :none, entry = '{{}}'",
    "what an event says for something else": "UPDATE event SET sealed = :some",
    "the event, with a tombstone": "DELETE FROM event",
}


@pytest.mark.parametrize("statement", FORBIDDEN.values(), ids=FORBIDDEN.keys())
async def test_the_database_lets_an_erasure_take_nothing_but_what_events_say(custody: Custody, statement: str) -> None:
    case = custody.case.opening.case

    async def try_it() -> None:
        async with custody.db.write() as session:
            if statement != FORBIDDEN["what an event says, without a tombstone"]:
                row = TombstoneRow(case=case, organisation="", closed="", erased_on=KEPT_UNTIL, rule="", salts="")
                session.add(row)
                await session.flush()
            sealed = {"none": b"", "some": b"x"}
            await session.execute(text(statement), {name: sealed[name] for name in sealed if f":{name}" in statement})

    with pytest.raises(DBAPIError, match="an event"):
        await try_it()
    assert (await verified(custody)).broken == ()


# Whatever happens.

CUSTODIANS: Final = {"tara", "tom"}
OFTEN_CUSTODIANS: Final = ("tara", "tom", "tara", "tom", "lead", "sam")
STEPS: Final = st.lists(
    st.one_of(
        st.tuples(
            st.sampled_from(("propose", "erase", "place", "place", "let_go", "release", "release")),
            st.sampled_from(OFTEN_CUSTODIANS),
        ),
        st.tuples(st.sampled_from(("end", "years", "look", "two")), st.just("")),
    ),
    max_size=10,
)
ITS_TIME_IS_OVER: Final = [("end", ""), ("years", ""), ("years", "")]


@dataclass
class Told:
    """What somebody who stands by knows: who wanted what, by what they did."""

    closed: bool = False
    at: datetime = BEGINS
    held: dict[str, set[str]] = field(default_factory=dict)
    wanted: set[str] = field(default_factory=set)


@given(steps=STEPS, late=st.booleans())
@settings(max_examples=30)
async def test_whatever_happens_no_open_case_and_none_on_hold_is_erased_and_never_by_one_alone(
    steps: list[tuple[str, str]], late: bool, migrated_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = tmp_path_factory.mktemp("example") / "duly.sqlite3"
    shutil.copy(migrated_file, file)
    db = Database(f"sqlite+aiosqlite:///{file}")
    try:
        keys = CaseKeys(db, RING)
        custody = Custody(await carried(db, keys, a_confidential_opening()), db, keys)
        told = Told()
        taken = [*(ITS_TIME_IS_OVER if late else []), *steps]
        # Two of them want it in turn: whatever came before is what keeps it.
        two = [("propose", "tara"), ("erase", "tara"), ("erase", "tom")]
        for what, person in [one for step in [*taken, ("two", "")] for one in (two if step[0] == "two" else [step])]:
            await _take(custody, told, what, person)
            if not await custody.is_there():
                assert told.closed
                assert told.at.date() > KEPT_UNTIL
                assert not told.held
                assert told.wanted | {person} == CUSTODIANS
                assert what == "erase"
                assert (await verified(custody)).erased == 1
                return
        assert (await verified(custody)).erased == 0
    finally:
        await db.close()


async def _take(custody: Custody, told: Told, what: str, person: str) -> None:
    """Take a step, and note what came of it."""
    case, keys = custody.case.opening.case, custody.keys
    match what:
        case "end" if not told.closed:
            await the_end(custody.case)
            told.closed = True
        case "years":
            told.at = told.at.replace(year=told.at.year + 6)
        case "look":
            await custody.look(told.at)
        case "propose":
            with suppress(erasing.NotErasedError):
                await custody.propose(person, told.at)
                told.wanted.add(person)
        case "erase":
            with suppress(erasing.NotErasedError):
                await custody.erase(person, told.at)
        case "place":
            async with custody.db.write() as session:
                hold = await holds.place(session, keys, case, custody.school, person, "Wait.", told.at)
            if hold is not None and hold.id not in told.held:
                told.held[hold.id] = set()
                told.wanted = set()
        case "let_go":
            for hold_id in told.held:
                async with custody.db.write() as session:
                    mails = await holds.propose_release(
                        session, keys, case, custody.school, hold_id, person, "Over.", told.at
                    )
                told.held[hold_id] |= {person} if mails is not None else set()
        case "release":
            for hold_id in list(told.held):
                async with custody.db.write() as session:
                    released = await holds.release(session, keys, case, custody.school, hold_id, person, told.at)
                if released:
                    assert told.held[hold_id] | {person} == CUSTODIANS
                    del told.held[hold_id]
        case _:
            pass
