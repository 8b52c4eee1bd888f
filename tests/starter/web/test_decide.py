"""Deciding: a link shows, two POSTs decide, one answer counts, and every way out is honest."""

import asyncio
import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from httpx2 import Response

from domain.calendar import Period
from domain.cases import Act, FromPack, Request
from domain.events import AnyEvent, Approved, AskMoved, Recorded, RequestUnfit, Returned
from domain.pack import Changes
from starter.web.site import Site
from store import links, packs, people, queries
from tests.builders import ANSWERS, BEN, DEV, HEADTEACHER, HELEN, LINE_MANAGER, MONDAY, OTTO, PACK, PROCESS, an_opening
from tests.starter.web.conftest import Browser, Clock, RememberedCases, SignedIn, page_of
from tests.starter.web.running import Running, a_link, answered, link_row, requested, withdrawn

ATTESTATION = "I approve the aims and content of the proposed site."
SIGNED = {"stage": "confirm", "decision": "approve", "comment": "", "signature": "Ben Carter"}


@pytest.fixture
async def token(running: Running) -> str:
    """Return the token that Ben was mailed for the request that waits for him."""
    await requested(running)
    return await a_link(running.site, BEN)


async def changeable(running: Running, **process: object) -> str:
    """Have Amina send a request that may be returned to her, and return Ben's token."""
    async with running.site.db.write() as session:
        digest = await packs.keep(session, PACK)
    changed = {"changes": Changes(back_to="line_manager", clause="c16-2"), **process}
    answers = {**ANSWERS, "administrators": ("amina", "otto")}
    opening = an_opening(answers=answers).model_copy(
        update={"pack_digest": digest, "process": PROCESS.model_copy(update=changed)}
    )
    await running.begin(opening)
    return await a_link(running.site, BEN)


async def edited(running: Running, edition: int = 1, **answers: object) -> None:
    """Have Amina change her request, and wait until it is on record."""
    request = Request.model_validate(
        {"title": "Science club page", "starter": "amina", "author": "amina", "answers": {**ANSWERS, **answers}}
    )
    act = Act(kind="edit", person="amina", how="session", version=edition, request=request)
    assert (await running.act("c-1", act)).says == "done"
    await running.settled("c-1")


async def otto_leaves(running: Running, leaves: bool = True) -> None:
    """Have one of the two administrators of the proposed site leave the school, or be back."""
    day = (MONDAY - timedelta(days=1)).date()
    async with running.site.db.write() as session:
        await people.save(session, [OTTO.model_copy(update={"leaves_on": day if leaves else None})])


async def the_events(site: Site, kind: type[AnyEvent]) -> list[AnyEvent]:
    return [said.event for said in await the_history(site) if isinstance(said.event, kind)]


async def the_history(site: Site, case: str = "c-1") -> tuple[Recorded, ...]:
    async with site.db.read() as session:
        return await queries.history(session, site.keys, case)


async def opened_at(site: Site, person: str = "ben") -> object:
    async with site.db.read() as session:
        return await links.opened_at(session, "c-1", 1, person)


async def review(client: Browser, token: str, **fields: str) -> Response:
    return await client.post("/d", {"token": token, "stage": "review", "decision": "approve", "comment": "", **fields})


async def confirm(client: Browser, token: str, **fields: str) -> Response:
    return await client.post("/d", {"token": token, **SIGNED, **fields})


async def decide(client: Browser, token: str, **fields: str) -> Response:
    await review(client, token, **{key: text for key, text in fields.items() if key in {"decision", "comment"}})
    return await confirm(client, token, **fields)


def text_of(answer: Response) -> str:
    return re.sub(r"\s+", " ", page_of(answer).get_text(" "))


def errors_of(answer: Response) -> list[tuple[str, str]]:
    summary = page_of(answer).select(".govuk-error-summary__list a")
    return [(str(link["href"]), link.get_text(strip=True)) for link in summary]


async def test_a_link_shows_as_whom_and_on_what_one_decides_with_nothing_chosen(client: Browser, token: str) -> None:
    answer = await client.get(f"/d/{token}")
    assert answer.status_code == 200
    text = text_of(answer)
    for said in (
        "You are deciding as Ben Carter , Line manager",
        "Amina Okafor asks you to approve the aims and content of the proposed site",
        "Elmbrook 16.2",
        "Monday 9 November 2026",
        "Science club page",
        "The request, version 1",
        "Show what our science club does. Every week.",
        "Amina Okafor Ben Carter",
        "This waits for the Line manager",
        "you may answer it now",
    ):
        assert said in text
    page = page_of(answer)
    radios = page.select("input[type=radio]")
    assert [(radio["value"], radio.has_attr("checked")) for radio in radios] == [("approve", False), ("reject", False)]
    assert page.select_one("textarea[name=comment]") is not None
    assert "Return for changes" not in text
    form = page.select_one("main form")
    assert form is not None
    assert form["action"] == "/d"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.usefixtures("impatient")
async def test_opening_a_link_however_often_changes_nothing(
    client: Browser, running: Running, token: str, method: str
) -> None:
    before = await the_history(running.site)
    for address in (f"/d/{token}", f"/d/{token}/receipt"):
        for _ in range(2):
            answer = await client.client.request(method, address)
            assert answer.status_code == 200
    assert await the_history(running.site) == before
    assert await opened_at(running.site) is None
    assert running.acts == []
    assert (await link_row(running.site, token)).status == "open"


