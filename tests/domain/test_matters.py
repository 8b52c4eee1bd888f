"""A matter as it stands: what decides its road, what is to be done next, and what of it goes along."""

from typing import Any, Final

import pytest

from domain.allegations import Allegation, Category, Matter, Procedure, Reporter, Subject
from domain.entries import (
    AllegationAdded,
    CaseRouted,
    LadoAdviceRecorded,
    LadoReferralMade,
    OutcomeRecorded,
    PoliceHoldPlaced,
    PoliceHoldReleased,
    SubjectCorrected,
    SubjectTold,
)
from domain.events import AnyEvent
from domain.matters import as_it_stands, is_done, is_on_hold, narrowed, next_task, route_of, stand_ins_under
from domain.pack import EventMatch, NotBetween, Process, Route, Task, Topic
from domain.people import Directory
from tests.stories import a_person


def a_matter(*categories: str, topics: tuple[str, ...] = ("conduct",), **more: Any) -> Matter:
    subjects = tuple(
        Subject(key=f"s{n}", name="x", category=Category(one)) for n, one in enumerate(categories or ("employee",), 1)
    )
    allegations = tuple(
        Allegation(key=f"a{n}", subject=subjects[(n - 1) % len(subjects)].key, topic=topic, what="x")
        for n, topic in enumerate(topics * len(subjects), 1)
    )
    return Matter(subjects=subjects, allegations=allegations, reporter=Reporter(mode="anonymous"), **more)


def a_route(key: str, procedure: Procedure = "staff", **more: Any) -> Route:
    return Route.model_validate(
        {"key": key, "ladders": {"case_manager": ("head",)}, "procedure": procedure, "clause": "1", **more}
    )


def a_task(key: str, kind: str, **more: Any) -> Task:
    done_by = {"event": kind}
    return Task.model_validate(
        {"key": key, "title": key, "seat": "case_manager", "done_by": done_by, "clause": "1", **more}
    )


def a_process(**more: Any) -> Process:
    return Process.model_validate(
        {
            "key": "allegation",
            "story": "allegation",
            "title": "x",
            "summary": "x",
            "clause": "1",
            "topics": (Topic(key="conduct", label="x", clause="1"), Topic(key="contact", label="x", clause="1")),
            **more,
        }
    )


@pytest.mark.parametrize(
    ("categories", "decides"),
    [
        (("employee",), "employee"),
        (("employee", "headteacher"), "headteacher"),
        (("governor", "headteacher"), "headteacher"),
        (("employee", "governor"), "governor"),
        (("pupil", "employee"), "employee"),
        (("public", "volunteer"), "volunteer"),
        (("public", "pupil"), "pupil"),
        (("contractor", "employee"), "contractor"),
        (("employee", "contractor"), "employee"),
    ],
)
def test_of_several_subjects_the_one_decides_with_whom_the_fewest_may_learn_of_it(
    categories: tuple[str, ...], decides: str
) -> None:
    assert a_matter(*categories).category() == decides


ROUTES: Final = (
    a_route("head", subjects=("headteacher",)),
    a_route("head-involved", involved=("headteacher",)),
    a_route("pupil-contact", "behaviour", subjects=("pupil",), topics=("contact",)),
    a_route("pupil", "behaviour", subjects=("pupil",)),
    a_route("rest"),
)


@pytest.mark.parametrize(
    ("matter", "key"),
    [
        (a_matter("headteacher"), "head"),
        (a_matter("employee", involved=("headteacher",)), "head-involved"),
        (a_matter("pupil", involved=("headteacher", "dsl")), "head-involved"),
        (a_matter("employee", involved=("dsl",)), "rest"),
        (a_matter("pupil", topics=("conduct", "contact")), "pupil-contact"),
        (a_matter("pupil"), "pupil"),
        (a_matter("employee", topics=("contact",)), "rest"),
    ],
)
def test_the_first_route_is_taken_that_fits_subject_topic_and_who_is_involved(matter: Matter, key: str) -> None:
    route = route_of(a_process(routes=ROUTES), matter)
    assert route is not None
    assert route.key == key
    assert route_of(a_process(routes=ROUTES[:1]), a_matter()) is None


REFER: Final = a_task("refer", "lado_referral_made", each_allegation=True, procedures=("staff",))
TELL: Final = a_task(
    "tell",
    "subject_told",
    when={"event": "lado_advice_recorded", "where": {"permits": "tell_subject"}},
    unless={"event": "outcome_recorded"},
)


def referred(*keys: str) -> AnyEvent:
    return LadoReferralMade(allegations=keys, method="phone", spoke_to="x")


def advised(*permits: Any) -> AnyEvent:
    return LadoAdviceRecorded(allegations=("a1",), giver="x", method="phone", advice="police", permits=permits)


