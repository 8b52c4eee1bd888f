"""What keeps a case from being erased, as a table; and that a hold is released by two."""

from datetime import date
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.keeping import Bar, Hold, Keeping, bar_to_erasing, bar_to_proposing, is_due, may_release
from domain.retention import Kept
from tests.builders import MONDAY

LAST_DAY: Final = date(2037, 1, 11)
AFTER: Final = date(2037, 1, 12)
TERM: Final = Kept(until=LAST_DAY, why="10 years have passed then since it was recorded")
HOLD: Final = Hold(id="h", by="lead", at=MONDAY, reason="A claim.")
DUE: Final = Keeping(term=TERM, erasure_by="tara")
CUSTODIANS: Final = ("tara", "tom")

BARS: Final[dict[str, tuple[Keeping, bool, str, date, Bar | None]]] = {
    "nothing": (DUE, True, "tom", AFTER, None),
    "its last day": (DUE, True, "tom", LAST_DAY, "not_due"),
    "that nobody can say when": (
        DUE.model_copy(update={"term": Kept(until=None, why="")}),
        True,
        "tom",
        AFTER,
        "not_due",
    ),
    "that nobody has worked it out": (DUE.model_copy(update={"term": None}), True, "tom", AFTER, "not_due"),
    "that it has not ended": (DUE, False, "tom", AFTER, "open"),
    "a hold": (DUE.model_copy(update={"holds": (HOLD,)}), True, "tom", AFTER, "on_hold"),
    "somebody who is no custodian": (DUE, True, "lead", AFTER, "not_custodian"),
    "the same person": (DUE, True, "tara", AFTER, "second_person"),
    "that nobody wanted it first": (DUE.model_copy(update={"erasure_by": None}), True, "tom", AFTER, "second_person"),
    "a first who is none any more": (DUE.model_copy(update={"erasure_by": "x"}), True, "tom", AFTER, "second_person"),
}


@pytest.mark.parametrize(("keeping", "closed", "person", "today", "bar"), BARS.values(), ids=BARS.keys())
def test_a_case_is_kept_from_being_erased_by(
    keeping: Keeping, closed: bool, person: str, today: date, bar: Bar | None
) -> None:
    assert bar_to_erasing(keeping, closed=closed, custodians=CUSTODIANS, person=person, today=today) == bar
    proposing = bar_to_proposing(keeping, closed=closed, custodians=CUSTODIANS, person=person, today=today)
    assert proposing == (None if bar == "second_person" else bar)


@given(
    keeping=st.builds(
        Keeping,
        holds=st.sampled_from([(), (HOLD,)]),
        term=st.sampled_from([None, TERM, Kept(until=None, why="")]),
        erasure_by=st.sampled_from([None, "tara", "tom", "lead"]),
    ),
    closed=st.booleans(),
    custodians=st.sets(st.sampled_from(["tara", "tom"])),
    person=st.sampled_from(["tara", "tom", "lead"]),
    today=st.sampled_from([LAST_DAY, AFTER]),
)
def test_whatever_is_so_only_two_custodians_erase_a_closed_case_without_a_hold_when_its_time_is_over(
    keeping: Keeping, closed: bool, custodians: set[str], person: str, today: date
) -> None:
    if bar_to_erasing(keeping, closed=closed, custodians=custodians, person=person, today=today) is None:
        assert closed
        assert not keeping.holds
        assert is_due(keeping, today)
        assert {keeping.erasure_by, person} == custodians
        assert len(custodians) == 2


def test_a_hold_undoes_what_was_proposed_and_its_release_does_not_bring_it_back() -> None:
    held = DUE.model_copy(update={"due_since": AFTER}).held_by(HOLD)
    assert (held.holds, held.erasure_by, held.due_since) == ((HOLD,), None, None)
    assert held.without(HOLD) == Keeping(term=TERM)
    assert (held.hold("h"), held.hold("x")) == (HOLD, None)


def test_a_hold_is_released_by_a_second_custodian_alone() -> None:
    wanted = Keeping(holds=(HOLD,)).with_release(HOLD, "tara", "Settled.").holds[0]
    assert (wanted.release_by, wanted.release_reason) == ("tara", "Settled.")
    assert not may_release(HOLD, custodians=CUSTODIANS, person="tom")
    assert [may_release(wanted, custodians=CUSTODIANS, person=one) for one in ("tom", "tara", "lead")] == [
        True,
        False,
        False,
    ]
    assert not may_release(wanted, custodians=("tom",), person="tom")
