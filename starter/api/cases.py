"""Reading cases: a list, one of them, what happened in it. Of confidential ones there is nothing, not even that."""

from base64 import b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final, Literal, TypeAlias

from domain.access import allow
from domain.asking import AUTHOR
from domain.forms import Fault
from domain.waiting import may_nudge
from starter.api.calls import Asked, Call
from starter.api.problems import ProblemError
from starter.api.shapes import (
    CaseAsk,
    Cases,
    CaseSummary,
    Events,
    Named,
    ReadAnswer,
    ReadCase,
    ReadComing,
    ReadEvent,
    ReadSection,
)
from starter.web.cases import state_of
from starter.web.finding import FIELDS, LONGEST_WORDS, SORTS, STATES, look
from starter.web.known import Known, case_for
from starter.web.page import Visit
from starter.web.reading import Pairs, UnreadableBodyError, read_pairs
from starter.web.signing import is_signature
from store import people, queries
from store.finding import Place, find
from store.keys import SealBrokenError
from store.tables import AskRow, CaseRow

MOST: Final = 50
"""Cases on one page."""

HowAnswered: TypeAlias = Literal["no", "with_token", "signed_in"]

_ABOUT: Final[Mapping[str, str]] = {
    "words": "Words of the title, or of what its pack keeps in clear, such as the host of a site",
    "reference": "The reference",
    "process": "The key of a process",
    "school": "The key of a school",
    "state": f"One of {', '.join(STATES)}",
    "seat": "The key of a seat that is asked now",
    "person": "A name or email address of somebody with a part in it; only administrators name others than themselves",
    "since": "Sent on this day or later, such as 2026-11-02",
    "until": "Sent on this day or earlier",
    "overdue": "yes for what is overdue",
    "sort": f"One of {', '.join(SORTS)}",
    "after": "The `next` of the page before",
}

_SHAPES: Final[Mapping[str, Mapping[str, object]]] = {
    "words": {"maxLength": LONGEST_WORDS},
    "state": {"enum": [*STATES]},
    "since": {"format": "date"},
    "until": {"format": "date"},
    "overdue": {"enum": ["yes"]},
    "sort": {"enum": [*SORTS]},
}


async def list_cases(visit: Visit, body: None) -> Cases:
    """Return cases, a page at a time: those in which you have a part, or as an administrator all of the organisation.

    What was answered on a form is sealed, and is not searched; but what its pack names is, such as the host of a site.
    """
    del body
    ours = visit.viewer.organisation
    async with visit.site.db.read() as session:
        directory = await people.directory(session, ours)
        try:
            looked = look(visit, _opened(visit), directory)
        except UnreadableBodyError as unreadable:
            raise ProblemError(422, "unfit", f"The address cannot be read: {unreadable}") from None
        faults = [Fault(field=name, message=message) for name, message in looked.faults.items()]
        wanted = looked.wanted
        if not allow(visit.viewer, "list_all"):
            if wanted.person not in {None, visit.viewer.person}:
                faults.append(Fault(field="person", message="Only administrators look for the cases of others"))
            wanted = replace(wanted, person=visit.viewer.person)
        if faults:
            raise ProblemError(422, "unfit", faults=faults)
        found = await find(session, ours, wanted, after=looked.after, most=MOST)
        access = await queries.accesses_of(session, found.cases)
        void = await queries.void_of(session, found.cases)
    seen = [row for row in found.cases if allow(visit.viewer, "see", access[row.id])]
    return Cases(cases=tuple(_summary(visit, row, void) for row in seen), next=_next(visit, found.onward))


def _next(visit: Visit, onward: Place | None) -> str | None:
    """Return where the next page begins, sealed: the last case that was looked at may be none that the caller sees."""
    if onward is None:
        return None
    key, case = onward
    place = f"{key.isoformat() if isinstance(key, datetime) else key}~{case}"
    sealed = visit.site.keys.ring.system().seal(_sealed_for(visit), place.encode())
    return urlsafe_b64encode(sealed).decode().rstrip("=")


def _opened(visit: Visit) -> Pairs:
    """Return what the address asks for, with the place from which the list goes on as it was before it was sealed.

    Raises:
        ProblemError: 422, there is no such place for whoever calls.
    """
    pairs = read_pairs(visit.request.scope["query_string"])
    return tuple((name, _place(visit, text) if name == "after" else text) for name, text in pairs)


def _place(visit: Visit, text: str) -> str:
    try:
        sealed = b64decode(f"{text}{'=' * (-len(text) % 4)}", altchars=b"-_", validate=True)
        return visit.site.keys.ring.system().open(_sealed_for(visit), sealed).decode()
    except (ValueError, SealBrokenError):
        raise ProblemError(422, "unfit", "There is no such place in the list: send `next` as it came") from None


def _sealed_for(visit: Visit) -> str:
    return f"api-place|{visit.viewer.person}"


