"""The OpenAPI document says what there is: every route, every shape, and what is really answered."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.routing import Route

from starter.api.openapi import document
from starter.api.routes import CALLS
from starter.web import create_app
from starter.web.site import Site
from tests.builders import BEN
from tests.starter.api.conftest import AProgram
from tests.starter.web.running import Running, requested

KEYWORDS = {
    *("$ref", "title", "description", "type", "properties", "required", "additionalProperties", "items", "anyOf"),
    *("enum", "const", "default", "format", "maxLength", "maxItems", "minItems", "maxProperties", "pattern"),
    "minLength",
}
"""The words of JSON Schema that are used: every one of them is of the dialect of OpenAPI 3.1."""

TYPES = {"string", "integer", "number", "boolean", "array", "object", "null"}


@pytest.fixture(scope="module")
def described() -> dict[str, Any]:
    return document(CALLS, "https://duly.example")


def schemas_in(schema: Any) -> Iterator[dict[str, Any]]:
    """Yield a schema, and every schema in it."""
    assert isinstance(schema, dict)
    yield schema
    for one in schema.get("properties", {}).values():
        yield from schemas_in(one)
    for one in schema.get("anyOf", []):
        yield from schemas_in(one)
    for name in ("items", "additionalProperties"):
        if isinstance(schema.get(name), dict):
            yield from schemas_in(schema[name])


def every_schema(described: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for schema in described["components"]["schemas"].values():
        yield from schemas_in(schema)
    for operations in described["paths"].values():
        for operation in operations.values():
            for parameter in operation["parameters"]:
                yield from schemas_in(parameter["schema"])
            answers = [*operation["responses"].values(), operation.get("requestBody", {"content": {}})]
            for answer in answers:
                for media in answer["content"].values():
                    yield from schemas_in(media["schema"])


def test_it_is_an_openapi_document(described: dict[str, Any]) -> None:
    assert described["openapi"] == "3.1.0"
    assert set(described) == {"openapi", "info", "servers", "security", "paths", "components"}
    assert set(described["info"]) == {"title", "version", "description"}
    assert list(described["components"]["securitySchemes"]) == ["token"]
    ids = []
    for path, operations in described["paths"].items():
        assert path.startswith("/api/v1/")
        assert set(operations) <= {"get", "post"}
        for operation in operations.values():
            ids.append(operation["operationId"])
            assert operation["summary"].endswith(".") or ":" in operation["summary"]
            assert operation["security"] == [{"token": []}]
            parts = [one["name"] for one in operation["parameters"] if one["in"] == "path"]
            assert parts == re.findall(r"{(\w+)}", path)
            assert all(one["required"] for one in operation["parameters"] if one["in"] == "path")
            assert {int(status) // 100 for status in operation["responses"]} == {2, 4} | (
                {5} if "503" in operation["responses"] else set()
            )
            assert all(answer["description"] for answer in operation["responses"].values())
    assert len(set(ids)) == len(ids)


def test_every_schema_is_one(described: dict[str, Any]) -> None:
    known = described["components"]["schemas"]
    used = set()
    for schema in every_schema(described):
        assert set(schema) <= KEYWORDS, schema
        assert schema.get("type", "string") in TYPES
        if "$ref" in schema:
            name = schema["$ref"].removeprefix("#/components/schemas/")
            assert name in known
            used.add(name)
        if "required" in schema:
            assert set(schema["required"]) <= set(schema["properties"])
    assert used == set(known)


def test_every_route_of_the_interface_is_in_it(site: Site, described: dict[str, Any]) -> None:
    routes = {
        (route.path, method.lower())
        for route in create_app(site).routes
        if isinstance(route, Route) and route.path.startswith("/api/")
        for method in (route.methods or set()) - {"HEAD"}
    }
    told = {(path, method) for path, operations in described["paths"].items() for method in operations}
    assert routes == told | {("/api/v1/openapi.json", "get")}


async def test_anybody_reads_it_and_it_says_nothing_of_anybody(program: AProgram, running: Running) -> None:
    await requested(running)
    nobody = await program()
    answer = await nobody.get("/openapi.json")
    assert answer.status_code == 200
    assert answer.json()["servers"] == [{"url": "http://127.0.0.1:8000"}]
    assert "Amina" not in answer.text
    assert "Elmbrook" not in answer.text


def fits(value: Any, schema: dict[str, Any], known: dict[str, Any]) -> bool:
    """Return whether `value` is as `schema` says, as far as schemas say anything here."""
    if "$ref" in schema:
        return fits(value, known[schema["$ref"].removeprefix("#/components/schemas/")], known)
    if "anyOf" in schema:
        return any(fits(value, one, known) for one in schema["anyOf"])
    if "const" in schema or "enum" in schema:
        return value in schema.get("enum", [schema.get("const")])
    match schema["type"]:
        case "object":
            properties = schema.get("properties", {})
            return (
                isinstance(value, dict)
                and set(schema.get("required", [])) <= set(value) <= set(properties)
                and all(fits(one, properties[name], known) for name, one in value.items())
            )
        case "array":
            return isinstance(value, list) and all(fits(one, schema["items"], known) for one in value)
        case "null":
            return value is None
        case kind:
            python = {"string": str, "integer": int, "boolean": bool, "number": float}[kind]
            return isinstance(value, python) and (kind == "boolean" or not isinstance(value, bool))


async def test_what_is_answered_is_what_it_says(program: AProgram, running: Running, described: dict[str, Any]) -> None:
    await requested(running)
    ben = await program(BEN.email)
    known = described["components"]["schemas"]
    seen = 0
    for call in CALLS:
        path = call.path.removeprefix("/api/v1").replace("{reference}", "K7QM-4TXR").replace("{ask}", "a1")
        answer = await (ben.get(path) if call.method == "GET" else ben.post(path))
        told = described["paths"][call.path][call.method.lower()]["responses"][str(answer.status_code)]
        [(kind, media)] = told["content"].items()
        assert answer.headers["Content-Type"] == kind
        assert fits(answer.json(), media["schema"], known), call.name
        seen += answer.status_code == 200
    assert seen == 5
