"""What comes round, at its pages: only what stands counts, nothing is named twice, and everybody finds their sites."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import cast

import pytest
from httpx2 import Response
from sqlmodel import col, select

from activities.jobs import Jobs
from activities.rounds import Rounds
from domain.calendar import Period
from domain.cases import Act, RollCount
from domain.events import AskOpened, RequestEdited
from domain.people import PersonKind
from domain.round_entries import CoverChanged, DraftReady
from starter.web.site import Site
from store import disputes, people
from store.confidential.signed import signed_by
from store.rounds import looking, rolls
from store.rounds.tables import SignatureRow
from store.tables import CaseRow
from tests.builders import DEV, ORGANISATION, PEOPLE
from tests.domain.test_ics import unfolded
from tests.starter.web.conftest import Browser, Clock, SignedIn, page_of
from tests.starter.web.living import CASE, FORM, LIVING, TYPED, begun, went_live
from tests.starter.web.papers import PAPERS, asked_to_sign, case_of, events_of, signature_of, taken_on
from tests.starter.web.running import Running, answered
from tests.starter.web.test_decide import errors_of, text_of

ADA = "ada@elmbrook.example"
AMINA = "amina@elmbrook.example"
BEN = "ben@elmbrook.example"
HELEN = "helen@elmbrook.example"
OTTO = "otto@elmbrook.example"


@pytest.fixture
def site(site: Site) -> Site:
    return replace(site, packs={**site.packs, ORGANISATION: PAPERS})


async def counted(site: Site, campaign: str) -> RollCount:
    """Return how a campaign stands."""
    async with site.db.read() as session:
        return await rolls.counts(session, campaign, more=False)


async def found_void(site: Site, signature: SignatureRow) -> None:
    """Have whoever signed say that it was not them, and an administrator that it is void."""
    now = site.clock()
    async with site.db.write() as session:
        said = {"case": signature.case, "ask": "a1"}
        await disputes.dispute(session, site.keys, **said, by=signature.person, how="session", at=now)
    async with site.db.write() as session:
        await disputes.settle(session, site.keys, **said, by="ada", stands=False, comment="He was away.", at=now)


@pytest.fixture
async def campaign(running: Running, site: Site, signed_in: SignedIn) -> str:
    """Return the campaign in which somebody signed in Otto's name, which was found void."""
    await taken_on(site, running, "code")
    campaign = await case_of(site, await asked_to_sign(await signed_in(ADA)))
    signature = await signature_of(site, "otto")
    assert (await answered(running, "otto", "a1", signature.case, confirmations=())).says == "done"
    assert (await counted(site, campaign)).signed == 1
    await found_void(site, signature)
    return campaign


@pytest.mark.meets("ACK-07", "ACK-09")
async def test_a_void_signature_counts_nowhere(running: Running, site: Site, campaign: str) -> None:
    assert (await counted(site, campaign)).signed == 0
    async with site.db.read() as session:
        assert await signed_by(session, "otto", None) == []


async def test_a_void_signature_has_no_certificate_and_its_page_says_so(
    running: Running, site: Site, campaign: str, signed_in: SignedIn
) -> None:
    otto = await signed_in(OTTO)
    case = f"/cases/{(await signature_of(site, 'otto')).reference}"
    page = await otto.get(case)
    assert next(tag.get_text(strip=True) for tag in page_of(page).select("main .govuk-tag")) == "Void"
    assert (await otto.get(f"{case}/certificate.pdf")).status_code == 404
    receipt = text_of(await otto.get(f"/tasks/{case.rpartition('/')[2]}/a1/receipt"))
    assert "This does not stand" in receipt
    assert "Certificate" not in receipt


async def test_whoever_did_not_sign_is_asked_again(running: Running, site: Site, campaign: str) -> None:
    void = (await signature_of(site, "otto")).case
    async with site.db.read() as session:
        directory = await people.directory(session, ORGANISATION)
        assert campaign in await looking.rolls_to_call(session, ORGANISATION, directory, site.clock().date())
    await running.act(campaign, Act(kind="call_roll", person="duly", how="duly", occasion="1"))
    async with asyncio.timeout(5):
        while (signature := await signature_of(site, "otto")).case == void or signature.begun_at is None:
            await asyncio.sleep(0.01)
    assert (await answered(running, "otto", "a1", signature.case, confirmations=())).says == "done"
    assert (await counted(site, campaign)).signed == 1


