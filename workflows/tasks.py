"""Tasks: a seat is asked to do something, and an entry on record ends it, whoever put it there."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from domain.matters import is_done, reviews_so_far
from domain.pack import Reviews, Task
from workflows import reaching
from workflows.ask import Ask
from workflows.reaching import CASE_MANAGER
from workflows.strands import Wait

if TYPE_CHECKING:
    from workflows.case import Case


async def do(case: "Case", task: Task) -> None:
    """Ask the seat of `task` to do it, and return once it is done, or once something else comes first."""
    asks = [_open(case, task, task.seat)]
    if task.seat != CASE_MANAGER:
        asks.append(_open(case, task, CASE_MANAGER, quietly=True))
    await Wait(lambda: True if case.next_task() != task else None)
    keys = [one.key for one in case.matter.allegations]
    for ask in asks:
        if ask.is_open:
            reaching.close(case, ask, "done" if is_done(task, case.past, keys) else "routed")


async def review(case: "Case", reviews: Reviews) -> None:
    """Ask for a review, and return once one more than now is on record."""
    so_far = reviews_so_far(reviews, case.past)
    ask = _open(case, reviews, reviews.seat)
    await Wait(lambda: True if reviews_so_far(reviews, case.past) > so_far else None)
    reaching.close(case, ask, "done")


async def see_to(
    case: "Case", task: Task, so_long_as: Callable[[], bool], settles: Callable[[], bool] = lambda: True
) -> bool:
    """Ask the seat of `task` to do it once more; return whether it is done, or False once it need not be.

    Where what was done last `settles` nothing, it goes on being asked for.
    """
    ask = waited(case, task) or _open(case, task, task.seat)
    ask.waited = True
    done = await _once_more(case, task, so_long_as)
    while done and not settles():
        done = await _once_more(case, task, so_long_as)
    ask.waited = False
    if ask.is_open:
        reaching.close(case, ask, "done" if done else "no_longer_needed")
    return done


async def _once_more(case: "Case", task: Task, so_long_as: Callable[[], bool]) -> bool:
    """Return True once `task` is done once more, or False once it need not be."""
    so_far = case.times(task.done_by)

    def over() -> bool | None:
        if case.times(task.done_by) > so_far:
            return True
        return None if so_long_as() else False

    return await Wait(over)


def waited(case: "Case", task: Task) -> Ask | None:
    """Return the ask for `task` that the story waits for, or None."""
    return next((ask for ask in case.asks.values() if ask.waited and ask.step.key == task.key), None)


def _open(case: "Case", task: Task | Reviews, seat: str, quietly: bool = False) -> Ask:
    return reaching.open_ask(case, task, seat, reaching.of_task(case, task, seat), quietly)
