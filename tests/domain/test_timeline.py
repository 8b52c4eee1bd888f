"""A case along time: each ask from when until when, what was done meanwhile, holds, and days that do not count."""

from datetime import date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain.calendar import Calendar, Period
from domain.events import (
    AnyEvent,
    Approved,
    AskClosed,
    AskOpened,
    CaseEnded,
    DecisionDisputed,
    Escalated,
    Extended,
    HoldReleased,
    Recorded,
    Reminded,
    RequestEdited,
    RequestSubmitted,
    Returned,
)
from domain.timeline import SIGNS, Timeline, timeline_of
from domain.timeline_picture import WIDTH, TimePicture, draw
from tests.builders import ANSWERS, CALENDAR, MONDAY, an_opening
from tests.domain.test_picture import decided

SENT = RequestSubmitted(by="amina", author="amina", version=1, answers=ANSWERS)
ENDED = CaseEnded(outcome="approved")


def opened(ask: str, seat: str, due: int = 7) -> AskOpened:
    return AskOpened(ask=ask, step=seat, seat=seat, ladder=(seat,), due=MONDAY + timedelta(days=due), version=1)


def at(*events: tuple[float, AnyEvent]) -> tuple[Recorded, ...]:
    """Return events, each so many days after Monday morning."""
    return tuple(Recorded(n=n, at=MONDAY + timedelta(days=day), event=e) for n, (day, e) in enumerate(events, 1))


def seen(*events: tuple[float, AnyEvent], after: float = 0) -> Timeline:
    return timeline_of(an_opening(), at(*events), MONDAY + timedelta(days=after))


def drawn(timeline: Timeline, calendar: Calendar = CALENDAR, *, pauses: bool = False) -> TimePicture:
    return draw(timeline, calendar, "Along time", pauses_in_holidays=pauses)


APPROVED = decided(Approved, "a1", "line_manager", "ben")
REMINDED = Reminded(ask="a1", step="line_manager", count=1)


def test_an_ask_lasts_from_its_opening_to_its_answer_and_takes_working_days() -> None:
    timeline = seen((0, SENT), (0, opened("a1", "line_manager")), (3, REMINDED), (7, APPROVED), (7, ENDED), after=30)
    request, ask = timeline.stretches
    assert (request.title, request.words, request.days) == ("The request", "approved", 5)
    assert (ask.title, ask.words, ask.days) == ("Line manager", "approved", 5)
    assert (ask.first, ask.last) == (MONDAY, MONDAY + timedelta(days=7))
    assert ask.told == "Reminded on 5 November 2026 and approved on 9 November 2026"
    assert timeline.until == MONDAY + timedelta(days=7)


def test_an_open_ask_waits_until_it_is_overdue_and_more_time_moves_that() -> None:
    events = (0, SENT), (0, opened("a1", "line_manager"))
    assert seen(*events, after=6).stretches[1].words == "waiting"
    assert seen(*events, after=8).stretches[1].words == "overdue"
    longer = Extended(ask="a1", step="line_manager", days=5, due=MONDAY + timedelta(days=14), by="ada", comment="Ill.")
    ask = seen(*events, (8, longer), after=9).stretches[1]
    assert (ask.words, ask.due) == ("waiting", MONDAY + timedelta(days=14))


def test_each_round_of_a_request_has_asks_of_its_own() -> None:
    edited = RequestEdited(
        by="amina",
        author="amina",
        version=2,
        edition=2,
        material=True,
        changed=("aims",),
        title="Science",
        answers=ANSWERS,
    )
    timeline = seen(
        (0, SENT),
        (0, opened("a1", "line_manager")),
        (1, decided(Returned, "a1", "line_manager", "ben")),
        (1, opened("a2", "author")),
        (2, edited),
        (2, AskClosed(ask="a2", step="changes", why="done")),
        (2, opened("a3", "line_manager")),
        after=3,
    )
    told = [(one.title, one.words) for one in timeline.stretches]
    assert told == [
        ("The request", "open"),
        ("Line manager", "returned"),
        ("Author, for changes", "done"),
        ("Line manager", "waiting"),
    ]
    assert [sign.kind for sign in timeline.stretches[0].signs] == ["changed"]


