"""What Duly itself does in a case, out of its lookout and its commands: nobody else may."""

from contextlib import suppress
from typing import TYPE_CHECKING

from domain.calendar import CalendarTooShortError, days_between, local_day
from domain.cases import Act, Reply
from domain.entries import CaseHalted
from domain.events import PackChanged
from domain.round_entries import CalendarChanged, CampaignSuperseded, SignatureCalledOff
from domain.telling_entries import DULY
from domain.text import is_blank
from workflows import clockwork, going_on, reaching
from workflows.acts_of_administrators import has_no_part
from workflows.ask import Answer
from workflows.mails import COMING_MAIL, MOVED_MAIL
from workflows.replies import DONE, HELD, INCOMPLETE, NOT_OFFERED

if TYPE_CHECKING:
    from workflows.case import Case


def look_up(case: "Case", act: Act) -> Reply:
    """Look up anew whom an ask reaches, because people, seats or absences changed."""
    ask = case.asks.get(act.ask or "")
    if ask is None or ask not in case.live_asks() or act.how != "duly":
        return NOT_OFFERED
    reaching.move(case, ask, "people_changed")
    return DONE


def halt(case: "Case", act: Act) -> Reply:
    """Have a case stand still that was opened out of another, because that does not permit it any more."""
    if act.how != "duly" or case.opening.parent is None:
        return NOT_OFFERED
    case.record(CaseHalted())
    case.tell_those_in_it()
    case.tell_on()
    return DONE


def call_roll(case: "Case", act: Act) -> Reply:
    """Have the roll called, because people came, left, or signed."""
    if act.how != "duly" or case.opening.process.story != "acknowledgement":
        return NOT_OFFERED
    case.calls += 1
    case.tell_on()
    return DONE


def call_off(case: "Case", act: Act) -> Reply:
    """Call off what nobody has to sign any more: a campaign that is superseded, or one person's signature."""
    if act.how != "duly":
        return NOT_OFFERED
    match case.opening.process.story, act.comment:
        case "acknowledgement", "superseded":
            case.record(CampaignSuperseded())
            case.tell_on()
        case "signature", ("left" | "superseded" | "closed") as why:
            case.record(SignatureCalledOff(why=why))
            case.interrupt(Answer(ending="cancelled"))
        case _:
            return NOT_OFFERED
    return DONE


def recalendar(case: "Case", act: Act) -> Reply:
    """Go by a calendar that was brought up to date; what is due on another day now is told to those who are asked.

    What else comes on another day is told with that, and by itself to whoever else is asked, or looks after the case.
    """
    if act.how != "duly" or act.calendar is None:
        return NOT_OFFERED
    if act.calendar == case.opening.calendar:
        return Reply(says="unchanged")
    moved = clockwork.go_by(case, act.calendar)
    case.record(CalendarChanged(moved=tuple(ask.id for ask in moved), coming=act.coming))
    for ask in moved:
        case.mail_asked(MOVED_MAIL, ask)
    if act.coming:
        asked = case.open_asks()
        for ask in asked:
            if ask not in moved:
                case.mail_asked(COMING_MAIL, ask)
        told = {ask.seat for ask in asked}
        seats = [seat for seat in _looking_after(case) if seat not in told]
        if seats:
            case.tell(COMING_MAIL, *seats)
    case.tell_on()
    return DONE


def _looking_after(case: "Case") -> tuple[str, ...]:
    """Return the seats that look after a site or a document; none of what only those see to who are asked."""
    process = case.opening.process
    if process.cycle is not None:
        return (process.cycle.owner,)
    if process.story != "site_life":
        return ()
    return tuple(dict.fromkeys(task.seat for task in (*process.tasks, *process.rounds)))


def told(case: "Case", act: Act) -> Reply:
    """Let a clock that runs from being told begin when the mail was delivered."""
    ask = case.asks.get(act.ask or "")
    if ask is None or not ask.is_open or act.at is None or act.how != "duly" or not ask.step.runs_from_told:
        return NOT_OFFERED
    days = days_between(local_day(ask.opened_at), local_day(act.at), case.opening.calendar, ask.step.pauses_in_holidays)
    if days and not ask.told:
        with suppress(CalendarTooShortError):
            clockwork.give(case, ask, days)
    ask.told = True
    return DONE


def move_on(case: "Case", act: Act) -> Reply:
    """Have the case go by another pack: an approval stays as long as its step still signs the same words.

    Who is asked to decide is asked again under the new pack; its author goes on being asked for changes. An
    administrator moves no case in which they have a part; once it was said to be Duly, whoever wanted it.
    """
    opening, pack = case.opening, act.pack
    if pack is None or act.how != "duly" or pack.process.key != opening.process.key:
        return NOT_OFFERED
    if act.person != DULY and not has_no_part(case, act.person):
        return NOT_OFFERED
    if is_blank(act.comment):
        return INCOMPLETE
    if case.disputed:
        return HELD
    if pack.pack_digest == opening.pack_digest:
        return Reply(says="unchanged")
    moved = PackChanged(by=act.person, comment=act.comment, old=opening.pack_digest, new=pack.pack_digest)
    refused = case.record_all([moved], act.person)
    if refused is not None:
        return Reply(says="refused", clause=refused)
    case.opening = case.opening.model_copy(update=dict(pack))
    case.turn.opening = going_on.on_record(case.opening)
    if pack.process.changes is None or not reaching.author_is_asked(case):
        case.interrupt(Answer(ending="moved_on"))
    return DONE
