"""What comes next by itself is foretold as it then comes: of every story, under every pack, played in memory."""

from collections.abc import Callable, Iterator
from datetime import date, datetime
from typing import Final

import pytest

from domain.calendar import end_of, local_day
from domain.cases import Act, Opening
from domain.coming_by_itself import comes_by_itself
from domain.coming_moments import ComingDay
from domain.events import AskClosed, DatePassed, Escalated, Reminded, RequestEdited, Verdict
from domain.pack import Pack, Process
from domain.waiting_matters import why_it_waits
from tests.packs import confidential, rounds, trying
from tests.packs.trying import BEGINS, OFFERING, PACKS, TODAY, facts_of, whole_pack
from workflows.explorer import Move, Played, TimePasses, play
from workflows.stories import STORIES

_OF_ASKS: Final = (Reminded, Escalated, DatePassed)


def played(opening: Opening, *moves: Move) -> Played:
    story = STORIES[opening.process.story]()
    return play(story, opening, facts_of(opening.organisation).directory, BEGINS, moves)


def foretold(opening: Opening, so_far: Played) -> tuple[ComingDay, ...]:
    if not opening.process.confidential:
        return comes_by_itself(opening, so_far.standing, so_far.asked, so_far.events)
    pack, directory = whole_pack(opening.organisation), facts_of(opening.organisation).directory
    told = why_it_waits(opening, so_far.standing, so_far.asked, pack, directory, so_far.events, so_far.now, "record")
    return told.coming


def lives(pack: Pack) -> tuple[Opening, tuple[Move, ...]]:
    opening = rounds.a_life(pack)
    owner = str(opening.request.answers["author"])
    return opening, (rounds.record(owner, rounds.live(rounds.everybody(opening))),)


def neglected(pack: Pack) -> tuple[Opening, tuple[Move, ...]]:
    opening, moves = lives(pack)
    look = rounds.an_entry("site_reviewed").model_copy(update={"maintained": "no"})
    return opening, (*moves, rounds.record(str(opening.request.answers["author"]), look))


def overdue(pack: str) -> tuple[Opening, tuple[Move, ...]]:
    opening = rounds.a_review(whole_pack(pack), date(2026, 10, 1))
    return opening, (TimePasses(until=end_of(date(2027, 6, 1))),)


def advised(pack: str) -> tuple[Opening, tuple[Move, ...]]:
    opening = confidential.an_opening(whole_pack(pack), "allegation")
    who = confidential.whom(played(opening))[0]
    acts: tuple[Act, ...] = (
        confidential.record(who, "lado_referral_made", "a1"),
        confidential.record(who, "lado_advice_recorded", "a1", permits=confidential.ALL),
    )
    return opening, acts


def returned(pack: str) -> tuple[Opening, tuple[Move, ...]]:
    opening = trying.an_opening(whole_pack(pack))
    back = trying.an_answer(opening, played(opening), Verdict.RETURN, comment="Say more of the aims.")
    return opening, (back,)


def asked(pack: str, process: Process) -> tuple[Opening, tuple[Move, ...]]:
    opening = rounds.a_case(whole_pack(pack), process, subject="Large print", question="Please.")
    who = facts_of(pack).directory.people[-1].id
    return opening.model_copy(
        update={"request": opening.request.model_copy(update={"starter": who, "author": who})}
    ), ()


def campaign(pack: str, process: Process) -> tuple[Opening, tuple[Move, ...]]:
    return rounds.a_case(whole_pack(pack), process, document="policy", version="2", digest="0" * 64), ()


def every_case() -> Iterator[tuple[str, Callable[[], tuple[Opening, tuple[Move, ...]]]]]:
    for name in PACKS:
        yield f"{name}-review", lambda name=name: (rounds.a_review(whole_pack(name)), ())  # type: ignore[misc]
        yield f"{name}-overdue", lambda name=name: overdue(name)  # type: ignore[misc]
        yield f"{name}-undated", lambda name=name: (rounds.a_review(whole_pack(name), None), ())  # type: ignore[misc]
        yield f"{name}-signature", lambda name=name: (signature(name), ())  # type: ignore[misc]
        yield f"{name}-allegation", lambda name=name: (confidential.an_opening(whole_pack(name), "allegation"), ())  # type: ignore[misc]
        yield f"{name}-advised", lambda name=name: advised(name)  # type: ignore[misc]
        yield f"{name}-disciplinary", lambda name=name: (confidential.an_opening(whole_pack(name), "disciplinary"), ())  # type: ignore[misc]
        for process in whole_pack(name).processes:
            if process.story == "question":
                yield f"{name}-{process.key}", lambda name=name, process=process: asked(name, process)  # type: ignore[misc]
            if process.countersignature is not None:
                yield f"{name}-{process.key}", lambda name=name, process=process: campaign(name, process)  # type: ignore[misc]
    for name in OFFERING:
        yield f"{name}-returned", lambda name=name: returned(name)  # type: ignore[misc]
        yield f"{name}-request", lambda name=name: (trying.an_opening(whole_pack(name)), ())  # type: ignore[misc]
        yield f"{name}-site", lambda name=name: (rounds.a_life(whole_pack(name)), ())  # type: ignore[misc]
        yield f"{name}-live", lambda name=name: lives(whole_pack(name))  # type: ignore[misc]
        yield f"{name}-neglected", lambda name=name: neglected(whole_pack(name))  # type: ignore[misc]


def signature(pack: str) -> Opening:
    return rounds.a_signature(whole_pack(pack), facts_of(pack).directory.people[0].id)


