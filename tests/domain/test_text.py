"""What typed text may hold, and when two spellings mean the same."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.text import fold_email, fold_name, forbidden_character, is_blank, one_line, tidy

BLANKS = ["", " ", "\t\n", "\u00a0", "\u2003", "\u200b", "\ufeff \u2060", "\u00ad", "\u2028", "\u200b\u00a0\u200d"]


@pytest.mark.parametrize("text", BLANKS)
def test_text_with_nothing_to_read_is_blank_and_tidied_away(text: str) -> None:
    assert is_blank(text)
    assert tidy(text) == ""


@pytest.mark.parametrize("text", ["a", " a ", "\u200b.\u200b", "é", "字", "🙂"])
def test_text_with_something_to_read_is_not_blank(text: str) -> None:
    assert not is_blank(text)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("a\r\nb\rc", "a\nb\nc"),
        ("\u2003\u200b a b \u00a0", "a b"),
        ("cafe\u0301", "café"),
        ("a \u200b b", "a \u200b b"),
    ],
)
def test_text_is_kept_without_what_stands_around_it(typed: str, kept: str) -> None:
    assert tidy(typed) == kept


@given(st.text())
def test_tidying_twice_changes_nothing_more(text: str) -> None:
    assert tidy(tidy(text)) == tidy(text)
    assert unicodedata.is_normalized("NFC", tidy(text))


@pytest.mark.parametrize("character", ["\x00", "\x07", "\x1b", "\x7f", "\x85", "\u202e", "\u2066", "\u200f", "\ud800"])
def test_controls_direction_overrides_and_broken_bytes_are_refused(character: str) -> None:
    assert forbidden_character(f"a{character}b") == character


@pytest.mark.parametrize("text", ["a\tb\nc\r\n", "naïve", "a\u200bb", "👩‍🏫", "שלום"])
def test_all_other_text_is_let_through(text: str) -> None:
    assert forbidden_character(text) is None


@given(st.text(), st.integers(min_value=1, max_value=100))
def test_one_line_is_one_line_of_its_length_without_anything_hidden(text: str, most: int) -> None:
    line = one_line(text, most)
    assert len(line) <= most
    assert line == line.strip()
    assert not any(unicodedata.category(c)[0] == "C" or c in "\n\r\u2028\u2029" for c in line)


@pytest.mark.parametrize(
    "spelling", ["Zoë O'Neill-Kay", "ZOE O\u2019NEILL KAY", "  zoë  o'neill kay ", "Zoe\u0308 O.Neill.Kay"]
)
def test_one_name_in_several_spellings_is_one_name(spelling: str) -> None:
    assert fold_name(spelling) == "zoe o neill kay"


@pytest.mark.parametrize("spelling", ["A.Khan@School.example", " a.khan+site@school.example "])
def test_one_address_in_several_spellings_is_one_address(spelling: str) -> None:
    assert fold_email(spelling) == "a.khan@school.example"


@given(st.text())
def test_folding_twice_changes_nothing_more(text: str) -> None:
    assert fold_name(fold_name(text)) == fold_name(text)
    assert fold_email(fold_email(text)) == fold_email(text)
