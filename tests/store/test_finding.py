"""Finding cases: all that fit and nothing else, in order and in pages, at a cost that ended cases do not raise."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, get_args

import pytest
from sqlalchemy import Connection, event, text
from sqlalchemy.ext.asyncio import AsyncSession

from domain.asking import AUTHOR
from store import finding
from store.database import Database
from store.finding import Found, Place, Sort, State, Wanted
from store.tables import AskedRow, AskRow, CaseRow
from tests.builders import MONDAY, ORGANISATION, SCHOOL

NOW = MONDAY + timedelta(days=3)
MANY = 60
OUTCOMES = ("approved", "rejected", "withdrawn", "lapsed", "cancelled")


def a_case(n: int) -> CaseRow:
    """Return the `n`th case: of two that follow each other nearly everything differs, and some are sent at once."""
    ended, held = n % 3 == 0, n % 7 == 0
    return CaseRow.model_validate(
        {
            "id": f"c-{n:06d}",
            "reference": f"AAAA-{n:06d}",
            "organisation": ORGANISATION if n % 11 else "redwood",
            "school": SCHOOL if n % 2 else "elmbrook-secondary",
            "process": "new_site" if n % 5 else "club",
            "title": f"{'Chess' if n % 4 else 'Science'} club {n % 10} 100% Café",
            "starter": "amina" if n % 2 else "otto",
            "author": "amina" if n % 6 else "dev",
            "version": 1,
            "opened_at": MONDAY + timedelta(hours=n // 2),
            "changed_at": MONDAY,
            "closed_at": MONDAY + timedelta(hours=n, days=1) if ended else None,
            "outcome": OUTCOMES[n % len(OUTCOMES)] if ended else None,
            "waits_for": None if ended else AUTHOR if n % 8 == 1 else "headteacher",
            "due": None if ended else MONDAY + timedelta(days=n % 6),
            "held_at": MONDAY if held and not ended else None,
            "sealed_opening": b"",
            "sealed_standing": b"",
        }
    )


def an_ask(case: CaseRow) -> AskRow:
    seat = AUTHOR if case.waits_for == AUTHOR else "headteacher"
    due = case.due or MONDAY
    return AskRow(
        case=case.id,
        ask="a1",
        step=seat,
        seat=seat,
        version=1,
        opened_at=case.opened_at,
        due=due,
        closed_at=case.closed_at,
    )


def is_vacant(case: CaseRow) -> bool:
    return int(case.id.removeprefix("c-")) % 10 == 4


CASES = [a_case(n) for n in range(1, MANY + 1)]


async def put(session: AsyncSession, cases: Sequence[CaseRow]) -> None:
    session.add_all(CaseRow(**case.model_dump()) for case in cases)
    await session.flush()
    session.add_all(an_ask(case) for case in cases)
    session.add_all(
        AskedRow(case=case.id, ask="a1", person="helen", seat="headteacher") for case in cases if not is_vacant(case)
    )


async def all_of(session: AsyncSession, wanted: Wanted, most: int = 20) -> list[str]:
    """Return the ids of all cases that are found, page after page."""
    found: list[str] = []
    page = Found((), Place("", ""))
    after: Place | None = None
    while page.onward is not None:
        page = await finding.find(session, ORGANISATION, wanted, after=after, most=most)
        assert len(page.cases) <= most
        found += [case.id for case in page.cases]
        after = page.onward
    return found


def fits(case: CaseRow, wanted: Wanted) -> bool:
    """Return whether a case is what is looked for, said once more in other words."""
    is_open = case.closed_at is None
    states: dict[State | None, bool] = {
        None: True,
        "open": is_open,
        "held": is_open and case.held_at is not None,
        "author": is_open and case.waits_for == AUTHOR,
        "vacant": is_open and is_vacant(case),
        "closed": not is_open,
        **{outcome: case.outcome == outcome for outcome in get_args(finding.Closed) if outcome != "closed"},
    }
    people = {case.starter, case.author, *(() if is_vacant(case) else ("helen",))}
    return all(
        (
            case.organisation == ORGANISATION,
            wanted.reference in {None, case.reference},
            all(word.lower() in case.title.lower() for word in wanted.words),
            wanted.process in {None, case.process},
            wanted.school in {None, case.school},
            states[wanted.state],
            wanted.seat is None or (is_open and an_ask(case).seat == wanted.seat),
            wanted.person is None or wanted.person in people,
            wanted.since is None or case.opened_at >= wanted.since,
            wanted.before is None or case.opened_at < wanted.before,
            wanted.overdue_at is None
            or (case.due is not None and case.due < wanted.overdue_at and case.held_at is None),
            wanted.sort != "due" or is_open,
            wanted.sort != "ended" or not is_open,
        )
    )


def in_order(cases: list[CaseRow], sort: Sort) -> list[CaseRow]:
    far = MONDAY
    keys: dict[Sort, Any] = {
        "newest": lambda case: (case.opened_at, case.id),
        "oldest": lambda case: (case.opened_at, case.id),
        "due": lambda case: (case.due or far, case.id),
        "ended": lambda case: (case.closed_at or far, case.id),
        "title": lambda case: (case.title, case.id),
    }
    return sorted(cases, key=keys[sort], reverse=sort in {"newest", "ended"})


LOOKED_FOR: list[dict[str, Any]] = [
    {},
    *({"state": state} for state in get_args(finding.Open) + get_args(finding.Closed)),
    {"reference": "AAAA-000008"},
    {"reference": "AAAA-000011"},
    {"words": ("chess",)},
    {"words": ("CLUB 3", "science")},
    {"words": ("100%",)},
    {"words": ("_",)},
    {"process": "club"},
    {"school": SCHOOL, "process": "new_site", "state": "open"},
    {"seat": "headteacher"},
    {"seat": AUTHOR, "state": "closed"},
    {"person": "helen"},
    {"person": "dev", "state": "closed"},
    {"person": "nobody"},
    {"since": MONDAY + timedelta(hours=5), "before": MONDAY + timedelta(hours=20)},
    {"since": MONDAY + timedelta(hours=5), "school": SCHOOL, "words": ("chess",)},
    {"overdue_at": NOW},
]


@pytest.mark.parametrize("few", [0, 1000])
async def test_exactly_the_cases_that_fit_are_found_each_once_and_in_order(
    database: Database, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr(finding, "FEW", few)
    async with database.write() as session:
        await put(session, CASES)
    async with database.read() as session:
        for sort in get_args(Sort):
            for looked_for in LOOKED_FOR:
                wanted = Wanted(**looked_for, sort=sort)
                expected = [case.id for case in in_order([case for case in CASES if fits(case, wanted)], sort)]
                assert await all_of(session, wanted) == expected, wanted


async def test_however_little_is_walked_at_once_everything_is_found_in_the_end(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "MOST_WALKED", 4)
    monkeypatch.setattr(finding, "FEW", 0)
    async with database.write() as session:
        await put(session, CASES)
    async with database.read() as session:
        for sort in get_args(Sort):
            for looked_for in ({"words": ("science",)}, {"person": "dev"}, {"state": "lapsed"}, {"process": "club"}):
                wanted = Wanted(**looked_for, sort=sort)
                expected = [case.id for case in in_order([case for case in CASES if fits(case, wanted)], sort)]
                assert await all_of(session, wanted) == expected, wanted


# What it costs.


@pytest.fixture
async def grown(database: Database) -> Database:
    """Return a database with two thousand cases, of which one in a hundred is open, as it knows by itself."""
    rows = [a_case(n) for n in range(1, 2001)]
    for n, row in enumerate(rows):
        if n % 100:
            row.closed_at, row.outcome, row.waits_for, row.due, row.held_at = (
                row.opened_at,
                "approved",
                None,
                None,
                None,
            )
    async with database.write() as session:
        await put(session, rows)
        await session.execute(text("ANALYZE"))
    return database


async def plans(database: Database, wanted: Wanted) -> list[str]:
    """Return how the database answers each question that finding `wanted` asks, a text for each."""
    asked: list[tuple[str, Any]] = []

    def note(connection: Any, cursor: Any, statement: str, parameters: Any, *rest: Any) -> None:
        del connection, cursor, rest
        asked.append((statement, parameters))

    async with database.read() as session:
        engine = session.get_bind().engine
        event.listen(engine, "before_cursor_execute", note)
        try:
            await finding.find(session, ORGANISATION, wanted)
        finally:
            event.remove(engine, "before_cursor_execute", note)
        explain = "EXPLAIN QUERY PLAN" if engine.dialect.name == "sqlite" else "EXPLAIN"
        connection = await session.connection()
        if engine.dialect.name == "postgresql":
            # It would rather read a table as small as this one whole.
            for way in ("seqscan", "bitmapscan", "sort"):
                await session.execute(text(f"SET LOCAL enable_{way} = off"))
        return [await connection.run_sync(_plan, f"{explain} {statement}", given) for statement, given in asked]


def _plan(connection: Connection, statement: str, parameters: Any) -> str:
    return "\n".join(str(row[-1]) for row in connection.exec_driver_sql(statement, parameters).all())


WALKED_ALONG: list[tuple[dict[str, Any], str]] = [
    ({}, "ix_case_newest"),
    ({"sort": "oldest"}, "ix_case_newest"),
    ({"state": "open"}, "ix_case_open"),
    ({"state": "vacant"}, "ix_case_open"),
    ({"seat": "headteacher", "school": SCHOOL, "process": "club"}, "ix_case_open"),
    ({"process": "club", "school": SCHOOL, "state": "lapsed"}, "ix_case_process"),
    ({"sort": "due", "since": MONDAY, "process": "club"}, "ix_case_due"),
    ({"sort": "ended", "since": MONDAY, "school": SCHOOL}, "ix_case_ended"),
    ({"sort": "title", "since": MONDAY, "school": SCHOOL}, "ix_case_title"),
    ({"process": "club"}, "ix_case_process"),
    ({"school": SCHOOL}, "ix_case_school"),
    ({"sort": "due"}, "ix_case_due"),
    ({"sort": "due", "overdue_at": NOW}, "ix_case_due"),
    ({"sort": "ended"}, "ix_case_ended"),
    ({"sort": "ended", "state": "lapsed"}, "ix_case_ended"),
    ({"sort": "title"}, "ix_case_title"),
    ({"words": ("science",)}, "ix_case_newest"),
    ({"since": MONDAY, "before": NOW}, "ix_case_newest"),
]


async def test_every_order_is_walked_along_its_index_and_sorted_nowhere(grown: Database) -> None:
    for looked_for, index in WALKED_ALONG:
        for plan in await plans(grown, Wanted(**looked_for)):
            assert index in plan, plan
            assert not reads_all_cases(plan), plan
            assert "TEMP B-TREE" not in plan, plan
            assert "Sort" not in plan, plan
    # Somebody's own few cases are looked up by their ids.
    for person in ("amina", "dev"):
        for plan in await plans(grown, Wanted(person=person)):
            assert not reads_all_cases(plan), plan


def reads_all_cases(plan: str) -> bool:
    return 'Seq Scan on "case"' in plan or "SCAN case" in plan.replace("SCAN case USING", "")


async def test_a_page_never_looks_at_more_cases_than_its_bound(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "MOST_WALKED", 10)
    async with database.write() as session:
        await put(session, CASES)
    async with database.read() as session:
        found = await finding.find(session, ORGANISATION, Wanted(words=("nothing of the kind",)))
    ours = in_order([case for case in CASES if case.organisation == ORGANISATION], "newest")
    assert (found.cases, found.walked) == ([], True)
    assert found.onward == Place(ours[9].opened_at, ours[9].id)
