"""After a report: whether those to telephone were reached, and messages, known by a code."""

import pytest

from domain.cases import Act, Reply
from domain.entries import AnyEntry, CallsMade, MessageWritten
from starter.web.reporting import afterwards
from starter.web.site import Site
from store import queries
from store.confidential.reading import note_read, reads_of
from store.confidential.receipts import keep_receipt, receipt_of
from tests.starter.web.conftest import Browser, Clock, page_of
from tests.starter.web.reporting.conftest import Reports
from tests.starter.web.reporting.roads import STORY, Road
from tests.starter.web.reporting.test_traces import PICTURE


@pytest.fixture
async def road(client: Browser, reports: Reports) -> Road:
    """Return a report that was just sent, on its last page."""
    return await (await Road(client).ready()).go("send")


async def said_by_reporter(reports: Reports) -> list[AnyEntry]:
    async with reports.site.db.read() as session:
        history = await queries.history(session, reports.site.keys, reports.only.case)
    return [one.event for one in history if isinstance(one.event, CallsMade | MessageWritten)]


async def at_code(road: Road, code: str = "", **typed: str) -> Road:
    """Type a code, and what goes with it."""
    road.answer = await road.browser.post("/report/receipt", {"code": code or road.code, **typed})
    return road


async def case_manager_writes(reports: Reports, text: str, occasion: str = "m") -> Reply:
    entry = MessageWritten(text=text)
    return await reports.act(
        reports.only.case, Act(kind="record", person="helen", how="session", entry=entry, occasion=occasion)
    )


# Were they reached?


@pytest.mark.parametrize("reached", ["yes", "no", "not_tried"])
async def test_whether_they_were_reached_is_on_record(road: Road, reports: Reports, reached: str) -> None:
    carried = road.carried("/report/calls")
    for _ in range(2):
        road.answer = await road.browser.post("/report/calls", {**carried, "reached": reached})
        assert road.title == "Thank you"
    assert ("telephone again" in road.text) is (reached != "yes")
    (entry,) = await said_by_reporter(reports)
    assert isinstance(entry, CallsMade)
    assert (entry.reached, entry.by, entry.how) == (reached, "reporter", "receipt")


async def test_who_does_not_choose_is_asked_again(road: Road, reports: Reports) -> None:
    road.answer = await road.browser.post("/report/calls", road.carried("/report/calls"))
    assert (road.answer.status_code, road.faults) == (422, ["Choose whether they were reached"])
    road.answer = await road.browser.post("/report/calls", {**road.carried("/report/calls"), "reached": "no"})
    assert road.title == "Thank you"


async def test_when_the_case_does_not_answer_the_choice_stays(road: Road, reports: Reports) -> None:
    reports.lost = True
    road.answer = await road.browser.post("/report/calls", {**road.carried("/report/calls"), "reached": "no"})
    assert road.answer.status_code == 503
    assert "Nothing was recorded" in road.faults[0]
    chosen = road.soup.select_one("input[name=reached][checked]")
    assert chosen is not None
    assert chosen["value"] == "no"
    reports.lost = False
    road.answer = await road.browser.post("/report/calls", {**road.carried("/report/calls"), "reached": "no"})
    assert road.title == "Thank you"
    assert len(await said_by_reporter(reports)) == 1


async def test_a_token_that_began_no_case_records_nothing(client: Browser, reports: Reports) -> None:
    fields = {"token": "A" * 64, "occasion": "B" * 22, "reached": "yes"}
    answer = await client.post("/report/calls", fields)
    assert answer.status_code == 503
    assert (await client.post("/report/calls", {**fields, "occasion": "short"})).status_code == 422
    assert (await client.post("/report/calls", {**fields, "more": "1"})).status_code == 422


# By a code.


async def test_the_code_opens_messages_and_nothing_of_the_case(road: Road, reports: Reports) -> None:
    code = road.code
    await case_manager_writes(reports, "Which evening was it?")
    await at_code(road, code)
    assert road.title == "Your messages"
    assert "Whoever sees to your report , on Monday 2 November 2026 at 9:30am Which evening was it?" in road.text
    assert "999, or 101" in road.text
    for content in (STORY, "Ben Carter", "Helen", "helen", reports.only.reference, reports.only.case, "private"):
        assert road.answer is not None
        assert content not in road.answer.text


@pytest.mark.parametrize("spelled", [str.lower, lambda code: code.replace("-", " "), lambda code: f"  {code}\t"])
async def test_a_code_is_taken_however_it_is_typed(road: Road, spelled: object) -> None:
    assert callable(spelled)
    await at_code(road, spelled(road.code))
    assert road.title == "Your messages"


async def test_a_message_is_on_record_once_and_shown_as_the_reporters_own(road: Road, reports: Reports) -> None:
    await at_code(road)
    carried = road.carried("/report/receipt")
    for _ in range(2):
        await at_code(road, carried["code"], occasion=carried["occasion"], text="  It was\r\non a Tuesday. ")
        assert "Your message was recorded." in road.text
    assert "You , on Monday 2 November 2026 at 9:30am It was on a Tuesday." in road.text
    (entry,) = await said_by_reporter(reports)
    assert isinstance(entry, MessageWritten)
    assert (entry.text, entry.by, entry.how) == ("It was\non a Tuesday.", "reporter", "receipt")


