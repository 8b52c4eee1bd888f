"""The register of demands, and where each is met: `python -m tests.coverage_page` writes docs/coverage.md.

A demand is cited by the packs (`cites`) and by tests (`@pytest.mark.meets`). What a pack cites is proved by
tests/packs/test_citations.py, which takes each cited part away and looks for the difference.
"""

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

from pydantic import TypeAdapter

from domain.base import Frozen

ROOT: Final = Path(__file__).parents[1]
PAGE: Final = ROOT / "docs" / "coverage.md"


_PARTS: Final = {
    "sections": "",
    "fields": "question",
    "options": "option",
    "reveals": "question",
    "rules": "rule",
    "steps": "step",
    "confirmations": "confirmation",
    "notices": "mail",
    "topics": "topic",
    "routes": "route",
    "tasks": "task",
    "rounds": "round",
    "readings": "reading",
}
"""What the lists in a pack's files hold, one of each in words."""

_TABLES: Final = {"changes": "changes by the author", "cover": "cover", "cycle": "cycle", "campaign": "campaign"}
"""What a pack's files hold once, in words."""


class Demand(Frozen):
    """What a clause demands, and which part of it is still to come."""

    id: str
    policy: str
    clause: str
    demand: str
    not_yet: str | None = None


class Cited(NamedTuple):
    """A place in a pack's file that cites demands: the way to it, and its name in words."""

    pack: str
    file: str
    way: tuple[str | int, ...]
    name: str
    cites: tuple[str, ...]


def demands() -> tuple[Demand, ...]:
    """Return the register, in its order."""
    text = (ROOT / "docs" / "requirements.toml").read_text(encoding="utf-8")
    return TypeAdapter(tuple[Demand, ...]).validate_python(tomllib.loads(text)["demand"])


def cited_by_packs() -> tuple[Cited, ...]:
    """Return every place in our packs that cites demands."""
    return tuple(
        Cited(folder.name, file.relative_to(folder).as_posix(), way, name, cites)
        for folder in sorted(path.parent for path in (ROOT / "packs").glob("*/pack.toml"))
        for file in sorted([*folder.glob("forms/*.toml"), *folder.glob("processes/*.toml")])
        for way, name, cites in _cited(tomllib.loads(file.read_text(encoding="utf-8")), (), "")
    )


def _cited(text: Any, way: tuple[str | int, ...], name: str) -> Iterator[tuple[tuple[str | int, ...], str, Any]]:
    # A route names topics, and has none of its own.
    if not isinstance(text, dict):
        return
    if text.get("cites"):
        yield way, name, tuple(text["cites"])
    for key, called in _TABLES.items():
        if key in text:
            yield from _cited(text[key], (*way, key), called)
    for key, noun in _PARTS.items():
        for place, part in enumerate(text.get(key, ())):
            called = f"{noun} {_known_as(part, place)}" if noun and isinstance(part, dict) else ""
            yield from _cited(part, (*way, key, place), ", ".join(filter(None, (name, called))))


def _known_as(text: dict[str, Any], place: int) -> str:
    other = text.get("other") or text.get("when", {}).get("field", "")
    rule = f"{text['field']}: {text['rule']} {other}".strip() if {"field", "rule"} <= set(text) else None
    mail = f"{text['template']} to {', '.join(text['to'])}" if "template" in text else None
    return str(text.get("key") or rule or mail or place + 1)


def cited_by_tests() -> dict[str, tuple[str, ...]]:
    """Return the tests that show a demand to be met, by its id, each as `file: the sentence that it proves`."""
    found: dict[str, tuple[str, ...]] = {}
    for file in sorted((ROOT / "tests").rglob("test_*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                sentence = node.name.removeprefix("test_").replace("_", " ")
                for one in _meets(node):
                    found[one] = (*found.get(one, ()), f"`{file.relative_to(ROOT).as_posix()}`: {sentence}")
    return found


def _meets(node: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[str]:
    for decorator in node.decorator_list:
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "pytest.mark.meets":
            yield from (ast.literal_eval(argument) for argument in decorator.args)


def met() -> dict[str, tuple[str, ...]]:
    """Return where each demand is met, by its id: in packs first, then by tests."""
    found: dict[str, tuple[str, ...]] = {}
    for cited in cited_by_packs():
        for one in cited.cites:
            found[one] = (*found.get(one, ()), f"`packs/{cited.pack}/{cited.file}`: {cited.name}".removesuffix(": "))
    for one, tests in cited_by_tests().items():
        found[one] = (*found.get(one, ()), *tests)
    return found


def page() -> str:
    """Return docs/coverage.md as it should be."""
    where = met()
    lines = [
        "# What is met, and where",
        "",
        "Every demand of the policies that Duly has taken up, with the part of a policy pack or the test that meets it."
        " What a pack cites is taken away in a test, which then has to see a difference. Made from"
        " [requirements.toml](requirements.toml) by `python -m tests.coverage_page`; do not edit it.",
        "",
        "| id | clause | demand | met by | not yet |",
        "|---|---|---|---|---|",
    ]
    for demand in demands():
        cells = (
            demand.id,
            f"{demand.policy} {demand.clause}",
            demand.demand,
            "<br>".join(where.get(demand.id, ())) or "-",
            demand.not_yet or "",
        )
        lines.append(f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
