"""What can be wrong with a pack whose every part is well-formed: names that lead nowhere, and what can never happen."""

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final, get_args

from pydantic import BaseModel

from domain.confidential_faults import confidential_faults
from domain.entries import AnyEntry, AnyRemark
from domain.events import AnyEvent
from domain.fields import (
    LONGEST_ANSWER,
    Day,
    LongText,
    ManyOf,
    OneOf,
    OnePerson,
    People,
    Question,
    ShortText,
    WholeNumber,
)
from domain.forms import After, Among, AtLeast, EnoughPeople, Form, NotAfter, NotTheSamePerson, RequiredWhen, Within
from domain.mails import NOTICE_TEMPLATES
from domain.pack import (
    AnyClocks,
    Before,
    Changes,
    DifferentPeople,
    EventMatch,
    NotBetween,
    OrderRule,
    Pack,
    Permitted,
    Process,
    Step,
    Task,
)
from domain.pack_fault import PackFault
from domain.round_entries import AnyRoundEntry, AnyRoundRemark
from domain.round_faults import document_faults, question_faults, round_faults

MANDATORY_CONTACTS: Final = ("lado", "police")
"""Whom a school must be able to reach, whatever its policy says: Cadmus 10.1 (ALLEG-05)."""

RESERVED_SECTIONS: Final = ("check", "done", "advice", "sample")
"""What a section of a form cannot be called: the pages that every form has besides its own."""

RECIPIENTS: Final = ("author", "starter", "deciders")

RESERVED_SEATS: Final = (*RECIPIENTS, "decider", "asked", "administrators")
"""What a seat cannot be called: those whom mails name besides the seats."""

RESERVED_STEP: Final = "changes"
"""What a step cannot be called: the author is asked for changes under that name."""

MOST_REMINDERS: Final = 3
"""How often whoever is asked is reminded at most: what comes more often is not read."""

_STEP_EVENTS: Final = frozenset(
    {
        "ask_opened",
        "ask_moved",
        "reminded",
        "nudged",
        "escalated",
        "extended",
        "approved",
        "confirmed",
        "returned",
        "rejected",
        "decision_disputed",
        "hold_released",
        "request_unfit",
        "ask_closed",
    }
)
_CONFIDENTIAL: Final = frozenset(
    one.model_fields["kind"].default for one in (*get_args(AnyRemark), *get_args(AnyEntry))
) | {
    "ask_opened",
    "ask_moved",
    "reminded",
    "nudged",
    "escalated",
    "extended",
    "ask_closed",
    "pack_changed",
    "step_refused",
    "case_ended",
}
_ROUND: Final = (
    _STEP_EVENTS
    | {"pack_changed", "step_refused", "case_ended"}
    | {one.model_fields["kind"].default for one in (*get_args(AnyRoundRemark), *get_args(AnyRoundEntry))}
)
RECORDED_BY: Final = {
    "allegation": _CONFIDENTIAL,
    "disciplinary": _CONFIDENTIAL,
    "site_creation": _STEP_EVENTS
    | {
        "request_submitted",
        "request_edited",
        "date_passed",
        "pack_changed",
        "request_withdrawn",
        "case_cancelled",
        "site_approved",
        "site_registered",
        "step_refused",
        "case_ended",
    },
    "site_life": _ROUND | {"request_edited", "case_cancelled"},
    "question": (_STEP_EVENTS - {"approved", "confirmed", "returned", "rejected"})
    | {"request_submitted", "request_withdrawn", "question_answered", "pack_changed", "step_refused", "case_ended"},
    "review": _ROUND | {"request_edited"},
    "acknowledgement": _ROUND,
    "signature": _ROUND,
}
"""Which events the story of each kind records."""

_TELLS: Final = {
    kind.model_fields["kind"].default: frozenset(kind.model_fields) for kind in get_args(get_args(AnyEvent)[0])
}
"""What each event tells of itself."""

_PLACEHOLDER: Final = re.compile(
    r"\binsert\b[\w /]*|\[[^\]]*\]|could be included here|\bT\.?B\.?[ACD]\b\.?|\bTODO\b"
    r"|\?{3,}|\bx{3,}\b|_{3,}|…{2,}|\.{4,}",
    re.IGNORECASE,
)
"""What a policy prints where a school has to write its own: “insert school name”, “[written]”, “TBC”, dots."""


