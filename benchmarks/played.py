"""Cases that the explorer plays and the product itself puts on record: the models of all that fill a record."""

import json
import secrets
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, cast
from uuid import NAMESPACE_DNS, uuid5

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import SQLModel, col

import packs
from benchmarks.house import ROOT
from domain.cases import Act, Batch, Opening, Published, Recordable, Request, taken_from
from domain.events import Approved, Rejected, Returned, Verdict
from domain.pack import Pack, Process
from domain.people import Authorisation, Directory, Holding, Person, PersonKind
from domain.refs import case_id, reference
from domain.round_entries import SiteClosed, SiteEvaluated, SiteReviewed, SiteWentLive
from store import links, mails, people
from store import packs as kept_packs
from store.database import Database
from store.keys import CaseKeys, Sealer
from store.queries import asks_of
from store.records import Written, write_batch
from store.rounds.tables import ComingRow, LifeRow, SeatRow, TeamRow
from store.tables import AskedRow, AskRow, CaseRow, DraftRow, EventRow, LinkRow, MailRow, OpenedRow, SiteRow
from workflows.case import Case
from workflows.explorer import Playing, TimePasses
from workflows.stories import STORIES
from workflows.strands import Story
from workflows.turn import Host

PACK: Final = ROOT / "packs" / "cadmus"
BEGINS: Final = datetime(2027, 1, 11, 10, 0, tzinfo=UTC)
"""A Monday in term: when every model begins."""

TITLE: Final = "A site that is a model of others"
LONG: Final = 200
"""Events of the one case that has more than any other."""

TABLES: Final[tuple[type[SQLModel], ...]] = (
    *(CaseRow, AskRow, AskedRow, OpenedRow, LinkRow, MailRow, SiteRow),
    *(LifeRow, TeamRow, SeatRow, ComingRow, DraftRow),
)
"""What a case has rows in, beside its key and its events."""

_MANAGERS: Final = 12
_STAFF: Final = 144
_HEADS: Final = ("headteacher", "deputy_headteacher", "communications_manager")
_DAY: Final = timedelta(days=1)
_TEAM: Final = 3
_FIRST_NAMES: Final = ("Ada", "Ben", "Cara", "Dev", "Ella", "Finn", "Gita", "Hugh", "Isla", "Jon", "Kay", "Liam")
_LAST_NAMES: Final = ("Ash", "Birch", "Cole", "Dean", "Elm", "Ford", "Gale", "Hart", "Iles", "Jay", "Kerr", "Lane")
_ANSWERED: Final = Approved | Returned | Rejected


@dataclass(frozen=True)
class Model:
    """A case as it went, and what began out of it: its rows by table, and all that is sealed in them, in clear.

    `events` are those of each case, by its id: JSON of when and what. `sealed` is the JSON of what a case began with
    and where it stands, and what each mail says, by case. `stopped` is when it was left as it is.
    """

    name: str
    rows: Mapping[str, Sequence[Mapping[str, Any]]]
    events: Mapping[str, str]
    openings: Mapping[str, str]
    standings: Mapping[str, str]
    stopped: datetime
    is_open: bool

    @property
    def count(self) -> int:
        """How many events it has."""
        return sum(len(json.loads(text)) for text in self.events.values())


@dataclass(frozen=True)
class Staff:
    """Everybody of the trust: by school, whoever holds its seats, and its teams, each with its line manager first."""

    directory: Directory
    heads: Mapping[str, tuple[str, ...]]
    teams: Mapping[str, tuple[tuple[str, ...], ...]]
    administrator: Person


