"""Rendering: days in words, what is typed shown as typed, and nothing that a template could let through."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from jinja2 import UndefinedError
from markupsafe import Markup

import templates

FOLDER = Path(templates.__file__).parent


@pytest.mark.parametrize(
    ("at", "said"),
    [
        (datetime(2026, 12, 4, 16, 50, tzinfo=UTC), "Friday 4 December 2026 at 4:50pm"),
        (datetime(2026, 7, 4, 11, 0, tzinfo=UTC), "Saturday 4 July 2026 at midday"),
        (datetime(2026, 7, 3, 23, 0, tzinfo=UTC), "Saturday 4 July 2026 at midnight"),
        (datetime(2026, 1, 5, 9, 0, tzinfo=UTC), "Monday 5 January 2026 at 9am"),
        (datetime(2026, 1, 5, 0, 5, tzinfo=UTC), "Monday 5 January 2026 at 12:05am"),
    ],
)
def test_a_moment_is_said_in_english_time(at: datetime, said: str) -> None:
    assert templates.moment(at) == said


def test_a_day_without_a_time_is_that_day() -> None:
    assert templates.day(date(2026, 12, 4)) == "Friday 4 December 2026"


def test_lines_of_a_text_area_survive_whatever_indents_them() -> None:
    assert templates.kept_lines("<a>\n b") == Markup("&lt;a&gt;&#10; b")


def test_no_template_lets_anything_through_unescaped() -> None:
    files = [*FOLDER.rglob("*.html"), *FOLDER.rglob("*.txt")]
    assert files
    for file in files:
        text = file.read_text(encoding="utf-8")
        assert "safe" not in text.replace("safeguard", ""), file
        assert "autoescape" not in text, file


def test_no_page_has_anything_inline_or_from_elsewhere() -> None:
    for file in (FOLDER / "pages").rglob("*.html"):
        text = file.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert " style=" not in text, file
        assert "<style" not in text, file
        assert "<script>" not in text, file
        assert " onclick" not in text, file
        assert "http" not in text, file


def test_what_a_template_is_not_given_is_a_fault() -> None:
    with pytest.raises(UndefinedError):
        templates.page("error.html")
