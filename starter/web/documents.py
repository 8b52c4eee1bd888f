"""Documents: which version is in force, when its review is due, whose move it is, and how many have signed it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.exceptions import HTTPException
from starlette.responses import Response

from domain import ics
from domain.access import CaseAccess, allow
from domain.cases import RollCount
from domain.document_states import DocumentState, review_state
from domain.document_text import blocks_of
from domain.documents import DocumentControl, review_due, warnings_of
from domain.people import Directory
from domain.words import day_in_words, listed
from starter.web.campaigns import may_ask, owners
from starter.web.page import Page, Visit
from store import people, queries
from store.rounds import reading, rolls
from store.rounds.looking import documents_of
from store.rounds.tables import CampaignRow, VersionRow
from store.tables import AskRow, CaseRow


@dataclass(frozen=True)
class Signing:
    """How many have signed a document, in its latest campaign."""

    row: CampaignRow
    count: RollCount


@dataclass(frozen=True)
class Shown:
    """A document as everybody of the organisation sees it.

    `version` is the one in force; None where Duly has not taken the document on yet, a minute after a new pack at most.
    `adopted` is one that was adopted and is not in force yet.
    `case` is that in which it is reviewed, once it has begun, `reference` the case's, where the visitor may see it.
    `move` says whose move it is while it is under review. `may_open` is whether the visitor may open its review,
    `may_ask` whether they may have everybody sign it.
    """

    key: str
    control: DocumentControl
    version: VersionRow | None
    adopted: VersionRow | None
    review_on: date | None
    state: DocumentState
    owner: str
    warnings: tuple[str, ...]
    signing: Signing | None
    reference: str = ""
    case: str = ""
    move: str = ""
    may_open: bool = False
    may_ask: bool = False
    is_owner: bool = False

    @property
    def title(self) -> str:
        """What it is called."""
        return self.version.title if self.version is not None else self.control.title

    @property
    def named(self) -> str:
        """The version in force, as it is called; empty where it has no number."""
        return self.version.version if self.version is not None else self.control.version or ""

    @property
    def is_printed(self) -> bool:
        """Whether the version in force is the one that the school brought: its document control is what it prints."""
        return self.version is None or self.version.case is None


async def documents(visit: Visit) -> Response:
    """Show every document of the organisation, and how each stands.

    Source: Cadmus, document information; MTOAT, last line; Newall Green, document control (REV-01 to REV-08, REV-12).
    """
    async with visit.site.db.read() as session:
        shown = await documents_shown(visit, session)
    return visit.show("documents.html", documents=shown)


async def document(visit: Visit) -> Response:
    """Show one document: what it prints of itself, its versions, its review, and its signatures."""
    async with visit.site.db.read() as session:
        one = await _one(visit, session)
        versions = _superseded(await reading.versions_of(session, visit.person.organisation, one.key))
        campaign = await queries.case_by_id(session, one.signing.row.case) if one.signing is not None else None
        access = await queries.access_of(session, campaign) if campaign is not None else None
    seen = campaign is not None and access is not None and allow(visit.viewer, "see", access)
    return visit.show(
        "document.html",
        one=one,
        marks=marks_of(one),
        versions=versions,
        today=visit.site.today,
        campaign=campaign.reference if campaign is not None and seen else "",
    )


async def document_version(visit: Visit) -> Response:
    """Show the text of one version, in force or superseded."""
    ours, number = visit.person.organisation, visit.place("n")
    async with visit.site.db.read() as session:
        one = await _one(visit, session)
        known = {str(row.n): until for row, until in _superseded(await reading.versions_of(session, ours, one.key))}
        version = await reading.version(session, ours, one.key, int(number)) if number in known else None
    if version is None:
        raise HTTPException(404)
    return visit.show(
        "document_version.html",
        one=one,
        version=version,
        until=known[number],
        today=visit.site.today,
        blocks=blocks_of(version.text),
    )


async def review_date(visit: Visit) -> Response:
    """Return the day of the next review as an entry for a calendar (REV-02)."""
    async with visit.site.db.read() as session:
        one = await _one(visit, session)
    if one.review_on is None:
        raise HTTPException(404)
    now = visit.site.clock()
    entry = ics.Entry(
        uid=ics.uid_of(one.case, "review") if one.case else f"review-{visit.person.organisation}-{one.key}@duly",
        day=one.review_on,
        summary=f"Review due: {one.title}",
        notes=(f"Owner: {one.owner}",) if one.owner else (),
        url=f"{visit.site.settings.base_url}{visit.path('document', key=one.key)}",
        changed_at=one.version.adopted_at if one.version is not None else now,
    )
    headers = {"Content-Disposition": f'attachment; filename="review-{one.key}.ics"'}
    return Response(ics.written(one.title, (entry,), now), headers=headers, media_type=ics.MEDIA_TYPE)


async def documents_shown(visit: Visit, session: AsyncSession) -> tuple[Shown, ...]:
    """Return every document of the visitor's organisation, the policy first.

    Raises:
        HTTPException: 404, the visitor may not see them.
    """
    if not allow(visit.viewer, "see_documents"):
        raise HTTPException(404)
    organisation = visit.person.organisation
    directory = await people.directory(session, organisation)
    in_force = await reading.in_force(session, organisation, visit.site.today)
    latest = await reading.adopted_last(session, organisation)
    begun = await reading.reviews(session, organisation)
    rows = {row.id: row for row in await queries.cases_by_ids(session, list(begun.values()))}
    accesses = await queries.accesses_of(session, list(rows.values()))
    asks = await reading.open_asks(session, list(rows))
    campaigns = await reading.campaigns(session, organisation)
    signing = {key: Signing(row, await rolls.counts(session, row.case, more=False)) for key, row in campaigns.items()}
    found = []
    for key, control in documents_of(visit.pack).items():
        case = rows.get(begun.get(key, ""))
        review = Review(case, asks.get(case.id), accesses[case.id]) if case is not None else None
        versions = in_force.get(key), latest.get(key)
        found.append(_shown(visit, key, control, versions, review, signing.get(key), directory))
    return tuple(found)


async def policies_due(visit: Visit, session: AsyncSession) -> tuple[Shown, ...]:
    """Return the documents whose review is due, for whoever has to see to it: owners, and administrators."""
    process, person = visit.pack.told_by("review"), visit.person
    cycle = process.cycle if process is not None else None
    owns = cycle is not None and any(held.seat == cycle.owner for held in person.holdings)
    if not person.administrator and not owns:
        return ()
    shown = await documents_shown(visit, session)
    return tuple(one for one in shown if one.state.is_due and (person.administrator or one.is_owner))


@dataclass(frozen=True)
class Review:
    """The case in which a document is reviewed, what it waits for, and who may see it."""

    case: CaseRow
    ask: AskRow | None
    access: CaseAccess


async def _one(visit: Visit, session: AsyncSession) -> Shown:
    key = visit.place("key")
    found = next((one for one in await documents_shown(visit, session) if one.key == key), None)
    if found is None:
        raise HTTPException(404)
    return found


def _shown(
    visit: Visit,
    key: str,
    control: DocumentControl,
    versions: tuple[VersionRow | None, VersionRow | None],
    review: Review | None,
    signing: Signing | None,
    directory: Directory,
) -> Shown:
    pack, today, viewer = visit.pack, visit.site.today, visit.viewer
    version, latest = versions
    process = pack.told_by("review")
    cycle = process.cycle if process is not None else None
    terms = pack.calendar.terms
    seats = {seat.key: seat.title for seat in pack.seats}
    review_on = latest.review_on if latest is not None else review_due(control, cycle.months, terms) if cycle else None
    theirs = owners(pack, cycle.owner, directory) if cycle is not None else frozenset()
    names = tuple(one.name for one in directory.people if one.id in theirs)
    owner = f"{seats[cycle.owner]}{f' ({listed(names)})' if names else ''}" if cycle is not None else ""
    access = review.access if review is not None else None
    printed = version is None or version.case is None
    return Shown(
        key=key,
        control=control,
        version=version,
        adopted=latest if latest is not None and version is not None and latest.n != version.n else None,
        review_on=review_on,
        state=review_state(review_on, today),
        owner=owner,
        warnings=tuple(warnings_of(control, today, terms)) if printed else (),
        signing=signing,
        case=review.case.id if review is not None else "",
        reference=review.case.reference if review is not None and allow(viewer, "see", review.access) else "",
        move=_move(visit, review.ask, seats) if review is not None and review.ask is not None else "",
        may_open=access is not None and allow(viewer, "see_to", access),
        may_ask=may_ask(visit, key, directory) and version is not None,
        is_owner=viewer.person in theirs,
    )


def _move(visit: Visit, ask: AskRow, seats: Mapping[str, str]) -> str:
    """Return whose move it is, for what, and until when."""
    process = visit.pack.told_by("review")
    clocks = process.clocks(ask.step) if process is not None else None
    what = clocks.title if clocks is not None else ask.step
    had = "had" if ask.due < visit.site.clock() else "has"
    return f"{seats.get(ask.seat, ask.seat)} {had} until {day_in_words(ask.due.date())}: {what}"


def _superseded(versions: Sequence[VersionRow]) -> list[tuple[VersionRow, date | None]]:
    """Return each of `versions`, the newest first, with the day from which it is superseded, if it is."""
    return [(row, min((one.in_force_from for one in versions if one.n > row.n), default=None)) for row in versions]


def marks_of(one: Shown) -> Sequence[tuple[str, str]]:
    """Return the document control of a document: as it prints it, or as the review of its latest version has it."""
    if one.is_printed:
        return one.control.marks
    row = one.version
    if row is None:
        return []
    days = (("Approved on", row.approved_on), ("Effective from", row.effective_from), ("Review date", row.review_on))
    said = [(name, day_in_words(on)) for name, on in days if on is not None]
    owner = [("Owner", one.control.owner)] if one.control.owner else []
    return [*owner, ("Version", row.version), ("Status", "Final"), *said]


PAGES: Final = (
    Page("/documents", documents, ("GET",), "signed_in"),
    Page("/documents/{key}", document, ("GET",), "signed_in"),
    Page("/documents/{key}/review.ics", review_date, ("GET",), "signed_in"),
    Page("/documents/{key}/versions/{n}", document_version, ("GET",), "signed_in"),
)
