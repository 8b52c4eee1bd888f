"""The house that tests of processes run in: one Temporal a session, one database and mail server a module."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from temporalio.testing import WorkflowEnvironment

from tests.house import House, end_what_goes_on, house, temporal


@pytest.fixture(scope="session")
async def environment() -> AsyncIterator[WorkflowEnvironment]:
    async with temporal() as environment:
        yield environment


@pytest.fixture(scope="module")
async def at_home(environment: WorkflowEnvironment, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    folder: Path = tmp_path_factory.mktemp("house")
    async with house(environment, folder) as home:
        yield home
        await end_what_goes_on(home.client)
