"""Bringing the people of a CSV file into the directory: all of them, or none."""

import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from domain.calendar import local_day
from domain.pack import Pack
from domain.people_import import PeopleImport, read_people
from store import asks, links, people, sessions

_AT_A_TIME: Final = 50


async def bring_in(
    session: AsyncSession,
    pack: Pack,
    content: bytes,
    at: datetime,
    progress: Callable[[int, int], None] = lambda saved, total: None,
) -> PeopleImport:
    """Put the people of the CSV file `content` into the directory of the organisation of `pack`; return what came.

    Whoever has left by `at`, or has another address than before, is signed out and loses every open link. What waits
    for somebody at another address is queued to be mailed there.
    `progress` is told how many people are saved, and of how many.

    Raises:
        FaultyPeopleError: something is wrong with the file; nothing was changed.
    """
    organisation = pack.organisation.key
    before = await people.directory(session, organisation)
    elsewhere = await people.addresses_elsewhere(session, organisation)
    brought = read_people(content, pack, before, elsewhere, lambda: f"p-{uuid.uuid4().hex}")
    saving = (*brought.new, *brought.changed)
    progress(0, len(saving))
    for start in range(0, len(saving), _AT_A_TIME):
        part = saving[start : start + _AT_A_TIME]
        await people.save(session, part)
        progress(start + len(part), len(saving))
    addresses = {person.id: person.email for person in before.people}
    moved = {person.id for person in brought.changed if addresses[person.id] != person.email}
    left = {person.id for person in brought.changed if not person.is_active(local_day(at))}
    locked_out = tuple(moved | left)
    await sessions.end_all(session, locked_out)
    await links.close_all(session, locked_out, at)
    for person in sorted(moved - left):
        await asks.mail_again(session, person, at.isoformat(), at)
    return brought
