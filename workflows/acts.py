"""What people can do in a case, whatever its process: one function for each kind of act.

Each looks at the case as it stands, records what the act means, and says what came of it; what does not count changes
nothing. Who somebody is, and that they are an administrator, the door has seen to.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from domain.calendar import CalendarTooShortError, days_between, local_day
from domain.cases import Act, ActKind, Reply
from domain.entries import (
    CaseHalted,
)
from domain.events import (
    AnyEvent,
    Approved,
    AskMoved,
    CaseCancelled,
    DatePassed,
    DecisionDisputed,
    HoldReleased,
    MovedWhy,
    Nudged,
    PackChanged,
    RequestEdited,
    RequestUnfit,
    Returned,
    Verdict,
)
from domain.pack import Step
from domain.round_entries import (
    CalendarChanged,
    CampaignSuperseded,
    PostModerated,
    ReadingOpened,
    SignatureCalledOff,
)
from domain.text import is_blank
from workflows import approvals, clockwork, going_on, reaching, rounds
from workflows.acts_on_record import record
from workflows.ask import Answer, Ask
from workflows.mails import (
    ASIDE_MAIL,
    CANCELLED_MAIL,
    CHANGED_MAIL,
    DISPUTED_MAIL,
    HELD_MAIL,
    MOVED_MAIL,
    RECEIPT_MAIL,
    RELEASED_MAIL,
    REMINDER_MAIL,
)
from workflows.since import APART, GOES_ON

if TYPE_CHECKING:
    from workflows.case import Case

LATELY: Final = 50
"""How many acts a case remembers that were done before it began again, so that none of them is done twice."""

_MOST: Final = 1500
_ALWAYS: Final = frozenset({"withdraw", "cancel", "release", "record", "look_up", "step_aside", "halt", "call_off"})
"""Temporal takes two thousand acts in one case: near that, only those that bring it to an end are taken.

