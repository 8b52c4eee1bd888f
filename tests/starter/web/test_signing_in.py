"""Signing in: a code that is mailed, typed where it was asked for, once, and soon."""

from collections.abc import Callable

import pytest
from httpx2 import Response

from starter.web.site import Site
from store import people
from tests.builders import AMINA
from tests.starter.web.conftest import Browser, Clock, RememberedCases, SignedIn, page_of

AMINAS = "amina@elmbrook.example"


async def ask(browser: Browser, address: str = AMINAS, **more: str) -> Response:
    return await browser.post("/sign-in", {"address": address, **more})


async def enter(browser: Browser, code: str, **more: str) -> Response:
    return await browser.post("/sign-in/code", {"code": code, **more})


async def test_the_mailed_code_signs_in_where_it_was_asked_for(client: Browser, cases: RememberedCases) -> None:
    await ask(client)
    [mail] = cases.mails
    assert (mail.person, mail.template, mail.path) == ("amina", "sign_in_code", "/sign-in/code")
    answer = await enter(client, f" {mail.code[:4].lower()}-{mail.code[4:]} ")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    cookie = next(text for text in answer.headers.get_list("Set-Cookie") if text.startswith("duly-demo="))
    assert {"HttpOnly", "Path=/", "SameSite=lax"} <= set(cookie.split("; "))
    assert "Hello Amina" in (await client.get("/")).text


@pytest.mark.parametrize(
    "address", ["AMINA@Elmbrook.example", "amina+duly@elmbrook.example", " amina@elmbrook.example "]
)
async def test_an_address_in_another_spelling_is_the_same(
    client: Browser, cases: RememberedCases, address: str
) -> None:
    await ask(client, address)
    assert [mail.person for mail in cases.mails] == ["amina"]


async def test_an_unknown_address_gets_the_same_page_and_no_mail(
    open_browser: Callable[[], Browser], cases: RememberedCases
) -> None:
    known, unknown = await ask(open_browser()), await ask(open_browser(), "nobody@elmbrook.example")
    assert known.text == unknown.text
    assert known.status_code == unknown.status_code == 200
    assert known.headers.keys() == unknown.headers.keys()
    assert len(cases.mails) == 1


async def test_somebody_who_has_left_gets_no_mail(client: Browser, site: Site, cases: RememberedCases) -> None:
    left = AMINA.model_copy(update={"leaves_on": site.today.replace(day=1)})
    async with site.db.write() as session:
        await people.save(session, (left,))
    assert (await ask(client)).status_code == 200
    assert cases.mails == []


async def test_in_another_browser_the_code_opens_nothing(
    open_browser: Callable[[], Browser], cases: RememberedCases
) -> None:
    asking, other = open_browser(), open_browser()
    await ask(asking)
    assert (await enter(other, cases.mails[0].code)).status_code == 422
    await ask(other, "ben@elmbrook.example")
    assert (await enter(other, cases.mails[0].code)).status_code == 422
    assert (await enter(asking, cases.mails[0].code)).status_code == 303


async def test_a_code_of_eleven_minutes_ago_has_expired(client: Browser, cases: RememberedCases, clock: Clock) -> None:
    await ask(client)
    clock.pass_time(minutes=11)
    answer = await enter(client, cases.mails[0].code)
    assert answer.status_code == 422
    assert "ask for a new one" in answer.text


async def test_five_wrong_codes_use_up_the_right_one(client: Browser, cases: RememberedCases) -> None:
    await ask(client)
    for _ in range(5):
        assert (await enter(client, "22222222")).status_code == 422
    assert (await enter(client, cases.mails[0].code)).status_code == 422


async def test_a_code_works_once(client: Browser, cases: RememberedCases) -> None:
    await ask(client)
    browser = client.client.cookies.get("duly-browser-demo")
    assert (await enter(client, cases.mails[0].code)).status_code == 303
    client.client.cookies.set("duly-browser-demo", str(browser), domain="127.0.0.1")
    assert (await enter(client, cases.mails[0].code)).status_code == 422


async def test_a_fourth_code_in_a_quarter_of_an_hour_is_not_sent(client: Browser, cases: RememberedCases) -> None:
    for _ in range(3):
        await ask(client)
    answer = await ask(client)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "900")
    assert len(cases.mails) == 3
    assert (await enter(client, cases.mails[2].code)).status_code == 303


