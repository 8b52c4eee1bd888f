"""Who is asked when a seat is asked, and whom a typed name means."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.calendar import Period
from domain.people import Asked, Authorisation, Directory, Person, PersonKind, who_is_asked
from domain.text import fold_email, fold_name
from tests.builders import SCHOOL, a_person

TODAY = date(2026, 11, 3)
YESTERDAY, TOMORROW = date(2026, 11, 2), date(2026, 11, 4)
AWAY = (Period(name="away", first=YESTERDAY, last=TOMORROW),)

HEAD = a_person("head", "Helen Marsh", "headteacher", deputy="dep")
DEPUTY = a_person("dep", "Dev Patel", "deputy_head")
CHAIR = a_person("chair", "Ivor Tate", "chair", kind=PersonKind.GOVERNOR)
MANAGER = a_person("manager", "Ben Carter")
LADDER = ("headteacher", "deputy_head", "chair")


def asked(*people: Person, named: str | None = None, excluded: frozenset[str] = frozenset()) -> list[str]:
    """Return the ids of those asked when `LADDER` is asked among `people`."""
    reached = who_is_asked(LADDER, SCHOOL, named, Directory(people=people), TODAY, excluded)
    return [one.person for one in reached]


def changed(person: Person, **more: object) -> Person:
    return person.model_copy(update=more)


def test_the_first_seat_that_somebody_holds_is_asked_and_no_other() -> None:
    assert asked(HEAD, DEPUTY, CHAIR) == ["head"]
    assert asked(DEPUTY, CHAIR) == ["dep"]
    assert asked(CHAIR) == ["chair"]
    assert asked(MANAGER) == []


def test_everybody_who_holds_the_seat_is_asked() -> None:
    assert asked(HEAD, changed(HEAD, id="other"), DEPUTY) == ["head", "other"]


def test_a_seat_at_another_school_is_another_seat() -> None:
    elsewhere = a_person("elsewhere", "Una Moss").model_copy(
        update={"holdings": (HEAD.holdings[0].model_copy(update={"school": "elsewhere"}),)}
    )
    assert asked(elsewhere, CHAIR) == ["chair"]


def test_of_an_absent_holder_the_deputy_is_asked_too_and_says_for_whom() -> None:
    people = Directory(people=(changed(HEAD, absences=AWAY), DEPUTY, CHAIR))
    assert who_is_asked(LADDER, SCHOOL, None, people, TODAY, frozenset()) == (
        Asked(person="head", seat="headteacher"),
        Asked(person="dep", seat="headteacher", instead_of="head"),
    )


def test_a_deputy_who_holds_the_seat_as_well_is_asked_once_as_a_holder() -> None:
    absent, holder = changed(HEAD, absences=AWAY), changed(DEPUTY, holdings=HEAD.holdings)
    for people in ((absent, holder), (holder, absent)):
        reached = who_is_asked(LADDER, SCHOOL, None, Directory(people=people), TODAY, frozenset())
        assert {one.person: one.instead_of for one in reached} == {"head": None, "dep": None}


def test_one_deputy_of_two_absent_holders_is_asked_once() -> None:
    absent = changed(HEAD, absences=AWAY)
    assert asked(absent, changed(absent, id="other"), DEPUTY) == ["head", "other", "dep"]


@pytest.mark.parametrize(
    ("deputy", "excluded"),
    [
        (None, frozenset[str]()),
        (changed(DEPUTY, leaves_on=YESTERDAY), frozenset[str]()),
        (DEPUTY, frozenset({"dep"})),
    ],
    ids=["has no deputy", "whose deputy has left", "whose deputy may not decide"],
)
def test_besides_an_absent_holder_for_whom_no_deputy_may_act_the_next_seat_is_asked(
    deputy: Person | None, excluded: frozenset[str]
) -> None:
    people = (changed(HEAD, absences=AWAY), *((deputy,) if deputy else ()))
    assert asked(*people, excluded=excluded) == ["head"]
    assert asked(*people, CHAIR, excluded=excluded) == ["head", "chair"]
    reached = who_is_asked(LADDER, SCHOOL, None, Directory(people=(*people, CHAIR)), TODAY, excluded)
    assert reached[-1] == Asked(person="chair", seat="chair")


def test_as_long_as_whoever_is_asked_is_away_the_ladder_goes_on() -> None:
    absent, away = changed(HEAD, absences=AWAY), changed(DEPUTY, absences=AWAY)
    assert asked(absent, away, CHAIR) == ["head", "dep", "chair"]
    assert asked(changed(absent, deputy=None), away, CHAIR) == ["head", "dep", "chair"]
    assert asked(absent, away, changed(CHAIR, absences=AWAY)) == ["head", "dep", "chair"]
    assert asked(absent, away, CHAIR, excluded=frozenset({"chair"})) == ["head", "dep"]


def test_a_deputy_who_is_away_and_holds_the_next_seat_too_is_asked_once_in_the_place_of_the_first() -> None:
    people = Directory(people=(changed(HEAD, absences=AWAY), changed(DEPUTY, absences=AWAY), CHAIR))
    assert who_is_asked(LADDER, SCHOOL, None, people, TODAY, frozenset())[1] == Asked(
        person="dep", seat="headteacher", instead_of="head"
    )


def test_where_another_holder_of_the_seat_is_there_nobody_of_the_next_is_asked() -> None:
    absent = changed(HEAD, absences=AWAY, deputy=None)
    assert asked(absent, changed(HEAD, id="other"), CHAIR) == ["head", "other"]


def test_besides_somebody_absent_whom_the_request_names_those_are_asked_who_stand_in() -> None:
    assert asked(changed(MANAGER, absences=AWAY), DEPUTY, CHAIR, named="manager") == ["manager", "dep"]


@pytest.mark.parametrize(("leaves_on", "reached"), [(YESTERDAY, ["dep"]), (TODAY, ["head"]), (TOMORROW, ["head"])])
def test_the_leaving_date_is_the_last_day_on_which_somebody_is_asked(leaves_on: date, reached: list[str]) -> None:
    assert asked(changed(HEAD, leaves_on=leaves_on), DEPUTY) == reached


@pytest.mark.parametrize(
    ("first", "last", "reached"),
    [
        (TODAY, TODAY, ["head", "dep"]),
        (YESTERDAY, TODAY, ["head", "dep"]),
        (TODAY, TOMORROW, ["head", "dep"]),
        (YESTERDAY, YESTERDAY, ["head"]),
        (TOMORROW, TOMORROW, ["head"]),
    ],
)
def test_both_ends_of_an_absence_are_days_away(first: date, last: date, reached: list[str]) -> None:
    away = (Period(name="away", first=first, last=last),)
    assert asked(changed(HEAD, absences=away), DEPUTY) == reached


def test_a_task_is_not_inherited_from_somebody_who_may_not_have_it() -> None:
    absent = changed(HEAD, absences=AWAY)
    assert asked(absent, DEPUTY, CHAIR, excluded=frozenset({"head"})) == ["dep"]
    reached = who_is_asked(LADDER, SCHOOL, None, Directory(people=(absent, DEPUTY)), TODAY, frozenset({"head"}))
    assert reached == (Asked(person="dep", seat="deputy_head"),)


def test_whom_the_request_names_is_asked_for_the_first_seat() -> None:
    assert asked(MANAGER, HEAD, named="manager") == ["manager"]


@pytest.mark.parametrize(
    ("manager", "excluded"),
    [
        (changed(MANAGER, leaves_on=YESTERDAY), frozenset[str]()),
        (MANAGER, frozenset({"manager"})),
        (a_person("another", "Una Moss"), frozenset[str]()),
    ],
    ids=["has left", "may not decide", "is not in the directory"],
)
def test_when_whom_the_request_names_cannot_be_asked_the_seats_that_stand_in_are(
    manager: Person, excluded: frozenset[str]
) -> None:
    assert asked(manager, DEPUTY, CHAIR, named="manager", excluded=excluded) == ["dep"]


IDS = ("a", "b", "c", "d", "e")
PEOPLE = st.lists(
    st.builds(
        lambda person, seats, deputy, away, leaves: a_person(
            person, person.upper() * 3, *seats, deputy=deputy, absences=AWAY if away else (), leaves_on=leaves
        ),
        st.sampled_from(IDS),
        st.sets(st.sampled_from(LADDER)),
        st.none() | st.sampled_from(IDS),
        st.booleans(),
        st.sampled_from((None, YESTERDAY, TODAY)),
    ),
    unique_by=lambda person: person.id,
)


@given(PEOPLE, st.none() | st.sampled_from(IDS), st.frozensets(st.sampled_from(IDS)))
def test_nobody_excluded_and_nobody_who_has_left_is_ever_asked(
    people: list[Person], named: str | None, excluded: frozenset[str]
) -> None:
    by_id = {person.id: person for person in people}
    reached = who_is_asked(LADDER, SCHOOL, named, Directory(people=tuple(people)), TODAY, excluded)
    for one in reached:
        assert one.person not in excluded
        assert by_id[one.person].is_active(TODAY)
        if one.instead_of is not None:
            stood_for = by_id[one.instead_of]
            assert one.instead_of not in excluded
            assert stood_for.is_absent(TODAY)
            assert stood_for.is_active(TODAY)
            assert stood_for.deputy == one.person
    assert len({one.person for one in reached}) == len(reached)
    seats = list(dict.fromkeys(one.seat for one in reached))
    assert seats == sorted(seats, key=LADDER.index)
    higher = [by_id[one.person] for one in reached if one.seat != seats[-1]]
    assert all(person.is_absent(TODAY) for person in higher)


@given(PEOPLE, st.frozensets(st.sampled_from(IDS)))
def test_somebody_is_asked_wherever_anybody_may_be(people: list[Person], excluded: frozenset[str]) -> None:
    free = {person.id for person in people if person.holdings and person.is_active(TODAY) and person.id not in excluded}
    reached = who_is_asked(LADDER, SCHOOL, None, Directory(people=tuple(people)), TODAY, excluded)
    assert bool(reached) == bool(free)


JO_SMITH = a_person("jo", "Joanna Smith")
JAMES_SMITH = a_person("james", "James Smith")
ZOE = a_person("zoe", "Zoë O'Brien-Cole")
ALL = Directory(people=(JO_SMITH, JAMES_SMITH, ZOE))


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("jo", ["jo"]),
        ("Joanna Smith", ["jo"]),
        ("  joanna   SMITH ", ["jo"]),
        ("J Smith", ["jo", "james"]),
        ("J. Smith", ["jo", "james"]),
        ("Smith", []),
        ("JO@ELMBROOK.EXAMPLE", ["jo"]),
        ("jo+work@elmbrook.example", ["jo"]),
        ("jo@elsewhere.example", []),
        ("Zoe O Brien Cole", ["zoe"]),
        ("Zoe\u0308 O\u2019Brien-Cole", ["zoe"]),
        ("Nobody Here", []),
        ("", []),
        (" ", []),
        ("…", []),
        ("@", []),
    ],
)
def test_a_typed_name_means_everybody_whom_it_may_mean(text: str, meant: list[str]) -> None:
    assert [person.id for person in ALL.named(text)] == meant


@given(st.text())
def test_whatever_is_typed_nobody_is_meant_twice(text: str) -> None:
    found = [person.id for person in ALL.named(text)]
    assert len(found) == len(set(found))


@given(st.text())
def test_folding_a_name_again_changes_nothing(text: str) -> None:
    assert fold_name(fold_name(text)) == fold_name(text)


@given(st.text(), st.text(alphabet="abc", max_size=3))
def test_a_tag_and_capitals_make_no_other_address(local: str, tag: str) -> None:
    address = f"{local}@elmbrook.example"
    assert fold_email(fold_email(address)) == fold_email(address)
    if "@" not in local:
        assert fold_email(f"{local.strip()}+{tag}@Elmbrook.EXAMPLE ") == fold_email(f"{local.strip()}@elmbrook.example")


@pytest.mark.parametrize(
    ("kind", "authorisation", "may"),
    [
        (PersonKind.EMPLOYEE, None, True),
        (PersonKind.CONTRACTOR, None, False),
        (PersonKind.CONTRACTOR, Authorisation(by="head", on=YESTERDAY), True),
        (PersonKind.VOLUNTEER, None, False),
    ],
)
def test_only_an_employee_or_somebody_authorised_may_run_a_site(
    kind: PersonKind, authorisation: Authorisation | None, may: bool
) -> None:
    """Cadmus 16.1 (SITE-13)."""
    assert a_person("x", "Una Moss", kind=kind, authorisation=authorisation).is_authorised() is may