def trust(pack: Pack) -> Staff:
    """Return the people of a trust with two schools, some three hundred: enough for ten years of requests."""
    everybody: list[Person] = []
    heads: dict[str, tuple[str, ...]] = {}
    teams: dict[str, tuple[tuple[str, ...], ...]] = {}
    for school in pack.organisation.schools:
        place = len(everybody)
        names = [_somebody(place + n) for n in range(len(_HEADS) + _MANAGERS + _STAFF)]
        ids = [_id(name) for name in names]
        heads[school.key] = tuple(ids[: len(_HEADS)])
        managers, staff = ids[len(_HEADS) : len(_HEADS) + _MANAGERS], ids[len(_HEADS) + _MANAGERS :]
        teams[school.key] = tuple((boss, *staff[n::_MANAGERS]) for n, boss in enumerate(managers))
        manager_of = {one: boss for boss, *team in teams[school.key] for one in team}
        manager_of |= dict.fromkeys([*managers, *ids[1 : len(_HEADS)]], ids[0])
        for seat, (name, one) in enumerate(zip(names, ids, strict=True)):
            held = (Holding(school=school.key, seat=_HEADS[seat]),) if seat < len(_HEADS) else ()
            everybody.append(_person(pack, name, (school.key,), held, manager_of.get(one)))
    schools = tuple(school.key for school in pack.organisation.schools)
    administrator = _person(pack, "Abel Admin", schools, administrator=True)
    everybody += [administrator, _person(pack, "Anna Admin", schools, administrator=True)]
    return Staff(Directory(people=tuple(everybody)), heads, teams, administrator)