def _summary(visit: Visit, row: CaseRow, void: frozenset[str]) -> CaseSummary:
    seats = {AUTHOR: "Author", **{seat.key: seat.title for seat in visit.pack.seats}}
    process, school = visit.pack.process(row.process), visit.pack.school(row.school)
    return CaseSummary(
        reference=row.reference,
        title=row.title,
        process=Named(key=row.process, name=process.title if process else row.process),
        school=Named(key=row.school, name=school.name if school else row.school),
        state=state_of(row, void=void),
        outcome=row.outcome or "",
        waits_for=tuple(
            Named(key=seat, name=seats.get(seat, seat)) for seat in (row.waits_for or "").split(", ") if seat
        ),
        opened_at=row.opened_at,
        changed_at=row.changed_at,
        due=row.due,
        closed_at=row.closed_at,
    )


async def read_case(visit: Visit, body: None) -> ReadCase:
    """Return a case: why it waits, whom it asks, what you may do, and the form as it is answered now."""
    del body
    known = await case_for(visit, visit.place("reference"))
    row, standing, now = known.row, known.standing, visit.site.clock()
    waiting = known.waiting(visit.viewer, now)
    asks = tuple(_ask(visit, known, ask) for ask in known.asks if ask.closed_at is None)
    return ReadCase(
        reference=row.reference,
        title=row.title,
        process=Named(key=row.process, name=known.opening.process.title),
        school=Named(key=row.school, name=known.school),
        requester=known.requester,
        version=row.version,
        state=state_of(row, known.history),
        outcome=row.outcome or "",
        waiting=waiting.sentence,
        nobody_is_asked=waiting.vacant,
        overdue=waiting.overdue,
        opened_at=row.opened_at,
        changed_at=row.changed_at,
        due=row.due,
        closed_at=row.closed_at,
        next_at=standing.next_at,
        coming=tuple(ReadComing(day=one.day, sentences=one.sentences) for one in known.coming),
        asks=asks,
        may=_may(visit, known, asks),
        sections=sections_of(known),
        page=f"{visit.site.settings.base_url}{visit.path('case', reference=row.reference)}",
    )


def _ask(visit: Visit, known: Known, ask: AskRow) -> CaseAsk:
    clocks = known.opening.process.clocks(ask.step)
    return CaseAsk(
        ask=ask.ask,
        step=ask.step,
        title=clocks.title if clocks else ask.step,
        seat=Named(key=ask.seat, name="Author" if ask.seat == AUTHOR else known.seat(ask.seat)),
        opened_at=ask.opened_at,
        due=ask.due,
        version=ask.version,
        you_answer=_how_answered(visit, known, ask),
    )


def _how_answered(visit: Visit, known: Known, ask: AskRow) -> HowAnswered:
    asked = known.waits_for(ask, visit.viewer.person, visit.site.today) and ask.seat != AUTHOR
    if not asked or known.standing.disputed or not allow(visit.viewer, "decide", known.access):
        return "no"
    return "with_token" if with_token(known, ask) else "signed_in"


def with_token(known: Known, ask: AskRow) -> bool:
    """Return whether an ask can be answered with a token: a decision is asked for, and a link in a mail would do."""
    step = known.step(ask)
    return step is not None and not step.sign_in and not is_signature(known)


def _may(
    visit: Visit, known: Known, asks: tuple[CaseAsk, ...]
) -> tuple[Literal["answer", "edit", "nudge", "withdraw"], ...]:
    viewer, access, standing = visit.viewer, known.access, known.standing
    found: dict[Literal["answer", "edit", "nudge", "withdraw"], bool] = {
        "answer": any(ask.you_answer != "no" for ask in asks),
        "edit": "edit" in standing.offers and allow(viewer, "edit_draft", access),
        "nudge": may_nudge(viewer, access, standing, visit.site.clock(), known.history),
        "withdraw": "withdraw" in standing.offers and allow(viewer, "withdraw", access),
    }
    return tuple(what for what, may in found.items() if may)


def sections_of(known: Known) -> tuple[ReadSection, ...]:
    """Return the form of a case as it is answered now, as people read it."""
    return tuple(
        ReadSection(
            key=section.key,
            title=section.title,
            answers=tuple(ReadAnswer(key=one.key, label=one.label, lines=one.lines) for one in section.answers),
        )
        for section in known.sections
    )


async def list_events(visit: Visit, body: None) -> Events:
    """Return all that happened in a case, oldest first."""
    del body
    known = await case_for(visit, visit.place("reference"))
    told = known.teller.told(known.history)
    return Events(
        reference=known.row.reference,
        events=tuple(
            ReadEvent(
                number=one.n,
                kind=said.event.kind,
                at=one.at,
                sentence=one.words,
                by=one.by,
                how=one.how,
                version=one.version,
                clause=known.clause(one.clause) if one.clause else "",
            )
            for one, said in zip(told, known.history, strict=True)
        ),
    )


_ONE: Final = "/api/v1/cases/{reference}"

CALLS: Final = (
    Call(
        "GET",
        "/api/v1/cases",
        list_cases,
        "cases:read",
        Cases,
        asked=tuple(Asked(name, _ABOUT[name], shape=_SHAPES.get(name, {})) for name in (*FIELDS, "after")),
    ),
    Call("GET", _ONE, read_case, "cases:read", ReadCase, problems=(404,)),
    Call("GET", f"{_ONE}/events", list_events, "cases:read", Events, problems=(404,)),
)
