"""The names of cases: a reference for people, an id for machines."""

import hashlib
from typing import Final

ALPHABET: Final = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""Readable aloud: without 0 and O, 1, I and L."""

_LENGTH: Final = 8


def reference(draw: bytes) -> str:
    """Return the reference that the random bytes `draw` (eight or more) stand for, such as `K7QM-4TXR`."""
    number = int.from_bytes(draw, "big")
    letters = []
    for _ in range(_LENGTH):
        number, index = divmod(number, len(ALPHABET))
        letters.append(ALPHABET[index])
    return "".join(letters[:4]) + "-" + "".join(letters[4:])


def read_reference(text: str) -> str | None:
    """Return the reference that somebody typed, in its one spelling, or None where it cannot be one."""
    kept = "".join(c for c in text.upper() if c in ALPHABET)
    typed = [c for c in text if not c.isspace() and c != "-"]
    return f"{kept[:4]}-{kept[4:]}" if len(kept) == _LENGTH == len(typed) else None


def case_id(form_key: str) -> str:
    """Return the id of the case that a form with this key opens: one form, one case.

    128 bits of a digest: it says nothing of the form, and nobody can guess it without the key.
    """
    return "c-" + hashlib.sha256(b"duly/case/v1" + form_key.encode()).hexdigest()[:32]