def new_days(before: Played, after: Played, *kinds: type) -> set[date]:
    new = after.events[len(before.events) :]
    return {local_day(said.at) for said in new if not kinds or isinstance(said.event, kinds)}


CASES: Final = [pytest.param(make, id=name) for name, make in every_case()]


@pytest.mark.parametrize("make", CASES)
def test_on_every_day_that_is_foretold_something_comes_by_itself(
    make: Callable[[], tuple[Opening, tuple[Move, ...]]],
) -> None:
    opening, moves = make()
    now = played(opening, *moves)
    days = foretold(opening, now)
    assert days
    assert all(day.sentences and "goes on by itself" not in " ".join(day.sentences) for day in days)
    later = played(opening, *moves, TimePasses(until=end_of(days[-1].day)))
    assert {day.day for day in days} <= new_days(now, later)


@pytest.mark.parametrize("make", CASES)
def test_no_reminder_escalation_or_lapse_comes_that_was_not_foretold(
    make: Callable[[], tuple[Opening, tuple[Move, ...]]],
) -> None:
    opening, moves = make()
    now = played(opening, *moves)
    asks = {ask.ask for ask in now.standing.asks}
    days = foretold(opening, now)
    later = played(opening, *moves, TimePasses(until=end_of(days[-1].day)))
    came = [
        said
        for said in later.events[len(now.events) :]
        if (isinstance(said.event, _OF_ASKS) or (isinstance(said.event, AskClosed) and said.event.why == "lapsed"))
        and getattr(said.event, "ask", None) in {*asks, None}
    ]
    assert {local_day(said.at) for said in came} <= {day.day for day in days}


@pytest.mark.parametrize("make", CASES)
def test_what_has_come_is_foretold_no_more(make: Callable[[], tuple[Opening, tuple[Move, ...]]]) -> None:
    opening, moves = make()
    days = foretold(opening, played(opening, *moves))
    passed: datetime = end_of(days[0].day)
    later = foretold(opening, played(opening, *moves, TimePasses(until=passed)))
    assert all(day.day > days[0].day for day in later)
    still = {day.day for day in days[1:]}
    assert still <= {day.day for day in later}


def test_a_request_is_told_day_by_day_with_its_seats() -> None:
    opening = trying.an_opening(whole_pack("cadmus"))
    days = foretold(opening, played(opening))
    assert date(2026, 11, 23) == TODAY
    assert [(day.day, day.sentences) for day in days[:3]] == [
        (date(2026, 11, 26), ("A reminder goes to the Line manager",)),
        (date(2026, 11, 30), ("A reminder goes to the Line manager",)),
        (
            date(2026, 12, 2),
            (
                "The first of these who is there, Deputy headteacher, Headteacher or Chair of governors, "
                "is asked as well",
            ),
        ),
    ]


def test_a_site_that_nobody_looks_at_is_told_when_its_closing_is_proposed() -> None:
    opening, moves = lives(whole_pack("cadmus"))
    looked_at = next(
        day.day for day in foretold(opening, played(opening, *moves)) if "Look at the site" in " ".join(day.sentences)
    )
    asked = played(opening, *moves, TimePasses(until=end_of(looked_at)))
    [proposed] = [
        day.day for day in foretold(opening, asked) if "Duly proposes to close the site early" in day.sentences
    ]
    later = played(opening, *moves, TimePasses(until=end_of(looked_at)), TimePasses(until=end_of(proposed)))
    assert proposed in new_days(asked, later, RequestEdited)


@pytest.mark.meets("REV-05")
def test_an_overdue_review_is_told_when_those_whom_it_concerns_are_told_again() -> None:
    opening = rounds.a_review(whole_pack("cadmus"), date(2026, 10, 1))
    [again] = [day for day in foretold(opening, played(opening)) if "still overdue" in " ".join(day.sentences)]
    assert (again.day, again.sentences) == (
        date(2027, 3, 25),
        (
            "The review is still overdue: a mail to the Headteacher, the Chief operating officer and the Chair of"
            " governors, and to whoever is asked",
        ),
    )


def test_while_the_police_hold_a_case_only_what_keeps_children_from_harm_comes_by_itself() -> None:
    opening, acts = advised("cadmus")
    who = confidential.whom(played(opening))[0]
    tells = foretold(opening, played(opening, *acts))
    assert "“Tell the person, as far as the advice permits it”" in str(tells)
    held = foretold(opening, played(opening, *acts, confidential.record(who, "police_hold_placed")))
    assert "“Tell the person, as far as the advice permits it”" not in str(held)
    assert "“Review of the case”" in str(held)


def test_what_is_disputed_stands_still_and_nothing_is_foretold_of_it() -> None:
    opening = trying.an_opening(whole_pack("cadmus"))
    approved = trying.an_answer(opening, played(opening))
    dispute = Act(kind="dispute", person=approved.person, how="link", ask=approved.ask)
    held = played(opening, approved, dispute)
    assert held.standing.disputed
    assert foretold(opening, held) == ()


def test_whoever_may_not_learn_of_a_matter_is_in_no_sentence_of_what_comes() -> None:
    """ALLEG-11: with the headteacher as its subject, nobody is told that the headteacher comes next."""
    head = confidential.a_subject(category="headteacher")
    opening = confidential.an_opening(whole_pack("cadmus"), "allegation", confidential.a_matter(head))
    told = " ".join(text for day in foretold(opening, played(opening)) for text in day.sentences)
    assert "Headteacher" not in told
    assert "Chair of governors" in told or "Vice-chair" in told
