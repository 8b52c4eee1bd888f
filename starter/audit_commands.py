"""`duly audit`: whether the record is what was put on it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from domain.checkpoints import Checkpoint
    from settings import Settings
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
    from datetime import UTC, datetime

    from starter.commands import checked_signing_keys
    from store.checkpoints import Anchor
    from store.database import Database

    db = Database(settings.database_url)
    try:
        at = datetime.now(UTC)  # noqa: TID251 -- a composition root: here the clock is handed out
        return await Anchor(db, checked_signing_keys(settings), settings.checkpoints).take(at)
    finally:
        await db.close()


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
