"""After an address was corrected, mail goes to the new one, and what tells of it to the old one as well."""

import asyncio

from domain.mails import PersonalMail
from store import address_changes, people
from tests.house import House
from tests.stories import a_directory, an_opening

NEW = "new.manager@elms.example"


async def came(home: House, *addresses: str) -> list[list[str]]:
    """Return the subjects of what came for each of `addresses`, once there is something for all."""
    async with asyncio.timeout(20):
        while not all(home.outbox.to(address) for address in addresses):
            await asyncio.sleep(0.02)
    return [home.outbox.subjects(address) for address in addresses]


async def test_what_waits_is_mailed_to_the_new_address_and_both_are_told(at_home: House) -> None:
    case = await at_home.begin(an_opening(key="corrected"), a_directory())
    await case.settled()
    at_home.outbox.messages.clear()
    async with at_home.db.write() as session:
        manager = await people.person_by_email(session, "manager@elms.example")
        assert manager is not None
        now = (await case.history())[0].at
        row = await address_changes.propose(session, person=manager, address=NEW, why="a slip", by="a", at=now)
        assert row is not None
        done = await address_changes.confirm(session, row, "b", now)
    assert done is not None
    said = PersonalMail(
        id="old", person=manager.id, template="address_changed", path="/", title=manager.name, address=manager.email
    )
    await at_home.engine.mail_person(said)
    for mail in done.mails:
        await at_home.engine.send_mail(mail)
    title = case.opening.request.title
    old, new = await came(at_home, manager.email, NEW)
    assert old == [f"The address of {manager.name} was corrected"]
    assert new == [f"Please decide: {title}"]
