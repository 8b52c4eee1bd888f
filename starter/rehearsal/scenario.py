"""What a rehearsed year is like: a TOML file, checked whole, with every fault in a line of its own."""

import tomllib
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import EmailStr, Field, ValidationError

from domain.base import Frozen

DEFAULT: Final = Path(__file__).parent / "default.toml"

Habit = Literal["prompt", "slow", "silent"]
"""How soon somebody answers: within a working day, only after the first reminder, or never."""

Share = Annotated[float, Field(ge=0, le=1)]


class Habits(Frozen):
    """Which share of all people is slow, or never answers; everybody else is prompt."""

    slow: Share = 0.25
    silent: Share = 0.0


class Verdicts(Frozen):
    """Which share of requests is returned for changes, or rejected, by each of those who decide."""

    returned: Share = 0.06
    rejected: Share = 0.02


class Cases(Frozen):
    """How much begins by hand in the year: requests, allegations, disciplinary cases.

    `changed` is the share of approved sites that their owners change later. Reviews begin by themselves, and so does
    the life of an approved site. `signing` has everybody asked, once, to sign each document that the pack has people
    sign and that no review has them sign within the first weeks.
    """

    requests: int = Field(default=40, ge=0, le=1000)
    withdrawn: int = Field(default=2, ge=0, le=1000)
    changed: Share = 0.2
    allegations: int = Field(default=4, ge=0, le=100)
    disciplinary: int = Field(default=2, ge=0, le=100)
    signing: bool = True


class Absences(Frozen):
    """How often somebody is away for a week or two, and how many leave, spread over the year."""

    away: int = Field(default=20, ge=0, le=1000)
    leaving: int = Field(default=4, ge=0, le=500)


class Outage(Frozen):
    """For so many hours from the `day`th day of the year, at noon, the mail server takes nothing."""

    day: int = Field(ge=1, le=400)
    hours: int = Field(ge=1, le=24 * 14)


class Mail(Frozen):
    """What happens to mail: when its server is out, and for which share of people a scanner opens every link."""

    scanned: Share = 0.1
    outages: tuple[Outage, ...] = ()


class Role(Frozen):
    """What one person of the pack's demo does, whatever the shares say: days are counted from the first, as 1."""

    email: EmailStr
    habit: Habit | None = None
    leaves_on: int | None = Field(default=None, ge=1, le=400)
    away_from: int | None = Field(default=None, ge=1, le=400)
    away_for: int = Field(default=10, ge=1, le=400)


class Scenario(Frozen):
    """A school year: when it begins, how long it is, and what happens in it.

    `begins` is today where it is left out; Temporal cannot go back. With the same `seed` the same year is played.
    `staff` is how many people there are at least: the pack's own, and invented ones.
    """

    seed: int = Field(default=1, ge=0, le=2**63)
    begins: date | None = None
    days: int = Field(default=365, ge=7, le=400)
    staff: int = Field(default=60, ge=2, le=1000)
    cases: Cases = Cases()
    habits: Habits = Habits()
    verdicts: Verdicts = Verdicts()
    absences: Absences = Absences()
    mail: Mail = Mail()
    people: tuple[Role, ...] = ()


class ScenarioError(ValueError):
    """A scenario cannot be played; `lines` says everything that is wrong with it."""

    def __init__(self, lines: tuple[str, ...]) -> None:
        """Put a line for each fault."""
        super().__init__("\n".join(lines))
        self.lines = lines


def read(file: Path, today: date, addresses: frozenset[str]) -> Scenario:
    """Return the scenario in `file`, to be played from `today` on among people of whom `addresses` are known.

    Raises:
        ScenarioError: something is wrong with it.
    """
    try:
        said = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as unreadable:
        raise ScenarioError((f"{file} cannot be read: {unreadable}",)) from None
    except tomllib.TOMLDecodeError as broken:
        raise ScenarioError((f"{file.name}: is no TOML: {broken}",)) from None
    try:
        scenario = Scenario.model_validate(said)
    except ValidationError as invalid:
        errors = invalid.errors(include_url=False, include_input=False)
        lines = tuple(
            f"{file.name}: {_place(error['loc'])}: {_reason(error['type'], error['msg'])}" for error in errors
        )
        raise ScenarioError(lines) from None
    lines = tuple(f"{file.name}: {one}" for one in _faults(scenario, today, addresses))
    if lines:
        raise ScenarioError(lines)
    return scenario


def dealt(scenario: Scenario, stories: Sequence[frozenset[str]], addresses: Sequence[frozenset[str]]) -> list[Scenario]:
    """Return the share of a scenario that each of several packs has, of which all together are the scenario.

    `stories` are what each pack has processes for, `addresses` those of its people. Where there are fewer than packs of
    something, each has one of it.
    """
    everybody, wanted = [True] * len(stories), scenario.cases
    sites = ["site_creation" in one for one in stories]
    requests, withdrawn = _dealt(wanted.requests, sites), _dealt(wanted.withdrawn, sites)
    allegations = _dealt(wanted.allegations, ["allegation" in one for one in stories])
    disciplinary = _dealt(wanted.disciplinary, ["disciplinary" in one for one in stories])
    staff = _dealt(scenario.staff, everybody)
    away, leaving = _dealt(scenario.absences.away, everybody), _dealt(scenario.absences.leaving, everybody)
    return [
        scenario.model_copy(
            update={
                "staff": staff[n],
                "cases": wanted.model_copy(
                    update={
                        "requests": requests[n],
                        "withdrawn": min(withdrawn[n], requests[n]),
                        "allegations": allegations[n],
                        "disciplinary": disciplinary[n],
                    }
                ),
                "absences": Absences(away=away[n], leaving=leaving[n]),
                "people": tuple(role for role in scenario.people if role.email.lower() in known),
            }
        )
        for n, known in enumerate(addresses)
    ]


def _dealt(whole: int, takes: Sequence[bool]) -> list[int]:
    """Return how much of `whole` each takes that takes any: the first ones one more, and each at least one."""
    takers = sum(takes)
    shares = iter([max(whole // takers + (n < whole % takers), min(whole, 1)) for n in range(takers)])
    return [next(shares) if one else 0 for one in takes]


def _faults(scenario: Scenario, today: date, addresses: frozenset[str]) -> list[str]:
    """Return what is wrong with a scenario that no single number shows."""
    faults = []
    if scenario.begins is not None and scenario.begins < today:
        faults.append(f"begins: should be no earlier than today, {today.isoformat()}: Temporal cannot go back")
    for name, shares in (
        ("habits", (scenario.habits.slow, scenario.habits.silent)),
        ("verdicts", (scenario.verdicts.returned, scenario.verdicts.rejected)),
    ):
        if sum(shares) > 1:
            faults.append(f"{name}: the shares are more than the whole")
    if scenario.cases.withdrawn > scenario.cases.requests:
        faults.append("cases.withdrawn: more than there are requests")
    faults += [
        f"people.{n}.email: nobody of the pack's people has the address {role.email}"
        for n, role in enumerate(scenario.people, 1)
        if role.email.lower() not in addresses
    ]
    return faults


_REASONS: Final = {"extra_forbidden": "no such key", "missing": "is missing"}


def _reason(kind: str, message: str) -> str:
    return _REASONS.get(kind, message[0].lower() + message[1:])


def _place(location: tuple[int | str, ...]) -> str:
    return ".".join(str(part + 1) if isinstance(part, int) else part for part in location) or "the file"
