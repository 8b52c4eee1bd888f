"""The tables. Everything is UTC; ids are text; `sealed` columns are encrypted and say under which key.

Ordinary cases keep title, process, school, seats and dates in clear, so that they can be searched and sorted;
answers, comments and what an event says are sealed with the key of their case.
"""

from datetime import UTC, date, datetime
from typing import Any, Final

from sqlalchemy import DateTime, Dialect, Index, LargeBinary, text
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field, SQLModel


class Instant(TypeDecorator[datetime]):
    """A moment in UTC, on a database that keeps no zone as on one that does."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a moment without a zone; hand over UTC."""
        del dialect
        if value is not None and value.tzinfo is None:
            msg = "a moment without a zone cannot be stored"
            raise ValueError(msg)
        return value.astimezone(UTC) if value is not None else None

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:  # noqa: ANN401 -- the driver's
        """Return the moment in UTC."""
        del dialect
        if not isinstance(value, datetime):
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _some(name: str, *columns: str, where: str) -> Index:
    """Return an index of those rows alone of which `where` is true."""
    return Index(name, *columns, sqlite_where=text(where), postgresql_where=text(where))


class PersonRow(SQLModel, table=True):
    """Somebody of the directory; `email_folded` is the one spelling by which an address is compared."""

    __tablename__ = "person"
    id: str = Field(primary_key=True)
    organisation: str = Field(index=True)
    name: str
    email: str
    email_folded: str = Field(unique=True)
    kind: str
    line_manager: str | None = None
    deputy: str | None = None
    leaves_on: date | None = None
    authorised_by: str | None = None
    authorised_on: date | None = None
    administrator: bool = False


class DirectoryRow(SQLModel, table=True):
    """The version of an organisation's directory: another whenever one of its people changes."""

    __tablename__ = "directory"
    organisation: str = Field(primary_key=True)
    version: str


class PersonSchoolRow(SQLModel, table=True):
    """A school at which somebody is."""

    __tablename__ = "person_school"
    person: str = Field(primary_key=True, foreign_key="person.id")
    school: str = Field(primary_key=True)


class HoldingRow(SQLModel, table=True):
    """A seat that somebody holds at a school."""

    __tablename__ = "holding"
    person: str = Field(primary_key=True, foreign_key="person.id")
    school: str = Field(primary_key=True)
    seat: str = Field(primary_key=True)


class AbsenceRow(SQLModel, table=True):
    """Days on which somebody is away, both ends included."""

    __tablename__ = "absence"
    person: str = Field(primary_key=True, foreign_key="person.id")
    first: date = Field(primary_key=True)
    last: date


class CaseKeyRow(SQLModel, table=True):
    """The key of one case, wrapped under a key that the database does not hold."""

    __tablename__ = "case_key"
    case: str = Field(primary_key=True)
    wrapped_under: str
    wrapped: bytes = Field(sa_type=LargeBinary)


class DraftRow(SQLModel, table=True):
    """A form being filled in. Its `key` decides the id of the one case that it can open.

    `answers` are sealed with the key of that case, and are emptied when the case has begun. `changes` is the edition
    of the request that is being changed, where the case has begun and its author works on it again.
    """

    __tablename__ = "draft"
    key: str = Field(primary_key=True)
    case: str = Field(unique=True)
    reference: str = Field(unique=True)
    organisation: str
    school: str
    process: str
    starter: str = Field(index=True)
    created_at: datetime = Field(sa_type=Instant)
    changed_at: datetime = Field(sa_type=Instant)
    submitted_at: datetime | None = Field(default=None, sa_type=Instant)
    changes: int | None = None
    sealed_answers: bytes | None = Field(default=None, sa_type=LargeBinary)


class AdviceRow(SQLModel, table=True):
    """A question about a draft that its author asked the headteacher, and the answer (SITE-11). No approval."""

    __tablename__ = "advice"
    id: str = Field(primary_key=True)
    draft: str = Field(index=True, foreign_key="draft.key")
    asked_of: str = Field(index=True)
    asked_at: datetime = Field(sa_type=Instant)
    answered_at: datetime | None = Field(default=None, sa_type=Instant)
    sealed_question: bytes = Field(sa_type=LargeBinary)
    sealed_answer: bytes | None = Field(default=None, sa_type=LargeBinary)


