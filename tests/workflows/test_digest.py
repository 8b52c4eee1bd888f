"""Nobody is flooded: what is more than so many mails a day is put by, and comes as one mail."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlmodel import col
from temporalio.testing import WorkflowEnvironment

from domain.calendar import local_day
from domain.cases import Act
from domain.people import Directory
from store.tables import MailRow
from tests.house import BASE_URL, Begun, House, house
from tests.stories import a_person, a_process, a_step, an_answer, an_opening

A_DAY_AT_MOST = 2
HEAD = "head@elms.example"
FIVE_HOURS = timedelta(hours=5)
NUMBERS = count(1)


@pytest.fixture(scope="module")
async def one_home(environment: WorkflowEnvironment, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    folder: Path = tmp_path_factory.mktemp("house")
    async with house(environment, folder, mails_a_day=A_DAY_AT_MOST) as home:
        yield home


@pytest.fixture
async def home(one_home: House) -> AsyncIterator[House]:
    """Yield a house at the noon of a day on which nobody had mail yet."""
    now = one_home.clock()
    one_home.clock.ahead += timedelta(days=1) + (timedelta(hours=12) - timedelta(hours=now.hour, minutes=now.minute))
    one_home.outbox.messages.clear()
    yield one_home
    one_home.outbox.answer = "250 OK"


async def begun(home: House, many: int) -> list[Begun]:
    """Begin requests, each with a title of its own, that the headteacher alone decides."""
    directory = Directory(people=(a_person("author"), a_person("head", "headteacher")))
    cases = []
    for _ in range(many):
        number = next(NUMBERS)
        opening = an_opening(a_process(a_step("headteacher")), key=f"digest-{number}", title=f"Club {number}")
        case = await home.begin(opening, directory)
        await case.settled()
        cases.append(case)
    return cases


def titles(cases: list[Begun]) -> list[str]:
    return [case.opening.request.title for case in cases]


async def digests(home: House, address: str, many: int = 1) -> list[str]:
    """Return the texts of the digests to `address`, once there are so many."""
    async with asyncio.timeout(30):
        while True:
            found = [message for message in home.outbox.to(address) if "in Duly" in message["Subject"]]
            if len(found) >= many:
                break
            await asyncio.sleep(0.05)
    bodies = [message.get_body(("plain",)) for message in found]
    return [str(body.get_content()) for body in bodies if body is not None]


async def dropped(home: House, person: str) -> bool:
    """Return whether the digest to `person` turned out to be needless."""
    digest = (col(MailRow.person) == person, col(MailRow.template) == "digest", col(MailRow.dropped_at).is_not(None))
    async with home.db.read() as session:
        return (await session.scalars(select(MailRow).where(*digest))).first() is not None


async def test_what_is_too_much_for_a_day_comes_hours_later_as_one_mail_and_only_once(home: House) -> None:
    cases = await begun(home, 4)
    first, second, *further = titles(cases)
    assert home.outbox.subjects(HEAD) == [f"Please decide: {first}", f"Please decide: {second}"]
    await home.lookout.look()
    assert len(home.outbox.to(HEAD)) == A_DAY_AT_MOST
    home.clock.ahead += FIVE_HOURS
    await home.lookout.look()
    (text,) = await digests(home, HEAD)
    assert [line[2:] for line in text.splitlines() if line.startswith("- ")] == further
    assert f"{BASE_URL}/tasks" in text
    assert "/d/" not in text
    await home.lookout.look()
    home.clock.ahead += FIVE_HOURS
    await home.lookout.look()
    assert len(await digests(home, HEAD)) == 1
    assert (await home.engine.act(cases[3].opening.case, an_answer("a1", "head"))).says == "done"
    await cases[3].settled()


async def test_what_is_no_longer_needed_is_left_out_and_an_empty_digest_is_not_sent(home: House) -> None:
    cases = await begun(home, 3)
    over = Act(kind="withdraw", person="author", how="session")
    assert (await home.engine.act(cases[2].opening.case, over)).says == "done"
    await cases[2].settled()
    home.clock.ahead += FIVE_HOURS
    await home.lookout.look()
    await digests(home, "author@elms.example")
    async with asyncio.timeout(30):
        while not await dropped(home, "head"):
            await asyncio.sleep(0.05)
    assert len(home.outbox.to(HEAD)) == A_DAY_AT_MOST


async def test_a_receipt_comes_at_once_however_many_there_are(home: House) -> None:
    for case in await begun(home, 3):
        await home.engine.act(case.opening.case, an_answer("a1", "head"))
        await case.handle.result()
    receipts = [subject for subject in home.outbox.subjects(HEAD) if subject.startswith("Your answer was recorded")]
    assert len(receipts) == 3


async def test_the_next_day_begins_anew(home: House) -> None:
    await begun(home, 3)
    day = local_day(home.clock())
    home.clock.ahead += timedelta(days=1)
    assert local_day(home.clock()) > day
    (case,) = await begun(home, 1)
    assert home.outbox.subjects(HEAD)[-1] == f"Please decide: {titles([case])[0]}"


async def test_a_digest_that_cannot_go_now_goes_once_later(home: House) -> None:
    await begun(home, 3)
    home.outbox.answer = "451 come back later"
    home.clock.ahead += FIVE_HOURS
    for _ in range(3):
        await home.lookout.look()
    home.outbox.answer = "250 OK"
    assert len(await digests(home, HEAD)) == 1
    await home.lookout.look()
    await asyncio.sleep(1)
    assert len(await digests(home, HEAD)) == 1
