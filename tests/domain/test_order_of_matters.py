"""The order rules of confidential cases: the same allegation, what is permitted, what is held, and whose part it is."""

from typing import Any, Final

import pytest

from domain.allegations import Permit, Procedure
from domain.entries import (
    CaseRouted,
    DecisionMade,
    InvestigationStarted,
    InvestigatorAppointed,
    LadoAdviceRecorded,
    LadoReferralMade,
    PoliceHoldPlaced,
    PoliceHoldReleased,
    SuspensionDecided,
)
from domain.events import AnyEvent
from domain.order import barred_from, first_violation, forbidding_rule, matches
from domain.pack import Before, DifferentPeople, EventMatch, NotBetween, OrderRule, Permitted


def on(*events: str, **where: Any) -> EventMatch:
    """Return the pattern of `events` that say one of what is named."""
    return EventMatch.model_validate({"event": events, "where": where})


REFERRAL: Final = Before(
    rule="before",
    key="referral",
    first=on("lado_referral_made"),
    then=on("lado_advice_recorded", "investigation_started"),
    same="allegation",
    clause="1",
)
LEAVE: Final = Permitted(
    rule="permitted",
    key="leave",
    first=on("lado_advice_recorded"),
    then=on("investigation_started"),
    permit="investigate",
    clause="2",
)
HOLD: Final = NotBetween(
    rule="not_between",
    key="hold",
    opens=on("police_hold_placed"),
    closes=on("police_hold_released"),
    then=on("investigation_started"),
    stops_clocks=True,
    clause="3",
)
APART: Final = DifferentPeople(
    rule="different_people",
    key="apart",
    first=on("investigator_appointed"),
    then=on("decision_made"),
    clause="4",
)
ROAD: Final = NotBetween(
    rule="not_between",
    key="road",
    opens=on("case_routed", procedure="governor"),
    closes=on("case_routed", procedure=("staff", "central_staff")),
    then=on("decision_made", sanction=("first_warning", "dismissal")),
    clause="5",
)


def referred(*keys: str) -> LadoReferralMade:
    return LadoReferralMade(allegations=keys, method="phone", spoke_to="x")


def advised(*keys: str, permits: tuple[Permit, ...] = ("investigate",)) -> LadoAdviceRecorded:
    return LadoAdviceRecorded(
        allegations=keys, giver="x", method="phone", advice="employer_investigation", permits=permits
    )


def started(*keys: str) -> InvestigationStarted:
    return InvestigationStarted(allegations=keys, investigator="x")


def appointed(person: str, by: str) -> InvestigatorAppointed:
    return InvestigatorAppointed(person=person, by=by)


def decided(by: str, sanction: Any = "no_action") -> DecisionMade:
    return DecisionMade(by=by, sanction=sanction, reasons="x")


def routed(procedure: Procedure) -> CaseRouted:
    return CaseRouted(route="x", ladder=(), told=(), procedure=procedure, recused=())


PLACED, RELEASED = PoliceHoldPlaced(who="x"), PoliceHoldReleased(who="x")


