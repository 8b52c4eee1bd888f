"""Reading the record: what pages and mails ask of it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import BindParameter, Select, and_, bindparam, func, literal, or_, select, union, union_all
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import defer
from sqlmodel import col

from domain.access import CaseAccess
from domain.cases import Opening, Standing
from domain.chain import Link, keeps_its_word, unveiled
from domain.events import Recorded
from domain.people import Asked
from store.keys import CaseKeys, SealBrokenError, Sealer
from store.rounds.tables import SeatRow, SignatureRow, TeamRow
from store.statements import every, first, run, table
from store.tables import AskedRow, AskRow, CaseRow, EventRow, HoldingRow, MailRow, PersonRow, SiteRow

_CASE: Final = table(CaseRow)
_EVENT: Final = table(EventRow)
_ASK: Final = table(AskRow)
_ASKED: Final = table(AskedRow)
_MAIL: Final = table(MailRow)

_BY_ID: Final = select(_CASE).where(_CASE.c.id == bindparam("case"))
_BY_REFERENCE: Final = select(_CASE).where(_CASE.c.reference == bindparam("reference"))
_EVENTS: Final = select(_EVENT).where(_EVENT.c.case == bindparam("case")).order_by(_EVENT.c.n)
_EVENTS_FROM: Final = _EVENTS.where(_EVENT.c.n >= bindparam("n"))
_ONE_EVENT: Final = select(_EVENT).where(_EVENT.c.case == bindparam("case"), _EVENT.c.n == bindparam("n"))
LAST_EVENT: Final = (
    select(_EVENT.c.n, _EVENT.c.hash).where(_EVENT.c.case == bindparam("case")).order_by(_EVENT.c.n.desc()).limit(1)
)
_ASKS: Final = select(_ASK).where(_ASK.c.case == bindparam("case")).order_by(_ASK.c.opened_at, _ASK.c.ask)
_REACHED: Final = select(_ASKED).where(_ASKED.c.case == bindparam("case"))
_CASES: Final[BindParameter[list[str]]] = bindparam("cases", expanding=True)
_REACHED_OF: Final = (
    select(_ASKED.c.case, _ASKED.c.person, _ASK.c.closed_at, _ASK.c.decided_by)
    .join(_ASK, and_(_ASK.c.case == _ASKED.c.case, _ASK.c.ask == _ASKED.c.ask))
    .where(_ASKED.c.case.in_(_CASES))
)
_DECIDED_OF: Final = select(_ASK.c.case, _ASK.c.decided_by).where(
    _ASK.c.case.in_(_CASES), _ASK.c.decided_by.is_not(None)
)
_TOLD_OF: Final = (
    select(_MAIL.c.case, _MAIL.c.person)
    .where(_MAIL.c.case.in_(_CASES), _MAIL.c.template == "request_notice")
    .distinct()
)

_TEAM_OF: Final = union_all(
    select(col(TeamRow.case), col(TeamRow.person), literal(True)).where(col(TeamRow.case).in_(_CASES)),
    select(col(SignatureRow.case), col(SignatureRow.person), literal(True)).where(col(SignatureRow.case).in_(_CASES)),
    select(col(SeatRow.case), col(HoldingRow.person), col(SeatRow.owns))
    .join(CaseRow, col(CaseRow.id) == col(SeatRow.case))
    .join(HoldingRow, and_(col(HoldingRow.seat) == col(SeatRow.seat), col(HoldingRow.school) == col(CaseRow.school)))
    .join(
        PersonRow,
        # Whoever holds it: SQLite would go through everybody of the organisation for each case.
        and_(
            col(PersonRow.id) == col(HoldingRow.person),
            func.coalesce(col(PersonRow.organisation), "") == col(CaseRow.organisation),
        ),
    )
    .where(col(SeatRow.case).in_(_CASES)),
)
"""Who has to do with what is nobody's request, and whether it is theirs."""

_OFTEN: Final = 1_000
"""So many asks that ever reached somebody, and their open ones are looked for among all that are open."""

UNSEALED: Final = (
    defer(CaseRow.sealed_opening),  # type: ignore[arg-type]  # SQLModel says what a row holds, not its column
    defer(CaseRow.sealed_standing),  # type: ignore[arg-type]
)
"""Lists read what is in clear; what is sealed is left where it is."""


class BrokenRecordError(RuntimeError):
    """An event was changed: it does not open, or does not say what its entry in the chain committed to."""

    def __init__(self, case: str, n: int) -> None:
        """Name the case and the event."""
        super().__init__(f"event {n} of case {case} was changed: it does not say what it committed to")
        self.case = case
        self.n = n


async def case_by_reference(session: AsyncSession, reference: str) -> CaseRow | None:
    """Return the case with that reference, or None."""
    return await first(session, _BY_REFERENCE, CaseRow, reference=reference)


async def case_by_id(session: AsyncSession, case: str) -> CaseRow | None:
    """Return the case with that id, or None."""
    return await first(session, _BY_ID, CaseRow, case=case)


