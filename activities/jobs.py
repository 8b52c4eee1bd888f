"""What activities hand to Temporal: a case to begin, an act for one, and a mail to be sent by a job of its own."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import DeleteWorkflowExecutionRequest
from temporalio.client import Client, WorkflowUpdateRPCTimeoutOrCancelledError
from temporalio.common import ActivityIDConflictPolicy, ActivityIDReusePolicy, RetryPolicy
from temporalio.exceptions import ActivityAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from domain.cases import Act, Opening
from domain.mails import CheckpointMail, PersonalMail
from domain.names import MAIL_CHECKPOINT, MAIL_PERSON, SEND_MAIL, TASK_QUEUE, TELL_WEBHOOK
from store import running

_PATIENCE: Final = 10.0

_TOLD_WITHIN: Final = timedelta(days=3, hours=2)
"""Longer than a webhook is tried for, so that it is given up on record and not in silence."""


@dataclass(frozen=True)
class Jobs:
    """Temporal, as activities reach it."""

    client: Client

    async def act(self, case: str, act: Act) -> None:
        """Have the case take `act`, once; a case that is over, or that Temporal does not know, needs none.

        One that is beginning again at this moment takes it once it has.

        Raises:
            RPCError: Temporal cannot be reached, or did not answer in time; the act may be sent again.
            TimeoutError: the same.
        """
        try:
            async with asyncio.timeout(_PATIENCE):
                await running.take(self.client, case, act)
        except WorkflowUpdateRPCTimeoutOrCancelledError as lost:
            # The client says the same of a wait that was too long and of one that somebody wants to end.
            if (task := asyncio.current_task()) is not None and task.cancelling():
                raise asyncio.CancelledError from lost
            raise TimeoutError from lost

    async def begin(self, opening: Opening) -> None:
        """Begin the case of `opening`; one that has begun before is left alone.

        Raises:
            RPCError: Temporal did not acknowledge it; it may be tried again.
        """
        await running.begin(self.client, opening)

    async def forget(self, case: str) -> None:
        """Delete what is left of a case that is over; one that Temporal does not know any more is gone already.

        Raises:
            RPCError: Temporal cannot be reached, or did not answer in time; it may be tried again.
            TimeoutError: the same.
        """
        request = DeleteWorkflowExecutionRequest(
            namespace=self.client.namespace, workflow_execution=WorkflowExecution(workflow_id=case)
        )
        try:
            async with asyncio.timeout(_PATIENCE):
                await self.client.workflow_service.delete_workflow_execution(request)
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise

    async def send_mail(self, mail_id: str) -> None:
        """Leave a queued mail to a job that keeps trying to send it; one that is at it already is enough.

        Raises:
            RPCError: Temporal did not take the job.
        """
        await self._leave(SEND_MAIL, mail_id, mail_id)

    async def mail_person(self, mail: PersonalMail) -> None:
        """Leave a mail that is no part of a case to a job that keeps trying to send it.

        Raises:
            RPCError: Temporal did not take the job.
        """
        await self._leave(MAIL_PERSON, mail, mail.id)

    async def mail_checkpoint(self, mail: CheckpointMail) -> None:
        """Leave the mail of a checkpoint to a job, once: one that was done in the last days is not done again.

        Raises:
            RPCError: Temporal did not take the job.
        """
        try:
            await self.client.start_activity(
                MAIL_CHECKPOINT,
                mail,
                id=mail.id,
                task_queue=TASK_QUEUE,
                id_reuse_policy=ActivityIDReusePolicy.REJECT_DUPLICATE,
                id_conflict_policy=ActivityIDConflictPolicy.USE_EXISTING,
                start_to_close_timeout=timedelta(seconds=30),
                schedule_to_close_timeout=timedelta(days=90),
                retry_policy=RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=10)),
            )
        except ActivityAlreadyStartedError:
            return

    async def tell_webhook(self, delivery: str) -> None:
        """Leave a delivery to a job that keeps trying for three days; one that is at it already is enough.

        Raises:
            RPCError: Temporal did not take the job.
        """
        await self.client.start_activity(
            TELL_WEBHOOK,
            delivery,
            id=f"webhook-{delivery}",
            task_queue=TASK_QUEUE,
            id_conflict_policy=ActivityIDConflictPolicy.USE_EXISTING,
            start_to_close_timeout=timedelta(seconds=30),
            schedule_to_close_timeout=_TOLD_WITHIN,
            retry_policy=RetryPolicy(initial_interval=timedelta(seconds=10), maximum_interval=timedelta(hours=1)),
        )

    async def _leave(self, job: str, argument: str | PersonalMail, mail_id: str) -> None:
        await self.client.start_activity(
            job,
            argument,
            id=f"mail-{mail_id}",
            task_queue=TASK_QUEUE,
            id_conflict_policy=ActivityIDConflictPolicy.USE_EXISTING,
            start_to_close_timeout=timedelta(seconds=30),
            schedule_to_close_timeout=timedelta(days=90),
            retry_policy=RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=10)),
        )
