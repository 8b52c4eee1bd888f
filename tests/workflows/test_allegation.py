"""An allegation from its report to its end: in time, in order, by nobody who may not learn of it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest
from temporalio.client import Client, WorkflowUpdateFailedError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

import worker
from activities.mail import Smtp
from domain.calendar import Period
from domain.cases import Act, Opening
from domain.entries import AllegationRecorded, OutcomeRecorded
from domain.events import AnyEvent, AskOpened, Escalated, Extended, Reminded
from domain.names import ACT
from domain.pack import Pack
from domain.refs import case_id, reference
from store import confidential, packs, people
from tests.house import BASE_URL, SENDER, Begun, House, house
from tests.packs.confidential import (
    ALL,
    a_matter,
    a_subject,
    an_allegation,
    an_opening,
    asked_seats,
    events,
    played,
    record,
    says,
    task_of,
    whom,
)
from tests.packs.trying import BEGINS, PACKS, facts_of, whole_pack
from workflows.explorer import Move, Played, TimePasses

LONDON: Final = ZoneInfo("Europe/London")
CADMUS: Final = whole_pack("cadmus")
NUMBERS: Final = count(1)


def an_hour(text: str) -> datetime:
    """Return the moment that a clock in England shows as `text`."""
    return datetime.fromisoformat(text).replace(tzinfo=LONDON).astimezone(UTC)


def shown(at: datetime) -> str:
    """Return what a clock in England shows."""
    return at.astimezone(LONDON).strftime("%a %d %b %Y %H:%M:%S")


def head_of(opening: Opening) -> str:
    """Return who sees to a case that has just begun."""
    return whom(played(opening))[0]


def referred(head: str, *keys: str, permits: tuple[str, ...] = ALL) -> tuple[Act, Act]:
    """Return that `head` refers those allegations and records an advice that `permits` so much."""
    about = keys or ("a1",)
    return record(head, "lado_referral_made", *about), record(head, "lado_advice_recorded", *about, permits=permits)


def tasks_asked(so_far: Played) -> list[str]:
    """Return every task that was asked for, in order."""
    return [event.step for event in events(so_far) if isinstance(event, AskOpened)]


def by_itself(so_far: Played, *kinds: str) -> list[tuple[str, str]]:
    """Return what of `kinds` happened, and when."""
    return [(said.event.kind, shown(said.at)) for said in so_far.events if said.event.kind in kinds]


# From the report to the end.


@pytest.mark.meets("ALLEG-02", "ALLEG-03", "ALLEG-10")
def test_an_allegation_is_referred_advised_done_as_permitted_and_closed() -> None:
    opening = an_opening(CADMUS)
    head = head_of(opening)
    so_far = played(
        opening,
        *referred(head),
        record(head, "subject_told", "a1"),
        record(head, "support_offered", "a1"),
        record(head, "investigation_started", "a1"),
        record(head, "interview_held", "a1"),
        record(head, "outcome_recorded", "a1"),
        record(head, "dbs_considered", "a1"),
        record(head, "tra_considered", "a1"),
        record(head, "police_contacted"),
    )
    assert says(so_far) == ["done"] * 9 + ["closed"]
    assert tasks_asked(so_far) == ["refer", "advice", "tell", "support", "outcome", "dbs", "tra"]
    assert so_far.standing.outcome == "closed"
    assert so_far.standing.asks == ()
    assert so_far.standing.next_at is None
    recorded = next(event for event in events(so_far) if isinstance(event, AllegationRecorded))
    assert (opening.process.clause, recorded.reported) == ("10.1", opening.matter.allegations if opening.matter else ())


@pytest.mark.parametrize("outcome", ["malicious", "false", "unsubstantiated", "unfounded"])
def test_what_was_not_substantiated_is_referred_to_nobody(outcome: str) -> None:
    opening = an_opening(CADMUS)
    head = head_of(opening)
    so_far = played(opening, *referred(head, permits=()), record(head, "outcome_recorded", "a1", outcome=outcome))
    assert so_far.standing.outcome == "closed"
    assert tasks_asked(so_far) == ["refer", "advice", "outcome"]


@pytest.mark.meets("ALLEG-10")
def test_each_allegation_ends_in_exactly_one_way() -> None:
    matter = a_matter(a_subject(), allegations=(an_allegation("a1"), an_allegation("a2", topic="cyber_bullying")))
    opening = an_opening(CADMUS, matter=matter)
    head = head_of(opening)
    so_far = played(
        opening,
        *referred(head, "a1", "a2", permits=()),
        record(head, "outcome_recorded", "a1", outcome="false"),
        record(head, "outcome_recorded", "a1", "a2", outcome="unfounded"),
        record(head, "outcome_recorded", "a2", outcome="unfounded"),
    )
    assert says(so_far)[2:] == ["done", "already_decided", "done"]
    ended = [(event.allegations, event.outcome) for event in events(so_far) if isinstance(event, OutcomeRecorded)]
    assert ended == [(("a1",), "false"), (("a2",), "unfounded")]


def test_two_subjects_are_one_case_in_which_each_is_told_and_disciplined_alone() -> None:
    matter = a_matter(a_subject("s1", person="p3"), a_subject("s2", person="p4"))
    opening = an_opening(CADMUS, matter=matter)
    head = head_of(opening)
    one, other = (record(head, "lado_referral_made", key) for key in ("a1", "a2"))
    so_far = played(opening, one)
    assert task_of(so_far) == "refer"
    moves = (
        one,
        other,
        record(head, "lado_advice_recorded", "a1", "a2", permits=ALL),
        record(head, "subject_told", "a1", subject="s2"),
        record(head, "subject_told", "a1", "a2", subject="s1"),
        record(head, "disciplinary_opened", "a1", subject="s1"),
    )
    so_far = played(opening, *moves)
    assert says(so_far)[3:] == ["incomplete", "incomplete", "done"]
    (opened,) = so_far.opened
    assert [subject.key for subject in opened.matter.subjects] == ["s1"]
    assert [allegation.key for allegation in opened.matter.allegations] == ["a1"]
    # Neither subject learns of the case of the other.
    assert set(opened.matter.recused) == {"p3", "p4"}


@pytest.mark.meets("ALLEG-04")
def test_a_disciplinary_case_takes_along_only_what_the_advice_is_about() -> None:
    matter = a_matter(a_subject(), allegations=(an_allegation("a1"), an_allegation("a2")))
    opening = an_opening(CADMUS, matter=matter)
    head = head_of(opening)
    so_far = played(
        opening,
        *referred(head, "a1"),
        record(head, "people_recused", people=("p5",)),
        record(head, "disciplinary_opened", "a1", "a2"),
        record(head, "disciplinary_opened", "a1"),
    )
    assert says(so_far)[3:] == ["refused", "done"]
    (opened,) = so_far.opened
    assert [one.key for one in opened.matter.allegations] == ["a1"]
    assert so_far.events[(opened.cleared_by or 0) - 1].event.kind == "lado_advice_recorded"
    assert opened.matter.recused == ("p5",)
    assert so_far.standing.outcome is None


def test_that_a_subject_resigns_ends_nothing() -> None:
    opening = an_opening(CADMUS)
    head = head_of(opening)
    before = played(opening)
    so_far = played(opening, record(head, "subject_resigned"))
    assert says(so_far) == ["done"]
    assert (task_of(so_far), so_far.standing.outcome) == (task_of(before), None)
    moves = [Act.model_validate({"kind": kind, "person": head, "how": "session"}) for kind in ("withdraw", "cancel")]
    assert says(played(opening, *moves)) == ["not_offered", "not_offered"]


# Before all else.


@pytest.mark.meets("ALLEG-12", "ALLEG-17", "ALLEG-06")
@pytest.mark.parametrize(
    ("more", "tasks"),
    [
        ({"images": "yes"}, ["police", "refer"]),
        ({"images": "unsure"}, ["police", "refer"]),
        ({"danger": "yes"}, ["danger", "refer"]),
        ({"danger": "unsure", "images": "unsure"}, ["police", "refer"]),
        ({}, ["refer"]),
    ],
)
@pytest.mark.parametrize("pack", PACKS)
def test_where_images_or_a_danger_may_be_involved_the_police_come_first_and_the_same_day(
    pack: str, more: dict[str, Any], tasks: list[str]
) -> None:
    opening = an_opening(whole_pack(pack), matter=a_matter(**more))
    head = head_of(opening)
    so_far = played(opening)
    assert tasks_asked(so_far) == tasks[:1]
    if len(tasks) > 1:
        assert shown(so_far.standing.asks[0].due) == "Mon 23 Nov 2026 23:59:59"
    # A referral that is made meanwhile counts, and nobody is asked for it again.
    done = played(opening, record(head, "lado_referral_made", "a1"), record(head, "police_contacted"))
    assert "refer" not in tasks_asked(done)[1:]
    assert tasks_asked(played(opening, record(head, "police_contacted")))[-1] == tasks[-1]


def test_an_allegation_of_a_pupil_waits_for_the_police_too_where_there_are_images() -> None:
    opening = an_opening(CADMUS, matter=a_matter(a_subject(category="pupil"), images="yes"))
    head = head_of(opening)
    so_far = played(opening, record(head, "police_contacted"), record(head, "response_given"))
    assert tasks_asked(so_far) == ["police", "behaviour"]
    assert so_far.standing.outcome == "closed"


# In time.


@pytest.mark.meets("ALLEG-03")
@pytest.mark.parametrize("pack", PACKS)
def test_what_is_reported_on_christmas_eve_is_referred_by_the_end_of_tuesday_the_29th(pack: str) -> None:
    begins = an_hour("2026-12-24 16:50")
    opening = an_opening(whole_pack(pack))
    so_far = played(opening, begins=begins)
    assert shown(so_far.standing.asks[0].due) == "Tue 29 Dec 2026 23:59:59"
    late = played(opening, TimePasses(until=an_hour("2026-12-30 08:00")), begins=begins)
    assert by_itself(late, "reminded", "escalated") == [
        ("reminded", "Tue 29 Dec 2026 07:00:00"),
        ("escalated", "Tue 29 Dec 2026 23:59:59"),
    ]
    assert set(asked_seats(late)) == {"headteacher", "chair_of_governors"}


def test_a_school_that_is_shut_over_christmas_has_no_longer_for_it() -> None:
    shut = Period(name="Christmas closure", first=date(2026, 12, 21), last=date(2027, 1, 4))
    opening = an_opening(CADMUS)
    closed = opening.model_copy(update={"calendar": opening.calendar.model_copy(update={"closures": (shut,)})})
    head = head_of(opening)
    begins = an_hour("2026-12-24 16:50")
    assert shown(played(closed, begins=begins).standing.asks[0].due) == "Tue 29 Dec 2026 23:59:59"
    # What keeps nobody from harm waits for the school to open.
    told = played(closed, *referred(head), begins=begins)
    assert (task_of(told), shown(told.standing.asks[0].due)) == ("tell", "Wed 06 Jan 2027 23:59:59")


def test_while_the_headteacher_is_away_over_christmas_the_deputy_is_asked_as_well() -> None:
    opening = an_opening(CADMUS, school="castlebridge")
    directory = facts_of("cadmus").directory
    so_far = played(opening, begins=an_hour("2026-12-24 16:50"))
    names = [directory.person(one) for one in whom(so_far)]
    assert [one.name for one in names if one] == ["Marcus Adeyemi", "Lena Hoffmann"]
    after = played(opening, begins=an_hour("2027-01-11 09:00"))
    assert [one.name for one in (directory.person(one) for one in whom(after)) if one] == ["Marcus Adeyemi"]


@pytest.mark.meets("INC-18")
@pytest.mark.parametrize("pack", PACKS)
def test_a_referral_that_is_overdue_comes_within_the_moment_to_somebody_else_who_may_learn_of_it(pack: str) -> None:
    directory = facts_of(pack).directory
    school = whole_pack(pack).organisation.schools[0].key
    (chair,) = directory.holders(school, "chair_of_governors")
    opening = an_opening(whole_pack(pack), matter=a_matter(recused=(chair.id,)))
    (ask,) = played(opening).standing.asks
    before = played(opening, TimePasses(until=ask.due - timedelta(seconds=1)))
    assert asked_seats(before) == ["headteacher"]
    after = played(opening, TimePasses(until=ask.due))
    assert set(asked_seats(after)) == {"headteacher", "vice_chair_of_governors"}
    (escalated,) = [event for event in events(after) if isinstance(event, Escalated)]
    assert chair.id not in {one.person for one in escalated.asked or ()}
    (other,) = [one for one in whom(after) if one not in whom(before)]
    assert says(played(opening, TimePasses(until=ask.due), record(other, "lado_referral_made", "a1"))) == ["done"]


def test_an_overdue_case_that_is_routed_anew_stays_with_the_next_in_line_of_the_new_road() -> None:
    opening = an_opening(CADMUS)
    head = head_of(opening)
    (ask,) = played(opening).standing.asks
    so_far = played(opening, TimePasses(until=ask.due), record(head, "subject_corrected"))
    assert asked_seats(so_far) == ["chair_of_governors", "vice_chair_of_governors"]


@pytest.mark.meets("DISC-17")
def test_a_long_case_is_reviewed_four_weeks_after_the_advice_and_then_every_two() -> None:
    opening = an_opening(CADMUS)
    head = head_of(opening)
    begun = (*referred(head, permits=()), TimePasses(until=an_hour("2026-12-21 06:59")))
    assert "review" not in tasks_asked(played(opening, *begun))
    moves: tuple[Move, ...] = (*begun, TimePasses(until=an_hour("2026-12-21 07:00")))
    assert tasks_asked(played(opening, *moves))[-1] == "review"
    moves = (*moves, TimePasses(until=an_hour("2027-01-01 00:00")))
    assert by_itself(played(opening, *moves), "escalated") == [("escalated", "Wed 23 Dec 2026 23:59:59")]
    reviewed = (*moves, record(head, "case_reviewed"), TimePasses(until=an_hour("2027-01-15 07:00")))
    opened = [said.at for said in played(opening, *reviewed).events if isinstance(said.event, AskOpened)]
    assert shown(opened[-1]) == "Fri 15 Jan 2027 07:00:00"
    assert tasks_asked(played(opening, *reviewed)).count("review") == 2
    # The end of the case is the end of its reviews.
    ended = played(opening, *reviewed, record(head, "outcome_recorded", "a1", outcome="false"))
    assert ended.standing.asks == ()
    assert [event.kind for event in events(ended)][-2:] == ["ask_closed", "case_ended"]


# While the police hold it.


@pytest.mark.meets("ALLEG-18")
def test_while_the_police_hold_a_case_the_clocks_of_what_is_internal_stand_still() -> None:
    opening = an_opening(CADMUS)
    head = head_of(opening)
    until_tell = (*referred(head), record(head, "police_hold_placed"))
    held = played(opening, *until_tell, TimePasses(until=BEGINS + timedelta(days=30)))
    assert task_of(held) == "tell"
    assert not [said for said in held.events if isinstance(said.event, Reminded) and said.event.ask == "a3"]
    moves = (*until_tell, TimePasses(until=an_hour("2026-12-07 10:00")), record(head, "police_hold_released"))
    goes_on = played(opening, *moves)
    (given,) = [event for event in events(goes_on) if isinstance(event, Extended)]
    # Told on Monday 23 November to be done by the 25th; ten working days did not count.
    assert (given.days, shown(given.due)) == (10, "Wed 09 Dec 2026 23:59:59")
    reminded = played(opening, *moves, TimePasses(until=an_hour("2026-12-08 08:00")))
    assert by_itself(reminded, "reminded")[-1] == ("reminded", "Tue 08 Dec 2026 07:00:00")


@pytest.mark.meets("ALLEG-18")
def test_while_the_police_hold_a_case_it_is_referred_all_the_same_and_in_time() -> None:
    opening = an_opening(CADMUS)
    head = head_of(opening)
    held = played(opening, record(head, "police_hold_placed"), TimePasses(until=BEGINS + timedelta(days=9)))
    assert by_itself(held, "reminded", "escalated") == [
        ("reminded", "Tue 24 Nov 2026 07:00:00"),
        ("escalated", "Tue 24 Nov 2026 23:59:59"),
    ]


def test_a_hold_that_is_placed_or_released_twice_counts_once() -> None:
    opening = an_opening(CADMUS)
    head = head_of(opening)
    moves = (
        *referred(head),
        record(head, "police_hold_placed"),
        TimePasses(until=an_hour("2026-11-30 10:00")),
        record(head, "police_hold_placed"),
        TimePasses(until=an_hour("2026-12-07 10:00")),
        record(head, "police_hold_released"),
        TimePasses(until=an_hour("2026-12-08 10:00")),
        record(head, "police_hold_released"),
    )
    given = [event.days for event in events(played(opening, *moves)) if isinstance(event, Extended)]
    assert given == [10]


# Other roads.


@pytest.mark.meets("ALLEG-09", "DISC-06")
def test_the_agency_of_a_supply_teacher_is_told_after_the_lado() -> None:
    opening = an_opening(CADMUS, matter=a_matter(a_subject(category="supply")))
    head = head_of(opening)
    so_far = played(opening, *referred(head, permits=()), record(head, "body_contacted"))
    assert tasks_asked(so_far) == ["refer", "advice", "agency", "outcome"]
    ended = played(
        opening, *referred(head, permits=()), record(head, "body_contacted"), record(head, "outcome_recorded", "a1")
    )
    assert task_of(ended) == "dbs"
    assert "tra" not in tasks_asked(ended)


@pytest.mark.meets("DISC-08")
def test_of_a_governor_governor_support_is_asked_and_the_chair_sees_to_it() -> None:
    opening = an_opening(CADMUS, matter=a_matter(a_subject(category="governor")))
    chair = head_of(opening)
    moves = (*referred(chair, permits=()), record(chair, "advice_taken", source="hr"))
    assert task_of(played(opening, *moves)) == "governor-support"
    assert task_of(played(opening, *moves, record(chair, "advice_taken"))) == "outcome"


@pytest.mark.meets("DISC-03", "DISC-12", "DISC-15", "INC-05", "INC-27")
@pytest.mark.parametrize(("category", "task"), [("pupil", "behaviour"), ("public", "respond")])
@pytest.mark.parametrize("pack", PACKS)
def test_of_a_pupil_or_a_member_of_the_public_the_school_answers_and_the_lado_has_no_part(
    pack: str, category: str, task: str
) -> None:
    opening = an_opening(whole_pack(pack), matter=a_matter(a_subject(category=category)))
    head = head_of(opening)
    so_far = played(
        opening,
        record(head, "support_offered", to="victim"),
        record(head, "police_advised"),
        record(head, "police_contacted"),
        record(head, "response_given"),
    )
    assert tasks_asked(so_far)[-1] == task
    assert not {"refer", "advice", "outcome"} & {*tasks_asked(so_far)}
    assert so_far.standing.outcome == "closed"


@pytest.mark.meets("INC-12", "INC-13", "INC-14", "INC-16")
def test_at_mtoat_no_case_closes_before_it_says_how_the_victim_was_supported_and_whether_advised() -> None:
    opening = an_opening(whole_pack("mtoat"))
    head = head_of(opening)
    moves = (*referred(head, permits=()), record(head, "outcome_recorded", "a1", outcome="unfounded"))
    assert task_of(played(opening, *moves)) == "victim"
    supported = record(head, "support_offered", to="victim", taken="no")
    assert task_of(played(opening, *moves, supported)) == "police-advised"
    advised = record(head, "police_advised", advised="no")
    assert played(opening, *moves, supported, advised).standing.outcome == "closed"


def test_only_what_the_advice_permits_is_asked_for() -> None:
    opening = an_opening(CADMUS)
    head = head_of(opening)
    assert task_of(played(opening, *referred(head, permits=("investigate",)))) == "outcome"
    assert task_of(played(opening, *referred(head, permits=("tell_subject",)))) == "tell"


# The reporter.


@pytest.mark.meets("ALLEG-07")
def test_a_reporter_with_a_code_writes_and_says_who_was_reached_and_nothing_else() -> None:
    opening = an_opening(CADMUS)
    acts = [
        record("reporter", kind, "a1").model_copy(update={"how": "receipt"})
        for kind in ("message_written", "calls_made", "lado_advice_recorded", "people_recused", "police_contacted")
    ]
    so_far = played(opening, *acts)
    assert says(so_far) == ["done", "done", "not_asked", "not_asked", "not_asked"]
    assert [event.how for event in events(so_far) if event.kind == "message_written"] == ["receipt"]


def test_only_a_reporter_who_gave_a_name_has_one_on_record() -> None:
    named = a_matter(reporter={"mode": "confidential", "name": "Rita"})
    for matter, kinds in ((a_matter(), []), (named, ["reporter_named"])):
        so_far = played(an_opening(CADMUS, matter=matter))
        assert [event.kind for event in events(so_far) if event.kind == "reporter_named"] == kinds


# On Temporal.


@pytest.fixture
async def home(environment: WorkflowEnvironment, tmp_path: Path) -> AsyncIterator[House]:
    """Yield a house in which nothing has happened."""
    async with house(environment, tmp_path) as home:
        yield home


def of_its_own(opening: Opening) -> Opening:
    """Return `opening` with a case and a reference that no other has."""
    case = case_id(f"allegation {next(NUMBERS)}")
    return opening.model_copy(update={"case": case, "reference": reference(bytes.fromhex(case[2:]))})


async def begun(home: House, opening: Opening, pack: Pack = CADMUS) -> Begun:
    """Begin the case of `opening` among the demo's people."""
    async with home.db.write() as session:
        await people.save(session, facts_of(pack.key).directory.people)
        await home.keys.create(session, opening.case)
        digest = await packs.keep(session, pack)
    case = Begun(home, opening.model_copy(update={"pack_digest": digest}))
    await home.engine.begin(case.opening)
    await case.settled()
    return case


