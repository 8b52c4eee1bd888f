"""Calendars as files: what RFC 5545 asks of each line, whatever a title holds."""

from datetime import UTC, date, datetime

from hypothesis import given
from hypothesis import strategies as st

from domain import ics
from domain.text import one_line

AT = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
ENTRY = ics.Entry(
    uid="u1@duly",
    day=date(2026, 12, 25),
    summary="Science club: is to be closed",
    notes=("Elmbrook. Reference K7QM-4TXR.", "No working day."),
    url="https://duly.example/cases/K7QM-4TXR",
    changed_at=datetime(2026, 10, 1, 8, tzinfo=UTC),
)


def unfolded(content: bytes) -> list[str]:
    """Return the lines of a calendar, put together as a reader does."""
    assert content.endswith(b"\r\n")
    return content.replace(b"\r\n ", b"").decode().removesuffix("\r\n").split("\r\n")


def values(content: bytes) -> dict[str, str]:
    """Return what each property says."""
    return dict(line.partition(":")[::2] for line in unfolded(content))


def read(text: str) -> str:
    """Return a text value as a reader unescapes it."""
    found, rest = "", iter(text)
    for character in rest:
        found += {"n": "\n"}.get(after := next(rest), after) if character == "\\" else character
    return found


def test_a_date_is_a_whole_day_that_keeps_nobody_from_being_asked_for() -> None:
    assert unfolded(ics.written("Duly", [ENTRY], AT)) == [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Duly//Coming dates//EN",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        "NAME:Duly",
        "X-WR-CALNAME:Duly",
        "REFRESH-INTERVAL;VALUE=DURATION:PT12H",
        "X-PUBLISHED-TTL:PT12H",
        "BEGIN:VEVENT",
        "UID:u1@duly",
        "DTSTAMP:20261102T093000Z",
        "LAST-MODIFIED:20261001T080000Z",
        "DTSTART;VALUE=DATE:20261225",
        "DTEND;VALUE=DATE:20261226",
        "SUMMARY:Science club: is to be closed",
        "DESCRIPTION:Elmbrook. Reference K7QM-4TXR.\\nNo working day.",
        "URL:https://duly.example/cases/K7QM-4TXR",
        "TRANSP:TRANSPARENT",
        "END:VEVENT",
        "END:VCALENDAR",
    ]


@given(st.text())
def test_no_title_breaks_out_of_its_line(title: str) -> None:
    content = ics.written(title, [ENTRY.model_copy(update={"summary": title, "notes": (title,)})], AT)
    lines = content.split(b"\r\n")
    assert all(len(line) <= 75 for line in lines)
    assert content.decode()
    assert not [line for line in lines if b"\n" in line or b"\r" in line]
    assert len(unfolded(content)) == len(unfolded(ics.written("", [ENTRY], AT)))
    assert read(values(content)["SUMMARY"]) == one_line(title, 400)


def test_a_title_with_marks_of_the_format_is_read_as_it_was_written() -> None:
    title = "Chess; \\n, draughts"
    said = values(ics.written("x", [ENTRY.model_copy(update={"summary": title})], AT))["SUMMARY"]
    assert said == "Chess\\; \\\\n\\, draughts"
    assert read(said) == title
