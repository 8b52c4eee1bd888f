"""A case as a picture: its stages, what is known of each, and where each is drawn.

The stages are what the table beside the picture shows, so that both say the same. Sizes are in units of the picture,
which is as wide as the narrowest screen: there, a unit is a pixel.
"""

import textwrap
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Final, Literal

from domain.base import Frozen
from domain.calendar import local_day
from domain.cases import Opening
from domain.events import (
    Approved,
    AskClosed,
    AskOpened,
    CaseEnded,
    Recorded,
    Rejected,
    RequestSubmitted,
)
from domain.pack import Step
from domain.words import day_in_words

Mark = Literal["tick", "cross", "dots", "ring", "dash"]
"""The sign of a stage, which tells its state without colour: done, refused, waiting, still to come, not needed."""

WIDTH: Final = 288
RADIUS: Final = 14
_TEXT_X: Final = 44
_LINE: Final = 20
_GAP: Final = 22
_TITLE_CHARACTERS: Final = 27
_TEXT_CHARACTERS: Final = 31


class Stage(Frozen):
    """One stage of a case in words: what, whom it asks, how it stands, who saw to it, when, and until when."""

    title: str
    who: str
    mark: Mark
    words: str
    by: str = ""
    at: datetime | None = None
    due: datetime | None = None


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
    """All that a picture of a case needs to be drawn, and what it says to those who do not see it."""

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
}
_ENDS: Final[dict[str, tuple[Mark, str]]] = {
    "approved": ("tick", "Approved: the site is in the register"),
    "rejected": ("cross", "Rejected"),
    "withdrawn": ("cross", "Withdrawn"),
    "lapsed": ("cross", "Lapsed"),
    "refused": ("cross", "Stopped by a rule of the policy"),
}


def stages_of(opening: Opening, history: Sequence[Recorded], names: Mapping[str, str]) -> tuple[Stage, ...]:
    """Return the stages of a case in their order: sent, each seat of each step, the end.

    `names` are those of people, by id.
    """
    ended = next((said for said in history if isinstance(said.event, CaseEnded)), None)
    asks = [
        _asked(opening, step, seat, history, names, ended=ended is not None)
        for step in opening.process.steps
        for seat in step.seats
    ]
    return (_sent(opening, history, names), *asks, _end(ended))


def draw(stages: Sequence[Stage], title: str) -> Picture:
    """Return where each of `stages` is drawn, from top to bottom."""
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
    return f"{stage.words}{by}{on}{until}"


def _sent(opening: Opening, history: Sequence[Recorded], names: Mapping[str, str]) -> Stage:
    sent = next((said for said in history if isinstance(said.event, RequestSubmitted)), None)
    starter = opening.request.starter
    return Stage(
        title="Request",
        who="Author",
        mark="tick",
        words="Sent",
        by=names.get(starter, starter),
        at=sent.at if sent else None,
    )


def _asked(
    opening: Opening, step: Step, seat: str, history: Sequence[Recorded], names: Mapping[str, str], *, ended: bool
) -> Stage:
    who = next((known.title for known in opening.seats if known.key == seat), seat)
    title = step.title if len(step.seats) == 1 else f"{step.title}: {who}"
    asked = next(
        (
            e.event
            for e in reversed(history)
            if isinstance(e.event, AskOpened) and (e.event.step, e.event.seat) == (step.key, seat)
        ),
        None,
    )
    if asked is None:
        words, mark = ("Not asked: it ended before", "dash") if ended else ("Not asked yet", "ring")
        return Stage.model_validate({"title": title, "who": who, "mark": mark, "words": words})
    for said in history:
        event = said.event
        if isinstance(event, Approved | Rejected) and event.ask == asked.ask:
            words, mark = ("Approved", "tick") if isinstance(event, Approved) else ("Rejected", "cross")
            by = names.get(event.by, event.by)
            return Stage.model_validate(
                {"title": title, "who": who, "mark": mark, "words": words, "by": by, "at": said.at}
            )
        if isinstance(event, AskClosed) and event.ask == asked.ask:
            return Stage(title=title, who=who, mark="dash", words=_CLOSED[event.why], at=said.at)
    return Stage(title=title, who=who, mark="dots", words="Waiting for an answer", due=asked.due)


def _end(ended: Recorded | None) -> Stage:
    if ended is None or not isinstance(ended.event, CaseEnded):
        return Stage(title="End", who="", mark="ring", words="Then the site enters the register")
    mark, words = _ENDS.get(ended.event.outcome, ("dash", "Ended"))
    return Stage(title="End", who="", mark=mark, words=words, at=ended.at)
