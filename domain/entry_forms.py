"""The form of each entry that people record in a confidential case, and the entry that its checked answers make.

The form is made for one case: it asks for its subjects and allegations, and for nothing of which there is only one.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time
from typing import Any, Final, TypeAlias, get_args

from pydantic import Field, TypeAdapter

from domain.allegations import Allegation, Clearance, Subject
from domain.base import Frozen
from domain.calendar import LONDON, CalendarTooShortError, days_between, local_day
from domain.cases import Opening
from domain.entries import AnyEntry, CaseRouted, Entry, HearingCalled, OneEntry
from domain.entry_texts import FORMS
from domain.entry_words import NOTHING, SANCTIONS, EntryForm, choose
from domain.events import AnyEvent
from domain.fields import AnyField, Day, FormFacts, LongText, ManyOf, OneOf, Option, Raw, ShortText, Value
from domain.forms import Answers, Fault, Form, Section, check
from domain.matters import Facts, facts, has_outcome
from domain.pasted import NO_PICTURES, holds_a_file
from domain.refs import read_reference
from domain.text import one_line
from domain.words import clock_time, day_in_words

KINDS: Final[dict[str, type[Entry]]] = {entry.model_fields["kind"].default: entry for entry in get_args(AnyEntry)}
"""Every entry that people record, by its kind."""

_ENTRY: Final[TypeAdapter[AnyEntry]] = TypeAdapter(OneEntry)
_TIME: Final = re.compile(r"(?P<hour>\d{1,2})(?:[:.](?P<minute>\d{2}))?\s*(?P<half>[ap]\.?m\.?)?", re.IGNORECASE)
_NOON: Final = 12
_MOST_PUT_OFF: Final = 5
_LONGEST_LABEL: Final = 90
_STAFF: Final = ("no_action", "first_warning", "final_warning", "dismissal", "dismissal_without_notice")
_SANCTIONS: Final[dict[str, tuple[str, ...]]] = {
    "governor": ("no_action", "governing_body_resolution"),
    "end_of_appointment": ("no_action", "end_of_appointment"),
    "behaviour": ("no_action",),
    "public": ("no_action",),
}
"""What Duly can say comes of a matter on a road that is not that of staff (DISC-03, DISC-06, DISC-07, DISC-12)."""


class EntryFacts(Frozen):
    """What the form of an entry must know of its case: how it began, what happened since, and what time it is.

    `recused` must not learn of it. `claims` are the clearances that whoever records may claim, by the reference of the
    case whose advice each is.
    """

    opening: Opening
    past: tuple[AnyEvent, ...]
    now: datetime
    recused: frozenset[str] = frozenset()
    claims: dict[str, Clearance] = Field(default_factory=dict)

    @property
    def known(self) -> Facts:
        """The subjects and allegations as they stand now, each by its key."""
        if self.opening.matter is None:
            msg = "this case has no matter"
            raise ValueError(msg)
        return facts(self.opening.matter, self.past)

    @property
    def procedure(self) -> str:
        """Which road the case takes."""
        return next((event.procedure for event in reversed(self.past) if isinstance(event, CaseRouted)), "staff")


class Read(Frozen):
    """What was typed, as it was read: the entry that it makes, or everything that is wrong with it.

    `raw` is what was typed, less what nobody may paste; `answers` are those that could be read.
    """

    raw: dict[str, Raw]
    answers: dict[str, Value]
    faults: tuple[Fault, ...] = ()
    entry: AnyEntry | None = None


def form_of(kind: str, facts: EntryFacts) -> Form:
    """Return the form of the entry `kind`, for the case that `facts` tell of."""
    entry = FORMS[kind]
    fields = (*_whom(entry, facts), *_about(entry, facts), *_own(entry, facts), *_when(entry), *_note(entry))
    known = {field.key for field in fields}
    section = Section(key="entry", title=entry.title, intro=entry.lead, fields=fields)
    rules = tuple(rule for rule in entry.rules if rule.field in known)
    return Form(key=kind, title=entry.title, source="", sections=(section,), rules=rules)


def settled(kind: str, facts: EntryFacts) -> tuple[tuple[str, str], ...]:
    """Return what the form does not ask because there is only one answer: each in words, with what it answers."""
    entry, known = FORMS[kind], facts.known
    rows = []
    if entry.subject and len(known.subjects) == 1:
        rows.append(("The person", next(iter(known.subjects.values())).name))
    keys = _allegations(entry, facts)
    if entry.about != "no" and len(keys) == 1:
        rows.append(("What it is about", _label(known.allegations[keys[0]], facts)))
    if kind == "decision_made" and len(_allowed(facts)) == 1:
        rows.append(("What comes of it", "No action of this kind: say below what is done instead"))
    return tuple(rows)


def is_asked(kind: str, facts: EntryFacts) -> bool:
    """Return whether there is anything left that an entry of `kind` could be about."""
    if kind in {"allegation_added", "safeguarding_concern_raised"}:
        return bool(facts.opening.process.topics)
    return kind != "outcome_recorded" or bool(_allegations(FORMS[kind], facts))


def prefilled(kind: str, facts: EntryFacts, letter: str = "") -> dict[str, Raw]:
    """Return what stands in the form before anything is typed: this moment, and the draft of a letter."""
    entry, local = FORMS[kind], facts.now.astimezone(LONDON)
    raw: dict[str, Raw] = {}
    if entry.when != "no":
        raw |= {"happened": (str(local.day), str(local.month), str(local.year)), "happened_time": clock_time(facts.now)}
    if entry.letter:
        raw["letter"] = letter
    return raw


def read_entry(kind: str, raw: Mapping[str, Raw], facts: EntryFacts, people: FormFacts) -> Read:
    """Return the entry that was typed, or everything that is wrong with it, in the order of the form.

    A field into which a picture or a file was pasted is emptied.

    Raises:
        UnreadableFormError: `raw` has a key that the form does not know.
    """
    pasted = [key for key, typed in raw.items() if _holds_a_file(typed)]
    kept = {key: typed for key, typed in raw.items() if key not in pasted}
    form = form_of(kind, facts)
    # No name of a case's own goes into what is kept of a form for the next time.
    checked = check(_without_names(form), kept, people)
    faults = {fault.field: fault.message for fault in checked.faults}
    faults |= dict.fromkeys(pasted, NO_PICTURES)
    attributes, unfit = _attributes(kind, checked.answers, facts)
    faults = unfit | faults
    order = [question.key for question in form.questions()]
    told = tuple(Fault(field=key, message=faults[key]) for key in sorted(faults, key=order.index))
    entry = None if told else _ENTRY.validate_python({"kind": kind, **attributes})
    return Read(raw=kept, answers=checked.answers, faults=told, entry=entry)


def _holds_a_file(typed: Raw) -> bool:
    return any(holds_a_file(text) for text in ((typed,) if isinstance(typed, str) else typed))


def _without_names(form: Form) -> Form:
    """Return `form` with keys in the place of the names of a case's subjects and allegations."""
    section = form.sections[0]
    fields = tuple(_nameless(field) if field.key in {"subject", "allegations"} else field for field in section.fields)
    return form.model_copy(update={"sections": (section.model_copy(update={"fields": fields}),)})


