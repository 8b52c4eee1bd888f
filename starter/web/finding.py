"""Find: the cases of the organisation, by whatever is known of one; in pages, or as a file for a spreadsheet.

What was answered on a form is sealed with the key of its case, so nobody searches it; but what its pack names as no
secret, such as the host of a site, is kept in clear and found.
"""

import re
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final
from urllib.parse import urlencode

import structlog
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.exceptions import HTTPException
from starlette.responses import Response

from domain.access import allow
from domain.asking import AUTHOR
from domain.calendar import beginning_of, local_day
from domain.pack import Pack
from domain.people import Directory
from domain.refs import read_reference
from domain.text import tidy
from domain.words import listed, weekday_in_words
from starter.web import spreadsheets
from starter.web.cases import state_of
from starter.web.filling import people_to_choose
from starter.web.page import Page, Visit
from starter.web.reading import Pairs, UnreadableBodyError, only, read_pairs
from store import people, queries
from store.finding import MOST_WALKED, Found, Place, Sort, State, Wanted, find
from store.tables import CaseRow
from store.views import views_of
from workflows.acknowledgement import SIGNATURE

MOST: Final = 50
"""Cases on one page."""

MOST_IN_A_FILE: Final = 5_000
"""Cases in one file for a spreadsheet."""

_AT_A_TIME: Final = 500
_MOST_WORDS: Final = 8
LONGEST_WORDS: Final = 200

FIELDS: Final = (
    *("words", "reference", "process", "school", "state", "seat", "person", "since", "until", "overdue", "sort"),
)
"""What an address of the list may say, besides from where on."""

STATES: Final[Mapping[State, str]] = {
    "open": "Open",
    "held": "Open: on hold",
    "author": "Open: with its author",
    "vacant": "Open: nobody holds a seat",
    "closed": "Ended",
    "approved": "Ended: approved",
    "rejected": "Ended: rejected",
    "withdrawn": "Ended: withdrawn",
    "lapsed": "Ended: lapsed",
    "cancelled": "Ended: cancelled",
    "refused": "Ended: stopped by a rule",
    "superseded": "Ended: a new version is to be signed",
    "signed": "Ended: signed",
    "declined": "Ended: not signed",
    "called_off": "Ended: need not be signed",
}
SORTS: Final[Mapping[Sort, str]] = {
    "newest": "Newest first",
    "oldest": "Oldest first",
    "due": "Due soonest (open cases)",
    "ended": "Ended latest (ended cases)",
    "title": "By title",
}
_DAY: Final = re.compile(r"(\d{1,2})[/. -](\d{1,2})[/. -](\d{4})")

log = structlog.get_logger()


@dataclass(frozen=True)
class Looked:
    """What somebody looks for: as typed, as it is understood, from which place on, and what is wrong with it."""

    typed: Mapping[str, str]
    wanted: Wanted
    after: Place | None = None
    faults: Mapping[str, str] = field(default_factory=dict)

    @property
    def query(self) -> str:
        """What follows the `?` of the address, from the first page on."""
        return urlencode({name: self.typed[name] for name in FIELDS if self.typed.get(name)})


@dataclass(frozen=True)
class KeptView:
    """What is typed to keep a view: its name, and what is wrong with it."""

    name: str = ""
    fault: str = ""


async def cases_found(visit: Visit) -> Response:
    """Show the cases of the organisation that fit what was looked for, a page at a time."""
    return await show(visit, read_pairs(visit.request.scope["query_string"]))


async def cases_file(visit: Visit) -> Response:
    """Return the cases that fit as a file that a spreadsheet opens; none of its cells is ever a formula."""
    if not allow(visit.viewer, "list_all"):
        raise HTTPException(403)
    rows: list[CaseRow] = []
    void: frozenset[str] = frozenset()
    async with visit.site.db.read() as session:
        directory = await people.directory(session, visit.person.organisation)
        looked = look(visit, read_pairs(visit.request.scope["query_string"]), directory)
        if looked.faults:
            why = "the address has a field that cannot be read"
            raise UnreadableBodyError(why, 422)
        page = Found((), looked.after or Place("", ""))
        after = looked.after
        while page.onward is not None and len(rows) < MOST_IN_A_FILE:
            page, seen = await _seen(visit, session, looked.wanted, after, _AT_A_TIME)
            rows += seen
            void |= await queries.void_of(session, seen)
            after = page.onward
    rows = rows[:MOST_IN_A_FILE]
    log.info("cases_listed_in_a_file", person=visit.viewer.person, cases=len(rows))
    names = {person.id: person.name for person in directory.people}
    content = spreadsheets.as_csv([_HEADINGS, *(_cells(visit, row, names, void) for row in rows)])
    headers = {"Content-Disposition": f'attachment; filename="cases-{visit.site.today.isoformat()}.csv"'}
    return Response(content, media_type="text/csv; charset=utf-8", headers=headers)


