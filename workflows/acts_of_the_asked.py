"""What those who are asked can do: answer, step aside, dispute an answer, and open what is there to be read."""

from typing import TYPE_CHECKING

from domain.cases import Act, Reply
from domain.events import Approved, DecisionDisputed, HoldReleased, RequestUnfit, Verdict
from domain.pack import Step
from domain.round_entries import ReadingOpened
from domain.signatures import still_to_open
from domain.text import is_blank
from workflows import approvals, reaching
from workflows.ask import Answer, Ask
from workflows.mails import ASIDE_MAIL, DISPUTED_MAIL, HELD_MAIL, QUESTIONED_MAIL, RECEIPT_MAIL
from workflows.replies import CLOSED, DONE, HELD, INCOMPLETE, NOT_OFFERED
from workflows.since import APART, OPENED_FIRST

if TYPE_CHECKING:
    from workflows.case import Case


def answer(case: "Case", act: Act) -> Reply:
    """Take an answer, unless something speaks against it: then it is said what."""
    ask = case.asks.get(act.ask or "")
    if ask is None:
        return Reply(says="not_asked")
    judged = ask.judge(act, case.request, case.own)
    if isinstance(judged, Reply):
        return judged
    if act.verdict is Verdict.RETURN and case.opening.process.changes is None:
        return NOT_OFFERED
    if case.disputed:
        return HELD
    if isinstance(judged[-1], Approved) and _still_to_open(case) and case.since(OPENED_FIRST):
        return Reply(says="not_opened")
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


def _still_to_open(case: "Case") -> bool:
    """Return whether somebody would sign before they have opened what has to be opened first (ACK-14, ACK-18)."""
    campaign = case.opening.process.campaign
    return case.opening.process.story == "signature" and bool(still_to_open(campaign, case.opened))


def _count_once(case: "Case", ask: Ask, person: str) -> None:
    """Take whoever answered for one seat of a step out of its other seats: nobody counts twice."""
    if not isinstance(ask.decision, Approved) or not isinstance(ask.step, Step) or ask.step.needs == "any":
        return
    for other in case.open_asks():
        if other.step.key == ask.step.key:
            reaching.take_out(case, other, person, "people_changed")


def _send_back(case: "Case", ask: Ask, act: Act) -> Reply:
    """Send the request back to its author: the form does not hold any more (SITE-28, SITE-32)."""
    if case.opening.process.changes is not None:
        case.record(RequestUnfit(ask=ask.id, step=ask.step.key, by=act.person, faults=act.unfit))
        case.interrupt(Answer(ending="sent_back"))
    return Reply(says="unfit")


def step_aside(case: "Case", act: Act) -> Reply:
    """Take somebody out who has a conflict of interest; what they decided before stays."""
    if act.ask is None and case.opening.process.confidential:
        return _step_out(case, act)
    ask = case.asks.get(act.ask or "")
    if ask is None or ask.is_for_changes or ask.reaches(act.person) is None:
        return Reply(says="not_asked")
    if not ask.is_open:
        return CLOSED
    if ask.reach.fixed is not None:
        return NOT_OFFERED
    if is_blank(act.comment):
        return INCOMPLETE
    if isinstance(ask.step, Step) and ask.step.sign_in and act.how != "session":
        return Reply(says="sign_in")
    if case.opening.process.story == "site_life" and isinstance(ask.step, Step) and case.since(APART):
        return _step_aside_from_a_change(case, act)
    case.set_apart |= {act.person}
    if case.opening.process.confidential:
        case.recused |= {act.person}
    for one in case.open_asks():
        if not one.is_for_changes:
            reaching.take_out(case, one, act.person, "stepped_aside", act.person, act.comment)
    case.tell(ASIDE_MAIL, "decider", "administrators")
    return DONE


def _step_aside_from_a_change(case: "Case", act: Act) -> Reply:
    """Take somebody out of what is being decided about a site, and out of nothing else of it."""
    case.apart |= {act.person}
    for one in case.open_asks():
        if isinstance(one.step, Step):
            reaching.take_out(case, one, act.person, "stepped_aside", act.person, act.comment)
    case.tell(ASIDE_MAIL, "decider", "administrators")
    return DONE


def _step_out(case: "Case", act: Act) -> Reply:
    """Take somebody out of a confidential case, whatever they are asked in it now: who sees to it may be asked nothing.

    Source: Merchant Taylors' Oxfordshire Academy Trust, Principles (PLAT-06); Newall Green 6.24 (ALLEG-11).
    """
    if not any(ask.reaches(act.person) for ask in case.live_asks()):
        return Reply(says="not_asked")
    if is_blank(act.comment):
        return INCOMPLETE
    if act.how != "session":
        return Reply(says="sign_in")
    case.set_apart |= {act.person}
    case.recused |= {act.person}
    for ask in case.live_asks():
        reaching.take_out(case, ask, act.person, "stepped_aside", act.person, act.comment)
    return DONE


def dispute(case: "Case", act: Act) -> Reply:
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
        return DONE
    case.record(DecisionDisputed(ask=ask.id, step=ask.step.key, by=act.person, how=act.how))
    if not approvals.still_counts(case, ask):
        case.tell(QUESTIONED_MAIL, "administrators")
        return DONE
    case.disputed = (*case.disputed, ask.id)
    case.held_at = case.held_at or case.now()
    case.tell(DISPUTED_MAIL, "administrators")
    case.tell(HELD_MAIL, "asked", "author", "starter")
    return DONE


def _dispute_of_before(case: "Case", act: Act) -> Reply:
    """Put an answer under question on the record that was given before the case began again.

    That it was given in their name, and to which step, the door has seen on record: the case does not know of it.
    """
    if not any(isinstance(event, DecisionDisputed) and event.ask == act.ask for event in case.past):
        case.record(DecisionDisputed(ask=act.ask or "", step=act.comment, by=act.person, how=act.how))
        case.tell(QUESTIONED_MAIL, "administrators")
    return DONE


def open_reading(case: "Case", act: Act) -> Reply:
    """Put on record that whoever is to sign opened what there is to read besides; once is enough."""
    campaign = case.opening.process.campaign
    reading = campaign.reading(act.reading) if campaign is not None else None
    if reading is None or case.opening.process.story != "signature":
        return NOT_OFFERED
    ask = case.asks.get(act.ask or "")
    if ask is None or ask.reaches(act.person) is None:
        return Reply(says="not_asked")
    if not ask.is_open:
        return CLOSED
    if reading.key in case.opened:
        return Reply(says="unchanged")
    case.record(
        ReadingOpened(by=act.person, how=act.how, reading=reading.key, title=reading.title, edition=reading.edition)
    )
    case.opened |= {reading.key}
    case.tell_on()
    return DONE
