"""Dates as a calendar program reads them: RFC 5545, all-day entries and nothing else."""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Final

from domain.base import Frozen
from domain.text import one_line

MEDIA_TYPE: Final = "text/calendar; charset=utf-8"

_LONGEST_LINE: Final = 75
"""Bytes of a line, its end apart (RFC 5545, 3.1)."""

_LONGEST_TEXT: Final = 400
_ESCAPED: Final = str.maketrans({"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n"})


class Entry(Frozen):
    """One day in a calendar: `uid` is the same for as long as it is about the same, `changed_at` when it changed last.

    `notes` are sentences, a line each; `url` is where it can be read, empty where nowhere.
    """

    uid: str
    day: date
    summary: str
    notes: tuple[str, ...] = ()
    url: str = ""
    changed_at: datetime


def uid_of(case: str, what: str) -> str:
    """Return by what a calendar knows the date of a case, however it came there: it is shown once."""
    return f"{sha256(f'duly/date/v1|{case}|{what}'.encode()).hexdigest()[:32]}@duly"


def written(name: str, entries: Iterable[Entry], at: datetime) -> bytes:
    """Return a calendar called `name` with all `entries`, as it is at `at`: UTF-8, lines folded and ended by CRLF.

    Source: RFC 5545, 3.1 (folding), 3.3.11 (escaping), 3.6.1 (VEVENT); RFC 7986 (NAME, REFRESH-INTERVAL).
    """
    return b"".join(_folded(line) for line in _lines(name, entries, at))


def _lines(name: str, entries: Iterable[Entry], at: datetime) -> Iterator[str]:
    yield "BEGIN:VCALENDAR"
    yield "VERSION:2.0"
    yield "PRODID:-//Duly//Coming dates//EN"
    yield "CALSCALE:GREGORIAN"
    yield "METHOD:PUBLISH"
    yield f"NAME:{_text(name)}"
    yield f"X-WR-CALNAME:{_text(name)}"
    yield "REFRESH-INTERVAL;VALUE=DURATION:PT12H"
    yield "X-PUBLISHED-TTL:PT12H"
    for entry in entries:
        yield from _event(entry, at)
    yield "END:VCALENDAR"


def _event(entry: Entry, at: datetime) -> Iterator[str]:
    yield "BEGIN:VEVENT"
    yield f"UID:{_text(entry.uid)}"
    yield f"DTSTAMP:{_instant(at)}"
    yield f"LAST-MODIFIED:{_instant(entry.changed_at)}"
    yield f"DTSTART;VALUE=DATE:{entry.day:%Y%m%d}"
    if entry.day < date.max:
        yield f"DTEND;VALUE=DATE:{entry.day + timedelta(days=1):%Y%m%d}"
    yield f"SUMMARY:{_text(entry.summary)}"
    if entry.notes:
        yield "DESCRIPTION:" + "\\n".join(map(_text, entry.notes))
    if entry.url:
        yield f"URL:{entry.url}"
    yield "TRANSP:TRANSPARENT"
    yield "END:VEVENT"


def _instant(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _text(text: str) -> str:
    """Return a text as a value: on one line, without control or direction characters, escaped."""
    return one_line(text, _LONGEST_TEXT).translate(_ESCAPED)


def _folded(line: str) -> bytes:
    """Return a line with its end, folded between characters so that no part of it is too long."""
    parts: list[bytes] = []
    part = b""
    for character in line:
        encoded = character.encode()
        if len(part) + len(encoded) > _LONGEST_LINE:
            parts.append(part)
            part = b" "
        part += encoded
    return b"\r\n".join([*parts, part]) + b"\r\n"
