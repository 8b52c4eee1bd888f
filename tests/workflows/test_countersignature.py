"""The second signature under a document, and what is opened before it is signed. Played in memory."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from domain.cases import Act, Opening
from domain.events import AnyEvent, AskOpened, Verdict
from domain.pack import Process
from domain.round_entries import CampaignClosed, ReadingOpened, TrainingAttended, VisitorSigned
from tests.rounds import READING, an_opening_of, people_of_rounds, put_on_record, with_more
from tests.stories import a_lever, an_answer
from workflows.acknowledgement import Acknowledgement, signing
from workflows.case import AGAIN
from workflows.explorer import Playing, TimePasses
from workflows.signature import Signing

NOW: Final = datetime(2026, 11, 2, 9, tzinfo=UTC)
ABOUT: Final = {"document": "code", "version": "1", "digest": "d" * 64}


def an_opening(process: Process, **answers: Any) -> Opening:
    """Return the opening of a case of `process` about the code of conduct."""
    return an_opening_of(process, "campaign", "Code of conduct", **ABOUT, **answers)


def a_campaign(**campaign: Any) -> Playing:
    """Return a campaign that is played, in which the headteacher signs besides."""
    return Playing(Acknowledgement(), an_opening(with_more(**campaign)), people_of_rounds(), NOW)


def a_signature(**campaign: Any) -> Playing:
    """Return the case in which the author signs."""
    return Playing(Signing(), an_opening(signing(with_more(**campaign)), signer="author"), people_of_rounds(), NOW)


def said(playing: Playing, act: Act) -> str:
    """Return what a case says to `act`."""
    reply = playing.make(act)
    assert reply is not None
    return reply.says


def events(playing: Playing) -> list[AnyEvent]:
    """Return all that is on record."""
    return [recorded.event for recorded in playing.host.events]


def asked(playing: Playing) -> list[AskOpened]:
    """Return every ask."""
    return [event for event in events(playing) if isinstance(event, AskOpened)]


# The countersignature.


@pytest.mark.meets("ACK-02")
def test_a_seat_is_asked_once_beside_everybody_and_holds_up_nobody() -> None:
    playing = a_campaign()
    assert [(one.step, one.seat) for one in asked(playing)] == [("countersignature", "headteacher")]
    visitor = VisitorSigned(name="Vera Visitor", wording="I agree.", until=NOW.date())
    assert said(playing, put_on_record(visitor, "desk")) == "done"
    assert said(playing, an_answer("a1", "author", confirmations=())) == "not_asked"
    assert said(playing, an_answer("a1", "head", confirmations=())) == "done"
    playing.make(TimePasses(until=NOW + timedelta(days=60)))
    assert len(asked(playing)) == 1
    assert playing.case.outcome is None


def test_a_seat_that_does_not_sign_ends_nothing_and_is_asked_no_more() -> None:
    playing = a_campaign()
    assert said(playing, an_answer("a1", "head", Verdict.REJECT)) == "done"
    playing.make(TimePasses(until=NOW + timedelta(days=60)))
    assert (len(asked(playing)), playing.case.outcome) == (1, None)


def test_a_seat_whose_signature_was_found_void_is_asked_again() -> None:
    playing = a_campaign()
    assert said(playing, an_answer("a1", "head", confirmations=())) == "done"
    assert said(playing, Act(kind="dispute", person="head", how="session", ask="a1")) == "done"
    assert said(playing, a_lever("release", ask="a1", stands=False)) == "done"
    assert [one.ask for one in asked(playing)] == ["a1", "a2"]


def test_nobody_is_asked_any_more_once_the_campaign_is_closed() -> None:
    playing = a_campaign()
    assert said(playing, put_on_record(CampaignClosed(reason="Enough."), "owner")) == "done"
    assert playing.case.outcome == "closed"
    assert playing.case.standing().asks == ()
    assert said(playing, an_answer("a1", "head", confirmations=())) == "closed"


@pytest.mark.parametrize(("answers", "again"), [(True, []), (False, ["countersignature"])])
def test_a_campaign_that_begins_again_asks_the_seat_only_where_it_has_not_answered(
    answers: bool, again: list[str]
) -> None:
    playing = a_campaign()
    if answers:
        assert said(playing, an_answer("a1", "head", confirmations=())) == "done"
    for number in range(1000 - answers):
        visitor = VisitorSigned(name=f"Visitor {number}", wording="I agree.", until=NOW.date())
        assert said(playing, put_on_record(visitor, "desk", str(number))) == "done"
    assert playing.case.outcome == AGAIN
    opening = playing.case.next_opening
    assert opening is not None
    on = Playing(Acknowledgement(), opening, people_of_rounds(), NOW)
    assert [one.step for one in asked(on)] == again


def test_in_the_case_of_one_person_nobody_else_signs() -> None:
    playing = a_signature()
    assert [(one.step, one.seat) for one in asked(playing)] == [("sign", "signer")]


# Readings.


def opens(reading: str = "note", person: str = "author") -> Act:
    """Return that somebody opens a reading."""
    return Act(kind="open", person=person, how="link", ask="a1", reading=reading)


@pytest.mark.meets("ACK-14", "ACK-18")
def test_that_somebody_opened_a_reading_is_on_record_once_with_what_it_was_called() -> None:
    playing = a_signature(readings=[READING])
    assert said(playing, opens(person="manager")) == "not_asked"
    assert said(playing, opens("other")) == "not_offered"
    assert [said(playing, opens()) for _ in range(2)] == ["done", "unchanged"]
    assert [event for event in events(playing) if isinstance(event, ReadingOpened)] == [
        ReadingOpened(by="author", how="link", reading="note", title="Briefing note", edition="2015")
    ]
    assert said(playing, an_answer("a1", "author", confirmations=())) == "done"
    assert said(playing, opens()) == "closed"


@pytest.mark.meets("ACK-14", "ACK-18")
def test_nobody_signs_before_they_have_opened_what_has_to_be_opened_first_whatever_door_they_come_by() -> None:
    playing = a_signature(readings=[READING], open_first=True)
    signed = an_answer("a1", "author", confirmations=())
    assert said(playing, signed) == "not_opened"
    assert said(playing, opens()) == "done"
    assert said(playing, signed.model_copy(update={"occasion": "again"})) == "done"
    refusing = a_signature(readings=[READING], open_first=True)
    assert said(refusing, an_answer("a1", "author", Verdict.REJECT, confirmations=(), comment="No.")) == "done"


@pytest.mark.parametrize("playing", [a_signature(), a_campaign(readings=[READING])], ids=["no readings", "campaign"])
def test_nothing_is_opened_where_there_is_nothing_to_open(playing: Playing) -> None:
    assert said(playing, opens()) == "not_offered"


# Trainings.


def a_training(**more: Any) -> Act:
    """Return that the owner puts a training on record."""
    told = {"title": "Online safety", "on": NOW.date(), "people": ("author", "manager"), **more}
    return put_on_record(TrainingAttended.model_validate(told), "owner", str(more))


@pytest.mark.meets("ACK-11")
@pytest.mark.parametrize(
    ("trainings", "more", "says"),
    [
        (True, {}, "done"),
        (True, {"on": NOW.date() + timedelta(days=1)}, "incomplete"),
        (True, {"people": ()}, "incomplete"),
        (True, {"title": " "}, "incomplete"),
        (False, {}, "not_offered"),
    ],
)
def test_who_attended_which_training_is_on_record_where_the_pack_has_it_and_nothing_of_the_future(
    trainings: bool, more: dict[str, Any], says: str
) -> None:
    playing = a_campaign(trainings=trainings)
    assert said(playing, a_training(**more)) == says
    assert any(isinstance(event, TrainingAttended) for event in events(playing)) is (says == "done")
