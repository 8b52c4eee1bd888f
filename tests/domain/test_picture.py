"""The picture of a case: every stage in its order, told by sign and words, and narrow enough for any screen."""

from datetime import UTC, date, datetime, timedelta
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.asking import AUTHOR
from domain.events import (
    AnyEvent,
    Approved,
    AskClosed,
    AskOpened,
    CaseCancelled,
    CaseEnded,
    ClosedWhy,
    DatePassed,
    DecisionDisputed,
    Extended,
    HoldReleased,
    Recorded,
    Rejected,
    RequestEdited,
    RequestSubmitted,
    RequestUnfit,
    RequestWithdrawn,
    Returned,
    Signature,
)
from domain.pack import Changes
from domain.picture import WIDTH, Mark, Stage, draw, stages_of
from tests.builders import ANSWERS, MONDAY, PEOPLE, PROCESS, an_opening

NAMES = {person.id: person.name for person in PEOPLE}
SENT = RequestSubmitted(by="amina", author="amina", version=1, answers=ANSWERS)


def opened(ask: str, step: str, seat: str | None = None, version: int = 1) -> AskOpened:
    due = MONDAY + timedelta(days=7)
    return AskOpened(ask=ask, step=step, seat=seat or step, ladder=(step,), due=due, version=version)


def decided(
    kind: type[Approved] | type[Rejected] | type[Returned], ask: str, step: str, by: str, version: int = 1
) -> AnyEvent:
    return kind(
        ask=ask,
        step=step,
        seat=step,
        by=by,
        how="link",
        version=version,
        opened_at=MONDAY,
        signature=Signature(name=by, attestation="I approve."),
        comment="too soon",
    )


def recorded(*events: AnyEvent) -> tuple[Recorded, ...]:
    return tuple(Recorded(n=n, at=MONDAY + timedelta(days=n), event=event) for n, event in enumerate(events, 1))


def marks(*events: AnyEvent) -> list[tuple[str, str]]:
    return [(stage.mark, stage.words) for stage in stages_of(an_opening(), recorded(*events), NAMES)]


APPROVED = decided(Approved, "a1", "line_manager", "ben")
TO_COME = ("ring", "Then the site enters the register")


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        (
            [SENT, opened("a1", "line_manager")],
            [("tick", "Sent"), ("dots", "Waiting for an answer"), ("ring", "Not asked yet"), TO_COME],
        ),
        (
            [SENT, opened("a1", "line_manager"), APPROVED, opened("a2", "headteacher")],
            [("tick", "Sent"), ("tick", "Approved"), ("dots", "Waiting for an answer"), TO_COME],
        ),
        (
            [
                SENT,
                opened("a1", "line_manager"),
                APPROVED,
                opened("a2", "headteacher"),
                decided(Approved, "a2", "headteacher", "helen"),
                CaseEnded(outcome="approved"),
            ],
            [
                ("tick", "Sent"),
                ("tick", "Approved"),
                ("tick", "Approved"),
                ("tick", "Approved: the site is in the register"),
            ],
        ),
        (
            [
                SENT,
                opened("a1", "line_manager"),
                decided(Rejected, "a1", "line_manager", "ben"),
                CaseEnded(outcome="rejected"),
            ],
            [
                ("tick", "Sent"),
                ("cross", "Rejected"),
                ("dash", "Not asked: it ended before"),
                ("cross", "Rejected"),
            ],
        ),
        (
            [
                SENT,
                opened("a1", "line_manager"),
                RequestWithdrawn(by="amina"),
                AskClosed(ask="a1", step="line_manager", why="withdrawn"),
                CaseEnded(outcome="withdrawn"),
            ],
            [
                ("tick", "Sent"),
                ("dash", "Withdrawn before an answer"),
                ("dash", "Not asked: it ended before"),
                ("cross", "Withdrawn"),
            ],
        ),
    ],
)
def test_every_stage_tells_how_it_stands_by_its_sign_and_in_words(
    events: list[AnyEvent], expected: list[tuple[str, str]]
) -> None:
    assert marks(*events) == expected


def test_a_step_of_two_seats_has_a_stage_for_each() -> None:
    step = PROCESS.steps[1].model_copy(update={"seats": ("headteacher", "deputy_head")})
    opening = an_opening().model_copy(update={"process": PROCESS.model_copy(update={"steps": (step,)})})
    history = recorded(SENT, opened("a1", "headteacher"), opened("a2", "headteacher", "deputy_head"))
    titles = [stage.title for stage in stages_of(opening, history, NAMES)]
    assert titles == ["Request", "Headteacher: Headteacher", "Headteacher: Deputy headteacher", "End"]


