"""Cases as Temporal runs them: one is begun, and takes what somebody does, once, however often either is said."""

import asyncio
from datetime import timedelta
from typing import Final

from temporalio.client import Client, WorkflowExecutionStatus, WorkflowUpdateFailedError
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from domain.cases import Act, Opening, Reply
from domain.names import ACT, TASK_QUEUE, WORKFLOW

_A_MOMENT: Final = 0.1
"""Seconds after which a case that was beginning again is told once more."""

_TURN: Final = timedelta(seconds=2)
"""A turn takes milliseconds. One that a killed worker had begun is given to another after this long."""


async def begin(client: Client, opening: Opening) -> None:
    """Begin the case of `opening`; one that has begun before is left alone.

    Raises:
        RPCError: Temporal did not acknowledge it; it may be tried again.
        RuntimeError: Temporal cannot be reached.
    """
    try:
        await client.start_workflow(
            WORKFLOW,
            opening,
            id=opening.case,
            task_queue=TASK_QUEUE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
            task_timeout=_TURN,
        )
    except WorkflowAlreadyStartedError:
        return


async def take(client: Client, case: str, act: Act) -> Reply:
    """Have the case take `act` and return what it says; the same act again has one effect and one reply.

    A case that is told on for years begins again now and then, as another run: an act that meets that moment is sent
    again, for as long as it takes, and the new run takes it, once. One that is over, or that Temporal does not know,
    is `closed`.

    Raises:
        RPCError: Temporal did not answer; the act may be sent again.
        RuntimeError: Temporal cannot be reached.
        WorkflowUpdateRPCTimeoutOrCancelledError: whoever waits waited too long, or was ended; the same.
    """
    handle = client.get_workflow_handle(case)
    while True:
        reply = Reply(says="again")
        try:
            reply = await handle.execute_update(ACT, act, id=act.digest, result_type=Reply)
        except WorkflowUpdateFailedError:
            if not await _goes_on(client, case):
                return Reply(says="closed")
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            if not await _goes_on(client, case):
                return Reply(says="closed")
        if reply.says != "again":
            return reply
        await asyncio.sleep(_A_MOMENT)


async def _goes_on(client: Client, case: str) -> bool:
    """Return whether a case is running that a run of it would not take an act for."""
    try:
        described = await client.get_workflow_handle(case).describe()
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return False
        raise
    return described.status is WorkflowExecutionStatus.RUNNING
