"""The page of tokens: made after confirming who one is, shown once, ended by whose they are."""

import re

import pytest
from httpx2 import Response

from domain.interface import SCOPES
from starter.web.site import Site
from store import interface
from store.interface import MOST_TOKENS
from tests.builders import ADA, AMINA, BEN
from tests.starter.web.conftest import Browser, Clock, SignedIn, page_of

PLACE = "/api-tokens"
TOKEN = re.compile(r"duly_[A-Za-z0-9_-]{43}")


async def make(browser: Browser, *scopes: str, **more: str) -> Response:
    """Fill in the page as it is, and send it."""
    field = page_of(await browser.get(PLACE)).select_one("input[name=id]")
    assert field is not None
    fields = {"id": str(field["value"]), "name": "My spreadsheet", "lasts": "30", **more}
    return await browser.post(PLACE, [*fields.items(), *(("scope", scope) for scope in scopes or ("cases:read",))])


async def kept(site: Site, person: str) -> list[tuple[str, str]]:
    async with site.db.read() as session:
        return [(row.name, row.scopes) for row in await interface.tokens_of(session, person)]


async def test_a_token_is_made_and_shown_once_and_works(signed_in: SignedIn, site: Site) -> None:
    amina = await signed_in(AMINA.email, strong=True)
    made = await make(amina, "cases:start", "cases:read")
    assert made.status_code == 200
    [token] = TOKEN.findall(made.text)
    assert await kept(site, AMINA.id) == [("My spreadsheet", "cases:read cases:start")]
    page = await amina.get(PLACE)
    assert "My spreadsheet" in page.text
    assert "Never used" in page.text
    assert not TOKEN.search(page.text)
    program = await amina.client.get("/api/v1/cases", headers={"Authorization": f"Bearer {token}"})
    assert program.status_code == 200
    assert "Last used on" in (await amina.get(PLACE)).text


async def test_the_page_sent_again_makes_no_other_token(signed_in: SignedIn, site: Site) -> None:
    amina = await signed_in(AMINA.email, strong=True)
    assert (await make(amina, id="0" * 32)).status_code == 200
    again = await make(amina, id="0" * 32)
    assert (again.status_code, again.headers["Location"]) == (303, PLACE)
    assert len(await kept(site, AMINA.id)) == 1
    assert (await make(amina, id="nothing")).status_code == 422


async def test_whoever_did_not_confirm_who_they_are_makes_none(signed_in: SignedIn, site: Site) -> None:
    answer = await make(await signed_in(AMINA.email))
    assert answer.status_code == 401
    assert "My spreadsheet" in answer.text
    assert await kept(site, AMINA.id) == []


async def test_what_is_missing_is_said_at_once_and_what_was_typed_is_kept(signed_in: SignedIn, site: Site) -> None:
    amina = await signed_in(AMINA.email, strong=True)
    page = page_of(await amina.get(PLACE))
    fields = {"id": str(page.select_one("input[name=id]")["value"]), "name": "x" * 61}  # type: ignore[index]
    answer = await amina.post(PLACE, [*fields.items(), ("scope", "cases:start")])
    assert answer.status_code == 422
    found = page_of(answer)
    assert [link["href"] for link in found.select(".govuk-error-summary a")] == ["#name", "#lasts"]
    assert all(found.select(str(link["href"])) for link in found.select(".govuk-error-summary a"))
    assert found.select("input[name=scope][checked]")[0]["value"] == "cases:start"
    assert await kept(site, AMINA.id) == []
    nothing = await amina.post(PLACE, {"id": fields["id"], "name": " "})
    assert [link["href"] for link in page_of(nothing).select(".govuk-error-summary a")] == ["#name", "#scope", "#lasts"]


async def test_only_administrators_are_offered_what_is_theirs(signed_in: SignedIn) -> None:
    amina, ada = await signed_in(AMINA.email, strong=True), await signed_in(ADA.email, strong=True)
    for browser, scopes in ((amina, list(SCOPES)[:3]), (ada, list(SCOPES))):
        boxes = page_of(await browser.get(PLACE)).select("input[name=scope]")
        assert [box["value"] for box in boxes] == scopes
    assert (await make(amina, "webhooks")).status_code == 422
    assert (await make(ada, "webhooks")).status_code == 200
    assert (await make(ada, "everything")).status_code == 422


@pytest.mark.parametrize("lasts", ["366", "0", "-1", "3650", "x"])
async def test_no_token_lasts_longer_than_a_year(signed_in: SignedIn, site: Site, lasts: str) -> None:
    assert (await make(await signed_in(AMINA.email, strong=True), lasts=lasts)).status_code == 422
    assert await kept(site, AMINA.id) == []


async def test_whose_it_is_ends_a_token_and_nobody_else(signed_in: SignedIn, site: Site) -> None:
    amina, ben = await signed_in(AMINA.email, strong=True), await signed_in(BEN.email, strong=True)
    [token] = TOKEN.findall((await make(amina)).text)
    async with site.db.read() as session:
        [row] = await interface.tokens_of(session, AMINA.id)
    header = {"Authorization": f"Bearer {token}"}
    assert row.id not in (await ben.get(PLACE)).text
    await ben.post(f"{PLACE}/{row.id}/revoke")
    assert (await amina.client.get("/api/v1/cases", headers=header)).status_code == 200
    assert (await amina.post(f"{PLACE}/{row.id}/revoke")).status_code == 303
    assert (await amina.client.get("/api/v1/cases", headers=header)).status_code == 401
    page = await amina.get(PLACE)
    assert "ended by you on" in page.text
    assert "End this token" not in page.text


async def test_nobody_hoards_tokens(signed_in: SignedIn, site: Site, clock: Clock) -> None:
    amina = await signed_in(AMINA.email, strong=True)
    for _ in range(MOST_TOKENS):
        assert (await make(amina)).status_code == 200
    assert (await make(amina)).status_code == 422
    clock.pass_time(days=61)
    later = await signed_in(AMINA.email, strong=True)
    assert (await make(later)).status_code == 200
    assert len(await kept(site, AMINA.id)) == 1
