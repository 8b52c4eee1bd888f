"""The form of each entry that people record in what comes round, and the entry that its checked answers make.

Every check of the case is made here first, so that whoever types is told beside the question what to do about it.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any, Final, TypeAlias, TypeVar, get_args

from pydantic import BaseModel, Field, TypeAdapter

from domain.base import Frozen
from domain.calendar import local_day
from domain.cases import Opening, Request
from domain.entries import Entry
from domain.events import AnyEvent, Recorded
from domain.fields import AnyField, FormFacts, LongText, ManyOf, OneOf, Option, People, Raw, Value
from domain.forms import Answers, Fault, Form, Section, check
from domain.order import is_between
from domain.pack import EventMatch, Process
from domain.pasted import NO_PICTURES, holds_a_file
from domain.round_days import can_be_in_force, in_force_between, is_before_closing, is_of_this_cycle
from domain.round_entries import (
    AnyRoundEntry,
    CoverChanged,
    CycleBegan,
    SiteClosed,
    SiteEvaluated,
    SiteWentLive,
    TrainingAttended,
    VisitorSigned,
)
from domain.round_texts import ACHIEVED, FORMS
from domain.words import counted, day_in_words, listed

KINDS: Final[dict[str, type[Entry]]] = {entry.model_fields["kind"].default: entry for entry in get_args(AnyRoundEntry)}
"""Every entry that people record in what comes round, by its kind."""

E = TypeVar("E", bound=BaseModel)

_ENTRY: Final[TypeAdapter[AnyRoundEntry]] = TypeAdapter(AnyRoundEntry)
_TEAM: Final = {"administrators": "administrator", "moderators": "moderator"}
_SUSPENDS: Final = EventMatch(event=("posting_suspended",))
_RESUMES: Final = EventMatch(event=("posting_resumed",))
_DOCUMENT: Final = "text"
_AIMS: Final = "aims"
_AIM: Final = "aim_"
_MOST_AIMS: Final = 20
_BULLET: Final = re.compile(r"^(?:[-*•\u2013·]|\d{1,2}[.)]|[a-z][.)])\s+")
_MARK: Final = re.compile(r"^v(ersion)?\.? ?(?=\d)")
_LEFT: Final = "Somebody who has left"
_EVALUATES: Final = frozenset({"site_evaluated", "site_closed"})
_BEFORE_LIVE: Final = frozenset({"site_went_live", "site_closed"})
"""What can be recorded of a site that is not live yet: that it is now, or that it will never be."""


class RoundFacts(Frozen):
    """What the form of an entry must know of its case: its request as it is, what happened, and which day it is.

    `names` are those of people, by id. `text` is that of the version of the document in force, where it is a review,
    `versions` are all that it ever had, and `began` is the day on which its cycle did. `trainings` say of people, by
    id, which training they attended last, and when, where a site goes live; `unauthorised` are those of them who have
    to be authorised, and are not today.
    """

    opening: Opening
    request: Request
    past: tuple[AnyEvent, ...]
    today: date
    names: dict[str, str] = Field(default_factory=dict)
    text: str = ""
    trainings: dict[str, str] = Field(default_factory=dict)
    versions: tuple[str, ...] = ()
    unauthorised: tuple[str, ...] = ()
    began: date | None = None

    @property
    def version(self) -> str:
        """The version of the document that is in force, in a review; empty where it has none."""
        return str(self.opening.request.answers.get("version", ""))

    @property
    def closes_on(self) -> date | None:
        """The day on which a site is to be closed, or None where its form has none."""
        said = self.request.answers.get("closure_date")
        return date.fromisoformat(said) if isinstance(said, str) and said else None

    @property
    def is_live(self) -> bool:
        """Whether it is on record that the site is live."""
        return self.latest(SiteWentLive) is not None

    @property
    def is_suspended(self) -> bool:
        """Whether nobody posts on the site for now."""
        return is_between(_SUSPENDS, _RESUMES, self.past)

    @property
    def is_covered(self) -> bool:
        """Whether enough of those who run the site are there, as far as is known."""
        latest = self.latest(CoverChanged)
        return latest is None or latest.enough

    def latest(self, kind: type[E]) -> E | None:
        """Return the latest event of `kind`, or None."""
        return next((event for event in reversed(self.past) if isinstance(event, kind)), None)

    @property
    def aims(self) -> dict[str, str]:
        """What the form of a site says it is to achieve: an aim a line, each by the key of the question about it."""
        said = self.request.answers.get(_AIMS)
        lines = (_BULLET.sub("", line.strip()).strip() for line in (said if isinstance(said, str) else "").splitlines())
        aims = list(dict.fromkeys(filter(None, lines)))
        told = [*aims[: _MOST_AIMS - 1], "; ".join(aims[_MOST_AIMS - 1 :])] if len(aims) > _MOST_AIMS else aims
        return {f"{_AIM}{place}": aim for place, aim in enumerate(told, 1)}

    def team(self, question: str) -> tuple[str, ...]:
        """Return whom the form names as administrators or moderators."""
        named = self.request.answers.get(question)
        return named if isinstance(named, tuple) else ()

    def there(self, question: str) -> tuple[str, ...]:
        """Return those of the administrators or moderators who are neither gone nor away."""
        latest = self.latest(CoverChanged)
        if latest is None:
            return self.team(question)
        return latest.administrators if question == "administrators" else latest.moderators


class RoundRead(Frozen):
    """What was typed, as it was read: the entry that it makes, or everything that is wrong with it.

    `raw` is what was typed, less what nobody may paste; `answers` are those that could be read.
    """

    raw: dict[str, Raw]
    answers: dict[str, Value]
    faults: tuple[Fault, ...] = ()
    entry: AnyRoundEntry | None = None


def this_round(past: Sequence[AnyEvent]) -> tuple[AnyEvent, ...]:
    """Return what happened since a review last began again: what was before, it knows nothing of."""
    began = max((place for place, event in enumerate(past) if isinstance(event, CycleBegan)), default=0)
    return tuple(past[began:])


def began_on(history: Sequence[Recorded]) -> date | None:
    """Return the day on which a review last began again, or None of what is no review."""
    return next((local_day(said.at) for said in reversed(history) if isinstance(said.event, CycleBegan)), None)


def form_of(kind: str, facts: RoundFacts) -> Form:
    """Return the form of the entry `kind`, for the case that `facts` tell of."""
    entry = FORMS[kind]
    fields: list[AnyField] = [*_own(kind, facts)]
    if entry.note:
        fields.append(LongText(type="long_text", key="note", label=entry.note))
    section = Section(key="entry", title=entry.title, intro=entry.lead, fields=tuple(fields))
    return Form(key=kind, title=entry.title, source="", sections=(section,), rules=entry.rules)


def prefilled(kind: str, facts: RoundFacts) -> dict[str, Raw]:
    """Return what stands in the form before anything is typed: today, or the version in force and its text."""
    today = (str(facts.today.day), str(facts.today.month), str(facts.today.year))
    if kind == "draft_ready":
        return {"supersedes": facts.version, "text": facts.text}
    return {"on": today} if kind in {"site_went_live", "site_closed", "training_attended"} else {}


def is_asked(kind: str, facts: RoundFacts) -> bool:
    """Return whether there is anything left to record of `kind`, as the case stands."""
    match kind:
        case "site_went_live":
            return not facts.is_live
        case "posting_suspended":
            return facts.is_live and not facts.is_suspended
        case "posting_resumed":
            return facts.is_suspended
        case _:
            return facts.opening.process.story != "site_life" or facts.is_live or kind in _BEFORE_LIVE


def clauses_of(process: Process, kind: str) -> tuple[str, ...]:
    """Return the clauses of the pack that ask for an entry of `kind`, or say what has to come before it."""
    tasks = (*process.tasks, *process.rounds)
    asking = [task.clause for task in tasks if kind in task.done_by.event]
    asking += [rule.clause for rule in process.rules if kind in rule.then.event]
    return tuple(dict.fromkeys(asking))


def read_round(kind: str, raw: Mapping[str, Raw], facts: RoundFacts, people: FormFacts) -> RoundRead:
    """Return the entry that was typed, or everything that is wrong with it, in the order of the form.

    A field into which a picture or a file was pasted is emptied; a document, long as it is, is not searched for one.

    Raises:
        UnreadableFormError: `raw` has a key that the form does not know.
    """
    pasted = [key for key, typed in raw.items() if key != _DOCUMENT and _holds_a_file(typed)]
    kept = {key: typed for key, typed in raw.items() if key not in pasted}
    form = form_of(kind, facts)
    checked = check(_nameless(form), kept, people)
    attributes = dict[str, Any](checked.answers)
    change = _CHANGES.get(kind)
    unfit = change(attributes, checked.answers, facts) if change is not None else {}
    faults = unfit | {fault.field: fault.message for fault in checked.faults} | dict.fromkeys(pasted, NO_PICTURES)
    order = [*(question.key for question in form.questions()), "form"]
    told = tuple(Fault(field=key, message=faults[key]) for key in sorted(faults, key=order.index))
    entry = None if told else _ENTRY.validate_python({"kind": kind, **attributes})
    return RoundRead(raw=kept, answers=checked.answers, faults=told, entry=entry)


def _holds_a_file(typed: Raw) -> bool:
    return any(holds_a_file(part) for part in ((typed,) if isinstance(typed, str) else typed))


def _nameless(form: Form) -> Form:
    """Return `form` with keys in the place of people's names: a checked form is kept for the next time."""
    section = form.sections[0]
    fields = tuple(
        field.model_copy(update={"options": tuple(Option(key=one.key, label=one.key) for one in field.options)})
        if isinstance(field, ManyOf)
        else field
        for field in section.fields
    )
    return form.model_copy(update={"sections": (section.model_copy(update={"fields": fields}),)})


