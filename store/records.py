"""Putting on record what one turn of a case said: its events, the read model of them, and the mails they cause."""

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from domain.calendar import local_day
from domain.cases import Batch, MailOrder, Opening
from domain.chain import FIRST, forge
from domain.events import Approved, AskClosed, AskOpened, CaseEnded, Escalated, Recorded, Rejected, SiteRegistered
from domain.people import Asked, Directory, who_is_asked
from store.keys import CaseKeys, Sealer
from store.queries import opening_of
from store.tables import AskedRow, AskRow, CaseRow, EventRow, LinkRow, MailRow, SiteRow

_SALT = 16


class RecordGapError(RuntimeError):
    """A turn came before the one that it follows; it is taken once that one is on record."""


@dataclass(frozen=True)
class Written:
    """What came of a batch: whom each ask reached, and the ids of the mails to send."""

    asked: dict[str, tuple[Asked, ...]]
    mails: tuple[str, ...]


@dataclass
class _Turn:
    """One batch on its way into the record."""

    session: AsyncSession
    sealer: Sealer
    keys: CaseKeys
    case: CaseRow
    opening: Opening | None
    directory: Directory
    at: datetime
    asked: dict[str, tuple[Asked, ...]] = field(default_factory=dict)
    deciders: list[str] = field(default_factory=list)

    async def whole_opening(self) -> Opening:
        """Return what the case began with."""
        if self.opening is None:
            self.opening = await opening_of(self.session, self.keys, self.case)
        return self.opening


async def write_batch(
    session: AsyncSession, keys: CaseKeys, batch: Batch, directory: Directory, at: datetime
) -> Written:
    """Put `batch` on record and queue its mails; what is on record already is left as it is.

    Everybody whom an ask reaches is found in `directory`, for the day of the event; never the author, nor whoever
    sent the request.

    Raises:
        CaseKeyMissingError: the key of the case is gone.
        RecordGapError: events before these are not on record.
    """
    sealer = await keys.of(batch.case, session)
    case = await _case(session, sealer, batch)
    last, previous = await _head(session, batch.case)
    new = [recorded for recorded in batch.events if recorded.n > last]
    turn = _Turn(session, sealer, keys, case, batch.opening, directory, at)
    if new and new[0].n != last + 1:
        raise RecordGapError(batch.case)
    for recorded in new:
        previous = _append(turn, recorded, previous)
        await _apply(turn, recorded)
    if not new:
        turn.asked = await _reached_before(session, batch)
    else:
        _stand(turn, batch, new[-1].at)
    mails = [mail for order in batch.mails for mail in await _queue(turn, order, fresh=bool(new))]
    await session.flush()
    return Written(asked=turn.asked, mails=tuple(dict.fromkeys(mails)))


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
    await session.flush()
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
    sealed = turn.sealer.seal_json(f"event|{recorded.n}", said)
    turn.session.add(EventRow(**link.model_dump(), sealed=sealed))
    return link.hash


async def _apply(turn: _Turn, recorded: Recorded) -> None:
    """Bring the read model to where `recorded` left the case."""
    event, session, case = recorded.event, turn.session, turn.case
    if isinstance(event, AskOpened):
        session.add(
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
        _reach(turn, event.ask, event.ladder, event.named, recorded.at)
    elif isinstance(event, Escalated):
        turn.asked.setdefault(event.ask, (await _asked(session, case.id)).get(event.ask, ()))
        _reach(turn, event.ask, event.to, None, recorded.at)
    elif isinstance(event, Approved | Rejected):
        turn.deciders.append(event.by)
        await _close(turn, event.ask, recorded.at, event.kind, event.by)
    elif isinstance(event, AskClosed):
        await _close(turn, event.ask, recorded.at, event.why, None)
    elif isinstance(event, SiteRegistered):
        session.add(
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


def _reach(turn: _Turn, ask: str, ladder: tuple[str, ...], named: str | None, at: datetime) -> None:
    """Find whom an ask of `ladder` reaches, and write down those it had not reached before."""
    case, before = turn.case, turn.asked.get(ask, ())
    excluded = frozenset({case.author, case.starter})
    found = who_is_asked(ladder, case.school, named, turn.directory, local_day(at), excluded) if ladder else ()
    known = {one.person for one in before}
    further = tuple(one for one in found if one.person not in known)
    for one in further:
        turn.session.add(AskedRow(case=case.id, ask=ask, **one.model_dump()))
    turn.asked[ask] = (*before, *further)


async def _close(turn: _Turn, ask: str, at: datetime, how: str, by: str | None) -> None:
    """Close an ask and every link to it, in the transaction that records why."""
    ask_row = await turn.session.get(AskRow, (turn.case.id, ask))
    if ask_row is not None:
        ask_row.closed_at, ask_row.closed_how, ask_row.decided_by = at, how, by
    closing = update(LinkRow).where(
        col(LinkRow.case) == turn.case.id, col(LinkRow.ask) == ask, col(LinkRow.status) == "open"
    )
    await turn.session.execute(closing.values(status="used" if by else "closed", closed_at=at))


def _stand(turn: _Turn, batch: Batch, at: datetime) -> None:
    case, standing = turn.case, batch.standing
    case.changed_at = at
    case.waits_for = ", ".join(ask.seat for ask in standing.asks) or None
    case.due = min((ask.due for ask in standing.asks), default=None)
    case.sealed_standing = turn.sealer.seal("case|standing", standing.model_dump_json().encode())


async def _asked(session: AsyncSession, case: str) -> dict[str, tuple[Asked, ...]]:
    rows = (await session.execute(select(AskedRow).where(col(AskedRow.case) == case))).scalars()
    reached: dict[str, tuple[Asked, ...]] = {}
    for row in rows:
        one = Asked(person=row.person, seat=row.seat, instead_of=row.instead_of)
        reached[row.ask] = (*reached.get(row.ask, ()), one)
    return reached


async def _reached_before(session: AsyncSession, batch: Batch) -> dict[str, tuple[Asked, ...]]:
    """Return what the first call for `batch` returned."""
    events = [recorded.event for recorded in batch.events]
    asks = {event.ask for event in events if isinstance(event, AskOpened | Escalated)}
    reached = await _asked(session, batch.case) if asks else {}
    return {ask: reached.get(ask, ()) for ask in asks}


async def _queue(turn: _Turn, order: MailOrder, *, fresh: bool) -> list[str]:
    """Queue a mail to each recipient of `order`, once, and return their ids."""
    queued = []
    for person in dict.fromkeys(await _recipients(turn, order)):
        text = f"{turn.case.id}|{order.about}|{order.template}|{order.ask}|{person}"
        mail_id = hashlib.sha256(text.encode()).hexdigest()[:32]
        if fresh:
            turn.session.add(
                MailRow(
                    id=mail_id,
                    case=turn.case.id,
                    person=person,
                    template=order.template,
                    about=order.about,
                    ask=order.ask,
                    queued_at=turn.at,
                )
            )
        queued.append(mail_id)
    return queued


async def _recipients(turn: _Turn, order: MailOrder) -> Iterable[str]:
    if order.ask is not None:
        reached = turn.asked.get(order.ask) or (await _asked(turn.session, turn.case.id)).get(order.ask, ())
        return [one.person for one in reached]
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
    opening = await turn.whole_opening()
    from_field = next((one.from_field for one in opening.seats if one.key == seat), None)
    named = opening.request.answers.get(from_field) if from_field else None
    day = local_day(turn.at)
    found = who_is_asked(
        (seat,), turn.case.school, str(named) if named else None, turn.directory, day, frozenset()
    )
    return [one.person for one in found]
