"""The page of a case, its withdrawal, my tasks and the register: for those who may see them, and nobody else."""

import asyncio
import re
from datetime import timedelta

import pytest
from httpx2 import Response
from structlog.testing import capture_logs

from domain.cases import Act, Request
from domain.pack import Changes
from starter.web.site import Site
from store import mails, packs, people, queries
from store.tables import MailRow
from tests.builders import ANSWERS, BEN, MONDAY, PACK, PROCESS, a_person, an_opening
from tests.starter.web.conftest import Clock, SignedIn, page_of
from tests.starter.web.running import Running, answered, requested, withdrawn

CASE = "/cases/K7QM-4TXR"


def text_of(answer: Response) -> str:
    return re.sub(r"\s+", " ", page_of(answer).get_text(" "))


def tables_of(answer: Response) -> dict[str, list[list[str]]]:
    return {
        str(table.caption.get_text(strip=True) if table.caption else ""): [
            [re.sub(r"\s+", " ", cell.get_text(" ", strip=True)) for cell in row.find_all(["th", "td"])]
            for row in table.select("tbody tr")
        ]
        for table in page_of(answer).find_all("table")
    }


async def test_a_waiting_case_says_why_it_waits_and_what_its_reader_may_do(
    running: Running, signed_in: SignedIn
) -> None:
    await requested(running)
    amina, ben = await signed_in("amina@elmbrook.example"), await signed_in("ben@elmbrook.example")
    for_amina, for_ben = await amina.get(CASE), await ben.get(CASE)
    assert "This waits for the Line manager, asked on 2 November 2026 (Elmbrook 16.2)" in text_of(for_amina)
    assert "you may have those asked reminded or withdraw it" in text_of(for_amina)
    assert "you may answer it now" in text_of(for_ben)
    assert page_of(for_ben).select_one("a[href='/tasks/K7QM-4TXR/a1']") is not None
    assert page_of(for_amina).select_one("a[href='/tasks/K7QM-4TXR/a1']") is None
    assert "Withdraw this request" in text_of(for_amina)
    assert "Withdraw this request" not in text_of(for_ben)


async def test_the_picture_and_the_table_beside_it_say_the_same(running: Running, signed_in: SignedIn) -> None:
    await requested(running)
    await answered(running, "ben", "a1")
    answer = await (await signed_in("amina@elmbrook.example")).get(CASE)
    picture = page_of(answer).find("svg")
    assert picture is not None
    assert [picture["role"], picture["aria-labelledby"]] == ["img", "picture-title picture-description"]
    description = picture.desc.get_text() if picture.desc else ""
    rows = tables_of(answer)["The same as a table"]
    assert [row[0] for row in rows] == ["Request", "Line manager", "Headteacher", "End"]
    assert rows[1] == ["Line manager", "Line manager", "Approved", "Ben Carter", "Monday 2 November 2026 at 9:30am"]
    for title, _, state, *_ in rows:
        assert title in description
        assert state in description
    assert not picture.find_all(style=True)


async def test_all_that_was_asked_said_and_signed_is_there_in_london_time(
    running: Running, signed_in: SignedIn, clock: Clock
) -> None:
    clock.now = MONDAY.replace(month=7, day=6)
    await requested(running)
    await answered(running, "ben", "a1", comment="Good idea.")
    await answered(running, "helen", "a2")
    answer = await (await signed_in("amina@elmbrook.example")).get(CASE)
    text = text_of(answer)
    for said in (
        "Good idea.",
        "I approve the aims and content of the proposed site.",
        "There are enough people and time to keep the site up",
        "Show what our science club does. Every week.",
        "the site is in the register",
        "Approved on Monday 6 July 2026 at 10:30am",
    ):
        assert said in text
    events = tables_of(answer)["What happened, oldest first"]
    assert [row[2] for row in events] == [
        "Amina Okafor sent the request",
        "The Line manager (Ben Carter) was asked, to answer by 13 July 2026",
        "Ben Carter approved as Line manager",
        "The Headteacher (Helen Marsh) was asked, to answer by 13 July 2026",
        "Helen Marsh confirmed: There are enough people and time to keep the site up",
        "Helen Marsh approved as Headteacher",
        "The site was approved: it may be created",
        "“Science club page” entered the register of approved sites",
        "The request ended: approved",
    ]
    assert events[0][1] == "Monday 6 July 2026 at 10:30am"
    assert [row[3:] for row in events[:3]] == [
        ["Who: Amina Okafor", "", "Version: 1", "Clause: Elmbrook 16.2"],
        ["Who: Duly", "", "Version: 1", "Clause: Elmbrook 16.2"],
        ["Who: Ben Carter", "Known by: Link in a mail", "Version: 1", "Clause: Elmbrook 16.2"],
    ]
    assert events[4][6] == "Clause: Elmbrook 14.5"


