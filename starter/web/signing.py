"""Signing a document, by the link in a mail or signed in: read, type your name, check, sign; then the certificate."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from starlette.exceptions import HTTPException
from starlette.responses import Response

from domain.document_text import Block, blocks_of
from domain.pack import Process, Reading
from domain.round_entries import SignatureCalledOff
from domain.signatures import NotSigned, opened_by, still_to_open
from domain.telling import Given
from domain.words import listed
from starter.web.known import Known, case_for, know
from starter.web.page import Page, Visit
from store import queries
from store.rounds import reading
from templates import documents, moment
from templates.documents import Certificate

SIGNATURE: Final = "signature"
_SIGNED: Final = frozenset({SIGNATURE, "acknowledgement"})
"""In whose cases people sign: one person, or a seat besides everybody."""

TEMPLATES: Final = {
    "decide.html": "sign.html",
    "decide_review.html": "sign_check.html",
    "decide_again.html": "sign_again.html",
    "decide_stands.html": "sign_stands.html",
    "receipt.html": "certificate.html",
}
"""The pages of a signature, in the place of those of a decision."""


@dataclass(frozen=True)
class ToRead:
    """Something to read besides the document, and when whoever is to sign opened it; None where they have not."""

    reading: Reading
    opened_at: datetime | None


@dataclass(frozen=True)
class Paper:
    """What is to be signed: the document as it is read, empty where its text is not kept; and whom to speak to.

    `speak_to` is where another language or another format is to be had (ACK-03). Of `readings`, those in `unread` have
    to be opened first (ACK-14, ACK-18). `questions` are the ways of asking the school about it (ACK-17).
    """

    title: str
    version: str
    digest: str
    blocks: tuple[Block, ...]
    speak_to: str
    readings: tuple[ToRead, ...] = ()
    unread: tuple[Reading, ...] = ()
    questions: tuple[Process, ...] = ()


def is_signature(known: Known) -> bool:
    """Return whether what a case asks people to decide is to sign a document."""
    return known.opening.process.story in _SIGNED


def readings_of(known: Known, person: str) -> tuple[ToRead, ...]:
    """Return what there is to read where `person` signs; nothing where a seat signs besides everybody."""
    campaign = known.opening.process.campaign
    if campaign is None or known.opening.process.story != SIGNATURE:
        return ()
    opened = opened_by(person, known.history)
    return tuple(ToRead(reading, opened.get(reading.key)) for reading in campaign.readings)


def unread(known: Known, person: str) -> tuple[Reading, ...]:
    """Return what `person` has to open before they sign, and has not."""
    if known.opening.process.story != SIGNATURE:
        return ()
    return still_to_open(known.opening.process.campaign, opened_by(person, known.history))


async def paper_of(visit: Visit, known: Known, person: str) -> Paper:
    """Return what a case asks `person` to sign: the very version by its digest, whatever is in force now."""
    wanted = known.request.answers
    digest = str(wanted["digest"])
    async with visit.site.db.read() as session:
        version = await reading.version_with(session, known.row.organisation, digest)
    return Paper(
        title=known.row.title,
        version=str(wanted["version"]),
        digest=digest,
        blocks=blocks_of(version.text) if version is not None else (),
        speak_to=_speak_to(known, person),
        readings=readings_of(known, person),
        unread=unread(known, person),
        questions=_questions(visit, known, person),
    )


def why_not(known: Known, person: str) -> NotSigned:
    """Return why `person` cannot sign in a case whose ask is not open to them any more."""
    said = next((given for given in known.given if given.person == person), None)
    if said is not None and said.void:
        return "again"
    if said is not None:
        return "signed" if said.approves else "declined"
    off = next((said.event for said in known.history if isinstance(said.event, SignatureCalledOff)), None)
    campaign = known.opening.process.campaign
    if off is not None and off.why == "superseded" and campaign is not None and campaign.every is not None:
        return "again"
    return off.why if off is not None else "ended"


async def certificate_pdf(visit: Visit) -> Response:
    """Return the certificate of a signature as a file, for whoever may see its case."""
    known = await case_for(visit, visit.place("reference"))
    if not is_signature(known):
        raise HTTPException(404)
    return await certificate_file(visit, known, next(iter(known.given), None))


async def certificate_file(visit: Visit, known: Known, given: Given | None) -> Response:
    """Return the certificate of what was `given` as a file; where none can be made here, say so.

    Raises:
        HTTPException: 404, nothing was signed, or what was is void.
    """
    if given is None or not given.approves or given.void:
        raise HTTPException(404)
    if not documents.can_print():
        return visit.show("no_pdf.html", 503, known=known)
    certificate = certificate_of(known, given, await countersigned(visit, known))
    content = await asyncio.to_thread(documents.certificate, certificate, visit.site.clock())
    headers = {"Content-Disposition": f'attachment; filename="{known.row.reference}.pdf"'}
    return Response(content, media_type="application/pdf", headers=headers)


async def countersigned(visit: Visit, known: Known) -> str:
    """Return who signed the same version for the school, as what and when, in words; empty where nobody did yet.

    Source: Cadmus, last page (ACK-02).
    """
    parent = known.opening.parent
    if parent is None or known.opening.process.story != SIGNATURE:
        return ""
    async with visit.site.db.read() as session:
        row = await queries.case_by_id(session, parent)
        campaign = await know(visit.site, session, row) if row is not None else None
    given = next((one for one in campaign.given if one.approves and not one.void), None) if campaign else None
    if given is None:
        return ""
    stead = f", in place of {given.instead_of}" if given.instead_of else ""
    return f"{given.name}, {given.seat}{stead}, on {moment(given.at)}"


def read_before(known: Known, given: Given) -> tuple[str, ...]:
    """Return what was opened besides the document before it was signed, each with its edition and when."""
    return tuple(
        f"{one.reading.title}{f', {one.reading.edition}' if one.reading.edition else ''}, on {moment(one.opened_at)}"
        for one in readings_of(known, given.person)
        if one.opened_at is not None and one.opened_at <= given.at
    )


def certificate_of(known: Known, given: Given, countersignature: str = "") -> Certificate:
    """Return all that the certificate of a signature says.

    Source: Redhill, appendix 1; Cadmus, last page; Newall Green 12.5 (ACK-01, ACK-02, ACK-08, ACK-18).
    """
    wanted = known.request.answers
    return Certificate(
        organisation=f"{known.pack.organisation.name}, {known.school}",
        title=known.row.title,
        version=str(wanted["version"]),
        digest=str(wanted["digest"]),
        attestation=given.attestation,
        signature=given.signature,
        name=given.name,
        at=moment(given.at),
        reference=known.row.reference,
        readings=read_before(known, given),
        countersigned=countersignature,
    )


def _questions(visit: Visit, known: Known, person: str) -> tuple[Process, ...]:
    """Return the processes of the pack as it is now by which `person` may ask the school something."""
    pack, signer = visit.site.packs.get(known.row.organisation), known.directory.person(person)
    processes = pack.processes if pack is not None and signer is not None else ()
    return tuple(
        one for one in processes if one.story == "question" and signer is not None and signer.kind in one.may_start
    )


def _speak_to(known: Known, person: str) -> str:
    """Return whom to speak to for another language or format, by name where somebody holds the seat (ACK-03)."""
    campaign, signer = known.opening.process.campaign, known.directory.person(person)
    if campaign is None:
        return ""
    schools = signer.schools if signer is not None else (known.row.school,)
    seats = tuple(dict.fromkeys((*campaign.chase, campaign.owner)))
    return listed(tuple(f"the {_with_names(known, seat, schools)}" for seat in seats), "or")


def _with_names(known: Known, seat: str, schools: tuple[str, ...]) -> str:
    """Return what a seat is called, and who holds it: at one of `schools`, or as the request names them."""
    field = next((one.from_field for one in known.opening.seats if one.key == seat), None)
    named = known.request.answers.get(field) if field is not None else None
    held = [one.name for school in schools for one in known.directory.holders(school, seat)]
    names = tuple(dict.fromkeys([known.name(str(named))] if named is not None else held))
    return f"{known.seat(seat)} ({listed(names)})" if names else known.seat(seat)


PAGES: Final = (Page("/cases/{reference}/certificate.pdf", certificate_pdf, ("GET",), "signed_in"),)
