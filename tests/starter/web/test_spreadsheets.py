"""Files for spreadsheets: nothing that somebody typed is ever calculated."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from starter.web.spreadsheets import as_csv, harmless


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("=1+1", "'=1+1"),
        ("+44 1865", "'+44 1865"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        ("\n=1", "'\n=1"),
        ("  =1", "'  =1"),
        ("\uff1d1", "'\uff1d1"),
        ("Chess = fun", "Chess = fun"),
        ("'=1", "'=1"),
        ("", ""),
    ],
)
def test_a_cell_that_would_be_a_formula_is_text(cell: str, expected: str) -> None:
    assert harmless(cell) == expected


@given(st.lists(st.lists(st.text(st.characters(codec="utf-8"), max_size=9), min_size=2), max_size=4))
def test_every_cell_comes_back_as_it_was_written(rows: list[list[str]]) -> None:
    written = as_csv(rows).decode("utf-8-sig")
    read = list(csv.reader(io.StringIO(written, newline="")))
    assert read == [[harmless(cell) for cell in row] for row in rows]
