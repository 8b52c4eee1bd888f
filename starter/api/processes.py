"""What may be started: each process with the questions of its form."""

from collections.abc import Iterator, Mapping
from typing import Final

from domain.access import allow
from domain.fields import ManyOf, OneOf, People, Question, Raw, WholeNumber, YesNoUnsure
from domain.forms import Form
from domain.pack import Process, School
from starter.api.calls import Call
from starter.api.shapes import AskedQuestion, AskedSection, Choice, Named, Processes, StartableProcess
from starter.web.filling import prefilled
from starter.web.page import Visit
from store import people

_YES_NO_UNSURE: Final = (
    Choice(key="yes", label="Yes"),
    Choice(key="no", label="No"),
    Choice(key="unsure", label="Not sure"),
)


async def list_processes(visit: Visit, body: None) -> Processes:
    """Return the processes that you may start, with the questions of their forms."""
    del body
    schools = tuple(Named(key=school.key, name=school.name) for school in schools_of(visit))
    async with visit.site.db.read() as session:
        directory = await people.directory(session, visit.person.organisation)
    return Processes(
        processes=tuple(
            StartableProcess(
                key=process.key,
                title=process.title,
                schools=schools,
                form=form.title,
                sections=_sections(form, prefilled(form, visit.person, directory)),
            )
            for process, form in startable(visit)
        )
    )


def startable(visit: Visit) -> Iterator[tuple[Process, Form]]:
    """Yield every process that the caller may start, with its form; no confidential one begins here."""
    if not allow(visit.viewer, "start") or not schools_of(visit):
        return
    for process in visit.pack.processes:
        form = visit.pack.form(process.form)
        if form is not None and not process.confidential and visit.person.kind in process.may_start:
            yield process, form


def schools_of(visit: Visit) -> tuple[School, ...]:
    """Return the schools at which the caller is."""
    return tuple(school for school in visit.pack.organisation.schools if school.key in visit.person.schools)


def _sections(form: Form, filled_in: Mapping[str, Raw]) -> tuple[AskedSection, ...]:
    return tuple(
        AskedSection(
            key=section.key,
            title=section.title,
            questions=tuple(_question(question, filled_in) for question in section.fields),
        )
        for section in form.sections
    )


def _question(question: Question, filled_in: Mapping[str, Raw]) -> AskedQuestion:
    choices: tuple[Choice, ...] = ()
    if isinstance(question, OneOf | ManyOf):
        choices = tuple(
            Choice(
                key=option.key,
                label=option.label,
                hint=option.hint,
                alone=option.alone,
                reveals=tuple(_question(one, filled_in) for one in option.reveals),
            )
            for option in question.options
        )
    elif isinstance(question, YesNoUnsure):
        choices = _YES_NO_UNSURE
    least, most = getattr(question, "least", None), getattr(question, "most", None)
    if isinstance(question, People):
        least, most = question.at_least, question.at_most
    return AskedQuestion(
        key=question.key,
        type=getattr(question, "type", "short_text"),
        label=question.label,
        hint=question.hint,
        required=question.required,
        least=question.at_least if isinstance(question, ManyOf) else least,
        most=most,
        unit=question.unit if isinstance(question, WholeNumber) else None,
        choices=choices,
        filled_in=filled_in.get(question.key),
    )


CALLS: Final = (Call("GET", "/api/v1/processes", list_processes, "cases:start", Processes),)
