"""What `duly doctor` looks at through a connection: the database and Temporal."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime
from typing import Final, TypeVar

from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest, DescribeTaskQueueRequest
from temporalio.client import Client
from temporalio.service import RPCError

from domain.names import TASK_QUEUE
from settings import Settings
from starter.operating import places
from starter.operating.doctor import PATIENCE, Found, ok, warning, wrong
from store import backup, heads, rotating, stuck, version
from store.codec import connect
from store.database import Database, DatabaseLostError
from store.keys import CaseKeys, Keyring, KeyUnknownError, SealBrokenError
from store.tables import CaseKeyRow, CaseRow

T = TypeVar("T")

_FAILING: Final = "TemporalReportedProblems IS NOT NULL"
"""What Temporal is asked for: cases whose workflow task failed five times in a row or more."""

_DAYS_KEPT: Final = 7


def check_database(settings: Settings) -> list[Found]:
    """Look whether the database answers, is of this version, and whether the keys of its cases can be had."""
    file = backup.file_of(settings.database_url)
    where = str(file) if file else "DULY_DATABASE_URL"
    if file and not file.exists():
        return [warning("database", f"{where} is not there yet: `duly up` makes it.")]
    try:
        revision = asyncio.run(backup.revision(settings.database_url))
    except (SQLAlchemyError, OSError) as error:
        return [wrong("database", f"{where} does not answer ({_kind(error)}): does it run, is the address right?")]
    if revision is None:
        return [warning("database", f"{where} is empty: `duly up` makes the tables.")]
    if revision not in version.KNOWN:
        return [wrong("database", f"{where} is of a newer Duly: install that one, or put a backup back.")]
    if revision != version.KNOWN[-1]:
        return [wrong("database", f"{where} is of an older Duly: make a backup, then run `duly up` once.")]
    ring = Keyring.of(settings.key_ring)
    found = [ok("database", f"{where} answers, and is of this version.")]
    missing = asyncio.run(_reading(settings, lambda session: _missing_key(session, ring)))
    if missing:
        found.append(wrong("keys", missing))
    elif asyncio.run(_reading(settings, lambda session: rotating.uses(session, ring))).unknown:
        found.append(
            warning(
                "keys",
                "DULY_KEYS lacks a key that apps or webhooks were sealed under: put it back, or have them set up anew.",
            )
        )
    return found


def check_record(settings: Settings) -> list[Found]:
    """Look at the last events of all chains."""
    if not _is_of_this_version(settings):
        return []
    until = time.monotonic() + PATIENCE / 2
    hold = asyncio.run(_reading(settings, lambda session: heads.hold(session, lambda: time.monotonic() > until)))
    if hold is None:
        return [ok("record", "As far as there was time to look, it holds: `duly audit verify` checks all of it.")]
    if hold:
        return [ok("record", "The last event of every case is in its place (`duly audit verify` checks all events).")]
    return [wrong("record", "An event was changed, removed or moved: `duly audit verify` says where.")]


def check_temporal(settings: Settings) -> list[Found]:
    """Look whether Temporal answers, somebody works for it, and no case keeps failing."""
    try:
        named = places.names_a_temporal()
    except (RuntimeError, ValueError) as error:
        return [wrong("temporal", f"TEMPORAL_PROFILE or its file cannot be used: {error}")]
    address = settings.temporal_address
    if not named and not address.exists():
        return [warning("temporal", "Duly does not run on this data folder: `duly up` starts Temporal.")]
    where = {} if named else {"unless_named": address.read_text(encoding="utf-8")}
    return asyncio.run(_temporal(settings, where))


def times(settings: Settings) -> tuple[datetime | None, datetime | None]:
    """Return when the latest case began, and what time PostgreSQL says it is; None where nobody says."""
    if not _is_of_this_version(settings):
        return None, None
    latest = asyncio.run(_reading(settings, lambda session: session.scalar(select(func.max(col(CaseRow.opened_at))))))
    if backup.file_of(settings.database_url):
        return latest, None
    return latest, asyncio.run(_reading(settings, lambda session: session.scalar(select(func.clock_timestamp()))))


async def _temporal(settings: Settings, where: dict[str, str]) -> list[Found]:
    db = Database(settings.database_url)
    try:
        client = await connect(CaseKeys(db, Keyring.of(settings.key_ring)), lazy=False, **where)
        about = await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=client.namespace))
        polled = await _is_polled(client)
        failing = await is_stuck(client, db)
    except RuntimeError:
        return [
            wrong("temporal", "It does not answer: is it running, is TEMPORAL_ADDRESS right? See logs/temporal.log.")
        ]
    except RPCError as error:
        return [wrong("temporal", f"It refuses what Duly asks ({error.status.name}): look at TEMPORAL_NAMESPACE.")]
    finally:
        await db.close()
    found = []
    days = about.config.workflow_execution_retention_ttl.ToTimedelta().days
    if days < _DAYS_KEPT:
        found.append(warning("temporal", f"It keeps closed cases for {days} days only: set the retention to 168h."))
    if not polled:
        found.append(
            wrong("worker", "No worker is at work, so nothing goes on: start `duly worker`; see logs/worker.log.")
        )
    if failing:
        found.append(
            wrong(
                "worker",
                "A case cannot go on, since a step of it keeps failing: see logs/worker.log. After an upgrade, go back"
                " to the version before; nothing is lost.",
            )
        )
    return found or [ok("temporal", "It answers, a worker is at work, and no case keeps failing.")]


async def is_stuck(client: Client, db: Database) -> bool:
    """Return whether any case, of whichever kind, does not get on: its turns fail, or what it says is not recorded.

    Of the second nothing is known where the database does not answer, or is of another version.

    Raises:
        RPCError: Temporal does not answer.
    """
    if (await client.count_workflows(_FAILING)).count:
        return True
    with suppress(SQLAlchemyError, OSError):
        async with db.read() as session:
            return bool(await stuck.cases(session))
    return False


async def _is_polled(client: Client) -> bool:
    request = DescribeTaskQueueRequest(
        namespace=client.namespace,
        task_queue=TaskQueue(name=TASK_QUEUE),
        task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
    )
    return bool((await client.workflow_service.describe_task_queue(request)).pollers)


async def _missing_key(session: AsyncSession, ring: Keyring) -> str:
    """Return what is to be said about a key that cases need and that is not here, or is another; nothing if all are."""
    names = await session.scalars(
        select(col(CaseKeyRow.wrapped_under)).distinct().order_by(col(CaseKeyRow.wrapped_under))
    )
    for name in names.all():
        one = select(CaseKeyRow).where(col(CaseKeyRow.wrapped_under) == name).limit(1)
        row = (await session.scalars(one)).one()
        try:
            ring.unwrap(row.case, name, row.wrapped)
        except KeyUnknownError:
            return f"DULY_KEYS lacks the key {name}, which cases were sealed under: put it back, behind the others."
        except SealBrokenError:
            return f"The key {name} of DULY_KEYS is not the one that cases were sealed under: put that one back."
    return ""


def _is_of_this_version(settings: Settings) -> bool:
    file = backup.file_of(settings.database_url)
    if file and not file.exists():
        return False
    try:
        revision = asyncio.run(backup.revision(settings.database_url))
    except (SQLAlchemyError, OSError):
        return False
    return revision == version.KNOWN[-1]


async def _reading(settings: Settings, read: Callable[[AsyncSession], Awaitable[T]]) -> T:
    db = Database(settings.database_url)
    try:
        async with db.read() as session:
            return await read(session)
    finally:
        await db.close()


def _kind(error: Exception) -> str:
    if isinstance(error, DatabaseLostError):
        return error.kind
    return type(error.orig if isinstance(error, DBAPIError) and error.orig else error).__name__
