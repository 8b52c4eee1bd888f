"""`duly people`: who there is at each school."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

if TYPE_CHECKING:
    from domain.pack import Pack
    from settings import Settings
    from starter.people_import import Brought

_ALONE: Final = (
    "There should be two administrators: it takes both to change an address, a line manager, a deputy, an administrator"
    " or a seat. Whoever holds a seat can confirm the second one."
)

_LONGEST_WHY: Final = 500

group = typer.Typer(help="People: who there is at each school.", no_args_is_help=True)


@group.callback()
def people() -> None:
    """People: who there is at each school."""


@group.command("import")
def import_people(
    file: Annotated[Path, typer.Argument(help="A CSV file of people.", exists=True, dir_okay=False, readable=True)],
    organisation: Annotated[
        str, typer.Option(help="The key of the organisation; needed only where there are several.")
    ] = "",
    by: Annotated[
        str, typer.Option(help="The address of the administrator who proposes what a second person has to confirm.")
    ] = "",
    why: Annotated[
        str | None, typer.Option(help="The reason, which goes on record with what a second person has to confirm.")
    ] = None,
) -> None:
    """Take in the people of FILE: new ones, and what changed about those already known.

    Into an empty directory all of it comes at once. After that, addresses, line managers, deputies, administrators,
    seats and later last days wait until a second person confirms them on a page.
    Where anything is wrong with the file, all of it is said and nothing is changed; exit 1.
    """
    import asyncio

    from domain.people_import import FaultyPeopleError
    from domain.text import forbidden_character, is_blank, tidy
    from starter.commands import checked_settings
    from starter.people_import import NotProposedError
    from store.power_mails import PLACE

    if why is not None and (is_blank(why) or forbidden_character(why) or len(tidy(why)) > _LONGEST_WHY):
        typer.echo(f"--why should be a reason of {_LONGEST_WHY} characters or fewer; nothing was changed", err=True)
        raise typer.Exit(2)
    settings = checked_settings()
    pack = _pack_of(settings, organisation)
    try:
        brought = asyncio.run(_import(settings, pack, file.read_bytes(), by, tidy(why or "")))
    except FaultyPeopleError as faulty:
        for fault in faulty.faults:
            typer.echo(str(fault), err=True)
        typer.echo(f"{file.name}: {_counted(len(faulty.faults), 'fault')}; nothing was changed.", err=True)
        raise typer.Exit(1) from None
    except NotProposedError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None
    typer.echo(
        f"{pack.organisation.name}: {_counted(brought.new, 'new person', 'new people')},"
        f" {brought.changed} changed, {brought.unchanged} as before."
    )
    applied = f"{_counted(brought.applied, 'change')} applied"
    if not brought.waiting:
        typer.echo(f"{applied}.")
    else:
        wait = f"{brought.waiting} {'waits' if brought.waiting == 1 else 'wait'}"
        typer.echo(f"{applied}, {wait} for a second person: {settings.base_url}{PLACE}")
    if brought.alone:
        typer.echo(_ALONE, err=True)


def _pack_of(settings: "Settings", organisation: str) -> "Pack":
    """Return the pack of the organisation; where it cannot be told which, say so and exit 2."""
    import packs

    try:
        known = packs.load_all(settings.packs)
    except packs.PackError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None
    key = organisation or (next(iter(known)) if len(known) == 1 else "")
    if key in known:
        return known[key]
    what = f"there is no organisation {key}" if key else "say whose people they are"
    typer.echo(f"{what}: --organisation takes one of {', '.join(sorted(known))}", err=True)
    raise typer.Exit(2)


async def _import(settings: "Settings", pack: "Pack", content: bytes, by: str, why: str) -> "Brought":
    import asyncio
    from datetime import UTC, datetime

    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    from starter.people_import import bring_in
    from store import migrate
    from store.database import Database

    await asyncio.to_thread(migrate.upgrade, settings.database_url)
    now = datetime.now(UTC)  # noqa: TID251 -- a composition root: here the clock is handed out
    columns = TextColumn("Saving people"), BarColumn(), MofNCompleteColumn()
    db = Database(settings.database_url)
    try:
        console = Console(stderr=True)
        with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
            task = progress.add_task("", total=None)
            async with db.write() as session:
                return await bring_in(
                    session,
                    pack,
                    content,
                    now,
                    lambda saved, total: progress.update(task, completed=saved, total=total),
                    by=by,
                    why=why,
                )
    finally:
        await db.close()


def _counted(count: int, one: str, several: str = "") -> str:
    return f"{count} {one if count == 1 else several or one + 's'}"
