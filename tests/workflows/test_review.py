"""The review of a document, on the real server with skipped time."""

import asyncio
from datetime import date, timedelta
from typing import Any, Final

from sqlmodel import col, select

from domain.cases import Opening
from domain.events import AskOpened
from domain.round_entries import ConsultationHeld, CycleBegan, DraftReady, ReviewOpened
from store.rounds.tables import CampaignRow, VersionRow
from store.tables import CaseRow
from tests.house import Begun, House
from tests.rounds import REVIEW, a_pack_of_rounds, an_opening_of, day, people_of_rounds, put_on_record
from tests.stories import an_answer

CYCLES: Final = 10
"""Each is like the one before it: the case begins anew."""


def a_review(key: str, **answers: Any) -> Opening:
    """Return the opening of a review."""
    return an_opening_of(REVIEW, f"review-{key}", "Code of conduct", document="code", version="1", **answers)


async def begin(home: House, key: str, **answers: Any) -> Begun:
    """Begin a review."""
    case = await home.begin(a_review(key, **answers), people_of_rounds(), a_pack_of_rounds())
    await case.settled()
    return case


def draft(version: str, supersedes: str, effective: date) -> DraftReady:
    """Return that a draft is ready."""
    return DraftReady(
        version=version,
        supersedes=supersedes,
        what_changed="Clearer.",
        effective_from=effective,
        text=f"Text {version}",
    )


async def open_ask(case: Begun, step: str) -> AskOpened:
    """Return the ask of `step` that was opened last."""
    events = await case.settled()
    return next(one for one in reversed(events) if isinstance(one, AskOpened) and one.step == step)


async def review_once(case: Begun, number: int, today: date) -> None:
    """Take the review to the new version `number`."""
    engine, place = case.house.engine, case.opening.case
    ready = put_on_record(draft(str(number), str(number - 1), today), "owner", f"d{number}")
    assert (await engine.act(place, ready)).says == "done"
    held = ConsultationHeld(with_whom="Staff", first=today, last=today, responses="None.")
    assert (await engine.act(place, put_on_record(held, "owner", f"c{number}"))).says == "done"
    ask = await open_ask(case, "headteacher")
    assert (await engine.act(place, an_answer(ask.ask, "head", version=ask.version))).says == "done"


async def test_a_review_comes_round_for_ten_years(at_home: House) -> None:
    today = at_home.clock().date()
    case = await begin(at_home, "ten-years-of-reviews", review_on=day(at_home.clock(), 100))
    asked = [event for event in await case.settled() if isinstance(event, AskOpened)]
    assert asked == []
    passed = 0
    for number in range(2, 2 + CYCLES):
        span = timedelta(days=100 if number == 2 else 366)
        await case.pass_time(span)
        passed += span.days
        now = today + timedelta(days=passed)
        await open_ask(case, "draft")
        await review_once(case, number, now)
        await begun_again(case, str(number))
    async with at_home.db.read() as session:
        versions = (await session.scalars(select(VersionRow).where(VersionRow.document == "code"))).all()
        campaigns = (await session.scalars(select(CampaignRow))).all()
    assert [row.version for row in versions] == [str(number) for number in range(2, 2 + CYCLES)]
    assert sum(row.superseded_at is None for row in versions) == 1
    assert len(campaigns) == CYCLES
    history = await case.history()
    assert [said.n for said in history] == list(range(1, len(history) + 1))


async def begun_again(case: Begun, version: str) -> None:
    """Wait until a version is in force, and the next cycle began."""
    document = str(case.opening.request.answers["document"])
    async with asyncio.timeout(20):
        while await in_force(case.house, document) != version:
            await asyncio.sleep(0.05)
        while [event for event in await case.settled() if isinstance(event, CycleBegan)][-1].version != version:
            await asyncio.sleep(0.05)


async def in_force(home: House, document: str) -> str | None:
    """Return the version of a document that is in force."""
    ours = VersionRow.document == document, col(VersionRow.superseded_at).is_(None)
    async with home.db.read() as session:
        return await session.scalar(select(VersionRow.version).where(*ours))


async def test_an_overdue_review_is_asked_for_at_once(
    at_home: House,
) -> None:
    case = await begin(at_home, "overdue", review_on="2025-01-01")
    kinds = [event.kind for event in await case.settled()]
    assert "review_overdue" in kinds
    assert (await open_ask(case, "draft")).seat == "policy_owner"
    reminded = at_home.outbox.subjects("owner@elms.example")
    assert reminded


async def test_a_draft_that_does_not_supersede_the_version_in_force_is_refused(at_home: House) -> None:
    case = await begin(at_home, "supersedes", review_on="2025-01-01")
    today = at_home.clock().date()
    wrong = put_on_record(draft("3", "2", today), "owner")
    assert (await at_home.engine.act(case.opening.case, wrong)).says == "incomplete"


async def test_a_review_can_be_opened_before_its_date_with_a_reason(at_home: House) -> None:
    case = await begin(at_home, "early", review_on=day(at_home.clock(), 900))
    early = put_on_record(ReviewOpened(reason="The guidance changed."), "owner")
    assert (await at_home.engine.act(case.opening.case, early)).says == "done"
    assert (await open_ask(case, "draft")).asked


async def test_the_read_model_goes_on_when_a_case_begins_again(at_home: House) -> None:
    case = await begin(at_home, "the-read-model-goes-on", review_on="2025-01-01")
    await review_once(case, 2, at_home.clock().date())
    await begun_again(case, "2")
    async with at_home.db.read() as session:
        row = await session.get_one(CaseRow, case.opening.case)
    assert (row.due, row.waits_for, row.closed_at) == (None, None, None)
