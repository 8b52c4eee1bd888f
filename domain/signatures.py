"""Signing a document: what has to be typed before a name stands under it, and what is said where it cannot be."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final, Literal

from domain.deciding import LONGEST_COMMENT, LONGEST_NAME, Typed
from domain.events import Recorded, Verdict
from domain.forms import Fault
from domain.pack import Campaign, Reading
from domain.round_entries import ReadingOpened
from domain.text import is_blank

NotSigned = Literal["signed", "declined", "superseded", "again", "closed", "left", "ended"]
"""Why a document cannot be signed here: they did already or said that they do not, a new version is to be signed,
they are asked again because a new term began or what they said is void, nobody is asked any more, they are not asked
any more, or the link is an old one."""

WHY_NOT: Final[dict[NotSigned, tuple[str, str]]] = {
    "signed": ("You have signed this", "Your signature is on record, and this link does no more. Sign in to see it."),
    "declined": (
        "You have said that you do not sign this",
        "That is on record, and this link does no more. If you want to sign after all, speak to whoever asked you.",
    ),
    "superseded": (
        "There is a new version to sign",
        "This link was for the version before, which nobody signs any more. We send you an e-mail with the new one.",
    ),
    "again": (
        "You are asked again",
        "This link was for the last time that you were asked. We send you an e-mail with the new one.",
    ),
    "closed": (
        "Nobody is asked to sign this any more",
        "The school has ended it. What was signed stands, and there is nothing for you to do.",
    ),
    "left": ("You are not asked to sign this any more", "There is nothing for you to do."),
    "ended": ("This link is no longer needed", "There is nothing for you to do."),
}
"""What is said to whoever comes in vain: a heading and a sentence, and nothing of what was to be signed."""


def opened_by(person: str, history: Sequence[Recorded]) -> dict[str, datetime]:
    """Return when `person` first opened each reading, by its key."""
    opened: dict[str, datetime] = {}
    for said in history:
        if isinstance(said.event, ReadingOpened) and said.event.by == person:
            opened.setdefault(said.event.reading, said.at)
    return opened


def still_to_open(campaign: Campaign | None, opened: Collection[str]) -> tuple[Reading, ...]:
    """Return the readings without which nobody signs, and that are not among those `opened`.

    Source: Newall Green 12.3 and 12.5 (ACK-14, ACK-18).
    """
    if campaign is None or not campaign.open_first:
        return ()
    return tuple(reading for reading in campaign.readings if reading.key not in opened)


def unready_to_read_over(typed: Typed, unread: Sequence[Reading] = ()) -> tuple[Fault, ...]:
    """Return all that keeps a signature from being read over once more: no name, or no reason not to sign.

    Nor is anything signed before what is `unread` was opened; whoever does not sign need not open it.

    Source: Redhill, appendix 1; Cadmus, last page; Newall Green 12.5 (ACK-01, ACK-08, ACK-18).
    """
    match typed.verdict:
        case Verdict.APPROVE if unread:
            return tuple(Fault(field="readings", message=f"Open “{one.title}” before you sign") for one in unread)
        case Verdict.APPROVE:
            return _unready_name(typed)
        case Verdict.REJECT if is_blank(typed.comment):
            return (Fault(field="comment", message="Say why you do not sign"),)
        case Verdict.REJECT if len(typed.comment) > LONGEST_COMMENT:
            return (Fault(field="comment", message=f"Your reason must be {LONGEST_COMMENT} characters or fewer"),)
        case Verdict.REJECT:
            return ()
        case _:
            return (Fault(field="signature", message="Say whether you sign"),)


def unready_to_put_name(typed: Typed, unread: Sequence[Reading] = ()) -> tuple[Fault, ...]:
    """Return all that keeps a signature, or that somebody does not sign, from being recorded: both need a name."""
    faults = unready_to_read_over(typed, unread)
    return faults if typed.verdict is Verdict.APPROVE else (*faults, *_unready_name(typed))


def _unready_name(typed: Typed) -> tuple[Fault, ...]:
    if is_blank(typed.signature):
        return (Fault(field="signature", message="Type your full name"),)
    if len(typed.signature) > LONGEST_NAME:
        return (Fault(field="signature", message=f"Your name must be {LONGEST_NAME} characters or fewer"),)
    return ()