@pytest.mark.parametrize(
    ("rule", "events", "breaks_at"),
    [
        # Of the same allegation, of each of them, and never of none.
        (REFERRAL, [advised("a")], 0),
        (REFERRAL, [referred("a"), advised("a")], None),
        (REFERRAL, [referred("b"), advised("a")], 1),
        (REFERRAL, [referred("a"), advised("a", "b")], 1),
        (REFERRAL, [referred("a"), referred("b"), advised("a", "b")], None),
        (REFERRAL, [referred("a"), advised()], 1),
        # Only the latest advice about each counts.
        (LEAVE, [advised("a"), started("a")], None),
        (LEAVE, [advised("a", permits=()), started("a")], 1),
        (LEAVE, [advised("a"), advised("a", permits=()), started("a")], 2),
        (LEAVE, [advised("a", permits=()), advised("a"), started("a")], None),
        (LEAVE, [advised("a"), advised("b", permits=()), started("a")], None),
        (LEAVE, [advised("a"), advised("b", permits=()), started("a", "b")], 2),
        (LEAVE, [advised("a"), started()], 1),
        (LEAVE, [started("a")], 0),
        # Until it is released, however often it was placed.
        (HOLD, [started("a")], None),
        (HOLD, [PLACED, started("a")], 1),
        (HOLD, [PLACED, RELEASED, started("a")], None),
        (HOLD, [PLACED, PLACED, RELEASED, started("a")], None),
        (HOLD, [PLACED, RELEASED, PLACED, started("a")], 3),
        # Whoever was appointed, and not whoever appointed them; both ways round.
        (APART, [appointed("ivy", "hal"), decided("hal")], None),
        (APART, [appointed("ivy", "hal"), decided("ivy")], 1),
        (APART, [decided("ivy"), appointed("ivy", "hal")], 1),
        (APART, [appointed("ivy", "hal"), appointed("ian", "hal"), decided("ivy")], 2),
        # By the road that the case takes now.
        (ROAD, [routed("governor"), decided("dee", "dismissal")], 1),
        (ROAD, [routed("governor"), decided("dee")], None),
        (ROAD, [routed("staff"), decided("dee", "dismissal")], None),
        (ROAD, [routed("staff"), routed("governor"), decided("dee", "first_warning")], 2),
        (ROAD, [routed("governor"), routed("central_staff"), decided("dee", "first_warning")], None),
    ],
)
def test_the_first_event_that_breaks_a_rule_is_found(
    rule: OrderRule, events: list[AnyEvent], breaks_at: int | None
) -> None:
    assert first_violation([rule], events) == (None if breaks_at is None else (breaks_at, rule))


@pytest.mark.parametrize(
    ("where", "event", "fits"),
    [
        ({"permits": "investigate"}, advised("a", permits=("tell_subject", "investigate")), True),
        ({"permits": "investigate"}, advised("a", permits=("tell_subject",)), False),
        ({"permits": "investigate"}, advised("a", permits=()), False),
        ({"permits": ("investigate", "tell_subject"), "advice": "police"}, advised("a"), False),
        ({"allegations": "a"}, referred("a", "b"), True),
        ({"sanction": ("dismissal", "no_action")}, decided("dee"), True),
        ({"sanction": "dismissal"}, decided("dee"), False),
        ({"nothing": "dismissal"}, decided("dee"), False),
    ],
)
def test_a_pattern_asks_for_one_of_what_an_event_says(where: dict[str, Any], event: AnyEvent, fits: bool) -> None:
    assert matches(on(event.kind, **where), event) == fits


@pytest.mark.parametrize(("suspended", "said"), [(True, "true"), (False, "false")])
def test_a_yes_or_no_is_asked_for_in_words(suspended: bool, said: str) -> None:
    event = SuspensionDecided(subject="s", suspended=suspended, alternatives="x", reasons="x")
    assert matches(
        on(
            "suspension_decided",
        ),
        event,
    )


@pytest.mark.parametrize(
    ("past", "kinds", "bars"),
    [
        ([appointed("ivy", "hal")], ["decision_made"], {"ivy"}),
        ([decided("dee")], ["investigator_appointed"], {"dee"}),
        ([appointed("ivy", "hal"), decided("dee")], ["decision_made", "investigator_appointed"], {"ivy", "dee"}),
        ([appointed("ivy", "hal")], ["letter_sent"], set()),
        ([InvestigationStarted(investigator="x")], ["decision_made"], set()),
    ],
)
def test_who_had_a_part_is_barred_from_the_other(past: list[AnyEvent], kinds: list[str], bars: set[str]) -> None:
    assert barred_from([APART, HOLD], past, kinds) == bars


@pytest.mark.parametrize("who", ["ivy", "hal", "dee"])
def test_who_is_barred_is_whom_the_rule_would_refuse(who: str) -> None:
    past: list[AnyEvent] = [appointed("ivy", "hal")]
    refused = forbidding_rule([APART], past, decided(who)) is not None
    assert (who in barred_from([APART], past, ["decision_made"])) == refused
