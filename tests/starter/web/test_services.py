"""The page of services and tokens: a service takes two administrators, one ends it, and nobody sees a token twice."""

import re
from collections.abc import Mapping
from datetime import date, timedelta

import pytest
from httpx2 import Response

from domain.interface import Service
from starter.web.site import Site
from store import people, power, services
from tests.builders import ADA, AMINA, BEN, ORGANISATION, a_person
from tests.starter.api.conftest import a_token
from tests.starter.web.conftest import Browser, Clock, RememberedCases, SignedIn, page_of
from tests.starter.web.running import Running, requested
from tests.starter.web.school import RUTH

NINA = a_person("nina", "Nina Shah", administrator=True)
PLACE = "/admin/tokens"
POWERS = "/admin/changes-of-power"
TOKEN = re.compile(r"duly_[A-Za-z0-9_-]{43}")
TYPED = {"name": "School's system", "why": "It shows open requests on the portal.", "until": "2027-03-31"}


@pytest.fixture
async def nina(site: Site, signed_in: SignedIn) -> Browser:
    """Have Nina administer Elmbrook beside Ada."""
    async with site.db.write() as session:
        await people.save(session, (NINA,))
    return await signed_in(NINA.email, strong=True)


@pytest.fixture
async def ada(signed_in: SignedIn) -> Browser:
    return await signed_in(ADA.email, strong=True)


async def make(browser: Browser, *scopes: str, **more: str) -> Response:
    """Fill in the page as it is, and send it."""
    field = page_of(await browser.get(PLACE)).select_one("main input[name=id]")
    fields: Mapping[str, str] = {"id": str(field["value"]) if field else "0" * 32, **TYPED, **more}
    return await browser.post(PLACE, [*fields.items(), *(("scope", scope) for scope in scopes or ("cases:read",))])


async def made(browser: Browser, *scopes: str, **more: str) -> str:
    """Return the token that the page shows."""
    answer = await make(browser, *scopes, **more)
    assert answer.status_code == 200
    [token] = TOKEN.findall(answer.text)
    return str(token)


async def settle(browser: Browser, answer: str = "confirm") -> int:
    """Answer the first change that waits; return what came of it."""
    field = page_of(await browser.get(POWERS)).select_one("main input[name=change]")
    sent = {"change": str(field["value"]) if field else "none", "answer": answer}
    return (await browser.post(POWERS, sent)).status_code


async def calls(browser: Browser, token: str, path: str = "/cases") -> int:
    header = {"Authorization": f"Bearer {token}"}
    return (await browser.client.get(f"/api/v1{path}", headers=header)).status_code


async def end(browser: Browser, what: str = "services") -> int:
    """Press the first button that ends something of that kind."""
    form = page_of(await browser.get(PLACE)).select_one(f"main form[action^='/admin/{what}/']")
    assert form is not None
    return (await browser.post(str(form["action"]))).status_code


def rows_of(answer: Response) -> list[str]:
    return [re.sub(r"\s+", " ", row.get_text(" ")).strip() for row in page_of(answer).select("main .duly-rows li")]


async def test_a_service_takes_two_administrators_and_its_token_is_shown_once(
    ada: Browser, nina: Browser, running: Running, cases: RememberedCases
) -> None:
    await requested(running)
    token = await made(ada, "cases:read", "webhooks")
    assert await calls(ada, token) == 401
    [row] = rows_of(await ada.get(PLACE))
    assert "Made by Ada Quinn on Monday 2 November 2026" in row
    assert "Waits for another administrator to confirm it. Its last day is 31 March 2027. Never used." in row
    assert ("nina", "/admin/changes-of-power") in {(mail.person, mail.path) for mail in cases.mails}
    assert any("School's system" in title for mail in cases.mails for title in mail.titles)
    asked = page_of(await nina.get(POWERS)).get_text(" ")
    assert "School's system: Service Now There is no such service Then It has a token" in re.sub(r"\s+", " ", asked)
    assert "until 31 March 2027. It may: Read all ordinary requests" in re.sub(r"\s+", " ", asked)
    assert TYPED["why"] in asked
    assert await settle(nina) == 303
    assert await calls(ada, token) == 200
    assert await calls(ada, token, "/cases/K7QM-4TXR") == 200
    assert await calls(ada, token, "/webhooks") == 200
    page = await nina.get(PLACE)
    assert (
        "Confirmed by Nina Shah. Its last day is 31 March 2027. Last used on Monday 2 November 2026."
        in rows_of(page)[0]
    )
    assert not TOKEN.search(page.text)


