"""How it went lately: weeks, and the picture of them, in which nothing stands outside and nothing is left out."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.trends import WIDTH, Series, days_taken, draw, mondays_until
from tests.builders import MONDAY

values = st.lists(st.none() | st.integers(min_value=0, max_value=100_000), min_size=13, max_size=13)


@pytest.mark.parametrize("day", [date(2026, 11, 2), date(2026, 11, 5), date(2026, 11, 8)])
def test_a_week_begins_on_monday_and_this_one_is_the_last(day: date) -> None:
    mondays = mondays_until(day, 3)
    assert mondays == (date(2026, 10, 19), date(2026, 10, 26), date(2026, 11, 2), date(2026, 11, 9))


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        ([], None),
        ([timedelta(hours=2)], 0),
        ([timedelta(hours=20)], 1),
        ([timedelta(days=1), timedelta(days=4), timedelta(days=9)], 4),
        ([timedelta(days=1), timedelta(days=100)], 50),
    ],
)
def test_half_of_those_that_ended_had_ended_within_so_many_days_in_england(
    spans: list[timedelta], expected: int | None
) -> None:
    assert days_taken([(MONDAY, MONDAY + span) for span in spans]) == expected


@given(values, values)
def test_every_number_is_a_bar_inside_the_picture_and_in_its_description(
    sent: list[int | None], ended: list[int | None]
) -> None:
    mondays = mondays_until(MONDAY.date())[:-1]
    series = (
        Series(name="Sent", values=tuple(sent), solid=False),
        Series(name="Ended", values=tuple(ended), solid=True),
    )
    chart = draw("moved", "Sent and ended", mondays, series)
    assert len(chart.bars) == sum(bool(value) for value in (*sent, *ended))
    for bar in chart.bars:
        assert 0 <= bar.x < bar.x + bar.width <= WIDTH
        assert chart.top <= bar.y <= bar.y + bar.height <= chart.foot + 0.2
    for one in series:
        drawn = [bar.height for bar in chart.bars if bar.solid == one.solid]
        numbers = [value for value in one.values if value]
        assert [height for _, height in sorted(zip(numbers, drawn, strict=True))] == sorted(drawn)
        assert all(f"{one.name.lower()} {value}" in chart.description for value in one.values if value is not None)


def test_bars_of_two_series_never_cover_each_other() -> None:
    mondays = mondays_until(MONDAY.date())[:-1]
    all_of = Series(name="Sent", values=(7,) * 13, solid=False)
    chart = draw("moved", "Sent and ended", mondays, (all_of, all_of.model_copy(update={"solid": True})))
    edges = sorted((bar.x, bar.x + bar.width) for bar in chart.bars)
    assert all(right <= left for (_, right), (left, _) in pairwise(edges))
