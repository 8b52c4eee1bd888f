"""The lists: what waits for you, the register of approved sites, and all cases for administrators."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, Literal
from urllib.parse import urlencode

from starlette.exceptions import HTTPException
from starlette.responses import Response

from domain.access import Action, CaseAccess, allow
from domain.asking import AUTHOR
from domain.refs import read_reference
from starter.web.cases import state_of
from starter.web.confidential.lists import confidential_health, confidential_work
from starter.web.page import Page, Visit
from starter.web.reading import UnreadableBodyError, only, read_pairs
from store import people, queries
from store.queries import Cursor
from store.tables import AskRow, CaseRow

MOST: Final = 50
"""Cases, or sites, on one page of a list."""


async def tasks(visit: Visit) -> Response:
    """Show what waits for the visitor's answer, the soonest due first, and what they asked for themselves."""
    async with visit.site.db.read() as session:
        found = await queries.waiting_for(session, visit.person.id, MOST + 1)
        waiting = found[:MOST]
        own = await queries.cases_of(session, visit.person.id)
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
        state_of=state_of,
        now=visit.site.clock(),
    )


async def register(visit: Visit) -> Response:
    """Show the approved sites of the organisation, a page at a time; each leads to its case for whoever may see it."""
    if not allow(visit.viewer, "see_register"):
        raise HTTPException(404)
    after = only(read_pairs(visit.request.scope["query_string"]), (), ("after",)).get("after")
    async with visit.site.db.read() as session:
        found = await queries.register_of(session, visit.person.organisation, after=after, most=MOST + 1)
        sites = found[:MOST]
        cases = await queries.cases_by_ids(session, [row.case for row in sites])
        access = await queries.accesses_of(session, cases)
        names = await people.names(session, visit.person.organisation)
    return visit.show(
        "register.html",
        sites=sites,
        schools=_schools(visit),
        names=names,
        references=_references(visit, cases, access),
        may_settle={row.id for row in cases if allow(visit.viewer, "intervene", access[row.id])},
        onward=f"{visit.path('register')}?{urlencode({'after': sites[-1].case})}" if len(found) > MOST else "",
    )


async def admin(visit: Visit) -> Response:
    """Show the cases of the organisation that fit what was looked for, newest first, a page at a time."""
    if not allow(visit.viewer, "list_all"):
        raise HTTPException(403)
    wanted = only(
        read_pairs(visit.request.scope["query_string"]), (), ("reference", "school", "process", "state", "after")
    )
    reference = wanted.get("reference", "").strip()
    async with visit.site.db.read() as session:
        found = await queries.find_cases(
            session,
            visit.person.organisation,
            reference=(read_reference(reference) or reference) or None,
            school=wanted.get("school") or None,
            process=wanted.get("process") or None,
            state=_state(wanted.get("state", "")),
            after=_cursor(wanted["after"]) if wanted.get("after") else None,
            most=MOST + 1,
        )
        access = await queries.accesses_of(session, found)
        names = await people.names(session, visit.person.organisation)
        confidential = await confidential_health(visit, session)
    shown = found[:MOST]
    return visit.show(
        "admin.html",
        rows=[row for row in shown if allow(visit.viewer, "see", access[row.id])],
        wanted={key: wanted.get(key, "") for key in ("reference", "school", "process", "state")},
        schools=_schools(visit),
        processes={process.key: process.title for process in visit.pack.processes if not process.confidential},
        seats={seat.key: seat.title for seat in visit.pack.seats},
        state_of=state_of,
        names=names,
        now=visit.site.clock(),
        onward=_onward(visit, wanted, shown[-1]) if len(found) > MOST else "",
        confidential=confidential,
    )


def _wanted(ask: AskRow) -> Action:
    """Return what somebody does who answers `ask`: whoever wrote a request that came back changes it."""
    return "edit_draft" if ask.seat == AUTHOR else "decide"


def _schools(visit: Visit) -> dict[str, str]:
    return {school.key: school.name for school in visit.pack.organisation.schools}


def _references(visit: Visit, cases: Sequence[CaseRow], access: Mapping[str, CaseAccess]) -> dict[str, str]:
    """Return the references of those of `cases` that the visitor may see, by their ids."""
    return {row.id: row.reference for row in cases if allow(visit.viewer, "see", access[row.id])}


def _state(text: str) -> Literal["open", "closed"] | None:
    match text:
        case "open" | "closed":
            return text
        case "":
            return None
        case _:
            why = "there is no such state"
            raise UnreadableBodyError(why, 422)


def _cursor(text: str) -> Cursor:
    """Return the place in the list that `text` names, as `_onward` wrote it.

    Raises:
        UnreadableBodyError: it is no such place.
    """
    at, _, case = text.rpartition("~")
    try:
        opened_at = datetime.fromisoformat(at)
    except ValueError:
        opened_at = None
    if opened_at is None or opened_at.tzinfo is None:
        why = "there is no such place in the list"
        raise UnreadableBodyError(why, 422)
    return Cursor(opened_at, case)


def _onward(visit: Visit, wanted: Mapping[str, str], last: CaseRow) -> str:
    """Return the address of the next page of the same list."""
    kept = {key: text for key, text in wanted.items() if text}
    return f"{visit.path('admin')}?{urlencode({**kept, 'after': f'{last.opened_at.isoformat()}~{last.id}'})}"


PAGES: Final = (
    Page("/tasks", tasks, ("GET",), "signed_in"),
    Page("/register", register, ("GET",), "signed_in"),
    Page("/admin", admin, ("GET",), "administrator"),
)
