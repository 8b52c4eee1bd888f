"""`duly keys`: what the school publishes of its keys."""

import typer

group = typer.Typer(help="Keys: what the school publishes of the one that signs.", no_args_is_help=True)


@group.callback()
def keys() -> None:
    """Keep `duly keys` a group, however few commands it has."""


@group.command()
def fingerprint() -> None:
    """Print the fingerprint of the key that signs evidence and checkpoints, for the school to publish."""
    from starter.commands import checked_settings, checked_signing_keys

    typer.echo(checked_signing_keys(checked_settings()).fingerprint)
