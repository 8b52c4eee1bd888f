"""An acknowledgement, on the real server: everybody signs for themselves."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlmodel import select

from domain.cases import Act, Opening
from domain.events import AskOpened
from domain.round_entries import CampaignClosed, VisitorExpected, VisitorSigned
from store import people, queries
from store.rounds.tables import SignatureRow
from tests.house import Begun, House
from tests.rounds import ACKNOWLEDGEMENT, a_pack_of_rounds, an_opening_of, people_of_rounds, put_on_record
from tests.stories import a_person, an_answer


def a_campaign(key: str) -> Opening:
    """Return the opening of a campaign."""
    return an_opening_of(
        ACKNOWLEDGEMENT, f"campaign-{key}", "Code of conduct", document="code", version="1", digest="d" * 64
    )


async def begin(home: House, key: str) -> Begun:
    """Begin a campaign, and wait until everybody was asked."""
    case = await home.begin(a_campaign(key), people_of_rounds(), a_pack_of_rounds())
    await case.settled()
    return case


async def signatures(case: Begun) -> Sequence[SignatureRow]:
    """Return everybody who is asked."""
    async with case.house.db.read() as session:
        wanted = select(SignatureRow).where(SignatureRow.campaign == case.opening.case)
        return (await session.scalars(wanted)).all()


async def sign(home: House, row: SignatureRow, person: str | None = None, **more: Any) -> str:
    """Have somebody sign in the case of `row`; return what comes of it."""
    async with asyncio.timeout(20):
        while True:
            async with home.db.read() as session:
                known = await queries.case_by_id(session, row.case)
            if known is not None:
                break
            await asyncio.sleep(0.02)
    answer = an_answer("a1", person or row.person, confirmations=(), comment="", **more)
    return (await home.engine.act(row.case, answer)).says


async def test_everybody_in_the_audience_is_asked_once_and_signs_for_themselves(at_home: House) -> None:
    case = await begin(at_home, "all")
    rows = await signatures(case)
    assert {row.person for row in rows} == {person.id for person in people_of_rounds().people} - {"visitor"}
    author, other = (next(row for row in rows if row.person == who) for who in ("author", "manager"))
    assert await sign(at_home, author, person="manager") == "not_asked"
    assert await sign(at_home, author) == "done"
    assert await sign(at_home, author, signature="Somebody else") in {"already_decided", "closed"}
    assert await sign(at_home, other) == "done"
    async with asyncio.timeout(20):
        while sum(row.signed_at is not None for row in await signatures(case)) < 2:
            await asyncio.sleep(0.02)


async def test_who_comes_is_asked_and_who_leaves_is_not_waited_for(at_home: House) -> None:
    case = await begin(at_home, "joiners")
    async with at_home.db.write() as session:
        left = a_person("mod_a", leaves_on="2020-01-01")
        await people.save(session, (a_person("joiner"), left))
    call = Act(kind="call_roll", person="duly", how="duly", occasion="2")
    assert (await at_home.engine.act(case.opening.case, call)).says == "done"
    await case.settled()
    async with asyncio.timeout(20):
        while True:
            rows = {row.person: row for row in await signatures(case)}
            if "joiner" in rows and rows["mod_a"].left_at is not None:
                break
            await asyncio.sleep(0.02)


async def test_a_campaign_that_is_closed_calls_off_what_is_not_signed_and_what_is_signed_stands(at_home: House) -> None:
    case = await begin(at_home, "closing")
    rows = await signatures(case)
    first = next(row for row in rows if row.person == "author")
    assert await sign(at_home, first) == "done"
    close = put_on_record(CampaignClosed(reason="Done."), "owner")
    assert (await at_home.engine.act(case.opening.case, close)).says == "done"
    assert await case.handle.result() == "closed"
    async with asyncio.timeout(20):
        while any(row.left_at is None for row in await signatures(case) if row.person != "author"):
            await asyncio.sleep(0.02)
    assert next(row for row in await signatures(case) if row.person == "author").signed_at is not None


async def test_a_new_campaign_expects_the_visitors_of_the_one_before_who_are_still_here(at_home: House) -> None:
    before = await begin(at_home, "before")
    today = at_home.clock().date()
    for name, until in (("Vera Visitor", today + timedelta(days=9)), ("Noah Nobody", today)):
        expected = VisitorExpected(name=name, until=until)
        act = put_on_record(expected, "owner", occasion=name)
        assert (await at_home.engine.act(before.opening.case, act)).says == "done"
    await before.settled()
    new = await begin(at_home, "new")
    names = [event.name for event in await new.settled() if isinstance(event, VisitorExpected)]
    assert names == ["Vera Visitor", "Noah Nobody"]


async def test_a_visitor_signs_on_a_device_of_the_school(at_home: House) -> None:
    case = await begin(at_home, "visitor")
    until = at_home.clock().date()
    signed = VisitorSigned(name="Vera Visitor", wording="I agree.", until=until)
    assert (await at_home.engine.act(case.opening.case, put_on_record(signed, "owner"))).says == "done"
    kinds = [event.kind for event in await case.settled()]
    assert "visitor_signed" in kinds
    asked = [event for event in await case.settled() if isinstance(event, AskOpened)]
    assert asked == []
