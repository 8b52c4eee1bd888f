"""School accounts, at a real provider in a process of its own: who is believed, and who is not."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from httpx2 import AsyncClient, ConnectError, Response
from pydantic import SecretStr

from duly.embedded import free_port
from settings import Settings
from starter.web.signed_in import cookie_name
from starter.web.site import Site
from store import identities, people, second_factors
from tests.builders import AMINA
from tests.starter.web.conftest import BASE_URL, Browser, Clock, RememberedCases, SignedIn, page_of

AMINAS, BENS = "amina@elmbrook.example", "ben@elmbrook.example"
CONFIRM, SCHOOL, BACK, LINK = "/confirm-it-is-you", "/sign-in/school", "/sign-in/school/back", "/sign-in/school/link"
TENANT = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"


@dataclass(frozen=True)
class Provider:
    """A school's provider: it believes whoever types a name, and says of them what it was told to say."""

    issuer: str

    async def knows(self, subject: str, **claims: object) -> None:
        """Have it say `claims` of `subject`, in place of what it would say itself."""
        async with AsyncClient() as client:
            (await client.put(f"{self.issuer}/users/{subject}", json=claims)).raise_for_status()

    async def sign_in(self, address: str, subject: str) -> str:
        """Return where a browser that came to `address` is sent after `subject` has signed in."""
        async with AsyncClient() as client:
            answer = await client.post(address, data={"sub": subject})
        assert answer.status_code == 302
        return str(answer.headers["Location"]).removeprefix(BASE_URL)


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    """Yield a provider that runs."""
    port = free_port()
    command = [sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        asyncio.run(_until_it_answers(f"http://127.0.0.1:{port}"))
        yield Provider(f"http://127.0.0.1:{port}")
        process.terminate()


async def _until_it_answers(address: str) -> None:
    async with AsyncClient() as client:
        for _ in range(300):
            try:
                await client.get(address)
            except ConnectError:
                await asyncio.sleep(0.1)
            else:
                return
    pytest.fail("the provider did not start")


@pytest.fixture
def clock() -> Clock:
    """Return a clock that begins now: the provider has no other."""
    return Clock(datetime.fromtimestamp(int(time.time()), UTC))


@pytest.fixture
def more() -> dict[str, str]:
    """Return further settings."""
    return {}


@pytest.fixture
def site(site: Site, provider: Provider, more: dict[str, str]) -> Site:
    """Return a live site whose people have accounts at the provider."""
    changed = {
        "oidc_issuer": provider.issuer,
        "oidc_client_id": "duly",
        "oidc_client_secret": SecretStr("invented"),
        **more,
    }
    return replace(site, settings=site.settings.model_copy(update=changed), demo=False)


async def go(browser: Browser, provider: Provider, subject: str, path: str = SCHOOL) -> Response:
    """Return what comes of going to the provider, signing in there as `subject`, and coming back."""
    sent = await browser.get(path)
    assert sent.status_code == 303
    return await browser.get(await provider.sign_in(sent.headers["Location"], subject))


@pytest.fixture
async def linked(site: Site, provider: Provider) -> None:
    """Have Amina's account be `s-amina`."""
    async with site.db.write() as session:
        await identities.link(session, provider.issuer, "s-amina", "amina", site.clock())
    await provider.knows("s-amina")


async def is_signed_in(browser: Browser) -> bool:
    return (await browser.get("/tasks")).status_code == 200


async def is_strong(browser: Browser) -> bool:
    return "You have confirmed it" in (await browser.get(CONFIRM)).text


def refused(answer: Response, why: str) -> bool:
    return answer.status_code == 403 and why in answer.text


async def test_the_sign_in_page_offers_the_school_account_and_leads_back(client: Browser) -> None:
    page = page_of(await client.get("/sign-in?next=case&at=K7QM-4TXR"))
    link = page.select_one("a.govuk-button")
    assert link is not None
    assert (link.text.strip(), link["href"]) == (
        "Sign in with your school account",
        "/sign-in/school?next=case&at=K7QM-4TXR",
    )


async def test_a_browser_is_sent_with_state_nonce_and_a_challenge_and_asks_for_nothing_but_who_it_is(
    client: Browser, provider: Provider
) -> None:
    sent = await client.get(SCHOOL)
    address = urlsplit(sent.headers["Location"])
    asked = {name: texts[0] for name, texts in parse_qs(address.query).items()}
    assert f"{address.scheme}://{address.netloc}" == provider.issuer
    assert asked.keys() == {
        "response_type",
        "client_id",
        "redirect_uri",
        "scope",
        "state",
        "nonce",
        "code_challenge",
        "code_challenge_method",
    }
    assert (asked["response_type"], asked["scope"], asked["code_challenge_method"]) == ("code", "openid", "S256")
    assert asked["redirect_uri"] == f"{BASE_URL}{BACK}"
    [cookie] = sent.headers.get_list("Set-Cookie")
    assert {"HttpOnly", "Path=/", "SameSite=lax", "Max-Age=600"} <= set(cookie.split("; "))
    assert not any(text in cookie for text in (asked["state"], asked["nonce"]))


@pytest.mark.usefixtures("linked")
async def test_a_linked_account_signs_in_strongly_and_leads_back(client: Browser, provider: Provider) -> None:
    answer = await go(client, provider, "s-amina", f"{SCHOOL}?next=case&at=K7QM-4TXR")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/cases/K7QM-4TXR")
    assert "Hello Amina" in (await client.get("/")).text
    assert await is_strong(client)


@pytest.mark.usefixtures("linked")
async def test_a_strong_session_ends_after_a_quarter_of_an_hour_and_the_ordinary_one_goes_on(
    client: Browser, provider: Provider, clock: Clock
) -> None:
    await go(client, provider, "s-amina")
    clock.pass_time(minutes=15)
    assert not await is_strong(client)
    assert await is_signed_in(client)


@pytest.mark.usefixtures("linked")
async def test_a_password_typed_an_hour_ago_signs_in_for_ordinary_work_alone(
    client: Browser, provider: Provider, clock: Clock
) -> None:
    await provider.knows("s-amina", auth_time=int((clock() - timedelta(hours=1)).timestamp()))
    assert (await go(client, provider, "s-amina")).status_code == 303
    assert await is_signed_in(client)
    assert not await is_strong(client)


async def test_an_account_that_is_nobodys_signs_in_nobody_whatever_its_address(
    client: Browser, provider: Provider
) -> None:
    await provider.knows("s-new", email=AMINAS, email_verified=True, preferred_username=AMINAS, upn=AMINAS)
    assert refused(await go(client, provider, "s-new"), "Nobody here has said yet")
    assert not await is_signed_in(client)


async def test_the_first_account_is_linked_by_whoever_is_signed_in_by_a_mailed_code(
    signed_in: SignedIn, client: Browser, provider: Provider, site: Site, cases: RememberedCases
) -> None:
    amina = await signed_in(AMINAS)
    await provider.knows("s-first", email=BENS)
    sent = await amina.get(f"{SCHOOL}?next=tasks")
    asked = parse_qs(urlsplit(sent.headers["Location"]).query)
    assert (asked["prompt"], asked["max_age"]) == (["login"], ["0"])
    answer = await amina.get(await provider.sign_in(sent.headers["Location"], "s-first"))
    assert (answer.status_code, answer.headers["Location"]) == (303, LINK)
    assert not await is_strong(amina)
    assert "Is this your own school account?" in (await amina.get(LINK)).text
    async with site.db.read() as session:
        assert await identities.person_of(session, provider.issuer, "s-first") is None
    linked = await amina.post(LINK)
    assert (linked.status_code, linked.headers["Location"]) == (303, "/tasks")
    assert await is_strong(amina)
    assert [(mail.person, mail.template) for mail in cases.mails] == [("amina", "sign_in_changed")]
    async with site.db.read() as session:
        assert await identities.person_of(session, provider.issuer, "s-first") == "amina"
    await go(client, provider, "s-first")
    assert "Hello Amina" in (await client.get("/")).text
    assert refused(await amina.post(LINK), "took too long")


@pytest.mark.usefixtures("linked")
async def test_confirming_takes_the_account_that_was_linked_and_no_other(
    signed_in: SignedIn, provider: Provider
) -> None:
    amina, ben = await signed_in(AMINAS), await signed_in(BENS)
    assert refused(await go(amina, provider, "s-other"), "not the school account that you use here")
    assert refused(await go(ben, provider, "s-amina"), "not the school account that you use here")
    assert not await is_strong(amina)
    assert not await is_strong(ben)
    assert (await go(amina, provider, "s-amina")).headers["Location"] == CONFIRM
    assert await is_strong(amina)


async def test_whoever_has_an_app_confirms_with_it_before_an_account_is_linked(
    signed_in: SignedIn, provider: Provider, site: Site
) -> None:
    async with site.db.write() as session:
        await second_factors.begin(session, site.keys.ring, "amina", site.clock())
        row = await second_factors.factor_of(session, "amina")
        assert row is not None
        row.vouched_at = site.clock()
    assert refused(
        await go(await signed_in(AMINAS), provider, "s-thief"), "confirm with your authenticator app that it is you"
    )
    answer = await go(await signed_in(AMINAS, strong=True), provider, "s-owner")
    assert answer.headers["Location"] == LINK


async def test_of_two_who_link_one_account_at_once_one_has_it(signed_in: SignedIn, provider: Provider) -> None:
    amina, ben = await signed_in(AMINAS), await signed_in(BENS)
    for browser in (amina, ben):
        await go(browser, provider, "s-shared")
        await browser.get(LINK)
    assert (await ben.post(LINK)).status_code == 303
    assert refused(await amina.post(LINK), "not the school account that you use here")
    assert not await is_strong(amina)


@pytest.mark.usefixtures("linked")
async def test_a_password_typed_before_somebody_was_asked_confirms_nobody(
    signed_in: SignedIn, provider: Provider, clock: Clock
) -> None:
    amina = await signed_in(AMINAS)
    await provider.knows("s-amina", auth_time=int((clock() - timedelta(minutes=5)).timestamp()))
    assert refused(await go(amina, provider, "s-amina"), "did not ask you again")
    assert not await is_strong(amina)
    await provider.knows("s-amina", auth_time=int(clock().timestamp()))
    assert (await go(amina, provider, "s-amina")).status_code == 303
    assert await is_strong(amina)


@pytest.mark.usefixtures("linked")
@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://other.example"},
        {"nonce": "another"},
        {"nonce": None},
        {"aud": "somebody-else"},
        {"aud": ["duly", "somebody-else"]},
        {"azp": "somebody-else"},
        {"exp": 1_000_000_000},
        {"iat": 4_000_000_000},
        {"auth_time": "soon"},
        {"auth_time": 1e300},
    ],
    ids=str,
)
async def test_a_token_that_is_not_what_was_asked_for_is_not_believed(
    client: Browser, provider: Provider, claims: dict[str, Any]
) -> None:
    await provider.knows("s-amina", **claims)
    assert refused(await go(client, provider, "s-amina"), "cannot be relied on")
    assert not await is_signed_in(client)


