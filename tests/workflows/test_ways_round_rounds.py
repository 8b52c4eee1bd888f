"""Ways round what comes round, that were tried: each is closed. Played in memory, where a case is all there is."""

from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import pytest

from domain.cases import Act, Batch, FromPack, Opening, Published
from domain.events import AnyEvent, AskOpened, Verdict
from domain.pack import Step
from domain.round_entries import (
    CampaignClosed,
    ChangeTurnedDown,
    ConsultationHeld,
    DraftReady,
    PostModerated,
    SiteClosed,
    SiteWentLive,
    VersionAdopted,
    VisitorSigned,
)
from tests.rounds import ACKNOWLEDGEMENT, REVIEW, a_site, a_step, an_opening_of, people_of_rounds, put_on_record
from tests.stories import a_lever, an_answer
from workflows.acknowledgement import Acknowledgement, signing
from workflows.case import AGAIN
from workflows.explorer import Playing, TimePasses
from workflows.review import Review
from workflows.signature import Signing
from workflows.site_life import SiteLife

NOW: Final = datetime(2026, 11, 2, 9, tzinfo=UTC)
TODAY: Final = NOW.date()
HELD: Final = ConsultationHeld(with_whom="Staff", first=TODAY, last=TODAY, responses="None.")
LIVE: Final = SiteWentLive(
    address="https://example.org/club",
    on=TODAY,
    terms_published="yes",
    privacy="Closed.",
    trained=("author", "manager", "mod_a", "mod_b"),
)


def a_life(opening: Opening | None = None, **answers: Any) -> Playing:
    """Return the life of a site that is played."""
    return Playing(SiteLife(), opening or a_site(**answers), people_of_rounds(), NOW)


def a_review() -> Playing:
    """Return the review of a document that is played, and is overdue."""
    opening = an_opening_of(REVIEW, "review", "Code of conduct", document="code", version="1")
    return Playing(Review(), opening, people_of_rounds(), NOW)


def a_signature() -> Playing:
    """Return the case in which the author signs."""
    answers = {"document": "code", "version": "1", "digest": "d" * 64, "signer": "author"}
    opening = an_opening_of(ACKNOWLEDGEMENT, "sign", "Code of conduct", **answers)
    opening = opening.model_copy(update={"process": signing(opening.process)})
    return Playing(Signing(), opening, people_of_rounds(), NOW)


def changed(playing: Playing, *without: str, **answers: Any) -> Act:
    """Return that the author changes the site: other `answers`, and those `without`."""
    request = playing.case.request
    kept = {key: value for key, value in request.answers.items() if key not in without}
    new = request.model_copy(update={"answers": kept | answers})
    return Act(kind="edit", person="author", how="session", version=request.edition, request=new)


def done(playing: Playing, act: Act) -> None:
    """Have `act` done."""
    reply = playing.make(act)
    assert reply is not None
    assert reply.says == "done"


def said(playing: Playing, act: Act) -> str:
    """Return what a case says to `act`."""
    reply = playing.make(act)
    assert reply is not None
    return reply.says


def events(playing: Playing) -> list[AnyEvent]:
    """Return all that is on record."""
    return [recorded.event for recorded in playing.host.events]


def asked(playing: Playing, step: str) -> AskOpened:
    """Return the ask of `step` that was opened last."""
    return next(one for one in reversed(events(playing)) if isinstance(one, AskOpened) and one.step == step)


def decided(playing: Playing, verdict: Verdict = Verdict.APPROVE, person: str = "head") -> str:
    """Return what comes of an answer of `person` to what the headteacher is asked."""
    ask = asked(playing, "headteacher")
    return said(playing, an_answer(ask.ask, person, verdict, version=ask.version))


def a_draft(version: str, text: str) -> DraftReady:
    """Return that a draft is ready."""
    return DraftReady(version=version, supersedes="1", what_changed="All.", effective_from=TODAY, text=text)


def closed_now() -> SiteClosed:
    """Return that a site was closed today."""
    return SiteClosed(on=TODAY, contents="Deleted.", contacts_removed="yes", achieved="yes", aims="All.")


def found_void(playing: Playing) -> None:
    """Have the headteacher say that the approval was not theirs, and an administrator that it is void."""
    ask = asked(playing, "headteacher").ask
    done(playing, Act(kind="dispute", person="head", how="session", ask=ask))
    done(playing, a_lever("release", ask=ask, stands=False))


