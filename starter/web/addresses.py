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
from domain.mails import PersonalMail
from domain.people import Directory, Person
from domain.people_import import usual_address
from domain.text import is_blank, tidy
from starter.engine import EngineLostError
from starter.web.filling import people_to_choose
from starter.web.page import Page, Visit
from starter.web.reading import UnreadableBodyError, only
from store import address_changes, people
from store.address_changes import AddressTakenError, Corrected
from store.tables import AddressChangeRow

log = structlog.get_logger()

_FIELDS: Final = ("person", "address", "why")
_LONGEST_WHY: Final = 500
_LATER: Final = "Nothing was changed, because Duly cannot send mail just now. Try again in a minute"
_ADD_ONE: Final = "Make somebody an administrator with “duly people import”"


@dataclass(frozen=True)
class Shown:
    """A correction as the list shows it; `may` says that the visitor has no part in it and may settle it."""

    row: AddressChangeRow
    person: Person
    proposer: str
    settler: str
    may: bool


@dataclass(frozen=True)
class Wanted:
    """A correction that may be proposed: whose address, which one in place of theirs, and why."""

    person: Person
    address: str
    why: str


async def addresses(visit: Visit) -> Response:
    """Show the corrections that wait and those settled lately; a POST confirms or refuses one that waits."""
    if not allow(visit.viewer, "correct_address"):
        raise HTTPException(403)
    if not visit.is_post:
        return await _list(visit)
    sent = only(visit.sent, ("change", "answer"))
    match sent["answer"]:
        case "confirm":
            return await _confirm(visit, sent["change"])
        case "refuse":
            return await _refuse(visit, sent["change"])
        case _:
            why = "there is no such answer on the page"
            raise UnreadableBodyError(why, 422)


async def correct_address(visit: Visit) -> Response:
    """Ask whose address is to be which, and why; a POST proposes it to the other administrators."""
    if not allow(visit.viewer, "correct_address"):
        raise HTTPException(403)
    async with visit.site.db.read() as session:
        directory = await people.directory(session, visit.person.organisation)
    if not _settlers(visit, directory):
        return visit.go("addresses")
    if not visit.is_post:
        return _form(visit, directory, dict.fromkeys(_FIELDS, ""))
    typed = only(visit.sent, _FIELDS)
    async with visit.site.db.read() as session:
        wanted, faults = await _read(visit, session, directory, typed)
    if wanted is None:
        return _form(visit, directory, typed, faults)
    if not await visit.site.engine.ready():
        return _form(visit, directory, typed, {"form": _LATER}, 503)
    async with visit.site.db.write() as session:
        row = await address_changes.propose(
            session,
            person=wanted.person,
            address=wanted.address,
            why=wanted.why,
            by=visit.person.id,
            at=visit.site.clock(),
        )
    if row is None:
        waits = f"A correction for {wanted.person.name} waits already. It has to be settled first"
        return _form(visit, directory, typed, {"person": waits})
    log.info("address_change_proposed", change=row.id, person=row.person, by=row.proposed_by)
    await _tell_of_proposal(visit, row, wanted.person, directory)
    return visit.go("addresses")


async def _confirm(visit: Visit, change: str) -> Response:
    if not await visit.site.engine.ready():
        return await _list(visit, change, _LATER, 503)
    try:
        async with visit.site.db.write() as session:
            row = await _to_settle(visit, session, change)
            settles = row.settled_at is None
            done = await address_changes.confirm(session, row, visit.person.id, visit.site.clock()) if settles else None
    except AddressTakenError as taken:
        return await _list(visit, change, str(taken).capitalize(), 409)
    if done is not None:
        log.info("address_changed", change=row.id, person=row.person, by=visit.person.id)
        await _tell_of_change(visit, row, done)
    return visit.go("addresses")


async def _refuse(visit: Visit, change: str) -> Response:
    async with visit.site.db.write() as session:
        row = await _to_settle(visit, session, change)
        if row.settled_at is None:
            await address_changes.refuse(session, row, visit.person.id, visit.site.clock())
            log.info("address_change_refused", change=row.id, person=row.person, by=visit.person.id)
    return visit.go("addresses")


async def _to_settle(visit: Visit, session: AsyncSession, change: str) -> AddressChangeRow:
    """Return a correction that the visitor may settle, or could have: somebody may have been faster.

    Raises:
        HTTPException: 404, there is none, or the visitor has a part in it.
    """
    row = await address_changes.to_settle(session, change)
    if row is None or not allow(visit.viewer, "correct_address", _access_of(row)):
        raise HTTPException(404)
    return row


