"""Why what comes round waits while nobody is asked for anything, and how it ended, in one plain sentence."""

from collections.abc import Sequence
from datetime import date
from typing import Final

from domain.calendar import local_day
from domain.cases import Standing
from domain.events import Recorded
from domain.pack import Process, Story
from domain.round_entries import RollCalled
from domain.round_mails import COMING
from domain.words import day_in_words

ROUND_ENDINGS: Final[dict[Story, dict[str, str]]] = {
    "site_life": {
        "closed": "This waits for nothing: the site was closed, and that was put on record on {day}.",
        "cancelled": "This waits for nothing: an administrator ended it on {day}. The site is looked after no more.",
    },
    "review": {
        "refused": "This waits for nothing: it ended on {day}, because a rule of the policy forbade the new version.",
        "again": "This waits for nothing: the new version was approved, and the way to its next review begins.",
    },
    "acknowledgement": {
        "closed": "This waits for nothing: since {day} nobody is asked to sign any more. What was signed stands.",
        "superseded": "This waits for nothing: a new version is to be signed since {day}. What was signed stands.",
        "again": "This waits for its roll to be called: look again in a moment.",
    },
    "signature": {
        "signed": "This waits for nothing: it was signed on {day}.",
        "declined": "This waits for nothing: whoever was to sign it declined on {day}, and the reason is below.",
        "called_off": "This waits for nothing: since {day} nobody has to sign it any more.",
    },
    "question": {
        "answered": "This waits for nothing: it was answered on {day}, and the answer is below.",
        "withdrawn": "This waits for nothing: it was withdrawn on {day}. Another question may be asked.",
    },
}
"""How it ended, by the outcome."""


def until_the_next(process: Process, standing: Standing, history: Sequence[Recorded], today: date) -> str:
    """Return until when nothing is to be done and what comes then, as a sentence without a full stop."""
    if process.story == "acknowledgement":
        return _signatures(history)
    coming = sorted((one.day, one.what) for one in standing.dates or () if one.day >= today)
    due = f"{_lowered(COMING[coming[0][1]])} on {day_in_words(coming[0][0])}" if coming else ""
    if process.story == "review" and standing.next_at is not None:
        asked = day_in_words(local_day(standing.next_at))
        said = f"This waits for nothing until {asked}: whoever owns the document is told then"
        return f"{said}, because {due}" if due else said
    if not due:
        return "This waits for nothing: nobody is asked for anything now, and no date is to come"
    return f"This waits for nothing now: next, {due}"


def _signatures(history: Sequence[Recorded]) -> str:
    """Return how many people are waited for."""
    roll = next((said.event for said in reversed(history) if isinstance(said.event, RollCalled)), None)
    if roll is None:
        return "This waits for its roll to be called: look again in a moment"
    if not roll.waiting:
        return "This waits for nobody: everybody who was asked has signed, declined or left, and new people are asked"
    when = f"{roll.waiting} of {roll.asked} when its roll was last called"
    return f"This waits for those who have not signed, {when}: each is asked in their own case"


def _lowered(text: str) -> str:
    return text[:1].lower() + text[1:]
