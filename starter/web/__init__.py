"""The pages: one list of routes, each with its stated access rule, behind one door."""

import secrets
from collections.abc import Sequence
from typing import Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from domain.forms import UnreadableFormError
from settings import Settings
from starter.api import routes as interface
from starter.web import (
    addresses,
    advice,
    campaigns,
    cases,
    coming,
    confidential,
    confirming,
    deciding,
    disputing,
    documents,
    drafts,
    editing,
    evidence,
    finding,
    health,
    home,
    keeping,
    levers,
    lists,
    mailbox,
    operation,
    overview,
    powers,
    printing,
    procedures,
    readings,
    recording,
    school_account,
    second_factor,
    services,
    signing,
    signing_desk,
    signing_in,
    static,
    stepping_aside,
    submitting,
    tokens,
    views,
    vouching,
    webhooks,
)
from starter.web.errors import error_page
from starter.web.guard import SAME_ORIGIN, Guard
from starter.web.page import Page, Visit
from starter.web.reading import Pairs, UnreadableBodyError, read_body
from starter.web.reporting import afterwards, asking
from starter.web.signed_in import Signed, sign_in_path, who
from starter.web.site import Site

FORM_TOKEN: Final = "form_token"  # noqa: S105 -- the name of a field

PAGES: Final[tuple[Page, ...]] = (
    *static.PAGES,
    *health.PAGES,
    *signing_in.PAGES,
    *school_account.PAGES,
    *confirming.PAGES,
    *second_factor.PAGES,
    *vouching.PAGES,
    *asking.PAGES,
    *afterwards.PAGES,
    *home.PAGES,
    *procedures.PAGES,
    # Before the sections of a form, whose addresses look alike.
    *submitting.PAGES,
    *advice.PAGES,
    *drafts.PAGES,
    *stepping_aside.PAGES,
    *readings.PAGES,
    *deciding.PAGES,
    *disputing.PAGES,
    *cases.PAGES,
    *coming.PAGES,
    *recording.PAGES,
    *levers.PAGES,
    *operation.PAGES,
    *editing.PAGES,
    *printing.PAGES,
    *signing.PAGES,
    *documents.PAGES,
    *campaigns.PAGES,
    *signing_desk.PAGES,
    *evidence.PAGES,
    *confidential.PAGES,
    *keeping.PAGES,
    *lists.PAGES,
    *overview.PAGES,
    *finding.PAGES,
    *views.PAGES,
    *addresses.PAGES,
    *powers.PAGES,
    *tokens.PAGES,
    *services.PAGES,
    *webhooks.PAGES,
    *interface.PAGES,
    *mailbox.PAGES,
)
"""Every route of the site."""

_OFF_RECORD: Final = frozenset({static.static_file, health.healthz, health.readyz})
"""What answers without anything on record: what error pages look like, and what a supervisor asks."""


def create_app(site: Site, pages: Sequence[Page] = PAGES) -> Starlette:
    """Return the site as an ASGI application."""

    async def refused(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 400
        answer = error_page(site, status, here=request.url.path)
        if isinstance(error, HTTPException) and error.headers:
            answer.headers.update(error.headers)
        if status == 405:
            # One route knows its own methods alone, and others may have the same address.
            answer.headers["Allow"] = ", ".join(_methods_at(request))
        return answer

    async def unreadable(request: Request, error: Exception) -> Response:
        status = error.status if isinstance(error, UnreadableBodyError) else 422
        return error_page(site, status, here=request.url.path)

    app = Starlette(
        routes=[_route(site, page) for page in pages],
        middleware=[Middleware(Guard, site=site)],
        exception_handlers={
            HTTPException: refused,
            UnreadableBodyError: unreadable,
            UnreadableFormError: unreadable,
        },
    )
    app.state.routes = {route.name: route for route in app.routes if isinstance(route, Route)}
    # A redirect to an address with or without a last slash would be built from the Host header.
    app.router.redirect_slashes = False
    return app


def _methods_at(request: Request) -> list[str]:
    """Return which methods the address of `request` knows."""
    routes = (route for route in request.app.routes if isinstance(route, Route))
    here = (route for route in routes if route.path_regex.match(request.url.path))
    return sorted({method for route in here for method in route.methods or ()})


def _route(site: Site, page: Page) -> Route:
    async def answer(request: Request) -> Response:
        if page.endpoint not in _OFF_RECORD:
            await site.prepared()
        if page.access == "demo" and not site.demo:
            raise HTTPException(404)
        signed = None if page.access in {"anyone", "token"} else await who(site, request)
        if page.access in {"signed_in", "administrator"}:
            if signed is None:
                return _sign_in_first(site, page, request)
            if page.access == "administrator" and not signed.person.administrator:
                raise HTTPException(403)
        return await page.endpoint(Visit(site, request, signed, await _sent(page, request, signed)))

    return Route(page.path, answer, methods=list(page.methods), name=page.name)


def _sign_in_first(site: Site, page: Page, request: Request) -> Response:
    if request.method == "POST":
        return error_page(site, 401, here=request.url.path)
    return RedirectResponse(sign_in_path(request, page.name), 303)


async def _sent(page: Page, request: Request, signed: Signed | None) -> Pairs:
    """Return what was sent with a POST, once it is known to come from a page that was shown to this person.

    A decision link's page is known by the link's own secret, which its endpoint checks. A program sends no form.

    Raises:
        HTTPException: 403, it does not.
        UnreadableBodyError: it is no form.
    """
    if request.method != "POST" or page.access == "token":
        return ()
    sent = read_body(request.headers.get("content-type", ""), await request.body())
    if page.access == "link":
        return sent
    if signed is None:
        if not request.scope[SAME_ORIGIN]:
            raise HTTPException(403)
        return sent
    tokens = [text for name, text in sent if name == FORM_TOKEN]
    if len(tokens) != 1 or not secrets.compare_digest(tokens[0].encode(), signed.form_token.encode()):
        raise HTTPException(403)
    return tuple((name, text) for name, text in sent if name != FORM_TOKEN)


async def serve(settings: Settings) -> None:
    """Serve the site until told to stop."""
    import uvicorn

    from starter.web.building import build, now

    if settings.metrics_port:
        from starter.operating import metrics

        metrics.start(settings, now)
    async with build(settings) as site:
        server = uvicorn.Server(
            uvicorn.Config(
                create_app(site),
                host=settings.host,
                port=settings.port,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                log_level="warning",
            )
        )
        await server.serve()
