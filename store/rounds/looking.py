"""What has to be seen to in what comes round: reviews to begin, cover to look at, rolls to call."""

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased
from sqlmodel import col

from domain.calendar import Calendar, local_day
from domain.cases import Opening, Present, Request, Standing, taken_from
from domain.coming_dates import period_of
from domain.documents import POLICY, DocumentControl, printed, review_due
from domain.pack import Pack, Process
from domain.people import Directory
from domain.refs import case_id, reference
from store import confidential, packs, queries
from store.keys import CaseKeyMissingError, CaseKeys, SealBrokenError
from store.rounds import reading
from store.rounds.rolls import has_come_back, review_case
from store.rounds.tables import CampaignRow, LifeRow, ReviewRow, SignatureRow, TeamRow, VersionRow
from store.rounds.writing import TEAM, present_text
from store.tables import CaseRow


@dataclass(frozen=True)
class Covered:
    """A site whose cover has changed since it was last said to its case."""

    case: str
    present: Present


def documents_of(pack: Pack) -> dict[str, DocumentControl]:
    """Return the documents of a pack, by their keys: the policy itself first."""
    others = {one.key: one for one in pack.documents}
    return {POLICY: pack.document, **others}


async def reviews_to_begin(session: AsyncSession, organisation: str, pack: Pack) -> tuple[str, ...]:
    """Return the documents of a pack whose review has not begun."""
    if pack.told_by("review") is None:
        return ()
    begun = select(col(ReviewRow.document)).where(
        col(ReviewRow.organisation) == organisation, col(ReviewRow.begun_at).is_not(None)
    )
    known = set((await session.scalars(begun)).all())
    return tuple(key for key in documents_of(pack) if key not in known)


async def take_on(
    session: AsyncSession,
    keys: CaseKeys,
    pack: Pack,
    key: str,
    calendar: Calendar,
    directory: Directory,
    at: datetime,
) -> Opening:
    """Keep the document that a pack brings as its first version, and return with what its review begins."""
    process = pack.told_by("review")
    if process is None or process.cycle is None:
        raise LookupError(key)
    document, organisation = documents_of(pack)[key], pack.organisation.key
    terms = pack.calendar.terms
    due = review_due(document, process.cycle.months, terms)
    case, reference = review_case(organisation, key)
    await packs.keep(session, pack)
    await keys.create(session, case)
    if await session.get(ReviewRow, (organisation, key)) is None:
        session.add(ReviewRow(organisation=organisation, document=key, case=case, reference=reference))
    if await session.get(VersionRow, (organisation, key, 1)) is None:
        session.add(_first(organisation, key, document, due, pack, at))
    answers = {"document": key, "version": document.version or "", "printed": document.review_date or ""}
    if due is not None:
        answers["review_on"] = due.isoformat()
    return Opening(
        **dict(taken_from(pack, process, calendar)),
        case=case,
        reference=reference,
        organisation=organisation,
        school=school_of(pack, process.cycle.owner, directory),
        request=Request(title=document.title, starter="", author="", answers=dict(answers)),
    )


async def mark_begun(session: AsyncSession, organisation: str, key: str, at: datetime) -> None:
    """Note that the review of a document has begun."""
    ours = (col(ReviewRow.organisation) == organisation, col(ReviewRow.document) == key)
    await session.execute(update(ReviewRow).where(*ours).values(begun_at=at))


@dataclass(frozen=True)
class Recurs:
    """A campaign that is to begin because a new period has: the process, the version that is signed, its first day."""

    process: Process
    version: VersionRow
    since: date


async def campaigns_to_begin(session: AsyncSession, organisation: str, pack: Pack, day: date) -> Sequence[Recurs]:
    """Return the campaigns of a pack that come round and for which nobody was asked yet in the period of `day`.

    Source: Newall Green 3.7 and 5.4 (ACK-13, ACK-19).
    """
    found = []
    for process in pack.processes:
        campaign = process.campaign
        since = period_of(day, campaign.every, pack.calendar.terms) if campaign and campaign.every else None
        if campaign is None or since is None:
            continue
        latest_versions = await reading.adopted_last(session, organisation)
        begun = await reading.campaigns(session, organisation)
        for key in campaign.documents:
            latest = begun.get(key)
            if key in latest_versions and (latest is None or local_day(latest.began_at) < since):
                found.append(Recurs(process, latest_versions[key], since))
    return found


def a_campaign(
    pack: Pack, process: Process, version: VersionRow, case: str, calendar: Calendar, directory: Directory
) -> Opening:
    """Return with what a campaign begins in which everybody signs `version`.

    Raises:
        LookupError: `process` is no campaign.
    """
    if process.campaign is None:
        raise LookupError(process.key)
    answers = {"document": version.document, "version": version.version, "digest": version.digest}
    return Opening(
        **dict(taken_from(pack, process, calendar)),
        case=case,
        reference=reference(hashlib.sha256(b"duly/reference/v1" + case.encode()).digest()[:8]),
        organisation=pack.organisation.key,
        school=school_of(pack, process.campaign.owner, directory),
        request=Request(title=version.title, starter="", author="", answers=dict(answers)),
    )


