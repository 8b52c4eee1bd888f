"""Putting on record what one turn of a case said: its events, the read model of them, and the mails they cause."""

import hashlib
import json
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any, Final

from sqlalchemy import Table, Update, bindparam, delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import SQLModel, col

from domain.asking import Reaching, reached_by
from domain.calendar import local_day
from domain.cases import Batch, MailOrder, Opening, Standing
from domain.chain import FIRST, forge
from domain.events import (
    AnyEvent,
    Approved,
    AskClosed,
    AskMoved,
    AskOpened,
    CaseEnded,
    Escalated,
    Extended,
    PackChanged,
    Recorded,
    Rejected,
    RequestEdited,
    Returned,
    SiteRegistered,
)
from domain.fields import Value
from domain.mails import NEUTRAL
from domain.people import Asked, who_is_asked
from domain.round_entries import CalendarChanged, CycleBegan
from store import webhooks
from store.found_by import changes_words, words_of
from store.keys import CaseKeys, Sealer
from store.mails import neutral
from store.people import directory
from store.queries import LAST_EVENT, opening_of, reached
from store.rounds import writing as rounds
from store.statements import add, loose, run, table, values_of
from store.tables import AskedRow, AskRow, CaseRow, EventRow, LinkRow, MailRow, SiteRow

_SALT = 16

_CASE: Final = table(CaseRow)
_EVENT: Final = table(EventRow)
_ASK: Final = table(AskRow)
_LINK: Final = table(LinkRow)
_CASE_NOW: Final = select(_CASE, webhooks.is_told(_CASE).label("is_told")).where(_CASE.c.id == bindparam("id"))
_DECIDED: Final = select(_ASK.c.decided_by).where(_ASK.c.case == bindparam("case"))
_END_LINKS: Final = (
    update(_LINK)
    .where(
        _LINK.c.case == bindparam("_case"),
        _LINK.c.ask == bindparam("_ask"),
        _LINK.c.purpose == "answer",
        _LINK.c.status == "open",
    )
    .values(status=bindparam("status"), closed_at=bindparam("closed_at"))
)
OVERDUE_MAIL = "review_overdue"
"""The mail that tells that the day of a review has passed."""

VACANT_MAIL = "vacant"
"""The mail that tells administrators that an ask reaches nobody."""


class RecordGapError(RuntimeError):
    """A turn came before the one that it follows; it is taken once that one is on record."""


class RecordClashError(RuntimeError):
    """Another event is on record under the number of one that comes; nothing is put on record, and nothing is lost."""


@dataclass(frozen=True)
class Written:
    """What came of a batch: its case, whom each ask reached, and the mails to send.

    `begins` are the cases to begin out of it, `supersedes` the campaigns that ask for an older version. `deliveries`
    are what is to be told to webhooks.
    """

    case: CaseRow
    asked: dict[str, tuple[Asked, ...]]
    mails: tuple[MailRow, ...]
    begins: tuple[Opening, ...] = ()
    supersedes: tuple[str, ...] = ()
    deliveries: tuple[str, ...] = ()


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
    newly: dict[str, tuple[Asked, ...]] = field(default_factory=dict)
    asked_before: dict[str, tuple[Asked, ...]] = field(default_factory=dict)
    vacant: list[int] = field(default_factory=list)
    deciders: list[str] = field(default_factory=list)
    rows: dict[type[SQLModel], list[dict[str, Any]]] = field(default_factory=dict)

    def add(self, rows: type[SQLModel], **values: object) -> None:
        """Put a row among those that are inserted together when the batch is done."""
        self.rows.setdefault(rows, []).append(values)

    async def insert(self) -> None:
        """Insert what was added, a statement for each table."""
        for rows, values in self.rows.items():
            await add(self.session, rows, values)


