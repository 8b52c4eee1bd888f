"""Starting a case: the form is checked as on its pages, and one key begins one case, however often it is sent."""

import asyncio
import json
import re
from collections.abc import Mapping
from typing import Final

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.exceptions import HTTPException

from domain.cases import Act
from domain.fields import FormFacts, Raw
from domain.forms import Fault, Form, check
from domain.pack import Process
from starter.api.calls import Asked, Call
from starter.api.problems import ProblemError
from starter.api.processes import schools_of, startable
from starter.api.shapes import Start, Started
from starter.engine import EngineLostError
from starter.web.filling import Filling, load, prefilled
from starter.web.limits import full_until, seconds_until
from starter.web.page import Visit
from starter.web.submitting import calendar_of, opening_of
from store import drafts, interface, people
from store.interface import StartKeyRow

KEY: Final = "Idempotency-Key"
_KEY: Final = re.compile(r"[!-~]{16,200}")

_LOST: Final = ProblemError(
    503, "not-started", "Duly could not reach what runs the cases. Send the same again, with the same key, in a minute"
)


async def start_case(visit: Visit, body: Start) -> Started:
    """Start a case in your name; nothing is started while anything is wrong with it.

    Send a key of your own making, random and new for each case, in the header `Idempotency-Key`. The same request with
    the same key again starts nothing else and gets the same reply, whatever became of the first.
    """
    key = _key(visit)
    mark = interface.mark_of(visit.site.keys.ring, json.dumps(body.model_dump(mode="json"), sort_keys=True))
    async with visit.site.db.read() as session:
        begun = await interface.begun_under(session, visit.person.id, key)
    if begun is None:
        process, form, school = _asked_for(visit, body)
        raw = {name: _raw(value) for name, value in body.answers.items()}
        await _is_fit(visit, form, raw, school)
        begun = await _keep(visit, key, mark, process, form, raw, school)
    if begun.mark != mark:
        raise ProblemError(409, "key-used", "This key was sent with something else. Send a new key with this")
    return await _begin(visit, begun.draft)


def _key(visit: Visit) -> str:
    sent = visit.request.headers.getlist(KEY)
    if len(sent) != 1 or not _KEY.fullmatch(sent[0]):
        wrong = Fault(field=KEY, message="Send one key of 16 to 200 letters, digits and signs, new for each case")
        raise ProblemError(422, "unfit", faults=[wrong])
    return sent[0]


def _raw(value: str | int | tuple[str, ...]) -> Raw:
    return str(value) if isinstance(value, int) else value


def _asked_for(visit: Visit, body: Start) -> tuple[Process, Form, str]:
    """Return what is to be started, and at which school.

    Raises:
        ProblemError: 422, with everything that does not fit, unknown questions included.
    """
    found = next(((process, form) for process, form in startable(visit) if process.key == body.process), None)
    schools = [school.key for school in schools_of(visit)]
    school = body.school if body.school is not None else schools[0] if len(schools) == 1 else ""
    faults = []
    if found is None:
        faults.append(Fault(field="process", message="There is no such process that you may start"))
    if school not in schools:
        faults.append(Fault(field="school", message="Name the school, one of yours, by its key"))
    known = {question.key for question in found[1].questions()} if found is not None else set(body.answers)
    faults += [
        Fault(field=f"answers.{name}", message="There is no such question")
        for name in body.answers
        if name not in known
    ]
    if found is None or faults:
        raise ProblemError(422, "unfit", faults=faults)
    return *found, school


async def _is_fit(visit: Visit, form: Form, raw: Mapping[str, Raw], school: str) -> None:
    """Check a form as its pages do, whole, with what stands there unless it is answered.

    Raises:
        ProblemError: 422, with everything that is wrong; 429, there were too many cases lately.
    """
    site, now = visit.site, visit.site.clock()
    async with site.db.read() as session:
        directory = await people.directory(session, visit.person.organisation)
        full = await full_until(session, site.settings, visit.person.id, now, may_be_limited=True)
    facts = FormFacts(directory=directory, today=site.today, school=school)
    _raise_faults(check(form, {**prefilled(form, visit.person, directory), **raw}, facts).faults)
    if full is not None:
        whose = "You have" if full.whose == "person" else "Everybody together has"
        why = f"{whose} started as many cases as may be for now"
        raise ProblemError(429, "too-many-cases", why, headers={"Retry-After": str(seconds_until(full.until, now))})


