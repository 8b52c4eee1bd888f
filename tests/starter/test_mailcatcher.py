"""The mail catcher keeps what real SMTP brings, for its owner alone, newest first."""

import asyncio
import stat
from collections.abc import AsyncIterator
from email.message import EmailMessage
from email.policy import SMTPUTF8
from pathlib import Path

import aiosmtplib
import pytest
import pytest_asyncio

from duly.embedded import free_port
from starter import mailcatcher


@pytest_asyncio.fixture(loop_scope="session")
async def port(tmp_path: Path) -> AsyncIterator[int]:
    """A catcher that listens, and keeps its mail in `tmp_path/mailbox`."""
    port = free_port()
    catching = asyncio.create_task(mailcatcher.serve(tmp_path / "mailbox", "127.0.0.1", port))
    async with asyncio.timeout(10):
        while not await listens(port):
            await asyncio.sleep(0.01)
    yield port
    catching.cancel()
    await asyncio.wait({catching})


async def listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


def a_mail(subject: str, to: str = "head@school.example") -> EmailMessage:
    mail = EmailMessage(policy=SMTPUTF8)
    mail["From"] = "duly@duly.example"
    mail["To"] = to
    mail["Subject"] = subject
    mail.set_content("Please decide by Friday.")
    mail.add_alternative("<p>Please decide by Friday.</p>", subtype="html")
    return mail


async def test_a_mail_is_shown_as_it_was_sent(port: int, tmp_path: Path) -> None:
    await aiosmtplib.send(a_mail("A site for Year 7"), hostname="127.0.0.1", port=port)
    [mail] = mailcatcher.messages(tmp_path / "mailbox")
    assert (mail.sender, mail.to) == ("duly@duly.example", "head@school.example")
    assert mail.subject == "A site for Year 7"
    assert mail.text.strip() == "Please decide by Friday."
    assert mail.html.strip() == "<p>Please decide by Friday.</p>"


async def test_the_newest_mail_comes_first(port: int, tmp_path: Path) -> None:
    for subject in ("first", "second", "third"):
        await aiosmtplib.send(a_mail(subject), hostname="127.0.0.1", port=port)
    mails = mailcatcher.messages(tmp_path / "mailbox")
    assert [mail.subject for mail in mails] == ["third", "second", "first"]
    assert len({mail.id for mail in mails}) == 3


async def test_an_address_and_a_subject_in_any_script_arrive(port: int, tmp_path: Path) -> None:
    await aiosmtplib.send(
        a_mail("Cydsyniad ŵy 学校", to="pennaeth.ŵyn@school.example"), hostname="127.0.0.1", port=port
    )
    [mail] = mailcatcher.messages(tmp_path / "mailbox")
    assert mail.subject == "Cydsyniad ŵy 学校"
    assert mail.to == "pennaeth.ŵyn@school.example"


async def test_caught_mail_is_for_its_owner_alone(port: int, tmp_path: Path) -> None:
    await aiosmtplib.send(a_mail("private"), hostname="127.0.0.1", port=port)
    mailbox = tmp_path / "mailbox"
    assert stat.S_IMODE(mailbox.stat().st_mode) == 0o700
    assert [stat.S_IMODE(path.stat().st_mode) for path in mailbox.iterdir()] == [0o600]


def test_a_mailbox_that_caught_nothing_yet_is_empty(tmp_path: Path) -> None:
    assert mailcatcher.messages(tmp_path / "mailbox") == []


async def test_a_mail_for_which_there_is_no_room_is_taken_when_there_is(port: int, tmp_path: Path) -> None:
    mailbox = tmp_path / "mailbox"
    mailbox.rename(tmp_path / "elsewhere")
    with pytest.raises(aiosmtplib.SMTPDataError) as refused:
        await aiosmtplib.send(a_mail("A site"), hostname="127.0.0.1", port=port)
    assert refused.value.code == 452
    (tmp_path / "elsewhere").rename(mailbox)
    await aiosmtplib.send(a_mail("A site"), hostname="127.0.0.1", port=port)
    assert [mail.subject for mail in mailcatcher.messages(mailbox)] == ["A site"]