def faults_of(pack: Pack, unread: frozenset[str] = frozenset()) -> tuple[PackFault, ...]:
    """Return everything that is wrong with `pack`, file by file.

    `unread` are files of it that could not be read: that something is missing from them is not said again.
    """
    clauses = () if "clauses.toml" in unread else _clause_faults(pack)
    return (*_pack_faults(pack), *clauses, *document_faults(pack), *_form_faults(pack), *_processes(pack, unread))


def unfilled(file: str, text: object, key: str = "") -> Iterator[PackFault]:
    """Yield a fault for every text in the TOML `text` in which a placeholder still has to be filled in."""
    if isinstance(text, str):
        found = _PLACEHOLDER.search(text)
        if found:
            yield PackFault(file, key, f"“{found.group()}” still has to be filled in")
    elif isinstance(text, dict):
        for name, one in text.items():
            yield from unfilled(file, one, f"{key}.{name}".lstrip("."))
    elif isinstance(text, list):
        for place, one in enumerate(text, 1):
            named = (one.get("key") or one.get("id")) if isinstance(one, dict) else None
            yield from unfilled(file, one, f"{key}.{named or place}")


def _pack_faults(pack: Pack) -> Iterator[PackFault]:
    seats = {seat.key for seat in pack.seats}
    yield from _twice("pack.toml", "organisation.schools", (school.key for school in pack.organisation.schools))
    yield from _twice("pack.toml", "seats", (seat.key for seat in pack.seats))
    yield from _twice("pack.toml", "contacts", (contact.key for contact in pack.contacts))
    yield from _twice("clauses.toml", "clauses", (clause.id for clause in pack.clauses))
    for seat in pack.seats:
        where = f"seats.{seat.key}"
        if seat.key in RESERVED_SEATS:
            yield PackFault("pack.toml", where, "mails call somebody else that already")
        if not seat.kinds and seat.from_field is None:
            yield PackFault("pack.toml", f"{where}.kinds", "nobody can hold this seat")
        for other in seat.stands_in:
            if other not in seats or other == seat.key:
                yield PackFault("pack.toml", f"{where}.stands_in", f"there is no other seat {other}")
    known = {contact.key for contact in pack.contacts}
    for key in MANDATORY_CONTACTS:
        if key not in known:
            yield PackFault("pack.toml", "contacts", f"the contact {key} is missing")
    for contact in pack.contacts:
        if not (contact.phone or contact.email or contact.note):
            yield PackFault("pack.toml", f"contacts.{contact.key}", "does not say how to reach them")
    for clause in pack.clauses:
        for key in clause.contacts:
            if key not in known:
                yield PackFault("clauses.toml", f"clauses.{clause.id}.contacts", f"the contact {key} is missing")
    for period in (*pack.calendar.terms, *pack.calendar.closures):
        if period.last < period.first:
            yield PackFault("pack.toml", f"calendar.{period.name}", "ends before it begins")


def _clause_faults(pack: Pack) -> Iterator[PackFault]:
    known = {clause.id for clause in pack.clauses}
    for file, key, name, text in _texts(pack):
        if name == "clause" and text not in known:
            yield PackFault(file, key, f"there is no clause {text}")


def _texts(pack: Pack) -> Iterator[tuple[str, str, str, str]]:
    """Yield every text of the pack: its file, its key there, the name of its attribute, and itself."""
    whole = {"pack.toml": pack.model_copy(update={"forms": (), "processes": (), "not_offered": (), "clauses": ()})}
    parts: dict[str, Any] = whole | {f"forms/{form.key}.toml": form for form in pack.forms}
    parts |= {f"processes/{one.key}.toml": one for one in pack.processes}
    parts |= {f"processes/{one.key}.toml": one for one in pack.not_offered}
    for file, part in parts.items():
        for key, name, text in _walk(part, "", ""):
            yield file, key, name, text


def _walk(value: Any, key: str, name: str) -> Iterator[tuple[str, str, str]]:  # noqa: ANN401 -- anything in a pack
    if isinstance(value, str):
        yield key, name, value
    elif isinstance(value, BaseModel):
        for attribute in type(value).model_fields:
            yield from _walk(getattr(value, attribute), f"{key}.{attribute}".lstrip("."), attribute)
    elif isinstance(value, tuple):
        for place, one in enumerate(value):
            yield from _walk(one, f"{key}.{getattr(one, 'key', place + 1)}", name)


