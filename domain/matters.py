"""A confidential case as its record has it: who and what it is about, who sees to it, and what is to be done next."""

from collections.abc import Collection, Sequence
from typing import Final

from domain.allegations import Allegation, Category, Matter, Procedure, Subject
from domain.base import Frozen
from domain.entries import (
    AllegationAdded,
    LadoAdviceRecorded,
    OutcomeRecorded,
    SafeguardingConcernRaised,
    SubjectCorrected,
)
from domain.events import AnyEvent
from domain.order import is_between, matches, still_about
from domain.pack import EventMatch, NotBetween, Process, Reviews, Route, Task
from domain.people import Directory
from domain.text import fold_name

_CHANGING: Final = (SubjectCorrected, AllegationAdded, SafeguardingConcernRaised)
"""What changes of whom what is alleged."""

UNREFERRED: Final[frozenset[Procedure]] = frozenset({"behaviour", "public"})
"""The roads on which nothing is referred to the LADO: the behaviour policy, and an answer to the public."""


class Facts(Frozen):
    """Of whom what is alleged, as it stands now, each by its key."""

    subjects: dict[str, Subject]
    allegations: dict[str, Allegation]


def facts(matter: Matter, past: Sequence[AnyEvent]) -> Facts:
    """Return what `matter` has become by what was corrected and added since."""
    subjects = {subject.key: subject for subject in matter.subjects}
    allegations = {one.key: one for one in matter.allegations}
    for event in past:
        if isinstance(event, SubjectCorrected):
            subjects[event.subject.key] = event.subject
        elif isinstance(event, AllegationAdded | SafeguardingConcernRaised):
            allegations[event.allegation.key] = event.allegation
    return Facts(subjects=subjects, allegations=allegations)


def as_it_stands(matter: Matter, past: Sequence[AnyEvent]) -> Matter:
    """Return `matter` with what was corrected and added since."""
    if not any(isinstance(event, _CHANGING) for event in past):
        return matter
    now = facts(matter, past)
    held = (seat for event in past if isinstance(event, SubjectCorrected) for seat in event.involved)
    update = {
        "subjects": tuple(now.subjects.values()),
        "allegations": tuple(now.allegations.values()),
        "involved": tuple(dict.fromkeys((*matter.involved, *held))),
    }
    return matter.model_copy(update=update)


def narrowed(matter: Matter, subject: str, allegations: Collection[str]) -> Matter:
    """Return `matter` about one of its subjects, and those of `allegations` that are about them, alone."""
    update = {
        "subjects": tuple(one for one in matter.subjects if one.key == subject),
        "allegations": tuple(one for one in matter.allegations if one.subject == subject and one.key in allegations),
    }
    return matter.model_copy(update=update)


def stand_ins_under(people: Collection[str], directory: Directory) -> frozenset[str]:
    """Return those who stand in for anybody as a deputy, and work under one of `people`, however far.

    Of a matter that somebody must not learn of, nobody who works under them sees to it in another's place.

    Source: Newall Green 6.24 (ALLEG-11).
    """
    deputies = {one.deputy for one in directory.people if one.deputy is not None}
    return frozenset(one for one in deputies if _managers_of(one, directory) & frozenset(people))


def _managers_of(person: str, directory: Directory) -> frozenset[str]:
    """Return everybody under whom `person` works, from their line manager up."""
    found: set[str] = set()
    one = directory.person(person)
    while one is not None and one.line_manager is not None and one.line_manager not in found:
        found.add(one.line_manager)
        one = directory.person(one.line_manager)
    return frozenset(found)


def route_of(process: Process, matter: Matter) -> Route | None:
    """Return the first route that fits `matter`, or None where none does.

    Source: Newall Green 6.24; Cadmus 9.2, 10.1 and 12.2; MTOAT, cyber bullying (ALLEG-09, ALLEG-11, INC-08).
    """
    category, topics = matter.category(), {one.topic for one in matter.allegations}
    return next((route for route in process.routes if _fits(route, category, topics, set(matter.involved))), None)


def _fits(route: Route, category: Category, topics: set[str], involved: set[str]) -> bool:
    return (
        (not route.subjects or category in route.subjects)
        and (not route.topics or bool(topics & set(route.topics)))
        and (not route.involved or bool(involved & set(route.involved)))
    )


def next_task(process: Process, route: Route, past: Sequence[AnyEvent], allegations: Sequence[str]) -> Task | None:
    """Return the first task that is to be done and is not, or None once nothing is left to do."""
    for task in process.tasks:
        if task_applies(task, route, past) and not is_done(task, past, allegations):
            return task
    return None


def task_applies(task: Task, route: Route, past: Sequence[AnyEvent]) -> bool:
    """Return whether `task` is one of the road that `route` takes, as things stand: it may be done already."""

    def has_been(pattern: EventMatch) -> bool:
        return any(matches(pattern, event) for event in past)

    return (
        (not task.procedures or route.procedure in task.procedures)
        and (task.when is None or has_been(task.when))
        and (task.unless is None or not has_been(task.unless))
    )


def is_done(task: Task, past: Sequence[AnyEvent], allegations: Sequence[str]) -> bool:
    """Return whether the record says that `task` was done, for each of `allegations` where it has to be."""
    done = [event for event in past if matches(task.done_by, event)]
    if not task.each_allegation:
        return bool(done)
    still = still_about(past)
    return set(allegations) <= {key for event in done for key in still(event)}


def is_on_hold(process: Process, past: Sequence[AnyEvent]) -> bool:
    """Return whether a rule holds the case at this moment: the police asked, or new facts have to be referred first."""
    holds = (rule for rule in process.rules if isinstance(rule, NotBetween) and rule.stops_clocks)
    return any(is_between(rule.opens, rule.closes, past) for rule in holds)


def reviews_so_far(reviews: Reviews, past: Sequence[AnyEvent]) -> int:
    """Return how many reviews were recorded."""
    return sum(matches(reviews.done_by, event) for event in past)


def replaces(known: Facts, corrected: Subject) -> bool:
    """Return whether the subject of that key turned out to be somebody else, and not only something else."""
    before = known.subjects[corrected.key]
    by_the_same_name = fold_name(before.name) == fold_name(corrected.name)
    if before.person is None or corrected.person is None:
        return not by_the_same_name
    return before.person != corrected.person


def goes_round_the_advice(process: Process, matter: Matter, past: Sequence[AnyEvent], corrected: AnyEvent) -> bool:
    """Return whether a correction would take a matter off the road to the LADO before there is any advice.

    Source: Cadmus 10.1 (ALLEG-04).
    """
    before, after = (route_of(process, as_it_stands(matter, said)) for said in (past, (*past, corrected)))
    if process.story != "allegation" or before is None or after is None:
        return False
    leaves = before.procedure not in UNREFERRED and after.procedure in UNREFERRED
    still = still_about(past)
    advised = {key for event in past if isinstance(event, LadoAdviceRecorded) for key in still(event)}
    return leaves and not facts(matter, past).allegations.keys() <= advised


def has_outcome(past: Sequence[AnyEvent], allegation: str) -> bool:
    """Return whether it was recorded how an allegation ended: there is exactly one outcome for each."""
    return any(isinstance(event, OutcomeRecorded) and allegation in event.allegations for event in past)
