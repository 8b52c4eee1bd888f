"""How long confidential cases are kept: for custodians alone, what is due to be erased and what is on legal hold.

It takes two of them to erase a case or to release a hold, each in a session of their own. Whoever may see a case can
place a hold on it.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.exceptions import HTTPException
from starlette.responses import Response

from domain.access import allow
from domain.deciding import LONGEST_COMMENT
from domain.keeping import Bar, Hold, is_due, may_release
from domain.pasted import NO_PICTURES, holds_a_file
from domain.people import Directory
from domain.refs import read_reference
from domain.text import is_blank, tidy
from starter.engine import EngineLostError
from starter.web.confidential.emergencies import is_custodian
from starter.web.confirming import needs_strong
from starter.web.page import Page, Visit
from starter.web.reading import UnreadableBodyError, only
from store import people
from store.confidential import access_of, for_person, note_read
from store.confidential.erasing import NotErasedError, erase, propose
from store.confidential.holds import place, propose_release, release
from store.confidential.keeping import InKeeping, in_keeping
from store.keys import CaseKeyMissingError
from store.tables import MailRow

_NO_SUCH_CASE: Final = "There is no case of that reference on which you could place a hold"
_OVERTAKEN: Final = "Somebody else was faster, or something has changed. See what is left to do"
_WHY: Final[dict[Bar, str]] = {
    "open": "The case has not ended.",
    "on_hold": "A legal hold was placed on the case.",
    "not_due": "The time for which the case is kept is not over.",
    "not_custodian": "The case is not yours to erase.",
    "second_person": "A second custodian has to agree, who is not the one that proposed it.",
}
"""Why nothing was erased."""


@dataclass(frozen=True)
class Custody:
    """What the visitor is custodian of, and the directory for the names of the others."""

    visit: Visit
    directory: Directory
    cases: Sequence[InKeeping]

    def name(self, person: str) -> str:
        """Return somebody's name."""
        found = self.directory.person(person)
        return found.name if found is not None else "Somebody who is no longer in the directory"

    @property
    def due(self) -> list[InKeeping]:
        """The cases whose time is over, and that no hold keeps."""
        return [one for one in self.cases if self.is_due(one)]

    @property
    def held(self) -> list[InKeeping]:
        """The cases on hold."""
        return [one for one in self.cases if one.keeping.holds]

    def is_due(self, one: InKeeping) -> bool:
        """Return whether a case can be erased, if two want it."""
        return one.closed_at is not None and not one.keeping.holds and is_due(one.keeping, self.visit.site.today)

    def wanted_by(self, one: InKeeping) -> str:
        """Return who wants a case erased and is its custodian still, or nobody."""
        first = one.keeping.erasure_by
        return first if first is not None and first in one.custodians else ""

    def may_agree(self, one: InKeeping, hold: Hold | None = None) -> bool:
        """Return whether the visitor can be the second to want a case erased, or a hold on it released."""
        if hold is not None:
            return may_release(hold, custodians=one.custodians, person=self.visit.person.id)
        return self.wanted_by(one) not in {"", self.visit.person.id}

    def release_wanted_by(self, one: InKeeping, hold: Hold) -> str:
        """Return who wants a hold released and is its custodian still, or nobody."""
        return hold.release_by if hold.release_by is not None and hold.release_by in one.custodians else ""

    def case(self, reference: str) -> InKeeping | None:
        """Return the case with that reference; it is looked for among all that are theirs, and takes as long."""
        return next((one for one in self.cases if one.reference == reference), None)


async def kept_cases(visit: Visit) -> Response:
    """Show which cases are due to be erased, and which are on hold."""
    asked = needs_strong(visit)
    if asked is not None:
        return asked
    custody = await _custody(visit)
    return visit.show("kept.html", custody=custody, errors=[])


