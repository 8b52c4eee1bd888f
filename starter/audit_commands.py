"""`duly audit`: whether the record is what was put on it."""

from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from settings import Settings
    from store.audit import AuditReport

group = typer.Typer(help="The record: whether it is what was put on it.", no_args_is_help=True)


@group.callback()
def audit() -> None:
    """Keep `duly audit` a group, however few commands it has."""


@group.command()
def verify() -> None:
    """Check every event of every case; exit 1 where one was changed, removed or moved.

    Cases that were erased are told apart from those whose key is lost.
    """
    import asyncio

    from starter.commands import checked_settings
    from store import migrate

    settings = checked_settings()
    if migrate.pending(settings.database_url):
        typer.echo("The database is not one of this version of Duly: start `duly up` on it once.", err=True)
        raise typer.Exit(2)
    report = asyncio.run(_verify(settings))
    for broken in report.broken:
        typer.echo(f"{broken.case}: event {broken.n} was changed, removed or moved.", err=True)
    whole = f"{_counted(report.events, 'event')} of {_counted(report.cases, 'case')}"
    if report.broken:
        typer.echo(f"The record of {_counted(len(report.broken), 'case')} does not hold; checked: {whole}.", err=True)
        raise typer.Exit(1)
    erased = f" Of {_counted(report.erased, 'case')} nothing is left but the chain: erased, with a tombstone."
    unread = f" The key of {_counted(report.without_key, 'case')} is not here: the chain holds, its words are unread."
    more = (erased if report.erased else "") + (unread if report.without_key else "")
    typer.echo(f"The record holds: {whole}.{more}")


async def _verify(settings: "Settings") -> "AuditReport":
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    from store import audit
    from store.database import Database
    from store.keys import CaseKeys, Keyring

    columns = TextColumn("Checking cases"), BarColumn(), MofNCompleteColumn()
    db = Database(settings.database_url)
    keys = CaseKeys(db, Keyring.of(settings.key_ring))
    try:
        with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
            task = progress.add_task("", total=None)
            async with db.read() as session:
                return await audit.verify(
                    session, keys, lambda done, total: progress.update(task, completed=done, total=total)
                )
    finally:
        await db.close()


def _counted(count: int, one: str) -> str:
    return f"{count} {one}{'' if count == 1 else 's'}"