def _access_of(row: AddressChangeRow) -> CaseAccess:
    return CaseAccess(organisation=row.organisation, starter=row.proposed_by, author=row.person)


def _settlers(visit: Visit, directory: Directory, concerned: str = "") -> tuple[Person, ...]:
    """Return who may settle what the visitor proposes: the other administrators, `concerned` apart."""
    return tuple(
        person
        for person in directory.people
        if person.administrator and person.id not in {visit.person.id, concerned} and person.is_active(visit.site.today)
    )


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
    return Wanted(person, address, why), {}


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
    if not _settlers(visit, directory, person.id):
        msg = f"There is no administrator but you and {person.name}, and a third has to confirm it. {_ADD_ONE}"
        raise UnfitAnswerError(msg)
    return person


async def _tell_of_proposal(visit: Visit, row: AddressChangeRow, person: Person, directory: Directory) -> None:
    """Tell those who may settle it, and the person at the address that they have now."""
    mail = _mail_about(visit, row, person, "address_change_proposed")
    for settler in _settlers(visit, directory, person.id):
        await _send(visit, mail, settler.id, person=settler.id, path=visit.path("addresses"))
    await _send(visit, mail, person.id, address=person.email)


async def _tell_of_change(visit: Visit, row: AddressChangeRow, done: Corrected) -> None:
    """Tell the person at the old address and at the new one, and have what waits for them mailed again."""
    mail = _mail_about(visit, row, done.before, "address_changed")
    await _send(visit, mail, "before", address=done.before.email)
    await _send(visit, mail, "now")
    for mail_id in done.mails:
        try:
            await visit.site.engine.send_mail(mail_id)
        except EngineLostError:
            log.warning("mail_not_left", mail=mail_id)


def _mail_about(visit: Visit, row: AddressChangeRow, person: Person, template: str) -> PersonalMail:
    return PersonalMail(
        id=f"{template}-{row.id}",
        person=person.id,
        organisation=visit.pack.organisation.name,
        template=template,
        path=visit.path("home"),
        title=person.name,
        requester=visit.person.name,
    )


async def _send(visit: Visit, mail: PersonalMail, which: str, **other: str) -> None:
    """Have `mail` sent as the one of its kind called `which`; where that cannot be done now, it is written down."""
    one = mail.model_copy(update={"id": f"{mail.id}-{which}", **other})
    try:
        await visit.site.engine.mail_person(one)
    except EngineLostError:
        log.warning("mail_not_left", mail=one.id)


async def _list(visit: Visit, change: str = "", fault: str = "", status: int = 200) -> Response:
    """Return the list; with `fault`, what is wrong with the answer to `change`."""
    async with visit.site.db.read() as session:
        directory = await people.directory(session, visit.person.organisation)
        waiting = await address_changes.waiting(session, visit.person.organisation)
        settled = await address_changes.settled(session, visit.person.organisation)
    return visit.show(
        "addresses.html",
        status,
        waiting=[_shown(visit, directory, row) for row in waiting],
        settled=[_shown(visit, directory, row) for row in settled],
        me=visit.person.id,
        alone=not _settlers(visit, directory),
        add_one=_ADD_ONE,
        errors=[(f"#settle-{change}", fault)] if fault else [],
    )


def _shown(visit: Visit, directory: Directory, row: AddressChangeRow) -> Shown:
    names = {person.id: person.name for person in directory.people}
    return Shown(
        row=row,
        person=next(person for person in directory.people if person.id == row.person),
        proposer=names.get(row.proposed_by, "Somebody"),
        settler=names.get(row.settled_by or "", "Somebody"),
        may=allow(visit.viewer, "correct_address", _access_of(row)),
    )


def _form(
    visit: Visit,
    directory: Directory,
    typed: Mapping[str, str],
    faults: Mapping[str, str] | None = None,
    status: int = 0,
) -> Response:
    """Return the form with what was typed; with `faults`, all of them at once."""
    faults = faults or {}
    return visit.show(
        "correct_address.html",
        status or (422 if faults else 200),
        typed=typed,
        faults=faults,
        errors=[(f"#{field}", fault) for field, fault in faults.items()],
        people=people_to_choose(directory),
    )


PAGES: Final = (
    Page("/admin/addresses", addresses, ("GET", "POST"), "administrator"),
    Page("/admin/addresses/new", correct_address, ("GET", "POST"), "administrator"),
)
