"""What a mail says: its template, filled from the record at the moment of sending."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from domain.calendar import local_day
from domain.cases import Opening
from domain.events import Approved, Rejected, RequestWithdrawn
from domain.mails import MailContext, PersonalMail
from domain.people import Asked, Person
from domain.waiting import why_waiting
from domain.words import day_in_words
from store import links, packs, people, queries
from store.keys import CaseKeys
from store.tables import AskRow, CaseRow, MailRow
from templates import RenderedMail, mail


@dataclass(frozen=True)
class Written:
    """A mail ready to go: to whom, what it says, and the thread of its case."""

    person: Person
    mail: RenderedMail
    thread: str


@dataclass(frozen=True)
class Writer:
    """Fills templates. `base_url` is where every link leads, whatever a request claims."""

    keys: CaseKeys
    base_url: str

    def personal(self, order: PersonalMail, person: Person) -> RenderedMail:
        """Return a mail that is no part of a case."""
        context = MailContext(
            first_name=_first_name(person),
            organisation=order.organisation,
            link=f"{self.base_url}{order.path}",
            title=order.title,
            requester=order.requester,
            code=order.code,
        )
        return mail(order.template, **context.model_dump())

    async def of_case(self, session: AsyncSession, row: MailRow, at: datetime) -> Written | None:
        """Return the mail of `row`, with a new link where it asks; None where it is no longer needed.

        No longer needed is a mail to somebody who has left, and one about an ask that is not open any more.
        """
        person = await people.person(session, row.person)
        case = await queries.case_by_id(session, row.case or "")
        if person is None or case is None or not person.is_active(local_day(at)):
            return None
        opening = await queries.opening_of(session, self.keys, case)
        ask = next((a for a in await queries.asks_of(session, case.id) if a.ask == row.ask), None)
        if row.ask is not None and (ask is None or ask.closed_at is not None):
            return None
        context = await self._context(session, row, opening, person)
        if ask is not None:
            token = await links.mint(
                session, case=case.id, ask=ask.ask, person=person.id, version=ask.version, at=at
            )
            context |= {"link": f"{self.base_url}/d/{token}", "deadline": ask.due, **_clause(opening, ask)}
            context["why"] = await self._why(session, case, opening, at)
        whole = MailContext.model_validate(context)
        return Written(person, mail(row.template, **whole.model_dump()), f"case-{case.id}")

    async def _context(
        self, session: AsyncSession, row: MailRow, opening: Opening, person: Person
    ) -> dict[str, object]:
        pack = await packs.pack_of(session, opening.pack_digest)
        school = pack.school(opening.school)
        starter = await people.person(session, opening.request.starter)
        return {
            "first_name": _first_name(person),
            "organisation": pack.organisation.name,
            "school": school.name if school else "",
            "title": opening.request.title,
            "reference": opening.reference,
            "requester": starter.name if starter else "",
            "link": f"{self.base_url}/cases/{opening.reference}",
            **await self._what_happened(session, row, opening),
        }

    async def _what_happened(self, session: AsyncSession, row: MailRow, opening: Opening) -> dict[str, str]:
        """Return what was decided, in words, where the mail tells of a decision."""
        if row.about is None or row.ask is not None:
            return {}
        recorded = await queries.event_of(session, self.keys, opening.case, row.about)
        if recorded is None:
            return {}
        event, on = recorded.event, day_in_words(local_day(recorded.at))
        if isinstance(event, Approved | Rejected):
            seat = next((s.title for s in opening.seats if s.key == event.seat), event.seat)
            return {"decision": f"The {seat} {event.kind} it on {on}", "comment": event.comment}
        if isinstance(event, RequestWithdrawn):
            return {"decision": f"It was withdrawn on {on}", "comment": event.comment}
        return {}

    async def _why(self, session: AsyncSession, case: CaseRow, opening: Opening, at: datetime) -> str:
        pack = await packs.pack_of(session, opening.pack_digest)
        standing = await queries.standing_of(session, self.keys, case)
        asked: dict[str, list[Asked]] = {}
        for row in await queries.asked_of(session, opening.case):
            asked.setdefault(row.ask, []).append(Asked(person=row.person, seat=row.seat, instead_of=row.instead_of))
        return why_waiting(opening, standing, {ask: tuple(who) for ask, who in asked.items()}, pack, at).sentence


def _first_name(person: Person) -> str:
    return person.name.split()[0]


def _clause(opening: Opening, ask: AskRow) -> dict[str, str]:
    step = opening.process.step(ask.step)
    return {"clause": step.clause if step else ""}
