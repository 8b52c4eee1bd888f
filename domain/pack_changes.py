"""What a new pack changes, in plain words: all of it, and what of it a running case would feel."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from enum import Enum
from typing import Any, Final

from pydantic import BaseModel

from domain.base import Frozen
from domain.calendar import Calendar
from domain.cases import Opening, Standing
from domain.events import Approved, HoldReleased, Recorded, RequestEdited
from domain.pack import CalendarRules, Notice, Pack
from domain.words import day_in_words, listed

_PARTS: Final = {
    "schools": "school",
    "seats": "seat",
    "terms": "term",
    "closures": "closure",
    "contacts": "contact",
    "clauses": "clause",
    "forms": "form",
    "sections": "section",
    "fields": "question",
    "options": "option",
    "reveals": "question",
    "processes": "process",
    "steps": "step",
    "confirmations": "confirmation",
    "notices": "mail",
    "rules": "rule",
    "not_offered": "process that is not offered",
    "topics": "topic",
    "routes": "route",
    "tasks": "task",
    "rounds": "round",
    "documents": "document",
    "cites": "citation",
}
"""What the lists of a pack hold, one of each in words."""

_SAYS: Final = {
    "stands_in": "who stands in",
    "from_field": "the question that names who holds it",
    "kinds": "who may hold it",
    "may_start": "who may start it",
    "seats": "whom it asks",
    "needs": "how many of its seats have to approve",
    "approves": "what is approved",
    "attestation": "what is signed",
    "sign_in": "whether deciding needs a sign-in",
    "answer_within": "the working days to answer",
    "remind_on": "the working days after which it reminds",
    "escalate_on": "the working days after which those who stand in are asked",
    "lapse_on": "the working days after which it lapses",
    "pauses_in_holidays": "whether school holidays stop the clock",
    "runs_from_told": "whether the clock runs from the day on which the mail came",
    "settles_within": "the minutes after the last approval",
    "changes": "changes by the author",
    "back_to": "the step to which it goes back",
    "ahead": "the date that has to lie ahead",
    "material": "whether a change of it voids approvals",
    "cites": "the demands it meets",
    "same": "whether it has to be the same version, or the same allegation",
    "subjects": "whom it is about",
    "involved": "who is involved",
    "ladders": "who sees to it",
    "told": "who is told",
    "at_risk": "whether a child could be at risk by its nature",
    "done_by": "what says that it was done",
    "each_allegation": "whether it is done for each allegation",
    "procedures": "on which roads",
    "when": "after what it comes",
    "unless": "after what it does not come",
    "safeguarding": "whether its clock never stops",
    "escalate_when_overdue": "whether those who stand in are asked when it is overdue",
    "stops_clocks": "whether it stops clocks",
    "proclaimed": "the one-off bank holidays",
    "inset_days": "the INSET days",
    "pension_age": "until which age a case is kept",
    "child_abuse_years": "for how many years what may concern abuse is kept",
    "leads_to": "what begins once it is approved",
    "at_least": "how many have to be there",
    "grace": "the working days with fewer",
    "going_live_ahead": "the days before going live on which it is asked for",
    "closing_ahead": "the days before the closing on which it is asked for",
    "closing_told": "the days before the closing on which it is told",
    "months": "the months from one review to the next",
    "owner": "whose it is",
    "remind_before": "the days before on which it reminds",
    "told_again": "how often an overdue review is told of again",
    "signed": "whether everybody signs each new version",
    "audience": "who signs",
    "chase_on": "the working days after which others are told",
    "chase": "who is told that somebody has not signed",
    "chase_next": "the working days after which the next of them is told",
    "chase_again": "the working days after which all of them are told again",
    "visitors": "whether visitors sign",
    "now": "the latest edition that is known",
    "labels": "its own words for what it prints",
}
"""What an attribute says, where its name is not plain enough."""

_FELT: Final = (
    "changes",
    "settles_within",
    "rules",
    "tasks",
    "rounds",
    "cover",
    "cycle",
    "campaign",
    "going_live_ahead",
    "closing_ahead",
    "closing_told",
    "leads_to",
)
"""What a case that moves on takes of the new process besides its steps and its mails."""

_BEHIND: Final = frozenset({"request_submitted"})
"""What happened once and for all when the case began: no mail about it is still to come."""

_TITLES: Final = ("id", "title", "label", "where", "name", "message", "key")
"""By which attribute a part of a pack is called: the first that it has."""


class Difference(Frozen):
    """One thing that is another in the new pack: in which part of it, and what became of it."""

    part: str
    words: str

    def __str__(self) -> str:
        """Return the difference as one line."""
        return f"{self.part}: {self.words}"


def differences(old: Pack, new: Pack) -> tuple[Difference, ...]:
    """Return everything in which `new` is another than `old`; the name of its folder is nothing."""
    return tuple(_between("pack", old, new))


def if_moved(
    old: Pack, new: Pack, opening: Opening, standing: Standing, history: Sequence[Recorded]
) -> tuple[str, ...]:
    """Return what would be different for a case under `old` that moved on to `new`, a line for each difference."""
    before, after = opening.process, new.process(opening.process.key)
    if after is None:
        return ("it cannot move on: the new pack does not offer this process",)
    if standing.disputed:
        return ("it cannot move on: an answer is disputed, which has to be settled first",)
    approved = _approved(opening, standing, history)
    lines = []
    for step in after.steps:
        was = before.step(step.key)
        if was is None:
            lines.append(f"step “{step.title}” is asked too: it is new")
        elif step.key not in approved:
            lines += map(str, _between(f"step “{was.title}”", was, step))
        elif was.signed != step.signed:
            lines.append(f"step “{step.title}” is asked again: what was approved is not what is signed now")
    kept = {step.key for step in after.steps}
    lines += [
        f"step “{step.title}” is not asked any more"
        for step in before.steps
        if step.key not in kept and step.key not in approved
    ]
    asking = [seat for step in after.steps if step.key not in approved for seat in step.seats]
    asking += [task.seat for task in (*after.tasks, *after.rounds)]
    for key in dict.fromkeys(asking):
        held, holds = old.seat(key), new.seat(key)
        if held is not None and holds is not None:
            lines += map(str, _between(f"seat “{held.title}”", held, holds))
    for name in _FELT:
        lines += map(str, _attribute("process", name, getattr(before, name), getattr(after, name)))
    lines += map(str, _attribute("process", "notices", _to_come(before.notices), _to_come(after.notices)))
    lines += map(str, _calendar(old.calendar, opening.calendar, new.calendar))
    if old.form(before.form) != new.form(after.form):
        lines.append("its form is another: what was answered is checked against it before an approval counts")
    return tuple(lines)


def _approved(opening: Opening, standing: Standing, history: Sequence[Recorded]) -> frozenset[str]:
    """Return the steps of a case that nobody has to be asked again as it stands."""
    steps = [step.key for step in opening.process.steps]
    changes = opening.process.changes
    approved: set[str] = set()
    for said in history:
        event = said.event
        if isinstance(event, Approved):
            approved.add(event.step)
        elif isinstance(event, RequestEdited) and event.material:
            back_to = changes.back_to if changes is not None else steps[0]
            approved -= set(steps[steps.index(back_to) :])
        elif isinstance(event, HoldReleased) and not event.stands:
            approved.discard(event.step)
    return frozenset(approved) - {ask.step for ask in standing.asks}


def _to_come(notices: Sequence[Notice]) -> tuple[Notice, ...]:
    return tuple(notice for notice in notices if notice.on not in _BEHIND)


def _calendar(old: CalendarRules, known: Calendar, new: CalendarRules) -> Iterator[Difference]:
    """Yield in what `new` is another than what a case goes by, which may `known` more than `old` by now."""
    proclaimed = {*old.proclaimed, *new.proclaimed} & known.bank_holidays
    goes_by = {"terms": known.terms, "closures": known.closures}
    days = {"proclaimed": tuple(sorted(proclaimed)), "inset_days": tuple(sorted(known.inset_days))}
    sorted_days = {"proclaimed": tuple(sorted(new.proclaimed)), "inset_days": tuple(sorted(new.inset_days))}
    yield from _between("calendar", old.model_copy(update=goes_by | days), new.model_copy(update=sorted_days))


def _between(part: str, old: BaseModel, new: BaseModel) -> Iterator[Difference]:
    for name in dict.fromkeys((*type(old).model_fields, *type(new).model_fields)):
        if name not in {"key", "id"}:
            yield from _attribute(part, name, getattr(old, name, None), getattr(new, name, None))


def _attribute(part: str, name: str, old: Any, new: Any) -> Iterator[Difference]:  # noqa: ANN401 -- anything in a pack
    if old == new:
        return
    if _holds_parts(old) or _holds_parts(new):
        yield from _lists(part, _PARTS[name], old or (), new or ())
    elif isinstance(old, BaseModel) and isinstance(new, BaseModel) and not _is_phrase(old):
        yield from _between(_within(part, _SAYS.get(name, name)), old, new)
    elif name == "changes":
        words = "are possible now" if old is None else "are not possible any more"
        yield Difference(part=_within(part, _SAYS[name]), words=words)
    elif name == "text":
        yield Difference(part=part, words="its text is another")
    elif name in {"reviews", "retention", "cover", "cycle", "campaign"}:
        yield Difference(part=_within(part, name), words="is new" if old is None else "is gone")
    else:
        says = _SAYS.get(name, name.replace("_", " "))
        yield Difference(part=part, words=f"{says} was {_said(old)}, is now {_said(new)}")


def _holds_parts(value: object) -> bool:
    return isinstance(value, tuple) and any(isinstance(one, BaseModel) for one in value)


def _is_phrase(value: BaseModel) -> bool:
    """Return whether `value` is told in a phrase: a pattern or a condition of a rule."""
    return {"event", "any_of"} & set(type(value).model_fields) != set()


def _lists(part: str, noun: str, old: Sequence[BaseModel], new: Sequence[BaseModel]) -> Iterator[Difference]:
    before, after = _by_name(old), _by_name(new)
    for name, one in before.items():
        if name not in after:
            yield Difference(part=_within(part, f"{noun} {_title(one)}"), words="is gone")
        else:
            yield from _between(_within(part, f"{noun} {_title(one)}"), one, after[name])
    for name, one in after.items():
        if name not in before:
            yield Difference(part=_within(part, f"{noun} {_title(one)}"), words="is new")
    kept = [name for name in before if name in after]
    if kept != [name for name in after if name in before]:
        order = listed(tuple(_title(one) for one in after.values()))
        yield Difference(part=part, words=f"{noun} comes after {noun} in another order now: {order}")


def _by_name(parts: Sequence[BaseModel]) -> dict[tuple[object, ...], BaseModel]:
    """Return `parts` by what tells each from the others: its key, or what else it speaks of."""
    seen: Counter[tuple[object, ...]] = Counter()
    named = {}
    for one in parts:
        name = tuple(
            str(getattr(one, attribute))
            for attribute in ("key", "id", "name", "rule", "field", "other", "when", "on", "template")
            if hasattr(one, attribute)
        )
        name = name[:1] if hasattr(one, "key") or hasattr(one, "id") else name
        seen[name] += 1
        named[(*name, seen[name])] = one
    return named


def _title(part: BaseModel) -> str:
    if hasattr(part, "template"):
        return f"“{getattr(part, 'template', '')}” on {getattr(part, 'on', '')}"
    titles = (getattr(part, name) for name in _TITLES if getattr(part, name, None))
    return f"“{next(titles, '')}”"


def _within(part: str, name: str) -> str:
    return name if part == "pack" else f"{part}, {name}"


def _said(value: object) -> str:
    match value:
        case None | () | "":
            return "nothing"
        case bool():
            return "yes" if value else "no"
        case date():
            return day_in_words(value)
        case Enum():
            return str(value.value)
        case str():
            return f"“{value}”"
        case tuple():
            return listed(tuple(_said(one) if isinstance(one, Enum | date) else str(one) for one in value))
        case dict():
            return "; ".join(f"{name} {_said(one)}" for name, one in value.items())
        case BaseModel():
            said = (getattr(value, name) for name in type(value).model_fields)
            return "“" + " ".join(_plain(one) for one in said if one) + "”"
        case _:
            return str(value)


def _plain(value: object) -> str:
    if isinstance(value, dict):
        return " ".join(f"{name} {_plain(one)}" for name, one in value.items())
    return " or ".join(value) if isinstance(value, tuple) else str(value)
