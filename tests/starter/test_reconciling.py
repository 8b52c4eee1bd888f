"""`duly audit reconcile` compares the record with a real Temporal, and finds what was removed, forged or lost."""

import asyncio
import base64
import json
import shutil
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlmodel import col
from typer.testing import CliRunner

from domain.calendar import local_day
from domain.cases import Act, Opening
from domain.chain import FIRST, forge, unveiled
from domain.events import Verdict
from domain.people import Directory
from starter.commands import app
from starter.reconciling import Agreement, Reconciling
from store.database import Database
from store.keys import CaseKeys
from store.tables import EventRow
from tests.confidence import MARKERS, a_confidential_opening, a_school, advice, an_act, an_entry
from tests.house import KEYRING, Begun, House, house, temporal
from tests.record_histories import ASKED_STAFF, DRAFT, as_of
from tests.rounds import REVIEW, a_pack_of_rounds, an_opening_of, people_of_rounds, put_on_record
from tests.store.turns import put, the_first_turn
from tests.stories import a_changes, a_directory, a_lever, a_person, a_process, an_answer, an_edit, an_opening

EVERYBODY = (*people_of_rounds().people, *a_school().people, *a_directory(a_person("admin", administrator=True)).people)
PEOPLE = Directory(people=tuple({person.id: person for person in EVERYBODY}.values()))
CHANGING = a_process(changes=a_changes(ahead=None))


@dataclass(frozen=True)
class Compared:
    """A house in which cases were decided, with its database."""

    home: House
    folder: Path

    async def found(self, file: Path | None = None) -> Agreement:
        """Return what comes of comparing Temporal with the database, or with a copy of it in `file`."""
        db = Database(f"sqlite+aiosqlite:///{file or self.folder / 'duly.sqlite3'}")
        try:
            return await Reconciling(db, CaseKeys(db, KEYRING), self.home.client, self.home.clock).run()
        finally:
            await db.close()

    def copy(self, of: Path | None = None) -> Path:
        """Return a copy of the database that a test may spoil."""
        made = self.folder / f"copy-{len(list(self.folder.glob('copy-*')))}.sqlite3"
        with closing(sqlite3.connect(of or self.folder / "duly.sqlite3")) as old, closing(sqlite3.connect(made)) as new:
            old.backup(new)
        return made


@dataclass(frozen=True)
class World(Compared):
    """Some cases, and the file of their database as it was before the last decision."""

    older: Path
    ordinary: Begun
    secret: Begun
    last: Begun
    pulled: Begun


async def begun(home: House, opening: Opening, *acts: Act | timedelta) -> Begun:
    """Return a case that has begun, in which `acts` were taken."""
    async with home.db.write() as session:
        await home.keys.create(session, opening.case)
    case = Begun(home, opening)
    await home.engine.begin(opening)
    await case.settled()
    for act in acts:
        await did(case, act)
    return case


async def did(case: Begun, act: Act | timedelta) -> None:
    if isinstance(act, Act):
        assert (await case.house.engine.act(case.opening.case, act)).says in {"done", "refused"}
    else:
        await case.pass_time(act)
    await case.settled()


FROM_THE_REPORTER = Act(
    kind="record", person="reporter", how="receipt", entry=an_entry("message_written"), occasion="reporter"
)