def _nameless(field: AnyField) -> AnyField:
    options = tuple(Option(key=option.key, label=option.key) for option in getattr(field, "options", ()))
    return field.model_copy(update={"options": options})


# The questions.


def _whom(entry: EntryForm, facts: EntryFacts) -> tuple[AnyField, ...]:
    """Return the question which of the subjects it is; none where there is only one."""
    subjects = facts.known.subjects
    if not entry.subject or len(subjects) < 2:
        return ()
    answers = {place: subject.name for place, subject in zip(_places(subjects), subjects.values(), strict=True)}
    return (choose("subject", "Which person?", answers),)


def _about(entry: EntryForm, facts: EntryFacts) -> tuple[AnyField, ...]:
    """Return the question which of the allegations it is about; none where there is only one."""
    keys = _allegations(entry, facts)
    if entry.about == "no" or len(keys) < 2:
        return ()
    known = facts.known.allegations
    options = tuple(
        Option(key=place, label=_label(known[key], facts))
        for place, key in zip(_places(known), known, strict=True)
        if key in keys
    )
    must = entry.about == "must" or _is_for_each(entry, facts)
    hint = None if must else "Leave it empty if it is about none of them in particular"
    missing = "Say which allegations it is about"
    return (
        ManyOf(
            type="many_of",
            key="allegations",
            label="Which allegations is it about?",
            hint=hint,
            required=must,
            missing=missing,
            options=options,
        ),
    )


def _allegations(entry: EntryForm, facts: EntryFacts) -> tuple[str, ...]:
    """Return the keys of the allegations that `entry` can be about; one that has ended does not end again."""
    known = facts.known.allegations
    if entry.kind != "outcome_recorded":
        return tuple(known)
    return tuple(key for key in known if not has_outcome(facts.past, key))


def _is_for_each(entry: EntryForm, facts: EntryFacts) -> bool:
    """Return whether a task of the pack wants such an entry for every allegation."""
    return any(task.each_allegation and entry.kind in task.done_by.event for task in facts.opening.process.tasks)


def _places(known: Mapping[str, object]) -> tuple[str, ...]:
    """Return what stands for each of `known` in a form: its place, which never changes."""
    return tuple(f"n{place}" for place, _ in enumerate(known, 1))


