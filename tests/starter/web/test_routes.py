"""Every route states who may reach it, and keeps to it."""

from dataclasses import replace
from typing import get_args

import pytest
from httpx2 import ASGITransport, AsyncClient
from starlette.routing import Route

from starter.web import PAGES, create_app
from starter.web.page import Access, Page
from starter.web.site import Site
from tests.starter.web.conftest import BASE_URL, Browser, SignedIn

OPEN_TO_ANYONE = {
    *("static_file", "healthz", "readyz"),
    *("sign_in", "enter_code", "school_sign_in", "school_sign_in_back"),
    *("report", "report_calls", "report_receipt"),
    "openapi",
    "calendar_feed",
}
"""What nobody has to sign in for; a new one is added here on purpose, or not at all."""


def address_of(page: Page) -> str:
    return page.path.replace(":path", "").replace("{", "").replace("}", "")


def test_every_route_states_its_access_rule(site: Site) -> None:
    routes = create_app(site).routes
    assert all(isinstance(route, Route) for route in routes)
    assert [route.name for route in routes if isinstance(route, Route)] == [page.name for page in PAGES]
    assert {page.access for page in PAGES} <= set(get_args(Access))
    assert {page.name for page in PAGES if page.access == "anyone"} == OPEN_TO_ANYONE
    assert len({page.name for page in PAGES}) == len(PAGES)


def test_a_route_with_parts_hides_none_that_comes_after_it(site: Site) -> None:
    for page in PAGES:
        scope = {"type": "http", "path": address_of(page), "method": page.methods[0]}
        first = next(r for r in create_app(site).routes if r.matches(scope)[0].value == 2)
        assert getattr(first, "name", "") == page.name


@pytest.mark.parametrize("page", [p for p in PAGES if p.access in {"signed_in", "administrator"}], ids=lambda p: p.name)
async def test_whoever_is_not_signed_in_is_sent_to_sign_in(client: Browser, page: Page) -> None:
    if "GET" in page.methods:
        answer = await client.get(address_of(page))
        assert (answer.status_code, answer.headers["Location"].partition("?")[0]) == (303, "/sign-in")
    if "POST" in page.methods:
        assert (await client.post(address_of(page))).status_code == 401


@pytest.mark.parametrize("page", [p for p in PAGES if p.access == "administrator"], ids=lambda p: p.name)
async def test_whoever_is_no_administrator_is_refused(signed_in: SignedIn, page: Page) -> None:
    browser = await signed_in("amina@elmbrook.example")
    for method in page.methods:
        answer = await (browser.get if method == "GET" else browser.post)(address_of(page))
        assert answer.status_code == 403


@pytest.mark.parametrize("page", [p for p in PAGES if p.access == "demo"], ids=lambda p: p.name)
async def test_what_is_for_the_demo_is_not_there_in_live_mode(site: Site, page: Page) -> None:
    transport = ASGITransport(create_app(replace(site, demo=False)))
    async with AsyncClient(transport=transport, base_url=BASE_URL) as client:
        for method in page.methods:
            answer = await client.request(method, address_of(page), headers={"Sec-Fetch-Site": "same-origin"})
            assert answer.status_code == 404


BY_FORM = [p for p in PAGES if "POST" in p.methods and p.access not in {"link", "token"}]


@pytest.mark.parametrize("page", BY_FORM, ids=lambda p: p.name)
async def test_no_form_is_taken_without_its_token(signed_in: SignedIn, page: Page) -> None:
    browser = await signed_in("ada@elmbrook.example")
    if page.access == "anyone":
        return
    answer = await browser.post(address_of(page), {"form_token": "wrong"})
    assert answer.status_code == 403


@pytest.mark.parametrize("page", [p for p in PAGES if p.access == "token"], ids=lambda p: p.name)
async def test_nobody_reaches_a_call_for_programs_by_being_signed_in(signed_in: SignedIn, page: Page) -> None:
    browser = await signed_in("ada@elmbrook.example", strong=True)
    for method in page.methods:
        answer = await (browser.get if method == "GET" else browser.post)(address_of(page))
        assert answer.status_code == 401
        assert answer.headers["Content-Type"] == "application/problem+json"
