"""A case that is watched: what its story looks up in the past, and what the story's own code names."""

import sys
from collections.abc import Iterable, Iterator
from functools import cache
from types import CodeType, FunctionType
from typing import Final, TypeVar, get_args

from pydantic import BaseModel

from domain.cases import Opening
from domain.entries import Entry
from domain.events import AnyEvent
from domain.pack import EventMatch, NotBetween, Task
from workflows.case import Case
from workflows.strands import Story
from workflows.turn import Host

E = TypeVar("E", bound=BaseModel)

KIND_OF: Final[dict[str, type[BaseModel]]] = {
    kind.model_fields["kind"].default: kind for kind in get_args(get_args(AnyEvent)[0])
}
"""Every kind of event."""

_NO_STORY: Final = frozenset(
    {
        *("workflows.case", "workflows.approvals", "workflows.clockwork", "workflows.reaching", "workflows.tasks"),
        *("workflows.turn", "workflows.acts", "workflows.acts_on_record", "workflows.acts_of_the_asked"),
        *("workflows.acts_of_the_author", "workflows.acts_of_administrators", "workflows.acts_of_duly"),
        *("workflows.explorer_search", __name__),
    }
)
"""Where a case looks through its own past; what it looks for there, `explorer_past` knows."""


class Looks:
    """What a story is known to look up: `kinds` of events, of which `counted` how many there are, and what holds.

    `between` are an opening kind and a closing one, of which it asks which came last.
    """

    def __init__(self) -> None:
        """Begin with nothing."""
        self.kinds: set[str] = set()
        self.counted: set[str] = set()
        self.between: set[tuple[str, str]] = set()


class Watched(Case):
    """A case that notes which kinds of events its story looks up, and finds nothing anew while nothing has changed."""

    def __init__(self, opening: Opening, host: Host, looks: Looks, of_every_case: frozenset[str]) -> None:
        """Note what is looked up in `looks`; `of_every_case` are kinds that change what is to be done."""
        process = opening.process
        asked = [one for task in process.tasks for one in (task.done_by, task.when, task.unless) if one is not None]
        holds = [rule for rule in process.rules if isinstance(rule, NotBetween) and rule.stops_clocks]
        self._looks = looks
        self._of_tasks = of_every_case | {kind for one in asked for kind in one.event}
        self._of_holds = {kind for rule in holds for one in (rule.opens, rule.closes) for kind in one.event}
        self._since: tuple[object, Task | None] | None = None
        super().__init__(opening, host)

    @property
    def past(self) -> list[AnyEvent]:
        """All that happened. A story that looks through it looks up every kind that its code names there."""
        asking = sys._getframe(1)
        if asking.f_globals["__name__"] not in _NO_STORY:
            named = [asking.f_globals.get(name) for name in names_of(asking.f_code)]
            self._looks.kinds.update(kind for kind, one in KIND_OF.items() if one in named)
        return self._past

    @past.setter
    def past(self, past: list[AnyEvent]) -> None:
        self._past = past

    def next_task(self) -> Task | None:
        """Return the first task that is to be done and is not."""
        now = (self.route, self.is_stopped)
        if self._since is None or self._since[0] != now:
            self._since = (now, super().next_task())
        return self._since[1]

    def latest(self, kind: type[E]) -> E | None:
        """Return the latest event of a kind, or None."""
        self._looks.kinds.add(_name(kind))
        return super().latest(kind)

    def last_about(self, kind: str, entry: Entry) -> int | None:
        """Return the number of the latest event of `kind` about an allegation of `entry`, or None."""
        self._looks.kinds.add(kind)
        return super().last_about(kind, entry)

    def is_between(self, opens: str, closes: str) -> bool:
        """Return whether an event of the kind `opens` came, and none of the kind `closes` since."""
        self._looks.kinds.update((opens, closes))
        self._looks.between.add((opens, closes))
        return super().is_between(opens, closes)

    def count(self, *kinds: type[BaseModel]) -> int:
        """Return how many events of any of these kinds are on record."""
        self._look_for_all(map(_name, kinds))
        return super().count(*kinds)

    def times(self, pattern: EventMatch) -> int:
        """Return how many events on record fit `pattern`. The case itself counts what came since, and no more."""
        if sys._getframe(1).f_globals["__name__"] not in _NO_STORY:
            self._look_for_all(pattern.event)
        return super().times(pattern)

    async def recorded(self, pattern: EventMatch) -> None:
        """Return once an event that fits `pattern` is on record."""
        self._looks.kinds.update(pattern.event)
        await super().recorded(pattern)

    def _look_for_all(self, kinds: Iterable[str]) -> None:
        found = set(kinds)
        self._looks.kinds |= found
        self._looks.counted |= found

    def _append(self, event: AnyEvent) -> None:
        if event.kind in self._of_tasks:
            self._since = None
        super()._append(event)

    def _watch_holds(self) -> None:
        if self._past[-1].kind in self._of_holds:
            super()._watch_holds()


def _name(kind: type[BaseModel]) -> str:
    return str(kind.model_fields["kind"].default)


def names_in(story: Story) -> frozenset[str]:
    """Return every name and every text in the code of `story`, and of the functions that it calls."""
    seen: dict[CodeType, frozenset[str]] = {}
    todo = [one for kind in type(story).__mro__ for one in vars(kind).values() if isinstance(one, FunctionType)]
    while todo:
        function = todo.pop()
        if function.__code__ not in seen:
            seen[function.__code__] = names = names_of(function.__code__)
            called = (function.__globals__.get(name) for name in names)
            todo += [one for one in called if isinstance(one, FunctionType)]
    return frozenset().union(*seen.values())


@cache
def names_of(code: CodeType) -> frozenset[str]:
    """Return every name and every text in `code`, and in what is defined in it."""
    return frozenset(_names(code))


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        for one in constant if isinstance(constant, tuple) else (constant,):
            if isinstance(one, CodeType):
                yield from _names(one)
            elif isinstance(one, str):
                yield one
