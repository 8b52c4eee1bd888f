"""Views: what an administrator looks for often, kept under a name of theirs, and forgotten again."""

from typing import Final

from starlette.responses import Response

from domain.text import is_blank, one_line, tidy
from starter.web import finding
from starter.web.finding import KeptView, look
from starter.web.page import Page, Visit
from starter.web.reading import only, read_pairs
from store import people
from store.views import MOST_VIEWS, forget, keep, views_of

LONGEST_NAME: Final = 60


async def keep_view(visit: Visit) -> Response:
    """Keep what was looked for under the name that was typed."""
    sent = only(visit.sent, ("name", "query"))
    pairs = read_pairs(sent["query"].encode())
    name = tidy(sent["name"])
    async with visit.site.db.write() as session:
        looked = look(visit, pairs, await people.directory(session, visit.person.organisation))
        kept = await views_of(session, visit.person.id)
        fault = _fault(name, [view.name for view in kept])
        if not fault and not looked.faults:
            keep(session, visit.person.id, name, looked.query, visit.site.clock())
    if fault or looked.faults:
        return await finding.show(visit, pairs, KeptView(sent["name"], fault), 422)
    return visit.go("cases_found")


async def forget_view(visit: Visit) -> Response:
    """Forget a view of the visitor's own."""
    only(visit.sent, ())
    async with visit.site.db.write() as session:
        await forget(session, visit.person.id, visit.place("id"))
    return visit.go("cases_found")


def _fault(name: str, others: list[str]) -> str:
    """Return what is wrong with the name of a new view beside `others`; nothing, where it can be kept."""
    if is_blank(name):
        return "Type a name for the view"
    if len(name) > LONGEST_NAME or name != one_line(name, LONGEST_NAME):
        return f"The name must be one line of {LONGEST_NAME} characters or fewer"
    if name in others:
        return "You have a view of that name. Type another name, or delete that one first"
    if len(others) >= MOST_VIEWS:
        return f"You keep {MOST_VIEWS} views, and no more are kept. Delete one first"
    return ""


PAGES: Final = (
    Page("/admin/views", keep_view, ("POST",), "administrator"),
    Page("/admin/views/{id}/delete", forget_view, ("POST",), "administrator"),
)
