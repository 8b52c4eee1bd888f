"""Ways round what comes round, that were tried at its pages: each is closed."""

import asyncio
from dataclasses import replace
from datetime import date

import pytest
from sqlmodel import col, select

from domain.cases import Act, FromPack, Opening
from domain.events import Verdict
from domain.pack import Process
from domain.people import Person, PersonKind
from starter.web.site import Site
from store import packs, people, queries
from store.rounds import looking
from store.rounds.tables import CampaignRow, LifeRow, SignatureRow, TeamRow
from tests.builders import ORGANISATION, a_person
from tests.rounds import put_on_record
from tests.starter.web.conftest import Clock, RememberedCases, SignedIn, page_of
from tests.starter.web.living import ANSWERS, LIVE, begun
from tests.starter.web.papers import PAPERS, asked_to_sign, case_of, signature_of, taken_on
from tests.starter.web.running import Running, answered
from tests.stories import a_lever

ADA = "ada@elmbrook.example"
ASKING = "/documents/code/ask"


@pytest.fixture
def site(site: Site) -> Site:
    return replace(site, packs={**site.packs, ORGANISATION: PAPERS})


async def test_a_page_that_is_sent_again_long_after_does_not_end_the_campaign_that_came_later(
    site: Site, running: Running, clock: Clock, signed_in: SignedIn
) -> None:
    await taken_on(site, running, "code")
    ada = await signed_in(ADA)
    page = page_of(await ada.get(ASKING))
    old = {name: str(page.select(f"main [name={name}]")[0]["value"]) for name in ("key", "digest")}
    await ada.post(ASKING, old)
    clock.pass_time(minutes=1)
    later = await asked_to_sign(ada)
    assert (await ada.post(ASKING, old)).headers["Location"] != later
    async with site.db.read() as session:
        running_on = select(CampaignRow).where(col(CampaignRow.over_at).is_(None))
        assert len((await session.scalars(running_on)).all()) == 1


async def test_whoever_was_taken_for_gone_and_is_back_is_asked_again(
    site: Site, running: Running, clock: Clock, signed_in: SignedIn
) -> None:
    await taken_on(site, running, "code")
    campaign = await case_of(site, await asked_to_sign(await signed_in(ADA)))
    first = (await signature_of(site, "otto")).case

    async def brought_up_to_date(otto: Person, occasion: str) -> None:
        async with site.db.write() as session:
            await people.save(session, [otto])
            directory = await people.directory(session, ORGANISATION)
            to_call = await looking.rolls_to_call(session, ORGANISATION, directory, clock().date())
        assert campaign in to_call
        await running.act(campaign, Act(kind="call_roll", person="duly", how="duly", occasion=occasion))

    await brought_up_to_date(a_person("otto", "Otto Lind", leaves_on=date(2020, 1, 1)), "1")
    async with asyncio.timeout(5):
        while (await signature_of(site, "otto")).left_at is None:
            await asyncio.sleep(0.01)
    await brought_up_to_date(a_person("otto", "Otto Lind"), "2")
    async with asyncio.timeout(5):
        while (row := await signature_of(site, "otto")).case == first or row.begun_at is None:
            await asyncio.sleep(0.01)
    assert row.left_at is None
    assert (await answered(running, "otto", "a1", first, confirmations=())).says != "done"
    assert (await answered(running, "otto", "a1", row.case, confirmations=())).says == "done"
    assert (await signature_of(site, "otto")).signed_at is not None


async def opening_of(site: Site, case: str) -> Opening:
    """Return what a case goes by."""
    async with site.db.read() as session:
        row = await queries.case_by_id(session, case)
        assert row is not None
        return await queries.opening_of(session, site.keys, row)


@pytest.mark.parametrize("kinds", [(PersonKind.VOLUNTEER,), (PersonKind.EMPLOYEE, PersonKind.VOLUNTEER)])
async def test_a_campaign_that_was_moved_on_asks_whom_its_pack_names_and_comes_to_rest(
    site: Site, running: Running, signed_in: SignedIn, kinds: tuple[PersonKind, ...]
) -> None:
    async with site.db.write() as session:
        await people.save(session, [a_person("gil", "Gil Moss", kind=PersonKind.VOLUNTEER)])
    await taken_on(site, running, "code")
    campaign = await case_of(site, await asked_to_sign(await signed_in(ADA)))
    begun_with = await opening_of(site, campaign)
    whole = begun_with.process.model_dump()
    process = Process.model_validate({**whole, "campaign": {**whole["campaign"], "audience": kinds}})
    async with site.db.write() as session:
        digest = await packs.keep(session, PAPERS.model_copy(update={"processes": (process,)}))
    new = {name: getattr(begun_with, name) for name in FromPack.model_fields}
    moved = FromPack.model_validate({**new, "process": process, "pack_digest": digest})
    move_on = Act(kind="move_on", person="duly", how="duly", comment="New policy.", pack=moved)
    assert (await running.act(campaign, move_on)).says == "done"

    async def to_call() -> list[str]:
        await running.settled(campaign)
        async with site.db.read() as session:
            directory = await people.directory(session, ORGANISATION)
            return list(await looking.rolls_to_call(session, ORGANISATION, directory, site.today))

    assert await to_call() == [campaign]
    await running.act(campaign, Act(kind="call_roll", person="duly", how="duly"))
    assert await to_call() == []
    async with site.db.read() as session:
        directory = await people.directory(session, ORGANISATION)
        waiting = select(SignatureRow).where(col(SignatureRow.left_at).is_(None))
        asked = {row.person for row in (await session.scalars(waiting)).all()}
    assert asked == {one.id for one in directory.people if one.kind in kinds}