async def write_batch(session: AsyncSession, keys: CaseKeys, batch: Batch, at: datetime) -> Written:
    """Put `batch` on record and queue its mails; what is on record already is left as it is.

    Everybody whom an ask reaches is found in the directory, for the day of the event; never the author, nor whoever
    sent the request. A batch that was put on record before gives the same again, with the mails not sent yet.

    Raises:
        CaseKeyMissingError: the key of the case is gone.
        RecordClashError: other events are on record under the same numbers.
        RecordGapError: events before these are not on record.
    """
    sealer = await keys.of(batch.case, session)
    found = dict((await run(session, _CASE_NOW, {"id": batch.case})).mappings().first() or {})
    # Of a new case it is not known yet whether anybody is told of it.
    may_be_told = bool(found.pop("is_told", True))
    case = loose(CaseRow, found or _new_case(sealer, batch))
    before = values_of(case)
    if not found:
        await add(session, CaseRow, [before])
    last, previous = await head(session, batch.case)
    new = await new_events(session, batch, last)
    begins, supersedes = await _begun_out_of(session, keys, case, batch)
    if not new:
        sent = await _unsent(session, batch)
        return Written(case, await _reached_before(session, batch), sent, begins, supersedes)
    turn = _Turn(session, keys, sealer, case, batch.opening, at)
    for recorded in new:
        event = await _apply(turn, recorded, batch)
        previous = _append(turn, recorded.model_copy(update={"event": event}), previous)
    _stand(turn, batch, new[-1].at)
    if not found or any(changes_words(recorded.event) for recorded in new):
        opening = turn.opening or await opening_of(session, keys, case)
        case.found_by = await words_of(session, opening, batch.standing.request or opening.request)
    await rounds.look_forward(session, case, batch.standing.dates)
    if batch.opening is not None:
        await rounds.seat(session, case.id, batch.opening)
    vacancies = [MailOrder(template=VACANT_MAIL, about=n, to=("administrators",)) for n in turn.vacant]
    by_number = {recorded.n: recorded.event for recorded in batch.events}
    # Two notices may name the same person: one mail.
    mails = {
        mail.id: mail
        for order in (*batch.mails, *vacancies)
        for mail in await _letters(turn, order, by_number.get(order.about), batch)
    }
    # Whoever is asked for what is overdue in the same breath is not told of it besides.
    asked = {mail.person for mail in mails.values() if mail.ask is not None}
    mails = {key: mail for key, mail in mails.items() if mail.template != OVERDUE_MAIL or mail.person not in asked}
    for mail in mails.values():
        turn.add(MailRow, **values_of(mail))
    changed = {name: value for name, value in values_of(case).items() if value != before[name]}
    await run(session, _change(_CASE, ("id",), tuple(changed)), {"_id": case.id, **changed})
    await session.flush()
    await turn.insert()
    deliveries = await webhooks.write_out(session, case, new, at) if may_be_told else ()
    return Written(case, turn.asked, tuple(mails.values()), begins, supersedes, deliveries)


async def _begun_out_of(
    session: AsyncSession, keys: CaseKeys, case: CaseRow, batch: Batch
) -> tuple[tuple[Opening, ...], tuple[str, ...]]:
    if not batch.begins:
        return (), ()
    opening = batch.opening or await opening_of(session, keys, case)
    return await rounds.begun_out_of(session, keys, opening, batch)


def _new_case(sealer: Sealer, batch: Batch) -> dict[str, Any]:
    if batch.opening is None:
        raise RecordGapError(batch.case)
    opening, began = batch.opening, batch.events[0].at
    return {
        "id": opening.case,
        "reference": opening.reference,
        "organisation": opening.organisation,
        "school": opening.school,
        "process": opening.process.key,
        "title": opening.request.title,
        "found_by": None,
        "starter": opening.request.starter,
        "author": opening.request.author,
        "version": opening.request.version,
        "opened_at": began,
        "changed_at": began,
        "sealed_opening": _sealed_opening(sealer, opening),
        "sealed_standing": b"",
    }


def _sealed_opening(sealer: Sealer, opening: Opening) -> bytes:
    return sealer.seal("case|opening", opening.model_dump_json().encode())


async def head(session: AsyncSession, case: str) -> tuple[int, str]:
    """Return the number and the hash of the last event of `case`; 0 and the first hash before any."""
    last = (await run(session, LAST_EVENT, {"case": case})).first()
    return (last[0], last[1]) if last is not None else (0, FIRST)


