"""Why a confidential case waits, in plain sentences for one of those who may read it; and its tasks, as stages."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final, Literal

from domain.base import Frozen
from domain.calendar import local_day, morning_of
from domain.cases import OpenAsk, Opening, Standing
from domain.coming_moments import ComingDay, Moment, by_day, moments_of, morning_after
from domain.entries import DecisionMade
from domain.events import AnyEvent, AskClosed, AskMoved, AskOpened, CaseEnded, Recorded
from domain.matters import as_it_stands, is_done, is_on_hold, next_task
from domain.offered_entries import things
from domain.order import about, is_between, matches
from domain.pack import AnyClocks, NotBetween, Pack, Route, Task
from domain.people import Asked, Directory, who_is_asked
from domain.picture import Stage
from domain.telling_entries import ENDINGS, SEATS
from domain.waiting import AskedBy
from domain.words import clock_time, day_in_words, listed, weekday_in_words

_MANAGES: Final = "case_manager"

May = Literal["record", "read"]
"""What a reader of a case may do there."""


class MatterWaiting(Frozen):
    """Why a confidential case waits: sentences about who is asked for what, and about what comes by itself.

    `by_itself` is which of them says what comes next, `coming` is all that comes by itself, day by day. `holds` say
    what stands still, and why. `vacant` and `overdue` say that somebody should look at it.
    """

    sentences: tuple[str, ...]
    by_itself: str = ""
    coming: tuple[ComingDay, ...] = ()
    holds: tuple[str, ...] = ()
    vacant: bool = False
    overdue: bool = False


def why_it_waits(
    opening: Opening,
    standing: Standing,
    asked: AskedBy,
    pack: Pack,
    directory: Directory,
    history: Sequence[Recorded],
    now: datetime,
    may: May,
) -> MatterWaiting:
    """Return what the case waits for: which task, of which seat, since when, under which clause, until when.

    It names whom Duly reminds, or asks as well, and when; what holds the case; and what whoever reads it may do.

    Source: DESIGN, why am I waiting; MTOAT, cyber bullying (ALLEG-18).
    """
    past = [said.event for said in history]
    if standing.outcome is not None:
        ended = day_in_words(local_day(history[-1].at if history else now))
        why = ENDINGS.get(standing.outcome, standing.outcome)
        return MatterWaiting(sentences=(f"This waits for nothing: the case was closed on {ended}, because {why}.",))
    words = _Words(opening, pack, directory, past, now)
    waits = [words.waits_for(ask, asked.get(ask.ask, ()), standing) for ask in standing.asks]
    by_itself = words.by_itself(standing, asked)
    return MatterWaiting(
        sentences=(*(waits or _for_nobody(standing)), by_itself, _may(may)),
        by_itself=by_itself,
        coming=by_day(words.moments(standing, asked, history), standing, "The case goes on by itself"),
        holds=tuple(words.holds(history)),
        vacant=any(not asked.get(ask.ask) for ask in standing.asks),
        overdue=any(ask.due < now for ask in standing.asks),
    )


def _for_nobody(standing: Standing) -> tuple[str, ...]:
    if standing.next_does == "goes_on" and standing.next_at is not None:
        return (f"This waits for nobody until {day_in_words(local_day(standing.next_at))}.",)
    return ("This waits for nobody: what was recorded last is being looked at. Look again in a moment.",)


def _is_beside(ask: OpenAsk, standing: Standing) -> bool:
    """Return whether an ask has somebody see that another does what that one is asked for."""
    others = (other for other in standing.asks if other.step == ask.step)
    return ask.seat == _MANAGES and any(other.seat != _MANAGES for other in others)


def _may(may: May) -> str:
    if may == "record":
        return "You may record it now, on the page of the case."
    return "There is nothing that you need to do: you may read it."


class _Words:
    """The school's own words for the seats and clauses of a case, and what its record says of each ask."""

    def __init__(
        self, opening: Opening, pack: Pack, directory: Directory, past: Sequence[AnyEvent], now: datetime
    ) -> None:
        self._opening = opening
        self._process = opening.process
        self._key = opening.school
        self._seats = {seat.key: seat.title for seat in opening.seats}
        school = pack.school(opening.school)
        self._school = school.name if school else pack.organisation.name
        self._clauses = {clause.id: clause.where for clause in pack.clauses}
        self._directory = directory
        self._past = past
        self._now = now

    def waits_for(self, ask: OpenAsk, asked: tuple[Asked, ...], standing: Standing) -> str:
        """Return who is asked for what, since when, under which clause and until when.

        Of whoever is asked beside them to see that it is done, it says only that.
        """
        if asked and _is_beside(ask, standing):
            who = self._who(ask, asked)
            return f"{who[0].upper()}{who[1:]} sees to it that this is done."
        clocks = self._process.clocks(ask.step)
        what = f"“{clocks.title}”" if clocks else ask.step
        since = f"asked on {day_in_words(local_day(ask.opened_at))}{self._clause(clocks)}"
        until = f"{'was' if ask.due < self._now else 'is'} due by {self._until(ask, clocks)}"
        if not asked:
            seat = SEATS.get(ask.seat, ask.seat)
            return (
                f"This waits for somebody to be {seat}, {since}: {what} {until}. Nobody who may learn of it holds that "
                "seat, or any that stands in. The custodians of such cases were told; call the LADO yourself meanwhile."
            )
        return f"This waits for {self._who(ask, asked)}, {since}: {what} {until}{self._still(clocks)}."

    def by_itself(self, standing: Standing, asked: AskedBy) -> str:
        """Return what happens next by itself."""
        if standing.next_at is None:
            return "Nothing more happens by itself, and silence never closes anything."
        day = day_in_words(local_day(standing.next_at))
        ask = next((ask for ask in standing.asks if ask.ask == standing.next_ask), None)
        if ask is None:
            return f"On {day} the case goes on by itself: a review falls due, or a day has come that was set."
        reached = asked.get(ask.ask, ())
        without = f"If nothing is recorded by {clock_time(standing.next_at)} on {day},"
        if standing.next_does == "escalate":
            return f"{without} {self._next_in_line(ask, reached)} asked as well."
        if standing.next_does == "remind":
            return f"{without} {self._titles(reached) or 'nobody'} is reminded."
        return f"{without} this is asked no more."

    def moments(self, standing: Standing, asked: AskedBy, history: Sequence[Recorded]) -> Iterator[Moment]:
        """Yield all that comes by itself, as far as it is known: of what is asked, the next review, a warning's end."""
        for ask in standing.asks:
            clocks, reached = self._process.clocks(ask.step), asked.get(ask.ask, ())
            what = f"“{clocks.title}”" if clocks else ask.step
            for at, does in moments_of(ask, self._opening, standing, history):
                if does == "remind":
                    yield Moment(at, f"A reminder goes to {self._titles(reached) or 'nobody'}: {what}")
                else:
                    further = self._next_in_line(ask, reached)
                    yield Moment(at, f"{further[:1].upper()}{further[1:]} asked as well: {what}")
        yield from self._next_review(standing, history)
        decided = next((one for one in reversed(self._past) if isinstance(one, DecisionMade)), None)
        if decided is not None and decided.expires_on is not None and not standing.asks:
            yield Moment(morning_of(decided.expires_on), "The warning comes to its end")

    def _next_review(self, standing: Standing, history: Sequence[Recorded]) -> Iterator[Moment]:
        plan = self._process.reviews
        if plan is None or any(ask.step == plan.key for ask in standing.asks):
            return
        ended = [said for said in history if isinstance(said.event, AskClosed) and said.event.step == plan.key]
        first = next((said for said in history if matches(plan.after, said.event)), None)
        since = ended[-1] if ended else first
        if since is None:
            return
        days = plan.every if ended else plan.first_after
        at = morning_after(local_day(since.at), days, self._opening.calendar)
        if at is not None:
            yield Moment(at, f"The {SEATS.get(plan.seat, plan.seat)} is asked: “{plan.title}”")

    def holds(self, history: Sequence[Recorded]) -> list[str]:
        """Return what holds the case at this moment, each with its clause and what lets it go on."""
        found = []
        for rule in self._process.rules:
            if not isinstance(rule, NotBetween) or not rule.stops_clocks:
                continue
            if not is_between(rule.opens, rule.closes, self._past):
                continue
            since = next(said for said in reversed(history) if matches(rule.opens, said.event))
            where = self._clauses.get(rule.clause, rule.clause)
            found.append(
                f"On hold since {day_in_words(local_day(since.at))} ({where}), when this was recorded: "
                f"{things(rule.opens.event)}. Tasks that do not keep children from harm stand still until this is on "
                f"record: {things(rule.closes.event)}. Contacts with the police, social care and the LADO, and what "
                "keeps children from harm, never wait."
            )
        return found

    def _still(self, clocks: AnyClocks | None) -> str:
        """Return that the clock of a task stands still, where a hold stops it."""
        held = is_on_hold(self._process, self._past)
        return "; its clock stands still" if held and isinstance(clocks, Task) and not clocks.safeguarding else ""

    def _clause(self, clocks: AnyClocks | None) -> str:
        return f" ({self._clauses.get(clocks.clause, clocks.clause)})" if clocks else ""

    def _until(self, ask: OpenAsk, clocks: AnyClocks | None) -> str:
        end = f"the end of {weekday_in_words(local_day(ask.due))}"
        if clocks is None:
            return end
        days = clocks.answer_within
        counted = f"{days} working day{'' if days == 1 else 's'}" if days else "the same or the next working day"
        return f"{end} ({counted} in the calendar of {self._school})"

    def _who(self, ask: OpenAsk, asked: tuple[Asked, ...]) -> str:
        deputy = " or a deputy" if any(one.instead_of for one in asked) else ""
        role, titles = SEATS.get(ask.seat, ask.seat), self._titles(asked)
        return f"{titles}{deputy} as {role}" if titles != f"the {role}" else f"{titles}{deputy}"

    def _titles(self, asked: tuple[Asked, ...]) -> str:
        seats = dict.fromkeys(one.seat for one in asked)
        return listed(tuple(f"the {self._seats.get(seat) or SEATS.get(seat, seat)}" for seat in seats), "or")

    def _next_in_line(self, ask: OpenAsk, reached: tuple[Asked, ...]) -> str:
        """Return whom an escalation would reach today: the next seats of the ladder, less whoever may not learn."""
        reach = next(
            (
                event
                for event in reversed(self._past)
                if isinstance(event, AskOpened | AskMoved) and event.ask == ask.ask
            ),
            None,
        )
        if reach is None:
            return "those who stand in are"
        out = frozenset(reach.excluded) | {one.person for one in reached}
        further = who_is_asked(reach.ladder[1:], self._key, None, self._directory, local_day(self._now), out)
        return f"{self._titles(further)} is" if further else "nobody else is left to be"


