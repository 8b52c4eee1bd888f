"""What every journey needs: a browser, and a whole Duly that runs as it would for a school."""

import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, async_playwright

from tests.journeys.browsing import Mailbox, Town
from tests.journeys.running import duly

HERE = Path(__file__).parent
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
"""The first draws the same pages with a quarter less of the processors: nobody looks at its windows."""
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.parent == HERE:
            item.add_marker(pytest.mark.journey)


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Yield a browser of this machine; where there is none the journey is skipped, and fails where nothing may skip."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        why = f"no browser here: none of {', '.join(BROWSERS)} is on the path"
        if os.environ.get("CI") == "true":
            pytest.fail(why)
        pytest.skip(why)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=found, args=FLAGS)
        yield browser
        await browser.close()


@pytest.fixture(scope="session")
async def running(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    """Yield one running Duly for all journeys."""
    folder = tmp_path_factory.mktemp("duly")
    async with duly(folder) as base_url:
        yield Town(base_url, browser, Mailbox(base_url, folder / "data" / "mailbox"), folder)


@pytest.fixture
async def town(running: Town) -> AsyncIterator[Town]:
    """Yield the running Duly, in which nobody is at a browser yet."""
    yield running
    await running.leave()
