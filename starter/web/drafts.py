"""Filling in a form: a few short pages, each saved as it is, so that nothing typed is lost."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from starlette.exceptions import HTTPException
from starlette.responses import Response

import packs
from domain.fields import Raw
from domain.forms import Section, check, raw_answers
from domain.text import forbidden_character, tidy
from starter.web.filling import Filling, as_changed, filling, optional_questions, people_to_choose
from starter.web.page import Page, Visit
from starter.web.reading import LONGEST_TEXT, only
from starter.web.showing import first_input
from store import drafts


@dataclass(frozen=True)
class View:
    """What the questions of a page show: what was typed, what is wrong with it, and which are optional."""

    raw: Mapping[str, Raw]
    faults: Mapping[str, str]
    optional: frozenset[str]


async def draft(visit: Visit) -> Response:
    """Show where the draft stands: its sections, and what can be done with it."""
    found = await filling(visit, visit.place("key"))
    if found.sent:
        return visit.go("done", key=found.row.key)
    sections = [(section, found.is_complete(section)) for section in found.form.sections]
    school = found.pack.school(found.row.school)
    async with visit.site.db.read() as session:
        advice = await drafts.advice_on(session, found.row.key)
    return visit.show(
        "draft.html",
        draft=found,
        sections=sections,
        next=next((section for section, complete in sections if not complete), None),
        school=school.name if school else "",
        advice=advice,
    )


async def section(visit: Visit) -> Response:
    """Show one section of the form; a POST saves it, faulty or not, and goes on where nothing is wrong."""
    found, page = await _page(visit)
    if found.sent:
        return visit.go("done", key=found.row.key)
    if not visit.is_post:
        faults = found.faults_in(page) if "faults" in visit.request.query_params else {}
        return _shown(visit, found, page, View(found.raw, faults, optional_questions(found.form)))
    questions = tuple(page.questions())
    sent = raw_answers(questions, list(visit.sent))
    raw = {key: text for key, text in found.raw.items() if key not in {question.key for question in questions}} | sent
    form = as_changed(found.pack.form(found.process.form) or found.form, found.changing, raw)
    checked = check(form, sent, found.facts, (page.key,))
    faults = {fault.field: fault.message for fault in checked.faults}
    if not _can_be_stored(sent):
        return _shown(visit, found, page, View(raw, faults, optional_questions(found.form)), kept=False)
    async with visit.site.db.write() as session:
        await drafts.save_answers(session, visit.site.keys, found.row.key, raw, visit.site.clock(), visit.person.id)
    if faults:
        return _shown(visit, found, page, View(raw, faults, optional_questions(found.form)))
    return _onward(visit, found, page, raw)


async def sample(visit: Visit) -> Response:
    """Fill the draft with invented answers: in demo mode only, and never over what somebody typed."""
    found = await filling(visit, visit.place("key"))
    only(visit.sent, ())
    if not found.is_as_begun:
        return visit.go("draft", key=found.row.key)
    answers = await asyncio.to_thread(_sample_answers, visit.site.settings.packs, found)
    if answers is None:
        raise HTTPException(404)
    async with visit.site.db.write() as session:
        await drafts.save_answers(session, visit.site.keys, found.row.key, answers, visit.site.clock())
    return visit.go("check_answers", key=found.row.key)


def _sample_answers(folders: Sequence[Path], found: Filling) -> dict[str, Raw] | None:
    try:
        return packs.sample_answers(folders, found.pack.key, found.form, found.facts.today)
    except (StopIteration, FileNotFoundError):
        return None


async def _page(visit: Visit) -> tuple[Filling, Section]:
    found = await filling(visit, visit.place("key"))
    page = found.section(visit.place("section"))
    if page is None:
        raise HTTPException(404)
    return found, page


def _shown(visit: Visit, found: Filling, page: Section, view: View, kept: bool = True) -> Response:
    errors = [
        (f"#{first_input(question)}", view.faults[question.key])
        for question in page.questions()
        if question.key in view.faults
    ]
    return visit.show(
        "section.html",
        422 if visit.is_post else 200,
        draft=found,
        section=page,
        place=found.form.sections.index(page) + 1,
        view=view,
        errors=errors,
        kept=kept,
        people=people_to_choose(found.directory),
    )


def _onward(visit: Visit, found: Filling, page: Section, raw: Mapping[str, Raw]) -> Response:
    """Return the way to the next section that is not complete yet, or to the check of all answers."""
    saved = replace(found, raw=raw)
    here = found.form.sections.index(page)
    for later in (*found.form.sections[here + 1 :], *found.form.sections[:here]):
        if not saved.is_complete(later):
            return visit.go("section", key=found.row.key, section=later.key)
    return visit.go("check_answers", key=found.row.key)


def _can_be_stored(sent: Mapping[str, Raw]) -> bool:
    texts = [text for raw in sent.values() for text in ((raw,) if isinstance(raw, str) else raw)]
    return all(len(tidy(text)) <= LONGEST_TEXT and forbidden_character(text) is None for text in texts)


PAGES: Final = (
    Page("/drafts/{key}", draft, ("GET",), "signed_in"),
    Page("/drafts/{key}/sample", sample, ("POST",), "demo"),
    Page("/drafts/{key}/{section}", section, ("GET", "POST"), "signed_in"),
)
