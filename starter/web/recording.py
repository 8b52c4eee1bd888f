"""Putting something on record in what comes round: the form, the check of the answers, and what came of it.

Somebody comes signed in, or by the link of a mail that asks them for a task. Nothing changes before the second POST.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from sqlmodel import col, select
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from domain.access import Viewer, allow
from domain.base import How
from domain.cases import Act, Reply, Said
from domain.events import Recorded
from domain.fields import FormFacts, OnePerson, People, Raw
from domain.forms import raw_answers
from domain.people import Person
from domain.round_entries import AnyRoundEntry, PostModerated
from domain.round_forms import (
    KINDS,
    OVERSEEN,
    WHEN_ASKED,
    RoundFacts,
    began_on,
    clauses_of,
    form_of,
    in_full,
    is_asked,
    prefilled,
    read_round,
    this_round,
)
from domain.round_texts import FORMS, RoundForm
from domain.words import day_in_words
from starter.engine import EngineLostError
from starter.web.desks import Desk, gone
from starter.web.drafts import View
from starter.web.entry_steps import new_occasion, of_this_try, once_on_record, places_of, sent_of
from starter.web.filling import optional_questions
from starter.web.known import Known, case_for
from starter.web.page import Page, Visit
from starter.web.reading import Pairs
from starter.web.showing import shown_form
from store.rounds import reading
from store.rounds.tables import VersionRow

_RECEIPT_LASTS: Final = timedelta(minutes=10)
"""For how long after it was used a link still shows what was recorded; later, one signs in to see it."""

LATER: Final = "Nothing was recorded, because Duly could not reach the case. Try again in a minute"
CHANGED: Final = (
    "Something has changed meanwhile, so it does not fit any more. Read your answers again, and send them anew"
)

_WHY: Final[dict[Said, str]] = {
    "closed": "It is over: somebody has recorded it already, or the case has ended.",
    "not_asked": "You are not asked for it now.",
    "held": "The case is on hold until an administrator settles a disputed answer.",
}
"""Why nothing was recorded, by what the case said."""
_REPORTED: Final = frozenset({"offensive", "harmful", "illegal"})
"""For which reasons a post that was not published or taken down is reported as well (Cadmus 18.6: LIFE-11)."""
_AUTHORITIES: Final = frozenset({"police", "ceop"})
"""The contacts who are told of what is against the law."""
_NOT_NOW: Final = "There is nothing of this kind to record now."


@dataclass(frozen=True)
class Entering:
    """Somebody who puts an entry of a `kind` on record, and how they came: signed in, or at a `desk`, for its ask.

    `facts` is what the form must know of the case, `action` where the form goes, `back` where it came from.
    """

    known: Known
    kind: str
    person: Person
    facts: RoundFacts
    action: str
    back: str
    desk: Desk | None = None

    @property
    def how(self) -> How:
        """How they are known."""
        return self.desk.how if self.desk is not None else "session"

    @property
    def form(self) -> RoundForm:
        """The entry in words."""
        return FORMS[self.kind]

    @property
    def places(self) -> tuple[str, ...]:
        """Where in the policy it is asked for."""
        clauses = clauses_of(self.known.opening.process, self.kind)
        return tuple(dict.fromkeys(self.known.clause(key) for key in clauses))


async def record(visit: Visit) -> Response:
    """Ask what to put on record; a POST shows it to be checked, and the next hands it to the case."""
    known = await case_for(visit, visit.place("reference"))
    kind = visit.place("kind")
    if not known.is_nobodys or kind not in KINDS:
        raise HTTPException(404)
    facts = await facts_of(visit, known)
    back = visit.path("case", reference=known.row.reference)
    action = visit.path("record", reference=known.row.reference, kind=kind)
    entering = Entering(known, kind, visit.person, facts, action, back)
    if kind not in {form.kind for form in offered(visit.viewer, known, facts)}:
        return _not_recorded(
            visit, entering, Reply(says="not_offered" if _may(visit.viewer, known, kind, facts.today) else "not_asked")
        )
    return await take(visit, entering, visit.sent) if visit.is_post else ask(visit, entering)


async def recorded(visit: Visit) -> Response:
    """Show what was put on record, in full, and what happens next."""
    known = await case_for(visit, visit.place("reference"))
    said = next((said for said in known.history if str(said.n) == visit.place("n")), None)
    if said is None or not isinstance(said.event, AnyRoundEntry):
        raise HTTPException(404)
    return _receipt(visit, known, said)


def offered(viewer: Viewer, known: Known, facts: RoundFacts) -> tuple[RoundForm, ...]:
    """Return what `viewer` may put on record now, in the order of the forms."""
    if known.row.closed_at is not None or known.standing.disputed:
        return ()
    open_now = (kind for kind in FORMS if kind in known.standing.accepts and is_asked(kind, facts))
    return tuple(FORMS[kind] for kind in open_now if _may(viewer, known, kind, facts.today))


def _may(viewer: Viewer, known: Known, kind: str, today: date) -> bool:
    """Return whether somebody may put an entry of `kind` on record: as asked, by right, or as an administrator."""
    reached = (row for row in known.asks if known.waits_for(row, viewer.person, today))
    tasks = [task for row in reached if (task := known.task(row)) is not None]
    if allow(viewer, "record", known.access) and any(kind in task.done_by.event for task in tasks):
        return True
    if kind in WHEN_ASKED:
        return False
    if kind in OVERSEEN:
        return allow(viewer, "see_to", known.access)
    return viewer.person in known.access.team and allow(viewer, "record", known.access)


async def facts_of(visit: Visit, known: Known) -> RoundFacts:
    """Return what the form of an entry must know of the case."""
    return RoundFacts(
        opening=known.opening,
        request=known.request.model_copy(update={"answers": known.approved}),
        past=this_round([said.event for said in known.history]),
        today=visit.site.today,
        names=known.names,
        text=await _text_in_force(visit, known) if known.opening.process.story == "review" else "",
        unauthorised=_unauthorised(known, visit.site.today),
        versions=await _versions(visit, known) if known.opening.process.story == "review" else (),
        began=began_on(known.history),
        trainings=await _trainings(visit, known) if known.opening.process.story == "site_life" else {},
    )


async def _trainings(visit: Visit, known: Known) -> dict[str, str]:
    """Return which training those who run a site attended last, and when, in words (ACK-11)."""
    named = [one for team in known.approved.values() if isinstance(team, tuple) for one in team]
    async with visit.site.db.read() as session:
        attended = await reading.trainings_of(session, known.row.organisation, named)
    return {person: f"“{title}” on {day_in_words(on)}" for person, (title, on) in attended.items()}


def _unauthorised(known: Known, today: date) -> tuple[str, ...]:
    """Return who of those whom the form of a site wants authorised is there today, and is not.

    Source: Cadmus Appendix 1, administration (SITE-28).
    """
    if known.opening.process.story != "site_life" or known.form is None:
        return ()
    wanted = [one for one in known.form.questions() if isinstance(one, OnePerson | People) and one.authorised]
    named = (known.approved.get(question.key, ()) for question in wanted)
    ids = dict.fromkeys(one for answer in named for one in (answer if isinstance(answer, tuple) else (str(answer),)))
    there = (known.directory.person(one) for one in ids)
    return tuple(one.id for one in there if one is not None and one.is_active(today) and not one.is_authorised())


async def _versions(visit: Visit, known: Known) -> tuple[str, ...]:
    document = str(known.opening.request.answers.get("document", ""))
    async with visit.site.db.read() as session:
        return tuple(one.version for one in await reading.versions_of(session, known.row.organisation, document))


async def _text_in_force(visit: Visit, known: Known) -> str:
    ours = (
        col(VersionRow.organisation) == known.row.organisation,
        col(VersionRow.document) == str(known.opening.request.answers.get("document", "")),
        col(VersionRow.superseded_at).is_(None),
    )
    async with visit.site.db.read() as session:
        return await session.scalar(select(VersionRow.text).where(*ours)) or ""


# The way of an entry, by whichever door somebody came.


async def at_desk(visit: Visit, desk: Desk, action: str, back: str) -> Entering:
    """Return how somebody at the desk of a task puts on record that it is done.

    Raises:
        HTTPException: 404, what the task wants is nothing that people record.
    """
    kinds = desk.task.done_by.event if desk.task is not None else ()
    kind = next((kind for kind in kinds if kind in KINDS), None)
    if kind is None:
        raise HTTPException(404)
    return Entering(desk.known, kind, desk.person, await facts_of(visit, desk.known), action, back, desk)


def ask(visit: Visit, entering: Entering) -> Response:
    """Return the form of an entry, as it is before anything is typed."""
    return _form(visit, entering, prefilled(entering.kind, entering.facts), new_occasion())


async def take(visit: Visit, entering: Entering, sent: Pairs) -> Response:
    """Take one of the steps of recording: back to the form, on to the check, or to the case."""
    stage, occasion, typed = sent_of(sent)
    if entering.desk is not None and entering.desk.gone is not None:
        return _too_late(visit, entering, entering.desk)
    form = form_of(entering.kind, entering.facts)
    raw = raw_answers(tuple(form.questions()), typed)
    known = entering.known
    people = FormFacts(directory=known.directory, today=visit.site.today, school=known.row.school)
    read = read_round(entering.kind, raw, entering.facts, people)
    if stage == "change":
        return _form(visit, entering, read.raw, occasion)
    if read.entry is None:
        return _form(visit, entering, read.raw, occasion, {fault.field: fault.message for fault in read.faults})
    if stage == "review":
        section = shown_form(form, read.answers, known.directory)[0]
        return visit.show(
            "record_check.html", entering=entering, known=known, section=section, typed=typed, occasion=occasion
        )
    return await _record(visit, entering, read.raw, read.entry, occasion)


async def _record(
    visit: Visit, entering: Entering, raw: Mapping[str, Raw], entry: AnyRoundEntry, occasion: str
) -> Response:
    """Hand the entry to the case, and say what came of it."""
    known, desk = entering.known, entering.desk
    act = Act(
        kind="record",
        person=entering.person.id,
        how=entering.how,
        ask=desk.ask.ask if desk is not None else None,
        entry=entry,
        occasion=of_this_try(occasion, known.history),
    )
    try:
        reply = await visit.site.engine.act(known.row.id, act)
    except EngineLostError:
        return _form(visit, entering, raw, occasion, {"form": LATER}, 503)
    if reply.says == "incomplete":
        return _form(visit, entering, raw, new_occasion(), {"form": CHANGED}, 409)
    if reply.says != "done":
        return _not_recorded(visit, entering, reply)
    if desk is not None:
        return RedirectResponse(desk.path(visit, "receipt", "task_receipt"), 303)

    async def look() -> Response | None:
        now = await case_for(visit, known.row.reference)
        found = next((said.n for said in reversed(now.history) if said.event == _as_said(entry, act)), None)
        return visit.go("recorded", reference=known.row.reference, n=str(found)) if found is not None else None

    return await once_on_record(look) or visit.show("recorded_soon.html", known=known)


def _as_said(entry: AnyRoundEntry, act: Act) -> AnyRoundEntry:
    return entry.model_copy(update={"by": act.person, "how": act.how})


def _form(
    visit: Visit,
    entering: Entering,
    raw: Mapping[str, Raw],
    occasion: str,
    wrong: Mapping[str, str] | None = None,
    status: int = 0,
) -> Response:
    """Return the form of an entry with what was typed; with `wrong`, all of it at once."""
    wrong = wrong or {}
    form = form_of(entering.kind, entering.facts)
    links = places_of(form)
    known = entering.known
    viewer = Viewer(person=entering.person.id, organisation=entering.person.organisation)
    return visit.show(
        "record.html",
        status or (422 if wrong else 200),
        entering=entering,
        known=known,
        form=form,
        view=View(raw, wrong, optional_questions(form)),
        occasion=occasion,
        waiting=known.waiting(viewer, visit.site.clock()),
        errors=[(f"#{links[key]}", message) for key, message in wrong.items()],
    )


def _not_recorded(visit: Visit, entering: Entering, reply: Reply) -> Response:
    """Return the page that says why nothing was recorded, and where the case stands."""
    clause = next((one for one in entering.known.pack.clauses if one.id == reply.clause), None)
    why = _WHY.get(reply.says, _NOT_NOW)
    return visit.show(
        "not_recorded.html",
        409,
        entering=entering,
        known=entering.known,
        refused=reply.says == "refused",
        clause=clause,
        why=why,
        document=entering.known.pack.document,
    )


def _too_late(visit: Visit, entering: Entering, desk: Desk) -> Response:
    """Return what was recorded to whoever did it and sends it again, and to anybody else that it is not needed."""
    said = desk.entry
    if said is None or not desk.person.is_active(visit.site.today):
        return gone(visit, desk)
    if desk.token and visit.site.clock() - said.at > _RECEIPT_LASTS:
        return gone(visit, desk, "used")
    return RedirectResponse(desk.path(visit, "receipt", "task_receipt"), 303)


def receipt_of_task(visit: Visit, desk: Desk) -> Response:
    """Return what whoever is at the desk of a task put on record, or honestly that it is not there yet."""
    return _receipt(visit, desk.known, desk.entry, desk)


def _receipt(visit: Visit, known: Known, said: Recorded | None, desk: Desk | None = None) -> Response:
    entry = said.event if said is not None and isinstance(said.event, AnyRoundEntry) else None
    post = entry if isinstance(entry, PostModerated) else None
    illegal = post is not None and post.reason == "illegal"
    viewer = desk.viewer if desk is not None else visit.viewer
    return visit.show(
        "recorded.html",
        known=known,
        said=said,
        title=FORMS[entry.kind].thing if entry is not None else "",
        words=known.teller.told((said,))[0].words if said is not None else "",
        rows=in_full(entry, known.names) if entry is not None else (),
        at_risk=post is not None and post.child_at_risk != "no",
        to_report=post is not None and post.reason in _REPORTED,
        authorities=[one for one in known.pack.contacts if illegal and one.key in _AUTHORITIES],
        back=desk.path(visit, "decision_link", "task") if desk is not None else "",
        waiting=known.waiting(viewer, visit.site.clock()),
    )


PAGES: Final = (
    Page("/cases/{reference}/record/{kind}", record, ("GET", "POST"), "signed_in"),
    Page("/cases/{reference}/recorded/{n}", recorded, ("GET",), "signed_in"),
)
