"""Whoever lost a seat, or stood in for somebody, decides nothing from that moment on, though nobody looked yet."""

import pytest
from httpx2 import Response

from domain.calendar import Period
from domain.cases import Act
from domain.people import Person
from store import packs, people
from store.tables import AskRow
from tests.builders import (
    AMINA,
    ANSWERS,
    BEN,
    DEV,
    HEADTEACHER,
    HELEN,
    LINE_MANAGER,
    MONDAY,
    OTTO,
    PACK,
    PROCESS,
    a_person,
    an_opening,
)
from tests.starter.web import living
from tests.starter.web.conftest import Browser, Clock, SignedIn
from tests.starter.web.running import Running, a_link, answered, link_row, requested
from tests.starter.web.test_decide import SIGNED, decide, review, text_of, the_history

NOT_THEIRS = "You are not asked this any more"
TASK = "/tasks/K7QM-4TXR"
HELENS = {"signature": "Helen Marsh", "confirm-resources": "yes"}
GIVEN_UP = HELEN.model_copy(update={"holdings": ()})
AWAY = Period(name="away", first=MONDAY.date(), last=MONDAY.date())


async def change(running: Running, *changed: Person) -> None:
    """Change people in the directory, with nobody looking whom that concerns."""
    async with running.site.db.write() as session:
        await people.save(session, changed)


@pytest.fixture
async def helens(running: Running) -> str:
    """Return the token that Helen was mailed as the headteacher, whose turn it is."""
    await requested(running)
    await answered(running, "ben", "a1")
    return await a_link(running.site, HELEN, "a2")


async def nothing_decided(running: Running) -> None:
    """Make sure that nobody but Ben did anything, and that this is all there is on record."""
    assert [act.person for act in running.acts] == ["ben"]
    assert [said.event.kind for said in await the_history(running.site)].count("approved") == 1


def refused(*answers: Response) -> None:
    for answer in answers:
        assert answer.status_code == 410
        assert NOT_THEIRS in text_of(answer)
        assert "Science club" not in answer.text


async def test_who_lost_the_seat_decides_nothing_by_a_link_from_that_moment_on(
    client: Browser, running: Running, helens: str
) -> None:
    assert (await review(client, helens)).status_code == 200
    await change(running, GIVEN_UP)
    refused(
        await client.get(f"/d/{helens}"),
        await decide(client, helens, **HELENS),
        await client.get(f"/d/{helens}/receipt"),
        await client.get(f"/d/{helens}/step-aside"),
        await client.post("/d/step-aside", {"token": helens, "stage": "confirm", "comment": "My sister."}),
        await client.post("/d/new-link", {"token": helens}),
    )
    await nothing_decided(running)
    assert (await link_row(running.site, helens)).status == "open"


async def test_nor_signed_in(running: Running, helens: str, signed_in: SignedIn) -> None:
    del helens
    browser = await signed_in(HELEN.email)
    signed = {**SIGNED, "version": "1", **HELENS}
    assert (await browser.post(f"{TASK}/a2", {**signed, "stage": "review"})).status_code in {200, 422}
    await change(running, GIVEN_UP)
    refused(
        await browser.get(f"{TASK}/a2"),
        await browser.post(f"{TASK}/a2", signed),
        await browser.get(f"{TASK}/a2/receipt"),
        await browser.post(f"{TASK}/a2/step-aside", {"stage": "confirm", "comment": "My sister."}),
    )
    await nothing_decided(running)
    assert f"{TASK}/a2" not in (await browser.get("/cases/K7QM-4TXR")).text


async def test_what_is_said_is_the_same_before_and_after_somebody_looked(
    client: Browser, running: Running, helens: str
) -> None:
    await change(running, GIVEN_UP, DEV)
    before = await client.get(f"/d/{helens}")
    assert (await running.act("c-1", Act(kind="look_up", person="duly", how="duly", ask="a2"))).says == "done"
    await running.settled("c-1")
    after = await client.get(f"/d/{helens}")
    refused(before, after)
    assert (await client.get(f"/d/{await a_link(running.site, DEV, 'a2')}")).status_code == 200


async def test_who_has_the_seat_back_decides_by_the_same_link(client: Browser, running: Running, helens: str) -> None:
    await change(running, GIVEN_UP)
    refused(await client.get(f"/d/{helens}"))
    await change(running, HELEN)
    assert (await decide(client, helens, **HELENS)).status_code == 303


