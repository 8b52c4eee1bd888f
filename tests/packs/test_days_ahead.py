"""How long before its days a site is spoken of is the pack's: as it is asked and told, and as it is foretold."""

from datetime import date, timedelta

import pytest

from domain.calendar import local_day
from domain.cases import Opening
from domain.coming_by_itself import comes_by_itself
from domain.events import AskOpened
from domain.pack import Process
from domain.round_entries import DateComing
from tests.packs.rounds import a_life, everybody, live, on, played, process_of, record
from tests.packs.trying import OFFERING, TODAY, whole_pack
from workflows.explorer import Played

LIVE: date = TODAY + timedelta(days=30)
CLOSES: date = TODAY + timedelta(days=300)


def a_site(**keys: object) -> Opening:
    """Return the demo's site of Cadmus, under a process in which some keys are others."""
    opening = a_life(whole_pack("cadmus"))
    assert opening.request.answers["go_live_date"] == LIVE.isoformat()
    assert opening.request.answers["closure_date"] == CLOSES.isoformat()
    process = Process.model_validate(opening.process.model_dump() | keys)
    return opening.model_copy(update={"process": process})


def lives(opening: Opening, until: date) -> Played:
    owner = str(opening.request.answers["author"])
    return played(opening, record(owner, live(everybody(opening))), on(until))


def foretold(opening: Opening, so_far: Played, words: str) -> list[date]:
    coming = comes_by_itself(opening, so_far.standing, so_far.asked, so_far.events)
    return [day.day for day in coming if any(words in sentence for sentence in day.sentences)]


@pytest.mark.meets("LIFE-01")
@pytest.mark.parametrize("ahead", [1, 5, 14, 21])
def test_going_live_is_asked_for_as_many_days_before_as_the_pack_says(ahead: int) -> None:
    opening = a_site(going_live_ahead=ahead)
    day = LIVE - timedelta(days=ahead)
    assert foretold(opening, played(opening), "Say when the site is live") == [day]
    so_far = played(opening, on(LIVE))
    asked = [local_day(said.at) for said in so_far.events if isinstance(said.event, AskOpened)]
    assert asked == [day]


@pytest.mark.meets("LIFE-02")
@pytest.mark.parametrize("told", [(90, 28, 7), (60, 10), (5,), ()])
def test_that_a_site_is_to_be_closed_is_told_as_many_days_before_as_the_pack_says(told: tuple[int, ...]) -> None:
    opening = a_site(closing_told=told)
    now, later = lives(opening, TODAY), lives(opening, CLOSES)
    came = [(local_day(said.at), said.event.days) for said in later.events if isinstance(said.event, DateComing)]
    assert [days for _, days in came] == list(told)
    assert foretold(opening, now, "the site is to be closed on") == [day for day, _ in came]


@pytest.mark.parametrize("pack", OFFERING)
def test_a_site_that_lives_by_an_older_process_goes_on_by_the_days_that_it_had(pack: str) -> None:
    dumped = process_of(whole_pack(pack), "site_life").model_dump()
    older = {key: value for key, value in dumped.items() if key not in {"going_live_ahead", "closing_told"}}
    process = Process.model_validate(older)
    assert (process.going_live_ahead, process.closing_ahead, process.closing_told) == (14, 28, (90, 28, 7))
    assert process == process_of(whole_pack(pack), "site_life")