async def test_the_first_post_shows_all_again_to_be_signed_and_writes_down_when(
    client: Browser, running: Running, token: str, clock: Clock
) -> None:
    answer = await review(client, token, comment="Good idea.\nMind the exams.")
    assert answer.status_code == 200
    text = text_of(answer)
    for said in (ATTESTATION, "Show what our science club does. Every week.", "On record you are Ben Carter"):
        assert said in text
    page = page_of(answer)
    assert [str(field["value"]) for field in page.select("input[name=decision]")] == ["approve", "approve"]
    assert str(page.select("input[name=comment]")[0]["value"]) == "Good idea.\nMind the exams."
    assert running.acts == []
    assert await opened_at(running.site) == MONDAY
    clock.pass_time(hours=1)
    await review(client, token)
    assert await opened_at(running.site) == MONDAY


async def test_a_signed_answer_is_decided_once_and_its_receipt_says_so(
    client: Browser, running: Running, token: str
) -> None:
    answer = await decide(client, token, comment="Good idea.", signature="Benjamin  Carter")
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/d/{token}/receipt")
    receipt = await client.get(answer.headers["Location"])
    text = text_of(receipt)
    for said in ("You approved this", "Monday 2 November 2026", "Good idea.", "Benjamin Carter", ATTESTATION):
        assert said in text
    assert "This waits for the Headteacher" in text
    decisions = [said.event for said in await the_history(running.site) if isinstance(said.event, Approved)]
    assert [(one.by, one.how, one.opened_at, one.version) for one in decisions] == [("ben", "link", MONDAY, 1)]
    assert (await link_row(running.site, token)).status == "used"


async def test_the_same_answer_again_leads_to_the_same_receipt(client: Browser, running: Running, token: str) -> None:
    first = await decide(client, token)
    for fields in ({}, {"comment": "And again."}):
        again = await confirm(client, token, **fields)
        assert (again.status_code, again.headers["Location"]) == (303, first.headers["Location"])
    await running.settled("c-1")
    again = await confirm(client, token)
    assert (again.status_code, again.headers["Location"]) == (303, first.headers["Location"])
    assert len([said for said in await the_history(running.site) if isinstance(said.event, Approved)]) == 1


async def test_a_used_link_says_so_without_a_word_of_the_case_and_its_receipt_is_soon_gone(
    client: Browser, running: Running, token: str, clock: Clock
) -> None:
    await decide(client, token)
    await running.settled("c-1")
    used = await client.get(f"/d/{token}")
    assert used.status_code == 410
    assert "You have answered this" in text_of(used)
    assert "Science" not in text_of(used)
    assert (await client.get(f"/d/{token}/receipt")).status_code == 200
    clock.pass_time(minutes=11)
    late = await client.get(f"/d/{token}/receipt")
    assert late.status_code == 410
    assert "Science" not in text_of(late)


@pytest.mark.parametrize("caught_up", [False, True])
async def test_another_answer_afterwards_is_told_what_stands(
    client: Browser, running: Running, token: str, caught_up: bool
) -> None:
    await review(client, token)
    if not caught_up:
        running.hold()
    await confirm(client, token, comment="Good idea.")
    if caught_up:
        await running.settled("c-1")
    answer = await confirm(client, token, decision="reject", comment="No.")
    assert answer.status_code == 409
    text = text_of(answer)
    assert "This was already decided" in text
    assert "Approved" in text
    assert "Good idea." in text
    running.let_go()


async def test_of_two_who_are_asked_the_second_is_told_what_the_first_decided(
    client: Browser, running: Running, site: Site
) -> None:
    away = Period(name="away", first=MONDAY.date(), last=MONDAY.date())
    async with site.db.write() as session:
        await people.save(session, [BEN.model_copy(update={"deputy": "dev", "absences": (away,)})])
    await requested(running)
    ben, dev = await a_link(site, BEN), await a_link(site, DEV)
    shown = text_of(await client.get(f"/d/{dev}"))
    assert "You are deciding as Dev Patel , Line manager, in place of Ben Carter" in shown
    await review(client, ben)
    await decide(client, dev, signature="Dev Patel")
    await running.settled("c-1")
    late = await confirm(client, ben)
    assert late.status_code == 409
    assert "Dev Patel" in text_of(late)
    assert (await client.get(f"/d/{ben}")).status_code == 410


async def test_a_record_that_is_behind_is_waited_for_and_then_said_honestly_to_be_behind(
    client: Browser, running: Running, token: str
) -> None:
    await review(client, token)
    running.hold()
    await confirm(client, token)
    behind = text_of(await client.get(f"/d/{token}/receipt"))
    assert "Your answer is not on record yet" in behind
    asyncio.get_running_loop().call_later(0.2, running.let_go)
    assert "You approved this" in text_of(await client.get(f"/d/{token}/receipt"))


