"""A confidential case as its record has it: who and what it is about, who sees to it, and what is to be done next."""

from collections.abc import Collection, Sequence
from datetime import date

from domain.allegations import Allegation, Category, Matter, Subject
from domain.base import Frozen
from domain.entries import AllegationAdded, OutcomeRecorded, SafeguardingConcernRaised, SubjectCorrected
from domain.events import AnyEvent
from domain.order import about, is_between, matches
from domain.pack import EventMatch, NotBetween, Process, Reviews, Route, Seat, Task
from domain.people import Directory, who_is_asked


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
    now = facts(matter, past)
    update = {"subjects": tuple(now.subjects.values()), "allegations": tuple(now.allegations.values())}
    return matter.model_copy(update=update)


def narrowed(matter: Matter, subject: str, allegations: Collection[str]) -> Matter:
    """Return `matter` about one of its subjects, and those of `allegations` that are about them, alone."""
    update = {
        "subjects": tuple(one for one in matter.subjects if one.key == subject),
        "allegations": tuple(one for one in matter.allegations if one.subject == subject and one.key in allegations),
    }
    return matter.model_copy(update=update)


def must_not_learn(
    subjects: Sequence[Subject], involved: Sequence[str], directory: Directory, school: str
) -> frozenset[str]:
    """Return the people who must not learn of a matter: its subjects, and whoever holds a seat that is involved.

    A subject who is the headteacher but is not known by name is whoever holds that seat. Nobody stands in for any of
    them: an ask goes to the next seat of its ladder, and past their deputies.

    Source: Newall Green 6.24 (ALLEG-11).
    """
    seats = {*involved, *("headteacher" for one in subjects if one.category is Category.HEADTEACHER)}
    holders = (person.id for seat in seats for person in directory.holders(school, seat))
    return frozenset({*holders, *(one.person for one in subjects if one.person is not None)})


def whom_to_tell(
    told: Sequence[str],
    seats: Sequence[Seat],
    recused: frozenset[str],
    school: str,
    directory: Directory,
    day: date,
) -> tuple[str, ...]:
    """Return the people whom a route tells: of each seat its holders, or whoever stands in where none may learn of it.

    Source: MTOAT, Where a member of staff is a parent (ALLEG-19).
    """
    ladders = [(key, *(one for seat in seats if seat.key == key for one in seat.stands_in)) for key in told]
    reached = (who_is_asked(ladder, school, None, directory, day, recused) for ladder in ladders)
    return tuple(dict.fromkeys(one.person for asked in reached for one in asked))


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
    return set(allegations) <= {key for event in done for key in about(event)}


def is_on_hold(process: Process, past: Sequence[AnyEvent]) -> bool:
    """Return whether a rule holds the case at this moment: the police asked, or new facts have to be referred first."""
    holds = (rule for rule in process.rules if isinstance(rule, NotBetween) and rule.stops_clocks)
    return any(is_between(rule.opens, rule.closes, past) for rule in holds)


def reviews_so_far(reviews: Reviews, past: Sequence[AnyEvent]) -> int:
    """Return how many reviews were recorded."""
    return sum(matches(reviews.done_by, event) for event in past)


def has_outcome(past: Sequence[AnyEvent], allegation: str) -> bool:
    """Return whether it was recorded how an allegation ended: there is exactly one outcome for each."""
    return any(isinstance(event, OutcomeRecorded) and allegation in event.allegations for event in past)
