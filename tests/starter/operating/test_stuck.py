"""Whether a case keeps failing is asked of a real Temporal, and told without a word of which."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr
from temporalio import workflow
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from domain.names import TASK_QUEUE, WORKFLOW
from duly.embedded import server
from settings import Settings
from starter.operating import checks_of_servers as servers
from starter.operating.metrics import STUCK, UP, Metrics
from store import stuck
from store.database import Database

# As it is, after five failures in a row, which take a minute.
SOONER = ("--dynamic-config-value", "system.numConsecutiveWorkflowTaskProblemsToTriggerSearchAttribute=1")
KEY = SecretStr("k1:7/3t6Q0mQ9q0sP0c1xk7mS3o5Y5f8S0yq4n8g7hB2aE=")


@workflow.defn(name=WORKFLOW)
class Failing:
    """A case whose first step fails whenever it is tried."""

    @workflow.run
    async def run(self) -> None:
        raise RuntimeError


@pytest.fixture
async def settings(tmp_path: Path, migrated_file: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Settings]:
    """Yield the settings of an installation whose Temporal runs, and nothing else."""
    for name in ("TEMPORAL_ADDRESS", "TEMPORAL_NAMESPACE"):
        monkeypatch.delenv(name, raising=False)
    made = Settings(mode="demo", data_dir=tmp_path, keys=KEY)
    shutil.copy(migrated_file, tmp_path / "duly.sqlite3")
    here = server(made.temporal_db)
    assert here is not None
    process = await asyncio.create_subprocess_exec(
        *here.command, *SOONER, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
    )
    made.temporal_address.write_text(here.address)
    await here.keep_histories()
    yield made
    process.terminate()
    await process.wait()


async def test_a_case_that_keeps_failing_is_told(settings: Settings) -> None:
    metrics = Metrics(settings, lambda: datetime.now(UTC))  # noqa: TID251 -- a server of today
    [idle] = await asyncio.to_thread(servers.check_temporal, settings)
    assert (idle.about, idle.level) == ("worker", "wrong")
    assert "No worker is at work" in idle.says
    client = await Client.connect(settings.temporal_address.read_text())
    worker = Worker(client, task_queue=TASK_QUEUE, workflows=[Failing], workflow_runner=UnsandboxedWorkflowRunner())
    async with worker:
        # Temporal says a moment later that somebody asks it for work.
        async with asyncio.timeout(30):
            while (await asyncio.to_thread(servers.check_temporal, settings))[0].level != "ok":
                await asyncio.sleep(0.2)
        found = await metrics.take()
        assert (found[STUCK], found[UP]) == ({(): 0}, {("database",): 1, ("temporal",): 1})
        await client.start_workflow(WORKFLOW, id="c-1", task_queue=TASK_QUEUE)
        async with asyncio.timeout(60):
            while (await metrics.take())[STUCK] != {(): 1}:
                await asyncio.sleep(0.5)
        [stuck] = await asyncio.to_thread(servers.check_temporal, settings)
        assert stuck.level == "wrong"
        assert "A case cannot go on" in stuck.says
        await client.get_workflow_handle("c-1").terminate()


async def test_a_case_whose_record_keeps_failing_is_told(settings: Settings) -> None:
    metrics = Metrics(settings, lambda: datetime.now(UTC))  # noqa: TID251 -- a server of today
    db = Database(settings.database_url)
    assert (await metrics.take())[STUCK] == {(): 0}
    async with db.write() as session:
        await stuck.note(session, "c-1", datetime.now(UTC))  # noqa: TID251 -- the same
    assert (await metrics.take())[STUCK] == {(): 1}
    found = await asyncio.to_thread(servers.check_temporal, settings)
    assert any("A case cannot go on" in one.says and one.level == "wrong" for one in found)
    async with db.write() as session:
        await stuck.forget(session, "c-1")
    assert (await metrics.take())[STUCK] == {(): 0}
    await db.close()
