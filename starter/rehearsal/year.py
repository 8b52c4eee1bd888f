"""A year as it was played, before anything is made of it."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from starter.rehearsal.watching import Seen


class Undone(NamedTuple):
    """Something that somebody was asked for and tried, and could not do: what they were answered, by which clause."""

    case: str
    ask: str
    person: str
    at: datetime
    says: str
    clause: str


class Happened(NamedTuple):
    """Something of the year that is no event of a case, for its calendar."""

    at: datetime
    what: str


@dataclass
class Year:
    """A year as it was played: its cases and their names by id, what could not be done, and what happened besides.

    `coming` are the asks, each with its case, of which somebody will still do something; `acts` counts what was done.
    `opened` counts the links that a scanner opened, `changed` says what came of that, which should be nothing.
    """

    cases: dict[str, Seen]
    names: dict[str, str]
    ends: datetime
    undone: list[Undone] = field(default_factory=list)
    happened: list[Happened] = field(default_factory=list)
    coming: frozenset[tuple[str, str]] = frozenset()
    acts: int = 0
    opened: int = 0
    changed: list[str] = field(default_factory=list)