async def show(visit: Visit, pairs: Pairs, view: KeptView | None = None, status: int = 200) -> Response:
    """Show the cases that fit what `pairs` say; with what was typed to keep a `view`, where that is to be put right.

    Raises:
        HTTPException: 403, the visitor is no administrator.
        UnreadableBodyError: no page of ours leads there.
    """
    if not allow(visit.viewer, "list_all"):
        raise HTTPException(403)
    async with visit.site.db.read() as session:
        directory = await people.directory(session, visit.person.organisation)
        looked = look(visit, pairs, directory)
        found, rows = Found(()), list[CaseRow]()
        if not looked.faults:
            found, rows = await _seen(visit, session, looked.wanted, looked.after, MOST)
        void = await queries.void_of(session, rows)
        views = await views_of(session, visit.person.id)
    view = view or KeptView()
    errors = [(f"#{name}", looked.faults[name]) for name in FIELDS if name in looked.faults]
    return visit.show(
        "admin_find.html",
        422 if looked.faults else status,
        looked=looked,
        rows=[(row, stands(visit, row, void)) for row in rows],
        found=found,
        onward=_onward(visit, looked, found),
        schools={school.key: school.name for school in visit.pack.organisation.schools},
        processes=titles_of(visit.pack),
        seats={AUTHOR: "Author", **{seat.key: seat.title for seat in visit.pack.seats}},
        states=STATES,
        sorts=SORTS,
        people=people_to_choose(directory),
        names={person.id: person.name for person in directory.people},
        views=views,
        view=view,
        most_in_a_file=MOST_IN_A_FILE,
        most_walked=MOST_WALKED,
        errors=[*errors, *([("#name", view.fault)] if view.fault else [])],
    )


def look(visit: Visit, pairs: Pairs, directory: Directory) -> Looked:
    """Return what somebody looks for; every fault at once, beside what they typed.

    Raises:
        UnreadableBodyError: it has what no page of ours asks for.
    """
    typed = {name: tidy(text) for name, text in only(pairs, (), (*FIELDS, "after")).items()}
    for name, known in (("state", STATES), ("sort", SORTS), ("overdue", {"yes"})):
        if typed.get(name) and typed[name] not in known:
            why = f"there is no such {name}"
            raise UnreadableBodyError(why, 422)
    faults: dict[str, str] = {}
    since, until = _day(typed, "since", faults), _day(typed, "until", faults)
    if since and until and until < since:
        faults["until"] = "The last day must not come before the first"
    words = tuple(typed.get("words", "").split())
    if len(words) > _MOST_WORDS or len(typed.get("words", "")) > LONGEST_WORDS:
        faults["words"] = f"Type {_MOST_WORDS} words or fewer"
    reference = typed.get("reference")
    wanted = Wanted(
        reference=(read_reference(reference) or reference) if reference else None,
        words=words,
        process=typed.get("process") or None,
        school=typed.get("school") or None,
        state=typed.get("state") or None,  # type: ignore[arg-type]  # it is one of them, as was checked
        seat=typed.get("seat") or None,
        person=_person(typed.get("person", ""), directory, faults),
        since=beginning_of(since) if since else None,
        before=beginning_of(until + timedelta(days=1)) if until else None,
        overdue_at=visit.site.clock() if typed.get("overdue") else None,
        sort=typed.get("sort") or "newest",  # type: ignore[arg-type]  # likewise
    )
    return Looked(typed, wanted, _place(typed.get("after", ""), wanted.sort), faults)


def titles_of(pack: Pack) -> dict[str, str]:
    """Return what each ordinary process of a pack is called, and the signatures that an acknowledgement asks for."""
    titles = {process.key: process.title for process in pack.processes if not process.confidential}
    campaigns = [process.title for process in pack.processes if process.story == "acknowledgement"]
    return titles | ({SIGNATURE: f"{listed(tuple(campaigns), 'or')}: one person signs"} if campaigns else {})