@pytest.mark.usefixtures("linked")
@pytest.mark.parametrize(("name", "text"), [("state", "another"), ("state", None), ("iss", "https://other.example")])
async def test_an_answer_to_another_question_is_not_taken(
    client: Browser, provider: Provider, name: str, text: str | None
) -> None:
    sent = await client.get(SCHOOL)
    back = urlsplit(await provider.sign_in(sent.headers["Location"], "s-amina"))
    query = {key: texts[0] for key, texts in parse_qs(back.query).items() if key != name}
    answer = await client.get(f"{BACK}?{urlencode(query | ({name: text} if text else {}))}")
    assert answer.status_code == 403
    assert not await is_signed_in(client)


@pytest.mark.usefixtures("linked")
async def test_an_answer_is_taken_once(client: Browser, provider: Provider, site: Site) -> None:
    sent = await client.get(SCHOOL)
    back = await provider.sign_in(sent.headers["Location"], "s-amina")
    cookie = client.client.cookies.get(cookie_name(site, "school"))
    assert (await client.get(back)).status_code == 303
    await client.get("/tasks")
    await client.post("/sign-out")
    assert refused(await client.get(back), "took too long")
    client.client.cookies.set(cookie_name(site, "school"), str(cookie), domain="127.0.0.1")
    assert refused(await client.get(back), "cannot be relied on")
    assert not await is_signed_in(client)