async def cases_by_ids(session: AsyncSession, cases: Sequence[str]) -> Sequence[CaseRow]:
    """Return the cases with those ids."""
    return (await session.scalars(select(CaseRow).where(col(CaseRow.id).in_(cases)).options(*UNSEALED))).all()


async def opening_of(session: AsyncSession, keys: CaseKeys, case: CaseRow) -> Opening:
    """Return what `case` began with."""
    sealer = await keys.of(case.id, session)
    return Opening.model_validate_json(sealer.open("case|opening", case.sealed_opening))


async def standing_of(session: AsyncSession, keys: CaseKeys, case: CaseRow) -> Standing:
    """Return where `case` stands."""
    sealer = await keys.of(case.id, session)
    return Standing.model_validate_json(sealer.open("case|standing", case.sealed_standing))


async def history(session: AsyncSession, keys: CaseKeys, case: str) -> tuple[Recorded, ...]:
    """Return all that happened in a case, oldest first.

    Raises:
        BrokenRecordError: an event was changed.
        CaseKeyMissingError: the case has no key.
        SealBrokenError: the key of the case does not open.
    """
    events = await every(session, _EVENTS, EventRow, case=case)
    if not events:
        return ()
    sealer = await keys.of(case, session)
    return tuple(_recorded(row, sealer) for row in events)


async def history_after(
    session: AsyncSession, keys: CaseKeys, case: str, before: tuple[Recorded, ...], head: str
) -> tuple[Recorded, ...]:
    """Return all that happened in a case of which `before` is what happened until the event with the hash `head`.

    Raises:
        BrokenRecordError: an event was changed.
        CaseKeyMissingError: the case has no key.
        SealBrokenError: the key of the case does not open.
    """
    last, *new = await every(session, _EVENTS_FROM, EventRow, case=case, n=before[-1].n) or (None,)
    if last is None or last.hash != head:
        return await history(session, keys, case)
    sealer = await keys.of(case, session)
    return (*before, *(_recorded(row, sealer) for row in new))


async def head_of(session: AsyncSession, case: str) -> str:
    """Return the hash of the last event of a case: while it is the same, nothing has happened; empty before any."""
    last = (await run(session, LAST_EVENT, {"case": case})).first()
    return last.hash if last is not None else ""


async def event_of(session: AsyncSession, keys: CaseKeys, case: str, n: int) -> Recorded | None:
    """Return the `n`th event of a case, or None."""
    row = await first(session, _ONE_EVENT, EventRow, case=case, n=n)
    return _recorded(row, await keys.of(case, session)) if row else None


def _recorded(row: EventRow, sealer: Sealer) -> Recorded:
    link = Link(case=row.case, n=row.n, entry=row.entry, previous=row.previous, hash=row.hash)
    try:
        sealed = sealer.open_json(f"event|{row.hash}", row.sealed)
    except SealBrokenError:
        raise BrokenRecordError(row.case, row.n) from None
    said = {name: (salt, value) for name, (salt, value) in sealed.items()}
    if not keeps_its_word(link, said):
        raise BrokenRecordError(row.case, row.n)
    event = unveiled({name: value for name, (_, value) in said.items()})
    return Recorded.model_validate({"n": row.n, "at": link.at, "event": event})


async def access_of(session: AsyncSession, case: CaseRow) -> CaseAccess:
    """Return what of `case` decides who may see it; `told` are those to whom a mail of it went."""
    return (await accesses_of(session, [case]))[case.id]


async def accesses_of(session: AsyncSession, cases: Sequence[CaseRow]) -> dict[str, CaseAccess]:
    """Return, by the id of each of `cases`, what decides who may see it, at the cost of three questions, or four.

    Whom an ask reached when somebody answered it may see what was answered; whom it was taken from before may not.
    """
    ids = [case.id for case in cases]
    asked, decided, told, team = ({case: set[str]() for case in ids} for _ in range(4))
    for case, person, closed_at, decided_by in (await run(session, _REACHED_OF, {"cases": ids})).all():
        if closed_at is None:
            asked[case].add(person)
        elif decided_by is not None:
            told[case].add(person)
    for people, statement in ((decided, _DECIDED_OF), (told, _TOLD_OF)):
        for case, person in (await run(session, statement, {"cases": ids})).all():
            people[case].add(person)
    nobodys = [case.id for case in cases if is_nobodys(case)]
    if nobodys:
        for case, person, theirs in (await run(session, _TEAM_OF, {"cases": nobodys})).all():
            (team if theirs else told)[case].add(person)
    return {
        case.id: CaseAccess(
            organisation=case.organisation,
            starter=case.starter,
            author=case.author,
            asked=frozenset(asked[case.id]),
            decided=frozenset(decided[case.id]),
            told=frozenset(told[case.id]),
            team=frozenset(team[case.id]),
        )
        for case in cases
    }


def is_nobodys(case: CaseRow) -> bool:
    """Return whether a case is nobody's request: it came round by itself."""
    return not case.author


async def asks_of(session: AsyncSession, case: str) -> Sequence[AskRow]:
    """Return the asks of a case, in the order in which they were opened."""
    return await every(session, _ASKS, AskRow, case=case)


