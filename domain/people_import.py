"""Reading people from a CSV file: all of them, or every fault of the file at once."""

import codecs
import csv
import io
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from itertools import pairwise
from typing import Final, NamedTuple

from pydantic import EmailStr, TypeAdapter, ValidationError

from domain.base import Frozen
from domain.calendar import Period
from domain.pack import Pack
from domain.people import Authorisation, Directory, Holding, Person, PersonKind
from domain.text import fold_email, forbidden_character, is_blank, one_line, tidy
from domain.words import listed

COLUMNS: Final = (
    "email",
    "name",
    "kind",
    "schools",
    "line_manager",
    "seats",
    "deputy",
    "absences",
    "leaves_on",
    "authorised_by",
    "authorised_on",
    "administrator",
)
# What was typed, or what a British spreadsheet makes of it when it saves the file.
_DAY: Final = re.compile(r"(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})")
_SPREADSHEET_DAY: Final = re.compile(r"(?P<day>[0-9]{1,2})/(?P<month>[0-9]{1,2})/(?P<year>[0-9]{4})")
_LONGEST_NAME: Final = 200
_NOT_UTF8: Final = "is not UTF-8; save the file as CSV UTF-8, then import it again"
_YES_OR_NO: Final = {"yes": True, "no": False, "": False}
_LONGEST: Final = 300
_EMAIL: Final = TypeAdapter[str](EmailStr)


class Fault(Frozen):
    """What is wrong with a file: the line, the column where it is one cell, and the reason in plain words."""

    line: int
    column: str | None = None
    reason: str

    def __str__(self) -> str:
        """Return it as one line."""
        where = f"line {self.line}" if self.column is None else f"line {self.line}, {self.column}"
        return f"{where}: {self.reason}"


class FaultyPeopleError(ValueError):
    """A file of people cannot be taken; `faults` is everything that is wrong with it."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        """Keep the faults, in the order of the file."""
        super().__init__("\n".join(map(str, faults)))
        self.faults = faults


class PeopleImport(Frozen):
    """What a file brings to the directory: people who are new, people who changed, and people who did not."""

    new: tuple[Person, ...]
    changed: tuple[Person, ...]
    unchanged: tuple[Person, ...]


class _Row(NamedTuple):
    """A line of the file: its number and its cells by column; `whole` says that there is one for each column."""

    line: int
    cells: Mapping[str, str]
    whole: bool

    @property
    def address(self) -> str | None:
        """The address of the person, or None where there is none that can be one."""
        return usual_address(self.cells.get("email", ""))


def read_people(
    content: bytes,
    pack: Pack,
    directory: Directory,
    elsewhere: frozenset[str],
    new_id: Callable[[], str],
    arriving: Mapping[str, str] | None = None,
) -> PeopleImport:
    """Return what the CSV file `content` brings to `directory`, the people of the organisation of `pack`.

    Whoever has an address of the directory, in any of its spellings, keeps their id; others get one of `new_id`.
    `elsewhere` are the folded addresses of people of other organisations, which nobody else can have; `arriving` are
    those of people who wait for a second person to let them in, with the ids that they got.

    Raises:
        FaultyPeopleError: something is wrong with the file; it says everything that is.
    """
    faults: list[Fault] = []
    rows = _rows(_text(content), faults)
    known = {fold_email(person.email): person for person in directory.people}
    ids = {**(arriving or {}), **{address: person.id for address, person in known.items()}}
    for row in rows:
        if row.address is not None and fold_email(row.address) not in ids:
            ids[fold_email(row.address)] = new_id()
    faults += _twice(rows)
    people = [_Reader(row, pack, ids, elsewhere, faults).person() for row in rows if row.whole]
    if faults:
        raise FaultyPeopleError(tuple(sorted(dict.fromkeys(faults), key=_place)))
    read = [person for person in people if person is not None]
    before = {person.id: person for person in directory.people}
    return PeopleImport(
        new=tuple(person for person in read if person.id not in before),
        changed=tuple(person for person in read if person.id in before and before[person.id] != person),
        unchanged=tuple(person for person in read if before.get(person.id) == person),
    )


def _place(fault: Fault) -> tuple[int, int]:
    return fault.line, COLUMNS.index(fault.column) if fault.column in COLUMNS else -1


def _text(content: bytes) -> str:
    """Return the text; bytes that are not UTF-8 stay in it as lone surrogates, to be found in their cells."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise FaultyPeopleError((Fault(line=1, reason=_NOT_UTF8),))
    return content.decode("utf-8-sig", errors="surrogateescape")


