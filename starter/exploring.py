"""Where a pack is explored: for each of its processes, an invented case among the demo's people, or invented ones."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import count, product
from pathlib import Path
from typing import Final, NamedTuple

import packs
from domain.allegations import Allegation, Category, Clearance, Matter, Reporter, Subject
from domain.calendar import Calendar
from domain.cases import Opening, Request, taken_from
from domain.fields import Value
from domain.matters import route_of
from domain.pack import Pack, Process, Route
from domain.people import Directory, Holding, Person, PersonKind, who_is_asked
from domain.people_import import FaultyPeopleError, read_people
from domain.telling import Teller
from domain.telling_entries import MatterTeller
from domain.words import day_in_words
from workflows.acknowledgement import signing
from workflows.explorer import RestlessError
from workflows.explorer_found import Bound, Explored, Finding, World, never, thing
from workflows.explorer_search import explore
from workflows.explorer_states import UnknownStateError
from workflows.explorer_watched import Looks
from workflows.stories import STORIES

IN_TURN: Final = Bound(out_of_turn=0)
SOME: Final = 80
"""How many states of one exploration there is time for, unless somebody wants to go further."""

_LEFT_OUT: Final = (
    "Two ways are one where nothing can tell them apart any more. Not told apart: how often somebody was reminded, how"
    " many days they have left, as long as the same falls due first, and twice from more often.",
    "Left out: people, seats, absences, calendars and packs that change; a form that is more than its title, a date and"
    " who is named; more than one thing out of turn in one case.",
    "Out of turn was tried once for each set of things that can be asked at a time, on the shortest way there;"
    " --further tries it everywhere, and goes on to the end.",
)
_A_DAY: Final = date(2027, 1, 12)
_CLEARED: Final = Clearance(case="c-other", n=1, hash="advice", allegations=("more1",))
_CLEARED_FIRST: Final = Clearance(case="c-first", n=1, hash="advice", allegations=("one",))


class Run(NamedTuple):
    """One exploration of a process: what it is about, where it is played, and how far it goes."""

    about: str
    world: World
    bound: Bound


class Found(NamedTuple):
    """What came of exploring a pack, in lines to print, and whether nothing is wrong."""

    lines: tuple[str, ...]
    fine: bool


class Place(NamedTuple):
    """Where a pack is explored: among whom, whether they are invented for it, when, and by which calendar."""

    pack: Pack
    directory: Directory
    invented: bool
    begins: datetime
    calendar: Calendar

    @property
    def school(self) -> str:
        """The first school of the pack."""
        return self.pack.organisation.schools[0].key


def explore_pack(
    pack: Pack,
    folder: Path,
    further: bool = False,
    begins: Callable[[str, int], None] = lambda what, most: None,
    seen: Callable[[int], None] = lambda states: None,
) -> Found:
    """Explore every process of `pack`; `begins` is told what comes next and of how many states at most."""
    place = place_of(pack, folder)
    among = "invented people, one for each seat" if place.invented else "the people of its demo"
    lines = [f"Played among {among}, from {day_in_words(place.begins.date())}:"]
    wrong = 0
    for process in pack.processes:
        explored: list[tuple[Run, Explored]] = []
        looks = Looks()
        lines.append(f"  {process.title}")
        is_cut_short = True
        try:
            for run in runs(place, process, further):
                begins(f"{process.title}, {run.about}", run.bound.states)
                explored.append((run, explore(run.world, run.bound, seen, looks)))
            is_cut_short = False
        except UnknownStateError as error:
            lines.append(f"    not played any further: {error}")
        except LookupError as error:
            lines.append(f"    not played any further: it begins with more than is made up here, {error}")
        except RestlessError as error:
            lines.append(f"    WRONG: {error}.")
            wrong += 1
        told, faults = _told(place, process, explored, is_cut_short)
        lines += told
        wrong += faults
    lines += _LEFT_OUT if not further else _LEFT_OUT[:-1]
    lines.append(f"{wrong} thing(s) are wrong." if wrong else "No rule broke, and nobody was stopped from anything.")
    return Found(tuple(lines), not wrong)


def _told(
    place: Place, process: Process, explored: Sequence[tuple[Run, Explored]], is_cut_short: bool
) -> tuple[list[str], int]:
    """Return what came of exploring one process, in lines, and how much is wrong."""
    never_seen = never(process, STORIES[process.story], [one for _, one in explored])
    unseen, unable = (never_seen.unseen, never_seen.cannot) if not is_cut_short else ((), ())
    lines = [f"    {_how_far(run, one)}" for run, one in explored]
    idle = frozenset().union(*(one.idle for _, one in explored))
    if idle:
        lines.append(f"    tried once, because nothing looks at it: {', '.join(sorted(map(thing, idle)))}")
    lines += [f"    not seen so far, but there may be more: {says}" for says in unseen]
    stories = {finding.says: (run, finding) for run, one in reversed(explored) for finding in reversed(one.findings)}
    for run, finding in stories.values():
        lines += [f"    WRONG: {finding.says}. The shortest way there:", *_story(place, run, finding)]
    cannot = [*unable, *seats_without_anybody(place, process)]
    lines += [f"    WRONG: {says}." for says in cannot]
    return lines, len(stories) + len(cannot)


def _how_far(run: Run, one: Explored) -> str:
    ways = "every way there is" if one.whole else f"every way of up to {one.complete} moves"
    return f"{run.about}: {ways}, {one.states} states told apart in {one.plays} plays, {one.merged} merged"


def _story(place: Place, run: Run, finding: Finding) -> Iterator[str]:
    """Yield what happens on the way to a finding, a numbered sentence each."""
    names = {person.id: person.name for person in place.directory.people}
    opening, events = run.world.opening, [said.event for said in finding.events]
    if opening.process.confidential:
        told = [(one.n, one.words) for one in MatterTeller(opening, events, names).told(finding.events)]
    else:
        told = [(one.n, one.words) for one in Teller(opening, names).told(finding.events)]
    yield from (f"      {n}. {words}" for n, words in told)


def place_of(pack: Pack, folder: Path) -> Place:
    """Return where the pack in `folder` is explored: among its demo's people, or one invented holder for each seat."""
    terms = pack.calendar.terms
    day = terms[0].first + timedelta(days=7) if terms else _A_DAY
    calendar = packs.expand(pack.calendar, day.year)
    while not calendar.is_working_day(day):
        day += timedelta(days=1)
    begins = datetime.combine(day, time(10), UTC)
    demo = _demo(pack, folder)
    return Place(pack, demo or _invented(pack), demo is None, begins, calendar)