The life of a site begins again once the change that waits is decided: there an answer is taken too."""

_CONFIDENTIAL: Final = frozenset({"record", "step_aside", "look_up", "told", "halt", "recalendar"})
"""What can be done in a confidential case: administrators have no levers in it."""

_MAY_BE_CANCELLED: Final = frozenset({"site_creation", "site_life"})
"""What an administrator can end: a review goes on for ever, and a signature is called off by its campaign."""

_MOST_EDITIONS: Final = 100
_MOST_DAYS: Final = 260

_DONE: Final = Reply(says="done")
_CLOSED: Final = Reply(says="closed")
_HELD: Final = Reply(says="held")
_INCOMPLETE: Final = Reply(says="incomplete")
_NOT_OFFERED: Final = Reply(says="not_offered")


def take(case: "Case", act: Act) -> Reply:
    """Take `act`, tell the story on, and return what came of it.

    What was done before the case began again is not done twice.
    """
    replied = case.replied.get(act.digest) if case.replied else None
    if replied is not None:
        return replied
    reply = _take(case, act)
    if reply.says == "done" and act.how != "duly":
        case.lately.append((act, reply))
    return reply


def _take(case: "Case", act: Act) -> Reply:
    if case.next_opening is not None:
        return Reply(says="again")
    case.taken += 1
    if case.taken > _MOST and not _brings_to_an_end(case, act):
        return _NOT_OFFERED
    if case.opening.process.confidential and act.kind not in _CONFIDENTIAL:
        return _NOT_OFFERED
    if act.kind == "answer":
        return _answer(case, act)
    if case.outcome is not None:
        return _CLOSED
    return _ACTS[act.kind](case, act)


def _brings_to_an_end(case: "Case", act: Act) -> bool:
    """Return whether a case takes `act` that is nearly full: it ends by it, or comes to where it begins again."""
    if act.kind == "answer":
        return case.opening.process.story == "site_life" and case.since(GOES_ON)
    return act.kind in _ALWAYS and not isinstance(act.entry, PostModerated)


# Those who are asked.


def _answer(case: "Case", act: Act) -> Reply:
    ask = case.asks.get(act.ask or "")
    if ask is None:
        return Reply(says="not_asked")
    judged = ask.judge(act, case.request, case.own)
    if isinstance(judged, Reply):
        return judged
    if act.verdict is Verdict.RETURN and case.opening.process.changes is None:
        return _NOT_OFFERED
    if case.disputed:
        return _HELD
    if isinstance(judged[-1], Approved) and act.unfit:
        return _send_back(case, ask, act)
    refused = case.record_all(judged, act.person)
    if refused is not None:
        return Reply(says="refused", clause=refused)
    case.tell(RECEIPT_MAIL, "decider")
    ask.decide(judged[-1])
    _count_once(case, ask, act.person)
    case.tell_on()
    return Reply(says="done", decision=judged[-1])


def _count_once(case: "Case", ask: Ask, person: str) -> None:
    """Take whoever answered for one seat of a step out of its other seats: nobody counts twice."""
    if not isinstance(ask.decision, Approved) or not isinstance(ask.step, Step) or ask.step.needs == "any":
        return
    for other in case.open_asks():
        if other.step.key == ask.step.key:
            _take_out(case, other, person, "people_changed")


def _take_out(case: "Case", ask: Ask, person: str, why: MovedWhy, by: str | None = None, comment: str = "") -> None:
    """Let `person` not decide an open ask; where it reaches them, it is looked up anew."""
    # Where it is not known yet whom it reaches, it is being looked up at this moment.
    reached = ask.asked is None or ask.reaches(person) is not None
    named = None if ask.reach.named == person else ask.reach.named
    ask.reach = ask.reach._replace(excluded=ask.reach.excluded | {person}, named=named)
    if reached:
        reaching.move(case, ask, why, by, comment)


def _send_back(case: "Case", ask: Ask, act: Act) -> Reply:
    """Send the request back to its author: the form does not hold any more (SITE-28, SITE-32)."""
    if case.opening.process.changes is not None:
        case.record(RequestUnfit(ask=ask.id, step=ask.step.key, by=act.person, faults=act.unfit))
        case.interrupt(Answer(ending="sent_back"))
    return Reply(says="unfit")


def _step_aside(case: "Case", act: Act) -> Reply:
    """Take somebody out who has a conflict of interest; what they decided before stays."""
    if act.ask is None and case.opening.process.confidential:
        return _step_out(case, act)
    ask = case.asks.get(act.ask or "")
    if ask is None or ask.is_for_changes or ask.reaches(act.person) is None:
        return Reply(says="not_asked")
    if not ask.is_open:
        return _CLOSED
    if ask.reach.fixed is not None:
        return _NOT_OFFERED
    if is_blank(act.comment):
        return _INCOMPLETE
    if isinstance(ask.step, Step) and ask.step.sign_in and act.how != "session":
        return Reply(says="sign_in")
    if case.opening.process.story == "site_life" and isinstance(ask.step, Step) and case.since(APART):
        return _step_aside_from_a_change(case, act)
    case.set_apart |= {act.person}
    if case.opening.process.confidential:
        case.recused |= {act.person}
    for one in case.open_asks():
        if not one.is_for_changes:
            _take_out(case, one, act.person, "stepped_aside", act.person, act.comment)
    case.tell(ASIDE_MAIL, "decider", "administrators")
    return _DONE


def _step_aside_from_a_change(case: "Case", act: Act) -> Reply:
    """Take somebody out of what is being decided about a site, and out of nothing else of it."""
    case.apart |= {act.person}
    for one in case.open_asks():
        if isinstance(one.step, Step):
            _take_out(case, one, act.person, "stepped_aside", act.person, act.comment)
    case.tell(ASIDE_MAIL, "decider", "administrators")
    return _DONE


def _step_out(case: "Case", act: Act) -> Reply:
    """Take somebody out of a confidential case, whatever they are asked in it now: who sees to it may be asked nothing.

    Source: Merchant Taylors' Oxfordshire Academy Trust, Principles (PLAT-06); Newall Green 6.24 (ALLEG-11).
    """
    if not any(ask.reaches(act.person) for ask in case.live_asks()):
        return Reply(says="not_asked")
    if is_blank(act.comment):
        return _INCOMPLETE
    if act.how != "session":
        return Reply(says="sign_in")
    case.set_apart |= {act.person}
    case.recused |= {act.person}
    for ask in case.live_asks():
        _take_out(case, ask, act.person, "stepped_aside", act.person, act.comment)
    return _DONE


def _dispute(case: "Case", act: Act) -> Reply:
    """Hold the case, because somebody says that an answer in their name was not theirs.

    An answer that does not count any more is put under question on the record alone.
    """
    ask = case.asks.get(act.ask or "")
    if ask is None and act.ask and act.comment and case.opening.events:
        return _dispute_of_before(case, act)
    if ask is None or ask.decision is None or getattr(ask.decision, "by", None) != act.person:
        return Reply(says="not_asked")
    if any(isinstance(event, HoldReleased) and event.ask == ask.id for event in case.past):
        return Reply(says="already_decided", decision=ask.decision)
    if any(isinstance(event, DecisionDisputed) and event.ask == ask.id for event in case.past):
        return _DONE
    case.record(DecisionDisputed(ask=ask.id, step=ask.step.key, by=act.person, how=act.how))
    if not _counts(case, ask):
        case.tell(DISPUTED_MAIL, "administrators")
        return _DONE
    case.disputed = (*case.disputed, ask.id)
    case.held_at = case.held_at or case.now()
    case.tell(DISPUTED_MAIL, "administrators")
    case.tell(HELD_MAIL, "asked", "author", "starter")
    return _DONE


def _dispute_of_before(case: "Case", act: Act) -> Reply:
    """Put an answer under question on the record that was given before the case began again.

    That it was given in their name, and to which step, the door has seen on record: the case does not know of it.
    """
    if not any(isinstance(event, DecisionDisputed) and event.ask == act.ask for event in case.past):
        case.record(DecisionDisputed(ask=act.ask or "", step=act.comment, by=act.person, how=act.how))
        case.tell(DISPUTED_MAIL, "administrators")
    return _DONE


def _counts(case: "Case", ask: Ask) -> bool:
    """Return whether anything still rests on the answer to `ask`: its approval stands, or it sent the request back."""
    if isinstance(ask.decision, Approved) and isinstance(ask.step, Step):
        return approvals.still_approves(case, ask, ask.step)
    return _author_is_asked(case) and _sent_back_by(case) is ask.decision


def _sent_back_by(case: "Case") -> AnyEvent | None:
    """Return what last sent the request back to its author, or None."""
    backs = (event for event in reversed(case.past) if isinstance(event, Returned | RequestUnfit | DatePassed))
    return next(backs, None)


# The author.


def _end(case: "Case", act: Act) -> Reply:
    """Do what the process offers its author: end the case, as by a withdrawal."""
    if act.kind not in case.offers or not _is_own(case, act):
        return _NOT_OFFERED
    becomes, ending = case.offers[act.kind]
    refused = case.record_all([becomes(act)], act.person)
    if refused is not None:
        return Reply(says="refused", clause=refused)
    case.interrupt(Answer(ending=ending))
    return _DONE


def _edit(case: "Case", act: Act) -> Reply:
    """Change the request. After a change to a material answer every approval is void, and the steps are asked again."""
    before = case.request
    if case.opening.process.changes is None or not _may_change(case, act):
        return _NOT_OFFERED
    if case.disputed:
        return _HELD
    if act.request is None:
        return _INCOMPLETE
    carried = case.opening.carried
    if before.edition - (carried.request.edition if carried is not None else 0) >= _MOST_EDITIONS:
        return _NOT_OFFERED
    if act.version != before.edition:
        return Reply(says="wrong_version")
    answers = act.request.answers
    changed = tuple(sorted(key for key in before.answers | answers if before.answers.get(key) != answers.get(key)))
    if not changed:
        return Reply(says="unchanged")
    material = not set(changed) <= set(case.opening.immaterial) or act.request.author != before.author
    edited = RequestEdited(
        by=act.person,
        author=act.request.author,
        version=before.version + material,
        edition=before.edition + 1,
        material=material,
        changed=changed,
        title=act.request.title,
        answers=answers,
        overrides=act.request.overrides,
        people=tuple(sorted(set(act.authors) - {act.person})),
    )
    refused = case.record_all([edited], act.person)
    if refused is not None:
        return Reply(says="refused", clause=refused)
    case.request = before.model_copy(
        update={
            "title": edited.title,
            "author": edited.author,
            "version": edited.version,
            "edition": edited.edition,
            "answers": edited.answers,
            "overrides": edited.overrides,
        }
    )
    case.own |= {act.person, edited.author, *edited.people}
    case.tell(CHANGED_MAIL, "deciders", *(() if material else ("asked",)))
    if material or _author_is_asked(case):
        case.interrupt(Answer(ending="changed"))
    return _DONE


def _nudge(case: "Case", act: Act) -> Reply:
    """Remind those asked because the author wishes it, at most once a day."""
    asks = [ask for ask in case.open_asks() if not ask.is_for_changes]
    if not asks or not _is_own(case, act):
        return _NOT_OFFERED
    if case.disputed:
        return _HELD
    today = local_day(case.now())
    if case.nudged_on == today:
        return Reply(says="too_soon")
    case.nudged_on = today
    for ask in asks:
        case.record(Nudged(ask=ask.id, step=ask.step.key, by=act.person))
        case.mail_asked(REMINDER_MAIL, ask)
    return _DONE


# Administrators. None of it decides in somebody's place.


def _reassign(case: "Case", act: Act) -> Reply:
    """Ask somebody else in the seat's place; never whoever reassigns it, nor anybody who may not decide it."""
    ask = _open_ask(case, act)
    if ask is None or ask.reach.fixed is not None or act.to is None or act.to in ask.reach.excluded | {act.person}:
        return _NOT_OFFERED
    if is_blank(act.comment):
        return _INCOMPLETE
    case.set_apart |= {act.person}
    ask.reach = ask.reach._replace(named=act.to, also=(), excluded=ask.reach.excluded | {act.person})
    reaching.move(case, ask, "reassigned", act.person, act.comment)
    return _DONE


