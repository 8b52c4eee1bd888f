"""What somebody asks for who begins a request."""

from datetime import date, timedelta
from pathlib import Path
from typing import Final

from domain.cases import Request
from domain.fields import FormFacts, OnePerson, Raw
from domain.forms import Form, check
from domain.pack import Process
from domain.people import Person
from packs import sample_answers
from starter.exploring import Place, runs

_AHEAD: Final = timedelta(days=30)


def asked_for(folder: Path, place: Place, process: Process, starter: Person, n: int, today: date) -> Request:
    """Return the `n`th request of a year, from 0: as the pack's sample says it, or with the fewest answers."""
    return _as_typed(folder, place, process, starter, n, today) or _as_explored(place, process, starter, n, today)


def _as_typed(folder: Path, place: Place, process: Process, starter: Person, n: int, today: date) -> Request | None:
    """Return a request with the sample's answers; None where there is no sample, or the form refuses it."""
    form = place.pack.form(process.form)
    if form is None:
        return None
    try:
        sample = sample_answers((folder,), place.pack.key, form, today)
    except (StopIteration, FileNotFoundError):
        return None
    own = _own(form, starter)
    title = form.site_title
    if title is not None:
        own[title] = f"{sample.get(title, 'A site')} {n + 1}"
    checked = check(form, sample | own, FormFacts(directory=place.directory, today=today, school=starter.schools[0]))
    if checked.faults:
        return None
    return Request(
        title=str(checked.answers.get(title or "", process.title)),
        starter=starter.id,
        author=starter.id,
        answers=checked.answers,
        overrides=tuple(fault.message for fault in checked.overrides),
    )


def _own(form: Form, starter: Person) -> dict[str, Raw]:
    """Return what the form fills in itself: who sends it, and their line manager."""
    known = {"starter": starter.id, "starters_line_manager": starter.line_manager}
    people = [question for question in form.questions() if isinstance(question, OnePerson)]
    return {one.key: who for one in people if one.default and (who := known[one.default]) is not None}


def _as_explored(place: Place, process: Process, starter: Person, n: int, today: date) -> Request:
    """Return a request as the explorer makes one up."""
    request = next(iter(runs(place, process, further=False))).world.opening.request
    form = place.pack.form(process.form)
    title = (form.site_title if form else None) or "title"
    answers = {**request.answers, title: f"A new site {n + 1}"}
    if starter.line_manager is not None and "line_manager" in answers:
        answers["line_manager"] = starter.line_manager
    if process.changes is not None and process.changes.ahead is not None:
        answers[process.changes.ahead] = (today + _AHEAD).isoformat()
    return Request(title=f"A new site {n + 1}", starter=starter.id, author=starter.id, answers=answers)
