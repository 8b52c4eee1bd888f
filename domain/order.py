"""Order rules: what must have happened before what, and who may not do both.

The same function judges an event as it happens, what the explorer can reach, and an exported case years later.
"""

from collections.abc import Sequence
from typing import Final

from domain.events import AnyEvent, HoldReleased
from domain.pack import DifferentPeople, EventMatch, OrderRule

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
    return next((rule for rule in rules if not _keeps(rule, past, event)), None)


def barred(rules: Sequence[OrderRule], past: Sequence[AnyEvent], step: str, version: int) -> frozenset[str]:
    """Return who may not approve `step` of that version: who did what a rule wants somebody else to do."""
    apart = [rule for rule in rules if isinstance(rule, DifferentPeople)]
    pairs = [(rule.first, rule.then) for rule in apart] + [(rule.then, rule.first) for rule in apart]
    others = [one for one, other in pairs if other.event == "approved" and other.step in {None, step}]
    return frozenset(
        str(getattr(before, "by", ""))
        for before in standing(past)
        if getattr(before, "version", version) == version and any(matches(other, before) for other in others)
    )


def matches(pattern: EventMatch, event: AnyEvent) -> bool:
    """Return whether `event` is one that `pattern` speaks of."""
    return (
        event.kind == pattern.event
        and (pattern.step is None or getattr(event, "step", None) == pattern.step)
        and (pattern.confirmation is None or getattr(event, "confirmation", None) == pattern.confirmation)
    )


def standing(past: Sequence[AnyEvent]) -> list[AnyEvent]:
    """Return the events of `past`, less what belongs to an answer that was disputed and is void."""
    void = {event.ask for event in past if isinstance(event, HoldReleased) and not event.stands}
    return [event for event in past if event.kind not in _ANSWERS or getattr(event, "ask", None) not in void]


def _keeps(rule: OrderRule, past: Sequence[AnyEvent], event: AnyEvent) -> bool:
    if isinstance(rule, DifferentPeople):
        return not any(
            matches(one, event) and matches(other, before) and _by_the_same(before, event)
            for one, other in ((rule.then, rule.first), (rule.first, rule.then))
            for before in standing(past)
        )
    return not matches(rule.then, event) or any(
        matches(rule.first, before)
        and (not rule.same_version or getattr(before, "version", None) == getattr(event, "version", None))
        for before in standing(past)
    )


def _by_the_same(before: AnyEvent, event: AnyEvent) -> bool:
    """Return whether the same person did both, for the same version of the form where both are of one."""
    versions = {getattr(before, "version", None), getattr(event, "version", None)} - {None}
    return len(versions) <= 1 and getattr(before, "by", None) == getattr(event, "by", None)
