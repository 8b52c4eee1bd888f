"""How far an acknowledgement has got, as a picture: one bar for each number, as long as its part of all.

Sizes are in units of the picture, which is as wide as the narrowest screen: there, a unit is a pixel.
"""

from typing import Final

from domain.base import Frozen
from domain.cases import RollCount
from domain.trends import WIDTH, Bar, Chart, Label

_ROW: Final = 44
_BAR: Final = 16
_FOOT: Final = 15
_NOWHERE: Final = -9
"""Outside of the picture: these bars stand on no line."""


class Part(Frozen):
    """A number of a campaign and what it counts; it is `solid` where nobody is waited for any more."""

    name: str
    number: int
    solid: bool = False


class VisitorCount(Frozen):
    """How many visitors have signed, are expected to, and are gone unsigned or not asked any more."""

    signed: int = 0
    expected: int = 0
    gone: int = 0

    @property
    def all(self) -> int:
        """How many there are or were."""
        return self.signed + self.expected + self.gone


def parts_of(count: RollCount, visitors: VisitorCount | None = None) -> tuple[Part, ...]:
    """Return the numbers of a campaign in their order: everybody who was asked, and then all visitors, where any sign.

    Source: Redhill, appendix 1 (ACK-04, ACK-06).
    """
    people = (
        Part(name="Have signed", number=count.signed, solid=True),
        Part(name="Are waited for", number=count.waiting),
        Part(name="Do not sign", number=count.declined),
        Part(name="Are not asked any more", number=count.left),
    )
    if visitors is None:
        return people
    return (
        *people,
        Part(name="Visitors who have signed", number=visitors.signed, solid=True),
        Part(name="Visitors who are expected", number=visitors.expected),
        Part(name="Visitors gone, or asked no more", number=visitors.gone),
    )


def draw_progress(title: str, count: RollCount, visitors: VisitorCount | None = None) -> Chart:
    """Return where each bar is drawn; a number of none has no bar, and is told all the same."""
    parts, everybody = parts_of(count, visitors), count.asked + (visitors.all if visitors is not None else 0)
    told = "; ".join(f"{part.name.lower()}: {part.number}" for part in parts)
    return Chart(
        key="progress",
        title=title,
        description=f"Asked: {count.asked}; {told}.",
        bars=tuple(
            Bar(x=1, y=row * _ROW + 22, width=(WIDTH - 2) * part.number / everybody, height=_BAR, solid=part.solid)
            for row, part in enumerate(parts)
            if part.number
        ),
        legend=(),
        labels=tuple(
            Label(x=0, y=row * _ROW + _FOOT, text=f"{part.name}: {part.number}") for row, part in enumerate(parts)
        ),
        left=0,
        top=_NOWHERE,
        foot=_NOWHERE,
        height=len(parts) * _ROW + 2,
    )
