"""What happens at the same moment: one of two things that exclude each other, and everybody is told which."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from hypothesis import settings

from domain.cases import Act, Batch, Opening, Published, Reply
from domain.events import AnyEvent, Approved, AskMoved, AskOpened, Escalated, Verdict
from domain.people import Asked
from store import people
from tests.house import Begun, House
from tests.stories import (
    BEGINS,
    a_changes,
    a_directory,
    a_lever,
    a_person,
    a_process,
    a_step,
    an_answer,
    an_edit,
    an_opening,
)
from workflows.case import Case
from workflows.site_creation import SiteCreation

RACES: Final = max(settings().max_examples // 10, 100)
DECISIONS: Final = {"approved", "returned", "rejected"}
ONE_STEP: Final = a_process(a_step("headteacher"), changes=a_changes(back_to="headteacher", ahead=None))
TWO_STEPS: Final = a_process(a_step("line_manager"), a_step("headteacher"), changes=a_changes(ahead=None))
PEOPLE: Final = a_directory(a_person("admin", administrator=True))


async def raced(case: Begun, *acts: Act) -> tuple[list[str], list[AnyEvent]]:
    """Return what was said to `acts`, sent at once, and what is on record then."""
    replies: Sequence[Reply] = await asyncio.gather(*(case.house.engine.act(case.opening.case, act) for act in acts))
    return [reply.says for reply in replies], await case.settled()


def count_of(events: list[AnyEvent], *kinds: str) -> int:
    return sum(event.kind in kinds for event in events)


async def test_of_fifty_confirmations_at_once_one_counts_and_the_rest_are_told_which(at_home: House) -> None:
    case = await at_home.begin(an_opening(ONE_STEP, "fifty"), PEOPLE)
    verdicts = (Verdict.APPROVE, Verdict.REJECT)
    acts = [an_answer("a1", "head", verdicts[n % 2], occasion=str(n)) for n in range(50)]
    said, events = await raced(case, *acts)
    assert count_of(events, *DECISIONS) == 1
    assert said.count("done") == 1
    assert set(said) <= {"done", "already_decided", "closed"}


async def test_fifty_times_the_same_confirmation_is_one_and_all_are_told_that_it_counts(at_home: House) -> None:
    case = await at_home.begin(an_opening(ONE_STEP, "fifty-same"), PEOPLE)
    said, events = await raced(case, *[an_answer("a1", "head")] * 50)
    assert said == ["done"] * 50
    assert count_of(events, *DECISIONS) == 1


async def test_of_many_withdrawals_against_approvals_never_both_happen(at_home: House) -> None:
    at_once = asyncio.Semaphore(8)
    ended = []

    async def race(number: int) -> None:
        async with at_once:
            case = await at_home.begin(an_opening(ONE_STEP, f"withdraw-{number}"), PEOPLE)
            acts = [Act(kind="withdraw", person="author", how="session"), an_answer("a1", "head")]
            said, events = await raced(case, *(acts if number % 2 else reversed(acts)))
            assert count_of(events, "approved", "request_withdrawn") == 1, (number, said)
            assert said.count("done") == 1
            assert count_of(events, "site_registered") == count_of(events, "approved")
            ended.append(await case.handle.result())

    async with asyncio.TaskGroup() as group:
        for number in range(RACES):
            group.create_task(race(number))
    assert set(ended) == {"approved", "withdrawn"}


async def test_an_edit_against_an_approval_leaves_no_approval_of_what_nobody_saw(at_home: House) -> None:
    for number in range(10):
        opening = an_opening(TWO_STEPS, f"edit-{number}")
        case = await at_home.begin(opening, PEOPLE)
        acts = [an_edit(opening.request, title="New"), an_answer("a1", "manager")]
        said, events = await raced(case, *(acts if number % 2 else reversed(acts)))
        assert sorted(said) in (["done", "done"], ["done", "wrong_version"])
        versions = [event.version for event in events if isinstance(event, Approved)]
        assert versions in ([], [1])
        opened = [event for event in events if isinstance(event, AskOpened)]
        assert (opened[-1].step, opened[-1].version) == ("line_manager", 2)


async def test_a_dispute_against_the_next_approval_lets_nothing_through_after_it(at_home: House) -> None:
    for number in range(10):
        case = await at_home.begin(an_opening(TWO_STEPS, f"dispute-{number}"), PEOPLE)
        await at_home.engine.act(case.opening.case, an_answer("a1", "manager"))
        acts = [Act(kind="dispute", person="manager", how="link", ask="a1"), an_answer("a2", "head")]
        said, events = await raced(case, *(acts if number % 2 else reversed(acts)))
        assert sorted(said) in (["done", "held"], ["closed", "done"])
        kinds = [event.kind for event in events]
        if "decision_disputed" in kinds:
            assert "approved" not in kinds[kinds.index("decision_disputed") :]


async def test_a_look_up_against_an_answer_lets_only_those_answer_who_are_asked_then(at_home: House) -> None:
    for number in range(10):
        case = await at_home.begin(an_opening(ONE_STEP, f"look-up-{number}"), PEOPLE)
        await case.settled()
        async with at_home.db.write() as session:
            await people.save(session, (a_person("head", "headteacher", leaves_on="2020-01-01"),))
        acts = [Act(kind="look_up", person="duly", how="duly", ask="a1"), an_answer("a1", "head")]
        said, events = await raced(case, *(acts if number % 2 else reversed(acts)))
        reached: tuple[Asked, ...] = ()
        for event in events:
            if isinstance(event, AskOpened | AskMoved | Escalated):
                reached = event.asked or ()
            if isinstance(event, Approved):
                assert event.by in {one.person for one in reached}
        assert sorted(said) in (["done", "done"], ["done", "not_asked"], ["done", "not_offered"], ["closed", "done"])


async def test_two_administrators_at_once_leave_one_ask_and_one_person_asked(at_home: House) -> None:
    directory = a_directory(*(a_person(one, administrator=True) for one in ("admin", "second")))
    case = await at_home.begin(an_opening(ONE_STEP, "two-admins"), directory)
    to_comms, to_manager = (
        a_lever("reassign", admin, ask="a1", to=to) for admin, to in (("admin", "comms"), ("second", "manager"))
    )
    said, events = await raced(case, to_comms, to_manager)
    assert said == ["done", "done"]
    last = [event for event in events if isinstance(event, AskMoved)][-1]
    assert len(last.asked or ()) == 1


class SlowRecord:
    """A host whose record is as slow as a test wants it: each turn is put on record when it is let go."""

    def __init__(self) -> None:
        """Begin with nothing on record."""
        self.turns: asyncio.Queue[tuple[Batch, asyncio.Future[Published]]] = asyncio.Queue()
        self.clock = BEGINS
        self.moved = asyncio.Event()

    def now(self) -> datetime:
        """Return the time that the test has set."""
        return self.clock

    async def publish(self, batch: Batch) -> Published:
        """Wait until the test has put `batch` on record."""
        done: asyncio.Future[Published] = asyncio.get_running_loop().create_future()
        self.turns.put_nowait((batch, done))
        return await done

    def since(self, change: str) -> bool:
        """Return that the case is new."""
        del change
        return True

    async def pause(self, until: datetime | None, woken: object) -> None:
        """Wait for the test's next move."""
        del until, woken
        self.moved.clear()
        await self.moved.wait()


