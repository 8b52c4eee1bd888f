"""A webhook is told over HTTP what happened: signed, over and over until it listens, and never anywhere inside."""

import asyncio
import hashlib
import hmac
import json
import shutil
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment

import worker
from activities import webhooks as telling
from activities.jobs import Jobs
from activities.webhooks import Webhooks
from domain.cases import Act
from domain.people import Directory
from store import people, webhooks
from store.database import Database
from store.keys import CaseKeys
from store.webhooks import DeliveryRow
from tests.builders import MONDAY, ORGANISATION, PEOPLE
from tests.house import House, house
from tests.leaks.looking import until
from tests.store.conftest import RING, migrated_file
from tests.store.turns import put, the_first_turn
from tests.stories import a_person, a_process, a_step, an_opening

__all__ = ["migrated_file"]

HOOK = "a" * 32


@dataclass
class Receiver:
    """A program that is told things: it keeps what came, and answers with the next of `statuses`, at last the last."""

    statuses: list[int] = field(default_factory=lambda: [204])
    headers: str = ""
    delay: float = 0.0
    requests: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    port: int = 0

    @asynccontextmanager
    async def listening(self, tls: ssl.SSLContext | None = None) -> AsyncIterator["Receiver"]:
        """Listen while the block runs."""
        server = await asyncio.start_server(self._answer, "127.0.0.1", 0, ssl=tls)
        self.port = server.sockets[0].getsockname()[1]
        async with server:
            yield self

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        line, *rest = head.rstrip().split("\r\n")
        headers = {name.lower(): text for name, _, text in (one.partition(": ") for one in rest)}
        body = await reader.readexactly(int(headers["content-length"]))
        self.requests.append((line, headers, body))
        await asyncio.sleep(self.delay)
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        writer.write(f"HTTP/1.1 {status} x\r\nContent-Length: 0\r\nConnection: close\r\n{self.headers}\r\n".encode())
        await writer.drain()
        writer.close()


@pytest.fixture
async def database(migrated_file: Path, tmp_path: Path) -> AsyncIterator[Database]:
    shutil.copy(migrated_file, tmp_path / "duly.sqlite3")
    db = Database(f"sqlite+aiosqlite:///{tmp_path}/duly.sqlite3")
    async with db.write() as session:
        await people.save(session, PEOPLE)
    yield db
    await db.close()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with Receiver().listening() as receiver:
        yield receiver


@pytest.fixture
def teller(database: Database) -> Webhooks:
    """Return what tells webhooks wherever they are; no job is asked for here."""
    return Webhooks(database, RING, Jobs(None), lambda: MONDAY, anywhere=True)  # type: ignore[arg-type]


async def a_delivery(teller: Webhooks, address: str) -> tuple[str, DeliveryRow]:
    """Return the secret of a webhook to `address`, and what is to be told to it."""
    async with teller.db.write() as session:
        secret = await webhooks.make(
            session,
            teller.ring,
            id_=HOOK,
            organisation=ORGANISATION,
            address=address,
            kinds=("request_submitted",),
            by="ada",
            at=MONDAY,
        )
    assert secret is not None
    keys = CaseKeys(teller.db, RING)
    await put(teller.db, keys, the_first_turn())
    return secret, await the_delivery(teller.db)


async def the_delivery(database: Database) -> DeliveryRow:
    async with database.read() as session:
        return (await session.scalars(select(DeliveryRow))).one()


async def said_by(teller: Webhooks, address: str) -> str:
    """Return what comes of telling a webhook at `address` that does not take it."""
    _, row = await a_delivery(teller, address)
    with pytest.raises(ApplicationError, match="not told"):
        await teller.tell(row.id)
    now = await the_delivery(teller.db)
    assert (now.tries, now.tried_at, now.delivered_at) == (1, MONDAY, None)
    return now.said


async def test_what_is_told_says_no_more_than_it_must_and_is_signed(teller: Webhooks, receiver: Receiver) -> None:
    secret, row = await a_delivery(teller, f"http://127.0.0.1:{receiver.port}/duly?key=1")
    await teller.tell(row.id)
    [(line, headers, body)] = receiver.requests
    assert line == "POST /duly?key=1 HTTP/1.1"
    assert headers["host"] == f"127.0.0.1:{receiver.port}"
    assert headers["content-type"] == "application/json"
    assert headers["duly-event"] == row.id
    assert json.loads(body) == {
        "id": row.id,
        "kind": "request_submitted",
        "case": "K7QM-4TXR",
        "process": "new_site",
        "number": 1,
        "at": MONDAY.isoformat().replace("+00:00", "Z"),
    }
    at, signed = (part.partition("=")[2] for part in headers["duly-signature"].split(","))
    assert int(at) == MONDAY.timestamp()
    assert signed == hmac.new(secret.encode(), at.encode() + b"." + body, hashlib.sha256).hexdigest()
    assert set(headers) <= {
        *("host", "content-type", "user-agent", "duly-event", "duly-signature", "content-length"),
        *("accept", "accept-encoding", "connection"),
    }


async def test_what_was_told_is_not_told_again(teller: Webhooks, receiver: Receiver) -> None:
    _, row = await a_delivery(teller, f"http://127.0.0.1:{receiver.port}/")
    await teller.tell(row.id)
    await teller.tell(row.id)
    assert len(receiver.requests) == 1
    assert (await the_delivery(teller.db)).delivered_at == MONDAY


