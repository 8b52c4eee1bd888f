"""“This was not me”: one click by whoever it concerns holds a case, or puts what came of it under question."""

from datetime import timedelta

import pytest
from httpx2 import Response

from domain.cases import Act, Reply
from domain.events import AnyEvent, DecisionDisputed, HoldReleased
from starter.web.site import Site
from store import links, packs, people, queries
from store.tables import MailRow, SiteRow
from tests.builders import BEN, HELEN, MONDAY, PACK, PROCESS, an_opening
from tests.starter.web.conftest import Browser, Clock, RememberedCases, SignedIn, page_of
from tests.starter.web.running import Running, a_link, answered, requested, withdrawn
from tests.starter.web.test_decide import ATTESTATION, decide, errors_of, text_of
from tests.stories import a_changes

SETTLING = "/cases/K7QM-4TXR/settle"
SETTLED = {"ask": "a1", "stands": "no", "comment": "Ben was away that day."}


async def a_dispute_link(site: Site, person: str = "ben", ask: str = "a1") -> str:
    """Return the token of the mail that tells `person` what they decided."""
    async with site.db.write() as session:
        return await links.mint(
            session, case="c-1", ask=ask, person=person, version=1, at=site.clock(), purpose="dispute"
        )


@pytest.fixture
async def token(running: Running) -> str:
    """Return the token by which Ben can say that the approval in his name was not his; Helen is asked next."""
    await requested(running)
    await answered(running, "ben", "a1", comment="Good idea.")
    return await a_dispute_link(running.site)


@pytest.fixture
async def late(running: Running, token: str) -> str:
    """Return the same token, after Helen has approved as well, and the site is in the register."""
    await answered(running, "helen", "a2")
    return token


async def the_events(site: Site, kind: type[AnyEvent]) -> list[AnyEvent]:
    async with site.db.read() as session:
        history = await queries.history(session, site.keys, "c-1")
    assert [said.n for said in history] == list(range(1, len(history) + 1))
    return [said.event for said in history if isinstance(said.event, kind)]


async def the_entry(site: Site) -> SiteRow:
    async with site.db.read() as session:
        return await session.get_one(SiteRow, "c-1")


async def the_mails(site: Site, template: str) -> list[MailRow]:
    async with site.db.read() as session:
        return [mail for mail in await queries.mails_of(session, "c-1") if mail.template == template]


async def say_so(client: Browser, token: str) -> Response:
    return await client.post("/dispute", {"token": token})


async def settle(browser: Browser, **fields: str) -> Response:
    await browser.get(SETTLING)
    return await browser.post(SETTLING, {**SETTLED, **fields})


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_opening_the_link_shows_what_was_decided_in_whose_name_and_changes_nothing(
    client: Browser, running: Running, token: str, method: str
) -> None:
    for _ in range(2):
        answer = await client.client.request(method, f"/dispute/{token}")
        assert answer.status_code == 200
        if method == "GET":
            text = text_of(answer)
            for said in ("Science club page", "Approved on Monday 2 November 2026", "Ben Carter", "Good idea."):
                assert said in text
            form = page_of(answer).select_one("main form")
            assert form is not None
            assert form["action"] == "/dispute"
            assert form.get_text(strip=True) == "This was not me"
    assert await the_events(running.site, DecisionDisputed) == []
    assert [act.kind for act in running.acts] == ["answer"]


async def test_one_post_holds_the_case_and_the_same_again_has_no_second_effect(
    client: Browser, running: Running, token: str
) -> None:
    running.hold()
    for _ in range(2):
        answer = await say_so(client, token)
        assert answer.status_code == 200
        assert "The request is held until that is settled. An administrator was told" in text_of(answer)
    running.let_go()
    await running.settled("c-1")
    for answer in (await say_so(client, token), await client.get(f"/dispute/{token}")):
        assert "You have said that this was not you" in text_of(answer)
    disputed = await the_events(running.site, DecisionDisputed)
    assert disputed == [DecisionDisputed(ask="a1", step="line_manager", by="ben", how="link")]


async def test_what_was_settled_is_not_disputed_again(client: Browser, running: Running, token: str) -> None:
    await say_so(client, token)
    await running.settled("c-1")
    release = Act(kind="release", person="ada", how="session", ask="a1", stands=True, comment="It was Ben.")
    await running.act("c-1", release)
    await running.settled("c-1")
    for answer in (await say_so(client, token), await client.get(f"/dispute/{token}")):
        assert "An administrator has settled it: the answer stands" in text_of(answer)
    assert len(await the_events(running.site, DecisionDisputed)) == 1


