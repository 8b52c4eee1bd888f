"""More ways round what comes round, that were tried: each is closed. Played in memory, where a case is all there is."""

from datetime import UTC, datetime
from typing import Final

import pytest

from domain.cases import Act, Batch, FromPack, Opening, Published, Roll
from domain.events import Approved, Verdict
from domain.evidence import attestations
from domain.pack import Process
from domain.round_entries import CampaignBegan, PostModerated, SiteChanged, VisitorSigned
from tests.rounds import people_of_rounds, put_on_record
from tests.stories import a_lever, an_answer
from tests.workflows.test_countersignature import a_campaign, asked, events, said
from tests.workflows.test_goes_on import Life
from workflows import acknowledgement
from workflows.acknowledgement import Acknowledgement
from workflows.case import AGAIN
from workflows.explorer import Playing

NOW: Final = datetime(2026, 11, 2, 9, tzinfo=UTC)
FEW: Final = 20
ASIDE: Final = Act(kind="step_aside", person="head", how="session", ask="a1", comment="I wrote it.")
DISPUTE: Final = Act(kind="dispute", person="head", how="session", ask="a1")


@pytest.fixture
def campaign(monkeypatch: pytest.MonkeyPatch) -> Playing:
    """Return a campaign in which the headteacher signs besides, and which begins again after few acts."""
    monkeypatch.setattr(acknowledgement, "_MOST_ACTS", FEW)
    return a_campaign()


def filled(playing: Playing) -> None:
    """Have as many visitors sign as the case takes before it begins again."""
    for number in range(FEW):
        if playing.case.outcome is None:
            visitor = VisitorSigned(name=f"Visitor {number}", wording="I agree.", until=NOW.date())
            assert said(playing, put_on_record(visitor, "desk", f"{playing.case.n}")) == "done"


def told_on(playing: Playing) -> Playing:
    """Return the case that goes on, once it has begun again."""
    filled(playing)
    assert playing.case.outcome == AGAIN
    opening = playing.case.next_opening
    assert opening is not None
    return Playing(Acknowledgement(), Opening.model_validate_json(opening.model_dump_json()), people_of_rounds(), NOW)


# A campaign that begins again, with or without anything to say at that moment.


@pytest.mark.parametrize("signs", [True, False])
@pytest.mark.parametrize("by_calls", [True, False])
def test_a_campaign_that_begins_again_counts_on(
    campaign: Playing, monkeypatch: pytest.MonkeyPatch, by_calls: bool, signs: bool
) -> None:
    monkeypatch.setattr(acknowledgement, "_MOST_CALLS", FEW)
    if signs:
        assert said(campaign, an_answer("a1", "head", confirmations=())) == "done"
    while by_calls and campaign.case.outcome is None:
        assert said(campaign, Act(kind="call_roll", person="duly", how="duly")) == "done"
    on = told_on(campaign)
    opening, visitor = on.case.opening, VisitorSigned(name="Vera Visitor", wording="I agree.", until=NOW.date())
    assert opening.events == campaign.host.events[-1].n
    assert said(on, put_on_record(visitor, "desk")) == "done"
    assert [one.n for one in on.host.events] == [opening.events + place + 1 for place in range(len(on.host.events))]
    assert not any(isinstance(one.event, CampaignBegan) for one in on.host.events)
    assert not {one.ask for one in asked(campaign)} & {one.ask for one in asked(on)}
    assert len(opening.replied) == (0 if by_calls else FEW) + (by_calls and signs)


# The countersignature of a campaign that begins again.


def test_a_seat_whose_signature_was_void_is_still_asked_after_the_campaign_began_again(campaign: Playing) -> None:
    assert said(campaign, an_answer("a1", "head", confirmations=())) == "done"
    assert said(campaign, DISPUTE) == "done"
    assert said(campaign, a_lever("release", ask="a1", stands=False)) == "done"
    assert [one.step for one in asked(told_on(campaign))] == ["countersignature"]


@pytest.mark.parametrize("again", [False, True])
@pytest.mark.parametrize("stands", [True, False])
def test_a_seat_whose_refusal_was_not_its_own_is_asked_again(campaign: Playing, stands: bool, again: bool) -> None:
    assert said(campaign, an_answer("a1", "head", Verdict.REJECT)) == "done"
    assert said(campaign, DISPUTE) == "done"
    assert campaign.case.standing().disputed == ("a1",)
    assert said(campaign, a_lever("release", ask="a1", stands=stands)) == "done"
    if again:
        campaign = told_on(campaign)
    opened = [one.id for one in campaign.case.open_asks()]
    assert len(opened) == (0 if stands else 1)
    assert all(said(campaign, an_answer(ask, "head", confirmations=())) == "done" for ask in opened)


def test_a_seat_that_refused_is_not_asked_again_under_the_same_words(campaign: Playing) -> None:
    assert said(campaign, an_answer("a1", "head", Verdict.REJECT)) == "done"
    for _ in range(2):
        campaign = told_on(campaign)
        assert asked(campaign) == []


@pytest.mark.parametrize("stands", [True, False])
def test_a_campaign_does_not_begin_again_while_its_signature_is_under_question(campaign: Playing, stands: bool) -> None:
    assert said(campaign, an_answer("a1", "head", confirmations=())) == "done"
    assert said(campaign, DISPUTE) == "done"
    filled(campaign)
    assert campaign.case.outcome is None
    assert said(campaign, a_lever("release", ask="a1", stands=stands)) == "done"
    assert len(asked(told_on(campaign))) == (0 if stands else 1)


