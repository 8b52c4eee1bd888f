"""The command `duly`: finds the house, lists the commands, and starts the three long-running ones.

In an editable checkout the folders are importable as they are. In an installed wheel they lie under
`duly/_app`, which this file puts on the path of its own process and of nobody else's.

`duly --help` imports this file, so it stays cheap: everything heavy is imported inside its command, and
only after the settings were found to be right.
"""

import asyncio
import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

NESTED = Path(__file__).parent / "_app"
# Whatever a command writes is its owner's alone, files that other programs make included.
PRIVATE = 0o077


@contextmanager
def _here_to_stay() -> Iterator[None]:
    """Keep what is made in the block out of Python's search for garbage: a tenth of a second of every start."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def up() -> None:
    """Run everything in one place: Temporal, worker, web and, unless SMTP is set, a mail catcher."""
    from starter.commands import checked_packs, checked_settings

    settings = checked_settings()
    checked_packs(settings)
    from duly import up as whole

    raise typer.Exit(whole.main(settings))


def worker() -> None:
    """Run the Temporal worker alone."""
    from starter.commands import checked_settings

    with _here_to_stay():
        settings = checked_settings()
        import worker as temporal_worker
        from duly import logs

    logs.configure()
    asyncio.run(temporal_worker.main(settings))


def web() -> None:
    """Run the web pages alone."""
    from starter.commands import checked_packs, checked_settings

    with _here_to_stay():
        settings = checked_settings()
        checked_packs(settings)
        from duly import logs
        from starter import web as pages

    logs.configure()
    asyncio.run(pages.serve(settings))


def mailbox(port: int) -> None:
    """Catch mail on a loopback port and keep it for the mailbox page."""
    from starter.commands import checked_settings

    settings = checked_settings()
    from starter import mailcatcher

    asyncio.run(mailcatcher.serve(settings.mailbox, "127.0.0.1", port))


def rehearse(
    pack: Annotated[Path, typer.Argument(metavar="PACK", help="The folder of a pack.", exists=True, file_okay=False)],
    scenario: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A TOML file that says what the year is like.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Where the report goes, if not to rehearsal-PACK.")
    ] = None,
) -> None:
    """Play a school year of the pack in PACK with invented people and skipped time, and report what came of it.

    Nothing is sent, and nothing is left but the report: every mail, a calendar, what stalled and why, the steps that
    nobody could do, the order rules and the clauses. Exit 1 where a case stalled, nobody could do a step, or a rule was
    broken.
    """
    from duly.rehearsing import works
    from starter.rehearse_commands import rehearse as rehearsed

    raise typer.Exit(rehearsed(pack, scenario, out, works))


def command() -> typer.Typer:
    """Return the whole command tree."""
    from starter.commands import app as starter_commands

    # Plain text help and tracebacks: rich would cost every call its import.
    tree = typer.Typer(
        name="duly",
        help="A school's approvals, referrals, disciplinary cases and reviews, on time and with proof.",
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )
    tree.command()(up)
    tree.command()(worker)
    tree.command()(web)
    tree.command()(rehearse)
    tree.command(hidden=True)(mailbox)
    tree.add_typer(starter_commands)
    return tree


def main() -> None:
    """Run the command line."""
    if NESTED.is_dir():
        sys.path.insert(0, str(NESTED))
    os.umask(PRIVATE)
    command()()


if __name__ == "__main__":
    main()