async def test_a_seat_that_nobody_holds_is_named(running: Running, signed_in: SignedIn, site: Site) -> None:
    gone = {"leaves_on": MONDAY.date() - timedelta(days=1), "holdings": ()}
    async with site.db.write() as session:
        await people.save(session, [BEN.model_copy(update=gone), a_person("helen", "Helen Marsh")])
    await requested(running)
    text = text_of(await (await signed_in("amina@elmbrook.example")).get(CASE))
    assert "This waits for somebody to hold the seat Line manager at Elmbrook Primary School" in text
    assert "Nobody who may decide holds this seat." in text


async def test_a_case_that_one_may_not_see_is_like_one_that_is_not_there(running: Running, signed_in: SignedIn) -> None:
    await requested(running)
    otto = await signed_in("otto@elmbrook.example")
    hidden = await otto.get(CASE)
    for nowhere in ("/cases/ZZZZ-ZZZZ", "/cases/nonsense", "/cases/K7QM-4TXR-4"):
        absent = await otto.get(nowhere)
        assert (hidden.status_code, hidden.text) == (absent.status_code, absent.text)
    assert hidden.status_code == 404
    withdraw = await otto.post(f"{CASE}/withdraw", {"stage": "confirm"})
    assert (withdraw.status_code, withdraw.text) == (404, hidden.text)


async def test_a_reference_may_be_typed_as_it_was_heard(running: Running, signed_in: SignedIn) -> None:
    await requested(running)
    amina = await signed_in("amina@elmbrook.example")
    assert (await amina.get("/cases/k7qm4txr")).status_code == 200


async def test_an_administrator_who_opens_a_case_is_written_down_and_sees_its_mails(
    running: Running, signed_in: SignedIn, site: Site
) -> None:
    await requested(running)
    ada = await signed_in("ada@elmbrook.example")
    async with site.db.read() as session:
        sent = (await queries.mails_of(session, "c-1"))[0]
    with capture_logs() as logs:
        answer = await ada.get(CASE)
    assert {"event": "case_opened_by_administrator", "case": "c-1", "person": "ada", "log_level": "info"} in logs
    caption = "The mails of this request, oldest first"
    assert tables_of(answer)[caption][0][::3] == ["Ben Carter", "Not yet delivered"]
    async with site.db.write() as session:
        await mails.mark_handed_over(session, {sent.id: "digest"}, site.clock())
    assert tables_of(await ada.get(CASE))[caption][0][3] == "Sent on Monday 2 November 2026 at 9:30am"
    with capture_logs() as logs:
        by_ben = await (await signed_in("ben@elmbrook.example")).get(CASE)
    assert caption not in tables_of(by_ben)
    assert not [log for log in logs if log["event"] == "case_opened_by_administrator"]


async def test_a_title_that_is_html_is_shown_as_it_was_typed(running: Running, signed_in: SignedIn) -> None:
    await requested(running, title="<script>alert(1)</script>")
    answer = await (await signed_in("amina@elmbrook.example")).get(CASE)
    assert "<script>alert" not in answer.text
    assert "<script>alert(1)</script>" in text_of(answer)


async def test_a_request_is_withdrawn_by_two_posts(running: Running, signed_in: SignedIn) -> None:
    await requested(running)
    amina = await signed_in("amina@elmbrook.example")
    await amina.get(CASE)
    asked = await amina.post(f"{CASE}/withdraw", {"stage": "review"})
    assert asked.status_code == 200
    assert "Do you want to withdraw this request?" in text_of(asked)
    assert running.acts == []
    done = await amina.post(f"{CASE}/withdraw", {"stage": "confirm", "comment": "We changed our minds."})
    assert (done.status_code, done.headers["Location"]) == (303, CASE)
    after = text_of(await amina.get(CASE))
    assert "it was withdrawn on 2 November 2026" in after
    assert "Withdraw this request" not in after
    again = await amina.post(f"{CASE}/withdraw", {"stage": "confirm"})
    assert (again.status_code, again.headers["Location"]) == (303, CASE)
    assert len(running.acts) == 1


