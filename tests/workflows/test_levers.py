"""What administrators can do about a case: never decide, never about their own, always with a reason."""

from datetime import date, timedelta

import pytest

from domain.cases import Act, Opening
from domain.events import CaseCancelled, Nudged, Verdict
from store import queries
from tests.house import House
from tests.stories import (
    BEGINS,
    a_changes,
    a_directory,
    a_lever,
    a_person,
    a_process,
    a_step,
    an_answer,
    an_edit,
    an_opening,
)
from workflows.explorer import MemoryHost, Played, TimePasses, play
from workflows.since import FOR_CHANGES
from workflows.site_creation import SiteCreation

OPENING = an_opening(a_process(changes=a_changes()))
PEOPLE = a_directory(a_person("admin", administrator=True), a_person("other"))
MANAGER, COMMS, HEAD = an_answer("a1", "manager"), an_answer("a2", "comms"), an_answer("a3", "head")
RETURNED = an_answer("a1", "manager", Verdict.RETURN)
REASSIGN = a_lever("reassign", ask="a2", to="other")
REMIND = a_lever("remind", ask="a2")
EXTEND = a_lever("extend", ask="a2", days=2)
CANCEL = a_lever("cancel")
LEVERS = [REASSIGN, REMIND, EXTEND, CANCEL]
NAMES = [lever.kind for lever in LEVERS]
DISPUTE = Act(kind="dispute", person="manager", how="link", ask="a1")
RELEASE = a_lever("release", ask="a1", stands=True)


def played(*moves: Act | TimePasses, opening: Opening = OPENING) -> Played:
    return play(SiteCreation(), opening, PEOPLE, BEGINS, moves)


def kinds(play_: Played) -> list[str]:
    return [said.event.kind for said in play_.events]


@pytest.mark.parametrize("lever", LEVERS, ids=NAMES)
def test_an_administrator_can_do_it_and_it_decides_nothing(lever: Act) -> None:
    end = played(MANAGER, lever)
    assert end.replies[-1].says == "done"
    new = kinds(end)[len(played(MANAGER).events) :]
    assert not {"approved", "returned", "rejected"} & set(new)
    assert new


@pytest.mark.parametrize("lever", LEVERS, ids=NAMES)
@pytest.mark.parametrize("person", ["author", "manager"])
def test_nobody_does_it_to_a_case_that_they_wrote_or_decided_in(lever: Act, person: str) -> None:
    end = played(MANAGER, lever.model_copy(update={"person": person}))
    assert end.replies[-1].says == "not_offered"
    assert end.events == played(MANAGER).events


@pytest.mark.parametrize("lever", LEVERS, ids=NAMES)
def test_nobody_does_it_to_a_case_that_they_sent_for_somebody_or_stepped_aside_from(lever: Act) -> None:
    started = an_opening(OPENING.process, starter="admin")
    assert played(MANAGER, lever, opening=started).replies[-1].says == "not_offered"
    aside = Act(kind="step_aside", person="comms", how="session", ask="a2", comment="A friend of mine.")
    assert played(MANAGER, aside, lever.model_copy(update={"person": "comms"})).replies[-1].says == "not_offered"


@pytest.mark.parametrize("lever", LEVERS, ids=NAMES)
def test_it_wants_a_reason_and_somebody_signed_in(lever: Act) -> None:
    assert played(MANAGER, lever.model_copy(update={"comment": "\u200b "})).replies[-1].says == "incomplete"
    assert played(MANAGER, lever.model_copy(update={"how": "link"})).replies[-1].says == "not_offered"


@pytest.mark.parametrize("lever", LEVERS, ids=NAMES)
def test_nothing_is_done_to_a_case_that_is_over(lever: Act) -> None:
    assert played(MANAGER, COMMS, HEAD, lever).replies[-1].says == "closed"


@pytest.mark.parametrize("lever", LEVERS[:3], ids=NAMES[:3])
def test_nothing_is_done_to_an_ask_that_is_closed_or_unknown(lever: Act) -> None:
    for ask in ("a1", "a9"):
        assert played(MANAGER, lever.model_copy(update={"ask": ask})).replies[-1].says == "not_offered"


def test_nobody_else_is_asked_in_the_place_of_an_author_who_is_asked_for_changes() -> None:
    assert played(RETURNED, REASSIGN).replies[-1].says == "not_offered"


def test_an_author_who_is_asked_for_changes_is_given_more_time_and_keeps_it() -> None:
    end = played(RETURNED, EXTEND)
    (before,), (after,) = played(RETURNED).standing.asks, end.standing.asks
    assert end.replies[-1].says == "done"
    assert (before.due.date(), after.due.date()) == (date(2027, 1, 18), date(2027, 1, 20))
    assert kinds(end)[-1] == "extended"


def test_an_author_who_is_asked_for_changes_is_reminded_when_an_administrator_wishes_it() -> None:
    end = played(RETURNED, REMIND)
    assert end.replies[-1].says == "done"
    assert kinds(end)[-1] == "nudged"


