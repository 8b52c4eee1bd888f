"""What comes next by itself in an ordinary case, day by day: as long as nobody does anything."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Final

from domain.asking import AUTHOR, SIGNER
from domain.calendar import end_of, local_day, morning_of
from domain.cases import OpenAsk, Opening, Standing
from domain.chasing import told_in_turn, told_next
from domain.coming_dates import next_round, working_day_before
from domain.coming_moments import ComingDay, Moment, by_day, moments_of, morning_after
from domain.events import AskClosed, AskMoved, AskOpened, Recorded
from domain.order import is_between
from domain.pack import Cycle, EventMatch, Recurring, Task
from domain.round_entries import (
    CoverChanged,
    CycleBegan,
    DateComing,
    ReviewOpened,
    ReviewOverdue,
    SignatureChased,
    SiteWentLive,
)
from domain.waiting import AskedBy
from domain.words import day_in_words, listed

_GOES_ON: Final = "The case goes on by itself"


def comes_by_itself(
    opening: Opening, standing: Standing, asked: AskedBy, history: Sequence[Recorded]
) -> tuple[ComingDay, ...]:
    """Return what comes by itself, day by day, for as long as nobody does anything; nothing where nothing does.

    `asked` is whom each ask reached. All that `history` is asked for is what the case goes by.
    """
    coming = _Coming(opening, standing, asked, history)
    return by_day((*coming.of_asks(), *coming.of_the_request(), *coming.of_the_round()), standing, _GOES_ON)


class _Coming:
    """The record of a case, asked for what is to come."""

    def __init__(self, opening: Opening, standing: Standing, asked: AskedBy, history: Sequence[Recorded]) -> None:
        self._opening, self._standing, self._asked = opening, standing, asked
        self._process = opening.process
        self._calendar = opening.calendar
        self._history = history
        self._past = [said.event for said in history]
        self._seats = {seat.key: seat.title for seat in opening.seats}

    # Of whoever is asked.

    def of_asks(self) -> Iterator[Moment]:
        """Yield the reminders, escalations and lapses of all that is asked."""
        passes_at = self._date_passes_at()
        for ask in self._standing.asks:
            who, what = self._who(ask), self._what(ask)
            for at, does in moments_of(ask, self._opening, self._standing, self._history):
                if passes_at is not None and at >= passes_at:
                    break
                if does == "remind" and self._asked.get(ask.ask):
                    yield Moment(at, f"A reminder goes to {who}{what}")
                elif does == "remind":
                    yield Moment(at, f"Nobody is there to be reminded{what}: an administrator has to see to that")
                elif does == "escalate":
                    yield Moment(at, f"{self._further(ask)} asked as well{what}")
                else:
                    yield Moment(at, f"It lapses{what}: nobody is asked any more")

    def _who(self, ask: OpenAsk) -> str:
        if ask.seat == AUTHOR:
            return "its author"
        return "whoever is to sign" if ask.seat == SIGNER else f"the {self._seat(ask.seat)}"

    def _what(self, ask: OpenAsk) -> str:
        clocks = self._process.clocks(ask.step)
        is_one_of_several = clocks is not None and len(self._standing.asks) > 1
        return f" for “{clocks.title}”" if clocks and (isinstance(clocks, Task) or is_one_of_several) else ""

    def _further(self, ask: OpenAsk) -> str:
        """Return who stands in, in the order in which they are asked, with the verb."""
        reach = next(
            (one for one in reversed(self._past) if isinstance(one, AskOpened | AskMoved) and one.ask == ask.ask), None
        )
        seats = tuple(self._seat(seat) for seat in (reach.ladder[1:] if reach is not None else ()))
        if not seats:
            return f"Those who stand in for {self._who(ask)} are"
        if len(seats) == 1:
            return f"The {seats[0]} is"
        return f"The first of these who is there, {listed(seats, 'or')}, is"

    def _seat(self, key: str) -> str:
        return self._seats.get(key, key)

    def _titles(self, keys: Sequence[str]) -> str:
        return listed(tuple(f"the {self._seat(key)}" for key in dict.fromkeys(keys) if key in self._seats))

    # Of a request.

    def of_the_request(self) -> Iterator[Moment]:
        """Yield the day that has to lie ahead, and when the last approval takes effect."""
        standing, passes_at = self._standing, self._date_passes_at()
        if passes_at is not None:
            yield Moment(passes_at, "It goes back to its author, because this day has to lie ahead when it is decided")
        if standing.next_does == "settle" and standing.next_at is not None:
            yield Moment(standing.next_at, "The last approval takes effect")

    def _date_passes_at(self) -> datetime | None:
        """Return when the date comes that has to lie ahead, while somebody is asked to decide the request."""
        changes = self._process.changes
        request = self._standing.request or self._opening.request
        day = request.answers.get(changes.ahead) if changes is not None and changes.ahead else None
        if not isinstance(day, str) or not day or all(ask.seat == AUTHOR for ask in self._standing.asks):
            return None
        return morning_of(date.fromisoformat(day))

    # Of what comes round.

    def of_the_round(self) -> Iterator[Moment]:
        """Yield the days of a site, of a review, or of a signature."""
        match self._process.story:
            case "site_life":
                yield from self._of_a_site()
            case "review":
                yield from self._of_a_review()
            case "signature":
                yield from self._of_a_signature()
            case _:
                return

    def _of_a_site(self) -> Iterator[Moment]:
        dates = {one.what: one.day for one in self._standing.dates or ()}
        live, closes = dates.get("go_live"), dates.get("closure")
        if live is not None:
            yield from self._asks("go_live", morning_of(live) - timedelta(days=self._process.going_live_ahead))
        if closes is not None:
            yield from self._of_closing(closes)
        for recurring in self._process.rounds:
            yield from self._comes_round(recurring)
            yield from self._proposes_closing(recurring)
        yield from self._of_cover()

    def _asks(self, key: str, at: datetime) -> Iterator[Moment]:
        """Yield that a task is asked for, unless somebody is asked for it already."""
        task = self._process.task(key)
        if task is not None and not any(ask.step == key for ask in self._standing.asks):
            yield Moment(at, f"The {self._seat(task.seat)} is asked: “{task.title}”")

    def _of_closing(self, closes: date) -> Iterator[Moment]:
        told = self._told_of("date_coming")
        for days in self._process.closing_told if told else ():
            at = morning_of(working_day_before(closes - timedelta(days=days), self._calendar))
            yield Moment(at, f"A mail to {told}: the site is to be closed on {day_in_words(closes)}")
        ahead = closes - timedelta(days=self._process.closing_ahead)
        yield from self._asks("close", morning_of(working_day_before(ahead, self._calendar)))

    def _comes_round(self, recurring: Recurring) -> Iterator[Moment]:
        opened = [said for said in self._history if _is(said, AskOpened, recurring.key)]
        closed = [said for said in self._history if _is(said, AskClosed, recurring.key)]
        live = next((said for said in self._history if isinstance(said.event, SiteWentLive)), None)
        if live is None:
            return
        began = local_day((opened or [live])[-1].at)
        since = local_day((closed or [live])[-1].at)
        day = max(next_round(began, recurring.every, self._calendar), since)
        yield from self._asks(recurring.key, morning_of(day))

    def _proposes_closing(self, recurring: Recurring) -> Iterator[Moment]:
        asked = next((ask for ask in self._standing.asks if ask.step == recurring.key), None)
        if asked is None or recurring.proposes_closing_on is None:
            return
        last = morning_after(local_day(asked.opened_at), recurring.proposes_closing_on, self._calendar)
        if last is not None:
            yield Moment(morning_of(local_day(last) + timedelta(days=1)), "Duly proposes to close the site early")

    def _of_cover(self) -> Iterator[Moment]:
        cover = self._process.cover
        changed = [said for said in self._history if isinstance(said.event, CoverChanged)]
        lost = None
        for said in changed:
            enough = isinstance(said.event, CoverChanged) and said.event.enough
            lost = None if enough else lost or said
        suspended = is_between(
            EventMatch(event=("posting_suspended",)), EventMatch(event=("posting_resumed",)), self._past
        )
        if cover is None or lost is None or suspended or not self._has(SiteWentLive):
            return
        graced = morning_after(local_day(lost.at), cover.grace, self._calendar)
        if graced is not None:
            yield from self._asks("suspend", morning_of(local_day(graced) + timedelta(days=1)))

    def _of_a_review(self) -> Iterator[Moment]:
        due = next((one.day for one in self._standing.dates or () if one.what == "review"), None)
        cycle = self._process.cycle
        if cycle is None:
            return
        began = max((place for place, one in enumerate(self._past) if isinstance(one, CycleBegan)), default=0)
        yield from self._of_overdue(cycle, due, self._history[began:])
        if due is None:
            return
        is_open = any(isinstance(one, DateComing | ReviewOpened | ReviewOverdue) for one in self._past[began:])
        reminded = [working_day_before(due - timedelta(days=days), self._calendar) for days in cycle.remind_before]
        told = self._told_of("date_coming") or f"the {self._seat(cycle.owner)}"
        for day in reminded:
            yield Moment(morning_of(day), f"A mail to {told}: the review is due on {day_in_words(due)}")
        ahead = [day for day in reminded if self._standing.next_at and morning_of(day) >= self._standing.next_at]
        first = self._process.tasks[0] if self._process.tasks else None
        if not is_open and ahead and first is not None:
            yield from self._asks(first.key, morning_of(min(ahead)))

    def _of_overdue(self, cycle: Cycle, due: date | None, history: Sequence[Recorded]) -> Iterator[Moment]:
        """Yield when it is next told that the review is overdue; once it was told, whoever is asked is told too."""
        told = [said.at for said in history if isinstance(said.event, ReviewOverdue)]
        seats = self._told_of("review_overdue")
        if told:
            day = next_round(local_day(told[-1]), cycle.told_again, self._calendar)
            to = f"{seats}, and to whoever is asked" if seats else "whoever is asked"
            yield Moment(morning_of(day), f"The review is still overdue: a mail to {to}")
        elif due is not None:
            to = f": a mail to {seats}" if seats else ""
            yield Moment(end_of(due) + timedelta(seconds=1), f"The review is overdue{to}")

    def _of_a_signature(self) -> Iterator[Moment]:
        """Yield when those who see to whoever is to sign are told: in their order, and once again after that."""
        campaign, asked, request = self._process.campaign, self._standing.asks, self._opening.request
        if campaign is None or not asked:
            return
        seats = told_in_turn(campaign, self._opening.seats, request.answers)
        told = [local_day(said.at) for said in self._history if isinstance(said.event, SignatureChased)]
        last = told[-1] if told else None
        for turn in range(min(len(told), len(seats)), len(seats) + 1 if seats else 0):
            step, due = self._process.steps[0], asked[0].due
            at = told_next(campaign, step, due, self._calendar, last, turn, len(seats))
            yield Moment(at, f"A mail to {self._titles(seats[turn : turn + 1] or seats)}: it is not signed yet")
            last = local_day(at)

    def _told_of(self, event: str) -> str:
        """Return whom a mail goes to about an event, as far as it is seats."""
        return self._titles([key for notice in self._process.notices if notice.on == event for key in notice.to])

    def _has(self, kind: type) -> bool:
        return any(isinstance(event, kind) for event in self._past)


def _is(said: Recorded, kind: type, step: str) -> bool:
    return isinstance(said.event, kind) and getattr(said.event, "step", "") == step
