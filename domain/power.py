"""Changes of power: what nobody changes about somebody alone, not even by a file, and who may be the second person."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from enum import StrEnum
from typing import Final

from domain.base import Frozen
from domain.interface import Service
from domain.people import Directory, Holding, Person
from domain.text import fold_email

ORDINARY: Final = ("name", "kind", "schools", "absences", "authorisation")
"""What of a person one administrator changes alone; an earlier last day as well. All else waits for a second person."""

ENOUGH_ADMINISTRATORS: Final = 2
"""With fewer there is nobody to be the second person."""

YES: Final = "yes"
NO: Final = "no"


class What(StrEnum):
    """Which power a change is about. An arrival is somebody new, at an address that somebody else had before.

    A service is nobody: a program of the organisation that is to read.
    """

    ARRIVAL = "arrival"
    ADDRESS = "address"
    LINE_MANAGER = "line_manager"
    DEPUTY = "deputy"
    ADMINISTRATOR = "administrator"
    SEAT = "seat"
    LAST_DAY = "last_day"
    SERVICE = "service"


class PowerChange(Frozen):
    """A change of one power of a person: `before` and `after` are what the directory says of it, as text.

    That is an address; the id of a line manager or a deputy; `yes` or `no` for an administrator and for the seat that
    `of` names as `school:seat`; a last day; nothing where there is none. Of an arrival, `before` is the id of whoever
    had the address, and `after` the whole person as JSON. Of a service, `person` is its id, and `after` the service as
    JSON.
    """

    person: str
    what: What
    of: str = ""
    before: str
    after: str

    @property
    def slot(self) -> tuple[str, What, str]:
        """What it is about: two changes with the same slot cannot both come true."""
        return self.person, self.what, self.of

    @property
    def gives_administration(self) -> bool:
        """Whether it makes somebody an administrator."""
        return self.what is What.ADMINISTRATOR and self.after == YES

    def concerns(self) -> frozenset[str]:
        """Return the ids of everybody who has a part in it: whose it is, and who gains or loses by it."""
        if self.what is What.SERVICE:
            return frozenset({service_of(self).made_by})
        others = {self.before, self.after} if self.what in {What.LINE_MANAGER, What.DEPUTY} else set()
        had_the_address = {self.before} if self.what is What.ARRIVAL else set()
        return frozenset({self.person} | others | had_the_address) - {""}


class Split(Frozen):
    """What a file brings, split in two: people as they are from now on, and the changes that wait for a second person.

    `applied` counts the changes that are made now: everybody new, and each ordinary change of somebody known.
    """

    now: tuple[Person, ...]
    waiting: tuple[PowerChange, ...]
    applied: int


def split(read: Sequence[Person], directory: Directory, former: Mapping[str, str]) -> Split:
    """Return what of the people of a file comes into `directory` now, and what waits for a second person.

    `former` are the folded addresses that somebody had before, with the id of whoever had them. Whoever is new comes
    without any power, and whoever has such an address does not come yet.
    """
    mighty = powerful(directory)
    arriving = {one.id for one in read if directory.person(one.id) is None and fold_email(one.email) in former}
    there = {one.id for one in (*directory.people, *read)} - arriving
    now: list[Person] = []
    waiting: list[PowerChange] = []
    applied = 0
    for person in read:
        known = directory.person(person.id)
        kept = _without_power(person, there) if known is None else _ordinarily(known, person, mighty)
        if person.id in arriving:
            had = former[fold_email(person.email)]
            arrival = PowerChange(person=person.id, what=What.ARRIVAL, before=had, after=kept.model_dump_json())
            waiting.append(arrival)
        elif kept != known:
            now.append(kept)
            applied += 1 if known is None else _count(known, kept)
        waiting += _differences(kept, person)
    return Split(now=tuple(now), waiting=tuple(waiting), applied=applied)


def powerful(directory: Directory) -> frozenset[str]:
    """Return the ids of everybody who holds a seat, administers, manages somebody or stands in for somebody."""
    held = {one.id for one in directory.people if one.holdings or one.administrator}
    named = {other for one in directory.people for other in (one.line_manager, one.deputy) if other is not None}
    return frozenset(held | named)


def _without_power(person: Person, there: set[str]) -> Person:
    """Return somebody new as they come: nobody's requests are theirs to decide yet.

    They have a line manager from the first day, which takes no power from anybody, unless that person is not there yet.
    """
    manager = person.line_manager if person.line_manager in there else None
    return person.model_copy(
        update={"holdings": (), "administrator": False, "deputy": None, "line_manager": manager},
    )


def _ordinarily(known: Person, person: Person, mighty: frozenset[str]) -> Person:
    """Return somebody known with what one administrator changes alone."""
    changes = {field: getattr(person, field) for field in ORDINARY}
    if known.id not in mighty or not _is_later(known.leaves_on, person.leaves_on):
        changes["leaves_on"] = person.leaves_on
    return known.model_copy(update=changes)


def _is_later(before: date | None, after: date | None) -> bool:
    """Return whether somebody stays longer, or comes back."""
    return before is not None and (after is None or after > before)


def _count(known: Person, kept: Person) -> int:
    return sum(getattr(known, field) != getattr(kept, field) for field in Person.model_fields)


def _differences(before: Person, after: Person) -> Iterator[PowerChange]:
    for what in (What.ADDRESS, What.LINE_MANAGER, What.DEPUTY, What.ADMINISTRATOR, What.LAST_DAY):
        is_, will_be = value(before, what), value(after, what)
        if is_ != will_be:
            yield PowerChange(person=after.id, what=what, before=is_, after=will_be)
    for held in sorted(
        {*before.holdings} ^ {*after.holdings}, key=lambda one: (one in before.holdings, one.school, one.seat)
    ):
        of = f"{held.school}:{held.seat}"
        is_, will_be = value(before, What.SEAT, of), value(after, What.SEAT, of)
        yield PowerChange(person=after.id, what=What.SEAT, of=of, before=is_, after=will_be)


def value(person: Person, what: What, of: str = "") -> str:
    """Return what `person` has of a power, as a change says it."""
    match what:
        case What.ADDRESS:
            return person.email
        case What.LINE_MANAGER:
            return person.line_manager or ""
        case What.DEPUTY:
            return person.deputy or ""
        case What.ADMINISTRATOR:
            return YES if person.administrator else NO
        case What.SEAT:
            return YES if _holding(of) in person.holdings else NO
        case What.LAST_DAY:
            return person.leaves_on.isoformat() if person.leaves_on else ""
        case What.ARRIVAL:
            return person.model_dump_json()
        case What.SERVICE:
            return ""


def changed(person: Person, change: PowerChange) -> Person:
    """Return `person` with the power that `change` gives or takes; of an arrival, the person who comes."""
    if change.what is What.ARRIVAL:
        return who_arrives(change)
    return person.model_copy(update=_update(person, change))


def _update(person: Person, change: PowerChange) -> dict[str, object]:
    match change.what:
        case What.ADDRESS:
            return {"email": change.after}
        case What.LINE_MANAGER:
            return {"line_manager": change.after or None}
        case What.DEPUTY:
            return {"deputy": change.after or None}
        case What.ADMINISTRATOR:
            return {"administrator": change.after == YES}
        case What.LAST_DAY:
            return {"leaves_on": date.fromisoformat(change.after) if change.after else None}
        case What.SEAT:
            held = _holding(change.of)
            others = {one for one in person.holdings if one != held}
            seats = others | {held} if change.after == YES else others
            return {"holdings": tuple(sorted(seats, key=lambda one: (one.school, one.seat)))}
        case What.ARRIVAL | What.SERVICE:
            return {}


def who_arrives(change: PowerChange) -> Person:
    """Return the person whom an arrival brings."""
    return Person.model_validate_json(change.after)


def service_of(change: PowerChange) -> Service:
    """Return the service that a change brings."""
    return Service.model_validate_json(change.after)


def _holding(of: str) -> Holding:
    school, _, seat = of.partition(":")
    return Holding(school=school, seat=seat)


def proposers(directory: Directory, day: date) -> tuple[Person, ...]:
    """Return who may propose a change by a file: the administrators; where there is none, whoever holds a seat."""
    return _in_charge([one for one in directory.people if one.is_active(day)], stand_ins=True)


def settlers(change: PowerChange, proposer: str, directory: Directory, day: date) -> tuple[Person, ...]:
    """Return who may confirm or refuse `change`: the administrators, but `proposer` and those whom it concerns.

    Where there is no other administrator, another one could never come to be: so whoever holds a seat may settle that
    somebody becomes one, and nothing else.
    """
    barred = change.concerns() | {proposer}
    free = [one for one in directory.people if one.is_active(day) and one.id not in barred]
    return _in_charge(free, stand_ins=change.gives_administration)


def _in_charge(people: Sequence[Person], *, stand_ins: bool) -> tuple[Person, ...]:
    administrators = tuple(one for one in people if one.administrator)
    if administrators or not stand_ins:
        return administrators
    return tuple(one for one in people if one.holdings)


def title(change: PowerChange, name: str) -> str:
    """Return what changes, for a mail: whose, and which kind of power, and nothing that could speak of a case.

    `name` is that of the person, or of the service.
    """
    match change.what:
        case What.ADDRESS:
            return f"The e-mail address of {name}"
        case What.LINE_MANAGER:
            return f"The line manager of {name}"
        case What.DEPUTY:
            return f"The deputy of {name}"
        case What.ADMINISTRATOR:
            return f"Whether {name} administers Duly"
        case What.SEAT:
            return f"A seat of {name}"
        case What.LAST_DAY:
            return f"The last day of {name}"
        case What.ARRIVAL:
            return f"A new person, {name}, at an address that was somebody else's"
        case What.SERVICE:
            return f"A service, {name}, which reads ordinary requests"