async def a_slow_case(opening: Opening, *asked: str) -> tuple[Case, SlowRecord, asyncio.Task[str]]:
    """Return a case whose first turn is on record; its asks reach `asked` by turns."""
    host = SlowRecord()
    case = Case(opening, host)
    playing = asyncio.create_task(case.play(SiteCreation()))
    _, done = await host.turns.get()
    done.set_result(Published(asked={f"a{n}": (Asked(person=who, seat=who),) for n, who in enumerate(asked, 1)}))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return case, host, playing


async def test_who_an_ask_was_taken_from_while_an_escalation_went_on_record_does_not_answer_it() -> None:
    case, host, playing = await a_slow_case(an_opening(ONE_STEP), "head")
    host.clock = case.standing().asks[0].due.replace(month=3)
    host.moved.set()
    _, escalated = await host.turns.get()
    assert case.receive(a_lever("reassign", ask="a1", to="comms")).says == "done"
    escalated.set_result(Published(asked={"a1": (Asked(person="head", seat="headteacher"),)}))
    _, moved = await host.turns.get()
    answer = an_answer("a1", "head")
    assert not case.ready_for(answer) or case.receive(answer).says == "not_asked"
    moved.set_result(Published(asked={"a1": (Asked(person="comms", seat="headteacher"),)}))
    playing.cancel()


async def test_who_steps_aside_from_one_ask_while_another_is_looked_up_is_taken_out_of_both() -> None:
    both = a_process(a_step("both", "line_manager", "headteacher"))
    case, host, playing = await a_slow_case(an_opening(both), "head", "head")
    case.receive(Act(kind="look_up", person="duly", how="duly", ask="a2"))
    host.moved.set()
    _, looked_up = await host.turns.get()
    aside = Act(kind="step_aside", person="head", how="link", ask="a1", comment="A friend of mine.")
    assert case.receive(aside).says == "done"
    looked_up.set_result(Published(asked={"a2": (Asked(person="head", seat="headteacher"),)}))
    batch, done = await host.turns.get()
    assert [said.event.ask for said in batch.events if isinstance(said.event, AskMoved)] == ["a1", "a2"]
    done.set_result(Published(asked={}))
    playing.cancel()
