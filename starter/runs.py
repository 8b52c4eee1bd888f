"""A case as Temporal sees it: its run and what it waits for; whether all of them go on; and whether a history holds.

Nothing that somebody wrote is among it: of a failure only its kind and the first line of what it says.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal, TypeAlias

from google.protobuf.timestamp_pb2 import Timestamp
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.failure.v1 import Failure
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest, DescribeWorkflowExecutionResponse
from temporalio.client import Client, WorkflowHistory
from temporalio.converter import DataConverter, WorkflowSerializationContext
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from domain.names import TASK_QUEUE
from domain.text import one_line

_LONGEST_FAILURE: Final = 200
_MOST_FAILING: Final = 200
_FAILING: Final = "ExecutionStatus = 'Running' AND TemporalReportedProblems IS NOT NULL"
"""Cases whose turns have failed, or were not taken up, time after time: Temporal itself says so."""

REPLAY_WITHIN: Final = 20.0
"""Seconds that the replay of a history may take."""

Verdict: TypeAlias = Literal["holds", "differs", "too_long", "busy", "gone"]
"""What came of a replay: the code of today would have written the same history, or another; it took too long; another
one is under way; or Temporal has the history no more."""


@dataclass(frozen=True)
class Health:
    """Whether Temporal answers, whether a worker asks it for work, and the ids of the cases that do not get on."""

    answers: bool = True
    works: bool = True
    failing: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Pending:
    """An activity under way: its name, which attempt this is, what the last one failed of, and when the next is."""

    name: str
    attempt: int
    failure: str = ""
    next_at: datetime | None = None


@dataclass(frozen=True)
class Run:
    """A case as Temporal describes it. `attempt` is that of the turn that is due, 0 where none is."""

    id: str
    status: str
    began_at: datetime | None
    ended_at: datetime | None
    events: int
    bytes: int
    attempt: int = 0
    pending: tuple[Pending, ...] = ()


@dataclass(frozen=True)
class Replayed:
    """What came of replaying a history of so many events."""

    verdict: Verdict
    events: int = 0


async def health_of(client: Client) -> Health:
    """Return how Temporal and its worker are.

    Raises:
        RPCError: Temporal does not answer.
    """
    queue = TaskQueue(name=TASK_QUEUE)
    asked = DescribeTaskQueueRequest(
        namespace=client.namespace, task_queue=queue, task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW
    )
    works = bool((await client.workflow_service.describe_task_queue(asked)).pollers)
    return Health(works=works, failing=frozenset([case async for case in _failing(client)]))


async def _failing(client: Client) -> AsyncIterator[str]:
    try:
        async for found in client.list_workflows(_FAILING, limit=_MOST_FAILING):
            yield found.id
    except RPCError as error:
        # A server before 1.30 does not know of such problems.
        if error.status is not RPCStatusCode.INVALID_ARGUMENT:
            raise


async def run_of(client: Client, case: str) -> Run | None:
    """Return the run of `case`; None where Temporal has it no more.

    Raises:
        RPCError: Temporal does not answer.
    """
    try:
        description = await client.get_workflow_handle(case).describe()
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return None
        raise
    raw: DescribeWorkflowExecutionResponse = description.raw_description
    info, task = raw.workflow_execution_info, raw.pending_workflow_task
    converter = client.data_converter.with_context(WorkflowSerializationContext(client.namespace, case))
    return Run(
        id=info.execution.run_id,
        status=description.status.name.lower().replace("_", " ") if description.status else "unknown",
        began_at=description.start_time,
        ended_at=description.close_time,
        events=info.history_length,
        bytes=info.history_size_bytes,
        attempt=task.attempt if raw.HasField("pending_workflow_task") else 0,
        pending=tuple(
            [
                Pending(
                    name=one.activity_type.name,
                    attempt=one.attempt,
                    failure=await _failure(converter, one.last_failure) if one.HasField("last_failure") else "",
                    next_at=_moment(one.next_attempt_schedule_time),
                )
                for one in raw.pending_activities
            ]
        ),
    )


async def _failure(converter: DataConverter, failure: Failure) -> str:
    """Return the kind of a failure, and the first line of what it says."""
    try:
        error = await converter.decode_failure(failure)
    except Exception:  # noqa: BLE001 -- whatever cannot be opened is said to be so
        return "It cannot be read"
    kind = error.type if isinstance(error, ApplicationError) and error.type else type(error).__name__
    said = one_line(str(error).partition("\n")[0], _LONGEST_FAILURE)
    return said if said.startswith(kind) else f"{kind}: {said}"


def _moment(at: Timestamp) -> datetime | None:
    return at.ToDatetime(UTC) if at.seconds else None


class Replays:
    """Replays one history at a time, beside what the process does: it reads and writes nothing."""

    def __init__(self) -> None:
        """Begin with none under way."""
        self._under_way: asyncio.Task[Replayed] | None = None

    async def replay(self, client: Client, case: str) -> Replayed:
        """Return whether the code of today would have written the history of `case`, as far as it goes.

        Raises:
            RPCError: Temporal does not answer.
        """
        if self._under_way is not None and not self._under_way.done():
            return Replayed("busy")
        self._under_way = asyncio.create_task(_replay(client, case))
        done, _ = await asyncio.wait({self._under_way}, timeout=REPLAY_WITHIN)
        return self._under_way.result() if done else Replayed("too_long")


async def _replay(client: Client, case: str) -> Replayed:
    try:
        history = await client.get_workflow_handle(case).fetch_history()
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return Replayed("gone")
        raise
    codec = client.data_converter.with_context(WorkflowSerializationContext(client.namespace, case)).payload_codec
    if codec is not None:
        # Has the key of the case remembered: what is opened beside needs no database.
        await codec.decode([])
    return await asyncio.to_thread(lambda: asyncio.run(_replayed(client, history)))


async def _replayed(client: Client, history: WorkflowHistory) -> Replayed:
    from temporalio.worker import Replayer, UnsandboxedWorkflowRunner

    from workflows.host import CaseWorkflow

    # As the worker of a school runs it: see `worker.main`.
    replayer = Replayer(
        workflows=[CaseWorkflow],
        workflow_runner=UnsandboxedWorkflowRunner(),
        namespace=client.namespace,
        data_converter=client.data_converter,
    )
    events = len(history.events)
    with _nothing_logged():
        try:
            async with asyncio.timeout(REPLAY_WITHIN):
                result = await replayer.replay_workflow(history, raise_on_replay_failure=False)
        except TimeoutError:
            return Replayed("too_long", events)
    return Replayed("holds" if result.replay_failure is None else "differs", events)


@contextmanager
def _nothing_logged() -> Iterator[None]:
    """Have Temporal log nothing of a replay: what it says of one that differs may be what somebody wrote."""
    logs = [logging.getLogger(name) for name in logging.root.manager.loggerDict if name.startswith("temporalio.worker")]
    for one in logs:
        one.addFilter(_never)
    try:
        yield
    finally:
        for one in logs:
            one.removeFilter(_never)


def _never(record: logging.LogRecord) -> bool:
    del record
    return False
