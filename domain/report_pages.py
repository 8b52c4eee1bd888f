"""The pages of a report: in which order they come, and how what was typed is read.

Not by `domain.forms.check`, which remembers every form that it has checked: of a report, nothing stays in memory.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Final

from domain.fields import Day, FormFacts, Question, Raw, UnfitAnswerError, revealed_by
from domain.forms import Answers, Checked, Fault
from domain.pack import Pack
from domain.people import Directory
from domain.report_questions import IT_ADMINISTRATOR, option_of, questions_on
from domain.report_so_far import SoFar

_YES: Final = frozenset({"yes", "unsure"})


def pages_of(so_far: SoFar) -> tuple[str, ...]:
    """Return the pages of a report in their order; some come only after an answer that calls for them."""

    def said(key: str, *one_of: str) -> bool:
        raw = so_far.typed.get(key, "")
        return bool(set(one_of) & ({raw} if isinstance(raw, str) else set(raw)))

    pages = {
        "start": True,
        "danger_first": said("danger", *_YES),
        "involved": True,
        "other_device": said("involved", option_of(IT_ADMINISTRATOR)),
        "images": True,
        "no_pictures": said("images", *_YES),
        "at_risk": True,
        "people": True,
        "events": True,
        "when": True,
        "reporter": True,
    }
    return tuple(page for page, comes in pages.items() if comes)


def next_page(so_far: SoFar, packs: Mapping[str, Pack], today: date) -> str | None:
    """Return the first page that was not gone through or on which something is wrong; None where all is answered."""
    for page in pages_of(so_far):
        if page not in so_far.done or read(questions_on(page, so_far, packs), so_far.typed, today).faults:
            return page
    return None


def read(questions: Iterable[Question], typed: Mapping[str, Raw], today: date) -> Checked:
    """Return the answers to `questions` in what was typed, and all that is wrong, at once."""
    facts = FormFacts(directory=Directory(people=()), today=today, school="")
    answers: Answers = {}
    faults: list[Fault] = []
    for question in questions:
        found = _read_one(question, typed, facts)
        answers = {**answers, **found.answers}
        faults += found.faults
    return Checked(answers=dict(answers), faults=tuple(faults))


def _read_one(question: Question, typed: Mapping[str, Raw], facts: FormFacts) -> Checked:
    try:
        answer = question.read(typed.get(question.key, ""), facts)
    except UnfitAnswerError as unfit:
        return Checked(answers={}, faults=(Fault(field=question.key, message=str(unfit)),))
    if answer is None:
        missing = Fault(field=question.key, message=question.ask_again)
        return Checked(answers={}, faults=(missing,) if question.required else ())
    if isinstance(question, Day) and str(answer) > facts.today.isoformat():
        return Checked(answers={}, faults=(Fault(field=question.key, message="The date must be today or before"),))
    revealed = read(revealed_by(question, answer), typed, facts.today)
    return Checked(answers={question.key: answer, **revealed.answers}, faults=revealed.faults)
