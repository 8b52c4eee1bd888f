"""An acknowledgement for many people: mailed, and signed by all, beside as many bare workflows of one step."""

import asyncio
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from time import perf_counter
from typing import Final

from sqlalchemy import select
from sqlmodel import col
from temporalio.client import Client

from benchmarks import bare
from benchmarks.house import WEIGHED, House, Mail
from benchmarks.load import Round
from benchmarks.ways import Direct
from domain.cases import Act, Opening, Reply, Request, taken_from
from domain.events import Verdict
from domain.people import Person, PersonKind
from domain.refs import case_id, reference
from domain.round_entries import CampaignClosed
from starter.engine import EngineLostError
from store import packs, people
from store.rounds.tables import SignatureRow

AT_A_TIME: Final = 64
MAILS_EACH: Final = 2
"""What Duly sends to each: the link, and the receipt."""

_SCHOOL: Final = "measured"
_DOCUMENT: Final = "code"
_LOOK: Final = 0.1
_PATIENCE: Final = 120.0
_QUIET: Final = 3.0
"""Seconds after the last mail within which another would be one too many."""


@dataclass(frozen=True)
class History:
    """The longest history that there is: in events, and in bytes."""

    events: int
    bytes: int


@dataclass(frozen=True)
class Signed:
    """A campaign that everybody signed: how fast, its own history, the longest of all, and mails that were wrong."""

    round: Round
    own: History
    longest: History
    twice: int
    missing: int


@dataclass
class Arrivals:
    """The mails that came, by whom they are for, of those whose subject says `title`."""

    title: str
    came: Counter[str] = field(default_factory=Counter)
    subjects: Counter[tuple[str, str]] = field(default_factory=Counter)
    first: asyncio.Queue[str] = field(default_factory=asyncio.Queue)

    def __call__(self, mail: Mail) -> None:
        """Note a mail; whoever gets their first one may sign."""
        if self.title not in mail.subject:
            return
        self.subjects[mail.to, mail.subject] += 1
        self.came[mail.to] += 1
        if self.came[mail.to] == 1:
            self.first.put_nowait(mail.to)

    @property
    def twice(self) -> int:
        """How many mails came more than once."""
        return sum(times - 1 for times in self.subjects.values())

    def missing(self, addresses: Sequence[str]) -> int:
        """Return how many mails did not come."""
        return sum(max(MAILS_EACH - self.came[address], 0) for address in addresses)


@asynccontextmanager
async def listening(house: House, title: str) -> AsyncIterator[Arrivals]:
    """Yield what comes of mails about `title`, while the block runs."""
    arrivals = Arrivals(title)
    house.letterbox.listening.append(arrivals)
    try:
        yield arrivals
    finally:
        house.letterbox.listening.remove(arrivals)


async def everybody(way: Direct, many: int) -> list[Person]:
    """Return `many` employees of the school, kept; nobody else is one."""
    staff = [
        Person(
            id=f"p-{place:05}",
            organisation=way.pack.organisation.key,
            name=f"Person {place}",
            email=f"p{place:05}@measured.example",
            kind=PersonKind.EMPLOYEE,
            schools=(_SCHOOL,),
        )
        for place in range(many)
    ]
    async with way.db.write() as session:
        directory = await people.directory(session, way.pack.organisation.key)
        ours = {one.id for one in staff}
        others = [one for one in directory.people if one.kind is PersonKind.EMPLOYEE and one.id not in ours]
        elsewhere = [one.model_copy(update={"kind": PersonKind.EXTERNAL}) for one in others]
        await people.save(session, [*elsewhere, *staff])
    return staff


async def begin(way: Direct, title: str) -> str:
    """Begin a campaign for the document of the pack; return its id."""
    process, document = way.pack.process("acknowledgement"), way.pack.control(_DOCUMENT)
    if process is None or document is None:
        msg = "the pack has nothing to sign"
        raise RuntimeError(msg)
    case = case_id(secrets.token_urlsafe())
    answers = {"document": _DOCUMENT, "version": title, "digest": document.digest}
    opening = Opening(
        **dict(taken_from(way.pack, process, way.calendar)),
        case=case,
        reference=reference(secrets.token_bytes(16)),
        organisation=way.pack.organisation.key,
        school=_SCHOOL,
        request=Request(title=title, starter="", author="", answers=dict(answers)),
    )
    async with way.db.write() as session:
        await packs.keep(session, way.pack)
        await way.keys.create(session, case)
    await way.engine.begin(opening)
    return case


async def duly(house: House, way: Direct, staff: Sequence[Person], title: str, done: Callable[[], None]) -> Signed:
    """Have everybody sign, as soon as their mail has come, 64 at a time; return once every mail has."""
    by_address = {one.email: one for one in staff}
    async with listening(house, title) as arrivals:
        before, began = house.cpu(), perf_counter()
        campaign = await begin(way, title)
        cases = _Cases(way, campaign)
        left = iter(staff)

        async def keep_signing() -> None:
            for _ in left:
                async with asyncio.timeout(_PATIENCE):
                    person = by_address[await arrivals.first.get()]
                await _sign(way, await cases.of(person), person)
                done()

        await _lanes(keep_signing)
        # One that never comes is counted, and not waited for any longer.
        with suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE):
                await _until(lambda: not arrivals.missing(list(by_address)))
        lasted, after = perf_counter() - began, house.cpu()
        await asyncio.sleep(_QUIET)
    cpu = {name: (after[name] - before[name]) * 1000 / len(staff) for name in WEIGHED}
    client = way.engine.client
    own = await _history(client, campaign)
    each = await _many(_history(client, case) for case in await cases.all())
    longest = History(max(one.events for one in [own, *each]), max(one.bytes for one in [own, *each]))
    missing = arrivals.missing(list(by_address))
    await close(way, campaign)
    return Signed(Round(len(staff) / lasted, cpu), own, longest, arrivals.twice, missing)


