"""The directory: people, the schools they are at, the seats they hold, and when they are away."""

import secrets
from collections.abc import Iterable, Sequence
from typing import Any, Final

from sqlalchemy import Select, bindparam, delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from domain.calendar import Period
from domain.people import Authorisation, Directory, Holding, Person, PersonKind
from domain.text import fold_email
from store.database import same_throughout
from store.statements import run, table
from store.tables import AbsenceRow, DirectoryRow, HoldingRow, PersonRow, PersonSchoolRow

_PARTS = (PersonSchoolRow, HoldingRow, AbsenceRow)

_DIRECTORY: Final = table(DirectoryRow)
_PERSON: Final = table(PersonRow)
_VERSION: Final = select(_DIRECTORY.c.version).where(_DIRECTORY.c.organisation == bindparam("organisation"))
_WHOSE: Final = select(_PERSON.c.id, _PERSON.c.organisation, _DIRECTORY.c.version).outerjoin(
    _DIRECTORY, _DIRECTORY.c.organisation == _PERSON.c.organisation
)
_BY_ID: Final = _WHOSE.where(_PERSON.c.id == bindparam("wanted"))
_BY_ADDRESS: Final = _WHOSE.where(_PERSON.c.email_folded == bindparam("wanted"))

_known: Final[dict[str, tuple[str, Directory]]] = {}
"""The directories that were read last, each with its version; a version is never used twice."""


async def directory(session: AsyncSession, organisation: str) -> Directory:
    """Return everybody of an organisation, by name; read anew only when somebody changed."""
    versions = same_throughout(session, "directories")
    if organisation not in versions:
        versions[organisation] = (await run(session, _VERSION, {"organisation": organisation})).scalar()
    return await _of_version(session, organisation, versions[organisation])


async def _of_version(session: AsyncSession, organisation: str, version: str | None) -> Directory:
    known = _known.get(organisation)
    if known is not None and known[0] == version:
        return known[1]
    everybody = await _read(session, organisation)
    if version is not None:
        _known[organisation] = (version, everybody)
    return everybody


async def _read(session: AsyncSession, organisation: str) -> Directory:
    rows = (await session.execute(select(PersonRow).where(col(PersonRow.organisation) == organisation))).scalars()
    ours = select(col(PersonRow.id)).where(col(PersonRow.organisation) == organisation)
    people = await _whole(session, rows.all(), ours)
    return Directory(people=tuple(sorted(people, key=lambda person: (person.name, person.id))))


async def versions(session: AsyncSession) -> dict[str, str]:
    """Return the version of each organisation's directory; it is another whenever one of its people changed."""
    rows = await session.execute(select(col(DirectoryRow.organisation), col(DirectoryRow.version)))
    return {row[0]: row[1] for row in rows.all()}


async def names(session: AsyncSession, organisation: str) -> dict[str, str]:
    """Return the names of everybody of an organisation, by id."""
    statement = select(col(PersonRow.id), col(PersonRow.name)).where(col(PersonRow.organisation) == organisation)
    return {row[0]: row[1] for row in (await session.execute(statement)).all()}


async def person(session: AsyncSession, person_id: str) -> Person | None:
    """Return the person with that id, or None."""
    return await _one(session, _BY_ID, person_id)


async def of_version(session: AsyncSession, person_id: str, organisation: str, version: str | None) -> Person | None:
    """Return the person with that id, out of the directory whose version was just read in `session`."""
    same_throughout(session, "directories")[organisation] = version
    return (await _of_version(session, organisation, version)).person(person_id)


async def person_by_email(session: AsyncSession, address: str) -> Person | None:
    """Return the person with that address, in any of its spellings, or None."""
    return await _one(session, _BY_ADDRESS, fold_email(address))


async def addresses_elsewhere(session: AsyncSession, organisation: str) -> frozenset[str]:
    """Return the folded addresses of everybody who is not of this organisation."""
    others = select(col(PersonRow.email_folded)).where(col(PersonRow.organisation) != organisation)
    return frozenset((await session.execute(others)).scalars())


