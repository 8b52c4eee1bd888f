"""What people can do in a case, whatever its process: one function for each kind of act.

Each looks at the case as it stands, records what the act means, and says what came of it; what does not count changes
nothing. Who somebody is, and that they are an administrator, the door has seen to.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from domain.cases import Act, ActKind, Reply
from domain.round_entries import PostModerated
from workflows import acts_of_administrators, acts_of_duly, acts_of_the_asked, acts_of_the_author, rounds
from workflows.acts_on_record import record
from workflows.replies import CLOSED, NOT_OFFERED
from workflows.since import GOES_ON

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
        return NOT_OFFERED
    if case.opening.process.confidential and act.kind not in _CONFIDENTIAL:
        return NOT_OFFERED
    if act.kind == "answer":
        return acts_of_the_asked.answer(case, act)
    if case.outcome is not None:
        return CLOSED
    return _ACTS[act.kind](case, act)


def _brings_to_an_end(case: "Case", act: Act) -> bool:
    """Return whether a case takes `act` that is nearly full: it ends by it, or comes to where it begins again."""
    if act.kind == "answer":
        return case.opening.process.story == "site_life" and case.since(GOES_ON)
    return act.kind in _ALWAYS and not isinstance(act.entry, PostModerated)


_ACTS: Final[dict[ActKind, Callable[["Case", Act], Reply]]] = {
    "withdraw": acts_of_the_author.end,
    "edit": acts_of_the_author.edit,
    "nudge": acts_of_the_author.nudge,
    "step_aside": acts_of_the_asked.step_aside,
    "dispute": acts_of_the_asked.dispute,
    "reassign": acts_of_administrators.reassign,
    "remind": acts_of_administrators.remind,
    "extend": acts_of_administrators.extend,
    "cancel": acts_of_administrators.cancel,
    "release": acts_of_administrators.release,
    "look_up": acts_of_duly.look_up,
    "told": acts_of_duly.told,
    "move_on": acts_of_duly.move_on,
    "record": record,
    "halt": acts_of_duly.halt,
    "cover": rounds.take_cover,
    "call_roll": acts_of_duly.call_roll,
    "call_off": acts_of_duly.call_off,
    "recalendar": acts_of_duly.recalendar,
    "open": acts_of_the_asked.open_reading,
}
