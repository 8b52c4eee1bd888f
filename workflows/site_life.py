"""The life of an approved site: it goes live, is looked at again and again, changes, and is closed."""

from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final

from domain.calendar import due_on, local_day, morning_of
from domain.cases import Opening, Request
from domain.coming_dates import ComingDate, next_round, working_day_before
from domain.events import CaseCancelled
from domain.pack import Cover, Recurring, Task
from domain.round_entries import (
    ChangeTurnedDown,
    ClosureProposed,
    DateComing,
    SiteChanged,
    SiteClosed,
    SiteLifeBegan,
    SiteReviewed,
    SiteWentLive,
    is_neglected,
)
from workflows.ask import Answer
from workflows.case import Case
from workflows.rounds import BY_RIGHT, day_in, day_of, is_covered_now
from workflows.rounds import approved as as_approved
from workflows.since import GOES_ON, STILL_OPEN

_MOST_ACTS: Final = 1000
_MOST_EDITIONS: Final = 50
"""Of a life that has taken so many acts, or changed so often, the rest is told in a case that begins again."""

DULY: Final = "duly"
"""Who proposes what nobody has typed."""

_COVER: Final = "few since"


class LifeOutcome(StrEnum):
    """How the life of a site ended."""

    CLOSED = "closed"
    CANCELLED = "cancelled"


class SiteLife:
    """Look after a site until it is closed.

    Its owner says when it is live, and that everything is in place that has to be; then the pack's rounds begin. Where
    too few are there who run it, that is told the same day, and after the days of grace posting is to be suspended.
    A change of its form needs the approvals of the pack; what is turned down leaves the site as it was.

    However long it lives, it takes no more acts in one run than Temporal does: it begins again at the top of a turn,
    when nothing is being decided, and takes along what is asked, due on the day on which it was due.

    Source: Cadmus 14.4 to 14.7, 17.1 and 18.1 to 18.6; Newall Green 9.1; MTOAT, websites; Societas 5.6.
    """

    async def run(self, case: Case, opening: Opening) -> str:
        """Return how it ended, or that it goes on."""
        process, carried = opening.process, opening.carried
        days = dict(carried.days) if carried is not None else {}
        comes = {one.key: days[one.key] for one in process.rounds if one.key in days}
        case.dates = lambda: _dates(case, comes)
        if carried is None:
            case.record(
                SiteLifeBegan(
                    site=str(opening.request.answers["site"]),
                    title=opening.request.title,
                    live_on=day_of(case, "go_live_date"),
                    closes_on=day_of(case, "closure_date"),
                )
            )
        case.accept(("site_went_live", "site_reviewed", "leadership_consulted", "site_evaluated"), (BY_RIGHT,))
        case.accept(("post_moderated", "posting_suspended", "posting_resumed"), (BY_RIGHT,))
        # A change that waits for its approval is none of a site that is closed.
        case.accept(("site_closed",), (BY_RIGHT,), lambda _: case.interrupt(Answer(ending="closed")))
        case.alongside(_go_live(case, process.task("go_live")))
        case.alongside(_close(case, process.task("close")))
        case.alongside(_tell_of_closure(case))
        if process.cover is not None:
            case.alongside(_keep_covered(case, process.cover, process.task("suspend"), days))
        for recurring in process.rounds:
            case.alongside(_come_round(case, recurring, comes, days))
        case.rests_when = lambda: _is_long(case)
        approved, before, own = opening.request, opening.request, frozenset[str]()
        if carried is not None:
            approved, before, own = carried.approved, carried.before, frozenset(carried.own)
        while not _is_closed(case):
            answer = await case.disturbed(lambda: _is_closed(case) or case.is_at_rest)
            if answer.approves and case.is_at_rest:
                return case.go_on(approved, before, own, days | comes)
            if answer.approves:
                continue
            if case.request.version != approved.version:
                before, case.apart = approved, frozenset()
                approved, own = await _decide(case, before)
            elif answer.ending == "asked_again" and as_approved(case) != case.request.answers:
                # Its approval is void: who proposed it does not approve it this time either.
                case.own |= own
                approved, own = await _decide(case, before)
            if case.count(CaseCancelled):
                return LifeOutcome.CANCELLED
        return LifeOutcome.CLOSED