@pytest.fixture(scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    folder = tmp_path_factory.mktemp("world")
    async with temporal() as environment, house(environment, folder) as home:
        base = await home.begin(an_opening(CHANGING, "ordinary"), PEOPLE)
        digest = base.opening.pack_digest
        await base.settled()
        for act in (
            an_answer("a1", "manager"),
            Act(kind="dispute", person="manager", how="link", ask="a1"),
            Act(kind="dispute", person="manager", how="link", ask="a1", occasion="again"),
            a_lever("release", ask="a1", stands=True),
            an_answer("a2", "comms", Verdict.RETURN),
            an_edit(base.opening.request, title="Science"),
            an_answer("a4", "manager", version=2),
        ):
            await did(base, act)
        secret = await begun(
            home,
            a_confidential_opening(key="secret").model_copy(update={"pack_digest": digest}),
            an_act("head", "investigation_started", investigator="Ivy", occasion="too early"),
            FROM_THE_REPORTER,
            an_act("head", "lado_referral_made"),
            advice("head", "investigate"),
            an_act(
                "head",
                "subject_corrected",
                subject={"key": "s1", "name": "Zebedee Zachary", "category": "employee", "person": None},
            ),
        )
        review = await home.begin(
            an_opening_of(REVIEW, "review", "Code", document="code", version="1", review_on="2020-01-06"),
            PEOPLE,
            a_pack_of_rounds(),
        )
        await review.settled()
        for entry in (put_on_record(DRAFT, "owner"), put_on_record(ASKED_STAFF, "owner")):
            await did(review, as_of(entry, local_day(home.clock())))
        # The approval brings the review round: it begins again, and its second run knows nothing of the first.
        await did(review, an_answer("a3", "head", version=2))
        last = await begun(home, an_opening(key="last").model_copy(update={"pack_digest": digest}))
        await did(last, an_answer("a1", "manager"))
        pulled = await begun(
            home,
            an_opening(CHANGING, "pulled").model_copy(update={"pack_digest": digest}),
            a_lever("extend", ask="a1", days=3),
            a_lever("reassign", ask="a1", to="head"),
            Act(kind="step_aside", person="head", how="session", ask="a1", comment="My cousin."),
        )
        older = folder / "older.sqlite3"
        with closing(sqlite3.connect(folder / "duly.sqlite3")) as old, closing(sqlite3.connect(older)) as new:
            old.backup(new)
        await did(last, an_answer("a2", "comms", Verdict.REJECT))
        await did(secret, an_act("head", "police_contacted", method="phone", spoke_to="Poe"))
        yield World(home, folder, older, base, secret, last, pulled)


async def test_a_record_that_nobody_touched_agrees_with_temporal(world: World) -> None:
    found = await world.found()
    assert found.faults == ()
    assert found.cases >= 4
    assert (found.gone, found.partly, found.erased, found.unread) == (0, 0, 0, 0)
    events = [event for case in (world.ordinary, world.secret, world.last) for event in await case.events()]
    assert found.decisions >= sum(event.kind in {"approved", "returned", "rejected"} for event in events) + 4


async def test_what_is_being_recorded_at_this_moment_is_not_missed(world: World) -> None:
    digest = world.ordinary.opening.pack_digest
    case = await begun(world.home, an_opening(key="slow").model_copy(update={"pack_digest": digest}))
    with closing(sqlite3.connect(world.folder / "duly.sqlite3", isolation_level=None)) as somebody_writes:
        somebody_writes.execute("BEGIN IMMEDIATE")
        assert (await world.home.engine.act(case.opening.case, an_answer("a1", "manager"))).says == "done"
        assert not any(event.kind == "approved" for event in await case.events())
        assert (await world.found()).faults == ()
        somebody_writes.execute("ROLLBACK")
    await case.settled()
    assert any(event.kind == "approved" for event in await case.events())
    assert (await world.found()).faults == ()


async def test_what_was_decided_after_a_copy_that_was_put_back_is_found(world: World) -> None:
    faults = (await world.found(world.copy(world.older))).faults
    for name in (world.last.opening.reference, world.secret.opening.case):
        [one] = [fault for fault in faults if fault.startswith(f"{name}: the decision of ")]
        assert one.endswith("in Temporal) is not on the record.")


Salted = dict[str, list[Any]]
Said = list[tuple[str, Salted]]
"""When each event was recorded, and its fields with their salts."""


async def written_anew(file: Path, case: str, crime: Callable[[Said], Said]) -> None:
    """Write the chain of a case anew, whole, as whoever has the database and its keys can."""
    db = Database(f"sqlite+aiosqlite:///{file}")
    async with db.read() as session:
        sealer = await CaseKeys(db, KEYRING).of(case, session)
        rows = (
            await session.scalars(select(EventRow).where(col(EventRow.case) == case).order_by(col(EventRow.n)))
        ).all()
    await db.close()
    said = [(json.loads(row.entry)["at"], sealer.open_json(f"event|{row.hash}", row.sealed)) for row in rows]
    previous, new = FIRST, []
    for n, (at, fields) in enumerate(crime(said), 1):
        link = forge(case, n, at, {name: (salt, value) for name, (salt, value) in fields.items()}, previous)
        new.append((case, n, link.entry, previous, link.hash, sealer.seal_json(f"event|{link.hash}", fields)))
        previous = link.hash
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript("DROP TRIGGER event_stays; DROP TRIGGER event_stays_as_it_is;")
        connection.execute('DELETE FROM event WHERE "case" = ?', (case,))
        connection.executemany(
            'INSERT INTO event ("case", n, entry, previous, hash, sealed) VALUES (?, ?, ?, ?, ?, ?)', new
        )
        connection.commit()


def kind(said: tuple[str, Salted]) -> str:
    return str(unveiled({name: value for name, (_, value) in said[1].items()})["kind"])


def without(removed: str) -> Callable[[Said], Said]:
    return lambda said: [one for one in said if kind(one) != removed]


async def test_a_decision_that_was_removed_from_the_record_is_found_though_the_chain_holds(world: World) -> None:
    for case, removed in ((world.ordinary, "returned"), (world.secret, "lado_advice_recorded")):
        file = world.copy()
        await written_anew(file, case.opening.case, without(removed))
        name = case.opening.reference if case is world.ordinary else case.opening.case
        [fault] = (await world.found(file)).faults
        assert fault.startswith(f"{name}: the decision of ")


async def test_who_was_asked_in_whose_place_and_for_how_long_is_compared(world: World) -> None:
    case = world.pulled.opening
    for removed, times in (("extended", 1), ("ask_moved", 2)):
        file = world.copy()
        await written_anew(file, case.case, without(removed))
        faults = (await world.found(file)).faults
        assert len(faults) == times
        assert all(fault.startswith(f"{case.reference}: the decision of ") for fault in faults)


async def test_a_decision_that_was_forged_into_the_record_is_found_though_the_chain_holds(world: World) -> None:
    def once_more(said: Said) -> Said:
        place = next(n for n, one in enumerate(said) if kind(one) in {"approved", "lado_advice_recorded"})
        return [*said[: place + 1], said[place], *said[place + 1 :]]

    def by_another(said: Said) -> Said:
        place = next(n for n, one in enumerate(said) if kind(one) == "approved")
        at, fields = said[place]
        return [*said[:place], (at, {**fields, "comment": [fields["comment"][0], "Gladly."]}), *said[place + 1 :]]

    for case in (world.ordinary, world.secret):
        file = world.copy()
        await written_anew(file, case.opening.case, once_more)
        name = case.opening.reference if case is world.ordinary else case.opening.case
        [fault] = (await world.found(file)).faults
        assert fault.startswith(f"{name}: event ")
        assert fault.endswith("is a decision that Temporal does not know.")
    file = world.copy()
    await written_anew(file, world.ordinary.opening.case, by_another)
    forged, lost = sorted((await world.found(file)).faults, key=len)
    assert forged.endswith("is a decision that Temporal does not know.")
    assert lost.endswith("is not on the record.")


async def test_a_whole_case_that_only_temporal_has_is_found(world: World) -> None:
    file = world.copy()
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript("PRAGMA foreign_keys = OFF; DROP TRIGGER event_stays;")
        for table, name in (("event", "case"), ("party", "case"), ("confidential", "id"), ("case_key", "case")):
            connection.execute(f'DELETE FROM {table} WHERE "{name}" = ?', (world.secret.opening.case,))  # noqa: S608
        connection.commit()
    assert (await world.found(file)).faults == (
        f"{world.secret.opening.case}: Temporal has this case, and the record does not.",
    )


async def test_nothing_is_said_but_references_ids_numbers_and_moments(world: World) -> None:
    file = world.copy(world.older)
    await written_anew(file, world.secret.opening.case, lambda said: said[:-1])
    for fault in (await world.found(file)).faults:
        assert not [word for word in (*MARKERS, "lado", "allegation", "head", "Science") if word in fault]


async def test_cases_that_temporal_has_no_more_are_counted_and_an_open_one_is_found(world: World) -> None:
    file = world.copy()
    db = Database(f"sqlite+aiosqlite:///{file}")
    await put(db, CaseKeys(db, KEYRING), the_first_turn())
    await db.close()
    assert (await world.found(file)).faults == ("K7QM-4TXR: it is open on the record, and Temporal does not have it.",)
    with closing(sqlite3.connect(file)) as connection:
        connection.execute('UPDATE "case" SET closed_at = changed_at WHERE reference = ?', ("K7QM-4TXR",))
        connection.commit()
    found = await world.found(file)
    assert (found.faults, found.gone) == ((), 1)
    with closing(sqlite3.connect(file)) as connection:
        lately = world.home.clock().replace(tzinfo=None).isoformat(" ")
        connection.execute('UPDATE "case" SET closed_at = ? WHERE reference = ?', (lately, "K7QM-4TXR"))
        connection.commit()
    assert (await world.found(file)).faults == ("K7QM-4TXR: it ended lately, and Temporal does not have it any more.",)


async def test_the_command_says_what_it_found_and_exits_0_or_1(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    key = base64.b64encode(KEYRING.keys["k1"]).decode()
    for name, value in {
        "DULY_MODE": "demo",
        "DULY_KEYS": f"k1:{key}",
        "DULY_DATA_DIR": str(tmp_path / "data"),
        "TEMPORAL_ADDRESS": world.home.client.service_client.config.target_host,
    }.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "data").mkdir(mode=0o700)
    shutil.copy(world.copy(), tmp_path / "data" / "duly.sqlite3")
    result = await asyncio.to_thread(CliRunner().invoke, app, ["audit", "reconcile"])
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("The record and Temporal agree: ")
    shutil.copy(world.copy(world.older), tmp_path / "data" / "duly.sqlite3")
    result = await asyncio.to_thread(CliRunner().invoke, app, ["audit", "reconcile"])
    assert (result.exit_code, result.stdout) == (1, "")
    assert "The record and Temporal do not agree (" in result.stderr


def test_a_lost_temporal_or_database_is_one_line_and_exit_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, migrated_file: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DULY_MODE", "demo")
    monkeypatch.setenv("DULY_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
    (tmp_path / "data").mkdir(mode=0o700)
    shutil.copy(migrated_file, tmp_path / "data" / "duly.sqlite3")
    result = CliRunner().invoke(app, ["audit", "reconcile"])
    assert (result.exit_code, result.output) == (
        2,
        "Temporal does not answer: nothing was compared. Try again once it does.\n",
    )
    monkeypatch.setenv("DULY_DATABASE_URL", "postgresql+asyncpg://nobody@127.0.0.1:1/none")
    result = CliRunner().invoke(app, ["audit", "reconcile"])
    assert (result.exit_code, result.output) == (
        2,
        "The database does not answer: nothing was compared. Try again once it does.\n",
    )