# The questions.


def _own(kind: str, facts: RoundFacts) -> tuple[AnyField, ...]:
    """Return the entry's own questions; those that the case decides upon, with these."""
    fields = FORMS[kind].fields
    if kind == "site_went_live":
        named = _named(facts)
        return (*fields, _trained(named, facts)) if named else fields
    if kind in _EVALUATES and facts.aims:
        judged = {key: _judged(key, aim) for key, aim in facts.aims.items()}
        return tuple(one for field in fields for one in (judged.values() if field.key == "achieved" else (field,)))
    if kind == "draft_ready":
        cycle = facts.opening.process.cycle
        has_to = {"supersedes": bool(facts.version), "text": cycle is not None and cycle.signed}
        return tuple(
            field.model_copy(update={"required": has_to[field.key]}) if field.key in has_to else field
            for field in fields
            if field.key != "supersedes" or facts.version
        )
    return fields


def _judged(key: str, aim: str) -> OneOf:
    """Return the question whether one aim was achieved (LIFE-04)."""
    return OneOf(
        type="one_of",
        key=key,
        label=f"Has it achieved this aim: {aim}",
        required=True,
        missing="Say of each aim whether it was achieved",
        options=tuple(Option(key=one, label=label) for one, label in ACHIEVED.items()),
    )