async def test_a_campaign_that_was_not_told_of_the_one_after_it_is_told_later(
    site: Site,
    running: Running,
    clock: Clock,
    signed_in: SignedIn,
    cases: RememberedCases,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await taken_on(site, running, "code")
    ada = await signed_in(ADA)
    first = await case_of(site, await asked_to_sign(ada))
    clock.pass_time(minutes=1)
    page = page_of(await ada.get(ASKING))
    fields = {name: str(page.select(f"main [name={name}]")[0]["value"]) for name in ("key", "digest")}
    with monkeypatch.context() as cut_off:
        cut_off.setattr(cases, "act", RememberedCases(lost=True).act)
        assert (await ada.post(ASKING, fields)).status_code == 503
    async with site.db.read() as session:
        assert await looking.to_supersede(session, ORGANISATION) == [first]


async def test_an_administrator_has_nobody_sign_in_somebody_elses_place(
    site: Site, running: Running, signed_in: SignedIn
) -> None:
    await taken_on(site, running, "code")
    ada = await signed_in(ADA)
    await asked_to_sign(ada)
    case = f"/cases/{(await signature_of(site, 'ben')).reference}"
    page = page_of(await ada.get(case))
    offered = {str(link["href"]).rpartition("/")[2] for link in page.select(f"a[href^='{case}/asks/']")}
    assert offered == {"remind", "extend"}
    await ada.get(f"{case}/asks/a1/remind")
    sent = {"stage": "confirm", "occasion": "x" * 16, "comment": "They are away.", "to": "amina"}
    assert (await ada.post(f"{case}/asks/a1/reassign", sent)).headers["Location"] == case


async def stands(site: Site) -> tuple[set[str], date | None]:
    """Return who moderates the one site that there is, and when it is to be closed."""
    async with site.db.read() as session:
        team = select(col(TeamRow.person)).where(col(TeamRow.role) == "moderators")
        life = (await session.scalars(select(LifeRow))).one()
        return set((await session.scalars(team)).all()), life.closes_on


async def test_what_is_proposed_at_the_moment_of_an_approval_is_not_approved_with_it(
    site: Site, running: Running
) -> None:
    opening = await begun(running)

    def changed(edition: int, *moderators: str) -> Act:
        new = opening.request.model_copy(update={"answers": ANSWERS | {"moderators": moderators}})
        return Act(kind="edit", person="amina", how="session", version=edition, request=new)

    await running.act(opening.case, changed(1, "dev", "helen"))
    running.hold()
    await running.act(opening.case, put_on_record(LIVE, "amina"))
    said = {"kind": "answer", "person": "helen", "how": "session", "ask": "a2", "version": 2, "verdict": "approve"}
    approved = Act.model_validate({**said, "signature": "Helen", "opened_at": site.clock()})
    assert (await running.act(opening.case, approved)).says == "done"
    assert (await running.act(opening.case, changed(2, "ben", "otto"))).says == "done"
    running.let_go()
    await running.settled(opening.case)
    assert (await stands(site))[0] == {"dev", "helen"}


async def test_who_runs_a_site_by_a_change_whose_approval_is_void_runs_it_no_more_once_it_is_turned_down(
    site: Site, running: Running
) -> None:
    opening = await begun(running)
    answers = ANSWERS | {"moderators": ("dev", "helen"), "closure_date": "2029-11-02"}
    new = opening.request.model_copy(update={"answers": answers})
    edit = Act(kind="edit", person="amina", how="session", version=1, request=new)
    assert (await running.act(opening.case, edit)).says == "done"
    assert (await answered(running, "helen", "a2", opening.case, version=2, confirmations=())).says == "done"

    assert await stands(site) == ({"dev", "helen"}, date(2029, 11, 2))
    dispute = Act(kind="dispute", person="helen", how="session", ask="a2")
    assert (await running.act(opening.case, dispute)).says == "done"
    assert (await running.act(opening.case, a_lever("release", "ada", ask="a2", stands=False))).says == "done"
    no = await answered(
        running, "helen", "a3", opening.case, version=2, verdict=Verdict.REJECT, comment="No.", confirmations=()
    )
    assert no.says == "done"
    assert await stands(site) == ({"dev", "otto"}, date(2028, 11, 2))
