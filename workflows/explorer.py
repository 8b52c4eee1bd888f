"""The explorer: the other host, which plays a case in memory and in virtual time.

It answers what Temporal would answer to the same acts. What can come next is in `explorer_moves`, what two plays have
in common in `explorer_states`, and how all of it is gone through in `explorer_search`.
"""

from collections.abc import Callable, Coroutine, Generator
from datetime import datetime
from typing import Final

from domain.allegations import Clearance
from domain.asking import reached_by
from domain.base import Frozen
from domain.calendar import local_day
from domain.cases import Act, Batch, Opening, Published, Reply, RollCount, Standing, ToOpen
from domain.events import AskMoved, AskOpened, Escalated, Recorded
from domain.people import Asked, Directory
from workflows.case import Case
from workflows.strands import Story
from workflows.turn import Host

_MOST_TURNS: Final = 100
"""How often a case may be woken at one moment."""


class RestlessError(RuntimeError):
    """A case that never comes to rest: on Temporal it would fill up its history."""

    def __init__(self, does: str) -> None:
        """Name what is due."""
        super().__init__(f"a case never comes to rest, because something is due for ever: {does.replace('_', ' ')}")


class TimePasses(Frozen):
    """A move in which nobody does anything until `until`."""

    until: datetime


Move = Act | TimePasses
"""What can come next: somebody acts, or time passes."""


class Played(Frozen):
    """What came of a sequence of moves: all that was recorded, the reply to every act, and how the case stands.

    `asked` are those whom each ask reached, `accepts` the seats that may record each kind of entry now (nobody: whoever
    is asked), `opened` the cases that were to be opened out of this one, and `now` is when the play stopped.
    """

    events: tuple[Recorded, ...]
    replies: tuple[Reply, ...]
    standing: Standing
    asked: dict[str, tuple[Asked, ...]]
    accepts: dict[str, frozenset[str]]
    opened: tuple[ToOpen, ...]
    now: datetime

    @property
    def over(self) -> bool:
        """Return whether the case has ended."""
        return self.standing.outcome is not None


class _Pause:
    """What the memory host yields to its driver when the case has nothing to do."""

    def __await__(self) -> Generator["_Pause", None, None]:
        yield self


class MemoryHost:
    """Carries a case in memory: its clock is set by hand, its people are those of a directory that never changes.

    `clearances` are those that are on record elsewhere and permit what they are to permit.
    """

    def __init__(
        self,
        opening: Opening,
        directory: Directory,
        begins: datetime,
        clearances: frozenset[Clearance] = frozenset(),
    ) -> None:
        """Begin at `begins` with nothing recorded."""
        self.clock = begins
        self.events: list[Recorded] = []
        self.asked: dict[str, tuple[Asked, ...]] = {}
        self.opened: list[ToOpen] = []
        self._directory = directory
        self._school = opening.school
        self._request = opening.request
        self._clearances = clearances

    def now(self) -> datetime:
        """Return the virtual time."""
        return self.clock

    async def publish(self, batch: Batch) -> Published:
        """Keep the events; find out whom each ask reaches, and whether a clearance is on record."""
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
                recorded = recorded.model_copy(update={"event": event})
            self.events.append(recorded)
        self.asked |= reached
        self.opened += batch.opens
        cleared = None if batch.clears is None else batch.clears in self._clearances
        return Published(asked=reached, cleared=cleared, roll=None if batch.roll is None else RollCount())

    def since(self, change: str) -> bool:
        """Return that every change is there: what is played was never begun before."""
        del change
        return True

    async def pause(self, until: datetime | None, woken: Callable[[], bool]) -> None:
        """Give the driver the next move."""
        del until, woken
        await _Pause()


class Playing:
    """A case that is being played, move by move. It cannot be copied: to go another way, it is played again."""

    def __init__(
        self,
        story: Story,
        opening: Opening,
        directory: Directory,
        begins: datetime,
        clearances: frozenset[Clearance] = frozenset(),
        case: Callable[[Opening, Host], Case] = Case,
    ) -> None:
        """Open the case at `begins`, and play it to its first pause."""
        self.host = MemoryHost(opening, directory, begins, clearances)
        self.case = case(opening, self.host)
        self._strand: Coroutine[object, None, str] | None = self.case.play(story)
        self._on()

    def make(self, move: Move) -> Reply | None:
        """Make `move`, and return what the case replies to it: nothing, where time passed.

        An act on a case that has ended is answered by it; time that passes then changes nothing.
        """
        if isinstance(move, TimePasses):
            self._wait(move.until)
            return None
        reply = self.case.receive(move)
        self._on()
        return reply

    def played(self, replies: tuple[Reply, ...] = ()) -> Played:
        """Return what came of it so far."""
        return Played(
            events=tuple(self.host.events),
            replies=replies,
            standing=self.case.standing(),
            asked=dict(self.host.asked),
            accepts={kind: accepted.seats for kind, accepted in self.case.accepts.items()},
            opened=tuple(self.host.opened),
            now=self.host.clock,
        )

    def _on(self) -> None:
        """Run the case on to its next pause or its end."""
        if self._strand is None:
            return
        try:
            self._strand.send(None)
        except StopIteration:
            self._strand = None

    def _wait(self, until: datetime) -> None:
        """Let the clock stop wherever something happens by itself, up to `until`.

        Raises:
            RestlessError: something is due, and stays so whatever the case does about it.
        """
        turns = 0
        while self.case.outcome is None and (due := self.case.standing().next_at) is not None and due <= until:
            turns = 0 if due > self.host.clock else turns + 1
            if turns > _MOST_TURNS:
                raise RestlessError(str(self.case.standing().next_does))
            self.host.clock = max(due, self.host.clock)
            self._on()
        self.host.clock = max(until, self.host.clock)


def play(
    story: Story,
    opening: Opening,
    directory: Directory,
    begins: datetime,
    moves: tuple[Move, ...],
    clearances: frozenset[Clearance] = frozenset(),
) -> Played:
    """Return what comes of `moves`, made one after the other from the opening of the case at `begins`."""
    playing = Playing(story, opening, directory, begins, clearances)
    replies = [playing.make(move) for move in moves]
    return playing.played(tuple(reply for reply in replies if reply is not None))
