"""The webhooks of the organisation: where programs are told what happens in ordinary cases, and what did not arrive."""

import re
import secrets
from collections.abc import Mapping
from typing import Final

import structlog
from starlette.exceptions import HTTPException
from starlette.responses import Response

from domain.interface import KINDS, unfit_address
from domain.text import tidy
from starter.web.confirming import needs_strong
from starter.web.page import Page, Visit
from starter.web.reading import Pairs, UnreadableBodyError, only
from store import people
from store import webhooks as kept
from store.webhooks import MOST_WEBHOOKS

log = structlog.get_logger()

MOST: Final = 100
"""Deliveries that failed of which the page tells."""

_DRAW: Final = 16
_ID: Final = re.compile(r"[0-9a-f]{32}")
_KIND: Final = "kind"
_SAID: Final = {
    "too_slow": "It did not answer in time",
    "no_answer": "It broke off before it answered",
    "no_connection": "It could not be reached",
    "unknown_host": "Its name is not known",
    "not_public": "Its name leads into an inner network",
    "certificate": "Its certificate is not good",
    "address": "Its address is not allowed here",
    "key": "The key is missing that opens its secret",
    "": "It was not tried",
}
"""What came of the last try, in words."""

_STATUS: Final = "status_"
_HINT: Final = "It begins with https:// and does not lead into an inner network"
_HINT_IN_THE_DEMO: Final = "It begins with https://, or in this demo with http://, and may be on this machine"


async def webhooks(visit: Visit) -> Response:
    """Show the webhooks, and what each was not told; a POST makes one, and shows its secret this once."""
    if not visit.is_post:
        return await _list(visit, "", ())
    asked = needs_strong(visit)
    if asked is not None:
        return asked
    kinds, rest = _kinds(visit.sent)
    sent = only(rest, ("id", "address"))
    if not _ID.fullmatch(sent["id"]):
        why = "the form has an id that no page of ours makes"
        raise UnreadableBodyError(why, 422)
    address, ours = tidy(sent["address"]), visit.person.organisation
    async with visit.site.db.read() as session:
        there = len(await kept.webhooks_of(session, ours))
    faults = _faults(visit, address, kinds, there)
    if faults:
        return await _list(visit, address, kinds, faults)
    async with visit.site.db.write() as session:
        secret = await kept.make(
            session,
            visit.site.keys.ring,
            id_=sent["id"],
            organisation=ours,
            address=address,
            kinds=kinds,
            by=visit.person.id,
            at=visit.site.clock(),
        )
    if secret is None:
        # The page was sent again: what it made is shown to nobody a second time.
        return visit.go("webhooks")
    log.info("webhook_made", webhook=sent["id"], by=visit.person.id)
    return visit.show("webhook_made.html", secret=secret, address=address)


async def end_webhook(visit: Visit) -> Response:
    """End a webhook, with all that it was still to be told."""
    only(visit.sent, ())
    async with visit.site.db.write() as session:
        if not await kept.end(session, visit.person.organisation, visit.place("id")):
            raise HTTPException(404)
    log.info("webhook_ended", webhook=visit.place("id"), by=visit.person.id)
    return visit.go("webhooks")


async def tell_webhook_again(visit: Visit) -> Response:
    """Have everything tried again that a webhook was not told; the worker sees to it within a quarter of a minute."""
    only(visit.sent, ())
    async with visit.site.db.write() as session:
        await kept.try_again(session, visit.person.organisation, visit.place("id"), visit.site.clock())
    return visit.go("webhooks")


def _kinds(sent: Pairs) -> tuple[tuple[str, ...], Pairs]:
    """Return which boxes were ticked, in their order, and the other fields.

    Raises:
        UnreadableBodyError: one of them is not on the page.
    """
    ticked = {text for name, text in sent if name == _KIND}
    if not ticked <= set(KINDS):
        why = "there is no such box on the page"
        raise UnreadableBodyError(why, 422)
    return tuple(kind for kind in KINDS if kind in ticked), tuple(pair for pair in sent if pair[0] != _KIND)


def _faults(visit: Visit, address: str, kinds: tuple[str, ...], there: int) -> dict[str, str]:
    faults: dict[str, str] = {}
    unfit = unfit_address(address, anywhere=visit.site.demo)
    if there >= MOST_WEBHOOKS:
        faults["address"] = f"There are {MOST_WEBHOOKS} webhooks, and no more are made. End one first"
    elif unfit:
        faults["address"] = unfit
    if not kinds:
        faults[_KIND] = "Choose what it is told"
    return faults


async def _list(
    visit: Visit, address: str, kinds: tuple[str, ...], faults: Mapping[str, str] | None = None
) -> Response:
    faults, ours = faults or {}, visit.person.organisation
    async with visit.site.db.read() as session:
        hooks = await kept.webhooks_of(session, ours)
        failed = await kept.failed(session, ours, MOST)
        names = await people.names(session, ours)
    return visit.show(
        "webhooks.html",
        422 if faults else 200,
        hooks=[
            (
                hook,
                [KINDS[kind] for kind in hook.kinds.split() if kind in KINDS],
                [(row, KINDS.get(row.kind, row.kind), _said(row.said)) for row in failed if row.webhook == hook.id],
            )
            for hook in hooks
        ],
        kinds=KINDS,
        names=names,
        id=secrets.token_hex(_DRAW),
        address=address,
        hint=_HINT_IN_THE_DEMO if visit.site.demo else _HINT,
        chosen=kinds,
        faults=faults,
        errors=[(f"#{field}", message) for field, message in faults.items()],
    )


def _said(code: str) -> str:
    if code.startswith(_STATUS):
        return f"It answered with the status {code.removeprefix(_STATUS)}"
    return _SAID.get(code, code)


PAGES: Final = (
    Page("/admin/webhooks", webhooks, ("GET", "POST"), "administrator"),
    Page("/admin/webhooks/{id}/end", end_webhook, ("POST",), "administrator"),
    Page("/admin/webhooks/{id}/again", tell_webhook_again, ("POST",), "administrator"),
)
