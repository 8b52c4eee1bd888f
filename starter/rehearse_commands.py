"""`duly rehearse`: a pack's school year, played before a school lives it."""

import asyncio
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from domain.pack import Pack
    from starter.rehearsal.playing import Played
    from starter.rehearsal.private import Works
    from starter.rehearsal.scenario import Scenario

_STOPPED = 130
_MOST_TOLD = 5


def rehearse(folder: Path, scenario: Path | None, out: Path | None, works: "Works") -> int:
    """Play a year of the pack in `folder`, write its report, and return the exit code.

    0: nothing is wrong; 1: a case stalled, a step could be done by nobody, or a rule was broken; 2: wrong use.
    """
    from packs import PackError, load
    from starter.engine import EngineLostError
    from starter.rehearsal.playing import addresses, today
    from starter.rehearsal.private import NoTemporalError
    from starter.rehearsal.scenario import DEFAULT, ScenarioError, read

    try:
        pack = load(folder)
        year = read(scenario or DEFAULT, today(), addresses(pack, folder))
        place = _place(out or Path(f"rehearsal-{pack.key}"))
    except (PackError, ScenarioError, FileExistsError, NotADirectoryError) as wrong:
        typer.echo(str(wrong), err=True)
        return 2
    try:
        played = _play(pack, folder.resolve(), year, works)
    except NoTemporalError as missing:
        typer.echo(str(missing), err=True)
        return 2
    except EngineLostError:
        typer.echo(
            "Temporal did not answer in time: this machine has too much else to do. Nothing was written.", err=True
        )
        return 2
    except (KeyboardInterrupt, asyncio.CancelledError):
        typer.echo("Stopped; nothing was written.", err=True)
        return _STOPPED
    return _tell(played, place)


def _place(out: Path) -> Path:
    """Return where the report goes.

    Raises:
        FileExistsError: something is there already.
        NotADirectoryError: there is no folder to put it in.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        message = f"--out {out} is there already: name a folder that is not, or an empty one"
        raise FileExistsError(message)
    if not out.absolute().parent.is_dir():
        message = f"--out {out} lies in a folder that is not there"
        raise NotADirectoryError(message)
    return out


def _play(pack: "Pack", folder: Path, year: "Scenario", works: "Works") -> "Played":
    """Play a year, with a bar that says how far it has got; SIGTERM and SIGHUP stop it as Ctrl-C does."""
    import logging

    import structlog
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from starter.rehearsal.playing import play, today

    # What a worker has to say of an outage that was planned is of no use to anybody.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    logging.disable(logging.CRITICAL)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
    )

    def came_to(day: int, what: str) -> None:
        if not progress.tasks[bar].completed:
            typer.echo(f"Rehearsing {pack.organisation.name}, seed {year.seed}. Stop with Ctrl-C.", err=True)
        progress.update(bar, completed=max(day, 0.1), description=what)

    async def playing() -> "Played":
        task = asyncio.current_task()
        for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(name, task.cancel if task is not None else int)
        return await play(pack, folder, year, today(), works, came_to)

    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task("Beginning", total=year.days)
        return asyncio.run(playing())


def _tell(played: "Played", place: Path) -> int:
    """Write the report, and print what is in it; return the exit code."""
    from starter.rehearsal.found import found
    from starter.rehearsal.pages import Report, figures, first_of_all

    names = {one.id: one.name for one in played.cast.directory.people}
    came = found(played.pack, played.year, played.cast.habits, names, played.changed)
    Report(place, played, came).write()
    typer.echo(f"A rehearsed year of {played.pack.organisation.name}, seed {played.scenario.seed}:")
    wide = max(len(name) for name, _ in figures(played, came))
    for name, figure in figures(played, came):
        typer.echo(f"  {name:{wide}}  {figure}")
    for _, words in first_of_all(came):
        typer.echo(f"WRONG: {words}.")
    for case in came.stalled[:_MOST_TOLD]:
        typer.echo(f"  {case.title}: {case.stalled[0]}")
    for one in came.unable[:_MOST_TOLD]:
        typer.echo(f"  {one.case.title}: “{one.step}”: {one.why}")
    typer.echo(f"The report is in {place / 'index.html'}")
    return int(not came.fine)