def _somebody(number: int) -> str:
    first, last = _FIRST_NAMES[number % len(_FIRST_NAMES)], _LAST_NAMES[number // len(_FIRST_NAMES) % len(_LAST_NAMES)]
    return f"{first} {last} {number}"


def _id(name: str) -> str:
    return uuid5(NAMESPACE_DNS, name).hex


def _person(
    pack: Pack,
    name: str,
    schools: tuple[str, ...],
    holdings: tuple[Holding, ...] = (),
    line_manager: str | None = None,
    *,
    administrator: bool = False,
) -> Person:
    return Person(
        id=_id(name),
        organisation=pack.organisation.key,
        name=name,
        email=f"{name.lower().replace(' ', '.')}@measured.example",
        kind=PersonKind.EMPLOYEE,
        schools=schools,
        holdings=holdings,
        line_manager=line_manager,
        administrator=administrator,
        authorisation=Authorisation(by="the headteacher", on=date(2020, 1, 1)),
    )


async def populate(session: AsyncSession, pack: Pack, staff: Staff) -> None:
    """Keep the pack and the people, as an installation has them before its first case."""
    await kept_packs.keep(session, pack)
    await people.save(session, staff.directory.people)


_ENDED: Final = ("approved", "rejected", "withdrawn", "live", "closed")
_OTHERS: Final = ("cancelled", "waits", "waits for the head", "overdue", "author", "held", "vacant")


async def models(db: Database, keys: CaseKeys, pack: Pack, staff: Staff, events: int) -> list[Model]:
    """Return cases of every kind, of some `events` events each; the product puts them on record in `db`, an empty one.

    The first is the one with more events than any other, and comes once.
    """
    async with db.write() as session:
        await populate(session, pack, staff)
    wanted = [(kind, events) for kind in _OTHERS]
    wanted += [(kind, size) for kind in _ENDED for size in (events - events // 3, events + 2, events + events // 3)]
    return [
        await _put_on_record(db, keys, kind, _opening(pack, staff), staff, size)
        for kind, size in [("long", LONG), *wanted]
    ]


def team_of(staff: Staff, school: str, place: int) -> tuple[str, ...]:
    """Return whose `place`th request at a school is: the line manager, the author, and two who run it with them."""
    teams = staff.teams[school]
    boss, *team = teams[place % len(teams)]
    first = place // len(teams) % (len(team) - _TEAM)
    return (boss, *team[first : first + _TEAM])


def _opening(pack: Pack, staff: Staff) -> Opening:
    process = cast("Process", pack.told_by("site_creation"))
    school = pack.organisation.schools[0].key
    boss, author, second, third = team_of(staff, school, 0)
    day = BEGINS.date()
    answers = _answers() | {
        "title": TITLE,
        "author": author,
        "line_manager": boss,
        "discussed_with": staff.heads[school][0],
        "discussed_on": day.isoformat(),
        "administrators": (author, second),
        "moderators": (second, third),
        "go_live_date": (day + 300 * _DAY).isoformat(),
        "closure_date": (day + 1000 * _DAY).isoformat(),
    }
    key = secrets.token_urlsafe()
    return Opening(
        **dict(taken_from(pack, process, packs.expand(pack.calendar, BEGINS.year))),
        case=case_id(key),
        reference=reference(secrets.token_bytes(16)),
        organisation=pack.organisation.key,
        school=school,
        request=Request(title=TITLE, starter=author, author=author, answers=answers),
    )


def _answers() -> dict[str, Any]:
    """Return the answers of the form that the pack brings for its demo."""
    read = tomllib.loads((PACK / "demo" / "site_creation.toml").read_text(encoding="utf-8"))
    return {name: tuple(value) if isinstance(value, list) else value for name, value in read.items()}


@dataclass
class _Keeping:
    """A host that keeps every batch, with when it came."""

    host: Host
    batches: list[tuple[Batch, datetime]] = field(default_factory=list)

    def now(self) -> datetime:
        """Return the time of this turn."""
        return self.host.now()

    def since(self, change: str) -> bool:
        """Return what the host says."""
        return self.host.since(change)

    async def publish(self, batch: Batch) -> Published:
        """Keep `batch`, and hand it on."""
        self.batches.append((batch, self.host.now()))
        return await self.host.publish(batch)

    async def pause(self, until: datetime | None, woken: Any) -> None:  # noqa: ANN401 -- as the host has it
        """Wait as the host does."""
        await self.host.pause(until, woken)


class _Going:
    """A case that is played."""

    def __init__(self, opening: Opening, directory: Directory, begins: datetime) -> None:
        self.opening = opening
        self.kept: _Keeping | None = None

        def case(opened: Opening, host: Host) -> Case:
            self.kept = _Keeping(host)
            return Case(opened, self.kept)

        story: Story = STORIES[opening.process.story]()
        self.playing = Playing(story, opening, directory, begins, case=case)

    @property
    def batches(self) -> Sequence[tuple[Batch, datetime]]:
        return self.kept.batches if self.kept is not None else ()

    @property
    def events(self) -> int:
        return len(self.playing.host.events)

    @property
    def request(self) -> Request:
        return self.playing.case.standing().request or self.opening.request

    def wait(self, days: float) -> None:
        self.playing.make(TimePasses(until=self.playing.host.clock + days * _DAY))

    def act(self, **said: Any) -> None:  # noqa: ANN401 -- what an act is made of
        reply = self.playing.make(Act.model_validate({"how": "session", **said}))
        if reply is not None and reply.says != "done":
            msg = f"{said.get('kind')}: {reply.says} {reply.clause or ''}"
            raise RuntimeError(msg)

    def answer(self, verdict: Verdict = Verdict.APPROVE) -> tuple[str, str]:
        """Answer what is asked; return which ask that was, and who did."""
        ask = self.playing.case.standing().asks[0]
        person = self.playing.host.asked[ask.ask][0].person
        self.act(
            kind="answer",
            person=person,
            how="link",
            ask=ask.ask,
            version=self.request.version,
            verdict=verdict,
            signature="Somebody who signs",
            confirmations=("consulted", "resourced") if ask.step == "headteacher" else (),
            comment="It is what the school needs, and somebody has thought about it for a while.",
            opened_at=self.playing.host.clock,
        )
        return ask.ask, person

    def edit(self, turn: int) -> None:
        request = self.request
        answers = {**request.answers, "aims": f"{request.answers['aims']} And once more, for the {turn}th time."[-400:]}
        changed = request.model_copy(update={"answers": answers})
        self.act(kind="edit", person=request.author, version=request.edition, request=changed)

    def go_round(self, events: int) -> None:
        """Have the request come back to its author, and be changed, until there are so many events."""
        turn = 0
        while self.events < events - 9:
            turn += 1
            self.wait(1.2 if events < LONG else 0.3)
            self.answer(Verdict.RETURN)
            self.wait(0.4)
            self.edit(turn)


def _begun(kind: str, going: _Going, events: int) -> None:
    """Bring a request to where its `kind` says."""
    going.go_round(events)
    if kind in {"rejected", "withdrawn", "cancelled", "waits", "vacant"}:
        going.wait(2)
        if kind == "rejected":
            going.answer(Verdict.REJECT)
        elif kind == "withdrawn":
            going.act(kind="withdraw", person=going.request.author, comment="No longer needed.")
        elif kind == "cancelled":
            going.act(kind="cancel", person=_id("Abel Admin"), comment="No longer needed.")
    elif kind == "overdue":
        going.wait(11)
    elif kind == "author":
        going.wait(2)
        going.answer(Verdict.RETURN)
        going.wait(1)
    elif kind == "held":
        ask, person = going.answer()
        going.wait(1)
        going.act(kind="dispute", person=person, how="link", ask=ask)
    else:
        for _ in range(2 if kind == "waits for the head" else 3):
            going.wait(3)
            going.answer()
        going.wait(1)


def _lived(kind: str, going: _Going, events: int) -> None:
    """Look after a site for a while, or until it is closed."""
    going.wait(290)
    said = going.request.answers
    author = str(said["author"])
    team = {str(one) for role in ("administrators", "moderators") for one in cast("tuple[str, ...]", said[role])}
    _entered(
        going,
        SiteWentLive(
            address="https://site.example",
            on=going.playing.host.clock.date(),
            terms_published="yes",
            privacy="As agreed.",
            trained=tuple(sorted(team)),
        ),
        author,
    )
    while going.events < events:
        going.wait(61)
        asks = {ask.step for ask in going.playing.case.standing().asks}
        if "site_review" in asks:
            _entered(going, SiteReviewed(maintained="yes", as_agreed="yes", privacy="As agreed."), author)
        if "evaluation" in asks:
            _entered(going, SiteEvaluated(achieved="yes", aims="All of them."), author)
    if kind != "live":
        closed = SiteClosed(
            on=going.playing.host.clock.date(),
            contents="Deleted, as it was agreed.",
            contacts_removed="yes",
            achieved="yes",
            aims="All of them.",
        )
        _entered(going, closed, author)


def _entered(going: _Going, entry: Recordable, person: str) -> None:
    going.act(kind="record", person=person, entry=entry, occasion=str(going.events))


async def _put_on_record(db: Database, keys: CaseKeys, kind: str, opening: Opening, staff: Staff, events: int) -> Model:
    going = _Going(opening, staff.directory, BEGINS)
    _begun(kind, going, events)
    written = await _write(db, keys, going)
    openings = [opening]
    if kind in {"live", "closed"}:
        openings += written.begins
        life = _Going(written.begins[0], staff.directory, going.playing.host.clock)
        _lived(kind, life, events)
        await _write(db, keys, life)
        going = life
    async with db.write() as session:
        session.add(_draft(opening))
    async with db.read() as session:
        return await _read(session, keys, kind, [one.case for one in openings], going)


async def _write(db: Database, keys: CaseKeys, going: _Going) -> Written:
    """Put all batches of a case on record, as the worker does; with its mails sent, and their links followed."""
    written: Written | None = None
    begins: list[Opening] = []
    for batch, at in going.batches:
        async with db.write() as session:
            sealer = await keys.create(session, batch.case)
            for person, version in _who_answered(batch):
                await links.record_opened(session, batch.case, version, person, at)
            written = await write_batch(session, keys, batch, at)
            begins += written.begins
            await _send(session, sealer, written, at)
    if written is None:
        raise RuntimeError(going.opening.case)
    return Written(written.case, written.asked, written.mails, tuple(begins))


def _who_answered(batch: Batch) -> Iterator[tuple[str, int]]:
    for recorded in batch.events:
        if isinstance(recorded.event, _ANSWERED):
            yield recorded.event.by, recorded.event.version


async def _send(session: AsyncSession, sealer: Sealer, written: Written, at: datetime) -> None:
    case = written.case
    open_asks = {row.ask for row in await asks_of(session, case.id) if row.closed_at is None}
    for mail in written.mails:
        if mail.case is not None and mail.ask in open_asks and mail.ask is not None:
            await links.mint(session, case=mail.case, ask=mail.ask, person=mail.person, version=case.version, at=at)
    made = {
        mail.id: mails.MadeOf(
            template=mail.template,
            source_digest=secrets.token_hex(32),
            source="",
            sealed_parameters=mails.seal_parameters(sealer, mail.id, _parameters(case, mail)),
            text_digest=secrets.token_hex(32),
        )
        for mail in written.mails
        if mail.case is not None
    }
    await mails.mark_handed_over(session, {mail.id: secrets.token_hex(32) for mail in written.mails}, at, made)


def _parameters(case: CaseRow, mail: MailRow) -> dict[str, object]:
    """Return what stands for what a mail says: its text is not made here, so it is of the size and says nothing."""
    said = {"title": case.title, "reference": case.reference, "person": mail.person, "template": mail.template}
    return {**said, "words": "It is what the school needs, and somebody has thought about it for a while. " * 4}


def _draft(opening: Opening) -> DraftRow:
    return DraftRow(
        key=secrets.token_urlsafe(32),
        case=opening.case,
        reference=opening.reference,
        organisation=opening.organisation,
        school=opening.school,
        process=opening.process.key,
        starter=opening.request.starter,
        created_at=BEGINS,
        changed_at=BEGINS,
        submitted_at=BEGINS,
    )


async def _read(session: AsyncSession, keys: CaseKeys, kind: str, cases: Sequence[str], going: _Going) -> Model:
    events: dict[str, str] = {}
    openings: dict[str, str] = {}
    standings: dict[str, str] = {}
    rows: dict[str, list[dict[str, Any]]] = {}
    for case in cases:
        sealer = await keys.of(case, session)
        for table in TABLES:
            key: Any = col(table.id) if table is CaseRow else col(table.case)  # type: ignore[attr-defined]
            for row in await session.scalars(select(table).where(key == case)):
                values = row.model_dump()
                if isinstance(row, CaseRow):
                    openings[case] = sealer.open("case|opening", row.sealed_opening).decode()
                    standings[case] = sealer.open("case|standing", row.sealed_standing).decode()
                if isinstance(row, MailRow) and row.sealed_parameters is not None:
                    values["sealed_parameters"] = json.dumps(mails.parameters_of(sealer, row)).encode()
                rows.setdefault(str(table.__tablename__), []).append(values)
        found = await session.scalars(select(EventRow).where(col(EventRow.case) == case).order_by(col(EventRow.n)))
        said = []
        for event in found:
            opened = sealer.open_json(f"event|{event.hash}", event.sealed)
            said.append([json.loads(event.entry)["at"], {name: value for name, (_, value) in opened.items()}])
        events[case] = json.dumps(said, ensure_ascii=False, separators=(",", ":"))
    if kind == "vacant":
        open_asks = {row["ask"] for row in rows["ask"] if row["closed_at"] is None}
        rows["asked"] = [row for row in rows["asked"] if row["ask"] not in open_asks]
    is_open = any(row["closed_at"] is None for row in rows["case"])
    return Model(kind, rows, events, openings, standings, going.playing.host.clock, is_open)
