"""Tokens of the organisation: services, which are nobody, and the tokens of everybody's own programs.

Whoever administers Duly sees and ends them all, and is shown no token but that of a service which they ask for.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

import structlog
from starlette.exceptions import HTTPException
from starlette.responses import Response

from domain.calendar import local_day
from domain.interface import LONGEST, SCOPES_OF_OTHERS, SERVICE_SCOPES, Scope, Service
from domain.people import Directory
from domain.power import PowerChange, What, settlers
from domain.text import is_blank, tidy
from domain.words import day_in_words
from starter.web.confirming import needs_strong
from starter.web.page import Page, Visit
from starter.web.powers import tell
from starter.web.reading import only
from starter.web.tokens import check_id, draw_id, ticked, unfit_name
from store import interface, people, power
from store import services as kept
from store.interface import TokenRow
from store.services import MOST_SERVICES, ServiceRow

log = structlog.get_logger()

LONGEST_WHY: Final = 500
_WAITS: Final = (
    "It opens nothing yet. Another administrator has to confirm it first, on “Changes of power”; they have a mail"
)


@dataclass(frozen=True)
class ShownService:
    """A service as the list shows it: what it may, who made it and settled it, and how it stands, in words."""

    row: ServiceRow
    scopes: tuple[str, ...]
    maker: str
    stands: str
    over: bool


@dataclass(frozen=True)
class ShownToken:
    """The token of somebody's own program, as the list shows it."""

    row: TokenRow
    scopes: tuple[str, ...]
    person: str


async def organisation_tokens(visit: Visit) -> Response:
    """Show all tokens; a POST asks for a service, and shows its token this once."""
    if not visit.is_post:
        return await _list(visit, {}, ())
    asked = needs_strong(visit)
    if asked is not None:
        return asked
    scopes, rest = ticked(SERVICE_SCOPES, visit.sent)
    sent = only(rest, ("id", "name", "why", "until"))
    check_id(sent["id"])
    typed = {name: tidy(text) for name, text in sent.items()}
    until = _day(typed["until"])
    async with visit.site.db.read() as session:
        there = await kept.count(session, visit.person.organisation, visit.site.clock())
        directory = await people.directory(session, visit.person.organisation)
    faults = _faults(visit, typed, scopes, until, there)
    if until is None or faults:
        return await _list(visit, typed, scopes, faults)
    service = Service(name=typed["name"], scopes=scopes, until=until, made_by=visit.person.id)
    change = PowerChange(person=typed["id"], what=What.SERVICE, before="", after=service.model_dump_json())
    if not settlers(change, visit.person.id, directory, visit.site.today):
        return await _list(visit, {}, ())
    token = await _propose(visit, service, change, typed["why"])
    if token is None:
        # The page was sent again: what it made is shown to nobody a second time.
        return visit.go("organisation_tokens")
    log.info("service_proposed", service=change.person, by=visit.person.id)
    await tell(visit)
    return visit.show(
        "token_made.html", token=token, program=service.name, scopes=service.in_words(), waits=f"{_WAITS}."
    )


async def _propose(visit: Visit, service: Service, change: PowerChange, why: str) -> str | None:
    """Keep a service until a second person settles it, and return its token; None where it is there already."""
    organisation, at = visit.pack.organisation, visit.site.clock()
    async with visit.site.db.write() as session:
        await people.alone(session, organisation.key)
        token = await kept.make(session, id_=change.person, organisation=organisation.key, service=service, at=at)
        if token is not None:
            await power.propose(session, organisation, [change], by=visit.person.id, at=at, why=why)
    return token


async def end_service(visit: Visit) -> Response:
    """End a service: one administrator does that alone."""
    only(visit.sent, ())
    service, ours = visit.place("id"), visit.person.organisation
    async with visit.site.db.write() as session:
        await people.alone(session, ours)
        ended = await power.end_service(session, ours, service, visit.person.id, visit.site.clock())
    if ended:
        log.info("service_ended", service=service, by=visit.person.id)
        await tell(visit)
    return visit.go("organisation_tokens")


