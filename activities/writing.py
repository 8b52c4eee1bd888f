"""What a mail says: its template, filled from the record at the moment of sending."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from domain.access import Viewer
from domain.calendar import local_day
from domain.cases import Opening, Standing
from domain.events import Approved, Recorded, Rejected, RequestWithdrawn
from domain.mails import MailContext, PersonalMail
from domain.pack import Pack
from domain.people import Asked, Directory, Person
from domain.waiting import why_waiting
from domain.words import day_in_words
from store import links
from store.tables import MailRow
from templates import RenderedMail, mail


@dataclass(frozen=True)
class CaseFile:
    """What is known of a case when its mails are written; `asked` has the asks that are open, and only those."""

    opening: Opening
    pack: Pack
    standing: Standing
    asked: Mapping[str, tuple[Asked, ...]]
    directory: Directory


@dataclass(frozen=True)
class Letter:
    """A mail to be sent: the id of its row, to whom, by which template and with what, and the thread of its case."""

    id: str
    person: Person
    template: str
    context: MailContext = field(repr=False)
    thread: str | None = None

    def text(self) -> RenderedMail:
        """Return what it says."""
        return mail(self.template, **self.context.model_dump())


@dataclass(frozen=True)
class Writer:
    """Fills templates. `base_url` is where every link leads, whatever a request claims."""

    base_url: str

    def personal(self, order: PersonalMail, person: Person) -> Letter:
        """Return a mail that is no part of a case."""
        context = MailContext(
            first_name=_first_name(person),
            organisation=order.organisation,
            link=f"{self.base_url}{order.path}",
            title=order.title,
            requester=order.requester,
            code=order.code,
        )
        return Letter(order.id, person, order.template, context)

    async def of_case(
        self, session: AsyncSession, row: MailRow, case: CaseFile, about: Recorded | None, at: datetime
    ) -> Letter | None:
        """Return the mail of `row`, with a new link where it asks; None where it is no longer needed.

        No longer needed is a mail to somebody who has left, and one about an ask that is not open any more.
        """
        person = case.directory.person(row.person)
        ask = next((ask for ask in case.standing.asks if ask.ask == row.ask), None)
        if person is None or not person.is_active(local_day(at)) or (row.ask is not None and ask is None):
            return None
        opening = case.opening
        school, starter = case.pack.school(opening.school), case.directory.person(opening.request.starter)
        context: dict[str, object] = {
            "first_name": _first_name(person),
            "organisation": case.pack.organisation.name,
            "school": school.name if school else "",
            "title": opening.request.title,
            "reference": opening.reference,
            "requester": starter.name if starter else "",
            "link": f"{self.base_url}/cases/{opening.reference}",
        }
        if ask is not None:
            version = opening.request.version
            token = await links.mint(session, case=opening.case, ask=ask.ask, person=person.id, version=version, at=at)
            reader = Viewer(person=person.id, organisation=opening.organisation)
            context |= {
                "link": f"{self.base_url}/d/{token}",
                "deadline": ask.due,
                "clause": _clause(case, ask.step),
                "why": why_waiting(opening, case.standing, case.asked, case.pack, at, reader).sentence,
            }
        elif about is not None:
            context |= _what_happened(about, opening)
        return Letter(row.id, person, row.template, MailContext.model_validate(context), f"case-{opening.case}")


def _what_happened(recorded: Recorded, opening: Opening) -> dict[str, str]:
    """Return what was decided, in words, where the mail tells of a decision."""
    event, on = recorded.event, day_in_words(local_day(recorded.at))
    if isinstance(event, Approved | Rejected):
        seat = next((s.title for s in opening.seats if s.key == event.seat), event.seat)
        return {"decision": f"The {seat} {event.kind} it on {on}"}
    if isinstance(event, RequestWithdrawn):
        return {"decision": f"It was withdrawn on {on}"}
    return {}


def _clause(case: CaseFile, step_key: str) -> str:
    """Return where in the policy the step stands, in words."""
    step = case.opening.process.step(step_key)
    return next((clause.where for clause in case.pack.clauses if step and clause.id == step.clause), "")


def _first_name(person: Person) -> str:
    return person.name.split()[0]