def runs(place: Place, process: Process, further: bool) -> Iterator[Run]:
    """Yield every exploration of `process`: first in turn, then with one thing out of turn; `further`, to the end."""
    most = Bound().states if further else SOME
    once = Bound(out_of_turn=1, everywhere=further, states=most)
    if not process.confidential:
        world = _world(place, process, _request(place, process))
        yield Run("in turn", world, IN_TURN.model_copy(update={"states": most}))
        yield Run("one thing out of turn", world, once)
        if process.campaign is not None:
            yield Run("one signature", _world(place, signing(process), _request(place, process)), once)
        return
    roads = _roads(place, process)
    (_, usual), *others = roads.items()
    clear = frozenset({_CLEARED})
    images = usual.model_copy(update={"images": "yes"})
    yield Run("in turn", _world(place, process, matter=images, clearances=clear), IN_TURN)
    yield Run("one thing out of turn", _world(place, process, matter=usual, clearances=clear, allegations=2), once)
    for road, matter in others:
        yield Run(f"the road “{road}”", _world(place, process, matter=matter, clearances=clear), IN_TURN)
    if process.story == "allegation":
        yield Run(
            "two people",
            _world(place, process, matter=_of_two(usual), allegations=2),
            IN_TURN.model_copy(update={"states": most // 2}),
        )
    else:
        cleared = _world(place, process, matter=usual, clearance=_CLEARED_FIRST, clearances=frozenset({_CLEARED_FIRST}))
        yield Run("cleared by advice", cleared, IN_TURN)


def seats_without_anybody(place: Place, process: Process) -> Iterator[str]:
    """Yield, a sentence each, on which road nobody holds any of the seats that see to a case."""
    day = place.begins.date()
    for route in process.routes:
        for seat, ladder in route.ladders.items():
            if not who_is_asked(ladder, place.school, None, place.directory, day, frozenset()):
                yield f"on the road “{route.key}”, nobody holds a seat of the {seat.replace('_', ' ')}"


# What opens a case.


def _world(
    place: Place,
    process: Process,
    request: Request | None = None,
    matter: Matter | None = None,
    clearance: Clearance | None = None,
    clearances: frozenset[Clearance] = frozenset(),
    allegations: int = 1,
) -> World:
    opening = Opening(
        **dict(taken_from(place.pack, process, place.calendar)),
        case="c-explored",
        reference="0000-0000",
        organisation=place.pack.organisation.key,
        school=place.school,
        request=request or Request(title="", starter="", author="", answers={}),
        matter=matter,
        clearance=clearance,
    )
    return World(STORIES[process.story], opening, place.directory, place.begins, clearances, allegations)


def _request(place: Place, process: Process) -> Request:
    """Return a request of somebody without a seat, who names their line manager wherever somebody is to be named.

    What nobody starts is nobody's request, and begins with whatever such processes begin with.
    """
    author = _somebody(place, process.may_start)
    manager = author.line_manager or next(one.id for one in place.directory.people if one.id != author.id)
    form = place.pack.form(process.form)
    title = (form.site_title if form else None) or "title"
    answers: dict[str, Value] = {title: "A new site"} if process.may_start else _of_what_comes_round(place, author)
    answers |= {seat.from_field: manager for seat in place.pack.seats if seat.from_field}
    if process.changes is not None and process.changes.ahead is not None:
        answers[process.changes.ahead] = (place.begins.date() + timedelta(days=30)).isoformat()
    own = author.id if process.may_start else ""
    return Request(title="A new site", starter=own, author=own, answers=answers)


def _of_what_comes_round(place: Place, author: Person) -> dict[str, Value]:
    """Return with what begin the life of a site, the review of a document, and its signatures."""
    team = tuple(one.id for one in place.directory.people[:2])
    day = place.begins.date()
    return {
        "site": "c-approved",
        "go_live_date": (day + timedelta(days=30)).isoformat(),
        "closure_date": (day + timedelta(days=500)).isoformat(),
        "administrators": team,
        "moderators": team,
        "document": "policy",
        "version": place.pack.document.version or "1",
        "digest": "0" * 64,
        "review_on": (day + timedelta(days=100)).isoformat(),
        "signer": author.id,
    }


def _somebody(place: Place, kinds: tuple[PersonKind, ...]) -> Person:
    """Return somebody who may begin, best of all somebody without a seat and with a line manager."""
    there = [one for one in place.directory.people if place.school in one.schools and one.leaves_on is None]
    may = [one for one in there if one.kind in kinds] or there
    return min(may, key=lambda one: (bool(one.holdings), one.administrator, one.line_manager is None))


def _roads(place: Place, process: Process) -> dict[str, Matter]:
    """Return a matter for each procedure that a route takes, that of an employee first."""
    found: dict[str, Matter] = {}
    categories = sorted(Category, key=lambda one: one is not Category.EMPLOYEE)
    involved = [(), *((seat.key,) for seat in place.pack.seats)]
    topics = sorted(process.topics, key=lambda one: one.at_risk)
    for seats, category, topic in product(involved, categories, topics):
        matter = _matter(place, process, category, topic.key, seats)
        route = route_of(process, matter)
        if route is not None:
            found.setdefault(route.procedure, matter)
    return found


def _matter(place: Place, process: Process, category: Category, topic: str, involved: tuple[str, ...]) -> Matter:
    subject = _subject(place, process, category)
    return Matter(
        subjects=(Subject(key="first", name=subject.name, category=category, person=subject.id),),
        allegations=(Allegation(key="one", subject="first", topic=topic, what="Something that is alleged"),),
        reporter=Reporter(mode="anonymous"),
        involved=involved,
        recused=(subject.id,),
        at_risk="no" if process.story == "disciplinary" else "yes",
    )


def _subject(place: Place, process: Process, category: Category) -> Person:
    """Return whom it may be about: the head of the school, a governor, or somebody without a seat."""
    people = place.directory
    governors = [one for one in people.people if one.kind is PersonKind.GOVERNOR and one.holdings]
    heads = people.holders(place.school, _usual(process).ladders["case_manager"][0])
    if category is Category.GOVERNOR and governors:
        return governors[-1]
    if category is Category.HEADTEACHER and heads:
        return heads[0]
    return _somebody(place, (PersonKind.EMPLOYEE,))


def _usual(process: Process) -> Route:
    """Return the route that takes every matter that no other does."""
    return process.routes[-1]


def _of_two(matter: Matter) -> Matter:
    """Return `matter` about a second person as well, with a danger, which asks for more."""
    second = Subject(key="second", name="Somebody else", category=matter.subjects[0].category)
    (first,) = matter.allegations
    return matter.model_copy(
        update={
            "subjects": (*matter.subjects, second),
            "allegations": (first, first.model_copy(update={"key": "two", "subject": "second"})),
            "danger": "yes",
        }
    )


# Among whom.


def _demo(pack: Pack, folder: Path) -> Directory | None:
    """Return the people of the demo, or None where there are none that can be read."""
    file = folder / "demo" / "people.csv"
    numbers = count(1)
    try:
        content = file.read_bytes()
        read = read_people(content, pack, Directory(people=()), frozenset(), lambda: f"p{next(numbers)}")
    except (FileNotFoundError, FaultyPeopleError):
        return None
    return Directory(people=read.new)


def _invented(pack: Pack) -> Directory:
    """Return one holder for each seat, and somebody with a line manager, an administrator and somebody else."""
    school = pack.organisation.schools[0].key

    def person(key: str, **more: object) -> Person:
        return Person.model_validate(
            {
                "id": key,
                "organisation": pack.organisation.key,
                "name": key.replace("_", " ").capitalize(),
                "email": f"{key.replace('_', '.')}@invented.example",
                "kind": PersonKind.EMPLOYEE,
                "schools": (school,),
                **more,
            }
        )

    held = [seat for seat in pack.seats if seat.from_field is None]
    return Directory(
        people=(
            person("author", line_manager="line_manager_of_the_author"),
            person("line_manager_of_the_author"),
            person("somebody_else"),
            person("administrator", administrator=True),
            *(
                person(f"holder_{seat.key}", kind=seat.kinds[0], holdings=(Holding(school=school, seat=seat.key),))
                for seat in held
            ),
        )
    )
