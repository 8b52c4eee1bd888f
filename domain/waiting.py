"""Why a case is waiting, in one plain sentence: shown on its page, in mails, and to administrators."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from domain.access import CaseAccess, Viewer, allow
from domain.approvals import RESTS_ON_ANSWERS, void_afterwards
from domain.asking import AUTHOR
from domain.base import Frozen
from domain.calendar import local_day
from domain.cases import OpenAsk, Opening, Standing
from domain.events import (
    Approved,
    AskMoved,
    DatePassed,
    Nudged,
    Recorded,
    Rejected,
    RequestUnfit,
    Returned,
)
from domain.pack import ROUNDS, AnyClocks, Pack, Process, Task
from domain.people import Asked
from domain.versions import sent_back_by
from domain.waiting_rounds import ROUND_ENDINGS, until_the_next
from domain.words import clock_time, day_in_words, listed, weekday_in_words

AskedBy = Mapping[str, tuple[Asked, ...]]
"""Whom each ask of a case reached, by the id of the ask; an ask that is not there reached nobody."""

_ENDINGS: Final = {
    "approved": "This waits for nothing: the last approval was given on {day}, and the site is in the register.",
    "rejected": "This waits for nothing: it was rejected on {day}, and the reason is below. A new request may be made.",
    "withdrawn": "This waits for nothing: it was withdrawn on {day}. A new request may be made.",
    "lapsed": "This waits for nothing: nobody answered in time, and it lapsed on {day}. A new request may be made.",
    "refused": "This waits for nothing: it ended on {day}, because a rule of the policy forbade the next step.",
    "cancelled": "This waits for nothing: an administrator cancelled it on {day}. A new request may be made.",
}


class Waiting(Frozen):
    """Why a case waits, for one reader. `vacant` and `overdue` say that somebody should look at it.

    `now` is the sentence less what comes next by itself, for where that is told day by day.
    """

    sentence: str
    now: str = ""
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
    history: Sequence[Recorded] = (),
    team: frozenset[str] = frozenset(),
) -> Waiting:
    """Return the sentence that says what the case waits for, and what `viewer` may do about it.

    It names who is asked by seat, since when, under which clause, until when and in which calendar, and what
    happens next by itself. An ask that reached nobody says so. What went before, and why the author is asked for
    changes, it knows from `history`. Without `viewer`, nothing is said of what may be done. `team` are those whose it
    is, where it is nobody's request.
    """
    process, asks = opening.process, standing.asks
    if standing.outcome is not None:
        ended = day_in_words(local_day(closed_at or now))
        endings = _ENDINGS | ROUND_ENDINGS.get(process.story, {})
        return Waiting(sentence=endings[standing.outcome].format(day=ended) + _in_doubt(standing, history))
    if not asks and not standing.disputed and process.story in ROUNDS:
        nothing = until_the_next(process, standing, history, local_day(now))
        may = f"; {_may(viewer, opening, standing, asked, now, history, team)}" if viewer else ""
        return Waiting(sentence=f"{nothing}{may}.")
    if not asks and not standing.disputed and standing.next_does != "settle":
        return Waiting(sentence="This waits for nobody: the last answer is being recorded. Look again in a moment.")
    said, by_itself = list(_held(standing) or _settling(standing)), []
    if not said:
        names = _Names(opening, pack, history)
        parts = [names.waits_for(ask, asked.get(ask.ask, ()), now) for ask in asks]
        said.append(_joined(parts, opening.process, asks))
        by_itself = [_by_itself(standing, asked, names)]
    offered = [_may(viewer, opening, standing, asked, now, history, team)] if viewer else []
    return Waiting(
        sentence="; ".join([*said, *by_itself, *offered]) + ".",
        now="; ".join([*said, *offered]) + ".",
        vacant=any(not asked.get(ask.ask) for ask in asks),
        overdue=not standing.disputed and any(ask.due < now for ask in asks),
    )


def _in_doubt(standing: Standing, history: Sequence[Recorded]) -> str:
    """Return what is in doubt of a case since it ended; nothing where nothing is."""
    if void_afterwards([said.event for said in history]):
        return " Afterwards an answer by which it ended was found to be void: nothing rests on it any more."
    if not standing.disputed or standing.outcome not in RESTS_ON_ANSWERS:
        return ""
    since = f" since {day_in_words(local_day(standing.held_at))}" if standing.held_at else ""
    return (
        f" But it is under question{since}, because somebody said that {_not_theirs(standing)};"
        " an administrator who has no part in it settles that."
    )


def _not_theirs(standing: Standing) -> str:
    return "an answer in their name was not theirs" if len(standing.disputed) == 1 else "answers were not theirs"


def _held(standing: Standing) -> tuple[str, ...]:
    """Return who settles a disputed answer; nothing where the case is not held."""
    if not standing.disputed:
        return ()
    since = f" since {day_in_words(local_day(standing.held_at))}" if standing.held_at else ""
    return (
        f"This is on hold{since}, because somebody said that {_not_theirs(standing)}",
        "an administrator who has no part in the request settles it, and until then all clocks stand still",
    )


def _settling(standing: Standing) -> tuple[str, ...]:
    """Return until when the last approval settles; nothing where it does not."""
    if standing.asks or standing.next_at is None:
        return ()
    until = f"{clock_time(standing.next_at)} on {day_in_words(local_day(standing.next_at))}"
    return (
        f"This waits for no answer: the last approval was given, and takes effect at {until}",
        "until then, whoever answered can still say that the answer was not theirs",
    )


class _Names:
    """The school's own words for the seats and clauses of a case, and what its record says of each ask."""

    def __init__(self, opening: Opening, pack: Pack, history: Sequence[Recorded]) -> None:
        self._seats = {seat.key: seat.title for seat in opening.seats}
        self._process = opening.process
        school = pack.school(opening.school)
        self._school = school.name if school else pack.organisation.name
        self._clauses = {clause.id: clause.where for clause in pack.clauses}
        self._history = history

    def seat(self, key: str) -> str:
        return self._seats.get(key, key)

    def waits_for(self, ask: OpenAsk, asked: tuple[Asked, ...], now: datetime) -> str:
        step = self._process.clocks(ask.step)
        since = day_in_words(local_day(ask.opened_at))
        where = f" ({self._clauses.get(step.clause, step.clause)})" if step else ""
        has = "had" if ask.due < now else "has"
        if ask.seat == AUTHOR:
            left = "" if asked else ", has left (administrators were told)"
            asked_for = f"who was asked on {since}{where} to change it{self._why_changes()}"
            return f"its author, {asked_for}{left} and {has} until {self._until(ask, step)}"
        if not asked:
            vacant = "nobody is left who may decide this, administrators were told"
            where_to = f"{self.seat(ask.seat)} at {self._school}, asked on {since}{where}"
            return f"somebody to hold the seat {where_to}: {vacant}, and it is due by {self._until(ask, step)}"
        what = f" for “{step.title}”" if isinstance(step, Task) else ""
        return f"{self._who(ask, asked)}, asked on {since}{where}{what}, who {has} until {self._until(ask, step)}"

    def _why_changes(self) -> str:
        """Return why the request is with its author; nothing where the record does not say."""
        changes = self._process.changes
        back = sent_back_by(self._history, changes.key) if changes else None
        match back.event if back else None:
            case Returned(seat=seat):
                return f", because the {self.seat(seat)} returned it,"
            case RequestUnfit():
                return ", because the form does not hold any more,"
            case DatePassed(day=day):
                return f", because {day_in_words(day)} came before it was decided,"
            case _:
                return ""

    def _who(self, ask: OpenAsk, asked: tuple[Asked, ...]) -> str:
        others = sorted({one.seat for one in asked} - {ask.seat})
        stand_in = listed(tuple(f"the {self.seat(seat)}" for seat in others), "or")
        who = f"the {self.seat(ask.seat)}"
        if self._is_reassigned(ask):
            who = f"somebody whom an administrator named in place of {who}"
        if any(one.instead_of for one in asked):
            who += " or a deputy"
        if not others:
            return who
        return f"{who} or {stand_in}" if ask.seat in {one.seat for one in asked} else f"{stand_in} in place of {who}"

    def _is_reassigned(self, ask: OpenAsk) -> bool:
        """Return whether an administrator named who answers, and nothing took that back since."""
        events = [said.event for said in self._history]
        moves = [event for event in events if isinstance(event, AskMoved) and event.ask == ask.ask]
        named = {event.named for event in moves if event.why == "reassigned"}
        return bool(moves) and moves[-1].named in named

    def _until(self, ask: OpenAsk, step: AnyClocks | None) -> str:
        end = f"the end of {weekday_in_words(local_day(ask.due))}"
        if step is None:
            return end
        days = step.answer_within
        counted = f"{days} working day{'' if days == 1 else 's'}" if days else "the same or the next working day"
        return f"{end} ({counted} in the calendar of {self._school})"


