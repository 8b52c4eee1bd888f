"""The steps of putting something on record, which are the same in what comes round and in confidence.

A form is filled in, checked, and sent; whoever sent it waits a moment until it is seen on record.
"""

import asyncio
import re
import secrets
from collections.abc import Awaitable, Callable, Iterable
from typing import Final, NamedTuple, TypeVar

from domain.events import Recorded, StepRefused
from domain.fields import Question
from domain.forms import Form
from starter.web.reading import Pairs, UnreadableBodyError, only
from starter.web.showing import first_input

T = TypeVar("T")

_DRAW: Final = 16
_OCCASION: Final = re.compile(r"[A-Za-z0-9_-]{16,64}")
_OWN: Final = ("stage", "occasion")
_STAGES: Final = frozenset({"review", "change", "confirm"})
_PATIENCE: Final = 1.0
_LOOKS: Final = 20
"""For how long somebody waits for the record to catch up, in seconds, and how often it is looked at meanwhile."""


class Sent(NamedTuple):
    """One step of recording as it was sent: which, on which occasion, and what was typed."""

    stage: str
    occasion: str
    typed: list[tuple[str, str]]


def sent_of(pairs: Pairs) -> Sent:
    """Return the step that somebody sent.

    Raises:
        UnreadableBodyError: it is none that is on the page.
    """
    own = only(tuple(pair for pair in pairs if pair[0] in _OWN), _OWN)
    if own["stage"] not in _STAGES or not _OCCASION.fullmatch(own["occasion"]):
        why = "the form has a step that is not on the page"
        raise UnreadableBodyError(why, 422)
    return Sent(own["stage"], own["occasion"], [pair for pair in pairs if pair[0] not in _OWN])


def new_occasion() -> str:
    """Return what tells one filling in of a form from every other."""
    return secrets.token_urlsafe(_DRAW)


def of_this_try(occasion: str, history: Iterable[Recorded]) -> str:
    """Return the occasion of an act: a repeated act gets its old reply, and what was refused may be tried again."""
    return f"{occasion}|{sum(isinstance(said.event, StepRefused) for said in history)}"


async def once_on_record(look: Callable[[], Awaitable[T | None]]) -> T | None:
    """Return what `look` finds, as soon as it finds anything; None where the record does not catch up in time."""
    for _ in range(_LOOKS):
        found = await look()
        if found is not None:
            return found
        await asyncio.sleep(_PATIENCE / _LOOKS)
    return None


def places_of(form: Form) -> dict[str, str]:
    """Return where on the page each question is, and the form itself, for the errors that lead there."""
    questions: Iterable[Question] = form.questions()
    return {question.key: first_input(question) for question in questions} | {"form": "form"}
