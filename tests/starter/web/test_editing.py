"""A request that was sent is changed by whoever wrote it, once, and everybody sees what changed."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta

import pytest

from domain.cases import Act, Reply
from domain.events import AnyEvent, RequestEdited
from domain.forms import Fault
from domain.people import Directory
from domain.refs import case_id
from starter.engine import EngineLostError
from starter.web.filling import refilled
from starter.web.site import Site
from store import drafts, people, queries
from tests.builders import AMINA, BEN
from tests.starter.web.conftest import Browser, Clock, RememberedCases, SignedIn, page_of
from tests.starter.web.running import Running, a_link, answered, requested, withdrawn
from tests.starter.web.school import CLUB, PURPOSE, RUNNING, TEAM
from tests.starter.web.test_cases import tables_of, text_of
from tests.starter.web.test_drafts import begin, faults_on, filled, stored, values_on

AMINAS, BENS, HELENS, OTTOS = (f"{who}@elmbrook.example" for who in ("amina", "ben", "helen", "otto"))
OTHER_AIMS = [("aims", "Play chess and go."), *PURPOSE[1:]]
SAID = "Say more about the aims."


@dataclass(frozen=True)
class Sent:
    """A request that Amina has sent from a draft."""

    browser: Browser
    running: Running
    key: str
    reference: str

    @property
    def case(self) -> str:
        return case_id(self.key)

    @property
    def page(self) -> str:
        return f"/cases/{self.reference}"

    @property
    def draft(self) -> str:
        return f"/drafts/{self.key}"

    async def answered(self, person: str, ask: str, **more: object) -> None:
        reply = await answered(self.running, person, ask, self.case, **more)
        assert reply.says in {"done", "unfit"}

    async def returned(self) -> None:
        """Have Ben approve it and Helen return it."""
        await self.answered("ben", "a1")
        await self.answered("helen", "a2", verdict="return", comment=SAID)

    async def opened(self, browser: Browser | None = None) -> Browser:
        """Have its form opened again, and one material answer changed."""
        one = browser or self.browser
        await one.get(f"{self.page}/edit")
        assert (await one.post(f"{self.page}/edit")).headers["Location"] == self.draft
        answer = await one.post(f"{self.draft}/purpose", OTHER_AIMS)
        assert answer.headers["Location"] == f"{self.draft}/check", answer.text
        return one

    async def events(self) -> list[AnyEvent]:
        await self.running.settled(self.case)
        async with self.running.site.db.read() as session:
            return [said.event for said in await queries.history(session, self.running.site.keys, self.case)]

    async def edits(self) -> list[RequestEdited]:
        return [event for event in await self.events() if isinstance(event, RequestEdited)]


async def request_of(signed_in: SignedIn, running: Running, **team: str) -> Sent:
    """Return a request that Amina has sent, and that waits for Ben."""
    browser = await signed_in(AMINAS)
    key = await filled(browser)
    await browser.post(f"/drafts/{key}/team", {**TEAM, **team})
    assert (await browser.post(f"/drafts/{key}/check")).status_code == 303
    async with running.site.db.read() as session:
        row = await drafts.of_case(session, case_id(key))
    assert row is not None
    return Sent(browser, running, key, row.reference)


@pytest.fixture
async def sent(signed_in: SignedIn, running: Running) -> Sent:
    return await request_of(signed_in, running)


async def test_a_returned_request_is_changed_on_the_pages_on_which_it_was_first_filled_in(sent: Sent) -> None:
    await sent.returned()
    start = text_of(await sent.browser.get(f"{sent.page}/edit"))
    assert "Helen Marsh returned the request for changes as Headteacher" in start
    assert SAID in start
    assert "Ben Carter, Line manager" in start
    assert "asked again from “Line manager” on" in start
    assert "Could it draw unwelcome publicity?" in start
    assert (await sent.browser.post(f"{sent.page}/edit")).headers["Location"] == sent.draft
    typed = values_on(await sent.browser.get(f"{sent.draft}/team"))
    assert typed.items() >= {"name": "Chess Club", "author": "Amina Okafor", "line_manager": "Ben Carter"}.items()
    typed = values_on(await sent.browser.get(f"{sent.draft}/running"))
    assert typed.items() >= {"administrators-2": "Ben Carter", "live-month": "3", "closes-year": "2028"}.items()
    for page in ("", "/team", "/check"):
        assert SAID in text_of(await sent.browser.get(sent.draft + page))
    assert "You have changed nothing so far" in text_of(await sent.browser.get(f"{sent.draft}/check"))
    await sent.browser.post(f"{sent.draft}/purpose", OTHER_AIMS)
    check = await sent.browser.get(f"{sent.draft}/check")
    assert tables_of(check)["What you changed"] == [["Aims", "Before Play chess.", "After Play chess and go."]]
    assert "every approval given so far is void" in text_of(check)
    answer = await sent.browser.post(f"{sent.draft}/check", {"edition": "1"})
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{sent.page}/changed")
    done = text_of(await sent.browser.get(f"{sent.page}/changed"))
    assert "The request is now version 2" in done
    assert "This waits for the Line manager" in done
    [edit] = await sent.edits()
    assert (edit.by, edit.material, edit.changed) == ("amina", True, ("aims",))
    assert await stored(sent.running.site, sent.key) == {}
    assert "Play chess and go." in text_of(await sent.browser.get(sent.page))


async def test_a_change_to_what_nobody_approved_keeps_the_approvals(sent: Sent) -> None:
    await sent.answered("ben", "a1")
    await sent.browser.post(f"{sent.page}/edit")
    await sent.browser.post(f"{sent.draft}/purpose", [*PURPOSE, ("publicity", "yes")])
    check = text_of(await sent.browser.get(f"{sent.draft}/check"))
    assert "the approvals given so far stay" in check
    await sent.browser.post(f"{sent.draft}/check", {"edition": "1"})
    assert "The approvals given stay" in text_of(await sent.browser.get(f"{sent.page}/changed"))
    [edit] = await sent.edits()
    assert (edit.material, edit.version, edit.edition) == (False, 1, 2)
    page = text_of(await sent.browser.get(f"{sent.page}/versions"))
    assert "Counts : Ben Carter, Line manager, approved version 1" in page
    assert "This waits for the Headteacher" in text_of(await sent.browser.get(sent.page))


async def test_the_old_link_says_that_the_form_changed(sent: Sent, site: Site) -> None:
    token = await a_link(site, BEN, case=sent.case)
    await (await sent.opened()).post(f"{sent.draft}/check", {"edition": "1"})
    await sent.running.settled(sent.case)
    assert "The request changed" in text_of(await sent.browser.get(f"/d/{token}"))


async def test_everybody_who_may_see_the_case_sees_what_changed_and_which_approvals_count(
    sent: Sent, signed_in: SignedIn
) -> None:
    ben = await signed_in(BENS)
    assert "It was not changed since" in text_of(await ben.get(f"{sent.page}/versions"))
    await sent.returned()
    await (await sent.opened()).post(f"{sent.draft}/check", {"edition": "1"})
    await sent.answered("ben", "a4", version=2)
    answer = await ben.get(f"{sent.page}/versions")
    [(caption, rows)] = tables_of(answer).items()
    assert caption.startswith("What Amina Okafor changed on Monday 2 November 2026")
    assert rows == [["Aims", "Before Play chess.", "After Play chess and go."]]
    page = text_of(answer)
    assert "Void : Ben Carter, Line manager, approved version 1" in page
    assert "Counts : Ben Carter, Line manager, approved version 2" in page
    stranger = await signed_in(OTTOS)
    for path in ("/versions", "/edit", "/changed"):
        assert (await stranger.get(sent.page + path)).status_code == 404


async def test_the_same_change_sent_again_has_one_effect(sent: Sent) -> None:
    browser = await sent.opened()
    answers = await asyncio.gather(*(browser.post(f"{sent.draft}/check", {"edition": "1"}) for _ in range(3)))
    answers.append(await browser.post(f"{sent.draft}/check", {"edition": "1"}))
    assert {(one.status_code, one.headers["Location"]) for one in answers} == {(303, f"{sent.page}/changed")}
    assert len(await sent.edits()) == 1


@pytest.mark.parametrize("fields", [{}, {"edition": "2"}], ids=["the first sending again", "another change"])
async def test_what_another_page_sends_does_not_send_the_changes(sent: Sent, fields: dict[str, str]) -> None:
    browser = await sent.opened()
    answer = await browser.post(f"{sent.draft}/check", fields)
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{sent.draft}/check")
    assert await sent.edits() == []
    assert (await stored(sent.running.site, sent.key))["aims"] == "Play chess and go."


async def test_an_author_who_is_not_the_starter_may_change_it_too_and_nobody_else(
    signed_in: SignedIn, running: Running
) -> None:
    sent = await request_of(signed_in, running, author="Otto Lind", why_other="He has none.")
    for who in (BENS, HELENS, "ada@elmbrook.example", "ruth@redwood.example"):
        other = await signed_in(who)
        assert (await other.get(f"{sent.page}/edit")).status_code == 404
        assert (await other.post(f"{sent.page}/edit")).status_code == 404
        assert (await other.get(sent.draft)).status_code == 404
    otto = await sent.opened(await signed_in(OTTOS))
    await otto.post(f"{sent.draft}/check", {"edition": "1"})
    assert [edit.by for edit in await sent.edits()] == ["otto"]


async def test_an_author_who_names_another_one_lets_go_of_the_request(signed_in: SignedIn, running: Running) -> None:
    sent = await request_of(signed_in, running, author="Otto Lind", why_other="He has none.")
    otto = await sent.opened(await signed_in(OTTOS))
    await otto.post(f"{sent.draft}/team", {**TEAM, "author": "Bo Both"})
    answer = await otto.post(f"{sent.draft}/check", {"edition": "1"})
    assert answer.status_code == 200
    assert "Changes sent" in text_of(answer)
    assert [edit.author for edit in await sent.edits()] == ["both"]
    assert (await otto.get(sent.page)).status_code == 404


async def test_a_change_to_what_somebody_else_changed_meanwhile_is_not_sent(sent: Sent) -> None:
    browser = await sent.opened()
    async with sent.running.site.db.read() as session:
        row = await queries.case_by_id(session, sent.case)
        assert row is not None
        request = (await queries.opening_of(session, sent.running.site.keys, row)).request
    other = request.model_copy(update={"answers": {**request.answers, "aims": "Only draughts."}})
    act = Act(kind="edit", person="amina", how="session", version=1, request=other)
    assert (await sent.running.act(sent.case, act)).says == "done"
    overtaken = await browser.post(f"{sent.draft}/check", {"edition": "1"})
    await sent.running.settled(sent.case)
    for answer in (overtaken, await browser.get(f"{sent.draft}/check")):
        assert answer.status_code == 409
        assert "The request was changed meanwhile" in text_of(answer)
    assert "can no longer be sent" in text_of(await browser.get(f"{sent.draft}/team"))
    assert "can no longer be sent" in text_of(await browser.get(f"{sent.page}/edit"))
    assert (await browser.post(f"{sent.page}/edit", {"stage": "again"})).headers["Location"] == sent.draft
    assert values_on(await browser.get(f"{sent.draft}/purpose"))["aims"] == "Only draughts."
    await browser.post(f"{sent.draft}/purpose", OTHER_AIMS)
    await browser.post(f"{sent.draft}/check", {"edition": "2"})
    assert [edit.edition for edit in await sent.edits()] == [2, 3]


async def test_where_nothing_was_changed_the_page_says_so(sent: Sent) -> None:
    await sent.browser.post(f"{sent.page}/edit")
    answer = await sent.browser.post(f"{sent.draft}/check", {"edition": "1"})
    assert answer.status_code == 409
    assert "Nothing was changed" in text_of(answer)
    assert await sent.edits() == []


async def test_changes_with_a_fault_are_not_sent_and_every_fault_is_named(sent: Sent) -> None:
    browser = await sent.opened()
    await browser.post(f"{sent.draft}/running", {**RUNNING, "live-year": "2025"})
    answer = await browser.post(f"{sent.draft}/check", {"edition": "1"})
    assert answer.status_code == 422
    assert [place.rpartition("#")[2] for place in faults_on(answer)] == ["live-day"]
    assert await sent.edits() == []


async def test_a_request_on_hold_can_be_changed_once_that_is_settled(sent: Sent) -> None:
    await sent.answered("ben", "a1")
    browser = await sent.opened()
    await sent.running.act(sent.case, Act(kind="dispute", person="ben", how="session", ask="a1"))
    await sent.running.settled(sent.case)
    for answer in (
        await browser.post(f"{sent.draft}/check", {"edition": "1"}),
        await browser.get(f"{sent.page}/edit"),
        await browser.post(f"{sent.page}/edit"),
    ):
        assert answer.status_code == 409
        assert "The request is on hold" in text_of(answer)
    assert (await stored(sent.running.site, sent.key))["aims"] == "Play chess and go."


async def test_a_request_that_ended_can_be_changed_no_more(sent: Sent) -> None:
    browser = await sent.opened()
    await browser.get(f"{sent.draft}/check")
    await withdrawn(sent.running, sent.case)
    assert "The request has ended" in text_of(await browser.get(f"{sent.page}/edit"))
    answer = await browser.post(f"{sent.draft}/check", {"edition": "1"})
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{sent.draft}/done")
    for page in ("", "/team", "/check"):
        assert (await browser.get(sent.draft + page)).headers["Location"] == f"{sent.draft}/done"
    assert (await browser.get(f"{sent.draft}/done")).headers["Location"] == f"{sent.page}/edit"


async def test_where_the_policy_provides_for_no_changes_the_page_says_so(running: Running, signed_in: SignedIn) -> None:
    await requested(running)
    answer = await (await signed_in(AMINAS)).get("/cases/K7QM-4TXR/edit")
    assert answer.status_code == 409
    assert "cannot be changed" in text_of(answer)


@pytest.mark.parametrize("taken", [False, True], ids=["not taken", "taken"])
async def test_where_the_engine_is_lost_the_changes_are_kept_and_sent_once(
    sent: Sent, cases: RememberedCases, monkeypatch: pytest.MonkeyPatch, taken: bool
) -> None:
    async def lost(case: str, act: Act) -> Reply:
        if taken:
            await sent.running.act(case, act)
            await sent.running.settled(case)
        raise EngineLostError

    browser = await sent.opened()
    before = await stored(sent.running.site, sent.key)
    with monkeypatch.context() as cut:
        cut.setattr(cases, "act", lost)
        answer = await browser.post(f"{sent.draft}/check", {"edition": "1"})
    assert answer.status_code == 503
    assert "Your changes are not sent yet" in text_of(answer)
    assert await stored(sent.running.site, sent.key) == before
    again = await browser.post(f"{sent.draft}/check", {"edition": "1"})
    assert again.headers["Location"] == f"{sent.page}/changed"
    assert len(await sent.edits()) == 1


async def test_a_change_whose_reply_was_lost_is_known_again_whoever_of_the_two_tries_again(
    signed_in: SignedIn, running: Running, cases: RememberedCases, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def lost(case: str, act: Act) -> Reply:
        await running.act(case, act)
        await running.settled(case)
        raise EngineLostError

    sent = await request_of(signed_in, running, author="Otto Lind", why_other="He has none.")
    amina, otto = await sent.opened(), await signed_in(OTTOS)
    with monkeypatch.context() as cut:
        cut.setattr(cases, "act", lost)
        assert (await amina.post(f"{sent.draft}/check", {"edition": "1"})).status_code == 503
    answer = await otto.post(f"{sent.draft}/check", {"edition": "1"})
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{sent.page}/changed")
    assert [edit.by for edit in await sent.edits()] == ["amina"]
    assert await stored(running.site, sent.key) == {}


@pytest.mark.usefixtures("impatient")
async def test_while_the_record_falls_behind_the_page_says_so(sent: Sent) -> None:
    browser = await sent.opened()
    sent.running.hold()
    answer = await browser.post(f"{sent.draft}/check", {"edition": "1"})
    sent.running.let_go()
    assert answer.status_code == 200
    assert "They are being written down" in text_of(answer)


async def test_an_abandoned_change_changes_nothing_and_is_taken_up_again_or_thrown_away(sent: Sent) -> None:
    browser = await sent.opened()
    page = text_of(await browser.get(f"{sent.page}/edit"))
    assert "Changes were begun" in page
    assert (await browser.post(f"{sent.page}/edit", {"stage": "begin"})).headers["Location"] == sent.draft
    assert values_on(await browser.get(f"{sent.draft}/purpose"))["aims"] == "Play chess and go."
    assert "Play chess and go." not in text_of(await browser.get(sent.page))
    assert (await browser.post(f"{sent.page}/edit", {"stage": "drop"})).headers["Location"] == sent.page
    assert await stored(sent.running.site, sent.key) == {}
    await browser.post(f"{sent.page}/edit")
    assert values_on(await browser.get(f"{sent.draft}/purpose"))["aims"] == "Play chess."
    assert await sent.edits() == []
    assert (await browser.post(f"{sent.page}/edit", {"stage": "other"})).status_code == 422


async def test_a_form_that_holds_no_more_says_why_it_came_back(sent: Sent) -> None:
    fault = Fault(field="administrators", message="Bo Both has left. Name somebody who works here")
    await sent.answered("ben", "a1", unfit=(fault,))
    for page in (f"{sent.page}/edit", sent.page):
        assert fault.message in text_of(await sent.browser.get(page))


async def test_who_was_named_and_has_left_is_a_fault_before_the_changes_are_sent(sent: Sent, site: Site) -> None:
    async with site.db.write() as session:
        await people.save(session, [BEN.model_copy(update={"leaves_on": site.today - timedelta(days=1)})])
    await sent.browser.post(f"{sent.page}/edit")
    answer = await sent.browser.get(f"{sent.draft}/check")
    faults = faults_on(answer)
    assert [place.rpartition("#")[2] for place in faults] == ["line_manager", "administrators-1"]
    assert all("Ben Carter has left" in fault for fault in faults.values())


def test_who_is_no_longer_in_the_directory_has_to_be_named_anew() -> None:
    raw = refilled(CLUB, {"line_manager": "gone", "administrators": ("amina", "gone")}, Directory(people=(AMINA,)))
    assert raw == {"line_manager": "", "administrators": ("Amina Okafor",)}


# Before it is sent for the first time.


async def test_a_request_says_which_answers_void_no_approval(signed_in: SignedIn, cases: RememberedCases) -> None:
    browser = await signed_in(AMINAS)
    key = await filled(browser)
    await browser.post(f"/drafts/{key}/check")
    assert cases.begun[case_id(key)].immaterial == ("publicity",)


async def test_from_the_first_attempt_to_send_it_a_draft_stays_as_it_is(
    signed_in: SignedIn, cases: RememberedCases, site: Site
) -> None:
    browser = await signed_in(AMINAS)
    key = await filled(browser)
    before = await stored(site, key)
    cases.lost = True
    assert (await browser.post(f"/drafts/{key}/check")).status_code == 503
    assert (await browser.post(f"/drafts/{key}/team", {**TEAM, "name": "Other"})).status_code == 303
    assert (await browser.get(f"/drafts/{key}")).headers["Location"] == f"/drafts/{key}/done"
    assert await stored(site, key) == before
    page = await browser.get(f"/drafts/{key}/check")
    assert page.status_code == 200
    assert "Your request is being sent" in text_of(page)
    assert page_of(await browser.get("/")).select_one(f"a[href='/drafts/{key}']") is not None
    cases.lost = False
    assert (await browser.post(f"/drafts/{key}/check")).headers["Location"] == f"/drafts/{key}/done"
    assert cases.begun[case_id(key)].request.title == "Chess Club"
    assert await stored(site, key) == {}


@pytest.mark.parametrize("begun", [False, True], ids=["no case began", "its case began"])
async def test_a_draft_that_holds_no_more_is_put_right_once_it_is_known_that_no_case_began(
    signed_in: SignedIn, cases: RememberedCases, site: Site, clock: Clock, begun: bool
) -> None:
    browser = await signed_in(AMINAS)
    key = await filled(browser)
    cases.lost = True
    await browser.post(f"/drafts/{key}/check")
    clock.now = clock.now.replace(year=2027, month=4)
    browser = await again(signed_in, cases)
    assert (await browser.post(f"/drafts/{key}/check")).status_code == 503
    assert (await stored(site, key))["live"] == ("1", "3", "2027")
    cases.lost, cases.reply = False, Reply(says="not_offered" if begun else "closed")
    answer = await browser.post(f"/drafts/{key}/check")
    assert cases.begun == {}
    if begun:
        assert answer.headers["Location"] == f"/drafts/{key}/done"
        return
    assert answer.status_code == 422
    assert [place.rpartition("#")[2] for place in faults_on(answer)] == ["live-day"]
    late = {**RUNNING, "live-year": "2028", "closes-year": "2029"}
    assert (await browser.post(f"/drafts/{key}/running", late)).headers["Location"] == f"/drafts/{key}/check"
    await browser.post(f"/drafts/{key}/check")
    assert cases.begun[case_id(key)].request.answers["live"] == "2028-03-01"


async def again(signed_in: SignedIn, cases: RememberedCases) -> Browser:
    """Sign Amina in again, whatever is lost otherwise."""
    lost, cases.lost = cases.lost, False
    browser = await signed_in(AMINAS)
    cases.lost = lost
    return browser


async def test_what_is_typed_while_it_is_being_sent_is_shown_before_anything_is_sent(
    signed_in: SignedIn, cases: RememberedCases, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = await signed_in(AMINAS)
    key = await filled(browser)
    freeze = drafts.freeze

    async def late(session: object, row: object, at: object) -> bool:
        await drafts.save_answers(session, site.keys, key, {"name": "Other"}, site.clock())  # type: ignore[arg-type]
        return await freeze(session, row, at)  # type: ignore[arg-type]

    monkeypatch.setattr(drafts, "freeze", late)
    answer = await browser.post(f"/drafts/{key}/check")
    assert answer.status_code == 409
    assert "Other" in text_of(answer)
    assert cases.begun == {}


async def test_invented_answers_never_take_the_place_of_what_somebody_typed(signed_in: SignedIn, site: Site) -> None:
    browser = await signed_in(AMINAS)
    key = await begin(browser)
    await browser.post(f"/drafts/{key}/team", TEAM)
    assert not page_of(await browser.get(f"/drafts/{key}")).select(f"form[action='/drafts/{key}/sample']")
    answer = await browser.post(f"/drafts/{key}/sample")
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/drafts/{key}")
    assert (await stored(site, key))["name"] == "Chess Club"


async def test_a_change_is_never_filled_with_invented_answers(sent: Sent) -> None:
    await sent.opened()
    assert (await sent.browser.post(f"{sent.draft}/sample")).headers["Location"] == sent.draft
    assert (await stored(sent.running.site, sent.key))["aims"] == "Play chess and go."