def _joined(parts: list[str], process: Process, asks: tuple[OpenAsk, ...]) -> str:
    if len(parts) == 1:
        return f"This waits for {parts[0]}"
    if any(process.task(ask.step) is not None for ask in asks):
        return f"This waits for {len(parts)} things: {'; and '.join(parts)}"
    step = process.step(asks[0].step)
    needs = "any one of them is enough" if step and step.needs == "any" else "all of them are needed"
    return f"This waits for {len(parts)} answers, and {needs}: {'; and '.join(parts)}"


def _by_itself(standing: Standing, asked: AskedBy, names: _Names) -> str:
    if standing.next_at is None:
        return "nothing more happens by itself, and silence is never taken for approval"
    day = day_in_words(local_day(standing.next_at))
    if standing.next_does == "goes_on":
        return f"nothing more happens by itself before {day}"
    if standing.next_does == "date_passes":
        return (
            f"without a decision before {day}, the request goes back to its author, because that day has to lie ahead"
        )
    ask = next((ask for ask in standing.asks if ask.ask == standing.next_ask), None)
    seat = names.seat(ask.seat if ask else "")
    without = "without a change" if seat == AUTHOR else "without an answer"
    if standing.next_does == "lapse":
        return f"{without}, the request lapses at the end of {day}"
    if ask is not None and ask.seat == AUTHOR and not asked.get(ask.ask):
        return "nothing moves unless they come back, or an administrator cancels it"
    if ask is None or not asked.get(ask.ask):
        return "nothing moves until somebody holds that seat, or an administrator asks somebody else"
    if standing.next_does == "escalate":
        return f"{without}, those who stand in for the {seat} are asked as well on {day}"
    return f"{without}, the {seat} is reminded on {day}"