@pytest.mark.parametrize(
    ("fields", "errors"),
    [
        ({"decision": ""}, [("#decision", "Choose whether you approve or reject the request")]),
        ({"decision": "perhaps"}, [("#decision", "Choose whether you approve or reject the request")]),
        (
            {"decision": "return", "comment": "Say more."},
            [("#decision", "Choose whether you approve or reject the request")],
        ),
        ({"decision": "reject"}, [("#comment", "Say why you reject the request")]),
        ({"decision": "reject", "comment": " \u200b\n"}, [("#comment", "Say why you reject the request")]),
        ({"comment": "x" * 4001}, [("#comment", "Your comment must be 4000 characters or fewer")]),
    ],
)
@pytest.mark.parametrize("stage", ["review", "confirm"])
async def test_a_choice_or_reason_that_is_missing_is_asked_for_with_the_text_kept(
    client: Browser, running: Running, token: str, stage: str, fields: dict[str, str], errors: list[tuple[str, str]]
) -> None:
    answer = await client.post("/d", {"token": token, "stage": stage, "decision": "approve", **fields})
    assert answer.status_code == 422
    assert errors_of(answer) == errors
    area = page_of(answer).select_one("textarea[name=comment]")
    assert area is not None
    assert area.get_text().strip("\n") == fields.get("comment", "").strip(" \u200b\n")
    assert running.acts == []
    assert (await link_row(running.site, token)).status == "open"


async def test_a_browser_that_clicks_without_choosing_decides_nothing_and_has_read_nothing(
    client: Browser, running: Running, token: str
) -> None:
    assert (await client.post("/d", {"token": token, "stage": "review"})).status_code == 422
    assert await opened_at(running.site) is None


async def test_everything_that_keeps_an_answer_from_being_signed_is_said_at_once_and_the_text_kept(
    client: Browser, running: Running, site: Site, token: str
) -> None:
    del token
    await answered(running, "ben", "a1")
    helens = await a_link(site, HELEN, "a2")
    await review(client, helens)
    answer = await confirm(client, helens, comment="Fine by me.", signature="\u00a0")
    assert answer.status_code == 422
    assert errors_of(answer) == [
        ("#confirm-resources", "Confirm: There are enough people and time to keep the site up"),
        ("#signature", "Type your name to sign your answer"),
    ]
    page = page_of(answer)
    assert str(page.select("input[name=comment]")[-1]["value"]) == "Fine by me."
    box = page.select_one("input[name=confirm-resources]")
    assert box is not None
    assert not box.has_attr("checked")
    done = await confirm(client, helens, **{"confirm-resources": "yes", "signature": "Helen Marsh"})
    assert done.status_code == 303
    await running.settled("c-1")
    receipt = text_of(await client.get(f"/d/{helens}/receipt"))
    assert "There are enough people and time to keep the site up" in receipt
    assert "the site is in the register" in receipt


async def test_a_rejection_needs_no_tick_and_is_told_with_its_reason(
    client: Browser, running: Running, site: Site, token: str
) -> None:
    del token
    await answered(running, "ben", "a1", comment="Good idea.")
    helens = await a_link(site, HELEN, "a2")
    earlier = text_of(await client.get(f"/d/{helens}"))
    assert "Approved by Ben Carter, Line manager" in earlier
    assert "Good idea." in earlier
    page = page_of(await review(client, helens, decision="reject", comment="Too soon."))
    assert page.select_one("input[type=checkbox]") is None
    done = await confirm(client, helens, decision="reject", comment="Too soon.", signature="Helen Marsh")
    assert done.status_code == 303
    await running.settled("c-1")
    assert "You rejected this" in text_of(await client.get(f"/d/{helens}/receipt"))


async def test_an_approval_that_sets_a_rule_aside_says_why(client: Browser, running: Running) -> None:
    await requested(running, overrides=("Pupils are younger than the host allows.",))
    token = await a_link(running.site, BEN)
    assert "Pupils are younger than the host allows. To approve all the same, say why." in text_of(
        await client.get(f"/d/{token}")
    )
    assert errors_of(await review(client, token)) == [("#comment", "Say why you approve although a rule is set aside")]
    assert (await decide(client, token, comment="Only teachers post there.")).status_code == 303


@pytest.mark.meets("SITE-37")
async def test_an_answer_of_somebody_who_was_not_shown_the_form_is_not_taken(
    client: Browser, running: Running, token: str
) -> None:
    answer = await confirm(client, token)
    assert answer.status_code == 422
    assert errors_of(answer) == [("#form", "Read the request below before you sign your answer")]
    assert running.acts == []
    assert (await confirm(client, token)).status_code == 303


async def test_one_may_go_back_and_change_an_answer_before_signing(client: Browser, token: str) -> None:
    answer = await client.post("/d", {"token": token, "stage": "change", "decision": "reject", "comment": "Too soon."})
    page = page_of(answer)
    chosen = page.select_one("input[type=radio][checked]")
    assert chosen is not None
    assert chosen["value"] == "reject"
    assert "Too soon." in text_of(answer)


async def test_when_the_case_cannot_be_reached_nothing_is_lost_and_the_same_may_be_sent_again(
    client: Browser, running: Running, token: str
) -> None:
    await review(client, token)
    running.lost = True
    answer = await confirm(client, token, comment="Good idea.")
    assert answer.status_code == 503
    assert "Your answer was not recorded yet" in text_of(answer)
    kept = {str(field["name"]): str(field["value"]) for field in page_of(answer).select("main form input")}
    assert kept == {"token": token, **SIGNED, "comment": "Good idea."}
    running.lost = False
    assert (await client.post("/d", kept)).status_code == 303


@pytest.mark.parametrize("token", ["A" * 43, "x", "%20", "A" * 400])
@pytest.mark.parametrize("part", ["", "/receipt"])
async def test_an_unknown_link_gets_the_page_of_an_address_that_is_not_there(
    client: Browser, site: Site, token: str, part: str
) -> None:
    del site
    answer = await client.get(f"/d/{token}{part}")
    nowhere = await client.get("/nowhere")
    assert (answer.status_code, answer.text) == (404, nowhere.text)


