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
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

NESTED = Path(__file__).parent / "_app"
# Whatever a command writes is its owner's alone, files that other programs make included.
PRIVATE = 0o077
# What has lived for a while is searched for garbage a thirtieth as often: each search holds up everybody's page.
SEARCHED = (2_000, 10, 100)
# Temporal's library has a thread for each core unless it is told: beside Python they only get in each other's way.
ONE_THREAD = ("TOKIO_WORKER_THREADS", "1")


@contextmanager
def _here_to_stay() -> Iterator[None]:
    """Keep what is made in the block out of Python's search for garbage: a tenth of a second of every start."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.set_threshold(*SEARCHED)
        gc.enable()


def _run(part: Coroutine[Any, Any, None]) -> None:
    """Run one of the parts until it is told to stop, on the faster event loop where there is one: not on Windows."""
    try:
        import uvloop
    except ImportError:
        asyncio.run(part)
    else:
        uvloop.run(part)


def up() -> None:
    """Run everything in one place: Temporal, worker, web and, unless SMTP is set, a mail catcher."""
    from starter.commands import checked_packs, checked_settings, checked_signing_keys

    settings = checked_settings()
    checked_packs(settings)
    checked_signing_keys(settings)
    from duly import up as whole

    raise typer.Exit(whole.main(settings))


def worker() -> None:
    """Run the Temporal worker alone."""
    from starter.commands import checked_packs, checked_settings, checked_signing_keys

    with _here_to_stay():
        settings = checked_settings()
        checked_packs(settings)
        checked_signing_keys(settings)
        import worker as temporal_worker
        from duly import logs

    logs.configure()
    _run(temporal_worker.main(settings))


def web() -> None:
    """Run the web pages alone."""
    from starter.commands import checked_packs, checked_settings

    with _here_to_stay():
        settings = checked_settings()
        checked_packs(settings)
        from duly import logs
        from duly.up import check_free
        from starter import web as pages

        check_free(settings.host, settings.port)

    logs.configure()
    _run(pages.serve(settings))


def mailbox(port: int) -> None:
    """Catch mail on a loopback port and keep it for the mailbox page."""
    from starter.commands import checked_settings

    settings = checked_settings()
    from starter import mailcatcher

    asyncio.run(mailcatcher.serve(settings.mailbox, "127.0.0.1", port))


def rehearse(
    pack: Annotated[
        list[Path], typer.Argument(metavar="PACK...", help="The folder of a pack, or of several.", exists=True)
    ],
    scenario: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A TOML file that says what the year is like.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Where the report goes, if not to rehearsal-PACK, or rehearsal."),
    ] = None,
) -> None:
    """Play a school year of one pack, or of several at once, with invented people and skipped time, and report it.

    Of several packs each has its share of the year, and a part of the report: `duly rehearse packs/*` plays them all.
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
    os.environ.setdefault(*ONE_THREAD)
    try:
        command()()
    except BrokenPipeError:
        raise
    except Exception as error:
        said = _in_a_line(error)
        if said is None:
            raise
        typer.echo(said, err=True)
        sys.exit(2)


def _in_a_line(error: Exception) -> str | None:
    """Return what whoever looks after Duly has to know of an error that is none of ours; None of any other."""
    from sqlalchemy.exc import SQLAlchemyError

    from duly.part import CannotStartError
    from store.codec import TemporalSettingsError
    from store.database import DatabaseLostError

    if isinstance(error, DatabaseLostError | TemporalSettingsError):
        return error.line
    if isinstance(error, CannotStartError):
        return str(error)
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        return f"Duly cannot go on: {where}{error.strerror or type(error).__name__}"
    if isinstance(error, SQLAlchemyError):
        return f"Duly cannot go on: the database did not take it ({type(error).__name__})"
    return None


if __name__ == "__main__":
    main()
