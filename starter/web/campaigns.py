"""Acknowledgements: having everybody read and sign a document, how far that has got, and the desk for visitors."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

import structlog
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.exceptions import HTTPException
from starlette.responses import Response

from domain.access import CaseAccess, allow
from domain.campaign_picture import Part, VisitorCount, draw_progress, parts_of
from domain.cases import Act, RollCount
from domain.chasing import chase_in_words
from domain.pack import Campaign, Pack, Process
from domain.people import Directory, Person
from domain.refs import case_id
from domain.round_entries import RollCalled, TrainingAttended, VisitorExpected, VisitorSigned
from domain.text import fold_name
from domain.trends import Chart
from domain.words import listed
from starter.engine import EngineLostError
from starter.web.known import Known, case_for
from starter.web.page import Page, Visit
from starter.web.reading import UnreadableBodyError, only
from starter.web.submitting import calendar_of
from store import packs, people, queries
from store.rounds import desks, looking, reading, rolls
from store.rounds.looking import school_of
from store.rounds.tables import CampaignRow, DeskRow, SignatureRow, VersionRow
from templates import day, moment

log = structlog.get_logger()

STORY: Final = "acknowledgement"
MOST: Final = 200
"""Names on the page of a campaign."""

_PATIENCE: Final = 1.0
_LOOKS: Final = 20
"""For how long somebody waits until a campaign is on record, in seconds, and how often it is looked at meanwhile."""

LATER: Final = "Nobody was asked, because Duly could not begin it. Try again in a minute"
HALF: Final = "The new one has begun, but the one before could not be ended. Send this again in a minute"
CHANGED: Final = "Something has changed since this page was shown to you. Read it again before you send it"


# Asking everybody.


@dataclass(frozen=True)
class Asking:
    """What is about to be signed by everybody: which version, by whom, and what came before.

    `key` counts the campaigns that there were, so that two who press the button at once begin one campaign.
    """

    document: str
    version: VersionRow
    process: Process
    campaign: Campaign
    audience: tuple[Person, ...]
    earlier: tuple[CampaignRow, ...]

    @property
    def key(self) -> str:
        """The key of the form."""
        return str(len(self.earlier))

    @property
    def running(self) -> tuple[CampaignRow, ...]:
        """The campaigns for the document that are not over."""
        return tuple(row for row in self.earlier if row.over_at is None)


def owners(pack: Pack, seat: str, directory: Directory) -> frozenset[str]:
    """Return the ids of those who hold the seat that owns something, at the school where it is theirs."""
    return frozenset(one.id for one in directory.holders(school_of(pack, seat, directory), seat))


def may_ask(visit: Visit, document: str, directory: Directory) -> bool:
    """Return whether the visitor may have everybody sign a document: whose it is, or an administrator."""
    process = visit.pack.signing(document)
    if process is None or process.campaign is None:
        return False
    team = owners(visit.pack, process.campaign.owner, directory)
    return allow(
        visit.viewer, "see_to", CaseAccess(organisation=visit.person.organisation, starter="", author="", team=team)
    )


async def ask_everybody(visit: Visit) -> Response:
    """Show whom it asks, in which words; a POST begins the campaign, and ends the one before.

    Source: Redhill 5 and appendix 1; Cadmus 12.1 (ACK-04, ACK-05, ACK-07, ACK-21).
    """
    asking = await _asking(visit)
    if not visit.is_post:
        return _shown(visit, asking)
    fields = only(visit.sent, ("key", "digest"))
    case = _case(asking, visit.person.organisation, fields["digest"], fields["key"])
    async with visit.site.db.read() as session:
        begun = await reading.campaign(session, case)
    if begun is None:
        if (fields["key"], fields["digest"]) != (asking.key, asking.version.digest):
            return _shown(visit, asking, CHANGED, 409)
        try:
            await _begin(visit, asking, case)
        except EngineLostError:
            return _shown(visit, asking, LATER, 503)
    try:
        for row in asking.running:
            # A page that is sent again long after ends nothing that came later.
            if row.case != case and (begun is None or row.began_at < begun.began_at):
                await visit.site.engine.act(row.case, _superseded())
    except EngineLostError:
        return _shown(visit, asking, HALF, 503)
    for _ in range(_LOOKS):
        async with visit.site.db.read() as session:
            known = await queries.case_by_id(session, case)
        if known is not None:
            return visit.go("case", reference=known.reference)
        await asyncio.sleep(_PATIENCE / _LOOKS)
    return visit.go("document", key=asking.document)


async def _asking(visit: Visit) -> Asking:
    document, organisation = visit.place("key"), visit.person.organisation
    async with visit.site.db.read() as session:
        directory = await people.directory(session, organisation)
        version = (await reading.adopted_last(session, organisation)).get(document)
        whole = await reading.version(session, organisation, document, version.n) if version is not None else None
        earlier = await reading.campaigns_of(session, organisation, document)
    process = visit.pack.signing(document)
    if whole is None or process is None or process.campaign is None or not may_ask(visit, document, directory):
        raise HTTPException(404)
    kinds, today = process.campaign.audience, visit.site.today
    audience = tuple(one for one in directory.people if one.kind in kinds and one.is_active(today))
    return Asking(document, whole, process, process.campaign, audience, tuple(earlier))


def _case(asking: Asking, organisation: str, digest: str, key: str) -> str:
    return case_id(f"campaign|{organisation}|{asking.document}|{digest}|{key}")


async def _begin(visit: Visit, asking: Asking, case: str) -> None:
    """Begin the campaign, under the pack as it is now; however often, there is one.

    Raises:
        EngineLostError: Temporal did not take it.
    """
    pack, organisation = visit.pack, visit.person.organisation
    # In a thread: the first time, it takes a while to read the bank holidays.
    calendar = await asyncio.to_thread(calendar_of, pack.calendar, visit.site.today.year)
    async with visit.site.db.write() as session:
        await packs.keep(session, pack)
        await visit.site.keys.create(session, case)
        directory = await people.directory(session, organisation)
    opening = looking.a_campaign(pack, asking.process, asking.version, case, calendar, directory)
    await visit.site.engine.begin(opening)
    log.info("campaign_begun", case=case, person=visit.person.id)


def _superseded() -> Act:
    return Act(kind="call_off", person="duly", how="duly", comment="superseded")


def _shown(visit: Visit, asking: Asking, error: str = "", status: int = 200) -> Response:
    seats = {seat.key: seat.title for seat in visit.pack.seats}
    return visit.show(
        "ask_everybody.html",
        status,
        asking=asking,
        kinds=listed(tuple(kind.value.replace("_", " ") for kind in asking.campaign.audience)),
        chase=chase_in_words(asking.campaign, lambda seat: f"the {seats[seat]}"),
        errors=[("#main-content", error)] if error else [],
    )


# How far it has got.


@dataclass(frozen=True)
class Name:
    """Somebody of a campaign by name: since when they are asked, what went out about it, and when it ended.

    `opened` is what they have opened of what there is to read besides.
    """

    name: str
    row: SignatureRow
    reminded: int = 0
    chased: str = ""
    opened: tuple[str, ...] = ()


@dataclass(frozen=True)
class Visitor:
    """A visitor until a day, who may be `gone`; `signed` says when they have, `expected` whether they are to."""

    name: str
    until: date
    gone: bool
    signed: str = ""
    expected: bool = False


@dataclass(frozen=True)
class Training:
    """A training that people attended: what it was called, when it was, and who they are, by name."""

    title: str
    on: str
    names: tuple[str, ...]


@dataclass(frozen=True)
class Progress:
    """How a campaign stands. Names are there only for those who see to it: None for anybody else.

    `visitors` are counted where visitors sign. `readings` are what there is to read besides, each with how many of
    those who were asked have opened it.
    """

    count: RollCount
    parts: tuple[Part, ...]
    picture: Chart | None
    row: CampaignRow | None
    joined: int
    names: "Names | None"
    visitors: VisitorCount | None
    readings: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class Names:
    """Who of a campaign is where, by name, and the visitors; `more` is how many are waited for besides `waiting`."""

    waiting: tuple[Name, ...]
    more: int
    declined: tuple[Name, ...]
    joiners: tuple[Name, ...]
    leavers: tuple[Name, ...]
    visitors: tuple[Visitor, ...]
    desk: DeskRow | None
    trainings: tuple[Training, ...] = ()


async def progress_of(visit: Visit, known: Known) -> Progress | None:
    """Return how far the campaign of a case has got; None for a case of another kind."""
    if known.opening.process.story != STORY:
        return None
    async with visit.site.db.read() as session:
        row = await reading.campaign(session, known.row.id)
        everybody = await reading.signatures(session, known.row.id)
        count = await rolls.counts(session, known.row.id, more=False)
        joined = joined_since(known, everybody)
        campaign = known.opening.process.campaign
        to_read = campaign.readings if campaign is not None else ()
        opened = await reading.opened(session, known.row.id) if to_read else {}
        visitors = visitors_of(known, visit.site.today) if is_for_visitors(known) else None
        names = None
        if allow(visit.viewer, "see_to", known.access):
            names = await _names(session, known, everybody, joined, opened, visitors or ())
    readings = tuple((one.title, sum(one.key in keys for keys in opened.values())) for one in to_read)
    title = f"How far {known.row.reference} has got"
    visiting = _counted(visitors) if visitors is not None else None
    picture = draw_progress(title, count, visiting) if count.asked or visitors else None
    return Progress(count, parts_of(count, visiting), picture, row, len(joined), names, visiting, readings)


def joined_since(known: Known, everybody: Sequence[SignatureRow]) -> list[SignatureRow]:
    """Return those who were asked after the roll was first called: then everybody who was there had been."""
    first = next((said.at for said in known.history if isinstance(said.event, RollCalled)), None)
    return [one for one in everybody if first is not None and one.asked_at > first]


async def _names(
    session: AsyncSession,
    known: Known,
    everybody: Sequence[SignatureRow],
    joined: Sequence[SignatureRow],
    opened: Mapping[str, frozenset[str]],
    visitors: tuple[Visitor, ...],
) -> Names:
    waiting = await reading.unsigned(session, everybody)
    campaign = known.opening.process.campaign
    titles = {one.key: one.title for one in campaign.readings} if campaign is not None else {}
    rows = [
        Name(
            known.name(one.row.person),
            one.row,
            one.reminded,
            _when(one.chased_at),
            tuple(title for key, title in titles.items() if key in opened.get(one.row.person, ())),
        )
        for one in waiting
    ]
    rows.sort(key=lambda one: (one.row.asked_at, one.name))
    return Names(
        waiting=tuple(rows[:MOST]),
        more=max(len(rows) - MOST, 0),
        declined=_named(known, [one for one in everybody if one.declined_at is not None]),
        joiners=_named(known, joined),
        leavers=_named(known, [one for one in everybody if one.left_at is not None]),
        visitors=visitors,
        desk=await desks.desk_of(session, known.row.id) if is_for_visitors(known) else None,
        trainings=trainings_of(known),
    )


def _named(known: Known, rows: Sequence[SignatureRow]) -> tuple[Name, ...]:
    return tuple(sorted((Name(known.name(row.person), row) for row in rows), key=lambda one: one.name)[:MOST])


def _when(at: datetime | None) -> str:
    return day(at) if at is not None else ""


def trainings_of(known: Known) -> tuple[Training, ...]:
    """Return the trainings that are on record in a campaign, the latest first (Newall Green 4.2: ACK-11)."""
    held = sorted(
        (said.event for said in known.history if isinstance(said.event, TrainingAttended)),
        key=lambda one: one.on,
        reverse=True,
    )
    return tuple(Training(one.title, day(one.on), tuple(map(known.name, one.people))) for one in held)


def is_for_visitors(known: Known) -> bool:
    """Return whether visitors sign too."""
    campaign = known.opening.process.campaign
    return campaign is not None and campaign.visitors


def visitors_of(known: Known, today: date) -> tuple[Visitor, ...]:
    """Return the visitors of a campaign: those who are expected, those who went without signing, those who signed.

    Nobody is expected once their last day has passed, or the campaign is over. Two spellings of a name are one visitor.

    Source: Redhill, appendix 1 (ACK-06).
    """
    said = [(one.event, one.at) for one in known.history]
    signed = [
        Visitor(one.name, one.until, one.until < today, moment(at))
        for one, at in said
        if isinstance(one, VisitorSigned)
    ]
    have, is_open = {fold_name(one.name) for one in signed}, known.row.closed_at is None
    # The day that was said last is the one that holds.
    unsigned = {
        name: Visitor(one.name, one.until, one.until < today, expected=is_open and one.until >= today)
        for one, _ in said
        if isinstance(one, VisitorExpected) and (name := fold_name(one.name)) not in have
    }
    return (*sorted(unsigned.values(), key=lambda one: not one.expected), *signed)


def _counted(visitors: Sequence[Visitor]) -> VisitorCount:
    signed, expected = sum(bool(one.signed) for one in visitors), sum(one.expected for one in visitors)
    return VisitorCount(signed=signed, expected=expected, gone=len(visitors) - signed - expected)


# The desk.


async def campaign_desk(visit: Visit) -> Response:
    """Make the address of a signing desk, shown once, or revoke it: then nobody signs there any more.

    Source: Redhill, appendix 1 (ACK-06).
    """
    known = await case_for(visit, visit.place("reference"))
    if not is_for_visitors(known) or not allow(visit.viewer, "see_to", known.access):
        raise HTTPException(404)
    stage = only(visit.sent, ("stage",))["stage"]
    if stage not in {"make", "revoke"}:
        why = "the form has a step that is not on the page"
        raise UnreadableBodyError(why, 422)
    if known.row.closed_at is not None:
        return visit.go("case", reference=known.row.reference)
    now = visit.site.clock()
    async with visit.site.db.write() as session:
        if stage == "revoke":
            await desks.revoke(session, known.row.id, now)
            secret = ""
        else:
            secret = await desks.make(session, known.row.id, visit.person.id, now)
    log.info("signing_desk", case=known.row.id, person=visit.person.id, stage=stage)
    if not secret:
        return visit.go("case", reference=known.row.reference)
    address = f"{visit.site.settings.base_url}{visit.path('signing_desk', secret=secret)}"
    return visit.show("desk_made.html", known=known, address=address)


PAGES: Final = (
    Page("/documents/{key}/ask", ask_everybody, ("GET", "POST"), "signed_in"),
    Page("/cases/{reference}/desk", campaign_desk, ("POST",), "signed_in"),
)
