"""What the confidential processes of a pack cite, counts: take the cited part away, and somebody sees a difference.

For a topic, that a report can no longer be about it; for a route, that a matter takes another; for a task, that nobody
is asked for it any more; for a rule, an entry that it refuses and that then passes; for a process, that a report can no
longer open it.
"""

from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest

from domain.allegations import Category, Clearance, Matter
from domain.cases import Act, Opening
from domain.entries import AllegationRecorded, CaseCleared, CaseRouted
from domain.events import AnyEvent, AskOpened
from domain.matters import route_of
from domain.order import forbidding_rule
from domain.pack import Pack, Process, Reviews, Route, Task
from domain.report_questions import processes_of, topics_of
from tests.coverage_page import Cited, cited_by_packs
from tests.packs.confidential import (
    ALL,
    Kind,
    a_matter,
    a_subject,
    an_allegation,
    an_entry,
    an_opening,
    events,
    played,
    record,
)
from tests.packs.test_citations import CONFIDENTIAL
from tests.packs.trying import facts_of, files_of, whole_pack, without
from workflows.explorer import Played

CITED: Final = tuple(cited for cited in cited_by_packs() if cited.file in CONFIDENTIAL)


def kind_of(cited: Cited) -> str:
    """Return which list of the file `cited` is in; a whole file is `file`."""
    return next((step for step in cited.way if isinstance(step, str)), "file")


def of_kind(kind: str) -> list[Any]:
    """Return the cited places of that kind as parameters."""
    return [
        pytest.param(one, id=f"{one.pack} {Path(one.file).stem} {one.name}") for one in CITED if kind_of(one) == kind
    ]


def story_of(cited: Cited) -> Kind:
    """Return the story of the process that cites."""
    return "allegation" if cited.file == "processes/allegation.toml" else "disciplinary"


def key_of(cited: Cited) -> str:
    """Return the key of what cites."""
    text: Any = files_of(cited.pack)[cited.file]
    for step in cited.way:
        text = text[step]
    return str(text["key"])


def process_in(pack: Pack, story: Kind) -> Process:
    """Return that process of `pack`."""
    process = pack.process(story)
    assert process is not None
    return process


def with_and_without(cited: Cited) -> tuple[Process, Process]:
    """Return the process as it is, and without what is cited."""
    lessened = without(cited.pack, cited.file, cited.way)
    return process_in(whole_pack(cited.pack), story_of(cited)), process_in(lessened, story_of(cited))


def test_every_cited_place_has_a_witness_here() -> None:
    assert {kind_of(cited) for cited in CITED} == {"file", "topics", "routes", "tasks", "rules"}


@pytest.mark.parametrize("cited", of_kind("file"))
def test_a_report_opens_a_cited_process_only_while_it_is_there(cited: Cited) -> None:
    assert story_of(cited) in processes_of(whole_pack(cited.pack))
    assert story_of(cited) not in processes_of(without(cited.pack, cited.file, ()))


@pytest.mark.parametrize("cited", of_kind("topics"))
def test_a_report_can_be_about_a_cited_topic_only_while_it_is_there(cited: Cited) -> None:
    def offered(pack: Pack) -> set[str]:
        return {topic.key for topic in topics_of(pack).values()}

    whole = whole_pack(cited.pack)
    left = tuple(
        process.model_copy(update={"topics": tuple(one for one in process.topics if one.key != key_of(cited))})
        for process in whole.processes
    )
    assert key_of(cited) in offered(whole)
    # A report can always be about something else.
    assert key_of(cited) not in offered(whole.model_copy(update={"processes": left})) or key_of(cited) == "other"


def matters_for(route: Route) -> list[Matter]:
    """Return matters that `route` could be meant for."""
    return [
        a_matter(
            a_subject(category=category.value),
            allegations=(an_allegation(topic=topic),),
            involved=route.involved,
        )
        for category in route.subjects or Category
        for topic in route.topics or ("other",)
    ]


@pytest.mark.parametrize("cited", of_kind("routes"))
def test_a_matter_takes_another_road_where_a_cited_one_is_not_there(cited: Cited) -> None:
    whole, lessened = with_and_without(cited)
    route = next(one for one in whole.routes if one.key == key_of(cited))
    taken = [matter for matter in matters_for(route) if route_of(whole, matter) == route]
    assert taken
    for matter in taken:
        other = route_of(lessened, matter)
        assert other is None or seen(other) != seen(route)


def seen(route: Route) -> tuple[Any, ...]:
    """Return what somebody sees of a route: who sees to it, who is told, which road it is, and under which clause."""
    return (route.ladders, route.told, route.procedure, route.clause)


# Tasks.

VARIED: Final[tuple[dict[str, Any], ...]] = ({}, {"images": "yes"}, {"danger": "yes"})
SANCTIONS: Final = ("dismissal", "governing_body_resolution", "end_of_appointment")


