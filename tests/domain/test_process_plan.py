"""Procedures in plain language: whatever a pack lays down is told, in the picture and in the table alike."""

from pathlib import Path
from typing import Final

import pytest

import packs
from domain.pack import Pack, Process
from domain.picture import draw
from domain.process_plan import PlannedStep, ProcessPlan, plan_of, plan_stages

FOLDERS: Final = sorted(file.parent for file in (Path(__file__).parents[2] / "packs").glob("*/pack.toml"))
PACKS: Final = {folder.name: packs.load(folder) for folder in FOLDERS}
EVERY: Final = [
    pytest.param(pack, process, id=f"{name}-{process.key}")
    for name, pack in PACKS.items()
    for process in pack.processes
]


def plan(pack: str, process: str) -> ProcessPlan:
    found = PACKS[pack].process(process)
    assert found is not None
    return plan_of(PACKS[pack], found)


def steps_of(told: ProcessPlan) -> dict[str, PlannedStep]:
    return {step.title: step for road in told.roads for step in road.steps}


@pytest.mark.meets("DISC-29")
@pytest.mark.parametrize(("pack", "process"), EVERY)
def test_whatever_somebody_can_be_asked_for_is_a_step_with_its_clause_and_its_days(
    pack: Pack, process: Process
) -> None:
    told = steps_of(plan_of(pack, process))
    where = {clause.id: clause.where for clause in pack.clauses}
    reviews = [process.reviews] if process.reviews is not None else []
    for clocks in (*process.steps, *process.tasks, *process.rounds, *reviews):
        step = told[clocks.title]
        assert step.clause == where[clocks.clause]
        assert not clocks.answer_within or f"Within {clocks.answer_within} working day" in step.long
        assert all(str(day) in step.silence for day in (*clocks.remind_on, *filter(None, [clocks.escalate_on])))
        assert ("lapses" in step.silence) is (clocks.lapse_on is not None)


@pytest.mark.meets("DISC-29")
@pytest.mark.parametrize(("pack", "process"), EVERY)
def test_a_picture_says_the_same_as_the_table_beside_it_step_by_step(pack: Pack, process: Process) -> None:
    for road in plan_of(pack, process).roads:
        picture = draw(plan_stages(road), "x")
        told = picture.description
        last = 0
        for number, step in enumerate(road.steps, 1):
            said = (
                f"{number}. {step.title}: {step.only}{'. ' if step.only else ''}{step.who}. {step.long}. {step.clause}."
            )
            assert last <= told.find(said) != -1
            last = told.find(said)
        assert told.endswith(f"End: {road.end}.")
        assert [node.mark == "step" for node in picture.nodes[:-1]] == [step.always for step in road.steps]


@pytest.mark.parametrize(("pack", "process"), EVERY)
def test_what_is_told_is_in_words_and_in_no_keys_of_the_pack(pack: Pack, process: Process) -> None:
    told = plan_of(pack, process).model_dump(exclude={"key", "story"})

    def texts(value: object) -> list[str]:
        if isinstance(value, dict):
            return [text for one in value.values() for text in texts(one)]
        return [text for one in value for text in texts(one)] if isinstance(value, tuple) else [str(value)]

    assert [text for text in texts(told) if "_" in text or "None" in text or "  " in text] == []


@pytest.mark.parametrize(("pack", "process"), EVERY)
def test_every_order_rule_is_told_under_its_clause_and_no_two_alike(pack: Pack, process: Process) -> None:
    told = plan_of(pack, process).rules
    where = {clause.id: clause.where for clause in pack.clauses}
    assert [rule.clause for rule in told] == [where[rule.clause] for rule in process.rules]
    assert len({rule.words for rule in told}) == len(process.rules)


@pytest.mark.parametrize(("pack", "process"), EVERY)
def test_every_road_of_a_route_is_told_and_every_route_names_who_is_asked(pack: Pack, process: Process) -> None:
    told = plan_of(pack, process)
    assert len(told.routes) == len(process.routes)
    seats = {seat.key: seat.title for seat in pack.seats}
    for route, laid_down in zip(told.routes, process.routes, strict=True):
        assert all(seats[seat] in route.asked for ladder in laid_down.ladders.values() for seat in ladder)
    assert told.roads


def test_the_site_process_of_cadmus_is_told_in_its_order_with_its_seats() -> None:
    told = plan("cadmus", "site_creation")
    [road] = told.roads
    assert [(step.title, step.who, step.always) for step in road.steps] == [
        ("Line manager", "Line manager", True),
        ("Communications manager", "Communications manager", True),
        ("Headteacher", "Headteacher", True),
        ("Changes by the author", "Its author", False),
    ]
    assert road.steps[0].silence == (
        "Reminded on working days 3 and 5. The first of these who is there, Deputy headteacher, Headteacher or Chair "
        "of governors, is asked as well on working day 7."
    )
    assert told.rules[0].words == (
        "First the approval “Line manager”; only then the approval “Headteacher”, for the same version of the form."
    )
    assert "Once it is approved, this begins: “Look after a social media site”." in told.follows


@pytest.mark.meets("DISC-29")
def test_a_disciplinary_procedure_has_its_levels_and_what_each_road_can_come_to() -> None:
    roads = {road.title: road.can_come for road in plan("cadmus", "disciplinary").roads}
    assert roads == {
        "staff of the school and staff whom the trust employs centrally": (
            "How grave it is: minor, serious, very serious or gross misconduct. What can come of it: no "
            "action, a first written warning, a final written warning, dismissal with notice or dismissal without "
            "notice."
        ),
        "governors and trustees": "What can come of it: no action or a resolution of the governing body.",
        "supply staff, contractors and volunteers": "What can come of it: no action or the appointment ends.",
        "pupils": "",
        "members of the public": "",
    }


def test_nothing_before_the_advice_is_told_as_the_rule_that_it_is() -> None:
    rules = [rule.words for rule in plan("cadmus", "allegation").rules]
    assert (
        "First the LADO's advice; only then an internal investigation, an interview, that the person was told, a "
        "decision about suspension or a disciplinary case, about each allegation."
    ) in rules
    assert (
        "Only where the LADO's advice permits it (tell the person what is alleged): that the person was told." in rules
    )


@pytest.mark.parametrize("pack", ["cadmus", "mtoat", "newall-green"])
def test_it_is_told_who_hears_of_a_site_that_somebody_finds_wanting(pack: str) -> None:
    said = "A look at the site, where it is not maintained, or not as it was agreed: told by mail to Headteacher."
    assert said in plan(pack, "site_life").follows


@pytest.mark.parametrize("pack", PACKS)
def test_it_is_told_how_often_an_overdue_review_is_told_of(pack: str) -> None:
    [said] = [one for one in plan(pack, "review").begins if one.startswith("Once the date has passed")]
    assert said.endswith(", and again each term for as long as it is overdue.")
