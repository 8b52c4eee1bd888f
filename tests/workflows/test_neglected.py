"""A site that nobody looks at any more, and a draft that its author does not approve. Played in memory."""

from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import pytest

from domain.events import AskOpened, RequestEdited, Verdict
from domain.order import barred, drafting_apart, first_violation
from domain.pack import Process
from domain.round_entries import ChangeTurnedDown, ClosureProposed, ConsultationHeld, DraftReady, SiteChanged
from tests.rounds import REVIEW, SITE_LIFE, a_step, an_opening_of, people_of_rounds, put_on_record
from tests.stories import a_person, an_answer
from tests.workflows import test_goes_on
from tests.workflows.test_goes_on import MANY, Life, reviewed
from workflows import site_life
from workflows.explorer import MemoryHost, Playing
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


# Drafting and approving.

RULE: Final = {
    "rule": "different_people",
    "key": "drafted-by-another",
    "first": {"event": "draft_ready"},
    "then": {"event": "approved", "step": "second"},
    "clause": "REV",
}


def a_review(*rules: dict[str, Any]) -> Playing:
    """Return a review that two people draft in turn and may approve, which is overdue."""
    process = Process.model_validate(
        REVIEW.model_dump() | {"steps": [a_step("second", "policy_owner")], "rules": list(rules)}
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