@pytest.mark.usefixtures("impatient")
async def test_a_withdrawal_that_is_not_on_record_yet_is_said_to_be_on_its_way(
    running: Running, signed_in: SignedIn
) -> None:
    await requested(running)
    amina = await signed_in("amina@elmbrook.example")
    running.hold()
    answer = await amina.post(f"{CASE}/withdraw", {"stage": "confirm"})
    assert answer.status_code == 200
    assert "It is being written down" in text_of(answer)
    running.let_go()
    await running.settled("c-1")


async def test_a_withdrawal_that_does_not_reach_the_case_may_be_sent_again(
    running: Running, signed_in: SignedIn
) -> None:
    await requested(running)
    amina = await signed_in("amina@elmbrook.example")
    running.lost = True
    answer = await amina.post(f"{CASE}/withdraw", {"stage": "confirm", "comment": "No."})
    assert answer.status_code == 503
    area = page_of(answer).select_one("textarea")
    assert area is not None
    assert area.get_text().strip() == "No."
    too_long = await amina.post(f"{CASE}/withdraw", {"stage": "confirm", "comment": "x" * 4001})
    assert too_long.status_code == 422
    assert (await amina.post(f"{CASE}/withdraw", {"stage": "finish"})).status_code == 422


@pytest.mark.parametrize("who", ["ben", "ada"])
async def test_nobody_withdraws_a_request_that_is_not_theirs(running: Running, signed_in: SignedIn, who: str) -> None:
    await requested(running)
    browser = await signed_in(f"{who}@elmbrook.example")
    assert (await browser.post(f"{CASE}/withdraw", {"stage": "confirm"})).status_code == 404
    assert running.acts == []


async def test_my_tasks_are_those_that_wait_for_me_the_soonest_due_first_and_my_requests(
    running: Running, signed_in: SignedIn, clock: Clock
) -> None:
    await requested(running)
    clock.pass_time(days=1)
    await requested(running, "c-2", "ABCD-2345", title="Chess club page")
    ben, amina = await signed_in("ben@elmbrook.example"), await signed_in("amina@elmbrook.example")
    links = page_of(await ben.get("/tasks")).select("main .duly-rows a")
    assert [str(link["href"]) for link in links] == ["/tasks/K7QM-4TXR/a1", "/tasks/ABCD-2345/a1"]
    own = await amina.get("/tasks")
    assert "Nothing waits for your answer." in text_of(own)
    assert [str(link["href"]) for link in page_of(own).select("main .duly-rows a")] == ["/cases/ABCD-2345", CASE]
    await withdrawn(running)
    assert "Science club" not in text_of(await ben.get("/tasks"))
    clock.pass_time(days=10)
    late = await signed_in("ben@elmbrook.example")
    assert "Overdue since Tuesday 10 November 2026" in text_of(await late.get("/tasks"))


async def test_the_register_lists_approved_sites_and_leads_to_the_case_only_whom_it_concerns(
    running: Running, signed_in: SignedIn
) -> None:
    await requested(running)
    otto = await signed_in("otto@elmbrook.example")
    assert "No site has been approved yet" in text_of(await otto.get("/register"))
    await answered(running, "ben", "a1")
    await answered(running, "helen", "a2")
    answer = await otto.get("/register")
    assert tables_of(answer)["Approved sites, by title"] == [
        [
            "Science club page",
            "Elmbrook Primary School",
            "Amina Okafor",
            "Monday 2 November 2026",
            "Not said",
            "Not said",
            "",
        ]
    ]
    assert page_of(answer).select("main a") == []
    by_amina = page_of(await (await signed_in("amina@elmbrook.example")).get("/register"))
    assert [str(link["href"]) for link in by_amina.select("main a")] == [CASE]


async def test_two_who_read_at_once_see_the_same(running: Running, signed_in: SignedIn) -> None:
    await requested(running)
    amina = await signed_in("amina@elmbrook.example")
    first, second = await asyncio.gather(amina.get(CASE), amina.get(CASE))
    assert first.text == second.text