async def test_when_the_case_cannot_be_reached_it_may_be_said_again(
    client: Browser, running: Running, token: str
) -> None:
    running.lost = True
    answer = await say_so(client, token)
    assert answer.status_code == 503
    assert "What you said is not recorded yet" in text_of(answer)
    running.lost = False
    assert (await say_so(client, token)).status_code == 200
    await running.settled("c-1")
    assert len(await the_events(running.site, DecisionDisputed)) == 1


async def test_a_link_to_answer_disputes_nothing(client: Browser, running: Running, token: str) -> None:
    del token
    nowhere = await client.get("/nowhere")
    for answering in (await a_link(running.site, BEN), await a_link(running.site, HELEN, "a2")):
        shown = await client.get(f"/dispute/{answering}")
        assert (shown.status_code, shown.text) == (404, nowhere.text)
        assert (await say_so(client, answering)).status_code == 404
    assert [act.kind for act in running.acts] == ["answer"]


async def test_a_link_to_dispute_answers_nothing(client: Browser, running: Running, token: str) -> None:
    del token
    disputing = await a_dispute_link(running.site, "helen", "a2")
    for answer in (
        await client.get(f"/d/{disputing}"),
        await client.get(f"/d/{disputing}/receipt"),
        await client.get(f"/d/{disputing}/step-aside"),
        await decide(client, disputing, signature="Helen Marsh"),
        await client.post("/d/new-link", {"token": disputing}),
        await client.post("/d/step-aside", {"token": disputing, "stage": "confirm", "comment": "Mine."}),
        # Nor does it dispute what nobody has answered.
        await client.get(f"/dispute/{disputing}"),
        await say_so(client, disputing),
    ):
        assert answer.status_code == 404
    assert [act.kind for act in running.acts] == ["answer"]


@pytest.mark.parametrize("why", ["old", "left"])
async def test_a_link_that_is_of_no_use_any_more_says_so_without_a_word_of_the_case(
    client: Browser, running: Running, token: str, clock: Clock, why: str
) -> None:
    if why == "old":
        clock.pass_time(days=90)
    else:
        left = BEN.model_copy(update={"leaves_on": (MONDAY - timedelta(days=1)).date()})
        async with running.site.db.write() as session:
            await people.save(session, [left])
    for answer in (await client.get(f"/dispute/{token}"), await say_so(client, token)):
        assert answer.status_code == 410
        assert "Science club" not in answer.text
    assert [act.kind for act in running.acts] == ["answer"]


async def test_the_receipt_leads_to_it_for_whoever_is_signed_in_as_the_decider(
    client: Browser, running: Running, signed_in: SignedIn
) -> None:
    await requested(running)
    bens = await a_link(running.site, BEN)
    await decide(client, bens)
    await running.settled("c-1")
    link = page_of(await client.get(f"/d/{bens}/receipt")).find("a", string="say here that this was not you")
    assert link is not None
    address = str(link["href"])
    assert (await client.get(address)).headers["Location"].startswith("/sign-in")
    ben = await signed_in("ben@elmbrook.example")
    assert ATTESTATION in text_of(await ben.get(address))
    assert "The request is held" in text_of(await ben.post(address))
    await running.settled("c-1")
    assert [getattr(one, "how", "") for one in await the_events(running.site, DecisionDisputed)] == ["session"]
    for who in ("amina", "helen", "ada", "otto"):
        assert (await (await signed_in(f"{who}@elmbrook.example")).get(address)).status_code == 404


async def test_after_the_last_approval_the_register_says_that_it_is_under_question_and_administrators_are_told(
    client: Browser, running: Running, cases: RememberedCases, signed_in: SignedIn, late: str, clock: Clock
) -> None:
    clock.pass_time(days=1)
    for _ in range(2):
        answer = await say_so(client, late)
        assert answer.status_code == 200
        assert "The answer is under question until that is settled. An administrator was told" in text_of(answer)
    assert await the_events(running.site, DecisionDisputed) == [
        DecisionDisputed(ask="a1", step="line_manager", by="ben", how="link")
    ]
    mails = await the_mails(running.site, "disputed")
    assert [mail.person for mail in mails] == ["ada"]
    assert cases.sent == [mail.id for mail in mails]
    assert (await the_entry(running.site)).questioned_at == clock.now
    amina = await signed_in("amina@elmbrook.example")
    shown = await amina.get("/register")
    assert "Under question since Tuesday 3 November 2026" in text_of(shown)
    assert SETTLING not in shown.text
    ada = await signed_in("ada@elmbrook.example")
    assert page_of(await ada.get("/register")).select_one(f"a[href='{SETTLING}']") is not None


