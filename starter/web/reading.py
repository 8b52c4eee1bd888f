"""The one way in which a form's body, or what follows the `?` of an address, is read: strictly, or not at all."""

from collections.abc import Iterable, Sequence
from typing import Final
from urllib.parse import unquote_to_bytes

from domain.fields import LONGEST_ANSWER
from domain.text import forbidden_character

Pairs = tuple[tuple[str, str], ...]
"""What was sent: names and texts, in order, a name as often as it came."""

FORM: Final = "application/x-www-form-urlencoded"
MOST_BYTES: Final = 256 * 1024
MOST_FIELDS: Final = 50
LONGEST_TEXT: Final = LONGEST_ANSWER
"""Characters that one field may hold to be stored as a draft."""


class UnreadableBodyError(ValueError):
    """What came is not what a page of Duly sends; `status` is 400, or 422 where only a field is wrong."""

    def __init__(self, why: str, status: int = 400) -> None:
        super().__init__(why)
        self.status = status


def read_body(content_type: str, body: bytes) -> Pairs:
    """Return the fields of a form's body.

    Raises:
        UnreadableBodyError: it is no form, has a file, too many fields, or text that is not UTF-8 or holds a NUL.
    """
    kind, _, parameters = content_type.partition(";")
    if kind.strip().lower() != FORM or parameters.strip().lower() not in {"", "charset=utf-8"}:
        msg = "only plain forms are taken, and no files"
        raise UnreadableBodyError(msg)
    return read_pairs(body)


def read_pairs(encoded: bytes) -> Pairs:
    """Return the names and texts in `encoded`.

    Raises:
        UnreadableBodyError: too many of them, or text that is not UTF-8 or holds a NUL.
    """
    parts = [part for part in encoded.split(b"&") if part]
    if len(parts) > MOST_FIELDS:
        msg = f"the form has more than {MOST_FIELDS} fields"
        raise UnreadableBodyError(msg)
    return tuple((_text(name), _text(text)) for name, _, text in (part.partition(b"=") for part in parts))


def _text(encoded: bytes) -> str:
    try:
        text = unquote_to_bytes(encoded.replace(b"+", b" ")).decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError:
        msg = "the form has text that is not UTF-8"
        raise UnreadableBodyError(msg) from None
    if "\0" in text:
        msg = "the form has a NUL"
        raise UnreadableBodyError(msg)
    return text


def only(pairs: Pairs, required: Sequence[str], optional: Iterable[str] = ()) -> dict[str, str]:
    """Return the fields by name, each once: all of `required`, of `optional` those that came, and no other.

    Raises:
        UnreadableBodyError: a field is unknown, there twice, missing, too long, or holds a character that is refused.
    """
    found: dict[str, str] = {}
    known = {*required, *optional}
    for name, text in pairs:
        if name not in known:
            msg = "the form has a field that is not on the page"
            raise UnreadableBodyError(msg, 422)
        if name in found:
            msg = "the form has a field twice"
            raise UnreadableBodyError(msg, 422)
        if len(text) > LONGEST_TEXT or forbidden_character(text) is not None:
            msg = "the form has a text that cannot be stored"
            raise UnreadableBodyError(msg, 422)
        found[name] = text
    if not found.keys() >= set(required):
        msg = "the form lacks a field"
        raise UnreadableBodyError(msg, 422)
    return found
