"""Order rules: what must come first, and who may not do both."""

from datetime import UTC, datetime

import pytest

from domain.events import (
    AnyEvent,
    Approved,
    Confirmed,
    HoldReleased,
    RequestSubmitted,
    Returned,
    Signature,
    SiteApproved,
    SiteRegistered,
)
from domain.order import barred, first_violation, forbidding_rule, matches, standing
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


def returned(step: str, by: str = "ben") -> Returned:
    return Returned.model_validate(approved(step, by).model_dump(exclude={"kind"}) | {"comment": "Not yet."})


def released(ask: str, stands: bool) -> HoldReleased:
    return HoldReleased(ask=ask, step=ask, by="ada", stands=stands, comment="Asked her.")


SUBMITTED = RequestSubmitted(by="amina", author="amina", version=1, answers={})
SITE_APPROVED = SiteApproved(version=1)
REGISTERED = SiteRegistered(title="t", school="s")

MANAGER_FIRST = Before(
    rule="before",
    key="manager-first",
    first=EventMatch(event=("approved",), step="manager"),
    then=EventMatch(event=("approved",), step="head"),
    same="version",
    clause="1",
)
CONFIRMED_FIRST = Before(
    rule="before",
    key="confirmed-first",
    first=EventMatch(event=("confirmed",), step="head", confirmation="resourced"),
    then=EventMatch(event=("site_approved",)),
    clause="2",
)
TWO_PEOPLE = DifferentPeople(
    rule="different_people",
    key="two-people",
    first=EventMatch(event=("approved",), step="manager"),
    then=EventMatch(event=("approved",), step="head"),
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
        # Nor the other way round.
        (TWO_PEOPLE, [approved("head", "ben"), approved("manager", "ben")], 1),
        (TWO_PEOPLE, [approved("manager", "ben"), approved("head", "ben", version=2)], None),
        # What was disputed counts as long as it is not void.
        (MANAGER_FIRST, [approved("manager"), released("manager", stands=True), approved("head")], None),
        (MANAGER_FIRST, [approved("manager"), released("manager", stands=False), approved("head")], 2),
        (TWO_PEOPLE, [approved("manager", "ben"), released("manager", stands=False), approved("head", "ben")], None),
        (TWO_PEOPLE, [approved("manager", "ben"), released("manager", stands=True), approved("head", "ben")], 2),
        # What an answer that is void later led to was right when it happened.
        (MANAGER_FIRST, [approved("manager"), approved("head"), released("manager", stands=False)], None),
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
        (EventMatch(event=("approved",)), approved("head"), True),
        (EventMatch(event=("approved",), step="manager"), approved("head"), False),
        (EventMatch(event=("site_approved",), step="head"), SITE_APPROVED, False),
        (EventMatch(event=("confirmed",), confirmation="resourced"), confirmed("resourced"), True),
        (EventMatch(event=("confirmed",), confirmation="resourced"), approved("head"), False),
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


def test_of_an_answer_that_is_void_nothing_stands_and_of_the_rest_all() -> None:
    mine = Confirmed(ask="manager", step="manager", confirmation="resourced", by="ben")
    void = released("manager", stands=False)
    past: list[AnyEvent] = [SUBMITTED, mine, approved("manager"), void, approved("head", "helen")]
    assert standing(past) == [SUBMITTED, void, approved("head", "helen")]
    assert standing(past[:3]) == past[:3]
    assert standing([returned("manager"), void]) == [void]


NOT_THE_SENDER = DifferentPeople(
    rule="different_people",
    key="not-the-sender",
    first=EventMatch(event=("request_submitted",)),
    then=EventMatch(event=("approved",)),
    clause="4",
)


@pytest.mark.parametrize(
    ("past", "step", "version", "bars"),
    [
        ([SUBMITTED], "head", 1, {"amina"}),
        ([SUBMITTED, approved("manager", "ben")], "head", 1, {"amina", "ben"}),
        ([SUBMITTED, approved("head", "helen")], "manager", 1, {"amina", "helen"}),
        ([SUBMITTED, approved("manager", "ben")], "manager", 1, {"amina"}),
        ([SUBMITTED, approved("manager", "ben")], "other", 1, {"amina"}),
        ([approved("manager", "ben")], "head", 2, set()),
        ([returned("manager", "ben")], "head", 1, set()),
        ([approved("manager", "ben"), released("manager", stands=False)], "head", 1, set()),
        ([approved("manager", "ben"), released("manager", stands=True)], "head", 1, {"ben"}),
    ],
)
def test_who_did_one_of_two_things_is_barred_from_the_other(
    past: list[AnyEvent], step: str, version: int, bars: set[str]
) -> None:
    rules = (TWO_PEOPLE, MANAGER_FIRST, NOT_THE_SENDER)
    assert barred(rules, past, step, version) == bars


@pytest.mark.parametrize("step", ["manager", "head"])
def test_who_is_barred_is_whom_the_rule_would_refuse(step: str) -> None:
    past: list[AnyEvent] = [approved("manager", "ben"), approved("head", "helen")]
    for who in ("ben", "helen", "dev"):
        refused = forbidding_rule((TWO_PEOPLE,), past, approved(step, who)) is not None
        assert (who in barred((TWO_PEOPLE,), past, step, 1)) == refused
