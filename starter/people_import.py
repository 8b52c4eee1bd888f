"""Bringing the people of a CSV file into the directory: what one person may change at once, and the rest proposed."""

import uuid
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy.ext.asyncio import AsyncSession

from domain.calendar import local_day
from domain.pack import Pack
from domain.people import Directory, Person
from domain.people_import import read_people
from domain.power import ENOUGH_ADMINISTRATORS, Split, proposers, split
from domain.text import fold_email
from store import links, people, power, sessions

_AT_A_TIME: Final = 50


class Brought(NamedTuple):
    """What came of a file: how many people came, changed and stayed as they were, and how many of its changes wait.

    `alone` is whether the directory now has fewer than two administrators.
    """

    new: int
    changed: int
    unchanged: int
    applied: int
    waiting: int
    alone: bool


class NotProposedError(ValueError):
    """A file changes powers, and nobody is named who may propose that; nothing was changed."""


async def bring_in(
    session: AsyncSession,
    pack: Pack,
    content: bytes,
    at: datetime,
    progress: Callable[[int, int], None] = lambda saved, total: None,
    *,
    by: str = "",
    why: str = "",
) -> Brought:
    """Put the people of the CSV file `content` into the directory of the organisation of `pack`; return what came.

    Into an empty directory all of it comes at once. After that, changes of power are proposed in the name of whoever
    has the address `by`, for the reason `why`, and wait for a second person; everything else comes at once. Whoever
    has left by `at` is signed out and loses every open link. `progress` is told how many people are saved, and of how
    many.

    Raises:
        FaultyPeopleError: something is wrong with the file; nothing was changed.
        NotProposedError: it changes powers, and `by` is nobody who may propose that; nothing was changed.
    """
    organisation = pack.organisation.key
    await people.alone(session, organisation)
    before = await people.directory(session, organisation)
    proposer = _proposer(by, before, at) if before.people else None
    elsewhere = await people.addresses_elsewhere(session, organisation)
    arriving = await power.arriving(session, organisation, at)
    brought = read_people(content, pack, before, elsewhere, lambda: f"p-{uuid.uuid4().hex}", arriving)
    everybody = (*brought.new, *brought.changed, *brought.unchanged)
    parts = Split(now=everybody, waiting=(), applied=len(everybody))
    if before.people:
        parts = split(everybody, before, await power.former_addresses(session))
        await _propose(session, pack, everybody, parts, proposer, at, why)
    await _save(session, parts.now, progress)
    await _shut_out_leavers(session, parts.now, at)
    new = sum(before.person(person.id) is None for person in parts.now)
    changed = len(parts.now) - new
    known = sum(before.person(person.id) is not None for person in everybody)
    after = await people.directory(session, organisation)
    administrators = sum(person.administrator and person.is_active(local_day(at)) for person in after.people)
    return Brought(
        new, changed, known - changed, parts.applied, len(parts.waiting), alone=administrators < ENOUGH_ADMINISTRATORS
    )


def _proposer(by: str, directory: Directory, at: datetime) -> Person | None:
    """Return who has the address `by`; None where nobody is named.

    Raises:
        NotProposedError: it is nobody who may propose a change of power.
    """
    if not by:
        return None
    may = proposers(directory, local_day(at))
    found = next((person for person in may if fold_email(person.email) == fold_email(by)), None)
    if found is None:
        msg = f"--by should be the address of an administrator who is here now, and {by} is not; nothing was changed"
        raise NotProposedError(msg)
    return found


async def _propose(
    session: AsyncSession, pack: Pack, read: Sequence[Person], parts: Split, by: Person | None, at: datetime, why: str
) -> None:
    """Have the changes of power wait that do not wait yet; what an earlier file wanted otherwise waits no more."""
    fresh = await power.not_waiting(session, pack.organisation.key, parts.waiting, at)
    if fresh and by is None:
        some = "1 change needs" if len(fresh) == 1 else f"{len(fresh)} changes need"
        msg = f"{some} a second person: name with --by the administrator who is the first; nothing was changed"
        raise NotProposedError(msg)
    await power.withdraw(session, pack.organisation.key, read, parts.waiting, by=by.id if by else None, at=at)
    if fresh and by is not None:
        await power.propose(session, pack.organisation, fresh, by=by.id, at=at, why=why, by_file=True)


async def _save(session: AsyncSession, saving: Sequence[Person], progress: Callable[[int, int], None]) -> None:
    progress(0, len(saving))
    for start in range(0, len(saving), _AT_A_TIME):
        part = saving[start : start + _AT_A_TIME]
        await people.save(session, part)
        progress(start + len(part), len(saving))


async def _shut_out_leavers(session: AsyncSession, now: Sequence[Person], at: datetime) -> None:
    left = tuple(person.id for person in now if not person.is_active(local_day(at)))
    await sessions.end_all(session, left)
    await links.close_all(session, left, at)