async def act(case: Begun, *acts: Act) -> list[str]:
    """Have the case take `acts`, one after the other, and return what it said."""
    return [(await case.house.engine.act(case.opening.case, one)).says for one in acts]


async def asked_in(case: Begun) -> set[str]:
    """Return whom the open asks of a case reach, by its record."""
    async with case.house.db.read() as session:
        found = await confidential.by_reference(session, case.house.keys, case.opening.reference)
    assert found is not None
    return {one.person for ask in found.asked.values() for one in ask}


def comparable(happened: list[AnyEvent]) -> list[dict[str, Any]]:
    """Return events without what the clock says in them."""
    return [event.model_dump(exclude={"due", "expires_on"}) for event in happened]


@pytest.mark.meets("ALLEG-03", "ALLEG-04")
async def test_a_whole_story_on_temporal_is_what_the_explorer_plays(home: House) -> None:
    opening = of_its_own(an_opening(CADMUS, matter=a_matter(images="unsure")))
    head = head_of(opening)
    moves = (
        record(head, "investigation_started", "a1"),
        record(head, "police_contacted"),
        *referred(head),
        record(head, "police_hold_placed"),
        record(head, "interview_held", "a1"),
        record(head, "police_hold_released"),
        record(head, "interview_held", "a1"),
        record(head, "allegation_added"),
        *referred(head, "more", permits=()),
        record(head, "subject_told", "a1"),
        record(head, "support_offered"),
        record(head, "outcome_recorded", "a1", "more", outcome="unfounded"),
    )
    case = await begun(home, opening)
    said = await act(case, *moves)
    so_far = played(case.opening, *moves)
    assert said == says(so_far)
    assert said.count("refused") == 2
    assert comparable(await case.settled()) == comparable(events(so_far))
    assert await case.handle.result() == "closed"


