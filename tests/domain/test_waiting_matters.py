"""Why a confidential case waits: which task, of whom, since when, under which clause, until when, what comes next."""

from datetime import UTC, datetime
from typing import Any

import pytest

from domain.allegations import Allegation
from domain.cases import Standing
from domain.entries import (
    CaseRouted,
    LadoAdviceRecorded,
    LadoReferralMade,
    OutcomeRecorded,
    PoliceHoldPlaced,
    PoliceHoldReleased,
)
from domain.events import AnyEvent, AskOpened, CaseEnded, Recorded
from domain.pack import EventMatch, Process, Task
from domain.people import Asked, Directory
from domain.waiting import AskedBy
from domain.waiting_matters import MatterWaiting, matter_stages, why_it_waits
from tests.builders import MONDAY, an_ask
from tests.matters import (
    ALLEGATION,
    CLAUSE,
    CONFIDENTIAL,
    DISCIPLINARY,
    PEOPLE,
    ROUTES,
    a_confidential_opening,
)

DUE = datetime(2026, 11, 3, 23, 59, 59, tzinfo=UTC)
MORNING = datetime(2026, 11, 3, 7, tzinfo=UTC)
HELEN = (Asked(person="helen", seat="headteacher"),)
LADDER = ("headteacher", "deputy_head", "chair_of_governors")
OPENED = AskOpened(
    ask="a1", step="referral", seat="case_manager", ladder=LADDER, due=DUE, version=1, excluded=("ben",), asked=HELEN
)
REFERRED = LadoReferralMade(by="helen", allegations=("a1",), method="phone", spoke_to="Lou")
ADVISED = LadoAdviceRecorded(
    by="helen", allegations=("a1",), giver="Lou", method="phone", advice="employer_investigation"
)
STAFF = ROUTES[-1]
REPORTED = EventMatch(event=("investigation_reported",))


def history(*events: AnyEvent) -> list[Recorded]:
    return [Recorded(n=n, at=MONDAY, event=event) for n, event in enumerate(events, 1)]


def standing(step: str = "referral", **more: Any) -> Standing:
    usual = {"next_at": DUE, "next_does": "escalate", "next_ask": "a1"}
    return Standing.model_validate({"asks": (an_ask(step=step, seat="case_manager", due=DUE),), **usual, **more})


def waits(
    *events: AnyEvent,
    stands: Standing | None = None,
    asked: tuple[Asked, ...] = HELEN,
    now: datetime = MONDAY,
    may: Any = "record",
    process: Process = ALLEGATION,
) -> MatterWaiting:
    return why_it_waits(
        a_confidential_opening(process=process),
        stands or standing(),
        {"a1": asked},
        CONFIDENTIAL,
        Directory(people=PEOPLE),
        history(*(events or (OPENED,))),
        now,
        may,
    )


def test_it_says_who_is_asked_for_what_since_when_under_which_clause_and_until_when() -> None:
    waiting = waits()
    assert waiting.sentences == (
        "This waits for the Headteacher as case manager, asked on 2 November 2026 (Elmbrook 16.2): “Refer it to the "
        "LADO” is due by the end of Tuesday 3 November 2026 (1 working day in the calendar of Elmbrook Primary "
        "School).",
        "If nothing is recorded by 11:59pm on 3 November 2026, the Deputy headteacher is asked as well.",
        "You may record it now, on the page of the case.",
    )
    assert (waiting.vacant, waiting.overdue, waiting.holds) == (False, False, ())


def test_whom_it_is_taken_to_is_never_somebody_who_must_not_learn_of_it() -> None:
    out = OPENED.model_copy(update={"excluded": ("ben", "dev")})
    assert waits(out).sentences[1].endswith("the Chair of governors is asked as well.")
    nobody = OPENED.model_copy(update={"excluded": ("ben", "dev", "cara")})
    assert waits(nobody).sentences[1].endswith("nobody else is left to be asked as well.")


@pytest.mark.parametrize(
    ("does", "at", "says"),
    [
        (
            "remind",
            datetime(2026, 11, 3, 7, tzinfo=UTC),
            "recorded by 7am on 3 November 2026, the Headteacher is reminded",
        ),
        ("lapse", DUE, "recorded by 11:59pm on 3 November 2026, this is asked no more"),
    ],
)
def test_it_says_what_happens_next_by_itself(does: str, at: datetime, says: str) -> None:
    assert waits(stands=standing(next_does=does, next_at=at)).sentences[1] == f"If nothing is {says}."
    assert waits(stands=standing(next_at=None)).sentences[1] == (
        "Nothing more happens by itself, and silence never closes anything."
    )


def test_where_nobody_may_be_asked_it_says_so_and_to_call() -> None:
    waiting = waits(asked=())
    assert waiting.vacant
    assert "call the LADO yourself meanwhile" in waiting.sentences[0]