ENDED: Final = OutcomeRecorded(allegations=("a1",), outcome="false", reasons="x")
TOLD: Final = SubjectTold(allegations=("a1",), subject="s1", told="x")


@pytest.mark.parametrize(
    ("past", "procedure", "task"),
    [
        ([], "staff", "refer"),
        ([referred("a1")], "staff", "refer"),
        ([referred("a1"), referred("a2")], "staff", None),
        ([referred("a1", "a2"), advised()], "staff", None),
        ([referred("a1", "a2"), advised("tell_subject")], "staff", "tell"),
        ([referred("a1", "a2"), advised("tell_subject"), TOLD], "staff", None),
        ([referred("a1", "a2"), advised("tell_subject"), ENDED], "staff", None),
        ([], "public", None),
        ([advised("tell_subject")], "public", "tell"),
    ],
)
def test_the_next_task_is_the_first_of_the_road_that_applies_and_is_not_done(
    past: list[AnyEvent], procedure: Procedure, task: str | None
) -> None:
    process = a_process(tasks=(REFER, TELL), routes=ROUTES)
    found = next_task(process, a_route("x", procedure), past, ["a1", "a2"])
    assert (found.key if found else None) == task


def test_a_task_of_each_allegation_is_done_anew_for_one_that_is_added() -> None:
    assert is_done(REFER, [referred("a1")], ["a1"])
    assert not is_done(REFER, [referred("a1")], ["a1", "a2"])


def test_what_was_corrected_and_added_is_how_it_stands_and_what_was_reported_stays() -> None:
    matter = a_matter()
    corrected = SubjectCorrected(subject=Subject(key="s1", name="y", category=Category.GOVERNOR, person="p"))
    added = AllegationAdded(allegation=Allegation(key="a2", subject="s1", topic="contact", what="y"))
    now = as_it_stands(matter, [corrected, added])
    assert [one.category for one in now.subjects] == [Category.GOVERNOR]
    assert [one.key for one in now.allegations] == ["a1", "a2"]
    assert [one.key for one in matter.allegations] == ["a1"]
    assert as_it_stands(matter, []) is matter


@pytest.mark.parametrize(
    ("subject", "keys", "left"),
    [
        ("s1", {"a1"}, ["a1"]),
        ("s1", {"a1", "a2", "a3"}, ["a1", "a3"]),
        ("s2", {"a1", "a3"}, []),
        ("s2", {"a4"}, ["a4"]),
    ],
)
def test_only_what_is_named_and_is_of_that_subject_goes_along(subject: str, keys: set[str], left: list[str]) -> None:
    matter = a_matter("employee", "volunteer", topics=("conduct", "contact"))
    small = narrowed(matter, subject, keys)
    assert [one.key for one in small.subjects] == [subject]
    assert [one.key for one in small.allegations] == left


HOLD: Final = NotBetween(
    rule="not_between",
    key="hold",
    opens=EventMatch(event=("police_hold_placed",)),
    closes=EventMatch(event=("police_hold_released",)),
    then=EventMatch(event=("investigation_started",)),
    stops_clocks=True,
    clause="1",
)
ROAD: Final = NotBetween(
    rule="not_between",
    key="road",
    opens=EventMatch(event=("case_routed",)),
    closes=EventMatch(event=("case_ended",)),
    then=EventMatch(event=("subject_told",)),
    clause="1",
)


@pytest.mark.parametrize(
    ("past", "held"),
    [
        ([], False),
        ([PoliceHoldPlaced(who="x")], True),
        ([PoliceHoldPlaced(who="x"), PoliceHoldReleased(who="x")], False),
        # What is never done on a road holds nothing up.
        ([CaseRouted(route="x", ladder=(), told=(), procedure="public", recused=())], False),
    ],
)
def test_only_what_stops_clocks_holds_a_case(past: list[AnyEvent], held: bool) -> None:
    assert is_on_hold(a_process(rules=(HOLD, ROAD)), past) == held


def test_a_deputy_who_works_under_somebody_however_far_stands_in_for_nobody_past_them() -> None:
    people = Directory(
        people=(
            a_person("head"),
            a_person("chair", deputy="clerk"),
            a_person("clerk", line_manager="office"),
            a_person("office", line_manager="head"),
            a_person("teacher", line_manager="head"),
            a_person("round", line_manager="about", deputy="about"),
            a_person("about", line_manager="round"),
            a_person("other", deputy="outsider"),
            a_person("outsider"),
        )
    )
    assert stand_ins_under({"head"}, people) == {"clerk"}
    assert stand_ins_under({"office"}, people) == {"clerk"}
    assert stand_ins_under({"teacher"}, people) == frozenset()
    assert stand_ins_under({"round"}, people) == {"about"}