@pytest.mark.meets("ALLEG-03")
async def test_on_temporal_a_referral_that_is_overdue_comes_to_the_chair_by_itself(home: House) -> None:
    case = await begun(home, of_its_own(an_opening(CADMUS)))
    before = await asked_in(case)
    opened = next(event for event in await case.events() if isinstance(event, AskOpened))
    began = (await case.history())[0].at
    await case.pass_time(opened.due - began + timedelta(seconds=5))
    await case.settled()
    escalated = [said for said in await case.history() if isinstance(said.event, Escalated)]
    assert [said.at - opened.due < timedelta(seconds=5) for said in escalated] == [True]
    (chair,) = facts_of("cadmus").directory.holders("hollybank", "chair_of_governors")
    assert await asked_in(case) == before | {chair.id}


async def test_a_worker_that_is_killed_between_the_referral_and_the_advice_loses_nothing(
    environment: WorkflowEnvironment, tmp_path: Path
) -> None:
    async with house(environment, tmp_path) as home:
        opening = of_its_own(an_opening(CADMUS))
        head = head_of(opening)
        case = await begun(home, opening)
        assert await act(case, record(head, "lado_referral_made", "a1")) == ["done"]
        await case.settled()
    # That worker is gone. What is recorded now waits for another, which finds the case where it was.
    client = home.client
    waiting = asyncio.create_task(
        home.engine.act(case.opening.case, record(head, "lado_advice_recorded", "a1", permits=ALL))
    )
    early = asyncio.create_task(home.engine.act(case.opening.case, record(head, "investigation_started", "a1")))
    async with another_worker(home, client):
        said = [(await waiting).says, (await early).says]
        happened = [event.kind for event in await case.settled()]
    assert said[0] == "done"
    assert happened.count("lado_referral_made") == happened.count("lado_advice_recorded") == 1
    gated = "investigation_started" if said[1] == "done" else "step_refused"
    assert gated in happened
    if said[1] == "done":
        assert happened.index("investigation_started") > happened.index("lado_advice_recorded")