async def place_hold(visit: Visit) -> Response:
    """Ask on which case to place a hold, and why; a POST places it."""
    asked = needs_strong(visit)
    if asked is not None:
        return asked
    if not visit.is_post:
        reference = read_reference(visit.request.query_params.get("case", "")) or ""
        return _ask(visit, reference, "")
    sent = only(visit.sent, ("reference", "reason"))
    typed, reason = sent["reference"].strip(), tidy(sent["reason"])
    reference, faults = read_reference(typed) or "", _reason_faults(reason)
    if not reference:
        faults = {"reference": "Type the reference, such as K7QM-4TXR"} | faults
    if faults:
        return _ask(visit, typed, "" if holds_a_file(reason) else reason, faults)
    site, at = visit.site, visit.site.clock()
    async with site.db.read() as session:
        directory = await people.directory(session, visit.person.organisation)
        case, sees = await _on_which(visit, session, directory, reference)
    async with site.db.write() as session:
        hold = await place(session, site.keys, case, directory, visit.person.id, reason, at)
    if hold is None:
        return _ask(visit, typed, reason, {"reference": _NO_SUCH_CASE})
    return visit.go("c_case", reference=reference) if sees else visit.go("kept_cases")


async def release_hold(visit: Visit) -> Response:
    """Show a hold; a POST proposes to release it, or releases it where another custodian proposed that."""
    asked = needs_strong(visit)
    if asked is not None:
        return asked
    custody, one = await _one(visit)
    hold = one.keeping.hold(visit.place("hold"))
    if hold is None:
        raise HTTPException(404)
    if not visit.is_post:
        return _released(custody, one, hold)
    sent = only(visit.sent, ("stage",), ("reason",))
    match sent["stage"]:
        case "agree":
            return await _release(custody, one, hold)
        case "propose":
            return await _propose_release(custody, one, hold, tidy(sent.get("reason", "")))
        case _:
            why = "the form has a step that is not on the page"
            raise UnreadableBodyError(why, 422)


async def erase_case(visit: Visit) -> Response:
    """Show what erasing a case means; a POST proposes it, or erases it where another custodian proposed that."""
    asked = needs_strong(visit)
    if asked is not None:
        return asked
    custody, one = await _one(visit)
    if not visit.is_post:
        return visit.show("kept_erase.html", custody=custody, one=one, errors=[])
    sent = only(visit.sent, ("stage",))
    if sent["stage"] not in {"propose", "agree"}:
        why = "the form has a step that is not on the page"
        raise UnreadableBodyError(why, 422)
    try:
        return await (_erase(custody, one) if sent["stage"] == "agree" else _propose(custody, one))
    except NotErasedError as refused:
        why = f"Nothing was erased. {_WHY[refused.bar]}"
        return visit.show("kept.html", 409, custody=await _custody(visit), errors=[("#due", why)])


async def _propose(custody: Custody, one: InKeeping) -> Response:
    visit, site = custody.visit, custody.visit.site
    async with site.db.write() as session:
        told = await propose(session, site.keys, one.case, custody.directory, visit.person.id, site.clock())
    await _send(visit, told)
    return visit.go("kept_cases")


async def _erase(custody: Custody, one: InKeeping) -> Response:
    visit, site = custody.visit, custody.visit.site
    async with site.db.write() as session:
        await erase(session, site.keys, one.case, custody.directory, visit.person.id, site.clock())
    site.keys.forget(one.case)
    return visit.show("kept_erased.html")


async def _release(custody: Custody, one: InKeeping, hold: Hold) -> Response:
    visit, site = custody.visit, custody.visit.site
    async with site.db.write() as session:
        done = await release(session, site.keys, one.case, custody.directory, hold.id, visit.person.id, site.clock())
    if not done:
        return _released(custody, one, hold, errors=[("#hold", _OVERTAKEN)], status=409)
    return visit.go("kept_cases")


async def _propose_release(custody: Custody, one: InKeeping, hold: Hold, reason: str) -> Response:
    visit, site, at = custody.visit, custody.visit.site, custody.visit.site.clock()
    faults = _reason_faults(reason)
    if faults:
        kept_text = "" if holds_a_file(reason) else reason
        return _released(custody, one, hold, kept_text, [("#reason", faults["reason"])], 422)
    async with site.db.write() as session:
        told = await propose_release(
            session, site.keys, one.case, custody.directory, hold.id, visit.person.id, reason, at
        )
    if told is None:
        return _released(custody, one, hold, reason, [("#hold", _OVERTAKEN)], 409)
    await _send(visit, told)
    return visit.go("kept_cases")


