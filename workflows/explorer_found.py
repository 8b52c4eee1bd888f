"""What exploring is given, what it finds, and what never happened in any of it."""

from collections.abc import Callable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple, get_type_hints

from domain.allegations import Clearance
from domain.base import Frozen
from domain.cases import Opening
from domain.entry_texts import FORMS
from domain.events import Recorded
from domain.pack import AnyClocks, Process, Step, Task
from domain.people import Directory
from workflows.explorer import Move
from workflows.strands import Story

_REFUSED: Final = "refused"
_LAPSED: Final = "lapsed"
"""How a case ends that its own rules stop: nothing that a pack is written for."""


class Bound(Frozen):
    """How far to go: at most so many moves in one story, states in all, and moves of a story that come out of turn.

    Out of turn is what nobody is asked for, and letting time pass while somebody is. What changes nothing is no move.
    Unless `everywhere`, what comes out of turn is tried once for each set of asks that can be open, on the shortest way
    there. Without `merging`, every way is gone to its end by itself.
    """

    moves: int = 60
    states: int = 20_000
    out_of_turn: int = 1
    everywhere: bool = False
    merging: bool = True


class World(NamedTuple):
    """Where a story is played: what opens it, among whom, from when, and what is on record elsewhere.

    `allegations` are how many there may come to be.
    """

    story: Callable[[], Story]
    opening: Opening
    directory: Directory
    begins: datetime
    clearances: frozenset[Clearance] = frozenset()
    allegations: int = 1


class Edge(NamedTuple):
    """A move from one state to another, by their numbers, and the kinds of what happened by it.

    A state beyond the bound has the number -1.
    """

    start: int
    move: Move
    kinds: tuple[str, ...]
    end: int


class Finding(Frozen):
    """Something that is wrong: in words, with the shortest way there, and all that happens on it."""

    says: str
    moves: tuple[Move, ...] = ()
    events: tuple[Recorded, ...] = ()


class Explored(Frozen):
    """What exploring found within `bound`.

    `plays` were begun to tell `states` apart; `merged` moves led to a state that was known. Every way of `complete`
    moves or fewer was gone, the longest that led to anything new being of `longest`. Of steps and tasks, `asked` were
    asked, and `reached` reached somebody. Of entries, `accepted` could be recorded, `recorded` were, and `idle`, at
    which nothing looks, were tried once each. `outcomes` are how cases ended.
    """

    bound: Bound
    states: int
    plays: int
    merged: int
    complete: int
    longest: int
    asked: frozenset[str]
    reached: frozenset[str]
    accepted: frozenset[str]
    recorded: frozenset[str]
    idle: frozenset[str]
    outcomes: frozenset[str]
    findings: tuple[Finding, ...]
    edges: tuple[Edge, ...]

    @property
    def whole(self) -> bool:
        """Whether nothing was left out but what the number of moves out of turn leaves out."""
        return self.complete >= self.longest


class Never(NamedTuple):
    """What never happened, a sentence each: what cannot, and what may happen beyond the bound."""

    cannot: tuple[str, ...]
    unseen: tuple[str, ...]


def never(process: Process, story: Callable[[], Story], explored: Sequence[Explored]) -> Never:
    """Return what nobody could do in any of the ways that were `explored`.

    What comes in turn cannot happen at all where it never did, and all that comes in turn was gone through. What comes
    out of turn may want more of that before it than was tried.
    """
    whole = all(one.whole for one in explored)
    in_turn = whole or any(one.whole and one.bound.out_of_turn == 0 for one in explored)
    asked, reached = _any(explored, "asked"), _any(explored, "reached")
    there: list[AnyClocks] = [*process.steps, *process.tasks, *process.rounds]
    there += [process.reviews] if process.reviews is not None else []
    awaited = {kind for one in (*process.tasks, *process.rounds) if one.key in asked for kind in one.done_by.event}
    unrecorded = sorted(_any(explored, "accepted") - _any(explored, "recorded"))
    found = [
        *((True, f"“{one.title}” reaches nobody by itself") for one in there if one.key in asked - reached),
        *((_is_in_turn(process, one), f"“{one.title}” is never asked for") for one in there if one.key not in asked),
        *((kind in awaited, f"nobody can ever record {thing(kind)}") for kind in unrecorded),
        *(
            (end != _LAPSED, f"no case ever ends as “{end}”")
            for end in _ends(process, story) - _any(explored, "outcomes")
        ),
    ]
    stopped = [f"a case ends as “{_REFUSED}”"] if _REFUSED in _any(explored, "outcomes") else []
    cannot = [says for is_in_turn, says in found if in_turn and is_in_turn]
    return Never((*stopped, *cannot), tuple(says for _, says in found if says not in cannot))


def thing(kind: str) -> str:
    """Return what an entry of `kind` is called."""
    return FORMS[kind].thing if kind in FORMS else kind.replace("_", " ")


def _is_in_turn(process: Process, asked: AnyClocks) -> bool:
    """Return whether something is asked for by itself, and not only after something that may happen, or may last."""
    if isinstance(asked, Task):
        return process.confidential and asked.when is None
    return isinstance(asked, Step) and bool(process.may_start)


def _any(explored: Sequence[Explored], what: str) -> frozenset[str]:
    return frozenset().union(*(getattr(one, what) for one in explored))


def _ends(process: Process, story: Callable[[], Story]) -> frozenset[str]:
    """Return how a case can end, as its story says: but by its own rules, or by silence where none is given a time."""
    ends = get_type_hints(type(story()).run).get("return")
    if not (isinstance(ends, type) and issubclass(ends, StrEnum)):
        return frozenset()
    lapses = any(one.lapse_on is not None for one in (*process.steps, process.changes) if one is not None)
    return frozenset(one.value for one in ends) - {_REFUSED} - (set() if lapses else {_LAPSED})
