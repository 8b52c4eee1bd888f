"""The worker of a rehearsal: the product's own, with another clock, and a lookout that looks when it is told to."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from temporalio.worker import UnsandboxedWorkflowRunner

import worker
from activities.jobs import Jobs
from activities.lookout import Lookout
from activities.mail import Smtp
from activities.rounds import Rounds
from starter.rehearsal.catching import LOOPBACK
from starter.rehearsal.private import Workplace

_NEVER: Final = 10_000_000.0
"""Seconds until the worker's own lookout looks again, which goes by the machine's time."""


@asynccontextmanager
async def works(at: Workplace) -> AsyncIterator[Lookout]:
    """Run a worker on what stands there; yield its lookout."""
    working = worker.build(
        at.client,
        at.db,
        at.keys,
        Smtp(host=LOOPBACK, port=at.smtp_port, tls="none", sender=at.sender),
        at.base_url,
        UnsandboxedWorkflowRunner(),
        mails_a_day=at.mails_a_day,
        look_every=_NEVER,
        clock=at.clock,
    )
    jobs = Jobs(at.client)
    async with working:
        rounds = Rounds(at.db, at.keys, jobs, lambda: at.packs, at.clock)
        yield Lookout(at.db, at.keys, jobs, at.clock, rounds=rounds)
