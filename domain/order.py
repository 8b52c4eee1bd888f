"""Order rules: what must have happened before what, and who may not do both.

The same function judges an event as it happens, what the explorer can reach, and an exported case years later.
"""

from collections.abc import Callable, Sequence
from typing import Final

from domain.base import Frozen
from domain.events import AnyEvent, HoldReleased
from domain.pack import Before, DifferentPeople, EventMatch, NotBetween, OrderRule, Permitted

_ANSWERS: Final = frozenset({"approved", "confirmed", "returned", "rejected"})


def first_violation(rules: Sequence[OrderRule], events: Sequence[AnyEvent]) -> tuple[int, OrderRule] | None:
    """Return the place (from 0) of the first event that breaks a rule, with that rule, or None."""
    for place in range(len(events)):
        rule = forbidding_rule(rules, events[:place], events[place])
        if rule is not None:
            return place, rule
    return None


def forbidding_rule(rules: Sequence[OrderRule], past: Sequence[AnyEvent], event: AnyEvent) -> OrderRule | None:
    """Return the first rule that `event` would break after `past`, or None."""
    return next((rule for rule in rules if _speaks_of(rule, event) and not _keeps(rule, past, event)), None)


def barred(rules: Sequence[OrderRule], past: Sequence[AnyEvent], step: str, version: int) -> frozenset[str]:
    """Return who may not approve `step` of that version: who did what a rule wants somebody else to do."""
    others = [one for one, other in _apart(rules) if "approved" in other.event and other.step in {None, step}]
    return frozenset(
        str(getattr(before, "by", ""))
        for before in standing(past)
        if _version(before) in {None, version} and any(matches(other, before) for other in others)
    )


def drafting_apart(rule: OrderRule) -> bool:
    """Return whether a rule keeps who drafts a new version of a document from deciding about it."""
    if not isinstance(rule, DifferentPeople):
        return False
    return any(
        "draft_ready" in one.event and _ANSWERS & set(other.event)
        for one, other in ((rule.first, rule.then), (rule.then, rule.first))
    )


def barred_from(rules: Sequence[OrderRule], past: Sequence[AnyEvent], kinds: Sequence[str]) -> frozenset[str]:
    """Return who may not record an entry of `kinds`: who did, or is to do, what a rule wants somebody else to do."""
    others = [one for one, other in _apart(rules) if set(other.event) & set(kinds)]
    found = [before for before in past if any(matches(other, before) for other in others)]
    return frozenset(who for before in found if (who := _doer(before)))


def matches(pattern: EventMatch, event: AnyEvent) -> bool:
    """Return whether `event` is one that `pattern` speaks of."""
    return (
        event.kind in pattern.event
        and (pattern.step is None or getattr(event, "step", None) == pattern.step)
        and (pattern.confirmation is None or getattr(event, "confirmation", None) == pattern.confirmation)
        and all(_says(event, name) & set(wanted) for name, wanted in pattern.where.items())
    )


def _says(event: AnyEvent, name: str) -> set[str]:
    said = getattr(event, name, None)
    parts = said if isinstance(said, tuple) else (said,)
    return {str(one).lower() if isinstance(one, bool) else str(one) for one in parts}


def standing(past: Sequence[AnyEvent]) -> list[AnyEvent]:
    """Return the events of `past`, less what belongs to an answer that was disputed and is void."""
    void = {event.ask for event in past if isinstance(event, HoldReleased) and not event.stands}
    return [event for event in past if event.kind not in _ANSWERS or getattr(event, "ask", None) not in void]


def is_between(opens: EventMatch, closes: EventMatch, past: Sequence[AnyEvent]) -> bool:
    """Return whether the last event of the two kinds is one that opens."""
    for event in reversed(past):
        if matches(closes, event):
            return False
        if matches(opens, event):
            return True
    return False


def _apart(rules: Sequence[OrderRule]) -> list[tuple[EventMatch, EventMatch]]:
    """Return what two different people have to do, both ways round."""
    apart = [rule for rule in rules if isinstance(rule, DifferentPeople)]
    return [(rule.first, rule.then) for rule in apart] + [(rule.then, rule.first) for rule in apart]


def _speaks_of(rule: OrderRule, event: AnyEvent) -> bool:
    """Return whether a rule can forbid events of that kind."""
    return event.kind in rule.then.event or (isinstance(rule, DifferentPeople) and event.kind in rule.first.event)


def _keeps(rule: OrderRule, past: Sequence[AnyEvent], event: AnyEvent) -> bool:
    match rule:
        case DifferentPeople():
            others = [other for one, other in ((rule.then, rule.first), (rule.first, rule.then)) if matches(one, event)]
            return not others or not any(
                any(matches(other, before) for other in others) and _by_the_same(before, event)
                for before in standing(past)
            )
        case Before():
            return not matches(rule.then, event) or _came_before(rule, past, event)
        case Permitted():
            return not matches(rule.then, event) or _is_permitted(rule, past, event)
        case NotBetween():
            return not matches(rule.then, event) or not is_between(rule.opens, rule.closes, past)


def _came_before(rule: Before, past: Sequence[AnyEvent], event: AnyEvent) -> bool:
    first = [before for before in standing(past) if matches(rule.first, before)]
    if rule.same == "allegation":
        wanted, still = about(event), still_about(past)
        return bool(wanted) and wanted <= {key for before in first for key in still(before)}
    versions = {getattr(before, "version", None) for before in first}
    return bool(first) and (rule.same is None or getattr(event, "version", None) in versions)


def _is_permitted(rule: Permitted, past: Sequence[AnyEvent], event: AnyEvent) -> bool:
    """Return whether the latest `first` about each allegation of `event` permits it."""
    latest: dict[str, AnyEvent] = {}
    still = still_about(past)
    for before in past:
        if matches(rule.first, before):
            latest |= dict.fromkeys(still(before), before)
    wanted = about(event)
    return bool(wanted) and all(rule.permit in getattr(latest.get(key), "permits", ()) for key in wanted)


def about(event: Frozen) -> frozenset[str]:
    """Return the keys of the allegations that `event` is about."""
    return frozenset(getattr(event, "allegations", ()))


def still_about(past: Sequence[AnyEvent]) -> Callable[[AnyEvent], frozenset[str]]:
    """Return what tells of an event of `past` which allegations it still speaks of.

    Where somebody else turned out to be the subject, what happened before says nothing of the allegations any more.
    """
    replaced = {key: n for n, event in enumerate(past) if vars(event).get("replaces") for key in about(event)}
    if not replaced:
        return about
    places = {id(event): n for n, event in enumerate(past)}
    return lambda event: frozenset(key for key in about(event) if places[id(event)] > replaced.get(key, -1))


def _doer(event: AnyEvent) -> str | None:
    """Return whose part in the case `event` is: who was appointed by it, or else who did it."""
    said = vars(event)
    return said.get("person") or said.get("by") or None


def _version(event: AnyEvent) -> int | None:
    """Return of which version of the form `event` is; that of a document is none of a form."""
    version = getattr(event, "version", None)
    return version if isinstance(version, int) else None


def _by_the_same(before: AnyEvent, event: AnyEvent) -> bool:
    """Return whether the same person did both, for the same version of the form where both are of one."""
    versions = {_version(before), _version(event)} - {None}
    return len(versions) <= 1 and _doer(before) is not None and _doer(before) == _doer(event)
