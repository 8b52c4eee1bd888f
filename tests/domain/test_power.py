"""Changes of power: what one person changes alone, what waits for a second one, and who that may be."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.calendar import Period
from domain.people import Authorisation, Directory, Holding, Person, PersonKind
from domain.power import (
    ORDINARY,
    PowerChange,
    What,
    changed,
    powerful,
    proposers,
    settlers,
    split,
    title,
)
from tests.builders import ADA, BEN, DEV, HELEN, OTTO, PEOPLE, SCHOOL, a_person

TODAY: Final = date(2026, 11, 2)
DIRECTORY: Final = Directory(people=PEOPLE)
NINA: Final = a_person("nina", "Nina Shah", administrator=True)
HEAD: Final = f"{SCHOOL}:headteacher"
DEPUTY_HEAD: Final = f"{SCHOOL}:deputy_head"
NEWCOMER: Final = a_person("new", "Noor Aziz")
GOES: Final = TODAY + timedelta(days=30)


def with_(person: Person, **changes: object) -> Person:
    return person.model_copy(update=changes)


def waiting(person: Person, directory: Directory = DIRECTORY, **former: str) -> list[tuple[str, str, str, str]]:
    """Return what waits of a file in which `person` stands: what, of what, before and after."""
    parts = split((person,), directory, {f"{name}@elmbrook.example": who for name, who in former.items()})
    assert {change.person for change in parts.waiting} <= {person.id}
    return [(change.what.value, change.of, change.before, change.after) for change in parts.waiting]


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "Benjamin Carter"},
        {"kind": PersonKind.GOVERNOR},
        {"schools": (SCHOOL, "elmbrook-high")},
        {"absences": (Period(name="away", first=TODAY, last=TODAY),)},
        {"authorisation": Authorisation(by="helen", on=TODAY)},
        {"leaves_on": GOES},
        {"leaves_on": date(2020, 1, 1)},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_ordinary_changes_are_made_at_once(changes: dict[str, object]) -> None:
    ben = with_(BEN, **changes)
    parts = split((ben,), DIRECTORY, {})
    assert (parts.now, parts.waiting, parts.applied) == ((ben,), (), 1)


@pytest.mark.parametrize(
    ("person", "changes", "waits"),
    [
        (BEN, {"email": "ben+new@elmbrook.example"}, ("address", "", BEN.email, "ben+new@elmbrook.example")),
        (BEN, {"line_manager": "helen"}, ("line_manager", "", "", "helen")),
        (PEOPLE[0], {"line_manager": None}, ("line_manager", "", "ben", "")),
        (HELEN, {"deputy": "dev"}, ("deputy", "", "", "dev")),
        (BEN, {"administrator": True}, ("administrator", "", "no", "yes")),
        (ADA, {"administrator": False}, ("administrator", "", "yes", "no")),
        (BEN, {"holdings": (Holding(school=SCHOOL, seat="headteacher"),)}, ("seat", HEAD, "no", "yes")),
        (HELEN, {"holdings": ()}, ("seat", HEAD, "yes", "no")),
    ],
    ids=["address", "manager", "no manager", "deputy", "made administrator", "no longer", "seat given", "seat taken"],
)
def test_a_change_of_power_waits_and_the_rest_of_the_row_does_not(
    person: Person, changes: dict[str, object], waits: tuple[str, str, str, str]
) -> None:
    assert waiting(with_(person, **changes)) == [waits]
    parts = split((with_(person, **changes, name="Another Name"),), DIRECTORY, {})
    assert parts.now == (with_(person, name="Another Name"),)
    assert parts.applied == 1


def test_every_field_of_a_person_is_either_ordinary_or_waits() -> None:
    waits = {"email", "line_manager", "deputy", "administrator", "holdings", "leaves_on"}
    assert set(Person.model_fields) == {"id", "organisation", *ORDINARY} | waits


@pytest.mark.parametrize("power", ["a seat", "administrator", "line manager", "deputy"])
def test_whoever_has_power_comes_back_or_stays_longer_only_by_two(power: str) -> None:
    gone = with_(OTTO, leaves_on=TODAY)
    others = {
        "a seat": (with_(gone, holdings=HELEN.holdings),),
        "administrator": (with_(gone, administrator=True),),
        "line manager": (gone, with_(BEN, line_manager="otto")),
        "deputy": (gone, with_(HELEN, deputy="otto")),
    }[power]
    mighty = Directory(people=others)
    assert waiting(with_(others[0], leaves_on=None), mighty) == [("last_day", "", TODAY.isoformat(), "")]
    assert waiting(with_(others[0], leaves_on=GOES), mighty) == [("last_day", "", "2026-11-02", "2026-12-02")]
    assert waiting(with_(others[0], leaves_on=TODAY - timedelta(days=1)), mighty) == []
    assert waiting(with_(gone, leaves_on=None), Directory(people=(gone,))) == []


def test_somebody_new_comes_without_any_power() -> None:
    arrives = with_(
        NEWCOMER, holdings=HELEN.holdings, administrator=True, deputy="dev", line_manager="helen", leaves_on=GOES
    )
    parts = split((arrives,), DIRECTORY, {})
    assert parts.now == (with_(NEWCOMER, line_manager="helen", leaves_on=GOES),)
    assert parts.applied == 1
    assert waiting(arrives) == [
        ("deputy", "", "", "dev"),
        ("administrator", "", "no", "yes"),
        ("seat", HEAD, "no", "yes"),
    ]


def test_somebody_new_at_an_address_that_somebody_had_does_not_come_yet() -> None:
    arrives = with_(NEWCOMER, email="b.carter+x@elmbrook.example", administrator=True)
    manages = a_person("third", "Tia Roe", line_manager="new")
    parts = split((arrives, manages), DIRECTORY, {"b.carter@elmbrook.example": "ben"})
    assert parts.now == (with_(manages, line_manager=None),)
    arrival, administrator, manager = parts.waiting
    assert (arrival.what, arrival.before) == (What.ARRIVAL, "ben")
    assert changed(arrives, arrival) == with_(arrives, administrator=False)
    assert (administrator.what, manager.what, manager.person, manager.after) == (
        What.ADMINISTRATOR,
        What.LINE_MANAGER,
        "third",
        "new",
    )


def test_a_person_keeps_an_address_that_somebody_else_had_once() -> None:
    assert waiting(with_(BEN, name="Benjamin Carter"), ben="dev") == []


# Made of few people and few values, so that files often speak of the same.
IDS: Final = ("a", "b", "c", "d")
OTHERS: Final = st.none() | st.sampled_from(IDS)
SEATS: Final = tuple(Holding(school=SCHOOL, seat=seat) for seat in ("headteacher", "deputy_head"))


@st.composite
def people(draw: st.DrawFn) -> Person:
    """Invent a row of a file."""
    person = draw(st.sampled_from(IDS))
    absence = Period(name="away", first=TODAY, last=GOES)
    return Person(
        id=person,
        organisation="elmbrook",
        name=draw(st.sampled_from(("Ann", "Ben"))),
        email=f"{person}{draw(st.sampled_from(('', '+x')))}@elmbrook.example",
        kind=draw(st.sampled_from((PersonKind.EMPLOYEE, PersonKind.GOVERNOR))),
        schools=(SCHOOL,),
        holdings=tuple(sorted(draw(st.sets(st.sampled_from(SEATS))), key=lambda held: held.seat)),
        line_manager=draw(OTHERS.filter(lambda other: other != person)),
        deputy=draw(OTHERS.filter(lambda other: other != person)),
        absences=draw(st.sampled_from(((), (absence,)))),
        leaves_on=draw(st.sampled_from((None, TODAY - timedelta(days=1), TODAY, GOES))),
        administrator=draw(st.booleans()),
    )


def files(least: int) -> st.SearchStrategy[list[Person]]:
    return st.lists(people(), min_size=least, max_size=4, unique_by=lambda person: person.id)


def powers(directory: Directory, known: frozenset[str]) -> Iterator[tuple[Any, ...]]:
    """Yield everything that lets somebody decide: over whom, in which seat, at which address.

    Whoever is not `known` came by a file, and their own line manager with them.
    """
    for person in directory.people:
        yield from ((person.id, "seat", held) for held in person.holdings)
        if person.id in known:
            yield person.email, "reads the mail of", person.id
            if person.line_manager:
                yield person.line_manager, "manages", person.id
        if person.deputy:
            yield person.deputy, "stands in for", person.id
        if person.administrator:
            yield person.id, "administers"


@given(files(1), st.lists(files(0), max_size=5), st.sets(st.sampled_from(IDS)))
def test_no_sequence_of_files_of_one_person_changes_anybody_s_power(
    begins: list[Person], sent: list[list[Person]], had_an_address: set[str]
) -> None:
    directory = Directory(people=tuple(begins))
    known = frozenset(person.id for person in begins)
    former = {f"{person}@elmbrook.example": "somebody" for person in had_an_address - known}
    before = set(powers(directory, known))
    for file in sent:
        mighty, last_days = powerful(directory), {one.id: one.leaves_on for one in directory.people}
        now = {person.id: person for person in split(file, directory, former).now}
        directory = Directory(people=tuple({**{one.id: one for one in directory.people}, **now}.values()))
        assert set(powers(directory, known)) == before
        assert not any(person.email.replace("+x", "") in former for person in directory.people)
        for person in directory.people:
            was = last_days.get(person.id)
            if person.id in mighty and was is not None:
                assert person.leaves_on is not None
                assert person.leaves_on <= was


@given(files(1), files(1), st.sets(st.sampled_from(IDS)))
def test_what_waits_makes_the_directory_what_the_file_says_once_all_of_it_is_confirmed(
    begins: list[Person], file: list[Person], had_an_address: set[str]
) -> None:
    directory = Directory(people=tuple(begins))
    former = {f"{person}@elmbrook.example": "somebody" for person in had_an_address}
    parts = split(file, directory, former)
    after = {person.id: person for person in (*directory.people, *parts.now)}
    for change in parts.waiting:
        after[change.person] = changed(after.get(change.person, a_person(change.person, "Nobody yet")), change)
    assert [after[person.id] for person in file] == file
    again = split(file, Directory(people=tuple(after.values())), former)
    assert (again.now, again.waiting, again.applied) == ((), (), 0)


def a_change(what: What, before: str = "", after: str = "", person: str = "ben", of: str = "") -> PowerChange:
    return PowerChange(person=person, what=what, of=of, before=before, after=after)


GIVEN: Final = a_change(What.ADMINISTRATOR, "no", "yes")


@pytest.mark.parametrize(
    ("change", "concerned"),
    [
        (a_change(What.ADDRESS, BEN.email, "b@elmbrook.example"), {"ben"}),
        (a_change(What.LINE_MANAGER, "helen", "dev"), {"ben", "helen", "dev"}),
        (a_change(What.LINE_MANAGER, "", "dev"), {"ben", "dev"}),
        (a_change(What.DEPUTY, "helen", ""), {"ben", "helen"}),
        (a_change(What.ARRIVAL, "helen", NEWCOMER.model_dump_json(), "new"), {"new", "helen"}),
        (a_change(What.SEAT, "no", "yes", of=HEAD), {"ben"}),
        (a_change(What.LAST_DAY, "2026-11-02", ""), {"ben"}),
        (GIVEN, {"ben"}),
    ],
    ids=lambda value: value.what.value if isinstance(value, PowerChange) else "",
)
def test_a_change_concerns_whose_it_is_and_whoever_gains_or_loses_by_it(
    change: PowerChange, concerned: set[str]
) -> None:
    assert change.concerns() == concerned
    administrators = Directory(people=tuple(with_(person, administrator=True) for person in (*PEOPLE, NINA)))
    free = {person.id for person in settlers(change, "nina", administrators, TODAY)}
    assert free == {person.id for person in PEOPLE} - concerned


def test_administrators_who_proposed_it_or_have_left_settle_nothing() -> None:
    left = with_(NINA, leaves_on=TODAY - timedelta(days=1))
    for people_ in ((*PEOPLE,), (*PEOPLE, left)):
        assert settlers(a_change(What.SEAT, "no", "yes", of=HEAD), "ada", Directory(people=people_), TODAY) == ()
    both = Directory(people=(*PEOPLE, NINA))
    assert settlers(GIVEN, "ada", both, TODAY) == (NINA,)
    assert settlers(GIVEN, "nina", both, TODAY) == (ADA,)


def test_where_there_is_no_second_administrator_a_seat_confirms_one_and_nothing_else() -> None:
    assert settlers(GIVEN, "ada", DIRECTORY, TODAY) == (HELEN, DEV)
    assert settlers(a_change(What.ADMINISTRATOR, "no", "yes", "dev"), "ada", DIRECTORY, TODAY) == (HELEN,)
    for change in (a_change(What.ADMINISTRATOR, "yes", "no"), a_change(What.SEAT, "no", "yes", of=HEAD)):
        assert settlers(change, "ada", DIRECTORY, TODAY) == ()


def test_administrators_propose_and_where_there_is_none_whoever_holds_a_seat() -> None:
    assert proposers(DIRECTORY, TODAY) == (ADA,)
    left = Directory(people=tuple(with_(one, leaves_on=date(2026, 1, 1)) if one is ADA else one for one in PEOPLE))
    assert proposers(left, TODAY) == (HELEN, DEV)


@pytest.mark.parametrize("what", What)
def test_a_mail_says_whose_power_changes_and_not_how(what: What) -> None:
    said = title(a_change(what, "secret", "secret", of="elmbrook-primary:case_manager"), "Ben Carter")
    assert "Ben Carter" in said
    assert not any(word in said.lower() for word in ("secret", "case", "elmbrook"))
    assert len(said) <= 80
