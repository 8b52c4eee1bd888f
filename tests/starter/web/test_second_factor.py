"""Setting up an authenticator app in the presence of a second person, and confirming with it, at a live school."""

import re
from dataclasses import replace

import pytest
from httpx2 import Response
from pyotp import TOTP, parse_uri

from starter.web.signed_in import cookie_name
from starter.web.site import Site
from tests.starter.web.conftest import Browser, Clock, RememberedCases, SignedIn, page_of

AMINAS, BENS, ADAS = (f"{name}@elmbrook.example" for name in ("amina", "ben", "ada"))
CONFIRM, SET_UP, VOUCH = "/confirm-it-is-you", "/confirm-it-is-you/set-up", "/confirm-it-is-you/vouch"


@pytest.fixture
def site(site: Site) -> Site:
    """Return a live site, where a mailed code is not enough."""
    return replace(site, demo=False)


async def text_of(browser: Browser, path: str) -> str:
    page = page_of(await browser.get(path))
    assert page.main is not None
    return page.main.text


async def begin(browser: Browser) -> TOTP:
    """Return what an app has that scanned the picture."""
    await browser.post(SET_UP, {"stage": "begin"})
    page = page_of(await browser.get(SET_UP))
    address = next(part.text for part in page.select("dd") if part.text.startswith("otpauth:"))
    app = parse_uri(address)
    assert isinstance(app, TOTP)
    assert app.secret in page.select("dd")[0].text.replace(" ", "")
    return app


async def prove(browser: Browser, app: TOTP, clock: Clock) -> str:
    """Return the letters that the screen then shows."""
    assert (await browser.post(SET_UP, {"stage": "prove", "code": app.at(clock())})).status_code == 303
    found = re.search(r"type these letters: (\w{6})", await text_of(browser, SET_UP))
    assert found is not None
    return found[1]


async def vouch(browser: Browser, person: str, letters: str) -> Response:
    return await browser.post(VOUCH, {"what": "vouch", "person": person, "letters": letters})


async def confirm(browser: Browser, app: TOTP, clock: Clock) -> Response:
    clock.pass_time(minutes=1)
    return await browser.post(CONFIRM, {"way": "app", "code": app.at(clock())})


async def test_the_first_app_counts_once_an_administrator_vouched(
    signed_in: SignedIn, clock: Clock, cases: RememberedCases, site: Site
) -> None:
    amina, ada = await signed_in(AMINAS), await signed_in(ADAS)
    assert "You cannot confirm it yet" in await text_of(amina, CONFIRM)
    app = await begin(amina)
    assert "Nobody waits for you" in await text_of(ada, VOUCH)
    letters = await prove(amina, app, clock)
    assert (await amina.post(CONFIRM, {"way": "app", "code": app.at(clock())})).status_code == 404
    assert "Amina Okafor" in await text_of(ada, VOUCH)
    assert (await vouch(ada, "amina", letters)).status_code == 303
    assert [(mail.person, mail.template) for mail in cases.mails] == [("amina", "sign_in_changed")]
    assert "Ada Quinn was with you" in await text_of(amina, SET_UP)
    before = amina.client.cookies.get(cookie_name(site, "session"))
    answer = await confirm(amina, app, clock)
    assert (answer.status_code, answer.headers["Location"]) == (303, CONFIRM)
    assert amina.client.cookies.get(cookie_name(site, "session")) != before
    assert "You have confirmed it" in await text_of(amina, CONFIRM)
    clock.pass_time(minutes=15)
    assert "You have confirmed it" not in await text_of(amina, CONFIRM)


async def test_the_picture_holds_the_address(signed_in: SignedIn) -> None:
    browser = await signed_in(AMINAS)
    await begin(browser)
    page = page_of(await browser.get(SET_UP))
    picture = page.select_one("svg")
    assert picture is not None
    assert picture.title is not None
    assert "letters below" in picture.title.text
    assert str(picture.select("path")[0]["d"]).count("M") > 300
    assert not page.select("[style]")


async def test_looking_at_the_page_begins_nothing(signed_in: SignedIn) -> None:
    browser = await signed_in(AMINAS)
    for _ in range(2):
        assert "otpauth" not in await text_of(browser, SET_UP)