async def _custody(visit: Visit) -> Custody:
    """Return what the visitor is custodian of.

    Raises:
        HTTPException: 404, they are custodian of nothing, and hold no seat that would be.
    """
    async with visit.site.db.read() as session:
        directory = await people.directory(session, visit.person.organisation)
        cases = await _in_keeping(visit, session, directory)
    if not cases and not is_custodian(visit, directory):
        raise HTTPException(404)
    return Custody(visit, directory, cases)


async def _one(visit: Visit) -> tuple[Custody, InKeeping]:
    """Return the case of the address, of which the visitor is a custodian; that they looked is noted.

    Raises:
        HTTPException: 404, there is none, or they are none, or are recused: all look the same.
    """
    custody = await _custody(visit)
    one = custody.case(read_reference(visit.place("reference")) or "")
    if one is None:
        raise HTTPException(404)
    try:
        async with visit.site.db.write() as session:
            at = visit.site.clock()
            await note_read(session, visit.site.keys, one.case, visit.person.id, "how long it is kept", at)
    except CaseKeyMissingError:
        raise HTTPException(404) from None
    return custody, one


async def _in_keeping(visit: Visit, session: AsyncSession, directory: Directory) -> list[InKeeping]:
    organisation, person, at = visit.person.organisation, visit.person.id, visit.site.clock()
    return await in_keeping(session, visit.site.keys, directory, organisation, person, at)


async def _on_which(visit: Visit, session: AsyncSession, directory: Directory, reference: str) -> tuple[str, bool]:
    """Return the case on which the visitor may place a hold, and whether they may see it; "" where there is none."""
    found = await for_person(session, visit.site.keys, reference, visit.person.id)
    if found is not None and allow(visit.viewer, "see", access_of(found, directory, visit.site.clock())):
        return found.row.id, True
    cases = await _in_keeping(visit, session, directory)
    return next((one.case for one in cases if one.reference == reference), ""), False


async def _send(visit: Visit, told: Sequence[MailRow]) -> None:
    for mail in told:
        # One that could not be handed over now is found with those that were left behind.
        with suppress(EngineLostError):
            await visit.site.engine.send_mail(mail.id)


def _reason_faults(reason: str) -> dict[str, str]:
    if holds_a_file(reason):
        return {"reason": NO_PICTURES}
    if is_blank(reason) or len(reason) > LONGEST_COMMENT:
        return {"reason": f"Say why, in at most {LONGEST_COMMENT} characters"}
    return {}


def _ask(visit: Visit, reference: str, reason: str, faults: dict[str, str] | None = None) -> Response:
    faults = faults or {}
    return visit.show(
        "kept_hold.html",
        422 if faults else 200,
        reference=reference,
        reason=reason,
        faults=faults,
        errors=[(f"#{name}", fault) for name, fault in faults.items()],
    )


def _released(
    custody: Custody,
    one: InKeeping,
    hold: Hold,
    reason: str = "",
    errors: Sequence[tuple[str, str]] = (),
    status: int = 200,
) -> Response:
    return custody.visit.show(
        "kept_release.html",
        status,
        custody=custody,
        one=one,
        hold=hold,
        reason=reason,
        faults={place.removeprefix("#"): fault for place, fault in errors},
        errors=list(errors),
    )


PAGES: Final = (
    Page("/kept", kept_cases, ("GET",), "signed_in"),
    Page("/kept/hold", place_hold, ("GET", "POST"), "signed_in"),
    Page("/kept/{reference}/erase", erase_case, ("GET", "POST"), "signed_in"),
    Page("/kept/{reference}/holds/{hold}", release_hold, ("GET", "POST"), "signed_in"),
)
"""Every route about how long confidential cases are kept."""