async def alone(session: AsyncSession, organisation: str) -> None:
    """Have everybody else who would change the directory of an organisation wait until this session ends.

    What is read afterwards is what they left.
    """
    if session.get_bind().dialect.name == "postgresql":
        # There, unlike on SQLite, others write at the same time.
        await session.execute(select(func.pg_advisory_xact_lock(func.hashtext(f"directory|{organisation}"))))


async def save(session: AsyncSession, people: Sequence[Person]) -> None:
    """Put `people` into the directory as they are here, in place of what it knew of them; others stay."""
    for one in people:
        await session.merge(_row(one))
    await session.flush()
    ids = [one.id for one in people]
    for part in _PARTS:
        await session.execute(delete(part).where(col(part.person).in_(ids)))
    for one in people:
        session.add_all(PersonSchoolRow(person=one.id, school=school) for school in one.schools)
        session.add_all(HoldingRow(person=one.id, school=held.school, seat=held.seat) for held in one.holdings)
        session.add_all(AbsenceRow(person=one.id, first=away.first, last=away.last) for away in one.absences)
    for organisation in {one.organisation for one in people}:
        await session.merge(DirectoryRow(organisation=organisation, version=secrets.token_hex(16)))
    await session.flush()


def _row(one: Person) -> PersonRow:
    return PersonRow(
        id=one.id,
        organisation=one.organisation,
        name=one.name,
        email=one.email,
        email_folded=fold_email(one.email),
        kind=one.kind.value,
        line_manager=one.line_manager,
        deputy=one.deputy,
        leaves_on=one.leaves_on,
        authorised_by=one.authorisation.by if one.authorisation else None,
        authorised_on=one.authorisation.on if one.authorisation else None,
        administrator=one.administrator,
    )


async def _one(session: AsyncSession, statement: Select[Any], wanted: str) -> Person | None:
    """Return the person of that one row, out of the directory, which is most often known already."""
    found = (await run(session, statement, {"wanted": wanted})).one_or_none()
    if found is None:
        return None
    return await of_version(session, *found)


async def _whole(session: AsyncSession, rows: Sequence[PersonRow], whose: Any) -> list[Person]:  # noqa: ANN401 -- ids, or what selects them
    """Return the people of `rows` with all that belongs to them; `whose` are their ids."""
    schools = _by_person(await session.scalars(select(PersonSchoolRow).where(col(PersonSchoolRow.person).in_(whose))))
    seats = _by_person(await session.scalars(select(HoldingRow).where(col(HoldingRow.person).in_(whose))))
    away = _by_person(await session.scalars(select(AbsenceRow).where(col(AbsenceRow.person).in_(whose))))
    return [
        Person(
            id=row.id,
            organisation=row.organisation,
            name=row.name,
            email=row.email,
            kind=PersonKind(row.kind),
            schools=tuple(sorted(one.school for one in schools.get(row.id, ()))),
            holdings=tuple(
                Holding(school=one.school, seat=one.seat)
                for one in sorted(seats.get(row.id, ()), key=lambda one: (one.school, one.seat))
            ),
            line_manager=row.line_manager,
            deputy=row.deputy,
            absences=tuple(
                Period(name="away", first=one.first, last=one.last)
                for one in sorted(away.get(row.id, ()), key=lambda one: one.first)
            ),
            leaves_on=row.leaves_on,
            authorisation=(
                Authorisation(by=row.authorised_by, on=row.authorised_on)
                if row.authorised_by and row.authorised_on
                else None
            ),
            administrator=row.administrator,
        )
        for row in rows
    ]


def _by_person(rows: Iterable[Any]) -> dict[str, list[Any]]:
    by_person: dict[str, list[Any]] = {}
    for row in rows:
        by_person.setdefault(row.person, []).append(row)
    return by_person
