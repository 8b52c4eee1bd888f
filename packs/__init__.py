"""Policy packs: folders of TOML, each turned into one frozen `Pack`, or into a list of all that is wrong with it.

A pack is a folder with `pack.toml` (organisation, document control, seats, calendar, contacts), `clauses.toml`,
`forms/*.toml`, `processes/*.toml` and `documents/*.toml`; the text of a document, the policy's own included, lies
beside it as `documents/<key>.txt`. A process with `offered = false` says why the policy does not allow it.
"""

import copy
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from domain.base import Frozen
from domain.calendar import Calendar
from domain.documents import POLICY, Document
from domain.fields import Raw
from domain.forms import Form
from domain.pack import CalendarRules, Clause, NotOffered, Pack, Process, Step
from domain.pack_fault import PackFault
from domain.pack_faults import faults_of, unfilled

PACK_FILE: Final = "pack.toml"
CLAUSES_FILE: Final = "clauses.toml"
USUAL_REMINDERS: Final = (3, 5)
"""The working days on which whoever is asked to decide is reminded, where the file of the process does not say."""
USUAL_ESCALATION: Final = 7
"""The working day on which those who stand in are asked as well, where the file of the process does not say."""
_LONGER: Final = 261
"""More working days than any clock has."""
YEARS: Final = 12
"""For how many years a case knows the bank holidays from the day it begins."""

_ELSEWHERE: Final = ("key", "clauses", "forms", "processes", "not_offered", "documents")
"""What a pack holds and its main file does not: it comes from the other files and from the folder's name."""

_REASONS: Final = {
    "extra_forbidden": "no such key",
    "missing": "is missing",
    "too_short": "must name at least one",
    "union_tag_invalid": "there is no such kind",
    "int_parsing": "should be a whole number",
}
"""What pydantic says, in words for whoever writes a pack."""

Shape = TypeVar("Shape", bound=BaseModel)


class PackError(ValueError):
    """A pack cannot be used; `faults` says everything that is wrong with it."""

    def __init__(self, folder: Path, faults: tuple[PackFault, ...]) -> None:
        """Put a line for each fault."""
        super().__init__("\n".join(f"{folder.name}/{fault}" for fault in faults))
        self.folder = folder
        self.faults = faults


class _Read(NamedTuple):
    """What could be read of a folder, and what is wrong with the rest; `unread` are the files left out."""

    pack: Pack | None
    faults: list[PackFault]
    unread: frozenset[str]


def load(folder: Path) -> Pack:
    """Return the pack in `folder`.

    Raises:
        PackError: something is wrong with it.
    """
    read = _read(folder)
    faults = (*read.faults, *(faults_of(read.pack, read.unread) if read.pack else ()))
    if faults or read.pack is None:
        raise PackError(folder, tuple(dict.fromkeys(faults)))
    return read.pack


def check(folder: Path) -> tuple[PackFault, ...]:
    """Return everything that is wrong with the pack in `folder`."""
    try:
        load(folder)
    except PackError as error:
        return error.faults
    return ()


def named(paths: Sequence[Path]) -> Sequence[Path]:
    """Return the folders among `paths`, as a pattern such as packs/* names them, less what is no pack's."""
    return [path for path in paths if path.is_dir() and not path.name.startswith("_")] or paths


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
    import holidays

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
    reader = _Reader(folder)
    reader.faults += [
        PackFault(path.name, "", "a pack has no such file")
        for path in sorted(folder.glob("*.toml"))
        if path.name not in {PACK_FILE, CLAUSES_FILE}
    ]
    parts = reader.toml(PACK_FILE)
    reader.faults += [PackFault(PACK_FILE, key, "no such key") for key in _ELSEWHERE if key in parts]
    clauses = reader.read(_Clauses, CLAUSES_FILE, reader.toml(CLAUSES_FILE))
    forms = [reader.read(Form, name, {"key": Path(name).stem, **reader.toml(name)}) for name in reader.names("forms")]
    processes, refused = [], []
    for name in reader.names("processes"):
        text = {"key": Path(name).stem, **reader.toml(name)}
        if text.pop("offered", True):
            processes.append(reader.read(Process, name, text))
        else:
            refused.append(reader.read(NotOffered, name, text))
    documents = [
        reader.read(Document, name, {"key": Path(name).stem, **reader.toml(name), **reader.text(Path(name).stem)})
        for name in reader.names("documents")
    ]
    if isinstance(parts.get("document"), dict):
        parts["document"] = parts["document"] | reader.text(POLICY)
    parts |= {
        "key": folder.name,
        "documents": tuple(document for document in documents if document),
        "clauses": clauses.clauses if clauses else (),
        "forms": tuple(form for form in forms if form),
        "processes": tuple(process for process in processes if process),
        "not_offered": tuple(one for one in refused if one),
    }
    pack = reader.read(Pack, PACK_FILE, parts)
    if pack is not None:
        told = tuple(_with_usual_clocks(pack, process) for process in pack.processes)
        pack = pack.model_copy(update={"processes": told})
    return _Read(pack, reader.faults, frozenset(reader.unread))


