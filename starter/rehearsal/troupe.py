"""The people of one pack in a year: what they begin, and what they do about what they are asked."""

import random
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from itertools import count
from pathlib import Path
from typing import Final

from domain.calendar import LONDON, local_day
from domain.cases import Act, OpenAsk, Opening, Reply, Request, taken_from
from domain.pack import Changes, Pack, Process, Reviews, Step, Task
from domain.people import Asked, Person
from domain.refs import case_id, reference
from domain.round_entries import SiteChanged, SiteLifeBegan
from starter.engine import EngineLostError
from starter.exploring import Place, runs
from starter.rehearsal.agenda import Agenda
from starter.rehearsal.asking_for import asked_for
from starter.rehearsal.cast import Cast
from starter.rehearsal.doing import Doings
from starter.rehearsal.private import House
from starter.rehearsal.scenario import Scenario
from starter.rehearsal.watching import Seen
from starter.rehearsal.year import Happened, Undone, Year
from store import packs as kept_packs
from store import people
from store.rounds.looking import documents_of, school_of
from store.rounds.reading import adopted_last, campaigns

MORNING: Final = time(6)
"""When the lookout looks on a day on which people come or go."""

_NOON: Final = time(12)
_OPENS: Final = (10, 13, 15)
_SIGNING_FROM: Final = 21
"""Days after which everybody is asked to sign what no review has had them sign."""

_SOON: Final = timedelta(minutes=1)

_TRIES: Final = 2
_TRIED: Final = 4
"""How often somebody tries again, some days later each time, to do what cannot be done."""


@dataclass(frozen=True)
class Part:
    """What a troupe plays: a pack, the folder that it lies in, who is in it, where, and what the year is like."""

    pack: Pack
    folder: Path
    place: Place
    cast: Cast
    scenario: Scenario

    @property
    def organisation(self) -> str:
        """The key of the organisation whose pack it is."""
        return self.pack.organisation.key


