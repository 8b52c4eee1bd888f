"""The OpenAPI document of the interface, made of its calls and of the shapes that they take and answer."""

import json
import re
from collections.abc import Sequence
from functools import cache
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema
from starlette.responses import Response

from domain.interface import SCOPES
from starter.api.calls import ALWAYS, Asked, Call
from starter.api.problems import PROBLEM
from starter.api.shapes import Problem
from starter.web.page import Visit

VERSION: Final = "1.0.0"
_JSON: Final = "application/json"
_PART: Final = re.compile(r"{(\w+)}")
_PARTS: Final = {
    "reference": ("The reference of a case, such as K7QM-4TXR", "^[0-9A-Za-z]{4}-?[0-9A-Za-z]{4}$"),
    "ask": ("The id of an ask of the case, such as a1", "^a[0-9]{1,6}$"),
}
_HEADERS: Final = {401: "WWW-Authenticate", 429: "Retry-After"}
"""The header that says more, by the status of the answer."""

_WHEN: Final = {
    400: "The address or the body cannot be read",
    401: "There is no token, or none that is good",
    403: "The token, or its person, may not do this",
    404: "There is no such thing, or the person of the token may not see it: the two look the same",
    409: "It is not so any more; `type` says why",
    415: "The body is not sent as JSON",
    422: "Something is wrong with what was sent; `faults` has everything at once",
    429: "Too many tries; `Retry-After` says for how many seconds to wait",
    503: "Nothing is known to have happened: send the same again",
}


def document(calls: Sequence[Call], base_url: str) -> dict[str, Any]:
    """Return the document of `calls`, as they are reached at `base_url`."""
    replies: list[type[BaseModel]] = [Problem, *(call.reply for call in calls)]
    bodies = [call.body for call in calls if call.body is not None]
    shapes = [*((one, "serialization") for one in dict.fromkeys(replies)), *((one, "validation") for one in bodies)]
    names, definitions = models_json_schema(
        shapes,  # type: ignore[arg-type]  # each is a model and one of the two modes
        ref_template="#/components/schemas/{model}",
    )
    del names
    paths: dict[str, dict[str, Any]] = {}
    for call in calls:
        paths.setdefault(call.path, {})[call.method.lower()] = _operation(call)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Duly",
            "version": VERSION,
            "description": "What a person may do on the pages of Duly, with a token of theirs; and what a service may "
            "read. Nothing confidential.",
        },
        "servers": [{"url": base_url}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "Made on the page /api-tokens, or for a service on /admin/tokens, for some of "
                    + ", ".join(f"`{scope}`" for scope in SCOPES),
                }
            },
            "schemas": definitions["$defs"],
        },
    }


def _operation(call: Call) -> dict[str, Any]:
    doc = (call.endpoint.__doc__ or "").strip()
    summary, _, more = doc.partition("\n")
    operation: dict[str, Any] = {
        "operationId": call.name,
        "summary": summary,
        "description": "\n".join(filter(None, (" ".join(more.split()), f"Needs the scope `{call.scope}`."))),
        "security": [{"token": []}],
        "parameters": [*map(_part, _PART.findall(call.path)), *map(_parameter, call.asked)],
        "responses": {
            str(call.status): {"description": _summary(call.reply), "content": {_JSON: {"schema": _ref(call.reply)}}},
            **{str(status): _problem(status) for status in sorted({*ALWAYS, *call.problems})},
        },
    }
    if call.body is not None:
        operation["requestBody"] = {"required": True, "content": {_JSON: {"schema": _ref(call.body)}}}
    return operation


def _problem(status: int) -> dict[str, Any]:
    told: dict[str, Any] = {"description": _WHEN[status], "content": {PROBLEM: {"schema": _ref(Problem)}}}
    if status in _HEADERS:
        told["headers"] = {_HEADERS[status]: {"required": True, "schema": {"type": "string"}}}
    return told


def _part(name: str) -> dict[str, Any]:
    about, pattern = _PARTS[name]
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": about,
        "schema": {"type": "string", "pattern": pattern},
    }


def _parameter(asked: Asked) -> dict[str, Any]:
    return {
        "name": asked.name,
        "in": asked.place,
        "required": asked.required,
        "description": asked.about,
        "schema": {"type": "string", "minLength": 1, **asked.shape},
    }


def _ref(shape: type[BaseModel]) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{shape.__name__}"}


def _summary(shape: type[BaseModel]) -> str:
    return (shape.__doc__ or "").strip().partition("\n")[0]


@cache
def _text(base_url: str) -> bytes:
    from starter.api.routes import CALLS

    return json.dumps(document(CALLS, base_url)).encode()


async def openapi(visit: Visit) -> Response:
    """Return the OpenAPI document; it says nothing of anybody, and whoever writes a program may read it."""
    return Response(_text(visit.site.settings.base_url), media_type=_JSON)
