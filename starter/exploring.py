"""Where a pack is explored: for each of its processes, an invented case among the demo's people, or invented ones."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import count, product
from pathlib import Path
from typing import Final, NamedTuple

import packs
from domain.allegations import Allegation, Category, Clearance, Matter, Reporter, Subject
from domain.calendar import Calendar
from domain.cases import Opening, Request, taken_from
from domain.matters import route_of
from domain.pack import Pack, Process, Route
from domain.people import Directory, Holding, Person, PersonKind, who_is_asked
from domain.people_import import FaultyPeopleError, read_people
from workflows.explorer_found import Bound, World
from workflows.host import STORIES

IN_TURN: Final = Bound(out_of_turn=0)
ONCE: Final = Bound(out_of_turn=1, states=250)
FURTHER: Final = Bound(out_of_turn=1, everywhere=True)

_A_DAY: Final = date(2027, 1, 12)
_CLEARED: Final = Clearance(case="c-other", n=1, hash="advice", allegations=("more1",))
_CLEARED_FIRST: Final = Clearance(case="c-first", n=1, hash="advice", allegations=("one",))


class Run(NamedTuple):
    """One exploration of a process: what it is about, where it is played, and how far it goes."""

    about: str
    world: World
    bound: Bound


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
    """Yield every exploration of `process`; `further`, what comes out of turn is tried everywhere, to the end."""
    once = FURTHER if further else ONCE
    if not process.confidential:
        yield Run("a request", _world(place, process, _request(place, process)), once)
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
        yield Run("two people", _world(place, process, matter=_of_two(usual), allegations=2), IN_TURN)
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
    """Return a request of somebody without a seat, who names their line manager wherever somebody is to be named."""
    author = _somebody(place, process.may_start)
    manager = author.line_manager or next(one.id for one in place.directory.people if one.id != author.id)
    form = place.pack.form(process.form)
    title = (form.site_title if form else None) or "title"
    answers = {title: "A new site"}
    answers |= {seat.from_field: manager for seat in place.pack.seats if seat.from_field}
    if process.changes is not None and process.changes.ahead is not None:
        answers[process.changes.ahead] = (place.begins.date() + timedelta(days=30)).isoformat()
    return Request(title="A new site", starter=author.id, author=author.id, answers=dict(answers))


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
