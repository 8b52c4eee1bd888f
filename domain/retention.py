"""How long a confidential case is kept, and what of it leaves the personnel file before.

Source: KCSIE, Part Four (records); Independent Inquiry into Child Sexual Abuse (what concerns such abuse is kept).
"""

from collections.abc import Sequence
from datetime import date
from typing import Final

from domain.allegations import Matter
from domain.base import Frozen
from domain.calendar import local_day
from domain.entries import OutcomeRecorded
from domain.events import CaseEnded, Recorded
from domain.pack import Process, Retention

_LEAVES_THE_FILE: Final = frozenset({"malicious", "false"})


class Kept(Frozen):
    """Until when a closed case is kept, and why, as it follows "because"; `until` is None while it cannot be said.

    `leaves_the_file` are the allegations whose record is taken out of the personnel file, and goes into no reference,
    though the safeguarding record stays.
    """

    until: date | None
    why: str
    leaves_the_file: tuple[str, ...] = ()


def kept(process: Process, matter: Matter, history: Sequence[Recorded]) -> Kept:
    """Return for how long a case that has ended is kept; `matter` is as it stands at its end.

    Each allegation is kept for the pack's years from the day on which it was recorded, or until its subject comes to
    pension age, whichever is longer; what may concern the abuse of a child, for the years that the pack has for that.
    Without a date of birth nobody can say when that is, and the case is kept. What was recorded after the end, such as
    a legal hold, changes none of it.
    """
    plan = process.retention
    end = next((said.at for said in history if isinstance(said.event, CaseEnded)), None)
    if plan is None or end is None:
        return Kept(until=None, why="the pack does not say for how long")
    began, ended = local_day(history[0].at), local_day(end)
    if process.story == "disciplinary":
        return Kept(until=_years_after(ended, plan.years), why=f"{plan.years} years have passed then since it ended")
    outcomes = [said.event for said in history if isinstance(said.event, OutcomeRecorded)]
    leaves = tuple(key for one in outcomes if one.outcome in _LEAVES_THE_FILE for key in one.allegations)
    if _concerns_abuse(process, matter):
        until, why = _years_after(began, plan.child_abuse_years), "it may concern the abuse of a child"
        return Kept(until=until, why=why, leaves_the_file=leaves)
    born = [one.born_on for one in outcomes]
    if not born or None in born:
        return Kept(until=None, why="no date of birth is on record for every subject", leaves_the_file=leaves)
    return _longest(plan, began, [day for day in born if day is not None], leaves)


def _longest(plan: Retention, began: date, born: Sequence[date], leaves: tuple[str, ...]) -> Kept:
    by_years = _years_after(began, plan.years)
    by_age = max(_years_after(day, plan.pension_age) for day in born)
    if by_age > by_years:
        return Kept(
            until=by_age, why="the last of those whom it is about is of pension age then", leaves_the_file=leaves
        )
    return Kept(
        until=by_years, why=f"{plan.years} years have passed then since it was recorded", leaves_the_file=leaves
    )


def _concerns_abuse(process: Process, matter: Matter) -> bool:
    at_risk = {topic.key for topic in process.topics if topic.at_risk}
    return matter.images != "no" or any(one.topic in at_risk for one in matter.allegations)


def _years_after(day: date, years: int) -> date:
    """Return the same day `years` later; of 29 February, the day after where there is none."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 3, 1)
