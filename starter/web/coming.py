"""What is coming: the days on which sites go live, are looked at and closed, and documents reviewed; as a calendar."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from itertools import groupby
from typing import Final, cast
from urllib.parse import urlencode

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

import packs
from domain import ics
from domain.access import Viewer, allow
from domain.calendar import Calendar
from domain.coming_dates import What, working_day_before
from domain.documents import months_after
from domain.pack import CalendarRules, Pack
from domain.words import weekday_in_words
from starter.web.desks import unknown_link
from starter.web.known import case_for
from starter.web.page import Page, Visit
from starter.web.reading import only, read_pairs
from starter.web.site import Site
from store import people
from store.rounds import coming as coming_dates
from store.rounds.coming import Coming

SAID: Final[dict[What, str]] = {
    "go_live": "Goes live",
    "site_review": "Is looked at",
    "closure": "Is to be closed",
    "review": "Is reviewed",
    "signatures": "Everybody has to have signed",
}
"""What is to come, of a site or a document."""

MOST: Final = 100
"""Dates on the page."""

_MONTHS: Final = 12
_YEARS: Final = 3


@dataclass(frozen=True)
class Shown:
    """A date as the page has it: what comes of what, on which legal day, and on which day before it is reminded of."""

    day: date
    what: str
    title: str
    school: str
    reference: str
    reminded: date | None
    may_see: bool


async def coming(visit: Visit) -> Response:
    """Show what comes within twelve months, by month, what is overdue first."""
    return await _page(visit)


async def new_calendar(visit: Visit) -> Response:
    """Give the visitor's calendar a new secret address; it is shown this once, and the one before is no good."""
    only(visit.sent, ())
    async with visit.site.db.write() as session:
        secret = await coming_dates.new_feed(session, visit.person.id, visit.site.clock())
    return await _page(visit, secret)


async def end_calendar(visit: Visit) -> Response:
    """Have the secret address of the visitor's calendar be good for nothing."""
    only(visit.sent, ())
    async with visit.site.db.write() as session:
        await coming_dates.end_feed(session, visit.person.id, visit.site.clock())
    return visit.go("coming")


async def calendar_feed(visit: Visit) -> Response:
    """Return all that is to come for whoever has the secret, as they may see it now.

    Whoever has left has no calendar any more: their address is like one that never was.
    """
    site = visit.site
    async with site.db.read() as session:
        owner = await coming_dates.owner_of(session, visit.place("secret"))
        person = await people.person(session, owner) if owner is not None else None
        pack = site.packs.get(person.organisation) if person is not None else None
        if person is None or pack is None or not person.is_active(site.today):
            raise unknown_link(visit)
        viewer = Viewer(person=person.id, organisation=person.organisation, administrator=person.administrator)
        dates = await _seen(session, viewer)
    answer = _file(site, pack, f"Duly: {pack.organisation.name}", dates)
    # Whoever has the address may keep what it gives; nothing between them and Duly may.
    answer.headers["Cache-Control"] = "private, no-cache"
    return answer


async def case_calendar(visit: Visit) -> Response:
    """Return the dates of one case as a file, for whoever may see it."""
    known = await case_for(visit, visit.place("reference"))
    async with visit.site.db.read() as session:
        dates = await coming_dates.coming(session, visit.person.organisation, case=known.row.id)
    answer = _file(visit.site, visit.pack, known.row.title, dates)
    answer.headers["Content-Disposition"] = f'attachment; filename="{known.row.reference}.ics"'
    return answer


def entry(site: Site, pack: Pack, one: Coming) -> ics.Entry:
    """Return a date as a calendar has it."""
    row, said, school = one.row, SAID[cast(What, one.row.what)], _school(pack, one)
    reminded = reminded_on(pack, row.day, site.today)
    return ics.Entry(
        uid=ics.uid_of(row.case, row.what),
        day=row.day,
        summary=f"{row.title}: {said[0].lower()}{said[1:]}",
        notes=(
            f"{school}. Reference {one.case.reference}." if school else f"Reference {one.case.reference}.",
            *([f"No working day: Duly reminds of it on {weekday_in_words(reminded)}."] if reminded else []),
        ),
        url=f"{site.settings.base_url}/cases/{one.case.reference}",
        changed_at=one.case.changed_at,
    )


