"""Setting up one's own authenticator app, as far as one person can; and asking for it to be taken away."""

from dataclasses import dataclass
from typing import Final

import structlog
from starlette.responses import Response

from starter.web.confirming import APP_FAULTS, APP_STATUS, call_instead, with_retry
from starter.web.page import Page, Visit
from starter.web.reading import UnreadableBodyError, only
from store import people, second_factors
from store.second_factors import Tried

log = structlog.get_logger()

_BORDER: Final = 4


@dataclass(frozen=True)
class Secret:
    """A secret as its owner gets it into an app: to be typed, as an address, and as a picture of dark squares.

    The picture is `side` squares wide, and `dark` the path around those that are dark.
    """

    typed: str
    address: str
    side: int
    dark: str


async def set_up_second_factor(visit: Visit) -> Response:
    """Show how far the visitor has come; a POST begins, takes the first code, or asks to have it all taken away."""
    if not visit.is_post:
        return await _progress(visit)
    sent = only(visit.sent, ("stage",), ("code",))
    match sent["stage"]:
        case "begin":
            await _begin(visit)
        case "prove":
            tried = await _prove(visit, sent.get("code", ""))
            if tried != "right":
                return with_retry(await _progress(visit, tried))
        case "remove":
            await _ask_removal(visit)
        case _:
            why = "there is no such stage on the page"
            raise UnreadableBodyError(why, 422)
    return visit.go("set_up_second_factor")


async def _begin(visit: Visit) -> None:
    async with visit.site.db.write() as session:
        await second_factors.begin(session, visit.site.keys.ring, visit.person.id, visit.site.clock())


async def _prove(visit: Visit, code: str) -> Tried:
    now = visit.site.clock()
    async with visit.site.db.write() as session:
        row = await second_factors.factor_of(session, visit.person.id)
        if not second_factors.is_being_made(row, now):
            return "right"
        return await second_factors.prove(session, visit.site.keys.ring, visit.person.id, code, now)


async def _ask_removal(visit: Visit) -> None:
    async with visit.site.db.write() as session:
        if not await second_factors.has_any(session, visit.person.id):
            return
        await second_factors.ask_removal(session, visit.person.id, visit.person.id, visit.site.clock())
    log.info("second_factor_removal_asked", person=visit.person.id, by=visit.person.id)


async def _progress(visit: Visit, tried: Tried = "right") -> Response:
    """Return the page; after a code that was not right, with what is wrong with it."""
    ring = visit.site.keys.ring
    async with visit.site.db.read() as session:
        row = await second_factors.factor_of(session, visit.person.id)
        removal = await second_factors.removal_of(session, visit.person.id)
        has_any = await second_factors.has_any(session, visit.person.id)
        voucher = await people.person(session, row.vouched_by) if row is not None and row.vouched_by else None
    secret, waits = "", False
    if row is not None and second_factors.is_being_made(row, visit.site.clock()):
        secret, waits = second_factors.secret_of(ring, row), row.proved_at is not None
    return visit.show(
        "second_factor.html",
        APP_STATUS[tried],
        row=row if second_factors.counts(row) else None,
        voucher=voucher.name if voucher is not None else "somebody",
        secret=_shown(visit, secret) if secret and not waits else None,
        check=second_factors.check_of(secret) if waits else "",
        has_any=has_any,
        removal=removal,
        contacts=call_instead(visit),
        errors=[("#code", APP_FAULTS[tried])] if tried != "right" else [],
    )


def _shown(visit: Visit, secret: str) -> Secret:
    """Return the secret in all the ways in which an app takes it."""
    import segno
    from pyotp import TOTP

    address = TOTP(secret).provisioning_uri(name=visit.person.email, issuer_name="Duly")
    rows = tuple(segno.make(address, error="m", micro=False).matrix)
    dark = "".join(
        f"M{x + _BORDER} {y + _BORDER}h1v1h-1z"
        for y, row in enumerate(rows)
        for x, is_dark in enumerate(row)
        if is_dark
    )
    typed = " ".join(secret[n : n + 4] for n in range(0, len(secret), 4))
    return Secret(typed, address, len(rows) + 2 * _BORDER, dark)


PAGES: Final = (Page("/confirm-it-is-you/set-up", set_up_second_factor, ("GET", "POST"), "signed_in"),)
