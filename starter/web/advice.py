"""Asking for advice on a draft before anything is sent: a question to whoever decides last. It approves nothing."""

from dataclasses import dataclass
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.exceptions import HTTPException
from starlette.responses import Response

from domain.access import allow
from domain.mails import PersonalMail
from domain.pack import Seat
from domain.people import Asked, who_is_asked
from domain.text import is_blank, tidy
from starter.engine import EngineLostError
from starter.web.filling import Filling, access_of, filling, load
from starter.web.page import Page, Visit
from starter.web.reading import only
from starter.web.showing import shown_form
from store import drafts
from store.tables import AdviceRow


@dataclass(frozen=True)
class Said:
    """A question about a draft, of whom it was asked, and the answer; None where there is none yet."""

    row: AdviceRow
    who: str
    question: str
    answer: str | None


async def ask_advice(visit: Visit) -> Response:
    """Show what was asked about a draft and answered; a POST asks whoever holds the seat that decides last."""
    found = await filling(visit, visit.place("key"))
    if found.sent:
        return visit.go("done", key=found.row.key)
    if not visit.is_post:
        return await _shown(visit, found)
    question = tidy(only(visit.sent, ("question",))["question"])
    asked = _advisers(found)
    if not asked:
        return await _shown(visit, found)
    if is_blank(question):
        return await _shown(visit, found, "Type your question")
    async with visit.site.db.write() as session:
        rows = [
            await drafts.ask_advice(session, visit.site.keys, found.row, one.person, question, visit.site.clock())
            for one in asked
        ]
    for row in rows:
        await _mail(visit, row, row.asked_of, "advice_asked", visit.path("advise", id=row.id), found)
    return visit.go("ask_advice", key=found.row.key)


async def advise(visit: Visit) -> Response:
    """Show a question and the draft that it is about to the person asked; a POST keeps their answer."""
    async with visit.site.db.read() as session:
        row = await drafts.advice(session, visit.place("id"))
        found = await load(visit, session, row.draft) if row is not None else None
        if row is None or found is None or not _may_advise(visit, found, row):
            raise HTTPException(404)
        said = await _said(visit, session, found, row)
    if not visit.is_post:
        return _question_page(visit, found, said)
    typed = only(visit.sent, ("answer",))["answer"]
    if is_blank(typed):
        return _question_page(visit, found, said, typed, "Type your advice")
    async with visit.site.db.write() as session:
        first = await drafts.answer_advice(session, visit.site.keys, row.id, tidy(typed), visit.site.clock())
    if first:
        await _mail(
            visit, row, found.row.starter, "advice_answered", visit.path("ask_advice", key=found.row.key), found
        )
    return visit.go("advise", id=row.id)


def _may_advise(visit: Visit, found: Filling, row: AdviceRow) -> bool:
    return allow(visit.viewer, "advise", access_of(found.row, frozenset({row.asked_of})))


def _seat(found: Filling) -> Seat | None:
    """Return the seat that decides last, to which a doubt is taken (SITE-11)."""
    return found.pack.seat(found.process.steps[-1].seats[0])


def _advisers(found: Filling) -> tuple[Asked, ...]:
    seat = _seat(found)
    if seat is None:
        return ()
    ladder = (seat.key, *seat.stands_in)
    return who_is_asked(
        ladder, found.row.school, None, found.directory, found.facts.today, frozenset({found.row.starter})
    )


async def _mail(visit: Visit, row: AdviceRow, person: str, template: str, path: str, found: Filling) -> None:
    """Tell `person` by mail; where that cannot be done now, the page they begin at tells them all the same."""
    mail = PersonalMail(
        id=f"{template}-{row.id}",
        person=person,
        organisation=found.pack.organisation.name,
        template=template,
        path=path,
        title=found.process.title,
        requester=visit.person.name,
    )
    try:
        await visit.site.engine.mail_person(mail)
    except EngineLostError:
        return


async def _said(visit: Visit, session: AsyncSession, found: Filling, row: AdviceRow) -> Said:
    question, answer = await drafts.read_advice(session, visit.site.keys, row)
    person = found.directory.person(row.asked_of)
    return Said(row, person.name if person is not None else "Somebody", question, answer)


async def _shown(visit: Visit, found: Filling, fault: str = "") -> Response:
    async with visit.site.db.read() as session:
        rows = await drafts.advice_on(session, found.row.key)
        asked = [await _said(visit, session, found, row) for row in rows]
    people = (found.directory.person(one.person) for one in _advisers(found))
    seat = _seat(found)
    return visit.show(
        "ask_advice.html",
        422 if fault else 200,
        draft=found,
        asked=asked,
        advisers=[person.name for person in people if person is not None],
        seat=seat.title if seat else "",
        question="",
        errors=[("#question", fault)] if fault else [],
    )


def _question_page(visit: Visit, found: Filling, said: Said, typed: str = "", fault: str = "") -> Response:
    starter = found.directory.person(found.row.starter)
    return visit.show(
        "advice.html",
        422 if fault else 200,
        draft=found,
        row=said.row,
        requester=starter.name if starter else "Somebody",
        question=said.question,
        answer=said.answer,
        typed=typed,
        sections=shown_form(found.form, found.checked.answers, found.directory),
        errors=[("#answer", fault)] if fault else [],
    )


PAGES: Final = (
    Page("/drafts/{key}/advice", ask_advice, ("GET", "POST"), "signed_in"),
    Page("/advice/{id}", advise, ("GET", "POST"), "signed_in"),
)
