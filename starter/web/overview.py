"""The overview of administrators: what needs somebody, whose move it is, what is open, and how it went lately.

Of confidential work it says whether that is in order, and nothing else.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final, NamedTuple
from urllib.parse import urlencode

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from domain.access import allow
from domain.asking import AUTHOR
from domain.calendar import beginning_of
from domain.trends import Chart, Series, Week, days_taken, draw, mondays_until
from domain.words import listed
from starter.runs import Health
from starter.web.confidential.lists import confidential_health
from starter.web.documents import policies_due
from starter.web.finding import titles_of
from starter.web.page import Page, Visit
from starter.web.reading import read_pairs
from store import overview, people, queries, stuck, webhooks
from store.finding import Wanted, find
from store.overview import Moves, Open
from templates import moment

MOST: Final = 20
"""Cases, or people, of which one list of the overview tells."""

AGES: Final = ((7, "Up to 7 days"), (14, "8 to 14 days"), (28, "15 to 28 days"))
"""How old an open case may be to count in a column, in days, and what the column is called."""

OLDEST: Final = "Older"
_REFUSED_LATELY: Final = timedelta(days=28)
_LATE: Final = timedelta(minutes=10)
_MOST_MAILS: Final = 1000


@dataclass(frozen=True)
class Row:
    """How many cases of a process, or of a school, are open: all, and by age, each with the address that lists them."""

    name: str
    all: tuple[int, str]
    ages: tuple[tuple[int, str], ...]


class Trouble(NamedTuple):
    """Something that needs somebody: what is the matter, what to do, and where to see to it."""

    what: str
    to_do: str
    links: tuple[tuple[str, str], ...] = ()


async def admin(visit: Visit) -> Response:
    """Show the overview; an address that looked for cases here leads on to where they are found now."""
    if not allow(visit.viewer, "list_all"):
        raise HTTPException(403)
    looked_for = read_pairs(visit.request.scope["query_string"])
    if looked_for:
        return RedirectResponse(f"{visit.path('cases_found')}?{urlencode(looked_for)}", 303)
    health = await visit.site.engine.health()
    ours, now = visit.person.organisation, visit.site.clock()
    async with visit.site.db.read() as session:
        health = replace(health, failing=health.failing | await stuck.cases(session))
        names = await people.names(session, ours)
        open_now = await overview.open_cases(session, ours, [beginning_of(_since(visit, days)) for days, _ in AGES])
        late = await _seen(visit, session, await overview.overdue(session, ours, now, MOST + 1))
        troubles = await _troubles(visit, session, health, names)
        weeks = await _weeks(visit, session)
        confidential = await confidential_health(visit, session, health.failing)
        due = await policies_due(visit, session)
    return visit.show(
        "admin.html",
        troubles=troubles,
        due=due,
        overdue=[(moves, _whose(visit, moves, names)) for moves in late[:MOST]],
        more_overdue=len(late) > MOST,
        by_process=_rows(visit, open_now, "process"),
        by_school=_rows(visit, open_now, "school"),
        ages=[name for _, name in AGES] + [OLDEST],
        open_in_all=sum(one.cases for one in open_now),
        weeks=weeks,
        charts=_charts(weeks),
        confidential=confidential,
    )


def _since(visit: Visit, days: int) -> date:
    """Return the first day on which something that is up to so many days old today can have been sent."""
    return visit.site.today - timedelta(days=days)


async def _seen(visit: Visit, session: AsyncSession, found: Sequence[Moves]) -> list[Moves]:
    """Return those of `found` whose cases the visitor may see."""
    access = await queries.accesses_of(session, [moves.case for moves in found])
    return [moves for moves in found if allow(visit.viewer, "see", access[moves.case.id])]


def _seat(visit: Visit, key: str) -> str:
    return "author" if key == AUTHOR else next((seat.title for seat in visit.pack.seats if seat.key == key), key)


def _whose(visit: Visit, moves: Moves, names: Mapping[str, str]) -> str:
    """Return whose move it is: the seat, and who is asked in it."""
    asked = listed(tuple(names.get(person, "somebody who left") for person in moves.people))
    return f"{_seat(visit, moves.seat).capitalize()}: {asked or 'nobody'}"


# What needs somebody.


async def _troubles(visit: Visit, session: AsyncSession, health: Health, names: Mapping[str, str]) -> list[Trouble]:
    ours, now = visit.person.organisation, visit.site.clock()
    waiting = await overview.undelivered(session, ours, now - _LATE, _MOST_MAILS)
    refused = await overview.refused(session, ours, now - _REFUSED_LATELY, MOST)
    vacant = await _seen(visit, session, await overview.vacant(session, ours, MOST))
    held = (await find(session, ours, Wanted(state="held", sort="oldest"), most=MOST)).cases
    failing = await overview.among(session, ours, health.failing)
    access = await queries.accesses_of(session, [*failing, *held])
    found = [*_of_engine(health)]
    found += [
        Trouble(
            f"An error comes back whenever Duly tries to go on with “{row.title}”",
            "Nothing of it is lost. Look what Temporal says of it, and tell whoever looks after Duly",
            ((visit.path("operation", reference=row.reference), f"The operation of {row.reference}"),)
            if allow(visit.viewer, "intervene", access[row.id])
            else (),
        )
        for row in failing
        if allow(visit.viewer, "see", access[row.id])
    ]
    found += [
        Trouble(
            f"An answer to “{row.title}” is disputed, and the request is on hold",
            "An administrator without a part in it settles that on its page",
            ((visit.path("case", reference=row.reference), row.reference),),
        )
        for row in held
        if allow(visit.viewer, "see", access[row.id])
    ]
    if waiting is not None:
        mails, since = waiting
        more = " or more" if mails == _MOST_MAILS else ""
        found.append(
            Trouble(
                f"{_mails(mails)}{more} not delivered: the oldest waits since {moment(since)}",
                "Duly keeps trying, and nobody need send anything again. See that the mail server answers",
            )
        )
    found += [
        Trouble(
            f"The mail server refused {_mails(one.mails)} to {names.get(one.person, 'somebody who left')}",
            "Correct the address, or ask somebody else in their place",
            (
                (visit.path("correct_address"), "Correct an address"),
                (visit.path("case", reference=one.reference), f"The last was for {one.reference}"),
            ),
        )
        for one in refused
    ]
    found += [
        Trouble(
            *_vacant(visit, moves),
            ((visit.path("case", reference=moves.case.reference), moves.case.reference),),
        )
        for moves in vacant
    ]
    if await webhooks.failed(session, ours, 1):
        found.append(
            Trouble(
                "A webhook was not told what happened, although it was tried for three days",
                "See that it answers, and have it told again",
                ((visit.path("webhooks"), "Webhooks"),),
            )
        )
    return found


def _vacant(visit: Visit, moves: Moves) -> tuple[str, str]:
    """Return that an ask reaches nobody, and what to do about it."""
    title = moves.case.title
    if moves.seat == AUTHOR:
        return f"The author of “{title}”, who was asked to change it, has left", "Cancel it on its page"
    return (
        f"Nobody is asked for “{title}”: the seat {_seat(visit, moves.seat)} reaches nobody",
        "Name somebody for it in the people file and import it, or ask somebody else on the page of the request",
    )


def _mails(count: int) -> str:
    return f"{count} mail{'' if count == 1 else 's'}"


def _of_engine(health: Health) -> Iterable[Trouble]:
    if not health.answers:
        yield Trouble(
            "Temporal does not answer",
            "Nothing is lost, and nothing goes on until it does: no mail leaves, no decision is taken. "
            "Whoever looks after Duly finds why in logs/temporal.log",
        )
    elif not health.works:
        yield Trouble(
            "No worker asks Temporal for work",
            "Nothing is lost, and nothing goes on until one does: start it. Why it ended is in logs/worker.log",
        )


# What is open.


def _rows(visit: Visit, found: Sequence[Open], by: str) -> list[Row]:
    """Return a row for each process, or each school, that has open cases, in the order of the pack."""
    schools = {school.key: school.name for school in visit.pack.organisation.schools}
    titles = titles_of(visit.pack) if by == "process" else schools
    keys = dict.fromkeys([*titles, *(getattr(one, by) for one in found)])
    counted = {key: [one for one in found if getattr(one, by) == key] for key in keys}
    return [_row(visit, titles.get(key, key), {by: key}, some) for key, some in counted.items() if some]


def _row(visit: Visit, name: str, which: dict[str, str], found: Sequence[Open]) -> Row:
    # Of each column, the first day and the last on which its cases were sent.
    firsts = [_since(visit, days) for days, _ in AGES]
    lasts = [None, *(day - timedelta(days=1) for day in firsts)]
    ages = []
    for age, (first, last) in enumerate(zip([*firsts, None], lasts, strict=True)):
        days = {"since": first.isoformat() if first else "", "until": last.isoformat() if last else ""}
        ages.append((sum(one.cases for one in found if one.age == age), _listed(visit, **which, **days)))
    return Row(name, (sum(one.cases for one in found), _listed(visit, **which)), tuple(ages))


def _listed(visit: Visit, **which: str) -> str:
    wanted = {name: text for name, text in ({"state": "open"} | which).items() if text}
    return f"{visit.path('cases_found')}?{urlencode(wanted)}"


# How it went.


async def _weeks(visit: Visit, session: AsyncSession) -> list[Week]:
    mondays = mondays_until(visit.site.today)
    spans = await overview.spans(session, visit.person.organisation, [beginning_of(day) for day in mondays])
    return [
        Week(
            first=monday,
            sent=span.sent,
            ended=sum(span.ended.values()),
            approved=span.ended.get("approved", 0),
            days=days_taken(span.opened_and_closed),
        )
        for monday, span in zip(mondays, spans, strict=False)
    ]


def _charts(weeks: Sequence[Week]) -> tuple[Chart, ...]:
    """Return the pictures of the last weeks; none where nothing happened."""
    if not any(week.sent or week.ended for week in weeks):
        return ()
    mondays = [week.first for week in weeks]
    sent = Series(name="Sent", values=tuple(week.sent for week in weeks), solid=False)
    ended = Series(name="Ended", values=tuple(week.ended for week in weeks), solid=True)
    days = Series(name="Days", values=tuple(week.days for week in weeks), solid=True)
    return (
        draw("moved", "Requests sent and ended, week by week", mondays, (sent, ended)),
        draw("taken", "Days within which half of those that ended had ended, week by week", mondays, (days,)),
    )


PAGES: Final = (Page("/admin", admin, ("GET",), "administrator"),)
