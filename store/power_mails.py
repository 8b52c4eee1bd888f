"""Telling people of changes of power: each is told, once, of what concerns them; what cannot go now goes later."""

import hashlib
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from domain.calendar import local_day
from domain.mails import PersonalMail
from domain.people import Directory
from domain.power import What, service_of, settlers, title, who_arrives
from store import people, power
from store.database import Database
from store.tables import PowerChangeRow

PLACE: Final = "/admin/changes-of-power"
"""Where those who may settle a change do so."""

_HOME: Final = "/"
_MOST: Final = 10
_SAID: Final = {
    "confirmed": "Confirmed",
    "refused": "Refused",
    "expired": "Expired",
    "replaced": "Replaced",
    "withdrawn": "Withdrawn",
}


@dataclass(frozen=True)
class Telling:
    """What there is to tell: the mails, and the ids of the changes whose proposal, and whose outcome, they tell of."""

    mails: tuple[PersonalMail, ...]
    proposed: tuple[str, ...]
    settled: tuple[str, ...]


async def tell(db: Database, mail_person: Callable[[PersonalMail], Awaitable[None]], at: datetime) -> None:
    """Close what has waited for too long, and tell everybody of what was proposed and settled since the last time.

    Raises:
        Exception: `mail_person` did not take a mail; whoever was not told for certain is told the next time.
    """
    async with db.read() as session:
        late = await power.overdue(session, at)
    if late:
        async with db.write() as session:
            await power.expire(session, at)
    async with db.read() as session:
        telling = await untold(session, local_day(at))
    for mail in telling.mails:
        await mail_person(mail)
    if telling.proposed or telling.settled:
        async with db.write() as session:
            for ids, told in ((telling.proposed, "proposal_told_at"), (telling.settled, "outcome_told_at")):
                rows = update(PowerChangeRow).where(col(PowerChangeRow.id).in_(ids))
                await session.execute(rows.values({told: at}))


async def untold(session: AsyncSession, day: date) -> Telling:
    """Return what nobody was told of yet."""
    new = select(PowerChangeRow).where(col(PowerChangeRow.proposal_told_at).is_(None))
    done = select(PowerChangeRow).where(
        col(PowerChangeRow.settled_at).is_not(None), col(PowerChangeRow.outcome_told_at).is_(None)
    )
    proposed, settled = (await session.scalars(new)).all(), (await session.scalars(done)).all()
    organisations = {row.organisation for row in (*proposed, *settled)}
    directories = {key: await people.directory(session, key) for key in organisations}
    mails: list[PersonalMail] = []
    for together in _together(proposed):
        mails += _of_proposal(together, directories[together[0].organisation], day)
    for together in _together(settled):
        mails += _of_outcome(together, directories[together[0].organisation])
    return Telling(tuple(mails), tuple(row.id for row in proposed), tuple(row.id for row in settled))


def _together(rows: Iterable[PowerChangeRow]) -> Iterator[list[PowerChangeRow]]:
    """Yield what is told in one mail: of one batch, settled by the same person."""

    def key(row: PowerChangeRow) -> tuple[str, int, str]:
        return row.organisation, row.batch, row.settled_by or ""

    for _, group in groupby(sorted(rows, key=key), key=key):
        yield sorted(group, key=lambda row: (row.person, row.what, row.of))


def _of_proposal(rows: Sequence[PowerChangeRow], directory: Directory, day: date) -> Iterator[PersonalMail]:
    """Yield the mails to those who may settle the changes, and to those whom they concern, at the address of before.

    Of a file, whoever is named as the first person is told as well: a command takes anybody's name.
    """
    concerned, settling = _titles(rows, directory), dict[str, list[str]]()
    if rows[0].by_file:
        settling[rows[0].proposed_by] = [_title(row, directory) for row in rows]
    for row in rows:
        if row.settled_at is None:
            for settler in settlers(power.change_of(row), row.proposed_by, directory, day):
                settling.setdefault(settler.id, []).append(_title(row, directory))
    before = {row.person: row.before for row in rows if row.what == What.ADDRESS}
    for person in concerned.keys() | settling.keys():
        titles = (*settling.get(person, ()), *concerned.get(person, ()))
        path = PLACE if person in settling else _HOME
        yield _mail(rows, "power_proposed", person, titles, _name(rows[0].proposed_by, directory), path).model_copy(
            update={"address": before.get(person)}
        )


def _of_outcome(rows: Sequence[PowerChangeRow], directory: Directory) -> Iterator[PersonalMail]:
    """Yield the mails to those whom the changes concern; of another address, both are told."""
    settler = _name(rows[0].settled_by or "", directory)
    for row in rows:
        if row.what == What.ADDRESS and row.outcome == "confirmed":
            mail = _mail([row], "address_changed", row.person, (), settler, _HOME)
            mail = mail.model_copy(update={"title": _name(row.person, directory)})
            yield mail.model_copy(update={"id": f"{mail.id}-before", "address": row.before})
            yield mail.model_copy(update={"id": f"{mail.id}-now"})
    others = [row for row in rows if row.what != What.ADDRESS or row.outcome != "confirmed"]
    for person, titles in _titles(others, directory, said=True).items():
        yield _mail(others, "power_settled", person, titles, settler, _HOME)


def _titles(
    rows: Sequence[PowerChangeRow], directory: Directory, *, said: bool = False
) -> Mapping[str, tuple[str, ...]]:
    """Return what changes, in words, for each person whom it concerns; where it is `said`, with how it was settled."""
    found: dict[str, tuple[str, ...]] = {}
    for row in rows:
        line = f"{_SAID[row.outcome or '']}: {_title(row, directory)}" if said else _title(row, directory)
        for person in power.change_of(row).concerns():
            found[person] = (*found.get(person, ()), line)
    return found


def _title(row: PowerChangeRow, directory: Directory) -> str:
    change = power.change_of(row)
    match change.what:
        case What.ARRIVAL:
            return title(change, who_arrives(change).name)
        case What.SERVICE:
            return title(change, service_of(change).name)
        case _:
            return title(change, _name(row.person, directory))


def _name(person: str, directory: Directory) -> str:
    known = directory.person(person)
    return known.name if known is not None else ""


def _mail(
    rows: Sequence[PowerChangeRow],
    template: str,
    person: str,
    titles: Sequence[str],
    requester: str,
    path: str,
) -> PersonalMail:
    told = tuple(dict.fromkeys(titles))
    more = (f"and {len(told) - _MOST} more",) if len(told) > _MOST else ()
    about = hashlib.sha256("|".join((template, person, *sorted(row.id for row in rows))).encode()).hexdigest()[:32]
    return PersonalMail(
        id=f"power-{about}",
        person=person,
        organisation=rows[0].organisation_name,
        template=template,
        path=path,
        titles=(*told[:_MOST], *more),
        requester=requester,
    )
