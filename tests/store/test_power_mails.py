"""Who is told of a change of power: whom it concerns, at the old address too, and who may settle it; each once."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from domain.mails import PersonalMail
from domain.people import Person
from domain.power import PowerChange, What
from store import people
from store.database import Database
from store.power_mails import tell
from tests.builders import BEN, PACK, PEOPLE, a_person
from tests.store.test_power import ELSEWHERE, HEAD, LATER, NEW, NINA, NOW, OMAR, a_change, address, arrival
from tests.store.test_power import propose as keep
from tests.store.test_power import settle as close

MANAGER = a_change(What.LINE_MANAGER, "helen", "dev")
SEAT = a_change(What.SEAT, "no", "yes", of=HEAD)
Told = tuple[str, str, str | None, tuple[str, ...]]


@pytest.fixture(autouse=True)
async def directory(database: Database) -> None:
    """Have everybody of Elmbrook in the directory, with three administrators, and Una of Redwood."""
    async with database.write() as session:
        await people.save(session, (*PEOPLE, NINA, OMAR, ELSEWHERE))


async def told(database: Database, at: int = 1) -> list[PersonalMail]:
    """Return the mails that go, `at` hours after the first proposal."""
    mails: list[PersonalMail] = []

    async def mail_person(mail: PersonalMail) -> None:
        mails.append(mail)

    await tell(database, mail_person, NOW + timedelta(hours=at))
    assert len({mail.id for mail in mails}) == len(mails)
    return mails


def seen(mails: Sequence[PersonalMail]) -> set[Told]:
    return {(mail.template, mail.person, mail.address, mail.titles) for mail in mails}


async def proposed(database: Database, *changes: PowerChange) -> list[str]:
    """Return the ids of what was proposed, of which everybody was told."""
    ids = await keep(database, *changes)
    await told(database)
    return ids


async def test_those_who_may_settle_it_are_told_and_those_whom_it_concerns(database: Database) -> None:
    await keep(database, MANAGER)
    mails = await told(database)
    line = ("The line manager of Ben Carter",)
    told_of_it = ("ada", "nina", "omar", "ben", "helen", "dev")
    assert seen(mails) == {("power_proposed", person, None, line) for person in told_of_it}
    administrators = {"ada", "nina", "omar"}
    assert {mail.path for mail in mails if mail.person in administrators} == {"/admin/changes-of-power"}
    assert {mail.path for mail in mails if mail.person not in administrators} == {"/"}
    assert {(mail.requester, mail.organisation) for mail in mails} == {("Ada Quinn", PACK.organisation.name)}
    assert await told(database) == []


async def test_whoever_is_named_as_the_first_person_is_told_of_a_file_and_not_of_what_they_typed(
    database: Database,
) -> None:
    await keep(database, SEAT)
    assert "ada" in {mail.person for mail in await told(database)}
    await keep(database, MANAGER, why="typed on the page")
    assert "ada" not in {mail.person for mail in await told(database)}


async def test_another_address_is_told_at_the_one_of_before_when_it_is_proposed(database: Database) -> None:
    await keep(database, address())
    [mail] = [mail for mail in await told(database) if mail.person == "ben"]
    assert (mail.template, mail.address) == ("power_proposed", BEN.email)
    assert NEW not in mail.model_dump_json()


async def test_a_new_address_is_told_at_both_and_what_else_was_settled_in_one_mail(database: Database) -> None:
    ids = await proposed(database, address(), SEAT, a_change(What.DEPUTY, "", "otto"))
    await close(database, ids)
    mails = await told(database)
    assert seen(mails) == {
        ("address_changed", "ben", BEN.email, ()),
        ("address_changed", "ben", None, ()),
        ("power_settled", "ben", None, ("Confirmed: The deputy of Ben Carter", "Confirmed: A seat of Ben Carter")),
        ("power_settled", "otto", None, ("Confirmed: The deputy of Ben Carter",)),
    }
    assert {mail.title for mail in mails if mail.template == "address_changed"} == {"Ben Carter"}
    assert {mail.requester for mail in mails} == {"Nina Shah"}
    assert await told(database) == []


async def test_a_refusal_is_told_at_the_address_that_stays(database: Database) -> None:
    ids = await proposed(database, address(), MANAGER)
    await close(database, ids[:1], refused=True)
    assert seen(await told(database)) == {
        ("power_settled", "ben", None, ("Refused: The e-mail address of Ben Carter",))
    }
    await close(database, ids[1:], "omar")
    line = ("Confirmed: The line manager of Ben Carter",)
    # What is recorded as the manager of before is what the directory said: nobody.
    assert seen(await told(database)) == {("power_settled", person, None, line) for person in ("ben", "dev")}


async def test_what_expires_and_what_is_replaced_is_told_as_well(database: Database) -> None:
    await proposed(database, SEAT)
    await keep(database, a_change(What.DEPUTY, "", "otto"), at=LATER)
    await told(database)
    await keep(database, a_change(What.DEPUTY, "", "dev"), at=LATER, by="omar")
    mails = await told(database)
    assert ("power_settled", "otto", None, ("Replaced: The deputy of Ben Carter",)) in seen(mails)
    after = await told(database, at=30 * 24)
    assert seen(after) == {("power_settled", "ben", None, ("Expired: A seat of Ben Carter",))}
    assert {mail.requester for mail in after} == {""}
    assert await told(database, at=30 * 24) == []


async def test_of_many_changes_a_mail_names_ten(database: Database) -> None:
    async with database.write() as session:
        everybody = [a_person(f"p{n:02}", f"Teacher {n:02}") for n in range(13)]
        await people.save(session, everybody)
    await keep(database, *(a_change(What.LINE_MANAGER, "", "helen", one.id) for one in everybody))
    mails = {mail.person: mail.titles for mail in await told(database)}
    assert len(mails["helen"]) == len(mails["nina"]) == 11
    assert mails["helen"][-1] == "and 3 more"
    assert mails["p00"] == ("The line manager of Teacher 00",)


async def test_whoever_had_the_address_of_somebody_new_is_told(database: Database) -> None:
    await keep(database, arrival("old@elmbrook.example"))
    mails = {mail.person: mail.titles for mail in await told(database)}
    assert set(mails) == {"ada", "nina", "omar", "ben", "new"}
    assert mails["ben"] == ("A new person, Noor Aziz, at an address that was somebody else's",)


async def test_what_could_not_be_told_is_told_the_next_time(database: Database) -> None:
    await keep(database, SEAT)

    async def lost(mail: PersonalMail) -> None:
        raise ConnectionError(mail.id)

    with pytest.raises(ConnectionError):
        await tell(database, lost, LATER)
    assert {mail.person for mail in await told(database)} == {"ada", "nina", "omar", "ben"}


async def test_where_there_is_no_second_administrator_those_who_hold_a_seat_are_asked_for_one(
    database: Database,
) -> None:
    others: list[Person] = [one.model_copy(update={"administrator": False}) for one in (NINA, OMAR)]
    async with database.write() as session:
        await people.save(session, others)
    await keep(database, a_change(What.ADMINISTRATOR, "no", "yes"), SEAT)
    line = "Whether Ben Carter administers Duly"
    assert seen(await told(database)) == {
        ("power_proposed", "ada", None, (line, "A seat of Ben Carter")),
        ("power_proposed", "helen", None, (line,)),
        ("power_proposed", "dev", None, (line,)),
        ("power_proposed", "ben", None, (line, "A seat of Ben Carter")),
    }


async def test_no_mail_says_which_seat_it_is_or_who_gets_what(database: Database) -> None:
    ids = await keep(database, SEAT, MANAGER, a_change(What.DEPUTY, "", "otto"))
    said = " ".join(mail.model_dump_json() for mail in await told(database))
    await close(database, ids)
    said += " ".join(mail.model_dump_json(exclude={"requester"}) for mail in await told(database))
    assert not any(word in said for word in ("headteacher", "elmbrook-primary", "Dev Patel", "Otto Lind", "Helen"))