def _trained(named: Mapping[str, tuple[str, ...]], facts: RoundFacts) -> ManyOf:
    """Return the question who of those who run the site is trained; who is away stands there too, and says so."""
    options = []
    for place, (person, roles) in enumerate(named.items(), 1):
        there = any(person in facts.there(question) for question in _TEAM if _TEAM[question] in roles)
        said = listed(roles) if there else f"{listed(roles)}; away, or has left"
        said += f"; attended {facts.trainings[person]}" if person in facts.trainings else ""
        label = f"{facts.names.get(person, 'Somebody who is no longer in the directory')} ({said})"
        options.append(Option(key=f"n{place}", label=label))
    return ManyOf(
        type="many_of",
        key="trained",
        label="Who of those who run the site is trained for it?",
        hint="Tick those who had the training that your school asks for, and no others",
        required=facts.opening.process.cover is not None,
        missing="Tick those who are trained",
        options=tuple(options),
    )


def _named(facts: RoundFacts) -> dict[str, tuple[str, ...]]:
    """Return everybody who runs the site, each with what they are there."""
    people = dict.fromkeys(person for question in _TEAM for person in facts.team(question))
    return {
        person: tuple(role for question, role in _TEAM.items() if person in facts.team(question)) for person in people
    }


# What the answers make, and what is wrong with them that no form can know.

_Change: TypeAlias = Callable[[dict[str, Any], Answers, RoundFacts], dict[str, str]]
"""What makes of the answers more than attributes of the same name; it returns what is wrong with them, by question."""


