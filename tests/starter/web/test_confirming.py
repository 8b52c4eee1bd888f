"""Confirming that it is you: who has to, how, for how long, and what happens to what was typed."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from httpx2 import ASGITransport, AsyncClient, Response
from starlette.responses import PlainTextResponse
from starlette.responses import Response as Answer

from domain.pack import Contact
from starter.web import PAGES, create_app
from starter.web.confirming import needs_strong
from starter.web.page import Page, Visit
from starter.web.signed_in import cookie_name
from starter.web.site import Site
from tests.builders import ORGANISATION
from tests.starter.web.conftest import BASE_URL, Browser, Clock, RememberedCases, SignedIn, page_of
from tests.starter.web.school import ELMBROOK

AMINAS = "amina@elmbrook.example"
HERE = "/confirm-it-is-you"


async def confidential(visit: Visit) -> Answer:
    """Stand in for any page of confidential work."""
    return needs_strong(visit) or PlainTextResponse(f"{visit.place('part')} {visit.viewer.strong} {dict(visit.sent)}")


@pytest.fixture
async def client(site: Site) -> AsyncIterator[Browser]:
    """Yield a browser at a demo site that has a page of confidential work."""
    pages = (*PAGES, Page("/confidential/{part}", confidential, ("GET", "POST"), "signed_in"))
    transport = ASGITransport(create_app(site, pages))
    async with AsyncClient(transport=transport, base_url=BASE_URL) as opened:
        yield Browser(opened)


async def sign_in(client: Browser, cases: RememberedCases) -> None:
    await client.post("/sign-in", {"address": AMINAS})
    await client.post("/sign-in/code", {"code": cases.mails[-1].code})
    await client.get(HERE)


async def confirm(client: Browser, cases: RememberedCases, **back: str) -> Response:
    await client.post(HERE, {"way": "send", **back})
    return await client.post(HERE, {"way": "mailed", "code": cases.mails[-1].code, **back})


async def test_in_the_demo_a_mailed_code_is_enough_and_every_page_says_so(
    client: Browser, cases: RememberedCases
) -> None:
    await sign_in(client, cases)
    assert (await client.get("/confidential/x")).text == "x True {}"
    banner = page_of(await client.get("/tasks")).select_one(".duly-demo")
    assert banner is not None
    assert "An emailed code is enough here" in banner.text
    assert "a live school needs its school account or an authenticator app" in banner.text


async def test_after_a_quarter_of_an_hour_only_ordinary_work_goes_on(
    client: Browser, cases: RememberedCases, clock: Clock
) -> None:
    await sign_in(client, cases)
    clock.pass_time(minutes=14, seconds=59)
    assert (await client.get("/confidential/x")).status_code == 200
    clock.pass_time(seconds=1)
    answer = await client.get("/confidential/x")
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{HERE}?next=confidential&at=x")
    assert (await client.get("/tasks")).status_code == 200


async def test_confirming_leads_back_and_renews_the_session(
    client: Browser, cases: RememberedCases, clock: Clock, site: Site
) -> None:
    await sign_in(client, cases)
    clock.pass_time(minutes=20)
    asks = await client.get((await client.get("/confidential/x")).headers["Location"])
    hidden = page_of(asks).select(f"form[action='{HERE}'] input[type=hidden]")
    back = {str(field["name"]): str(field["value"]) for field in hidden if field["name"] in {"next", "at"}}
    before = client.client.cookies.get(cookie_name(site, "session"))
    answer = await confirm(client, cases, **back)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/confidential/x")
    assert client.client.cookies.get(cookie_name(site, "session")) != before
    assert (await client.get("/confidential/x")).text == "x True {}"
    client.client.cookies.set(cookie_name(site, "session"), str(before), domain="127.0.0.1")
    assert (await client.get("/tasks")).headers["Location"].startswith("/sign-in")


async def test_what_was_sent_too_late_is_kept_and_sent_again(
    client: Browser, cases: RememberedCases, clock: Clock
) -> None:
    await sign_in(client, cases)
    clock.pass_time(minutes=20)
    kept = await client.post("/confidential/x", {"story": 'It was "so" <b>\nand so.', "empty": ""})
    assert kept.status_code == 401
    page = page_of(kept)
    assert page.select_one(f"a[href='{HERE}'][target=_blank]")
    form = page.select_one("form[action='/confidential/x']")
    assert form is not None
    fields = {str(field["name"]): str(field["value"]) for field in form.select("input[type=hidden]")}
    assert (await confirm(client, cases)).headers["Location"] == HERE
    assert "go back to it, and send again" in (await client.get(HERE)).text
    again = await client.post("/confidential/x", fields)
    assert again.text == "x True " + str({"story": 'It was "so" <b>\nand so.', "empty": ""})


async def test_a_code_that_is_wrong_is_asked_for_again(client: Browser, cases: RememberedCases, clock: Clock) -> None:
    await sign_in(client, cases)
    clock.pass_time(minutes=20)
    await client.post(HERE, {"way": "send"})
    answer = await client.post(HERE, {"way": "mailed", "code": "22222222"})
    assert answer.status_code == 422
    assert page_of(answer).select_one('.govuk-error-summary a[href="#mailed_code"]')
    assert (await client.get("/confidential/x")).status_code == 303


async def test_the_code_of_somebody_else_confirms_nobody(
    client: Browser, cases: RememberedCases, clock: Clock, site: Site
) -> None:
    await client.post("/sign-in", {"address": "ben@elmbrook.example"})
    bens = client.client.cookies.get(cookie_name(site, "browser"))
    code = cases.mails[-1].code
    await sign_in(client, cases)
    clock.pass_time(minutes=9)
    client.client.cookies.set(cookie_name(site, "browser"), str(bens), domain="127.0.0.1")
    answer = await client.post(HERE, {"way": "mailed", "code": code})
    assert answer.status_code == 422


@pytest.mark.parametrize("way", ["", "nothing", "school"])
async def test_a_way_that_is_not_on_the_page_is_none(client: Browser, cases: RememberedCases, way: str) -> None:
    await sign_in(client, cases)
    assert (await client.post(HERE, {"way": way})).status_code == 422


@pytest.mark.parametrize(("route", "at"), [("https://evil.example", ""), ("case", "../x"), ("nowhere", "")])
async def test_confirming_leads_nowhere_else(client: Browser, cases: RememberedCases, route: str, at: str) -> None:
    await sign_in(client, cases)
    assert (await confirm(client, cases, next=route, at=at)).headers["Location"] == "/"


class TestALiveSchoolWithNothingSetUp:
    @pytest.fixture
    def site(self, site: Site) -> Site:
        """Return a live site whose organisation says whom to call."""
        lado = Contact(key="lado", title="Designated Officer", name="Elm Council", phone="01632 960001")
        police = Contact(key="police", title="Police", phone="999, or 101")
        other = Contact(key="hr", title="Human Resources", phone="01632 960002")
        pack = ELMBROOK.model_copy(update={"contacts": (lado, police, other)})
        return replace(site, demo=False, packs={**site.packs, ORGANISATION: pack})

    async def test_a_mailed_code_signs_in_for_ordinary_work_alone(
        self, client: Browser, cases: RememberedCases
    ) -> None:
        await sign_in(client, cases)
        assert (await client.get("/tasks")).status_code == 200
        assert (await client.get("/confidential/x")).headers["Location"].startswith(HERE)
        assert "emailed code" not in (await client.get("/tasks")).text

    @pytest.mark.parametrize("way", ["send", "mailed"])
    async def test_no_code_is_mailed_to_confirm_with(
        self, signed_in: SignedIn, cases: RememberedCases, way: str
    ) -> None:
        browser = await signed_in(AMINAS)
        assert (await browser.post(HERE, {"way": way, "code": "ABCD2345"})).status_code == 422
        assert cases.mails == []

    async def test_the_page_says_how_to_be_set_up_and_whom_to_call_meanwhile(self, signed_in: SignedIn) -> None:
        page = page_of(await (await signed_in(AMINAS)).get(HERE))
        assert page.main is not None
        assert "nothing else has been set up for you" in page.main.text
        assert page.select_one("a[href='/confirm-it-is-you/set-up']")
        assert "Designated Officer, Elm Council: 01632 960001" in page.main.text
        assert "Police: 999, or 101" in page.main.text
        assert "01632 960002" not in page.main.text
        assert not page.select("main form")

    async def test_an_app_that_nobody_set_up_confirms_nobody(self, signed_in: SignedIn) -> None:
        assert (await (await signed_in(AMINAS)).post(HERE, {"way": "app", "code": "000000"})).status_code == 404
