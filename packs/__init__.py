"""Policy packs: folders of TOML, each turned into one frozen `Pack`, or into a list of all that is wrong with it.

A pack is a folder with `pack.toml` (organisation, document control, seats, calendar, contacts), `clauses.toml`,
`forms/*.toml` and `processes/*.toml`. A process with `offered = false` says why the policy does not allow it.
"""

import tomllib
from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple

from pydantic import ValidationError

from domain.calendar import Calendar
from domain.fields import Raw
from domain.forms import Form
from domain.pack import CalendarRules, Clause, NotOffered, Pack, Process
from domain.pack_faults import PackFault, faults_of

PACK_FILE: Final = "pack.toml"
CLAUSES_FILE: Final = "clauses.toml"
YEARS: Final = 12
"""For how many years a case knows the bank holidays from the day it begins."""


class PackError(ValueError):
    """A pack cannot be used; `faults` says everything that is wrong with it."""

    def __init__(self, folder: Path, faults: tuple[PackFault, ...]) -> None:
        """Put a line for each fault."""
        super().__init__("\n".join(f"{folder.name}/{fault}" for fault in faults))
        self.folder = folder
        self.faults = faults


class _Read(NamedTuple):
    """What could be read of a folder, and what could not."""

    parts: dict[str, Any]
    faults: list[PackFault]


def load(folder: Path) -> Pack:
    """Return the pack in `folder`.

    Raises:
        PackError: something is wrong with it.
    """
    read = _read(folder)
    if read.faults:
        raise PackError(folder, tuple(read.faults))
    try:
        pack = Pack.model_validate(read.parts)
    except ValidationError as invalid:
        raise PackError(folder, tuple(_validation_faults(PACK_FILE, invalid))) from None
    faults = faults_of(pack)
    if faults:
        raise PackError(folder, faults)
    return pack


def check(folder: Path) -> tuple[PackFault, ...]:
    """Return everything that is wrong with the pack in `folder`."""
    try:
        load(folder)
    except PackError as error:
        return error.faults
    return ()


def load_all(folders: Iterable[Path]) -> dict[str, Pack]:
    """Return every pack in `folders`, each itself a pack or a folder of packs, by the key of its organisation.

    Raises:
        PackError: something is wrong with one of them, or two speak for one organisation.
    """
    packs: dict[str, Pack] = {}
    for folder in pack_folders(folders):
        pack = load(folder)
        key = pack.organisation.key
        if key in packs:
            twice = PackFault(PACK_FILE, "organisation.key", f"another pack speaks for {key} already")
            raise PackError(folder, (twice,))
        packs[key] = pack
    return packs


def pack_folders(folders: Iterable[Path]) -> tuple[Path, ...]:
    """Return the folders that hold a pack, among `folders` and directly below them."""
    return tuple(
        found
        for folder in folders
        for found in sorted({folder, *(file.parent for file in folder.glob(f"*/{PACK_FILE}"))})
        if (found / PACK_FILE).is_file()
    )


def expand(rules: CalendarRules, first_year: int, years: int = YEARS) -> Calendar:
    """Return the calendar of `rules` as dates, with all bank holidays of `years` years from `first_year` on."""
    import holidays  # noqa: PLC0415 -- slow to import, and only needed when a case begins

    covered = range(first_year, first_year + years)
    division = holidays.country_holidays("GB", subdiv=rules.bank_holidays, years=covered)
    return Calendar(
        bank_holidays=frozenset(day for day in division if day.year in covered) | frozenset(rules.proclaimed),
        known_until=date(covered[-1], 12, 31),
        terms=rules.terms,
        inset_days=frozenset(rules.inset_days),
        closures=rules.closures,
    )


def sample_answers(folders: Iterable[Path], pack: str, form: Form, today: date) -> dict[str, Raw]:
    """Return the invented answers that come with a pack for the demo, as somebody would type them on `today`.

    A date is written in the file as the number of days from today, such as `"+30"`.
    """
    path = next(folder / "demo" / f"{form.key}.toml" for folder in pack_folders(folders) if folder.name == pack)
    answers = tomllib.loads(path.read_text(encoding="utf-8"))
    return {key: _typed(answer, today) for key, answer in answers.items()}


def _typed(answer: Any, today: date) -> Raw:  # noqa: ANN401 -- what TOML holds
    if isinstance(answer, list):
        return tuple(str(part) for part in answer)
    if isinstance(answer, str) and answer.startswith("+") and answer[1:].isdigit():
        day = today + timedelta(days=int(answer[1:]))
        return (str(day.day), str(day.month), str(day.year))
    return str(answer)


def _read(folder: Path) -> _Read:
    faults: list[PackFault] = []
    parts = _toml(folder / PACK_FILE, PACK_FILE, faults)
    clauses = _toml(folder / CLAUSES_FILE, CLAUSES_FILE, faults)
    parts["key"] = folder.name
    parts["clauses"] = tuple(
        _model(Clause, one, CLAUSES_FILE, f"clauses.{place}.", faults)
        for place, one in enumerate(clauses.get("clauses", []))
    )
    forms, processes, refused = [], [], []
    for path in sorted((folder / "forms").glob("*.toml")):
        name = f"forms/{path.name}"
        forms.append(_model(Form, {"key": path.stem, **_toml(path, name, faults)}, name, "", faults))
    for path in sorted((folder / "processes").glob("*.toml")):
        name = f"processes/{path.name}"
        text = {"key": path.stem, **_toml(path, name, faults)}
        if text.pop("offered", True):
            processes.append(_model(Process, text, name, "", faults))
        else:
            refused.append(_model(NotOffered, text, name, "", faults))
    parts |= {"forms": tuple(forms), "processes": tuple(processes), "not_offered": tuple(refused)}
    return _Read(parts, faults)


def _toml(path: Path, name: str, faults: list[PackFault]) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        faults.append(PackFault(name, "", "the file is missing"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as unreadable:
        faults.append(PackFault(name, "", f"cannot be read: {unreadable}"))
    return {}


def _model(shape: type[Any], text: object, file: str, where: str, faults: list[PackFault]) -> Any:  # noqa: ANN401 -- a value of `shape`
    try:
        return shape.model_validate(text)
    except ValidationError as invalid:
        faults.extend(_validation_faults(file, invalid, where))
        return None


def _validation_faults(file: str, invalid: ValidationError, where: str = "") -> Iterable[PackFault]:
    for error in invalid.errors(include_url=False, include_input=False):
        key = where + ".".join(str(part) for part in error["loc"])
        reason = "no such key" if error["type"] == "extra_forbidden" else error["msg"]
        yield PackFault(file, key, reason[0].lower() + reason[1:])