async def test_an_altered_link_decides_nothing(client: Browser, running: Running, token: str) -> None:
    altered = token[:-1] + ("A" if token[-1] != "A" else "B")
    assert (await review(client, altered)).status_code == 404
    assert (await confirm(client, altered)).status_code == 404
    assert running.acts == []


@pytest.mark.parametrize(
    "fields",
    [
        {"stage": "review"},
        {"token": "{token}"},
        {"token": "{token}", "stage": "finish", "decision": "approve"},
        {"token": "{token}", "stage": "review", "decision": "approve", "confirm-everything": "yes"},
        {"token": "{token}", "stage": "review", "decision": "approve", "comment": "\u202eevil"},
    ],
)
async def test_what_no_page_of_ours_sends_is_not_taken(
    client: Browser, running: Running, token: str, fields: dict[str, str]
) -> None:
    answer = await client.post("/d", {key: text.replace("{token}", token) for key, text in fields.items()})
    assert answer.status_code == 422
    assert running.acts == []


async def test_a_field_twice_or_another_method_is_refused(client: Browser, token: str) -> None:
    twice = [("token", token), ("token", token), ("stage", "review"), ("decision", "approve")]
    assert (await client.post("/d", twice)).status_code == 422
    assert (await client.client.put("/d", headers={"Sec-Fetch-Site": "same-origin"})).status_code == 405
    assert (await client.get("/d")).status_code == 405


async def test_an_expired_link_says_so_without_the_case_and_offers_one_new_link_by_post(
    client: Browser, running: Running, cases: RememberedCases, token: str, clock: Clock
) -> None:
    clock.pass_time(days=90)
    for answer in (await client.get(f"/d/{token}"), await confirm(client, token)):
        assert answer.status_code == 410
        assert "This link has expired" in text_of(answer)
        assert "Science club" not in answer.text
    assert running.acts == []
    for _ in range(2):
        sent = await client.post("/d/new-link", {"token": token})
        assert sent.status_code == 200
        assert "goes to the address that the old link was sent to" in text_of(sent)
    assert len(set(cases.sent)) == 1
    async with running.site.db.read() as session:
        mail = next(mail for mail in await queries.mails_of(session, "c-1") if mail.id == cases.sent[0])
    assert (mail.person, mail.template, mail.ask) == ("ben", "ask", "a1")


async def test_a_link_that_is_still_good_is_not_replaced(client: Browser, cases: RememberedCases, token: str) -> None:
    answer = await client.post("/d/new-link", {"token": token})
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/d/{token}")
    assert cases.sent == []


async def test_the_oldest_of_many_links_is_superseded_and_says_so(
    client: Browser, site: Site, clock: Clock, token: str
) -> None:
    for _ in range(5):
        clock.pass_time(minutes=1)
        await a_link(site, BEN)
    answer = await client.get(f"/d/{token}")
    assert answer.status_code == 410
    assert "This link has been replaced" in text_of(answer)
    assert "Science club" not in answer.text


async def test_a_link_ends_with_its_request(client: Browser, running: Running, token: str) -> None:
    await review(client, token)
    await withdrawn(running)
    for answer in (await client.get(f"/d/{token}"), await confirm(client, token)):
        assert answer.status_code == 410
        assert "Science club" not in answer.text


async def test_whoever_has_left_decides_nothing(client: Browser, running: Running, token: str) -> None:
    left = BEN.model_copy(update={"leaves_on": (MONDAY - timedelta(days=1)).date()})
    async with running.site.db.write() as session:
        await people.save(session, [left])
    assert (await client.get(f"/d/{token}")).status_code == 410
    assert (await confirm(client, token)).status_code == 410


async def test_whoever_has_left_is_not_told_either_what_they_had_decided(
    client: Browser, running: Running, token: str, clock: Clock
) -> None:
    await decide(client, token)
    await running.settled("c-1")
    async with running.site.db.write() as session:
        await people.save(session, [BEN.model_copy(update={"leaves_on": MONDAY.date()})])
    clock.pass_time(days=1)
    for fields in ({}, {"decision": "reject", "comment": "No."}):
        answer = await confirm(client, token, **fields)
        assert answer.status_code == 410
        assert "Science club" not in answer.text


async def test_somebody_whom_no_ask_reached_has_no_use_for_a_link(client: Browser, running: Running) -> None:
    await requested(running)
    assert (await client.get(f"/d/{await a_link(running.site, 'otto')}")).status_code == 404


async def test_somebody_signed_in_decides_by_the_same_two_steps(
    running: Running, signed_in: SignedIn, token: str
) -> None:
    del token
    ben = await signed_in("ben@elmbrook.example")
    address = "/tasks/K7QM-4TXR/a1"
    shown = await ben.get(address)
    assert shown.status_code == 200
    assert "You are deciding as Ben Carter" in text_of(shown)
    reviewed = await ben.post(address, {"version": "1", "stage": "review", "decision": "approve", "comment": ""})
    assert ATTESTATION in text_of(reviewed)
    done = await ben.post(address, {"version": "1", **SIGNED})
    assert (done.status_code, done.headers["Location"]) == (303, f"{address}/receipt")
    assert "You approved this" in text_of(await ben.get(f"{address}/receipt"))
    assert [act.how for act in running.acts] == ["session"]
    late = await ben.get(address)
    assert (late.status_code, late.headers["Location"]) == (303, "/cases/K7QM-4TXR")


