"""The evidence of a case as a file: for administrators of an ordinary one, for those who see to a confidential one."""

import asyncio
from typing import Final

import structlog
from starlette.exceptions import HTTPException
from starlette.responses import Response

from domain.access import allow
from domain.evidence import Rule
from domain.refs import read_reference
from starter.web.bundling import packed
from starter.web.confidential.knowing import look
from starter.web.confirming import needs_strong
from starter.web.known import Known, case_for
from starter.web.page import Page, Visit
from starter.web.reading import UnreadableBodyError, only
from store import evidence, queries
from store.confidential import note_read
from store.evidence import Gathered
from store.signing import SigningKeyError, SigningKeys, signing_keys
from store.tables import EvidenceTakenRow

log = structlog.get_logger()

_SAY_WHICH: Final = "Choose whether names are in it or withheld"
_TAKEN: Final = "all of it, as evidence taken out of Duly"


async def case_evidence(visit: Visit) -> Response:
    """Say what the evidence of an ordinary case is; a POST gives it, and that it was taken is written down."""
    known = await case_for(visit, visit.place("reference"))
    if not allow(visit.viewer, "see", known.access, "mails"):
        raise HTTPException(404)
    keys = await _keys(visit)
    withheld = _withheld(visit, confidential=False) if visit.is_post else None
    if withheld is None:
        async with visit.site.db.read() as session:
            before = await evidence.taken(session, known.row.id)
        return _asked(visit, "evidence.html", keys, known=known, taken=[(row, _who(known, row)) for row in before])
    gathered = await _of_case(visit, known, withheld)
    async with visit.site.db.write() as session:
        await evidence.note_taken(session, known.row.id, withheld, visit.site.clock(), person=visit.person.id)
    log.info("evidence_taken_by_administrator", case=known.row.id, person=visit.person.id)
    return await _file(visit, gathered, keys)


async def c_evidence(visit: Visit) -> Response:
    """Say what the evidence of a confidential case is; a POST gives it, and that it was taken is on record."""
    asked = needs_strong(visit)
    if asked is not None:
        return asked
    known = await look(visit)
    if known is None or not known.sees_reporter:
        raise HTTPException(404)
    keys = await _keys(visit)
    withheld = _withheld(visit, confidential=True) if visit.is_post else None
    site, what = visit.site, _TAKEN if withheld is not None else "the page about its evidence"
    async with site.db.write() as session:
        await note_read(session, site.keys, known.case.row.id, known.viewer.person, what, known.now)
    if withheld is None:
        return _asked(visit, "c_evidence.html", keys, known=known, numbers=known.numbers)
    async with site.db.read() as session:
        gathered = await evidence.of_confidential(session, site.keys, known.case, withheld)
    return await _file(visit, gathered, keys)


def _who(known: Known, row: EvidenceTakenRow) -> str:
    if row.operator is not None:
        return f"{row.operator}, with a command on the machine"
    return known.name(row.person or "")


async def _of_case(visit: Visit, known: Known, withheld: frozenset[Rule]) -> Gathered:
    async with visit.site.db.read() as session:
        row = await queries.case_by_reference(session, read_reference(known.row.reference) or "")
        if row is None:
            raise HTTPException(404)
        return await evidence.of_case(session, visit.site.keys, row, withheld)


async def _keys(visit: Visit) -> SigningKeys:
    """Return the key that signs.

    Raises:
        HTTPException: 503, it cannot be used; why, the log says.
    """
    try:
        return await asyncio.to_thread(signing_keys, visit.site.settings.signing_key)
    except SigningKeyError as error:
        log.error("signing_key_unusable", why=str(error))  # noqa: TRY400 -- the sentence says it all
        raise HTTPException(503) from None


def _asked(visit: Visit, template: str, keys: SigningKeys, **context: object) -> Response:
    """Return the page that asks what is to be withheld; after a POST, because nobody said."""
    errors = [("#names", _SAY_WHICH)] if visit.is_post else []
    status = 422 if errors else 200
    asks_for_reporter = ("reporter", "yes") in visit.sent
    return visit.show(
        template, status, fingerprint=keys.fingerprint, errors=errors, asks_for_reporter=asks_for_reporter, **context
    )


def _withheld(visit: Visit, *, confidential: bool) -> frozenset[Rule] | None:
    """Return what is to be withheld, who reported it too unless that was asked for; None where names were not chosen.

    Raises:
        UnreadableBodyError: something was chosen that is not on the page.
    """
    sent = only(visit.sent, (), ("names", "reporter") if confidential else ("names",))
    if "names" not in sent:
        return None
    if sent["names"] not in {"shown", "withheld"} or sent.get("reporter", "yes") != "yes":
        why = "the form has a choice that is not on the page"
        raise UnreadableBodyError(why, 422)
    rules: set[Rule] = set()
    if sent["names"] == "withheld":
        rules.add("names")
    if confidential and "reporter" not in sent:
        rules.add("reporter")
    return frozenset(rules)


async def _file(visit: Visit, gathered: Gathered, keys: SigningKeys) -> Response:
    content = await asyncio.to_thread(packed, gathered, keys, visit.site.clock())
    headers = {"Content-Disposition": f'attachment; filename="{gathered.reference}-evidence.zip"'}
    return Response(content, media_type="application/zip", headers=headers)


PAGES: Final = (
    Page("/cases/{reference}/evidence", case_evidence, ("GET", "POST"), "signed_in"),
    Page("/c/{reference}/evidence", c_evidence, ("GET", "POST"), "signed_in"),
)