@pytest.mark.usefixtures("linked")
async def test_an_answer_is_taken_only_in_the_browser_that_was_sent_there_and_soon(
    open_browser: Callable[[], Browser], provider: Provider, clock: Clock
) -> None:
    here, elsewhere = open_browser(), open_browser()
    sent = await here.get(SCHOOL)
    await elsewhere.get(SCHOOL)
    back = await provider.sign_in(sent.headers["Location"], "s-amina")
    assert refused(await elsewhere.get(back), "took too long")
    clock.pass_time(minutes=10)
    assert refused(await here.get(back), "took too long")


@pytest.mark.usefixtures("linked")
async def test_whoever_signs_out_meanwhile_has_not_confirmed(signed_in: SignedIn, provider: Provider) -> None:
    amina = await signed_in(AMINAS)
    sent = await amina.get(SCHOOL)
    cookies = dict(amina.client.cookies)
    await amina.get("/tasks")
    await amina.post("/sign-out")
    amina.client.cookies.update(cookies)
    assert refused(await amina.get(await provider.sign_in(sent.headers["Location"], "s-amina")), "took too long")


@pytest.mark.parametrize("cookie", ["", "x", "AAAA", "%ff"])
async def test_a_cookie_that_is_none_of_ours_is_none(client: Browser, site: Site, cookie: str) -> None:
    header = f"{cookie_name(site, 'school')}={cookie}"
    assert refused(await client.get(f"{BACK}?state=x&code=y", Cookie=header), "took too long")