def stands(visit: Visit, row: CaseRow, void: Container[str]) -> str:
    """Return how a case stands: how it ended, or whom it waits for, and until when; those that are `void` are known."""
    if row.outcome or row.held_at or row.waits_for == AUTHOR:
        return state_of(row, void=void)
    titles = {seat.key: seat.title for seat in visit.pack.seats}
    seats = [titles.get(seat, seat) for seat in (row.waits_for or "").split(", ") if seat]
    due = ""
    if row.due is not None:
        due = f", {'overdue since' if row.due < visit.site.clock() else 'until'} {weekday_in_words(local_day(row.due))}"
    return f"Waits for {', '.join(seats) or 'nobody'}{due}"


async def _seen(
    visit: Visit, session: AsyncSession, wanted: Wanted, after: Place | None, most: int
) -> tuple[Found, list[CaseRow]]:
    """Return a page of what was looked for, and those of its cases that the visitor may see."""
    found = await find(session, visit.person.organisation, wanted, after=after, most=most)
    access = await queries.accesses_of(session, found.cases)
    return found, [row for row in found.cases if allow(visit.viewer, "see", access[row.id])]


_HEADINGS: Final = (
    *(
        "Reference",
        "Title",
        "Process",
        "School",
        "State",
        "Waits for",
        "Due",
        "Sent on",
        "Sent by",
        "Author",
        "Ended on",
        "Also found by",
    ),
)


def _cells(visit: Visit, row: CaseRow, names: Mapping[str, str], void: Container[str]) -> Sequence[str]:
    titles = {AUTHOR: "Author", **{seat.key: seat.title for seat in visit.pack.seats}}
    process, school = visit.pack.process(row.process), visit.pack.school(row.school)
    waits = tuple(titles.get(seat, seat) for seat in (row.waits_for or "").split(", ") if seat)
    return (
        row.reference,
        row.title,
        process.title if process else row.process,
        school.name if school else row.school,
        state_of(row, void=void),
        listed(waits),
        _iso(row.due),
        _iso(row.opened_at),
        names.get(row.starter, ""),
        names.get(row.author, ""),
        _iso(row.closed_at),
        row.found_by or "",
    )


def _iso(at: datetime | None) -> str:
    return local_day(at).isoformat() if at else ""


def _day(typed: Mapping[str, str], name: str, faults: dict[str, str]) -> date | None:
    """Return the day that was typed under `name`, as a browser sends it or as people write it."""
    text = typed.get(name, "")
    if not text:
        return None
    try:
        british = _DAY.fullmatch(text)
        return date(*(int(british[part]) for part in (3, 2, 1))) if british else date.fromisoformat(text)
    except ValueError:
        faults[name] = "Type a day such as 2/11/2026"
        return None


def _person(text: str, directory: Directory, faults: dict[str, str]) -> str | None:
    if not text:
        return None
    named = directory.named(text)
    if len(named) == 1:
        return named[0].id
    faults["person"] = (
        "Several people are called that. Type the e-mail address" if named else "Nobody in the directory is called that"
    )
    return None


def _place(text: str, sort: Sort) -> Place | None:
    """Return the place in the list that `text` names, as `_onward` wrote it.

    Raises:
        UnreadableBodyError: it is no such place.
    """
    if not text:
        return None
    key, _, case = text.rpartition("~")
    if sort == "title":
        return Place(key, case)
    try:
        at = datetime.fromisoformat(key)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        why = "there is no such place in the list"
        raise UnreadableBodyError(why, 422)
    return Place(at, case)


def _onward(visit: Visit, looked: Looked, found: Found) -> str:
    """Return the address of the next page of the same list; nothing after the last."""
    if found.onward is None:
        return ""
    key, case = found.onward
    after = urlencode({"after": f"{key.isoformat() if isinstance(key, datetime) else key}~{case}"})
    return f"{visit.path('cases_found')}?{'&'.join(part for part in (looked.query, after) if part)}"


PAGES: Final = (
    Page("/admin/cases", cases_found, ("GET",), "administrator"),
    Page("/admin/cases.csv", cases_file, ("GET",), "administrator"),
)
