"""`duly packs`: what is wrong with a policy pack, what one may hold, and what a new one does to running requests."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from domain.pack import Pack
    from settings import Settings
    from starter.moving import RunningCase

group = typer.Typer(help="Policy packs: one folder for each organisation's policy.", no_args_is_help=True)


@group.command()
def check(
    folders: Annotated[
        list[Path], typer.Argument(metavar="FOLDER...", help="Folders of packs, such as packs/*.", exists=True)
    ],
    quick: Annotated[bool, typer.Option("--quick", help="Read the files alone, and play nothing.")] = False,
    further: Annotated[bool, typer.Option("--further", help="Play on to the end: minutes, not seconds.")] = False,
) -> None:
    """Say everything that is wrong with the pack in each FOLDER; exit 1 where anything is.

    Its files are read, and each of its processes is played in all the ways that people and the clock can take, as far
    as there is time for: where a rule breaks, the shortest story is told that leads there.
    """
    import packs

    fine = [_is_fine(folder, quick, further) for folder in packs.named(folders)]
    raise typer.Exit(int(not all(fine)))


def _is_fine(folder: Path, quick: bool, further: bool) -> bool:
    """Say what is wrong with the pack in `folder`; return whether nothing is."""
    import packs

    faults = packs.check(folder)
    for fault in faults:
        typer.echo(str(fault))
    if faults:
        return False
    pack = packs.load(folder)
    typer.echo(
        f"{pack.organisation.name}: the pack is in order,"
        f" with {len(pack.processes)} process(es), {len(pack.seats)} seats and {len(pack.clauses)} clauses."
    )
    return quick or not pack.processes or _explore(pack, folder, further)


def _explore(pack: "Pack", folder: Path, further: bool) -> bool:
    """Play every process of `pack`, and say what came of it; return whether nothing is wrong."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    from starter.exploring import explore_pack

    columns = TextColumn("Playing {task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("states")
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=None)
        found = explore_pack(
            pack,
            folder,
            further,
            lambda what, most: progress.reset(task, description=what, total=most),
            lambda states: progress.update(task, completed=states),
        )
    for line in found.lines:
        typer.echo(line)
    return found.fine


@group.command()
def schema() -> None:
    """Print the JSON Schema of a pack."""
    from domain.pack import Pack

    typer.echo(json.dumps(Pack.model_json_schema(), indent=2))


@group.command()
def diff(
    old: Annotated[str, typer.Argument(help="The folder of a pack, or the key of one that running requests go by.")],
    new: Annotated[Path, typer.Argument(help="The folder of a pack.", exists=True, file_okay=False)],
    cases: Annotated[
        bool, typer.Option("--cases", help="Say what would be different for each running request of OLD.")
    ] = False,
) -> None:
    """Say what the pack NEW changes; exit 1 where it changes anything.

    Where OLD is a key, it is compared with the pack of each running request, and those are listed as with --cases.
    """
    after = _loaded(new)
    if Path(old).is_dir():
        before = _loaded(Path(old))
        running = _running(after.organisation.key) if cases else []
        # A pack is the same whatever its folder is called.
        pairs = [(before, [case for case in running if case.pack.model_copy(update={"key": before.key}) == before])]
    else:
        cases = True
        by_digest: dict[str, list[RunningCase]] = {}
        for case in _running(after.organisation.key):
            if case.pack.key == old:
                by_digest.setdefault(case.opening.pack_digest, []).append(case)
        pairs = [(found[0].pack, found) for found in by_digest.values()]
    if not pairs:
        typer.echo(f"{old} is no folder, and no running request goes by a pack of that key.", err=True)
        raise typer.Exit(2)
    changed = [_tell(before, after, found if cases else None) for before, found in pairs]
    raise typer.Exit(int(any(changed)))


@group.command()
def move(
    reference: Annotated[str, typer.Argument(help="The reference of a running request.")],
    by: Annotated[
        str, typer.Option(help="The address of the administrator who moves it on, and goes on record with it.")
    ],
    why: Annotated[str, typer.Option(help="The reason, which goes on record.")],
) -> None:
    """Move a running request on to the pack that Duly offers now; exit 1 where it cannot be.

    What was approved stays approved wherever the same words are signed. Whoever is asked now is asked again.
    """
    import asyncio

    from domain.refs import read_reference
    from domain.text import is_blank
    from starter.commands import checked_packs, settings_with_database
    from starter.engine import EngineLostError
    from starter.moving import NotAnAdministratorError

    settings = settings_with_database()
    checked_packs(settings)
    known = read_reference(reference)
    if known is None or is_blank(why):
        typer.echo("Say which request by its reference, such as K7QM-4TXR, and why.", err=True)
        raise typer.Exit(2)
    try:
        said = asyncio.run(_move(settings, known, by, why))
    except NotAnAdministratorError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None
    except EngineLostError:
        said = "Temporal did not answer in time, and nothing is known to have happened: try again."
    typer.echo(said or f"{known} goes by the new pack from now on.", err=bool(said))
    raise typer.Exit(int(bool(said)))


async def _move(settings: "Settings", reference: str, by: str, why: str) -> str:
    """Move the request on, and return why it could not be; nothing where it was."""
    from starter.moving import move as move_on
    from starter.web.building import build

    async with build(settings) as site:
        await site.prepared()
        return await move_on(site.db, site.engine, site.packs, reference, by=by, why=why, on=site.today)


def _tell(before: "Pack", after: "Pack", running: "Sequence[RunningCase] | None") -> bool:
    """Print what `after` changes, and what of it each of the `running` requests would feel; return whether it does."""
    from domain.pack_changes import differences

    found = differences(before, after)
    for one in found:
        typer.echo(str(one))
    if not found:
        typer.echo("No difference.")
    if running is not None:
        typer.echo(f"\n{len(running)} running request{'' if len(running) == 1 else 's'} would be affected.")
    for case in running or ():
        typer.echo(f"{case.reference}, at {case.stands_at}. If it moved on:")
        for line in case.if_moved(after) or ("nothing would be different",):
            typer.echo(f"  - {line}")
    return bool(found)


def _loaded(folder: Path) -> "Pack":
    """Return the pack in `folder`; where it is faulty, say so, a line for each fault, and exit 2."""
    import packs

    try:
        return packs.load(folder)
    except packs.PackError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None


def _running(organisation: str) -> "list[RunningCase]":
    """Return the running requests of `organisation`."""
    import asyncio

    from starter.commands import settings_with_database
    from starter.moving import running_cases
    from store.database import Database
    from store.keys import CaseKeys, Keyring

    settings = settings_with_database()

    async def found() -> "list[RunningCase]":
        db = Database(settings.database_url)
        try:
            return await running_cases(db, CaseKeys(db, Keyring.of(settings.key_ring)), organisation)
        finally:
            await db.close()

    return asyncio.run(found())
