"""What is opened before one signs, whose signature stands above, who was trained, and what comes round each term."""

import asyncio
import io
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any, Final, cast

import pytest
from httpx2 import Response

from activities.jobs import Jobs
from activities.rounds import Rounds
from domain.calendar import Period
from domain.events import Approved
from domain.pack import Pack, Process
from domain.round_entries import ReadingOpened, RollCalled, TrainingAttended
from starter.web.site import Site
from store import people
from store.rounds import reading
from store.rounds.tables import CampaignRow, SignatureRow
from templates import documents
from tests.builders import ORGANISATION, a_person
from tests.rounds import a_step, put_on_record
from tests.starter.web.conftest import Browser, Clock, SignedIn, page_of
from tests.starter.web.papers import (
    ACKNOWLEDGEMENT,
    PAPERS,
    a_link_to_sign,
    asked_to_sign,
    case_of,
    events_of,
    signature_of,
    taken_on,
)
from tests.starter.web.running import Running, answered

ADA: Final = "ada@elmbrook.example"
AMINA: Final = "amina@elmbrook.example"
BEN: Final = "ben@elmbrook.example"
HELEN: Final = "helen@elmbrook.example"
ADDRESS: Final = "https://www.example.org/briefing-note"
OFFICER: Final = "I sign this for the school."
READINGS: Final = [
    {"key": "note", "title": "Briefing note", "edition": "June 2015", "address": ADDRESS, "clause": "c16-6"},
    {"key": "advice", "title": "Advice for staff", "text": "Advice\n\nThink first.", "clause": "c16-6"},
]


def with_campaign(pack: Pack, **campaign: Any) -> Pack:
    """Return the pack in which the campaign says more, and the deputy head signs besides."""
    whole = ACKNOWLEDGEMENT.model_dump()
    officer = a_step("countersignature", "deputy_head", attestation=OFFICER, clause="c16-6")
    told = {**whole, "steps": (*whole["steps"], officer), "campaign": {**whole["campaign"], **campaign}}
    others = [one for one in pack.processes if one.key != ACKNOWLEDGEMENT.key]
    return pack.model_copy(update={"processes": (*others, Process.model_validate(told))})


READ: Final = with_campaign(PAPERS, readings=READINGS, open_first=True, trainings=True, visitors=False)


@pytest.fixture
def site(site: Site) -> Site:
    return replace(site, packs={**site.packs, ORGANISATION: READ})


@pytest.fixture
async def campaign(site: Site, running: Running, signed_in: SignedIn) -> str:
    """Return the path of a campaign in which everybody is asked to sign the code of conduct."""
    await taken_on(site, running, "code")
    return await asked_to_sign(await signed_in(ADA))


@pytest.fixture
async def token(site: Site, campaign: str) -> str:
    """Return the token by which Amina may sign."""
    return await a_link_to_sign(site, "amina")


def text_of(answer: Response) -> str:
    main = page_of(answer).select_one("main")
    assert main is not None
    return " ".join(main.get_text(" ").split())


def buttons_of(answer: Response) -> list[str]:
    return [" ".join(button.get_text().split()) for button in page_of(answer).select("main button")]


async def send(client: Browser, token: str, stage: str, **fields: str) -> Response:
    return await client.post("/d", {"token": token, "stage": stage, "decision": "approve", **fields})


async def opens(client: Browser, token: str, key: str) -> Response:
    return await client.post("/d/open", {"token": token, "reading": key})


async def opened(site: Site, person: str = "amina") -> list[str]:
    found = await events_of(site, (await signature_of(site, person)).case)
    return [event.reading for event in found if isinstance(event, ReadingOpened)]


# Readings.


@pytest.mark.meets("ACK-14", "ACK-18")
async def test_nobody_signs_before_they_have_opened_everything_there_is_to_read(
    client: Browser, site: Site, token: str
) -> None:
    page = await client.get(f"/d/{token}")
    assert buttons_of(page) == ["Open Briefing note", "Open Advice for staff", "I do not sign"]
    assert "You sign here once you have opened all of them" in text_of(page)
    for stage in ("review", "confirm"):
        early = await send(client, token, stage, signature="Amina Okafor")
        assert early.status_code == 422
        links = page_of(early).select(".govuk-error-summary__list a")
        assert [link.get_text(strip=True) for link in links] == [
            "Open “Briefing note” before you sign",
            "Open “Advice for staff” before you sign",
        ]
        assert all(page_of(early).select_one(str(link["href"])) is not None for link in links)
    await opens(client, token, "note")
    assert "Sign" not in buttons_of(await client.get(f"/d/{token}"))
    await opens(client, token, "advice")
    assert "Sign" in buttons_of(await client.get(f"/d/{token}"))
    await send(client, token, "review", signature="Amina Okafor")
    assert (await send(client, token, "confirm", signature="Amina Okafor")).status_code == 303
    assert (await signature_of(site, "amina")).signed_at is not None