def _label(allegation: Allegation, facts: EntryFacts) -> str:
    subjects, topics = facts.known.subjects, {topic.key: topic.label for topic in facts.opening.process.topics}
    of = f" ({subjects[allegation.subject].name})" if len(subjects) > 1 and allegation.subject in subjects else ""
    return f"{topics.get(allegation.topic, allegation.topic)}: {one_line(allegation.what, _LONGEST_LABEL)}{of}"


def _own(entry: EntryForm, facts: EntryFacts) -> tuple[AnyField, ...]:
    """Return the entry's own questions; those whose answers the pack or the road of the case gives, with these."""
    if entry.kind in {"allegation_added", "safeguarding_concern_raised"}:
        topics = facts.opening.process.topics
        options = tuple(Option(key=place, label=one.label) for place, one in zip(_topics(facts), topics, strict=True))
        topic = OneOf(type="one_of", key="topic", label="What is it about?", required=True, options=options)
        return (topic, *entry.fields) if len(topics) > 1 else entry.fields
    if entry.kind == "decision_made":
        allowed = _allowed(facts)
        warns = any("warning" in key for key in allowed)
        rest = tuple(field for field in entry.fields[1:] if warns or field.key != "expires_on")
        if len(allowed) < 2:
            return rest
        return (choose("sanction", "What comes of it?", {key: SANCTIONS[key] for key in allowed}), *rest)
    return entry.fields


def _allowed(facts: EntryFacts) -> tuple[str, ...]:
    return _SANCTIONS.get(facts.procedure, _STAFF)


def _topics(facts: EntryFacts) -> tuple[str, ...]:
    return _places({topic.key: topic for topic in facts.opening.process.topics})


def _when(entry: EntryForm) -> tuple[AnyField, ...]:
    if entry.when == "no":
        return ()
    must = entry.when == "must"
    return (
        Day(type="date", key="happened", label="On which day did it happen?", required=must),
        ShortText(
            type="short_text",
            key="happened_time",
            label="At what time?",
            hint="Such as 4:50pm or 16:50",
            required=must,
            most=20,
        ),
    )


def _note(entry: EntryForm) -> tuple[AnyField, ...]:
    if not entry.note:
        return ()
    return (LongText(type="long_text", key="note", label=entry.note, required=entry.note_required),)


# What the answers make.


