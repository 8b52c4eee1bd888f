"""The explorer: the other host, which plays a case in memory and in virtual time.

It answers what Temporal would answer to the same acts, and it can go through every way in which people and the clock
may answer, up to a number of moves. It merges nothing: its cost grows with every order of every move.
"""

from collections.abc import Callable, Coroutine, Generator, Iterator
from datetime import datetime

from domain.asking import reached_by
from domain.base import Frozen
from domain.calendar import local_day
from domain.cases import Act, Batch, OpenAsk, Opening, Published, Reply, Request, Standing
from domain.events import AskMoved, AskOpened, Escalated, Recorded, Verdict
from domain.pack import Process
from domain.people import Asked, Directory
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
        self._request = opening.request

    def now(self) -> datetime:
        """Return the virtual time."""
        return self.clock

    async def publish(self, batch: Batch) -> Published:
        """Keep the events; find out whom each ask reaches."""
        reached: dict[str, tuple[Asked, ...]] = {}
        request = batch.standing.request or self._request
        own = frozenset({request.author, request.starter})
        for recorded in batch.events:
            event = recorded.event
            if isinstance(event, AskOpened | AskMoved | Escalated):
                before = reached.get(event.ask, self.asked.get(event.ask, ()))
                day = local_day(recorded.at)
                reached[event.ask] = reached_by(event, before, own, self._school, self._directory, day)
                event = event.model_copy(update={"asked": reached[event.ask]})
            self.events.append(recorded.model_copy(update={"event": event}))
        self.asked |= reached
        return Published(asked=reached)

    async def pause(self, until: datetime | None, woken: Callable[[], bool]) -> None:
        """Give the driver the next move."""
        del until, woken
        await _Pause()


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
    """Return every move that can change something now: each answer of everybody asked, each offer, and waiting.

    Of changes to the request there are two: one to a material answer, and one to another where the form has any.
    """
    standing = played.standing
    request = standing.request or opening.request
    verdicts = [verdict for verdict in Verdict if verdict is not Verdict.RETURN or opening.process.changes]
    answers = tuple(
        _answer(opening.process, request, ask, asked.person, verdict)
        for ask in standing.asks
        for asked in played.asked.get(ask.ask, ())
        for verdict in verdicts
        if opening.process.step(ask.step)
    )
    offers = tuple(act for offer in standing.offers for act in _offered(offer, opening, request))
    waits = (TimePasses(until=standing.next_at),) if standing.next_at is not None else ()
    return (*answers, *offers, *waits)


def _offered(offer: str, opening: Opening, request: Request) -> tuple[Act, ...]:
    own = {"kind": offer, "person": request.author, "how": "session"}
    if offer != "edit":
        return (Act.model_validate(own),)
    material = next((key for key in request.answers if key not in opening.immaterial), None)
    keys = [key for key in (material, next(iter(opening.immaterial), None)) if key is not None]
    return tuple(
        Act.model_validate(own | {"version": request.edition, "request": changed(request, key)}) for key in keys
    )


def changed(request: Request, key: str) -> Request:
    """Return `request` with another answer to the question `key`."""
    return request.model_copy(update={"answers": request.answers | {key: f"edition {request.edition + 1}"}})


def _answer(process: Process, request: Request, ask: OpenAsk, person: str, verdict: Verdict) -> Act:
    step = process.step(ask.step)
    return Act(
        kind="answer",
        person=person,
        how="session",
        ask=ask.ask,
        version=request.version,
        verdict=verdict,
        signature=person,
        confirmations=tuple(c.key for c in step.confirmations) if step else (),
        comment="reason",
        opened_at=ask.opened_at,
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
