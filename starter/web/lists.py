"""The lists: what waits for you, and the register of approved sites."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Final
from urllib.parse import urlencode

from starlette.exceptions import HTTPException
from starlette.responses import Response

from domain.access import Action, CaseAccess, allow
from domain.asking import AUTHOR
from domain.round_mails import COMING
from starter.web.cases import state_of
from starter.web.confidential.lists import confidential_work
from starter.web.page import Page, Visit
from starter.web.reading import only, read_pairs
from store import people, queries
from store.rounds.register import Living, lives_of
from store.tables import AskRow, CaseRow

LIFE_STATES: Final = {
    "approved": "Not live yet",
    "live": "Live",
    "suspended": "Posting suspended",
    "closed": "Closed",
    "cancelled": "Not looked after any more",
}
"""How a site stands that is looked after, by what the register keeps of it."""

MOST: Final = 50
"""Tasks, or sites, on one page of a list."""


async def tasks(visit: Visit) -> Response:
    """Show what waits for the visitor's answer, the soonest due first, and what they asked for themselves."""
    async with visit.site.db.read() as session:
        found = await queries.waiting_for(session, visit.person.id, MOST + 1)
        waiting = found[:MOST]
        own = await queries.cases_of(session, visit.person.id)
        void = await queries.void_of(session, own)
        access = await queries.accesses_of(session, [*(row for row, _ in waiting), *own])
        confidential = await confidential_work(visit, session)
    return visit.show(
        "tasks.html",
        waiting=[(row, ask) for row, ask in waiting if allow(visit.viewer, _wanted(ask), access[row.id])],
        more=len(found) > MOST,
        author=AUTHOR,
        own=[row for row in own if allow(visit.viewer, "see", access[row.id])],
        confidential=confidential,
        seats={seat.key: seat.title for seat in visit.pack.seats},
        state_of=partial(state_of, void=void),
        now=visit.site.clock(),
    )


async def register(visit: Visit) -> Response:
    """Show the approved sites of the organisation, a page at a time; each leads to its cases for who may see them."""
    if not allow(visit.viewer, "see_register"):
        raise HTTPException(404)
    after = only(read_pairs(visit.request.scope["query_string"]), (), ("after",)).get("after")
    async with visit.site.db.read() as session:
        found = await queries.register_of(session, visit.person.organisation, after=after, most=MOST + 1)
        sites = found[:MOST]
        lives = await lives_of(session, [row.case for row in sites], visit.site.today)
        cases = await queries.cases_by_ids(session, [row.case for row in sites])
        cases = [*cases, *(living.case for living in lives.values())]
        access = await queries.accesses_of(session, cases)
        names = await people.names(session, visit.person.organisation)
    return visit.show(
        "register.html",
        sites=sites,
        schools={school.key: school.name for school in visit.pack.organisation.schools},
        names=names,
        lives=lives,
        teams={site: _team(living, names) for site, living in lives.items()},
        states=LIFE_STATES,
        coming=COMING,
        references=_references(visit, cases, access),
        may_settle={row.id for row in cases if allow(visit.viewer, "intervene", access[row.id])},
        onward=f"{visit.path('register')}?{urlencode({'after': sites[-1].case})}" if len(found) > MOST else "",
    )


def _team(living: Living, names: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return who administers and who moderates a site, by name."""
    return [
        (what, ", ".join(sorted(names.get(one, "Somebody who has left") for one in living.team[role])))
        for role, what in (("administrators", "Administrators"), ("moderators", "Moderators"))
        if living.team.get(role)
    ]


def _wanted(ask: AskRow) -> Action:
    """Return what somebody does who answers `ask`: whoever wrote a request that came back changes it."""
    return "edit_draft" if ask.seat == AUTHOR else "decide"


def _references(visit: Visit, cases: Sequence[CaseRow], access: Mapping[str, CaseAccess]) -> dict[str, str]:
    """Return the references of those of `cases` that the visitor may see, by their ids."""
    return {row.id: row.reference for row in cases if allow(visit.viewer, "see", access[row.id])}


PAGES: Final = (
    Page("/tasks", tasks, ("GET",), "signed_in"),
    Page("/register", register, ("GET",), "signed_in"),
)
