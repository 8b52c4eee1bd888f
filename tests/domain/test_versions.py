"""What became of a request after it was sent: its changes, and why it waits for its author."""

from datetime import date, timedelta
from typing import Final

import pytest

from domain.events import (
    AnyEvent,
    AskClosed,
    DatePassed,
    Recorded,
    RequestEdited,
    RequestSubmitted,
    RequestUnfit,
    Returned,
    Signature,
)
from domain.fields import Value
from domain.forms import Fault
from domain.versions import changed_answers, changes_of, sent_back_by, voids_approvals
from tests.builders import MONDAY

SUBMITTED: Final = RequestSubmitted(by="amina", author="amina", version=1, answers={"aims": "One", "age": 7})
RETURNED: Final = Returned(
    ask="a1",
    step="headteacher",
    seat="headteacher",
    by="helen",
    how="link",
    version=1,
    opened_at=MONDAY,
    signature=Signature(name="Helen", attestation="I read it."),
    comment="Say more.",
)
UNFIT: Final = RequestUnfit(
    ask="a1", step="headteacher", by="helen", faults=(Fault(field="live", message="Too early"),)
)
PASSED: Final = DatePassed(question="live", day=date(2026, 11, 2))


def recorded(*events: AnyEvent) -> tuple[Recorded, ...]:
    return tuple(Recorded(n=n, at=MONDAY + timedelta(hours=n), event=event) for n, event in enumerate(events, 1))


def edited(edition: int, version: int, answers: dict[str, Value], *, material: bool = True) -> RequestEdited:
    return RequestEdited(
        by="amina",
        author="amina",
        version=version,
        edition=edition,
        material=material,
        changed=("aims",),
        title="Club",
        answers=answers,
    )


def test_every_change_has_the_answers_before_and_after_it() -> None:
    history = recorded(
        SUBMITTED,
        RETURNED,
        edited(2, 2, {"aims": "Two", "age": 7}),
        UNFIT,
        edited(3, 2, {"aims": "Three", "age": 7}, material=False),
    )
    first, second = changes_of(history)
    assert (first.edition, first.version, first.material, first.at) == (2, 2, True, history[2].at)
    assert (first.before["aims"], first.after["aims"]) == ("One", "Two")
    assert (second.edition, second.version, second.material) == (3, 2, False)
    assert (second.before["aims"], second.after["aims"]) == ("Two", "Three")
    assert changes_of(recorded(SUBMITTED, RETURNED)) == ()


def test_an_answer_that_is_only_there_before_or_after_has_changed() -> None:
    before: dict[str, Value] = {"aims": "One", "age": 7, "team": ("amina", "ben")}
    after: dict[str, Value] = {"aims": "One", "host": "school", "team": ("ben", "amina")}
    assert changed_answers(before, after) == {"age", "host", "team"}
    assert changed_answers(before, before) == set()


def test_one_material_answer_voids_the_approvals() -> None:
    assert voids_approvals({"aims", "phone"}, ("phone",))
    assert not voids_approvals({"phone"}, ("phone", "room"))


@pytest.mark.parametrize("event", [RETURNED, UNFIT, PASSED], ids=["returned", "unfit", "date passed"])
@pytest.mark.parametrize(
    "settles",
    [edited(2, 2, {}), AskClosed(ask="a2", step="changes", why="asked_again")],
    ids=["changed", "asked again"],
)
def test_a_request_waits_for_its_author_until_it_is_changed_or_asked_again(event: AnyEvent, settles: AnyEvent) -> None:
    closed = AskClosed(ask="a1", step="headteacher", why="sent_back")
    back = sent_back_by(recorded(SUBMITTED, event, closed), "changes")
    assert back is not None
    assert back.event == event
    assert sent_back_by(recorded(SUBMITTED), "changes") is None
    assert sent_back_by(recorded(SUBMITTED, event, closed, settles), "changes") is None
    again = sent_back_by(recorded(SUBMITTED, event, closed, settles, PASSED), "changes")
    assert again is not None
    assert again.event == PASSED