@pytest.mark.parametrize("status", [301, 302, 307, 308, 400, 404, 410, 429, 500, 503])
async def test_any_other_status_is_tried_again_and_no_redirect_is_followed(
    teller: Webhooks, receiver: Receiver, status: int
) -> None:
    receiver.statuses = [status]
    receiver.headers = f"Location: http://127.0.0.1:{receiver.port}/elsewhere\r\n"
    assert await said_by(teller, f"http://127.0.0.1:{receiver.port}/") == f"status_{status}"
    assert [line for line, *_ in receiver.requests] == ["POST / HTTP/1.1"]


async def test_whoever_is_not_there_or_too_slow_is_tried_again(
    teller: Webhooks, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telling, "_LONGEST", 0.1)
    receiver.delay = 0.5
    assert await said_by(teller, f"http://127.0.0.1:{receiver.port}/") == "too_slow"


async def test_whoever_cannot_be_reached_is_tried_again(teller: Webhooks) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    assert await said_by(teller, f"http://127.0.0.1:{port}/") == "no_connection"


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("https://127.0.0.1:{port}/", "address"),
        ("http://example.org:{port}/", "address"),
        ("https://inside.example:{port}/", "not_public"),
        ("https://rebinding.example:{port}/", "not_public"),
        ("https://nowhere.example:{port}/", "unknown_host"),
    ],
)
async def test_nothing_is_sent_to_an_inner_network_whatever_a_name_says(
    teller: Webhooks, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, address: str, said: str
) -> None:
    places = {"inside.example": ["127.0.0.1"], "rebinding.example": ["93.184.216.34", "127.0.0.1"]}

    async def look_up(host: str, port: int, **more: Any) -> list[tuple[Any, ...]]:
        del more
        if host not in places:
            raise socket.gaierror
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (place, port)) for place in places[host]]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", look_up)
    outside = replace(teller, anywhere=False)
    assert await said_by(outside, address.format(port=receiver.port)) == said
    assert receiver.requests == []


async def test_a_name_is_spoken_to_where_it_was_looked_up_and_shows_its_certificate(
    teller: Webhooks, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    certificate = a_certificate(tmp_path, "hooks.example")
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate)
    asked: list[str] = []

    async def look_up(host: str, port: int, **more: Any) -> list[tuple[Any, ...]]:
        del more
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", look_up)
    monkeypatch.setattr(telling, "_trusted", lambda: ssl.create_default_context(cafile=str(certificate)))
    async with Receiver().listening(tls) as receiver:
        _, row = await a_delivery(teller, f"https://hooks.example:{receiver.port}/")
        await teller.tell(row.id)
        assert [headers["host"] for _, headers, _ in receiver.requests] == [f"hooks.example:{receiver.port}"]
        assert asked[0] == "hooks.example"
        async with teller.db.write() as session:
            await webhooks.end(session, ORGANISATION, HOOK)


async def test_another_certificate_is_not_trusted(teller: Webhooks, tmp_path: Path) -> None:
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(a_certificate(tmp_path, "other.example"))
    async with Receiver().listening(tls) as receiver:
        assert await said_by(teller, f"https://127.0.0.1:{receiver.port}/") == "certificate"
        assert receiver.requests == []


def a_certificate(folder: Path, name: str) -> Path:
    """Return a file with a new key and a certificate of `name` that it signed itself."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    called = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now: datetime = worker.now()
    made = (
        x509.CertificateBuilder()
        .subject_name(called)
        .issuer_name(called)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / f"{name}.pem"
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    file.write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain) + made.public_bytes(serialization.Encoding.PEM)
    )
    return file


async def test_on_temporal_a_webhook_is_told_until_it_listens(
    environment: WorkflowEnvironment, tmp_path: Path, receiver: Receiver
) -> None:
    receiver.statuses = [503, 204]
    async with house(environment, tmp_path) as home:
        opening = an_opening(a_process(a_step("headteacher")), key="webhooks")
        directory = Directory(people=(a_person("author"), a_person("head", "headteacher")))
        async with home.db.write() as session:
            await people.save(session, directory.people)
            await webhooks.make(
                session,
                home.keys.ring,
                id_=HOOK,
                organisation=opening.organisation,
                address=f"http://127.0.0.1:{receiver.port}/",
                kinds=("request_withdrawn",),
                by="author",
                at=MONDAY,
            )
        case = await home.begin(opening, directory)
        await case.settled()
        act = Act(kind="withdraw", person="author", how="session")
        assert (await home.engine.act(opening.case, act)).says == "done"

        async def delivered() -> bool:
            return (await the_delivery(home.db)).delivered_at is not None

        async def tried() -> bool:
            return len(receiver.requests) == 1

        await until(tried)
        row = await the_delivery(home.db)
        await seen_to(home, row.id)
        await until(delivered)
    ids = [json.loads(body)["id"] for _, _, body in receiver.requests]
    assert ids == [row.id] * 2


async def seen_to(home: House, delivery: str) -> None:
    """Have the job of a delivery be gone, and the lookout look some hours later: it leaves the delivery to another."""
    await home.client.get_activity_handle(f"webhook-{delivery}").terminate()
    later = Webhooks(home.db, home.keys.ring, Jobs(home.client), lambda: home.clock() + timedelta(hours=3))
    await later.look()
