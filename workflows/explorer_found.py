"""What exploring is given, and what it finds."""

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from domain.allegations import Clearance
from domain.base import Frozen
from domain.cases import Opening
from domain.events import Recorded
from domain.people import Directory
from workflows.case import Story
from workflows.explorer import Move


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
