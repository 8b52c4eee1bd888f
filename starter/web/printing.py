"""The completed form on paper: a PDF with every answer and every signature, made from the record each time."""

import asyncio
from typing import Final

from starlette.responses import Response

from domain.telling import Given
from starter.web.cases import ended_as, state_of
from starter.web.known import Known, case_for
from starter.web.page import Page, Visit
from starter.web.site import Site
from templates import day, documents, moment
from templates.documents import CompletedForm, Fact, FormSection, Signed


async def form_pdf(visit: Visit) -> Response:
    """Return the form of a case as a file; where none can be made here, say so."""
    known = await case_for(visit, visit.place("reference"))
    if not documents.can_print():
        return visit.show("no_pdf.html", 503, known=known)
    form = completed_form(visit.site, known)
    content = await asyncio.to_thread(documents.completed_form, form, visit.site.clock())
    # Never shown inside a page of ours.
    headers = {"Content-Disposition": f'attachment; filename="{known.row.reference}.pdf"'}
    return Response(content, media_type="application/pdf", headers=headers)


def completed_form(site: Site, known: Known) -> CompletedForm:
    """Return all that the paper says of a case.

    Source: Cadmus 16.6 and Appendix 1 (SITE-17).
    """
    form = known.pack.form(known.opening.process.form)
    row, request = known.row, known.request
    on_behalf = () if row.author == row.starter else (_fact("Sent on behalf of", known.name(row.author)),)
    return CompletedForm(
        organisation=f"{known.pack.organisation.name}, {known.school}",
        heading=form.title if form else known.opening.process.title,
        title=row.title,
        reference=row.reference,
        version=row.version,
        facts=(
            _fact("Request", row.title),
            _fact("Reference", row.reference),
            _fact("Version of the form", f"{row.version}, sent by {known.requester} on {moment(row.opened_at)}"),
            *on_behalf,
            _fact("Policy", *_policy(known), *([form.source] if form else [])),
            _fact("State", *_state(known)),
            *(_fact("To approve all the same, a reason was needed", override) for override in request.overrides),
        ),
        sections=tuple(
            FormSection(
                title=section.title,
                answers=tuple(Fact(name=answer.label, lines=answer.lines) for answer in section.answers),
            )
            for section in known.sections
        ),
        decisions=tuple(_signed(known, given) for given in known.given),
        made=f"Made from the record on {moment(site.clock())}. What was decided later is not on it.",
    )


def _state(known: Known) -> tuple[str, ...]:
    """Return how the case stands, and what is in doubt of it since it ended."""
    row, now = known.row, state_of(known.row, known.history)
    ended = ended_as(row.outcome) if row.outcome else now
    on = f" on {day(row.closed_at)}" if row.closed_at else ""
    return (f"{ended}{on}",) if now == ended else (f"{ended}{on}", now)


def _policy(known: Known) -> tuple[str, ...]:
    document = known.pack.document
    version = f", version {document.version}" if document.version else ""
    return (f"{document.title}{version}", known.clause(known.opening.process.clause))


def _signed(known: Known, given: Given) -> Signed:
    ask = known.ask(given.ask)
    step = known.step(ask) if ask else None
    stead = f", in place of {given.instead_of}" if given.instead_of else ""
    return Signed(
        heading=f"{given.step}: {'approved' if given.approves else 'rejected'}",
        facts=(
            _fact("By", f"{given.name}, {given.seat}{stead}"),
            _fact("On", moment(given.at)),
            *([_fact("Clause", known.clause(step.clause))] if step else []),
            *(_fact("Confirmed", said) for said in given.confirmed),
            *([_fact("Comment", *given.comment.split("\n"))] if given.comment else []),
        ),
        approves=given.approves,
        attestation=given.attestation,
        signature=given.signature,
        name=given.name,
        at=moment(given.at),
    )


def _fact(name: str, *lines: str) -> Fact:
    return Fact(name=name, lines=lines)


PAGES: Final = (Page("/cases/{reference}/form.pdf", form_pdf, ("GET",), "signed_in"),)