async def _keep(
    visit: Visit, key: str, mark: str, process: Process, form: Form, raw: Mapping[str, Raw], school: str
) -> StartKeyRow:
    """Keep the key, and what it is to begin: a draft in which nothing can be typed any more."""
    try:
        async with visit.site.db.write() as session:
            there = await interface.begun_under(session, visit.person.id, key)
            if there is not None:
                return there
            directory = await people.directory(session, visit.person.organisation)
            draft = await drafts.create(
                session,
                visit.site.keys,
                organisation=visit.person.organisation,
                school=school,
                process=process.key,
                starter=visit.person.id,
                answers={**prefilled(form, visit.person, directory), **raw},
                at=visit.site.clock(),
            )
            await drafts.freeze(session, draft, visit.site.clock())
            await interface.keep_key(session, visit.person.id, key, draft.key, mark, visit.site.clock())
            return StartKeyRow(key=key, draft=draft.key, mark=mark, at=visit.site.clock())
    except IntegrityError:
        # On PostgreSQL others write at the same time: the same key came twice at once, and the other was first.
        async with visit.site.db.read() as session:
            return await _there(session, visit.person.id, key)


async def _there(session: AsyncSession, person: str, key: str) -> StartKeyRow:
    row = await interface.begun_under(session, person, key)
    if row is None:
        raise _LOST
    return row


async def _begin(visit: Visit, key: str) -> Started:
    """Begin the case of a draft, if it has not begun; a draft that holds no more, and has begun none, is let go of."""
    async with visit.site.db.read() as session:
        found = await load(visit, session, key)
    if found is None:
        raise HTTPException(404)
    if found.case is not None or found.row.sealed_answers is None:
        return _started(visit, found)
    try:
        if found.checked.faults:
            await _let_go(visit, found)
        else:
            # In a thread: the first time, it takes a while to read the bank holidays.
            calendar = await asyncio.to_thread(calendar_of, found.pack.calendar, visit.site.today.year)
            await visit.site.engine.begin(opening_of(found, calendar))
    except EngineLostError:
        raise _LOST from None
    async with visit.site.db.write() as session:
        await drafts.mark_submitted(session, key, visit.site.clock())
    return _started(visit, found)


async def _let_go(visit: Visit, found: Filling) -> None:
    """Give a draft back to its author that holds no more, once it is known that it has begun no case.

    Raises:
        EngineLostError: that cannot be known now.
        ProblemError: 422, with everything that is wrong; the key begins nothing any more.
    """
    # Nobody may do this; but only a case that has begun says so.
    ask = Act(kind="look_up", person=visit.person.id, how="token")
    if (await visit.site.engine.act(found.row.case, ask)).says != "closed":
        return
    async with visit.site.db.write() as session:
        await drafts.thaw(session, found.row.key)
    _raise_faults(found.checked.faults)


def _raise_faults(faults: tuple[Fault, ...]) -> None:
    if faults:
        told = [Fault(field=f"answers.{fault.field}", message=fault.message) for fault in faults]
        raise ProblemError(422, "unfit", faults=told)


def _started(visit: Visit, found: Filling) -> Started:
    reference = found.row.reference
    page = f"{visit.site.settings.base_url}{visit.path('case', reference=reference)}"
    return Started(reference=reference, process=found.process.key, page=page)


CALLS: Final = (
    Call(
        "POST",
        "/api/v1/cases",
        start_case,
        "cases:start",
        Started,
        body=Start,
        status=201,
        asked=(
            Asked(
                KEY,
                "A key of your own making, random and new for each case",
                required=True,
                place="header",
                shape={"pattern": f"^{_KEY.pattern}$"},
            ),
        ),
        problems=(409, 415),
    ),
)
