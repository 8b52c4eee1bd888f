"""The Temporal worker: builds the activities, owns the sandbox setting."""

import asyncio
import logging
import re
import signal
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.metadata import version
from typing import Final

import structlog
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.plugin import SimplePlugin
from temporalio.service import RPCError, RPCStatusCode
from temporalio.worker import UnsandboxedWorkflowRunner, Worker, WorkflowRunner
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

import packs
from activities.custodians import Custodians
from activities.jobs import Jobs
from activities.lookout import EVERY, Lookout
from activities.mail import Post, Smtp
from activities.people import People
from activities.records import Records
from activities.rounds import Rounds
from activities.webhooks import Webhooks
from activities.writing import Writer
from domain.names import TASK_QUEUE
from domain.pack import Pack
from settings import Settings
from store.checkpoints import Anchor
from store.codec import TemporalSettingsError, connect
from store.database import Database, DatabaseLostError
from store.keys import CaseKeys, Keyring
from store.signing import signing_keys
from store.version import OtherVersionError, check
from workflows.host import CaseWorkflow

# Some tests of every story and every recorded history run in it, so that a clock or I/O in a workflow fails there. What
# is released has passed it, and runs without: the sandbox loads the workflow's modules anew for each case.
# One copy of every shape: a second one, made by the sandbox, would be refused by pydantic as another class.
SANDBOX: Final = SandboxedWorkflowRunner(
    restrictions=SandboxRestrictions.default.with_passthrough_modules("domain", "activities")
)

# After a worker is killed its cases wait this long for it before another takes them.
_STICKY: Final = timedelta(seconds=1)
# A turn that was begun has two seconds: no more of them are begun than a slow machine ends by then.
_TURNS_AT_ONCE: Final = 16
# An activity that lives says so every second. Temporal would tell its server only shortly before the time is up.
_TOLD_EVERY: Final = timedelta(milliseconds=500)
_FINISH_WITHIN: Final = timedelta(seconds=10)
_ASK_AGAIN: Final = 2.0
_TRIES: Final = 5

log = structlog.get_logger()


class OnlyCodes(logging.Filter):
    """Keeps, of what Temporal logs, the first words, the kind of failure and ids: never a text or a traceback.

    Of which kind a case is nobody tells from outside, so this holds for all of them.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite `record`; none is dropped."""
        said = _FIRST_WORDS.split(str(record.msg), maxsplit=1)[0].strip()
        kind = record.exc_info[0] if record.exc_info else None
        known = {**vars(record).get("temporal_workflow", {}), **vars(record).get("temporal_activity", {})}
        ids = [f"{name}={known[name]}" for name in _TOLD_OF if known.get(name)]
        record.msg, record.args = " ".join([said, *([kind.__name__] if kind else ()), *ids]), ()
        record.exc_info = record.exc_text = record.stack_info = None
        return True


_ONLY_CODES: Final = OnlyCodes()
_FIRST_WORDS: Final = re.compile(r"[^\w\s,]")
_TOLD_OF: Final = ("workflow_id", "activity_type", "attempt")


def quieten() -> None:
    """Have Temporal log no text of a failure, whatever else is configured."""
    for name in [one for one in logging.root.manager.loggerDict if one.startswith("temporalio")]:
        logging.getLogger(name).addFilter(_ONLY_CODES)


def now() -> datetime:
    """Return the time of this machine, in UTC."""
    return datetime.now(UTC)  # noqa: TID251 -- a composition root: here the clock is handed out


