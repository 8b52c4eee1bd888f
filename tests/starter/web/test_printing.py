"""The completed form of a case: who may have it, and that all is on it, in London time."""

import io
from datetime import UTC, datetime

import pytest
from pypdf import PdfReader

from store import disputes
from templates import documents
from tests.builders import MONDAY
from tests.starter.web.conftest import Clock, SignedIn, page_of
from tests.starter.web.running import Running, answered, requested

CASE = "/cases/K7QM-4TXR"
PDF = f"{CASE}/form.pdf"


def text_of(pdf: bytes) -> str:
    return " ".join(" ".join(page.extract_text().split()) for page in PdfReader(io.BytesIO(pdf)).pages)


@pytest.mark.meets("SITE-17", "SITE-39", "SITE-40")
async def test_the_form_has_every_answer_and_every_signature(
    running: Running, signed_in: SignedIn, clock: Clock
) -> None:
    clock.now = MONDAY.replace(month=7, day=6)
    await requested(running)
    await answered(running, "ben", "a1", signature="B. #Carter *", comment="Good idea.\nGo on.")
    await answered(running, "helen", "a2", signature="Helen Marsh")
    amina = await signed_in("amina@elmbrook.example")
    answer = await amina.get(PDF)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/pdf")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="K7QM-4TXR.pdf"'
    text = text_of(answer.content)
    for said in (
        "Site creation approval form",
        "Reference K7QM-4TXR",
        "Version of the form 1, sent by Amina Okafor on Monday 6 July 2026 at 10:30am",
        "Policy Social Media Policy Elmbrook 16.2 Appendix 1",
        "State Approved on Monday 6 July 2026",
        "Department Science",
        "Author's line manager Ben Carter",
        "What are the aims? Show what our science club does. Every week.",
        "Proposed audience of the site Pupils of the school Staff",
        "Age of the youngest 7",
        "Administrators of the site Amina Okafor Ben Carter",
        "Line manager: approved By Ben Carter, Line manager On Monday 6 July 2026 at 10:30am Clause Elmbrook 16.2",
        "Comment Good idea. Go on.",
        "“I approve the aims and content of the proposed site.” B. #Carter *",
        "Signature of Ben Carter, as typed on Monday 6 July 2026 at 10:30am",
        "Confirmed There are enough people and time to keep the site up",
        "“I approve the proposed site and the use of the school brand.” Helen Marsh",
        "K7QM-4TXR, version 1 Page 1 of",
    ):
        assert said in text


async def test_a_form_whose_approval_became_void_says_so(running: Running, signed_in: SignedIn) -> None:
    await requested(running)
    await answered(running, "ben", "a1")
    await answered(running, "helen", "a2")
    keys, now = running.site.keys, running.site.clock()
    async with running.site.db.write() as session:
        await disputes.dispute(session, keys, case="c-1", ask="a1", by="ben", how="link", at=now)
        await disputes.settle(session, keys, case="c-1", ask="a1", by="ada", stands=False, comment="Not Ben.", at=now)
    text = text_of((await (await signed_in("amina@elmbrook.example")).get(PDF)).content)
    assert "State Approved on Monday 2 November 2026 Approval void" in text


async def test_a_request_that_nobody_decided_yet_says_so(running: Running, signed_in: SignedIn) -> None:
    await requested(running, author="otto", overrides=("Pupils are younger than the host allows",))
    text = text_of((await (await signed_in("amina@elmbrook.example")).get(PDF)).content)
    assert "State Being decided" in text
    assert "Nobody has decided yet." in text
    assert "Sent on behalf of Otto Lind" in text
    assert "a reason was needed Pupils are younger than the host allows" in text


async def test_only_who_may_see_the_case_gets_its_form(running: Running, signed_in: SignedIn) -> None:
    await requested(running)
    otto = await signed_in("otto@elmbrook.example")
    hidden, absent = await otto.get(PDF), await otto.get("/cases/ZZZZ-ZZZZ/form.pdf")
    assert (hidden.status_code, hidden.text) == (absent.status_code, absent.text)
    assert hidden.status_code == 404
    for who in ("ben", "ada"):
        assert (await (await signed_in(f"{who}@elmbrook.example")).get(PDF)).status_code == 200


async def test_where_no_pdf_can_be_made_the_case_offers_none_and_its_address_says_so(
    running: Running, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    await requested(running)
    amina = await signed_in("amina@elmbrook.example")
    assert page_of(await amina.get(CASE)).select_one(f"a[href='{PDF}']") is not None
    monkeypatch.setattr(documents, "find_spec", lambda name: None)
    assert page_of(await amina.get(CASE)).select_one(f"a[href='{PDF}']") is None
    answer = await amina.get(PDF)
    assert answer.status_code == 503
    assert "No PDF can be made here" in answer.text


async def test_the_paper_says_when_it_was_made(running: Running, signed_in: SignedIn, clock: Clock) -> None:
    await requested(running)
    clock.now = datetime(2026, 11, 3, 16, tzinfo=UTC)
    text = text_of((await (await signed_in("amina@elmbrook.example")).get(PDF)).content)
    assert "Made from the record on Tuesday 3 November 2026 at 4pm" in text
