"""Going through all that can happen in a case: every state once, by the shortest way that leads to it."""

import gc
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Final

from domain.cases import Act, Opening, Reply
from domain.events import AskMoved, AskOpened, Escalated
from domain.order import forbidding_rule
from domain.people import Directory
from workflows.case import Case, Story
from workflows.explorer import Move, Played, TimePasses, play
from workflows.explorer_checks import broken, reference, wrongly_opened
from workflows.explorer_choices import chosen_in
from workflows.explorer_found import Bound, Edge, Explored, Finding, World
from workflows.explorer_live import Live, Node
from workflows.explorer_moves import moves, possible
from workflows.explorer_names import names_in
from workflows.explorer_past import Readers
from workflows.explorer_states import State

NEVER_ENDS: Final = "from here on, nothing that anybody may do brings the case to an end"

_ALIVE: Final = 2_000
"""How many plays are kept where they stand, to be gone on with."""

_BEYOND: Final = -1
"""The number of every state beyond the bound."""

_SWEEP: Final = 2_000
"""After how many plays the memory of those that are over is given back."""


class UnsoundMergeError(RuntimeError):
    """A fault was found where its own way does not lead to it: two states were taken for one that differ."""

    def __init__(self, says: str) -> None:
        """Name the fault."""
        super().__init__(f"two states were taken for one that differ: {says}")


def every_play(
    story: Callable[[], Story], opening: Opening, directory: Directory, begins: datetime, most_moves: int
) -> Iterator[Played]:
    """Yield every play that ends, or that has made `most_moves` moves, in the order of its moves; nothing is merged."""
    unfinished: list[tuple[Move, ...]] = [()]
    while unfinished:
        way = unfinished.pop()
        played = play(story(), opening, directory, begins, way)
        if played.over or len(way) == most_moves:
            yield played
            continue
        unfinished.extend((*way, move) for move in reversed(possible(played, opening)))


def explore(world: World, bound: Bound, seen: Callable[[int], None] = lambda _: None) -> Explored:
    """Return what can happen in `world` within `bound`; `seen` is told how many states there are, again and again.

    Raises:
        UnknownStateError: the story keeps something that cannot be compared.
        UnsoundMergeError: two states were taken for one that differ.
    """
    looked_up: set[str] = set()
    with _without_sweeping():
        # What the story looks up is best found out where there is little to go through again.
        _gone_through(world, bound.model_copy(update={"out_of_turn": 0}), looked_up, seen)
        return _gone_through(world, bound, looked_up, seen).found()


def _gone_through(world: World, bound: Bound, looked_up: set[str], seen: Callable[[int], None]) -> "_Search":
    while (search := _Search(world, bound, looked_up, seen)).is_cut_short():
        continue
    return search


