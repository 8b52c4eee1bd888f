"""A case as a picture: its stages, what is known of each, and where each is drawn.

The stages are what the table beside the picture shows, so that both say the same. Sizes are in units of the picture,
which is as wide as the narrowest screen: there, a unit is a pixel.
"""

import textwrap
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Final, Literal

from domain.approvals import RESTS_ON_ANSWERS, Earlier, counting, void_afterwards
from domain.base import Frozen
from domain.calendar import local_day
from domain.cases import Opening
from domain.events import (
    AnyEvent,
    Approved,
    AskClosed,
    AskOpened,
    CaseEnded,
    DatePassed,
    DecisionDisputed,
    Extended,
    HoldReleased,
    Recorded,
    Rejected,
    RequestEdited,
    RequestSubmitted,
    RequestUnfit,
    Returned,
)
from domain.pack import Step
from domain.versions import sent_back_by
from domain.words import day_in_words, listed

Mark = Literal["tick", "cross", "dots", "ring", "dash", "step"]
"""The sign of a stage, which tells its state without colour: done, refused, waiting, still to come, not needed.

Where a process is shown as its pack lays it down, `step` is what every case comes to.
"""

WIDTH: Final = 288
RADIUS: Final = 14
_TEXT_X: Final = 44
_LINE: Final = 20
_GAP: Final = 22
_TITLE_CHARACTERS: Final = 27
_TEXT_CHARACTERS: Final = 31


class Stage(Frozen):
    """One stage of a case in words: what, whom it asks, how it stands, who saw to it, when, and until when.

    `void` says which approvals were given before that do not count any more.
    """

    title: str
    who: str
    mark: Mark
    words: str
    by: str = ""
    at: datetime | None = None
    due: datetime | None = None
    void: str = ""


class Line(Frozen):
    """A line of text of the picture, and how far down its foot stands."""

    y: int
    text: str
    bold: bool = False


class Node(Frozen):
    """A stage as drawn: its sign, how far down the sign's middle is, and its lines of text."""

    y: int
    mark: Mark
    lines: tuple[Line, ...]


class Bond(Frozen):
    """The line between two signs; `passed` once the case has gone along it."""

    top: int
    foot: int
    passed: bool


class Picture(Frozen):
    """All that a picture needs to be drawn, and what it says to those who do not see it."""

    key: str = "picture"
    title: str
    description: str
    height: int
    text_x: int = _TEXT_X
    width: int = WIDTH
    radius: int = RADIUS
    nodes: tuple[Node, ...]
    bonds: tuple[Bond, ...]


_CLOSED: Final[dict[str, str]] = {
    "lapsed": "Lapsed: nobody answered in time",
    "no_longer_needed": "No longer needed",
    "withdrawn": "Withdrawn before an answer",
    "cancelled": "Cancelled before an answer",
}
"""How an ask ended that is not asked again; after every other end, it is."""

_ENDS: Final[dict[str, tuple[Mark, str]]] = {
    "approved": ("tick", "Approved: the site is in the register"),
    "rejected": ("cross", "Rejected"),
    "withdrawn": ("cross", "Withdrawn"),
    "lapsed": ("cross", "Lapsed"),
    "refused": ("cross", "Stopped by a rule of the policy"),
    "cancelled": ("cross", "Cancelled by an administrator"),
}


def stages_of(
    opening: Opening, history: Sequence[Recorded], names: Mapping[str, str], earlier: Earlier | None = None
) -> tuple[Stage, ...]:
    """Return the stages of a case in their order: the request, each seat of each step, the end.

    However often a request went round, each is there once, as it stands now. `names` are those of people, by id,
    `earlier` is its process under packs that it went by before.
    """
    ended = next((said for said in history if isinstance(said.event, CaseEnded)), None)
    counts = counting(opening, [said.event for said in history], earlier or {})
    rounds = _Rounds(history, names, counts, ended=ended is not None)
    asks = [_asked(opening, step, seat, rounds) for step in opening.process.steps for seat in step.seats]
    return (rounds.request(opening), *asks, _end(ended, rounds))