def test_the_description_says_the_same_as_the_table_in_one_text() -> None:
    stages = stages_of(an_opening(), recorded(SENT, opened("a1", "line_manager"), APPROVED), NAMES)
    assert draw(stages, "Steps").description == (
        "1. Request: Sent by Amina Okafor on 3 November 2026."
        " 2. Line manager: Approved by Ben Carter on 5 November 2026."
        " 3. Headteacher: Not asked yet."
        " 4. End: Then the site enters the register."
    )


@given(
    st.lists(
        st.builds(
            Stage,
            title=st.text(st.characters(categories=["L", "N", "Zs"]), min_size=1, max_size=80).filter(str.strip),
            who=st.just(""),
            mark=st.sampled_from(["tick", "cross", "dots", "ring", "dash"]),
            words=st.text(min_size=1, max_size=90).filter(str.strip),
        ),
        min_size=1,
        max_size=8,
    )
)
def test_whatever_a_pack_calls_its_steps_nothing_overlaps_or_runs_out_of_the_picture(stages: list[Stage]) -> None:
    picture = draw(stages, "Steps")
    feet = [line.y for node in picture.nodes for line in node.lines]
    assert feet == sorted(set(feet))
    assert feet[-1] < picture.height
    assert all(len(line.text) <= 31 for node in picture.nodes for line in node.lines)
    assert all(bond.top < bond.foot for bond in picture.bonds)
    assert picture.width == WIDTH <= 320 - 2 * 15


@pytest.mark.parametrize("mark", ["tick", "cross", "dots", "ring", "dash"])
def test_only_a_way_that_was_gone_is_drawn_whole(mark: Literal["tick", "cross", "dots", "ring", "dash"]) -> None:
    stages = [Stage(title="a", who="", mark="tick", words="w"), Stage(title="b", who="", mark=mark, words="w")]
    assert draw(stages, "Steps").bonds[0].passed == (mark in {"tick", "cross", "dots"})


PROCESS_WITH_CHANGES = PROCESS.model_copy(update={"changes": Changes(back_to="line_manager", clause="c16-2")})
CHANGING = an_opening().model_copy(update={"process": PROCESS_WITH_CHANGES})
BEGUN: list[AnyEvent] = [SENT, opened("a1", "line_manager"), APPROVED, opened("a2", "headteacher")]
RETURNED: list[AnyEvent] = [*BEGUN, decided(Returned, "a2", "headteacher", "helen"), opened("a3", "changes", AUTHOR)]
FORM_CHANGED = AskClosed(ask="a3", step="changes", why="changed")


def edited(version: int, edition: int) -> RequestEdited:
    return RequestEdited(
        by="amina",
        author="amina",
        version=version,
        edition=edition,
        material=True,
        changed=("aims",),
        title="Science club page",
        answers=ANSWERS,
    )


def closed(ask: str, step: str, why: ClosedWhy) -> AskClosed:
    return AskClosed(ask=ask, step=step, why=why)


def table(*events: AnyEvent) -> list[tuple[Mark, str, str]]:
    return [(stage.mark, stage.words, stage.void) for stage in stages_of(CHANGING, recorded(*events), NAMES)][:-1]


def test_a_request_that_was_returned_is_with_its_author_and_keeps_its_approvals() -> None:
    assert table(*RETURNED) == [
        ("dots", "Returned for changes", ""),
        ("tick", "Approved", ""),
        ("ring", "Returned for changes", ""),
    ]
    request = stages_of(CHANGING, recorded(*RETURNED), NAMES)[0]
    assert (request.by, request.due) == ("Helen Marsh", MONDAY + timedelta(days=7))


def test_after_a_change_every_step_is_still_to_come_and_names_the_version_of_its_void_approval() -> None:
    changed = [*RETURNED, edited(2, 2), FORM_CHANGED]
    assert table(*changed) == [
        ("tick", "Changed once (version 2)", ""),
        ("ring", "To be asked again", "approval of version 1 is void"),
        ("ring", "To be asked again", ""),
    ]
    again = [*changed, opened("a4", "line_manager", version=2)]
    assert table(*again)[1] == ("dots", "Waiting for an answer", "approval of version 1 is void")
    approved = decided(Approved, "a4", "line_manager", "ben", version=2)
    assert table(*again, approved)[1] == ("tick", "Approved", "approval of version 1 is void")
    described = draw(stages_of(CHANGING, recorded(*again, approved), NAMES), "Steps").description
    assert "Approved by Ben Carter on 12 November 2026; approval of version 1 is void." in described


