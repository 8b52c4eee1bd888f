"""What somebody is shown of their own: the right cases and asks in order, at a cost that ended cases do not raise."""

import shutil
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event, text
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access import Viewer, allow
from store import overview, queries
from store.database import Database
from store.finding import Wanted
from store.rounds import coming
from store.rounds.tables import ComingRow, SeatRow, SignatureRow, TeamRow
from store.tables import AskedRow, AskRow, CaseRow, HoldingRow, PersonRow
from tests.builders import MONDAY, ORGANISATION, SCHOOL
from tests.store import test_finding

MANY = 60
ENDED_UNLESS = 20
"""Every so many-th case is open."""


def a_case(n: int) -> CaseRow:
    """Return the `n`th case: helen is asked in all of them, and amina and otto take turns in sending them."""
    ended = n % ENDED_UNLESS != 0
    return CaseRow.model_validate(
        {
            "id": f"c-{n:06d}",
            "reference": f"AAAA-{n:06d}",
            "organisation": ORGANISATION,
            "school": SCHOOL,
            "process": "new_site",
            "title": f"Site {n}",
            "starter": "amina" if n % 2 else "otto",
            "author": "amina" if n % 5 else "dev",
            "version": 1,
            # Of each four, all are sent at once.
            "opened_at": MONDAY + timedelta(hours=n // 4),
            "changed_at": MONDAY,
            "closed_at": MONDAY + timedelta(days=30) if ended else None,
            "outcome": "approved" if ended else None,
            "sealed_opening": b"",
            "sealed_standing": b"",
        }
    )


async def put(session: AsyncSession, many: int) -> list[CaseRow]:
    cases = [a_case(n) for n in range(1, many + 1)]
    session.add_all(CaseRow(**case.model_dump()) for case in cases)
    await session.flush()
    for n, case in enumerate(cases):
        due = MONDAY + timedelta(days=n * 7 % 11)
        session.add(
            AskRow(
                case=case.id,
                ask="a1",
                step="headteacher",
                seat="headteacher",
                version=1,
                opened_at=case.opened_at,
                due=due,
                closed_at=case.closed_at,
            )
        )
        session.add(AskedRow(case=case.id, ask="a1", person="helen", seat="headteacher"))
    await session.flush()
    return cases


@pytest.mark.parametrize("often", [0, 1_000])
async def test_whoever_is_asked_sees_what_is_open_the_soonest_due_first(
    database: Database, monkeypatch: pytest.MonkeyPatch, often: int
) -> None:
    monkeypatch.setattr(queries, "_OFTEN", often)
    async with database.write() as session:
        cases = await put(session, MANY)
    expected = sorted((n * 7 % 11, case.id) for n, case in enumerate(cases) if case.closed_at is None)
    async with database.read() as session:
        assert [case.id for case, _ in await queries.waiting_for(session, "helen")] == [one for _, one in expected]
        assert len(await queries.waiting_for(session, "helen", 2)) == 2
        assert await queries.waiting_for(session, "amina") == []


async def test_ones_own_cases_are_those_sent_or_written_the_newest_first(database: Database) -> None:
    async with database.write() as session:
        cases = await put(session, MANY)
    async with database.read() as session:
        for person in ("amina", "otto", "dev", "nobody"):
            own = [case for case in cases if person in {case.starter, case.author}]
            newest = sorted(own, key=lambda case: (case.opened_at, case.id), reverse=True)
            for most in (5, 50):
                found = await queries.cases_of(session, person, most)
                assert [case.id for case in found] == [case.id for case in newest[:most]]


Ask = Callable[[AsyncSession], Awaitable[object]]


async def plans(database: Database, ask: Ask) -> list[str]:
    """Return how the database answers each question of `ask`, a text for each."""
    asked: list[tuple[str, Any]] = []

    def note(connection: Any, cursor: Any, statement: str, parameters: Any, *rest: Any) -> None:
        del connection, cursor, rest
        asked.append((statement, parameters))

    async with database.read() as session:
        engine = session.get_bind().engine
        event.listen(engine, "before_cursor_execute", note)
        try:
            await ask(session)
        finally:
            event.remove(engine, "before_cursor_execute", note)
        explain = "EXPLAIN QUERY PLAN" if engine.dialect.name == "sqlite" else "EXPLAIN"
        connection = await session.connection()
        if engine.dialect.name == "postgresql":
            # It would rather read tables as small as these whole.
            for way in ("seqscan", "bitmapscan", "hashjoin", "mergejoin"):
                await session.execute(text(f"SET LOCAL enable_{way} = off"))
        return [await connection.run_sync(_plan, f"{explain} {statement}", given) for statement, given in asked]


def _plan(connection: Connection, statement: str, parameters: Any) -> str:
    return "\n".join(str(row[-1]) for row in connection.exec_driver_sql(statement, parameters).all())


@pytest.mark.parametrize("known", [False, True])
async def test_neither_grows_with_what_has_ended(
    database: Database, monkeypatch: pytest.MonkeyPatch, known: bool
) -> None:
    """Whether the database has looked at what it holds, as PostgreSQL does by itself, or not, as SQLite."""
    monkeypatch.setattr(queries, "_OFTEN", 100)
    async with database.write() as session:
        await put(session, 2_000)
        if known or session.get_bind().dialect.name == "postgresql":
            await session.execute(text("ANALYZE"))
    *_, waiting = await plans(database, lambda session: queries.waiting_for(session, "helen"))
    assert "ix_ask_open" in waiting
    assert "ix_asked_person" not in waiting
    for plan in await plans(database, lambda session: queries.cases_of(session, "amina")):
        assert "ix_case_starter" in plan
        assert "ix_case_author" in plan
        assert "SCAN case" not in plan
        assert "Seq Scan" not in plan
        # No more is sorted than the few that are shown, and the lives of the sites that somebody runs.
        assert plan.count("ORDER BY") <= 2


PARTS = ("team", "seat", "asked", "decided", "signer", "own", "review", "none")


async def put_dates(session: AsyncSession) -> None:
    """Put dates on record in which helen has each part in turn: those of every eighth are of nobody she knows."""
    person: dict[str, Any] = {
        "organisation": ORGANISATION,
        "name": "Helen",
        "email": "h@elms.example",
        "email_folded": "h@elms.example",
    }
    session.add(PersonRow(id="helen", kind="employee", **person))
    await session.flush()
    session.add(HoldingRow(person="helen", school=SCHOOL, seat="headteacher"))
    for n in range(40):
        part = PARTS[n % len(PARTS)]
        of = {"starter": "helen" if part == "own" else "", "author": "helen" if part == "own" else ""}
        case = CaseRow.model_validate(a_case(ENDED_UNLESS * (n + 1)).model_dump() | of)
        session.add(case)
        await session.flush()
        what, day = "review" if part == "review" else "closure", (MONDAY + timedelta(days=n // 3)).date()
        about = {"case": case.id, "organisation": ORGANISATION, "school": SCHOOL, "title": case.title}
        session.add(ComingRow(what=what, day=day, **about))
        if part == "team":
            session.add(TeamRow(case=case.id, role="author", person="helen"))
        if part == "seat":
            session.add(SeatRow(case=case.id, seat="headteacher"))
        if part == "signer":
            signed = {
                "document": "code",
                "version": "1",
                "digest": "0",
                "asked_at": MONDAY,
                "organisation": ORGANISATION,
            }
            row = {"campaign": case.id, "person": "helen", "case": case.id, "reference": case.reference, **signed}
            session.add(SignatureRow.model_validate(row))
        if part in {"asked", "decided"}:
            by = "helen" if part == "decided" else None
            step: dict[str, Any] = {
                "step": "headteacher",
                "seat": "headteacher",
                "version": 1,
                "opened_at": MONDAY,
                "due": MONDAY,
            }
            session.add(AskRow(case=case.id, ask="a1", decided_by=by, **step))
            await session.flush()
            session.add(AskedRow(case=case.id, ask="a1", person="helen", seat="headteacher"))


async def test_of_what_is_coming_nothing_is_left_out_that_somebody_may_see(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(coming, "_AT_ONCE", 7)
    async with database.write() as session:
        await put_dates(session)
    viewer = Viewer(person="helen", organisation=ORGANISATION)
    async with database.read() as session:
        everything = await coming.coming(session, ORGANISATION)
        theirs = [one async for one in coming.in_order(session, ORGANISATION, person="helen")]
    assert len(everything) == 40
    assert everything == sorted(everything, key=lambda one: (one.row.day, one.row.title, one.row.case))
    seen = [one.row for one in everything if one.row.what == "review" or allow(viewer, "see", one.access)]
    assert [one.row for one in theirs] == seen
    assert len(seen) == 35


async def test_sqlite_which_never_looks_at_what_it_holds_finds_along_the_same_indexes(
    migrated_file: Path, tmp_path: Path
) -> None:
    shutil.copy(migrated_file, tmp_path / "duly.sqlite3")
    database = Database(f"sqlite+aiosqlite:///{tmp_path}/duly.sqlite3")
    async with database.write() as session:
        await test_finding.put(session, [test_finding.a_case(n) for n in range(1, 301)])
    for looked_for, index in test_finding.WALKED_ALONG:
        for plan in await test_finding.plans(database, Wanted(**looked_for)):
            assert index in plan, plan
            assert "TEMP B-TREE" not in plan, plan
    await database.close()


async def test_the_overview_goes_through_what_is_open_and_what_waits_alone(migrated_file: Path, tmp_path: Path) -> None:
    """On SQLite, which never looks at what it holds: there what it would rather go through is everything."""
    shutil.copy(migrated_file, tmp_path / "duly.sqlite3")
    database = Database(f"sqlite+aiosqlite:///{tmp_path}/duly.sqlite3")
    (open_now,) = await plans(database, lambda session: overview.open_cases(session, ORGANISATION, [MONDAY]))
    # Either holds open cases alone.
    assert "ix_case_open" in open_now or "ix_case_due" in open_now
    (waiting,) = await plans(database, lambda session: overview.undelivered(session, ORGANISATION, MONDAY, 10))
    assert "ix_mail_waiting" in waiting
    assert "ix_mail_person" not in waiting
    await database.close()