def draw(stages: Sequence[Stage], title: str, key: str = "picture") -> Picture:
    """Return where each of `stages` is drawn, from top to bottom; `key` tells the pictures of one page apart."""
    nodes, y = [], RADIUS + 2
    for stage in stages:
        node = _node(stage, y)
        nodes.append(node)
        y = max(node.lines[-1].y, y + RADIUS) + _GAP + RADIUS
    bonds = tuple(
        Bond(top=above.y + RADIUS, foot=below.y - RADIUS, passed=below.mark not in {"ring", "dash"})
        for above, below in pairwise(nodes)
    )
    told = (f"{place}. {stage.title}: {_told(stage)}." for place, stage in enumerate(stages, 1))
    return Picture(
        key=key,
        title=title,
        description=" ".join(told),
        height=y - RADIUS - _GAP + _LINE // 2,
        nodes=tuple(nodes),
        bonds=bonds,
    )


def _node(stage: Stage, y: int) -> Node:
    heads = textwrap.wrap(stage.title, _TITLE_CHARACTERS)
    texts = textwrap.wrap(_told(stage), _TEXT_CHARACTERS)
    first = y + _LINE // 4
    lines = [
        Line(y=first + place * _LINE, text=text, bold=place < len(heads)) for place, text in enumerate([*heads, *texts])
    ]
    return Node(y=y, mark=stage.mark, lines=tuple(lines))


def _told(stage: Stage) -> str:
    by = f" by {stage.by}" if stage.by else ""
    on = f" on {day_in_words(local_day(stage.at))}" if stage.at else ""
    until = f", until {day_in_words(local_day(stage.due))}" if stage.due else ""
    void = f"; {stage.void}" if stage.void else ""
    return f"{stage.words}{by}{on}{until}{void}"


