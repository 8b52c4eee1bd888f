"""The page of webhooks: made by administrators, its secret shown once; what did not arrive can be told again."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from httpx2 import ASGITransport, AsyncClient, Response

from domain.interface import KINDS
from starter.web import create_app
from starter.web.site import Site
from store import webhooks
from store.webhooks import GIVES_UP_AFTER, WebhookRow
from tests.builders import ADA, ORGANISATION
from tests.starter.web.conftest import BASE_URL, Browser, SignedIn, page_of
from tests.starter.web.running import Running, requested
from tests.starter.web.school import RUTH

PLACE = "/admin/webhooks"
ADDRESS = "https://example.org/duly"
SECRET = re.compile(r"<code[^>]*>([A-Za-z0-9_-]{43})</code>")


@pytest.fixture
async def ada(signed_in: SignedIn) -> Browser:
    return await signed_in(ADA.email, strong=True)


async def make(browser: Browser, *kinds: str, **more: str) -> Response:
    field = page_of(await browser.get(PLACE)).select_one("input[name=id]")
    assert field is not None
    fields = {"id": str(field["value"]), "address": ADDRESS, **more}
    return await browser.post(PLACE, [*fields.items(), *(("kind", kind) for kind in kinds or ("case_ended",))])


async def kept(site: Site, organisation: str = ORGANISATION) -> list[WebhookRow]:
    async with site.db.read() as session:
        return list(await webhooks.webhooks_of(session, organisation))


def errors_in(answer: Response) -> list[str]:
    assert answer.status_code == 422
    page = page_of(answer)
    links = [str(link["href"]) for link in page.select(".govuk-error-summary a")]
    assert all(page.select(link) for link in links)
    return links


async def test_a_webhook_is_made_and_its_secret_shown_once(ada: Browser, site: Site) -> None:
    made = await make(ada, "case_ended", "approved")
    [secret] = SECRET.findall(made.text)
    [row] = await kept(site)
    assert (row.address, row.kinds, row.made_by) == (ADDRESS, "approved case_ended", ADA.id)
    assert webhooks.secret_of(site.keys.ring, row) == secret
    page = await ada.get(PLACE)
    assert secret not in page.text
    assert f"Made by {ADA.name}" in page.text
    assert KINDS["approved"] in page.text


async def test_the_page_sent_again_makes_no_other(ada: Browser, site: Site) -> None:
    assert (await make(ada, id="0" * 32)).status_code == 200
    assert (await make(ada, id="0" * 32)).status_code == 303
    assert len(await kept(site)) == 1


async def test_whoever_did_not_confirm_who_they_are_makes_none(signed_in: SignedIn, site: Site) -> None:
    assert (await make(await signed_in(ADA.email))).status_code == 401
    assert await kept(site) == []


async def test_what_does_not_fit_is_said_at_once_and_kept_as_typed(ada: Browser, site: Site) -> None:
    field = page_of(await ada.get(PLACE)).select_one("input[name=id]")
    assert field is not None
    answer = await ada.post(PLACE, {"id": str(field["value"]), "address": "ftp://example.org"})
    assert errors_in(answer) == ["#address", "#kind"]
    assert "ftp://example.org" in answer.text
    assert (await make(ada, "lado_referral_made")).status_code == 422
    assert await kept(site) == []


async def test_in_live_mode_no_webhook_leads_inside(ada: Browser, site: Site) -> None:
    live = AsyncClient(
        transport=ASGITransport(create_app(replace(site, demo=False))), base_url=BASE_URL, cookies=ada.client.cookies
    )
    async with live:
        browser = Browser(live, ada.form_token)
        for address in ("http://example.org/", "https://127.0.0.1/", "https://localhost:8000/", "https://[::1]/"):
            assert errors_in(await make(browser, address=address)) == ["#address"]
        assert (await make(browser)).status_code == 200
    assert len(await kept(site)) == 1
    assert (await make(ada, address="http://127.0.0.1:9999/")).status_code == 200


async def test_a_webhook_is_of_one_organisation(ada: Browser, signed_in: SignedIn, site: Site) -> None:
    await make(ada)
    [row] = await kept(site)
    ruth = await signed_in(RUTH.email, strong=True)
    assert ADDRESS not in (await ruth.get(PLACE)).text
    assert (await ruth.post(f"{PLACE}/{row.id}/end")).status_code == 404
    await ruth.post(f"{PLACE}/{row.id}/again")
    assert len(await kept(site)) == 1
    assert (await ada.post(f"{PLACE}/{row.id}/end")).status_code == 303
    assert await kept(site) == []
    assert (await ada.post(f"{PLACE}/{row.id}/end")).status_code == 404


async def test_what_did_not_arrive_is_shown_to_administrators_and_told_again(
    ada: Browser, site: Site, running: Running
) -> None:
    await make(ada, "request_submitted")
    [hook] = await kept(site)
    await requested(running)
    then = site.clock() + GIVES_UP_AFTER
    async with site.db.write() as session:
        [delivery] = await webhooks.left_behind(session, then, timedelta())
        await webhooks.note_try(session, delivery, "status_503", site.clock(), delivered=False)
        await webhooks.see_to_old(session, then)
    page = (await ada.get(PLACE)).text
    assert "K7QM-4TXR" in page
    assert "It answered with the status 503" in page
    assert "A webhook was not told" in (await ada.get("/admin")).text
    assert (await ada.post(f"{PLACE}/{hook.id}/again")).status_code == 303
    assert "K7QM-4TXR" not in (await ada.get(PLACE)).text
    async with site.db.read() as session:
        assert await webhooks.left_behind(session, site.clock(), timedelta()) == [delivery]


async def test_a_program_of_an_administrator_reads_what_did_not_arrive(
    ada: Browser, site: Site, running: Running
) -> None:
    await make(ada, "request_submitted")
    await requested(running)
    async with site.db.write() as session:
        await webhooks.see_to_old(session, site.clock() + GIVES_UP_AFTER)
    field = page_of(await ada.get("/api-tokens")).select_one("input[name=id]")
    assert field is not None
    sent = {"id": str(field["value"]), "name": "a", "lasts": "30", "scope": "webhooks"}
    [token] = re.findall(r"duly_[A-Za-z0-9_-]{43}", (await ada.post("/api-tokens", sent)).text)
    headers = {"Authorization": f"Bearer {token}"}
    [hook] = (await ada.client.get("/api/v1/webhooks", headers=headers)).json()["webhooks"]
    assert (hook["address"], hook["kinds"]) == (ADDRESS, ["request_submitted"])
    [lost] = hook["undelivered"]
    assert (lost["case"], lost["kind"], lost["said"]) == ("K7QM-4TXR", "request_submitted", "")
