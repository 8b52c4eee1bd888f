"""The page of a confidential case: what is alleged, why it waits, what may be recorded, and all that happened."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from starlette.exceptions import HTTPException
from starlette.responses import Response

from domain.access import allow
from domain.allegations import Reporter
from domain.entries import CustodyRecorded, MessageWritten, ReporterNamed
from domain.entry_words import CATEGORIES
from domain.events import Recorded, StepRefused
from domain.offered_entries import images_are_involved
from domain.picture import draw
from domain.referral_text import referral_text
from domain.telling_entries import ENDINGS, REPORTER, ToldEntry
from domain.waiting_matters import matter_stages
from domain.words import listed
from starter.web.confidential.knowing import InConfidence, in_confidence
from starter.web.confidential.signed import signed_by_subjects
from starter.web.confirming import needs_strong
from starter.web.page import Page, Visit
from starter.web.terms import term_of
from store import mails
from store.confidential import access_of, for_person
from store.confidential.plans import Plan, plans_for
from store.confidential.reading import CASE_MANAGER
from store.tables import MailRow

ANSWERS: Final = {"yes": "Yes", "no": "No", "unsure": "Not sure, which counts as yes"}


@dataclass(frozen=True)
class Row:
    """A row of what happened: what, under which clause it was refused, where it was, and where its letter is."""

    told: ToldEntry
    clause: str
    letter: str


@dataclass(frozen=True)
class Sees:
    """Somebody who sees to a case now, in which seat, for which task, and what became of the last mail to them."""

    name: str
    seat: str
    task: str
    mail: str


async def c_case(visit: Visit) -> Response:
    """Show the case, and what of it the visitor may see."""
    asked = needs_strong(visit)
    if asked is not None:
        return asked
    known = await in_confidence(visit, "the page of the case")
    told = known.teller.told(known.history)
    stages = matter_stages(known.opening, known.standing, known.case.asked, known.route, known.history, known.names)
    return visit.show(
        "c_case.html",
        known=known,
        numbers=known.numbers,
        state=_state(known),
        images=images_are_involved(known.matter),
        stages=stages,
        picture=draw(stages, "The tasks of this case"),
        rows=_rows(visit, known, told),
        reporter=_reporter(known),
        sees=await _sees(visit, known),
        told_seats=[known.teller.seat(seat) for seat in known.standing.told],
        custody=[said for said in known.history if isinstance(said.event, CustodyRecorded)],
        messages=_messages(known),
        opened=await _opened(visit, known),
        referral=_referral(known, told) if known.opening.process.story == "allegation" else "",
        subjects=[(one, CATEGORIES[one.category]) for one in known.matter.subjects],
        topics={topic.key: topic.label for topic in known.opening.process.topics},
        answers=ANSWERS,
        term=term_of(known.case),
        signed=await signed_by_subjects(visit, known),
        plans=await _plans(visit, known),
    )


async def c_recorded(visit: Visit) -> Response:
    """Show what was just put on record, and the way on."""
    asked = needs_strong(visit)
    if asked is not None:
        return asked
    known = await in_confidence(visit, "what was recorded")
    number = visit.place("n")
    told = next((one for one in known.teller.told(known.history) if str(one.n) == number), None)
    if told is None:
        raise HTTPException(404)
    return visit.show("c_recorded.html", known=known, numbers=known.numbers, told=told)


async def c_letter(visit: Visit) -> Response:
    """Show a letter as it was recorded, fit to be printed."""
    asked = needs_strong(visit)
    if asked is not None:
        return asked
    known = await in_confidence(visit, "a letter")
    said = next((one for one in known.history if str(one.n) == visit.place("n")), None)
    text = getattr(said.event, "letter", "") if said is not None else ""
    if said is None or not text:
        raise HTTPException(404)
    return visit.show("c_letter.html", known=known, numbers=known.numbers, text=text, said=said)


def _state(known: InConfidence) -> str:
    outcome = known.standing.outcome
    if outcome is not None:
        return f"Closed: {ENDINGS.get(outcome, outcome)}"
    return "On hold" if known.waiting.holds else "Open"


def _rows(visit: Visit, known: InConfidence, told: Sequence[ToldEntry]) -> list[Row]:
    rows = []
    for said, one in zip(known.history, told, strict=True):
        refused = known.where(said.event.clause) if isinstance(said.event, StepRefused) else ""
        letter = visit.path("c_letter", reference=known.reference, n=str(said.n)) if one.letter else ""
        rows.append(Row(one, refused, letter))
    return rows


def _reporter(known: InConfidence) -> Reporter | Literal["anonymous"] | None:
    """Return who reported it, for whoever may know; None for anybody else."""
    if not known.sees_reporter:
        return None
    named = (said.event.reporter for said in known.history if isinstance(said.event, ReporterNamed))
    return next(named, "anonymous")


async def _sees(visit: Visit, known: InConfidence) -> list[Sees]:
    """Return who is asked now, each with what became of the last mail to them."""
    async with visit.site.db.read() as session:
        latest = {
            person: await mails.mail(session, mail.id)
            for person, mail in known.case.kept.mails.items()
            if person in known.access.asked
        }
    found = []
    for ask in known.standing.asks:
        for one in known.case.asked.get(ask.ask, ()):
            if one.person in known.access.asked:
                seat = ", as ".join(dict.fromkeys((known.teller.seat(one.seat), known.teller.seat(ask.seat))))
                instead = f", in place of {known.name(one.instead_of)}" if one.instead_of else ""
                mail = _mail(latest.get(one.person))
                found.append(Sees(known.name(one.person) + instead, seat, known.teller.step(ask.step), mail))
    busy = {one.person for ask in known.standing.asks for one in known.case.asked.get(ask.ask, ())}
    for person in sorted(known.access.managers - busy):
        seat = known.teller.seat(CASE_MANAGER)
        found.append(Sees(known.name(person), seat, "Nothing is asked of them now", _mail(latest.get(person))))
    return found


def _mail(row: MailRow | None) -> str:
    if row is None:
        return "No mail yet"
    if row.refused_at is not None:
        return "The mail server refused the address: phone them"
    return "Told by mail" if row.sent_at is not None else "The mail is not yet delivered"


@dataclass(frozen=True)
class Message:
    """A message between whoever reported it and those who see to the case."""

    by: str
    said: Recorded
    text: str


def _messages(known: InConfidence) -> list[Message]:
    return [
        Message(
            "Whoever reported it" if said.event.by == REPORTER else known.name(said.event.by), said, said.event.text
        )
        for said in known.history
        if isinstance(said.event, MessageWritten)
    ]


async def _opened(visit: Visit, known: InConfidence) -> list[str]:
    """Return the references of the cases opened out of this one that the visitor may see."""
    found = []
    async with visit.site.db.read() as session:
        for reference in known.case.opened:
            other = await for_person(session, visit.site.keys, reference, visit.person.id)
            if other is not None and allow(visit.viewer, "see", access_of(other, known.directory, known.now)):
                found.append(reference)
    return found


async def _plans(visit: Visit, known: InConfidence) -> list[Plan]:
    """Return how to step in on the sites that the report names, for those who see to it and for nobody else.

    Source: Cadmus 18.5 (LIFE-10).
    """
    if visit.viewer.person not in known.access.managers:
        return []
    words = (known.matter.where, *(one.what for one in known.matter.allegations))
    async with visit.site.db.read() as session:
        return await plans_for(session, visit.site.keys, known.opening.organisation, words)


def _referral(known: InConfidence, told: Sequence[ToldEntry]) -> str:
    names = listed(tuple(sorted(known.name(person) for person in known.access.managers)))
    return referral_text(
        known.opening.process,
        known.matter,
        known.history,
        school=known.school,
        sees_to_it=names or "the school office puts you through",
        told={one.n: one.words for one in told},
    )


PAGES: Final = (
    Page("/c/{reference}", c_case, ("GET",), "signed_in"),
    Page("/c/{reference}/recorded/{n}", c_recorded, ("GET",), "signed_in"),
    Page("/c/{reference}/letter/{n}", c_letter, ("GET",), "signed_in"),
)