async def _decide(case: Case, approved: Request) -> tuple[Request, frozenset[str]]:
    """Have a change of the site approved; return the site as it is from now on, and whose change it was."""
    ending = "approved"
    while ending in {"approved", "changed", "asked_again", "moved_on"} and (step := case.next_step()) is not None:
        ending = (await case.ask(step)).ending
    request, own, stands = case.request, case.own, dict(as_approved(case))
    case.own = frozenset()
    if ending == "approved" and case.record(
        SiteChanged(
            version=request.version,
            title=request.title,
            live_on=day_in(request.answers, "go_live_date"),
            closes_on=day_in(request.answers, "closure_date"),
        )
    ):
        return request, own
    back = {"version": request.version + 1, "edition": request.edition + 1}
    case.request = approved.model_copy(update={**back, "answers": stands})
    case.record(
        ChangeTurnedDown(
            why="refused" if ending == "approved" else ending,
            version=back["version"],
            edition=back["edition"],
            title=approved.title,
            answers=stands,
        )
    )
    return case.request, own


async def _go_live(case: Case, task: Task | None) -> None:
    """Ask whether the site is live, in time before the day that the form names (LIFE-01)."""
    if task is None:
        return

    def opens() -> datetime:
        day = day_of(case, "go_live_date")
        ahead = timedelta(days=case.opening.process.going_live_ahead)
        return morning_of(day) - ahead if day is not None else case.now()

    if not case.is_waited(task):
        await case.until(opens, unless=lambda: _is_live(case))
    if not _is_live(case):
        await case.see_to(task)


async def _come_round(case: Case, recurring: Recurring, comes: dict[str, date], days: dict[str, date]) -> None:
    """Ask for what comes round, on its day, for as long as the site lives (LIFE-03, LIFE-04, LIFE-13, LIFE-14).

    Whoever looks at a site that is not maintained, or not as it was agreed, answers nothing by saying so: it is asked
    for at once, and for as long as nobody says otherwise, with all that comes of a look that nobody takes.
    `comes` says for which day it is asked, or will be; `days` keeps from which day on it is counted.
    """
    await case.once(lambda: _is_live(case))
    counted, turned, asked = (f"{recurring.key} {what}" for what in ("since", "after", "asked"))
    last = days.get(counted, local_day(case.now()))
    while True:
        if not case.is_waited(recurring):
            began, today = last, days.get(turned, local_day(case.now()))
            days[counted], days[turned] = began, today

            def opens(began: date = began, today: date = today) -> datetime:
                # By the calendar as it is then.
                comes[recurring.key] = max(next_round(began, recurring.every, case.opening.calendar), today)
                return morning_of(comes[recurring.key])

            await case.until(opens, unless=lambda: _is_found_neglected(case, recurring))
            days[asked] = local_day(case.now())
            comes[recurring.key] = min(comes[recurring.key], days[asked])
        last = comes[recurring.key]
        if recurring.proposes_closing_on is not None and f"{recurring.key} proposed" not in days:
            case.alongside(_propose_closing(case, recurring, days, days[asked]))
        await case.see_to(recurring, settles=lambda: not _is_found_neglected(case, recurring))
        for day in (counted, turned, asked, f"{recurring.key} proposed"):
            days.pop(day, None)


async def _propose_closing(case: Case, task: Recurring, days: dict[str, date], asked: date) -> None:
    """Propose to close the site early, where nobody does what comes round: a change like any other (LIFE-03).

    `asked` is the day on which it was asked for; `days` keeps that it was proposed.
    """
    ask, within = case.waited(task), task.proposes_closing_on or 0

    def ends() -> datetime:
        return morning_of(due_on(asked, within, case.opening.calendar) + timedelta(days=1))

    def is_done() -> bool:
        return ask is None or not ask.waited

    def is_settled() -> bool:
        return not case.disputed and as_approved(case) == case.request.answers

    await case.until(ends, unless=is_done)
    await case.once(lambda: is_done() or is_settled())
    ahead = local_day(case.now()) + timedelta(days=case.opening.process.closing_ahead)
    on, closes = working_day_before(ahead, case.opening.calendar), day_of(case, "closure_date")
    if is_done() or closes is None or closes <= on:
        return
    days[f"{task.key} proposed"] = local_day(case.now())
    case.record(ClosureProposed(on=on))
    case.revise(DULY, case.request.title, {**case.request.answers, "closure_date": on.isoformat()})
    case.disturb(Answer(ending="changed"))


