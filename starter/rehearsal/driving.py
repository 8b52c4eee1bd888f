"""The year: from whatever comes next, by itself or because somebody does something, to whatever comes after that."""

import asyncio
import heapq
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from itertools import count
from pathlib import Path
from typing import Final, TypeAlias

from domain.calendar import LONDON, local_day
from domain.cases import Act, OpenAsk, Opening, Reply, Request, taken_from
from domain.pack import Changes, Pack, Process, Reviews, Step, Task
from domain.people import Asked, Person
from domain.refs import case_id, reference
from domain.round_entries import SiteChanged, SiteLifeBegan
from starter.engine import EngineLostError
from starter.exploring import Place, runs
from starter.rehearsal.asking_for import asked_for
from starter.rehearsal.cast import Cast
from starter.rehearsal.doing import Doings
from starter.rehearsal.private import House
from starter.rehearsal.scenario import Scenario
from starter.rehearsal.watching import Seen
from starter.rehearsal.year import Happened, Undone, Year
from store import mails, people
from store import packs as kept_packs
from store.rounds.looking import documents_of, school_of
from store.rounds.reading import campaigns, in_force

_MORNING: Final = time(6)
_NOON: Final = time(12)
_OPENS: Final = (10, 13, 15)
_SIGNING_FROM: Final = 21
"""Days after which everybody is asked to sign what no review has had them sign."""

_SOON: Final = timedelta(minutes=1)
_GATHERED_FOR: Final = timedelta(hours=4, minutes=1)
"""After how long what was put by for somebody is sent as one mail, and a little more."""

_LOOKS: Final = 1000
_LOOKS_AGAIN: Final = 0.02
"""How often it is looked whether all mails have gone, and after how many seconds each time."""

_TRIES: Final = 2
_TRIED: Final = 4
"""How often somebody tries again, some days later each time, to do what cannot be done."""


Deed: TypeAlias = Callable[[], Awaitable[object]]
"""Something that is done at its time."""