async def test_a_message_that_is_not_on_record_yet_is_shown_as_taken(
    road: Road, reports: Reports, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(afterwards, "_PATIENCE", 0.05)
    await at_code(road)
    carried = road.carried("/report/receipt")
    reports.slow = True
    await at_code(road, carried["code"], occasion=carried["occasion"], text="It was on a Tuesday.")
    assert "Your message was taken, and is being recorded. It was on a Tuesday." in road.text


@pytest.mark.parametrize(
    ("text", "fault", "stays"),
    [
        ("", "Type your message", True),
        (" \u200b\n", "Type your message", True),
        ("a" * 4001, "“Your message” must be 4000 characters or fewer", True),
        ("It\u202e was", "“Your message” has a character that cannot be stored. Remove it and try again", True),
        (f"See {PICTURE}", "A picture or a file was pasted here.", False),
    ],
)
async def test_a_message_that_cannot_be_taken_stays_unless_it_is_a_picture(
    road: Road, reports: Reports, text: str, fault: str, stays: bool
) -> None:
    await at_code(road)
    carried = road.carried("/report/receipt")
    await at_code(road, carried["code"], occasion=carried["occasion"], text=text)
    assert road.answer is not None
    assert road.answer.status_code == 422
    assert road.faults[0].startswith(fault)
    typed = road.soup.select_one("textarea")
    assert typed is not None
    assert (typed.get_text() == text) is stays
    assert await said_by_reporter(reports) == []


async def test_when_the_case_does_not_answer_the_message_stays(road: Road, reports: Reports) -> None:
    await at_code(road)
    carried = road.carried("/report/receipt")
    reports.lost = True
    await at_code(road, carried["code"], occasion=carried["occasion"], text="It was on a Tuesday.")
    assert road.answer is not None
    assert road.answer.status_code == 503
    assert "Nothing was recorded" in road.faults[0]
    again = road.carried("/report/receipt")
    assert again["occasion"] == carried["occasion"]
    reports.lost = False
    await at_code(road, again["code"], occasion=again["occasion"], text="It was on a Tuesday.")
    assert len(await said_by_reporter(reports)) == 1


async def test_looking_leaves_no_trace(road: Road, reports: Reports, site: Site, clock: Clock) -> None:
    await at_code(road)
    async with site.db.write() as session:
        assert await reads_of(session, site.keys, reports.only.case) == []
        await note_read(session, site.keys, reports.only.case, "helen", "content", clock())
        assert len(await reads_of(session, site.keys, reports.only.case)) == 1


# Wrong codes.


async def test_every_wrong_code_looks_the_same(road: Road, site: Site) -> None:
    code = road.code
    wrong = ["", "no", "x" * 300, code[:-1] + ("2" if code[-1] != "2" else "3"), "\u202e", "0000-0000"]
    answers = [await road.browser.post("/report/receipt", {"code": one}) for one in wrong]
    assert {answer.status_code for answer in answers} == {422}
    pages = {str(page_of(answer).main) for answer in answers}
    assert len(pages) == 1
    assert "That code is not known here" in pages.pop()
    for one in wrong[:1]:
        answer = await road.browser.post("/report/receipt", {"code": one, "text": "x", "occasion": "A" * 22})
        assert answer.status_code == 422


async def test_too_many_wrong_codes_are_told_to_wait_and_whom_to_telephone_while_the_right_one_works(
    road: Road, clock: Clock
) -> None:
    code = road.code
    statuses = [(await road.browser.post("/report/receipt", {"code": "no"})).status_code for _ in range(12)]
    assert statuses == [422] * 10 + [429] * 2
    answer = await road.browser.post("/report/receipt", {"code": "no"})
    assert int(answer.headers["Retry-After"]) == 60
    assert "01632 960001" in answer.text
    assert (await at_code(road, code)).title == "Your messages"
    clock.pass_time(minutes=1)
    assert (await road.browser.post("/report/receipt", {"code": "no"})).status_code == 422


async def test_a_code_of_a_report_that_never_began_looks_like_a_wrong_one(client: Browser, site: Site) -> None:
    code = receipt_of("a report")
    async with site.db.write() as session:
        await keep_receipt(session, "c-none", code)
    answers = [await client.post("/report/receipt", {"code": one}) for one in (code, "no")]
    assert {answer.status_code for answer in answers} == {422}
    assert len({str(page_of(answer).main) for answer in answers}) == 1


@pytest.mark.parametrize("fields", [{"code": "x", "more": "1"}, [("code", "x"), ("code", "y")]])
async def test_what_the_page_of_the_code_does_not_send_is_refused(client: Browser, fields: dict[str, str]) -> None:
    answer = await client.post("/report/receipt", fields)
    assert answer.status_code == 422
    assert "01632 960001" in answer.text