async def changeable(running: Running, case: str = "c-1", reference: str = "K7QM-4TXR") -> None:
    """Have Amina send a request that she may change until it is decided, and that waits for Ben."""
    async with running.site.db.write() as session:
        digest = await packs.keep(session, PACK)
    process = PROCESS.model_copy(update={"changes": Changes(back_to="line_manager", clause="c16-2")})
    begun = {"pack_digest": digest, "process": process}
    await running.begin(an_opening(case, reference).model_copy(update=begun))


async def changed(running: Running, **answers: str) -> None:
    """Have Amina change answers of her request."""
    request = Request(title="Science club page", starter="amina", author="amina", answers={**ANSWERS, **answers})
    await running.act("c-1", Act(kind="edit", person="amina", how="session", version=1, request=request))
    await running.settled("c-1")


async def mail_to(site: Site, person: str) -> MailRow:
    async with site.db.read() as session:
        return next(row for row in await queries.mails_of(session, "c-1") if row.person == person)


def leads_to(answer: Response, path: str) -> bool:
    return page_of(answer).select_one(f"main [href='{path}'], main [action='{path}']") is not None


async def test_a_returned_request_is_with_its_author_who_may_change_it(running: Running, signed_in: SignedIn) -> None:
    await changeable(running)
    await answered(running, "ben", "a1", verdict="return", comment="Say more of the aims.")
    amina = await signed_in("amina@elmbrook.example")
    answer = await amina.get(CASE)
    assert "With its author for changes" in text_of(answer)
    assert "to change it, because the Line manager returned it, and has until" in text_of(answer)
    assert "Say more of the aims." in text_of(answer)
    assert leads_to(answer, f"{CASE}/edit")
    assert not leads_to(answer, f"{CASE}/nudge")
    assert not leads_to(answer, f"{CASE}/versions")
    home = await amina.get("/")
    assert "It came back to you for changes. Please change it by" in text_of(home)
    assert [str(link["href"]) for link in page_of(home).select("main a")][:1] == [CASE]
    assert "With its author for changes" in text_of(await amina.get("/tasks"))
    ada = await signed_in("ada@elmbrook.example")
    assert "With its author for changes" in text_of(await ada.get("/admin/cases"))
    assert not leads_to(await ada.get(CASE), f"{CASE}/edit")


async def test_a_changed_request_shows_its_new_answers_and_which_approvals_are_void(
    running: Running, signed_in: SignedIn
) -> None:
    await changeable(running)
    await answered(running, "ben", "a1")
    await changed(running, aims="Show our robots.")
    answer = await (await signed_in("amina@elmbrook.example")).get(CASE)
    text = text_of(answer)
    assert "The request, version 2" in text
    assert "Show our robots." in text
    assert "Show what our science club does." not in text
    assert leads_to(answer, f"{CASE}/versions")
    assert "Who was asked about earlier versions" in text
    rows = tables_of(answer)["The same as a table"]
    assert [row[2] for row in rows] == [
        "Changed once (version 2)",
        "Waiting for an answer (approval of version 1 is void)",
        "To be asked again",
        "Then the site enters the register",
    ]
    assert "Of version 1 of the request. It does not count any more." in text


async def test_an_author_has_those_asked_reminded_once_a_day(
    running: Running, signed_in: SignedIn, clock: Clock
) -> None:
    await requested(running)
    amina = await signed_in("amina@elmbrook.example")
    assert leads_to(await amina.get(CASE), f"{CASE}/nudge")
    done = await amina.post(f"{CASE}/nudge")
    assert (done.status_code, done.headers["Location"]) == (303, CASE)
    after = await amina.get(CASE)
    assert "Those asked were reminded today. You may have them reminded again tomorrow." in text_of(after)
    assert not leads_to(after, f"{CASE}/nudge")
    twice = await amina.post(f"{CASE}/nudge")
    assert twice.status_code == 409
    assert "Those asked were reminded today already." in text_of(twice)
    clock.pass_time(days=1)
    again = await signed_in("amina@elmbrook.example")
    assert leads_to(await again.get(CASE), f"{CASE}/nudge")
    assert (await again.post(f"{CASE}/nudge")).status_code == 303
    events = tables_of(await again.get(CASE))["What happened, oldest first"]
    assert sum("had those reminded" in row[2] for row in events) == 2


