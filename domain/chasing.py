"""Telling those who see to somebody that they have not signed: whom, in which order, and when.

Source: Redhill 5 (ACK-05).
"""

from collections.abc import Callable, Sequence
from datetime import date, datetime

from domain.calendar import Calendar, due_on, local_day, morning_of
from domain.forms import Answers
from domain.pack import Campaign, Seat, Step
from domain.pack_words import working_days
from domain.words import listed


def told_in_turn(campaign: Campaign, seats: Sequence[Seat], answers: Answers) -> tuple[str, ...]:
    """Return the seats of `campaign.chase`, less those that nobody holds because `answers` name nobody for them."""
    named = {seat.key: seat.from_field for seat in seats if seat.from_field is not None}
    return tuple(key for key in campaign.chase if key not in named or answers.get(named[key]))


def told_next(
    campaign: Campaign, step: Step, due: datetime, calendar: Calendar, last: date | None, turn: int, turns: int
) -> datetime:
    """Return when somebody is told next that what is `due` was not signed; never before the time is up.

    `last` is the day on which somebody was told before, None where nobody was. It is the turn of the seat at `turn` of
    those `turns` that are told in their order; after the last, of all of them again.
    """
    # It goes on for as long as it is not signed: beyond the years that the calendar knows, there are no bank holidays.
    calendar = calendar.model_copy(update={"known_until": date.max})
    late = max(campaign.chase_on - step.answer_within, 1)
    first = morning_of(due_on(local_day(due), late, calendar, step.pauses_in_holidays))
    if last is None:
        return first
    return max(first, morning_of(due_on(last, campaign.chase_next if turn < turns else campaign.chase_again, calendar)))


def chase_in_words(campaign: Campaign, title: Callable[[str], str]) -> str:
    """Return who is told when that somebody has not signed, as the end of a sentence; empty where nobody is."""
    if not campaign.chase:
        return ""
    first, *others = map(title, campaign.chase)
    later = working_days(campaign.chase_next)
    told = (f"{first} on working day {campaign.chase_on}", *(f"{other} {later} later" for other in others))
    again = f"every {working_days(campaign.chase_again)} until it is signed"
    return listed((*told, f"then all of them again {again}" if others else f"then again {again}"))
