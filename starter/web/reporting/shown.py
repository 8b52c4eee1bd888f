"""How the pages on which somebody reports are shown."""

from collections.abc import Sequence
from typing import Final

from starlette.responses import Response

from domain.allegations import Reporter
from domain.fields import Question
from domain.forms import Answers, Fault
from domain.pack import Contact
from domain.people import Directory
from domain.report_pages import pages_of, read
from domain.report_questions import Place, place_of, questions_on
from domain.report_so_far import MOST_EVENTS, MOST_PEOPLE, SoFar, all_of
from starter.web.drafts import View
from starter.web.page import Visit
from starter.web.reporting.numbers import numbers_of
from starter.web.showing import ShownAnswer, ShownSection, first_input, shown_answer

CHECK: Final = "check"
MORE: Final = {"people": MOST_PEOPLE, "events": MOST_EVENTS}
_ONE: Final = {"people": "Person", "events": "What happened"}
_FIRST_OF_ALL: Final = "First of all"

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


def show_page(visit: Visit, page: str, so_far: SoFar, faults: Sequence[Fault] = ()) -> Response:
    """Show `page`, with all that was answered so far inside it."""
    questions = questions_on(page, so_far, visit.site.packs)
    wrong = {fault.field: _whose(page, so_far, fault.field) + fault.message for fault in faults}
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
        more=page in MORE and getattr(so_far, page) < MORE[page],
        first=page == "start",
        numbers=_numbers(visit, place),
        errors=[(f"#{first_input(one)}", wrong[one.key]) for one in all_of(questions) if one.key in wrong],
    )


def show_check(visit: Visit, so_far: SoFar, place: Place, sections: Sequence[ShownSection]) -> Response:
    """Show all answers before they are sent."""
    return visit.show(
        "report_check.html",
        so_far=so_far.model_dump_json(),
        place=place,
        sections=sections,
        numbers=numbers_of((place.pack,)),
    )


def show_not_here(visit: Visit, place: Place) -> Response:
    """Say that the school takes no reports here, why, and whom to telephone."""
    return visit.show("report_not_here.html", place=place, numbers=numbers_of((place.pack,)))


def sections_of(visit: Visit, so_far: SoFar, reporter: Reporter) -> tuple[ShownSection, ...]:
    """Return all that was answered, page by page."""
    shown = []
    for page in pages_of(so_far):
        questions = questions_on(page, so_far, visit.site.packs)
        if questions:
            answers = read(questions, so_far.typed, visit.site.today).answers
            lines = tuple(_line(page, so_far, one, answers) for one in all_of(questions) if one.key in answers)
            shown.append(ShownSection(page, _FIRST_OF_ALL if page == "start" else TITLES[page], lines))
    if reporter.person is not None:
        mine = ShownAnswer("name", "mode", "Your name", (f"{reporter.name}, who is signed in here",))
        last = shown[-1]
        shown[-1] = ShownSection(last.key, last.title, (*(one for one in last.answers if "name" not in one.key), mine))
    return tuple(shown)


def _groups(page: str, so_far: SoFar, questions: Sequence[Question]) -> list[tuple[str, list[Question]]]:
    """Return the questions of a page, those about each person or each thing that happened together."""
    if page not in MORE or getattr(so_far, page) == 1:
        return [("", list(questions))]
    return [
        (f"{_ONE[page]} {n}", [one for one in questions if one.key.endswith(f"_{n}")])
        for n in range(1, getattr(so_far, page) + 1)
    ]


def _line(page: str, so_far: SoFar, question: Question, answers: Answers) -> ShownAnswer:
    label = _whose(page, so_far, question.key) + question.label.removesuffix(" (optional)")
    lines = shown_answer(question, answers.get(question.key), Directory(people=()))
    return ShownAnswer(question.key, question.key, label, lines)


def _whose(page: str, so_far: SoFar, key: str) -> str:
    """Return, before what is said of a question, of which of several it is."""
    several = page in MORE and getattr(so_far, page) > 1
    return f"{_ONE[page]} {key.rpartition('_')[2]}: " if several else ""


def _numbers(visit: Visit, place: Place | None) -> tuple[Contact, ...]:
    return numbers_of((place.pack,) if place is not None else visit.site.packs.values())
