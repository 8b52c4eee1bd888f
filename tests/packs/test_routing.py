"""Who sees to a matter: for every pack, every category, every topic, and everybody who may have a part in it."""

from datetime import date, timedelta
from typing import Any, Final, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.allegations import Category, Matter, Procedure, Reporter
from domain.calendar import Period
from domain.matters import route_of, stand_ins_under
from domain.people import Asked, Directory, Holding, Person, PersonKind, who_is_asked
from domain.report_people import Reported
from domain.report_questions import Place
from domain.reporting import Begun, Happened, Report, begun_by
from tests.packs.confidential import (
    Kind,
    a_matter,
    a_subject,
    an_allegation,
    an_opening,
    asked_seats,
    events,
    ever_asked,
    played,
    process_of,
    record,
    whom,
)
from tests.packs.trying import BEGINS, PACKS, TODAY, facts_of, whole_pack
from workflows.explorer import TimePasses

STORIES: Final[tuple[Kind, ...]] = ("allegation", "disciplinary")
EXAMPLES: Final = max(settings().max_examples // 5, 12)
"""How many schools there are under each of the five packs."""

HEAD, CHAIR, VICE, IT = "headteacher", "chair_of_governors", "vice_chair_of_governors", "it_administrator"
DSL: Final = ("dsl", "deputy_dsl")
TRUST: Final = {
    "cadmus": ("chief_operating_officer",),
    "mtoat": ("chief_executive", "chair_of_trustees"),
    "societas": ("chief_executive", "chair_of_trustees"),
}
"""Who is left of a trust when nobody at the school is."""


class Row(NamedTuple):
    """What is reported, whose seats' holders may not learn of it, and who then sees to it."""

    category: str
    involved: tuple[str, ...] = ()
    recused: tuple[str, ...] = ()
    manager: str | None = HEAD
    told: tuple[str, ...] = DSL
    procedure: Procedure = "staff"


EVERYWHERE: Final = (
    Row("employee"),
    Row("trainee"),
    Row("supply", procedure="end_of_appointment"),
    Row("contractor", procedure="end_of_appointment"),
    Row("volunteer", procedure="end_of_appointment"),
    Row("headteacher", (), (HEAD,), CHAIR, ()),
    Row("governor", (), (), CHAIR, procedure="governor"),
    Row("pupil", procedure="behaviour"),
    Row("public", procedure="public"),
    # Somebody who would see to it has a part in it.
    Row("employee", (HEAD,), (HEAD,), CHAIR, ()),
    Row("trainee", (HEAD,), (HEAD,), CHAIR, ()),
    Row("contractor", (HEAD,), (HEAD,), CHAIR, (), "end_of_appointment"),
    Row("pupil", (HEAD,), (HEAD,), CHAIR, (), "behaviour"),
    Row("public", (HEAD,), (HEAD,), CHAIR, (), "public"),
    Row("governor", (HEAD,), (HEAD,), CHAIR, (), "governor"),
    Row("headteacher", (CHAIR,), (HEAD, CHAIR), VICE, ()),
    Row("employee", (CHAIR,), (CHAIR,), HEAD),
    Row("supply", (CHAIR,), (CHAIR,), HEAD, procedure="end_of_appointment"),
    Row("employee", (HEAD, CHAIR), (HEAD, CHAIR), VICE, ()),
    Row("employee", (IT,), (IT,), HEAD),
    Row("employee", (IT, HEAD), (IT, HEAD), CHAIR, ()),
    # The chair is who it is about, or has a part that nobody asked about.
    Row("governor", (CHAIR,), (CHAIR,), VICE, procedure="governor"),
    Row("headteacher", (), (HEAD, CHAIR), VICE, ()),
    # The headteacher steps aside: nobody who works under them takes their place.
    Row("employee", (), (HEAD,), CHAIR),
    Row("employee", (), (HEAD, CHAIR), VICE),
    # The safeguarding lead is who it is about.
    Row("employee", (), ("dsl",), HEAD, ("deputy_dsl",)),
)
BY_PACK: Final[dict[str, tuple[Row, ...]]] = {
    "cadmus": (
        Row("central_staff", (), (), "chief_operating_officer", procedure="central_staff"),
        Row("central_staff", (), ("chief_operating_officer",), CHAIR, procedure="central_staff"),
        Row("employee", ("chief_operating_officer",), ("chief_operating_officer",), CHAIR, (), "central_staff"),
    ),
    "mtoat": (
        Row("central_staff", (), (), "head_of_hr", procedure="central_staff"),
        Row("central_staff", (), ("head_of_hr",), "chief_executive", procedure="central_staff"),
        Row("central_staff", (HEAD,), (HEAD,), "head_of_hr", (), "central_staff"),
        Row("employee", ("chief_executive",), ("chief_executive",), "chair_of_trustees", (), "central_staff"),
    ),
    "newall-green": (Row("central_staff"),),
    "redhill": (Row("central_staff"),),
    "societas": (
        Row("central_staff", (), (), "chief_executive", procedure="central_staff"),
        Row("central_staff", (), ("chief_executive",), "chair_of_trustees", procedure="central_staff"),
        Row("employee", ("chief_executive",), ("chief_executive",), "chair_of_trustees", (), "central_staff"),
    ),
}


def nobody_left(pack: str) -> tuple[Row, ...]:
    """Return the rows in which one after the other of those who could see to it may not."""
    ladder = (HEAD, CHAIR, VICE, *TRUST.get(pack, ()))
    return tuple(
        Row("employee", (), ladder[:n], ladder[n] if n < len(ladder) else None) for n in range(1, 1 + len(ladder))
    )


ROWS: Final = [
    pytest.param(pack, row, id=f"{pack} {row.category} {','.join(row.involved)}/{','.join(row.recused)}")
    for pack in PACKS
    for row in (*EVERYWHERE, *BY_PACK[pack], *nobody_left(pack))
]
"""Every row of every pack."""


def holding(pack: str, school: str, *seats: str) -> tuple[str, ...]:
    """Return the demo's people who hold any of `seats`."""
    directory = facts_of(pack).directory
    return tuple(person.id for seat in seats for person in directory.holders(school, seat))


@pytest.mark.meets("ALLEG-09", "ALLEG-11", "INC-08", "DISC-03", "DISC-06", "DISC-07", "DISC-21", "DISC-33", "INC-23")
@pytest.mark.parametrize(("pack", "row"), ROWS)
def test_each_matter_goes_to_whom_the_policy_names_and_past_whoever_has_a_part_in_it(pack: str, row: Row) -> None:
    directory = facts_of(pack).directory
    for story in STORIES:
        process = process_of(pack, story)
        for school in (one.key for one in whole_pack(pack).organisation.schools):
            recused = holding(pack, school, *row.recused)
            for topic in process.topics:
                matter = a_matter(
                    a_subject(category=row.category),
                    allegations=(an_allegation(topic=topic.key),),
                    involved=row.involved,
                    recused=recused,
                )
                route = route_of(process, matter)
                assert route is not None
                assert route.procedure == row.procedure
                reached = who_is_asked(
                    route.ladders["case_manager"], school, None, directory, TODAY, frozenset(recused)
                )
                assert {one.seat for one in reached} == ({row.manager} if row.manager else set())
                if story == "allegation":
                    left = {*holding(pack, school, *route.told)} - {*recused}
                    assert left == {*holding(pack, school, *row.told)} - {*recused}


@pytest.mark.parametrize("pack", PACKS)
def test_nobody_who_works_under_the_headteacher_gets_what_the_headteacher_has_a_part_in(pack: str) -> None:
    directory = facts_of(pack).directory
    for story, category in ((story, category) for story in STORIES for category in Category):
        for school in (one.key for one in whole_pack(pack).organisation.schools):
            head = holding(pack, school, HEAD)
            subjects = (a_subject(category=category.value),)
            involved = () if category is Category.HEADTEACHER else (HEAD,)
            route = route_of(process_of(pack, story), a_matter(*subjects, involved=involved))
            assert route is not None
            seats = {*route.told, *(seat for ladder in route.ladders.values() for seat in ladder)}
            under = {person.id for person in directory.people if person.line_manager in head}
            assert not {*holding(pack, school, *seats)} & {*head, *under}


@pytest.mark.meets("ALLEG-19", "ALLEG-20")
@pytest.mark.parametrize("pack", PACKS)
def test_the_safeguarding_lead_and_the_deputy_are_told_of_an_allegation_and_may_read_it(pack: str) -> None:
    so_far = played(an_opening(whole_pack(pack)))
    assert so_far.standing.told == DSL
    assert all(holding(pack, whole_pack(pack).organisation.schools[0].key, seat) for seat in DSL)


@pytest.mark.meets("ALLEG-21", "ALLEG-23")
@pytest.mark.parametrize(
    ("pack", "topic", "clause"),
    [
        ("redhill", "a_pupil_seeks_a_relationship", "3-manager"),
        ("newall-green", "a_pupil_sought_contact", "6.7-first-pupil"),
    ],
)
def test_that_a_pupil_seeks_contact_is_no_fault_of_the_adult_and_takes_a_road_of_its_own(
    pack: str, topic: str, clause: str
) -> None:
    def routed(category: str) -> tuple[str, str, tuple[str, ...]]:
        matter = a_matter(a_subject(category=category), allegations=(an_allegation(topic=topic),))
        route = route_of(process_of(pack, "allegation"), matter)
        assert route is not None
        return route.procedure, route.clause, route.told

    assert routed("pupil") == ("behaviour", clause, DSL)
    # Whatever a report about an adult is called, it comes to the LADO.
    assert routed("employee")[0] == "staff"
    assert routed("employee")[1] != clause


# However a report is put, nobody who is meant, or could be, or has a part in it gets it.


def report(
    category: str = "employee", name: str = "Nobody Known", involved: tuple[str, ...] = (), topic: str = "other"
) -> Report:
    """Return what somebody reports of `name`."""
    return Report(
        people=(Reported(name=name, category=Category(category)),),
        events=(Happened(about=(0,), topic=topic, what="Something."),),
        reporter=Reporter(mode="anonymous"),
        involved=involved,
        at_risk="yes",
    )


def begun(pack: str, one: Report, directory: Directory, day: date = TODAY) -> Begun:
    """Return what that report opens at the pack's first school."""
    found = begun_by(one, Place(whole_pack(pack), whole_pack(pack).organisation.schools[0]), directory, day)
    assert found is not None
    return found


@pytest.mark.meets("ALLEG-11")
@pytest.mark.parametrize("pack", PACKS)
@pytest.mark.parametrize("seat", [HEAD, CHAIR, VICE, IT, "dsl", "deputy_dsl"])
@pytest.mark.parametrize("story", STORIES)
def test_whoever_is_named_sees_nothing_of_the_case_from_its_first_moment_to_its_last(
    pack: str, seat: str, story: Kind
) -> None:
    directory, school = facts_of(pack).directory, whole_pack(pack).organisation.schools[0].key
    (person,) = (directory.person(one) for one in holding(pack, school, seat)[:1])
    assert person is not None
    matter = begun(pack, report(name=person.name), directory).matter
    so_far = played(an_opening(whole_pack(pack), story, matter), TimePasses(until=BEGINS + timedelta(days=60)))
    assert any(event.kind == "escalated" for event in events(so_far))
    assert ever_asked(so_far)
    assert person.id not in ever_asked(so_far)
    assert person.id in so_far.standing.recused


@pytest.mark.meets("ALLEG-11")
def test_an_absent_chair_s_deputy_who_works_under_the_headteacher_gets_nothing_about_the_headteacher() -> None:
    before = facts_of("cadmus").directory
    school = whole_pack("cadmus").organisation.schools[0].key
    (deputy,) = holding("cadmus", school, "deputy_headteacher")
    (chair,) = holding("cadmus", school, CHAIR)
    away = {"deputy": deputy, "absences": (Period(name="away", first=TODAY, last=TODAY + timedelta(days=30)),)}
    directory = Directory(
        people=tuple(one.model_copy(update=away) if one.id == chair else one for one in before.people)
    )
    head = directory.person(holding("cadmus", school, HEAD)[0])
    assert head is not None
    assert deputy in stand_ins_under({head.id}, directory)
    found = begun("cadmus", report("headteacher", head.name), directory)
    (vice,) = holding("cadmus", school, VICE)
    assert found.asked == (Asked(person=chair, seat=CHAIR), Asked(person=vice, seat=VICE))
    # Of anybody else's, that deputy stands in as ever.
    assert Asked(person=deputy, seat=CHAIR, instead_of=chair) in begun("cadmus", report("governor"), directory).asked


# Whatever the directory looks like.

IDS: Final = tuple("abcdefgh")
SEATS: Final = {pack: tuple(seat.key for seat in whole_pack(pack).seats if not seat.from_field) for pack in PACKS}
AWAY: Final = Period(name="away", first=TODAY - timedelta(days=1), last=TODAY + timedelta(days=90))


@st.composite
def schools(draw: st.DrawFn, pack: str) -> Directory:
    """Draw any people in any seats, with any managers and deputies, some away and some gone."""
    school = whole_pack(pack).organisation.schools[0].key
    others = st.none() | st.sampled_from(IDS)
    return Directory(
        people=tuple(
            Person(
                id=one,
                organisation=pack,
                name=f"{one.upper()}da Lovelace{one}",
                email=f"{one}@{pack}.example",
                kind=draw(st.sampled_from(PersonKind)),
                schools=(school,),
                holdings=tuple(
                    Holding(school=school, seat=seat)
                    for seat in draw(st.sets(st.sampled_from(SEATS[pack]), max_size=3))
                ),
                line_manager=draw(others),
                deputy=draw(others),
                absences=draw(st.sampled_from([(), (), (AWAY,)])),
                leaves_on=draw(st.sampled_from([None, None, None, TODAY - timedelta(days=1), TODAY + timedelta(9)])),
            )
            for one in IDS
        )
    )


@st.composite
def reports(draw: st.DrawFn, pack: str, directory: Directory) -> Report:
    """Draw any report: of anybody, by name or not, with anybody else involved."""
    names = [*(person.name for person in directory.people), "Nobody Known"]
    people = draw(st.lists(st.sampled_from(names), min_size=1, max_size=2))
    topics = st.sampled_from([topic.key for topic in process_of(pack, "allegation").topics])
    return Report(
        people=tuple(Reported(name=name, category=draw(st.sampled_from(Category))) for name in people),
        events=tuple(Happened(about=(n,), topic=draw(topics), what="x") for n in range(len(people))),
        reporter=Reporter(mode="anonymous"),
        involved=tuple(draw(st.sets(st.sampled_from(SEATS[pack]), max_size=2))),
        at_risk=draw(st.sampled_from(["yes", "no", "unsure"])),
    )


def have_a_part(pack: str, one: Report, directory: Directory) -> set[str]:
    """Return everybody whom a report names, or calls the headteacher, or who holds a seat that is called involved."""
    school = whole_pack(pack).organisation.schools[0].key
    named = {who.name for who in one.people if who.category is not Category.PUPIL}
    called_so = any(who.category is Category.HEADTEACHER and who.name == "Nobody Known" for who in one.people)
    held = {*one.involved, *([HEAD] if called_so else [])}
    return {person.id for person in directory.people if person.name in named} | {
        person.id for seat in held for person in directory.holders(school, seat)
    }


@pytest.mark.meets("ALLEG-11", "DISC-07")
@pytest.mark.parametrize("pack", PACKS)
@settings(deadline=None, max_examples=EXAMPLES)
@given(data=st.data())
def test_in_no_school_that_there_could_be_does_it_reach_anybody_with_a_part_in_it(
    pack: str, data: st.DataObject
) -> None:
    directory = data.draw(schools(pack))
    one = data.draw(reports(pack, directory))
    found = begun(pack, one, directory)
    parts = have_a_part(pack, one, directory)
    assert parts <= set(found.matter.recused)
    opening = an_opening(whole_pack(pack), found.process.story, found.matter)  # type: ignore[arg-type]
    so_far = played(opening, TimePasses(until=BEGINS + timedelta(days=60)), directory=directory)
    assert not ever_asked(so_far) & parts
    assert set(so_far.standing.recused) >= parts
    route = route_of(found.process, found.matter)
    assert route is not None
    told = {person.id for seat in route.told for person in directory.holders(opening.school, seat)}
    if HEAD in found.matter.involved or Category.HEADTEACHER in {who.category for who in found.matter.subjects}:
        assert not told
        assert not {"headteacher", "deputy_headteacher", *DSL} & ladders(route)
    categories = {who.category for who in found.matter.subjects}
    if categories == {Category.GOVERNOR}:
        assert route.procedure == "governor"
    if categories - {Category.PUPIL, Category.PUBLIC}:
        assert route.procedure not in {"behaviour", "public"}


def ladders(route: Any) -> set[str]:
    """Return every seat that a route asks."""
    return {seat for ladder in route.ladders.values() for seat in ladder}


@pytest.mark.parametrize("pack", PACKS)
@settings(deadline=None, max_examples=EXAMPLES)
@given(data=st.data())
def test_where_nobody_is_left_nobody_is_asked_and_somebody_new_is_once_there_is_one(
    pack: str, data: st.DataObject
) -> None:
    directory = data.draw(schools(pack))
    matter = begun(pack, data.draw(reports(pack, directory)), directory).matter
    everybody = matter.model_copy(update={"recused": IDS})
    so_far = played(an_opening(whole_pack(pack), "allegation", everybody), directory=directory)
    assert so_far.standing.asks
    assert ever_asked(so_far) == set()
    route = route_of(process_of(pack, "allegation"), matter)
    assert route is not None
    seat = route.ladders["case_manager"][-1]
    school = whole_pack(pack).organisation.schools[0].key
    new = Person(
        id="new",
        organisation=pack,
        name="New",
        email="new@x.example",
        kind=PersonKind.GOVERNOR,
        schools=(school,),
        holdings=(Holding(school=school, seat=seat),),
    )
    later = played(
        an_opening(whole_pack(pack), "allegation", everybody), directory=Directory(people=(*directory.people, new))
    )
    assert whom(later) == ["new"]


# What is found out later.


@pytest.mark.meets("DISC-07", "ALLEG-11")
@pytest.mark.parametrize("pack", PACKS)
def test_a_subject_who_turns_out_to_be_a_governor_leaves_the_road_of_staff_and_both_facts_stay(pack: str) -> None:
    opening = an_opening(whole_pack(pack))
    (head,) = whom(played(opening))
    so_far = played(opening, record(head, "subject_corrected"))
    assert asked_seats(so_far) == [CHAIR]
    routed = [event for event in events(so_far) if event.kind == "case_routed"]
    assert [event.procedure for event in routed] == ["staff", "governor"]
    assert [event.subjects[0].category for event in events(so_far) if event.kind == "allegation_recorded"] == [
        Category.EMPLOYEE
    ]


@pytest.mark.parametrize("pack", PACKS)
def test_a_headteacher_who_turns_out_to_be_meant_is_out_of_the_case_at_once(pack: str) -> None:
    opening = an_opening(whole_pack(pack))
    (head,) = whom(played(opening))
    meant = {"key": "s1", "name": "The head", "category": "headteacher", "person": head}
    so_far = played(opening, record(head, "subject_corrected", subject=meant), record(head, "police_contacted"))
    assert asked_seats(so_far) == [CHAIR]
    assert so_far.standing.told == ()
    assert [reply.says for reply in so_far.replies] == ["done", "not_asked"]


@pytest.mark.meets("PLAT-06")
@pytest.mark.parametrize("pack", PACKS)
def test_whoever_steps_aside_is_out_and_their_deputy_does_not_inherit_it(pack: str) -> None:
    opening = an_opening(whole_pack(pack))
    begun_so = played(opening)
    (head,) = whom(begun_so)
    aside = record(head, "police_contacted").model_copy(
        update={"kind": "step_aside", "entry": None, "ask": begun_so.standing.asks[0].ask, "comment": "A relative."}
    )
    so_far = played(opening, aside, record(head, "lado_referral_made", "a1"))
    assert asked_seats(so_far) == [CHAIR]
    assert head in so_far.standing.recused
    assert so_far.replies[-1].says == "not_asked"


@pytest.mark.parametrize("pack", PACKS)
def test_two_packs_processes_speak_of_the_same_topics_and_the_same_roads(pack: str) -> None:
    one, other = (process_of(pack, story) for story in STORIES)
    assert [(topic.key, topic.label, topic.at_risk) for topic in one.topics] == [
        (topic.key, topic.label, topic.at_risk) for topic in other.topics
    ]
    assert one.topics[-1].key == "other"
    assert [(route.key, route.subjects, route.topics, route.involved, route.procedure) for route in one.routes] == [
        (route.key, route.subjects, route.topics, route.involved, route.procedure) for route in other.routes
    ]


@pytest.mark.parametrize(
    ("categories", "procedure"),
    [
        (("pupil", "employee"), "staff"),
        (("public", "contractor"), "end_of_appointment"),
        (("employee", "governor"), "governor"),
        (("governor", "headteacher"), "staff"),
        (("public", "pupil"), "behaviour"),
        (("volunteer", "employee"), "end_of_appointment"),
    ],
)
@pytest.mark.parametrize("pack", PACKS)
def test_of_several_subjects_none_comes_past_the_lado_because_another_is_named_first(
    pack: str, categories: tuple[str, ...], procedure: str
) -> None:
    subjects = [a_subject(f"s{n}", category) for n, category in enumerate(categories)]
    both: list[Matter] = [a_matter(*subjects), a_matter(*reversed(subjects))]
    found = [route_of(process_of(pack, "allegation"), matter) for matter in both]
    assert procedure in {route.procedure for route in found if route}
    lado = {"staff", "central_staff", "governor", "end_of_appointment"}
    adults = set(categories) - {"pupil", "public"}
    assert all((route.procedure in lado) == bool(adults) for route in found if route)
