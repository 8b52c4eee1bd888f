"""What a case does by itself, and when: it reminds, escalates, closes what lapsed, and passes a date.

While an answer is under question nothing of it happens; while the police or new facts hold a case, the clocks of what
is asked stand still, and then go on where they stood.
"""

from contextlib import suppress
from datetime import date, datetime
from typing import TYPE_CHECKING

from domain.calendar import Calendar, CalendarTooShortError, days_between, local_day, morning_of
from domain.cases import NextDoes
from domain.events import DatePassed, Escalated, Extended, Reminded
from domain.matters import is_on_hold
from domain.pack import Task
from workflows import going_on, reaching
from workflows.ask import Answer, Ask, calendar_of
from workflows.mails import CHANGES_MAIL, ESCALATION_MAIL, NEUTRAL_MAIL, REMINDER_MAIL

if TYPE_CHECKING:
    from workflows.case import Case


def to_come(case: "Case") -> list[tuple[datetime, str | None, NextDoes]]:
    """Return all that happens by itself as things are: when, to which ask, and what; nothing while it is held."""
    if case.disputed:
        return []
    coming: list[tuple[datetime, str | None, NextDoes]] = [
        step for ask in case.open_asks() if not _stands_still(case, ask) for step in sorted(ask.to_come())
    ]
    coming += [(at, None, "goes_on") for when in case.untils if (at := when()) is not None]
    passes_at = _date_passes_at(case)
    if passes_at is not None:
        coming.append((passes_at, None, "date_passes"))
    if case.settles_at is not None:
        coming.append((case.settles_at, None, "settle"))
    return coming


def next_to_come(case: "Case") -> tuple[datetime, str | None, NextDoes] | None:
    """Return what happens next by itself, or None where nothing does."""
    return min(to_come(case), key=lambda one: one[0], default=None)


def next_at(case: "Case") -> datetime | None:
    """Return when something happens next by itself, or None where nothing does."""
    coming = next_to_come(case)
    return coming[0] if coming else None


def let_time_pass(case: "Case") -> None:
    """Do all that is due by itself; what the story waits for, it does itself."""
    while (coming := next_to_come(case)) and coming[0] <= case.now():
        _, ask_id, does = coming
        if does in {"settle", "goes_on"}:
            return
        if does == "date_passes":
            _pass_date(case)
            return
        ask = case.asks[ask_id or ""]
        if does == "remind":
            ask.reminded += 1
            case.record(Reminded(ask=ask.id, step=ask.step.key, count=ask.reminded))
            case.mail_asked(CHANGES_MAIL if ask.is_for_changes else REMINDER_MAIL, ask)
        elif does == "escalate":
            _escalate(case, ask)
        else:
            reaching.close(case, ask, "lapsed")


def watch_holds(case: "Case") -> None:
    """Let the clocks stand still while the police or new facts hold the case, and go on where they stood."""
    if is_on_hold(case.opening.process, case.past):
        case.still_since = case.still_since or case.now()
    elif case.still_since is not None:
        still = [ask for ask in case.open_asks() if _stands_still(case, ask)]
        since, case.still_since = case.still_since, None
        start_again(case, since, still)


def start_again(case: "Case", held_at: datetime, asks: list[Ask]) -> None:
    """Let the clocks of `asks` go on where they stopped: the working days since `held_at` do not count."""
    for ask in asks:
        stopped_on = local_day(max(held_at, ask.opened_at))
        days = days_between(stopped_on, local_day(case.now()), case.opening.calendar, ask.step.pauses_in_holidays)
        if days:
            with suppress(CalendarTooShortError):
                give(case, ask, days)


def go_by(case: "Case", calendar: Calendar) -> list[Ask]:
    """Go by `calendar` from now on; return the open asks that are due on another day by it."""
    case.opening = case.opening.model_copy(update={"calendar": calendar})
    case.turn.opening = going_on.on_record(case.opening)
    return [ask for ask in case.open_asks() if ask.go_by(calendar_of(calendar, ask.step))]


def give(case: "Case", ask: Ask, days: int, by: str | None = None, comment: str = "") -> None:
    """Give whoever is asked `days` more working days, and put on record that they have them.

    Raises:
        CalendarTooShortError: the calendar does not reach the last of its days.
    """
    ask.give(days)
    case.record(Extended(ask=ask.id, step=ask.step.key, days=days, due=ask.due, by=by, comment=comment))


def _escalate(case: "Case", ask: Ask) -> None:
    """Ask those besides who stand in for the seat."""
    ask.escalated = True
    ask.reach = ask.reach._replace(also=ask.reach.ladder[1:])
    excluded = tuple(sorted(ask.reach.excluded))
    case.record(Escalated(ask=ask.id, step=ask.step.key, to=ask.reach.also, excluded=excluded))
    case.mail_asked(ESCALATION_MAIL, ask)
    # Those who were asked before get it in ordinary cases too, so that its arrival proves nothing.
    case.mail_asked(NEUTRAL_MAIL, ask)


def _date_passes_at(case: "Case") -> datetime | None:
    """Return when the date comes that has to lie ahead, while somebody is asked to decide the request."""
    changes = case.opening.process.changes
    day = case.request.answers.get(changes.ahead) if changes is not None and changes.ahead else None
    if not isinstance(day, str) or not any(not ask.is_for_changes for ask in case.open_asks()):
        return None
    return morning_of(date.fromisoformat(day))


def _pass_date(case: "Case") -> None:
    """Send the request back to its author, because its date came before the last decision."""
    changes = case.opening.process.changes
    if changes is not None and changes.ahead is not None:
        day = date.fromisoformat(str(case.request.answers[changes.ahead]))
        case.record(DatePassed(question=changes.ahead, day=day))
        case.interrupt(Answer(ending="sent_back"))


def _stands_still(case: "Case", ask: Ask) -> bool:
    """Return whether the clocks of `ask` stand still, because the police or new facts hold the case."""
    return case.still_since is not None and isinstance(ask.step, Task) and not ask.step.safeguarding