async def test_an_answer_about_another_version_than_the_latest_is_out_of_date(
    signed_in: SignedIn, token: str, running: Running
) -> None:
    del token
    ben = await signed_in("ben@elmbrook.example")
    await ben.get("/tasks/K7QM-4TXR/a1")
    answer = await ben.post("/tasks/K7QM-4TXR/a1", {"version": "2", **SIGNED})
    assert answer.status_code == 410
    assert running.acts == []


@pytest.mark.parametrize("who", ["amina", "otto", "helen", "ada"])
async def test_nobody_else_reaches_the_place_to_decide(signed_in: SignedIn, token: str, who: str) -> None:
    del token
    browser = await signed_in(f"{who}@elmbrook.example")
    nowhere = await browser.get("/tasks/ZZZZ-ZZZZ/a1")
    for address in ("/tasks/K7QM-4TXR/a1", "/tasks/K7QM-4TXR/a1/receipt"):
        answer = await browser.get(address)
        assert (answer.status_code, answer.text) == (404, nowhere.text)


async def test_a_request_that_may_change_can_be_returned_and_says_so_between_the_other_two(
    client: Browser, running: Running
) -> None:
    page = page_of(await client.get(f"/d/{await changeable(running)}"))
    labels = [label.get_text(strip=True) for label in page.select(".govuk-radios__label")]
    assert labels == ["Approve", "Return for changes", "Reject"]
    assert [radio["value"] for radio in page.select("input[type=radio]")] == ["approve", "return", "reject"]
    assert page.select_one("input[type=radio][checked]") is None


async def test_whoever_returns_a_request_says_what_has_to_be_changed(client: Browser, running: Running) -> None:
    token = await changeable(running)
    assert errors_of(await review(client, token, decision="")) == [
        ("#decision", "Choose whether you approve, return or reject the request")
    ]
    answer = await review(client, token, decision="return")
    assert (answer.status_code, errors_of(answer)) == (422, [("#comment", "Say what has to be changed")])


async def test_a_returned_request_is_signed_and_told_in_words_everywhere(client: Browser, running: Running) -> None:
    token = await changeable(running)
    said = {"decision": "return", "comment": "Name the pupils."}
    reviewed = text_of(await review(client, token, **said))
    assert "Return for changes" in reviewed
    assert "Sign and return for changes" in reviewed
    answer = await confirm(client, token, **said)
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/d/{token}/receipt")
    await running.settled("c-1")
    receipt = text_of(await client.get(answer.headers["Location"]))
    assert "You returned this for changes" in receipt
    assert "Name the pupils." in receipt
    assert len(await the_events(running.site, Returned)) == 1
    other = await confirm(client, token, decision="reject", comment="No.")
    assert other.status_code == 409
    assert "Decision Returned for changes" in text_of(other)
    assert (await confirm(client, token, **said)).status_code == 303


async def test_a_returned_request_is_among_the_tasks_of_its_author_to_be_changed(
    running: Running, signed_in: SignedIn
) -> None:
    await changeable(running)
    await answered(running, "ben", "a1", verdict="return", comment="Say more.")
    tasks = await (await signed_in("amina@elmbrook.example")).get("/tasks")
    assert "Your request came back to you on Monday 2 November 2026, to be changed." in text_of(tasks)
    links_to = [str(link["href"]) for link in page_of(tasks).select("main a")]
    assert links_to[0] == "/cases/K7QM-4TXR/edit"
    assert "Nothing waits for your answer" in text_of(await (await signed_in("ben@elmbrook.example")).get("/tasks"))


async def test_answers_about_an_earlier_version_are_shown_as_void(client: Browser, running: Running) -> None:
    await changeable(running)
    await answered(running, "ben", "a1", comment="Good idea.")
    await answered(running, "helen", "a2", verdict="return", comment="Say more.")
    await edited(running, aims="Show what our science club does, and when.")
    again = text_of(await client.get(f"/d/{await a_link(running.site, BEN, 'a4', version=2)}"))
    assert "Show what our science club does, and when." in again
    assert "Returned for changes by Helen Marsh" in again
    assert again.count("It does not count any more.") == 2


@pytest.mark.meets("SITE-28")
async def test_a_request_that_does_not_hold_any_more_goes_back_at_its_approval(
    client: Browser, running: Running
) -> None:
    token = await changeable(running)
    assert "does not hold any more" not in text_of(await client.get(f"/d/{token}"))
    await otto_leaves(running)
    assert "The request does not hold any more" in text_of(await client.get(f"/d/{token}"))
    reviewed = text_of(await review(client, token))
    assert "If you approve it, nothing is decided, and it goes back to its author." in reviewed
    running.hold()
    for _ in range(2):
        answer = await confirm(client, token)
        assert answer.status_code == 409
        text = text_of(answer)
        assert "Nothing was decided" in text
        assert "you get a new e-mail" in text
        assert "Otto Lind" in text
    running.let_go()
    await running.settled("c-1")
    assert await the_events(running.site, Approved) == []
    assert len(await the_events(running.site, RequestUnfit)) == 1
    late = await confirm(client, token)
    assert late.status_code == 410
    assert "The request went back a step" in text_of(late)
    assert "Science club" not in late.text


