"""Putting on record what one turn of a case said: its events, the read model of them, and the mails they cause."""

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import SQLModel, col

from domain.calendar import local_day
from domain.cases import Batch, MailOrder, Opening
from domain.chain import FIRST, forge
from domain.events import Approved, AskClosed, AskOpened, CaseEnded, Escalated, Recorded, Rejected, SiteRegistered
from domain.people import Asked, who_is_asked
from store.keys import CaseKeys, Sealer
from store.people import directory
from store.queries import opening_of, reached
from store.tables import AskedRow, AskRow, CaseRow, EventRow, LinkRow, MailRow, SiteRow

_SALT = 16


class RecordGapError(RuntimeError):
    """A turn came before the one that it follows; it is taken once that one is on record."""


@dataclass(frozen=True)
class Written:
    """What came of a batch: its case, whom each ask reached, and the mails to send."""

    case: CaseRow
    asked: dict[str, tuple[Asked, ...]]
    mails: tuple[MailRow, ...]


@dataclass
class _Turn:
    """One batch on its way into the record."""

    session: AsyncSession
    keys: CaseKeys
    sealer: Sealer
    case: CaseRow
    opening: Opening | None
    at: datetime
    asked: dict[str, tuple[Asked, ...]] = field(default_factory=dict)
    deciders: list[str] = field(default_factory=list)
    rows: dict[type[SQLModel], list[dict[str, Any]]] = field(default_factory=dict)

    def add(self, row: SQLModel) -> None:
        """Put `row` among those that are inserted together when the batch is done."""
        self.rows.setdefault(type(row), []).append(row.model_dump())

    async def insert(self) -> None:
        """Insert what was added, a statement for each table."""
        for table, rows in self.rows.items():
            await self.session.execute(insert(table), rows)


async def write_batch(session: AsyncSession, keys: CaseKeys, batch: Batch, at: datetime) -> Written:
    """Put `batch` on record and queue its mails; what is on record already is left as it is.

    Everybody whom an ask reaches is found in the directory, for the day of the event; never the author, nor whoever
    sent the request. A batch that was put on record before gives the same again, with the mails not sent yet.

    Raises:
        CaseKeyMissingError: the key of the case is gone.
        RecordGapError: events before these are not on record.
    """
    sealer = await keys.of(batch.case, session)
    case = await _case(session, sealer, batch)
    last, previous = await _head(session, batch.case)
    new = [recorded for recorded in batch.events if recorded.n > last]
    if not new:
        return Written(case, await _reached_before(session, batch), await _unsent(session, batch))
    if new[0].n != last + 1:
        raise RecordGapError(batch.case)
    turn = _Turn(session, keys, sealer, case, batch.opening, at)
    for recorded in new:
        previous = _append(turn, recorded, previous)
        await _apply(turn, recorded)
    _stand(turn, batch, new[-1].at)
    # Two notices may name the same person: one mail.
    mails = {mail.id: mail for order in batch.mails for mail in await _letters(turn, order)}
    for mail in mails.values():
        turn.add(mail)
    await session.flush()
    await turn.insert()
    return Written(case, turn.asked, tuple(mails.values()))


async def _case(session: AsyncSession, sealer: Sealer, batch: Batch) -> CaseRow:
    row = await session.get(CaseRow, batch.case)
    if row is not None:
        return row
    if batch.opening is None:
        raise RecordGapError(batch.case)
    opening, began = batch.opening, batch.events[0].at
    row = CaseRow(
        id=opening.case,
        reference=opening.reference,
        organisation=opening.organisation,
        school=opening.school,
        process=opening.process.key,
        title=opening.request.title,
        starter=opening.request.starter,
        author=opening.request.author,
        version=opening.request.version,
        opened_at=began,
        changed_at=began,
        sealed_opening=sealer.seal("case|opening", opening.model_dump_json().encode()),
        sealed_standing=b"",
    )
    session.add(row)
    return row


async def _head(session: AsyncSession, case: str) -> tuple[int, str]:
    """Return the number and the hash of the last event of `case`; 0 and the first hash before any."""
    statement = select(col(EventRow.n), col(EventRow.hash)).where(col(EventRow.case) == case)
    last = (await session.execute(statement.order_by(col(EventRow.n).desc()).limit(1))).first()
    return (last[0], last[1]) if last is not None else (0, FIRST)


def _append(turn: _Turn, recorded: Recorded, previous: str) -> str:
    values = recorded.event.model_dump(mode="json")
    said = {name: (secrets.token_hex(_SALT), value) for name, value in values.items()}
    link = forge(turn.case.id, recorded.n, recorded.at.isoformat(), said, previous)
    # Bound to the hash: a chain that was forged anew from somewhere on does not open from there on.
    sealed = turn.sealer.seal_json(f"event|{link.hash}", said)
    turn.add(EventRow(**link.model_dump(), sealed=sealed))
    return link.hash