class _Rounds:
    """The record of a case, asked how its asks stand now, after all rounds that the request made."""

    def __init__(
        self, history: Sequence[Recorded], names: Mapping[str, str], counts: frozenset[str], *, ended: bool
    ) -> None:
        self._history, self._names, self._counts = history, names, counts
        self._ended = ended
        events = [said.event for said in history]
        self._edits = [said for said in history if isinstance(said.event, RequestEdited)]
        self._version = max((event.version for event in events if isinstance(event, RequestEdited)), default=1)
        settled = [event.ask for event in events if isinstance(event, HoldReleased)]
        disputed = {event.ask for event in events if isinstance(event, DecisionDisputed)}
        self._disputed = disputed - set(settled)

        self.is_questioned = self._ended and bool(self._disputed)
        self.is_void = void_afterwards(events)

    def name(self, person: str) -> str:
        return self._names.get(person, person)

    def opened(self, step: str, seat: str | None = None) -> list[AskOpened]:
        """Return the asks of `step`, or of its `seat`, in order."""
        events = [said.event for said in self._history]
        return [e for e in events if isinstance(e, AskOpened) and e.step == step and seat in {None, e.seat}]

    def request(self, opening: Opening) -> Stage:
        """Return the first stage: the request, as it was sent, changed, or sent back."""
        changes = opening.process.changes
        back = sent_back_by(self._history, changes.key) if changes else None
        asked = self.opened(changes.key)[-1:] if changes and back else []
        if back is not None and asked:
            by, due = self._by(back), self.due(asked[0])
            words = _sent_back(back.event)
            return Stage(title="Request", who="Author", mark="dots", words=words, by=by, at=back.at, due=due)
        if self._edits:
            last, count = self._edits[-1], len(self._edits)
            times = {1: "once", 2: "twice"}.get(count, f"{count} times")
            words = f"Changed {times} (version {self._version})"
            return Stage(title="Request", who="Author", mark="tick", words=words, by=self._by(last), at=last.at)
        sent = next((said for said in self._history if isinstance(said.event, RequestSubmitted)), None)
        by = self.name(opening.request.starter)
        return Stage(title="Request", who="Author", mark="tick", words="Sent", by=by, at=sent.at if sent else None)

    def stage(self, title: str, who: str, asks: list[AskOpened]) -> Stage:
        """Return how a seat stands that `asks` asked, the latest of which counts."""
        void = self._void(asks)
        waits, again = ("Not asked", "Not asked again") if self._ended else ("Not asked yet", "To be asked again")
        still = {"title": title, "who": who, "void": void, "mark": "dash" if self._ended else "ring"}
        before = f"{waits}: it ended before" if self._ended else waits
        if not asks:
            return Stage.model_validate({**still, "words": before})
        ask = asks[-1]
        answer, closed = self._last(ask, Approved, Rejected, Returned), self._last(ask, AskClosed)
        if answer is not None and ask.ask in self._counts:
            how = {"title": title, "who": who, "void": void, "by": self._by(answer), "at": answer.at}
            if ask.ask in self._disputed:
                return Stage.model_validate({**how, "mark": "dots", "words": "Disputed answer"})
            if isinstance(answer.event, Returned):
                return Stage.model_validate({**how, "mark": still["mark"], "words": "Returned for changes"})
            words, mark = ("Approved", "tick") if isinstance(answer.event, Approved) else ("Rejected", "cross")
            return Stage.model_validate({**how, "mark": mark, "words": words})
        if closed is not None and isinstance(closed.event, AskClosed) and closed.event.why in _CLOSED:
            words = _CLOSED[closed.event.why]
            return Stage(title=title, who=who, mark="dash", words=words, at=closed.at, void=void)
        if answer is not None or closed is not None:
            return Stage.model_validate({**still, "words": f"{again}: it ended before" if self._ended else again})
        if self._disputed:
            return Stage(title=title, who=who, mark="dots", words="On hold", void=void)
        words = "Waiting for an answer"
        return Stage(title=title, who=who, mark="dots", words=words, due=self.due(ask), void=void)

    def due(self, ask: AskOpened) -> datetime:
        """Return until when `ask` may be answered, with all the time that was given."""
        longer = self._last(ask, Extended)
        return longer.event.due if longer is not None and isinstance(longer.event, Extended) else ask.due

    def _void(self, asks: list[AskOpened]) -> str:
        """Return which approvals of `asks` do not count any more, by the versions that they were given for."""
        ids = {ask.ask for ask in asks}
        approved = [said.event for said in self._history if isinstance(said.event, Approved) and said.event.ask in ids]
        versions = sorted({event.version for event in approved if event.ask not in self._counts})
        if not versions:
            return ""
        which = listed(tuple(str(version) for version in versions))
        return (
            f"approval of version {which} is void" if len(versions) == 1 else f"approvals of versions {which} are void"
        )

    def _last(self, ask: AskOpened, *kinds: type[AnyEvent]) -> Recorded | None:
        """Return the latest event of those `kinds` of `ask`, or None."""
        of_ask = (e for e in reversed(self._history) if getattr(e.event, "ask", None) == ask.ask)
        return next((said for said in of_ask if isinstance(said.event, kinds)), None)

    def _by(self, said: Recorded) -> str:
        by = getattr(said.event, "by", "")
        return self.name(by) if by else ""


def _sent_back(event: AnyEvent) -> str:
    match event:
        case RequestUnfit():
            return "The form does not hold any more: found"
        case DatePassed(day=day):
            return f"{day_in_words(day)} came first: sent back"
        case _:
            return "Returned for changes"


def _asked(opening: Opening, step: Step, seat: str, rounds: _Rounds) -> Stage:
    who = next((known.title for known in opening.seats if known.key == seat), seat)
    title = step.title if len(step.seats) == 1 else f"{step.title}: {who}"
    return rounds.stage(title, who, rounds.opened(step.key, seat))


def _end(ended: Recorded | None, rounds: _Rounds) -> Stage:
    if ended is None or not isinstance(ended.event, CaseEnded):
        return Stage(title="End", who="", mark="ring", words="Then the site enters the register")
    mark, words = _ENDS.get(ended.event.outcome, ("dash", "Ended"))
    if rounds.is_void:
        mark, words = "cross", f"{words}; but an answer was found to be void"
    elif rounds.is_questioned and ended.event.outcome in RESTS_ON_ANSWERS:
        mark, words = "dots", f"{words}; but that is under question"
    return Stage(title="End", who="", mark=mark, words=words, at=ended.at)