async def new_events(session: AsyncSession, batch: Batch, last: int) -> list[Recorded]:
    """Return the events of `batch` that come after the `last` on record.

    Raises:
        RecordClashError: one that is on record already was recorded at another time, and so is another.
        RecordGapError: events before these are not on record.
    """
    again = {recorded.n: recorded.at.isoformat() for recorded in batch.events if recorded.n <= last}
    if again:
        there = await session.execute(
            select(_EVENT.c.n, _EVENT.c.entry).where(_EVENT.c.case == batch.case, _EVENT.c.n.in_(again))
        )
        if any(json.loads(entry)["at"] != again[n] for n, entry in there):
            raise RecordClashError(batch.case)
    new = [recorded for recorded in batch.events if recorded.n > last]
    if new and new[0].n != last + 1:
        raise RecordGapError(batch.case)
    return new


def _append(turn: _Turn, recorded: Recorded, previous: str) -> str:
    values = recorded.event.model_dump(mode="json")
    said = {name: (secrets.token_hex(_SALT), value) for name, value in values.items()}
    link = forge(turn.case.id, recorded.n, recorded.at.isoformat(), said, previous)
    # Bound to the hash: a chain that was forged anew from somewhere on does not open from there on.
    sealed = turn.sealer.seal_json(f"event|{link.hash}", said)
    turn.add(
        EventRow, case=link.case, n=link.n, entry=link.entry, previous=link.previous, hash=link.hash, sealed=sealed
    )
    return link.hash


async def _apply(turn: _Turn, recorded: Recorded, batch: Batch) -> AnyEvent:
    """Bring the read model to where `recorded` left the case; return the event, with whom it reached."""
    event, case = recorded.event, turn.case
    if isinstance(event, AskOpened):
        turn.add(
            AskRow,
            case=case.id,
            ask=event.ask,
            step=event.step,
            seat=event.seat,
            version=event.version,
            opened_at=recorded.at,
            due=event.due,
            ladder=" ".join(event.ladder),
            named=event.named,
            excluded=" ".join(event.excluded),
        )
    if isinstance(event, AskOpened | AskMoved | Escalated):
        return await _reach(turn, event, recorded)
    if isinstance(event, Approved | Returned | Rejected):
        turn.deciders.append(event.by)
        await _close(turn, event.ask, recorded.at, event.kind, event.by)
    elif isinstance(event, AskClosed):
        await _close(turn, event.ask, recorded.at, event.why, None)
    elif isinstance(event, Extended):
        await _change_ask(turn, event.ask, {"due": event.due})
    elif isinstance(event, RequestEdited):
        case.title, case.author, case.version = event.title, event.author, event.version
    elif isinstance(event, PackChanged | CycleBegan | CalendarChanged) and turn.opening is not None:
        case.sealed_opening = _sealed_opening(turn.sealer, turn.opening)
        if isinstance(event, CalendarChanged):
            for ask in batch.standing.asks:
                if ask.ask in event.moved:
                    await _change_ask(turn, ask.ask, {"due": ask.due})
    elif isinstance(event, SiteRegistered):
        turn.add(
            SiteRow,
            case=case.id,
            organisation=case.organisation,
            school=event.school,
            title=event.title,
            author=case.author,
            approved_at=recorded.at,
            live_on=event.live_on,
            closes_on=event.closes_on,
        )
    elif isinstance(event, CaseEnded):
        case.closed_at, case.outcome = recorded.at, event.outcome
    if rounds.concerns(event):
        await rounds.note(turn.session, case, _answers_then(turn, recorded, batch), recorded)
    return event


def _answers_then(turn: _Turn, recorded: Recorded, batch: Batch) -> dict[str, Value]:
    """Return the answers of the request when `recorded` happened: what the batch says of it may have come later."""
    edits = [(said.n, said.event.answers) for said in batch.events if isinstance(said.event, RequestEdited)]
    before = [answers for n, answers in edits if n < recorded.n]
    if before:
        return before[-1]
    begun_with = turn.opening.request if turn.opening is not None else None
    if not edits:
        request = batch.standing.request or begun_with
    elif recorded.n == 1:
        request = begun_with
    else:
        stood = turn.sealer.open("case|standing", turn.case.sealed_standing)
        request = Standing.model_validate_json(stood).request or begun_with
    return request.answers if request is not None else {}


