"""The worker of a rehearsal: the product's own, with another clock, and a lookout that looks when it is told to."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Final

from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner

import worker
from activities.jobs import Jobs
from activities.lookout import Lookout
from activities.mail import Smtp
from activities.rounds import Rounds
from domain.pack import Pack
from starter.rehearsal.catching import LOOPBACK
from store.database import Database
from store.keys import CaseKeys

_NEVER: Final = 10_000_000.0
"""Seconds until the worker's own lookout looks again, which goes by the machine's time."""


@asynccontextmanager
async def works(
    client: Client,
    db: Database,
    keys: CaseKeys,
    smtp_port: int,
    sender: str,
    base_url: str,
    mails_a_day: int,
    clock: Callable[[], datetime],
    packs: Mapping[str, Pack],
) -> AsyncIterator[Lookout]:
    """Run a worker that hands mail to a port of this machine; yield its lookout."""
    smtp = Smtp(host=LOOPBACK, port=smtp_port, tls="none", sender=sender)
    working = worker.build(
        client,
        db,
        keys,
        smtp,
        base_url,
        UnsandboxedWorkflowRunner(),
        mails_a_day=mails_a_day,
        look_every=_NEVER,
        clock=clock,
    )
    jobs = Jobs(client)
    async with working:
        yield Lookout(db, keys, jobs, clock, rounds=Rounds(db, keys, jobs, lambda: packs, clock))
