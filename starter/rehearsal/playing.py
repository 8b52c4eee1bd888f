"""Playing a year: everything is put together here, and taken down again."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import NamedTuple

import packs
from domain.calendar import LONDON, local_day
from domain.pack import Pack
from starter.exploring import Place
from starter.rehearsal.cast import Cast, brought_with, cast
from starter.rehearsal.catching import Caught
from starter.rehearsal.driving import Driver
from starter.rehearsal.private import House, Works, house
from starter.rehearsal.scenario import Scenario, dealt
from starter.rehearsal.troupe import Part
from starter.rehearsal.year import Year
from store import queries

_BEGINS: time = time(5)


class Rehearsed(NamedTuple):
    """A pack that is rehearsed, and the folder that it lies in."""

    pack: Pack
    folder: Path


@dataclass(frozen=True)
class Played:
    """A year that was played: under which pack and scenario, by whom, what came of it, and all mail, in order."""

    pack: Pack
    scenario: Scenario
    begins: datetime
    cast: Cast
    year: Year
    mails: tuple[Caught, ...]


def today() -> date:
    """Return the day that people in England call now."""
    return local_day(datetime.now(UTC))  # noqa: TID251 -- a composition root: here the clock is handed out


def addresses(pack: Pack, folder: Path) -> frozenset[str]:
    """Return the addresses of those whom a pack brings."""
    return frozenset(one.email.lower() for one in brought_with(pack, folder))


async def play(
    rehearsed: Sequence[Rehearsed],
    scenario: Scenario,
    today: date,
    works: Works,
    progress: Callable[[int, str], None] = lambda day, what: None,
) -> tuple[Played, ...]:
    """Play the one year of `scenario` under several packs, each with its share of it; return what each pack had of it.

    The year begins today, where the scenario does not say when. No two packs may be of the same organisation.

    Raises:
        NoTemporalError: there is no `temporal` command here.
    """
    day = scenario.begins or today
    if day == today:
        # What is before now Temporal cannot play: a year that begins today begins tomorrow morning.
        day = date.fromordinal(today.toordinal() + 1)
    begins = datetime.combine(day, _BEGINS, LONDON).astimezone(UTC)
    parts = await asyncio.to_thread(_parts, rehearsed, scenario, begins)
    by_organisation = {part.organisation: part.pack for part in parts}
    async with house(by_organisation, tuple(part.folder for part in parts), works, begins) as here:
        years = await Driver(here, parts, scenario, progress).play()
        for year in years.values():
            async with here.db.read() as session:
                for case, seen in year.cases.items():
                    # What is on record, not what was heard.
                    seen.events = list(await queries.history(session, here.keys, case))
        return tuple(_played(part, years[part.organisation], here, begins) for part in parts)


def _parts(rehearsed: Sequence[Rehearsed], scenario: Scenario, begins: datetime) -> list[Part]:
    day = local_day(begins)
    shares = dealt(
        scenario,
        [frozenset(process.story for process in pack.processes) for pack, _ in rehearsed],
        [addresses(pack, folder) for pack, folder in rehearsed],
    )
    parts = []
    for (pack, folder), share in zip(rehearsed, shares, strict=True):
        everybody = cast(pack, brought_with(pack, folder), share, day)
        place = Place(pack, everybody.directory, False, begins, packs.expand(pack.calendar, day.year))
        parts.append(Part(pack, folder, place, everybody, share))
    return parts


def _played(part: Part, year: Year, here: House, begins: datetime) -> Played:
    ours = {one.email for one in part.cast.directory.people}
    mails = sorted((one for one in here.sink.caught if one.to in ours), key=lambda one: (one.at, one.to, one.subject))
    return Played(part.pack, part.scenario, begins, part.cast, year, tuple(mails))
