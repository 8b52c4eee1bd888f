"""Why what comes round waits, in one sentence, and as stages: between its dates, while it is asked for, once over."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Final, get_args

import pytest

from domain.access import Viewer
from domain.cases import OpenAsk, Opening, Standing
from domain.coming_dates import ComingDate, What
from domain.events import AnyEvent, AskOpened, CaseEnded, Recorded, RequestEdited
from domain.fields import Day
from domain.forms import After, Form, Section
from domain.people import Asked
from domain.round_entries import (
    ChangeTurnedDown,
    CycleBegan,
    DraftReady,
    RollCalled,
    SiteChanged,
    SiteLifeBegan,
    SiteReviewed,
    SiteWentLive,
)
from domain.round_mails import COMING
from domain.round_picture import round_stages
from domain.versions import as_approved, changes_of, of_a_change
from domain.waiting import why_waiting
from domain.waiting_rounds import ROUND_ENDINGS
from tests.rounds import ACKNOWLEDGEMENT, REVIEW, a_pack_of_rounds, a_site, an_opening_of
from workflows.acknowledgement import CampaignOutcome
from workflows.question import QuestionOutcome
from workflows.review import ReviewOutcome
from workflows.signature import SignatureOutcome
from workflows.site_life import LifeOutcome

NOW: Final = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
SITE: Final = a_site()
REVIEWED: Final = an_opening_of(REVIEW, "review-1", document="code", version="1")
SIGNED: Final = an_opening_of(ACKNOWLEDGEMENT, "campaign-1", document="code", version="1", digest="d")
NAMES: Final = {"author": "Amina Okafor", "head": "Helen Marsh"}
LIVE: Final = SiteWentLive(by="author", address="x", on=NOW.date(), terms_published="yes", privacy="x")


def recorded(*events: AnyEvent) -> tuple[Recorded, ...]:
    return tuple(Recorded(n=n, at=NOW + timedelta(minutes=n), event=event) for n, event in enumerate(events, 1))


def said(opening: Opening, standing: Standing, viewer: str = "", team: Sequence[str] = (), *past: AnyEvent) -> str:
    reader = Viewer(person=viewer, organisation=opening.organisation) if viewer else None
    asked = {ask.ask: (Asked(person="author", seat=ask.seat),) for ask in standing.asks}
    return why_waiting(
        opening, standing, asked, a_pack_of_rounds(), NOW, reader, NOW, recorded(*past), frozenset(team)
    ).sentence


def an_ask(step: str, seat: str = "site_owner", ask: str = "a1") -> OpenAsk:
    return OpenAsk(ask=ask, step=step, seat=seat, opened_at=NOW, due=NOW + timedelta(days=14))


DATES: Final = (
    ComingDate(what="closure", day=date(2028, 1, 1)),
    ComingDate(what="site_review", day=date(2027, 4, 30)),
    ComingDate(what="go_live", day=date(2026, 10, 1)),
)


@pytest.mark.parametrize(
    ("opening", "standing", "past", "sentence"),
    [
        (SITE, Standing(dates=DATES), (), "This waits for nothing now: next, the site is looked at on 30 April 2027."),
        (SITE, Standing(), (), "This waits for nothing: nobody is asked for anything now, and no date is to come."),
        (
            REVIEWED,
            Standing(
                dates=(ComingDate(what="review", day=date(2027, 1, 1)),),
                next_at=datetime(2026, 12, 1, 0, 0, tzinfo=UTC),
                next_does="goes_on",
            ),
            (),
            "This waits for nothing until 1 December 2026: whoever owns the document is told then, because the review "
            "is due on 1 January 2027.",
        ),
        (
            SIGNED,
            Standing(),
            (RollCalled(asked=40, signed=10, declined=0, left=0, waiting=30),),
            "This waits for those who have not signed, 30 of 40 when its roll was last called: each is asked in their "
            "own case.",
        ),
        (SIGNED, Standing(), (), "This waits for its roll to be called: look again in a moment."),
        (
            SITE,
            Standing(outcome="closed"),
            (),
            "This waits for nothing: the site was closed, and that was put on record on 2 November 2026.",
        ),
    ],
)
def test_what_comes_round_says_what_comes_next(
    opening: Opening, standing: Standing, past: tuple[AnyEvent, ...], sentence: str
) -> None:
    assert said(opening, standing, "", (), *past) == sentence


def test_a_task_is_waited_for_by_its_name_and_several_are_several_things() -> None:
    one = said(SITE, Standing(asks=(an_ask("look"),)), "author", ["author"])
    assert "This waits for the Site owner, asked on 2 November 2026" in one
    assert "for “look”, who has until" in one
    assert one.endswith("you may put on record now that it is done.")
    two = said(SITE, Standing(asks=(an_ask("look"), an_ask("evaluate", ask="a2"))))
    assert two.startswith("This waits for 2 things: ")
    change = said(SITE, Standing(asks=(an_ask("headteacher", "headteacher"),)), "author")
    assert change.endswith("you may answer it now.")


def test_those_whose_it_is_read_what_they_may_do_and_others_that_there_is_nothing() -> None:
    standing = Standing(dates=DATES, offers=("edit",), accepts=("site_reviewed",))
    assert said(SITE, standing, "manager", ["manager"]).endswith(
        "you may change the site or put on record what happened."
    )
    assert said(SITE, standing, "head").endswith("there is nothing that you need to do.")
    assert said(REVIEWED, Standing(), "owner", ["owner"]).endswith("there is nothing that you need to do.")


def test_every_way_to_end_has_its_sentence_and_every_date_its_words() -> None:
    ways = {
        "site_life": LifeOutcome,
        "review": ReviewOutcome,
        "acknowledgement": CampaignOutcome,
        "signature": SignatureOutcome,
        "question": QuestionOutcome,
    }
    for story, endings in ROUND_ENDINGS.items():
        assert set(endings) - {"again"} == {str(way) for way in ways[story]}
    assert set(COMING) == set(get_args(What))


def test_the_stages_of_a_site_are_what_is_behind_it_what_is_asked_and_what_comes() -> None:
    began = SiteLifeBegan(site="c-1", title="Club")
    asked = AskOpened(ask="a1", step="look", seat="site_owner", ladder=(), due=NOW, version=1)
    history = recorded(began, LIVE, asked)
    standing = Standing(asks=(an_ask("look"),), dates=DATES[:2])
    stages = round_stages(SITE, standing, history, NAMES)
    assert [(stage.title, stage.mark, stage.words, stage.by) for stage in stages] == [
        ("Approved", "tick", "Begun", ""),
        ("go_live", "tick", "Done", "Amina Okafor"),
        ("look", "dots", "Asked for", ""),
        ("The site is looked at", "ring", "On 30 April 2027", ""),
        ("Closed", "ring", "On 1 January 2028", ""),
    ]
    seen = SiteReviewed(by="author", maintained="yes", as_agreed="yes", privacy="x")
    quiet = round_stages(SITE, Standing(), recorded(began, LIVE, asked, seen), NAMES)
    assert [stage.title for stage in quiet] == ["Approved", "go_live", "Closed"]
    over = round_stages(SITE, Standing(outcome="cancelled"), recorded(began, CaseEnded(outcome="cancelled")), NAMES)
    assert [(stage.mark, stage.words) for stage in over] == [
        ("tick", "Begun"),
        ("dash", "Not needed"),
        ("cross", "Cancelled"),
    ]


def test_the_stages_of_a_review_are_those_of_the_round_that_goes_on() -> None:
    began = CycleBegan(document="code", version="1", review_on=None)
    draft = DraftReady(by="owner", version="2", supersedes="1", what_changed="", effective_from=NOW.date())
    before = round_stages(REVIEWED, Standing(), recorded(began, draft, began), NAMES)
    assert [stage.mark for stage in before] == ["tick", "ring", "ring", "ring", "ring"]
    now = round_stages(REVIEWED, Standing(), recorded(began, draft), NAMES)
    assert [stage.mark for stage in now] == ["tick", "tick", "ring", "ring", "ring"]


def an_edit(version: int, **answers: str) -> RequestEdited:
    return RequestEdited(
        by="author",
        author="",
        version=version,
        edition=version,
        material=True,
        changed=tuple(answers),
        title="Club",
        answers=dict(answers),
    )


def test_what_is_proposed_is_compared_with_what_was_last_approved() -> None:
    first, second = an_edit(2, name="B"), an_edit(3, name="C")
    assert as_approved((first, second), {"name": "A"}) == {"name": "A"}
    assert as_approved((first, SiteChanged(version=2, title="Club"), second), {"name": "A"}) == {"name": "B"}
    down = ChangeTurnedDown(why="rejected", version=3, edition=3, title="Club", answers={"name": "A"})
    assert as_approved((first, down), {"name": "A"}) == {"name": "A"}
    assert [change.before for change in changes_of(recorded(first, down, second), {"name": "A"})] == [
        {"name": "A"},
        {"name": "A"},
    ]


def test_a_day_that_stays_need_not_lie_ahead_any_more_and_one_that_is_changed_has_to() -> None:
    rule = After(rule="after", field="live", other="today", message="Later")
    form = Form(
        key="f",
        title="F",
        source="",
        sections=(Section(key="s", title="S", fields=(Day(type="date", key="live", label="Live"),)),),
        rules=(rule,),
    )
    assert of_a_change(form, {"live": "2026-01-01"}, {"live": "2026-01-01"}).rules == ()
    assert of_a_change(form, {"live": "2026-01-01"}, {"live": "2026-02-01"}).rules == (rule,)
