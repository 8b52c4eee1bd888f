"""What is neglected: a site that nobody looks at, or finds wanting, an overdue review, a draft. Played in memory."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any, Final

import pytest

from domain.events import AskClosed, AskOpened, Escalated, RequestEdited, Verdict
from domain.order import barred, drafting_apart, first_violation
from domain.pack import Process
from domain.round_entries import (
    BoardDecided,
    ChangeTurnedDown,
    ClosureProposed,
    ConsultationHeld,
    DraftReady,
    ReviewOverdue,
    SiteChanged,
    SiteReviewed,
    SiteWentLive,
)
from tests.rounds import REVIEW, SITE_LIFE, a_step, a_task, an_opening_of, people_of_rounds, put_on_record
from tests.stories import a_person, an_answer
from tests.workflows import test_goes_on
from tests.workflows.test_goes_on import EVERYBODY, MANY, Life, reviewed
from workflows import site_life
from workflows.explorer import MemoryHost, Playing, TimePasses
from workflows.review import Review

NOW: Final = datetime(2026, 11, 2, 9, tzinfo=UTC)
NEGLECTED: Final = Process.model_validate(
    SITE_LIFE.model_dump()
    | {
        "rounds": [
            one.model_dump() | ({"proposes_closing_on": 20} if one.key == "look" else {}) for one in SITE_LIFE.rounds
        ]
    }
)


@pytest.fixture
def life(monkeypatch: pytest.MonkeyPatch) -> Life:
    """Return a site that is live, and that somebody has been asked for ten days to look at."""
    monkeypatch.setattr(test_goes_on, "LIFE", NEGLECTED)
    monkeypatch.setattr(site_life, "_MOST_ACTS", MANY)
    life = Life(closure_date="2030-11-01")
    life.go_live()
    life.wait(195)
    assert "look" in life.open
    return life


# Early closure.


@pytest.mark.meets("LIFE-03")
def test_where_nobody_looks_at_a_site_it_is_proposed_to_close_it_early(life: Life) -> None:
    assert life.count(ClosureProposed) == 0
    life.wait(17)
    assert life.count(ClosureProposed) == 1
    assert {"look", "headteacher"} <= set(life.open)
    assert life.dates["closure"] == date(2030, 11, 1)
    [edited] = [event for event in life.events if isinstance(event, RequestEdited)]
    assert (edited.by, edited.changed) == ("duly", ("closure_date",))
    assert life.decide() == "done"
    assert life.count(SiteChanged) == 1
    assert life.dates["closure"] == date.fromisoformat(str(edited.answers["closure_date"]))
    assert "close" in life.open or life.dates["closure"] > life.today + timedelta(days=28)
    life.wait(30)
    assert "close" in life.open


def test_what_is_turned_down_is_not_proposed_again_before_the_next_time(life: Life) -> None:
    life.wait(17)
    assert life.decide(Verdict.REJECT) == "done"
    assert life.dates["closure"] == date(2030, 11, 1)
    life.begin_again()
    life.wait(60)
    assert (life.count(ClosureProposed), life.count(ChangeTurnedDown)) == (1, 1)
    assert life.says(put_on_record(reviewed(), "author", "look")) == "done"
    life.wait(230)
    assert life.count(ClosureProposed) == 2


@pytest.mark.parametrize("again", [False, True])
def test_it_is_proposed_on_its_day_and_not_where_somebody_looks(life: Life, again: bool) -> None:
    if again:
        life.begin_again()
    assert life.says(put_on_record(reviewed(), "author", "look")) == "done"
    life.wait(60)
    assert life.count(ClosureProposed) == 0
    life.wait(150)
    life.begin_again()
    life.wait(30)
    assert life.count(ClosureProposed) == 1


def test_a_change_that_waits_is_decided_first(life: Life) -> None:
    life.wait(12)
    life.change(title="Club")
    life.wait(8)
    assert life.count(ClosureProposed) == 0
    assert life.decide() == "done"
    assert life.count(ClosureProposed) == 1
    assert life.decide() == "done"
    assert life.dates["closure"] < date(2030, 11, 1)


def test_a_site_that_ends_soon_is_not_closed_early(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(test_goes_on, "LIFE", NEGLECTED)
    life = Life(closure_date="2027-06-20")
    life.go_live()
    life.wait(225)
    assert life.count(ClosureProposed) == 0


# A site that somebody finds wanting.

FOUND: Final = (("no", "yes"), ("yes", "no"), ("no", "no"))


def looked(maintained: str = "no", as_agreed: str = "yes") -> SiteReviewed:
    return SiteReviewed.model_validate(
        {"maintained": maintained, "as_agreed": as_agreed, "privacy": "As before.", "note": "I have asked for help."}
    )


@pytest.mark.meets("LIFE-03", "LIFE-06", "LIFE-13")
@pytest.mark.parametrize(("maintained", "as_agreed"), FOUND)
def test_whoever_finds_a_site_wanting_leaves_it_asked_until_somebody_says_otherwise(
    life: Life, maintained: str, as_agreed: str
) -> None:
    due = life.open["look"]
    assert life.says(put_on_record(looked(maintained, as_agreed), "author", "first")) == "done"
    assert life.open["look"] == due
    assert life.count(AskClosed) == 1
    life.wait(7)
    assert life.count(Escalated) == 1
    assert life.says(put_on_record(looked(maintained, as_agreed), "author", "second")) == "done"
    life.wait(10)
    assert life.count(ClosureProposed) == 1
    assert {"look", "headteacher"} <= set(life.open)
    assert life.decide(Verdict.REJECT) == "done"
    assert life.says(put_on_record(reviewed(), "author", "third")) == "done"
    assert "look" not in life.open


@pytest.mark.parametrize("again", [False, True])
def test_a_site_that_is_put_right_in_time_is_not_proposed_to_be_closed(life: Life, again: bool) -> None:
    assert life.says(put_on_record(looked(), "author", "first")) == "done"
    if again:
        life.begin_again()
    life.wait(5)
    assert life.says(put_on_record(reviewed(), "author", "second")) == "done"
    assert "look" not in life.open
    life.wait(60)
    assert life.count(ClosureProposed) == 0


@pytest.mark.parametrize("again", [False, True])
def test_whoever_finds_it_wanting_between_two_times_is_asked_at_once(life: Life, again: bool) -> None:
    assert life.says(put_on_record(reviewed(), "author", "first")) == "done"
    if again:
        life.begin_again()
    life.wait(30)
    assert "look" not in life.open
    assert life.today == date(2027, 6, 15)
    assert life.says(put_on_record(looked(), "author", "second")) == "done"
    assert "look" in life.open
    assert life.dates["site_review"] == life.today
    life.wait(35)
    assert life.count(ClosureProposed) == 1
    assert life.decide(Verdict.REJECT) == "done"
    assert life.says(put_on_record(reviewed(), "author", "third")) == "done"
    life.wait((date(2027, 12, 14) - life.today).days)
    assert "look" not in life.open
    life.wait(1)
    assert "look" in life.open


def test_a_life_that_ran_before_takes_every_look_for_an_answer(life: Life, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MemoryHost, "since", lambda *_: False)
    assert life.says(put_on_record(looked(), "author", "first")) == "done"
    assert "look" not in life.open
    life.wait(60)
    assert life.count(ClosureProposed) == 0


# The days of a site.


@pytest.mark.meets("LIFE-02")
def test_a_site_whose_day_of_closing_has_come_goes_live_no_more() -> None:
    life = Life(closure_date="2026-11-20")
    life.wait(18)
    live = SiteWentLive(
        address="https://example.org/club",
        on=life.today,
        terms_published="yes",
        privacy="Closed.",
        trained=EVERYBODY,
    )
    assert life.says(put_on_record(live, "author", "on the day")) == "incomplete"
    before = live.model_copy(update={"on": life.today - timedelta(days=1)})
    assert life.says(put_on_record(before, "author", "the day before")) == "done"


@pytest.mark.meets("LIFE-02")
@pytest.mark.parametrize(
    ("closes", "says"), [("2026-10-01", "incomplete"), ("2026-11-12", "incomplete"), ("2026-11-13", "done")]
)
def test_the_closing_of_a_site_is_put_on_no_day_that_has_come(closes: str, says: str) -> None:
    life = Life(closure_date="2026-11-30", go_live_date="2026-09-01")
    life.go_live()
    life.wait(10)
    assert life.change(closure_date=closes) == says


@pytest.mark.meets("LIFE-02")
def test_a_site_whose_day_of_closing_has_come_can_be_changed_in_all_else() -> None:
    life = Life(closure_date="2026-11-20")
    life.go_live()
    life.wait(30)
    assert life.change(title="Club") == "done"


def test_a_life_that_ran_before_takes_any_day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MemoryHost, "since", lambda *_: False)
    life = Life(closure_date="2026-11-01")
    life.go_live()
    assert life.change(closure_date="2026-10-01") == "done"


# A review that nobody sees to.


def overdue(playing: Playing) -> list[date]:
    """Return the days on which it was told that the review is overdue."""
    return [said.at.date() for said in playing.host.events if isinstance(said.event, ReviewOverdue)]


def passed(playing: Playing, days: int) -> None:
    playing.make(TimePasses(until=playing.host.clock + timedelta(days=days)))


@pytest.mark.meets("REV-05")
@pytest.mark.parametrize(
    ("again", "days"),
    [
        ("month", [date(2026, 11, 2), date(2026, 12, 2), date(2027, 1, 1), date(2027, 2, 1), date(2027, 3, 1)]),
        ("year", [date(2026, 11, 2), date(2027, 11, 2)]),
    ],
)
def test_an_overdue_review_is_told_of_again_as_often_as_the_pack_says(again: str, days: list[date]) -> None:
    playing = a_review(told_again=again)
    passed(playing, 366)
    assert overdue(playing)[: len(days)] == days
    assert len(overdue(playing)) == {"month": 13, "year": 2}[again]


@pytest.mark.meets("REV-05")
def test_an_overdue_review_is_told_of_for_as_long_as_it_is_overdue_and_no_longer() -> None:
    playing = a_review()
    passed(playing, 3 * 366)
    assert len(overdue(playing)) == 10
    assert all((later - day).days > 100 for day, later in pairwise(overdue(playing)))
    ask = drafted(playing, "owner", "2")
    reply = playing.make(an_answer(ask.ask, "other", version=ask.version))
    assert reply is not None
    assert reply.says == "done"
    assert playing.case.outcome == "again"


def test_a_review_that_ran_before_is_told_of_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MemoryHost, "since", lambda *_: False)
    playing = a_review()
    passed(playing, 3 * 366)
    assert len(overdue(playing)) == 1


@pytest.mark.meets("REV-09", "REV-11")
@pytest.mark.parametrize(("since", "says"), [(True, "incomplete"), (False, "done")])
@pytest.mark.parametrize(
    "entry",
    [
        DraftReady(version="2", supersedes="1", what_changed="x", effective_from=date(1999, 1, 1), text="x"),
        DraftReady(version="2", supersedes="1", what_changed="x", effective_from=date(2190, 1, 1), text="x"),
        ConsultationHeld(with_whom="x", first=date(2015, 1, 1), last=date(2015, 2, 1), responses="x"),
        BoardDecided(approved="yes", minute="7", on=date(2015, 1, 1), quorate="yes"),
        BoardDecided(approved="yes", minute="\u00a0", on=NOW.date(), quorate="yes"),
    ],
)
def test_a_review_takes_no_day_of_another_time_and_no_minute_without_a_number(
    monkeypatch: pytest.MonkeyPatch, entry: DraftReady | ConsultationHeld | BoardDecided, since: bool, says: str
) -> None:
    monkeypatch.setattr(MemoryHost, "since", lambda *_: since)
    tasks = [a_task(kind, kind, "policy_owner") for kind in ("draft_ready", "consultation_held", "board_decided")]
    playing = a_review(tasks=[one for one in tasks if one["key"] == entry.kind])
    reply = playing.make(put_on_record(entry, "owner"))
    assert reply is not None
    assert reply.says == says


# Drafting and approving.

RULE: Final = {
    "rule": "different_people",
    "key": "drafted-by-another",
    "first": {"event": "draft_ready"},
    "then": {"event": "approved", "step": "second"},
    "clause": "REV",
}


def a_review(*rules: dict[str, Any], told_again: str = "term", **more: Any) -> Playing:
    """Return a review that two people draft in turn and may approve, which is overdue."""
    whole = REVIEW.model_dump()
    cycle = {**whole["cycle"], "told_again": told_again}
    process = Process.model_validate(
        whole | {"steps": [a_step("second", "policy_owner")], "rules": list(rules), "cycle": cycle} | more
    )
    people = people_of_rounds().model_copy(
        update={"people": (*people_of_rounds().people, a_person("other", "policy_owner"))}
    )
    opening = an_opening_of(process, "review", "Code of conduct", document="code", version="1")
    return Playing(Review(), opening, people, NOW)


def drafted(playing: Playing, by: str, version: str) -> AskOpened:
    """Have a draft made and consulted on; return the ask for its approval."""
    today = playing.host.clock.date()
    draft = DraftReady(version=version, supersedes="1", what_changed="All.", effective_from=today, text="Be kind.")
    held = ConsultationHeld(with_whom="Staff", first=today, last=today, responses="None.")
    for entry in (draft, held):
        reply = playing.make(put_on_record(entry, by, f"{entry.kind} {version}"))
        assert reply is not None
        assert reply.says == "done"
    opened = [said.event for said in playing.host.events if isinstance(said.event, AskOpened)]
    return next(one for one in reversed(opened) if one.step == "second")


@pytest.mark.meets("REV-03")
@pytest.mark.parametrize(
    ("rules", "since", "says"), [((RULE,), True, "not_asked"), ((), True, "done"), ((RULE,), False, "done")]
)
def test_whoever_drafted_any_version_does_not_approve_where_the_pack_says_so(
    monkeypatch: pytest.MonkeyPatch, rules: tuple[dict[str, Any], ...], since: bool, says: str
) -> None:
    monkeypatch.setattr(MemoryHost, "since", lambda *_: since)
    playing = a_review(*rules)
    first = drafted(playing, "owner", "2")
    assert (playing.make(an_answer(first.ask, "other", Verdict.REJECT, version=first.version)) is not None) is True
    second = drafted(playing, "other", "3")
    reply = playing.make(an_answer(second.ask, "owner", version=second.version))
    assert reply is not None
    assert reply.says == says


def test_a_rule_that_keeps_drafting_apart_from_approving_speaks_of_every_version() -> None:
    playing = a_review(RULE)
    drafted(playing, "owner", "2")
    rules = playing.case.opening.process.rules
    past = [said.event for said in playing.host.events]
    assert [drafting_apart(rule) for rule in rules] == [True]
    assert barred(rules, past, "second", 2) == {"owner"}
    assert first_violation(rules, past) is None
