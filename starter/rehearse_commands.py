"""`duly rehearse`: a pack's school year, played before a school lives it."""

import asyncio
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starter.rehearsal.pages import Came
    from starter.rehearsal.playing import Played, Rehearsed
    from starter.rehearsal.private import Works
    from starter.rehearsal.scenario import Scenario

_STOPPED = 130
_MOST_TOLD = 5


class TwoOfOneError(ValueError):
    """Two packs are of one organisation, and cannot be rehearsed at once."""


def rehearse(folders: "Sequence[Path]", scenario: Path | None, out: Path | None, works: "Works") -> int:
    """Play one year of the packs in `folders`, write its report, and return the exit code.

    0: nothing is wrong; 1: a case stalled, a step could be done by nobody, or a rule was broken; 2: wrong use.
    """
    from packs import PackError
    from starter.engine import EngineLostError
    from starter.rehearsal.playing import addresses, today
    from starter.rehearsal.private import NoTemporalError
    from starter.rehearsal.scenario import DEFAULT, ScenarioError, read

    try:
        rehearsed = _packs(folders)
        known = frozenset[str]().union(*(addresses(pack, folder) for pack, folder in rehearsed))
        year = read(scenario or DEFAULT, today(), known)
        place = _place(out or Path(f"rehearsal-{rehearsed[0].pack.key}" if len(rehearsed) == 1 else "rehearsal"))
    except (PackError, TwoOfOneError, ScenarioError, FileExistsError, NotADirectoryError) as wrong:
        typer.echo(str(wrong), err=True)
        return 2
    try:
        played = _play(rehearsed, year, works)
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


def _packs(folders: "Sequence[Path]") -> "list[Rehearsed]":
    """Return the packs in `folders`, each once; what a pattern such as packs/* names besides is left out.

    Raises:
        PackError: a pack is faulty.
        TwoOfOneError: two packs are of one organisation.
    """
    from packs import load, named
    from starter.rehearsal.playing import Rehearsed

    each_once = dict.fromkeys(folder.resolve() for folder in named(folders))
    rehearsed = [Rehearsed(load(folder), folder) for folder in each_once]
    whose = [pack.organisation.key for pack, _ in rehearsed]
    twice = [key for key in dict.fromkeys(whose) if whose.count(key) > 1]
    if twice:
        message = f"two of these packs are of the same organisation: {', '.join(twice)}"
        raise TwoOfOneError(message)
    return rehearsed


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


def _play(rehearsed: "Sequence[Rehearsed]", year: "Scenario", works: "Works") -> "tuple[Played, ...]":
    """Play a year, with a bar that says how far it has got; SIGTERM and SIGHUP stop it as Ctrl-C does."""
    import logging

    import structlog
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from domain.words import listed
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

    whose = listed(tuple(pack.organisation.name for pack, _ in rehearsed))

    def came_to(day: int, what: str) -> None:
        if not progress.tasks[bar].completed:
            typer.echo(f"Rehearsing {whose}, seed {year.seed}. Stop with Ctrl-C.", err=True)
        progress.update(bar, completed=max(day, 0.1), description=what)

    async def playing() -> "tuple[Played, ...]":
        task = asyncio.current_task()
        for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(name, task.cancel if task is not None else int)
        return await play(rehearsed, year, today(), works, came_to)

    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task("Beginning", total=year.days)
        return asyncio.run(playing())


def _tell(played: "Sequence[Played]", place: Path) -> int:
    """Write the report, and print what is in it; return the exit code."""
    from starter.rehearsal.found import found
    from starter.rehearsal.pages import Came, totals, write

    came = []
    for one in played:
        names = {person.id: person.name for person in one.cast.directory.people}
        came.append(Came(one, found(one.pack, one.year, one.cast.habits, names)))
    write(place, came)
    for of_pack in came:
        _print(of_pack)
    if len(came) > 1:
        typer.echo("All packs together:")
        _print_figures(totals(came))
    typer.echo(f"The report is in {place / 'index.html'}")
    return int(not all(one.found.fine for one in came))


def _print(came: "Came") -> None:
    from starter.rehearsal.pages import figures, first_of_all

    typer.echo(f"A rehearsed year of {came.name}, seed {came.played.scenario.seed}:")
    _print_figures(figures(came))
    for _, words in first_of_all(came.found):
        typer.echo(f"WRONG: {words}.")
    for case in came.found.stalled[:_MOST_TOLD]:
        typer.echo(f"  {case.title}: {case.stalled[0]}")
    for one in came.found.unable[:_MOST_TOLD]:
        typer.echo(f"  {one.case.title}: “{one.step}”: {one.why}")


def _print_figures(of: "Sequence[tuple[str, str]]") -> None:
    wide = max(len(name) for name, _ in of)
    for name, figure in of:
        typer.echo(f"  {name:{wide}}  {figure}")
