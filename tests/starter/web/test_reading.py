"""Reading a form's body: the same as every browser writes it, or refused."""

from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from starter.web.reading import MOST_FIELDS, Pairs, UnreadableBodyError, only, read_pairs

TEXTS = st.text(st.characters(exclude_characters="\0\r", codec="utf-8"))


@given(st.lists(st.tuples(TEXTS.filter(bool), TEXTS), max_size=MOST_FIELDS))
def test_what_a_browser_sends_is_read_as_it_was_typed(pairs: list[tuple[str, str]]) -> None:
    assert read_pairs(urlencode(pairs).encode()) == tuple(pairs)


@given(st.binary(max_size=200))
def test_anything_else_is_read_without_a_nul_or_refused(body: bytes) -> None:
    try:
        pairs = read_pairs(body)
    except UnreadableBodyError:
        return
    assert all("\0" not in name + text for name, text in pairs)


@pytest.mark.parametrize(
    "pairs",
    [
        (("a", "1"), ("b", "2"), ("c", "3")),
        (("a", "1"), ("a", "1")),
        (("b", "1"),),
        (("a", "x" * 8_001),),
        (("a", "\x07"),),
        (),
    ],
    ids=["unknown", "twice", "missing", "too long", "control", "nothing"],
)
def test_a_form_has_each_of_its_fields_once_and_no_other(pairs: Pairs) -> None:
    with pytest.raises(UnreadableBodyError) as refused:
        only(pairs, ("a",), ("b",))
    assert refused.value.status == 422


def test_a_field_that_may_be_missing_may_be_there() -> None:
    assert only((("b", "2"), ("a", "1")), ("a",), ("b", "c")) == {"a": "1", "b": "2"}