def _went_live(made: dict[str, Any], answers: Answers, facts: RoundFacts) -> dict[str, str]:
    """Source: Cadmus 14.5, 14.6, 18.4 and Appendix 1, administration (LIFE-01, LIFE-02, LIFE-09, SITE-28)."""
    named = tuple(_named(facts))
    ticked = answers.get("trained")
    chosen = ticked if isinstance(ticked, tuple) else ()
    made["trained"] = tuple(person for place, person in enumerate(named, 1) if f"n{place}" in chosen)
    faults = {}
    if facts.is_live:
        faults["form"] = "It is on record already that the site is live"
    closes = facts.closes_on
    if closes is not None and "on" in answers and not is_before_closing(_day(answers, "on"), closes):
        faults["on"] = (
            f"The site was to be closed on {day_in_words(closes)}, and goes live before that day or not at all. Change"
            " the site to close it later, and wait for the approvals; or record that it is closed"
        )
    if answers.get("terms_published") == "no":
        faults["terms_published"] = (
            "A site goes live with its terms of use and house rules on it. Publish them, and then record this"
        )
    if facts.unauthorised:
        who = listed(tuple(facts.names.get(one, _LEFT) for one in facts.unauthorised))
        faults["trained"] = (
            f"Nobody has authorised {who}, who would have to be to run the site. Have an administrator record who did,"
            " or have others named by changing the site"
        )
    missing = _missing(made["trained"], facts)
    if missing and not facts.unauthorised and "trained" in answers:
        faults["trained"] = missing
    return faults


def _missing(trained: Sequence[str], facts: RoundFacts) -> str:
    """Return how many are missing who are trained and there, in a sentence; nothing where they are enough."""
    cover = facts.opening.process.cover
    if cover is None:
        return ""
    few = []
    for question, role in _TEAM.items():
        ready = len({person for person in facts.there(question) if person in trained})
        if question in facts.request.answers and ready < cover.at_least:
            few.append(f"{counted(cover.at_least, role)} (now {ready})")
    if not few:
        return ""
    how = "Wait until they are, or have another named by changing the site"
    return f"There have to be {listed(tuple(few))} who are trained, and there. {how}"


def _suspended(made: dict[str, Any], answers: Answers, facts: RoundFacts) -> dict[str, str]:
    del made, answers
    return {"form": "Posting is suspended already"} if facts.is_suspended else {}


def _resumed(made: dict[str, Any], answers: Answers, facts: RoundFacts) -> dict[str, str]:
    """Source: Cadmus 18.4 (LIFE-09)."""
    del made, answers
    if not facts.is_suspended:
        return {"form": "Posting is not suspended"}
    few = "There are still too few who run the site. Posting goes on once there are enough"
    return {} if facts.is_covered else {"form": few}


def _closed(made: dict[str, Any], answers: Answers, facts: RoundFacts) -> dict[str, str]:
    """Source: Societas 5.6; Cadmus 14.6 and 14.7 (LIFE-02, LIFE-04, LIFE-15)."""
    faults, live = _evaluated(made, answers, facts), facts.latest(SiteWentLive)
    if answers.get("contacts_removed") == "no":
        faults["contacts_removed"] = "No site is closed before its contacts are removed. Remove them, then record this"
    if live is not None and "on" in answers and _day(answers, "on") < live.on:
        faults["on"] = f"The site went live on {day_in_words(live.on)}: it cannot have been closed before"
    return faults


def _evaluated(made: dict[str, Any], answers: Answers, facts: RoundFacts) -> dict[str, str]:
    """Put one answer for each aim into the entry, and what they come to together.

    Source: Cadmus 14.7 (LIFE-04).
    """
    aims = facts.aims
    each = [{"aim": aim, "achieved": made.pop(key, None)} for key, aim in aims.items()]
    if aims and all(key in answers for key in aims):
        said = {one["achieved"] for one in each}
        made |= {"each": each, "achieved": str(said.pop()) if len(said) == 1 else "in_part"}
    return {}


def _drafted(made: dict[str, Any], answers: Answers, facts: RoundFacts) -> dict[str, str]:
    """Source: Cadmus, document information; Newall Green, document control (REV-03, REV-07)."""
    faults = {}
    made.setdefault("supersedes", "")
    if "supersedes" in answers and answers["supersedes"] != facts.version:
        faults["supersedes"] = f"Version {facts.version} is in force: the new one takes the place of that"
    if facts.version and answers.get("version") == facts.version:
        faults["version"] = f"Version {facts.version} is in force already. Give the new one another number"
    elif _plainly(str(answers.get("version", ""))) in {_plainly(one) for one in facts.versions if one}:
        faults["version"] = (
            f"There was a version {answers['version']} before, and people may have signed it. Give the new one a number"
            " or name that none has had"
        )
    if "effective_from" in answers and not can_be_in_force(_day(answers, "effective_from"), facts.today):
        first, last = map(day_in_words, in_force_between(facts.today))
        faults["effective_from"] = f"Choose a day within a year of today, from {first} to {last}"
    return faults