def test_what_is_overdue_is_said_to_be() -> None:
    late = waits(now=datetime(2026, 11, 4, 9, tzinfo=UTC))
    assert late.overdue
    assert "was due by the end of Tuesday 3 November 2026" in late.sentences[0]


def test_whoever_may_only_read_is_told_so() -> None:
    assert waits(may="read").sentences[-1] == "There is nothing that you need to do: you may read it."


def test_whoever_is_asked_beside_somebody_has_one_sentence_of_their_own() -> None:
    process = DISCIPLINARY.model_copy(
        update={"tasks": (Task(key="report", title="Report", seat="investigator", clause=CLAUSE, done_by=REPORTED),)}
    )
    of_priya, of_helen = (
        an_ask(ask=ask, step="report", seat=seat, due=DUE)
        for ask, seat in (("a1", "investigator"), ("a2", "case_manager"))
    )
    stands = standing("report", asks=(of_priya, of_helen))
    asked = {"a1": (Asked(person="amina", seat="investigator"),), "a2": HELEN}

    def sentences(asked: AskedBy) -> list[str]:
        opening = a_confidential_opening(process=process)
        directory, told = Directory(people=PEOPLE), history(OPENED)
        return list(why_it_waits(opening, stands, asked, CONFIDENTIAL, directory, told, MONDAY, "record").sentences)

    said = sentences(asked)
    assert [one for one in said if one.startswith("This waits for")] == said[:1]
    assert said[0].startswith("This waits for the investigator, asked on 2 November 2026")
    assert said[1] == "The Headteacher as case manager sees to it that this is done."
    # Where nobody sees to it any more, that is said.
    assert sentences({"a1": asked["a1"]})[1].startswith("This waits for somebody to be case manager")


@pytest.mark.meets("ALLEG-18")
def test_while_the_police_hold_it_the_clock_of_what_can_wait_stands_still() -> None:
    placed = PoliceHoldPlaced(by="helen", who="PC Doe")
    held = waits(OPENED, REFERRED, ADVISED, placed, stands=standing("outcome"))
    assert held.holds == (
        "On hold since 2 November 2026 (Elmbrook 16.2), when this was recorded: that the police asked to wait. Tasks "
        "that do not keep children from harm stand still until this is on record: that the police let the school go "
        "on. Contacts with the police, social care and the LADO, and what keeps children from harm, never wait.",
    )
    assert held.sentences[0].endswith("; its clock stands still.")
    assert not waits(OPENED, placed).sentences[0].endswith("stands still.")
    assert waits(OPENED, placed, PoliceHoldReleased(by="helen", who="PC Doe")).holds == ()


def test_what_waits_for_a_day_or_for_nothing_says_so() -> None:
    later = waits(stands=Standing(next_at=DUE, next_does="goes_on"))
    assert later.sentences[:2] == (
        "This waits for nobody until 3 November 2026.",
        "On 3 November 2026 the case goes on by itself: a review falls due, or a day has come that was set.",
    )
    ended = waits(OPENED, CaseEnded(outcome="closed"), stands=Standing(outcome="closed"))
    assert ended.sentences == (
        "This waits for nothing: the case was closed on 2 November 2026, because everything was done.",
    )


# The tasks.


def stages(*events: AnyEvent, stands: Standing | None = None, **more: Any) -> list[tuple[str, str, str, str]]:
    names = {person.id: person.name for person in PEOPLE}
    found = matter_stages(
        a_confidential_opening(**more),
        stands or standing(),
        {"a1": HELEN},
        STAFF,
        history(CaseRouted(route="staff", ladder=LADDER, told=(), procedure="staff", recused=()), *events),
        names,
    )
    return [(one.title, one.mark, one.words, one.by) for one in found]


def test_the_tasks_are_done_asked_for_or_still_to_come() -> None:
    assert stages(REFERRED, stands=standing("advice")) == [
        ("Reported", "tick", "Put on record", ""),
        ("Refer it to the LADO", "tick", "Done", "Helen Marsh"),
        ("Record the LADO's advice", "dots", "Waits to be recorded", ""),
        ("Record how each ended", "ring", "Still to come", ""),
        ("Close", "ring", "Once all of this is done", ""),
    ]


def test_a_task_for_each_allegation_counts_them() -> None:
    two = (
        Allegation(key="a1", subject="s1", topic="other", what="x"),
        Allegation(key="a2", subject="s1", topic="other", what="y"),
    )
    one = OutcomeRecorded(by="helen", allegations=("a1",), outcome="false", reasons="x")
    found = stages(REFERRED, one, stands=standing("outcome"), allegations=two)
    assert found[1][1:3] == ("ring", "Still to come")
    assert found[3][1:3] == ("dots", "Recorded for 1 of 2 allegations")


def test_a_closed_case_has_nothing_still_to_come() -> None:
    found = stages(REFERRED, CaseEnded(outcome="closed"), stands=Standing(outcome="closed"))
    assert [one[0] for one in found] == ["Reported", "Refer it to the LADO", "Close"]
    assert found[-1][1:3] == ("tick", "Closed")
