"""Whatever fails at whatever moment, nothing is lost and nothing happens twice; and each test can tell."""

import asyncio
import os
import random
import secrets
import time
from collections.abc import AsyncIterator
from itertools import count

import pytest

from duly.up import migrated
from store.database import DatabaseLostError
from store.migrate import upgrade
from tests.faults.running import (
    OUTAGE,
    PARTS,
    PATIENCE,
    Estate,
    Request,
    a_request,
    estate,
    nothing_was_lost,
    once_answered,
    while_it_fails,
)

SOAK = float(os.environ.get("DULY_SOAK_SECONDS", "0"))
"""For how many seconds things fail at random moments; `make soak` says."""

ONCE_FAILED: tuple[int, ...] = (19732798,)
"""Seeds of random moments at which this file once failed, tried every time: the first had a mail come three times."""

SECOND_TRY = 3.0
"""Within how many seconds of an outage a second try would have been made."""

MAY_COME_TWICE = {"worker", "mail", "database"}
"""What can fail between the mail server's yes and our note of it: then, and only then, a mail may come once more."""

_numbers = count(1)


@pytest.fixture(scope="module")
async def standing() -> AsyncIterator[Estate]:
    """Yield one estate for all tests of this file."""
    async with estate() as house:
        yield house


@pytest.fixture
async def house(standing: Estate) -> Estate:
    """Return the estate, whose worker tries again what fails."""
    await standing.have_worker(second_tries=True)
    return standing


@pytest.fixture
async def reckless(standing: Estate) -> Estate:
    """Return the estate, whose worker tries everything once."""
    await standing.have_worker(second_tries=False)
    return standing


async def approve_in_the_midst_of(house: Estate, part: str, request: Request, step: int) -> None:
    """Approve `step`, and have `part` fail while the approval is on its way onto the record."""
    mail = await request.asked(step)
    async with house.record_locked():
        await request.approve(mail)
        await house.smash(part)
    await asyncio.sleep(OUTAGE)
    await house.mend(part)


@pytest.mark.parametrize("part", PARTS)
async def test_nothing_is_lost_when_something_fails(house: Estate, part: str) -> None:
    async with a_request(house, f"While {part} fails") as request:
        case = await while_it_fails(house, part, request.send(), 0.02)
        await while_it_fails(house, part, request.approve(await request.asked(0)), 0.0)
        await approve_in_the_midst_of(house, part, request, 1)
        await approve_in_the_midst_of(house, part, request, 2)
        await request.over()
        await nothing_was_lost(request, case, [2 if part in MAY_COME_TWICE else 1] * len(request.mails))


async def test_when_the_mail_server_is_back_every_mail_comes_once(house: Estate) -> None:
    async with a_request(house, "Without mail") as request:
        await house.smash("mail")
        case = await request.send()
        await asyncio.sleep(OUTAGE)
        assert not any(request.estate.letterbox.came[mail] for mail in request.mails)
        await house.mend("mail")
        for step in range(3):
            await request.approve(await request.asked(step))
        await request.over()
        await nothing_was_lost(request, case, [1] * len(request.mails))


@pytest.mark.parametrize("part", ["web", "server"])
async def test_without_a_second_click_a_decision_is_not_taken(house: Estate, part: str) -> None:
    async with a_request(house, f"One click while {part} fails", gives_up=True) as request:
        case = await request.send()
        mail = await request.asked(0)
        await request.settled(case)
        await house.smash(part)
        try:
            with pytest.raises((OSError, EOFError, AssertionError)):
                await request.approve(mail)
        finally:
            await house.mend(part)
            await house.ready()
        await request.approve(mail)
        await request.asked(1)


async def test_pages_that_start_without_the_database_say_so_and_work_once_it_is_back(house: Estate) -> None:
    async with a_request(house, "Started without the database") as request:
        await house.smash("database")
        await house.kill("web")
        await house.start("web")
        try:
            shown = await once_answered(lambda: request.starter.browser.get("/"))
            assert (shown.status, "Duly cannot do that just now" in shown.body) == (503, True)
            assert (await request.starter.browser.get("/readyz")).body == "not ready: database\n"
        finally:
            await house.mend("database")
        case = await request.send()
        for step in range(3):
            await request.approve(await request.asked(step))
        await request.over()
        await nothing_was_lost(request, case, [2] * len(request.mails))


