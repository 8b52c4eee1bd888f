"""Limits: bad links and floods of cases are refused for a while, and nobody who means well is locked out."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from httpx2 import ASGITransport, AsyncClient, Response
from structlog.testing import capture_logs

from starter.web import create_app
from starter.web.limits import Failures, full_until
from starter.web.site import Site
from tests.builders import BEN, MONDAY
from tests.starter.web.conftest import BASE_URL, Browser, Clock, RememberedCases, SignedIn, page_of
from tests.starter.web.running import Running, a_link, requested
from tests.starter.web.test_drafts import filled, stored
from tests.starter.web.test_finding import a_row

AMINAS = "amina@elmbrook.example"
BAD = "A" * 43


@pytest.fixture
async def browser_at(site: Site) -> AsyncIterator[Callable[[str], Browser]]:
    """Yield what opens a browser at an address of the network."""
    app, opened = create_app(site), list[AsyncClient]()

    def at(address: str) -> Browser:
        opened.append(AsyncClient(transport=ASGITransport(app, client=(address, 50000)), base_url=BASE_URL))
        return Browser(opened[-1])

    yield at
    for client in opened:
        await client.aclose()


async def tried(browser: Browser, times: int) -> list[int]:
    """Return what so many different links that lead nowhere are answered with."""
    return [(await browser.get(f"/d/{n:043d}")).status_code for n in range(times)]


async def test_an_eleventh_bad_link_in_a_minute_is_refused_until_the_first_is_a_minute_old(
    client: Browser, clock: Clock
) -> None:
    assert await tried(client, 1) == [404]
    clock.pass_time(seconds=20)
    assert await tried(client, 10) == [404] * 9 + [429]
    clock.pass_time(seconds=10, milliseconds=500)
    answer = await client.get(f"/d/{BAD}")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "30")
    assert "Too many tries" in answer.text
    clock.pass_time(seconds=30)
    assert await tried(client, 2) == [404, 429]


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/d", {"token": BAD, "stage": "review", "decision": "approve", "comment": ""}),
        ("/d/new-link", {"token": BAD}),
        (f"/d/{BAD}/receipt", None),
    ],
    ids=["an answer", "a new link", "a receipt"],
)
async def test_every_way_to_try_a_bad_link_counts(client: Browser, path: str, fields: dict[str, str] | None) -> None:
    async def once() -> Response:
        return await client.get(path) if fields is None else await client.post(path, fields)

    assert [(await once()).status_code for _ in range(11)] == [404] * 10 + [429]
    assert await tried(client, 1) == [429]


async def test_a_good_link_is_served_however_much_others_fail_at_the_same_address(
    client: Browser, running: Running
) -> None:
    await requested(running)
    token = await a_link(running.site, BEN)
    assert (await tried(client, 12))[-1] == 429
    for _ in range(12):
        assert (await client.get(f"/d/{token}")).status_code == 200
    review = {"token": token, "stage": "review", "decision": "approve", "comment": ""}
    assert (await client.post("/d", review)).status_code == 200
    signed = {**review, "stage": "confirm", "signature": "Ben Carter"}
    answer = await client.post("/d", signed)
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/d/{token}/receipt")
    assert await tried(client, 1) == [429]


async def test_failures_at_one_address_are_nothing_to_another_whatever_a_header_claims(
    browser_at: Callable[[str], Browser],
) -> None:
    there, elsewhere = browser_at("192.0.2.1"), browser_at("192.0.2.2")
    assert (await tried(there, 11))[-1] == 429
    assert await tried(elsewhere, 1) == [404]
    assert (await there.get(f"/d/{BAD}", **{"X-Forwarded-For": "192.0.2.3"})).status_code == 429


def test_of_very_many_addresses_the_latest_are_remembered() -> None:
    failures = Failures()
    for n in range(10_001):
        assert failures.add(f"address {n}", 1, MONDAY) == 0
    assert failures.add("address 10000", 1, MONDAY) == 60
    assert failures.add("address 0", 1, MONDAY) == 0


async def asked(browser: Browser, times: int, first: int = 0) -> list[int]:
    """Return what so many different addresses are answered with that ask for a code, of which nobody is anybody's."""
    addresses = (f"n{first + n}@elmbrook.example" for n in range(times))
    return [(await browser.post("/sign-in", {"address": address})).status_code for address in addresses]


