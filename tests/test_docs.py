"""What the documentation shows is what Duly does: its example is a pack, its tables are whole, its picture current."""

import re
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

import packs
from domain import documents, fields, forms, pack
from domain.mails import NOTICE_TEMPLATES
from domain.pack_faults import RECORDED_BY, RESERVED_SECTIONS
from domain.people import PersonKind
from domain.people_import import COLUMNS
from tests.process_pictures import PICTURE, picture

ROOT = Path(__file__).parents[1]
DOCS = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
PACKS = (ROOT / "docs" / "packs.md").read_text(encoding="utf-8")
OPERATIONS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")

QUESTIONS: tuple[type[BaseModel], ...] = get_args(get_args(fields.AnyField)[0])
RULES: tuple[type[BaseModel], ...] = get_args(get_args(forms.AnyRule)[0]) + get_args(get_args(pack.OrderRule)[0])
SHAPES: tuple[type[BaseModel], ...] = (
    pack.Organisation,
    pack.School,
    documents.DocumentControl,
    documents.Document,
    documents.Citation,
    pack.Seat,
    pack.CalendarRules,
    pack.Contact,
    pack.Clause,
    pack.Step,
    pack.Confirmation,
    pack.Notice,
    pack.EventMatch,
    pack.Process,
    pack.Topic,
    pack.Route,
    pack.Task,
    pack.Reviews,
    pack.Recurring,
    pack.Cover,
    pack.Cycle,
    pack.Campaign,
    pack.Retention,
    pack.NotOffered,
    forms.Form,
    forms.Section,
    forms.Choice,
    fields.Option,
    *QUESTIONS,
    *RULES,
)


def test_the_example_is_a_whole_pack(tmp_path: Path) -> None:
    for name, text in re.findall(r"^`([\w/]+\.toml)`:\n```toml\n(.*?)```$", PACKS, re.MULTILINE | re.DOTALL):
        (tmp_path / "elms" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "elms" / name).write_text(text, encoding="utf-8")
    elms = packs.load(tmp_path / "elms")
    assert [process.key for process in elms.processes] == ["site_creation"]
    assert [form.key for form in elms.forms] == ["new_site"]


def _said(page: str) -> set[str]:
    """Return every word that `page` shows as code."""
    return {word for code in re.findall(r"`([^`\n]+)`", page) for word in re.findall(r"\w+", code)}


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.__name__)
def test_every_key_of_a_pack_is_explained(shape: type[BaseModel]) -> None:
    assert set(shape.model_fields) - _said(PACKS) == set()


def _kinds(shapes: tuple[type[BaseModel], ...], key: str) -> set[Any]:
    return {kind for shape in shapes for kind in get_args(shape.model_fields[key].annotation)}


@pytest.mark.parametrize(
    "words",
    [
        _kinds(QUESTIONS, "type"),
        _kinds(RULES, "rule"),
        set(get_args(forms.Weight)),
        set(NOTICE_TEMPLATES),
        set(RESERVED_SECTIONS),
        set(RECORDED_BY),
        *map(set, RECORDED_BY.values()),
    ],
    ids=["questions", "rules", "weights", "mails", "sections", "stories", *RECORDED_BY],
)
def test_every_kind_is_explained(words: set[str]) -> None:
    assert words
    assert words - _said(PACKS) == set()


def test_every_column_and_kind_of_people_is_explained() -> None:
    assert {*COLUMNS, *PersonKind} - _said(OPERATIONS) == set()


def test_the_picture_of_the_process_is_current() -> None:
    assert PICTURE.read_text(encoding="utf-8") == picture(), "run: python -m tests.process_pictures"


@pytest.mark.parametrize("page", DOCS, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_to_a_file_leads_to_one(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []
