"""A policy pack: one organisation's policy as data, frozen."""

import hashlib
from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from domain.base import Frozen
from domain.calendar import Period, WorkingDays
from domain.forms import Form
from domain.people import PersonKind

Key = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]*$")]


class Cited(Frozen):
    """What comes from a policy: the clause, and the ids of the requirements that it meets."""

    clause: str
    cites: tuple[str, ...] = ()


class School(Frozen):
    """One school of the organisation."""

    key: Key
    name: str


class Organisation(Frozen):
    """Whose policy it is."""

    key: Key
    name: str
    schools: tuple[School, ...] = Field(min_length=1)


class DocumentControl(Frozen):
    """What the policy prints about itself, as it prints it."""

    title: str
    owner: str | None = None
    version: str | None = None
    status: str | None = None
    approved_on: str | None = None
    effective_from: str | None = None
    review_date: str | None = None


class Clause(Frozen):
    """A clause of the policy: a stable id, where it stands, and a short quotation.

    `contacts` are those that the clause speaks of: a pack that quotes it has to have them.
    """

    id: str
    where: str
    quoted: str
    contacts: tuple[Key, ...] = ()


class Seat(Frozen):
    """A role that somebody holds at a school.

    `stands_in` names the seats that are asked, in order, when nobody in this one may decide. `from_field` says
    that the request itself names the person (the author's line manager).
    """

    key: Key
    title: str
    stands_in: tuple[Key, ...] = ()
    from_field: str | None = None
    kinds: tuple[PersonKind, ...] = (PersonKind.EMPLOYEE,)


class CalendarRules(Frozen):
    """What the school's calendar is made of, before it is expanded to dates.

    `bank_holidays` is the division whose bank holidays count; `proclaimed` are one-off holidays besides them.
    """

    bank_holidays: Literal["ENG", "WLS", "SCT", "NIR"]
    proclaimed: tuple[date, ...] = ()
    terms: tuple[Period, ...] = ()
    inset_days: tuple[date, ...] = ()
    closures: tuple[Period, ...] = ()


class Contact(Frozen):
    """Somebody outside, or a number to call. A pack does not validate without its mandatory contacts."""

    key: Key
    title: str
    name: str | None = None
    phone: str | None = None
    email: str | None = None
    note: str | None = None


class Confirmation(Cited):
    """A statement that whoever approves has to confirm; each is recorded as an event of its own."""

    key: Key
    label: str


class Clocks(Cited):
    """How long somebody who is asked has, in working days after the ask.

    `answer_within` until it is due, `remind_on` for reminders, `escalate_on` for telling the seats that stand in,
    `lapse_on` for giving up (never, unless the pack says so). `pauses_in_holidays` says that days between the school's
    terms do not count; `runs_from_told`, that days on which the mail could not be delivered do not.
    """

    key: Key
    title: str
    answer_within: WorkingDays = 5
    remind_on: tuple[WorkingDays, ...] = ()
    escalate_on: WorkingDays | None = None
    lapse_on: WorkingDays | None = None
    pauses_in_holidays: bool = False
    runs_from_told: bool = False


class Step(Clocks):
    """One step of a process: whom it asks, what they approve and in which words, and how long they have.

    `needs` says whether all seats must approve or any one of them; `sign_in`, that a mailed link is not enough to
    decide: whoever decides signs in as well.
    """

    seats: tuple[Key, ...] = Field(min_length=1)
    needs: Literal["all", "any"] = "all"
    approves: str
    attestation: str
    confirmations: tuple[Confirmation, ...] = ()
    sign_in: bool = False

    @property
    def signed(self) -> tuple[str, ...]:
        """The words to which whoever approves puts their name."""
        return (self.attestation, *(f"{one.key}: {one.label}" for one in self.confirmations))