async def test_whoever_asks_for_a_service_does_not_confirm_it(ada: Browser, nina: Browser) -> None:
    token = await made(ada)
    assert await settle(ada) == 404
    assert "You proposed it" in (await ada.get(POWERS)).text or "It concerns you" in (await ada.get(POWERS)).text
    assert await calls(nina, token) == 401


async def test_what_is_refused_or_waits_for_too_long_never_opens_anything(
    ada: Browser, nina: Browser, site: Site, clock: Clock
) -> None:
    refused, forgotten = await made(ada), await made(ada, name="Another")
    assert await settle(nina, "refuse") == 303
    clock.pass_time(days=31)
    async with site.db.write() as session:
        await power.expire(session, clock())
    async with site.db.read() as session:
        assert [row.ended_by for row in await services.services_of(session, ORGANISATION) if row.ended_at] != []
        assert all(row.ended_at for row in await services.services_of(session, ORGANISATION))
    assert [await calls(ada, token) for token in (refused, forgotten)] == [401, 401]


async def test_one_administrator_ends_a_service_at_once_and_it_says_who(ada: Browser, nina: Browser) -> None:
    token = await made(ada)
    await settle(nina)
    assert await calls(ada, token) == 200
    assert await end(nina) == 303
    assert await calls(ada, token) == 401
    page = await ada.get(PLACE)
    assert "Ended by Nina Shah on 2 November 2026" in rows_of(page)[0]
    assert "End this service" not in page.text


async def test_a_service_that_was_ended_before_it_was_confirmed_is_confirmed_by_nobody(
    ada: Browser, nina: Browser
) -> None:
    token = await made(ada)
    change = str(page_of(await nina.get(POWERS)).select("main input[name=change]")[0]["value"])
    assert await end(ada) == 303
    assert "No change waits." in (await nina.get(POWERS)).text
    await nina.post(POWERS, {"change": change, "answer": "confirm"})
    assert await calls(ada, token) == 401
    assert "Withdrawn" in (await nina.get(POWERS)).text


async def test_a_service_is_over_after_its_last_day(ada: Browser, nina: Browser, clock: Clock) -> None:
    token = await made(ada, until="2026-11-03")
    await settle(nina)
    clock.now = clock.now.replace(day=3, hour=23, minute=59)
    assert await calls(ada, token) == 200
    clock.pass_time(minutes=1)
    assert await calls(ada, token) == 401


async def test_the_page_sent_again_makes_no_other_service(ada: Browser, nina: Browser, site: Site) -> None:
    del nina
    assert (await make(ada, id="0" * 32)).status_code == 200
    again = await make(ada, id="0" * 32)
    assert (again.status_code, again.headers["Location"]) == (303, PLACE)
    assert (await make(ada, id="nothing")).status_code == 422
    async with site.db.read() as session:
        assert len(await services.services_of(session, ORGANISATION)) == 1


async def test_a_single_administrator_makes_none(ada: Browser, site: Site) -> None:
    assert "There is no other administrator now" in (await ada.get(PLACE)).text
    assert not TOKEN.search((await make(ada)).text)
    async with site.db.read() as session:
        assert await services.services_of(session, ORGANISATION) == []


async def test_whoever_did_not_confirm_who_they_are_makes_none(nina: Browser, signed_in: SignedIn) -> None:
    del nina
    answer = await make(await signed_in(ADA.email))
    assert answer.status_code == 401
    assert "School&#39;s system" in answer.text


