"""After a change of power was confirmed, the asks that are open go to whom they should; those concerned are told."""

import asyncio

from activities.jobs import Jobs
from activities.lookout import Lookout
from domain.cases import Act
from domain.power import PowerChange, What
from store import people, power, queries
from tests.house import Begun, House
from tests.stories import ORGANISATION, SCHOOL, a_directory, a_pack, a_person, a_process, a_step, an_opening

NEW = "new.manager@elms.example"
ADMINISTRATORS = (a_person("ada", administrator=True), a_person("nina", administrator=True))
HEAD = f"{SCHOOL}:headteacher"


async def came(home: House, *addresses: str) -> list[list[str]]:
    """Return the subjects of what came for each of `addresses`, once there is something for all."""
    async with asyncio.timeout(20):
        while not all(home.outbox.to(address) for address in addresses):
            await asyncio.sleep(0.02)
    return [home.outbox.subjects(address) for address in addresses]


async def begun(home: House, key: str) -> tuple[Begun, Lookout]:
    """Begin a request that the headteacher alone decides, and return it with a lookout of its first moment."""
    opening = an_opening(a_process(a_step("headteacher")), key=key)
    case = await home.begin(opening, a_directory(*ADMINISTRATORS))
    await case.settled()
    at = (await case.history())[0].at
    home.outbox.messages.clear()
    return case, Lookout(home.db, home.keys, Jobs(home.client), lambda: at)


async def proposed(home: House, case: Begun, *changes: PowerChange) -> None:
    at = (await case.history())[0].at
    async with home.db.write() as session:
        await people.alone(session, ORGANISATION)
        await power.propose(session, a_pack().organisation, changes, by="ada", at=at)


async def confirmed(home: House, case: Begun) -> tuple[str, ...]:
    """Have the other administrator confirm all that waits, and return the ids of the mails to be sent."""
    at = (await case.history())[0].at
    async with home.db.write() as session:
        await people.alone(session, ORGANISATION)
        rows = await power.waiting(session, ORGANISATION, at)
        return await power.confirm(session, rows, "nina", at)


async def asked(case: Begun) -> set[str]:
    async with case.house.db.read() as session:
        return {one.person for one in (await queries.reached(session, case.opening.case)).get("a1", ())}


async def over(case: Begun) -> None:
    await case.house.engine.act(case.opening.case, Act(kind="withdraw", person="author", how="session"))


async def test_an_ask_moves_when_a_seat_was_given_and_taken_by_two_and_not_before(at_home: House) -> None:
    case, lookout = await begun(at_home, "seat-moves")
    await proposed(
        at_home,
        case,
        PowerChange(person="head", what=What.SEAT, of=HEAD, before="yes", after="no"),
        PowerChange(person="comms", what=What.SEAT, of=HEAD, before="no", after="yes"),
    )
    for _ in range(2):
        await lookout.look()
    await case.settled()
    assert await asked(case) == {"head"}
    await confirmed(at_home, case)
    await lookout.look()
    await case.settled()
    assert await asked(case) == {"comms"}
    title = case.opening.request.title
    [head, comms] = await came(at_home, "head@elms.example", "comms@elms.example")
    assert head[0] == "A change of what people may do in Duly is proposed"
    assert f"Please decide: {title}" in comms
    assert all(title not in subject for subject in head)
    await over(case)


async def test_what_waits_is_mailed_to_the_new_address_and_both_are_told(at_home: House) -> None:
    case, lookout = await begun(at_home, "corrected")
    old = "head@elms.example"
    await proposed(at_home, case, PowerChange(person="head", what=What.ADDRESS, before=old, after=NEW))
    await lookout.look()
    assert await came(at_home, old, "nina@elms.example") == [["A change of what people may do in Duly is proposed"]] * 2
    assert at_home.outbox.to(NEW) == []
    for mail in await confirmed(at_home, case):
        await at_home.engine.send_mail(mail)
    await lookout.look()
    changed, please = "The address of Head was corrected", f"Please decide: {case.opening.request.title}"
    async with asyncio.timeout(20):
        while len(at_home.outbox.to(NEW)) < 2 or len(at_home.outbox.to(old)) < 2:
            await asyncio.sleep(0.02)
    assert at_home.outbox.subjects(old)[1:] == [changed]
    assert sorted(at_home.outbox.subjects(NEW)) == sorted([changed, please])
    await over(case)
