"""What somebody does about what they are asked, and when: the same for the same seed."""

import random
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from itertools import islice
from typing import Final

from domain.calendar import LONDON, Calendar, due_on, local_day
from domain.cases import Act, OpenAsk, Opening, Recordable, Request
from domain.events import RequestEdited, Verdict
from domain.order import matches
from domain.pack import Changes, Reviews, Step, Task
from domain.people import Asked, Directory, Person, PersonKind
from domain.round_entries import DraftReady, SiteReviewed, SiteWentLive, is_neglected
from domain.signatures import still_to_open
from starter.rehearsal.cast import Cast
from starter.rehearsal.scenario import Scenario
from starter.rehearsal.watching import Seen
from workflows.explorer import Played
from workflows.explorer_checks import reference
from workflows.explorer_entries import Choices, chosen_in, entries
from workflows.explorer_watched import names_in
from workflows.rounds import TEAM
from workflows.stories import STORIES

_HOURS: Final = (9, 11, 14, 16)
_SLOWEST: Final = 6
_AHEAD: Final = timedelta(days=45)
_SOON: Final = timedelta(days=14)
_TRIES: Final = 8
_TRIES_AGAIN: Final = 5
_CANDIDATES: Final = 60
_MADE_UP: Final = "something"

_WORDS: Final = {
    "address": "https://www.school.example/site",
    "privacy": "Open to read, closed to post.",
    "what_changed": "The dates, and the names of those to ask.",
    "with_whom": "Staff, governors and parents.",
    "responses": "Nobody objected.",
    "what_is_done": "Nothing is needed.",
    "minute": "Minute 7",
    "aims": "Families were told what happens at school.",
    "contents": "Kept by the school, then deleted.",
    "reason": "As the policy asks.",
    "text": "The text of the new version.",
}
"""What is put in the place of what nobody looks at, so that the report reads well."""


class Doings:
    """What everybody of a rehearsal does. All of it is drawn from the seed, and from what it is about."""

    def __init__(self, scenario: Scenario, cast: Cast, calendar: Calendar, organisation: str) -> None:
        """Draw for a scenario, among the cast of an organisation, on the working days of a calendar."""
        self._scenario, self._cast, self._calendar, self._organisation = scenario, cast, calendar, organisation

    @property
    def directory(self) -> Directory:
        """Everybody."""
        return self._cast.directory

    def when(
        self, about: str, ask: OpenAsk, person: str, now: datetime, clocks: Step | Task | Changes | Reviews
    ) -> datetime | None:
        """Return when somebody sees to what they are asked since `now`; None where they never do."""
        draw = self._draw("when", about, ask.ask, person)
        habit = self._cast.habits.get(person, "prompt")
        if habit == "silent":
            return None
        days = draw.choice((0, 0, 1))
        if habit == "slow":
            days = (clocks.remind_on[0] if clocks.remind_on else clocks.answer_within) + draw.randrange(_SLOWEST)
        day = due_on(local_day(now), days, self._calendar)
        at = _at(day, draw.choice(_HOURS))
        return at if at > now else _at(due_on(day + timedelta(days=1), 0, self._calendar), _HOURS[0])

    def back(self, person: Person, now: datetime) -> datetime | None:
        """Return when somebody who is away now is back at their desk; None where they have left."""
        day = local_day(now)
        while person.is_active(day):
            if not person.is_absent(day) and self._calendar.is_working_day(day):
                return max(_at(day, _HOURS[0]), now)
            day += timedelta(days=1)
        return None

    def answer(self, about: str, seen: Seen, ask: OpenAsk, asked: Asked, step: Step, now: datetime) -> Act:
        """Return what somebody answers who is asked to approve."""
        request = seen.standing.request or seen.opening.request
        person = self.directory.person(asked.person)
        verdict = self._verdict(about, seen, ask, asked.person)
        return Act(
            kind="answer",
            person=asked.person,
            how="session" if step.sign_in else "link",
            ask=ask.ask,
            version=request.version,
            verdict=verdict,
            signature=person.name if person is not None else asked.person,
            confirmations=tuple(one.key for one in step.confirmations) if verdict is Verdict.APPROVE else (),
            comment="" if verdict is Verdict.APPROVE else "Say more about who sees to it in the holidays.",
            opened_at=now,
        )

    def opens(self, seen: Seen, ask: OpenAsk, person: str) -> tuple[Act, ...]:
        """Return how somebody opens what has to be opened before they sign."""
        process = seen.opening.process
        readings = still_to_open(process.campaign, ()) if process.story == "signature" else ()
        return tuple(Act(kind="open", person=person, how="link", ask=ask.ask, reading=one.key) for one in readings)

    def _verdict(self, about: str, seen: Seen, ask: OpenAsk, person: str) -> Verdict:
        """Return approval but for the shares of a scenario: only a request is rejected, and returned only once."""
        process, shares = seen.opening.process, self._scenario.verdicts
        if process.story not in {"site_creation", "site_life"}:
            return Verdict.APPROVE
        drawn = self._draw("verdict", about, ask.ask, person).random()
        was_changed = any(isinstance(one, RequestEdited) for one in seen.what)
        if drawn < shares.returned and process.changes is not None and not was_changed:
            return Verdict.RETURN
        if shares.returned <= drawn < shares.returned + shares.rejected:
            return Verdict.REJECT
        return Verdict.APPROVE

    def later(self, now: datetime) -> datetime:
        """Return when somebody tries again what they could not do now."""
        return _at(due_on(local_day(now), _TRIES_AGAIN, self._calendar), _HOURS[0])

    def has_lost_some(self, seen: Seen, now: datetime) -> bool:
        """Return whether somebody who runs a site has left."""
        request = seen.standing.request or seen.opening.request
        return any(not self._is_here(one, now) for team in TEAM for one in _named(request, team))

    def _is_here(self, person: str, now: datetime) -> bool:
        one = self.directory.person(person)
        return one is not None and one.is_active(local_day(now))

    def _with_others(self, request: Request, school: str, now: datetime) -> Request:
        """Return a request that names somebody else for each of those who run its site and have left."""
        free = [
            one.id
            for one in self.directory.people
            if school in one.schools and one.leaves_on is None and one.kind is PersonKind.EMPLOYEE
        ]
        answers = dict(request.answers)
        for team in TEAM:
            named = _named(request, team)
            others = iter([one for one in free if one not in named])
            here = [one if self._is_here(one, now) else next(others, one) for one in named]
            if named:
                answers[team] = tuple(here)
        return request.model_copy(update={"answers": answers})

    def edit(self, seen: Seen, person: str, now: datetime) -> Act:
        """Return how an author changes a request: its date lies ahead again, or one text says more."""
        request = seen.standing.request or seen.opening.request
        edited = self._with_others(changed(seen, request, now), seen.opening.school, now)
        return Act(kind="edit", person=person, how="session", version=request.edition, request=edited)

    def changes_at(self, about: str, seen: Seen, now: datetime) -> datetime | None:
        """Return when the owner of an approved site changes it; None where they never do."""
        draw = self._draw("site changes", about)
        if seen.opening.process.changes is None or draw.random() >= self._scenario.cases.changed:
            return None
        return _at(due_on(local_day(now), draw.randrange(5, 40), self._calendar), draw.choice(_HOURS))

    def entries(
        self, about: str, seen: Seen, ask: OpenAsk, task: Task | Reviews, person: str, now: datetime
    ) -> Iterator[Act]:
        """Yield what somebody may put on record as done, one after the other until one is taken."""
        played = Played(
            events=tuple(seen.events),
            replies=(),
            standing=seen.standing,
            asked={ask.ask: tuple(one for one in seen.asked.get(ask.ask, ()) if one.person == person)},
            accepts=dict.fromkeys(task.done_by.event, frozenset({ask.seat})),
            opened=(),
            now=now,
        )
        found = entries(played, seen.opening, self._choices(seen.opening), task.done_by.event)
        fitting = [
            act
            for act in islice(found, _CANDIDATES)
            if act.entry is not None and matches(task.done_by, act.entry) and not _finds_fault(act.entry)
        ]
        self._draw("entry", about, ask.ask, person).shuffle(fitting)
        for n, act in enumerate(fitting[:_TRIES]):
            entry = _in_words(act.entry, seen) if act.entry is not None else None
            yield act.model_copy(update={"person": person, "entry": entry, "occasion": f"{ask.ask}|{n}"})

    def _choices(self, opening: Opening) -> Choices:
        return _chosen(opening.model_copy(update={"case": "", "reference": ""}), self.directory)

    def _draw(self, *about: str) -> random.Random:
        return random.Random("|".join((str(self._scenario.seed), self._organisation, *about)))  # noqa: S311 -- no secret


