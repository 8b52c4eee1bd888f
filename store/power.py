"""Changes of power: somebody proposes them, a second person settles them, and the row of each stays."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Final

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from domain.calendar import local_day
from domain.pack import Organisation
from domain.people import Directory, Person
from domain.power import PowerChange, What, changed, settlers, value, who_arrives
from domain.text import fold_email
from store import asks, links, people, services, sessions
from store.tables import PowerChangeRow

LASTS: Final = timedelta(days=30)
"""For so long a change waits for a second person."""

_ORDER: Final = (
    col(PowerChangeRow.proposed_at),
    col(PowerChangeRow.batch),
    col(PowerChangeRow.person),
    col(PowerChangeRow.what),
    col(PowerChangeRow.of),
)


class UnfitChangeError(ValueError):
    """A change cannot be confirmed as the directory stands; `change` is its id."""

    def __init__(self, change: str, why: str) -> None:
        super().__init__(why)
        self.change = change


class NotASecondPersonError(ValueError):
    """Whoever wants to settle a change has a part in it, or is no administrator."""

    def __init__(self) -> None:
        super().__init__("a change of power is settled by an administrator who has no part in it")


def change_of(row: PowerChangeRow) -> PowerChange:
    """Return the change that `row` keeps."""
    return PowerChange(person=row.person, what=What(row.what), of=row.of, before=row.before, after=row.after)


async def former_addresses(session: AsyncSession) -> dict[str, str]:
    """Return the folded addresses that somebody had before they had another, with the id of whoever did."""
    corrected = select(PowerChangeRow).where(
        col(PowerChangeRow.what) == What.ADDRESS,
        col(PowerChangeRow.outcome) == "confirmed",
        col(PowerChangeRow.before) != "",
    )
    return {fold_email(row.before): row.person for row in await session.scalars(corrected)}


async def arriving(session: AsyncSession, organisation: str, at: datetime) -> dict[str, str]:
    """Return the folded addresses of those who wait to come into the directory, with their ids."""
    waiting_ = [change_of(row) for row in await waiting(session, organisation, at)]
    people_ = [who_arrives(change) for change in waiting_ if change.what is What.ARRIVAL]
    return {fold_email(person.email): person.id for person in people_}


async def not_waiting(
    session: AsyncSession, organisation: str, changes: Sequence[PowerChange], at: datetime
) -> tuple[PowerChange, ...]:
    """Return those of `changes` that do not wait for a second person yet."""
    same = {change_of(row).slot: row.after for row in await waiting(session, organisation, at)}
    return tuple(change for change in changes if same.get(change.slot) != change.after)


async def propose(
    session: AsyncSession,
    organisation: Organisation,
    changes: Sequence[PowerChange],
    *,
    by: str,
    at: datetime,
    why: str = "",
    by_file: bool = False,
) -> Sequence[PowerChangeRow]:
    """Keep `changes` as one batch until a second person settles them, and return their rows.

    What waits already and cannot come true with one of them is replaced by it.
    """
    slots = {change.slot for change in changes}
    overtaken = [row for row in await waiting(session, organisation.key, at) if change_of(row).slot in slots]
    await _close(session, overtaken, "replaced", by, at)
    last = select(func.max(col(PowerChangeRow.batch))).where(col(PowerChangeRow.organisation) == organisation.key)
    batch = (await session.scalar(last) or 0) + 1
    rows = [
        PowerChangeRow(
            id=secrets.token_hex(16),
            organisation=organisation.key,
            organisation_name=organisation.name,
            batch=batch,
            person=change.person,
            what=change.what.value,
            of=change.of,
            before=change.before,
            after=change.after,
            why=why,
            by_file=by_file,
            proposed_by=by,
            proposed_at=at,
        )
        for change in changes
    ]
    session.add_all(rows)
    await session.flush()
    return rows


async def withdraw(
    session: AsyncSession,
    organisation: str,
    read: Sequence[Person],
    changes: Sequence[PowerChange],
    *,
    by: str | None,
    at: datetime,
) -> None:
    """Take back what an earlier file wanted of those whom a later one has `read`, and does not want any more."""
    ids, slots = {person.id for person in read}, {change.slot for change in changes}
    stale = [
        row
        for row in await waiting(session, organisation, at)
        if row.by_file and row.person in ids and change_of(row).slot not in slots
    ]
    await _close(session, stale, "replaced", by, at)


async def proposal(session: AsyncSession, change_id: str) -> PowerChangeRow | None:
    """Return the change with that id, or None."""
    return await session.get(PowerChangeRow, change_id)


async def waiting(session: AsyncSession, organisation: str, at: datetime) -> Sequence[PowerChangeRow]:
    """Return the changes that wait for a second person, oldest first."""
    open_ones = select(PowerChangeRow).where(
        col(PowerChangeRow.organisation) == organisation,
        col(PowerChangeRow.settled_at).is_(None),
        col(PowerChangeRow.proposed_at) > at - LASTS,
    )
    return (await session.scalars(open_ones.order_by(*_ORDER))).all()


async def settled(session: AsyncSession, organisation: str, at: datetime, most: int = 50) -> Sequence[PowerChangeRow]:
    """Return the changes that were settled, or that have waited for too long, the latest first."""
    closed = select(PowerChangeRow).where(
        col(PowerChangeRow.organisation) == organisation,
        or_(col(PowerChangeRow.settled_at).is_not(None), _overdue(at)),
    )
    latest = func.coalesce(col(PowerChangeRow.settled_at), col(PowerChangeRow.proposed_at)).desc()
    return (await session.scalars(closed.order_by(latest, *_ORDER).limit(most))).all()


async def refuse(session: AsyncSession, rows: Sequence[PowerChangeRow], by: str, at: datetime) -> None:
    """Note that `by` refused the changes; everything stays as it is.

    Raises:
        NotASecondPersonError: `by` may not settle one of them.
    """
    if rows:
        _check(rows, by, await people.directory(session, rows[0].organisation), at)
        await _close(session, rows, "refused", by, at)
        refused = [row.person for row in rows if row.what == What.SERVICE]
        await services.end(session, rows[0].organisation, refused, by, at)


async def end_service(session: AsyncSession, organisation: str, id_: str, by: str, at: datetime) -> bool:
    """End a service, which takes nobody else; where it waits for a second person still, it waits no more.

    Return whether there is one that had not ended.
    """
    if not await services.end(session, organisation, [id_], by, at):
        return False
    asked = [row for row in await waiting(session, organisation, at) if (row.what, row.person) == (What.SERVICE, id_)]
    await _close(session, asked, "withdrawn", by, at)
    return True


async def confirm(session: AsyncSession, rows: Sequence[PowerChangeRow], by: str, at: datetime) -> tuple[str, ...]:
    """Make the changes true, all of one organisation; return the ids of the mails that now have to be sent.

    Of whoever has another address, what let them in at the old one ends, and what waits for them is mailed again.

    Raises:
        NotASecondPersonError: `by` may not settle one of them.
        UnfitChangeError: one of them cannot be made; none is.
    """
    if not rows:
        return ()
    directory = await people.directory(session, rows[0].organisation)
    _check(rows, by, directory, at)
    now: dict[str, Person] = {}
    of_people = [row for row in rows if row.what != What.SERVICE]
    for row in rows:
        if row.what == What.SERVICE:
            await _confirm_service(session, row, directory, by, at)
    for row in sorted(of_people, key=lambda one: one.what != What.ARRIVAL):
        change = change_of(row)
        person = now.get(row.person) or directory.person(row.person)
        await _check_fit(session, row.id, change, person, directory, now)
        if person is not None:
            row.before = value(person, change.what, change.of)
            now[row.person] = changed(person, change)
        else:
            now[row.person] = who_arrives(change)
    await people.save(session, tuple(now.values()))
    await _close(session, rows, "confirmed", by, at)
    return await _begin_anew(session, [row for row in rows if row.what == What.ADDRESS], at)


async def overdue(session: AsyncSession, at: datetime) -> bool:
    """Return whether a change has waited for too long."""
    return (await session.scalars(select(PowerChangeRow).where(_overdue(at)).limit(1))).first() is not None


async def expire(session: AsyncSession, at: datetime) -> None:
    """Close the changes that have waited for too long."""
    for row in (await session.scalars(select(PowerChangeRow).where(_overdue(at)))).all():
        await _close(session, [row], "expired", None, at)
        if row.what == What.SERVICE:
            await services.end(session, row.organisation, [row.person], None, at)


def _overdue(at: datetime) -> ColumnElement[bool]:
    return col(PowerChangeRow.settled_at).is_(None) & (col(PowerChangeRow.proposed_at) <= at - LASTS)


def _check(rows: Sequence[PowerChangeRow], by: str, directory: Directory, at: datetime) -> None:
    for row in rows:
        free = settlers(change_of(row), row.proposed_by, directory, local_day(at))
        if by not in {person.id for person in free}:
            raise NotASecondPersonError


async def _confirm_service(
    session: AsyncSession, row: PowerChangeRow, directory: Directory, by: str, at: datetime
) -> None:
    """Have a service be good from now on, whose token nobody was shown but whoever asked for it.

    Raises:
        UnfitChangeError: it is over, or whoever asked for it is no administrator any more.
    """
    maker = directory.person(row.proposed_by)
    if maker is None or not maker.administrator or not maker.is_active(local_day(at)):
        raise UnfitChangeError(row.id, "Whoever asked for this service is no administrator any more: refuse it")
    if not await services.confirm(session, row.person, by, at):
        raise UnfitChangeError(row.id, "This service is over by now: refuse it")


async def _check_fit(
    session: AsyncSession,
    row: str,
    change: PowerChange,
    person: Person | None,
    directory: Directory,
    now: Mapping[str, Person],
) -> None:
    if person is None and change.what is not What.ARRIVAL:
        raise UnfitChangeError(row, "This person is not in the directory yet: settle first whether they come")
    if change.what in {What.LINE_MANAGER, What.DEPUTY} and change.after:
        if directory.person(change.after) is None and change.after not in now:
            raise UnfitChangeError(row, "Whom it names is not in the directory yet: settle first whether they come")
        return
    address = change.after if change.what is What.ADDRESS else ""
    if change.what is What.ARRIVAL:
        address = who_arrives(change).email
    if address:
        holder = await people.person_by_email(session, address)
        others = {fold_email(one.email) for one in now.values() if one.id != change.person}
        if (holder is not None and holder.id != change.person) or fold_email(address) in others:
            raise UnfitChangeError(row, "Somebody else has this address by now: refuse it")


async def _close(
    session: AsyncSession, rows: Sequence[PowerChangeRow], outcome: str, by: str | None, at: datetime
) -> None:
    for row in rows:
        row.settled_by, row.settled_at, row.outcome = by, at, outcome
    await session.flush()


async def _begin_anew(session: AsyncSession, rows: Sequence[PowerChangeRow], at: datetime) -> tuple[str, ...]:
    """Shut out whoever was in at the old addresses, and queue what waits for them; return the ids of the mails."""
    moved = [row.person for row in rows]
    await links.close_all(session, moved, at)
    await sessions.end_all(session, moved)
    mails = [await asks.mail_again(session, row.person, row.id, at) for row in rows]
    return tuple(mail for some in mails for mail in some)


def by_batch(rows: Sequence[PowerChangeRow]) -> list[list[PowerChangeRow]]:
    """Return `rows`, in their order, one list for each batch."""
    return [list(group) for _, group in groupby(rows, key=lambda row: (row.organisation, row.batch))]
