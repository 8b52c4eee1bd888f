"""What a scenario may say, and what is said of one that cannot be played."""

from datetime import date
from pathlib import Path

import pytest

from starter.rehearsal.scenario import DEFAULT, ScenarioError, read

TODAY = date(2026, 11, 21)
KNOWN = frozenset({"helen.marsh@cadmus.example"})


def written(folder: Path, text: str) -> Path:
    """Return a file that says `text`."""
    file = folder / "year.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_the_default_year_can_be_played() -> None:
    """What comes with Duly is in order, and has what a year should have."""
    year = read(DEFAULT, TODAY, frozenset())
    assert year.days == 365
    assert year.staff == 60
    assert year.habits.slow
    assert year.absences.leaving
    assert year.mail.outages
    assert year.mail.scanned


def test_what_a_scenario_leaves_out_is_as_usual(tmp_path: Path) -> None:
    """An empty file is a year."""
    assert read(written(tmp_path, ""), TODAY, KNOWN).seed == 1


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("seed = ", "year.toml: is no TOML: "),
        ("seed = -1", "year.toml: seed: input should be greater than or equal to 0"),
        ("sede = 1", "year.toml: sede: no such key"),
        ("days = 2", "year.toml: days: input should be greater than or equal to 7"),
        ("begins = 2026-09-01", "year.toml: begins: should be no earlier than today, 2026-11-21"),
        ("[habits]\nslow = 0.7\nsilent = 0.7", "year.toml: habits: the shares are more than the whole"),
        ("[verdicts]\nreturned = 2", "year.toml: verdicts.returned: input should be less than or equal to 1"),
        ("[cases]\nrequests = 1\nwithdrawn = 2", "year.toml: cases.withdrawn: more than there are requests"),
        ("[mail]\noutages = [{ day = 1 }]", "year.toml: mail.outages.1.hours: is missing"),
        (
            '[[people]]\nemail = "nobody@cadmus.example"',
            "year.toml: people.1.email: nobody of the pack's people has the address nobody@cadmus.example",
        ),
        (
            '[[people]]\nemail = "helen.marsh@cadmus.example"\nhabit = "rude"',
            "year.toml: people.1.habit: input should be 'prompt', 'slow' or 'silent'",
        ),
    ],
)
def test_a_fault_is_one_line_that_says_where(tmp_path: Path, text: str, line: str) -> None:
    """Each fault names its place, and says what should be there."""
    with pytest.raises(ScenarioError) as wrong:
        read(written(tmp_path, text), TODAY, KNOWN)
    (said,) = wrong.value.lines
    assert said.startswith(line)


def test_every_fault_is_said_at_once(tmp_path: Path) -> None:
    """Whoever writes a scenario puts all of it right at a time."""
    with pytest.raises(ScenarioError) as wrong:
        read(written(tmp_path, "days = 2\nstaff = 0\n[mail]\nscanned = 3"), TODAY, KNOWN)
    assert [line.split(": ")[1] for line in wrong.value.lines] == ["days", "staff", "mail.scanned"]
