"""Putting something on record in a confidential case: the form, the check of the answers, and what came of it."""

from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.exceptions import HTTPException
from starlette.responses import Response

import templates
from domain.access import allow
from domain.allegations import Clearance
from domain.cases import Act, Reply, Said
from domain.clearing import clearing
from domain.entries import AnyEntry, DecisionMade, PeopleRecused, SubjectCorrected
from domain.entry_forms import EntryFacts, Read, form_of, prefilled, read_entry, settled
from domain.entry_people import as_the_directory_has_it, those_who_watch
from domain.entry_texts import FORMS
from domain.entry_words import SANCTIONS
from domain.events import AnyEvent
from domain.fields import OnePerson, People, Raw
from domain.forms import Form, raw_answers
from domain.offered_entries import Offer, clauses_of
from domain.words import day_in_words, listed
from starter.engine import EngineLostError
from starter.web.confidential.knowing import InConfidence, in_confidence, look
from starter.web.confirming import needs_strong
from starter.web.drafts import View
from starter.web.entry_steps import new_occasion, of_this_try, once_on_record, places_of, sent_of
from starter.web.filling import optional_questions, people_to_choose
from starter.web.page import Page, Visit
from starter.web.showing import shown_form
from store.confidential import access_of, for_person
from store.tables import EventRow

NO_NAME: Final = "[name]"
"""What stands in the draft of a letter where it is not known to whom it goes."""

WATCHES: Final = "Somebody named here can open this case in an emergency. They step aside themselves"
LATER: Final = "Nothing was recorded, because Duly could not reach the case. Try again in a minute, or phone"

_WHY: Final[dict[Said, str]] = {
    "closed": "The case is closed. Tell the LADO or the police by phone, if it is about a child.",
    "not_asked": "You are not asked in this case now, or not in the seat whose task this is.",
    "not_offered": "This is not recorded in such a case, or there is nothing more of it to record.",
    "incomplete": "It does not fit what is on record: read the page of the case again, then start anew.",
    "already_decided": "How it ended is on record already, and stays as it is.",
}
"""Why nothing was recorded, by what the case said."""


async def c_record(visit: Visit) -> Response:
    """Ask what to put on record; a POST shows it to be checked, and the next hands it to the case."""
    asked = needs_strong(visit)
    if asked is not None:
        return asked
    kind = visit.place("kind")
    known = await in_confidence(visit, f"the form: {kind}" if kind in FORMS else "a form")
    if kind not in FORMS:
        raise HTTPException(404)
    offer = known.offers.find(kind)
    if offer is None:
        return _not_offered(visit, known, kind)
    facts = known.facts
    if kind == "clearance_claimed":
        facts = facts.model_copy(update={"claims": await _claims(visit, known)})
    if not visit.is_post:
        raw = prefilled(kind, facts, _letter(visit, known, kind))
        return _form(visit, known, offer, facts, raw, new_occasion())
    return await _take(visit, known, offer, facts)


async def _take(visit: Visit, known: InConfidence, offer: Offer, facts: EntryFacts) -> Response:
    """Take one of the steps of recording: back to the form, on to the check, or to the case."""
    stage, occasion, typed = sent_of(visit.sent)
    form = form_of(offer.kind, facts)
    read = read_entry(offer.kind, raw_answers(tuple(form.questions()), typed), facts, known.people_facts(visit))
    if stage == "change":
        return _form(visit, known, offer, facts, read.raw, occasion)
    wrong = _left_blank(offer.kind, read) | faults(read)
    if read.entry is None or wrong:
        return _form(visit, known, offer, facts, read.raw, occasion, wrong)
    if stage == "review":
        return visit.show(
            "c_check.html",
            known=known,
            numbers=known.numbers,
            offer=offer,
            rows=settled(offer.kind, facts),
            section=shown_form(form, read.answers, known.directory)[0],
            typed=typed,
            occasion=occasion,
        )
    return await _record(visit, known, offer, facts, read, read.entry, occasion)


async def _record(
    visit: Visit,
    known: InConfidence,
    offer: Offer,
    facts: EntryFacts,
    read: Read,
    entry: AnyEntry,
    occasion: str,
) -> Response:
    """Hand the entry to the case, and say what came of it."""
    process, school = known.opening.process, known.opening.school
    if isinstance(entry, SubjectCorrected):
        entry = as_the_directory_has_it(entry, process, known.directory, school)
    if isinstance(entry, PeopleRecused) and those_who_watch(entry.people, process, known.directory, school):
        return _form(visit, known, offer, facts, read.raw, occasion, {"people": WATCHES})
    occasion_now = of_this_try(occasion, known.history)
    act = Act(kind="record", person=known.viewer.person, how="session", entry=entry, occasion=occasion_now)
    try:
        reply = await visit.site.engine.act(known.case.row.id, act)
    except EngineLostError:
        return _form(visit, known, offer, facts, read.raw, occasion, {"form": LATER}, 503)
    if reply.says == "refused":
        return _refused(visit, known, offer, reply)
    if reply.says != "done":
        return _not_recorded(visit, known, offer.title, _WHY.get(reply.says, _WHY["not_offered"]))

    async def seen() -> Response | None:
        now = await look(visit)
        if now is None:
            return visit.show("c_done.html", numbers=known.numbers)
        found = next((one.n for one in reversed(now.history) if _says(one.event, entry, known.viewer.person)), None)
        return visit.go("c_recorded", reference=known.reference, n=str(found)) if found is not None else None

    return await once_on_record(seen) or visit.show("c_recorded_soon.html", known=known, numbers=known.numbers)


