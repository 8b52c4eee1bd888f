"""Old cases go on under new code: every history that a released version recorded is replayed on this one."""

import json
from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Replayer
from temporalio.workflow import NondeterminismError

from worker import SANDBOX
from workflows.host import CaseWorkflow

HISTORIES = sorted((Path(__file__).parents[1] / "histories").rglob("*.json"))


async def replay(text: str) -> None:
    replayer = Replayer(workflows=[CaseWorkflow], workflow_runner=SANDBOX, data_converter=pydantic_data_converter)
    await replayer.replay_workflow(WorkflowHistory.from_json("c-recorded", text))


def test_histories_of_the_released_version_are_here() -> None:
    assert len(HISTORIES) >= 8


@pytest.mark.parametrize("path", HISTORIES, ids=lambda path: f"{path.parent.name}/{path.stem}")
async def test_a_recorded_case_replays_on_this_code(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert json.loads(text)["events"]
    await replay(text)


async def test_a_history_that_this_code_would_not_have_written_is_noticed() -> None:
    history = json.loads(next(path for path in HISTORIES if path.stem == "approved").read_text(encoding="utf-8"))
    for event in history["events"]:
        if "activityTaskScheduledEventAttributes" in event:
            event["activityTaskScheduledEventAttributes"]["activityType"]["name"] = "somebody_elses"
    with pytest.raises(NondeterminismError):
        await replay(json.dumps(history))