def _chosen(opening: Opening, directory: Directory) -> Choices:
    gate = reference(opening.process)
    named = names_in(STORIES[opening.process.story]())
    return chosen_in(opening, directory, (*opening.process.rules, *gate), gate, named, frozenset(), 1)


def changed(seen: Seen, request: Request, now: datetime) -> Request:
    """Return a request with a date that lies ahead, and one more sentence in one of its texts."""
    process, answers = seen.opening.process, dict(request.answers)
    ahead = process.changes.ahead if process.changes is not None else None
    today = local_day(now)
    if ahead is not None and ahead in answers and date.fromisoformat(str(answers[ahead])) <= today + _SOON:
        answers[ahead] = (today + _AHEAD).isoformat()
    texts = [
        key
        for key, value in answers.items()
        if isinstance(value, str) and " " in value and key not in seen.opening.immaterial
    ]
    if texts:
        key = max(texts, key=lambda one: len(str(answers[one])))
        answers[key] = f"{answers[key]} Change {request.edition}: somebody sees to it in the holidays too."
    return request.model_copy(update={"answers": answers})


def _finds_fault(entry: Recordable) -> bool:
    """Return whether an entry leaves what was asked for open, as a look at a site does that finds it neglected."""
    return isinstance(entry, SiteReviewed) and is_neglected(entry)


def _in_words(entry: Recordable, seen: Seen) -> Recordable:
    """Return an entry that says something wherever only anything was made up."""
    said: dict[str, object] = {
        name: _WORDS.get(name, "As it should be") for name, value in vars(entry).items() if value == _MADE_UP
    }
    if isinstance(entry, SiteWentLive):
        request = seen.standing.request or seen.opening.request
        said["trained"] = tuple(dict.fromkeys(one for team in TEAM for one in _named(request, team)))
    if isinstance(entry, DraftReady):
        so_far = str(seen.opening.request.answers.get("version") or "1")
        said |= {"version": _next_version(so_far), "text": _WORDS["text"]}
    return entry.model_copy(update=said)


def _named(request: Request, question: str) -> tuple[str, ...]:
    named = request.answers.get(question, ())
    return named if isinstance(named, tuple) else ()


def _next_version(so_far: str) -> str:
    head, _, last = so_far.rpartition(".")
    return f"{head}.{int(last) + 1}" if head and last.isdigit() else f"{so_far}, revised"


def _at(day: date, hour: int) -> datetime:
    return datetime.combine(day, time(hour), LONDON)
