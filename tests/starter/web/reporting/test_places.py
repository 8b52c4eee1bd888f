"""Which school a report is about; and a school whose pack has no process for it."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from httpx2 import ASGITransport, AsyncClient

from domain.pack import Pack, Process, School
from starter.web import create_app
from starter.web.site import Site
from store import people
from store.packs import keep
from tests.builders import ORGANISATION, PACK
from tests.matters import ALLEGATION, CONFIDENTIAL, DISCIPLINARY
from tests.packs.trying import PACKS as OURS
from tests.packs.trying import facts_of, whole_pack
from tests.starter.web.conftest import BASE_URL, Browser, SignedIn, page_of
from tests.starter.web.reporting.conftest import Reports
from tests.starter.web.reporting.roads import USUAL, Road
from tests.starter.web.school import REDWOOD

HIGH = School(key="elmbrook-high", name="Elmbrook High School")


def with_processes(*processes: Process) -> Pack:
    return CONFIDENTIAL.model_copy(update={"processes": (*PACK.processes, *processes)})


def road_at(site: Site, packs: Mapping[str, Pack]) -> Road:
    """Return a road at the site, had it those packs."""
    transport = ASGITransport(create_app(replace(site, packs=packs)))
    return Road(Browser(AsyncClient(transport=transport, base_url=BASE_URL)))


async def test_of_several_schools_one_is_chosen_first(site: Site, reports: Reports) -> None:
    organisation = CONFIDENTIAL.organisation
    schools = organisation.model_copy(update={"schools": (*organisation.schools, HIGH)})
    several = CONFIDENTIAL.model_copy(update={"organisation": schools})
    road = await road_at(site, {ORGANISATION: several, "redwood": REDWOOD}).begin()
    assert "Redwood School" in road.text
    assert (await road.go(danger="no")).faults == ["Choose the school"]
    options = {
        label.get_text().strip(): str(label["for"]) for label in road.soup.select(".govuk-radios__label[for^=school]")
    }
    assert list(options) == ["Elmbrook Primary School", "Elmbrook High School", "Redwood School"]
    chosen = road.soup.find(id=options["Elmbrook High School"])
    assert chosen is not None
    await road.go(danger="no", school=str(chosen["value"]))
    assert road.page == "involved"
    await road.go(involved="none_of_them")
    # Nobody of this directory holds a seat there.
    assert road.title == "Telephone the Local Authority Designated Officer"
    assert "Elmbrook High School" in road.text


async def test_a_school_that_is_none_cannot_be_chosen(site: Site) -> None:
    road = await road_at(site, {ORGANISATION: CONFIDENTIAL, "redwood": REDWOOD}).begin()
    assert (await road.go(danger="no", school="elsewhere")).faults


@pytest.mark.parametrize("several", [False, True])
async def test_where_the_pack_has_no_process_it_says_why_and_whom_to_telephone(site: Site, several: bool) -> None:
    packs = {"redwood": REDWOOD, **({ORGANISATION: CONFIDENTIAL} if several else {})}
    road = await road_at(site, packs).begin()
    if several:
        chosen = road.soup.find(id="school")
        assert chosen is not None
        await road.go(danger="no", school=str(chosen["value"]))
    assert road.title == "Telephone instead"
    assert "Redwood School has not set up reports in Duly" in road.text
    assert "999, or 101" in road.text
    assert "Local Authority Designated Officer" in road.text or "LADO" in road.text
    assert not road.soup.select("main form")


@pytest.mark.parametrize("at_risk", ["yes", "unsure"])
async def test_where_a_child_could_be_at_risk_and_only_conduct_is_taken_it_says_so_before_the_story(
    site: Site, at_risk: str
) -> None:
    road = await road_at(site, {ORGANISATION: with_processes(DISCIPLINARY)}).begin()
    await road.to("at_risk")
    await road.go(at_risk=at_risk)
    assert road.title == "Telephone instead"


async def test_where_only_conduct_is_taken_a_topic_that_puts_a_child_at_risk_ends_at_the_telephone(
    site: Site, reports: Reports
) -> None:
    road = await road_at(site, {ORGANISATION: with_processes(DISCIPLINARY)}).begin()
    events = {**USUAL["events"], "topic_1": "grooming"}
    await road.to("check", at_risk={"at_risk": "no"}, events=events)
    await road.go("send")
    assert road.title == "Telephone instead"
    assert reports.begun == {}


async def test_where_only_allegations_are_taken_conduct_goes_the_same_road(site: Site, reports: Reports) -> None:
    road = await road_at(site, {ORGANISATION: with_processes(ALLEGATION)}).begin()
    await road.to("check", at_risk={"at_risk": "no"})
    await road.go("send")
    assert road.title == "Your report was taken"
    assert reports.only.process == ALLEGATION


@pytest.mark.parametrize("at_risk", ["yes", "no"])
@pytest.mark.parametrize("pack", OURS)
async def test_every_pack_that_comes_with_duly_takes_reports(
    site: Site, reports: Reports, pack: str, at_risk: str
) -> None:
    ours = whole_pack(pack)
    async with site.db.write() as session:
        await people.save(session, facts_of(pack).directory.people)
        await keep(session, ours)
    road = road_at(site, {ours.organisation.key: ours})
    await road.begin()
    schools = [str(one["value"]) for one in road.soup.select("input[name=school]")]
    start = {**USUAL["start"], **({"school": schools[0]} if schools else {})}
    await road.to("check", start=start, at_risk={"at_risk": at_risk}, events={**USUAL["events"], "topic_1": "other"})
    await road.go("send")
    assert road.title == "Your report was taken"
    assert reports.only.process.story == ("allegation" if at_risk == "yes" else "disciplinary")
    assert await reports.asked()


async def test_no_confidential_process_is_started_from_the_start_page(signed_in: SignedIn) -> None:
    browser = await signed_in("amina@elmbrook.example")
    assert [link["href"] for link in page_of(await browser.get("/")).select("main a[href^='/start']")] == [
        "/start/new_site"
    ]
    for method in (browser.get, browser.post):
        assert (await method("/start/allegation")).status_code == 404
