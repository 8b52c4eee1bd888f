"""The read model of what comes round, brought to where an event left its case; and the cases begun out of one."""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import date, datetime

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from domain.asking import SIGNER
from domain.cases import Batch, Opening, ToBegin
from domain.coming_dates import ComingDate
from domain.events import AnyEvent, CaseCancelled, HoldReleased, Recorded, Rejected
from domain.fields import Value
from domain.pack import Pack, Process
from domain.refs import case_id, reference
from domain.round_entries import (
    CampaignBegan,
    CampaignClosed,
    CampaignSuperseded,
    ChangeTurnedDown,
    CoverChanged,
    DocumentSigned,
    PostingResumed,
    PostingSuspended,
    ReadingOpened,
    SignatureCalledOff,
    SiteChanged,
    SiteClosed,
    SiteLifeBegan,
    SiteWentLive,
    TrainingAttended,
    VersionAdopted,
)
from store import packs
from store.keys import CaseKeys
from store.rounds.tables import (
    CampaignRow,
    ComingRow,
    LifeRow,
    OpenedRow,
    SeatRow,
    SignatureRow,
    TeamRow,
    TrainingRow,
    VersionRow,
)
from store.tables import CaseRow, SiteRow

TEAM = ("administrators", "moderators")
_AUTHOR = "author"
_DAYS = ("go_live_date", "closure_date")


async def note(session: AsyncSession, case: CaseRow, answers: dict[str, Value], recorded: Recorded) -> None:
    """Bring the read model to where an event left a case; `answers` are those of its request after it."""
    event, at = recorded.event, recorded.at
    match event:
        case SiteLifeBegan():
            life = LifeRow(
                case=case.id,
                site=event.site,
                organisation=case.organisation,
                live_on=event.live_on,
                closes_on=event.closes_on,
            )
            session.add(life)
            await session.flush()
            await _team(session, case.id, answers)
        case SiteWentLive():
            await _live(session, case.id, state="live", address=event.address, live_on=event.on)
        case SiteChanged():
            await _stand(session, case.id, event, answers)
        case PostingSuspended():
            await _live(session, case.id, state="suspended")
        case PostingResumed():
            await _live(session, case.id, state="live")
        case SiteClosed():
            await _live(session, case.id, state="closed", closes_on=event.on)
        case CoverChanged():
            await _live(session, case.id, present=present_text(event.administrators, event.moderators))
        case ChangeTurnedDown():
            case.title, case.version = event.title, event.version
            # Of a change whose approval was found to be void, more than that was there.
            live_on, closes_on = (_day(event.answers.get(question)) for question in _DAYS)
            was = SiteChanged(version=event.version, title=event.title, live_on=live_on, closes_on=closes_on)
            await _stand(session, case.id, was, event.answers)
        case VersionAdopted():
            await _adopt(session, case, event, at)
        case CampaignBegan():
            session.add(
                CampaignRow(
                    case=case.id,
                    organisation=case.organisation,
                    document=event.document,
                    version=event.version,
                    digest=event.digest,
                    began_at=at,
                    audience=" ".join(event.audience),
                )
            )
        case ReadingOpened():
            session.add(OpenedRow(case=case.id, reading=event.reading, opened_at=at))
        case TrainingAttended():
            for one in dict.fromkeys(event.people):
                row = TrainingRow(
                    case=case.id,
                    n=recorded.n,
                    person=one,
                    organisation=case.organisation,
                    title=event.title,
                    day=event.on,
                )
                session.add(row)
        case DocumentSigned():
            await _signature(session, case.id, signed_at=at)
        case Rejected():
            await _signature(session, case.id, declined_at=at)
        case SignatureCalledOff():
            await _signature(session, case.id, left_at=at)
        case HoldReleased(stands=False):
            # What is void does not stand: they are asked anew, like somebody who had left and came back.
            await _signature(session, case.id, signed_at=None, declined_at=None, left_at=at)
        case CampaignClosed() | CampaignSuperseded():
            await session.execute(update(CampaignRow).where(col(CampaignRow.case) == case.id).values(over_at=at))
        case CaseCancelled():
            await _live(session, case.id, state="cancelled")
        case _:
            pass