def reminded_on(pack: Pack, day: date, today: date) -> date | None:
    """Return the working day before `day`, or None where that is one itself (REV-02)."""
    before = working_day_before(day, _calendar(pack.calendar, today.year))
    return before if before != day else None


async def _page(visit: Visit, secret: str | None = None) -> Response:
    site, today = visit.site, visit.site.today
    sent = read_pairs(visit.request.scope["query_string"])
    case, _, what = only(sent, (), ("after",)).get("after", "").partition(".")
    async with site.db.read() as session:
        dates = await _seen(session, visit.viewer, months_after(today, _MONTHS), MOST + 1, (case, what))
        feed = await coming_dates.feed_of(session, visit.person.id)
    shown = [_shown(visit, one) for one in dates[:MOST]]
    return visit.show(
        "coming.html",
        overdue=[one for one in shown if one.day < today],
        months=_by_month(one for one in shown if one.day >= today),
        until=months_after(today, _MONTHS),
        onward=_onward(visit, dates[MOST - 1]) if len(dates) > MOST else "",
        since=feed.made_at if feed is not None else None,
        address=f"{site.settings.base_url}{visit.path('calendar_feed', secret=secret)}" if secret else "",
    )


def _onward(visit: Visit, last: Coming) -> str:
    """Return where the dates that come after `last` are."""
    return f"{visit.path('coming')}?{urlencode({'after': f'{last.row.case}.{last.row.what}'})}"


async def _seen(
    session: AsyncSession,
    viewer: Viewer,
    until: date | None = None,
    most: int | None = None,
    after: tuple[str, str] | None = None,
) -> list[Coming]:
    """Return the dates that somebody may see: of the cases that they may, and of the documents of everybody.

    They are the first `most` of them, where that is given, or the first that come after the one named by `after`.
    """
    documents = allow(viewer, "see_documents")
    person = None if viewer.administrator else viewer.person
    seen: list[Coming] = []
    async for one in coming_dates.in_order(session, viewer.organisation, until, person=person, after=after):
        if (documents and one.row.what == "review") or allow(viewer, "see", one.access):
            seen.append(one)
        if len(seen) == most:
            break
    return seen


def _shown(visit: Visit, one: Coming) -> Shown:
    return Shown(
        day=one.row.day,
        what=SAID[cast(What, one.row.what)],
        title=one.row.title,
        school=_school(visit.pack, one),
        reference=one.case.reference,
        reminded=reminded_on(visit.pack, one.row.day, visit.site.today),
        may_see=allow(visit.viewer, "see", one.access),
    )


def _by_month(dates: Iterable[Shown]) -> list[tuple[date, list[Shown]]]:
    return [(month, list(found)) for month, found in groupby(dates, lambda one: one.day.replace(day=1))]


def _file(site: Site, pack: Pack, name: str, dates: Sequence[Coming]) -> Response:
    content = ics.written(name, [entry(site, pack, one) for one in dates], site.clock())
    return Response(content, headers={"Content-Type": ics.MEDIA_TYPE})


def _school(pack: Pack, one: Coming) -> str:
    """Return the school of a site, where there are several; a document is of the organisation."""
    school = pack.school(one.row.school)
    return school.name if school and len(pack.organisation.schools) > 1 and one.row.what != "review" else ""


@lru_cache(maxsize=32)
def _calendar(rules: CalendarRules, year: int) -> Calendar:
    return packs.expand(rules, year - 1, _YEARS)


PAGES: Final = (
    Page("/coming", coming, ("GET",), "signed_in"),
    Page("/coming/calendar", new_calendar, ("POST",), "signed_in"),
    Page("/coming/calendar/end", end_calendar, ("POST",), "signed_in"),
    Page("/coming/{secret}.ics", calendar_feed, ("GET",), "anyone"),
    Page("/cases/{reference}/dates.ics", case_calendar, ("GET",), "signed_in"),
)
