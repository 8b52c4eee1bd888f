"""Webhooks of an organisation, and what is to be delivered to each: written with the events that it tells of."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Index, LargeBinary, Select, Table, and_, bindparam, delete, exists, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.elements import ColumnElement
from sqlmodel import Field, SQLModel, col

from domain.events import Recorded
from domain.interface import Told
from store.keys import Keyring
from store.statements import add, every, table
from store.tables import CaseRow, Instant

MOST_WEBHOOKS: Final = 10
"""Webhooks that one organisation has at the same time."""

GIVES_UP_AFTER: Final = timedelta(days=3)
"""For how long a delivery is tried."""

_SECRET: Final = 32
_TRIED_EVERY: Final = timedelta(hours=2)
"""A delivery that nobody tried for longer than this has no job any more: its job tries at least every hour."""

_DELIVERED_KEPT: Final = timedelta(days=7)
_FAILED_KEPT: Final = timedelta(days=90)
_WAITS: Final = "delivered_at IS NULL AND failed_at IS NULL"


class WebhookRow(SQLModel, table=True):
    """Where an organisation has events told; `kinds` are separated by spaces. Its secret signs what is told."""

    __tablename__ = "webhook"
    id: str = Field(primary_key=True)
    organisation: str = Field(index=True)
    address: str
    kinds: str
    sealed_secret: bytes = Field(sa_type=LargeBinary)
    made_by: str = Field(foreign_key="person.id")
    made_at: datetime = Field(sa_type=Instant)


class DeliveryRow(SQLModel, table=True):
    """An event that is to be told to a webhook. `said` is what came of the last try: a code, never a text.

    `failed_at` is when it was given up.
    """

    __tablename__ = "webhook_delivery"
    __table_args__ = (
        Index("ix_webhook_delivery_waiting", "queued_at", sqlite_where=text(_WAITS), postgresql_where=text(_WAITS)),
    )
    id: str = Field(primary_key=True)
    webhook: str = Field(foreign_key="webhook.id", index=True)
    reference: str
    process: str
    kind: str
    n: int
    at: datetime = Field(sa_type=Instant)
    queued_at: datetime = Field(sa_type=Instant)
    tries: int = 0
    tried_at: datetime | None = Field(default=None, sa_type=Instant)
    said: str = ""
    delivered_at: datetime | None = Field(default=None, sa_type=Instant)
    failed_at: datetime | None = Field(default=None, sa_type=Instant)


_HOOK: Final = table(WebhookRow)
_OF_ORGANISATION: Final = select(_HOOK).where(_HOOK.c.organisation == bindparam("organisation"))


def is_told(cases: Table) -> ColumnElement[bool]:
    """Return the condition that somebody is told what happens in a case of `cases`."""
    return exists(select(_HOOK.c.id).where(_HOOK.c.organisation == cases.c.organisation))


async def write_out(session: AsyncSession, case: CaseRow, events: Sequence[Recorded], at: datetime) -> tuple[str, ...]:
    """Put down what of `events` is to be told to whom; return the ids of the deliveries."""
    hooks = await every(session, _OF_ORGANISATION, WebhookRow, organisation=case.organisation)
    rows = [
        {
            "id": hashlib.sha256(f"duly/delivery/v1|{hook.id}|{case.id}|{said.n}".encode()).hexdigest()[:32],
            "webhook": hook.id,
            "reference": case.reference,
            "process": case.process,
            "kind": said.event.kind,
            "n": said.n,
            "at": said.at,
            "queued_at": at,
        }
        for hook in hooks
        for said in events
        if said.event.kind in hook.kinds.split()
    ]
    if rows:
        await add(session, DeliveryRow, rows)
    return tuple(str(row["id"]) for row in rows)


def told_by(row: DeliveryRow) -> Told:
    """Return what a delivery says."""
    return Told(id=row.id, kind=row.kind, case=row.reference, process=row.process, number=row.n, at=row.at)


# The webhooks themselves.


async def make(
    session: AsyncSession,
    ring: Keyring,
    *,
    id_: str,
    organisation: str,
    address: str,
    kinds: Sequence[str],
    by: str,
    at: datetime,
) -> str | None:
    """Return the secret of a new webhook; None where one with that id was made already."""
    if await session.get(WebhookRow, id_) is not None:
        return None
    secret = secrets.token_urlsafe(_SECRET)
    session.add(
        WebhookRow(
            id=id_,
            organisation=organisation,
            address=address,
            kinds=" ".join(kinds),
            sealed_secret=ring.system().seal(place(id_), secret.encode()),
            made_by=by,
            made_at=at,
        )
    )
    await session.flush()
    return secret


def secret_of(ring: Keyring, row: WebhookRow) -> str:
    """Return the secret that signs what a webhook is told.

    Raises:
        SealBrokenError: it was sealed under a key that is not here.
    """
    return ring.system().open(place(row.id), row.sealed_secret).decode()


def place(webhook: str) -> str:
    """Return for which place the secret of a webhook is sealed."""
    return f"webhook|secret|{webhook}"


async def webhooks_of(session: AsyncSession, organisation: str) -> Sequence[WebhookRow]:
    """Return the webhooks of an organisation, the first first."""
    ours = select(WebhookRow).where(col(WebhookRow.organisation) == organisation)
    return (await session.scalars(ours.order_by(col(WebhookRow.made_at), col(WebhookRow.id)))).all()


async def end(session: AsyncSession, organisation: str, id_: str) -> bool:
    """End a webhook of that organisation, with all that was to be told to it; return whether there was one."""
    row = await session.get(WebhookRow, id_)
    if row is None or row.organisation != organisation:
        return False
    await session.execute(delete(DeliveryRow).where(col(DeliveryRow.webhook) == id_))
    await session.delete(row)
    await session.flush()
    return True


# What is delivered.


async def delivery(session: AsyncSession, id_: str) -> tuple[DeliveryRow, WebhookRow] | None:
    """Return a delivery that is still to be made, and to which webhook, or None."""
    row = await session.get(DeliveryRow, id_)
    hook = await session.get(WebhookRow, row.webhook) if row is not None else None
    if row is None or hook is None or row.delivered_at is not None or row.failed_at is not None:
        return None
    return row, hook


async def note_try(session: AsyncSession, id_: str, said: str, at: datetime, *, delivered: bool) -> None:
    """Note what came of a try."""
    row = await session.get(DeliveryRow, id_, with_for_update=True)
    if row is None:
        return
    row.tries, row.tried_at, row.said = row.tries + 1, at, said
    if delivered:
        row.delivered_at = at
    await session.flush()


async def left_behind(session: AsyncSession, at: datetime, grace: timedelta, most: int = 500) -> Sequence[str]:
    """Return the ids of deliveries that no job is at: not tried within `grace`, or tried no more."""
    never = and_(col(DeliveryRow.tries) == 0, col(DeliveryRow.queued_at) <= at - grace)
    no_more = and_(col(DeliveryRow.tries) > 0, col(DeliveryRow.tried_at) <= at - _TRIED_EVERY)
    wanted = select(col(DeliveryRow.id)).where(_waits(), or_(never, no_more)).order_by(col(DeliveryRow.queued_at))
    return (await session.scalars(wanted.limit(most))).all()


async def is_anything_old(session: AsyncSession, at: datetime) -> bool:
    """Return whether `see_to_old` has anything to do."""
    return (await session.scalars(select(col(DeliveryRow.id)).where(_is_old(at)).limit(1))).first() is not None


async def see_to_old(session: AsyncSession, at: datetime) -> None:
    """Give up what could not be delivered in time, and forget what is long over."""
    late = (_waits(), col(DeliveryRow.queued_at) <= at - GIVES_UP_AFTER)
    await session.execute(update(DeliveryRow).where(*late).values(failed_at=at))
    await session.execute(delete(DeliveryRow).where(_is_over(at)))


async def failed(session: AsyncSession, organisation: str, most: int = 100) -> Sequence[DeliveryRow]:
    """Return what could not be delivered to the webhooks of an organisation, the latest first."""
    gone = col(DeliveryRow.failed_at).is_not(None)
    return (await session.scalars(_of(organisation, gone).limit(most))).all()


async def try_again(session: AsyncSession, organisation: str, webhook: str, at: datetime) -> None:
    """Have everything tried again that could not be delivered to a webhook of that organisation."""
    ours = select(col(WebhookRow.id)).where(col(WebhookRow.organisation) == organisation)
    theirs = (col(DeliveryRow.webhook) == webhook, col(DeliveryRow.webhook).in_(ours))
    again = update(DeliveryRow).where(*theirs, col(DeliveryRow.failed_at).is_not(None))
    await session.execute(again.values(failed_at=None, queued_at=at, tries=0, tried_at=None))


def _of(organisation: str, condition: ColumnElement[bool]) -> Select[DeliveryRow]:
    return (
        select(DeliveryRow)
        .join(WebhookRow, col(WebhookRow.id) == col(DeliveryRow.webhook))
        .where(col(WebhookRow.organisation) == organisation, condition)
        .order_by(col(DeliveryRow.at).desc(), col(DeliveryRow.id))
    )


def _waits() -> ColumnElement[bool]:
    return and_(col(DeliveryRow.delivered_at).is_(None), col(DeliveryRow.failed_at).is_(None))


def _is_over(at: datetime) -> ColumnElement[bool]:
    delivered, given_up = col(DeliveryRow.delivered_at), col(DeliveryRow.failed_at)
    return or_(delivered <= at - _DELIVERED_KEPT, given_up <= at - _FAILED_KEPT)


def _is_old(at: datetime) -> ColumnElement[bool]:
    return or_(_is_over(at), and_(_waits(), col(DeliveryRow.queued_at) <= at - GIVES_UP_AFTER))
