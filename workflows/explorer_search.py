"""Going through all that can happen in a case: every state once, by the shortest way that leads to it."""

import gc
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Final, NamedTuple

from domain.cases import Act, Opening, Reply
from domain.events import AnyEvent, AskMoved, AskOpened, Escalated
from domain.order import forbidding_rule
from domain.people import Directory
from workflows import clockwork
from workflows.case import Case
from workflows.explorer import Move, Played, Playing, TimePasses, play
from workflows.explorer_checks import broken, reference, wrongly_opened
from workflows.explorer_entries import chosen_in
from workflows.explorer_found import Bound, Edge, Explored, Finding, World
from workflows.explorer_moves import moves, possible
from workflows.explorer_past import OF_EVERY_CASE, Memory, Readers
from workflows.explorer_states import Place, State
from workflows.explorer_watched import Looks, Watched, names_in
from workflows.strands import Story
from workflows.turn import Host

NEVER_ENDS: Final = "from here on, nothing that anybody may do brings the case to an end"
NO_END: Final = "everybody does what they are asked for, and the case comes to no end"

_ALIVE: Final = 2_000
"""How many plays are kept where they stand, to be gone on with."""

_BEYOND: Final = -1
"""The number of every state beyond the bound."""

_REFUSED: Final = "step_refused"

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


def explore(
    world: World, bound: Bound, seen: Callable[[int], None] = lambda _: None, looks: Looks | None = None
) -> Explored:
    """Return what can happen in `world` within `bound`; `seen` is told how many states there are, again and again.

    `looks` is what other worlds have shown that the story looks up; what this one shows is added.

    Raises:
        UnknownStateError: the story keeps something that cannot be compared.
        UnsoundMergeError: two states were taken for one that differ.
    """
    with _without_sweeping():
        # What the story looks up is best found out where there is little to go through again.
        if looks is None:
            looks = Looks()
            _gone_through(world, bound.model_copy(update={"out_of_turn": 0}), looks, lambda _: None)
        return _gone_through(world, bound, looks, seen).found()


def _gone_through(world: World, bound: Bound, looks: Looks, seen: Callable[[int], None]) -> "_Search":
    while (search := _Search(world, bound, looks, seen)).is_cut_short():
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

    def __init__(self, world: World, readers: Readers, looks: Looks) -> None:
        """Begin it; what its story looks up goes in `looks`."""

        def watched(opening: Opening, host: Host) -> Case:
            return Watched(opening, host, looks, OF_EVERY_CASE)

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


class _Search:
    def __init__(self, world: World, bound: Bound, looks: Looks, seen: Callable[[int], None]) -> None:
        self._world = world
        self._bound = bound
        self._looks = looks
        self._seen = seen
        process, names = world.opening.process, names_in(world.story())
        self._gate = reference(process)
        rules = (*process.rules, *self._gate)
        self._readers = Readers(process, rules, looks, names)
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
        self._went_round: set[str] = set()

    # Going through it.

    def is_cut_short(self) -> bool:
        """Go through everything; return True where the story looked up what had happened and was let pass."""
        live = self._begin()
        if not self._breaks(live, 0, ()):
            self._take(live.state(self._bound.out_of_turn == 0), Node(0), live)
        while self._queue and len(self._nodes) < self._bound.states and not self._missed():
            self._go_on(self._queue.popleft())
        if self._queue:
            self._complete = min(self._complete, self._queue[0].length)
            self._open_ended.update(node.number for node in self._queue)
        return self._missed()

    def _missed(self) -> bool:
        return not self._looks.kinds.isdisjoint(self._readers.passed)

    def _begin(self) -> Live:
        self._plays += 1
        if self._plays % _SWEEP == 0:
            gc.collect()
        return Live(self._world, self._readers, self._looks)

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
            after, end = live.state(in_turn) if self._counts(reply, kinds) else state, node.number
            stays = after == state and self._bound.merging
            self._changed[_likeness(move)] = not stays
            if self._breaks(live, n, (*node.way(), move)):
                live, end = None, _BEYOND
                self._went_round |= _recorded(move, reply)
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

    def _counts(self, reply: Reply | None, kinds: tuple[str, ...]) -> bool:
        """Return whether anything may have come of a move: not of one that was refused, unless that is looked at."""
        refused = reply is not None and reply.says != "done" and set(kinds) <= {_REFUSED}
        return not refused or not self._readers.is_idle(_REFUSED)

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
        stands, plainly = self._offered(live, asked_alone), in_turn and node.out_of_turn > 0
        every = list(moves(stands, self._world.opening, self._choices, in_turn=asked_alone, plainly=plainly))
        found: list[tuple[Move, bool]] = [
            (one.move, one.due) for one in every if one.due or not asked_alone or self._goes_round(live, one.move)
        ]
        coming = [at for at, _, does in clockwork.to_come(case) if self._readers.minds(does)]
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
        """Return whether the rules of the pack would let an entry pass that may not, and of which that is not known."""
        if act.entry is None or act.entry.kind not in self._choices.guarded - self._went_round:
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
                by_itself = not isinstance(event, AskMoved) or event.why != "reassigned"
                self._reached |= {event.step} if event.asked and by_itself else set()
        found = _faults(self._world.opening, live, since)
        for says in found:
            self._wrong.setdefault(says, way)
        return bool(found)

    def found(self) -> Explored:
        """Return what was found."""
        findings = [self._finding(says, way) for says, way in self._wrong.items()]
        findings += [self._told(says, node.way()) for says, node in self._endless()]
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
            findings=tuple(findings),
            edges=tuple(self._edges),
        )

    def _finding(self, says: str, way: tuple[Move, ...]) -> Finding:
        """Return a fault with its story, played by itself: it is to lead to that fault.

        Raises:
            UnsoundMergeError: it does not.
        """
        live = Live(self._world, self._readers, self._looks)
        live.go(way)
        if says not in _faults(self._world.opening, live, 0):
            raise UnsoundMergeError(says)
        return self._told(says, way)

    def _told(self, says: str, way: tuple[Move, ...]) -> Finding:
        world = self._world
        played = play(world.story(), world.opening, world.directory, world.begins, way, world.clearances)
        return Finding(says=says, moves=way, events=played.events)

    def _endless(self) -> Iterator[tuple[str, Node]]:
        """Yield the first state from which nothing leads to an end or beyond the bound, and that in turn none ends."""
        before: dict[int, list[int]] = {}
        for edge in self._edges:
            before.setdefault(edge.end, []).append(edge.start)
        able = {*self._ends, *self._open_ended, _BEYOND}
        todo = list(able)
        while todo:
            new = [start for start in before.get(todo.pop(), ()) if start not in able]
            able.update(new)
            todo += new
        yield from [(NEVER_ENDS, node) for node in self._nodes if node.number not in able][:1]
        whole = self._complete >= self._longest and not self._wrong
        # A campaign goes on until its owner ends it, whoever has signed beside everybody.
        ends = self._world.opening.process.story != "acknowledgement"
        if self._bound.out_of_turn == 0 and self._asked and not self._ends and whole and ends:
            yield NO_END, self._nodes[-1]


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
