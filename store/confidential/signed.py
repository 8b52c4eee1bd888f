"""What somebody had signed by a day, for those who see to a case about them; that it was asked is written nowhere."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import and_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from store.rounds.reading import TEXTLESS
from store.rounds.tables import SignatureRow, VersionRow


@dataclass(frozen=True)
class SignedVersion:
    """A version of a document that somebody signed, and when; `title` is that of the document.

    `in_force_from` is the first day on which that version is in force, where Duly keeps it.
    """

    title: str
    version: str
    signed_at: datetime
    in_force_from: date | None


async def signed_by(session: AsyncSession, person: str, until: datetime | None) -> Sequence[SignedVersion]:
    """Return what `person` had signed by `until`, the latest first; without a day, all that they ever signed."""
    wanted = (
        select(SignatureRow, VersionRow)
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
        .options(TEXTLESS)
    )
    if until is not None:
        wanted = wanted.where(col(SignatureRow.signed_at) <= until)
    rows = (await session.execute(wanted)).all()
    return [_signed(signature, version, at) for signature, version in rows if (at := signature.signed_at) is not None]


def _signed(signature: SignatureRow, version: VersionRow | None, at: datetime) -> SignedVersion:
    """Return what was signed; of what the school brought Duly knows no day on which it came into force."""
    title = version.title if version is not None else signature.document
    in_force_from = version.in_force_from if version is not None and version.n > 1 else None
    return SignedVersion(title, signature.version, at, in_force_from)
