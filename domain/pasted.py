"""Pictures and files that somebody pasted as text: what confidential pages refuse, and never keep.

Source: Newall Green 8.1 (ALLEG-13); UKCIS, Sharing nudes and semi-nudes (do not copy, store or save).
"""

import re
from typing import Final

NO_PICTURES: Final = (
    "A picture or a file was pasted here. Duly takes words only: nothing of it was kept, and what was in this field is "
    "gone. Say in words what there is. Do not view, copy or send an indecent image of a child"
)
"""What is said to whoever pasted one."""

_ADDRESS: Final = re.compile(r"(?i)data:\s*(image|video|audio|application)/|data:[^\s,]{0,100};\s*base64\s*,")
_RUN: Final = re.compile(r"[A-Za-z0-9+/_=-]{160,}|(?:[A-Za-z0-9+/_=-]{56,}\s+){2,}")
"""A run that no word of a language is as long as, nor an address of a page without its signs between."""

_BEGINS_LIKE_ONE: Final = re.compile(
    r"(?<![A-Za-z0-9+/])"
    r"(iVBORw0KGgo|/9j/|R0lGOD|UklGR|Qk[01]|SUkqA|TU0AK|AAAA[A-Za-z0-9+/]{2,4}Z0eX|JVBERi0|UEsDB|N3q8r|UmFyIR|GkXfo|H4sI)"
    r"[A-Za-z0-9+/=_-]{24,}"
)
"""How the bytes of a picture, a film, a PDF or an archive begin when they are written as text."""


def holds_a_file(text: str) -> bool:
    """Return whether `text` has a picture or another file in it, written as text: as a data address, or in base64."""
    if _ADDRESS.search(text) or _BEGINS_LIKE_ONE.search(text):
        return True
    return any(_is_mixed(run.group()) for run in _RUN.finditer(text))


def _is_mixed(run: str) -> bool:
    """Return whether a run has letters and digits, which a line drawn across the page, or a long cry, has not."""
    return any(c.isdigit() for c in run) and any(c.isalpha() for c in run)
