"""What the overview is made of: open, overdue and failing work of one organisation, and what happened lately."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import SQLModel

from store import overview, people
from store.database import Database
from store.overview import Open
from store.tables import AskedRow, AskRow, CaseRow, MailRow, PowerChangeRow
from tests.builders import MONDAY, ORGANISATION, PEOPLE, SCHOOL, a_person

NOW = MONDAY + timedelta(days=10)
A_DAY = timedelta(days=1)


def a_case(key: str, **more: object) -> CaseRow:
    usual = {
        "id": f"c-{key}",
        "reference": key,
        "organisation": ORGANISATION,
        "school": SCHOOL,
        "process": "new_site",
        "title": f"Site {key}",
        "starter": "amina",
        "author": "amina",
        "version": 1,
        "opened_at": MONDAY,
        "changed_at": MONDAY,
        "waits_for": "headteacher",
        "due": MONDAY + 7 * A_DAY,
        "sealed_opening": b"",
        "sealed_standing": b"",
    }
    return CaseRow.model_validate({**usual, **more})


def an_ask(key: str, ask: str = "a1", *asked: str, **more: object) -> list[SQLModel]:
    usual = {"step": "headteacher", "seat": "headteacher", "version": 1, "opened_at": MONDAY, "due": MONDAY + 7 * A_DAY}
    row = AskRow.model_validate({"case": f"c-{key}", "ask": ask, **usual, **more})
    return [row, *(AskedRow(case=f"c-{key}", ask=ask, person=one, seat="headteacher") for one in asked)]


def a_mail(key: str | None, mail: str, person: str = "ben", **more: object) -> MailRow:
    usual = {"id": mail, "case": f"c-{key}" if key else None, "person": person, "template": "ask", "queued_at": MONDAY}
    return MailRow.model_validate({**usual, **more})


async def put(session: AsyncSession, cases: Sequence[CaseRow], rest: Sequence[SQLModel] = ()) -> None:
    session.add_all(cases)
    await session.flush()
    session.add_all(rest)
    await session.flush()


async def test_what_is_open_is_counted_by_process_school_and_age(database: Database) -> None:
    ages = [NOW - 2 * A_DAY, NOW - 5 * A_DAY]
    async with database.write() as session:
        await put(
            session,
            [
                a_case("A", opened_at=NOW - A_DAY),
                a_case("B", opened_at=NOW - 2 * A_DAY),
                a_case("C", opened_at=NOW - 3 * A_DAY),
                a_case("D", school="elmbrook-high"),
                a_case("E", process="club"),
                a_case("F", closed_at=NOW, outcome="approved"),
                a_case("G", organisation="redwood"),
            ],
        )
        assert await overview.open_cases(session, ORGANISATION, ages) == [
            Open("club", SCHOOL, 2, 1),
            Open("new_site", "elmbrook-high", 2, 1),
            Open("new_site", SCHOOL, 0, 2),
            Open("new_site", SCHOOL, 1, 1),
        ]


async def test_what_is_overdue_says_whose_move_it_is_the_longest_first(database: Database) -> None:
    async with database.write() as session:
        await put(
            session,
            [
                a_case("A", due=NOW - A_DAY),
                a_case("B", due=NOW - 2 * A_DAY),
                a_case("C", due=NOW + A_DAY),
                a_case("D", due=NOW - A_DAY, held_at=NOW),
                a_case("E", due=None, closed_at=NOW, outcome="lapsed"),
                a_case("F", due=NOW - A_DAY, organisation="redwood"),
            ],
            [
                *an_ask("A", "a1", "helen", "dev", due=NOW - A_DAY),
                *an_ask("A", "a2", "ben", due=NOW + A_DAY),
                *an_ask("B", "a1", due=NOW - 2 * A_DAY),
                *an_ask("B", "a0", "ben", due=NOW - 5 * A_DAY, closed_at=NOW - 4 * A_DAY),
                *an_ask("C", "a1", "helen", due=NOW + A_DAY),
                *an_ask("D", "a1", "helen", due=NOW - A_DAY),
                *an_ask("F", "a1", "helen", due=NOW - A_DAY),
            ],
        )
        found = await overview.overdue(session, ORGANISATION, NOW, 10)
        assert [(one.case.reference, one.seat, one.people) for one in found] == [
            ("B", "headteacher", ()),
            ("A", "headteacher", ("dev", "helen")),
        ]
        assert [one.case.reference for one in await overview.overdue(session, ORGANISATION, NOW, 1)] == ["B"]


async def test_an_open_ask_that_reaches_nobody_is_vacant(database: Database) -> None:
    async with database.write() as session:
        await put(
            session,
            [
                a_case("A"),
                a_case("B"),
                a_case("C", closed_at=NOW, outcome="lapsed"),
                a_case("D", organisation="redwood"),
            ],
            [
                *an_ask("A", "a1", "helen"),
                *an_ask("B", "a1", "helen"),
                *an_ask("B", "a2"),
                *an_ask("C", "a1", closed_at=NOW),
                *an_ask("D", "a1"),
            ],
        )
        found = await overview.vacant(session, ORGANISATION, 10)
        assert [(one.case.reference, one.people) for one in found] == [("B", ())]


SINCE_THEN: list[tuple[list[MailRow], bool]] = [
    ([], True),
    ([a_mail("A", "m2", queued_at=NOW, sent_at=NOW)], False),
    ([a_mail("B", "m2", queued_at=NOW, sent_at=NOW)], False),
    # A mail that says only that something waits is one of any case, and tells nothing here.
    ([a_mail(None, "m2", queued_at=NOW, sent_at=NOW)], True),
    ([a_mail("A", "m2", queued_at=NOW)], True),
    ([a_mail("A", "m2", "helen", queued_at=NOW, sent_at=NOW)], True),
    ([a_mail("A", "m2", queued_at=MONDAY - A_DAY, sent_at=MONDAY)], True),
]


async def test_refused_mail_is_told_of_until_a_later_one_arrives(database: Database) -> None:
    async with database.write() as session:
        await put(session, [a_case("A"), a_case("B")], [a_mail("A", "m1", refused_at=MONDAY + timedelta(minutes=1))])
        for since_then, is_told in SINCE_THEN:
            rows = [MailRow(**row.model_dump()) for row in since_then]
            session.add_all(rows)
            await session.flush()
            found = await overview.refused(session, ORGANISATION, MONDAY, 10)
            assert [(one.person, one.mails, one.reference) for one in found] == ([("ben", 1, "A")] if is_told else [])
            for row in rows:
                await session.delete(row)
            await session.flush()


async def test_refused_mail_is_of_open_ordinary_cases_here_and_lately(database: Database) -> None:
    cases = [a_case("A"), a_case("B", closed_at=NOW), a_case("C", organisation="redwood")]
    mails = [
        a_mail("A", "m1", refused_at=NOW),
        a_mail("A", "m2", refused_at=NOW),
        a_mail("B", "m3", "dev", refused_at=NOW),
        a_mail("C", "m4", "dev", refused_at=NOW),
        a_mail(None, "m5", "dev", refused_at=NOW),
        a_mail("A", "m6", "helen", refused_at=MONDAY),
    ]
    async with database.write() as session:
        await put(session, cases, mails)
        found = await overview.refused(session, ORGANISATION, NOW - A_DAY, 10)
        assert [(one.person, one.mails) for one in found] == [("ben", 2)]


async def test_refused_mail_is_settled_by_another_address(database: Database) -> None:
    async with database.write() as session:
        await people.save(session, PEOPLE)
        await put(session, [a_case("A")], [a_mail("A", "m1", refused_at=MONDAY)])
        for outcome, told in (("refused", 1), ("confirmed", 0)):
            session.add(a_change(outcome))
            await session.flush()
            assert len(await overview.refused(session, ORGANISATION, MONDAY, 10)) == told


def a_change(outcome: str) -> PowerChangeRow:
    return PowerChangeRow(
        id=outcome,
        organisation=ORGANISATION,
        organisation_name="Elmbrook",
        batch=1,
        person="ben",
        what="address",
        before="ben@elmbrook.example",
        after="b.carter@elmbrook.example",
        proposed_by="ada",
        proposed_at=MONDAY,
        settled_by="nina",
        settled_at=NOW,
        outcome=outcome,
    )


async def test_mails_that_wait_are_those_of_ordinary_cases_here_that_nothing_became_of(database: Database) -> None:
    async with database.write() as session:
        await people.save(session, [*PEOPLE, a_person("ruth", "Ruth", organisation="redwood")])
        assert await overview.undelivered(session, ORGANISATION, NOW, 10) is None
        mails = [
            a_mail("A", "m1"),
            a_mail("A", "m2", queued_at=MONDAY - A_DAY),
            a_mail("A", "m3", queued_at=NOW + A_DAY),
            a_mail("A", "m4", sent_at=NOW),
            a_mail("A", "m5", dropped_at=NOW),
            a_mail("A", "m6", refused_at=NOW),
            a_mail("A", "m7", gathered_at=NOW),
            a_mail("A", "m8", "ruth"),
            a_mail(None, "m9"),
        ]
        await put(session, [a_case("A")], mails)
        assert await overview.undelivered(session, ORGANISATION, NOW, 10) == (2, MONDAY - A_DAY)
        assert await overview.undelivered(session, ORGANISATION, NOW, 1) == (1, MONDAY - A_DAY)


async def test_of_the_cases_named_those_that_are_open_here_are_found(database: Database) -> None:
    async with database.write() as session:
        await put(session, [a_case("A"), a_case("B", closed_at=NOW), a_case("C", organisation="redwood"), a_case("D")])
        ids = ["c-A", "c-B", "c-C", "c-elsewhere"]
        assert [row.reference for row in await overview.among(session, ORGANISATION, ids)] == ["A"]
        assert await overview.among(session, ORGANISATION, []) == []


async def test_a_span_tells_what_was_sent_and_how_what_ended_then_ended(database: Database) -> None:
    ends = [MONDAY, MONDAY + A_DAY, MONDAY + 2 * A_DAY]
    later = MONDAY + A_DAY
    async with database.write() as session:
        await put(
            session,
            [
                a_case("A"),
                a_case("B", closed_at=later, outcome="approved"),
                a_case("C", opened_at=later, closed_at=later, outcome="rejected"),
                a_case("D", opened_at=MONDAY - A_DAY, closed_at=later, outcome="approved"),
                a_case("E", opened_at=ends[-1]),
                a_case("F", organisation="redwood", closed_at=later, outcome="approved"),
            ],
        )
        first, second = await overview.spans(session, ORGANISATION, ends)
    assert (first.sent, first.ended, first.opened_and_closed) == (2, {}, ())
    assert (second.sent, second.ended) == (1, {"approved": 2, "rejected": 1})
    assert sorted(second.opened_and_closed) == [(MONDAY - A_DAY, later), (MONDAY, later), (later, later)]
