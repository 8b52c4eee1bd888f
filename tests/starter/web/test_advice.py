"""Asking for advice on a draft (SITE-11): a question and an answer, and never an approval."""

import pytest

from starter.web.site import Site
from store import people
from tests.builders import HELEN
from tests.starter.web.conftest import Browser, RememberedCases, SignedIn, page_of
from tests.starter.web.school import PURPOSE
from tests.starter.web.test_drafts import begin, faults_on

AMINAS, HELENS = "amina@elmbrook.example", "helen@elmbrook.example"


async def asked(browser: Browser) -> str:
    """Return the key of a draft on which advice was asked."""
    key = await begin(browser)
    await browser.post(f"/drafts/{key}/purpose", PURPOSE)
    await browser.get(f"/drafts/{key}/advice")
    answer = await browser.post(f"/drafts/{key}/advice", {"question": "Is this\nallowed?"})
    assert answer.status_code == 303, answer.text
    return key


@pytest.mark.meets("SITE-11")
async def test_the_headteacher_is_asked_and_the_answer_is_shown_on_the_draft(
    signed_in: SignedIn, cases: RememberedCases
) -> None:
    amina = await signed_in(AMINAS)
    key = await asked(amina)
    to_helen = cases.mails[-1]
    assert (to_helen.person, to_helen.template, to_helen.requester) == ("helen", "advice_asked", "Amina Okafor")
    helen = await signed_in(HELENS)
    assert page_of(await helen.get("/")).select_one(f"main a[href='{to_helen.path}']")
    page = await helen.get(to_helen.path)
    assert "Is this\nallowed?" in page.text
    assert "Play chess." in page.text
    assert "approves nothing" in page.text
    assert (await helen.post(to_helen.path, {"answer": "Yes, with care."})).status_code == 303
    to_amina = cases.mails[-1]
    assert (to_amina.person, to_amina.template, to_amina.path) == (
        "amina",
        "advice_answered",
        f"/drafts/{key}/advice",
    )
    shown = await amina.get(to_amina.path)
    assert "Yes, with care." in shown.text
    assert "approves nothing" in shown.text
    assert cases.begun == {}


async def test_the_first_answer_stays(signed_in: SignedIn, cases: RememberedCases) -> None:
    await asked(await signed_in(AMINAS))
    path = cases.mails[-1].path
    helen = await signed_in(HELENS)
    await helen.post(path, {"answer": "First."})
    mails = len(cases.mails)
    await helen.post(path, {"answer": "Second."})
    page = await helen.get(path)
    assert "First." in page.text
    assert "Second." not in page.text
    assert len(cases.mails) == mails


async def test_nobody_else_sees_the_question(signed_in: SignedIn, cases: RememberedCases) -> None:
    amina = await signed_in(AMINAS)
    await asked(amina)
    path = cases.mails[-1].path
    for address in ("ben@elmbrook.example", "ada@elmbrook.example", "ruth@redwood.example"):
        other = await signed_in(address)
        assert (await other.get(path)).status_code == 404
        assert (await other.post(path, {"answer": "No."})).status_code == 404
    assert (await amina.get(path)).status_code == 404


async def test_whoever_advises_cannot_change_the_draft(signed_in: SignedIn) -> None:
    key = await asked(await signed_in(AMINAS))
    helen = await signed_in(HELENS)
    for page in ("", "/team", "/check", "/advice"):
        assert (await helen.get(f"/drafts/{key}{page}")).status_code == 404


async def test_an_empty_question_or_answer_is_asked_for_again(signed_in: SignedIn, cases: RememberedCases) -> None:
    amina = await signed_in(AMINAS)
    key = await begin(amina)
    empty = await amina.post(f"/drafts/{key}/advice", {"question": " \u200b"})
    assert (empty.status_code, list(faults_on(empty))) == (422, ["#question"])
    assert (await amina.post(f"/drafts/{key}/advice", {"question": "x" * 8001})).status_code == 422
    assert cases.mails == []
    await amina.post(f"/drafts/{key}/advice", {"question": "Well?"})
    path = cases.mails[-1].path
    empty = await (await signed_in(HELENS)).post(path, {"answer": ""})
    assert (empty.status_code, list(faults_on(empty))) == (422, ["#answer"])


async def test_where_the_seat_is_vacant_the_one_who_stands_in_is_asked(
    signed_in: SignedIn, site: Site, cases: RememberedCases
) -> None:
    async with site.db.write() as session:
        await people.save(session, (HELEN.model_copy(update={"holdings": ()}),))
    await asked(await signed_in(AMINAS))
    assert cases.mails[-1].person == "dev"