class CaseRow(SQLModel, table=True):
    """The read model of a case. `sealed_opening` is what it began with, `sealed_standing` where it stands.

    `found_by` are words by which it is found besides its title, where its pack names such answers; None before anybody
    looked.
    """

    __tablename__ = "case"
    __table_args__ = (
        Index("ix_case_newest", "organisation", "opened_at", "id"),
        Index("ix_case_process", "organisation", "process", "opened_at", "id"),
        Index("ix_case_school", "organisation", "school", "opened_at", "id"),
        Index("ix_case_title", "organisation", "title", "id"),
        Index("ix_case_starter", "starter", "opened_at", "id"),
        Index("ix_case_author", "author", "opened_at", "id"),
        _some("ix_case_open", "organisation", "opened_at", "id", "process", "school", where="closed_at IS NULL"),
        _some("ix_case_due", "organisation", "due", "id", where="closed_at IS NULL"),
        _some(
            "ix_case_ended", "organisation", "closed_at", "id", "outcome", "opened_at", where="closed_at IS NOT NULL"
        ),
    )
    id: str = Field(primary_key=True)
    reference: str = Field(unique=True)
    organisation: str
    school: str
    process: str
    title: str
    found_by: str | None = None
    starter: str
    author: str
    version: int
    opened_at: datetime = Field(sa_type=Instant)
    changed_at: datetime = Field(sa_type=Instant)
    closed_at: datetime | None = Field(default=None, sa_type=Instant)
    outcome: str | None = None
    waits_for: str | None = None
    due: datetime | None = Field(default=None, sa_type=Instant)
    held_at: datetime | None = Field(default=None, sa_type=Instant)
    sealed_opening: bytes = Field(sa_type=LargeBinary)
    sealed_standing: bytes = Field(sa_type=LargeBinary)


class EventRow(SQLModel, table=True):
    """One link of a case's chain, never changed: commitments in `entry`, what they commit to in `sealed`.

    `entry` is canonical JSON; `hash` covers it and `previous`.
    """

    __tablename__ = "event"
    case: str = Field(primary_key=True)
    n: int = Field(primary_key=True)
    entry: str
    sealed: bytes = Field(sa_type=LargeBinary)
    previous: str
    hash: str


class StuckRow(SQLModel, table=True):
    """A case that does not get on, of whichever kind: what it says could not be put on record five times in a row."""

    __tablename__ = "stuck"
    case: str = Field(primary_key=True)
    since: datetime = Field(sa_type=Instant)


class AskRow(SQLModel, table=True):
    """The read model of an ask.

    `ladder` are the seats that may be asked, in order, and `escalated_to` those that were asked as well; `named` is
    who holds the first of them for this request, and `excluded` are those who may not decide it. Several are
    separated by spaces.
    """

    __tablename__ = "ask"
    __table_args__ = (_some("ix_ask_open", "case", where="closed_at IS NULL"),)
    case: str = Field(primary_key=True, foreign_key="case.id")
    ask: str = Field(primary_key=True)
    step: str
    seat: str
    version: int
    opened_at: datetime = Field(sa_type=Instant)
    due: datetime = Field(sa_type=Instant)
    closed_at: datetime | None = Field(default=None, sa_type=Instant)
    closed_how: str | None = None
    decided_by: str | None = None
    ladder: str = ""
    escalated_to: str = ""
    named: str | None = None
    excluded: str = ""


class AskedRow(SQLModel, table=True):
    """Somebody whom an ask reached, in which seat and for whom."""

    __tablename__ = "asked"
    case: str = Field(primary_key=True)
    ask: str = Field(primary_key=True)
    person: str = Field(primary_key=True, index=True)
    seat: str
    instead_of: str | None = None


class OpenedRow(SQLModel, table=True):
    """When somebody who is asked was first shown a version of the form, whole (SITE-37)."""

    __tablename__ = "opened"
    case: str = Field(primary_key=True)
    version: int = Field(primary_key=True)
    person: str = Field(primary_key=True)
    at: datetime = Field(sa_type=Instant)


