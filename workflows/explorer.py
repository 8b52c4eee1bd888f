"""The explorer: the other host, which plays a case in memory and in virtual time.

It answers what Temporal would answer to the same acts, and it can go through every way in which people and the clock
may answer, up to a number of moves. It merges nothing: its cost grows with every order of every move.
"""

from collections.abc import Callable, Coroutine, Generator, Iterator
from datetime import datetime

from domain.base import Frozen
from domain.calendar import local_day
from domain.cases import Act, Batch, Opening, Published, Reply, Standing
from domain.events import AskOpened, Escalated, Recorded, Verdict
from domain.people import Asked, Directory, who_is_asked
from workflows.case import Case, Story


class TimePasses(Frozen):
    """A move in which nobody does anything until `until`."""

    until: datetime


Move = Act | TimePasses
"""What can come next: somebody acts, or time passes."""


class Played(Frozen):
    """What came of a sequence of moves: all that was recorded, the reply to every act, and how the case stands."""

    events: tuple[Recorded, ...]
    replies: tuple[Reply, ...]
    standing: Standing
    asked: dict[str, tuple[Asked, ...]]

    @property
    def over(self) -> bool:
        """Return whether the case has ended."""
        return self.standing.outcome is not None


class _Pause:
    """What the memory host yields to its driver when the case has nothing to do."""

    def __await__(self) -> Generator["_Pause", None, None]:
        yield self


class MemoryHost:
    """Carries a case in memory: its clock is set by hand, its people are those of a directory that never changes."""

    def __init__(self, opening: Opening, directory: Directory, begins: datetime) -> None:
        """Begin at `begins` with nothing recorded."""
        self.clock = begins
        self.events: list[Recorded] = []
        self.asked: dict[str, tuple[Asked, ...]] = {}
        self._directory = directory
        self._school = opening.school
        self._excluded = frozenset({opening.request.author, opening.request.starter})

    def now(self) -> datetime:
        """Return the virtual time."""
        return self.clock

    async def publish(self, batch: Batch) -> Published:
        """Keep the events; find out whom each ask reaches."""
        self.events.extend(batch.events)
        reached: dict[str, tuple[Asked, ...]] = {}
        for recorded in batch.events:
            event = recorded.event
            if isinstance(event, AskOpened):
                reached[event.ask] = self._reach(event.ladder, event.named, recorded.at)
            elif isinstance(event, Escalated):
                before = reached.get(event.ask, self.asked.get(event.ask, ()))
                known = {asked.person for asked in before}
                further = self._reach(event.to, None, recorded.at) if event.to else ()
                reached[event.ask] = (*before, *(asked for asked in further if asked.person not in known))
        self.asked |= reached
        return Published(asked=reached)

    async def pause(self, until: datetime | None, woken: Callable[[], bool]) -> None:
        """Give the driver the next move."""
        del until, woken
        await _Pause()

    def _reach(self, ladder: tuple[str, ...], named: str | None, at: datetime) -> tuple[Asked, ...]:
        return who_is_asked(ladder, self._school, named, self._directory, local_day(at), self._excluded)


def play(story: Story, opening: Opening, directory: Directory, begins: datetime, moves: tuple[Move, ...]) -> Played:
    """Return what comes of `moves`, made one after the other from the opening of the case at `begins`.

    An act on a case that has ended is answered by it; time that passes then changes nothing.
    """
    host = MemoryHost(opening, directory, begins)
    case = Case(opening, host)
    running = _Running(case.play(story))
    running.on()
    replies = []
    for move in moves:
        if isinstance(move, TimePasses):
            _wait(case, host, running, move.until)
        else:
            replies.append(case.receive(move))
            running.on()
    return Played(events=tuple(host.events), replies=tuple(replies), standing=case.standing(), asked=host.asked)


class _Running:
    """A case that is being played, until its end."""

    def __init__(self, coroutine: Coroutine[_Pause, None, str]) -> None:
        self._coroutine: Coroutine[_Pause, None, str] | None = coroutine

    def on(self) -> None:
        """Run the case on to its next pause or its end."""
        if self._coroutine is None:
            return
        try:
            self._coroutine.send(None)
        except StopIteration:
            self._coroutine = None


def _wait(case: Case, host: MemoryHost, running: _Running, until: datetime) -> None:
    """Let the clock stop wherever something happens by itself, up to `until`."""
    while case.outcome is None and (due := case.standing().next_at) is not None and due <= until:
        host.clock = max(due, host.clock)
        running.on()
    host.clock = max(until, host.clock)


def possible(played: Played, opening: Opening) -> tuple[Move, ...]:
    """Return every move that can change something now: each answer of everybody asked, each offer, and waiting."""
    standing = played.standing
    answers = tuple(
        _answer(opening, ask.ask, ask.step, asked.person, verdict, ask.opened_at)
        for ask in standing.asks
        for asked in played.asked.get(ask.ask, ())
        for verdict in Verdict
    )
    offers = tuple(
        Act.model_validate({"kind": offer, "person": opening.request.author, "how": "session"})
        for offer in standing.offers
    )
    waits = (TimePasses(until=standing.next_at),) if standing.next_at is not None else ()
    return (*answers, *offers, *waits)


def _answer(opening: Opening, ask: str, step: str, person: str, verdict: Verdict, opened_at: datetime) -> Act:
    asked_for = opening.process.step(step)
    return Act(
        kind="answer",
        person=person,
        how="link",
        ask=ask,
        version=opening.request.version,
        verdict=verdict,
        signature=person,
        confirmations=tuple(c.key for c in asked_for.confirmations) if asked_for else (),
        comment="reason",
        opened_at=opened_at,
    )


def explore(
    story: Callable[[], Story], opening: Opening, directory: Directory, begins: datetime, most_moves: int
) -> Iterator[Played]:
    """Yield every play that ends, or that has made `most_moves` moves, in the order of its moves."""
    unfinished: list[tuple[Move, ...]] = [()]
    while unfinished:
        moves = unfinished.pop()
        played = play(story(), opening, directory, begins, moves)
        if played.over or len(moves) == most_moves:
            yield played
            continue
        unfinished.extend((*moves, move) for move in reversed(possible(played, opening)))
