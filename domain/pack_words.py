"""What a pack lays down, in plain words: events that its rules and tasks speak of, and its order rules."""

from collections.abc import Iterable, Mapping
from typing import Final

from domain.allegations import Procedure
from domain.entry_texts import FORMS
from domain.entry_words import OUTCOMES, PERMITS, SANCTIONS, SEVERITIES, SOURCES, SUPPORTED, YES_NO
from domain.pack import Before, Clocks, DifferentPeople, EventMatch, NotBetween, OrderRule, Permitted, Process
from domain.round_texts import FORMS as ROUND_FORMS
from domain.words import listed

ROADS: Final[dict[Procedure, str]] = {
    "staff": "staff of the school",
    "central_staff": "staff whom the trust employs centrally",
    "governor": "governors and trustees",
    "end_of_appointment": "supply staff, contractors and volunteers",
    "behaviour": "pupils",
    "public": "members of the public",
}
"""Of whom a matter is that takes each road, in a sentence."""

_THINGS: Final = {
    "request_submitted": "the request",
    "request_edited": "a change of the request",
    "request_withdrawn": "that the request is withdrawn",
    "approved": "an approval",
    "confirmed": "a confirmation",
    "returned": "that it is returned for changes",
    "rejected": "a rejection",
    "site_approved": "the approval of the site",
    "site_registered": "the entry in the register of approved sites",
    "site_changed": "the change of the site",
    "closure_proposed": "that Duly proposes to close the site early",
    "change_turned_down": "that a change of the site is turned down",
    "cover_changed": "how many are there who run the site",
    "date_coming": "that a date comes",
    "review_overdue": "that the review is overdue",
    "version_adopted": "a new version that is in force",
    "allegation_recorded": "what was reported",
    "matter_recorded": "what was reported",
    "case_cleared": "that the case may go on",
    "case_halted": "that what cleared the case does not hold any more",
    "case_cancelled": "that an administrator cancelled it",
}
"""What events are called inside a sentence that nobody fills in a form for."""

_WHERE: Final = {
    ("allegation_recorded", "images"): "where indecent images of a child may be involved",
    ("allegation_recorded", "danger"): "where somebody may be in danger",
}
"""What is said of what was reported, where that reads better than a list of answers."""

_ANSWERS: Final[Mapping[tuple[str, str], Mapping[str, str]]] = {
    ("lado_advice_recorded", "permits"): PERMITS,
    ("decision_made", "sanction"): SANCTIONS,
    ("procedure_chosen", "severity"): SEVERITIES,
    ("outcome_recorded", "outcome"): {key: label.partition(":")[0] for key, label in OUTCOMES.items()},
    ("advice_taken", "source"): SOURCES,
    ("support_offered", "to"): SUPPORTED,
    ("case_to_answer_decided", "answer"): YES_NO,
    ("case_routed", "procedure"): {str(road): of_whom for road, of_whom in ROADS.items()},
}

_SAME: Final = {
    None: "",
    "version": ", for the same version of the form",
    "allegation": ", about each allegation",
}


def working_days(days: int) -> str:
    """Return a number of working days as people say it, as the end of “within …”."""
    if days == 0:
        return "the same or the next working day"
    return f"{days} working day{'' if days == 1 else 's'}"


def pattern_in_words(pattern: EventMatch, process: Process) -> str:
    """Return the events that `pattern` speaks of, inside a sentence."""
    return listed(tuple(dict.fromkeys(_thing(kind, pattern, process) for kind in pattern.event)), "or")


def _thing(kind: str, pattern: EventMatch, process: Process) -> str:
    where = _where(kind, pattern)
    if where:
        return f"{_THINGS[kind]}, {where}"
    step = process.step(pattern.step or "")
    if kind == "confirmed":
        confirmed = [
            one.label for step in process.steps for one in step.confirmations if one.key == pattern.confirmation
        ]
        return f"the confirmation “{confirmed[0].rstrip('.')}”" if confirmed else _THINGS[kind]
    if kind == "approved" and step is not None:
        return f"the approval “{step.title}”"
    form = FORMS.get(kind) or ROUND_FORMS.get(kind)
    thing = form.thing if form is not None else _THINGS.get(kind, kind.replace("_", " "))
    answers = [_lowered(_answer(kind, name, one)) for name, wanted in pattern.where.items() for one in wanted]
    return f"{thing} ({listed(tuple(answers), 'or')})" if answers else thing