async def _reach(turn: _Turn, event: Reaching, recorded: Recorded) -> AnyEvent:
    """Find whom an ask reaches from now on, and close the links of those whom it does not reach any more."""
    case, ask = turn.case, event.ask
    before: tuple[Asked, ...] = ()
    if not isinstance(event, AskOpened):
        before = turn.asked[ask] if ask in turn.asked else (await reached(turn.session, case.id)).get(ask, ())
    everybody = await directory(turn.session, case.organisation)
    found = reached_by(
        event, before, frozenset({case.author, case.starter}), case.school, everybody, local_day(recorded.at)
    )
    if isinstance(event, AskMoved):
        seats = {
            "ladder": " ".join(event.ladder),
            "named": event.named,
            "excluded": " ".join(event.excluded),
            "escalated_to": " ".join(event.also),
        }
        await _change_ask(turn, ask, seats)
    elif isinstance(event, Escalated):
        await _change_ask(turn, ask, {"escalated_to": " ".join(event.to)})
    known, stay = {one.person for one in before}, {one.person for one in found}
    await _let_go(turn, ask, {one.person for one in before if one not in found})
    await _close_links(turn, ask, known - stay, recorded.at)
    turn.newly[ask] = tuple(one for one in found if one.person not in known)
    for one in found:
        if one not in before:
            turn.add(AskedRow, case=case.id, ask=ask, person=one.person, seat=one.seat, instead_of=one.instead_of)
    turn.asked[ask] = found
    if not found:
        turn.vacant.append(recorded.n)
    return event.model_copy(update={"asked": found})


async def _let_go(turn: _Turn, ask: str, people: set[str]) -> None:
    """Forget how an ask reached `people`: it does so no more, or in another seat."""
    if not people:
        return
    rows = [row for row in turn.rows.pop(AskedRow, []) if row["ask"] != ask or row["person"] not in people]
    if rows:
        turn.rows[AskedRow] = rows
    theirs = (col(AskedRow.case) == turn.case.id, col(AskedRow.ask) == ask, col(AskedRow.person).in_(people))
    await turn.session.execute(delete(AskedRow).where(*theirs))


async def _close_links(turn: _Turn, ask: str, people: set[str], at: datetime) -> None:
    """Close the links of `people` to an ask that does not reach them any more."""
    if not people:
        return
    links = (col(LinkRow.case) == turn.case.id, col(LinkRow.ask) == ask, col(LinkRow.person).in_(people))
    answering = (col(LinkRow.purpose) == "answer", col(LinkRow.status) == "open")
    await turn.session.execute(update(LinkRow).where(*links, *answering).values(status="closed", closed_at=at))


@cache
def _change(rows: Table, key: tuple[str, ...], names: tuple[str, ...]) -> Update:
    """Return the statement that changes `names` in the row of `rows` with that `key`, given as `_` and its name."""
    return (
        update(rows)
        .where(*(rows.c[name] == bindparam(f"_{name}") for name in key))
        .values({name: bindparam(name) for name in names})
    )


async def _change_ask(turn: _Turn, ask: str, values: dict[str, Any]) -> None:
    """Change the read model of an ask, whether it was opened in this turn or before."""
    for opened in turn.rows.get(AskRow, ()):
        if opened["ask"] == ask:
            opened.update(values)
            return
    changing = _change(_ASK, ("case", "ask"), tuple(values))
    await run(turn.session, changing, {"_case": turn.case.id, "_ask": ask, **values})


async def _close(turn: _Turn, ask: str, at: datetime, how: str, by: str | None) -> None:
    """Close an ask and every link to it, in the transaction that records why."""
    await _change_ask(turn, ask, {"closed_at": at, "closed_how": how, "decided_by": by})
    status = "used" if by else "superseded" if how == "changed" else "closed"
    await run(turn.session, _END_LINKS, {"_case": turn.case.id, "_ask": ask, "status": status, "closed_at": at})


def _stand(turn: _Turn, batch: Batch, at: datetime) -> None:
    case, standing = turn.case, batch.standing
    case.changed_at = at
    case.waits_for = ", ".join(ask.seat for ask in standing.asks) or None
    case.due = min((ask.due for ask in standing.asks), default=None)
    case.held_at = standing.held_at
    case.sealed_standing = turn.sealer.seal("case|standing", standing.model_dump_json().encode())


