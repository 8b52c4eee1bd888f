"""What a route is and what its endpoint gets: the stated access rule, the visit, and how a page is shown."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

import templates
from domain.access import Viewer
from domain.pack import Pack
from domain.people import Person
from starter.web.reading import Pairs
from starter.web.signed_in import Signed
from starter.web.site import Site, static_path

Access = Literal["anyone", "signed_in", "link", "token", "administrator", "demo"]
"""Who reaches a route: anyone; anybody signed in; who holds a decision link, which the endpoint checks; a program with
a token, which its call checks; administrators; or anybody signed in or not, in demo mode only. What they
then see, `allow` says."""


@dataclass(frozen=True)
class Frame:
    """What surrounds every page: whose Duly it is, who is signed in, where else to go."""

    static: str
    demo: bool
    here: str
    organisation: str = ""
    person: str = ""
    form_token: str = ""
    places: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Visit:
    """One request as an endpoint sees it: the site, who is signed in, and what was sent, less the form token.

    A `service` is a program that is nobody, as `allow` asks for it; then nobody is signed in.
    """

    site: Site
    request: Request
    signed: Signed | None
    sent: Pairs = ()
    service: Viewer | None = None

    @property
    def is_post(self) -> bool:
        """Whether something was sent."""
        return self.request.method == "POST"

    @property
    def person(self) -> Person:
        """Who is signed in; only for routes that nobody else reaches."""
        return self._known.person

    @property
    def viewer(self) -> Viewer:
        """Who is signed in, or which service calls, as `allow` asks for them."""
        return self.service or self._known.viewer

    @property
    def pack(self) -> Pack:
        """The pack of the viewer's organisation.

        Raises:
            HTTPException: 404, where that organisation has no pack here.
        """
        pack = self.site.packs.get(self.viewer.organisation)
        if pack is None:
            raise HTTPException(404)
        return pack

    def place(self, name: str) -> str:
        """Return the part of the address that the route calls `name`."""
        return str(self.request.path_params[name])

    def path(self, route: str, **parts: str) -> str:
        """Return the address of `route` on this site."""
        # By its name: the application's own way asks every route in turn.
        return str(self.request.app.state.routes[route].url_path_for(route, **parts))

    def show(self, template: str, status: int = 200, **context: object) -> HTMLResponse:
        """Return the page made from `template`."""
        around = frame(self.site, self.request.url.path, self.signed)
        return HTMLResponse(templates.page(template, frame=around, **context), status)

    def go(self, route: str, **parts: str) -> RedirectResponse:
        """Return the answer that sends the browser on to `route`, after something was done."""
        return RedirectResponse(self.path(route, **parts), 303)

    @property
    def _known(self) -> Signed:
        if self.signed is None:
            raise HTTPException(403)
        return self.signed


Endpoint = Callable[[Visit], Awaitable[Response]]


@dataclass(frozen=True)
class Page:
    """A route: where, what answers, by which methods, and who may reach it. Its name is its endpoint's."""

    path: str
    endpoint: Endpoint
    methods: tuple[Literal["GET", "POST"], ...]
    access: Access

    @property
    def name(self) -> str:
        """What the route is called: as its endpoint."""
        return str(getattr(self.endpoint, "__name__", ""))


def frame(site: Site, here: str, signed: Signed | None) -> Frame:
    """Return what surrounds the page at `here` for whoever is signed in, or for nobody."""
    if signed is None:
        return Frame(static=static_path(), demo=site.demo, here=here)
    pack = site.packs.get(signed.person.organisation)
    places = [("/", "Start"), ("/tasks", "My tasks"), ("/register", "Register")]
    places += [("/documents", "Documents"), ("/coming", "What is coming")]
    if signed.person.administrator:
        places += [("/admin", "Overview"), ("/admin/cases", "Find")]
    places.append(("/report", "Report a concern about somebody"))
    return Frame(
        static=static_path(),
        demo=site.demo,
        here=here,
        organisation=pack.organisation.name if pack else "",
        person=signed.person.name,
        form_token=signed.form_token,
        places=tuple(places),
    )
