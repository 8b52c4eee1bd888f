"""A bank holiday is proclaimed while deadlines run: open cases go by it, and those asked are told."""

import asyncio
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from sqlalchemy import update
from sqlmodel import col

import packs
from activities.jobs import Jobs
from activities.rounds import Rounds
from domain.calendar import Calendar, due_on, local_day
from domain.cases import Act, Opening, Present, Reply
from domain.events import AskOpened
from domain.pack import Pack
from domain.round_entries import CalendarChanged, CoverChanged, SiteWentLive
from starter.engine import EngineLostError
from starter.recomputing import NO_ANSWER, Changed, Recomputing
from store import confidential, people, queries
from store import packs as kept_packs
from store.confidential import Confidential
from store.confidential.tables import ConfidentialRow
from store.tables import CaseRow
from tests.confidence import a_confidential_opening, a_confidential_pack, a_school
from tests.house import Begun, House
from tests.rounds import SITE_LIFE, a_site, an_opening_of, people_of_rounds, put_on_record
from tests.stories import ORGANISATION, a_directory, a_pack, an_opening

OLD = a_pack()


@dataclass(frozen=True)
class Silent:
    """Temporal, as long as it does not answer."""

    async def act(self, case: str, act: Act) -> Reply:
        raise EngineLostError


def with_holidays(*days: date) -> Pack:
    """Return the pack of the school with one-off bank holidays."""
    return OLD.model_copy(update={"calendar": OLD.calendar.model_copy(update={"proclaimed": days})})


def by_the_book(home: House, opening: Opening, years: int = packs.YEARS) -> Opening:
    """Return an opening that has the calendar of its pack."""
    calendar = packs.expand(OLD.calendar, home.clock().year, years)
    return opening.model_copy(update={"calendar": calendar})


async def begin(home: House, key: str) -> Begun:
    """Begin a request that waits for the line manager for five working days."""
    case = await home.begin(by_the_book(home, an_opening(key=f"calendar-{key}")), a_directory())
    await case.settled()
    return case


async def begin_in_confidence(home: House, key: str = "report") -> Begun:
    """Begin the case of a report."""
    opening = by_the_book(home, a_confidential_opening(key=f"calendar-{key}"))
    async with home.db.write() as session:
        await people.save(session, a_school().people)
        await home.keys.create(session, opening.case)
        digest = await kept_packs.keep(session, a_confidential_pack())
    case = Begun(home, opening.model_copy(update={"pack_digest": digest}))
    await home.engine.begin(case.opening)
    await case.settled()
    return case


async def in_confidence(case: Begun) -> Confidential:
    """Return a confidential case as it is on record."""
    await case.settled()
    async with case.house.db.read() as session:
        found = await confidential.by_reference(session, case.house.keys, case.opening.reference)
    assert found is not None
    return found


async def recomputed(case: Begun, pack: Pack, **more: Any) -> list[Changed]:
    """Return what a run says of a case."""
    home = case.house
    run = Recomputing(home.db, home.keys, home.engine, {ORGANISATION: pack}, local_day(home.clock()))
    said = [changed async for changed in replace(run, **more).run()]
    return [changed for changed in said if changed.reference == case.opening.reference]


async def tomorrow_off(case: Begun) -> tuple[date, date, Pack]:
    """Return when the one ask of a case is due, when it is due once the next working day is a holiday, and the pack."""
    (asked,) = [event for event in await case.settled() if isinstance(event, AskOpened)]
    opened, calendar = local_day((await case.history())[0].at), case.opening.calendar
    new = with_holidays(due_on(opened, 1, calendar))
    return local_day(asked.due), due_on(opened, 5, packs.expand(new.calendar, opened.year)), new


async def calendar_of(home: House, case: str) -> Calendar:
    """Return the calendar that is on record for an ordinary case."""
    async with home.db.read() as session:
        return (await queries.opening_of(session, home.keys, await session.get_one(CaseRow, case))).calendar


