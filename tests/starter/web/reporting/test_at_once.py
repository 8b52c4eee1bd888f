"""A report that is sent three times at one moment, through the real pages and the real engine."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack

import pytest
from httpx2 import ASGITransport, AsyncClient
from sqlalchemy import text

from settings import Settings
from starter.web import create_app
from starter.web.site import Site
from store import packs, people
from store.confidential import Confidential, by_receipt
from tests.builders import ORGANISATION
from tests.house import BASE_URL, House, end_what_goes_on, house, temporal
from tests.matters import CONFIDENTIAL, PEOPLE
from tests.starter.web.conftest import Browser, page_of
from tests.starter.web.reporting.roads import Road
from worker import now


@pytest.fixture(scope="module")
async def home(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """Yield a Temporal, a worker and a record."""
    async with temporal() as environment, house(environment, tmp_path_factory.mktemp("house")) as home:
        async with home.db.write() as session:
            await people.save(session, PEOPLE)
            await packs.keep(session, CONFIDENTIAL)
        yield home
        await end_what_goes_on(home.client)


@pytest.fixture
async def another(home: House, settings: Settings) -> AsyncIterator[Callable[[], Browser]]:
    """Yield what opens a browser at pages that stand on that house."""
    site = Site(settings, home.db, home.keys, home.engine, {ORGANISATION: CONFIDENTIAL}, now, demo=True)
    transport = ASGITransport(create_app(site))
    async with AsyncExitStack() as opened:
        clients = [await opened.enter_async_context(AsyncClient(transport=transport, base_url=BASE_URL)) for _ in "123"]
        browsers = iter([Browser(client) for client in clients])
        yield lambda: next(browsers)


async def counted(home: House, what: str) -> int:
    async with home.db.read() as session:
        return int((await session.execute(text(f'SELECT count(*) FROM "{what}"'))).scalar_one())  # noqa: S608 -- a table's name


async def of_the_code(home: House, code: str) -> Confidential | None:
    async with home.db.read() as session:
        return await by_receipt(session, home.keys, code)


async def test_a_report_sent_three_times_at_once_is_one_case_and_one_receipt(
    home: House, another: Callable[[], Browser]
) -> None:
    """The fields are those of the page; each of the three answers shows the code, and it leads to the case."""
    road = await (await Road(another()).begin()).to("check")
    fields = {**road.carried(), "go": "send"}
    assert road.page == "check"
    browsers = [road.browser, another(), another()]
    answers = await asyncio.gather(*(browser.post("/report", fields) for browser in browsers))
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    codes = [page_of(answer).select_one("#code") for answer in answers]
    said = {code.get_text(strip=True) for code in codes if code is not None}
    assert None not in codes
    assert len(said) == 1
    running = [one.id async for one in home.client.list_workflows("ExecutionStatus = 'Running'")]
    assert len(running) == 1
    async with asyncio.timeout(30):
        while (found := await of_the_code(home, *said)) is None:
            await asyncio.sleep(0.05)
    assert found.opening.case == running[0]
    assert await counted(home, "confidential") == 1
    assert await counted(home, "receipt") == 1
