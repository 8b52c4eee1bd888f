"""`duly keys`: what seals and what signs, and wrapping everything anew under another key. No key is ever printed."""

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

import typer

if TYPE_CHECKING:
    from store.database import Database
    from store.keys import Keyring
    from store.rotating import Rotated, Use

T = TypeVar("T")

group = typer.Typer(
    help="Keys: those that seal, and what the school publishes of the one that signs.", no_args_is_help=True
)


@group.callback()
def keys() -> None:
    """Keep `duly keys` a group, however few commands it has."""


@group.command()
def fingerprint() -> None:
    """Print the fingerprint of the key that signs evidence and checkpoints, for the school to publish."""
    from starter.commands import checked_settings, checked_signing_keys

    typer.echo(checked_signing_keys(checked_settings()).fingerprint)


@group.command("list")
def list_keys() -> None:
    """Say what each key of DULY_KEYS is used for, by name; exit 1 where one is missing that is still needed."""
    use, ring = _with_database(_uses)
    for name, of in use.by_key.items():
        what = f"{_counted(of.cases, 'case key')}, {_counted(of.others, 'other secret')}"
        if name == ring.first:
            typer.echo(f"{name}  the first, which seals what is new: {what}")
        elif name in ring.keys:
            can_go = "" if of.cases or of.others else ", so it can be taken away"
            typer.echo(f"{name}  {what}{can_go}")
        else:
            typer.echo(f"{name}  MISSING in DULY_KEYS: {what}", err=True)
    if use.unknown:
        typer.echo(f"No key of DULY_KEYS opens {_counted(use.unknown, 'other secret')}.", err=True)
    if use.unknown or set(use.by_key) - set(ring.keys):
        raise typer.Exit(1)


@group.command()
def rotate() -> None:
    """Wrap every key of a case, and every other secret, under the first key of DULY_KEYS; then the others can go.

    While Duly runs, once it was started with these keys. What was stopped halfway goes on where it was. Exit 1 where
    something could not be wrapped anew, since the key that it is under is missing or another.
    """
    done, ring = _with_database(_rotate)
    for name, count in done.lacking.items():
        why = "is not the one that they are under" if name in ring.keys else "is not in DULY_KEYS"
        typer.echo(f"Left as they were: {_counted(count, 'case key')}, for which the key {name} {why}.", err=True)
    if done.unknown:
        typer.echo(f"Left as they were: {_counted(done.unknown, 'other secret')}, which no key opens.", err=True)
    anew = f"{_counted(done.cases, 'case key')} and {_counted(done.others, 'other secret')}"
    typer.echo(f"Wrapped anew under the key {ring.first}: {anew}.")
    if done.late:
        late = f"{_counted(done.late, 'case key')} came under another key meanwhile"
        typer.echo(f"{late}: restart all of Duly with these keys, then rotate again.", err=True)
    if not done.whole:
        raise typer.Exit(1)
    others = [name for name in ring.keys if name != ring.first]
    if others:
        typer.echo(
            f"Nothing on record needs {', '.join(others)} any more. Backups and mails that wait do: keep a copy."
        )


async def _uses(db: "Database", ring: "Keyring") -> "Use":
    from store import rotating

    async with db.read() as session:
        return await rotating.uses(session, ring)


async def _rotate(db: "Database", ring: "Keyring") -> "Rotated":
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    from store import rotating

    columns = TextColumn("Wrapping keys"), BarColumn(), MofNCompleteColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=None)
        return await rotating.rotate(db, ring, lambda done, total: progress.update(task, completed=done, total=total))


def _with_database(do: "Callable[[Database, Keyring], Coroutine[Any, Any, T]]") -> "tuple[T, Keyring]":
    """Return what `do` makes of the database, and the keys of the settings; a lost database is one line, and exit 2."""
    import asyncio

    from sqlalchemy.exc import SQLAlchemyError

    from starter.commands import settings_with_database
    from store.database import Database
    from store.keys import Keyring

    async def run(url: str, ring: Keyring) -> T:
        db = Database(url)
        try:
            return await do(db, ring)
        finally:
            await db.close()

    try:
        settings = settings_with_database()
        ring = Keyring.of(settings.key_ring)
        return asyncio.run(run(settings.database_url, ring)), ring
    except (SQLAlchemyError, OSError):
        typer.echo("The database does not answer: try again once it does.", err=True)
        raise typer.Exit(2) from None


def _counted(count: int, one: str) -> str:
    return f"{count} {one}{'' if count == 1 else 's'}"
