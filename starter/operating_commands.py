"""`duly doctor`, `duly backup` and `duly restore`: what whoever runs Duly does besides running it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from datetime import datetime

    from settings import Settings
    from starter.operating.doctor import Found


def doctor() -> None:
    """Look at everything that Duly stands on; exit 1 where something is wrong.

    A line for each finding: settings, packs, modes of files, room on the disk, keys, database, record, mail, Temporal,
    clock and backups. Sends no mail and changes nothing.
    """
    from settings import SettingsError, load_settings
    from starter.operating.doctor import wrong

    try:
        settings = load_settings()
    except SettingsError as error:
        _say([wrong("settings", f"{line}.") for line in error.lines])
        typer.echo("The rest was not looked at: put the settings right first.")
        raise typer.Exit(1) from None
    if not _say(_look(settings)):
        raise typer.Exit(1)


def backup(
    folder: Annotated[
        Path, typer.Argument(help="Where the two files go.", exists=True, file_okay=False, writable=True)
    ],
) -> None:
    """Put a copy of everything into FOLDER, as it is at one moment, while Duly runs.

    Two files, sealed under DULY_KEYS, which is in neither: keep the keys somewhere else. What ends in .case-keys holds
    the keys of single cases; delete it after 35 days, so that what was erased meanwhile is gone from the backups too.
    """
    from sqlite3 import Error as SqliteError

    from starter.commands import settings_with_database
    from starter.operating import backup as making
    from starter.operating.archive import FaultyArchiveError
    from store.backup import CannotCopyError

    settings = settings_with_database()
    try:
        with _progress() as progress:
            made = making.make(settings, folder.absolute(), _now(), progress)
    except CannotCopyError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None
    except (FaultyArchiveError, OSError, SqliteError) as error:
        typer.echo(f"There is no backup: {error}", err=True)
        raise typer.Exit(1) from None
    for file, what in ((made.backup, "everything but keys"), (made.case_keys, "the keys of cases: 35 days at most")):
        typer.echo(f"{file}  {_size(file.stat().st_size)}, {what}")
    if not made.cases:
        typer.echo(
            "The running cases are not in it: they are in your own Temporal. docs/operations.md says what to do."
        )
    typer.echo("To put it back takes DULY_KEYS, which is in neither file.")


def restore(
    file: Annotated[Path, typer.Argument(help="A file that ends in .backup.", exists=True, dir_okay=False)],
    case_keys: Annotated[
        Path | None,
        typer.Option(help="The file that ends in .case-keys; the one beside FILE unless said.", dir_okay=False),
    ] = None,
) -> None:
    """Put the backup FILE into the empty data folder and the empty database that the settings name.

    Then looks at everything, as `duly doctor` does; exit 1 where something is wrong. Stop the old one first: two at
    once would both send mail.
    """
    from starter.commands import checked_settings
    from starter.operating import restore as restoring
    from starter.operating.archive import FaultyArchiveError
    from store.backup import CannotCopyError

    settings = checked_settings()
    keys = case_keys or file.with_suffix(".case-keys")
    if not keys.is_file():
        typer.echo(
            f"{keys} is missing: without the keys of cases none can be read. --case-keys says where they are.", err=True
        )
        raise typer.Exit(2)
    try:
        with _progress() as progress:
            manifest, report = restoring.put_back(settings, file, keys, progress)
    except CannotCopyError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None
    except (FaultyArchiveError, OSError) as error:
        typer.echo(f"Not put back: {error}", err=True)
        raise typer.Exit(1) from None
    typer.echo(f"Put back as it was at {manifest.made_at:%Y-%m-%d %H:%M:%S} UTC, by Duly {manifest.duly}.")
    typer.echo(f"Packs and settings of then are in {settings.data_dir / restoring.RESTORED}; use or delete them.")
    holds = not report.broken
    typer.echo("The record holds." if holds else "The record does not hold: `duly audit verify` says where.")
    if report.without_key:
        typer.echo("Some cases have no key in the file of keys: what they say stays unread.")
    fine = _say(_look(settings))
    if not (holds and fine):
        raise typer.Exit(1)
    typer.echo("Start Duly: every case goes on where it was.")


def _look(settings: "Settings") -> "list[Found]":
    from starter.operating.checks import all_checks
    from starter.operating.doctor import look

    return look(all_checks(settings, _now))


def _say(found: "list[Found]") -> bool:
    """Say what was found, a line each; return whether nothing is wrong."""
    for one in found:
        typer.echo(f"{one.level:8} {one.about}: {one.says}")
    return all(one.level != "wrong" for one in found)


def _now() -> "datetime":
    from datetime import UTC, datetime

    return datetime.now(UTC)  # noqa: TID251 -- a composition root: here the clock is handed out


@contextmanager
def _progress() -> Iterator[Callable[[str, int, int], None]]:
    """Yield what is told how far it is with what; a terminal shows it."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    console = Console(stderr=True)
    columns = TextColumn("{task.description}"), BarColumn()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("")
        yield lambda what, done, total: progress.update(task, description=what, completed=done, total=total)


def _size(length: int) -> str:
    return f"{length / (1 << 20):.1f} MB"
