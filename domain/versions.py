"""What became of a request after it was sent: every change of it, and what sent it back to its author."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TypeAlias

from domain.base import Frozen
from domain.events import (
    AnyEvent,
    AskClosed,
    DatePassed,
    HoldReleased,
    Recorded,
    RequestEdited,
    RequestSubmitted,
    RequestUnfit,
    Returned,
)
from domain.fields import Value
from domain.forms import Answers, Form
from domain.round_days import CLOSES_LATER, closes_on_another_day
from domain.round_entries import ChangeTurnedDown, SiteChanged

SentBack: TypeAlias = Returned | RequestUnfit | DatePassed
"""The events after which the request waits for its author."""


class Change(Frozen):
    """One change of a request: who made it when, what it became, and the answers before and after."""

    edition: int
    version: int
    material: bool
    by: str
    at: datetime
    before: dict[str, Value]
    after: dict[str, Value]


def changes_of(history: Sequence[Recorded], begun: Answers | None = None) -> tuple[Change, ...]:
    """Return every change of the request, oldest first; `begun` is what it said where nobody sent it."""
    changes: list[Change] = []
    answers: dict[str, Value] = dict(begun or {})
    for said in history:
        event = said.event
        if isinstance(event, RequestEdited):
            changes.append(
                Change(
                    edition=event.edition,
                    version=event.version,
                    material=event.material,
                    by=event.by,
                    at=said.at,
                    before=answers,
                    after=event.answers,
                )
            )
        if isinstance(event, RequestSubmitted | RequestEdited | ChangeTurnedDown):
            answers = event.answers
    return tuple(changes)


def as_approved(events: Iterable[AnyEvent], begun: Answers) -> dict[str, Value]:
    """Return what was last approved of what is nobody's request, and began with the answers `begun`.

    What needs no approval counts at once, and nothing else that is proposed with it. Where an answer that approved the
    latest change is found to be void, what stood before it stands, until it is decided anew.
    """
    return as_they_stand(events, begun, begun)[1]


def as_they_stand(
    events: Iterable[AnyEvent], stood: Answers, stands: Answers
) -> tuple[dict[str, Value], dict[str, Value]]:
    """Return what stood before the latest change was approved, and what stands since: before `events`, the two given.

    No change waited for its approval before `events`.
    """
    before, approved, proposed = dict(stood), dict(stands), dict(stands)
    pending = False
    for event in events:
        match event:
            case RequestEdited(answers=answers, material=True):
                proposed, pending = dict(answers), True
            case RequestEdited(answers=answers, changed=changed):
                before, approved = (_with(one, answers, changed) for one in (before, approved))
                proposed = dict(answers)
            case SiteChanged():
                before, approved, pending = approved, proposed, False
            case ChangeTurnedDown(answers=answers):
                before = approved = proposed = dict(answers)
                pending = False
            case HoldReleased(stands=False) if not pending:
                approved, pending = before, True
            case _:
                pass
    return before, approved


def _with(answers: Answers, other: Answers, keys: Iterable[str]) -> dict[str, Value]:
    """Return `answers`, with those of `other` to the questions `keys`."""
    kept = {key: value for key, value in answers.items() if key not in keys}
    return kept | {key: other[key] for key in keys if key in other}


def of_a_change(form: Form, before: Mapping[str, object], after: Mapping[str, object]) -> Form:
    """Return `form` as it is checked when something is changed that was approved long ago.

    A day that had to lie ahead, and stays as it was approved, need not lie ahead any more; another day of closing has
    to, whatever the form says. Before and after, all is as it was typed, or all as it was read.
    """
    kept = (
        rule
        for rule in form.rules
        if getattr(rule, "other", "") != "today" or before.get(rule.field) != after.get(rule.field)
    )
    more = (CLOSES_LATER,) if closes_on_another_day(before, after) else ()
    return form.model_copy(update={"rules": (*kept, *more)})


def changed_answers(before: Answers, after: Answers) -> frozenset[str]:
    """Return the questions whose answer is another one, or is there only before or only after."""
    return frozenset(key for key in {*before, *after} if before.get(key) != after.get(key))


def voids_approvals(changed: Iterable[str], immaterial: Iterable[str]) -> bool:
    """Return whether approvals are void when the answers to `changed` change: one of them is material."""
    return not set(changed) <= set(immaterial)


def sent_back_by(history: Sequence[Recorded], changes: str) -> Recorded | None:
    """Return what sent the request back to its author, or None where it does not wait for them.

    `changes` is the key of the step in which the author is asked.
    """
    latest: Recorded | None = None
    for said in history:
        if isinstance(said.event, SentBack):
            latest = said
        elif isinstance(said.event, RequestEdited) or (
            isinstance(said.event, AskClosed) and said.event.step == changes
        ):
            latest = None
    return latest
