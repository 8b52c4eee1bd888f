"""A document as people read it: its plain text as headings, paragraphs and lists, and not a word of it changed."""

import re
from collections.abc import Iterator, Sequence
from typing import Final, Literal

from domain.base import Frozen

_LONGEST_HEADING: Final = 80
_MOST_DIGITS: Final = 6
"""A line with more digits than a clause and a year have is a number to call, and no heading."""

_MARK: Final = re.compile(r"^\s*[-•*·\u2013]\s+(?=\S)")
_NUMBERED: Final = re.compile(r"^\d+\.?\s+[^\W\d_]")
_NO_HEADING: Final = re.compile(r"[.:;,?!…]$|\.\.|: |@|://|^\(")


class Block(Frozen):
    """A heading, a paragraph, or a list; `lines` are the items of a list, and one line of anything else."""

    kind: Literal["heading", "paragraph", "items"]
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        """What a heading or a paragraph says."""
        return " ".join(self.lines)


def blocks_of(text: str) -> tuple[Block, ...]:
    """Return `text` as blocks, in its order; empty lines part them, and a mark at the front of a line makes an item.

    A short line by itself that is no sentence is a heading, and so is the numbered one above the clauses of a section.
    """
    return tuple(_joined([block for chunk in _chunks(text) for block in _blocks(chunk)]))


def _chunks(text: str) -> Iterator[list[str]]:
    """Yield the lines between empty ones; a line that goes on in the next, which begins small, is one with it."""
    chunk: list[str] = []
    for raw in text.splitlines():
        line = " ".join(raw.split())
        if not line:
            if chunk:
                yield chunk
            chunk = []
        elif chunk and line[0].islower() and not _MARK.match(line):
            chunk[-1] = f"{chunk[-1]} {line}"
        else:
            chunk.append(line)
    if chunk:
        yield chunk


def _blocks(chunk: Sequence[str]) -> Iterator[Block]:
    for place, line in enumerate(chunk):
        if _MARK.match(line):
            yield Block(kind="items", lines=(_MARK.sub("", line),))
        elif _is_heading(line) and _heads(chunk, place):
            yield Block(kind="heading", lines=(line,))
        else:
            yield Block(kind="paragraph", lines=(line,))


def _is_heading(line: str) -> bool:
    short = len(line) <= _LONGEST_HEADING and sum(letter.isdigit() for letter in line) <= _MOST_DIGITS
    says = any(letter.isalpha() for letter in line)
    return short and says and not line[0].islower() and _NO_HEADING.search(line) is None


def _heads(chunk: Sequence[str], place: int) -> bool:
    """Return whether a line stands by itself, or above the clauses that it numbers: a table of contents does not."""
    if len(chunk) == 1:
        return True
    following = chunk[place + 1 : place + 2]
    return place == 0 and bool(_NUMBERED.match(chunk[0])) and not any(_is_heading(line) for line in following)


def _joined(blocks: Sequence[Block]) -> Iterator[Block]:
    """Yield the blocks, items that follow each other as one list."""
    items: list[str] = []
    for block in blocks:
        if block.kind == "items":
            items += block.lines
            continue
        if items:
            yield Block(kind="items", lines=tuple(items))
            items = []
        yield block
    if items:
        yield Block(kind="items", lines=tuple(items))
