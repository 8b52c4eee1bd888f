"""A form's answers as people read them: labels for options, names for people, days in words."""

from dataclasses import dataclass
from datetime import date

from domain.fields import Day, ManyOf, OneOf, OnePerson, People, Question, Value, WholeNumber, YesNoUnsure
from domain.forms import Answers, Form, html_names
from domain.pack import Pack, Process
from domain.people import Directory
from domain.versions import changed_answers
from domain.words import weekday_in_words

_YES_NO_UNSURE = {"yes": "Yes", "no": "No", "unsure": "Not sure"}


@dataclass(frozen=True)
class ShownAnswer:
    """A question and its answer, a line for each of several; no line where nothing was answered.

    `place` is the id of its first input on the form's page.
    """

    key: str
    place: str
    label: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class ShownSection:
    """A section of a form with what was answered there."""

    key: str
    title: str
    answers: tuple[ShownAnswer, ...]


@dataclass(frozen=True)
class ShownChange:
    """A question whose answer changed, with both answers in lines; no line where nothing was answered."""

    label: str
    before: tuple[str, ...]
    after: tuple[str, ...]


@dataclass(frozen=True)
class ShownStep:
    """A step as it is told before anything starts: who approves what, all of them or any, in how many working days."""

    seats: tuple[str, ...]
    approves: str
    needs_all: bool
    days: int


def shown_steps(pack: Pack, process: Process) -> tuple[ShownStep, ...]:
    """Return the steps of `process` in their order, each with the titles of its seats; or who answers a question."""
    titles = {seat.key: seat.title for seat in pack.seats}
    if process.story == "question":
        return tuple(ShownStep((titles[task.seat],), "", True, task.answer_within) for task in process.tasks)
    return tuple(
        ShownStep(tuple(titles[seat] for seat in step.seats), step.approves, step.needs == "all", step.answer_within)
        for step in process.steps
    )


def shown_form(form: Form, answers: Answers, directory: Directory) -> tuple[ShownSection, ...]:
    """Return the whole form as it was answered. A question that was not revealed is left out."""
    return tuple(
        ShownSection(
            section.key,
            section.title,
            tuple(
                ShownAnswer(
                    question.key,
                    first_input(question),
                    question.label,
                    shown_answer(question, answers.get(question.key), directory),
                )
                for question in section.questions()
                if question in section.fields or question.key in answers
            ),
        )
        for section in form.sections
    )


def shown_changes(form: Form, before: Answers, after: Answers, directory: Directory) -> tuple[ShownChange, ...]:
    """Return the questions whose answers changed, in the order of the form; a text stands there whole, twice."""
    changed = changed_answers(before, after)
    return tuple(
        ShownChange(
            question.label,
            shown_answer(question, before.get(question.key), directory),
            shown_answer(question, after.get(question.key), directory),
        )
        for question in form.questions()
        if question.key in changed
    )


def first_input(question: Question) -> str:
    """Return the id of the first input that `question` is shown as, to which a summary of faults links."""
    if isinstance(question, OneOf | ManyOf):
        return question.key
    return html_names(question)[0][0]


def shown_answer(question: Question, answer: Value | None, directory: Directory) -> tuple[str, ...]:
    """Return `answer` in lines; none where nothing was answered."""
    if answer is None:
        return ()
    several = answer if isinstance(answer, tuple) else (str(answer),)
    match question:
        case OneOf() | ManyOf():
            labels = {option.key: option.label for option in question.options}
            return tuple(labels.get(key, key) for key in several)
        case OnePerson() | People():
            return tuple(_name(key, directory) for key in several)
        case Day():
            return (weekday_in_words(date.fromisoformat(several[0])),)
        case YesNoUnsure():
            return (_YES_NO_UNSURE[several[0]],)
        case WholeNumber():
            return (f"{several[0]} {question.unit}" if question.unit else several[0],)
        case _:
            return tuple(several[0].split("\n"))


def _name(person_id: str, directory: Directory) -> str:
    person = directory.person(person_id)
    return person.name if person is not None else "Somebody who is no longer in the directory"
