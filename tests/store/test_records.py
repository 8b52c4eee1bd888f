"""A turn of a case goes on record whole and once: events, read model, whom it reached, mails and links."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from domain.cases import MailOrder
from domain.events import (
    AskClosed,
    CaseEnded,
    Confirmed,
    Escalated,
    Rejected,
    RequestWithdrawn,
    Signature,
    SiteRegistered,
)
from domain.people import Asked
from store import links, mails, people, queries
from store.database import Database
from store.keys import CaseKeyMissingError, CaseKeys
from store.records import RecordClashError, RecordGapError, write_batch
from store.tables import EventRow
from tests.builders import BEN, MONDAY, ORGANISATION, SCHOOL
from tests.store.turns import (
    SUBMITTED,
    a_turn,
    approved,
    ask_opened,
    on_record,
    put,
    the_first_turn,
    the_last_turn,
    the_second_turn,
)

BENS = Asked(person="ben", seat="line_manager")
HELENS = Asked(person="helen", seat="headteacher")


async def mails_of(database: Database, case: str = "c-1") -> list[tuple[str, str]]:
    """Return who gets which mails of a case."""
    async with database.read() as session:
        return sorted((mail.person, mail.template) for mail in await queries.mails_of(session, case))


async def asks_of(database: Database) -> dict[str, tuple[str | None, str | None]]:
    """Return how each ask of the case was closed, and by whom."""
    async with database.read() as session:
        return {ask.ask: (ask.closed_how, ask.decided_by) for ask in await queries.asks_of(session, "c-1")}


async def test_what_was_put_on_record_is_read_back(database: Database, keys: CaseKeys) -> None:
    turns = the_first_turn(), the_second_turn()
    await put(database, keys, *turns)
    async with database.read() as session:
        history = await queries.history(session, keys, "c-1")
        case = await queries.case_by_reference(session, "K7QM-4TXR")
        assert case is not None
        opening = await queries.opening_of(session, keys, case)
        standing = await queries.standing_of(session, keys, case)
    assert history == on_record(*turns)
    assert (opening, standing) == (turns[0].opening, turns[1].standing)
    assert (case.title, case.school, case.starter, case.opened_at) == ("Science club page", SCHOOL, "amina", MONDAY)


async def test_nothing_that_somebody_typed_is_in_the_database_in_clear(database: Database, keys: CaseKeys) -> None:
    await put(database, keys, the_first_turn())
    async with database.read() as session:
        events = (await session.execute(select(EventRow))).scalars().all()
        case = await queries.case_by_id(session, "c-1")
    assert case is not None
    kept = b"".join([event.sealed + event.entry.encode() for event in events] + [case.sealed_opening])
    assert b"science club" not in kept


async def test_an_ask_reaches_whom_the_request_names_and_those_mails_are_queued(
    database: Database, keys: CaseKeys
) -> None:
    (written,) = await put(database, keys, the_first_turn())
    assert written.asked == {"a1": (BENS,)}
    assert await mails_of(database) == [("amina", "request_received"), ("ben", "ask")]
    assert sorted(mail.person for mail in written.mails) == ["amina", "ben"]


async def test_whoever_sent_the_request_is_not_asked_to_approve_it(database: Database, keys: CaseKeys) -> None:
    turn = the_first_turn()
    own = turn.model_copy(update={"events": a_turn(1, SUBMITTED, ask_opened(named="amina")).events})
    (written,) = await put(database, keys, own)
    assert written.asked == {"a1": ()}
    assert await mails_of(database) == [("ada", "vacant"), ("amina", "request_received")]


async def test_a_turn_that_comes_again_changes_nothing_and_gives_the_same(database: Database, keys: CaseKeys) -> None:
    first, second = await put(database, keys, the_first_turn(), the_first_turn())
    assert second.asked == first.asked
    assert {mail.id for mail in second.mails} == {mail.id for mail in first.mails}
    assert len(await mails_of(database)) == 2
    async with database.read() as session:
        assert len(await queries.history(session, keys, "c-1")) == 2


async def test_a_turn_that_comes_again_after_later_ones_changes_nothing(database: Database, keys: CaseKeys) -> None:
    turns = the_first_turn(), the_second_turn()
    *_, again = await put(database, keys, *turns, turns[0])
    assert again.asked == {"a1": (BENS,)}
    async with database.read() as session:
        case = await queries.case_by_id(session, "c-1")
        assert case is not None
        assert await queries.standing_of(session, keys, case) == turns[1].standing


async def test_of_a_turn_that_comes_again_only_what_was_not_sent_is_sent(database: Database, keys: CaseKeys) -> None:
    (written,) = await put(database, keys, the_first_turn())
    to_ben = next(mail for mail in written.mails if mail.person == "ben")
    async with database.write() as session:
        await mails.mark_handed_over(session, {to_ben.id: "digest"}, MONDAY)
    (again,) = await put(database, keys, the_first_turn())
    assert [mail.person for mail in again.mails] == ["amina"]


async def test_a_changed_directory_does_not_change_whom_an_ask_reached(database: Database, keys: CaseKeys) -> None:
    await put(database, keys, the_first_turn())
    async with database.write() as session:
        gone = BEN.model_copy(update={"leaves_on": (MONDAY - timedelta(days=1)).date()})
        await people.save(session, (gone,))
        again = await write_batch(session, keys, the_first_turn(), MONDAY)
    assert again.asked == {"a1": (BENS,)}


async def test_what_happened_since_is_read_after_what_is_known(database: Database, keys: CaseKeys) -> None:
    await put(database, keys, the_first_turn())
    async with database.read() as session:
        known, head = await queries.history(session, keys, "c-1"), await queries.head_of(session, "c-1")
    await put(database, keys, the_second_turn())
    async with database.read() as session:
        whole = await queries.history(session, keys, "c-1")
        assert len(whole) > len(known)
        assert await queries.history_after(session, keys, "c-1", known, head) == whole
        assert await queries.history_after(session, keys, "c-1", known, "of another past") == whole


async def test_a_turn_before_its_time_is_refused_and_leaves_nothing(database: Database, keys: CaseKeys) -> None:
    with pytest.raises(RecordGapError):
        await put(database, keys, the_second_turn())
    await put(database, keys, the_first_turn())
    with pytest.raises(RecordGapError):
        await put(database, keys, the_last_turn())
    async with database.read() as session:
        assert [recorded.n for recorded in await queries.history(session, keys, "c-1")] == [1, 2]


async def test_what_comes_under_the_number_of_another_event_is_refused_and_never_taken_for_that(
    database: Database, keys: CaseKeys
) -> None:
    await put(database, keys, the_first_turn(), the_second_turn())
    other = the_first_turn()
    later = [one.model_copy(update={"at": one.at + timedelta(minutes=1)}) for one in other.events]
    with pytest.raises(RecordClashError):
        await put(database, keys, other.model_copy(update={"events": tuple(later)}))
    async with database.read() as session:
        before = await queries.history(session, keys, "c-1")
    await put(database, keys, the_first_turn(), the_second_turn())
    async with database.read() as session:
        assert await queries.history(session, keys, "c-1") == before


async def test_without_the_key_of_its_case_nothing_is_put_on_record(database: Database, keys: CaseKeys) -> None:
    with pytest.raises(CaseKeyMissingError):
        async with database.write() as session:
            await write_batch(session, keys, the_first_turn(), MONDAY)
    async with database.read() as session:
        assert await queries.case_by_id(session, "c-1") is None


async def test_a_decision_uses_up_the_links_to_its_ask_and_no_other(database: Database, keys: CaseKeys) -> None:
    await put(database, keys, the_first_turn())
    async with database.write() as session:
        bens, again, other = [
            await links.mint(session, case=case, ask=ask, person="ben", version=1, at=MONDAY)
            for case, ask in (("c-1", "a1"), ("c-1", "a1"), ("c-1", "a9"))
        ]
    await put(database, keys, the_second_turn())
    async with database.read() as session:
        found = [await links.find(session, token) for token in (bens, again, other)]
    assert [link.status for link in found if link] == ["used", "used", "open"]
    assert await asks_of(database) == {"a1": ("approved", "ben"), "a2": (None, None)}


async def test_an_ask_that_closed_without_an_answer_closes_its_links(database: Database, keys: CaseKeys) -> None:
    await put(database, keys, the_first_turn(), the_second_turn())
    async with database.write() as session:
        token = await links.mint(session, case="c-1", ask="a2", person="helen", version=1, at=MONDAY)
    await put(database, keys, the_last_turn())
    async with database.read() as session:
        link = await links.find(session, token)
        case = await queries.case_by_id(session, "c-1")
    assert link is not None
    assert (link.status, link.closed_at) == ("closed", MONDAY + timedelta(days=30))
    assert await asks_of(database) == {"a1": ("approved", "ben"), "a2": ("lapsed", None)}
    assert case is not None
    assert (case.outcome, case.closed_at, case.waits_for, case.due) == ("lapsed", link.closed_at, None, None)


async def test_an_ask_that_opens_and_closes_in_one_turn_is_closed(database: Database, keys: CaseKeys) -> None:
    events = (
        approved(),
        ask_opened("a2", "headteacher"),
        RequestWithdrawn(by="amina"),
        AskClosed(ask="a2", step="headteacher", why="withdrawn"),
        CaseEnded(outcome="withdrawn"),
    )
    await put(database, keys, the_first_turn(), a_turn(3, *events))
    assert await asks_of(database) == {"a1": ("approved", "ben"), "a2": ("withdrawn", None)}
    async with database.read() as session:
        assert await queries.waiting_for(session, "helen") == []


async def test_a_rejection_says_who_rejected(database: Database, keys: CaseKeys) -> None:
    signature = Signature(name="Ben Carter", attestation="I have looked at it.")
    said = {"ask": "a1", "step": "line_manager", "seat": "line_manager", "by": "ben", "how": "session", "version": 1}
    rejected = Rejected.model_validate({**said, "opened_at": MONDAY, "signature": signature, "comment": "Not yet."})
    await put(database, keys, the_first_turn(), a_turn(3, rejected))
    assert await asks_of(database) == {"a1": ("rejected", "ben")}


async def test_an_escalation_reaches_those_who_stand_in_besides_those_asked(database: Database, keys: CaseKeys) -> None:
    escalated = Escalated(ask="a2", step="headteacher", to=("deputy_head", "headteacher"))
    mail = MailOrder(template="escalation", about=5, ask="a2")
    turn = a_turn(5, escalated, mails=(mail,))
    *_, written = await put(database, keys, the_first_turn(), the_second_turn(), turn)
    assert written.asked == {"a2": (HELENS, Asked(person="dev", seat="deputy_head"))}
    assert sorted(mail.person for mail in written.mails) == ["dev", "helen"]
    (again,) = await put(database, keys, turn)
    assert set(again.asked["a2"]) == set(written.asked["a2"])


async def test_mails_go_to_the_deciders_and_to_the_holders_of_a_seat(database: Database, keys: CaseKeys) -> None:
    mail = MailOrder(template="progress", about=3, to=("deciders", "line_manager", "headteacher"))
    *_, written = await put(database, keys, the_first_turn(), a_turn(3, approved(), mails=(mail,)))
    assert [mail.person for mail in written.mails] == ["ben", "helen"]


async def test_two_notices_of_one_event_to_one_person_are_one_mail(database: Database, keys: CaseKeys) -> None:
    orders = tuple(MailOrder(template="progress", about=3, to=to) for to in (("author",), ("starter", "deciders")))
    *_, written = await put(database, keys, the_first_turn(), a_turn(3, approved(), mails=orders))
    assert [mail.person for mail in written.mails] == ["amina", "ben"]


async def test_an_approved_site_enters_the_register(database: Database, keys: CaseKeys) -> None:
    registered = SiteRegistered(title="Science club page", school=SCHOOL)
    await put(database, keys, the_first_turn(), a_turn(3, approved(), registered))
    async with database.read() as session:
        (site,) = await queries.register_of(session, ORGANISATION)
    assert (site.case, site.title, site.author, site.approved_at) == ("c-1", "Science club page", "amina", MONDAY)


async def test_a_confirmation_is_an_event_of_its_own(database: Database, keys: CaseKeys) -> None:
    confirmed = Confirmed(ask="a1", step="line_manager", confirmation="resources", by="ben")
    await put(database, keys, the_first_turn(), a_turn(3, approved(), confirmed))
    async with database.read() as session:
        assert (await queries.history(session, keys, "c-1"))[-1].event == confirmed
