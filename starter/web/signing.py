"""Signing a document, by the link in a mail or signed in: read, type your name, check, sign; then the certificate."""

import asyncio
from dataclasses import dataclass
from typing import Final

from starlette.exceptions import HTTPException
from starlette.responses import Response

from domain.document_text import Block, blocks_of
from domain.events import Verdict
from domain.round_entries import SignatureCalledOff
from domain.signatures import NotSigned
from domain.telling import Given
from domain.words import listed
from starter.web.known import Known, case_for
from starter.web.page import Page, Visit
from store.rounds import reading
from templates import documents, moment
from templates.documents import Certificate

SIGNATURE: Final = "signature"

TEMPLATES: Final = {
    "decide.html": "sign.html",
    "decide_review.html": "sign_check.html",
    "decide_again.html": "sign_again.html",
    "decide_stands.html": "sign_stands.html",
    "receipt.html": "certificate.html",
}
"""The pages of a signature, in the place of those of a decision."""


@dataclass(frozen=True)
class Paper:
    """What is to be signed: the document as it is read, empty where its text is not kept; and whom to speak to.

    `speak_to` is where another language or another format is to be had (ACK-03).
    """

    title: str
    version: str
    digest: str
    blocks: tuple[Block, ...]
    speak_to: str


def is_signature(known: Known) -> bool:
    """Return whether a case is that of one person's signature."""
    return known.opening.process.story == SIGNATURE


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
    )


def why_not(known: Known, person: str) -> NotSigned:
    """Return why `person` cannot sign in a case whose ask is not open to them any more."""
    said = next((given.verdict for given in known.given if given.person == person), None)
    if said is not None:
        return "signed" if said is Verdict.APPROVE else "declined"
    off = next((said.event for said in known.history if isinstance(said.event, SignatureCalledOff)), None)
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
        HTTPException: 404, nothing was signed.
    """
    if given is None or not given.approves:
        raise HTTPException(404)
    if not documents.can_print():
        return visit.show("no_pdf.html", 503, known=known)
    content = await asyncio.to_thread(documents.certificate, certificate_of(known, given), visit.site.clock())
    headers = {"Content-Disposition": f'attachment; filename="{known.row.reference}.pdf"'}
    return Response(content, media_type="application/pdf", headers=headers)


def certificate_of(known: Known, given: Given) -> Certificate:
    """Return all that the certificate of a signature says.

    Source: Redhill, appendix 1; Cadmus, last page (ACK-01, ACK-08).
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
