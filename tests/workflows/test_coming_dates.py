"""The dates that people look forward to are those on which they are asked."""

from datetime import date, timedelta

import pytest
from sqlmodel import select

from domain.calendar import local_day
from domain.coming_dates import next_round
from domain.events import AskOpened
from domain.round_entries import LeadershipConsulted, SiteWentLive
from store.rounds.tables import ComingRow
from tests.house import Begun, House
from tests.rounds import a_pack_of_rounds, a_site, people_of_rounds, put_on_record


async def looked_at(case: Begun) -> date | None:
    """Return for which day a look at the site is announced."""
    wanted = select(ComingRow).where(ComingRow.case == case.opening.case, ComingRow.what == "site_review")
    async with case.house.db.read() as session:
        row = (await session.scalars(wanted)).one_or_none()
    return row.day if row is not None else None


@pytest.mark.meets("LIFE-03")
async def test_the_day_of_the_next_look_stays_whatever_is_recorded_before_it(at_home: House) -> None:
    opening = a_site("day-of-the-look")
    case = await at_home.begin(opening, people_of_rounds(), a_pack_of_rounds())
    await case.settled()
    assert await looked_at(case) is None
    today = local_day(at_home.clock())
    live = SiteWentLive(
        address="https://example.org/club",
        on=today,
        terms_published="yes",
        privacy="Closed group.",
        trained=("author", "manager", "mod_a", "mod_b"),
    )
    assert (await at_home.engine.act(opening.case, put_on_record(live, "author"))).says == "done"
    await case.settled()
    day = next_round(today, "half_year", opening.calendar)
    assert await looked_at(case) == day
    await case.pass_time(timedelta(days=60))
    said = put_on_record(LeadershipConsulted(with_whom="The head"), "author", "consulted")
    assert (await at_home.engine.act(opening.case, said)).says == "done"
    await case.settled()
    assert await looked_at(case) == day
    await case.pass_time(timedelta(days=(day - today).days - 60 + 1))
    asked = [event.step for event in await case.settled() if isinstance(event, AskOpened)]
    assert "look" in asked
    assert await looked_at(case) == day
