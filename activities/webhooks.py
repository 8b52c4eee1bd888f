"""Telling webhooks what happened: a POST that is signed, over and over until it is taken, or for three days.

Where the address leads is looked up before each try, and that very address is spoken to, so that no name can lead into
the network that Duly is in. No redirect is followed, and nothing of an answer is read but its status.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Final
from urllib.parse import urlsplit

import structlog
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.jobs import Jobs
from domain.interface import SIGNED, body_of, is_public, signature, unfit_address
from domain.names import TELL_WEBHOOK
from store import webhooks
from store.database import Database
from store.keys import Keyring, SealBrokenError
from store.webhooks import DeliveryRow, WebhookRow

log = structlog.get_logger()

_PATIENCE: Final = 10.0
_LONGEST: Final = 20.0
_GOOD: Final = range(200, 300)
_GRACE: Final = timedelta(seconds=10)
_PORTS: Final = {"https": 443, "http": 80}


class NotToldError(Exception):
    """A webhook did not take what it was told; the message is a code that says why."""


@dataclass(frozen=True)
class Webhooks:
    """Tells webhooks. In demo mode they may be `anywhere`, on this machine too, and without encryption."""

    db: Database
    ring: Keyring
    jobs: Jobs
    clock: Callable[[], datetime]
    anywhere: bool = False

    @activity.defn(name=TELL_WEBHOOK)
    async def tell(self, delivery: str) -> None:
        """Make one delivery; one that was made or given up, or whose webhook is no more, is left alone.

        Raises:
            ApplicationError: it was not taken (retried).
        """
        async with self.db.read() as session:
            found = await webhooks.delivery(session, delivery)
        if found is None:
            return
        said, delivered = "ok", True
        try:
            await self._send(*found)
        except NotToldError as refused:
            said, delivered = str(refused), False
        async with self.db.write() as session:
            await webhooks.note_try(session, delivery, said, self.clock(), delivered=delivered)
        log.info("webhook_told" if delivered else "webhook_not_told", webhook=found[1].id, delivery=delivery, said=said)
        if not delivered:
            raise ApplicationError("not told", type="NotTold")  # noqa: EM101 -- a code

    async def look(self) -> None:
        """Leave deliveries to jobs that nobody is at, give up those that are too old, and forget what is long over.

        Raises:
            RPCError: Temporal did not take a job; the next look sees to it.
            SQLAlchemyError: the database does not answer; the same.
        """
        now = self.clock()
        async with self.db.read() as session:
            is_anything_old = await webhooks.is_anything_old(session, now)
        if is_anything_old:
            async with self.db.write() as session:
                await webhooks.see_to_old(session, now)
        async with self.db.read() as session:
            left = await webhooks.left_behind(session, now, _GRACE)
        for delivery in left:
            await self.jobs.tell_webhook(delivery)

    async def _send(self, row: DeliveryRow, hook: WebhookRow) -> None:
        """Send a delivery to where its webhook is now.

        Raises:
            NotToldError: it was not taken.
        """
        if unfit_address(hook.address, anywhere=self.anywhere):
            raise NotToldError("address")  # noqa: EM101 -- a code
        try:
            secret = webhooks.secret_of(self.ring, hook)
        except SealBrokenError:
            raise NotToldError("key") from None  # noqa: EM101 -- a code
        body = body_of(webhooks.told_by(row))
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "Duly",
            "Duly-Event": row.id,
            SIGNED: signature(secret, self.clock(), body),
        }
        try:
            async with asyncio.timeout(_LONGEST):
                status = await _post(hook.address, await self._places(hook.address), headers, body)
        except TimeoutError:
            raise NotToldError("too_slow") from None  # noqa: EM101 -- a code
        if status not in _GOOD:
            raise NotToldError(f"status_{status}")  # noqa: EM102 -- a code

    async def _places(self, address: str) -> tuple[str, ...]:
        """Return to which IP addresses a webhook's address leads now.

        Raises:
            NotToldError: to none, or to one that is not out in the world.
        """
        parts = urlsplit(address)
        port = parts.port or _PORTS[parts.scheme]
        try:
            found = await asyncio.get_running_loop().getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            raise NotToldError("unknown_host") from None  # noqa: EM101 -- a code
        places = tuple(dict.fromkeys(str(one[4][0]) for one in found))
        # One is enough to refuse them all: a name that leads inside as well is not to be tried until it does.
        if not self.anywhere and not all(map(is_public, places)):
            raise NotToldError("not_public")  # noqa: EM101 -- a code
        return places


async def _post(address: str, places: Sequence[str], headers: dict[str, str], body: bytes) -> int:
    """Return with which status the first of `places` that can be reached answers a POST to `address`.

    Raises:
        NotToldError: none of them answers, or none shows a certificate of that name.
    """
    # What it takes to speak HTTP is loaded where a webhook is told, and by no other worker.
    from httpx2 import AsyncClient, ConnectError, ConnectTimeout, HTTPError, InvalidURL

    parts = urlsplit(address)
    name = parts.hostname or ""
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    port = parts.port or _PORTS[parts.scheme]
    async with AsyncClient(verify=_trusted(), trust_env=False, follow_redirects=False, timeout=_PATIENCE) as client:
        for place in places:
            there = f"{parts.scheme}://{f'[{place}]' if ':' in place else place}:{port}{path}"
            told = {**headers, "Host": parts.netloc}
            try:
                async with client.stream(
                    "POST", there, content=body, headers=told, extensions={"sni_hostname": name}
                ) as answer:
                    return answer.status_code
            except (ConnectError, ConnectTimeout) as error:
                if isinstance(error.__cause__, ssl.SSLError) or "CERTIFICATE" in str(error).upper():
                    raise NotToldError("certificate") from None  # noqa: EM101 -- a code
            except (HTTPError, InvalidURL, OSError):
                raise NotToldError("no_answer") from None  # noqa: EM101 -- a code
    raise NotToldError("no_connection")  # noqa: EM101 -- a code


@cache
def _trusted() -> ssl.SSLContext:
    """Return what says whom to trust, read once."""
    return ssl.create_default_context()