def test_a_hold_lasts_until_the_last_disputed_answer_is_settled() -> None:
    def disputed(ask: str) -> AnyEvent:
        return DecisionDisputed(ask=ask, step="line_manager", by="ben", how="session")

    def settled(ask: str) -> AnyEvent:
        return HoldReleased(ask=ask, step="line_manager", by="ada", stands=True, comment="Asked him.")

    events = (0, SENT), (2, disputed("a1")), (3, disputed("a2")), (4, settled("a1"))
    assert [(hold.first, hold.last) for hold in seen(*events).holds] == [(MONDAY + timedelta(days=2), None)]
    [hold] = seen(*events, (6, settled("a2"))).holds
    assert hold.last == MONDAY + timedelta(days=6)


def test_weekends_holidays_and_closures_are_shaded_and_nothing_else() -> None:
    two_weeks = seen((0, SENT), (0, opened("a1", "line_manager", due=13)), after=1)
    a_day = (WIDTH - 16) / 14
    assert [round(band.width / a_day) for band in drawn(two_weeks).bands] == [2, 2]
    off = Calendar(
        bank_holidays=frozenset({date(2026, 11, 4)}),
        known_until=date(2027, 12, 31),
        closures=(Period(name="Snow", first=date(2026, 11, 5), last=date(2026, 11, 6)),),
        terms=(
            Period(name="First half", first=date(2026, 9, 1), last=date(2026, 11, 8)),
            Period(name="Second half", first=date(2026, 11, 12), last=date(2026, 12, 18)),
        ),
    )
    assert [round(band.width / a_day) for band in drawn(two_weeks, off).bands] == [5, 2]
    assert [round(band.width / a_day) for band in drawn(two_weeks, off, pauses=True).bands] == [8, 2]


def test_beyond_what_the_calendar_knows_nothing_is_shaded_and_no_days_are_counted() -> None:
    short = Calendar(bank_holidays=frozenset(), known_until=date(2026, 11, 1))
    opening = an_opening().model_copy(update={"calendar": short})
    timeline = timeline_of(opening, at((0, SENT)), MONDAY + timedelta(days=9))
    assert timeline.stretches[0].days is None
    assert drawn(timeline, short).bands == ()


def test_what_is_late_is_drawn_apart_from_what_was_in_time_and_from_what_is_to_come() -> None:
    events = (0, SENT), (0, opened("a1", "line_manager"))
    in_time, late = drawn(seen(*events, after=3)).stretches[1], drawn(seen(*events, after=9)).stretches[1]
    assert (in_time.late_x, in_time.due_x) == (None, round(in_time.x + in_time.width + in_time.to_come, 1))
    assert late.to_come == 0
    assert late.late_x == late.due_x is not None


def test_before_anything_has_happened_there_is_nothing_to_draw() -> None:
    assert seen().stretches == ()


moments = st.lists(st.floats(min_value=0, max_value=2_000), min_size=1, max_size=12)


@given(moments, st.floats(min_value=0, max_value=100))
def test_however_long_it_takes_all_of_it_lies_in_the_picture_and_in_its_description(
    days: list[float], more: float
) -> None:
    several: list[AnyEvent] = [
        opened("a1", "line_manager"),
        REMINDED,
        Escalated(ask="a1", step="line_manager", to=("headteacher",)),
        DecisionDisputed(ask="a1", step="line_manager", by="ben", how="session"),
        APPROVED,
        opened("a2", "headteacher", due=3),
    ]
    events: list[tuple[float, AnyEvent]] = [(0.0, SENT), *zip(sorted(days), several, strict=False)]
    timeline = timeline_of(an_opening(), at(*events), moment(max(days) + more))
    picture = drawn(timeline)
    for x, width in [
        *((band.x, band.width) for band in (*picture.bands, *picture.holds)),
        *((one.x, one.width) for one in picture.stretches),
        *((one.x + one.width, one.to_come) for one in picture.stretches),
        *((sign.x, 0) for sign in (*picture.signs, *(one for one, _ in picture.legend))),
        *((day.x, 0) for day in picture.days),
    ]:
        assert 0 <= x <= x + width <= WIDTH
    for stretch in timeline.stretches:
        assert f"{stretch.title}: {stretch.words}" in picture.description
        assert all(SIGNS[sign.kind].lower() in picture.description for sign in stretch.signs)
    assert max([sign.y for sign in picture.signs], default=0) < picture.foot < picture.height


def moment(day: float) -> datetime:
    return MONDAY + timedelta(days=day)
