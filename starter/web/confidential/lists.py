"""What lists say of confidential work: your own, once you have confirmed that it is you; and whether it is in order."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from domain.access import ConfidentialAccess, allow
from domain.telling_entries import ENDINGS
from domain.words import listed
from starter.web.confidential.emergencies import is_custodian
from starter.web.confirming import needs_strong
from starter.web.page import Page, Visit
from store import people
from store.confidential import Confidential, access_of, has_closed_ones, health, of_person


@dataclass(frozen=True)
class Waiting:
    """A confidential case in which something waits for the visitor, or which they may read; `due` is until when."""

    reference: str
    title: str
    due: datetime | None = None


@dataclass(frozen=True)
class Work:
    """What of confidential cases waits for somebody, and whether any of theirs is `closed`.

    A custodian can open one in an emergency, with another.
    """

    waiting: list[Waiting]
    custodian: bool
    closed: bool


@dataclass(frozen=True)
class Closed:
    """A confidential case that has ended, and that the visitor may still read."""

    reference: str
    title: str
    how: str
    at: datetime


async def confidential_work(visit: Visit, session: AsyncSession) -> Work | None:
    """Return what of confidential cases waits for the visitor, the soonest due first, then what they may read.

    None where they have not confirmed that it is them: then it is not even known whether there is any.
    """
    if not visit.viewer.strong:
        return None
    directory = await people.directory(session, visit.person.organisation)
    found = []
    for case in await of_person(session, visit.site.keys, visit.person.id):
        access = access_of(case, directory, visit.site.clock())
        if allow(visit.viewer, "see", access):
            found += _waiting(visit, case) or [_to_read(visit, case, access)]
    found.sort(key=lambda one: (one.due is None, one.due or visit.site.clock(), one.reference))
    closed = await has_closed_ones(session, visit.site.keys, visit.person.id)
    return Work(found, is_custodian(visit, directory), closed)


async def c_closed(visit: Visit) -> Response:
    """Show the closed cases that the visitor may still read: those that they saw to last, or are told of."""
    asked = needs_strong(visit)
    if asked is not None:
        return asked
    now, closed = visit.site.clock(), list[Closed]()
    async with visit.site.db.read() as session:
        directory = await people.directory(session, visit.person.organisation)
        for case in await of_person(session, visit.site.keys, visit.person.id, closed=True):
            if allow(visit.viewer, "see", access_of(case, directory, now)):
                outcome = case.standing.outcome or ""
                how, at = ENDINGS.get(outcome, outcome), case.row.closed_at or case.row.changed_at
                closed.append(Closed(case.row.reference, case.opening.process.title, how, at))
    return visit.show("c_closed.html", closed=closed)


def _waiting(visit: Visit, case: Confidential) -> list[Waiting]:
    mine = [
        ask for ask in case.standing.asks if any(one.person == visit.person.id for one in case.asked.get(ask.ask, ()))
    ]
    reference, process = case.row.reference, case.opening.process
    return [
        Waiting(reference, clocks.title if (clocks := process.clocks(ask.step)) else ask.step, ask.due) for ask in mine
    ]


def _to_read(visit: Visit, case: Confidential, access: ConfidentialAccess) -> Waiting:
    sees_to_it = visit.person.id in access.managers
    return Waiting(case.row.reference, "you see to it, and nothing is due" if sees_to_it else "you may read it")


async def confidential_health(visit: Visit, session: AsyncSession, failing: frozenset[str]) -> str | None:
    """Return whether confidential work is in order, and whom to tell where it is not; None where the pack has none.

    `failing` are the ids of all cases that do not get on, of whichever kind.
    It says nothing of how many cases there are, nor whether there are any; and to nobody anything of a case of which
    they must not learn.
    """
    custodians = dict.fromkeys(seat for process in visit.pack.processes for seat in process.custodians)
    if not any(process.confidential for process in visit.pack.processes):
        return None
    ours, now = visit.person.organisation, visit.site.clock()
    state = await health(session, visit.site.keys, ours, now, visit.person.id, failing)
    if state == "in_order":
        return "Confidential work: in order."
    titles = {seat.key: seat.title for seat in visit.pack.seats}
    whom = listed(tuple(f"the {titles.get(seat, seat)}" for seat in custodians), "or") or "whoever sees to it"
    return f"Confidential work: needs attention. Tell {whom}, by phone or face to face."


PAGES: Final = (Page("/c/closed", c_closed, ("GET",), "signed_in"),)
