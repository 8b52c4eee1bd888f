"""The door: what every answer carries, and what goes no further."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from httpx2 import ASGITransport, AsyncClient
from pydantic import TypeAdapter
from sqlalchemy import text
from starlette.responses import Response

from starter.web import create_app
from starter.web.guard import HEADERS
from starter.web.page import Page, Visit
from starter.web.reading import MOST_BYTES
from starter.web.site import Site, static_path
from tests.starter.web.conftest import BASE_URL, Browser, SignedIn


@pytest.mark.parametrize("path", ["/", "/sign-in", "/healthz", "/nowhere", "/mailbox", f"{static_path()}/duly.css"])
async def test_every_answer_carries_the_headers(client: Browser, path: str) -> None:
    answer = await client.get(path)
    assert {name: answer.headers[name] for name in HEADERS} == HEADERS
    assert "server" not in answer.headers
    assert len(answer.headers["X-Request-Id"]) == 16


async def test_only_fingerprinted_files_are_kept_by_browsers(client: Browser) -> None:
    kept = await client.get(f"{static_path()}/govuk/govuk-frontend.min.css")
    assert kept.status_code == 200
    assert "immutable" in kept.headers["Cache-Control"]
    assert (await client.get("/sign-in")).headers["Cache-Control"] == "no-store"
    assert (await client.get("/static/000000000000/duly.css")).status_code == 404
    assert (await client.get(f"{static_path()}/../settings.py")).status_code == 404
    assert (await client.get(f"{static_path()}/%2e%2e/engine.py")).status_code == 404


async def test_over_https_browsers_are_told_to_stay_there(site: Site) -> None:
    settings = site.settings.model_copy(update={"base_url": "https://duly.elmbrook.example"})
    transport = ASGITransport(create_app(replace(site, settings=settings)))
    async with AsyncClient(transport=transport, base_url=settings.base_url) as client:
        answer = await client.get("/sign-in")
        assert "max-age=31536000" in answer.headers["Strict-Transport-Security"]
        cookie = await client.post(
            "/sign-in", data={"address": "amina@elmbrook.example"}, headers={"Sec-Fetch-Site": "same-origin"}
        )
        assert cookie.headers["Set-Cookie"].startswith("__Host-duly-browser=")
        assert {"HttpOnly", "Secure", "Path=/", "SameSite=lax"} <= set(cookie.headers["Set-Cookie"].split("; "))


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "127.0.0.1:8001", "localhost:8000"])
async def test_a_foreign_host_name_is_refused(client: Browser, host: str) -> None:
    assert (await client.get("/sign-in", Host=host)).status_code == 421


async def test_a_probe_may_use_any_host_name(client: Browser) -> None:
    assert (await client.get("/healthz", Host="10.0.0.7:8000")).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "cross-site", "Origin": BASE_URL},
    ],
)
async def test_a_form_from_elsewhere_is_refused(client: Browser, headers: dict[str, str]) -> None:
    answer = await client.post("/sign-in", {"address": "amina@elmbrook.example"}, **headers)
    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("origin", "status"), [(BASE_URL, 200), ("http://evil.example", 403), ("null", 403), (None, 403)]
)
async def test_a_browser_that_says_no_site_has_to_say_its_origin(
    client: Browser, origin: str | None, status: int
) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"} | ({"Origin": origin} if origin else {})
    answer = await client.client.post("/sign-in", content=b"address=amina%40elmbrook.example", headers=headers)
    assert answer.status_code == status


async def test_an_old_browser_is_known_by_the_form_token_alone(signed_in: SignedIn) -> None:
    browser = await signed_in("amina@elmbrook.example")
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    without = await browser.client.post("/sign-out", content=b"", headers=headers)
    assert without.status_code == 403
    with_token = await browser.client.post(
        "/sign-out", content=f"form_token={browser.form_token}".encode(), headers=headers
    )
    assert with_token.status_code == 303


async def test_a_form_token_of_somebody_else_is_refused(signed_in: SignedIn) -> None:
    amina, ben = await signed_in("amina@elmbrook.example"), await signed_in("ben@elmbrook.example")
    answer = await amina.post("/sign-out", {"form_token": ben.form_token})
    assert answer.status_code == 403
    assert (await amina.get("/")).status_code == 200


async def test_a_page_is_shown_in_no_frame(client: Browser) -> None:
    assert (await client.get("/sign-in", **{"Sec-Fetch-Dest": "iframe"})).status_code == 403


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"address=" + b"a" * MOST_BYTES, "application/x-www-form-urlencoded"),
        (b"&".join(b"f%d=1" % n for n in range(51)), "application/x-www-form-urlencoded"),
        (b"address=a%00b%40c.example", "application/x-www-form-urlencoded"),
        (b"address=%ff%40c.example", "application/x-www-form-urlencoded"),
        (b"\xff=1", "application/x-www-form-urlencoded"),
        (b"address=a%40b.example&address=c%40d.example", "application/x-www-form-urlencoded"),
        (b"address=a%40b.example&unknown=1", "application/x-www-form-urlencoded"),
        (b"next=home", "application/x-www-form-urlencoded"),
        (b"", "application/x-www-form-urlencoded"),
        (b"address=a%07%40b.example", "application/x-www-form-urlencoded"),
        (b"address=a%E2%80%AE%40b.example", "application/x-www-form-urlencoded"),
        (b"address=a%40b.example", "application/x-www-form-urlencoded; charset=utf-16"),
        (b'{"address": "a@b.example"}', "application/json"),
        (b"address=a%40b.example", "text/plain"),
        (
            b'--x\r\nContent-Disposition: form-data; name="address"; filename="a.txt"\r\n\r\na@b.example\r\n--x--\r\n',
            "multipart/form-data; boundary=x",
        ),
    ],
)
async def test_what_no_page_sends_is_refused_and_nothing_is_stored(
    client: Browser, site: Site, body: bytes, kind: str
) -> None:
    answer = await client.send("/sign-in", body, **{"Content-Type": kind})
    assert answer.status_code in {400, 422}
    assert "Traceback" not in answer.text
    assert await rows_in(site, "sign_in_code") == 0


async def test_a_body_that_grows_beyond_its_size_is_refused(client: Browser) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(5):
            yield b"a" * 100_000

    answer = await client.client.post(
        "/sign-in",
        content=endless(),
        headers={"Sec-Fetch-Site": "same-origin", "Content-Type": "application/x-www-form-urlencoded"},
    )
    assert answer.status_code == 400


@pytest.mark.parametrize("path", ["/sign-in?next=%00", "/sign-in?next=%ff", "/nowhere%00", "/cases/%ff"])
async def test_an_address_that_is_no_text_is_refused(client: Browser, path: str) -> None:
    assert (await client.get(path)).status_code in {400, 404}


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
async def test_other_methods_are_refused(client: Browser, method: str) -> None:
    answer = await client.client.request(method, "/sign-in", headers={"Sec-Fetch-Site": "same-origin"})
    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]
    assert "not work here" in answer.text


async def test_a_failure_shows_its_code_and_nothing_else(site: Site) -> None:
    async def fails(visit: Visit) -> Response:
        message = f"secret of {visit.request.url.path}"
        raise RuntimeError(message)

    page = Page("/fails", fails, ("GET",), "anyone")
    async with AsyncClient(transport=ASGITransport(create_app(site, (page,))), base_url=BASE_URL) as client:
        answer = await client.get("/fails")
    assert answer.status_code == 500
    assert answer.headers["X-Request-Id"] in answer.text
    assert "secret" not in answer.text
    assert "RuntimeError" not in answer.text
    assert answer.headers["Content-Security-Policy"] == HEADERS["Content-Security-Policy"]


async def rows_in(site: Site, table: str) -> int:
    async with site.db.read() as session:
        return TypeAdapter(int).validate_python(
            (await session.execute(text(f"SELECT count(*) FROM {table}"))).scalar()  # noqa: S608 -- a table's name
        )