async def test_a_request_that_does_not_hold_any_more_may_still_be_rejected_or_returned(
    client: Browser, running: Running
) -> None:
    token = await changeable(running)
    await otto_leaves(running)
    done = await decide(client, token, decision="return", comment="Otto has left.")
    assert done.status_code == 303
    assert [act.unfit for act in running.acts] == [()]


async def test_the_same_approval_is_taken_once_the_request_holds_again(client: Browser, running: Running) -> None:
    token = await changeable(running, changes=None)
    await otto_leaves(running)
    await review(client, token)
    refused = await confirm(client, token)
    assert refused.status_code == 409
    assert "It cannot be approved as it is." in text_of(refused)
    await otto_leaves(running, leaves=False)
    assert (await confirm(client, token)).status_code == 303
    await running.settled("c-1")
    assert len(await the_events(running.site, Approved)) == 1


async def test_a_link_to_a_request_that_changed_says_so_and_no_word_of_it(client: Browser, running: Running) -> None:
    token = await changeable(running)
    await review(client, token)
    await edited(running, aims="Something else.")
    for answer in (await client.get(f"/d/{token}"), await review(client, token), await confirm(client, token)):
        assert answer.status_code == 410
        text = text_of(answer)
        assert "The request changed. When it is your turn to answer it, we send you a new e-mail" in text
        assert "Science club" not in answer.text
        assert "Something else" not in answer.text
    assert [act.kind for act in running.acts] == ["edit"]


async def test_a_link_to_another_version_than_the_ask_is_about_takes_no_answer(
    client: Browser, running: Running, token: str
) -> None:
    del token
    other = await a_link(running.site, BEN, version=2)
    for answer in (await client.get(f"/d/{other}"), await confirm(client, other)):
        assert answer.status_code == 410
        assert "The request changed" in text_of(answer)
    assert running.acts == []


async def test_what_is_confirmed_while_the_request_changes_is_not_taken_for_the_new_version(
    client: Browser, running: Running
) -> None:
    token = await changeable(running)
    await review(client, token)
    running.hold()
    await running.act(
        "c-1",
        Act(
            kind="edit",
            person="amina",
            how="session",
            version=1,
            request=Request(title="T", starter="amina", author="amina", answers={**ANSWERS, "aims": "Else."}),
        ),
    )
    answer = await confirm(client, token)
    assert answer.status_code == 410
    assert "The request changed" in text_of(answer)
    running.let_go()


async def test_a_held_request_takes_no_answer_keeps_it_and_takes_it_when_that_is_settled(
    client: Browser, running: Running
) -> None:
    await changeable(running)
    await answered(running, "ben", "a1")
    helens = await a_link(running.site, HELEN, "a2")
    signed = {"comment": "Fine.", "signature": "Helen Marsh", "confirm-resources": "yes"}
    await review(client, helens)
    await running.act("c-1", Act(kind="dispute", person="ben", how="link", ask="a1"))
    await running.settled("c-1")
    held = await confirm(client, helens, **signed)
    assert held.status_code == 409
    assert "The request is held until an administrator has settled that." in text_of(held)
    kept = {str(field["name"]): str(field["value"]) for field in page_of(held).select("main form input")}
    assert kept == {"token": helens, **SIGNED, **signed}
    assert len(await the_events(running.site, Approved)) == 1
    release = Act(kind="release", person="ada", how="session", ask="a1", stands=True, comment="It was Ben.")
    assert (await running.act("c-1", release)).says == "done"
    await running.settled("c-1")
    assert (await client.post("/d", kept)).status_code == 303
    await running.settled("c-1")
    assert len(await the_events(running.site, Approved)) == 2


@pytest.fixture
async def strict(running: Running) -> str:
    """Return Ben's token for a step for which he has to sign in as well."""
    return await changeable(running, steps=(LINE_MANAGER.model_copy(update={"sign_in": True}), HEADTEACHER))


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_where_a_link_is_not_enough_it_shows_who_asks_for_what_and_nothing_more(
    client: Browser, running: Running, strict: str, method: str
) -> None:
    answer = await client.client.request(method, f"/d/{strict}")
    assert answer.status_code == 200
    if method == "GET":
        text = text_of(answer)
        assert "Amina Okafor asks for your answer to “Science club page”" in text
        for hidden in ("Show what our science club does", "Ben Carter", "K7QM", ATTESTATION):
            assert hidden not in text
    assert running.acts == []
    assert await opened_at(running.site) is None


@pytest.mark.parametrize("stage", ["review", "confirm"])
async def test_where_a_link_is_not_enough_no_answer_is_taken_by_it(
    client: Browser, running: Running, strict: str, stage: str
) -> None:
    answer = await client.post("/d", {"token": strict, **SIGNED, "stage": stage})
    assert answer.status_code == 403
    assert "Show what our science club does" not in answer.text
    assert running.acts == []
    assert await opened_at(running.site) is None


async def test_somebody_else_signed_in_learns_nothing_from_such_a_link(signed_in: SignedIn, strict: str) -> None:
    helen = await signed_in("helen@elmbrook.example")
    answers = [
        await helen.get(f"/d/{strict}"),
        await helen.get(f"/d/{strict}/step-aside"),
        await helen.post("/d", {"token": strict, **SIGNED}),
    ]
    for answer in answers:
        assert answer.status_code == 403
        assert "sign out above and open the link again" in text_of(answer)
        for hidden in ("Science club", "Ben Carter", "Amina", "K7QM"):
            assert hidden not in answer.text


