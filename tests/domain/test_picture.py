"""The picture of a case: every stage in its order, told by sign and words, and narrow enough for any screen."""

from datetime import timedelta
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.events import (
    AnyEvent,
    Approved,
    AskClosed,
    AskOpened,
    CaseEnded,
    Recorded,
    Rejected,
    RequestSubmitted,
    RequestWithdrawn,
    Signature,
)
from domain.picture import WIDTH, Stage, draw, stages_of
from tests.builders import ANSWERS, MONDAY, PEOPLE, PROCESS, an_opening

NAMES = {person.id: person.name for person in PEOPLE}
SENT = RequestSubmitted(by="amina", author="amina", version=1, answers=ANSWERS)


def opened(ask: str, step: str, seat: str | None = None) -> AskOpened:
    due = MONDAY + timedelta(days=7)
    return AskOpened(ask=ask, step=step, seat=seat or step, ladder=(step,), due=due, version=1)


def decided(kind: type[Approved] | type[Rejected], ask: str, step: str, by: str) -> AnyEvent:
    return kind(
        ask=ask,
        step=step,
        seat=step,
        by=by,
        how="link",
        version=1,
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