@pytest.mark.parametrize(("stands", "mark"), [("yes", ""), ("no", "Approval void since Tuesday 3 November 2026")])
async def test_an_administrator_settles_what_is_under_question_once(
    client: Browser,
    running: Running,
    cases: RememberedCases,
    signed_in: SignedIn,
    late: str,
    clock: Clock,
    stands: str,
    mark: str,
) -> None:
    clock.pass_time(days=1)
    await say_so(client, late)
    ada = await signed_in("ada@elmbrook.example")
    page = await ada.get(SETTLING)
    assert "Ben Carter says that this answer was not theirs" in text_of(page)
    for _ in range(2):
        done = await settle(ada, stands=stands)
        assert (done.status_code, done.headers["Location"]) == (303, "/cases/K7QM-4TXR")
    released = await the_events(running.site, HoldReleased)
    assert released == [
        HoldReleased(ask="a1", step="line_manager", by="ada", stands=stands == "yes", comment="Ben was away that day.")
    ]
    register = text_of(await ada.get("/register"))
    assert "Under question" not in register
    assert ("Approval void" in register) == bool(mark)
    assert mark in register
    told = await the_mails(running.site, "released")
    assert {mail.person for mail in told} == {"amina", "ben", "helen"}
    assert {mail.id for mail in told} <= set(cases.sent)
    settled = text_of(await client.get(f"/dispute/{late}"))
    assert f"the answer {'stands' if stands == 'yes' else 'is void'}" in settled
    await say_so(client, late)
    assert len(await the_events(running.site, DecisionDisputed)) == 1


@pytest.mark.parametrize(("stands", "state"), [("yes", "Approved"), ("no", "Approval void")])
async def test_the_page_of_an_ended_case_leads_whoever_may_settle_it_there_and_says_what_came_of_it(
    client: Browser, running: Running, signed_in: SignedIn, late: str, stands: str, state: str
) -> None:
    case = "/cases/K7QM-4TXR"
    ada, amina, ben = [await signed_in(f"{who}@elmbrook.example") for who in ("ada", "amina", "ben")]
    async with running.site.db.write() as session:
        await people.save(session, [BEN.model_copy(update={"administrator": True})])

    async def ways(browser: Browser) -> list[str]:
        page = page_of(await browser.get(case))
        return [link.get_text(strip=True) for link in page.select(f"a[href='{SETTLING}']")]

    assert await ways(ada) == []
    await say_so(client, late)
    assert await ways(ada) == ["Settle the disputed answer"]
    assert [await ways(amina), await ways(ben)] == [[], []]
    await settle(ada, stands=stands)
    assert await ways(ada) == []
    tag = page_of(await amina.get(case)).select_one("main .govuk-tag")
    assert tag is not None
    assert tag.get_text(strip=True) == state
    assert ("govuk-tag--green" in tag["class"]) == (stands == "yes")


async def test_an_answer_that_was_void_before_the_request_was_approved_does_not_make_its_approval_void(
    client: Browser, running: Running, signed_in: SignedIn, token: str
) -> None:
    await say_so(client, token)
    await running.settled("c-1")
    release = Act(kind="release", person="ada", how="session", ask="a1", stands=False, comment="Not Ben.")
    await running.act("c-1", release)
    await running.settled("c-1")
    for person, ask in (("ben", "a3"), ("helen", "a4")):
        assert (await answered(running, person, ask)).says == "done"
    tag = page_of(await (await signed_in("amina@elmbrook.example")).get("/cases/K7QM-4TXR")).select_one(
        "main .govuk-tag"
    )
    assert tag is not None
    assert tag.get_text(strip=True) == "Approved"