# The life of a site.


def test_a_change_whose_approval_is_void_is_asked_about_anew_and_turned_down_it_leaves_the_site_as_it_was() -> None:
    playing = a_life(closure_date="2030-01-01")
    done(playing, changed(playing, closure_date="2031-01-01"))
    assert decided(playing) == "done"
    first = asked(playing, "headteacher").ask
    found_void(playing)
    assert asked(playing, "headteacher").ask != first
    assert decided(playing, person="author") == "not_asked"
    assert decided(playing, Verdict.REJECT) == "done"
    [turned_down] = [event for event in events(playing) if isinstance(event, ChangeTurnedDown)]
    assert turned_down.answers["closure_date"] == "2030-01-01"
    assert playing.case.request.answers["closure_date"] == "2030-01-01"


def test_a_change_whose_approval_is_void_and_is_given_again_stands() -> None:
    playing = a_life(closure_date="2030-01-01")
    done(playing, changed(playing, closure_date="2031-01-01"))
    decided(playing)
    found_void(playing)
    assert decided(playing) == "done"
    assert playing.case.request.answers["closure_date"] == "2031-01-01"
    assert [one.step for one in playing.case.standing().asks] == ["go_live"]


def test_what_needs_no_approval_is_not_lost_with_a_change_that_is_turned_down() -> None:
    opening = a_site(closure_date="2030-01-01", phone="1").model_copy(update={"immaterial": ("phone",)})
    playing = a_life(opening)
    done(playing, changed(playing, phone="2"))
    done(playing, changed(playing, closure_date="2031-01-01"))
    done(playing, changed(playing, phone="3"))
    assert decided(playing, Verdict.REJECT) == "done"
    answers = playing.case.request.answers
    assert (answers["closure_date"], answers["phone"]) == ("2030-01-01", "3")


def test_a_site_that_is_closed_while_a_change_waits_is_closed() -> None:
    playing = a_life(closure_date="2030-01-01")
    done(playing, put_on_record(LIVE, "author"))
    done(playing, changed(playing, closure_date="2031-01-01"))
    done(playing, put_on_record(closed_now(), "author"))
    assert playing.case.outcome == "closed"
    assert decided(playing) in {"closed", "wrong_version"}


@pytest.mark.parametrize(
    ("without", "named"),
    [
        ((), {"administrators": ("author", "manager"), "moderators": ("mod_a", "mod_b")}),
        (("administrators", "moderators"), {}),
    ],
)
def test_nobody_goes_live_with_people_whom_nobody_has_approved_nor_without_those_who_have_to_be_there(
    without: tuple[str, ...], named: dict[str, Any]
) -> None:
    playing = a_life(administrators=("author",), moderators=("mod_a",))
    done(playing, changed(playing, *without, **named))
    assert said(playing, put_on_record(LIVE, "author")) == "incomplete"
    decided(playing)
    assert said(playing, put_on_record(LIVE, "author", "2")) == "done"


def test_no_closing_is_put_off_by_a_change_that_nobody_has_approved() -> None:
    playing = a_life(closure_date="2026-11-20")
    done(playing, put_on_record(LIVE, "author"))
    playing.make(TimePasses(until=NOW + timedelta(days=10)))
    ask = asked(playing, "close").ask
    done(playing, changed(playing, closure_date="2036-01-01"))
    assert ask in {one.ask for one in playing.case.standing().asks}
    assert [one.day for one in playing.case.standing().dates or () if one.what == "closure"] == [date(2026, 11, 20)]
    decided(playing)
    assert ask not in {one.ask for one in playing.case.standing().asks}


def test_every_change_is_approved_by_all_however_many_have_approved_one_before() -> None:
    opening = a_site(closure_date="2030-01-01")
    steps = (a_step("manager", "communications_manager"), *opening.process.steps)
    process = opening.process.model_copy(update={"steps": tuple(map(Step.model_validate, steps))})
    playing = a_life(opening.model_copy(update={"process": process}))
    for year in ("2031", "2032"):
        done(playing, changed(playing, closure_date=f"{year}-01-01"))
        manager = asked(playing, "manager")
        assert manager.version == playing.case.request.version
        done(playing, an_answer(manager.ask, (manager.asked or ())[0].person, version=manager.version))
        assert decided(playing) == "done"