async def test_whoever_does_not_sign_need_not_open_anything(client: Browser, site: Site, token: str) -> None:
    said = {"decision": "reject", "comment": "Not before I am trained.", "signature": "Amina Okafor"}
    await send(client, token, "review", **said)
    assert (await send(client, token, "confirm", **said)).status_code == 303
    assert (await signature_of(site, "amina")).declined_at is not None


@pytest.mark.meets("ACK-18")
async def test_following_links_opens_nothing_and_the_button_does_once(client: Browser, site: Site, token: str) -> None:
    for path in (f"/d/{token}", f"/d/{token}/readings/note", f"/d/{token}/readings/advice"):
        await client.get(path)
    assert (await client.get("/d/open")).status_code in {404, 405}
    assert (await client.get(f"/d/{token}/readings/note")).headers["Location"] == f"/d/{token}#readings"
    assert await opened(site) == []
    for _ in range(2):
        done = await opens(client, token, "note")
        assert (done.status_code, done.headers["Location"]) == (303, f"/d/{token}/readings/note")
    assert await opened(site) == ["note"]


async def test_a_reading_leads_where_the_pack_says_and_nowhere_else(client: Browser, site: Site, token: str) -> None:
    shown = await client.get((await opens(client, token, "note")).headers["Location"])
    links = [link for link in page_of(shown).select("main a") if "//" in str(link["href"])]
    assert [(str(link["href"]), link.get("rel")) for link in links] == [(ADDRESS, ["noopener", "noreferrer"])]
    assert "Think first." in text_of(await client.get((await opens(client, token, "advice")).headers["Location"]))
    for key in ("other", "//evil.example", "https://evil.example/"):
        assert (await opens(client, token, key)).status_code == 404
    more = {"token": token, "reading": "note", "address": "https://evil.example/"}
    assert (await client.post("/d/open", more)).status_code == 422
    assert await opened(site) == ["note", "advice"]


async def test_nobody_opens_for_somebody_else(client: Browser, site: Site, token: str, signed_in: SignedIn) -> None:
    ben = await signed_in(BEN)
    assert (await opens(ben, token, "note")).status_code == 403
    assert (await client.post("/d/open", {"token": "x" * 43, "reading": "note"})).status_code == 404
    row = await signature_of(site, "amina")
    assert (await ben.post(f"/tasks/{row.reference}/a1/open", {"reading": "note"})).status_code == 404
    path = f"/tasks/{(await signature_of(site, 'ben')).reference}/a1"
    assert (await client.post(f"{path}/open", {"reading": "note"})).status_code == 401
    assert await opened(site) == []
    await ben.get(path)
    done = await ben.post(f"{path}/open", {"reading": "note", "version": "1"})
    assert "It is on record that you opened it" in text_of(await ben.get(done.headers["Location"]))
    assert (await opened(site), await opened(site, "ben")) == ([], ["note"])


async def test_after_signing_nothing_is_opened_any_more(client: Browser, site: Site, token: str) -> None:
    for key in ("note", "advice"):
        await opens(client, token, key)
    await send(client, token, "review", signature="Amina Okafor")
    await send(client, token, "confirm", signature="Amina Okafor")
    assert (await opens(client, token, "note")).status_code == 410
    assert (await client.get(f"/d/{token}/readings/note")).status_code == 410
    assert await opened(site) == ["note", "advice"]


async def test_where_the_case_cannot_be_reached_nothing_is_opened_and_that_is_said(
    client: Browser, site: Site, running: Running, token: str
) -> None:
    running.lost = True
    answer = await opens(client, token, "note")
    assert answer.status_code == 503
    assert "It could not be put on record that you opened it" in text_of(answer)
    assert ADDRESS not in answer.text