def _says(event: AnyEvent, entry: AnyEntry, person: str) -> bool:
    """Return whether `event` is `entry` as `person` sent it; of a correction, the case itself finds out the rest."""
    if isinstance(event, SubjectCorrected) and isinstance(entry, SubjectCorrected):
        return event.subject == entry.subject
    return event == entry.model_copy(update={"by": person, "how": "session"})


def faults(read: Read) -> dict[str, str]:
    """Return what is wrong with what was typed, by question."""
    return {fault.field: fault.message for fault in read.faults}


def _left_blank(kind: str, read: Read) -> dict[str, str]:
    """Return what of the draft of a letter was not filled in, by question; brackets of its writer's own may stay."""
    template, letter = FORMS[kind].letter, read.raw.get("letter", "")
    blanks = dict.fromkeys((*templates.blanks(template), NO_NAME)) if template is not None else {}
    left = tuple(blank for blank in blanks if blank in letter)
    return {"letter": f"Fill in what still stands in brackets, or take it out: {listed(left)}"} if left else {}


def _form(
    visit: Visit,
    known: InConfidence,
    offer: Offer,
    facts: EntryFacts,
    raw: Mapping[str, Raw],
    occasion: str,
    wrong: Mapping[str, str] | None = None,
    status: int = 0,
) -> Response:
    """Return the form of an entry with what was typed; with `wrong`, all of it at once."""
    wrong = wrong or {}
    form = form_of(offer.kind, facts)
    links = places_of(form)
    return visit.show(
        "c_record.html",
        status or (422 if wrong else 200),
        known=known,
        numbers=known.numbers,
        offer=offer,
        rows=settled(offer.kind, facts),
        form=form,
        view=View(raw, wrong, optional_questions(form)),
        occasion=occasion,
        errors=[(f"#{place}", wrong[key]) for key, place in links.items() if key in wrong],
        people=_people(known, form),
    )


def _people(known: InConfidence, form: Form) -> Sequence[str]:
    """Return whom the page proposes, where it asks for people; nobody who must not learn of the case."""
    if not any(isinstance(question, OnePerson | People) for question in form.questions()):
        return ()
    out = set(known.standing.recused)
    others = tuple(person for person in known.directory.people if person.id not in out)
    return people_to_choose(known.directory.model_copy(update={"people": others}))


def _letter(visit: Visit, known: InConfidence, kind: str) -> str:
    """Return the draft of the letter of an entry, filled in as far as the record goes; empty where it has none."""
    template = FORMS[kind].letter
    if template is None:
        return ""
    decided = next((event for event in reversed(known.past) if isinstance(event, DecisionMade)), None)
    return templates.letter(
        template,
        school=known.school,
        day=day_in_words(visit.site.today),
        name=known.matter.subjects[0].name if len(known.matter.subjects) == 1 else NO_NAME,
        alleged=[one.what for one in known.matter.allegations],
        writer=visit.person.name,
        decision=SANCTIONS[decided.sanction].lower() if decided else "",
        reasons=decided.reasons if decided else "",
        expires=day_in_words(decided.expires_on) if decided and decided.expires_on else "",
    )


async def _claims(visit: Visit, known: InConfidence) -> dict[str, Clearance]:
    """Return the advice that lets this case go on, by the references of the cases that the visitor may see."""
    found: dict[str, Clearance] = {}
    async with visit.site.db.read() as session:
        for reference in known.case.opened:
            clearance = await _claim(visit, known, session, reference)
            if clearance is not None:
                found[reference] = clearance
    return found


async def _claim(visit: Visit, known: InConfidence, session: AsyncSession, reference: str) -> Clearance | None:
    other = await for_person(session, visit.site.keys, reference, known.viewer.person)
    if other is None or not allow(known.viewer, "see", access_of(other, known.directory, known.now)):
        return None
    permitted = clearing([said.event for said in other.history])
    n = max(permitted.values(), default=0)
    row = await session.get(EventRow, (other.row.id, n))
    if row is None:
        return None
    about = tuple(key for key, number in permitted.items() if number == n)
    return Clearance(case=other.row.id, n=n, hash=row.hash, allegations=about)


def _refused(visit: Visit, known: InConfidence, offer: Offer, reply: Reply) -> Response:
    """Return the page that says that it was refused, with the clause; the attempt is on record."""
    return visit.show(
        "c_refused.html",
        409,
        known=known,
        numbers=known.numbers,
        offer=offer,
        thing=FORMS[offer.kind].thing,
        clause=known.clause(reply.clause or ""),
        where=known.where(reply.clause or ""),
        document=known.pack.document,
    )


def _not_offered(visit: Visit, known: InConfidence, kind: str) -> Response:
    """Return why an entry of `kind` cannot be recorded by the visitor now."""
    if not known.may_record:
        why = _WHY["closed"] if known.standing.outcome is not None else _WHY["not_asked"]
    elif known.offers.police_first:
        why = (
            "Indecent images of a child may be involved. First the police: until it is on record that they were "
            "contacted, only that, what was locked away, what keeps children from harm, children's social care and the "
            "referral to the LADO are recorded here."
        )
    else:
        why = _WHY["not_offered"]
    clauses = known.places(clauses_of(known.opening.process, kind))
    return _not_recorded(visit, known, FORMS[kind].title, why, clauses)


def _not_recorded(visit: Visit, known: InConfidence, title: str, why: str, clauses: Sequence[str] = ()) -> Response:
    return visit.show(
        "c_not_recorded.html", 409, known=known, numbers=known.numbers, title=title, why=why, clauses=clauses
    )


PAGES: Final = (Page("/c/{reference}/record/{kind}", c_record, ("GET", "POST"), "signed_in"),)
