"""A disciplinary case: cleared before it begins, in order, and nobody in it judges their own work."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta
from itertools import count, permutations
from pathlib import Path
from typing import Any, Final

import pytest
from temporalio.testing import WorkflowEnvironment

from domain.allegations import Clearance
from domain.calendar import morning_of
from domain.cases import Act, Batch, Opening, Published
from domain.entries import CaseCleared
from domain.events import AnyEvent, AskMoved, AskOpened, Extended, StepRefused
from domain.refs import case_id, reference
from store import confidential, packs, people
from store.confidential import Confidential
from tests.house import Begun, House, house
from tests.packs.confidential import (
    ALL,
    a_matter,
    a_subject,
    an_allegation,
    an_opening,
    asked_seats,
    events,
    played,
    process_of,
    record,
    says,
    task_of,
    whom,
)
from tests.packs.trying import BEGINS, PACKS, facts_of, whole_pack
from workflows.case import Case
from workflows.disciplinary import Disciplinary
from workflows.explorer import MemoryHost, Move, Played, TimePasses

CADMUS: Final = whole_pack("cadmus")
CLEARED: Final = Clearance(case="c-0", n=7, hash="h", allegations=("a1",))
CLEARED_ANEW: Final = Clearance(case="c-9", n=7, hash="h", allegations=("new",))
NUMBERS: Final = count(1)

DIRECTORY: Final = facts_of("cadmus").directory
BY_NAME: Final = {person.name: person.id for person in DIRECTORY.people}
HEAD, CHAIR, VICE = BY_NAME["Helen Marsh"], BY_NAME["Ivor Penhale"], BY_NAME["Joan Whitlock"]
INVESTIGATOR, ANOTHER = BY_NAME["Priya Shah"], BY_NAME["Sophie Lane"]
SUBJECT: Final = BY_NAME["Amir Khan"]


def of_staff(**more: Any) -> Opening:
    """Return the opening of a case about a member of staff of Cadmus."""
    return an_opening(CADMUS, "disciplinary", a_matter(a_subject(person=SUBJECT), **more))


TO_THE_REPORT: Final = (
    record(HEAD, "triage_recorded"),
    record(HEAD, "procedure_chosen"),
    record(HEAD, "investigator_appointed", person=INVESTIGATOR),
    record(HEAD, "notice_given"),
    record(INVESTIGATOR, "interview_held", "a1"),
    record(INVESTIGATOR, "investigation_reported"),
)
TO_THE_HEARING: Final = (
    *TO_THE_REPORT,
    record(HEAD, "case_to_answer_decided"),
    record(HEAD, "hearing_called"),
    record(HEAD, "hearing_held"),
)
WARNED: Final = {"sanction": "first_warning", "expires_on": date(2027, 5, 24)}


def tasks_asked(so_far: Played) -> list[str]:
    """Return every task that was asked for, in order, once each."""
    return list(dict.fromkeys(event.step for event in events(so_far) if isinstance(event, AskOpened)))


def kinds_of(so_far: Played) -> list[str]:
    """Return what happened."""
    return [event.kind for event in events(so_far)]


# From the report to the end.


@pytest.mark.meets("DISC-01", "DISC-02", "DISC-04", "DISC-05", "DISC-16", "DISC-21", "DISC-25")
def test_a_matter_of_staff_goes_from_triage_to_the_appeal_step_by_step() -> None:
    moves = (
        *TO_THE_HEARING,
        record(HEAD, "decision_made", sanction="dismissal_without_notice"),
        record(HEAD, "letter_sent"),
        record(HEAD, "appeal_made"),
        record(CHAIR, "appeal_decided"),
        record(HEAD, "tra_considered"),
    )
    so_far = played(of_staff(), *moves)
    assert says(so_far) == ["done"] * len(moves)
    assert tasks_asked(so_far) == [
        *("triage", "procedure", "investigator", "notice", "report", "case-to-answer", "call", "hearing", "decision"),
        *("letter", "appeal", "appeal-decision", "tra"),
    ]
    assert so_far.standing.outcome == "closed"
    assert so_far.standing.asks == ()


@pytest.mark.meets("DISC-01")
@pytest.mark.parametrize("done", range(len(TO_THE_HEARING)))
def test_no_step_comes_before_the_one_that_has_to(done: int) -> None:
    before = TO_THE_HEARING[:done]
    early = [
        record(who, kind)
        for who in (HEAD, INVESTIGATOR, CHAIR)
        for kind in ("case_to_answer_decided", "hearing_called", "hearing_held", "decision_made", "appeal_made")
        if kind not in {act.entry.kind for act in TO_THE_HEARING[: done + 1] if act.entry}
    ]
    for act in early:
        assert played(of_staff(), *before, act).replies[-1].says in {"refused", "not_asked"}


@pytest.mark.meets("DISC-20")
def test_at_newall_green_nobody_decides_on_pornography_at_school_without_an_investigation() -> None:
    matter = a_matter(allegations=(an_allegation(topic="pornography"),))
    opening = an_opening(whole_pack("newall-green"), "disciplinary", matter)
    (head,) = whom(played(opening))
    moves = [record(head, kind) for kind in ("triage_recorded", "procedure_chosen", "case_to_answer_decided")]
    assert says(played(opening, *moves))[-1] in {"refused", "not_asked"}
    rules = {rule.key: rule for rule in process_of("newall-green", "disciplinary").rules}
    assert rules["report-before-case-to-answer"].cites == ("DISC-20",)
    report = process_of("newall-green", "disciplinary").task("report")
    assert report is not None
    assert (report.when, report.unless) == (None, None)


def test_a_case_with_nothing_to_answer_ends_there() -> None:
    so_far = played(of_staff(), *TO_THE_REPORT, record(HEAD, "case_to_answer_decided", answer="no"))
    assert so_far.standing.outcome == "no_case_to_answer"


def test_somebody_against_whom_nothing_is_done_is_asked_whether_they_appeal_by_nobody() -> None:
    moves = (*TO_THE_HEARING, record(HEAD, "decision_made", sanction="no_action"), record(HEAD, "letter_sent"))
    assert played(of_staff(), *moves).standing.outcome == "closed"


def test_that_somebody_resigns_does_not_end_it() -> None:
    so_far = played(of_staff(), *TO_THE_REPORT, record(HEAD, "subject_resigned"))
    assert (so_far.standing.outcome, task_of(so_far)) == (None, "case-to-answer")


@pytest.mark.parametrize("days", [(1, "done"), (5, "done"), (6, "incomplete"), (0, "incomplete")])
def test_a_hearing_is_put_off_for_a_companion_by_five_working_days_at_the_most(days: tuple[int, str]) -> None:
    number, said = days
    called = (*TO_THE_REPORT, record(HEAD, "case_to_answer_decided"), record(HEAD, "hearing_called"))
    on = date(2026, 12, 14) + timedelta(days=number + (2 if number > 4 else 0))
    assert says(played(of_staff(), *called, record(HEAD, "hearing_postponed", on=on)))[-1] == said


def test_a_hearing_is_put_off_once_and_called_anew_after_that() -> None:
    called = (*TO_THE_REPORT, record(HEAD, "case_to_answer_decided"), record(HEAD, "hearing_called"))
    again = (record(HEAD, "hearing_postponed"), record(HEAD, "hearing_postponed", on=date(2026, 12, 17)))
    anew = record(HEAD, "hearing_called", on=date(2027, 1, 18))
    later = record(HEAD, "hearing_postponed", on=date(2027, 1, 20))
    assert says(played(of_staff(), *called, *again, anew, later))[-4:] == ["done", "incomplete", "done", "done"]


# Whether a child could be at risk.


@pytest.mark.meets("ALLEG-01")
@pytest.mark.parametrize("answer", ["yes", "unsure"])
@pytest.mark.parametrize("pack", PACKS)
def test_whoever_is_not_sure_that_no_child_could_be_at_risk_opens_an_allegation_instead(pack: str, answer: str) -> None:
    opening = an_opening(whole_pack(pack), "disciplinary", a_matter(recused=("p9",)))
    (head,) = whom(played(opening))
    so_far = played(opening, record(head, "triage_recorded", at_risk=answer))
    assert so_far.standing.outcome == "referred"
    (opened,) = so_far.opened
    assert (opened.story, opened.matter.at_risk, opened.cleared_by) == ("allegation", answer, None)
    assert opened.matter.recused == ("p9",)
    assert "case_cleared" not in kinds_of(so_far)


@pytest.mark.meets("DISC-34")
@pytest.mark.parametrize(
    ("pack", "topic"), [(pack, topic.key) for pack in PACKS for topic in process_of(pack, "disciplinary").topics]
)
def test_what_puts_a_child_at_risk_by_its_nature_is_referred_whatever_anybody_would_say(pack: str, topic: str) -> None:
    matter = a_matter(allegations=(an_allegation(topic=topic),))
    so_far = played(an_opening(whole_pack(pack), "disciplinary", matter))
    at_risk = {one.key for one in process_of(pack, "disciplinary").topics if one.at_risk}
    assert so_far.standing.outcome == ("referred" if topic in at_risk else None)
    assert len(so_far.opened) == (topic in at_risk)
    assert "grooming" in at_risk or pack != "societas"


@pytest.mark.parametrize("pack", PACKS)
def test_a_case_with_a_clearance_that_is_on_record_nowhere_does_not_begin(pack: str) -> None:
    opening = an_opening(whole_pack(pack), "disciplinary", clearance=CLEARED)
    assert played(opening).standing.outcome == "refused"
    cleared = played(opening, clearances=frozenset({CLEARED}))
    assert (cleared.standing.outcome, "triage" in tasks_asked(cleared)) == (None, False)


def test_it_is_cleared_by_its_own_triage_once_and_never_again() -> None:
    again = (record(HEAD, "triage_recorded"), record(HEAD, "triage_recorded", at_risk="yes"))
    so_far = played(of_staff(), record(HEAD, "triage_recorded"), *again)
    assert says(so_far) == ["done", "not_offered", "not_offered"]
    (cleared,) = [event for event in events(so_far) if isinstance(event, CaseCleared)]
    assert cleared.clearance == Clearance(case="c-1", n=so_far.events[3].n, hash="")
    assert kinds_of(so_far)[3:5] == ["triage_recorded", "case_cleared"]


# New facts.


def held(*before: Move) -> tuple[Move, ...]:
    """Return a case in which, after `before`, somebody found out that a child could be at risk."""
    return (*before, record(HEAD, "safeguarding_concern_raised"))


@pytest.mark.meets("DISC-01", "ALLEG-01")
def test_new_facts_open_an_allegation_and_hold_the_case_until_its_advice_is_found() -> None:
    moves = (
        *held(*TO_THE_REPORT),
        record(HEAD, "case_to_answer_decided"),
        record(HEAD, "triage_recorded"),
        record(HEAD, "clearance_claimed", clearance=CLEARED.model_dump()),
        record(HEAD, "case_to_answer_decided"),
        record(HEAD, "clearance_claimed", clearance=CLEARED_ANEW.model_dump()),
        record(HEAD, "case_to_answer_decided"),
    )
    so_far = played(of_staff(), *moves, clearances=frozenset({CLEARED_ANEW}))
    assert says(so_far)[len(TO_THE_REPORT) :] == [
        *("done", "refused", "not_offered", "done", "refused", "done", "done"),
    ]
    (opened,) = so_far.opened
    assert (opened.story, opened.matter.at_risk) == ("allegation", "yes")
    assert [one.key for one in opened.matter.allegations] == ["new"]
    refused = [event for event in events(so_far) if isinstance(event, StepRefused)]
    assert [event.tried for event in refused] == ["case_to_answer_decided", "case_cleared", "case_to_answer_decided"]
    assert {event.clause for event in refused} <= {clause.id for clause in CADMUS.clauses}


def test_while_new_facts_hold_a_case_its_clocks_stand_still() -> None:
    later = TimePasses(until=BEGINS + timedelta(days=14))
    claim = record(HEAD, "clearance_claimed", clearance=CLEARED_ANEW.model_dump())
    so_far = played(of_staff(), *held(*TO_THE_REPORT), later, claim, clearances=frozenset({CLEARED_ANEW}))
    reminded = [said.at for said in so_far.events if said.event.kind == "reminded"]
    assert reminded == []
    assert {event.days for event in events(so_far) if isinstance(event, Extended)} == {10}


class SlowHost(MemoryHost):
    """A host that takes its time to put things on record, so that people act meanwhile."""

    async def publish(self, batch: Batch) -> Published:
        """Let the next move be made before the case knows that anything is on record."""
        published = await super().publish(batch)
        await self.pause(None, lambda: True)
        return published


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_of_claims_at_the_same_moment_each_is_answered_for_itself(order: tuple[int, ...]) -> None:
    host = SlowHost(of_staff(), DIRECTORY, BEGINS, frozenset({CLEARED_ANEW}))
    case = Case(of_staff(), host)
    strand = case.play(Disciplinary())
    claims = [record(HEAD, "clearance_claimed", clearance=one.model_dump()) for one in (CLEARED, CLEARED_ANEW, CLEARED)]
    for _ in range(3):
        strand.send(None)
    for move in held(*TO_THE_REPORT):
        assert isinstance(move, Act)
        case.receive(move)
        for _ in range(3):
            strand.send(None)
    for n in order:
        case.receive(claims[n])
    for _ in range(9):
        strand.send(None)
    told = [said.event for said in host.events][-6:]
    assert [event.clearance for event in told if isinstance(event, CaseCleared)] == [CLEARED_ANEW]
    assert [event.tried for event in told if isinstance(event, StepRefused)] == ["case_cleared"] * 2


def test_another_matter_of_conduct_is_a_report_of_its_own() -> None:
    so_far = played(of_staff(), record(HEAD, "triage_recorded"), record(HEAD, "allegation_added"))
    assert says(so_far) == ["done", "not_offered"]


@pytest.mark.meets("ALLEG-18", "DISC-26")
def test_while_the_police_hold_it_nothing_inside_goes_on() -> None:
    moves = (*TO_THE_REPORT, record(HEAD, "proceedings_recorded"), record(HEAD, "police_hold_placed"))
    so_far = played(of_staff(), *moves, record(HEAD, "case_to_answer_decided"))
    assert says(so_far)[-1] == "refused"
    released = played(of_staff(), *moves, record(HEAD, "police_hold_released"), record(HEAD, "case_to_answer_decided"))
    assert says(released)[-1] == "done"


# Three people.


@pytest.mark.meets("DISC-21")
def test_a_headteacher_who_investigates_decides_nothing_and_the_chair_is_asked() -> None:
    own = record(HEAD, "investigator_appointed", person=HEAD)
    moves = (*TO_THE_REPORT[:2], own, record(HEAD, "notice_given"), record(HEAD, "investigation_reported"))
    so_far = played(of_staff(), *moves)
    assert says(so_far) == ["done"] * 5
    assert asked_seats(so_far, "decider") == ["chair_of_governors"]
    assert says(played(of_staff(), *moves, record(HEAD, "case_to_answer_decided")))[-1] == "not_asked"


def test_whoever_decided_hears_no_appeal() -> None:
    decided = (*TO_THE_HEARING, record(HEAD, "decision_made"), record(HEAD, "letter_sent"), record(HEAD, "appeal_made"))
    so_far = played(of_staff(), *decided)
    assert whom(so_far, "appeal") == [CHAIR]
    assert says(played(of_staff(), *decided, record(HEAD, "appeal_decided")))[-1] == "not_asked"


@pytest.mark.meets("DISC-21")
def test_about_a_headteacher_the_chair_decides_and_the_vice_chair_hears_the_appeal() -> None:
    matter = a_matter(a_subject(category="headteacher", person=HEAD))
    opening = an_opening(CADMUS, "disciplinary", matter)
    decided = tuple(
        act.model_copy(update={"person": CHAIR if act.person == HEAD else act.person}) for act in TO_THE_HEARING
    )
    moves = (*decided, *(record(CHAIR, kind) for kind in ("decision_made", "letter_sent", "appeal_made")))
    so_far = played(opening, *moves)
    assert says(so_far) == ["done"] * len(moves)
    assert whom(so_far, "appeal") == [VICE]
    assert HEAD in so_far.standing.recused


@pytest.mark.parametrize("who", [SUBJECT, "p99"])
def test_nobody_who_must_not_learn_of_it_is_appointed_to_investigate(who: str) -> None:
    opening = of_staff(recused=(SUBJECT, "p99"))
    moves = (*TO_THE_REPORT[:2], record(HEAD, "investigator_appointed", person=who))
    assert says(played(opening, *moves))[-1] == "incomplete"


def test_whoever_is_appointed_in_place_of_the_investigator_is_asked_from_then_on() -> None:
    so_far = played(of_staff(), *TO_THE_REPORT[:4])
    assert whom(so_far, "investigator") == [INVESTIGATOR]
    moves = (*TO_THE_REPORT[:4], record(HEAD, "investigator_appointed", person=ANOTHER))
    so_far = played(of_staff(), *moves)
    assert whom(so_far, "investigator") == [ANOTHER]
    (moved,) = [event for event in events(so_far) if isinstance(event, AskMoved)]
    assert (moved.why, moved.by) == ("reassigned", HEAD)
    late = (record(INVESTIGATOR, "investigation_reported"), record(ANOTHER, "investigation_reported"))
    assert says(played(of_staff(), *moves, *late))[-2:] == ["not_asked", "done"]


def test_an_investigator_who_steps_aside_is_out_until_somebody_else_is_appointed() -> None:
    begun = played(of_staff(), *TO_THE_REPORT[:4])
    ask = next(ask.ask for ask in begun.standing.asks if ask.seat == "investigator")
    aside = Act(kind="step_aside", person=INVESTIGATOR, how="session", ask=ask, comment="A friend of theirs.")
    so_far = played(of_staff(), *TO_THE_REPORT[:4], aside)
    assert whom(so_far, "investigator") == []
    moves = (*TO_THE_REPORT[:4], aside, record(HEAD, "investigator_appointed", person=ANOTHER))
    assert whom(played(of_staff(), *moves), "investigator") == [ANOTHER]


@pytest.mark.meets("PLAT-06", "ALLEG-11")
def test_whoever_sees_to_it_steps_aside_though_nothing_is_asked_of_them_now() -> None:
    waits = (*TO_THE_HEARING, record(HEAD, "decision_made", **WARNED), *NO_APPEAL)
    assert played(of_staff(), *waits).standing.asks == ()

    def aside(who: str, **more: Any) -> Act:
        return Act(kind="step_aside", person=who, **{"how": "session", "comment": "A friend of mine.", **more})

    for act, said in ((aside(VICE), "not_asked"), (aside(HEAD, comment=" "), "incomplete")):
        so_far = played(of_staff(), *waits, act)
        assert says(so_far)[-1] == said
        assert kinds_of(so_far)[-1] != "ask_moved"
    so_far = played(of_staff(), *waits, aside(HEAD), record(HEAD, "police_contacted"))
    assert says(so_far)[-2:] == ["done", "not_asked"]
    moved = [event for event in events(so_far) if isinstance(event, AskMoved)]
    assert [(one.ask, one.why, one.by) for one in moved] == [(so_far.standing.managing, "stepped_aside", HEAD)]
    assert HEAD in so_far.standing.recused
    assert [one.person for one in so_far.asked[so_far.standing.managing or ""]] == [CHAIR]
    assert says(played(of_staff(), *waits, aside(HEAD), record(CHAIR, "police_contacted")))[-1] == "done"


def test_whoever_steps_aside_without_saying_from_what_is_out_of_every_ask() -> None:
    so_far = played(of_staff(), *TO_THE_REPORT[:4])
    assert whom(so_far) == [HEAD]
    for who in (HEAD, INVESTIGATOR):
        aside = Act(kind="step_aside", person=who, how="session", comment="A friend of mine.")
        after = played(of_staff(), *TO_THE_REPORT[:4], aside)
        assert says(after)[-1] == "done"
        live = [*(ask.ask for ask in after.standing.asks), after.standing.managing or ""]
        assert who not in {one.person for ask in live for one in after.asked[ask]}


def test_whoever_sees_to_it_stays_in_the_case_while_somebody_else_does_their_part() -> None:
    so_far = played(of_staff(), *TO_THE_REPORT[:4])
    assert [(ask.step, ask.seat) for ask in so_far.standing.asks] == [
        ("report", "investigator"),
        ("report", "case_manager"),
    ]
    assert whom(so_far) == [HEAD]
    free = [record(HEAD, kind) for kind in ("police_contacted", "safeguarding_concern_raised", "support_offered")]
    theirs = record(HEAD, "investigation_reported")
    assert says(played(of_staff(), *TO_THE_REPORT[:4], *free, theirs))[4:] == ["done", "done", "done", "not_asked"]


def test_an_investigation_that_is_overdue_comes_to_the_next_who_could_see_to_the_case() -> None:
    so_far = played(of_staff(), *TO_THE_REPORT[:4], TimePasses(until=BEGINS + timedelta(days=40)))
    assert whom(so_far, "investigator") == [INVESTIGATOR]
    assert whom(so_far) == [HEAD, CHAIR]


# What comes of it.


@pytest.mark.meets("DISC-06", "DISC-07", "DISC-08", "PLAT-04")
@pytest.mark.parametrize(
    ("category", "tasks", "sanction"),
    [
        ("governor", ["triage", "governance-advice", "notice", "decision", "letter"], "governing_body_resolution"),
        ("volunteer", ["triage", "agency", "notice", "decision", "letter"], "end_of_appointment"),
        ("contractor", ["triage", "agency", "notice", "decision", "letter"], "end_of_appointment"),
    ],
)
@pytest.mark.parametrize("pack", PACKS)
def test_governors_and_those_appointed_have_roads_of_their_own_without_warnings(
    pack: str, category: str, tasks: list[str], sanction: str
) -> None:
    opening = an_opening(whole_pack(pack), "disciplinary", a_matter(a_subject(category=category)))
    (manager,) = whom(played(opening))
    care = [record(manager, "support_offered", to="victim"), record(manager, "police_advised")]
    moves = (*care, *(record(manager, kind) for kind in ("triage_recorded", "advice_taken", "notice_given")))
    for wrong in ("first_warning", "final_warning", "dismissal", "dismissal_without_notice"):
        expires = {"expires_on": date(2027, 5, 24)} if "warning" in wrong else {}
        refused = played(opening, *moves, record(manager, "decision_made", sanction=wrong, **expires))
        assert refused.replies[-1].says == "refused"
    steps = ("procedure_chosen", "investigator_appointed", "hearing_called")
    assert {played(opening, *moves, record(manager, kind)).replies[-1].says for kind in steps} == {"refused"}
    ended = played(opening, *moves, record(manager, "decision_made", sanction=sanction), record(manager, "letter_sent"))
    assert ended.standing.outcome == "closed"
    assert [task for task in tasks_asked(ended) if task not in {"victim", "police-advised"}] == tasks


@pytest.mark.meets("DISC-03", "DISC-12")
@pytest.mark.parametrize("category", ["pupil", "public"])
@pytest.mark.parametrize("pack", PACKS)
def test_of_a_pupil_or_a_member_of_the_public_nothing_is_decided_here(pack: str, category: str) -> None:
    opening = an_opening(whole_pack(pack), "disciplinary", a_matter(a_subject(category=category)))
    (head,) = whom(played(opening))
    triaged = record(head, "triage_recorded")
    for kind in ("procedure_chosen", "notice_given", "suspension_decided", "interview_held"):
        assert played(opening, triaged, record(head, kind, "a1")).replies[-1].says in {"refused", "not_asked"}
    care = [record(head, "support_offered", to="victim"), record(head, "police_advised")]
    assert played(opening, *care, triaged, record(head, "response_given")).standing.outcome == "closed"


@pytest.mark.parametrize("sanction", ["end_of_appointment", "governing_body_resolution"])
def test_what_is_for_others_never_comes_of_a_matter_of_staff(sanction: str) -> None:
    assert says(played(of_staff(), *TO_THE_HEARING, record(HEAD, "decision_made", sanction=sanction)))[-1] == "refused"


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"sanction": "first_warning"}, "incomplete"),
        ({"sanction": "final_warning", "expires_on": BEGINS.date()}, "incomplete"),
        ({"sanction": "no_action", "expires_on": date(2027, 5, 24)}, "incomplete"),
        (WARNED, "done"),
        ({"sanction": "no_action"}, "done"),
    ],
)
def test_a_warning_says_when_it_ends_and_nothing_else_does(more: dict[str, Any], said: str) -> None:
    assert says(played(of_staff(), *TO_THE_HEARING, record(HEAD, "decision_made", **more)))[-1] == said


NO_APPEAL: Final = (record(HEAD, "letter_sent"), record(HEAD, "appeal_waived"))


def test_a_warning_expires_by_itself_on_its_day() -> None:
    moves = (*TO_THE_HEARING, record(HEAD, "decision_made", **WARNED), *NO_APPEAL)
    ends = morning_of(date(2027, 5, 24))
    running = played(of_staff(), *moves, TimePasses(until=ends - timedelta(seconds=1)))
    assert (running.standing.outcome, running.standing.asks, running.standing.next_at) == (None, (), ends)
    over = played(of_staff(), *moves, TimePasses(until=ends))
    assert kinds_of(over)[-2:] == ["warning_expired", "case_ended"]
    assert over.standing.outcome == "closed"


@pytest.mark.parametrize(("upheld", "expires"), [("yes", True), ("in_part", True), ("no", False)])
def test_a_warning_that_an_appeal_set_aside_is_over_at_once(upheld: str, expires: bool) -> None:
    appeal = (record(HEAD, "letter_sent"), record(HEAD, "appeal_made"), record(CHAIR, "appeal_decided", upheld=upheld))
    so_far = played(of_staff(), *TO_THE_HEARING, record(HEAD, "decision_made", **WARNED), *appeal)
    assert (so_far.standing.outcome is None) == expires
    later = played(
        of_staff(),
        *TO_THE_HEARING,
        record(HEAD, "decision_made", **WARNED),
        *appeal,
        TimePasses(until=morning_of(date(2027, 5, 24))),
    )
    assert ("warning_expired" in kinds_of(later)) == expires


# On Temporal.


@pytest.fixture
async def home(environment: WorkflowEnvironment, tmp_path: Path) -> AsyncIterator[House]:
    """Yield a house in which nothing has happened."""
    async with house(environment, tmp_path) as home:
        yield home


async def begun(home: House, opening: Opening) -> Begun:
    """Begin the case of `opening` among the demo's people."""
    case = case_id(f"disciplinary {next(NUMBERS)}")
    named = opening.model_copy(update={"case": case, "reference": reference(bytes.fromhex(case[2:]))})
    async with home.db.write() as session:
        await people.save(session, DIRECTORY.people)
        await home.keys.create(session, named.case)
        digest = await packs.keep(session, CADMUS)
    begun = Begun(home, named.model_copy(update={"pack_digest": digest}))
    await home.engine.begin(begun.opening)
    await begun.settled()
    return begun


