"""The pages on which somebody reports: each asks a little, and carries what was answered so far to the next.

Nothing is stored before the end, and these pages know nobody, signed in or not. Only whoever chose to report with their
name is looked up, without a trace.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from pydantic import ValidationError
from sqlalchemy.exc import SQLAlchemyError
from starlette.responses import Response

from domain.allegations import Reporter
from domain.fields import Question
from domain.forms import Answers, Fault, UnreadableFormError, raw_answers
from domain.pack import Contact
from domain.people import Directory
from domain.report_pages import next_page, pages_of, read
from domain.report_questions import Place, place_of, processes_of, questions_on
from domain.report_so_far import MOST_EVENTS, MOST_PEOPLE, SoFar, all_of, without_files
from domain.reporting import involved_in, reaches_anybody, report_of, reporter_of
from starter.web.drafts import View
from starter.web.page import Page, Visit
from starter.web.reading import UnreadableBodyError
from starter.web.reporting.numbers import PATH, numbers_of
from starter.web.reporting.sending import send, signed_in_quietly
from starter.web.showing import ShownAnswer, ShownSection, first_input, shown_answer
from store import people

CHECK: Final = "check"
_KEY: Final = 32
_OWN: Final = ("so_far", "page", "go")
_MORE: Final = {"people": MOST_PEOPLE, "events": MOST_EVENTS}
_NAME_FIELDS: Final = {"named": "name", "confidential": "confidential_name"}

TITLES: Final = {
    "start": "Report a concern about somebody",
    "danger_first": "Telephone first",
    "involved": "Who must not learn of this?",
    "other_device": "Use another device, or telephone",
    "images": "Indecent images",
    "no_pictures": "Tell the police first",
    "at_risk": "Children",
    "people": "Who is it about?",
    "events": "What happened?",
    "when": "When and where",
    "reporter": "You",
    CHECK: "Check your answers",
}


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
        return _not_here(visit, place) if place and not processes_of(place.pack) else _shown(visit, "start", so_far)
    turn = _read(visit)
    so_far, pages = turn.so_far, pages_of(turn.so_far)
    if turn.go == "back":
        before = pages.index(turn.page) if turn.page in pages else len(pages)
        return _shown(visit, pages[max(before - 1, 0)], so_far)
    if turn.go == "add" and turn.page in _MORE:
        count = min(getattr(so_far, turn.page) + 1, _MORE[turn.page])
        return _shown(visit, turn.page, so_far.model_copy(update={turn.page: count}), turn.faults)
    if turn.go in pages:
        return _shown(visit, turn.go, so_far)
    if turn.faults:
        return _shown(visit, turn.page, so_far, turn.faults)
    return await _onward(visit, turn)


async def _onward(visit: Visit, turn: Turn) -> Response:
    """Return what comes after a page with which nothing is wrong."""
    so_far, place = turn.so_far, turn.place
    page = next_page(so_far, visit.site.packs, visit.site.today)
    if place is not None and (not processes_of(place.pack) or _cannot_be_taken(visit, place, so_far)):
        return _not_here(visit, place)
    if place is not None and turn.page == "involved" and not await _reaches_anybody(visit, place, so_far):
        return visit.show("report_nobody.html", place=place, numbers=numbers_of((place.pack,)), sections=())
    if page is not None:
        return _shown(visit, page, so_far, _faults(visit, page, so_far) if page in so_far.done else ())
    if place is None:
        msg = "the report is about no school"
        raise UnreadableBodyError(msg, 422)
    answers = _answers(visit, so_far)
    signed_in = await signed_in_quietly(visit, place) if answers.get("mode") != "anonymous" else None
    reporter = reporter_of(answers, signed_in)
    if reporter.mode != "anonymous" and not reporter.name:
        missing = Fault(field=_NAME_FIELDS[reporter.mode], message="Type your name, or report without it")
        return _shown(visit, "reporter", so_far, (missing,))
    sections = _sections(visit, so_far, reporter)
    if turn.page == CHECK and turn.go == "send":
        return await send(visit, so_far, report_of(so_far, answers, place.pack, reporter), place, sections)
    return _check(visit, so_far, place, sections)


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


def _shown(visit: Visit, page: str, so_far: SoFar, faults: Sequence[Fault] = ()) -> Response:
    """Show `page`, with all that was answered so far inside it."""
    questions = questions_on(page, so_far, visit.site.packs)
    wrong = {fault.field: fault.message for fault in faults}
    place = place_of(so_far, visit.site.packs)
    return visit.show(
        "report.html",
        422 if wrong else 200,
        page=page,
        title=TITLES[page],
        groups=_groups(page, so_far, questions),
        view=View(so_far.typed, wrong, frozenset()),
        so_far=so_far.without(questions).model_dump_json(),
        images=so_far.typed.get("images") in {"yes", "unsure"},
        more=page in _MORE and getattr(so_far, page) < _MORE[page],
        first=page == "start",
        numbers=_numbers(visit, place),
        errors=[(f"#{first_input(one)}", wrong[one.key]) for one in all_of(questions) if one.key in wrong],
    )


def _groups(page: str, so_far: SoFar, questions: Sequence[Question]) -> list[tuple[str, list[Question]]]:
    """Return the questions of a page, those about each person or each thing that happened together."""
    if page not in _MORE or getattr(so_far, page) == 1:
        return [("", list(questions))]
    word = "Person" if page == "people" else "What happened"
    return [
        (f"{word} {n}", [one for one in questions if one.key.endswith(f"_{n}")])
        for n in range(1, getattr(so_far, page) + 1)
    ]


def _check(visit: Visit, so_far: SoFar, place: Place, sections: Sequence[ShownSection]) -> Response:
    return visit.show(
        "report_check.html",
        so_far=so_far.model_dump_json(),
        place=place,
        sections=sections,
        numbers=numbers_of((place.pack,)),
    )


def _sections(visit: Visit, so_far: SoFar, reporter: Reporter) -> tuple[ShownSection, ...]:
    """Return all that was answered, page by page."""
    shown = []
    for page in pages_of(so_far):
        questions = questions_on(page, so_far, visit.site.packs)
        if questions:
            answers = read(questions, so_far.typed, visit.site.today).answers
            lines = tuple(_line(page, so_far, one, answers) for one in all_of(questions) if one.key in answers)
            shown.append(ShownSection(page, TITLES[page], lines))
    if reporter.person is not None:
        mine = ShownAnswer("name", "mode", "Your name", (f"{reporter.name}, who is signed in here",))
        last = shown[-1]
        shown[-1] = ShownSection(last.key, last.title, (*(one for one in last.answers if "name" not in one.key), mine))
    return tuple(shown)


def _line(page: str, so_far: SoFar, question: Question, answers: Answers) -> ShownAnswer:
    number = question.key.rpartition("_")[2]
    several = page in _MORE and getattr(so_far, page) > 1
    label = f"{number}: {question.label}" if several else question.label
    lines = shown_answer(question, answers.get(question.key), Directory(people=()))
    return ShownAnswer(question.key, question.key, label.removesuffix(" (optional)"), lines)


def _not_here(visit: Visit, place: Place) -> Response:
    return visit.show("report_not_here.html", place=place, numbers=numbers_of((place.pack,)))


def _numbers(visit: Visit, place: Place | None) -> tuple[Contact, ...]:
    return numbers_of((place.pack,) if place is not None else visit.site.packs.values())


PAGES: Final = (Page(PATH, report, ("GET", "POST"), "anyone"),)