async def test_a_secret_is_shown_until_a_code_of_it_was_typed_and_never_again(
    signed_in: SignedIn, clock: Clock
) -> None:
    browser = await signed_in(AMINAS)
    app = await begin(browser)
    assert app.secret in (await text_of(browser, SET_UP)).replace(" ", "")
    await prove(browser, app, clock)
    assert app.secret not in (await text_of(browser, SET_UP)).replace(" ", "")


async def test_a_wrong_code_is_asked_for_again_and_the_fifth_locks(signed_in: SignedIn, clock: Clock) -> None:
    browser = await signed_in(AMINAS)
    app = await begin(browser)
    answers = [await browser.post(SET_UP, {"stage": "prove", "code": "12"}) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [422] * 4 + [429]
    assert page_of(answers[0]).select_one('.govuk-error-summary a[href="#code"]')
    assert answers[4].headers["Retry-After"] == "900"
    assert (await browser.post(SET_UP, {"stage": "prove", "code": app.at(clock())})).status_code == 429
    clock.pass_time(minutes=15)
    await prove(browser, app, clock)


async def test_other_letters_are_asked_for_again(signed_in: SignedIn, clock: Clock) -> None:
    amina, ada = await signed_in(AMINAS), await signed_in(ADAS)
    await prove(amina, await begin(amina), clock)
    answer = await vouch(ada, "amina", "222222")
    assert answer.status_code == 422
    assert page_of(answer).select_one('.govuk-error-summary a[href="#letters-amina"]')


@pytest.mark.parametrize("email", [AMINAS, BENS, "ruth@redwood.example"])
async def test_neither_oneself_nor_anybody_nor_somebody_from_elsewhere_vouches(
    signed_in: SignedIn, clock: Clock, email: str
) -> None:
    amina, other = await signed_in(AMINAS), await signed_in(email)
    letters = await prove(amina, await begin(amina), clock)
    assert "Amina Okafor" not in await text_of(other, VOUCH)
    assert (await vouch(other, "amina", letters)).status_code == 404
    assert (await vouch(other, "nobody", letters)).status_code == 404


async def test_after_the_first_whoever_vouches_has_confirmed_who_they_are(signed_in: SignedIn, clock: Clock) -> None:
    amina, ada, ben = await signed_in(AMINAS), await signed_in(ADAS), await signed_in(BENS)
    app = await begin(amina)
    await vouch(ada, "amina", await prove(amina, app, clock))
    letters = await prove(ben, await begin(ben), clock)
    assert (await vouch(ada, "ben", letters)).status_code == 404
    assert "only for the first person" in await text_of(ada, VOUCH)
    assert (await amina.get(VOUCH)).headers["Location"] == f"{CONFIRM}?next=vouch"
    assert (await vouch(amina, "ben", letters)).status_code == 401
    await confirm(amina, app, clock)
    await amina.get(CONFIRM)
    assert (await vouch(amina, "ben", letters)).status_code == 303
    assert "Amina Okafor was with you" in await text_of(ben, SET_UP)


async def test_a_code_confirms_once_and_leads_back(signed_in: SignedIn, clock: Clock) -> None:
    amina, ada = await signed_in(AMINAS), await signed_in(ADAS)
    app = await begin(amina)
    await vouch(ada, "amina", await prove(amina, app, clock))
    await amina.get(CONFIRM)
    used = {"way": "app", "code": app.at(clock()), "next": "tasks"}
    answer = await amina.post(CONFIRM, used)
    assert answer.status_code == 422
    assert page_of(answer).select_one('.govuk-error-summary a[href="#app_code"]')
    clock.pass_time(minutes=1)
    assert (await amina.post(CONFIRM, {**used, "code": app.at(clock())})).headers["Location"] == "/tasks"
    await amina.get(CONFIRM)
    tries = [await amina.post(CONFIRM, {"way": "app", "code": ""}) for _ in range(5)]
    assert [answer.status_code for answer in tries] == [422] * 4 + [429]
    assert tries[4].headers["Retry-After"] == "900"


async def test_a_lost_phone_is_taken_away_by_a_second_person(
    signed_in: SignedIn, clock: Clock, cases: RememberedCases
) -> None:
    amina, ada, ben = await signed_in(AMINAS), await signed_in(ADAS), await signed_in(BENS)
    app = await begin(amina)
    await vouch(ada, "amina", await prove(amina, app, clock))
    bens = await begin(ben)
    letters = await prove(ben, bens, clock)
    await confirm(amina, app, clock)
    await amina.get(CONFIRM)
    await vouch(amina, "ben", letters)
    assert (await ben.post(SET_UP, {"stage": "remove"})).status_code == 303
    assert "a second person is asked" in await text_of(ben, SET_UP)
    assert (await ben.post(VOUCH, {"what": "remove", "person": "ben"})).status_code == 401
    await confirm(ben, bens, clock)
    await ben.get(CONFIRM)
    assert (await ben.post(VOUCH, {"what": "remove", "person": "ben"})).status_code == 404
    assert (await ada.post(VOUCH, {"what": "remove", "person": "ben"})).status_code == 404
    assert "Ben Carter" in await text_of(amina, VOUCH)
    assert (await amina.post(VOUCH, {"what": "remove", "person": "ben"})).status_code == 303
    assert cases.mails[-1].person == "ben"
    assert "Begin here" in await text_of(ben, SET_UP)
    assert "You have confirmed it" not in await text_of(ben, CONFIRM)
    assert (await amina.post(VOUCH, {"what": "remove", "person": "ben"})).status_code == 303


async def test_an_administrator_asks_for_a_removal_and_somebody_else_settles_it(
    signed_in: SignedIn, clock: Clock, cases: RememberedCases
) -> None:
    amina, ada = await signed_in(AMINAS), await signed_in(ADAS)
    app = await begin(amina)
    await vouch(ada, "amina", await prove(amina, app, clock))
    for typed, said in [
        ("", "Type whose it is"),
        ("Nobody Atall", "Nobody called"),
        ("Ada Quinn", "To have your own taken away"),
        ("Ben Carter", "has set up nothing"),
    ]:
        answer = await ada.post(VOUCH, {"what": "ask", "person": typed})
        assert answer.status_code == 422
        assert said in answer.text
        assert page_of(answer).select("#person")[0].get("value", "") == typed
    assert (await ada.post(VOUCH, {"what": "ask", "person": "Amina Okafor"})).status_code == 303
    assert (cases.mails[-1].person, cases.mails[-1].template) == ("amina", "sign_in_changed")
    assert "a second person is asked" in await text_of(amina, SET_UP)
    assert (await ada.post(VOUCH, {"what": "remove", "person": "amina"})).status_code == 404
    assert (await amina.post(VOUCH, {"what": "ask", "person": "Ada Quinn"})).status_code == 401
    await confirm(amina, app, clock)
    await amina.get(CONFIRM)
    assert (await amina.post(VOUCH, {"what": "ask", "person": "Ada Quinn"})).status_code == 422
    assert (await amina.post(VOUCH, {"what": "remove", "person": "amina"})).status_code == 404


async def test_a_removal_is_refused_and_all_stays(signed_in: SignedIn, clock: Clock) -> None:
    amina, ada = await signed_in(AMINAS), await signed_in(ADAS)
    app = await begin(amina)
    await vouch(ada, "amina", await prove(amina, app, clock))
    await amina.post(SET_UP, {"stage": "remove"})
    assert (await ada.post(VOUCH, {"what": "keep", "person": "amina"})).status_code == 303
    assert "Ada Quinn was with you" in await text_of(amina, SET_UP)
    assert (await confirm(amina, app, clock)).status_code == 303


async def test_where_mail_cannot_be_sent_it_counts_all_the_same(
    signed_in: SignedIn, clock: Clock, cases: RememberedCases
) -> None:
    amina, ada = await signed_in(AMINAS), await signed_in(ADAS)
    letters = await prove(amina, await begin(amina), clock)
    cases.lost = True
    assert (await vouch(ada, "amina", letters)).status_code == 303
    assert "Ada Quinn was with you" in await text_of(amina, SET_UP)


@pytest.mark.parametrize(("path", "fields"), [(SET_UP, {"stage": "x"}), (VOUCH, {"what": "x", "person": "ben"})])
async def test_what_is_not_on_the_page_is_not_taken(signed_in: SignedIn, path: str, fields: dict[str, str]) -> None:
    assert (await (await signed_in(ADAS)).post(path, fields)).status_code == 422
