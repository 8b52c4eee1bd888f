"""The ways in which a case is begun and decided: bare Temporal, Duly through its pages, and Duly without them."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from time import perf_counter
from typing import Final, Protocol

from temporalio.client import Client

import packs
from benchmarks import bare
from benchmarks.browser import Browser, Shown
from benchmarks.house import PACK, House, Letterbox, Mail
from domain.calendar import Calendar
from domain.cases import Act, Opening, Request
from domain.events import Verdict
from domain.pack import Pack, Process, digest
from domain.refs import case_id, reference
from settings import parse_keys
from starter.engine import Engine
from store import people
from store.codec import data_converter
from store.database import Database
from store.keys import CaseKeys, Keyring

APPROVERS: Final = ("lines@measured.example", "words@measured.example", "head@measured.example")
REASON: Final = "It is what the school needs, and somebody has thought about it for a while. " * 4

_SEE_OTHER: Final = 303
_UNAVAILABLE: Final = 503
_PAUSE: Final = 0.05
_PATIENCE: Final = 120.0
_MONTH: Final = timedelta(days=30)
_SCHOOL: Final = "measured"
_PROCESS: Final = "approval"
_numbers = count(1)


class Way(Protocol):
    """How a case is begun and decided."""

    async def begin(self, title: str) -> str:
        """Begin a case; return its id once Temporal has it."""
        ...

    async def decide(self, case: str, step: int, mail: Mail) -> float:
        """Approve a step; return how many seconds it took until the decision was recorded."""
        ...


@dataclass(frozen=True)
class Lived:
    """A case that ran to its end: its id, and how long each of its decisions took, in seconds."""

    case: str
    waits: tuple[float, ...]


async def live(way: Way, letterbox: Letterbox, settled: Callable[[str], Awaitable[None]] | None = None) -> Lived:
    """Begin a case, decide each step when its mail has come, and return when the last mail has.

    With `settled`, each decision waits until that says that the case idles.
    """
    title = f"Approval {next(_numbers)}"
    asks = [letterbox.expect(f"Please decide: {title}", approver) for approver in APPROVERS]
    told = letterbox.expect(f"Approved: {title}")
    case = await way.begin(title)
    waits = []
    for step, ask in enumerate(asks):
        mail = await asyncio.wait_for(ask, _PATIENCE)
        if settled is not None:
            await settled(case)
        waits.append(await way.decide(case, step, mail))
    await asyncio.wait_for(told, _PATIENCE)
    return Lived(case, tuple(waits))


@dataclass(frozen=True)
class Bare:
    """Bare Temporal, by its own client."""

    client: Client

    async def begin(self, title: str) -> str:
        """Start the workflow."""
        opening = bare.Opening(title, "starter@measured.example", list(APPROVERS))
        handle = await self.client.start_workflow(bare.BareApproval.run, opening, id=title, task_queue=bare.QUEUE)
        return handle.id

    async def decide(self, case: str, step: int, mail: Mail) -> float:
        """Send the update."""
        handle = self.client.get_workflow_handle(case)
        began = perf_counter()
        await handle.execute_update(bare.BareApproval.decide, bare.Decision(step, True, mail.to))
        return perf_counter() - began


@dataclass(frozen=True)
class Pages:
    """Duly through its pages: one starter with a session, and whoever has the link of a mail."""

    starter: Browser
    approver: Browser
    clock: Callable[[], datetime]

    async def begin(self, title: str) -> str:
        """Send the three POSTs of the form."""
        draft = (await self._sent(self.starter, f"/start/{_PROCESS}", {})).location
        day = self.clock() + _MONTH
        fields = {
            "title": title,
            "author": self.starter.name,
            "reason": REASON,
            "go_live_date-day": str(day.day),
            "go_live_date-month": str(day.month),
            "go_live_date-year": str(day.year),
        }
        check = (await self._sent(self.starter, f"{draft}/request", fields)).location
        await self._sent(self.starter, check, {})
        return case_id(draft.rpartition("/")[2])

    async def decide(self, case: str, step: int, mail: Mail) -> float:
        """Open the link, choose and sign; the time is that of the last of these."""
        del case, step
        await self.approver.get(f"/d/{mail.token}")
        chosen = {"token": mail.token, "decision": "approve", "comment": ""}
        await self.approver.post("/d", {**chosen, "stage": "review"})
        began = perf_counter()
        await self._sent(self.approver, "/d", {**chosen, "stage": "confirm", "signature": mail.to})
        return perf_counter() - began

    async def _sent(self, browser: Browser, path: str, fields: dict[str, str]) -> Shown:
        """Return what came of a form that was taken; it is sent again, as a person would, while Duly says to.

        Raises:
            RuntimeError: it was refused.
        """
        while True:
            try:
                shown = await browser.post(path, fields)
            except (OSError, EOFError):
                await asyncio.sleep(_PAUSE)
                continue
            if shown.status == _SEE_OTHER:
                return shown
            if shown.status != _UNAVAILABLE:
                msg = f"{path} answered {shown.status}: {shown.body[-2000:]}"
                raise RuntimeError(msg)
            await asyncio.sleep(_PAUSE)


@dataclass(frozen=True)
class Direct:
    """Duly without its pages: the engine that they use, called by the driver."""

    db: Database
    keys: CaseKeys
    engine: Engine
    pack: Pack
    process: Process
    calendar: Calendar
    approvers: tuple[str, ...]
    starter: str
    clock: Callable[[], datetime]

    async def begin(self, title: str) -> str:
        """Make the key of the case and begin it."""
        case = case_id(secrets.token_urlsafe())
        opening = Opening(
            case=case,
            reference=reference(secrets.token_bytes(16)),
            organisation=self.pack.organisation.key,
            school=_SCHOOL,
            pack_digest=digest(self.pack),
            process=self.process,
            seats=self.pack.seats,
            calendar=self.calendar,
            request=Request(
                title=title,
                starter=self.starter,
                author=self.starter,
                answers={
                    "title": title,
                    "author": self.starter,
                    "reason": REASON,
                    "go_live_date": (self.clock() + _MONTH).date().isoformat(),
                },
            ),
        )
        async with self.db.write() as session:
            await self.keys.create(session, case)
        await self.engine.begin(opening)
        return case

    async def decide(self, case: str, step: int, mail: Mail) -> float:
        """Hand the case the act that the page would."""
        act = Act(
            kind="answer",
            person=self.approvers[step],
            how="link",
            ask=f"a{step + 1}",
            version=1,
            verdict=Verdict.APPROVE,
            signature=mail.to,
            opened_at=self.clock(),
        )
        began = perf_counter()
        reply = await self.engine.act(case, act)
        if reply.says != "done":
            msg = f"step {step} of case {case}: {reply.says}"
            raise RuntimeError(msg)
        return perf_counter() - began


async def direct(house: House, clock: Callable[[], datetime]) -> Direct:
    """Return the way without pages into what runs in `house`."""
    db = Database(f"sqlite+aiosqlite:///{house.database}")
    keys = CaseKeys(db, Keyring.of(parse_keys(house.environment["DULY_KEYS"])))
    client = await Client.connect(house.server.address, data_converter=data_converter(keys))
    pack = packs.load(PACK)
    process = pack.process(_PROCESS)
    async with db.read() as session:
        directory = await people.directory(session, pack.organisation.key)
    ids = {person.email: person.id for person in directory.people}
    if process is None:
        msg = f"the pack offers no {_PROCESS}"
        raise RuntimeError(msg)
    return Direct(
        db=db,
        keys=keys,
        engine=Engine(client),
        pack=pack,
        process=process,
        calendar=packs.expand(pack.calendar, clock().year),
        approvers=tuple(ids[email] for email in APPROVERS),
        starter=next(person for email, person in ids.items() if email.startswith("ada.")),
        clock=clock,
    )


async def signed_in(house: House, email: str, name: str) -> Browser:
    """Return a browser in which somebody is signed in, by a code of a mail like anybody."""
    browser = Browser(house.base_url, name)
    coming = house.letterbox.expect("Your sign-in code for Duly")
    await browser.post("/sign-in", {"address": email})
    mail = await asyncio.wait_for(coming, _PATIENCE)
    await browser.post("/sign-in/code", {"code": mail.code})
    await browser.take_form_token()
    return browser
