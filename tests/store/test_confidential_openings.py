"""A case that is opened out of another begins with its own key, and with no more than the advice on record permits."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from domain.allegations import Clearance
from domain.cases import Opening
from domain.entries import CaseCleared, LadoAdviceRecorded
from domain.events import StepRefused
from store import confidential
from store.database import Database
from store.keys import CaseKeys
from tests.confidence import (
    a_confidential_opening,
    a_confidential_pack,
    a_matter,
    advice,
    an_act,
    an_allegation,
    an_allegation_process,
)
from tests.store.carrying import Carried, carried
from tests.store.conftest import Tamper
from tests.stories import BEGINS

TWO = a_matter(an_allegation("a1"), an_allegation("a2", what="Another thing."))
PERMITTED = ("investigate", "open_disciplinary")


@pytest.fixture
async def case(database: Database, keys: CaseKeys) -> Carried:
    """Return a case of two allegations, both referred; the advice about the first permits a disciplinary case."""
    case = await carried(database, keys, a_confidential_opening(matter=TWO))
    await case.act(an_act("head", "lado_referral_made", "a1", "a2"))
    await case.act(advice("head", *PERMITTED))
    return case


async def opened(case: Carried, *allegations: str) -> Opening:
    """Return what begins when the head opens a disciplinary case."""
    reply = await case.act(an_act("head", "disciplinary_opened", *allegations))
    assert reply.says == "done"
    (begins,) = case.written[-1].begins
    return begins


async def carry_on(database: Database, keys: CaseKeys, opening: Opening) -> Carried:
    """Return the case of `opening` at its first pause, or at its end."""
    return await Carried(database, keys, opening).begin()


def advice_of(case: Carried, n: int = -1) -> int:
    """Return the number of the `n`th advice in a case."""
    said = [recorded for batch in case.batches for recorded in batch.events]
    return [recorded.n for recorded in said if isinstance(recorded.event, LadoAdviceRecorded)][n]


async def hash_of(database: Database, case: str, n: int) -> str:
    """Return the hash of an event."""
    async with database.read() as session:
        wanted = text('SELECT hash FROM event WHERE "case" = :case AND n = :n')
        return str(await session.scalar(wanted, {"case": case, "n": n}))


async def test_a_case_begins_with_a_key_of_its_own_and_the_clearance_of_the_advice_on_record(
    case: Carried, database: Database, keys: CaseKeys
) -> None:
    opening = await opened(case)
    assert opening.case.startswith("c-")
    assert len(opening.case) == 34
    assert opening.reference != case.opening.reference
    assert (opening.process.story, opening.parent) == ("disciplinary", case.opening.case)
    assert (opening.request.title, opening.request.starter, opening.request.author) == ("", "", "")
    assert opening.clearance == Clearance(
        case=case.opening.case,
        n=advice_of(case),
        hash=await hash_of(database, case.opening.case, advice_of(case)),
        allegations=("a1",),
    )
    assert (await case.read()).opened == (opening.reference,)
    async with database.read() as session:
        await keys.of(opening.case, session)


@pytest.mark.meets("ALLEG-04")
async def test_no_allegation_is_taken_along_that_the_advice_does_not_permit(case: Carried) -> None:
    opening = await opened(case)
    assert opening.matter is not None
    assert [one.key for one in opening.matter.allegations] == ["a1"]


async def test_whoever_may_not_learn_of_the_one_case_may_not_learn_of_the_other(case: Carried) -> None:
    await case.act(an_act("head", "people_recused", people=("lead", "vice")))
    opening = await opened(case)
    assert opening.matter is not None
    assert set(opening.matter.recused) == {"sam", "lead", "vice"}


async def test_a_turn_that_is_put_on_record_again_opens_the_same_case_until_it_has_begun(
    case: Carried, database: Database, keys: CaseKeys
) -> None:
    opening = await opened(case)
    async with database.write() as session:
        again = await confidential.write(session, keys, case.batches[-1], BEGINS + timedelta(minutes=1))
    assert again.begins == (opening,)
    await carry_on(database, keys, opening)
    async with database.write() as session:
        after = await confidential.write(session, keys, case.batches[-1], BEGINS + timedelta(minutes=2))
    assert after.begins == ()


async def test_what_the_advice_permits_clears_the_case_that_was_opened_with_it(
    case: Carried, database: Database, keys: CaseKeys
) -> None:
    other = await carry_on(database, keys, await opened(case))
    assert other.written[0].cleared is True
    events = [recorded.event for recorded in (await other.read()).history]
    assert any(isinstance(event, CaseCleared) for event in events)


@pytest.mark.meets("ALLEG-04")
@pytest.mark.parametrize(
    "changed",
    [
        {"hash": ""},
        {"hash": "0" * 64},
        {"n": 1},
        {"allegations": ()},
        {"allegations": ("a2",)},
        {"allegations": ("a1", "a2")},
        {"case": "c-another"},
    ],
    ids=str,
)
async def test_a_clearance_that_is_not_that_on_record_clears_nothing(
    case: Carried, database: Database, keys: CaseKeys, changed: dict[str, object]
) -> None:
    opening = await opened(case)
    assert opening.clearance is not None
    forged = opening.clearance.model_copy(update=changed)
    other = await carry_on(database, keys, opening.model_copy(update={"clearance": forged}))
    assert other.written[0].cleared is False
    assert (await other.read()).standing.outcome == "refused"


@pytest.mark.meets("ALLEG-04")
async def test_the_advice_of_another_case_clears_nothing(case: Carried, database: Database, keys: CaseKeys) -> None:
    opening = await opened(case)
    stranger = await carried(database, keys, a_confidential_opening(key="another"))
    await stranger.act(an_act("head", "lado_referral_made"))
    await stranger.act(advice("head", *PERMITTED))
    n = advice_of(stranger)
    theirs = Clearance(
        case=stranger.opening.case,
        n=n,
        hash=await hash_of(database, stranger.opening.case, n),
        allegations=("a1",),
    )
    other = await carry_on(database, keys, opening.model_copy(update={"clearance": theirs}))
    assert other.written[0].cleared is False


@pytest.mark.meets("ALLEG-04")
async def test_later_advice_that_permits_less_takes_the_clearance_back(
    case: Carried, database: Database, keys: CaseKeys
) -> None:
    opening = await opened(case)
    await case.act(advice("head", "investigate"))
    other = await carry_on(database, keys, opening)
    assert other.written[0].cleared is False


async def test_later_advice_about_another_allegation_takes_nothing_back(
    case: Carried, database: Database, keys: CaseKeys
) -> None:
    opening = await opened(case)
    await case.act(advice("head", allegations=("a2",)))
    assert (await carry_on(database, keys, opening)).written[0].cleared is True


async def test_a_record_that_was_changed_or_erased_clears_nothing(
    case: Carried, database: Database, keys: CaseKeys, tamper: Tamper
) -> None:
    opening = await opened(case)
    await tamper(f"DELETE FROM case_key WHERE \"case\" = '{case.opening.case}'")  # noqa: S608 -- our own table
    other = await carry_on(database, CaseKeys(database, keys.ring), opening)
    assert other.written[0].cleared is False


async def test_where_the_pack_tells_no_such_story_nothing_is_opened_and_the_case_goes_on(
    database: Database, keys: CaseKeys
) -> None:
    case = await carried(database, keys, a_confidential_opening(), pack=a_confidential_pack(an_allegation_process()))
    await case.act(an_act("head", "lado_referral_made"))
    await case.act(advice("head", *PERMITTED))
    assert (await case.act(an_act("head", "disciplinary_opened"))).says == "done"
    assert case.written[-1].begins == ()
    assert (await case.read()).opened == ()


# A disciplinary case that is held, because new facts say that a child could be at risk.


@pytest.fixture
async def held(case: Carried, database: Database, keys: CaseKeys) -> Carried:
    """Return a disciplinary case that is held by new facts."""
    held = await carry_on(database, keys, await opened(case))
    assert (await held.act(an_act("head", "safeguarding_concern_raised"))).says == "done"
    return held


async def referred(held: Carried, database: Database, keys: CaseKeys, *permits: str, key: str = "a9") -> Carried:
    """Return the case of the new facts, with advice that permits what it `permits`."""
    opening = next(written.begins[0] for written in reversed(held.written) if written.begins)
    other = await carry_on(database, keys, opening)
    await other.act(an_act("head", "lado_referral_made", key))
    await other.act(advice("head", *permits, allegations=(key,)))
    return other


async def claim(held: Carried, database: Database, other: Carried, key: str = "a9", **changed: object) -> bool | None:
    """Return whether what somebody claims of the latest advice in `other` lets the held case go on."""
    n = advice_of(other)
    told = {"case": other.opening.case, "n": n, "hash": await hash_of(database, other.opening.case, n)}
    clearance = Clearance.model_validate({**told, "allegations": (key,), **changed})
    await held.act(an_act("head", "clearance_claimed", occasion=str(clearance), clearance=clearance))
    return [written.cleared for written in held.written if written.cleared is not None][-1]


async def test_new_facts_open_an_allegation_that_knows_out_of_which_case(held: Carried) -> None:
    (opening,) = held.written[-1].begins
    assert (opening.process.story, opening.parent, opening.clearance) == ("allegation", held.opening.case, None)
    assert opening.matter is not None
    assert [one.key for one in opening.matter.allegations] == ["a9"]


@pytest.mark.meets("ALLEG-04")
async def test_a_held_case_goes_on_once_the_advice_about_the_new_facts_permits_it(
    held: Carried, database: Database, keys: CaseKeys
) -> None:
    other = await referred(held, database, keys, *PERMITTED)
    assert await claim(held, database, other) is True
    assert (await held.act(an_act("head", "procedure_chosen"))).says == "done"


@pytest.mark.meets("ALLEG-04")
async def test_what_cleared_a_case_before_does_not_clear_it_of_new_facts(
    held: Carried, case: Carried, database: Database, keys: CaseKeys
) -> None:
    await referred(held, database, keys, "investigate")
    assert await claim(held, database, case, key="a1") is False
    events = [recorded.event for recorded in (await held.read()).history]
    assert [event.tried for event in events if isinstance(event, StepRefused)] == ["case_cleared"]


async def test_advice_that_does_not_permit_it_lets_no_held_case_go_on(
    held: Carried, database: Database, keys: CaseKeys
) -> None:
    other = await referred(held, database, keys, "investigate")
    assert await claim(held, database, other) is False


async def test_a_wrong_hash_lets_no_held_case_go_on(held: Carried, database: Database, keys: CaseKeys) -> None:
    other = await referred(held, database, keys, *PERMITTED)
    assert await claim(held, database, other, hash="0" * 64) is False
    assert await claim(held, database, other, hash="") is False
    assert await claim(held, database, other, allegations=()) is False


async def test_of_two_new_facts_both_need_advice(held: Carried, database: Database, keys: CaseKeys) -> None:
    first = await referred(held, database, keys, *PERMITTED)
    again = {"key": "a10", "subject": "s1", "topic": "conduct", "what": "Still more."}
    await held.act(an_act("head", "safeguarding_concern_raised", allegation=again, occasion="again"))
    assert await claim(held, database, first) is False
    second = await referred(held, database, keys, *PERMITTED, key="a10")
    assert await claim(held, database, second, key="a10") is True
