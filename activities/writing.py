"""What a mail says: its template, filled from the record at the moment of sending."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, TypeAlias

from sqlalchemy.ext.asyncio import AsyncSession

from domain.access import Viewer
from domain.asking import AUTHOR
from domain.calendar import local_day
from domain.cases import OpenAsk, Opening, Request, Standing
from domain.events import (
    Approved,
    AskOpened,
    CaseCancelled,
    DatePassed,
    DecisionDisputed,
    HoldReleased,
    Nudged,
    Recorded,
    Rejected,
    Reminded,
    RequestEdited,
    RequestUnfit,
    RequestWithdrawn,
    Returned,
)
from domain.mails import MailContext, PersonalMail
from domain.pack import Pack
from domain.people import Asked, Directory, Person
from domain.round_entries import CalendarChanged
from domain.round_mails import is_settled, said_in_mail
from domain.waiting import why_waiting
from domain.words import clock_time, day_in_words, weekday_in_words
from store import links
from store.records import VACANT_MAIL
from store.tables import MailRow
from templates import RenderedMail, mail

CHANGES: Final = "changes"
TELL_FIRST: Final = frozenset({"ask", CHANGES})
"""The mails by which somebody is told first that they are asked."""

RECEIPT: Final = "receipt"
_SIGNED: Final = frozenset({"signature", "acknowledgement"})
"""In whose cases people sign a document: one person, or a seat besides everybody."""

_DISPUTED: Final = "disputed"
_HELD: Final = "held"

Decision: TypeAlias = Approved | Returned | Rejected

_DID: Final = {"approved": "approved it", "returned": "returned it for changes", "rejected": "rejected it"}


@dataclass(frozen=True)
class CaseFile:
    """What is known of a case when its mails are written.

    `asked` has whom each open ask reaches. `sent_back` is what last sent the request back to its author, where a mail
    asks for changes.
    """

    opening: Opening
    pack: Pack
    standing: Standing
    asked: Mapping[str, tuple[Asked, ...]]
    directory: Directory
    sent_back: Recorded | None = None

    @property
    def request(self) -> Request:
        """The request as it is now."""
        return self.standing.request or self.opening.request

    def open_ask(self, ask: str | None) -> OpenAsk | None:
        """Return the ask, if it waits for an answer."""
        return next((one for one in self.standing.asks if one.ask == ask), None)

    def reaches(self, ask: str | None, person: str) -> Asked | None:
        """Return how an ask reaches somebody, or None."""
        return next((one for one in self.asked.get(ask or "", ()) if one.person == person), None)


@dataclass(frozen=True)
class Letter:
    """A mail to be sent: the id of its row, to whom, by which template and with what, and the thread of its case.

    `gathered` are the ids of those mails that it stands for, `case` is whose mail it is, where it is of one case.
    `told_since` is when its ask was opened, where the time to answer runs from this mail.
    """

    id: str
    person: Person
    template: str
    context: MailContext = field(repr=False)
    thread: str | None = None
    gathered: tuple[str, ...] = ()
    case: str | None = None
    told_since: datetime | None = None

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
            titles=order.titles,
            requester=order.requester,
            code=order.code,
        )
        return Letter(order.id, person, order.template, context)

    def digest(self, row: MailRow, person: Person, organisation: str, titles: Mapping[str, str]) -> Letter:
        """Return the mail that stands for those that were put by for `person`; `titles` are theirs, by the mails' ids.

        It leads to what waits for them, once they have signed in.
        """
        context = MailContext(
            first_name=_first_name(person),
            organisation=organisation,
            link=self._tasks(),
            titles=tuple(dict.fromkeys(titles.values())),
        )
        return Letter(row.id, person, row.template, context, gathered=tuple(titles))

    def neutral(self, row: MailRow, person: Person) -> Letter:
        """Return the mail that says that something waits: the same to everybody, whatever it is about."""
        return Letter(row.id, person, row.template, MailContext(first_name="", organisation="", link=self._tasks()))

    async def of_case(
        self, session: AsyncSession, row: MailRow, case: CaseFile, about: Recorded | None, at: datetime
    ) -> Letter | None:
        """Return the mail of `row`, with a new link where it asks; None where it is no longer needed."""
        person, ask, opening = case.directory.person(row.person), case.open_ask(row.ask), case.opening
        if person is None or not is_needed(row, case, about, at):
            return None
        school, starter = case.pack.school(opening.school), case.directory.person(case.request.starter)
        context: dict[str, object] = {
            "first_name": _first_name(person),
            "organisation": case.pack.organisation.name,
            "school": school.name if school else "",
            "title": case.request.title,
            "reference": opening.reference,
            "requester": starter.name if starter else "",
            "question": opening.process.story == "question",
            "over": case.standing.outcome is not None,
            "held": bool(case.standing.disputed),
            "link": f"{self.base_url}/cases/{opening.reference}",
        }
        if ask is not None and ask.seat == AUTHOR:
            context |= _sent_back(case) | {
                "link": f"{self.base_url}/cases/{opening.reference}/edit",
                "deadline": ask.due,
                "reminder": about is not None and isinstance(about.event, Reminded | Nudged),
            }
        elif ask is not None:
            token = await links.mint(
                session, case=opening.case, ask=ask.ask, person=person.id, version=case.request.version, at=at
            )
            reader = Viewer(person=person.id, organisation=opening.organisation)
            context |= {
                "link": f"{self.base_url}/d/{token}",
                "deadline": ask.due,
                "clause": _clause(case, ask.step),
                "why": why_waiting(opening, case.standing, case.asked, case.pack, at, reader).sentence,
                "instead_of": _away(case, row),
            }
            context |= _to_be_signed(case, ask)
        elif about is not None and row.template == RECEIPT and isinstance(about.event, Decision):
            event = about.event
            token = await links.mint(
                session,
                case=opening.case,
                ask=event.ask,
                person=person.id,
                version=event.version,
                at=at,
                purpose="dispute",
            )
            context |= {"link": f"{self.base_url}/dispute/{token}", "decision": _own_decision(about.at, event, case)}
            context |= _certificate(about.at, event, case)
        elif about is not None and row.template == VACANT_MAIL:
            vacant = case.open_ask(getattr(about.event, "ask", None))
            context |= {"decision": _vacancy(vacant, case), "author_left": vacant is not None and vacant.seat == AUTHOR}
        elif about is not None:
            context |= {"decision": _what_happened(about, case)}
        if about is not None and isinstance(about.event, CalendarChanged):
            context |= {"decision": _what_happened(about, case)}
        filled = MailContext.model_validate(context)
        thread, since = f"case-{opening.case}", told_since(row, case, about)
        return Letter(row.id, person, row.template, filled, thread, case=opening.case, told_since=since)

    def _tasks(self) -> str:
        return f"{self.base_url}/tasks"


def is_needed(row: MailRow, case: CaseFile, about: Recorded | None, at: datetime) -> bool:
    """Return whether a mail of a case still has something to say, however late it is.

    It has not for somebody who has left; where it asks, once the ask is closed or asks somebody else; where it tells
    administrators or those who wait of something that has been settled since, as where enough are there again; and
    where it says that a request is held that is over.
    """
    person = case.directory.person(row.person)
    if person is None or not person.is_active(local_day(at)):
        return False
    if row.ask is not None:
        return case.open_ask(row.ask) is not None and case.reaches(row.ask, row.person) is not None
    if row.template == VACANT_MAIL:
        ask = getattr(about.event, "ask", None) if about is not None else None
        return case.open_ask(ask) is not None and not case.asked.get(ask or "")
    if about is not None and is_settled(about.event, case.standing.outcome):
        return False
    if row.template == _HELD and case.standing.outcome is not None:
        return False
    is_disputed = about is not None and getattr(about.event, "ask", None) in case.standing.disputed
    return is_disputed or row.template not in {_DISPUTED, _HELD}


def told_since(row: MailRow, case: CaseFile, about: Recorded | None) -> datetime | None:
    """Return when the ask was opened that a mail is the first to tell of, where its time runs from then; or None.

    Whoever is asked in somebody's stead, later, has no more time than was left.
    """
    if row.template not in TELL_FIRST or about is None or not isinstance(about.event, AskOpened):
        return None
    ask = case.open_ask(row.ask)
    clocks = case.opening.process.clocks(ask.step) if ask is not None else None
    return ask.opened_at if ask is not None and clocks is not None and clocks.runs_from_told else None


def _what_happened(recorded: Recorded, case: CaseFile) -> str:
    """Return what happened, in words, where a mail tells of it."""
    event, on = recorded.event, day_in_words(local_day(recorded.at))
    match event:
        case Approved() | Returned() | Rejected():
            return f"The {_seat(case, event.seat)} {_DID[event.kind]} on {on}"
        case RequestWithdrawn():
            return f"It was withdrawn on {on}"
        case CaseCancelled():
            return f"An administrator cancelled it on {on}"
        case RequestEdited():
            stays = (
                "every approval is void, and those who decide are asked again"
                if event.material
                else "approvals that were given stay"
            )
            return f"It was changed on {on}: {stays}"
        case RequestUnfit():
            return f"The form was checked again on {on} and does not hold any more"
        case DatePassed():
            return f"{day_in_words(event.day)} came before it was decided"
        case DecisionDisputed():
            return (
                f"Somebody said on {on} that the answer in their name to the step “{_step(case, event.step)}” was not"
                " theirs"
            )
        case HoldReleased():
            void = "is void" if case.standing.outcome is not None else "is void, and the step is asked again"
            settled = "stands" if event.stands else void
            return f"The disputed answer to the step “{_step(case, event.step)}” {settled}"
        case _:
            signer = str(case.request.answers.get("signer", ""))
            return said_in_mail(event, local_day(recorded.at), lambda one: _name(case, one), signer)


def _sent_back(case: CaseFile) -> dict[str, object]:
    return {"decision": _what_happened(case.sent_back, case)} if case.sent_back is not None else {}


def _own_decision(at: datetime, event: Decision, case: CaseFile) -> str:
    """Return what the reader decided, in words that they can check against their memory."""
    when = f"{weekday_in_words(local_day(at))} at {clock_time(at)}"
    return f"You {_DID[event.kind]} as {_seat(case, event.seat)} on {when}, for the step “{_step(case, event.step)}”"


def _to_be_signed(case: CaseFile, ask: OpenAsk) -> dict[str, object]:
    """Return what a mail says more, and what it does not say, where it asks for a signature."""
    step = case.opening.process.step(ask.step)
    if case.opening.process.story not in _SIGNED or step is None:
        return {}
    return {"attestation": step.attestation, "why": ""}


def _certificate(at: datetime, event: Decision, case: CaseFile) -> dict[str, object]:
    """Return what makes the mail to whoever signed a document a certificate: which text, in which words, and when.

    Source: Redhill, appendix 1; Cadmus, last page (ACK-01, ACK-08).
    """
    if case.opening.process.story not in _SIGNED:
        return {}
    when, wanted = f"{weekday_in_words(local_day(at))} at {clock_time(at)}", case.request.answers
    if not isinstance(event, Approved):
        return {"decision": f"You said on {when} that you do not sign it"}
    version = f", version {wanted['version']}" if wanted["version"] else ""
    signed = f"You, {_name(case, event.by)}, signed “{case.request.title}”{version}, on {when}"
    return {
        "decision": f"{signed}; the digest of its text is {wanted['digest']}",
        "attestation": event.signature.attestation,
    }


def _vacancy(ask: OpenAsk | None, case: CaseFile) -> str:
    if ask is None:
        return ""
    if ask.seat == AUTHOR:
        return "Its author was asked to change it, and has left"
    return (
        f"Nobody can be asked for the step “{_step(case, ask.step)}”: nobody who may answer it holds the seat"
        f" {_seat(case, ask.seat)}"
    )


def _away(case: CaseFile, row: MailRow) -> str:
    """Return the name of whoever is away while the reader is asked in their place."""
    reached = case.reaches(row.ask, row.person)
    away = case.directory.person(reached.instead_of) if reached is not None and reached.instead_of else None
    return away.name if away is not None else ""


def _seat(case: CaseFile, key: str) -> str:
    return next((seat.title for seat in case.opening.seats if seat.key == key), key)


def _step(case: CaseFile, key: str) -> str:
    step = case.opening.process.clocks(key)
    return step.title if step is not None else key


def _name(case: CaseFile, key: str) -> str:
    person = case.directory.person(key)
    return person.name if person is not None else "Somebody who has left"


def _clause(case: CaseFile, step_key: str) -> str:
    """Return where in the policy the step stands, in words."""
    step = case.opening.process.clocks(step_key)
    return next((clause.where for clause in case.pack.clauses if step and clause.id == step.clause), "")


def _first_name(person: Person) -> str:
    return person.name.split()[0]
