"""Check your answers, send them, and the page that says that they were received."""

import asyncio
from datetime import timedelta
from functools import cache
from typing import Final

from starlette.responses import Response

import packs
from domain.calendar import Calendar
from domain.cases import Act, Opening
from domain.forms import Fault
from domain.pack import CalendarRules, digest
from starter.engine import EngineLostError
from starter.web.editing import changes_in, not_changed, send_changes
from starter.web.filling import Filling, filling, request_of
from starter.web.known import Known
from starter.web.limits import Full, full_until, seconds_until
from starter.web.page import Page, Visit
from starter.web.reading import only
from starter.web.showing import first_input, shown_form, shown_steps
from store import drafts, queries


async def check_answers(visit: Visit) -> Response:
    """Show all answers before they are sent; a POST sends them, unless something is wrong."""
    found = await filling(visit, visit.place("key"))
    fields = only(visit.sent, (), ("edition", "read"))
    edition, unread = fields.get("edition"), fields.get("read", found.digest) != found.digest
    if unread and not found.checked.faults and (found.changing is not None or not found.sent):
        return _shown(visit, found, 409, unread=True)
    if found.changing is not None:
        return await _check_changes(visit, found, found.changing, edition)
    if edition is not None and found.sent and found.row.changes is None:
        return visit.go("changed", reference=found.row.reference)
    if found.sent and not found.on_its_way:
        return await _received(visit, found)
    if not visit.is_post:
        return _not_sent(visit, found, 200) if found.on_its_way else _shown(visit, found)
    if found.checked.faults:
        return await _take_back(visit, found) if found.on_its_way else _shown(visit, found, 422)
    full = None if found.on_its_way else await _full_until(visit, found)
    return _full(visit, found, full) if full else await _send(visit, found)


async def done(visit: Visit) -> Response:
    """Show that the request was received, under which reference, and what happens next."""
    found = await filling(visit, visit.place("key"))
    if not found.sent or found.on_its_way:
        return visit.go("check_answers", key=found.row.key)
    if found.row.changes is not None:
        return visit.go("change", reference=found.row.reference)
    if found.case is not None and queries.is_nobodys(found.case):
        return visit.go("case", reference=found.case.reference)
    return visit.show("done.html", draft=found, steps=shown_steps(found.pack, found.process))


async def _send(visit: Visit, found: Filling) -> Response:
    """Begin the case. From the first attempt on nothing can be typed: it begins with what the draft shows, or not."""
    async with visit.site.db.write() as session:
        frozen = await drafts.freeze(session, found.row, visit.site.clock())
    if not frozen:
        now = await filling(visit, found.row.key)
        return await _received(visit, now) if now.sent and not now.on_its_way else _shown(visit, now, 409)
    # In a thread: the first time, it takes a while to read the bank holidays.
    calendar = await asyncio.to_thread(calendar_of, found.pack.calendar, visit.site.today.year)
    try:
        await visit.site.engine.begin(opening_of(found, calendar))
    except EngineLostError:
        return _not_sent(visit, found, 503)
    return await _received(visit, found)


async def _take_back(visit: Visit, found: Filling) -> Response:
    """Let a draft be put right that holds no more, once it is known that its first attempt began no case."""
    # Nobody may do this; but only a case that has begun says so.
    ask = Act(kind="look_up", person=visit.person.id, how="session")
    try:
        reply = await visit.site.engine.act(found.row.case, ask)
    except EngineLostError:
        return _not_sent(visit, found, 503)
    if reply.says != "closed":
        return await _received(visit, found)
    async with visit.site.db.write() as session:
        await drafts.thaw(session, found.row.key)
    return _shown(visit, found, 422)


async def _check_changes(visit: Visit, found: Filling, known: Known, edition: str | None) -> Response:
    """Show what was changed before it is sent; a POST from this very change sends it, unless something is wrong."""
    if not visit.is_post:
        return not_changed(visit, known, "wrong_version", found) if found.is_overtaken else _shown(visit, found)
    if edition != str(found.row.changes):
        return visit.go("check_answers", key=found.row.key)
    if found.checked.faults:
        return _shown(visit, found, 422)
    return await send_changes(visit, found, known)


async def _received(visit: Visit, found: Filling) -> Response:
    """Note that the case has begun, which Temporal has acknowledged, and show the reference."""
    if found.row.sealed_answers is not None:
        async with visit.site.db.write() as session:
            await drafts.mark_submitted(session, found.row.key, visit.site.clock())
    return visit.go("done", key=found.row.key)


def _not_sent(visit: Visit, found: Filling, status: int) -> Response:
    return visit.show("not_sent.html", status, draft=found)


async def _full_until(visit: Visit, found: Filling) -> Full | None:
    async with visit.site.db.read() as session:
        return await full_until(
            session, visit.site.settings, found.row.starter, visit.site.clock(), may_be_limited=True
        )


def _full(visit: Visit, found: Filling, full: Full) -> Response:
    """Return the page that says from when on the request can be sent; the draft stays as it is."""
    # A page says minutes: the one in which it can be sent has to have begun.
    minute = (full.until + timedelta(minutes=1, microseconds=-1)).replace(second=0, microsecond=0)
    answer = visit.show("too_many_cases.html", 429, draft=found, own=full.whose == "person", until=minute)
    answer.headers["Retry-After"] = str(seconds_until(full.until, visit.site.clock()))
    return answer


def _shown(visit: Visit, found: Filling, status: int = 200, unread: bool = False) -> Response:
    """Show all answers; `unread` are some that were changed elsewhere since this page was shown."""
    checked = found.checked
    elsewhere = [("#main-content", "An answer was changed in another window: read them again before you send them")]
    return visit.show(
        "check.html",
        status,
        draft=found,
        sections=shown_form(found.form, checked.answers, found.directory),
        errors=[_linked(visit, found, fault) for fault in checked.faults],
        unread=elsewhere if unread else [],
        warnings=checked.warnings,
        overrides=checked.overrides,
        changes=changes_in(found),
    )


def _linked(visit: Visit, found: Filling, fault: Fault) -> tuple[str, str]:
    question = found.form.question(fault.field)
    place = first_input(question) if question is not None else ""
    section = found.section_of(fault.field).key
    return f"{visit.path('section', key=found.row.key, section=section)}?faults=shown#{place}", fault.message


@cache
def calendar_of(rules: CalendarRules, year: int) -> Calendar:
    """Return the calendar of `rules` from `year` on; the first time, it takes a while to read the bank holidays."""
    return packs.expand(rules, year)


def opening_of(found: Filling, calendar: Calendar) -> Opening:
    """Return what the case begins with, out of a draft with which nothing is wrong."""
    return Opening(
        case=found.row.case,
        reference=found.row.reference,
        organisation=found.row.organisation,
        school=found.row.school,
        pack_digest=digest(found.pack),
        process=found.process,
        seats=found.pack.seats,
        calendar=calendar,
        request=request_of(found),
        immaterial=tuple(question.key for question in found.form.questions() if not question.material),
    )


PAGES: Final = (
    Page("/drafts/{key}/check", check_answers, ("GET", "POST"), "signed_in"),
    Page("/drafts/{key}/done", done, ("GET",), "signed_in"),
)