async def test_a_holiday_proclaimed_while_a_deadline_runs_moves_it_once_and_those_asked_are_told(
    at_home: House,
) -> None:
    case = await begin(at_home, "proclaimed")
    old, new, pack = await tomorrow_off(case)
    assert await recomputed(case, OLD) == []

    planned = await recomputed(case, pack, dry_run=True)
    assert [(one.reference, [(ask.old, ask.new) for ask in one.moved]) for one in planned] == [
        (case.opening.reference, [(old, new)])
    ]
    assert "calendar_changed" not in {event.kind for event in await case.settled()}

    assert await recomputed(case, pack) == planned
    (changed,) = [event for event in await case.settled() if isinstance(event, CalendarChanged)]
    assert changed.moved == ("a1",)
    async with at_home.db.read() as session:
        (ask,) = await queries.asks_of(session, case.opening.case)
        row = await session.get_one(CaseRow, case.opening.case)
    assert local_day(ask.due) == new
    assert row.due == ask.due
    async with asyncio.timeout(20):
        while not (
            mails := [one for one in at_home.outbox.to("manager@elms.example") if "date" in str(one["Subject"])]
        ):
            await asyncio.sleep(0.02)
    text = mails[0].get_body(("plain",))
    assert text is not None
    assert f"{new.day} {new:%B %Y}" in text.get_content()

    assert await recomputed(case, pack) == []
    assert (await recomputed(case, OLD))[0].moved[0].new == old


async def test_an_extension_still_counts_after_the_calendar_changed(at_home: House) -> None:
    case = await begin(at_home, "extended")
    more = Act(kind="extend", person="admin", how="session", ask="a1", days=3, comment="She is away.")
    assert (await at_home.engine.act(case.opening.case, more)).says == "done"
    await case.settled()
    opened = local_day((await case.history())[0].at)
    new = with_holidays(due_on(opened, 1, case.opening.calendar))
    (changed,) = await recomputed(case, new)
    await case.settled()
    assert [one.new for one in changed.moved] == [due_on(opened, 8, packs.expand(new.calendar, opened.year))]
    async with at_home.db.read() as session:
        (ask,) = await queries.asks_of(session, case.opening.case)
    assert local_day(ask.due) == changed.moved[0].new


async def mail_about(home: House, address: str, subject: str) -> str:
    """Return the text of the one mail to `address` with `subject` in its subject, once it is there."""
    async with asyncio.timeout(20):
        while not (mails := [one for one in home.outbox.to(address) if subject in str(one["Subject"])]):
            await asyncio.sleep(0.02)
    (mail,) = mails
    text = mail.get_body(("plain",))
    assert text is not None
    return str(text.get_content())


async def test_whoever_is_asked_is_told_too_where_their_day_stays_and_what_comes_after_it_moves(
    at_home: House,
) -> None:
    case = await begin(at_home, "escalation")
    opened = local_day((await case.history())[0].at)
    pack = with_holidays(due_on(opened, 6, case.opening.calendar))
    (changed,) = await recomputed(case, pack)
    (after,) = changed.coming
    assert (changed.moved, after.what) == ((), "Those who stand in for the Line manager are asked as well")
    await case.settled()
    mail = await mail_about(at_home, "manager@elms.example", "Another day")
    assert after.in_words in " ".join(mail.split())
    assert "This link is yours alone" in mail


async def test_what_a_site_waits_for_moves_with_the_calendar_and_its_owner_is_told_once(at_home: House) -> None:
    """LIFE-09: the day on which posting is to be suspended is a deadline, though nobody is asked for anything yet."""
    opening = by_the_book(at_home, a_site("calendar-cover"))
    case = await at_home.begin(opening, people_of_rounds(), OLD)
    live = SiteWentLive(
        address="https://elms.example",
        on=at_home.clock().date(),
        terms_published="yes",
        privacy="Closed",
        trained=("author", "manager", "mod_a", "mod_b"),
    )
    assert (await at_home.engine.act(opening.case, put_on_record(live, "author"))).says == "done"
    gone = Present(administrators=("author",), moderators=("mod_a", "mod_b"))
    cover = Act(kind="cover", person="duly", how="duly", present=gone, occasion="1")
    assert (await at_home.engine.act(opening.case, cover)).says == "done"
    await case.settled()
    lost = local_day(next(said.at for said in await case.history() if isinstance(said.event, CoverChanged)))
    pack = with_holidays(due_on(lost, 2, opening.calendar))
    (planned,) = await recomputed(case, pack, dry_run=True)
    (moved,) = [one for one in planned.coming if "suspend" in one.what]
    assert (planned.moved, moved.old) == ((), due_on(lost, 5, opening.calendar) + timedelta(days=1))
    assert await recomputed(case, pack) == [planned]
    (changed,) = [event for event in await case.settled() if isinstance(event, CalendarChanged)]
    assert changed.coming == planned.coming
    assert moved.in_words in " ".join((await mail_about(at_home, "author@elms.example", "Another day")).split())
    later = local_day(at_home.clock())
    await case.pass_time(timedelta(days=(moved.new - later).days + 1))
    asked = [(said.at, said.event) for said in await case.history() if isinstance(said.event, AskOpened)]
    assert [local_day(at) for at, event in asked if event.step == "suspend"] == [moved.new]


async def test_a_case_that_does_not_answer_is_named_and_the_next_run_moves_it(at_home: House) -> None:
    case = await begin(at_home, "silent")
    _, new, pack = await tomorrow_off(case)
    assert await recomputed(case, pack, engine=Silent()) == [Changed(case.opening.reference, (), NO_ANSWER)]
    (changed,) = await recomputed(case, pack)
    assert [one.new for one in changed.moved] == [new]


async def test_a_confidential_case_goes_by_the_new_calendar_and_no_run_says_so(at_home: House) -> None:
    case = await begin_in_confidence(at_home)
    pack = with_holidays(at_home.clock().date() + timedelta(days=30))
    for dry_run, times in ((True, 0), (False, 1), (False, 1)):
        assert await recomputed(case, pack, dry_run=dry_run) == []
        found = await in_confidence(case)
        assert (found.opening.calendar.bank_holidays >= set(pack.calendar.proclaimed)) is (times > 0)
        assert sum(isinstance(one.event, CalendarChanged) for one in found.history) == times
    assert await recomputed(case, OLD, engine=Silent()) == []


async def test_a_case_that_goes_on_for_years_learns_the_next_years_by_itself(at_home: House) -> None:
    christmas = next(
        day for year in range(7) if (day := date(at_home.clock().year + 5 + year, 12, 25)).weekday() in {1, 2, 3, 4}
    )
    closes = (christmas + timedelta(days=SITE_LIFE.closing_ahead)).isoformat()
    answers = {"site": "c-1", "author": "author", "closure_date": closes}
    site = by_the_book(at_home, an_opening_of(SITE_LIFE, "calendar-old", **answers), years=5)
    case = await at_home.begin(site, people_of_rounds(), OLD)
    other = await begin_in_confidence(at_home, "old report")
    await case.settled()
    long_ago = at_home.clock() - timedelta(days=8 * 365)
    async with at_home.db.write() as session:
        await session.execute(update(CaseRow).where(col(CaseRow.id) == case.opening.case).values(opened_at=long_ago))
        await session.execute(update(ConfidentialRow).values(opened_at=long_ago))
    today = local_day(at_home.clock())
    rounds = Rounds(at_home.db, at_home.keys, Jobs(at_home.client), lambda: {ORGANISATION: OLD}, at_home.clock)
    for _ in range(2):
        await rounds.look_at(ORGANISATION, "1", today)
    events = await case.settled()
    assert await calendar_of(at_home, case.opening.case) == packs.expand(OLD.calendar, today.year)
    (changed,) = [event for event in events if isinstance(event, CalendarChanged)]
    assert changed.moved == ()
    assert [(one.old, one.new) for one in changed.coming] == [(christmas, christmas - timedelta(days=1))]
    # It knows twelve years already.
    assert not [one for one in (await in_confidence(other)).history if isinstance(one.event, CalendarChanged)]
