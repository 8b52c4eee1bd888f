"""What opens a case, what people do in it, what it answers, and what it hands over to be recorded."""

import hashlib
from datetime import date, datetime
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from domain.allegations import Clearance, Matter
from domain.base import Frozen, How, Key
from domain.calendar import Calendar
from domain.coming_dates import ComingDate
from domain.entries import AnyEntry
from domain.events import AnyEvent, Recorded, Verdict
from domain.fields import Value
from domain.forms import Fault
from domain.pack import Pack, Process, Recurring, Seat, Step, Story, Task, digest
from domain.people import Asked, PersonKind
from domain.round_entries import AnyRoundEntry, OtherDay, VisitorExpected

Recordable: TypeAlias = AnyEntry | AnyRoundEntry
"""What people put on record in a case."""


class Request(Frozen):
    """A checked form: what was answered, by whom it was sent, and whose it is.

    `title` is what lists and mails call it; `author` may be somebody for whom `starter` acts.
    `overrides` are the broken rules that an approval must set aside with a reason. `edition` counts all changes,
    `version` those to a material answer, each from 1.
    """

    title: str
    starter: str
    author: str
    version: int = 1
    edition: int = 1
    answers: dict[str, Value]
    overrides: tuple[str, ...] = ()


class FromPack(Frozen):
    """What a case takes of its pack, and goes by whatever becomes of the pack.

    `immaterial` are the questions of the form whose answers may change without voiding approvals.
    """

    pack_digest: str
    process: Process
    seats: tuple[Seat, ...]
    calendar: Calendar
    immaterial: tuple[str, ...] = ()


def taken_from(pack: Pack, process: Process, calendar: Calendar) -> FromPack:
    """Return what a case of `process` takes of `pack`; `calendar` is that of the pack, expanded to dates."""
    form = pack.form(process.form)
    return FromPack(
        pack_digest=digest(pack),
        process=process,
        seats=pack.seats,
        calendar=calendar,
        immaterial=tuple(one.key for one in form.questions() if not one.material) if form else (),
    )


class Present(Frozen):
    """Who of those who run a site is there today, by their ids."""

    administrators: tuple[str, ...]
    moderators: tuple[str, ...]


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
    "held",
    "unfit",
    "sign_in",
    "too_soon",
    "unchanged",
    "again",
]
"""What came of an act. `held`: a disputed answer has to be settled first. `unfit`: the form does not hold any more, and
goes back to its author. `sign_in`: a link is not enough for this step. `too_soon`: nudged today already. `again`: the
case begins again at this moment, and takes the act once it has: no page is ever told so."""


class Reply(Frozen):
    """What the case says to an act; `decision` is what stands for that ask, whoever decided it."""

    says: Said
    decision: AnyEvent | None = None
    clause: str | None = None


class CarriedAsk(Frozen):
    """An ask that a case takes along when it begins again: as it was asked, when what is due, and what came of it.

    `reminders`, `escalates` and `lapses` are when it does so, `given` are the working days that were given besides.
    `told` is whether a mail that came late was counted, `waited` whether the story still waits for it; `ending` is how
    it ended, where it has.
    """

    ask: str
    step: Step | Recurring | Task
    seat: str
    version: int
    opened_at: datetime
    ladder: tuple[str, ...]
    named: str | None = None
    excluded: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    asked: tuple[Asked, ...] = ()
    due: datetime
    reminders: tuple[datetime, ...] = ()
    escalates: datetime | None = None
    lapses: datetime | None = None
    given: int = 0
    reminded: int = 0
    escalated: bool = False
    told: bool = False
    waited: bool = False
    ending: str | None = None
    decision: AnyEvent | None = None


class Carried(Frozen):
    """What a case that begins again in the midst of things still knows, after a thousand acts: a site, a campaign.

    `events` are those of its past that it goes by still, in their order. `request` is as it is now, `approved` as it
    was approved last, `before` as it was before that; `stands` and `stood` are the answers of the two. `own` is whose
    the latest change was, `set_apart` who decides nothing in the case, `apart` who decides nothing about that change.
    `void` are answers that were found to be void. `days` are those that the story counts from.
    """

    events: tuple[AnyEvent, ...]
    asks: tuple[CarriedAsk, ...]
    request: Request
    approved: Request
    before: Request
    stands: dict[str, Value]
    stood: dict[str, Value]
    own: tuple[str, ...] = ()
    set_apart: tuple[str, ...] = ()
    apart: tuple[str, ...] = ()
    void: tuple[str, ...] = ()
    present: Present | None = None
    days: dict[str, date] = Field(default_factory=dict)


