"""`duly audit`: whether the record is what was put on it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from datetime import datetime

    from domain.checkpoints import Checkpoint
    from settings import Settings
    from starter.reconciling import Agreement
    from store.audit import AuditReport
    from store.checkpoints import CheckpointReport

group = typer.Typer(help="The record: whether it is what was put on it.", no_args_is_help=True)


@group.callback()
def audit() -> None:
    """Keep `duly audit` a group, however few commands it has."""


@group.command()
def verify(
    copies: Annotated[
        Path | None,
        typer.Option(help="A folder with copies of the checkpoints, kept elsewhere.", exists=True, file_okay=False),
    ] = None,
) -> None:
    """Check every event of every case, and every checkpoint; exit 1 where one was changed, removed or moved.

    Cases that were erased are told apart from those whose key is lost.
    """
    import asyncio

    from starter.commands import settings_with_database

    settings = settings_with_database()
    report, against = asyncio.run(_verify(settings, copies))
    for broken in report.broken:
        typer.echo(f"{broken.case}: event {broken.n} was changed, removed or moved.", err=True)
    for lost in against.shortened:
        typer.echo(f"{lost.case}: event {lost.n}, which a checkpoint knew, is gone or another one.", err=True)
    for fault in against.faults:
        typer.echo(fault, err=True)
    whole = f"{_counted(report.events, 'event')} of {_counted(report.cases, 'case')}"
    wrong = {one.case for one in report.broken} | {lost.case for lost in against.shortened}
    if wrong:
        typer.echo(f"The record of {_counted(len(wrong), 'case')} does not hold; checked: {whole}.", err=True)
    if against.faults:
        typer.echo(f"The checkpoints do not hold: {_counted(against.checkpoints, 'checkpoint')}.", err=True)
    if wrong or against.faults:
        raise typer.Exit(1)
    erased = f" Of {_counted(report.erased, 'case')} nothing is left but the chain: erased, with a tombstone."
    unread = f" The key of {_counted(report.without_key, 'case')} is not here: the chain holds, its words are unread."
    more = (erased if report.erased else "") + (unread if report.without_key else "")
    fits = f" It fits {_counted(against.checkpoints, 'checkpoint')}." if against.checkpoints else ""
    typer.echo(f"The record holds: {whole}.{more}{fits}")


@group.command()
def reconcile() -> None:
    """Compare every decision on record with what Temporal took, and the other way round; exit 1 where they differ.

    Of cases that ended longer ago than Temporal keeps them nothing can be compared: it says how many those are. Where
    Temporal or the database does not answer, nothing was compared: exit 2.
    """
    import asyncio

    from sqlalchemy.exc import SQLAlchemyError
    from temporalio.service import RPCError

    from starter.commands import settings_with_database
    from starter.engine import EngineLostError

    try:
        settings = settings_with_database()
        found = asyncio.run(_reconcile(settings))
    except (RPCError, EngineLostError):
        typer.echo("Temporal does not answer: nothing was compared. Try again once it does.", err=True)
        raise typer.Exit(2) from None
    except (SQLAlchemyError, OSError):
        typer.echo("The database does not answer: nothing was compared. Try again once it does.", err=True)
        raise typer.Exit(2) from None
    for fault in found.faults:
        typer.echo(fault, err=True)
    whole = f"{_counted(found.decisions, 'decision')} of {_counted(found.cases, 'case')}"
    if found.faults:
        typer.echo(f"The record and Temporal do not agree ({len(found.faults)} times); compared: {whole}.", err=True)
        raise typer.Exit(1)
    typer.echo(f"The record and Temporal agree: {whole}.{_not_compared(found)}")


def _not_compared(found: "Agreement") -> str:
    """Return what could not be compared, and why."""
    gone = f" Of {_counted(found.gone, 'case')} that ended Temporal has nothing any more."
    partly = f" Of {_counted(found.partly, 'case')} it has the later part only."
    erased = f" Erased, and not to be compared: {_counted(found.erased, 'case')}."
    unread = f" The key is not here, so that nothing can be compared, of {_counted(found.unread, 'case')}."
    told = ((found.gone, gone), (found.partly, partly), (found.erased, erased), (found.unread, unread))
    return "".join(words for count, words in told if count)


@group.command()
def checkpoint() -> None:
    """Take a checkpoint over all cases now, signed, in the database and as a file; the worker takes one each day."""
    import asyncio

    from starter.commands import settings_with_database

    settings = settings_with_database()
    taken = asyncio.run(_take(settings))
    typer.echo(
        f"Checkpoint {taken.n} was taken. Copy {settings.checkpoints} to where nobody of this machine can write."
    )


async def _take(settings: "Settings") -> "Checkpoint":
    from starter.commands import checked_signing_keys
    from store.checkpoints import Anchor
    from store.database import Database

    db = Database(settings.database_url)
    try:
        return await Anchor(db, checked_signing_keys(settings), settings.checkpoints).take(_now())
    finally:
        await db.close()


async def _reconcile(settings: "Settings") -> "Agreement":
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    from starter.engine import EngineLostError
    from starter.reconciling import Reconciling
    from store.codec import connect
    from store.database import Database
    from store.keys import CaseKeys, Keyring

    columns = TextColumn("Comparing cases"), BarColumn(), MofNCompleteColumn()
    file = settings.temporal_address
    where = {"unless_named": file.read_text(encoding="utf-8")} if file.exists() else {}
    db = Database(settings.database_url)
    keys = CaseKeys(db, Keyring.of(settings.key_ring))
    try:
        try:
            client = await connect(keys, lazy=False, **where)
        except RuntimeError as lost:
            raise EngineLostError from lost
        with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
            task = progress.add_task("", total=None)
            return await Reconciling(db, keys, client, _now).run(
                lambda done, total: progress.update(task, completed=done, total=total)
            )
    finally:
        await db.close()


def _now() -> "datetime":
    from datetime import UTC, datetime

    return datetime.now(UTC)  # noqa: TID251 -- a composition root: here the clock is handed out


async def _verify(settings: "Settings", copies: Path | None) -> "tuple[AuditReport, CheckpointReport]":
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    from starter.commands import checked_signing_keys
    from store import audit, checkpoints
    from store.database import Database
    from store.keys import CaseKeys, Keyring

    columns = TextColumn("Checking cases"), BarColumn(), MofNCompleteColumn()
    db = Database(settings.database_url)
    keys = CaseKeys(db, Keyring.of(settings.key_ring))
    folders = [settings.checkpoints, *([copies] if copies else [])]
    try:
        with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
            task = progress.add_task("", total=None)
            async with db.read() as session:
                report = await audit.verify(
                    session, keys, lambda done, total: progress.update(task, completed=done, total=total)
                )
                return report, await checkpoints.verify(session, checked_signing_keys(settings), folders)
    finally:
        await db.close()


def _counted(count: int, one: str) -> str:
    return f"{count} {one}{'' if count == 1 else 's'}"