def _form_faults(pack: Pack) -> Iterator[PackFault]:
    for form in pack.forms:
        file = f"forms/{form.key}.toml"
        questions = {question.key: question for question in form.questions()}
        yield from _twice(file, "sections", (section.key for section in form.sections))
        for section in form.sections:
            if section.key in RESERVED_SECTIONS:
                yield PackFault(file, f"sections.{section.key}", "a page of every form is called that already")
        yield from _twice(file, "fields", (question.key for question in form.questions()))
        if form.site_title is not None and not isinstance(questions.get(form.site_title), ShortText):
            yield PackFault(file, "site_title", f"there is no short_text field {form.site_title}")
        for question in questions.values():
            yield from _question_faults(file, question)
        yield from _rule_faults(file, form, questions)


def _question_faults(file: str, question: Question) -> Iterator[PackFault]:
    where = f"fields.{question.key}"
    if isinstance(question, OneOf | ManyOf):
        yield from _twice(file, f"{where}.options", (option.key for option in question.options))
    if isinstance(question, ManyOf) and question.at_least > len(question.options):
        yield PackFault(file, f"{where}.at_least", "is more than there are options")
    if isinstance(question, People) and question.at_least > question.at_most:
        yield PackFault(file, f"{where}.at_least", "is more than at_most")
    if isinstance(question, WholeNumber) and question.least > question.most:
        yield PackFault(file, f"{where}.least", "is more than most")
    if isinstance(question, LongText) and question.most > LONGEST_ANSWER:
        yield PackFault(file, f"{where}.most", f"is more than {LONGEST_ANSWER}")
    usual = question.default if isinstance(question, WholeNumber) else None
    if isinstance(question, WholeNumber) and usual is not None and not question.least <= usual <= question.most:
        yield PackFault(file, f"{where}.default", "is out of bounds")
    if hasattr(BaseModel, question.key):
        yield PackFault(file, where, "is a word that Duly needs itself: choose another")


_FITS: Final[dict[type[Any], tuple[type[Question], ...]]] = {
    After: (Day,),
    NotAfter: (Day,),
    Within: (Day,),
    NotTheSamePerson: (OnePerson, People),
    EnoughPeople: (OnePerson, People),
    AtLeast: (WholeNumber,),
    Among: (OneOf, ManyOf),
}
"""The kinds of question that a rule can compare."""


def _rule_faults(file: str, form: Form, questions: dict[str, Question]) -> Iterator[PackFault]:
    for place, rule in enumerate(form.rules, 1):
        where = f"rules.{place}"
        compared = [(name, getattr(rule, name, None)) for name in ("field", "other")]
        for name, key in compared:
            if key is None or (key == "today" and isinstance(rule, After | NotAfter)):
                continue
            question = questions.get(key)
            if question is None:
                yield PackFault(file, f"{where}.{name}", f"there is no field {key}")
            elif type(rule) in _FITS and not isinstance(question, _FITS[type(rule)]):
                yield PackFault(file, f"{where}.{name}", f"{rule.rule} cannot compare {key}")
        if isinstance(rule, RequiredWhen):
            asked = questions.get(rule.when.field)
            options = {option.key for option in getattr(asked, "options", ())} | {"yes", "no", "unsure"}
            if asked is None or set(rule.when.any_of) - options:
                yield PackFault(file, f"{where}.when", f"{rule.when.field} has no such answer")


def _processes(pack: Pack, unread: frozenset[str]) -> Iterator[PackFault]:
    for process in pack.processes:
        file = f"processes/{process.key}.toml"
        form = pack.form(process.form)
        if process.confidential:
            yield from confidential_faults(pack, process)
        elif process.story == "question":
            yield from question_faults(pack, process, form)
        elif process.story != "site_creation":
            yield from round_faults(pack, process)
        elif form is None and f"forms/{process.form}.toml" not in unread:
            yield PackFault(file, "form", f"there is no form {process.form}")
        leads_to = pack.process(process.leads_to or "")
        if process.leads_to is not None and (leads_to is None or leads_to.story != "site_life"):
            yield PackFault(file, "leads_to", f"there is no process {process.leads_to} that looks after a site")
        for key in ("steps", "may_start"):
            if process.story == "site_creation" and not getattr(process, key):
                yield PackFault(file, key, "must name at least one")
        yield from _found_by_faults(file, process, form)
        yield from _twice(file, "steps", (step.key for step in process.steps))
        yield from _twice(file, "rules", (rule.key for rule in process.rules))
        yield from _task_faults(file, pack, process)
        for step in process.steps:
            yield from _step_faults(file, pack, step, form)
        if process.changes is not None:
            yield from _changes_faults(file, pack, process, process.changes, form)
        if form is not None:
            yield from _immaterial_faults(pack, process, form)
        yield from _notice_faults(file, pack, process)
        for rule in process.rules:
            for name, pattern, told in _patterns(rule):
                for reason in _never_recorded(pattern, process, told):
                    yield PackFault(file, f"rules.{rule.key}.{name}", reason)


