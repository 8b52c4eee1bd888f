"""Opening a confidential case in an emergency: two custodians, each in a session of their own, for one hour.

Nobody is shown a list: whoever opens a case knows its reference. A reference that is none, and a case that is not
theirs to open, are answered alike.
"""

from contextlib import suppress
from datetime import timedelta
from typing import Final

from starlette.exceptions import HTTPException
from starlette.responses import Response

from domain.deciding import LONGEST_COMMENT
from domain.pasted import NO_PICTURES, holds_a_file
from domain.people import Directory
from domain.refs import read_reference
from domain.text import is_blank, tidy
from starter.engine import EngineLostError
from starter.web.confidential.knowing import numbers_of
from starter.web.confirming import needs_strong
from starter.web.page import Page, Visit
from starter.web.reading import UnreadableBodyError, only
from store import people
from store.confidential import (
    Confidential,
    Emergency,
    InCustody,
    by_reference,
    in_custody,
    open_in_emergency,
    propose_opening,
)

_WAITS: Final = timedelta(days=1)
"""For so long a proposal waits for a second custodian."""


async def c_open(visit: Visit) -> Response:
    """Ask which case is to be opened and why; a POST proposes it, or shows and confirms what another proposed.

    Source: Newall Green 6.24 (ALLEG-11); SECURITY, break-glass.
    """
    asked = needs_strong(visit)
    if asked is not None:
        return asked
    async with visit.site.db.read() as session:
        directory = await people.directory(session, visit.person.organisation)
    if not is_custodian(visit, directory):
        raise HTTPException(404)
    if not visit.is_post:
        return _ask(visit)
    sent = only(visit.sent, ("stage", "reference"), ("reason", "proposal"))
    typed, reason = sent["reference"].strip(), tidy(sent.get("reason", ""))
    reference = read_reference(typed)
    if reference is None:
        return _ask(visit, typed, reason, [("#reference", "Type the reference, such as K7QM-4TXR")])
    if sent["stage"] == "confirm":
        return await _confirm(visit, directory, reference, sent.get("proposal", ""))
    if sent["stage"] != "propose":
        why = "the form has a step that is not on the page"
        raise UnreadableBodyError(why, 422)
    theirs = await _theirs(visit, directory, reference)
    waiting = _waiting(visit, theirs)
    if waiting is not None:
        name = next((one.name for one in directory.people if one.id == waiting.proposed_by), "Somebody")
        return visit.show("c_open_confirm.html", numbers=_numbers(visit), reference=reference, by=name, waiting=waiting)
    if holds_a_file(reason):
        return _ask(visit, typed, "", [("#reason", NO_PICTURES)])
    if is_blank(reason) or len(reason) > LONGEST_COMMENT:
        return _ask(visit, typed, reason, [("#reason", f"Say why, in at most {LONGEST_COMMENT} characters")])
    if theirs is not None:
        async with visit.site.db.write() as session:
            found = await by_reference(session, visit.site.keys, reference)
            if found is not None:
                at = visit.site.clock()
                await propose_opening(session, visit.site.keys, found, directory, visit.person.id, reason, at)
    return visit.show("c_open_proposed.html", numbers=_numbers(visit), reference=reference)


async def _confirm(visit: Visit, directory: Directory, reference: str, proposal: str) -> Response:
    """Open the case to both, and have everybody told who is in it."""
    site, at = visit.site, visit.site.clock()
    queued = None
    if await _theirs(visit, directory, reference) is not None:
        async with site.db.write() as session:
            found: Confidential | None = await by_reference(session, site.keys, reference)
            if found is not None:
                queued = await open_in_emergency(session, site.keys, found, directory, proposal, visit.person.id, at)
    if queued is None:
        return visit.show("c_open_gone.html", 409, numbers=_numbers(visit))
    for mail in queued:
        # One that could not be handed over now is found with those that were left behind.
        with suppress(EngineLostError):
            await site.engine.send_mail(mail.id)
    return visit.go("c_case", reference=reference)


def is_custodian(visit: Visit, directory: Directory) -> bool:
    """Return whether the visitor could open any case: they hold a seat that the pack names for it."""
    seats = {seat for process in visit.pack.processes for seat in process.custodians}
    schools = [school.key for school in visit.pack.organisation.schools]
    return any(
        visit.person.id == one.id for seat in seats for school in schools for one in directory.holders(school, seat)
    )


async def _theirs(visit: Visit, directory: Directory, reference: str) -> InCustody | None:
    """Return the case with that reference if the visitor could open it; it is looked for among all that are theirs.

    So that it takes as long where there is none as where it is about them.
    """
    async with visit.site.db.read() as session:
        cases = await in_custody(
            session,
            visit.site.keys,
            directory,
            visit.person.organisation,
            visit.person.id,
            visit.site.clock(),
        )
    return next((one for one in cases if one.reference == reference), None)


def _waiting(visit: Visit, theirs: InCustody | None) -> Emergency | None:
    """Return what another custodian proposed last and nobody has confirmed, or None."""
    if theirs is None:
        return None
    since = visit.site.clock() - _WAITS
    others = (one for one in reversed(theirs.emergencies) if one.proposed_by != visit.person.id)
    return next((one for one in others if one.confirmed_by is None and one.proposed_at > since), None)


def _ask(visit: Visit, reference: str = "", reason: str = "", errors: list[tuple[str, str]] | None = None) -> Response:
    return visit.show(
        "c_open.html",
        422 if errors else 200,
        numbers=_numbers(visit),
        reference=reference,
        reason=reason,
        faults={place.removeprefix("#"): fault for place, fault in errors or []},
        errors=errors or [],
    )


def _numbers(visit: Visit) -> object:
    return numbers_of(visit.pack)


PAGES: Final = (Page("/c/open", c_open, ("GET", "POST"), "signed_in"),)