async def test_an_eleventh_code_in_an_hour_from_one_place_of_the_network_is_not_sent(
    browser_at: Callable[[str], Browser], cases: RememberedCases, clock: Clock
) -> None:
    there, elsewhere = browser_at("192.0.2.1"), browser_at("192.0.2.2")
    assert await asked(there, 10) == [200] * 10
    clock.pass_time(minutes=20)
    answer = await there.post("/sign-in", {"address": AMINAS})
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "2400")
    said = " ".join(page_of(answer).get_text(" ").split())
    assert "from your network in the last hour" in said
    assert "wait 40 minutes" in said
    assert page_of(answer).select_one('a[href="/report"]')
    assert cases.mails == []
    assert await asked(elsewhere, 1) == [200]
    assert (await there.post("/sign-in", {"address": AMINAS}, **{"X-Forwarded-For": "192.0.2.3"})).status_code == 429
    clock.pass_time(minutes=40)
    assert await asked(there, 10, 20) == [200] * 10


async def test_over_that_limit_an_address_that_nobody_has_is_answered_like_any_other(
    browser_at: Callable[[str], Browser],
) -> None:
    there = browser_at("192.0.2.1")
    await asked(there, 10)
    known, unknown = [await there.post("/sign-in", {"address": one}) for one in (AMINAS, "nobody@elmbrook.example")]
    assert (known.status_code, known.text) == (429, unknown.text)


async def test_codes_that_sign_somebody_in_are_as_many_as_a_school_needs(
    browser_at: Callable[[str], Browser], cases: RememberedCases, clock: Clock
) -> None:
    for _ in range(12):
        there = browser_at("192.0.2.1")
        assert (await there.post("/sign-in", {"address": AMINAS})).status_code == 200
        assert (await there.post("/sign-in/code", {"code": cases.mails[-1].code})).status_code == 303
        clock.pass_time(minutes=5)
    assert await asked(browser_at("192.0.2.1"), 11) == [200] * 10 + [429]


async def test_behind_a_web_server_on_this_machine_nobody_is_shut_out_by_somebody_else(
    browser_at: Callable[[str], Browser], cases: RememberedCases
) -> None:
    assert await asked(browser_at("127.0.0.1"), 12) == [200] * 12
    assert await asked(browser_at("::1"), 12, 20) == [200] * 12
    assert (await browser_at("127.0.0.1").post("/sign-in", {"address": AMINAS})).status_code == 200
    assert [mail.person for mail in cases.mails] == ["amina"]


async def test_a_report_is_taken_where_no_code_is_sent_any_more(browser_at: Callable[[str], Browser]) -> None:
    there = browser_at("192.0.2.1")
    assert (await asked(there, 11))[-1] == 429
    assert (await there.get("/report")).status_code == 200


async def test_far_more_codes_than_usual_sound_an_alarm_and_shut_nobody_out(
    site: Site, cases: RememberedCases, clock: Clock
) -> None:
    settings = site.settings.model_copy(update={"codes_alarm": 4, "codes_per_quarter": 1})
    transport = ASGITransport(create_app(replace(site, settings=settings)))
    async with AsyncClient(transport=transport, base_url=BASE_URL) as client:
        browser = Browser(client)
        with capture_logs() as logged:
            assert await asked(browser, 6) == [200] * 6
            assert await asked(browser, 1) == [429]
        alarms = [line for line in logged if line["event"] == "many_codes_asked"]
        assert [(line["log_level"], line["codes"]) for line in alarms] == [("warning", 4)]
        assert (await browser.post("/sign-in", {"address": AMINAS})).status_code == 200
        assert [mail.person for mail in cases.mails] == ["amina"]
        clock.pass_time(hours=1)
        with capture_logs() as logged:
            await asked(browser, 3, 10)
            assert logged == []
            await asked(browser, 1, 20)
            assert [line["event"] for line in logged] == ["many_codes_asked"]


async def begun(site: Site, times: int, **more: object) -> None:
    """Put on record so many cases that Amina began, a minute apart, from Monday morning on."""
    async with site.db.write() as session:
        session.add_all([a_row(n, **more) for n in range(times)])


