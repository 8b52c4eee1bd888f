"""How far an acknowledgement has got, as a picture: every number is told, and no bar is longer than it may be."""

from hypothesis import given
from hypothesis import strategies as st

from domain.campaign_picture import VisitorCount, draw_progress, parts_of
from domain.cases import RollCount
from domain.trends import WIDTH

NUMBERS = st.integers(0, 5000)


VISITORS = st.none() | st.builds(VisitorCount, signed=NUMBERS, expected=NUMBERS, gone=NUMBERS)


@given(NUMBERS, NUMBERS, NUMBERS, st.integers(1, 5000), VISITORS)
def test_every_number_is_told_in_words_and_its_bar_is_as_long_as_its_part(
    signed: int, declined: int, left: int, waiting: int, visitors: VisitorCount | None
) -> None:
    asked = signed + declined + left + waiting
    count = RollCount(asked=asked, signed=signed, declined=declined, left=left, waiting=waiting)
    chart = draw_progress("How far", count, visitors)
    parts = parts_of(count, visitors)
    assert sum(part.number for part in parts) == asked + (visitors.all if visitors is not None else 0)
    assert [label.text for label in chart.labels] == [f"{part.name}: {part.number}" for part in parts]
    assert all(f"{part.name.lower()}: {part.number}" in chart.description for part in parts)
    assert all(0 < bar.width <= WIDTH and bar.y + bar.height <= chart.height for bar in chart.bars)
    assert len(chart.bars) == sum(part.number > 0 for part in parts)
    assert [bar.solid for bar in chart.bars] == [part.solid for part in parts if part.number]