async def asked_of(session: AsyncSession, case: str) -> Sequence[AskedRow]:
    """Return everybody whom the asks of a case reached."""
    return await every(session, _REACHED, AskedRow, case=case)


async def reached(session: AsyncSession, case: str) -> dict[str, tuple[Asked, ...]]:
    """Return whom each ask of a case reached, by the id of the ask; an ask that reached nobody is not there."""
    by_ask: dict[str, tuple[Asked, ...]] = {}
    for row in await asked_of(session, case):
        one = Asked(person=row.person, seat=row.seat, instead_of=row.instead_of)
        by_ask[row.ask] = (*by_ask.get(row.ask, ()), one)
    return by_ask


async def waiting_for(session: AsyncSession, person: str, most: int | None = 50) -> list[tuple[CaseRow, AskRow]]:
    """Return the open asks that reached `person`, the soonest due first, no more than `most` of them, or all.

    Whoever was asked often is looked for in what is open, and not in all that they were ever asked.
    """
    who: Any = col(AskedRow.person)
    often = select(literal(1)).where(who == person).offset(_OFTEN).limit(1)
    if (await session.execute(often)).first() is not None:
        who = func.coalesce(who, "")
    statement = (
        select(CaseRow, AskRow)
        .join(AskRow, col(AskRow.case) == col(CaseRow.id))
        .join(AskedRow, and_(col(AskedRow.case) == col(AskRow.case), col(AskedRow.ask) == col(AskRow.ask)))
        .where(who == person, col(AskRow.closed_at).is_(None))
        .order_by(col(AskRow.due), col(AskRow.case), col(AskRow.ask))
        .limit(most)
        .options(*UNSEALED)
    )
    return [(case, ask) for case, ask in (await session.execute(statement)).all()]


async def cases_of(session: AsyncSession, person: str, most: int = 50) -> Sequence[CaseRow]:
    """Return the latest cases that `person` started or is the author of, and the lives of the sites that they run."""
    run_by_them = select(col(TeamRow.case)).where(col(TeamRow.person) == person)
    which = (col(CaseRow.starter) == person, col(CaseRow.author) == person, col(CaseRow.id).in_(run_by_them))
    # Each by itself: walked along its index, and not sorted with all that have ended.
    own = (_newest(select(col(CaseRow.id)).where(theirs)).limit(most).subquery() for theirs in which)
    latest = union(*(select(one.c.id) for one in own))
    wanted = _newest(select(CaseRow).where(col(CaseRow.id).in_(latest))).limit(most).options(*UNSEALED)
    found: Sequence[CaseRow] = (await session.scalars(wanted)).all()
    return found


def _newest(statement: Select[Any]) -> Select[Any]:
    return statement.order_by(col(CaseRow.opened_at).desc(), col(CaseRow.id).desc())


async def nth_latest_opening(
    session: AsyncSession, n: int, since: datetime, starter: str | None = None
) -> datetime | None:
    """Return when the `n`th latest case of all, or of `starter`, began; None where fewer began after `since`."""
    opened = col(CaseRow.opened_at)
    statement = select(opened).where(opened > since)
    if starter is not None:
        statement = statement.where(col(CaseRow.starter) == starter)
    return (await session.execute(statement.order_by(opened.desc()).offset(n - 1).limit(1))).scalar_one_or_none()


async def register_of(
    session: AsyncSession, organisation: str, *, after: str | None = None, most: int = 50
) -> Sequence[SiteRow]:
    """Return the approved sites of an organisation by title, those after the site of the case `after`."""
    statement = select(SiteRow).where(col(SiteRow.organisation) == organisation)
    last = await session.get(SiteRow, after) if after is not None else None
    if last is not None:
        title = col(SiteRow.title)
        statement = statement.where(or_(title > last.title, and_(title == last.title, col(SiteRow.case) > last.case)))
    ordered = statement.order_by(col(SiteRow.title), col(SiteRow.case)).limit(most)
    return (await session.execute(ordered)).scalars().all()


async def site_of(session: AsyncSession, case: object) -> SiteRow | None:
    """Return what is in the register because of a case; None where nothing is."""
    return await session.get(SiteRow, case) if isinstance(case, str) else None


async def void_of(session: AsyncSession, cases: Sequence[CaseRow]) -> frozenset[str]:
    """Return the ids of those of `cases` that approved a site by an answer that was found to be void afterwards."""
    approved = [case.id for case in cases if case.outcome == "approved"]
    if not approved:
        return frozenset()
    statement = select(col(SiteRow.case)).where(col(SiteRow.case).in_(approved), col(SiteRow.void_at).is_not(None))
    return frozenset((await session.scalars(statement)).all())


async def mails_of(session: AsyncSession, case: str) -> Sequence[MailRow]:
    """Return the mails of a case, oldest first."""
    statement = select(MailRow).where(col(MailRow.case) == case).order_by(col(MailRow.queued_at), col(MailRow.id))
    return (await session.execute(statement)).scalars().all()
