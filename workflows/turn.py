"""One turn of a case: how it is gathered and published, and how turn follows on turn until the story ends."""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from domain.cases import Batch, MailOrder, Opening, Published, Roll, ToBegin, ToOpen
from domain.events import AskMoved, CaseEnded, Recorded
from workflows import clockwork, going_on

if TYPE_CHECKING:
    from workflows.case import Case
    from workflows.strands import Story


class Host(Protocol):
    """What carries a case: Temporal, or the explorer's memory."""

    def now(self) -> datetime:
        """Return the time of this turn, in UTC."""

    async def publish(self, batch: Batch) -> Published:
        """Record and send what one turn said; return whom its asks reached."""

    async def pause(self, until: datetime | None, woken: Callable[[], bool]) -> None:
        """Return when `woken` says so, or at `until` at the latest; it may return early, to no harm."""

    def since(self, change: str) -> bool:
        """Return whether the case goes by a `change` of a later version of Duly: always the same for one case."""


class Turn:
    """What a case says in one turn, to be handed to its host in one batch.

    `opening` is what the record does not have yet of how the case began, or what it goes by now.
    """

    def __init__(self, opening: Opening | None = None) -> None:
        """Begin with nothing said but `opening`."""
        self.opening = opening
        self.events: list[Recorded] = []
        self.mails: list[MailOrder] = []
        self.opens: list[ToOpen] = []
        self.begins: list[ToBegin] = []
        self.roll: Roll | None = None
        self.halts = False

    @property
    def says_something(self) -> bool:
        """Whether there is something to be published."""
        return bool(self.events) or self.roll is not None


async def play(case: "Case", story: "Story") -> str:
    """Tell `story` to its end, turn by turn, and return how it ended."""
    case.strands.story = story.run(case, case.opening)
    tell_on(case)
    while True:
        while case.turn.says_something:
            await _publish(case)
        _rest(case)
        if case.outcome is not None:
            going_on.count_on(case)
            return case.outcome
        await case.host.pause(clockwork.next_at(case), lambda: case.turn.says_something)
        clockwork.let_time_pass(case)
        tell_on(case)


def tell_on(case: "Case") -> None:
    """Tell every strand on to its next wait, again and again as long as one records what another may wait for."""
    if case.strands.story is None or case.outcome is not None:
        return
    so_far = -1
    while case.outcome is None and so_far < len(case.past):
        so_far = len(case.past)
        case.outcome = case.strands.tell_on()
    if case.outcome is not None:
        _end(case, case.outcome)


def _end(case: "Case", outcome: str) -> None:
    """Put on record how the case ended, unless it begins again; what is still asked is asked no longer."""
    case.strands.close()
    case.untils.clear()
    case.offers.clear()
    case.accepts.clear()
    if case.next_opening is None or case.next_opening.carried is None:
        case.ask_no_more()
    if case.next_opening is None:
        case.record(CaseEnded(outcome=outcome))


def _rest(case: "Case") -> None:
    """Let a story begin again that wants to: all that was said is on record, and every strand has heard it."""
    if case.outcome is None and case.rests_when is not None and case.rests_when():
        case.is_at_rest = True
        tell_on(case)
        case.is_at_rest = False


async def _publish(case: "Case") -> None:
    """Hand over all that was said; what is said meanwhile goes with the next turn."""
    number, clearance = case.to_clear.pop(0) if case.to_clear else (None, None)
    turn = case.turn
    batch = Batch(
        case=case.opening.case,
        events=tuple(turn.events),
        mails=tuple(turn.mails),
        standing=case.standing(),
        opening=turn.opening,
        opens=tuple(turn.opens),
        halts=turn.halts,
        clears=clearance,
        begins=tuple(turn.begins),
        roll=turn.roll,
        again=case.next_opening is not None,
    )
    case.turn = Turn()
    published = await case.host.publish(batch)
    # An ask that was moved meanwhile reaches whom the next turn says.
    moved = {said.event.ask for said in case.turn.events if isinstance(said.event, AskMoved)}
    for ask, asked in published.asked.items():
        if ask not in moved:
            case.asks[ask].asked = asked
    case.has_begun = True
    going_on.count_on(case, published.calendar or case.opening.calendar)
    if number is not None:
        case.clearings[number] = published.cleared is True
        tell_on(case)
    if published.roll is not None:
        case.rolled = published.roll
        tell_on(case)
