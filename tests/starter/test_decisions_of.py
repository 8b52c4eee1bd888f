"""Under every policy, whatever people do: what a case says that it took is what is on record as decided."""

from collections import Counter
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Final

import pytest

import packs
from domain.cases import Act, FromPack
from starter.exploring import place_of, runs
from starter.reconciling import decisions_of, taken_by
from workflows.explorer import Move, Played, Playing, TimePasses
from workflows.explorer_checks import reference
from workflows.explorer_entries import Choices, chosen_in
from workflows.explorer_found import World
from workflows.explorer_moves import moves
from workflows.explorer_watched import names_in

MOVES: Final = 30
PACKS: Final = packs.pack_folders([Path(packs.__file__).parent])


def chosen(world: World) -> Choices:
    """Return between what the moves in `world` choose."""
    process = world.opening.process
    gate = reference(process)
    rules, names = (*process.rules, *gate), names_in(world.story())
    return chosen_in(world.opening, world.directory, rules, gate, names, world.clearances, world.allegations)


def of_an_ask(world: World, played: Played, chance: Random) -> list[Act]:
    """Return what may be done about one ask, twice in the same words too, by those asked and by anybody else."""
    ask = chance.choice(played.standing.asks).ask
    people = [person.id for person in world.directory.people]
    asked = [one.person for one in played.asked.get(ask, ())]
    other = {"person": chance.choice(people), "how": "session", "ask": ask, "comment": "Needed."}
    return [
        *(Act(kind="step_aside", person=who, how="session", ask=ask, comment="A friend.") for who in asked),
        *(Act(kind="step_aside", person=who, how="session", comment="A friend.") for who in asked),
        Act.model_validate({**other, "kind": "reassign", "to": chance.choice(people)}),
        Act.model_validate({**other, "kind": "extend", "days": 2}),
        Act(kind="look_up", person="duly", how="duly", ask=ask),
        Act(kind="told", person="duly", how="duly", ask=ask, at=played.now),
    ]


def another_pack(world: World, chance: Random) -> Act:
    """Return that the case is moved on to a pack of another name, or of its own."""
    fields = {name: getattr(world.opening, name) for name in FromPack.model_fields}
    pack = FromPack.model_validate(fields | {"pack_digest": chance.choice("ab") * 64})
    return Act(kind="move_on", person="duly", how="duly", comment="Needed.", pack=pack)


def next_move(world: World, played: Played, choices: Choices, chance: Random) -> Move:
    """Return what somebody does next, or that time passes."""
    usual: list[Move] = [one.move for one in moves(played, world.opening, choices)]
    more: list[Move] = [another_pack(world, chance)]
    if played.standing.asks:
        more += of_an_ask(world, played, chance)
    if played.standing.next_at is not None:
        more.append(TimePasses(until=played.standing.next_at))
    return chance.choice(chance.choice([usual or more, more]))


@pytest.mark.parametrize("folder", PACKS, ids=lambda folder: folder.name)
def test_what_was_taken_is_on_record_and_nothing_else(folder: Path) -> None:
    pack = packs.load(folder)
    place = place_of(pack, folder)
    for process in pack.processes:
        for run in runs(place, process, further=False):
            world, chance = run.world, Random(f"{process.key} {run.about}")  # noqa: S311 -- moves, and no secrets
            playing, choices, taken = Playing(world.story(), *world[1:5]), chosen(world), Counter[object]()
            for number in range(MOVES):
                if playing.case.outcome is not None:
                    break
                move = next_move(world, playing.played(), choices, chance)
                if isinstance(move, TimePasses):
                    playing.make(move)
                    continue
                playing.host.clock += timedelta(seconds=1)
                act = move.model_copy(update={"occasion": str(number)})
                reply = playing.make(act)
                assert reply is not None
                decided = taken_by(act, reply)
                # A dispute that is said twice is on record once.
                if decided is not None and not (act.kind == "dispute" and taken[decided]):
                    taken[decided] += 1
            assert Counter(one for _, one in decisions_of(playing.host.events)) == taken, (process.key, run.about)
