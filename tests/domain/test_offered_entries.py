"""What somebody may record in a confidential case now, what not yet, why, and under which clause."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime
from typing import Any

import pytest

from domain.allegations import GATED, Clearance
from domain.cases import Batch, OpenAsk, Opening, Published, Standing
from domain.entries import (
    CaseCleared,
    HearingCalled,
    InvestigationReported,
    LadoAdviceRecorded,
    LadoReferralMade,
    OutcomeRecorded,
    PoliceContacted,
    PoliceHoldPlaced,
    PoliceHoldReleased,
)
from domain.entry_forms import EntryFacts
from domain.events import AnyEvent
from domain.offered_entries import BEFORE_THE_POLICE, Offers, accepted, clauses_of, offers_for
from domain.pack import Process
from domain.people import Asked
from tests.builders import MONDAY, an_ask
from tests.matters import ALLEGATION, DISCIPLINARY, a_confidential_opening
from tests.matters import CLAUSE as HERE
from workflows.case import Case
from workflows.stories import STORIES

CLEARED = CaseCleared(clearance=Clearance(case="c-1", n=2, hash=""))
REFERRED = LadoReferralMade(allegations=("a1",), method="phone", spoke_to="Lou")


def advised(*permits: Any) -> LadoAdviceRecorded:
    return LadoAdviceRecorded(
        allegations=("a1",), giver="Lou", method="phone", advice="employer_investigation", permits=permits
    )


def asked(step: str, seat: str = "case_manager") -> OpenAsk:
    return an_ask(step=step, seat=seat)


def offers(
    *past: AnyEvent,
    process: Process = ALLEGATION,
    step: str = "referral",
    seat: str = "case_manager",
    person: str = "helen",
    **more: object,
) -> Offers:
    """Return what Helen may record, who is asked for `step` in a seat of the case."""
    facts = EntryFacts(opening=a_confidential_opening(process=process, **more), past=past, now=MONDAY)  # type: ignore[arg-type]
    standing = Standing(asks=(asked(step, seat),))
    return offers_for(person, facts, standing, {"a1": (Asked(person="helen", seat="headteacher"),)})


def kinds(offered: Any) -> set[str]:
    return {offer.kind for offer in offered}


# What a case takes.


class Nowhere:
    """A host that carries a case to its first pause, and no further."""

    def __init__(self) -> None:
        self.paused = asyncio.Event()

    def now(self) -> datetime:
        return MONDAY

    async def publish(self, batch: Batch) -> Published:
        asks = [ask.ask for ask in batch.standing.asks]
        return Published(asked={ask: (Asked(person="helen", seat="headteacher"),) for ask in asks})

    def since(self, change: str) -> bool:
        """Return that the case is new."""
        del change
        return True

    async def pause(self, until: datetime | None, woken: Callable[[], bool]) -> None:
        del until, woken
        self.paused.set()
        await asyncio.Event().wait()


async def accepts(opening: Opening) -> dict[str, frozenset[str]]:
    """Return what a case that really runs takes of those who are asked: in which seats, or in any."""
    host = Nowhere()
    case = Case(opening, host)
    playing = asyncio.create_task(case.play(STORIES[opening.process.story]()))
    await asyncio.wait_for(host.paused.wait(), 10)
    playing.cancel()
    with suppress(asyncio.CancelledError):
        await playing
    return {kind: taken.seats - {"reporter"} for kind, taken in case.accepts.items() if kind != "calls_made"}


@pytest.mark.parametrize(
    "process",
    [ALLEGATION, ALLEGATION.model_copy(update={"basic_enquiries": True}), DISCIPLINARY],
    ids=["allegation", "with basic enquiries", "disciplinary"],
)
async def test_what_is_offered_is_what_the_case_takes_in_the_same_seats(process: Process) -> None:
    assert accepted(process, "staff") == await accepts(a_confidential_opening(process=process))


# What now, what at any time, what later.


def test_the_task_comes_first() -> None:
    assert kinds(offers().now) == {"lado_referral_made"}
    assert kinds(offers(REFERRED, step="advice").now) == {"lado_advice_recorded"}
    assert kinds(offers(REFERRED, advised(), step="review").now) == {"case_reviewed"}
    assert kinds(offers(process=DISCIPLINARY, step="triage").now) == {"triage_recorded"}


@pytest.mark.meets("ALLEG-06", "ALLEG-08", "ALLEG-16")
@pytest.mark.parametrize(
    "kind",
    ["police_contacted", "social_care_contacted", "interim_safeguard_taken", "custody_recorded", "breach_reported"],
)
def test_what_keeps_children_from_harm_never_waits(kind: str) -> None:
    for past in ((), (REFERRED,), (REFERRED, advised()), (PoliceHoldPlaced(who="PC"),)):
        offer = offers(*past).find(kind)
        assert offer is not None
        assert offer.not_yet is None


@pytest.mark.meets("ALLEG-04")
@pytest.mark.parametrize("kind", sorted(GATED))
def test_before_the_advice_it_says_why_not_yet_and_under_which_clause(kind: str) -> None:
    for past in ((), (REFERRED,)):
        found = offers(*past)
        offer = next(offer for offer in found.gated if offer.kind == kind)
        assert offer.not_yet is not None
        assert offer.not_yet.why == "First, this has to be on record: the LADO's advice"
        assert (offer.not_yet.clause, offer.clauses) == (HERE, (HERE,))


@pytest.mark.meets("ALLEG-04")
@pytest.mark.parametrize(("kind", "permit"), [pair for pair in GATED.items() if pair[1]])
def test_after_the_advice_only_what_it_permits_may_be_recorded(kind: str, permit: str) -> None:
    def found(*past: AnyEvent) -> Any:
        return next(offer for offer in offers(REFERRED, *past).gated if offer.kind == kind).not_yet

    assert found(advised()).why == "The LADO's advice does not permit it"
    assert found(advised(permit)) is None
    assert found(advised(permit), advised()).why == "The LADO's advice does not permit it"


@pytest.mark.meets("ALLEG-18")
def test_while_the_police_hold_it_nothing_is_investigated() -> None:
    held = offers(REFERRED, advised("investigate"), PoliceHoldPlaced(who="PC"))
    not_yet = next(offer for offer in held.gated if offer.kind == "investigation_started").not_yet
    assert not_yet is not None
    assert not_yet.why == (
        "It waits since this was recorded: that the police asked to wait. "
        "Once this is on record it goes on: that the police let the school go on"
    )
    assert (held.find("police_hold_placed"), held.find("police_hold_released") is None) == (None, False)
    free = offers(REFERRED, advised("investigate"), PoliceHoldPlaced(who="PC"), PoliceHoldReleased(who="PC"))
    assert next(offer for offer in free.gated if offer.kind == "investigation_started").not_yet is None


@pytest.mark.meets("ALLEG-12", "ALLEG-17")
@pytest.mark.parametrize("images", ["yes", "unsure"])
def test_where_indecent_images_may_be_involved_the_police_come_first(images: str) -> None:
    first = offers(images=images)
    assert first.police_first
    assert [offer.kind for offer in first.now] == ["police_contacted", "lado_referral_made"]
    assert kinds((*first.now, *first.at_any_time)) == set(BEFORE_THE_POLICE)
    assert not first.gated
    assert not first.later
    then = offers(PoliceContacted(method="phone", spoke_to="PC"), images=images)
    assert not then.police_first
    assert then.find("evidence_recorded")


def test_what_there_is_nothing_to_say_of_is_not_offered() -> None:
    for kind in ("hearing_postponed", "letter_sent", "appeal_made", "clearance_claimed", "police_hold_released"):
        assert offers(CLEARED, process=DISCIPLINARY, step="procedure").find(kind) is None
    called = HearingCalled(on=date(2026, 11, 9), letter="Come.")
    assert offers(called, process=DISCIPLINARY, step="procedure").find("hearing_postponed")
    assert offers(CLEARED, process=DISCIPLINARY, step="procedure").find("triage_recorded") is None
    ended = OutcomeRecorded(allegations=("a1",), outcome="false", reasons="x")
    assert offers(REFERRED, advised(), ended, step="outcome").find("outcome_recorded") is None


def test_each_seat_has_what_is_its_own() -> None:
    deciding = offers(process=DISCIPLINARY, step="procedure", seat="decider")
    assert deciding.find("decision_made")
    assert deciding.find("procedure_chosen") is None
    assert deciding.find("safeguarding_concern_raised")


def test_whoever_is_not_asked_is_offered_nothing() -> None:
    assert offers(person="otto") == Offers()


def test_whoever_found_out_what_happened_does_not_decide() -> None:
    found = InvestigationReported(by="helen", findings="x")
    offer = offers(found, process=DISCIPLINARY, step="procedure", seat="decider").find("decision_made")
    assert offer is not None
    assert offer.not_yet is not None
    assert offer.not_yet.why == ("It takes somebody else, because you had a part in this: the investigator's report")


def test_the_clauses_are_those_of_the_pack() -> None:
    assert clauses_of(ALLEGATION, "lado_advice_recorded") == (HERE,)
    assert clauses_of(ALLEGATION, "case_reviewed") == (HERE,)
    assert clauses_of(ALLEGATION, "support_offered") == ()
