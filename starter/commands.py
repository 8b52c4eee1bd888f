"""The starter's part of the command line: a typer app that the launcher mounts beside `up`, `worker`, `web`.

`duly --help` imports this file, so it stays cheap: whatever is not typer or the standard library is
imported inside the command that needs it. A group of commands has its own file,
`starter/<group>_commands.py`, under the same rule, and joins here with `app.add_typer(group, name=…)`.

Every command gets its settings from `checked_settings`. Exit codes: 0 done, 1 the thing checked is wrong,
2 wrong use.
"""

from typing import TYPE_CHECKING

import typer

from starter.audit_commands import group as audit_group
from starter.packs_commands import group as packs_group
from starter.people_commands import group as people_group

if TYPE_CHECKING:
    from settings import Settings

app = typer.Typer()
app.add_typer(audit_group, name="audit")
app.add_typer(packs_group, name="packs")
app.add_typer(people_group, name="people")


def checked_settings() -> "Settings":
    """Return the settings; where they are faulty, say so, a line for each fault, and exit 2."""
    from settings import SettingsError, load_settings

    try:
        return load_settings()
    except SettingsError as error:
        for line in error.lines:
            typer.echo(line, err=True)
        raise typer.Exit(2) from None


def checked_packs(settings: "Settings") -> None:
    """Where a policy pack cannot be used, or there is none, say so, a line for each fault, and exit 2."""
    from packs import PackError, load_all

    try:
        found = load_all(settings.packs)
    except PackError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None
    if not found:
        typer.echo(f"DULY_PACKS {', '.join(map(str, settings.packs))} holds no policy pack", err=True)
        raise typer.Exit(2)