async def test_whoever_gives_up_there_is_told_so(client: Browser, provider: Provider) -> None:
    sent = await client.get(SCHOOL)
    state = parse_qs(urlsplit(sent.headers["Location"]).query)["state"][0]
    answer = await client.get(f"{BACK}?error=access_denied&state={state}")
    assert refused(answer, "You did not sign in there")


@pytest.mark.usefixtures("linked")
async def test_whoever_has_left_is_not_signed_in(client: Browser, provider: Provider, site: Site) -> None:
    async with site.db.write() as session:
        await people.save(session, (AMINA.model_copy(update={"leaves_on": site.today - timedelta(days=1)}),))
    assert refused(await go(client, provider, "s-amina"), "Nobody here has said yet")


@pytest.mark.usefixtures("linked")
@pytest.mark.parametrize("more", [{"oidc_tenant": TENANT}])
@pytest.mark.parametrize("tid", [None, "", "3f2504e0-4f89-41d3-9a0c-0305e82c3302"])
async def test_an_account_of_another_tenant_is_not_believed(
    client: Browser, provider: Provider, tid: str | None
) -> None:
    await provider.knows("s-amina", **({} if tid is None else {"tid": tid}))
    assert refused(await go(client, provider, "s-amina"), "of another school")
    await provider.knows("s-amina", tid=TENANT)
    assert (await go(client, provider, "s-amina")).status_code == 303


@pytest.mark.usefixtures("linked")
@pytest.mark.parametrize("more", [{"oidc_hosted_domain": "elmbrook.example"}])
@pytest.mark.parametrize("hd", [None, "evil.example"])
async def test_an_account_of_another_hosted_domain_is_not_believed(
    client: Browser, provider: Provider, hd: str | None
) -> None:
    sent = await client.get(SCHOOL)
    assert parse_qs(urlsplit(sent.headers["Location"]).query)["hd"] == ["elmbrook.example"]
    await provider.knows("s-amina", email=AMINAS, **({} if hd is None else {"hd": hd}))
    assert refused(await go(client, provider, "s-amina"), "of another school")
    await provider.knows("s-amina", hd="elmbrook.example")
    assert (await go(client, provider, "s-amina")).status_code == 303


class TestAProviderThatDoesNotAnswer:
    @pytest.fixture
    def more(self) -> dict[str, str]:
        """Return the address of nothing."""
        return {"oidc_issuer": f"http://127.0.0.1:{free_port()}"}

    async def test_the_page_says_so_and_a_mailed_code_signs_in(
        self, client: Browser, signed_in: SignedIn, cases: RememberedCases
    ) -> None:
        answer = await client.get(SCHOOL)
        assert answer.status_code == 503
        assert page_of(answer).select_one("main a[href='/sign-in']")
        await client.post("/sign-in", {"address": AMINAS})
        assert (await client.post("/sign-in/code", {"code": cases.mails[0].code})).status_code == 303
        assert await is_signed_in(client)
        answer = await (await signed_in(BENS)).get(SCHOOL)
        assert answer.status_code == 503
        assert page_of(answer).select_one(f"main a[href='{CONFIRM}']")


class TestAProviderOfAnotherName:
    @pytest.fixture
    def more(self, provider: Provider) -> dict[str, str]:
        """Return an address at which a provider answers that calls itself otherwise."""
        return {"oidc_issuer": f"{provider.issuer}/"}

    async def test_it_is_not_the_one_that_the_settings_name(self, client: Browser) -> None:
        assert (await client.get(SCHOOL)).status_code == 503


class TestASchoolWithoutAccounts:
    @pytest.fixture
    def site(self, site: Site, settings: Settings) -> Site:
        """Return a live site whose settings name no provider."""
        return replace(site, settings=settings)

    @pytest.mark.parametrize("path", [SCHOOL, BACK, LINK])
    async def test_there_is_no_such_page(self, signed_in: SignedIn, path: str) -> None:
        browser = await signed_in(AMINAS)
        assert (await browser.get(path)).status_code == 404
        assert "school account" not in (await browser.get("/sign-in")).text