def matter_stages(
    opening: Opening,
    standing: Standing,
    asked: AskedBy,
    route: Route | None,
    history: Sequence[Recorded],
    names: Mapping[str, str],
) -> tuple[Stage, ...]:
    """Return the tasks of a case in their order, as they stand: done, asked for now, or still to come.

    What only comes after something that has not happened is left out.
    """
    seats = {seat.key: seat.title for seat in opening.seats}
    began = history[0].at if history else None
    first = Stage(title="Reported", who="", mark="tick", words="Put on record", at=began)
    past = [said.event for said in history]
    keys = [one.key for one in as_it_stands(opening.matter, past).allegations] if opening.matter is not None else []
    stages = []
    for task in opening.process.tasks:
        ask = next((ask for ask in standing.asks if ask.step == task.key), None)
        holders = dict.fromkeys(one.seat for one in asked.get(ask.ask, ())) if ask else {}
        who = listed(tuple(seats.get(seat, seat) for seat in holders)) or SEATS[task.seat].capitalize()
        done = [said for said in history if matches(task.done_by, said.event)]
        if is_done(task, past, keys) and done:
            by = names.get(getattr(done[-1].event, "by", ""), "")
            stages.append(Stage(title=task.title, who=who, mark="tick", words="Done", by=by, at=done[-1].at))
        elif ask is not None:
            stages.append(Stage(title=task.title, who=who, mark="dots", words=_so_far(task, done, keys), due=ask.due))
        elif route is not None and standing.outcome is None and _applies(opening, task, route, past, keys):
            stages.append(Stage(title=task.title, who=who, mark="ring", words="Still to come"))
    ended = next((said for said in history if isinstance(said.event, CaseEnded)), None)
    if ended is None:
        last = Stage(title="Close", who="", mark="ring", words="Once all of this is done")
    else:
        last = Stage(title="Close", who="", mark="tick", words="Closed", at=ended.at)
    return (first, *stages, last)


def _applies(opening: Opening, task: Task, route: Route, past: Sequence[AnyEvent], allegations: Sequence[str]) -> bool:
    alone = opening.process.model_copy(update={"tasks": (task,)})
    return next_task(alone, route, past, allegations) is not None


def _so_far(task: Task, done: Sequence[Recorded], allegations: Sequence[str]) -> str:
    if not task.each_allegation or len(allegations) < 2:
        return "Waits to be recorded"
    some = {key for said in done for key in about(said.event)} & set(allegations)
    return f"Recorded for {len(some)} of {len(allegations)} allegations"