async def test_whoever_signs_in_from_such_a_link_comes_to_their_task_and_answers_there(
    client: Browser, running: Running, cases: RememberedCases, strict: str
) -> None:
    button = page_of(await client.get(f"/d/{strict}")).select_one("main a.govuk-button")
    assert button is not None
    sign_in = (await client.get(str(button["href"]))).headers["Location"]
    fields = {"address": "ben@elmbrook.example"}
    hidden = page_of(await client.get(sign_in)).select("main form input[type=hidden]")
    back = {str(field["name"]): str(field["value"]) for field in hidden}
    await client.post("/sign-in", {**fields, **back})
    there = await client.post("/sign-in/code", {"code": cases.mails[-1].code, **back})
    assert (there.status_code, there.headers["Location"]) == (303, "/tasks/K7QM-4TXR/a1")
    for answer in (await client.get(f"/d/{strict}"), await client.post("/d", {"token": strict, **SIGNED})):
        assert (answer.status_code, answer.headers["Location"]) == (303, "/tasks/K7QM-4TXR/a1")
    await client.get("/tasks/K7QM-4TXR/a1")
    await client.post("/tasks/K7QM-4TXR/a1", {"version": "1", **SIGNED, "stage": "review"})
    done = await client.post("/tasks/K7QM-4TXR/a1", {"version": "1", **SIGNED})
    assert done.status_code == 303
    assert [act.how for act in running.acts] == ["session"]
    await running.settled("c-1")
    gone = await client.get(f"/d/{strict}")
    assert gone.status_code == 410
    assert "You have answered this" in text_of(gone)


async def test_whoever_has_a_conflict_of_interest_says_so_in_two_steps_and_somebody_else_is_asked(
    client: Browser, running: Running
) -> None:
    token = await changeable(running)
    link = page_of(await client.get(f"/d/{token}")).find("a", string="I have a conflict of interest")
    assert link is not None
    before = await the_history(running.site)
    for _ in range(2):
        assert "This cannot be undone." in text_of(await client.get(str(link["href"])))
    reason = "Amina is my sister."
    first = await client.post("/d/step-aside", {"token": token, "stage": "review", "comment": reason})
    assert first.status_code == 200
    for said in (reason, "Somebody else is asked in your place as Line manager", "This cannot be undone."):
        assert said in text_of(first)
    changing = await client.post("/d/step-aside", {"token": token, "stage": "change", "comment": reason})
    assert reason in text_of(changing)
    assert await the_history(running.site) == before
    confirming = {"token": token, "stage": "confirm", "comment": reason}
    running.hold()
    for _ in range(2):
        done = await client.post("/d/step-aside", confirming)
        assert done.status_code == 200
        assert "Somebody else is asked in your place" in text_of(done)
    running.let_go()
    await running.settled("c-1")
    moved = await the_events(running.site, AskMoved)
    assert [(one.why, one.by, one.comment) for one in moved if isinstance(one, AskMoved)] == [
        ("stepped_aside", "ben", reason)
    ]
    for late in (await client.post("/d/step-aside", confirming), await client.get(f"/d/{token}")):
        assert late.status_code == 410
        assert "You have stepped aside" in text_of(late)
        assert "Science club" not in late.text
    helens = await a_link(running.site, HELEN)
    assert "Helen Marsh , Headteacher" in text_of(await client.get(f"/d/{helens}"))


@pytest.mark.parametrize(
    ("reason", "fault"),
    [
        ("\u200b ", "Say what your conflict of interest is"),
        ("x" * 4001, "Your reason must be 4000 characters or fewer"),
    ],
)
@pytest.mark.parametrize("stage", ["review", "confirm"])
async def test_nobody_steps_aside_without_a_reason(
    client: Browser, running: Running, token: str, stage: str, reason: str, fault: str
) -> None:
    answer = await client.post("/d/step-aside", {"token": token, "stage": stage, "comment": reason})
    assert (answer.status_code, errors_of(answer)) == (422, [("#comment", fault)])
    area = page_of(answer).select_one("textarea[name=comment]")
    assert area is not None
    assert area.get_text().strip("\n") == reason.strip("\u200b ")
    assert running.acts == []


async def test_whoever_cannot_reach_the_case_has_not_stepped_aside_and_is_told(
    client: Browser, running: Running, token: str
) -> None:
    running.lost = True
    confirming = {"token": token, "stage": "confirm", "comment": "My sister."}
    answer = await client.post("/d/step-aside", confirming)
    assert answer.status_code == 503
    assert "You have not stepped aside yet" in text_of(answer)
    running.lost = False
    assert (await client.post("/d/step-aside", confirming)).status_code == 200