def ways(opening: Opening, so_far: Played) -> list[Act]:
    """Return in which ways whoever is asked can do what they are asked for."""
    for ask in so_far.standing.asks:
        clocks = opening.process.clocks(ask.step)
        assert isinstance(clocks, Task | Reviews)
        if clocks.seat != ask.seat:
            continue
        kind = clocks.done_by.event[0]
        says: dict[str, Any] = {name: values[0] for name, values in clocks.done_by.where.items()}
        if kind == "lado_advice_recorded":
            says["permits"] = ALL
        elif kind == "investigator_appointed":
            # Somebody who holds no seat, so that nobody else is barred.
            people = facts_of(opening.organisation).directory.people
            says["person"] = next(one.id for one in people if not one.holdings and one.is_active(ask.opened_at.date()))
        who = so_far.asked[ask.ask][0].person
        sanctions = SANCTIONS if kind == "decision_made" else (None,)
        return [record(who, kind, "a1", **says, **({"sanction": one} if one else {})) for one in sanctions]
    return []


def tasks_asked(pack: Pack, story: Kind, matter: Matter) -> set[str]:
    """Return every task that is asked for in a matter, where everybody does what they are asked for."""
    opening = an_opening(pack, story, matter)
    moves: tuple[Act, ...] = ()
    so_far = played(opening)
    while found := ways(opening, so_far):
        after = ((act, played(opening, *moves, act)) for act in found)
        taken = next(((act, then) for act, then in after if then.replies[-1].says == "done"), None)
        # Without the task that comes before it, it is refused.
        if taken is None:
            break
        moves, so_far = (*moves, taken[0]), taken[1]
    return {event.step for event in events(so_far) if isinstance(event, AskOpened)}


@cache
def first_asked(pack: str, story: Kind) -> dict[str, Matter]:
    """Return for every task of `pack` the first matter in which it is asked for, whoever that is about."""
    whole = whole_pack(pack)
    missing = {task.key for task in process_in(whole, story).tasks}
    asked: dict[str, Matter] = {}
    for varied in VARIED if story == "allegation" else VARIED[:1]:
        for category in Category:
            if missing:
                matter = a_matter(a_subject(category=category.value), **varied)
                asked |= dict.fromkeys(missing & tasks_asked(whole, story, matter), matter)
                missing -= asked.keys()
    return asked


@pytest.mark.parametrize("cited", of_kind("tasks"))
def test_somebody_is_asked_for_a_cited_task_only_while_it_is_there(cited: Cited) -> None:
    matter = first_asked(cited.pack, story_of(cited)).get(key_of(cited))
    assert matter is not None
    lessened = without(cited.pack, cited.file, cited.way)
    assert key_of(cited) not in tasks_asked(lessened, story_of(cited), matter)


# Rules.


def entry(kind: str, **more: Any) -> AnyEvent:
    """Return an entry about what is alleged."""
    return an_entry(kind, "a1", **more)


def routed(procedure: Any) -> AnyEvent:
    """Return that a case took that road."""
    return CaseRouted(route="x", ladder=(), told=(), procedure=procedure, recused=())


CLEARED: Final = CaseCleared(clearance=Clearance(case="x", n=1, hash=""))
WITH_IMAGES: Final = AllegationRecorded(
    subjects=(a_subject(),), reported=(an_allegation(),), danger="no", images="yes", at_risk="yes"
)
REFUSED: Final[dict[tuple[Kind, str], tuple[tuple[AnyEvent, ...], AnyEvent]]] = {
    ("allegation", "referral-before-advice"): ((), entry("lado_advice_recorded")),
    ("allegation", "advice-before-anything-internal"): ((entry("lado_referral_made"),), entry("suspension_decided")),
    ("allegation", "the-police-come-first"): (
        (entry("lado_referral_made"), entry("lado_advice_recorded"), entry("police_hold_placed")),
        entry("suspension_decided"),
    ),
    ("allegation", "the-police-before-the-evidence"): ((WITH_IMAGES,), entry("evidence_recorded")),
    ("disciplinary", "cleared-first"): ((), entry("procedure_chosen")),
    ("disciplinary", "the-police-come-first"): ((CLEARED, entry("police_hold_placed")), entry("procedure_chosen")),
    ("disciplinary", "report-before-case-to-answer"): ((CLEARED,), entry("case_to_answer_decided")),
    ("disciplinary", "the-staff-road-is-for-staff"): ((routed("governor"), CLEARED), entry("procedure_chosen")),
    ("disciplinary", "staff-sanctions-are-for-staff"): (
        (routed("end_of_appointment"), CLEARED, entry("notice_given"), entry("hearing_held")),
        entry("decision_made"),
    ),
    ("disciplinary", "nobody-decides-on-pupils-or-the-public"): ((routed("behaviour"), CLEARED), entry("notice_given")),
}
"""For each rule that is cited, what happened, and what it then refuses while nothing else does."""


@pytest.mark.parametrize("cited", of_kind("rules"))
def test_a_cited_rule_refuses_what_passes_without_it(cited: Cited) -> None:
    whole, lessened = with_and_without(cited)
    past, refused = REFUSED[story_of(cited), key_of(cited)]
    found = forbidding_rule(whole.rules, past, refused)
    assert found is not None
    assert found.key == key_of(cited)
    assert forbidding_rule(lessened.rules, past, refused) is None
