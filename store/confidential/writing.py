"""Putting on record what one turn of a confidential case said: its events, who is in it, and the mails it causes."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.asking import reached_by
from domain.calendar import local_day
from domain.cases import Batch, MailOrder, Opening
from domain.chain import canonical, forge, veiled
from domain.entries import CaseOpened, CaseRouted, Entry
from domain.events import AskClosed, AskMoved, AskOpened, Escalated, Extended, Recorded
from domain.people import Asked, Directory
from store import mails, people
from store.confidential.opening import is_cleared, not_begun, opened_by, opened_out_of
from store.confidential.parties import emergencies_of, holders, keep_parties, parties
from store.confidential.sealed import (
    Kept,
    LatestMail,
    Reaches,
    kept_in,
    opening_in,
    padded,
    sealed_opening,
    sealed_standing,
)
from store.confidential.tables import ConfidentialRow
from store.keys import CaseKeys, Sealer
from store.records import RecordGapError, head, new_events
from store.tables import EventRow, MailRow

_SALT: Final = 16

_NO_SEATS: Final = frozenset({"asked", "author", "starter", "decider", "deciders", "administrators"})
"""Names in the orders of mails that are no seats; but for those who are asked, a confidential case has none of them."""

_FOLLOWS: Final = (AskOpened, AskMoved, AskClosed, CaseRouted, CaseOpened, Extended)
"""What the case itself records at once, because of what somebody did."""

_NOBODY: Final = Reaches(ladder=())


@dataclass(frozen=True)
class Written:
    """What came of a batch: whom each ask reached, the mails to send, the cases to begin, and whether it is cleared.

    `halts` are the cases that are to stand still, and `occasion` says on which occasion, in a word that tells nothing.
    """

    asked: dict[str, tuple[Asked, ...]]
    mails: tuple[MailRow, ...]
    begins: tuple[Opening, ...]
    cleared: bool | None
    halts: tuple[str, ...] = ()
    occasion: str = ""


async def write(session: AsyncSession, keys: CaseKeys, batch: Batch, at: datetime) -> Written:
    """Put `batch` on record and queue its mails; what is on record already is left as it is.

    Everybody whom an ask reaches is found in the directory, for the day of the event; never anybody who is recused. A
    batch that was put on record before gives the same again, with the mails not sent and the cases not begun yet.

    Raises:
        CaseKeyMissingError: the key of the case is gone.
        RecordClashError: other events are on record under the same numbers.
        RecordGapError: events before these are not on record.
    """
    sealer = await keys.of(batch.case, session)
    row = await session.get(ConfidentialRow, batch.case, with_for_update=True)
    opening = batch.opening or (opening_in(sealer, row) if row is not None else None)
    if opening is None:
        raise RecordGapError(batch.case)
    kept = _first(opening, batch) if row is None else kept_in(sealer, row)
    last, previous = await head(session, batch.case)
    new = await new_events(session, batch, last)
    if not new:
        openings = await opened_out_of(session, keys, sealer, opening, batch)
        asked, queued = _reached_before(kept, batch), await _unsent(session, kept, batch)
    else:
        turn = _Turn(batch, kept, await people.directory(session, opening.organisation))
        await append(session, sealer, [turn.apply(recorded) for recorded in new], previous)
        openings = await opened_out_of(session, keys, sealer, opening, batch)
        asked, queued = turn.asked, turn.mails(sealer, at)
        kept = turn.kept_now(queued, openings)
        await _keep(session, sealer, row, opening, kept, batch)
        session.add_all(queued)
        in_it = parties(kept, await emergencies_of(session, sealer), turn.directory, at)
        await keep_parties(session, keys, batch.case, in_it)
    cleared = None
    if batch.clears is not None:
        begins = batch.opening is not None
        cleared = await is_cleared(session, keys, opening, kept.opened, batch.clears, begins=begins)
    halts = await opened_by(session, kept.opened) if batch.halts else ()
    occasion = sealer.mark("halt", str(batch.events[-1].n)) if halts else ""
    return Written(asked, tuple(queued), await not_begun(session, openings), cleared, halts, occasion)


class _Turn:
    """One batch on its way into the record: whom each ask reaches, and who is mailed."""

    def __init__(self, batch: Batch, kept: Kept, directory: Directory) -> None:
        self.batch = batch
        self.kept = kept.model_copy(update={"standing": batch.standing})
        self.directory = directory
        self.reaches = dict(kept.reaches)
        self.asked: dict[str, tuple[Asked, ...]] = {}
        self._newly: dict[str, tuple[Asked, ...]] = {}
        self._reached_nobody_new = False

    def apply(self, recorded: Recorded) -> Recorded:
        """Take `recorded` in; return it with whom it reached."""
        event = recorded.event
        if not isinstance(event, AskOpened | AskMoved | Escalated):
            return recorded
        was, recused = self.reaches.get(event.ask, Reaches(ladder=())), self.kept.recused
        day = local_day(recorded.at)
        reached = reached_by(event, was.asked, recused, self.kept.school, self.directory, day)
        found = tuple(one for one in reached if one.person not in recused)
        if isinstance(event, Escalated):
            now = was.model_copy(update={"also": event.to, "excluded": event.excluded, "asked": found})
        else:
            also = event.also if isinstance(event, AskMoved) else ()
            now = Reaches(ladder=event.ladder, also=also, named=event.named, excluded=event.excluded, asked=found)
        known = {one.person for one in was.asked}
        self.reaches[event.ask], self.asked[event.ask] = now, found
        self._newly[event.ask] = tuple(one for one in found if one.person not in known)
        if isinstance(event, Escalated) and not self._newly[event.ask]:
            self._reached_nobody_new = True
        return recorded.model_copy(update={"event": event.model_copy(update={"asked": found})})

    def mails(self, sealer: Sealer, at: datetime) -> list[MailRow]:
        """Return the one neutral mail to each person for whom this turn has something.

        Nobody is mailed about what they did themselves, nor once their part is over; but of every ask that reaches
        them. Custodians are mailed where an ask reaches nobody, or nobody else though it is overdue.
        """
        occasion, day = str(self.batch.events[-1].n), local_day(at)
        people = [person for order in self.batch.mails for person in self._recipients(order, day)]
        if not all(self.asked.values()) or self._reached_nobody_new:
            people += holders(self.kept, self.kept.custodians, self.directory, day)
        wanted = [person for person in dict.fromkeys(people) if person not in self.kept.recused]
        return [mails.neutral(sealer, occasion, person, at) for person in wanted]

    def kept_now(self, queued: Sequence[MailRow], openings: Sequence[Opening]) -> Kept:
        """Return where the case stands after this turn."""
        n = self.batch.events[-1].n
        return self.kept.model_copy(
            update={
                "reaches": self._live(),
                "mails": self.kept.mails | {mail.person: LatestMail(id=mail.id, n=n) for mail in queued},
                "opened": (*self.kept.opened, *(one.reference for one in openings)),
            }
        )

    def _recipients(self, order: MailOrder, day: date) -> list[str]:
        live = self._live()
        if order.ask is not None:
            reached = self._newly.get(order.ask, ()) if order.newly else self.reaches.get(order.ask, _NOBODY).asked
            return [one.person for one in reached] if order.ask in live else []
        still = {one.person for reaches in live.values() for one in reaches.asked}
        asked = [one.person for ask in order.asks for one in self.reaches.get(ask, _NOBODY).asked]
        told = holders(self.kept, [seat for seat in order.to if seat not in _NO_SEATS], self.directory, day)
        wanted = [*(person for person in asked if "asked" in order.to and person in still), *told]
        doer = self._doer(order.about)
        return [person for person in wanted if person != doer]

    def _live(self) -> dict[str, Reaches]:
        """Return the asks that are open after this turn, and the one by which somebody sees to the case."""
        standing = self.batch.standing
        live = {*(ask.ask for ask in standing.asks), standing.managing}
        return {ask: reaches for ask, reaches in self.reaches.items() if ask in live}

    def _doer(self, n: int) -> str | None:
        """Return who did what the event `n` came of; None where nobody did."""
        before = (said.event for said in reversed(self.batch.events) if said.n <= n)
        event = next((event for event in before if not isinstance(event, _FOLLOWS)), None)
        return event.by if isinstance(event, Entry) else None


def _first(opening: Opening, batch: Batch) -> Kept:
    return Kept(school=opening.school, custodians=opening.process.custodians, standing=batch.standing)


async def append(session: AsyncSession, sealer: Sealer, events: Sequence[Recorded], previous: str) -> None:
    """Append `events` to the chain; what they say is committed to under names that say nothing."""
    rows = []
    for recorded in events:
        fields = veiled(recorded.event.model_dump(mode="json"))
        said = {name: (secrets.token_hex(_SALT), value) for name, value in fields.items()}
        link = forge(sealer.owner, recorded.n, recorded.at.isoformat(), said, previous)
        # Bound to the hash: a chain that was forged anew from somewhere on does not open from there on.
        sealed = sealer.seal(f"event|{link.hash}", padded(canonical(said)))
        rows.append(EventRow(**link.model_dump(), sealed=sealed).model_dump())
        previous = link.hash
    await session.execute(insert(EventRow), rows)


async def _keep(
    session: AsyncSession, sealer: Sealer, row: ConfidentialRow | None, opening: Opening, kept: Kept, batch: Batch
) -> None:
    """Keep where the case stands."""
    began, now = batch.events[0].at, batch.events[-1].at
    if row is None:
        row = ConfidentialRow(
            id=opening.case,
            reference=opening.reference,
            organisation=opening.organisation,
            opened_at=began,
            changed_at=now,
            sealed_opening=sealed_opening(sealer, opening),
            sealed_standing=b"",
        )
        session.add(row)
    elif batch.opening is not None:
        # The case goes by another calendar.
        row.sealed_opening = sealed_opening(sealer, opening)
    row.changed_at, row.sealed_standing = now, sealed_standing(sealer, kept)
    if kept.standing.outcome is not None:
        row.closed_at = now
    await session.flush()


def _reached_before(kept: Kept, batch: Batch) -> dict[str, tuple[Asked, ...]]:
    """Return whom the asks of a batch reached when it was put on record; nobody, where they are closed by now."""
    asks = [said.event.ask for said in batch.events if isinstance(said.event, AskOpened | AskMoved | Escalated)]
    return {ask: kept.reaches[ask].asked if ask in kept.reaches else () for ask in asks}


async def _unsent(session: AsyncSession, kept: Kept, batch: Batch) -> Sequence[MailRow]:
    """Return the mails of a batch that is on record which were not sent yet."""
    ids = [mail.id for mail in kept.mails.values() if mail.n == batch.events[-1].n]
    return [row for mail_id in ids if (row := await mails.queued(session, mail_id)) is not None]
