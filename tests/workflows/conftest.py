"""The house that tests of processes run in: one Temporal a session, one database and mail server a module."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from temporalio.testing import WorkflowEnvironment

from tests.house import RUNNER, House, end_what_goes_on, house, temporal
from worker import SANDBOX

IN_THE_SANDBOX = ("test_host", "test_explorer_hosts", "test_acknowledgement", "test_site_life")
"""The tests whose cases run in Temporal's sandbox, where a clock, chance or I/O in a workflow fails."""


@pytest.fixture(scope="session")
async def environment() -> AsyncIterator[WorkflowEnvironment]:
    async with temporal() as environment:
        yield environment


@pytest.fixture(scope="module")
async def at_home(
    environment: WorkflowEnvironment, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> AsyncIterator[House]:
    folder: Path = tmp_path_factory.mktemp("house")
    runner = SANDBOX if request.path.stem in IN_THE_SANDBOX else RUNNER
    async with house(environment, folder, runner=runner) as home:
        yield home
        await end_what_goes_on(home.client)