async def act(case: Begun, *acts: Act) -> list[str]:
    """Have the case take `acts`, one after the other, and return what it said."""
    return [(await case.house.engine.act(case.opening.case, one)).says for one in acts]


async def opened_out_of(case: Begun) -> Confidential:
    """Return the case that was opened out of `case`, once it has begun."""
    async with asyncio.timeout(30):
        while True:
            async with case.house.db.read() as session:
                found = await confidential.by_reference(session, case.house.keys, case.opening.reference)
                for other in found.opened if found else ():
                    opened = await confidential.by_reference(session, case.house.keys, other)
                    if opened is not None and opened.standing.asks:
                        return opened
            await asyncio.sleep(0.05)


def comparable(happened: list[AnyEvent]) -> list[dict[str, Any]]:
    """Return events without what the clock and the case's own name say in them."""
    return [event.model_dump(exclude={"due", "clearance"}) for event in happened]


async def test_a_whole_case_on_temporal_is_what_the_explorer_plays(home: House) -> None:
    moves = (
        *TO_THE_HEARING,
        *(record(HEAD, kind) for kind in ("decision_made", "letter_sent", "appeal_made")),
        *(record(who, "appeal_decided") for who in (VICE, CHAIR)),
    )
    case = await begun(home, of_staff())
    said = await act(case, *moves, record(HEAD, "tra_considered"))
    so_far = played(case.opening, *moves, record(HEAD, "tra_considered"))
    assert said == says(so_far)
    assert comparable(await case.settled()) == comparable(events(so_far))
    assert await case.handle.result() == "closed"


