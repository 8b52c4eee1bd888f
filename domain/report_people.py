"""Who is meant by somebody in a report: the one person of the directory, and everybody who could be."""

from typing import Final

from pydantic import Field

from domain.allegations import Category
from domain.base import Frozen
from domain.pack import Pack
from domain.people import Directory, Person, PersonKind
from domain.report_questions import HEADTEACHER
from domain.text import fold_email, fold_name

_TITLES: Final = frozenset({"mr", "mrs", "ms", "miss", "mx", "dr", "prof", "professor", "rev", "reverend", "sir"})
_KINDS: Final[dict[PersonKind, Category]] = {
    PersonKind.GOVERNOR: Category.GOVERNOR,
    PersonKind.TRUSTEE: Category.GOVERNOR,
    PersonKind.AGENCY: Category.SUPPLY,
    PersonKind.CONTRACTOR: Category.CONTRACTOR,
    PersonKind.SELF_EMPLOYED: Category.CONTRACTOR,
    PersonKind.CONSULTANT: Category.CONTRACTOR,
    PersonKind.VOLUNTEER: Category.VOLUNTEER,
    PersonKind.TRAINEE: Category.TRAINEE,
    PersonKind.APPRENTICE: Category.TRAINEE,
    PersonKind.STUDENT: Category.TRAINEE,
}
"""What somebody of the directory is, whatever the reporter took them for."""


class Reported(Frozen):
    """Somebody of whom something is reported, as the reporter knows them."""

    name: str = Field(repr=False)
    category: Category
    capacity: str = Field(default="", repr=False)


def category_of(person: Person, said: Category) -> Category:
    """Return what somebody of the directory is, whatever was `said` of them; their seats and their kind decide.

    Source: Newall Green 4.1 (ALLEG-09) and 6.24 (ALLEG-11); Cadmus 13 (DISC-09).
    """
    if any(held.seat == HEADTEACHER for held in person.holdings):
        return Category.HEADTEACHER
    if person.kind is PersonKind.EMPLOYEE:
        return said if said is Category.CENTRAL_STAFF else Category.EMPLOYEE
    return _KINDS.get(person.kind, said)


def meant_by(one: Reported, directory: Directory) -> Person | None:
    """Return the one person of the directory who is meant without doubt: by an address, or by a whole name.

    A pupil is nobody of the directory, whoever has the same name.
    """
    addresses = {fold_email(word.strip("<>(),;")) for word in one.name.split() if "@" in word}
    if addresses:
        found = tuple(person for person in directory.people if fold_email(person.email) in addresses)
    elif one.category is Category.PUPIL or len(_words(one.name)) < 2:
        return None
    else:
        found = directory.named(" ".join(_words(one.name)))
    return found[0] if len(found) == 1 else None


def may_mean(one: Reported, person: Person) -> bool:
    """Return whether `person` could be meant: the surname is there, or the one name that is.

    A pupil could be meant to be somebody of the directory only by the whole name.
    """
    typed, name = _words(one.name), fold_name(person.name).split()
    if one.category is Category.PUPIL:
        return typed == name
    if len(typed) == 1:
        return typed[0] in name
    return bool(set(typed) & set(name[1:]))


def seats_meant_by(one: Reported, pack: Pack) -> tuple[str, ...]:
    """Return the seats that somebody is called by, such as “the deputy headteacher”, which is not the headteacher."""
    text, found = fold_name(one.name), [HEADTEACHER] if one.category is Category.HEADTEACHER else []
    for seat in sorted(pack.seats, key=lambda seat: -len(seat.title)):
        title = fold_name(seat.title)
        if title in text:
            found.append(seat.key)
            text = text.replace(title, "")
    return tuple(found)


def _words(name: str) -> list[str]:
    return [word for word in fold_name(name).split() if word not in _TITLES]