@pytest.mark.parametrize("address", ["", "amina", "a@" + "b" * 300])
async def test_what_is_no_address_is_asked_for_again(client: Browser, address: str, cases: RememberedCases) -> None:
    answer = await ask(client, address)
    page = page_of(answer)
    assert answer.status_code == 422
    assert page.select_one('.govuk-error-summary a[href="#address"]')
    assert page.title is not None
    assert page.title.text.startswith("Error:")
    assert cases.mails == []


async def test_where_no_mail_can_be_sent_the_page_says_so(client: Browser, cases: RememberedCases) -> None:
    cases.lost = True
    assert (await ask(client)).status_code == 503


async def test_signing_in_leads_back_to_the_page_that_was_wanted(client: Browser, cases: RememberedCases) -> None:
    asked = await client.get("/cases/K7QM-4TXR")
    assert asked.headers["Location"] == "/sign-in?next=case&at=K7QM-4TXR"
    hidden = page_of(await client.get(asked.headers["Location"])).select("form[action='/sign-in'] input[type=hidden]")
    back = {str(field["name"]): str(field["value"]) for field in hidden}
    await ask(client, **back)
    answer = await enter(client, cases.mails[0].code, **back)
    assert answer.headers["Location"] == "/cases/K7QM-4TXR"


@pytest.mark.parametrize(
    ("route", "at"),
    [
        ("https://evil.example", ""),
        ("//evil.example", ""),
        ("case", ""),
        ("case", "../admin"),
        ("case", "a/b"),
        ("case", "a%2fb"),
        ("home", "x"),
        ("nowhere", ""),
    ],
)
async def test_signing_in_leads_nowhere_else(client: Browser, cases: RememberedCases, route: str, at: str) -> None:
    await ask(client)
    answer = await enter(client, cases.mails[0].code, next=route, at=at)
    assert answer.headers["Location"] == "/"


async def test_signing_out_ends_the_session_on_the_server_too(signed_in: SignedIn) -> None:
    browser = await signed_in(AMINAS)
    cookies = dict(browser.client.cookies)
    answer = await browser.post("/sign-out")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/sign-in")
    assert "cookies" in answer.headers["Clear-Site-Data"]
    browser.client.cookies.update(cookies)
    assert (await browser.get("/")).status_code == 303


@pytest.mark.parametrize(("every", "times"), [({"minutes": 31}, 1), ({"minutes": 29}, 21)])
async def test_a_session_ends_unused_or_after_a_day(
    signed_in: SignedIn, clock: Clock, every: dict[str, float], times: int
) -> None:
    browser = await signed_in(AMINAS)
    for _ in range(times):
        assert (await browser.get("/")).status_code == 200
        clock.pass_time(**every)
    assert (await browser.get("/")).status_code == 303


async def test_an_altered_session_is_nobody_s(signed_in: SignedIn) -> None:
    browser = await signed_in(AMINAS)
    browser.client.cookies.set("duly-demo", "A" * 43, domain="127.0.0.1")
    assert (await browser.get("/")).status_code == 303


async def test_whoever_leaves_is_signed_out(signed_in: SignedIn, site: Site, clock: Clock) -> None:
    browser = await signed_in(AMINAS)
    async with site.db.write() as session:
        await people.save(session, (AMINA.model_copy(update={"leaves_on": site.today}),))
    assert (await browser.get("/")).status_code == 200
    clock.pass_time(hours=16)
    assert (await browser.get("/")).status_code == 303


async def test_one_sees_and_ends_one_s_own_sessions_only(signed_in: SignedIn) -> None:
    here, there, ben = await signed_in(AMINAS), await signed_in(AMINAS), await signed_in("ben@elmbrook.example")
    page = page_of(await here.get("/sessions"))
    assert page.main is not None
    assert page.main.text.count("Signed in") == 2
    [other] = page.select("input[name=session]")
    assert (await ben.post("/sessions", {"session": str(other["value"])})).status_code == 303
    assert (await there.get("/")).status_code == 200
    assert (await here.post("/sessions", {"session": str(other["value"])})).status_code == 303
    assert (await there.get("/")).status_code == 303
    assert (await here.get("/")).status_code == 200
