"""What the starter asks of Temporal: to begin a case, to take an act, to mail somebody."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from temporalio.client import Client, WorkflowUpdateRPCTimeoutOrCancelledError
from temporalio.common import ActivityIDConflictPolicy, RetryPolicy
from temporalio.service import RPCError

from domain.cases import Act, Opening, Reply
from domain.mails import PersonalMail
from domain.names import MAIL_PERSON, SEND_MAIL, TASK_QUEUE
from starter.runs import Health, Replayed, Replays, Run, health_of, run_of
from store import running

_PATIENCE: Final = 10.0
"""Seconds that a page waits for Temporal before it says honestly that nothing was recorded."""

_GLANCE: Final = 2.0
"""Seconds that a page waits for Temporal which has more to show than what Temporal says."""


class EngineLostError(Exception):
    """Temporal did not answer: nothing is known to have happened, and the same may be tried again."""


@dataclass(frozen=True)
class Engine:
    """The running cases, as the starter reaches them."""

    client: Client
    replays: Replays = field(default_factory=Replays)

    async def ready(self) -> bool:
        """Return whether Temporal answers."""
        try:
            async with asyncio.timeout(_PATIENCE):
                return await self.client.service_client.check_health()
        except (RPCError, RuntimeError, TimeoutError):
            return False

    async def begin(self, opening: Opening) -> None:
        """Begin the case of `opening`; one that has begun before is left alone.

        Raises:
            EngineLostError: Temporal did not acknowledge it.
        """
        try:
            async with asyncio.timeout(_PATIENCE):
                await running.begin(self.client, opening)
        except (RPCError, RuntimeError, TimeoutError) as lost:
            raise EngineLostError from lost

    async def act(self, case: str, act: Act) -> Reply:
        """Have the case take `act` and return what it says; the same act again has one effect and one reply.

        A case that is told on for years begins again now and then, as another run: an act that meets that moment is
        sent again, and the new run takes it, once.

        Raises:
            EngineLostError: Temporal or the worker did not answer in time; the act may be sent again.
        """
        try:
            async with asyncio.timeout(_PATIENCE):
                return await running.take(self.client, case, act)
        except RPCError as error:
            raise EngineLostError from error
        except (RuntimeError, TimeoutError, WorkflowUpdateRPCTimeoutOrCancelledError) as lost:
            # The client says the same of a wait that was too long and of one that somebody wants to end.
            if (task := asyncio.current_task()) is not None and task.cancelling():
                raise asyncio.CancelledError from lost
            raise EngineLostError from lost

    async def mail_person(self, mail: PersonalMail) -> None:
        """Have `mail` sent, once, by a job of its own.

        Raises:
            EngineLostError: Temporal did not take the job.
        """
        await self._leave(MAIL_PERSON, mail, mail.id)

    async def send_mail(self, mail_id: str) -> None:
        """Have a queued mail of a case sent, once, by a job of its own.

        Raises:
            EngineLostError: Temporal did not take the job.
        """
        await self._leave(SEND_MAIL, mail_id, mail_id)

    async def health(self) -> Health:
        """Return how Temporal and its worker are, and which cases do not get on."""
        try:
            async with asyncio.timeout(_GLANCE):
                return await health_of(self.client)
        except (RPCError, RuntimeError, TimeoutError):
            return Health(answers=False, works=False)

    async def run_of(self, case: str) -> Run | None:
        """Return `case` as Temporal describes it; None where Temporal has it no more.

        Raises:
            EngineLostError: Temporal did not answer.
        """
        try:
            async with asyncio.timeout(_PATIENCE):
                return await run_of(self.client, case)
        except (RPCError, RuntimeError, TimeoutError) as lost:
            raise EngineLostError from lost

    async def replay(self, case: str) -> Replayed:
        """Return whether the code of today would have written the history of `case`.

        Raises:
            EngineLostError: Temporal did not answer.
        """
        try:
            return await self.replays.replay(self.client, case)
        except (RPCError, RuntimeError) as lost:
            raise EngineLostError from lost

    async def _leave(self, job: str, argument: PersonalMail | str, mail_id: str) -> None:
        try:
            async with asyncio.timeout(_PATIENCE):
                await self.client.start_activity(
                    job,
                    argument,
                    id=f"mail-{mail_id}",
                    task_queue=TASK_QUEUE,
                    id_conflict_policy=ActivityIDConflictPolicy.USE_EXISTING,
                    start_to_close_timeout=timedelta(seconds=30),
                    schedule_to_close_timeout=timedelta(days=7),
                    retry_policy=RetryPolicy(maximum_interval=timedelta(minutes=1)),
                )
        except (RPCError, RuntimeError, TimeoutError) as lost:
            raise EngineLostError from lost
