"""The pages on which somebody reports: each asks a little, and carries what was answered so far to the next.

Nothing is stored before the end, and these pages know nobody, signed in or not. Only whoever chose to report with their
name is looked up, without a trace.
"""

import secrets
from dataclasses import dataclass
from typing import Final

from pydantic import ValidationError
from sqlalchemy.exc import SQLAlchemyError
from starlette.responses import Response

from domain.forms import Answers, Fault, UnreadableFormError, raw_answers
from domain.pasted import NO_PICTURES
from domain.report_pages import next_page, pages_of, read
from domain.report_questions import Place, place_of, processes_of, questions_on
from domain.report_so_far import SoFar, all_of, without_files
from domain.reporting import involved_in, reaches_anybody, report_of, reporter_of
from starter.web.page import Page, Visit
from starter.web.reading import UnreadableBodyError
from starter.web.reporting.numbers import PATH, numbers_of
from starter.web.reporting.sending import send, signed_in_quietly
from starter.web.reporting.shown import CHECK, MORE, TITLES, sections_of, show_check, show_not_here, show_page
from store import people

_KEY: Final = 32
_OWN: Final = ("so_far", "page", "go")
_NAME_FIELDS: Final = {"named": "name", "confidential": "confidential_name"}


@dataclass(frozen=True)
class Turn:
    """One page as it came back: which, what was answered with it, what is wrong, and what is wanted next."""

    page: str
    go: str
    so_far: SoFar
    place: Place | None
    faults: tuple[Fault, ...]


async def report(visit: Visit) -> Response:
    """Show the first page of a report; a POST takes what was answered on one page and shows the next."""
    if not visit.is_post:
        so_far = SoFar(key=secrets.token_urlsafe(_KEY))
        place = place_of(so_far, visit.site.packs)
        if place is not None and not processes_of(place.pack):
            return show_not_here(visit, place)
        return show_page(visit, "start", so_far)
    turn = _read(visit)
    so_far, pages = turn.so_far, pages_of(turn.so_far)
    if turn.go == "back":
        before = pages.index(turn.page) if turn.page in pages else len(pages)
        return show_page(visit, pages[max(before - 1, 0)], so_far)
    if turn.go == "add" and turn.page in MORE:
        count = min(getattr(so_far, turn.page) + 1, MORE[turn.page])
        pasted = [fault for fault in turn.faults if fault.message == NO_PICTURES]
        return show_page(visit, turn.page, so_far.model_copy(update={turn.page: count}), pasted)
    if turn.go in pages:
        return show_page(visit, turn.go, so_far)
    if turn.faults:
        return show_page(visit, turn.page, so_far, turn.faults)
    return await _onward(visit, turn)


async def _onward(visit: Visit, turn: Turn) -> Response:
    """Return what comes after a page with which nothing is wrong."""
    so_far, place = turn.so_far, turn.place
    page = next_page(so_far, visit.site.packs, visit.site.today)
    if place is not None and (not processes_of(place.pack) or _cannot_be_taken(visit, place, so_far)):
        return show_not_here(visit, place)
    if place is not None and turn.page == "involved" and not await _reaches_anybody(visit, place, so_far):
        return visit.show("report_nobody.html", place=place, numbers=numbers_of((place.pack,)), sections=())
    if page is not None:
        return show_page(visit, page, so_far, _faults(visit, page, so_far) if page in so_far.done else ())
    if place is None:
        msg = "the report is about no school"
        raise UnreadableBodyError(msg, 422)
    answers = _answers(visit, so_far)
    signed_in = await signed_in_quietly(visit, place) if answers.get("mode") != "anonymous" else None
    reporter = reporter_of(answers, signed_in)
    if reporter.mode != "anonymous" and not reporter.name:
        missing = Fault(field=_NAME_FIELDS[reporter.mode], message="Type your name, or report without it")
        return show_page(visit, "reporter", so_far, (missing,))
    sections = sections_of(visit, so_far, reporter)
    if turn.page == CHECK and turn.go == "send":
        return await send(visit, so_far, report_of(so_far, answers, place.pack, reporter), place, sections)
    return show_check(visit, so_far, place, sections)


def _read(visit: Visit) -> Turn:
    """Return the page as it came back.

    Raises:
        UnreadableBodyError: it is no page of a report.
    """
    sent = {name: text for name, text in visit.sent if name in _OWN}
    rest = [(name, text) for name, text in visit.sent if name not in _OWN]
    if len(sent) + len(rest) != len(visit.sent) or not {"so_far", "page"} <= sent.keys():
        raise _unreadable()
    try:
        so_far = SoFar.model_validate_json(sent["so_far"])
    except ValidationError:
        # Not as the cause: it would show what was typed.
        raise _unreadable() from None
    so_far = so_far.model_copy(update={"typed": without_files(so_far.typed)[0]})
    page, packs = sent["page"], visit.site.packs
    if page not in TITLES:
        raise _unreadable()
    questions = questions_on(page, so_far, packs)
    try:
        typed, pasted = without_files(raw_answers(tuple(all_of(questions)), rest))
    except UnreadableFormError:
        raise _unreadable() from None
    so_far = so_far.with_typed(page, typed, questions)
    wrong = {fault.field: fault for fault in (*_faults(visit, page, so_far), *pasted)}
    return Turn(page, sent.get("go", "on"), so_far, place_of(so_far, packs), tuple(wrong.values()))


def _unreadable() -> UnreadableBodyError:
    return UnreadableBodyError("the form is no page of a report", 422)


def _faults(visit: Visit, page: str, so_far: SoFar) -> tuple[Fault, ...]:
    return read(questions_on(page, so_far, visit.site.packs), so_far.typed, visit.site.today).faults


def _answers(visit: Visit, so_far: SoFar) -> Answers:
    pages = [questions_on(page, so_far, visit.site.packs) for page in pages_of(so_far)]
    return read([question for questions in pages for question in questions], so_far.typed, visit.site.today).answers


def _cannot_be_taken(visit: Visit, place: Place, so_far: SoFar) -> bool:
    """Return whether a child could be at risk, and the school has no process for that."""
    said = {so_far.typed.get("at_risk"), so_far.typed.get("images")}
    return bool(said & {"yes", "unsure"}) and "allegation" not in processes_of(place.pack)


async def _reaches_anybody(visit: Visit, place: Place, so_far: SoFar) -> bool:
    """Return whether anybody could see to it, so that nobody types a story that nobody here may read.

    Where that cannot be found out now, it is found out when the report is sent.
    """
    involved = involved_in(_answers(visit, so_far), place.pack)
    try:
        async with visit.site.db.read() as session:
            directory = await people.directory(session, place.pack.organisation.key)
    except (SQLAlchemyError, OSError, TimeoutError):
        return True
    return reaches_anybody(involved, place, directory, visit.site.today)


PAGES: Final = (Page(PATH, report, ("GET", "POST"), "anyone"),)
