"""From a report to its matter: who is meant, who must not learn of it, who sees to it."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.allegations import Category, Reporter
from domain.calendar import Period
from domain.pack import Pack, Process
from domain.people import Directory, Person, PersonKind
from domain.report_people import Reported, category_of, may_mean, meant_by
from domain.report_questions import Place
from domain.reporting import Begun, Happened, Report, begun_by, reaches_anybody, reporter_of
from tests.builders import SCHOOL, a_person
from tests.matters import ALLEGATION, CARA, CONFIDENTIAL, DISCIPLINARY, HELEN, PEOPLE

DAY = date(2026, 11, 2)
DIRECTORY = Directory(people=PEOPLE)
PLACE = Place(CONFIDENTIAL, CONFIDENTIAL.organisation.schools[0])


def somebody(name: str = "Ben Carter", category: Category = Category.EMPLOYEE, capacity: str = "") -> Reported:
    return Reported(name=name, category=category, capacity=capacity)


def something(*about: int, topic: str = "private-messages", what: str = "Wrote to TB.") -> Happened:
    return Happened(about=about or (0,), topic=topic, what=what)


def a_report(*people: Reported, **more: Any) -> Report:
    """Return a report of `people`, Ben where there are none; `more` changes it."""
    return Report.model_validate(
        {
            "people": people or (somebody(),),
            "events": (something(),),
            "reporter": Reporter(mode="anonymous"),
            "at_risk": "yes",
            **more,
        }
    )


def begun(report: Report, directory: Directory = DIRECTORY, place: Place = PLACE) -> Begun:
    found = begun_by(report, place, directory, DAY)
    assert found is not None
    return found


def asked(found: Begun) -> set[str]:
    return {one.person for one in found.asked}


def with_people(*people: Person) -> Directory:
    """Return the directory with `people` in the place of those with the same ids, or besides."""
    return Directory(people=tuple({one.id: one for one in (*PEOPLE, *people)}.values()))


# Which process.


@pytest.mark.meets("ALLEG-01", "DISC-01", "DISC-34")
@pytest.mark.parametrize(
    ("more", "story", "at_risk"),
    [
        ({"at_risk": "yes"}, "allegation", "yes"),
        ({"at_risk": "unsure"}, "allegation", "unsure"),
        ({"at_risk": "no"}, "disciplinary", "no"),
        ({"at_risk": "no", "events": (something(topic="grooming"),)}, "allegation", "yes"),
        ({"at_risk": "no", "events": (something(), something(topic="grooming"))}, "allegation", "yes"),
        ({"at_risk": "no", "images": "yes"}, "allegation", "yes"),
        ({"at_risk": "no", "images": "unsure"}, "allegation", "unsure"),
        ({"at_risk": "unsure", "events": (something(topic="grooming"),)}, "allegation", "unsure"),
    ],
)
def test_unsure_counts_as_yes_and_no_begins_with_a_triage(more: dict[str, Any], story: str, at_risk: str) -> None:
    found = begun(a_report(**more))
    assert (found.process.story, found.matter.at_risk) == (story, at_risk)


def a_place(*processes: Process) -> Place:
    pack: Pack = CONFIDENTIAL.model_copy(update={"processes": processes})
    return Place(pack, pack.organisation.schools[0])


def test_a_matter_of_conduct_is_no_dead_end_where_only_allegations_are_taken() -> None:
    assert begun(a_report(at_risk="no"), place=a_place(ALLEGATION)).process is ALLEGATION


def test_where_a_child_could_be_at_risk_nothing_but_an_allegation_will_do() -> None:
    assert begun_by(a_report(), a_place(DISCIPLINARY), DIRECTORY, DAY) is None
    assert begun_by(a_report(at_risk="no"), a_place(), DIRECTORY, DAY) is None


# Who is meant.


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("Ben Carter", "ben"),
        ("  ben   CARTER ", "ben"),
        ("Mr Ben Carter", "ben"),
        ("B. Carter", "ben"),
        ("ben@elmbrook.example", "ben"),
        ("Somebody <Ben+x@Elmbrook.example>", "ben"),
        ("Carter", None),
        ("Ben", None),
        ("ben", None),
        ("Mr Carter", None),
        ("Bill Carter", None),
        ("nobody@elmbrook.example", None),
        ("The caretaker", None),
    ],
)
def test_one_person_is_meant_only_by_an_address_or_a_whole_name(name: str, meant: str | None) -> None:
    found = meant_by(somebody(name), DIRECTORY)
    assert (found.id if found else None) == meant


def test_of_two_with_the_same_name_neither_is_meant() -> None:
    twin = a_person("ben2", "Ben Carter")
    assert meant_by(somebody(), with_people(twin)) is None
    assert meant_by(somebody("ben2@elmbrook.example"), with_people(twin)) == twin


def test_a_pupil_is_nobody_of_the_directory_whoever_has_the_same_name() -> None:
    pupil = somebody("Helen Marsh", Category.PUPIL)
    assert meant_by(pupil, DIRECTORY) is None
    found = begun(a_report(pupil))
    assert (found.matter.subjects[0].person, found.matter.subjects[0].category) == (None, Category.PUPIL)
    assert "helen" in found.matter.recused
    assert "helen" not in begun(a_report(somebody("Tom Marsh", Category.PUPIL))).matter.recused


@pytest.mark.parametrize(
    ("name", "could_be"),
    [
        ("Mrs Marsh", True),
        ("Liz Marsh", True),
        ("Marsh, Helen", True),
        ("Helen", True),
        ("The lady called Marsh", True),
        ("Helen Brown", False),
        ("The lady from the office", False),
    ],
)
def test_whoever_shares_the_surname_or_the_one_name_could_be_meant(name: str, could_be: bool) -> None:
    assert may_mean(somebody(name), HELEN) is could_be


@pytest.mark.meets("ALLEG-09", "ALLEG-11", "DISC-03", "DISC-09")
@pytest.mark.parametrize(
    ("kind", "seats", "said", "category"),
    [
        (PersonKind.EMPLOYEE, (), Category.PUBLIC, Category.EMPLOYEE),
        (PersonKind.EMPLOYEE, (), Category.VOLUNTEER, Category.EMPLOYEE),
        (PersonKind.EMPLOYEE, (), Category.CENTRAL_STAFF, Category.CENTRAL_STAFF),
        (PersonKind.EMPLOYEE, ("headteacher",), Category.EMPLOYEE, Category.HEADTEACHER),
        (PersonKind.EMPLOYEE, ("deputy_head",), Category.HEADTEACHER, Category.EMPLOYEE),
        (PersonKind.GOVERNOR, ("chair_of_governors",), Category.EMPLOYEE, Category.GOVERNOR),
        (PersonKind.TRUSTEE, (), Category.PUBLIC, Category.GOVERNOR),
        (PersonKind.AGENCY, (), Category.EMPLOYEE, Category.SUPPLY),
        (PersonKind.CONTRACTOR, (), Category.EMPLOYEE, Category.CONTRACTOR),
        (PersonKind.SELF_EMPLOYED, (), Category.EMPLOYEE, Category.CONTRACTOR),
        (PersonKind.VOLUNTEER, (), Category.EMPLOYEE, Category.VOLUNTEER),
        (PersonKind.APPRENTICE, (), Category.EMPLOYEE, Category.TRAINEE),
        (PersonKind.EXTERNAL, (), Category.PUBLIC, Category.PUBLIC),
    ],
)
def test_what_somebody_is_the_directory_knows_better(
    kind: PersonKind, seats: tuple[str, ...], said: Category, category: Category
) -> None:
    assert category_of(a_person("x", "X Y", *seats, kind=kind), said) is category


# Who sees to it, and who must not learn of it.


@pytest.mark.meets("ALLEG-11", "INC-06", "INC-08")
@pytest.mark.parametrize(
    ("name", "category", "is_asked"),
    [
        ("Ben Carter", Category.EMPLOYEE, {"helen"}),
        ("The supply teacher of Year 4", Category.SUPPLY, {"helen"}),
        ("Somebody of the cleaning firm", Category.CONTRACTOR, {"helen"}),
        ("Helen Marsh", Category.EMPLOYEE, {"cara"}),
        ("Helen Marsh", Category.PUBLIC, {"cara"}),
        ("Mrs Marsh", Category.EMPLOYEE, {"cara"}),
        ("The headteacher", Category.EMPLOYEE, {"cara"}),
        ("Somebody new", Category.HEADTEACHER, {"cara"}),
        ("Dev Patel", Category.EMPLOYEE, {"helen"}),
        ("The deputy headteacher", Category.EMPLOYEE, {"helen"}),
        ("Cara Reid", Category.GOVERNOR, {"vic"}),
        ("Cara Reid", Category.EMPLOYEE, {"vic"}),
        ("Dana Wells", Category.EMPLOYEE, {"helen"}),
        ("Ivan Petrov", Category.EMPLOYEE, {"helen"}),
        ("Somebody of the trust", Category.CENTRAL_STAFF, {"hugo"}),
        ("Hugo Frost", Category.CENTRAL_STAFF, {"cara"}),
        ("TB, Year 9", Category.PUPIL, {"dana"}),
        ("The father of TB", Category.PUBLIC, {"helen"}),
    ],
)
def test_the_case_goes_to_whom_the_pack_names_and_never_to_a_subject(
    name: str, category: Category, is_asked: set[str]
) -> None:
    found = begun(a_report(somebody(name, category)))
    assert asked(found) == is_asked
    assert not is_asked & set(found.matter.recused)


def test_a_headteacher_among_several_decides_the_route() -> None:
    found = begun(
        a_report(somebody(), somebody("Helen Marsh"), events=(something(0), something(1, what="Looked away.")))
    )
    assert asked(found) == {"cara"}
    assert [one.key for one in found.matter.subjects] == ["s1", "s2"]
    assert [(one.key, one.subject, one.what) for one in found.matter.allegations] == [
        ("a1", "s1", "Wrote to TB."),
        ("a2", "s2", "Looked away."),
    ]
    assert set(found.matter.recused) >= {"ben", "helen"}


def test_what_several_did_is_alleged_of_each() -> None:
    found = begun(a_report(somebody(), somebody("Otto Lind"), events=(something(0, 1),)))
    assert [(one.key, one.subject) for one in found.matter.allegations] == [("a1", "s1"), ("a2", "s2")]


def test_somebody_named_twice_is_one_subject_and_accused_once() -> None:
    found = begun(a_report(somebody(), somebody("ben@elmbrook.example"), events=(something(0, 1), something(1))))
    assert [(one.key, one.name, one.person) for one in found.matter.subjects] == [("s1", "Ben Carter", "ben")]
    assert [(one.key, one.subject) for one in found.matter.allegations] == [("a1", "s1"), ("a2", "s1")]


@pytest.mark.meets("DISC-09", "INC-07")
def test_the_role_in_which_they_acted_and_when_it_was_noticed_are_told_with_it() -> None:
    found = begun(a_report(somebody(capacity="treasurer of the PTA"), noticed_on=date(2026, 11, 1)))
    assert found.matter.allegations[0].what == (
        "Wrote to TB.\n\nActing as: treasurer of the PTA\n\nNoticed on Sunday 1 November 2026"
    )
    assert found.matter.subjects[0].category is Category.EMPLOYEE


def test_whoever_reports_themself_is_reporter_and_subject_and_sees_to_nothing() -> None:
    reporter = reporter_of({"mode": "named", "name": ""}, HELEN)
    found = begun(a_report(somebody("Helen Marsh"), reporter=reporter))
    assert found.matter.reporter.person == found.matter.subjects[0].person == "helen"
    assert asked(found) == {"cara"}


def test_holders_of_the_seats_that_are_involved_never_learn_of_it() -> None:
    found = begun(a_report(involved=("headteacher", "dsl")))
    assert set(found.matter.recused) >= {"helen", "dana"}
    assert found.matter.involved == ("headteacher", "dsl")
    assert asked(found) == {"cara"}


def test_a_deputy_only_of_somebody_recused_is_recused_too() -> None:
    directory = with_people(HELEN.model_copy(update={"deputy": "otto"}))
    assert "otto" in begun(a_report(somebody("Helen Marsh")), directory).matter.recused
    assert "otto" not in begun(a_report(), directory).matter.recused


def test_a_deputy_who_holds_a_seat_of_their_own_is_asked_for_that_one() -> None:
    chair = CARA.model_copy(update={"deputy": "vic"})
    found = begun(a_report(somebody("Cara Reid", Category.GOVERNOR)), with_people(chair))
    assert "vic" not in found.matter.recused
    assert [(one.person, one.seat, one.instead_of) for one in found.asked] == [("vic", "vice_chair_of_governors", None)]


def test_while_the_headteacher_is_away_the_deputy_is_asked_beside_her_or_if_accused_the_next_of_the_road() -> None:
    away = HELEN.model_copy(update={"absences": (Period(name="away", first=DAY, last=DAY),)})
    assert asked(begun(a_report(), with_people(away))) == {"helen", "dev"}
    assert asked(begun(a_report(somebody("Dev Patel")), with_people(away))) == {"helen", "cara"}


@pytest.mark.parametrize("involved", [(), ("dsl",)])
def test_where_everybody_of_the_ladder_is_involved_nobody_is_asked(involved: tuple[str, ...]) -> None:
    everybody = ("headteacher", "deputy_head", "chair_of_governors", "vice_chair_of_governors", *involved)
    assert begun(a_report(involved=everybody)).asked == ()
    assert begun(a_report(somebody("Cara Reid"), somebody("Vic Stone"), somebody("Helen Marsh"))).asked == ()


def test_it_is_known_before_the_story_whether_anybody_is_left() -> None:
    seats = ("headteacher", "deputy_head", "chair_of_governors", "vice_chair_of_governors", "head_of_hr")
    assert reaches_anybody(seats, PLACE, DIRECTORY, DAY)
    assert not reaches_anybody((*seats, "dsl"), PLACE, DIRECTORY, DAY)


def test_a_seat_of_another_school_is_nothing_to_this_one() -> None:
    elsewhere = a_person("nell", "Nell Marsh", schools=("elmbrook-high",))
    assert asked(begun(a_report(somebody("Nell Marsh")), with_people(elsewhere))) == {"helen"}


NAMES = st.sampled_from(
    [
        *(person.name for person in PEOPLE),
        "Mrs Marsh",
        "Reid",
        "Somebody else",
        "The headteacher",
        "dev@elmbrook.example",
    ]
)
REPORTS = st.builds(
    lambda people, topics, seats, at_risk, images: a_report(
        *people,
        events=tuple(something(*range(len(people)), topic=topic) for topic in topics),
        involved=tuple(seats),
        at_risk=at_risk,
        images=images,
    ),
    st.lists(st.builds(somebody, NAMES, st.sampled_from(list(Category))), min_size=1, max_size=3),
    st.lists(st.sampled_from(["grooming", "private-messages", "other"]), min_size=1, max_size=2),
    st.lists(st.sampled_from([seat.key for seat in CONFIDENTIAL.seats if seat.key != "line_manager"]), unique=True),
    st.sampled_from(["yes", "no", "unsure"]),
    st.sampled_from(["yes", "no", "unsure"]),
)


@given(REPORTS)
def test_nobody_who_is_or_could_be_involved_is_ever_asked(report: Report) -> None:
    found = begun(report)
    holders = {one.id for seat in report.involved for one in DIRECTORY.holders(SCHOOL, seat)}
    subjects = {one.person for one in found.matter.subjects if one.person}
    could_be = {one.id for person in report.people for one in PEOPLE if meant_by(person, DIRECTORY) == one}
    assert holders | subjects | could_be <= set(found.matter.recused)
    assert not asked(found) & set(found.matter.recused)


@given(REPORTS)
def test_everything_that_was_said_is_alleged_of_somebody(report: Report) -> None:
    matter = begun(report).matter
    assert {one.subject for one in matter.allegations} <= {one.key for one in matter.subjects}
    assert {one.topic for one in matter.allegations} == {event.topic for event in report.events}
    assert len({one.key for one in matter.allegations}) == len(matter.allegations)


# Who reports.


@pytest.mark.meets("ALLEG-07")
@pytest.mark.parametrize(
    ("answers", "signed_in", "reporter"),
    [
        ({"mode": "anonymous"}, HELEN, Reporter(mode="anonymous")),
        ({"mode": "anonymous", "name": "Helen", "contact": "0"}, None, Reporter(mode="anonymous")),
        ({"mode": "named", "name": "Joe Bloggs"}, None, Reporter(mode="named", name="Joe Bloggs")),
        ({"mode": "named", "name": "Helen Marsh"}, None, Reporter(mode="named", name="Helen Marsh")),
        ({"mode": "named"}, HELEN, Reporter(mode="named", person="helen", name="Helen Marsh")),
        ({"mode": "named", "name": "helen  marsh"}, HELEN, Reporter(mode="named", person="helen", name="Helen Marsh")),
        ({"mode": "named", "name": "Joe Bloggs"}, HELEN, Reporter(mode="named", name="Joe Bloggs")),
        (
            {"mode": "confidential", "confidential_name": "Joe", "confidential_contact": "01632 960009"},
            None,
            Reporter(mode="confidential", name="Joe", contact="01632 960009"),
        ),
    ],
)
def test_who_reports_is_who_says_so_and_nobody_without_a_name(
    answers: dict[str, str], signed_in: Person | None, reporter: Reporter
) -> None:
    assert reporter_of(answers, signed_in) == reporter