async def test_duly_up_waits_for_a_database_that_starts_beside_it(house: Estate) -> None:
    await house.smash("database")
    upgrading = asyncio.create_task(migrated(house.environment["DULY_DATABASE_URL"]))
    done, _ = await asyncio.wait({upgrading}, timeout=OUTAGE)
    assert not done
    await house.mend("database")
    await asyncio.wait_for(upgrading, PATIENCE)


async def live_through(house: Estate, seed: int) -> None:
    """Have something fail at a random moment of every step of a request."""
    luck = random.Random(seed)  # noqa: S311 -- a test's dice
    async with a_request(house, f"Seed {seed}, number {next(_numbers)}") as request:
        parts = [luck.choice(PARTS) for _ in range(4)]
        case = await while_it_fails(house, parts[0], request.send(), luck.uniform(0, 0.2))
        for step, part in enumerate(parts[1:]):
            mail = await request.asked(step)
            await while_it_fails(house, part, request.approve(mail), luck.uniform(0, 0.1))
        await request.over()
        # A mail that is on its way while the part of its own step fails may be still when that of the next one does.
        dying = [part in MAY_COME_TWICE for part in parts]
        most = [1 + max(any(dying), sum(dying[step : step + 2])) for step in range(len(request.mails))]
        await nothing_was_lost(request, case, most)


@pytest.mark.parametrize("seed", ONCE_FAILED)
async def test_nothing_is_lost_at_moments_that_were_tried_before(house: Estate, seed: int) -> None:
    await live_through(house, seed)


# Another moment each time is for `make soak`: nothing in `make test` is to fail by chance.
if SOAK:

    @pytest.mark.timeout(SOAK + 180)
    async def test_nothing_is_lost_at_random_moments(house: Estate) -> None:
        ends = time.monotonic() + SOAK
        while True:
            seed = secrets.randbelow(10**9)
            try:
                await live_through(house, seed)
            except BaseException as error:
                error.add_note(f"put seed {seed} among those that once failed")
                raise
            if time.monotonic() > ends:
                return


class TestWithoutASecondTry:
    """What comes of it shows that the tests above can tell."""

    @pytest.mark.parametrize("part", ["worker", "database"])
    async def test_what_fails_in_the_midst_ends_the_case(self, reckless: Estate, part: str) -> None:
        async with a_request(reckless, f"Once while {part} fails") as request:
            case = await request.send()
            await approve_in_the_midst_of(reckless, part, request, 0)
            await request.failed(case)
            assert not request.was_asked(1)
            assert "approved" not in [event.kind for event in await request.events(case)]

    async def test_pages_that_start_without_the_database_never_work(self, reckless: Estate) -> None:
        await reckless.smash("database")
        await reckless.kill("web")
        await reckless.start("web")
        try:
            assert (await once_answered(lambda: reckless.signed_in.get("/sign-in"))).status == 503
            await reckless.mend("database")
            assert (await once_answered(lambda: reckless.signed_in.get("/sign-in"))).status == 503
        finally:
            await reckless.mend("database")
            await reckless.kill("web")
            reckless.second_tries = True
            await reckless.start("web")
            reckless.second_tries = False
            await reckless.ready()

    async def test_a_database_that_starts_beside_it_is_missed(self, house: Estate) -> None:
        await house.smash("database")
        try:
            with pytest.raises(DatabaseLostError):
                await asyncio.to_thread(upgrade, house.environment["DULY_DATABASE_URL"])
        finally:
            await house.mend("database")

    async def test_a_mail_is_lost(self, reckless: Estate) -> None:
        async with a_request(reckless, "Once without mail") as request:
            await reckless.smash("mail")
            await request.send()
            await asyncio.sleep(OUTAGE)
            await reckless.mend("mail")
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(request.asked(0), SECOND_TRY)
