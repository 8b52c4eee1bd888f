"""What happened: the events of a case, in the past tense, and the shape in which each is recorded."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from domain.base import Frozen, How
from domain.entries import AnyEntry, AnyRemark
from domain.fields import Value
from domain.forms import Fault
from domain.people import Asked
from domain.round_entries import AnyRoundEntry, AnyRoundRemark


class Verdict(StrEnum):
    """What somebody who is asked can answer."""

    APPROVE = "approve"
    RETURN = "return"
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


class RequestEdited(Frozen):
    """The author changed the request. Where a `changed` answer is material, that is a new version of it.

    `edition` counts all changes, from 1 for the request as it was sent. `people` are those who wrote it besides `by`.
    """

    kind: Literal["request_edited"] = "request_edited"
    by: str
    author: str
    version: int
    edition: int
    material: bool
    changed: tuple[str, ...]
    title: str
    answers: dict[str, Value]
    overrides: tuple[str, ...] = ()
    people: tuple[str, ...] = ()


class RequestUnfit(Frozen):
    """An approval was not taken: the form, checked again, does not hold any more; it goes back to its author.

    Source: Cadmus Appendix 1 (SITE-28, SITE-32).
    """

    kind: Literal["request_unfit"] = "request_unfit"
    ask: str
    step: str
    by: str
    faults: tuple[Fault, ...]


class DatePassed(Frozen):
    """The day on which the request wanted something to happen came before it was decided.

    Source: Cadmus Appendix 1 (SITE-32).
    """

    kind: Literal["date_passed"] = "date_passed"
    question: str
    day: date


class PackChanged(Frozen):
    """The case was moved on from one pack to another, each known by its digest, with a reason."""

    kind: Literal["pack_changed"] = "pack_changed"
    by: str
    comment: str
    old: str
    new: str


class AskOpened(Frozen):
    """A seat was asked, until `due`; `ladder` is the seat and those that stand in for it.

    `excluded` may not decide it. `asked` are those whom it reached, known once it is on record.
    """

    kind: Literal["ask_opened"] = "ask_opened"
    ask: str
    step: str
    seat: str
    ladder: tuple[str, ...]
    named: str | None = None
    due: datetime
    version: int
    excluded: tuple[str, ...] = ()
    asked: tuple[Asked, ...] | None = None


MovedWhy = Literal["people_changed", "reassigned", "stepped_aside", "recused", "routed"]
"""People, seats or absences changed; an administrator named somebody else; somebody asked stepped aside, or may not
learn of the case any more; or the case was routed to somebody else."""


class AskMoved(Frozen):
    """Who answers an ask was looked up anew; the other attributes are as when it was opened.

    `by` is who reassigned it or stepped aside, and `also` the seats that were asked besides when it was escalated.
    """

    kind: Literal["ask_moved"] = "ask_moved"
    ask: str
    step: str
    why: MovedWhy
    by: str | None = None
    comment: str = ""
    ladder: tuple[str, ...]
    also: tuple[str, ...] = ()
    named: str | None = None
    excluded: tuple[str, ...] = ()
    asked: tuple[Asked, ...] | None = None


class Reminded(Frozen):
    """Those asked were reminded, for the `count`th time."""

    kind: Literal["reminded"] = "reminded"
    ask: str
    step: str
    count: int


class Nudged(Frozen):
    """Those asked were reminded because somebody wished it: the author, or an administrator."""

    kind: Literal["nudged"] = "nudged"
    ask: str
    step: str
    by: str
    comment: str = ""


class Escalated(Frozen):
    """An ask that nobody answered was taken to the seats that stand in."""

    kind: Literal["escalated"] = "escalated"
    ask: str
    step: str
    to: tuple[str, ...]
    excluded: tuple[str, ...] = ()
    asked: tuple[Asked, ...] | None = None


class Extended(Frozen):
    """Whoever is asked got `days` more working days: an administrator gave them, or the mail came late."""

    kind: Literal["extended"] = "extended"
    ask: str
    step: str
    days: int
    due: datetime
    by: str | None = None
    comment: str = ""


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


class Returned(Frozen):
    """Somebody who was asked returned the request to its author for changes, with a reason."""

    kind: Literal["returned"] = "returned"
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


class DecisionDisputed(Frozen):
    """Somebody said that an answer in their name was not theirs; the case is held until that is settled."""

    kind: Literal["decision_disputed"] = "decision_disputed"
    ask: str
    step: str
    by: str
    how: How


class HoldReleased(Frozen):
    """An administrator settled a disputed answer: it `stands`, or it is void and asked again."""

    kind: Literal["hold_released"] = "hold_released"
    ask: str
    step: str
    by: str
    stands: bool
    comment: str


ClosedWhy = Literal[
    "lapsed", "no_longer_needed", "withdrawn", "cancelled", "changed", "sent_back", "asked_again", "done", "routed"
]
"""Nobody answered in time; another answer made it needless; the request was withdrawn, cancelled, changed (or what it
goes by was) or sent back to its author; an earlier step is asked again; what was asked for was done; or the case was
routed to somebody else."""


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


class CaseCancelled(Frozen):
    """An administrator ended the case without a decision, with a reason."""

    kind: Literal["case_cancelled"] = "case_cancelled"
    by: str
    comment: str


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
    | RequestEdited
    | RequestUnfit
    | DatePassed
    | PackChanged
    | AskOpened
    | AskMoved
    | Reminded
    | Nudged
    | Escalated
    | Extended
    | Approved
    | Confirmed
    | Returned
    | Rejected
    | DecisionDisputed
    | HoldReleased
    | AskClosed
    | RequestWithdrawn
    | CaseCancelled
    | SiteApproved
    | SiteRegistered
    | StepRefused
    | CaseEnded
    | AnyRemark
    | AnyEntry
    | AnyRoundRemark
    | AnyRoundEntry,
    Field(discriminator="kind"),
]


class Recorded(Frozen):
    """An event in its place: the `n`th of its case, from 1, and when (UTC)."""

    n: int
    at: datetime
    event: AnyEvent
