"""A backup of a running Duly is of one moment, and every case in it goes on where it is put back."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from store.backup import held, keep, seen
from tests.starter.operating.running import Cases, Whole, whole, with_people

UNDER_WAY = 6
"""Cases that are being decided at once."""


@pytest.fixture(scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Whole]:
    """Yield a Duly that is not started yet, and has people."""
    async with whole(tmp_path_factory.mktemp("here")) as house:
        await with_people(house)
        yield house


@pytest.fixture(scope="module")
async def cases(house: Whole) -> AsyncIterator[Cases]:
    """Yield the cases of a running `duly up`."""
    cases = await house.up()
    yield cases
    await cases.close()


async def keep_deciding(cases: Cases, done: list[tuple[str, str]], stop: asyncio.Event, number: int) -> None:
    """Begin cases and decide them, one after the other, and note each decision that was acknowledged."""
    while not stop.is_set():
        case = await cases.begin(f"Approval {number}")
        for ask in ("a1", "a2", "a3"):
            if not stop.is_set():
                await cases.decide(case, ask)
                done.append((case, ask))


async def approved(cases: Cases) -> set[tuple[str, str]]:
    """Return which asks of which cases were approved, as the record has it."""
    return {
        (case, event.ask)
        for case in await cases.known()
        for event in await cases.events(case)
        if event.kind == "approved"
    }


@pytest.mark.timeout(300)
async def test_a_backup_under_load_is_put_back_elsewhere_and_every_case_in_it_goes_on(
    house: Whole, cases: Cases, tmp_path: Path
) -> None:
    stop, done = asyncio.Event(), list[tuple[str, str]]()
    load = [asyncio.create_task(keep_deciding(cases, done, stop, number)) for number in range(UNDER_WAY)]
    while len(done) < UNDER_WAY:
        await asyncio.sleep(0.05)
        assert not any(one.done() for one in load)
    before = done.copy()
    out = tmp_path / "backups"
    out.mkdir(mode=0o700)
    code, said = await house.said("backup", str(out))
    after = len(done)
    stop.set()
    await asyncio.gather(*load)
    assert code == 0, said
    assert after > len(before), "nothing was decided meanwhile"
    [file] = out.glob("*.backup")

    async with whole(tmp_path / "there", DULY_KEYS=house.environment["DULY_KEYS"]) as there:
        # The key that signs checkpoints is in no backup.
        (there.folder / "data").mkdir(mode=0o700)
        shutil.copy(house.folder / "data" / "signing.key", there.folder / "data" / "signing.key")
        await there.start("mail")
        code, said = await there.said("restore", str(file))
        assert code == 0, said
        again = await there.up()
        async with asyncio.timeout(60):
            # What Temporal had acknowledged and the record had not yet comes to it now.
            while not set(before) <= await approved(again):
                await asyncio.sleep(0.2)
        known = await again.known()
        open_ones = [case for case in known if await again.asked(case)]
        assert open_ones, "the load was over before the copy was made"
        await asyncio.gather(*map(again.play, known))
        assert [case for case in known if not await again.is_whole(case)] == []
        assert (await there.said("audit", "verify"))[0] == 0
        code, said = await there.said("doctor")
        assert code == 0, said
        await again.close()


async def test_a_decision_between_the_two_copies_is_in_both_or_comes_to_the_record_later(
    house: Whole, cases: Cases, tmp_path: Path
) -> None:
    case = await cases.begin("Decided meanwhile")
    await cases.idle(case)
    data = tmp_path / "there" / "data"
    data.mkdir(parents=True, mode=0o700)
    with ExitStack() as seeing:
        with held(house.database):
            record = seeing.enter_context(seen(house.database))
            await cases.decide(case, "a1")
            running = seeing.enter_context(seen(house.folder / "data" / "temporal.sqlite3"))
        await cases.play(case)
        for one, name in ((record, "duly.sqlite3"), (running, "temporal.sqlite3")):
            keep(one, data / name, lambda done, total: None)
    async with whole(tmp_path / "there", DULY_KEYS=house.environment["DULY_KEYS"]) as there:
        again = await there.up()
        async with asyncio.timeout(60):
            while await again.asked(case) != "a2":
                await asyncio.sleep(0.05)
        await again.play(case)
        assert await again.is_whole(case)
        await again.close()
