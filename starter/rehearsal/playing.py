"""Playing a year: everything is put together here, and taken down again."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path

import packs
from domain.calendar import LONDON, local_day
from domain.pack import Pack
from starter.exploring import Place
from starter.rehearsal.cast import Cast, brought_with, cast
from starter.rehearsal.catching import Caught
from starter.rehearsal.doing import Doings
from starter.rehearsal.driving import Driver
from starter.rehearsal.private import Works, house
from starter.rehearsal.scenario import Scenario
from starter.rehearsal.year import Year
from store import queries

_BEGINS: time = time(5)


@dataclass(frozen=True)
class Played:
    """A year that was played: under which pack and scenario, by whom, what came of it, and all mail, in order.

    `opened` is how many links a scanner opened, `changed` what came of that, which should be nothing.
    """

    pack: Pack
    scenario: Scenario
    begins: datetime
    cast: Cast
    year: Year
    mails: tuple[Caught, ...]
    opened: int
    changed: tuple[str, ...]


def today() -> date:
    """Return the day that people in England call now."""
    return local_day(datetime.now(UTC))  # noqa: TID251 -- a composition root: here the clock is handed out


def addresses(pack: Pack, folder: Path) -> frozenset[str]:
    """Return the addresses of those whom a pack brings."""
    return frozenset(one.email.lower() for one in brought_with(pack, folder))


async def play(
    pack: Pack,
    folder: Path,
    scenario: Scenario,
    today: date,
    works: Works,
    progress: Callable[[int, str], None] = lambda day, what: None,
) -> Played:
    """Play the year of `scenario` under the pack in `folder`, from today on where it does not say from when.

    Raises:
        NoTemporalError: there is no `temporal` command here.
    """
    day = scenario.begins or today
    if day == today:
        # What is before now Temporal cannot play: a year that begins today begins tomorrow morning.
        day = date.fromordinal(today.toordinal() + 1)
    begins = datetime.combine(day, _BEGINS, LONDON).astimezone(UTC)
    calendar = await asyncio.to_thread(packs.expand, pack.calendar, day.year)
    everybody = cast(pack, brought_with(pack, folder), scenario, day)
    place = Place(pack, everybody.directory, False, begins, calendar)
    doings = Doings(scenario, everybody, calendar)
    async with house(pack, folder, works, begins) as here:
        driver = Driver(here, pack, folder, place, everybody, doings, scenario, progress)
        year = await driver.play()
        async with here.db.read() as session:
            for case, seen in year.cases.items():
                # What is on record, not what was heard.
                seen.events = list(await queries.history(session, here.keys, case))
        mails = tuple(sorted(here.sink.caught, key=lambda one: (one.at, one.to, one.subject)))
        return Played(pack, scenario, begins, everybody, year, mails, here.scanner.opened, tuple(here.scanner.changed))
