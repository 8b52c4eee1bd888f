"""The directory comes back as it was saved, whole, and each organisation's apart from the others'."""

from datetime import date

import pytest
from sqlalchemy.exc import IntegrityError

from domain.calendar import Period
from domain.people import Authorisation, Holding, PersonKind
from store import people
from store.database import Database
from tests.builders import ADA, AMINA, BEN, HELEN, ORGANISATION, PEOPLE, a_person

WHOLE = a_person(
    "victor",
    "Victor Lindqvist",
    kind=PersonKind.CONTRACTOR,
    schools=("elmbrook-high", "elmbrook-primary"),
    holdings=(Holding(school="elmbrook-high", seat="dsl"), Holding(school="elmbrook-primary", seat="dsl")),
    line_manager="ben",
    deputy="helen",
    absences=(
        Period(name="away", first=date(2026, 11, 2), last=date(2026, 11, 6)),
        Period(name="away", first=date(2027, 1, 4), last=date(2027, 1, 4)),
    ),
    leaves_on=date(2027, 7, 31),
    authorisation=Authorisation(by="helen", on=date(2026, 9, 14)),
)
ELSEWHERE = a_person("else", "Una Moss", organisation="redwood", email="una@redwood.example")


async def test_everything_about_somebody_comes_back(database: Database) -> None:
    async with database.write() as session:
        await people.save(session, (WHOLE, ADA))
    async with database.read() as session:
        assert await people.person(session, "victor") == WHOLE
        assert await people.person(session, "ada") == ADA
        assert await people.person(session, "nobody") is None


async def test_saving_somebody_again_leaves_nothing_of_before(database: Database) -> None:
    bare = a_person("victor", "Viktor Lindqvist")
    async with database.write() as session:
        await people.save(session, (WHOLE, BEN))
        await people.save(session, (bare,))
    async with database.read() as session:
        assert await people.person(session, "victor") == bare
        assert await people.person(session, "ben") == BEN


async def test_a_directory_holds_the_people_of_one_organisation_by_name(database: Database) -> None:
    async with database.write() as session:
        await people.save(session, (*PEOPLE, ELSEWHERE))
    async with database.read() as session:
        directory = await people.directory(session, ORGANISATION)
        assert directory.people == tuple(sorted(PEOPLE, key=lambda person: person.name))
        assert await people.names(session, ORGANISATION) == {person.id: person.name for person in PEOPLE}
        assert (await people.directory(session, "nobody's")).people == ()
        assert await people.addresses_elsewhere(session, ORGANISATION) == {"una@redwood.example"}


async def test_a_directory_that_was_read_shows_every_later_change(database: Database) -> None:
    async with database.write() as session:
        await people.save(session, (AMINA, BEN))
    async with database.read() as session:
        assert (await people.directory(session, ORGANISATION)).people == (AMINA, BEN)
    for changed in (AMINA.model_copy(update={"line_manager": None}), AMINA.model_copy(update={"deputy": "ben"})):
        async with database.write() as session:
            await people.save(session, (changed,))
        async with database.read() as session:
            assert (await people.directory(session, ORGANISATION)).people == (changed, BEN)


async def test_a_change_that_was_not_kept_is_not_shown(database: Database) -> None:
    async with database.write() as session:
        await people.save(session, (AMINA,))
    async with database.read() as session:
        await people.save(session, (BEN,))
        assert (await people.directory(session, ORGANISATION)).people == (AMINA, BEN)
    async with database.read() as session:
        assert (await people.directory(session, ORGANISATION)).people == (AMINA,)


@pytest.mark.parametrize(
    "address", ["helen@elmbrook.example", " Helen@ELMBROOK.example ", "helen+duly@elmbrook.example"]
)
async def test_somebody_is_found_by_every_spelling_of_their_address(database: Database, address: str) -> None:
    async with database.write() as session:
        await people.save(session, PEOPLE)
    async with database.read() as session:
        assert await people.person_by_email(session, address) == HELEN
        assert await people.person_by_email(session, "helen@redwood.example") is None


async def test_two_people_cannot_have_two_spellings_of_one_address(database: Database) -> None:
    with pytest.raises(IntegrityError):
        async with database.write() as session:
            await people.save(session, (HELEN, a_person("other", "Una Moss", email="HELEN+2@elmbrook.example")))