async def end_token(visit: Visit) -> Response:
    """End the token of a program of somebody of the organisation."""
    only(visit.sent, ())
    async with visit.site.db.write() as session:
        whose = await interface.revoke_in(
            session, visit.person.organisation, visit.place("id"), visit.person.id, visit.site.clock()
        )
    if whose is None:
        raise HTTPException(404)
    log.info("token_revoked", person=whose, by=visit.person.id)
    return visit.go("organisation_tokens")


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _faults(
    visit: Visit, typed: Mapping[str, str], scopes: tuple[Scope, ...], until: date | None, there: int
) -> dict[str, str]:
    faults: dict[str, str] = {}
    if there >= MOST_SERVICES:
        faults["name"] = f"There are {MOST_SERVICES} services, and no more are made. End one that is not needed"
    elif unfit := unfit_name(typed["name"]):
        faults["name"] = unfit
    if is_blank(typed["why"]):
        faults["why"] = "Say what it is for: whoever confirms it decides by that"
    elif len(typed["why"]) > LONGEST_WHY:
        faults["why"] = f"What it is for must be {LONGEST_WHY} characters or fewer"
    if not scopes:
        faults["scope"] = "Choose what the service may do"
    if until is None or not visit.site.today <= until <= visit.site.today + LONGEST:
        faults["until"] = "Choose its last day: from today on, and no more than a year from now"
    return faults


async def _list(
    visit: Visit, typed: Mapping[str, str], scopes: tuple[Scope, ...], faults: Mapping[str, str] | None = None
) -> Response:
    faults, ours, now = faults or {}, visit.person.organisation, visit.site.clock()
    async with visit.site.db.read() as session:
        directory = await people.directory(session, ours)
        services = await kept.services_of(session, ours)
        tokens = await interface.good_tokens(session, ours, now)
    administrators = [one for one in directory.people if one.administrator and one.is_active(visit.site.today)]
    return visit.show(
        "admin_tokens.html",
        422 if faults else 200,
        services=[_shown(visit, row, directory) for row in services],
        tokens=_shown_tokens(visit, tokens, directory),
        alone=all(one.id == visit.person.id for one in administrators),
        id=draw_id(),
        typed=typed,
        chosen=scopes,
        offered=SERVICE_SCOPES,
        first=visit.site.today,
        last=visit.site.today + LONGEST,
        faults=faults,
        errors=[(f"#{field}", message) for field, message in faults.items()],
    )


def _shown_tokens(visit: Visit, rows: Sequence[TokenRow], directory: Directory) -> list[ShownToken]:
    """Return those tokens that can be used: that of a leaver cannot."""
    there = {one.id: one.name for one in directory.people if one.is_active(visit.site.today)}
    return [ShownToken(row, _words(SCOPES_OF_OTHERS, row), there[row.person]) for row in rows if row.person in there]


def _shown(visit: Visit, row: ServiceRow, directory: Directory) -> ShownService:
    maker, now = directory.person(row.made_by), visit.site.clock()
    left = maker is None or not maker.is_active(visit.site.today)
    return ShownService(
        row=row,
        scopes=_words(SERVICE_SCOPES, row),
        maker=f"{_name(row.made_by, directory)}{', who has left' if left else ''}",
        stands=_stands(row, directory, now),
        over=row.ended_at is not None or row.expires_at <= now,
    )


def _words(known: Mapping[Scope, str], row: TokenRow | ServiceRow) -> tuple[str, ...]:
    return tuple(words for scope, words in known.items() if scope in row.scopes.split())


def _stands(row: ServiceRow, directory: Directory, now: datetime) -> str:
    """Return how a service stands, in a sentence."""
    last_day = day_in_words(local_day(row.expires_at - timedelta(seconds=1)))
    if row.ended_at is not None:
        what = "Ended" if row.confirmed_at is not None else "Not confirmed, and ended"
        by = f" by {_name(row.ended_by, directory)}" if row.ended_by else ""
        return f"{what}{by} on {day_in_words(local_day(row.ended_at))}"
    if row.expires_at <= now:
        return f"Its last day was {last_day}"
    if row.confirmed_at is None:
        return f"Waits for another administrator to confirm it. Its last day is {last_day}"
    return f"Confirmed by {_name(row.confirmed_by, directory)}. Its last day is {last_day}"


def _name(person: str | None, directory: Directory) -> str:
    found = directory.person(person) if person else None
    return found.name if found is not None else "somebody"


PAGES: Final = (
    Page("/admin/tokens", organisation_tokens, ("GET", "POST"), "administrator"),
    Page("/admin/tokens/{id}/end", end_token, ("POST",), "administrator"),
    Page("/admin/services/{id}/end", end_service, ("POST",), "administrator"),
)