class Replied(Frozen):
    """That an act was done, by its digest: whoever sends it again is answered as before, and it is not done twice."""

    digest: str
    reply: Reply


class Opening(FromPack):
    """All that a case begins with; it never looks anything up again but who holds a seat.

    A confidential case begins with a `matter`, and with an empty request: nobody is its author. `clearance` is what
    lets a disciplinary case begin without a triage of its own, `parent` the case out of which it was opened.
    A case that began again, to be told on for years, has said `events` before, and opened `asked` asks; `replied` are
    the latest acts that were done before, and `carried` is what it still knows, where it began again in the midst.
    """

    case: str
    reference: str
    organisation: str
    school: str
    request: Request
    matter: Matter | None = None
    clearance: Clearance | None = None
    parent: str | None = None
    events: int = 0
    asked: int = 0
    replied: tuple[Replied, ...] = ()
    carried: Carried | None = None


ActKind = Literal[
    "answer",
    "withdraw",
    "edit",
    "nudge",
    "step_aside",
    "dispute",
    "reassign",
    "remind",
    "extend",
    "cancel",
    "release",
    "look_up",
    "told",
    "move_on",
    "record",
    "halt",
    "cover",
    "call_roll",
    "call_off",
    "recalendar",
    "open",
]
"""What can be done in a case. Whoever is asked answers, or steps aside from a conflict of interest, or says that an
answer was not theirs. The author withdraws, edits, nudges. Administrators reassign, remind, extend, cancel, release a
hold. Duly itself has an ask looked up anew when people changed, says when a mail was delivered late, and moves the case
on to another pack where whoever runs it wants that. In a confidential case, those who see to it, and the reporter,
record entries; and Duly halts a case that was opened out of another when that does not permit it any more. Duly says
who of those who run a site is there, has a roll called because people came or left, calls off what nobody has to sign
any more, and has a case go by a calendar that was brought up to date. Whoever is to sign opens what there is to read
besides."""


class Act(Frozen):
    """What somebody does in a case.

    `person` and `how` are set by the door that knows them, never by the browser, and so is `unfit`: what is wrong with
    the form today, checked again for an approval. That a person may do what only administrators may, the door sees to.
    `opened_at` is when that person first opened this version of the form; an answer without it is refused (SITE-37).
    `request` is what an edit makes of the request, `version` the edition that it changes. `at` is when a mail was
    delivered. `pack` is what the case shall go by from now on. `entry` is what is to be put on record. `occasion` tells
    two acts apart that say the same; in a confidential case it is random, so that nobody guesses an act by its digest.
    `present` is who of those who run a site is there, `calendar` the one to go by from now on, and `coming` what comes
    by itself on another day by it: it follows from the calendar, so the digest leaves it out. `authors` are those who
    wrote with whoever sends an edit: nobody of them approves it. `reading` is what whoever is to sign has
    opened, by its key.
    """

    kind: ActKind
    person: str
    how: How
    ask: str | None = None
    version: int | None = None
    verdict: Verdict | None = None
    signature: str = ""
    confirmations: tuple[str, ...] = ()
    comment: str = ""
    opened_at: datetime | None = None
    unfit: tuple[Fault, ...] = ()
    request: Request | None = None
    to: str | None = None
    days: int | None = Field(default=None, ge=1, le=260)
    stands: bool | None = None
    at: datetime | None = None
    pack: FromPack | None = None
    entry: Annotated[Recordable, Field(discriminator="kind")] | None = None
    occasion: str = ""
    present: Present | None = None
    calendar: Calendar | None = None
    coming: tuple[OtherDay, ...] = ()
    authors: tuple[str, ...] = ()
    reading: str = ""

    @property
    def digest(self) -> str:
        """The digest of all that it says; the case takes two acts with the same digest for one.

        Whoever repeats a digest is answered without a look at the act, so the verdict is part of it.
        """
        return hashlib.sha256(self.model_dump_json(exclude={"opened_at", "coming"}).encode()).hexdigest()


class MailOrder(Frozen):
    """A mail that the case wants sent: by which template, and to whom.

    `to` are names that the pack uses (`author`, `deciders`, a seat), `asked` for all who are asked now, `decider` for
    whoever did what it tells of, and `administrators`. It is empty where the mail goes to those whom `ask` reaches;
    `newly`, only to those whom it had not reached before. `about` is the number of the event that it tells of, `asks`
    are those that were open then, where it goes to `asked`.
    """

    template: str
    about: int
    ask: str | None = None
    to: tuple[str, ...] = ()
    newly: bool = False
    asks: tuple[str, ...] = ()