# Versions.


async def drafted(browser: Browser, path: str, version: str, supersedes: str) -> Response:
    """Return what comes of a draft with that number."""
    form = page_of(await browser.get(path))
    occasion = form.select_one("[name=occasion]")
    assert occasion is not None
    hidden = {str(one["name"]): str(one["value"]) for one in form.select("main form input[type=hidden]")}
    said = {"version": version, "supersedes": supersedes, "what_changed": "Clearer.", "text": "1. New\n\nRead."}
    assert not hidden.keys() & said.keys()
    day = {"effective_from-day": "1", "effective_from-month": "12", "effective_from-year": "2026", "note": ""}
    return await browser.post(path, {**said, **day, "occasion": str(occasion["value"]), "stage": "review"})


@pytest.mark.meets("REV-03", "REV-07")
@pytest.mark.parametrize(("version", "free"), [("1", False), ("Version 1", False), ("v 1", False), ("1.1", True)])
async def test_no_new_version_has_the_number_of_an_older_one(
    running: Running, site: Site, signed_in: SignedIn, version: str, free: bool
) -> None:
    await taken_on(site, running, "code")
    [case] = running._open
    entry = DraftReady(
        version="2", supersedes="1", what_changed="Clearer.", effective_from=date(2026, 11, 2), text="1. New\n\nRead."
    )
    await running.act(case, Act(kind="record", person="helen", how="session", entry=entry, occasion="d" * 16))
    [ask] = [event for event in await events_of(site, case) if isinstance(event, AskOpened) and event.step == "deputy"]
    await answered(running, "dev", ask.ask, case, version=ask.version, confirmations=())
    helen = await signed_in(HELEN)
    answer = await drafted(helen, await opened_anew(site, running, case), version, "2")
    assert answer.status_code == (200 if free else 422)
    if not free:
        [(place, said)] = errors_of(answer)
        assert (place, "number or name that none has had" in said) == ("#version", True)


async def opened_anew(site: Site, running: Running, review: str) -> str:
    """Have the review begin again, and be overdue; return where its draft is put on record."""
    opening = running._open[review][0].next_opening
    assert opening is not None
    answers = {**opening.request.answers, "review_on": "2026-01-01"}
    request = opening.request.model_copy(update={"answers": answers})
    await running.begin(opening.model_copy(update={"request": request}))
    [ask] = [event for event in await events_of(site, review) if isinstance(event, AskOpened)][-1:]
    return f"/tasks/{opening.reference}/{ask.ask}"


# Calendars.


async def uids_of(answer: Response) -> Sequence[str]:
    return [line for line in unfolded(answer.content) if line.startswith("UID:")]


@pytest.mark.meets("REV-02")
async def test_a_review_is_one_date_in_a_calendar_however_it_came_there(
    running: Running, site: Site, signed_in: SignedIn
) -> None:
    await taken_on(site, running, "fresh")
    helen = await signed_in(HELEN)
    async with site.db.read() as session:
        [reference] = (await session.scalars(select(col(CaseRow.reference)))).all()
    of_case = await uids_of(await helen.get(f"/cases/{reference}/dates.ics"))
    assert of_case == await uids_of(await helen.get("/documents/fresh/review.ics"))
    assert len(of_case) == 1


# Sites.


async def test_whoever_runs_a_site_finds_it_among_what_is_theirs_and_its_dates_on_its_page(
    running: Running, signed_in: SignedIn
) -> None:
    await begun(running)
    await went_live(running)
    for email, theirs in ((AMINA, True), (OTTO, True), (HELEN, False)):
        browser = await signed_in(email)
        for path in ("/", "/tasks"):
            links = {str(link["href"]) for link in page_of(await browser.get(path)).select("main a")}
            assert (CASE in links) is theirs
    page = await (await signed_in(OTTO)).get(CASE)
    assert page_of(page).select_one(f"main a[href='{CASE}/dates.ics']") is not None