@pytest.mark.meets("ALLEG-01")
async def test_on_temporal_whoever_is_unsure_opens_an_allegation_that_is_asked_for_its_referral(home: House) -> None:
    case = await begun(home, of_staff())
    assert await act(case, record(HEAD, "triage_recorded", at_risk="unsure")) == ["done"]
    assert await case.handle.result() == "referred"
    opened = await opened_out_of(case)
    assert (opened.opening.process.story, opened.standing.asks[0].step) == ("allegation", "refer")
    assert opened.opening.parent == case.opening.case
    assert SUBJECT in opened.standing.recused


@pytest.mark.meets("ALLEG-04", "DISC-01")
async def test_on_temporal_only_the_advice_in_the_allegation_of_the_new_facts_lets_it_go_on(home: House) -> None:
    case = await begun(home, of_staff())
    await act(case, *TO_THE_REPORT, record(HEAD, "safeguarding_concern_raised"))
    await case.settled()
    opened = await opened_out_of(case)

    async def claim(n: int, digest: str) -> list[str]:
        """Claim the event `n` of the allegation, and return what was refused so far."""
        clearance = {"case": opened.opening.case, "n": n, "hash": digest, "allegations": ("new",)}
        assert await act(case, record(HEAD, "clearance_claimed", clearance=clearance)) == ["done"]
        return [event.tried for event in await case.settled() if isinstance(event, StepRefused)]

    assert await claim(1, "made up") == ["case_cleared"]
    other = Begun(home, opened.opening)
    advice = record(HEAD, "lado_advice_recorded", "new", permits=("investigate",))
    assert await act(other, record(HEAD, "lado_referral_made", "new"), advice) == ["done", "done"]
    await other.settled()
    n, digest = await last_advice(other)
    assert await claim(n, digest) == ["case_cleared"] * 2
    assert await act(case, record(HEAD, "case_to_answer_decided")) == ["refused"]
    assert await act(other, record(HEAD, "lado_advice_recorded", "new", permits=ALL)) == ["done"]
    await other.settled()
    n, digest = await last_advice(other)
    await claim(n, digest)
    assert [event.kind for event in await case.settled()].count("case_cleared") == 2
    assert await act(case, record(HEAD, "case_to_answer_decided")) == ["done"]


async def last_advice(case: Begun) -> tuple[int, str]:
    """Return the number and the hash of the latest advice on record."""
    from store.tables import EventRow

    n = max(said.n for said in await case.history() if said.event.kind == "lado_advice_recorded")
    async with case.house.db.read() as session:
        row = await session.get(EventRow, (case.opening.case, n))
    assert row is not None
    return n, row.hash


async def test_on_temporal_a_warning_expires_by_itself(home: House) -> None:
    case = await begun(home, of_staff())
    began: datetime = (await case.history())[0].at
    ends = (began + timedelta(days=200)).date()
    warned = record(HEAD, "decision_made", sanction="final_warning", expires_on=ends)
    hearing = record(HEAD, "hearing_called", on=(began + timedelta(days=20)).date())
    moves = (*TO_THE_REPORT, record(HEAD, "case_to_answer_decided"), hearing, record(HEAD, "hearing_held"), warned)
    assert set(await act(case, *moves, *NO_APPEAL)) == {"done"}
    await case.settled()
    await case.pass_time(timedelta(days=201))
    assert await case.handle.result() == "closed"
    expired = [said.at for said in await case.history() if said.event.kind == "warning_expired"]
    assert [at.date() for at in expired] == [ends]
