"""Prometheus metrics, on a port of their own: numbers of ordinary cases, and whether everything can go on.

Of confidential cases there is no number, and none can be worked out from these. One bit is about all cases: whether a
step of any keeps failing. Were it about ordinary ones alone, nobody would mend a confidential case that stands still; a
bit about each would say that there are some. The metrics of Temporal's own client are not exported: they count all.
"""

import asyncio
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import AF_INET6
from typing import Final, NamedTuple

import structlog
from sqlalchemy.exc import SQLAlchemyError
from temporalio.service import RPCError

from settings import Settings
from starter.operating import VERSION, places
from starter.operating.checks_of_servers import is_stuck
from store import measures, sessions
from store.codec import connect
from store.database import Database
from store.keys import CaseKeys, Keyring
from store.measures import Labels

log = structlog.get_logger()

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

_WHERE: Final = ("organisation", "process", "school")
_KEPT: Final = 10.0
_PATIENCE: Final = 5.0
_AN_HOUR: Final = timedelta(hours=1)


class Family(NamedTuple):
    """A metric: its name, what it says, and the names of its labels."""

    name: str
    help: str
    labels: tuple[str, ...] = ()


BUILD: Final = Family("duly_build_info", "1, by the version of Duly.", ("version",))
OPEN: Final = Family("duly_cases_open", "Ordinary cases that are open, by how long they have been.", (*_WHERE, "age"))
HELD: Final = Family("duly_cases_held", "Ordinary cases that are held until a dispute is settled.", _WHERE)
ASKED: Final = Family(
    "duly_asks_open", "Asks that wait for an answer, by the seat whose move it is.", (*_WHERE, "seat")
)
OVERDUE: Final = Family("duly_asks_overdue", "Asks whose day is over, by the seat whose move it is.", (*_WHERE, "seat"))
NOBODY: Final = Family("duly_asks_nobody", "Asks that reach nobody: nobody holds the seat.", _WHERE)
REFUSED: Final = Family("duly_mails_refused", "Mails of open cases that a mail server refused for good.", _WHERE)
WAITING: Final = Family("duly_mails_waiting", "Mails that should have been sent a quarter of an hour ago.", _WHERE)
UP: Final = Family("duly_up", "1 where the part answers.", ("part",))
STUCK: Final = Family("duly_stuck", "1 where a step of any case keeps failing, so that the case cannot go on.")
ALARM: Final = Family("duly_sign_in_alarm", "1 where far more sign-in codes than usual were asked for within an hour.")
BACKUP: Final = Family("duly_backup_timestamp_seconds", "When the last backup was finished; absent where none was.")

FAMILIES: Final = (BUILD, OPEN, HELD, ASKED, OVERDUE, NOBODY, REFUSED, WAITING, UP, STUCK, ALARM, BACKUP)
"""Everything that is exported."""


def exposition(found: Mapping[Family, Mapping[Labels, float]]) -> str:
    """Return metrics as Prometheus reads them; one without a value is named all the same.

    Source: the Prometheus text format, 0.0.4.
    """
    return "".join(_lines(family, found.get(family, {})) for family in FAMILIES)


def _lines(family: Family, values: Mapping[Labels, float]) -> str:
    head = f"# HELP {family.name} {family.help}\n# TYPE {family.name} gauge\n"
    return head + "".join(
        f"{family.name}{_labelled(family.labels, of)} {float(value)!r}\n" for of, value in sorted(values.items())
    )


def _labelled(names: Iterable[str], values: Labels) -> str:
    pairs = ",".join(f'{name}="{_escaped(value)}"' for name, value in zip(names, values, strict=True))
    return f"{{{pairs}}}" if pairs else ""


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