@pytest.mark.meets("LIFE-02")
async def test_everybody_who_edited_a_change_of_a_site_is_an_author_of_it(
    running: Running, signed_in: SignedIn
) -> None:
    await begun(running)
    await went_live(running)
    amina, ben, otto = [await signed_in(email) for email in (AMINA, BEN, OTTO)]
    draft = (await amina.post(f"{CASE}/edit", {"stage": "begin"})).headers["location"]

    async def typed(browser: Browser, **changed: str) -> None:
        section = page_of(await browser.get(f"{draft}/team"))
        there = {str(one["name"]): str(one.get("value", "")) for one in section.select("main input[type=text]")}
        await browser.post(f"{draft}/team", {**there, **changed})

    await typed(amina, **{"moderators-2": "Helen Marsh"})
    await typed(otto, name="Science club, for everybody")
    await typed(await signed_in("dev@elmbrook.example"))
    await typed(ben)
    checked = page_of(await ben.get(f"{draft}/check"))
    fields = {name: str(checked.select(f"input[name={name}]")[0]["value"]) for name in ("read", "edition")}
    assert (await ben.post(f"{draft}/check", fields)).status_code == 303
    [edited] = [event for event in await events_of(running.site, "c-life") if isinstance(event, RequestEdited)]
    assert (edited.by, edited.people) == ("ben", ("amina", "otto"))
    asked = [event for event in await events_of(running.site, "c-life") if isinstance(event, AskOpened)][-1]
    assert {"amina", "ben", "otto"} <= set(asked.excluded)
    text = text_of(await ben.get(CASE))
    assert "Ben Carter, Amina Okafor and Otto Lind changed the site" in text


@pytest.mark.meets("LIFE-09")
async def test_who_is_away_and_back_on_one_day_and_away_again_is_noticed_each_time(
    running: Running, clock: Clock, site: Site
) -> None:
    await begun(running)
    await went_live(running)
    rounds = Rounds(site.db, site.keys, cast("Jobs", running), dict, clock)

    away = DEV.model_copy(update={"absences": (Period(name="", first=clock().date(), last=clock().date()),)})
    for person in (DEV, away, DEV, away, DEV):
        async with site.db.write() as session:
            await people.save(session, [person])
            version = (await people.versions(session))[ORGANISATION]
        for _ in range(2):
            await rounds.look_at(ORGANISATION, version, clock().date())
            await running.settled("c-life")
        clock.pass_time(minutes=1)
    changes = [event for event in await events_of(site, "c-life") if isinstance(event, CoverChanged)]
    assert ["dev" in event.moderators for event in changes] == [True, False, True, False, True]


@pytest.mark.meets("SITE-28")
async def test_a_site_does_not_go_live_with_a_moderator_whom_nobody_has_authorised(
    running: Running, signed_in: SignedIn
) -> None:
    fields = [one.model_copy(update={"authorised": True}) for one in FORM.sections[0].fields if one.key == "moderators"]
    team = FORM.sections[0].model_copy(update={"fields": (*FORM.sections[0].fields[:3], *fields)})
    form = FORM.model_copy(update={"sections": (team, *FORM.sections[1:])})
    await begun(running, LIVING.model_copy(update={"forms": (*LIVING.forms[:-1], form)}))
    amina = await signed_in(AMINA)
    path = f"{CASE}/record/site_went_live"
    await amina.get(path)
    sent = [("stage", "review"), ("occasion", "o" * 22), *TYPED]
    assert (await amina.post(path, sent)).status_code == 200
    otto = next(one for one in PEOPLE if one.id == "otto").model_copy(update={"kind": PersonKind.EXTERNAL})
    async with running.site.db.write() as session:
        await people.save(session, [otto])
    [(place, said)] = errors_of(await amina.post(path, sent))
    assert (place, "Nobody has authorised Otto Lind" in said) == ("#trained", True)