@pytest.mark.parametrize(
    "ben",
    [
        BEN.model_copy(update={"deputy": "dev"}),
        BEN.model_copy(update={"deputy": None, "absences": (AWAY,)}),
        BEN.model_copy(update={"deputy": "otto", "absences": (AWAY,)}),
    ],
    ids=["back", "no deputy", "another deputy"],
)
async def test_a_deputy_decides_for_as_long_as_they_stand_in_and_whom_they_stand_in_for_at_any_time(
    client: Browser, running: Running, ben: Person
) -> None:
    nina = a_person("nina", "Nina Shah")
    await change(running, nina, BEN.model_copy(update={"deputy": "nina", "absences": (AWAY,)}))
    await requested(running)
    bens, ninas = await a_link(running.site, BEN), await a_link(running.site, nina)
    assert (await client.get(f"/d/{ninas}")).status_code == 200
    await change(running, ben)
    refused(await client.get(f"/d/{ninas}"), await decide(client, ninas, signature="Nina Shah"))
    assert running.acts == []
    assert (await decide(client, bens)).status_code == 303


async def test_an_absence_that_is_over_ends_what_a_deputy_may_decide_at_midnight(
    client: Browser, running: Running, clock: Clock
) -> None:
    await change(running, BEN.model_copy(update={"deputy": "otto", "absences": (AWAY,)}))
    await requested(running)
    ottos = await a_link(running.site, OTTO)
    assert (await review(client, ottos)).status_code == 200
    clock.pass_time(days=1)
    refused(await decide(client, ottos, signature="Otto Lind"))


async def test_who_takes_over_what_they_may_not_decide_decides_nothing(
    client: Browser, running: Running, helens: str
) -> None:
    """Whose own the request is does not decide it, in whatever seat."""
    await change(running, GIVEN_UP, AMINA.model_copy(update={"holdings": HELEN.holdings}))
    refused(await client.get(f"/d/{helens}"))


async def test_an_ask_that_was_escalated_goes_on_asking_those_of_both_seats(
    client: Browser, running: Running, clock: Clock
) -> None:
    steps = (LINE_MANAGER.model_copy(update={"escalate_on": 7}), HEADTEACHER)
    async with running.site.db.write() as session:
        digest = await packs.keep(session, PACK)
    process = PROCESS.model_copy(update={"steps": steps})
    await running.begin(an_opening().model_copy(update={"pack_digest": digest, "process": process}))
    bens = await a_link(running.site, BEN)
    clock.pass_time(days=12)
    await running.act("c-1", Act(kind="nudge", person="amina", how="session"))
    await running.settled("c-1")
    assert "escalated" in [said.event.kind for said in await the_history(running.site)]
    helens = await a_link(running.site, HELEN)
    for token in (bens, helens):
        assert (await client.get(f"/d/{token}")).status_code == 200
    await change(running, GIVEN_UP)
    refused(await client.get(f"/d/{helens}"))
    assert (await decide(client, bens)).status_code == 303


async def test_somebody_who_was_named_in_anothers_place_needs_no_seat(client: Browser, running: Running) -> None:
    await requested(running)
    bens = await a_link(running.site, BEN)
    reassign = Act(kind="reassign", person="ada", how="session", ask="a1", to="otto", comment="Ben is ill.")
    assert (await running.act("c-1", reassign)).says == "done"
    await running.settled("c-1")
    refused(await client.get(f"/d/{bens}"))
    await change(running, BEN.model_copy(update={"name": "Benjamin Carter"}))
    assert (await decide(client, await a_link(running.site, OTTO), signature="Otto Lind")).status_code == 303


async def test_an_ask_of_which_it_is_not_on_record_whom_it_may_ask_goes_by_whom_it_reached(
    client: Browser, running: Running, helens: str
) -> None:
    async with running.site.db.write() as session:
        (await session.get_one(AskRow, ("c-1", "a2"))).ladder = ""
    await change(running, GIVEN_UP)
    assert (await client.get(f"/d/{helens}")).status_code == 200


async def test_whom_the_request_itself_names_needs_no_seat(client: Browser, running: Running) -> None:
    await requested(running, answers={**ANSWERS, "line_manager": "helen"})
    helens = await a_link(running.site, HELEN)
    await change(running, GIVEN_UP)
    assert (await decide(client, helens, signature="Helen Marsh")).status_code == 303


async def test_who_gave_up_the_seat_that_looks_after_a_site_records_nothing_of_it(
    client: Browser, running: Running, signed_in: SignedIn
) -> None:
    await living.begun(running, author="somebody who left", administrators=("amina", "ben"))
    helens = await a_link(running.site, HELEN, case="c-life")
    browser, record = await signed_in(HELEN.email), f"{living.CASE}/record/site_went_live"
    assert [(await client.get(f"/d/{helens}")).status_code, (await browser.get(record)).status_code] == [200, 200]
    await change(running, GIVEN_UP)
    sent = [("stage", "confirm"), ("occasion", "o" * 22), *living.TYPED]
    refused(await client.get(f"/d/{helens}"), await client.post("/d", [("token", helens), *sent]))
    for answer in (await browser.get(record), await browser.post(record, sent)):
        assert answer.status_code == 409
        assert "You are not asked for it now." in text_of(answer)
    assert running.acts == []
