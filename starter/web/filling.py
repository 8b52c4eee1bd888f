"""A form being filled in: the draft, the form that it fills, and what is known to check it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.exceptions import HTTPException

from domain.access import Action, CaseAccess, allow
from domain.cases import Request
from domain.fields import FormFacts, OnePerson, People, Raw, Value, WholeNumber
from domain.forms import Answers, Checked, Differs, Form, RequiredWhen, Section, check, typed_again
from domain.pack import Pack, Process
from domain.people import Directory, Person
from domain.versions import of_a_change
from starter.web.known import Known, know
from starter.web.page import Visit
from store import drafts, people, queries
from store.tables import CaseRow, DraftRow


@dataclass(frozen=True)
class Filling:
    """A draft with all that is needed to show and to check it.

    `case` is the case that it began, once that is on record; `changing`, where its request is being changed. `authors`
    are those who typed in it since its changes were begun.
    """

    row: DraftRow
    pack: Pack
    process: Process
    form: Form
    raw: Mapping[str, Raw]
    facts: FormFacts
    case: CaseRow | None = None
    changing: Known | None = None
    authors: tuple[str, ...] = ()

    @property
    def sent(self) -> bool:
        """Whether nothing can be typed in it: it is sent, or on its way."""
        return self.changing is None and (self.case is not None or self.row.submitted_at is not None)

    @property
    def on_its_way(self) -> bool:
        """Whether it was sent, but nobody knows yet whether that began a case."""
        return self.sent and self.case is None and self.row.sealed_answers is not None

    @property
    def is_as_begun(self) -> bool:
        """Whether nothing stands in it but what was filled in before anybody typed."""
        starter = self.directory.person(self.row.starter)
        return (
            self.changing is None and starter is not None and self.raw == prefilled(self.form, starter, self.directory)
        )

    @property
    def is_overtaken(self) -> bool:
        """Whether the request was changed otherwise since its changes here were begun."""
        return self.changing is not None and self.changing.request.edition != self.row.changes

    @cached_property
    def checked(self) -> Checked:
        """The whole form, checked as it stands."""
        return check(self.form, self.raw, self.facts)

    @property
    def digest(self) -> str:
        """What the answers come to: another whenever one of them is."""
        told = json.dumps(self.checked.answers, sort_keys=True)
        return hashlib.sha256(told.encode()).hexdigest()[:16]

    @property
    def answers(self) -> dict[str, Value]:
        """The answers, with all that the request that is being changed says besides its form."""
        asked = {question.key for question in self.form.questions()}
        said = self.changing.request.answers if self.changing is not None else {}
        return {key: answer for key, answer in said.items() if key not in asked} | self.checked.answers

    @property
    def directory(self) -> Directory:
        """Everybody of the organisation."""
        return self.facts.directory

    def section(self, key: str) -> Section | None:
        """Return the section with that key, or None."""
        return next((section for section in self.form.sections if section.key == key), None)

    def faults_in(self, section: Section) -> dict[str, str]:
        """Return what is wrong in `section`, by question, the rules that reach into other sections included."""
        keys = {question.key for question in section.questions()}
        return {fault.field: fault.message for fault in self.checked.faults if fault.field in keys}

    def is_complete(self, section: Section) -> bool:
        """Return whether `section` was answered and nothing is wrong there."""
        begun = any(question.key in self.raw for question in section.questions())
        return begun and not self.faults_in(section)

    def section_of(self, field: str) -> Section:
        """Return the section in which the question `field` is asked."""
        return next(s for s in self.form.sections if any(question.key == field for question in s.questions()))


async def filling(visit: Visit, key: str, action: Action = "edit_draft") -> Filling:
    """Return the draft with that key.

    Raises:
        HTTPException: 404, where there is none, or it is not theirs who ask.
    """
    async with visit.site.db.read() as session:
        found = await load(visit, session, key)
        asked_of = frozenset(row.asked_of for row in await drafts.advice_on(session, key)) if found else frozenset()
    if found is None or not allow(visit.viewer, action, _access(found, asked_of)):
        raise HTTPException(404)
    return found


def _access(found: Filling, asked_of: frozenset[str]) -> CaseAccess:
    """Return who may work on a draft: on what is nobody's request, those whose it is."""
    if found.changing is not None and found.changing.is_nobodys:
        return found.changing.access
    return access_of(found.row, asked_of, found.case.author if found.case else None)


