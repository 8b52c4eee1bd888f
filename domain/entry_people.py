"""What the directory says of the people whom an entry names: a correction trusts nobody's word alone."""

from collections.abc import Collection

from domain.entries import SubjectCorrected
from domain.matters import stand_ins_under
from domain.pack import Process
from domain.people import Directory
from domain.report_people import category_of


def as_the_directory_has_it(
    entry: SubjectCorrected, process: Process, directory: Directory, school: str
) -> SubjectCorrected:
    """Return a correction with what somebody of the directory is, as at the report: their category, seats, stand-ins.

    Source: Newall Green 6.24 (ALLEG-11).
    """
    person = directory.person(entry.subject.person) if entry.subject.person is not None else None
    if person is None:
        return entry
    distinguished = {seat for route in process.routes for seat in route.involved}
    held = dict.fromkeys(held.seat for held in person.holdings if held.school == school)
    return entry.model_copy(
        update={
            "subject": entry.subject.model_copy(update={"category": category_of(person, entry.subject.category)}),
            "recused": tuple(sorted({*entry.recused, person.id, *stand_ins_under({person.id}, directory)})),
            "involved": tuple(seat for seat in held if seat in distinguished),
        }
    )


def those_who_watch(people: Collection[str], process: Process, directory: Directory, school: str) -> tuple[str, ...]:
    """Return those of `people` who can open such a case in an emergency: nobody who sees to it takes them out of it."""
    custodians = {person.id for seat in process.custodians for person in directory.holders(school, seat)}
    return tuple(one for one in people if one in custodians)