@pytest.mark.parametrize("verdict", [Verdict.APPROVE, Verdict.REJECT])
@pytest.mark.parametrize("times", [1, 2])
def test_what_a_seat_said_before_the_campaign_began_again_is_found_void_later_and_it_is_asked_again(
    campaign: Playing, verdict: Verdict, times: int
) -> None:
    assert said(campaign, an_answer("a1", "head", verdict, confirmations=())) == "done"
    for _ in range(times):
        campaign = told_on(campaign)
    assert asked(campaign) == []
    assert said(campaign, DISPUTE) == "done"
    assert campaign.case.standing().disputed == ("a1",)
    assert said(campaign, a_lever("release", ask="a1", stands=False)) == "done"
    [again] = asked(campaign)
    assert again.ask != "a1"
    assert said(campaign, an_answer(again.ask, "head", confirmations=())) == "done"
    assert asked(told_on(campaign)) == []


def test_whoever_stepped_aside_does_not_sign_after_the_campaign_began_again(campaign: Playing) -> None:
    assert said(campaign, ASIDE) == "done"
    assert said(campaign, an_answer("a1", "head", confirmations=())) == "not_asked"
    for _ in range(2):
        campaign = told_on(campaign)
        [again] = asked(campaign)
        assert "head" not in {one.person for one in again.asked or ()}
        assert said(campaign, an_answer(again.ask, "head", confirmations=())) == "not_asked"


def test_whoever_intervened_does_not_sign_after_the_campaign_began_again(campaign: Playing) -> None:
    reassigned = Act(
        kind="reassign", person="manager", how="session", ask="a1", to="deputy", comment="The head is away."
    )
    assert said(campaign, reassigned) == "done"
    assert "manager" in told_on(campaign).case.set_apart


def test_the_signature_of_a_seat_is_proven_with_the_document_that_it_stands_under(campaign: Playing) -> None:
    assert said(campaign, an_answer("a1", "head", confirmations=())) == "done"
    history = campaign.host.events
    [one] = attestations(history, {})
    [began] = [event.event for event in history if isinstance(event.event, CampaignBegan)]
    assert one.document is not None
    assert (one.document.document, one.document.version, one.document.digest) == (
        began.document,
        began.version,
        began.digest,
    )


def moved_on(playing: Playing, words: str, step: int = 1) -> Act:
    """Return that a campaign is moved on to a pack in which the seat, or everybody in step 0, signs other words."""
    opening = playing.case.opening
    process = opening.process.model_dump()
    process["steps"][step]["attestation"] = words
    pack = {key: getattr(opening, key) for key in FromPack.model_fields}
    new = FromPack.model_validate(pack | {"pack_digest": words, "process": Process.model_validate(process)})
    return Act(kind="move_on", person="duly", how="duly", comment="A new policy.", pack=new)


@pytest.mark.parametrize("again", [False, True])
@pytest.mark.parametrize("signed", [False, True])
def test_a_seat_signs_the_words_that_it_is_shown_once_a_campaign_was_moved_on(
    campaign: Playing, signed: bool, again: bool
) -> None:
    if signed:
        assert said(campaign, an_answer("a1", "head", confirmations=())) == "done"
    if again:
        campaign = told_on(campaign)
    assert said(campaign, moved_on(campaign, "I sign that.")) == "done"
    ask = asked(campaign)[-1].ask
    assert said(campaign, an_answer(ask, "head", confirmations=())) == "done"
    signature = events(campaign)[-1]
    assert isinstance(signature, Approved)
    assert signature.signature.attestation == "I sign that."
    assert asked(told_on(campaign)) == []


def test_whoever_comes_once_a_campaign_was_moved_on_signs_the_words_of_its_pack(
    campaign: Playing, monkeypatch: pytest.MonkeyPatch
) -> None:
    rolls: list[Roll] = []
    publish = campaign.host.publish

    async def noted(batch: Batch) -> Published:
        rolls.extend([batch.roll] if batch.roll is not None else [])
        return await publish(batch)

    monkeypatch.setattr(campaign.host, "publish", noted)
    assert said(campaign, moved_on(campaign, "I will keep to it.", step=0)) == "done"
    assert said(campaign, Act(kind="call_roll", person="duly", how="duly")) == "done"
    assert [roll.process.steps[0].attestation for roll in rolls] == ["I will keep to it."]
    assert not {"countersigned", "apart"} & set(rolls[0].request.answers)


# The life of a site.


def test_however_much_happens_while_a_change_waits_it_is_decided_and_the_site_goes_on() -> None:
    life = Life(closure_date="2030-01-01")
    life.go_live()
    assert life.change(closure_date="2031-01-01") == "done"
    post = PostModerated(what="removed", reason="other", child_at_risk="no")
    replies = [life.says(put_on_record(post, "author", str(number))) for number in range(1510)]
    assert (replies[0], replies[-1]) == ("done", "not_offered")
    assert life.decide() == "done"
    assert life.count(SiteChanged) == 1
    assert life.runs == 2
    assert life.says(put_on_record(post, "author", "later")) == "done"