class Changes(Clocks):
    """What happens to a request that its author changes, on their own account or because it came back to them.

    After a change to a material answer every approval is void and the request begins again at the step `back_to`.
    `ahead` is the question whose date must lie ahead for as long as the request waits.

    Source: Cadmus Appendix 1 (SITE-28, SITE-32, SITE-38).
    """

    key: Literal["changes"] = "changes"
    title: str = "Changes by the author"
    back_to: Key
    ahead: Key | None = None


class Notice(Frozen):
    """A mail that goes out when something has happened: on which event, to whom, by which template.

    `to` names `author`, `starter`, `deciders` (everybody who decided so far) or a seat.
    """

    on: str
    to: tuple[Key, ...] = Field(min_length=1)
    template: Key
    cites: tuple[str, ...] = ()


class EventMatch(Frozen):
    """Which events a rule speaks of: a kind, and where given, a step or a confirmation."""

    event: str
    step: Key | None = None
    confirmation: Key | None = None


class Before(Cited):
    """`first` must have happened before `then`; with `same_version`, for the same version of the form."""

    rule: Literal["before"]
    key: Key
    first: EventMatch
    then: EventMatch
    same_version: bool = False


class DifferentPeople(Cited):
    """Whoever did `first` may not do `then`, nor the other way round, for the same version of the form."""

    rule: Literal["different_people"]
    key: Key
    first: EventMatch
    then: EventMatch


OrderRule = Annotated[Before | DifferentPeople, Field(discriminator="rule")]


class Process(Cited):
    """A process that the pack offers: which story runs it, its form, its steps, mails and order rules.

    It travels with every case that it begins, so that a changed pack leaves running cases alone. Without `changes`, a
    request that was sent stays as it is. `settles_within` are the minutes after the last approval in which somebody can
    still say that a decision was not theirs before anything comes of it.
    """

    key: Key
    story: Literal["site_creation"]
    title: str
    summary: str
    form: Key
    may_start: tuple[PersonKind, ...] = Field(min_length=1)
    steps: tuple[Step, ...] = Field(min_length=1)
    changes: Changes | None = None
    settles_within: int = Field(default=0, ge=0, le=7 * 24 * 60)
    notices: tuple[Notice, ...] = ()
    rules: tuple[OrderRule, ...] = ()

    def step(self, key: str) -> Step | None:
        """Return the step with that key, or None."""
        return next((step for step in self.steps if step.key == key), None)

    def clocks(self, key: str) -> Step | Changes | None:
        """Return the step with that key, or the changes that its author is asked for, or None."""
        return self.changes if self.changes is not None and self.changes.key == key else self.step(key)


class NotOffered(Cited):
    """A process that the policy does not allow; the start page says why and cites it."""

    key: Key
    title: str
    reason: str
    instead: str


class Pack(Frozen):
    """One organisation's policy, whole and valid."""

    key: Key
    organisation: Organisation
    document: DocumentControl
    seats: tuple[Seat, ...]
    calendar: CalendarRules
    contacts: tuple[Contact, ...]
    clauses: tuple[Clause, ...]
    forms: tuple[Form, ...] = ()
    processes: tuple[Process, ...] = ()
    not_offered: tuple[NotOffered, ...] = ()

    def seat(self, key: str) -> Seat | None:
        """Return the seat with that key, or None."""
        return next((seat for seat in self.seats if seat.key == key), None)

    def form(self, key: str) -> Form | None:
        """Return the form with that key, or None."""
        return next((form for form in self.forms if form.key == key), None)

    def process(self, key: str) -> Process | None:
        """Return the process with that key, or None where the pack does not offer it."""
        return next((process for process in self.processes if process.key == key), None)

    def school(self, key: str) -> School | None:
        """Return the school with that key, or None."""
        return next((school for school in self.organisation.schools if school.key == key), None)


def digest(pack: Pack) -> str:
    """Return the digest by which `pack`, as it stands now, is known."""
    return hashlib.sha256(pack.model_dump_json().encode()).hexdigest()