def _remind(case: "Case", act: Act) -> Reply:
    """Remind those asked now."""
    ask = _open_ask(case, act)
    if ask is None:
        return _NOT_OFFERED
    if is_blank(act.comment):
        return _INCOMPLETE
    case.record(Nudged(ask=ask.id, step=ask.step.key, by=act.person, comment=act.comment))
    case.mail_asked(REMINDER_MAIL, ask)
    return _DONE


def _extend(case: "Case", act: Act) -> Reply:
    """Give whoever is asked more working days."""
    ask = _open_ask(case, act)
    if ask is None:
        return _NOT_OFFERED
    if act.days is None or is_blank(act.comment):
        return _INCOMPLETE
    if ask.given + act.days > _MOST_DAYS:
        return _NOT_OFFERED
    try:
        clockwork.give(case, ask, act.days, act.person, act.comment)
    except CalendarTooShortError:
        return _NOT_OFFERED
    return _DONE


def _cancel(case: "Case", act: Act) -> Reply:
    """End the case without a decision."""
    if not _may_pull(case, act) or case.opening.process.story not in _MAY_BE_CANCELLED:
        return _NOT_OFFERED
    if is_blank(act.comment):
        return _INCOMPLETE
    case.record(CaseCancelled(by=act.person, comment=act.comment))
    case.tell(CANCELLED_MAIL, "starter", "author", "deciders", "asked")
    case.interrupt(Answer(ending="cancelled"))
    return _DONE