async def bare_round(
    house: House, client: Client, staff: Sequence[Person], title: str, done: Callable[[], None]
) -> Round:
    """Run a bare workflow for each, 64 at a time, to its end."""
    left = iter(staff)
    mailed: dict[str, asyncio.Event] = {one.email: asyncio.Event() for one in staff}

    def listen(mail: Mail) -> None:
        if title in mail.subject:
            mailed[mail.to].set()

    async def keep_going() -> None:
        for person in left:
            opening = bare.Opening(title, "", [person.email])
            handle = await client.start_workflow(
                bare.BareSignature.run, opening, id=f"{title} {person.id}", task_queue=bare.QUEUE
            )
            async with asyncio.timeout(_PATIENCE):
                await mailed[person.email].wait()
            await handle.execute_update(bare.BareSignature.sign, person.name)
            done()

    house.letterbox.listening.append(listen)
    before, began = house.cpu(), perf_counter()
    await _lanes(keep_going)
    lasted, after = perf_counter() - began, house.cpu()
    house.letterbox.listening.remove(listen)
    return Round(len(staff) / lasted, {name: (after[name] - before[name]) * 1000 / len(staff) for name in WEIGHED})


async def own_history(way: Direct, staff: Sequence[Person], title: str, done: Callable[[], None]) -> History:
    """Return the history of a campaign that asked everybody, and was closed before anybody signed."""
    campaign = await begin(way, title)
    asked = 0
    while asked < len(staff):
        await asyncio.sleep(_LOOK)
        known = await _begun(way, campaign)
        for _ in range(known - asked):
            done()
        asked = known
    await close(way, campaign)
    await way.engine.client.get_workflow_handle(campaign).result()
    return await _history(way.engine.client, campaign)


async def close(way: Direct, campaign: str) -> None:
    """Have nobody asked any more."""
    entry = CampaignClosed(reason="Measured.")
    act = Act(kind="record", person=way.approvers[-1], how="session", entry=entry, occasion=secrets.token_hex(8))
    reply = await _done(way, campaign, act)
    if reply.says != "done":
        msg = f"the campaign was not closed: {reply.says}"
        raise RuntimeError(msg)


async def _done(way: Direct, case: str, act: Act) -> Reply:
    """Return what comes of an act; it is sent again, as a person would, while nobody answers in time."""
    while True:
        with suppress(EngineLostError):
            return await way.engine.act(case, act)


@dataclass(frozen=True)
class _Cases:
    """The case of each who signs, once it is known."""

    way: Direct
    campaign: str
    _known: dict[str, str] = field(default_factory=dict)

    async def of(self, person: Person) -> str:
        """Return the case in which somebody signs."""
        if person.id not in self._known:
            await self.all()
        return self._known[person.id]

    async def all(self) -> Iterable[str]:
        """Return every case there is."""
        wanted = select(col(SignatureRow.person), col(SignatureRow.case)).where(
            col(SignatureRow.campaign) == self.campaign
        )
        async with self.way.db.read() as session:
            rows = (await session.execute(wanted)).all()
        self._known.update({row.person: row.case for row in rows})
        return self._known.values()


async def _sign(way: Direct, case: str, person: Person) -> None:
    act = Act(
        kind="answer",
        person=person.id,
        how="link",
        ask="a1",
        version=1,
        verdict=Verdict.APPROVE,
        signature=person.name,
        opened_at=way.clock(),
    )
    reply = await _done(way, case, act)
    if reply.says != "done":
        msg = f"{person.id} could not sign: {reply.says}"
        raise RuntimeError(msg)


async def _begun(way: Direct, campaign: str) -> int:
    """Return how many cases of a campaign have begun."""
    wanted = select(col(SignatureRow.case)).where(
        col(SignatureRow.campaign) == campaign, col(SignatureRow.begun_at).is_not(None)
    )
    async with way.db.read() as session:
        return len((await session.scalars(wanted)).all())


async def _history(client: Client, case: str) -> History:
    info = (await client.get_workflow_handle(case).describe()).raw_description.workflow_execution_info
    return History(info.history_length, info.history_size_bytes)


async def _until(is_so: Callable[[], bool]) -> None:
    while not is_so():  # noqa: ASYNC110 -- another process has no event to wait for
        await asyncio.sleep(_LOOK)


async def _lanes(lane: Callable[[], Awaitable[None]]) -> None:
    await asyncio.gather(*(lane() for _ in range(AT_A_TIME)))


async def _many(looks: Iterable[Awaitable[History]]) -> list[History]:
    turns = asyncio.Semaphore(AT_A_TIME)

    async def one(look: Awaitable[History]) -> History:
        async with turns:
            return await look

    return list(await asyncio.gather(*map(one, looks)))
