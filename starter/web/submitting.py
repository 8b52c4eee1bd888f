"""Check your answers, send them, and the page that says that they were received."""

import asyncio
from datetime import timedelta
from functools import cache
from typing import Final

from starlette.responses import Response

import packs
from domain.calendar import Calendar
from domain.cases import Opening, Request
from domain.fields import OnePerson
from domain.forms import Fault, Form
from domain.pack import CalendarRules, digest
from starter.engine import EngineLostError
from starter.web.filling import Filling, filling
from starter.web.limits import Full, full_until, seconds_until
from starter.web.page import Page, Visit
from starter.web.reading import only
from starter.web.showing import first_input, shown_form, shown_steps
from store import drafts


async def check_answers(visit: Visit) -> Response:
    """Show all answers before they are sent; a POST sends them, unless something is wrong."""
    found = await filling(visit, visit.place("key"))
    if found.sent:
        return await _received(visit, found)
    if not visit.is_post:
        return _shown(visit, found)
    only(visit.sent, ())
    if found.checked.faults:
        return _shown(visit, found, 422)
    async with visit.site.db.read() as session:
        full = await full_until(
            session, visit.site.settings, found.row.starter, visit.site.clock(), may_be_limited=True
        )
    if full is not None:
        return _full(visit, found, full)
    # In a thread: the first time, it takes a while to read the bank holidays.
    calendar = await asyncio.to_thread(_calendar, found.pack.calendar, visit.site.today.year)
    try:
        await visit.site.engine.begin(opening_of(found, calendar))
    except EngineLostError:
        return visit.show("not_sent.html", 503, draft=found)
    return await _received(visit, found)


async def done(visit: Visit) -> Response:
    """Show that the request was received, under which reference, and what happens next."""
    found = await filling(visit, visit.place("key"))
    if not found.sent:
        return visit.go("check_answers", key=found.row.key)
    return visit.show("done.html", draft=found, steps=shown_steps(found.pack, found.process))


async def _received(visit: Visit, found: Filling) -> Response:
    """Note that the case has begun, which Temporal has acknowledged, and show the reference."""
    if found.row.submitted_at is None:
        async with visit.site.db.write() as session:
            await drafts.mark_submitted(session, found.row.key, visit.site.clock())
    return visit.go("done", key=found.row.key)


def _full(visit: Visit, found: Filling, full: Full) -> Response:
    """Return the page that says from when on the request can be sent; the draft stays as it is."""
    # A page says minutes: the one in which it can be sent has to have begun.
    minute = (full.until + timedelta(minutes=1, microseconds=-1)).replace(second=0, microsecond=0)
    answer = visit.show("too_many_cases.html", 429, draft=found, own=full.whose == "person", until=minute)
    answer.headers["Retry-After"] = str(seconds_until(full.until, visit.site.clock()))
    return answer


def _shown(visit: Visit, found: Filling, status: int = 200) -> Response:
    checked = found.checked
    return visit.show(
        "check.html",
        status,
        draft=found,
        sections=shown_form(found.form, checked.answers, found.directory),
        errors=[_linked(visit, found, fault) for fault in checked.faults],
        warnings=checked.warnings,
        overrides=checked.overrides,
    )


def _linked(visit: Visit, found: Filling, fault: Fault) -> tuple[str, str]:
    question = found.form.question(fault.field)
    place = first_input(question) if question is not None else ""
    section = found.section_of(fault.field).key
    return f"{visit.path('section', key=found.row.key, section=section)}?faults=shown#{place}", fault.message


@cache
def _calendar(rules: CalendarRules, year: int) -> Calendar:
    return packs.expand(rules, year)


def opening_of(found: Filling, calendar: Calendar) -> Opening:
    """Return what the case begins with, out of a draft with which nothing is wrong."""
    answers = found.checked.answers
    author_field = _author_field(found.form)
    title = answers.get(found.form.site_title or "", found.process.title)
    return Opening(
        case=found.row.case,
        reference=found.row.reference,
        organisation=found.row.organisation,
        school=found.row.school,
        pack_digest=digest(found.pack),
        process=found.process,
        seats=found.pack.seats,
        calendar=calendar,
        request=Request(
            title=str(title),
            starter=found.row.starter,
            author=str(answers.get(author_field or "", found.row.starter)),
            answers=answers,
            overrides=tuple(fault.message for fault in found.checked.overrides),
        ),
    )


def _author_field(form: Form) -> str | None:
    questions = (q for q in form.questions() if isinstance(q, OnePerson))
    return next((question.key for question in questions if question.default == "starter"), None)


PAGES: Final = (
    Page("/drafts/{key}/check", check_answers, ("GET", "POST"), "signed_in"),
    Page("/drafts/{key}/done", done, ("GET",), "signed_in"),
)
