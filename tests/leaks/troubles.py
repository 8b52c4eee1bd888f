"""The story told with everything going wrong that can, and with outsiders looking on."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import pytest
from temporalio.client import WorkflowUpdateFailedError

from domain.names import ACT, TASK_QUEUE, WORKFLOW
from store.confidential import Confidential
from tests.leaks import school, story
from tests.leaks.house import House
from tests.leaks.looking import Looker, Seen, addresses
from tests.leaks.story import Desk, marker

OUTSIDERS: Final = {
    "the subject": school.SUBJECT,
    "somebody recused, who manages the subject": school.LINE_MANAGER,
    "an administrator, who runs the IT": school.IT_ADMINISTRATOR,
    "a colleague": school.AUTHOR,
    "a stranger": "",
}
"""Who may not know of the cases, and looks."""


PROGRAMS: Final = "/api/v1"
"""Where programs ask."""


class Troubles:
    """What goes wrong at which moment of the story: nothing, unless somebody says so."""

    async def at_the_report(self) -> None:
        """Before anything was reported."""

    async def on_the_page(self, head: Desk, case: Confidential) -> None:
        """When the case was first read."""

    async def at_the_referral(self, head: Desk, case: Confidential) -> None:
        """Before it is referred."""

    async def at_the_end(self, head: Desk, case: Confidential) -> None:
        """Before it ends."""


async def told(stage: story.Stage, troubles: Troubles) -> str:
    """Have the whole story told; return the code of the reporter."""
    await troubles.at_the_report()
    code = await story.report(stage)
    case = await story.a_new_case(stage, [])
    head = await Desk.of(stage, school.HEAD)
    await troubles.on_the_page(head, case)
    await story.until_referred(head, case)
    chair, vice_chair, investigator = [
        await Desk.of(stage, one) for one in (school.CHAIR, school.VICE_CHAIR, school.INVESTIGATOR)
    ]
    await story.write(stage, code)
    await troubles.at_the_referral(head, case)
    await story.until_advised(head, case)
    disciplinary = await story.until_disciplined(head, case)
    await story.in_an_emergency(chair.browser, vice_chair.browser, disciplinary)
    await story.on_hold(head.browser, case)
    await story.investigated(head, investigator, disciplinary)
    concern = await story.held_up(head, disciplinary)
    await troubles.at_the_end(head, case)
    await story.until_ended(head, case)
    await story.decided(head, chair, disciplinary)
    await story.steps_aside(head, concern)
    return code


@dataclass
class Everything(Troubles):
    """Whatever can go wrong does; `pages` are what outsiders see meanwhile."""

    here: House
    pages: dict[str, bytes] = field(default_factory=dict)

    async def at_the_report(self) -> None:
        stranger = await self.here.browser()
        nonsense = {"so_far": f'{{"typed": "{marker("nonsense")}"}}', "page": "events", "what_1": marker("nonsense")}
        assert (await stranger.post("/report", nonsense)).status_code == 422
        with self.refusing("receipt"), pytest.raises(AssertionError):
            await story.report(self.here)
        assert await self.here.cases() == []

    async def on_the_page(self, head: Desk, case: Confidential) -> None:
        theirs = case.row.reference
        wrong = await head.sends(theirs, "lado_referral_made", method="pigeon", allegations=("n1",))
        assert wrong.status_code == 422
        with self.refusing("confidential_read"):
            assert (await head.browser.get(f"/c/{theirs}")).status_code == 500
        chair = await self.here.browser(school.CHAIR, strong=True)
        with self.broken(case.row.id):
            assert (await head.browser.get(f"/c/{theirs}")).status_code == 500
            assert (await head.browser.get("/tasks")).status_code == 200
            assert (await chair.get("/kept")).status_code == 200
        await self.here.letters.close()
        await head.records(theirs, "message_written", text=f"{marker('unsent')} could not be sent.")
        await self.here.settled(case.row.id)
        await self.here.letters.open()

    async def at_the_referral(self, head: Desk, case: Confidential) -> None:
        for name, email in OUTSIDERS.items():
            looker = Looker(await self.here.browser(email, strong=bool(email)), self.here.db)
            found = await looker.everything(addresses((case.row.reference,), ()))
            if email:
                found |= await self._by_program(email, case.row.reference)
            self.pages |= {
                f"{name}: {address}": one.body + repr(one.headers).encode() for address, one in found.items()
            }
        await self.here.kill("worker")
        with self.without_key(case.row.id):
            await self.here.start("worker")
            recording = asyncio.create_task(head.records(case.row.reference, "interim_safeguard_taken"))
            await self.here.tried_in_vain(case.row.id)
        await recording

    async def at_the_end(self, head: Desk, case: Confidential) -> None:
        with self.refusing("event"):
            answer = await head.sends(case.row.reference, "case_reviewed", next_step=marker("again"))
            assert answer.status_code == 200
            await self.here.tried_in_vain(case.row.id)
        await self.here.settled(case.row.id)
        handle = self.here.client.get_workflow_handle(case.row.id)
        for wrong in (
            {"kind": marker("nonsense")},
            {"kind": "record", "person": marker("person"), "how": marker("how")},
        ):
            with pytest.raises(WorkflowUpdateFailedError):
                await handle.execute_update(ACT, {**wrong, "comment": marker("comment")})
        await self._begin_one_that_cannot_be_read(f"c-{'0' * 32}")

    async def _by_program(self, email: str, reference: str) -> dict[str, Seen]:
        """Have a program of somebody look at all that programs can ask for."""
        looker = Looker(await self.here.browser(), self.here.db, await self.here.token(email))
        known = [address for address in addresses((reference,), ()) if address.startswith(PROGRAMS)]
        found = {f"{address}, by a program": await looker.get(address) for address in known}
        assert found[f"{PROGRAMS}/cases, by a program"].status == 200
        assert found[f"{PROGRAMS}/cases/{reference}, by a program"].status == 404
        return found

    async def _begin_one_that_cannot_be_read(self, case: str) -> None:
        async with self.here.db.write() as session:
            await self.here.keys.create(session, case)
        opening = {"case": case, "matter": {"where": marker("unreadable"), "danger": marker("danger")}}
        handle = await self.here.client.start_workflow(WORKFLOW, opening, id=case, task_queue=TASK_QUEUE)
        await self.here.tried_in_vain(case)
        await handle.terminate()

    @contextmanager
    def refusing(self, table: str) -> Iterator[None]:
        """Have the database take no row into a table while the block runs, and say so with all that it was given."""
        self._run(f"CREATE TRIGGER refusing BEFORE INSERT ON {table} BEGIN SELECT RAISE(ABORT, 'not now'); END")
        try:
            yield
        finally:
            self._run("DROP TRIGGER refusing")

    @contextmanager
    def without_key(self, case: str) -> Iterator[None]:
        """Have the key of a case be gone while the block runs."""
        ((_, under, wrapped),) = self._run('SELECT * FROM case_key WHERE "case" = ?', case)
        self._run('DELETE FROM case_key WHERE "case" = ?', case)
        try:
            yield
        finally:
            self._run("INSERT INTO case_key VALUES (?, ?, ?)", case, under, wrapped)

    @contextmanager
    def broken(self, case: str) -> Iterator[None]:
        """Have what is sealed of a case be broken while the block runs."""
        ((sealed,),) = self._run("SELECT sealed_standing FROM confidential WHERE id = ?", case)
        self._run("UPDATE confidential SET sealed_standing = x'00' WHERE id = ?", case)
        try:
            yield
        finally:
            self._run("UPDATE confidential SET sealed_standing = ? WHERE id = ?", sealed, case)

    def _run(self, statement: str, *values: object) -> list[Any]:
        with closing(sqlite3.connect(self.here.database, isolation_level=None)) as connection:
            return connection.execute(statement, values).fetchall()
