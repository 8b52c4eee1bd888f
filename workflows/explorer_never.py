"""What never happens, however a process is played: steps that nobody is asked for, and ends that nothing leads to."""

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import get_type_hints

from domain.entry_texts import FORMS
from domain.pack import Process
from workflows.case import Story
from workflows.explorer_found import Explored

_REFUSED = "refused"
"""How a case ends that its own rules stop: nothing that a pack is written for."""


def never(process: Process, story: Callable[[], Story], explored: Sequence[Explored]) -> tuple[str, ...]:
    """Return what nobody can do in any of the ways that were `explored`, a sentence each."""
    asked = frozenset().union(*(one.asked for one in explored))
    reached = frozenset().union(*(one.reached for one in explored))
    accepted = frozenset().union(*(one.accepted for one in explored))
    recorded = frozenset().union(*(one.recorded for one in explored))
    ended = frozenset().union(*(one.outcomes for one in explored))
    there = [*process.steps, *process.tasks, *(one for one in (process.changes, process.reviews) if one is not None)]
    return (
        *(f"“{one.title}” is never asked for" for one in there if one.key not in asked),
        *(f"“{one.title}” never reaches anybody" for one in there if one.key in asked - reached),
        *(f"nobody can ever record {FORMS[kind].thing}" for kind in sorted(accepted - recorded)),
        *(f"no case ever ends as “{end}”" for end in _ends(process, story) if end not in ended),
        *(f"a case ends as “{end}”, stopped by its own rules" for end in sorted(ended & {_REFUSED})),
    )


def _ends(process: Process, story: Callable[[], Story]) -> list[str]:
    """Return how a case can end, as the story says: but by its own rules, or by silence where none is given a time."""
    ends = get_type_hints(type(story()).run).get("return")
    if not (isinstance(ends, type) and issubclass(ends, StrEnum)):
        return []
    lapses = any(one.lapse_on is not None for one in (*process.steps, process.changes) if one is not None)
    return [end.value for end in ends if end.value != _REFUSED and (end.value != "lapsed" or lapses)]
