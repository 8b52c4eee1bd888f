"""A policy pack: one organisation's policy as data, frozen."""

import hashlib
from datetime import date
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import BeforeValidator, Field, model_validator

from domain.allegations import Category, Permit, Procedure
from domain.base import Frozen, Key
from domain.calendar import Period, WorkingDays
from domain.coming_dates import Every
from domain.documents import POLICY, Document, DocumentControl
from domain.forms import Form
from domain.people import PersonKind

Story = Literal[
    "site_creation", "site_life", "review", "acknowledgement", "signature", "question", "allegation", "disciplinary"
]
"""What runs a process. `signature` is how one person signs, in an acknowledgement; no pack has it by itself."""

CONFIDENTIAL: Final[frozenset[Story]] = frozenset({"allegation", "disciplinary"})
"""The stories of which only those who must know may know that they are told."""

ROUNDS: Final[frozenset[Story]] = frozenset({"site_life", "review", "acknowledgement", "signature"})
"""What comes round by itself: it is nobody's request."""


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

    `stands_in` names the seats that are asked, in order, when nobody in this one is there who may decide. `from_field`
    says that the request itself names the person (the author's line manager).
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


def _nothing(given: object) -> object:
    return None if given == [] else given


class Clocks(Cited):
    """How long somebody who is asked has, in working days after the ask.

    `answer_within` until it is due, `remind_on` for reminders, `escalate_on` for telling the seats that stand in,
    `lapse_on` for giving up (never, unless the pack says so). For reminding and escalating, an empty list is “never”.
    `escalate_when_overdue` tells those that stand in the moment it is overdue. `pauses_in_holidays` says that days
    between the school's terms do not count; `runs_from_told`, that days on which the mail could not be delivered do
    not.
    """

    key: Key
    title: str
    answer_within: WorkingDays = 5
    remind_on: tuple[WorkingDays, ...] = ()
    escalate_on: Annotated[WorkingDays | None, BeforeValidator(_nothing, WorkingDays | tuple[()] | None)] = None
    lapse_on: WorkingDays | None = None
    pauses_in_holidays: bool = False
    runs_from_told: bool = False
    escalate_when_overdue: bool = False


class Step(Clocks):
    """One step of a process: whom it asks, what they approve and in which words, and how long they have.

    `needs` says whether all seats must approve or any one of them; `sign_in`, that a mailed link is not enough to
    decide: whoever decides signs in as well. A file that does not say when to remind or to escalate has it done on the
    days that are usual (`packs.USUAL_REMINDERS`, `packs.USUAL_ESCALATION`).
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


def _several(one: object) -> object:
    return (one,) if isinstance(one, str) else one


OneOrMore: TypeAlias = Annotated[tuple[str, ...], BeforeValidator(_several), Field(min_length=1)]
"""One text, or several."""


class EventMatch(Frozen):
    """Which events a rule speaks of: one kind or several, and where given, a step or a confirmation.

    `where` asks for what an event says: each attribute that it names has one of the values, or holds one of them.
    """

    event: OneOrMore
    step: Key | None = None
    confirmation: Key | None = None
    where: dict[str, OneOrMore] = Field(default_factory=dict)


class Before(Cited):
    """`first` must have happened before `then`; with `same`, for the same version of the form, or each allegation."""

    rule: Literal["before"]
    key: Key
    first: EventMatch
    then: EventMatch
    same: Literal["version", "allegation"] | None = None

    @model_validator(mode="before")
    @classmethod
    def _as_before(cls, given: Any) -> Any:  # noqa: ANN401 -- what came
        """Read what packs before 0.3 said of the version."""
        if isinstance(given, dict) and "same_version" in given:
            given = dict(given)
            given |= {"same": "version"} if given.pop("same_version") else {}
        return given


class DifferentPeople(Cited):
    """Whoever did `first` may not do `then`, nor the other way round, for the same version of the form."""

    rule: Literal["different_people"]
    key: Key
    first: EventMatch
    then: EventMatch


class Permitted(Cited):
    """`then` may happen only where the latest `first` about each of its allegations permits it."""

    rule: Literal["permitted"]
    key: Key
    first: EventMatch
    then: EventMatch
    permit: Permit


class NotBetween(Cited):
    """`then` may not happen after `opens`, until `closes` has.

    With `stops_clocks` it is a hold: meanwhile the clocks of all tasks stand still that are not `safeguarding`.
    """

    rule: Literal["not_between"]
    key: Key
    opens: EventMatch
    closes: EventMatch
    then: EventMatch
    stops_clocks: bool = False


OrderRule = Annotated[Before | DifferentPeople | Permitted | NotBetween, Field(discriminator="rule")]


class Topic(Cited):
    """What an allegation can be about, in the policy's words. `at_risk`: a child could be, by its nature."""

    key: Key
    label: str
    at_risk: bool = False


class Route(Cited):
    """Who sees to a matter: the first route fits that names its subject's category, its topic and who is involved.

    What a route does not name, it does not ask for. `ladders` has, for each seat of the process (`case_manager`,
    `decider`, `appeal`), the pack's seats that hold it, in order; whoever is recused is left out. `told` are seats that
    are told and may read.
    """

    key: Key
    subjects: tuple[Category, ...] = ()
    topics: tuple[Key, ...] = ()
    involved: tuple[Key, ...] = ()
    ladders: dict[Key, tuple[Key, ...]]
    told: tuple[Key, ...] = ()
    procedure: Procedure


class Task(Clocks):
    """Something that has to be done and put on record: by which seat, and which entry says that it was done.

    With `each_allegation` it is done once every allegation has such an entry. `procedures` are those that have the task
    (all, where none is named); `when` says after which event it comes, and `unless`, after which it does not. The clock
    of a `safeguarding` task never stops: not while the police hold a case, nor while the school is shut.
    """

    seat: Key
    done_by: EventMatch
    each_allegation: bool = False
    procedures: tuple[Procedure, ...] = ()
    when: EventMatch | None = None
    unless: EventMatch | None = None
    safeguarding: bool = False


class Reviews(Clocks):
    """The reviews of a long case: `first_after` working days after `after`, then every `every`."""

    key: Literal["review"] = "review"
    title: str = "Review of the case"
    seat: Key = "case_manager"
    after: EventMatch
    done_by: EventMatch
    first_after: WorkingDays
    every: WorkingDays
    safeguarding: bool = True


class Recurring(Task):
    """A task that comes round as long as a site lives.

    Where nobody does it, `proposes_closing_on` is the working day after which Duly proposes to close the site early.

    Source: Newall Green 9.1; Cadmus 14.6 and 14.7; MTOAT, websites (LIFE-03, LIFE-04, LIFE-13, LIFE-14).
    """

    every: Every
    proposes_closing_on: WorkingDays | None = None


class Cover(Cited):
    """How many administrators, and moderators, a site has to have there; `grace` is how long it may have fewer.

    Source: Cadmus 18.4 and Appendix 1 (LIFE-01, LIFE-09).
    """

    at_least: int = Field(default=2, ge=1, le=20)
    grace: WorkingDays = 5


_LONGEST_CYCLE: Final = 120


def _comes_round(months: object) -> object:
    if isinstance(months, int) and not 1 <= months <= _LONGEST_CYCLE:
        msg = f"a review comes round after 1 to {_LONGEST_CYCLE} months, not after {months}"
        raise ValueError(msg)
    return months


class Cycle(Cited):
    """How often a document is reviewed, who owns it, and when they are reminded, in days before the date.

    `told` are seats that are told when the date has passed, and then again every `told_again` for as long as it is
    overdue; `signed` says that everybody signs each new version.

    Source: Cadmus, document information; Newall Green, document control (REV-01, REV-06).
    """

    owner: Key
    months: Annotated[int, BeforeValidator(_comes_round)] = Field(ge=1, le=_LONGEST_CYCLE)
    remind_before: tuple[Annotated[int, Field(ge=1, le=366)], ...] = (90, 30, 7)
    told: tuple[Key, ...] = ()
    told_again: Every = "term"
    signed: bool = False


class Reading(Cited):
    """What there is to read besides the document that is signed, in an `edition`: at an `address`, or as `text`.

    Source: Newall Green 12.3 and 12.5 (ACK-14, ACK-18).
    """

    key: Key
    title: str
    edition: str = ""
    address: str = ""
    text: str = Field(default="", repr=False)


class Campaign(Cited):
    """Who reads and signs a document, who sees to it, and who is told when somebody has not signed in time.

    The first of `chase` is told on working day `chase_on`, each other `chase_next` working days after the one before;
    then all of them are told again every `chase_again` working days, for as long as it is not signed.

    `documents` are those that can be signed. `visitors` says that visitors sign too, on a device of the school.
    `readings` are shown where one signs; with `open_first`, nobody signs before they have opened them all. A campaign
    that comes round `every` term, or other period, begins by itself. With `trainings`, who attended one is put on
    record in it.

    Source: Redhill 5 and appendix 1; Cadmus 12.1; Newall Green 4.2, 5.4 and 12 (ACK-04 to ACK-06, ACK-11 to ACK-14,
    ACK-18, ACK-19, ACK-21).
    """

    owner: Key
    documents: tuple[Key, ...] = Field(min_length=1)
    audience: tuple[PersonKind, ...] = Field(min_length=1)
    chase_on: WorkingDays = 11
    chase: tuple[Key, ...] = ()
    chase_next: Annotated[int, Field(ge=1, le=260)] = 5
    chase_again: Annotated[int, Field(ge=5, le=260)] = 20
    visitors: bool = False
    readings: tuple[Reading, ...] = ()
    open_first: bool = False
    every: Every | None = None
    trainings: bool = False

    def reading(self, key: str) -> Reading | None:
        """Return the reading with that key, or None."""
        return next((reading for reading in self.readings if reading.key == key), None)


class Retention(Cited):
    """How long a closed case is kept: until pension age or for years, whichever is longer (KCSIE)."""

    years: int = Field(ge=0, le=100)
    pension_age: int = Field(default=68, ge=50, le=80)
    child_abuse_years: int = Field(default=75, ge=0, le=100)


AnyClocks: TypeAlias = Step | Changes | Task | Reviews
"""All that somebody can be asked for, each with its clocks."""


class Process(Cited):
    """A process that the pack offers: which story runs it, its form, its steps, mails and order rules.

    It travels with every case that it begins, so that a changed pack leaves running cases alone. Without `changes`, a
    request that was sent stays as it is. `settles_within` are the minutes after the last approval in which somebody can
    still say that a decision was not theirs before anything comes of it.

    `found_by` are questions of the form whose answers are no secret and are kept in clear, so that an administrator
    finds a case by their words: where a site is hosted, say. No confidential process has any.

    A process that begins with a form has `form`, `steps` and who `may_start` it; a question, the one task of answering
    it in the place of steps. A confidential one has `topics`,
    `routes`, `tasks`, `retention`, and `custodians`: seats that can open a case together in an emergency. Basic
    enquiries before the advice are off unless it says so.

    One that comes round begins by itself: the life of a site where a request for it `leads_to` that, with `rounds`,
    `cover`, the tasks of going live and of closing asked `going_live_ahead` and `closing_ahead` days before their
    dates, and that it is to be closed told `closing_told` days before; the review of a document, with its `cycle`; and
    an acknowledgement, with its `campaign` and the step that everybody signs. A second step of that is the
    countersignature, for which the campaign asks a seat once.
    """

    key: Key
    story: Story
    title: str
    summary: str
    form: Key | None = None
    may_start: tuple[PersonKind, ...] = ()
    steps: tuple[Step, ...] = ()
    changes: Changes | None = None
    settles_within: int = Field(default=0, ge=0, le=7 * 24 * 60)
    notices: tuple[Notice, ...] = ()
    rules: tuple[OrderRule, ...] = ()
    topics: tuple[Topic, ...] = ()
    routes: tuple[Route, ...] = ()
    tasks: tuple[Task, ...] = ()
    reviews: Reviews | None = None
    retention: Retention | None = None
    custodians: tuple[Key, ...] = ()
    basic_enquiries: bool = False
    leads_to: Key | None = None
    found_by: tuple[Key, ...] = ()
    rounds: tuple[Recurring, ...] = ()
    cover: Cover | None = None
    going_live_ahead: int = Field(default=14, ge=1, le=366)
    closing_ahead: int = Field(default=28, ge=1, le=366)
    closing_told: tuple[Annotated[int, Field(ge=1, le=366)], ...] = (90, 28, 7)
    cycle: Cycle | None = None
    campaign: Campaign | None = None

    @property
    def countersignature(self) -> Step | None:
        """The step by which a seat signs too what everybody signs, or None (Cadmus, last page: ACK-02)."""
        return self.steps[1] if self.story == "acknowledgement" and len(self.steps) > 1 else None

    @property
    def confidential(self) -> bool:
        """Return whether only those who must know may know that there is such a case."""
        return self.story in CONFIDENTIAL

    def step(self, key: str) -> Step | None:
        """Return the step with that key, or None."""
        return next((step for step in self.steps if step.key == key), None)

    def task(self, key: str) -> Task | None:
        """Return the task with that key, or None."""
        return next((task for task in (*self.tasks, *self.rounds) if task.key == key), None)

    def clocks(self, key: str) -> AnyClocks | None:
        """Return the step or task with that key, the changes that its author is asked for, the reviews, or None."""
        for one in (self.changes, self.reviews):
            if one is not None and one.key == key:
                return one
        return self.step(key) or self.task(key)


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
    documents: tuple[Document, ...] = ()
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

    def form(self, key: str | None) -> Form | None:
        """Return the form with that key, or None."""
        return next((form for form in self.forms if form.key == key), None)

    def process(self, key: str) -> Process | None:
        """Return the process with that key, or None where the pack does not offer it."""
        return next((process for process in self.processes if process.key == key), None)

    def told_by(self, story: Story) -> Process | None:
        """Return the process that `story` runs, or None where the pack has none."""
        return next((process for process in self.processes if process.story == story), None)

    def signing(self, document: str) -> Process | None:
        """Return the acknowledgement in which a document is signed, or None where nobody signs it."""
        return next(
            (one for one in self.processes if one.campaign is not None and document in one.campaign.documents), None
        )

    def control(self, key: str) -> DocumentControl | None:
        """Return the policy itself, or another document of the organisation, or None."""
        return self.document if key == POLICY else next((one for one in self.documents if one.key == key), None)

    def school(self, key: str) -> School | None:
        """Return the school with that key, or None."""
        return next((school for school in self.organisation.schools if school.key == key), None)


def digest(pack: Pack) -> str:
    """Return the digest by which `pack`, as it stands now, is known."""
    return hashlib.sha256(pack.model_dump_json().encode()).hexdigest()