@dataclass
class Metrics:
    """The metrics of an installation, taken anew when they are asked for, at most every ten seconds.

    Each time connects anew: whoever asks has a thread and an event loop of its own, and the pages wait for nothing.
    """

    settings: Settings
    clock: Callable[[], datetime]
    _turn: threading.Lock = field(default_factory=threading.Lock)
    _taken: tuple[float, str] | None = None

    def text(self) -> str:
        """Return the metrics as Prometheus reads them."""
        with self._turn:
            if self._taken is None or time.monotonic() - self._taken[0] > _KEPT:
                self._taken = (time.monotonic(), exposition(asyncio.run(self.take())))
            return self._taken[1]

    async def take(self) -> dict[Family, dict[Labels, float]]:
        """Return the metrics as they are now; what cannot be had is missing, and the part that it is from is down."""
        db = Database(self.settings.database_url)
        try:
            counted, stuck = await asyncio.gather(self._counted(db), self._is_stuck(db))
        finally:
            await db.close()
        found: dict[Family, dict[Labels, float]] = {BUILD: {(VERSION,): 1}, **counted}
        found[UP] = {("database",): float(bool(counted)), ("temporal",): float(stuck is not None)}
        if stuck is not None:
            found[STUCK] = {(): float(stuck)}
        backed_up_at = places.backed_up_at(self.settings)
        if backed_up_at is not None:
            found[BACKUP] = {(): backed_up_at.timestamp()}
        return found

    async def _counted(self, db: Database) -> dict[Family, dict[Labels, float]]:
        """Return what is counted in the database, nothing where it does not answer."""
        try:
            async with asyncio.timeout(_PATIENCE), db.read() as session:
                found = await measures.measure(session, self.clock())
                codes = await sessions.codes_asked(session, self.clock() - _AN_HOUR)
        except (SQLAlchemyError, OSError) as error:
            log.warning("metrics_without_database", why=type(error).__name__)
            return {}
        families = (OPEN, HELD, ASKED, OVERDUE, NOBODY, REFUSED, WAITING)
        several = (found.open, found.held, found.asked, found.overdue, found.nobody, found.refused, found.waiting)
        alarm = float(codes >= self.settings.codes_alarm)
        return {ALARM: {(): alarm}, **{family: dict(values) for family, values in zip(families, several, strict=True)}}

    async def _is_stuck(self, db: Database) -> bool | None:
        """Return whether any case keeps failing; None where Temporal does not say."""
        address = self.settings.temporal_address
        try:
            where = {"unless_named": address.read_text(encoding="utf-8")} if address.exists() else {}
            async with asyncio.timeout(_PATIENCE):
                client = await connect(CaseKeys(db, Keyring.of(self.settings.key_ring)), lazy=False, **where)
                return await is_stuck(client, db)
        except (RPCError, RuntimeError, OSError) as error:
            log.warning("metrics_without_temporal", why=type(error).__name__)
            return None


def start(settings: Settings, clock: Callable[[], datetime]) -> None:
    """Serve the metrics where the settings want them. The site goes on where their port cannot be had."""
    try:
        serve(Metrics(settings, clock), settings.metrics_host, settings.metrics_port)
    except OSError as error:
        log.error("metrics_not_served", why=error.strerror)  # noqa: TRY400 -- what it says is all that there is


def serve(metrics: Metrics, host: str, port: int) -> ThreadingHTTPServer:
    """Serve `metrics` at `/metrics`, in threads of its own that end with the process; return the server, listening.

    Raises:
        OSError: the port cannot be had.
    """

    class Answer(BaseHTTPRequestHandler):
        timeout = _PATIENCE
        server_version, sys_version = "duly", ""

        def do_GET(self) -> None:
            if self.path != "/metrics":
                self.send_error(HTTPStatus.NOT_FOUND)
                return
            content = metrics.text().encode()
            self.send_response(HTTPStatus.OK)
            self.send_header("Content-Type", CONTENT_TYPE)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            """Log nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            """Log the kind of a failure, never its text."""
            kind = sys.exc_info()[0]
            log.warning("metrics_not_answered", why=kind.__name__ if kind else "")

    if ":" in host:
        Server.address_family = AF_INET6
    server = Server((host, port), Answer)
    threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()
    return server
