"""A policy in which a site that nobody looks at is proposed to be closed early."""

import pytest

from domain.pack import Recurring
from domain.pack_faults import faults_of
from tests.packs.test_round_faults import LOOK, with_process
from tests.packs.trying import PACKS, whole_pack


@pytest.mark.meets("LIFE-03")
def test_at_cadmus_it_is_proposed_once_the_headteacher_has_been_told_and_has_not_answered() -> None:
    process = whole_pack("cadmus").process("site_life")
    assert process is not None
    look = next(one for one in process.rounds if one.key == "site_review")
    assert (look.proposes_closing_on or 0) > (look.escalate_on or 0)
    assert {"site_owner", "headteacher"} in [set(one.to) for one in process.notices if one.on == "closure_proposed"]


@pytest.mark.parametrize("pack", [one for one in PACKS if one != "cadmus"])
def test_no_other_policy_says_so(pack: str) -> None:
    rounds = [one for process in whole_pack(pack).processes for one in process.rounds]
    assert all(one.proposes_closing_on is None for one in rounds)


@pytest.mark.parametrize(
    ("escalate", "proposes", "wrong"), [(None, 20, True), (12, 12, True), (12, 13, False), (12, None, False)]
)
def test_nothing_is_proposed_before_somebody_else_was_told(
    escalate: int | None, proposes: int | None, wrong: bool
) -> None:
    look = {**LOOK, "seat": "site_owner", "escalate_on": escalate, "proposes_closing_on": proposes}
    Recurring.model_validate(look)
    said = [str(fault) for fault in faults_of(with_process("site_life", rounds=(look,)))]
    assert any("proposes_closing_on" in one for one in said) is wrong
