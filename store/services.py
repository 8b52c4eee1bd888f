"""Services: programs of an organisation that are nobody. Each has one token, of which only the digest is kept.

A token opens nothing before a second administrator confirmed it as a change of power, and nothing once it was ended.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, SQLModel, col

from domain.calendar import beginning_of
from domain.interface import Service
from store.interface import digest, draw
from store.statements import first, table
from store.tables import Instant

MOST_SERVICES: Final = 20
"""Services that one organisation has at the same time, those that wait included."""

MOST_SHOWN: Final = 100
"""Services of which a list tells."""


class ServiceRow(SQLModel, table=True):
    """A service: the digest of its token, what that is for, and until when; `scopes` are separated by spaces.

    Nobody is a second person before `confirmed_at`. `ended_by` ended it, or did not want it.
    """

    __tablename__ = "service"
    id: str = Field(primary_key=True)
    digest: str = Field(unique=True)
    organisation: str = Field(index=True)
    name: str
    scopes: str
    made_by: str = Field(foreign_key="person.id")
    made_at: datetime = Field(sa_type=Instant)
    expires_at: datetime = Field(sa_type=Instant)
    confirmed_by: str | None = None
    confirmed_at: datetime | None = Field(default=None, sa_type=Instant)
    last_used_on: date | None = None
    ended_by: str | None = None
    ended_at: datetime | None = Field(default=None, sa_type=Instant)


_SERVICE: Final = select(table(ServiceRow)).where(table(ServiceRow).c.digest == bindparam("digest"))


async def make(session: AsyncSession, *, id_: str, organisation: str, service: Service, at: datetime) -> str | None:
    """Return the token of a new service, which waits for a second person; None where one with that id was made already.

    It is good until the end of the last day of the service.
    """
    if await session.get(ServiceRow, id_) is not None:
        return None
    token = draw()
    session.add(
        ServiceRow(
            id=id_,
            digest=digest(token),
            organisation=organisation,
            name=service.name,
            scopes=" ".join(service.scopes),
            made_by=service.made_by,
            made_at=at,
            expires_at=beginning_of(service.until + timedelta(days=1)),
        )
    )
    await session.flush()
    return token


async def service_with(session: AsyncSession, token: str, at: datetime) -> ServiceRow | None:
    """Return the service whose token it is; None where there is none, it waits still, or it is over."""
    row = await first(session, _SERVICE, ServiceRow, digest=digest(token))
    return row if row is not None and is_good(row, at) else None


def is_good(row: ServiceRow, at: datetime) -> bool:
    """Return whether the token of a service can be used."""
    return row.confirmed_at is not None and row.ended_at is None and row.expires_at > at


async def note_use(session: AsyncSession, id_: str, day: date) -> None:
    """Note the day on which the token of a service was last used."""
    await session.execute(update(ServiceRow).where(col(ServiceRow.id) == id_).values(last_used_on=day))


async def services_of(session: AsyncSession, organisation: str) -> Sequence[ServiceRow]:
    """Return the services of an organisation, those that are not over first, and of the others the latest."""
    ours = select(ServiceRow).where(col(ServiceRow.organisation) == organisation)
    order = col(ServiceRow.ended_at).is_not(None), col(ServiceRow.expires_at).desc(), col(ServiceRow.id)
    return (await session.scalars(ours.order_by(*order).limit(MOST_SHOWN))).all()


async def count(session: AsyncSession, organisation: str, at: datetime) -> int:
    """Return how many services of an organisation are not over."""
    there = select(func.count()).where(
        col(ServiceRow.organisation) == organisation,
        col(ServiceRow.ended_at).is_(None),
        col(ServiceRow.expires_at) > at,
    )
    return (await session.execute(there)).scalar_one()


async def confirm(session: AsyncSession, id_: str, by: str, at: datetime) -> bool:
    """Have the token of a service be good from now on; return whether it can be: it may be over by now."""
    row = await session.get(ServiceRow, id_, with_for_update=True)
    if row is None or row.ended_at is not None or row.expires_at <= at:
        return False
    row.confirmed_by, row.confirmed_at = by, at
    await session.flush()
    return True


async def end(session: AsyncSession, organisation: str, ids: Sequence[str], by: str | None, at: datetime) -> int:
    """End services of `organisation`; return how many had not ended. `by` is None where nobody did it."""
    ours = (
        col(ServiceRow.organisation) == organisation,
        col(ServiceRow.id).in_(ids),
        col(ServiceRow.ended_at).is_(None),
    )
    ending = update(ServiceRow).where(*ours).values(ended_by=by, ended_at=at)
    return len((await session.execute(ending.returning(col(ServiceRow.id)))).all())