class Troupe:
    """The people of one pack. What they are going to do they put into the `agenda` that all troupes share."""

    def __init__(self, house: House, part: Part, agenda: Agenda) -> None:
        """Prepare a year; nothing happens until it is planned."""
        self.part, self._house, self._agenda = part, house, agenda
        self._pack, self._cast, self._scenario, self._place = part.pack, part.cast, part.scenario, part.place
        self._doings = Doings(part.scenario, part.cast, part.place.calendar, part.organisation)
        self._begins = house.clock()
        self._known_asks: set[tuple[str, str, str]] = set()
        self._waiting: Counter[tuple[str, str]] = Counter()
        self._names: dict[str, str] = {}
        self._called: set[str] = set()
        self._tried: Counter[tuple[str, str]] = Counter()
        self._heard: Counter[str] = Counter()
        self._said = ""
        self.scanned = frozenset(one.email for one in part.cast.directory.people if one.id in part.cast.scanned)
        self.year = Year({}, self._names, ends=self._begins + timedelta(days=part.scenario.days))

    def hear(self, case: str, seen: Seen) -> None:
        """Take note of a case that said something."""
        self.year.cases[case] = seen
        self._name(case, seen)
        if not seen.over:
            self._hear(case, seen)
            self._see_to_cover(case, seen)

    def ends(self) -> Year:
        """Return the year as it was played."""
        self.year.coming = frozenset(key for key, deeds in self._waiting.items() if deeds)
        return self.year

    # What is planned.

    async def plan(self) -> None:
        """Plan what begins by hand, and who is away and when."""
        async with self._house.db.write() as session:
            await people.save(session, self._cast.directory.people)
            await kept_packs.keep(session, self._pack)
        draw = random.Random(f"{self._scenario.seed}|{self.part.organisation}|plan")  # noqa: S311 -- no secret
        calendar = self._place.calendar
        days = [day for n in range(self._scenario.days) if calendar.is_working_day(day := self._day(n))]
        self._plan_requests(draw, days)
        self._plan_matters(draw, days)
        self._plan_looks(days)
        if self._scenario.cases.signing and self._pack.told_by("acknowledgement") is not None:
            at = at_time(self._day(min(_SIGNING_FROM, self._scenario.days // 2)), _NOON)
            self._agenda.later(at, self._row("signing"), self._ask_everybody)

    def _plan_requests(self, draw: random.Random, days: Sequence[date]) -> None:
        process = self._pack.told_by("site_creation")
        wanted = self._scenario.cases
        if process is None or not days:
            return
        # None begins so late that nobody can decide it any more.
        early = days[: max(1, len(days) * 9 // 10)]
        for n in range(wanted.requests):
            day = draw.choice(early)
            starters = [one for one in self._cast.directory.people if self._may_ask(one, process, day)]
            if starters:
                starter, at = draw.choice(starters), at_time(day, time(draw.choice(_OPENS)))
                withdraws = n < wanted.withdrawn
                self._agenda.later(
                    at, self._row(f"request {n}"), partial(self._request, process, starter, n, withdraws)
                )

    def _may_ask(self, one: Person, process: Process, day: date) -> bool:
        return one.kind in process.may_start and one.is_active(day) and not one.is_absent(day) and one.is_authorised()

    def _plan_matters(self, draw: random.Random, days: Sequence[date]) -> None:
        wanted = {"allegation": self._scenario.cases.allegations, "disciplinary": self._scenario.cases.disciplinary}
        for story, most in wanted.items():
            process = self._pack.told_by(story)  # type: ignore[arg-type]
            if process is None or not days:
                continue
            worlds = [
                run.world.opening
                for run in runs(self._place, process, further=False)
                if run.world.opening.clearance is None
            ]
            for n in range(most):
                at = at_time(draw.choice(days[: max(1, len(days) * 2 // 3)]), time(draw.choice(_OPENS)))
                opening = worlds[n % len(worlds)]
                self._agenda.later(at, self._row(f"{story} {n}"), partial(self._begin, opening, f"{story} {n}"))

    def _plan_looks(self, days: Sequence[date]) -> None:
        """Have the lookout look on each working day on which somebody came back, is away, or has left."""
        last = None
        for day in days:
            there = tuple(one.is_active(day) and not one.is_absent(day) for one in self._cast.directory.people)
            if last is not None and there != last:
                moved = list(zip(self._cast.directory.people, there, last, strict=True))
                self._agenda.look(at_time(day, MORNING))
                self._note(
                    at_time(day, MORNING),
                    [one for one, now, before in moved if before and not now],
                    [one for one, now, before in moved if now and not before],
                )
            last = there

    def _note(self, at: datetime, gone: Sequence[Person], back: Sequence[Person]) -> None:
        day = local_day(at)
        for one in gone:
            self.year.happened.append(Happened(at, f"{one.name} {'is away' if one.is_active(day) else 'has left'}"))
        self.year.happened += [Happened(at, f"{one.name} is back") for one in back]

    def _row(self, name: str) -> str:
        return f"{self.part.organisation} {name}"

    async def _ask_everybody(self) -> None:
        """Have everybody asked to sign each document that no review has had them sign."""
        process = self._pack.told_by("acknowledgement")
        if process is None or process.campaign is None:
            return
        organisation = self._pack.organisation.key
        async with self._house.db.read() as session:
            begun = await campaigns(session, organisation)
            versions = await adopted_last(session, organisation)
            directory = await people.directory(session, organisation)
        for document in process.campaign.documents:
            control = documents_of(self._pack).get(document)
            if document in begun or control is None:
                continue
            version = versions.get(document)
            answers = {
                "document": document,
                "version": control.version or "1",
                "digest": version.digest if version else control.digest,
            }
            opening = self._opening(process, Request(title=control.title, starter="", author="", answers=dict(answers)))
            school = school_of(self._pack, process.campaign.owner, directory)
            await self._begin(opening.model_copy(update={"school": school}), f"signing {document}")

    # What begins.

    async def _request(self, process: Process, starter: Person, n: int, withdraws: bool) -> None:
        """Send a request for a site, as the demo's sample says it, or with the fewest answers."""
        today = local_day(self._house.clock())
        request = asked_for(self.part.folder, self._place, process, starter, n, today)
        case = await self._begin(self._opening(process, request, starter), f"request {n}")
        if withdraws:
            at = self._house.clock() + timedelta(days=1)
            act = Act(kind="withdraw", person=starter.id, how="session")
            self._agenda.later(at, case, lambda: self._act(case, "", act))

    def _opening(self, process: Process, request: Request, starter: Person | None = None) -> Opening:
        return Opening(
            **dict(taken_from(self._pack, process, self._place.calendar)),
            case="",
            reference="",
            organisation=self._pack.organisation.key,
            school=starter.schools[0] if starter is not None else self._place.school,
            request=request,
        )

    async def _begin(self, opening: Opening, name: str) -> str:
        """Begin a case under an id and a reference that come from the seed, and return its id."""
        key = f"rehearsal|{self._scenario.seed}|{self.part.organisation}|{name}"
        case = case_id(key)
        drawn = random.Random(key)  # noqa: S311 -- no secret
        async with self._house.db.write() as session:
            await self._house.keys.create(session, case)
        begun = opening.model_copy(update={"case": case, "reference": reference(drawn.randbytes(8))})
        self._call(case, name)
        await self._house.engine.begin(begun)
        return case

    def _name(self, case: str, seen: Seen) -> None:
        """Call a case by what it is, so that the same case is called the same however it was begun."""
        if case in self._names:
            return
        opening = seen.opening
        answers = opening.request.answers
        parents = self._house.watch.cases.get(opening.parent or "")
        if opening.parent is not None and parents is not None:
            self._name(opening.parent, parents)
        parent = self._names.get(opening.parent or "", "")
        what = str(answers.get("signer") or answers.get("document") or "")
        name = f"{parent} {opening.process.story} {what}".strip()
        self._call(case, next(one for n in count(1) if (one := name if n == 1 else f"{name} {n}") not in self._called))
        if opening.process.story == "site_life":
            at = self._doings.changes_at(self._names[case], seen, self._house.clock())
            if at is not None:
                self._agenda.later(at, case, partial(self._change, case))

    def _call(self, case: str, name: str) -> None:
        self._names[case] = name
        self._called.add(name)

    def _see_to_cover(self, case: str, seen: Seen) -> None:
        """Have the cover of a site looked at that is new or changed, as within seconds it would be."""
        since, self._heard[case] = self._heard[case], len(seen.events)
        if any(isinstance(one.event, SiteLifeBegan | SiteChanged) for one in seen.events[since:]):
            self._agenda.look(self._house.clock() + _SOON)

    # What people do.

    def _hear(self, case: str, seen: Seen) -> None:
        """Plan what is done by everybody who is asked now and was not asked before."""
        for ask in seen.standing.asks:
            clocks = seen.opening.process.clocks(ask.step)
            for asked in seen.asked.get(ask.ask, ()):
                key = (case, ask.ask, asked.person)
                if key in self._known_asks or clocks is None:
                    continue
                self._known_asks.add(key)
                at = self._doings.when(self._names[case], ask, asked.person, self._house.clock(), clocks)
                if at is not None:
                    self._plan_deed(at, case, ask.ask, asked.person)

    def _plan_deed(self, at: datetime, case: str, ask: str, person: str) -> None:
        self._waiting[case, ask] += 1
        self._agenda.later(at, case, lambda: self._do(case, ask, person))

    async def _do(self, case: str, ask_id: str, person_id: str) -> None:
        """Let somebody do what they are asked, if they still are; whoever is away does it when they are back."""
        self._waiting[case, ask_id] -= 1
        seen, now = self._house.watch.cases[case], self._house.clock()
        ask = next((one for one in seen.standing.asks if one.ask == ask_id), None)
        asked = next((one for one in seen.asked.get(ask_id, ()) if one.person == person_id), None)
        person = self._cast.directory.person(person_id)
        if seen.over or ask is None or asked is None or person is None:
            return
        back = self._doings.back(person, now)
        if back is None:
            return
        if back > now:
            self._plan_deed(back, case, ask_id, person_id)
            return
        clocks = seen.opening.process.clocks(ask.step)
        if isinstance(clocks, Step):
            for opened in self._doings.opens(seen, ask, person_id):
                await self._act(case, ask_id, opened, note=False)
            act = self._doings.answer(self._names[case], seen, ask, asked, clocks, now)
            await self._act(case, ask_id, act)
        elif isinstance(clocks, Changes):
            await self._act(case, ask_id, self._doings.edit(seen, person_id, now))
        elif clocks is not None:
            await self._record(case, seen, ask, asked, clocks)

    async def _record(self, case: str, seen: Seen, ask: OpenAsk, asked: Asked, task: Task | Reviews) -> None:
        """Let somebody put on record that a task is done; what cannot be done now they try again some days later."""
        now = self._house.clock()
        for act in self._doings.entries(self._names[case], seen, ask, task, asked.person, now):
            if await self._act(case, ask.ask, act, note=False):
                return
        if ask.seat != task.seat:
            # Whoever sees to a case is asked beside those who do it, and sees that it is done.
            return
        if seen.opening.process.story == "site_life" and self._is_being_changed(seen):
            # What the change brings may be what is missing: nobody gives up before it is decided.
            self._plan_deed(self._doings.later(now), case, ask.ask, asked.person)
            return
        self._tried[case, ask.ask] += 1
        if self._tried[case, ask.ask] > _TRIED:
            self._undone(case, ask, asked, now)
            return
        if seen.opening.process.story == "site_life" and self._doings.has_lost_some(seen, now):
            await self._change(case, asked.person)
        self._plan_deed(self._doings.later(now), case, ask.ask, asked.person)

    def _is_being_changed(self, seen: Seen) -> bool:
        process = seen.opening.process
        return any(isinstance(process.clocks(one.step), Step) for one in seen.standing.asks)

    def _undone(self, case: str, ask: OpenAsk, asked: Asked, now: datetime) -> None:
        said = self._said or "nothing_to_record"
        self.year.undone.append(Undone(case, ask.ask, asked.person, now, said, ""))

    async def _change(self, case: str, person: str = "") -> None:
        """Have a site changed by `person`, or by its owner, if they are there and it is not closed."""
        seen, now = self._house.watch.cases[case], self._house.clock()
        by = self._cast.directory.person(person or str(seen.opening.request.answers.get("author", "")))
        if by is not None and not seen.over and self._doings.back(by, now) == now:
            await self._act(case, "", self._doings.edit(seen, by.id, now))

    async def _act(self, case: str, ask: str, act: Act, *, note: bool = True) -> bool:
        """Have a case take an act; return whether it did. What it does not take is noted."""
        self.year.acts += 1
        reply = await self._answered(case, act)
        self._said = reply.says
        done = reply.says in {"done", "already_decided", "closed"}
        if not done and note and reply.says not in {"not_asked", "wrong_version"}:
            self.year.undone.append(Undone(case, ask, act.person, self._house.clock(), self._said, reply.clause or ""))
        return done

    async def _answered(self, case: str, act: Act) -> Reply:
        """Return what a case says to an act; where Temporal is slow it is sent again, which has the one effect.

        Raises:
            EngineLostError: Temporal did not answer, however often.
        """
        for _ in range(_TRIES):
            with suppress(EngineLostError):
                return await self._house.engine.act(case, act)
        return await self._house.engine.act(case, act)

    def _day(self, n: int) -> date:
        return local_day(self._begins) + timedelta(days=n)


def at_time(day: date, hour: time) -> datetime:
    """Return the moment at which it is `hour` o'clock in England on that day, in UTC."""
    return datetime.combine(day, hour, LONDON).astimezone(UTC)
