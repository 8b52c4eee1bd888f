"""The shapes of what programs send and are answered; the OpenAPI document is made from them."""

from datetime import date, datetime
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from domain.base import Frozen, How
from domain.deciding import LONGEST_COMMENT, LONGEST_NAME
from domain.events import Verdict
from domain.fields import LONGEST_ANSWER
from domain.forms import Fault

Text: TypeAlias = Annotated[str, Field(max_length=LONGEST_ANSWER)]
QuestionType: TypeAlias = Literal[
    "short_text",
    "long_text",
    "date",
    "whole_number",
    "yes_no_unsure",
    "person",
    "people",
    "one_of",
    "many_of",
]


class Problem(Frozen):
    """What went wrong. `type` says it to a program, `detail` to whoever reads it; `faults` has everything at once."""

    type: str
    title: str
    status: int
    detail: str = ""
    faults: tuple[Fault, ...] = ()


# What may be started.


class Choice(Frozen):
    """One of the answers to choose from; one that stands `alone` goes with no other. It may reveal questions."""

    key: str
    label: str
    hint: str | None = None
    alone: bool = False
    reveals: tuple["AskedQuestion", ...] = ()


class AskedQuestion(Frozen):
    """A question of a form.

    An answer is text; for `date` text such as 2027-03-27, for `whole_number` a number, for `one_of` and `yes_no_unsure`
    the key of a choice, for `many_of` a list of keys; for `person` a name or a school email address, for `people` a
    list of them. `filled_in` is what stands there unless it is answered.
    """

    key: str
    type: QuestionType
    label: str
    hint: str | None = None
    required: bool = False
    least: int | None = None
    most: int | None = None
    unit: str | None = None
    choices: tuple[Choice, ...] = ()
    filled_in: str | tuple[str, ...] | None = None


class AskedSection(Frozen):
    """A section of a form."""

    key: str
    title: str
    questions: tuple[AskedQuestion, ...]


class Named(Frozen):
    """Something by its key, and what the school calls it."""

    key: str
    name: str


class StartableProcess(Frozen):
    """A process that the person of the token may start: at which schools, and the questions of its form.

    Rules between questions are checked when it is sent.
    """

    key: str
    title: str
    schools: tuple[Named, ...]
    form: str
    sections: tuple[AskedSection, ...]


class Processes(Frozen):
    """What the person of the token may start."""

    processes: tuple[StartableProcess, ...]


class Start(Frozen):
    """A case to be started. `school` may be left out where the person is at one school only."""

    process: Annotated[str, Field(max_length=100)]
    school: Annotated[str | None, Field(max_length=100)] = None
    answers: Annotated[dict[str, Text | int | Annotated[tuple[Text, ...], Field(max_length=50)]], Field(max_length=200)]


class Started(Frozen):
    """The case that was started; its page may show it a moment later."""

    reference: str
    process: str
    page: str


# Cases.


class CaseSummary(Frozen):
    """A case in a list. `state` is in words; `outcome` is how it ended, empty while it is open."""

    reference: str
    title: str
    process: Named
    school: Named
    state: str
    outcome: str
    waits_for: tuple[Named, ...]
    opened_at: datetime
    changed_at: datetime
    due: datetime | None = None
    closed_at: datetime | None = None


class Cases(Frozen):
    """A page of a list. `next` is where the next begins, to be sent as `after`; there is none after the last.

    A page may hold fewer than the next, and none at all, while there is a next.
    """

    cases: tuple[CaseSummary, ...]
    next: str | None = None


class CaseAsk(Frozen):
    """A seat that is asked now. `you_answer` says whether the person of the token may, and how."""

    ask: str
    step: str
    title: str
    seat: Named
    opened_at: datetime
    due: datetime
    version: int
    you_answer: Literal["no", "with_token", "signed_in"] = "no"


class ReadAnswer(Frozen):
    """A question and its answer as people read it, a line for each of several; no line where nothing was answered."""

    key: str
    label: str
    lines: tuple[str, ...]


class ReadSection(Frozen):
    """A section of a form with what was answered there."""

    key: str
    title: str
    answers: tuple[ReadAnswer, ...]


class ReadComing(Frozen):
    """A day on which something comes by itself, as long as nobody does anything, and what."""

    day: date
    sentences: tuple[str, ...]


class ReadCase(Frozen):
    """A case: why it waits, whom it asks, what the person of the token may do, and the form as it is answered now.

    `may` can all be done on the `page`; what of it a token can do as well, `asks` says.
    """

    reference: str
    title: str
    process: Named
    school: Named
    requester: str
    version: int
    state: str
    outcome: str
    waiting: str
    nobody_is_asked: bool
    overdue: bool
    opened_at: datetime
    changed_at: datetime
    due: datetime | None = None
    closed_at: datetime | None = None
    next_at: datetime | None = None
    coming: tuple[ReadComing, ...] = ()
    asks: tuple[CaseAsk, ...]
    may: tuple[Literal["answer", "edit", "nudge", "withdraw"], ...]
    sections: tuple[ReadSection, ...]
    page: str


class ReadEvent(Frozen):
    """Something that happened: in a sentence, of which kind, who did it, and how they were known.

    `by` is empty where Duly did it by itself. `version` is that of the form as it then was.
    """

    number: int
    kind: str
    at: datetime
    sentence: str
    by: str
    how: How | None
    version: int
    clause: str


class Events(Frozen):
    """All that happened in a case, oldest first."""

    reference: str
    events: tuple[ReadEvent, ...]


# Answering.


class Statement(Frozen):
    """A statement that whoever approves has to confirm."""

    key: str
    label: str


class Reviewed(Frozen):
    """The whole request as it is to be decided. That it was shown to this person is on record now.

    An answer has to name the `version`. With an approval goes each of `confirmations`; the name that is typed stands
    under the `attestation`. Where there are `set_aside`, an approval needs a reason.
    """

    reference: str
    ask: str
    version: int
    title: str
    approves: str
    verdicts: tuple[Verdict, ...]
    attestation: str
    confirmations: tuple[Statement, ...]
    set_aside: tuple[str, ...]
    does_not_hold: tuple[Fault, ...]
    sections: tuple[ReadSection, ...]


class GiveAnswer(Frozen):
    """An answer: signed by the typed name of the person of the token, about the version that was shown to them."""

    version: int
    verdict: Verdict
    signature: Annotated[str, Field(max_length=2 * LONGEST_NAME)]
    confirmations: Annotated[tuple[Text, ...], Field(max_length=50)] = ()
    comment: Annotated[str, Field(max_length=2 * LONGEST_COMMENT)] = ""


class Answered(Frozen):
    """The answer that stands, which is the one that was sent."""

    reference: str
    ask: str
    version: int
    verdict: Verdict


# Webhooks.


class Undelivered(Frozen):
    """What a webhook was not told within three days. `said` says, as a code, what came of the last try."""

    id: str
    kind: str
    case: str
    process: str
    number: int
    at: datetime
    said: str


class ReadWebhook(Frozen):
    """A webhook, the kinds of events that it is told, and what it was not told."""

    id: str
    address: str
    kinds: tuple[str, ...]
    made_on: date
    undelivered: tuple[Undelivered, ...]


class Webhooks(Frozen):
    """The webhooks of the organisation."""

    webhooks: tuple[ReadWebhook, ...]