def _rows(text: str, faults: list[Fault]) -> list[_Row]:
    """Return the rows of people; without the right columns there are none to read.

    Raises:
        FaultyPeopleError: the columns are not the right ones.
    """
    lines = _lines(text, faults)
    line, header = next(lines, (1, []))
    if not header:
        raise FaultyPeopleError((*faults, Fault(line=line, reason=f"should name the columns: {','.join(COLUMNS)}")))
    columns = [tidy(name).casefold() for name in header]
    wrong = [f"there is no column {name}" for name in COLUMNS if name not in columns]
    wrong += [f"{_shown(name)} is no column of this file" for name in columns if name not in COLUMNS]
    wrong += [f"the column {name} comes twice" for name in COLUMNS if columns.count(name) > 1]
    if wrong:
        raise FaultyPeopleError((*faults, *(Fault(line=line, reason=reason) for reason in wrong)))
    rows = []
    for line, cells in lines:
        if len(cells) != len(columns):
            faults.append(Fault(line=line, reason=f"has {len(cells)} cells where the file has {len(columns)} columns"))
        cells_by_column = dict(zip(columns, map(tidy, cells), strict=False))
        rows.append(_Row(line, cells_by_column, whole=len(cells) == len(columns)))
    return rows


def _shown(text: str) -> str:
    """Return `text` fit for one line of a terminal."""
    return one_line(text) or "a blank"