def access_of(row: DraftRow, asked_of: frozenset[str] = frozenset(), author: str | None = None) -> CaseAccess:
    """Return what about a draft decides who may see it: whose it is, and who was asked for advice.

    It is its `author`'s too, once there is a case that says who that is.
    """
    return CaseAccess(organisation=row.organisation, starter=row.starter, author=author or row.starter, asked=asked_of)


async def load(visit: Visit, session: AsyncSession, key: str) -> Filling | None:
    """Return the draft with that key, or None; whether the visitor may have it is not asked here."""
    loaded = await drafts.load(session, visit.site.keys, key)
    if loaded is None:
        return None
    row, typed = loaded
    case = await queries.case_by_id(session, row.case)
    changing = None
    if case is not None and case.closed_at is None and row.changes is not None:
        changing = await know(visit.site, session, case)
    # A case keeps to the pack with which it began.
    pack = changing.pack if changing else visit.site.packs.get(row.organisation)
    process = changing.opening.process if changing else pack.process(row.process) if pack else None
    form = pack.form(process.form) if pack and process else None
    if pack is None or process is None or form is None:
        return None
    facts = FormFacts(
        directory=await people.directory(session, row.organisation), today=visit.site.today, school=row.school
    )
    known = {question.key for question in form.questions()}
    raw = {key: text for key, text in typed.items() if key in known}
    return Filling(
        row=row,
        pack=pack,
        process=process,
        form=as_changed(form, changing, raw),
        raw=raw,
        facts=facts,
        case=case,
        changing=changing,
        authors=tuple(typed.get(drafts.AUTHORS, ())),
    )


def as_changed(form: Form, changing: Known | None, raw: Mapping[str, Raw]) -> Form:
    """Return `form` as it is checked: with what was typed, where what is nobody's request is being changed."""
    if changing is None or not changing.is_nobodys:
        return form
    return of_a_change(form, typed_again(form, changing.approved), raw)


def request_of(found: Filling) -> Request:
    """Return the request that a draft with which nothing is wrong makes."""
    answers, changing = found.checked.answers, found.changing
    people = (question for question in found.form.questions() if isinstance(question, OnePerson))
    author = next((question.key for question in people if question.default == "starter"), "")
    nobodys = changing is not None and changing.is_nobodys
    return Request(
        title=str(answers.get(found.form.site_title or "", found.process.title)),
        starter="" if nobodys else found.row.starter,
        author="" if nobodys else str(answers.get(author, found.row.starter)),
        answers=found.answers,
        overrides=tuple(fault.message for fault in found.checked.overrides),
    )


def prefilled(form: Form, starter: Person, directory: Directory) -> dict[str, Raw]:
    """Return what stands in the form before anything is typed.

    The directory fills in who starts the request and their line manager; the form itself, the usual numbers.
    """
    manager = directory.person(starter.line_manager) if starter.line_manager else None
    known = {"starter": starter, "starters_line_manager": manager}
    named = {
        question.key: known[question.default]
        for question in form.questions()
        if isinstance(question, OnePerson) and question.default
    }
    usual: dict[str, Raw] = {
        question.key: str(question.default)
        for question in form.questions()
        if isinstance(question, WholeNumber) and question.default is not None
    }
    return usual | {key: as_typed(person, directory) for key, person in named.items() if person is not None}


def as_typed(person: Person, directory: Directory) -> str:
    """Return what to type so that `person` and nobody else is meant: the name, or where two share it, the address."""
    return person.name if directory.named(person.name) == (person,) else person.email


def refilled(form: Form, answers: Answers, directory: Directory) -> dict[str, Raw]:
    """Return what stands in the form when its `answers` are to be changed: people by name, if they are still there."""
    raw = typed_again(form, answers)
    for question in form.questions():
        if isinstance(question, OnePerson | People) and question.key in raw:
            typed = raw[question.key]
            found = [directory.person(key) for key in ((typed,) if isinstance(typed, str) else typed)]
            names = tuple(as_typed(person, directory) for person in found if person is not None)
            raw[question.key] = names if isinstance(question, People) else "".join(names)
    return raw


def people_to_choose(directory: Directory) -> tuple[str, ...]:
    """Return what to type for each person of the directory, sorted."""
    return tuple(sorted(as_typed(person, directory) for person in directory.people))


def optional_questions(form: Form) -> frozenset[str]:
    """Return the questions that nobody ever has to answer."""
    ruled = {rule.field for rule in form.rules if isinstance(rule, RequiredWhen | Differs)}
    return frozenset(q.key for q in form.questions() if not q.required and q.key not in ruled)
