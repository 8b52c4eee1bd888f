"""What can be wrong with a confidential process: its roads, its tasks, and above all what it lets come too early."""

from collections.abc import Iterator
from typing import Final

from domain.allegations import Allegation, Category, Matter, Reporter, Subject
from domain.gate_faults import gate_faults
from domain.matters import route_of
from domain.pack import Pack, Process, Route
from domain.pack_fault import PackFault

SEATS: Final = {
    "allegation": frozenset({"case_manager"}),
    "disciplinary": frozenset({"case_manager", "investigator", "decider", "appeal"}),
}
"""The seats of each confidential process, which a route fills; the investigator is appointed."""

_ROADS: Final = {
    Category.GOVERNOR: frozenset({"governor"}),
    Category.PUPIL: frozenset({"behaviour"}),
    Category.PUBLIC: frozenset({"public"}),
}
"""The only road for some; nobody else takes one of these (Cadmus 5.1 and 12.2; MTOAT, Monitoring)."""

_HEADTEACHER: Final = "headteacher"


def confidential_faults(pack: Pack, process: Process) -> Iterator[PackFault]:
    """Yield everything that is wrong with a confidential process."""
    file = f"processes/{process.key}.toml"
    seats = {seat.key for seat in pack.seats}
    topics = {topic.key for topic in process.topics}
    if not process.topics:
        yield PackFault(file, "topics", "must name at least one")
    if not process.routes:
        yield PackFault(file, "routes", "must name at least one")
    elif process.routes[-1].subjects or process.routes[-1].topics or process.routes[-1].involved:
        yield PackFault(file, f"routes.{process.routes[-1].key}", "the last has to take every matter that is left")
    needed = SEATS[process.story] - {"investigator"}
    for route in process.routes:
        where = f"routes.{route.key}"
        for seat in sorted(needed - {key for key, ladder in route.ladders.items() if ladder}):
            yield PackFault(file, f"{where}.ladders", f"does not say who is {seat}")
        named = {*route.told, *route.involved, *_laddered(route)}
        for seat in sorted(named - seats):
            yield PackFault(file, where, f"there is no seat {seat}")
        for topic in sorted(set(route.topics) - topics):
            yield PackFault(file, f"{where}.topics", f"there is no topic {topic}")
    yield from _road_faults(file, process)
    yield from _task_faults(file, process)
    for seat in sorted(set(process.custodians) - seats):
        yield PackFault(file, "custodians", f"there is no seat {seat}")
    if process.retention is None:
        yield PackFault(file, "retention", "does not say for how long a case is kept")
    yield from gate_faults(file, process)


def _laddered(route: Route) -> frozenset[str]:
    return frozenset(seat for ladder in route.ladders.values() for seat in ladder)


def _road_faults(file: str, process: Process) -> Iterator[PackFault]:
    """Yield a fault for every kind of matter that would come to somebody who has a part in it, or on a wrong road.

    Source: Newall Green 6.24; Cadmus 12.2 (ALLEG-11, DISC-07).
    """
    asked_about = {_HEADTEACHER, *(seat for route in process.routes for seat in route.involved)}
    tried = (
        (route, category, seat)
        for category in Category
        for topic in process.topics
        for seat in (None, *sorted(asked_about))
        if (route := route_of(process, _matter(category, topic.key, seat))) is not None
    )
    routes = {route.key: route for route in process.routes}
    for key, category, seat in dict.fromkeys((route.key, category, seat) for route, category, seat in tried):
        yield from _wrong(file, routes[key], category, seat)


def _wrong(file: str, route: Route, category: Category, involved: str | None) -> Iterator[PackFault]:
    where = f"routes.{route.key}"
    own = {road for roads in _ROADS.values() for road in roads}
    fits = route.procedure in _ROADS[category] if category in _ROADS else route.procedure not in own
    if not fits:
        yield PackFault(file, f"{where}.procedure", f"{route.procedure} is no road for a {category.value}")
    if category is Category.HEADTEACHER and _HEADTEACHER in {*_laddered(route), *route.told}:
        yield PackFault(file, where, "a matter about the headteacher would come to the headteacher")
    if involved is not None and involved in {*_laddered(route), *route.told} and involved in route.involved:
        yield PackFault(file, where, f"what the {involved} has a part in would come to the {involved}")
    if involved == _HEADTEACHER and _HEADTEACHER in {*_laddered(route), *route.told}:
        yield PackFault(file, where, f"a matter about a {category.value} would come to a headteacher with a part in it")


def _matter(category: Category, topic: str, involved: str | None) -> Matter:
    return Matter(
        subjects=(Subject(key="s1", name="x", category=category),),
        allegations=(Allegation(key="one", subject="s1", topic=topic, what="x"),),
        reporter=Reporter(mode="anonymous"),
        involved=(involved,) if involved else (),
    )


def _task_faults(file: str, process: Process) -> Iterator[PackFault]:
    for task in process.tasks:
        where = f"tasks.{task.key}"
        if task.seat not in SEATS[process.story]:
            yield PackFault(file, f"{where}.seat", f"no such process has a {task.seat}")
        if task.safeguarding and task.pauses_in_holidays:
            yield PackFault(file, f"{where}.pauses_in_holidays", "what keeps children from harm never pauses")
        if task.lapse_on is not None:
            yield PackFault(file, f"{where}.lapse_on", "nothing in a confidential case ends by silence")
    if process.reviews is not None and process.reviews.lapse_on is not None:
        yield PackFault(file, "reviews.lapse_on", "nothing in a confidential case ends by silence")
    if process.story == "allegation":
        roads = {route.procedure for route in process.routes} - {"behaviour", "public"}
        for kind in ("lado_referral_made", "lado_advice_recorded"):
            asked = [task for task in process.tasks if kind in task.done_by.event]
            always = [task for task in asked if task.each_allegation and task.safeguarding and task.when is None]
            for road in sorted(roads):
                if not any(not task.procedures or road in task.procedures for task in always):
                    reason = f"on the road {road} nothing asks for {kind} about each allegation, always"
                    yield PackFault(file, "tasks", reason)