@contextmanager
def _without_sweeping() -> Iterator[None]:
    """Look for no garbage meanwhile: with thousands of plays alive, that takes a quarter of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


class _Search:
    def __init__(self, world: World, bound: Bound, looked_up: set[str], seen: Callable[[int], None]) -> None:
        self._world = world
        self._bound = bound
        self._looked_up = looked_up
        self._seen = seen
        process, names = world.opening.process, names_in(world.story())
        self._gate = reference(process)
        rules = (*process.rules, *self._gate)
        self._readers = Readers(process, rules, looked_up, names)
        self._choices = chosen_in(
            world.opening, world.directory, rules, self._gate, names, world.clearances, world.allegations
        )
        self._nodes: list[Node] = []
        self._known: dict[State, Node] = {}
        self._queue: deque[Node] = deque()
        self._alive: dict[int, list[Live]] = {}
        self._called: dict[int, object] = {}
        self._kept = self._plays = self._merged = self._longest = 0
        self._complete = bound.moves
        self._edges: list[Edge] = []
        self._ends: dict[int, str] = {}
        self._open_ended: set[int] = set()
        self._places: set[tuple[tuple[str, str], ...]] = set()
        self._changed: dict[tuple[str, ...], bool] = {}
        self._asked: set[str] = set()
        self._reached: set[str] = set()
        self._accepted: set[str] = set()
        self._recorded: set[str] = set()
        self._idle: set[str] = set()
        self._wrong: dict[str, tuple[Move, ...]] = {}

    # Going through it.

    def is_cut_short(self) -> bool:
        """Go through everything; return True where the story looked up what had happened and was let pass."""
        live = self._begin()
        if not self._breaks(live, 0, ()):
            self._take(live.state(self._bound.out_of_turn == 0), Node(0), live)
        while self._queue and not self._missed():
            self._go_on(self._queue.popleft())
        return self._missed()

    def _missed(self) -> bool:
        return not self._looked_up.isdisjoint(self._readers.passed)

    def _begin(self) -> Live:
        self._plays += 1
        if self._plays % _SWEEP == 0:
            gc.collect()
        return Live(self._world, self._readers, self._looked_up)

    def _stand_at(self, node: Node) -> Live:
        """Return a play that stands at `node`: one of those that came there, or one that goes the way again."""
        kept = self._alive.get(node.number)
        if kept:
            self._kept -= 1
            return kept.pop()
        live = self._begin()
        live.go(node.way())
        return live

    def _keep(self, number: int, live: Live) -> None:
        """Keep a play to go on with from the state of that number, where it still is to be, and fits its acts."""
        if (
            self._kept < _ALIVE
            and number in self._alive
            and self._called.setdefault(number, live.called()) == live.called()
        ):
            self._alive[number].append(live)
            self._kept += 1

    def _go_on(self, node: Node) -> None:
        """Make every move from `node`."""
        in_turn = node.out_of_turn == self._bound.out_of_turn
        first = self._stand_at(node)
        state = first.state(in_turn)
        self._accepted.update(first.case.accepts)
        live: Live | None = first
        for move, due in self._moves(first, node, in_turn):
            live = live or self._stand_at(node)
            n, called = len(live.events), live.called()
            reply = live.playing.make(move)
            kinds = tuple(event.kind for event in live.hear())
            self._recorded |= _recorded(move, reply)
            after, end = live.state(in_turn), node.number
            stays = after == state and self._bound.merging
            self._changed[_likeness(move)] = not stays
            if self._breaks(live, n, (*node.way(), move)):
                live, end = None, _BEYOND
            elif not stays:
                further = Node(-1, node, move, node.length + 1, node.out_of_turn + (not due))
                if (further.out_of_turn == self._bound.out_of_turn) != in_turn:
                    after = live.state(not in_turn)
                end = self._take(after, further, live)
                live = None
            elif live.called() != called:
                live = None
            self._edges.append(Edge(node.number, move, kinds, end))
        self._kept -= len(self._alive.pop(node.number, ()))

    def _take(self, state: State, node: Node, live: Live) -> int:
        """Queue `node`, unless a way as good is known or it lies beyond the bound; return the number of its state."""
        if node.out_of_turn > self._bound.out_of_turn:
            return _BEYOND
        known = self._known.get(state) if self._bound.merging else None
        if known is not None and known.out_of_turn <= node.out_of_turn:
            self._merged += 1
            self._keep(known.number, live)
            return known.number
        if node.length > self._bound.moves or len(self._nodes) >= self._bound.states:
            self._complete = min(self._complete, node.length - 1)
            return _BEYOND
        node = node._replace(number=len(self._nodes))
        self._nodes.append(node)
        self._known[state] = node
        if node.out_of_turn < self._bound.out_of_turn:
            self._known.setdefault(live.state(in_turn=True), node)
        self._longest = max(self._longest, node.length)
        self._seen(len(self._nodes))
        if live.case.outcome is not None:
            self._ends[node.number] = live.case.outcome
        else:
            self._queue.append(node)
            self._alive[node.number] = []
            self._keep(node.number, live)
        return node.number

    # What can be done.

    def _moves(self, live: Live, node: Node, in_turn: bool) -> list[tuple[Move, bool]]:
        """Return every move from where `live` stands, and whether it comes in turn.

        Those that changed nothing elsewhere come last, so that a play that is gone on with is not burdened with them.
        """
        place, case = live.place(), live.case
        asked_alone = in_turn or (place in self._places and not self._bound.everywhere)
        if asked_alone:
            self._open_ended.add(node.number)
        self._places |= set() if in_turn else {place}
        every = list(
            moves(
                self._offered(live, asked_alone),
                self._world.opening,
                self._choices,
                plainly=node.out_of_turn > 0 and in_turn,
            )
        )
        found: list[tuple[Move, bool]] = [
            (one.move, one.due) for one in every if one.due or not asked_alone or self._goes_round(live, one.move)
        ]
        coming = [at for at, _, does in case.to_come() if self._readers.minds(does)]
        nobody = not any(one.due for one in every)
        if coming and (nobody or not asked_alone):
            found.append((TimePasses(until=min(coming)), nobody))
        return sorted(found, key=lambda one: not self._changed.get(_likeness(one[0]), True))

    def _offered(self, live: Live, asked_alone: bool) -> Played:
        """Return how `live` stands, less the kinds of entries that nothing looks at and that were tried before."""
        played = live.playing.played()
        idle = {kind for kind in played.accepts if self._is_idle(live.case, kind)}
        without = self._idle if self._bound.merging else idle
        accepts = {kind: seats for kind, seats in played.accepts.items() if kind not in without}
        self._idle |= set() if asked_alone else idle
        return played.model_copy(update={"accepts": accepts})

    def _is_idle(self, case: Case, kind: str) -> bool:
        """Return whether nothing comes of an entry of `kind`, and nothing looks at it."""
        guarded = kind in self._choices.guarded
        return case.accepts[kind].does is None and not guarded and self._readers.is_idle(kind)

    def _goes_round(self, live: Live, act: Act) -> bool:
        """Return whether the rules of the pack would let an entry pass that may not."""
        if act.entry is None or act.entry.kind not in self._choices.guarded:
            return False
        entry = act.entry.model_copy(update={"by": act.person})
        if forbidding_rule(self._gate, live.events, entry) is None:
            return False
        return forbidding_rule(self._world.opening.process.rules, live.events, entry) is None

    # What came of it.

    def _breaks(self, live: Live, since: int, way: tuple[Move, ...]) -> bool:
        """Look at what happened since; return whether any of it may not."""
        for event in live.events[since:]:
            if isinstance(event, AskOpened | AskMoved | Escalated):
                self._asked.add(event.step)
                self._reached |= {event.step} if event.asked else set()
        found = _faults(self._world.opening, live, since)
        for says in found:
            self._wrong.setdefault(says, way)
        return bool(found)

    def found(self) -> Explored:
        """Return what was found."""
        stuck = self._stuck()
        findings = [self._finding(says, way) for says, way in self._wrong.items()]
        return Explored(
            bound=self._bound,
            states=len(self._nodes),
            plays=self._plays,
            merged=self._merged,
            complete=self._complete,
            longest=self._longest,
            asked=frozenset(self._asked),
            reached=frozenset(self._reached),
            accepted=frozenset(self._accepted),
            recorded=frozenset(self._recorded),
            idle=frozenset(self._idle),
            outcomes=frozenset(self._ends.values()),
            findings=(*findings, *([self._told(NEVER_ENDS, stuck.way())] if stuck else [])),
            edges=tuple(self._edges),
        )

    def _finding(self, says: str, way: tuple[Move, ...]) -> Finding:
        """Return a fault with its story, played by itself: it is to lead to that fault.

        Raises:
            UnsoundMergeError: it does not.
        """
        live = Live(self._world, self._readers, self._looked_up)
        live.go(way)
        if says not in _faults(self._world.opening, live, 0):
            raise UnsoundMergeError(says)
        return self._told(says, way)

    def _told(self, says: str, way: tuple[Move, ...]) -> Finding:
        world = self._world
        played = play(world.story(), world.opening, world.directory, world.begins, way, world.clearances)
        return Finding(says=says, moves=way, events=played.events)

    def _stuck(self) -> Node | None:
        """Return the first state from which nothing leads to an end, or beyond the bound; None where there is none."""
        before: dict[int, list[int]] = {}
        for edge in self._edges:
            before.setdefault(edge.end, []).append(edge.start)
        able = {*self._ends, *self._open_ended, _BEYOND}
        todo = list(able)
        while todo:
            new = [start for start in before.get(todo.pop(), ()) if start not in able]
            able.update(new)
            todo += new
        return next((node for node in self._nodes if node.number not in able), None)


def _faults(opening: Opening, live: Live, since: int) -> list[str]:
    """Return all that happened since and may not, in words."""
    found = [broken(opening, live.events[:n], live.events[n]) for n in range(since, len(live.events))]
    found += [wrongly_opened(one, live.events) for one in live.playing.host.opened if one.about > since]
    return [f"{one.says} ({one.clause})" for one in found if one is not None]


def _recorded(move: Move, reply: Reply | None) -> set[str]:
    """Return the kind of entry that was recorded by `move`."""
    if not isinstance(move, Act) or move.entry is None or reply is None or reply.says != "done":
        return set()
    return {move.entry.kind}


def _likeness(move: Move) -> tuple[str, ...]:
    """Return by what a move is like others, to guess whether it will change anything."""
    if isinstance(move, TimePasses):
        return ()
    return (move.kind, str(move.verdict), move.entry.kind if move.entry else "")
