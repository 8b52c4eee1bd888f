"""Whom an ask reaches: found in the directory as it stands when the ask opens, is escalated, or is looked up anew."""

from datetime import date
from typing import TypeAlias

from domain.events import AskMoved, AskOpened, Escalated
from domain.people import Asked, Directory, who_is_asked

Reaching: TypeAlias = AskOpened | AskMoved | Escalated
"""The events after which an ask may reach other people."""

AUTHOR = "author"
"""The seat of whoever wrote the request, who is asked for changes."""

SIGNER = "signer"
"""The seat of whoever signs for themselves, and nobody in their place."""


def reached_by(
    event: Reaching,
    before: tuple[Asked, ...],
    own: frozenset[str],
    school: str,
    directory: Directory,
    day: date,
) -> tuple[Asked, ...]:
    """Return everybody whom the ask of `event` reaches from now on; `before` are those whom it had reached.

    Somebody whom an escalated ask had reached before goes on being asked. Nobody in `event.excluded` ever is, nor whose
    `own` the request is: they are asked for changes, and for nothing else.
    """
    excluded = frozenset(event.excluded) | own
    if isinstance(event, Escalated):
        return (*before, *_further(event.to, before, excluded, school, directory, day))
    if event.asked is not None:
        return still_there(event.asked, directory, day)
    return whom(
        event.ladder,
        event.also if isinstance(event, AskMoved) else (),
        event.named,
        excluded,
        school,
        directory,
        day,
    )


def whom(
    ladder: tuple[str, ...],
    also: tuple[str, ...],
    named: str | None,
    excluded: frozenset[str],
    school: str,
    directory: Directory,
    day: date,
) -> tuple[Asked, ...]:
    """Return whom an ask of `ladder` reaches, with those of the seats `also`, to which it was escalated."""
    first = who_is_asked(ladder, school, named, directory, day, excluded)
    return (*first, *_further(also, first, excluded, school, directory, day))


def still_there(fixed: tuple[Asked, ...], directory: Directory, day: date) -> tuple[Asked, ...]:
    """Return those of `fixed`, whom no seat decides, who have not left by `day`."""
    return tuple(one for one in fixed if (person := directory.person(one.person)) and person.is_active(day))


def _further(
    ladder: tuple[str, ...],
    before: tuple[Asked, ...],
    excluded: frozenset[str],
    school: str,
    directory: Directory,
    day: date,
) -> tuple[Asked, ...]:
    """Return those of the first seat of `ladder` that reaches anybody who is not asked yet."""
    if not ladder:
        return ()
    return who_is_asked(ladder, school, None, directory, day, excluded | {one.person for one in before})
