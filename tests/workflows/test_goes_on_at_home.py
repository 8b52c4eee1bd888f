"""A case that begins again while people act in it, on the real server: every act is taken, and taken once."""

import asyncio
from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from domain.cases import Act, Opening
from domain.events import AskMoved, AskOpened
from domain.round_entries import PostModerated, ReviewOverdue, VisitorSigned
from starter.reconciling import Reconciling
from tests.house import Begun, House
from tests.rounds import (
    ACKNOWLEDGEMENT,
    REVIEW,
    a_pack_of_rounds,
    a_site,
    an_opening_of,
    people_of_rounds,
    put_on_record,
)

MANY = 1040
AT_ONCE = 8
"""Acts at the same time: Temporal takes no more than ten."""


async def all_done(home: House, case: Begun, acts: Iterable[Act]) -> None:
    """Have all `acts` done, several at a time."""
    turns = asyncio.Semaphore(AT_ONCE)

    async def done(act: Act) -> str:
        async with turns:
            return (await home.engine.act(case.opening.case, act)).says

    assert set(await asyncio.gather(*map(done, acts))) == {"done"}


async def run_of(case: Begun) -> str | None:
    """Return which run of the case it is."""
    await case.settled()
    return (await case.handle.describe()).run_id


async def numbered(case: Begun) -> None:
    """Make sure that no number is missing on record, and that none is there twice."""
    history = await case.history()
    assert [said.n for said in history] == list(range(1, len(history) + 1))


async def test_acts_that_meet_the_moment_in_which_a_case_begins_again_are_taken_once(at_home: House) -> None:
    answers = {"document": "code", "version": "1", "digest": "d" * 64}
    opening = an_opening_of(ACKNOWLEDGEMENT, "campaign-many", "Code of conduct", **answers)
    case = await at_home.begin(opening, people_of_rounds(), a_pack_of_rounds())
    first, until = await run_of(case), at_home.clock().date() + timedelta(days=9)
    visitors = [
        put_on_record(VisitorSigned(name=f"Visitor {number}", wording="I agree.", until=until), "owner", str(number))
        for number in range(MANY)
    ]
    await all_done(at_home, case, visitors)
    assert await run_of(case) != first
    # Of those that were done last before it began again, none is done twice.
    await all_done(at_home, case, visitors[-60:])
    signed = Counter(event.name for event in await case.settled() if isinstance(event, VisitorSigned))
    assert signed == Counter(f"Visitor {number}" for number in range(MANY))
    await numbered(case)
    # Nor does whoever compares the record with Temporal take such an answer for a decision that was lost.
    late = VisitorSigned(name="Visitor late", wording="I agree.", until=until)
    await all_done(at_home, case, [put_on_record(late, "owner", "late")])
    await case.settled()
    found = await Reconciling(at_home.db, at_home.keys, at_home.client, at_home.clock).run()
    assert [fault for fault in found.faults if fault.startswith(opening.reference)] == []


async def test_the_life_of_a_site_goes_on_after_a_thousand_acts(at_home: House) -> None:
    case = await at_home.begin(a_site("life-many"), people_of_rounds(), a_pack_of_rounds())
    [asked] = [event for event in await case.settled() if isinstance(event, AskOpened)]
    first = await run_of(case)
    post = PostModerated(what="removed", reason="other", child_at_risk="no")
    await all_done(at_home, case, (put_on_record(post, "author", str(number)) for number in range(1001)))
    assert await run_of(case) != first
    aside = Act(kind="step_aside", person="author", how="session", ask=asked.ask, comment="I am away.")
    assert (await at_home.engine.act(case.opening.case, aside)).says == "done"
    moved = [event for event in await case.settled() if isinstance(event, AskMoved)]
    assert [event.ask for event in moved] == [asked.ask]
    await case.pass_time(timedelta(days=30))
    assert "escalated" in {event.kind for event in await case.settled()}
    await numbered(case)


def an_overdue_review(key: str, **draft: Any) -> Opening:
    """Return the review of an overdue policy, of which its owner and the headteacher are told."""
    on = [{"on": "review_overdue", "to": ["policy_owner", "headteacher"], "template": "review_overdue"}]
    tasks = [one.model_dump() | (draft if one.key == "draft" else {}) for one in REVIEW.tasks]
    process = REVIEW.model_validate(REVIEW.model_dump() | {"notices": on, "tasks": tasks})
    return an_opening_of(process, key, "Code of conduct", document="code", version="1", review_on="2025-01-01")


async def test_an_overdue_policy_is_told_of_again_and_nobody_gets_two_mails_of_it_at_a_time(at_home: House) -> None:
    opening = an_overdue_review("review-again", remind_on=[5])
    at_home.outbox.messages.clear()
    case = await at_home.begin(opening, people_of_rounds(), a_pack_of_rounds())
    await case.pass_time(timedelta(days=20))
    head, owner = "head@elms.example", "owner@elms.example"
    assert len(at_home.outbox.to(owner)) == 2
    assert len(at_home.outbox.to(head)) == 1
    for more in (1, 2, 3):
        await case.pass_time(timedelta(days=124))
        assert at_home.outbox.subjects(owner)[2:] == ["The review is overdue: Code of conduct"] * more
        assert len(at_home.outbox.to(head)) == 1 + more


async def test_the_owner_of_an_overdue_policy_is_mailed_once_at_its_start(at_home: House) -> None:
    opening = an_overdue_review("review-once")
    at_home.outbox.messages.clear()
    case = await at_home.begin(opening, people_of_rounds(), a_pack_of_rounds())
    assert any(isinstance(event, ReviewOverdue) for event in await case.settled())
    assert len(at_home.outbox.to("owner@elms.example")) == 1
    assert len(at_home.outbox.to("head@elms.example")) == 1