async def _apply(turn: _Turn, recorded: Recorded) -> None:
    """Bring the read model to where `recorded` left the case."""
    event, case = recorded.event, turn.case
    if isinstance(event, AskOpened):
        turn.add(
            AskRow(
                case=case.id,
                ask=event.ask,
                step=event.step,
                seat=event.seat,
                version=event.version,
                opened_at=recorded.at,
                due=event.due,
            )
        )
        await _reach(turn, event.ask, event.ladder, event.named, recorded.at)
    elif isinstance(event, Escalated):
        turn.asked.setdefault(event.ask, (await reached(turn.session, case.id)).get(event.ask, ()))
        await _reach(turn, event.ask, event.to, None, recorded.at)
    elif isinstance(event, Approved | Rejected):
        turn.deciders.append(event.by)
        await _close(turn, event.ask, recorded.at, event.kind, event.by)
    elif isinstance(event, AskClosed):
        await _close(turn, event.ask, recorded.at, event.why, None)
    elif isinstance(event, SiteRegistered):
        turn.add(
            SiteRow(
                case=case.id,
                organisation=case.organisation,
                school=event.school,
                title=event.title,
                author=case.author,
                approved_at=recorded.at,
                live_on=event.live_on,
                closes_on=event.closes_on,
            )
        )
    elif isinstance(event, CaseEnded):
        case.closed_at, case.outcome = recorded.at, event.outcome


async def _reach(turn: _Turn, ask: str, ladder: tuple[str, ...], named: str | None, at: datetime) -> None:
    """Find whom an ask of `ladder` reaches, and write down those it had not reached before."""
    case, before = turn.case, turn.asked.get(ask, ())
    excluded = frozenset({case.author, case.starter})
    everybody = await directory(turn.session, case.organisation)
    found = who_is_asked(ladder, case.school, named, everybody, local_day(at), excluded) if ladder else ()
    known = {one.person for one in before}
    further = tuple(one for one in found if one.person not in known)
    for one in further:
        turn.add(AskedRow(case=case.id, ask=ask, **one.model_dump()))
    turn.asked[ask] = (*before, *further)


async def _close(turn: _Turn, ask: str, at: datetime, how: str, by: str | None) -> None:
    """Close an ask and every link to it, in the transaction that records why."""
    case, closed = turn.case.id, {"closed_at": at, "closed_how": how, "decided_by": by}
    for opened in turn.rows.get(AskRow, ()):
        if opened["ask"] == ask:
            opened.update(closed)
    closing = update(AskRow).where(col(AskRow.case) == case, col(AskRow.ask) == ask)
    await turn.session.execute(closing.values(**closed))
    open_links = (col(LinkRow.case) == case, col(LinkRow.ask) == ask, col(LinkRow.status) == "open")
    ending = update(LinkRow).where(*open_links)
    await turn.session.execute(ending.values(status="used" if by else "closed", closed_at=at))


def _stand(turn: _Turn, batch: Batch, at: datetime) -> None:
    case, standing = turn.case, batch.standing
    case.changed_at = at
    case.waits_for = ", ".join(ask.seat for ask in standing.asks) or None
    case.due = min((ask.due for ask in standing.asks), default=None)
    case.sealed_standing = turn.sealer.seal("case|standing", standing.model_dump_json().encode())


async def _reached_before(session: AsyncSession, batch: Batch) -> dict[str, tuple[Asked, ...]]:
    """Return whom the asks of a batch reached when it was put on record."""
    events = [recorded.event for recorded in batch.events]
    asks = {event.ask for event in events if isinstance(event, AskOpened | Escalated)}
    before = await reached(session, batch.case) if asks else {}
    return {ask: before.get(ask, ()) for ask in asks}


async def _unsent(session: AsyncSession, batch: Batch) -> tuple[MailRow, ...]:
    """Return the mails of a batch that is on record which were not sent yet."""
    about = [order.about for order in batch.mails]
    queued = select(MailRow).where(
        col(MailRow.case) == batch.case,
        col(MailRow.about).in_(about),
        col(MailRow.sent_at).is_(None),
        col(MailRow.dropped_at).is_(None),
        col(MailRow.refused_at).is_(None),
    )
    return tuple((await session.execute(queued)).scalars())


async def _letters(turn: _Turn, order: MailOrder) -> list[MailRow]:
    """Return a mail to each recipient of `order`; its id is the same however often it is asked for."""
    mails = []
    for person in dict.fromkeys(await _recipients(turn, order)):
        text = f"{turn.case.id}|{order.about}|{order.template}|{order.ask}|{person}"
        mails.append(
            MailRow(
                id=hashlib.sha256(text.encode()).hexdigest()[:32],
                case=turn.case.id,
                person=person,
                template=order.template,
                about=order.about,
                ask=order.ask,
                queued_at=turn.at,
            )
        )
    return mails


async def _recipients(turn: _Turn, order: MailOrder) -> Iterable[str]:
    if order.ask is not None:
        asked = turn.asked.get(order.ask) or (await reached(turn.session, turn.case.id)).get(order.ask, ())
        return [one.person for one in asked]
    people: list[str] = []
    for name in order.to:
        if name == "author":
            people.append(turn.case.author)
        elif name == "starter":
            people.append(turn.case.starter)
        elif name == "deciders":
            decided = select(col(AskRow.decided_by)).where(col(AskRow.case) == turn.case.id)
            people += [who for who in (await turn.session.execute(decided)).scalars() if who] + turn.deciders
        else:
            people += await _holders(turn, name)
    return people


async def _holders(turn: _Turn, seat: str) -> list[str]:
    """Return who holds `seat` now, the person whom the request names for it included."""
    opening = turn.opening or await opening_of(turn.session, turn.keys, turn.case)
    from_field = next((one.from_field for one in opening.seats if one.key == seat), None)
    named = opening.request.answers.get(from_field) if from_field else None
    everybody = await directory(turn.session, turn.case.organisation)
    found = who_is_asked(
        (seat,), turn.case.school, str(named) if named else None, everybody, local_day(turn.at), frozenset()
    )
    return [one.person for one in found]
