"""Order rules: what must come first, and who may not do both."""

from datetime import UTC, datetime

import pytest

from domain.events import AnyEvent, Approved, Confirmed, Signature, SiteApproved, SiteRegistered
from domain.order import first_violation, forbidding_rule, matches
from domain.pack import Before, DifferentPeople, EventMatch, OrderRule

AT = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)


def approved(step: str, by: str = "ben", version: int = 1) -> Approved:
    return Approved(
        ask=step,
        step=step,
        seat=step,
        by=by,
        how="link",
        version=version,
        opened_at=AT,
        signature=Signature(name=by, attestation="I approve."),
    )


def confirmed(what: str, by: str = "helen") -> Confirmed:
    return Confirmed(ask="a2", step="head", confirmation=what, by=by)


SITE_APPROVED = SiteApproved(version=1)
REGISTERED = SiteRegistered(title="t", school="s")

MANAGER_FIRST = Before(
    rule="before",
    key="manager-first",
    first=EventMatch(event="approved", step="manager"),
    then=EventMatch(event="approved", step="head"),
    same_version=True,
    clause="1",
)
CONFIRMED_FIRST = Before(
    rule="before",
    key="confirmed-first",
    first=EventMatch(event="confirmed", step="head", confirmation="resourced"),
    then=EventMatch(event="site_approved"),
    clause="2",
)
TWO_PEOPLE = DifferentPeople(
    rule="different_people",
    key="two-people",
    first=EventMatch(event="approved", step="manager"),
    then=EventMatch(event="approved", step="head"),
    clause="3",
)


@pytest.mark.parametrize(
    ("rule", "events", "breaks_at"),
    [
        (MANAGER_FIRST, [], None),
        (MANAGER_FIRST, [approved("manager")], None),
        (MANAGER_FIRST, [approved("head")], 0),
        (MANAGER_FIRST, [approved("manager"), approved("head")], None),
        (MANAGER_FIRST, [approved("head"), approved("manager")], 0),
        # An approval of another version counts for nothing.
        (MANAGER_FIRST, [approved("manager"), approved("head", version=2)], 1),
        (MANAGER_FIRST, [approved("manager"), approved("manager", version=2), approved("head", version=2)], None),
        (CONFIRMED_FIRST, [SITE_APPROVED], 0),
        (CONFIRMED_FIRST, [confirmed("consulted"), SITE_APPROVED], 1),
        (CONFIRMED_FIRST, [confirmed("resourced"), SITE_APPROVED], None),
        (CONFIRMED_FIRST, [REGISTERED], None),
        (TWO_PEOPLE, [approved("manager", "ben"), approved("head", "ben")], 1),
        (TWO_PEOPLE, [approved("manager", "ben"), approved("head", "helen")], None),
        (TWO_PEOPLE, [approved("head", "ben")], None),
    ],
)
def test_the_first_event_that_breaks_a_rule_is_found(
    rule: OrderRule, events: list[AnyEvent], breaks_at: int | None
) -> None:
    assert first_violation([rule], events) == (None if breaks_at is None else (breaks_at, rule))


def test_the_first_rule_that_forbids_an_event_is_named() -> None:
    past = [approved("manager", "ben")]
    rules = (MANAGER_FIRST, TWO_PEOPLE)
    assert forbidding_rule(rules, past, approved("head", "ben")) == TWO_PEOPLE
    assert forbidding_rule(rules, past, approved("head", "ben", version=2)) == MANAGER_FIRST
    assert forbidding_rule(rules, past, approved("head", "helen")) is None


@pytest.mark.parametrize(
    ("pattern", "event", "fits"),
    [
        (EventMatch(event="approved"), approved("head"), True),
        (EventMatch(event="approved", step="manager"), approved("head"), False),
        (EventMatch(event="site_approved", step="head"), SITE_APPROVED, False),
        (EventMatch(event="confirmed", confirmation="resourced"), confirmed("resourced"), True),
        (EventMatch(event="confirmed", confirmation="resourced"), approved("head"), False),
    ],
)
def test_a_pattern_fits_events_of_its_kind_step_and_confirmation(
    pattern: EventMatch, event: AnyEvent, fits: bool
) -> None:
    assert matches(pattern, event) == fits


def test_a_history_without_the_first_of_two_is_judged_as_it_would_have_been_then() -> None:
    whole: list[AnyEvent] = [
        approved("manager"),
        confirmed("resourced"),
        approved("head", "helen"),
        SITE_APPROVED,
        REGISTERED,
    ]
    rules = (MANAGER_FIRST, CONFIRMED_FIRST, TWO_PEOPLE)
    assert first_violation(rules, whole) is None
    assert first_violation(rules, whole[1:]) == (1, MANAGER_FIRST)
    assert first_violation(rules, [whole[0], *whole[2:]]) == (2, CONFIRMED_FIRST)
