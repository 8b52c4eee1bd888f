"""Between what the explorer chooses: found in the rules and tasks of a process, and in the code of its story."""

from typing import get_args

from domain.allegations import Category, Clearance, Permit
from domain.cases import Opening
from domain.pack import Before, DifferentPeople, EventMatch, NotBetween, OrderRule, Permitted, Process
from domain.people import Directory
from workflows.explorer_entries import Choices


def chosen_in(
    opening: Opening,
    directory: Directory,
    rules: tuple[OrderRule, ...],
    gate: tuple[OrderRule, ...],
    named: frozenset[str],
    clearances: frozenset[Clearance],
    allegations: int,
) -> Choices:
    """Return what has to be chosen between where `rules` hold, with `gate` among them, and `named` is looked at."""
    process = opening.process
    awaited = [task.done_by for task in process.tasks] + ([process.reviews.done_by] if process.reviews else [])
    looked_at = [*awaited, *(one for task in process.tasks for one in (task.when, task.unless) if one)]
    looked_at += [pattern for rule in rules for pattern in _patterns(rule)]
    keyed = [rule for rule in rules if isinstance(rule, Permitted) or (isinstance(rule, Before) and rule.same)]
    about = [pattern for rule in keyed for pattern in (rule.first, rule.then)]
    about += [task.done_by for task in process.tasks if task.each_allegation]
    apart = [pattern for rule in rules if isinstance(rule, DifferentPeople) for pattern in (rule.first, rule.then)]
    return Choices(
        named=named | {name for pattern in looked_at for name in pattern.where},
        compared=(
            *dict.fromkeys(frozenset(wanted) for pattern in looked_at for wanted in pattern.where.values()),
            *(frozenset({name}) for name in sorted(named)),
        ),
        about=_kinds(about) | {"outcome_recorded"},
        personal=_kinds(apart),
        guarded=_kinds([rule.then for rule in gate]),
        permits=get_args(Permit),
        categories=_categories(process),
        clearances=tuple(sorted(clearances, key=lambda one: one.case)),
        most_allegations=allegations,
        administrator=_administrator(opening, directory),
        anybody_else=_anybody_else(opening, directory),
    )


def _patterns(rule: OrderRule) -> tuple[EventMatch, ...]:
    match rule:
        case NotBetween():
            return (rule.opens, rule.closes, rule.then)
        case Before() | Permitted() | DifferentPeople():
            return (rule.first, rule.then)


def _kinds(patterns: list[EventMatch]) -> frozenset[str]:
    return frozenset(kind for pattern in patterns for kind in pattern.event)


def _categories(process: Process) -> tuple[Category, ...]:
    """Return the categories that some route names, and one that none does."""
    named = {category for route in process.routes for category in route.subjects}
    other = [category for category in Category if category not in named]
    return (*(category for category in Category if category in named), *other[:1])


def _administrator(opening: Opening, directory: Directory) -> str:
    active = (person.id for person in directory.people if person.administrator and person.leaves_on is None)
    return next(active, f"administrator of {opening.organisation}")


def _anybody_else(opening: Opening, directory: Directory) -> str:
    """Return somebody who holds no seat and whom the request does not name."""
    named = {*map(str, opening.request.answers.values()), opening.request.author, opening.request.starter}
    matter = opening.matter
    subjects = {subject.person for subject in matter.subjects} if matter is not None else set()
    free = (
        person.id
        for person in directory.people
        if not person.holdings
        and not person.administrator
        and person.leaves_on is None
        and opening.school in person.schools
        and person.id not in named | subjects
    )
    return next(free, "somebody_else")
