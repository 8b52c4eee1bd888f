"""Changes of power: they wait for a second person, one for each power, and all of them take effect or none."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from domain.people import Directory, Holding, Person
from domain.power import PowerChange, What
from store import links, mails, people, power, sessions
from store.database import Database
from store.power import NotASecondPersonError, UnfitChangeError
from store.tables import AskedRow, AskRow, CaseRow, PowerChangeRow
from tests.builders import BEN, HELEN, ORGANISATION, PACK, PEOPLE, SCHOOL, a_person

NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
NEW = "b.carter@elmbrook.example"
NINA = a_person("nina", "Nina Shah", administrator=True)
OMAR = a_person("omar", "Omar Reid", administrator=True)
ELSEWHERE = a_person("else", "Una Moss", organisation="redwood", email="una@redwood.example")
HEAD = f"{SCHOOL}:headteacher"


@pytest.fixture(autouse=True)
async def directory(database: Database) -> None:
    """Have everybody of Elmbrook in the directory, with three administrators, and Una of Redwood."""
    async with database.write() as session:
        await people.save(session, (*PEOPLE, NINA, OMAR, ELSEWHERE))


def address(after: str = NEW, person: Person = BEN) -> PowerChange:
    return PowerChange(person=person.id, what=What.ADDRESS, before=person.email, after=after)


def a_change(what: What, before: str, after: str, person: str = "ben", of: str = "") -> PowerChange:
    return PowerChange(person=person, what=what, of=of, before=before, after=after)


def arrival(email: str, had: str = "ben") -> PowerChange:
    comes = a_person("new", "Noor Aziz", email=email)
    return a_change(What.ARRIVAL, had, comes.model_dump_json(), "new")


async def propose(
    database: Database, *changes: PowerChange, by: str = "ada", at: datetime = NOW, why: str = ""
) -> list[str]:
    """Return the ids of what was proposed."""
    async with database.write() as session:
        await people.alone(session, ORGANISATION)
        rows = await power.propose(session, PACK.organisation, changes, by=by, at=at, why=why, by_file=not why)
        return [row.id for row in rows]


async def settle(
    database: Database, ids: Sequence[str], by: str = "nina", at: datetime = LATER, *, refused: bool = False
) -> tuple[str, ...]:
    """Confirm or refuse what still waits of `ids`, and return the ids of the mails to be sent."""
    async with database.write() as session:
        await people.alone(session, ORGANISATION)
        rows = [row for row in await power.waiting(session, ORGANISATION, at) if row.id in ids]
        if not refused:
            return await power.confirm(session, rows, by, at)
        await power.refuse(session, rows, by, at)
        return ()


async def waiting(database: Database, at: datetime = LATER, organisation: str = ORGANISATION) -> list[str]:
    async with database.read() as session:
        return [row.id for row in await power.waiting(session, organisation, at)]


async def settled(database: Database, at: datetime = LATER) -> list[tuple[str, str | None, str | None]]:
    """Return what was settled: which, how, and by whom."""
    async with database.read() as session:
        return [(row.id, row.outcome, row.settled_by) for row in await power.settled(session, ORGANISATION, at)]


async def the_directory(database: Database) -> Directory:
    async with database.read() as session:
        return await people.directory(session, ORGANISATION)


async def asked(database: Database, case: str, ask: str, person: str, closed_at: datetime | None = None) -> None:
    """Put a case on record, with an ask of it that reached `person`."""
    async with database.write() as session:
        session.add(
            CaseRow(
                id=case,
                reference=case,
                organisation=ORGANISATION,
                school=SCHOOL,
                process="new_site",
                title="Science club page",
                starter="amina",
                author="amina",
                version=1,
                opened_at=NOW,
                changed_at=NOW,
                sealed_opening=b"",
                sealed_standing=b"",
            )
        )
        await session.flush()
        seat = "line_manager"
        session.add(
            AskRow(case=case, ask=ask, step=seat, seat=seat, version=1, opened_at=NOW, due=LATER, closed_at=closed_at)
        )
        session.add(AskedRow(case=case, ask=ask, person=person, seat=seat))


async def test_a_change_waits_with_all_that_is_known_of_it_and_changes_nothing_yet(database: Database) -> None:
    [change] = await propose(database, address(), why="a slip")
    async with database.read() as session:
        row = await power.proposal(session, change)
        assert await people.person(session, "ben") == BEN
        assert await power.proposal(session, "nothing") is None
    assert row is not None
    assert power.change_of(row) == address()
    assert (row.organisation, row.organisation_name, row.batch) == (ORGANISATION, PACK.organisation.name, 1)
    assert (row.why, row.proposed_by, row.proposed_at) == ("a slip", "ada", NOW)
    assert (row.settled_by, row.settled_at, row.outcome) == (None, None, None)
    assert (await waiting(database), await settled(database)) == ([change], [])
    assert await waiting(database, organisation="redwood") == []


async def test_what_comes_together_has_a_number_of_its_own_in_each_organisation(database: Database) -> None:
    first = await propose(database, address(), a_change(What.DEPUTY, "", "dev", "helen"))
    second = await propose(database, a_change(What.ADMINISTRATOR, "no", "yes"), at=LATER)
    async with database.write() as session:
        elsewhere = PACK.organisation.model_copy(update={"key": "redwood"})
        change = a_change(What.ADMINISTRATOR, "no", "yes", "else")
        [theirs] = await power.propose(session, elsewhere, [change], by="else", at=NOW)
        rows = await power.waiting(session, ORGANISATION, LATER)
    assert theirs.batch == 1
    assert [(rows[0].batch, {row.id for row in rows}) for rows in power.by_batch(rows)] == [
        (1, set(first)),
        (2, set(second)),
    ]


@pytest.mark.parametrize(
    ("change", "after"),
    [
        (address(), {"email": NEW}),
        (a_change(What.LINE_MANAGER, "", "helen"), {"line_manager": "helen"}),
        (a_change(What.DEPUTY, "", "dev"), {"deputy": "dev"}),
        (a_change(What.ADMINISTRATOR, "no", "yes"), {"administrator": True}),
        (
            a_change(What.SEAT, "no", "yes", of=HEAD),
            {"holdings": (Holding(school=SCHOOL, seat="headteacher"),)},
        ),
    ],
    ids=lambda value: value.what.value if isinstance(value, PowerChange) else "",
)
async def test_a_confirmed_change_is_seen_by_everybody_who_reads_the_directory(
    database: Database, change: PowerChange, after: dict[str, object]
) -> None:
    assert (await the_directory(database)).person("ben") == BEN
    async with database.read() as session:
        before = await people.versions(session)
    ids = await propose(database, change)
    assert await settle(database, ids) == ()
    assert (await the_directory(database)).person("ben") == BEN.model_copy(update=after)
    async with database.read() as session:
        # The lookout looks anew at every open ask when this is another.
        assert (await people.versions(session))[ORGANISATION] != before[ORGANISATION]
    assert (await waiting(database), await settled(database)) == ([], [(ids[0], "confirmed", "nina")])


async def test_a_refused_change_stays_on_record_and_changes_nothing(database: Database) -> None:
    ids = await propose(database, address(), a_change(What.SEAT, "yes", "no", "helen", HEAD))
    await settle(database, ids, refused=True)
    assert await waiting(database) == []
    assert set(await settled(database)) == {(change, "refused", "nina") for change in ids}
    assert (await the_directory(database)).person("ben") == BEN
    assert (await the_directory(database)).person("helen") == HELEN
    await settle(database, ids)
    assert (await the_directory(database)).person("ben") == BEN


async def test_a_record_says_what_there_was_just_before_the_change(database: Database) -> None:
    ids = await propose(database, a_change(What.LINE_MANAGER, "", "helen"))
    async with database.write() as session:
        await people.save(session, (BEN.model_copy(update={"line_manager": "dev"}),))
    await settle(database, ids)
    async with database.read() as session:
        row = await power.proposal(session, ids[0])
    assert row is not None
    assert (row.before, row.after) == ("dev", "helen")


async def test_nobody_settles_what_they_proposed_or_what_concerns_them_nor_without_being_an_administrator(
    database: Database,
) -> None:
    made = await propose(database, a_change(What.ADMINISTRATOR, "no", "yes"))
    await settle(database, made, "omar")
    ids = await propose(database, a_change(What.LINE_MANAGER, "", "nina"))
    for by, refused in product(("ada", "ben", "nina", "helen", "else", "nobody"), (False, True)):
        with pytest.raises(NotASecondPersonError):
            await settle(database, ids, by, refused=refused)
    assert await waiting(database) == ids
    assert await settle(database, ids, "omar") == ()


async def test_what_is_settled_together_takes_effect_together(database: Database) -> None:
    ids = await propose(
        database,
        address(),
        a_change(What.DEPUTY, "", "dev"),
        a_change(What.SEAT, "no", "yes", of=HEAD),
        a_change(What.SEAT, "yes", "no", "helen", HEAD),
    )
    await settle(database, ids)
    after = await the_directory(database)
    assert after.person("ben") == BEN.model_copy(
        update={"email": NEW, "deputy": "dev", "holdings": (Holding(school=SCHOOL, seat="headteacher"),)}
    )
    assert after.person("helen") == HELEN.model_copy(update={"holdings": ()})


async def test_where_one_cannot_be_made_none_is(database: Database) -> None:
    ids = await propose(database, a_change(What.DEPUTY, "", "dev"), address("DEV@elmbrook.example"))
    with pytest.raises(UnfitChangeError) as unfit:
        await settle(database, ids)
    assert unfit.value.change == ids[1]
    assert sorted(await waiting(database)) == sorted(ids)
    assert (await the_directory(database)).person("ben") == BEN


async def test_an_address_that_somebody_has_by_now_is_not_given(database: Database) -> None:
    for taken in ("DEV@elmbrook.example", "una+x@redwood.example"):
        for change in (address(taken), arrival(taken)):
            ids = await propose(database, change)
            with pytest.raises(UnfitChangeError, match="Somebody else has this address"):
                await settle(database, ids)
            assert ids[0] in await waiting(database)


async def test_two_do_not_get_one_address_at_once(database: Database) -> None:
    ids = await propose(database, address("one@elmbrook.example"), address("one+x@elmbrook.example", HELEN))
    with pytest.raises(UnfitChangeError):
        await settle(database, ids)
    await settle(database, ids[:1])
    assert len(await waiting(database)) == 1


async def test_somebody_at_an_address_of_before_comes_with_their_powers_only_after_they_came(
    database: Database,
) -> None:
    await settle(database, await propose(database, address()))
    async with database.read() as session:
        former = await power.former_addresses(session)
    assert former == {BEN.email: "ben"}
    seat = a_change(What.SEAT, "no", "yes", "new", HEAD)
    manager = a_change(What.LINE_MANAGER, "", "new", "otto")
    comes, gets, manages = await propose(database, arrival(BEN.email), seat, manager)
    async with database.read() as session:
        assert await power.arriving(session, ORGANISATION, LATER) == {BEN.email: "new"}
    for change in (gets, manages):
        with pytest.raises(UnfitChangeError, match="not in the directory yet"):
            await settle(database, [change])
    await settle(database, [comes, gets, manages])
    after = await the_directory(database)
    assert after.person("new") == a_person("new", "Noor Aziz", "headteacher", email=BEN.email)
    assert after.holders(SCHOOL, "headteacher") == [HELEN, after.person("new")]


async def test_what_let_somebody_in_at_the_old_address_ends(database: Database) -> None:
    async with database.write() as session:
        bens, devs = [
            await links.mint(session, case="c-1", ask="a1", person=person, version=1, at=NOW)
            for person in ("ben", "dev")
        ]
        secret = await sessions.open_session(session, "ben", NOW)
        await sessions.ask_code(session, address=BEN.email, person="ben", browser_digest="b1", at=NOW, most=3)
    await settle(database, await propose(database, address(), a_change(What.DEPUTY, "", "ben", "dev")))
    async with database.read() as session:
        found = [await links.find(session, token) for token in (bens, devs)]
        assert [link.status if link else "" for link in found] == ["closed", "open"]
        assert await sessions.session_of(session, secret, NOW) is None


async def test_every_open_ask_that_reached_somebody_is_mailed_again(database: Database) -> None:
    await asked(database, "c-1", "a1", "ben")
    await asked(database, "c-2", "a1", "ben")
    await asked(database, "c-3", "a1", "ben", closed_at=NOW)
    await asked(database, "c-4", "a1", "dev")
    done = await settle(database, await propose(database, address(), a_change(What.DEPUTY, "", "ben", "dev")))
    async with database.read() as session:
        rows = [await mails.queued(session, mail) for mail in done]
    assert sorted((row.case, row.ask, row.person, row.template, row.queued_at) for row in rows if row) == [
        ("c-1", "a1", "ben", "ask", LATER),
        ("c-2", "a1", "ben", "ask", LATER),
    ]


async def test_what_waits_is_listed_oldest_first_and_what_was_settled_latest_first(database: Database) -> None:
    changes = []
    for minute, person in enumerate(("ben", "dev", "otto", "helen")):
        at = NOW + timedelta(minutes=minute)
        changes += await propose(database, a_change(What.ADMINISTRATOR, "no", "yes", person), at=at)
    assert await waiting(database) == changes
    for minute, change in enumerate(changes[:2]):
        await settle(database, [change], at=LATER + timedelta(minutes=minute), refused=True)
    assert await waiting(database) == changes[2:]
    assert [change for change, _, _ in await settled(database)] == changes[1::-1]


async def test_what_waits_for_thirty_days_expires(database: Database) -> None:
    ids = await propose(database, address())
    last = NOW + timedelta(days=30) - timedelta(seconds=1)
    over = NOW + timedelta(days=30)
    assert await waiting(database, last) == ids
    assert await waiting(database, over) == []
    # Whatever the worker has got round to, the list says so, and nobody can confirm it.
    assert await settled(database, over) == [(ids[0], None, None)]
    assert await settle(database, ids, at=over) == ()
    assert (await the_directory(database)).person("ben") == BEN
    async with database.write() as session:
        assert not await power.overdue(session, last)
        assert await power.overdue(session, over)
        await power.expire(session, over)
        assert not await power.overdue(session, over)
    assert await settled(database, over) == [(ids[0], "expired", None)]
    assert await propose(database, address(), at=over) != ids


async def test_a_later_proposal_takes_the_place_of_the_one_that_it_contradicts(database: Database) -> None:
    first = await propose(database, a_change(What.LINE_MANAGER, "", "helen"), a_change(What.DEPUTY, "", "dev"))
    other = a_change(What.LINE_MANAGER, "", "otto")
    same = a_change(What.DEPUTY, "", "dev")
    async with database.read() as session:
        assert await power.not_waiting(session, ORGANISATION, [other, same], LATER) == (other,)
    second = await propose(database, other, by="omar")
    assert set(await waiting(database)) == {first[1], *second}
    assert await settled(database) == [(first[0], "replaced", "omar")]
    await settle(database, first)
    assert (await the_directory(database)).person("ben") == BEN.model_copy(update={"deputy": "dev"})


async def test_what_a_later_file_does_not_want_any_more_waits_no_longer(database: Database) -> None:
    deputy, manager = a_change(What.DEPUTY, "", "dev"), a_change(What.LINE_MANAGER, "", "helen")
    ids = await propose(database, deputy, manager)
    [typed] = await propose(database, address(), why="typed on the page")
    [other] = await propose(database, a_change(What.DEPUTY, "", "dev", "otto"))
    async with database.write() as session:
        await power.withdraw(session, ORGANISATION, (BEN,), (manager,), by=None, at=LATER)
    assert set(await waiting(database)) == {ids[1], typed, other}
    assert await settled(database) == [(ids[0], "replaced", None)]


async def test_of_two_who_settle_at_once_one_does(database: Database) -> None:
    await asked(database, "c-1", "a1", "ben")
    ids = await propose(database, address())
    done = await asyncio.gather(*(settle(database, ids, by) for by in ("nina", "omar", "nina")))
    assert len([one for one in done if one]) == 1


async def test_of_two_who_propose_at_once_each_gets_a_number_and_one_change_is_left(database: Database) -> None:
    found = await asyncio.gather(*(propose(database, address(f"ben{n}@elmbrook.example")) for n in range(3)))
    async with database.read() as session:
        rows: list[PowerChangeRow | None] = [await power.proposal(session, change) for [change] in found]
    assert sorted(row.batch for row in rows if row) == [1, 2, 3]
    assert len(await waiting(database)) == 1
