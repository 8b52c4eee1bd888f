"""A whole `duly up`, live, with the benchmark's pack and a mail server, for what is tried on a running one."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlmodel import col
from temporalio.client import WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from benchmarks.house import PACK, ROOT, House, Mail, environment_of, run
from benchmarks.ways import APPROVERS, Direct, direct
from domain.events import AnyEvent
from duly.embedded import Server, free_port
from starter.engine import EngineLostError
from store import queries
from store.tables import AskRow, CaseKeyRow


@dataclass
class Whole(House):
    """A `duly up`, and the mail server beside it."""

    def _commands(self) -> dict[str, list[str]]:
        return {"mail": super()._commands()["mail"], "up": [sys.executable, "-P", "-m", "duly.launch", "up"]}

    async def up(self) -> "Cases":
        """Start everything on what is in the folder, and return the way to its cases."""
        if "mail" not in self.parts:
            await self.start("mail")
        await self.start("up")
        await self.ready()
        address = (self.folder / "data" / "temporal.address").read_text()
        self.server = replace(self.server, port=int(address.rpartition(":")[2]))
        return Cases(await direct(self, lambda: datetime.now(UTC)))  # noqa: TID251 -- a case of today

    async def said(self, *words: str) -> tuple[int, str]:
        """Run one of Duly's commands to its end; return its exit code and all that it said."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "duly.launch", *words),
            env=self.environment,
            cwd=ROOT,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await process.communicate()
        assert process.returncode is not None
        return process.returncode, said.decode()


@dataclass(frozen=True)
class Cases:
    """The cases of a running Duly."""

    way: Direct

    async def close(self) -> None:
        """Let go of the database."""
        await self.way.db.close()

    async def begin(self, title: str) -> str:
        """Begin a case; return its id once Temporal has it."""
        with suppress(EngineLostError):
            return await self.way.begin(title)
        return await self.way.begin(title)

    async def known(self) -> list[str]:
        """Return the cases that have a key and that Temporal took."""
        async with self.way.db.read() as session:
            keys = await session.scalars(select(col(CaseKeyRow.case)).where(col(CaseKeyRow.case).startswith("c-")))
        return [case for case in keys.all() if await self.status(case) is not None]

    async def status(self, case: str) -> WorkflowExecutionStatus | None:
        """Return how a case stands in Temporal, None where it does not know it."""
        try:
            return (await self.way.engine.client.get_workflow_handle(case).describe()).status
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            return None

    async def idle(self, case: str) -> None:
        """Wait until a case has put on record what it said, and waits for somebody."""
        handle = self.way.engine.client.get_workflow_handle(case)
        async with asyncio.timeout(60):
            while await self.asked(case) is None or (await handle.describe()).raw_description.pending_activities:
                await asyncio.sleep(0.1)

    async def asked(self, case: str) -> str | None:
        """Return the ask of a case that is open now, None where none is."""
        async with self.way.db.read() as session:
            opened = select(col(AskRow.ask)).where(col(AskRow.case) == case, col(AskRow.closed_at).is_(None))
            ask: str | None = await session.scalar(opened)
            return ask

    async def decide(self, case: str, ask: str) -> None:
        """Have whoever is asked in a case approve it, once it asks them."""
        async with asyncio.timeout(60):
            while await self.asked(case) != ask:
                await asyncio.sleep(0.05)
        # On a busy machine there may be no answer in time: the same may be sent again.
        with suppress(EngineLostError):
            return await self._approve(case, ask)
        return await self._approve(case, ask)

    async def play(self, case: str) -> None:
        """Have everybody who is asked in a case approve it until it is over."""
        async with asyncio.timeout(90):
            while await self.status(case) is not WorkflowExecutionStatus.COMPLETED:
                ask = await self.asked(case)
                if ask is not None:
                    await self._try(case, ask)
                await asyncio.sleep(0.1)

    async def events(self, case: str) -> list[AnyEvent]:
        """Return what is on record of a case."""
        async with self.way.db.read() as session:
            return [said.event for said in await queries.history(session, self.way.keys, case)]

    async def is_whole(self, case: str) -> bool:
        """Return whether a case was approved once at each step, and came to its end."""
        kinds = [event.kind for event in await self.events(case)]
        once = kinds.count("approved") == len(APPROVERS) and kinds.count("site_registered") == 1
        return once and kinds[-1] == "case_ended"

    async def _try(self, case: str, ask: str) -> None:
        # An ask is open until its decision is on record: then the case says that it was decided, or is over.
        with suppress(RuntimeError, EngineLostError):
            await self._approve(case, ask)

    async def _approve(self, case: str, ask: str) -> None:
        await self.way.decide(case, int(ask[1:]) - 1, Mail("name@measured.example", "", "", ""))


@asynccontextmanager
async def whole(folder: Path, **environment: Any) -> AsyncIterator[Whole]:
    """Yield a Duly that is not started yet, with its data in `folder`."""
    folder.mkdir(exist_ok=True)
    server = Server("", folder, free_port(), "default")
    ports = free_port(), free_port()
    told = environment_of(folder, server, *ports) | environment
    del told["TEMPORAL_ADDRESS"]
    house = Whole(folder, server, *ports, told)
    try:
        yield house
    finally:
        await house.close()


async def with_people(house: Whole) -> None:
    """Bring the pack's people in."""
    await run(house, "people", "import", str(PACK / "people.csv"))