def recurring_case(organisation: str, recurs: Recurs) -> str:
    """Return the id of the one campaign of a period."""
    return case_id(f"campaign|{organisation}|{recurs.version.document}|{recurs.since}")


async def covered(session: AsyncSession, organisation: str, directory: Directory, day: date) -> Sequence[Covered]:
    """Return the sites of an organisation whose cover is another than what was last said to their cases."""
    wanted = select(LifeRow).where(
        col(LifeRow.organisation) == organisation, col(LifeRow.state).in_(("approved", "live", "suspended"))
    )
    lives = (await session.scalars(wanted)).all()
    if not lives:
        return ()
    team = await session.scalars(select(TeamRow).where(col(TeamRow.case).in_([life.case for life in lives])))
    named: dict[tuple[str, str], list[str]] = {}
    for row in team:
        named.setdefault((row.case, row.role), []).append(row.person)
    found = []
    for life in lives:
        there = {
            role: tuple(sorted(one for one in named.get((life.case, role), ()) if _is_there(one, directory, day)))
            for role in TEAM
        }
        if present_text(there["administrators"], there["moderators"]) != life.present:
            found.append(Covered(life.case, Present(**there)))
    return found


async def rolls_to_call(session: AsyncSession, organisation: str, directory: Directory, day: date) -> Sequence[str]:
    """Return the campaigns in whose audience somebody came who was not asked, or left who is waited for."""
    open_ones = select(CampaignRow).where(
        col(CampaignRow.organisation) == organisation, col(CampaignRow.over_at).is_(None)
    )
    campaigns = (await session.scalars(open_ones)).all()
    return [one.case for one in campaigns if await _has_changed(session, one, directory, day)]


async def to_supersede(session: AsyncSession, organisation: str) -> Sequence[str]:
    """Return the campaigns that go on although a later one asks for the same document: they were not told of it."""
    later, ours = aliased(CampaignRow), CampaignRow
    there_is = select(col(later.case)).where(
        col(later.organisation) == col(ours.organisation),
        col(later.document) == col(ours.document),
        col(later.began_at) > col(ours.began_at),
    )
    left_over = (col(ours.organisation) == organisation, col(ours.over_at).is_(None), there_is.exists())
    return (await session.scalars(select(col(ours.case)).where(*left_over))).all()


async def _has_changed(session: AsyncSession, campaign: CampaignRow, directory: Directory, day: date) -> bool:
    kinds = campaign.audience.split()
    audience = {one.id for one in directory.people if one.kind in kinds and one.is_active(day)}
    row = SignatureRow
    known = select(col(row.person), col(row.signed_at), col(row.declined_at), col(row.left_at), col(row.begun_at))
    rows = (await session.execute(known.where(col(row.campaign) == campaign.case))).all()
    waiting = {one[0] for one in rows if one[1] is None and one[2] is None and one[3] is None}
    back = {one[0] for one in rows if has_come_back(one[1], one[2], one[3])}
    begun = all(one[4] is not None for one in rows if one[0] in waiting)
    return not begun or bool(audience - {one[0] for one in rows}) or bool(waiting - audience) or bool(audience & back)


def _is_there(person: str, directory: Directory, day: date) -> bool:
    """Return whether somebody is neither gone nor away."""
    one = directory.person(person)
    return one is not None and one.is_active(day) and not one.is_absent(day)


def school_of(pack: Pack, seat: str, directory: Directory) -> str:
    """Return the first school at which somebody holds `seat`, or the first of all."""
    schools = [school.key for school in pack.organisation.schools]
    return next((school for school in schools if directory.holders(school, seat)), schools[0])


def _first(
    organisation: str, key: str, document: DocumentControl, due: date | None, pack: Pack, at: datetime
) -> VersionRow:
    terms = pack.calendar.terms
    approved, effective = (printed(document, "approved_on", terms), printed(document, "effective_from", terms))
    return VersionRow(
        organisation=organisation,
        document=key,
        n=1,
        title=document.title,
        version=document.version or "",
        digest=document.digest,
        text=document.text,
        approved_on=approved.first if approved is not None else None,
        effective_from=effective.first if effective is not None else None,
        review_on=due,
        adopted_at=at,
    )


async def of_old(
    session: AsyncSession, keys: CaseKeys, organisation: str, before: datetime, but: frozenset[str]
) -> list[tuple[str, Opening, Standing]]:
    """Return all cases that were opened before a time and are open still: with what they go by, and where they stand.

    Those in `but` are left out, and so are those that cannot be read.
    """
    old = select(CaseRow).where(
        col(CaseRow.organisation) == organisation, col(CaseRow.closed_at).is_(None), col(CaseRow.opened_at) < before
    )
    found = []
    for row in (await session.scalars(old)).all():
        if row.id not in but:
            with suppress(CaseKeyMissingError, SealBrokenError):
                opening = await queries.opening_of(session, keys, row)
                found.append((row.id, opening, await queries.standing_of(session, keys, row)))
    others = await confidential.open_cases(session, keys, organisation, before)
    return found + [one for one in others if one[0] not in but]
