"""The life of a site goes on for years: it begins again before it is full, and nobody notices. Played in memory."""

from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import pytest

from domain.cases import Act, FromPack, Opening, Present, Reply
from domain.events import AnyEvent, AskClosed, AskOpened, DecisionDisputed, Reminded, Verdict
from domain.pack import Process
from domain.round_entries import (
    ChangeTurnedDown,
    CoverChanged,
    DateComing,
    PostModerated,
    SiteClosed,
    SiteLifeBegan,
    SiteReviewed,
    SiteWentLive,
)
from tests.rounds import SITE_LIFE, a_site, people_of_rounds, put_on_record
from tests.stories import a_lever, an_answer
from workflows import site_life
from workflows.case import AGAIN
from workflows.explorer import Move, Playing, TimePasses
from workflows.site_life import SiteLife

NOW: Final = datetime(2026, 11, 2, 9, tzinfo=UTC)
EVERYBODY: Final = ("author", "manager", "mod_a", "mod_b")
MANY: Final = 40
LIFE: Final = Process.model_validate(
    SITE_LIFE.model_dump()
    | {"rounds": [one.model_dump() | {"remind_on": (3, 6)} for one in SITE_LIFE.rounds], "closing_ahead": 28}
)


class Life:
    """The life of a site that is played through as many runs as it takes."""

    def __init__(self, **answers: Any) -> None:
        """Begin the first."""
        opening = a_site(**answers).model_copy(update={"process": LIFE})
        self.past: list[AnyEvent] = []
        self.runs = 0
        self.playing = self._run(opening, NOW)
        self._posts = 0

    @property
    def events(self) -> list[AnyEvent]:
        """All that is on record."""
        return [*self.past, *(said.event for said in self.playing.host.events)]

    def make(self, move: Move) -> Reply | None:
        """Make a move; where the case begins again, it goes on in the next run."""
        reply = self.playing.make(move)
        while self.playing.case.outcome == AGAIN:
            events, opening = self.playing.host.events, self.playing.case.next_opening
            assert opening is not None
            assert opening.events == len(self.past) + len(events)
            self.past += [said.event for said in events]
            self.playing = self._run(Opening.model_validate_json(opening.model_dump_json()), self.playing.host.clock)
        return reply

    def says(self, act: Act) -> str:
        """Return what the case says to an act."""
        reply = self.make(act)
        assert reply is not None
        return reply.says

    def wait(self, days: int) -> None:
        """Let time pass."""
        self.make(TimePasses(until=self.playing.host.clock + timedelta(days=days)))

    def go_live(self) -> None:
        """Have it go live today."""
        live = SiteWentLive(
            address="https://example.org/club",
            on=self.today,
            terms_published="yes",
            privacy="Closed.",
            trained=EVERYBODY,
        )
        assert self.says(put_on_record(live, "author")) == "done"

    def post(self, times: int) -> None:
        """Have so many posts moderated."""
        for _ in range(times):
            self._posts += 1
            post = PostModerated(what="removed", reason="other", child_at_risk="no")
            assert self.says(put_on_record(post, "author", str(self._posts))) == "done"

    def begin_again(self) -> None:
        """Have so much happen that it begins again."""
        runs = self.runs
        while self.runs == runs:
            self.post(1)

    def change(self, *people: str, **answers: Any) -> str:
        """Have the author change the site, who wrote that with `people`."""
        request = self.playing.case.request
        new = request.model_copy(update={"answers": request.answers | answers})
        act = Act(kind="edit", person="author", how="session", version=request.edition, request=new, authors=people)
        return self.says(act)

    def decide(self, verdict: Verdict = Verdict.APPROVE, person: str = "head") -> str:
        """Have the latest change decided."""
        ask = self.asked("headteacher")
        return self.says(an_answer(ask.ask, person, verdict, version=ask.version))

    def asked(self, step: str) -> AskOpened:
        """Return the ask of `step` that was opened last."""
        return next(one for one in reversed(self.events) if isinstance(one, AskOpened) and one.step == step)

    def count(self, kind: type[AnyEvent]) -> int:
        """Return how often something is on record."""
        return sum(isinstance(event, kind) for event in self.events)

    @property
    def today(self) -> date:
        """The day."""
        return self.playing.host.clock.date()

    @property
    def open(self) -> dict[str, datetime]:
        """What is asked now, and when it is due."""
        return {one.step: one.due for one in self.playing.case.standing().asks}

    @property
    def dates(self) -> dict[str, date]:
        """What people look forward to."""
        return {one.what: one.day for one in self.playing.case.standing().dates or ()}

    def _run(self, opening: Opening, now: datetime) -> Playing:
        self.runs += 1
        return Playing(SiteLife(), opening, people_of_rounds(), now)


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have it begin again after few acts."""
    monkeypatch.setattr(site_life, "_MOST_ACTS", MANY)


def reviewed() -> SiteReviewed:
    """Return that somebody looked at the site."""
    return SiteReviewed(maintained="yes", as_agreed="yes", privacy="As before.")


def test_no_limit_is_met_in_ten_busy_years() -> None:
    life = Life(closure_date="2036-11-03")
    life.go_live()
    for half_year in range(19):
        life.post(150)
        for number in range(6):
            assert life.change(title=f"Club {half_year}.{number}") == "done"
            assert life.decide() == "done"
        life.wait(183)
        if "look" in life.open:
            assert life.says(put_on_record(reviewed(), "author", f"look-{half_year}")) == "done"
    life.wait(200)
    closed = SiteClosed(on=life.today, contents="Deleted.", contacts_removed="yes", achieved="yes", aims="All.")
    assert life.says(put_on_record(closed, "author")) == "done"
    assert life.playing.case.outcome == "closed"
    assert life.runs > 2
    assert life.count(SiteLifeBegan) == 1
    assert len([event for event in life.events if isinstance(event, AskOpened) and event.step == "close"]) == 1


@pytest.mark.usefixtures("soon")
def test_what_is_asked_goes_on_being_asked_and_is_due_when_it_was() -> None:
    life, other = Life(closure_date="2030-11-03"), Life(closure_date="2030-11-03")
    for one in (life, other):
        one.go_live()
        one.wait(186)
        assert "look" in one.open
    life.begin_again()
    assert (life.open, life.dates) == (other.open, other.dates)
    for one in (life, other):
        one.wait(40)
    assert life.count(Reminded) == other.count(Reminded) > 0
    assert life.count(AskOpened) == other.count(AskOpened)
    for one in (life, other):
        assert one.says(put_on_record(reviewed(), "author", "look")) == "done"
        assert "look" not in one.open
        one.wait(200)
        assert one.says(put_on_record(reviewed(), "author", "look again")) == "done"
        one.wait(60)
    assert (life.open, life.dates) == (other.open, other.dates)
    kinds = [[event.kind for event in one.events if event.kind != "post_moderated"] for one in (life, other)]
    assert kinds[0] == kinds[1]


@pytest.mark.usefixtures("soon")
def test_an_answer_to_what_was_asked_before_it_began_again_ends_the_ask() -> None:
    life = Life()
    life.begin_again()
    ask = life.asked("go_live").ask
    life.go_live()
    assert [event.ask for event in life.events if isinstance(event, AskClosed)] == [ask]
    assert life.open == {}


@pytest.mark.usefixtures("soon")
def test_of_a_closure_nobody_is_told_twice() -> None:
    life = Life(closure_date="2027-01-15")
    life.go_live()
    assert life.count(DateComing) == 1
    life.begin_again()
    life.wait(1)
    assert life.count(DateComing) == 1
    life.wait(80)
    assert [event.days for event in life.events if isinstance(event, DateComing)] == [90, 28, 7]


@pytest.mark.usefixtures("soon")
def test_the_days_of_grace_go_on_from_the_day_on_which_too_few_were_there() -> None:
    life = Life()
    life.go_live()
    few = Present(administrators=("author",), moderators=("mod_a", "mod_b"))
    assert life.says(Act(kind="cover", person="duly", how="duly", present=few, occasion="1")) == "done"
    life.wait(6)
    life.begin_again()
    assert "suspend" not in life.open
    life.wait(3)
    assert "suspend" in life.open
    assert life.says(Act(kind="cover", person="duly", how="duly", present=few, occasion="2")) == "unchanged"
    assert life.count(CoverChanged) == 1


@pytest.mark.usefixtures("soon")
def test_a_change_that_waits_is_decided_before_it_begins_again() -> None:
    life = Life(closure_date="2030-01-01")
    life.go_live()
    life.change(closure_date="2031-01-01")
    life.post(MANY)
    assert life.runs == 1
    assert life.decide() == "done"
    assert life.runs == 2
    assert life.dates["closure"] == date(2031, 1, 1)


@pytest.mark.usefixtures("soon")
def test_an_approval_of_before_it_began_again_can_be_found_void_and_the_site_is_as_it_was() -> None:
    life = Life(closure_date="2030-01-01")
    life.go_live()
    life.change(closure_date="2031-01-01")
    life.decide()
    ask = life.asked("headteacher").ask
    life.begin_again()
    assert life.says(Act(kind="dispute", person="head", how="session", ask=ask)) == "done"
    assert life.says(a_lever("release", ask=ask, stands=False)) == "done"
    assert life.asked("headteacher").ask != ask
    assert life.decide(person="author") == "not_asked"
    assert life.decide(Verdict.REJECT) == "done"
    assert life.count(ChangeTurnedDown) == 1
    assert life.dates["closure"] == date(2030, 1, 1)


@pytest.mark.usefixtures("soon")
def test_an_answer_of_long_before_is_put_under_question_on_the_record() -> None:
    life = Life(closure_date="2030-01-01")
    life.go_live()
    asks = []
    for year in ("2031", "2032"):
        life.change(closure_date=f"{year}-01-01")
        life.decide()
        asks.append(life.asked("headteacher").ask)
    life.begin_again()
    not_mine = Act(kind="dispute", person="head", how="session", ask=asks[0], comment="headteacher")
    for occasion in ("1", "2"):
        assert life.says(not_mine.model_copy(update={"occasion": occasion})) == "done"
    assert [(event.ask, event.by) for event in life.events if isinstance(event, DecisionDisputed)] == [
        (asks[0], "head")
    ]
    assert life.playing.case.disputed == ()
    assert life.dates["closure"] == date(2032, 1, 1)


@pytest.mark.usefixtures("soon")
def test_what_was_done_before_it_began_again_is_not_done_twice() -> None:
    life = Life()
    life.go_live()
    life.begin_again()
    posts = life.count(PostModerated)
    again = put_on_record(PostModerated(what="removed", reason="other", child_at_risk="no"), "author", str(posts))
    assert life.says(again) == "done"
    assert life.count(PostModerated) == posts


@pytest.mark.usefixtures("soon")
def test_a_case_that_is_beginning_again_says_so_and_takes_nothing() -> None:
    life = Life()
    life.go_live()
    playing = life.playing
    life.begin_again()
    events = len(playing.host.events)
    reply = playing.case.receive(put_on_record(reviewed(), "author", "late"))
    assert (reply.says, len(playing.host.events)) == ("again", events)


@pytest.mark.usefixtures("soon")
def test_a_life_that_ran_before_does_not_begin_again(monkeypatch: pytest.MonkeyPatch) -> None:
    life = Life()
    life.go_live()
    monkeypatch.setattr(life.playing.host, "since", lambda _: False)
    life.post(2 * MANY)
    assert life.runs == 1


@pytest.mark.usefixtures("soon")
def test_a_life_that_goes_by_another_pack_since_it_began_again_goes_on() -> None:
    life = Life()
    life.go_live()
    life.begin_again()
    opening = life.playing.case.opening
    pack = FromPack.model_validate({key: getattr(opening, key) for key in FromPack.model_fields} | {"pack_digest": "n"})
    assert life.says(Act(kind="move_on", person="duly", how="duly", comment="New policy", pack=pack)) == "done"
    life.wait(190)
    assert "look" in life.open


# Who decides.


@pytest.mark.usefixtures("soon")
def test_whoever_steps_aside_from_one_change_of_a_site_decides_the_next() -> None:
    life = Life(closure_date="2030-01-01")
    life.go_live()
    life.change(closure_date="2031-01-01")
    aside = Act(kind="step_aside", person="head", how="session", ask=life.asked("headteacher").ask, comment="My son's.")
    assert life.says(aside) == "done"
    assert life.decide() == "not_asked"
    life.wait(30)
    assert life.count(ChangeTurnedDown) == 1
    life.change(closure_date="2032-01-01")
    assert life.decide() == "done"
    assert life.dates["closure"] == date(2032, 1, 1)


@pytest.mark.usefixtures("soon")
def test_whoever_wrote_a_change_with_its_sender_does_not_approve_it() -> None:
    life = Life(closure_date="2030-01-01")
    life.go_live()
    life.change("head", closure_date="2031-01-01")
    assert life.decide() == "not_asked"
    life.wait(30)
    life.change("mod_a", closure_date="2031-01-01")
    assert life.decide() == "done"


@pytest.mark.usefixtures("soon")
def test_so_it_stays_where_the_approval_of_their_change_is_void_once_it_has_begun_again() -> None:
    life = Life(closure_date="2030-01-01")
    life.go_live()
    life.change("manager", closure_date="2031-01-01")
    life.decide()
    ask = life.asked("headteacher").ask
    life.begin_again()
    life.says(Act(kind="dispute", person="head", how="session", ask=ask))
    life.says(a_lever("release", ask=ask, stands=False))
    assert {"manager", "author"} <= set(life.asked("headteacher").excluded)
