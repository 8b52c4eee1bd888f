"""What somebody had signed by a day, for those who see to a case about them; that it was asked is written nowhere."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from store.rounds.tables import SignatureRow, VersionRow


@dataclass(frozen=True)
class SignedVersion:
    """A version of a document that somebody signed, and when; `title` is that of the document."""

    title: str
    version: str
    signed_at: datetime


async def signed_by(session: AsyncSession, person: str, until: datetime | None) -> Sequence[SignedVersion]:
    """Return what `person` had signed by `until`, the latest first; without a day, all that they ever signed."""
    wanted = (
        select(
            col(VersionRow.title), col(SignatureRow.document), col(SignatureRow.version), col(SignatureRow.signed_at)
        )
        .select_from(SignatureRow)
        .outerjoin(
            VersionRow,
            and_(
                col(VersionRow.organisation) == col(SignatureRow.organisation),
                col(VersionRow.document) == col(SignatureRow.document),
                col(VersionRow.digest) == col(SignatureRow.digest),
            ),
        )
        .where(col(SignatureRow.person) == person, col(SignatureRow.signed_at).is_not(None))
        .order_by(col(SignatureRow.signed_at).desc(), col(SignatureRow.document))
    )
    if until is not None:
        wanted = wanted.where(col(SignatureRow.signed_at) <= until)
    rows = (await session.execute(wanted)).all()
    return [SignedVersion(title or document, version, at) for title, document, version, at in rows if at is not None]
