"""The tokens of one's own programs: made for some purposes and some time, shown once, and ended again."""

import re
import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

import structlog
from starlette.responses import Response

from domain.interface import LONGEST, LONGEST_PROGRAM, SCOPES, Scope
from domain.text import is_blank, one_line, tidy
from starter.web.confirming import needs_strong
from starter.web.page import Page, Visit
from starter.web.reading import Pairs, UnreadableBodyError, only
from store import interface, people
from store.interface import MOST_TOKENS, TokenRow, is_good

log = structlog.get_logger()

_DRAW: Final = 16
_ID: Final = re.compile(r"[0-9a-f]{32}")
_LASTS: Final = {"30": "30 days", "90": "90 days", str(LONGEST.days): "A year"}
_SCOPE: Final = "scope"
_FOR_ADMINISTRATORS: Final[frozenset[Scope]] = frozenset({"webhooks"})


async def api_tokens(visit: Visit) -> Response:
    """Show the visitor's tokens; a POST makes one, and shows it this once."""
    if not visit.is_post:
        return await _list(visit, {}, ())
    asked = needs_strong(visit)
    if asked is not None:
        return asked
    scopes, rest = ticked(offered(visit), visit.sent)
    sent = only(rest, ("id", "name"), ("lasts",))
    check_id(sent["id"])
    name, now = tidy(sent["name"]), visit.site.clock()
    async with visit.site.db.read() as session:
        there = await interface.tokens_of(session, visit.person.id)
    faults = _faults(name, scopes, sent.get("lasts", ""), sum(is_good(row, now) for row in there))
    if faults:
        return await _list(visit, sent, scopes, faults)
    async with visit.site.db.write() as session:
        token = await interface.make_token(
            session,
            id_=sent["id"],
            person=visit.person.id,
            name=name,
            scopes=scopes,
            at=now,
            lasts=timedelta(days=int(sent["lasts"])),
        )
    if token is None:
        # The page was sent again: what it made is shown to nobody a second time.
        return visit.go("api_tokens")
    log.info("token_made", person=visit.person.id, token=sent["id"])
    return visit.show(
        "token_made.html", token=token, program=name, scopes=[SCOPES[scope] for scope in scopes], waits=""
    )


async def revoke_token(visit: Visit) -> Response:
    """End one of the visitor's tokens."""
    only(visit.sent, ())
    async with visit.site.db.write() as session:
        await interface.revoke(session, visit.person.id, visit.place("id"), visit.site.clock())
    log.info("token_revoked", person=visit.person.id)
    return visit.go("api_tokens")


def offered(visit: Visit) -> dict[Scope, str]:
    """Return what a token of the visitor can be for."""
    administrator = visit.person.administrator
    return {scope: words for scope, words in SCOPES.items() if administrator or scope not in _FOR_ADMINISTRATORS}


def draw_id() -> str:
    """Return an id for what a form is to make, so that the form sent again makes it once."""
    return secrets.token_hex(_DRAW)


def check_id(sent: str) -> None:
    """See that a form has an id that a page of ours drew.

    Raises:
        UnreadableBodyError: it has not.
    """
    if not _ID.fullmatch(sent):
        why = "the form has an id that no page of ours makes"
        raise UnreadableBodyError(why, 422)


def ticked(known: Mapping[Scope, str], sent: Pairs) -> tuple[tuple[Scope, ...], Pairs]:
    """Return which boxes of those `known` were ticked, in their order, and the other fields.

    Raises:
        UnreadableBodyError: one of them is not on the page.
    """
    boxes = [text for name, text in sent if name == _SCOPE]
    if not set(boxes) <= set(known):
        why = "there is no such box on the page"
        raise UnreadableBodyError(why, 422)
    return tuple(scope for scope in known if scope in boxes), tuple(pair for pair in sent if pair[0] != _SCOPE)


def unfit_name(name: str) -> str:
    """Return what is wrong with the name of a program, in words; nothing where it will do."""
    if is_blank(name):
        return "Type a name by which you will know the program"
    if len(name) > LONGEST_PROGRAM or name != one_line(name, LONGEST_PROGRAM):
        return f"The name must be one line of {LONGEST_PROGRAM} characters or fewer"
    return ""


def _faults(name: str, scopes: tuple[Scope, ...], lasts: str, there: int) -> dict[str, str]:
    faults: dict[str, str] = {}
    if there >= MOST_TOKENS:
        faults["name"] = f"You have {MOST_TOKENS} tokens, and no more are made. End one that you do not need"
    elif unfit := unfit_name(name):
        faults["name"] = unfit
    if not scopes:
        faults[_SCOPE] = "Choose what the program may do"
    if lasts not in _LASTS:
        faults["lasts"] = "Choose how long the token lasts"
    return faults


async def _list(
    visit: Visit, typed: Mapping[str, str], scopes: tuple[Scope, ...], faults: Mapping[str, str] | None = None
) -> Response:
    now, faults = visit.site.clock(), faults or {}
    async with visit.site.db.read() as session:
        rows = await interface.tokens_of(session, visit.person.id)
        names = await people.names(session, visit.person.organisation)
    return visit.show(
        "tokens.html",
        422 if faults else 200,
        tokens=[(row, _for(row), is_good(row, now)) for row in rows],
        names=names,
        id=draw_id(),
        typed=typed,
        chosen=scopes,
        offered=offered(visit),
        lasts=_LASTS,
        faults=faults,
        errors=[(f"#{field}", message) for field, message in faults.items()],
    )


def _for(row: TokenRow) -> list[str]:
    return [SCOPES[scope] for scope in SCOPES if scope in row.scopes.split()]


PAGES: Final = (
    Page("/api-tokens", api_tokens, ("GET", "POST"), "signed_in"),
    Page("/api-tokens/{id}/revoke", revoke_token, ("POST",), "signed_in"),
)
