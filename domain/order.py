"""Order rules: what must have happened before what, and who may not do both.

The same function judges an event as it happens, what the explorer can reach, and an exported case years later.
"""

from collections.abc import Sequence

from domain.events import AnyEvent
from domain.pack import Before, EventMatch, OrderRule


def first_violation(rules: Sequence[OrderRule], events: Sequence[AnyEvent]) -> tuple[int, OrderRule] | None:
    """Return the place (from 0) of the first event that breaks a rule, with that rule, or None."""
    for place in range(len(events)):
        rule = forbidding_rule(rules, events[:place], events[place])
        if rule is not None:
            return place, rule
    return None


def forbidding_rule(rules: Sequence[OrderRule], past: Sequence[AnyEvent], event: AnyEvent) -> OrderRule | None:
    """Return the first rule that `event` would break after `past`, or None."""
    return next((rule for rule in rules if matches(rule.then, event) and not _keeps(rule, past, event)), None)


def matches(pattern: EventMatch, event: AnyEvent) -> bool:
    """Return whether `event` is one that `pattern` speaks of."""
    return (
        event.kind == pattern.event
        and (pattern.step is None or getattr(event, "step", None) == pattern.step)
        and (pattern.confirmation is None or getattr(event, "confirmation", None) == pattern.confirmation)
    )


def _keeps(rule: OrderRule, past: Sequence[AnyEvent], event: AnyEvent) -> bool:
    earlier = [before for before in past if matches(rule.first, before)]
    if isinstance(rule, Before):
        if not rule.same_version:
            return bool(earlier)
        return any(getattr(before, "version", None) == getattr(event, "version", None) for before in earlier)
    return all(getattr(before, "by", None) != getattr(event, "by", None) for before in earlier)
