"""Old cases go on under new code: every history that a released version recorded is replayed on this one."""

import json
from collections import Counter
from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Replayer
from temporalio.workflow import NondeterminismError

from worker import SANDBOX
from workflows.host import CaseWorkflow

FEWEST = {"0.1.0": 8, "0.2.0": 19, "0.3.0": 23, "0.4.0": 27, "0.5.0": 33, "0.6.0": 35, "0.7.0": 40}
"""How many histories each version recorded."""

HISTORIES = sorted((Path(__file__).parents[1] / "histories").rglob("*.json"))


async def replay(text: str) -> None:
    replayer = Replayer(workflows=[CaseWorkflow], workflow_runner=SANDBOX, data_converter=pydantic_data_converter)
    await replayer.replay_workflow(WorkflowHistory.from_json("c-recorded", text))


def test_histories_of_every_recorded_version_are_here() -> None:
    told = Counter(path.parent.name for path in HISTORIES)
    assert {version: told[version] for version, fewest in FEWEST.items() if told[version] < fewest} == {}


def test_histories_of_a_case_that_began_again_and_of_each_kind_of_round_are_here() -> None:
    stories = {path.stem for path in HISTORIES}
    assert {"site-life-goes-on", "site-life-goes-on-again", "countersigned", "signature-read", "question"} <= stories


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
