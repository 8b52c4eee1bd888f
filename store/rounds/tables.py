"""The tables of what comes round. None of it is confidential: who signed what, and when which date comes."""

from datetime import date, datetime

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from domain.calendar import local_day
from store.tables import Instant


class LifeRow(SQLModel, table=True):
    """A site that is looked after: `case` is that of its life, `site` the one that approved it.

    `state` is approved, live, suspended, closed or cancelled. `present` is who of those who run it was there when that
    was last said to the case: the ids of administrators and of moderators, each list separated by spaces, the lists by
    a bar; empty before anybody looked.
    """

    __tablename__ = "site_life"
    __table_args__ = (Index("ix_site_life_organisation", "organisation", "state"),)
    case: str = Field(primary_key=True, foreign_key="case.id")
    site: str = Field(unique=True)
    organisation: str
    state: str = "approved"
    address: str = ""
    live_on: date | None = None
    closes_on: date | None = None
    present: str = ""


class TeamRow(SQLModel, table=True):
    """Somebody who runs a site that is looked after, as it was approved: as author, administrator, or moderator."""

    __tablename__ = "site_team"
    case: str = Field(primary_key=True, foreign_key="case.id")
    role: str = Field(primary_key=True)
    person: str = Field(primary_key=True, index=True)


class SeatRow(SQLModel, table=True):
    """A seat that has to do with a case that is nobody's request: its tasks and steps ask it.

    Whoever holds it at the case's school may read the case; where it `owns` it, they see to it.
    """

    __tablename__ = "round_seat"
    case: str = Field(primary_key=True, foreign_key="case.id")
    seat: str = Field(primary_key=True)
    owns: bool = False


class VersionRow(SQLModel, table=True):
    """A version of a document, by its `digest`; `n` counts those of the document from 1, for what its pack brought.

    `review_on` is the legal day of its next review, `case` the review that brought it, None for what the pack brought.
    `superseded_at` is when the next one was adopted; until that one is in force, this one is.
    """

    __tablename__ = "document_version"
    organisation: str = Field(primary_key=True)
    document: str = Field(primary_key=True)
    n: int = Field(primary_key=True)
    title: str
    version: str
    digest: str = Field(index=True)
    text: str
    approved_on: date | None = None
    effective_from: date | None = None
    review_on: date | None = None
    case: str | None = None
    adopted_at: datetime = Field(sa_type=Instant)
    superseded_at: datetime | None = Field(default=None, sa_type=Instant)

    @property
    def in_force_from(self) -> date:
        """The first day on which it is in force: none before it was adopted."""
        adopted = local_day(self.adopted_at)
        return max(adopted, self.effective_from or adopted)


class ReviewRow(SQLModel, table=True):
    """The one case in which a document is reviewed, for ever. It has begun once `begun_at` says so."""

    __tablename__ = "review"
    organisation: str = Field(primary_key=True)
    document: str = Field(primary_key=True)
    case: str = Field(unique=True)
    reference: str = Field(unique=True)
    begun_at: datetime | None = Field(default=None, sa_type=Instant)


_OPEN = "signed_at IS NULL AND declined_at IS NULL AND left_at IS NULL"


class SignatureRow(SQLModel, table=True):
    """Somebody who is asked to sign a version of a document, in the `case` of their own; `campaign` asked them.

    It has begun once `begun_at` says so. `left_at` is when nobody waited for it any more.
    """

    __tablename__ = "signature"
    __table_args__ = (
        Index("ix_signature_open", "campaign", sqlite_where=text(_OPEN), postgresql_where=text(_OPEN)),
        Index("ix_signature_person", "person", "document"),
    )
    campaign: str = Field(primary_key=True)
    person: str = Field(primary_key=True)
    case: str = Field(unique=True)
    reference: str = Field(unique=True)
    organisation: str
    document: str
    version: str
    digest: str
    asked_at: datetime = Field(sa_type=Instant)
    begun_at: datetime | None = Field(default=None, sa_type=Instant)
    signed_at: datetime | None = Field(default=None, sa_type=Instant)
    declined_at: datetime | None = Field(default=None, sa_type=Instant)
    left_at: datetime | None = Field(default=None, sa_type=Instant)


class OpenedRow(SQLModel, table=True):
    """That whoever is asked to sign in a `case` opened what there is to read besides, for the first time."""

    __tablename__ = "reading_opened"
    case: str = Field(primary_key=True, foreign_key="case.id")
    reading: str = Field(primary_key=True)
    opened_at: datetime = Field(sa_type=Instant)


class TrainingRow(SQLModel, table=True):
    """Somebody who attended a training, as the `n`th event of the campaign `case` says."""

    __tablename__ = "training"
    __table_args__ = (Index("ix_training_person", "organisation", "person"),)
    case: str = Field(primary_key=True, foreign_key="case.id")
    n: int = Field(primary_key=True)
    person: str = Field(primary_key=True)
    organisation: str
    title: str
    day: date


class CampaignRow(SQLModel, table=True):
    """An acknowledgement: which version of which document it asks for; `over_at` is when it asked nobody any more.

    `audience` are the kinds of people who sign, separated by spaces.
    """

    __tablename__ = "campaign"
    case: str = Field(primary_key=True, foreign_key="case.id")
    organisation: str = Field(index=True)
    document: str
    version: str
    digest: str
    began_at: datetime = Field(sa_type=Instant)
    over_at: datetime | None = Field(default=None, sa_type=Instant)
    audience: str


class ComingRow(SQLModel, table=True):
    """A date that people look forward to; `title` is that of its case."""

    __tablename__ = "coming"
    __table_args__ = (Index("ix_coming_day", "organisation", "day"),)
    case: str = Field(primary_key=True, foreign_key="case.id")
    what: str = Field(primary_key=True)
    organisation: str
    school: str
    day: date
    title: str


class FeedRow(SQLModel, table=True):
    """The secret address under which somebody's calendar reads the coming dates; only its digest is kept."""

    __tablename__ = "feed"
    digest: str = Field(primary_key=True)
    person: str = Field(index=True)
    made_at: datetime = Field(sa_type=Instant)
    revoked_at: datetime | None = Field(default=None, sa_type=Instant)


class DeskRow(SQLModel, table=True):
    """The secret address at which visitors sign on a device of the school; only its digest is kept."""

    __tablename__ = "signing_desk"
    digest: str = Field(primary_key=True)
    campaign: str = Field(index=True, foreign_key="case.id")
    made_by: str
    made_at: datetime = Field(sa_type=Instant)
    revoked_at: datetime | None = Field(default=None, sa_type=Instant)