def test_a_change_on_the_authors_own_account_has_the_open_step_asked_again() -> None:
    changed = [*BEGUN, edited(2, 2), closed("a2", "headteacher", "changed"), opened("a3", "line_manager", version=2)]
    assert table(*changed)[1:] == [
        ("dots", "Waiting for an answer", "approval of version 1 is void"),
        ("ring", "To be asked again", ""),
    ]


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (
            RequestUnfit(ask="a2", step="headteacher", by="helen", faults=()),
            "The form does not hold any more: found",
        ),
        (DatePassed(question="live", day=date(2026, 11, 5)), "5 November 2026 came first: sent back"),
    ],
)
def test_a_request_that_was_sent_back_says_why(event: AnyEvent, words: str) -> None:
    history = [*BEGUN, event, closed("a2", "headteacher", "sent_back"), opened("a3", "changes", AUTHOR)]
    assert table(*history) == [("dots", words, ""), ("tick", "Approved", ""), ("ring", "To be asked again", "")]


def test_a_case_on_hold_shows_which_answer_is_disputed_and_that_nobody_is_waited_for() -> None:
    disputed = DecisionDisputed(ask="a1", step="line_manager", by="ben", how="link")
    assert table(*BEGUN, disputed)[1:] == [("dots", "Disputed answer", ""), ("dots", "On hold", "")]
    stands = HoldReleased(ask="a1", step="line_manager", by="ada", stands=True, comment="He gave it.")
    assert table(*BEGUN, disputed, stands)[1:] == [("tick", "Approved", ""), ("dots", "Waiting for an answer", "")]
    void = [*BEGUN, disputed, stands.model_copy(update={"stands": False}), closed("a2", "headteacher", "asked_again")]
    assert table(*void, opened("a3", "line_manager"))[1:] == [
        ("dots", "Waiting for an answer", "approval of version 1 is void"),
        ("ring", "To be asked again", ""),
    ]


def test_a_cancelled_request_ends_without_an_answer() -> None:
    cancelled = [
        *BEGUN,
        CaseCancelled(by="ada", comment="Sent twice."),
        closed("a2", "headteacher", "cancelled"),
        CaseEnded(outcome="cancelled"),
    ]
    assert [(stage.mark, stage.words) for stage in stages_of(CHANGING, recorded(*cancelled), NAMES)][2:] == [
        ("dash", "Cancelled before an answer"),
        ("cross", "Cancelled by an administrator"),
    ]


def test_a_request_that_is_withdrawn_while_it_is_with_its_author_is_not_asked_again() -> None:
    history = [*RETURNED, edited(2, 2), FORM_CHANGED, RequestWithdrawn(by="amina"), CaseEnded(outcome="withdrawn")]
    assert table(*history)[1:] == [
        ("dash", "Not asked again: it ended before", "approval of version 1 is void"),
        ("dash", "Not asked again: it ended before", ""),
    ]


def test_time_that_was_given_moves_until_when_an_answer_is_waited_for() -> None:
    later = datetime(2026, 11, 20, 23, 59, 59, tzinfo=UTC)
    longer = Extended(ask="a2", step="headteacher", days=3, due=later, by="ada", comment="Ill.")
    assert stages_of(CHANGING, recorded(*BEGUN, longer), NAMES)[2].due == later


def test_a_request_that_went_round_five_times_has_the_same_few_stages() -> None:
    history: list[AnyEvent] = [SENT]
    for version in range(1, 6):
        asks = [f"m{version}", f"h{version}", f"c{version}"]
        history += [
            opened(asks[0], "line_manager", version=version),
            decided(Approved, asks[0], "line_manager", "ben", version),
            opened(asks[1], "headteacher", version=version),
            decided(Returned, asks[1], "headteacher", "helen", version),
            opened(asks[2], "changes", AUTHOR, version),
            edited(version + 1, version + 1),
            closed(asks[2], "changes", "changed"),
        ]
    stages = stages_of(CHANGING, recorded(*history, opened("m6", "line_manager", version=6)), NAMES)
    assert [stage.title for stage in stages] == ["Request", "Line manager", "Headteacher", "End"]
    assert stages[0].words == "Changed 5 times (version 6)"
    assert stages[1].void == "approvals of versions 1, 2, 3, 4 and 5 are void"
    assert draw(stages, "Steps").height < 520
