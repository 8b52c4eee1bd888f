"""Who is in a rehearsal: the pack's invented people, more of them, when they are away and when they leave."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import count
from pathlib import Path
from typing import Final

from domain.calendar import Period
from domain.pack import Pack
from domain.people import Directory, Holding, Person, PersonKind
from domain.people_import import FaultyPeopleError, read_people
from starter.rehearsal.scenario import Habit, Role, Scenario

_FIRST: Final = "Alex Bryn Casey Dana Eli Fran Gale Harper Indra Jo Kit Lee Morgan Noor Ollie Pat Quinn Robin Sam Toni"
_LAST: Final = (
    "Alder Birch Cedar Damson Elm Fern Gorse Hazel Ivy Juniper Kale Larch Maple Nettle Oak Pine Quince Rowan Sorrel"
    " Thorn Umber Vetch Willow Yarrow"
)
_DOMAIN: Final = "invented.example"
"""Where those who are invented have their mail, each pack's in a part of its own."""


@dataclass(frozen=True)
class Cast:
    """Everybody, how soon each of them answers, and behind whose mailbox a scanner opens every link."""

    directory: Directory
    habits: dict[str, Habit]
    scanned: frozenset[str]


def brought_with(pack: Pack, folder: Path) -> tuple[Person, ...]:
    """Return the people of the pack's demo, or where it has none, one holder for each of its seats."""
    numbers = count(1)
    try:
        content = (folder / "demo" / "people.csv").read_bytes()
        read = read_people(content, pack, Directory(people=()), frozenset(), lambda: f"p-{pack.key}-{next(numbers):04}")
    except (FileNotFoundError, FaultyPeopleError):
        return _holders(pack)
    return tuple(read.new)


def cast(pack: Pack, brought: Sequence[Person], scenario: Scenario, begins: date) -> Cast:
    """Return everybody of a rehearsal that begins on that day; the same for the same seed."""
    draw = random.Random(f"{scenario.seed}|{pack.organisation.key}|cast")  # noqa: S311 -- no secret
    people = [*brought, *_invented(pack, brought, scenario.staff - len(brought))]
    roles = {role.email.lower(): role for role in scenario.people}
    free = [one.id for one in people if one.email.lower() not in roles and one.is_active(begins)]
    leaving = _drawn(draw, [one.id for one in people if one.id in free and not one.holdings], scenario.absences.leaving)
    away: dict[str, list[Period]] = {}
    for one in (draw.choice(free) for _ in range(scenario.absences.away if free else 0)):
        first = begins + timedelta(days=draw.randrange(scenario.days))
        away.setdefault(one, []).append(
            Period(name="away", first=first, last=first + timedelta(days=draw.choice((4, 9, 13))))
        )
    leaves = {one: begins + timedelta(days=draw.randrange(scenario.days // 4, scenario.days)) for one in leaving}
    known = [
        _as_told(one, roles.get(one.email.lower()), away.get(one.id, []), leaves.get(one.id), begins) for one in people
    ]
    rest = draw.sample(free, len(free))
    slow, silent = round(len(rest) * scenario.habits.slow), round(len(rest) * scenario.habits.silent)
    habits: dict[str, Habit] = dict.fromkeys((one.id for one in people), "prompt")
    habits.update(dict.fromkeys(rest[:slow], "slow"))
    habits.update(dict.fromkeys(rest[slow : slow + silent], "silent"))
    habits |= {one.id: role.habit for one in people if (role := roles.get(one.email.lower())) and role.habit}
    ids = [one.id for one in people]
    return Cast(
        directory=Directory(people=tuple(sorted(known, key=lambda one: (one.name, one.id)))),
        habits=habits,
        scanned=frozenset(_drawn(draw, ids, round(len(ids) * scenario.mail.scanned))),
    )


def _drawn(draw: random.Random, of: Sequence[str], most: int) -> list[str]:
    return draw.sample(list(of), min(most, len(of)))


def _as_told(one: Person, role: Role | None, away: list[Period], leaves_on: date | None, begins: date) -> Person:
    """Return somebody with the absences and the last day that are made up for them; what their pack says stays."""
    if role is not None and role.away_from is not None:
        first = begins + timedelta(days=role.away_from - 1)
        away = [*away, Period(name="away", first=first, last=first + timedelta(days=role.away_for - 1))]
    if role is not None and role.leaves_on is not None:
        leaves_on = begins + timedelta(days=role.leaves_on - 1)
    return one.model_copy(update={"absences": (*one.absences, *away), "leaves_on": one.leaves_on or leaves_on})


def _invented(pack: Pack, brought: Sequence[Person], most: int) -> list[Person]:
    """Return so many teachers who hold no seat, each with a line manager of their school."""
    schools = [school.key for school in pack.organisation.schools]
    named = {one.name for one in brought}
    names = (f"{first} {last}" for last in _LAST.split() for first in _FIRST.split())
    free = (name for name in names if name not in named)
    made = []
    for n in range(max(most, 0)):
        name = next(free, None) or f"Person {n}"
        school = schools[n % len(schools)]
        managers = [
            one.id for one in brought if school in one.schools and one.kind is PersonKind.EMPLOYEE and one.holdings
        ]
        made.append(
            Person(
                id=f"p-{pack.key}-i{n:04}",
                organisation=pack.organisation.key,
                name=name,
                email=f"{name.lower().replace(' ', '.')}.{n}@{pack.key}.{_DOMAIN}",
                kind=PersonKind.EMPLOYEE,
                schools=(school,),
                line_manager=managers[n % len(managers)] if managers else None,
            )
        )
    return made


def _holders(pack: Pack) -> tuple[Person, ...]:
    """Return one holder for each seat at each school, and two administrators."""
    people: list[Person] = []
    for n, school in enumerate(pack.organisation.schools):
        for seat in (seat for seat in pack.seats if seat.from_field is None):
            people.append(
                Person(
                    id=f"p-{pack.key}-h{n}-{seat.key}",
                    organisation=pack.organisation.key,
                    name=f"{seat.title} of {school.name}",
                    email=f"{seat.key.replace('_', '.')}.{n}@{pack.key}.{_DOMAIN}",
                    kind=seat.kinds[0],
                    schools=(school.key,),
                    holdings=(Holding(school=school.key, seat=seat.key),),
                    administrator=len(people) < 2,
                )
            )
    return tuple(people)
