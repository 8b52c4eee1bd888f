"""A checkpoint holds all chains to what they were: who shortens one, or a checkpoint, is found."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from temporalio.client import Client

from activities.jobs import Jobs
from activities.lookout import Lookout
from domain.checkpoints import FIRST, UnreadableCheckpointError, case_leaf, digest, read
from domain.merkle import root_by
from store import checkpoints
from store.checkpoints import Anchor, CheckpointReport, Shortened
from store.database import Database
from store.keys import CaseKeys
from store.signing import SigningKeyError, SigningKeys, signing_keys
from tests.builders import MONDAY
from tests.confidence import a_confidential_opening
from tests.store.carrying import carried
from tests.store.conftest import run_on
from tests.store.turns import put, the_first_turn, the_last_turn, the_second_turn

OTHER = ("c-2", "WXYZ-2345")
Crime = Callable[[str], Awaitable[None]]


@pytest.fixture
def signer() -> SigningKeys:
    return SigningKeys(Ed25519PrivateKey.from_private_bytes(b"s" * 32))


@pytest.fixture
def anchor(database: Database, signer: SigningKeys, tmp_path: Path) -> Anchor:
    return Anchor(database, signer, tmp_path / "checkpoints")


@pytest.fixture
async def twice(database: Database, keys: CaseKeys, anchor: Anchor) -> None:
    """Put two cases on record, with a checkpoint on Monday, and one on Tuesday when one of them had gone on."""
    await put(database, keys, the_first_turn(), the_first_turn(*OTHER))
    await anchor.take(MONDAY)
    await put(database, keys, the_second_turn())
    await anchor.take(MONDAY + timedelta(days=1))


@pytest.fixture
def crime(url: str) -> Crime:
    """Return what runs a statement on the database as somebody who owns it, past all triggers."""

    async def run(statement: str) -> None:
        if not url.startswith("sqlite"):
            await run_on(url, "SET session_replication_role = replica", statement)
            return
        names = (
            *("event_stays", "event_stays_as_it_is", "checkpoint_UPDATE_never", "checkpoint_DELETE_never"),
            *("checkpoint_head_UPDATE_never", "checkpoint_head_DELETE_never"),
        )
        await run_on(url, *(f"DROP TRIGGER IF EXISTS {name}" for name in names), statement)

    return run


async def found(anchor: Anchor, *folders: Path) -> CheckpointReport:
    async with anchor.db.read() as session:
        return await checkpoints.verify(session, anchor.keys, [anchor.folder, *folders])


@pytest.mark.usefixtures("twice")
async def test_a_record_that_only_grew_fits_its_checkpoints(anchor: Anchor, database: Database, keys: CaseKeys) -> None:
    await put(database, keys, the_last_turn())
    report = await found(anchor)
    assert report == CheckpointReport(checkpoints=2)
    assert report.holds


@pytest.mark.usefixtures("twice")
async def test_events_that_were_removed_from_the_end_are_found(anchor: Anchor, crime: Crime) -> None:
    await crime("DELETE FROM event WHERE \"case\" = 'c-1' AND n = 4")
    assert (await found(anchor)).shortened == (Shortened(case="K7QM-4TXR", n=4),)


@pytest.mark.usefixtures("twice")
async def test_a_chain_that_was_written_anew_is_found(anchor: Anchor, crime: Crime) -> None:
    await crime(f"UPDATE event SET hash = '{'0' * 64}' WHERE \"case\" = 'c-2' AND n = 2")  # noqa: S608 -- a crime
    assert (await found(anchor)).shortened == (Shortened(case="WXYZ-2345", n=2),)


CRIMES = {
    "a text": ("UPDATE checkpoint SET text = replace(text, 'number 1', 'number 7') WHERE n = 1", "Checkpoint 1 "),
    "a signature": ("UPDATE checkpoint SET text = replace(text, 'signature ', 'signed ') WHERE n = 2", "Checkpoint 2 "),
    "a head": ("UPDATE checkpoint_head SET count = 1 WHERE \"case\" = 'c-2'", "Checkpoint 1 does not fit what is kept"),
    "one that is gone": (
        "DELETE FROM checkpoint_head WHERE \"case\" = 'c-2'",
        "Checkpoint 1 does not fit what is kept",
    ),
}


@pytest.mark.usefixtures("twice")
@pytest.mark.parametrize(("statement", "sentence"), CRIMES.values(), ids=CRIMES.keys())
async def test_a_checkpoint_that_was_changed_is_named(
    anchor: Anchor, crime: Crime, statement: str, sentence: str
) -> None:
    await crime(statement)
    assert any(fault.startswith(sentence) for fault in (await found(anchor)).faults)


@pytest.mark.usefixtures("twice")
async def test_the_last_checkpoint_taken_away_with_what_it_knew_is_found_by_its_file(
    anchor: Anchor, crime: Crime, tmp_path: Path
) -> None:
    await crime("DELETE FROM event WHERE \"case\" = 'c-1' AND n > 2")
    await crime("DELETE FROM checkpoint_head WHERE checkpoint = 2")
    await crime("DELETE FROM checkpoint WHERE n = 2")
    name = "000000002-2026-11-03.txt"
    assert (await found(anchor)).faults == (
        f"{name} in {anchor.folder} is a checkpoint that the database has not, or has otherwise.",
    )
    copies = tmp_path / "elsewhere"
    copies.mkdir()
    (anchor.folder / name).rename(copies / name)
    assert (await found(anchor)).holds
    assert len((await found(anchor, copies)).faults) == 1


@pytest.mark.usefixtures("twice")
async def test_what_another_key_signed_is_found_and_what_a_former_key_signed_is_not(
    anchor: Anchor, database: Database
) -> None:
    new = Ed25519PrivateKey.generate()
    stranger = Anchor(database, SigningKeys(new), anchor.folder)
    assert (await found(stranger)).faults[0] == "Checkpoint 1 is not signed by the key of this installation."
    rotated = Anchor(database, SigningKeys(new, (anchor.keys.first,)), anchor.folder)
    await rotated.take(MONDAY + timedelta(days=2))
    assert await found(rotated) == CheckpointReport(checkpoints=3)


@pytest.mark.usefixtures("twice")
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE checkpoint SET text = ''",
        "DELETE FROM checkpoint_head",
        "UPDATE checkpoint_head SET count = 1",
        "INSERT INTO checkpoint_head VALUES ('c-9', 1, 1, '')",
        "INSERT INTO checkpoint VALUES (4, '2026-11-02', '', '')",
    ],
)
async def test_the_database_refuses_to_change_a_checkpoint(database: Database, statement: str) -> None:
    with pytest.raises(DBAPIError, match="checkpoint"):
        async with database.write() as session:
            await session.execute(text(statement))


@pytest.mark.usefixtures("twice")
async def test_each_file_is_the_text_that_was_signed_and_names_the_one_before(anchor: Anchor) -> None:
    files = sorted(anchor.folder.iterdir())
    assert [file.name for file in files] == ["000000001-2026-11-02.txt", "000000002-2026-11-03.txt"]
    first, second = (file.read_text() for file in files)
    assert read(first)[0].previous == FIRST
    assert read(second)[0].previous == digest(first)
    assert {oct(file.stat().st_mode & 0o777) for file in files} == {"0o600"}
    files[0].unlink()
    await anchor.write_out()
    assert files[0].read_text() == first


async def test_there_is_one_a_day_and_a_worker_that_was_away_takes_the_next(
    anchor: Anchor, database: Database, keys: CaseKeys
) -> None:
    await put(database, keys, the_first_turn())
    taken = [await anchor.take_if_due(MONDAY + timedelta(hours=hours)) for hours in (0, 1, 14, 15, 96)]
    assert [one.n if one else None for one in taken] == [1, None, None, 2, 3]


async def test_the_worker_takes_one_beside_its_other_looks(anchor: Anchor, database: Database, keys: CaseKeys) -> None:
    client = await Client.connect("127.0.0.1:1", lazy=True)
    lookout = Lookout(database, keys, Jobs(client), lambda: MONDAY, anchor=anchor)
    async with lookout.looking(), asyncio.timeout(30):
        while not anchor.folder.exists() or not list(anchor.folder.glob("*.txt")):
            await asyncio.sleep(0.01)
    assert await found(anchor) == CheckpointReport(checkpoints=1)


@pytest.mark.usefixtures("twice")
async def test_a_case_proves_that_a_checkpoint_knew_it(anchor: Anchor, database: Database) -> None:
    async with database.read() as session:
        first, second = await checkpoints.proofs(session, "c-1")
        other = await checkpoints.proofs(session, "c-2")
        assert await checkpoints.proofs(session, "c-9") == ()
    assert [first.count, second.count] == [2, 4]
    assert [one.count for one in other] == [2, 2]
    for case, proof in (("c-1", first), ("c-1", second), ("c-2", other[0]), ("c-2", other[1])):
        beside = [bytes.fromhex(one) for one in proof.beside]
        leaf = case_leaf(case, proof.count, proof.head)
        assert root_by(leaf, proof.index, beside).hex() == read(proof.text)[0].root


async def test_a_checkpoint_says_nothing_of_a_confidential_case_not_even_that_there_is_one(
    anchor: Anchor, database: Database, keys: CaseKeys
) -> None:
    await anchor.take(MONDAY)
    case = await carried(database, keys, a_confidential_opening())
    await anchor.take(MONDAY + timedelta(days=1))
    without, after = (file.read_text() for file in sorted(anchor.folder.iterdir()))
    shape = re.compile(r"[0-9a-f]{64,}|number \d|at \S+")
    assert shape.sub("", after) == shape.sub("", without)
    assert case.opening.case not in after
    assert case.opening.reference not in after
    assert (await found(anchor)).holds


@pytest.mark.usefixtures("twice")
def test_a_text_that_is_written_in_another_way_is_no_checkpoint(anchor: Anchor) -> None:
    whole = min(anchor.folder.iterdir()).read_text()
    ways = (("2026", "2x26"), ("2026", "9999-"), ("\nat", "\n at"), ("leaves 1024", "leaves 01024"), ("+00:", "+01:"))
    for other in (*(whole.replace(*way) for way in ways), whole[:-1], f"{whole}\n"):
        with pytest.raises(UnreadableCheckpointError):
            read(other)


def test_the_key_that_signs_is_made_once_and_is_its_owners_alone(tmp_path: Path) -> None:
    file = tmp_path / "signing.key"
    made = signing_keys(file)
    assert signing_keys(file).fingerprint == made.fingerprint
    assert re.fullmatch(r"([0-9a-f]{8} ){7}[0-9a-f]{8}", made.fingerprint)
    assert file.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [file]
    file.chmod(0o640)
    with pytest.raises(SigningKeyError, match="chmod 600 it"):
        signing_keys(file)


@pytest.mark.parametrize("content", ["", "zz", "ab" * 31, "ab" * 33])
def test_a_file_without_a_key_in_it_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "signing.key"
    file.touch(mode=0o600)
    file.write_text(content)
    with pytest.raises(SigningKeyError, match="should hold a key a line"):
        signing_keys(file)