@pytest.mark.meets("ACK-18")
async def test_those_who_see_to_it_see_who_has_opened_what_and_everybody_else_nothing(
    client: Browser, site: Site, campaign: str, token: str, signed_in: SignedIn
) -> None:
    await opens(client, token, "note")
    text = text_of(await (await signed_in(HELEN)).get(campaign))
    assert "Briefing note: opened by 1 of 7" in text
    assert "Advice for staff: opened by 0 of 7" in text
    assert "Has opened: Briefing note." in text
    assert text.count("Has opened nothing yet of what else there is to read.") == 6
    assert (await (await signed_in(BEN)).get(campaign)).status_code == 404


# The countersignature, and certificates.


@pytest.mark.meets("ACK-02")
async def test_a_seat_signs_for_the_school_and_stands_on_every_certificate(
    client: Browser, site: Site, running: Running, campaign: str, token: str, signed_in: SignedIn
) -> None:
    case = await case_of(site, campaign)
    dev = await signed_in("dev@elmbrook.example")
    path = f"/tasks/{campaign.rpartition('/')[2]}/a1"
    shown = text_of(await dev.get(path))
    assert f"“{OFFICER}”" in shown
    assert "You are signing as Dev Patel , Deputy headteacher" in shown or "Dev Patel, Deputy headteacher" in shown
    said = {"version": "1", "decision": "approve", "signature": "D. Patel"}
    await dev.post(path, {**said, "stage": "review"})
    receipt = await dev.get((await dev.post(path, {**said, "stage": "confirm"})).headers["Location"])
    assert "Dev Patel, signed as D. Patel" in text_of(receipt)
    [approved] = [event for event in await events_of(site, case) if isinstance(event, Approved)]
    assert (approved.by, approved.signature.attestation) == ("dev", OFFICER)
    for key in ("note", "advice"):
        await opens(client, token, key)
    await send(client, token, "review", signature="Amina Okafor")
    done = await send(client, token, "confirm", signature="Amina Okafor")
    text = text_of(await client.get(done.headers["Location"]))
    assert "Signed for the school by Dev Patel, Deputy headteacher, on Monday 2 November 2026 at 9:30am" in text
    assert "Opened before signing Briefing note, June 2015, on Monday 2 November 2026 at 9:30am" in text


@pytest.mark.skipif(not documents.can_print(), reason="the extra pdf is not here")
async def test_the_certificate_on_paper_says_what_was_opened_and_who_signed_for_the_school(
    client: Browser, site: Site, running: Running, campaign: str, token: str
) -> None:
    from pypdf import PdfReader

    for key in ("note", "advice"):
        await opens(client, token, key)
    await send(client, token, "review", signature="Amina Okafor")
    await send(client, token, "confirm", signature="Amina Okafor")
    first = await client.get(f"/d/{token}/certificate.pdf")
    assert "Signed for the school" not in _paper(PdfReader(io.BytesIO(first.content)).pages[0].extract_text())
    await answered(running, "dev", "a1", await case_of(site, campaign), confirmations=())
    text = _paper(
        PdfReader(io.BytesIO((await client.get(f"/d/{token}/certificate.pdf")).content)).pages[0].extract_text()
    )
    assert "Opened before signing Briefing note, June 2015, on" in text
    assert "Signed for the school by Dev Patel, Deputy headteacher, on" in text


def _paper(text: str) -> str:
    return " ".join(text.split())


# Trainings.


@pytest.mark.meets("ACK-11")
async def test_the_owner_puts_on_record_who_attended_which_training(
    site: Site, campaign: str, signed_in: SignedIn
) -> None:
    helen = await signed_in(HELEN)
    path = f"{campaign}/record/training_attended"
    assert path in (await helen.get(campaign)).text
    occasion = page_of(await helen.get(path)).select_one("[name=occasion]")
    assert occasion is not None
    told: Mapping[str, str] = {
        "occasion": str(occasion["value"]),
        "title": "Online safety for staff",
        "on-day": "2",
        "on-month": "11",
        "on-year": "2026",
        "note": "",
    }
    names = [("people-1", "Amina Okafor"), ("people-2", BEN)]
    early = await helen.post(path, [*told.items(), *names, ("stage", "review")])
    assert early.status_code == 200, text_of(early)
    done = await helen.post(path, [*told.items(), *names, ("stage", "confirm")])
    assert "Amina Okafor and Ben Carter" in text_of(await helen.get(done.headers["Location"]))
    assert "Online safety for staff, Monday 2 November 2026 Amina Okafor, Ben Carter" in text_of(
        await helen.get(campaign)
    ).replace(" ,", ",")
    async with site.db.read() as session:
        known = await reading.trainings_of(session, ORGANISATION, ("amina", "helen"))
    assert known == {"amina": ("Online safety for staff", date(2026, 11, 2))}