def _release(case: "Case", act: Act) -> Reply:
    """Settle a disputed answer: it stands, or it is void and its step is asked again."""
    ask = case.asks.get(act.ask or "")
    if ask is None or ask.id not in case.disputed or not _may_pull(case, act):
        return _NOT_OFFERED
    if act.stands is None or is_blank(act.comment):
        return _INCOMPLETE
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
        return _DONE
    case.void |= {ask.id}
    if not _author_is_asked(case) or _sent_back_by(case) is ask.decision:
        case.interrupt(Answer(ending="asked_again"))
    return _DONE


# Duly itself.


def _look_up(case: "Case", act: Act) -> Reply:
    """Look up anew whom an ask reaches, because people, seats or absences changed."""
    ask = case.asks.get(act.ask or "")
    if ask is None or ask not in case.live_asks() or act.how != "duly":
        return _NOT_OFFERED
    reaching.move(case, ask, "people_changed")
    return _DONE


def _halt(case: "Case", act: Act) -> Reply:
    """Have a case stand still that was opened out of another, because that does not permit it any more."""
    if act.how != "duly" or case.opening.parent is None:
        return _NOT_OFFERED
    case.record(CaseHalted())
    case.tell_those_in_it()
    case.tell_on()
    return _DONE


def _call_roll(case: "Case", act: Act) -> Reply:
    """Have the roll called, because people came, left, or signed."""
    if act.how != "duly" or case.opening.process.story != "acknowledgement":
        return _NOT_OFFERED
    case.calls += 1
    case.tell_on()
    return _DONE


def _call_off(case: "Case", act: Act) -> Reply:
    """Call off what nobody has to sign any more: a campaign that is superseded, or one person's signature."""
    if act.how != "duly":
        return _NOT_OFFERED
    match case.opening.process.story, act.comment:
        case "acknowledgement", "superseded":
            case.record(CampaignSuperseded())
            case.tell_on()
        case "signature", ("left" | "superseded" | "closed") as why:
            case.record(SignatureCalledOff(why=why))
            case.interrupt(Answer(ending="cancelled"))
        case _:
            return _NOT_OFFERED
    return _DONE


