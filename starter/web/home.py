"""Where everybody begins: what you can start, and what waits for you."""

from functools import partial
from typing import Final

from starlette.exceptions import HTTPException
from starlette.responses import Response

from domain.access import allow
from domain.pack import NotOffered, Process, School
from domain.people import PersonKind
from starter.web.cases import state_of
from starter.web.documents import policies_due
from starter.web.filling import prefilled
from starter.web.page import Page, Visit
from starter.web.reading import only
from starter.web.showing import shown_steps
from store import drafts, people, queries


async def home(visit: Visit) -> Response:
    """Show what waits for the visitor, what they have begun, and what they can start."""
    async with visit.site.db.read() as session:
        waiting = await queries.waiting_for(session, visit.person.id)
        begun = await queries.cases_of(session, visit.person.id)
        void = await queries.void_of(session, begun)
        filled_in = await drafts.of_person(session, visit.person.id)
        questions = await drafts.advice_for(session, visit.person.id)
        due = await policies_due(visit, session)
    titles = {process.key: process.title for process in visit.pack.processes}
    seats = {seat.key: seat.title for seat in visit.pack.seats}
    return visit.show(
        "home.html",
        first_name=visit.person.name.split()[0],
        waiting=waiting,
        begun=begun,
        state_of=partial(state_of, void=void),
        drafts=[(row, titles[row.process]) for row in filled_in if row.process in titles],
        questions=[row for row in questions if row.answered_at is None],
        # What somebody asks to do before what somebody asks about.
        processes=sorted(
            (one for one in visit.pack.processes if one.may_start), key=lambda one: one.story == "question"
        ),
        not_offered=visit.pack.not_offered,
        seats=seats,
        due=due,
    )


async def start(visit: Visit) -> Response:
    """Show what a process is and who decides in it; a POST begins a draft of its form."""
    key = visit.place("process")
    refused = next((found for found in visit.pack.not_offered if found.key == key), None)
    if refused is not None:
        if visit.is_post:
            raise HTTPException(403)
        return _not_offered(visit, refused)
    process = visit.pack.process(key)
    if process is None or not process.may_start or not allow(visit.viewer, "start"):
        raise HTTPException(404)
    schools = _schools(visit)
    may = visit.person.kind in process.may_start and bool(schools)
    if not visit.is_post:
        return _shown(visit, process, schools, may)
    if not may:
        raise HTTPException(403)
    school = only(visit.sent, (), ("school",)).get("school", schools[0].key if len(schools) == 1 else "")
    if school not in {known.key for known in schools}:
        return _shown(visit, process, schools, may, 422)
    return await _begin(visit, process, school)


async def _begin(visit: Visit, process: Process, school: str) -> Response:
    person, form = visit.person, visit.pack.form(process.form)
    if form is None:
        raise HTTPException(404)
    async with visit.site.db.write() as session:
        directory = await people.directory(session, person.organisation)
        row = await drafts.create(
            session,
            visit.site.keys,
            organisation=person.organisation,
            school=school,
            process=process.key,
            starter=person.id,
            answers=prefilled(form, person, directory),
            at=visit.site.clock(),
        )
    return visit.go("draft", key=row.key)


def _schools(visit: Visit) -> tuple[School, ...]:
    return tuple(school for school in visit.pack.organisation.schools if school.key in visit.person.schools)


def _shown(visit: Visit, process: Process, schools: tuple[School, ...], may: bool, status: int = 200) -> Response:
    return visit.show(
        "start.html",
        status,
        process=process,
        steps=shown_steps(visit.pack, process),
        schools=schools,
        may=may,
        kinds=sorted(_words(kind) for kind in process.may_start),
        errors=[("#school", "Choose the school")] if status != 200 else [],
    )


def _not_offered(visit: Visit, refused: NotOffered) -> Response:
    clause = next((clause for clause in visit.pack.clauses if clause.id == refused.clause), None)
    return visit.show("not_offered.html", refused=refused, clause=clause, document=visit.pack.document)


def _words(kind: PersonKind) -> str:
    return kind.value.replace("_", " ")


PAGES: Final = (
    Page("/", home, ("GET",), "signed_in"),
    Page("/start/{process}", start, ("GET", "POST"), "signed_in"),
)