def concerns(event: AnyEvent) -> bool:
    """Return whether an event of what comes round changes the read model of it."""
    return isinstance(event, _CHANGING)


_CHANGING = (
    SiteLifeBegan,
    SiteWentLive,
    SiteChanged,
    PostingSuspended,
    PostingResumed,
    SiteClosed,
    CoverChanged,
    ChangeTurnedDown,
    VersionAdopted,
    CampaignBegan,
    ReadingOpened,
    TrainingAttended,
    DocumentSigned,
    SignatureCalledOff,
    HoldReleased,
    Rejected,
    CampaignClosed,
    CampaignSuperseded,
    CaseCancelled,
)


async def seat(session: AsyncSession, case: str, opening: Opening) -> None:
    """Keep which seats a case has to do with that is nobody's request; in whose case one person signs, none.

    Of a campaign also who signs: those whom the pack names that it goes by now.
    """
    process = opening.process
    if process.story not in _SEATED:
        return
    if process.campaign is not None:
        ours = update(CampaignRow).where(col(CampaignRow.case) == case)
        await session.execute(ours.values(audience=" ".join(process.campaign.audience)))
    owner = process.cycle or process.campaign
    asked = {task.seat for task in (*process.tasks, *process.rounds)} | {
        key for step in process.steps for key in step.seats if key != SIGNER
    }
    owning = {owner.owner} if owner is not None else set[str]()
    await session.execute(delete(SeatRow).where(col(SeatRow.case) == case))
    rows = [{"case": case, "seat": key, "owns": key in owning} for key in sorted(asked | owning)]
    if rows:
        await session.execute(insert(SeatRow), rows)


_SEATED = ("site_life", "review", "acknowledgement")


async def look_forward(session: AsyncSession, case: CaseRow, dates: Iterable[ComingDate] | None) -> None:
    """Keep the dates that people look forward to; None where the process has none."""
    if dates is None:
        return
    await session.flush()
    await session.execute(delete(ComingRow).where(col(ComingRow.case) == case.id))
    about = {"case": case.id, "organisation": case.organisation, "school": case.school, "title": case.title}
    rows = [{**about, "what": one.what, "day": one.day} for one in dates]
    if rows:
        await session.execute(insert(ComingRow), rows)


async def begun_out_of(
    session: AsyncSession, keys: CaseKeys, opening: Opening, batch: Batch
) -> tuple[tuple[Opening, ...], tuple[str, ...]]:
    """Return with what the cases begin that `batch` begins, and the campaigns that these supersede.

    However often it is asked, it is the same. Where the pack has no such process, nothing is begun.

    Raises:
        LookupError: the pack of the case is gone.
    """
    openings: list[Opening] = []
    superseded: list[str] = []
    pack = await packs.pack_of(session, opening.pack_digest) if batch.begins else None
    for wanted in batch.begins:
        process = _process_of(pack, wanted) if pack is not None else None
        if process is None:
            continue
        begun = _opening(opening, batch.case, wanted).model_copy(update={"process": process})
        await keys.create(session, begun.case)
        openings.append(begun)
        if wanted.story == "acknowledgement":
            superseded += await _earlier(session, opening.organisation, str(wanted.request.answers["document"]), begun)
    return tuple(openings), tuple(superseded)


def _process_of(pack: Pack, wanted: ToBegin) -> Process | None:
    """Return the process that is to begin; None where the pack has none, or has nobody sign that document."""
    if wanted.story == "acknowledgement":
        return pack.signing(str(wanted.request.answers["document"]))
    return pack.told_by(wanted.story)