async def test_everything_that_is_missing_to_settle_it_is_said_at_once(
    client: Browser, running: Running, signed_in: SignedIn, late: str
) -> None:
    await say_so(client, late)
    ada = await signed_in("ada@elmbrook.example")
    await ada.get(SETTLING)
    answer = await ada.post(SETTLING, {"ask": "a1"})
    assert answer.status_code == 422
    assert errors_of(answer) == [("#stands", "Say whether the answer stands"), ("#comment", "Say how you found out")]
    typed = await settle(ada, comment="x" * 4001)
    assert errors_of(typed) == [("#comment", "Your reason must be 4000 characters or fewer")]
    chosen = page_of(typed).select_one("input[type=radio][checked]")
    assert chosen is not None
    assert chosen["value"] == "no"
    assert await the_events(running.site, HoldReleased) == []


async def test_nobody_settles_it_while_no_mail_could_tell_of_it(
    client: Browser, running: Running, cases: RememberedCases, signed_in: SignedIn, late: str
) -> None:
    await say_so(client, late)
    ada = await signed_in("ada@elmbrook.example")
    await ada.get(SETTLING)
    cases.lost = True
    answer = await ada.post(SETTLING, SETTLED)
    assert answer.status_code == 503
    assert "Ben was away that day." in text_of(answer)
    assert await the_events(running.site, HoldReleased) == []


@pytest.mark.parametrize("who", ["amina", "ben", "otto", "ada"])
async def test_only_an_administrator_with_no_part_in_the_request_settles_it(
    client: Browser, running: Running, signed_in: SignedIn, late: str, who: str
) -> None:
    async with running.site.db.write() as session:
        await people.save(session, [BEN.model_copy(update={"administrator": True})])
    await say_so(client, late)
    browser = await signed_in(f"{who}@elmbrook.example")
    answer = await settle(browser)
    assert answer.status_code == (303 if who == "ada" else 403)
    assert len(await the_events(running.site, HoldReleased)) == (1 if who == "ada" else 0)


async def test_whoever_wrote_a_change_of_the_request_with_its_author_does_not_settle_it(
    client: Browser, running: Running, signed_in: SignedIn
) -> None:
    changing = PROCESS.model_copy(update={"changes": a_changes(back_to="line_manager", ahead=None)})
    async with running.site.db.write() as session:
        digest = await packs.keep(session, PACK)
    opening = an_opening().model_copy(update={"process": changing, "pack_digest": digest})
    await running.begin(opening)
    await answered(running, "ben", "a1", verdict="return", comment="Not yet.")
    changed = opening.request.model_copy(update={"answers": {**opening.request.answers, "title": "Chess club"}})
    edit = Act(kind="edit", person="amina", how="session", version=1, request=changed, authors=("ada",))
    assert (await running.act("c-1", edit)).says == "done"
    await running.settled("c-1")
    for person, ask in (("ben", "a3"), ("helen", "a4")):
        assert (await answered(running, person, ask, version=2)).says == "done"
    await say_so(client, await a_dispute_link(running.site, ask="a3"))
    assert len(await the_events(running.site, DecisionDisputed)) == 1
    answer = await settle(await signed_in("ada@elmbrook.example"), ask="a3")
    assert answer.status_code == 403
    assert await the_events(running.site, HoldReleased) == []


async def test_while_the_case_runs_it_is_settled_on_the_page_of_the_case(
    client: Browser, running: Running, signed_in: SignedIn, token: str
) -> None:
    await say_so(client, token)
    await running.settled("c-1")
    ada = await signed_in("ada@elmbrook.example")
    answer = await settle(ada)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/cases/K7QM-4TXR")
    assert await the_events(running.site, HoldReleased) == []


async def test_an_answer_of_a_request_that_came_to_nothing_is_disputed_too(
    client: Browser, running: Running, token: str
) -> None:
    await withdrawn(running)
    assert (await say_so(client, token)).status_code == 200
    assert len(await the_events(running.site, DecisionDisputed)) == 1


async def test_a_case_that_has_ended_but_is_not_all_on_record_takes_it_a_moment_later(
    client: Browser, running: Running, monkeypatch: pytest.MonkeyPatch, token: str
) -> None:
    async def ended(case: str, act: Act) -> Reply:
        del case, act
        return Reply(says="closed")

    monkeypatch.setattr(running.site.engine, "act", ended)
    answer = await say_so(client, token)
    assert answer.status_code == 503
    assert "What you said is not recorded yet" in text_of(answer)
    assert await the_events(running.site, DecisionDisputed) == []