def build(
    client: Client,
    db: Database,
    keys: CaseKeys,
    smtp: Smtp,
    base_url: str,
    runner: WorkflowRunner = SANDBOX,
    *,
    mails_a_day: int,
    look_every: float = EVERY,
    clock: Callable[[], datetime] = now,
    anchor: Anchor | None = None,
    policies: Callable[[], Mapping[str, Pack]] | None = None,
    webhooks_anywhere: bool = False,
    checkpoints_to: tuple[str, ...] = (),
) -> Worker:
    """Return a worker that runs every case by `runner`, sends every mail, and looks whom asks should reach.

    With `anchor`, it takes a checkpoint each day. With `policies`, it begins the reviews of their documents.
    Webhooks are out in the world, unless they may be anywhere. Each checkpoint is mailed to the addresses of
    `checkpoints_to`.
    """
    quieten()
    people, jobs = People(keys), Jobs(client)
    post = Post(db, smtp, people, Writer(base_url), jobs, clock)
    records = Records(db, keys, people, post, clock, mails_a_day)
    rounds = Rounds(db, keys, jobs, policies or dict, clock)
    webhooks = Webhooks(db, keys.ring, jobs, clock, anywhere=webhooks_anywhere)
    custodians = Custodians(db, smtp, jobs, clock, base_url, checkpoints_to)
    lookout = Lookout(db, keys, jobs, clock, anchor=anchor, rounds=rounds, webhooks=webhooks, custodians=custodians)
    return Worker(
        client,
        task_queue=TASK_QUEUE,
        workflows=[CaseWorkflow],
        activities=[records.publish, post.send_mail, post.mail_person, webhooks.tell, custodians.mail_checkpoint],
        workflow_runner=runner,
        sticky_queue_schedule_to_start_timeout=_STICKY,
        max_concurrent_workflow_tasks=_TURNS_AT_ONCE,
        max_heartbeat_throttle_interval=_TOLD_EVERY,
        graceful_shutdown_timeout=_FINISH_WITHIN,
        # Unless it is told, Temporal's library reads the code of every module that was imported, at each start.
        build_id=f"duly-{version('duly')}",
        identity="duly-worker",
        plugins=[SimplePlugin("lookout", run_context=lambda: lookout.looking(look_every))],
    )


async def main(settings: Settings) -> None:
    """Run until the process is told to stop; what is being done then is finished first."""
    db = Database(settings.database_url)
    keys = CaseKeys(db, Keyring.of(settings.key_ring))
    client = await _reach_temporal(keys)
    await _reach_database(db)
    told_to_stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, told_to_stop.set)
    try:
        working = build(
            client,
            db,
            keys,
            _smtp(settings),
            settings.base_url,
            UnsandboxedWorkflowRunner(),
            mails_a_day=settings.mails_a_day,
            anchor=Anchor(db, signing_keys(settings.signing_key), settings.checkpoints),
            policies=cache(lambda: packs.load_all(settings.packs)),
            webhooks_anywhere=settings.mode == "demo",
            checkpoints_to=settings.checkpoints_to,
        )
        async with working:
            await told_to_stop.wait()
    finally:
        await db.close()


async def _reach_temporal(keys: CaseKeys) -> Client:
    """Return a client once Temporal answers, however long that takes.

    Raises:
        TemporalSettingsError: what the environment says of it cannot be used.
    """
    while True:
        try:
            client = await connect(keys, lazy=False)
            await _check_namespace(client)
        except TemporalSettingsError:
            raise
        except (RuntimeError, RPCError):
            log.warning("temporal_does_not_answer", retry_in_seconds=_ASK_AGAIN)
            await asyncio.sleep(_ASK_AGAIN)
        else:
            return client


async def _check_namespace(client: Client) -> None:
    """Raise TemporalSettingsError where Temporal has no such namespace; a new server makes its own in a moment."""
    for left in reversed(range(_TRIES)):
        try:
            await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=client.namespace))
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            if not left:
                why = f"there is no namespace {client.namespace}"
                raise TemporalSettingsError(why) from None
            await asyncio.sleep(_ASK_AGAIN)
        else:
            return


async def _reach_database(db: Database) -> None:
    """Return once the database answers, however long that takes.

    Raises:
        OtherVersionError: it is not one of this version.
    """
    while True:
        try:
            async with db.read() as session:
                await (await session.connection()).run_sync(check)
        except OtherVersionError:
            raise
        except DatabaseLostError as error:
            log.warning("database_does_not_answer", why=error.kind, retry_in_seconds=_ASK_AGAIN)
            await asyncio.sleep(_ASK_AGAIN)
        else:
            return


def _smtp(settings: Settings) -> Smtp:
    password = settings.smtp_password.get_secret_value() if settings.smtp_password else None
    return Smtp(
        host=settings.smtp_host or "127.0.0.1",
        port=settings.smtp_port,
        tls=settings.smtp_tls,
        sender=settings.mail_from,
        username=settings.smtp_username,
        password=password,
    )
