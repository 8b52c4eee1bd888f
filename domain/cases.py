"""What opens a case, what people do in it, what it answers, and what it hands over to be recorded."""

from datetime import datetime
from typing import Literal

from domain.base import Frozen
from domain.calendar import Calendar
from domain.events import AnyEvent, How, Recorded, Verdict
from domain.fields import Value
from domain.pack import Process, Seat
from domain.people import Asked


class Request(Frozen):
    """A checked form: what was answered, by whom it was sent, and whose it is.

    `title` is what lists and mails call it; `author` may be somebody for whom `starter` acts.
    `overrides` are the broken rules that an approval must set aside with a reason.
    """

    title: str
    starter: str
    author: str
    version: int = 1
    answers: dict[str, Value]
    overrides: tuple[str, ...] = ()


class Opening(Frozen):
    """All that a case begins with; it never looks anything up again but who holds a seat."""

    case: str
    reference: str
    organisation: str
    school: str
    pack_digest: str
    process: Process
    seats: tuple[Seat, ...]
    calendar: Calendar
    request: Request


class Act(Frozen):
    """What somebody does in a case: answers an ask, or does what the case offers.

    `person` and `how` are set by the door that knows them, never by the browser. `opened_at` is when that person
    first opened this version of the form; an answer without it is refused (SITE-37).
    """

    kind: Literal["answer", "withdraw"]
    person: str
    how: How
    ask: str | None = None
    version: int | None = None
    verdict: Verdict | None = None
    signature: str = ""
    confirmations: tuple[str, ...] = ()
    comment: str = ""
    opened_at: datetime | None = None


Said = Literal[
    "done",
    "already_decided",
    "closed",
    "not_asked",
    "wrong_version",
    "not_opened",
    "incomplete",
    "not_offered",
    "refused",
]


class Reply(Frozen):
    """What the case says to an act; `decision` is what stands for that ask, whoever decided it."""

    says: Said
    decision: AnyEvent | None = None
    clause: str | None = None


class MailOrder(Frozen):
    """A mail that the case wants sent: by which template, and to whom.

    `to` are names that the pack uses (`author`, `deciders`, a seat) where `ask` is None, else those asked.
    `about` is the number of the event that it tells of.
    """

    template: str
    about: int
    ask: str | None = None
    to: tuple[str, ...] = ()


class OpenAsk(Frozen):
    """An ask that waits for an answer, as the case knows it."""

    ask: str
    step: str
    seat: str
    opened_at: datetime
    due: datetime
    reminded: int = 0
    escalated: bool = False


class Standing(Frozen):
    """Where a case stands: what it waits for, what may be done at any moment, and what comes next by itself."""

    outcome: str | None = None
    asks: tuple[OpenAsk, ...] = ()
    offers: tuple[str, ...] = ()
    next_at: datetime | None = None
    next_does: Literal["remind", "escalate", "lapse"] | None = None
    next_ask: str | None = None


class Batch(Frozen):
    """All that one turn of a case says, to be recorded and sent in one flush; `opening` comes with the first."""

    case: str
    events: tuple[Recorded, ...]
    mails: tuple[MailOrder, ...] = ()
    standing: Standing
    opening: Opening | None = None


class Published(Frozen):
    """What the world answers to a batch: whom each newly opened ask reached; nobody, where no one may decide."""

    asked: dict[str, tuple[Asked, ...]]
