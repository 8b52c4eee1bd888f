"""Correcting somebody's address: one administrator proposes it, and another, who has no part in it, settles it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import structlog
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.exceptions import HTTPException
from starlette.responses import Response

from domain.access import CaseAccess, allow
from domain.fields import FormFacts, UnfitAnswerError, resolve_person
from domain.people import Directory, Person
from domain.people_import import usual_address
from domain.power import PowerChange, What, settlers
from domain.text import is_blank, tidy
from starter.web.filling import people_to_choose
from starter.web.page import Page, Visit
from starter.web.powers import tell
from starter.web.reading import only
from store import people, power
from store.tables import PowerChangeRow

log = structlog.get_logger()

_FIELDS: Final = ("person", "address", "why")
_LONGEST_WHY: Final = 500
_ADD_ONE: Final = "Make somebody an administrator with “duly people import”"


@dataclass(frozen=True)
class Wanted:
    """A correction that may be proposed: of whose address, and why."""

    person: Person
    change: PowerChange
    why: str


async def correct_address(visit: Visit) -> Response:
    """Ask whose address is to be which, and why; a POST proposes it to the other administrators."""
    if not allow(visit.viewer, "correct_address"):
        raise HTTPException(403)
    async with visit.site.db.read() as session:
        directory = await people.directory(session, visit.person.organisation)
    if not any(one.administrator and one.is_active(visit.site.today) for one in _others(visit, directory)):
        return visit.go("changes_of_power")
    if not visit.is_post:
        return _form(visit, directory, dict.fromkeys(_FIELDS, ""))
    typed = only(visit.sent, _FIELDS)
    async with visit.site.db.read() as session:
        wanted, faults = await _read(visit, session, directory, typed)
    if wanted is None:
        return _form(visit, directory, typed, faults)
    row = await _propose(visit, wanted)
    if row is None:
        waits = f"Another address for {wanted.person.name} waits already. It has to be settled first"
        return _form(visit, directory, typed, {"person": waits})
    log.info("power_change_proposed", change=row.id, person=row.person, by=row.proposed_by)
    await tell(visit)
    return visit.go("changes_of_power")


async def _propose(visit: Visit, wanted: Wanted) -> PowerChangeRow | None:
    """Keep a correction until a second person settles it, and return it; None where one waits for that person."""
    organisation, at = visit.pack.organisation, visit.site.clock()
    async with visit.site.db.write() as session:
        await people.alone(session, organisation.key)
        waiting = await power.waiting(session, organisation.key, at)
        if wanted.change.slot in {power.change_of(row).slot for row in waiting}:
            return None
        [row] = await power.propose(session, organisation, [wanted.change], by=visit.person.id, at=at, why=wanted.why)
        return row


def _others(visit: Visit, directory: Directory) -> tuple[Person, ...]:
    return tuple(person for person in directory.people if person.id != visit.person.id)


async def _read(
    visit: Visit, session: AsyncSession, directory: Directory, typed: Mapping[str, str]
) -> tuple[Wanted | None, dict[str, str]]:
    """Return what is to be proposed, or else everything that is wrong with what was typed, by field."""
    faults: dict[str, str] = {}
    person = None
    try:
        person = _person(visit, directory, tidy(typed["person"]))
    except UnfitAnswerError as unfit:
        faults["person"] = str(unfit)
    address = usual_address(tidy(typed["address"]))
    holder = await people.person_by_email(session, address) if address is not None else None
    if address is None:
        faults["address"] = "Type the new email address, such as name@school.org"
    elif person is not None and address == person.email:
        faults["address"] = f"This is the address of {person.name} already"
    elif holder is not None and (person is None or holder.id != person.id):
        faults["address"] = "Somebody else has this address. Everybody needs one of their own"
    why = tidy(typed["why"])
    if is_blank(why):
        faults["why"] = "Say why the address is to be corrected"
    elif len(why) > _LONGEST_WHY:
        faults["why"] = f"The reason must be {_LONGEST_WHY} characters or fewer"
    if faults or person is None or address is None:
        return None, faults
    return Wanted(person, _change(person, address), why), {}


def _change(person: Person, address: str) -> PowerChange:
    return PowerChange(person=person.id, what=What.ADDRESS, before=person.email, after=address)


def _person(visit: Visit, directory: Directory, text: str) -> Person:
    """Return whose address is to be corrected.

    Raises:
        UnfitAnswerError: it is nobody, or several, or somebody whose address this visitor may not have corrected.
    """
    if is_blank(text):
        msg = "Type whose address is to be corrected"
        raise UnfitAnswerError(msg)
    facts = FormFacts(directory=directory, today=visit.site.today, school="")
    person = resolve_person(text, authorised=False, facts=facts)
    own = CaseAccess(organisation=person.organisation, starter=person.id, author=person.id)
    if not allow(visit.viewer, "correct_address", own):
        msg = "You cannot correct your own address. Ask another administrator to propose it"
        raise UnfitAnswerError(msg)
    if not settlers(_change(person, ""), visit.person.id, directory, visit.site.today):
        msg = f"There is no administrator but you and {person.name}, and a third has to confirm it. {_ADD_ONE}"
        raise UnfitAnswerError(msg)
    return person


def _form(
    visit: Visit, directory: Directory, typed: Mapping[str, str], faults: Mapping[str, str] | None = None
) -> Response:
    """Return the form with what was typed; with `faults`, all of them at once."""
    faults = faults or {}
    return visit.show(
        "correct_address.html",
        422 if faults else 200,
        typed=typed,
        faults=faults,
        errors=[(f"#{field}", fault) for field, fault in faults.items()],
        people=people_to_choose(directory),
    )


PAGES: Final = (Page("/admin/correct-address", correct_address, ("GET", "POST"), "administrator"),)