class Driver:
    """Plays one year in a house. What people do comes from `doings`; `progress` is told the day, counted from 0."""

    def __init__(
        self,
        house: House,
        pack: Pack,
        folder: Path,
        place: Place,
        cast: Cast,
        doings: Doings,
        scenario: Scenario,
        progress: Callable[[int, str], None] = lambda day, what: None,
    ) -> None:
        """Prepare a year; nothing happens until it is played."""
        self._house, self._pack, self._folder, self._place, self._cast = house, pack, folder, place, cast
        self._doings, self._scenario, self._progress = doings, scenario, progress
        self._calendar = place.calendar
        self._begins = house.clock()
        self._ends = self._begins + timedelta(days=scenario.days)
        self._numbers = count()
        self._deeds: list[tuple[datetime, int, str, Deed]] = []
        self._known_asks: set[tuple[str, str, str]] = set()
        self._waiting: Counter[tuple[str, str]] = Counter()
        self._names: dict[str, str] = {}
        self._scanned = 0
        self._digest_at: datetime | None = None
        self._tried: Counter[tuple[str, str]] = Counter()
        self._heard: Counter[str] = Counter()
        self.year = Year(house.watch.cases, self._names, ends=self._ends)

    # The year.

    async def play(self) -> Year:
        """Play the year to its end, and return what came of it."""
        await self._plan()
        while (moment := self._next()) is not None and moment <= self._ends:
            self._house.clock.go_to(moment)
            self._progress((moment - self._begins).days, f"{local_day(moment):%d %B %Y}")
            await self._let_come(moment)
            await self._let_do(moment)
        self._house.clock.go_to(self._ends)
        self.year.coming = frozenset(key for key, deeds in self._waiting.items() if deeds)
        return self.year

    def _next(self) -> datetime | None:
        coming = [seen.next_at for seen in self._house.watch.cases.values() if seen.next_at is not None]
        return min([*coming, *(deed[0] for deed in self._deeds[:1])], default=None)

    async def _let_come(self, moment: datetime) -> None:
        """Bring those cases to the moment of which something comes by itself, until nothing more does."""
        cases, wake = self._house.watch.cases, self._house.watch.wake
        while due := [case for case, seen in cases.items() if seen.next_at is not None and seen.next_at <= moment]:
            await asyncio.gather(*map(wake, due))
            await self._settle()

    async def _let_do(self, moment: datetime) -> None:
        """Let everybody do what they do at this moment: in one case one after the other, in all cases at once."""
        while self._deeds and self._deeds[0][0] <= moment:
            rows: dict[str, list[Deed]] = {}
            while self._deeds and self._deeds[0][0] <= moment:
                _, _, row, deed = heapq.heappop(self._deeds)
                rows.setdefault(row, []).append(deed)
            await asyncio.gather(*(self._one_by_one(row, deeds) for row, deeds in rows.items()))
            await self._settle()

    async def _one_by_one(self, row: str, deeds: Sequence[Deed]) -> None:
        """Let several do what they do in one case, each knowing what the one before did."""
        for n, deed in enumerate(deeds):
            if n and row in self._house.watch.cases:
                await self._house.watch.rest(row)
            await deed()

    async def _settle(self) -> None:
        """Wait until nothing moves, hear who is asked now, and let the scanner open what came."""
        await self._house.watch.idle()
        for case, seen in list(self._house.watch.cases.items()):
            self._name(case, seen)
            if not seen.over:
                self._hear(case, seen)
                self._see_to_cover(case, seen)
        await self._gather()
        await self._scan()

    def _later(self, at: datetime, row: str, deed: Deed) -> None:
        heapq.heappush(self._deeds, (at, next(self._numbers), row, deed))

    # What is planned.

    async def _plan(self) -> None:
        """Plan what begins by hand, who is away and when, when the lookout looks, and when no mail goes out."""
        async with self._house.db.write() as session:
            await people.save(session, self._cast.directory.people)
            await kept_packs.keep(session, self._pack)
        draw = random.Random(f"{self._scenario.seed}|plan")  # noqa: S311 -- no secret
        days = [day for n in range(self._scenario.days) if self._calendar.is_working_day(day := self._day(n))]
        self._plan_requests(draw, days)
        self._plan_matters(draw, days)
        self._plan_looks(days)
        if self._scenario.cases.signing and self._pack.told_by("acknowledgement") is not None:
            at = _at(self._day(min(_SIGNING_FROM, self._scenario.days // 2)), _NOON)
            self._later(at, "signing", self._ask_everybody)
        for outage in self._scenario.mail.outages:
            at = _at(self._day(outage.day - 1), _NOON)
            if at < self._ends:
                self._later(at, "mail", partial(self._mail, out=True))
                self._later(at + timedelta(hours=outage.hours), "mail", partial(self._mail, out=False))

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
                starter, at = draw.choice(starters), _at(day, time(draw.choice(_OPENS)))
                withdraws = n < wanted.withdrawn
                self._later(at, f"request {n}", partial(self._request, process, starter, n, withdraws))

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
                at = _at(draw.choice(days[: max(1, len(days) * 2 // 3)]), time(draw.choice(_OPENS)))
                opening = worlds[n % len(worlds)]
                self._later(at, f"{story} {n}", partial(self._begin, opening, f"{story} {n}"))

    def _plan_looks(self, days: Sequence[date]) -> None:
        """Look on the first day, and on each working day on which somebody came back, is away, or has left."""
        last = None
        self._later(_at(self._day(0), _MORNING), "look", self._look)
        for day in days:
            there = tuple(one.is_active(day) and not one.is_absent(day) for one in self._cast.directory.people)
            if last is not None and there != last:
                gone = [
                    one.name
                    for one, now, before in zip(self._cast.directory.people, there, last, strict=True)
                    if before and not now
                ]
                back = [
                    one.name
                    for one, now, before in zip(self._cast.directory.people, there, last, strict=True)
                    if now and not before
                ]
                self._later(_at(day, _MORNING), "look", self._look)
                self._note(_at(day, _MORNING), gone, back, day)
            last = there

    def _note(self, at: datetime, gone: Sequence[str], back: Sequence[str], day: date) -> None:
        by_name = {one.name: one for one in self._cast.directory.people}
        left = [one for one in gone if not by_name[one].is_active(day)]
        for one in gone:
            self.year.happened.append(Happened(at, f"{one} {'has left' if one in left else 'is away'}"))
        self.year.happened += [Happened(at, f"{one} is back") for one in back]

    # What Duly, its mail server and its administrators do.

    async def _look(self) -> None:
        await self._house.work.look()
        await self._mails_go()

    async def _mail(self, *, out: bool) -> None:
        self._house.sink.out = out
        if out:
            self._house.watch.holds_mail = True
            self.year.happened.append(Happened(self._house.clock(), "The mail server takes nothing from now on"))
        else:
            waited = await self._house.watch.let_go()
            late = f": {waited} mail{'' if waited == 1 else 's'} went late" if waited else ""
            self.year.happened.append(Happened(self._house.clock(), f"The mail server takes mail again{late}"))
            await self._mails_go()

    async def _mails_go(self) -> None:
        """Wait until every mail has gone that is a job of its own, of which no case knows; unless no mail goes."""
        for _ in range(_LOOKS if not self._house.sink.out else 0):
            async with self._house.db.read() as session:
                if not await mails.left_behind(session, self._house.clock() + _SOON):
                    return
            await asyncio.sleep(_LOOKS_AGAIN)

    async def _gather(self) -> None:
        """Have the lookout look when it is time for a digest, where mails were put by for one."""
        if self._digest_at is not None:
            return
        async with self._house.db.read() as session:
            if await mails.put_by(session, self._house.clock() + _SOON):
                self._digest_at = self._house.clock() + _GATHERED_FOR
                self._later(self._digest_at, "look", self._send_digests)

    async def _send_digests(self) -> None:
        self._digest_at = None
        await self._look()

    async def _ask_everybody(self) -> None:
        """Have everybody asked to sign each document that no review has had them sign."""
        process = self._pack.told_by("acknowledgement")
        if process is None or process.campaign is None:
            return
        organisation = self._pack.organisation.key
        async with self._house.db.read() as session:
            begun = await campaigns(session, organisation)
            versions = await in_force(session, organisation)
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
        request = asked_for(self._folder, self._place, process, starter, n, today)
        case = await self._begin(self._opening(process, request, starter), f"request {n}")
        if withdraws:
            at = self._house.clock() + timedelta(days=1)
            act = Act(kind="withdraw", person=starter.id, how="session")
            self._later(at, case, lambda: self._act(case, "", act))

    def _opening(self, process: Process, request: Request, starter: Person | None = None) -> Opening:
        return Opening(
            **dict(taken_from(self._pack, process, self._calendar)),
            case="",
            reference="",
            organisation=self._pack.organisation.key,
            school=starter.schools[0] if starter is not None else self._place.school,
            request=request,
        )

    async def _begin(self, opening: Opening, name: str) -> str:
        """Begin a case under an id and a reference that come from the seed, and return its id."""
        key = f"rehearsal|{self._scenario.seed}|{name}"
        case = case_id(key)
        drawn = random.Random(key)  # noqa: S311 -- no secret
        async with self._house.db.write() as session:
            await self._house.keys.create(session, case)
        begun = opening.model_copy(update={"case": case, "reference": reference(drawn.randbytes(8))})
        self._names[case] = name
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
        taken = set(self._names.values())
        self._names[case] = next(one for n in count(1) if (one := name if n == 1 else f"{name} {n}") not in taken)
        if opening.process.story == "site_life":
            at = self._doings.changes_at(self._names[case], seen, self._house.clock())
            if at is not None:
                self._later(at, case, partial(self._change, case))

    def _see_to_cover(self, case: str, seen: Seen) -> None:
        """Have the cover of a site looked at that is new or changed, as within seconds it would be."""
        since, self._heard[case] = self._heard[case], len(seen.events)
        if any(isinstance(one.event, SiteLifeBegan | SiteChanged) for one in seen.events[since:]):
            self._later(self._house.clock() + _SOON, "look", self._look)

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
        self._later(at, case, lambda: self._do(case, ask, person))

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
        self._tried[case, ask.ask] += 1
        if self._tried[case, ask.ask] > _TRIED:
            self._undone(case, ask, asked, now)
            return
        if seen.opening.process.story == "site_life" and self._doings.has_lost_some(seen, now):
            await self._change(case, asked.person)
        self._plan_deed(self._doings.later(now), case, ask.ask, asked.person)

    def _undone(self, case: str, ask: OpenAsk, asked: Asked, now: datetime) -> None:
        said = self._said or "there is nothing to put on record"
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
        self._said = reply.says.replace("_", " ")
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

    async def _scan(self) -> None:
        """Let the scanner open the links of what came since it was last here."""
        fresh, self._scanned = self._house.sink.caught[self._scanned :], len(self._house.sink.caught)
        scanned = {one.email for one in self._cast.directory.people if one.id in self._cast.scanned}
        for mail in fresh:
            if mail.to in scanned:
                await self._house.scanner.open(mail.links())

    def _day(self, n: int) -> date:
        return local_day(self._begins) + timedelta(days=n)

    _said = ""


def _at(day: date, hour: time) -> datetime:
    return datetime.combine(day, hour, LONDON).astimezone(UTC)