def another_worker(home: House, client: Client) -> Worker:
    """Return a worker of its own on the database and the server of `home`."""
    smtp = Smtp(host="127.0.0.1", port=home.outbox.port, tls="none", sender=SENDER)
    return worker.build(client, home.db, home.keys, smtp, BASE_URL, mails_a_day=1000, look_every=86_400.0)


@pytest.mark.meets("ALLEG-04")
async def test_an_update_that_comes_by_no_page_is_refused_like_any_other(home: House) -> None:
    opening = of_its_own(an_opening(CADMUS))
    head = head_of(opening)
    case = await begun(home, opening)
    stranger = record("p9", "lado_referral_made", "a1")
    as_duly = record("duly", "lado_advice_recorded", "a1", permits=ALL).model_copy(update={"how": "duly"})
    gated = record(head, "investigation_started", "a1")
    replies = [await case.handle.execute_update(ACT, one, result_type=dict) for one in (stranger, as_duly, gated)]
    assert [reply["says"] for reply in replies] == ["not_asked", "not_asked", "refused"]
    for nonsense in ({"kind": "record", "person": head}, {"kind": "advise"}, "investigation_started"):
        with pytest.raises(WorkflowUpdateFailedError):
            await case.handle.execute_update(ACT, nonsense)
    kinds = [event.kind for event in await case.settled()]
    assert kinds == ["allegation_recorded", "case_routed", "ask_opened", "step_refused"]
    assert await act(case, *referred(head)) == ["done", "done"]


@pytest.mark.meets("ALLEG-04", "DISC-01")
async def test_a_disciplinary_case_begins_cleared_by_the_advice_and_is_asked_for_no_triage(home: House) -> None:
    opening = of_its_own(an_opening(CADMUS))
    head = head_of(opening)
    case = await begun(home, opening)
    assert await act(case, *referred(head), record(head, "disciplinary_opened", "a1")) == ["done"] * 3
    await case.settled()
    async with home.db.read() as session:
        found = await confidential.by_reference(session, home.keys, opening.reference)
        assert found is not None
        (other,) = found.opened
    async with asyncio.timeout(30):
        while True:
            async with home.db.read() as session:
                conduct = await confidential.by_reference(session, home.keys, other)
            if conduct is not None and conduct.standing.asks:
                break
            await asyncio.sleep(0.05)
    kinds = [said.event.kind for said in conduct.history]
    assert kinds == ["matter_recorded", "case_routed", "case_cleared", "ask_opened"]
    assert conduct.standing.asks[0].step == "procedure"
    assert conduct.opening.parent == case.opening.case
