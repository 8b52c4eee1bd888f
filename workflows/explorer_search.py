"""Going through all that can happen in a case: every state once, by the shortest way that leads to it."""

from collections import deque
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Final, NamedTuple

from domain.cases import Act, Opening, Reply
from domain.events import AnyEvent, AskMoved, AskOpened, Escaout_of_turnd
from domain.order import forbidding_rule
from domain.people import Directory
from workflows.case import Case, Host, Story
from workflows.explorer import Move, Played, Playing, TimePasses, play
from workflows.explorer_checks import Broken, broken, reference, wrongly_opened
from workflows.explorer_choices import chosen_in
from workflows.explorer_moves import moves, possible
from workflows.explorer_names import names_in
from workflows.explorer_past import Memory, Readers, Watched
from workflows.explorer_states import Place, State

_ALIVE: Final = 2_000
"""How many plays are kept where they stand, to be gone on with."""

_UNKNOWN: Final = -1
"""The number of every state beyond the bound."""

NEVER_ENDS: Final = "from here on, nothing that anybody may do brings the case to an end"


class UnsoundMergeError(RuntimeError):
    """A fault was found in a state that its shortest way does not lead to: two states were merged that differ."""


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
    """
    looked_up: set[str] = set()
    # What the story looks up is best found out where there is little to go through again.
    _search(world, bound.model_copy(update={"out_of_turn": 0}), looked_up, seen)
    return _search(world, bound, looked_up, seen).found()


def _search(world: World, bound: Bound, looked_up: set[str], seen: Callable[[int], None]) -> "_Search":
    while (search := _Search(world, bound, looked_up, seen)).is_cut_short():
        continue
    return search


class _Node(NamedTuple):
    """A state by its number: the node before it, the move from there, and what the way has cost."""

    number: int
    before: "_Node | None" = None
    move: Move | None = None
    length: int = 0
    out_of_turn: int = 0

    def way(self) -> tuple[Move, ...]:
        """Return the moves that lead to it."""
        if self.before is None or self.move is None:
            return ()
        return (*self.before.way(), self.move)


def _likeness(move: Move) -> tuple[str, ...]:
    """Return by what a move is like others, to guess whether it will change anything."""
    if isinstance(move, TimePasses):
        return ()
    return (move.kind, str(move.verdict), move.entry.kind if move.entry else "")


class _Known(NamedTuple):
    """A state that was reached: its number, and the fewest moves that nobody is asked for that lead to it."""

    number: int
    out_of_turn: int


class _Live:
    """A play that goes on: its case, what is remembered of its past, and its events with whom they reached."""

    def __init__(self, world: World, readers: Readers, looked_up: set[str]) -> None:
        def watched(opening: Opening, host: Host) -> Case:
            return Watched(opening, host, looked_up)

        self.playing = Playing(
            world.story(), world.opening, world.directory, world.begins, world.clearances, case=watched
        )
        self.readers = readers
        self.memory = Memory(readers)
        self.events: list[AnyEvent] = []
        self.hear()

    def hear(self) -> list[AnyEvent]:
        """Take in what happened since, and return it."""
        self.memory.hear(self.playing.case.past)
        new = [said.event for said in self.playing.host.events[len(self.events) :]]
        self.events += new
        return new

    def state(self, only_asked: bool) -> State:
        """Return the state in which it is; with `only_asked`, where nobody does anything more out of turn."""
        return (only_asked, *Place(self.playing.case, self.memory, self.readers, only_asked).state())

    def make(self, move: Move) -> Reply | None:
        """Make a move, and return what the case replies."""
        return self.playing.make(move)


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
        self._known: dict[State, _Known] = {}
        self._queue: deque[_Node] = deque()
        self._alive: dict[int, list[_Live]] = {}
        self._kept = 0
        self._plays = self._merged = self._longest = 0
        self._complete = bound.moves
        self._asked: set[str] = set()
        self._reached: set[str] = set()
        self._accepted: set[str] = set()
        self._recorded: set[str] = set()
        self._idle: set[str] = set()
        self._outcomes: set[str] = set()
        self._wrong: dict[str, tuple[Move, ...]] = {}
        self._edges: list[Edge] = []
        self._nodes: list[_Node] = []
        self._ends: set[int] = set()
        self._places: set[tuple[tuple[str, str], ...]] = set()
        self._open_ended: set[int] = set()
        self._changed: dict[tuple[str, ...], bool] = {}

    def is_cut_short(self) -> bool:
        """Go through everything; return True where the story looked up what had happened and was let pass."""
        live = self._begin()
        self._check(live, 0, ())
        self._take(live.state(self._bound.out_of_turn == 0), _Node(0), live)
        while self._queue and not self._missed():
            self._go_on(self._queue.popleft())
        return self._missed()

    def _missed(self) -> bool:
        return not self._looked_up.isdisjoint(self._readers.passed)

    def _begin(self) -> _Live:
        self._plays += 1
        return _Live(self._world, self._readers, self._looked_up)

    def _stand_at(self, node: _Node) -> _Live:
        """Return a play that stands at `node`: one of those that came there, or one that goes the way again."""
        kept = self._alive.get(node.number)
        if kept:
            self._kept -= 1
            return kept.pop()
        live = self._begin()
        for move in node.way():
            live.make(move)
        live.hear()
        return live

    def _keep(self, number: int, live: _Live) -> None:
        """Keep a play to go on with from the state that has that number, if that is still to be gone on from."""
        if self._kept < _ALIVE and number in self._alive:
            self._alive[number].append(live)
            self._kept += 1

    def _go_on(self, node: _Node) -> None:
        """Make every move from `node`."""
        only_asked = node.out_of_turn == self._bound.out_of_turn
        first = self._stand_at(node)
        state = first.state(only_asked)
        self._accepted.update(first.playing.case.accepts)
        live: _Live | None = first
        place = tuple((ask.step.key, ask.seat) for ask in first.playing.case.open_asks())
        in_turn = only_asked or (place in self._places and not self._bound.everywhere)
        self._places |= set() if only_asked else {place}
        for move, due in self._moves(first, node.number, in_turn):
            live = live or self._stand_at(node)
            n = len(live.events)
            reply = live.make(move)
            kinds = tuple(event.kind for event in live.hear())
            if isinstance(move, Act) and move.entry is not None and reply is not None and reply.says == "done":
                self._recorded.add(move.entry.kind)
            broke = self._check(live, n, (*node.way(), move))
            after = live.state(only_asked)
            changed = self._changed[_likeness(move)] = after != state or not self._bound.merging
            end = node.number
            if broke:
                end = _UNKNOWN
            elif changed:
                out_of_turn = node.out_of_turn + (not due)
                if (out_of_turn == self._bound.out_of_turn) != only_asked:
                    after = live.state(not only_asked)
                end = self._take(after, _Node(-1, node, move, node.length + 1, out_of_turn), live)
            self._edges.append(Edge(node.number, move, kinds, end))
            if broke or changed:
                live = None
        self._kept -= len(self._alive.pop(node.number, ()))

    def _moves(self, live: _Live, number: int, only_asked: bool) -> list[tuple[Move, bool]]:
        """Return every move from where `live` stands, and whether somebody is asked for it.

        With `only_asked`, those that nobody is asked for are left out, but for entries that would break the gate.
        Those that changed nothing elsewhere come last, so that a play that is gone on with is not burdened with them.
        """
        case = live.playing.case
        played = live.playing.played()
        idle = {kind for kind in played.accepts if self._is_idle(case, kind)}
        tried = self._idle if self._bound.merging else idle
        accepts = {kind: seats for kind, seats in played.accepts.items() if kind not in tried}
        self._idle |= set() if only_asked else idle
        played = played.model_copy(update={"accepts": accepts})
        every = list(moves(played, self._world.opening, self._choices, only_asked))
        found: list[tuple[Move, bool]] = [
            (one.move, one.due) for one in every if one.due or not only_asked or self._goes_round(live, one.move)
        ]
        coming = [at for at, _, does in case.to_come() if self._readers.minds(does)]
        is_due = not any(one.due for one in every)
        if coming and (is_due or not only_asked):
            found.append((TimePasses(until=min(coming)), is_due))
        if only_asked:
            self._open_ended.add(number)
        return sorted(found, key=lambda one: not self._changed.get(_likeness(one[0]), True))

    def _is_idle(self, case: Case, kind: str) -> bool:
        """Return whether nothing comes of an entry of `kind`, and nothing looks at it."""
        guarded = kind in self._choices.guarded
        return case.accepts[kind].does is None and not guarded and self._readers.is_idle(kind)

    def _goes_round(self, live: _Live, act: Act) -> bool:
        """Return whether the rules of the pack would let an entry pass that may not."""
        if act.entry is None or act.entry.kind not in self._choices.guarded:
            return False
        entry = act.entry.model_copy(update={"by": act.person})
        if forbidding_rule(self._gate, live.events, entry) is None:
            return False
        return forbidding_rule(self._world.opening.process.rules, live.events, entry) is None

    def _take(self, state: State, node: _Node, live: _Live) -> int:
        """Queue `node`, unless a way as good is known or it lies beyond the bound; return the number of its state."""
        if node.out_of_turn > self._bound.out_of_turn:
            return _UNKNOWN
        known = self._known.get(state) if self._bound.merging else None
        if known is not None and known.out_of_turn <= node.out_of_turn:
            self._merged += 1
            self._keep(known.number, live)
            return known.number
        if node.length > self._bound.moves or len(self._nodes) >= self._bound.states:
            self._complete = min(self._complete, node.length - 1)
            return _UNKNOWN
        node = node._replace(number=len(self._nodes))
        self._nodes.append(node)
        self._known[state] = _Known(node.number, node.out_of_turn)
        if node.out_of_turn < self._bound.out_of_turn:
            self._known.setdefault(live.state(only_asked=True), _Known(node.number, node.out_of_turn))
        self._longest = max(self._longest, node.length)
        self._seen(len(self._nodes))
        outcome = live.playing.case.outcome
        if outcome is not None:
            self._outcomes.add(outcome)
            self._ends.add(node.number)
            return node.number
        self._queue.append(node)
        self._alive[node.number] = []
        self._keep(node.number, live)
        return node.number

    def _check(self, live: _Live, since: int, way: tuple[Move, ...]) -> bool:
        """Look at what happened since; return whether any of it may not."""
        found: list[Broken | None] = []
        for n, event in enumerate(live.events[since:], since):
            if isinstance(event, AskOpened | AskMoved | Escaout_of_turnd):
                self._asked.add(event.step)
                self._reached |= {event.step} if event.asked else set()
            found.append(broken(self._world.opening, live.events[:n], event))
        opened = live.playing.host.opened
        found += [wrongly_opened(one, live.events) for one in opened if one.about > since]
        for wrong in found:
            if wrong is not None:
                self._wrong.setdefault(f"{wrong.says} ({wrong.clause})", way)
        return any(found)

    # What came of it.

    def found(self) -> Explored:
        """Return what was found."""
        stuck = self._stuck()
        wrong = [*self._wrong.items(), *([(NEVER_ENDS, stuck.way())] if stuck else [])]
        return Explored(
            bound=self._bound,
            states=len(self._nodes),
            plays=self._plays,
            longest=self._longest,
            merged=self._merged,
            complete=self._complete,
            asked=frozenset(self._asked),
            reached=frozenset(self._reached),
            accepted=frozenset(self._accepted),
            recorded=frozenset(self._recorded),
            idle=frozenset(self._idle),
            outcomes=frozenset(self._outcomes),
            findings=tuple(self._finding(says, way) for says, way in wrong),
            edges=tuple(self._edges),
        )

    def _finding(self, says: str, way: tuple[Move, ...]) -> Finding:
        world = self._world
        played = play(world.story(), world.opening, world.directory, world.begins, way, world.clearances)
        return Finding(says=says, moves=way, events=played.events)

    def _stuck(self) -> _Node | None:
        """Return the first state from which nothing leads to an end, or beyond the bound; None where there is none."""
        before: dict[int, list[int]] = {}
        for edge in self._edges:
            before.setdefault(edge.end, []).append(edge.start)
        able = {*self._ends, *self._open_ended, _UNKNOWN}
        todo = list(able)
        while todo:
            new = [start for start in before.get(todo.pop(), ()) if start not in able]
            able.update(new)
            todo += new
        return next((node for node in self._nodes if node.number not in able), None)
