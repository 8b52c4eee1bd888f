"""The tables of confidential cases. In clear there are ids, the reference, the organisation and times; nothing else.

Who is asked, who is told, by which story and about what is only inside what is sealed with the key of the case. Their
events are in the table of all events, in a form that says nothing of their kind.
"""

from datetime import date, datetime

from sqlalchemy import LargeBinary
from sqlmodel import Field, SQLModel

from store.tables import Instant


class ConfidentialRow(SQLModel, table=True):
    """A confidential case: `sealed_opening` is what it began with, `sealed_standing` where it stands, with whom."""

    __tablename__ = "confidential"
    id: str = Field(primary_key=True)
    reference: str = Field(unique=True)
    organisation: str = Field(index=True)
    opened_at: datetime = Field(sa_type=Instant)
    changed_at: datetime = Field(sa_type=Instant)
    closed_at: datetime | None = Field(default=None, sa_type=Instant)
    sealed_opening: bytes = Field(sa_type=LargeBinary)
    sealed_standing: bytes = Field(sa_type=LargeBinary)


class PartyRow(SQLModel, table=True):
    """Somebody who is asked or told in a confidential case now, or for whom it is open now, by their blind index."""

    __tablename__ = "party"
    case: str = Field(primary_key=True, foreign_key="confidential.id")
    party: str = Field(primary_key=True, index=True)


class ReceiptRow(SQLModel, table=True):
    """The code by which the reporter of a confidential case comes back to it; only its digest is kept."""

    __tablename__ = "receipt"
    digest: str = Field(primary_key=True)
    case: str


class ReadRow(SQLModel, table=True):
    """Somebody read something of a confidential case: who and what is sealed."""

    __tablename__ = "confidential_read"
    id: str = Field(primary_key=True)
    case: str = Field(index=True)
    at: datetime = Field(sa_type=Instant)
    sealed: bytes = Field(sa_type=LargeBinary)


class EmergencyRow(SQLModel, table=True):
    """A confidential case that is to be opened in an emergency: by whom, why, and who agreed is sealed."""

    __tablename__ = "emergency"
    id: str = Field(primary_key=True)
    case: str = Field(index=True)
    at: datetime = Field(sa_type=Instant)
    sealed: bytes = Field(sa_type=LargeBinary)


class TombstoneRow(SQLModel, table=True):
    """What is left of a case that was erased, beside the links of its chain: nothing says whose it was, or about what.

    `closed` is the month in which it had ended, `rule` the clause of the policy by which it was kept. The last link
    commits to this row under `salts` (JSON). `gone_at` is when nothing was left of it in Temporal and beside the file.
    """

    __tablename__ = "tombstone"
    case: str = Field(primary_key=True)
    organisation: str = Field(index=True)
    closed: str
    erased_on: date
    rule: str
    salts: str
    gone_at: datetime | None = Field(default=None, sa_type=Instant)
