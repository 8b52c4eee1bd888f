"""What is going to be done, and when: one agenda for everybody of a rehearsal."""

import heapq
from collections.abc import Awaitable, Callable
from datetime import datetime
from itertools import count
from typing import Final, TypeAlias

Deed: TypeAlias = Callable[[], Awaitable[object]]
"""Something that is done at its time."""

_LOOKS: Final = "looks"


class Agenda:
    """Deeds, each with its time and its row: those of one row are done one after the other, rows side by side."""

    def __init__(self, look: Deed) -> None:
        """Begin empty; `look` is what the lookout does."""
        self._look = look
        self._deeds: list[tuple[datetime, int, str, Deed]] = []
        self._numbers = count()
        self._looks: set[datetime] = set()

    def later(self, at: datetime, row: str, deed: Deed) -> None:
        """Have something done then."""
        heapq.heappush(self._deeds, (at, next(self._numbers), row, deed))

    def look(self, at: datetime) -> None:
        """Have the lookout look then: once, however many ask for it."""
        if at not in self._looks:
            self._looks.add(at)
            self.later(at, _LOOKS, self._look)

    @property
    def next_at(self) -> datetime | None:
        """When the next deed is done; None where none is."""
        return self._deeds[0][0] if self._deeds else None

    def due(self, moment: datetime) -> dict[str, list[Deed]]:
        """Take out what is done by then, by its row."""
        rows: dict[str, list[Deed]] = {}
        while self._deeds and self._deeds[0][0] <= moment:
            at, _, row, deed = heapq.heappop(self._deeds)
            self._looks.discard(at)
            rows.setdefault(row, []).append(deed)
        return rows