async def _close(case: Case, task: Task | None) -> None:
    """Ask for the site to be closed, in time before its day; where that is put off, ask again in time (LIFE-02)."""
    if task is None:
        return
    ahead = timedelta(days=case.opening.process.closing_ahead)

    def opens() -> datetime | None:
        day = day_of(case, "closure_date")
        return morning_of(working_day_before(day - ahead, case.opening.calendar)) if day is not None else None

    while True:
        if not case.is_waited(task):
            await case.until(opens)
        asked_for = day_of(case, "closure_date")

        def still(day: object = asked_for) -> bool:
            return day_of(case, "closure_date") == day

        if await case.see_to(task, so_long_as=still):
            return


async def _tell_of_closure(case: Case) -> None:
    """Tell whoever runs the site that it is to be closed: on working days, before the day (LIFE-02)."""

    def before() -> tuple[int, ...]:
        return case.opening.process.closing_told

    told: set[tuple[object, int]] = {
        (event.on, days) for event in case.told_before(DateComing) for days in before() if days >= event.days
    }

    def coming() -> list[tuple[datetime, int]]:
        day = day_of(case, "closure_date")
        if day is None:
            return []
        at = {days: working_day_before(day - timedelta(days=days), case.opening.calendar) for days in before()}
        return [(morning_of(one), days) for days, one in at.items() if (day, days) not in told]

    while True:
        await case.until(lambda: min(coming(), default=(None, 0))[0])
        day = day_of(case, "closure_date")
        due = [days for at, days in coming() if at <= case.now()]
        told |= {(day, days) for days in due}
        if day is not None and due and local_day(case.now()) <= day:
            case.record(DateComing(what="closure", on=day, days=min(due)))


async def _keep_covered(case: Case, cover: Cover, suspend: Task | None, days: dict[str, date]) -> None:
    """Where too few are there, wait out the days of grace, then ask for posting to be suspended (LIFE-09).

    `days` keeps since when there are too few.
    """
    while True:
        await case.once(lambda: _is_live(case) and not is_covered_now(case))
        since = days[_COVER] = days.get(_COVER, local_day(case.now()))

        def ends(since: date = since) -> datetime:
            return morning_of(due_on(since, cover.grace, case.opening.calendar) + timedelta(days=1))

        if suspend is None or not case.is_waited(suspend):
            await case.until(ends, unless=lambda: is_covered_now(case))
        if suspend is not None and not is_covered_now(case) and not _is_suspended(case):
            await case.see_to(suspend, so_long_as=lambda: not is_covered_now(case))
        await case.once(lambda: is_covered_now(case))
        del days[_COVER]


def _dates(case: Case, comes: dict[str, date]) -> tuple[ComingDate, ...]:
    """Return what is to come: the day on which it goes live, is looked at next, and is closed."""
    live, closes = day_of(case, "go_live_date"), day_of(case, "closure_date")
    dates = [ComingDate(what="go_live", day=live)] if live is not None and not _is_live(case) else []
    dates += [ComingDate(what="site_review", day=min(comes.values()))] if comes else []
    dates += [ComingDate(what="closure", day=closes)] if closes is not None else []
    return tuple(dates) if not _is_closed(case) and case.outcome is None else ()


def _is_long(case: Case) -> bool:
    """Return whether it is time to begin again: near what one run can take, with no answer under question."""
    begun = case.opening.carried.request if case.opening.carried is not None else case.opening.request
    many = case.taken >= _MOST_ACTS or case.request.edition - begun.edition >= _MOST_EDITIONS
    return many and not case.disputed and case.since(GOES_ON)


def _is_live(case: Case) -> bool:
    return case.count(SiteWentLive) > 0


def _is_closed(case: Case) -> bool:
    return case.count(SiteClosed) > 0


def _is_found_neglected(case: Case, task: Task) -> bool:
    """Return whether the latest look at the site, where that is the task, found it neglected."""
    look = case.latest(SiteReviewed) if "site_reviewed" in task.done_by.event else None
    return look is not None and is_neglected(look) and case.since(STILL_OPEN)


def _is_suspended(case: Case) -> bool:
    return case.is_between("posting_suspended", "posting_resumed")