def _plainly(version: str) -> str:
    """Return a version as it is compared: “V2 ” is “version 2”."""
    return _MARK.sub("", " ".join(version.split()).casefold())


def _consulted(made: dict[str, Any], answers: Answers, facts: RoundFacts) -> dict[str, str]:
    """Source: Newall Green, equality statement; Societas 3.6 (REV-09, REV-13)."""
    del made
    first, last = answers.get("first"), answers.get("last")
    faults = _too_early("first", answers, facts, "was asked")
    if first is not None and last is not None and str(last) < str(first):
        faults["last"] = "The consultation cannot end before it begins"
    return faults


def _decided(made: dict[str, Any], answers: Answers, facts: RoundFacts) -> dict[str, str]:
    """Source: Societas, front page (REV-11)."""
    del made
    return _too_early("on", answers, facts, "was decided")


def _too_early(question: str, answers: Answers, facts: RoundFacts, what: str) -> dict[str, str]:
    """Return what is wrong with a day before the cycle of the review began; nothing where it is later."""
    if question not in answers or facts.began is None or is_of_this_cycle(_day(answers, question), facts.began):
        return {}
    began = day_in_words(facts.began)
    return {question: f"This review began on {began}: what {what} before that day says nothing of this draft"}


def _day(answers: Answers, question: str) -> date:
    return date.fromisoformat(str(answers[question]))


def _is_here(made: dict[str, Any], answers: Answers, facts: RoundFacts) -> dict[str, str]:
    """Source: Redhill, appendix 1 (ACK-06)."""
    del made
    over = "until" in answers and _day(answers, "until") < facts.today
    return {"until": "This day has passed. Type the last day of the visit"} if over else {}


def _signed(made: dict[str, Any], answers: Answers, facts: RoundFacts) -> dict[str, str]:
    """Put the words into the entry that stand above the visitor's name (ACK-08)."""
    made["wording"] = facts.opening.process.steps[0].attestation
    return _is_here(made, answers, facts)


_CHANGES: Final[dict[str, _Change]] = {
    "site_went_live": _went_live,
    "posting_suspended": _suspended,
    "posting_resumed": _resumed,
    "site_evaluated": _evaluated,
    "site_closed": _closed,
    "draft_ready": _drafted,
    "consultation_held": _consulted,
    "board_decided": _decided,
    "visitor_expected": _is_here,
    "visitor_signed": _signed,
}


# What is on record.

WHEN_ASKED: Final = frozenset({"draft_ready", "consultation_held", "equality_assessed", "board_decided"})
"""What only those put on record who are asked for it; everything else, whose it is may record at any moment."""

OVERSEEN: Final = frozenset({"review_opened", "training_attended", "campaign_closed"})
"""What administrators may put on record too, who have no part in the case."""


def in_full(entry: AnyRoundEntry, names: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Return all that an entry says: each question with its answer; `names` are those of people, by id."""
    fields = [field for field in FORMS[entry.kind].fields if not isinstance(field, People)]
    rows = [(field.label, _said(field, getattr(entry, field.key, None))) for field in fields]
    if isinstance(entry, TrainingAttended):
        rows.append(("Who attended it", listed(tuple(names.get(one, _LEFT) for one in entry.people))))
    if isinstance(entry, SiteWentLive) and entry.trained:
        rows.append(("Trained for it", listed(tuple(names.get(one, _LEFT) for one in entry.trained))))
    if isinstance(entry, SiteEvaluated | SiteClosed):
        rows += [(f"Aim: {one.aim}", ACHIEVED[one.achieved]) for one in entry.each]
    if isinstance(entry, VisitorSigned):
        rows.append(("Under the words", entry.wording))
    if entry.note:
        rows.append((FORMS[entry.kind].note or "Besides", entry.note))
    return tuple((label, text) for label, text in rows if text)


def _said(field: AnyField, value: object) -> str:
    if isinstance(value, date):
        return day_in_words(value)
    options: tuple[Option, ...] = getattr(field, "options", ())
    known = {option.key: option.label for option in options} or {"yes": "Yes", "no": "No", "unsure": "Not sure"}
    text = str(value or "")
    return text if isinstance(field, LongText) else known.get(text, text)