def _opening(opening: Opening, parent: str, wanted: ToBegin) -> Opening:
    key = f"{parent}|{wanted.about}|{wanted.story}"
    return opening.model_copy(
        update={
            "case": case_id(key),
            "reference": reference(hashlib.sha256(b"duly/reference/v1" + key.encode()).digest()[:8]),
            "request": wanted.request,
            "parent": parent,
            "immaterial": opening.immaterial if wanted.story == "site_life" else (),
            "events": 0,
            "asked": 0,
            "replied": (),
            "carried": None,
        }
    )


async def _earlier(session: AsyncSession, organisation: str, document: str, begun: Opening) -> Sequence[str]:
    """Return the campaigns for a document that are not over, less the one that begins now."""
    wanted = select(col(CampaignRow.case)).where(
        col(CampaignRow.organisation) == organisation,
        col(CampaignRow.document) == document,
        col(CampaignRow.over_at).is_(None),
        col(CampaignRow.case) != begun.case,
    )
    return (await session.scalars(wanted)).all()


def present_text(administrators: Iterable[str], moderators: Iterable[str]) -> str:
    """Return who is there as it is kept beside a site."""
    return f"{' '.join(administrators)}|{' '.join(moderators)}"


async def _stand(session: AsyncSession, case: str, event: SiteChanged, answers: dict[str, Value]) -> None:
    """Have everything say what a site is from now on; the day on which one went live stays."""
    await _live(session, case, closes_on=event.closes_on)
    planned = update(LifeRow).where(col(LifeRow.case) == case, col(LifeRow.state) == "approved")
    await session.execute(planned.values(live_on=event.live_on))
    await _team(session, case, answers)
    await _register(session, case, event, answers)


def _day(answer: Value | None) -> date | None:
    return date.fromisoformat(answer) if isinstance(answer, str) and answer else None


async def _live(session: AsyncSession, case: str, **values: str | date | None) -> None:
    await session.execute(update(LifeRow).where(col(LifeRow.case) == case).values(**values))


async def _team(session: AsyncSession, case: str, answers: dict[str, Value]) -> None:
    await session.execute(delete(TeamRow).where(col(TeamRow.case) == case))
    for role in (*TEAM, _AUTHOR):
        named = answers.get(role, ())
        for person in dict.fromkeys(named if isinstance(named, tuple) else (str(named),)):
            session.add(TeamRow(case=case, role=role, person=person))
    await session.flush()


async def _register(session: AsyncSession, case: str, event: SiteChanged, answers: dict[str, Value]) -> None:
    """Have the register say what a site is from now on."""
    site = select(col(LifeRow.site)).where(col(LifeRow.case) == case).scalar_subquery()
    changed = update(SiteRow).where(col(SiteRow.case) == site)
    values = {"title": event.title, "live_on": event.live_on, "closes_on": event.closes_on}
    author = answers.get(_AUTHOR)
    await session.execute(changed.values(**values, **({"author": author} if author else {})))


async def _adopt(session: AsyncSession, case: CaseRow, event: VersionAdopted, at: datetime) -> None:
    """Keep a new version; it supersedes the one before, which stays in force until this one is."""
    ours = (col(VersionRow.organisation) == case.organisation, col(VersionRow.document) == event.document)
    last = await session.scalar(select(func.max(col(VersionRow.n))).where(*ours))
    before = update(VersionRow).where(*ours, col(VersionRow.superseded_at).is_(None))
    await session.execute(before.values(superseded_at=at))
    session.add(
        VersionRow(
            organisation=case.organisation,
            document=event.document,
            n=(last or 0) + 1,
            title=event.title,
            version=event.version,
            digest=event.digest,
            text=event.text,
            approved_on=event.approved_on,
            effective_from=event.effective_from,
            review_on=event.review_on,
            case=case.id,
            adopted_at=at,
        )
    )
    await session.flush()


async def _signature(session: AsyncSession, case: str, **values: datetime | None) -> None:
    await session.execute(update(SignatureRow).where(col(SignatureRow.case) == case).values(**values))