class OpenAsk(Frozen):
    """An ask that waits for an answer, as the case knows it."""

    ask: str
    step: str
    seat: str
    opened_at: datetime
    due: datetime
    reminded: int = 0
    escalated: bool = False


NextDoes = Literal["remind", "escalate", "lapse", "date_passes", "settle", "goes_on"]
"""What a case does by itself: with an ask; or because its date comes, the last approval has had time to settle, or the
day comes on which it goes on."""


class Standing(Frozen):
    """Where a case stands: what it waits for, what may be done at any moment, and what comes next by itself.

    `disputed` are the asks whose answers somebody says were not theirs, since `held_at`. `request` is the request as it
    is now, where it was changed since the case began. In a confidential case, `recused` are those who must not learn of
    it, `told` the seats that are told and may read, and `managing` the ask by which somebody sees to it, open or not.
    `dates` are those that people look forward to; None where the process has none. `accepts` is what may be recorded.
    """

    outcome: str | None = None
    asks: tuple[OpenAsk, ...] = ()
    offers: tuple[str, ...] = ()
    next_at: datetime | None = None
    next_does: NextDoes | None = None
    next_ask: str | None = None
    disputed: tuple[str, ...] = ()
    held_at: datetime | None = None
    request: Request | None = None
    recused: tuple[str, ...] = ()
    told: tuple[Key, ...] = ()
    managing: str | None = None
    dates: tuple[ComingDate, ...] | None = None
    accepts: tuple[str, ...] = ()


class ToOpen(Frozen):
    """Another case that is to be opened out of this one: by which story, and about what.

    `about` is the number of the event that says so. `cleared_by` is the number of the event that clears it, where one
    does: with the case and the event's hash it becomes the clearance with which the other case begins.
    """

    story: Literal["allegation", "disciplinary"]
    matter: Matter
    about: int
    cleared_by: int | None = None


class ToBegin(Frozen):
    """Another ordinary case that is to be begun out of this one; `about` is the number of the event that says so."""

    story: Story
    request: Request
    about: int


class Roll(Frozen):
    """A roll to be called: everybody in the `audience` gets a case of `process` to sign in; who left needs none.

    Where it is `over`, nobody needs one any more, for the reason why. With `visitors`, it is looked up who visits the
    school still of those whom the campaign before had sign, or expected to.
    """

    process: Process
    request: Request
    audience: tuple[PersonKind, ...]
    over: Literal["superseded", "closed"] | None = None
    visitors: bool = False


class RollCount(Frozen):
    """How a roll stands; `more` says that it has to be called again to get to everybody.

    `visitors` are those who are expected from now on because they are there still.
    """

    asked: int = 0
    signed: int = 0
    declined: int = 0
    left: int = 0
    waiting: int = 0
    more: bool = False
    visitors: tuple[VisitorExpected, ...] = ()


class Batch(Frozen):
    """All that one turn of a case says, to be recorded and sent in one flush.

    `opening` comes with the first, and again when the case was moved on to another pack. `opens` are the cases to open
    out of this one; where it `halts`, those that were opened stand still until they are cleared anew. `clears` asks
    whether the clearance is on record with which the case began, or which it waits for. `begins` are ordinary cases to
    begin out of this one, `roll` is one to be called. After a batch that says `again`, the case begins again.
    """

    case: str
    events: tuple[Recorded, ...]
    mails: tuple[MailOrder, ...] = ()
    standing: Standing
    opening: Opening | None = None
    opens: tuple[ToOpen, ...] = ()
    halts: bool = False
    clears: Clearance | None = None
    begins: tuple[ToBegin, ...] = ()
    roll: Roll | None = None
    again: bool = False


class Published(Frozen):
    """What the world answers to a batch.

    `asked` is whom each ask in it reaches from now on; nobody, where no one may decide. `cleared` is whether the
    clearance that it asked about is on record and permits what it is to permit. `roll` is how the roll stands that was
    called, `calendar` the school's, brought up to date for a case that begins again.
    """

    asked: dict[str, tuple[Asked, ...]]
    cleared: bool | None = None
    roll: RollCount | None = None
    calendar: Calendar | None = None
