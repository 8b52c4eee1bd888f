"""What a report leaves behind: of whoever reports without a name, nothing; of pictures and files, nothing at all."""

import base64
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from httpx2 import ASGITransport, AsyncClient
from sqlalchemy import text
from structlog.testing import capture_logs

from domain.report_so_far import SoFar, case_of
from starter.web import create_app
from starter.web.reading import MOST_BYTES
from starter.web.site import Site
from tests.starter.web.conftest import BASE_URL, Browser, Clock, SignedIn
from tests.starter.web.reporting.conftest import Reports
from tests.starter.web.reporting.roads import STORY, USUAL, Road

ADDRESS = "192.0.2.77"
AGENT = "Reporting-Browser/1.0"
PICTURE = base64.b64encode(b"\xff\xd8\xff\xe0" + bytes(range(256))).decode()
PICTURES = {
    "an address with data": "See data:image/png;base64,iVBORw0KGgo=",
    "base64": f"Look: {PICTURE}",
    "base64 in lines": "\n".join(PICTURE[at : at + 76] for at in range(0, len(PICTURE), 76)),
}


async def everything(site: Site) -> dict[str, list[tuple[Any, ...]]]:
    """Return all that the database holds, by table."""
    async with site.db.read() as session:
        names = (await session.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'"))).scalars().all()
        return {
            name: [tuple(row) for row in (await session.execute(text(f'SELECT * FROM "{name}"'))).all()]  # noqa: S608 -- a table's name
            for name in names
        }


def added(before: dict[str, list[tuple[Any, ...]]], after: dict[str, list[tuple[Any, ...]]]) -> dict[str, Any]:
    """Return the rows of `after` that are not in `before`, by table."""
    found = {name: [row for row in rows if row not in before[name]] for name, rows in after.items()}
    return {name: rows for name, rows in found.items() if rows}


def on_disk(site: Site) -> bytes:
    """Return every byte of the database's files."""
    return b"".join(file.read_bytes() for file in sorted(site.settings.data_dir.glob("duly.sqlite3*")))


@asynccontextmanager
async def a_browser_of_somebody(site: Site, like: Browser | None = None) -> AsyncIterator[Browser]:
    """Yield a browser that says what it is, at an address of its own, with the cookies of `like`."""
    transport = ASGITransport(create_app(site), client=(ADDRESS, 50000))
    async with AsyncClient(transport=transport, base_url=BASE_URL, headers={"User-Agent": AGENT}) as client:
        if like is not None:
            client.cookies.update(like.client.cookies)
        yield Browser(client)


@pytest.mark.meets("ALLEG-07")
async def test_of_a_reporter_without_a_name_nothing_is_kept_or_logged_even_if_signed_in(
    site: Site, reports: Reports, signed_in: SignedIn, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    amina = await signed_in("amina@elmbrook.example")
    clock.pass_time(minutes=10)
    before = await everything(site)
    caplog.set_level(logging.DEBUG)
    with capture_logs() as logged:
        async with a_browser_of_somebody(site, amina) as browser:
            road = await Road(browser).whole()
            code = road.code
            await browser.post("/report/receipt", {"code": code, "text": "More.", "occasion": "A" * 22})
            await browser.post("/report/receipt", {"code": "wrong"})
    new = added(before, await everything(site))
    assert set(new) == {"case_key", "confidential", "event", "mail", "party", "receipt"}
    told = {row for rows in new.values() for row in rows}
    for trace in ("amina", "Amina", "Okafor", ADDRESS, AGENT, STORY, code, "Ben Carter"):
        assert not any(trace in str(value) for row in told for value in row), trace
    session_cookie = next(iter(amina.client.cookies.jar)).value
    for trace in (ADDRESS, AGENT, STORY, "every night", code, "More.", session_cookie or "?"):
        assert trace.encode() not in on_disk(site), trace
    assert not road.answer or "set-cookie" not in road.answer.headers
    assert logged == []
    # The browser of this test logs what it asks for.
    lines = [record.getMessage() for record in caplog.records if not record.name.startswith("httpx2")]
    for trace in ("amina", ADDRESS, AGENT, STORY, code, "report", reports.only.case):
        assert not any(trace in line for line in lines), trace


async def test_nothing_is_kept_before_it_is_sent(site: Site, client: Browser, reports: Reports) -> None:
    before = await everything(site)
    await (await Road(client).begin()).to("check")
    assert added(before, await everything(site)) == {}
    assert STORY.encode() not in on_disk(site)
    assert reports.begun == {}


async def test_where_nobody_is_left_nothing_is_kept_either(site: Site, client: Browser, reports: Reports) -> None:
    before = await everything(site)
    people = {**USUAL["people"], "name_1": "Helen Marsh"}
    involved = {"involved": ("chair_of_governors", "vice_chair_of_governors")}
    await Road(client).whole(people=people, involved=involved)
    assert added(before, await everything(site)) == {}


async def test_what_the_case_is_called_says_nothing_of_the_page(site: Site, client: Browser, reports: Reports) -> None:
    road = await Road(client).ready()
    so_far = SoFar.model_validate_json(road.carried()["so_far"])
    await road.go("send")
    assert reports.only.case == case_of(so_far.token)
    told = str(await everything(site))
    assert so_far.key not in told
    assert so_far.token not in told


async def test_a_fault_of_ours_is_logged_without_a_word_of_the_report(
    client: Browser, reports: Reports, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> Any:
        raise RuntimeError(STORY)

    road = await Road(client).ready()
    monkeypatch.setattr("starter.web.reporting.sending.begun_by", broken)
    with capture_logs() as logged:
        await road.go("send")
    assert logged == [{"event": "failed", "error": "RuntimeError", "log_level": "error"}]


# Pictures and files.


@pytest.mark.meets("ALLEG-13")
@pytest.mark.parametrize("pasted", PICTURES.values(), ids=PICTURES.keys())
@pytest.mark.parametrize("field", ["what_1", "name_1", "where", "contact"])
async def test_a_picture_pasted_as_text_is_refused_and_not_carried_on(client: Browser, field: str, pasted: str) -> None:
    page = {"what_1": "events", "name_1": "people", "where": "when", "contact": "reporter"}[field]
    typed = {**USUAL[page], field: pasted, **({"mode": "named", "name": "J"} if page == "reporter" else {})}
    road = await (await Road(client).begin()).to(page)
    await road.go(**typed)
    assert road.answer is not None
    assert road.answer.status_code == 422
    assert "Duly takes words only" in road.faults[0]
    assert pasted.split()[-1] not in road.answer.text
    await road.go("back")
    assert pasted.split()[-1] not in road.answer.text


async def test_a_picture_put_into_what_the_page_carries_is_gone(client: Browser) -> None:
    road = await Road(client).ready()
    so_far = SoFar.model_validate_json(road.carried()["so_far"])
    filled = so_far.model_copy(update={"typed": {**so_far.typed, "what_1": PICTURES["base64"]}})
    await road.go("send", so_far=filled.model_dump_json())
    assert road.page == "events"
    assert road.answer is not None
    assert PICTURE[:40] not in road.answer.text


@pytest.mark.meets("ALLEG-13")
@pytest.mark.parametrize("path", ["/report", "/report/receipt", "/report/calls"])
async def test_a_file_is_refused_with_whom_to_telephone_and_neither_kept_nor_logged(
    site: Site, client: Browser, path: str
) -> None:
    before = await everything(site)
    part = f'--x\r\nContent-Disposition: form-data; name="f"; filename="a.jpg"\r\n\r\n{PICTURE}\r\n--x--\r\n'
    with capture_logs() as logged:
        answer = await client.send(path, part.encode(), **{"Content-Type": "multipart/form-data; boundary=x"})
    assert answer.status_code == 400
    assert "no pictures and no files" in answer.text
    assert "01632 960001" in answer.text
    assert added(before, await everything(site)) == {}
    assert PICTURE[:40] not in str(logged)
    assert PICTURE[:40].encode() not in on_disk(site)


async def test_a_report_that_is_too_long_is_told_whom_to_telephone(client: Browser) -> None:
    with capture_logs() as logged:
        answer = await client.send("/report", b"so_far=" + b"a" * MOST_BYTES)
    assert answer.status_code == 400
    assert "01632 960001" in answer.text
    assert [{key: line[key] for key in ("event", "status", "why")} for line in logged] == [
        {"event": "refused", "status": 400, "why": "size"}
    ]


async def test_the_longest_report_in_any_script_can_be_sent(client: Browser, reports: Reports) -> None:
    road = await (await Road(client).begin()).to("events")
    longest = "漢" * 4000
    for _ in range(5):
        await road.go("add")
    assert len(road.soup.select("textarea")) == 6
    events = {name: text for n in range(1, 7) for name, text in ((f"topic_{n}", "disrepute"), (f"what_{n}", longest))}
    await road.go(**events)
    assert road.page == "when"
    await road.to("check")
    await road.go("send")
    assert reports.only.matter is not None
    assert len(reports.only.matter.allegations) == 6