def _lines(text: str, faults: list[Fault]) -> Iterator[tuple[int, list[str]]]:
    """Yield each line that is not empty with its number; one that a cell runs over counts from where it begins."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    line = 1
    try:
        for cells in reader:
            if any(not is_blank(cell) for cell in cells):
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        faults.append(Fault(line=line, reason=f"cannot be read from here on: {error}"))


def _twice(rows: list[_Row]) -> Iterator[Fault]:
    first: dict[str, int] = {}
    for row in rows:
        if row.address is None:
            continue
        before = first.setdefault(fold_email(row.address), row.line)
        if before != row.line:
            yield Fault(line=row.line, column="email", reason=f"is the address of line {before} again")


def usual_address(text: str) -> str | None:
    """Return the address in its usual form, or None where it is none."""
    try:
        return None if "<" in text else _EMAIL.validate_python(text)
    except ValidationError:
        return None


def _day(text: str) -> date | None:
    found = _DAY.fullmatch(text) or _SPREADSHEET_DAY.fullmatch(text)
    try:
        return date(int(found["year"]), int(found["month"]), int(found["day"])) if found else None
    except ValueError:
        return None


def _parts(text: str) -> list[str]:
    """Return what stands between the semicolons, each once."""
    return list(dict.fromkeys(part for part in map(tidy, text.split(";")) if part))


class _Reader:
    """Reads one row, and adds what is wrong with it to the faults of the file."""

    def __init__(
        self, row: _Row, pack: Pack, ids: Mapping[str, str], elsewhere: frozenset[str], faults: list[Fault]
    ) -> None:
        self._row = row
        self._pack = pack
        self._ids = ids
        self._elsewhere = elsewhere
        self._faults = faults

    def person(self) -> Person | None:
        """Return the person of the row, or None where something is wrong with it."""
        before = len(self._faults)
        self._refuse_controls()
        email, name, kind = self._email(), self._name(), self._kind()
        schools = self._schools()
        holdings = self._holdings(schools, kind)
        line_manager, deputy = self._other("line_manager"), self._other("deputy")
        absences, leaves_on = self._absences(), self._date("leaves_on")
        authorisation = self._authorisation()
        administrator = self._yes_or_no("administrator")
        if len(self._faults) > before or email is None or kind is None:
            return None
        return Person(
            id=self._ids[fold_email(email)],
            organisation=self._pack.organisation.key,
            name=name,
            email=email,
            kind=kind,
            schools=schools,
            holdings=holdings,
            line_manager=line_manager,
            deputy=deputy,
            absences=absences,
            leaves_on=leaves_on,
            authorisation=authorisation,
            administrator=administrator,
        )

    def _cell(self, column: str) -> str:
        return self._row.cells[column]

    def _fault(self, column: str, reason: str) -> None:
        self._faults.append(Fault(line=self._row.line, column=column, reason=one_line(reason, _LONGEST)))

    def _refuse_controls(self) -> None:
        for column in COLUMNS:
            cell = self._cell(column)
            found = forbidden_character(cell) or next((c for c in cell if c in "\t\n\r"), None)
            if found is not None and unicodedata.category(found) == "Cs":
                self._fault(column, _NOT_UTF8)
            elif found is not None:
                self._fault(column, f"holds a character that cannot be seen (U+{ord(found):04X})")

    def _email(self) -> str | None:
        text = self._cell("email")
        if is_blank(text):
            self._fault("email", "is blank")
            return None
        address = usual_address(text)
        if address is None:
            self._fault("email", "is no e-mail address")
        elif fold_email(address) in self._elsewhere:
            self._fault("email", "is the address of somebody of another organisation")
        return address

    def _name(self) -> str:
        name = " ".join(self._cell("name").split())
        if is_blank(name):
            self._fault("name", "is blank")
        elif len(name) > _LONGEST_NAME:
            self._fault("name", f"is longer than {_LONGEST_NAME} characters")
        return name

    def _kind(self) -> PersonKind | None:
        text = re.sub(r"[ -]", "_", self._cell("kind").casefold())
        if text in list(PersonKind):
            return PersonKind(text)
        self._fault("kind", f"should be {listed(tuple(PersonKind), 'or')}")
        return None

    def _schools(self) -> tuple[str, ...]:
        named = _parts(self._cell("schools"))
        known = tuple(school.key for school in self._pack.organisation.schools)
        if not named:
            self._fault("schools", "is blank")
        for school in named:
            if school not in known:
                self._fault(
                    "schools", f"{_shown(school)} is no school of {self._pack.organisation.name}: {listed(known)}"
                )
        return tuple(sorted(named))

    def _holdings(self, schools: tuple[str, ...], kind: PersonKind | None) -> tuple[Holding, ...]:
        held = set()
        for part in _parts(self._cell("seats")):
            before, colon, after = map(tidy, part.partition(":"))
            school, key = (before, after) if colon else ("", before)
            if not self._is_held(key, kind):
                continue
            if not colon and len(schools) != 1:
                self._fault(
                    "seats", f"{_shown(part)} should say at which school, such as {(*schools, 'school')[0]}:{part}"
                )
            elif colon and school not in schools:
                self._fault("seats", f"{_shown(part)} is at {_shown(school)}, which the column schools does not name")
            else:
                held.add((school or schools[0], key))
        return tuple(Holding(school=school, seat=seat) for school, seat in sorted(held))

    def _is_held(self, key: str, kind: PersonKind | None) -> bool:
        """Return whether somebody of `kind` may hold the seat `key`; if not, the fault is noted."""
        seat = self._pack.seat(key)
        if seat is None:
            known = tuple(one.key for one in self._pack.seats if one.from_field is None)
            self._fault("seats", f"{_shown(key)} is no seat of {self._pack.organisation.name}: {listed(known)}")
        elif seat.from_field is not None:
            self._fault("seats", f"{key} is held by nobody: each request names the person")
        elif kind is not None and kind not in seat.kinds:
            self._fault("seats", f"{key} is for {listed(seat.kinds, 'or')}, not for {kind}")
        else:
            return True
        return False

    def _other(self, column: str) -> str | None:
        """Return the id of somebody else of the file or the directory."""
        text = self._cell(column)
        if not text:
            return None
        folded = fold_email(usual_address(text) or text)
        own = usual_address(self._cell("email"))
        if own is not None and folded == fold_email(own):
            self._fault(column, "is the person's own address")
        elif folded not in self._ids:
            self._fault(column, f"nobody of this file or of the directory has the address {_shown(text)}")
        return self._ids.get(folded)

    def _absences(self) -> tuple[Period, ...]:
        absences: list[Period] = []
        for part in _parts(self._cell("absences")):
            first, last = (_day(tidy(text)) for text in (part.partition("..")[0], part.partition("..")[2]))
            if first is None or last is None:
                self._fault("absences", f"{_shown(part)} should be two dates such as 2026-11-02..2026-11-06")
            elif last < first:
                self._fault("absences", f"{part} ends before it begins")
            else:
                absences.append(Period(name="away", first=first, last=last))
        absences.sort(key=lambda away: away.first)
        for earlier, later in pairwise(absences):
            if later.first <= earlier.last:
                self._fault("absences", f"{earlier.first}..{earlier.last} and {later.first}..{later.last} overlap")
        return tuple(absences)

    def _date(self, column: str) -> date | None:
        text = self._cell(column)
        day = _day(text)
        if text and day is None:
            self._fault(column, "should be a date such as 2026-11-02")
        return day

    def _authorisation(self) -> Authorisation | None:
        by, on = self._other("authorised_by"), self._date("authorised_on")
        if self._cell("authorised_on") and not self._cell("authorised_by"):
            self._fault("authorised_by", "is blank, although authorised_on is not")
        if self._cell("authorised_by") and not self._cell("authorised_on"):
            self._fault("authorised_on", "is blank, although authorised_by is not")
        return Authorisation(by=by, on=on) if by is not None and on is not None else None

    def _yes_or_no(self, column: str) -> bool:
        text = self._cell(column).casefold()
        if text not in _YES_OR_NO:
            self._fault(column, "should be yes or no")
        return _YES_OR_NO.get(text, False)
