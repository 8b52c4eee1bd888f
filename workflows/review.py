"""The review of a document: reminded of in time, drafted, consulted on, approved, in force, and round again."""

from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final

from domain.calendar import end_of, local_day, morning_of
from domain.cases import Opening, Request
from domain.coming_dates import ComingDate, next_round, working_day_before
from domain.documents import months_after, text_digest
from domain.pack import Cycle
from domain.round_entries import (
    BoardDecided,
    CycleBegan,
    DateComing,
    DraftReady,
    ReviewOpened,
    ReviewOverdue,
    VersionAdopted,
)
from workflows.case import Case
from workflows.rounds import BY_RIGHT, day_of
from workflows.since import STILL_OPEN

_OVERDUE_MAIL: Final = "review_overdue"


class ReviewOutcome(StrEnum):
    """How the review of a document ended: it never does, unless a rule of the pack forbids what it led to."""

    REFUSED = "refused"


class Review:
    """See a document through one review, and begin again.

    Its owner is reminded on working days before the legal date, and asked for a draft from the first reminder on, or at
    once where somebody opens the review with a reason. Once it is overdue, that is told of again and again. The tasks
    of the pack come in its order (consultation, equality impact, a board's minute), then the approvals of its steps.
    What is returned or turned down goes back to the draft. The new version supersedes the one in force, and everybody
    is asked to sign it where the pack says so.

    Source: Cadmus, document information; MTOAT, last line; Newall Green, document control and equality statement;
    Societas, front page and 3.6 (REV-01 to REV-13).
    """

    async def run(self, case: Case, opening: Opening) -> str:
        """Return that it goes on, or how it ended."""
        cycle = opening.process.cycle
        if cycle is None:
            return ReviewOutcome.REFUSED
        current = opening.request.answers
        due = day_of(case, "review_on")
        case.dates = lambda: (ComingDate(what="review", day=due),) if due is not None else ()
        document, version = str(current["document"]), str(current["version"])
        printed = str(current.get("printed", ""))
        case.began = local_day(case.now())
        case.record(CycleBegan(document=document, version=version, review_on=due, printed=printed))
        case.accept(("review_opened",), (BY_RIGHT,))
        case.accept([kind for task in opening.process.tasks for kind in task.done_by.event], [cycle.owner])
        for task in opening.process.tasks:
            case.accept(task.done_by.event, [task.seat])
        case.alongside(_remind(case, cycle, due))
        case.alongside(_overdue(case, cycle, due))
        await case.once(lambda: _is_open(case, due))
        adopted = await _adopted(case, opening, cycle)
        if not case.record(adopted):
            return ReviewOutcome.REFUSED
        if cycle.signed:
            case.begin("acknowledgement", _to_sign(adopted))
        return case.again(_next(case.request, adopted))


async def _adopted(case: Case, opening: Opening, cycle: Cycle) -> VersionAdopted:
    """Have a new version made, again and again until it is approved, and return it."""
    while True:
        for task in opening.process.tasks:
            await case.see_to(task)
            if "draft_ready" in task.done_by.event:
                _take(case)
        minute = case.latest(BoardDecided)
        turned_down = minute is not None and "no" in {minute.approved, minute.quorate}
        if not turned_down and await _is_approved(case):
            break
    draft, today = case.latest(DraftReady), local_day(case.now())
    assert draft is not None  # noqa: S101 -- a draft is a task of every review
    approved_on = minute.on if minute is not None else today
    title = opening.request.title
    return VersionAdopted(
        document=str(opening.request.answers["document"]),
        title=title,
        version=draft.version,
        supersedes=draft.supersedes,
        digest=text_digest(title, draft.version, draft.text),
        approved_on=approved_on,
        effective_from=draft.effective_from,
        review_on=months_after(max(approved_on, draft.effective_from), cycle.months),
        text=draft.text,
    )


def _take(case: Case) -> None:
    """Make the draft what is to be approved: whoever drafted it does not approve it."""
    draft = case.latest(DraftReady)
    if draft is None:
        return
    said = {
        "new_version": draft.version,
        "what_changed": draft.what_changed,
        "effective_from": draft.effective_from.isoformat(),
        "text": draft.text,
    }
    case.own = frozenset()
    case.revise(draft.by, case.request.title, {**case.opening.request.answers, **said})


async def _is_approved(case: Case) -> bool:
    """Ask for the approvals of the pack, and return whether all were given."""
    while (step := case.next_step()) is not None:
        answer = await case.ask(step)
        if not answer.goes_on:
            return False
    return True


async def _remind(case: Case, cycle: Cycle, due: date | None) -> None:
    """Tell the owner that the day comes, each time on the last working day before (REV-02)."""
    if due is None:
        return
    for days in sorted(cycle.remind_before, reverse=True):

        def opens(days: int = days) -> datetime:
            # By the calendar as it is then.
            return morning_of(working_day_before(due - timedelta(days=days), case.opening.calendar))

        if local_day(opens()) < local_day(case.now()):
            continue
        await case.until(opens)
        case.record(DateComing(what="review", on=due, days=days))


async def _overdue(case: Case, cycle: Cycle, due: date | None) -> None:
    """Put on record that the day has passed, and again and again for as long as there is no new version (REV-05)."""
    if due is not None:
        await case.until(end_of(due) + timedelta(seconds=1))
    case.record(ReviewOverdue(since=due))
    while case.since(STILL_OPEN):
        told = local_day(case.now())

        def comes(told: date = told) -> datetime:
            # By the calendar as it is then.
            return morning_of(next_round(told, cycle.told_again, case.opening.calendar))

        await case.until(comes)
        case.record(ReviewOverdue(since=due))
        case.tell(_OVERDUE_MAIL, "asked")


def _is_open(case: Case, due: date | None) -> bool:
    """Return whether the review is under way: reminded of once, overdue, or opened by somebody."""
    begun = case.count(DateComing, ReviewOpened, ReviewOverdue) > 0
    return begun or due is None


def _to_sign(adopted: VersionAdopted) -> Request:
    answers = {"document": adopted.document, "version": adopted.version, "digest": adopted.digest}
    return Request(title=adopted.title, starter="", author="", answers=dict(answers))


def _next(request: Request, adopted: VersionAdopted) -> Request:
    """Return with what the next cycle begins."""
    answers = {
        "document": adopted.document,
        "version": adopted.version,
        "review_on": adopted.review_on.isoformat(),
    }
    return request.model_copy(update={"answers": answers, "edition": request.edition + 1})