def _found_by_faults(file: str, process: Process, form: Form | None) -> Iterator[PackFault]:
    if process.found_by and process.confidential:
        yield PackFault(file, "found_by", "nothing of a confidential case is kept in clear: leave it out")
        return
    for key in process.found_by:
        question = form.question(key) if form is not None else None
        if question is None:
            yield PackFault(file, "found_by", f"there is no field {key}")
        elif not isinstance(question, ShortText | OneOf | ManyOf):
            yield PackFault(file, "found_by", f"{key} asks for no line of text and no choice")
    yield from _twice(file, "found_by", process.found_by)


def _step_faults(file: str, pack: Pack, step: Step, form: Form | None) -> Iterator[PackFault]:
    where = f"steps.{step.key}"
    if step.key == RESERVED_STEP:
        yield PackFault(file, where, "the author is asked for changes under that name: choose another")
    for key in step.seats:
        seat = pack.seat(key)
        if seat is None:
            yield PackFault(file, f"{where}.seats", f"there is no seat {key}")
        elif seat.from_field and form and not isinstance(form.question(seat.from_field), OnePerson):
            yield PackFault(file, f"{where}.seats", f"nobody can hold {key}: the form asks for no {seat.from_field}")
        elif step.escalate_on is not None and not seat.stands_in:
            yield PackFault(file, f"{where}.escalate_on", f"nobody stands in for {key}")
    yield from _twice(file, f"{where}.seats", step.seats)
    yield from _twice(file, f"{where}.confirmations", (one.key for one in step.confirmations))
    yield from _clock_faults(file, where, pack, step)
    if step.escalate_on is not None and any(step.escalate_on <= remind for remind in step.remind_on):
        yield PackFault(file, f"{where}.escalate_on", "comes no later than a reminder")
    if step.escalate_on is not None and step.escalate_on < step.answer_within:
        yield PackFault(file, f"{where}.escalate_on", "comes before the answer is due")


def _task_faults(file: str, pack: Pack, process: Process) -> Iterator[PackFault]:
    """Yield what is wrong with the topics, routes and tasks of a process, as far as every process could have them."""
    reviews = (process.reviews,) if process.reviews is not None else ()
    yield from _twice(file, "topics", (topic.key for topic in process.topics))
    yield from _twice(file, "routes", (route.key for route in process.routes))
    tasks = (*process.tasks, *process.rounds, *reviews)
    yield from _twice(file, "tasks", (task.key for task in tasks))
    for task in tasks:
        where = f"tasks.{task.key}" if isinstance(task, Task) else "reviews"
        yield from _clock_faults(file, where, pack, task)
        each = "allegations" if isinstance(task, Task) and task.each_allegation else None
        for name, told in (("done_by", each), ("when", None), ("unless", None), ("after", None)):
            pattern = getattr(task, name, None)
            for reason in _never_recorded(pattern, process, told) if pattern is not None else ():
                yield PackFault(file, f"{where}.{name}", reason)


def _clock_faults(file: str, where: str, pack: Pack, clocks: AnyClocks) -> Iterator[PackFault]:
    if list(clocks.remind_on) != sorted(set(clocks.remind_on)):
        yield PackFault(file, f"{where}.remind_on", "should rise from day to day")
    if any(remind > clocks.answer_within for remind in clocks.remind_on):
        yield PackFault(file, f"{where}.remind_on", "a reminder comes after the answer is due")
    if len(clocks.remind_on) > MOST_REMINDERS:
        yield PackFault(file, f"{where}.remind_on", f"reminds more than {MOST_REMINDERS} times")
    closes_on = getattr(clocks, "proposes_closing_on", None)
    if closes_on is not None and (clocks.escalate_on is None or closes_on <= clocks.escalate_on):
        yield PackFault(file, f"{where}.proposes_closing_on", "comes before anybody else was told: see escalate_on")
    if clocks.lapse_on is not None and clocks.lapse_on < max(clocks.answer_within, clocks.escalate_on or 0):
        yield PackFault(file, f"{where}.lapse_on", "comes before the answer is due, or before the step is escalated")
    if clocks.pauses_in_holidays and not pack.calendar.terms:
        yield PackFault(file, f"{where}.pauses_in_holidays", "the calendar has no terms between which to pause")


