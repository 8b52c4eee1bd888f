"""Files for spreadsheets: text in rows, none of which a spreadsheet takes for a formula."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Final

_BEGINS_A_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001 -- wide ones count too
_MARK: Final = "\ufeff"
"""By this a spreadsheet knows that letters are UTF-8."""


def as_csv(rows: Iterable[Sequence[str]]) -> bytes:
    """Return `rows` as CSV, every cell in quotes; one that would begin a formula begins with an apostrophe instead."""
    written = io.StringIO()
    csv.writer(written, quoting=csv.QUOTE_ALL).writerows([harmless(cell) for cell in row] for row in rows)
    return f"{_MARK}{written.getvalue()}".encode()


def harmless(cell: str) -> str:
    """Return `cell` so that no spreadsheet calculates it, blanks before it or not."""
    begins = cell.lstrip(" \u00a0").startswith(_BEGINS_A_FORMULA)
    return f"'{cell}" if begins else cell