async def test_of_several_trainings_the_latest_is_known(site: Site, running: Running, campaign: str) -> None:
    case = await case_of(site, campaign)
    for day in (date(2026, 10, 1), date(2026, 9, 1)):
        entry = TrainingAttended(title=f"Training of {day}", on=day, people=("amina",))
        assert (await running.act(case, put_on_record(entry, "helen", str(day)))).says == "done"
    async with site.db.read() as session:
        known = await reading.trainings_of(session, ORGANISATION, ("amina",))
        elsewhere = await reading.trainings_of(session, "redwood", ("amina",))
    assert (known["amina"], elsewhere) == (("Training of 2026-10-01", date(2026, 10, 1)), {})


# What comes round each term.

ALSO_HER: Final = 2
"""How often the roll is called until it has somebody who came later."""

TERMS: Final = (
    Period(name="Autumn", first=date(2026, 9, 2), last=date(2026, 12, 18)),
    Period(name="Spring", first=date(2027, 1, 4), last=date(2027, 3, 25)),
)
EACH_TERM: Final = with_campaign(PAPERS, every="term").model_copy(
    update={"calendar": PAPERS.calendar.model_copy(update={"terms": TERMS})}
)


async def look(site: Site, running: Running, at: datetime) -> None:
    """Have the lookout look at Elmbrook at a moment."""
    rounds = Rounds(site.db, site.keys, cast("Jobs", running), lambda: {ORGANISATION: EACH_TERM}, lambda: at)
    await rounds.look_at(ORGANISATION, at.isoformat(), at.date())


async def campaigns(site: Site) -> list[CampaignRow]:
    async with site.db.read() as session:
        return list(await reading.campaigns_of(session, ORGANISATION, "code"))


async def signatures(site: Site, case: str) -> list[SignatureRow]:
    async with site.db.read() as session:
        return list(await reading.signatures(session, case))


@pytest.mark.meets("ACK-12", "ACK-13", "ACK-19")
async def test_everybody_is_asked_anew_each_term_by_itself_and_once(
    site: Site, running: Running, client: Browser, clock: Clock
) -> None:
    autumn, spring = datetime(2026, 11, 2, 9, 30, tzinfo=UTC), datetime(2027, 1, 4, 9, 30, tzinfo=UTC)
    await taken_on(site, running, "code")
    for _ in range(3):
        await look(site, running, autumn)
    assert len(await campaigns(site)) == 1
    token = await a_link_to_sign(site, "amina")
    clock.pass_time(days=60)
    await look(site, running, datetime(2026, 12, 31, 9, tzinfo=UTC))
    assert len(await campaigns(site)) == 1
    clock.pass_time(days=3)
    for _ in range(3):
        await look(site, running, spring)
    latest, before = await campaigns(site)
    assert before.over_at is not None
    assert latest.over_at is None
    gone = await client.get(f"/d/{token}")
    assert gone.status_code == 410
    assert "You are asked again" in text_of(gone)
    assert (await client.get(f"/d/{await a_link_to_sign(site, 'amina')}")).status_code == 200


@pytest.mark.meets("ACK-12")
async def test_whoever_joins_in_the_middle_of_a_term_is_asked_then_with_days_of_their_own(
    site: Site, running: Running, clock: Clock
) -> None:
    await taken_on(site, running, "code")
    await look(site, running, datetime(2026, 11, 2, 9, 30, tzinfo=UTC))
    clock.pass_time(days=21)
    async with site.db.write() as session:
        await people.save(session, [a_person("nora", "Nora New")])
    await look(site, running, datetime(2026, 11, 23, 9, 30, tzinfo=UTC))
    [campaign] = await campaigns(site)
    async with asyncio.timeout(5):
        while sum(isinstance(one, RollCalled) for one in await events_of(site, campaign.case)) < ALSO_HER:
            await asyncio.sleep(0.01)
    found = [row for row in await signatures(site, campaign.case) if row.person == "nora"]
    [row] = found
    assert row.asked_at.date() == date(2026, 11, 23)


async def test_what_the_owner_closed_or_asked_for_in_this_term_does_not_begin_again_before_the_next(
    site: Site, running: Running, signed_in: SignedIn
) -> None:
    await taken_on(site, running, "code")
    await asked_to_sign(await signed_in(ADA))
    await look(site, running, datetime(2026, 11, 2, 9, 30, tzinfo=UTC))
    assert len(await campaigns(site)) == 1
