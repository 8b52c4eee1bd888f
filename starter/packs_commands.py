"""`duly packs`: what is wrong with a policy pack, and what one may hold."""

import json
from pathlib import Path
from typing import Annotated

import typer

group = typer.Typer(help="Policy packs: one folder for each organisation's policy.", no_args_is_help=True)


@group.command()
def check(
    folder: Annotated[Path, typer.Argument(help="The folder of a pack.", exists=True, file_okay=False)],
) -> None:
    """Say everything that is wrong with the pack in FOLDER; exit 1 where anything is."""
    import packs

    faults = packs.check(folder)
    for fault in faults:
        typer.echo(str(fault))
    if faults:
        raise typer.Exit(1)
    pack = packs.load(folder)
    typer.echo(
        f"{pack.organisation.name}: the pack is in order,"
        f" with {len(pack.processes)} process(es), {len(pack.seats)} seats and {len(pack.clauses)} clauses."
    )


@group.command()
def schema() -> None:
    """Print the JSON Schema of a pack."""
    from domain.pack import Pack

    typer.echo(json.dumps(Pack.model_json_schema(), indent=2))
