"""The two hosts of a case agree: what Temporal carries out is what the explorer plays."""

import asyncio
import random
from datetime import UTC, datetime, timedelta
from typing import Final

from hypothesis import settings

from domain.cases import Act, Opening, Request
from domain.events import AnyEvent
from tests.house import House
from tests.stories import a_changes, a_directory, a_lever, a_person, a_process, a_step, an_opening
from workflows.explorer import Move, Played, TimePasses, play
from workflows.explorer_moves import changed, possible
from workflows.site_creation import SiteCreation

PEOPLE = a_directory(
    a_person("second_head", "headteacher"),
    a_person("leaver", "communications_manager", leaves_on="2020-01-01"),
    a_person("admin", administrator=True),
)
CHANGES = a_changes(back_to="headteacher", lapse_on=9)
PROCESSES = (
    a_process(),
    a_process(a_step("both", "headteacher", "communications_manager", needs="all", lapse_on=9)),
    a_process(a_step("either", "headteacher", "communications_manager", needs="any"), a_step("headteacher")),
    a_process(changes=a_changes()),
    a_process(a_step("headteacher", runs_from_told=True), changes=CHANGES, settles_within=30),
    a_process(a_step("communications_manager"), a_step("headteacher"), changes=CHANGES),
)

WEIGHTS: Final = {"approve": 6, "dispute": 4, "release": 4, "edit": 3, "withdraw": 0.3, "cancel": 0.3, "reject": 0.3}
SEQUENCES: Final = min(max(settings().max_examples // 5, 20), 1_000)


def an_opening_of(number: int, begins: datetime) -> Opening:
    """Return the opening of the `number`th case, whose site is to go live in some weeks."""
    opening = an_opening(PROCESSES[number % len(PROCESSES)], key=f"hosts-{number}")
    day = (begins + timedelta(days=25)).date().isoformat()
    request = opening.request.model_copy(update={"answers": opening.request.answers | {"go_live_date": day}})
    return opening.model_copy(update={"request": request, "immaterial": ("note",)})


def also_possible(played: Played, opening: Opening, now: datetime) -> list[Act]:
    """Return what people and Duly can do besides deciding: some of it counts, and some does not."""
    request: Request = played.standing.request or opening.request
    decided = [said.event for said in played.events if said.event.kind in {"approved", "returned", "rejected"}]
    asks = played.standing.asks
    acts = [Act(kind="nudge", person="author", how="session")]
    acts += [
        Act(kind="edit", person=who, how="session", version=edition, request=changed(request, "note"))
        for who, edition in (("head", request.edition), ("author", request.edition - 1))
    ]
    acts += [
        Act(kind="dispute", person=getattr(one, "by", ""), how="link", ask=getattr(one, "ask", None)) for one in decided
    ]
    acts += [a_lever("release", ask=ask, stands=stands) for ask in played.standing.disputed for stands in (True, False)]
    for ask in asks:
        acts += [
            Act(kind="step_aside", person=one.person, how="link", ask=ask.ask, comment="A friend.")
            for one in played.asked.get(ask.ask, ())
        ]
        acts += [a_lever("reassign", ask=ask.ask, to=to) for to in ("manager", "author", "leaver")]
        acts += [a_lever("remind", ask=ask.ask), a_lever("extend", ask=ask.ask, days=2)]
        acts += [Act(kind="look_up", person="duly", how="duly", ask=ask.ask)]
        acts += [Act(kind="told", person="duly", how="duly", ask=ask.ask, at=now)]
    return [*acts, a_lever("cancel")]


def chosen(acts: list[Act], luck: random.Random) -> Act:
    """Return one of `acts`, each kind as often as any other, but approvals more often, and what ends a case seldom."""
    by_kind: dict[str, list[Act]] = {}
    for act in acts:
        by_kind.setdefault(act.verdict or act.kind, []).append(act)
    (kind,) = luck.choices(list(by_kind), [WEIGHTS.get(kind, 1) for kind in by_kind])
    return luck.choice(by_kind[kind])


def some_moves(opening: Opening, begins: datetime, luck: random.Random) -> tuple[Move, ...]:
    """Return a random sequence of what people and the clock can do, wrong answers among it."""
    moves: tuple[Move, ...] = ()
    for number in range(luck.randint(1, 9)):
        played = play(SiteCreation(), opening, PEOPLE, begins, moves)
        now = max([begins, *(move.until for move in moves if isinstance(move, TimePasses))])
        acts = [move for move in possible(played, opening) if isinstance(move, Act)]
        acts += [move.model_copy(update={"person": "author"}) for move in acts][:1]
        acts += [move for move in moves if isinstance(move, Act) and move.kind == "answer"][:1]
        # Temporal takes the same act once: what says the same another time is another act.
        act = chosen(acts + also_possible(played, opening, now), luck).model_copy(update={"occasion": str(number)})
        passing = TimePasses(until=now + timedelta(days=luck.choice((1, 4, 8, 15))))
        move: Move = luck.choice((act, act, act, passing))
        moves = (*moves, move)
        if played.over:
            break
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
    async with at_once:
        begins = datetime.now(UTC)  # noqa: TID251 -- the server's clock begins at the wall's
        opening = an_opening_of(number, begins)
        moves = some_moves(opening, begins, luck)
        in_memory: Played = play(SiteCreation(), opening, PEOPLE, begins, moves)
        on_temporal = await carried_out(home, opening, moves, begins)
    assert timeless(on_temporal) == timeless([r.event for r in in_memory.events]), (number, moves)


async def test_random_sequences_give_the_same_events_in_both_hosts(at_home: House) -> None:
    at_once = asyncio.Semaphore(8)
    async with asyncio.TaskGroup() as group:
        for number in range(SEQUENCES):
            group.create_task(compare(at_home, number, at_once))
