"""A call: one route of the interface, with what it takes and answers; and the door that every call comes through."""

import json
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import structlog
from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.responses import Response

from domain.access import Viewer
from domain.forms import Fault
from domain.interface import SERVICE_SCOPES, Scope
from starter.api.problems import ProblemError
from starter.web.page import Page, Visit
from starter.web.reading import read_pairs
from starter.web.signed_in import Signed
from starter.web.site import Site
from store import interface, people, services
from store.services import ServiceRow

log = structlog.get_logger()

_TOKEN: Final = re.compile(r"Bearer (duly_[A-Za-z0-9_-]{43})")
_JSON: Final = "application/json"
_UNREADABLE: Final = ProblemError(400, "unreadable", "The body is not the JSON of one object, each name once")

Endpoint = Callable[[Visit, Any], Awaitable[BaseModel]]
"""What answers a call: with who calls, and the body as it was read, None where there is none."""


ALWAYS: Final = (400, 401, 403, 422, 429, 503)
"""The statuses with which any call may answer that it came to nothing."""


@dataclass(frozen=True)
class Asked:
    """Something that may follow the `?` of an address, or stand in a header: its name, and what it is for.

    `shape` is what else JSON Schema can say of its text.
    """

    name: str
    about: str
    required: bool = False
    place: Literal["query", "header"] = "query"
    shape: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Call:
    """A route of the interface: which scope a token needs for it, what it takes, and what it answers.

    `problems` are the statuses besides that it may answer with, and besides those of `ALWAYS`.
    """

    method: Literal["GET", "POST"]
    path: str
    endpoint: Endpoint
    scope: Scope
    reply: type[BaseModel]
    body: type[BaseModel] | None = None
    status: int = 200
    asked: tuple[Asked, ...] = ()
    problems: tuple[int, ...] = ()

    @property
    def name(self) -> str:
        """What the call is called: as its endpoint."""
        return str(getattr(self.endpoint, "__name__", ""))

    @property
    def page(self) -> Page:
        """The call as a route of the site."""

        async def answer(visit: Visit) -> Response:
            try:
                caller = await _caller(visit.site, visit.request, self.scope)
                self._check_address(visit.request)
                body = await _body(visit.request, self.body)
                reply = await self.endpoint(caller, body)
            except ProblemError as error:
                return error.answer()
            return Response(reply.model_dump_json(), self.status, media_type=_JSON)

        answer.__name__ = self.name
        return Page(self.path, answer, (self.method,), "token")

    def _check_address(self, request: Request) -> None:
        """See that nothing follows the `?` but what the call takes, each once, and with something in it.

        Raises:
            ProblemError: 422, something does.
        """
        pairs = read_pairs(request.scope["query_string"])
        names = [name for name, _ in pairs]
        if len(set(names)) != len(names) or not {one.name for one in self.asked if one.place == "query"} >= set(names):
            raise ProblemError(422, "unfit", "The address asks for something twice, or for something that is not here")
        faults = [Fault(field=name, message="Leave it out, or say something") for name, text in pairs if not text]
        if faults:
            raise ProblemError(422, "unfit", faults=faults)


async def _caller(site: Site, request: Request, scope: Scope) -> Visit:
    """Return who calls: whose token came with the request, in its header and nowhere else; a cookie is nobody here.

    Whoever has left has no token any more. A token never opens confidential work. That of a service, which is nobody,
    opens what services may do, whatever its row says.

    Raises:
        ProblemError: 401, there is none that is good; 429, too many that are none; 403, it is not for this.
    """
    headers = request.headers.getlist("authorization")
    if not headers:
        raise ProblemError(401, "no-token", "Send a token in the header Authorization: Bearer duly_…")
    found = _TOKEN.fullmatch(headers[0]) if len(headers) == 1 else None
    now = site.clock()
    async with site.db.read() as session:
        row = await interface.token_of(session, found[1], now) if found is not None else None
        person = await people.person(session, row.person) if row is not None else None
        service = await services.service_with(session, found[1], now) if found is not None and row is None else None
    if service is not None:
        return await _of_service(site, request, service, scope)
    if row is None or person is None or not person.is_active(site.today):
        raise _unknown_token(site, request)
    if row.last_used_on != site.today:
        async with site.db.write() as session:
            await interface.note_use(session, row.digest, site.today)
    if scope not in row.scopes.split():
        raise _not_for(scope)
    return Visit(site, request, Signed(person, session="", form_token=""))


async def _of_service(site: Site, request: Request, service: ServiceRow, scope: Scope) -> Visit:
    if service.last_used_on != site.today:
        async with site.db.write() as session:
            await services.note_use(session, service.id, site.today)
    if scope not in SERVICE_SCOPES or scope not in service.scopes.split():
        raise _not_for(scope)
    return Visit(
        site, request, None, service=Viewer(person=service.id, organisation=service.organisation, service=True)
    )


def _not_for(scope: Scope) -> ProblemError:
    return ProblemError(403, "scope", f"The token is not for this: it needs the scope {scope}")


def _unknown_token(site: Site, request: Request) -> ProblemError:
    """Return what a token that is none is answered with. It counts against its address, and no good token ever does."""
    address = request.client.host if request.client else ""
    wait = site.bad_tokens.add(address, site.settings.bad_links_per_minute, site.clock())
    if wait:
        return ProblemError(429, "too-many-tokens", headers={"Retry-After": str(wait)})
    return ProblemError(401, "bad-token", "There is no such token, or it is over")


async def _body(request: Request, model: type[BaseModel] | None) -> BaseModel | None:
    """Return the body as `model`.

    Raises:
        ProblemError: 400 or 415, it is no such JSON; 422, with everything that does not fit.
    """
    raw = await request.body()
    if model is None:
        if raw.strip() not in {b"", b"{}"}:
            raise ProblemError(422, "unfit", "Nothing is to be sent here")
        return None
    kind, _, parameters = request.headers.get("content-type", "").partition(";")
    if kind.strip().lower() != _JSON or parameters.strip().lower() not in {"", "charset=utf-8"}:
        raise ProblemError(415, "json", "Send Content-Type: application/json")
    try:
        sent = json.loads(raw.decode("utf-8"), object_pairs_hook=_once, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise _UNREADABLE from None
    if not isinstance(sent, dict):
        raise _UNREADABLE
    try:
        return model.model_validate_json(json.dumps(sent), strict=True)
    except ValidationError as invalid:
        raise ProblemError(422, "unfit", faults=_faults(invalid)) from None


def _faults(invalid: ValidationError) -> Sequence[Fault]:
    """Return everything that does not fit, once for each place, whatever ways there were to read it."""
    found: dict[str, str] = {}
    for error in invalid.errors(include_url=False, include_input=False, include_context=False):
        parts = [str(part) for part in error["loc"]]
        # An answer can be of three kinds: which of them was tried is nothing to whoever sent it.
        place = ".".join(parts[:2] if parts[:1] == ["answers"] else parts)
        found.setdefault(place, error["msg"])
    return [Fault(field=place, message=message) for place, message in found.items()]


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        msg = "a name comes twice"
        raise ValueError(msg)
    return found


def _refuse(constant: str) -> Any:  # noqa: ANN401 -- what JSON takes for a number, and is none
    raise ValueError(constant)