async def test_a_reminder_that_cannot_go_is_said_so(running: Running, signed_in: SignedIn) -> None:
    await requested(running)
    amina, ben = await signed_in("amina@elmbrook.example"), await signed_in("ben@elmbrook.example")
    running.lost = True
    lost = await amina.post(f"{CASE}/nudge")
    assert lost.status_code == 503
    assert "Try again in a minute." in text_of(lost)
    running.lost = False
    assert (await ben.post(f"{CASE}/nudge")).status_code == 404
    await withdrawn(running)
    ended = await amina.post(f"{CASE}/nudge")
    assert ended.status_code == 409
    assert "The request has ended." in text_of(ended)


async def test_a_case_on_hold_says_so_and_takes_no_answer(running: Running, signed_in: SignedIn) -> None:
    await requested(running)
    await answered(running, "ben", "a1")
    await running.act("c-1", Act(kind="dispute", person="ben", how="session", ask="a1"))
    await running.settled("c-1")
    amina, helen = await signed_in("amina@elmbrook.example"), await signed_in("helen@elmbrook.example")
    for_amina, for_helen = await amina.get(CASE), await helen.get(CASE)
    for answer in (for_amina, for_helen, await amina.get("/tasks"), await helen.get("/tasks")):
        assert "On hold" in text_of(answer)
    assert "until then all clocks stand still" in text_of(for_amina)
    assert not leads_to(for_amina, f"{CASE}/nudge")
    assert not leads_to(for_helen, "/tasks/K7QM-4TXR/a2")
    assert "It is on hold." in text_of(await helen.get("/"))
    assert "On hold" in text_of(await (await signed_in("ada@elmbrook.example")).get("/admin/cases"))
    held = await amina.post(f"{CASE}/nudge")
    assert held.status_code == 409
    assert "until an administrator settles a disputed answer" in text_of(held)


async def test_a_mail_that_is_late_is_said_to_the_author_after_a_minute(
    running: Running, signed_in: SignedIn, site: Site, clock: Clock
) -> None:
    await requested(running)
    amina, ben = await signed_in("amina@elmbrook.example"), await signed_in("ben@elmbrook.example")
    late = "The mail to the Line manager is not yet delivered; Duly keeps trying."
    clock.pass_time(minutes=1)
    assert late not in text_of(await amina.get(CASE))
    clock.pass_time(seconds=1)
    assert late in text_of(await amina.get(CASE))
    assert late in text_of(await (await signed_in("ada@elmbrook.example")).get(CASE))
    assert late not in text_of(await ben.get(CASE))
    async with site.db.write() as session:
        await mails.mark_handed_over(session, {(await mail_to(site, "ben")).id: "digest"}, clock())
    assert late not in text_of(await amina.get(CASE))


async def test_an_address_that_the_mail_server_refused_is_said_with_what_to_do_but_never_shown(
    running: Running, signed_in: SignedIn, site: Site
) -> None:
    await requested(running)
    mail = await mail_to(site, "ben")
    async with site.db.write() as session:
        row = await session.get(MailRow, mail.id)
        assert row is not None
        row.refused_at = site.clock()
    refused = (
        "The mail server refused the address of Ben Carter. An administrator can correct it under Correct an address."
    )
    by_amina = await (await signed_in("amina@elmbrook.example")).get(CASE)
    by_ada = await (await signed_in("ada@elmbrook.example")).get(CASE)
    assert refused in text_of(by_amina)
    assert refused in text_of(by_ada)
    assert "ben@elmbrook.example" not in by_amina.text
    assert leads_to(by_ada, "/admin/correct-address")
    assert not leads_to(by_amina, "/admin/correct-address")
    assert refused not in text_of(await (await signed_in("ben@elmbrook.example")).get(CASE))


async def test_a_cancelled_request_says_by_whom_and_why(running: Running, signed_in: SignedIn) -> None:
    await requested(running)
    cancel = Act(kind="cancel", person="ada", how="session", comment="It was sent twice.")
    await running.act("c-1", cancel)
    await running.settled("c-1")
    amina = await signed_in("amina@elmbrook.example")
    text = text_of(await amina.get(CASE))
    assert "Cancelled" in text
    assert "Ada Quinn cancelled the request Why: It was sent twice." in text
    assert "Cancelled" in text_of(await amina.get("/tasks"))