def _with_usual_clocks(pack: Pack, process: Process) -> Process:
    """Return `process` with the usual reminders and escalation in each step whose file is silent on them."""
    steps = tuple(step.model_copy(update=_usual_clocks(pack, process, step)) for step in process.steps)
    return process.model_copy(update={"steps": steps})


def _usual_clocks(pack: Pack, process: Process, step: Step) -> dict[str, Any]:
    """Return what is usual of all that the file of `step` does not say.

    Nobody is reminded after the answer is due. Those who stand in are asked once it is due and everybody was reminded,
    where each seat has somebody to stand in; not where everybody signs for themselves.
    """
    usual: dict[str, Any] = {}
    remind_on = step.remind_on
    if "remind_on" not in step.model_fields_set:
        remind_on = usual["remind_on"] = tuple(day for day in USUAL_REMINDERS if day <= step.answer_within)
    seats = [pack.seat(key) for key in step.seats]
    ladders = all(seat is not None and seat.stands_in for seat in seats) and process.story != "acknowledgement"
    if "escalate_on" not in step.model_fields_set and ladders:
        day = max(USUAL_ESCALATION, step.answer_within, *(remind + 1 for remind in remind_on))
        if day < (step.lapse_on or _LONGER):
            usual["escalate_on"] = day
    return usual


class _Clauses(Frozen):
    """The file of clauses."""

    clauses: tuple[Clause, ...] = ()


class _Reader:
    """Reads the files of one folder, and collects what is wrong with them."""

    def __init__(self, folder: Path) -> None:
        self.faults: list[PackFault] = []
        self.unread: set[str] = set()
        self._folder = folder

    def names(self, part: str) -> list[str]:
        return [f"{part}/{path.name}" for path in sorted((self._folder / part).glob("*.toml"))]

    def toml(self, name: str) -> dict[str, Any]:
        """Return what the file holds, nothing where it cannot be read, with a fault for every text not filled in."""
        try:
            text = tomllib.loads((self._folder / name).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return self._refused(name, "the file is missing")
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as unreadable:
            return self._refused(name, f"cannot be read: {unreadable}")
        self.faults.extend(unfilled(name, text))
        return text

    def text(self, key: str) -> dict[str, str]:
        """Return the text of a document, where there is one."""
        name = f"documents/{key}.txt"
        try:
            return {"text": (self._folder / name).read_text(encoding="utf-8")}
        except FileNotFoundError:
            return {}
        except (UnicodeDecodeError, OSError) as unreadable:
            self.faults.append(PackFault(name, "", f"cannot be read: {unreadable}"))
            return {}

    def read(self, shape: type[Shape], name: str, text: dict[str, Any]) -> Shape | None:
        """Return `text` as a `shape`; keys that it does not know are faults, and then left out."""
        if name in self.unread:
            return None
        try:
            return shape.model_validate(text)
        except ValidationError as invalid:
            errors = invalid.errors(include_url=False, include_input=False)
        self.faults.extend(PackFault(name, _key(error, text), _reason(error)) for error in errors)
        unknown = [error["loc"] for error in errors if error["type"] == "extra_forbidden"]
        try:
            return shape.model_validate(_without(unknown, text))
        except ValidationError:
            self.unread.add(name)
            return None

    def _refused(self, name: str, reason: str) -> dict[str, Any]:
        self.faults.append(PackFault(name, "", reason))
        self.unread.add(name)
        return {}


def _steps(loc: tuple[int | str, ...], text: object) -> Iterator[tuple[int | str, object]]:
    """Yield each step that `loc` takes into `text`, with what it leads to.

    A pydantic location names the kind of a question or rule on its way as well; TOML has no such step.
    """
    for place, part in enumerate(loc):
        last = place == len(loc) - 1
        if isinstance(text, list | tuple) and isinstance(part, int) and part < len(text):
            text = text[part]
        elif isinstance(text, dict) and (part in text or last):
            text = text.get(part)
        else:
            continue
        yield part, text


def _key(error: ErrorDetails, text: object) -> str:
    """Return where in the file an error is: keys by name, and parts of a list by their own key where they have one."""
    words = []
    for part, found in _steps(error["loc"], text):
        named = (found.get("key") or found.get("id")) if isinstance(found, dict) else None
        words.append(str(named or part + 1) if isinstance(part, int) else part)
    return ".".join(words)


def _reason(error: ErrorDetails) -> str:
    message = error["msg"].removeprefix("Value error, ")
    return _REASONS.get(error["type"], message[0].lower() + message[1:])


def _without(locations: list[tuple[int | str, ...]], text: dict[str, Any]) -> dict[str, Any]:
    """Return `text` without the keys at `locations`."""
    kept = copy.deepcopy(text)
    for loc in locations:
        ways: list[tuple[int | str, object]] = list(_steps(loc, kept))
        holder = ways[-2][1] if len(ways) > 1 else kept
        if isinstance(holder, dict):
            holder.pop(ways[-1][0], None)
    return kept