def _where(kind: str, pattern: EventMatch) -> str:
    return next((_WHERE[kind, name] for name in pattern.where if (kind, name) in _WHERE), "")


def when_in_words(pattern: EventMatch, process: Process) -> str:
    """Return that something comes only after such an event, inside a sentence."""
    where = _where(pattern.event[0], pattern)
    return f"only {where}" if where else f"only once this is on record: {pattern_in_words(pattern, process)}"


def _answer(kind: str, name: str, value: str) -> str:
    return _ANSWERS.get((kind, name), {}).get(value, value.replace("_", " "))


def rule_in_words(rule: OrderRule, process: Process) -> str:
    """Return an order rule as one or two sentences, without its clause."""

    def said(pattern: EventMatch) -> str:
        return pattern_in_words(pattern, process)

    match rule:
        case Before():
            return f"First {said(rule.first)}; only then {said(rule.then)}{_SAME[rule.same]}."
        case DifferentPeople():
            return f"Nobody has a part in both: {said(rule.first)}; and {said(rule.then)}."
        case Permitted():
            permits = _lowered(PERMITS[rule.permit])
            return f"Only where {said(rule.first)} permits it ({permits}): {said(rule.then)}."
        case NotBetween():
            return _between(rule, process)


def _between(rule: NotBetween, process: Process) -> str:
    then = pattern_in_words(rule.then, process)
    roads = rule.opens.where.get("procedure", ())
    if rule.opens.event == ("case_routed",) and roads:
        of_whom = listed(tuple(ROADS.get(road, road) for road in roads), "or")  # type: ignore[call-overload]
        return f"Never in a matter about {of_whom}: {then}."
    opens, closes = pattern_in_words(rule.opens, process), pattern_in_words(rule.closes, process)
    still = " Meanwhile every clock stands still but those of tasks that keep children from harm."
    return (
        f"After this is on record: {opens}; and until this is: {closes}; nothing of this may come: {then}."
        f"{still if rule.stops_clocks else ''}"
    )


def how_long(clocks: Clocks) -> str:
    """Return how long somebody who is asked has, as a sentence without a full stop."""
    within = working_days(clocks.answer_within)
    said = f"Within {within}" if clocks.answer_within else f"On {within}"
    more = [
        *(["days between the school's terms do not count"] if clocks.pauses_in_holidays else []),
        *(["nor days on which the mail could not be delivered"] if clocks.runs_from_told else []),
        *(["its clock never stands still"] if getattr(clocks, "safeguarding", False) else []),
    ]
    return "; ".join((said, *more))


def in_silence(clocks: Clocks, stands_in: str) -> str:
    """Return what happens where nobody who is asked does anything, as sentences.

    `stands_in` is who is asked as well once it is escalated, in a sentence.
    """
    days = tuple(str(day) for day in clocks.remind_on)
    reminded = f"Reminded on working day{'' if len(days) == 1 else 's'} {listed(days)}."
    escalated = f"{stands_in[:1].upper()}{stands_in[1:]} is asked as well"
    said = [
        *([reminded] if days else []),
        *([f"{escalated} on working day {clocks.escalate_on}."] if clocks.escalate_on is not None else []),
        *([f"{escalated} once it is overdue."] if clocks.escalate_when_overdue else []),
        *([f"It lapses after working day {clocks.lapse_on}."] if clocks.lapse_on is not None else []),
    ]
    return " ".join(said) or "Nothing: it goes on waiting."


def kinds_in_words(kinds: Iterable[str]) -> str:
    """Return kinds of people, as a list inside a sentence."""
    return listed(tuple(_KINDS.get(kind, kind) for kind in kinds))


_KINDS: Final = {
    "employee": "employees",
    "governor": "governors",
    "trustee": "trustees",
    "contractor": "contractors",
    "volunteer": "volunteers",
    "agency": "agency staff",
    "trainee": "trainees",
    "apprentice": "apprentices",
    "self_employed": "the self-employed",
    "consultant": "consultants",
    "student": "students",
    "external": "people from outside",
}


def _lowered(text: str) -> str:
    return text[:1].lower() + text[1:]
