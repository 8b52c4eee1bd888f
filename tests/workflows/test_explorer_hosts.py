"""The two hosts agree about confidential cases too: what Temporal carries out is what the explorer plays."""

import asyncio
import random
from datetime import UTC, datetime, timedelta
from typing import Final

from hypothesis import settings

from domain.cases import Act, Opening
from domain.events import AnyEvent
from domain.pack import Process
from tests.confidence import (
    a_confidential_opening,
    a_confidential_pack,
    a_disciplinary_process,
    a_school,
    an_allegation_process,
)
from tests.house import House
from workflows.explorer import Move, TimePasses, play
from workflows.explorer_checks import reference
from workflows.explorer_entries import Choices, chosen_in
from workflows.explorer_moves import moves
from workflows.explorer_watched import names_in
from workflows.stories import STORIES

PROCESSES: Final = (an_allegation_process(), a_disciplinary_process())
SCHOOL: Final = a_school()
OUTSIDE: Final = ("sam", "admin", "rita")
"""The subject, an administrator and the reporter: nobody asks them anything."""

WEIGHTS: Final = {
    "lado_referral_made": 5,
    "lado_advice_recorded": 5,
    "triage_recorded": 5,
    "procedure_chosen": 3,
    "outcome_recorded": 0.5,
    "decision_made": 0.5,
}
SEQUENCES: Final = min(max(settings().max_examples // 5, 20), 1_000)


def choices_in(opening: Opening) -> Choices:
    process: Process = opening.process
    gate, names = reference(process), names_in(STORIES[process.story]())
    return chosen_in(opening, SCHOOL, (*process.rules, *gate), gate, names, frozenset(), allegations=2)


def chosen(acts: list[Act], luck: random.Random) -> Act:
    """Return one of `acts`: each kind of entry as often as any other, but more often what a case waits for."""
    by_kind: dict[str, list[Act]] = {}
    for act in acts:
        by_kind.setdefault(act.entry.kind if act.entry else act.kind, []).append(act)
    (kind,) = luck.choices(list(by_kind), [WEIGHTS.get(kind, 1) for kind in by_kind])
    return luck.choice(by_kind[kind])


def some_moves(opening: Opening, begins: datetime, luck: random.Random) -> tuple[Move, ...]:
    """Return a random sequence of what people and the clock can do, some of it by people who may not."""
    story, choices = STORIES[opening.process.story], choices_in(opening)
    made: tuple[Move, ...] = ()
    for number in range(luck.randint(3, 12)):
        played = play(story(), opening, SCHOOL, begins, made)
        acts = [one.move for one in moves(played, opening, choices)]
        if played.over or not acts:
            break
        act = chosen(acts, luck).model_copy(update={"occasion": str(number)})
        if luck.random() < 0.1:
            act = act.model_copy(update={"person": luck.choice(OUTSIDE)})
        passing = TimePasses(until=played.now + timedelta(days=luck.choice((1, 4, 8, 30))))
        move: Move = luck.choice((act, act, act, passing))
        made = (*made, move)
    return made


async def carried_out(home: House, opening: Opening, made: tuple[Move, ...], begins: datetime) -> list[AnyEvent]:
    """Return what Temporal records of the moves that were `made`."""
    case = await home.begin(opening, SCHOOL, a_confidential_pack())
    now = begins
    for move in made:
        if isinstance(move, Act):
            await home.engine.act(opening.case, move)
            continue
        if (await case.handle.describe()).status == 1:
            await case.pass_time(move.until - now)
        now = move.until
    return await case.settled()


def timeless(events: list[AnyEvent]) -> list[dict[str, object]]:
    """Return what the events say, without when."""
    return [event.model_dump(exclude={"due", "opened_at"}) for event in events]


async def compare(home: House, number: int, at_once: asyncio.Semaphore) -> set[str]:
    """Give the `number`th random sequence to both hosts, which must record the same; return what kinds that was."""
    luck = random.Random(number)  # noqa: S311 -- a test's dice
    async with at_once:
        begins = datetime.now(UTC)  # noqa: TID251 -- the server's clock begins at the wall's
        opening = a_confidential_opening(PROCESSES[number % len(PROCESSES)], key=f"both-hosts-{number}")
        made = some_moves(opening, begins, luck)
        in_memory = play(STORIES[opening.process.story](), opening, SCHOOL, begins, made)
        on_temporal = await carried_out(home, opening, made, begins)
    assert timeless(on_temporal) == timeless([said.event for said in in_memory.events]), (number, made)
    return {said.event.kind for said in in_memory.events}


async def test_random_entries_and_waits_give_the_same_events_in_both_hosts(at_home: House) -> None:
    at_once = asyncio.Semaphore(8)
    async with asyncio.TaskGroup() as group:
        compared = [group.create_task(compare(at_home, number, at_once)) for number in range(SEQUENCES)]
    seen = set[str]().union(*(one.result() for one in compared))
    assert seen >= {"lado_advice_recorded", "case_cleared", "ask_moved", "escalated", "step_refused", "case_ended"}