async def test_an_eleventh_request_in_an_hour_waits_with_everything_typed_kept(
    signed_in: SignedIn, site: Site, clock: Clock, cases: RememberedCases
) -> None:
    amina = await signed_in(AMINAS)
    key = await filled(amina)
    before = await stored(site, key)
    await begun(site, 10)
    clock.pass_time(minutes=20, seconds=30)
    answer = await amina.post(f"/drafts/{key}/check")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, str(39 * 60 + 30))
    main = page_of(answer).main
    assert main is not None
    said = " ".join(main.get_text(" ").split())
    assert "Your request is not sent yet" in said
    assert "from Monday 2 November 2026 at 10:30am" in said
    assert "Everything that you typed is kept" in said
    assert cases.begun == {}
    assert await stored(site, key) == before
    clock.pass_time(minutes=20)
    assert (await amina.get(f"/drafts/{key}/check")).status_code == 200
    clock.pass_time(minutes=19, seconds=30)
    again = await amina.post(f"/drafts/{key}/check")
    assert (again.status_code, again.headers["Location"]) == (303, f"/drafts/{key}/done")
    assert len(cases.begun) == 1


async def test_a_time_to_send_is_said_as_a_minute_that_has_come(signed_in: SignedIn, site: Site, clock: Clock) -> None:
    amina = await signed_in(AMINAS)
    key = await filled(amina)
    await begun(site, 10, opened_at=MONDAY + timedelta(seconds=1))
    clock.pass_time(minutes=1)
    assert "at 10:31am" in (await amina.post(f"/drafts/{key}/check")).text


async def test_what_a_colleague_sent_does_not_count_against_somebody(signed_in: SignedIn, site: Site) -> None:
    amina = await signed_in(AMINAS)
    key = await filled(amina)
    await begun(site, 10, starter="ben")
    assert (await amina.post(f"/drafts/{key}/check")).status_code == 303


async def test_all_together_send_two_hundred_requests_a_day(signed_in: SignedIn, site: Site, clock: Clock) -> None:
    amina = await signed_in(AMINAS)
    key = await filled(amina)
    await begun(site, 199, opened_at=MONDAY, starter="ben")
    async with site.db.write() as session:
        session.add(a_row(199, opened_at=MONDAY, starter="ruth", organisation="redwood"))
    clock.pass_time(minutes=9)
    answer = await amina.post(f"/drafts/{key}/check")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, str((24 * 60 - 9) * 60))
    assert "from everybody together" in answer.text
    assert "Tuesday 3 November 2026 at 9:30am" in answer.text


async def test_a_school_sets_its_own_limits(site: Site, clock: Clock) -> None:
    limits = {"cases_per_hour": 1, "bad_links_per_minute": 2, "codes_per_hour": 4, "codes_per_quarter": 1}
    settings = site.settings.model_copy(update=limits)
    await begun(site, 1)
    async with site.db.read() as session:
        full = await full_until(session, settings, "amina", clock(), may_be_limited=True)
    assert full is not None
    assert (full.whose, full.until) == ("person", MONDAY + timedelta(hours=1))
    transport = ASGITransport(create_app(replace(site, settings=settings)), client=("192.0.2.1", 50000))
    async with AsyncClient(transport=transport, base_url=BASE_URL) as client:
        assert await tried(Browser(client), 3) == [404, 404, 429]
        assert await asked(Browser(client), 1) + await asked(Browser(client), 1) == [200, 429]
        assert await asked(Browser(client), 3, 1) == [200, 200, 429]


async def test_over_both_limits_the_later_time_is_said(site: Site, clock: Clock) -> None:
    settings = site.settings.model_copy(update={"cases_per_hour": 1, "cases_per_day": 1})
    await begun(site, 1)
    async with site.db.read() as session:
        full = await full_until(session, settings, "amina", clock(), may_be_limited=True)
    assert full == ("all", MONDAY + timedelta(days=1))


async def test_a_report_of_an_allegation_is_never_refused(site: Site, clock: Clock) -> None:
    await begun(site, 300, opened_at=MONDAY)
    async with site.db.read() as session:
        assert await full_until(session, site.settings, "amina", clock(), may_be_limited=True) is not None
        assert await full_until(session, site.settings, "amina", clock(), may_be_limited=False) is None


async def test_a_request_that_was_sent_is_shown_as_sent_at_the_limit(
    signed_in: SignedIn, site: Site, cases: RememberedCases
) -> None:
    amina = await signed_in(AMINAS)
    key = await filled(amina)
    assert (await amina.post(f"/drafts/{key}/check")).status_code == 303
    await begun(site, 10)
    assert (await amina.post(f"/drafts/{key}/check")).headers["Location"] == f"/drafts/{key}/done"
    assert len(cases.begun) == 1
