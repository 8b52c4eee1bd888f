"""Why a case is waiting, in one plain sentence: shown on its page, in mails, and to administrators."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from domain.access import CaseAccess, Viewer, allow
from domain.base import Frozen
from domain.calendar import local_day
from domain.cases import OpenAsk, Opening, Standing
from domain.pack import Pack, Process, Step
from domain.people import Asked
from domain.words import day_in_words, listed, weekday_in_words

AskedBy = Mapping[str, tuple[Asked, ...]]
"""Whom each ask of a case reached, by the id of the ask; an ask that is not there reached nobody."""

_ENDINGS: Final = {
    "approved": "This waits for nothing: the last approval was given on {day}, and the site is in the register.",
    "rejected": "This waits for nothing: it was rejected on {day}, and the reason is below. A new request may be made.",
    "withdrawn": "This waits for nothing: it was withdrawn on {day}. A new request may be made.",
    "lapsed": "This waits for nothing: nobody answered in time, and it lapsed on {day}. A new request may be made.",
    "refused": "This waits for nothing: it ended on {day}, because a rule of the policy forbade the next step.",
}


class Waiting(Frozen):
    """Why a case waits, for one reader. `vacant` and `overdue` say that somebody should look at it."""

    sentence: str
    vacant: bool = False
    overdue: bool = False


def why_waiting(
    opening: Opening,
    standing: Standing,
    asked: AskedBy,
    pack: Pack,
    now: datetime,
    viewer: Viewer | None = None,
    closed_at: datetime | None = None,
) -> Waiting:
    """Return the sentence that says what the case waits for, and what `viewer` may do about it.

    It names who is asked by seat, since when, under which clause, until when and in which calendar, and what
    happens next by itself. An ask that reached nobody says that the seat is vacant. Without `viewer`, nothing is
    said of what may be done.
    """
    if standing.outcome is not None:
        ended = day_in_words(local_day(closed_at or now))
        return Waiting(sentence=_ENDINGS[standing.outcome].format(day=ended))
    if not standing.asks:
        return Waiting(sentence="This waits for nobody: the last answer is being recorded. Look again in a moment.")
    names = _Names(opening, pack)
    parts = [names.waits_for(ask, asked.get(ask.ask, ()), now) for ask in standing.asks]
    clauses = [
        _joined(parts, opening.process, standing.asks),
        _by_itself(standing, asked, names),
        *([_may(viewer, opening, standing, asked)] if viewer else []),
    ]
    return Waiting(
        sentence="; ".join(clauses) + ".",
        vacant=any(not asked.get(ask.ask) for ask in standing.asks),
        overdue=any(ask.due < now for ask in standing.asks),
    )


class _Names:
    """The school's own words for the seats and clauses of a case."""

    def __init__(self, opening: Opening, pack: Pack) -> None:
        self._seats = {seat.key: seat.title for seat in opening.seats}
        self._process = opening.process
        school = pack.school(opening.school)
        self._school = school.name if school else pack.organisation.name
        self._clauses = {clause.id: clause.where for clause in pack.clauses}

    def seat(self, key: str) -> str:
        return self._seats.get(key, key)

    def waits_for(self, ask: OpenAsk, asked: tuple[Asked, ...], now: datetime) -> str:
        step = self._process.step(ask.step)
        since = day_in_words(local_day(ask.opened_at))
        where = f" ({self._clauses.get(step.clause, step.clause)})" if step else ""
        if not asked:
            return (
                f"somebody to hold the seat {self.seat(ask.seat)} at {self._school}, asked on {since}{where}:"
                f" nobody who may decide this holds it, and the answer is due by {self._until(ask, step)}"
            )
        has = "had" if ask.due < now else "has"
        return f"{self._who(ask, asked)}, asked on {since}{where}, who {has} until {self._until(ask, step)}"

    def _who(self, ask: OpenAsk, asked: tuple[Asked, ...]) -> str:
        others = sorted({one.seat for one in asked} - {ask.seat})
        stand_in = listed(tuple(f"the {self.seat(seat)}" for seat in others), "or")
        who = f"the {self.seat(ask.seat)}"
        if any(one.instead_of for one in asked):
            who += " or a deputy"
        if not others:
            return who
        return f"{who} or {stand_in}" if ask.seat in {one.seat for one in asked} else f"{stand_in} in place of {who}"

    def _until(self, ask: OpenAsk, step: Step | None) -> str:
        end = f"the end of {weekday_in_words(local_day(ask.due))}"
        if step is None:
            return end
        days = step.answer_within
        counted = f"{days} working day{'' if days == 1 else 's'}" if days else "the same or the next working day"
        return f"{end} ({counted} in the calendar of {self._school})"


def _joined(parts: list[str], process: Process, asks: tuple[OpenAsk, ...]) -> str:
    if len(parts) == 1:
        return f"This waits for {parts[0]}"
    step = process.step(asks[0].step)
    needs = "any one of them is enough" if step and step.needs == "any" else "all of them are needed"
    return f"This waits for {len(parts)} answers, and {needs}: {'; and '.join(parts)}"


def _by_itself(standing: Standing, asked: AskedBy, names: _Names) -> str:
    ask = next((ask for ask in standing.asks if ask.ask == standing.next_ask), None)
    if standing.next_at is None or ask is None:
        return "nothing more happens by itself, and silence is never taken for approval"
    day = day_in_words(local_day(standing.next_at))
    seat = names.seat(ask.seat)
    if standing.next_does == "lapse":
        return f"without an answer, the request lapses at the end of {day}"
    if not asked.get(ask.ask):
        return "nothing moves until the school names somebody for that seat"
    if standing.next_does == "escalate":
        return f"without an answer, those who stand in for the {seat} are asked as well on {day}"
    return f"without an answer, the {seat} is reminded on {day}"


def _may(viewer: Viewer, opening: Opening, standing: Standing, asked: AskedBy) -> str:
    request = opening.request
    access = CaseAccess(
        organisation=opening.organisation,
        starter=request.starter,
        author=request.author,
        asked=frozenset(one.person for ask in standing.asks for one in asked.get(ask.ask, ())),
    )
    if allow(viewer, "decide", access):
        return "you may answer it now"
    if "withdraw" in standing.offers and allow(viewer, "withdraw", access):
        return "you may withdraw the request until then"
    return "there is nothing that you need to do"
