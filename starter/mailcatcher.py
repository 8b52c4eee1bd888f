"""The built-in mail catcher: an SMTP server on loopback that keeps each message as a file, sent nowhere."""

import asyncio
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from functools import lru_cache
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

NAME_FORMAT = "%Y%m%dT%H%M%S.%fZ"
MOST_BYTES = 5_000_000


@dataclass(frozen=True)
class CaughtMail:
    """A message as its reader would see it. `id` is its file's stem; `at` is when it was caught, in UTC.

    `text` and `html` are empty where the message has no such part.
    """

    id: str
    at: datetime
    sender: str
    to: str
    subject: str
    text: str
    html: str


class _Keeper:
    """Keeps what the SMTP server hands over; the names are aiosmtpd's."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's
        """Keep one message and return the server's answer."""
        content = envelope.original_content
        if content is None:
            return "554 No message"
        try:
            await asyncio.to_thread(_keep, self._folder, content)
        except OSError:
            return "452 There is no room for it now"
        return "250 Kept"


def _keep(folder: Path, content: bytes) -> None:
    """Write `content` under a name that sorts by time; nobody reads it half-written."""
    name = f"{datetime.now(UTC).strftime(NAME_FORMAT)}-{secrets.token_hex(4)}"  # noqa: TID251 - the mail server's own clock
    draft = folder / f"{name}.part"
    try:
        draft.touch(mode=0o600)
        draft.write_bytes(content)
        draft.rename(folder / f"{name}.eml")
    finally:
        draft.unlink(missing_ok=True)


async def serve(folder: Path, host: str, port: int) -> None:
    """Catch mail on `host` and `port` until cancelled, and keep it in `folder`."""
    await asyncio.to_thread(folder.mkdir, mode=0o700, parents=True, exist_ok=True)
    keeper = _Keeper(folder)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(keeper, enable_SMTPUTF8=True, data_size_limit=MOST_BYTES, ident="Duly", loop=loop),
        host,
        port,
    )
    async with server:
        await server.serve_forever()


def messages(folder: Path) -> list[CaughtMail]:
    """Return the mail caught in `folder`, newest first; none where the folder is absent."""
    return [_read(path) for path in sorted(folder.glob("*.eml"), reverse=True)]


@lru_cache(maxsize=2000)
def _read(path: Path) -> CaughtMail:
    """Return the mail in a file, which is whole once it is there, and never changes; to read one takes milliseconds."""
    message = BytesParser(EmailMessage, policy=policy.default).parsebytes(path.read_bytes())
    return CaughtMail(
        id=path.stem,
        at=datetime.strptime(path.stem.rpartition("-")[0], NAME_FORMAT).replace(tzinfo=UTC),
        sender=str(message["From"] or ""),
        to=str(message["To"] or ""),
        subject=str(message["Subject"] or ""),
        text=_part(message, "plain"),
        html=_part(message, "html"),
    )


def _part(message: EmailMessage, kind: str) -> str:
    part = message.get_body(preferencelist=(kind,))
    return str(part.get_content()) if part else ""
