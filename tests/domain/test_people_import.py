"""People from a CSV file: all of them, or every fault of the file at once, each with its line and column."""

import codecs
import csv
import io
from datetime import date
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.calendar import Period
from domain.pack import Pack, School, Seat
from domain.people import Authorisation, Directory, Holding, Person, PersonKind
from domain.people_import import COLUMNS, Fault, FaultyPeopleError, PeopleImport, read_people
from tests.builders import ORGANISATION, PACK, SCHOOL, a_person

TRUST = PACK.model_copy(
    update={
        "organisation": PACK.organisation.model_copy(
            update={"schools": (*PACK.organisation.schools, School(key="high", name="Elmbrook High"))}
        ),
        "seats": (*PACK.seats, Seat(key="chair", title="Chair of governors", kinds=(PersonKind.GOVERNOR,))),
    }
)
NOBODY = Directory(people=())
HELEN = {"email": "helen@elmbrook.example", "name": "Helen Marsh", "kind": "employee", "schools": SCHOOL}


def a_file(*rows: dict[str, str], columns: tuple[str, ...] = COLUMNS) -> bytes:
    """Return a CSV file of `rows`; what a row does not say is blank."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows([row.get(column, "") for column in columns] for row in rows)
    return text.getvalue().encode()


def helen(**cells: str) -> dict[str, str]:
    return {**HELEN, **cells}


def ben(**cells: str) -> dict[str, str]:
    return {**HELEN, "email": "ben@elmbrook.example", "name": "Ben Carter", **cells}


def read(
    content: bytes, directory: Directory = NOBODY, *, pack: Pack = TRUST, elsewhere: frozenset[str] = frozenset()
) -> PeopleImport:
    numbers = count(1)
    return read_people(content, pack, directory, elsewhere, lambda: f"p{next(numbers)}")


def faults(content: bytes, directory: Directory = NOBODY, *, elsewhere: frozenset[str] = frozenset()) -> list[str]:
    with pytest.raises(FaultyPeopleError) as raised:
        read(content, directory, elsewhere=elsewhere)
    return [str(fault) for fault in raised.value.faults]


def test_a_row_says_everything_about_somebody() -> None:
    row = {
        "email": "Victor@Elmbrook.example",
        "name": " Victor  Lindqvist ",
        "kind": "Contractor",
        "schools": f"high; {SCHOOL}",
        "line_manager": "ben@elmbrook.example",
        "seats": "",
        "deputy": "BEN+work@elmbrook.example",
        "absences": "2027-01-04..2027-01-04; 2026-11-02..2026-11-06",
        "leaves_on": "2027-07-31",
        "authorised_by": "ben@elmbrook.example",
        "authorised_on": "14/09/2026",
        "administrator": "Yes",
    }
    victor, bens = read(a_file(row, ben(seats="headteacher"))).new
    assert victor == Person(
        id="p1",
        organisation=ORGANISATION,
        name="Victor Lindqvist",
        email="Victor@elmbrook.example",
        kind=PersonKind.CONTRACTOR,
        schools=(SCHOOL, "high"),
        line_manager="p2",
        deputy="p2",
        absences=(
            Period(name="away", first=date(2026, 11, 2), last=date(2026, 11, 6)),
            Period(name="away", first=date(2027, 1, 4), last=date(2027, 1, 4)),
        ),
        leaves_on=date(2027, 7, 31),
        authorisation=Authorisation(by="p2", on=date(2026, 9, 14)),
        administrator=True,
    )
    assert bens.holdings == (Holding(school=SCHOOL, seat="headteacher"),)
    assert not bens.administrator


def test_seats_at_several_schools_say_at_which() -> None:
    [found] = read(a_file(helen(schools=f"{SCHOOL};high", seats=f"high:headteacher;{SCHOOL} : deputy_head"))).new
    assert found.holdings == (Holding(school=SCHOOL, seat="deputy_head"), Holding(school="high", seat="headteacher"))


def test_columns_may_come_in_any_order_and_with_a_byte_order_mark() -> None:
    content = a_file(helen(), columns=COLUMNS[::-1])
    assert read(codecs.BOM_UTF8 + content) == read(a_file(helen()))


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r\n\r\n", f"\n{',' * (len(COLUMNS) - 1)}\n"])
def test_line_ends_and_blank_lines_make_no_difference(end: str) -> None:
    lines = a_file(helen(), ben()).decode().splitlines()
    assert read(end.join((*lines, "")).encode()) == read(a_file(helen(), ben()))


def test_a_file_without_people_brings_nobody() -> None:
    assert read(a_file()) == PeopleImport(new=(), changed=(), unchanged=())


def test_whoever_is_known_by_their_address_keeps_their_id() -> None:
    before = Directory(people=(a_person("h", "Helen Marsh", email="Helen+old@elmbrook.example"),))
    brought = read(a_file(helen(), ben(line_manager="helen@elmbrook.example")), before)
    assert [person.id for person in brought.changed] == ["h"]
    assert [(person.id, person.line_manager) for person in brought.new] == [("p1", "h")]


def test_whoever_waits_to_come_keeps_the_id_that_they_got() -> None:
    content = a_file(helen(), ben(line_manager="helen@elmbrook.example"))
    brought = read_people(content, TRUST, NOBODY, frozenset(), lambda: "new", {"helen@elmbrook.example": "waits"})
    assert [(person.id, person.line_manager) for person in brought.new] == [("waits", None), ("new", "waits")]


def test_the_same_file_again_changes_nothing() -> None:
    content = a_file(
        helen(schools=f"{SCHOOL};high", seats=f"high:headteacher;{SCHOOL}:headteacher", deputy="ben@elmbrook.example"),
        ben(absences="2026-11-02..2026-11-06", authorised_by="helen@elmbrook.example", authorised_on="2026-11-02"),
    )
    first = read(content)
    assert read(content, Directory(people=first.new)) == PeopleImport(new=(), changed=(), unchanged=first.new)


def test_a_row_replaces_all_that_was_known_of_somebody() -> None:
    [known] = read(a_file(helen(seats="headteacher", administrator="yes"))).new
    [changed] = read(a_file(helen()), Directory(people=(known,))).changed
    assert changed == known.model_copy(update={"holdings": (), "administrator": False})


def test_somebody_of_the_directory_may_be_named_who_is_not_in_the_file() -> None:
    before = Directory(people=(a_person("b", "Ben Carter", email="ben@elmbrook.example"),))
    [found] = read(a_file(helen(line_manager="ben@elmbrook.example")), before).new
    assert found.line_manager == "b"


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ({"email": ""}, ["email: is blank"]),
        ({"email": "helen"}, ["email: is no e-mail address"]),
        ({"email": "Helen <helen@elmbrook.example>"}, ["email: is no e-mail address"]),
        ({"name": " \u200b "}, ["name: is blank"]),
        ({"name": "x" * 201}, ["name: is longer than 200 characters"]),
        ({"name": "Helen\x00Marsh"}, ["name: holds a character that cannot be seen (U+0000)"]),
        ({"name": "Helen\u202eMarsh"}, ["name: holds a character that cannot be seen (U+202E)"]),
        ({"name": "Helen\nMarsh"}, ["name: holds a character that cannot be seen (U+000A)"]),
        ({"schools": ""}, ["schools: is blank"]),
        (
            {"schools": f"{SCHOOL};nowhere"},
            ["schools: nowhere is no school of Elmbrook Learning Trust: elmbrook-primary and high"],
        ),
        (
            {"seats": "caretaker"},
            ["seats: caretaker is no seat of Elmbrook Learning Trust: headteacher, deputy_head and chair"],
        ),
        ({"seats": "line_manager"}, ["seats: line_manager is held by nobody: each request names the person"]),
        ({"seats": "chair"}, ["seats: chair is for governor, not for employee"]),
        (
            {"seats": "high:headteacher"},
            ["seats: high:headteacher is at high, which the column schools does not name"],
        ),
        (
            {"schools": f"{SCHOOL};high", "seats": "headteacher"},
            ["seats: headteacher should say at which school, such as elmbrook-primary:headteacher"],
        ),
        ({"line_manager": "Helen@ELMBROOK.example"}, ["line_manager: is the person's own address"]),
        ({"deputy": "helen+x@elmbrook.example"}, ["deputy: is the person's own address"]),
        (
            {"line_manager": "nobody@elmbrook.example"},
            ["line_manager: nobody of this file or of the directory has the address nobody@elmbrook.example"],
        ),
        (
            {"deputy": "Ben Carter"},
            ["deputy: nobody of this file or of the directory has the address Ben Carter"],
        ),
        ({"absences": "2026-11-06..2026-11-02"}, ["absences: 2026-11-06..2026-11-02 ends before it begins"]),
        (
            {"absences": "2026-11-02"},
            ["absences: 2026-11-02 should be two dates such as 2026-11-02..2026-11-06"],
        ),
        (
            {"absences": "2026-11-02..2026-11-06;2026-11-06..2026-11-09"},
            ["absences: 2026-11-02..2026-11-06 and 2026-11-06..2026-11-09 overlap"],
        ),
        ({"leaves_on": "2026-02-30"}, ["leaves_on: should be a date such as 2026-11-02"]),
        ({"leaves_on": "20261102"}, ["leaves_on: should be a date such as 2026-11-02"]),
        ({"leaves_on": "soon"}, ["leaves_on: should be a date such as 2026-11-02"]),
        ({"authorised_on": "2026-11-02"}, ["authorised_by: is blank, although authorised_on is not"]),
        ({"authorised_by": "ben@elmbrook.example"}, ["authorised_on: is blank, although authorised_by is not"]),
        (
            {"authorised_by": "helen@elmbrook.example", "authorised_on": "2026-11-02"},
            ["authorised_by: is the person's own address"],
        ),
        ({"administrator": "perhaps"}, ["administrator: should be yes or no"]),
    ],
)
def test_a_fault_names_its_line_and_its_column(cells: dict[str, str], said: list[str]) -> None:
    assert faults(a_file(ben(), helen(**cells))) == [f"line 3, {one}" for one in said]


def test_an_unknown_kind_is_told_which_there_are() -> None:
    [fault] = faults(a_file(helen(kind="teacher")))
    assert fault.startswith("line 2, kind: should be employee, governor, ")


def test_all_faults_of_a_file_are_said_at_once_in_its_order() -> None:
    content = a_file(
        helen(kind="teacher", absences="2026-11-06..2026-11-02", administrator="?"),
        ben(line_manager="nobody@elmbrook.example"),
        ben(email="Ben+2@elmbrook.example"),
    )
    assert [fault.partition(":")[0] for fault in faults(content)] == [
        "line 2, kind",
        "line 2, absences",
        "line 2, administrator",
        "line 3, line_manager",
        "line 4, email",
    ]


def test_one_address_in_two_spellings_is_named_with_the_line_before() -> None:
    assert faults(a_file(helen(), helen(email="HELEN+x@Elmbrook.example"))) == [
        "line 3, email: is the address of line 2 again"
    ]


def test_an_address_of_another_organisation_cannot_be_taken() -> None:
    assert faults(a_file(helen()), elsewhere=frozenset({"helen@elmbrook.example"})) == [
        "line 2, email: is the address of somebody of another organisation"
    ]


def test_columns_that_are_missing_unknown_or_there_twice_are_all_named() -> None:
    columns = (*COLUMNS[:-2], "phone", "email")
    assert faults(a_file(helen(), columns=columns)) == [
        "line 1: there is no column authorised_on",
        "line 1: there is no column administrator",
        "line 1: phone is no column of this file",
        "line 1: the column email comes twice",
    ]


@pytest.mark.parametrize("content", [b"", b"\n\n", codecs.BOM_UTF8])
def test_a_file_with_nothing_in_it_is_told_the_columns(content: bytes) -> None:
    assert faults(content) == [f"line 1: should name the columns: {','.join(COLUMNS)}"]


def test_a_line_with_too_many_or_too_few_cells_is_named_beside_the_other_faults() -> None:
    content = (
        a_file(helen(line_manager="ben@elmbrook.example"))
        + b"ben@elmbrook.example,Ben Carter\n"
        + b",".join([b"x"] * 13)
    )
    assert faults(content) == [
        "line 3: has 2 cells where the file has 12 columns",
        "line 4: has 13 cells where the file has 12 columns",
    ]


def test_a_cell_over_several_lines_does_not_upset_the_count() -> None:
    assert [fault.partition(":")[0] for fault in faults(a_file(helen(name="Helen\n\nMarsh"), ben(kind="?")))] == [
        "line 2, name",
        "line 5, kind",
    ]


def test_bytes_that_are_not_utf_8_are_named_where_they_are_beside_the_other_faults() -> None:
    content = a_file(helen(name="Zoë"), ben(kind="?")).replace("Zoë".encode(), "Zoë".encode("latin-1"))
    assert [fault.partition(";")[0].partition("should")[0] for fault in faults(content)] == [
        "line 2, name: is not UTF-8",
        "line 3, kind: ",
    ]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le"])
def test_a_file_in_another_encoding_is_refused(encoding: str) -> None:
    assert faults(a_file(helen()).decode().encode(encoding))


def test_an_open_quotation_mark_is_a_fault_where_it_begins() -> None:
    [fault] = faults(a_file(helen()) + b'"ben@elmbrook.example,Ben\nCarter')
    assert fault.startswith("line 3: cannot be read from here on")


def test_a_fault_cannot_write_to_the_terminal() -> None:
    said = "".join(faults(a_file(helen(schools="\x1b[2Jhigh", seats="\x1b]0;x\x07", line_manager="\x9b@"))))
    assert said.isprintable()


NAMES = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "Zs")), min_size=1, max_size=30)


@given(st.lists(st.tuples(NAMES, st.sampled_from(PersonKind), st.booleans(), st.dates(), st.dates()), max_size=5))
def test_what_was_read_once_reads_the_same_again(
    rows: list[tuple[str, PersonKind, bool, date, date]],
) -> None:
    content = a_file(
        *(
            helen(
                email=f"p{n}@elmbrook.example",
                name=f"N{name}",
                kind=kind,
                administrator="yes" if administrator else "no",
                absences=f"{min(one, other)}..{max(one, other)}",
                leaves_on=str(one),
                line_manager=f"p{n - 1}@elmbrook.example" if n else "",
            )
            for n, (name, kind, administrator, one, other) in enumerate(rows)
        )
    )
    first = read(content)
    assert len(first.new) == len(rows)
    assert read(content, Directory(people=first.new)) == PeopleImport(new=(), changed=(), unchanged=first.new)


def found_or_faults(content: bytes) -> tuple[tuple[Person, ...], tuple[Fault, ...]]:
    try:
        return read(content).new, ()
    except FaultyPeopleError as faulty:
        return (), faulty.faults


@given(st.binary() | st.builds(lambda cells: a_file() + cells, st.binary()))
def test_whatever_the_bytes_are_each_fault_is_one_line_that_can_be_shown(content: bytes) -> None:
    _, wrong = found_or_faults(content)
    assert all(fault.line >= 1 and str(fault).isprintable() for fault in wrong)


CELLS = st.text(st.sampled_from("a@.;:-0129/é\x00\ud800 \n"), max_size=12)


@given(st.fixed_dictionaries({column: CELLS | st.just(HELEN.get(column, "")) for column in COLUMNS}))
def test_a_row_is_somebody_or_its_faults_by_column(row: dict[str, str]) -> None:
    row["kind"] = row["kind"].strip("\x00 \n") or "employee"  # a row with nothing in it is no row
    cells = ",".join('"' + row[column] + '"' for column in COLUMNS).encode("utf-8", "surrogatepass")
    found, wrong = found_or_faults(a_file() + cells)
    assert bool(found) != bool(wrong)
    assert {fault.line for fault in wrong} <= {2}
    assert {fault.column for fault in wrong} <= set(COLUMNS)
