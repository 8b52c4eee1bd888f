"""What comes round, as pages read it: documents and their versions, campaigns, and who has not signed."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import defer
from sqlmodel import col

from store.rounds.tables import CampaignRow, OpenedRow, ReviewRow, SignatureRow, TrainingRow, VersionRow
from store.tables import AskRow, MailRow

_REMINDED = "reminder"
_CHASED = "unsigned"
_WHOLE = {"populate_existing": True}
TEXTLESS = defer(VersionRow.text)  # type: ignore[arg-type]  # SQLModel says what a row holds, not its column
"""Leaves the text of a version where it is, until it is asked for."""


@dataclass(frozen=True)
class Unsigned:
    """Somebody who has not signed: since when they are asked, how often they were reminded, when others were told."""

    row: SignatureRow
    reminded: int
    chased_at: datetime | None


async def adopted_last(session: AsyncSession, organisation: str) -> dict[str, VersionRow]:
    """Return the latest version of each document, by its key, without its text: it is in force now, or will be."""
    wanted = select(VersionRow).where(
        col(VersionRow.organisation) == organisation, col(VersionRow.superseded_at).is_(None)
    )
    return {row.document: row for row in (await session.scalars(wanted.options(TEXTLESS))).all()}


async def in_force(session: AsyncSession, organisation: str, day: date) -> dict[str, VersionRow]:
    """Return the version of each document that is in force on `day`, by its key, without its text.

    One that was adopted supersedes those before it on the day from which it is in force (REV-03).
    """
    wanted = select(VersionRow).where(col(VersionRow.organisation) == organisation)
    found: dict[str, VersionRow] = {}
    for row in (await session.scalars(wanted.order_by(col(VersionRow.n)).options(TEXTLESS))).all():
        if row.document not in found or row.in_force_from <= day:
            found[row.document] = row
    return found


async def versions_of(session: AsyncSession, organisation: str, document: str) -> Sequence[VersionRow]:
    """Return all versions of a document without their texts, the newest first."""
    wanted = select(VersionRow).where(
        col(VersionRow.organisation) == organisation, col(VersionRow.document) == document
    )
    return (await session.scalars(wanted.order_by(col(VersionRow.n).desc()).options(TEXTLESS))).all()


async def version(session: AsyncSession, organisation: str, document: str, n: int) -> VersionRow | None:
    """Return one version of a document, whole."""
    # The same row may be there already, without its text.
    return await session.get(VersionRow, (organisation, document, n), populate_existing=True)


async def version_with(session: AsyncSession, organisation: str, digest: str) -> VersionRow | None:
    """Return the version with that digest, whole; None where none is kept."""
    wanted = select(VersionRow).where(col(VersionRow.organisation) == organisation, col(VersionRow.digest) == digest)
    return (await session.scalars(wanted.order_by(col(VersionRow.n)), execution_options=_WHOLE)).first()


async def reviews(session: AsyncSession, organisation: str) -> dict[str, str]:
    """Return the case in which each document is reviewed, by the document's key, where it has begun."""
    wanted = select(ReviewRow).where(col(ReviewRow.organisation) == organisation, col(ReviewRow.begun_at).is_not(None))
    return {row.document: row.case for row in (await session.scalars(wanted)).all()}


async def open_asks(session: AsyncSession, cases: Sequence[str]) -> dict[str, AskRow]:
    """Return what each of `cases` waits for, by its id: the ask that is due first."""
    wanted = select(AskRow).where(col(AskRow.case).in_(cases), col(AskRow.closed_at).is_(None))
    rows = (await session.scalars(wanted.order_by(col(AskRow.due).desc(), col(AskRow.ask)))).all()
    return {row.case: row for row in rows}


async def campaigns(session: AsyncSession, organisation: str) -> dict[str, CampaignRow]:
    """Return the latest campaign for each document, by the document's key."""
    wanted = select(CampaignRow).where(col(CampaignRow.organisation) == organisation)
    rows = (await session.scalars(wanted.order_by(col(CampaignRow.began_at), col(CampaignRow.case)))).all()
    return {row.document: row for row in rows}


async def campaigns_of(session: AsyncSession, organisation: str, document: str) -> Sequence[CampaignRow]:
    """Return every campaign for a document, the latest first."""
    wanted = select(CampaignRow).where(
        col(CampaignRow.organisation) == organisation, col(CampaignRow.document) == document
    )
    return (await session.scalars(wanted.order_by(col(CampaignRow.began_at).desc(), col(CampaignRow.case)))).all()


async def campaign(session: AsyncSession, case: str) -> CampaignRow | None:
    """Return the campaign whose case that is."""
    return await session.get(CampaignRow, case)


async def signatures(session: AsyncSession, case: str) -> Sequence[SignatureRow]:
    """Return everybody who was asked in a campaign, those who were asked first before the others."""
    wanted = select(SignatureRow).where(col(SignatureRow.campaign) == case)
    return (await session.scalars(wanted.order_by(col(SignatureRow.asked_at), col(SignatureRow.person)))).all()


async def unsigned(session: AsyncSession, rows: Sequence[SignatureRow]) -> Sequence[Unsigned]:
    """Return those of `rows` who are waited for, each with what went out about it."""
    waiting = [row for row in rows if row.signed_at is None and row.declined_at is None and row.left_at is None]
    wanted = (
        select(col(MailRow.case), col(MailRow.template), func.count(), func.max(col(MailRow.queued_at)))
        .where(col(MailRow.case).in_([row.case for row in waiting]), col(MailRow.template).in_((_REMINDED, _CHASED)))
        .group_by(col(MailRow.case), col(MailRow.template))
    )
    sent = {(case, template): (count, at) for case, template, count, at in (await session.execute(wanted)).all()}
    return [
        Unsigned(row, sent.get((row.case, _REMINDED), (0, None))[0], sent.get((row.case, _CHASED), (0, None))[1])
        for row in waiting
    ]


async def opened(session: AsyncSession, campaign: str) -> dict[str, frozenset[str]]:
    """Return what everybody who is asked in a campaign has opened, by their ids: the keys of the readings."""
    wanted = (
        select(col(SignatureRow.person), col(OpenedRow.reading))
        .join(OpenedRow, col(OpenedRow.case) == col(SignatureRow.case))
        .where(col(SignatureRow.campaign) == campaign)
    )
    found: dict[str, set[str]] = {}
    for person, reading in (await session.execute(wanted)).all():
        found.setdefault(person, set()).add(reading)
    return {person: frozenset(readings) for person, readings in found.items()}


async def trainings_of(
    session: AsyncSession, organisation: str, people: Collection[str]
) -> dict[str, tuple[str, date]]:
    """Return which training each of `people` attended last, by their ids, and on which day."""
    theirs = (col(TrainingRow.organisation) == organisation, col(TrainingRow.person).in_(people))
    rows = (await session.scalars(select(TrainingRow).where(*theirs).order_by(col(TrainingRow.day)))).all()
    return {row.person: (row.title, row.day) for row in rows}