def _open(case: "Case", act: Act) -> Reply:
    """Put on record that whoever is to sign opened what there is to read besides; once is enough."""
    campaign = case.opening.process.campaign
    reading = campaign.reading(act.reading) if campaign is not None else None
    if reading is None or case.opening.process.story != "signature":
        return _NOT_OFFERED
    ask = case.asks.get(act.ask or "")
    if ask is None or ask.reaches(act.person) is None:
        return Reply(says="not_asked")
    if not ask.is_open:
        return _CLOSED
    if any(isinstance(event, ReadingOpened) and event.reading == reading.key for event in case.past):
        return Reply(says="unchanged")
    case.record(
        ReadingOpened(by=act.person, how=act.how, reading=reading.key, title=reading.title, edition=reading.edition)
    )
    case.tell_on()
    return _DONE


def _recalendar(case: "Case", act: Act) -> Reply:
    """Go by a calendar that was brought up to date; what is due on another day now is told to those who are asked."""
    if act.how != "duly" or act.calendar is None:
        return _NOT_OFFERED
    if act.calendar == case.opening.calendar:
        return Reply(says="unchanged")
    moved = clockwork.go_by(case, act.calendar)
    case.record(CalendarChanged(moved=tuple(ask.id for ask in moved)))
    for ask in moved:
        case.mail_asked(MOVED_MAIL, ask)
    case.tell_on()
    return _DONE


def _told(case: "Case", act: Act) -> Reply:
    """Let a clock that runs from being told begin when the mail was delivered."""
    ask = case.asks.get(act.ask or "")
    if ask is None or not ask.is_open or act.at is None or act.how != "duly" or not ask.step.runs_from_told:
        return _NOT_OFFERED
    days = days_between(local_day(ask.opened_at), local_day(act.at), case.opening.calendar, ask.step.pauses_in_holidays)
    if days and not ask.told:
        with suppress(CalendarTooShortError):
            clockwork.give(case, ask, days)
    ask.told = True
    return _DONE


def _move_on(case: "Case", act: Act) -> Reply:
    """Have the case go by another pack: an approval stays as long as its step still signs the same words.

    Who is asked to decide is asked again under the new pack; its author goes on being asked for changes.
    """
    opening, pack = case.opening, act.pack
    if pack is None or act.how != "duly" or pack.process.key != opening.process.key:
        return _NOT_OFFERED
    if is_blank(act.comment):
        return _INCOMPLETE
    if case.disputed:
        return _HELD
    if pack.pack_digest == opening.pack_digest:
        return Reply(says="unchanged")
    moved = PackChanged(by=act.person, comment=act.comment, old=opening.pack_digest, new=pack.pack_digest)
    refused = case.record_all([moved], act.person)
    if refused is not None:
        return Reply(says="refused", clause=refused)
    case.opening = case.opening.model_copy(update=dict(pack))
    case.turn.opening = going_on.on_record(case.opening)
    if pack.process.changes is None or not _author_is_asked(case):
        case.interrupt(Answer(ending="moved_on"))
    return _DONE


def _open_ask(case: "Case", act: Act) -> Ask | None:
    """Return the ask that an administrator wants to do something about, if it is open and they may."""
    ask = case.asks.get(act.ask or "")
    return ask if ask is not None and ask.is_open and not ask.is_for_changes and _may_pull(case, act) else None


def _may_pull(case: "Case", act: Act) -> bool:
    """Return whether an administrator may do something about the case: who wrote it or decided in it may not."""
    decided = {getattr(ask.decision, "by", None) for ask in case.asks.values()}
    asked = {one.person for ask in case.open_asks() for one in ask.asked or ()}
    stepped_aside = {event.by for event in case.past if isinstance(event, AskMoved) and event.why == "stepped_aside"}
    return act.how == "session" and act.person not in case.own | decided | asked | stepped_aside


def _author_is_asked(case: "Case") -> bool:
    return any(ask.is_for_changes for ask in case.open_asks())


def _may_change(case: "Case", act: Act) -> bool:
    """Return whether somebody may change the request: a site that lives is the school's, and the door sees to it."""
    return _is_own(case, act) or (case.opening.process.story == "site_life" and act.how == "session")


def _is_own(case: "Case", act: Act) -> bool:
    return act.person in {case.request.author, case.request.starter}


_ACTS: Final[dict[ActKind, Callable[["Case", Act], Reply]]] = {
    "withdraw": _end,
    "edit": _edit,
    "nudge": _nudge,
    "step_aside": _step_aside,
    "dispute": _dispute,
    "reassign": _reassign,
    "remind": _remind,
    "extend": _extend,
    "cancel": _cancel,
    "release": _release,
    "look_up": _look_up,
    "told": _told,
    "move_on": _move_on,
    "record": record,
    "halt": _halt,
    "cover": rounds.take_cover,
    "call_roll": _call_roll,
    "call_off": _call_off,
    "recalendar": _recalendar,
    "open": _open,
}