async def _reached_before(session: AsyncSession, batch: Batch) -> dict[str, tuple[Asked, ...]]:
    """Return whom the asks of a batch reached when it was put on record."""
    events = [recorded.event for recorded in batch.events]
    asks = {event.ask for event in events if isinstance(event, AskOpened | AskMoved | Escalated)}
    before = await reached(session, batch.case) if asks else {}
    return {ask: before.get(ask, ()) for ask in asks}


async def _unsent(session: AsyncSession, batch: Batch) -> tuple[MailRow, ...]:
    """Return the mails of a batch that is on record which were not sent yet."""
    queued = select(MailRow).where(
        col(MailRow.case) == batch.case,
        col(MailRow.about).in_([recorded.n for recorded in batch.events]),
        col(MailRow.sent_at).is_(None),
        col(MailRow.dropped_at).is_(None),
        col(MailRow.refused_at).is_(None),
        col(MailRow.gathered_at).is_(None),
    )
    return tuple((await session.execute(queued)).scalars())


async def _letters(turn: _Turn, order: MailOrder, about: AnyEvent | None, batch: Batch) -> list[MailRow]:
    """Return a mail to each recipient of `order`; its id is the same however often it is asked for.

    A neutral mail goes to those whom the ask had reached before, and is like one of a confidential case.
    """
    if order.template == NEUTRAL and order.ask is not None:
        newly = turn.newly.get(order.ask, ())
        before = [one.person for one in await _asked_now(turn, order.ask) if one not in newly]
        made = (neutral(turn.sealer, str(order.about), person, turn.at) for person in before)
        return [loose(MailRow, mail.model_dump()) for mail in made]
    mails = []
    for person in filter(None, dict.fromkeys(await _recipients(turn, order, about, batch))):
        text = f"{turn.case.id}|{order.about}|{order.template}|{order.ask}|{person}"
        mail = {
            "id": hashlib.sha256(text.encode()).hexdigest()[:32],
            "case": turn.case.id,
            "person": person,
            "template": order.template,
            "about": order.about,
            "ask": order.ask,
            "queued_at": turn.at,
        }
        mails.append(loose(MailRow, mail))
    return mails


async def _recipients(turn: _Turn, order: MailOrder, about: AnyEvent | None, batch: Batch) -> Iterable[str]:
    if order.ask is not None:
        if order.newly:
            return [one.person for one in turn.newly.get(order.ask, ())]
        return [one.person for one in await _asked_now(turn, order.ask)]
    people: list[str] = []
    for name in order.to:
        if name == "author":
            people.append(turn.case.author)
        elif name == "starter":
            people.append(turn.case.starter)
        elif name == "decider":
            people.append(getattr(about, "by", ""))
        elif name == "deciders":
            decided = (await run(turn.session, _DECIDED, {"case": turn.case.id})).scalars()
            people += [who for who in decided if who] + turn.deciders
        elif name == "asked":
            people += [one.person for ask in order.asks for one in await _asked_now(turn, ask)]
        elif name == "administrators":
            everybody = await directory(turn.session, turn.case.organisation)
            people += [person.id for person in everybody.people if person.administrator]
        else:
            people += await _holders(turn, name, batch.standing)
    return people


async def _asked_now(turn: _Turn, ask: str) -> tuple[Asked, ...]:
    if ask not in turn.asked:
        turn.asked_before |= await reached(turn.session, turn.case.id)
        return turn.asked_before.get(ask, ())
    return turn.asked[ask]


async def _holders(turn: _Turn, seat: str, standing: Standing) -> list[str]:
    """Return who holds `seat` now, the person whom the request names for it included."""
    opening = turn.opening or await opening_of(turn.session, turn.keys, turn.case)
    from_field = next((one.from_field for one in opening.seats if one.key == seat), None)
    request = standing.request or opening.request
    named = request.answers.get(from_field) if from_field else None
    everybody = await directory(turn.session, turn.case.organisation)
    found = who_is_asked(
        (seat,), turn.case.school, str(named) if named else None, everybody, local_day(turn.at), frozenset()
    )
    return [one.person for one in found]
