"""Each checkpoint is mailed, once, to those who keep them; what they got proves later that the record was changed."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest
from temporalio.service import RPCError
from temporalio.testing import WorkflowEnvironment

from activities.custodians import Custodians
from activities.jobs import Jobs
from activities.mail import Smtp
from domain.checkpoints import read
from domain.mails import CheckpointMail
from settings import SettingsError, load_settings
from store import checkpoints
from store.checkpoints import Anchor
from store.signing import signing_keys
from tests.house import BASE_URL, SENDER, House, end_what_goes_on, house
from tests.stories import a_directory, an_opening

KEEPERS = ("clerk@trust.example", "auditor@firm.example")


@pytest.fixture(scope="module")
async def home(environment: WorkflowEnvironment, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    async with house(environment, tmp_path_factory.mktemp("house")) as home:
        await home.begin(an_opening(), a_directory())
        yield home
        await end_what_goes_on(home.client)


def custodians(home: House) -> Custodians:
    """Return what a worker has that was just started."""
    smtp = Smtp(host="127.0.0.1", port=home.outbox.port, tls="none", sender=SENDER)
    return Custodians(home.db, smtp, Jobs(home.client), home.clock, BASE_URL, KEEPERS)


async def mailed(home: House, n: int) -> dict[str, list[EmailMessage]]:
    """Return what each of the keepers got of the checkpoint `n`, once the jobs are done."""
    for to in KEEPERS:
        async with asyncio.timeout(30):
            await home.client.get_activity_handle(CheckpointMail(n=n, to=to).id).result()
    return {to: [one for one in home.outbox.to(to) if f"checkpoint {n} of" in str(one["Subject"])] for to in KEEPERS}


async def test_each_keeper_gets_each_checkpoint_once_and_whole(home: House, tmp_path: Path) -> None:
    keys = await asyncio.to_thread(signing_keys, tmp_path / "signing.key")
    anchor = Anchor(home.db, keys, tmp_path / "checkpoints")
    for n in (1, 2):
        taken = await anchor.take(home.clock())
        looking = custodians(home)
        await looking.look()
        await looking.look()
        # A worker that is started again remembers nothing, and Temporal does.
        await mailed(home, n)
        await custodians(home).look()
        got = await mailed(home, n)
        assert {to: len(messages) for to, messages in got.items()} == dict.fromkeys(KEEPERS, 1)
        async with home.db.read() as session:
            text = await checkpoints.text_of(session, n)
        assert text is not None
        for [message] in got.values():
            assert message.get_content_type() == "text/plain"
            said = message.get_content().replace("\r\n", "\n")
            assert text in said
            assert "c-" not in said
        (tmp_path / "copies").mkdir(exist_ok=True)
        (tmp_path / "copies" / f"{n}.txt").write_text(text, encoding="ascii")
        assert read(text)[0] == taken
    async with home.db.read() as session:
        assert (await checkpoints.verify(session, keys, [tmp_path / "copies"])).holds


async def test_a_mail_server_that_is_away_gets_it_later(home: House, tmp_path: Path) -> None:
    keys = await asyncio.to_thread(signing_keys, tmp_path / "signing.key")
    taken = await Anchor(home.db, keys, tmp_path / "checkpoints").take(home.clock())
    await home.outbox.close()
    try:
        await custodians(home).look()
    finally:
        await home.outbox.open()
    assert {to: len(messages) for to, messages in (await mailed(home, taken.n)).items()} == dict.fromkeys(KEEPERS, 1)


async def test_checkpoints_of_long_ago_are_not_mailed(home: House, tmp_path: Path) -> None:
    keys = await asyncio.to_thread(signing_keys, tmp_path / "signing.key")
    taken = await Anchor(home.db, keys, tmp_path / "checkpoints").take(home.clock() - timedelta(days=6))
    await custodians(home).look()
    with pytest.raises(RPCError, match="not found"):
        await mailed(home, taken.n)


def test_an_address_that_is_none_is_refused_by_the_name_of_its_setting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DULY_MODE", "demo")
    monkeypatch.setenv("DULY_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("DULY_CHECKPOINTS_TO", " clerk@trust.example, auditor@firm.example")
    assert load_settings().checkpoints_to == KEEPERS
    monkeypatch.setenv("DULY_CHECKPOINTS_TO", "clerk")
    with pytest.raises(SettingsError) as refused:
        load_settings()
    assert [line.partition(" ")[0] for line in refused.value.lines] == ["DULY_CHECKPOINTS_TO"]
