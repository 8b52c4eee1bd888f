"""The starter's part of the command line: a typer app that the launcher mounts beside `up`, `worker`, `web`.

`duly --help` imports this file, so it stays cheap: whatever is not typer or the standard library is
imported inside the command that needs it. A group of commands has its own file,
`starter/<group>_commands.py`, under the same rule, and joins here with `app.add_typer(group, name=…)`.

Every command gets its settings from `checked_settings`. Exit codes: 0 done, 1 the thing checked is wrong,
2 wrong use.
"""

from typing import TYPE_CHECKING

import typer

from starter import operating_commands
from starter.audit_commands import group as audit_group
from starter.calendar_commands import group as calendar_group
from starter.cases_commands import group as cases_group
from starter.keys_commands import group as keys_group
from starter.packs_commands import group as packs_group
from starter.people_commands import group as people_group
from starter.verify_commands import verify

if TYPE_CHECKING:
    from settings import Settings
    from store.signing import SigningKeys

app = typer.Typer()
app.add_typer(audit_group, name="audit")
app.add_typer(calendar_group, name="calendar")
app.add_typer(cases_group, name="cases")
app.add_typer(keys_group, name="keys")
app.add_typer(packs_group, name="packs")
app.add_typer(people_group, name="people")
app.command()(verify)
for command in (operating_commands.doctor, operating_commands.backup, operating_commands.restore):
    app.command()(command)


def checked_settings() -> "Settings":
    """Return the settings; where they are faulty, say so, a line for each fault, and exit 2."""
    from settings import SettingsError, load_settings

    try:
        return load_settings()
    except SettingsError as error:
        for line in error.lines:
            typer.echo(line, err=True)
        raise typer.Exit(2) from None


def settings_with_database() -> "Settings":
    """Return the settings; where the database is not one of this version, say so and exit 2."""
    from store import migrate
    from store.version import OtherVersionError

    settings = checked_settings()
    try:
        migrate.check(settings.database_url)
    except OtherVersionError as error:
        typer.echo(error.line, err=True)
        raise typer.Exit(2) from None
    return settings


def checked_signing_keys(settings: "Settings") -> "SigningKeys":
    """Return the key that signs, made now where there is none; where it cannot be used, say so and exit 2."""
    from store.signing import SigningKeyError, signing_keys

    try:
        return signing_keys(settings.signing_key)
    except SigningKeyError as error:
        typer.echo(str(error), err=True)
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
