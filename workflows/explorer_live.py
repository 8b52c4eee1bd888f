"""A play that exploring goes on with, and the way that leads to where it stands."""

from typing import NamedTuple

from domain.cases import Opening
from domain.events import AnyEvent
from workflows.case import Case, Host
from workflows.explorer import Move, Playing
from workflows.explorer_found import World
from workflows.explorer_past import Memory, Readers, Watched
from workflows.explorer_states import Place, State


class Node(NamedTuple):
    """A state by its number: the node before it, the move from there, and what the way has cost."""

    number: int
    before: "Node | None" = None
    move: Move | None = None
    length: int = 0
    out_of_turn: int = 0

    def way(self) -> tuple[Move, ...]:
        """Return the moves that lead to it."""
        if self.before is None or self.move is None:
            return ()
        return (*self.before.way(), self.move)


class Live:
    """A play that goes on, what is remembered of its past, and its events with whom they reached."""

    def __init__(self, world: World, readers: Readers, looked_up: set[str]) -> None:
        """Begin it; what its story looks up goes in `looked_up`."""

        def watched(opening: Opening, host: Host) -> Case:
            return Watched(opening, host, looked_up)

        self.playing = Playing(
            world.story(), world.opening, world.directory, world.begins, world.clearances, case=watched
        )
        self.events: list[AnyEvent] = []
        self._readers = readers
        self._memory = Memory(readers)
        self.hear()

    @property
    def case(self) -> Case:
        """The case that is played."""
        return self.playing.case

    def go(self, way: tuple[Move, ...]) -> None:
        """Make every move of `way`."""
        for move in way:
            self.playing.make(move)
        self.hear()

    def hear(self) -> list[AnyEvent]:
        """Take in what happened since, and return it."""
        self._memory.hear(self.case.past)
        new = [said.event for said in self.playing.host.events[len(self.events) :]]
        self.events += new
        return new

    def state(self, in_turn: bool) -> State:
        """Return the state in which it is; `in_turn`, where nobody does anything out of turn from here on."""
        return (in_turn, *Place(self.case, self._memory, self._readers, in_turn).state())

    def called(self) -> tuple[int, int, int]:
        """Return by what acts call what they are about: how many asks there were, and which form it is.

        Two plays may stand at the same state, and an act fit the one and not the other.
        """
        return len(self.case.asks), self.case.request.version, self.case.request.edition

    def place(self) -> tuple[tuple[str, str], ...]:
        """Return which asks are open: of what, and of whom."""
        return tuple((ask.step.key, ask.seat) for ask in self.case.open_asks())