def test_moderated_posts_do_not_fill_up_a_site_until_it_cannot_be_closed() -> None:
    playing = a_life(closure_date="2030-01-01")
    done(playing, put_on_record(LIVE, "author"))
    # While a change waits for its approval, the case cannot begin again.
    done(playing, changed(playing, closure_date="2031-01-01"))
    post = PostModerated(what="removed", reason="other", child_at_risk="no")
    replies = [said(playing, put_on_record(post, "author", str(number))) for number in range(1600)]
    assert (replies[0], replies[-1]) == ("done", "not_offered")
    done(playing, put_on_record(closed_now(), "author"))


# Reviews.


def test_of_two_drafts_the_one_that_is_approved_is_adopted() -> None:
    playing = a_review()
    done(playing, put_on_record(a_draft("2", "Be kind."), "owner"))
    assert said(playing, put_on_record(a_draft("3", "Be quick."), "owner", "2")) == "not_asked"
    done(playing, put_on_record(HELD, "owner", "3"))
    assert decided(playing) == "done"
    [adopted] = [event for event in events(playing) if isinstance(event, VersionAdopted)]
    assert (adopted.version, adopted.text) == ("2", "Be kind.")


def test_nobody_is_consulted_about_a_draft_before_there_is_one() -> None:
    assert said(a_review(), put_on_record(HELD, "owner")) == "not_asked"


def test_a_review_that_moves_on_while_it_is_drafted_asks_its_next_question_once() -> None:
    playing = a_review()
    opening = playing.case.opening
    pack = FromPack.model_validate({key: getattr(opening, key) for key in FromPack.model_fields} | {"pack_digest": "n"})
    done(playing, Act(kind="move_on", person="duly", how="duly", comment="New policy", pack=pack))
    done(playing, put_on_record(a_draft("2", "Be kind."), "owner"))
    done(playing, put_on_record(HELD, "owner", "2"))
    opened = [one for one in events(playing) if isinstance(one, AskOpened) and one.step == "headteacher"]
    assert len(opened) == 1
    assert decided(playing) == "done"


# Campaigns.


def a_campaign() -> Playing:
    """Return a campaign that is played."""
    answers = {"document": "code", "version": "1", "digest": "d" * 64}
    opening = an_opening_of(ACKNOWLEDGEMENT, "campaign", "Code of conduct", **answers)
    return Playing(Acknowledgement(), opening, people_of_rounds(), NOW)


def a_visitor(number: int) -> Act:
    """Return that a visitor signs."""
    entry = VisitorSigned(name=f"Visitor {number}", wording="I agree.", until=TODAY)
    return put_on_record(entry, "desk", str(number))


def test_visitors_do_not_fill_up_a_campaign() -> None:
    playing = a_campaign()
    for number in range(999):
        done(playing, a_visitor(number))
    assert not playing.played().over
    done(playing, a_visitor(999))
    assert playing.case.outcome == AGAIN
    assert sum(isinstance(event, VisitorSigned) for event in events(playing)) == 1000


def test_a_campaign_that_is_closed_while_it_is_to_begin_again_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    playing = a_campaign()
    for number in range(999):
        done(playing, a_visitor(number))
    publish = playing.host.publish

    async def with_a_close(batch: Batch) -> Published:
        published = await publish(batch)
        if batch.roll is not None and batch.roll.over is None:
            playing.case.receive(put_on_record(CampaignClosed(reason="Enough."), "owner"))
        return published

    monkeypatch.setattr(playing.host, "publish", with_a_close)
    done(playing, Act(kind="call_roll", person="duly", how="duly", occasion="1"))
    assert playing.case.outcome == "closed"


# Signatures.


@pytest.mark.parametrize(
    "act",
    [
        a_lever("reassign", ask="a1", to="manager"),
        a_lever("cancel"),
        Act(kind="step_aside", person="author", how="session", ask="a1", comment="I would rather not."),
        an_answer("a1", "author", Verdict.RETURN),
    ],
    ids=lambda act: act.kind,
)
def test_nobody_signs_in_somebody_elses_place_nor_is_let_off(act: Act) -> None:
    playing = a_signature()
    assert said(playing, act) == "not_offered"
    assert said(playing, an_answer("a1", "manager", confirmations=())) == "not_asked"
    assert said(playing, an_answer("a1", "author", confirmations=())) == "done"
