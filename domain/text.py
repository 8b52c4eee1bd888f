"""What typed text may contain, and when two texts mean the same thing."""

import re
import unicodedata

_BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_INVISIBLE = "\u00ad\u180e\u200b\u200c\u200d\u2060\ufeff"
_ALLOWED_CONTROLS = "\t\n\r"


def forbidden_character(text: str) -> str | None:
    """Return the first character that no field may hold, or None.

    Refused are control characters (tab and line ends apart), overrides of the writing direction,
    and lone surrogates, which stand for bytes that were not UTF-8.
    """
    for character in text:
        if character in _ALLOWED_CONTROLS:
            continue
        if unicodedata.category(character) in {"Cc", "Cs"} or character in _BIDI:
            return character
    return None


def tidy(text: str) -> str:
    """Return `text` in NFC with unix line ends, without blanks or invisible characters around it."""
    unified = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    first = next((at for at, character in enumerate(unified) if not _is_edge(character)), len(unified))
    last = next((at for at in range(len(unified), first, -1) if not _is_edge(unified[at - 1])), first)
    return unified[first:last]


def _is_edge(character: str) -> bool:
    return character.isspace() or character in _INVISIBLE


def is_blank(text: str) -> bool:
    """Return whether `text` has nothing to read, invisible characters and no-break blanks included."""
    return not any(c.isprintable() and not c.isspace() and c not in _INVISIBLE for c in text)


def one_line(text: str, most: int = 80) -> str:
    """Return `text` fit for one line of a mail: no control or direction characters, at most `most` long."""
    kept = "".join(
        " " if c.isspace() else c
        for c in unicodedata.normalize("NFC", text)
        if c.isspace() or (unicodedata.category(c)[0] != "C" and c not in _BIDI)
    )
    folded = re.sub(r" +", " ", kept).strip()
    return folded if len(folded) <= most else folded[: most - 1].rstrip() + "…"


def fold_name(name: str) -> str:
    """Return what two spellings of one name share: letters and digits, in lower case, single blanks between."""
    plain = unicodedata.normalize("NFKD", name).casefold()
    letters = "".join(c if c.isalnum() else " " for c in plain if not unicodedata.combining(c))
    return " ".join(letters.split())


def fold_email(email: str) -> str:
    """Return what two spellings of one address share: lower case, without a `+tag` before the `@`."""
    local, at, host = email.strip().casefold().partition("@")
    return f"{local.partition('+')[0]}{at}{host}"
