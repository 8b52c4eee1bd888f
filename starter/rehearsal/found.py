"""What came of a rehearsed year: pure, from what is on record of its cases."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Final, NamedTuple

from pydantic import BaseModel

from domain.calendar import local_day
from domain.cases import OpenAsk, Opening
from domain.events import AnyEvent, AskMoved, AskOpened, Escalated, Recorded, StepRefused
from domain.order import first_violation, matches
from domain.pack import AnyClocks, OrderRule, Pack, Process
from domain.round_entries import CycleBegan
from domain.telling import Teller
from domain.telling_entries import MatterTeller
from domain.words import counted, day_in_words, listed
from starter.rehearsal.scenario import Habit
from starter.rehearsal.watching import Seen
from starter.rehearsal.year import Undone, Year

_HABITS: Final[dict[Habit, str]] = {
    "prompt": "answers soon",
    "slow": "answers late",
    "silent": "never answers",
}
_SAID: Final = {
    "incomplete": "something that it needs is missing or does not fit",
    "not_offered": "it cannot be done now",
    "refused": "a rule of the policy forbids it",
    "held": "an answer is disputed, and everything waits",
    "unfit": "the form does not hold any more",
    "sign_in": "it takes more than a link",
    "not_opened": "the form was not opened before",
    "too_soon": "it was done today already",
    "unchanged": "nothing would be different",
    "nothing_to_record": "there is nothing that could be put on record",
}
"""Why something could not be done, by what the case said to it."""

_MANY: Final = "signature"
_UNTOLD: Final = frozenset({"ask_opened", "ask_closed", "confirmed", "roll_called", "case_routed", "receipt"})
"""What the calendar leaves out: it is on the page of its case."""


class Line(NamedTuple):
    """Something that fell on a day: when, what, and in which case, by its number; 0 where it is of none."""

    at: datetime
    words: str
    case: int = 0
    title: str = ""


class CaseTold(NamedTuple):
    """A case of the year: its number, what it is, how it ended, what happened, and why it stalled, if it did."""

    number: int
    id: str
    kind: str
    title: str
    school: str
    outcome: str
    began: datetime
    told: tuple[Line, ...]
    stalled: tuple[str, ...]
    waits: tuple[str, ...]


class Unable(NamedTuple):
    """A step that nobody could do: in which case, since when, until when (None: to the end of the year), and why."""

    case: CaseTold
    step: str
    since: date
    until: date | None
    why: str


class RuleKept(NamedTuple):
    """An order rule: of which process, how often it was asked, how often it forbade something, and if broken."""

    process: str
    key: str
    clause: str
    asked: int
    bit: int
    broken: tuple[CaseTold, ...]


class Quoted(NamedTuple):
    """A clause of the pack, and how often it was gone by."""

    id: str
    where: str
    quoted: str
    times: int


class Found(NamedTuple):
    """All that came of a year."""

    cases: tuple[CaseTold, ...]
    stalled: tuple[CaseTold, ...]
    unable: tuple[Unable, ...]
    rules: tuple[RuleKept, ...]
    exercised: tuple[Quoted, ...]
    untouched: tuple[Quoted, ...]
    elsewhere: tuple[Quoted, ...]
    days: tuple[tuple[date, tuple[Line, ...]], ...]
    left_out: tuple[str, ...]
    changed: tuple[str, ...]

    @property
    def broken(self) -> tuple[RuleKept, ...]:
        """The rules that were broken: none may be."""
        return tuple(rule for rule in self.rules if rule.broken)

    @property
    def fine(self) -> bool:
        """Return whether nothing is wrong."""
        return not (self.stalled or self.unable or self.broken or self.changed)


def found(pack: Pack, year: Year, habits: Mapping[str, Habit], names: Mapping[str, str]) -> Found:
    """Return what came of `year` under `pack`; `names` are those of people."""
    seen = sorted(year.cases.items(), key=lambda one: (one[1].began, year.names.get(one[0], "")))
    told = [_told(number, case, one, pack, year, habits, names) for number, (case, one) in enumerate(seen, 1)]
    by_id = {one.id: one for one in told}
    gone_by = Counter(_gone_by(year.cases.values(), names))
    clauses = [Quoted(one.id, one.where, one.quoted, gone_by[one.id]) for one in pack.clauses]
    cited = {clause for process in pack.processes for clause in _cited(process)}
    return Found(
        cases=tuple(told),
        stalled=tuple(one for one in told if one.stalled),
        unable=tuple(_unable(year, by_id, names)),
        rules=tuple(_rules(pack, year, by_id)),
        exercised=tuple(one for one in clauses if one.times),
        untouched=tuple(one for one in clauses if not one.times and one.id in cited),
        elsewhere=tuple(one for one in clauses if not one.times and one.id not in cited),
        days=_days(told, year),
        left_out=tuple(_left_out(pack, year)),
        changed=tuple(f"{what}: {counted(times, 'time')}" for what, times in Counter(year.changed).items()),
    )


# Each case.


def _told(
    number: int,
    case: str,
    seen: Seen,
    pack: Pack,
    year: Year,
    habits: Mapping[str, Habit],
    names: Mapping[str, str],
) -> CaseTold:
    opening = seen.opening
    school, signer = pack.school(opening.school), opening.request.answers.get("signer")
    title = _title(opening, names)
    open_asks = seen.standing.asks if not seen.over else ()
    overdue = [ask for ask in open_asks if ask.due < year.ends]
    return CaseTold(
        number=number,
        id=case,
        kind="Signature" if signer is not None else opening.process.title,
        title=title,
        school=school.name if school is not None else "",
        outcome=(seen.standing.outcome or "").replace("_", " "),
        began=seen.began,
        told=tuple(
            Line(one.at, words, number, title) for one, words in zip(seen.events, words_of(seen, names), strict=True)
        ),
        stalled=tuple(why for ask in overdue if (why := _why_stalled(ask, case, seen, year, habits, names))),
        waits=tuple(_waits(ask, seen, names) for ask in open_asks),
    )


def _title(opening: Opening, names: Mapping[str, str]) -> str:
    signer = opening.request.answers.get("signer")
    if signer is not None:
        return f"{names.get(str(signer), 'Somebody')} signs “{opening.request.title}”"
    if opening.matter is not None:
        return f"About {listed(tuple(one.name for one in opening.matter.subjects))}"
    return opening.request.title or opening.process.title


def words_of(seen: Seen, names: Mapping[str, str]) -> list[str]:
    """Return every event of a case in words."""
    if seen.opening.process.confidential:
        return [one.words for one in MatterTeller(seen.opening, seen.what, names, reporter=True).told(seen.events)]
    return [one.words for one in Teller(seen.opening, names).told(seen.events)]


def _waits(ask: OpenAsk, seen: Seen, names: Mapping[str, str]) -> str:
    who = listed(tuple(names.get(one.person, "somebody") for one in seen.asked.get(ask.ask, ()))) or "nobody"
    return f"“{_step(seen.opening.process, ask.step)}” waits for {who}, until {day_in_words(local_day(ask.due))}"


def _why_stalled(
    ask: OpenAsk, case: str, seen: Seen, year: Year, habits: Mapping[str, Habit], names: Mapping[str, str]
) -> str:
    """Return why nothing will come of an ask any more; nothing where something still may."""
    process, asked = seen.opening.process, seen.asked.get(ask.ask, ())
    what, due = f"“{_step(process, ask.step)}”", day_in_words(local_day(ask.due))
    if not asked:
        return f"{what}, due on {due}, can be done by nobody: nobody holds the seat {_seat(seen.opening, ask.seat)}"
    if (case, ask.ask) in year.coming or _something_comes(ask, process.clocks(ask.step)):
        return ""
    who = listed(
        tuple(f"{names.get(one.person, one.person)} ({_HABITS[habits.get(one.person, 'prompt')]})" for one in asked)
    )
    after = f" after {counted(ask.reminded, 'reminder')}" if ask.reminded else " and nobody was reminded"
    further = " It was taken to those who stand in." if ask.escalated else " It is never taken to anybody else."
    tried = [one for one in year.undone if (one.case, one.ask) == (case, ask.ask)]
    could_not = f" {_could_not(tried[-1], names)}." if tried else ""
    return f"{what} was due on {due} and waits for {who}{after}.{further}{could_not}"


def _something_comes(ask: OpenAsk, clocks: AnyClocks | None) -> bool:
    """Return whether something more comes of an ask by itself: a reminder, an escalation, or its lapse."""
    return clocks is not None and (
        ask.reminded < len(clocks.remind_on)
        or ((clocks.escalate_on is not None or clocks.escalate_when_overdue) and not ask.escalated)
        or clocks.lapse_on is not None
    )


def _step(process: Process, key: str) -> str:
    clocks = process.clocks(key)
    return clocks.title if clocks is not None else key


def _seat(opening: Opening, key: str) -> str:
    return next((one.title for one in opening.seats if one.key == key), key.replace("_", " "))


# What nobody could do.


def _unable(year: Year, cases: Mapping[str, CaseTold], names: Mapping[str, str]) -> Iterator[Unable]:
    for case, seen in year.cases.items():
        yield from _vacant(cases[case], seen)
    for ask in dict.fromkeys((one.case, one.ask, one.person) for one in year.undone):
        tried = [one for one in year.undone if (one.case, one.ask, one.person) == ask]
        if tried[-1].case in cases:
            yield _refused(cases[tried[-1].case], year.cases[tried[-1].case], tried[-1], names)


def _vacant(case: CaseTold, seen: Seen) -> Iterator[Unable]:
    """Yield each stretch of time in which an ask reached nobody."""
    since: dict[str, tuple[date, str, str]] = {}
    for one in seen.events:
        event, day = one.event, local_day(one.at)
        if isinstance(event, AskOpened | AskMoved | Escalated) and event.asked is not None:
            seat = event.ladder[0] if isinstance(event, AskOpened | AskMoved) else ""
            if not event.asked:
                since.setdefault(event.ask, (day, event.step, seat))
            elif event.ask in since:
                yield _empty(case, seen, since.pop(event.ask), day)
        elif getattr(event, "ask", None) in since and event.kind in {"ask_closed", "approved", "returned", "rejected"}:
            yield _empty(case, seen, since.pop(str(vars(event)["ask"])), day)
    for stretch in since.values():
        yield _empty(case, seen, stretch, None)


def _empty(case: CaseTold, seen: Seen, stretch: tuple[date, str, str], until: date | None) -> Unable:
    since, step, seat = stretch
    why = f"nobody who may do it holds the seat {_seat(seen.opening, seat)}, nor one that stands in"
    return Unable(case, _step(seen.opening.process, step), since, until, why)


def _refused(case: CaseTold, seen: Seen, tried: Undone, names: Mapping[str, str]) -> Unable:
    asked = next(
        (one.event for one in seen.events if isinstance(one.event, AskOpened) and one.event.ask == tried.ask), None
    )
    step = _step(seen.opening.process, asked.step) if asked is not None else "A request"
    return Unable(case, step, local_day(tried.at), None, _could_not(tried, names))


def _could_not(tried: Undone, names: Mapping[str, str]) -> str:
    clause = f", because of {tried.clause}" if tried.clause else ""
    return f"{names.get(tried.person, tried.person)} tried, and could not: {_SAID.get(tried.says, tried.says)}{clause}"


# Order rules and clauses.


def _rules(pack: Pack, year: Year, cases: Mapping[str, CaseTold]) -> Iterator[RuleKept]:
    where = {one.id: one.where for one in pack.clauses}
    for process in pack.processes:
        ours = {case: seen for case, seen in year.cases.items() if seen.opening.process.key == process.key}
        broken = {case: rule for case, seen in ours.items() for rule in _violated(process.rules, seen.what)}
        events = [event for seen in ours.values() for event in seen.what]
        for rule in process.rules:
            yield RuleKept(
                process=process.title,
                key=rule.key,
                clause=where.get(rule.clause, rule.clause),
                asked=sum(matches(rule.then, event) for event in events),
                bit=sum(isinstance(event, StepRefused) and event.rule == rule.key for event in events),
                broken=tuple(cases[case] for case, one in broken.items() if one.key == rule.key),
            )


def _violated(rules: Sequence[OrderRule], events: Sequence[AnyEvent]) -> Iterator[OrderRule]:
    """Yield the rule that a record breaks first; what begins again with another cycle begins without a past."""
    begins = [n for n, event in enumerate(events) if isinstance(event, CycleBegan)] or [0]
    for first, end in zip(begins, [*begins[1:], len(events)], strict=True):
        broken = first_violation(rules, events[first:end])
        if broken is not None:
            yield broken[1]


def _gone_by(cases: Iterable[Seen], names: Mapping[str, str]) -> Iterator[str]:
    """Yield the clauses that were gone by: of what happened, what was reported, and what rules were asked."""
    for seen in cases:
        process = seen.opening.process
        yield process.clause
        yield from _of_the_matter(seen.opening)
        for one in Teller(seen.opening, names).told(seen.events) if not process.confidential else ():
            if one.clause:
                yield one.clause
        for event in seen.what:
            clocks = process.clocks(getattr(event, "step", "") or "") if process.confidential else None
            if clocks is not None:
                yield clocks.clause
            yield from (rule.clause for rule in process.rules if matches(rule.then, event))
            if event.kind in {"cover_changed", "posting_suspended"} and process.cover is not None:
                yield process.cover.clause


def _of_the_matter(opening: Opening) -> Iterator[str]:
    process, matter = opening.process, opening.matter
    if matter is not None:
        topics = {one.topic for one in matter.allegations}
        yield from (one.clause for one in process.topics if one.key in topics)
    for of in (process.cycle, process.campaign):
        if of is not None:
            yield of.clause


def _cited(model: BaseModel) -> Iterator[str]:
    """Yield every clause that some part of a process cites."""
    for name, value in model:
        if name == "clause" and isinstance(value, str):
            yield value
        for one in value if isinstance(value, tuple) else (value,):
            if isinstance(one, BaseModel):
                yield from _cited(one)


# The calendar.


def _days(told: Sequence[CaseTold], year: Year) -> tuple[tuple[date, tuple[Line, ...]], ...]:
    lines = [Line(one.at, one.what) for one in year.happened]
    many: Counter[tuple[date, str]] = Counter()
    moments: dict[tuple[date, str], datetime] = {}
    for case in told:
        seen = year.cases[case.id]
        for one, line in zip(seen.events, case.told, strict=True):
            if one.event.kind in _UNTOLD:
                continue
            if seen.opening.process.story != _MANY:
                lines.append(line)
            elif (words := _of_many(one, seen)) is not None:
                many[local_day(one.at), words] += 1
                moments.setdefault((local_day(one.at), words), one.at)
    lines += [Line(moments[day, words], f"{words}: {times}") for (day, words), times in many.items()]
    by_day: dict[date, list[Line]] = {}
    for line in sorted(lines, key=lambda one: (one.at, one.case, one.words)):
        by_day.setdefault(local_day(line.at), []).append(line)
    return tuple((day, tuple(by_day[day])) for day in sorted(by_day))


def _of_many(said: Recorded, seen: Seen) -> str | None:
    """Return what one of many signatures is counted under."""
    title = seen.opening.request.title
    words = {
        "document_signed": f"Signatures under “{title}”",
        "reminded": f"Reminders to sign “{title}”",
        "signature_chased": f"Signatures under “{title}” that others were told are missing",
        "signature_called_off": f"Signatures under “{title}” that were called off",
    }
    return words.get(said.event.kind)


def _left_out(pack: Pack, year: Year) -> Iterator[str]:
    """Yield what the year had nothing of."""
    began = {seen.opening.process.story for seen in year.cases.values()}
    yield from (f"No case of “{one.title}” began." for one in pack.processes if one.story not in began)
    for process in pack.processes:
        opened = {
            event.step
            for seen in year.cases.values()
            if seen.opening.process.key == process.key or (process.campaign and seen.opening.process.story == _MANY)
            for event in seen.what
            if isinstance(event, AskOpened)
        }
        tasks: tuple[AnyClocks, ...] = (*process.steps, *process.tasks, *process.rounds)
        never = [one.title for one in tasks if one.key not in opened and (process.story in began)]
        if never:
            yield f"Nobody was ever asked, in “{process.title}”: {listed(tuple(f'“{one}”' for one in never))}."
    yield "People, seats and the pack do not change during the year, but for those who are away or leave."
    yield "Nobody withdraws an answer, steps aside or disputes one, and administrators do nothing."