class LinkRow(SQLModel, table=True):
    """A link of a mail: the digest of its token, and all that it is bound to. The token is only in the mail.

    `purpose` is to answer the ask, or to dispute that this person answered it.
    """

    __tablename__ = "link"
    digest: str = Field(primary_key=True)
    id: str = Field(unique=True)
    case: str = Field(index=True)
    ask: str
    person: str
    version: int
    issued_at: datetime = Field(sa_type=Instant)
    expires_at: datetime = Field(sa_type=Instant)
    status: str = "open"
    closed_at: datetime | None = Field(default=None, sa_type=Instant)
    purpose: str = "answer"


_WAITING: Final = "sent_at IS NULL AND dropped_at IS NULL AND refused_at IS NULL"


class MailRow(SQLModel, table=True):
    """A mail to one person: which template about which event. Its text is made when it is sent, and not kept.

    `gathered_at` is when it was put by for the next digest, because this person had many mails that day. Of a mail of a
    case that was sent, `message_digest` is that of the whole message, link and all; from `sealed_parameters` and the
    template of `template_digest` its text is made again, whose digest, with the link blanked, is `text_digest`.
    """

    __tablename__ = "mail"
    __table_args__ = (
        Index("ix_mail_person", "person", "queued_at"),
        _some("ix_mail_waiting", "queued_at", where=_WAITING),
        _some("ix_mail_refused", "refused_at", where="refused_at IS NOT NULL"),
    )
    id: str = Field(primary_key=True)
    case: str | None = Field(default=None, index=True)
    person: str
    template: str
    about: int | None = None
    ask: str | None = None
    queued_at: datetime = Field(sa_type=Instant)
    sent_at: datetime | None = Field(default=None, sa_type=Instant)
    dropped_at: datetime | None = Field(default=None, sa_type=Instant)
    refused_at: datetime | None = Field(default=None, sa_type=Instant)
    gathered_at: datetime | None = Field(default=None, sa_type=Instant)
    message_digest: str | None = None
    template_digest: str | None = None
    text_digest: str | None = None
    sealed_parameters: bytes | None = Field(default=None, sa_type=LargeBinary)


class TemplateTextRow(SQLModel, table=True):
    """The template of a mail as it stood when mails were made from it, by the digest of its JSON."""

    __tablename__ = "template_text"
    digest: str = Field(primary_key=True)
    template: str
    json_text: str


class CheckpointRow(SQLModel, table=True):
    """A checkpoint over the chains of all cases, as it was signed, never changed. `padding` makes the unused leaves."""

    __tablename__ = "checkpoint"
    n: int = Field(primary_key=True)
    at: datetime = Field(sa_type=Instant)
    text: str
    padding: bytes = Field(sa_type=LargeBinary)


class CheckpointHeadRow(SQLModel, table=True):
    """How long the chain of a case was at a checkpoint, and its head; only where that was new since the one before."""

    __tablename__ = "checkpoint_head"
    case: str = Field(primary_key=True)
    checkpoint: int = Field(primary_key=True, foreign_key="checkpoint.n")
    count: int
    head: str


class SiteRow(SQLModel, table=True):
    """The register: a site that was approved, and the school that owns it.

    `questioned_at` is when somebody said that an approval of theirs was not theirs, until an administrator settled it.
    Where that made the approval void, it stays, and `void_at` is when.
    """

    __tablename__ = "site"
    __table_args__ = (Index("ix_site_by_title", "organisation", "title", "case"),)
    case: str = Field(primary_key=True, foreign_key="case.id")
    organisation: str
    school: str
    title: str
    author: str
    approved_at: datetime = Field(sa_type=Instant)
    live_on: date | None = None
    closes_on: date | None = None
    questioned_at: datetime | None = Field(default=None, sa_type=Instant)
    void_at: datetime | None = Field(default=None, sa_type=Instant)


class SavedViewRow(SQLModel, table=True):
    """What an administrator looks for often, under a name of theirs: `query` is what follows the `?` of its address."""

    __tablename__ = "saved_view"
    __table_args__ = (Index("ix_saved_view_person", "person", "name", unique=True),)
    id: str = Field(primary_key=True)
    person: str = Field(foreign_key="person.id")
    name: str
    query: str
    kept_at: datetime = Field(sa_type=Instant)


