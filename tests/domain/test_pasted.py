"""What is pasted as text: a picture or another file is known as one, whatever it is called; words never are."""

import base64
import binascii

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.pasted import holds_a_file

DOT = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="  # one pixel


@pytest.mark.meets("ALLEG-13", "ALLEG-15")
@pytest.mark.parametrize(
    "text",
    [
        f"Look: data:image/png;base64,{DOT}",
        "DATA:IMAGE/JPEG;BASE64,AAAA",
        "data:video/mp4,x",
        "data:;base64,AAAA",
        DOT,
        f"It begins here\n{DOT}\nand ends",
        "/9j/4AAQSkZJRgABAQEAYABgAAD/2wBDAAgGBgcGBQgHBwcJCQgKDBQNDAsLDBkS",
        "UEsDBBQACAgIAAAAIQAAAAAAAAAAAAAAAAAS" + "QUJD" * 10,
        base64.encodebytes(bytes(range(256))).decode(),
        base64.urlsafe_b64encode(bytes(range(256))).decode(),
        binascii.hexlify(bytes(range(128))).decode(),
    ],
)
def test_a_picture_or_a_file_that_is_pasted_as_text_is_known(text: str) -> None:
    assert holds_a_file(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "He wrote to her on Monday, and again on Tuesday.",
        "The data: twelve messages; base64 is a word too.",
        "See https://www.example.org/a/very/long/path-with-words_in-it/2026/11/02?from=1&to=2#part\n" * 4,
        "-" * 300,
        "_" * 70 + "\n" + "_" * 70,
        "A" * 300,
        "no" * 200,
        "/9j is what it said",
    ],
)
def test_words_addresses_and_lines_are_no_file(text: str) -> None:
    assert not holds_a_file(text)


@given(st.binary(min_size=160, max_size=2000))
def test_whatever_the_bytes_are_in_base64_they_are_a_file(data: bytes) -> None:
    text = base64.b64encode(data).decode()
    assert holds_a_file(text) or not any(c.isdigit() for c in text)


@given(st.lists(st.from_regex(r"[A-Za-z0-9]{1,20}", fullmatch=True), max_size=200))
def test_words_of_a_usual_length_are_never_a_file(words: list[str]) -> None:
    assert not holds_a_file(" ".join(words))
