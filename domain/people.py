"""People, the seats they hold, and who answers when a seat is asked."""

from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from functools import cached_property

from pydantic import EmailStr

from domain.base import Frozen
from domain.calendar import Period
from domain.text import fold_email, fold_name


class PersonKind(StrEnum):
    """What somebody is to the organisation."""

    EMPLOYEE = "employee"
    GOVERNOR = "governor"
    TRUSTEE = "trustee"
    CONTRACTOR = "contractor"
    VOLUNTEER = "volunteer"
    AGENCY = "agency"
    TRAINEE = "trainee"
    APPRENTICE = "apprentice"
    SELF_EMPLOYED = "self_employed"
    CONSULTANT = "consultant"
    STUDENT = "student"
    EXTERNAL = "external"


class Authorisation(Frozen):
    """Who authorised somebody that is not an employee to act for the school, and when.

    Source: Cadmus 16.1 (SITE-13).
    """

    by: str
    on: date


class Holding(Frozen):
    """A seat that a person holds at one school."""

    school: str
    seat: str


class Person(Frozen):
    """Somebody of the directory. `line_manager` and `deputy` are the ids of other people."""

    id: str
    organisation: str
    name: str
    email: EmailStr
    kind: PersonKind
    schools: tuple[str, ...]
    holdings: tuple[Holding, ...] = ()
    line_manager: str | None = None
    deputy: str | None = None
    absences: tuple[Period, ...] = ()
    leaves_on: date | None = None
    authorisation: Authorisation | None = None
    administrator: bool = False

    def is_active(self, day: date) -> bool:
        """Return whether the person has not left by `day`; the leaving date itself is still a day of work."""
        return self.leaves_on is None or day <= self.leaves_on

    def is_absent(self, day: date) -> bool:
        """Return whether an absence covers `day`."""
        return any(day in absence for absence in self.absences)

    def is_authorised(self) -> bool:
        """Return whether the person may run a site: an employee, or authorised by name and date.

        Source: Cadmus 16.1 (SITE-13).
        """
        return self.kind is PersonKind.EMPLOYEE or self.authorisation is not None


class Directory(Frozen):
    """Everybody of one organisation."""

    people: tuple[Person, ...]

    def person(self, person_id: str) -> Person | None:
        """Return the person with that id, or None."""
        return self._by_id.get(person_id)

    def holders(self, school: str, seat: str) -> Sequence[Person]:
        """Return everybody who holds `seat` at `school`, in the order of the directory."""
        return self._by_holding.get((school, seat), ())

    @cached_property
    def _by_id(self) -> dict[str, Person]:
        return {person.id: person for person in self.people}

    @cached_property
    def _by_holding(self) -> dict[tuple[str, str], list[Person]]:
        found: dict[tuple[str, str], list[Person]] = {}
        for person in self.people:
            for held in dict.fromkeys(person.holdings):
                found.setdefault((held.school, held.seat), []).append(person)
        return found

    @cached_property
    def _by_name(self) -> dict[str, tuple[Person, ...]]:
        found: dict[str, tuple[Person, ...]] = {}
        for person in self.people:
            name = fold_name(person.name)
            found[name] = (*found.get(name, ()), person)
        return found

    def named(self, text: str) -> tuple[Person, ...]:
        """Return everybody whom `text` may mean: an id, an address in any spelling, a name, or initial and surname."""
        by_id = self.person(text)
        if by_id is not None:
            return (by_id,)
        if "@" in text:
            return tuple(person for person in self.people if fold_email(person.email) == fold_email(text))
        wanted = fold_name(text)
        return self._by_name.get(wanted) or tuple(
            person for person in self.people if _may_mean(wanted.split(), person.name)
        )


def _may_mean(typed: list[str], name: str) -> bool:
    """Return whether first name and surname are those of `name`; an initial stands for every name that it begins."""
    words = fold_name(name).split()
    if len(typed) < 2 or len(words) < 2 or typed[-1] != words[-1]:
        return False
    shorter, longer = sorted((typed[0], words[0]), key=len)
    return shorter == longer or (len(shorter) == 1 and longer.startswith(shorter))


class Asked(Frozen):
    """Somebody whom an ask reached: who, in which seat, and for whom they stand in."""

    person: str
    seat: str
    instead_of: str | None = None


def who_is_asked(
    ladder: tuple[str, ...],
    school: str,
    named: str | None,
    directory: Directory,
    day: date,
    excluded: frozenset[str],
) -> tuple[Asked, ...]:
    """Return whom to ask: those of the first seat of `ladder` that somebody free to decide holds.

    `named` is the person whom the request itself names for the first seat (the author's line manager).
    Of an absent holder the deputy is asked too, and as long as nobody who is asked is there, those of the next seat
    are as well; whoever answers first decides. Those who have left and those in `excluded` are never asked, nor is
    a deputy of somebody excluded: a task is not inherited from a person who may not have it. Nobody left is the
    empty tuple.

    Source: Cadmus 16.2 and 16.6, "(or appropriate manager)".
    """
    asked: dict[str, Asked] = {}
    for rung, seat in enumerate(ladder):
        if rung == 0 and named is not None:
            person = directory.person(named)
            holders: Sequence[Person] = (person,) if person is not None else ()
        else:
            holders = directory.holders(school, seat)
        found = [reached for holder in holders for reached in _holder_or_deputy(holder, seat, directory, day, excluded)]
        # Everybody once: as a holder, where somebody is a deputy of another holder of the seat as well.
        for one in sorted(found, key=lambda one: one.instead_of is not None):
            asked.setdefault(one.person, one)
        if any(_is_there(one, directory, day) for one in found):
            break
    return tuple(asked.values())


def _is_there(asked: Asked, directory: Directory, day: date) -> bool:
    person = directory.person(asked.person)
    return person is not None and not person.is_absent(day)


def _holder_or_deputy(
    holder: Person, seat: str, directory: Directory, day: date, excluded: frozenset[str]
) -> tuple[Asked, ...]:
    if holder.id in excluded or not holder.is_active(day):
        return ()
    asked = (Asked(person=holder.id, seat=seat),)
    if not holder.is_absent(day):
        return asked
    deputy = directory.person(holder.deputy) if holder.deputy else None
    if deputy is None or deputy.id in excluded or not deputy.is_active(day):
        return asked
    return (*asked, Asked(person=deputy.id, seat=seat, instead_of=holder.id))
