"""What administrators can do; none of it decides in somebody's place."""

from typing import TYPE_CHECKING, Final

from domain.calendar import CalendarTooShortError
from domain.cases import Act, Reply
from domain.events import AskMoved, CaseCancelled, HoldReleased, Nudged
from domain.text import is_blank
from workflows import approvals, clockwork, reaching
from workflows.ask import Answer, Ask
from workflows.mails import CANCELLED_MAIL, CHANGES_MAIL, RELEASED_MAIL, REMINDER_MAIL
from workflows.replies import DONE, INCOMPLETE, NOT_OFFERED
from workflows.since import FOR_CHANGES

if TYPE_CHECKING:
    from workflows.case import Case

_MAY_BE_CANCELLED: Final = frozenset({"site_creation", "site_life"})
"""What an administrator can end: a review goes on for ever, and a signature is called off by its campaign."""

_MOST_DAYS: Final = 260


def reassign(case: "Case", act: Act) -> Reply:
    """Ask somebody else in the seat's place; never whoever reassigns it, nor anybody who may not decide it."""
    ask = _open_ask(case, act)
    if ask is None or ask.reach.fixed is not None or act.to is None or act.to in ask.reach.excluded | {act.person}:
        return NOT_OFFERED
    if is_blank(act.comment):
        return INCOMPLETE
    case.set_apart |= {act.person}
    ask.reach = ask.reach._replace(named=act.to, also=(), excluded=ask.reach.excluded | {act.person})
    reaching.move(case, ask, "reassigned", act.person, act.comment)
    return DONE


def remind(case: "Case", act: Act) -> Reply:
    """Remind those asked now; an author who is asked for changes too."""
    ask = _open_ask(case, act)
    if ask is None:
        return NOT_OFFERED
    if is_blank(act.comment):
        return INCOMPLETE
    case.record(Nudged(ask=ask.id, step=ask.step.key, by=act.person, comment=act.comment))
    case.mail_asked(CHANGES_MAIL if ask.is_for_changes else REMINDER_MAIL, ask)
    return DONE


def extend(case: "Case", act: Act) -> Reply:
    """Give whoever is asked more working days."""
    ask = _open_ask(case, act)
    if ask is None:
        return NOT_OFFERED
    if act.days is None or is_blank(act.comment):
        return INCOMPLETE
    if ask.given + act.days > _MOST_DAYS:
        return NOT_OFFERED
    try:
        clockwork.give(case, ask, act.days, act.person, act.comment)
    except CalendarTooShortError:
        return NOT_OFFERED
    return DONE


def cancel(case: "Case", act: Act) -> Reply:
    """End the case without a decision."""
    if not _may_pull(case, act) or case.opening.process.story not in _MAY_BE_CANCELLED:
        return NOT_OFFERED
    if is_blank(act.comment):
        return INCOMPLETE
    case.record(CaseCancelled(by=act.person, comment=act.comment))
    case.tell(CANCELLED_MAIL, "starter", "author", "deciders", "asked")
    case.interrupt(Answer(ending="cancelled"))
    return DONE


def release(case: "Case", act: Act) -> Reply:
    """Settle a disputed answer: it stands, or it is void and its step is asked again."""
    ask = case.asks.get(act.ask or "")
    if ask is None or ask.id not in case.disputed or not _may_pull(case, act):
        return NOT_OFFERED
    if act.stands is None or is_blank(act.comment):
        return INCOMPLETE
    step = ask.step.key
    case.record(HoldReleased(ask=ask.id, step=step, by=act.person, stands=act.stands, comment=act.comment))
    case.set_apart |= {act.person}
    case.tell(RELEASED_MAIL, "author", "starter", "deciders", "asked")
    case.disputed = tuple(one for one in case.disputed if one != ask.id)
    if not case.disputed:
        held_at, case.held_at = case.held_at or case.now(), None
        clockwork.start_again(case, held_at, case.open_asks())
    if act.stands:
        case.tell_on()
        return DONE
    case.void |= {ask.id}
    if not reaching.author_is_asked(case) or approvals.sent_back_by(case) is ask.decision:
        case.interrupt(Answer(ending="asked_again"))
    return DONE


def _open_ask(case: "Case", act: Act) -> Ask | None:
    """Return the ask that an administrator wants to do something about, if it is open and they may."""
    ask = case.asks.get(act.ask or "")
    if ask is None or not ask.is_open or not _may_pull(case, act):
        return None
    return ask if not ask.is_for_changes or case.since(FOR_CHANGES) else None


def _may_pull(case: "Case", act: Act) -> bool:
    return act.how == "session" and has_no_part(case, act.person)


def has_no_part(case: "Case", person: str) -> bool:
    """Return whether an administrator may do something about the case: who wrote it or decided in it may not."""
    decided = {getattr(ask.decision, "by", None) for ask in case.asks.values()}
    asked = {one.person for ask in case.open_asks() for one in ask.asked or ()}
    stepped_aside = {event.by for event in case.past if isinstance(event, AskMoved) and event.why == "stepped_aside"}
    return person not in case.own | decided | asked | stepped_aside
