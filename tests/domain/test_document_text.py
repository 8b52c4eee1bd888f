"""A document as people read it: headings, paragraphs and lists, and not a word lost or moved."""

import re
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import packs
from domain.document_text import Block, blocks_of

TEXTS = sorted(Path(str(files(packs))).glob("*/documents/*.txt"))
LINES = st.text(alphabet=st.sampled_from("aB1 -.\n•:("), max_size=200)


def words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text)


def said(blocks: tuple[Block, ...]) -> list[str]:
    return [word for block in blocks for line in block.lines for word in words(line)]


@given(LINES)
def test_no_word_is_lost_added_or_moved(text: str) -> None:
    assert said(blocks_of(text)) == words(text)


@pytest.mark.parametrize("file", TEXTS, ids=lambda file: f"{file.parts[-3]}-{file.stem}")
def test_the_documents_of_every_pack_are_read_whole_and_under_headings(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    blocks = blocks_of(text)
    assert said(blocks) == words(text)
    assert all(line for block in blocks for line in block.lines)
    if len(blocks) > 20:
        assert sum(block.kind == "heading" for block in blocks) >= 5


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("1. Online\n1.1 I keep it to myself.", ["heading", "paragraph"]),
        ("Contents", ["heading"]),
        ("1. One\n2. Two\n3. Three", ["paragraph"] * 3),
        ("A sentence by itself.", ["paragraph"]),
        ("Owner: The headteacher", ["paragraph"]),
        ("Phone 01922 655868", ["paragraph"]),
        ("head@school.example", ["paragraph"]),
        ("(Reviewed Sept 2022)", ["paragraph"]),
        ("2023 \u2013 2024", ["paragraph"]),
        ("- one\n- two", ["items"]),
        ("Do not:\n- one\n\n- two\n\nEnd.", ["paragraph", "items", "paragraph"]),
        ("A line that a\nmachine has broken.", ["paragraph"]),
        ("", []),
    ],
)
def test_what_a_line_is(text: str, kinds: list[str]) -> None:
    assert [block.kind for block in blocks_of(text)] == kinds
