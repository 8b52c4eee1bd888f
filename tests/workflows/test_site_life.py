"""The life of a site, on the real server with skipped time."""

from datetime import date, timedelta

from sqlmodel import select

from domain.cases import Act, Present
from domain.events import Verdict
from domain.round_entries import PostingSuspended, SiteClosed, SiteReviewed, SiteWentLive
from store.rounds.tables import ComingRow, LifeRow
from tests.house import Begun, House
from tests.rounds import a_pack_of_rounds, a_site, day, people_of_rounds, put_on_record
from tests.stories import an_answer

EVERYBODY = ("author", "manager", "mod_a", "mod_b")


def live(on: date, trained: tuple[str, ...] = EVERYBODY, **more: str) -> SiteWentLive:
    """Return that the site went live."""
    said = {"address": "https://example.org/club", "terms_published": "yes", "privacy": "Closed group.", **more}
    return SiteWentLive.model_validate({**said, "on": on, "trained": trained})


def closed(on: date) -> SiteClosed:
    """Return that the site was closed."""
    return SiteClosed(on=on, contents="Deleted.", contacts_removed="yes", achieved="yes", aims="All of them.")


def reviewed() -> SiteReviewed:
    """Return that somebody looked at the site."""
    return SiteReviewed(maintained="yes", as_agreed="yes", privacy="As before.")


async def begin(at_home: House, key: str, **answers: str) -> Begun:
    """Begin the life of a site."""
    case = await at_home.begin(a_site(f"life-{key}", **answers), people_of_rounds(), a_pack_of_rounds())
    await case.settled()
    return case


async def test_a_site_lives_for_ten_years_is_looked_at_and_closed(at_home: House) -> None:
    now = at_home.clock()
    case = await begin(at_home, "ten-years", closure_date=day(now, 3650), go_live_date=day(now, 3))
    assert (await at_home.engine.act(case.opening.case, put_on_record(live(now.date()), "author"))).says == "done"
    for number in range(20):
        await case.pass_time(timedelta(days=183))
        for kind, entry in (("look", reviewed()),):
            reply = await at_home.engine.act(case.opening.case, put_on_record(entry, "author", f"{kind}-{number}"))
            assert reply.says == "done"
    events = await case.settled()
    looks = [event for event in events if event.kind == "site_reviewed"]
    asked = [event for event in events if event.kind == "ask_opened"]
    assert len(looks) == 20
    assert sum(ask.step == "look" for ask in asked) >= 18
    assert any(ask.step == "close" for ask in asked)
    described = await case.handle.describe()
    assert described.history_length < 2_000
    later = now.date() + timedelta(days=3650)
    await case.pass_time(timedelta(days=20))
    reply = await at_home.engine.act(case.opening.case, put_on_record(closed(later), "author"))
    assert reply.says == "done"
    assert await case.handle.result() == "closed"
    async with at_home.db.read() as session:
        life = (await session.scalars(select(LifeRow).where(LifeRow.case == case.opening.case))).one()
    assert (life.state, life.closes_on) == ("closed", later)


async def test_too_few_who_are_there_are_told_the_same_day_and_posting_is_suspended_after_the_grace(
    at_home: House,
) -> None:
    now = at_home.clock()
    case = await begin(at_home, "cover")
    await at_home.engine.act(case.opening.case, put_on_record(live(now.date()), "author"))
    gone = Present(administrators=("author",), moderators=("mod_a", "mod_b"))
    cover = Act(kind="cover", person="duly", how="duly", present=gone, occasion="1")
    assert (await at_home.engine.act(case.opening.case, cover)).says == "done"
    await case.pass_time(timedelta(days=9))
    events = await case.settled()
    assert events[-1].kind == "ask_opened"
    assert events[-1].step == "suspend"
    stopped = put_on_record(PostingSuspended(reason="Only one administrator."), "author")
    assert (await at_home.engine.act(case.opening.case, stopped)).says == "done"
    await case.settled()
    async with at_home.db.read() as session:
        life = (await session.scalars(select(LifeRow).where(LifeRow.case == case.opening.case))).one()
    assert life.state == "suspended"


async def test_a_site_cannot_go_live_with_fewer_than_two_who_are_trained(at_home: House) -> None:
    case = await begin(at_home, "untrained")
    untrained = put_on_record(live(at_home.clock().date(), ("author", "mod_a", "mod_b")), "author")
    assert (await at_home.engine.act(case.opening.case, untrained)).says == "incomplete"


async def test_a_change_that_is_turned_down_leaves_the_site_as_it_was(at_home: House) -> None:
    closes, later = (day(at_home.clock(), days) for days in (1000, 1400))
    case = await begin(at_home, "turned-down", closure_date=closes)
    before = case.opening.request
    changed = before.model_copy(update={"answers": before.answers | {"closure_date": later}})
    edit = Act(kind="edit", person="author", how="session", version=1, request=changed)
    assert (await at_home.engine.act(case.opening.case, edit)).says == "done"
    events = await case.settled()
    ask = next(event for event in reversed(events) if event.kind == "ask_opened" and event.step == "headteacher")
    assert [one.person for one in ask.asked or ()] == ["head"]
    no = an_answer(ask.ask, "head", Verdict.REJECT, version=2)
    assert (await at_home.engine.act(case.opening.case, no)).says == "done"
    events = await case.settled()
    assert events[-1].kind == "change_turned_down"
    async with at_home.db.read() as session:
        rows = (await session.scalars(select(ComingRow).where(ComingRow.case == case.opening.case))).all()
    assert {row.what: row.day for row in rows} == {"closure": date.fromisoformat(closes)}
