"""Putting on record what one turn of a confidential case said: its events, who is in it, and the mails it causes."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from domain.asking import reached_by
from domain.calendar import local_day
from domain.cases import Batch, MailOrder, Opening
from domain.chain import canonical, forge, veiled
from domain.events import AnyEvent, AskMoved, AskOpened, Escalated, Recorded
from domain.people import Asked, Directory
from store import mails, people
from store.confidential.opening import is_cleared, not_begun, opened_out_of
from store.confidential.parties import emergencies_of, holders, keep_parties, parties
from store.confidential.sealed import Kept, LatestMail, Reaches, kept_in, opening_in, padded, sealed_opening, sealed_standing
from store.confidential.tables import ConfidentialRow
from store.keys import CaseKeys, Sealer
from store.records import RecordGapError, head
from store.tables import EventRow, MailRow

_SALT: Final = 16

_NOBODY: Final = frozenset({"author", "starter", "decider", "deciders", "administrators"})
"""Whom a mail of an ordinary case may go to, and none of a confidential one does."""


@dataclass(frozen=True)
class Written:
    """What came of a batch: whom each ask reached, the mails to send, the cases to begin, and whether it is cleared."""

    asked: dict[str, tuple[Asked, ...]]
    mails: tuple[MailRow, ...]
    begins: tuple[Opening, ...]
    cleared: bool | None


@dataclass
class _Turn:
    """One batch on its way into the record: whom its asks reach by and by, and who is mailed."""

    batch: Batch
    kept: Kept
    directory: Directory
    reaches: dict[str, Reaches]
    asked: dict[str, tuple[Asked, ...]] = field(default_factory=dict)
    newly: dict[str, tuple[Asked, ...]] = field(default_factory=dict)
    nobody: bool = False


async def write(session: AsyncSession, keys: CaseKeys, batch: Batch, at: datetime) -> Written:
    """Put `batch` on record and queue its mails; what is on record already is left as it is.

    Everybody whom an ask reaches is found in the directory, for the day of the event; never anybody who is recused. A
    batch that was put on record before gives the same again, with the mails not sent and the cases not begun yet.

    Raises:
        CaseKeyMissingError: the key of the case is gone.
        RecordGapError: events before these are not on record.
    """
    sealer = await keys.of(batch.case, session)
    row = await session.get(ConfidentialRow, batch.case, with_for_update=True)
    opening = opening_in(sealer, row) if row is not None else batch.opening
    if opening is None:
        raise RecordGapError(batch.case)
    last, previous = await head(session, batch.case)
    new = [recorded for recorded in batch.events if recorded.n > last]
    if row is None or new:
        if new[0].n != last + 1:
            raise RecordGapError(batch.case)
        kept = kept_in(sealer, row).model_copy(update={"standing": batch.standing}) if row is not None else _first(opening, batch)
        turn = _Turn(batch, kept, await people.directory(session, opening.organisation), dict(kept.reaches))
        await _append(session, sealer, [_applied(turn, recorded) for recorded in new], previous)
        ...
    raise NotImplementedError