def _may(
    viewer: Viewer,
    opening: Opening,
    standing: Standing,
    asked: AskedBy,
    now: datetime,
    history: Sequence[Recorded],
    team: frozenset[str],
) -> str:
    request = standing.request or opening.request
    events = [said.event for said in history]
    access = CaseAccess(
        organisation=opening.organisation,
        starter=request.starter,
        author=request.author,
        asked=frozenset(one.person for ask in standing.asks for one in asked.get(ask.ask, ())),
        decided=frozenset(event.by for event in events if isinstance(event, Approved | Returned | Rejected)),
        team=team,
    )
    if not access.author and allow(viewer, "record", access) and not standing.disputed:
        return _may_of_a_round(viewer, opening, standing, asked)
    if allow(viewer, "decide", access) and not standing.disputed:
        return "you may answer it now"
    if allow(viewer, "intervene", access):
        if standing.disputed:
            return "you may settle it"
        vacant = {ask.seat for ask in standing.asks if not asked.get(ask.ask)}
        if vacant:
            return "you may cancel it" if vacant == {AUTHOR} else "you may ask somebody else"
    may = [
        *(["change it"] if "edit" in standing.offers and allow(viewer, "edit_draft", access) else []),
        *(["have those asked reminded"] if may_nudge(viewer, access, standing, now, history) else []),
        *(["withdraw it"] if "withdraw" in standing.offers and allow(viewer, "withdraw", access) else []),
    ]
    return f"you may {listed(tuple(may), 'or')}" if may else "there is nothing that you need to do"


def _may_of_a_round(viewer: Viewer, opening: Opening, standing: Standing, asked: AskedBy) -> str:
    """Return what somebody may do about what comes round, who is asked in it or whose it is."""
    own = [ask for ask in standing.asks if any(one.person == viewer.person for one in asked.get(ask.ask, ()))]
    if any(opening.process.task(ask.step) is not None for ask in own):
        return "you may put on record now that it is done"
    if own:
        return "you may answer it now"
    may = [
        *(["change the site"] if "edit" in standing.offers else []),
        *(["put on record what happened"] if standing.accepts else []),
    ]
    return f"you may {listed(tuple(may), 'or')}" if may else "there is nothing that you need to do"


def may_nudge(
    viewer: Viewer, access: CaseAccess, standing: Standing, now: datetime, history: Sequence[Recorded]
) -> bool:
    """Return whether `viewer` may have those asked reminded now: the author, where somebody is asked to decide."""
    deciding = not standing.disputed and access.asked - {access.author, access.starter}
    return bool(deciding) and allow(viewer, "nudge", access) and not was_nudged(access, now, history)


def was_nudged(access: CaseAccess, now: datetime, history: Sequence[Recorded]) -> bool:
    """Return whether the author has had those asked reminded today, which they may once a day."""
    return any(
        isinstance(said.event, Nudged)
        and said.event.by in {access.author, access.starter}
        and local_day(said.at) == local_day(now)
        for said in history
    )