@pytest.mark.parametrize("lever", [REMIND, EXTEND], ids=["remind", "extend"])
def test_a_case_that_was_begun_before_leaves_an_author_who_is_asked_for_changes_alone(
    lever: Act, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(MemoryHost, "since", lambda _, change: change != FOR_CHANGES)
    assert played(RETURNED, lever).replies[-1].says == "not_offered"
    assert played(MANAGER, lever).replies[-1].says == "done"


def test_no_days_are_no_extension() -> None:
    assert played(MANAGER, EXTEND.model_copy(update={"days": None})).replies[-1].says == "incomplete"


def test_a_cancelled_case_ends_without_a_decision_and_says_why() -> None:
    end = played(MANAGER, CANCEL)
    (cancelled,) = (said.event for said in end.events if isinstance(said.event, CaseCancelled))
    assert (cancelled.by, cancelled.comment) == ("admin", "Needed.")
    assert kinds(end)[-3:] == ["case_cancelled", "ask_closed", "case_ended"]
    assert (end.standing.outcome, end.standing.asks) == ("cancelled", ())
    assert played(MANAGER, CANCEL, COMMS).replies[-1].says == "closed"


def test_a_case_that_waits_for_its_author_can_be_cancelled() -> None:
    assert played(RETURNED, CANCEL).standing.outcome == "cancelled"


def test_a_reminder_that_an_administrator_asks_for_says_who_wished_it() -> None:
    end = played(MANAGER, REMIND, REMIND.model_copy(update={"occasion": "another"}))
    assert [(said.event.by, said.event.comment) for said in end.events if isinstance(said.event, Nudged)] == [
        ("admin", "Needed.")
    ] * 2


def test_an_administrator_who_is_asked_decides_by_answering_and_not_by_a_lever() -> None:
    opening = an_opening(a_process(a_step("headteacher"), changes=a_changes(back_to="headteacher")))
    end = play(
        SiteCreation(),
        opening,
        a_directory(a_person("admin", "headteacher", administrator=True)),
        BEGINS,
        (a_lever("reassign", ask="a1", to="comms"), an_answer("a1", "admin")),
    )
    assert [reply.says for reply in end.replies] == ["not_offered", "done"]


def test_every_lever_together_approves_nothing() -> None:
    later = TimePasses(until=BEGINS + timedelta(days=20))
    end = played(MANAGER, REASSIGN, REMIND, EXTEND, later, DISPUTE, RELEASE, later)
    assert kinds(end).count("approved") == 1
    assert end.standing.outcome is None


async def test_everybody_who_has_to_know_of_a_lever_is_told_by_mail(at_home: House) -> None:
    at_home.outbox.messages.clear()
    case = await at_home.begin(an_opening(OPENING.process, "levers"), PEOPLE)
    for act in (MANAGER, DISPUTE, RELEASE, REASSIGN, CANCEL):
        assert (await at_home.engine.act(case.opening.case, act)).says == "done"
        await case.settled()
    assert await case.handle.result() == "cancelled"
    async with at_home.db.read() as session:
        mails = {(mail.template, mail.person) for mail in await queries.mails_of(session, case.opening.case)}
    assert {
        ("receipt", "manager"),
        ("disputed", "admin"),
        ("held", "comms"),
        ("held", "author"),
        ("released", "author"),
        ("released", "manager"),
        ("released", "comms"),
        ("ask", "other"),
        ("outcome_cancelled", "author"),
        ("outcome_cancelled", "manager"),
    } <= mails
    assert not {person for template, person in mails if template == "disputed"} - {"admin"}


async def test_administrators_are_told_that_an_answer_is_disputed_that_holds_nothing_any_more(at_home: House) -> None:
    case = await at_home.begin(an_opening(a_process(changes=a_changes(ahead=None)), "too late"), PEOPLE)
    changed = an_edit(case.opening.request, title="Science")
    for act in (MANAGER, an_answer("a2", "comms", Verdict.RETURN), changed, DISPUTE):
        await case.settled()
        assert (await at_home.engine.act(case.opening.case, act)).says == "done"
    await case.settled()
    [told] = [mail for mail in at_home.outbox.to("admin@elms.example") if "of before is disputed" in mail["Subject"]]
    words = told.get_body(("plain",))
    assert words is not None
    assert "Nothing is held" in words.get_content()


async def test_those_who_are_asked_when_a_case_is_cancelled_are_told(at_home: House) -> None:
    case = await at_home.begin(an_opening(OPENING.process, "cancelled-asked"), PEOPLE)
    assert (await at_home.engine.act(case.opening.case, CANCEL)).says == "done"
    await case.handle.result()
    async with at_home.db.read() as session:
        mails = {(mail.template, mail.person) for mail in await queries.mails_of(session, case.opening.case)}
    assert ("outcome_cancelled", "manager") in mails


async def test_whom_an_ask_was_taken_from_and_given_back_to_can_answer_it(at_home: House) -> None:
    case = await at_home.begin(an_opening(OPENING.process, "back-again"), PEOPLE)
    await case.settled()
    for to in ("other", "manager"):
        act = a_lever("reassign", ask="a1", to=to, occasion=to)
        assert (await at_home.engine.act(case.opening.case, act)).says == "done"
        await case.settled()
    assert (await at_home.engine.act(case.opening.case, an_answer("a1", "other"))).says == "not_asked"
    assert (await at_home.engine.act(case.opening.case, an_answer("a1", "manager"))).says == "done"
