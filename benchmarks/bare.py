"""Bare Temporal: what anybody would write without Duly, to measure Duly beside.

Three decisions by update, four mails by an activity each, and a deadline timer for each step; or one signature, with
one mail. Idiomatic, not optimal: no record, no encryption, no pages.
"""

import asyncio
import sys
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from email.message import EmailMessage
from typing import Any, Final

from temporalio import activity, workflow
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowHandle
from temporalio.worker import Worker

with workflow.unsafe.imports_passed_through():
    import aiosmtplib

QUEUE: Final = "bare"
EVENTS: Final = 50
WORKFLOW_TASKS: Final = 8

_DEADLINE: Final = timedelta(days=5)
_ONE_MAIL: Final = timedelta(seconds=30)


@dataclass
class Opening:
    """What a case begins with."""

    title: str
    starter: str
    approvers: list[str]


@dataclass
class Mail:
    """A mail to one person."""

    to: str
    subject: str
    text: str


@dataclass
class Decision:
    """What somebody who was asked says to a step."""

    step: int
    approves: bool
    by: str
    comment: str = ""


@dataclass(frozen=True)
class Post:
    """Sends mail to the server at a port of this machine."""

    port: int

    @activity.defn
    async def send(self, mail: Mail) -> None:
        """Send `mail`."""
        message = EmailMessage()
        message["From"] = "Bare <bare@bare.example>"
        message["To"] = mail.to
        message["Subject"] = mail.subject
        message.set_content(mail.text)
        await aiosmtplib.send(message, hostname="127.0.0.1", port=self.port, start_tls=False)


@workflow.defn(name="bare")
class BareApproval:
    """Three approvals, one after the other."""

    def __init__(self) -> None:
        """Begin with nothing asked and nothing decided."""
        self._asked = -1
        self._decisions: list[Decision] = []

    @workflow.run
    async def run(self, opening: Opening) -> str:
        """Ask each of the approvers by mail and tell the starter how it ended."""
        for step, approver in enumerate(opening.approvers):
            self._asked = step
            await self._send(approver, f"Please decide: {opening.title}")
            try:
                await workflow.wait_condition(lambda: self._is_decided(step), timeout=_DEADLINE)  # noqa: B023 -- awaited here
            except TimeoutError:
                return "lapsed"
            if not self._decisions[step].approves:
                return "rejected"
        await self._send(opening.starter, f"Approved: {opening.title}")
        await workflow.wait_condition(workflow.all_handlers_finished)
        return "approved"

    @workflow.update
    async def decide(self, decision: Decision) -> str:
        """Take the first decision of a step."""
        if self._is_decided(decision.step):
            return "already decided"
        self._decisions.append(decision)
        return "done"

    @decide.validator
    def _is_asked(self, decision: Decision) -> None:
        if decision.step > self._asked:
            msg = "not asked"
            raise ValueError(msg)

    def _is_decided(self, step: int) -> bool:
        return len(self._decisions) > step

    async def _send(self, to: str, subject: str) -> None:
        mail = Mail(to, subject, "Dear colleague,\n\nhttp://127.0.0.1/\n\nThe school\n")
        await workflow.execute_activity_method(Post.send, mail, start_to_close_timeout=_ONE_MAIL)


@workflow.defn(name="bare_signature")
class BareSignature:
    """One person is mailed once and signs once."""

    def __init__(self) -> None:
        """Begin with nothing signed."""
        self._by = ""

    @workflow.run
    async def run(self, opening: Opening) -> str:
        """Ask the one person by mail, and return once they have signed."""
        [person] = opening.approvers
        mail = Mail(person, f"Please sign: {opening.title}", "Dear colleague,\n\nhttp://127.0.0.1/\n\nThe school\n")
        await workflow.execute_activity_method(Post.send, mail, start_to_close_timeout=_ONE_MAIL)
        try:
            await workflow.wait_condition(lambda: bool(self._by), timeout=_DEADLINE)
        except TimeoutError:
            return "lapsed"
        await workflow.wait_condition(workflow.all_handlers_finished)
        return "signed"

    @workflow.update
    async def sign(self, by: str) -> str:
        """Take the first signature."""
        self._by = self._by or by
        return "done"


async def check_shape(handle: WorkflowHandle[Any, Any]) -> None:
    """Check that a case decided while it idled took the events and the workflow tasks that it is known by.

    Raises:
        AssertionError: it took others.
    """
    history = await handle.fetch_history()
    kinds = Counter(event.event_type for event in history.events)
    tasks = kinds[EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED]
    if (len(history.events), tasks) != (EVENTS, WORKFLOW_TASKS):
        named = ", ".join(f"{count} {EventType.Name(kind)[11:].lower()}" for kind, count in kinds.items())
        msg = f"a bare case took {len(history.events)} events and {tasks} workflow tasks: {named}"
        raise AssertionError(msg)


async def main(address: str, smtp_port: int) -> None:
    """Work until killed."""
    client = await Client.connect(address)
    post = Post(smtp_port)
    await Worker(client, task_queue=QUEUE, workflows=[BareApproval, BareSignature], activities=[post.send]).run()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
