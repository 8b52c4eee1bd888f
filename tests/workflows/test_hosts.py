"""The two hosts of a case agree: what Temporal carries out is what the explorer plays."""

import asyncio
import random
from datetime import UTC, datetime, timedelta

from domain.cases import Act, Opening
from domain.events import AnyEvent
from tests.house import House
from tests.stories import a_directory, a_person, a_process, a_step, an_opening
from workflows.explorer import Move, Played, TimePasses, play, possible
from workflows.site_creation import SiteCreation

PEOPLE = a_directory(
    a_person("second_head", "headteacher"),
    a_person("leaver", "communications_manager", leaves_on="2020-01-01"),
)
PROCESSES = (
    a_process(),
    a_process(a_step("both", "headteacher", "communications_manager", needs="all", lapse_on=9)),
    a_process(a_step("either", "headteacher", "communications_manager", needs="any"), a_step("headteacher")),
)


def some_moves(opening: Opening, begins: datetime, luck: random.Random) -> tuple[Move, ...]:
    """Return a random sequence of what people and the clock can do, wrong answers among it."""
    moves: tuple[Move, ...] = ()
    for _ in range(luck.randint(1, 6)):
        played = play(SiteCreation(), opening, PEOPLE, begins, moves)
        now = max([begins, *(move.until for move in moves if isinstance(move, TimePasses))])
        choices: list[Move] = [move for move in possible(played, opening) if isinstance(move, Act)]
        choices += [move.model_copy(update={"person": "author"}) for move in choices if isinstance(move, Act)][:1]
        choices += [move for move in moves if isinstance(move, Act)][:1]
        choices += [TimePasses(until=now + timedelta(days=luck.choice((1, 4, 8, 15))))]
        moves = (*moves, luck.choice(choices))
    return moves


async def carried_out(home: House, opening: Opening, moves: tuple[Move, ...], begins: datetime) -> list[AnyEvent]:
    """Return what Temporal records of `moves`."""
    case = await home.begin(opening, PEOPLE)
    now = begins
    for move in moves:
        if isinstance(move, Act):
            await home.engine.act(opening.case, move)
        elif (await case.handle.describe()).status == 1:
            await case.pass_time(move.until - now)
        if isinstance(move, TimePasses):
            now = move.until
    return await case.settled()


def timeless(events: list[AnyEvent]) -> list[dict[str, object]]:
    """Return what the events say, without when."""
    return [event.model_dump(exclude={"due", "opened_at"}) for event in events]


async def compare(home: House, number: int, at_once: asyncio.Semaphore) -> None:
    """Give the `number`th random sequence to both hosts; they must record the same."""
    luck = random.Random(number)  # noqa: S311 -- a test's dice
    opening = an_opening(PROCESSES[number % len(PROCESSES)], key=f"hosts-{number}")
    async with at_once:
        begins = datetime.now(UTC)  # noqa: TID251 -- the server's clock begins at the wall's
        moves = some_moves(opening, begins, luck)
        in_memory: Played = play(SiteCreation(), opening, PEOPLE, begins, moves)
        on_temporal = await carried_out(home, opening, moves, begins)
    assert timeless(on_temporal) == timeless([r.event for r in in_memory.events]), (number, moves)


async def test_two_hundred_random_sequences_give_the_same_events_in_both_hosts(at_home: House) -> None:
    at_once = asyncio.Semaphore(8)
    async with asyncio.TaskGroup() as group:
        for number in range(200):
            group.create_task(compare(at_home, number, at_once))
