"""Corrections of addresses: one administrator proposes, another settles, and the row of it stays."""

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from domain.people import Person
from store import asks, links, people, sessions
from store.tables import AddressChangeRow, PersonRow


class AddressTakenError(ValueError):
    """Somebody else has the address by now."""

    def __init__(self) -> None:
        super().__init__("somebody else has this address by now; refuse the correction, then propose another address")


class Corrected(NamedTuple):
    """Whose address was corrected, as they were before, and the ids of the mails that now have to be sent."""

    before: Person
    mails: tuple[str, ...]


async def propose(
    session: AsyncSession, *, person: Person, address: str, why: str, by: str, at: datetime
) -> AddressChangeRow | None:
    """Keep a correction until another administrator settles it, and return it; None where one waits for `person`."""
    # Where others write at the same time, they wait here for each other.
    await session.get(PersonRow, person.id, with_for_update=True)
    theirs = select(AddressChangeRow).where(
        col(AddressChangeRow.person) == person.id, col(AddressChangeRow.settled_at).is_(None)
    )
    if (await session.execute(theirs)).first() is not None:
        return None
    row = AddressChangeRow(
        id=secrets.token_hex(16),
        organisation=person.organisation,
        person=person.id,
        address=address,
        why=why,
        proposed_by=by,
        proposed_at=at,
    )
    session.add(row)
    await session.flush()
    return row


async def to_settle(session: AsyncSession, change: str) -> AddressChangeRow | None:
    """Return the correction with that id, which nobody else settles before this session ends, or None."""
    return await session.get(AddressChangeRow, change, with_for_update=True)


async def waiting(session: AsyncSession, organisation: str) -> Sequence[AddressChangeRow]:
    """Return the corrections that wait to be settled, oldest first."""
    open_ones = select(AddressChangeRow).where(
        col(AddressChangeRow.organisation) == organisation, col(AddressChangeRow.settled_at).is_(None)
    )
    return (await session.scalars(open_ones.order_by(col(AddressChangeRow.proposed_at)))).all()


async def settled(session: AsyncSession, organisation: str, most: int = 20) -> Sequence[AddressChangeRow]:
    """Return the corrections that were settled, the latest first."""
    closed = select(AddressChangeRow).where(
        col(AddressChangeRow.organisation) == organisation, col(AddressChangeRow.settled_at).is_not(None)
    )
    return (await session.scalars(closed.order_by(col(AddressChangeRow.settled_at).desc()).limit(most))).all()


async def refuse(session: AsyncSession, row: AddressChangeRow, by: str, at: datetime) -> None:
    """Note that `by` refused the correction; the address stays."""
    row.settled_by, row.settled_at = by, at
    await session.flush()


async def confirm(session: AsyncSession, row: AddressChangeRow, by: str, at: datetime) -> Corrected | None:
    """Give the person the new address; what let them in at the old one ends, and what waits for them is mailed again.

    None is a person whom the directory does not know.

    Raises:
        AddressTakenError: somebody else has the address by now.
    """
    before = await people.person(session, row.person)
    if before is None:
        return None
    holder = await people.person_by_email(session, row.address)
    if holder is not None and holder.id != before.id:
        raise AddressTakenError
    await people.save(session, (before.model_copy(update={"email": row.address}),))
    await links.close_all(session, (before.id,), at)
    await sessions.end_all(session, (before.id,))
    row.settled_by, row.settled_at, row.confirmed = by, at, True
    return Corrected(before, await asks.mail_again(session, before.id, row.id, at))