def _attributes(kind: str, answers: Answers, facts: EntryFacts) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the attributes of the entry, and what is wrong that no form can know, by question."""
    entry, known, faults = FORMS[kind], facts.known, dict[str, str]()
    own = {field.key for field in _own(entry, facts)}
    made: dict[str, Any] = {key: answer for key, answer in answers.items() if key in own or key == "note"}
    if entry.subject:
        made["subject"] = _chosen(tuple(known.subjects), answers.get("subject"))
    if entry.about != "no":
        made["allegations"] = _meant(entry, answers, facts)
        if entry.subject and any(known.allegations[key].subject != made["subject"] for key in made["allegations"]):
            asked = "allegations" if _about(entry, facts) else "subject"
            faults[asked] = "Choose only what is alleged of this person"
    if entry.when != "no":
        made["happened_at"], fault = _moment(answers, facts.now)
        faults |= fault
    change = _CHANGES.get(kind)
    if change is not None:
        faults |= change(made, answers, facts)
    return made, faults


def _chosen(keys: tuple[str, ...], place: Value | None) -> str:
    """Return which of `keys` stands in the place that was chosen; the one that there is, where nothing was asked."""
    by_place = dict(zip(_places(dict.fromkeys(keys)), keys, strict=True))
    return by_place.get(str(place), keys[0])


def _meant(entry: EntryForm, answers: Answers, facts: EntryFacts) -> tuple[str, ...]:
    keys = _allegations(entry, facts)
    if len(keys) < 2:
        return keys
    chosen, known = _several(answers.get("allegations")), facts.known.allegations
    return tuple(key for place, key in zip(_places(known), known, strict=True) if place in chosen)


def _several(answer: Value | None) -> tuple[str, ...]:
    return answer if isinstance(answer, tuple) else ()


def _moment(answers: Answers, now: datetime) -> tuple[datetime | None, dict[str, str]]:
    """Return when it happened, None where nothing was typed, and what is wrong with it."""
    day, typed = answers.get("happened"), str(answers.get("happened_time", ""))
    if day is None:
        return None, {"happened": "Type the day as well as the time"} if typed else {}
    if not typed:
        return None, {"happened_time": "Type the time as well as the day, such as 4:50pm"}
    at = _time_of_day(typed)
    if at is None:
        return None, {"happened_time": "Type the time like 4:50pm or 16:50"}
    moment = datetime.combine(date.fromisoformat(str(day)), at, LONDON)
    if moment > now:
        late = "happened_time" if moment.date() == local_day(now) else "happened"
        return None, {late: "It must not lie in the future"}
    return moment.astimezone(UTC), {}


def _time_of_day(text: str) -> time | None:
    """Return the time that `text` says, or None: `4:50pm`, `4pm`, `16:50`, `midday`, `midnight`."""
    said = text.strip().lower()
    if said in {"midday", "noon", "midnight"}:
        return time(0 if said == "midnight" else _NOON)
    found = _TIME.fullmatch(said)
    if found is None or not (found["minute"] or found["half"]):
        return None
    hour, minute = int(found["hour"]), int(found["minute"] or 0)
    if found["half"]:
        if not 1 <= hour <= _NOON:
            return None
        hour = hour % _NOON + (_NOON if found["half"].startswith("p") else 0)
    try:
        return time(hour, minute)
    except ValueError:
        return None


_Change: TypeAlias = Callable[[dict[str, Any], Answers, EntryFacts], dict[str, str]]
"""What makes of the answers more than attributes of the same name; it returns what is wrong with them, by question."""


def _yes(name: str) -> _Change:
    def change(made: dict[str, Any], answers: Answers, facts: EntryFacts) -> dict[str, str]:
        del facts
        made[name] = answers.get(name) == "yes"
        return {}

    return change


def _permits(made: dict[str, Any], answers: Answers, facts: EntryFacts) -> dict[str, str]:
    del facts
    made["permits"] = tuple(one for one in _several(answers.get("permits")) if one != NOTHING)
    return {}


def _corrected(made: dict[str, Any], answers: Answers, facts: EntryFacts) -> dict[str, str]:
    del facts
    if not {"name", "category"} <= answers.keys():
        return {}
    made["subject"] = Subject(
        key=made["subject"],
        name=str(made.pop("name")),
        category=made.pop("category"),
        person=made.pop("person", None),
    )
    return {}


def _alleged(made: dict[str, Any], answers: Answers, facts: EntryFacts) -> dict[str, str]:
    """Make the new allegation out of what was typed, under a key of its own."""
    known, topics = facts.known.allegations, facts.opening.process.topics
    place = answers.get("topic")
    topic = next((one for spot, one in zip(_topics(facts), topics, strict=True) if spot == place), topics[0])
    key = next(f"a{n}" for n in range(1, len(known) + 2) if f"a{n}" not in known)
    made.pop("topic", None)
    what = str(made.pop("what", ""))
    made["allegation"] = Allegation(key=key, subject=made.pop("subject"), topic=topic.key, what=what)
    return {}


def _claimed(made: dict[str, Any], answers: Answers, facts: EntryFacts) -> dict[str, str]:
    typed = str(made.pop("case", ""))
    clearance = facts.claims.get(read_reference(typed) or "")
    if clearance is None:
        return {"case": "No advice that you may see lets this case go on under that reference"} if typed else {}
    made["clearance"] = clearance
    return {}


def _appointed(made: dict[str, Any], answers: Answers, facts: EntryFacts) -> dict[str, str]:
    del answers
    return (
        {"person": "They cannot be asked in this case. Name somebody else"}
        if made.get("person") in facts.recused
        else {}
    )


def _decided(made: dict[str, Any], answers: Answers, facts: EntryFacts) -> dict[str, str]:
    del answers
    allowed = _allowed(facts)
    made.setdefault("sanction", allowed[0])
    warns = "warning" in made["sanction"]
    if warns == ("expires_on" in made):
        return {}
    why = "Type the day on which the warning ends" if warns else "Only a warning has an end. Leave it empty"
    return {"expires_on": why}


def _put_off(made: dict[str, Any], answers: Answers, facts: EntryFacts) -> dict[str, str]:
    """Say what is wrong with the day to which a hearing is put off (Employment Relations Act 1999, section 10)."""
    called = next((event for event in reversed(facts.past) if isinstance(event, HearingCalled)), None)
    if called is None or "on" not in answers:
        return {"on": "No hearing was called yet"} if called is None else {}
    try:
        days = days_between(called.on, date.fromisoformat(str(made["on"])), facts.opening.calendar)
    except CalendarTooShortError:
        days = _MOST_PUT_OFF + 1
    if 0 < days <= _MOST_PUT_OFF:
        return {}
    return {"on": f"It must be at most {_MOST_PUT_OFF} working days after {day_in_words(called.on)}"}


_CHANGES: Final[dict[str, _Change]] = {
    "suspension_decided": _yes("suspended"),
    "dbs_considered": _yes("referred"),
    "tra_considered": _yes("referred"),
    "lado_advice_recorded": _permits,
    "subject_corrected": _corrected,
    "allegation_added": _alleged,
    "safeguarding_concern_raised": _alleged,
    "clearance_claimed": _claimed,
    "investigator_appointed": _appointed,
    "decision_made": _decided,
    "hearing_postponed": _put_off,
}