@pytest.mark.parametrize(
    ("typed", "faulty"),
    [
        ({"name": " "}, "name"),
        ({"name": "x" * 61}, "name"),
        ({"why": ""}, "why"),
        ({"why": "x" * 501}, "why"),
        ({"until": ""}, "until"),
        ({"until": "next week"}, "until"),
        ({"until": "2026-11-01"}, "until"),
        ({"until": "2027-11-03"}, "until"),
    ],
)
async def test_what_does_not_fit_is_said_beside_it_and_what_was_typed_is_kept(
    ada: Browser, nina: Browser, typed: dict[str, str], faulty: str
) -> None:
    del nina
    answer = await make(ada, "webhooks", **typed)
    page = page_of(answer)
    assert answer.status_code == 422
    assert [link["href"] for link in page.select(".govuk-error-summary a")] == [f"#{faulty}"]
    assert page.select(f"#{faulty}-error")
    kept = page.select_one("#why")
    assert kept is not None
    assert kept.get_text().strip() == typed.get("why", TYPED["why"])
    assert [box["value"] for box in page.select("input[name=scope][checked]")] == ["webhooks"]


@pytest.mark.parametrize("scope", ["cases:start", "cases:answer", "everything"])
async def test_no_service_is_made_that_starts_or_answers(ada: Browser, nina: Browser, scope: str) -> None:
    del nina
    assert (await make(ada, scope)).status_code == 422


async def test_administrators_see_and_end_the_tokens_of_others_and_never_a_token(
    ada: Browser, signed_in: SignedIn, site: Site, clock: Clock
) -> None:
    token = await a_token(site, AMINA.email, "cases:read")
    assert await calls(ada, token) == 200
    page = await ada.get(PLACE)
    [row] = rows_of(page)
    assert row.startswith("Amina Okafor : a program Read the requests that they may see")
    assert "Last used on Monday 2 November 2026" in row
    assert not TOKEN.search(page.text)
    assert await end(ada, "tokens") == 303
    assert await calls(ada, token) == 401
    assert "Nobody has one." in (await ada.get(PLACE)).text
    hers = await (await signed_in(AMINA.email)).get("/api-tokens")
    assert "ended by Ada Quinn on Monday 2 November 2026" in hers.text
    clock.pass_time(days=1)


async def test_nobody_ends_what_is_of_another_organisation(
    ada: Browser, nina: Browser, signed_in: SignedIn, site: Site
) -> None:
    token, service = await a_token(site, BEN.email), await made(ada)
    await settle(nina)
    forms = [str(form["action"]) for form in page_of(await ada.get(PLACE)).select("main form[action$='/end']")]
    assert len(forms) == 2
    ruth = await signed_in(RUTH.email, strong=True)
    assert rows_of(await ruth.get(PLACE)) == []
    for form in forms:
        await ruth.post(form)
    assert [await calls(ada, one) for one in (token, service)] == [200, 200]


async def test_a_leavers_tokens_end_at_once_and_whose_service_it_was_is_said(
    ada: Browser, nina: Browser, site: Site, clock: Clock
) -> None:
    own, service = await a_token(site, ADA.email), await made(ada)
    await settle(nina)
    assert [await calls(nina, one) for one in (own, service)] == [200, 200]
    async with site.db.write() as session:
        await people.save(session, (ADA.model_copy(update={"leaves_on": clock().date() - timedelta(days=1)}),))
    assert await calls(nina, own) == 401
    page = await nina.get(PLACE)
    assert "Made by Ada Quinn, who has left" in rows_of(page)[0]
    assert "Nobody has one." in page.text
    await end(nina)
    assert await calls(nina, service) == 401


async def test_an_organisation_has_no_hoard_of_services(ada: Browser, nina: Browser, site: Site) -> None:
    del nina
    async with site.db.write() as session:
        for number in range(services.MOST_SERVICES):
            wanted = Service(name="x", scopes=("webhooks",), until=date(2027, 1, 1), made_by=ADA.id)
            id_ = f"{number:032}"
            await services.make(session, id_=id_, organisation=ORGANISATION, service=wanted, at=site.clock())
    answer = await make(ada)
    assert [link["href"] for link in page_of(answer).select(".govuk-error-summary a")] == ["#name"]
