"""What happened: the events of a case, in the past tense, and the shape in which each is recorded."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from domain.base import Frozen
from domain.fields import Value

How = Literal["link", "session"]
"""How somebody was known: by the link of a mail, or by a signed-in session."""


class Verdict(StrEnum):
    """What somebody who is asked can answer."""

    APPROVE = "approve"
    REJECT = "reject"


class Signature(Frozen):
    """A name typed under an attestation, whose wording is kept as it was shown.

    Source: Cadmus Appendix 1, Approval (SITE-39, SITE-40).
    """

    name: str
    attestation: str


class RequestSubmitted(Frozen):
    """A form was submitted: the request, in its version."""

    kind: Literal["request_submitted"] = "request_submitted"
    by: str
    author: str
    version: int
    answers: dict[str, Value]


class AskOpened(Frozen):
    """A seat was asked, until `due`; `ladder` is the seat and those that stand in for it."""

    kind: Literal["ask_opened"] = "ask_opened"
    ask: str
    step: str
    seat: str
    ladder: tuple[str, ...]
    named: str | None = None
    due: datetime
    version: int


class Reminded(Frozen):
    """Those asked were reminded, for the `count`th time."""

    kind: Literal["reminded"] = "reminded"
    ask: str
    step: str
    count: int


class Escalated(Frozen):
    """An ask that nobody answered was taken to the seats that stand in."""

    kind: Literal["escalated"] = "escalated"
    ask: str
    step: str
    to: tuple[str, ...]


class Approved(Frozen):
    """Somebody who was asked approved."""

    kind: Literal["approved"] = "approved"
    ask: str
    step: str
    seat: str
    by: str
    instead_of: str | None = None
    how: How
    version: int
    opened_at: datetime
    signature: Signature
    comment: str = ""


class Confirmed(Frozen):
    """A statement that a step asks for was confirmed with the approval.

    Source: Cadmus 14.5 and 16.5, Newall Green 9.1.
    """

    kind: Literal["confirmed"] = "confirmed"
    ask: str
    step: str
    confirmation: str
    by: str


class Rejected(Frozen):
    """Somebody who was asked rejected, with a reason."""

    kind: Literal["rejected"] = "rejected"
    ask: str
    step: str
    seat: str
    by: str
    instead_of: str | None = None
    how: How
    version: int
    opened_at: datetime
    signature: Signature
    comment: str


ClosedWhy = Literal["lapsed", "no_longer_needed", "withdrawn"]
"""Nobody answered in time, another answer made it needless, or the request was withdrawn."""


class AskClosed(Frozen):
    """An ask ended without an answer of its own."""

    kind: Literal["ask_closed"] = "ask_closed"
    ask: str
    step: str
    why: ClosedWhy


class RequestWithdrawn(Frozen):
    """The author or whoever started the request took it back."""

    kind: Literal["request_withdrawn"] = "request_withdrawn"
    by: str
    comment: str = ""


class SiteApproved(Frozen):
    """The last approval was given: the site may be created.

    Source: Cadmus 16.6 and Appendix 1.
    """

    kind: Literal["site_approved"] = "site_approved"
    version: int


class SiteRegistered(Frozen):
    """The site entered the register of approved sites, owned by the school."""

    kind: Literal["site_registered"] = "site_registered"
    title: str
    school: str
    live_on: date | None = None
    closes_on: date | None = None


class StepRefused(Frozen):
    """Something was tried that an order rule forbids; it did not happen."""

    kind: Literal["step_refused"] = "step_refused"
    tried: str
    rule: str
    clause: str
    by: str | None = None


class CaseEnded(Frozen):
    """The case came to its end."""

    kind: Literal["case_ended"] = "case_ended"
    outcome: str


AnyEvent = Annotated[
    RequestSubmitted
    | AskOpened
    | Reminded
    | Escalated
    | Approved
    | Confirmed
    | Rejected
    | AskClosed
    | RequestWithdrawn
    | SiteApproved
    | SiteRegistered
    | StepRefused
    | CaseEnded,
    Field(discriminator="kind"),
]


class Recorded(Frozen):
    """An event in its place: the `n`th of its case, from 1, and when (UTC)."""

    n: int
    at: datetime
    event: AnyEvent