def _changes_faults(
    file: str, pack: Pack, process: Process, changes: Changes, form: Form | None
) -> Iterator[PackFault]:
    where = "changes"
    yield from _clock_faults(file, where, pack, changes)
    if changes.escalate_on is not None:
        yield PackFault(file, f"{where}.escalate_on", "nobody stands in for the author")
    if form is not None and changes.ahead is not None and not isinstance(form.question(changes.ahead), Day):
        yield PackFault(file, f"{where}.ahead", f"there is no date field {changes.ahead}")
    steps = [step.key for step in process.steps]
    if changes.back_to not in steps:
        yield PackFault(file, f"{where}.back_to", f"there is no step {changes.back_to}")
        return
    earlier = steps[: steps.index(changes.back_to)]
    for rule in process.rules:
        if (
            isinstance(rule, Before)
            and rule.same == "version"
            and rule.first.step in earlier
            and rule.then.step not in earlier
        ):
            reason = f"{rule.first.step} would never approve the new version, which the rule {rule.key} wants"
            yield PackFault(file, f"{where}.back_to", reason)
        elif isinstance(rule, DifferentPeople) and (rule.first.step in earlier) != (rule.then.step in earlier):
            reason = f"an approval of another version would escape the rule {rule.key}: begin again no later"
            yield PackFault(file, f"{where}.back_to", reason)


def _immaterial_faults(pack: Pack, process: Process, form: Form) -> Iterator[PackFault]:
    """Yield a fault for every answer that may change without a new approval though it decides who approves, or when."""
    seats = [seat for step in process.steps for key in step.seats if (seat := pack.seat(key)) is not None]
    deciding = {seat.from_field for seat in seats} | {process.changes.ahead if process.changes else None}
    for question in form.questions():
        is_author = isinstance(question, OnePerson) and question.default == "starter"
        if not question.material and (is_author or question.key in deciding):
            reason = "has to be material: who is asked, or until when, hangs on it"
            yield PackFault(f"forms/{form.key}.toml", f"fields.{question.key}.material", reason)


def _notice_faults(file: str, pack: Pack, process: Process) -> Iterator[PackFault]:
    recipients = {*RECIPIENTS, *(seat.key for seat in pack.seats)}
    for place, notice in enumerate(process.notices, 1):
        where = f"notices.{place}"
        if notice.on not in RECORDED_BY[process.story]:
            yield PackFault(file, f"{where}.on", f"no process records {notice.on}")
        if notice.template not in NOTICE_TEMPLATES:
            yield PackFault(file, f"{where}.template", f"there is no mail {notice.template}")
        for to in notice.to:
            if to not in recipients:
                yield PackFault(file, f"{where}.to", f"there is no seat or recipient {to}")


def _patterns(rule: OrderRule) -> Iterator[tuple[str, EventMatch, str | None]]:
    """Yield each kind of event that a rule speaks of, by its name there, with what the event has to tell."""
    match rule:
        case NotBetween():
            yield from (("opens", rule.opens, None), ("closes", rule.closes, None), ("then", rule.then, None))
            return
        case DifferentPeople():
            told: str | None = "by"
        case Permitted():
            told = "allegations"
        case _:
            told = "allegations" if rule.same == "allegation" else rule.same
    yield from (("first", rule.first, told), ("then", rule.then, told))


def _never_recorded(pattern: EventMatch, process: Process, tells: str | None) -> Iterator[str]:
    for event in pattern.event:
        if event not in RECORDED_BY[process.story]:
            yield f"no process records {event}"
            continue
        for told in (*((tells,) if tells is not None else ()), *pattern.where):
            if told not in _TELLS[event]:
                yield f"{event} has no {told} to compare"
        if pattern.step is not None and (process.step(pattern.step) is None or event not in _STEP_EVENTS):
            yield f"{event} never happens at a step {pattern.step}"
        confirmed = {one.key for step in process.steps for one in step.confirmations}
        if pattern.confirmation is not None and (event != "confirmed" or pattern.confirmation not in confirmed):
            yield f"{event} never has a confirmation {pattern.confirmation}"


def _twice(file: str, where: str, keys: Iterable[str]) -> Iterator[PackFault]:
    seen: set[str] = set()
    for key in keys:
        if key in seen:
            yield PackFault(file, where, f"{key} is there twice")
        seen.add(key)