async def test_somebody_signed_in_steps_aside_by_the_same_two_steps(
    running: Running, signed_in: SignedIn, token: str
) -> None:
    del token
    ben = await signed_in("ben@elmbrook.example")
    address = "/tasks/K7QM-4TXR/a1/step-aside"
    assert (await ben.get(address)).status_code == 200
    said = {"comment": "My sister."}
    assert (await ben.post(address, {"stage": "review", **said})).status_code == 200
    done = await ben.post(address, {"stage": "confirm", **said})
    assert "You have stepped aside" in text_of(done)
    await running.settled("c-1")
    assert [act.how for act in running.acts] == ["session"]
    for late in (
        await ben.post(address, {"stage": "confirm", **said}),
        await ben.get(address),
        await ben.get("/tasks/K7QM-4TXR/a1"),
        await ben.post("/tasks/K7QM-4TXR/a1", {"version": "1", **SIGNED}),
        await ben.get("/tasks/K7QM-4TXR/a1/receipt"),
    ):
        assert late.status_code == 410
        assert "You have stepped aside" in text_of(late)
        assert "Science club" not in late.text
    assert [act.how for act in running.acts] == ["session"]
    for elsewhere in ("/tasks/K7QM-4TXR/a9", "/tasks/ZZZZ-ZZZZ/a1", "/cases/K7QM-4TXR"):
        assert (await ben.get(elsewhere)).status_code == 404
    for stranger in ("otto@elmbrook.example", "ruth@redwood.example"):
        assert (await (await signed_in(stranger)).get("/tasks/K7QM-4TXR/a1")).status_code == 404


async def test_whoever_stepped_aside_after_an_answer_of_theirs_still_sees_that_answer(
    running: Running, signed_in: SignedIn
) -> None:
    await requested(running, answers={**ANSWERS, "line_manager": "helen"})
    await answered(running, "helen", "a1", confirmations=())
    step_aside = Act(kind="step_aside", person="helen", how="session", ask="a2", comment="My sister.")
    assert (await running.act("c-1", step_aside)).says == "done"
    await running.settled("c-1")
    helen = await signed_in("helen@elmbrook.example")
    assert "You approved this" in text_of(await helen.get("/tasks/K7QM-4TXR/a1/receipt"))
    for ask, status in (("a1", 303), ("a2", 410)):
        assert (await helen.get(f"/tasks/K7QM-4TXR/{ask}")).status_code == status


async def test_a_link_of_a_step_without_which_the_case_was_moved_on_is_needed_no_more(
    client: Browser, running: Running, token: str
) -> None:
    shorter = PROCESS.model_copy(update={"steps": PROCESS.steps[1:]})
    async with running.site.db.write() as session:
        digest = await packs.keep(session, PACK.model_copy(update={"processes": (shorter,)}))
    to = FromPack(pack_digest=digest, process=shorter, seats=PACK.seats, calendar=an_opening().calendar, immaterial=())
    await review(client, token)
    move = Act(kind="move_on", person="duly", how="duly", comment="The new policy holds.", pack=to)
    assert (await running.act("c-1", move)).says == "done"
    await running.settled("c-1")
    for late in (
        await client.get(f"/d/{token}"),
        await review(client, token),
        await confirm(client, token),
        await client.get(f"/d/{token}/receipt"),
        await client.get(f"/d/{token}/step-aside"),
    ):
        assert late.status_code == 410
        assert "This link is no longer needed" in text_of(late)
        assert "Science club" not in late.text
    helens = await a_link(running.site, HELEN, "a2")
    assert (await client.get(f"/d/{helens}")).status_code == 200


@pytest.mark.usefixtures("token")
async def test_the_page_of_a_case_that_was_moved_on_says_who_wanted_it_and_why(
    running: Running, signed_in: SignedIn
) -> None:
    shorter = PROCESS.model_copy(update={"steps": PROCESS.steps[1:]})
    async with running.site.db.write() as session:
        digest = await packs.keep(session, PACK.model_copy(update={"processes": (shorter,)}))
    to = FromPack(pack_digest=digest, process=shorter, seats=PACK.seats, calendar=an_opening().calendar, immaterial=())
    move = Act(kind="move_on", person="ada", how="duly", comment="The new policy holds.", pack=to)
    assert (await running.act("c-1", move)).says == "done"
    await running.settled("c-1")
    page = page_of(await (await signed_in("ada@elmbrook.example")).get("/cases/K7QM-4TXR"))
    [row] = [row for row in page.select("tr") if "another version of the rules" in row.get_text()]
    assert "The new policy holds." in row.get_text()
    assert "Ada Quinn" in row.get_text()


@pytest.mark.parametrize("path", ["/d", "/d/step-aside", "/d/new-link", "/dispute"])
@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
async def test_a_link_knows_no_other_method(client: Browser, token: str, path: str, method: str) -> None:
    del token
    answer = await client.client.request(method, path, headers={"Sec-Fetch-Site": "same-origin"})
    assert answer.status_code == 405


async def test_going_back_after_an_answer_and_sending_it_again_leads_to_what_was_recorded(
    client: Browser, running: Running, token: str
) -> None:
    await decide(client, token)
    await running.settled("c-1")
    assert (await review(client, token)).headers["Location"] == f"/d/{token}/receipt"
    other = await review(client, token, decision="reject", comment="No.")
    assert other.status_code == 409
    assert "Decision Approved" in text_of(other)


async def test_of_two_tabs_the_second_learns_what_the_first_answered(
    client: Browser, open_browser: Callable[[], Browser], running: Running, token: str
) -> None:
    other = open_browser()
    for tab in (client, other):
        await review(tab, token)
    first, second = await asyncio.gather(
        confirm(client, token), confirm(other, token, decision="reject", comment="Too soon.")
    )
    assert sorted((first.status_code, second.status_code)) == [303, 409]
    await running.settled("c-1")
    assert len([said for said in await the_history(running.site) if said.event.kind in {"approved", "rejected"}]) == 1