class PowerChangeRow(SQLModel, table=True):
    """A change to the power of a person of the directory: somebody proposes it, a second person settles it.

    `what`, `of`, `before` and `after` are as `domain.power.PowerChange` has them. What came together has the same
    number, `batch`. `by_file` is whether it came by a file. `outcome` is how it was settled: confirmed, refused,
    expired, or replaced by a later proposal.
    """

    __tablename__ = "power_change"
    id: str = Field(primary_key=True)
    organisation: str = Field(index=True)
    organisation_name: str
    batch: int
    person: str
    what: str
    of: str = ""
    before: str
    after: str
    why: str = ""
    by_file: bool = False
    proposed_by: str
    proposed_at: datetime = Field(sa_type=Instant)
    proposal_told_at: datetime | None = Field(default=None, sa_type=Instant)
    settled_by: str | None = None
    settled_at: datetime | None = Field(default=None, sa_type=Instant)
    outcome: str | None = None
    outcome_told_at: datetime | None = Field(default=None, sa_type=Instant)


class EvidenceTakenRow(SQLModel, table=True):
    """The evidence of an ordinary case was taken out of Duly, by a person on its page or by an operator's command.

    `operator` is how the machine knows them; `withheld` are the rules by which something was left out, with spaces.
    """

    __tablename__ = "evidence_taken"
    id: str = Field(primary_key=True)
    case: str = Field(index=True)
    at: datetime = Field(sa_type=Instant)
    person: str | None = None
    operator: str | None = None
    withheld: str


class PackTextRow(SQLModel, table=True):
    """A pack as it stood when cases began under it, by the digest of its JSON."""

    __tablename__ = "pack_text"
    digest: str = Field(primary_key=True)
    pack: str
    json_text: str


class CodeRow(SQLModel, table=True):
    """A sign-in code that was mailed, bound to the browser that asked; digests only."""

    __tablename__ = "sign_in_code"
    browser: str = Field(primary_key=True)
    person: str | None = None
    address: str = Field(index=True)
    code: str
    asked_at: datetime = Field(sa_type=Instant, index=True)
    expires_at: datetime = Field(sa_type=Instant)
    failures: int = 0


class SessionRow(SQLModel, table=True):
    """A signed-in browser; the id is a digest. Until `strong_until` it is strong enough for confidential work."""

    __tablename__ = "session"
    digest: str = Field(primary_key=True)
    person: str = Field(index=True)
    began_at: datetime = Field(sa_type=Instant)
    seen_at: datetime = Field(sa_type=Instant)
    form_token: str
    strong_until: datetime | None = Field(default=None, sa_type=Instant)


class IdentityRow(SQLModel, table=True):
    """A school account: what its provider calls it, never its e-mail address; and the person whose it is."""

    __tablename__ = "identity"
    __table_args__ = (Index("ix_identity_person", "person", "issuer", unique=True),)
    issuer: str = Field(primary_key=True)
    subject: str = Field(primary_key=True)
    person: str = Field(foreign_key="person.id")
    linked_at: datetime = Field(sa_type=Instant)


class SecondFactorRow(SQLModel, table=True):
    """The secret that somebody's authenticator app has. It counts once a second person has vouched for it.

    `proved_at` is when they first typed a right code. No code of `last_half_minute`, counted from 1970, or before is
    taken again.
    """

    __tablename__ = "second_factor"
    person: str = Field(primary_key=True, foreign_key="person.id")
    sealed_secret: bytes = Field(sa_type=LargeBinary)
    made_at: datetime = Field(sa_type=Instant)
    proved_at: datetime | None = Field(default=None, sa_type=Instant)
    vouched_by: str | None = None
    vouched_at: datetime | None = Field(default=None, sa_type=Instant)
    last_half_minute: int = 0
    failures: int = 0
    locked_until: datetime | None = Field(default=None, sa_type=Instant)


class FactorRemovalRow(SQLModel, table=True):
    """Somebody asked for a person's authenticator and school account to be taken away; a second person settles it."""

    __tablename__ = "factor_removal"
    person: str = Field(primary_key=True, foreign_key="person.id")
    asked_by: str = Field(foreign_key="person.id")
    asked_at: datetime = Field(sa_type=Instant)
