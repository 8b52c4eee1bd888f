"""Changes of power: what waits for a second person, one by one or all of a batch, and what was settled lately."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Literal

import structlog
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.exceptions import HTTPException
from starlette.responses import Response

from domain.access import CaseAccess, allow
from domain.pack import Pack
from domain.people import Directory, Person
from domain.power import ENOUGH_ADMINISTRATORS, YES, PowerChange, What, service_of, settlers, who_arrives
from domain.words import day_in_words
from starter.engine import EngineLostError
from starter.web.confirming import needs_strong
from starter.web.page import Page, Visit
from starter.web.reading import UnreadableBodyError, only
from store import people, power, power_mails
from store.confidential.addresses import mail_again
from store.power import NotASecondPersonError, UnfitChangeError
from store.tables import PowerChangeRow

log = structlog.get_logger()

Answer = Literal["confirm", "refuse"]

_LABELS: Final = {
    What.ARRIVAL: "New person",
    What.ADDRESS: "Email address",
    What.LINE_MANAGER: "Line manager",
    What.DEPUTY: "Deputy",
    What.ADMINISTRATOR: "Administrator of Duly",
    What.LAST_DAY: "Last day",
    What.SERVICE: "Service",
}
_OUTCOMES: Final = {
    "confirmed": "Confirmed",
    "refused": "Refused",
    "replaced": "Replaced by a later proposal",
    "expired": "Expired: nobody confirmed it within 30 days",
    "withdrawn": "Withdrawn",
}
_LOGGED: Final[dict[Answer, str]] = {"confirm": "power_change_confirmed", "refuse": "power_change_refused"}
_OVERTAKEN: Final = "Some of these have been settled by now. See what is left"


@dataclass(frozen=True)
class Shown:
    """A change as the pages show it, in words; the visitor `may` settle it, or it concerns them and is their `own`."""

    row: PowerChangeRow
    name: str
    address: str
    label: str
    before: str
    after: str
    proposer: str
    settler: str
    outcome: str
    may: bool
    own: bool


@dataclass(frozen=True)
class Batch:
    """The changes that were proposed together and wait, the first of them for what they share."""

    number: int
    changes: tuple[Shown, ...]
    until: datetime

    @property
    def mine(self) -> tuple[Shown, ...]:
        """Those that the visitor may settle."""
        return tuple(one for one in self.changes if one.may)

    @property
    def digest(self) -> str:
        """What the visitor is shown to settle at one go: another whenever one of them is settled."""
        return hashlib.sha256("|".join(one.row.id for one in self.mine).encode()).hexdigest()[:32]


async def changes_of_power(visit: Visit) -> Response:
    """Show the changes that wait and those settled lately; a POST confirms or refuses one that waits."""
    if not visit.is_post:
        return await _list(visit)
    asked = needs_strong(visit)
    if asked is not None:
        return asked
    sent = only(visit.sent, ("change", "answer"))
    answer = _answer(sent["answer"])
    async with visit.site.db.read() as session:
        row = await power.proposal(session, sent["change"])
        if row is None or not await _may_settle(visit, session, row):
            raise HTTPException(404)
    try:
        await _settle(visit, [row.id], answer)
    except UnfitChangeError as unfit:
        return await _list(visit, [(f"#settle-{unfit.change}", str(unfit))])
    return visit.go("changes_of_power")


async def batch_of_power(visit: Visit) -> Response:
    """Show what of a batch the visitor may settle; a POST confirms or refuses all of it, as it was shown."""
    async with visit.site.db.read() as session:
        batches = await _waiting(visit, session)
    batch = next((one for one in batches if str(one.number) == visit.place("batch") and one.mine), None)
    if not visit.is_post:
        if batch is None:
            raise HTTPException(404)
        return visit.show("power_batch.html", batch=batch, errors=[])
    asked = needs_strong(visit)
    if asked is not None:
        return asked
    sent = only(visit.sent, ("digest", "answer"))
    answer = _answer(sent["answer"])
    if batch is None or sent["digest"] != batch.digest:
        return await _list(visit, [("#waiting", _OVERTAKEN)])
    try:
        await _settle(visit, [one.row.id for one in batch.mine], answer)
    except UnfitChangeError as unfit:
        return visit.show("power_batch.html", 409, batch=batch, errors=[(f"#change-{unfit.change}", str(unfit))])
    return visit.go("changes_of_power")


async def tell(visit: Visit) -> None:
    """Tell everybody of what was just proposed or settled; what cannot go now, the worker tells."""
    try:
        await power_mails.tell(visit.site.db, visit.site.engine.mail_person, visit.site.clock())
    except EngineLostError:
        log.warning("mail_not_left", mail="power")


def _answer(text: str) -> Answer:
    match text:
        case "confirm" | "refuse":
            return text
        case _:
            why = "there is no such answer on the page"
            raise UnreadableBodyError(why, 422)


async def _settle(visit: Visit, ids: Sequence[str], answer: Answer) -> None:
    """Confirm or refuse those of the changes that still wait, and have everybody told.

    Raises:
        HTTPException: 404, somebody changed meanwhile so that the visitor may not settle one of them.
        UnfitChangeError: one of them cannot be made; none is.
    """
    mails: tuple[str, ...] = ()
    by, at = visit.person.id, visit.site.clock()
    try:
        async with visit.site.db.write() as session:
            await people.alone(session, visit.person.organisation)
            rows = [row for row in await power.waiting(session, visit.person.organisation, at) if row.id in ids]
            if answer == "confirm":
                mails = await power.confirm(session, rows, by, at)
                for row in rows:
                    if row.what == What.ADDRESS:
                        mails += await mail_again(session, visit.site.keys, row.person, row.id, at)
            else:
                await power.refuse(session, rows, by, at)
    except NotASecondPersonError:
        raise HTTPException(404) from None
    for row in rows:
        log.info(_LOGGED[answer], change=row.id, person=row.person, by=by)
    if rows:
        await tell(visit)
    for mail in mails:
        try:
            await visit.site.engine.send_mail(mail)
        except EngineLostError:
            log.warning("mail_not_left", mail=mail)


async def _may_settle(visit: Visit, session: AsyncSession, row: PowerChangeRow) -> bool:
    """Return whether the visitor may settle a change, or could have: somebody may have been faster."""
    directory = await people.directory(session, visit.person.organisation)
    return allow(visit.viewer, "settle_power", _access_of(row, directory, visit.site.today))


def _access_of(row: PowerChangeRow, directory: Directory, day: date) -> CaseAccess:
    change = power.change_of(row)
    return CaseAccess(
        organisation=row.organisation,
        starter=row.proposed_by,
        author=row.person,
        told=change.concerns(),
        asked=frozenset(person.id for person in settlers(change, row.proposed_by, directory, day)),
    )


async def _waiting(visit: Visit, session: AsyncSession) -> list[Batch]:
    """Return what waits: all of it for an administrator, and for others what they may settle."""
    organisation = visit.person.organisation
    directory = await people.directory(session, organisation)
    every = allow(visit.viewer, "settle_power")
    found = []
    for rows in power.by_batch(await power.waiting(session, organisation, visit.site.clock())):
        changes = tuple(one for one in (_shown(visit, directory, row) for row in rows) if every or one.may)
        if changes:
            found.append(Batch(rows[0].batch, changes, rows[0].proposed_at + power.LASTS))
    return found


async def _list(visit: Visit, errors: Sequence[tuple[str, str]] = ()) -> Response:
    """Return the list; with `errors`, what is wrong with the answer to one of its changes.

    Raises:
        HTTPException: 403, the visitor is no administrator, and there is nothing that they may settle.
    """
    organisation = visit.person.organisation
    async with visit.site.db.read() as session:
        directory = await people.directory(session, organisation)
        batches = await _waiting(visit, session)
        settled = await power.settled(session, organisation, visit.site.clock())
    if not batches and not allow(visit.viewer, "settle_power"):
        raise HTTPException(403)
    administrators = [one for one in directory.people if one.administrator and one.is_active(visit.site.today)]
    return visit.show(
        "powers.html",
        409 if errors else 200,
        batches=batches,
        settled=[_shown(visit, directory, row) for row in settled] if allow(visit.viewer, "settle_power") else [],
        alone=len(administrators) < ENOUGH_ADMINISTRATORS,
        may_propose=allow(visit.viewer, "correct_address"),
        errors=list(errors),
    )


def _shown(visit: Visit, directory: Directory, row: PowerChangeRow) -> Shown:
    change = power.change_of(row)
    person = who_arrives(change) if change.what is What.ARRIVAL else directory.person(row.person)
    before, after = _in_words(change, directory)
    return Shown(
        row=row,
        name=service_of(change).name if change.what is What.SERVICE else person.name if person else "Somebody new",
        address=person.email if person is not None else "",
        label=_label(change, visit.pack),
        before=before,
        after=after,
        proposer=_named(row.proposed_by, directory) or "Somebody",
        settler=_named(row.settled_by or "", directory),
        outcome=_OUTCOMES[row.outcome or "expired"],
        may=allow(visit.viewer, "settle_power", _access_of(row, directory, visit.site.today)),
        own=visit.person.id in change.concerns(),
    )


def _label(change: PowerChange, pack: Pack) -> str:
    if change.what is not What.SEAT:
        return _LABELS[change.what]
    school_key, _, seat_key = change.of.partition(":")
    school, seat = pack.school(school_key), pack.seat(seat_key)
    return f"{seat.title if seat else seat_key}, {school.name if school else school_key}"


def _in_words(change: PowerChange, directory: Directory) -> tuple[str, str]:
    """Return what there is before and after a change."""
    match change.what:
        case What.ARRIVAL:
            comes, had = who_arrives(change), _named(change.before, directory) or "somebody"
            return f"{comes.email} was the address of {had}", f"It is the address of {comes.name}"
        case What.LINE_MANAGER | What.DEPUTY:
            return _who(change.before, directory), _who(change.after, directory)
        case What.ADMINISTRATOR:
            return _yes_or_no(change.before, "Yes", "No"), _yes_or_no(change.after, "Yes", "No")
        case What.SEAT:
            held = "Holds this seat", "Does not hold it"
            return _yes_or_no(change.before, *held), _yes_or_no(change.after, *held)
        case What.LAST_DAY:
            return _day(change.before), _day(change.after)
        case What.SERVICE:
            service = service_of(change)
            may = "; ".join(service.in_words())
            return "There is no such service", f"It has a token until {day_in_words(service.until)}. It may: {may}"
        case What.ADDRESS:
            return change.before or "Not on record", change.after


def _yes_or_no(text: str, yes: str, no: str) -> str:
    return yes if text == YES else no


def _day(text: str) -> str:
    return day_in_words(date.fromisoformat(text)) if text else "None"


def _named(person: str, directory: Directory) -> str:
    found = directory.person(person)
    return found.name if found is not None else ""


def _who(person: str, directory: Directory) -> str:
    """Return whom an id means, with the address: a name alone is easily taken by somebody else."""
    found: Person | None = directory.person(person)
    if found is None:
        return "Somebody new" if person else "Nobody"
    return f"{found.name}, {found.email}"


PAGES: Final = (
    Page("/admin/changes-of-power", changes_of_power, ("GET", "POST"), "signed_in"),
    Page("/admin/changes-of-power/{batch}", batch_of_power, ("GET", "POST"), "signed_in"),
)
